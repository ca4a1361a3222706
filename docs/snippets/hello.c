/* docs/snippets/hello.c - a child says hello to its parent over a socketpair: the example in README.md. */
#include <rill/rill.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void say_hello(struct rill_session *s, void *user) /* the child: the session is open */
{
	struct rill_channel *ch;

	(void)user;
	if (rill_channel_open(&ch, s, "greetings", NULL, NULL, NULL) < 0 || rill_channel_send(ch, "hello", 5) < 0)
		_exit(1);
	rill_session_close(s); /* in order: what was sent arrives */
}

static int take_channel(struct rill_session *s, struct rill_channel *ch, void *user) /* the parent */
{
	(void)s;
	*(struct rill_channel **)user = ch;
	return 0; /* taken */
}

int main(void)
{
	static const struct rill_session_events child = {.size = sizeof(child), .opened = say_hello};
	static const struct rill_session_events parent = {.size = sizeof(parent), .channel = take_channel};
	struct rill_channel *inbox = NULL;
	struct rill_session *s;
	struct rill_ctx *ctx;
	struct rill_msg msg;
	int pair[2], pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0)
		return 1;
	close(pair[pid != 0]);
	if (rill_ctx_create(&ctx, NULL) < 0 ||
	    rill_session_adopt(&s, ctx, pair[pid == 0], NULL, pid ? &parent : &child, &inbox) < 0)
		return 1;
	while (!rill_ctx_done(ctx))
		if (rill_epoll_wait(ctx, -1) < 0)
			return 1;
	while (inbox && rill_channel_recv(inbox, &msg) == 0) { /* the peer has ended; what it sent has not */
		printf("%.*s\n", (int)msg.len, (const char *)msg.data);
		rill_msg_release(&msg);
	}
	rill_ctx_destroy(ctx);
	return 0;
}
