/* rill/builder.h - building a Cap'n Proto message in segments of any memory: heap, a buffer of yours, a block to be lent.
 *
 *   struct rill_builder b;
 *   int r = rill_builder_init(&b, NULL);
 *   struct rill_struct_builder person = rill_slot_init_struct(rill_builder_root(&b), 1, 2);
 *   rill_struct_set_u32(person, 0, 7, 0);
 *   rill_slot_set_text(rill_struct_slot(person, 0), "Ada", 3);
 *   if (rill_builder_error(&b) < 0) ... do not send it
 *   segments = rill_builder_segments(&b, &count);
 *   rill_builder_finish(&b);
 *
 * Views (slot, struct, list) are small structs by value and stay valid until reset or finish: segments never move.
 *
 *   errors    the first one stays in the builder; a call that could make nothing gives an empty view, and setting in an
 *             empty view does nothing. So a whole message is built and asked once. Calls with a result tell at once, too:
 *               -ENOMEM   no segment from the source;  -ENOSPC  the buffer is full and there is no source
 *               -EMSGSIZE longer than the encoding can say (2^29 - 1 elements, text with its NUL), or too many segments
 *               -EINVAL   an offset or index outside the struct or list, a size above 65535 words
 *   cleared   what is handed out reads as zero, whatever the memory held before
 *   replaced  what a slot pointed at before stays in the message, unreachable. Copy the root into a fresh builder to be rid
 *             of it
 *   memory    only you write to the segments while you build
 */
#ifndef RILL_BUILDER_H
#define RILL_BUILDER_H

#include <errno.h>
#include <rill/reader.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RILL_SEGMENTS_MAX 512 /* of one message; what others accept, too */

struct rill_builder_options {
	size_t size; /* sizeof(struct rill_builder_options) */

	/* The first segment: yours, 8-aligned, at least one word. NULL: the source is asked. */
	void *buffer;
	size_t buffer_words;

	/* A further segment of at least `least` words, 8-aligned, or NULL. *words is a good size on entry (at least `least`)
	 * and what it is on return. NULL: the heap; but with a buffer the message has to fit in it, unless `grow` is set. */
	void *(*take)(void *user, size_t least, size_t *words);
	void (*give)(void *user, void *segment); /* what was taken, at reset and finish. May be NULL */
	void *user;

	bool cleared; /* the buffer and what `take` gives is zero already: not cleared again */
	bool grow;    /* into the heap when the buffer is full */
};

/* One message being built. Yours; its fields are not. May not be moved. */
struct rill_builder {
	struct rill_builder_options options;
	struct rill_segment *segments; /* `few`, or of the heap */
	struct rill_segment few[4];
	uint32_t count; /* of segments; only the last one is filled on */
	uint32_t room;
	size_t space;  /* words of the last segment */
	size_t first;  /* words of the first one */
	bool is_clear; /* the rest of the last segment */
	int error;
};

/* The place of a pointer. */
struct rill_slot {
	struct rill_builder *builder; /* NULL: none */
	uint32_t segment, at;
};

struct rill_struct_builder {
	struct rill_builder *builder;
	unsigned char *data;
	uint32_t data_bytes;
	uint32_t segment, at; /* of the pointer section */
	uint32_t pointers;
};

struct rill_list_builder {
	struct rill_builder *builder;
	unsigned char *data;
	uint32_t segment, at;
	uint32_t count;
	uint32_t step; /* bytes; bits: 0 */
	uint32_t data_bytes;
	uint16_t pointers;
	uint8_t kind;
};

/* ---- the builder ---------------------------------------------------------------------------------------------------- */

/* An empty message with room for its root.
 *   -ENOMEM;  -EINVAL  a buffer of no words, not 8-aligned;  -E2BIG */
RILL_API int rill_builder_init(struct rill_builder *b, const struct rill_builder_options *options);

/* The same in a buffer of yours alone: what does not fit is -ENOSPC. */
RILL_API int rill_builder_init_buffer(struct rill_builder *b, void *buffer, size_t words);

/* The same in a buffer that is known to be good, of fewer than 2^29 words: cannot fail. */
static inline void rill_builder_begin(struct rill_builder *b, void *buffer, size_t words)
{
	b->options.take = NULL; /* without a source it looks at no other option, and has no other segment */
	b->options.give = NULL;
	b->segments = b->few;
	b->few[0].words = buffer;
	b->few[0].count = 1;
	b->count = 1;
	b->space = b->first = words;
	b->is_clear = false;
	b->error = 0;
	rill_store_u64(buffer, 0);
}

/* Empty it for the next message; the first segment is kept, so a small message in the same builder costs no allocation. */
RILL_API void rill_builder_reset(struct rill_builder *b);
RILL_API void rill_builder_finish(struct rill_builder *b);

