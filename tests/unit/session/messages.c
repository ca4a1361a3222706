/* tests/unit/session/messages.c - what goes over a channel: sizes, order, tags, reservations, holding, backpressure, budget.
 * Both ends in one process: the ring, the arena and the socket are the real ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

static struct pair p;

/* Send len bytes of a pattern from a to b and find them there. */
static void round_of(size_t len)
{
	unsigned char *data = malloc(len + 1);
	struct rill_msg msg;

	assert_non_null(data);
	pattern_fill(data, len, len);
	assert_int_equal(rill_channel_send(p.a.ch, data, len), 0);
	free(data);
	pair_run(&p);
	msg = end_take(&p.b);
	assert_int_equal(msg.len, len);
	assert_non_null(msg.data);
	assert_true(pattern_is(msg.data, len, len));
	rill_msg_release(&msg);
	assert_int_equal(rill_channel_recv(p.b.ch, &msg), -EAGAIN);
}

static void every_size_from_nothing_to_64_mib_arrives(void **state)
{
	static const size_t sizes[] = {0,
	                               1,
	                               7,
	                               8,
	                               9,
	                               100,
	                               1000,
	                               4000,
	                               4079,
	                               4080,
	                               4081,
	                               4087,
	                               4088,
	                               4089,
	                               4096,
	                               4097,
	                               16383,
	                               16 * 1024,
	                               16 * 1024 + 1,
	                               65536,
	                               1024 * 1024 - 1,
	                               8 * 1024 * 1024 + 3};

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		round_of(sizes[i]);
	round_of(64 * MIB);
	pair_stop(&p);
}

static void sizes_around_a_quarter_ring_arrive_for_every_ring_size(void **state)
{
	static const size_t rings[] = {1024, 2048, 65536};

	(void)state;
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		struct pair_options o = {.a = {.ring_bytes = rings[i]}};

		pair_open(&p, &o);
		pair_channel(&p, "c");
		for (size_t len = rings[i] / 4 - 20; len < rings[i] / 4 + 20; len++)
			round_of(len);
		pair_stop(&p);
	}
}

static void a_message_larger_than_the_arena_is_refused_for_ever(void **state)
{
	struct pair_options o = {.a = {.arena_bytes = MIB}, .b = {.mapped_bytes = 64 * MIB}};
	struct rill_room room;

	(void)state;
	pair_open(&p, &o);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_reserve(p.a.ch, MIB + 1, &room), -EMSGSIZE);
	assert_int_equal(rill_channel_reserve(p.a.ch, SIZE_MAX, &room), -EMSGSIZE);
	assert_int_equal(rill_channel_reserve(p.b.ch, 65 * MIB, &room), 0);
	rill_channel_cancel(p.b.ch);
	round_of(MIB / 2);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "");
	pair_stop(&p);
}

static void what_the_peer_cannot_map_is_refused_for_ever(void **state)
{
	struct pair_options o = {.b = {.mapped_bytes = 16 * MIB}};
	struct rill_room room;

	(void)state;
	pair_open(&p, &o);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_reserve(p.a.ch, 16 * MIB + 1, &room), -EMSGSIZE);
	round_of(8 * MIB);
	pair_stop(&p);
}

static void messages_of_random_sizes_keep_their_order(void **state)
{
	uint64_t seed = rounds_seed(), draw = seed, check = seed;
	static unsigned char data[20000];
	unsigned sent = 0, got = 0, total = rounds_of(2000, 20000, 100000);

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	while (got < total) {
		struct rill_msg msg;

		while (sent < total) {
			uint64_t before = draw;
			size_t len = rounds_random(&draw) % 64 ? rounds_random(&draw) % 300 : rounds_random(&draw) % 20000;
			int r;

			pattern_fill(data, len, sent);
			r = rill_channel_send(p.a.ch, data, len);
			if (r == -EAGAIN) {
				draw = before;
				break;
			}
			assert_int_equal(r, 0);
			sent++;
		}
		end_step(&p.b);
		while (rill_channel_recv(p.b.ch, &msg) == 0) {
			size_t len = rounds_random(&check) % 64 ? rounds_random(&check) % 300 : rounds_random(&check) % 20000;

			assert_int_equal(msg.len, len);
			assert_true(pattern_is(msg.data, len, got++));
			rill_msg_release(&msg);
		}
		end_step(&p.a);
	}
	pair_stop(&p);
}

