/* tests/unit/session/kill.c - kill -9 of either side at random moments under load. What was committed before is
 * delivered, then the
 * death is told, another session of the same ctx is served on, and nothing is left.
 *
 * The child notes in a shared page what it has committed, after each commit: the reader must get at least that, and at most one
 * message more on each channel. RILL_SEED repeats a run, RILL_KILLS says how many kills.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <rill/epoll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CHANNELS 3
#define LARGEST 60000

enum role { SENDS, RECEIVES };

/* written by the child alone */
struct noted {
	_Atomic uint64_t committed[CHANNELS];
};

/* What the parent knows of the round. */
static struct {
	struct rill_session *session;
	struct rill_channel *channel[CHANNELS];
	uint64_t got[CHANNELS], sent;
	unsigned channels_closed, offered;
	bool accepted, closed;
	int why;
} now;

static struct rill_ctx *ctx; /* the parent's; shared with the session that is served on */
static struct rill_arena *arena;
static struct rill_listener *listener;
static struct pair other; /* a lives in ctx, b in a ctx of its own */
static struct noted *noted;
static uint64_t draw;
static char dir[64], path[96];
static uint64_t moved;     /* messages, in all rounds */
static size_t fds_at_rest; /* between rounds */
static unsigned met;       /* rounds in which there was a session */
static unsigned kept;      /* rounds in which nothing was lost, in all */

static uint64_t ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- The load: sequence number, then a pattern ----------------------------------------------------------------- */

static size_t length_of(uint64_t seq)
{
	return seq % 37 == 36 ? LARGEST / (1 + seq % 5) : 8 + seq * 7 % 300;
}

/* 0 or what sendmsg gives. Every 29th carries descriptors. */
static int send_next(struct rill_channel *ch, uint64_t seq, bool with_fds)
{
	static const int fds[] = {0, 1};
	static char data[LARGEST];
	struct iovec part = {.iov_base = data, .iov_len = length_of(seq)};
	struct rill_out out = {.size = sizeof(out), .tag = seq, .parts = &part, .part_count = 1};

	pattern_fill(data, part.iov_len, seq);
	if (with_fds && seq % 29 == 28) {
		out.fds = fds;
		out.fd_count = 2;
	}
	return rill_channel_sendmsg(ch, &out);
}

static int lend_next(struct rill_channel *ch, uint64_t seq)
{
	struct rill_loan loan = {.arena = arena, .data = rill_arena_alloc(arena, 3000), .len = 3000};
	struct rill_out out = {.size = sizeof(out), .tag = seq, .loans = &loan, .loan_count = 1};
	int e = loan.data ? rill_channel_sendmsg(ch, &out) : -EAGAIN;

	rill_arena_free(arena, (void *)(uintptr_t)loan.data);
	return e;
}

/* ---- The child ------------------------------------------------------------------------------------------------- */

static void take_all(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	while (rill_channel_recv(ch, &msg) == 0)
		rill_msg_release(&msg);
}

static const struct rill_channel_events child_channel = {.size = sizeof(child_channel), .readable = take_all};

static void child_load(struct rill_ctx *mine, struct rill_channel **ch)
{
	uint64_t seq[CHANNELS] = {0};

	for (;;) {
		bool stuck = true;

		for (int i = 0; i < CHANNELS; i++) {
			for (int burst = 0; burst < 20 && send_next(ch[i], seq[i], true) == 0; burst++) {
				atomic_store(&noted->committed[i], ++seq[i]);
				stuck = false;
			}
		}
		if (rill_epoll_wait(mine, stuck ? -1 : 0) < 0)
			_exit(0);
	}
}

static int child_body(struct child *self, void *arg)
{
	enum role role = *(enum role *)arg;
	struct rill_session_options o = {.size = sizeof(o), .fds = 16};
	struct rill_channel *ch[CHANNELS];
	struct rill_session *s;
	struct rill_ctx *mine;

	(void)self;
	rill_ctx_destroy(ctx);
	rill_ctx_destroy(other.b.ctx);
	CHILD_CHECK(rill_ctx_create(&mine, NULL) == 0);
	CHILD_CHECK(rill_session_connect(&s, mine, path, &o, NULL, NULL) == 0);
	while (rill_session_status(s) == 0)
		CHILD_CHECK(rill_epoll_wait(mine, 10000) >= 0);
	for (int i = 0; i < CHANNELS; i++) {
		char name[8];

		snprintf(name, sizeof(name), "%d%s", i, role == SENDS ? "" : "r");
		CHILD_CHECK(rill_channel_open(&ch[i], s, name, NULL, &child_channel, NULL) == 0);
	}
	if (role == SENDS)
		child_load(mine, ch);
	while (rill_epoll_wait(mine, -1) >= 0)
		;
	return 0;
}

