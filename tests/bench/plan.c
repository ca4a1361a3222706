/* tests/bench/plan.c - see plan.h. */
#include "tests/bench/plan.h"

#include <stdio.h>
#include <stdlib.h>

const char *const wait_names[] = {"spin", "sleep", "linger"};
const char *const work_names[] = {"handle", "write", "copy"};
const char *const kind_names[] = {"floor", "rill", "peer"};

static const uint64_t sizes_smoke[] = {56, 4096, 1 << 20, 0};
static const uint64_t sizes_quick[] = {56, 64, 4096, 65536, 1 << 20, 16 << 20, 0};
static const uint64_t sizes_full[] = {8, 56, 64, 256, 1024, 4096, 65536, 1 << 20, 16 << 20, 256 << 20, 0};

const uint64_t *plan_sizes(const struct plan *p)
{
	switch (p->form) {
	case FORM_SMOKE:
		return sizes_smoke;
	case FORM_QUICK:
		return sizes_quick;
	default:
		return sizes_full;
	}
}

static void pin_task(const struct plan *p, struct task *t, unsigned cores)
{
	t->cpus[RUN_CLIENT] = cores ? p->cpus[0] : -1;
	t->cpus[RUN_SERVER] = cores ? p->cpus[cores == 2] : -1;
}

static void label(const struct plan *p, struct cell *c, unsigned cores, uint64_t at)
{
	struct labels *l = &c->labels;

	snprintf(l->measure, sizeof(l->measure), "%s", p->measure->key);
	snprintf(l->row, sizeof(l->row), "%s", c->way->key);
	snprintf(l->wait, sizeof(l->wait), "%s", wait_names[c->task.wait]);
	snprintf(l->work, sizeof(l->work), "%s", work_names[c->task.work]);
	l->cores = cores;
	l->at = at;
}

struct cell *plan_add(struct plan *p, const struct way *way, const struct task *t, unsigned cores, uint64_t at)
{
	struct cell *c;

	if (p->count == p->room) {
		size_t room = p->room ? p->room * 2 : 64;
		struct cell *cells = realloc(p->cells, room * sizeof(*cells));

		if (!cells)
			abort();
		p->cells = cells;
		p->room = room;
	}
	c = &p->cells[p->count++];
	*c = (struct cell){.way = way, .task = *t};
	pin_task(p, &c->task, cores);
	label(p, c, cores, at);
	return c;
}

void plan_trips(const struct plan *p, struct task *t, double each_ns, uint64_t least, uint64_t most)
{
	uint64_t trips = (uint64_t)((double)p->budget_ns / each_ns);

	if (p->form == FORM_SMOKE && most > 200)
		most = 200;
	if (trips > most)
		trips = most;
	if (trips < least)
		trips = least;
	t->trips = trips;
	t->skip = trips / 10 + 1;
}

double plan_ns(const struct plan *p, uint64_t ticks)
{
	return ticks > p->clock.read_ticks ? (double)(ticks - p->clock.read_ticks) * p->clock.tick_ns : 0;
}

void plan_record_trips(const struct plan *p, const struct cell *c, const struct outcome *out, struct point *point)
{
	const struct hist *h = &out->trips;

	(void)c;
	point_add(point, "p50_ns", plan_ns(p, hist_at(h, 0.5)));
	point_add(point, "p90_ns", plan_ns(p, hist_at(h, 0.9)));
	point_add(point, "p99_ns", plan_ns(p, hist_at(h, 0.99)));
	point_add(point, "p999_ns", plan_ns(p, hist_at(h, 0.999)));
	point_add(point, "max_ns", plan_ns(p, h->max));
	point_add(point, "mean_ns", plan_ns(p, h->count ? h->sum / h->count : 0));
}
