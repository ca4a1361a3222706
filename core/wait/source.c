/* core/wait/source.c - what a source tells its ctx: it is there, it waits for a descriptor, it has work, it is gone.
 *
 * A doomed source is on no list but `doomed`, where it waits for depth 0 to be finished.
 */
#include "ctx.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int source_add(struct source *s, struct rill_ctx *ctx, const struct source_ops *ops)
{
	int r = deadline_room(ctx, ctx->source_count + 1);

	if (r < 0)
		return r;
	memset(&s->watch, 0, sizeof(s->watch));
	s->watch.fd = -1;
	s->ops = ops;
	s->whole = s;
	s->ctx = ctx;
	link_init(&s->awake);
	link_init(&s->dirty);
	link_init(&s->doomed);
	s->gone = false;
	s->heap_index = SIZE_MAX;
	s->when = RILL_NEVER;
	s->took = 0;
	link_append(&ctx->sources, &s->all);
	ctx->source_count++;
	ctx->resting_count += !source_still(s);
	source_changed(s);
	return 0;
}

int source_add_part(struct source *s, struct source *whole, const struct source_ops *ops)
{
	int r = source_add(s, whole->ctx, ops);

	if (r < 0)
		return r;
	s->ctx->resting_count -= !source_still(s);
	s->whole = whole;
	return 0;
}

static int by_fd_grow(struct rill_ctx *ctx, size_t count)
{
	size_t room = ctx->by_fd_room ? ctx->by_fd_room : 64;
	struct source **by_fd;

	if (count <= ctx->by_fd_room)
		return 0;
	while (room < count)
		room *= 2;
	by_fd = reallocarray(ctx->by_fd, room, sizeof(struct source *));
	if (!by_fd)
		return -ENOMEM;
	memset(by_fd + ctx->by_fd_room, 0, (room - ctx->by_fd_room) * sizeof(struct source *));
	ctx->by_fd = by_fd;
	ctx->by_fd_room = room;
	return 0;
}

int source_watch(struct source *s, int fd)
{
	struct rill_ctx *ctx = s->ctx;
	int r;

	assert(s->watch.fd < 0 && fd >= 0);
	r = by_fd_grow(ctx, (size_t)fd + 1);
	if (r == 0 && ctx->by_fd[fd])
		r = -EEXIST;
	if (r < 0)
		return r;
	s->watch.fd = fd;
	s->watch.events = s->ops->wants(s);
	s->watch.adapter = NULL;
	r = ctx->ops ? ctx->hooks.add(ctx->loop, &s->watch) : 0;
	if (r < 0) {
		s->watch.fd = -1;
		return r;
	}
	ctx->by_fd[fd] = s;
	return 0;
}

void source_unwatch(struct source *s)
{
	struct rill_ctx *ctx = s->ctx;

	if (s->watch.fd < 0)
		return;
	/* In a child the loop's kernel objects are the parent's: it must not hear of this. */
	if (ctx->ops && !ctx_forked(ctx))
		ctx->hooks.remove(ctx->loop, &s->watch);
	ctx->by_fd[s->watch.fd] = NULL;
	s->watch.fd = -1;
	s->watch.events = 0;
}

void source_changed(struct source *s)
{
	if (link_linked(&s->dirty) || source_gone(s))
		return;
	link_append(&s->ctx->dirty, &s->dirty);
	s->ctx->front.unsettled = true;
}

void source_wake(struct source *s)
{
	if (link_linked(&s->awake) || source_gone(s) || !s->ops->turn)
		return;
	link_append(&s->ctx->awake, &s->awake);
	s->ctx->awake_count++;
	s->ctx->resting_count -= !source_still(s);
	s->ctx->front.unsettled = true;
}

void source_sleep(struct source *s)
{
	if (!link_linked(&s->awake))
		return;
	link_remove(&s->awake);
	s->ctx->awake_count--;
	s->ctx->resting_count += !source_still(s);
	s->ctx->front.unsettled = true;
}

void source_doom(struct source *s)
{
	struct rill_ctx *ctx = s->ctx;

	if (source_gone(s))
		return;
	s->gone = true;
	if (s->ops->stats)
		s->ops->stats(s, &ctx->past);
	ctx_enter(ctx);
	source_unwatch(s);
	source_sleep(s);
	deadline_set(s, RILL_NEVER);
	link_remove(&s->dirty);
	if (ctx->cursor == &s->all)
		ctx->cursor = s->all.prev;
	link_remove(&s->all);
	ctx->source_count--;
	ctx->resting_count -= !source_still(s);
	link_append(&ctx->doomed, &s->doomed);
	ctx->front.unsettled = true;
	ctx_leave(ctx);
}

void source_refresh(struct source *s)
{
	struct rill_ctx *ctx = s->ctx;
	short events;

	link_remove(&s->dirty);
	deadline_set(s, s->ops->deadline ? s->ops->deadline(s) : RILL_NEVER);
	if (s->watch.fd < 0)
		return;
	events = s->ops->wants(s);
	if (events == s->watch.events)
		return;
	s->watch.events = events;
	if (ctx->ops)
		ctx->hooks.update(ctx->loop, &s->watch);
}
