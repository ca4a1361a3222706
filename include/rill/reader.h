/* rill/reader.h - reading a Cap'n Proto message where it lies, even while its sender changes it.
 *
 *   struct rill_reader reader;
 *   int r = rill_reader_init(&reader, segments, count, NULL);
 *   struct rill_struct person = rill_pointer_struct(rill_reader_root(&reader));
 *   uint32_t id = rill_struct_u32(person, 0, 0);
 *   struct rill_text name = rill_struct_text(person, 0);
 *   if (rill_reader_error(&reader) < 0) ... the message is broken
 *
 * Views (pointer, struct, list, text, data) are small structs by value: what was decoded, in your memory, checked once.
 * They stay valid as long as the reader and the segments do. Nothing is allocated, nothing is freed, nothing recurses.
 *
 *   absent     a null pointer, a field that the sender's older schema does not have: its default, or an empty view
 *   broken     the plain getters give the same empty view and remember the error in the reader (the first one stays);
 *              those with `read` in their name tell: 1 it is there, 0 absent, or negative:
 *                -EBADMSG   a pointer leads out of its segment, is of another kind than asked for, text without its NUL, ...
 *                -EMSGSIZE  more words were followed than the traversal limit allows
 *                -ELOOP     deeper than the depth limit
 *   racing     a message that changes while it is read gives some answer or an error, never a view out of bounds. Text and
 *              data point into the message: their length and the NUL were looked at once, their bytes may differ at
 *              each look. Copy before you decide by them; never strlen() them
 *   defaults   scalars are stored XORed with their default, which every getter takes (0: none)
 */
#ifndef RILL_READER_H
#define RILL_READER_H

#include <errno.h>
#include <rill/words.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RILL_TRAVERSAL_WORDS ((uint64_t)8 << 20) /* default limit */
#define RILL_DEPTH 64                            /* default limit */
#define RILL_DEPTH_MAX 256

struct rill_reader_options {
	size_t size;    /* sizeof(struct rill_reader_options) */
	uint64_t words; /* traversal limit: each view costs the words of its object. Default RILL_TRAVERSAL_WORDS */
	unsigned depth; /* pointers followed one below the other. Default RILL_DEPTH, at most RILL_DEPTH_MAX */
};

/* One message being read, by one thread. Yours, in private memory; its fields are not. */
struct rill_reader {
	const struct rill_segment *segments;
	size_t count;
	uint64_t words; /* that may still be followed */
	unsigned depth;
	int error;
};

/* A pointer of the message, loaded once: what is asked of this view is asked of one value. The AnyPointer. */
struct rill_pointer {
	struct rill_reader *reader;         /* NULL: of a compiled-in default, or nothing */
	const struct rill_segment *segment; /* NULL: absent */
	uint64_t word;
	uint32_t at; /* its word index in the segment */
	uint32_t depth;
};

struct rill_struct {
	struct rill_reader *reader;
	const struct rill_segment *segment;
	const unsigned char *data;
	uint32_t data_bytes;
	uint32_t at; /* word index of the pointer section */
	uint32_t pointers;
	uint32_t depth;
};

struct rill_list {
	struct rill_reader *reader;
	const struct rill_segment *segment;
	const unsigned char *data; /* the first element */
	uint32_t at;               /* its word index */
	uint32_t count;
	uint32_t step; /* bytes from element to element; bits: 0 */
	uint32_t data_bytes;
	uint16_t pointers; /* of one element */
	uint8_t kind;      /* as stored: enum rill_list_kind */
	uint32_t depth;
};

struct rill_text {
	const char *at; /* never NULL; at[len] was the NUL */
	size_t len;     /* without the NUL */
};

struct rill_data {
	const void *at; /* never NULL */
	size_t len;
};

enum rill_pointer_kind { RILL_POINTER_NULL, RILL_POINTER_STRUCT, RILL_POINTER_LIST, RILL_POINTER_CAPABILITY };

/* What copying an object would take. */
struct rill_size {
	uint64_t words; /* without the pointer to it */
	uint64_t capabilities;
};

/* ---- the reader ----------------------------------------------------------------------------------------------------- */

/* Read the message in `segments`; the array and what it points at stay yours and outlive the reader.
 *   -EBADMSG  no segment, or no word in the first;   -EMSGSIZE  a segment of 2^32 words and up
 *   -EINVAL   a segment is NULL or not 8-aligned, depth above RILL_DEPTH_MAX;   -E2BIG */
RILL_API int rill_reader_init(struct rill_reader *reader, const struct rill_segment *segments, size_t count,
                              const struct rill_reader_options *options);