static void both_directions_are_independent(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_send(p.a.ch, "ping", 4), 0);
	assert_int_equal(rill_channel_send(p.b.ch, "pong!", 5), 0);
	end_expect(&p.b, "ping", 4);
	end_expect(&p.a, "pong!", 5);
	pair_stop(&p);
}

static void a_tag_travels_with_small_and_large_messages(void **state)
{
	static char large[100000];
	struct iovec part = {.iov_base = large, .iov_len = 10};
	struct rill_out out = {.size = sizeof(out), .tag = UINT64_MAX, .parts = &part, .part_count = 1};
	struct rill_msg msg;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	part.iov_len = sizeof(large);
	out.tag = 77;
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	out.tag = 0;
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	pair_run(&p);
	msg = end_take(&p.b);
	assert_true(msg.tag == UINT64_MAX && msg.len == 10);
	rill_msg_release(&msg);
	msg = end_take(&p.b);
	assert_true(msg.tag == 77 && msg.len == sizeof(large));
	rill_msg_release(&msg);
	msg = end_take(&p.b);
	assert_true(msg.tag == 0 && msg.len == sizeof(large));
	rill_msg_release(&msg);
	pair_stop(&p);
}

static void parts_are_joined_in_order(void **state)
{
	static char large[50000];
	struct iovec parts[] = {{.iov_base = "ab", .iov_len = 2}, {0}, {.iov_base = "cde", .iov_len = 3}};
	struct iovec big[] = {{.iov_base = "x", .iov_len = 1}, {.iov_base = large, .iov_len = sizeof(large)}};
	struct rill_out out = {.size = sizeof(out), .parts = parts, .part_count = 3};
	struct rill_msg msg;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	end_expect(&p.b, "abcde", 5);
	pattern_fill(large, sizeof(large), 3);
	out.parts = big;
	out.part_count = 2;
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	pair_run(&p);
	msg = end_take(&p.b);
	assert_int_equal(msg.len, sizeof(large) + 1);
	assert_true(*(const char *)msg.data == 'x' && pattern_is((const char *)msg.data + 1, sizeof(large), 3));
	rill_msg_release(&msg);
	pair_stop(&p);
}

static void senseless_messages_are_refused_and_change_nothing(void **state)
{
	struct iovec part = {.iov_base = NULL, .iov_len = 5};
	struct iovec huge[] = {{.iov_base = "a", .iov_len = SIZE_MAX}, {.iov_base = "a", .iov_len = 5}};
	struct rill_out out = {.size = sizeof(out), .parts = &part, .part_count = 1};
	struct rill_room room;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_send(p.a.ch, NULL, 1), -EINVAL);
	assert_int_equal(rill_channel_send(NULL, "a", 1), -EINVAL);
	assert_int_equal(rill_channel_sendmsg(p.a.ch, NULL), -EINVAL);
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), -EINVAL);
	out.parts = huge;
	out.part_count = 2;
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), -EMSGSIZE);
	assert_int_equal(rill_channel_reservemsg(p.a.ch, 5, &out, &room), -EINVAL);
	out.part_count = 0;
	out.flags = 64;
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), -EINVAL);
	out.flags = 0;
	out.loan_count = 1;
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), -EINVAL);
	out.loan_count = 0;
	out.fd_count = 1;
	assert_int_not_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	out.fd_count = 0;
	out.size = 0;
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), -EINVAL);
	pair_run(&p);
	assert_int_equal(rill_channel_recv(p.b.ch, &(struct rill_msg){0}), -EAGAIN);
	assert_int_equal(rill_channel_send(p.a.ch, NULL, 0), 0);
	end_expect(&p.b, "", 0);
	pair_stop(&p);
}

