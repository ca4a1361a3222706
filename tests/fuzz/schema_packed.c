/* tests/fuzz/schema_packed.c - any bytes as packed ones; what unpacks packs and unpacks to the same. And as a frame. */
#include <rill/schema.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void again(const uint64_t *words, size_t count)
{
	size_t bound = rill_pack_bound(count);
	unsigned char *packed = malloc(bound + 1);
	uint64_t *back = malloc((count + 1) * RILL_WORD);
	ssize_t n = rill_pack(packed, bound, words, count);

	if (n < 0 || rill_unpack(back, count, packed, (size_t)n) != (ssize_t)count || memcmp(back, words, count * RILL_WORD))
		abort();
	free(packed);
	free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	ssize_t words = rill_unpacked_words(bytes, len, 1 << 14);
	uint64_t *to;

	rill_frame_length(bytes, len, 0, NULL);
	if (words < 0)
		return 0;
	to = malloc(((size_t)words ? (size_t)words : 1) * RILL_WORD);
	if (rill_unpack(to, (size_t)words, bytes, len) != words)
		abort();
	if (words && rill_unpack(to, (size_t)words - 1, bytes, len) != -ENOBUFS)
		abort();
	rill_unpack(to, (size_t)words, bytes, len);
	again(to, (size_t)words);
	free(to);
	return 0;
}
