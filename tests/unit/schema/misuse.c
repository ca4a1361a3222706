/* tests/unit/schema/misuse.c - no object, no room, sizes above every limit, options of other versions: each is an error with
 * its documented code or an empty view, and changes nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/allocs.h"

#include <errno.h>
#include <rill/schema.h>
#include <stdlib.h>

static const struct rill_slot no_slot;
static const struct rill_struct_builder no_struct;
static const struct rill_struct no_view;
static const struct rill_list no_list;
static const struct rill_pointer nothing;

static struct rill_builder builder;
static uint64_t buffer[64];

/* A pointer to a struct far behind its segment. */
#define BROKEN UINT64_C(0x0001000000000ffc)

static struct rill_slot begin(void)
{
	assert_int_equal(rill_builder_init(&builder, NULL), 0);
	return rill_builder_root(&builder);
}

/* The builder has this error, and the root is null still. */
static void failed(int error)
{
	assert_int_equal(rill_builder_error(&builder), error);
	assert_int_equal(*(const uint64_t *)builder.segments[0].words, 0);
	rill_builder_finish(&builder);
}

static void without_a_slot_nothing_is_built(void **state)
{
	(void)state;
	assert_null(rill_slot_init_struct(no_slot, 1, 1).builder);
	assert_null(rill_slot_init_list(no_slot, RILL_LIST_BYTE, 1).builder);
	assert_null(rill_slot_init_structs(no_slot, 1, 1, 1).builder);
	assert_null(rill_slot_init_text(no_slot, 1));
	assert_null(rill_slot_init_data(no_slot, 1));
	assert_int_equal(rill_slot_set_text(no_slot, "a", 1), -EINVAL);
	assert_int_equal(rill_slot_set_text(no_slot, NULL, 0), -EINVAL);
	assert_int_equal(rill_slot_set_data(no_slot, "a", 1), -EINVAL);
	assert_int_equal(rill_slot_set_data(no_slot, NULL, 0), -EINVAL);
	assert_int_equal(rill_slot_set_capability(no_slot, 1), -EINVAL);
	rill_slot_clear(no_slot);
	assert_null(rill_slot_edit_struct(no_slot, 1, 1).builder);
	assert_null(rill_slot_edit_list(no_slot, RILL_LIST_BYTE).builder);
	assert_null(rill_slot_edit_structs(no_slot, 1, 1).builder);
	assert_null(rill_slot_or(no_slot, NULL).builder);
	assert_int_equal(rill_slot_move(no_slot, no_slot), -EINVAL);
	assert_int_equal(rill_slot_copy(no_slot, nothing), -EINVAL);
	assert_int_equal(rill_slot_set_struct(no_slot, no_view), -EINVAL);
	assert_int_equal(rill_slot_set_list(no_slot, no_list), -EINVAL);
	assert_int_equal(rill_struct_copy(no_struct, no_view), -EINVAL);
	assert_null(rill_struct_built(no_struct, NULL).segment);
}

static void an_empty_view_sets_null(void **state)
{
	struct rill_slot root = begin();

	(void)state;
	assert_non_null(rill_slot_init_struct(root, 1, 0).builder);
	assert_int_equal(rill_slot_set_struct(root, no_view), 0);
	failed(0);
	root = begin();
	assert_non_null(rill_slot_init_data(root, 8));
	assert_int_equal(rill_slot_set_list(root, no_list), 0);
	failed(0);
	root = begin();
	assert_non_null(rill_slot_init_data(root, 8));
	assert_int_equal(rill_slot_set_text(root, NULL, 7), 0);
	failed(0);
	root = begin();
	assert_non_null(rill_slot_init_data(root, 8));
	assert_int_equal(rill_slot_set_data(root, NULL, 7), 0);
	failed(0);
}

static void builders_of_nothing_are_harmless(void **state)
{
	struct rill_builder none = {0};
	struct rill_reader reader;
	size_t count = 7;

	(void)state;
	assert_int_equal(rill_builder_init(NULL, NULL), -EINVAL);
	assert_int_equal(rill_builder_init_buffer(NULL, buffer, 64), -EINVAL);
	assert_int_equal(rill_builder_init_buffer(&none, NULL, 64), -EINVAL);
	assert_int_equal(rill_builder_init_buffer(&none, buffer, 0), -EINVAL);
	assert_int_equal(rill_builder_init_buffer(&none, (char *)buffer + 4, 8), -EINVAL);
	rill_builder_reset(NULL);
	rill_builder_reset(&none);
	rill_builder_finish(NULL);
	rill_builder_finish(&none);
	assert_null(rill_builder_segments(NULL, &count));
	assert_int_equal(rill_builder_reader(NULL, &reader, NULL), -EINVAL);
	assert_int_equal(rill_builder_reader(&none, &reader, NULL), -EINVAL);
	assert_null(rill_builder_root(NULL).builder);
	assert_null(rill_builder_root(&none).builder);
	begin();
	assert_null(rill_builder_segments(&builder, NULL));
	failed(0);
}

