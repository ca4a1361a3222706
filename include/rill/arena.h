/* rill/arena.h - a heap in shared memory that can be lent: written by its owner, read in place by borrowers.
 *
 * Whoever is lent one block can read the whole arena, then and later: one arena per circle of trust. Borrowers cannot write
 * (their descriptor is read-only). Between processes of one uid that holds against accident, not against ptrace.
 * Holds one descriptor and `capacity` bytes of addresses; blocks are lent with rill_channel_sendmsg().
 */
#ifndef RILL_ARENA_H
#define RILL_ARENA_H

#include <rill/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RILL_ARENA_HUGE 1u     /* ask for transparent huge pages (a hint: docs/arena.md) */
#define RILL_ARENA_PREFAULT 2u /* reserve the whole capacity at create */
#define RILL_ARENA_WIPE 4u     /* clear blocks when they are freed (and no longer lent) */
/* At an address that borrowers can have it at, too: docs/same-address.md. One more descriptor (above 4 GiB in a window of
 * your own one for each 4 GiB touched). */
#define RILL_ARENA_SAME_ADDRESS 8u
/* Borrowers may write, anywhere in it, as we may: for processes that trust each other fully. It is lent in sessions alone
 * whose both users said `peers_may_write`. Locks: rill/lock.h. docs/shared-writing.md */
#define RILL_ARENA_PEERS_MAY_WRITE 16u

struct rill_arena_options {
	size_t size;     /* sizeof(struct rill_arena_options) */
	size_t capacity; /* of addresses, rounded up to 64 KiB; memory is taken as needed. Default 1 GiB, at most 1 TiB
	                  * (256 TiB of addresses are the machine's; valgrind maps at most about 32 GiB) */
	size_t ready; /* memory taken at create: no alloc within it waits for the kernel. Default 256 KiB, capacity at most */
	const struct rill_allocator *allocator; /* NULL: rill_pool_allocator(). Must outlive the arena */
	/* Told from dispatch: an alloc failed and something came back since. `user` must live as long as the arena. */
	void (*space)(struct rill_arena *a, void *user);
	void *user;
	unsigned flags; /* RILL_ARENA_* */

	/* With RILL_ARENA_SAME_ADDRESS, and only then: */
	uintptr_t base;         /* exactly here, a multiple of 64 KiB (2 MiB with HUGE). Default: anywhere in the window */
	uintptr_t window_begin; /* Default 0x200000000000 to 0x500000000000; where a thread or memory sanitizer is loaded */
	uintptr_t window_end;   /* 0x7e8000000000 to 0x7ef000000000. Places in it are multiples of 4 GiB at least */
};

struct rill_arena_usage {
	size_t size;      /* set by the caller */
	size_t reserved;  /* bytes backed by memory */
	size_t resident;  /* bytes in memory, as mincore() says; asking costs time by the capacity */
	size_t allocated; /* bytes handed out, rounded as the allocator does; asking costs time by what is in use */
	size_t lent;      /* blocks lent now */
};

/* Make an arena in ctx.
 *   -EINVAL  unknown flags, capacity above 1 TiB, an allocator without a required call; a base or window without the
 *            flag, unaligned, above 2^47, smaller than the capacity, or for which 16 claims do not do;   -E2BIG
 *   -EFBIG   capacity is above RLIMIT_FSIZE (SIGXFSZ would kill us)
 *   -EMFILE -ENFILE  no descriptor;   -ENOMEM  no address space (RLIMIT_AS, mlockall) or no memory for `ready`
 *   -EOPNOTSUPP  /proc is not mounted: without it a read-only descriptor cannot be made
 *   -EADDRINUSE  SAME_ADDRESS: base, or all of the window, is claimed by other arenas or in use in this process
 *   -EADDRNOTAVAIL  SAME_ADDRESS: a sanitizer is loaded that does not allow this base or window
 *   what bind() gave to the claim (a sandbox may forbid it)
 *   or what the allocator's create gave */
RILL_API int rill_arena_create(struct rill_arena **ret_arena, struct rill_ctx *ctx, const struct rill_arena_options *options);

/* A block of len bytes (0 counts as 1), 16-aligned, not cleared. NULL: capacity or memory is used up (space() follows when
 * some came back), in a forked child, or the arena is destroyed. Memory is reserved before it is handed out: touching a
 * block never faults for want of memory (but see docs/failure-memory.md on memory cgroups). */
RILL_API void *rill_arena_alloc(struct rill_arena *a, size_t len);

/* The same at a multiple of alignment (a power of two, at most 1 GiB; else NULL). */
RILL_API void *rill_arena_alloc_aligned(struct rill_arena *a, size_t alignment, size_t len);

/* The same with a destructor, run from a dispatch (or rill_arena_destroy()), once, when the block is freed and no longer
 * lent; the block's bytes are still there while it runs. It may call anything but rill_arena_destroy(). */
RILL_API void *rill_arena_alloc_with(struct rill_arena *a, size_t len, void (*destructor)(void *block, void *user), void *user);

/* Resize, moving if needed. A lent block is never resized in place to less than what is lent, and when it moves the old one
 * stays until the last loan is back. A destructor moves along, an alignment above 16 does not. NULL, and `block` stays as
 * it is: no room. block NULL: alloc; len 0: as 1. A pointer that is not a live block's begin: NULL. */
RILL_API void *rill_arena_realloc(struct rill_arena *a, void *block, size_t len);

/* Let go of a block: reused once its last loan is back. NULL, or what is not the begin of a live block: nothing. */
RILL_API void rill_arena_free(struct rill_arena *a, void *block);

/* Destructors run, the mapping and the descriptor go. What is lent stays readable for its borrowers as long as they hold it.
 * In a callback the same, but no destructor runs before the outermost dispatch returns. NULL: nothing. */
RILL_API void rill_arena_destroy(struct rill_arena *a);

/* Give up to `bytes` that no block uses back to the system now; returns how much it was. Never done inside alloc or free. */
RILL_API size_t rill_arena_trim(struct rill_arena *a, size_t bytes);

/* ret_usage->size must be set; a smaller one (an older program) gets fewer fields, and with 0 nothing is written. */
RILL_API void rill_arena_get_usage(const struct rill_arena *a, struct rill_arena_usage *ret_usage);

#ifdef __cplusplus
}
#endif
#endif
