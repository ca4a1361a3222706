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
#include <unistd.h>

#define MS UINT64_C(1000000)

static struct rill_rpc_usage usage_of(const struct rill_rpc *rpc)
{
	struct rill_rpc_usage u = {.size = sizeof(u)};

	rill_rpc_get_usage(rpc, &u);
	return u;
}

static void nothing_is_left(struct talk *t)
{
	struct rill_rpc_usage a = usage_of(t->a.rpc), b = usage_of(t->b.rpc);

	assert_int_equal(a.calls + a.requests + a.unsent, 0);
	assert_int_equal(b.calls + b.requests + b.unsent, 0);
}

/* Every call and request has had its end. */
static void stop_clean(struct talk *t)
{
	nothing_is_left(t);
	talk_stop(t);
}

static void asks(struct talker *t, uint16_t type, const char *text, uint64_t timeout_ns, struct rill_call *ret_call)
{
	assert_int_equal(talk_ask(t, type, text, timeout_ns, ret_call), 0);
}

static void pass(struct talk *t, uint64_t ns)
{
	t->clock.now += ns;
	pair_run(&t->pair);
}

/* ---- Answers ---------------------------------------------------------------------------------------------------- */

static void a_request_is_answered_with_its_body(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, TALK_ECHO, "hello", 0, NULL);
	pair_run(&t.pair);
	talk_expect(&t.b, "request hello");
	talk_expect(&t.a, "answer hello");
	stop_clean(&t);
}

static void both_sides_may_ask(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, TALK_ECHO, "from a", 0, NULL);
	asks(&t.b, TALK_ECHO, "from b", 0, NULL);
	pair_run(&t.pair);
	assert_non_null(strstr(t.a.told, "answer from a"));
	assert_non_null(strstr(t.b.told, "answer from b"));
	stop_clean(&t);
}

static void kept_requests_are_answered_in_any_order(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, TALK_KEEP, "1", 0, NULL);
	asks(&t.a, TALK_KEEP, "2", 0, NULL);
	asks(&t.a, TALK_KEEP, "3", 0, NULL);
	pair_run(&t.pair);
	talk_expect(&t.b, "request 1, request 2, request 3");
	talk_expect(&t.a, "");
	assert_ptr_equal(rill_request_kept(t.b.kept[1]), (void *)2);
	assert_int_equal(talk_answer(t.b.kept[2], "third"), 0);
	assert_int_equal(talk_answer(t.b.kept[0], "first"), 0);
	assert_int_equal(rill_request_fail(t.b.kept[1], -EDOM), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer third, answer first, failed EDOM");
	assert_int_equal(talk_answer(t.b.kept[0], "again"), -ECANCELED);
	assert_int_equal(rill_request_fail(t.b.kept[1], -EDOM), -ECANCELED);
	assert_null(rill_request_kept(t.b.kept[1]));
	stop_clean(&t);
}

static void an_answer_may_come_in_parts(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, TALK_PARTS, "", 0, NULL);
	pair_run(&t.pair);
	talk_expect(&t.a, "part one, part two, answer three");
	stop_clean(&t);
}

static void a_handler_fails_a_request_by_what_it_returns(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, TALK_FAIL, "x", 0, NULL);
	asks(&t.a, TALK_FORGET, "x", 0, NULL); /* neither answered nor kept */
	pair_run(&t.pair);
	talk_expect(&t.a, "failed EXDEV, failed EIO");
	stop_clean(&t);
}

static void a_type_without_a_handler_is_refused(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, 77, "x", 0, NULL);
	asks(&t.a, TALK_NOTE, "x", 0, NULL); /* has one for notifications only */
	pair_run(&t.pair);
	talk_expect(&t.b, "");
	talk_expect(&t.a, "refused EOPNOTSUPP, refused EOPNOTSUPP");
	stop_clean(&t);
}

