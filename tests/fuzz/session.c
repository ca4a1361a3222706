/* tests/fuzz/session.c - any bytes as a whole session: what its user does, what its peer does, shared memory and descriptors
 * included. What must hold: no crash, no hang, nothing left open or mapped; an end has a documented reason and is told once; a
 * session beside it on the same ctx goes on. */
#include "tests/fuzz/support/play.h"
#include "tests/fuzz/support/still.h"

#include <stdlib.h>

/* ---- A session beside ------------------------------------------------------------------------------------------- */

struct beside {
	struct rill_session *s[2];
	struct rill_channel *ch;
	unsigned messages, closed;
};

static void beside_readable(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	while (rill_channel_recv(ch, &msg) == 0) {
		((struct beside *)user)->messages++;
		rill_msg_release(&msg);
	}
}

static int beside_offer(struct rill_session *s, struct rill_channel *ch, void *user)
{
	const struct rill_channel_events events = {.size = sizeof(events), .readable = beside_readable};

	(void)s;
	return rill_channel_set_events(ch, &events, user);
}

static void beside_closed(struct rill_session *s, int why, void *user)
{
	(void)s, (void)why;
	((struct beside *)user)->closed++;
}

static const struct rill_session_events beside_events = {
	.size = sizeof(beside_events),
	.channel = beside_offer,
	.closed = beside_closed,
};

static const struct rill_session_options small = {
	.size = sizeof(small),
	.handshake_ms = 1000,
	.close_ms = 1000,
	.ring_bytes = PLAY_RING,
	.arena_bytes = 1 << 18,
	.mapped_bytes = 1 << 20,
	.channels = PLAY_CHANNELS / 2,
	.loans = 4,
	.arenas = 4,
	.fds = 6,
};

static void beside_open(struct play *p, struct beside *b)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	for (int i = 0; i < 2; i++)
		if (rill_session_adopt(&b->s[i], p->ctx, pair[i], &small, &beside_events, b) < 0)
			abort();
	for (int i = 0; i < 4; i++)
		rill_ctx_dispatch_all(p->ctx);
	if (rill_channel_open(&b->ch, b->s[0], "beside", NULL, NULL, NULL) < 0)
		abort();
}

static void beside_send(const struct beside *b, unsigned *sent)
{
	if (rill_channel_send(b->ch, "good", 4) < 0)
		still_broken("a session beside has no room", *sent);
	++*sent;
}

/* ---- The play --------------------------------------------------------------------------------------------------- */

static void begin(struct play *p, struct beside *b, unsigned how)
{
	struct rill_ctx_options c = {.size = sizeof(c), .now = still_clock, .clock = &p->now};
	struct rill_session_options o = small;
	int pair[2];

	o.socket_bell = how & 1;
	o.same_address = how >> 1 & 1;
	o.peers_may_write = how >> 2 & 1;
	o.fds = how & 8 ? 0 : 6;
	o.heartbeat_ms = how & 32 ? 40 : 0;
	o.keep_stalled = how >> 6 & (o.heartbeat_ms != 0);
	c.linger_ns = how & 16 ? 1000000 : 0;
	p->now = 1000000000;
	p->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (p->null < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || rill_ctx_create(&p->ctx, &c) < 0)
		abort();
	if (b)
		beside_open(p, b);
	if (rill_session_adopt(&p->session, p->ctx, pair[0], &o, &user_events, p) < 0)
		abort();
	liar_begin(p, pair[1]);
}

/* With nothing more to come: it must find rest. */
static void come_to_rest(struct play *p)
{
	p->in.left = 0;
	for (unsigned i = 0; p->ctx; i++) {
		user_dispatch(p);
		if (!p->ctx || rill_ctx_timeout_ms(p->ctx) != 0)
			break;
		p->now += 1000000;
		if (i > 10000)
			still_broken("no rest", i);
	}
}

