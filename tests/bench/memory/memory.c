/* tests/bench/memory/memory.c - alloc and free: the jemalloc arena beside plain jemalloc, libc's malloc and the pool.
 *
 *	memory [ROUNDS]
 *
 * Plain jemalloc is the same Debian archive, as a second private copy with its own defaults. Each round runs all four, so
 * that what else the machine does meets all of them; a cell is the median over the rounds of a lower quartile of batches.
 */
#include <rill/jemalloc.h>
#include <rill/rill.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIMIT 1.5
#define BATCHES 200
#define PAIRS 2000
#define SLOTS 10000
#define ROUNDS_MAX 99

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

static const struct rival {
	const char *name;
	void *(*alloc)(size_t len);
	void (*free)(void *block);
} rivals[] = {
	{"jemalloc-arena", arena_alloc, arena_free},
	{"jemalloc", plain_jemalloc_malloc, plain_jemalloc_free},
	{"malloc", malloc, free},
	{"pool-arena", pool_alloc, pool_free},
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

/* A block of 64 bytes, written to and freed: ns a pair. */
static double pairs(const struct rival *r)
{
	double took[BATCHES];

	for (int b = 0; b < BATCHES; b++) {
		double begin = now();

		for (int i = 0; i < PAIRS; i++) {
			char *block = r->alloc(64);

			*(volatile char *)block = 1;
			r->free(block);
		}
		took[b] = (now() - begin) / PAIRS;
	}
	return quantile(took, BATCHES, 4);
}

/* Of 10,000 live blocks one after the other, at random, is freed and taken anew: 15 of 16 up to 1 KiB, else up to 20 KB. */
static double churn(const struct rival *r)
{
	static void *slot[SLOTS];
	uint64_t s = UINT64_C(88172645463325252);
	double took[BATCHES];

	for (int b = -20; b < BATCHES; b++) { /* the first fill the slots */
		double begin = now();

		for (int i = 0; i < PAIRS; i++) {
			s ^= s << 13, s ^= s >> 7, s ^= s << 17;
			void **at = &slot[s % SLOTS];

			if (*at)
				r->free(*at);
			*at = r->alloc((s >> 20) % 16 ? (s >> 24) % 1024 + 1 : (s >> 24) % 20000 + 1);
			**(volatile char **)at = 1;
		}
		if (b >= 0)
			took[b] = (now() - begin) / PAIRS;
	}
	for (int i = 0; i < SLOTS; i++) {
		if (slot[i])
			r->free(slot[i]);
		slot[i] = NULL;
	}
	return quantile(took, BATCHES, 4);
}

static void report(const char *what, double (*run)(const struct rival *r), unsigned rounds)
{
	static double ns[RIVALS][ROUNDS_MAX];
	double median[RIVALS], ratio;

	for (unsigned i = 0; i < rounds; i++)
		for (size_t k = 0; k < RIVALS; k++)
			ns[k][i] = run(&rivals[k]);
	for (size_t k = 0; k < RIVALS; k++) {
		median[k] = quantile(ns[k], rounds, 2);
		printf("%-6s %-15s %7.1f ns\n", what, rivals[k].name, median[k]);
	}
	ratio = median[0] / median[1];
	printf("target jemalloc-arena/jemalloc-%s %.2f %.1f %s\n", what, ratio, LIMIT, ratio <= LIMIT ? "ok" : "short");
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
	report("churn", churn, rounds);
	rill_ctx_destroy(ctx);
	return 0;
}
