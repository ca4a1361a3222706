/* tests/bench/peers/capnp.c++ - Cap'n Proto's C++ library over a Unix stream: a message whose root is the payload, written
 * in place, streamed by writeMessageToFd(), read back by StreamFdMessageReader and summed in place. It blocks in read(). */
#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/common.h>
#include <kj/exception.h>

#include "tests/bench/run.h"

#include <cerrno>
#include <sys/socket.h>

namespace {

void put(struct run *r, int fd, size_t len)
{
	capnp::MallocMessageBuilder message(len / 8 + 16);
	auto data = message.initRoot<capnp::AnyPointer>().initAs<capnp::Data>((unsigned)len);

	if (r->task.work != WORK_HANDLE)
		payload_write(data.begin(), len, r->done);
	capnp::writeMessageToFd(fd, message);
}

bool take(struct run *r, int fd, size_t len)
{
	capnp::ReaderOptions options;

	options.traversalLimitInWords = len / 8 + 64;
	capnp::StreamFdMessageReader message(fd, options);
	auto data = message.getRoot<capnp::AnyPointer>().getAs<capnp::Data>();

	return data.size() == len && (r->task.work == WORK_HANDLE || payload_sums(data.begin(), len));
}

int ask_all(struct run *r, int fd)
{
	run_begin(r);
	while (run_more(r)) {
		if (r->task.idle_ns) {
			clock_idle(r->task.idle_ns);
			run_begin(r);
		}
		for (uint64_t i = 0; i < r->task.burst; i++)
			put(r, fd, r->task.bytes);
		if (!take(r, fd, r->task.answer))
			return -EBADMSG;
		run_end(r);
	}
	return 0;
}

int serve_all(struct run *r, int fd)
{
	while (run_more(r)) {
		for (uint64_t i = 0; i < r->task.burst; i++)
			if (!take(r, fd, r->task.bytes))
				return -EBADMSG;
		put(r, fd, r->task.answer);
		run_answered(r);
	}
	return 0;
}

int prepare(struct run *r)
{
	return run_sockets(r, SOCK_STREAM);
}

int work(struct run *r)
{
	int error = -EIO;
	auto caught = kj::runCatchingExceptions([&]() {
		int fd = r->fds[r->role][0];

		error = r->role == RUN_CLIENT ? ask_all(r, fd) : serve_all(r, fd);
	});

	return caught == nullptr ? error : -EIO;
}

struct way capnp_way()
{
	struct way w = {};

	w.key = "capnp";
	w.name = "Cap'n Proto (C++), Unix stream";
	w.kind = KIND_PEER;
	w.jobs = JOB_TRIP | JOB_STREAM | JOB_BURST;
	w.waits = SLEEPS;
	w.prepare = prepare;
	w.client = work;
	w.server = work;
	return w;
}

const struct way way_capnp = capnp_way();
__attribute__((section("bench_ways"), used)) const struct way *const at_capnp = &way_capnp;

}
