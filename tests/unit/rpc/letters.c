/* tests/unit/rpc/letters.c - Cap'n Proto messages over an rpc: in the ring and in lent memory; what comes home, and when. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/allocs.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <fcntl.h>
#include <rill/letter.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ASK 7

struct post {
	struct pair pair;
	struct rill_rpc *a, *b;
	struct rill_arena *arena; /* of a's ctx */
	struct rill_msg got;      /* b's: the last that came, kept */
	struct rill_request rq;
	unsigned requests, answers, rooms;
	uint64_t sum; /* of the last answer */
	enum rill_end end;
	int (*serve)(struct post *p, struct rill_request rq, struct rill_msg *msg);
};

/* ---- A list of texts: struct { count @0 :UInt32; texts @1 :List(Text) } ------------------------------------------- */

static void write_texts(struct rill_slot root, uint32_t count)
{
	struct rill_struct_builder s = rill_slot_init_struct(root, 1, 1);
	struct rill_list_builder l;
	char text[32];

	rill_struct_set_u32(s, 0, count, 0);
	l = rill_slot_init_list(rill_struct_slot(s, 0), RILL_LIST_POINTER, count);
	for (uint32_t i = 0; i < count; i++) {
		int len = snprintf(text, sizeof(text), "text number %u", i);

		rill_slot_set_text(rill_list_slot(l, i), text, (size_t)len);
	}
}

static void assert_texts(struct rill_pointer root, uint32_t count)
{
	struct rill_struct s = rill_pointer_struct(root);
	struct rill_list l = rill_struct_list(s, 0, RILL_LIST_POINTER);
	char text[32];

	assert_int_equal(rill_struct_u32(s, 0, 0), count);
	assert_int_equal(rill_list_count(l), count);
	for (uint32_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "text number %u", i);
		assert_true(rill_text_equals(rill_list_text(l, i), text));
	}
	assert_int_equal(rill_reader_error(s.reader), 0);
}

/* ---- Two ends ------------------------------------------------------------------------------------------------- */

static int on_request(struct rill_request rq, struct rill_msg *msg, void *user)
{
	struct post *p = user;

	p->requests++;
	p->rq = rq;
	if (p->serve)
		return p->serve(p, rq, msg);
	rill_msg_release(&p->got);
	p->got = *msg;
	memset(msg, 0, sizeof(*msg));
	return rill_request_keep(rq, NULL);
}

static void on_note(struct rill_rpc *rpc, uint16_t type, struct rill_msg *msg, void *user)
{
	struct post *p = user;

	(void)rpc, (void)type;
	rill_msg_release(&p->got);
	p->got = *msg;
	memset(msg, 0, sizeof(*msg));
}

static void on_room(struct rill_rpc *rpc, void *user)
{
	(void)rpc;
	((struct post *)user)->rooms++;
}

static void on_answer(const struct rill_answer *a, void *user)
{
	struct post *p = user;
	struct rill_letter l;

	p->answers++;
	p->end = a->end;
	if (!a->msg)
		return;
	assert_int_equal(rill_letter_open(&l, a->msg, NULL), 0);
	p->sum = rill_struct_u32(rill_pointer_struct(rill_letter_root(&l)), 0, 0);
	assert_int_equal(rill_reader_error(&l.reader), 0);
}

static const struct rill_rpc_events events = {
	.size = sizeof(events),
	.request = on_request,
	.notification = on_note,
	.writable = on_room,
};

static void post_open(struct post *p, const struct pair_options *options)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 256 << 20};

	memset(p, 0, sizeof(*p));
	pair_open(&p->pair, options);
	pair_channel(&p->pair, "post");
	assert_int_equal(rill_arena_create(&p->arena, p->pair.a.ctx, &o), 0);
	assert_int_equal(rill_rpc_create(&p->a, p->pair.a.ch, NULL, &events, p), 0);
	assert_int_equal(rill_rpc_create(&p->b, p->pair.b.ch, NULL, &events, p), 0);
	pair_run(&p->pair);
}

