/* adapters/select.c - a ctx on select(2): two sets, and the watches by descriptor.
 *
 * A batch of fetched sets lives on the stack of rill_select_wait(), so that it outlives the adapter. A descriptor in it whose
 * watch was removed has none.
 */
#include <rill/select.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/select.h>

struct batch {
	struct adapter *adapter; /* NULL once released */
	fd_set in, out;
	int end; /* one above the highest */
};

struct adapter {
	struct rill_watch *watches[FD_SETSIZE];
	fd_set in, out;
	int end;
	struct batch *batch;
};

static void on_update(void *self, struct rill_watch *w)
{
	struct adapter *a = self;

	FD_CLR(w->fd, &a->in);
	FD_CLR(w->fd, &a->out);
	if (w->events & POLLIN)
		FD_SET(w->fd, &a->in);
	if (w->events & POLLOUT)
		FD_SET(w->fd, &a->out);
}

static int on_add(void *self, struct rill_watch *w)
{
	struct adapter *a = self;

	if (w->fd >= FD_SETSIZE)
		return -ERANGE;
	a->watches[w->fd] = w;
	if (w->fd >= a->end)
		a->end = w->fd + 1;
	on_update(a, w);
	return 0;
}

static void on_remove(void *self, struct rill_watch *w)
{
	struct adapter *a = self;

	FD_CLR(w->fd, &a->in);
	FD_CLR(w->fd, &a->out);
	a->watches[w->fd] = NULL;
	while (a->end > 0 && !a->watches[a->end - 1])
		a->end--;
}

/* Nothing to arm: rill_select_wait() asks for the timeout each time. */
static void on_deadline(void *self, uint64_t when)
{
	(void)self, (void)when;
}

static void on_release(void *self)
{
	struct adapter *a = self;

	if (a->batch)
		a->batch->adapter = NULL;
	free(a);
}

static const struct rill_loop select_loop = {
	.size = sizeof(select_loop),
	.add = on_add,
	.update = on_update,
	.remove = on_remove,
	.deadline = on_deadline,
	.release = on_release,
};

static int attach(struct rill_ctx *ctx)
{
	struct adapter *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	r = rill_ctx_attach(ctx, &select_loop, a);
	if (r < 0)
		on_release(a);
	return r;
}

static int dispatch_batch(struct rill_ctx *ctx, struct batch *batch)
{
	int count = 0, fd, r;

	for (fd = 0; batch->adapter && fd < batch->end; fd++) {
		struct rill_watch *w = batch->adapter->watches[fd];

		if (!w || (!FD_ISSET(fd, &batch->in) && !FD_ISSET(fd, &batch->out)))
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

	return r < 0 || rill_ctx_loop(ctx, &select_loop) ? r : attach(ctx);
}

static int wait_for(struct batch *b, int timeout_ms)
{
	struct timeval t = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};

	b->in = b->adapter->in;
	b->out = b->adapter->out;
	b->end = b->adapter->end;
	return select(b->end, &b->in, &b->out, NULL, timeout_ms < 0 ? NULL : &t);
}

int rill_select_wait(struct rill_ctx *ctx, int timeout_ms)
{
	struct batch batch;
	int r = attached(ctx), due;

	if (r < 0)
		return r;
	batch.adapter = rill_ctx_loop(ctx, &select_loop);
	if (wait_for(&batch, shorter(timeout_ms, rill_ctx_timeout_ms(ctx))) < 0)
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
