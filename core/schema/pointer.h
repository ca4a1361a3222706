/* core/schema/pointer.h - the bits of pointer words, and following them. The only place that knows the encoding of pointers,
 * but for what rill/words.h has of structs and bytes, since that is inline in the user's program.
 *
 *   struct      00, signed 30 bits: words from behind the pointer; 16 bits: data words; 16 bits: pointers
 *   list        01, signed 30 bits as above; 3 bits: kind; 29 bits: elements (kind 7: words without the tag)
 *   far         10, 1 bit: double; 29 bits: word index of the pad; 32 bits: segment
 *   capability  11, 30 bits 0; 32 bits: index
 *
 * Everything here works on words that were loaded already: a word is never looked at twice. Indexes are unsigned 64-bit
 * numbers, never pointers: an offset that leads before the segment becomes huge and fails the one comparison there is.
 */
#ifndef CORE_SCHEMA_POINTER_H
#define CORE_SCHEMA_POINTER_H

#include <errno.h>
#include <rill/reader.h>

enum word_kind { WORD_STRUCT = 0, WORD_LIST = 1, WORD_FAR = 2, WORD_OTHER = 3 };

#define FAR_DOUBLE UINT64_C(4)
#define LIST_COUNT_MAX ((UINT64_C(1) << 29) - 1)
#define SEGMENT_WORDS_MAX ((UINT64_C(1) << 29) - 1) /* what we build: any place can be pointed at from any other */

static inline enum word_kind word_kind(uint64_t word)
{
	return (enum word_kind)(word & 3);
}

/* A struct's or list's pointer without its offset; rill_word_aimed() puts it in. */
static inline uint64_t word_bare(uint64_t word)
{
	return word & ~UINT64_C(0xfffffffc);
}

static inline uint64_t struct_words(uint64_t word)
{
	return (uint64_t)rill_word_data_words(word) + rill_word_pointers(word);
}

static inline uint64_t list_word(unsigned kind, uint64_t count)
{
	return WORD_LIST | (uint64_t)kind << 32 | count << 35;
}

static inline unsigned list_kind(uint64_t word)
{
	return (unsigned)(word >> 32) & 7;
}

/* The tag of a struct list: a struct word that has the count where the offset is. */
static inline uint64_t tag_word(uint64_t count, uint64_t data_words, uint64_t pointers)
{
	return count << 2 | rill_word_struct(data_words, pointers);
}

static inline uint64_t tag_count(uint64_t word)
{
	return (uint32_t)word >> 2;
}

static inline uint64_t far_word(uint64_t segment, uint64_t pad, uint64_t flags)
{
	return WORD_FAR | flags | pad << 3 | segment << 32;
}

static inline uint64_t far_pad(uint64_t word)
{
	return (uint32_t)word >> 3;
}

static inline uint64_t far_segment(uint64_t word)
{
	return word >> 32;
}

/* Bits of one element of the data in a list that is none of structs; pointers have none. */
static inline unsigned kind_bits(unsigned kind)
{
	static const uint8_t bits[8] = {0, 1, 8, 16, 32, 64, 0, 0};

	return bits[kind & 7];
}

/* Words of the elements of a list of any kind but structs. */
static inline uint64_t list_words(unsigned kind, uint64_t count)
{
	return kind == RILL_LIST_POINTER ? count : (count * kind_bits(kind) + 63) / 64;
}

static inline const unsigned char *segment_at(const struct rill_segment *segment, uint64_t at)
{
	return (const unsigned char *)segment->words + at * RILL_WORD;
}

/* Are [at, at + words) in the segment? */
static inline bool segment_has(const struct rill_segment *segment, uint64_t at, uint64_t words)
{
	return at <= segment->count && words <= segment->count - at;
}

/* ---- following ------------------------------------------------------------------------------------------------------ */

/* Where a pointer leads after its far pads: what word describes the object, and where its content is. In bounds is only
 * known once object_struct() or object_list() said so. */
struct object {
	const struct rill_segment *segment;
	uint64_t word; /* a struct or list word; its offset means nothing any more */
	uint64_t at;
};

/* What is in a list, checked and paid for. */
struct elements {
	uint64_t at; /* of the first, behind the tag */
	uint64_t count;
	uint64_t words; /* of all of them */
	uint64_t tag;   /* of structs: what the tag said */
	unsigned kind;
};

/* What a far pointer or a capability leads to; a broken one, too. */
int object_find_other(struct object *ret, struct rill_pointer p);

/* 1: *ret says where; 0: null; or -EBADMSG. The pads cost a word each. */
static inline int object_find(struct object *ret, struct rill_pointer p)
{
	if (!p.word)
		return 0;
	if (word_kind(p.word) > WORD_LIST)
		return object_find_other(ret, p);
	ret->segment = p.segment;
	ret->word = p.word;
	ret->at = rill_word_target(p.word, p.at);
	return 1;
}

/* At least one word, so that what takes no room cannot be followed for ever. Defaults have no reader: they are ours. */
static inline int charge(struct rill_reader *reader, uint64_t words)
{
	if (!reader)
		return 0;
	words = words ? words : 1;
	if (words > reader->words) {
		reader->words = 0;
		return rill_reader_fail(reader, -EMSGSIZE);
	}
	reader->words -= words;
	return 0;
}

/* Is it a struct (a list) that lies in its segment? Costs its words. 0 or negative. */
static inline int object_struct(const struct object *o, struct rill_reader *reader)
{
	if (word_kind(o->word) != WORD_STRUCT || !segment_has(o->segment, o->at, struct_words(o->word)))
		return rill_reader_fail(reader, -EBADMSG);
	return charge(reader, struct_words(o->word));
}

int object_list(struct elements *ret, const struct object *o, struct rill_reader *reader);

#endif