/* ---- Reservations ---------------------------------------------------------------------------------------------- */

static void one_reservation_at_a_time(void **state)
{
	struct rill_room room, other;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	for (size_t len = 100; len <= 100000; len *= 1000) {
		assert_int_equal(rill_channel_reserve(p.a.ch, len, &room), 0);
		assert_int_equal(room.len, len);
		assert_int_equal((uintptr_t)room.data % 8, 0);
		assert_int_equal(rill_channel_reserve(p.a.ch, 1, &other), -EBUSY);
		assert_int_equal(rill_channel_send(p.a.ch, "a", 1), -EBUSY);
		assert_int_equal(rill_channel_commit(p.a.ch, len + 1), -EINVAL);
		memcpy(room.data, "here", 4);
		assert_int_equal(rill_channel_commit(p.a.ch, 4), 0);
		assert_int_equal(rill_channel_commit(p.a.ch, 0), -EINVAL);
		pair_run(&p);
		end_expect(&p.b, "here", 4);
	}
	pair_stop(&p);
}

static void a_reservation_lives_across_dispatches_and_nothing_is_seen_of_it(void **state)
{
	struct rill_room room;
	struct rill_msg msg;
	size_t len;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_reserve(p.a.ch, 64, &room), 0);
	assert_int_equal(rill_channel_send(p.b.ch, "x", 1), 0);
	pair_run(&p);
	assert_int_equal(rill_channel_peek(p.b.ch, &len), -EAGAIN);
	assert_int_equal(rill_channel_recv(p.b.ch, &msg), -EAGAIN);
	memset(room.data, 'z', 64);
	assert_int_equal(rill_channel_commit(p.a.ch, 64), 0);
	msg = end_take(&p.b);
	assert_int_equal(((const char *)msg.data)[63], 'z');
	rill_msg_release(&msg);
	pair_stop(&p);
}

static void a_cancelled_reservation_leaves_no_trace(void **state)
{
	struct rill_room room;
	struct rill_msg msg;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(rill_channel_reserve(p.a.ch, i % 2 ? 3000 : 300000, &room), 0);
		memset(room.data, 'c', 3000);
		rill_channel_cancel(p.a.ch);
		rill_channel_cancel(p.a.ch);
	}
	assert_int_equal(rill_channel_send(p.a.ch, "after", 5), 0);
	pair_run(&p);
	end_expect(&p.b, "after", 5);
	assert_int_equal(rill_channel_recv(p.b.ch, &msg), -EAGAIN);
	pair_stop(&p);
}

static void closing_drops_an_open_reservation(void **state)
{
	struct rill_room room;
	struct rill_msg msg;

	(void)state;
	pair_open(&p, NULL);
	for (size_t len = 10; len <= 1000000; len *= 100000) {
		pair_channel(&p, "c");
		assert_int_equal(rill_channel_send(p.a.ch, "kept", 4), 0);
		assert_int_equal(rill_channel_reserve(p.a.ch, len, &room), 0);
		rill_channel_close(p.a.ch);
		pair_run(&p);
		end_expect(&p.b, "kept", 4);
		assert_int_equal(rill_channel_recv(p.b.ch, &msg), -EPIPE);
		pair_run(&p);
		assert_string_equal(end_told(&p.b), "closed c 0");
		rill_channel_close(p.b.ch);
	}
	pair_stop(&p);
}

static void more_delays_the_bell_until_the_next_message_or_dispatch(void **state)
{
	struct rill_out out = {.size = sizeof(out), .flags = RILL_MORE};

	(void)state;
	pair_open(&p, NULL);
	p.a.takes = p.b.takes = true;
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	end_run(&p.b);
	assert_int_equal(p.b.count, 0);
	pair_run(&p);
	assert_int_equal(p.b.count, 1);
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	assert_int_equal(rill_channel_send(p.a.ch, "", 0), 0);
	end_run(&p.b);
	assert_int_equal(p.b.count, 3);
	pair_stop(&p);
}

