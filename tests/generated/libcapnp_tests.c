/* tests/generated/libcapnp_tests.c - against Debian's libcapnp, both ways, in one process: what one side builds the other
 * reads, in segments of any size; the canonical and the packed forms are the same bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tests/generated/libcapnp.h"
#include "tests/generated/shared.rill.h"
#include "tests/support/rounds.h"

#define ROOM (1 << 20)

static uint64_t ours[ROOM / 8], theirs[ROOM / 8], one[ROOM / 8], two[ROOM / 8];
static struct rill_segment segments[RILL_SEGMENTS_MAX];
static struct rill_reader reader;

static void *take(void *user, size_t least, size_t *words)
{
	*words = *(size_t *)user > least ? *(size_t *)user : least;
	return malloc(*words * RILL_WORD);
}

static void give(void *user, void *segment)
{
	(void)user;
	free(segment);
}

static void begin(struct rill_builder *b, size_t *words)
{
	struct rill_builder_options options = {.size = sizeof(options), .take = take, .give = give, .user = words};

	assert_int_equal(rill_builder_init(b, &options), 0);
}

static size_t frame(void *to, const struct rill_builder *b)
{
	size_t count;
	const struct rill_segment *from = rill_builder_segments(b, &count);
	ssize_t n = rill_frame_write(to, ROOM, from, count);

	assert_int_equal(rill_builder_error(b), 0);
	assert_true(n > 0);
	return (size_t)n;
}

static struct rill_reader *open_frame(const void *at, size_t len)
{
	ssize_t count = rill_frame_read(segments, RILL_SEGMENTS_MAX, at, len, 0);

	assert_true(count > 0);
	assert_int_equal(rill_reader_init(&reader, segments, (size_t)count, NULL), 0);
	return &reader;
}

static void fill(struct shared_plain_builder b)
{
	struct shared_scalars_builder inner;
	struct rill_list_builder l;
	struct shared_pair_list_builder pairs;
	size_t i;

	shared_plain_set_text(b, "text");
	shared_plain_set_data(b, "\0\1\2", 3);
	inner = shared_plain_init_inner(b);
	shared_scalars_set_i32(inner, -5);
	shared_scalars_set_flag(inner, false);
	shared_scalars_group_set_b(shared_scalars_edit_group(inner), false);
	shared_plain_init_voids(b, 3);
	l = shared_plain_init_flags(b, 10);
	for (i = 0; i < 10; i++)
		rill_list_set_bool(l, i, i % 3 == 0);
	l = shared_plain_init_i16s(b, 3);
	for (i = 0; i < 3; i++)
		rill_list_set_i16(l, i, (int16_t)((i + 1) * (i == 1 ? 1u : UINT16_MAX)));
	rill_list_set_u64(shared_plain_init_u64s(b, 1), 0, UINT64_MAX);
	l = shared_plain_init_f32s(b, 2);
	rill_list_set_f32(l, 0, 1.5f);
	rill_list_set_f32(l, 1, -0.25f);
	l = shared_plain_init_colors(b, 2);
	shared_color_set_at(l, 0, SHARED_COLOR_GREEN);
	shared_color_set_at(l, 1, SHARED_COLOR_USUAL);
	l = shared_plain_init_texts(b, 3);
	rill_slot_set_string(rill_list_slot(l, 0), "a");
	rill_slot_set_string(rill_list_slot(l, 1), "");
	rill_slot_set_string(rill_list_slot(l, 2), "bc");
	pairs = shared_plain_init_inners(b, 2);
	shared_pair_set_x(shared_pair_list_edit_at(pairs, 1), 7);
	shared_pair_set_y(shared_pair_list_edit_at(pairs, 1), "seven");
	shared_plain_init_empties(b, 2);
	l = rill_slot_init_list(rill_list_slot(shared_plain_init_lists(b, 2), 1), RILL_LIST_2BYTES, 2);
	rill_list_set_i16(l, 0, 4);
	rill_list_set_i16(l, 1, 5);
	l = rill_slot_init_list(rill_list_slot(shared_plain_init_deep(b, 1), 0), RILL_LIST_POINTER, 1);
	l = rill_slot_init_list(rill_list_slot(l, 0), RILL_LIST_POINTER, 1);
	rill_slot_set_string(rill_list_slot(l, 0), "deep");
	shared_plain_set_text(shared_plain_init_recursive(shared_plain_init_recursive(b)), "below");
	shared_plain_set_number(b, 2.5);
}

static bool is(struct rill_text text, const char *string)
{
	return rill_text_equals(text, string);
}

static void check(struct shared_plain p)
{
	struct shared_scalars_group flags = shared_scalars_get_group(shared_plain_get_inner(p));
	struct rill_list l = shared_plain_get_flags(p);
	struct shared_pair_list pairs = shared_plain_get_inners(p);

	assert_true(is(shared_plain_get_text(p), "text"));
	assert_memory_equal(shared_plain_get_data(p).at, "\0\1\2", 3);
	assert_int_equal(shared_scalars_get_i32(shared_plain_get_inner(p)), -5);
	assert_false(shared_scalars_get_flag(shared_plain_get_inner(p)));
	assert_true(!shared_scalars_group_get_b(flags) && shared_scalars_group_get_a(flags));
	assert_true(l.count == 10 && rill_list_bool(l, 9) && !rill_list_bool(l, 8));
	assert_int_equal(rill_list_count(shared_plain_get_voids(p)), 3);
	assert_int_equal(rill_list_i16(shared_plain_get_i16s(p), 2), -3);
	assert_true(rill_list_u64(shared_plain_get_u64s(p), 0) == UINT64_MAX);
	assert_true(rill_list_f32(shared_plain_get_f32s(p), 1) == -0.25f);
	assert_int_equal(shared_color_at(shared_plain_get_colors(p), 1), SHARED_COLOR_USUAL);
	assert_true(is(rill_list_text(shared_plain_get_texts(p), 2), "bc"));
	assert_int_equal(shared_pair_get_x(shared_pair_list_at(pairs, 1)), 7);
	assert_true(is(shared_pair_get_y(shared_pair_list_at(pairs, 1)), "seven"));
	assert_false(shared_pair_has_y(shared_pair_list_at(pairs, 0)));
	assert_int_equal(shared_empty_list_count(shared_plain_get_empties(p)), 2);
	assert_int_equal(rill_list_i16(rill_list_list(shared_plain_get_lists(p), 1, RILL_LIST_2BYTES), 1), 5);
	l = rill_list_list(rill_list_list(shared_plain_get_deep(p), 0, RILL_LIST_POINTER), 0, RILL_LIST_POINTER);
	assert_true(is(rill_list_text(l, 0), "deep"));
	assert_true(is(shared_plain_get_text(shared_plain_get_recursive(shared_plain_get_recursive(p))), "below"));
	assert_int_equal(shared_plain_which(p), SHARED_PLAIN_WHICH_NUMBER);
	assert_true(shared_plain_get_number(p) == 2.5);
	assert_int_equal(shared_plain_get_color(p), SHARED_COLOR_GREEN);
	assert_int_equal(rill_reader_error(&reader), 0);
}

static void they_read_what_we_build(void **state)
{
	struct rill_builder b;
	size_t words;

	(void)state;
	for (words = 1; words < 200; words += words < 40 ? 1 : 37) {
		begin(&b, &words);
		fill(shared_plain_new_root(&b));
		assert_int_equal(theirs_check(ours, frame(ours, &b)), 1);
		rill_builder_finish(&b);
	}
}

static void we_read_what_they_build(void **state)
{
	unsigned words;

	(void)state;
	for (words = 1; words < 200; words += words < 40 ? 1 : 37) {
		size_t len = theirs_build(theirs, ROOM, words);

		assert_true(len > 0);
		check(shared_plain_root(open_frame(theirs, len)));
	}
}

/* ---- any message, both ways ----------------------------------------------------------------------------------------- */

