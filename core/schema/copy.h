/* core/schema/copy.h - deep copies; canonical.c makes a special kind of them. */
#ifndef CORE_SCHEMA_COPY_H
#define CORE_SCHEMA_COPY_H

#include "schema/build.h"

/* Drop what is zero at the end of structs, so that equal values become equal bytes, and refuse capabilities. */
#define COPY_CANONICAL 1u

/* As rill_slot_copy(). The builder's error is not set. */
int copy_to(struct rill_slot slot, struct rill_pointer from, unsigned flags);

/* canonical.c: shorten a struct, or the elements of a list of structs, that were copied to the end of the last segment.
 * *data_words and *pointers are of one, before and after. Returns how many words there are left. */
uint64_t canonical_trim(unsigned char *at, uint64_t count, uint64_t *data_words, uint64_t *pointers);

#endif
