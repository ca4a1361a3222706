/* core/schema/edit.c - going on with what was built before: finding it again, moving it, making a struct larger.
 *
 * Objects stay where they are; only pointers to them are made anew.
 */
#include "schema/build.h"

#include <errno.h>

static const struct rill_struct_builder no_struct;
static const struct rill_list_builder no_list;

/* A pointer of our own message, followed by the rules for those of others. 1, 0 or negative. */
static int find(struct rill_slot slot, struct rill_reader *reader, struct object *ret)
{
	struct rill_pointer p = {reader, NULL, 0, slot.at, RILL_DEPTH};

	memset(reader, 0, sizeof(*reader));
	reader->segments = slot.builder->segments;
	reader->count = slot.builder->count;
	reader->words = UINT64_MAX;
	p.segment = &reader->segments[slot.segment];
	p.word = rill_load_u64(builder_at(slot.builder, slot.segment, slot.at));
	return object_find(ret, p);
}

static uint32_t segment_of(const struct rill_builder *b, const struct object *o)
{
	return (uint32_t)(o->segment - b->segments);
}

/* Far pointers and capabilities say the same from everywhere. */
static int aim_as(struct rill_slot to, struct rill_slot from, uint64_t word)
{
	struct place target = {from.segment, 0, false};

	if (word_kind(word) == WORD_FAR || word_kind(word) == WORD_OTHER || !word) {
		rill_store_u64(builder_at(to.builder, to.segment, to.at), word);
		return 0;
	}
	if (word_kind(word) == WORD_STRUCT && struct_words(word) == 0) {
		rill_slot_init_struct(to, 0, 0);
		return 0;
	}
	target.at = (uint32_t)rill_word_target(word, from.at);
	return builder_aim(to, target, word_bare(word));
}

int rill_slot_move(struct rill_slot to, struct rill_slot from)
{
	uint64_t word;
	int r;

	if (!to.builder || to.builder != from.builder)
		return -EINVAL;
	if (to.segment == from.segment && to.at == from.at)
		return 0;
	word = rill_load_u64(builder_at(from.builder, from.segment, from.at));
	r = aim_as(to, from, word);
	if (r < 0)
		return rill_builder_fail(to.builder, r);
	rill_slot_clear(from);
	return 0;
}

static struct rill_struct_builder as_it_is(struct rill_builder *b, const struct object *o)
{
	struct rill_struct_builder s;

	s.builder = b;
	s.segment = segment_of(b, o);
	s.data = builder_at(b, s.segment, o->at);
	s.data_bytes = rill_word_data_words(o->word) * 8;
	s.at = (uint32_t)o->at + rill_word_data_words(o->word);
	s.pointers = rill_word_pointers(o->word);
	return s;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* A new one with the contents of the old; the slot points at it once all is there. */
static struct rill_struct_builder enlarge(struct rill_slot slot, struct rill_struct_builder old, size_t data_words,
                                          size_t pointers)
{
	unsigned char *at = builder_at(slot.builder, slot.segment, slot.at);
	uint64_t before = rill_load_u64(at);
	struct rill_struct_builder s =
		rill_slot_init_struct(slot, larger(data_words, old.data_bytes / 8), larger(pointers, old.pointers));
	uint32_t i;

	if (!s.builder)
		return no_struct;
	memcpy(s.data, old.data, old.data_bytes);
	for (i = 0; i < old.pointers; i++) {
		struct rill_slot from = rill_struct_slot(old, i), to = rill_struct_slot(s, i);
		int r = aim_as(to, from, rill_load_u64(builder_at(from.builder, from.segment, from.at)));

		if (r < 0) {
			rill_builder_fail(slot.builder, r);
			rill_store_u64(at, before);
			return no_struct;
		}
	}
	memset(old.data, 0, old.data_bytes + old.pointers * RILL_WORD);
	return s;
}

struct rill_struct_builder rill_slot_edit_struct(struct rill_slot slot, size_t data_words, size_t pointers)
{
	struct rill_struct_builder s;
	struct rill_reader reader;
	struct object o;
	int r;

	if (!slot.builder)
		return no_struct;
	r = find(slot, &reader, &o);
	if (r == 0)
		return rill_slot_init_struct(slot, data_words, pointers);
	if (r > 0)
		r = object_struct(&o, &reader);
	if (r < 0) {
		rill_builder_fail(slot.builder, -EINVAL);
		return no_struct;
	}
	s = as_it_is(slot.builder, &o);
	if (s.data_bytes / 8 >= data_words && s.pointers >= pointers)
		return s;
	return enlarge(slot, s, data_words, pointers);
}

struct rill_list_builder rill_slot_edit_list(struct rill_slot slot, enum rill_list_kind kind)
{
	struct rill_list_builder l = no_list;
	struct rill_reader reader;
	struct rill_pointer p;
	struct rill_list view;
	struct object o;
	int r;

	if (!slot.builder)
		return l;
	r = find(slot, &reader, &o);
	if (r == 0)
		return l;
	p.reader = &reader;
	p.segment = &slot.builder->segments[slot.segment];
	p.word = rill_load_u64(builder_at(slot.builder, slot.segment, slot.at));
	p.at = slot.at;
	p.depth = 1;
	if (r < 0 || rill_pointer_read_list(&view, p, kind) <= 0) {
		rill_builder_fail(slot.builder, -EINVAL);
		return l;
	}
	l.builder = slot.builder;
	l.segment = segment_of(slot.builder, &o);
	l.data = builder_at(slot.builder, l.segment, view.at);
	l.at = view.at;
	l.count = view.count;
	l.step = view.step;
	l.data_bytes = view.data_bytes;
	l.pointers = view.pointers;
	l.kind = view.kind;
	return l;
}

/* All elements into larger ones; a pointer word says the same from its new place. */
static int move_elements(struct rill_list_builder to, struct rill_list_builder old)
{
	uint32_t i, j;

	for (i = 0; i < old.count; i++) {
		struct rill_struct_builder from = rill_list_edit(old, i), s = rill_list_edit(to, i);

		if (from.data && s.data)
			memcpy(s.data, from.data, old.data_bytes);
		for (j = 0; j < old.pointers; j++) {
			struct rill_slot slot = rill_struct_slot(from, j);
			int r = aim_as(rill_struct_slot(s, j), slot,
			               rill_load_u64(builder_at(old.builder, slot.segment, slot.at)));

			if (r < 0)
				return r;
		}
	}
	return 0;
}

struct rill_list_builder rill_slot_edit_structs(struct rill_slot slot, size_t data_words, size_t pointers)
{
	struct rill_list_builder old = rill_slot_edit_list(slot, RILL_LIST_STRUCT), l;
	uint64_t before;
	int r;

	if (!old.builder || (old.data_bytes % 8 == 0 && old.data_bytes / 8 >= data_words && old.pointers >= pointers))
		return old;
	before = rill_load_u64(builder_at(slot.builder, slot.segment, slot.at));
	l = rill_slot_init_structs(slot, old.count, larger(data_words, (old.data_bytes + 7) / 8),
	                           larger(pointers, old.pointers));
	if (!l.builder)
		return no_list;
	r = move_elements(l, old);
	if (r < 0) {
		rill_builder_fail(slot.builder, r);
		rill_store_u64(builder_at(slot.builder, slot.segment, slot.at), before);
		return no_list;
	}
	if (old.data && old.count && old.step)
		memset(old.data, 0, (size_t)old.count * old.step);
	return l;
}
