/* tests/bench/schema/schema.h - one side of the comparison: the same work through our runtime and through libcapnp. */
#ifndef TESTS_BENCH_SCHEMA_SCHEMA_H
#define TESTS_BENCH_SCHEMA_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NAME "fifteen letters" /* of each item */

struct side {
	const char *name;
	size_t (*build)(void *room, size_t words, size_t items); /* words used, but for libcapnp's: any number but 0 */
	uint64_t (*read)(const void *message, size_t words);     /* a sum over every field of every item */
	uint64_t (*random)(const void *message, size_t words, size_t times);
	size_t (*copy)(void *room, size_t room_words, const void *message, size_t words);
};

extern const struct side ours, theirs;

/* The items that random access asks for. */
static inline size_t next_item(uint64_t *state, size_t items)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (size_t)((*state >> 32) * items >> 32);
}

#ifdef __cplusplus
}
#endif
#endif