static void options_of_other_versions_are_known_by_their_size(void **state)
{
	struct {
		struct rill_builder_options o;
		uint64_t more;
	} later = {.o = {.size = sizeof(later)}};
	struct rill_builder_options no_size = {0}, short_one = {.size = sizeof(size_t)}, odd = {0};
	struct rill_reader_options short_reader = {.size = sizeof(size_t), .words = 1, .depth = 1000};
	struct rill_reader_options no_reader_size = {0}, deep = {.size = sizeof(deep), .depth = RILL_DEPTH_MAX + 1};
	uint64_t word = 0;
	struct rill_segment segment = {&word, 1};
	struct rill_reader reader;

	(void)state;
	assert_int_equal(rill_builder_init(&builder, &no_size), -EINVAL);
	assert_int_equal(rill_builder_init(&builder, &later.o), -E2BIG);
	assert_int_equal(rill_builder_init(&builder, &short_one), 0);
	rill_builder_finish(&builder);
	odd.size = sizeof(odd);
	odd.buffer = buffer;
	assert_int_equal(rill_builder_init(&builder, &odd), -EINVAL);
	odd.buffer = (char *)buffer + 4;
	odd.buffer_words = 8;
	assert_int_equal(rill_builder_init(&builder, &odd), -EINVAL);

	assert_int_equal(rill_reader_init(&reader, &segment, 1, &no_reader_size), -EINVAL);
	assert_int_equal(rill_reader_init(&reader, &segment, 1, &deep), -EINVAL);
	assert_int_equal(rill_reader_init(&reader, &segment, 1, &short_reader), 0);
	assert_true(reader.words == RILL_TRAVERSAL_WORDS && reader.depth == RILL_DEPTH);
	segment.count = (size_t)UINT32_MAX + 1;
	assert_int_equal(rill_reader_init(&reader, &segment, 1, NULL), -EMSGSIZE);
	segment.count = 1;
	segment.words = NULL;
	assert_int_equal(rill_reader_init(&reader, &segment, 1, NULL), -EINVAL);
	assert_int_equal(rill_reader_init(&reader, &segment, 0, NULL), -EBADMSG);
	assert_int_equal(rill_reader_init(NULL, &segment, 1, NULL), -EINVAL);
	assert_null(rill_reader_root(NULL).segment);
	assert_int_equal(rill_reader_error(NULL), 0);
}

static void sizes_above_the_encoding_are_refused(void **state)
{
	static const size_t huge = (size_t)1 << 40, limit = 1 << 29;

	(void)state;
	assert_null(rill_slot_init_struct(begin(), 65536, 0).builder);
	failed(-EINVAL);
	assert_null(rill_slot_init_struct(begin(), 0, 65536).builder);
	failed(-EINVAL);
	assert_null(rill_slot_init_list(begin(), RILL_LIST_BYTE, limit).builder);
	failed(-EMSGSIZE);
	assert_null(rill_slot_init_list(begin(), RILL_LIST_STRUCT, 1).builder);
	failed(-EINVAL);
	assert_null(rill_slot_init_structs(begin(), 1, 65536, 0).builder);
	failed(-EINVAL);
	assert_null(rill_slot_init_structs(begin(), 1, 0, 65536).builder);
	failed(-EINVAL);
	assert_null(rill_slot_init_structs(begin(), limit, 1, 0).builder);
	failed(-EMSGSIZE);
	assert_null(rill_slot_init_structs(begin(), limit / 2, 2, 2).builder);
	failed(-EMSGSIZE);
	assert_null(rill_slot_init_text(begin(), limit));
	failed(-EMSGSIZE);
	assert_null(rill_slot_init_data(begin(), huge));
	failed(-EMSGSIZE);
	assert_int_equal(rill_slot_set_text(begin(), "a", SIZE_MAX), -EMSGSIZE);
	failed(-EMSGSIZE);
}

/* ---- Readers without anything ----------------------------------------------------------------------------------- */

static void no_place_for_a_result_is_an_error(void **state)
{
	uint64_t words[2] = {0}, out[2];
	struct rill_segment segment = {words, 2};
	struct rill_reader reader;
	struct rill_pointer p;
	struct rill_list l;

	(void)state;
	assert_int_equal(rill_reader_init(&reader, &segment, 1, NULL), 0);
	p = rill_reader_root(&reader);
	assert_int_equal(rill_pointer_read_struct(NULL, p), -EINVAL);
	assert_int_equal(rill_pointer_read_list(NULL, p, RILL_LIST_BYTE), -EINVAL);
	assert_int_equal(rill_pointer_read_list(&l, p, (enum rill_list_kind)(RILL_LIST_ANY + 1)), -EINVAL);
	assert_int_equal(rill_pointer_read_text(NULL, p), -EINVAL);
	assert_int_equal(rill_pointer_read_data(NULL, p), -EINVAL);
	assert_int_equal(rill_pointer_read_capability(NULL, p), -EINVAL);
	assert_int_equal(rill_pointer_read_size(NULL, p), -EINVAL);
	assert_int_equal(rill_text_copy(NULL, 8, (struct rill_text){"a", 1}), -EINVAL);
	assert_int_equal(rill_canonical_write(NULL, 2, p), -EINVAL);
	assert_int_equal(rill_canonical_write(out, 0, p), -ENOSPC);
	assert_int_equal(rill_canonical_write(out, 1, p), 1);
}

static void constants_that_are_none_read_as_nothing(void **state)
{
	struct rill_segment empty = {buffer, 0};
	struct rill_struct s;
	char copy[4] = "xyz";

	(void)state;
	assert_false(rill_pointer_has(rill_segment_root(NULL)));
	assert_false(rill_pointer_has(rill_segment_root(&empty)));
	assert_false(rill_pointer_has(rill_pointer_or(nothing, NULL)));
	s = rill_pointer_struct(rill_segment_root(NULL));
	assert_int_equal(rill_struct_u32(s, 0, 9), 9);
	assert_int_equal(rill_pointer_text(nothing).len, 0);
	assert_int_equal(rill_pointer_data(nothing).len, 0);
	assert_int_equal(rill_text_copy(copy, 1, rill_pointer_text(nothing)), 0);
	assert_int_equal(copy[0], 0);
	assert_false(rill_text_equals(rill_pointer_text(nothing), NULL));
	assert_true(rill_text_equals(rill_pointer_text(nothing), ""));
	assert_false(rill_text_equals((struct rill_text){"ab", 2}, "ac"));
	assert_false(rill_text_equals((struct rill_text){"ab", 2}, "abc"));
}

