/* tests/bench/floors/ring.h - a bare ring of one producer and one consumer: a header word publishes its frame, the consumer
 * says where it is each quarter ring and when it finds nothing. Trusts everything, wakes nobody. */
#ifndef TESTS_BENCH_FLOORS_RING_H
#define TESTS_BENCH_FLOORS_RING_H

#include "tests/bench/ends.h"

#include <stdatomic.h>

#define RING_HEAD 4096 /* before the bytes: the consumer's position, in a line of its own */

struct ring {
	_Atomic uint64_t *pos; /* how far the consumer has freed it */
	unsigned char *bytes;
	uint64_t size, mask; /* a power of two, and less one */
	uint64_t wpos, cpos; /* producer: written, known to be freed */
	uint64_t rpos, said; /* consumer: read, said to be freed */
};

static inline _Atomic uint64_t *ring_word(struct ring *r, uint64_t at)
{
	return (_Atomic uint64_t *)(void *)(r->bytes + at);
}

static inline uint64_t ring_frame(size_t len)
{
	return 8 + ((len + 7) & ~(size_t)7);
}

static inline void *ring_room(struct ring *r, size_t len)
{
	uint64_t at = r->wpos & r->mask, pad = at + ring_frame(len) > r->size ? r->size - at : 0;
	uint64_t need = pad + ring_frame(len) + 8;

	while (r->wpos + need > r->cpos + r->size)
		r->cpos = atomic_load_explicit(r->pos, memory_order_acquire);
	if (pad) {
		atomic_store_explicit(ring_word(r, 0), 0, memory_order_relaxed);
		atomic_store_explicit(ring_word(r, at), UINT64_MAX, memory_order_release);
		r->wpos += pad;
		at = 0;
	}
	return r->bytes + at + 8;
}

static inline void ring_publish(struct ring *r, size_t len)
{
	uint64_t at = r->wpos & r->mask;

	r->wpos += ring_frame(len);
	atomic_store_explicit(ring_word(r, (r->wpos & r->mask)), 0, memory_order_relaxed);
	atomic_store_explicit(ring_word(r, at), len + 1, memory_order_release);
}

static inline void ring_say(struct ring *r)
{
	if (r->said != r->rpos)
		atomic_store_explicit(r->pos, r->rpos, memory_order_release);
	r->said = r->rpos;
}

static inline const void *ring_await(struct ring *r)
{
	uint64_t head;

	while (!(head = atomic_load_explicit(ring_word(r, (r->rpos & r->mask)), memory_order_acquire)))
		ring_say(r);
	if (head == UINT64_MAX) {
		r->rpos += r->size - (r->rpos & r->mask);
		return ring_await(r);
	}
	return r->bytes + (r->rpos & r->mask) + 8;
}

static inline void ring_release(struct ring *r, size_t len)
{
	r->rpos += ring_frame(len);
	if (r->rpos - r->said >= r->size / 4)
		ring_say(r);
}

/* ---- As ends: own[0] is the ring we write, own[1] the one we read ----------------------------------------------- */

static inline int ring_share(struct run *r, size_t size)
{
	return run_share(r, 2 * (RING_HEAD + size));
}

static inline struct ring *ring_at(struct run *r, int side)
{
	size_t half = r->shared_bytes / 2;
	unsigned char *base = r->shared + (side ? half : 0);
	struct ring *ring = (struct ring *)calloc(1, sizeof(*ring) + 64);

	if (ring) {
		ring->pos = (_Atomic uint64_t *)(void *)base;
		ring->bytes = base + RING_HEAD;
		ring->size = half - RING_HEAD;
		ring->mask = ring->size - 1;
	}
	return ring;
}

static inline int ring_open(struct end *e)
{
	e->own[0] = ring_at(e->run, e->run->role);
	e->own[1] = ring_at(e->run, !e->run->role);
	return e->own[0] && e->own[1] ? 0 : -ENOMEM;
}

static inline void *ring_end_room(struct end *e, size_t len)
{
	return ring_room((struct ring *)e->own[0], len);
}

static inline int ring_end_send(struct end *e, size_t len)
{
	ring_publish((struct ring *)e->own[0], len);
	return 0;
}

static inline const void *ring_end_recv(struct end *e, size_t len)
{
	(void)len;
	return ring_await((struct ring *)e->own[1]);
}

static inline void ring_end_release(struct end *e, size_t len)
{
	ring_release((struct ring *)e->own[1], len);
}

#endif
