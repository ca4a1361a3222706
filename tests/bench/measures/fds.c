/* tests/bench/measures/fds.c - round trips in which each message carries a descriptor, which its receiver takes and closes. */
#include "tests/bench/plan.h"

static void plan_fds(struct plan *p)
{
	for (size_t i = 0; i < p->way_count; i++)
		for (enum wait wait = WAIT_SPIN; wait <= WAIT_LINGER; wait++)
			for (unsigned cores = 1; cores <= (p->two ? 2 : 1); cores++) {
				struct task t = {.wait = wait, .work = WORK_HANDLE, .bytes = 8, .answer = 8, .burst = 1};

				if (!(p->ways[i]->jobs & JOB_FDS) || !(p->ways[i]->waits & 1u << wait) ||
				    (cores == 1 && wait != WAIT_SLEEP))
					continue;
				plan_trips(p, &t, cores == 2 && wait == WAIT_SLEEP ? 80000 : 15000, 5, 20000);
				plan_add(p, p->ways[i], &t, cores, 1)->count_burst = 1;
			}
}

const struct measure MEASURE(fds) = {
	.key = "fds",
	.title = "Descriptor passing, round trip",
	.at = "descriptors",
	.order = 6,
	.plan = plan_fds,
	.record = plan_record_trips,
};
