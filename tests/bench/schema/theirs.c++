/* tests/bench/schema/theirs.c++ - the same through libcapnp, as its documentation does it: a scratch segment of the caller's, the
 * limit of traversal raised. */
#include "tests/bench/schema/schema.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include "tests/bench/schema/bench.capnp.h"

namespace {

/* libcapnp wants its scratch segment cleared, and clears what it used of it. */
kj::ArrayPtr<capnp::word> scratch(void *room, size_t words)
{
	return kj::arrayPtr(static_cast<capnp::word *>(room), words);
}

size_t build(void *room, size_t words, size_t items)
{
	capnp::MallocMessageBuilder message(scratch(room, words));
	auto document = message.initRoot<Document>();

	document.setVersion(1);
	auto list = document.initItems(static_cast<unsigned>(items));
	for (size_t i = 0; i < items; i++) {
		auto item = list[static_cast<unsigned>(i)];

		item.setId(i);
		item.setCount(7);
		item.setWeight(0.5);
		item.setFlags(3);
		item.setName(NAME);
	}
	return message.sizeInWords();
}

uint64_t sumOf(Item::Reader item)
{
	auto name = item.getName();

	return item.getId() + item.getCount() + static_cast<uint64_t>(item.getWeight()) + item.getFlags() + name.size() +
	       static_cast<unsigned char>(name[0]);
}

struct Message {
	kj::ArrayPtr<const capnp::word> segments[1];
	capnp::SegmentArrayMessageReader reader;

	Message(const void *message, size_t words)
	    : segments{kj::arrayPtr(static_cast<const capnp::word *>(message), words)},
	      reader(kj::arrayPtr(segments, 1), capnp::ReaderOptions{UINT64_MAX, 64})
	{
	}
};

uint64_t read(const void *message, size_t words)
{
	Message m(message, words);
	uint64_t sum = 0;

	for (auto item : m.reader.getRoot<Document>().getItems())
		sum += sumOf(item);
	return sum;
}

uint64_t randomAccess(const void *message, size_t words, size_t times)
{
	Message m(message, words);
	auto items = m.reader.getRoot<Document>().getItems();
	uint64_t sum = 0, state = 1;

	while (times--)
		sum += sumOf(items[static_cast<unsigned>(next_item(&state, items.size()))]);
	return sum;
}

size_t copy(void *room, size_t roomWords, const void *message, size_t words)
{
	Message m(message, words);
	capnp::MallocMessageBuilder to(scratch(room, roomWords));

	to.setRoot(m.reader.getRoot<Document>());
	return to.sizeInWords();
}

} // namespace

extern "C" const struct side theirs = {"libcapnp", build, read, randomAccess, copy};
