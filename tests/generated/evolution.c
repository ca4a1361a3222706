/* tests/generated/evolution.c - a schema in two versions: old programs with new messages, new programs with old ones, and both
 * edit what the other made. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tests/generated/new.rill.h"
#include "tests/generated/old.rill.h"

static struct rill_reader reader;

/* A segment of its own for each object, if asked for: every pointer is a far one, and what moves needs a double. */
static void *exact(void *user, size_t least, size_t *words)
{
	(void)user;
	*words = least;
	return calloc(least, RILL_WORD);
}

static void give(void *user, void *segment)
{
	(void)user;
	free(segment);
}

static void begin(struct rill_builder *b, bool in_pieces)
{
	struct rill_builder_options options = {.size = sizeof(options), .take = exact, .give = give, .cleared = true};

	assert_int_equal(rill_builder_init(b, in_pieces ? &options : NULL), 0);
}

static struct rill_reader *built(struct rill_builder *b)
{
	assert_int_equal(rill_builder_error(b), 0);
	assert_int_equal(rill_builder_reader(b, &reader, NULL), 0);
	return &reader;
}

static void build_old(struct rill_builder *b)
{
	struct old_root_builder root = old_root_new_root(b);
	struct rill_list_builder l = old_root_init_values(root, 3);
	struct old_item_list_builder items = old_root_init_items(root, 2);

	old_root_set_number(root, 42);
	rill_list_set_u32(l, 0, 1);
	rill_list_set_u32(l, 2, 3);
	l = old_root_init_names(root, 2);
	rill_slot_set_string(rill_list_slot(l, 0), "first");
	rill_slot_set_string(rill_list_slot(l, 1), "second");
	old_item_set_id(old_item_list_edit_at(items, 1), 11);
	old_root_set_level(root, OLD_LEVEL_HIGH);
	old_root_set_text(root, "text");
}

static void build_new(struct rill_builder *b)
{
	struct new_root_builder root = new_root_new_root(b);
	struct new_value_list_builder values = new_root_init_values(root, 2);
	struct new_name_list_builder names = new_root_init_names(root, 2);
	struct new_item_list_builder items = new_root_init_items(root, 2);

	new_root_set_number(root, 43);
	new_value_set_value(new_value_list_edit_at(values, 0), 5);
	new_value_set_unit(new_value_list_edit_at(values, 0), "m");
	new_name_set_name(new_name_list_edit_at(names, 1), "name");
	new_item_set_id(new_item_list_edit_at(items, 1), 12);
	new_item_set_weight(new_item_list_edit_at(items, 1), 0.5);
	new_item_set_label(new_item_list_edit_at(items, 1), "label");
	new_root_set_level(root, NEW_LEVEL_HIGHEST);
	new_item_set_id(new_root_init_pair(root), 13);
	new_root_set_more(root, 100);
	new_root_set_last(root, "set");
}

static void check_old_as_new(struct new_root n)
{
	assert_int_equal(new_root_get_number(n), 42);
	assert_int_equal(new_value_list_count(new_root_get_values(n)), 3);
	assert_int_equal(new_value_get_value(new_value_list_at(new_root_get_values(n), 2)), 3);
	assert_int_equal(new_value_get_unit(new_value_list_at(new_root_get_values(n), 2)).len, 0);
	assert_true(rill_text_equals(new_name_get_name(new_name_list_at(new_root_get_names(n), 1)), "second"));
	assert_int_equal(new_name_get_count(new_name_list_at(new_root_get_names(n), 1)), 1);
	assert_int_equal(new_item_get_id(new_item_list_at(new_root_get_items(n), 1)), 11);
	assert_true(new_item_get_weight(new_item_list_at(new_root_get_items(n), 1)) == 0);
	assert_int_equal(new_root_get_level(n), NEW_LEVEL_HIGH);
	assert_int_equal(new_root_which(n), NEW_ROOT_WHICH_TEXT);
	assert_true(rill_text_equals(new_root_get_text(n), "text"));
	assert_int_equal(new_root_get_more(n), 99);
	assert_true(rill_text_equals(new_root_get_last(n), "last"));
	assert_false(new_root_has_last(n));
}

static void a_new_program_reads_an_old_message(void **state)
{
	struct rill_builder b;
	int in_pieces;

	(void)state;
	for (in_pieces = 0; in_pieces < 2; in_pieces++) {
		begin(&b, in_pieces);
		build_old(&b);
		check_old_as_new(new_root_root(built(&b)));
		assert_int_equal(rill_reader_error(&reader), 0);
		rill_builder_finish(&b);
	}
}