/* ---- Receiving ------------------------------------------------------------------------------------------------- */

static void peek_takes_nothing_and_recv_gives_what_it_said(void **state)
{
	struct rill_msg msg;
	size_t len = 99;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_peek(p.b.ch, &len), -EAGAIN);
	assert_int_equal(len, 99);
	for (size_t i = 1; i <= 100000; i *= 10) {
		char *data = calloc(1, i);

		assert_int_equal(rill_channel_send(p.a.ch, data, i), 0);
		free(data);
		pair_run(&p);
		assert_int_equal(rill_channel_peek(p.b.ch, &len), 0);
		assert_int_equal(rill_channel_peek(p.b.ch, &len), 0);
		msg = end_take(&p.b);
		assert_int_equal(msg.len, i);
		assert_int_equal(len, i);
		rill_msg_release(&msg);
	}
	assert_int_equal(rill_channel_peek(p.b.ch, &len), -EAGAIN);
	assert_int_equal(rill_channel_recv(p.b.ch, NULL), -EINVAL);
	pair_stop(&p);
}

static void held_messages_may_be_released_in_any_order(void **state)
{
	uint64_t draw = rounds_seed();
	struct rill_msg held[32];

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	for (unsigned round = 0; round < rounds_of(20, 400, 2000); round++) {
		for (unsigned i = 0; i < 32; i++) {
			char data[200];

			pattern_fill(data, sizeof(data), round * 32 + i);
			assert_int_equal(rill_channel_send(p.a.ch, data, sizeof(data)), 0);
		}
		for (unsigned i = 0; i < 32; i++)
			held[i] = end_take(&p.b);
		for (unsigned i = 31; i > 0; i--) {
			unsigned j = (unsigned)(rounds_random(&draw) % (i + 1));
			struct rill_msg swap = held[i];

			held[i] = held[j];
			held[j] = swap;
		}
		for (unsigned i = 0; i < 32; i++)
			assert_int_equal(held[i].len, 200);
		for (unsigned i = 0; i < 32; i++)
			rill_msg_release(&held[i]);
	}
	pair_stop(&p);
}

static void a_held_message_keeps_its_bytes_while_others_come_and_go(void **state)
{
	struct rill_msg first, msg;
	char data[100];
	int r, n = 0;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	pattern_fill(data, sizeof(data), 42);
	assert_int_equal(rill_channel_send(p.a.ch, data, sizeof(data)), 0);
	first = end_take(&p.b);
	memset(data, 0xff, sizeof(data));
	while ((r = rill_channel_send(p.a.ch, data, sizeof(data))) == 0 && n++ < 1000) {
		msg = end_take(&p.b);
		rill_msg_release(&msg);
		pair_run(&p);
	}
	assert_int_equal(r, -EAGAIN); /* its place is kept, and all behind it */
	assert_true(n > 100);
	assert_true(pattern_is(first.data, 100, 42));
	rill_msg_release(&first);
	rill_msg_release(&first);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "room c");
	assert_int_equal(rill_channel_send(p.a.ch, data, sizeof(data)), 0);
	pair_stop(&p);
}

