/* demos/socketpair.c - a socketpair before fork: parent and child are a session, with no path and no listener. */
#include <err.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int done;

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* The child builds a message where the parent will read it. */
static void child_opened(struct rill_session *s, void *user)
{
	struct rill_channel *ch;
	struct rill_room room;

	(void)user;
	check(rill_channel_open(&ch, s, "report", NULL, NULL, NULL));
	check(rill_channel_reserve(ch, 64, &room));
	check(rill_channel_commit(ch, (size_t)snprintf(room.data, 64, "all is well in %d", (int)getpid())));
	rill_session_close(s);
	done = 1;
}

static void parent_readable(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	for (; rill_channel_recv(ch, &msg) == 0; rill_msg_release(&msg))
		printf("%s: %.*s\n", rill_channel_name(ch), (int)msg.len, (const char *)msg.data);
}

static int parent_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = parent_readable};

	(void)s;
	rill_channel_set_events(ch, &events, user);
	return 0; /* taken */
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)user;
	printf("session: %s (%d)\n", rill_session_why(s), why);
	done = 1;
}

int main(void)
{
	struct rill_session_events child = {.size = sizeof(child), .opened = child_opened, .closed = on_closed};
	struct rill_session_events parent = {.size = sizeof(parent), .channel = parent_channel, .closed = on_closed};
	struct rill_session *s;
	struct rill_ctx *ctx;
	int pair[2], pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0)
		err(1, "socketpair, fork");
	close(pair[pid != 0]); /* the other's end: while we hold it, its death is not seen */
	check(rill_ctx_create(&ctx, NULL));
	check(rill_session_adopt(&s, ctx, pair[pid == 0], NULL, pid ? &parent : &child, NULL));
	while (!done)
		check(rill_epoll_wait(ctx, -1));
	rill_ctx_destroy(ctx);
	return pid && wait(NULL) < 0;
}