/* Plain values in place, where they are as wide as asked for. */
static void raw_elements_are_given_only_as_what_they_are(void **state)
{
	struct rill_slot root = begin();
	struct rill_list_builder made = rill_slot_init_list(root, RILL_LIST_4BYTES, 3);
	struct rill_reader reader;
	struct rill_list l;

	(void)state;
	assert_ptr_equal(rill_list_room(made, 4), made.data);
	assert_null(rill_list_room(made, 2));
	assert_null(rill_list_room(made, 0));
	assert_int_equal(rill_builder_reader(&builder, &reader, NULL), 0);
	l = rill_pointer_list(rill_reader_root(&reader), RILL_LIST_4BYTES);
	assert_non_null(rill_list_raw(l, 4));
	assert_null(rill_list_raw(l, 8));
	assert_null(rill_list_raw(l, 0));
	made = rill_slot_init_list(root, RILL_LIST_POINTER, 3);
	assert_null(rill_list_room(made, 8));
	assert_int_equal(rill_builder_reader(&builder, &reader, NULL), 0);
	assert_null(rill_list_raw(rill_pointer_list(rill_reader_root(&reader), RILL_LIST_POINTER), 8));
	rill_builder_finish(&builder);
}

static void a_list_is_not_given_as_another_kind(void **state)
{
	static const enum rill_list_kind stored[] = {RILL_LIST_VOID, RILL_LIST_BIT, RILL_LIST_BYTE, RILL_LIST_8BYTES,
	                                             RILL_LIST_POINTER};

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		for (int asked = RILL_LIST_VOID; asked <= RILL_LIST_ANY; asked++) {
			struct rill_slot root = begin();
			struct rill_reader reader;
			struct rill_list l;
			int r;

			rill_slot_init_list(root, stored[i], 2);
			assert_int_equal(rill_builder_reader(&builder, &reader, NULL), 0);
			r = rill_pointer_read_list(&l, rill_reader_root(&reader), (enum rill_list_kind)asked);
			if (asked == (int)stored[i] || asked == RILL_LIST_ANY)
				assert_int_equal(r, 1);
			else if (r == 1)
				assert_true(asked == RILL_LIST_STRUCT || asked == RILL_LIST_VOID || l.data_bytes || l.pointers);
			else
				assert_int_equal(r, -EBADMSG);
			rill_builder_finish(&builder);
		}
}

/* ---- Frames and packing ----------------------------------------------------------------------------------------- */

static void frames_without_room_or_source_are_refused(void **state)
{
	uint64_t words[2] = {0};
	struct rill_segment segment = {words, 2}, got[2];
	char odd[64];
	size_t need = 0;

	(void)state;
	assert_int_equal(rill_frame_table_size(NULL, 1), 0);
	assert_int_equal(rill_frame_size(&segment, 0), 0);
	assert_int_equal(rill_frame_size(&segment, RILL_SEGMENTS_MAX + 1), 0);
	assert_int_equal(rill_frame_write_table(NULL, 64, &segment, 1), -EINVAL);
	assert_int_equal(rill_frame_write_table(buffer, 64, &segment, 0), -EMSGSIZE);
	assert_int_equal(rill_frame_write_table(buffer, 7, &segment, 1), -ENOBUFS);
	assert_int_equal(rill_frame_write(NULL, 64, &segment, 1), -EINVAL);
	assert_int_equal(rill_frame_write(buffer, 64, &segment, 0), -EMSGSIZE);
	assert_int_equal(rill_frame_write(buffer, 23, &segment, 1), -ENOBUFS);
	assert_int_equal(rill_frame_write(buffer, 24, &segment, 1), 24);
	assert_int_equal(rill_frame_length(NULL, 1, 0, NULL), -EINVAL);
	assert_int_equal(rill_frame_length(NULL, 0, 0, &need), 0);
	assert_true(need >= 4);
	assert_int_equal(rill_frame_read(NULL, 2, buffer, 24, 0), -EINVAL);
	assert_int_equal(rill_frame_read(got, 2, NULL, 24, 0), -EINVAL);
	assert_int_equal(rill_frame_read(got, 2, NULL, 0, 0), -EBADMSG);
	assert_int_equal(rill_frame_read(got, 2, odd + ((uintptr_t)odd % 8 ? 0 : 1), 24, 0), -EINVAL);
	assert_int_equal(rill_frame_read(got, 0, buffer, 24, 0), -ENOBUFS);
	assert_int_equal(rill_frame_read(got, 2, buffer, 24, 0), 1);
	segment.count = 0; /* an empty one has no words to be copied */
	assert_int_equal(rill_frame_write(buffer, 64, &segment, 1), 8);
	segment.count = (size_t)UINT32_MAX + 1;
	assert_int_equal(rill_frame_write(buffer, 64, &segment, 1), -EMSGSIZE);
}

