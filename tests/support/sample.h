/* tests/support/sample.h - one structure of every container, built into a range, and a walk over all of it that does not
 * trust a byte: for tests that change it, race with it, or make it up. */
#ifndef TESTS_SUPPORT_SAMPLE_H
#define TESTS_SUPPORT_SAMPLE_H

#include <rill/data.h>

#define SAMPLE_BYTES 8192 /* enough for sample_build(.., SAMPLE_ENTRIES) */
#define SAMPLE_ENTRIES 12

struct sample_node {
	struct rill_link link;
	RILL_REL(struct sample_node) other; /* a chain of its own, and its last points at itself */
	uint64_t value;
};

struct sample {
	struct rill_string name;
	struct rill_vector ports;   /* of uint16_t */
	struct rill_vector aliases; /* of struct rill_string */
	struct rill_map numbers;    /* uint64_t to uint64_t */
	struct rill_table prices;   /* uint32_t to uint64_t */
	struct rill_map by_name;    /* text to struct sample_ref */
	struct rill_tree ordered;   /* rill_key_u64() to uint64_t */
	struct rill_dlist nodes;    /* of struct sample_node */
	RILL_REL(struct sample_node) chain;
};

struct sample_ref {
	RILL_REL(struct sample_node) node;
};

/* Build it with that many entries in each; NULL: no memory. The same bytes each time, from the same heap. */
struct sample *sample_build(const struct rill_heap *heap, size_t entries);

/* Free all of it but the root. */
void sample_clear(struct sample *s, const struct rill_heap *heap);

/* Look at every byte that a view of [at, at + len) leads to from the root at its begin, and look some keys up.
 * What was counted (0 or more), or the view's error. */
int sample_walk(const void *at, size_t len);

/* The same with the root anywhere in the range. */
int sample_walk_from(const void *at, size_t len, const void *root);

/* What sample_walk() counts in one that was not touched. */
int sample_count(size_t entries);

#endif
