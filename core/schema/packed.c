/* core/schema/packed.c - the packed form: per word a tag byte that says which of its bytes are not zero, and those bytes.
 *
 * Behind tag 00 is how many further words are all zero, behind tag ff (and its eight bytes) how many words follow as they
 * are. Input is looked at byte by byte, each once; how much there is to read and room to write is checked before each step.
 */
#include <rill/framing.h>

#include <errno.h>

#define RUN_MAX 255u

struct out {
	unsigned char *at;
	size_t left;
};

struct in {
	const unsigned char *at;
	size_t left;
};

size_t rill_pack_bound(size_t words)
{
	/* ten bytes a word at worst: ff, eight bytes, no further words */
	return words <= SIZE_MAX / 10 ? words * 10 : SIZE_MAX;
}

static unsigned zeros(const unsigned char *word)
{
	unsigned i, n = 0;

	for (i = 0; i < 8; i++)
		n += word[i] == 0;
	return n;
}

static bool put(struct out *out, const void *bytes, size_t len)
{
	if (out->left < len)
		return false;
	memcpy(out->at, bytes, len);
	out->at += len;
	out->left -= len;
	return true;
}

/* The tag and the bytes of one word; gives the tag, or -ENOBUFS. */
static int pack_word(struct out *out, const unsigned char *word)
{
	unsigned char packed[9];
	size_t i, n = 1;

	packed[0] = 0;
	for (i = 0; i < 8; i++) {
		if (!word[i])
			continue;
		packed[0] = (unsigned char)(packed[0] | 1u << i);
		packed[n++] = word[i];
	}
	return put(out, packed, n) ? packed[0] : -ENOBUFS;
}

static size_t zero_run(const unsigned char *from, size_t words)
{
	size_t n = 0;

	while (n < words && n < RUN_MAX && zeros(from + n * RILL_WORD) == 8)
		n++;
	return n;
}

/* Words that would not get shorter: one zero byte is what the tag costs. */
static size_t full_run(const unsigned char *from, size_t words)
{
	size_t n = 0;

	while (n < words && n < RUN_MAX && zeros(from + n * RILL_WORD) < 2)
		n++;
	return n;
}

ssize_t rill_pack(void *to, size_t room, const void *from, size_t words)
{
	const unsigned char *at = from;
	struct out out = {to, room};

	if ((!to && room) || (!from && words))
		return -EINVAL;
	while (words) {
		unsigned char run = 0;
		int tag = pack_word(&out, at);

		if (tag < 0)
			return tag;
		at += RILL_WORD;
		words--;
		if (tag == 0)
			run = (unsigned char)zero_run(at, words);
		else if (tag == 0xff)
			run = (unsigned char)full_run(at, words);
		else
			continue;
		if (!put(&out, &run, 1) || (tag == 0xff && !put(&out, at, run * RILL_WORD)))
			return -ENOBUFS;
		at += run * RILL_WORD;
		words -= run;
	}
	return (ssize_t)(room - out.left);
}

ssize_t rill_frame_pack(void *to, size_t room, const struct rill_segment *segments, size_t count)
{
	uint64_t table[RILL_SEGMENTS_MAX / 2 + 1];
	ssize_t n = rill_frame_write_table(table, sizeof(table), segments, count), sum;
	size_t i;

	if (n < 0)
		return n;
	sum = rill_pack(to, room, table, (size_t)n / RILL_WORD);
	for (i = 0; sum >= 0 && i < count; i++) {
		n = rill_pack((unsigned char *)to + sum, room - (size_t)sum, segments[i].words, segments[i].count);
		sum = n < 0 ? n : sum + n;
	}
	return sum;
}

static bool get_byte(struct in *in, unsigned char *ret)
{
	if (!in->left)
		return false;
	*ret = rill_load_u8(in->at++);
	in->left--;
	return true;
}

/* One tag, the bytes of its word, and its run. false: the input ends in it. */
static bool unpack_tag(struct in *in, unsigned char *ret_tag, unsigned char *word, unsigned char *ret_run)
{
	size_t i;

	*ret_run = 0;
	if (!get_byte(in, ret_tag))
		return false;
	for (i = 0; i < 8; i++) {
		word[i] = 0;
		if ((*ret_tag >> i & 1) && !get_byte(in, &word[i]))
			return false;
	}
	if (*ret_tag != 0 && *ret_tag != 0xff)
		return true;
	return get_byte(in, ret_run) && (*ret_tag == 0 || in->left >= *ret_run * RILL_WORD);
}

/* Both passes: `to` NULL only counts. At most `most` words, else `full`. */
static ssize_t unpack(unsigned char *to, uint64_t most, const void *from, size_t len, int full)
{
	struct in in = {from, len};
	uint64_t words = 0;

	while (in.left) {
		unsigned char tag, run, word[8];

		if (!unpack_tag(&in, &tag, word, &run))
			return -EBADMSG;
		if (most - words < run + UINT64_C(1))
			return full;
		if (to) {
			unsigned char *at = to + words * RILL_WORD;

			memcpy(at, word, RILL_WORD);
			if (tag == 0)
				memset(at + RILL_WORD, 0, run * RILL_WORD);
			else
				memcpy(at + RILL_WORD, in.at, run * RILL_WORD);
		}
		if (tag == 0xff) {
			in.at += run * RILL_WORD;
			in.left -= run * RILL_WORD;
		}
		words += run + UINT64_C(1);
	}
	return (ssize_t)words;
}

ssize_t rill_unpacked_words(const void *from, size_t len, uint64_t max_words)
{
	if (!from && len)
		return -EINVAL;
	return unpack(NULL, max_words ? max_words : RILL_TRAVERSAL_WORDS, from, len, -EMSGSIZE);
}

ssize_t rill_unpack(void *to, size_t room, const void *from, size_t len)
{
	unsigned char none[RILL_WORD];

	if ((!to && room) || (!from && len))
		return -EINVAL;
	return unpack(to ? to : none, room, from, len, -ENOBUFS);
}
