/* tests/unit/shm/ring.c - the byte ring: what is sent arrives once and in order, room is asked for when it is needed, and every
 * lie of the other side is found. Both ends are tied to ordinary memory here, so that a test can write what a peer could. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/allocs.h"
#include "tests/support/rounds.h"

#include "shm/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIZE UINT64_C(1024) /* of the ring in most tests: its largest frame is 256 */

/* What lies in the two regions. */
static struct {
	_Alignas(WIRE_LINE) wire_word words[64 * 1024 / 8];
	wire_word carm, warm, pos;
} mem;
static struct ring_out out;
static struct ring_in in;

static void begin_at(uint64_t size, uint64_t at)
{
	memset(&mem, 0, sizeof(mem));
	mem.carm = 1;
	mem.pos = at;
	out = (struct ring_out){
		.words = mem.words,
		.size = size,
		.wpos = at,
		.cpos = at,
		.reader = {.word = (peer_words)&mem.carm},
		.space = {.word = &mem.warm, .may_bump = true},
		.pos = (peer_words)&mem.pos,
	};
	in = (struct ring_in){
		.words = (peer_words)mem.words,
		.size = size,
		.rpos = at,
		.freed = at,
		.published = at,
		.data = {.word = &mem.carm, .value = 1},
		.writer = {.word = (peer_words)&mem.warm},
		.pos = &mem.pos,
	};
}

