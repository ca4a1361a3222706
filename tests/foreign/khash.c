/* tests/foreign/khash.c - khash, htslib's copy, in an arena: built by one program, read by another. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <rill/arena.h>

static struct rill_arena *from;
#define RILL_ALLOC_FROM from
#include <rill/alloc_names.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <htslib/khash.h>
KHASH_MAP_INIT_INT64(numbers, int)
KHASH_MAP_INIT_STR(names, int)
#pragma GCC diagnostic pop

#include "tests/support/lent.h"

#define MANY 1000

struct root {
	khash_t(numbers) * numbers;
	khash_t(names) * names;
};

static int put(struct root *root, int i)
{
	char text[24], *name;
	int absent;
	khint_t at = kh_put(numbers, root->numbers, (khint64_t)i * 12345, &absent);

	if (absent < 0)
		return absent;
	kh_val(root->numbers, at) = i;
	/* the table keeps the pointer: the text must be in the arena, too */
	name = rill_arena_alloc(from, (size_t)snprintf(text, sizeof(text), "name %d", i) + 1);
	if (!name)
		return -1;
	at = kh_put(names, root->names, strcpy(name, text), &absent);
	if (absent < 0)
		return absent;
	kh_val(root->names, at) = i;
	return 0;
}

static struct root *empty(struct rill_arena *arena)
{
	struct root *root;

	from = arena;
	root = rill_arena_calloc(arena, 1, sizeof(*root));
	if (!root)
		return NULL;
	root->numbers = kh_init(numbers);
	root->names = kh_init(names);
	return root->numbers && root->names ? root : NULL;
}

static void *build(struct rill_arena *arena)
{
	struct root *root = empty(arena);

	for (int i = 0; root && i < MANY; i++)
		if (put(root, i) < 0)
			return NULL;
	for (int i = 1; root && i < MANY; i += 2)
		kh_del(numbers, root->numbers, kh_get(numbers, root->numbers, (khint64_t)i * 12345));
	return root;
}

static int read_it(const void *data)
{
	const struct root *root = data;
	khint_t at;

	for (int i = 0; i < MANY; i++) {
		char name[24];

		at = kh_get(numbers, root->numbers, (khint64_t)i * 12345);
		LENT_CHECK((at != kh_end(root->numbers)) == (i % 2 == 0));
		LENT_CHECK(i % 2 || kh_val(root->numbers, at) == i);
		snprintf(name, sizeof(name), "name %d", i);
		at = kh_get(names, root->names, name);
		LENT_CHECK(at != kh_end(root->names) && kh_val(root->names, at) == i);
	}
	LENT_CHECK(kh_size(root->numbers) == MANY / 2);
	return 0;
}

static void *fill(struct rill_arena *arena)
{
	struct root *root = empty(arena);
	int i = 0;

	while (root && put(root, i) == 0)
		i++;
	return root && i > MANY && (int)kh_size(root->names) >= i ? root : NULL;
}

int main(int argc, char **argv)
{
	static const struct lent tests[] = {
		{.name = "khash_is_read_by_another_program", .build = build, .read = read_it},
		{.name = "khash_without_memory_says_so", .build = fill},
	};

	return lent_main(argc, argv, tests, sizeof(tests) / sizeof(*tests));
}
