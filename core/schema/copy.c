/* core/schema/copy.c - deep copies of messages that may lie and change, without recursion.
 *
 * An object is copied whole, its pointer words as they are. Then each of those raw words is taken from the copy, which
 * nobody else can change, followed in the source, and replaced by a pointer to the copy of what it led to. So every word of
 * the source is read once. The stack of objects whose pointers are not all done is bounded by the depth limit.
 */
#include "schema/copy.h"

#include <errno.h>

/* The pointers of a struct or list that are still to be followed; `elements` counts the current one. */
struct run {
	const struct rill_segment *from;
	uint64_t from_at; /* first pointer of the current element in the source */
	uint64_t to_at;   /* and in the copy */
	uint64_t elements;
	uint64_t from_step, to_step;    /* words from element to element */
	uint64_t raw_from, raw_to, raw; /* words of the elements that are still to be taken, and where they are and go */
	uint32_t to;                    /* segment */
	uint32_t pointers;              /* of one element */
	uint32_t next;                  /* in the current element */
};

#define RAW_WORDS 512u /* of a long list so many words are taken at a time: they are still near when they are mended */

struct copy {
	struct rill_builder *to;
	struct rill_reader *reader;
	unsigned flags;
	unsigned depth;  /* pointers that may be followed below the first one, it included */
	unsigned height; /* of the stack */
	struct run runs[RILL_DEPTH_MAX];
};

/* Room that is filled whole: clearing it would be for nothing. */
static int reserve(struct copy *c, uint32_t from, uint64_t words, struct place *ret)
{
	return builder_reserve_here(c->to, from, words, ret) ? 0 : builder_reserve(c->to, from, words, ret);
}

/* Bytes are taken from the source once; what they mean is decided from the copy. */
static void take_words(struct place to, const struct copy *c, const struct rill_segment *from, uint64_t at, uint64_t words)
{
	unsigned char *into = builder_at(c->to, to.segment, to.at);
	const unsigned char *out = segment_at(from, at);

	if (words > 8) {
		memcpy(into, out, words * RILL_WORD);
		return;
	}
	for (; words; words--, into += RILL_WORD, out += RILL_WORD)
		memcpy(into, out, RILL_WORD);
}

static void push(struct copy *c, const struct run *run)
{
	if (run->pointers && run->elements)
		c->runs[c->height++] = *run;
}

static int copy_struct(struct copy *c, struct rill_slot slot, const struct object *o)
{
	uint64_t data = rill_word_data_words(o->word), pointers = rill_word_pointers(o->word), left = data + pointers;
	struct place place = {slot.segment, slot.at, false}; /* of an empty one: it points at itself */
	struct run run = {0};
	int r = object_struct(o, c->reader);

	if (r == 0 && left)
		r = reserve(c, slot.segment, left, &place);
	if (r < 0)
		return r;
	run.from = o->segment;
	run.from_at = o->at + data;
	take_words(place, c, o->segment, o->at, left);
	if (left && (c->flags & COPY_CANONICAL)) {
		left = canonical_trim(builder_at(c->to, place.segment, place.at), 1, &data, &pointers);
		builder_trim(c->to, struct_words(o->word) - left);
	}
	if (!left)
		place = (struct place){slot.segment, slot.at, false};
	r = builder_aim(slot, place, rill_word_struct(data, pointers));
	run.to = place.segment;
	run.to_at = place.at + data;
	run.elements = 1;
	run.pointers = (uint32_t)pointers;
	push(c, &run);
	return r;
}

