/* rill/jemalloc.h - jemalloc as the allocator of an arena (library librill-jemalloc).
 *
 * The library holds a private copy of jemalloc: the program's malloc, and a jemalloc of its own, stay what they are. It
 * starts no thread, registers nothing to run at exit or fork, prints nothing, and reads no configuration. All its records
 * are in private memory; it never touches a byte of the arena.
 *
 * An arena takes one of jemalloc's arenas and one of its caches, for whichever thread runs the ctx: 4094 at once.
 */
#ifndef RILL_JEMALLOC_H
#define RILL_JEMALLOC_H

#include <rill/allocator.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For rill_arena_options.allocator. rill_arena_create() then may also give
 *   -EINVAL  the arena's pages are not the ones that jemalloc was built for
 *   -ENOMEM  no memory for its records (about 150 KiB an arena), or there are too many arenas
 *   -ECHILD  in a forked child, when an arena of this kind lived, was made or was destroyed at the fork: exec, or use the pool
 * Two pages of the capacity, the first and the last, are never handed out; up to 12 KiB more where it does not divide. */
RILL_API const struct rill_allocator *rill_jemalloc_allocator(void);

#ifdef __cplusplus
}
#endif
#endif
