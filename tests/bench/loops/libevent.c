/* tests/bench/loops/libevent.c */
#include "tests/bench/loops/loop.h"

#ifdef HAVE_LIBEVENT
#include <errno.h>
#include <event2/event.h>
#include <rill/libevent.h>

static int attach(struct rill_ctx *ctx, void **ret_loop)
{
	struct event_base *base = event_base_new();

	*ret_loop = base;
	return base ? rill_libevent_attach(ctx, base) : -ENOMEM;
}

static int turn(struct rill_ctx *ctx, void *loop)
{
	(void)ctx;
	return event_base_loop(loop, EVLOOP_ONCE) < 0 ? -EIO : 1;
}

static void free_base(void *loop)
{
	event_base_free(loop);
}

struct driven {
	struct event_base *base;
	int (*ready)(void *user);
	void *user;
	int result;
};

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct driven *d = arg;

	(void)fd, (void)what;
	d->result = d->ready(d->user);
	if (d->result)
		event_base_loopbreak(d->base);
}

static int drive(int fd, int (*ready)(void *user), void *user)
{
	struct driven d = {.base = event_base_new(), .ready = ready, .user = user};
	struct event *e = d.base ? event_new(d.base, fd, EV_READ | EV_PERSIST, on_ready, &d) : NULL;

	if (!e || event_add(e, NULL) < 0)
		return -ENOMEM;
	event_base_dispatch(d.base);
	event_free(e);
	event_base_free(d.base);
	return d.result;
}

const struct bench_loop loop_libevent = {
	.key = "libevent",
	.attach = attach,
	.turn = turn,
	.free = free_base,
	.drive = drive,
};
#endif
