/* tests/unit/rpc/ends.c - every end of a call and a request is told, once, and the right one. Deadlines on a fake clock. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/allocs.h"
#include "tests/support/leaks.h"
#include "tests/support/talk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- Deadlines -------------------------------------------------------------------------------------------------- */

static void a_call_expires_at_its_deadline_and_the_peer_is_told(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_KEEP, "1", 5 * TALK_MS, NULL);
	pair_run(&t.pair);
	assert_int_equal(rill_ctx_deadline(t.pair.a.ctx), 1000 + 5 * TALK_MS);
	talk_pass(&t, 5 * TALK_MS - 1);
	talk_expect(&t.a, "");
	talk_pass(&t, 1);
	talk_expect(&t.a, "expired ETIMEDOUT");
	talk_expect(&t.b, "request 1, gone 1 ECANCELED");
	assert_int_equal(talk_answer(t.b.kept[0], "late"), -ECANCELED);
	talk_stop_clean(&t);
}

static void deadlines_come_in_their_order_whatever_the_order_of_calls(void **state)
{
	static const unsigned ms[] = {7, 3, 9, 1, 5, 8, 2, 6, 4};
	struct talk t;
	char text[8];

	(void)state;
	talk_open(&t, NULL);
	t.clock.now = 0;
	for (size_t i = 0; i < 9; i++) {
		snprintf(text, sizeof(text), "%u", ms[i]);
		talk_asks(&t.a, TALK_KEEP, text, ms[i] * TALK_MS, NULL);
	}
	pair_run(&t.pair);
	for (unsigned i = 1; i <= 9; i++) {
		talk_pass(&t, TALK_MS - 1);
		talk_expect(&t.a, "");
		talk_pass(&t, 1);
		talk_expect(&t.a, "expired ETIMEDOUT");
	}
	talk_nothing_left(&t);
	assert_int_equal(rill_ctx_deadline(t.pair.a.ctx), RILL_NEVER);
	talk_stop(&t);
}

static void an_answered_call_does_not_expire(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_ECHO, "x", 5 * TALK_MS, NULL);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer x");
	talk_pass(&t, 10 * TALK_MS);
	talk_expect(&t.a, "");
	assert_int_equal(rill_ctx_deadline(t.pair.a.ctx), RILL_NEVER);
	talk_stop(&t);
}

static void a_late_answer_is_dropped_even_when_its_slot_has_another_call(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_KEEP, "old", TALK_MS, NULL);
	pair_run(&t.pair);
	assert_int_equal(talk_answer(t.b.kept[0], "old's"), 0); /* on its way when ... */
	t.clock.now += TALK_MS;
	end_run(&t.pair.a); /* ... the deadline passes: readable comes first here, so stop it */
	if (strcmp(t.a.told, "answer old's"))
		talk_expect(&t.a, "expired ETIMEDOUT");
	t.a.told[0] = '\0';
	talk_asks(&t.a, TALK_KEEP, "new", 0, NULL);
	pair_run(&t.pair);
	talk_expect(&t.a, "");
	assert_int_equal(talk_answer(t.b.kept[1], "new's"), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer new's");
	talk_stop_clean(&t);
}

static void a_timeout_can_be_set_anew_and_taken_away(void **state)
{
	struct rill_call first, second;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_KEEP, "1", 5 * TALK_MS, &first);
	talk_asks(&t.a, TALK_KEEP, "2", 5 * TALK_MS, &second);
	talk_pass(&t, 4 * TALK_MS);
	assert_int_equal(rill_call_set_timeout(first, 5 * TALK_MS), 0);
	assert_int_equal(rill_call_set_timeout(second, RILL_NEVER), 0);
	talk_pass(&t, 4 * TALK_MS);
	talk_expect(&t.a, "");
	talk_pass(&t, TALK_MS);
	talk_expect(&t.a, "expired ETIMEDOUT");
	assert_int_equal(rill_call_set_timeout(first, TALK_MS), -ECANCELED);
	talk_pass(&t, 1000 * TALK_MS);
	talk_expect(&t.a, "");
	talk_stop(&t);
}

static void calls_without_a_timeout_have_the_rpcs(void **state)
{
	struct talk_options o = {.a.timeout_ns = 3 * TALK_MS};
	struct talk t;

	(void)state;
	talk_open(&t, &o);
	talk_asks(&t.a, TALK_KEEP, "1", 0, NULL);
	talk_asks(&t.a, TALK_KEEP, "2", RILL_NEVER, NULL);
	talk_pass(&t, 3 * TALK_MS);
	talk_expect(&t.a, "expired ETIMEDOUT");
	talk_pass(&t, 3000 * TALK_MS);
	talk_expect(&t.a, "");
	talk_stop(&t);
}

