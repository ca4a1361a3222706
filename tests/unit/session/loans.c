/* tests/unit/session/loans.c - memory that is lent over a channel: what is seen, when it comes back, what the limits do. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/loops/notes.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MSEC UINT64_C(1000000)
#define MIB ((size_t)1 << 20)

static struct pair p;
static struct rill_arena *arena;

static struct rill_arena *arena_of(struct rill_ctx *ctx, size_t capacity)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = capacity};
	struct rill_arena *a;

	assert_int_equal(rill_arena_create(&a, ctx, &o), 0);
	return a;
}

static void start(const struct pair_options *o)
{
	pair_open(&p, o);
	pair_channel(&p, "c");
	arena = arena_of(p.a.ctx, MIB);
}

static size_t lent(const struct rill_arena *a)
{
	struct rill_arena_usage u = {.size = sizeof(u)};

	rill_arena_get_usage(a, &u);
	return u.lent;
}

static size_t allocated(const struct rill_arena *a)
{
	struct rill_arena_usage u = {.size = sizeof(u)};

	rill_arena_get_usage(a, &u);
	return u.allocated;
}

static int lend(struct rill_channel *ch, struct rill_arena *a, const void *data, size_t len)
{
	struct rill_loan loan = {.arena = a, .data = data, .len = len};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};

	return rill_channel_sendmsg(ch, &out);
}

static struct rill_msg borrow(struct end *e, const void **data, size_t *len)
{
	struct rill_msg msg;

	pair_run(&p);
	msg = end_take(e);
	assert_int_equal(msg.loan_count, 1);
	assert_int_equal(rill_msg_loan(&msg, 0, data, len), 0);
	return msg;
}

static void several_loans_a_tag_and_a_body_travel_in_one_message(void **state)
{
	struct rill_loan loans[RILL_LOANS_MAX];
	struct iovec part = {.iov_base = "body", .iov_len = 4};
	struct rill_out out = {.size = sizeof(out), .tag = 7, .parts = &part, .part_count = 1, .loans = loans};
	struct rill_msg msg;
	const void *data;
	size_t len;

	(void)state;
	start(NULL);
	out.loan_count = RILL_LOANS_MAX;
	for (unsigned i = 0; i < RILL_LOANS_MAX; i++) {
		char *block = rill_arena_alloc(arena, 1000 + i);

		pattern_fill(block, 1000 + i, i);
		loans[i] = (struct rill_loan){.arena = arena, .data = block, .len = 1000 + i};
	}
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	assert_int_equal(lent(arena), RILL_LOANS_MAX);
	pair_run(&p);
	msg = end_take(&p.b);
	assert_int_equal(msg.tag, 7);
	assert_memory_equal(msg.data, "body", 4);
	assert_int_equal(msg.loan_count, RILL_LOANS_MAX);
	for (unsigned i = 0; i < RILL_LOANS_MAX; i++) {
		assert_int_equal(rill_msg_loan(&msg, i, &data, &len), 0);
		assert_int_equal(len, 1000 + i);
		assert_ptr_not_equal(data, loans[i].data); /* the borrower's own, read-only mapping */
		assert_true(pattern_is(data, len, i));
	}
	assert_int_equal(rill_msg_loan(&msg, RILL_LOANS_MAX, &data, &len), -EINVAL);
	rill_msg_release(&msg);
	assert_int_equal(rill_msg_loan(&msg, 0, &data, &len), -EINVAL);
	for (unsigned i = 0; i < RILL_LOANS_MAX; i++)
		rill_arena_free(arena, (void *)(uintptr_t)loans[i].data);
	out.loan_count++;
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), -EMSGSIZE);
	pair_stop(&p);
}

static void what_is_lent_keeps_no_place_in_the_ring(void **state)
{
	static struct rill_msg held[300];
	char *block;

	(void)state;
	start(NULL);
	block = rill_arena_alloc(arena, 8);
	memcpy(block, "1234567", 8);
	for (unsigned i = 0; i < 300; i++) { /* more frames than the ring has place for */
		const void *data;
		size_t len;

		assert_int_equal(lend(p.a.ch, arena, block, 8), 0);
		assert_int_equal(lend(p.a.ch, arena, block + 1, 7), 0);
		held[i] = borrow(&p.b, &data, &len);
		assert_string_equal(data, "1234567");
		end_expect(&p.b, NULL, 0);
	}
	for (unsigned i = 0; i < 300; i++)
		rill_msg_release(&held[i]);
	assert_int_equal(rill_channel_send(p.a.ch, "kept", 4), 0); /* and in order with one that does */
	assert_int_equal(lend(p.a.ch, arena, block, 8), 0);
	pair_run(&p);
	held[0] = end_take(&p.b);
	held[1] = end_take(&p.b);
	rill_msg_release(&held[1]);
	assert_memory_equal(held[0].data, "kept", 4);
	rill_msg_release(&held[0]);
	pair_stop(&p);
}

