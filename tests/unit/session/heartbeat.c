/* tests/unit/session/heartbeat.c - a peer that does not dispatch is found out in bounded time, one that does never; what it
 * costs who is asked. The test owns the clock: a step of it is STEP ms. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"
#include "tests/support/pair.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BEAT 100 /* ms, heartbeat_ms of a */
#define STEP 10

static struct pair p;
static uint64_t now;
static bool b_sleeps; /* b does not dispatch */

static uint64_t clock_of_test(void *clock)
{
	(void)clock;
	return now;
}

static void open_with(unsigned heartbeat_ms, unsigned keep)
{
	struct pair_options o = {
		.ctx_a.now = clock_of_test,
		.ctx_b.now = clock_of_test,
		.a.heartbeat_ms = heartbeat_ms,
		.a.keep_stalled = keep,
		.a.close_ms = 1000,
	};

	now = 1000000000;
	b_sleeps = false;
	pair_open(&p, &o);
	p.a.takes = p.b.takes = true;
	pair_channel(&p, "c");
	end_told(&p.b);
}

static void run(void)
{
	if (b_sleeps)
		end_run(&p.a);
	else
		pair_run(&p);
}

static void pass(unsigned ms)
{
	for (unsigned at = 0; at < ms; at += STEP) {
		now += STEP * UINT64_C(1000000);
		run();
	}
}

/* Until a is told something: ms, or 0 if it was not for so long. */
static unsigned pass_until_told(unsigned at_most)
{
	for (unsigned ms = STEP; ms <= at_most; ms += STEP) {
		pass(STEP);
		if (p.a.told[0])
			return ms;
	}
	return 0;
}

static uint64_t packets(const struct end *e)
{
	struct rill_stats stats = {.size = sizeof(stats)};

	assert_int_equal(rill_session_stats(e->s, &stats), 0);
	return stats.packets;
}

/* ---- What it costs ---------------------------------------------------------------------------------------------- */

static void by_default_no_deadline_is_waited_for_and_nothing_is_asked(void **state)
{
	uint64_t before;

	(void)state;
	open_with(0, 0);
	before = packets(&p.b);
	assert_int_equal(rill_ctx_timeout_ms(p.a.ctx), -1);
	b_sleeps = true;
	pass(100 * BEAT);
	assert_string_equal(end_told(&p.a), "");
	b_sleeps = false;
	run();
	assert_int_equal(packets(&p.b), before);
	pair_stop(&p);
}

static void an_idle_peer_is_woken_once_each_heartbeat_and_answers_without_waking_us(void **state)
{
	uint64_t a_before, b_before;

	(void)state;
	open_with(BEAT, 0);
	a_before = packets(&p.a);
	b_before = packets(&p.b);
	pass(20 * BEAT);
	assert_in_range(packets(&p.b) - b_before, 19, 20);
	assert_int_equal(packets(&p.a), a_before);
	assert_int_equal(rill_ctx_timeout_ms(p.b.ctx), -1); /* who is asked waits for no deadline */
	assert_string_equal(end_told(&p.a), "");
	pair_stop(&p);
}

static void a_peer_that_talks_is_not_asked(void **state)
{
	uint64_t before;

	(void)state;
	open_with(BEAT, 0);
	pass(BEAT);
	before = packets(&p.b);
	p.a.silent = true;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(rill_channel_send(p.b.ch, "alive", 5), 0);
		pass(STEP);
	}
	assert_int_equal(packets(&p.b), before);
	assert_int_equal(p.a.count, 100);
	pair_stop(&p);
}

static void both_sides_may_ask(void **state)
{
	struct pair_options o = {
		.ctx_a.now = clock_of_test,
		.ctx_b.now = clock_of_test,
		.a.heartbeat_ms = BEAT,
		.b.heartbeat_ms = 3 * BEAT,
	};

	(void)state;
	now = 1000000000;
	b_sleeps = false;
	pair_open(&p, &o);
	pass(30 * BEAT);
	assert_string_equal(end_told(&p.a), "");
	assert_string_equal(end_told(&p.b), "");
	pair_stop(&p);
}

/* ---- Ended ------------------------------------------------------------------------------------------------------ */

