/* tests/generated/nasty.c - the code that the plugin makes of nasty.capnp: what is set is what is read, what is not set is the
 * default, whatever the names and however the fields lie. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "tests/generated/nasty.rill.h"

static struct rill_builder builder;
static struct rill_reader reader;

static int setup(void **state)
{
	(void)state;
	return rill_builder_init(&builder, NULL);
}

static int teardown(void **state)
{
	(void)state;
	rill_builder_finish(&builder);
	return 0;
}

/* The message so far, without an error in it. */
static struct rill_reader *built(void)
{
	assert_int_equal(rill_builder_error(&builder), 0);
	assert_int_equal(rill_builder_reader(&builder, &reader, NULL), 0);
	return &reader;
}

static bool is_text(struct rill_text text, const char *string)
{
	return rill_text_equals(text, string);
}

static void check_scalar_defaults(struct nasty_scalars s)
{
	struct nasty_scalars_many_flags flags = nasty_scalars_get_many_flags(s);

	assert_false(nasty_scalars_get_flag(s));
	assert_int_equal(nasty_scalars_get_i8(s), 0);
	assert_int_equal(nasty_scalars_get_color(s), NASTY_COLOR_RED);
	assert_true(nasty_scalars_get_d_flag(s));
	assert_int_equal(nasty_scalars_get_d_i8(s), INT8_MIN);
	assert_int_equal(nasty_scalars_get_d_i16(s), INT16_MIN);
	assert_int_equal(nasty_scalars_get_d_i32(s), INT32_MIN);
	assert_true(nasty_scalars_get_d_i64(s) == INT64_MIN);
	assert_int_equal(nasty_scalars_get_d_u8(s), UINT8_MAX);
	assert_int_equal(nasty_scalars_get_d_u16(s), UINT16_MAX);
	assert_int_equal(nasty_scalars_get_d_u32(s), UINT32_MAX);
	assert_true(nasty_scalars_get_d_u64(s) == UINT64_MAX);
	assert_true(nasty_scalars_get_d_f32(s) == -1.5e30f && nasty_scalars_get_d_f64(s) == 1.0e-300);
	assert_true(nasty_scalars_get_d_inf(s) == HUGE_VALF && nasty_scalars_get_d_minus(s) == -HUGE_VAL);
	assert_true(isnan(nasty_scalars_get_d_nan(s)));
	assert_int_equal(nasty_scalars_get_d_color(s), NASTY_COLOR_DARK_BLUE);
	assert_false(nasty_scalars_many_flags_get_a(flags) || nasty_scalars_many_flags_get_g(flags));
	assert_true(nasty_scalars_many_flags_get_b(flags) && nasty_scalars_many_flags_get_h(flags));
}

static void what_is_not_set_is_the_default(void **state)
{
	struct nasty_scalars none = {{0}};

	(void)state;
	check_scalar_defaults(none);
	nasty_scalars_new_root(&builder);
	check_scalar_defaults(nasty_scalars_root(built()));
}

static void set_scalars(struct nasty_scalars_builder b)
{
	struct nasty_scalars_many_flags_builder flags = nasty_scalars_edit_many_flags(b);

	nasty_scalars_set_flag(b, true);
	nasty_scalars_set_i8(b, -8);
	nasty_scalars_set_i16(b, -16);
	nasty_scalars_set_i32(b, -32);
	nasty_scalars_set_i64(b, -64);
	nasty_scalars_set_u8(b, 8);
	nasty_scalars_set_u16(b, 16);
	nasty_scalars_set_u32(b, 32);
	nasty_scalars_set_u64(b, 64);
	nasty_scalars_set_f32(b, 0.25f);
	nasty_scalars_set_f64(b, -0.125);
	nasty_scalars_set_color(b, NASTY_COLOR_CLASS);
	nasty_scalars_set_d_flag(b, false);
	nasty_scalars_set_d_i8(b, 0);
	nasty_scalars_set_d_i16(b, 1);
	nasty_scalars_set_d_i32(b, 2);
	nasty_scalars_set_d_i64(b, INT64_MAX);
	nasty_scalars_set_d_u8(b, 0);
	nasty_scalars_set_d_u16(b, 1);
	nasty_scalars_set_d_u32(b, 2);
	nasty_scalars_set_d_u64(b, 3);
	nasty_scalars_set_d_f32(b, HUGE_VALF);
	nasty_scalars_set_d_f64(b, 0);
	nasty_scalars_set_d_inf(b, 1.5f);
	nasty_scalars_set_d_minus(b, 2.5);
	nasty_scalars_set_d_nan(b, 3.5);
	nasty_scalars_set_d_color(b, NASTY_COLOR_USUAL);
	nasty_scalars_many_flags_set_a(flags, true);
	nasty_scalars_many_flags_set_b(flags, false);
	nasty_scalars_many_flags_set_h(flags, false);
}

