/* tests/bench/floors/seqpacket.c - a Unix packet socket in epoll; a packet must fit its send buffer. */
#include "tests/bench/floors/bytes.h"

#include <sys/socket.h>

static int prepare(struct run *r)
{
	return run_sockets(r, SOCK_SEQPACKET);
}

static inline int say(struct end *e, size_t len)
{
	return send(e->fd, e->out, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -errno;
}

static inline const void *hear(struct end *e, size_t len)
{
	struct epoll_event ev;

	if (epoll_wait(e->epfd, &ev, 1, -1) != 1)
		return NULL;
	return recv(e->fd, e->in, len, MSG_DONTWAIT) == (ssize_t)len ? e->in : NULL;
}

static const struct end_ops ops = {.open = bytes_open, .room = bytes_room, .send = say, .recv = hear};

END_SIDES(ops)

const struct way WAY(seqpacket) = {
	.key = "seqpacket",
	.name = "Unix seqpacket + epoll",
	.kind = KIND_FLOOR,
	.jobs = JOB_TRIP | JOB_STREAM | JOB_BURST,
	.waits = SLEEPS,
	.max_bytes = 65536,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
