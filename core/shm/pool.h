/* core/shm/pool.h - what an arena asks of the built-in allocator beyond rill/allocator.h: its hot path in one call. */
#ifndef CORE_SHM_POOL_H
#define CORE_SHM_POOL_H

#include <rill/allocator.h>
#include <stdbool.h>

/* find() and free() in one: false, and nothing is done, if this is not the begin of a live block. */
bool pool_release(void *self, void *block);

size_t pool_allocated(const void *self); /* bytes of all blocks; costs time by their number */

#endif
