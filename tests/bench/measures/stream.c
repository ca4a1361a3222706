/* tests/bench/measures/stream.c - one way: many messages, and one answer when the last has come. */
#include "tests/bench/plan.h"

#define LARGE (64u << 20)
#define COUNTED 2000 /* messages of the pass that counts system calls */

static double estimate(const struct way *way, const struct task *t)
{
	double ns = t->wait == WAIT_SPIN ? 20 : way->kind == KIND_RILL ? 100 : 1000;

	if (t->work != WORK_HANDLE || !way->lends)
		ns += (double)t->bytes * (way->lends ? 0.2 : 0.6);
	return ns;
}

/* Messages under way at once. What lies on its way then stays in the caches as far as it can. */
static uint64_t depth(uint64_t bytes)
{
	return bytes <= 4096 ? 64 : bytes <= 65536 ? 16 : bytes < LARGE ? 4 : 2;
}

static void add(struct plan *p, const struct way *way, struct task *t)
{
	double fit = (double)p->budget_ns / 4 / estimate(way, t);
	uint64_t most = p->form == FORM_SMOKE ? 1000 : 2000000;
	struct cell *c;

	t->burst = fit > (double)most ? most : (uint64_t)fit;
	if (t->burst < 4)
		t->burst = 4;
	t->trips = 3;
	t->skip = 1;
	t->depth = depth(t->bytes);
	if (t->bytes >= LARGE) {
		t->burst = 4;
		t->trips = 1;
	}
	c = plan_add(p, way, t, 2, t->bytes);
	if (t->bytes >= LARGE && t->wait != WAIT_SPIN)
		c->rounds = way->lends ? 3 : 2; /* seconds each */
	c->often = t->wait == WAIT_SPIN && way->kind != KIND_PEER && t->bytes < LARGE &&
	           (t->work == WORK_COPY || (t->bytes == 56 && t->work == WORK_WRITE));
	if (t->work == WORK_WRITE && t->bytes <= 65536)
		c->count_burst = p->form == FORM_SMOKE ? 100 : COUNTED;
}

static bool wanted(const struct plan *p, const struct way *way, const struct task *t)
{
	if ((way->max_bytes && t->bytes > way->max_bytes) || t->bytes < way->min_bytes)
		return false;
	if (t->work == WORK_COPY && t->bytes < 65536)
		return false;
	if (way->lent_once && t->work != WORK_HANDLE)
		return false;
	return p->form != FORM_SMOKE || t->work != WORK_HANDLE;
}

static void plan_stream(struct plan *p)
{
	if (!p->two)
		return;
	for (size_t i = 0; i < p->way_count; i++)
		for (enum wait wait = WAIT_SPIN; wait <= WAIT_LINGER; wait++)
			for (enum work work = WORK_HANDLE; work <= WORK_COPY; work++)
				for (const uint64_t *bytes = plan_sizes(p); *bytes; bytes++) {
					struct task t = {.wait = wait, .work = work, .bytes = *bytes, .answer = 8};

					if (p->ways[i]->jobs & JOB_STREAM && p->ways[i]->waits & 1u << wait &&
					    wanted(p, p->ways[i], &t))
						add(p, p->ways[i], &t);
				}
}

static void record(const struct plan *p, const struct cell *c, const struct outcome *out, struct point *point)
{
	double messages = (double)(c->task.burst * c->task.trips);
	double rate = messages / (double)(out->wall_ns ? out->wall_ns : 1) * 1e9;

	(void)p;
	point_add(point, "rate_s", rate);
	point_add(point, "mb_s", rate * (double)c->task.bytes / 1e6);
	point_add(point, "send_cpu_s", (double)out->cpu_ns[RUN_CLIENT] / messages / 1e3); /* seconds a million messages */
	point_add(point, "recv_cpu_s", (double)out->cpu_ns[RUN_SERVER] / messages / 1e3);
}

const struct measure MEASURE(stream) = {
	.key = "stream",
	.title = "One way",
	.at = "bytes",
	.order = 2,
	.plan = plan_stream,
	.record = record,
};
