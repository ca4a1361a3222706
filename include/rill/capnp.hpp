/* rill/capnp.hpp - for C++ programs that have libcapnp: its messages built in an arena, and read where they were received.
 * Header only; needs librill, libcapnp and C++14.
 *
 *	rill::ArenaMessageBuilder message(arena);
 *	message.initRoot<Person>().setName("Ada");
 *	rill_out out = message.out();
 *	int r = rill_rpc_call(rpc, &ask, &out, nullptr);          // or rill_channel_sendmsg()
 *
 *	rill::MessageReader message(*answer->msg, rill_rpc_mark(answer->msg));
 *	use(message.getRoot<Person>());
 *
 * libcapnp's readers are not made for memory that its writer still changes: what they checked may be otherwise at the next
 * look. Read so only what comes from a peer that you trust as your own process; from others, copy first (rill_slot_copy(), or
 * the whole message), or read with rill/letter.h.
 */
#ifndef RILL_CAPNP_HPP
#define RILL_CAPNP_HPP

#include <capnp/message.h>
#include <cstdint>
#include <cstring>
#include <kj/debug.h>
#include <new>
#include <rill/arena.h>
#include <rill/rpc.h>

namespace rill
{

/* Its segments are blocks of an arena, at most RILL_LOANS_MAX (each twice as large as the one before; one more throws
 * kj::Exception, no memory std::bad_alloc). They are freed with the builder, that is when the last loan of them is back. */
class ArenaMessageBuilder final : public capnp::MessageBuilder
{
public:
	explicit ArenaMessageBuilder(rill_arena *arena, unsigned first_words = 8192) : arena(arena), next(first_words)
	{
	}

	~ArenaMessageBuilder() noexcept(false) override
	{
		for (unsigned i = 0; i < count; i++)
			rill_arena_free(arena, blocks[i]);
	}

	KJ_DISALLOW_COPY(ArenaMessageBuilder);

	kj::ArrayPtr<capnp::word> allocateSegment(unsigned minimum) override
	{
		unsigned words = minimum > next ? minimum : next;

		KJ_REQUIRE(count < RILL_LOANS_MAX, "more segments than one message can lend");
		void *block = rill_arena_alloc(arena, std::size_t(words) * sizeof(capnp::word));
		if (!block)
			throw std::bad_alloc();
		std::memset(block, 0, std::size_t(words) * sizeof(capnp::word)); /* libcapnp counts on it */
		blocks[count++] = block;
		if (next < (1u << 28))
			next = 2 * words;
		return kj::arrayPtr(static_cast<capnp::word *>(block), words);
	}

	/* The message as it is now, to be sent as often as you like: all segments as loans, their count as the tag (the mark of
	 * an rpc's message). Valid until the builder is changed or gone. */
	rill_out out()
	{
		rill_out o{};
		unsigned i = 0;

		for (auto segment : getSegmentsForOutput()) {
			loans[i].arena = arena;
			loans[i].data = segment.begin();
			loans[i++].len = segment.size() * sizeof(capnp::word);
		}
		o.size = sizeof(o);
		o.tag = i;
		o.loans = loans;
		o.loan_count = i;
		return o;
	}

private:
	rill_arena *arena;
	unsigned next;
	unsigned count = 0;
	void *blocks[RILL_LOANS_MAX];
	rill_loan loans[RILL_LOANS_MAX];
};

/* Reads a received message in place: its body, if it has one, is the first segment, then its first `lent` loans. The message
 * must outlive it. Throws kj::Exception if it is not whole words, not aligned, or has fewer loans. */
class MessageReader final : public capnp::MessageReader
{
public:
	MessageReader(const rill_msg &msg, unsigned lent, capnp::ReaderOptions options = capnp::ReaderOptions())
		: capnp::MessageReader(options)
	{
		KJ_REQUIRE(lent <= msg.loan_count && lent <= RILL_LOANS_MAX, "fewer loans than segments");
		if (msg.len)
			add(msg.data, msg.len);
		for (unsigned i = 0; i < lent; i++) {
			const void *data = nullptr;
			std::size_t len = 0;

			KJ_REQUIRE(rill_msg_loan(&msg, i, &data, &len) == 0, "the message was released");
			add(data, len);
		}
	}

	/* All its loans are segments. */
	explicit MessageReader(const rill_msg &msg, capnp::ReaderOptions options = capnp::ReaderOptions())
		: MessageReader(msg, msg.loan_count, options)
	{
	}

	kj::ArrayPtr<const capnp::word> getSegment(unsigned id) override
	{
		return id < count ? segments[id] : nullptr;
	}

private:
	void add(const void *data, std::size_t len)
	{
		KJ_REQUIRE(len % sizeof(capnp::word) == 0 && reinterpret_cast<std::uintptr_t>(data) % sizeof(capnp::word) == 0,
		           "not whole words");
		segments[count++] = kj::arrayPtr(static_cast<const capnp::word *>(data), len / sizeof(capnp::word));
	}

	unsigned count = 0;
	kj::ArrayPtr<const capnp::word> segments[RILL_LOANS_MAX + 1];
};

}

#endif
