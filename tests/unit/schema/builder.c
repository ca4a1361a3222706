/* tests/unit/schema/builder.c - building, going on with what was built, copying; in one segment and in the tiniest ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <rill/schema.h>
#include <stdlib.h>

#include "tests/support/allocs.h"

/* Segments of exactly what is needed, full of dirt; `left` of them. */
struct tiny {
	int left, taken;
};

static void *tiny_take(void *user, size_t least, size_t *words)
{
	struct tiny *tiny = user;
	void *segment;

	if (!tiny->left)
		return NULL;
	tiny->left--;
	tiny->taken++;
	segment = malloc(least * RILL_WORD);
	memset(segment, 0xee, least * RILL_WORD);
	*words = least;
	return segment;
}

static void tiny_give(void *user, void *segment)
{
	((struct tiny *)user)->taken--;
	free(segment);
}

static struct tiny tiny;
static struct rill_builder builder;
static struct rill_reader reader;

static void begin_tiny(int left)
{
	struct rill_builder_options options = {.size = sizeof(options), .take = tiny_take, .give = tiny_give, .user = &tiny};

	tiny = (struct tiny){left, 0};
	assert_int_equal(rill_builder_init(&builder, &options), 0);
}

static void end(void)
{
	rill_builder_finish(&builder);
	assert_int_equal(tiny.taken, 0);
}

static struct rill_struct read_root(void)
{
	struct rill_struct s;

	assert_int_equal(rill_builder_error(&builder), 0);
	assert_int_equal(rill_builder_reader(&builder, &reader, NULL), 0);
	assert_int_equal(rill_pointer_read_struct(&s, rill_reader_root(&reader)), 1);
	return s;
}

/* A struct with every kind of thing below it. */
static void build(struct rill_slot slot)
{
	struct rill_struct_builder s = rill_slot_init_struct(slot, 3, 8);
	struct rill_list_builder l;
	size_t i;

	rill_struct_set_bool(s, 0, true, false);
	rill_struct_set_bool(s, 1, false, true);
	rill_struct_set_i8(s, 1, -8, 0);
	rill_struct_set_i16(s, 2, -16, 16);
	rill_struct_set_f32(s, 4, 1.5f, 0);
	rill_struct_set_i64(s, 8, INT64_MIN, 3);
	rill_struct_set_f64(s, 16, -2.25, 1);
	rill_slot_set_text(rill_struct_slot(s, 0), "text", 4);
	rill_slot_set_data(rill_struct_slot(s, 1), "\0\1\2", 3);
	l = rill_slot_init_list(rill_struct_slot(s, 2), RILL_LIST_BIT, 70);
	for (i = 0; i < 70; i += 3)
		rill_list_set_bool(l, i, true);
	l = rill_slot_init_structs(rill_struct_slot(s, 3), 3, 1, 1);
	for (i = 0; i < 3; i++) {
		rill_struct_set_u32(rill_list_edit(l, i), 0, (uint32_t)i + 1, 0);
		rill_slot_set_text(rill_list_slot(l, i), "abc", i);
	}
	l = rill_slot_init_list(rill_struct_slot(s, 4), RILL_LIST_POINTER, 2);
	rill_list_set_i16(rill_slot_init_list(rill_list_slot(l, 1), RILL_LIST_2BYTES, 5), 4, -5);
	rill_slot_set_capability(rill_struct_slot(s, 5), 77);
	rill_slot_init_struct(rill_struct_slot(s, 6), 0, 0);
	rill_slot_init_list(rill_struct_slot(s, 7), RILL_LIST_VOID, 4);
}

static void check(struct rill_struct s)
{
	struct rill_list l;
	uint32_t index;

	assert_true(rill_struct_bool(s, 0, false));
	assert_false(rill_struct_bool(s, 1, true));
	assert_int_equal(rill_struct_i8(s, 1, 0), -8);
	assert_int_equal(rill_struct_i16(s, 2, 16), -16);
	assert_true(rill_struct_f32(s, 4, 0) == 1.5f);
	assert_true(rill_struct_i64(s, 8, 3) == INT64_MIN);
	assert_true(rill_struct_f64(s, 16, 1) == -2.25);
	assert_true(rill_text_equals(rill_struct_text(s, 0), "text"));
	assert_memory_equal(rill_struct_data(s, 1).at, "\0\1\2", 3);
	l = rill_struct_list(s, 2, RILL_LIST_BIT);
	assert_true(l.count == 70 && rill_list_bool(l, 69) && !rill_list_bool(l, 68));
	l = rill_struct_list(s, 3, RILL_LIST_STRUCT);
	assert_int_equal(rill_struct_u32(rill_list_struct(l, 2), 0, 0), 3);
	assert_true(rill_text_equals(rill_struct_text(rill_list_struct(l, 2), 0), "ab"));
	l = rill_struct_list(s, 4, RILL_LIST_POINTER);
	assert_int_equal(rill_list_i16(rill_list_list(l, 1, RILL_LIST_2BYTES), 4), -5);
	assert_int_equal(rill_pointer_read_capability(&index, rill_struct_pointer(s, 5)), 1);
	assert_int_equal(index, 77);
	assert_true(rill_struct_has(s, 6));
	assert_int_equal(rill_struct_list(s, 7, RILL_LIST_VOID).count, 4);
	assert_int_equal(rill_reader_error(s.reader), 0);
}

