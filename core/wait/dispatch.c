/* core/wait/dispatch.c - the only places where callbacks run: dispatch and poll.
 *
 * A callback may doom any source and destroy the ctx, so no list is walked by its links: each pass takes what is in front,
 * puts it at the back and repeats that as often as there were members. A source's memory stays valid until end().
 */
#include "ctx.h"

#include <limits.h>

#define AROUND 4  /* sources at rest that one look tries ... */
#define SELDOM 64 /* ... or, of more than that, one in so many looks of a spinner */
#define LOOKS 16  /* between two readings of the clock; one that took something counts for 4 */

static int begin(struct rill_ctx *ctx)
{
	int r = ctx_check(ctx);

	if (r < 0)
		return r;
	if (ctx_busy(ctx))
		return -EBUSY;
	ctx->front.dispatching = true;
	ctx->front.dispatches++;
	ctx_enter(ctx);
	return 0;
}

/* There is something to settle; destructors of arenas may destroy the ctx even now. */
static RARE int settle(struct rill_ctx *ctx)
{
	int r;

	ctx_ref(ctx);
	ctx_leave(ctx);
	r = ctx_check(ctx);
	ctx_unref(ctx);
	return r;
}

static inline int end(struct rill_ctx *ctx)
{
	ctx->front.dispatching = false;
	if (ctx->front.unsettled)
		return settle(ctx);
	ctx_leave(ctx);
	return ctx_check(ctx);
}

/* Without rest() a source is at rest after a turn, unless that turn woke it. */
static unsigned turn(struct source *s)
{
	unsigned taken;

	if (!s->ops->rest)
		source_sleep(s);
	taken = s->ops->turn(s);
	if (taken)
		s->took = s->ctx->front.dispatches;
	return taken;
}

static void rest(struct source *s)
{
	if (s->ops->rest && link_linked(&s->awake) && s->ops->rest(s))
		source_sleep(s);
}

static struct source *next_awake(struct rill_ctx *ctx)
{
	struct link *first = ctx->awake.next;

	if (first->next != &ctx->awake) {
		link_remove(first);
		link_append(&ctx->awake, first);
	}
	return container_of(first, struct source, awake);
}

static unsigned turn_awake(struct rill_ctx *ctx)
{
	unsigned taken = 0;
	size_t i;

	for (i = ctx->awake_count; i > 0 && ctx->awake_count > 0 && ctx_live(ctx); i--)
		taken += turn(next_awake(ctx));
	return taken;
}

/* While we linger on, only who has been silent: else a look would cost all that ever spoke meanwhile. */
static void rest_awake(struct rill_ctx *ctx)
{
	size_t i;

	for (i = ctx->awake_count; i > 0 && ctx->awake_count > 0 && ctx_live(ctx); i--) {
		struct source *s = next_awake(ctx);

		if (!ctx->lingering || s->took != ctx->front.dispatches)
			rest(s);
	}
}

/* How many of so many to try now. Of a thousand each is cold, and the one that is busy would wait for them. */
static size_t around(struct rill_ctx *ctx, size_t count, bool spins)
{
	if (count <= AROUND)
		return count;
	return spins ? ctx->looks++ % SELDOM == 0 : AROUND;
}

/* One at rest keeps its doorbell armed, so it need not be looked at; but a look is sooner than its bell. */
static unsigned turn_around(struct rill_ctx *ctx, bool spins)
{
	size_t count = around(ctx, ctx->resting_count, spins);
	unsigned taken = 0;
	size_t i = 0;

	while (i < count && ctx->resting_count > 0 && ctx_live(ctx)) {
		struct source *s;
		unsigned n;

		ctx->cursor = ctx->cursor->next == &ctx->sources ? ctx->sources.next : ctx->cursor->next;
		s = source_of(ctx->cursor);
		if (source_still(s))
			continue;
		i++; /* one rests at least: this ends */
		if (link_linked(&s->awake))
			continue;
		n = turn(s);
		if (n && s->ops->rest)
			source_wake(s);
		taken += n;
	}
	return taken;
}

static unsigned look(struct rill_ctx *ctx, bool spins)
{
	unsigned taken = turn_awake(ctx);

	if (ctx->resting_count > 0)
		taken += turn_around(ctx, spins);
	return taken;
}

/* To look for a while is cheaper than to sleep and be woken. The clock costs as much as many looks: see LOOKS. When
 * linger_max_ns end it though something came of late, the loop gets its turn and we go on in the next dispatch, unarmed:
 * until linger_ns after what came last, not after that dispatch began. */
