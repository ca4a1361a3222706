/* tests/generated/libcapnp.c++ - Debian's libcapnp, for tests/generated/libcapnp_tests.c. */
#include "tests/generated/libcapnp.h"

#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize-packed.h>
#include <capnp/serialize.h>

#include "tests/generated/shared.capnp.h"

using namespace shared;

namespace {

kj::ArrayPtr<const capnp::word> wordsOf(const void *frame, size_t len)
{
	return kj::arrayPtr(static_cast<const capnp::word *>(frame), len / sizeof(capnp::word));
}

size_t put(void *to, size_t room, kj::ArrayPtr<const kj::byte> bytes)
{
	if (bytes.size() > room)
		return 0;
	memcpy(to, bytes.begin(), bytes.size());
	return bytes.size();
}

size_t putMessage(void *to, size_t room, capnp::MessageBuilder &message)
{
	auto flat = capnp::messageToFlatArray(message);

	return put(to, room, flat.asBytes());
}

/* What throws gives nothing. */
template <typename F> auto caught(F f) -> decltype(f())
{
	decltype(f()) result = 0;
	auto failed = kj::runCatchingExceptions([&]() { result = f(); });

	return failed == nullptr ? result : 0;
}

/* Pointers are adopted: each object is made before its pointer is. */
void adopt(capnp::MessageBuilder &message, capnp::AnyPointer::Reader from)
{
	auto orphan = message.getOrphanage().newOrphanCopy(from);

	message.getOrphanage().newOrphan<capnp::Data>(100); /* no room is left beside it */
	message.getRoot<capnp::AnyPointer>().adopt(kj::mv(orphan));
}

void fill(Plain::Builder plain)
{
	plain.setText("text");
	plain.setData(kj::arrayPtr(reinterpret_cast<const kj::byte *>("\0\1\2"), 3));
	plain.initInner().setI32(-5);
	plain.getInner().setFlag(false);
	plain.getInner().getGroup().setB(false);
	plain.initVoids(3);
	auto flags = plain.initFlags(10);
	for (unsigned i = 0; i < 10; i++)
		flags.set(i, i % 3 == 0);
	plain.setI16s({-1, 2, -3});
	plain.setU64s({UINT64_MAX});
	plain.setF32s({1.5f, -0.25f});
	plain.setColors({Color::GREEN, Color::DEFAULT});
	plain.setTexts({"a", "", "bc"});
	auto inners = plain.initInners(2);
	inners[1].setX(7);
	inners[1].setY("seven");
	plain.initEmpties(2);
	auto lists = plain.initLists(2);
	lists.set(1, {4, 5});
	auto deep = plain.initDeep(1);
	deep.init(0, 1).set(0, {"deep"});
	plain.initRecursive().initRecursive().setText("below");
	plain.setNumber(2.5);
}

bool isFilled(Plain::Reader plain)
{
	return plain.getText() == "text" && plain.getData().size() == 3 && plain.getInner().getI32() == -5 &&
	       !plain.getInner().getFlag() && !plain.getInner().getGroup().getB() && plain.getInner().getGroup().getA() &&
	       plain.getVoids().size() == 3 && plain.getFlags().size() == 10 && plain.getFlags()[9] && !plain.getFlags()[8] &&
	       plain.getI16s()[2] == -3 && plain.getU64s()[0] == UINT64_MAX && plain.getF32s()[1] == -0.25f &&
	       plain.getColors()[1] == Color::DEFAULT && plain.getTexts()[2] == "bc" && plain.getInners()[1].getX() == 7 &&
	       plain.getInners()[1].getY() == "seven" && !plain.getInners()[0].hasY() && plain.getEmpties().size() == 2 &&
	       plain.getLists()[1][1] == 5 && plain.getDeep()[0][0][0] == "deep" &&
	       plain.getRecursive().getRecursive().getText() == "below" &&
	       plain.getNumber() == 2.5 && plain.getColor() == Color::GREEN;
}

} // namespace

size_t theirs_recode(void *to, size_t room, const void *frame, size_t len, unsigned words, int orphans)
{
	return caught([&]() {
		capnp::FlatArrayMessageReader from(wordsOf(frame, len));
		capnp::MallocMessageBuilder message(words, capnp::AllocationStrategy::FIXED_SIZE);

		if (orphans)
			adopt(message, from.getRoot<capnp::AnyPointer>());
		else
			message.setRoot(from.getRoot<capnp::AnyPointer>());
		return putMessage(to, room, message);
	});
}

size_t theirs_canonical(void *to, size_t room, const void *frame, size_t len)
{
	return caught([&]() {
		capnp::FlatArrayMessageReader from(wordsOf(frame, len));
		auto words = from.getRoot<capnp::AnyStruct>().canonicalize();

		return put(to, room, words.asBytes());
	});
}

size_t theirs_pack(void *to, size_t room, const void *frame, size_t len)
{
	return caught([&]() {
		capnp::FlatArrayMessageReader from(wordsOf(frame, len));
		kj::VectorOutputStream out;
		kj::Vector<kj::ArrayPtr<const capnp::word>> segments;

		for (unsigned i = 0; i < 512 && from.getSegment(i) != nullptr; i++)
			segments.add(from.getSegment(i));
		capnp::writePackedMessage(out, segments.asPtr());
		return put(to, room, out.getArray());
	});
}

int theirs_equal(const void *frame, size_t len, const void *other, size_t other_len)
{
	return caught([&]() {
		capnp::FlatArrayMessageReader a(wordsOf(frame, len)), b(wordsOf(other, other_len));

		return a.getRoot<capnp::AnyStruct>() == b.getRoot<capnp::AnyStruct>() ? 1 : 0;
	});
}

size_t theirs_build(void *to, size_t room, unsigned words)
{
	return caught([&]() {
		capnp::MallocMessageBuilder message(words, capnp::AllocationStrategy::FIXED_SIZE);

		fill(message.initRoot<Plain>());
		return putMessage(to, room, message);
	});
}

int theirs_check(const void *frame, size_t len)
{
	return caught([&]() {
		capnp::FlatArrayMessageReader from(wordsOf(frame, len));

		return isFilled(from.getRoot<Plain>()) ? 1 : 0;
	});
}