/* ---- The parent ------------------------------------------------------------------------------------------------ */

static void on_readable(struct rill_channel *ch, void *user)
{
	uint64_t *got = user;
	struct rill_msg msg;

	while (rill_channel_recv(ch, &msg) == 0) {
		assert_true(msg.tag == *got);
		assert_int_equal(msg.len, length_of(*got));
		assert_true(pattern_is(msg.data, msg.len, *got));
		assert_int_equal(msg.fd_count, *got % 29 == 28 ? 2 : 0);
		++*got;
		rill_msg_release(&msg);
	}
}

static void send_more(struct rill_channel *ch, void *user)
{
	(void)user;
	for (int i = 0; i < 50; i++) {
		if ((now.sent % 3 ? send_next(ch, now.sent, false) : lend_next(ch, now.sent)) < 0)
			break;
		now.sent++;
	}
}

static void on_channel_closed(struct rill_channel *ch, int why, void *user)
{
	(void)ch, (void)user;
	assert_int_equal(why, -ECONNRESET);
	assert_false(now.closed);
	now.channels_closed++;
}

static const struct rill_channel_events parent_channel = {
	.size = sizeof(parent_channel),
	.readable = on_readable,
	.writable = send_more,
	.closed = on_channel_closed,
};

static int on_offer(struct rill_session *s, struct rill_channel *ch, void *user)
{
	const char *name = rill_channel_name(ch);
	int i = name[0] - '0';

	(void)s, (void)user;
	now.offered++;
	now.channel[i] = ch;
	rill_channel_set_events(ch, &parent_channel, &now.got[i]);
	if (name[1] == 'r')
		send_more(ch, NULL);
	return 0;
}

static void on_session_closed(struct rill_session *s, int why, void *user)
{
	(void)user;
	now.closed = true;
	now.why = why;
	assert_int_equal(now.channels_closed, now.offered);
	rill_session_close(s);
}

static const struct rill_session_events parent_session = {
	.size = sizeof(parent_session),
	.channel = on_offer,
	.closed = on_session_closed,
};

static void on_accepted(struct rill_listener *l, struct rill_session *s, void *user)
{
	(void)l, (void)user;
	now.accepted = true;
	now.session = s;
	rill_session_set_events(s, &parent_session, NULL);
}

static const struct rill_listener_events parent_listener = {.size = sizeof(parent_listener), .accepted = on_accepted};

/* The other session works, in the middle of everything. */
static void serve_the_other(void)
{
	uint64_t before = other.b.count;

	assert_int_equal(rill_channel_send(other.a.ch, "still here", 10), 0);
	end_run(&other.b);
	assert_int_equal(other.b.count, before + 1);
}

static void turn(int timeout_ms)
{
	int r = rill_epoll_wait(ctx, timeout_ms);

	assert_true(r >= 0 || r == -EINTR);
}

/* In three rounds of four the time runs from when there is load, in the others from the fork: then the handshake is hit. */
static bool enough(uint64_t *began, uint64_t delay, uint64_t messages)
{
	uint64_t done = now.sent;

	if (messages && !now.channel[0] && ns() - *began < 5000000000) {
		*began = ns();
		return false;
	}
	for (int i = 0; i < CHANNELS; i++)
		done += now.got[i];
	return (messages && done >= messages) || ns() - *began > delay;
}

