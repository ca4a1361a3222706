/* tests/bench/session.c - the same round trip through Rill: spinning, asleep in epoll, with linger, and spinning among 10,000
 * idle channels. Both sides do everything in readable(); the rows differ only in how they wait. */
#include "tests/bench/bench.h"

#include <errno.h>
#include <rill/rill.h>
#include <string.h>
#include <unistd.h>

#define CROWD 10000
#define LINGER_NS 50000
#define SPIN_NS 1000000

/* One side. */
struct side {
	struct rill_ctx *ctx;
	struct rill_session *session;
	struct rill_channel *channel;
	struct trips *trips;
	unsigned opened; /* channels that the peer has taken */
	bool done;
	int error;
};

static void fail(struct side *s, int error)
{
	if (!s->error)
		s->error = error;
	s->done = true;
}

static void on_end(struct rill_session *session, int why, void *user)
{
	(void)session;
	fail(user, why ? why : -EPIPE);
}

/* ---- server: says back what it hears --------------------------------------------------------------------------- */

static void echo(struct rill_channel *ch, void *user)
{
	struct rill_room room;
	struct rill_msg msg;

	while (rill_channel_recv(ch, &msg) == 0) {
		int r = rill_channel_reserve(ch, msg.len, &room);

		if (r == 0) {
			memcpy(room.data, msg.data, msg.len);
			r = rill_channel_commit(ch, msg.len);
		}
		rill_msg_release(&msg);
		if (r < 0)
			fail(user, r);
	}
}

static int on_channel(struct rill_session *session, struct rill_channel *ch, void *user)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = echo};

	(void)session;
	rill_channel_set_events(ch, &events, user);
	return 0;
}

/* ---- client: the next request leaves when the answer is there -------------------------------------------------- */

static int ask(struct side *s)
{
	struct rill_room room;
	int r = rill_channel_reserve(s->channel, BENCH_PAYLOAD, &room);

	if (r < 0)
		return r;
	memset(room.data, 1, BENCH_PAYLOAD);
	return rill_channel_commit(s->channel, BENCH_PAYLOAD);
}

static void on_answer(struct rill_channel *ch, void *user)
{
	unsigned char payload[BENCH_PAYLOAD];
	struct side *s = user;
	struct rill_msg msg;
	int r;

	while (rill_channel_recv(ch, &msg) == 0) {
		r = rill_msg_copy(&msg, payload, sizeof(payload));
		rill_msg_release(&msg);
		if (r >= 0 && trips_next(s->trips))
			r = ask(s);
		else
			s->done = true;
		if (r < 0)
			fail(s, r);
	}
}

static void on_opened(struct rill_channel *ch, void *user)
{
	struct side *s = user;

	(void)ch;
	s->opened++;
}

static int open_channel(struct side *s)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .opened = on_opened, .readable = on_answer};
	int r;

	while ((r = rill_channel_open(&s->channel, s->session, "bench", NULL, &events, s)) == -EAGAIN)
		if ((r = rill_epoll_wait(s->ctx, -1)) < 0 && r != -EINTR)
			return r;
	return r;
}

/* Leaves s->channel at the last one. */
static int open_channels(struct side *s, unsigned count)
{
	int r = 0;

	for (unsigned i = 0; i < count && r >= 0; i++)
		r = open_channel(s);
	while (r >= 0 && !s->done && s->opened < count)
		r = rill_epoll_wait(s->ctx, -1);
	return r < 0 ? r : s->error;
}

/* ---- both ------------------------------------------------------------------------------------------------------ */

struct setting {
	uint64_t linger_ns;
	unsigned crowd; /* idle channels beside the busy one */
	bool spins;
};

static const struct setting spinning = {.spins = true};
static const struct setting crowded = {.spins = true, .crowd = CROWD};
static const struct setting asleep = {0};
static const struct setting lingering = {.linger_ns = LINGER_NS};

static int begin(struct side *s, int fd, const struct setting *how)
{
	static const struct rill_session_events events = {.size = sizeof(events), .channel = on_channel, .closed = on_end};
	struct rill_ctx_options waiting = {.size = sizeof(waiting), .linger_ns = how->linger_ns};
	struct rill_session_options limits = {.size = sizeof(limits)};
	int r = rill_ctx_create(&s->ctx, &waiting);

	if (how->crowd) {
		limits.channels = how->crowd + 1;
		limits.ring_bytes = 4096; /* 10,000 of the default would be 160 MB a side */
	}
	if (r < 0)
		return r;
	return rill_session_adopt(&s->session, s->ctx, fd, &limits, &events, s);
}

/* Until there is nothing more to do. A spinner looks at its socket now and then, as rill_ctx_poll() asks for. */
static int run(struct side *s, const struct setting *how)
{
	int r = 0;

	while (!s->done && (r >= 0 || r == -EINTR)) {
		r = how->spins ? rill_ctx_poll(s->ctx, SPIN_NS) : rill_epoll_wait(s->ctx, -1);
		if (how->spins && r == 0)
			r = rill_epoll_wait(s->ctx, 0);
	}
	return r < 0 ? r : s->error;
}

static int serve_with(const struct pair *p, const struct setting *how)
{
	struct side s = {0};
	int r = begin(&s, p->sockets[0], how);

	while (r >= 0 && !s.done && rill_session_status(s.session) == 0)
		r = rill_epoll_wait(s.ctx, -1);
	if (r >= 0)
		r = run(&s, how);
	rill_ctx_destroy(s.ctx);
	return r;
}

static int ask_with(const struct pair *p, struct trips *t, const struct setting *how)
{
	struct side s = {.trips = t};
	int fd = dup(p->sockets[1]); /* the session owns what it adopts */
	int r = fd < 0 ? -errno : begin(&s, fd, how);

	if (r == 0)
		r = open_channels(&s, how->crowd + 1);
	if (r == 0) {
		trips_begin(t);
		r = ask(&s);
	}
	if (r == 0)
		r = run(&s, how);
	rill_ctx_destroy(s.ctx);
	return r;
}

static int serve_spinning(const struct pair *p)
{
	return serve_with(p, &spinning);
}

static int ask_spinning(const struct pair *p, struct trips *t)
{
	return ask_with(p, t, &spinning);
}

static int serve_asleep(const struct pair *p)
{
	return serve_with(p, &asleep);
}

static int ask_asleep(const struct pair *p, struct trips *t)
{
	return ask_with(p, t, &asleep);
}

static int serve_lingering(const struct pair *p)
{
	return serve_with(p, &lingering);
}

static int ask_lingering(const struct pair *p, struct trips *t)
{
	return ask_with(p, t, &lingering);
}

static int serve_crowded(const struct pair *p)
{
	return serve_with(p, &crowded);
}

static int ask_crowded(const struct pair *p, struct trips *t)
{
	return ask_with(p, t, &crowded);
}

const struct row spinning_row = {
	.key = "b",
	.name = "Rill, spinning",
	.trips = 200000,
	.server = serve_spinning,
	.client = ask_spinning,
};

const struct row asleep_row = {
	.key = "d",
	.name = "Rill, asleep in epoll",
	.trips = 6000,
	.server = serve_asleep,
	.client = ask_asleep,
};

const struct row linger_row = {
	.key = "e",
	.name = "Rill, epoll with linger",
	.trips = 200000,
	.server = serve_lingering,
	.client = ask_lingering,
};

const struct row crowded_row = {
	.key = "g",
	.name = "b beside 10,000 idle channels",
	.trips = 200000,
	.server = serve_crowded,
	.client = ask_crowded,
};
