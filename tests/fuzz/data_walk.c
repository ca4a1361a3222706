/* tests/fuzz/data_walk.c - any bytes as a borrowed range: everything in it is walked. */
#include <stdlib.h>

#include "tests/support/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	void *range = malloc(len ? len : 1); /* exact: a step outside is seen */
	int r;

	if (!range)
		return 0;
	memcpy(range, bytes, len);
	r = sample_walk(range, len);
	if (r < 0 && r != -EBADMSG && r != -ELOOP)
		abort();
	free(range);
	return 0;
}

/* The first input is a whole structure, so that changes to it lead somewhere. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t room, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t room);

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t room, unsigned seed)
{
	static _Alignas(16) unsigned char block[SAMPLE_BYTES];
	struct rill_bump bump;
	struct rill_heap heap = rill_bump_heap(&bump);

	rill_bump_init(&bump, block, sizeof(block));
	if (len < sizeof(struct sample) && sample_build(&heap, 1 + seed % SAMPLE_ENTRIES)) {
		len = sizeof(block) - bump.left;
		len = len < room ? len : room;
		memcpy(bytes, block, len);
	}
	if (seed % 2 && len >= 8) { /* one word, by a little */
		int64_t word, by = (int64_t)(seed / 2 % 4097) - 2048;
		size_t at = seed / 8194 % (len / 8) * 8;

		memcpy(&word, bytes + at, 8);
		word = (int64_t)((uint64_t)word + (uint64_t)by);
		memcpy(bytes + at, &word, 8);
		return len;
	}
	return LLVMFuzzerMutate(bytes, len, room);
}