static void nothing_is_lent(struct post *p)
{
	struct rill_arena_usage u = {.size = sizeof(u)};

	rill_msg_release(&p->got);
	pair_run(&p->pair);
	rill_arena_trim(p->arena, 0);
	/* returns are read when something is lent: */
	assert_int_equal(rill_rpc_notify(p->a, 1,
	                                 &(struct rill_out){.size = sizeof(struct rill_out),
	                                                    .loans = &(struct rill_loan){p->arena, NULL, 0},
	                                                    .loan_count = 1}),
	                 -EINVAL);
	rill_arena_get_usage(p->arena, &u);
	assert_int_equal(u.lent, 0);
	assert_int_equal(u.allocated, 0);
}

static void post_stop(struct post *p)
{
	rill_msg_release(&p->got);
	pair_stop(&p->pair);
}

static struct rill_ask ask_of(struct post *p)
{
	return (struct rill_ask){.size = sizeof(struct rill_ask), .type = ASK, .answered = on_answer, .user = p};
}

static int ask(struct post *p, uint32_t count, const struct rill_draft_options *options)
{
	struct rill_ask ask = ask_of(p);
	struct rill_draft d;
	int e = rill_draft_call(&d, p->a, &ask, options);

	if (e < 0)
		return e;
	write_texts(rill_draft_root(&d), count);
	return rill_draft_send(&d, NULL);
}

static void assert_got(struct post *p, uint32_t count)
{
	struct rill_letter l;

	pair_run(&p->pair);
	assert_int_equal(rill_letter_open(&l, &p->got, NULL), 0);
	assert_texts(rill_letter_root(&l), count);
}

/* ---- Where they lie --------------------------------------------------------------------------------------------- */

static void a_small_message_is_one_frame_of_the_ring(void **state)
{
	struct post p;

	(void)state;
	post_open(&p, NULL);
	assert_int_equal(ask(&p, 3, NULL), 0);
	assert_got(&p, 3);
	assert_int_equal(p.got.loan_count, 0);
	assert_int_equal(p.got.len, 8 * (1 + 2 + 3 + 3 * 2));
	post_stop(&p);
}

static void a_larger_one_of_known_size_lies_in_the_sessions_arena(void **state)
{
	const struct rill_draft_options o = {.size = sizeof(o), .words = 100000};
	struct post p;

	(void)state;
	post_open(&p, NULL);
	assert_int_equal(ask(&p, 20000, &o), 0);
	assert_got(&p, 20000);
	assert_int_equal(p.got.loan_count, 0); /* the body itself is lent */
	post_stop(&p);
}

static void what_outgrows_the_ring_goes_on_in_the_arena_and_is_lent(void **state)
{
	struct rill_draft_options o = {.size = sizeof(o)};
	struct post p;

	(void)state;
	post_open(&p, NULL);
	o.arena = p.arena;
	assert_int_equal(ask(&p, 3, &o), 0);
	assert_got(&p, 3);
	assert_int_equal(p.got.loan_count, 0);
	for (uint32_t count = 60; count < 100000; count = count * 3 + 1) {
		assert_int_equal(ask(&p, count, &o), 0);
		assert_got(&p, count);
		assert_true(p.got.loan_count >= 2);
		assert_int_equal(p.got.len, 0);
	}
	nothing_is_lent(&p);
	post_stop(&p);
}

static void a_large_one_begins_in_the_arena(void **state)
{
	struct rill_draft_options o = {.size = sizeof(o), .words = 5000};
	struct post p;

	(void)state;
	post_open(&p, NULL);
	o.arena = p.arena;
	assert_int_equal(ask(&p, 1000, &o), 0);
	assert_got(&p, 1000);
	assert_int_equal(p.got.loan_count, 1);
	nothing_is_lent(&p);
	post_stop(&p);
}

static void without_an_arena_what_does_not_fit_fails_and_nothing_is_sent(void **state)
{
	struct post p;

	(void)state;
	post_open(&p, NULL);
	assert_int_equal(ask(&p, 1000, NULL), -ENOSPC);
	pair_run(&p.pair);
	assert_int_equal(p.requests, 0);
	assert_int_equal(ask(&p, 3, NULL), 0); /* the reservation is gone */
	assert_got(&p, 3);
	post_stop(&p);
}

