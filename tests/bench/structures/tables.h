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
	size_t block_len; /* enough for any table that is built into one block */
};

void keys_make(struct keys *k, size_t count, bool text);
void keys_drop(struct keys *k);

struct table {
	const char *name;
	const void *in;
	uint64_t (*look_up)(const void *in, const struct keys *k); /* each of k->asks; the sum of the values */
	void (*drop)(struct table *t);
	void *more; /* the table's own */
};

/* In private memory, from malloc(). */
struct table table_of_map(const struct keys *k);
struct table table_of_table(const struct keys *k); /* keys of 64 bits */
struct table table_of_uthash(const struct keys *k);
struct table table_of_khash(const struct keys *k);

/* A kind of table that is built into one block; its root is at the begin. Keys of 64 bits. */
struct built {
	const char *name;
	bool native; /* pointers: the same address for all */
	void (*build)(void *block, size_t len, const struct keys *k);
	uint64_t (*look_up)(const void *block, const struct keys *k);
};

extern const struct built built_map, built_map_in, built_table, built_uthash;

/* In an arena of another process, lent to us; and in private memory. */
struct table table_borrowed(const struct built *built, const struct keys *k);
struct table table_private(const struct built *built, const struct keys *k);

#endif
