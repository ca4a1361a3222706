/* tests/loops/libevent.c - the libevent adapter. One base for all ctxs of a process; a forked child begins with none. */
#include "loop.h"

#include <errno.h>
#include <event2/event.h>
#include <rill/libevent.h>
#include <unistd.h>

#include "wait/wait.h"

const char loop_name[] = "libevent";

static struct event_base *base;
static struct event *timeout;
static pid_t owner;
static void *inherited[8]; /* of our forebears: theirs, but not lost */

static void on_timeout(evutil_socket_t fd, short revents, void *data)
{
	(void)fd, (void)revents, (void)data;
}

static int make_loop(void)
{
	if (base && owner == getpid())
		return 0;
	for (size_t i = 0; base && i < 8; i += 2) {
		if (!inherited[i]) {
			inherited[i] = base;
			inherited[i + 1] = timeout;
			break;
		}
	}
	base = event_base_new();
	timeout = base ? evtimer_new(base, on_timeout, NULL) : NULL;
	owner = getpid();
	return timeout ? 0 : -ENOMEM;
}

int loop_attach(struct rill_ctx *ctx)
{
	int r = make_loop();

	return r < 0 ? r : rill_libevent_attach(ctx, base);
}

static int loop_run(int timeout_ms)
{
	struct timeval t = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
	int r;

	if (timeout_ms == 0)
		return event_base_loop(base, EVLOOP_NONBLOCK);
	if (timeout_ms > 0)
		evtimer_add(timeout, &t);
	r = event_base_loop(base, EVLOOP_ONCE);
	evtimer_del(timeout);
	return r;
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
	r = loop_run(timeout_ms) < 0 ? -EIO : ctx_check(ctx);
	ctx_unref(ctx);
	return r;
}

void loop_finish(void)
{
	if (!base || owner != getpid())
		return;
	event_free(timeout);
	event_base_free(base);
	base = NULL;
}