static void check_scalars(struct nasty_scalars s)
{
	struct nasty_scalars_many_flags flags = nasty_scalars_get_many_flags(s);

	assert_true(nasty_scalars_get_flag(s));
	assert_int_equal(nasty_scalars_get_i8(s), -8);
	assert_int_equal(nasty_scalars_get_i16(s), -16);
	assert_int_equal(nasty_scalars_get_i32(s), -32);
	assert_true(nasty_scalars_get_i64(s) == -64);
	assert_int_equal(nasty_scalars_get_u8(s), 8);
	assert_int_equal(nasty_scalars_get_u16(s), 16);
	assert_int_equal(nasty_scalars_get_u32(s), 32);
	assert_true(nasty_scalars_get_u64(s) == 64);
	assert_true(nasty_scalars_get_f32(s) == 0.25f && nasty_scalars_get_f64(s) == -0.125);
	assert_int_equal(nasty_scalars_get_color(s), NASTY_COLOR_CLASS);
	assert_false(nasty_scalars_get_d_flag(s));
	assert_int_equal(nasty_scalars_get_d_i8(s), 0);
	assert_int_equal(nasty_scalars_get_d_i16(s), 1);
	assert_int_equal(nasty_scalars_get_d_i32(s), 2);
	assert_true(nasty_scalars_get_d_i64(s) == INT64_MAX);
	assert_int_equal(nasty_scalars_get_d_u8(s), 0);
	assert_int_equal(nasty_scalars_get_d_u16(s), 1);
	assert_int_equal(nasty_scalars_get_d_u32(s), 2);
	assert_true(nasty_scalars_get_d_u64(s) == 3);
	assert_true(nasty_scalars_get_d_f32(s) == HUGE_VALF && nasty_scalars_get_d_f64(s) == 0);
	assert_true(nasty_scalars_get_d_inf(s) == 1.5f && nasty_scalars_get_d_minus(s) == 2.5);
	assert_true(nasty_scalars_get_d_nan(s) == 3.5);
	assert_int_equal(nasty_scalars_get_d_color(s), NASTY_COLOR_USUAL);
	assert_true(nasty_scalars_many_flags_get_a(flags) && nasty_scalars_many_flags_get_d(flags));
	assert_false(nasty_scalars_many_flags_get_b(flags) || nasty_scalars_many_flags_get_h(flags));
}

static void what_is_set_is_read(void **state)
{
	(void)state;
	set_scalars(nasty_scalars_new_root(&builder));
	check_scalars(nasty_scalars_root(built()));
}

static void an_enum_keeps_what_it_does_not_know(void **state)
{
	(void)state;
	nasty_scalars_set_color(nasty_scalars_new_root(&builder), (enum nasty_color)777);
	nasty_scalars_set_d_color(nasty_scalars_edit_root(&builder), (enum nasty_color)65535);
	assert_int_equal(nasty_scalars_get_color(nasty_scalars_root(built())), 777);
	assert_int_equal(nasty_scalars_get_d_color(nasty_scalars_root(built())), 65535);
	assert_null(nasty_color_name((enum nasty_color)777));
	assert_string_equal(nasty_color_name(NASTY_COLOR_DARK_BLUE), "darkBlue");
	assert_string_equal(nasty_color_name(NASTY_COLOR_USUAL), "default");
}