static void check_new_as_old(struct old_root o)
{
	assert_int_equal(old_root_get_number(o), 43);
	assert_int_equal(rill_list_count(old_root_get_values(o)), 2);
	assert_int_equal(rill_list_u32(old_root_get_values(o), 0), 5);
	assert_true(rill_text_equals(rill_list_text(old_root_get_names(o), 1), "name"));
	assert_int_equal(old_item_get_id(old_item_list_at(old_root_get_items(o), 1)), 12);
	assert_int_equal(old_root_get_level(o), 2);
	assert_null(old_level_name(old_root_get_level(o)));
	assert_int_equal(old_root_which(o), 2); /* none that it knows */
}

static void an_old_program_reads_a_new_message(void **state)
{
	struct rill_builder b;
	int in_pieces;

	(void)state;
	for (in_pieces = 0; in_pieces < 2; in_pieces++) {
		begin(&b, in_pieces);
		build_new(&b);
		check_new_as_old(old_root_root(built(&b)));
		assert_int_equal(rill_reader_error(&reader), 0);
		rill_builder_finish(&b);
	}
}

/* What it does not know goes along. */
static void an_old_program_passes_a_new_message_on(void **state)
{
	struct rill_builder from, to;
	struct old_root_builder root;
	struct rill_reader read;
	struct old_item_list items;
	struct new_item item;

	(void)state;
	begin(&from, false);
	begin(&to, true);
	build_new(&from);
	assert_int_equal(rill_slot_copy(rill_builder_root(&to), rill_reader_root(built(&from))), 0);
	root = old_root_edit_root(&to);
	old_root_set_number(root, 44);
	assert_int_equal(new_root_get_more(new_root_root(built(&to))), 100);
	assert_int_equal(new_root_get_number(new_root_root(&reader)), 44);

	assert_int_equal(rill_builder_reader(&from, &read, NULL), 0);
	items = old_root_get_items(old_root_root(&read));
	root = old_root_new_root(&to);
	assert_int_equal(old_root_set_items(root, items), 0);
	item = new_item_list_at(new_root_get_items(new_root_root(built(&to))), 1);
	assert_true(new_item_get_weight(item) == 0.5 && rill_text_equals(new_item_get_label(item), "label"));
	rill_builder_finish(&from);
	rill_builder_finish(&to);
}

static void edit_as_new(struct rill_builder *b)
{
	struct new_root_builder root = new_root_edit_root(b);
	struct new_value_list_builder values = new_root_edit_values(root);
	struct new_name_list_builder names = new_root_edit_names(root);
	struct new_item_list_builder items = new_root_edit_items(root);

	new_value_set_unit(new_value_list_edit_at(values, 1), "unit");
	new_name_set_count(new_name_list_edit_at(names, 0), 77);
	new_item_set_weight(new_item_list_edit_at(items, 0), 1.5);
	new_item_set_label(new_item_list_edit_at(items, 1), "label");
	new_root_set_more(root, 1000);
	new_root_set_last(root, "edited");
}

static void a_new_program_edits_an_old_message(void **state)
{
	struct rill_builder b;
	struct new_root n;
	int in_pieces;

	(void)state;
	for (in_pieces = 0; in_pieces < 2; in_pieces++) {
		begin(&b, in_pieces);
		build_old(&b);
		edit_as_new(&b);
		n = new_root_root(built(&b));
		assert_int_equal(new_root_get_number(n), 42);
		assert_true(rill_text_equals(new_root_get_text(n), "text"));
		assert_int_equal(new_value_get_value(new_value_list_at(new_root_get_values(n), 2)), 3);
		assert_true(rill_text_equals(new_value_get_unit(new_value_list_at(new_root_get_values(n), 1)), "unit"));
		assert_true(rill_text_equals(new_name_get_name(new_name_list_at(new_root_get_names(n), 0)), "first"));
		assert_int_equal(new_name_get_count(new_name_list_at(new_root_get_names(n), 0)), 77);
		assert_int_equal(new_item_get_id(new_item_list_at(new_root_get_items(n), 1)), 11);
		assert_true(new_item_get_weight(new_item_list_at(new_root_get_items(n), 0)) == 1.5);
		assert_true(rill_text_equals(new_item_get_label(new_item_list_at(new_root_get_items(n), 1)), "label"));
		assert_int_equal(new_root_get_more(n), 1000);
		assert_true(rill_text_equals(new_root_get_last(n), "edited"));
		/* and the old program still reads it */
		assert_int_equal(rill_list_u32(old_root_get_values(old_root_root(&reader)), 2), 3);
		assert_true(rill_text_equals(rill_list_text(old_root_get_names(old_root_root(&reader)), 1), "second"));
		assert_int_equal(rill_reader_error(&reader), 0);
		rill_builder_finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_program_reads_an_old_message),
		cmocka_unit_test(an_old_program_reads_a_new_message),
		cmocka_unit_test(an_old_program_passes_a_new_message_on),
		cmocka_unit_test(a_new_program_edits_an_old_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