static void packing_without_room_or_source_is_refused(void **state)
{
	static uint64_t words[600], back[600];
	static unsigned char packed[6000];
	struct rill_segment segment = {words, 600};
	ssize_t n;

	(void)state;
	assert_true(rill_pack_bound(SIZE_MAX) == SIZE_MAX && rill_pack_bound(3) == 30);
	assert_int_equal(rill_pack(NULL, 1, words, 1), -EINVAL);
	assert_int_equal(rill_pack(packed, 1, NULL, 1), -EINVAL);
	assert_int_equal(rill_pack(NULL, 0, NULL, 0), 0);
	assert_int_equal(rill_pack(NULL, 0, words, 1), -ENOBUFS);
	assert_int_equal(rill_frame_pack(packed, sizeof(packed), &segment, 0), -EMSGSIZE);
	assert_int_equal(rill_frame_pack(packed, 3, &segment, 1), -ENOBUFS);
	assert_int_equal(rill_frame_pack(packed, 6, &segment, 1), -ENOBUFS);
	assert_int_equal(rill_unpacked_words(NULL, 1, 0), -EINVAL);
	assert_int_equal(rill_unpacked_words(NULL, 0, 0), 0);
	assert_int_equal(rill_unpack(NULL, 1, packed, 1), -EINVAL);
	assert_int_equal(rill_unpack(back, 1, NULL, 1), -EINVAL);
	assert_int_equal(rill_unpack(NULL, 0, NULL, 0), 0);
	packed[0] = packed[1] = 0;
	assert_int_equal(rill_unpack(NULL, 0, packed, 2), -ENOBUFS);
	assert_int_equal(rill_unpack(back, 1, packed, 2), 1);
	/* runs above 255 words, of zeros and of none; each room that is too small */
	for (unsigned full = 0; full < 2; full++) {
		memset(words, full ? 0xaa : 0, sizeof(words));
		n = rill_pack(packed, sizeof(packed), words, 600);
		assert_true(n > 0);
		for (ssize_t room = 0; room < n; room++)
			assert_int_equal(rill_pack(packed, (size_t)room, words, 600), -ENOBUFS);
		n = rill_pack(packed, sizeof(packed), words, 600);
		for (ssize_t len = 1; len < n; len++)
			assert_true(rill_unpacked_words(packed, (size_t)len, 0) != 600);
		assert_int_equal(rill_unpacked_words(packed, (size_t)n, 599), -EMSGSIZE);
		assert_int_equal(rill_unpack(back, 599, packed, (size_t)n), -ENOBUFS);
		assert_int_equal(rill_unpack(back, 600, packed, (size_t)n), 600);
		assert_memory_equal(back, words, sizeof(words));
	}
}

/* ---- Sources of segments ---------------------------------------------------------------------------------------- */

static struct source {
	uint64_t words[256]; /* one segment only, many times over: nothing is written into what is wrong */
	unsigned kind, given;
} source;

enum { GOOD, TOO_SMALL, ODD, NONE };

static void *take(void *user, size_t least, size_t *words)
{
	struct source *s = user;

	*words = s->kind == TOO_SMALL ? least - 1 : least;
	if (s->kind == NONE)
		return NULL;
	return s->kind == ODD ? (char *)s->words + 4 : (char *)s->words;
}

static void give(void *user, void *segment)
{
	(void)segment;
	((struct source *)user)->given++;
}

static void a_source_that_gives_less_than_asked_is_an_error(void **state)
{
	struct rill_builder_options o = {.size = sizeof(o), .take = take, .give = give, .user = &source};

	(void)state;
	for (unsigned kind = TOO_SMALL; kind <= NONE; kind++) {
		source.kind = kind;
		source.given = 0;
		assert_int_equal(rill_builder_init(&builder, &o), kind == NONE ? -ENOMEM : -EINVAL);
		assert_int_equal(source.given, kind != NONE);
		/* and behind a first segment that was good */
		o.buffer = buffer;
		o.buffer_words = 1;
		assert_int_equal(rill_builder_init(&builder, &o), 0);
		assert_null(rill_slot_init_data(rill_builder_root(&builder), 64));
		assert_int_equal(rill_builder_error(&builder), kind == NONE ? -ENOMEM : -EINVAL);
		rill_builder_finish(&builder);
		assert_int_equal(source.given, 2 * (kind != NONE));
		o.buffer = NULL;
		o.buffer_words = 0;
	}
	/* one that needs nothing back */
	o.give = NULL;
	source.kind = GOOD;
	assert_int_equal(rill_builder_init(&builder, &o), 0);
	rill_builder_finish(&builder);
	source.kind = ODD;
	assert_int_equal(rill_builder_init(&builder, &o), -EINVAL);
}

static void *take_exact(void *user, size_t least, size_t *words)
{
	(void)user;
	*words = least;
	return calloc(least, RILL_WORD);
}

static void give_free(void *user, void *segment)
{
	(void)user;
	free(segment);
}

/* A builder whose every object lies in a segment of its own. */
static struct rill_slot begin_exact(void)
{
	struct rill_builder_options o = {.size = sizeof(o), .take = take_exact, .give = give_free, .cleared = 1};

	assert_int_equal(rill_builder_init(&builder, &o), 0);
	return rill_builder_root(&builder);
}

static void more_segments_than_a_message_has_are_an_error(void **state)
{
	struct rill_slot root = begin_exact();
	struct rill_list_builder l = rill_slot_init_list(root, RILL_LIST_POINTER, RILL_SEGMENTS_MAX + 8);
	size_t i = 0;

	(void)state;
	while (i < RILL_SEGMENTS_MAX + 8 && rill_slot_set_data(rill_list_slot(l, i), "12345678", 8) == 0)
		i++;
	assert_int_equal(rill_builder_error(&builder), -EMSGSIZE);
	assert_true(i > RILL_SEGMENTS_MAX / 4 && i <= RILL_SEGMENTS_MAX);
	rill_builder_finish(&builder);
}

/* ---- Every allocation refused ----------------------------------------------------------------------------------- */

/* Two structs with a text, of a message that needs no allocation. */
static struct rill_list others(struct rill_reader *ret_reader)
{
	static uint64_t words[64];
	static struct rill_builder b;
	struct rill_list_builder l;

	assert_int_equal(rill_builder_init_buffer(&b, words, 64), 0);
	l = rill_slot_init_structs(rill_struct_slot(rill_slot_init_struct(rill_builder_root(&b), 0, 1), 0), 2, 1, 1);
	rill_slot_set_string(rill_struct_slot(rill_list_edit(l, 0), 0), "of another");
	assert_int_equal(rill_builder_reader(&b, ret_reader, NULL), 0);
	return rill_struct_list(rill_pointer_struct(rill_reader_root(ret_reader)), 0, RILL_LIST_STRUCT);
}

