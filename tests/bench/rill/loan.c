/* tests/bench/rill/loan.c - Rill with an arena of one's own: a block that exists already is lent, again and again. */
#include "tests/bench/rill/side.h"

static const struct side_how how = {.sending = SEND_LOAN, .limits = side_depth};

const struct way WAY(loan) = {
	.key = "rill-loan",
	.name = "Rill, a block lent again",
	.kind = KIND_RILL,
	.jobs = JOB_TRIP | JOB_STREAM,
	.waits = SPINS | SLEEPS | LINGERS,
	.lends = true,
	.lent_once = true,
	.prepare = side_prepare,
	.client = side_ask,
	.server = side_serve,
	.param = &how,
};
