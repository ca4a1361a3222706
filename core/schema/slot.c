/* core/schema/slot.c - making objects where a pointer is, and setting in them. An object is pointed at when it is whole. */
#include "schema/build.h"

#include <errno.h>

static const struct rill_struct_builder no_struct;
static const struct rill_list_builder no_list;

static void clear_words(unsigned char *at, uint64_t words)
{
	if (words)
		memset(at, 0, words * RILL_WORD);
}

static unsigned char *slot_at(struct rill_slot slot)
{
	return builder_at(slot.builder, slot.segment, slot.at);
}

/* Room for an object, and the slot pointing at it. */
static int make(struct rill_slot slot, uint64_t words, uint64_t bare, struct place *ret)
{
	int r;

	if (!slot.builder)
		return -EINVAL;
	if (builder_reserve_here(slot.builder, slot.segment, words, ret)) {
		clear_words(builder_at(slot.builder, ret->segment, ret->at), slot.builder->is_clear ? 0 : words);
		rill_store_u64(slot_at(slot), rill_word_aimed(bare, slot.at, ret->at));
		return 0;
	}
	r = builder_reserve(slot.builder, slot.segment, words, ret);
	if (r == 0)
		r = builder_aim(slot, *ret, bare);
	return r < 0 ? rill_builder_fail(slot.builder, r) : 0;
}

/* ---- structs -------------------------------------------------------------------------------------------------------- */

static struct rill_struct_builder struct_at(struct rill_builder *b, uint32_t segment, uint32_t at, uint64_t word)
{
	struct rill_struct_builder s;

	s.builder = b;
	s.data = builder_at(b, segment, at);
	s.data_bytes = rill_word_data_words(word) * 8;
	s.segment = segment;
	s.at = at + rill_word_data_words(word);
	s.pointers = rill_word_pointers(word);
	return s;
}

struct rill_struct_builder rill_slot_place_struct(struct rill_slot slot, size_t data_words, size_t pointers)
{
	uint64_t bare = rill_word_struct(data_words, pointers);
	struct place place;

	if (!slot.builder)
		return no_struct;
	if (data_words > UINT16_MAX || pointers > UINT16_MAX) {
		rill_builder_fail(slot.builder, -EINVAL);
		return no_struct;
	}
	if (data_words + pointers == 0) {
		/* it points at itself, so that it is not null */
		rill_store_u64(slot_at(slot), rill_word_aimed(bare, slot.at, slot.at));
		return struct_at(slot.builder, slot.segment, slot.at, bare);
	}
	if (make(slot, data_words + pointers, bare, &place) < 0)
		return no_struct;
	return struct_at(slot.builder, place.segment, place.at, bare);
}

struct rill_struct rill_struct_built(struct rill_struct_builder s, struct rill_reader *over)
{
	struct rill_struct view = {0};

	if (!s.builder)
		return view;
	view.reader = over;
	view.segment = &s.builder->segments[s.segment];
	view.data = s.data;
	view.data_bytes = s.data_bytes;
	view.at = s.at;
	view.pointers = s.pointers;
	view.depth = over ? over->depth : RILL_DEPTH;
	return view;
}

/* ---- lists ---------------------------------------------------------------------------------------------------------- */

static struct rill_list_builder list_at(struct rill_builder *b, uint32_t segment, const struct elements *e)
{
	struct rill_list_builder l;

	l.builder = b;
	l.data = builder_at(b, segment, e->at);
	l.segment = segment;
	l.at = (uint32_t)e->at;
	l.count = (uint32_t)e->count;
	l.kind = (uint8_t)e->kind;
	l.data_bytes = e->kind == RILL_LIST_STRUCT ? rill_word_data_words(e->tag) * 8 : kind_bits(e->kind) / 8;
	l.pointers = e->kind == RILL_LIST_STRUCT ? (uint16_t)rill_word_pointers(e->tag) : e->kind == RILL_LIST_POINTER;
	l.step = l.data_bytes + l.pointers * 8u;
	return l;
}

struct rill_list_builder rill_slot_init_list(struct rill_slot slot, enum rill_list_kind kind, size_t count)
{
	struct elements e = {0};
	struct place place;