static void check_pointer_defaults(struct nasty_pointers p)
{
	struct nasty_pair_list pairs = nasty_pointers_get_inners(p);
	struct rill_list l;

	assert_true(is_text(nasty_pointers_get_text(p), "a \"text\"\n with \x7f and \xc3\xbc"));
	assert_int_equal(nasty_pointers_get_data(p).len, 4);
	assert_memory_equal(nasty_pointers_get_data(p).at, "\0\1\xfe\xff", 4);
	assert_int_equal(nasty_scalars_get_i32(nasty_pointers_get_inner(p)), 5);
	assert_false(nasty_scalars_get_d_flag(nasty_pointers_get_inner(p)));
	assert_int_equal(rill_list_count(nasty_pointers_get_voids(p)), 3);
	l = nasty_pointers_get_flags(p);
	assert_true(rill_list_count(l) == 9 && rill_list_bool(l, 0) && !rill_list_bool(l, 1) && rill_list_bool(l, 8));
	l = nasty_pointers_get_i8s(p);
	assert_true(rill_list_count(l) == 2 && rill_list_i8(l, 0) == -1 && rill_list_i8(l, 1) == 2);
	assert_int_equal(rill_list_i16(nasty_pointers_get_i16s(p), 0), -1);
	assert_int_equal(rill_list_i32(nasty_pointers_get_i32s(p), 0), -1);
	assert_true(rill_list_i64(nasty_pointers_get_i64s(p), 0) == -1);
	assert_true(rill_list_u64(nasty_pointers_get_u64s(p), 0) == UINT64_MAX);
	assert_true(rill_list_f32(nasty_pointers_get_f32s(p), 1) == -HUGE_VALF);
	assert_true(rill_list_f64(nasty_pointers_get_f64s(p), 1) == HUGE_VAL);
	assert_int_equal(nasty_color_at(nasty_pointers_get_colors(p), 1), NASTY_COLOR_CLASS);
	assert_true(is_text(rill_list_text(nasty_pointers_get_texts(p), 2), "bc"));
	assert_int_equal(rill_list_data(nasty_pointers_get_datas(p), 2).len, 2);
	assert_int_equal(nasty_pair_list_count(pairs), 3);
	assert_int_equal(nasty_pair_get_x(nasty_pair_list_at(pairs, 0)), 1);
	assert_true(is_text(nasty_pair_get_y(nasty_pair_list_at(pairs, 2)), "three"));
	assert_int_equal(nasty_empty_list_count(nasty_pointers_get_empties(p)), 2);
	l = nasty_pointers_get_lists(p);
	assert_int_equal(rill_list_i16(rill_list_list(l, 0, RILL_LIST_2BYTES), 1), 2);
	l = rill_list_list(nasty_pointers_get_deep(p), 2, RILL_LIST_POINTER);
	assert_true(is_text(rill_list_text(rill_list_list(l, 0, RILL_LIST_POINTER), 1), "c"));
	pairs = nasty_pair_list_of(rill_list_pointer(nasty_pointers_get_struct_lists(p), 1));
	assert_int_equal(nasty_pair_get_x(nasty_pair_list_at(pairs, 1)), 3);
	assert_true(is_text(nasty_pointers_get_empty_text(p), ""));
	assert_int_equal(rill_list_count(nasty_pointers_get_empty_list(p)), 0);
}

static void a_null_pointer_reads_as_its_default(void **state)
{
	struct nasty_pointers none = {{0}}, p;
	struct rill_text text;
	struct nasty_pair_list pairs;

	(void)state;
	check_pointer_defaults(none);
	nasty_pointers_new_root(&builder);
	p = nasty_pointers_root(built());
	check_pointer_defaults(p);
	assert_false(nasty_pointers_has_text(p));
	assert_int_equal(nasty_pointers_read_text(&text, p), 0);
	assert_int_equal(text.len, 23);
	assert_int_equal(nasty_pointers_read_inners(&pairs, p), 0);
	assert_int_equal(nasty_pair_list_count(pairs), 3);
	p = nasty_pointers_get_recursive(p);
	assert_true(is_text(nasty_pointers_get_text(p), "inner"));
	assert_int_equal(nasty_scalars_get_i8(nasty_pointers_get_inner(p)), 1);
	/* the default's own default, and so on for ever */
	assert_true(is_text(nasty_pointers_get_text(nasty_pointers_get_recursive(p)), "inner"));
}

