/* tests/bench/measures/burst.c - after a pause in which the receiver falls asleep: so many messages of 64 bytes at once, until
 * the answer to the last is back. */
#include "tests/bench/plan.h"

#define IDLE_NS 300000

static const uint64_t bursts[] = {1, 10, 100, 1000};

static void plan_burst(struct plan *p)
{
	for (size_t i = 0; i < p->way_count && p->two; i++)
		for (enum wait wait = WAIT_SPIN; wait <= WAIT_LINGER; wait++)
			for (size_t b = 0; b < sizeof(bursts) / sizeof(*bursts); b++) {
				struct task t = {.wait = wait, .work = WORK_WRITE, .bytes = 64, .answer = 8};

				if (!(p->ways[i]->jobs & JOB_BURST) || !(p->ways[i]->waits & 1u << wait))
					continue;
				t.burst = bursts[b];
				t.idle_ns = IDLE_NS;
				plan_trips(p, &t, IDLE_NS * 1.5 + (double)t.burst * 500, 5, 1000);
				plan_add(p, p->ways[i], &t, 2, t.burst);
			}
}

const struct measure MEASURE(burst) = {
	.key = "burst",
	.title = "A burst after idle",
	.at = "messages",
	.order = 3,
	.plan = plan_burst,
	.record = plan_record_trips,
};
