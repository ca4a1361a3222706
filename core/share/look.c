/* core/share/look.c - a cell's readers' marks, looked at: right after each publish, where a place is wanted, when a reader says
 * that he is through, and a while later in any case. Nothing here calls the user: writable() is noted. */
#include "share/share.h"

#include <errno.h>

#define LOOK_LONGEST (640 * MSEC) /* the wait doubles up to this */

/* ---- When to look again ---------------------------------------------------------------------------------------- */

void cell_look_at(struct rill_cell *c, uint64_t when)
{
	struct rill_directory *d = c->directory;

	c->look_at = when;
	if (!link_linked(&c->looking))
		link_append(&d->looking, &c->looking);
	if (when < d->look_at) {
		d->look_at = when;
		source_changed(&d->source);
	}
}

static uint64_t interval(const struct rill_cell *c)
{
	uint64_t wait = CELL_LOOK_FIRST << (c->looks < 6 ? c->looks : 6);

	if (c->wants_place && c->patience && wait > c->patience / 4)
		wait = c->patience / 4 + 1;
	return wait < LOOK_LONGEST ? wait : LOOK_LONGEST;
}

static void rest_or_look_again(struct rill_cell *c, uint64_t now)
{
	if (c->versions.old) {
		cell_look_at(c, now + interval(c));
		return;
	}
	link_remove(&c->looking);
	c->looks = 0;
}

/* ---- Looking --------------------------------------------------------------------------------------------------- */

/* What readers hold of the old versions. `fresh`: what has become old since the last look. */
static uint64_t pinned(struct rill_cell *c, uint64_t fresh, uint64_t now)
{
	uint64_t pins = 0;

	for (struct link *l = c->readers.next; l != &c->readers; l = l->next) {
		struct pinner *p = &cell_reader_at(l)->pinner;

		pinner_look(p, fresh, now);
		pins |= p->pins;
	}
	return pins;
}

static void free_versions(struct rill_cell *c, uint64_t bits)
{
	while (bits) {
		unsigned slot = versions_first(bits);

		bits &= bits - 1;
		versions_free(&c->versions, slot);
		rill_arena_free(c->arena, c->block[slot]);
		c->block[slot] = NULL;
	}
}

void cell_free_unpinned(struct rill_cell *c, uint64_t fresh, uint64_t now)
{
	uint64_t pins = pinned(c, fresh, now);

	free_versions(c, c->versions.old & ~pins);
}

bool cell_has_place(const struct rill_cell *c)
{
	return (unsigned)__builtin_popcountll(c->versions.old | c->versions.current) < c->versions.slots;
}

/* Readers that stayed on one version for longer than allowed: their marks count no more. */
void cell_lose_patience(struct rill_cell *c, uint64_t now)
{
	struct link *l = c->readers.next;

	while (l != &c->readers) {
		struct entry *e = cell_reader_at(l);

		l = l->next;
		if (!e->pinner.pins || now - e->pinner.since < c->patience)
			continue;
		link_remove(&e->place);
		e->cell = NULL;
		served_close(e, -ETIMEDOUT);
	}
}

static void look(struct rill_cell *c, uint64_t now)
{
	uint64_t old = c->versions.old;

	if (c->lost)
		return;
	cell_free_unpinned(c, 0, now);
	if (c->patience && c->wants_place && !cell_has_place(c)) {
		cell_lose_patience(c, now);
		cell_free_unpinned(c, 0, now);
	}
	c->looks = c->versions.old == old ? c->looks + 1 : 0;
	if (c->wants_place && cell_has_place(c)) {
		c->wants_place = false;
		link_append(&c->directory->telling, &c->telling);
		source_wake(&c->directory->source);
	}
	if (c->gone && !c->versions.old)
		cell_over(c);
	else
		rest_or_look_again(c, now);
}

/* Old versions are there and nobody has said when they go: ask. */
void cell_ask(struct rill_cell *c, uint64_t now)
{
	if (!c->lost && c->versions.old)
		versions_want(&c->versions);
	look(c, now);
}

void cell_look(struct rill_cell *c)
{
	look(c, ctx_now(c->directory->ctx));
}

uint64_t cells_look(struct rill_directory *d, uint64_t now)
{
	struct link *l = d->looking.next;
	uint64_t next = RILL_NEVER;

	d->look_at = RILL_NEVER;
	while (l != &d->looking) {
		struct rill_cell *c = container_of(l, struct rill_cell, looking);

		l = l->next;
		if (c->look_at <= now)
			cell_ask(c, now);
		else if (c->look_at < next)
			next = c->look_at;
	}
	return next < d->look_at ? next : d->look_at;
}

bool cells_tell(struct rill_directory *d)
{
	struct rill_cell *c;

	if (!link_linked(&d->telling))
		return false;
	c = container_of(d->telling.next, struct rill_cell, telling);
	link_remove(&c->telling);
	if (c->events.writable)
		c->events.writable(c, c->user);
	return true;
}

/* ---- Readers --------------------------------------------------------------------------------------------------- */

void cell_join(struct rill_cell *c, struct entry *e)
{
	e->cell = c;
	e->pinner.since = ctx_now(c->directory->ctx);
	link_append(&c->readers, &e->place);
}

void cell_leave(struct rill_cell *c, struct entry *e)
{
	link_remove(&e->place);
	if (e->pinner.pins && !c->lost)
		cell_look_at(c, 0);
}
