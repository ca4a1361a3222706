/* tests/bench/rill/cold.c - Rill with a fresh block for each message: its memory is new to the machine, and to both sides. */
#include "tests/bench/rill/side.h"

static const struct side_how how = {.sending = SEND_COLD};

const struct way WAY(cold) = {
	.key = "rill-cold",
	.name = "Rill, cold memory each time",
	.kind = KIND_RILL,
	.jobs = JOB_TRIP,
	.waits = SPINS | SLEEPS,
	.lends = true,
	.min_bytes = 4096,
	.memory = 512 << 20,
	.prepare = side_prepare,
	.client = side_ask,
	.server = side_serve,
	.param = &how,
};
