/* tests/fuzz/schema_segments.c - any words as one, two or three segments, each a block of its own. */
#include <stdlib.h>

#include "tests/support/traverse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rill_segment segments[3];
	size_t words = len / RILL_WORD, count, i;

	if (words < 4)
		return 0;
	count = 1 + bytes[0] % 3;
	for (i = 0; i < count; i++) {
		size_t share = i + 1 < count ? words / count : words - words / count * (count - 1);
		uint64_t *copy = malloc(share * RILL_WORD);

		memcpy(copy, bytes + words / count * i * RILL_WORD, share * RILL_WORD);
		segments[i] = (struct rill_segment){copy, share};
	}
	if (count > 1 && bytes[1] & 1)
		*(uint64_t *)(uintptr_t)segments[0].words =
			(uint64_t)1 << 32 | 2 | (bytes[1] & 4); /* begin with a far pointer */
	if (traverse_all(segments, count, 1 << 14) != 0)
		abort();
	for (i = 0; i < count; i++)
		free((void *)(uintptr_t)segments[i].words);
	return 0;
}
