/* docs/snippets/upcase.c - a server that answers each message in capitals, and its client: docs/getting-started.md.
 *
 *	upcase serve PATH    upcase ask PATH TEXT    upcase (both, as two processes)
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* ---- The server ------------------------------------------------------------------------------------------------ */

static int served; /* sessions that have ended */

static void upcase(char *to, const char *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (char)toupper((unsigned char)from[i]);
}

static void answer(struct rill_channel *ch, void *user)
{
	struct rill_room room;
	struct rill_msg msg;
	size_t len;
	int r;

	(void)user;
	while (rill_channel_peek(ch, &len) == 0) {
		r = rill_channel_reserve(ch, len, &room);
		if (r == -EAGAIN) {
			rill_channel_pause(ch); /* go_on() resumes: nothing is dropped */
			return;
		}
		if (r < 0 || rill_channel_recv(ch, &msg) < 0) {
			rill_channel_abort(ch, -EIO);
			return;
		}
		upcase(room.data, msg.data, len);
		rill_msg_release(&msg);
		if (rill_channel_commit(ch, len) < 0)
			return; /* the channel has ended: closed() says so */
	}
}

static void go_on(struct rill_channel *ch, void *user)
{
	(void)user;
	rill_channel_resume(ch);
}

static void channel_ended(struct rill_channel *ch, int why, void *user)
{
	(void)why, (void)user;
	rill_channel_close(ch);
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	static const struct rill_channel_events events = {.size = sizeof(events),
	                                                  .readable = answer,
	                                                  .writable = go_on,
	                                                  .closed = channel_ended};

	if (strcmp(rill_channel_name(ch), "upcase") != 0)
		return -ENOENT; /* refused: the opener's closed() is told -ENOENT */
	(void)s;
	rill_channel_set_events(ch, &events, user);
	return 0;
}

static void session_ended(struct rill_session *s, int why, void *user)
{
	(void)user;
	if (why != 0) /* -ECONNRESET: the peer died; 0: it closed */
		warnx("session: %s", rill_session_why(s));
	rill_session_close(s);
	served++;
}

static void on_accepted(struct rill_listener *l, struct rill_session *s, void *user)
{
	static const struct rill_session_events events = {.size = sizeof(events),
	                                                  .channel = on_channel,
	                                                  .closed = session_ended};

	(void)l;
	rill_session_set_events(s, &events, user);
}

static struct rill_ctx *listen_at(const char *path)
{
	static const struct rill_listener_events events = {.size = sizeof(events), .accepted = on_accepted};
	struct rill_listener *l;
	struct rill_ctx *ctx;

	check(rill_ctx_create(&ctx, NULL));
	check(rill_listener_create(&l, ctx, path, NULL, &events, NULL));
	return ctx;
}

static void serve(struct rill_ctx *ctx, int sessions)
{
	while (served < sessions)
		check(rill_epoll_wait(ctx, -1));
	rill_ctx_destroy(ctx); /* the listener with it, and its path */
}

/* ---- The client ------------------------------------------------------------------------------------------------ */

static int done;

static void print(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	for (; rill_channel_recv(ch, &msg) == 0; rill_msg_release(&msg)) {
		printf("%.*s\n", (int)msg.len, (const char *)msg.data);
		done = 1;
	}
}

static void refused(struct rill_channel *ch, int why, void *user)
{
	(void)ch, (void)user;
	check(why ? why : -EPIPE);
}

static void on_opened(struct rill_session *s, void *text)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = print, .closed = refused};
	struct rill_channel *ch;

	check(rill_channel_open(&ch, s, "upcase", NULL, &events, NULL));
	check(rill_channel_send(ch, text, strlen(text))); /* at once: no need to wait for opened() */
}

static void on_closed(struct rill_session *s, int why, void *text)
{
	(void)text;
	errx(1, "%s (%d)", rill_session_why(s), why);
}

static void ask(const char *path, char *text)
{
	static const struct rill_session_events events = {.size = sizeof(events), .opened = on_opened, .closed = on_closed};
	struct rill_session *s;
	struct rill_ctx *ctx;

	check(rill_ctx_create(&ctx, NULL));
	check(rill_session_connect(&s, ctx, path, NULL, &events, text));
	while (!done)
		check(rill_epoll_wait(ctx, -1));
	rill_session_close(s);      /* in order ... */
	while (!rill_ctx_done(ctx)) /* ... and what that takes */
		check(rill_epoll_wait(ctx, -1));
	rill_ctx_destroy(ctx);
}

/* ---- Both ------------------------------------------------------------------------------------------------------ */

static void both(void)
{
	char path[64], text[] = "hello";
	struct rill_ctx *ctx;
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "/tmp/rill-upcase-%d", (int)getpid());
	ctx = listen_at(path);
	pid = fork();
	if (pid == 0) {
		rill_ctx_destroy(ctx); /* first of all: let go of what is the parent's */
		ask(path, text);
		_exit(fflush(stdout));
	}
	serve(ctx, 1);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		errx(1, "the client failed");
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		serve(listen_at(argv[2]), INT_MAX);
	else if (argc == 4 && strcmp(argv[1], "ask") == 0)
		ask(argv[2], argv[3]);
	else
		both();
	return 0;
}