static void a_large_body_travels_with_loans(void **state)
{
	static char large[100000];
	struct iovec part = {.iov_base = large, .iov_len = sizeof(large)};
	struct rill_loan loan;
	struct rill_out out = {.size = sizeof(out), .parts = &part, .part_count = 1, .loans = &loan, .loan_count = 1};
	struct rill_msg msg;
	const void *data;
	size_t len;

	(void)state;
	start(NULL);
	pattern_fill(large, sizeof(large), 5);
	loan = (struct rill_loan){.arena = arena, .data = rill_arena_alloc(arena, 3), .len = 3};
	memcpy((void *)(uintptr_t)loan.data, "abc", 3);
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	pair_run(&p);
	msg = end_take(&p.b);
	assert_int_equal(msg.len, sizeof(large));
	assert_true(pattern_is(msg.data, msg.len, 5));
	assert_int_equal(msg.loan_count, 1);
	assert_int_equal(rill_msg_loan(&msg, 0, &data, &len), 0);
	assert_true(len == 3 && memcmp(data, "abc", 3) == 0);
	rill_msg_release(&msg);
	pair_stop(&p);
}

static void any_part_of_a_block_may_be_lent_and_nothing_beyond(void **state)
{
	char *block, *other, on_stack[8];
	struct rill_msg msg;
	const void *data;
	size_t len;

	(void)state;
	start(NULL);
	block = rill_arena_alloc(arena, 4096);
	other = rill_arena_alloc(arena, 4096);
	pattern_fill(block, 4096, 1);
	assert_int_equal(lend(p.a.ch, arena, block + 8, 100), 0);
	msg = borrow(&p.b, &data, &len);
	assert_int_equal(len, 100);
	assert_memory_equal(data, block + 8, 100);
	rill_msg_release(&msg);
	assert_int_equal(lend(p.a.ch, arena, block, 1 << 20), -EINVAL);
	assert_true(lend(p.a.ch, arena, block, SIZE_MAX) < 0);
	assert_int_equal(lend(p.a.ch, arena, on_stack, 8), -EINVAL);
	assert_int_equal(lend(p.a.ch, NULL, block, 8), -EINVAL);
	rill_arena_free(arena, other);
	assert_int_equal(lend(p.a.ch, arena, other, 8), -EINVAL);
	assert_int_equal(lend(p.b.ch, arena, block, 8), -EINVAL); /* another ctx's */
	pair_run(&p);
	assert_int_equal(rill_channel_recv(p.b.ch, &msg), -EAGAIN);
	pair_stop(&p);
}

static unsigned destroyed;

static void on_destroy(void *block, void *user)
{
	assert_ptr_equal(user, &destroyed);
	assert_memory_equal(block, "lent", 4); /* the bytes are still there */
	destroyed++;
}

static void a_block_freed_while_lent_lives_until_it_is_back(void **state)
{
	struct rill_msg msg;
	const void *data;
	size_t len;
	char *block;

	(void)state;
	destroyed = 0;
	start(NULL);
	block = rill_arena_alloc_with(arena, 64, on_destroy, &destroyed);
	memcpy(block, "lent", 4);
	assert_int_equal(lend(p.a.ch, arena, block, 4), 0);
	rill_arena_free(arena, block);
	msg = borrow(&p.b, &data, &len);
	for (int i = 0; i < 100; i++)
		memset(rill_arena_alloc(arena, 64), 0xee, 64);
	assert_memory_equal(data, "lent", 4);
	assert_int_equal(destroyed, 0);
	rill_msg_release(&msg);
	pair_run(&p);
	assert_int_equal(destroyed, 1);
	assert_int_equal(lent(arena), 0);
	pair_stop(&p);
	assert_int_equal(destroyed, 1);
}

