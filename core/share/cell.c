/* core/share/cell.c - the owner's side of a cell. Invariants: a block belongs to the cell from publish until no mark holds it;
 * what a reader pins is known from a look at its mark right after each publish, and asked again only where a place is wanted,
 * or a while later. */
#include "share/share.h"
#include "shm/arena_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VERSIONS_DEFAULT 4
#define ALIGNMENT 64

static int cell_check(const struct rill_cell *c)
{
	int e = c ? directory_check(c->directory) : -EINVAL;

	if (e < 0)
		return e;
	return c->gone || c->lost ? -ECANCELED : 0;
}

/* ---- Create and destroy ---------------------------------------------------------------------------------------- */

/* Nothing is held any more, or nobody may know: the struct goes. Its block stays while it is lent. */
void cell_over(struct rill_cell *c)
{
	while (link_linked(&c->readers)) {
		struct entry *e = cell_reader_at(c->readers.next);

		link_remove(&e->place);
		e->cell = NULL;
	}
	link_remove(&c->looking);
	link_remove(&c->telling);
	link_remove(&c->watcher.link);
	rill_arena_free(c->arena, c->versions.cell);
	arena_drop(c->arena);
	yard_bury(&c->directory->yard, &c->place);
}

static void end(struct rill_cell *c, int why)
{
	struct link *l = c->readers.next;

	c->gone = true;
	c->wants_place = false;
	link_remove(&c->telling);
	if (c->name) {
		c->name->cell = NULL;
		directory_unname(c->directory, c->name);
		c->name = NULL;
	}
	while (l != &c->readers) {
		struct entry *e = cell_reader_at(l);

		l = l->next;
		served_close(e, why);
	}
}

/* The arena is destroyed: nothing of it is touched any more. Readers have it mapped. */
static void on_destroyed(struct arena_watcher *w)
{
	struct rill_cell *c = container_of(w, struct rill_cell, watcher);
	bool gone = c->gone;

	c->lost = true;
	end(c, 0);
	c->gone = gone;
	link_remove(&c->looking);
	if (gone)
		cell_over(c);
}

void rill_cell_destroy(struct rill_cell *c)
{
	struct rill_ctx *ctx;
	uint64_t fresh;

	if (!c || directory_check(c->directory) < 0 || c->gone)
		return;
	ctx = c->directory->ctx;
	ctx_enter(ctx);
	end(c, 0);
	if (c->lost) {
		cell_over(c);
	} else {
		versions_retire(&c->versions, &fresh);
		cell_free_unpinned(c, fresh, ctx_now(ctx));
		cell_look(c);
	}
	ctx_leave(ctx);
}

/* Whose readers still hold a version keep it: it is never freed. */
void cell_abandon(struct rill_cell *c)
{
	uint64_t fresh;

	if (c->lost)
		return;
	versions_retire(&c->versions, &fresh);
	cell_free_unpinned(c, fresh, ctx_now(c->directory->ctx));
	c->versions.old = 0;
}

void cell_finish(struct rill_cell *c)
{
	if (c->name)
		c->name->cell = NULL;
	cell_over(c);
}

static int check_create(struct rill_directory *d, const char *name, struct rill_arena *arena, struct rill_cell_options *o)
{
	int e = name_check(name);
	struct name *n;

	if (e < 0)
		return e;
	if (!arena || arena_gone(arena) || arena_ctx(arena) != d->ctx)
		return -EINVAL;
	o->versions = o->versions ? o->versions : VERSIONS_DEFAULT;
	if (o->versions < 2 || o->versions > SERVICE_SLOTS_MAX)
		return -EINVAL;
	n = table_find(&d->names, name);
	return n && (n->arena || n->cell) ? -EEXIST : 0;
}

static int create(struct rill_cell **ret, struct rill_directory *d, const char *name, struct rill_arena *arena,
                  const struct rill_cell_options *o)
{
	void *block = rill_arena_alloc_aligned(arena, ALIGNMENT, versions_size(o->versions));
	struct rill_cell *c = block ? calloc(1, sizeof(*c)) : NULL;
	struct name *n = c ? directory_name(d, name) : NULL;

	if (!n) {
		free(c);
		rill_arena_free(arena, block);
		return -ENOMEM;
	}
	versions_begin(&c->versions, block, o->versions);
	c->directory = d;
	c->name = n;
	c->arena = arena;
	c->patience = o->patience_ms * MSEC;
	c->watcher.destroyed = on_destroyed;
	link_init(&c->readers);
	link_init(&c->looking);
	link_init(&c->telling);
	arena_hold(arena);
	arena_watch(arena, &c->watcher);
	link_append(&d->cells, &c->place);
	n->cell = c;
	*ret = c;
	return 0;
}