static void editing_a_null_pointer_begins_with_its_default(void **state)
{
	struct nasty_pointers_builder b = nasty_pointers_new_root(&builder);
	struct nasty_pair_list_builder pairs = nasty_pointers_edit_inners(b);
	struct nasty_pointers p;

	(void)state;
	assert_int_equal(nasty_pair_list_edit_count(pairs), 3);
	nasty_pair_set_x(nasty_pair_list_edit_at(pairs, 1), 9);
	nasty_scalars_set_i8(nasty_pointers_edit_inner(b), 7);
	rill_list_set_i16(nasty_pointers_edit_i16s(b), 1, 77);
	p = nasty_pointers_root(built());
	assert_true(nasty_pointers_has_inners(p) && nasty_pointers_has_inner(p));
	assert_int_equal(nasty_pair_get_x(nasty_pair_list_at(nasty_pointers_get_inners(p), 1)), 9);
	assert_true(is_text(nasty_pair_get_y(nasty_pair_list_at(nasty_pointers_get_inners(p), 0)), "one"));
	assert_int_equal(nasty_scalars_get_i32(nasty_pointers_get_inner(p)), 5);
	assert_int_equal(nasty_scalars_get_i8(nasty_pointers_get_inner(p)), 7);
	assert_int_equal(rill_list_i16(nasty_pointers_get_i16s(p), 2), 3);
	assert_int_equal(rill_list_i16(nasty_pointers_get_i16s(p), 1), 77);
	/* the default itself is what it was */
	assert_int_equal(nasty_pair_get_x(nasty_pair_list_at(nasty_pointers_get_inners((struct nasty_pointers){{0}}), 1)), 0);
}

static void setting_copies_structs_and_lists(void **state)
{
	struct nasty_pointers none = {{0}};
	struct nasty_plain_builder b = nasty_plain_new_root(&builder);
	struct nasty_plain p;

	(void)state;
	assert_int_equal(nasty_plain_set_inner(b, nasty_pointers_get_inner(none)), 0);
	assert_int_equal(nasty_plain_set_inners(b, nasty_pointers_get_inners(none)), 0);
	assert_int_equal(nasty_plain_set_flags(b, nasty_pointers_get_flags(none)), 0);
	assert_int_equal(nasty_plain_set_deep(b, nasty_pointers_get_deep(none)), 0);
	assert_int_equal(nasty_plain_set_empties(b, nasty_pointers_get_empties(none)), 0);
	assert_int_equal(nasty_plain_set_voids(b, nasty_pointers_get_voids(none)), 0);
	p = nasty_plain_root(built());
	assert_int_equal(nasty_scalars_get_i32(nasty_plain_get_inner(p)), 5);
	assert_true(is_text(nasty_pair_get_y(nasty_pair_list_at(nasty_plain_get_inners(p), 2)), "three"));
	assert_true(rill_list_bool(nasty_plain_get_flags(p), 8));
	assert_int_equal(rill_list_count(nasty_plain_get_deep(p)), 3);
	assert_int_equal(nasty_empty_list_count(nasty_plain_get_empties(p)), 2);
	assert_int_equal(rill_list_count(nasty_plain_get_voids(p)), 3);
	/* an element of a list, too, and what is absent is null */
	assert_int_equal(nasty_plain_set_inner(b, (struct nasty_scalars){{0}}), 0);
	assert_false(nasty_plain_has_inner(nasty_plain_root(built())));
}

