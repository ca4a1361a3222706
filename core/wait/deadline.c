/* core/wait/deadline.c - the deadlines of a ctx: a binary heap of its sources, the earliest first.
 *
 * heap[i]->heap_index == i, always. Room is made when a source is added, so entering a deadline cannot fail.
 */
#include "ctx.h"

#include <stdlib.h>

int deadline_room(struct rill_ctx *ctx, size_t count)
{
	size_t room = ctx->heap_room ? ctx->heap_room : 8;
	struct source **heap;

	if (count <= ctx->heap_room)
		return 0;
	while (room < count)
		room *= 2;
	heap = reallocarray(ctx->heap, room, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	ctx->heap = heap;
	ctx->heap_room = room;
	return 0;
}

static void place(struct rill_ctx *ctx, struct source *s, size_t at)
{
	ctx->heap[at] = s;
	s->heap_index = at;
}

static void rise(struct rill_ctx *ctx, struct source *s, size_t at)
{
	while (at > 0 && s->when < ctx->heap[(at - 1) / 2]->when) {
		place(ctx, ctx->heap[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	place(ctx, s, at);
}

static void sink(struct rill_ctx *ctx, struct source *s, size_t at)
{
	size_t child;

	while ((child = 2 * at + 1) < ctx->heap_count) {
		if (child + 1 < ctx->heap_count && ctx->heap[child + 1]->when < ctx->heap[child]->when)
			child++;
		if (s->when <= ctx->heap[child]->when)
			break;
		place(ctx, ctx->heap[child], at);
		at = child;
	}
	place(ctx, s, at);
}

static void take_out(struct rill_ctx *ctx, struct source *s)
{
	struct source *last = ctx->heap[--ctx->heap_count];
	size_t at = s->heap_index;

	s->heap_index = SIZE_MAX;
	s->when = RILL_NEVER;
	if (last == s)
		return;
	rise(ctx, last, at);
	sink(ctx, last, last->heap_index);
}

void deadline_set(struct source *s, uint64_t when)
{
	struct rill_ctx *ctx = s->ctx;

	if (when == s->when)
		return;
	ctx->front.unsettled = true;
	if (when == RILL_NEVER) {
		take_out(ctx, s);
		return;
	}
	s->when = when;
	rise(ctx, s, s->heap_index == SIZE_MAX ? ctx->heap_count++ : s->heap_index);
	sink(ctx, s, s->heap_index);
}

struct source *deadline_pass(struct rill_ctx *ctx, uint64_t now)
{
	struct source *s = ctx->heap_count ? ctx->heap[0] : NULL;

	if (!s || s->when > now)
		return NULL;
	take_out(ctx, s);
	return s;
}
