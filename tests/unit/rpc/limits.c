/* tests/unit/rpc/limits.c - how many calls and requests there may be, and a ring that is full: nobody is forgotten. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"
#include "tests/support/talk.h"

#include <errno.h>
#include <string.h>

/* ---- Limits ----------------------------------------------------------------------------------------------------- */

static void calls_in_flight_are_bounded_and_writable_follows(void **state)
{
	struct talk_options o = {.a.calls = 2};
	struct talk t;

	(void)state;
	talk_open(&t, &o);
	talk_asks(&t.a, TALK_KEEP, "1", 0, NULL);
	talk_asks(&t.a, TALK_KEEP, "2", 0, NULL);
	assert_int_equal(talk_ask(&t.a, TALK_KEEP, "3", 0, NULL), -EAGAIN);
	pair_run(&t.pair);
	talk_expect(&t.a, "");
	assert_int_equal(talk_answer(t.b.kept[0], "yes"), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer yes, writable");
	talk_asks(&t.a, TALK_ECHO, "3", 0, NULL);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer 3");
	talk_stop(&t);
}

static void requests_above_the_limit_are_refused(void **state)
{
	struct talk_options o = {.b.requests = 2};
	struct talk t;

	(void)state;
	talk_open(&t, &o);
	for (int i = 0; i < 4; i++)
		talk_asks(&t.a, TALK_KEEP, "x", 0, NULL);
	pair_run(&t.pair);
	talk_expect(&t.b, "request x, request x");
	talk_expect(&t.a, "refused ENOBUFS, refused ENOBUFS");
	assert_int_equal(talk_usage(t.b.rpc).requests, 2);
	assert_int_equal(talk_answer(t.b.kept[0], "y"), 0);
	talk_asks(&t.a, TALK_ECHO, "z", 0, NULL);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer y, answer z");
	talk_stop(&t);
}

/* ---- A full ring ------------------------------------------------------------------------------------------------ */

#define SMALL_RINGS .pair.a.ring_bytes = 1024, .pair.b.ring_bytes = 1024

/* Nothing of b's is read by a, until resume: b's ring fills up. */
static void stuff(struct talk *t)
{
	rill_rpc_pause(t->a.rpc);
	while (talk_note(&t->b, TALK_NOTE, "stuffing") == 0)
		;
	while (rill_rpc_notify(t->b.rpc, 9, NULL) == 0) /* as small as a refusal */
		;
	assert_int_equal(talk_note(&t->b, TALK_NOTE, "stuffing"), -EAGAIN);
	pair_run(&t->pair);
	t->b.told[0] = '\0';
}

/* All that was stuffed is heard; what else a was told stays. */
static void unstuff(struct talk *t)
{
	char *at;

	rill_rpc_resume(t->a.rpc);
	pair_run(&t->pair);
	while ((at = strstr(t->a.told, "note stuffing, ")))
		memmove(at, at + 15, strlen(at + 15) + 1);
	while ((at = strstr(t->a.told, "stray note 9 , ")))
		memmove(at, at + 15, strlen(at + 15) + 1);
}

static void refusals_and_failures_wait_for_room_and_are_not_lost(void **state)
{
	struct talk_options o = {SMALL_RINGS, .b.requests = 4};
	struct talk t;

	(void)state;
	talk_open(&t, &o);
	stuff(&t);
	talk_asks(&t.a, 77, "x", 0, NULL);
	talk_asks(&t.a, TALK_FAIL, "x", 0, NULL);
	talk_asks(&t.a, TALK_KEEP, "x", 0, NULL);
	talk_asks(&t.a, TALK_ECHO, "x", 0, NULL); /* its answer is -EAGAIN, which fails it */
	pair_run(&t.pair);
	assert_int_equal(talk_usage(t.b.rpc).unsent, 3);
	assert_int_equal(talk_answer(t.b.kept[0], "now"), -EAGAIN);
	t.b.told[0] = '\0';
	unstuff(&t);
	talk_expect(&t.a, "refused EOPNOTSUPP, failed EXDEV, failed EAGAIN");
	talk_expect(&t.b, "writable");
	assert_int_equal(talk_answer(t.b.kept[0], "now"), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer now");
	talk_stop_clean(&t);
}

static void cancels_wait_for_room_and_keep_their_slot(void **state)
{
	struct talk_options o = {SMALL_RINGS, .a.calls = 3};
	struct rill_call call[3];
	struct talk t;

	(void)state;
	talk_open(&t, &o);
	for (int i = 0; i < 3; i++)
		talk_asks(&t.a, TALK_KEEP, "x", 0, &call[i]);
	pair_run(&t.pair);
	rill_rpc_pause(t.b.rpc);
	while (rill_rpc_notify(t.a.rpc, TALK_NOTE, NULL) == 0) /* as small as a cancel */
		;
	for (int i = 0; i < 3; i++)
		assert_int_equal(rill_call_cancel(call[i]), 0);
	assert_int_equal(talk_usage(t.a.rpc).unsent, 3);
	assert_int_equal(talk_ask(&t.a, TALK_ECHO, "x", 0, NULL), -EAGAIN);
	rill_rpc_resume(t.b.rpc);
	pair_run(&t.pair);
	assert_non_null(strstr(t.b.told, "gone 1 ECANCELED, gone 2 ECANCELED, gone 3 ECANCELED"));
	talk_expect(&t.a, "writable");
	talk_stop_clean(&t);
}

/* With no place for another refusal b stops reading; once it has room it goes on, and nobody is forgotten. */
static void a_flood_is_refused_to_the_last_without_growing(void **state)
{
	struct talk_options o = {SMALL_RINGS, .a.calls = 1000, .b.requests = 4};
	unsigned asked = 0;
	struct talk t;

	(void)state;
	talk_open(&t, &o);
	stuff(&t);
	for (int i = 0; i < 1000; i++) {
		asked += talk_ask(&t.a, 77, "x", 0, NULL) == 0;
		pair_run(&t.pair);
		assert_true(talk_usage(t.b.rpc).unsent <= 16);
	}
	assert_true(asked > 16 && asked < 100); /* what is beyond waits in a's ring */
	unstuff(&t);
	assert_int_equal(t.a.answers, asked);
	talk_stop_clean(&t);
}

/* ---- The end, while something is built in place ----------------------------------------------------------------- */

/* More requests that b refuses than it has places for: it reads nothing until one is said. */
static void flood(struct talk *t)
{
	for (int i = 0; i < 20; i++)
		talk_asks(&t->a, 77, "x", 0, NULL);
	pair_run(&t->pair);
	assert_int_equal(talk_usage(t->b.rpc).unsent, 16);
}

static void the_end_is_told_to_who_builds_in_place_while_refusals_wait(void **state)
{
	struct talk_options o = {.b.requests = 4};
	struct rill_room room;
	struct talk t;

	(void)state;
	talk_open(&t, &o);
	talk_asks(&t.b, TALK_KEEP, "mine", 0, NULL);
	pair_run(&t.pair);
	assert_int_equal(rill_rpc_notify_reserve(t.b.rpc, 9, 64, NULL, &room), 0);
	flood(&t);
	end_die(&t.pair.a);
	pair_run(&t.pair);
	talk_expect(&t.b, "lost ECONNRESET, closed ECONNRESET");
	assert_int_equal(rill_rpc_commit(t.b.rpc, 64, NULL), -ECONNRESET);
	pair_run(&t.pair);
	talk_expect(&t.b, "");
	assert_int_equal(talk_usage(t.b.rpc).calls + talk_usage(t.b.rpc).requests + talk_usage(t.b.rpc).unsent, 0);
	talk_stop(&t);
}

/* The same; but room has come meanwhile, which was waited for before. */
static void the_end_is_told_even_if_room_came_while_something_was_built(void **state)
{
	struct talk_options o = {SMALL_RINGS, .b.requests = 4};
	struct rill_room room;
	struct talk t;
	int e;

	(void)state;
	talk_open(&t, &o);
	rill_rpc_pause(t.a.rpc);
	while ((e = rill_rpc_notify_reserve(t.b.rpc, 9, 200, NULL, &room)) == 0)
		assert_int_equal(rill_rpc_commit(t.b.rpc, 200, NULL), 0);
	assert_int_equal(e, -EAGAIN);
	assert_int_equal(rill_rpc_notify_reserve(t.b.rpc, 9, 8, NULL, &room), 0); /* there is room for a small one */
	flood(&t);
	talk_expect(&t.b, "");
	rill_rpc_resume(t.a.rpc);
	pair_run(&t.pair);
	talk_expect(&t.b, "writable");
	assert_int_equal(talk_usage(t.b.rpc).unsent, 16); /* not before the small one */
	end_die(&t.pair.a);
	pair_run(&t.pair);
	talk_expect(&t.b, "closed ECONNRESET");
	talk_stop(&t);
}

/* No end comes: it is said behind what was built. */
static void refusals_go_out_once_what_is_built_in_place_is_sent(void **state)
{
	struct talk_options o = {.b.requests = 4};
	struct rill_room room;
	struct talk t;

	(void)state;
	talk_open(&t, &o);
	assert_int_equal(rill_rpc_notify_reserve(t.b.rpc, TALK_NOTE, 2, NULL, &room), 0);
	flood(&t);
	assert_int_equal(t.a.answers, 0);
	memcpy(room.data, "ok", 2);
	assert_int_equal(rill_rpc_commit(t.b.rpc, 2, NULL), 0);
	pair_run(&t.pair);
	assert_memory_equal(t.a.told, "note ok, refused EOPNOTSUPP, ", 29);
	assert_int_equal(t.a.answers, 20);
	talk_expect(&t.b, "");
	talk_stop_clean(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(calls_in_flight_are_bounded_and_writable_follows),
		TEST(requests_above_the_limit_are_refused),
		TEST(refusals_and_failures_wait_for_room_and_are_not_lost),
		TEST(cancels_wait_for_room_and_keep_their_slot),
		TEST(a_flood_is_refused_to_the_last_without_growing),
		TEST(the_end_is_told_to_who_builds_in_place_while_refusals_wait),
		TEST(the_end_is_told_even_if_room_came_while_something_was_built),
		TEST(refusals_go_out_once_what_is_built_in_place_is_sent),
	};

	return cmocka_run_group_tests_name("rpc limits", tests, NULL, NULL);
}