static void a_block_may_be_lent_again_while_lent_and_to_two_sessions(void **state)
{
	struct pair q;
	struct rill_msg one, two, three;
	const void *data;
	size_t len;
	char *block;
	int fds[2];

	(void)state;
	destroyed = 0;
	start(NULL);
	/* A second session of the same ctx: q.b's other end lives in p.a's ctx. */
	memset(&q, 0, sizeof(q));
	end_start(&q.b, NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(rill_session_adopt(&q.a.s, p.a.ctx, fds[0], NULL, &end_session_events, &q.a), 0);
	assert_int_equal(rill_session_adopt(&q.b.s, q.b.ctx, fds[1], NULL, &end_session_events, &q.b), 0);
	for (int i = 0; i < 10; i++)
		pair_run(&p), end_run(&q.b);
	end_open(&q.a, "q");
	for (int i = 0; i < 3; i++)
		pair_run(&p), end_run(&q.b);
	block = rill_arena_alloc_with(arena, 64, on_destroy, &destroyed);
	memcpy(block, "lent", 4);
	assert_int_equal(lend(p.a.ch, arena, block, 4), 0);
	assert_int_equal(lend(p.a.ch, arena, block, 2), 0);
	assert_int_equal(lend(q.a.ch, arena, block, 4), 0);
	rill_arena_free(arena, block);
	one = borrow(&p.b, &data, &len);
	two = borrow(&p.b, &data, &len);
	end_run(&q.b);
	three = end_take(&q.b);
	rill_msg_release(&two);
	rill_msg_release(&one);
	pair_run(&p);
	assert_int_equal(destroyed, 0);
	assert_int_equal(rill_msg_loan(&three, 0, &data, &len), 0);
	assert_memory_equal(data, "lent", 4);
	rill_msg_release(&three);
	for (int i = 0; i < 3; i++)
		pair_run(&p), end_run(&q.b);
	assert_int_equal(destroyed, 1);
	end_stop(&q.b);
	pair_stop(&p);
}

static void a_dead_peers_loans_come_back(void **state)
{
	char *block;

	(void)state;
	destroyed = 0;
	start(NULL);
	block = rill_arena_alloc_with(arena, 64, on_destroy, &destroyed);
	memcpy(block, "lent", 4);
	assert_int_equal(lend(p.a.ch, arena, block, 4), 0);
	assert_int_equal(lend(p.a.ch, arena, block, 4), 0);
	rill_arena_free(arena, block);
	pair_run(&p);
	end_die(&p.b);
	pair_run(&p);
	assert_true(end_was_told(&p.a, "session closed ECONNRESET"));
	rill_session_close(p.a.s);
	p.a.s = NULL;
	pair_run(&p);
	assert_int_equal(destroyed, 1);
	assert_int_equal(lent(arena), 0);
	pair_stop(&p);
}

/* It keeps no place in the ring, so its channel's index is free for the next while it is held; and in the dispatch that frees
 * an index the next gets another struct. */
static void a_lent_message_outlives_its_channels_struct(void **state)
{
	const void *data;
	size_t len;
	struct rill_msg msg;
	char *block;

	(void)state;
	start(NULL);
	block = rill_arena_alloc(arena, 64);
	memcpy(block, "lent", 4);
	assert_int_equal(lend(p.a.ch, arena, block, 4), 0);
	rill_arena_free(arena, block);
	pair_run(&p);
	msg = borrow(&p.b, &data, &len);
	pair_run(&p);
	for (int i = 0; i < 4; i++) { /* the peer closes and opens at once */
		rill_channel_close(p.b.ch);
		end_run(&p.a);
		rill_channel_close(p.a.ch);
		end_open(&p.a, "next");
		pair_run(&p);
	}
	assert_memory_equal(data, "lent", 4);
	assert_int_equal(lent(arena), 1);
	rill_msg_release(&msg);
	pair_run(&p);
	assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
	pair_run(&p);
	end_expect(&p.b, "x", 1);
	pair_stop(&p);
}

static void a_messages_loans_outlive_their_session(void **state)
{
	struct rill_msg msg;
	const void *data;
	size_t len;
	char *block;

	(void)state;
	for (int how = 0; how < 3; how++) {
		start(NULL);
		block = rill_arena_alloc(arena, 100000);
		pattern_fill(block, 100000, 3);
		assert_int_equal(lend(p.a.ch, arena, block, 100000), 0);
		msg = borrow(&p.b, &data, &len);
		if (how == 0)
			rill_session_abort(p.a.s, -EIO), p.a.s = NULL;
		if (how == 1)
			rill_session_close(p.b.s), p.b.s = NULL;
		if (how == 2)
			end_stop(&p.a), p.a.s = NULL;
		pair_run(&p);
		end_stop(&p.b);
		p.b.s = NULL;
		assert_true(pattern_is(data, 100000, 3));
		rill_msg_release(&msg);
		pair_stop(&p);
	}
}

static void an_abort_never_gives_lent_blocks_out_again(void **state)
{
	struct rill_msg msg;
	const void *data;
	size_t len;
	char *block;

	(void)state;
	start(NULL);
	block = rill_arena_alloc(arena, 512);
	memset(block, 1, 512);
	assert_int_equal(lend(p.a.ch, arena, block, 512), 0);
	rill_arena_free(arena, block);
	msg = borrow(&p.b, &data, &len);
	rill_session_abort(p.a.s, -EIO);
	p.a.s = NULL;
	pair_run(&p);
	while ((block = rill_arena_alloc(arena, 512)))
		memset(block, 2, 512);
	pair_run(&p);
	assert_int_equal(((const char *)data)[511], 1);
	rill_msg_release(&msg);
	pair_stop(&p);
}

static void a_close_in_order_waits_for_lent_blocks_until_close_ms(void **state)
{
	struct notes_clock hands = {.now = 1000 * MSEC};
	struct pair_options o = {
		.ctx_a = {.now = notes_now, .clock = &hands},
		.ctx_b = {.now = notes_now, .clock = &hands},
		.a = {.close_ms = 500},
	};
	struct rill_msg msg;
	const void *data;
	size_t len;
	char *block;

	(void)state;
	for (int returned = 0; returned < 2; returned++) {
		destroyed = 0;
		start(&o);
		block = rill_arena_alloc_with(arena, 64, on_destroy, &destroyed);
		memcpy(block, "lent", 4);
		assert_int_equal(lend(p.a.ch, arena, block, 4), 0);
		rill_arena_free(arena, block);
		msg = borrow(&p.b, &data, &len);
		rill_session_close(p.a.s);
		p.a.s = NULL;
		pair_run(&p);
		hands.now += 499 * MSEC;
		pair_run(&p);
		assert_int_equal(destroyed, 0);
		if (returned)
			rill_msg_release(&msg);
		else
			hands.now += MSEC;
		pair_run(&p);
		assert_int_equal(destroyed, 1);
		assert_int_equal(rill_ctx_timeout_ms(p.a.ctx), -1);
		rill_msg_release(&msg);
		pair_stop(&p);
	}
}

static void what_many_loans_of_a_closed_session_take_is_done_before_the_ctx_is(void **state)
{
	enum { LENT = 600 };
	struct pair_options o = {.b = {.loans = LENT}};
	static struct rill_msg held[LENT];
	char *block;

	(void)state;
	destroyed = 0;
	start(&o);
	for (int i = 0; i < LENT; i++) {
		block = rill_arena_alloc_with(arena, 64, on_destroy, &destroyed);
		memcpy(block, "lent", 4);
		assert_int_equal(lend(p.a.ch, arena, block, 4), 0);
		rill_arena_free(arena, block);
		pair_run(&p);
		held[i] = end_take(&p.b);
	}
	end_die(&p.b);
	for (int i = 0; i < LENT; i++)
		rill_msg_release(&held[i]);
	pair_run(&p);
	assert_true(rill_ctx_done(p.a.ctx)); /* ended, not closed: nothing more comes of it */
	rill_session_close(p.a.s);
	p.a.s = NULL;
	assert_int_equal(rill_ctx_pollfds(p.a.ctx, NULL, 0), 0);
	while (!rill_ctx_done(p.a.ctx))
		assert_int_equal(rill_ctx_dispatch(p.a.ctx, NULL), 0);
	assert_int_equal(destroyed, LENT);
	pair_stop(&p);
	assert_true(rill_ctx_done(NULL));
}

static void a_closed_session_hears_of_the_last_loan_that_comes_back(void **state)
{
	struct rill_msg msg;
	const void *data;
	size_t len;

	(void)state;
	start(NULL);
	assert_int_equal(lend(p.a.ch, arena, rill_arena_alloc(arena, 10), 10), 0);
	msg = borrow(&p.b, &data, &len);
	pair_run(&p);
	rill_session_close(p.a.s);
	p.a.s = NULL;
	end_run(&p.a);
	assert_int_not_equal(rill_ctx_pollfds(p.a.ctx, NULL, 0), 0);
	rill_msg_release(&msg);
	end_run(&p.a); /* the peer has not read the GOODBYE */
	assert_int_equal(rill_ctx_pollfds(p.a.ctx, NULL, 0), 0);
	assert_int_equal(lent(arena), 0);
	pair_stop(&p);
}

/* Both closed in order: neither waits for the other until close_ms. */
static void assert_both_done(struct rill_arena *theirs)
{
	rill_session_close(p.a.s);
	rill_session_close(p.b.s);
	p.a.s = p.b.s = NULL;
	pair_run(&p);
	assert_int_equal(rill_ctx_pollfds(p.a.ctx, NULL, 0), 0);
	assert_int_equal(rill_ctx_pollfds(p.b.ctx, NULL, 0), 0);
	assert_int_equal(lent(arena), 0);
	assert_int_equal(lent(theirs), 0);
	pair_stop(&p);
}

static void unread_loans_go_home_when_both_sides_close(void **state)
{
	struct rill_arena *theirs;

	(void)state;
	for (int seen = 0; seen < 2; seen++) { /* or the announcements are still in the sockets */
		start(NULL);
		theirs = arena_of(p.b.ctx, MIB);
		assert_int_equal(lend(p.a.ch, arena, rill_arena_alloc(arena, 10), 10), 0);
		assert_int_equal(lend(p.b.ch, theirs, rill_arena_alloc(theirs, 10), 10), 0);
		if (seen)
			pair_run(&p);
		assert_both_done(theirs);
	}
}

static void unread_loans_go_home_from_behind_unread_descriptors(void **state)
{
	struct pair_options o = {.a = {.fds = 1}, .b = {.fds = 1}};
	struct rill_out out = {.size = sizeof(out), .fds = (const int[]){0}, .fd_count = 1};
	struct rill_arena *theirs;

	(void)state;
	start(&o);
	theirs = arena_of(p.b.ctx, MIB);
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	assert_int_equal(rill_channel_sendmsg(p.b.ch, &out), 0);
	assert_int_equal(lend(p.a.ch, arena, rill_arena_alloc(arena, 10), 10), 0);
	assert_int_equal(lend(p.b.ch, theirs, rill_arena_alloc(theirs, 10), 10), 0);
	assert_both_done(theirs);
}

static void lend_in_a_new_channel(struct end *e, struct rill_arena *a)
{
	end_open(e, "new");
	assert_int_equal(lend(e->ch, a, rill_arena_alloc(a, 10), 10), 0);
}

static void unread_loans_go_home_from_channels_not_heard_of(void **state)
{
	struct pair_options o = {.a = {.channels = 1}};
	struct rill_arena *theirs;

	(void)state;
	for (int again = 0; again < 2; again++) { /* or whose index was used before */
		pair_open(&p, &o);
		arena = arena_of(p.a.ctx, MIB);
		theirs = arena_of(p.b.ctx, MIB);
		for (int side = 0; again && side < 2; side++) {
			end_open(side ? &p.a : &p.b, "old");
			pair_run(&p);
			rill_channel_close(p.a.ch);
			rill_channel_close(p.b.ch);
			pair_run(&p);
		}
		lend_in_a_new_channel(&p.a, arena);
		lend_in_a_new_channel(&p.b, theirs);
		assert_both_done(theirs);
	}
}

static void unread_loans_go_home_from_behind_many_messages(void **state)
{
	struct pair_options o = {.a = {.ring_bytes = 256 * 1024}, .b = {.ring_bytes = 256 * 1024}};
	struct rill_arena *theirs;

	(void)state;
	start(&o);
	theirs = arena_of(p.b.ctx, MIB);
	for (int i = 0; i < 20000; i++) {
		assert_int_equal(rill_channel_send(p.a.ch, NULL, 0), 0);
		assert_int_equal(rill_channel_send(p.b.ch, NULL, 0), 0);
	}
	assert_int_equal(lend(p.a.ch, arena, rill_arena_alloc(arena, 10), 10), 0);
	assert_int_equal(lend(p.b.ch, theirs, rill_arena_alloc(theirs, 10), 10), 0);
	pair_run(&p);
	assert_both_done(theirs);
}

static struct rill_msg borrowed[2];

static void close_session(struct end *e, const char *event, struct rill_channel *ch)
{
	(void)ch;
	if (strcmp(event, "readable") == 0)
		rill_session_close(e->s);
}

/* Runs while the closed session drops messages: between its look at the entries and the one at the returns. */
static void release_one(int fd, void *user)
{
	(void)user;
	close(fd);
	rill_msg_release(&borrowed[0]);
}

static void a_loan_that_comes_back_while_closing_does_not_hide_the_next(void **state)
{
	struct pair_options o = {
		.ctx_a = {.dispose = release_one},
		.a = {.fds = 1},
		.b = {.loans = 2, .ring_bytes = 256 * 1024},
	};
	struct rill_out out = {.size = sizeof(out), .fds = (const int[]){0}, .fd_count = 1};
	struct rill_channel *many;
	char *block;

	(void)state;
	start(&o);
	many = p.b.ch;
	p.a.takes = true;
	pair_channel(&p, "d");
	block = rill_arena_alloc(arena, 10);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(lend(p.a.ch, arena, block, 10), 0);
		pair_run(&p);
		borrowed[i] = end_take(&p.b);
	}
	assert_int_equal(lend(p.a.ch, arena, block, 10), -EAGAIN); /* returns are asked for */
	for (int i = 0; i < 10000; i++) /* dropped in the next turn, too, and that one consumes no bell */
		assert_int_equal(rill_channel_send(many, NULL, 0), 0);
	assert_int_equal(rill_channel_sendmsg(many, &out), 0);
	p.a.hook = close_session;
	assert_int_equal(rill_channel_send(p.b.ch, "close", 5), 0);
	pair_run(&p);
	p.a.s = NULL;
	assert_int_not_equal(rill_ctx_pollfds(p.a.ctx, NULL, 0), 0);
	assert_int_equal(borrowed[0].opaque[0], 0); /* released */
	rill_msg_release(&borrowed[1]);
	pair_run(&p);
	assert_int_equal(rill_ctx_pollfds(p.a.ctx, NULL, 0), 0);
	pair_stop(&p);
}

