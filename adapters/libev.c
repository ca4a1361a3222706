/* adapters/libev.c - one ev_io per watch, one ev_timer per ctx.
 *
 * libev forgets a stopped watcher at once, one that is already pending too; so remove() needs no flag.
 */
#include <rill/libev.h>

#include <errno.h>
#include <ev.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define AGAIN 0.1 /* s: after which a descriptor that the kernel refused is given to it once more */

struct adapter {
	struct rill_ctx *ctx;
	struct ev_loop *loop;
	struct ev_timer timer;
	struct io *first;
};

struct io {
	struct io *next, **link; /* *link: who points at us */
	struct ev_io event;
	struct ev_timer again;
	struct adapter *adapter;
	struct rill_watch *watch;
};

static int wanted(const struct rill_watch *w)
{
	int in = w->events & POLLIN ? EV_READ : 0;
	int out = w->events & POLLOUT ? EV_WRITE : 0;

	return in | out;
}

/* libev tells the kernel of a descriptor in its next turn. One that is refused then (ENOSPC, ENOMEM) is stopped, and on_ready()
 * is called once, with EV_ERROR; but only after the wait of that turn, which this ends. */
static void look_later(struct io *io)
{
	struct ev_loop *loop = io->adapter->loop;

	ev_timer_stop(loop, &io->again);
	ev_timer_set(&io->again, AGAIN, 0.);
	ev_timer_start(loop, &io->again);
}

/* Set anew, or libev takes it for one that the kernel has. */
static void on_again(struct ev_loop *loop, struct ev_timer *ev, int revents)
{
	struct io *io = ev->data;

	(void)revents;
	if (ev_is_active(&io->event))
		return;
	ev_io_set(&io->event, io->watch->fd, wanted(io->watch));
	ev_io_start(loop, &io->event);
	look_later(io);
}

static void on_ready(struct ev_loop *loop, struct ev_io *ev, int revents)
{
	struct io *io = ev->data;

	(void)loop;
	if (revents & EV_ERROR)
		look_later(io);
	rill_ctx_dispatch(io->adapter->ctx, io->watch); /* last: io may be gone */
}

static void on_timer(struct ev_loop *loop, struct ev_timer *ev, int revents)
{
	struct adapter *a = ev->data;

	(void)loop, (void)revents;
	rill_ctx_dispatch(a->ctx, NULL); /* last: a may be gone */
}

static void link_io(struct adapter *a, struct io *io)
{
	io->next = a->first;
	io->link = &a->first;
	if (io->next)
		io->next->link = &io->next;
	a->first = io;
}

/* Changes the loop's own memory alone: of what is stopped libev tells the kernel nothing. */
static void drop_io(struct adapter *a, struct io *io)
{
	ev_io_stop(a->loop, &io->event);
	ev_timer_stop(a->loop, &io->again);
	*io->link = io->next;
	if (io->next)
		io->next->link = io->link;
	free(io);
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
	ev_timer_init(&io->again, on_again, AGAIN, 0.);
	io->event.data = io->again.data = io;
	ev_io_start(a->loop, &io->event);
	look_later(io);
	link_io(a, io);
	w->adapter = io;
	return 0;
}

static void on_update(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	struct io *io = w->adapter;
	bool was_refused = !ev_is_active(&io->event);

	ev_io_stop(a->loop, &io->event);
	ev_io_set(&io->event, w->fd, wanted(w));
	ev_io_start(a->loop, &io->event);
	if (was_refused)
		look_later(io);
}

static void on_remove(void *self, struct rill_watch *w)
{
	drop_io(self, w->adapter);
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

/* In a forked child nothing was removed before. */
static void on_release(void *self)
{
	struct adapter *a = self;

	ev_timer_stop(a->loop, &a->timer);
	while (a->first)
		drop_io(a, a->first);
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
