/* tests/bench/bench.h - round trips between two pinned processes: what a row is, and what it has to work with.
 *
 * A row is measured in rounds; each round forks a new server, so that no pair is left spinning beside the next one. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define BENCH_PAYLOAD 56 /* with its header word one cache line: a 64-byte frame */

/* Made anew for each round, before the fork; a row takes what it needs. */
struct pair {
	unsigned char *shared; /* zeroed pages, mapped by both */
	int events[2];         /* eventfds: [0] wakes the server, [1] the client */
	int sockets[2];        /* SOCK_SEQPACKET: [0] is the server's, [1] the client's */
};

#define BENCH_PAGE 4096
#define BENCH_SHARED (4 * BENCH_PAGE)

/* Times of the round trips, in ticks. The first `skip` are not kept. */
struct trips {
	uint64_t *ticks;
	size_t wanted, skip;
	size_t count;
	uint64_t last;
};

/* Both give 0 or a negative errno. A server may be killed when its client has ended. */
struct row {
	const char *key, *name;
	size_t trips; /* in one round */
	int (*server)(const struct pair *p);
	int (*client)(const struct pair *p, struct trips *t);
};

extern const struct row lines_row;
extern const struct row eventfd_row;
extern const struct row socket_row;
extern const struct row spinning_row, asleep_row, linger_row, crowded_row;

/* The cheapest clock that there is; bench.c learns how long a tick is and what reading it costs. */
static inline uint64_t bench_ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
#endif
}

static inline void trips_begin(struct trips *t)
{
	t->last = bench_ticks();
}

/* One trip has ended and the next begins. false: there are enough. */
static inline bool trips_next(struct trips *t)
{
	uint64_t now = bench_ticks();

	if (t->skip)
		t->skip--;
	else
		t->ticks[t->count++] = now - t->last;
	t->last = now;
	return t->count < t->wanted;
}

#endif