static void notifications_reach_their_handler_or_the_general_one(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	assert_int_equal(talk_note(&t.a, TALK_NOTE, "hear"), 0);
	assert_int_equal(talk_note(&t.a, 65535, "what"), 0);
	assert_int_equal(talk_note(&t.a, TALK_ECHO, "me"), 0);
	pair_run(&t.pair);
	talk_expect(&t.b, "note hear, stray note 65535 what, stray note 1 me");
	talk_stop(&t);
}

/* ---- Deadlines -------------------------------------------------------------------------------------------------- */

static void a_call_expires_at_its_deadline_and_the_peer_is_told(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, TALK_KEEP, "1", 5 * MS, NULL);
	pair_run(&t.pair);
	assert_int_equal(rill_ctx_deadline(t.pair.a.ctx), 1000 + 5 * MS);
	pass(&t, 5 * MS - 1);
	talk_expect(&t.a, "");
	pass(&t, 1);
	talk_expect(&t.a, "expired ETIMEDOUT");
	talk_expect(&t.b, "request 1, gone 1 ECANCELED");
	assert_int_equal(talk_answer(t.b.kept[0], "late"), -ECANCELED);
	stop_clean(&t);
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
		asks(&t.a, TALK_KEEP, text, ms[i] * MS, NULL);
	}
	pair_run(&t.pair);
	for (unsigned i = 1; i <= 9; i++) {
		pass(&t, MS - 1);
		talk_expect(&t.a, "");
		pass(&t, 1);
		talk_expect(&t.a, "expired ETIMEDOUT");
	}
	nothing_is_left(&t);
	assert_int_equal(rill_ctx_deadline(t.pair.a.ctx), RILL_NEVER);
	talk_stop(&t);
}

static void an_answered_call_does_not_expire(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, TALK_ECHO, "x", 5 * MS, NULL);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer x");
	pass(&t, 10 * MS);
	talk_expect(&t.a, "");
	assert_int_equal(rill_ctx_deadline(t.pair.a.ctx), RILL_NEVER);
	talk_stop(&t);
}

static void a_late_answer_is_dropped_even_when_its_slot_has_another_call(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, TALK_KEEP, "old", MS, NULL);
	pair_run(&t.pair);
	assert_int_equal(talk_answer(t.b.kept[0], "old's"), 0); /* on its way when ... */
	t.clock.now += MS;
	end_run(&t.pair.a); /* ... the deadline passes: readable comes first here, so stop it */
	if (strcmp(t.a.told, "answer old's"))
		talk_expect(&t.a, "expired ETIMEDOUT");
	t.a.told[0] = '\0';
	asks(&t.a, TALK_KEEP, "new", 0, NULL);
	pair_run(&t.pair);
	talk_expect(&t.a, "");
	assert_int_equal(talk_answer(t.b.kept[1], "new's"), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer new's");
	stop_clean(&t);
}

static void a_timeout_can_be_set_anew_and_taken_away(void **state)
{
	struct rill_call first, second;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, TALK_KEEP, "1", 5 * MS, &first);
	asks(&t.a, TALK_KEEP, "2", 5 * MS, &second);
	pass(&t, 4 * MS);
	assert_int_equal(rill_call_set_timeout(first, 5 * MS), 0);
	assert_int_equal(rill_call_set_timeout(second, RILL_NEVER), 0);
	pass(&t, 4 * MS);
	talk_expect(&t.a, "");
	pass(&t, MS);
	talk_expect(&t.a, "expired ETIMEDOUT");
	assert_int_equal(rill_call_set_timeout(first, MS), -ECANCELED);
	pass(&t, 1000 * MS);
	talk_expect(&t.a, "");
	talk_stop(&t);
}

