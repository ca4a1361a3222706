/* adapters/jemalloc/heap.h - the records of one arena, for the files that this adapter is made of: heap.c (its life, and
 * jemalloc's), pages.c (what is backed), live.c (which blocks are live), ../jemalloc.c (the calls). All in private memory.
 */
#ifndef ADAPTERS_JEMALLOC_HEAP_H
#define ADAPTERS_JEMALLOC_HEAP_H

#include <rill/allocator.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JEMALLOC_NO_RENAME /* its functions are je_*; the build renames them so, and makes them local */
#include <jemalloc/jemalloc.h>

#define GRAIN_SHIFT 4 /* of block addresses */
#define GRAIN ((size_t)1 << GRAIN_SHIFT)
#define TIERS 7 /* 64^7 grains are more than an arena can have */
#define STEP ((size_t)256 << 10)
#define LARGE_MIN ((size_t)16 << 10) /* jemalloc's smallest large class */

#define SMALL_MAX ((size_t)14 << 10) /* one step above is LARGE_MIN */
#define CLASSES 64
#define KEPT_MAX 32 /* blocks of a class, */
#define KEPT_BYTES ((size_t)32 << 10)

/* A page: not backed; backed and free; jemalloc's. Where a small block begins that we have handed out: TAKEN and its class. */
enum { FRESH, READY, TAKEN };

/* Blocks of one size that were freed last. */
struct kept {
	uint32_t count, max;
	void *block[KEPT_MAX];
};

struct heap {
	char *base;
	size_t capacity;
	uint64_t *live[TIERS]; /* live[0]: block begins. live[n + 1]: words of live[n] that may be non-zero */
	void *last;            /* the block freed last: its bit is still set. NULL: none, or it was taken again */
	unsigned last_class;   /* CLASSES: none */
	int flags;             /* for je_*x(): our arena, its cache */
	bool loose;            /* something went below `last` since gather() */
	bool giving;           /* create: jemalloc is being given the range, */
	size_t given;          /* and has these bytes */

	unsigned char *page;
	unsigned page_shift;
	size_t pages;
	size_t ready; /* pages that are READY */
	size_t left;  /* that are FRESH, but for the first and the last */
	size_t fresh; /* no other one below it is */

	unsigned arena, cache;
	unsigned top; /* the tier that is one word */
	size_t bytes; /* of this mapping */
	struct rill_space space;
	extent_hooks_t hooks;

	unsigned char class_of[SMALL_MAX / GRAIN + 1]; /* by length in grains; from 1 */
	struct kept kept[CLASSES];
};

static inline size_t offset_of(const struct heap *h, const void *at)
{
	return (uintptr_t)at - (uintptr_t)h->base;
}

static inline unsigned class_of(const struct heap *h, size_t len)
{
	return h->class_of[(len + GRAIN - 1) >> GRAIN_SHIFT];
}

static inline size_t page_of(const struct heap *h, const void *at)
{
	return (size_t)((const char *)at - h->base) >> h->page_shift;
}

/* ---- live.c ---------------------------------------------------------------------------------------------------- */

size_t live_words(size_t capacity, unsigned tier); /* of live[tier] */
void live_tell(struct heap *h, size_t word);       /* this word of live[0] is not zero any more */
bool live_below(struct heap *h, size_t offset, size_t *ret_offset);
size_t live_bytes(const struct heap *h);

static inline bool is_live(const struct heap *h, size_t offset)
{
	size_t i = offset >> GRAIN_SHIFT;

	if (offset >= h->capacity || offset % (1u << GRAIN_SHIFT))
		return false;
	return h->live[0][i / 64] >> (i % 64) & 1;
}

static inline void live_add(struct heap *h, size_t offset)
{
	size_t i = offset >> GRAIN_SHIFT;
	uint64_t *at = &h->live[0][i / 64], had = *at;

	*at = had | UINT64_C(1) << (i % 64);
	if (!had)
		live_tell(h, i / 64);
}

static inline void live_remove(struct heap *h, size_t offset)
{
	size_t i = offset >> GRAIN_SHIFT;

	h->live[0][i / 64] &= ~(UINT64_C(1) << (i % 64));
}

/* ---- pages.c --------------------------------------------------------------------------------------------------- */

extern const extent_hooks_t pages_hooks;
size_t pages_prepare(struct heap *h, size_t bytes);
size_t pages_trim(struct heap *h, size_t bytes);

/* ---- heap.c ---------------------------------------------------------------------------------------------------- */

int heap_create(void **ret_self, const struct rill_space *space);
void heap_destroy(void *self);
void heap_keep_last(struct heap *h); /* there is one; it is none any more */
void heap_gather(struct heap *h);

static inline bool heap_loose(const struct heap *h) /* is there anything to gather? */
{
	return h->last || h->loose;
}

#endif