static void a_deadline_that_fires_early_is_told_the_loop_again(void **state)
{
	struct notes notes = {0};
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	assert_int_equal(rill_ctx_attach(t.pair.a.ctx, &notes_loop, &notes), 0);
	notes_read(&notes);
	talk_asks(&t.a, TALK_KEEP, "1", 5000, NULL);
	assert_string_equal(notes_read(&notes), "deadline 6000");
	t.clock.now = 5999;
	rill_ctx_dispatch(t.pair.a.ctx, NULL);
	talk_expect(&t.a, "");
	assert_string_equal(notes_read(&notes), "deadline 6000");
	t.clock.now = 6000;
	rill_ctx_dispatch(t.pair.a.ctx, NULL);
	talk_expect(&t.a, "expired ETIMEDOUT");
	assert_string_equal(notes_read(&notes), "deadline never");
	rill_ctx_detach(t.pair.a.ctx);
	talk_stop(&t);
}

/* ---- Cancel ----------------------------------------------------------------------------------------------------- */

static void a_cancelled_call_is_told_nothing_and_its_request_is_gone(void **state)
{
	struct rill_call call;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_KEEP, "1", 5 * TALK_MS, &call);
	pair_run(&t.pair);
	assert_int_equal(rill_call_cancel(call), 0);
	assert_int_equal(rill_call_cancel(call), -ECANCELED);
	pair_run(&t.pair);
	talk_expect(&t.b, "request 1, gone 1 ECANCELED");
	talk_pass(&t, 10 * TALK_MS);
	talk_expect(&t.a, "");
	talk_stop_clean(&t);
}

static void an_answer_that_crosses_a_cancel_is_dropped(void **state)
{
	struct rill_call call;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_KEEP, "1", 0, &call);
	pair_run(&t.pair);
	assert_int_equal(talk_answer(t.b.kept[0], "yes"), 0);
	assert_int_equal(rill_call_cancel(call), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "");
	talk_expect(&t.b, "request 1");
	talk_stop_clean(&t);
}

static void cancel_from_its_own_part(struct talker *t, const char *event)
{
	if (!strcmp(event, "part"))
		assert_int_equal(rill_call_cancel(*(struct rill_call *)t->end->with), 0);
}

static void a_call_may_be_cancelled_between_its_parts(void **state)
{
	struct rill_call call;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	t.pair.a.with = &call;
	t.a.hook = cancel_from_its_own_part;
	talk_asks(&t.a, TALK_PARTS, "", 0, &call);
	pair_run(&t.pair);
	talk_expect(&t.a, "part one");
	talk_stop_clean(&t);
}

/* ---- The channel's end ------------------------------------------------------------------------------------------ */

static void each_call_in_flight_is_told_why_the_channel_ended(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_KEEP, "1", 5 * TALK_MS, NULL);
	talk_asks(&t.a, TALK_KEEP, "2", 0, NULL);
	talk_asks(&t.a, TALK_CLOSE, "3", 0, NULL);
	pair_run(&t.pair);
	talk_expect(&t.a, "lost EPIPE, lost EPIPE, lost EPIPE, closed 0");
	talk_expect(&t.b, "request 1, request 2, request 3");
	assert_int_equal(talk_ask(&t.a, TALK_ECHO, "4", 0, NULL), -EPIPE);
	assert_int_equal(talk_note(&t.a, TALK_NOTE, "5"), -EPIPE);
	talk_pass(&t, 10 * TALK_MS);
	talk_expect(&t.a, "");
	talk_stop(&t);
}

static void kept_requests_are_told_that_their_asker_is_gone(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_KEEP, "1", 0, NULL);
	talk_asks(&t.a, TALK_KEEP, "2", 0, NULL);
	pair_run(&t.pair);
	end_die(&t.pair.a);
	pair_run(&t.pair);
	talk_expect(&t.b, "request 1, request 2, gone 1 ECONNRESET, gone 2 ECONNRESET, closed ECONNRESET");
	assert_int_equal(talk_answer(t.b.kept[0], "x"), -ECANCELED);
	talk_stop(&t);
}

static void what_the_peer_answered_before_its_end_is_told_first(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_KEEP, "1", 0, NULL);
	talk_asks(&t.a, TALK_KEEP, "2", 0, NULL);
	pair_run(&t.pair);
	assert_int_equal(talk_answer(t.b.kept[1], "yes"), 0);
	rill_rpc_abort(t.b.rpc, -EIO);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer yes, lost ECONNABORTED, closed ECONNABORTED");
	talk_stop(&t);
}

static void closing_is_the_last_word(void **state)
{
	struct rill_call call;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_KEEP, "1", TALK_MS, &call);
	pair_run(&t.pair);
	rill_rpc_close(t.a.rpc);
	talk_pass(&t, 2 * TALK_MS);
	talk_expect(&t.a, "");
	talk_expect(&t.b, "request 1, gone 1 EPIPE, closed 0");
	talk_stop(&t);
}

