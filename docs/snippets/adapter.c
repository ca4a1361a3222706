/* docs/snippets/adapter.c - an adapter to a loop that Rill does not know: docs/loop-contract.md.
 *
 * The loop is a stand-in for yours: handlers for descriptors, and timers. The adapter is what you would write. */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <rill/rill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* ---- A loop: whatever your program has ------------------------------------------------------------------------- */

#define HANDLERS 64

struct handler {
	int fd;
	short events;
	void (*ready)(void *data);
	void *data;
};

struct loop {
	struct handler *all[HANDLERS];
	unsigned count;
	uint64_t timer; /* ns; RILL_NEVER: not set */
	void (*expired)(void *data);
	void *timer_data;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int timeout_ms(uint64_t when)
{
	uint64_t now = now_ns();

	if (when == RILL_NEVER)
		return -1;
	if (when <= now)
		return 0;
	return (when - now) / 1000000 >= INT_MAX ? INT_MAX : (int)((when - now + 999999) / 1000000);
}

static int loop_find(const struct loop *l, const struct handler *h)
{
	for (unsigned i = 0; i < l->count; i++)
		if (l->all[i] == h)
			return (int)i;
	return -1;
}

static void loop_turn(struct loop *l)
{
	struct handler *batch[HANDLERS];
	struct pollfd fds[HANDLERS];
	unsigned count = l->count;

	for (unsigned i = 0; i < count; i++) {
		batch[i] = l->all[i];
		fds[i] = (struct pollfd){.fd = batch[i]->fd, .events = batch[i]->events};
	}
	poll(fds, count, timeout_ms(l->timer));
	for (unsigned i = 0; i < count; i++)
		if (fds[i].revents && loop_find(l, batch[i]) >= 0) /* a handler that was removed meanwhile is not called */
			batch[i]->ready(batch[i]->data);
	if (l->timer <= now_ns()) {
		l->timer = RILL_NEVER;
		l->expired(l->timer_data);
	}
}

/* ---- The adapter ----------------------------------------------------------------------------------------------- */

struct adapter {
	struct rill_ctx *ctx;
	struct loop *loop;
};

struct io {
	struct handler handler;
	struct adapter *adapter;
	struct rill_watch *watch;
};

static void on_ready(void *data)
{
	struct io *io = data;

	rill_ctx_dispatch(io->adapter->ctx, io->watch); /* last: io may be gone */
}

static void on_expired(void *data)
{
	struct adapter *a = data;

	rill_ctx_dispatch(a->ctx, NULL); /* last: a may be gone */
}

static int on_add(void *self, struct rill_watch *w)
{
	struct adapter *a = self;
	struct io *io;

	if (a->loop->count == HANDLERS)
		return -ENOSPC;
	io = calloc(1, sizeof(*io));
	if (!io)
		return -ENOMEM;
	io->handler = (struct handler){.fd = w->fd, .events = w->events, .ready = on_ready, .data = io};
	io->adapter = a;
	io->watch = w;
	w->adapter = io;
	a->loop->all[a->loop->count++] = &io->handler;
	return 0;
}

static void on_update(void *self, struct rill_watch *w)
{
	struct io *io = w->adapter;

	(void)self;
	io->handler.events = w->events;
}

static void on_remove(void *self, struct rill_watch *w)
{
	struct loop *l = ((struct adapter *)self)->loop;
	struct io *io = w->adapter;

	l->all[loop_find(l, &io->handler)] = l->all[l->count - 1];
	l->count--;
	free(io);
}

static void on_deadline(void *self, uint64_t when)
{
	((struct adapter *)self)->loop->timer = when; /* replaces the last one; one in the past fires in the next turn */
}

static void on_release(void *self)
{
	struct adapter *a = self;

	a->loop->timer = RILL_NEVER;
	free(a);
}

static const struct rill_loop my_loop = {
	.size = sizeof(my_loop),
	.add = on_add,
	.update = on_update,
	.remove = on_remove,
	.deadline = on_deadline,
	.release = on_release,
};

static int my_attach(struct rill_ctx *ctx, struct loop *loop)
{
	struct adapter *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	a->ctx = ctx;
	a->loop = loop;
	loop->expired = on_expired;
	loop->timer_data = a;

	r = rill_ctx_attach(ctx, &my_loop, a);
	if (r < 0)
		free(a);
	return r;
}

/* ---- A program on it ------------------------------------------------------------------------------------------- */

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

static void on_opened(struct rill_session *s, void *user)
{
	struct rill_channel *ch;

	check(rill_channel_open(&ch, s, "greetings", NULL, NULL, user));
	check(rill_channel_send(ch, "hello", 5));
	rill_session_close(s);
}

static void on_readable(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	for (; rill_channel_recv(ch, &msg) == 0; rill_msg_release(&msg))
		printf("%.*s\n", (int)msg.len, (const char *)msg.data);
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_readable};

	(void)s;
	rill_channel_set_events(ch, &events, user);
	return 0;
}

static void on_closed(struct rill_session *s, int why, void *ctx)
{
	(void)s, (void)why;
	rill_ctx_destroy(ctx); /* in a callback: the adapter's release runs below its own handler */
}

int main(void)
{
	struct rill_session_events host = {.size = sizeof(host), .channel = on_channel, .closed = on_closed};
	struct rill_session_events guest = {.size = sizeof(guest), .opened = on_opened};
	struct loop loop = {.timer = RILL_NEVER};
	struct rill_session *s;
	struct rill_ctx *ctx;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	check(rill_ctx_create(&ctx, NULL));
	check(my_attach(ctx, &loop));
	check(rill_session_adopt(&s, ctx, pair[0], NULL, &host, ctx));
	check(rill_session_adopt(&s, ctx, pair[1], NULL, &guest, NULL));
	while (loop.count > 0)
		loop_turn(&loop);
	return 0;
}
