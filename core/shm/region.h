/* core/shm/region.h - a session's shared memory: ours (the only writer is us) and the peer's (read-only). */
#ifndef CORE_SHM_REGION_H
#define CORE_SHM_REGION_H

#include "shm/ring.h"

struct region {
	union {
		char *base;            /* ours */
		const PEER char *peer; /* the peer's */
	};
	struct wire_head head; /* private copy */
};

/* Make ours: memfd, sized, mapped once, sealed. `fd` to be sent is read-only; the caller closes it.
 *   -EFBIG above RLIMIT_FSIZE;  -ENOMEM  -EMFILE  -ENFILE */
int region_create(struct region *ret_region, int *ret_fd, uint32_t channels, uint32_t loans, uint64_t ring_bytes);

/* Map a peer's. It must be sealed, on tmpfs, of the announced size, at most `limit`, and of a sane layout.
 *   -EPROTO and *ret_text says what is wrong;  -ENOMEM */
int region_map_peer(struct region *ret_region, int fd, uint64_t size, uint64_t limit, const char **ret_text);

int region_populate_channel(const struct region *r, uint32_t index); /* -ENOMEM: no memory behind its ring */

void region_unmap(struct region *r);

static inline struct wire_channel *region_channel(const struct region *r, uint32_t index)
{
	return (struct wire_channel *)(void *)(r->base + r->head.channels_offset) + index;
}

static inline peer_words region_peer_word(const struct region *r, uint64_t offset)
{
	return peer_at(r->peer, offset);
}

static inline uint64_t region_ring_offset(const struct region *r, uint32_t index)
{
	return r->head.rings_offset + index * r->head.ring_bytes;
}

/* Tie a doorbell, or both rings of one channel, to the two regions. Arms and positions start as the protocol says. */
void region_bind_bell(struct bell *b, const struct region *mine, const struct region *theirs);
void region_bind_rings(struct ring_out *out, struct ring_in *in, const struct region *mine, const struct region *theirs,
                       uint32_t index);

#endif
