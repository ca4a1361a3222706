/* tests/unit/rpc/misuse.c - calls, drafts and letters of nothing, without a place for the answer, of other versions, without
 * memory: a documented code, and nothing has changed, nothing is sent. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "rpc/rpc.h"
#include "tests/support/allocs.h"
#include "tests/support/leaks.h"
#include "tests/support/talk.h"

#include <errno.h>
#include <rill/letter.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

static struct talk t;
static struct rill_ask ask;
static unsigned told;

static void on_answer(const struct rill_answer *a, void *user)
{
	(void)a, (void)user;
	told++;
}

static void start(const struct talk_options *o)
{
	talk_open(&t, o);
	ask = (struct rill_ask){.size = sizeof(ask), .type = TALK_ECHO, .answered = on_answer};
	told = 0;
}

/* Neither side has heard of anything. */
static void nothing_was_sent(void)
{
	pair_run(&t.pair);
	talk_expect(&t.a, "");
	talk_expect(&t.b, "");
	assert_int_equal(told, 0);
}

/* ---- Calls ------------------------------------------------------------------------------------------------------ */

static void calls_of_nothing_are_refused(void **state)
{
	struct rill_ask no_size = {.answered = on_answer}, none = {.size = sizeof(none)};
	struct rill_request rq = {.rpc = NULL};
	struct rill_rpc_usage u = {.size = sizeof(u)};
	struct rill_rpc *rpc;
	struct rill_room room;
	struct rill_call call;

	(void)state;
	start(NULL);
	assert_int_equal(rill_rpc_create(NULL, t.pair.a.ch, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_rpc_create(&rpc, NULL, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_rpc_call(t.a.rpc, NULL, NULL, &call), -EINVAL);
	assert_int_equal(rill_rpc_call(t.a.rpc, &no_size, NULL, &call), -EINVAL);
	assert_int_equal(rill_rpc_call(t.a.rpc, &none, NULL, &call), -EINVAL);
	assert_int_equal(rill_rpc_call_reserve(NULL, &ask, 8, NULL, &room), -EINVAL);
	assert_int_equal(rill_rpc_call_reserve(t.a.rpc, &ask, 8, NULL, NULL), -EINVAL);
	assert_int_equal(rill_rpc_call_reserve(t.a.rpc, NULL, 8, NULL, &room), -EINVAL);
	assert_int_equal(rill_rpc_notify(NULL, 1, NULL), -EINVAL);
	assert_int_equal(rill_rpc_notify_reserve(NULL, 1, 8, NULL, &room), -EINVAL);
	assert_int_equal(rill_rpc_notify_reserve(t.a.rpc, 1, 8, NULL, NULL), -EINVAL);
	assert_int_equal(rill_rpc_commit(NULL, 0, NULL), -EINVAL);
	assert_int_equal(rill_rpc_commit(t.a.rpc, 0, NULL), -EINVAL);
	rill_rpc_cancel(NULL);
	rill_rpc_cancel(t.a.rpc);
	assert_int_equal(rill_request_reserve(rq, true, 8, NULL, &room), -EINVAL);
	assert_int_equal(rill_request_reserve(rq, true, 8, NULL, NULL), -EINVAL);
	assert_int_equal(rill_request_answer(rq, NULL), -EINVAL);
	assert_int_equal(rill_request_part(rq, NULL), -EINVAL);
	assert_int_equal(rill_request_fail(rq, -EIO), -EINVAL);
	assert_int_equal(rill_request_keep(rq, NULL), -EINVAL);
	assert_null(rill_request_kept(rq));
	assert_int_equal(rill_call_cancel((struct rill_call){NULL, 0}), -EINVAL);
	assert_int_equal(rill_call_set_timeout((struct rill_call){NULL, 0}, 1), -EINVAL);
	assert_int_equal(rill_call_set_timeout((struct rill_call){t.a.rpc, 77}, 1), -ECANCELED);
	assert_null(rill_rpc_channel(NULL));
	assert_null(rill_rpc_user(NULL));
	rill_rpc_pause(NULL);
	rill_rpc_resume(NULL);
	rill_rpc_abort(NULL, -EIO);
	rill_rpc_get_usage(NULL, &u);
	rill_rpc_get_usage(t.a.rpc, NULL);
	rill_rpc_get_usage(t.a.rpc, &u);
	assert_int_equal(u.calls + u.requests + u.unsent, 0);
	nothing_was_sent();
	talk_stop(&t);
}

static void options_of_a_later_version_are_refused(void **state)
{
	struct {
		struct rill_rpc_options o;
		uint64_t more;
	} later = {.o.size = sizeof(later), .more = 1};
	struct {
		struct rill_ask a;
		uint64_t more;
	} later_ask = {.a = {.size = sizeof(later_ask), .answered = on_answer}, .more = 1};
	struct rill_rpc_options no_list = {.size = sizeof(no_list), .handler_count = 1};
	struct rill_channel *ch;
	struct rill_rpc *rpc;

	(void)state;
	start(NULL);
	assert_int_equal(rill_channel_open(&ch, t.pair.a.s, "other", NULL, NULL, NULL), 0);
	assert_int_equal(rill_rpc_create(&rpc, ch, &later.o, NULL, NULL), -E2BIG);
	assert_int_equal(rill_rpc_create(&rpc, ch, &no_list, NULL, NULL), -EINVAL);
	assert_int_equal(rill_rpc_call(t.a.rpc, &later_ask.a, NULL, NULL), -E2BIG);
	talk_stop(&t);
}

/* Nobody asked to be told of anything: nobody is, and all works. */
static void an_rpc_without_events_works(void **state)
{
	static const struct rill_rpc_events none = {.size = sizeof(none)};
	struct pair p;
	struct rill_rpc *a, *b;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "plain");
	ask = (struct rill_ask){.size = sizeof(ask), .type = 1, .answered = on_answer};
	told = 0;
	assert_int_equal(rill_rpc_create(&a, p.a.ch, NULL, &none, NULL), 0);
	assert_int_equal(rill_rpc_create(&b, p.b.ch, NULL, NULL, NULL), 0);
	assert_int_equal(rill_rpc_notify(a, 9, NULL), 0); /* dropped */
	assert_int_equal(rill_rpc_call(a, &ask, NULL, NULL), 0);
	pair_run(&p);
	assert_int_equal(told, 1); /* refused */
	rill_rpc_pause(a);
	assert_int_equal(rill_rpc_call(a, &ask, NULL, NULL), 0);
	pair_run(&p);
	assert_int_equal(told, 1);
	rill_rpc_resume(a);
	pair_run(&p);
	assert_int_equal(told, 2);
	rill_rpc_close(b);
	p.b.ch = NULL;
	pair_run(&p);
	assert_null(rill_rpc_user(a));
	assert_true(rill_rpc_call(a, &ask, NULL, NULL) < 0);
	rill_rpc_close(a);
	pair_stop(&p);
}

static unsigned opened;

static void on_opened(struct rill_rpc *rpc, void *user)
{
	(void)rpc, (void)user;
	opened++;
}

static int keep(struct rill_request rq, struct rill_msg *msg, void *user)
{
	(void)msg;
	*(struct rill_request *)user = rq;
	return rill_request_keep(rq, NULL);
}

/* Made before its channel is accepted; one call at a time, nobody told of the room for the next; a request that goes with its
 * asker, nobody told either. */
static void an_rpc_tells_only_what_is_asked_for(void **state)
{
	static const struct rill_rpc_events ours = {.size = sizeof(ours), .opened = on_opened};
	static const struct rill_rpc_events theirs = {.size = sizeof(theirs), .request = keep};
	struct rill_rpc_options one = {.size = sizeof(one), .calls = 1, .requests = 1};
	struct rill_request rq;
	struct rill_rpc *a, *b;
	struct pair p;

	(void)state;
	pair_open(&p, NULL);
	opened = told = 0;
	ask = (struct rill_ask){.size = sizeof(ask), .type = 1, .answered = on_answer};
	end_open(&p.a, "c");
	assert_int_equal(rill_rpc_create(&a, p.a.ch, &one, &ours, NULL), 0);
	assert_int_equal(rill_rpc_call(a, &ask, NULL, NULL), 0);
	assert_int_equal(rill_rpc_call(a, &ask, NULL, NULL), -EAGAIN);
	while (!p.b.ch)
		end_step(&p.a), end_step(&p.b);
	assert_int_equal(rill_rpc_create(&b, p.b.ch, &one, &theirs, &rq), 0);
	pair_run(&p);
	assert_int_equal(opened, 1);
	assert_int_equal(told, 0);
	assert_int_equal(rill_request_answer(rq, NULL), 0);
	pair_run(&p);
	assert_int_equal(told, 1);
	assert_int_equal(rill_rpc_call(a, &ask, NULL, NULL), 0);
	pair_run(&p);
	rill_rpc_close(a);
	pair_run(&p);
	assert_int_equal(told, 1);
	assert_int_equal(rill_request_answer(rq, NULL), -ECANCELED);
	pair_stop(&p);
}

static struct rill_rpc *closed_by_the_first;

static void close_at_once(const struct rill_answer *a, void *user)
{
	(void)user;
	assert_int_equal(a->end, RILL_EXPIRED);
	told++;
	rill_rpc_close(closed_by_the_first);
}

/* Three expire in one dispatch; the first one's end closes the rpc: the others are told nothing. */
static void a_close_in_an_expired_call_is_the_last_word(void **state)
{
	(void)state;
	start(NULL);
	closed_by_the_first = t.a.rpc;
	ask = (struct rill_ask){.size = sizeof(ask), .type = TALK_KEEP, .answered = close_at_once, .timeout_ns = 1000};
	for (int i = 0; i < 3; i++)
		assert_int_equal(rill_rpc_call(t.a.rpc, &ask, NULL, NULL), 0);
	pair_run(&t.pair);
	t.clock.now += 1000000;
	rill_ctx_dispatch(t.pair.a.ctx, NULL);
	pair_run(&t.pair);
	assert_int_equal(told, 1);
	talk_stop(&t);
}

static void a_timeout_beyond_all_time_is_none(void **state)
{
	struct rill_call call;

	(void)state;
	start(NULL);
	assert_int_equal(talk_ask(&t.a, TALK_KEEP, "x", UINT64_MAX - 1, &call), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "");
	assert_int_equal(rill_call_set_timeout(call, UINT64_MAX - 2), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "");
	assert_int_equal(rill_call_cancel(call), 0);
	talk_stop(&t);
}

/* Who kept what is over, for so long that the tag's part of its id (the slot's generation) is in use again. */
static void what_is_over_stays_over_however_many_come_after_it(void **state)
{
	struct rill_call old, call;

	(void)state;
	start(NULL);
	assert_int_equal(talk_ask(&t.a, TALK_KEEP, "old", 0, &old), 0);
	pair_run(&t.pair);
	assert_int_equal(talk_answer(t.b.kept[0], "old"), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer old");
	t.a.rpc->calls[0].generation = SLOTS_MAX - 1; /* as after a million calls */
	t.b.rpc->requests[t.b.kept[0].slot].generation = UINT32_MAX;
	assert_int_equal(talk_ask(&t.a, TALK_ECHO, "last", 0, NULL), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer last");
	assert_int_equal(talk_ask(&t.a, TALK_KEEP, "new", 5 * TALK_MS, &call), 0);
	pair_run(&t.pair);
	assert_int_equal((call.id ^ old.id) & TAG_ID_MASK, 0);
	assert_int_equal(t.b.kept[1].slot, t.b.kept[0].slot);
	assert_int_equal(rill_call_set_timeout(old, RILL_NEVER), -ECANCELED);
	assert_int_equal(rill_call_cancel(old), -ECANCELED);
	assert_int_equal(talk_answer(t.b.kept[0], "old"), -ECANCELED);
	assert_int_equal(talk_answer(t.b.kept[1], "new"), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer new");
	assert_int_equal(rill_call_cancel(call), -ECANCELED);
	talk_stop_clean(&t);
}

static struct rill_call of_the_answer;

static void note_call(const struct rill_answer *a, void *user)
{
	(void)user;
	of_the_answer = a->call;
	told++;
}

/* Of the id a tag holds the low bits alone. */
static void an_end_tells_the_whole_id_of_its_call(void **state)
{
	static const uint16_t types[] = {TALK_ECHO, TALK_FAIL, 77};
	struct rill_call call;

	(void)state;
	start(NULL);
	ask.answered = note_call;
	for (unsigned i = 0; i < 3; i++) {
		ask.type = types[i];
		assert_int_equal(rill_rpc_call(t.a.rpc, &ask, NULL, NULL), 0); /* there is a slot */
		pair_run(&t.pair);
		t.a.rpc->calls[0].generation = (uint64_t)SLOTS_MAX << 10 | i;
		assert_int_equal(rill_rpc_call(t.a.rpc, &ask, NULL, &call), 0);
		pair_run(&t.pair);
		assert_int_equal(told, 2 * i + 2);
		assert_true(call.id > TAG_ID_MASK && of_the_answer.id == call.id);
	}
	talk_stop_clean(&t);
}

/* Each error that a handler might give reaches the asker as one. */
static void an_error_that_is_none_becomes_one(void **state)
{
	static const int errors[] = {0, 5, -4096, INT32_MIN, -EDOM};

	(void)state;
	start(NULL);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(talk_ask(&t.a, TALK_KEEP, "x", 0, NULL), 0);
		pair_run(&t.pair);
		assert_int_equal(rill_request_fail(t.b.kept[i], errors[i]), 0);
		assert_int_equal(rill_request_fail(t.b.kept[i], errors[i]), -ECANCELED);
		pair_run(&t.pair);
		talk_expect(&t.a, i == 4 ? "failed EDOM" : "failed EINVAL");
	}
	talk_stop(&t);
}

/* ---- Drafts ----------------------------------------------------------------------------------------------------- */

static void drafts_of_nothing_are_refused(void **state)
{
	struct {
		struct rill_draft_options o;
		uint64_t more;
	} later = {.o.size = sizeof(later), .more = 1};
	struct rill_draft_options no_size = {.words = 8}, large = {.size = sizeof(large), .words = SIZE_MAX / 4};
	struct rill_draft_options short_one = {.size = sizeof(size_t)};
	struct {
		struct rill_ask ask;
		uint64_t more;
	} later_ask = {.ask.size = sizeof(later_ask), .more = 1};
	struct rill_ask no_ask = {.answered = on_answer};
	struct rill_request rq = {.rpc = NULL};
	struct rill_draft d = {.kind = 0};

	(void)state;
	start(NULL);
	assert_int_equal(rill_draft_call(NULL, t.a.rpc, &ask, NULL), -EINVAL);
	assert_int_equal(rill_draft_call(&d, NULL, &ask, NULL), -EINVAL);
	assert_int_equal(rill_draft_call(&d, t.a.rpc, NULL, NULL), -EINVAL);
	assert_int_equal(rill_draft_call(&d, t.a.rpc, &no_ask, NULL), -EINVAL);
	assert_int_equal(rill_draft_call(&d, t.a.rpc, &later_ask.ask, NULL), -E2BIG);
	assert_int_equal(rill_draft_call(&d, t.a.rpc, &ask, &no_size), -EINVAL);
	assert_int_equal(rill_draft_call(&d, t.a.rpc, &ask, &later.o), -E2BIG);
	assert_int_equal(rill_draft_call(&d, t.a.rpc, &ask, &large), -EMSGSIZE);
	assert_int_equal(rill_draft_notify(NULL, t.a.rpc, 1, NULL), -EINVAL);
	assert_int_equal(rill_draft_notify(&d, NULL, 1, NULL), -EINVAL);
	assert_int_equal(rill_draft_answer(NULL, rq, true, NULL), -EINVAL);
	assert_int_equal(rill_draft_answer(&d, rq, true, NULL), -EINVAL);
	assert_int_equal(rill_draft_send(NULL, NULL), -EINVAL);
	assert_int_equal(rill_draft_send(&d, NULL), -EINVAL);
	rill_draft_drop(NULL);
	rill_draft_drop(&d);
	assert_int_equal(rill_draft_notify(&d, t.a.rpc, 1, &short_one), 0);
	rill_draft_drop(&d);
	rill_draft_drop(&d);
	assert_int_equal(rill_draft_send(&d, NULL), -EINVAL);
	nothing_was_sent();
	talk_stop(&t);
}

/* Whatever stood in its memory before: nothing is given back that was never taken. */
static void a_draft_that_failed_early_is_over(void **state)
{
	struct rill_draft_options o = {.size = sizeof(o), .words = 1000};
	struct rill_ask later = {.size = sizeof(later) + 8, .answered = on_answer};
	struct rill_request rq = {.rpc = NULL};
	struct rill_draft d;

	(void)state;
	start(NULL);
	o.arena = (struct rill_arena *)&o; /* nobody looks into it; and it is not the usual draft */
	for (int i = 0; i < 4; i++) {
		memset(&d, 0xa5, sizeof(d));
		if (i == 0)
			assert_int_equal(rill_draft_call(&d, NULL, &ask, &o), -EINVAL);
		else if (i == 1)
			assert_int_equal(rill_draft_call(&d, t.a.rpc, &later, &o), -E2BIG);
		else if (i == 2)
			assert_int_equal(rill_draft_notify(&d, NULL, 1, &o), -EINVAL);
		else
			assert_int_equal(rill_draft_answer(&d, rq, true, &o), -EINVAL);
		assert_int_equal(d.kind, RILL_DRAFT_OVER);
		assert_int_equal(rill_draft_send(&d, NULL), -EINVAL);
		rill_draft_drop(&d);
	}
	nothing_was_sent();
	talk_stop(&t);
}

static struct rill_arena *arena_at(struct end *e, size_t capacity)
{
	const struct rill_arena_options o = {.size = sizeof(o), .capacity = capacity};
	struct rill_arena *a;

	assert_int_equal(rill_arena_create(&a, e->ctx, &o), 0);
	return a;
}

/* Kept in blocks from the start: a notification, a part, an answer of a request that is over. */
static void a_draft_in_blocks_has_the_codes_of_what_it_is(void **state)
{
	struct rill_arena *arena;
	struct rill_draft_options o = {.size = sizeof(o), .words = 200};
	struct rill_draft d;

	(void)state;
	start(NULL);
	arena = arena_at(&t.pair.b, MIB);
	o.arena = arena;
	assert_int_equal(talk_ask(&t.a, TALK_KEEP, "x", 0, NULL), 0);
	pair_run(&t.pair);
	assert_int_equal(rill_draft_notify(&d, t.b.rpc, TALK_NOTE, &o), 0);
	assert_int_equal(rill_draft_send(&d, NULL), 0);
	assert_int_equal(rill_draft_answer(&d, t.b.kept[0], false, &o), 0);
	assert_int_equal(rill_draft_send(&d, NULL), 0);
	assert_int_equal(rill_draft_answer(&d, t.b.kept[0], true, &o), 0);
	assert_int_equal(rill_request_fail(t.b.kept[0], -EDOM), 0);
	assert_int_equal(rill_draft_send(&d, NULL), -ECANCELED);
	pair_run(&t.pair);
	assert_int_equal(rill_draft_answer(&d, t.b.kept[0], true, NULL), -ECANCELED);
	talk_stop(&t);
}

/* Blocks that cannot be had, at each step of the growth: an error, all blocks home. */
static void an_arena_that_is_full_fails_the_draft_alone(void **state)
{
	struct rill_arena_usage u = {.size = sizeof(u)};
	struct rill_arena *arena;
	struct rill_draft_options o = {.size = sizeof(o)};
	struct rill_draft d;
	void *hog;

	(void)state;
	start(NULL);
	arena = arena_at(&t.pair.a, MIB / 2);
	o.arena = arena;
	/* it outgrows the room, and the block that follows */
	assert_int_equal(rill_draft_notify(&d, t.a.rpc, 1, &o), 0);
	for (int i = 0; rill_builder_error(&d.builder) == 0 && i < 64; i++)
		rill_slot_init_data(rill_builder_root(&d.builder), 30000);
	assert_int_equal(rill_builder_error(&d.builder), -ENOMEM);
	assert_int_equal(rill_draft_send(&d, NULL), -ENOMEM);
	/* a large one begins in less than it would like */
	hog = rill_arena_alloc(arena, MIB / 2 - 150000);
	assert_non_null(hog);
	o.words = 2000;
	assert_int_equal(rill_draft_notify(&d, t.a.rpc, 1, &o), 0);
	rill_draft_drop(&d);
	o.words = SIZE_MAX / 16;
	assert_int_equal(rill_draft_notify(&d, t.a.rpc, 1, &o), 0);
	rill_draft_drop(&d);
	/* there was a block for the rest, and there is none for what must leave the room */
	o.words = 0;
	assert_int_equal(rill_draft_notify(&d, t.a.rpc, 1, &o), 0);
	assert_non_null(rill_slot_init_data(rill_builder_root(&d.builder), 30000));
	while (rill_arena_alloc(arena, 64))
		;
	assert_int_equal(rill_draft_send(&d, NULL), -ENOMEM);
	while (rill_arena_alloc(arena, 8))
		;
	o.words = 2000;
	assert_int_equal(rill_draft_notify(&d, t.a.rpc, 1, &o), -ENOMEM);
	nothing_was_sent();
	rill_arena_get_usage(arena, &u);
	assert_int_equal(u.lent, 0);
	talk_stop(&t);
}

static void loans_of_a_builder_need_its_arena_and_room(void **state)
{
	struct rill_builder_options bo = {.size = sizeof(bo)};
	struct rill_arena_source source;
	struct rill_loan loans[4];
	struct rill_builder b;
	struct rill_arena *arena;

	(void)state;
	start(NULL);
	arena = arena_at(&t.pair.a, MIB);
	rill_arena_source_init(NULL, arena, &bo);
	rill_arena_source_init(&source, arena, NULL);
	rill_arena_source_init(&source, arena, &bo);
	assert_int_equal(rill_builder_init(&b, &bo), 0);
	assert_int_equal(rill_builder_loans(NULL, arena, loans, 4), -EINVAL);
	assert_int_equal(rill_builder_loans(&b, NULL, loans, 4), -EINVAL);
	assert_int_equal(rill_builder_loans(&b, arena, NULL, 4), -EINVAL);
	assert_int_equal(rill_builder_loans(&b, arena, NULL, 0), -EMSGSIZE);
	assert_int_equal(rill_builder_loans(&b, arena, loans, 4), 1);
	rill_builder_finish(&b);
	talk_stop(&t);
}

static void letters_of_nothing_are_refused(void **state)
{
	uint64_t words[2] = {UINT64_C(1) << 48, UINT64_C(3)}; /* a struct of one pointer: capability 0 */
	struct rill_msg msg = {.data = words, .len = sizeof(words)}, part = {.data = words, .len = 12};
	struct rill_msg odd = {.data = (char *)words + 4, .len = 8}, lent = {.data = words, .len = 8, .tag = 3 << 3};
	struct rill_reader_options deep = {.size = sizeof(deep), .depth = 1000}, old = {.size = sizeof(size_t)};
	struct rill_letter l;
	struct rill_pointer none = {0};
	const void *data;
	size_t len;

	(void)state;
	assert_int_equal(rill_letter_open(NULL, &msg, NULL), -EINVAL);
	assert_int_equal(rill_letter_open(&l, NULL, NULL), -EINVAL);
	assert_int_equal(rill_letter_open(&l, &part, NULL), -EBADMSG);
	assert_int_equal(rill_letter_open(&l, &odd, NULL), -EBADMSG);
	assert_int_equal(rill_letter_open(&l, &lent, NULL), -EBADMSG);
	assert_int_equal(rill_letter_open(&l, &msg, &deep), -EINVAL);
	assert_int_equal(rill_letter_open(&l, &msg, &old), 0);
	assert_int_equal(rill_letter_take_fd(NULL, none), -EINVAL);
	assert_int_equal(rill_letter_take_fd(&l, none), -ENOENT);
	assert_int_equal(rill_letter_take_fd(&l, rill_letter_root(&l)), -EBADMSG);
	assert_int_equal(rill_letter_take_fd(&l, rill_struct_pointer(rill_pointer_struct(rill_letter_root(&l)), 0)), -EBADMSG);
	assert_int_equal(rill_letter_loan(NULL, none, &data, &len), -EINVAL);
	assert_int_equal(rill_letter_loan(&l, none, &data, &len), -ENOENT);
	assert_int_equal(rill_letter_loan(&l, rill_struct_pointer(rill_pointer_struct(rill_letter_root(&l)), 0), &data, &len),
	                 -EBADMSG);
}

/* ---- Memory ----------------------------------------------------------------------------------------------------- */

static void each_refused_allocation_fails_the_rpc_alone(void **state)
{
	struct rill_handler handler = {.type = 1};
	struct rill_rpc_options o = {.size = sizeof(o), .handlers = &handler, .handler_count = 1};
	struct rill_channel *ch;
	struct rill_rpc *rpc = NULL;
	int e = -ENOMEM;

	(void)state;
	start(NULL);
	assert_int_equal(rill_channel_open(&ch, t.pair.a.s, "other", NULL, NULL, NULL), 0);
	for (uint64_t n = 1; e < 0; n++) {
		allocs_refuse(n);
		e = rill_rpc_create(&rpc, ch, &o, NULL, NULL);
		allocs_refuse(0);
		assert_true(e == -ENOMEM || (e == 0 && n > 2));
	}
	rill_rpc_close(rpc);
	assert_int_equal(talk_ask(&t.a, TALK_ECHO, "lives", 0, NULL), 0);
	pair_run(&t.pair);
	talk_expect(&t.a, "answer lives");
	talk_stop(&t);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(calls_of_nothing_are_refused),
		T(options_of_a_later_version_are_refused),
		T(an_rpc_without_events_works),
		T(an_rpc_tells_only_what_is_asked_for),
		T(a_close_in_an_expired_call_is_the_last_word),
		T(a_timeout_beyond_all_time_is_none),
		T(what_is_over_stays_over_however_many_come_after_it),
		T(an_end_tells_the_whole_id_of_its_call),
		T(an_error_that_is_none_becomes_one),
		T(drafts_of_nothing_are_refused),
		T(a_draft_that_failed_early_is_over),
		T(a_draft_in_blocks_has_the_codes_of_what_it_is),
		T(an_arena_that_is_full_fails_the_draft_alone),
		T(loans_of_a_builder_need_its_arena_and_room),
		T(letters_of_nothing_are_refused),
		T(each_refused_allocation_fails_the_rpc_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
