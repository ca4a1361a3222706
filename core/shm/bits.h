/* core/shm/bits.h - sets of small numbers, one bit each: ranges of them, and the nearest member below a number. */
#ifndef CORE_SHM_BITS_H
#define CORE_SHM_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- a plain set: 64-bit words, cleared to begin with; all ranges are [from, to) ------------------------------- */

static inline size_t bits_words(size_t count)
{
	return (count + 63) / 64;
}

size_t bits_fill(uint64_t *set, size_t from, size_t to); /* add all; how many were not members */
size_t bits_wipe(uint64_t *set, size_t from, size_t to); /* take all out; how many were members */

/* The first number that is (has) or is not (!has) a member; `to` if there is none. */
size_t bits_first(const uint64_t *set, size_t from, size_t to, bool has);

/* One above the last such number; `from` if there is none. */
size_t bits_end(const uint64_t *set, size_t from, size_t to, bool has);

/* ---- a set of up to 2^24 numbers that finds its nearest member in at most eight steps -------------------------- */

#define TIERS 4

struct tiers {
	uint64_t *tier[TIERS]; /* a bit of tier n + 1 says that the word of tier n is not zero */
};

size_t tiers_words(size_t count);
void tiers_init(struct tiers *t, uint64_t *words, size_t count); /* the words are zero */
void tiers_add(struct tiers *t, size_t i);
void tiers_remove(struct tiers *t, size_t i);
size_t tiers_below(const struct tiers *t, size_t i); /* the largest member <= i; 0 must be a member */

#endif
