/* core/shm/peer.h - the only place where memory that a peer can change is read. Such memory is typed PEER: clang refuses to
 * dereference it (noderef), so that each word is loaded here, once, and used from the private copy afterwards. */
#ifndef CORE_SHM_PEER_H
#define CORE_SHM_PEER_H

#include "wire.h"

#include <stddef.h>

#if defined(__clang__)
#define PEER __attribute__((noderef))
#else
#define PEER
#endif

typedef const PEER wire_word *peer_words; /* in the peer's region, mapped read-only */

static inline uint64_t peer_load(peer_words p)
{
	return atomic_load_explicit((wire_word *)(uintptr_t)p, memory_order_relaxed);
}

static inline uint64_t peer_acquire(peer_words p)
{
	return atomic_load_explicit((wire_word *)(uintptr_t)p, memory_order_acquire);
}

static inline peer_words peer_at(const PEER void *base, uint64_t offset)
{
	return (peer_words)((const PEER char *)base + offset);
}

/* A stable copy of the region's head. */
static inline struct wire_head peer_head(const PEER void *base)
{
	union {
		struct wire_head head;
		uint64_t words[sizeof(struct wire_head) / 8];
	} copy;

	for (size_t i = 0; i < sizeof(copy) / 8; i++)
		copy.words[i] = peer_load(peer_at(base, i * 8));
	return copy.head;
}

/* Payload for the user, who is told (rill/msg.h) that it may change. We never read it. */
static inline const void *peer_payload(const PEER void *p)
{
	return (const void *)(uintptr_t)p;
}

#endif
