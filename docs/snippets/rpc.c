/* docs/snippets/rpc.c - docs/rpc.md: one side asks, the other answers; both in one process over a socketpair. */
#include <ctype.h>
#include <errno.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { UPPER = 1 };

/* The one who answers. */
static int on_upper(struct rill_request rq, struct rill_msg *msg, void *user)
{
	struct rill_room room;
	int r = rill_request_reserve(rq, true, msg->len, NULL, &room);

	(void)user;
	if (r < 0) /* -EAGAIN, no room now: a server would keep it, and answer in writable() */
		return r;
	for (size_t i = 0; i < msg->len; i++)
		((char *)room.data)[i] = (char)toupper(((const unsigned char *)msg->data)[i]);
	return rill_rpc_commit(rq.rpc, msg->len, NULL);
}

static const struct rill_handler handlers[] = {{.type = UPPER, .request = on_upper}};

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	struct rill_rpc_options options = {.size = sizeof(options), .handlers = handlers, .handler_count = 1};
	struct rill_rpc *rpc;

	(void)s;
	return rill_rpc_create(&rpc, ch, &options, NULL, user);
}

/* The one who asks. */
static void on_answer(const struct rill_answer *a, void *user)
{
	bool *done = user;

	if (a->end == RILL_ANSWERED)
		printf("%.*s\n", (int)a->msg->len, (const char *)a->msg->data);
	else
		printf("no answer: %s\n", strerror(-a->error));
	*done = true;
}

static int ask(struct rill_rpc *rpc, char *text, bool *done)
{
	struct rill_ask ask = {
		.size = sizeof(ask),
		.type = UPPER,
		.timeout_ns = 1000000000,
		.answered = on_answer,
		.user = done,
	};
	struct iovec part = {.iov_base = text, .iov_len = strlen(text)};
	struct rill_out out = {.size = sizeof(out), .parts = &part, .part_count = 1};

	return rill_rpc_call(rpc, &ask, &out, NULL);
}

int main(void)
{
	const struct rill_session_events server = {.size = sizeof(server), .channel = on_channel};
	struct rill_session *a, *b;
	struct rill_channel *ch;
	struct rill_rpc *rpc;
	struct rill_ctx *ctx;
	char text[] = "hello";
	bool done = false;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || rill_ctx_create(&ctx, NULL) < 0 ||
	    rill_session_adopt(&a, ctx, pair[0], NULL, NULL, NULL) < 0 ||
	    rill_session_adopt(&b, ctx, pair[1], NULL, &server, NULL) < 0)
		return 1;
	while (rill_session_status(a) == 0)
		if (rill_epoll_wait(ctx, -1) < 0)
			return 1;
	if (rill_channel_open(&ch, a, "upper", NULL, NULL, NULL) < 0 || rill_rpc_create(&rpc, ch, NULL, NULL, NULL) < 0 ||
	    ask(rpc, text, &done) < 0)
		return 1;
	while (!done)
		if (rill_epoll_wait(ctx, -1) < 0)
			return 1;
	rill_ctx_destroy(ctx);
	return 0;
}
