/* adapters/jemalloc/live.c - where live blocks begin: a bit for each 16 bytes, and tiers above that find the nearest one.
 *
 * A bit of a higher tier says that its word below may be non-zero; it is not taken back when that becomes zero, but by the
 * first search that finds it so.
 */
#include "heap.h"

size_t live_words(size_t capacity, unsigned tier)
{
	return ((capacity >> GRAIN_SHIFT) >> (6 * (tier + 1))) + 1;
}

/* The words of the tiers above that hold this one say so. Most do already. */
void live_tell(struct heap *h, size_t word)
{
	unsigned t;

	for (t = 1; t <= h->top; t++) {
		uint64_t *at = &h->live[t][word / 64], bit = UINT64_C(1) << (word % 64);

		if (*at & bit)
			return;
		*at |= bit;
		word /= 64;
	}
}

/* The last live block that begins at or below `offset`. Each step up looks at 64 times as much; a bit that promises too
 * much is taken out, so that it costs time once. */
bool live_below(struct heap *h, size_t offset, size_t *ret_offset)
{
	size_t i = offset >> GRAIN_SHIFT;
	unsigned t = 0;

	for (;;) {
		uint64_t word = h->live[t][i / 64], below = word & ~UINT64_C(0) >> (63 - i % 64);

		if (below) {
			i = i / 64 * 64 + 63 - (size_t)__builtin_clzll(below);
			if (t == 0)
				break;
			t--;
			i = i * 64 + 63;
			continue;
		}
		if (t == h->top)
			return false;
		if (!word)
			h->live[t + 1][i / 64 / 64] &= ~(UINT64_C(1) << (i / 64 % 64));
		if (i < 64)
			return false;
		i = i / 64 - 1;
		t++;
	}
	*ret_offset = i << GRAIN_SHIFT;
	return true;
}

static size_t bytes_below(const struct heap *h, unsigned t, size_t word)
{
	uint64_t left = h->live[t][word];
	size_t sum = 0;

	for (; left; left &= left - 1) {
		size_t i = word * 64 + (size_t)__builtin_ctzll(left);

		sum += t ? bytes_below(h, t - 1, i) : je_sallocx(h->base + (i << GRAIN_SHIFT), 0);
	}
	return sum;
}

size_t live_bytes(const struct heap *h)
{
	return bytes_below(h, h->top, 0);
}
