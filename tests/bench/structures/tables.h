/* tests/bench/structures/tables.h - tables that are compared, and the keys that they are asked for. */
#ifndef TESTS_BENCH_STRUCTURES_TABLES_H
#define TESTS_BENCH_STRUCTURES_TABLES_H

#include <rill/data.h>
#include <stdbool.h>
#include <stdint.h>

#define KEY_TEXT 32

struct key {
	uint64_t number; /* random; key i's value is i */
	char text[KEY_TEXT];
	uint32_t text_len;
};

struct keys {
	bool text; /* which of the two is the key */
	size_t count;
	struct key *all;
	size_t asked;     /* lookups in one turn */
	struct key *asks; /* in the order in which they are asked for */
	uint64_t sum;     /* of the values that a turn must find */
};

void keys_make(struct keys *k, size_t count, bool text);
void keys_drop(struct keys *k);

struct table {
	const char *name;
	void *in;
	uint64_t (*look_up)(const void *in, const struct keys *k); /* each of k->asks; the sum of the values */
	void (*drop)(void *in);
};

struct table table_of_map(const struct keys *k);
struct table table_of_table(const struct keys *k); /* keys of 64 bits */
struct table table_of_uthash(const struct keys *k);
struct table table_of_khash(const struct keys *k);

/* A rill_map in an arena of another process, lent to us; and the same bytes in private memory. Keys of 64 bits. */
struct table table_borrowed(const struct keys *k);
struct table table_copied(const struct keys *k, const struct table *borrowed);

#endif
