/* demos/select_loop.c - a select() loop by hand: Rill says which descriptors it waits for, for what, and until when.
 * (Two sessions of one process talk to each other, to be short.) */
#include <err.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* One turn; descriptors of the program's own would join the sets here. */
static void turn(struct rill_ctx *ctx)
{
	struct pollfd fds[16]; /* enough: we know our sessions */
	size_t count = rill_ctx_pollfds(ctx, fds, 16);
	int ms = rill_ctx_timeout_ms(ctx);
	struct timeval timeout = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	fd_set in, out;

	FD_ZERO(&in);
	FD_ZERO(&out);
	for (size_t i = 0; i < count; i++) {
		if (fds[i].events & POLLIN)
			FD_SET(fds[i].fd, &in);
		if (fds[i].events & POLLOUT)
			FD_SET(fds[i].fd, &out);
	}
	if (select(FD_SETSIZE, &in, &out, NULL, ms < 0 ? NULL : &timeout) < 0)
		err(1, "select");
	for (size_t i = 0; i < count; i++)
		if (FD_ISSET(fds[i].fd, &in) || FD_ISSET(fds[i].fd, &out))
			check(rill_ctx_dispatch_fd(ctx, fds[i].fd)); /* if it is gone by now: no harm */
	check(rill_ctx_dispatch(ctx, NULL));                         /* what is due, if anything */
}

static void on_opened(struct rill_session *s, void *user)
{
	struct rill_channel *ch;

	check(rill_channel_open(&ch, s, "greetings", NULL, NULL, user));
	check(rill_channel_send(ch, "hello", 5));
	rill_session_close(s); /* in order: what was sent arrives */
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *inbox)
{
	(void)s;
	*(struct rill_channel **)inbox = ch; /* no events: it is read after each turn */
	return 0;
}

int main(void)
{
	struct rill_session_events host = {.size = sizeof(host), .channel = on_channel};
	struct rill_session_events guest = {.size = sizeof(guest), .opened = on_opened};
	struct rill_channel *inbox = NULL;
	struct rill_session *s;
	struct rill_ctx *ctx;
	struct rill_msg msg;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	check(rill_ctx_create(&ctx, NULL));
	check(rill_session_adopt(&s, ctx, pair[0], NULL, &host, &inbox));
	check(rill_session_adopt(&s, ctx, pair[1], NULL, &guest, NULL));
	while (!rill_ctx_done(ctx)) {
		turn(ctx);
		for (; inbox && rill_channel_recv(inbox, &msg) == 0; rill_msg_release(&msg))
			printf("got %.*s\n", (int)msg.len, (const char *)msg.data);
	}
	rill_ctx_destroy(ctx);
	return 0;
}