static void an_arena_destroyed_with_loans_out_is_forgotten_when_they_are_back(void **state)
{
	struct pair_options o = {.b = {.arenas = 2}};
	struct rill_msg msg;
	const void *data;
	size_t len;
	char *block;

	(void)state;
	start(&o);
	rill_arena_destroy(arena);
	for (int i = 0; i < 50; i++) { /* more arenas than may be mapped at once */
		size_t maps = leaks_mappings();

		arena = arena_of(p.a.ctx, MIB);
		block = rill_arena_alloc(arena, 1000);
		memset(block, i, 1000);
		assert_int_equal(lend(p.a.ch, arena, block, 1000), 0);
		msg = borrow(&p.b, &data, &len);
		assert_int_equal(leaks_mappings(), maps + 2);
		rill_arena_destroy(arena);
		pair_run(&p);
		assert_int_equal(((const char *)data)[999], i);
		rill_msg_release(&msg);
		pair_run(&p);
		assert_int_equal(leaks_mappings(), maps);
	}
	pair_stop(&p);
}

#define MOST_ARENAS 4096 /* a slot has 65,536 / 4096 ids then */
#define IDS 16

static void start_with_an_old_arena_that_b_has_mapped(void)
{
	struct pair_options o = {.b = {.arenas = MOST_ARENAS}};
	char *block;

	start(&o);
	block = rill_arena_alloc(arena, 4);
	memcpy(block, "old", 4);
	assert_int_equal(lend(p.a.ch, arena, block, 4), 0);
	pair_run(&p);
	rill_msg_release(&(struct rill_msg[]){end_take(&p.b)}[0]);
	pair_run(&p);
}

