/* adapters/epoll.c - a ctx on an epoll descriptor of its own; a timerfd in it, once someone nests it.
 *
 * A batch of fetched events lives on the stack of rill_epoll_wait(), so that it outlives the adapter. remove() takes its
 * watch out of the batch, so it is empty when release() comes.
 */
#include <rill/epoll.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64

struct batch {
	struct adapter *adapter; /* NULL once released */
	struct epoll_event events[BATCH];
	int count, next;
};

struct adapter {
	struct rill_ctx *ctx;
	int fd;
	int timer;     /* -1 until rill_epoll_fd(). Its events carry NULL for a watch */
	uint64_t when; /* as told last: inside a callback rill_ctx_deadline() may differ, and be back untold */
	struct batch *batch;
};

static struct epoll_event wanted(struct rill_watch *w)
{
	uint32_t in = w->events & POLLIN ? (uint32_t)EPOLLIN : 0;
	uint32_t out = w->events & POLLOUT ? (uint32_t)EPOLLOUT : 0;

	return (struct epoll_event){.events = in | out, .data.ptr = w};
}

static int on_add(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	struct epoll_event e = wanted(w);

	return epoll_ctl(a->fd, EPOLL_CTL_ADD, w->fd, &e) < 0 ? -errno : 0;
}

static void on_update(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	struct epoll_event e = wanted(w);

	epoll_ctl(a->fd, EPOLL_CTL_MOD, w->fd, &e);
}

static void on_remove(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	int i;

	epoll_ctl(a->fd, EPOLL_CTL_DEL, w->fd, NULL);
	for (i = 0; a->batch && i < a->batch->count; i++)
		if (a->batch->events[i].data.ptr == w)
			a->batch->events[i].data.ptr = NULL;
}

/* Without a timerfd rill_epoll_wait() asks for the timeout each time. Setting a timerfd also makes it unreadable. */
static void on_deadline(void *self, uint64_t when)
{
	struct adapter *a = self;
	struct itimerspec t = {0};

	a->when = when;
	if (a->timer < 0)
		return;
	if (when != RILL_NEVER) {
		t.it_value.tv_sec = (time_t)(when / 1000000000);
		t.it_value.tv_nsec = (long)(when % 1000000000) + (when == 0); /* all zero would disarm */
	}
	timerfd_settime(a->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static void on_release(void *self)
{
	struct adapter *a = self;

	if (a->batch)
		a->batch->adapter = NULL;
	if (a->timer >= 0)
		close(a->timer);
	close(a->fd);
	free(a);
}

static const struct rill_loop epoll_loop = {
	.size = sizeof(epoll_loop),
	.add = on_add,
	.update = on_update,
	.remove = on_remove,
	.deadline = on_deadline,
	.release = on_release,
};

int rill_epoll_attach(struct rill_ctx *ctx)
{
	struct adapter *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	a->ctx = ctx;
	a->timer = -1;
	a->fd = epoll_create1(EPOLL_CLOEXEC);
	r = a->fd < 0 ? -errno : rill_ctx_attach(ctx, &epoll_loop, a);
	if (r == 0)
		return 0;
	if (a->fd >= 0)
		close(a->fd);
	free(a);
	return r;
}

int rill_epoll_fd(struct rill_ctx *ctx)
{
	struct adapter *a = rill_ctx_loop(ctx, &epoll_loop);
	struct epoll_event e = {.events = EPOLLIN};
	int r = rill_ctx_dispatch_fd(ctx, -1); /* of use for its codes alone */

	if (r < 0 && r != -EBUSY)
		return r;
	if (!a)
		return -ENOENT;
	if (a->timer >= 0)
		return a->fd;
	a->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (a->timer < 0)
		return -errno;
	if (epoll_ctl(a->fd, EPOLL_CTL_ADD, a->timer, &e) < 0) {
		r = -errno;
		close(a->timer);
		a->timer = -1;
		return r;
	}
	on_deadline(a, a->when);
	return a->fd;
}

static int dispatch_batch(struct rill_ctx *ctx, struct batch *batch)
{
	int count = 0, r;

	while (batch->next < batch->count) {
		struct rill_watch *w = batch->events[batch->next++].data.ptr;

		if (!w)
			continue;
		count++;
		r = rill_ctx_dispatch(ctx, w);
		if (r < 0)
			return r;
	}
	return count;
}

/* -1, for ever, is the longest. */
static int shorter(int timeout_ms, int other_ms)
{
	return (unsigned)timeout_ms < (unsigned)other_ms ? timeout_ms : other_ms;
}

static int attached(struct rill_ctx *ctx)
{
	int r = rill_ctx_dispatch_fd(ctx, -1); /* no fd: asked for its codes, -EBUSY above all */

	return r < 0 || rill_ctx_loop(ctx, &epoll_loop) ? r : rill_epoll_attach(ctx);
}

int rill_epoll_wait(struct rill_ctx *ctx, int timeout_ms)
{
	struct batch batch;
	int r = attached(ctx), due;

	if (r < 0)
		return r;
	batch.adapter = rill_ctx_loop(ctx, &epoll_loop);
	batch.next = 0;
	timeout_ms = shorter(timeout_ms, rill_ctx_timeout_ms(ctx));
	batch.count = epoll_wait(batch.adapter->fd, batch.events, BATCH, timeout_ms);
	if (batch.count < 0)
		return -errno;
	batch.adapter->batch = &batch;
	r = dispatch_batch(ctx, &batch);
	if (batch.adapter)
		batch.adapter->batch = NULL;
	if (r < 0 || rill_ctx_timeout_ms(ctx) != 0)
		return r;
	due = rill_ctx_dispatch(ctx, NULL);
	return due < 0 ? due : r + 1;
}
