/* tests/foreign/uthash.c - uthash in an arena: built by one program, read by another. */
#include <stdbool.h>
#include <stddef.h>
#include <rill/arena.h>

static struct rill_arena *from;
#define RILL_ALLOC_FROM from
#include <rill/alloc_names.h>
#include <uthash.h>

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/lent.h"

#define MANY 1000

struct user {
	int id;
	char name[24];
	const char *text; /* a key elsewhere in the arena */
	UT_hash_handle by_id, by_name, by_text;
};

struct root {
	struct user *by_id, *by_name, *by_text;
};

static char *copied(const char *text)
{
	char *copy = rill_arena_alloc(from, strlen(text) + 1);

	return copy ? strcpy(copy, text) : NULL;
}

static struct user *made(int id)
{
	struct user *u = rill_arena_calloc(from, 1, sizeof(*u));

	if (!u)
		return NULL;
	u->id = id;
	snprintf(u->name, sizeof(u->name), "user %d", id);
	u->text = copied(u->name);
	return u->text ? u : NULL;
}

static void *build(struct rill_arena *arena)
{
	struct root *root;

	from = arena;
	root = rill_arena_calloc(arena, 1, sizeof(*root));
	for (int id = 0; root && id < MANY; id++) {
		struct user *u = made(id);

		if (!u)
			return NULL;
		HASH_ADD(by_id, root->by_id, id, sizeof(u->id), u);
		HASH_ADD(by_name, root->by_name, name, (unsigned)strlen(u->name), u);
		HASH_ADD_KEYPTR(by_text, root->by_text, u->text, (unsigned)strlen(u->text), u);
	}
	for (int id = 1; root && id < MANY; id += 2) {
		struct user *u;

		HASH_FIND(by_id, root->by_id, &id, sizeof(id), u);
		HASH_DELETE(by_id, root->by_id, u);
	}
	return root;
}

static int read_it(const void *data)
{
	const struct root *root = data;
	struct user *u, *next;
	int seen = 0;

	for (int id = 0; id < MANY; id++) {
		char name[24];
		unsigned len = (unsigned)snprintf(name, sizeof(name), "user %d", id);

		HASH_FIND(by_id, root->by_id, &id, sizeof(id), u);
		LENT_CHECK((u != NULL) == (id % 2 == 0));
		HASH_FIND(by_name, root->by_name, name, len, u);
		LENT_CHECK(u && u->id == id);
		HASH_FIND(by_text, root->by_text, name, len, u);
		LENT_CHECK(u && u->id == id);
	}
	HASH_ITER(by_id, root->by_id, u, next)
	{
		LENT_CHECK(u->id == 2 * seen);
		seen++;
	}
	LENT_CHECK(seen == MANY / 2 && HASH_CNT(by_id, root->by_id) == MANY / 2);
	return 0;
}

/* With alloc_names.h uthash does not end the process: what was not added has no table. */
static void *fill(struct rill_arena *arena)
{
	struct root *root;
	struct user *u;
	int id = 0;

	from = arena;
	root = rill_arena_calloc(arena, 1, sizeof(*root));
	while ((u = made(id))) {
		HASH_ADD(by_id, root->by_id, id, sizeof(u->id), u);
		if (!u->by_id.tbl)
			break;
		id++;
	}
	return HASH_CNT(by_id, root->by_id) == (unsigned)id ? root : NULL;
}

/* The program's function pointers, literals and static data lie elsewhere in the other one: the rule has a reason. */
struct rule {
	uint64_t literal, function;
};

static void *build_rule(struct rill_arena *arena)
{
	struct rule *r = rill_arena_alloc(arena, sizeof(*r));

	if (r)
		*r = (struct rule){(uint64_t)(uintptr_t) "a literal", (uint64_t)(uintptr_t)build_rule};
	return r;
}

static int read_rule(const void *data)
{
	const struct rule *r = data;

	LENT_CHECK(r->function != (uint64_t)(uintptr_t)build_rule);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct lent tests[] = {
		{.name = "uthash_is_read_by_another_program", .build = build, .read = read_it},
		{.name = "uthash_without_memory_says_so", .build = fill},
		{.name = "code_lies_elsewhere_in_another_program", .build = build_rule, .read = read_rule},
	};

	return lent_main(argc, argv, tests, sizeof(tests) / sizeof(*tests));
}