static void an_answer_is_built_where_it_is_lent(void **state)
{
	struct post p;

	(void)state;
	post_open(&p, NULL);
	for (uint32_t words = 1; words < 100000; words *= 10) {
		struct rill_draft_options o = {.size = sizeof(o), .words = words + 3};
		struct rill_draft d;

		assert_int_equal(ask(&p, 3, NULL), 0);
		pair_run(&p.pair);
		assert_int_equal(rill_draft_answer(&d, p.rq, true, &o), 0);
		rill_struct_set_u32(rill_slot_init_struct(rill_draft_root(&d), 1, 0), 0, words, 0);
		assert_int_equal(rill_draft_send(&d, NULL), 0);
		assert_int_equal(rill_draft_send(&d, NULL), -EINVAL);
		pair_run(&p.pair);
		assert_int_equal(p.sum, words);
	}
	assert_int_equal(p.end, RILL_ANSWERED);
	post_stop(&p);
}

static void parts_and_notifications_are_letters_too(void **state)
{
	struct rill_draft d;
	struct post p;

	(void)state;
	post_open(&p, NULL);
	assert_int_equal(ask(&p, 3, NULL), 0);
	pair_run(&p.pair);
	assert_int_equal(rill_draft_answer(&d, p.rq, false, NULL), 0);
	rill_struct_set_u32(rill_slot_init_struct(rill_draft_root(&d), 1, 0), 0, 55, 0);
	assert_int_equal(rill_draft_send(&d, NULL), 0);
	pair_run(&p.pair);
	assert_int_equal(p.end, RILL_PART);
	assert_int_equal(p.sum, 55);
	assert_int_equal(rill_draft_notify(&d, p.a, 9, NULL), 0);
	write_texts(rill_draft_root(&d), 5);
	assert_int_equal(rill_draft_send(&d, NULL), 0);
	assert_got(&p, 5);
	post_stop(&p);
}

static int answer_nothing(struct post *p, struct rill_request rq, struct rill_msg *msg)
{
	(void)p, (void)msg;
	return rill_request_answer(rq, NULL);
}

static void an_empty_body_reads_as_a_null_root(void **state)
{
	struct post p;

	(void)state;
	post_open(&p, NULL);
	p.serve = answer_nothing;
	assert_int_equal(ask(&p, 3, NULL), 0);
	pair_run(&p.pair);
	assert_int_equal(p.end, RILL_ANSWERED);
	post_stop(&p);
}

static void a_dropped_draft_leaves_nothing(void **state)
{
	struct rill_draft_options o = {.size = sizeof(o)};
	struct rill_ask ask;
	struct rill_draft d;
	struct post p;

	(void)state;
	post_open(&p, NULL);
	ask = ask_of(&p);
	o.arena = p.arena;
	assert_int_equal(rill_draft_call(&d, p.a, &ask, &o), 0);
	write_texts(rill_draft_root(&d), 10000);
	rill_draft_drop(&d);
	rill_draft_drop(&d);
	nothing_is_lent(&p);
	assert_int_equal(rill_draft_call(&d, p.a, &ask, &o), 0);
	write_texts(rill_draft_root(&d), 3);
	rill_channel_abort(p.pair.b.ch, -EIO); /* closes b's rpc */
	pair_run(&p.pair);
	assert_int_equal(rill_draft_send(&d, NULL), -ECONNABORTED);
	rill_draft_drop(&d);
	post_stop(&p);
}

/* ---- Room ------------------------------------------------------------------------------------------------------- */

