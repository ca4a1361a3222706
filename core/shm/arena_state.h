/* core/shm/arena_state.h - the struct of an arena, for the files that it is made of: arena.c (its life), arena_alloc.c (its
 * blocks), arena_lend.c (its loans). */
#ifndef CORE_SHM_ARENA_STATE_H
#define CORE_SHM_ARENA_STATE_H

#include "shm/arena.h"
#include "shm/blocks.h"
#include "shm/pages.h"
#include "shm/writer.h"

#include <rill/allocator.h>

struct rill_arena {
	const volatile int *state; /* the ctx's, an enum ctx_state; once the arena is gone, one that is not CTX_LIVE */
	struct source source;
	struct rill_ctx *ctx; /* referenced */
	unsigned refs;
	unsigned flags;

	struct pages pages;
	struct rill_writer writer;  /* us; base NULL: nobody else writes */
	uint32_t writers;           /* the last number given to one */
	struct address_claim claim; /* of its place, until nobody that we know of has it mapped there */
	struct rill_allocator allocator;
	void *self;       /* the allocator's */
	size_t allocated; /* counted if it does not: */
	bool counts;

	struct blocks blocks;
	uint32_t lent;                        /* how many */
	uint32_t due;                         /* of these: freed, and a destructor waits for their loans */
	uint32_t waiting_first, waiting_last; /* freed ones whose destructor is to run, a list */

	bool gone;      /* destroyed, or its ctx is */
	bool ending;    /* rill_arena_destroy() was called: destructors are still to run */
	bool refused;   /* reserve() has failed */
	bool low;       /* alloc has used up some of what is reserved ahead */
	bool more;      /* counts, or low is new: the next alloc has more to do than to ask the allocator */
	bool starved;   /* alloc has failed; */
	bool came_back; /* and since then something came back */

	struct link watchers;
	void (*space)(struct rill_arena *a, void *user);
	void *user;
};

static inline bool arena_usable(const struct rill_arena *a)
{
	return a && *a->state == CTX_LIVE;
}

/* Any number for what is not in the arena. */
static inline size_t arena_offset(const struct rill_arena *a, const void *block)
{
	return (size_t)((uintptr_t)block - (uintptr_t)a->pages.base);
}

/* The live block that holds an address, whoever gave us that. NULL: none. */
static inline void *arena_find(const struct rill_arena *a, const void *inside, size_t *ret_len)
{
	void *block;

	return a->allocator.find(a->self, inside, &block, ret_len) < 0 ? NULL : block;
}

/* arena.c */
void arena_wake(struct rill_arena *a);      /* if there is something to do */
void arena_came_back(struct rill_arena *a); /* some bytes or a block */
void arena_ask_back(struct rill_arena *a);  /* tell watchers that loans are wanted back */

/* arena_alloc.c */
void arena_end_block(struct rill_arena *a, uint32_t i); /* let go of by its owner, and no loan is out */
bool arena_run_waiting(struct rill_arena *a);           /* the next destructor that waits, if any */
void arena_run_all(struct rill_arena *a); /* the arena ends: those, then those of the blocks that nobody has freed */

#endif
