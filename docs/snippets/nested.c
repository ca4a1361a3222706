/* docs/snippets/nested.c - Rill as one readable descriptor in a loop that knows nothing of it: docs/your-own-loop.md. */
#include <err.h>
#include <poll.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int done;

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

static void on_opened(struct rill_session *s, void *user)
{
	(void)user;
	rill_session_close(s);
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)user;
	printf("%s (%d)\n", rill_session_why(s), why);
	done = 1;
}

static void run(struct rill_ctx *ctx, int own)
{
	struct pollfd fds[2] = {{.fd = own, .events = POLLIN}, {.events = POLLIN}};

	check(rill_epoll_attach(ctx));
	fds[1].fd = rill_epoll_fd(ctx);
	check(fds[1].fd);
	while (!done) {
		if (poll(fds, 2, -1) < 0)
			err(1, "poll");
		if (fds[1].revents)
			check(rill_epoll_wait(ctx, 0));
		if (fds[0].revents)
			puts("the program's own descriptor");
	}
}

int main(void)
{
	struct rill_session_events a = {.size = sizeof(a), .opened = on_opened};
	struct rill_session_events b = {.size = sizeof(b), .closed = on_closed};
	struct rill_session *s;
	struct rill_ctx *ctx;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	check(rill_ctx_create(&ctx, NULL));
	check(rill_session_adopt(&s, ctx, pair[0], NULL, &a, NULL));
	check(rill_session_adopt(&s, ctx, pair[1], NULL, &b, NULL));
	run(ctx, -1); /* poll() ignores a negative descriptor */
	rill_ctx_destroy(ctx);
	return 0;
}