static void a_peer_that_does_not_dispatch_is_ended_between_one_and_two_heartbeats_later(void **state)
{
	(void)state;
	for (unsigned phase = 0; phase <= 2 * BEAT; phase += STEP) {
		unsigned ms;

		open_with(BEAT, 0);
		pass(phase);
		b_sleeps = true;
		ms = pass_until_told(10 * BEAT);
		assert_in_range(ms, BEAT, 2 * BEAT);
		assert_string_equal(end_told(&p.a), "closed c ESTALE, session closed ESTALE");
		assert_int_equal(rill_session_status(p.a.s), -ESTALE);
		assert_string_equal(rill_session_why(p.a.s), "the peer has not dispatched for 100 ms");
		assert_int_equal(rill_channel_send(p.a.ch, "x", 1), -ESTALE);
		pair_stop(&p);
	}
}

static void what_it_had_committed_is_delivered_before_its_end_is_told(void **state)
{
	(void)state;
	open_with(BEAT, 0);
	rill_channel_pause(p.a.ch);
	for (int i = 0; i < 3; i++)
		assert_int_equal(rill_channel_send(p.b.ch, "four", 4), 0);
	b_sleeps = true;
	pass(3 * BEAT);
	assert_string_equal(end_told(&p.a), "session closed ESTALE");
	rill_channel_resume(p.a.ch);
	run();
	assert_string_equal(end_told(&p.a), "message 4, message 4, message 4, closed c ESTALE");
	pair_stop(&p);
}

static void the_stalled_one_takes_what_was_sent_and_is_told_why_when_it_goes_on(void **state)
{
	(void)state;
	open_with(BEAT, 0);
	assert_int_equal(rill_channel_send(p.a.ch, "four", 4), 0);
	b_sleeps = true;
	pass(3 * BEAT);
	end_told(&p.a);
	b_sleeps = false;
	run();
	assert_string_equal(end_told(&p.b), "message 4, closed c ESTALE, session closed ESTALE");
	assert_string_equal(rill_session_why(p.b.s), "ended by the peer: the peer has not dispatched for 100 ms");
	pair_stop(&p);
}

/* Both were stopped, as by a frozen container: the first to go on must not judge the other by that. */
static void time_in_which_we_did_not_dispatch_either_is_not_held_against_the_peer(void **state)
{
	(void)state;
	for (unsigned phase = 0; phase < BEAT; phase += STEP) {
		open_with(BEAT, 0);
		pass(phase);
		b_sleeps = true;
		pass(BEAT - STEP);
		now += UINT64_C(100000000000);
		run();
		b_sleeps = false;
		pass(5 * BEAT);
		assert_string_equal(end_told(&p.a), "");
		pair_stop(&p);
	}
}

/* ---- Kept ------------------------------------------------------------------------------------------------------- */

static unsigned send_until_full(struct end *e)
{
	unsigned sent = 0;

	while (rill_channel_send(e->ch, "eight...", 8) == 0)
		sent++;
	return sent;
}

static void kept_it_is_told_stalled_and_running_in_turn_and_nothing_is_lost(void **state)
{
	uint64_t sent = 0;

	(void)state;
	open_with(BEAT, 1);
	p.b.silent = true;
	for (int i = 0; i < 3; i++) {
		b_sleeps = true;
		assert_in_range(pass_until_told(10 * BEAT), BEAT, 2 * BEAT);
		assert_string_equal(end_told(&p.a), "stalled");
		assert_string_equal(rill_session_why(p.a.s), "open, but the peer has not dispatched for 100 ms");
		assert_int_equal(rill_session_status(p.a.s), 1);
		sent += send_until_full(&p.a); /* a ring at most */
		pass(50 * BEAT);
		assert_string_equal(end_told(&p.a), ""); /* once */
		b_sleeps = false;
		pass(BEAT / 2 + STEP);
		assert_true(end_was_told(&p.a, "running"));
		assert_true(end_was_told(&p.a, "room c"));
		end_told(&p.a);
		assert_string_equal(rill_session_why(p.a.s), "open");
		pass(10 * BEAT);
		assert_string_equal(end_told(&p.a), "");
		assert_true(p.b.count == sent);
	}
	pair_stop(&p);
}

static void close_in_stalled(struct end *e, const char *event, struct rill_channel *ch)
{
	(void)ch;
	if (strcmp(event, "stalled"))
		return;
	rill_session_close(e->s);
	e->s = NULL;
}

