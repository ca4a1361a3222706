/* core/wait/ctx.c - the objects that share one loop, and the two rules that make callbacks safe:
 *
 *   while depth > 0 nothing is finished or freed;
 *   when depth returns to 0 the loop hears what changed: events first, then the deadline.
 */
#include "ctx.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096       /* mmap rounds it up */
#define LEAST_BUDGET 4u /* of a session: two packets are read at once, for half of it */

/* ---- what other layers ask ------------------------------------------------------------------------------------- */

uint64_t ctx_now(const struct rill_ctx *ctx)
{
	return ctx->now(ctx->clock);
}

/* The description may be shared: with SO_LINGER set by its sender close() would wait for his peer, and in a child even
 * clearing that is not ours to do. */
void ctx_close(struct rill_ctx *ctx, int fd)
{
	struct linger off = {0};

	if (!ctx_forked(ctx))
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
	close(fd);
}

void ctx_dispose(struct rill_ctx *ctx, int fd)
{
	if (ctx_live(ctx) && ctx->dispose)
		ctx->dispose(fd, ctx->dispose_user);
	else
		ctx_close(ctx, fd);
}

void ctx_ref(struct rill_ctx *ctx)
{
	ctx->refs++;
}

void ctx_unref(struct rill_ctx *ctx)
{
	if (--ctx->refs > 0)
		return;
	munmap((void *)ctx->front.state, PAGE);
	free(ctx);
}

/* ---- depth ----------------------------------------------------------------------------------------------------- */

static void finish_doomed(struct rill_ctx *ctx)
{
	while (link_linked(&ctx->doomed)) {
		struct source *s = container_of(ctx->doomed.next, struct source, doomed);

		link_remove(&s->doomed);
		s->ops->finish(s);
	}
}

static void tell_deadline(struct rill_ctx *ctx)
{
	uint64_t when = rill_ctx_deadline(ctx);

	if (!ctx->ops || (when == ctx->told && !ctx->tell))
		return;
	ctx->told = when;
	ctx->tell = false;
	ctx->hooks.deadline(ctx->loop, when);
}

static void settle(struct rill_ctx *ctx)
{
	finish_doomed(ctx);
	while (link_linked(&ctx->dirty))
		source_refresh(container_of(ctx->dirty.next, struct source, dirty));
	tell_deadline(ctx);
}

static void free_lists(struct rill_ctx *ctx)
{
	finish_doomed(ctx);
	free(ctx->heap);
	free(ctx->by_fd);
	ctx->heap = ctx->by_fd = NULL;
	ctx->heap_room = ctx->by_fd_room = 0;
}

void ctx_settle(struct rill_ctx *ctx)
{
	bool last;

	/* Depth stays 1 meanwhile: what finish() enters is not outermost. It may destroy the ctx. */
	if (ctx_live(ctx))
		settle(ctx);
	last = ctx->destroyed;
	if (last)
		free_lists(ctx);
	ctx->front.unsettled = false;
	ctx->front.depth--;
	if (last)
		ctx_unref(ctx);
}

/* ---- create and destroy ---------------------------------------------------------------------------------------- */

