/* tests/bench/measures/idle.c - what a session costs while nobody says anything: CPU time of the client after
 * trips, beside poll() on nothing: what is measured is one falling asleep and one timeout. */
#include "tests/bench/plan.h"
#include "tests/bench/rill/side.h"

#include <poll.h>

#define SETTLE_MS 20 /* the linger ends */
#define IDLE_NS 300000000u

static uint64_t cpu_of_sleeping(void)
{
	uint64_t cpu = clock_cpu_ns();

	poll(NULL, 0, IDLE_NS / 1000000);
	return clock_cpu_ns() - cpu;
}

/* The client waits that long in its loop; its peer waits in run_over() then, and in its loop before. */
static int wait_idly(struct side *s)
{
	uint64_t until, cpu;
	int r = 0;

	if (s->run->role != RUN_CLIENT)
		return 0;
	r = rill_epoll_wait(s->ctx, SETTLE_MS);
	cpu = clock_cpu_ns();
	until = clock_now_ns() + IDLE_NS;
	while (r >= 0 && clock_now_ns() < until)
		r = rill_epoll_wait(s->ctx, (int)((until - clock_now_ns()) / 1000000) + 1);
	s->run->out->extra[0] = (double)(clock_cpu_ns() - cpu);
	s->run->out->extra[1] = (double)cpu_of_sleeping();
	return r < 0 ? r : 0;
}

static const struct side_how how = {.after = wait_idly};

static const struct way row = {
	.key = "rill",
	.name = "Rill, nothing to do",
	.kind = KIND_RILL,
	.lends = true,
	.prepare = side_prepare,
	.client = side_ask,
	.server = side_serve,
	.param = &how,
};

static void plan_idle(struct plan *p)
{
	for (enum wait wait = WAIT_SLEEP; wait <= WAIT_LINGER && p->two; wait++) {
		struct task t = {.wait = wait, .work = WORK_HANDLE, .bytes = 8, .answer = 8, .burst = 1, .trips = 50};

		plan_add(p, &row, &t, 2, 1);
	}
}

static void record(const struct plan *p, const struct cell *c, const struct outcome *out, struct point *point)
{
	(void)p, (void)c;
	point_add(point, "cpu_us_s", out->extra[0] / 1e3 / (IDLE_NS / 1e9));  /* us of CPU time a second */
	point_add(point, "poll_us_s", out->extra[1] / 1e3 / (IDLE_NS / 1e9)); /* of poll() on nothing, as long */
}

const struct measure MEASURE(idle) = {
	.key = "idle",
	.title = "CPU time while idle",
	.at = "sessions",
	.order = 9,
	.rounds_max = 3,
	.plan = plan_idle,
	.record = record,
};
