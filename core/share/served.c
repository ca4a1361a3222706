/* core/share/served.c - one channel that a directory serves. Its opener is hostile: ids, names and marks are checked here, each
 * message from a private copy. What it breaks ends its session. */
#include "share/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (sizeof(struct service_message) + RILL_NAME_MAX)

/* A message in private memory. */
struct incoming {
	struct service_message m;
	char name[RILL_NAME_MAX + 1];
	size_t name_len;
};

static void violation(struct served *c, const char *text)
{
	session_end(c->ch->session, -EPROTO, "directory: %s", text);
}

/* ---- Entries --------------------------------------------------------------------------------------------------- */

static uint32_t index_of(uint64_t id)
{
	return (uint32_t)id;
}

static struct entry *entry_at(const struct served *c, uint64_t id)
{
	return index_of(id) < c->entries_room ? c->entries[index_of(id)] : NULL;
}

/* The one that lives under this very id. */
static struct entry *entry_of(const struct served *c, uint64_t id)
{
	struct entry *e = entry_at(c, id);

	return e && e->state != ENTRY_FREE && e->id == id ? e : NULL;
}

static bool grow(struct served *c, uint32_t index)
{
	unsigned room = c->entries_room ? c->entries_room : 16;
	struct entry **grown;

	while (room <= index)
		room *= 2;
	grown = realloc(c->entries, room * sizeof(struct entry *));
	if (!grown)
		return false;
	memset(grown + c->entries_room, 0, (room - c->entries_room) * sizeof(struct entry *));
	c->entries = grown;
	c->entries_room = room;
	return true;
}

static struct entry *entry_make(struct served *c, uint64_t id)
{
	uint32_t index = index_of(id);
	struct entry *e;

	if (index >= c->entries_room && !grow(c, index))
		return NULL;
	if (c->entries[index])
		return c->entries[index];
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->served = c;
	link_init(&e->place);
	link_init(&e->unsent);
	c->entries[index] = e;
	return e;
}

/* Nothing of it is left but the memory. */
static void entry_end(struct entry *e)
{
	struct name *n = e->name;
	struct rill_cell *cell = e->cell;

	e->state = ENTRY_FREE;
	e->name = NULL;
	e->cell = NULL;
	link_remove(&e->unsent);
	if (cell)
		cell_leave(cell, e);
	link_remove(&e->place);
	if (n)
		directory_unname(e->served->directory, n);
}

static void later(struct entry *e)
{
	if (!link_linked(&e->unsent))
		link_append(&e->served->unsent, &e->unsent);
}

/* ---- What is said ---------------------------------------------------------------------------------------------- */

static int say(struct served *c, enum service_kind kind, int why, uint64_t id)
{
	struct service_message m = {.kind = kind, .arg = (uint32_t)-why, .id = id};

	return rill_channel_send(c->ch, &m, sizeof(m));
}

static int say_found(struct entry *e, const struct rill_loan *loan)
{
	struct rill_out out = {.size = sizeof(out), .tag = e->id, .loans = loan, .loan_count = 1};

	return rill_channel_sendmsg(e->served->ch, &out);
}

/* -EAGAIN: later. Any other failure of ours is the answer. */
static int say_missing(struct entry *e, int why)
{
	int r = say(e->served, SERVICE_MISSING, why, e->id);

	if (r == 0)
		entry_end(e);
	return r;
}

static int say_object(struct entry *e)
{
	const struct name *n = e->name;
	struct rill_loan loan = {.arena = n->arena, .data = n->block, .len = n->len};
	int r = say_found(e, &loan);

	if (r == 0)
		entry_end(e);
	return r < 0 && r != -EAGAIN ? say_missing(e, r == -EINVAL ? -ENOENT : r) : r;
}

static int say_cell(struct entry *e)
{
	struct rill_cell *cell = e->name->cell;
	struct rill_loan loan = {
		.arena = cell->arena,
		.data = cell->versions.cell,
		.len = versions_size(cell->versions.slots),
	};
	int r = say_found(e, &loan);
	peer_words mark;

	if (r < 0)
		return r == -EAGAIN ? r : say_missing(e, r == -EINVAL ? -ENOENT : r);
	mark = e->served->mark_words[index_of(e->id) / SERVICE_MARKS];
	mark += 2 * (index_of(e->id) % SERVICE_MARKS);
	e->pinner = (struct pinner){.mark = mark};
	e->arm = (struct rung){.word = mark + 1};
	e->name = NULL;
	e->state = ENTRY_OPEN;
	link_remove(&e->place);
	cell_join(cell, e);
	return 0;
}

