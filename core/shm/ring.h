/* core/shm/ring.h - one direction of one channel: ring_out where we send (in our region), ring_in where we receive (in the
 * peer's, read-only). Positions run freely; they, the arms and the rungs carry over when a channel's index is used again.
 * docs/protocol.md, "Producer" and "Consumer"; proven by tests/model/bell1.pml, space.pml, duplex.pml. */
#ifndef CORE_SHM_RING_H
#define CORE_SHM_RING_H

#include "shm/bell.h"

#include <errno.h>

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

static inline wire_word *ring_out_word(const struct ring_out *r, uint64_t at)
{
	return &r->words[(at & (r->size - 1)) / 8];
}

static inline bool ring_fits(const struct ring_out *r, uint64_t need)
{
	return r->wpos + need <= r->cpos + r->size;
}

/* Bytes at the ring's end that a frame of that size does not fit into. */
static inline uint64_t ring_pad(const struct ring_out *r, uint64_t frame)
{
	uint64_t tail = r->size - (r->wpos & (r->size - 1));

	return frame > tail ? tail : 0;
}

/* Room for a frame of `frame` bytes (header included, a multiple of 8, at most ring_frame_max()), if there is some as far as
 * we know. false: nothing is reserved, ring_reserve() looks. */
static inline bool ring_reserve_known(struct ring_out *r, uint64_t frame)
{
	uint64_t pad = ring_pad(r, frame);

	if (!ring_fits(r, pad + frame + 8)) /* 8: the next header must be free too */
		return false;
	r->pad = (uint32_t)pad;
	r->frame = (uint32_t)frame;
	return true;
}

/* The same after a look at how far the peer is, if need be.
 * 0;  -EAGAIN: full, and the space arm is set: a SPACE entry follows;  -EPROTO: the peer's position lies. */
int ring_reserve(struct ring_out *r, uint64_t frame);

/* Where the reserved frame's header goes. Extension words and payload follow it. */
static inline wire_word *ring_room(const struct ring_out *r)
{
	return ring_out_word(r, r->wpos + r->pad);
}

static inline void ring_cancel(struct ring_out *r)
{
	r->frame = 0;
}

/* The reader may still share the line that the next commit will clear; asked for now, it is ours by then. */
#if defined(__x86_64__)
#define TAKE_LINE(p) __asm__("prefetchw %0" : : "m"(*(const char *)(p)))
#else
#define TAKE_LINE(p) __builtin_prefetch(p, 1)
#endif

/* WIRE_LEN(header) is within the reservation. */
static inline void ring_commit(struct ring_out *r, uint64_t header)
{
	uint64_t begin = r->wpos + r->pad;
	uint64_t next = begin + RING_ALIGN(8 + (uint64_t)WIRE_LEN(header));

	atomic_store_explicit(ring_out_word(r, next), 0, memory_order_relaxed);
	if (r->pad) {
		atomic_store_explicit(ring_out_word(r, begin), header, memory_order_relaxed); /* frame first ... */
		header = wire_header(WIRE_PAD, 0, 0, r->pad - 8);
	}
	/* ... then the word that publishes: P1 */
	atomic_store_explicit(ring_out_word(r, r->wpos), header, memory_order_release);
	r->wpos = next;
	r->frame = 0;
	TAKE_LINE(ring_out_word(r, next + WIRE_LINE));
}

/* After one or more commits: does the peer take the ring for empty? Then push DATA. */
static inline bool ring_check(struct ring_out *r)
{
	atomic_thread_fence(memory_order_seq_cst); /* P2: the header before the load of carm; twin R3 in turn.c */
	return rung_take(&r->reader);              /* P3 */
}

/* After a SPACE entry (or to try again): 1 what was refused fits now, 0 armed again, -EPROTO. */
int ring_space(struct ring_out *r);

bool ring_drained(struct ring_out *r); /* the peer has freed everything */

/* Ask for a SPACE entry when the peer frees more; ring_drained() must be looked at after it. */
void ring_want_drain(struct ring_out *r);

static inline peer_words ring_in_word(const struct ring_in *r, uint64_t at)
{
	return r->words + (at & (r->size - 1)) / 8;
}

/* Is there a frame (or what claims to be one)? A hint: nothing is checked. */
static inline bool ring_waits(const struct ring_in *r)
{
	return peer_load(ring_in_word(r, r->rpos)) != 0;
}

/* The word where the next frame begins, 0: none. It is loaded once: what it says is judged and used from the copy. */
static inline uint64_t ring_header(const struct ring_in *r)
{
	return peer_acquire(ring_in_word(r, r->rpos));
}

/* A frame of that header may lie at rpos: not over the end, not too large, and not over frames that we still hold. */
static inline bool ring_holds(const struct ring_in *r, uint64_t header)
{
	uint64_t frame = RING_ALIGN(8 + (uint64_t)WIRE_LEN(header));

	return frame <= ring_frame_max(r->size) && (r->rpos & (r->size - 1)) + frame <= r->size &&
	       r->rpos + frame + 8 <= r->published + r->size;
}

/* What ring_header() gave, judged: 0 and the header of the frame at rpos;  -EAGAIN: none;  -EPROTO. A pad before it is
 * skipped, the frame is not. */
int ring_judge(struct ring_in *r, uint64_t header, uint64_t *ret_header);

/* Both: the next frame, its header and where it begins. */
static inline int ring_next(struct ring_in *r, uint64_t *ret_header, uint64_t *ret_offset)
{
	int e = ring_judge(r, ring_header(r), ret_header);

	if (e == 0)
		*ret_offset = r->rpos & (r->size - 1);
	return e;
}

/* One more can be held without memory for it. */
static inline bool ring_has_place(const struct ring_in *r)
{
	return r->tail - r->head < r->held_size;
}

int ring_take_other(struct ring_in *r, uint64_t header, uint64_t *ret_held); /* for ring_take() alone */

/* Take the frame that was judged or that ring_holds(): it is held under the sequence number *ret_held.  -ENOMEM: not taken. */
static inline int ring_take(struct ring_in *r, uint64_t header, uint64_t *ret_held)
{
	if (!ring_has_place(r))
		return ring_take_other(r, header, ret_held);
	r->rpos += RING_ALIGN(8 + (uint64_t)WIRE_LEN(header));
	r->held[r->tail & (r->held_size - 1)] = r->rpos;
	*ret_held = r->tail++;
	return 0;
}

/* Take it and let go of it at once. Consecutive ones need no memory.  -ENOMEM: not taken. */
int ring_skip(struct ring_in *r, uint64_t header);

bool ring_release_any(struct ring_in *r, uint64_t held); /* for ring_release() alone */

/* Let go of a held frame. true: enough was freed to publish now. Unknown or released before: nothing. */
static inline bool ring_release(struct ring_in *r, uint64_t held)
{
	if (held != r->head || r->tail - held != 1)
		return ring_release_any(r, held);
	r->freed = r->held[held & (r->held_size - 1)]; /* the only one, and not released: it would not be held */
	r->head++;
	return r->freed - r->published >= r->size / 4;
}

/* The peer knows of all that was freed. */
static inline bool ring_told(const struct ring_in *r)
{
	return r->freed == r->published;
}

/* Publish what was freed, if anything. true: the peer waits for room, push SPACE. */
bool ring_publish(struct ring_in *r);

/* All that was taken is freed, and the peer knows. */
static inline bool ring_all_freed(const struct ring_in *r)
{
	return r->published == r->rpos;
}

void ring_finish(struct ring_in *r); /* free private memory */

#endif