static void come_and_go(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct rill_arena *a = arena_of(p.a.ctx, MIB);

		assert_int_equal(rill_session_announce(p.a.s, a), 0);
		rill_arena_destroy(a);
	}
}

static int lend_from_a_new_one(struct rill_arena **ret)
{
	char *block;

	if (!*ret)
		*ret = arena_of(p.a.ctx, MIB);
	block = rill_arena_alloc(*ret, 4);
	memcpy(block, "new", 4);
	return lend(p.a.ch, *ret, block, 4);
}

static void b_reads_the_new_one(void)
{
	struct rill_msg msg = end_take(&p.b);
	const void *data;
	size_t len;

	assert_int_equal(rill_msg_loan(&msg, 0, &data, &len), 0);
	assert_string_equal(data, "new");
	rill_msg_release(&msg);
}

/* The ids of a slot come round before the peer has read of the first one's end. */
static void a_new_arena_is_not_taken_for_an_old_one_whose_end_is_unread(void **state)
{
	struct rill_arena *new = NULL;

	(void)state;
	start_with_an_old_arena_that_b_has_mapped();
	rill_arena_destroy(arena);
	come_and_go(IDS - 1);
	assert_int_equal(lend_from_a_new_one(&new), -EAGAIN);
	pair_wait(&p, 20);
	assert_string_equal(end_told(&p.a), "room c");
	assert_int_equal(lend_from_a_new_one(&new), 0);
	b_reads_the_new_one();
	pair_stop(&p);
}

