/* tests/bench/floors/futex.c - shared memory and a futex word each way: no descriptor, so in no event loop. */
#include "tests/bench/ends.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static int prepare(struct run *r)
{
	return run_share(r, 2 * (2 * 4096 + (r->task.bytes > r->task.answer ? r->task.bytes : r->task.answer)));
}

/* own[0]: our page with its word, the payload in the next ones; own[1]: theirs. at[]: turns */
static int open_futex(struct end *e)
{
	size_t half = e->run->shared_bytes / 2;
	bool client = e->run->role == RUN_CLIENT;

	e->own[0] = e->run->shared + (client ? 0 : half);
	e->own[1] = e->run->shared + (client ? half : 0);
	return 0;
}

static inline void *room(struct end *e, size_t len)
{
	(void)len;
	return (unsigned char *)e->own[0] + 4096;
}

static inline int wake(struct end *e, size_t len)
{
	_Atomic uint32_t *word = e->own[0];

	(void)len;
	atomic_store_explicit(word, (uint32_t)++e->at[0], memory_order_seq_cst);
	return syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0) < 0 ? -errno : 0;
}

static inline const void *await(struct end *e, size_t len)
{
	_Atomic uint32_t *word = e->own[1];
	uint32_t last = (uint32_t)e->at[1]++;

	(void)len;
	while (atomic_load_explicit(word, memory_order_acquire) == last)
		if (syscall(SYS_futex, word, FUTEX_WAIT, last, NULL, NULL, 0) < 0 && errno != EAGAIN && errno != EINTR)
			return NULL;
	return (unsigned char *)e->own[1] + 4096;
}

static const struct end_ops ops = {.open = open_futex, .room = room, .send = wake, .recv = await, .builds = true};

END_SIDES(ops)

const struct way WAY(futex) = {
	.key = "futex",
	.name = "futex",
	.kind = KIND_FLOOR,
	.jobs = JOB_TRIP,
	.waits = SLEEPS,
	.lends = true,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
