/* tests/foreign/bsd.c - sys/queue.h and sys/tree.h, libbsd's, in an arena: built by one program, read by another. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "tests/support/lent.h"

#define MANY 1000

struct node {
	int number;
	LIST_ENTRY(node) list;
	SLIST_ENTRY(node) slist;
	STAILQ_ENTRY(node) stailq;
	TAILQ_ENTRY(node) tailq;
	RB_ENTRY(node) rb;
	SPLAY_ENTRY(node) splay;
};

LIST_HEAD(list, node);
SLIST_HEAD(slist, node);
STAILQ_HEAD(stailq, node);
TAILQ_HEAD(tailq, node);
RB_HEAD(rb, node);
SPLAY_HEAD(splay, node);

/* The heads, too: a tail queue points back at them. */
struct root {
	struct list list;
	struct slist slist;
	struct stailq stailq;
	struct tailq tailq;
	struct rb rb;
	struct splay splay;
};

static int compare(const struct node *a, const struct node *b)
{
	return (a->number > b->number) - (a->number < b->number);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
RB_PROTOTYPE(rb, node, rb, compare)
RB_GENERATE(rb, node, rb, compare)
SPLAY_PROTOTYPE(splay, node, splay, compare)
SPLAY_GENERATE(splay, node, splay, compare)
#pragma GCC diagnostic pop

static void *build(struct rill_arena *arena)
{
	struct root *root = rill_arena_alloc(arena, sizeof(*root));

	if (!root)
		return NULL;
	LIST_INIT(&root->list);
	SLIST_INIT(&root->slist);
	STAILQ_INIT(&root->stailq);
	TAILQ_INIT(&root->tailq);
	RB_INIT(&root->rb);
	SPLAY_INIT(&root->splay);
	for (int i = 0; i < MANY; i++) {
		struct node *n = rill_arena_alloc(arena, sizeof(*n));

		if (!n)
			return NULL;
		n->number = i * 7 % MANY;
		LIST_INSERT_HEAD(&root->list, n, list);
		SLIST_INSERT_HEAD(&root->slist, n, slist);
		STAILQ_INSERT_TAIL(&root->stailq, n, stailq);
		TAILQ_INSERT_TAIL(&root->tailq, n, tailq);
		RB_INSERT(rb, &root->rb, n);
		SPLAY_INSERT(splay, &root->splay, n);
	}
	return root;
}

static int read_queues(const void *data)
{
	const struct root *root = data;
	struct node *n;
	int i = MANY;

	LIST_FOREACH(n, &root->list, list)
	LENT_CHECK(n->number == --i * 7 % MANY);
	LENT_CHECK(i == 0);
	i = MANY;
	SLIST_FOREACH(n, &root->slist, slist)
	LENT_CHECK(n->number == --i * 7 % MANY);
	LENT_CHECK(i == 0);
	STAILQ_FOREACH(n, &root->stailq, stailq)
	LENT_CHECK(n->number == i++ * 7 % MANY);
	LENT_CHECK(i == MANY);
	TAILQ_FOREACH_REVERSE(n, &root->tailq, tailq, tailq)
	LENT_CHECK(n->number == --i * 7 % MANY);
	LENT_CHECK(i == 0);
	LENT_CHECK(STAILQ_LAST(&root->stailq, node, stailq) == TAILQ_LAST(&root->tailq, tailq));
	return 0;
}

static int read_tree(const void *data)
{
	/* RB_FIND takes a head that is not const, and writes nothing */
	struct root *root = (struct root *)(uintptr_t)data;
	struct node key, *n;
	int i = 0;

	for (key.number = -1; key.number <= MANY; key.number++) {
		n = RB_FIND(rb, &root->rb, &key);
		LENT_CHECK((n != NULL) == (key.number >= 0 && key.number < MANY));
		LENT_CHECK(!n || n->number == key.number);
	}
	RB_FOREACH(n, rb, &root->rb)
	LENT_CHECK(n->number == i++);
	LENT_CHECK(i == MANY);
	key.number = MANY / 2;
	LENT_CHECK(RB_NFIND(rb, &root->rb, &key)->number == MANY / 2);
	return 0;
}

static int find_in_splay(const void *data)
{
	struct root *root = (struct root *)(uintptr_t)data;
	struct node key = {.number = 3};

	LENT_CHECK(SPLAY_FIND(splay, &root->splay, &key));
	return 0;
}

int main(int argc, char **argv)
{
	static const struct lent tests[] = {
		{.name = "queues_are_read_by_another_program", .build = build, .read = read_queues},
		{.name = "a_red_black_tree_is_read_by_another_program", .build = build, .read = read_tree},
		{.name = "looking_into_a_splay_tree_writes", .build = build, .read = find_in_splay, .faults = true},
	};

	return lent_main(argc, argv, tests, sizeof(tests) / sizeof(*tests));
}
