/* tests/bench/schema/ours.c - through what capnpc-rill makes of bench.capnp. */
#include "tests/bench/schema/schema.h"

#include "tests/bench/schema/bench.rill.h"

static void begin(struct rill_builder *b, void *room, size_t words)
{
	struct rill_builder_options options = {.size = sizeof(options), .buffer = room, .buffer_words = words};

	rill_builder_init(b, &options);
}

static size_t end(struct rill_builder *b)
{
	size_t count, words = rill_builder_error(b) < 0 ? 0 : rill_builder_segments(b, &count)[0].count;

	rill_builder_finish(b);
	return words;
}

static size_t build(void *room, size_t words, size_t items)
{
	struct rill_builder b;
	struct document_builder document;
	struct item_list_builder list;
	size_t i;

	begin(&b, room, words);
	document = document_new_root(&b);
	document_set_version(document, 1);
	list = document_init_items(document, items);
	for (i = 0; i < items; i++) {
		struct item_builder item = item_list_edit_at(list, i);

		item_set_id(item, i);
		item_set_count(item, 7);
		item_set_weight(item, 0.5);
		item_set_flags(item, 3);
		item_set_name_len(item, NAME, sizeof(NAME) - 1);
	}
	return end(&b);
}

static struct item_list open_list(struct rill_segment *segment, struct rill_reader *reader, const void *message, size_t words)
{
	struct rill_reader_options options = {.size = sizeof(options), .words = UINT64_MAX};

	segment->words = message;
	segment->count = words;
	rill_reader_init(reader, segment, 1, &options);
	return document_get_items(document_root(reader));
}

static uint64_t sum_of(struct item item)
{
	struct rill_text name = item_get_name(item);

	return item_get_id(item) + item_get_count(item) + (uint64_t)item_get_weight(item) + item_get_flags(item) + name.len +
	       (unsigned char)name.at[0];
}

static uint64_t read(const void *message, size_t words)
{
	struct rill_segment segment;
	struct rill_reader reader;
	struct item_list list = open_list(&segment, &reader, message, words);
	size_t i, count = item_list_count(list);
	uint64_t sum = 0;

	for (i = 0; i < count; i++)
		sum += sum_of(item_list_at(list, i));
	return sum;
}

static uint64_t random_access(const void *message, size_t words, size_t times)
{
	struct rill_segment segment;
	struct rill_reader reader;
	struct item_list list = open_list(&segment, &reader, message, words);
	size_t count = item_list_count(list);
	uint64_t sum = 0, state = 1;

	while (times--)
		sum += sum_of(item_list_at(list, next_item(&state, count)));
	return sum;
}

static size_t copy(void *room, size_t room_words, const void *message, size_t words)
{
	struct rill_reader_options options = {.size = sizeof(options), .words = UINT64_MAX};
	struct rill_segment segment = {message, words};
	struct rill_reader reader;
	struct rill_builder b;

	rill_reader_init(&reader, &segment, 1, &options);
	begin(&b, room, room_words);
	rill_slot_copy(rill_builder_root(&b), rill_reader_root(&reader));
	return end(&b);
}

const struct side ours = {"rill", build, read, random_access, copy};