static int begin(void **state)
{
	(void)state;
	begin_at(SIZE, 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	ring_finish(&in);
	return 0;
}

/* ---- Sending and taking ---------------------------------------------------------------------------------------- */

static uint64_t frame_of(uint64_t len)
{
	return RING_ALIGN(8 + len);
}

static void fill(wire_word *to, uint64_t len, uint64_t seed)
{
	unsigned char *p = (unsigned char *)(uintptr_t)to;

	for (uint64_t i = 0; i < len; i++)
		p[i] = (unsigned char)(seed + i * 7);
}

static bool filled(uint64_t offset, uint64_t len, uint64_t seed)
{
	const unsigned char *p = (const unsigned char *)(uintptr_t)mem.words + offset;

	for (uint64_t i = 0; i < len; i++)
		if (p[i] != (unsigned char)(seed + i * 7))
			return false;
	return true;
}

static int send(uint64_t len, uint64_t seed)
{
	int e = ring_reserve(&out, frame_of(len));

	if (e < 0)
		return e;
	fill(ring_room(&out) + 1, len, seed);
	ring_commit(&out, wire_header(WIRE_MESSAGE, 0, 0, (uint32_t)len));
	return 0;
}

/* The next frame, whose payload is checked; what it is held under. */
static uint64_t take(uint64_t len, uint64_t seed)
{
	uint64_t header = 0, offset = 0, held = 0;

	assert_int_equal(ring_next(&in, &header, &offset), 0);
	assert_int_equal(WIRE_LEN(header), len);
	assert_true(filled(offset + 8, len, seed));
	assert_int_equal(ring_take(&in, header, &held), 0);
	return held;
}

/* Move both ends on, so that the next frame goes to `offset`. */
static void go_to(uint64_t offset)
{
	while ((out.wpos & (out.size - 1)) != offset) {
		assert_int_equal(send(0, 0), 0);
		ring_release(&in, take(0, 0));
		ring_publish(&in);
	}
}

static int next(void)
{
	uint64_t header, offset;

	return ring_next(&in, &header, &offset);
}

static void an_empty_ring_gives_nothing(void **state)
{
	(void)state;
	assert_false(ring_waits(&in));
	assert_int_equal(next(), -EAGAIN);
	assert_false(ring_publish(&in));
	assert_true(ring_drained(&out));
	assert_true(ring_all_freed(&in));
}

static void each_length_arrives_as_it_was_sent(void **state)
{
	(void)state;
	for (uint64_t len = 0; len <= ring_frame_max(SIZE) - 8; len++) {
		assert_int_equal(send(len, len), 0);
		assert_true(ring_waits(&in));
		ring_release(&in, take(len, len));
		assert_int_equal(next(), -EAGAIN);
		ring_publish(&in);
		assert_true(ring_drained(&out));
	}
}

static void a_frame_is_there_when_it_was_committed(void **state)
{
	(void)state;
	assert_int_equal(ring_reserve(&out, 64), 0);
	fill(ring_room(&out) + 1, 56, 1);
	assert_int_equal(out.frame, 64);
	assert_false(ring_waits(&in));
	assert_int_equal(next(), -EAGAIN);
	ring_commit(&out, wire_header(WIRE_MESSAGE, 0, 0, 56));
	assert_int_equal(out.frame, 0);
	take(56, 1);
}

static void a_cancelled_frame_leaves_no_trace(void **state)
{
	(void)state;
	go_to(SIZE - 32);
	assert_int_equal(ring_reserve(&out, 256), 0);
	fill(ring_room(&out) + 1, 248, 1);
	ring_cancel(&out);
	assert_int_equal(out.frame, 0);
	assert_false(ring_waits(&in));
	assert_int_equal(send(16, 2), 0); /* no pad is left of the cancelled one */
	assert_int_equal(out.wpos & (SIZE - 1), SIZE - 8);
	take(16, 2);
}

static void what_a_shorter_commit_does_not_use_is_free_again(void **state)
{
	uint64_t held;

	(void)state;
	assert_int_equal(ring_reserve(&out, 256), 0);
	fill(ring_room(&out) + 1, 248, 0xA5); /* written all over, as a user may */
	fill(ring_room(&out) + 1, 8, 3);
	ring_commit(&out, wire_header(WIRE_MESSAGE, 0, 0, 8));
	assert_int_equal(out.wpos, 16);
	held = take(8, 3);
	assert_int_equal(next(), -EAGAIN); /* the stale payload behind it is no header */
	ring_release(&in, held);
	assert_int_equal(in.freed, 16);
}

static void the_same_frame_is_given_until_it_is_taken(void **state)
{
	uint64_t header, again, offset = 0, place = 0, held;

	(void)state;
	go_to(SIZE - 16);
	assert_int_equal(send(100, 1), 0); /* behind a pad */
	assert_int_equal(ring_next(&in, &header, &offset), 0);
	assert_int_equal(ring_next(&in, &again, &place), 0);
	assert_true(header == again && offset == place && offset == 0);
	assert_false(ring_all_freed(&in));
	assert_int_equal(ring_take(&in, header, &held), 0);
	assert_int_equal(next(), -EAGAIN);
}

/* ---- The end of the ring --------------------------------------------------------------------------------------- */

static void a_frame_that_ends_with_the_ring_needs_no_pad(void **state)
{
	(void)state;
	go_to(SIZE - 64);
	assert_int_equal(send(56, 1), 0);
	assert_int_equal(WIRE_KIND(mem.words[(SIZE - 64) / 8]), WIRE_MESSAGE);
	assert_int_equal(out.wpos & (SIZE - 1), 0);
	take(56, 1);
	assert_int_equal(next(), -EAGAIN);
}

static void a_frame_that_would_cross_the_end_begins_at_0(void **state)
{
	(void)state;
	for (uint64_t tail = 8; tail < 64; tail += 8) {
		uint64_t at;

		go_to(SIZE - tail);
		at = out.wpos;
		assert_int_equal(send(56, tail), 0);
		assert_true(mem.words[(SIZE - tail) / 8] == wire_header(WIRE_PAD, 0, 0, (uint32_t)tail - 8));
		assert_true(mem.words[0] == wire_header(WIRE_MESSAGE, 0, 0, 56));
		assert_int_equal(out.wpos, at + tail + 64);
		ring_release(&in, take(56, tail)); /* the pad goes with its frame */
		assert_int_equal(in.freed, out.wpos);
		ring_publish(&in);
	}
}

static void a_pad_stays_though_the_frame_became_shorter(void **state)
{
	(void)state;
	go_to(SIZE - 32);
	assert_int_equal(ring_reserve(&out, 64), 0);
	ring_commit(&out, wire_header(WIRE_MESSAGE, 0, 0, 0)); /* would have fitted before the end */
	assert_int_equal(out.wpos & (SIZE - 1), 8);
	take(0, 0);
	assert_int_equal(next(), -EAGAIN);
}

/* ---- Room ------------------------------------------------------------------------------------------------------ */

static void the_next_header_must_be_free_too(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(248, 1), 0);
	assert_int_equal(ring_reserve(&out, 256), -EAGAIN);
	assert_int_equal(out.need, 264);
	assert_int_equal(out.frame, 0);
	assert_int_equal(send(240, 2), 0);
	assert_int_equal(out.wpos, SIZE - 8);
	assert_int_equal(ring_reserve(&out, 8), -EAGAIN); /* the last word is the next header */
	for (int i = 0; i < 3; i++)
		take(248, 1);
	take(240, 2);
	assert_int_equal(next(), -EAGAIN);
}