static void a_message_outlives_channel_session_and_ctx(void **state)
{
	static char large[300000];
	struct rill_msg small, big;
	char copy[10];

	(void)state;
	for (int level = 0; level < 4; level++) {
		pair_open(&p, NULL);
		pair_channel(&p, "c");
		pattern_fill(large, sizeof(large), 9);
		assert_int_equal(rill_channel_send(p.a.ch, "still here", 10), 0);
		assert_int_equal(rill_channel_send(p.a.ch, large, sizeof(large)), 0);
		pair_run(&p);
		small = end_take(&p.b);
		big = end_take(&p.b);
		if (level == 0)
			rill_channel_close(p.b.ch);
		if (level == 1)
			rill_session_close(p.b.s), p.b.s = NULL;
		if (level == 2)
			end_stop(&p.b);
		if (level == 3)
			rill_session_abort(p.a.s, -EIO), p.a.s = NULL;
		pair_run(&p);
		if (level)
			end_stop(&p.a); /* the other side is gone, too */
		if (level == 1)
			end_stop(&p.b);
		assert_memory_equal(small.data, "still here", 10);
		assert_int_equal(rill_msg_copy(&small, copy, sizeof(copy)), 10);
		assert_int_equal(rill_msg_copy(&small, copy, 9), -EMSGSIZE);
		assert_true(pattern_is(big.data, sizeof(large), 9));
		rill_msg_release(&big);
		rill_msg_release(&small);
		assert_int_equal(rill_msg_copy(&small, copy, sizeof(copy)), -EINVAL);
		pair_stop(&p);
	}
}

static void releasing_nothing_is_nothing(void **state)
{
	struct rill_msg zero = {0};

	(void)state;
	rill_msg_release(NULL);
	rill_msg_release(&zero);
	assert_int_equal(rill_msg_take_fd(&zero, 0), -EINVAL);
	assert_int_equal(rill_msg_loan(&zero, 0, NULL, NULL), -EINVAL);
}

static void outside_callbacks_recv_has_no_budget(void **state)
{
	struct pair_options o = {.ctx_b = {.budget = 2}};
	struct rill_msg msg;

	(void)state;
	pair_open(&p, &o);
	pair_channel(&p, "c");
	for (int i = 0; i < 100; i++)
		assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
	for (int i = 0; i < 100; i++) {
		msg = end_take(&p.b);
		rill_msg_release(&msg);
	}
	pair_stop(&p);
}

/* ---- Budget ---------------------------------------------------------------------------------------------------- */

static char order[4096];

static void note_order(struct end *e, const char *event, struct rill_channel *ch)
{
	(void)e;
	if (strcmp(event, "readable") == 0)
		strcat(order, rill_channel_name(ch));
}