static void calls_without_a_timeout_have_the_rpcs(void **state)
{
	struct talk_options o = {.a.timeout_ns = 3 * MS};
	struct talk t;

	(void)state;
	talk_open(&t, &o);
	asks(&t.a, TALK_KEEP, "1", 0, NULL);
	asks(&t.a, TALK_KEEP, "2", RILL_NEVER, NULL);
	pass(&t, 3 * MS);
	talk_expect(&t.a, "expired ETIMEDOUT");
	pass(&t, 3000 * MS);
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
	asks(&t.a, TALK_KEEP, "1", 5000, NULL);
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
	asks(&t.a, TALK_KEEP, "1", 5 * MS, &call);
	pair_run(&t.pair);
	assert_int_equal(rill_call_cancel(call), 0);
	assert_int_equal(rill_call_cancel(call), -ECANCELED);
	pair_run(&t.pair);
	talk_expect(&t.b, "request 1, gone 1 ECANCELED");
	pass(&t, 10 * MS);
	talk_expect(&t.a, "");
	stop_clean(&t);
}

static void an_answer_that_crosses_a_cancel_is_dropped(void **state)
{
	struct rill_call call;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, TALK_KEEP, "1", 0, &call);
	pair_run(&t.pair);
	assert_int_equal(talk_answer(t.b.kept[0], "yes"), 0);
	assert_int_equal(rill_call_cancel(call), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "");
	talk_expect(&t.b, "request 1");
	stop_clean(&t);
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
	asks(&t.a, TALK_PARTS, "", 0, &call);
	pair_run(&t.pair);
	talk_expect(&t.a, "part one");
	stop_clean(&t);
}

/* ---- Limits ----------------------------------------------------------------------------------------------------- */

static void calls_in_flight_are_bounded_and_writable_follows(void **state)
{
	struct talk_options o = {.a.calls = 2};
	struct talk t;

	(void)state;
	talk_open(&t, &o);
	asks(&t.a, TALK_KEEP, "1", 0, NULL);
	asks(&t.a, TALK_KEEP, "2", 0, NULL);
	assert_int_equal(talk_ask(&t.a, TALK_KEEP, "3", 0, NULL), -EAGAIN);
	pair_run(&t.pair);
	talk_expect(&t.a, "");
	assert_int_equal(talk_answer(t.b.kept[0], "yes"), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer yes, writable");
	asks(&t.a, TALK_ECHO, "3", 0, NULL);
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
		asks(&t.a, TALK_KEEP, "x", 0, NULL);
	pair_run(&t.pair);
	talk_expect(&t.b, "request x, request x");
	talk_expect(&t.a, "refused ENOBUFS, refused ENOBUFS");
	assert_int_equal(usage_of(t.b.rpc).requests, 2);
	assert_int_equal(talk_answer(t.b.kept[0], "y"), 0);
	asks(&t.a, TALK_ECHO, "z", 0, NULL);
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
	asks(&t.a, 77, "x", 0, NULL);
	asks(&t.a, TALK_FAIL, "x", 0, NULL);
	asks(&t.a, TALK_KEEP, "x", 0, NULL);
	asks(&t.a, TALK_ECHO, "x", 0, NULL); /* its answer is -EAGAIN, which fails it */
	pair_run(&t.pair);
	assert_int_equal(usage_of(t.b.rpc).unsent, 3);
	assert_int_equal(talk_answer(t.b.kept[0], "now"), -EAGAIN);
	t.b.told[0] = '\0';
	unstuff(&t);
	talk_expect(&t.a, "refused EOPNOTSUPP, failed EXDEV, failed EAGAIN");
	talk_expect(&t.b, "writable");
	assert_int_equal(talk_answer(t.b.kept[0], "now"), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer now");
	stop_clean(&t);
}

static void cancels_wait_for_room_and_keep_their_slot(void **state)
{
	struct talk_options o = {SMALL_RINGS, .a.calls = 3};
	struct rill_call call[3];
	struct talk t;

	(void)state;
	talk_open(&t, &o);
	for (int i = 0; i < 3; i++)
		asks(&t.a, TALK_KEEP, "x", 0, &call[i]);
	pair_run(&t.pair);
	rill_rpc_pause(t.b.rpc);
	while (rill_rpc_notify(t.a.rpc, TALK_NOTE, NULL) == 0) /* as small as a cancel */
		;
	for (int i = 0; i < 3; i++)
		assert_int_equal(rill_call_cancel(call[i]), 0);
	assert_int_equal(usage_of(t.a.rpc).unsent, 3);
	assert_int_equal(talk_ask(&t.a, TALK_ECHO, "x", 0, NULL), -EAGAIN);
	rill_rpc_resume(t.b.rpc);
	pair_run(&t.pair);
	assert_non_null(strstr(t.b.told, "gone 1 ECANCELED, gone 2 ECANCELED, gone 3 ECANCELED"));
	talk_expect(&t.a, "writable");
	stop_clean(&t);
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
		assert_true(usage_of(t.b.rpc).unsent <= 16);
	}
	assert_true(asked > 16 && asked < 100); /* what is beyond waits in a's ring */
	unstuff(&t);
	assert_int_equal(t.a.answers, asked);
	stop_clean(&t);
}

/* ---- The channel's end ------------------------------------------------------------------------------------------ */

static void each_call_in_flight_is_told_why_the_channel_ended(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, TALK_KEEP, "1", 5 * MS, NULL);
	asks(&t.a, TALK_KEEP, "2", 0, NULL);
	asks(&t.a, TALK_CLOSE, "3", 0, NULL);
	pair_run(&t.pair);
	talk_expect(&t.a, "lost EPIPE, lost EPIPE, lost EPIPE, closed 0");
	talk_expect(&t.b, "request 1, request 2, request 3");
	assert_int_equal(talk_ask(&t.a, TALK_ECHO, "4", 0, NULL), -EPIPE);
	assert_int_equal(talk_note(&t.a, TALK_NOTE, "5"), -EPIPE);
	pass(&t, 10 * MS);
	talk_expect(&t.a, "");
	talk_stop(&t);
}

