/* core/schema/builder.c - the segments of a message being built. What is handed out is zero; segments never move. */
#include "schema/build.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_WORDS 128u
#define USUAL_WORDS_MAX (UINT64_C(1) << 17) /* 1 MiB: no wish is greater unless an object is */

static void *heap_take(void *user, size_t least, size_t *words)
{
	void *segment = calloc(*words, RILL_WORD);

	(void)user;
	if (segment)
		return segment;
	*words = least;
	return calloc(least, RILL_WORD);
}

static void heap_give(void *user, void *segment)
{
	(void)user;
	free(segment);
}

int rill_builder_fail(struct rill_builder *b, int error)
{
	if (b && !b->error)
		b->error = error;
	return error;
}

/* ---- segments ------------------------------------------------------------------------------------------------------- */

static struct rill_segment *last(const struct rill_builder *b)
{
	return &b->segments[b->count - 1];
}

static int make_table_room(struct rill_builder *b)
{
	struct rill_segment *more;
	uint32_t room = b->room * 2 + 1;

	if (b->count >= RILL_SEGMENTS_MAX)
		return -EMSGSIZE;
	if (b->count < b->room)
		return 0;
	more = malloc(room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	memcpy(more, b->segments, b->count * sizeof(*more));
	if (b->segments != b->few)
		free(b->segments);
	b->segments = more;
	b->room = room;
	return 0;
}

static void add_segment(struct rill_builder *b, void *words, size_t space, bool is_clear)
{
	b->segments[b->count].words = words;
	b->segments[b->count].count = 0;
	b->count++;
	b->space = space;
	b->is_clear = is_clear;
}

static size_t wish(const struct rill_builder *b, size_t least)
{
	uint64_t words = FIRST_WORDS;
	uint32_t i;

	for (i = 0; i < b->count; i++)
		words += b->segments[i].count;
	if (words > USUAL_WORDS_MAX)
		words = USUAL_WORDS_MAX;
	return words > least ? (size_t)words : least;
}

/* Another segment from the source, for at least so many words. */
static int take_segment(struct rill_builder *b, size_t least)
{
	size_t words = wish(b, least);
	void *segment;
	int r;

	if (!b->options.take)
		return -ENOSPC;
	r = make_table_room(b);
	if (r < 0)
		return r;
	segment = b->options.take(b->options.user, least, &words);
	if (!segment)
		return -ENOMEM;
	if (words < least || (uintptr_t)segment % RILL_WORD) {
		if (b->options.give)
			b->options.give(b->options.user, segment);
		return -EINVAL;
	}
	add_segment(b, segment, words > SEGMENT_WORDS_MAX ? SEGMENT_WORDS_MAX : words,
	            b->options.take == heap_take || b->options.cleared);
	return 0;
}

/* All segments from `keep` on; the buffer is the user's. */
static void give_segments(struct rill_builder *b, uint32_t keep)
{
	while (b->count > keep) {
		void *segment = (void *)(uintptr_t)last(b)->words;

		if (b->options.give && segment != b->options.buffer)
			b->options.give(b->options.user, segment);
		b->count--;
	}
}

/* ---- room ----------------------------------------------------------------------------------------------------------- */

static uint32_t fill(struct rill_builder *b, uint64_t words)
{
	uint32_t at = (uint32_t)last(b)->count;

	if (!b->is_clear && words)
		memset(builder_at(b, b->count - 1, at), 0, words * RILL_WORD);
	last(b)->count += words;
	return at;
}

int builder_reserve(struct rill_builder *b, uint32_t from, uint64_t words, struct place *ret)
{
	uint64_t pad = from != b->count - 1;
	int r;

	if (words >= SEGMENT_WORDS_MAX)
		return -EMSGSIZE;
	if (words + pad > b->space - last(b)->count) {
		pad = 1;
		r = take_segment(b, (size_t)words + 1);
		if (r < 0)
			return r;
	}
	ret->segment = b->count - 1;
	ret->at = fill(b, words + pad) + (uint32_t)pad;
	ret->padded = pad;
	return 0;
}

void builder_trim(struct rill_builder *b, uint64_t words)
{
	last(b)->count -= words;
	if (words)
		memset(builder_at(b, b->count - 1, last(b)->count), 0, words * RILL_WORD);
}

void builder_mark(const struct rill_builder *b, struct mark *ret)
{
	ret->count = b->count;
	ret->used = last(b)->count;
	ret->space = b->space;
	ret->is_clear = b->is_clear;
}

void builder_rewind(struct rill_builder *b, const struct mark *mark)
{
	give_segments(b, mark->count);
	b->space = mark->space;
	b->is_clear = mark->is_clear;
	builder_trim(b, last(b)->count - mark->used);
}

/* ---- pointing ------------------------------------------------------------------------------------------------------- */

static int aim_far(struct rill_slot slot, struct place target, uint64_t bare)
{
	struct rill_builder *b = slot.builder;
	struct place pad;
	unsigned char *words;
	int r = builder_reserve(b, b->count - 1, 2, &pad);

	if (r < 0)
		return r;
	words = builder_at(b, pad.segment, pad.at);
	rill_store_u64(words, far_word(target.segment, target.at, 0));
	rill_store_u64(words + RILL_WORD, bare);
	rill_store_u64(builder_at(b, slot.segment, slot.at), far_word(pad.segment, pad.at, FAR_DOUBLE));
	return 0;
}

int builder_aim(struct rill_slot slot, struct place target, uint64_t bare)
{
	struct rill_builder *b = slot.builder;
	uint32_t pad = target.at - 1;

	if (slot.segment == target.segment) {
		rill_store_u64(builder_at(b, slot.segment, slot.at), rill_word_aimed(bare, slot.at, target.at));
		return 0;
	}
	if (!target.padded) {
		if (target.segment != b->count - 1 || b->space == last(b)->count)
			return aim_far(slot, target, bare);
		pad = fill(b, 1);
	}
	rill_store_u64(builder_at(b, target.segment, pad), rill_word_aimed(bare, pad, target.at));
	rill_store_u64(builder_at(b, slot.segment, slot.at), far_word(target.segment, pad, 0));
	return 0;
}

/* ---- the builder ---------------------------------------------------------------------------------------------------- */

static bool buffer_fits(const void *buffer, size_t words)
{
	return words && (uintptr_t)buffer % RILL_WORD == 0;
}

static int check_options(struct rill_builder_options *ret, const struct rill_builder_options *options)
{
	if (options && options->size == sizeof(*ret)) {
		*ret = *options;
	} else {
		memset(ret, 0, sizeof(*ret));
		if (!options)
			return 0;
		if (options->size < sizeof(options->size))
			return -EINVAL;
		if (options->size > sizeof(*ret))
			return -E2BIG;
		memcpy(ret, options, options->size);
	}
	return ret->buffer && !buffer_fits(ret->buffer, ret->buffer_words) ? -EINVAL : 0;
}

static void make_empty(struct rill_builder *b)
{
	b->count = 0;
	b->error = 0;
	b->segments = b->few;
	b->room = sizeof(b->few) / sizeof(b->few[0]);
}

/* The root pointer is the first word of the first segment. */
static void begin(struct rill_builder *b)
{
	b->first = b->space;
	rill_store_u64(builder_at(b, 0, 0), 0);
	b->segments[0].count = 1;
}

static void begin_in_buffer(struct rill_builder *b)
{
	size_t words = b->options.buffer_words;

	add_segment(b, b->options.buffer, words > SEGMENT_WORDS_MAX ? SEGMENT_WORDS_MAX : words, b->options.cleared);
	begin(b);
}

int rill_builder_init(struct rill_builder *b, const struct rill_builder_options *options)
{
	struct rill_builder_options o;
	int r = b ? check_options(&o, options) : -EINVAL;

	if (r < 0)
		return r;
	if (!o.take && (!o.buffer || o.grow)) {
		o.take = heap_take;
		o.give = heap_give;
	}
	b->options = o;
	make_empty(b);
	if (o.buffer) {
		begin_in_buffer(b);
		return 0;
	}
	r = take_segment(b, 1);
	if (r == 0)
		begin(b);
	return r;
}

int rill_builder_init_buffer(struct rill_builder *b, void *buffer, size_t words)
{
	if (!b || !buffer || !buffer_fits(buffer, words))
		return -EINVAL;
	rill_builder_begin(b, buffer, words > SEGMENT_WORDS_MAX ? SEGMENT_WORDS_MAX : words);
	return 0;
}

void rill_builder_reset(struct rill_builder *b)
{
	if (!b || !b->count)
		return;
	give_segments(b, 1);
	b->space = b->first;
	b->is_clear = false;
	b->error = 0;
	begin(b);
}

void rill_builder_finish(struct rill_builder *b)
{
	if (!b || !b->count)
		return;
	if (b->options.give)
		give_segments(b, 0);
	b->count = 0;
	if (b->segments != b->few)
		free(b->segments);
	b->segments = NULL;
	b->error = 0;
}

int rill_builder_reader(const struct rill_builder *b, struct rill_reader *ret_reader, const struct rill_reader_options *options)
{
	if (!b || !b->count)
		return -EINVAL;
	return rill_reader_init(ret_reader, b->segments, b->count, options);
}
