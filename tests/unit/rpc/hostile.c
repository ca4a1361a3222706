/* tests/unit/rpc/hostile.c - a peer that says in its tags what nobody may say, or what nobody asked: each has a defined end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <rill/rpc.h>
#include <string.h>

enum { REQUEST = 1, ANSWER, PART, FAILED, REFUSED, CANCEL, NOTIFICATION };

/* The liar's end of the channel is bare; ours has an rpc. */
struct scene {
	struct pair pair;
	struct rill_rpc *rpc;
	unsigned requests, notes, gone, parts, ends, closed;
	int why, gone_why;
	enum rill_end end;
	int error;
	bool keeps;
};

static uint64_t tag(unsigned kind, unsigned type, uint64_t id)
{
	return id << 24 | (uint64_t)type << 8 | kind;
}

static int on_request(struct rill_request rq, struct rill_msg *msg, void *user)
{
	struct scene *s = user;

	(void)msg;
	s->requests++;
	return s->keeps ? rill_request_keep(rq, s) : rill_request_answer(rq, NULL);
}

static void on_note(struct rill_rpc *rpc, uint16_t type, struct rill_msg *msg, void *user)
{
	(void)rpc, (void)type, (void)msg;
	((struct scene *)user)->notes++;
}

static void on_gone(struct rill_request rq, int why, void *kept, void *user)
{
	struct scene *s = user;

	(void)rq, (void)kept;
	s->gone++;
	s->gone_why = why;
}

static void on_closed(struct rill_rpc *rpc, int why, void *user)
{
	struct scene *s = user;

	(void)rpc;
	s->closed++;
	s->why = why;
}

static void on_end(const struct rill_answer *a, void *user)
{
	struct scene *s = user;

	s->parts += a->end == RILL_PART;
	s->ends += a->end != RILL_PART;
	s->end = a->end;
	s->error = a->error;
}

static void scene_open(struct scene *s)
{
	const struct rill_rpc_events events = {
		.size = sizeof(events),
		.request = on_request,
		.notification = on_note,
		.gone = on_gone,
		.closed = on_closed,
	};

	memset(s, 0, sizeof(*s));
	s->keeps = true;
	pair_open(&s->pair, NULL);
	pair_channel(&s->pair, "lies");
	assert_int_equal(rill_rpc_create(&s->rpc, s->pair.a.ch, NULL, &events, s), 0);
}

static void lie(struct scene *s, uint64_t with)
{
	struct rill_out out = {.size = sizeof(out), .tag = with};

	assert_int_equal(rill_channel_sendmsg(s->pair.b.ch, &out), 0);
	pair_run(&s->pair);
}

static void drop_one(struct scene *s)
{
	struct rill_msg msg = end_take(&s->pair.b);

	rill_msg_release(&msg);
}

/* Ours; the id that the liar sees. */
static uint64_t ask(struct scene *s)
{
	const struct rill_ask ask = {.size = sizeof(ask), .answered = on_end, .user = s};
	struct rill_msg msg;
	uint64_t id;

	assert_int_equal(rill_rpc_call(s->rpc, &ask, NULL, NULL), 0);
	pair_run(&s->pair);
	msg = end_take(&s->pair.b);
	assert_int_equal(msg.tag & 0xffffff, REQUEST);
	id = msg.tag >> 24;
	rill_msg_release(&msg);
	return id;
}