static int answer(struct entry *e)
{
	const struct name *n = e->name;
	bool there = n && (n->arena || n->cell);

	if (e->why)
		return say_missing(e, e->why);
	if (!there && (e->arg & SERVICE_WAIT))
		return 0; /* withdrawn meanwhile: go on waiting */
	if (!there)
		return say_missing(e, -ENOENT);
	if (!!n->cell != ((e->arg & 0xff) == SERVICE_CELL))
		return say_missing(e, -EPROTOTYPE);
	return n->cell ? say_cell(e) : say_object(e);
}

static int say_next(struct entry *e)
{
	bool *what = e->say_changed ? &e->say_changed : &e->say_closed;
	int r;

	if (e->state == ENTRY_ASKED)
		return answer(e);
	if (e->say_changed)
		r = say(e->served, SERVICE_CHANGED, 0, e->id);
	else
		r = say(e->served, SERVICE_CLOSED, e->why, e->id);
	if (r == 0)
		*what = false;
	return r;
}

/* An answer for which there is no entry. */
static int say_refused(struct served *c)
{
	int r = c->refused ? say(c, SERVICE_MISSING, -ENOBUFS, c->refused_id) : 0;

	if (r < 0 || !c->refused)
		return r;
	c->refused = false;
	rill_channel_resume(c->ch);
	return 0;
}

/* What meets a full ring is said at writable(); other failures are ends, of which closed() tells. */
void served_flush(struct served *c)
{
	if (say_refused(c) < 0)
		return;
	while (link_linked(&c->unsent)) {
		struct entry *e = container_of(c->unsent.next, struct entry, unsent);

		if (say_next(e) < 0)
			return;
		if (!e->say_changed && !e->say_closed)
			link_remove(&e->unsent);
	}
}

/* ---- What there is to say -------------------------------------------------------------------------------------- */

void served_answer(struct entry *e)
{
	later(e);
}

void served_changed(struct entry *e)
{
	if (e->state != ENTRY_OPEN)
		return;
	e->say_changed = true;
	later(e);
	served_flush(e->served);
}

void served_close(struct entry *e, int why)
{
	if (e->state != ENTRY_OPEN)
		return;
	e->state = ENTRY_OVER;
	e->why = why;
	e->say_closed = true;
	later(e);
	served_flush(e->served);
}

/* ---- What comes ------------------------------------------------------------------------------------------------ */

static void refuse(struct served *c, uint64_t id)
{
	c->refused = true;
	c->refused_id = id;
	if (say_refused(c) < 0)
		rill_channel_pause(c->ch); /* until writable() */
}

static bool marks_known(const struct served *c, uint64_t id)
{
	uint32_t at = index_of(id) / SERVICE_MARKS;

	return at < c->marks_room && c->mark_words[at];
}

/* Its name, if it is there or it is waited for. */
static int name_it(struct entry *e, const char *text)
{
	struct rill_directory *d = e->served->directory;

	e->name = e->arg & SERVICE_WAIT ? directory_name(d, text) : table_find(&d->names, text);
	if (!e->name)
		return e->arg & SERVICE_WAIT ? -ENOMEM : -ENOENT;
	link_append(&e->name->waiters, &e->place);
	return 0;
}

static const char *on_find(struct served *c, const struct incoming *in)
{
	unsigned kind = in->m.arg & 0xff;
	struct entry *e;

	if (!in->name_len || memchr(in->name, 0, in->name_len) || in->m.arg & ~(0xffu | SERVICE_WAIT) ||
	    (kind != SERVICE_OBJECT && kind != SERVICE_CELL))
		return "find: no name, or of no known kind";
	if (index_of(in->m.id) >= c->directory->finds) {
		refuse(c, in->m.id);
		return NULL;
	}
	if (kind == SERVICE_CELL && !marks_known(c, in->m.id))
		return "find: a cell without marks";
	e = entry_make(c, in->m.id);
	if (!e) {
		refuse(c, in->m.id);
		return NULL;
	}
	if (e->state != ENTRY_FREE)
		return "find: an index that is in use";
	e->state = ENTRY_ASKED;
	e->id = in->m.id;
	e->arg = in->m.arg;
	e->why = name_it(e, in->name);
	later(e);
	served_flush(c);
	return NULL;
}

static bool grow_marks(struct served *c, uint32_t at)
{
	struct rill_msg *marks;
	peer_words *words;

	marks = realloc(c->marks, (at + 1) * sizeof(*marks));
	if (!marks)
		return false;
	c->marks = marks;
	words = realloc(c->mark_words, (at + 1) * sizeof(peer_words));
	if (!words)
		return false;
	c->mark_words = words;
	memset(marks + c->marks_room, 0, (at + 1 - c->marks_room) * sizeof(*marks));
	memset(words + c->marks_room, 0, (at + 1 - c->marks_room) * sizeof(peer_words));
	c->marks_room = at + 1;
	return true;
}

