/* rill/key.h - keys of rill/map.h and rill/tree.h: any bytes. Their hash, their order, and numbers as keys that are in order.
 *
 * A key's bytes are what counts: clear the padding of a struct that is one.
 */
#ifndef RILL_KEY_H
#define RILL_KEY_H

#include <rill/base.h>
#include <rill/rel.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define RILL_BE64(x) ((uint64_t)(x))
#else
#define RILL_BE64(x) __builtin_bswap64(x)
#endif

/* A number as a key: the order of these, as bytes, is that of the numbers.. */
static inline uint64_t rill_key_u64(uint64_t number)
{
	return RILL_BE64(number);
}

static inline uint64_t rill_key_i64(int64_t number)
{
	return RILL_BE64((uint64_t)number ^ (uint64_t)1 << 63);
}

/* Less than, equal to or greater than 0, as memcmp(): byte by byte, and a key before those that go on. */
static inline int rill_key_compare(const void *a, size_t a_len, const void *b, size_t b_len)
{
	uint64_t x, y;
	int r;

	if (a_len == 8 && b_len == 8) {
		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		x = RILL_BE64(x);
		y = RILL_BE64(y);
		return (x > y) - (x < y);
	}
	r = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return r ? r : (a_len > b_len) - (a_len < b_len);
}

/* ---- hash: words folded by 64 x 64 -> 128 bit products, from a seed that the table keeps ------------------------- */

static inline uint64_t rill_hash_fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t rill_hash_word(const unsigned char *at)
{
	uint64_t word;

	memcpy(&word, at, 8);
	return word;
}

/* The last 1 to 7 bytes as a word: two halves that may overlap, or first, middle and last. */
static inline uint64_t rill_hash_tail(const unsigned char *at, size_t len)
{
	uint32_t first, last;

	if (len < 4)
		return (uint64_t)at[0] << 16 | (uint64_t)at[len / 2] << 8 | at[len - 1];
	memcpy(&first, at, 4);
	memcpy(&last, at + len - 4, 4);
	return (uint64_t)first << 32 | last;
}

/* Good for tables, not a cryptographic one: who does not know the seed cannot aim keys at one place; who can read the table
 * can. The same on machines of one byte order. */
static inline uint64_t rill_hash(uint64_t seed, const void *key, size_t len)
{
	const uint64_t mix = UINT64_C(0x9e3779b97f4a7c15), turn = UINT64_C(0xd1342543de82ef95);
	const unsigned char *at = (const unsigned char *)key;
	uint64_t h = seed ^ len * mix;

	for (; len >= 8; at += 8, len -= 8)
		h = rill_hash_fold(h ^ rill_hash_word(at), turn);
	if (len)
		h = rill_hash_fold(h ^ rill_hash_tail(at, len), mix);
	return h;
}

/* A seed that others cannot guess; without a source of randomness, one that differs. Never 0, never waits. */
static inline uint64_t rill_hash_seed(const void *at)
{
	struct timespec now;
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed)) {
		timespec_get(&now, TIME_UTC);
		seed = rill_hash_fold((uint64_t)now.tv_nsec ^ (uintptr_t)at,
		                      (uint64_t)now.tv_sec ^ UINT64_C(0x9e3779b97f4a7c15));
	}
	return seed | 1;
}

#ifdef __cplusplus
}
#endif
#endif
