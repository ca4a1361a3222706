/* tests/fuzz/schema_message.c - any bytes as a framed message: read, size, copy, canonicalise. */
#include <stdlib.h>

#include "tests/support/traverse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rill_segment segments[RILL_SEGMENTS_MAX];
	uint64_t *aligned = malloc(len ? len : 1);
	ssize_t count;

	if (len)
		memcpy(aligned, bytes, len);
	count = rill_frame_read(segments, RILL_SEGMENTS_MAX, aligned, len, 0);
	if (count > 0 && traverse_all(segments, (size_t)count, 1 << 14) != 0)
		abort();
	free(aligned);
	return 0;
}