/* The message stays with us while the channel is served: its loan is what we look at. */
static const char *on_marks(struct served *c, struct rill_msg *msg)
{
	uint64_t at = msg->tag - 1;
	const void *data;
	size_t len;

	if (at > (c->directory->finds - 1) / SERVICE_MARKS)
		return NULL; /* what is found there is refused */
	if (msg->loan_count != 1 || rill_msg_loan(msg, 0, &data, &len) < 0 || (uintptr_t)data & 7 ||
	    len < SERVICE_MARKS * sizeof(struct service_mark))
		return "marks: not one loan that holds them";
	if (at >= c->marks_room && !grow_marks(c, (uint32_t)at))
		return NULL; /* no memory: the find is a violation then, as far as we can tell */
	if (c->mark_words[at])
		return "marks: told before";
	c->marks[at] = *msg;
	c->mark_words[at] = (peer_words)(uintptr_t)data;
	memset(msg, 0, sizeof(*msg));
	return NULL;
}

static const char *on_message(struct served *c, const struct incoming *in)
{
	struct entry *e;

	switch (in->m.kind) {
	case SERVICE_FIND:
		return on_find(c, in);
	case SERVICE_END:
		e = entry_of(c, in->m.id);
		if (e)
			entry_end(e);
		return NULL;
	case SERVICE_GONE:
		e = entry_of(c, in->m.id);
		if (e && e->cell)
			cell_look(e->cell);
		return NULL;
	default:
		return "a message of no known kind";
	}
}

static const char *take(struct served *c, struct rill_msg *msg)
{
	struct incoming in = {0};
	char body[BODY_MAX];

	if (!msg->len && msg->tag)
		return on_marks(c, msg);
	if (msg->len < sizeof(in.m) || msg->len > BODY_MAX || rill_msg_copy(msg, body, sizeof(body)) < 0)
		return "a message of no known length";
	memcpy(&in.m, body, sizeof(in.m));
	in.name_len = msg->len - sizeof(in.m);
	memcpy(in.name, body + sizeof(in.m), in.name_len);
	if (in.m.id == 0 || (in.name_len && in.m.kind != SERVICE_FIND))
		return "a message of no known length, or without an id";
	return on_message(c, &in);
}

static void on_readable(struct rill_channel *ch, void *user)
{
	struct served *c = user;
	const char *wrong = NULL;
	struct rill_msg msg;

	while (!wrong && !c->refused && rill_channel_recv(ch, &msg) == 0) {
		wrong = take(c, &msg);
		rill_msg_release(&msg);
	}
	if (wrong)
		violation(c, wrong);
}

static void on_writable(struct rill_channel *ch, void *user)
{
	(void)ch;
	served_flush(user);
}

/* ---- Life ------------------------------------------------------------------------------------------------------ */

static void on_closed(struct rill_channel *ch, int why, void *user)
{
	(void)ch, (void)why;
	served_finish(user, true);
}

static void on_released(struct rill_channel *ch)
{
	served_finish(ch->user, false);
}

void served_finish(struct served *c, bool close)
{
	struct rill_channel *ch = c->ch;

	link_remove(&c->place);
	for (unsigned i = 0; i < c->entries_room; i++) {
		if (c->entries[i] && c->entries[i]->state != ENTRY_FREE)
			entry_end(c->entries[i]);
		free(c->entries[i]);
	}
	for (unsigned i = 0; i < c->marks_room; i++)
		share_release(&c->marks[i]);
	free(c->entries);
	free(c->marks);
	free(c->mark_words);
	free(c);
	if (!close)
		return;
	ch->released = NULL;
	rill_channel_close(ch);
}

static bool speaks_our_version(const struct rill_channel *ch)
{
	uint32_t version;
	const void *metadata;
	size_t len;

	metadata = rill_channel_metadata(ch, &len);
	if (len != sizeof(version))
		return false;
	memcpy(&version, metadata, sizeof(version));
	return version == SERVICE_VERSION;
}

static int check_serve(const struct rill_directory *d, const struct rill_channel *ch)
{
	int e = directory_check(d);

	if (e == 0)
		e = channel_check(ch);
	if (e == 0 && ch->session->ctx != d->ctx)
		e = -EINVAL;
	if (e == 0 && ch->released)
		e = -EBUSY;
	if (e == 0 && !speaks_our_version(ch))
		e = -EPROTONOSUPPORT;
	return e;
}

int rill_directory_serve(struct rill_directory *d, struct rill_channel *ch)
{
	static const struct rill_channel_events events = {
		.size = sizeof(events),
		.readable = on_readable,
		.writable = on_writable,
		.closed = on_closed,
	};
	struct served *c;
	int e = check_serve(d, ch);

	if (e < 0)
		return e;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->directory = d;
	c->ch = ch;
	link_init(&c->unsent);
	link_append(&d->served, &c->place);
	rill_channel_set_events(ch, &events, c);
	ch->released = on_released;
	return 0;
}