static void a_tag_that_nobody_may_send_ends_the_channel_alone(void **state)
{
	static const uint64_t lies[] = {
		0,                                /* no tag */
		(uint64_t)5 << 24 | 3 << 8,       /* no kind */
		(uint64_t)1 << 24 | NOTIFICATION, /* an id that answers nothing */
		(uint64_t)1 << 24 | FAILED,       /* without an errno */
		(uint64_t)1 << 24 | 4096 << 8 | FAILED,
		(uint64_t)1 << 24 | REFUSED,
		(uint64_t)1 << 24 | 65535 << 8 | REFUSED,
	};
	struct scene s;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		scene_open(&s);
		ask(&s);
		lie(&s, tag(REQUEST, 1, 7));
		lie(&s, lies[i]);
		assert_int_equal(s.closed, 1);
		assert_int_equal(s.why, -EPROTO);
		assert_int_equal(s.ends, 1);
		assert_int_equal(s.end, RILL_LOST);
		assert_int_equal(s.error, -EPROTO);
		assert_int_equal(s.gone, 1);
		assert_int_equal(s.gone_why, -EPROTO);
		assert_int_equal(rill_session_status(s.pair.a.s), 1);
		assert_int_equal(rill_rpc_notify(s.rpc, 1, NULL), -EPROTO);
		assert_null(rill_rpc_channel(s.rpc));
		assert_true(end_was_told(&s.pair.b, "closed lies ECONNABORTED"));
		rill_rpc_close(s.rpc);
		pair_stop(&s.pair);
	}
}

static void an_id_asked_twice_at_once_is_a_violation(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	lie(&s, tag(REQUEST, 1, 7));
	lie(&s, tag(REQUEST, 1, 8));
	assert_int_equal(s.closed, 0);
	lie(&s, tag(REQUEST, 2, 7));
	assert_int_equal(s.why, -EPROTO);
	assert_int_equal(s.requests, 2);
	assert_int_equal(s.gone, 2);
	pair_stop(&s.pair);
}

static void an_id_may_be_asked_again_once_it_was_answered(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	s.keeps = false;
	for (int i = 0; i < 1000; i++) {
		lie(&s, tag(REQUEST, 1, 7));
		drop_one(&s);
	}
	assert_int_equal(s.requests, 1000);
	assert_int_equal(s.closed, 0);
	pair_stop(&s.pair);
}

static void answers_to_what_was_not_asked_are_dropped(void **state)
{
	uint64_t seed = rounds_seed();
	struct scene s;

	(void)state;
	scene_open(&s);
	for (int i = 0; i < 2000; i++) {
		lie(&s, tag(ANSWER + (unsigned)(rounds_random(&seed) % 2), 1, rounds_random(&seed)));
		lie(&s, tag(FAILED + (unsigned)(rounds_random(&seed) % 2), 5, rounds_random(&seed)));
		lie(&s, tag(CANCEL, 0, rounds_random(&seed)));
	}
	assert_int_equal(s.parts + s.ends + s.gone + s.closed, 0);
	pair_stop(&s.pair);
}

static void a_second_answer_is_dropped_whatever_it_says(void **state)
{
	struct scene s;
	uint64_t id;

	(void)state;
	scene_open(&s);
	id = ask(&s);
	lie(&s, tag(PART, 0, id));
	lie(&s, tag(ANSWER, 0, id));
	lie(&s, tag(ANSWER, 0, id));
	lie(&s, tag(PART, 0, id));
	lie(&s, tag(FAILED, 5, id));
	assert_int_equal(s.parts, 1);
	assert_int_equal(s.ends, 1);
	assert_int_equal(s.end, RILL_ANSWERED);
	ask(&s); /* the same slot */
	lie(&s, tag(ANSWER, 0, id));
	assert_int_equal(s.ends, 1);
	assert_int_equal(s.closed, 0);
	pair_stop(&s.pair);
}

static void an_answer_to_a_cancelled_call_is_dropped_and_its_memory_goes_home(void **state)
{
	const struct rill_ask ask = {.size = sizeof(ask), .answered = on_end};
	struct rill_call call;
	char body[6000] = {0}; /* lent */
	struct iovec part = {body, sizeof(body)};
	struct rill_out out = {.size = sizeof(out), .parts = &part, .part_count = 1};
	struct scene s;

	(void)state;
	scene_open(&s);
	for (int i = 0; i < 2000; i++) { /* more than may be lent at once */
		assert_int_equal(rill_rpc_call(s.rpc, &ask, NULL, &call), 0);
		assert_int_equal(rill_call_cancel(call), 0);
		out.tag = tag(ANSWER, 0, call.id);
		assert_int_equal(rill_channel_sendmsg(s.pair.b.ch, &out), 0);
		pair_run(&s.pair);
		drop_one(&s);
		drop_one(&s);
	}
	assert_int_equal(s.ends + s.parts + s.closed, 0);
	pair_stop(&s.pair);
}