static void one_round(enum role role)
{
	size_t maps = leaks_mappings();
	uint64_t kind = rounds_random(&draw) % 4; /* 0: at any time from the fork, 1: after so many messages, else under load */
	uint64_t delay = kind ? rounds_random(&draw) % 5000000 : rounds_random(&draw) % 2000000;
	uint64_t messages = kind == 0 ? 0 : kind == 1 ? 1 + rounds_random(&draw) % 1000 : UINT64_MAX;
	struct rill_arena_usage usage = {.size = sizeof(usage)};
	uint64_t began;
	struct child c;

	memset(&now, 0, sizeof(now));
	memset(noted, 0, sizeof(*noted));
	assert_int_equal(child_start(&c, child_body, &role), 0);
	for (began = ns(); !enough(&began, delay, messages);) {
		turn(1);
		for (int i = 0; role == RECEIVES && i < CHANNELS; i++)
			if (now.channel[i] && now.session && !now.closed)
				send_more(now.channel[i], NULL);
	}
	assert_int_equal(child_kill(&c), -9);
	serve_the_other();
	turn(0); /* it may have died in the backlog: then it is accepted only now */
	for (began = ns(); leaks_fds() != fds_at_rest || (now.accepted && !now.closed);) {
		assert_true(ns() - began < 30000000000);
		turn(1);
	}
	for (int i = 0; i < CHANNELS; i++) {
		uint64_t committed = atomic_load(&noted->committed[i]);

		assert_true(now.got[i] >= committed && now.got[i] <= committed + 1);
	}
	if (now.accepted)
		assert_int_equal(now.why, -ECONNRESET);
	serve_the_other();
	turn(0);
	assert_int_equal(leaks_mappings(), maps);
	moved += now.sent + now.got[0] + now.got[1] + now.got[2];
	met += now.accepted;
	rill_arena_get_usage(arena, &usage);
	assert_int_equal(usage.lent, 0);
	assert_int_equal(usage.allocated, 0);
}

static void start(void)
{
	struct rill_session_options so = {.size = sizeof(so), .fds = 16};
	struct rill_listener_options o = {.size = sizeof(o), .session = &so};
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = 1 << 24};

	draw = rounds_seed();
	pair_open(&other, NULL);
	ctx = other.a.ctx;
	other.b.takes = other.b.silent = true;
	pair_channel(&other, "other");
	strcpy(dir, "/tmp/rill-kill-XXXXXX"); /* of its own: one that others listen in is in use for a moment */
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	noted = mmap(NULL, sizeof(*noted), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(noted, MAP_FAILED);
	assert_int_equal(rill_listener_create(&listener, ctx, path, &o, &parent_listener, NULL), 0);
	assert_int_equal(rill_arena_create(&arena, ctx, &ao), 0);
	assert_true(rill_epoll_wait(ctx, 0) >= 0); /* attaches */
	fds_at_rest = leaks_fds();
}

static void stop(void)
{
	munmap(noted, sizeof(*noted));
	other.a.s = other.b.s = NULL;
	end_stop(&other.a);
	end_stop(&other.b);
	assert_int_equal(rmdir(dir), 0);
}

static void run_rounds(enum role role, unsigned rounds)
{
	size_t before = 0, limit = (size_t)4 << 20;

	moved = met = 0;
	start();
	for (unsigned i = 0; i < rounds; i++) {
		one_round(role);
		kept++;
		rill_arena_trim(arena, SIZE_MAX);
		if (i == rounds / 4)
			before = leaks_resident();
	}
	fprintf(stderr, "# %llu messages, %u of %u rounds with a session\n", (unsigned long long)moved, met, rounds);
	assert_true(met > 0);
	if (!rounds_under_valgrind() && !rounds_under_sanitizer())
		assert_true(moved > 20 * rounds && met > rounds / 4);
	/* Memory is where it was; what the heap rounds up and sanitizers keep is not counted. */
	if (!rounds_under_valgrind() && !rounds_under_sanitizer())
		assert_true(leaks_resident() < before + limit);
	stop();
}

#define MANY 10000u

static unsigned kills(void)
{
	const char *asked = getenv("RILL_KILLS");

	if (asked && atoi(asked) > 0)
		return (unsigned)atoi(asked);
	return rounds_of(20, 100, rounds_under_valgrind() || rounds_under_sanitizer() ? MANY / 10 : MANY);
}

static void a_killed_sender_loses_nothing_that_it_committed(void **state)
{
	(void)state;
	run_rounds(SENDS, kills() - kills() * 2 / 5);
}

static void a_killed_receiver_is_told_and_gives_all_back(void **state)
{
	(void)state;
	run_rounds(RECEIVES, kills() * 2 / 5);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_killed_sender_loses_nothing_that_it_committed),
		T(a_killed_receiver_is_told_and_gives_all_back),
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (kills() >= MANY)
		printf("proof kills %u %u %s\n", kept, MANY, !failed && kept >= MANY ? "ok" : "short");
	return failed;
}