int rill_cell_create(struct rill_cell **ret_cell, struct rill_directory *d, const char *name, struct rill_arena *arena,
                     const struct rill_cell_options *options, const struct rill_cell_events *events, void *user)
{
	struct rill_cell_options o;
	struct rill_cell_events copy;
	struct rill_cell *c;
	int e = directory_check(d);

	if (e == 0)
		e = ret_cell ? table_copy(&o, sizeof(o), options) : -EINVAL;
	if (e == 0)
		e = table_copy(&copy, sizeof(copy), events);
	if (e == 0)
		e = check_create(d, name, arena, &o);
	if (e < 0)
		return e;
	ctx_enter(d->ctx);
	e = create(&c, d, name, arena, &o);
	if (e == 0) {
		c->events = copy;
		c->user = user;
		*ret_cell = c;
		directory_named(d, c->name);
	}
	ctx_leave(d->ctx);
	return e;
}

/* ---- Publish --------------------------------------------------------------------------------------------------- */

static bool is_ours(const struct rill_cell *c, const void *block)
{
	uint64_t bits = c->versions.old | c->versions.current;

	for (; bits; bits &= bits - 1)
		if (c->block[versions_first(bits)] == block)
			return true;
	return block == c->versions.cell;
}

static int check_block(const struct rill_cell *c, const void *block, size_t len)
{
	size_t room;

	if (!block || arena_find(c->arena, block, &room) != block || len > room || is_ours(c, block))
		return -EINVAL;
	return 0;
}

static void tell_changed(struct rill_cell *c)
{
	struct link *l = c->readers.next;

	while (l != &c->readers) {
		struct entry *e = cell_reader_at(l);

		l = l->next;
		if (e->state == ENTRY_OPEN && rung_take(&e->arm)) /* after F2 of versions_publish(); twin in reader_changed() */
			served_changed(e);
	}
}

/* Who publishes all the time finds readers not asked all the time: once, and again by the deadline. */
static int make_place(struct rill_cell *c)
{
	uint64_t now;

	if (!cell_has_place(c)) {
		now = ctx_now(c->directory->ctx);
		cell_free_unpinned(c, 0, now);
		if (!cell_has_place(c) && !c->wants_place) {
			c->wants_place = true;
			c->looks = 0;
			cell_ask(c, now);
		} else if (!cell_has_place(c) && c->patience) {
			cell_lose_patience(c, now);
			cell_free_unpinned(c, 0, now);
		}
	}
	if (!cell_has_place(c))
		return -EAGAIN;
	c->wants_place = false;
	link_remove(&c->telling);
	return 0;
}

static int publish(struct rill_cell *c, void *block, size_t len)
{
	uint64_t fresh, now;
	int slot = make_place(c);

	if (slot == 0)
		slot = versions_publish(&c->versions, arena_offset(c->arena, block), len, &fresh);
	if (slot < 0)
		return slot;
	c->block[slot] = block;
	if (fresh || c->versions.old) {
		now = ctx_now(c->directory->ctx);
		cell_free_unpinned(c, fresh, now);
		if (c->versions.old && !link_linked(&c->looking))
			cell_look_at(c, now + CELL_LOOK_FIRST);
	}
	tell_changed(c);
	return 0;
}

int rill_cell_publish(struct rill_cell *c, void *block, size_t len)
{
	int e = cell_check(c);

	if (e == 0)
		e = check_block(c, block, len);
	if (e < 0)
		return e;
	ctx_enter(c->directory->ctx);
	e = publish(c, block, len);
	ctx_leave(c->directory->ctx);
	return e;
}

int rill_cell_write(struct rill_cell *c, const void *data, size_t len)
{
	void *block;
	int e = cell_check(c);

	if (e == 0 && !data && len)
		e = -EINVAL;
	if (e < 0)
		return e;
	ctx_enter(c->directory->ctx);
	e = make_place(c);
	block = e == 0 ? rill_arena_alloc(c->arena, len) : NULL;
	if (block) {
		if (len)
			memcpy(block, data, len);
		e = publish(c, block, len);
	} else if (e == 0) {
		e = -ENOMEM;
	}
	ctx_leave(c->directory->ctx);
	return e;
}

/* ---- Questions ------------------------------------------------------------------------------------------------- */

unsigned rill_cell_held(const struct rill_cell *c)
{
	return cell_check(c) < 0 ? 0 : (unsigned)__builtin_popcountll(c->versions.old);
}

int rill_cell_blocker(const struct rill_cell *c, struct rill_session **ret_session, uint64_t *ret_ns)
{
	const struct entry *worst = NULL;
	int e = cell_check(c);

	if (e == 0 && (!ret_session || !ret_ns))
		e = -EINVAL;
	if (e < 0)
		return e;
	for (struct link *l = c->readers.next; l != &c->readers; l = l->next) {
		const struct entry *at = cell_reader_at(l);

		if (at->pinner.pins && (!worst || at->pinner.since < worst->pinner.since))
			worst = at;
	}
	if (!worst)
		return -ENOENT;
	*ret_session = worst->served->ch->session;
	*ret_ns = ctx_now(c->directory->ctx) - worst->pinner.since;
	return 0;
}
