/* tests/unit/data/borrowed.c - a structure in many blocks of an arena, read by another program wherever that has it mapped. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/support/lent.h"
#include "tests/support/sample.h"

#define ENTRIES 60 /* the tree's keys are 64 */

static void *build(struct rill_arena *arena)
{
	struct rill_heap heap = rill_arena_heap(arena);

	return sample_build(&heap, ENTRIES);
}

static int walk(const struct rill_mapping *arena, const void *root)
{
	LENT_CHECK(sample_walk_from(arena->base, arena->capacity, root) == sample_count(ENTRIES));
	LENT_CHECK(sample_walk_from(root, sizeof(struct sample), root) == -EBADMSG); /* the loan alone is not all of it */
	return 0;
}

static int trust(const struct rill_mapping *arena, const void *root)
{
	const struct sample *s = root;
	const struct sample_node *node;
	uint64_t n = 0;

	(void)arena;
	for (uint64_t key = 0; key < ENTRIES; key++) {
		const uint64_t ordered = rill_key_u64(key * 7 % 64);
		const uint32_t id = (uint32_t)key;
		const uint64_t *a = rill_map_find(&s->numbers, &key, sizeof(key));
		const uint64_t *b = rill_tree_find(&s->ordered, &ordered, sizeof(ordered));
		const uint64_t *c = rill_table_find(&s->prices, &id, sizeof(id));

		LENT_CHECK(a && b && c && *a == key * key && *b == *a && *c == *a);
	}
	for (node = rill_dlist_first(&s->nodes, struct sample_node, link); node; node = rill_dlist_next(node, link))
		LENT_CHECK(node->value == n++);
	LENT_CHECK(n == ENTRIES);
	LENT_CHECK(!strcmp(rill_string_text(&s->name), "a sample"));
	return 0;
}

/* Its mapping is read-only: what would change it faults. */
static int change(const struct rill_mapping *arena, const void *root)
{
	struct sample *s = (struct sample *)(uintptr_t)root;

	(void)arena;
	rill_vector_pop(&s->ports);
	return 0;
}

/* What was built and cleared leaves nothing in the arena. */
static void *build_and_clear(struct rill_arena *arena)
{
	struct rill_arena_usage usage = {.size = sizeof(usage)};
	struct rill_heap heap = rill_arena_heap(arena);
	struct sample *s = sample_build(&heap, ENTRIES);

	if (!s)
		return NULL;
	sample_clear(s, &heap);
	rill_arena_free(arena, s);
	rill_arena_get_usage(arena, &usage);
	return usage.allocated ? NULL : arena;
}

int main(int argc, char **argv)
{
	static const struct lent tests[] = {
		{.name = "a_structure_is_walked_by_another_program", .build = build, .read_anywhere = walk},
		{.name = "a_structure_is_read_by_another_program_that_trusts", .build = build, .read_anywhere = trust},
		{.name = "a_borrower_cannot_change_it", .build = build, .read_anywhere = change, .faults = true},
		{.name = "what_is_cleared_is_free", .build = build_and_clear},
	};

	return lent_main(argc, argv, tests, sizeof(tests) / sizeof(*tests));
}
