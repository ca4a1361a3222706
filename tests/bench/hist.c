/* tests/bench/hist.c - see hist.h. */
#include "tests/bench/hist.h"

uint64_t hist_low(unsigned bucket)
{
	unsigned shift = bucket >> HIST_BITS;

	if (shift < 2)
		return bucket;
	return (uint64_t)(bucket - ((shift - 1) << HIST_BITS)) << (shift - 1);
}

uint64_t hist_high(unsigned bucket)
{
	unsigned shift = bucket >> HIST_BITS;

	return hist_low(bucket) + (shift < 2 ? 0 : (UINT64_C(1) << (shift - 1)) - 1);
}

static uint64_t within(const struct hist *h, uint64_t value)
{
	if (value < h->min)
		return h->min;
	return value > h->max ? h->max : value;
}

/* The rank of the wanted value: 1 is the smallest. */
static uint64_t rank(const struct hist *h, double share)
{
	double exact = share * (double)h->count;
	uint64_t r = (uint64_t)exact;

	if ((double)r < exact)
		r++;
	if (r < 1)
		return 1;
	return r > h->count ? h->count : r;
}

uint64_t hist_at(const struct hist *h, double share)
{
	uint64_t wanted, seen = 0;

	if (!h->count)
		return 0;
	wanted = rank(h, share);
	if (wanted == h->count)
		return h->max;
	for (unsigned b = 0; b < HIST_BUCKETS; b++) {
		seen += h->buckets[b];
		if (seen >= wanted)
			return within(h, hist_low(b) + (hist_high(b) - hist_low(b)) / 2);
	}
	return h->max;
}

void hist_merge(struct hist *into, const struct hist *from)
{
	if (!from->count)
		return;
	if (!into->count || from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	into->count += from->count;
	into->sum += from->sum;
	for (unsigned b = 0; b < HIST_BUCKETS; b++)
		into->buckets[b] += from->buckets[b];
}