static uint64_t monotonic(void *clock)
{
	struct timespec t;

	(void)clock;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static int *state_page(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	if (madvise(page, PAGE, MADV_WIPEONFORK) < 0) {
		munmap(page, PAGE);
		return NULL;
	}
	return page;
}

static void take_options(struct rill_ctx *ctx, const struct rill_ctx_options *o)
{
	uint64_t max = o->linger_ns > UINT64_MAX / 8 ? UINT64_MAX : 8 * o->linger_ns;
	unsigned session;

	ctx->now = o->now ? o->now : monotonic;
	ctx->clock = o->clock;
	ctx->linger_ns = o->linger_ns;
	ctx->linger_max_ns = o->linger_max_ns ? o->linger_max_ns : max;
	ctx->front.budget = o->budget ? o->budget : 64;
	session = o->session_budget ? o->session_budget : ctx->front.budget;
	session = session > LEAST_BUDGET ? session : LEAST_BUDGET;
	ctx->front.session_budget = session < INT_MAX ? (int)session : INT_MAX;
	ctx->dispose = o->dispose;
	ctx->dispose_user = o->dispose_user;
}

int rill_ctx_create(struct rill_ctx **ret_ctx, const struct rill_ctx_options *options)
{
	struct rill_ctx_options o;
	struct rill_ctx *ctx;
	int r = table_copy(&o, sizeof(o), options);

	if (!ret_ctx)
		return -EINVAL;
	if (r < 0)
		return r;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	ctx->front.state = state_page();
	if (!ctx->front.state) {
		free(ctx);
		return -ENOMEM;
	}
	*ctx->front.state = CTX_LIVE;
	ctx->refs = 1;
	link_init(&ctx->sources);
	link_init(&ctx->awake);
	link_init(&ctx->dirty);
	link_init(&ctx->doomed);
	ctx->cursor = &ctx->sources;
	take_options(ctx, &o);
	*ret_ctx = ctx;
	return 0;
}

static void release_loop(struct rill_ctx *ctx)
{
	bool attached = ctx->ops != NULL;

	ctx->ops = NULL;
	if (attached && ctx->hooks.release)
		ctx->hooks.release(ctx->loop);
}

static void drop_all(struct rill_ctx *ctx)
{
	while (link_linked(&ctx->sources)) {
		struct source *s = source_of(ctx->sources.next);

		if (s->ops->drop)
			s->ops->drop(s);
		source_doom(s);
	}
}

/* child() closes at once, even below a callback that never returns; so it may doom its source or free it. */
static void child_all(struct rill_ctx *ctx)
{
	while (link_linked(&ctx->sources)) {
		struct source *s = source_of(ctx->sources.next);

		link_remove(&s->all);
		link_remove(&s->dirty);
		source_sleep(s);
		deadline_set(s, RILL_NEVER);
		if (s->ops->child)
			s->ops->child(s);
	}
}

void rill_ctx_destroy(struct rill_ctx *ctx)
{
	if (!ctx || ctx->destroyed)
		return;
	ctx_enter(ctx);
	ctx->destroyed = true;
	ctx->front.unsettled = true;
	if (ctx_forked(ctx)) {
		child_all(ctx);
	} else {
		*ctx->front.state = CTX_DESTROYED;
		drop_all(ctx);
	}
	release_loop(ctx);
	ctx_leave(ctx);
}

/* ---- the loop -------------------------------------------------------------------------------------------------- */

static int add_all(struct rill_ctx *ctx, const struct rill_loop *hooks, void *loop)
{
	struct link *l, *undo;
	int r;

	for (l = ctx->sources.next; l != &ctx->sources; l = l->next) {
		struct rill_watch *w = &source_of(l)->watch;

		if (w->fd < 0)
			continue;
		w->adapter = NULL;
		r = hooks->add(loop, w);
		if (r < 0)
			goto undo;
	}
	return 0;
undo:
	for (undo = ctx->sources.next; undo != l; undo = undo->next)
		if (source_of(undo)->watch.fd >= 0)
			hooks->remove(loop, &source_of(undo)->watch);
	return r;
}

int rill_ctx_attach(struct rill_ctx *ctx, const struct rill_loop *ops, void *loop)
{
	struct rill_loop hooks;
	int r = ctx_check(ctx);

	if (r == 0)
		r = ops ? table_copy(&hooks, sizeof(hooks), ops) : -EINVAL;
	if (r < 0)
		return r;
	if (!hooks.add || !hooks.update || !hooks.remove || !hooks.deadline)
		return -EINVAL;
	if (ctx->ops || ctx_busy(ctx))
		return -EBUSY;
	r = add_all(ctx, &hooks, loop);
	if (r < 0)
		return r;
	ctx->ops = ops;
	ctx->hooks = hooks;
	ctx->loop = loop;
	ctx->tell = true;
	tell_deadline(ctx);
	return 0;
}

void rill_ctx_detach(struct rill_ctx *ctx)
{
	struct link *l;

	if (ctx_check(ctx) < 0 || !ctx->ops)
		return;
	for (l = ctx->sources.next; l != &ctx->sources; l = l->next)
		if (source_of(l)->watch.fd >= 0)
			ctx->hooks.remove(ctx->loop, &source_of(l)->watch);
	release_loop(ctx);
}

void *rill_ctx_loop(const struct rill_ctx *ctx, const struct rill_loop *ops)
{
	return ctx_check(ctx) == 0 && ops && ctx->ops == ops ? ctx->loop : NULL;
}

/* ---- the pull view --------------------------------------------------------------------------------------------- */

size_t rill_ctx_pollfds(const struct rill_ctx *ctx, struct pollfd *fds, size_t count)
{
	const struct link *l;
	size_t n = 0;

	if (ctx_check(ctx) < 0)
		return 0;
	for (l = ctx->sources.next; l != &ctx->sources; l = l->next) {
		const struct rill_watch *w = &container_of(l, const struct source, all)->watch;

		if (w->fd < 0)
			continue;
		if (n < count)
			fds[n] = (struct pollfd){.fd = w->fd, .events = w->events};
		n++;
	}
	return n;
}

uint64_t rill_ctx_deadline(const struct rill_ctx *ctx)
{
	if (ctx_check(ctx) < 0)
		return RILL_NEVER;
	if (ctx->awake_count)
		return 0;
	return ctx->heap_count ? ctx->heap[0]->when : RILL_NEVER;
}

int rill_ctx_timeout_ms(const struct rill_ctx *ctx)
{
	uint64_t when = rill_ctx_deadline(ctx), now, ms;

	if (when == RILL_NEVER)
		return -1;
	if (when == 0)
		return 0;
	now = ctx_now(ctx);
	if (when <= now)
		return 0;
	ms = (when - now - 1) / MSEC + 1;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}