static void the_next_header_behind_a_pad_must_be_free_too(void **state)
{
	uint64_t held;

	(void)state;
	go_to(SIZE - 64);
	assert_int_equal(send(0, 0), 0); /* keeps the word at SIZE - 64, and then there is a pad of 56 */
	held = take(0, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(248, 1), 0);
	assert_int_equal(out.wpos & (SIZE - 1), 768);
	assert_int_equal(ring_reserve(&out, 192), -EAGAIN);
	assert_int_equal(ring_reserve(&out, 184), 0); /* up to SIZE - 72, and the next header is the word before ours */
	ring_cancel(&out);
	ring_release(&in, held);
	assert_true(ring_publish(&in));
	assert_int_equal(ring_reserve(&out, 192), 0);
}

static void the_pad_counts_as_room(void **state)
{
	uint64_t held;

	(void)state;
	go_to(512);
	assert_int_equal(send(0, 0), 0);
	held = take(0, 0);
	assert_int_equal(send(248, 0), 0);
	assert_int_equal(send(224, 0), 0); /* 1008: a tail of 16 */
	assert_int_equal(send(248, 0), 0);
	assert_int_equal(out.wpos & (SIZE - 1), 256);
	assert_int_equal(ring_reserve(&out, 256), -EAGAIN);
	assert_int_equal(ring_reserve(&out, 248), 0);
	ring_cancel(&out);
	ring_release(&in, held);
	ring_publish(&in);
	assert_int_equal(ring_reserve(&out, 256), 0);
}

static void fill_up(void)
{
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(248, (uint64_t)i), 0);
	assert_int_equal(send(240, 3), 0);
}

static void a_full_ring_is_armed_once(void **state)
{
	(void)state;
	fill_up();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ring_reserve(&out, 64), -EAGAIN);
		assert_int_equal(mem.warm, 1);
	}
	ring_release(&in, take(248, 0));
	assert_true(ring_publish(&in)); /* he waits: push SPACE */
	assert_true(arm_answered(&out.space));
	assert_int_equal(ring_space(&out), 1);
	assert_int_equal(mem.warm, 1); /* it fits: nothing to be told */
	assert_int_equal(ring_reserve(&out, 64), 0);
}

static void space_that_is_not_enough_arms_again(void **state)
{
	(void)state;
	for (int i = 0; i < 15; i++)
		assert_int_equal(send(56, 0), 0);
	assert_int_equal(ring_reserve(&out, 256), -EAGAIN);
	for (unsigned i = 1; i <= 4; i++) { /* 64 are free and 8 are kept, and there is a tail of 64 */
		assert_int_equal(mem.warm, i);
		ring_release(&in, take(56, 0));
		assert_true(ring_publish(&in));
		assert_true(arm_answered(&out.space));
		assert_int_equal(ring_space(&out), 0);
	}
	ring_release(&in, take(56, 0));
	assert_true(ring_publish(&in));
	assert_true(arm_answered(&out.space));
	assert_int_equal(ring_space(&out), 1);
}

static void room_that_came_meanwhile_is_found_without_arming(void **state)
{
	(void)state;
	fill_up();
	ring_release(&in, take(248, 0));
	assert_false(ring_publish(&in));
	assert_int_equal(ring_reserve(&out, 64), 0);
	assert_int_equal(mem.warm, 0);
	assert_true(out.space.may_bump);
}

/* Nothing runs between arming and the second look, so the arm itself stands for the peer: it is stored where the position
 * is. */
static void room_that_comes_between_the_looks_is_found(void **state)
{
	(void)state;
	fill_up();
	out.space = (struct arm){.word = &mem.pos, .value = 255, .may_bump = true};
	assert_int_equal(ring_reserve(&out, 64), 0);
	assert_int_equal(out.cpos, 256);
	assert_false(out.space.may_bump);
}

static void a_lie_between_the_looks_is_found(void **state)
{
	(void)state;
	fill_up();
	out.space = (struct arm){.word = &mem.pos, .value = SIZE, .may_bump = true};
	assert_int_equal(ring_reserve(&out, 64), -EPROTO);
}