static void the_budget_is_fair_between_channels(void **state)
{
	struct pair_options o = {.ctx_b = {.budget = 4}};
	struct rill_channel *x, *y;

	(void)state;
	order[0] = '\0';
	pair_open(&p, &o);
	p.b.takes = true;
	p.b.silent = true;
	p.b.hook = note_order;
	x = end_open(&p.a, "x");
	y = end_open(&p.a, "y");
	pair_run(&p);
	for (int i = 0; i < 40; i++)
		assert_int_equal(rill_channel_send(x, "x", 1), 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(rill_channel_send(y, "y", 1), 0);
	end_run(&p.b);
	assert_int_equal(p.b.count, 48);
	/* Each gets its 4 a turn; a turn may begin with either. */
	assert_true(strncmp(order, "xyxy", 4) == 0 || strncmp(order, "yxyx", 4) == 0);
	pair_stop(&p);
}

static unsigned offers;

static void readable_once(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	if (++offers < 5)
		return; /* leaves it, without a pause */
	if (rill_channel_recv(ch, &msg) == 0)
		rill_msg_release(&msg);
}

static void what_a_handler_leaves_is_offered_again_next_turn(void **state)
{
	static const struct rill_channel_events ev = {.size = sizeof(ev), .readable = readable_once};
	unsigned turns;

	(void)state;
	offers = 0;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	rill_channel_set_events(p.b.ch, &ev, NULL);
	assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
	assert_true(end_step(&p.b));
	assert_in_range(offers, 1, 2); /* one for the bell, one for the deadline */
	turns = offers;
	assert_int_equal(rill_ctx_timeout_ms(p.b.ctx), 0);
	assert_int_equal(rill_ctx_dispatch(p.b.ctx, NULL), 0);
	assert_int_equal(offers, turns + 1);
	pair_run(&p);
	assert_int_equal(offers, 5);
	pair_stop(&p);
}

/* ---- Backpressure ---------------------------------------------------------------------------------------------- */

static void a_full_ring_is_eagain_then_writable_once(void **state)
{
	struct rill_msg msg;
	int sent = 0, got = 0, r;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	for (int round = 0; round < 50; round++) {
		int data = 0;

		while ((data = sent, r = rill_channel_send(p.a.ch, &data, sizeof(data))) == 0)
			sent++;
		assert_int_equal(r, -EAGAIN);
		assert_int_equal(rill_channel_send(p.a.ch, &data, sizeof(data)), -EAGAIN);
		pair_run(&p);
		assert_string_equal(end_told(&p.a), "");
		while (rill_channel_recv(p.b.ch, &msg) == 0) {
			assert_int_equal(*(const int *)msg.data, got++);
			rill_msg_release(&msg);
		}
		pair_run(&p);
		assert_string_equal(end_told(&p.a), "room c");
	}
	assert_int_equal(sent, got);
	assert_true(sent > 10000);
	pair_stop(&p);
}

static void writable_comes_only_when_what_was_refused_fits(void **state)
{
	struct pair_options o = {.a = {.ring_bytes = 4096}};
	static const char data[1000];
	struct rill_msg msg;
	int r;

	(void)state;
	pair_open(&p, &o);
	pair_channel(&p, "c");
	while ((r = rill_channel_send(p.a.ch, data, 8)) == 0)
		;
	assert_int_equal(rill_channel_send(p.a.ch, data, 1000), -EAGAIN);
	for (int i = 0; i < 40; i++) { /* 640 of some 1010 bytes */
		msg = end_take(&p.b);
		rill_msg_release(&msg);
		pair_run(&p);
	}
	assert_string_equal(end_told(&p.a), "");
	for (int i = 0; i < 60; i++) {
		msg = end_take(&p.b);
		rill_msg_release(&msg);
		pair_run(&p);
	}
	assert_string_equal(end_told(&p.a), "room c");
	assert_int_equal(rill_channel_send(p.a.ch, data, 1000), 0);
	pair_stop(&p);
}

static uint64_t to_send, sent_so_far;

static void send_on(struct end *e, const char *event, struct rill_channel *ch)
{
	(void)e;
	if (strcmp(event, "writable"))
		return;
	while (sent_so_far < to_send && rill_channel_send(ch, &sent_so_far, 8) == 0)
		sent_so_far++;
}

static void nothing_is_lost_between_a_sender_that_waits_and_a_slow_reader(void **state)
{
	struct pair_options o = {.a = {.ring_bytes = 1024}, .ctx_b = {.budget = 3}};

	(void)state;
	to_send = rounds_of(1000, 20000, 100000);
	sent_so_far = 0;
	pair_open(&p, &o);
	p.b.takes = p.b.silent = true;
	p.a.hook = send_on;
	pair_channel(&p, "c");
	send_on(&p.a, "writable", p.a.ch);
	pair_run(&p);
	assert_int_equal(sent_so_far, to_send);
	assert_int_equal(p.b.count, to_send);
	pair_stop(&p);
}

static void a_full_arena_is_eagain_then_writable(void **state)
{
	struct pair_options o = {.a = {.arena_bytes = MIB}};
	static char data[300 * 1024];
	struct rill_msg msg[4];
	int n, r;

	(void)state;
	pair_open(&p, &o);
	pair_channel(&p, "c");
	for (int round = 0; round < 20; round++) {
		for (n = 0; (r = rill_channel_send(p.a.ch, data, sizeof(data))) == 0; n++)
			assert_true(n < 4);
		assert_int_equal(r, -EAGAIN);
		assert_true(n >= 2);
		assert_int_equal(rill_channel_send(p.a.ch, data, 8), 0); /* a small one still fits */
		pair_run(&p);
		assert_string_equal(end_told(&p.a), "");
		for (int i = 0; i <= n; i++)
			msg[i] = end_take(&p.b);
		for (int i = 0; i <= n; i++)
			rill_msg_release(&msg[i]);
		pair_run(&p);
		assert_string_equal(end_told(&p.a), "room c");
	}
	pair_stop(&p);
}

static void the_peers_loan_limit_is_eagain_then_writable(void **state)
{
	struct pair_options o = {.b = {.loans = 3}};
	static char data[8000];
	struct rill_msg msg[3];

	(void)state;
	pair_open(&p, &o);
	pair_channel(&p, "c");
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 3; i++)
			assert_int_equal(rill_channel_send(p.a.ch, data, sizeof(data)), 0);
		assert_int_equal(rill_channel_send(p.a.ch, data, sizeof(data)), -EAGAIN);
		pair_run(&p);
		for (int i = 0; i < 3; i++)
			msg[i] = end_take(&p.b);
		assert_string_equal(end_told(&p.a), "");
		rill_msg_release(&msg[1]);
		pair_run(&p);
		assert_string_equal(end_told(&p.a), "room c");
		rill_msg_release(&msg[0]);
		rill_msg_release(&msg[2]);
	}
	pair_stop(&p);
}

