/* tests/foreign/stb_ds.c - stb_ds in an arena: built by one program, read by another, whose seed for new tables is another. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <rill/arena.h>

static struct rill_arena *from;
#define RILL_ALLOC_FROM from
#include <rill/alloc_names.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wextra"
#define typeof __typeof__ /* which it takes for granted: -std=gnu11 has it */
#ifdef __clang__          /* an array of 8 that is used beyond, as an array of what there is */
#pragma clang attribute push(__attribute__((no_sanitize("bounds"))), apply_to = function)
#endif
#define STB_DS_IMPLEMENTATION
#include <stb/stb_ds.h>
#ifdef __clang__
#pragma clang attribute pop
#endif
#pragma GCC diagnostic pop

#include "tests/support/lent.h"

#define MANY 1000

struct number {
	int key;
	int value;
};

struct name {
	char *key;
	int value;
};

struct root {
	int *array;
	struct number *numbers;
	struct name *names;
};

static void *build(struct rill_arena *arena)
{
	struct root *root;

	from = arena;
	stbds_rand_seed((size_t)time(NULL) ^ (size_t)getpid()); /* as its manual advises */
	root = rill_arena_calloc(arena, 1, sizeof(*root));
	if (!root)
		return NULL;
	sh_new_arena(root->names); /* the keys' text is copied: through our allocator, into the arena */
	for (int i = 0; i < MANY; i++) {
		char text[24];

		snprintf(text, sizeof(text), "name %d", i);
		arrput(root->array, i * i);
		hmput(root->numbers, i * 3, i);
		shput(root->names, text, i);
	}
	for (int i = 1; i < MANY; i += 2)
		hmdel(root->numbers, i * 3);
	return root;
}

/* The macros store what they found in the table; those that end in _ts in a variable of ours. For keys of text there is no
 * such macro, but the function below it. */
static ptrdiff_t name_at(struct name *names, const char *text)
{
	ptrdiff_t at;

	stbds_hmget_key_ts(names, sizeof(*names), (void *)(uintptr_t)text, sizeof(names->key), &at, STBDS_HM_STRING);
	return at;
}

static int read_it(const void *data)
{
	const struct root *root = data;
	struct number *numbers = root->numbers;
	ptrdiff_t at;

	stbds_rand_seed(1); /* of no effect on tables that are there: each has its own */
	LENT_CHECK(arrlen(root->array) == MANY && hmlen(numbers) == MANY / 2 && shlen(root->names) == MANY);
	for (int i = 0; i < MANY; i++) {
		char text[24];

		LENT_CHECK(root->array[i] == i * i);
		at = hmgeti_ts(numbers, i * 3, at);
		LENT_CHECK((at >= 0) == (i % 2 == 0));
		LENT_CHECK(at < 0 || numbers[at].value == i);
		snprintf(text, sizeof(text), "name %d", i);
		at = name_at(root->names, text);
		LENT_CHECK(at >= 0 && root->names[at].value == i && !strcmp(root->names[at].key, text));
	}
	LENT_CHECK(name_at(root->names, "nobody") < 0);
	return 0;
}

static int get_plainly(const void *data)
{
	const struct root *root = data;
	struct number *numbers = root->numbers;

	LENT_CHECK(hmget(numbers, 6) == 2);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct lent tests[] = {
		{.name = "stb_ds_is_read_by_another_program", .build = build, .read = read_it},
		{.name = "plain_hmget_writes", .build = build, .read = get_plainly, .faults = true},
	};

	return lent_main(argc, argv, tests, sizeof(tests) / sizeof(*tests));
}