	if (!slot.builder)
		return no_list;
	if ((unsigned)kind >= RILL_LIST_STRUCT || count > LIST_COUNT_MAX) {
		rill_builder_fail(slot.builder, count > LIST_COUNT_MAX ? -EMSGSIZE : -EINVAL);
		return no_list;
	}
	if (make(slot, list_words((unsigned)kind, count), list_word((unsigned)kind, count), &place) < 0)
		return no_list;
	e.at = place.at;
	e.count = count;
	e.kind = (unsigned)kind;
	return list_at(slot.builder, place.segment, &e);
}

struct rill_list_builder rill_slot_init_structs(struct rill_slot slot, size_t count, size_t data_words, size_t pointers)
{
	struct elements e = {0};
	struct place place;

	if (!slot.builder)
		return no_list;
	if (data_words > UINT16_MAX || pointers > UINT16_MAX) {
		rill_builder_fail(slot.builder, -EINVAL);
		return no_list;
	}
	if (count > LIST_COUNT_MAX || (uint64_t)count * (data_words + pointers) > LIST_COUNT_MAX) {
		rill_builder_fail(slot.builder, -EMSGSIZE);
		return no_list;
	}
	e.words = (uint64_t)count * (data_words + pointers);
	if (make(slot, e.words + 1, list_word(RILL_LIST_STRUCT, e.words), &place) < 0)
		return no_list;
	e.at = (uint64_t)place.at + 1;
	e.count = count;
	e.kind = RILL_LIST_STRUCT;
	e.tag = tag_word(count, data_words, pointers);
	rill_store_u64(builder_at(slot.builder, place.segment, place.at), e.tag);
	return list_at(slot.builder, place.segment, &e);
}

void *rill_list_room(struct rill_list_builder l, size_t bytes)
{
	return l.kind < RILL_LIST_POINTER && bytes && bytes == l.data_bytes ? l.data : NULL;
}

/* ---- text, data, capabilities --------------------------------------------------------------------------------------- */

char *rill_slot_init_text(struct rill_slot slot, size_t len)
{
	/* the room is clear: its last byte is the NUL */
	return rill_slot_init_data(slot, len < SIZE_MAX ? len + 1 : len);
}

void *rill_slot_init_data(struct rill_slot slot, size_t len)
{
	return rill_slot_init_list(slot, RILL_LIST_BYTE, len).data;
}

static int fail_now(struct rill_slot slot)
{
	return slot.builder ? slot.builder->error : -EINVAL;
}

/* The usual case: bytes in the last segment, as their slot is. Only the last word needs clearing. */
static inline unsigned char *make_bytes_here(struct rill_slot slot, size_t len, size_t room)
{
	uint64_t words = ((uint64_t)room + 7) / RILL_WORD, at;
	struct rill_segment *last;
	unsigned char *base;

	if (!slot.builder || !len || room > LIST_COUNT_MAX)
		return NULL;
	last = &slot.builder->segments[slot.builder->count - 1];
	at = last->count;
	if (slot.segment != slot.builder->count - 1 || words > slot.builder->space - at)
		return NULL;
	base = (unsigned char *)(uintptr_t)last->words;
	last->count = at + words;
	rill_store_u64(base + (at + words - 1) * RILL_WORD, 0);
	rill_store_u64(base + slot.at * RILL_WORD, rill_word_aimed(list_word(RILL_LIST_BYTE, room), slot.at, at));
	return base + at * RILL_WORD;
}

int rill_slot_set_text(struct rill_slot slot, const char *text, size_t len)
{
	void *at;

	if (!text) {
		rill_slot_clear(slot);
		return slot.builder ? 0 : -EINVAL;
	}
	at = make_bytes_here(slot, len, len < SIZE_MAX ? len + 1 : len);
	if (!at)
		at = rill_slot_init_text(slot, len);
	if (!at)
		return fail_now(slot);
	memcpy(at, text, len);
	return 0;
}

int rill_slot_set_data(struct rill_slot slot, const void *data, size_t len)
{
	void *at;

	if (!data) {
		rill_slot_clear(slot);
		return slot.builder ? 0 : -EINVAL;
	}
	at = make_bytes_here(slot, len, len);
	if (!at)
		at = rill_slot_init_data(slot, len);
	if (!at)
		return fail_now(slot);
	memcpy(at, data, len);
	return 0;
}

int rill_slot_set_capability(struct rill_slot slot, uint32_t index)
{
	if (!slot.builder)
		return -EINVAL;
	rill_store_u64(slot_at(slot), WORD_OTHER | (uint64_t)index << 32);
	return 0;
}

void rill_slot_clear(struct rill_slot slot)
{
	if (slot.builder)
		rill_store_u64(slot_at(slot), 0);
}