static void what_is_built_is_read(void **state)
{
	size_t count;

	(void)state;
	assert_int_equal(rill_builder_init(&builder, NULL), 0);
	build(rill_builder_root(&builder));
	check(read_root());
	rill_builder_segments(&builder, &count);
	assert_int_equal(count, 1);
	rill_builder_finish(&builder);
	rill_builder_finish(&builder);
}

static void each_object_in_a_segment_of_its_own(void **state)
{
	size_t count;

	(void)state;
	begin_tiny(100);
	build(rill_builder_root(&builder));
	check(read_root());
	rill_builder_segments(&builder, &count);
	assert_true(count > 10);
	end();
}

static void copies_between_any_segments(void **state)
{
	struct rill_builder copy;
	struct rill_reader over;
	struct rill_size size;

	(void)state;
	assert_int_equal(rill_builder_init(&copy, NULL), 0);
	build(rill_builder_root(&copy));
	assert_int_equal(rill_builder_reader(&copy, &over, NULL), 0);
	begin_tiny(100);
	assert_int_equal(rill_slot_copy(rill_builder_root(&builder), rill_reader_root(&over)), 0);
	check(read_root());
	rill_builder_reset(&copy);
	assert_int_equal(rill_slot_copy(rill_builder_root(&copy), rill_reader_root(&reader)), 0);
	assert_int_equal(rill_builder_reader(&copy, &over, NULL), 0);
	check(rill_pointer_struct(rill_reader_root(&over)));
	assert_int_equal(rill_pointer_read_size(&size, rill_reader_root(&over)), 0);
	assert_int_equal(size.words + 1, rill_builder_segments(&copy, &(size_t){0})[0].count);
	assert_int_equal(size.capabilities, 1);
	rill_builder_finish(&copy);
	end();
}

static void a_buffer_alone_is_begun_by_its_address(void **state)
{
	uint64_t words[3] = {0xee, 0xee, 0xee};
	size_t count;

	(void)state;
	assert_int_equal(rill_builder_init_buffer(&builder, NULL, 3), -EINVAL);
	assert_int_equal(rill_builder_init_buffer(&builder, words, 0), -EINVAL);
	assert_int_equal(rill_builder_init_buffer(&builder, (char *)words + 4, 2), -EINVAL);
	assert_int_equal(rill_builder_init_buffer(&builder, words, 3), 0);
	rill_struct_set_u64(rill_slot_init_struct(rill_builder_root(&builder), 2, 0), 0, 7, 0);
	assert_int_equal(words[1], 7);
	assert_int_equal(words[2], 0);
	rill_builder_segments(&builder, &count);
	assert_int_equal(count, 1);
	rill_slot_init_struct(rill_builder_root(&builder), 1, 0);
	assert_int_equal(rill_builder_error(&builder), -ENOSPC);
	rill_builder_finish(&builder);
}

static void a_buffer_is_never_left(void **state)
{
	uint64_t buffer[8];
	struct rill_builder_options options = {.size = sizeof(options), .buffer = buffer, .buffer_words = 8};
	struct rill_struct_builder s;
	size_t count;

	(void)state;
	memset(buffer, 0xee, sizeof(buffer));
	assert_int_equal(rill_builder_init(&builder, &options), 0);
	s = rill_slot_init_struct(rill_builder_root(&builder), 1, 2);
	assert_int_equal(rill_slot_set_text(rill_struct_slot(s, 0), "fifteen letters", 15), 0);
	assert_int_equal(rill_slot_set_text(rill_struct_slot(s, 1), "and one word too many..", 24), -ENOSPC);
	assert_int_equal(rill_builder_error(&builder), -ENOSPC);
	assert_true(rill_builder_segments(&builder, &count)->words == buffer);
	rill_builder_reset(&builder);
	s = rill_slot_init_struct(rill_builder_root(&builder), 7, 0);
	assert_int_equal(rill_struct_u64(rill_struct_built(s, NULL), 48, 0), 0);
	assert_int_equal(rill_builder_error(&builder), 0);
	rill_builder_finish(&builder);
	options.grow = true;
	assert_int_equal(rill_builder_init(&builder, &options), 0);
	build(rill_builder_root(&builder));
	check(read_root());
	rill_builder_finish(&builder);
}