static void while_there_is_room_the_position_is_not_looked_at(void **state)
{
	(void)state;
	mem.pos = 3;
	fill_up();
	assert_int_equal(ring_reserve(&out, 64), -EPROTO);
}

static void a_position_that_lies_is_a_violation(void **state)
{
	static const struct {
		const char *what;
		uint64_t pos;
	} lies[] = {
		{"back", 248},      {"back to 0", 0},        {"ahead", SIZE + 256},
		{"unaligned", 260}, {"unaligned by 1", 257}, {"far ahead", UINT64_MAX & ~UINT64_C(7)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct ring_out before;

		ring_finish(&in);
		begin_at(SIZE, 0);
		fill_up();
		ring_release(&in, take(248, 0));
		ring_publish(&in);
		assert_int_equal(ring_reserve(&out, 248), 0); /* knows 256 now */
		ring_commit(&out, wire_header(WIRE_MESSAGE, 0, 0, 240));
		before = out;
		mem.pos = lies[i].pos;
		if (ring_reserve(&out, 256) != -EPROTO)
			fail_msg("%s: not found by ring_reserve()", lies[i].what);
		assert_memory_equal(&out, &before, sizeof(out));
		assert_int_equal(ring_space(&out), -EPROTO);
		assert_false(ring_drained(&out));
		assert_memory_equal(&out, &before, sizeof(out));
	}
}

static void a_position_at_its_very_bounds_is_no_lie(void **state)
{
	(void)state;
	fill_up();
	mem.pos = out.wpos;
	assert_int_equal(ring_reserve(&out, 256), 0);
	ring_cancel(&out);
	assert_true(ring_drained(&out));
	assert_true(ring_drained(&out)); /* as before */
}

static void a_drain_is_waited_for_by_the_space_arm(void **state)
{
	(void)state;
	assert_int_equal(send(8, 1), 0);
	assert_false(ring_drained(&out));
	ring_want_drain(&out);
	ring_want_drain(&out);
	assert_int_equal(mem.warm, 1);
	ring_release(&in, take(8, 1));
	assert_true(ring_publish(&in));
	assert_true(ring_drained(&out));
}

static void the_reader_is_told_once_that_there_is_data(void **state)
{
	(void)state;
	assert_int_equal(send(8, 1), 0);
	assert_true(ring_check(&out)); /* armed from the start */
	assert_int_equal(send(8, 2), 0);
	assert_false(ring_check(&out));
	take(8, 1), take(8, 2);
	assert_true(arm_answered(&in.data));
	arm_bump(&in.data);
	assert_int_equal(send(8, 3), 0);
	assert_true(ring_check(&out));
	assert_false(ring_check(&out));
}

/* ---- Headers that lie ------------------------------------------------------------------------------------------ */

static uint64_t header_with_mark(uint64_t mark)
{
	return (wire_header(WIRE_MESSAGE, 0, 0, 8) & ~(UINT64_C(0xff) << 56)) | mark << 56;
}

static uint64_t pad(uint64_t len)
{
	return wire_header(WIRE_PAD, 0, 0, (uint32_t)len);
}

#define AT_0 WIRE_MARK << 56 | (uint64_t)WIRE_MESSAGE << 32

static void a_header_that_lies_is_a_violation(void **state)
{
	const struct {
		const char *what;
		uint64_t at, header, first; /* the word at `at`, and the one at 0 */
	} lies[] = {
		{"no mark", 64, header_with_mark(0), 0},
		{"another mark", 64, header_with_mark(WIRE_MARK ^ 1), 0},
		{"the mark alone", 64, WIRE_MARK << 56, 0},
		{"a length alone", 64, 8, 0},
		{"kind 0", 64, wire_header((enum wire_frame_kind)0, 0, 0, 8), 0},
		{"kind 5", 64, wire_header((enum wire_frame_kind)(WIRE_VOID + 1), 0, 0, 8), 0},
		{"kind 255", 64, wire_header((enum wire_frame_kind)255, 0, 0, 8), 0},
		{"flag 4", 64, wire_header(WIRE_MESSAGE, 4, 0, 8), 0},
		{"flag 128", 64, wire_header(WIRE_MESSAGE, 128 | WIRE_HAS_TAG, 0, 8), 0},
		{"more than a quarter", 64, wire_header(WIRE_MESSAGE, 0, 0, SIZE / 4 - 8 + 1), 0},
		{"more than the ring", 64, wire_header(WIRE_MESSAGE, 0, 0, SIZE), 0},
		{"the largest length", 64, wire_header(WIRE_MESSAGE, 0, 0, UINT32_MAX), 0},
		{"a length that wraps when aligned", 64, wire_header(WIRE_MESSAGE, 0, 0, UINT32_MAX - 8), 0},
		{"beyond the end", SIZE - 64, wire_header(WIRE_MESSAGE, 0, 0, 57), 0},
		{"a pad at 0", 0, pad(SIZE - 8), 0},
		{"an empty pad at 0", 0, pad(0), 0},
		{"a pad in the middle", 64, pad(64), 0},
		{"a pad that ends early", SIZE - 64, pad(48), AT_0},
		{"a pad that ends late", SIZE - 64, pad(64), AT_0},
		{"a pad of an odd length", SIZE - 64, pad(55), AT_0},
		{"a pad without a mark", SIZE - 64, pad(56) ^ WIRE_MARK << 56, AT_0},
		{"a pad and nothing", SIZE - 64, pad(56), 0},
		{"two pads", SIZE - 64, pad(56), pad(SIZE - 8)},
		{"two pads, the second empty", SIZE - 64, pad(56), pad(0)},
		{"a pad and no mark", SIZE - 64, pad(56), 8},
		{"a pad and kind 0", SIZE - 64, pad(56), WIRE_MARK << 56},
		{"a pad and too much", SIZE - 64, pad(56), wire_header(WIRE_MESSAGE, 0, 0, SIZE / 4)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		uint64_t header = 1, offset = 1;

		ring_finish(&in);
		begin_at(SIZE, 0);
		go_to(lies[i].at);
		mem.words[0] = lies[i].first;
		mem.words[lies[i].at / 8] = lies[i].header;
		assert_true(ring_waits(&in));
		if (ring_next(&in, &header, &offset) != -EPROTO)
			fail_msg("%s: not found", lies[i].what);
		assert_true(header == 1 && offset == 1);
		assert_int_equal(in.head, in.tail);
	}
}

static void the_largest_lengths_are_no_lies(void **state)
{
	uint64_t header, offset;

	(void)state;
	mem.words[0] = wire_header(WIRE_MESSAGE, 0, 0, SIZE / 4 - 8);
	assert_int_equal(ring_next(&in, &header, &offset), 0);
	mem.words[0] = 0;
	go_to(SIZE - 64);
	mem.words[(SIZE - 64) / 8] = wire_header(WIRE_MESSAGE, 0, 0, 56);
	assert_int_equal(ring_next(&in, &header, &offset), 0);
	assert_int_equal(offset, SIZE - 64);
}

static void all_kinds_and_flags_are_given(void **state)
{
	(void)state;
	for (unsigned kind = WIRE_MESSAGE; kind <= WIRE_VOID; kind++) {
		for (unsigned flags = 0; flags <= (WIRE_HAS_TAG | WIRE_HAS_FDS); flags++) {
			uint64_t h = wire_header((enum wire_frame_kind)kind, flags, 17, 64), header, offset;

			if (kind == WIRE_PAD)
				continue;
			mem.words[0] = h;
			assert_int_equal(ring_next(&in, &header, &offset), 0);
			assert_true(header == h);
		}
	}
}

/* A frame at word `at` when `held` bytes are held and not published: does the reader still believe it? */
static int lapping(uint64_t frame)
{
	mem.words[(in.rpos & (SIZE - 1)) / 8] = wire_header(WIRE_MESSAGE, 0, 0, (uint32_t)frame - 8);
	return next();
}

static void a_frame_over_held_ones_is_a_violation(void **state)
{
	(void)state;
	go_to(256);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(248, 0), 0);
	for (int i = 0; i < 3; i++)
		take(248, 0);
	assert_int_equal(in.rpos & (SIZE - 1), 0);
	assert_int_equal(lapping(256), -EPROTO);
	assert_int_equal(lapping(248), 0); /* its next header is the last free word */
}

static void freed_but_not_published_is_still_held(void **state)
{
	uint64_t held[3];

	(void)state;
	go_to(256);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(248, 0), 0);
	for (int i = 0; i < 3; i++)
		held[i] = take(248, 0);
	ring_release(&in, held[0]);
	assert_int_equal(lapping(256), -EPROTO);
	ring_publish(&in);
	assert_int_equal(lapping(256), 0);
}

