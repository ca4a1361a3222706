/* tests/bench/rill/rill.c - Rill as one uses it: room is reserved and written in place (above a quarter ring in the session's
 * own arena, that is lent then), or rill_channel_send() copies what lies elsewhere. */
#include "tests/bench/rill/side.h"

static const struct side_how how = {.sending = SEND_ROOM, .limits = side_depth};

const struct way WAY(rill) = {
	.key = "rill",
	.name = "Rill",
	.kind = KIND_RILL,
	.jobs = JOB_TRIP | JOB_STREAM | JOB_BURST,
	.waits = SPINS | SLEEPS | LINGERS,
	.lends = true,
	.prepare = side_prepare,
	.client = side_ask,
	.server = side_serve,
	.param = &how,
};