static void members_of_a_union_displace_each_other(void **state)
{
	struct nasty_unions_builder b = nasty_unions_new_root(&builder);
	struct nasty_unions_second_builder second = nasty_unions_edit_second(b);
	struct nasty_unions_second_group_builder group;
	struct nasty_unions_second_group_inner_right_builder right;
	struct nasty_unions_second read;
	struct nasty_unions u = nasty_unions_root(built());

	(void)state;
	assert_int_equal(nasty_unions_which(u), NASTY_UNIONS_WHICH_PLAIN);
	assert_int_equal(nasty_unions_first_which(nasty_unions_get_first(u)), NASTY_UNIONS_FIRST_WHICH_A);
	assert_true(nasty_unions_get_number(u) == 2.5); /* not the member that is set: its bits are what they are */

	nasty_unions_second_set_a(second, "text");
	read = nasty_unions_get_second(nasty_unions_root(built()));
	assert_true(nasty_unions_second_has_a(read) && !nasty_unions_second_has_pair(read));
	nasty_pair_set_x(nasty_unions_second_edit_pair(second), 5); /* not the text as a pair, a new one */
	read = nasty_unions_get_second(nasty_unions_root(built()));
	assert_int_equal(nasty_unions_second_which(read), NASTY_UNIONS_SECOND_WHICH_PAIR);
	assert_int_equal(nasty_pair_get_x(nasty_unions_second_get_pair(read)), 5);
	assert_true(nasty_unions_second_has_pair(read) && !nasty_unions_second_has_a(read));

	group = nasty_unions_second_edit_group(second);
	read = nasty_unions_get_second(nasty_unions_root(built()));
	assert_int_equal(nasty_unions_second_which(read), NASTY_UNIONS_SECOND_WHICH_GROUP);
	assert_int_equal(nasty_unions_second_group_get_x(nasty_unions_second_get_group(read)), 77);
	assert_true(is_text(nasty_unions_second_group_get_y(nasty_unions_second_get_group(read)), "group"));
	nasty_unions_second_group_set_x(group, 1);
	right = nasty_unions_second_group_inner_init_right(nasty_unions_second_group_edit_inner(group));
	nasty_unions_second_group_inner_right_set_flag(right, true);
	nasty_unions_second_group_inner_right_set_more(right, "xy", 2);
	group = nasty_unions_second_edit_group(second); /* it is the one already: nothing is lost */
	read = nasty_unions_get_second(nasty_unions_root(built()));
	assert_int_equal(nasty_unions_second_group_get_x(nasty_unions_second_get_group(read)), 1);
	assert_int_equal(nasty_unions_second_group_inner_which(
				 nasty_unions_second_group_get_inner(nasty_unions_second_get_group(read))),
	                 NASTY_UNIONS_SECOND_GROUP_INNER_WHICH_RIGHT);
	nasty_unions_second_init_group(second); /* and now it is */
	read = nasty_unions_get_second(nasty_unions_root(built()));
	assert_int_equal(nasty_unions_second_group_get_x(nasty_unions_second_get_group(read)), 77);
	assert_int_equal(nasty_unions_second_group_inner_which(
				 nasty_unions_second_group_get_inner(nasty_unions_second_get_group(read))),
	                 NASTY_UNIONS_SECOND_GROUP_INNER_WHICH_LEFT);
}

/* Each member of one union leaves the other fields, which lie among them, alone. */
static void interleaved_fields_do_not_touch(void **state)
{
	struct nasty_unions_builder b = nasty_unions_new_root(&builder);
	struct nasty_unions u;

	(void)state;
	nasty_unions_set_before(b, 1234);
	nasty_unions_set_between(b, NASTY_COLOR_USUAL);
	nasty_unions_set_after(b, "after");
	nasty_unions_first_set_c(nasty_unions_edit_first(b), UINT64_MAX);
	nasty_unions_second_set_b(nasty_unions_edit_second(b), false);
	nasty_unions_set_number(b, -1);
	nasty_unions_first_set_b(nasty_unions_edit_first(b), "b");
	nasty_unions_set_service(b, 3);
	nasty_unions_other_set_q(nasty_unions_init_other(b), 10);
	u = nasty_unions_root(built());
	assert_int_equal(nasty_unions_get_before(u), 1234);
	assert_int_equal(nasty_unions_get_between(u), NASTY_COLOR_USUAL);
	assert_true(is_text(nasty_unions_get_after(u), "after"));
	assert_true(is_text(nasty_unions_first_get_b(nasty_unions_get_first(u)), "b"));
	assert_false(nasty_unions_second_get_b(nasty_unions_get_second(u)));
	assert_int_equal(nasty_unions_which(u), NASTY_UNIONS_WHICH_OTHER);
	assert_int_equal(nasty_unions_other_get_q(nasty_unions_get_other(u)), 10);
	assert_false(rill_struct_has(u.s, 3)); /* the capability is gone */
}