/* ---- Holding and releasing ------------------------------------------------------------------------------------- */

static void frames_are_freed_in_order_though_released_in_another(void **state)
{
	uint64_t held[4];

	(void)state;
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(send(24, i), 0);
	for (uint64_t i = 0; i < 4; i++)
		held[i] = take(24, i);
	ring_release(&in, held[2]);
	ring_release(&in, held[1]);
	assert_int_equal(in.freed, 0);
	ring_release(&in, held[0]);
	assert_int_equal(in.freed, 96);
	ring_release(&in, held[3]);
	assert_int_equal(in.freed, 128);
	assert_false(ring_all_freed(&in));
	ring_publish(&in);
	assert_true(ring_all_freed(&in));
	assert_int_equal(mem.pos, 128);
}

static void a_release_that_names_no_held_frame_does_nothing(void **state)
{
	uint64_t a, b;

	(void)state;
	assert_false(ring_release(&in, 0)); /* none was ever held */
	assert_int_equal(send(24, 0), 0);
	assert_int_equal(send(24, 1), 0);
	a = take(24, 0), b = take(24, 1);
	ring_release(&in, b + 1);
	ring_release(&in, a - 1);
	ring_release(&in, UINT64_MAX / 2);
	assert_int_equal(in.freed, 0);
	ring_release(&in, b);
	ring_release(&in, b); /* a second time */
	assert_int_equal(in.freed, 0);
	ring_release(&in, a);
	ring_release(&in, a);
	assert_int_equal(in.freed, 64);
	assert_int_equal(in.head, in.tail);
}

