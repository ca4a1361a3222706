/* tests/fuzz/listener.c - strangers at the door: up to four at once connect, say any packets with any descriptors in any order,
 * before they are admitted and after, and go. What must hold: no crash, no hang, nothing left open or mapped; accepted() only
 * for who said a true HELLO and was let in; and whatever they did, an honest one gets in afterwards. */
#include "tests/fuzz/support/play.h"
#include "tests/fuzz/support/still.h"

#include <stdlib.h>
#include <sys/un.h>

enum { CLIENTS = 4, SESSIONS = 3, STEPS = 200 };

struct scene {
	struct bytes in;
	uint64_t now;
	struct rill_ctx *ctx; /* NULL: destroyed, in a callback or not */
	struct rill_listener *listener;
	struct sockaddr_un name;
	socklen_t name_len;
	struct play client[CLIENTS];
	bool there[CLIENTS];
	struct rill_session *open[SESSIONS]; /* accepted, ours */
	unsigned admitted, accepted;
};

/* ---- Ours ------------------------------------------------------------------------------------------------------- */

static void forget(struct scene *s)
{
	s->listener = NULL;
	memset(s->open, 0, sizeof(s->open));
}

/* What a program does in a callback, now and then. */
static void whim(struct scene *s)
{
	unsigned how = bytes_u8(&s->in);

	if (how >= 252) {
		rill_ctx_destroy(s->ctx);
		s->ctx = NULL;
		forget(s);
	} else if (how >= 248) {
		rill_listener_close(s->listener);
		s->listener = NULL;
	}
}

static int on_admit(const struct rill_peer *peer, void *user)
{
	static const int words[] = {0, 0, 0, 0, 0, -EPERM, 1, -EACCES};
	struct scene *s = user;
	int e = words[bytes_below(&s->in, 8)];

	if (peer->socket.pid != getpid() || peer->sender.pid != getpid())
		still_broken("another's credentials", peer->sender.pid);
	s->admitted += e == 0;
	whim(s);
	return e;
}

static void on_closed(struct rill_session *session, int why, void *user)
{
	struct scene *s = user;
	unsigned i = 0;

	(void)why;
	while (i < SESSIONS && s->open[i] != session)
		i++;
	if (i == SESSIONS)
		still_broken("the end of a session that is not ours", why);
	rill_session_close(session);
	s->open[i] = NULL;
	whim(s);
}

static const struct rill_session_events session_events = {.size = sizeof(session_events), .closed = on_closed};

static void on_accepted(struct rill_listener *l, struct rill_session *session, void *user)
{
	struct scene *s = user;
	unsigned i = 0, how = bytes_u8(&s->in);

	if (l != s->listener || rill_session_status(session) == 0 || ++s->accepted > s->admitted)
		still_broken("accepted() of one that was not admitted, or is not open", rill_session_status(session));
	while (i < SESSIONS && s->open[i])
		i++;
	if (how >= 240 || i == SESSIONS)
		rill_session_abort(session, -EBUSY);
	else if (how >= 224)
		rill_session_close(session);
	else if (rill_session_set_events(session, &session_events, s) == 0)
		s->open[i] = session;
	whim(s);
}

static void on_listener_closed(struct rill_listener *l, int why, void *user)
{
	(void)l, (void)user;
	still_broken("the listener failed", why);
}

static const struct rill_listener_events events = {
	.size = sizeof(events),
	.accepted = on_accepted,
	.closed = on_listener_closed,
};

static void serve(struct scene *s)
{
	unsigned how = bytes_u8(&s->in), at = how % SESSIONS;

	if (!s->ctx || !s->open[at])
		return;
	if (how & 128)
		rill_session_abort(s->open[at], -EIO);
	else
		rill_session_close(s->open[at]);
	s->open[at] = NULL;
}

static void run(struct scene *s)
{
	for (unsigned i = 0; i < 2 && s->ctx; i++)
		rill_ctx_dispatch_all(s->ctx);
}

/* ---- Theirs ----------------------------------------------------------------------------------------------------- */

/* -1: nobody listens, or the backlog is full. */
static int dial(const struct scene *s)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		abort();
	if (connect(fd, (const struct sockaddr *)(const void *)&s->name, s->name_len) == 0)
		return fd;
	close(fd);
	return -1;
}

static void hang_up(struct scene *s, unsigned at)
{
	if (s->there[at])
		liar_end(&s->client[at]);
	s->there[at] = false;
}

static void come(struct scene *s, struct play *c)
{
	int fd = dial(s);

	if (fd < 0)
		return;
	memset(c, 0, sizeof(*c));
	c->in = s->in;
	liar_connect(c, fd);
	s->in = c->in;
	s->there[c - s->client] = true;
}

static void lie(struct scene *s, struct play *c, unsigned what)
{
	c->in = s->in;
	if (what < 6)
		liar_hello(c);
	else
		liar_step(c, bytes_below(&c->in, LIAR_STEPS));
	s->in = c->in;
}

