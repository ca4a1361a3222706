/* tests/bench/floors/ring.c - the floor of one-way throughput of small messages: a bare ring of Rill's default size. */
#include "tests/bench/floors/ring.h"

#define RING_BYTES 16384

static int prepare(struct run *r)
{
	return ring_share(r, RING_BYTES);
}

static const struct end_ops ops = {
	.open = ring_open,
	.room = ring_end_room,
	.send = ring_end_send,
	.recv = ring_end_recv,
	.release = ring_end_release,
	.builds = true,
};

END_SIDES(ops)

const struct way WAY(ring) = {
	.key = "ring",
	.name = "bare SPSC ring",
	.kind = KIND_FLOOR,
	.jobs = JOB_TRIP | JOB_STREAM | JOB_BURST,
	.waits = SPINS,
	.lends = true,
	.max_bytes = RING_BYTES / 4 - 8,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
