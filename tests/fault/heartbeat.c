/* tests/fault/heartbeat.c - liars about life: heartbeats in floods, out of their turn, misshapen; answers that were not asked
 * for, and none; a peer of a version that knows no heartbeat. */
#include "tests/fault/scene.h"

#define BEAT 100 /* ms */

static const struct rill_session_options asks = {
	.size = sizeof(asks),
	.close_ms = 1000,
	.arena_bytes = 1 << 20,
	.channels = 8,
	.fds = 16,
	.heartbeat_ms = BEAT,
};

static struct scene *open_with(const struct rill_session_options *options, bool answers)
{
	struct scene *sc = scene_create_with(options);

	sc->raw.hello.hello.features = answers ? RAW_ANSWERS : 0;
	assert_int_equal(raw_greet(&sc->raw), 0);
	assert_int_equal(raw_meet(&sc->raw), 0);
	scene_turn(sc);
	assert_int_equal(sc->victim.opened, 1);
	assert_int_equal(sc->raw.peer.hello.features & RAW_ANSWERS, RAW_ANSWERS);
	return sc;
}

static void beat(struct scene *sc)
{
	struct raw_packet p = raw_packet(RAW_HEARTBEAT, 8);

	assert_int_equal(raw_say(&sc->raw, &p), 0);
}

/* ---- Asked ------------------------------------------------------------------------------------------------------ */

