/* rill/alloc_names.h - existing C libraries in an arena, unchanged: the names by which they let their allocator be chosen.
 *
 *   static struct rill_arena *arena;
 *   #define RILL_ALLOC_FROM arena             any expression that gives a struct rill_arena *, evaluated at each call
 *   #include <rill/alloc_names.h>
 *   #include <uthash.h>                       or htslib/khash.h, or stb/stb_ds.h with STB_DS_IMPLEMENTATION
 *
 * Include it before them, where the owner builds; a file that only reads needs none of it. Their pointers are native: the
 * arena is one with RILL_ARENA_SAME_ADDRESS, the borrower asked for same_address. docs/structures.md has each library's
 * rules: which of its lookups write, what it does when there is no memory.
 *
 * What allocates nothing (sys/queue.h, sys/tree.h) needs no names: take the nodes, and the head, from the arena.
 */
#ifndef RILL_ALLOC_NAMES_H
#define RILL_ALLOC_NAMES_H

#include <rill/arena.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* calloc(): NULL if there is no memory, or count * size is above SIZE_MAX. */
static inline void *rill_arena_calloc(struct rill_arena *a, size_t count, size_t size)
{
	size_t len;
	void *block;

	if (__builtin_mul_overflow(count, size, &len) || !(block = rill_arena_alloc(a, len)))
		return NULL;
	return memset(block, 0, len);
}

#ifdef __cplusplus
}
#endif

/* uthash. Without HASH_NONFATAL_OOM it ends the process when there is no memory. */
#define uthash_malloc(len) rill_arena_alloc(RILL_ALLOC_FROM, (len))
#define uthash_free(block, len) rill_arena_free(RILL_ALLOC_FROM, (block))
#define HASH_NONFATAL_OOM 1

/* khash and what else is of klib */
#define kmalloc(len) rill_arena_alloc(RILL_ALLOC_FROM, (len))
#define kcalloc(count, size) rill_arena_calloc(RILL_ALLOC_FROM, (count), (size))
#define krealloc(block, len) rill_arena_realloc(RILL_ALLOC_FROM, (block), (len))
#define kfree(block) rill_arena_free(RILL_ALLOC_FROM, (block))

/* stb_ds: they count where STB_DS_IMPLEMENTATION is defined. */
#define STBDS_REALLOC(context, block, len) rill_arena_realloc(RILL_ALLOC_FROM, (block), (len))
#define STBDS_FREE(context, block) rill_arena_free(RILL_ALLOC_FROM, (block))

#endif