static inline struct rill_slot rill_builder_root(struct rill_builder *b)
{
	struct rill_slot slot = {b && b->count ? b : NULL, 0, 0};

	return slot;
}

/* The message so far; valid until the next call that builds. Never NULL for a builder that was initialised. */
static inline const struct rill_segment *rill_builder_segments(const struct rill_builder *b, size_t *ret_count)
{
	if (!b || !ret_count)
		return NULL;
	*ret_count = b->count;
	return b->segments;
}

/* Read what was built so far; valid until the next call that builds. */
RILL_API int rill_builder_reader(const struct rill_builder *b, struct rill_reader *ret_reader,
                                 const struct rill_reader_options *options);

/* Remember an error (the first one stays) and give it back. */
RILL_API __attribute__((cold)) int rill_builder_fail(struct rill_builder *b, int error);

static inline int rill_builder_error(const struct rill_builder *b)
{
	return b ? b->error : 0;
}

/* ---- slots ---------------------------------------------------------------------------------------------------------- */

/* The long way of the next one. */
RILL_API struct rill_struct_builder rill_slot_place_struct(struct rill_slot slot, size_t data_words, size_t pointers);

/* Make something new there. A failed call leaves the slot as it was. A struct is made inline where there is room behind what
 * the slot's segment holds. */
static inline struct rill_struct_builder rill_slot_init_struct(struct rill_slot slot, size_t data_words, size_t pointers)
{
	struct rill_builder *b = slot.builder;
	size_t words = data_words + pointers;
	struct rill_struct_builder s;
	struct rill_segment *segment;
	unsigned char *base;

	if (!RILL_USUAL(b && words && data_words <= UINT16_MAX && pointers <= UINT16_MAX && slot.segment == b->count - 1 &&
	                words <= b->space - b->segments[slot.segment].count))
		return rill_slot_place_struct(slot, data_words, pointers);
	segment = &b->segments[slot.segment];
	base = (unsigned char *)(uintptr_t)segment->words;
	s.builder = b;
	s.data = base + segment->count * RILL_WORD;
	s.data_bytes = (uint32_t)data_words * 8;
	s.segment = slot.segment;
	s.at = (uint32_t)(segment->count + data_words);
	s.pointers = (uint32_t)pointers;
	rill_store_u64(base + slot.at * RILL_WORD,
	               rill_word_aimed(rill_word_struct(data_words, pointers), slot.at, segment->count));
	segment->count += words;
	if (!b->is_clear)
		memset(s.data, 0, words * RILL_WORD);
	return s;
}

RILL_API struct rill_list_builder rill_slot_init_list(struct rill_slot slot, enum rill_list_kind kind, size_t count);
RILL_API struct rill_list_builder rill_slot_init_structs(struct rill_slot slot, size_t count, size_t data_words,
                                                         size_t pointers);
RILL_API char *rill_slot_init_text(struct rill_slot slot, size_t len); /* the NUL behind it is there: leave it */
RILL_API void *rill_slot_init_data(struct rill_slot slot, size_t len);
RILL_API int rill_slot_set_text(struct rill_slot slot, const char *text, size_t len); /* NULL: null */
RILL_API int rill_slot_set_data(struct rill_slot slot, const void *data, size_t len); /* NULL: null */

static inline int rill_slot_set_string(struct rill_slot slot, const char *string) /* NULL: null */
{
	return rill_slot_set_text(slot, string, string ? strlen(string) : 0);
}

RILL_API int rill_slot_set_capability(struct rill_slot slot, uint32_t index);
RILL_API void rill_slot_clear(struct rill_slot slot);

/* What is there already, to go on with it. A struct that is smaller than asked for (of an older schema) is made anew with
 * its contents moved; null makes a new one. A list is given as it is: empty if null. A list whose elements are smaller, or
 * plain values or pointers of an older schema, is made anew as one of structs in the same way; views of the old one are
 * dead. */
RILL_API struct rill_struct_builder rill_slot_edit_struct(struct rill_slot slot, size_t data_words, size_t pointers);
RILL_API struct rill_list_builder rill_slot_edit_list(struct rill_slot slot, enum rill_list_kind kind);
RILL_API struct rill_list_builder rill_slot_edit_structs(struct rill_slot slot, size_t data_words, size_t pointers);

/* The slot; if it is null it gets a copy of `otherwise` first, as rill_pointer_or() reads it. */
RILL_API struct rill_slot rill_slot_or(struct rill_slot slot, const struct rill_segment *otherwise);