static void a_heartbeat_is_answered_by_a_word_and_no_packet(void **state)
{
	struct scene *sc = open_with(&scene_options, true);
	struct raw_packet p;

	(void)state;
	for (uint64_t i = 1; i <= 100; i++) {
		beat(sc);
		scene_turn(sc);
		assert_true(raw_load(&sc->raw, RAW_BEATS) == i);
	}
	assert_false(raw_expect(&sc->raw, RAW_HEARTBEAT, &p));
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void a_heartbeat_before_the_last_was_answered(void **state)
{
	struct scene *sc = open_with(&scene_options, true);

	(void)state;
	beat(sc);
	beat(sc);
	scene_expect(sc, -EPROTO, "heartbeat: another before the answer");
	scene_destroy(sc);
}

static void a_flood_of_heartbeats(void **state)
{
	struct scene *sc = open_with(&scene_options, true);
	struct raw_packet p = raw_packet(RAW_HEARTBEAT, 8);

	(void)state;
	while (raw_say(&sc->raw, &p) == 0)
		;
	scene_expect(sc, -EPROTO, "heartbeat: another before the answer");
	scene_destroy(sc);
}

static void a_heartbeat_from_one_that_agreed_to_none(void **state)
{
	struct scene *sc = open_with(&scene_options, false);

	(void)state;
	beat(sc);
	scene_expect(sc, -EPROTO, "heartbeat: not agreed on");
	scene_destroy(sc);
}

static void a_heartbeat_of_another_length(void **state)
{
	struct scene *sc = open_with(&scene_options, true);
	struct raw_packet p = raw_packet(RAW_HEARTBEAT, 16);

	(void)state;
	assert_int_equal(raw_say(&sc->raw, &p), 0);
	scene_expect(sc, -EPROTO, "wrong length");
	scene_destroy(sc);
}

static void a_heartbeat_with_a_descriptor(void **state)
{
	struct scene *sc = open_with(&scene_options, true);
	struct raw_packet p = raw_packet(RAW_HEARTBEAT, 8);
	int fd = 0;

	(void)state;
	assert_int_equal(raw_send(&sc->raw, &p, 8, &fd, 1), 0);
	scene_expect(sc, -EPROTO, "descriptors where none belong");
	scene_destroy(sc);
}

static void a_heartbeat_before_the_hello(void **state)
{
	struct scene *sc = scene_create();

	(void)state;
	beat(sc);
	scene_turn(sc);
	assert_int_equal(sc->victim.why, -EPROTO);
	assert_non_null(strstr(sc->victim.text, "out of its turn"));
	scene_destroy(sc);
}

/* ---- Asking ----------------------------------------------------------------------------------------------------- */

static void one_that_has_no_heartbeat_is_never_asked_and_never_ended(void **state)
{
	struct scene *sc = open_with(&asks, false);
	struct raw_packet p;

	(void)state;
	for (int i = 0; i < 100; i++)
		scene_pass(sc, BEAT);
	assert_false(raw_expect(&sc->raw, RAW_HEARTBEAT, &p));
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void one_that_reads_and_does_not_answer_is_ended_and_told(void **state)
{
	struct scene *sc = open_with(&asks, true);
	struct raw_packet p;

	(void)state;
	scene_pass(sc, BEAT / 2);
	assert_false(raw_expect(&sc->raw, RAW_HEARTBEAT, &p)); /* the handshake was a sign of life */
	scene_pass(sc, BEAT / 2);
	assert_true(raw_expect(&sc->raw, RAW_HEARTBEAT, &p));
	assert_int_equal(p.length, 8);
	scene_pass(sc, BEAT / 2);
	assert_int_equal(sc->victim.closed, 0);
	scene_pass(sc, BEAT / 2);
	assert_false(raw_expect(&sc->raw, RAW_HEARTBEAT, &p)); /* and reads it to its end */
	scene_expect(sc, -ESTALE, "the peer has not dispatched for 100 ms");
	scene_destroy(sc);
}

static void the_reason_is_told(void **state)
{
	struct scene *sc = open_with(&asks, true);
	struct raw_packet p;

	(void)state;
	for (int i = 0; i < 4; i++)
		scene_pass(sc, BEAT / 2);
	assert_true(raw_expect(&sc->raw, RAW_GOODBYE, &p));
	assert_int_equal(p.word.reason, ESTALE);
	scene_destroy(sc);
}

/* The socket takes it again and again; it is asked anew only after it has answered. */
static void one_that_reads_nothing_is_sent_one_heartbeat(void **state)
{
	struct rill_session_options o = asks;
	struct raw_packet p;
	struct scene *sc;

	(void)state;
	o.keep_stalled = 1;
	sc = open_with(&o, true);
	for (int i = 0; i < 100; i++)
		scene_pass(sc, BEAT / 2);
	assert_int_equal(sc->victim.closed, 0);
	assert_true(raw_expect(&sc->raw, RAW_HEARTBEAT, &p));
	assert_false(raw_expect(&sc->raw, RAW_HEARTBEAT, &p));
	scene_destroy(sc);
}

/* Who writes numbers is alive, whatever they are. One that stays on a number that nobody asked for is not. */
static void a_word_that_runs_ahead_is_a_sign_of_life_and_no_more(void **state)
{
	struct scene *sc = open_with(&asks, true);

	(void)state;
	for (uint64_t i = 0; i < 50; i++) {
		raw_store(&sc->raw, RAW_BEATS, UINT64_MAX - i * i);
		scene_pass(sc, BEAT / 2);
	}
	scene_expect(sc, OPEN_STILL, "");
	for (int i = 0; i < 4; i++)
		scene_pass(sc, BEAT / 2);
	scene_expect(sc, -ESTALE, "not dispatched");
	scene_destroy(sc);
}

static bool waits_for_room(const struct scene *sc)
{
	struct pollfd fds[16];
	size_t count = rill_ctx_pollfds(sc->ctx, fds, 16);

	assert_in_range(count, 1, 16);
	while (count--)
		if (fds[count].events & POLLOUT)
			return true;
	return false;
}

/* The HEARTBEAT waits for room; then the liar writes a number that answers nothing, and makes room. */
static void a_word_that_lies_behind_a_full_socket_keeps_nobody_awake(void **state)
{
	struct rill_session_options o = asks;
	struct raw_packet p;
	struct scene *sc;
	struct pollfd fds[16];
	int least = 1;

	(void)state;
	o.keep_stalled = 1;
	o.channels = 64;
	sc = open_with(&o, true);
	for (size_t i = rill_ctx_pollfds(sc->ctx, fds, 16); i-- > 0;)
		setsockopt(fds[i].fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)); /* those that are sockets */
	for (uint32_t i = 0; i < 64 && !waits_for_room(sc); i++) {
		assert_int_equal(raw_channel(&sc->raw, RAW_OPEN, 2 * i + 1, 1), 0);
		scene_turn(sc);
	}
	assert_true(waits_for_room(sc));
	for (int i = 0; i < 4; i++)
		scene_pass(sc, BEAT / 2);
	raw_store(&sc->raw, RAW_BEATS, 12345);
	scene_pass(sc, BEAT / 2);
	while (raw_recv(&sc->raw, &p) > 0)
		scene_turn(sc);
	scene_turn(sc);
	assert_false(waits_for_room(sc));
	assert_int_equal(sc->victim.closed, 0);
	scene_destroy(sc);
}

static void one_that_was_ended_says_what_it_likes_and_nobody_listens(void **state)
{
	struct scene *sc = open_with(&asks, true);

	(void)state;
	scene_liar_opens(sc);
	for (int i = 0; i < 4; i++)
		scene_pass(sc, BEAT / 2);
	assert_int_equal(sc->victim.closed, 1);
	for (uint64_t i = 0; i < 1000; i++) {
		if (i < 100)
			raw_message(&sc->raw, 1, i);
		raw_push(&sc->raw, i % 4, i);
		(void)raw_bell(&sc->raw);
		scene_turn(sc);
	}
	assert_int_equal(sc->victim.messages, 0);
	scene_expect(sc, -ESTALE, "not dispatched");
	rill_session_close(sc->victim.session);
	sc->victim.session = NULL;
	scene_pass(sc, 1001);
	scene_destroy(sc);
}

static void a_goodbye_that_calls_us_stalled(void **state)
{
	struct scene *sc = open_with(&scene_options, true);
	struct raw_packet p = raw_packet(RAW_GOODBYE, 128);

	(void)state;
	p.word.reason = ESTALE;
	strcpy(p.word.text, "you sleep");
	assert_int_equal(raw_say(&sc->raw, &p), 0);
	scene_expect(sc, -ESTALE, "ended by the peer: you sleep");
	scene_destroy(sc);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_heartbeat_is_answered_by_a_word_and_no_packet),
		T(a_heartbeat_before_the_last_was_answered),
		T(a_flood_of_heartbeats),
		T(a_heartbeat_from_one_that_agreed_to_none),
		T(a_heartbeat_of_another_length),
		T(a_heartbeat_with_a_descriptor),
		T(a_heartbeat_before_the_hello),
		T(one_that_has_no_heartbeat_is_never_asked_and_never_ended),
		T(one_that_reads_and_does_not_answer_is_ended_and_told),
		T(the_reason_is_told),
		T(one_that_reads_nothing_is_sent_one_heartbeat),
		T(a_word_that_runs_ahead_is_a_sign_of_life_and_no_more),
		T(a_word_that_lies_behind_a_full_socket_keeps_nobody_awake),
		T(one_that_was_ended_says_what_it_likes_and_nobody_listens),
		T(a_goodbye_that_calls_us_stalled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