/* The same over one segment that is known to be good, with the default depth: cannot fail. */
static inline void rill_reader_begin(struct rill_reader *reader, const struct rill_segment *segment, uint64_t words)
{
	reader->segments = segment;
	reader->count = 1;
	reader->words = words;
	reader->depth = RILL_DEPTH;
	reader->error = 0;
}

static inline struct rill_pointer rill_reader_root(struct rill_reader *reader)
{
	struct rill_pointer p = {NULL, NULL, 0, 0, 0};

	if (reader && reader->segments) {
		p.reader = reader;
		p.segment = reader->segments;
		p.word = rill_load_u64((const unsigned char *)reader->segments->words);
		p.depth = reader->depth;
	}
	return p;
}

/* Remember an error (the first one stays) and give it back. NULL: nowhere. */
RILL_API __attribute__((cold)) int rill_reader_fail(struct rill_reader *reader, int error);

/* 0, or the first error that any view of this reader met. */
static inline int rill_reader_error(const struct rill_reader *reader)
{
	return reader ? reader->error : 0;
}

/* ---- pointers ------------------------------------------------------------------------------------------------------- */

/* enum rill_pointer_kind, or negative: broken. */
RILL_API int rill_pointer_read_kind(struct rill_pointer p);

/* 1 there, 0 absent (*ret is then empty and may be used), negative broken (*ret is untouched). */
RILL_API int rill_pointer_read_struct(struct rill_struct *ret, struct rill_pointer p);
RILL_API int rill_pointer_read_list(struct rill_list *ret, struct rill_pointer p, enum rill_list_kind kind);
RILL_API int rill_pointer_read_text(struct rill_text *ret, struct rill_pointer p);
RILL_API int rill_pointer_read_data(struct rill_data *ret, struct rill_pointer p);
RILL_API int rill_pointer_read_capability(uint32_t *ret_index, struct rill_pointer p);

/* The same with broken as absent and the error kept in the reader. The usual ones are inline; *_any() is their long way. */
RILL_API struct rill_list rill_pointer_list(struct rill_pointer p, enum rill_list_kind kind);
RILL_API struct rill_struct rill_pointer_struct_any(struct rill_pointer p);
RILL_API struct rill_text rill_pointer_text_any(struct rill_pointer p);
RILL_API struct rill_data rill_pointer_data_any(struct rill_pointer p);

/* The usual struct, in the segment of its pointer: all of it is checked, and paid for. False, and nothing done, for all others
 * and for all that is wrong. */
static inline bool rill_pointer_near_struct(struct rill_struct *ret, struct rill_pointer p)
{
	uint32_t data_words = rill_word_data_words(p.word), pointers = rill_word_pointers(p.word);
	uint64_t words = (uint64_t)data_words + pointers, at = rill_word_target(p.word, p.at);

	if (p.word & 3 || !words || !p.depth || !p.reader || words > p.reader->words || at > p.segment->count ||
	    words > p.segment->count - at)
		return false;
	p.reader->words -= words;
	ret->reader = p.reader;
	ret->segment = p.segment;
	ret->data = (const unsigned char *)p.segment->words + at * RILL_WORD;
	ret->data_bytes = data_words * 8;
	ret->at = (uint32_t)at + data_words;
	ret->pointers = pointers;
	ret->depth = p.depth - 1;
	return true;
}

static inline struct rill_struct rill_pointer_struct(struct rill_pointer p)
{
	struct rill_struct s;

	return RILL_USUAL(rill_pointer_near_struct(&s, p)) ? s : rill_pointer_struct_any(p);
}

/* As rill_pointer_near_struct(): bytes in the segment of their pointer. */
static inline bool rill_pointer_near_bytes(struct rill_data *ret, struct rill_pointer p)
{
	uint64_t count = rill_word_elements(p.word), words = (count + 7) / 8, at = rill_word_target(p.word, p.at);
	uint64_t cost = words ? words : 1;

	if ((p.word & RILL_WORD_BYTES_MASK) != RILL_WORD_BYTES || !p.depth || !p.reader || cost > p.reader->words ||
	    at > p.segment->count || words > p.segment->count - at)
		return false;
	p.reader->words -= cost;
	ret->at = (const unsigned char *)p.segment->words + at * RILL_WORD;
	ret->len = (size_t)count;
	return true;
}

