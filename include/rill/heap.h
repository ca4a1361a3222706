/* rill/heap.h - where the containers of rill/data.h take their memory: two calls, named by who builds.
 *
 * A heap is in private memory and is passed to each call that may take or give back memory; nothing of it is in the
 * structure. Three are here: an arena, one block of yours, and whatever you write two functions for.
 */
#ifndef RILL_HEAP_H
#define RILL_HEAP_H

#include <rill/arena.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rill_heap {
	void *(*alloc)(void *from, size_t len); /* at a multiple of 16, not cleared; NULL: there is none */
	void (*free)(void *from, void *block);  /* what alloc gave, once; never NULL */
	void *from;
};

static inline void *rill_heap_from_arena(void *arena, size_t len)
{
	return rill_arena_alloc((struct rill_arena *)arena, len);
}

static inline void rill_heap_to_arena(void *arena, void *block)
{
	rill_arena_free((struct rill_arena *)arena, block);
}

/* Each object is a block of the arena. What is lent is one block, so while a reader walks the others hold them, too: free
 * them in the destructor of the block that you lend. */
static inline struct rill_heap rill_arena_heap(struct rill_arena *a)
{
	struct rill_heap heap = {rill_heap_from_arena, rill_heap_to_arena, a};

	return heap;
}

/* One block that is filled from its begin: a structure that is built once, lent as one loan, and goes with its block. What
 * is freed is not used again. */
struct rill_bump {
	unsigned char *at;
	size_t left;
};

/* `block` at a multiple of 16; what is at its begin should be the root: rill_bump_take() it first. */
static inline void rill_bump_init(struct rill_bump *b, void *block, size_t len)
{
	b->at = (unsigned char *)block;
	b->left = len;
}

static inline void *rill_bump_take(struct rill_bump *b, size_t len)
{
	size_t room = (len + 15) & ~(size_t)15;
	unsigned char *at = b->at;

	if (room < len || room > b->left)
		return NULL;
	b->at += room;
	b->left -= room;
	return at;
}

static inline void *rill_heap_from_bump(void *bump, size_t len)
{
	return rill_bump_take((struct rill_bump *)bump, len);
}

static inline void rill_heap_to_bump(void *bump, void *block)
{
	(void)bump, (void)block;
}

static inline struct rill_heap rill_bump_heap(struct rill_bump *b)
{
	struct rill_heap heap = {rill_heap_from_bump, rill_heap_to_bump, b};

	return heap;
}

#ifdef __cplusplus
}
#endif
#endif