/* One of everything that makes, moves, enlarges and copies. What it gave: the error of the builder. */
static int everything(struct rill_slot root)
{
	struct rill_struct_builder s = rill_slot_init_struct(root, 1, 4);
	struct rill_list_builder l, few;
	struct rill_reader reader;

	rill_slot_set_string(rill_struct_slot(s, 0), "text");
	l = rill_slot_init_list(rill_struct_slot(s, 1), RILL_LIST_4BYTES, 3);
	rill_list_set_u32(l, 1, 7);
	few = rill_slot_init_structs(rill_struct_slot(s, 2), 2, 1, 1);
	rill_slot_set_string(rill_struct_slot(rill_list_edit(few, 0), 0), "below");
	rill_slot_edit_structs(rill_struct_slot(s, 1), 2, 1);
	rill_slot_edit_structs(rill_struct_slot(s, 2), 3, 2);
	s = rill_slot_edit_struct(root, 3, 6);
	rill_slot_move(rill_struct_slot(s, 4), rill_struct_slot(s, 0));
	if (rill_builder_error(&builder) == 0)
		(void)rill_slot_set_list(rill_struct_slot(s, 5), others(&reader));
	return rill_builder_error(&builder);
}

static void each_refused_allocation_is_told_and_nothing_leaks(void **state)
{
	uint64_t blocks = allocs_made() - allocs_freed(), refused;
	unsigned n;
	int e;

	(void)state;
	for (n = 1;; n++) {
		struct rill_builder_options o = {.size = sizeof(o), .take = take_exact, .give = give_free};

		refused = allocs_refused();
		allocs_refuse_from(n);
		e = rill_builder_init(&builder, &o);
		if (e == 0)
			e = everything(rill_builder_root(&builder));
		allocs_refuse(0);
		rill_builder_finish(&builder);
		assert_int_equal(allocs_made() - allocs_freed(), blocks);
		if (allocs_refused() == refused)
			break;
		assert_int_equal(e, -ENOMEM);
	}
	assert_int_equal(e, 0);
	assert_true(n > 10);
}

/* A first segment in which all lies near its pointers, then exact ones: what was near is far when it is made anew, and takes a
 * pad that there may be no memory for. */
static void *take_one_then_exact(void *user, size_t least, size_t *words)
{
	unsigned *taken = user;

	*words = (*taken)++ ? least : 64;
	return calloc(*words, RILL_WORD);
}

static struct rill_slot begin_near(unsigned *taken)
{
	struct rill_builder_options o = {
		.size = sizeof(o), .take = take_one_then_exact, .give = give_free, .user = taken, .cleared = 1};

	*taken = 0;
	assert_int_equal(rill_builder_init(&builder, &o), 0);
	return rill_builder_root(&builder);
}

static void fill_up(struct rill_slot slot)
{
	rill_slot_init_data(slot, (64 - builder.segments[0].count) * RILL_WORD);
}

static int enlarge_struct(struct rill_slot root)
{
	struct rill_struct_builder s = rill_slot_init_struct(root, 1, 3);

	rill_slot_set_string(rill_struct_slot(s, 0), "near");
	rill_slot_init_struct(rill_struct_slot(s, 1), 0, 0);
	fill_up(rill_struct_slot(s, 2));
	return 0;
}

static int enlarge_list(struct rill_slot root)
{
	struct rill_list_builder l = rill_slot_init_structs(root, 2, 1, 2);

	rill_slot_set_string(rill_struct_slot(rill_list_edit(l, 0), 0), "near");
	fill_up(rill_struct_slot(rill_list_edit(l, 1), 0));
	return 0;
}

static int enlarge_pointers(struct rill_slot root)
{
	struct rill_list_builder l = rill_slot_init_list(root, RILL_LIST_POINTER, 2);

	rill_slot_set_string(rill_list_slot(l, 0), "near");
	fill_up(rill_list_slot(l, 1));
	return 0;
}

static void what_cannot_be_made_anew_stays_as_it_was(void **state)
{
	static int (*const make[])(struct rill_slot) = {enlarge_struct, enlarge_list, enlarge_pointers};
	unsigned taken;

	(void)state;
	for (unsigned kind = 0; kind < 3; kind++)
		for (uint64_t n = 1;; n++) {
			struct rill_slot root = begin_near(&taken);
			uint64_t before, refused = allocs_refused();

			make[kind](root);
			assert_int_equal(rill_builder_error(&builder), 0);
			before = *(const uint64_t *)builder.segments[0].words;
			allocs_refuse_from(n);
			if (kind == 0)
				rill_slot_edit_struct(root, 4, 5);
			else
				rill_slot_edit_structs(root, 4, 5);
			allocs_refuse(0);
			if (allocs_refused() == refused) {
				assert_int_equal(rill_builder_error(&builder), 0);
				rill_builder_finish(&builder);
				assert_true(n > 2);
				break;
			}
			assert_int_equal(rill_builder_error(&builder), -ENOMEM);
			assert_true(*(const uint64_t *)builder.segments[0].words == before);
			rill_builder_finish(&builder);
		}
}

static void a_move_without_a_pad_leaves_both_as_they_were(void **state)
{
	unsigned taken;
	struct rill_struct_builder s = rill_slot_init_struct(begin_near(&taken), 1, 3), far;
	uint64_t word;

	(void)state;
	rill_slot_set_string(rill_struct_slot(s, 0), "near");
	fill_up(rill_struct_slot(s, 1));
	far = rill_slot_init_struct(rill_struct_slot(s, 2), 0, 1);
	word = ((const uint64_t *)builder.segments[0].words)[s.at];
	allocs_refuse_from(1);
	assert_int_equal(rill_slot_move(rill_struct_slot(far, 0), rill_struct_slot(s, 0)), -ENOMEM);
	allocs_refuse(0);
	assert_true(((const uint64_t *)builder.segments[0].words)[s.at] == word);
	rill_builder_finish(&builder);
}

