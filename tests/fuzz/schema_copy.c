/* tests/fuzz/schema_copy.c - any words as a message, copied deep into segments of any size: what the copy holds is what the
 * source held, and a copy that failed left nothing. */
#include <rill/schema.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define WORDS (1 << 14)

static void *take(void *user, size_t least, size_t *words)
{
	*words = *(size_t *)user > least ? *(size_t *)user : least;
	return malloc(*words * RILL_WORD);
}

static void give(void *user, void *segment)
{
	(void)user;
	free(segment);
}

static ssize_t canonical(uint64_t *to, struct rill_pointer p)
{
	return rill_canonical_write(to, WORDS + WORDS / 64, p);
}

static void compare(const struct rill_segment *segments, size_t count, const struct rill_builder *b)
{
	struct rill_reader_options options = {.size = sizeof(options), .words = WORDS};
	uint64_t *one = malloc((WORDS + WORDS / 64) * RILL_WORD), *two = malloc((WORDS + WORDS / 64) * RILL_WORD);
	struct rill_reader from, copy;
	ssize_t n, m;

	rill_reader_init(&from, segments, count, &options);
	if (rill_builder_reader(b, &copy, NULL) < 0)
		abort();
	n = canonical(one, rill_reader_root(&from));
	m = canonical(two, rill_reader_root(&copy));
	if (n > 0 && m > 0 && (n != m || memcmp(one, two, (size_t)n * RILL_WORD)))
		abort();
	if (n > 0 && m < 0)
		abort();
	free(one);
	free(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rill_reader_options limits = {.size = sizeof(limits), .words = WORDS};
	size_t words = len / RILL_WORD, room = len ? 1 + bytes[len - 1] % 40 : 1, i, count, used;
	struct rill_builder_options options = {.size = sizeof(options), .take = take, .give = give, .user = &room};
	struct rill_segment segments[3];
	struct rill_reader reader;
	struct rill_builder b;
	uint64_t *all;

	if (words < 3)
		return 0;
	all = malloc(words * RILL_WORD);
	memcpy(all, bytes, words * RILL_WORD);
	count = 1 + bytes[len - 1] / 40 % 3;
	for (i = 0; i < count; i++)
		segments[i] = (struct rill_segment){all + words / count * i, words / count};
	if (rill_builder_init(&b, &options) < 0 || rill_reader_init(&reader, segments, count, &limits) < 0)
		abort();
	used = b.segments[0].count;
	if (rill_slot_copy(rill_builder_root(&b), rill_reader_root(&reader)) == 0)
		compare(segments, count, &b);
	else if (b.count != 1 || b.segments[0].count != used || *(const uint64_t *)b.segments[0].words)
		abort();
	rill_builder_finish(&b);
	free(all);
	return 0;
}
