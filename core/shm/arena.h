/* core/shm/arena.h - what sessions need of an arena: lending its blocks and announcing its memory.
 *
 * A block lives while its owner has not freed it or any loan of it is out. The struct outlives rill_arena_destroy() until the
 * last arena_hold() is dropped; it then answers arena_gone(), and unlending does nothing.
 */
#ifndef CORE_SHM_ARENA_H
#define CORE_SHM_ARENA_H

#include "wait/wait.h"

#include <rill/arena.h>

/* Embedded by who lends its blocks. */
struct arena_watcher {
	struct link link;
	void (*destroyed)(struct arena_watcher *w); /* it is unlinked before */
	void (*wanted)(struct arena_watcher *w);    /* arena_wants_back() has become true; may be NULL */
};

/* An arena for large messages: as rill_arena_create(), pool allocator, nothing reserved ahead at create. */
int arena_create_plain(struct rill_arena **ret_arena, struct rill_ctx *ctx, size_t capacity);

bool arena_gone(const struct rill_arena *a);
struct rill_ctx *arena_ctx(const struct rill_arena *a);
void arena_hold(struct rill_arena *a);
void arena_drop(struct rill_arena *a);
void arena_watch(struct rill_arena *a, struct arena_watcher *w); /* unwatch: link_remove(&w->link) */

void *arena_base(const struct rill_arena *a);
size_t arena_capacity(const struct rill_arena *a);
bool arena_shared(const struct rill_arena *a);                /* made with RILL_ARENA_PEERS_MAY_WRITE */
bool arena_placed(const struct rill_arena *a);                /* made with RILL_ARENA_SAME_ADDRESS */
int arena_invite(struct rill_arena *a, uint32_t *ret_number); /* shared: a descriptor for one more writer, or an errno */
int arena_fd(const struct rill_arena *a);                     /* the read-only descriptor to send; -1 after arena_close_fd() */
void arena_close_fd(struct rill_arena *a);                    /* no further session will be told of it */

/* One more loan of the block that holds [data, data + len). 0 and the block's begin;  -EINVAL  not within one live block. */
int arena_lend(struct rill_arena *a, const void *data, size_t len, void **ret_block);
bool arena_wants_back(const struct rill_arena *a);    /* something waits for loans to come back: have borrowers tell */
void arena_unlend(struct rill_arena *a, void *block); /* it came back, or its borrower is dead: may free the block */

/* A descriptor announced by a peer, mapped: at `at` if that is not 0 and the place is free, else anywhere; `shared`: for
 * writing, and a forked child does not have it. 0;
 * -EPROTO  not a memfd on tmpfs, not read-only (shared: for writing), not sealed as an arena must be (SHRINK | GROW |
 * SEAL), not of this capacity, and *ret_text says which;  -ENOMEM. The fd stays the caller's. */
int arena_map_peer(void **ret_base, int fd, uint64_t capacity, uint64_t at, bool shared, const char **ret_text);

#endif
