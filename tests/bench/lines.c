/* tests/bench/lines.c - the floor of all spinning: one cache line each way, 8 bytes that publish and 56 that they publish.
 *
 * Nothing but the lines themselves: no ring, no space to look after, no doorbell to check. */
#include "tests/bench/bench.h"

#include <stdatomic.h>
#include <string.h>

struct line {
	_Alignas(64) unsigned char payload[BENCH_PAYLOAD];
	_Atomic uint64_t turn;
};

static struct line *line_of(const struct pair *p, size_t page)
{
	return (struct line *)(void *)(p->shared + page * BENCH_PAGE);
}

static void await(struct line *l, uint64_t turn, unsigned char *to)
{
	while (atomic_load_explicit(&l->turn, memory_order_acquire) != turn)
		;
	memcpy(to, l->payload, BENCH_PAYLOAD);
}

static void publish(struct line *l, uint64_t turn, const unsigned char *from)
{
	memcpy(l->payload, from, BENCH_PAYLOAD);
	atomic_store_explicit(&l->turn, turn, memory_order_release);
}

static int serve(const struct pair *p)
{
	struct line *in = line_of(p, 0), *out = line_of(p, 2);
	unsigned char payload[BENCH_PAYLOAD];

	for (uint64_t turn = 1;; turn++) {
		await(in, turn, payload);
		publish(out, turn, payload);
	}
	return 0;
}

static int ask(const struct pair *p, struct trips *t)
{
	struct line *out = line_of(p, 0), *in = line_of(p, 2);
	unsigned char payload[BENCH_PAYLOAD] = {1};
	uint64_t turn = 0;

	trips_begin(t);
	do {
		publish(out, ++turn, payload);
		await(in, turn, payload);
	} while (trips_next(t));
	return 0;
}

const struct row lines_row = {
	.key = "a",
	.name = "two cache lines, spinning",
	.trips = 200000,
	.server = serve,
	.client = ask,
};
