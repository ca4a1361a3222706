/* core/schema/pointer.c - following pointers of a message that may lie, and may change under us.
 *
 * Each word is loaded once into a local and only that is decoded. Whoever got an object from here and had it checked may
 * use [at, at + its words) of its segment.
 */
#include "schema/pointer.h"

#include <errno.h>

int rill_reader_fail(struct rill_reader *reader, int error)
{
	if (reader && !reader->error)
		reader->error = error;
	return error;
}

static const struct rill_segment *far_lands_in(const struct rill_reader *reader, uint64_t word)
{
	return reader && far_segment(word) < reader->count ? &reader->segments[far_segment(word)] : NULL;
}

/* One word before the object, or anywhere in its segment: an ordinary pointer. */
static int follow_single(struct object *ret, const struct rill_segment *segment, uint64_t pad)
{
	uint64_t word;

	if (!segment_has(segment, pad, 1))
		return -EBADMSG;
	word = rill_load_u64(segment_at(segment, pad));
	if (!word || (word_kind(word) != WORD_STRUCT && word_kind(word) != WORD_LIST))
		return -EBADMSG;
	ret->segment = segment;
	ret->word = word;
	ret->at = rill_word_target(word, pad);
	return 1;
}

/* Two words in a third segment: a far pointer to the content itself, and a tag that describes it. */
static int follow_double(struct object *ret, const struct rill_reader *reader, const struct rill_segment *segment, uint64_t pad)
{
	uint64_t far, tag;

	if (!segment_has(segment, pad, 2))
		return -EBADMSG;
	far = rill_load_u64(segment_at(segment, pad));
	tag = rill_load_u64(segment_at(segment, pad + 1));
	if (word_kind(far) != WORD_FAR || (far & FAR_DOUBLE))
		return -EBADMSG;
	if ((word_kind(tag) != WORD_STRUCT && word_kind(tag) != WORD_LIST) || tag != word_bare(tag))
		return -EBADMSG;
	ret->segment = far_lands_in(reader, far);
	ret->word = tag;
	ret->at = far_pad(far);
	return ret->segment ? 1 : -EBADMSG;
}

static int follow_far(struct object *ret, struct rill_pointer p)
{
	const struct rill_segment *segment = far_lands_in(p.reader, p.word);
	bool twice = p.word & FAR_DOUBLE;
	int r;

	if (!segment)
		return rill_reader_fail(p.reader, -EBADMSG);
	r = charge(p.reader, twice ? 2 : 1);
	if (r < 0)
		return r;
	r = twice ? follow_double(ret, p.reader, segment, far_pad(p.word)) : follow_single(ret, segment, far_pad(p.word));
	return r < 0 ? rill_reader_fail(p.reader, r) : r;
}

int object_find_other(struct object *ret, struct rill_pointer p)
{
	if (word_kind(p.word) == WORD_FAR)
		return follow_far(ret, p);
	if ((uint32_t)p.word != WORD_OTHER)
		return rill_reader_fail(p.reader, -EBADMSG);
	ret->segment = p.segment;
	ret->word = p.word;
	ret->at = 0;
	return 1;
}

/* The words of a struct list may be more than its elements need, never less. */
static int struct_elements(struct elements *ret, const struct object *o, struct rill_reader *reader)
{
	uint64_t words = rill_word_elements(o->word), each, tag;

	if (!segment_has(o->segment, o->at, words + 1))
		return rill_reader_fail(reader, -EBADMSG);
	tag = rill_load_u64(segment_at(o->segment, o->at));
	each = struct_words(tag);
	if (word_kind(tag) != WORD_STRUCT || tag_count(tag) * each > words)
		return rill_reader_fail(reader, -EBADMSG);
	ret->at = o->at + 1;
	ret->count = tag_count(tag);
	ret->words = ret->count * each;
	ret->tag = tag;
	ret->kind = RILL_LIST_STRUCT;
	return charge(reader, each ? words + 1 : ret->count + 1);
}

int object_list(struct elements *ret, const struct object *o, struct rill_reader *reader)
{
	unsigned kind = list_kind(o->word);

	if (word_kind(o->word) != WORD_LIST)
		return rill_reader_fail(reader, -EBADMSG);
	if (kind == RILL_LIST_STRUCT)
		return struct_elements(ret, o, reader);
	ret->at = o->at;
	ret->count = rill_word_elements(o->word);
	ret->words = list_words(kind, ret->count);
	ret->tag = 0;
	ret->kind = kind;
	if (!segment_has(o->segment, o->at, ret->words))
		return rill_reader_fail(reader, -EBADMSG);
	return charge(reader, kind == RILL_LIST_VOID ? ret->count : ret->words);
}