static void a_draft_that_met_a_full_ring_is_sent_again(void **state)
{
	struct rill_draft_options o = {.size = sizeof(o), .words = 5000};
	struct rill_ask ask;
	struct rill_draft d;
	struct post p;

	(void)state;
	post_open(&p, &(struct pair_options){.a.ring_bytes = 1024});
	ask = ask_of(&p);
	o.arena = p.arena;
	rill_rpc_pause(p.b);
	assert_int_equal(rill_draft_call(&d, p.a, &ask, &o), 0);
	write_texts(rill_draft_root(&d), 500);
	while (rill_rpc_notify(p.a, 1, NULL) == 0)
		;
	assert_int_equal(rill_draft_send(&d, NULL), -EAGAIN);
	assert_int_equal(rill_draft_send(&d, NULL), -EAGAIN);
	rill_rpc_resume(p.b);
	pair_run(&p.pair);
	assert_int_equal(p.rooms, 1);
	assert_int_equal(rill_draft_send(&d, NULL), 0);
	assert_got(&p, 500);
	nothing_is_lent(&p);
	post_stop(&p);
}

static void the_loan_limit_of_a_frame_is_an_answer_not_a_crash(void **state)
{
	struct rill_draft_options o = {.size = sizeof(o), .words = 1000, .loan_count = 16};
	struct rill_loan loans[16];
	struct post p;
	void *block;

	(void)state;
	post_open(&p, NULL);
	block = rill_arena_alloc(p.arena, 100);
	for (int i = 0; i < 16; i++)
		loans[i] = (struct rill_loan){p.arena, block, 100};
	o.arena = p.arena;
	o.loans = loans;
	assert_int_equal(ask(&p, 3, &o), -EMSGSIZE);
	o.loan_count = 15;
	assert_int_equal(ask(&p, 3, &o), 0);
	assert_got(&p, 3);
	rill_arena_free(p.arena, block);
	nothing_is_lent(&p);
	post_stop(&p);
}

/* ---- Capabilities ----------------------------------------------------------------------------------------------- */

static void write_capabilities(struct rill_slot root)
{
	struct rill_struct_builder s = rill_slot_init_struct(root, 0, 4);

	rill_slot_set_capability(rill_struct_slot(s, 0), 0); /* a descriptor */
	rill_slot_set_capability(rill_struct_slot(s, 1), 1); /* a loan */
	rill_slot_set_capability(rill_struct_slot(s, 2), 2); /* neither */
}

static void assert_capabilities(struct post *p, const char *text)
{
	struct rill_letter l;
	struct rill_struct s;
	const void *data;
	size_t len;
	int fd;

	assert_int_equal(rill_letter_open(&l, &p->got, NULL), 0);
	s = rill_pointer_struct(rill_letter_root(&l));
	fd = rill_letter_take_fd(&l, rill_struct_pointer(s, 0));
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(rill_letter_take_fd(&l, rill_struct_pointer(s, 0)), -EBADF);
	assert_int_equal(rill_letter_take_fd(&l, rill_struct_pointer(s, 1)), -EBADMSG);
	assert_int_equal(rill_letter_take_fd(&l, rill_struct_pointer(s, 3)), -ENOENT);
	assert_int_equal(rill_letter_loan(&l, rill_struct_pointer(s, 0), &data, &len), -EBADMSG);
	assert_int_equal(rill_letter_loan(&l, rill_struct_pointer(s, 2), &data, &len), -EBADMSG);
	assert_int_equal(rill_letter_loan(&l, rill_letter_root(&l), &data, &len), -EBADMSG);
	assert_int_equal(rill_letter_loan(&l, rill_struct_pointer(s, 1), &data, &len), 0);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(data, text, len);
}

