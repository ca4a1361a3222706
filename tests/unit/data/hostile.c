/* tests/unit/data/hostile.c - readers that do not trust the writer: each word of a structure replaced by each word that could
 * hurt, pairs of them, and a peer that changes words while we walk. The range lies between pages that cannot be read, so a
 * step outside is a crash; a hang is the test's time limit. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/support/child.h"
#include "tests/support/rounds.h"
#include "tests/support/sample.h"

#define PAGE 4096
#define ROOM 8192 /* whole pages that hold the sample */

static unsigned char *pages; /* ROOM bytes that parent and child share, a guard before and behind */
static unsigned char *range; /* the sample, up to the guard behind */
static size_t range_len;

static struct sample *build(size_t entries)
{
	struct rill_bump bump;
	struct rill_heap heap = rill_bump_heap(&bump);
	struct sample *s;

	memset(pages, 0, ROOM);
	rill_bump_init(&bump, pages, ROOM);
	s = sample_build(&heap, entries);
	assert_non_null(s);
	range_len = ROOM - bump.left;
	range = pages + ROOM - range_len;
	memmove(range, pages, range_len);
	assert_int_equal(sample_walk(range, range_len), sample_count(entries));
	return (struct sample *)range;
}

static int setup(void **state)
{
	unsigned char *at = mmap(NULL, ROOM + 2 * PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	if (at == MAP_FAILED)
		return -1;
	pages = at + PAGE;
	return mprotect(pages, ROOM, PROT_READ | PROT_WRITE);
}

static struct child peer = {.pid = -1, .fd = -1};

static int teardown(void **state)
{
	child_kill(&peer); /* a test that failed may have left it */
	(void)state;
	return munmap(pages - PAGE, ROOM + 2 * PAGE);
}

/* Some answer, or one of the two errors. */
static void walk(void)
{
	int r = sample_walk(range, range_len);

	if (r < 0 && r != -EBADMSG && r != -ELOOP)
		fail_msg("%d is no error of a view", r);
}

/* ---- what is in memory and stays --------------------------------------------------------------------------------- */

/* Values that lengths, counts and offsets would do harm with: near 0, near the end, huge, and pointing at every other word. */
static size_t harmful(uint64_t *to, size_t i, uint64_t before)
{
	const uint64_t len = range_len, fixed[] = {
						0,
						1,
						2,
						7,
						8,
						len - 1,
						len,
						len + 1,
						len / 8,
						len / 8 - 1,
						UINT32_MAX,
						INT64_MAX,
						(uint64_t)INT64_MAX + 1,
						UINT64_MAX,
						UINT64_MAX - 7,
						UINT64_MAX / 2 - 7,
						before + 1,
						before - 1,
						before + 8,
						before - 8,
						~before,
					};
	size_t n = sizeof(fixed) / sizeof(*fixed);

	memcpy(to, fixed, sizeof(fixed));
	for (size_t k = 0; k < range_len / 8; k++) { /* as a pointer at word k, and one byte beside it */
		to[n++] = (uint64_t)(8 * ((int64_t)k - (int64_t)i)) - 1;
		to[n++] = (uint64_t)(8 * ((int64_t)k - (int64_t)i));
	}
	return n;
}

static void any_one_word_may_be_any_other(void **state)
{
	static uint64_t values[64 + ROOM / 4];
	uint64_t *words;

	(void)state;
	build(rounds_of(2, 5, SAMPLE_ENTRIES));
	words = (uint64_t *)range;
	for (size_t i = 0; i < range_len / 8; i++) {
		const uint64_t before = words[i];
		size_t n = harmful(values, i, before);

		for (size_t k = 0; k < n; k++) {
			words[i] = values[k];
			walk();
		}
		for (int bit = 0; bit < 64; bit++) {
			words[i] = before ^ (uint64_t)1 << bit;
			walk();
		}
		words[i] = before;
	}
	assert_true(sample_walk(range, range_len) > 0);
}

static void many_words_may_be_others_at_once(void **state)
{
	static unsigned char whole[ROOM];
	static uint64_t values[64 + ROOM / 4];
	uint64_t random = rounds_seed(), *words;

	(void)state;
	build(SAMPLE_ENTRIES);
	words = (uint64_t *)range;
	memcpy(whole, range, range_len);
	for (size_t round = rounds_of(500, 20000, 500000); round; round--) {
		for (uint64_t k = 2 + rounds_random(&random) % 6; k; k--) {
			size_t i = rounds_random(&random) % (range_len / 8);

			words[i] = values[rounds_random(&random) % harmful(values, i, words[i])];
		}
		walk();
		memcpy(range, whole, range_len);
	}
}

/* ---- what changes while we look ---------------------------------------------------------------------------------- */

/* The peer: for ever words become others, and now and then all is as it was. */
static int scribble(struct child *self, void *arg)
{
	static uint64_t values[64 + ROOM / 4];
	static unsigned char whole[ROOM];
	volatile uint64_t *words = (volatile uint64_t *)range;
	uint64_t random = *(const uint64_t *)arg;

	(void)self;
	memcpy(whole, range, range_len);
	for (;;) {
		size_t i = rounds_random(&random) % (range_len / 8);
		const uint64_t before = words[i];

		for (size_t n = harmful(values, i, before), k = rounds_random(&random) % 64; k; k--)
			words[i] = values[rounds_random(&random) % n];
		if (rounds_random(&random) % 4)
			words[i] = before;
		else if (rounds_random(&random) % 4 == 0)
			memcpy(range, whole, range_len);
	}
	return 0;
}

static void a_peer_may_change_words_while_we_walk(void **state)
{
	uint64_t random = rounds_seed();
	size_t good = 0, bad = 0;

	(void)state;
	build(SAMPLE_ENTRIES);
	assert_int_equal(child_start(&peer, scribble, &random), 0);
	for (time_t end = time(NULL) + (time_t)rounds_of(1, 2, 60); time(NULL) <= end;) {
		for (int i = 0; i < 64; i++) {
			int r = sample_walk(range, range_len);

			good += r >= 0;
			bad += r < 0;
			assert_true(r >= 0 || r == -EBADMSG || r == -ELOOP);
		}
	}
	assert_int_equal(child_kill(&peer), -SIGKILL);
	print_message("# %zu walks to the end, %zu to an error\n", good, bad);
	assert_true(good > 0 && bad > 0); /* else they did not meet */
}

/* ---- loops, and what is bounded by what -------------------------------------------------------------------------- */

static void a_loop_in_a_list_ends(void **state)
{
	struct sample *s = build(SAMPLE_ENTRIES);
	struct sample_node *first = rill_dlist_first(&s->nodes, struct sample_node, link);
	struct sample_node *last = rill_dlist_last(&s->nodes, struct sample_node, link);
	const struct sample_node *node;
	struct rill_view v;
	size_t n = 0;

	(void)state;
	rill_rel_aim(&last->link.next, &first->link);
	rill_view_init(&v, range, range_len);
	for (node = rill_dlist_first_in(&v, &s->nodes, struct sample_node, link); node;
	     node = rill_dlist_next_in(&v, node, link))
		n++;
	assert_int_equal(v.error, -ELOOP);
	assert_true(n <= range_len / 8 + 64);
}

static void a_loop_in_a_tree_ends(void **state)
{
	struct sample *s = build(SAMPLE_ENTRIES);
	struct rill_tree_node *root = rill_rel_target(&s->ordered.root);
	uint64_t key = rill_key_u64(UINT64_MAX), low = 0;
	struct rill_tree_cursor c;
	struct rill_view v;

	(void)state;
	rill_rel_aim(&root->child[0], root);
	rill_rel_aim(&root->child[1], root);
	rill_view_init(&v, range, range_len);
	v.steps = UINT64_MAX; /* it ends by its height, long before the steps */
	assert_null(rill_tree_find_in(&v, &s->ordered, &key, sizeof(key), sizeof(uint64_t)));
	assert_int_equal(v.error, -ELOOP);
	rill_view_init(&v, range, range_len);
	assert_null(rill_tree_find_in(&v, &s->ordered, &low, sizeof(low), sizeof(uint64_t)));
	assert_int_equal(v.error, -ELOOP);
	rill_view_init(&v, range, range_len);
	rill_tree_seek_in(&v, &c, &s->ordered, NULL, 0, sizeof(uint64_t));
	while (rill_tree_next(&c))
		;
	assert_int_equal(v.error, -ELOOP);
	rill_view_init(&v, range, range_len);
	rill_tree_seek_in(&v, &c, &s->ordered, &key, sizeof(key), sizeof(uint64_t));
	assert_false(rill_tree_next(&c));
	assert_int_equal(v.error, -ELOOP);
}

/* Each node's children are one and the same: a walk would see 2 to the 60th of them. */
static void shared_subtrees_end(void **state)
{
	struct rill_tree_node *nodes = (struct rill_tree_node *)pages;
	struct rill_tree tree;
	struct rill_tree_cursor c;
	struct rill_view v;

	(void)state;
	memset(pages, 0, ROOM);
	rill_tree_init(&tree, 0);
	rill_rel_aim(&tree.root, &nodes[0]);
	for (int i = 0; i < 60; i++) {
		rill_rel_aim(&nodes[i].child[0], &nodes[i + 1]);
		rill_rel_aim(&nodes[i].child[1], &nodes[i + 1]);
	}
	rill_view_init(&v, pages, ROOM);
	rill_tree_seek_in(&v, &c, &tree, NULL, 0, 0);
	while (rill_tree_next(&c))
		;
	assert_int_equal(v.error, -ELOOP);
}

static void a_map_without_an_empty_slot_ends(void **state)
{
	struct sample *s = build(SAMPLE_ENTRIES);
	uint64_t *slots = rill_map_slots(&s->numbers), key = 1000;
	struct rill_view v;

	(void)state;
	for (uint64_t i = 0; i <= s->numbers.mask; i++)
		slots[i] = 8; /* of another hash, surely */
	rill_view_init(&v, range, range_len);
	assert_null(rill_map_find_in(&v, &s->numbers, &key, sizeof(key), sizeof(uint64_t)));
	assert_int_equal(v.error, -ELOOP);
}

static void a_table_without_an_empty_slot_ends(void **state)
{
	struct sample *s = build(SAMPLE_ENTRIES);
	uint64_t *used = rill_rel_target(&s->prices.block);
	uint32_t id = 1000;
	struct rill_view v;

	(void)state;
	*used = UINT64_MAX;
	rill_view_init(&v, range, range_len);
	assert_null(rill_table_find_in(&v, &s->prices, &id, sizeof(id), sizeof(uint64_t)));
	assert_int_equal(v.error, -ELOOP);
}

static void sizes_that_are_not_expected_are_an_error(void **state)
{
	struct sample *s = build(SAMPLE_ENTRIES);
	struct rill_view v;
	uint64_t key = 1;
	size_t count = 9;

	(void)state;
	rill_view_init(&v, range, range_len);
	assert_null(rill_map_find_in(&v, &s->numbers, &key, sizeof(key), sizeof(uint64_t) + 8));
	assert_int_equal(v.error, -EBADMSG);
	rill_view_init(&v, range, range_len);
	assert_null(rill_tree_find_in(&v, &s->ordered, &key, sizeof(key), 4));
	assert_int_equal(v.error, -EBADMSG);
	rill_view_init(&v, range, range_len);
	assert_null(rill_table_find_in(&v, &s->prices, &key, sizeof(key), sizeof(uint64_t)));
	assert_int_equal(v.error, -EBADMSG);
	rill_view_init(&v, range, range_len);
	assert_null(rill_vector_data_in(&v, &s->ports, 4, 4, &count));
	assert_int_equal(v.error, -EBADMSG);
	assert_int_equal(count, 0);
}

static void the_first_error_stays_and_nothing_follows(void **state)
{
	struct sample *s = build(SAMPLE_ENTRIES);
	struct rill_view v;
	uint64_t key = 1;

	(void)state;
	rill_view_init(&v, range, range_len);
	assert_non_null(rill_map_find_in(&v, &s->numbers, &key, sizeof(key), sizeof(uint64_t)));
	assert_null(rill_view_object(&v, range + range_len - 4, uint64_t));
	assert_int_equal(v.error, -EBADMSG);
	assert_null(rill_map_find_in(&v, &s->numbers, &key, sizeof(key), sizeof(uint64_t)));
	assert_null(rill_view_root(&v, struct sample));
	assert_int_equal(v.error, -EBADMSG);
}

struct looping {
	struct rill_dlist list;
	struct rill_link link;
	struct rill_vector vector;
	struct rill_string string;
};

/* One node that links to itself, and holds a vector and a string as long as the range. */
static const struct looping *looping_build(struct rill_view *v)
{
	struct looping *l = memset(pages, 0, ROOM);

	rill_rel_aim(&l->list.first, &l->link);
	rill_rel_aim(&l->link.next, &l->link);
	l->vector.size = 8;
	l->vector.count = ROOM / 8;
	l->string.len = ROOM;
	rill_rel_aim(&l->vector.data, l);
	rill_rel_aim(&l->string.bytes, l);
	rill_view_init(v, pages, ROOM);
	return l;
}

/* What all steps buy: 64 bytes each. */
#define MOST (64 * (ROOM / 8 + 64))

static void bytes_that_are_given_again_and_again_end(void **state)
{
	size_t n, vectors = 0, strings = 0;
	const struct looping *l;
	struct rill_view v;

	(void)state;
	for (l = looping_build(&v); rill_vector_data_in(&v, &l->vector, 8, 8, &n);)
		vectors += n * 8;
	assert_int_equal(v.error, -ELOOP);
	for (l = looping_build(&v); rill_string_text_in(&v, &l->string, &n);)
		strings += n;
	assert_int_equal(v.error, -ELOOP);
	assert_true(vectors >= ROOM && vectors <= MOST);
	assert_true(strings >= ROOM && strings <= MOST);
}

static void long_keys_that_are_given_again_and_again_end(void **state)
{
	uint64_t *slots = (uint64_t *)pages;
	struct rill_map_entry *e = (struct rill_map_entry *)(pages + ROOM / 2);
	struct rill_map_cursor c;
	struct rill_map map;
	struct rill_view v;
	size_t bytes = 0;

	(void)state;
	memset(pages, 0, ROOM);
	rill_map_init(&map, 0, 1);
	rill_rel_aim(&map.slots, slots);
	map.mask = ROOM / 16 - 1;
	e->key_len = ROOM / 4;
	for (uint64_t i = 0; i <= map.mask; i++)
		slots[i] = rill_map_slot(slots, e);
	rill_view_init(&v, pages, ROOM);
	for (rill_map_begin_in(&v, &c, &map, 0); rill_map_next(&c);)
		bytes += c.key_len;
	assert_int_equal(v.error, -ELOOP);
	assert_true(bytes >= ROOM / 4 && bytes <= MOST);
}

static void long_keys_of_shared_subtrees_end(void **state)
{
	struct rill_tree_node *nodes = (struct rill_tree_node *)pages;
	struct rill_tree_cursor c;
	struct rill_tree tree;
	struct rill_view v;
	size_t bytes = 0;

	(void)state;
	memset(pages, 0, ROOM);
	rill_tree_init(&tree, 0);
	rill_rel_aim(&tree.root, &nodes[0]);
	for (int i = 0; i < 10; i++) {
		rill_rel_aim(&nodes[i].child[0], &nodes[i + 1]);
		rill_rel_aim(&nodes[i].child[1], &nodes[i + 1]);
	}
	for (int i = 0; i <= 10; i++)
		nodes[i].key_len = ROOM / 2;
	rill_view_init(&v, pages, ROOM);
	rill_tree_seek_in(&v, &c, &tree, NULL, 0, 0);
	while (rill_tree_next(&c))
		bytes += c.key_len;
	assert_int_equal(v.error, -ELOOP);
	assert_true(bytes >= ROOM / 2 && bytes <= MOST);
}

static void only_what_lies_whole_in_the_range_is_given(void **state)
{
	struct rill_view v;

	(void)state;
	rill_view_init(&v, range, 64);
	assert_true(rill_view_holds(&v, (uintptr_t)range, 64, 8));
	assert_true(rill_view_holds(&v, (uintptr_t)range + 64, 0, 8));
	assert_false(rill_view_holds(&v, (uintptr_t)range + 64, 1, 1));
	assert_false(rill_view_holds(&v, (uintptr_t)range - 1, 1, 1));
	assert_false(rill_view_holds(&v, (uintptr_t)range, 65, 1));
	assert_false(rill_view_holds(&v, (uintptr_t)range + 8, UINT64_MAX, 1));
	assert_false(rill_view_holds(&v, (uintptr_t)range + 4, 8, 8));
	assert_false(rill_view_holds(&v, 0, 0, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_one_word_may_be_any_other),
		cmocka_unit_test(many_words_may_be_others_at_once),
		cmocka_unit_test(a_peer_may_change_words_while_we_walk),
		cmocka_unit_test(a_loop_in_a_list_ends),
		cmocka_unit_test(a_loop_in_a_tree_ends),
		cmocka_unit_test(shared_subtrees_end),
		cmocka_unit_test(a_map_without_an_empty_slot_ends),
		cmocka_unit_test(a_table_without_an_empty_slot_ends),
		cmocka_unit_test(sizes_that_are_not_expected_are_an_error),
		cmocka_unit_test(the_first_error_stays_and_nothing_follows),
		cmocka_unit_test(bytes_that_are_given_again_and_again_end),
		cmocka_unit_test(long_keys_that_are_given_again_and_again_end),
		cmocka_unit_test(long_keys_of_shared_subtrees_end),
		cmocka_unit_test(only_what_lies_whole_in_the_range_is_given),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
