/* rill/words.h - the memory of a Cap'n Proto message: segments of 8-byte words, and the only functions that load from them.
 *
 * A received message may lie in memory that its sender can still change. So each word is loaded once, by one of the loads
 * below, and only the private copy is decoded: no decision is ever made twice from the same place. Words are little-endian.
 */
#ifndef RILL_WORDS_H
#define RILL_WORDS_H

#include <rill/base.h>
#include <stdbool.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RILL_WORD ((size_t)8) /* bytes of a word */

#define RILL_USUAL(x) __builtin_expect(!!(x), 1) /* the way that stays in line */

/* What capnpc-rill writes: its version, and how an enum of a schema is declared. Any 16-bit value may come in one. */
#define RILL_GENERATED 1
#ifdef __cplusplus
#define RILL_ENUM16 : uint16_t
#else
#define RILL_ENUM16
#endif

/* One piece of a message: `count` words at `words`, 8-aligned. The struct itself is in your private memory. */
struct rill_segment {
	const void *words;
	size_t count;
};

/* What a list is made of, numbered as in the encoding. */
enum rill_list_kind {
	RILL_LIST_VOID = 0,
	RILL_LIST_BIT = 1,
	RILL_LIST_BYTE = 2,   /* 8 bits, text and data too */
	RILL_LIST_2BYTES = 3, /* 16 bits, enums too */
	RILL_LIST_4BYTES = 4,
	RILL_LIST_8BYTES = 5,
	RILL_LIST_POINTER = 6, /* text, data, lists, capabilities, AnyPointer */
	RILL_LIST_STRUCT = 7,
	RILL_LIST_ANY = 8 /* as it is: for reading only */
};

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define RILL_LE16(x) __builtin_bswap16(x)
#define RILL_LE32(x) __builtin_bswap32(x)
#define RILL_LE64(x) __builtin_bswap64(x)
#else
#define RILL_LE16(x) (x)
#define RILL_LE32(x) (x)
#define RILL_LE64(x) (x)
#endif

typedef uint16_t __attribute__((may_alias)) rill_le16;
typedef uint32_t __attribute__((may_alias)) rill_le32;
typedef uint64_t __attribute__((may_alias)) rill_le64;

/* ---- loads: exactly one access each, naturally aligned -------------------------------------------------------------- */

static inline uint8_t rill_load_u8(const void *at)
{
	return __atomic_load_n((const uint8_t *)at, __ATOMIC_RELAXED);
}

static inline uint16_t rill_load_u16(const void *at)
{
	return RILL_LE16(__atomic_load_n((const rill_le16 *)at, __ATOMIC_RELAXED));
}

static inline uint32_t rill_load_u32(const void *at)
{
	return RILL_LE32(__atomic_load_n((const rill_le32 *)at, __ATOMIC_RELAXED));
}

static inline uint64_t rill_load_u64(const void *at)
{
	return RILL_LE64(__atomic_load_n((const rill_le64 *)at, __ATOMIC_RELAXED));
}

/* ---- stores, into memory of our own --------------------------------------------------------------------------------- */

static inline void rill_store_u16(void *at, uint16_t value)
{
	*(rill_le16 *)at = RILL_LE16(value);
}

static inline void rill_store_u32(void *at, uint32_t value)
{
	*(rill_le32 *)at = RILL_LE32(value);
}

static inline void rill_store_u64(void *at, uint64_t value)
{
	*(rill_le64 *)at = RILL_LE64(value);
}

/* ---- pointers to structs: 00, signed 30 bits: words from behind the pointer; 16 bits: data words; 16 bits: pointers --- */

/* The word index that a pointer at word `at` leads to. One that leads before the segment becomes huge. Of lists, too. */
static inline uint64_t rill_word_target(uint64_t word, uint64_t at)
{
	uint64_t offset = (uint32_t)word >> 2;

	return at + 1 + ((offset ^ 0x20000000) - 0x20000000);
}

/* A pointer at word `at` that leads to `target`; `bare` is it without an offset. */
static inline uint64_t rill_word_aimed(uint64_t bare, uint64_t at, uint64_t target)
{
	return bare | (uint32_t)((target - at - 1) << 2);
}

static inline uint64_t rill_word_struct(uint64_t data_words, uint64_t pointers)
{
	return data_words << 32 | pointers << 48;
}

static inline uint32_t rill_word_data_words(uint64_t word)
{
	return (uint32_t)(word >> 32) & 0xffff;
}

static inline uint32_t rill_word_pointers(uint64_t word)
{
	return (uint32_t)(word >> 48);
}

/* ---- pointers to lists: 01, signed 30 bits as above; 3 bits: kind; 29 bits: elements ---------------------------------- */

#define RILL_WORD_BYTES_MASK (UINT64_C(7) << 32 | 3)
#define RILL_WORD_BYTES ((uint64_t)RILL_LIST_BYTE << 32 | 1)

static inline uint64_t rill_word_elements(uint64_t word)
{
	return word >> 35;
}

/* ---- floats and their bits ------------------------------------------------------------------------------------------ */

static inline uint32_t rill_bits_f32(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline float rill_f32_bits(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline uint64_t rill_bits_f64(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline double rill_f64_bits(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

#ifdef __cplusplus
}
#endif
#endif