static void a_tag_of_a_newer_schema_is_kept(void **state)
{
	struct nasty_unions_builder b = nasty_unions_new_root(&builder);

	(void)state;
	rill_struct_set_u16(b.s, 24, 4711, 0); /* where nasty_unions_which() looks */
	assert_int_equal(nasty_unions_which(nasty_unions_root(built())), 4711);
	nasty_unions_set_word(b, "known");
	assert_int_equal(nasty_unions_which(nasty_unions_root(built())), NASTY_UNIONS_WHICH_WORD);
}

static void capabilities_are_an_index(void **state)
{
	struct nasty_generics_builder b = nasty_generics_new_root(&builder);
	struct rill_list_builder services = nasty_generics_init_services(b, 2);
	struct nasty_generics g;
	uint32_t index;

	(void)state;
	assert_int_equal(nasty_generics_set_capability(b, 7), 0);
	assert_int_equal(rill_slot_set_capability(rill_list_slot(services, 1), 9), 0);
	g = nasty_generics_root(built());
	assert_int_equal(nasty_generics_read_capability(&index, g), 1);
	assert_int_equal(index, 7);
	assert_int_equal(rill_pointer_read_capability(&index, rill_list_pointer(nasty_generics_get_services(g), 0)), 0);
	assert_int_equal(rill_pointer_read_capability(&index, rill_list_pointer(nasty_generics_get_services(g), 1)), 1);
	assert_int_equal(index, 9);
}

static void parameters_of_generics_are_pointers(void **state)
{
	struct nasty_generics_builder b = nasty_generics_new_root(&builder);
	struct nasty_box_builder outer = nasty_generics_init_boxed(b);
	struct nasty_generics g;
	struct nasty_box box;

	(void)state;
	nasty_pair_set_x(nasty_pair_new(nasty_box_slot_value(nasty_box_new(nasty_box_slot_value(outer)))), 6);
	rill_slot_set_string(nasty_box_slot_value(nasty_generics_init_text(b)), "boxed");
	g = nasty_generics_root(built());
	box = nasty_box_of(nasty_box_get_value(nasty_generics_get_boxed(g)));
	assert_int_equal(nasty_pair_get_x(nasty_pair_of(nasty_box_get_value(box))), 6);
	assert_true(is_text(rill_pointer_text(nasty_box_get_value(nasty_generics_get_text(g))), "boxed"));
	box = nasty_generics_get_texts(g);
	assert_true(is_text(rill_list_text(rill_pointer_list(nasty_box_get_value(box), RILL_LIST_POINTER), 0), "default"));
}

static void words_of_c_and_names_that_clash(void **state)
{
	struct nasty_class_builder b = nasty_class_new_root(&builder);
	struct nasty_clash_builder c;

	(void)state;
	nasty_class_set_int(b, 1);
	nasty_class_set_class(b, "class");
	nasty_class_operator_set_this(nasty_class_init_template(b), 2);
	nasty_class_private_set_public(nasty_class_edit_private(b), 3);
	nasty_class_set_else(b, 4);
	assert_int_equal(nasty_class_get_switch(nasty_class_root(built())), NASTY_CLASS_SWITCH_WHILE);
	assert_int_equal(nasty_class_which(nasty_class_root(built())), NASTY_CLASS_WHICH_ELSE);
	nasty_called_so_set_member(nasty_called_so_new_root(&builder), 5);
	nasty_called_so_part_set_x(nasty_called_so_edit_part(nasty_called_so_edit_root(&builder)), 6);
	assert_int_equal(nasty_called_so_get_member(nasty_called_so_root(built())), 5);
	c = nasty_clash_new_root(&builder);
	nasty_clash_set_foo_bar(c, "one");
	nasty_clash_set_foo_bar2(c, "two", 3);
	assert_int_equal(nasty_clash_get_foo_bar2(nasty_clash_root(built())).len, 3);
	assert_true(is_text(nasty_clash_of_text(), "of"));
	assert_int_equal(NASTY_EOF, -1);
}