static void linger(struct rill_ctx *ctx, bool took)
{
	uint64_t first = ctx_now(ctx), now = first;
	unsigned looks = 0;

	if (took)
		ctx->last = first;
	took = false;
	while (ctx_live(ctx) && now - ctx->last < ctx->linger_ns && now - first < ctx->linger_max_ns) {
		bool some = look(ctx, true) > 0;

		took |= some;
		looks += some ? 4 : 1;
		if (looks < LOOKS)
			continue;
		now = ctx_now(ctx);
		if (took)
			ctx->last = now;
		took = false;
		looks = 0;
	}
	ctx->lingering = now - ctx->last < ctx->linger_ns;
}

static void linger_or_rest(struct rill_ctx *ctx, bool took)
{
	if (ctx->linger_ns && (took || ctx->lingering))
		linger(ctx, took);
	rest_awake(ctx);
}

/* Returns whose turn it is. */
static struct source *run_ready(struct source *s)
{
	if (s->ops->ready)
		s->ops->ready(s);
	source_wake(s->whole);
	return s->whole;
}

static void run_all_ready(struct rill_ctx *ctx)
{
	size_t i;

	for (i = ctx->source_count; i > 0 && ctx->source_count > 0 && ctx_live(ctx); i--) {
		struct link *first = ctx->sources.next;

		link_remove(first);
		link_append(&ctx->sources, first);
		if (source_of(first)->watch.fd >= 0)
			run_ready(source_of(first));
	}
}

/* What is due leaves the heap here and comes back when the outermost call ends: so each is run once. */
static void run_due(struct rill_ctx *ctx)
{
	uint64_t now = ctx->heap_count ? ctx_now(ctx) : 0;
	struct source *s;

	while (ctx_live(ctx) && (s = deadline_pass(ctx, now))) {
		source_changed(s);
		if (s->ops->due)
			s->ops->due(s, now);
	}
}

static void run_awake(struct rill_ctx *ctx)
{
	bool took = turn_awake(ctx) > 0;

	linger_or_rest(ctx, took);
}

static void run_one(struct rill_ctx *ctx, struct source *s)
{
	bool has_turn = link_linked(&s->whole->awake) && !ctx->linger_ns;
	unsigned taken;

	s = run_ready(s);
	if (has_turn)
		return; /* the deadline is "now": it has one in this round of the loop, and not two however much a peer sends */
	taken = link_linked(&s->awake) ? turn(s) : 0;
	if (!ctx_live(ctx))
		return;
	if (!ctx->linger_ns) {
		rest(s);
		return;
	}
	linger_or_rest(ctx, taken > 0);
}

int rill_ctx_dispatch(struct rill_ctx *ctx, struct rill_watch *ready)
{
	struct source *s = ready ? container_of(ready, struct source, watch) : NULL;
	int r = begin(ctx);

	if (r == -EBUSY && !s) /* a loop run inside a callback has spent its timer on this */
		ctx->tell = ctx->front.unsettled = true;
	if (r < 0)
		return r;
	if (s) {
		run_one(ctx, s);
	} else {
		ctx->tell = ctx->front.unsettled = true;
		run_due(ctx);
		run_awake(ctx);
	}
	return end(ctx);
}

int rill_ctx_dispatch_fd(struct rill_ctx *ctx, int fd)
{
	int r = ctx_check(ctx);

	if (r < 0)
		return r;
	if (ctx_busy(ctx))
		return -EBUSY;
	if (fd < 0 || (size_t)fd >= ctx->by_fd_room || !ctx->by_fd[fd])
		return 0;
	return rill_ctx_dispatch(ctx, &ctx->by_fd[fd]->watch);
}

int rill_ctx_dispatch_all(struct rill_ctx *ctx)
{
	int r = begin(ctx);

	if (r < 0)
		return r;
	ctx->tell = ctx->front.unsettled = true;
	run_due(ctx);
	run_all_ready(ctx);
	run_awake(ctx);
	return end(ctx);
}

int rill_ctx_poll(struct rill_ctx *ctx, uint64_t spin_ns)
{
	uint64_t first = 0, now;
	unsigned taken, looks = 0;
	int r = begin(ctx);

	if (r < 0)
		return r;
	ctx->polls++;
	while ((taken = look(ctx, spin_ns > 0)) == 0 && spin_ns && ctx_live(ctx)) {
		if (++looks % LOOKS)
			continue;
		now = ctx_now(ctx);
		if (looks == LOOKS)
			first = now;
		else if (now - first >= spin_ns)
			break;
	}
	r = end(ctx);
	if (r < 0)
		return r;
	return taken > INT_MAX ? INT_MAX : (int)taken;
}