/* An element of a list of pointers, seen as a struct, whose pointer is broken: the slot is null still. */
static void a_broken_element_is_not_copied(void **state)
{
	uint64_t words[] = {UINT64_C(1) | UINT64_C(6) << 32 | UINT64_C(1) << 35, UINT64_C(0x0001000000000ffc)};
	struct rill_segment segment = {words, 2};
	struct rill_reader reader;
	struct rill_list l;

	(void)state;
	assert_int_equal(rill_reader_init(&reader, &segment, 1, NULL), 0);
	l = rill_pointer_list(rill_reader_root(&reader), RILL_LIST_STRUCT);
	assert_int_equal(rill_list_count(l), 1);
	assert_int_equal(rill_slot_set_struct(begin(), rill_list_struct(l, 0)), -EBADMSG);
	failed(0);
}

/* ---- Editing and copying --------------------------------------------------------------------------------------- */

static void editing_something_else_is_an_error_that_stays(void **state)
{
	struct rill_slot root = begin();

	(void)state;
	rill_slot_init_list(root, RILL_LIST_BYTE, 3);
	assert_null(rill_slot_edit_struct(root, 1, 1).builder);
	assert_int_equal(rill_builder_error(&builder), -EINVAL);
	rill_builder_finish(&builder);

	root = begin();
	rill_slot_init_struct(root, 1, 0);
	assert_null(rill_slot_edit_list(root, RILL_LIST_BYTE).builder);
	assert_int_equal(rill_builder_error(&builder), -EINVAL);
	rill_builder_finish(&builder);

	root = begin();
	assert_null(rill_slot_edit_list(root, RILL_LIST_BYTE).builder); /* null: empty */
	assert_null(rill_slot_edit_structs(root, 1, 1).builder);
	failed(0);
}

static void a_move_to_where_it_is_changes_nothing(void **state)
{
	struct rill_struct_builder s = rill_slot_init_struct(begin(), 0, 2);
	struct rill_builder other;
	uint64_t word;

	(void)state;
	rill_slot_set_string(rill_struct_slot(s, 0), "here");
	word = ((const uint64_t *)builder.segments[0].words)[s.at];
	assert_int_equal(rill_slot_move(rill_struct_slot(s, 0), rill_struct_slot(s, 0)), 0);
	assert_true(((const uint64_t *)builder.segments[0].words)[s.at] == word);
	/* an empty struct, a capability and null move as well */
	rill_slot_init_struct(rill_struct_slot(s, 1), 0, 0);
	assert_int_equal(rill_slot_move(rill_struct_slot(s, 0), rill_struct_slot(s, 1)), 0);
	assert_int_equal(rill_slot_set_capability(rill_struct_slot(s, 1), 5), 0);
	assert_int_equal(rill_slot_move(rill_struct_slot(s, 0), rill_struct_slot(s, 1)), 0);
	assert_int_equal(rill_slot_move(rill_struct_slot(s, 0), rill_struct_slot(s, 1)), 0);
	assert_int_equal(rill_builder_init(&other, NULL), 0);
	assert_int_equal(rill_slot_move(rill_builder_root(&other), rill_struct_slot(s, 0)), -EINVAL);
	rill_builder_finish(&other);
	rill_builder_finish(&builder);
}

/* An element of plain values, seen as a struct, is no whole words: it is copied by what it has. */
static void an_element_of_plain_values_becomes_a_struct(void **state)
{
	struct rill_builder from;
	struct rill_list_builder l;
	struct rill_reader reader, back;
	struct rill_struct element;

	(void)state;
	assert_int_equal(rill_builder_init(&from, NULL), 0);
	l = rill_slot_init_list(rill_builder_root(&from), RILL_LIST_2BYTES, 3);
	rill_list_set_u16(l, 1, 77);
	assert_int_equal(rill_builder_reader(&from, &reader, NULL), 0);
	element = rill_list_struct(rill_pointer_list(rill_reader_root(&reader), RILL_LIST_STRUCT), 1);
	assert_int_equal(rill_slot_set_struct(begin(), element), 0);
	assert_int_equal(rill_builder_reader(&builder, &back, NULL), 0);
	assert_int_equal(rill_struct_u16(rill_pointer_struct(rill_reader_root(&back)), 0, 0), 77);
	rill_builder_finish(&builder);
	/* and where there is no room for it the slot stays null */
	memset(buffer, 0, sizeof(buffer));
	assert_int_equal(rill_builder_init_buffer(&builder, buffer, 1), 0);
	assert_int_equal(rill_slot_set_struct(rill_builder_root(&builder), element), -ENOSPC);
	failed(-ENOSPC);
	rill_builder_finish(&from);
}

/* A broken pointer below: the source's error, the copy all zero. */
static void a_struct_that_cannot_be_copied_leaves_zeros(void **state)
{
	uint64_t words[] = {UINT64_C(2) << 48 | UINT64_C(1) << 32, 9, UINT64_C(0x0001000000000ffc), 0};
	struct rill_segment segment = {words, 4};
	struct rill_reader reader;
	struct rill_struct_builder to;

	(void)state;
	assert_int_equal(rill_reader_init(&reader, &segment, 1, NULL), 0);
	to = rill_slot_init_struct(begin(), 1, 2);
	assert_int_equal(rill_struct_copy(to, rill_pointer_struct(rill_reader_root(&reader))), -EBADMSG);
	assert_int_equal(rill_reader_error(&reader), -EBADMSG);
	assert_int_equal(rill_builder_error(&builder), 0);
	assert_true(rill_load_u64(to.data) == 0);
	assert_int_equal(rill_struct_copy(to, no_view), 0);
	rill_builder_finish(&builder);
}

