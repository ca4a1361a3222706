/* tests/bench/rill/fds.c - Rill with a descriptor in each message; its receiver takes and closes it. */
#include "tests/bench/rill/side.h"

static const struct side_how how = {.sending = SEND_FD};

const struct way WAY(fds) = {
	.key = "rill-fd",
	.name = "Rill, a descriptor a message",
	.kind = KIND_RILL,
	.jobs = JOB_FDS,
	.waits = SPINS | SLEEPS | LINGERS,
	.prepare = side_prepare,
	.client = side_ask,
	.server = side_serve,
	.param = &how,
};