static int copy_structs(struct copy *c, struct rill_slot slot, const struct object *o, const struct elements *e)
{
	uint64_t data = rill_word_data_words(e->tag), pointers = rill_word_pointers(e->tag), left = e->words;
	struct run run = {0};
	struct place place;
	unsigned char *at;
	int r = e->words > LIST_COUNT_MAX ? -EMSGSIZE : reserve(c, slot.segment, e->words + 1, &place);

	if (r < 0)
		return r;
	run.from = o->segment;
	run.from_at = e->at + data;
	run.from_step = data + pointers;
	at = builder_at(c->to, place.segment, place.at);
	place.at++;
	if (pointers && !(c->flags & COPY_CANONICAL)) {
		run.raw_from = e->at;
		run.raw_to = place.at;
		run.raw = e->words;
	} else {
		take_words(place, c, o->segment, e->at, e->words);
	}
	place.at--;
	if (c->flags & COPY_CANONICAL) {
		left = canonical_trim(at + RILL_WORD, e->count, &data, &pointers);
		builder_trim(c->to, e->words - left);
	}
	rill_store_u64(at, tag_word(e->count, data, pointers));
	r = builder_aim(slot, place, list_word(RILL_LIST_STRUCT, left));
	run.to = place.segment;
	run.to_at = place.at + 1 + data;
	run.to_step = data + pointers;
	run.elements = e->count;
	run.pointers = (uint32_t)pointers;
	push(c, &run);
	return r;
}

/* What is behind the last element in its word is zero. */
static void clear_tail(struct copy *c, struct place place, const struct elements *e)
{
	uint64_t bits = e->count * kind_bits(e->kind) % 64;
	unsigned char *at;

	if (!bits)
		return;
	at = builder_at(c->to, place.segment, place.at + e->words - 1);
	rill_store_u64(at, rill_load_u64(at) & (~UINT64_C(0) >> (64 - bits)));
}

static int copy_list(struct copy *c, struct rill_slot slot, const struct object *o)
{
	struct run run = {0};
	struct elements e;
	struct place place;
	int r = object_list(&e, o, c->reader);

	if (r < 0)
		return r;
	if (e.kind == RILL_LIST_STRUCT)
		return copy_structs(c, slot, o, &e);
	r = reserve(c, slot.segment, e.words, &place);
	if (r < 0)
		return r;
	take_words(place, c, o->segment, e.at, e.words);
	clear_tail(c, place, &e);
	r = builder_aim(slot, place, list_word(e.kind, e.count));
	run.from = o->segment;
	run.from_at = e.at;
	run.to = place.segment;
	run.to_at = place.at;
	run.elements = 1;
	run.pointers = e.kind == RILL_LIST_POINTER ? (uint32_t)e.count : 0;
	push(c, &run);
	return r;
}

/* The usual leaf: text, data, numbers in the segment of their pointer, and room for them in that of the slot. All others, and
 * all that is wrong, go the long way. */
static inline bool copy_near(struct copy *c, struct rill_slot slot, struct rill_pointer p)
{
	uint64_t count = rill_word_elements(p.word), at = rill_word_target(p.word, p.at);
	unsigned kind = list_kind(p.word);
	uint64_t words = list_words(kind, count);
	struct elements e = {at, count, words, 0, kind};
	struct place place;

	if (!p.word)
		return true;
	if (word_kind(p.word) != WORD_LIST || kind >= RILL_LIST_POINTER || !words || c->height >= c->depth || !c->reader ||
	    words > c->reader->words || !segment_has(p.segment, at, words) ||
	    !builder_reserve_here(c->to, slot.segment, words, &place))
		return false;
	c->reader->words -= words;
	take_words(place, c, p.segment, at, words);
	clear_tail(c, place, &e);
	rill_store_u64(builder_at(c->to, slot.segment, slot.at), rill_word_aimed(list_word(kind, count), slot.at, place.at));
	return true;
}

/* Copy what p leads to and let the slot, which is null, point at it. */
static int copy_object(struct copy *c, struct rill_slot slot, struct rill_pointer p)
{
	struct object o;
	int r = object_find(&o, p);

	if (r <= 0)
		return r;
	if (word_kind(o.word) == WORD_OTHER) {
		if (c->flags & COPY_CANONICAL)
			return -EOPNOTSUPP;
		rill_store_u64(builder_at(c->to, slot.segment, slot.at), o.word);
		return 0;
	}
	if (c->height >= c->depth)
		return rill_reader_fail(c->reader, -ELOOP);
	return word_kind(o.word) == WORD_STRUCT ? copy_struct(c, slot, &o) : copy_list(c, slot, &o);
}

