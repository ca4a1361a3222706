/* tests/bench/floors/lines.c - the floor of all spinning: one cache line each way, 8 bytes that publish and 56 that they
 * publish. A larger payload lies in pages of its own, lent by its line.
 *
 * Nothing but the lines themselves: no ring, no space to look after, no doorbell to check. */
#include "tests/bench/ends.h"

#include <stdatomic.h>

struct line {
	_Alignas(64) unsigned char payload[56];
	_Atomic uint64_t turn;
};

#define PAGE 4096u

static int prepare(struct run *r)
{
	size_t large = r->task.bytes > r->task.answer ? r->task.bytes : r->task.answer;

	return run_share(r, 2 * (2 * PAGE + large)); /* a page between, so that no prefetch makes neighbours of them */
}

/* own[0], own[1]: our line and its large payload, own[2], own[3]: theirs. at[0]: turn that is ours next, at[1]: theirs. */
static int open_lines(struct end *e)
{
	size_t half = e->run->shared_bytes / 2;
	unsigned char *mine = e->run->shared + (e->run->role == RUN_CLIENT ? 0 : half);
	unsigned char *yours = e->run->shared + (e->run->role == RUN_CLIENT ? half : 0);

	e->own[0] = mine;
	e->own[1] = mine + PAGE;
	e->own[2] = yours;
	e->own[3] = yours + PAGE;
	return 0;
}

static inline void *room(struct end *e, size_t len)
{
	return len > 56 ? e->own[1] : e->own[0];
}

static inline int publish(struct end *e, size_t len)
{
	struct line *l = e->own[0];

	(void)len;
	atomic_store_explicit(&l->turn, ++e->at[0], memory_order_release);
	return 0;
}

static inline const void *await(struct end *e, size_t len)
{
	struct line *l = e->own[2];
	uint64_t turn = ++e->at[1];

	while (atomic_load_explicit(&l->turn, memory_order_acquire) != turn)
		;
	return len > 56 ? e->own[3] : e->own[2];
}

static const struct end_ops ops = {.open = open_lines, .room = room, .send = publish, .recv = await, .builds = true};

END_SIDES(ops)

const struct way WAY(lines) = {
	.key = "lines",
	.name = "two cache lines",
	.kind = KIND_FLOOR,
	.jobs = JOB_TRIP,
	.waits = SPINS,
	.lends = true,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
