/* core/share/answers.c - what a directory says on a channel that it serves. What is to be said is noted with its entry and
 * said in order: at once, or where the ring is full at writable(). */
#include "share/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Entries --------------------------------------------------------------------------------------------------- */

static struct entry *entry_at(const struct served *c, uint64_t id)
{
	return entry_index(id) < c->entries_room ? c->entries[entry_index(id)] : NULL;
}

/* The one that lives under this very id. */
struct entry *served_entry(const struct served *c, uint64_t id)
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

struct entry *served_make_entry(struct served *c, uint64_t id)
{
	uint32_t index = entry_index(id);
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
void entry_end(struct entry *e)
{
	struct name *n = e->name;
	struct rill_cell *cell = e->cell;

	e->state = ENTRY_FREE;
	e->say_changed = e->say_closed = false; /* who asks next under this index is told nothing of it */
	e->name = NULL;
	e->cell = NULL;
	link_remove(&e->unsent);
	if (cell)
		cell_leave(cell, e);
	link_remove(&e->place);
	if (n)
		directory_unname(e->served->directory, n);
}

void entry_say_later(struct entry *e)
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
	mark = e->served->mark_words[entry_index(e->id) / SERVICE_MARKS];
	mark += 2 * (entry_index(e->id) % SERVICE_MARKS);
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

/* An answer for which there is no entry. Nothing is read before it is said; if it never will be, the end is to be told. */
int served_say_refused(struct served *c)
{
	int r = c->refused ? say(c, SERVICE_MISSING, -ENOBUFS, c->refused_id) : 0;

	if (r == -EAGAIN || !c->refused)
		return r;
	c->refused = false;
	rill_channel_resume(c->ch);
	return r;
}

/* What meets a full ring is said at writable(); other failures are ends, of which closed() tells. */
void served_flush(struct served *c)
{
	if (served_say_refused(c) < 0)
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

void served_changed(struct entry *e)
{
	if (e->state != ENTRY_OPEN)
		return;
	e->say_changed = true;
	entry_say_later(e);
	served_flush(e->served);
}

void served_close(struct entry *e, int why)
{
	if (e->state != ENTRY_OPEN)
		return;
	e->state = ENTRY_OVER;
	e->why = why;
	e->say_closed = true;
	entry_say_later(e);
	served_flush(e->served);
}
