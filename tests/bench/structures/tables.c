/* tests/bench/structures/tables.c - keys, and the tables in private memory. */
#include "tests/bench/structures/tables.h"

#include <err.h>
#include <htslib/khash.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#define ASKED (1 << 18)

static void *must(void *p)
{
	if (!p)
		err(1, "no memory");
	return p;
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static uint64_t scrambled(uint64_t i)
{
	i += 0x9e3779b97f4a7c15u;
	i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9u;
	i = (i ^ i >> 27) * 0x94d049bb133111ebu;
	return i ^ i >> 31;
}

void keys_make(struct keys *k, size_t count, bool text)
{
	k->text = text;
	k->count = count;
	k->asked = ASKED;
	k->all = must(calloc(count, sizeof(*k->all)));
	k->asks = must(calloc(k->asked, sizeof(*k->asks)));
	k->sum = 0;
	k->block_len = 65536 + count * 192;
	for (size_t i = 0; i < count; i++) {
		struct key *key = &k->all[i];

		key->number = scrambled(i);
		key->text_len = (uint32_t)snprintf(key->text, KEY_TEXT, "/route/%llu", (unsigned long long)key->number);
	}
	for (size_t i = 0; i < k->asked; i++) {
		size_t at = scrambled(~i) % count;

		k->asks[i] = k->all[at];
		k->sum += at;
	}
}

void keys_drop(struct keys *k)
{
	free(k->all);
	free(k->asks);
}

/* ---- rill_map ---------------------------------------------------------------------------------------------------- */

static void *heap_alloc(void *from, size_t len)
{
	(void)from;
	return malloc(len);
}

static void heap_free(void *from, void *block)
{
	(void)from;
	free(block);
}

static const struct rill_heap heap = {heap_alloc, heap_free, NULL};

static uint64_t map_look_up(const void *in, const struct keys *k)
{
	const struct rill_map *m = in;
	const uint64_t *value;
	uint64_t sum = 0;

	if (k->text)
		for (size_t i = 0; i < k->asked; i++) {
			value = rill_map_find(m, k->asks[i].text, k->asks[i].text_len);
			sum += value ? *value : 0;
		}
	else
		for (size_t i = 0; i < k->asked; i++) {
			value = rill_map_find(m, &k->asks[i].number, sizeof(uint64_t));
			sum += value ? *value : 0;
		}
	return sum;
}

static void map_drop(struct table *t)
{
	rill_map_clear(t->more, &heap);
	free(t->more);
}

struct table table_of_map(const struct keys *k)
{
	struct rill_map *m = must(malloc(sizeof(*m)));

	rill_map_init(m, sizeof(uint64_t), 0);
	for (size_t i = 0; i < k->count; i++) {
		const struct key *key = &k->all[i];

		*(uint64_t *)must(k->text ? rill_map_put(m, &heap, key->text, key->text_len, NULL)
		                          : rill_map_put(m, &heap, &key->number, sizeof(uint64_t), NULL)) = i;
	}
	return (struct table){"rill_map", m, map_look_up, map_drop, m};
}

/* ---- rill_table -------------------------------------------------------------------------------------------------- */

static uint64_t table_look_up(const void *in, const struct keys *k)
{
	const struct rill_table *t = in;
	uint64_t sum = 0;

	for (size_t i = 0; i < k->asked; i++) {
		const uint64_t *value = rill_table_find(t, &k->asks[i].number, sizeof(uint64_t));

		sum += value ? *value : 0;
	}
	return sum;
}

static void table_drop(struct table *t)
{
	rill_table_clear(t->more, &heap);
	free(t->more);
}

struct table table_of_table(const struct keys *k)
{
	struct rill_table *t = must(malloc(sizeof(*t)));

	rill_table_init(t, sizeof(uint64_t), sizeof(uint64_t), 0);
	for (size_t i = 0; i < k->count; i++)
		*(uint64_t *)must(rill_table_put(t, &heap, &k->all[i].number, sizeof(uint64_t), NULL)) = i;
	return (struct table){"rill_table", t, table_look_up, table_drop, t};
}

/* ---- uthash ------------------------------------------------------------------------------------------------------ */

struct item {
	uint64_t number, value;
	UT_hash_handle hh;
	char text[KEY_TEXT];
};

struct items {
	struct item *head;
};

static uint64_t uthash_look_up(const void *in, const struct keys *k)
{
	const struct items *items = in;
	struct item *found;
	uint64_t sum = 0;

	if (k->text)
		for (size_t i = 0; i < k->asked; i++) {
			HASH_FIND(hh, items->head, k->asks[i].text, k->asks[i].text_len, found);
			sum += found ? found->value : 0;
		}
	else
		for (size_t i = 0; i < k->asked; i++) {
			HASH_FIND(hh, items->head, &k->asks[i].number, sizeof(uint64_t), found);
			sum += found ? found->value : 0;
		}
	return sum;
}

static void uthash_drop(struct table *t)
{
	struct items *items = t->more;
	struct item *item, *next;

	HASH_ITER(hh, items->head, item, next)
	{
		HASH_DEL(items->head, item);
		free(item);
	}
	free(items);
}

struct table table_of_uthash(const struct keys *k)
{
	struct items *items = must(calloc(1, sizeof(*items)));

	for (size_t i = 0; i < k->count; i++) {
		/* only keys of text have their text in the item */
		struct item *item = must(calloc(1, k->text ? sizeof(*item) : offsetof(struct item, text)));

		item->number = k->all[i].number;
		item->value = i;
		if (k->text) {
			memcpy(item->text, k->all[i].text, KEY_TEXT);
			HASH_ADD(hh, items->head, text, k->all[i].text_len, item);
		} else {
			HASH_ADD(hh, items->head, number, sizeof(uint64_t), item);
		}
	}
	return (struct table){"uthash", items, uthash_look_up, uthash_drop, items};
}

/* ---- khash ------------------------------------------------------------------------------------------------------- */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
KHASH_MAP_INIT_INT64(numbers, uint64_t)
KHASH_MAP_INIT_STR(texts, uint64_t)
#pragma GCC diagnostic pop

struct khashes {
	khash_t(numbers) * numbers;
	khash_t(texts) * texts;
};

static uint64_t khash_look_up(const void *in, const struct keys *k)
{
	const struct khashes *h = in;
	uint64_t sum = 0;
	khint_t at;

	if (k->text)
		for (size_t i = 0; i < k->asked; i++) {
			at = kh_get(texts, h->texts, k->asks[i].text);
			sum += at != kh_end(h->texts) ? kh_val(h->texts, at) : 0;
		}
	else
		for (size_t i = 0; i < k->asked; i++) {
			at = kh_get(numbers, h->numbers, k->asks[i].number);
			sum += at != kh_end(h->numbers) ? kh_val(h->numbers, at) : 0;
		}
	return sum;
}

static void khash_drop(struct table *t)
{
	struct khashes *h = t->more;

	for (khint_t at = kh_begin(h->texts); at != kh_end(h->texts); at++)
		if (kh_exist(h->texts, at))
			free((void *)(uintptr_t)kh_key(h->texts, at));
	kh_destroy(texts, h->texts);
	kh_destroy(numbers, h->numbers);
	free(h);
}

struct table table_of_khash(const struct keys *k)
{
	struct khashes *h = must(calloc(1, sizeof(*h)));
	int absent;
	khint_t at;

	h->numbers = must(kh_init(numbers));
	h->texts = must(kh_init(texts));
	for (size_t i = 0; i < k->count; i++) {
		if (k->text) {
			at = kh_put(texts, h->texts, must(strdup(k->all[i].text)), &absent);
			kh_val(h->texts, at) = i;
		} else {
			at = kh_put(numbers, h->numbers, k->all[i].number, &absent);
			kh_val(h->numbers, at) = i;
		}
	}
	return (struct table){"khash", h, khash_look_up, khash_drop, h};
}