/* Take the next words of the elements, the whole of the current one among them. */
static void take_more(const struct copy *c, struct run *run)
{
	struct place to = {run->to, (uint32_t)run->raw_to, false};
	uint64_t words = run->from_step > RAW_WORDS ? run->from_step : RAW_WORDS - RAW_WORDS % run->from_step;

	words = words < run->raw ? words : run->raw;
	take_words(to, c, run->from, run->raw_from, words);
	run->raw_from += words;
	run->raw_to += words;
	run->raw -= words;
}

/* The next raw pointer word, taken out of the copy; a run without elements is done. */
static struct rill_pointer next_pointer(struct copy *c, struct run *run, struct rill_slot *ret_slot)
{
	struct rill_pointer p = {c->reader, run->from, 0, (uint32_t)(run->from_at + run->next), 0};
	unsigned char *at = builder_at(c->to, run->to, run->to_at + run->next);

	if (run->raw && run->to_at >= run->raw_to)
		take_more(c, run);
	ret_slot->builder = c->to;
	ret_slot->segment = run->to;
	ret_slot->at = (uint32_t)(run->to_at + run->next);
	p.word = rill_load_u64(at);
	rill_store_u64(at, 0);
	if (++run->next == run->pointers) {
		run->next = 0;
		run->from_at += run->from_step;
		run->to_at += run->to_step;
		run->elements--;
	}
	return p;
}

static int copy_runs(struct copy *c)
{
	int r = 0;

	while (r == 0 && c->height) {
		struct run *run = &c->runs[c->height - 1];

		if (run->elements) {
			struct rill_slot slot;
			struct rill_pointer p = next_pointer(c, run, &slot);

			r = copy_near(c, slot, p) ? 0 : copy_object(c, slot, p);
		} else {
			c->height--;
		}
	}
	return r;
}

int copy_to(struct rill_slot slot, struct rill_pointer from, unsigned flags)
{
	unsigned char *at;
	struct mark mark;
	struct copy c;
	uint64_t before;
	int r;

	if (!slot.builder)
		return -EINVAL;
	c.to = slot.builder;
	c.reader = from.reader;
	c.flags = flags;
	c.depth = from.depth < RILL_DEPTH_MAX ? from.depth : RILL_DEPTH_MAX;
	c.height = 0;
	builder_mark(slot.builder, &mark);
	at = builder_at(slot.builder, slot.segment, slot.at);
	before = rill_load_u64(at);
	rill_store_u64(at, 0);
	r = copy_object(&c, slot, from);
	if (r == 0)
		r = copy_runs(&c);
	if (r == 0)
		return 0;
	rill_store_u64(at, before);
	builder_rewind(slot.builder, &mark);
	return r;
}

/* An error of the source stays in its reader, any other in the builder. */
static int tell(struct rill_builder *b, const struct rill_reader *reader, int before, int r)
{
	if (r < 0 && !(reader && (before || reader->error)))
		rill_builder_fail(b, r);
	return r;
}

int rill_slot_copy(struct rill_slot slot, struct rill_pointer from)
{
	return slot.builder ? tell(slot.builder, from.reader, rill_reader_error(from.reader), copy_to(slot, from, 0)) : -EINVAL;
}

struct rill_slot rill_slot_or(struct rill_slot slot, const struct rill_segment *otherwise)
{
	if (slot.builder && !rill_load_u64(builder_at(slot.builder, slot.segment, slot.at)))
		rill_slot_copy(slot, rill_segment_root(otherwise));
	return slot;
}

/* A pointer as there might be one just at the object: that way the object is checked anew, as any that is followed. */
static struct rill_pointer pointer_to(struct rill_reader *reader, const struct rill_segment *segment, uint64_t at,
                                      uint64_t bare, uint32_t depth)
{
	struct rill_pointer p = {reader, segment, rill_word_aimed(bare, at, at), (uint32_t)at, depth + 1};

	return p;
}