static void kept_requests_are_told_that_their_asker_is_gone(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, TALK_KEEP, "1", 0, NULL);
	asks(&t.a, TALK_KEEP, "2", 0, NULL);
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
	asks(&t.a, TALK_KEEP, "1", 0, NULL);
	asks(&t.a, TALK_KEEP, "2", 0, NULL);
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
	asks(&t.a, TALK_KEEP, "1", MS, &call);
	pair_run(&t.pair);
	rill_rpc_close(t.a.rpc);
	pass(&t, 2 * MS);
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
		asks(&t.a, TALK_KEEP, "1", MS, NULL);
		pair_run(&t.pair);
		if (i == 0)
			rill_channel_close(t.pair.a.ch);
		else if (i == 1)
			rill_session_close(t.pair.a.s);
		else
			end_stop(&t.pair.a);
		if (i == 1)
			t.pair.a.s = NULL;
		pass(&t, 2 * MS);
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
			asks(&t.a, type, "x", 5 * MS, NULL);
		asks(&t.a, TALK_KEEP, "x", 5 * MS, NULL);
		assert_int_equal(talk_note(&t.a, TALK_NOTE, "x"), 0);
		pass(&t, 0);
		if (t.pair.a.ctx)
			pass(&t, 5 * MS);
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
		assert_int_equal(talk_ask(t, TALK_ECHO, "again", 5 * MS, NULL), 0);
	t->told[0] = '\0';
}

