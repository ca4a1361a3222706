/* tests/bench/floors/ring.c - the floor of one-way throughput of small messages: a bare ring of the size that Rill's has. */
#include "tests/bench/floors/ring.h"

static int prepare(struct run *r)
{
	return ring_share(r, task_ring_bytes(&r->task));
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
	.max_bytes = 4096,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
