/* tests/unit/data/containers.c - what an owner builds is what is found: each container against a plain model, at another
 * address, when memory runs out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/leaks.h"
#include "tests/support/sample.h"

/* ---- a heap that counts, and refuses ----------------------------------------------------------------------------- */

struct counting {
	size_t blocks; /* out now */
	size_t asked;
	size_t refuse_at; /* that ask gets nothing; 0: none */
};

static void *count_alloc(void *from, size_t len)
{
	struct counting *c = from;
	void *block;

	if (++c->asked == c->refuse_at || !(block = malloc(len)))
		return NULL;
	c->blocks++;
	return memset(block, 0xa5, len);
}

static void count_free(void *from, void *block)
{
	((struct counting *)from)->blocks--;
	free(block);
}

static struct rill_heap counting_heap(struct counting *c)
{
	struct rill_heap heap = {count_alloc, count_free, c};

	memset(c, 0, sizeof(*c));
	return heap;
}

static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* ---- strings and vectors ----------------------------------------------------------------------------------------- */

static void a_string_keeps_its_bytes(void **state)
{
	struct rill_string s = {{0}, 0}, t = {{0}, 0};
	struct counting c;
	struct rill_heap heap = counting_heap(&c);

	(void)state;
	assert_string_equal(rill_string_text(&s), "");
	assert_int_equal(rill_string_set(&s, &heap, "one\0two", 7), 0);
	assert_memory_equal(rill_string_text(&s), "one\0two", 8);
	assert_int_equal(rill_string_set(&s, &heap, rill_string_text(&s) + 4, 3), 0); /* of itself */
	assert_string_equal(rill_string_text(&s), "two");
	rill_string_move(&t, &s);
	assert_string_equal(rill_string_text(&s), "");
	assert_string_equal(rill_string_text(&t), "two");
	c.refuse_at = c.asked + 1;
	assert_int_equal(rill_string_set(&t, &heap, "lost", 4), -ENOMEM);
	assert_string_equal(rill_string_text(&t), "two");
	rill_string_clear(&t, &heap);
	assert_int_equal(c.blocks, 0);
}

static void a_vector_grows_and_shrinks(void **state)
{
	struct counting c;
	struct rill_heap heap = counting_heap(&c);
	struct rill_vector v;
	uint32_t *at;

	(void)state;
	rill_vector_init(&v, sizeof(*at));
	assert_null(rill_vector_data(&v));
	for (uint32_t i = 0; i < 1000; i++) {
		at = rill_vector_push(&v, &heap);
		assert_non_null(at);
		assert_int_equal(*at, 0);
		*at = i;
	}
	rill_vector_pop(&v);
	assert_int_equal(v.count, 999);
	at = rill_vector_data(&v);
	for (uint32_t i = 0; i < v.count; i++)
		assert_int_equal(at[i], i);
	assert_int_equal(rill_vector_reserve(&v, &heap, SIZE_MAX / 2), -ENOMEM);
	assert_int_equal(v.count, 999);
	rill_vector_clear(&v, &heap);
	rill_vector_pop(&v);
	assert_int_equal(v.count, 0);
	assert_int_equal(c.blocks, 0);
}

static void reserved_elements_do_not_move(void **state)
{
	struct counting c;
	struct rill_heap heap = counting_heap(&c);
	struct rill_vector v;
	void *first;

	(void)state;
	rill_vector_init(&v, 24);
	assert_int_equal(rill_vector_reserve(&v, &heap, 100), 0);
	first = rill_vector_push(&v, &heap);
	for (int i = 1; i < 100; i++)
		assert_non_null(rill_vector_push(&v, &heap));
	assert_ptr_equal(rill_vector_data(&v), first);
	assert_int_equal(c.asked, 1);
	rill_vector_clear(&v, &heap);
}

/* ---- maps, against an array -------------------------------------------------------------------------------------- */

#define KEYS 500

