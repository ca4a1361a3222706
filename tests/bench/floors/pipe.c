/* tests/bench/floors/pipe.c - a pipe each way, read from epoll. */
#include "tests/bench/floors/bytes.h"

static int prepare(struct run *r)
{
	for (int side = 0; side < 2; side++) {
		int fds[2];

		if (pipe(fds) < 0)
			return -errno;
		r->fds[side][0] = fds[0];
		r->fds[!side][1] = fds[1];
	}
	return 0;
}

static inline int say(struct end *e, size_t len)
{
	return bytes_write(e, e->run->fds[e->run->role][1], len);
}

static const struct end_ops ops = {.open = bytes_open, .room = bytes_room, .send = say, .recv = bytes_read};

END_SIDES(ops)

const struct way WAY(pipe) = {
	.key = "pipe",
	.name = "pipe + epoll",
	.kind = KIND_FLOOR,
	.jobs = JOB_TRIP | JOB_STREAM | JOB_BURST,
	.waits = SLEEPS,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