static void lent_bytes_limit_is_eagain_then_writable(void **state)
{
	struct pair_options o = {.a = {.lent_bytes = 100000}};
	static char data[60000];
	struct rill_msg msg;
	struct rill_room room;

	(void)state;
	pair_open(&p, &o);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_send(p.a.ch, data, sizeof(data)), 0);
	assert_int_equal(rill_channel_send(p.a.ch, data, sizeof(data)), -EAGAIN);
	assert_int_equal(rill_channel_reserve(p.a.ch, 100001, &room), -ENOBUFS);
	pair_run(&p);
	msg = end_take(&p.b);
	rill_msg_release(&msg);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "room c");
	assert_int_equal(rill_channel_send(p.a.ch, data, sizeof(data)), 0);
	pair_stop(&p);
}

/* What an open reservation had taken comes back with it, and of that no peer tells. */
static void a_reservation_that_is_given_up_makes_room_for_who_waits(void **state)
{
	struct pair_options o = {.b = {.loans = 1}};
	struct rill_channel *first, *second;
	struct rill_room room;

	(void)state;
	pair_open(&p, &o);
	for (int closes = 0; closes < 2; closes++) {
		first = end_open(&p.a, "first");
		second = end_open(&p.a, "second");
		pair_run(&p);
		end_told(&p.a);
		assert_int_equal(rill_channel_reserve(first, 100000, &room), 0);
		assert_int_equal(rill_channel_reserve(second, 100000, &room), -EAGAIN);
		pair_run(&p);
		assert_string_equal(end_told(&p.a), "");
		if (closes)
			rill_channel_close(first);
		else
			rill_channel_cancel(first);
		pair_run(&p);
		assert_string_equal(end_told(&p.a), "room second");
		assert_int_equal(rill_channel_reserve(second, 100000, &room), 0);
		rill_channel_close(second);
		pair_run(&p);
	}
	pair_stop(&p);
}

static struct rill_channel *full;
static struct rill_msg lone;

/* One of the other channel, which has no readable(). */
static void take_one_of_the_full(struct end *e, const char *event, struct rill_channel *ch)
{
	(void)e, (void)ch;
	if (!strcmp(event, "readable"))
		assert_int_equal(rill_channel_recv(full, &lone), 0);
}

/* An empty message has no place in the ring to be released: taking it is what makes room. */
static void what_is_taken_of_a_channel_at_rest_makes_room_at_once(void **state)
{
	struct pair_options o = {.a = {.ring_bytes = 1024}};
	struct rill_channel *to_full;

	(void)state;
	pair_open(&p, &o);
	pair_channel(&p, "full");
	to_full = p.a.ch;
	full = p.b.ch;
	p.b.takes = true;
	pair_channel(&p, "other");
	while (rill_channel_send(to_full, NULL, 0) == 0)
		;
	pair_run(&p);
	p.b.hook = take_one_of_the_full;
	assert_string_equal(end_told(&p.a), "");
	assert_int_equal(rill_channel_send(p.a.ch, "go", 2), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "room full");
	rill_msg_release(&lone);
	pair_stop(&p);
}

