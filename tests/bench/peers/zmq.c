/* tests/bench/peers/zmq.c - ZeroMQ, a PAIR over ipc (an abstract Unix socket). Its I/O threads do the socket's work and wake
 * the caller by an eventfd, on which it sleeps. */
#include "tests/bench/ends.h"
#include "tests/bench/peer.h"

#include <stdio.h>
#include <unistd.h>
#include <zmq.h>

static int prepare(struct run *r)
{
	static unsigned number;
	int error = run_share(r, 4096);

	if (error == 0)
		snprintf((char *)r->shared, 4096, "ipc://@rill-bench-zmq-%d-%u", (int)getpid(), number++);
	return error;
}

/* own[0]: context, own[1]: socket, own[2]: message to send, own[3]: message received */
static int open_zmq(struct end *e)
{
	const char *where = (const char *)e->run->shared;
	int r, depth = (int)e->run->task.depth;

	e->own[0] = zmq_ctx_new();
	e->own[1] = e->own[0] ? zmq_socket(e->own[0], ZMQ_PAIR) : NULL;
	e->own[2] = calloc(1, sizeof(zmq_msg_t));
	e->own[3] = calloc(1, sizeof(zmq_msg_t));
	if (!e->own[1] || !e->own[2] || !e->own[3])
		return -ENOMEM;
	zmq_msg_init(e->own[3]);
	if (depth) {
		zmq_setsockopt(e->own[1], ZMQ_SNDHWM, &depth, sizeof(depth));
		zmq_setsockopt(e->own[1], ZMQ_RCVHWM, &depth, sizeof(depth));
	}
	r = e->run->role == RUN_SERVER ? zmq_bind(e->own[1], where) : zmq_connect(e->own[1], where);
	return r < 0 ? -errno : 0;
}

static void close_zmq(struct end *e)
{
	if (e->own[1])
		zmq_close(e->own[1]);
	if (e->own[0])
		zmq_ctx_term(e->own[0]);
}

static void *room(struct end *e, size_t len)
{
	return zmq_msg_init_size(e->own[2], len) < 0 ? NULL : zmq_msg_data(e->own[2]);
}

static int say(struct end *e, size_t len)
{
	(void)len;
	return zmq_msg_send(e->own[2], e->own[1], 0) < 0 ? -errno : 0;
}

static const void *hear(struct end *e, size_t len)
{
	return zmq_msg_recv(e->own[3], e->own[1], 0) == (int)len ? zmq_msg_data(e->own[3]) : NULL;
}

static const struct end_ops ops = {
	.open = open_zmq,
	.close = close_zmq,
	.room = room,
	.send = say,
	.recv = hear,
	.builds = true,
};

END_SIDES(ops)

const struct way WAY(zmq) = {
	.key = "zmq",
	.name = "ZeroMQ ipc",
	.kind = KIND_PEER,
	.jobs = JOB_TRIP | JOB_STREAM | JOB_BURST,
	.waits = SLEEPS,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