/* The NUL is looked at once. */
static inline struct rill_text rill_pointer_text(struct rill_pointer p)
{
	struct rill_text t = {"", 0};
	struct rill_data d;

	if (!RILL_USUAL(rill_pointer_near_bytes(&d, p)))
		return rill_pointer_text_any(p);
	if (RILL_USUAL(d.len && rill_load_u8((const unsigned char *)d.at + d.len - 1) == 0)) {
		t.at = (const char *)d.at;
		t.len = d.len - 1;
	} else {
		rill_reader_fail(p.reader, -EBADMSG);
	}
	return t;
}

static inline struct rill_data rill_pointer_data(struct rill_pointer p)
{
	struct rill_data d;

	return RILL_USUAL(rill_pointer_near_bytes(&d, p)) ? d : rill_pointer_data_any(p);
}

/* How much a copy of what p points at would take; follows all of it, within the limits. 0 or negative: broken. */
RILL_API int rill_pointer_read_size(struct rill_size *ret_size, struct rill_pointer p);

/* p, or where p is null the root of `otherwise`: a message of one segment that is compiled in. */
RILL_API struct rill_pointer rill_pointer_or(struct rill_pointer p, const struct rill_segment *otherwise);

/* The root of a message of one segment that is compiled in: a constant. Read without limits. */
RILL_API struct rill_pointer rill_segment_root(const struct rill_segment *segment);

static inline bool rill_pointer_has(struct rill_pointer p)
{
	return p.word != 0;
}

/* ---- text ----------------------------------------------------------------------------------------------------------- */

/* Copy with a NUL behind it: the length, or -ENOBUFS if room (bytes) is too small; nothing was written then. */
RILL_API ssize_t rill_text_copy(char *to, size_t room, struct rill_text text);

RILL_API bool rill_text_equals(struct rill_text text, const char *string);

/* ---- structs: offsets in bytes (of bools: in bits), pointers by index ----------------------------------------------- */

/* Pointers lie behind the data. An index past the end is absent. */
static inline struct rill_pointer rill_struct_pointer(struct rill_struct s, size_t index)
{
	struct rill_pointer p = {NULL, NULL, 0, 0, 0};

	if (index < s.pointers) {
		p.reader = s.reader;
		p.segment = s.segment;
		p.word = rill_load_u64(s.data + s.data_bytes + index * RILL_WORD);
		p.at = s.at + (uint32_t)index;
		p.depth = s.depth;
	}
	return p;
}

static inline bool rill_struct_bool(struct rill_struct s, uint32_t bit, bool otherwise)
{
	return bit / 8 < s.data_bytes ? ((rill_load_u8(s.data + bit / 8) >> (bit % 8) & 1) != 0) != otherwise : otherwise;
}

static inline uint8_t rill_struct_u8(struct rill_struct s, uint32_t offset, uint8_t otherwise)
{
	return offset < s.data_bytes ? (uint8_t)(rill_load_u8(s.data + offset) ^ otherwise) : otherwise;
}

static inline uint16_t rill_struct_u16(struct rill_struct s, uint32_t offset, uint16_t otherwise)
{
	return (uint64_t)offset + 2 <= s.data_bytes ? (uint16_t)(rill_load_u16(s.data + offset) ^ otherwise) : otherwise;
}

static inline uint32_t rill_struct_u32(struct rill_struct s, uint32_t offset, uint32_t otherwise)
{
	return (uint64_t)offset + 4 <= s.data_bytes ? rill_load_u32(s.data + offset) ^ otherwise : otherwise;
}

static inline uint64_t rill_struct_u64(struct rill_struct s, uint32_t offset, uint64_t otherwise)
{
	return (uint64_t)offset + 8 <= s.data_bytes ? rill_load_u64(s.data + offset) ^ otherwise : otherwise;
}

static inline int8_t rill_struct_i8(struct rill_struct s, uint32_t offset, int8_t otherwise)
{
	return (int8_t)rill_struct_u8(s, offset, (uint8_t)otherwise);
}

static inline int16_t rill_struct_i16(struct rill_struct s, uint32_t offset, int16_t otherwise)
{
	return (int16_t)rill_struct_u16(s, offset, (uint16_t)otherwise);
}

static inline int32_t rill_struct_i32(struct rill_struct s, uint32_t offset, int32_t otherwise)
{
	return (int32_t)rill_struct_u32(s, offset, (uint32_t)otherwise);
}

static inline int64_t rill_struct_i64(struct rill_struct s, uint32_t offset, int64_t otherwise)
{
	return (int64_t)rill_struct_u64(s, offset, (uint64_t)otherwise);
}

static inline float rill_struct_f32(struct rill_struct s, uint32_t offset, float otherwise)
{
	return rill_f32_bits(rill_struct_u32(s, offset, rill_bits_f32(otherwise)));
}

