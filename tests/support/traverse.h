/* tests/support/traverse.h - look at everything in a Cap'n Proto message that may be broken, or change meanwhile. */
#ifndef TESTS_SUPPORT_TRAVERSE_H
#define TESTS_SUPPORT_TRAVERSE_H

#include <rill/schema.h>

/* A sum over all that p leads to, so that every byte of it is read. At most `most` objects. */
uint64_t traverse(struct rill_pointer p, uint64_t most);

/* Traverse, size, copy and canonicalise; 0, or the first line that went against what the headers promise. */
int traverse_all(const struct rill_segment *segments, size_t count, uint64_t words);

#endif
