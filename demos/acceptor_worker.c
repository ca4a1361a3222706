/* demos/acceptor_worker.c - a worker: one connection is served at a time, two more may wait in its session. It says so
 * once, by `fds`; the acceptor's -EAGAIN and writable() follow from that alone. */
#include "acceptor.h"

#include <rill/rill.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int done;

static void serve(int fd, int number, const struct rill_msg *header)
{
	usleep(5000); /* the work */
	dprintf(fd, "%.*s: done by worker %d\n", (int)header->len, (const char *)header->data, number);
	close(fd);
}

static void on_readable(struct rill_channel *ch, void *number)
{
	struct rill_msg msg;

	for (; rill_channel_recv(ch, &msg) == 0; rill_msg_release(&msg)) {
		int fd = rill_msg_take_fd(&msg, 0);

		check(fd);
		serve(fd, *(int *)number, &msg);
	}
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *number)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_readable};

	(void)s;
	rill_channel_set_events(ch, &events, number);
	return 0; /* taken */
}

static void on_closed(struct rill_session *s, int why, void *number)
{
	(void)s, (void)number;
	check(why);
	done = 1;
}

static void run(int sock, int number)
{
	struct rill_session_events events = {.size = sizeof(events), .channel = on_channel, .closed = on_closed};
	struct rill_session_options options = {.size = sizeof(options), .fds = 2};
	struct rill_session *s;
	struct rill_ctx *ctx;

	check(rill_ctx_create(&ctx, NULL));
	check(rill_session_adopt(&s, ctx, sock, &options, &events, &number));
	while (!done)
		check(rill_epoll_wait(ctx, -1));
	rill_ctx_destroy(ctx);
}

int worker_start(int number)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0)
		err(1, "worker");
	if (pid == 0) {
		dup2(pair[1], 3);
		closefrom(4); /* other workers' sockets too: a session lives as long as anyone holds its socket */
		run(3, number);
		exit(0);
	}
	close(pair[1]);
	return pair[0];
}