static void a_failed_copy_changes_nothing(void **state)
{
	static const uint64_t broken[] = {UINT64_C(3) << 48, UINT64_C(1) << 32 | 8, 0, UINT64_C(9) << 32, 0x1122334455667788};
	struct rill_segment one = {broken, 5}, before;
	struct rill_reader over;
	struct rill_struct_builder s;
	uint64_t slot_before;
	size_t count;

	(void)state;
	begin_tiny(100);
	s = rill_slot_init_struct(rill_builder_root(&builder), 1, 1);
	rill_slot_set_text(rill_struct_slot(s, 0), "kept", 4);
	before = rill_builder_segments(&builder, &count)[0];
	slot_before = *(const uint64_t *)before.words;
	assert_int_equal(rill_reader_init(&over, &one, 1, NULL), 0);
	assert_int_equal(rill_slot_copy(rill_builder_root(&builder), rill_reader_root(&over)), -EBADMSG);
	assert_int_equal(rill_builder_error(&builder), 0);
	assert_true(*(const uint64_t *)before.words == slot_before);
	assert_int_equal(rill_builder_segments(&builder, &(size_t){0})[0].count, before.count);
	assert_int_equal(tiny.taken, (int)count);
	assert_true(rill_text_equals(rill_struct_text(read_root(), 0), "kept"));
	end();
}

static void no_segment_is_an_error_that_stays(void **state)
{
	(void)state;
	begin_tiny(3);
	build(rill_builder_root(&builder));
	assert_int_equal(rill_builder_error(&builder), -ENOMEM);
	end();
}

static void nothing_is_set_outside(void **state)
{
	struct rill_struct_builder s, none = {0};
	struct rill_list_builder l;

	(void)state;
	assert_int_equal(rill_builder_init(&builder, NULL), 0);
	s = rill_slot_init_struct(rill_builder_root(&builder), 1, 0);
	rill_struct_set_u8(none, 0, 1, 0);
	assert_int_equal(rill_slot_set_text(rill_struct_slot(none, 0), "x", 1), -EINVAL);
	assert_int_equal(rill_builder_error(&builder), 0);
	rill_struct_set_u32(s, 8, 1, 0);
	assert_int_equal(rill_builder_error(&builder), -EINVAL);
	rill_builder_reset(&builder);
	rill_slot_init_struct(rill_builder_root(&builder), 65536, 0);
	assert_int_equal(rill_builder_error(&builder), -EINVAL);
	rill_builder_reset(&builder);
	assert_null(rill_slot_init_text(rill_builder_root(&builder), SIZE_MAX));
	assert_null(rill_slot_init_text(rill_builder_root(&builder), (1u << 29) - 1));
	assert_int_equal(rill_builder_error(&builder), -EMSGSIZE);
	rill_builder_reset(&builder);
	l = rill_slot_init_list(rill_builder_root(&builder), RILL_LIST_4BYTES, 2);
	rill_list_set_u32(l, 2, 1);
	assert_int_equal(rill_builder_error(&builder), -EINVAL);
	rill_builder_finish(&builder);
}

static void an_older_struct_grows_when_it_is_edited(void **state)
{
	struct rill_struct_builder s;

	(void)state;
	begin_tiny(100);
	build(rill_builder_root(&builder));
	s = rill_slot_edit_struct(rill_builder_root(&builder), 4, 9);
	rill_struct_set_u64(s, 24, 5, 0);
	rill_slot_set_text(rill_struct_slot(s, 8), "new", 3);
	check(read_root());
	assert_int_equal(rill_struct_u64(read_root(), 24, 0), 5);
	assert_true(rill_text_equals(rill_struct_text(read_root(), 8), "new"));
	assert_int_equal(rill_list_count(rill_struct_list(read_root(), 3, RILL_LIST_STRUCT)), 3);
	s = rill_slot_edit_struct(rill_builder_root(&builder), 1, 1);
	assert_int_equal(s.data_bytes, 32);
	assert_int_equal(rill_slot_edit_list(rill_struct_slot(s, 3), RILL_LIST_STRUCT).count, 3);
	end();
}

