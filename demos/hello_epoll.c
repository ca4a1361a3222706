/* demos/hello_epoll.c - two processes meet at a path and one says hello; each waits in epoll. */
#include <err.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int done;

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

static void on_readable(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	for (; rill_channel_recv(ch, &msg) == 0; rill_msg_release(&msg))
		printf("%s got %.*s\n", (char *)user, (int)msg.len, (const char *)msg.data);
}

static const struct rill_channel_events channel_events = {.size = sizeof(channel_events), .readable = on_readable};

static void on_opened(struct rill_session *s, void *user) /* the client's */
{
	struct rill_channel *ch;

	check(rill_channel_open(&ch, s, "greetings", NULL, &channel_events, user));
	check(rill_channel_send(ch, "hello", 5));
	rill_session_close(s); /* in order: what was sent arrives */
	done = 1;
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user) /* the server's */
{
	(void)s;
	rill_channel_set_events(ch, &channel_events, user);
	return 0; /* taken */
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	printf("%s: %s (%d)\n", (char *)user, rill_session_why(s), why);
	done = 1;
}

static const struct rill_session_events server = {.size = sizeof(server), .channel = on_channel, .closed = on_closed};

static void on_accepted(struct rill_listener *l, struct rill_session *s, void *user)
{
	(void)l;
	rill_session_set_events(s, &server, user);
}

int main(void)
{
	struct rill_session_events client = {.size = sizeof(client), .opened = on_opened, .closed = on_closed};
	struct rill_listener_events listener = {.size = sizeof(listener), .accepted = on_accepted};
	struct rill_listener *l;
	struct rill_session *s;
	struct rill_ctx *ctx;
	char path[64];

	snprintf(path, sizeof(path), "/tmp/rill-hello-%d", (int)getpid());
	check(rill_ctx_create(&ctx, NULL));
	check(rill_listener_create(&l, ctx, path, NULL, &listener, "server"));
	if (fork() == 0) {
		rill_ctx_destroy(ctx); /* a child first lets go of its parent's */
		check(rill_ctx_create(&ctx, NULL));
		check(rill_session_connect(&s, ctx, path, NULL, &client, "client"));
	}
	while (!done)
		check(rill_epoll_wait(ctx, -1));
	rill_ctx_destroy(ctx); /* the session and the listener with it, and the path */
	return 0;
}
