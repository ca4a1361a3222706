/* core/shm/ring.c - the single-producer single-consumer byte ring. Invariants: the word at wpos is always zero, so the
 * consumer stops there; a frame is published by one word, stored last; a header is loaded once and used from the copy. */
#include "shm/ring.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Producer -------------------------------------------------------------------------------------------------- */

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

/* Full as far as we know: look again, then arm, then look once more. */
static int wait_for_room(struct ring_out *r, uint64_t need)
{
	int e = look_at_pos(r);

	if (e < 0 || ring_fits(r, need))
		return e;
	arm_bump(&r->space);                       /* S1 */
	atomic_thread_fence(memory_order_seq_cst); /* S2: warm before the second look; twin F1 in ring_publish() */
	e = look_at_pos(r);                        /* S3 */
	if (e < 0 || ring_fits(r, need))
		return e;
	r->need = need;
	return -EAGAIN;
}

int ring_reserve(struct ring_out *r, uint64_t frame)
{
	int e = ring_reserve_known(r, frame) ? 0 : wait_for_room(r, ring_pad(r, frame) + frame + 8);

	if (e == 0)
		ring_reserve_known(r, frame);
	return e;
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

static inline bool header_sane(uint64_t h)
{
	unsigned kind = WIRE_KIND(h);

	return WIRE_MARK_OF(h) == WIRE_MARK && kind >= WIRE_MESSAGE && kind <= WIRE_VOID &&
	       !(WIRE_FLAGS(h) & ~(unsigned)(WIRE_HAS_TAG | WIRE_HAS_FDS));
}

int ring_judge(struct ring_in *r, uint64_t h, uint64_t *ret_header)
{
	uint64_t off = r->rpos & (r->size - 1);

	if (!h)
		return -EAGAIN;
	if (WIRE_KIND(h) == WIRE_PAD) {
		/* Only at the end, exactly to the end, never two in a row: recv stays bounded. */
		if (off == 0 || h != wire_header(WIRE_PAD, 0, 0, (uint32_t)(r->size - off - 8)))
			return -EPROTO;
		h = peer_acquire(ring_in_word(r, 0));
		if (!h || WIRE_KIND(h) == WIRE_PAD)
			return -EPROTO; /* the writer stored it before the pad */
		r->rpos += r->size - off;
	}
	if (!header_sane(h) || !ring_holds(r, h))
		return -EPROTO;
	*ret_header = h;
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

int ring_take_other(struct ring_in *r, uint64_t header, uint64_t *ret_held)
{
	int e = grow_held(r);

	return e < 0 ? e : ring_take(r, header, ret_held);
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

bool ring_release_any(struct ring_in *r, uint64_t held)
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