static void a_session_may_be_closed_in_stalled_and_waits_for_its_peer_no_longer_than_any(void **state)
{
	(void)state;
	open_with(BEAT, 1);
	p.a.hook = close_in_stalled;
	b_sleeps = true;
	pass_until_told(10 * BEAT);
	assert_string_equal(end_told(&p.a), "stalled");
	pass(1000);
	assert_int_equal(rill_ctx_pollfds(p.a.ctx, NULL, 0), 0);
	b_sleeps = false;
	run();
	assert_string_equal(end_told(&p.b), "closed c 0, session closed 0");
	pair_stop(&p);
}

/* ---- What it holds ---------------------------------------------------------------------------------------------- */

static struct rill_arena *arena;

static uint64_t lent(void)
{
	struct rill_arena_usage usage = {.size = sizeof(usage)};

	rill_arena_get_usage(arena, &usage);
	return usage.lent;
}

/* b has a block of a's in its hands, and stops. a ends it, and closes. */
static void stop_b_with_a_loan(struct rill_msg *held)
{
	struct rill_loan loan = {.len = 4096};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};

	open_with(BEAT, 0);
	assert_int_equal(rill_arena_create(&arena, p.a.ctx, NULL), 0);
	loan.arena = arena;
	loan.data = rill_arena_alloc(arena, loan.len);
	p.b.takes = false;
	pair_channel(&p, "loans");
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	rill_arena_free(arena, (void *)(uintptr_t)loan.data);
	run();
	*held = end_take(&p.b);
	b_sleeps = true;
	pass(3 * BEAT);
	assert_true(end_was_told(&p.a, "session closed ESTALE"));
	rill_session_close(p.a.s);
	p.a.s = NULL;
	pass(500);
	assert_int_equal(lent(), 1);
}

static void a_block_that_the_stalled_peer_reads_comes_back_when_it_goes_on(void **state)
{
	struct rill_msg held;

	(void)state;
	stop_b_with_a_loan(&held);
	b_sleeps = false;
	run();
	assert_true(end_was_told(&p.b, "session closed ESTALE"));
	assert_int_equal(lent(), 1);
	rill_session_close(p.b.s);
	p.b.s = NULL;
	run();
	assert_int_equal(lent(), 1); /* it may still read */
	rill_msg_release(&held);
	run();
	assert_int_equal(lent(), 0);
	assert_int_equal(rill_ctx_pollfds(p.a.ctx, NULL, 0), 0);
	pair_stop(&p);
}

static void a_block_that_it_keeps_is_ours_again_close_ms_after_the_close(void **state)
{
	struct rill_msg held;

	(void)state;
	stop_b_with_a_loan(&held);
	pass(500 + STEP);
	assert_int_equal(lent(), 0);
	assert_int_equal(rill_ctx_pollfds(p.a.ctx, NULL, 0), 0);
	rill_msg_release(&held);
	pair_stop(&p);
}

/* ---- The socket is full ----------------------------------------------------------------------------------------- */

/* Each open is a packet; the last one meets a socket that is full. */
static unsigned fill_socket(void)
{
	struct rill_channel *ch;
	unsigned n = 0;
	int e;

	while ((e = rill_channel_open(&ch, p.a.s, "", NULL, NULL, NULL)) == 0)
		n++;
	assert_int_equal(e, -EAGAIN);
	return n;
}

/* The peer sleeps, and the socket to it is full. */
static void open_with_a_full_socket(void)
{
	struct pair_options o = {
		.ctx_a.now = clock_of_test,
		.ctx_b.now = clock_of_test,
		.a = {.heartbeat_ms = BEAT, .channels = 10000, .ring_bytes = 1024},
		.b = {.channels = 10000, .ring_bytes = 1024},
	};

	now = 1000000000;
	pair_open(&p, &o);
	p.b.answer = -EBUSY;
	b_sleeps = true;
	assert_true(fill_socket() > 1);
}

static void one_that_reads_nothing_for_so_long_is_ended_and_told_though_its_socket_is_full(void **state)
{
	(void)state;
	open_with_a_full_socket();
	assert_in_range(pass_until_told(10 * BEAT), BEAT, 2 * BEAT);
	assert_true(end_was_told(&p.a, "session closed ESTALE"));
	end_told(&p.a);
	b_sleeps = false;
	run();
	assert_true(end_was_told(&p.b, "session closed ESTALE"));
	pair_stop(&p);
}

