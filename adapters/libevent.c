/* adapters/libevent.c - one struct event per watch, one timer per ctx.
 *
 * libevent forgets a deleted event at once, one that is already active too; so remove() needs no flag.
 */
#include <rill/libevent.h>

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
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
	struct adapter *adapter;
	struct rill_watch *watch;
};

static void on_ready(evutil_socket_t fd, short revents, void *data)
{
	struct io *io = data;

	(void)fd, (void)revents;
	rill_ctx_dispatch(io->adapter->ctx, io->watch); /* last: io may be gone */
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
	io->event = event_new(a->loop, w->fd, wanted(w), on_ready, io);
	if (!io->event || event_add(io->event, NULL) < 0) {
		if (io->event)
			event_free(io->event);
		free(io);
		return -EIO;
	}
	w->adapter = io;
	a->count++;
	return 0;
}

static void on_update(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	struct io *io = w->adapter;

	event_del(io->event);
	event_assign(io->event, a->loop, w->fd, wanted(w), on_ready, io);
	event_add(io->event, NULL);
}

static void on_remove(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	struct io *io = w->adapter;

	event_free(io->event);
	free(io);
	a->count--;
}

/* An event_add() counts from the loop's cached time, which may lag. */
static struct timeval time_until(struct adapter *a, uint64_t when)
{
	struct timeval t, wall, cached;
	struct timespec now;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	ns = when > ns ? when - ns : 0;
	t.tv_sec = (time_t)(ns / 1000000000);
	t.tv_usec = (suseconds_t)((ns % 1000000000 + 999) / 1000);
	evutil_gettimeofday(&wall, NULL);
	event_base_gettimeofday_cached(a->loop, &cached);
	evutil_timersub(&wall, &cached, &wall);
	if (wall.tv_sec >= 0)
		evutil_timeradd(&t, &wall, &t);
	return t;
}

static void on_deadline(void *self, uint64_t when)
{
	struct adapter *a = self;
	struct timeval t;

	event_del(a->timer);
	if (when == RILL_NEVER)
		return;
	t = time_until(a, when);
	event_add(a->timer, &t);
}

/* In a forked child the loop still refers to our ios: they, and what they point to, stay and do nothing. */
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
