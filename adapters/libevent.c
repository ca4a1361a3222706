/* adapters/libevent.c - one struct event per watch, one timer per ctx.
 *
 * libevent forgets a deleted event at once, one that is already active too; so remove() needs no flag.
 */
#include <rill/libevent.h>

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <time.h>

struct adapter {
	struct rill_ctx *ctx;
	struct event_base *loop;
	struct event *timer;
	size_t count; /* of ios */
};

struct io {
	struct event *event;
	struct event *spare; /* not added: the next one */
	struct adapter *adapter;
	struct rill_watch *watch;
};

static void drop_io(struct io *io)
{
	io->adapter->count--;
	if (io->event)
		event_free(io->event);
	if (io->spare)
		event_free(io->spare);
	free(io);
}

/* In a forked child that has destroyed its ctx: what it opened since has our descriptor's number. */
static void drop_left_over(struct io *io)
{
	struct adapter *a = io->adapter;

	drop_io(io);
	if (a->count == 0)
		free(a);
}

static void on_ready(evutil_socket_t fd, short revents, void *data)
{
	struct io *io = data;

	(void)fd, (void)revents;
	if (io->adapter->ctx)
		rill_ctx_dispatch(io->adapter->ctx, io->watch); /* last: io may be gone */
	else
		drop_left_over(io);
}

static void on_timer(evutil_socket_t fd, short revents, void *data)
{
	struct adapter *a = data;

	(void)fd, (void)revents;
	rill_ctx_dispatch(a->ctx, NULL); /* last: a may be gone */
}

static short wanted(const struct rill_watch *w)
{
	int in = w->events & POLLIN ? EV_READ : 0;
	int out = w->events & POLLOUT ? EV_WRITE : 0;

	return (short)(in | out | EV_PERSIST);
}

static int on_add(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	struct io *io = calloc(1, sizeof(*io));

	if (!io)
		return -ENOMEM;
	io->adapter = a;
	io->watch = w;
	a->count++;
	io->event = event_new(a->loop, w->fd, wanted(w), on_ready, io);
	io->spare = event_new(a->loop, w->fd, wanted(w), on_ready, io);
	if (!io->event || !io->spare || event_add(io->event, NULL) < 0) {
		drop_io(io);
		return -EIO;
	}
	w->adapter = io;
	return 0;
}

/* The new event before the old one goes: the kernel changes what it has, which cannot fail. Deleted first, it would have to be
 * added again, which can. */
static void on_update(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	struct io *io = w->adapter;
	struct event *old = io->event;

	event_assign(io->spare, a->loop, w->fd, wanted(w), on_ready, io);
	event_add(io->spare, NULL);
	event_del(old);
	io->event = io->spare;
	io->spare = old;
}

static void on_remove(void *self, struct rill_watch *w)
{
	(void)self;
	drop_io(w->adapter);
}

/* libevent counts from its cached time. Where that lags the timer comes early, is told again, and then comes right; to
 * make up for the lag by the wall clock would make it late when that is set. */
static struct timeval time_until(uint64_t when)
{
	struct timespec now;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	ns = when > ns ? when - ns + 999 : 0; /* rounded up to us */
	return (struct timeval){.tv_sec = (time_t)(ns / 1000000000), .tv_usec = (suseconds_t)(ns % 1000000000 / 1000)};
}

static void on_deadline(void *self, uint64_t when)
{
	struct adapter *a = self;
	struct timeval t;

	event_del(a->timer);
	if (when == RILL_NEVER)
		return;
	t = time_until(when);
	event_add(a->timer, &t);
}

/* In a forked child the base still has our events, and to delete one may tell the parent's epoll. Each goes by itself, if it is
 * ever called; the last one takes the adapter with it. */
static void on_release(void *self)
{
	struct adapter *a = self;

	event_free(a->timer);
	a->ctx = NULL;
	if (a->count == 0)
		free(a);
}

static const struct rill_loop libevent_loop = {
	.size = sizeof(libevent_loop),
	.add = on_add,
	.update = on_update,
	.remove = on_remove,
	.deadline = on_deadline,
	.release = on_release,
};

int rill_libevent_attach(struct rill_ctx *ctx, struct event_base *base)
{
	struct adapter *a;
	int r;

	if (!base)
		return -EINVAL;
	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->ctx = ctx;
	a->loop = base;
	a->timer = evtimer_new(base, on_timer, a);

	r = a->timer ? rill_ctx_attach(ctx, &libevent_loop, a) : -ENOMEM;
	if (r < 0 && a->timer)
		event_free(a->timer);
	if (r < 0)
		free(a);
	return r;
}