/* Others came and went meanwhile, in their own slot. */
static void a_new_arena_is_not_taken_for_the_old_one_that_outlived_others(void **state)
{
	struct rill_arena *new = NULL;
	int e;

	(void)state;
	start_with_an_old_arena_that_b_has_mapped();
	for (int i = 0; i < IDS - 1; i++) {
		come_and_go(1);
		pair_run(&p);
	}
	rill_arena_destroy(arena);
	e = lend_from_a_new_one(&new);
	if (e == -EAGAIN) { /* allowed, for all that we know */
		pair_wait(&p, 20);
		e = lend_from_a_new_one(&new);
	}
	assert_int_equal(e, 0);
	b_reads_the_new_one();
	pair_stop(&p);
}

static void the_peers_limit_of_arenas_is_enobufs(void **state)
{
	struct pair_options o = {.b = {.arenas = 2}};
	struct rill_arena *more[2];

	(void)state;
	start(&o);
	more[0] = arena_of(p.a.ctx, MIB);
	more[1] = arena_of(p.a.ctx, MIB);
	assert_int_equal(lend(p.a.ch, arena, rill_arena_alloc(arena, 1), 1), 0);
	assert_int_equal(lend(p.a.ch, more[0], rill_arena_alloc(more[0], 1), 1), 0);
	assert_int_equal(lend(p.a.ch, more[1], rill_arena_alloc(more[1], 1), 1), -ENOBUFS);
	assert_int_equal(lent(more[1]), 0);
	pair_run(&p);
	assert_int_equal(rill_session_status(p.b.s), 1);
	pair_stop(&p);
}