static void a_flood_of_requests_and_cancels_leaves_nothing(void **state)
{
	struct scene s;
	struct rill_rpc_usage u = {.size = sizeof(u)};

	(void)state;
	scene_open(&s);
	for (uint64_t i = 0; i < 2000; i++) {
		lie(&s, tag(REQUEST, 1, i << 20)); /* ids that a plain hash would put in one bucket */
		if (i >= 100)
			lie(&s, tag(CANCEL, 0, (i - 100) << 20));
	}
	assert_int_equal(s.requests, 2000);
	assert_int_equal(s.gone, 1900);
	assert_int_equal(s.gone_why, -ECANCELED);
	rill_rpc_get_usage(s.rpc, &u);
	assert_int_equal(u.requests, 100);
	pair_stop(&s.pair);
}

static void requests_above_the_limit_get_refusals_with_their_ids(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	for (uint64_t i = 0; i < 300; i++)
		lie(&s, tag(REQUEST, 1, 1000 + i));
	assert_int_equal(s.requests, 256);
	for (uint64_t i = 256; i < 300; i++) {
		struct rill_msg msg = end_take(&s.pair.b);

		assert_true(msg.tag == tag(REFUSED, ENOBUFS, 1000 + i));
		rill_msg_release(&msg);
	}
	pair_stop(&s.pair);
}

/* Whatever comes, all that was asked has one end at most, and one at the end. */
static void random_tags_never_tell_anything_twice(void **state)
{
	unsigned rounds = rounds_of(20, 300, 10000);
	uint64_t seed = rounds_seed();
	struct scene s;

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		unsigned asked = 0;

		scene_open(&s);
		for (int k = 0; k < 40 && !s.closed; k++) {
			uint64_t id = rounds_random(&seed) % 4 ? rounds_random(&seed) % 8 : rounds_random(&seed);

			if (rounds_random(&seed) % 4 == 0)
				asked += ask(&s) < UINT64_MAX;
			lie(&s, tag((unsigned)(rounds_random(&seed) % 256),
			            (unsigned)(rounds_random(&seed) % 4 ? 5 : rounds_random(&seed) & 0xffff), id));
			while (!s.closed) { /* what we answered: the next ask must be the next message */
				struct rill_msg msg;

				if (rill_channel_recv(s.pair.b.ch, &msg) < 0)
					break;
				rill_msg_release(&msg);
			}
		}
		assert_true(s.ends <= asked);
		if (!s.closed)
			rill_channel_close(s.pair.b.ch);
		pair_run(&s.pair);
		assert_int_equal(s.ends, asked);
		assert_int_equal(s.gone, s.requests);
		assert_int_equal(s.closed, 1);
		rill_rpc_close(s.rpc);
		pair_stop(&s.pair);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tag_that_nobody_may_send_ends_the_channel_alone),
		TEST(an_id_asked_twice_at_once_is_a_violation),
		TEST(an_id_may_be_asked_again_once_it_was_answered),
		TEST(answers_to_what_was_not_asked_are_dropped),
		TEST(a_second_answer_is_dropped_whatever_it_says),
		TEST(an_answer_to_a_cancelled_call_is_dropped_and_its_memory_goes_home),
		TEST(a_flood_of_requests_and_cancels_leaves_nothing),
		TEST(requests_above_the_limit_get_refusals_with_their_ids),
		TEST(random_tags_never_tell_anything_twice),
	};

	return cmocka_run_group_tests_name("rpc hostile", tests, NULL, NULL);
}
