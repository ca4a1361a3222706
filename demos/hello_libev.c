/* demos/hello_libev.c - Rill inside a program that runs on libev: rill_libev_attach() is all that it takes. When
 * neither the program nor Rill has anything to wait for, the loop ends by itself. */
#include <err.h>
#include <ev.h>
#include <rill/libev.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* The program as it was. */
static void on_tick(struct ev_loop *loop, struct ev_timer *timer, int what)
{
	(void)loop, (void)timer, (void)what;
	printf("the program's own timer\n");
}

/* Its new worker says hello ... */
static void worker_opened(struct rill_session *s, void *user)
{
	struct rill_channel *ch;

	check(rill_channel_open(&ch, s, "greetings", NULL, NULL, user));
	check(rill_channel_send(ch, "hello", 5));
	rill_session_close(s); /* in order: what was sent arrives */
}

/* ... and it listens. */
static void on_readable(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	for (; rill_channel_recv(ch, &msg) == 0; rill_msg_release(&msg))
		printf("the worker: %.*s\n", (int)msg.len, (const char *)msg.data);
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_readable};

	(void)s;
	rill_channel_set_events(ch, &events, user);
	return 0; /* taken */
}

int main(void)
{
	struct rill_session_events worker = {.size = sizeof(worker), .opened = worker_opened};
	struct rill_session_events host = {.size = sizeof(host), .channel = on_channel};
	struct ev_loop *loop;
	struct ev_timer timer;
	struct rill_session *s;
	struct rill_ctx *ctx;
	int pair[2], pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0)
		err(1, "socketpair, fork");
	close(pair[pid != 0]);
	loop = ev_loop_new(0);
	check(rill_ctx_create(&ctx, NULL));
	check(rill_libev_attach(ctx, loop));
	check(rill_session_adopt(&s, ctx, pair[pid == 0], NULL, pid ? &host : &worker, NULL));
	ev_timer_init(&timer, on_tick, 0.01, 0.);
	if (pid)
		ev_timer_start(loop, &timer);
	ev_run(loop, 0);
	rill_ctx_destroy(ctx);
	ev_loop_destroy(loop);
	return pid && wait(NULL) < 0;
}
