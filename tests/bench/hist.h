/* tests/bench/hist.h - a log-linear histogram: exact below 256, above that 128 buckets to each power of two, so that a value
 * is known to 0.8 %. No allocation, no order of values, one increment to record. */
#ifndef TESTS_BENCH_HIST_H
#define TESTS_BENCH_HIST_H

#include <stdint.h>

#define HIST_BITS 7
#define HIST_TOP 44 /* values of this many bits and more count as the largest that fits */
#define HIST_BUCKETS ((HIST_TOP - HIST_BITS + 1) << HIST_BITS)

struct hist {
	uint64_t count, sum;
	uint64_t min, max; /* exact; of count 0: 0 */
	uint64_t buckets[HIST_BUCKETS];
};

static inline unsigned hist_bucket(uint64_t value)
{
	unsigned shift;

	if (value >> HIST_TOP)
		value = (UINT64_C(1) << HIST_TOP) - 1;
	if (!(value >> (HIST_BITS + 1)))
		return (unsigned)value;
	shift = 63u - (unsigned)__builtin_clzll(value) - HIST_BITS;
	return (shift << HIST_BITS) + (unsigned)(value >> shift);
}

static inline void hist_add(struct hist *h, uint64_t value)
{
	if (!h->count || value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->count++;
	h->sum += value;
	h->buckets[hist_bucket(value)]++;
}

/* The smallest and the largest value of a bucket. */
uint64_t hist_low(unsigned bucket);
uint64_t hist_high(unsigned bucket);

/* The value that `share` (0 to 1) of all values do not exceed: the middle of its bucket, within min and max. Of count 0: 0. */
uint64_t hist_at(const struct hist *h, double share);

void hist_merge(struct hist *into, const struct hist *from);

#endif
