/* tests/bench/floors/stream.c - a Unix stream socket in epoll. */
#include "tests/bench/floors/bytes.h"

#include <sys/socket.h>

static int prepare(struct run *r)
{
	return run_sockets(r, SOCK_STREAM);
}

static inline int say(struct end *e, size_t len)
{
	return bytes_write(e, e->fd, len);
}

static const struct end_ops ops = {.open = bytes_open, .room = bytes_room, .send = say, .recv = bytes_read};

END_SIDES(ops)

const struct way WAY(stream) = {
	.key = "stream",
	.name = "Unix stream + epoll",
	.kind = KIND_FLOOR,
	.jobs = JOB_TRIP | JOB_STREAM | JOB_BURST,
	.waits = SLEEPS,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