static void a_release_of_an_old_number_does_not_free_the_frame_in_its_place(void **state)
{
	uint64_t first, later = 0;

	(void)state;
	assert_int_equal(send(0, 0), 0);
	first = take(0, 0);
	ring_release(&in, first);
	for (int i = 0; i < 16; i++) { /* the table has 16 places: the last one is in the first's */
		assert_int_equal(send(0, 0), 0);
		later = take(0, 0);
	}
	assert_int_equal(later - first, 16);
	ring_release(&in, first);
	assert_int_equal(in.freed, 8);
}

/* More than the table's first size, with its oldest entry anywhere. */
static void any_number_of_frames_can_be_held(void **state)
{
	(void)state;
	for (unsigned begin_with = 0; begin_with < 20; begin_with++) {
		uint64_t held[100];

		ring_finish(&in);
		begin_at(SIZE, 0);
		go_to(8 * (uint64_t)begin_with);
		for (int i = 0; i < 100; i++) {
			assert_int_equal(send(0, 0), 0);
			held[i] = take(0, 0);
		}
		for (int i = 98; i >= 0; i -= 2)
			ring_release(&in, held[i]);
		assert_int_equal(in.freed, 8 * (begin_with + 1));
		for (int i = 99; i > 0; i -= 2)
			ring_release(&in, held[i]);
		assert_int_equal(in.freed, out.wpos);
		assert_int_equal(in.head, in.tail);
	}
}

static void without_memory_a_frame_is_not_taken(void **state)
{
	uint64_t header, offset, held = 77;

	(void)state;
	assert_int_equal(send(8, 1), 0);
	for (int grown = 0; grown < 2; grown++) {
		uint64_t at = in.rpos;

		assert_int_equal(ring_next(&in, &header, &offset), 0);
		allocs_refuse(1);
		assert_int_equal(ring_take(&in, header, &held), -ENOMEM);
		allocs_refuse(0);
		assert_int_equal(held, 77);
		assert_int_equal(in.rpos, at);
		take(8, 1);
		for (int i = 0; i < 15 && !grown; i++) {
			assert_int_equal(send(0, 0), 0);
			take(0, 0);
		}
		assert_int_equal(send(8, 1), 0); /* the 17th: the table is full */
	}
	for (uint64_t i = 0; i < 17; i++)
		ring_release(&in, i);
	assert_int_equal(in.freed, in.rpos);
}

/* ---- Publishing ------------------------------------------------------------------------------------------------ */

