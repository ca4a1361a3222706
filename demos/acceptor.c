/* demos/acceptor.c - accepts TCP connections and hands each, with the header that it read, to a worker process. When
 * all workers are full it stops accepting until one has room: nothing is dropped, nothing piles up. */
#include "acceptor.h"

#include <poll.h>
#include <rill/rill.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 2
#define CLIENTS 12

static struct rill_channel *workers[WORKERS];
static struct connection next = {.fd = -1}; /* waits for a worker */

/* Descriptor and header in one message. -EAGAIN: the worker holds as many as it said it would. */
static int hand_over(struct rill_channel *worker)
{
	struct iovec header = {next.header, next.len};
	struct rill_out out = {.size = sizeof(out), .parts = &header, .part_count = 1, .fds = &next.fd, .fd_count = 1};
	int r = rill_channel_sendmsg(worker, &out);

	if (r < 0)
		return r;
	close(next.fd); /* the worker has its own */
	next.fd = -1;
	return 0;
}

static void on_opened(struct rill_session *s, void *worker)
{
	check(rill_channel_open(worker, s, "connections", NULL, NULL, NULL));
}

/* Waits for Rill and for clients, but for clients only while none is in hand. */
static void turn(struct rill_ctx *ctx, int listener)
{
	struct pollfd fds[] = {{.fd = rill_epoll_fd(ctx), .events = POLLIN},
	                       {.fd = next.fd < 0 ? listener : -1, .events = POLLIN}};

	if (poll(fds, 2, -1) < 0)
		err(1, "poll");
	if (fds[1].revents)
		tcp_accept(listener, &next);
	check(rill_epoll_wait(ctx, 0));
}

int main(void)
{
	struct rill_session_events events = {.size = sizeof(events), .opened = on_opened};
	struct rill_session *s[WORKERS];
	struct rill_ctx *ctx;
	int socks[WORKERS], listener = tcp_listen(), handed = 0, held = 0;

	for (int i = 0; i < WORKERS; i++)
		socks[i] = worker_start(i + 1); /* they fork: before there is a ctx */
	tcp_clients(listener, CLIENTS);
	check(rill_ctx_create(&ctx, NULL));
	check(rill_epoll_attach(ctx));
	for (int i = 0; i < WORKERS; i++)
		check(rill_session_adopt(&s[i], ctx, socks[i], NULL, &events, &workers[i]));
	while (handed < CLIENTS) {
		turn(ctx, listener);
		for (int i = 0; next.fd >= 0 && i < WORKERS; i++)
			if (workers[i] && hand_over(workers[i]) == 0)
				handed++;
		held += next.fd >= 0;
	}
	for (int i = 0; i < WORKERS; i++)
		rill_session_close(s[i]); /* in order: what was handed over arrives */
	while (!rill_ctx_done(ctx))
		check(rill_epoll_wait(ctx, -1));
	rill_ctx_destroy(ctx);
	while (wait(NULL) > 0)
		;
	printf("%d connections handed over, %d times all workers were full\n", handed, held);
	return 0;
}
