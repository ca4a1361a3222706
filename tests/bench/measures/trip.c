/* tests/bench/measures/trip.c - round trips: as many bytes back as there. */
#include "tests/bench/plan.h"

#include <stdlib.h>

#define LARGE (64u << 20)

/* About what a trip takes, to choose how many. */
static double estimate(const struct way *way, const struct task *t, unsigned cores)
{
	double ns = t->wait == WAIT_SLEEP ? (cores == 2 ? 70000 : 15000) : 400;

	if (t->work != WORK_HANDLE || !way->lends)
		ns += (double)t->bytes * (way->lends ? 0.5 : 1.2);
	return ns;
}

static bool wanted(const struct plan *p, const struct way *way, const struct task *t, unsigned cores)
{
	if ((way->max_bytes && t->bytes > way->max_bytes) || t->bytes < way->min_bytes)
		return false;
	if (cores == 1 && t->bytes != 56 && t->bytes != 64 && t->bytes != 4096 && t->bytes != 1 << 20)
		return false;
	return p->form != FORM_SMOKE || t->work == WORK_WRITE || t->bytes == 4096;
}

static void add(struct plan *p, const struct way *way, struct task *t, unsigned cores)
{
	struct plan longer = *p;
	struct cell *c;
	bool small = t->bytes == 56 || t->bytes == 64;
	uint64_t most = way->outside ? 20000 : 500000;

	if (small && t->work == WORK_WRITE)
		longer.budget_ns *= 5;
	if (t->bytes >= 16 << 20)
		most = 500;
	if (way->memory && most > way->memory / t->bytes)
		most = way->memory / t->bytes;
	plan_trips(&longer, t, estimate(way, t, cores), t->bytes > LARGE && !way->lends ? 2 : 3, most);
	c = plan_add(p, way, t, cores, t->bytes);
	if (t->bytes > LARGE && !way->lends)
		c->rounds = 2; /* a second each */
	if (small && t->work == WORK_WRITE)
		c->all = calloc(1, sizeof(*c->all));
	if (t->bytes == 64 && t->work == WORK_WRITE && cores == 2)
		c->count_burst = 1;
	c->often = (small && t->work == WORK_WRITE) || (way->lent_once && t->work == WORK_HANDLE && t->wait == WAIT_SPIN);
}

static void plan_waits(struct plan *p, const struct way *way, enum wait wait, unsigned cores)
{
	for (const uint64_t *bytes = plan_sizes(p); *bytes; bytes++)
		for (enum work work = WORK_HANDLE; work <= WORK_WRITE; work++) {
			struct task t = {.wait = wait, .work = work, .bytes = *bytes, .answer = *bytes, .burst = 1};

			if (wanted(p, way, &t, cores))
				add(p, way, &t, cores);
		}
}

static void plan_trip(struct plan *p)
{
	for (size_t i = 0; i < p->way_count; i++) {
		const struct way *way = p->ways[i];

		if (!(way->jobs & JOB_TRIP))
			continue;
		for (enum wait wait = WAIT_SPIN; wait <= WAIT_LINGER; wait++)
			if (way->waits & 1u << wait && p->two)
				plan_waits(p, way, wait, 2);
		if (way->waits & SLEEPS)
			plan_waits(p, way, WAIT_SLEEP, 1);
	}
}

const struct measure MEASURE(trip) = {
	.key = "trip",
	.title = "Round trip",
	.at = "bytes",
	.order = 1,
	.plan = plan_trip,
	.record = plan_record_trips,
};
