/* tests/bench/floors/memcpy.c - the floor of throughput by copy: memcpy into memory that holds as many messages as may be
 * under way, and a reader that sums them there. Two counters hand the places over. */
#include "tests/bench/floors/ring.h"

static int prepare(struct run *r)
{
	return ring_share(r, r->task.depth * ((r->task.bytes + 63) & ~UINT64_C(63)) + 4096);
}

/* Each message at the next of `depth` places, each place written again once its message was read: the same footprint as a
 * lender that may have `depth` messages out. at[0]: written, at[1]: read. */
static inline unsigned char *place(struct end *e, uint64_t number, size_t len, bool mine)
{
	struct ring *r = (struct ring *)e->own[mine ? 0 : 1];

	return r->bytes + number % e->run->task.depth * ((len + 63) & ~(size_t)63);
}

static inline void *room(struct end *e, size_t len)
{
	struct ring *r = (struct ring *)e->own[0];

	if (len != e->run->task.bytes) /* the answer */
		return r->bytes;
	while (e->at[0] - r->cpos >= e->run->task.depth)
		r->cpos = atomic_load_explicit(r->pos, memory_order_acquire);
	return place(e, e->at[0], len, true);
}

static inline int publish(struct end *e, size_t len)
{
	struct ring *r = (struct ring *)e->own[0];

	(void)len;
	atomic_store_explicit(r->pos + 8, ++e->at[0], memory_order_release);
	return 0;
}

static inline const void *await(struct end *e, size_t len)
{
	struct ring *r = (struct ring *)e->own[1];

	while (atomic_load_explicit(r->pos + 8, memory_order_acquire) == e->at[1])
		;
	return len != e->run->task.bytes ? r->bytes : place(e, e->at[1], len, false);
}

static inline void release(struct end *e, size_t len)
{
	struct ring *r = (struct ring *)e->own[1];

	(void)len;
	atomic_store_explicit(r->pos, ++e->at[1], memory_order_release);
}

static const struct end_ops ops = {
	.open = ring_open,
	.room = room,
	.send = publish,
	.recv = await,
	.release = release,
	.builds = true,
};

END_SIDES(ops)

const struct way WAY(memcpy) = {
	.key = "memcpy",
	.name = "memcpy and sum",
	.kind = KIND_FLOOR,
	.jobs = JOB_STREAM,
	.waits = SPINS,
	.lends = true,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
