/* tests/fuzz/support/bytes.h - the input of a fuzz target as a supply of choices. When it is used up every choice is 0. */
#ifndef TESTS_FUZZ_BYTES_H
#define TESTS_FUZZ_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t bytes_u8(struct bytes *b)
{
	if (!b->left)
		return 0;
	b->left--;
	return *b->at++;
}

static inline unsigned bytes_below(struct bytes *b, unsigned limit)
{
	return bytes_u8(b) % limit;
}

static inline void bytes_copy(struct bytes *b, void *to, size_t len)
{
	size_t n = len < b->left ? len : b->left;

	memset(to, 0, len);
	if (n)
		memcpy(to, b->at, n);
	b->at += n;
	b->left -= n;
}

/* A word that a reader might believe, or must not. */
static inline uint64_t bytes_word(struct bytes *b)
{
	unsigned how = bytes_below(b, 8);
	uint64_t word;

	switch (how) {
	case 0:
		return 0;
	case 1:
		return bytes_u8(b);
	case 2:
		return 8 * (uint64_t)bytes_u8(b);
	case 3:
		return UINT64_MAX - bytes_u8(b);
	case 4:
		return UINT64_C(1) << bytes_below(b, 64);
	case 5: /* a header, more or less */
		word = UINT64_C(0xA5) << 56 | (uint64_t)bytes_below(b, 20) << 48;
		word |= (uint64_t)bytes_below(b, 8) << 40;
		word |= (uint64_t)bytes_below(b, 6) << 32;
		return word | bytes_u8(b);
	case 6: /* an entry */
		word = ((uint64_t)bytes_below(b, 8) + 1) << 2;
		return word | bytes_below(b, 4);
	default:
		bytes_copy(b, &word, sizeof(word));
		return word;
	}
}

/* Mostly what is true. */
static inline uint64_t bytes_twist(struct bytes *b, uint64_t truth)
{
	uint8_t how = bytes_u8(b);

	if (how < 208)
		return truth;
	switch (how % 4) {
	case 0:
		return truth + 1;
	case 1:
		return truth - 1;
	case 2:
		return truth + 8;
	default:
		return bytes_word(b);
	}
}

#endif