static void constants_are_what_the_schema_says(void **state)
{
	(void)state;
	assert_true(NASTY_C_BOOL && NASTY_C_I8 == INT8_MIN && NASTY_C_I64 == INT64_MIN && NASTY_C_U64 == UINT64_MAX);
	assert_true(NASTY_C_F32 == 0.1f && NASTY_C_F64 == -0.1 && isinf(NASTY_C_INF) && isnan(NASTY_C_NAN));
	assert_int_equal(NASTY_C_COLOR, NASTY_COLOR_CLASS);
	assert_true(is_text(nasty_c_text(), "a constant"));
	assert_int_equal(nasty_c_data().len, 2);
	assert_true(is_text(nasty_pair_get_y(nasty_c_pair()), "a constant"));
	assert_int_equal(nasty_pair_get_x(nasty_pair_list_at(nasty_c_pairs(), 1)), 4);
	assert_int_equal(rill_list_i32(rill_list_list(nasty_c_lists(), 1, RILL_LIST_4BYTES), 1), 3);
	assert_int_equal(NASTY_SERVICE_DELETE_METHOD, 2);
	assert_true(is_text(nasty_service_call_params_get_y((struct nasty_service_call_params){{0}}), "why"));
}

static void types_of_other_files_are_known(void **state)
{
	struct nasty_plain_builder b = nasty_plain_new_root(&builder);
	struct nasty_plain p;

	(void)state;
	nasty_pair_set_x(elsewhere_init_pair(nasty_plain_init_elsewhere(b)), 2);
	nasty_plain_set_text(elsewhere_nested_init_back(elsewhere_nested_list_edit_at(nasty_plain_init_far(b, 2), 1)), "back");
	p = nasty_plain_root(built());
	assert_int_equal(nasty_plain_get_kind(p), ELSEWHERE_KIND_SECOND);
	assert_int_equal(nasty_pair_get_x(elsewhere_get_pair(nasty_plain_get_elsewhere(p))), 2);
	assert_true(is_text(thing_get_name(nasty_plain_get_nearer(p)), "thing"));
	assert_true(
		is_text(nasty_plain_get_text(elsewhere_nested_get_back(elsewhere_nested_list_at(nasty_plain_get_far(p), 1))),
	                "back"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_not_set_is_the_default, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_set_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(an_enum_keeps_what_it_does_not_know, setup, teardown),
		cmocka_unit_test_setup_teardown(a_null_pointer_reads_as_its_default, setup, teardown),
		cmocka_unit_test_setup_teardown(editing_a_null_pointer_begins_with_its_default, setup, teardown),
		cmocka_unit_test_setup_teardown(setting_copies_structs_and_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(members_of_a_union_displace_each_other, setup, teardown),
		cmocka_unit_test_setup_teardown(interleaved_fields_do_not_touch, setup, teardown),
		cmocka_unit_test_setup_teardown(a_tag_of_a_newer_schema_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(capabilities_are_an_index, setup, teardown),
		cmocka_unit_test_setup_teardown(parameters_of_generics_are_pointers, setup, teardown),
		cmocka_unit_test_setup_teardown(words_of_c_and_names_that_clash, setup, teardown),
		cmocka_unit_test_setup_teardown(constants_are_what_the_schema_says, setup, teardown),
		cmocka_unit_test_setup_teardown(types_of_other_files_are_known, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