/* Key i, of a length from 0 to 25; the first bytes, where there are any, say which it is. */
static size_t key_of(size_t i, char *to)
{
	const uint16_t name = (uint16_t)i;
	size_t len = i < 26 ? i : 2 + i % 24;

	memset(to, 'k', 26);
	if (len >= 2)
		memcpy(to, &name, sizeof(name));
	return len;
}

static void map_agrees_with(const struct rill_map *m, const uint64_t *model, const bool *there)
{
	struct rill_map_cursor c;
	size_t count = 0, seen = 0;
	char key[26];

	for (size_t i = 0; i < KEYS; i++) {
		const uint64_t *value = rill_map_find(m, key, key_of(i, key));

		assert_int_equal(value != NULL, there[i]);
		if (value)
			assert_int_equal(*value, model[i]);
		count += there[i];
	}
	for (rill_map_begin(&c, m); rill_map_next(&c); seen++)
		assert_ptr_equal(rill_map_find(m, c.key, c.key_len), c.value);
	assert_int_equal(m->count, count);
	assert_int_equal(seen, count);
}

static void a_map_holds_what_was_put(void **state)
{
	static uint64_t model[KEYS];
	static bool there[KEYS];
	struct counting c;
	struct rill_heap heap = counting_heap(&c);
	uint64_t random = 88172645463325252u, *value;
	struct rill_map m;
	char key[26];
	bool fresh;

	(void)state;
	memset(there, 0, sizeof(there));
	rill_map_init(&m, sizeof(*value), 0);
	assert_null(rill_map_find(&m, "x", 1));
	assert_int_equal(rill_map_remove(&m, &heap, "x", 1), 0);
	for (int step = 0; step < 20000; step++) {
		size_t i = draw(&random) % KEYS, len = key_of(i, key);

		if (draw(&random) % 100 < (step / 4000 % 2 ? 70 : 30)) { /* it fills, and drains */
			assert_int_equal(rill_map_remove(&m, &heap, key, len), there[i]);
			there[i] = false;
		} else {
			value = rill_map_put(&m, &heap, key, len, &fresh);
			assert_non_null(value);
			assert_int_equal(fresh, !there[i]);
			assert_int_equal(*value, there[i] ? model[i] : 0);
			*value = model[i] = draw(&random);
			there[i] = true;
		}
		if (step % 1000 == 0)
			map_agrees_with(&m, model, there);
	}
	map_agrees_with(&m, model, there);
	rill_map_clear(&m, &heap);
	assert_int_equal(c.blocks, 0);
	assert_null(rill_map_find(&m, "x", 1));
}

static void map_values_do_not_move(void **state)
{
	struct counting c;
	struct rill_heap heap = counting_heap(&c);
	uint64_t first = 0, *kept;
	struct rill_map m;

	(void)state;
	rill_map_init(&m, sizeof(*kept), 0);
	kept = rill_map_put(&m, &heap, &first, sizeof(first), NULL);
	for (uint64_t key = 1; key < 1000; key++)
		assert_non_null(rill_map_put(&m, &heap, &key, sizeof(key), NULL));
	for (uint64_t key = 1; key < 1000; key += 2)
		assert_int_equal(rill_map_remove(&m, &heap, &key, sizeof(key)), 1);
	assert_ptr_equal(rill_map_find(&m, &first, sizeof(first)), kept);
	rill_map_clear(&m, &heap);
}

static void a_reserved_map_takes_no_memory_for_slots(void **state)
{
	struct counting c;
	struct rill_heap heap = counting_heap(&c);
	struct rill_map m;

	(void)state;
	rill_map_init(&m, 0, 0); /* a set */
	assert_int_equal(rill_map_reserve(&m, &heap, 1000), 0);
	for (uint64_t key = 0; key < 1000; key++)
		assert_non_null(rill_map_put(&m, &heap, &key, sizeof(key), NULL));
	assert_int_equal(c.asked, 1001);
	assert_int_equal(rill_map_reserve(&m, &heap, UINT64_MAX), -ENOMEM);
	rill_map_clear(&m, &heap);
}

