/* tests/unit/schema/reader.c - messages made by hand, word by word: each shape, and each way to lie about it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <rill/schema.h>

#define WORDS(a) (sizeof(a) / sizeof((a)[0]))
#define STRUCT(offset, data, pointers) ((uint64_t)((uint32_t)(offset)*4u) | (uint64_t)(data) << 32 | (uint64_t)(pointers) << 48)
#define LIST(offset, kind, count) ((uint64_t)((uint32_t)(offset)*4u) | 1 | (uint64_t)(kind) << 32 | (uint64_t)(count) << 35)
#define FAR(segment, pad) (UINT64_C(2) | (uint64_t)(pad) << 3 | (uint64_t)(segment) << 32)
#define DOUBLE_FAR(segment, pad) (FAR(segment, pad) | 4)
#define CAPABILITY(index) (UINT64_C(3) | (uint64_t)(index) << 32)

static struct rill_reader reader;
static struct rill_segment segments[3];

static struct rill_pointer root_of(const uint64_t *words, size_t count)
{
	segments[0].words = words;
	segments[0].count = count;
	assert_int_equal(rill_reader_init(&reader, segments, 1, NULL), 0);
	return rill_reader_root(&reader);
}

static struct rill_pointer root_of_three(const uint64_t *a, size_t n, const uint64_t *b, size_t m, const uint64_t *c, size_t o)
{
	segments[0] = (struct rill_segment){a, n};
	segments[1] = (struct rill_segment){b, m};
	segments[2] = (struct rill_segment){c, o};
	assert_int_equal(rill_reader_init(&reader, segments, 3, NULL), 0);
	return rill_reader_root(&reader);
}

static int struct_of(const uint64_t *words, size_t count)
{
	struct rill_struct s;

	return rill_pointer_read_struct(&s, root_of(words, count));
}

static int list_of(uint64_t a, uint64_t b, uint64_t c, enum rill_list_kind kind)
{
	uint64_t words[3] = {a, b, c};
	struct rill_list l;

	return rill_pointer_read_list(&l, root_of(words, 3), kind);
}

static void absent_is_not_broken(void **state)
{
	uint64_t null[] = {0}, broken[] = {STRUCT(0, 1, 0)};
	struct rill_struct s;
	struct rill_text t;

	(void)state;
	assert_int_equal(rill_pointer_read_struct(&s, root_of(null, 1)), 0);
	assert_int_equal(rill_pointer_read_text(&t, rill_struct_pointer(s, 3)), 0);
	assert_int_equal(t.at[0], 0);
	assert_int_equal(rill_struct_u32(s, 0, 7), 7);
	assert_true(rill_struct_bool(s, 100, true));
	assert_int_equal(rill_reader_error(&reader), 0);
	s = rill_pointer_struct(root_of(broken, 1));
	assert_int_equal(rill_struct_u32(s, 0, 7), 7);
	assert_int_equal(rill_reader_error(&reader), -EBADMSG);
}

static void the_first_error_stays(void **state)
{
	uint64_t words[] = {STRUCT(0, 0, 2), STRUCT(5, 1, 0), 0};
	struct rill_struct s = rill_pointer_struct(root_of(words, 3));

	(void)state;
	assert_false(rill_struct_has(s, 1));
	rill_struct_struct(s, 0);
	reader.words = 0;
	rill_struct_struct(s, 0);
	assert_int_equal(rill_reader_error(&reader), -EBADMSG);
}

static void a_struct_lies_in_its_segment(void **state)
{
	uint64_t fits[] = {STRUCT(0, 1, 1), 0, 0}, long_one[] = {STRUCT(0, 1, 2), 0, 0}, before[] = {STRUCT(-2, 1, 0), 0};
	uint64_t behind[] = {STRUCT(0x1fffffff, 0, 0), 0}, itself[] = {STRUCT(-1, 0, 0)};

	(void)state;
	assert_int_equal(struct_of(fits, 3), 1);
	assert_int_equal(struct_of(long_one, 3), -EBADMSG);
	assert_int_equal(struct_of(before, 2), -EBADMSG);
	assert_int_equal(struct_of(behind, 2), -EBADMSG);
	assert_int_equal(struct_of(itself, 1), 1);
}

static void a_list_lies_in_its_segment(void **state)
{
	(void)state;
	assert_int_equal(list_of(LIST(0, RILL_LIST_BYTE, 16), 0, 0, RILL_LIST_BYTE), 1);
	assert_int_equal(list_of(LIST(0, RILL_LIST_BYTE, 17), 0, 0, RILL_LIST_BYTE), -EBADMSG);
	assert_int_equal(list_of(LIST(0, RILL_LIST_BIT, 128), 0, 0, RILL_LIST_BIT), 1);
	assert_int_equal(list_of(LIST(0, RILL_LIST_BIT, 129), 0, 0, RILL_LIST_BIT), -EBADMSG);
	assert_int_equal(list_of(LIST(0, RILL_LIST_8BYTES, 0x1fffffff), 0, 0, RILL_LIST_8BYTES), -EBADMSG);
	assert_int_equal(list_of(LIST(0, RILL_LIST_POINTER, 3), 0, 0, RILL_LIST_POINTER), -EBADMSG);
	assert_int_equal(list_of(STRUCT(0, 1, 0), 0, 0, RILL_LIST_ANY), -EBADMSG);
}

static void a_struct_list_has_a_struct_tag_and_room(void **state)
{
	(void)state;
	assert_int_equal(list_of(LIST(0, RILL_LIST_STRUCT, 1), STRUCT(1, 1, 0), 9, RILL_LIST_STRUCT), 1);
	assert_int_equal(list_of(LIST(0, RILL_LIST_STRUCT, 1), STRUCT(2, 1, 0), 9, RILL_LIST_STRUCT), -EBADMSG);
	assert_int_equal(list_of(LIST(0, RILL_LIST_STRUCT, 2), STRUCT(1, 1, 0), 9, RILL_LIST_STRUCT), -EBADMSG);
	assert_int_equal(list_of(LIST(0, RILL_LIST_STRUCT, 1), LIST(1, 1, 0), 9, RILL_LIST_STRUCT), -EBADMSG);
	assert_int_equal(list_of(LIST(0, RILL_LIST_STRUCT, 1), STRUCT(0x3fffffff, 0xffff, 0xffff), 9, RILL_LIST_STRUCT),
	                 -EBADMSG);
}

static void elements_of_no_size_cost_a_word_each(void **state)
{
	(void)state;
	assert_int_equal(list_of(LIST(0, RILL_LIST_VOID, 8 << 20), 0, 0, RILL_LIST_VOID), 1);
	assert_int_equal(list_of(LIST(0, RILL_LIST_VOID, (8 << 20) + 1), 0, 0, RILL_LIST_VOID), -EMSGSIZE);
	assert_int_equal(list_of(LIST(0, RILL_LIST_STRUCT, 0), STRUCT(8 << 20, 0, 0), 0, RILL_LIST_STRUCT), -EMSGSIZE);
}

static void text_needs_its_nul(void **state)
{
	uint64_t words[] = {LIST(0, RILL_LIST_BYTE, 3), 0x6968}, open[] = {LIST(0, RILL_LIST_BYTE, 2), 0x6968};
	uint64_t none[] = {LIST(0, RILL_LIST_BYTE, 0)}, shorts[] = {LIST(0, RILL_LIST_2BYTES, 1), 0};
	struct rill_text t = rill_pointer_text(root_of(words, 2));
	char copy[3];

	(void)state;
	assert_int_equal(t.len, 2);
	assert_true(rill_text_equals(t, "hi"));
	assert_int_equal(rill_text_copy(copy, 2, t), -ENOBUFS);
	assert_int_equal(rill_text_copy(copy, 3, t), 2);
	assert_string_equal(copy, "hi");
	assert_int_equal(rill_pointer_read_text(&t, root_of(open, 2)), -EBADMSG);
	assert_int_equal(rill_pointer_read_text(&t, root_of(none, 1)), -EBADMSG);
	assert_int_equal(rill_pointer_read_text(&t, root_of(shorts, 2)), -EBADMSG);
	assert_int_equal(rill_pointer_data(root_of(open, 2)).len, 2);
}

static int far_to(uint64_t root, const uint64_t *b, size_t m, const uint64_t *c, size_t o)
{
	static uint64_t a[1];
	struct rill_struct s;
	int r;

	a[0] = root;
	r = rill_pointer_read_struct(&s, root_of_three(a, 1, b, m, c, o));
	if (r == 1)
		assert_int_equal(rill_struct_u64(s, 0, 0), 99);
	return r;
}

static void far_pads_are_checked(void **state)
{
	uint64_t single[] = {STRUCT(0, 1, 0), 99}, twice[] = {FAR(1, 1), STRUCT(0, 1, 0)};
	uint64_t far_pad[] = {FAR(1, 1), STRUCT(0, 1, 0)}, zero_pad[] = {0, 99}, capability_pad[] = {CAPABILITY(0), 99};
	uint64_t long_pad[] = {STRUCT(0, 2, 0), 99};
	uint64_t offset_tag[] = {FAR(1, 1), STRUCT(1, 1, 0)}, far_tag[] = {FAR(1, 1), FAR(0, 0)};
	uint64_t double_first[] = {DOUBLE_FAR(1, 1), STRUCT(0, 1, 0)}, no_segment[] = {FAR(3, 1), STRUCT(0, 1, 0)};

	(void)state;
	assert_int_equal(far_to(FAR(1, 0), single, 2, single, 2), 1);
	assert_int_equal(far_to(FAR(1, 2), single, 2, single, 2), -EBADMSG);
	assert_int_equal(far_to(FAR(3, 0), single, 2, single, 2), -EBADMSG);
	assert_int_equal(far_to(FAR(1, 0), far_pad, 2, single, 2), -EBADMSG);
	assert_int_equal(far_to(FAR(1, 0), zero_pad, 2, single, 2), -EBADMSG);
	assert_int_equal(far_to(FAR(1, 0), capability_pad, 2, single, 2), -EBADMSG);
	assert_int_equal(far_to(FAR(1, 0), long_pad, 2, single, 2), -EBADMSG);
	assert_int_equal(far_to(DOUBLE_FAR(2, 0), single, 2, twice, 2), 1);
	assert_int_equal(far_to(DOUBLE_FAR(2, 1), single, 2, twice, 2), -EBADMSG);
	assert_int_equal(far_to(DOUBLE_FAR(2, 0), single, 1, twice, 2), -EBADMSG);
	assert_int_equal(far_to(DOUBLE_FAR(2, 0), single, 2, offset_tag, 2), -EBADMSG);
	assert_int_equal(far_to(DOUBLE_FAR(2, 0), single, 2, far_tag, 2), -EBADMSG);
	assert_int_equal(far_to(DOUBLE_FAR(2, 0), single, 2, double_first, 2), -EBADMSG);
	assert_int_equal(far_to(DOUBLE_FAR(2, 0), single, 2, no_segment, 2), -EBADMSG);
	assert_int_equal(far_to(DOUBLE_FAR(2, 0), single, 2, single, 2), -EBADMSG);
}

static void a_capability_is_its_index(void **state)
{
	uint64_t words[] = {CAPABILITY(5)}, odd[] = {CAPABILITY(5) | 4}, other[] = {STRUCT(-1, 0, 0)};
	uint32_t index = 0;

	(void)state;
	assert_int_equal(rill_pointer_read_capability(&index, root_of(words, 1)), 1);
	assert_int_equal(index, 5);
	assert_int_equal(rill_pointer_read_kind(root_of(words, 1)), RILL_POINTER_CAPABILITY);
	assert_int_equal(rill_pointer_read_capability(&index, root_of(odd, 1)), -EBADMSG);
	assert_int_equal(rill_pointer_read_capability(&index, root_of(other, 1)), -EBADMSG);
	assert_int_equal(struct_of(words, 1), -EBADMSG);
}

static void a_ring_of_pointers_ends_at_the_depth_limit(void **state)
{
	uint64_t words[] = {STRUCT(0, 0, 1), STRUCT(-1, 0, 1)};
	struct rill_struct s = rill_pointer_struct(root_of(words, 2));
	struct rill_size size;
	int r, n = 1;

	(void)state;
	while ((r = rill_pointer_read_struct(&s, rill_struct_pointer(s, 0))) == 1)
		n++;
	assert_int_equal(r, -ELOOP);
	assert_int_equal(n, RILL_DEPTH);
	assert_int_equal(rill_pointer_read_size(&size, root_of(words, 2)), -ELOOP);
}

static void the_traversal_limit_counts_each_view(void **state)
{
	struct rill_reader_options options = {.size = sizeof(options), .words = 4};
	uint64_t words[] = {STRUCT(0, 2, 0), 1, 2};
	struct rill_struct s;

	(void)state;
	root_of(words, 3);
	assert_int_equal(rill_reader_init(&reader, segments, 1, &options), 0);
	assert_int_equal(rill_pointer_read_struct(&s, rill_reader_root(&reader)), 1);
	assert_int_equal(rill_pointer_read_struct(&s, rill_reader_root(&reader)), 1);
	assert_int_equal(rill_pointer_read_struct(&s, rill_reader_root(&reader)), -EMSGSIZE);
	assert_int_equal(rill_struct_u64(s, 8, 0), 2);
}

static void lists_are_read_as_older_and_newer_ones(void **state)
{
	uint64_t shorts[] = {LIST(0, RILL_LIST_2BYTES, 3), 0x000300020001};
	uint64_t structs[] = {LIST(0, RILL_LIST_STRUCT, 4), STRUCT(2, 1, 1), 7, 0, 8, 0};
	uint64_t pointers[] = {LIST(0, RILL_LIST_POINTER, 1), LIST(0, RILL_LIST_BYTE, 1), 0};
	uint64_t bits[] = {LIST(0, RILL_LIST_BIT, 3), 5};
	struct rill_list l = rill_pointer_list(root_of(shorts, 2), RILL_LIST_STRUCT);

	(void)state;
	assert_int_equal(rill_struct_u16(rill_list_struct(l, 2), 0, 0), 3);
	assert_int_equal(rill_struct_u32(rill_list_struct(l, 2), 0, 6), 6);
	assert_false(rill_struct_has(rill_list_struct(l, 2), 0));
	assert_int_equal(rill_list_u16(l, 3), 0);
	l = rill_pointer_list(root_of(structs, 6), RILL_LIST_4BYTES);
	assert_int_equal(rill_list_u32(l, 1), 8);
	l = rill_pointer_list(root_of(structs, 6), RILL_LIST_POINTER);
	assert_int_equal(rill_list_count(l), 2);
	assert_false(rill_pointer_has(rill_list_pointer(l, 1)));
	l = rill_pointer_list(root_of(pointers, 3), RILL_LIST_STRUCT);
	assert_true(rill_struct_has(rill_list_struct(l, 0), 0));
	assert_int_equal(rill_struct_text(rill_list_struct(l, 0), 0).len, 0);
	assert_int_equal(list_of(shorts[0], shorts[1], 0, RILL_LIST_4BYTES), -EBADMSG);
	assert_int_equal(list_of(shorts[0], shorts[1], 0, RILL_LIST_POINTER), -EBADMSG);
	assert_int_equal(list_of(shorts[0], shorts[1], 0, RILL_LIST_BIT), -EBADMSG);
	assert_int_equal(list_of(bits[0], bits[1], 0, RILL_LIST_BYTE), -EBADMSG);
	assert_int_equal(list_of(bits[0], bits[1], 0, RILL_LIST_STRUCT), -EBADMSG);
	l = rill_pointer_list(root_of(bits, 2), RILL_LIST_BIT);
	assert_true(rill_list_bool(l, 0) && !rill_list_bool(l, 1) && rill_list_bool(l, 2) && !rill_list_bool(l, 3));
}

static void defaults_are_xored_and_pointed_at(void **state)
{
	uint64_t words[] = {STRUCT(0, 2, 1), 1 | 0xffffffd600000000, 0, 0},
		 fallback[] = {LIST(0, RILL_LIST_BYTE, 5), 0x656e6f6e};
	struct rill_segment otherwise = {fallback, 2};
	struct rill_struct s = rill_pointer_struct(root_of(words, 4));

	(void)state;
	assert_false(rill_struct_bool(s, 0, true));
	assert_true(rill_struct_bool(s, 1, true));
	assert_int_equal(rill_struct_i32(s, 4, -42), 0);
	assert_true(rill_struct_f64(s, 8, 2.5) == 2.5);
	assert_true(rill_struct_f64(s, 16, 2.5) == 2.5);
	assert_true(rill_text_equals(rill_pointer_text(rill_pointer_or(rill_struct_pointer(s, 0), &otherwise)), "none"));
}

static void senseless_arguments_are_refused(void **state)
{
	struct rill_reader_options options = {.size = sizeof(options), .depth = RILL_DEPTH_MAX + 1};
	uint64_t words[2] = {0, 0};
	struct rill_segment odd = {(const char *)words + 4, 1}, none = {words, 0}, null = {NULL, 0}, one = {words, 1};
	struct rill_pointer nothing = rill_reader_root(NULL);

	(void)state;
	assert_int_equal(rill_reader_init(NULL, &one, 1, NULL), -EINVAL);
	assert_int_equal(rill_reader_init(&reader, NULL, 1, NULL), -EINVAL);
	assert_int_equal(rill_reader_init(&reader, &odd, 1, NULL), -EINVAL);
	assert_int_equal(rill_reader_init(&reader, &null, 1, NULL), -EINVAL);
	assert_int_equal(rill_reader_init(&reader, &none, 1, NULL), -EBADMSG);
	assert_int_equal(rill_reader_init(&reader, NULL, 0, NULL), -EBADMSG);
	assert_int_equal(rill_reader_init(&reader, &one, 1, &options), -EINVAL);
	options.size++;
	assert_int_equal(rill_reader_init(&reader, &one, 1, &options), -E2BIG);
	assert_int_equal(rill_pointer_read_kind(nothing), RILL_POINTER_NULL);
	assert_int_equal(rill_pointer_read_struct(NULL, nothing), -EINVAL);
	assert_int_equal(rill_reader_error(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absent_is_not_broken),
		cmocka_unit_test(the_first_error_stays),
		cmocka_unit_test(a_struct_lies_in_its_segment),
		cmocka_unit_test(a_list_lies_in_its_segment),
		cmocka_unit_test(a_struct_list_has_a_struct_tag_and_room),
		cmocka_unit_test(elements_of_no_size_cost_a_word_each),
		cmocka_unit_test(text_needs_its_nul),
		cmocka_unit_test(far_pads_are_checked),
		cmocka_unit_test(a_capability_is_its_index),
		cmocka_unit_test(a_ring_of_pointers_ends_at_the_depth_limit),
		cmocka_unit_test(the_traversal_limit_counts_each_view),
		cmocka_unit_test(lists_are_read_as_older_and_newer_ones),
		cmocka_unit_test(defaults_are_xored_and_pointed_at),
		cmocka_unit_test(senseless_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