static void the_peers_limit_of_mapped_bytes_is_enobufs(void **state)
{
	struct pair_options o = {.b = {.mapped_bytes = 40 * MIB}};
	struct rill_arena *big;

	(void)state;
	start(&o);
	big = arena_of(p.a.ctx, 40 * MIB);
	assert_int_equal(lend(p.a.ch, arena, rill_arena_alloc(arena, 1), 1), 0);
	assert_int_equal(lend(p.a.ch, big, rill_arena_alloc(big, 1), 1), -ENOBUFS);
	assert_int_equal(lent(big), 0);
	pair_run(&p);
	assert_int_equal(rill_session_status(p.b.s), 1);
	pair_stop(&p);
}

static void loans_and_lent_bytes_are_eagain_then_writable(void **state)
{
	struct pair_options o = {.a = {.lent_bytes = 1000}, .b = {.loans = 3}};
	struct rill_msg msg[3];
	char *block;

	(void)state;
	start(&o);
	block = rill_arena_alloc(arena, 1001);
	assert_int_equal(lend(p.a.ch, arena, block, 1001), -ENOBUFS); /* never */
	for (int round = 0; round < 30; round++) {
		const size_t len = round % 2 ? 500 : 300;
		int n = 0;

		while (lend(p.a.ch, arena, block, len) == 0)
			n++;
		assert_int_equal(n, round % 2 ? 2 : 3);
		assert_int_equal(lend(p.a.ch, arena, block, len), -EAGAIN);
		pair_run(&p);
		for (int i = 0; i < n; i++)
			msg[i] = end_take(&p.b);
		assert_string_equal(end_told(&p.a), "");
		for (int i = 0; i < n; i++)
			rill_msg_release(&msg[i]);
		pair_run(&p);
		assert_string_equal(end_told(&p.a), "room c");
	}
	assert_int_equal(lent(arena), 0);
	pair_stop(&p);
}

static void a_failed_send_of_several_loans_lends_none(void **state)
{
	struct rill_loan loans[3];
	struct rill_out out = {.size = sizeof(out), .loans = loans, .loan_count = 3};
	struct rill_room room;
	char *block;

	(void)state;
	start(NULL);
	block = rill_arena_alloc(arena, 100);
	for (int i = 0; i < 3; i++)
		loans[i] = (struct rill_loan){.arena = arena, .data = block, .len = 10};
	loans[2].len = 1000;
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), -EINVAL);
	assert_int_equal(lent(arena), 0);
	loans[2].len = 10;
	assert_int_equal(rill_channel_reservemsg(p.a.ch, 10, &out, &room), 0);
	assert_int_equal(lent(arena), 1); /* blocks */
	rill_channel_cancel(p.a.ch);
	assert_int_equal(lent(arena), 0);
	assert_int_equal(rill_channel_reservemsg(p.a.ch, 100000, &out, &room), 0);
	memset(room.data, 'r', 5);
	assert_int_equal(rill_channel_commit(p.a.ch, 5), 0);
	pair_run(&p);
	end_expect(&p.b, "rrrrr", 5);
	pair_stop(&p);
}

