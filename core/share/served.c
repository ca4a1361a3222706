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

/* ---- What comes ------------------------------------------------------------------------------------------------ */

static void refuse(struct served *c, uint64_t id)
{
	c->refused = true;
	c->refused_id = id;
	if (served_say_refused(c) < 0)
		rill_channel_pause(c->ch); /* until writable() */
}

static bool marks_known(const struct served *c, uint64_t id)
{
	uint32_t at = entry_index(id) / SERVICE_MARKS;

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
	if (entry_index(in->m.id) >= c->directory->finds) {
		refuse(c, in->m.id);
		return NULL;
	}
	if (kind == SERVICE_CELL && !marks_known(c, in->m.id))
		return "find: a cell without marks";
	e = served_make_entry(c, in->m.id);
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
	entry_say_later(e);
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
	if (at >= c->marks_room && !grow_marks(c, (uint32_t)at)) {
		session_end(c->ch->session, -ENOMEM, "directory: no memory to note marks");
		return NULL;
	}
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
		e = served_entry(c, in->m.id);
		if (e)
			entry_end(e);
		return NULL;
	case SERVICE_GONE:
		e = served_entry(c, in->m.id);
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
