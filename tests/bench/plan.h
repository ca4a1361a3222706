/* tests/bench/plan.h - a measure: which ways do which tasks. The driver runs its cells round by round.
 *
 * One file each, with a `MEASURE` in it; being linked is enough to be run. */
#ifndef TESTS_BENCH_PLAN_H
#define TESTS_BENCH_PLAN_H

#include "tests/bench/points.h"
#include "tests/bench/run.h"

enum form { FORM_SMOKE, FORM_QUICK, FORM_FULL };

#define OFTEN 3 /* times a round, if it is told so */

struct cell {
	const struct way *way;
	struct task task;
	struct labels labels;
	struct hist *all;     /* the trips of all rounds; NULL: not kept */
	uint64_t count_burst; /* also count system calls, with bursts of this many; 0: no */
	unsigned rounds;      /* at most; 0: all */
	bool often;           /* a target is judged by it */
	int error;
};

struct plan {
	const struct measure *measure;
	enum form form;
	uint64_t budget_ns; /* what a cell may take in a round, about */
	int cpus[2];
	bool two; /* there are two CPUs */
	const struct way *const *ways;
	size_t way_count;
	struct clock_unit clock;
	struct cell *cells;
	size_t count, room;
};

struct measure {
	const char *key, *title;
	const char *at;      /* what `at` of its points is */
	int order;           /* which is run, and told, first */
	unsigned rounds_max; /* 0: as many as are asked for */
	void (*plan)(struct plan *p);
	void (*record)(const struct plan *p, const struct cell *c, const struct outcome *out, struct point *point);
};

#define MEASURE(name)                                                                                                    \
	measure_##name;                                                                                                  \
	static const struct measure *const at_##name __attribute__((section("bench_measures"), used)) = &measure_##name; \
	const struct measure measure_##name

/* Add a cell: t with its CPUs set by `cores` (0: not pinned). */
struct cell *plan_add(struct plan *p, const struct way *way, const struct task *t, unsigned cores, uint64_t at);

/* How many trips of about each_ns fit the budget; from `least` to `most`. skip becomes a tenth of them and one. */
void plan_trips(const struct plan *p, struct task *t, double each_ns, uint64_t least, uint64_t most);

/* The sizes to measure in this form; 0 ends them. */
const uint64_t *plan_sizes(const struct plan *p);

/* Percentiles of trips, in ns without the clock's own time. What most measures record. */
void plan_record_trips(const struct plan *p, const struct cell *c, const struct outcome *out, struct point *point);
double plan_ns(const struct plan *p, uint64_t ticks);

extern const char *const wait_names[], *const work_names[], *const kind_names[];

#endif