static void end(struct play *p, const struct beside *b, unsigned sent)
{
	come_to_rest(p);
	if (b && p->ctx && (b->messages != sent || b->closed))
		still_broken("a session beside lost a message, or its life", b->messages);
	while (p->held_count > 6)
		rill_msg_release(&p->held[--p->held_count]);
	if (p->ctx)
		rill_ctx_destroy(p->ctx);
	while (p->held_count)
		rill_msg_release(&p->held[--p->held_count]);
	liar_end(p);
	close(p->null);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct play p = {.in = {bytes, len}};
	unsigned how = bytes_u8(&p.in), sent = 0;
	struct beside beside = {0}, *b = how >= 192 ? &beside : NULL;

	still_begin();
	begin(&p, b, how);
	for (unsigned i = 0; i < PLAY_STEPS && p.in.left; i++) {
		unsigned step = bytes_u8(&p.in);

		if (step >= 96)
			user_dispatch(&p);
		else if (step < LIAR_STEPS + 24)
			liar_step(&p, step % LIAR_STEPS);
		else
			user_step(&p, step % USER_STEPS);
		if (b && p.ctx && i % 64 == 63)
			beside_send(b, &sent);
	}
	end(&p, b, sent);
	still_end();
	return 0;
}

/* ---- What it begins with ---------------------------------------------------------------------------------------- */

enum { D = 200, U = 48 }; /* dispatch; the user's steps begin here */
enum {
	READ = 5,
	FDS = 1,
	EVENTFD = 3,
	BELL = 4,
	FRAME = 6,
	TAKE = 9,
	ARM = 10,
	BACK = 13,
	ENTRY = 14,
	OPEN = 16,
	ACCEPT = 17,
	CLOSE = 18,
	ARENA = 20,
	BEAT = 22
};

#define OPENED 0, 0, D, READ, D

static const uint8_t greeting[] = {OPENED};
/* its channel 1, two messages, a close */
static const uint8_t talk[] = {OPENED, OPEN,  1, 0, 0, 0, 5, 0, 0, D, D, READ, FRAME, 1, 0,     9, 0, 0, 0, 0, D,
                               D,      FRAME, 1, 1, 9, 7, 1, 0, 0, 0, D, D,    ARM,   0, CLOSE, 1, 0, 0, 0, D, D};
/* the user's channel 0, a small message, a large one, both given back */
static const uint8_t answered[] = {OPENED, U + 12, 0,     D, READ, ACCEPT, 0, 0,     0, 0, D, U + 22, 0, 40,
                                   U + 14, 0,      9,     D, READ, TAKE,   0, 0,     0, 0, 0, 0,      D, BACK,
                                   0,      D,      ENTRY, 3, 0,    0,      D, CLOSE, 0, 0, 0, 0,      D, D};
/* an arena of the peer's, a loan of it, held and released; descriptors */
static const uint8_t lent[] = {OPENED, OPEN, 1, 0, 0, 0,     5,     0,  0, D,   READ,  ARENA, 0,  0,       0, 0, 0,
                               0,      0,    0, 0, D, FRAME, 1,     16, 9, 0,   1,     0,     60, 0,       3, 0, 0,
                               0,      0,    0, 0, D, 4,     U + 5, 0,  D, FDS, 1,     0,     0,  0,       0, D, FRAME,
                               1,      2,    9, 1, 0, 0,     0,     0,  D, 4,   U + 6, 0,     D,  EVENTFD, 0, 0, D};

/* heartbeats, asked and answered */
static const uint8_t beats[] = {OPENED, BEAT, 1,    D, BEAT, 1, D,    BEAT, 0,    0, D, U + 21,
                                9,      D,    BEAT, 0, 0,    D, BEAT, 1,    BEAT, 1, D};

size_t fuzz_seed(unsigned n, uint8_t *to, size_t room)
{
	static const struct {
		const uint8_t *bytes;
		size_t len;
	} seeds[] = {{greeting, sizeof(greeting)},
	             {talk, sizeof(talk)},
	             {answered, sizeof(answered)},
	             {lent, sizeof(lent)},
	             {beats, sizeof(beats)}};

	if (n >= 2 * sizeof(seeds) / sizeof(seeds[0]) || seeds[n / 2].len > room)
		return 0;
	memcpy(to, seeds[n / 2].bytes, seeds[n / 2].len);
	to[0] = n & 1 ? 255 & ~8 : 0; /* with one beside, and all options */
	to[1] = n & 1 ? 2 + 8 : 0;
	return seeds[n / 2].len;
}