/* Room for pointers alone, or for data alone: what was there is there still. */
static void structs_grow_by_what_they_lack(void **state)
{
	struct rill_slot root = begin();
	struct rill_struct_builder s = rill_slot_init_struct(root, 2, 1);
	struct rill_list_builder l;
	struct rill_reader reader;

	(void)state;
	rill_struct_set_u64(s, 8, 9, 0);
	rill_slot_set_string(rill_struct_slot(s, 0), "kept");
	s = rill_slot_edit_struct(root, 1, 3);
	assert_int_equal(s.data_bytes, 16);
	assert_int_equal(s.pointers, 3);
	assert_int_equal(rill_builder_reader(&builder, &reader, NULL), 0);
	assert_true(rill_struct_u64(rill_pointer_struct(rill_reader_root(&reader)), 8, 0) == 9);
	assert_true(rill_text_equals(rill_struct_text(rill_pointer_struct(rill_reader_root(&reader)), 0), "kept"));
	rill_builder_finish(&builder);

	root = begin();
	l = rill_slot_init_structs(root, 2, 2, 0);
	rill_struct_set_u64(rill_list_edit(l, 1), 8, 9, 0);
	l = rill_slot_edit_structs(root, 1, 2);
	assert_true(l.count == 2 && l.data_bytes == 16 && l.pointers == 2);
	assert_int_equal(rill_builder_reader(&builder, &reader, NULL), 0);
	assert_true(rill_struct_u64(rill_list_struct(rill_pointer_list(rill_reader_root(&reader), RILL_LIST_STRUCT), 1), 8,
	                            0) == 9);
	rill_builder_finish(&builder);

	/* of structs without anything, and of none */
	for (uint32_t count = 0; count < 3; count += 2) {
		root = begin();
		rill_slot_init_structs(root, count, 0, 0);
		l = rill_slot_edit_structs(root, 1, 1);
		assert_true(l.builder == &builder && l.count == count && l.data_bytes == 8 && l.pointers == 1);
		assert_int_equal(rill_builder_error(&builder), 0);
		rill_builder_finish(&builder);
	}
	root = begin();
	rill_slot_init_list(root, RILL_LIST_VOID, 2);
	l = rill_slot_edit_structs(root, 1, 0);
	assert_true(l.builder == &builder && l.count == 2 && l.data_bytes == 8);
	rill_builder_finish(&builder);
}

/* A builder's memory that somebody else has written into. */
static void a_broken_message_of_ones_own_is_not_edited(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct rill_slot root = begin();

		rill_slot_init_struct(root, 1, 1);
		((uint64_t *)(uintptr_t)builder.segments[0].words)[0] = BROKEN + (i == 2);
		if (i == 0)
			assert_null(rill_slot_edit_struct(root, 1, 1).builder);
		else
			assert_null(rill_slot_edit_list(root, RILL_LIST_BYTE).builder);
		assert_int_equal(rill_builder_error(&builder), -EINVAL);
		rill_builder_finish(&builder);
	}
}

static void give_counted(void *user, void *segment)
{
	assert_ptr_not_equal(segment, buffer);
	++*(unsigned *)user;
	free(segment);
}

static void *take_64(void *user, size_t least, size_t *words)
{
	(void)user;
	*words = least > 64 ? least : 64;
	return calloc(*words, RILL_WORD);
}

/* The buffer is the user's and never given back; what was taken is, once. An object of the last segment gets its pad there when
 * a pointer of another one is to lead to it. */
static void a_buffer_stays_its_users(void **state)
{
	unsigned given = 0;
	struct rill_builder_options o = {
		.size = sizeof(o), .buffer = buffer, .buffer_words = 4, .take = take_64, .give = give_counted, .user = &given};
	struct rill_struct_builder s, child;
	struct rill_reader reader;
	struct rill_struct got;

	(void)state;
	memset(buffer, 0, sizeof(buffer));
	assert_int_equal(rill_builder_init(&builder, &o), 0);
	s = rill_slot_init_struct(rill_builder_root(&builder), 1, 2);
	child = rill_slot_init_struct(rill_struct_slot(s, 0), 0, 1);
	rill_slot_set_string(rill_struct_slot(child, 0), "moved");
	assert_int_equal(builder.count, 2);
	assert_int_equal(rill_slot_move(rill_struct_slot(s, 1), rill_struct_slot(child, 0)), 0);
	assert_int_equal(builder.count, 2);
	assert_int_equal(rill_builder_reader(&builder, &reader, NULL), 0);
	got = rill_pointer_struct(rill_reader_root(&reader));
	assert_true(rill_text_equals(rill_struct_text(got, 1), "moved"));
	assert_false(rill_struct_has(rill_struct_struct(got, 0), 0));
	rill_builder_finish(&builder);
	assert_int_equal(given, 1);
}

/* ---- What is copied, and how far ------------------------------------------------------------------------------- */

static void what_is_set_takes_no_default(void **state)
{
	static const uint64_t words[] = {UINT64_C(1) << 32, 42};
	const struct rill_segment otherwise = {words, 2};
	struct rill_slot root = begin();
	struct rill_struct_builder s = rill_slot_init_struct(root, 1, 0);

	(void)state;
	rill_struct_set_u64(s, 0, 7, 0);
	assert_ptr_equal(rill_slot_or(root, &otherwise).builder, &builder);
	assert_true(rill_load_u64(rill_slot_edit_struct(root, 1, 0).data) == 7);
	rill_slot_clear(root);
	rill_slot_or(root, &otherwise);
	assert_true(rill_load_u64(rill_slot_edit_struct(root, 1, 0).data) == 42);
	rill_builder_finish(&builder);
}

