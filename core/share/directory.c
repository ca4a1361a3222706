/* core/share/directory.c - a directory's life and what is published in it. Invariant: a published object is lent to ourselves
 * as long as its name stands, so its owner may have let go of it. */
#include "share/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct rill_directory *directory_of(const struct source *s)
{
	return container_of(s, struct rill_directory, source);
}

int directory_check(const struct rill_directory *d)
{
	int e = d ? ctx_check(d->ctx) : -EINVAL;

	if (e < 0)
		return e;
	return d->source.gone ? -ECANCELED : 0;
}

/* ---- Names ----------------------------------------------------------------------------------------------------- */

static bool taken(const struct name *n)
{
	return n->arena || n->cell;
}

static void let_go(struct name *n)
{
	if (!n->arena)
		return;
	arena_unlend(n->arena, n->block);
	arena_drop(n->arena);
	n->arena = NULL;
}

struct name *directory_name(struct rill_directory *d, const char *text)
{
	struct name *n = table_find(&d->names, text);

	return n ? n : table_add(&d->names, text);
}

void directory_unname(struct rill_directory *d, struct name *n)
{
	if (!taken(n) && !link_linked(&n->waiters))
		table_remove(&d->names, n);
}

/* An entry stays among the waiters until its answer is said. */
void directory_named(struct rill_directory *d, struct name *n)
{
	bool any = link_linked(&n->waiters);

	for (struct link *l = n->waiters.next; l != &n->waiters; l = l->next)
		entry_say_later(container_of(l, struct entry, place));
	for (struct link *l = d->served.next; any && l != &d->served; l = l->next)
		served_flush(container_of(l, struct served, place));
}

/* ---- The source ------------------------------------------------------------------------------------------------ */

static short wants(const struct source *s)
{
	(void)s;
	return 0;
}

static uint64_t deadline(const struct source *s)
{
	return directory_of(s)->look_at;
}

static void due(struct source *s, uint64_t now)
{
	struct rill_directory *d = directory_of(s);

	if (now >= d->look_at)
		d->look_at = cells_look(d, now);
	source_changed(s);
}

static unsigned turn(struct source *s)
{
	struct rill_directory *d = directory_of(s);
	unsigned told = 0;

	yard_clear(&d->yard);
	while (!s->gone && ctx_check(d->ctx) == 0 && cells_tell(d))
		told++;
	return told;
}

static bool rest(struct source *s)
{
	const struct rill_directory *d = directory_of(s);

	return !link_linked(&d->telling) && !link_linked(&d->yard.dead);
}

static void drop(struct source *s)
{
	source_doom(s);
}

static void finish(struct source *s)
{
	struct rill_directory *d = directory_of(s);

	while (link_linked(&d->served))
		served_finish(container_of(d->served.next, struct served, place), false);
	while (link_linked(&d->cells))
		cell_finish(container_of(d->cells.next, struct rill_cell, place));
	table_finish(&d->names, let_go);
	yard_finish(&d->yard);
	ctx_unref(d->ctx);
	free(d);
}

static const struct source_ops directory_ops = {
	.wants = wants,
	.deadline = deadline,
	.due = due,
	.turn = turn,
	.rest = rest,
	.drop = drop,
	.child = drop,
	.finish = finish,
};

/* ---- Create and destroy ---------------------------------------------------------------------------------------- */

int rill_directory_create(struct rill_directory **ret_directory, struct rill_ctx *ctx,
                          const struct rill_directory_options *options)
{
	struct rill_directory_options o;
	struct rill_directory *d;
	int e = ctx_check(ctx);

	if (e == 0)
		e = ret_directory ? table_copy(&o, sizeof(o), options) : -EINVAL;
	if (e == 0)
		e = finds_check(&o.finds);
	if (e < 0)
		return e;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->ctx = ctx;
	d->finds = o.finds;
	d->look_at = RILL_NEVER;
	table_begin(&d->names);
	link_init(&d->served);
	link_init(&d->cells);
	link_init(&d->looking);
	link_init(&d->telling);
	yard_init(&d->yard, &d->source);
	ctx_enter(ctx);
	e = source_add(&d->source, ctx, &directory_ops);
	ctx_leave(ctx);
	if (e < 0) {
		free(d);
		return e;
	}
	ctx_ref(ctx);
	*ret_directory = d;
	return 0;
}

void rill_directory_destroy(struct rill_directory *d)
{
	struct rill_ctx *ctx;

	if (!d || directory_check(d) < 0)
		return;
	ctx = d->ctx;
	ctx_enter(ctx);
	for (struct link *l = d->cells.next; l != &d->cells; l = l->next)
		cell_abandon(container_of(l, struct rill_cell, place));
	while (link_linked(&d->served))
		served_finish(container_of(d->served.next, struct served, place), true);
	source_doom(&d->source);
	ctx_leave(ctx);
}

/* ---- Publish and withdraw -------------------------------------------------------------------------------------- */

static int put(struct rill_directory *d, struct name *n, const struct rill_loan *loan)
{
	void *block;
	int e = arena_lend(loan->arena, loan->data, loan->len, &block);

	if (e < 0) {
		directory_unname(d, n);
		return e;
	}
	arena_hold(loan->arena);
	n->arena = loan->arena;
	n->block = block;
	n->len = loan->len;
	directory_named(d, n);
	return 0;
}

int rill_directory_publish(struct rill_directory *d, const char *name, struct rill_arena *arena, const void *object)
{
	struct rill_loan loan;
	struct name *n;
	int e = directory_check(d);

	if (e == 0)
		e = name_check(name);
	if (e == 0)
		e = arena && !arena_gone(arena) && arena_ctx(arena) == d->ctx ? rill_object_loan(arena, object, &loan)
		                                                              : -EINVAL;
	if (e < 0)
		return e;
	ctx_enter(d->ctx);
	n = directory_name(d, name);
	if (!n)
		e = -ENOMEM;
	else
		e = taken(n) ? -EEXIST : put(d, n, &loan);
	ctx_leave(d->ctx);
	return e;
}

int rill_directory_withdraw(struct rill_directory *d, const char *name)
{
	struct name *n;
	int e = directory_check(d);

	if (e == 0 && !name)
		e = -EINVAL;
	if (e < 0)
		return e;
	n = table_find(&d->names, name);
	if (!n || !n->arena)
		return -ENOENT;
	ctx_enter(d->ctx);
	let_go(n);
	directory_unname(d, n);
	ctx_leave(d->ctx);
	return 0;
}
