/* tests/unit/rpc/answers.c - requests and what becomes of them, sent whole or built in place; what is refused at the edge. */
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

/* ---- Answers ---------------------------------------------------------------------------------------------------- */

static void a_request_is_answered_with_its_body(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_ECHO, "hello", 0, NULL);
	pair_run(&t.pair);
	talk_expect(&t.b, "request hello");
	talk_expect(&t.a, "answer hello");
	talk_stop_clean(&t);
}

static void both_sides_may_ask(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_ECHO, "from a", 0, NULL);
	talk_asks(&t.b, TALK_ECHO, "from b", 0, NULL);
	pair_run(&t.pair);
	assert_non_null(strstr(t.a.told, "answer from a"));
	assert_non_null(strstr(t.b.told, "answer from b"));
	talk_stop_clean(&t);
}

static void kept_requests_are_answered_in_any_order(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_KEEP, "1", 0, NULL);
	talk_asks(&t.a, TALK_KEEP, "2", 0, NULL);
	talk_asks(&t.a, TALK_KEEP, "3", 0, NULL);
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
	talk_stop_clean(&t);
}

static void an_answer_may_come_in_parts(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_PARTS, "", 0, NULL);
	pair_run(&t.pair);
	talk_expect(&t.a, "part one, part two, answer three");
	talk_stop_clean(&t);
}

static void a_handler_fails_a_request_by_what_it_returns(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_FAIL, "x", 0, NULL);
	talk_asks(&t.a, TALK_FORGET, "x", 0, NULL); /* neither answered nor kept */
	pair_run(&t.pair);
	talk_expect(&t.a, "failed EXDEV, failed EIO");
	talk_stop_clean(&t);
}

static void a_type_without_a_handler_is_refused(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, 77, "x", 0, NULL);
	talk_asks(&t.a, TALK_NOTE, "x", 0, NULL); /* has one for notifications only */
	pair_run(&t.pair);
	talk_expect(&t.b, "");
	talk_expect(&t.a, "refused EOPNOTSUPP, refused EOPNOTSUPP");
	talk_stop_clean(&t);
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
	talk_nothing_left(&t);
	assert_int_equal(rill_rpc_call_reserve(t.a.rpc, &ask, 100, NULL, &room), 0);
	rill_rpc_cancel(t.a.rpc);
	talk_stop_clean(&t);
}

static void an_answer_in_place_ends_with_its_request(void **state)
{
	struct rill_room room;
	struct rill_call call;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_asks(&t.a, TALK_KEEP, "1", 0, &call);
	talk_asks(&t.a, TALK_KEEP, "2", 0, NULL);
	pair_run(&t.pair);
	assert_int_equal(rill_request_reserve(t.b.kept[0], true, 10, NULL, &room), 0);
	assert_int_equal(rill_request_fail(t.b.kept[1], -EDOM), 0); /* waits for the commit */
	assert_int_equal(rill_call_cancel(call), 0);
	pair_run(&t.pair);
	assert_int_equal(rill_rpc_commit(t.b.rpc, 10, NULL), -ECANCELED);
	pair_run(&t.pair);
	talk_expect(&t.a, "failed EDOM");
	talk_stop_clean(&t);
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
	talk_stop_clean(&t);
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
		talk_nothing_left(&t);
	}
	talk_asks(&t.a, TALK_ECHO, "x", 0, NULL);
	allocs_refuse_from(1);
	assert_true(rill_ctx_poll(t.pair.b.ctx, 0) >= 0);
	allocs_refuse(0);
	pair_run(&t.pair);
	talk_expect(&t.b, "closed ENOMEM"); /* not even a refusal could have been kept */
	talk_expect(&t.a, "lost ECONNABORTED, closed ECONNABORTED");
	talk_stop(&t);
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
		TEST(a_request_is_built_in_place_and_committed),
		TEST(an_answer_in_place_ends_with_its_request),
		TEST(misuse_is_refused_at_the_edge),
		TEST(without_memory_a_call_fails_and_changes_nothing),
	};

	return cmocka_run_group_tests_name("rpc answers", tests, NULL, NULL);
}
