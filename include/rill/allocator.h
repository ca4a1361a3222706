/* rill/allocator.h - who places blocks in an arena. Public, so that others plug in; most programs need none of this.
 *
 * An allocator hands out parts of one fixed range of addresses, the arena's. Its own records live outside that range, in
 * private memory (the range is readable by every borrower, and nothing in it may steer us). It never moves a block and
 * touches only pages that it has asked for.
 */
#ifndef RILL_ALLOCATOR_H
#define RILL_ALLOCATOR_H

#include <rill/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The range that an allocator works in, and how it gets and returns pages. Valid until its destroy() has returned. */
struct rill_space {
	size_t size;     /* sizeof(struct rill_space) */
	void *base;      /* page-aligned, at least 64 KiB-aligned */
	size_t capacity; /* a multiple of 64 KiB */
	void *space;     /* pass it to the two calls below */

	/* Back [offset, offset + len) with memory; both multiples of the page size. Idempotent. 0, or -ENOMEM: nothing can be
	 * relied on then. An allocator must have called it for a page before it hands out any byte of that page. */
	int (*reserve)(void *space, size_t offset, size_t len);

	/* Give the pages of [offset, offset + len) back to the system; they read as zero and count as not reserved
	 * afterwards. Only from trim(). 0 or a negative errno (nothing was given back). */
	int (*unreserve)(void *space, size_t offset, size_t len);
};

struct rill_allocator {
	size_t size; /* sizeof(struct rill_allocator) */
	const char *name;

	/* Begin on an empty range. 0 or a negative errno, which rill_arena_create() gives. */
	int (*create)(void **ret_self, const struct rill_space *space);
	/* All blocks are gone with it. It may run in a forked child, where the range is not mapped: free your own records,
	 * touch neither the range nor the space. */
	void (*destroy)(void *self);

	/* A block of at least len bytes (len > 0) at a multiple of alignment (a power of two, at least 16), or NULL. */
	void *(*alloc)(void *self, size_t alignment, size_t len);
	void (*free)(void *self, void *block); /* a block that alloc or resize gave, once */

	/* Grow or shrink in place: 0, or -ENOMEM where that is not possible. May be NULL: never possible. */
	int (*resize)(void *self, void *block, size_t len);

	/* The block that holds the address `inside` (anywhere in it) and its usable length.
	 *   0;  -ENOENT  no live block is there. It must be right for every address, ours or not. */
	int (*find)(void *self, const void *inside, void **ret_block, size_t *ret_len);

	/* Reserve ahead about `bytes` that no block uses yet; called from dispatch, so that alloc need not. May be NULL.
	 * Returns how many bytes were newly reserved. */
	size_t (*prepare)(void *self, size_t bytes);

	/* Give back up to `bytes` of pages that no block uses. Returns how many it was. May be NULL. */
	size_t (*trim)(void *self, size_t bytes);

	/* find() and free() in one: free the block that begins exactly here. 0;  -ENOENT  no live block begins here, nothing
	 * is done. Any address, as for find(). May be NULL: find(), then free(), which is also what comes if allocated() is. */
	int (*release)(void *self, void *block);

	/* The usable lengths of all live blocks together, as find() gives them. May take time by their number. May be NULL:
	 * it is counted from outside, which costs a find() in each alloc and free. */
	size_t (*allocated)(void *self);
};

/* The built-in one: size classes in 64 KiB slabs, larger blocks as page runs by two-level fit. Every call but trim is O(1);
 * the same calls give the same places. Alignment up to 64 KiB costs nothing, above that up to the alignment. */
RILL_API const struct rill_allocator *rill_pool_allocator(void);

#ifdef __cplusplus
}
#endif
#endif
