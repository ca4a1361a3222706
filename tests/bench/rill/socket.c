/* tests/bench/rill/socket.c - Rill woken by packets on its socket, as it is between peers of different uids. */
#include "tests/bench/rill/side.h"

static void limits(const struct task *t, struct rill_session_options *o)
{
	side_depth(t, o);
	o->socket_bell = 1;
}

static const struct side_how how = {.sending = SEND_ROOM, .limits = limits};

const struct way WAY(socket) = {
	.key = "rill-socket",
	.name = "Rill, woken by its socket",
	.kind = KIND_RILL,
	.jobs = JOB_TRIP,
	.waits = SLEEPS,
	.lends = true,
	.max_bytes = 65536,
	.prepare = side_prepare,
	.client = side_ask,
	.server = side_serve,
	.param = &how,
};