static void the_next_call_may_be_made_in_an_answer_without_an_allocation(void **state)
{
	struct talk t;
	uint64_t before;

	(void)state;
	talk_open(&t, NULL);
	t.a.hook = t.b.hook = ask_again;
	asks(&t.a, TALK_ECHO, "x", 5 * MS, NULL);
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

/* ---- In place --------------------------------------------------------------------------------------------------- */

static void on_quiet(const struct rill_answer *a, void *user)
{
	struct talker *t = user;

	t->answers++;
	if (a->msg)
		snprintf(t->told, sizeof(t->told), "%.*s", (int)a->msg->len, (const char *)a->msg->data);
}

static struct rill_ask quiet_ask(struct talker *t)
{
	return (struct rill_ask){.size = sizeof(struct rill_ask), .type = TALK_ECHO, .answered = on_quiet, .user = t};
}

static void a_request_is_built_in_place_and_committed(void **state)
{
	struct rill_call call;
	struct rill_room room;
	struct rill_ask ask;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	ask = quiet_ask(&t.a);
	assert_int_equal(rill_rpc_call_reserve(t.a.rpc, &ask, 100, NULL, &room), 0);
	assert_int_equal(room.len, 100);
	assert_int_equal(talk_ask(&t.a, TALK_ECHO, "no", 0, NULL), -EBUSY);
	memcpy(room.data, "in place", 8);
	assert_int_equal(rill_rpc_commit(t.a.rpc, 101, &call), -EINVAL);
	assert_int_equal(rill_rpc_commit(t.a.rpc, 8, &call), 0);
	assert_int_equal(rill_rpc_commit(t.a.rpc, 8, &call), -EINVAL);
	assert_ptr_equal(call.rpc, t.a.rpc);
	pair_run(&t.pair);
	talk_expect(&t.a, "in place");
	nothing_is_left(&t);
	assert_int_equal(rill_rpc_call_reserve(t.a.rpc, &ask, 100, NULL, &room), 0);
	rill_rpc_cancel(t.a.rpc);
	stop_clean(&t);
}

static void an_answer_in_place_ends_with_its_request(void **state)
{
	struct rill_room room;
	struct rill_call call;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	asks(&t.a, TALK_KEEP, "1", 0, &call);
	asks(&t.a, TALK_KEEP, "2", 0, NULL);
	pair_run(&t.pair);
	assert_int_equal(rill_request_reserve(t.b.kept[0], true, 10, NULL, &room), 0);
	assert_int_equal(rill_request_fail(t.b.kept[1], -EDOM), 0); /* waits for the commit */
	assert_int_equal(rill_call_cancel(call), 0);
	pair_run(&t.pair);
	assert_int_equal(rill_rpc_commit(t.b.rpc, 10, NULL), -ECANCELED);
	pair_run(&t.pair);
	talk_expect(&t.a, "failed EDOM");
	stop_clean(&t);
}

/* ---- Misuse ----------------------------------------------------------------------------------------------------- */

static void misuse_is_refused_at_the_edge(void **state)
{
	const struct rill_handler twice[] = {{.type = 1}, {.type = 2}, {.type = 1}};
	struct rill_rpc_options o = {.size = sizeof(o), .handlers = twice, .handler_count = 3};
	struct rill_out out = {.size = sizeof(out), .tag = 32};
	struct rill_channel_events none = {.size = sizeof(none)};
	struct rill_rpc *rpc = NULL;
	struct rill_channel *ch;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	assert_int_equal(rill_rpc_create(&rpc, t.pair.a.ch, NULL, NULL, NULL), -EBUSY);
	assert_int_equal(rill_channel_set_events(t.pair.a.ch, &none, NULL), -EBUSY);
	assert_int_equal(rill_channel_open(&ch, t.pair.a.s, "other", NULL, NULL, NULL), 0);
	assert_int_equal(rill_rpc_create(&rpc, ch, &o, NULL, NULL), -EINVAL);
	o = (struct rill_rpc_options){.size = sizeof(o), .calls = 1048577};
	assert_int_equal(rill_rpc_create(&rpc, ch, &o, NULL, NULL), -EINVAL);
	o = (struct rill_rpc_options){.size = sizeof(o), .requests = 1048577};
	assert_int_equal(rill_rpc_create(&rpc, ch, &o, NULL, NULL), -EINVAL);
	assert_null(rpc);
	assert_int_equal(rill_rpc_notify(t.a.rpc, 1, &out), -EINVAL);
	assert_int_equal(rill_rpc_call(t.a.rpc, &(struct rill_ask){.size = sizeof(struct rill_ask)}, NULL, NULL), -EINVAL);
	assert_int_equal(rill_rpc_call(NULL, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_call_cancel((struct rill_call){t.a.rpc, 12345}), -ECANCELED);
	assert_int_equal(talk_answer((struct rill_request){.rpc = t.a.rpc, .slot = 5}, "x"), -ECANCELED);
	rill_rpc_close(NULL);
	stop_clean(&t);
}

static void without_memory_a_call_fails_and_changes_nothing(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	for (uint64_t n = 1; n <= 2; n++) {
		allocs_refuse(n);
		assert_int_equal(talk_ask(&t.a, TALK_ECHO, "x", 0, NULL), -ENOMEM);
		allocs_refuse(0);
		nothing_is_left(&t);
	}
	asks(&t.a, TALK_ECHO, "x", 0, NULL);
	allocs_refuse_from(1);
	assert_true(rill_ctx_poll(t.pair.b.ctx, 0) >= 0);
	allocs_refuse(0);
	pair_run(&t.pair);
	talk_expect(&t.b, "closed ENOMEM"); /* not even a refusal could have been kept */
	talk_expect(&t.a, "lost ECONNABORTED, closed ECONNABORTED");
	talk_stop(&t);
}

static struct rill_msg kept_msg;

static int keep_msg(struct rill_request rq, struct rill_msg *msg, void *user)
{
	(void)user;
	kept_msg = *msg;
	memset(msg, 0, sizeof(*msg));
	return rill_request_answer(rq, NULL);
}

static void a_kept_message_outlives_its_callback_and_the_ctx(void **state)
{
	struct rill_rpc_events events = {.size = sizeof(events), .request = keep_msg};
	struct pair p;
	struct talker a = {.end = &p.a};
	struct rill_rpc *b;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(rill_rpc_create(&a.rpc, p.a.ch, NULL, NULL, &a), 0);
	assert_int_equal(rill_rpc_create(&b, p.b.ch, NULL, &events, NULL), 0);
	assert_int_equal(talk_ask(&a, 9, "remember", 0, NULL), 0);
	pair_run(&p);
	talk_expect(&a, "answer ");
	pair_stop(&p);
	assert_memory_equal(kept_msg.data, "remember", 8);
	rill_msg_release(&kept_msg);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_answered_with_its_body),
		TEST(both_sides_may_ask),
		TEST(kept_requests_are_answered_in_any_order),
		TEST(an_answer_may_come_in_parts),
		TEST(a_handler_fails_a_request_by_what_it_returns),
		TEST(a_type_without_a_handler_is_refused),
		TEST(notifications_reach_their_handler_or_the_general_one),
		TEST(a_kept_message_outlives_its_callback_and_the_ctx),
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
		TEST(calls_in_flight_are_bounded_and_writable_follows),
		TEST(requests_above_the_limit_are_refused),
		TEST(refusals_and_failures_wait_for_room_and_are_not_lost),
		TEST(cancels_wait_for_room_and_keep_their_slot),
		TEST(a_flood_is_refused_to_the_last_without_growing),
		TEST(each_call_in_flight_is_told_why_the_channel_ended),
		TEST(kept_requests_are_told_that_their_asker_is_gone),
		TEST(what_the_peer_answered_before_its_end_is_told_first),
		TEST(closing_is_the_last_word),
		TEST(the_end_of_channel_session_or_ctx_closes_the_rpc),
		TEST(anything_may_be_closed_in_any_callback),
		TEST(the_next_call_may_be_made_in_an_answer_without_an_allocation),
		TEST(a_request_is_built_in_place_and_committed),
		TEST(an_answer_in_place_ends_with_its_request),
		TEST(misuse_is_refused_at_the_edge),
		TEST(without_memory_a_call_fails_and_changes_nothing),
	};

	return cmocka_run_group_tests_name("rpc ends", tests, NULL, NULL);
}
