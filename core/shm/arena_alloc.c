/* core/shm/arena_alloc.c - blocks that are handed out, taken back, and ended.
 *
 *   LIVE -> (freed, while lent) -> (freed, not lent: its destructor waits) -> given back to the allocator
 *
 * Most blocks go straight to the end, and nothing is recorded of them here: the allocator knows what is live. One that is
 * lent or has a destructor has a record in `blocks`; that record, not the allocator, says whether its owner has let go.
 * The allocator never sees a block freed that is lent or whose destructor has not returned.
 */
#include "shm/arena_state.h"

#include <string.h>

#define ALIGNMENT_MIN ((size_t)16)
#define ALIGNMENT_MAX ((size_t)1 << 30)

typedef void destructor_fn(void *block, void *user);

/* ---- handing out and giving back ------------------------------------------------------------------------------- */

static size_t length_of(const struct rill_arena *a, const void *block)
{
	size_t len = 0;

	(void)arena_find(a, block, &len);
	return len;
}

static void *starve(struct rill_arena *a)
{
	a->starved = a->space != NULL;
	if (a->starved)
		arena_ask_back(a);
	a->came_back = false;
	return NULL;
}

/* What few calls need. Apart, so that the others save no registers for it. */
static __attribute__((noinline)) void *taken(struct rill_arena *a, void *block)
{
	if (!block)
		return starve(a);
	if (a->counts)
		a->allocated += length_of(a, block);
	if (a->low)
		arena_wake(a);
	a->more = a->counts;
	return block;
}

static inline void *take(struct rill_arena *a, size_t alignment, size_t len)
{
	void *block;

	if (len > a->pages.capacity)
		return NULL;
	block = a->allocator.alloc(a->self, alignment, len + !len);
	return !block || a->more ? taken(a, block) : block;
}

static void give_back(struct rill_arena *a, void *block, size_t len)
{
	if (a->flags & RILL_ARENA_WIPE)
		memset(block, 0, len);
	a->allocator.free(a->self, block);
	a->allocated -= len;
	if (a->starved)
		arena_came_back(a);
}

/* ---- the end of a block that has a record ---------------------------------------------------------------------- */

/* Nothing is known of the block any more but that it was handed out. */
static void *forget(struct rill_arena *a, uint32_t i)
{
	void *block = a->pages.base + a->blocks.all[i].offset;

	blocks_remove(&a->blocks, i);
	return block;
}

static void wait_for_turn(struct rill_arena *a, uint32_t i)
{
	if (a->waiting_first == NO_BLOCK)
		a->waiting_first = i;
	else
		a->blocks.all[a->waiting_last].next = i;
	a->waiting_last = i;
	a->blocks.all[i].next = NO_BLOCK;
	arena_wake(a);
}

void arena_end_block(struct rill_arena *a, uint32_t i)
{
	void *block;

	if (a->blocks.all[i].destructor) {
		wait_for_turn(a, i);
		return;
	}
	block = forget(a, i);
	give_back(a, block, length_of(a, block));
}

static void run_destructor(struct rill_arena *a, uint32_t i)
{
	struct block *b = &a->blocks.all[i];
	destructor_fn *destructor = b->destructor;

	b->destructor = NULL; /* once; and it may add blocks, which moves b */
	destructor(a->pages.base + b->offset, b->user);
}

bool arena_run_waiting(struct rill_arena *a)
{
	uint32_t i = a->waiting_first;

	if (i == NO_BLOCK)
		return false;
	a->waiting_first = a->blocks.all[i].next;
	run_destructor(a, i);
	if (!a->gone)
		arena_end_block(a, i);
	return true;
}

void arena_run_all(struct rill_arena *a)
{
	uint32_t i;

	a->ending = false;
	while (arena_run_waiting(a))
		;
	for (i = 0; i < a->blocks.room; i++)
		if (a->blocks.all[i].live && a->blocks.all[i].destructor)
			run_destructor(a, i);
}

/* ---- letting go ------------------------------------------------------------------------------------------------ */

static void let_go(struct rill_arena *a, uint32_t i)
{
	if (a->blocks.all[i].freed)
		return;
	a->blocks.all[i].freed = true;
	if (!a->blocks.all[i].loans) { /* L1: lent: at the last return, arena_unlend() */
		arena_end_block(a, i);
	} else if (a->blocks.all[i].destructor) {
		a->due++;
		arena_ask_back(a);
	}
}