static void a_release_says_when_a_quarter_ring_is_free(void **state)
{
	uint64_t held[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		assert_int_equal(send(56, 0), 0);
		held[i] = take(56, 0);
	}
	for (int i = 0; i < 3; i++)
		assert_false(ring_release(&in, held[i]));
	assert_int_equal(mem.pos, 0);
	assert_true(ring_release(&in, held[3]));
	assert_int_equal(mem.pos, 0);            /* says so, and no more */
	assert_true(ring_release(&in, held[4])); /* until it is published */
	ring_publish(&in);
	assert_int_equal(mem.pos, 320);
	for (int i = 5; i < 8; i++)
		assert_false(ring_release(&in, held[i]));
}

static void one_that_waits_for_room_is_told_once(void **state)
{
	(void)state;
	fill_up();
	assert_int_equal(ring_reserve(&out, 64), -EAGAIN);
	assert_false(ring_publish(&in)); /* nothing is freed: nothing to tell */
	ring_release(&in, take(248, 0));
	assert_true(ring_publish(&in));
	assert_false(ring_publish(&in));
	ring_release(&in, take(248, 1));
	assert_false(ring_publish(&in)); /* he has not asked again */
	assert_int_equal(mem.pos, 512);
}

/* Positions, arms and what was answered outlive a channel; only the table of held frames goes. */
static void an_index_that_is_used_again_goes_on_where_it_was(void **state)
{
	(void)state;
	for (uint64_t use = 0; use < 50; use++) {
		uint64_t told = 0;

		for (uint64_t i = 0; i < use % 7 + 1; i++) {
			assert_int_equal(send(use * 5 % 200, i), 0);
			told += ring_check(&out);
			ring_release(&in, take(use * 5 % 200, i));
			ring_publish(&in);
		}
		assert_int_equal(told, 1);
		assert_true(arm_answered(&in.data));
		assert_true(ring_drained(&out) && ring_all_freed(&in));
		ring_finish(&in);
		assert_false(ring_waits(&in)); /* though the ring was not cleared */
		arm_bump(&in.data);
	}
}

/* ---- Churn against a model ------------------------------------------------------------------------------------- */

struct sent {
	uint64_t len, end, held;
};

/* What must be true, kept apart from the rings: messages sent (and cut), taken and released. */
static struct {
	struct sent msg[1 << 14];
	uint64_t sent, taken, freed; /* counts: msg[freed..taken) are held, msg[taken..sent) wait */
	bool released[1 << 14];
	uint64_t wpos, published, freed_pos;
	uint64_t random;
} model;

#define MSG(i) model.msg[(i) & ((1 << 14) - 1)]
#define RELEASED(i) model.released[(i) & ((1 << 14) - 1)]

static uint64_t below(uint64_t n)
{
	return rounds_random(&model.random) % n;
}

/* Mostly small ones, some at the limit. */
static uint64_t any_len(uint64_t max)
{
	switch (below(8)) {
	case 0:
		return max - below(17);
	case 1:
		return below(max + 1);
	default:
		return below(100);
	}
}

static void churn_send(void)
{
	uint64_t size = out.size, len = any_len(size / 4 - 8), cut = below(4) ? len : below(len + 1);
	uint64_t tail = size - model.wpos % size, skip = frame_of(len) > tail ? tail : 0;
	bool fits = model.wpos + skip + frame_of(len) + 8 <= model.published + size;

	assert_int_equal(ring_reserve(&out, frame_of(len)), fits ? 0 : -EAGAIN);
	if (!fits)
		return;
	memset((char *)(uintptr_t)(ring_room(&out) + 1), 0xA5, len); /* worse than any payload */
	if (!below(8)) {
		ring_cancel(&out);
		return;
	}
	fill(ring_room(&out) + 1, cut, model.sent);
	ring_commit(&out, wire_header(WIRE_MESSAGE, 0, 0, (uint32_t)cut));
	model.wpos += skip + frame_of(cut);
	MSG(model.sent) = (struct sent){.len = cut, .end = model.wpos};
	RELEASED(model.sent) = false;
	model.sent++;
	assert_int_equal(out.wpos, model.wpos);
}

static void churn_take(void)
{
	assert_true(ring_waits(&in) == (model.taken != model.sent));
	if (model.taken == model.sent) {
		assert_int_equal(next(), -EAGAIN);
		return;
	}
	MSG(model.taken).held = take(MSG(model.taken).len, model.taken);
	assert_int_equal(in.rpos, MSG(model.taken).end);
	model.taken++;
}

static void churn_publish(void)
{
	bool waits = mem.warm != in.writer.value && model.freed_pos != model.published;

	assert_true(ring_publish(&in) == waits);
	model.published = model.freed_pos;
	assert_int_equal(mem.pos, model.published);
	if (waits) {
		assert_true(arm_answered(&out.space));
		assert_in_range(ring_space(&out), 0, 1);
	}
}

