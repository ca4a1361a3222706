/* tests/loops/libev.c - the libev adapter. One loop for all ctxs of a process; a forked child begins with none. */
#include "loop.h"

#include <errno.h>
#include <ev.h>
#include <rill/libev.h>
#include <unistd.h>

#include "wait/wait.h"

const char loop_name[] = "libev";

static struct ev_loop *base;
static struct ev_timer timeout;
static pid_t owner;
static struct ev_loop *inherited[4]; /* of our forebears: theirs, but not lost */

static void on_timeout(struct ev_loop *loop, struct ev_timer *ev, int revents)
{
	(void)loop, (void)ev, (void)revents;
}

static int make_loop(void)
{
	if (base && owner == getpid())
		return 0;
	for (size_t i = 0; base && i < 4; i++) {
		if (!inherited[i]) {
			inherited[i] = base;
			break;
		}
	}
	base = ev_loop_new(EVFLAG_AUTO);
	ev_init(&timeout, on_timeout);
	owner = getpid();
	return base ? 0 : -ENOMEM;
}

int loop_attach(struct rill_ctx *ctx)
{
	int r = make_loop();

	return r < 0 ? r : rill_libev_attach(ctx, base);
}

static void loop_run(int timeout_ms)
{
	if (timeout_ms == 0) {
		ev_run(base, EVRUN_NOWAIT);
		return;
	}
	if (timeout_ms > 0) {
		ev_now_update(base);
		ev_timer_set(&timeout, timeout_ms / 1e3, 0.);
		ev_timer_start(base, &timeout);
	}
	ev_run(base, EVRUN_ONCE);
	ev_timer_stop(base, &timeout);
}

/* The loop cannot say that the ctx is gone; a reference can. */
int loop_turn(struct rill_ctx *ctx, int timeout_ms)
{
	int r = ctx_check(ctx);

	if (r == 0 && ctx_in_dispatch(ctx))
		r = -EBUSY;
	if (r == 0)
		r = make_loop();
	if (r < 0)
		return r;
	ctx_ref(ctx);
	loop_run(timeout_ms);
	r = ctx_check(ctx);
	ctx_unref(ctx);
	return r;
}

void loop_finish(void)
{
	if (!base || owner != getpid())
		return;
	ev_loop_destroy(base);
	base = NULL;
}