static void random_object(struct rill_slot slot, uint64_t *seed, unsigned depth);

static void random_pointers(struct rill_struct_builder s, uint64_t *seed, unsigned depth)
{
	uint32_t i;

	for (i = 0; i < s.data_bytes; i += 2)
		rill_struct_set_u16(s, i, rounds_random(seed) % 4 ? (uint16_t)rounds_random(seed) : 0, 0);
	for (i = 0; i < s.pointers; i++)
		random_object(rill_struct_slot(s, i), seed, depth);
}

static void random_list(struct rill_slot slot, uint64_t *seed, unsigned depth)
{
	unsigned kind = (unsigned)(rounds_random(seed) % RILL_LIST_STRUCT), i, count = (unsigned)(rounds_random(seed) % 20);
	struct rill_list_builder l = rill_slot_init_list(slot, (enum rill_list_kind)kind, count);

	for (i = 0; i < count; i++) {
		if (kind == RILL_LIST_POINTER)
			random_object(rill_list_slot(l, i), seed, depth);
		else if (kind == RILL_LIST_BIT)
			rill_list_set_bool(l, i, rounds_random(seed) & 1);
		else if (l.data_bytes)
			l.data[i * l.step] = (unsigned char)rounds_random(seed);
	}
}

static void random_object(struct rill_slot slot, uint64_t *seed, unsigned depth)
{
	uint64_t what = depth ? rounds_random(seed) % 4 : 0;
	struct rill_list_builder l;
	size_t i;

	if (what == 1) {
		random_pointers(rill_slot_init_struct(slot, rounds_random(seed) % 4, rounds_random(seed) % 4), seed, depth - 1);
	} else if (what == 2) {
		random_list(slot, seed, depth - 1);
	} else if (what == 3) {
		l = rill_slot_init_structs(slot, rounds_random(seed) % 4, rounds_random(seed) % 3, rounds_random(seed) % 3);
		for (i = 0; i < l.count; i++)
			random_pointers(rill_list_edit(l, i), seed, depth - 1);
	}
}