static inline double rill_struct_f64(struct rill_struct s, uint32_t offset, double otherwise)
{
	return rill_f64_bits(rill_struct_u64(s, offset, rill_bits_f64(otherwise)));
}

static inline bool rill_struct_has(struct rill_struct s, size_t index)
{
	return rill_pointer_has(rill_struct_pointer(s, index));
}

static inline struct rill_text rill_struct_text(struct rill_struct s, size_t index)
{
	return rill_pointer_text(rill_struct_pointer(s, index));
}

static inline struct rill_data rill_struct_data(struct rill_struct s, size_t index)
{
	return rill_pointer_data(rill_struct_pointer(s, index));
}

static inline struct rill_struct rill_struct_struct(struct rill_struct s, size_t index)
{
	return rill_pointer_struct(rill_struct_pointer(s, index));
}

static inline struct rill_list rill_struct_list(struct rill_struct s, size_t index, enum rill_list_kind kind)
{
	return rill_pointer_list(rill_struct_pointer(s, index), kind);
}

/* ---- lists: an index past the end, or an element too short for what is asked, gives 0 or nothing -------------------- */

static inline struct rill_struct rill_list_struct(struct rill_list l, size_t i)
{
	struct rill_struct s = {NULL, NULL, NULL, 0, 0, 0, 0};

	if (i < l.count && l.kind != RILL_LIST_BIT) {
		s.reader = l.reader;
		s.segment = l.segment;
		s.data = l.data + i * l.step;
		s.data_bytes = l.data_bytes;
		s.at = l.pointers ? l.at + (uint32_t)((i * l.step + l.data_bytes) / RILL_WORD) : 0;
		s.pointers = l.pointers;
		s.depth = l.depth;
	}
	return s;
}

static inline struct rill_pointer rill_list_pointer(struct rill_list l, size_t i)
{
	return rill_struct_pointer(rill_list_struct(l, i), 0);
}

/* All elements as they lie, little-endian: NULL if they are structs, bits, pointers or of another width than `bytes`. */
RILL_API const void *rill_list_raw(struct rill_list l, size_t bytes);

static inline size_t rill_list_count(struct rill_list l)
{
	return l.count;
}

static inline bool rill_list_bool(struct rill_list l, size_t i)
{
	return i < l.count && l.kind == RILL_LIST_BIT && (rill_load_u8(l.data + i / 8) >> (i % 8) & 1);
}

static inline uint8_t rill_list_u8(struct rill_list l, size_t i)
{
	return i < l.count && l.data_bytes >= 1 ? rill_load_u8(l.data + i * l.step) : 0;
}

static inline uint16_t rill_list_u16(struct rill_list l, size_t i)
{
	return i < l.count && l.data_bytes >= 2 ? rill_load_u16(l.data + i * l.step) : 0;
}

static inline uint32_t rill_list_u32(struct rill_list l, size_t i)
{
	return i < l.count && l.data_bytes >= 4 ? rill_load_u32(l.data + i * l.step) : 0;
}

static inline uint64_t rill_list_u64(struct rill_list l, size_t i)
{
	return i < l.count && l.data_bytes >= 8 ? rill_load_u64(l.data + i * l.step) : 0;
}

static inline int8_t rill_list_i8(struct rill_list l, size_t i)
{
	return (int8_t)rill_list_u8(l, i);
}

static inline int16_t rill_list_i16(struct rill_list l, size_t i)
{
	return (int16_t)rill_list_u16(l, i);
}

static inline int32_t rill_list_i32(struct rill_list l, size_t i)
{
	return (int32_t)rill_list_u32(l, i);
}

static inline int64_t rill_list_i64(struct rill_list l, size_t i)
{
	return (int64_t)rill_list_u64(l, i);
}

static inline float rill_list_f32(struct rill_list l, size_t i)
{
	return rill_f32_bits(rill_list_u32(l, i));
}

static inline double rill_list_f64(struct rill_list l, size_t i)
{
	return rill_f64_bits(rill_list_u64(l, i));
}

static inline struct rill_text rill_list_text(struct rill_list l, size_t i)
{
	return rill_pointer_text(rill_list_pointer(l, i));
}

static inline struct rill_data rill_list_data(struct rill_list l, size_t i)
{
	return rill_pointer_data(rill_list_pointer(l, i));
}

static inline struct rill_list rill_list_list(struct rill_list l, size_t i, enum rill_list_kind kind)
{
	return rill_pointer_list(rill_list_pointer(l, i), kind);
}

#ifdef __cplusplus
}
#endif
#endif