static void descriptors_and_loans_are_capabilities_by_index(void **state)
{
	struct pair_options options = {.a.fds = 10, .b.fds = 10};
	struct rill_draft_options o = {.size = sizeof(o), .fd_count = 1, .loan_count = 1};
	struct rill_loan loan;
	struct rill_ask ask;
	struct rill_draft d;
	struct post p;
	char *block;
	int fd;

	(void)state;
	post_open(&p, &options);
	ask = ask_of(&p);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	block = rill_arena_alloc(p.arena, 100);
	strcpy(block, "lent");
	loan = (struct rill_loan){p.arena, block, 4};
	o.fds = &fd;
	o.loans = &loan;
	for (int i = 0; i < 3; i++) { /* in the ring; grown out of it; from the arena */
		o.arena = i ? p.arena : NULL;
		o.words = i == 2 ? 1000 : 0;
		assert_int_equal(rill_draft_call(&d, p.a, &ask, &o), 0);
		if (i == 1)
			rill_slot_init_data(rill_draft_root(&d), 5000);
		write_capabilities(rill_draft_root(&d));
		assert_int_equal(rill_draft_send(&d, NULL), 0);
		pair_run(&p.pair);
		assert_int_equal(p.got.loan_count, i == 0 ? 1 : i == 1 ? 3 : 2);
		assert_capabilities(&p, "lent");
	}
	rill_arena_free(p.arena, block);
	close(fd);
	nothing_is_lent(&p);
	post_stop(&p);
}

/* ---- What a peer may send ------------------------------------------------------------------------------------- */

static void what_is_no_structured_message_is_said_to_be_broken(void **state)
{
	struct rill_out out = {.size = sizeof(out)};
	struct rill_loan loan;
	struct rill_letter l;
	struct iovec part = {.iov_base = (char[16]){0}, .iov_len = 12};
	struct post p;
	char *block;
	struct rill_loan two[2];

	(void)state;
	post_open(&p, NULL);
	block = rill_arena_alloc(p.arena, 100);
	out.parts = &part;
	out.part_count = 1;
	assert_int_equal(rill_rpc_notify(p.a, 1, &out), 0); /* not whole words */
	pair_run(&p.pair);
	assert_int_equal(rill_letter_open(&l, &p.got, NULL), -EBADMSG);

	out = (struct rill_out){.size = sizeof(out), .tag = 2, .loans = &loan, .loan_count = 1};
	loan = (struct rill_loan){p.arena, block, 64};
	assert_int_equal(rill_rpc_notify(p.a, 1, &out), 0); /* fewer loans than the mark says */
	pair_run(&p.pair);
	assert_int_equal(rill_letter_open(&l, &p.got, NULL), -EBADMSG);

	out.tag = 1;
	loan = (struct rill_loan){p.arena, block + 4, 64};
	assert_int_equal(rill_rpc_notify(p.a, 1, &out), 0); /* not aligned */
	pair_run(&p.pair);
	assert_int_equal(rill_letter_open(&l, &p.got, NULL), -EBADMSG);

	loan = (struct rill_loan){p.arena, block, 0};
	assert_int_equal(rill_rpc_notify(p.a, 1, &out), 0); /* a first segment without a word */
	pair_run(&p.pair);
	assert_int_equal(rill_letter_open(&l, &p.got, NULL), -EBADMSG);

	two[0] = (struct rill_loan){p.arena, block, 12};
	two[1] = (struct rill_loan){p.arena, block, 64};
	out = (struct rill_out){.size = sizeof(out), .tag = 2, .loans = two, .loan_count = 2};
	assert_int_equal(rill_rpc_notify(p.a, 1, &out), 0); /* the first of two is not whole words */
	pair_run(&p.pair);
	assert_int_equal(rill_letter_open(&l, &p.got, NULL), -EBADMSG);

	out = (struct rill_out){
		.size = sizeof(out), .tag = 1, .parts = &part, .part_count = 1, .loans = &two[1], .loan_count = 1};
	assert_int_equal(rill_rpc_notify(p.a, 1, &out), 0); /* nor is the body before one that is */
	pair_run(&p.pair);
	assert_int_equal(rill_letter_open(&l, &p.got, NULL), -EBADMSG);
	rill_arena_free(p.arena, block);
	nothing_is_lent(&p);
	post_stop(&p);
}