static void churn_release(void)
{
	uint64_t i;
	bool due;

	if (model.freed == model.taken)
		return;
	i = below(2) ? model.freed : model.freed + below(model.taken - model.freed);
	due = !RELEASED(i);
	RELEASED(i) = true;
	while (model.freed != model.taken && RELEASED(model.freed))
		model.freed_pos = MSG(model.freed++).end;
	due = due && model.freed_pos - model.published >= in.size / 4;
	assert_true(ring_release(&in, MSG(i).held) == due);
	assert_int_equal(in.freed, model.freed_pos);
}

static void churn(uint64_t size, unsigned rounds)
{
	uint64_t at = below(1 << 20) * 8;

	begin_at(size, at);
	mem.words[(at & (size - 1)) / 8] = 0;
	model.sent = model.taken = model.freed = 0;
	model.wpos = model.published = model.freed_pos = at;
	while (rounds--) {
		unsigned much = rounds / 64 % 3; /* fills, drains, or neither */
		uint64_t what = below(8);

		if (what < (much == 0 ? 5 : much == 1 ? 1 : 2))
			churn_send();
		else if (what < 5)
			churn_take();
		else if (what < 7)
			churn_release();
		else
			churn_publish();
	}
	while (model.taken != model.sent)
		churn_take();
	while (model.freed != model.taken)
		churn_release();
	churn_publish();
	assert_true(ring_drained(&out) && ring_all_freed(&in));
	ring_finish(&in);
}

static void random_churn_agrees_with_a_model(void **state)
{
	(void)state;
	model.random = rounds_seed();
	for (uint64_t size = 1024; size <= 64 * 1024; size *= 2)
		churn(size, rounds_of(10000, 200000, 1000000));
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(an_empty_ring_gives_nothing),
		RING_TEST(each_length_arrives_as_it_was_sent),
		RING_TEST(a_frame_is_there_when_it_was_committed),
		RING_TEST(a_cancelled_frame_leaves_no_trace),
		RING_TEST(what_a_shorter_commit_does_not_use_is_free_again),
		RING_TEST(the_same_frame_is_given_until_it_is_taken),
		RING_TEST(a_frame_that_ends_with_the_ring_needs_no_pad),
		RING_TEST(a_frame_that_would_cross_the_end_begins_at_0),
		RING_TEST(a_pad_stays_though_the_frame_became_shorter),
		RING_TEST(the_next_header_must_be_free_too),
		RING_TEST(the_next_header_behind_a_pad_must_be_free_too),
		RING_TEST(the_pad_counts_as_room),
		RING_TEST(a_full_ring_is_armed_once),
		RING_TEST(space_that_is_not_enough_arms_again),
		RING_TEST(room_that_came_meanwhile_is_found_without_arming),
		RING_TEST(room_that_comes_between_the_looks_is_found),
		RING_TEST(a_lie_between_the_looks_is_found),
		RING_TEST(while_there_is_room_the_position_is_not_looked_at),
		RING_TEST(a_position_that_lies_is_a_violation),
		RING_TEST(a_position_at_its_very_bounds_is_no_lie),
		RING_TEST(a_drain_is_waited_for_by_the_space_arm),
		RING_TEST(the_reader_is_told_once_that_there_is_data),
		RING_TEST(a_header_that_lies_is_a_violation),
		RING_TEST(the_largest_lengths_are_no_lies),
		RING_TEST(all_kinds_and_flags_are_given),
		RING_TEST(a_frame_over_held_ones_is_a_violation),
		RING_TEST(freed_but_not_published_is_still_held),
		RING_TEST(frames_are_freed_in_order_though_released_in_another),
		RING_TEST(a_release_that_names_no_held_frame_does_nothing),
		RING_TEST(a_release_of_an_old_number_does_not_free_the_frame_in_its_place),
		RING_TEST(any_number_of_frames_can_be_held),
		RING_TEST(without_memory_a_frame_is_not_taken),
		RING_TEST(a_release_says_when_a_quarter_ring_is_free),
		RING_TEST(one_that_waits_for_room_is_told_once),
		RING_TEST(an_index_that_is_used_again_goes_on_where_it_was),
		RING_TEST(random_churn_agrees_with_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