/* Let `to` point at what `from` points at, and `from` at nothing; both of one message. */
RILL_API int rill_slot_move(struct rill_slot to, struct rill_slot from);

/* A deep copy of what `from` points at, which may be a received message; within the limits of its reader.
 * The builder's errors, and -EBADMSG, -EMSGSIZE, -ELOOP as in rill/reader.h: a broken message is not an error of the
 * builder. A failed call leaves the slot and the message as they were. */
RILL_API int rill_slot_copy(struct rill_slot slot, struct rill_pointer from);

/* The same from a view; of a struct all that is stored, also what a newer schema put there. An empty view: null. */
RILL_API int rill_slot_set_struct(struct rill_slot slot, struct rill_struct from);
RILL_API int rill_slot_set_list(struct rill_slot slot, struct rill_list from);

/* ---- structs: offsets in bytes (of bools: in bits) ------------------------------------------------------------------ */

/* As far as `to` has room for it: what its schema does not know is left out, what `from` lacks is zero. If it fails `to` is
 * left all zero. */
RILL_API int rill_struct_copy(struct rill_struct_builder to, struct rill_struct from);

static inline struct rill_slot rill_struct_slot(struct rill_struct_builder s, size_t index)
{
	struct rill_slot slot = {s.builder, s.segment, s.at + (uint32_t)index};

	if (index >= s.pointers) {
		rill_builder_fail(s.builder, -EINVAL);
		slot.builder = NULL;
	}
	return slot;
}

/* To read what was set. `over`: of rill_builder_reader(), or NULL where no pointer is followed. */
RILL_API struct rill_struct rill_struct_built(struct rill_struct_builder s, struct rill_reader *over);

static inline bool rill_struct_takes(struct rill_struct_builder s, uint32_t offset, uint32_t bytes)
{
	if ((uint64_t)offset + bytes <= s.data_bytes)
		return true;
	rill_builder_fail(s.builder, -EINVAL);
	return false;
}

static inline void rill_struct_set_bool(struct rill_struct_builder s, uint32_t bit, bool value, bool otherwise)
{
	unsigned char mask = (unsigned char)(1u << (bit % 8));

	if (!rill_struct_takes(s, bit / 8, 1))
		return;
	if (value != otherwise)
		s.data[bit / 8] = (unsigned char)(s.data[bit / 8] | mask);
	else
		s.data[bit / 8] = (unsigned char)(s.data[bit / 8] & ~mask);
}

static inline void rill_struct_set_u8(struct rill_struct_builder s, uint32_t offset, uint8_t value, uint8_t otherwise)
{
	if (rill_struct_takes(s, offset, 1))
		s.data[offset] = (uint8_t)(value ^ otherwise);
}

static inline void rill_struct_set_u16(struct rill_struct_builder s, uint32_t offset, uint16_t value, uint16_t otherwise)
{
	if (rill_struct_takes(s, offset, 2))
		rill_store_u16(s.data + offset, (uint16_t)(value ^ otherwise));
}

static inline void rill_struct_set_u32(struct rill_struct_builder s, uint32_t offset, uint32_t value, uint32_t otherwise)
{
	if (rill_struct_takes(s, offset, 4))
		rill_store_u32(s.data + offset, value ^ otherwise);
}

static inline void rill_struct_set_u64(struct rill_struct_builder s, uint32_t offset, uint64_t value, uint64_t otherwise)
{
	if (rill_struct_takes(s, offset, 8))
		rill_store_u64(s.data + offset, value ^ otherwise);
}

static inline void rill_struct_set_i8(struct rill_struct_builder s, uint32_t offset, int8_t value, int8_t otherwise)
{
	rill_struct_set_u8(s, offset, (uint8_t)value, (uint8_t)otherwise);
}

static inline void rill_struct_set_i16(struct rill_struct_builder s, uint32_t offset, int16_t value, int16_t otherwise)
{
	rill_struct_set_u16(s, offset, (uint16_t)value, (uint16_t)otherwise);
}

static inline void rill_struct_set_i32(struct rill_struct_builder s, uint32_t offset, int32_t value, int32_t otherwise)
{
	rill_struct_set_u32(s, offset, (uint32_t)value, (uint32_t)otherwise);
}

static inline void rill_struct_set_i64(struct rill_struct_builder s, uint32_t offset, int64_t value, int64_t otherwise)
{
	rill_struct_set_u64(s, offset, (uint64_t)value, (uint64_t)otherwise);
}

static inline void rill_struct_set_f32(struct rill_struct_builder s, uint32_t offset, float value, float otherwise)
{
	rill_struct_set_u32(s, offset, rill_bits_f32(value), rill_bits_f32(otherwise));
}