static void a_large_letter_may_be_read_whole_by_default(void **state)
{
	struct rill_draft_options o = {.size = sizeof(o)};
	struct rill_ask ask;
	struct rill_letter l;
	struct rill_draft d;
	struct rill_list list;
	struct post p;

	(void)state;
	if (rounds_under_valgrind())
		skip();
	post_open(&p, NULL);
	ask = ask_of(&p);
	o.arena = p.arena;
	assert_int_equal(rill_draft_call(&d, p.a, &ask, &o), 0);
	rill_slot_init_list(rill_draft_root(&d), RILL_LIST_8BYTES, 10u << 20); /* 80 MiB; the reader's own default is 64 */
	assert_int_equal(rill_draft_send(&d, NULL), 0);
	pair_run(&p.pair);
	assert_int_equal(rill_letter_open(&l, &p.got, NULL), 0);
	assert_int_equal(rill_pointer_read_list(&list, rill_letter_root(&l), RILL_LIST_8BYTES), 1);
	assert_int_equal(rill_list_count(list), 10u << 20);
	assert_int_equal(rill_letter_open(&l, &p.got,
	                                  &(struct rill_reader_options){.size = sizeof(struct rill_reader_options),
	                                                                .words = 100}),
	                 0);
	assert_int_equal(rill_pointer_read_list(&list, rill_letter_root(&l), RILL_LIST_8BYTES), -EMSGSIZE);
	nothing_is_lent(&p);
	post_stop(&p);
}

/* ---- What it costs ---------------------------------------------------------------------------------------------- */

static int answer_count(struct post *p, struct rill_request rq, struct rill_msg *msg)
{
	struct rill_letter l;
	struct rill_draft d;
	int e = rill_letter_open(&l, msg, NULL);

	(void)p;
	if (e == 0)
		e = rill_draft_answer(&d, rq, true, NULL);
	if (e < 0)
		return e;
	rill_struct_set_u32(rill_slot_init_struct(rill_draft_root(&d), 1, 0), 0,
	                    rill_struct_u32(rill_pointer_struct(rill_letter_root(&l)), 0, 0) + 1, 0);
	return rill_draft_send(&d, NULL);
}

static void ask_and_poll(struct post *p, uint32_t count, const struct rill_draft_options *o)
{
	unsigned answers = p->answers;

	assert_int_equal(ask(p, count, o), 0);
	while (p->answers == answers) {
		assert_true(rill_ctx_poll(p->pair.a.ctx, 0) >= 0);
		assert_true(rill_ctx_poll(p->pair.b.ctx, 0) >= 0);
	}
	assert_int_equal(p->sum, count + 1);
}

static void many_requests_and_answers_allocate_nothing(void **state)
{
	struct rill_draft_options o = {.size = sizeof(o), .words = 1000};
	unsigned rounds = rounds_of(100, 20000, 1000000);
	struct post p;
	uint64_t before = 0;

	(void)state;
	post_open(&p, NULL);
	p.serve = answer_count;
	o.arena = p.arena;
	for (unsigned i = 0; i < rounds; i++) {
		if (i == 64)
			before = allocs_made();
		ask_and_poll(&p, 3, i % 16 ? NULL : &o); /* one of 16 by loan */
	}
	assert_int_equal(allocs_made(), before);
	nothing_is_lent(&p);
	post_stop(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_small_message_is_one_frame_of_the_ring),
		TEST(a_larger_one_of_known_size_lies_in_the_sessions_arena),
		TEST(what_outgrows_the_ring_goes_on_in_the_arena_and_is_lent),
		TEST(a_large_one_begins_in_the_arena),
		TEST(without_an_arena_what_does_not_fit_fails_and_nothing_is_sent),
		TEST(an_answer_is_built_where_it_is_lent),
		TEST(parts_and_notifications_are_letters_too),
		TEST(an_empty_body_reads_as_a_null_root),
		TEST(a_dropped_draft_leaves_nothing),
		TEST(a_draft_that_met_a_full_ring_is_sent_again),
		TEST(the_loan_limit_of_a_frame_is_an_answer_not_a_crash),
		TEST(descriptors_and_loans_are_capabilities_by_index),
		TEST(what_is_no_structured_message_is_said_to_be_broken),
		TEST(a_large_letter_may_be_read_whole_by_default),
		TEST(many_requests_and_answers_allocate_nothing),
	};

	return cmocka_run_group_tests_name("letters", tests, NULL, NULL);
}