static __attribute__((noinline)) void find_and_give_back(struct rill_arena *a, void *block)
{
	size_t len;

	if (arena_find(a, block, &len) == block)
		give_back(a, block, len);
}

/* The same for a block of which nothing is recorded, if it is one at all. */
static inline void let_go_plain(struct rill_arena *a, void *block)
{
	if (!a->allocator.release || a->starved)
		find_and_give_back(a, block);
	else
		a->allocator.release(a->self, block);
}

static __attribute__((noinline)) void release(struct rill_arena *a, void *block)
{
	uint32_t i = blocks_find(&a->blocks, arena_offset(a, block));

	if (i == NO_BLOCK)
		let_go_plain(a, block);
	else
		let_go(a, i);
}

static bool add_destructor(struct rill_arena *a, void *block, destructor_fn *destructor, void *user)
{
	uint32_t i = blocks_add(&a->blocks, arena_offset(a, block));

	if (i == NO_BLOCK)
		return false;
	a->blocks.all[i].destructor = destructor;
	a->blocks.all[i].user = user;
	return true;
}

/* No memory for its record. A failure like any other: space() follows when another block comes back. */
static void *refuse(struct rill_arena *a, void *block)
{
	give_back(a, block, length_of(a, block));
	return starve(a);
}

/* ---- alloc and free -------------------------------------------------------------------------------------------- */

void *rill_arena_alloc(struct rill_arena *a, size_t len)
{
	return arena_usable(a) ? take(a, ALIGNMENT_MIN, len) : NULL;
}

void *rill_arena_alloc_aligned(struct rill_arena *a, size_t alignment, size_t len)
{
	if (!arena_usable(a) || !alignment || (alignment & (alignment - 1)) || alignment > ALIGNMENT_MAX)
		return NULL;
	return take(a, alignment > ALIGNMENT_MIN ? alignment : ALIGNMENT_MIN, len);
}

void *rill_arena_alloc_with(struct rill_arena *a, size_t len, destructor_fn *destructor, void *user)
{
	void *block = rill_arena_alloc(a, len);

	if (!block || !destructor || add_destructor(a, block, destructor, user))
		return block;
	return refuse(a, block);
}

static bool resize_in_place(struct rill_arena *a, void *block, size_t had, size_t len)
{
	size_t has;

	if (a->allocator.resize ? a->allocator.resize(a->self, block, len) < 0 : len > had)
		return false;
	has = length_of(a, block);
	if ((a->flags & RILL_ARENA_WIPE) && has < had)
		memset((char *)block + has, 0, had - has);
	a->allocated += has - had;
	if (has < had)
		arena_came_back(a);
	arena_wake(a);
	return true;
}

static void *move(struct rill_arena *a, void *block, size_t had, size_t len)
{
	uint32_t i = blocks_find(&a->blocks, arena_offset(a, block));
	void *to = take(a, ALIGNMENT_MIN, len);

	if (!to)
		return NULL;
	if (i != NO_BLOCK && a->blocks.all[i].destructor) {
		const struct block *b = &a->blocks.all[i];

		if (!add_destructor(a, to, b->destructor, b->user))
			return refuse(a, to);
		a->blocks.all[i].destructor = NULL;
	}
	memcpy(to, block, had < len ? had : len);
	release(a, block);
	return to;
}

void *rill_arena_realloc(struct rill_arena *a, void *block, size_t len)
{
	const struct block *b = NULL;
	size_t had;
	uint32_t i;

	if (!block)
		return rill_arena_alloc(a, len);
	if (!arena_usable(a) || arena_find(a, block, &had) != block || len > a->pages.capacity)
		return NULL;
	len = len ? len : 1;
	i = blocks_find(&a->blocks, arena_offset(a, block));
	if (i != NO_BLOCK)
		b = &a->blocks.all[i];
	if (b && b->freed)
		return NULL;
	if (b && len < b->lent_end)
		return move(a, block, had, len);
	return resize_in_place(a, block, had, len) ? block : move(a, block, had, len);
}

void rill_arena_free(struct rill_arena *a, void *block)
{
	if (!block || !arena_usable(a))
		return;
	if (a->blocks.count)
		release(a, block);
	else
		let_go_plain(a, block);
}
