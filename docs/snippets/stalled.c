/* docs/snippets/stalled.c - for docs/failure-stalled-peer.md: a child stops itself, and goes on when it is told to. */
#include <err.h>
#include <rill/rill.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned told;

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

static void on_stalled(struct rill_session *s, void *user)
{
	printf("%s\n", rill_session_why(s));
	told++;
	check(kill(*(pid_t *)user, SIGCONT));
}

static void on_running(struct rill_session *s, void *user)
{
	(void)user;
	printf("%s\n", rill_session_why(s));
	told++;
}

static void child(int fd)
{
	struct rill_session *s;
	struct rill_ctx *ctx;

	check(rill_ctx_create(&ctx, NULL));
	check(rill_session_adopt(&s, ctx, fd, NULL, NULL, NULL));
	while (rill_session_status(s) == 0)
		check(rill_epoll_wait(ctx, 10000));
	raise(SIGSTOP);
	while (rill_session_status(s) == 1)
		check(rill_epoll_wait(ctx, 10000));
	rill_ctx_destroy(ctx);
	_exit(0);
}

int main(void)
{
	struct rill_session_options options = {
		.size = sizeof(options),
		.heartbeat_ms = 100, /* a peer that does not dispatch for so long ... */
		.keep_stalled = 1,   /* ... is told by stalled() and running(); without this it is ended: closed(-ESTALE) */
	};
	struct rill_session_events events = {
		.size = sizeof(events),
		.stalled = on_stalled,
		.running = on_running,
	};
	struct rill_session *s;
	struct rill_ctx *ctx;
	pid_t pid;
	int fds[2];

	check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		child(fds[1]);
	}
	close(fds[1]);
	check(rill_ctx_create(&ctx, NULL));
	check(rill_session_adopt(&s, ctx, fds[0], &options, &events, &pid));
	while (told < 2)
		check(rill_epoll_wait(ctx, 10000));
	rill_session_close(s);
	rill_ctx_destroy(ctx);
	check(kill(pid, SIGKILL)); /* it may have been slow, and stop itself only now */
	check(waitpid(pid, NULL, 0));
	return 0;
}
