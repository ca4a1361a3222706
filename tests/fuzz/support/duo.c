/* tests/fuzz/support/duo.c - see duo.h. */
#include "tests/fuzz/support/duo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

static void note(struct duo *d, struct rill_msg *msg)
{
	d->id[d->id_count++ % DUO_IDS] = d->id_of(msg);
	if (msg->loan_count && d->held_count < DUO_HELD && bytes_u8(&d->in) & 1)
		d->held[d->held_count++] = *msg;
	else
		rill_msg_release(msg);
}

static void peer_readable(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	while (rill_channel_recv(ch, &msg) == 0)
		note(user, &msg);
}

static void peer_channel_closed(struct rill_channel *ch, int why, void *user)
{
	struct duo *d = user;

	(void)why;
	if (d->peer == ch)
		d->peer = NULL;
	rill_channel_close(ch);
}

static const struct rill_channel_events peer_events = {
	.size = sizeof(peer_events),
	.readable = peer_readable,
	.closed = peer_channel_closed,
};

static int on_offer(struct rill_session *s, struct rill_channel *ch, void *user)
{
	struct duo *d = user;

	if (s == d->ours)
		return d->offer ? d->offer(d, ch) : -EACCES;
	if (d->peer)
		return -EBUSY;
	d->peer = ch;
	return rill_channel_set_events(ch, &peer_events, d);
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	struct duo *d = user;

	if (s != d->ours)
		return;
	if (d->closed++ || (why != -EPROTO && why != -ENOMEM && why != -EMFILE))
		still_broken("a session ended for a reason that is none", why);
	d->why = why;
}

static const struct rill_session_events events = {.size = sizeof(events), .channel = on_offer, .closed = on_closed};

static const struct rill_session_options small = {
	.size = sizeof(small),
	.ring_bytes = 2048,
	.arena_bytes = 1 << 18,
	.mapped_bytes = 1 << 20,
	.channels = 4,
	.loans = 8,
	.arenas = 4,
	.fds = 6,
};

void duo_begin(struct duo *d)
{
	struct rill_ctx_options o = {.size = sizeof(o), .now = still_clock, .clock = &d->now};
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = 1 << 16};
	int pair[2];

	still_begin();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || rill_ctx_create(&d->ctx, &o) < 0 ||
	    rill_session_adopt(&d->ours, d->ctx, pair[0], &small, &events, d) < 0 ||
	    rill_session_adopt(&d->theirs, d->ctx, pair[1], &small, &events, d) < 0 ||
	    rill_arena_create(&d->arena, d->ctx, &ao) < 0 || !(d->block = rill_arena_alloc(d->arena, DUO_BLOCK)))
		abort();
	memset(d->block, 0, DUO_BLOCK);
	duo_run(d);
}

void duo_end(struct duo *d)
{
	d->in.left = 0;
	duo_run(d);
	duo_release(d);
	rill_ctx_destroy(d->ctx);
	still_end();
}

void duo_run(struct duo *d)
{
	for (unsigned i = 0; i < 4; i++)
		if (rill_ctx_dispatch_all(d->ctx) != 0)
			still_broken("dispatch", i);
}

struct rill_channel *duo_open(struct duo *d, const char *name, const void *metadata, size_t len)
{
	struct rill_channel_options o = {.size = sizeof(o), .metadata = metadata, .metadata_len = len};

	if (d->peer || rill_channel_open(&d->peer, d->theirs, name, &o, &peer_events, d) < 0)
		return NULL;
	return d->peer;
}

uint64_t duo_id(struct duo *d)
{
	unsigned which = bytes_below(&d->in, DUO_IDS);

	return bytes_twist(&d->in, d->id[which]);
}

void duo_say(struct duo *d, const void *body, size_t len, uint64_t tag, bool lends)
{
	struct iovec part = {(void *)(uintptr_t)body, len};
	struct rill_loan loan = {.arena = d->arena, .data = d->block};
	struct rill_out out = {.size = sizeof(out), .tag = tag, .parts = &part, .part_count = len ? 1 : 0, .loans = &loan};

	if (lends) {
		out.loan_count = 1;
		loan.data = (char *)d->block + 8 * (uint64_t)bytes_u8(&d->in);
		loan.len = bytes_twist(&d->in, DUO_BLOCK / 2) % (DUO_BLOCK / 2 + 1);
	}
	if (d->peer)
		(void)!rill_channel_sendmsg(d->peer, &out);
}

void duo_scribble(struct duo *d)
{
	unsigned at = bytes_u8(&d->in);

	if (at >= 192) /* the end of half a block, where an object says what it is */
		at = DUO_BLOCK / 16 - 1 - at % 8;
	__atomic_store_n(&d->block[at], bytes_word(&d->in), __ATOMIC_RELAXED);
}

void duo_release(struct duo *d)
{
	while (d->held_count)
		rill_msg_release(&d->held[--d->held_count]);
}