/* Both kinds are longer than what is taken at a time: elements of more words than that, and many small ones. */
static void long_lists_of_structs_are_copied_whole(void **state)
{
	static const struct {
		uint32_t count;
		uint16_t words, pointers;
	} of[] = {{5, 600, 1}, {700, 1, 2}};

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		struct rill_slot root = begin();
		struct rill_list_builder l = rill_slot_init_structs(root, of[k].count, of[k].words, of[k].pointers);
		struct rill_reader reader, back;
		struct rill_builder copy;
		struct rill_list got;

		for (uint32_t i = 0; i < of[k].count; i++) {
			struct rill_struct_builder s = rill_list_edit(l, i);

			rill_struct_set_u64(s, (of[k].words - 1u) * RILL_WORD, i + 1, 0);
			assert_int_equal(rill_slot_set_text(rill_struct_slot(s, of[k].pointers - 1u), "abcdefgh", i % 9), 0);
		}
		assert_int_equal(rill_builder_reader(&builder, &reader, NULL), 0);
		assert_int_equal(rill_builder_init(&copy, NULL), 0);
		assert_int_equal(rill_slot_copy(rill_builder_root(&copy), rill_reader_root(&reader)), 0);
		assert_int_equal(rill_builder_reader(&copy, &back, NULL), 0);
		got = rill_pointer_list(rill_reader_root(&back), RILL_LIST_STRUCT);
		assert_int_equal(rill_list_count(got), of[k].count);
		for (uint32_t i = 0; i < of[k].count; i++) {
			struct rill_struct s = rill_list_struct(got, i);

			assert_true(rill_struct_u64(s, (of[k].words - 1u) * RILL_WORD, 0) == i + 1);
			assert_int_equal(rill_struct_text(s, of[k].pointers - 1u).len, i % 9);
		}
		rill_builder_finish(&copy);
		rill_builder_finish(&builder);
	}
}

/* The reader's own depth holds for copies too: with 1 there is a struct and nothing below it. */
static void a_copy_goes_no_deeper_than_its_reader(void **state)
{
	const struct rill_reader_options shallow = {.size = sizeof(shallow), .depth = 1};
	struct rill_reader reader;
	struct rill_builder copy;

	(void)state;
	rill_slot_set_string(rill_struct_slot(rill_slot_init_struct(begin(), 0, 1), 0), "below");
	assert_int_equal(rill_builder_reader(&builder, &reader, &shallow), 0);
	assert_int_equal(rill_builder_init(&copy, NULL), 0);
	assert_int_equal(rill_slot_copy(rill_builder_root(&copy), rill_reader_root(&reader)), -ELOOP);
	assert_int_equal(rill_reader_error(&reader), -ELOOP);
	assert_int_equal(rill_builder_error(&copy), 0);
	assert_true(*(const uint64_t *)copy.segments[0].words == 0);
	rill_builder_finish(&copy);
	rill_builder_finish(&builder);
}

/* A constant has no reader that could keep the error: the builder has it. A reader that failed before keeps its first. */
static void a_broken_source_is_told_where_it_can_be(void **state)
{
	static const uint64_t broken[] = {BROKEN, 0}, far[] = {UINT64_C(2) | UINT64_C(1) << 32, 0};
	const struct rill_segment bad = {broken, 2}, leads_out = {far, 2};
	struct rill_reader reader;
	struct rill_struct s;

	(void)state;
	assert_int_equal(rill_slot_copy(begin(), rill_segment_root(&bad)), -EBADMSG);
	failed(-EBADMSG);
	assert_int_equal(rill_slot_copy(begin(), rill_segment_root(&leads_out)), -EBADMSG);
	failed(-EBADMSG);
	assert_true(rill_pointer_read_struct(&s, rill_segment_root(&leads_out)) == -EBADMSG);
	assert_int_equal(rill_reader_init(&reader, &bad, 1, NULL), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(rill_slot_copy(begin(), rill_reader_root(&reader)), -EBADMSG);
		assert_int_equal(rill_reader_error(&reader), -EBADMSG);
		failed(0);
	}
}

static void a_canonical_message_has_a_place_for_words(void **state)
{
	uint64_t out[4] = {0};

	(void)state;
	assert_int_equal(rill_canonical_write((char *)out + 4, 2, nothing), -EINVAL);
	assert_int_equal(rill_canonical_write(out, 2, nothing), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_slot_nothing_is_built),
		cmocka_unit_test(an_empty_view_sets_null),
		cmocka_unit_test(builders_of_nothing_are_harmless),
		cmocka_unit_test(options_of_other_versions_are_known_by_their_size),
		cmocka_unit_test(sizes_above_the_encoding_are_refused),
		cmocka_unit_test(no_place_for_a_result_is_an_error),
		cmocka_unit_test(constants_that_are_none_read_as_nothing),
		cmocka_unit_test(raw_elements_are_given_only_as_what_they_are),
		cmocka_unit_test(a_list_is_not_given_as_another_kind),
		cmocka_unit_test(frames_without_room_or_source_are_refused),
		cmocka_unit_test(packing_without_room_or_source_is_refused),
		cmocka_unit_test(a_source_that_gives_less_than_asked_is_an_error),
		cmocka_unit_test(more_segments_than_a_message_has_are_an_error),
		cmocka_unit_test(each_refused_allocation_is_told_and_nothing_leaks),
		cmocka_unit_test(what_cannot_be_made_anew_stays_as_it_was),
		cmocka_unit_test(a_move_without_a_pad_leaves_both_as_they_were),
		cmocka_unit_test(a_broken_element_is_not_copied),
		cmocka_unit_test(editing_something_else_is_an_error_that_stays),
		cmocka_unit_test(a_move_to_where_it_is_changes_nothing),
		cmocka_unit_test(an_element_of_plain_values_becomes_a_struct),
		cmocka_unit_test(a_struct_that_cannot_be_copied_leaves_zeros),
		cmocka_unit_test(structs_grow_by_what_they_lack),
		cmocka_unit_test(a_broken_message_of_ones_own_is_not_edited),
		cmocka_unit_test(a_buffer_stays_its_users),
		cmocka_unit_test(what_is_set_takes_no_default),
		cmocka_unit_test(long_lists_of_structs_are_copied_whole),
		cmocka_unit_test(a_copy_goes_no_deeper_than_its_reader),
		cmocka_unit_test(a_broken_source_is_told_where_it_can_be),
		cmocka_unit_test(a_canonical_message_has_a_place_for_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