static void the_end_of_channel_session_or_ctx_closes_the_rpc(void **state)
{
	struct talk t;

	(void)state;
	for (int i = 0; i < 3; i++) {
		talk_open(&t, NULL);
		talk_asks(&t.a, TALK_KEEP, "1", TALK_MS, NULL);
		pair_run(&t.pair);
		if (i == 0)
			rill_channel_close(t.pair.a.ch);
		else if (i == 1)
			rill_session_close(t.pair.a.s);
		else
			end_stop(&t.pair.a);
		if (i == 1)
			t.pair.a.s = NULL;
		talk_pass(&t, 2 * TALK_MS);
		talk_expect(&t.a, "");
		assert_non_null(strstr(t.b.told, "gone 1 E"));
		talk_stop(&t);
	}
}

/* ---- In callbacks ----------------------------------------------------------------------------------------------- */

static void close_all(struct talker *t, const char *event)
{
	const char *with = t->end->with;

	if (strncmp(event, with + 1, strlen(with) - 1))
		return;
	if (*with == 'r')
		rill_rpc_close(t->rpc);
	else if (*with == 'c')
		rill_channel_close(t->end->ch);
	else if (*with == 's')
		rill_session_close(t->end->s);
	else
		rill_ctx_destroy(t->end->ctx);
	if (t->rpc) {
		assert_int_equal(talk_ask(t, TALK_ECHO, "x", 0, NULL), -ECANCELED);
		assert_int_equal(talk_note(t, TALK_NOTE, "x"), -ECANCELED);
		assert_null(rill_rpc_user(t->rpc));
		rill_rpc_close(t->rpc);
	}
	if (*with == 's')
		t->end->s = NULL;
}

static void anything_may_be_closed_in_any_callback(void **state)
{
	static const char *const events[] = {"answer", "part",    "failed", "refused", "expired",
	                                     "lost",   "request", "gone",   "note",    "closed"};
	static const char what[] = "rcsx";
	char with[16];
	struct talk t;

	(void)state;
	for (size_t i = 0; i < 10 * 4; i++) {
		talk_open(&t, NULL);
		snprintf(with, sizeof(with), "%c%s", what[i % 4], events[i / 4]);
		t.pair.a.with = t.pair.b.with = with;
		t.a.hook = t.b.hook = close_all;
		for (uint16_t type = TALK_ECHO; type <= TALK_PARTS + 20; type++)
			talk_asks(&t.a, type, "x", 5 * TALK_MS, NULL);
		talk_asks(&t.a, TALK_KEEP, "x", 5 * TALK_MS, NULL);
		assert_int_equal(talk_note(&t.a, TALK_NOTE, "x"), 0);
		talk_pass(&t, 0);
		if (t.pair.a.ctx)
			talk_pass(&t, 5 * TALK_MS);
		if (t.pair.b.ctx && t.pair.b.s)
			rill_session_abort(t.pair.b.s, -EIO);
		t.pair.b.s = NULL;
		pair_run(&t.pair);
		talk_stop(&t);
	}
}

static void ask_again(struct talker *t, const char *event)
{
	if (!strcmp(event, "answer") && t->answers < 1000)
		assert_int_equal(talk_ask(t, TALK_ECHO, "again", 5 * TALK_MS, NULL), 0);
	t->told[0] = '\0';
}

static void the_next_call_may_be_made_in_an_answer_without_an_allocation(void **state)
{
	struct talk t;
	uint64_t before;

	(void)state;
	talk_open(&t, NULL);
	t.a.hook = t.b.hook = ask_again;
	talk_asks(&t.a, TALK_ECHO, "x", 5 * TALK_MS, NULL);
	while (t.a.answers < 10) {
		rill_ctx_poll(t.pair.a.ctx, 0);
		rill_ctx_poll(t.pair.b.ctx, 0);
	}
	before = allocs_made();
	while (t.a.answers < 1000) {
		rill_ctx_poll(t.pair.a.ctx, 0);
		rill_ctx_poll(t.pair.b.ctx, 0);
	}
	assert_int_equal(allocs_made(), before);
	talk_stop(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_expires_at_its_deadline_and_the_peer_is_told),
		TEST(deadlines_come_in_their_order_whatever_the_order_of_calls),
		TEST(an_answered_call_does_not_expire),
		TEST(a_late_answer_is_dropped_even_when_its_slot_has_another_call),
		TEST(a_timeout_can_be_set_anew_and_taken_away),
		TEST(calls_without_a_timeout_have_the_rpcs),
		TEST(a_deadline_that_fires_early_is_told_the_loop_again),
		TEST(a_cancelled_call_is_told_nothing_and_its_request_is_gone),
		TEST(an_answer_that_crosses_a_cancel_is_dropped),
		TEST(a_call_may_be_cancelled_between_its_parts),
		TEST(each_call_in_flight_is_told_why_the_channel_ended),
		TEST(kept_requests_are_told_that_their_asker_is_gone),
		TEST(what_the_peer_answered_before_its_end_is_told_first),
		TEST(closing_is_the_last_word),
		TEST(the_end_of_channel_session_or_ctx_closes_the_rpc),
		TEST(anything_may_be_closed_in_any_callback),
		TEST(the_next_call_may_be_made_in_an_answer_without_an_allocation),
	};

	return cmocka_run_group_tests_name("rpc ends", tests, NULL, NULL);
}