static void one_that_reads_slowly_behind_a_full_socket_is_never_ended(void **state)
{
	(void)state;
	open_with_a_full_socket();
	for (int i = 0; i < 30; i++) {
		pass(BEAT - STEP);
		end_step(&p.b);
		assert_false(end_was_told(&p.a, "session closed"));
		end_told(&p.a);
	}
	b_sleeps = false;
	pair_stop(&p);
}

/* How many packets of a CLOSE's size a socket takes. */
static unsigned socket_room(void)
{
	char packet[32] = {0};
	unsigned n = 0;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	while (send(fds[0], packet, sizeof(packet), MSG_DONTWAIT) > 0)
		n++;
	close(fds[0]);
	close(fds[1]);
	return n;
}

static bool a_waits_for_room(void)
{
	struct pollfd fds[2];

	assert_in_range(rill_ctx_pollfds(p.a.ctx, fds, 2), 1, 2);
	return fds[0].events & POLLOUT;
}

/* Closes need no answer, so that nothing else is a sign of life. */
static void a_heartbeat_that_met_a_full_socket_gives_all_its_time_from_when_it_was_sent(void **state)
{
	static struct rill_channel *ch[10000];
	struct pair_options o = {
		.ctx_a.now = clock_of_test,
		.ctx_b.now = clock_of_test,
		.a = {.heartbeat_ms = BEAT, .channels = 10000, .ring_bytes = 1024},
		.b = {.channels = 10000, .ring_bytes = 1024},
	};
	unsigned room = socket_room();

	(void)state;
	assert_true(room < 10000);
	now = 1000000000;
	b_sleeps = false;
	pair_open(&p, &o);
	for (unsigned i = 0; i < room; i++) {
		ch[i] = end_open(&p.a, "");
		run();
	}
	end_told(&p.a);
	b_sleeps = true;
	for (unsigned i = 0; i < room; i++)
		rill_channel_close(ch[i]);
	run();
	assert_false(a_waits_for_room());
	for (unsigned ms = 0; !a_waits_for_room() && ms < 2 * BEAT; ms += STEP)
		pass(STEP);
	assert_true(a_waits_for_room()); /* it was to be asked */
	pass(BEAT - STEP);
	end_run(&p.b);
	end_run(&p.a);
	assert_false(a_waits_for_room());
	pass(BEAT - STEP);
	end_run(&p.b);
	b_sleeps = false;
	pass(5 * BEAT);
	assert_string_equal(end_told(&p.a), "");
	pair_stop(&p);
}

/* ---- Options ---------------------------------------------------------------------------------------------------- */

static void keep_stalled_without_a_heartbeat_is_refused(void **state)
{
	static const struct rill_session_options wrong[] = {
		{.size = sizeof(wrong[0]), .keep_stalled = 1},
		{.size = sizeof(wrong[0]), .keep_stalled = 2, .heartbeat_ms = 1},
	};
	struct rill_session *s;
	struct rill_ctx *ctx;
	int fds[2];

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(rill_session_adopt(&s, ctx, fds[0], &wrong[i], NULL, NULL), -EINVAL);
	close(fds[0]);
	close(fds[1]);
	rill_ctx_destroy(ctx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(by_default_no_deadline_is_waited_for_and_nothing_is_asked),
		T(an_idle_peer_is_woken_once_each_heartbeat_and_answers_without_waking_us),
		T(a_peer_that_talks_is_not_asked),
		T(both_sides_may_ask),
		T(a_peer_that_does_not_dispatch_is_ended_between_one_and_two_heartbeats_later),
		T(what_it_had_committed_is_delivered_before_its_end_is_told),
		T(the_stalled_one_takes_what_was_sent_and_is_told_why_when_it_goes_on),
		T(time_in_which_we_did_not_dispatch_either_is_not_held_against_the_peer),
		T(kept_it_is_told_stalled_and_running_in_turn_and_nothing_is_lost),
		T(a_session_may_be_closed_in_stalled_and_waits_for_its_peer_no_longer_than_any),
		T(a_block_that_the_stalled_peer_reads_comes_back_when_it_goes_on),
		T(a_block_that_it_keeps_is_ours_again_close_ms_after_the_close),
		T(one_that_reads_nothing_for_so_long_is_ended_and_told_though_its_socket_is_full),
		T(one_that_reads_slowly_behind_a_full_socket_is_never_ended),
		T(a_heartbeat_that_met_a_full_socket_gives_all_its_time_from_when_it_was_sent),
		T(keep_stalled_without_a_heartbeat_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
