/* adapters/libev.c - one ev_io per watch, one ev_timer per ctx.
 *
 * libev forgets a stopped watcher at once, one that is already pending too; so remove() needs no flag.
 */
#include <rill/libev.h>

#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <time.h>

struct adapter {
	struct rill_ctx *ctx;
	struct ev_loop *loop;
	struct ev_timer timer;
	size_t count; /* of ios */
};

struct io {
	struct ev_io event;
	struct adapter *adapter;
	struct rill_watch *watch;
};

static void on_ready(struct ev_loop *loop, struct ev_io *ev, int revents)
{
	struct io *io = ev->data;

	(void)loop, (void)revents;
	rill_ctx_dispatch(io->adapter->ctx, io->watch); /* last: io may be gone */
}

static void on_timer(struct ev_loop *loop, struct ev_timer *ev, int revents)
{
	struct adapter *a = ev->data;

	(void)loop, (void)revents;
	rill_ctx_dispatch(a->ctx, NULL); /* last: a may be gone */
}

static int wanted(const struct rill_watch *w)
{
	int in = w->events & POLLIN ? EV_READ : 0;
	int out = w->events & POLLOUT ? EV_WRITE : 0;

	return in | out;
}

static int on_add(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	struct io *io = calloc(1, sizeof(*io));

	if (!io)
		return -ENOMEM;
	io->adapter = a;
	io->watch = w;
	ev_io_init(&io->event, on_ready, w->fd, wanted(w));
	io->event.data = io;
	ev_io_start(a->loop, &io->event);
	w->adapter = io;
	a->count++;
	return 0;
}

static void on_update(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	struct io *io = w->adapter;

	ev_io_stop(a->loop, &io->event);
	ev_io_set(&io->event, w->fd, wanted(w));
	ev_io_start(a->loop, &io->event);
}

static void on_remove(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	struct io *io = w->adapter;

	ev_io_stop(a->loop, &io->event);
	free(io);
	a->count--;
}

/* libev counts from its cached time. Where that lags the timer comes early, is told again, and then comes right; to
 * make up for the lag by the wall clock would make it late when that is set, and ev_now_update() would delay the host's
 * own timers. */
static double time_until(uint64_t when)
{
	struct timespec now;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return when > ns ? (double)(when - ns) / 1e9 : 0.;
}

static void on_deadline(void *self, uint64_t when)
{
	struct adapter *a = self;

	ev_timer_stop(a->loop, &a->timer);
	if (when == RILL_NEVER)
		return;
	ev_timer_set(&a->timer, time_until(when), 0.);
	ev_timer_start(a->loop, &a->timer);
}

/* In a forked child the loop still refers to our ios: they, and what they point to, stay and do nothing. */
static void on_release(void *self)
{
	struct adapter *a = self;

	ev_timer_stop(a->loop, &a->timer);
	a->ctx = NULL;
	if (a->count == 0)
		free(a);
}

static const struct rill_loop libev_loop = {
	.size = sizeof(libev_loop),
	.add = on_add,
	.update = on_update,
	.remove = on_remove,
	.deadline = on_deadline,
	.release = on_release,
};

int rill_libev_attach(struct rill_ctx *ctx, struct ev_loop *loop)
{
	struct adapter *a;
	int r;

	if (!loop)
		return -EINVAL;
	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->ctx = ctx;
	a->loop = loop;
	ev_init(&a->timer, on_timer);
	a->timer.data = a;

	r = rill_ctx_attach(ctx, &libev_loop, a);
	if (r < 0)
		free(a);
	return r;
}