static inline void rill_struct_set_f64(struct rill_struct_builder s, uint32_t offset, double value, double otherwise)
{
	rill_struct_set_u64(s, offset, rill_bits_f64(value), rill_bits_f64(otherwise));
}

/* Set the tag of a union; was it another one? */
static inline bool rill_struct_switch(struct rill_struct_builder s, uint32_t offset, uint16_t tag)
{
	if (!rill_struct_takes(s, offset, 2) || rill_load_u16(s.data + offset) == tag)
		return false;
	rill_store_u16(s.data + offset, tag);
	return true;
}

/* The slot of a union's member: its tag is set, and what another member left there is dropped. */
static inline struct rill_slot rill_struct_union_slot(struct rill_struct_builder s, size_t index, uint32_t offset, uint16_t tag)
{
	struct rill_slot slot = rill_struct_slot(s, index);

	if (rill_struct_switch(s, offset, tag))
		rill_slot_clear(slot);
	return slot;
}

/* ---- lists ---------------------------------------------------------------------------------------------------------- */

static inline struct rill_struct_builder rill_list_edit(struct rill_list_builder l, size_t i)
{
	struct rill_struct_builder s = {NULL, NULL, 0, 0, 0, 0};

	if (i >= l.count || l.kind == RILL_LIST_BIT) {
		rill_builder_fail(l.builder, -EINVAL);
		return s;
	}
	s.builder = l.builder;
	s.data = l.data + i * l.step;
	s.data_bytes = l.data_bytes;
	s.segment = l.segment;
	s.at = l.pointers ? l.at + (uint32_t)((i * l.step + l.data_bytes) / RILL_WORD) : 0;
	s.pointers = l.pointers;
	return s;
}

static inline struct rill_slot rill_list_slot(struct rill_list_builder l, size_t i)
{
	return rill_struct_slot(rill_list_edit(l, i), 0);
}

/* All elements as they lie, little-endian, as rill_list_raw() gives them: to fill a list at once. */
RILL_API void *rill_list_room(struct rill_list_builder l, size_t bytes);

static inline unsigned char *rill_list_takes(struct rill_list_builder l, size_t i, uint32_t bytes)
{
	if (i < l.count && bytes <= l.data_bytes)
		return l.data + i * l.step;
	rill_builder_fail(l.builder, -EINVAL);
	return NULL;
}

static inline void rill_list_set_bool(struct rill_list_builder l, size_t i, bool value)
{
	unsigned char mask = (unsigned char)(1u << (i % 8));

	if (i >= l.count || l.kind != RILL_LIST_BIT)
		rill_builder_fail(l.builder, -EINVAL);
	else if (value)
		l.data[i / 8] = (unsigned char)(l.data[i / 8] | mask);
	else
		l.data[i / 8] = (unsigned char)(l.data[i / 8] & ~mask);
}

static inline void rill_list_set_u8(struct rill_list_builder l, size_t i, uint8_t value)
{
	unsigned char *at = rill_list_takes(l, i, 1);

	if (at)
		*at = value;
}

static inline void rill_list_set_u16(struct rill_list_builder l, size_t i, uint16_t value)
{
	unsigned char *at = rill_list_takes(l, i, 2);

	if (at)
		rill_store_u16(at, value);
}

static inline void rill_list_set_u32(struct rill_list_builder l, size_t i, uint32_t value)
{
	unsigned char *at = rill_list_takes(l, i, 4);

	if (at)
		rill_store_u32(at, value);
}

static inline void rill_list_set_u64(struct rill_list_builder l, size_t i, uint64_t value)
{
	unsigned char *at = rill_list_takes(l, i, 8);

	if (at)
		rill_store_u64(at, value);
}

static inline void rill_list_set_i8(struct rill_list_builder l, size_t i, int8_t value)
{
	rill_list_set_u8(l, i, (uint8_t)value);
}

static inline void rill_list_set_i16(struct rill_list_builder l, size_t i, int16_t value)
{
	rill_list_set_u16(l, i, (uint16_t)value);
}

static inline void rill_list_set_i32(struct rill_list_builder l, size_t i, int32_t value)
{
	rill_list_set_u32(l, i, (uint32_t)value);
}

static inline void rill_list_set_i64(struct rill_list_builder l, size_t i, int64_t value)
{
	rill_list_set_u64(l, i, (uint64_t)value);
}

static inline void rill_list_set_f32(struct rill_list_builder l, size_t i, float value)
{
	rill_list_set_u32(l, i, rill_bits_f32(value));
}

static inline void rill_list_set_f64(struct rill_list_builder l, size_t i, double value)
{
	rill_list_set_u64(l, i, rill_bits_f64(value));
}

#ifdef __cplusplus
}
#endif
#endif