static void same_forms(const void *at, size_t len)
{
	ssize_t n;

	n = rill_canonical_write(one, ROOM / 8, rill_reader_root(open_frame(at, len)));
	assert_true(n > 0);
	assert_int_equal(theirs_canonical(two, ROOM, at, len), n * 8);
	assert_memory_equal(one, two, (size_t)n * 8);
	n = rill_frame_pack(one, ROOM, segments, reader.count);
	assert_true(n > 0);
	assert_int_equal(theirs_pack(two, ROOM, at, len), n);
	assert_memory_equal(one, two, (size_t)n);
}

/* Build at random; they build it anew in small segments, with adopted objects too; we copy that: all of it is the same. */
static void anything_goes_both_ways(void **state)
{
	unsigned n = rounds_of(50, 1000, 100000), i;
	uint64_t seed = rounds_seed();

	(void)state;
	for (i = 0; i < n; i++) {
		size_t words = 1 + (size_t)(rounds_random(&seed) % 30), more = 30, our_len, their_len;
		struct rill_builder b;

		begin(&b, &words);
		random_pointers(rill_slot_init_struct(rill_builder_root(&b), rounds_random(&seed) % 4,
		                                      1 + rounds_random(&seed) % 4),
		                &seed, 4);
		if (rill_builder_error(&b) == -EMSGSIZE) { /* too many segments */
			rill_builder_finish(&b);
			continue;
		}
		our_len = frame(ours, &b);
		rill_builder_finish(&b);
		same_forms(ours, our_len);
		their_len = theirs_recode(theirs, ROOM, ours, our_len, (unsigned)(20 + rounds_random(&seed) % 30), i % 2);
		assert_true(their_len > 0);
		assert_int_equal(theirs_equal(ours, our_len, theirs, their_len), 1);
		if (rill_frame_read(segments, RILL_SEGMENTS_MAX, theirs, their_len, 0) < 0)
			continue;
		same_forms(theirs, their_len);

		begin(&b, &more);
		assert_int_equal(rill_slot_copy(rill_builder_root(&b), rill_reader_root(open_frame(theirs, their_len))), 0);
		our_len = frame(ours, &b);
		rill_builder_finish(&b);
		assert_int_equal(theirs_equal(ours, our_len, theirs, their_len), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_read_what_we_build),
		cmocka_unit_test(we_read_what_they_build),
		cmocka_unit_test(anything_goes_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
