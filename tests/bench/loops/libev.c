/* tests/bench/loops/libev.c */
#include "tests/bench/loops/loop.h"

#ifdef HAVE_LIBEV
#include <errno.h>
#include <ev.h>
#include <rill/libev.h>

static int attach(struct rill_ctx *ctx, void **ret_loop)
{
	struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL);

	*ret_loop = loop;
	return loop ? rill_libev_attach(ctx, loop) : -ENOMEM;
}

static int turn(struct rill_ctx *ctx, void *loop)
{
	(void)ctx;
	ev_run(loop, EVRUN_ONCE);
	return 1;
}

static void free_loop(void *loop)
{
	ev_loop_destroy(loop);
}

struct driven {
	int (*ready)(void *user);
	void *user;
	int result;
};

static void on_ready(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct driven *d = io->data;

	(void)revents;
	d->result = d->ready(d->user);
	if (d->result)
		ev_break(loop, EVBREAK_ALL);
}

static int drive(int fd, int (*ready)(void *user), void *user)
{
	struct driven d = {.ready = ready, .user = user};
	struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL);
	struct ev_io io;

	if (!loop)
		return -ENOMEM;
	ev_io_init(&io, on_ready, fd, EV_READ);
	io.data = &d;
	ev_io_start(loop, &io);
	ev_run(loop, 0);
	ev_loop_destroy(loop);
	return d.result;
}

const struct bench_loop loop_libev = {
	.key = "libev",
	.attach = attach,
	.turn = turn,
	.free = free_loop,
	.drive = drive,
};
#endif
