/* core/shm/bits.c - sets of small numbers as bits. */
#include "shm/bits.h"

/* The bits of word `w` that lie within [from, to). */
static uint64_t mask(size_t w, size_t from, size_t to)
{
	uint64_t m = ~UINT64_C(0);

	if (from > w * 64)
		m <<= from - w * 64;
	if (to < (w + 1) * 64)
		m &= ~UINT64_C(0) >> ((w + 1) * 64 - to);
	return m;
}

size_t bits_fill(uint64_t *set, size_t from, size_t to)
{
	size_t w, count = 0;

	for (w = from / 64; from < to && w <= (to - 1) / 64; w++) {
		uint64_t m = mask(w, from, to);

		count += (size_t)__builtin_popcountll(m & ~set[w]);
		set[w] |= m;
	}
	return count;
}

size_t bits_wipe(uint64_t *set, size_t from, size_t to)
{
	size_t w, count = 0;

	for (w = from / 64; from < to && w <= (to - 1) / 64; w++) {
		uint64_t m = mask(w, from, to);

		count += (size_t)__builtin_popcountll(m & set[w]);
		set[w] &= ~m;
	}
	return count;
}

size_t bits_first(const uint64_t *set, size_t from, size_t to, bool has)
{
	size_t w;

	for (w = from / 64; from < to && w <= (to - 1) / 64; w++) {
		uint64_t found = (has ? set[w] : ~set[w]) & mask(w, from, to);

		if (found)
			return w * 64 + (size_t)__builtin_ctzll(found);
	}
	return to;
}

static size_t highest(uint64_t word)
{
	return 63 - (size_t)__builtin_clzll(word);
}

size_t bits_end(const uint64_t *set, size_t from, size_t to, bool has)
{
	size_t w;

	for (w = bits_words(to); from < to && w > from / 64; w--) {
		uint64_t found = (has ? set[w - 1] : ~set[w - 1]) & mask(w - 1, from, to);

		if (found)
			return (w - 1) * 64 + highest(found) + 1;
	}
	return from;
}

size_t tiers_words(size_t count)
{
	size_t words = 0;
	int k;

	for (k = 0; k < TIERS; k++) {
		count = bits_words(count);
		words += count;
	}
	return words;
}

void tiers_init(struct tiers *t, uint64_t *words, size_t count)
{
	int k;

	for (k = 0; k < TIERS; k++) {
		t->tier[k] = words;
		count = bits_words(count);
		words += count;
	}
}

void tiers_add(struct tiers *t, size_t i)
{
	int k;

	for (k = 0; k < TIERS; k++) {
		uint64_t *word = &t->tier[k][i / 64], old = *word;

		*word |= UINT64_C(1) << (i % 64);
		if (old)
			return;
		i /= 64;
	}
}

void tiers_remove(struct tiers *t, size_t i)
{
	int k;

	for (k = 0; k < TIERS; k++) {
		uint64_t *word = &t->tier[k][i / 64];

		*word &= ~(UINT64_C(1) << (i % 64));
		if (*word)
			return;
		i /= 64;
	}
}

size_t tiers_below(const struct tiers *t, size_t i)
{
	uint64_t found;
	int k = 0;

	for (;;) {
		found = t->tier[k][i / 64] & (~UINT64_C(0) >> (63 - i % 64));
		if (found)
			break;
		i = i / 64 - 1; /* never below 0: 0 is a member */
		k++;
	}
	i = i / 64 * 64 + highest(found);
	while (k-- > 0)
		i = i * 64 + highest(t->tier[k][i]);
	return i;
}
