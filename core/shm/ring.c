/* core/shm/ring.c - the single-producer single-consumer byte ring. Invariants: the word at wpos is always zero, so the
 * consumer stops there; a frame is published by one word, stored last; a header is loaded once and used from the copy. */
#include "shm/ring.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Producer -------------------------------------------------------------------------------------------------- */

static inline wire_word *out_word(const struct ring_out *r, uint64_t at)
{
	return &r->words[(at & (r->size - 1)) / 8];
}

static int look_at_pos(struct ring_out *r)
{
	uint64_t c = peer_acquire(r->pos); /* acquire: the peer's reads of what it freed are done */

	if (c < r->cpos || c > r->wpos || c & 7)
		return -EPROTO;
	r->cpos = c;
	if (r->wpos - c > r->high)
		r->high = r->wpos - c;
	return 0;
}

static inline bool fits(const struct ring_out *r, uint64_t need)
{
	return r->wpos + need <= r->cpos + r->size;
}

/* Full as far as we know: look again, then arm, then look once more. */
static int wait_for_room(struct ring_out *r, uint64_t need)
{
	int e = look_at_pos(r);

	if (e < 0 || fits(r, need))
		return e;
	arm_bump(&r->space);                       /* S1 */
	atomic_thread_fence(memory_order_seq_cst); /* S2: warm before the second look; twin F1 in ring_publish() */
	e = look_at_pos(r);                        /* S3 */
	if (e < 0 || fits(r, need))
		return e;
	r->need = need;
	return -EAGAIN;
}

int ring_reserve(struct ring_out *r, uint64_t frame)
{
	uint64_t tail = r->size - (r->wpos & (r->size - 1));
	uint64_t pad = frame > tail ? tail : 0;
	uint64_t need = pad + frame + 8; /* 8: the next header must be free too */

	if (!fits(r, need)) {
		int e = wait_for_room(r, need);

		if (e < 0)
			return e;
	}
	r->pad = (uint32_t)pad;
	r->frame = (uint32_t)frame;
	return 0;
}

/* The reader may still share the line that the next commit will clear; asked for now, it is ours by then. */
#if defined(__x86_64__)
#define TAKE_LINE(p) __asm__("prefetchw %0" : : "m"(*(const char *)(p)))
#else
#define TAKE_LINE(p) __builtin_prefetch(p, 1)
#endif

void ring_commit(struct ring_out *r, uint64_t header)
{
	uint64_t begin = r->wpos + r->pad;
	uint64_t next = begin + RING_ALIGN(8 + (uint64_t)WIRE_LEN(header));

	atomic_store_explicit(out_word(r, next), 0, memory_order_relaxed);
	if (r->pad) {
		atomic_store_explicit(out_word(r, begin), header, memory_order_relaxed); /* frame first ... */
		header = wire_header(WIRE_PAD, 0, 0, r->pad - 8);
	}
	atomic_store_explicit(out_word(r, r->wpos), header, memory_order_release); /* ... then the word that publishes: P1 */
	r->wpos = next;
	r->frame = 0;
	TAKE_LINE(out_word(r, next + WIRE_LINE));
}

bool ring_check(struct ring_out *r)
{
	atomic_thread_fence(memory_order_seq_cst); /* P2: the header before the load of carm; twin R3 in session_rest() */
	return rung_take(&r->reader);              /* P3 */
}

int ring_space(struct ring_out *r)
{
	int e = wait_for_room(r, r->need);

	return e == -EAGAIN ? 0 : e < 0 ? e : 1;
}

bool ring_drained(struct ring_out *r)
{
	return look_at_pos(r) == 0 && r->cpos == r->wpos;
}

void ring_want_drain(struct ring_out *r)
{
	arm_bump(&r->space);
	atomic_thread_fence(memory_order_seq_cst); /* as S2: warm before the look that follows; twin F1 in ring_publish() */
}

/* ---- Consumer -------------------------------------------------------------------------------------------------- */

static inline peer_words in_word(const struct ring_in *r, uint64_t offset)
{
	return r->words + offset / 8;
}

