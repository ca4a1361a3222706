/* tests/bench/memory/memory.c - alloc and free: the jemalloc arena beside plain jemalloc, libc's malloc and the pool.
 *
 *	memory [ROUNDS]
 *
 * Plain jemalloc is the same Debian archive, as a second private copy with its own defaults. All four take turns in slices of
 * less than a millisecond, so that what else the machine does meets all of them alike. A time is the lower quartile of a
 * rival's slices; the ratio is the median over the turns of the ratio within a turn.
 */
#include <rill/jemalloc.h>
#include <rill/rill.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIMIT 1.5
#define TURNS 200 /* a round */
#define PAIRS 2000
#define SLOTS 10000
#define ROUNDS_MAX 99
#define TURNS_MAX (ROUNDS_MAX * TURNS)

void *plain_jemalloc_malloc(size_t len);
void plain_jemalloc_free(void *block);

static struct rill_arena *pool, *jemalloc;

static void *pool_alloc(size_t len)
{
	return rill_arena_alloc(pool, len);
}

static void pool_free(void *block)
{
	rill_arena_free(pool, block);
}

static void *arena_alloc(size_t len)
{
	return rill_arena_alloc(jemalloc, len);
}

static void arena_free(void *block)
{
	rill_arena_free(jemalloc, block);
}

struct rival {
	const char *name;
	void *(*alloc)(size_t len);
	void (*free)(void *block);
	void *slot[SLOTS]; /* of churn(): live blocks */
	uint64_t seed;
};

static struct rival rivals[] = {
	{.name = "jemalloc-arena", .alloc = arena_alloc, .free = arena_free},
	{.name = "jemalloc", .alloc = plain_jemalloc_malloc, .free = plain_jemalloc_free},
	{.name = "malloc", .alloc = malloc, .free = free},
	{.name = "pool-arena", .alloc = pool_alloc, .free = pool_free},
};

#define RIVALS (sizeof(rivals) / sizeof(rivals[0]))

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(double *all, size_t count, size_t part)
{
	qsort(all, count, sizeof(*all), by_value);
	return all[count / part];
}

/* A block of 64 bytes, written to and freed. */
static void pairs(struct rival *r)
{
	for (int i = 0; i < PAIRS; i++) {
		char *block = r->alloc(64);

		*(volatile char *)block = 1;
		r->free(block);
	}
}

/* Of 10,000 live blocks one after the other, at random, is freed and taken anew: 15 of 16 up to 1 KiB, else up to 20 KB. */
static void churn(struct rival *r)
{
	uint64_t s = r->seed;

	for (int i = 0; i < PAIRS; i++) {
		s ^= s << 13, s ^= s >> 7, s ^= s << 17;
		void **at = &r->slot[s % SLOTS];

		if (*at)
			r->free(*at);
		*at = r->alloc((s >> 20) % 16 ? (s >> 24) % 1024 + 1 : (s >> 24) % 20000 + 1);
		**(volatile char **)at = 1;
	}
	r->seed = s;
}

/* ns a pair of one slice. The caches are the last rival's, so one goes before it that is not timed. */
static double slice(struct rival *r, void (*run)(struct rival *r))
{
	double begin;

	run(r);
	begin = now();
	run(r);
	return (now() - begin) / PAIRS;
}

static void report(const char *what, void (*run)(struct rival *r), unsigned rounds)
{
	static double ns[RIVALS][TURNS_MAX], ratio[TURNS_MAX];
	size_t turns = (size_t)rounds * TURNS;
	double median;

	for (size_t t = 0; t < turns; t++) {
		for (size_t k = 0; k < RIVALS; k++)
			ns[k][t] = slice(&rivals[k], run);
		ratio[t] = ns[0][t] / ns[1][t];
	}
	for (size_t k = 0; k < RIVALS; k++)
		printf("%-6s %-15s %7.1f ns\n", what, rivals[k].name, quantile(ns[k], turns, 4));
	median = quantile(ratio, turns, 2);
	printf("target jemalloc-arena/jemalloc-%s %.2f %.1f %s\n", what, median, LIMIT, median <= LIMIT ? "ok" : "short");
}

/* All slots are filled once, or nearly so: what is measured then is the same at its begin and at its end. */
static void fill_slots(void)
{
	for (size_t k = 0; k < RIVALS; k++) {
		rivals[k].seed = UINT64_C(88172645463325252);
		for (int i = 0; i < 20; i++)
			churn(&rivals[k]);
	}
}

int main(int argc, char **argv)
{
	struct rill_arena_options o = {.size = sizeof(o)};
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 9;
	struct rill_ctx *ctx;

	rounds = rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
	if (rill_ctx_create(&ctx, NULL) < 0 || rill_arena_create(&pool, ctx, &o) < 0)
		return 1;
	o.allocator = rill_jemalloc_allocator();
	if (rill_arena_create(&jemalloc, ctx, &o) < 0)
		return 1;
	report("pairs", pairs, rounds);
	fill_slots();
	report("churn", churn, rounds);
	rill_ctx_destroy(ctx);
	return 0;
}
