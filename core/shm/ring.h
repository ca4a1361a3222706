/* core/shm/ring.h - one direction of one channel: ring_out where we send (in our region), ring_in where we receive (in the
 * peer's, read-only). Positions run freely; they, the arms and the rungs carry over when a channel's index is used again.
 * docs/protocol.md, "Producer" and "Consumer"; proven by tests/model/bell1.pml, space.pml, duplex.pml. */
#ifndef CORE_SHM_RING_H
#define CORE_SHM_RING_H

#include "shm/bell.h"

#include <sys/types.h>

#define RING_ALIGN(n) (((n) + 7) & ~UINT64_C(7))

struct ring_out {
	wire_word *words;
	uint64_t size;      /* power of two */
	uint64_t wpos;      /* where the next frame goes */
	uint64_t cpos;      /* the peer has freed up to here, as far as we know */
	uint64_t need;      /* bytes from wpos on that the refused reservation wants */
	uint32_t pad;       /* of the reservation: bytes skipped at the end of the ring */
	uint32_t frame;     /* of the reservation: bytes reserved; 0: none is open */
	struct rung reader; /* the peer's carm: it takes the ring for empty */
	struct arm space;   /* our warm: we wait for room */
	peer_words pos;     /* how far the peer has freed */
	uint64_t high;      /* most bytes not freed, when it was looked at */
};

struct ring_in {
	peer_words words;
	uint64_t size;
	uint64_t rpos;       /* the next frame to take */
	uint64_t freed;      /* everything before it was released */
	uint64_t published;  /* `freed` as the peer knows it */
	struct arm data;     /* our carm */
	struct rung writer;  /* the peer's warm */
	wire_word *pos;      /* ours: `published` */
	uint64_t *held;      /* frames taken and not freed, oldest first: end | released */
	uint64_t head, tail; /* sequence numbers of the oldest held frame and of the next */
	uint32_t held_size;  /* of held[], a power of two, or 0 */
};

/* Largest frame, header included: a quarter ring. */
static inline uint64_t ring_frame_max(uint64_t size)
{
	return size / 4;
}

/* Room for a frame of `frame` bytes (header included, a multiple of 8, at most ring_frame_max()).
 * 0;  -EAGAIN: full, and the space arm is set: a SPACE entry follows;  -EPROTO: the peer's position lies. */
int ring_reserve(struct ring_out *r, uint64_t frame);

/* Where the reserved frame's header goes. Extension words and payload follow it. */
static inline wire_word *ring_room(const struct ring_out *r)
{
	return &r->words[((r->wpos + r->pad) & (r->size - 1)) / 8];
}

static inline void ring_cancel(struct ring_out *r)
{
	r->frame = 0;
}

void ring_commit(struct ring_out *r, uint64_t header); /* WIRE_LEN(header) within the reservation */

/* After one or more commits: does the peer take the ring for empty? Then push DATA. */
bool ring_check(struct ring_out *r);

/* After a SPACE entry (or to try again): 1 what was refused fits now, 0 armed again, -EPROTO. */
int ring_space(struct ring_out *r);

bool ring_drained(struct ring_out *r); /* the peer has freed everything */

/* Ask for a SPACE entry when the peer frees more; ring_drained() must be looked at after it. */
void ring_want_drain(struct ring_out *r);

/* Is there a frame (or what claims to be one)? A hint: nothing is checked. */
static inline bool ring_waits(const struct ring_in *r)
{
	return peer_load(r->words + (r->rpos & (r->size - 1)) / 8) != 0;
}

/* The next frame: 0, its header and where it begins;  -EAGAIN: none;  -EPROTO. A pad is skipped, the frame is not. */
int ring_next(struct ring_in *r, uint64_t *ret_header, uint64_t *ret_offset);

/* Take the frame that ring_next() gave: it is held under the sequence number *ret_held.  -ENOMEM: not taken. */
int ring_take(struct ring_in *r, uint64_t header, uint64_t *ret_held);

/* Take it and let go of it at once. Consecutive ones need no memory.  -ENOMEM: not taken. */
int ring_skip(struct ring_in *r, uint64_t header);

/* Let go of a held frame. true: enough was freed to publish now. Unknown or released before: nothing. */
bool ring_release(struct ring_in *r, uint64_t held);

/* Publish what was freed, if anything. true: the peer waits for room, push SPACE. */
bool ring_publish(struct ring_in *r);

/* All that was taken is freed, and the peer knows. */
static inline bool ring_all_freed(const struct ring_in *r)
{
	return r->published == r->rpos;
}

void ring_finish(struct ring_in *r); /* free private memory */

#endif