static inline bool header_sane(uint64_t h)
{
	unsigned kind = WIRE_KIND(h);

	return WIRE_MARK_OF(h) == WIRE_MARK && kind >= WIRE_MESSAGE && kind <= WIRE_VOID &&
	       !(WIRE_FLAGS(h) & ~(unsigned)(WIRE_HAS_TAG | WIRE_HAS_FDS));
}

int ring_next(struct ring_in *r, uint64_t *ret_header, uint64_t *ret_offset)
{
	uint64_t off = r->rpos & (r->size - 1);
	uint64_t h = peer_acquire(in_word(r, off)); /* the only load of this header */
	uint64_t frame;

	if (!h)
		return -EAGAIN;
	if (WIRE_KIND(h) == WIRE_PAD) {
		/* Only at the end, exactly to the end, never two in a row: recv stays bounded. */
		if (off == 0 || h != wire_header(WIRE_PAD, 0, 0, (uint32_t)(r->size - off - 8)))
			return -EPROTO;
		h = peer_acquire(in_word(r, 0));
		if (!h || WIRE_KIND(h) == WIRE_PAD)
			return -EPROTO; /* the writer stored it before the pad */
		r->rpos += r->size - off;
		off = 0;
	}
	frame = RING_ALIGN(8 + (uint64_t)WIRE_LEN(h));
	if (!header_sane(h) || frame > ring_frame_max(r->size) || off + frame > r->size)
		return -EPROTO;
	if (r->rpos + frame + 8 > r->published + r->size)
		return -EPROTO; /* he lapped frames that we still hold */
	*ret_header = h;
	*ret_offset = off;
	return 0;
}

static int grow_held(struct ring_in *r)
{
	uint32_t size = r->held_size ? r->held_size * 2 : 16;
	uint64_t *held = malloc(size * sizeof(*held));

	if (!held)
		return -ENOMEM;
	for (uint64_t i = r->head; i != r->tail; i++)
		held[i & (size - 1)] = r->held[i & (r->held_size - 1)];
	free(r->held);
	r->held = held;
	r->held_size = size;
	return 0;
}

int ring_take(struct ring_in *r, uint64_t header, uint64_t *ret_held)
{
	if (r->tail - r->head == r->held_size) {
		int e = grow_held(r);

		if (e < 0)
			return e;
	}
	r->rpos += RING_ALIGN(8 + (uint64_t)WIRE_LEN(header));
	r->held[r->tail & (r->held_size - 1)] = r->rpos;
	*ret_held = r->tail++;
	return 0;
}

int ring_skip(struct ring_in *r, uint64_t header)
{
	uint64_t end = r->rpos + RING_ALIGN(8 + (uint64_t)WIRE_LEN(header)), held;
	uint64_t *last = r->head == r->tail ? NULL : &r->held[(r->tail - 1) & (r->held_size - 1)];
	int e;

	if (last && !(*last & 1)) {
		e = ring_take(r, header, &held);
		if (e == 0)
			ring_release(r, held);
		return e;
	}
	r->rpos = end;
	if (last)
		*last = end | 1;
	else
		r->freed = end;
	return 0;
}

bool ring_release(struct ring_in *r, uint64_t held)
{
	uint64_t mask = r->held_size - 1;

	if (held - r->head >= r->tail - r->head || r->held[held & mask] & 1)
		return false;
	r->held[held & mask] |= 1;
	while (r->head != r->tail && r->held[r->head & mask] & 1)
		r->freed = r->held[r->head++ & mask] & ~UINT64_C(1);
	return r->freed - r->published >= r->size / 4;
}

bool ring_publish(struct ring_in *r)
{
	if (r->freed == r->published)
		return false;
	atomic_store_explicit(r->pos, r->freed, memory_order_release);
	r->published = r->freed;
	atomic_thread_fence(memory_order_seq_cst); /* F1: pos before the load of warm; twin S2 in wait_for_room() */
	return rung_take(&r->writer);              /* F2 */
}

void ring_finish(struct ring_in *r)
{
	free(r->held);
	r->held = NULL;
	r->held_size = 0;
	r->head = r->tail;
}
