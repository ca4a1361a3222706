/* tests/bench/peers/nng.c - nng, a pair over ipc (an abstract Unix socket). Its threads do the socket's work; the caller sleeps
 * on a condition. */
#include "tests/bench/ends.h"
#include "tests/bench/peer.h"

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <stdio.h>
#include <unistd.h>

static int prepare(struct run *r)
{
	static unsigned number;
	int error = run_share(r, 4096);

	if (error == 0)
		snprintf((char *)r->shared, 4096, "abstract://rill-bench-nng-%d-%u", (int)getpid(), number++);
	return error;
}

struct held {
	nng_socket socket;
	nng_msg *out, *in;
};

static int listen_or_dial(struct held *h, struct run *r)
{
	const char *where = (const char *)r->shared;
	int error;

	if (r->role == RUN_SERVER) {
		error = nng_listen(h->socket, where, NULL, 0);
		run_tell(r, 1);
		return error ? -EIO : 0;
	}
	error = run_await(r, 1);
	return error ? error : nng_dial(h->socket, where, NULL, 0) ? -EIO : 0;
}

static int open_nng(struct end *e)
{
	struct held *h = calloc(1, sizeof(*h));

	e->own[0] = h;
	if (!h || nng_pair0_open(&h->socket))
		return -ENOMEM;
	nng_socket_set_size(h->socket, NNG_OPT_RECVMAXSZ, 0); /* as large as they come */
	if (e->run->task.depth) {
		nng_socket_set_int(h->socket, NNG_OPT_SENDBUF, (int)e->run->task.depth);
		nng_socket_set_int(h->socket, NNG_OPT_RECVBUF, (int)e->run->task.depth);
	}
	return listen_or_dial(h, e->run);
}

static void close_nng(struct end *e)
{
	struct held *h = e->own[0];

	if (h && h->in)
		nng_msg_free(h->in);
	if (h)
		nng_close(h->socket);
	free(h);
}

static void *room(struct end *e, size_t len)
{
	struct held *h = e->own[0];

	return nng_msg_alloc(&h->out, len) ? NULL : nng_msg_body(h->out);
}

static int say(struct end *e, size_t len)
{
	struct held *h = e->own[0];

	(void)len;
	return nng_sendmsg(h->socket, h->out, 0) ? -EIO : 0;
}

static const void *hear(struct end *e, size_t len)
{
	struct held *h = e->own[0];

	if (h->in)
		nng_msg_free(h->in);
	h->in = NULL;
	if (nng_recvmsg(h->socket, &h->in, 0) || nng_msg_len(h->in) != len)
		return NULL;
	return nng_msg_body(h->in);
}

static const struct end_ops ops = {
	.open = open_nng,
	.close = close_nng,
	.room = room,
	.send = say,
	.recv = hear,
	.builds = true,
};

END_SIDES(ops)

const struct way WAY(nng) = {
	.key = "nng",
	.name = "nng ipc",
	.kind = KIND_PEER,
	.jobs = JOB_TRIP | JOB_STREAM | JOB_BURST,
	.waits = SLEEPS,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
