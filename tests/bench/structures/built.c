/* tests/bench/structures/built.c - tables that are built into one block, wherever that lies: their places in it are the same
 * each time. */
#include "tests/bench/structures/tables.h"

#include <err.h>

static struct rill_bump bump; /* of the block that is being built in */

#define uthash_malloc(len) rill_bump_take(&bump, (len))
#define uthash_free(block, len) ((void)(block))
#include <uthash.h>

static void *must(void *p)
{
	if (!p)
		errx(1, "the block is full");
	return p;
}

/* ---- rill_map, rill_table: self-relative --------------------------------------------------------------------------------- */

static void build_map(void *block, size_t len, const struct keys *k)
{
	struct rill_heap heap = rill_bump_heap(&bump);
	struct rill_map *m;

	rill_bump_init(&bump, block, len);
	m = must(rill_bump_take(&bump, sizeof(*m)));
	rill_map_init(m, sizeof(uint64_t), 1);
	if (rill_map_reserve(m, &heap, k->count) < 0)
		errx(1, "the block is full");
	for (size_t i = 0; i < k->count; i++)
		*(uint64_t *)must(rill_map_put(m, &heap, &k->all[i].number, sizeof(uint64_t), NULL)) = i;
}

static uint64_t look_up_map(const void *block, const struct keys *k)
{
	const uint64_t *value;
	uint64_t sum = 0;

	for (size_t i = 0; i < k->asked; i++) {
		value = rill_map_find(block, &k->asks[i].number, sizeof(uint64_t));
		sum += value ? *value : 0;
	}
	return sum;
}

/* As a reader does who does not trust the owner: a view for each request. */
static uint64_t look_up_map_in(const void *block, const struct keys *k)
{
	const size_t len = k->block_len;
	uint64_t sum = 0;

	for (size_t i = 0; i < k->asked; i++) {
		const struct rill_map *m;
		const uint64_t *value;
		struct rill_view v;

		rill_view_init(&v, block, len);
		m = rill_view_root(&v, struct rill_map);
		value = m ? rill_map_find_in(&v, m, &k->asks[i].number, sizeof(uint64_t), sizeof(*value)) : NULL;
		sum += value ? *value : 0;
	}
	return sum;
}

static void build_table(void *block, size_t len, const struct keys *k)
{
	struct rill_heap heap = rill_bump_heap(&bump);
	struct rill_table *t;

	rill_bump_init(&bump, block, len);
	t = must(rill_bump_take(&bump, sizeof(*t)));
	rill_table_init(t, sizeof(uint64_t), sizeof(uint64_t), 1);
	if (rill_table_reserve(t, &heap, k->count) < 0)
		errx(1, "the block is full");
	for (size_t i = 0; i < k->count; i++)
		*(uint64_t *)must(rill_table_put(t, &heap, &k->all[i].number, sizeof(uint64_t), NULL)) = i;
}

static uint64_t look_up_table(const void *block, const struct keys *k)
{
	const uint64_t *value;
	uint64_t sum = 0;

	for (size_t i = 0; i < k->asked; i++) {
		value = rill_table_find(block, &k->asks[i].number, sizeof(uint64_t));
		sum += value ? *value : 0;
	}
	return sum;
}

/* ---- uthash: native pointers --------------------------------------------------------------------------------------------- */

struct item {
	uint64_t number, value;
	UT_hash_handle hh;
};

struct root {
	struct item *items;
};

static void build_uthash(void *block, size_t len, const struct keys *k)
{
	struct root *root;

	rill_bump_init(&bump, block, len);
	root = must(rill_bump_take(&bump, sizeof(*root)));
	root->items = NULL;
	for (size_t i = 0; i < k->count; i++) {
		struct item *item = must(rill_bump_take(&bump, sizeof(*item)));

		item->number = k->all[i].number;
		item->value = i;
		HASH_ADD(hh, root->items, number, sizeof(uint64_t), item);
	}
}

static uint64_t look_up_uthash(const void *block, const struct keys *k)
{
	const struct root *root = block;
	struct item *found;
	uint64_t sum = 0;

	for (size_t i = 0; i < k->asked; i++) {
		HASH_FIND(hh, root->items, &k->asks[i].number, sizeof(uint64_t), found);
		sum += found ? found->value : 0;
	}
	return sum;
}

const struct built built_map = {"rill_map", false, build_map, look_up_map};
const struct built built_map_in = {"rill_map_in_a_view", false, build_map, look_up_map_in};
const struct built built_table = {"rill_table", false, build_table, look_up_table};
const struct built built_uthash = {"uthash", true, build_uthash, look_up_uthash};