static void step(struct scene *s)
{
	unsigned what = bytes_below(&s->in, 16), at = what < 10 ? bytes_below(&s->in, CLIENTS) : 0;

	if (what >= 12)
		run(s);
	else if (what == 11)
		serve(s);
	else if (what == 10)
		s->now += 10000000 * (uint64_t)bytes_u8(&s->in);
	else if (what == 9)
		hang_up(s, at);
	else if (!s->there[at])
		come(s, &s->client[at]);
	else
		lie(s, &s->client[at], what);
}

/* ---- The play --------------------------------------------------------------------------------------------------- */

static int listening(struct scene *s)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	s->name.sun_family = AF_UNIX;
	s->name_len = sizeof(s->name);
	if (fd < 0 || bind(fd, (struct sockaddr *)(void *)&s->name, sizeof(sa_family_t)) < 0 || listen(fd, 8) < 0 ||
	    getsockname(fd, (struct sockaddr *)(void *)&s->name, &s->name_len) < 0)
		abort();
	return fd;
}

static void begin(struct scene *s, unsigned how)
{
	struct rill_ctx_options c = {.size = sizeof(c), .now = still_clock, .clock = &s->now};
	struct rill_session_options o = {
		.size = sizeof(o),
		.handshake_ms = 1000,
		.close_ms = 1000,
		.ring_bytes = PLAY_RING,
		.arena_bytes = 1 << 18,
		.mapped_bytes = 1 << 20,
		.channels = PLAY_CHANNELS / 2,
		.loans = 4,
		.arenas = 4,
		.admit = on_admit,
		.admit_user = s,
	};
	struct rill_listener_options l = {.size = sizeof(l), .session = &o, .sessions = 2, .handshakes = 2};

	o.socket_bell = how & 1;
	o.same_address = how >> 1 & 1;
	o.fds = how & 4 ? 6 : 0;
	o.heartbeat_ms = how & 8 ? 40 : 0;
	s->now = 1000000000;
	if (rill_ctx_create(&s->ctx, &c) < 0 || rill_listener_adopt(&s->listener, s->ctx, listening(s), &l, &events, s) < 0)
		abort();
}

/* All of them gone, and each time limit over. */
static void come_to_rest(struct scene *s)
{
	s->in.left = 0;
	for (unsigned i = 0; i < CLIENTS; i++)
		hang_up(s, i);
	for (unsigned i = 0; i < 40; i++) {
		s->now += 100000000;
		run(s);
	}
}

static void let_an_honest_one_in(struct scene *s)
{
	unsigned before = s->accepted;
	struct raw raw;
	int fd = dial(s);

	if (fd < 0)
		still_broken("nobody can connect", 0);
	raw_init(&raw, fd);
	raw_greet(&raw);
	run(s);
	if (s->accepted != before + 1 || raw_meet(&raw) < 0)
		still_broken("an honest peer did not get in", s->accepted);
	raw_finish(&raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct scene s = {.in = {bytes, len}};

	still_begin();
	begin(&s, bytes_u8(&s.in));
	for (unsigned i = 0; i < STEPS && s.in.left; i++)
		step(&s);
	come_to_rest(&s);
	if (s.ctx && s.listener)
		let_an_honest_one_in(&s);
	if (s.ctx)
		rill_ctx_destroy(s.ctx);
	still_end();
	return 0;
}

/* ---- What it begins with ---------------------------------------------------------------------------------------- */

enum { HELLO = 0, STEP = 6, TIME = 10, SERVE = 11, RUN = 12 };
#define COME(at) HELLO, at, 0

static const uint8_t honest[] = {5, COME(0), HELLO, 0, 0, 0, RUN, 0, 0, 0, 0, STEP, 0, 5, RUN, SERVE, 0, RUN};
/* a HELLO that is too short, one with another descriptor, one said twice, one that never comes */
static const uint8_t wrong[] = {0, COME(0), HELLO, 0,   0,       208,   RUN,     COME(1), HELLO, 1,     200,
                                0, 211,     0,     RUN, COME(2), HELLO, 2,       0,       0,     HELLO, 2,
                                0, 0,       RUN,   0,   0,       0,     COME(3), RUN,     TIME,  200,   RUN};
/* more than there is room for, one of which goes; another packet first */
static const uint8_t crowd[] = {0,    COME(0), COME(1), COME(2), COME(3), RUN, 9,   1, HELLO, 0, 0, 0,   HELLO, 2,   0,  0,
                                STEP, 3,       1,       0,       0,       0,   RUN, 0, 0,     0, 0, RUN, SERVE, 129, RUN};

size_t fuzz_seed(unsigned n, uint8_t *to, size_t room)
{
	static const struct {
		const uint8_t *bytes;
		size_t len;
	} seeds[] = {{honest, sizeof(honest)}, {wrong, sizeof(wrong)}, {crowd, sizeof(crowd)}};

	if (n >= sizeof(seeds) / sizeof(seeds[0]) || seeds[n].len > room)
		return 0;
	memcpy(to, seeds[n].bytes, seeds[n].len);
	return seeds[n].len;
}