static void untaken_messages_of_a_closed_channel_give_their_loans_back(void **state)
{
	struct pair_options o = {.b = {.loans = 5}};
	size_t before;
	char *block;

	(void)state;
	start(&o);
	before = allocated(arena);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 5; i++) {
			block = rill_arena_alloc(arena, 1000);
			assert_int_equal(lend(p.a.ch, arena, block, 1000), 0);
			rill_arena_free(arena, block);
		}
		pair_run(&p);
		rill_channel_close(p.b.ch);
		pair_run(&p);
		rill_channel_close(p.a.ch);
		pair_run(&p);
		pair_channel(&p, "again");
	}
	block = rill_arena_alloc(arena, 1000);
	assert_int_equal(lend(p.a.ch, arena, block, 1000), 0);
	assert_int_equal(lent(arena), 1);
	rill_arena_free(arena, block);
	assert_true(allocated(arena) <= before + 1024);
	pair_stop(&p);
}

static unsigned spaces;

static void on_space(struct rill_arena *a, void *user)
{
	(void)a, (void)user;
	spaces++;
}

static void an_alloc_that_failed_is_told_when_a_loan_comes_back(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB, .space = on_space};
	struct rill_msg msg;
	char *block;

	(void)state;
	spaces = 0;
	start(NULL);
	rill_arena_destroy(arena);
	assert_int_equal(rill_arena_create(&arena, p.a.ctx, &o), 0);
	block = rill_arena_alloc(arena, 600 * 1024);
	assert_int_equal(lend(p.a.ch, arena, block, 10), 0);
	rill_arena_free(arena, block);
	pair_run(&p);
	assert_null(rill_arena_alloc(arena, 600 * 1024));
	pair_run(&p);
	msg = end_take(&p.b);
	pair_run(&p);
	assert_int_equal(spaces, 0);
	rill_msg_release(&msg);
	pair_run(&p);
	assert_int_equal(spaces, 1);
	assert_non_null(rill_arena_alloc(arena, 600 * 1024));
	pair_stop(&p);
}

static void the_sessions_own_arena_does_not_grow_over_many_large_messages(void **state)
{
	struct pair_options o = {.a = {.arena_bytes = MIB}};
	static char data[200000];

	(void)state;
	start(&o);
	p.b.takes = p.b.silent = true;
	pair_channel(&p, "large");
	for (int i = 0; i < 2000; i++) {
		int r = rill_channel_send(p.a.ch, data, sizeof(data) - (size_t)i);

		assert_int_equal(r, 0);
		pair_run(&p);
	}
	assert_int_equal(p.b.count, 2000);
	pair_stop(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(several_loans_a_tag_and_a_body_travel_in_one_message),
		T(what_is_lent_keeps_no_place_in_the_ring),
		T(a_large_body_travels_with_loans),
		T(any_part_of_a_block_may_be_lent_and_nothing_beyond),
		T(a_block_freed_while_lent_lives_until_it_is_back),
		T(a_block_may_be_lent_again_while_lent_and_to_two_sessions),
		T(a_dead_peers_loans_come_back),
		T(a_lent_message_outlives_its_channels_struct),
		T(a_messages_loans_outlive_their_session),
		T(an_abort_never_gives_lent_blocks_out_again),
		T(a_close_in_order_waits_for_lent_blocks_until_close_ms),
		T(what_many_loans_of_a_closed_session_take_is_done_before_the_ctx_is),
		T(a_closed_session_hears_of_the_last_loan_that_comes_back),
		T(unread_loans_go_home_when_both_sides_close),
		T(unread_loans_go_home_from_behind_unread_descriptors),
		T(unread_loans_go_home_from_channels_not_heard_of),
		T(unread_loans_go_home_from_behind_many_messages),
		T(a_loan_that_comes_back_while_closing_does_not_hide_the_next),
		T(an_arena_destroyed_with_loans_out_is_forgotten_when_they_are_back),
		T(a_new_arena_is_not_taken_for_an_old_one_whose_end_is_unread),
		T(a_new_arena_is_not_taken_for_the_old_one_that_outlived_others),
		T(the_peers_limit_of_arenas_is_enobufs),
		T(the_peers_limit_of_mapped_bytes_is_enobufs),
		T(loans_and_lent_bytes_are_eagain_then_writable),
		T(a_failed_send_of_several_loans_lends_none),
		T(untaken_messages_of_a_closed_channel_give_their_loans_back),
		T(an_alloc_that_failed_is_told_when_a_loan_comes_back),
		T(the_sessions_own_arena_does_not_grow_over_many_large_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
