/* core/schema/build.h - room in the segments of a builder, and pointing at it.
 *
 * Only the last segment is filled. What lies in another segment than its pointer gets a landing pad just before it; only
 * what was placed before and is pointed at from elsewhere later (moved) may need a double-far.
 */
#ifndef CORE_SCHEMA_BUILD_H
#define CORE_SCHEMA_BUILD_H

#include <rill/builder.h>

#include "schema/pointer.h"

/* Where an object is, and the pad that was reserved for it, if there is one. */
struct place {
	uint32_t segment;
	uint32_t at;
	bool padded; /* the word before `at` is its pad */
};

/* How far a builder was filled. */
struct mark {
	uint32_t count;
	size_t used, space;
	bool is_clear;
};

/* Words of a segment of ours. */
static inline unsigned char *builder_at(const struct rill_builder *b, uint32_t segment, uint64_t at)
{
	return (unsigned char *)(uintptr_t)segment_at(&b->segments[segment], at);
}

/* Room, not cleared, where no pad is needed: in the last segment, pointed at from it. false: there is none. */
static inline bool builder_reserve_here(struct rill_builder *b, uint32_t from, uint64_t words, struct place *ret)
{
	struct rill_segment *last = &b->segments[b->count - 1];

	if (from != b->count - 1 || words > b->space - last->count)
		return false;
	ret->segment = from;
	ret->at = (uint32_t)last->count;
	ret->padded = false;
	last->count += words;
	return true;
}

/* Cleared room for an object that will be pointed at from segment `from`. 0 or negative; the builder's error is not set. */
int builder_reserve(struct rill_builder *b, uint32_t from, uint64_t words, struct place *ret);

/* Give back the last words of what was reserved last. */
void builder_trim(struct rill_builder *b, uint64_t words);

/* Let a slot point at an object; `bare` is its pointer without an offset. Only a place without a pad can make it fail. */
int builder_aim(struct rill_slot slot, struct place target, uint64_t bare);

void builder_mark(const struct rill_builder *b, struct mark *ret);
void builder_rewind(struct rill_builder *b, const struct mark *mark);

#endif