int rill_slot_set_list(struct rill_slot slot, struct rill_list from)
{
	uint64_t words = (uint64_t)from.count * from.step / RILL_WORD;

	if (!slot.builder)
		return -EINVAL;
	if (!from.segment) {
		rill_slot_clear(slot);
		return 0;
	}
	if (from.kind == RILL_LIST_STRUCT)
		return rill_slot_copy(slot, pointer_to(from.reader, from.segment, (uint64_t)from.at - 1,
		                                       list_word(RILL_LIST_STRUCT, words), from.depth));
	return rill_slot_copy(slot,
	                      pointer_to(from.reader, from.segment, from.at, list_word(from.kind, from.count), from.depth));
}

/* The pointers that both have, raw, and then copied as those of any struct. */
static int copy_pointers(struct rill_struct_builder to, struct rill_struct from, uint32_t count)
{
	struct run run = {0};
	struct copy c;
	uint32_t i;

	c.to = to.builder;
	c.reader = from.reader;
	c.flags = 0;
	c.depth = (from.depth < RILL_DEPTH_MAX ? from.depth : RILL_DEPTH_MAX - 1) + 1;
	c.height = 0;
	for (i = 0; i < count; i++)
		rill_store_u64(builder_at(to.builder, to.segment, (uint64_t)to.at + i), rill_struct_pointer(from, i).word);
	run.from = from.segment;
	run.from_at = from.at;
	run.to = to.segment;
	run.to_at = to.at;
	run.elements = 1;
	run.pointers = count;
	push(&c, &run);
	return copy_runs(&c);
}

int rill_struct_copy(struct rill_struct_builder to, struct rill_struct from)
{
	uint32_t bytes = to.data_bytes < from.data_bytes ? to.data_bytes : from.data_bytes;
	uint32_t count = to.pointers < from.pointers ? to.pointers : from.pointers;
	struct mark mark;
	int r;

	if (!to.builder)
		return -EINVAL;
	builder_mark(to.builder, &mark);
	memset(to.data, 0, to.data_bytes);
	if (to.pointers)
		memset(builder_at(to.builder, to.segment, to.at), 0, to.pointers * RILL_WORD);
	if (bytes)
		memcpy(to.data, from.data, bytes);
	r = copy_pointers(to, from, count);
	if (r < 0) {
		builder_rewind(to.builder, &mark);
		memset(to.data, 0, to.data_bytes);
		if (to.pointers)
			memset(builder_at(to.builder, to.segment, to.at), 0, to.pointers * RILL_WORD);
	}
	return tell(to.builder, from.reader, rill_reader_error(from.reader), r);
}

/* Elements of lists need not be whole words, and no pointer leads to them: those are copied field by field. */
static bool is_whole(struct rill_struct s)
{
	return s.data_bytes % RILL_WORD == 0 && s.at >= s.data_bytes / RILL_WORD &&
	       s.data == segment_at(s.segment, s.at - s.data_bytes / RILL_WORD);
}

static int set_part(struct rill_slot slot, struct rill_struct from)
{
	unsigned char *at = builder_at(slot.builder, slot.segment, slot.at);
	uint64_t before = rill_load_u64(at);
	struct rill_struct_builder s;
	struct mark mark;
	int r;

	builder_mark(slot.builder, &mark);
	s = rill_slot_init_struct(slot, (from.data_bytes + 7) / RILL_WORD, from.pointers);
	if (!s.builder)
		return slot.builder->error;
	r = rill_struct_copy(s, from);
	if (r < 0) {
		rill_store_u64(at, before);
		builder_rewind(slot.builder, &mark);
	}
	return r;
}

int rill_slot_set_struct(struct rill_slot slot, struct rill_struct from)
{
	if (!slot.builder)
		return -EINVAL;
	if (!from.segment) {
		rill_slot_clear(slot);
		return 0;
	}
	if (!is_whole(from))
		return set_part(slot, from);
	return rill_slot_copy(slot, pointer_to(from.reader, from.segment, from.at - from.data_bytes / RILL_WORD,
	                                       rill_word_struct(from.data_bytes / RILL_WORD, from.pointers), from.depth));
}