/* In the same segment, with a pad where there is room, and by a double-far where there is none. */
static void moved_objects_are_found(void **state)
{
	struct rill_struct_builder s, t;
	struct rill_slot slot;

	(void)state;
	begin_tiny(100);
	s = rill_slot_init_struct(rill_builder_root(&builder), 0, 2);
	t = rill_slot_init_struct(rill_struct_slot(s, 0), 1, 1);
	rill_slot_init_list(rill_struct_slot(t, 0), RILL_LIST_8BYTES, 2);
	slot = rill_struct_slot(s, 1);
	assert_int_equal(rill_slot_move(slot, rill_struct_slot(t, 0)), 0);
	assert_int_equal(rill_struct_list(read_root(), 1, RILL_LIST_8BYTES).count, 2);
	assert_false(rill_struct_has(rill_struct_struct(read_root(), 0), 0));
	rill_builder_reset(&builder);

	s = rill_slot_init_struct(rill_builder_root(&builder), 0, 3);
	slot.segment = s.segment;
	rill_slot_set_text(rill_struct_slot(s, 0), "near?", 5);
	assert_int_equal(rill_slot_move(rill_struct_slot(s, 1), rill_struct_slot(s, 0)), 0);
	assert_int_equal(rill_slot_move(rill_builder_root(&builder), rill_struct_slot(s, 1)), 0);
	assert_int_equal(rill_builder_reader(&builder, &reader, NULL), 0);
	assert_true(rill_text_equals(rill_pointer_text(rill_reader_root(&reader)), "near?"));
	end();

	assert_int_equal(rill_builder_init(&builder, NULL), 0);
	s = rill_slot_init_struct(rill_builder_root(&builder), 0, 2);
	rill_slot_set_text(rill_struct_slot(s, 0), "far", 3);
	t = rill_slot_init_struct(rill_struct_slot(s, 1), 60000, 1); /* in a second segment */
	assert_int_not_equal(t.segment, s.segment);
	assert_int_equal(rill_slot_move(rill_struct_slot(t, 0), rill_struct_slot(s, 0)), 0);
	assert_int_equal(*(const uint64_t *)((const uint64_t *)builder.segments[t.segment].words + t.at) & 7,
	                 6); /* double-far */
	assert_true(rill_text_equals(rill_struct_text(rill_struct_struct(read_root(), 1), 0), "far"));
	rill_builder_finish(&builder);
}

static void a_struct_is_copied_as_far_as_there_is_room(void **state)
{
	struct rill_builder copy;
	struct rill_list_builder l;

	(void)state;
	begin_tiny(100);
	build(rill_builder_root(&builder));
	assert_int_equal(rill_builder_init(&copy, NULL), 0);
	l = rill_slot_init_structs(rill_builder_root(&copy), 2, 1, 5);
	assert_int_equal(rill_struct_copy(rill_list_edit(l, 1), read_root()), 0);
	assert_int_equal(rill_builder_reader(&copy, &reader, NULL), 0);
	assert_true(rill_text_equals(
		rill_struct_text(rill_list_struct(rill_pointer_list(rill_reader_root(&reader), RILL_LIST_STRUCT), 1), 0),
		"text"));
	assert_int_equal(rill_struct_i16(rill_list_struct(rill_pointer_list(rill_reader_root(&reader), RILL_LIST_STRUCT), 1), 2,
	                                 16),
	                 -16);
	rill_builder_finish(&copy);
	end();
}

static void the_same_builder_again_costs_no_allocation(void **state)
{
	uint64_t before;
	int i;

	(void)state;
	assert_int_equal(rill_builder_init(&builder, NULL), 0);
	before = allocs_made();
	for (i = 0; i < 1000; i++) {
		rill_builder_reset(&builder);
		build(rill_builder_root(&builder));
	}
	check(read_root());
	assert_int_equal(allocs_made(), before);
	rill_builder_finish(&builder);
}

static void a_failed_allocation_is_an_error(void **state)
{
	uint64_t n;

	(void)state;
	for (n = 1; n < 4; n++) {
		int r;

		allocs_refuse_from(n);
		r = rill_builder_init(&builder, NULL);
		if (r == 0) {
			rill_slot_init_data(rill_builder_root(&builder), 100000);
			r = rill_builder_error(&builder);
		}
		allocs_refuse(0);
		assert_int_equal(r, n < 3 ? -ENOMEM : 0);
		rill_builder_finish(&builder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_built_is_read),
		cmocka_unit_test(each_object_in_a_segment_of_its_own),
		cmocka_unit_test(copies_between_any_segments),
		cmocka_unit_test(a_buffer_alone_is_begun_by_its_address),
		cmocka_unit_test(a_buffer_is_never_left),
		cmocka_unit_test(a_failed_copy_changes_nothing),
		cmocka_unit_test(no_segment_is_an_error_that_stays),
		cmocka_unit_test(nothing_is_set_outside),
		cmocka_unit_test(an_older_struct_grows_when_it_is_edited),
		cmocka_unit_test(moved_objects_are_found),
		cmocka_unit_test(a_struct_is_copied_as_far_as_there_is_room),
		cmocka_unit_test(the_same_builder_again_costs_no_allocation),
		cmocka_unit_test(a_failed_allocation_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
