/* tests/interop/capnp_hpp.c++ - rill/capnp.hpp against libcapnp: what it builds in an arena our reader reads, what our drafts
 * send it reads, in one segment and in many. A plain program: what is wrong is said, and ends it. */
#include <capnp/any.h>
#include <capnp/list.h>
#include <rill/capnp.hpp>
#include <rill/letter.h>
#include <rill/rill.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/socket.h>

#define CHECK(fact) \
	do { \
		if (!(fact)) { \
			std::fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, #fact); \
			std::exit(1); \
		} \
	} while (0)

namespace
{

/* Two ends in one process, both in one ctx. */
struct Both {
	rill_ctx *ctx = nullptr;
	rill_arena *arena = nullptr;
	rill_session *sessions[2] = {};
	rill_channel *ends[2] = {};

	static int on_channel(rill_session *, rill_channel *ch, void *user)
	{
		static_cast<Both *>(user)->ends[1] = ch;
		return 0;
	}

	Both()
	{
		rill_session_events events{};
		int fds[2];

		events.size = sizeof(events);
		events.channel = on_channel;
		CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
		CHECK(rill_ctx_create(&ctx, nullptr) == 0);
		CHECK(rill_arena_create(&arena, ctx, nullptr) == 0);
		for (int i = 0; i < 2; i++)
			CHECK(rill_session_adopt(&sessions[i], ctx, fds[i], nullptr, &events, this) == 0);
		while (rill_session_status(sessions[0]) == 0)
			turn();
		CHECK(rill_channel_open(&ends[0], sessions[0], "c", nullptr, nullptr, nullptr) == 0);
		while (!ends[1])
			turn();
	}

	~Both()
	{
		rill_ctx_destroy(ctx);
	}

	void turn()
	{
		CHECK(rill_epoll_wait(ctx, 1000) >= 0);
	}

	rill_msg receive(rill_channel *ch)
	{
		rill_msg msg{};
		int r;

		while ((r = rill_channel_recv(ch, &msg)) == -EAGAIN)
			turn();
		CHECK(r == 0);
		return msg;
	}

	size_t allocated()
	{
		rill_arena_usage usage{};

		usage.size = sizeof(usage);
		rill_arena_get_usage(arena, &usage);
		return usage.allocated;
	}
};

std::string text(unsigned i)
{
	return "text number " + std::to_string(i);
}

/* A list of texts in libcapnp's own builder. */
void fill(capnp::MessageBuilder &message, unsigned count)
{
	auto list = message.getRoot<capnp::AnyPointer>().initAs<capnp::List<capnp::Text>>(count);

	for (unsigned i = 0; i < count; i++)
		list.set(i, text(i).c_str());
}

void libcapnp_builds_and_we_read(Both &both, unsigned count, unsigned first_words)
{
	rill_letter letter;
	rill_msg msg;
	{
		rill::ArenaMessageBuilder message(both.arena, first_words);

		fill(message, count);
		rill_out out = message.out();
		CHECK(first_words > 1 || out.loan_count > 1);
		out.tag <<= 3; /* as an rpc would */
		CHECK(rill_channel_sendmsg(both.ends[0], &out) == 0);
	} /* the blocks are freed, but lent */
	msg = both.receive(both.ends[1]);
	CHECK(rill_letter_open(&letter, &msg, nullptr) == 0);
	rill_list list = rill_pointer_list(rill_letter_root(&letter), RILL_LIST_POINTER);
	CHECK(rill_list_count(list) == count);
	for (unsigned i = 0; i < count; i++)
		CHECK(rill_text_equals(rill_list_text(list, i), text(i).c_str()));
	CHECK(rill_reader_error(&letter.reader) == 0);

	rill::MessageReader again(msg);
	CHECK(again.getRoot<capnp::AnyPointer>().getAs<capnp::List<capnp::Text>>().size() == count);
	rill_msg_release(&msg);
}

void we_build_and_libcapnp_reads(Both &both, unsigned count, bool lent)
{
	rill_builder_options options{};
	rill_arena_source source;
	rill_loan loans[RILL_LOANS_MAX];
	rill_builder builder;
	rill_out out{};
	iovec part;
	size_t segments;

	options.size = sizeof(options);
	if (lent)
		rill_arena_source_init(&source, both.arena, &options);
	CHECK(rill_builder_init(&builder, &options) == 0);
	rill_list_builder list = rill_slot_init_list(rill_builder_root(&builder), RILL_LIST_POINTER, count);
	for (unsigned i = 0; i < count; i++)
		rill_slot_set_text(rill_list_slot(list, i), text(i).c_str(), text(i).size());
	CHECK(rill_builder_error(&builder) == 0);
	const rill_segment *first = rill_builder_segments(&builder, &segments);
	out.size = sizeof(out);
	if (lent) {
		out.loans = loans;
		out.loan_count = (unsigned)rill_builder_loans(&builder, both.arena, loans, RILL_LOANS_MAX);
	} else {
		CHECK(segments == 1);
		part = {const_cast<void *>(first->words), first->count * RILL_WORD};
		out.parts = &part;
		out.part_count = 1;
	}
	CHECK(rill_channel_sendmsg(both.ends[1], &out) == 0);
	rill_builder_finish(&builder);

	rill_msg msg = both.receive(both.ends[0]);
	{
		rill::MessageReader message(msg);
		auto texts = message.getRoot<capnp::AnyPointer>().getAs<capnp::List<capnp::Text>>();

		CHECK(texts.size() == count);
		for (unsigned i = 0; i < count; i++)
			CHECK(texts[i] == text(i).c_str());
	}
	rill_msg_release(&msg);
}

bool throws(void (*body)(Both &both), Both &both)
{
	try {
		body(both);
	} catch (const kj::Exception &) {
		return true;
	} catch (const std::bad_alloc &) {
		return true;
	}
	return false;
}

void too_many_segments(Both &both)
{
	rill::ArenaMessageBuilder message(both.arena, 1);

	for (int i = 0; i < RILL_LOANS_MAX; i++)
		CHECK(message.allocateSegment(1).size() >= 1);
	message.allocateSegment(1);
}

void not_whole_words(Both &both)
{
	CHECK(rill_channel_send(both.ends[0], "12345", 5) == 0);
	rill_msg msg = both.receive(both.ends[1]);
	try {
		rill::MessageReader message(msg);
	} catch (...) {
		rill_msg_release(&msg);
		throw;
	}
	rill_msg_release(&msg);
}

void fewer_loans(Both &both)
{
	CHECK(rill_channel_send(both.ends[0], "12345678", 8) == 0);
	rill_msg msg = both.receive(both.ends[1]);
	try {
		rill::MessageReader message(msg, 1);
	} catch (...) {
		rill_msg_release(&msg);
		throw;
	}
	rill_msg_release(&msg);
}

} // namespace

int main()
{
	Both both;

	for (unsigned count : {0u, 1u, 10u, 1000u, 20000u}) {
		libcapnp_builds_and_we_read(both, count, 8192);
		we_build_and_libcapnp_reads(both, count, true);
	}
	libcapnp_builds_and_we_read(both, 1000, 1); /* a far pointer at each turn */
	we_build_and_libcapnp_reads(both, 3, false);
	CHECK(throws(too_many_segments, both));
	CHECK(throws(not_whole_words, both));
	CHECK(throws(fewer_loans, both));
	libcapnp_builds_and_we_read(both, 1, 8192); /* a further loan each way takes back what has come home */
	we_build_and_libcapnp_reads(both, 1, true);
	CHECK(both.allocated() <= 2 * 65536);
	return 0;
}
