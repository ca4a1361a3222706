/* core/schema/canonical.c - the canonical form: one segment, objects in preorder, structs without trailing zeros.
 *
 * A copy in preorder into one segment is canonical but for the trimming, which is done on the copy.
 */
#include "schema/copy.h"

#include <errno.h>
#include <rill/framing.h>

/* Words up to and with the last one that is not zero. */
static uint64_t used_words(const unsigned char *at, uint64_t words)
{
	while (words && !rill_load_u64(at + (words - 1) * RILL_WORD))
		words--;
	return words;
}

uint64_t canonical_trim(unsigned char *at, uint64_t count, uint64_t *data_words, uint64_t *pointers)
{
	uint64_t data = 0, refs = 0, step = *data_words + *pointers, i;

	if (!step)
		return 0;
	for (i = 0; i < count && data + refs < step; i++) {
		const unsigned char *element = at + i * step * RILL_WORD;
		uint64_t d = used_words(element, *data_words), p = used_words(element + *data_words * RILL_WORD, *pointers);

		data = d > data ? d : data;
		refs = p > refs ? p : refs;
	}
	for (i = 0; i < count && data + refs < step; i++) {
		unsigned char *from = at + i * step * RILL_WORD, *to = at + i * (data + refs) * RILL_WORD;

		memmove(to, from, data * RILL_WORD);
		memmove(to + data * RILL_WORD, from + *data_words * RILL_WORD, refs * RILL_WORD);
	}
	*data_words = data;
	*pointers = refs;
	return count * (data + refs);
}

ssize_t rill_canonical_write(void *to, size_t room, struct rill_pointer from)
{
	struct rill_builder_options options = {.size = sizeof(options), .buffer = to, .buffer_words = room};
	struct rill_builder b;
	ssize_t words;
	int r;

	if (!to)
		return -EINVAL;
	if (!room)
		return -ENOSPC;
	r = rill_builder_init(&b, &options);
	if (r < 0)
		return r;
	r = copy_to(rill_builder_root(&b), from, COPY_CANONICAL);
	words = (ssize_t)b.segments[0].count;
	rill_builder_finish(&b);
	return r < 0 ? r : words;
}
