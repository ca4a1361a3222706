/* adapters/poll.c - a ctx on poll(2): two arrays, descriptors as poll() wants them and their watches.
 *
 * A batch is the arrays themselves, from `left` downwards: what lies above was dispatched, or added meanwhile, and has no
 * revents. So a remove may fill its gap with the last one; and nothing is left when release() comes.
 */
#include <rill/poll.h>

#include <errno.h>
#include <stdlib.h>

struct batch {
	struct adapter *adapter; /* NULL once released */
	size_t left;
};

struct adapter {
	struct pollfd *fds;
	struct rill_watch **watches; /* w->adapter is the index */
	size_t count, room;
	struct batch *batch;
};

static int make_room(struct adapter *a)
{
	size_t room = a->room ? 2 * a->room : 16;
	struct rill_watch **watches;
	struct pollfd *fds;

	fds = reallocarray(a->fds, room, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	a->fds = fds;
	watches = reallocarray(a->watches, room, sizeof(struct rill_watch *));
	if (!watches)
		return -ENOMEM;
	a->watches = watches;
	a->room = room;
	return 0;
}

static void place(struct adapter *a, struct rill_watch *w, struct pollfd fd, size_t at)
{
	a->fds[at] = fd;
	a->watches[at] = w;
	w->adapter = (void *)(uintptr_t)at;
}

static int on_add(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	int r = a->count == a->room ? make_room(a) : 0;

	if (r < 0)
		return r;
	place(a, w, (struct pollfd){.fd = w->fd, .events = w->events}, a->count++);
	return 0;
}

static void on_update(void *self, struct rill_watch *w)
{
	struct adapter *a = self;

	a->fds[(uintptr_t)w->adapter].events = w->events;
}

static void on_remove(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	size_t last = --a->count;

	place(a, a->watches[last], a->fds[last], (uintptr_t)w->adapter);
	if (a->batch && a->batch->left > last)
		a->batch->left = last;
}

/* Nothing to arm: rill_poll_wait() asks for the timeout each time. */
static void on_deadline(void *self, uint64_t when)
{
	(void)self, (void)when;
}

static void on_release(void *self)
{
	struct adapter *a = self;

	if (a->batch)
		a->batch->adapter = NULL;
	free(a->fds);
	free(a->watches);
	free(a);
}

static const struct rill_loop poll_loop = {
	.size = sizeof(poll_loop),
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
	r = rill_ctx_attach(ctx, &poll_loop, a);
	if (r < 0)
		on_release(a);
	return r;
}

static int dispatch_batch(struct rill_ctx *ctx, struct batch *batch)
{
	int count = 0, r;

	while (batch->left > 0) {
		size_t at = --batch->left;

		if (!batch->adapter->fds[at].revents)
			continue;
		batch->adapter->fds[at].revents = 0;
		count++;
		r = rill_ctx_dispatch(ctx, batch->adapter->watches[at]);
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

	return r < 0 || rill_ctx_loop(ctx, &poll_loop) ? r : attach(ctx);
}

int rill_poll_wait(struct rill_ctx *ctx, int timeout_ms)
{
	struct batch batch;
	int r = attached(ctx), due;

	if (r < 0)
		return r;
	batch.adapter = rill_ctx_loop(ctx, &poll_loop);
	batch.left = batch.adapter->count;
	timeout_ms = shorter(timeout_ms, rill_ctx_timeout_ms(ctx));
	if (poll(batch.adapter->fds, batch.left, timeout_ms) < 0)
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