/* Keys that a peer chose for another seed do not meet in one place: the longest run of slots in use stays short. */
static void keys_aimed_at_one_seed_miss_another(void **state)
{
	struct counting c;
	struct rill_heap heap = counting_heap(&c);
	uint64_t longest = 0, run = 0;
	struct rill_map m;
	size_t put = 0;

	(void)state;
	rill_map_init(&m, 0, 0);
	assert_true(m.seed != 0);
	for (uint64_t key = 0; put < 400; key++) {
		if ((rill_hash(12345, &key, sizeof(key)) & 255) == 7) { /* one slot of 256 for that seed */
			assert_non_null(rill_map_put(&m, &heap, &key, sizeof(key), NULL));
			put++;
		}
	}
	for (uint64_t i = 0; i <= m.mask; i++) {
		run = rill_map_slots(&m)[i] ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	assert_true(longest < 100);
	rill_map_clear(&m, &heap);
}

static void two_maps_have_two_seeds(void **state)
{
	struct rill_map a, b;

	(void)state;
	rill_map_init(&a, 8, 0);
	rill_map_init(&b, 8, 0);
	assert_true(a.seed != b.seed);
}

/* ---- tables, against an array ------------------------------------------------------------------------------------ */

struct pair_key {
	uint32_t a, b;
	uint16_t c;
	uint16_t zero;
};

static struct pair_key pair_of(size_t i)
{
	return (struct pair_key){(uint32_t)i, (uint32_t)(i * i), (uint16_t)~i, 0};
}

static void table_agrees_with(const struct rill_table *t, const uint64_t *model, const bool *there)
{
	struct rill_table_cursor c;
	size_t count = 0, seen = 0;

	for (size_t i = 0; i < KEYS; i++) {
		const struct pair_key key = pair_of(i);
		const uint64_t *value = rill_table_find(t, &key, sizeof(key));

		assert_int_equal(value != NULL, there[i]);
		if (value)
			assert_int_equal(*value, model[i]);
		count += there[i];
	}
	for (rill_table_begin(&c, t); rill_table_next(&c); seen++)
		assert_ptr_equal(rill_table_find(t, c.key, sizeof(struct pair_key)), c.value);
	assert_int_equal(t->count, count);
	assert_int_equal(seen, count);
}

static void a_table_holds_what_was_put(void **state)
{
	static uint64_t model[KEYS];
	static bool there[KEYS];
	struct counting c;
	struct rill_heap heap = counting_heap(&c);
	uint64_t random = 2463534242, *value;
	struct rill_table t;
	bool fresh;

	(void)state;
	memset(there, 0, sizeof(there));
	rill_table_init(&t, sizeof(struct pair_key), sizeof(*value), 0);
	for (int step = 0; step < 20000; step++) {
		size_t i = draw(&random) % KEYS;
		const struct pair_key key = pair_of(i);

		if (draw(&random) % 100 < (step / 4000 % 2 ? 70 : 30)) {
			assert_int_equal(rill_table_remove(&t, &key, sizeof(key)), there[i]);
			there[i] = false;
		} else {
			value = rill_table_put(&t, &heap, &key, sizeof(key), &fresh);
			assert_non_null(value);
			assert_int_equal(fresh, !there[i]);
			assert_int_equal(*value, there[i] ? model[i] : 0);
			*value = model[i] = draw(&random);
			there[i] = true;
		}
		if (step % 1000 == 0)
			table_agrees_with(&t, model, there);
	}
	table_agrees_with(&t, model, there);
	assert_null(rill_table_find(&t, "1234", 4)); /* keys of another size */
	assert_null(rill_table_put(&t, &heap, "1234", 4, NULL));
	assert_int_equal(rill_table_remove(&t, "1234", 4), 0);
	assert_int_equal(rill_table_reserve(&t, &heap, UINT64_MAX), -ENOMEM);
	table_agrees_with(&t, model, there);
	assert_int_equal(c.blocks, 1);
	rill_table_clear(&t, &heap);
	assert_int_equal(c.blocks, 0);
}

static void a_reserved_table_moves_nothing(void **state)
{
	struct counting c;
	struct rill_heap heap = counting_heap(&c);
	struct rill_table t;
	uint32_t key = 0;
	void *first;

	(void)state;
	rill_table_init(&t, sizeof(key), 0, 0); /* a set */
	assert_int_equal(rill_table_reserve(&t, &heap, 1000), 0);
	first = rill_table_put(&t, &heap, &key, sizeof(key), NULL);
	for (key = 1; key < 1000; key++)
		assert_non_null(rill_table_put(&t, &heap, &key, sizeof(key), NULL));
	key = 0;
	assert_ptr_equal(rill_table_find(&t, &key, sizeof(key)), first);
	assert_int_equal(c.asked, 1);
	rill_table_clear(&t, &heap);
}

/* ---- trees, against a sorted array ------------------------------------------------------------------------------- */

/* The height below link; each node's children are in order and differ by at most 1. */
static uint32_t checked_height(const struct rill_rel *link)
{
	const struct rill_tree_node *n = rill_rel_target(link);
	uint32_t a, b;

	if (!n)
		return 0;
	a = checked_height(&n->child[0]);
	b = checked_height(&n->child[1]);
	assert_true((a > b ? a - b : b - a) <= 1);
	assert_int_equal(n->height, 1 + (a > b ? a : b));
	return n->height;
}

static void tree_agrees_with(const struct rill_tree *t, const uint64_t *model, const bool *there, size_t count)
{
	struct rill_tree_cursor c;
	uint64_t key;
	size_t i;

	checked_height(&t->root);
	rill_tree_seek(&c, t, NULL, 0);
	for (i = 0; i < count; i++) {
		key = rill_key_u64(i);
		assert_int_equal(rill_tree_find(t, &key, sizeof(key)) != NULL, there[i]);
		if (!there[i])
			continue;
		assert_true(rill_tree_next(&c));
		assert_int_equal(c.key_len, sizeof(key));
		assert_memory_equal(c.key, &key, sizeof(key));
		assert_int_equal(*(uint64_t *)c.value, model[i]);
	}
	assert_false(rill_tree_next(&c));
}

static void a_tree_holds_what_was_put_in_order(void **state)
{
	static uint64_t model[KEYS];
	static bool there[KEYS];
	struct counting c;
	struct rill_heap heap = counting_heap(&c);
	uint64_t random = 362436069, *value, key;
	struct rill_tree t;
	size_t count = 0;
	bool fresh;

	(void)state;
	memset(there, 0, sizeof(there));
	rill_tree_init(&t, sizeof(*value));
	for (int step = 0; step < 20000; step++) {
		size_t i = draw(&random) % KEYS;

		key = rill_key_u64(i);
		if (draw(&random) % 100 < (step / 4000 % 2 ? 70 : 30)) {
			assert_int_equal(rill_tree_remove(&t, &heap, &key, sizeof(key)), there[i]);
			count -= there[i];
			there[i] = false;
		} else {
			value = rill_tree_put(&t, &heap, &key, sizeof(key), &fresh);
			assert_non_null(value);
			assert_int_equal(fresh, !there[i]);
			count += fresh;
			*value = model[i] = draw(&random);
			there[i] = true;
		}
		assert_int_equal(t.count, count);
		if (step % 500 == 0)
			tree_agrees_with(&t, model, there, KEYS);
	}
	tree_agrees_with(&t, model, there, KEYS);
	rill_tree_clear(&t, &heap);
	assert_int_equal(c.blocks, 0);
}

static void a_tree_of_rising_keys_stays_flat(void **state)
{
	struct counting c;
	struct rill_heap heap = counting_heap(&c);
	struct rill_tree t;

	(void)state;
	rill_tree_init(&t, 0);
	for (uint64_t i = 0; i < 4095; i++) {
		uint64_t key = rill_key_u64(i);

		assert_non_null(rill_tree_put(&t, &heap, &key, sizeof(key), NULL));
	}
	assert_int_equal(checked_height(&t.root), 12);
	rill_tree_clear(&t, &heap);
	assert_int_equal(c.blocks, 0);
}

static void a_seek_begins_at_the_first_that_is_not_below(void **state)
{
	struct counting c;
	struct rill_heap heap = counting_heap(&c);
	struct rill_tree_cursor at;
	struct rill_tree t;
	uint64_t key;

	(void)state;
	rill_tree_init(&t, 0);
	for (uint64_t i = 0; i < 100; i++) {
		key = rill_key_u64(10 * i);
		assert_non_null(rill_tree_put(&t, &heap, &key, sizeof(key), NULL));
	}
	for (uint64_t from = 0; from <= 1000; from++) {
		uint64_t want = rill_key_u64((from + 9) / 10 * 10);

		key = rill_key_u64(from);
		rill_tree_seek(&at, &t, &key, sizeof(key));
		assert_int_equal(rill_tree_next(&at), from <= 990);
		if (from <= 990)
			assert_memory_equal(at.key, &want, sizeof(want));
	}
	rill_tree_clear(&t, &heap);
}

static void numbers_are_in_order_as_keys(void **state)
{
	const int64_t numbers[] = {INT64_MIN, -1000, -1, 0, 1, 255, 256, INT64_MAX};

	(void)state;
	for (size_t i = 1; i < sizeof(numbers) / sizeof(*numbers); i++) {
		uint64_t a = rill_key_i64(numbers[i - 1]), b = rill_key_i64(numbers[i]);

		assert_true(rill_key_compare(&a, 8, &b, 8) < 0);
		assert_true(memcmp(&a, &b, 8) < 0);
	}
	assert_true(rill_key_compare("ab", 2, "abc", 3) < 0);
	assert_true(rill_key_compare("b", 1, "abc", 3) > 0);
	assert_true(rill_key_compare("", 0, "", 0) == 0);
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

struct item {
	int number;
	struct rill_link link;
};

static void list_is(const struct rill_dlist *l, const char *digits)
{
	const struct item *item;
	size_t n = strlen(digits), i = 0;

	assert_int_equal(l->count, n);
	for (item = rill_dlist_first(l, struct item, link); item; item = rill_dlist_next(item, link))
		assert_int_equal(item->number, digits[i++] - '0');
	assert_int_equal(i, n);
	for (item = rill_dlist_last(l, struct item, link); item; item = rill_dlist_prev(item, link))
		assert_int_equal(item->number, digits[--i] - '0');
	assert_int_equal(i, 0);
}

static void a_list_links_both_ways(void **state)
{
	struct item items[5];
	struct rill_dlist l;

	(void)state;
	memset(items, 0, sizeof(items));
	memset(&l, 0, sizeof(l));
	for (int i = 0; i < 5; i++)
		items[i].number = i;
	list_is(&l, "");
	rill_dlist_append(&l, &items[1].link);
	rill_dlist_append(&l, &items[2].link);
	rill_dlist_prepend(&l, &items[0].link);
	list_is(&l, "012");
	rill_dlist_insert_after(&l, &items[0].link, &items[3].link);
	rill_dlist_insert_after(&l, &items[2].link, &items[4].link);
	list_is(&l, "03124");
	rill_dlist_remove(&l, &items[0].link);
	rill_dlist_remove(&l, &items[1].link);
	rill_dlist_remove(&l, &items[4].link);
	list_is(&l, "32");
	rill_dlist_remove(&l, &items[3].link);
	rill_dlist_remove(&l, &items[2].link);
	list_is(&l, "");
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

static void a_structure_reads_the_same_at_another_address(void **state)
{
	static _Alignas(16) unsigned char here[SAMPLE_BYTES], there[SAMPLE_BYTES + 64];
	struct rill_bump bump;
	struct rill_heap heap = rill_bump_heap(&bump);

	(void)state;
	rill_bump_init(&bump, here, sizeof(here));
	assert_ptr_equal(sample_build(&heap, SAMPLE_ENTRIES), here);
	assert_int_equal(sample_walk(here, sizeof(here)), sample_count(SAMPLE_ENTRIES));
	memcpy(there + 64, here, sizeof(here));
	memset(here, 0xff, sizeof(here));
	assert_int_equal(sample_walk(there + 64, sizeof(here)), sample_count(SAMPLE_ENTRIES));
}

static void a_pointer_may_point_at_itself(void **state)
{
	struct {
		RILL_REL(void) self;
	} s = {{{0}}};

	(void)state;
	assert_null(rill_rel_get(&s.self));
	rill_rel_set(&s.self, (void *)&s);
	assert_ptr_equal(rill_rel_get(&s.self), &s);
	rill_rel_set(&s.self, NULL);
	assert_null(rill_rel_get(&s.self));
}

static void no_memory_at_any_point_leaves_nothing_behind(void **state)
{
	struct counting c;
	struct rill_heap heap = counting_heap(&c);
	struct sample *s = sample_build(&heap, 40);
	size_t all = c.asked;

	(void)state;
	assert_non_null(s);
	sample_clear(s, &heap);
	heap.free(heap.from, s);
	assert_int_equal(c.blocks, 0);
	for (size_t i = 1; i <= all; i++) {
		c.asked = 0;
		c.refuse_at = i;
		assert_null(sample_build(&heap, 40));
		assert_int_equal(c.blocks, 0);
	}
}

static void a_full_block_says_so(void **state)
{
	static _Alignas(16) unsigned char block[SAMPLE_BYTES];
	struct rill_bump bump;
	struct rill_heap heap = rill_bump_heap(&bump);

	(void)state;
	for (size_t len = 0; len < SAMPLE_BYTES; len += 64) {
		rill_bump_init(&bump, block, len);
		if (sample_build(&heap, SAMPLE_ENTRIES))
			break;
		memset(block, 0, sizeof(block));
	}
	assert_int_equal(sample_walk(block, sizeof(block)), sample_count(SAMPLE_ENTRIES));
	assert_null(rill_bump_take(&bump, SIZE_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_string_keeps_its_bytes),
		cmocka_unit_test(a_vector_grows_and_shrinks),
		cmocka_unit_test(reserved_elements_do_not_move),
		cmocka_unit_test(a_map_holds_what_was_put),
		cmocka_unit_test(map_values_do_not_move),
		cmocka_unit_test(a_reserved_map_takes_no_memory_for_slots),
		cmocka_unit_test(keys_aimed_at_one_seed_miss_another),
		cmocka_unit_test(two_maps_have_two_seeds),
		cmocka_unit_test(a_table_holds_what_was_put),
		cmocka_unit_test(a_reserved_table_moves_nothing),
		cmocka_unit_test(a_tree_holds_what_was_put_in_order),
		cmocka_unit_test(a_tree_of_rising_keys_stays_flat),
		cmocka_unit_test(a_seek_begins_at_the_first_that_is_not_below),
		cmocka_unit_test(numbers_are_in_order_as_keys),
		cmocka_unit_test(a_list_links_both_ways),
		cmocka_unit_test(a_structure_reads_the_same_at_another_address),
		cmocka_unit_test(a_pointer_may_point_at_itself),
		cmocka_unit_test(no_memory_at_any_point_leaves_nothing_behind),
		cmocka_unit_test(a_full_block_says_so),
	};

	return cmocka_run_group_tests(tests, leaks_setup, leaks_teardown);
}