/* ---- Spinning, linger ------------------------------------------------------------------------------------------ */

static void poll_delivers_without_a_dispatch_of_the_socket(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	p.b.takes = p.b.silent = true;
	pair_channel(&p, "c");
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
		assert_true(rill_ctx_poll(p.b.ctx, 0) >= 1);
		assert_int_equal(p.b.count, i + 1);
	}
	assert_int_equal(rill_ctx_poll(p.b.ctx, 1000), 0);
	/* It cannot fall asleep on data: the deadline stays now until a dispatch. */
	assert_int_equal(rill_ctx_timeout_ms(p.b.ctx), 0);
	pair_run(&p);
	assert_int_equal(rill_ctx_timeout_ms(p.b.ctx), -1);
	pair_stop(&p);
}

static void a_message_sent_between_poll_and_sleep_is_delivered(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	p.b.takes = p.b.silent = true;
	pair_channel(&p, "c");
	for (unsigned i = 0; i < 200; i++) {
		rill_ctx_poll(p.b.ctx, 0);
		assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
		pair_run(&p);
		assert_int_equal(p.b.count, i + 1);
	}
	pair_stop(&p);
}

static void linger_ends_and_arms(void **state)
{
	struct pair_options o = {.ctx_a = {.linger_ns = 2000}, .ctx_b = {.linger_ns = 20000, .linger_max_ns = 50000}};

	(void)state;
	pair_open(&p, &o);
	p.b.takes = p.b.silent = true;
	pair_channel(&p, "c");
	for (unsigned i = 0; i < 300; i++) {
		assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
		pair_run(&p);
		assert_int_equal(p.b.count, i + 1);
		assert_int_equal(rill_ctx_timeout_ms(p.b.ctx), -1);
	}
	pair_stop(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_size_from_nothing_to_64_mib_arrives),
		T(sizes_around_a_quarter_ring_arrive_for_every_ring_size),
		T(a_message_larger_than_the_arena_is_refused_for_ever),
		T(what_the_peer_cannot_map_is_refused_for_ever),
		T(messages_of_random_sizes_keep_their_order),
		T(both_directions_are_independent),
		T(a_tag_travels_with_small_and_large_messages),
		T(parts_are_joined_in_order),
		T(senseless_messages_are_refused_and_change_nothing),
		T(one_reservation_at_a_time),
		T(a_reservation_lives_across_dispatches_and_nothing_is_seen_of_it),
		T(a_cancelled_reservation_leaves_no_trace),
		T(closing_drops_an_open_reservation),
		T(more_delays_the_bell_until_the_next_message_or_dispatch),
		T(peek_takes_nothing_and_recv_gives_what_it_said),
		T(held_messages_may_be_released_in_any_order),
		T(a_held_message_keeps_its_bytes_while_others_come_and_go),
		T(a_message_outlives_channel_session_and_ctx),
		T(releasing_nothing_is_nothing),
		T(outside_callbacks_recv_has_no_budget),
		T(the_budget_is_fair_between_channels),
		T(what_a_handler_leaves_is_offered_again_next_turn),
		T(a_full_ring_is_eagain_then_writable_once),
		T(writable_comes_only_when_what_was_refused_fits),
		T(nothing_is_lost_between_a_sender_that_waits_and_a_slow_reader),
		T(a_full_arena_is_eagain_then_writable),
		T(the_peers_loan_limit_is_eagain_then_writable),
		T(lent_bytes_limit_is_eagain_then_writable),
		T(a_reservation_that_is_given_up_makes_room_for_who_waits),
		T(what_is_taken_of_a_channel_at_rest_makes_room_at_once),
		T(poll_delivers_without_a_dispatch_of_the_socket),
		T(a_message_sent_between_poll_and_sleep_is_delivered),
		T(linger_ends_and_arms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
