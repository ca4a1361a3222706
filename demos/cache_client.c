/* demos/cache_client.c - asks a cache_server for each file of a directory tree, by name, and reads every byte where it
 * lies: in the server's memory, lent to us.
 *
 * One request is under way at any time; the next goes out when the last was answered and checked. The loop is the
 * user's choice; nothing in this file depends on it.
 */
#include "cache_answer.h"
#include "cache_job.h"
#include "cache_loop.h"

#include <errno.h>
#include <rill/rill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE                                                                           \
	"cache_client -s PATH | -f FD [-l epoll|libevent|libev] [-n PASSES] [-m MIB]\n" \
	"                    [-w LINGER_MICROSECONDS] [-t] [DIR]"

struct client {
	struct rill_ctx *ctx;
	struct rill_session *session;
	struct rill_channel *channel;
	struct job job;
	const struct tree_file *file; /* asked for, or about to be */
	bool done;
};

static void give_up(struct client *c, const char *why)
{
	fprintf(stderr, "cache_client: %s\n", why);
	c->done = true;
}

/* ---- The job --------------------------------------------------------------------------------------------------- */

/* Sends the request for c->file; when there is no room, on_writable() comes here again. */
static void send_request(struct client *c)
{
	struct iovec name = {c->file->name, strlen(c->file->name)};
	struct rill_out out = {.size = sizeof(out),
	                       .tag = c->job.next, /* as good an id as any: one is under way */
	                       .parts = &name,
	                       .part_count = 1};
	int r = rill_channel_sendmsg(c->channel, &out);

	if (r < 0 && r != -EAGAIN)
		give_up(c, strerror(-r));
}

static void ask(struct client *c)
{
	c->file = job_ask(&c->job);
	if (c->file)
		send_request(c);
	else
		c->done = true;
}

/* The body says how long the file is, loan 0 where it lies. 0, or why we do not have it. */
static int open_answer(const struct client *c, const struct rill_msg *msg, const void **ret_data, size_t *ret_len)
{
	struct answer head;

	if (msg->tag != c->job.next || rill_msg_copy(msg, &head, sizeof(head)) != sizeof(head))
		return -EPROTO;
	if (head.len < 0)
		return head.len == -ENOENT ? -ENOENT : -EPROTO;
	*ret_data = "";
	*ret_len = 0;
	return head.len ? rill_msg_loan(msg, 0, ret_data, ret_len) : 0;
}

static void on_readable(struct rill_channel *ch, void *user)
{
	struct client *c = user;
	struct rill_msg msg;
	const void *data;
	size_t len;

	while (!c->done && rill_channel_recv(ch, &msg) == 0) {
		int r = open_answer(c, &msg, &data, &len);

		if (r == 0)
			job_answer(&c->job, data, len);
		else
			job_refused(&c->job, r);
		rill_msg_release(&msg);
		ask(c);
	}
}

static void on_writable(struct rill_channel *ch, void *user)
{
	(void)ch;
	send_request(user);
}

static void on_channel_closed(struct rill_channel *ch, int why, void *user)
{
	(void)ch;
	give_up(user, why ? strerror(-why) : "the server closed the channel");
}

static const struct rill_channel_events channel_events = {
	.size = sizeof(channel_events),
	.readable = on_readable,
	.writable = on_writable,
	.closed = on_channel_closed,
};

/* ---- The session ----------------------------------------------------------------------------------------------- */

static void on_opened(struct rill_session *s, void *user)
{
	struct client *c = user;
	int r = rill_channel_open(&c->channel, s, "files", NULL, &channel_events, c);

	if (r == 0)
		ask(c);
	else
		give_up(c, strerror(-r));
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)why;
	give_up(user, rill_session_why(s));
}

static const struct rill_session_events session_events = {
	.size = sizeof(session_events),
	.opened = on_opened,
	.closed = on_closed,
};

static int join(struct client *c, const struct options *o)
{
	/* A server on an inherited socket may still be reading its files. */
	struct rill_session_options so = {.size = sizeof(so), .handshake_ms = 60000};

	if (o->path)
		return rill_session_connect(&c->session, c->ctx, o->path, &so, &session_events, c);
	return rill_session_adopt(&c->session, c->ctx, o->fd, &so, &session_events, c);
}

/* ---- The program ----------------------------------------------------------------------------------------------- */

typedef int loop_fn(struct rill_ctx *ctx, const bool *done);

static loop_fn *loop_named(const char *name)
{
	if (strcmp(name, "libevent") == 0)
		return loop_libevent;
	if (strcmp(name, "libev") == 0)
		return loop_libev;
	return strcmp(name, "epoll") == 0 ? loop_epoll : NULL;
}

static int run(struct client *c, const struct options *o)
{
	struct rill_ctx_options ctx = {.size = sizeof(ctx), .linger_ns = o->linger_ns};
	loop_fn *loop = loop_named(o->loop);
	int r = loop ? rill_ctx_create(&c->ctx, &ctx) : -ENOSYS;

	if (r == 0)
		r = join(c, o);
	if (r == 0)
		r = loop(c->ctx, &c->done);
	rill_session_close(c->session);
	rill_ctx_destroy(c->ctx);
	return r;
}

int main(int argc, char **argv)
{
	struct options o = options_parse(argc, argv, "s:f:l:n:m:w:t", USAGE);
	struct client c = {.done = false};
	int r = job_begin(&c.job, &o);
	int status = 1;

	if (r == 0) {
		r = run(&c, &o);
		if (r == -ENOSYS)
			tree_free(&c.job.tree);
		else
			status = job_end(&c.job);
	}
	if (r < 0)
		fprintf(stderr, "cache_client: %s\n", r == -ENOSYS ? "built without that loop" : strerror(-r));
	return r == -ENOSYS ? 77 : status;
}
