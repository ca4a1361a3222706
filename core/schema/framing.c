/* core/schema/framing.c - the stream framing: segments less one, their sizes in words (32 bits each), padding, segments.
 *
 * The table is bounded before it is believed: RILL_SEGMENTS_MAX segments, max_words in all.
 */
#include <rill/framing.h>

#include <errno.h>

static size_t table_size(uint64_t count)
{
	return (size_t)(count / 2 + 1) * RILL_WORD;
}

size_t rill_frame_table_size(const struct rill_segment *segments, size_t count)
{
	size_t i;

	if (!segments || !count || count > RILL_SEGMENTS_MAX)
		return 0;
	for (i = 0; i < count; i++) {
		if (segments[i].count > UINT32_MAX)
			return 0;
	}
	return table_size(count);
}

size_t rill_frame_size(const struct rill_segment *segments, size_t count)
{
	size_t i, bytes = rill_frame_table_size(segments, count);

	for (i = 0; bytes && i < count; i++)
		bytes += segments[i].count * RILL_WORD;
	return bytes;
}

ssize_t rill_frame_write_table(void *to, size_t room, const struct rill_segment *segments, size_t count)
{
	size_t i, bytes = rill_frame_table_size(segments, count);
	unsigned char *at = to;
	uint32_t word;

	if (!to)
		return -EINVAL;
	if (!bytes)
		return -EMSGSIZE;
	if (room < bytes)
		return -ENOBUFS;
	memset(to, 0, bytes);
	word = RILL_LE32((uint32_t)count - 1);
	memcpy(at, &word, sizeof(word));
	for (i = 0; i < count; i++) {
		word = RILL_LE32((uint32_t)segments[i].count);
		memcpy(at + (i + 1) * sizeof(word), &word, sizeof(word));
	}
	return (ssize_t)bytes;
}

ssize_t rill_frame_write(void *to, size_t room, const struct rill_segment *segments, size_t count)
{
	size_t i, bytes = rill_frame_size(segments, count), at;

	if (!to)
		return -EINVAL;
	if (!bytes)
		return -EMSGSIZE;
	if (room < bytes)
		return -ENOBUFS;
	at = (size_t)rill_frame_write_table(to, room, segments, count);
	for (i = 0; i < count; i++) {
		if (segments[i].count)
			memcpy((unsigned char *)to + at, segments[i].words, segments[i].count * RILL_WORD);
		at += segments[i].count * RILL_WORD;
	}
	return (ssize_t)bytes;
}

/* The bytes may be unaligned and may change: each number is put together from bytes that are loaded once. */
static uint32_t number_at(const unsigned char *bytes, size_t index)
{
	const unsigned char *at = bytes + index * 4;

	return rill_load_u8(at) | (uint32_t)rill_load_u8(at + 1) << 8 | (uint32_t)rill_load_u8(at + 2) << 16 |
	       (uint32_t)rill_load_u8(at + 3) << 24;
}

/* Sizes of the segments into `sizes`: how many; 0: the table is not all there; or -EMSGSIZE. *ret_need: what must be. */
static ssize_t read_table(uint32_t *sizes, const unsigned char *bytes, size_t len, uint64_t max_words, uint64_t *ret_need)
{
	uint64_t count, words = 0;
	size_t i;

	*ret_need = RILL_WORD;
	if (len < RILL_WORD)
		return 0;
	count = (uint64_t)number_at(bytes, 0) + 1;
	if (count > RILL_SEGMENTS_MAX)
		return -EMSGSIZE;
	*ret_need = table_size(count);
	if (len < *ret_need)
		return 0;
	for (i = 0; i < count; i++) {
		sizes[i] = number_at(bytes, i + 1);
		words += sizes[i];
	}
	if (words > (max_words ? max_words : RILL_TRAVERSAL_WORDS) || words > (SIZE_MAX / 2 - *ret_need) / RILL_WORD)
		return -EMSGSIZE;
	*ret_need += words * RILL_WORD;
	return (ssize_t)count;
}

ssize_t rill_frame_length(const void *bytes, size_t len, uint64_t max_words, size_t *ret_need)
{
	uint32_t sizes[RILL_SEGMENTS_MAX];
	uint64_t need;
	ssize_t count;

	if (!bytes && len)
		return -EINVAL;
	count = read_table(sizes, bytes, len, max_words, &need);
	if (count < 0)
		return count;
	if (ret_need)
		*ret_need = (size_t)need;
	return count ? (ssize_t)need : 0;
}

ssize_t rill_frame_read(struct rill_segment *ret_segments, size_t room, const void *bytes, size_t len, uint64_t max_words)
{
	uint32_t sizes[RILL_SEGMENTS_MAX];
	const unsigned char *at = bytes;
	uint64_t need;
	ssize_t i, count;

	if (!ret_segments || (!bytes && len) || (uintptr_t)bytes % RILL_WORD)
		return -EINVAL;
	count = read_table(sizes, bytes, len, max_words, &need);
	if (count < 0)
		return count;
	if (!count || len < need)
		return -EBADMSG;
	if ((size_t)count > room)
		return -ENOBUFS;
	at += table_size((uint64_t)count);
	for (i = 0; i < count; i++) {
		ret_segments[i].words = at;
		ret_segments[i].count = sizes[i];
		at += sizes[i] * RILL_WORD;
	}
	return count;
}
