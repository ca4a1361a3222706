/* docs/snippets/emitter.c - docs/serializers.md: any serializer that writes into memory it is given, here a JSON-like one of a
 * few lines, writes straight into the channel's reserved room; and one that must first know the size. */
#include <errno.h>
#include <rill/rill.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* ---- The serializer: knows nothing of Rill ---------------------------------------------------------------------- */

struct emitter {
	char *at;
	size_t left;
	size_t need; /* what it took, or would have taken */
};

__attribute__((format(printf, 2, 3))) static void emit(struct emitter *e, const char *text, ...)
{
	va_list args;
	int len;

	va_start(args, text);
	len = vsnprintf(e->at, e->left, text, args);
	va_end(args);
	if (len < 0)
		return;
	e->need += (size_t)len;
	if (e->left) { /* else only counting */
		size_t wrote = (size_t)len < e->left ? (size_t)len : e->left;

		e->at += wrote;
		e->left -= wrote;
	}
}

struct point {
	int x, y;
};

static void emit_points(struct emitter *e, const struct point *points, size_t count)
{
	emit(e, "[");
	for (size_t i = 0; i < count; i++)
		emit(e, "%s{\"x\":%d,\"y\":%d}", i ? "," : "", points[i].x, points[i].y);
	emit(e, "]");
}

/* ---- Into reserved room ----------------------------------------------------------------------------------------- */

/* Room for as much as it may become; committed for as much as it became. */
static int send_bounded(struct rill_channel *ch, const struct point *points, size_t count)
{
	size_t bound = 3 + count * 40;
	struct rill_room room;
	struct emitter e;
	int r = rill_channel_reserve(ch, bound, &room);

	if (r < 0)
		return r; /* -EAGAIN: writable() will tell */
	e = (struct emitter){.at = room.data, .left = room.len};
	emit_points(&e, points, count);
	return rill_channel_commit(ch, e.need);
}

/* Counted first, where no bound is known: the second run writes exactly that. */
static int send_counted(struct rill_channel *ch, const struct point *points, size_t count)
{
	struct emitter counts = {0}, writes;
	struct rill_room room;
	int r;

	emit_points(&counts, points, count);
	r = rill_channel_reserve(ch, counts.need + 1, &room); /* vsnprintf's NUL is not sent */
	if (r < 0)
		return r;
	writes = (struct emitter){.at = room.data, .left = room.len};
	emit_points(&writes, points, count);
	return rill_channel_commit(ch, counts.need);
}

/* ---- Both ends in one process ----------------------------------------------------------------------------------- */

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	(void)s;
	*(struct rill_channel **)user = ch;
	return 0;
}

static int print_next(struct rill_ctx *ctx, struct rill_channel *ch)
{
	struct rill_msg msg;
	int r;

	while ((r = rill_channel_recv(ch, &msg)) == -EAGAIN)
		if ((r = rill_epoll_wait(ctx, 1000)) < 0)
			return r;
	if (r < 0)
		return r;
	printf("%.*s\n", (int)msg.len, (const char *)msg.data);
	rill_msg_release(&msg);
	return 0;
}

int main(void)
{
	static const struct point points[] = {{1, 2}, {-3, 4}};
	struct rill_session_events events = {.size = sizeof(events), .channel = on_channel};
	struct rill_channel *out, *in = NULL;
	struct rill_session *a, *b;
	struct rill_ctx *ctx;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || rill_ctx_create(&ctx, NULL) < 0 ||
	    rill_session_adopt(&a, ctx, pair[0], NULL, NULL, NULL) < 0 ||
	    rill_session_adopt(&b, ctx, pair[1], NULL, &events, &in) < 0)
		return 1;
	while (rill_session_status(a) == 0)
		if (rill_epoll_wait(ctx, 1000) < 0)
			return 1;
	if (rill_channel_open(&out, a, "points", NULL, NULL, NULL) < 0 || send_bounded(out, points, 2) < 0 ||
	    send_counted(out, points, 2) < 0)
		return 1;
	while (!in)
		if (rill_epoll_wait(ctx, 1000) < 0)
			return 1;
	if (print_next(ctx, in) < 0 || print_next(ctx, in) < 0)
		return 1;
	rill_ctx_destroy(ctx);
	return 0;
}
