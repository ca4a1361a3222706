/* tests/bench/targets.c - what the library must reach, as ratios within one run: `target NAME VALUE LIMIT ok|short`. */
#include "tests/bench/bench.h"
#include "tests/bench/view.h"

#include <string.h>

struct tell {
	const struct points *all;
	FILE *to;
	int left_short;
};

static void line(struct tell *t, const char *name, double value, double limit, bool ok)
{
	fprintf(t->to, "target %s %.3g %.3g %s\n", name, value, limit, ok ? "ok" : "short");
	t->left_short += !ok;
}

static const struct point *find(struct tell *t, const char *measure, const char *row, const char *wait, const char *work,
                                unsigned cores, uint64_t at)
{
	struct labels l = {.cores = cores, .at = at};

	snprintf(l.measure, sizeof(l.measure), "%s", measure);
	snprintf(l.row, sizeof(l.row), "%s", row);
	snprintf(l.wait, sizeof(l.wait), "%s", wait);
	snprintf(l.work, sizeof(l.work), "%s", work);
	return points_find(t->all, &l);
}

static void at_most(struct tell *t, const char *name, const struct point *of, const struct point *to, const char *series,
                    double limit)
{
	struct ratio r;

	if (points_ratio(of, to, series, &r))
		line(t, name, r.median, limit, r.median <= limit);
}

static void at_least(struct tell *t, const char *name, const struct point *of, const struct point *to, double limit)
{
	struct ratio r;

	if (points_ratio(of, to, "rate_s", &r))
		line(t, name, r.median, limit, r.median >= limit);
}

/* ---- 1 to 3: how near to the floors ----------------------------------------------------------------------------- */

static void awake(struct tell *t)
{
	const struct point *rill = find(t, "trip", "rill", "spin", "write", 2, 56);
	const struct point *lines = find(t, "trip", "lines", "spin", "write", 2, 56);
	const struct point *linger = find(t, "trip", "rill", "linger", "write", 2, 56);

	at_most(t, "1-spin-p50", rill, lines, "p50_ns", 1.15);
	at_most(t, "1-spin-p99", rill, lines, "p99_ns", 1.30);
	at_most(t, "3-linger-to-spin", linger, rill, "p50_ns", 1.25);
}

static void calls_a_hop(struct tell *t)
{
	const struct point *rill = find(t, "trip", "rill", "sleep", "write", 2, 64);
	const struct series *send = rill ? point_series(rill, "send_calls") : NULL;

	if (send)
		line(t, "2-asleep-calls-a-hop", series_median(send) / 1000, 3, series_median(send) / 1000 <= 3.05);
}

static void asleep(struct tell *t)
{
	for (unsigned cores = 2; cores >= 1; cores--)
		at_most(t, cores == 2 ? "2-asleep-two-cores" : "2-asleep-one-core",
		        find(t, "trip", "rill", "sleep", "write", cores, 64),
		        find(t, "trip", "eventfd", "sleep", "write", cores, 64), "p50_ns", 1.10);
	calls_a_hop(t);
}

static void idle_linger(struct tell *t)
{
	const struct point *p = find(t, "idle", "rill", "linger", "handle", 2, 1);
	double over;

	if (!p)
		return;
	over = series_median(point_series(p, "cpu_us_s")) - series_median(point_series(p, "poll_us_s"));
	line(t, "3-linger-idle-cpu-us-a-second", over > 0 ? over : 0, 100, over <= 100);
}

/* ---- 4: throughput, and size that does not matter --------------------------------------------------------------- */

static void throughput(struct tell *t)
{
	char name[48];

	at_least(t, "4-one-way-56", find(t, "stream", "rill", "spin", "write", 2, 56),
	         find(t, "stream", "ring", "spin", "write", 2, 56), 0.8);
	for (uint64_t at = 65536; at <= 256 << 20; at *= 16) {
		snprintf(name, sizeof(name), "4-copy-%llu", (unsigned long long)at);
		at_least(t, name, find(t, "stream", "rill", "spin", "copy", 2, at),
		         find(t, "stream", "memcpy", "spin", "copy", 2, at), 0.9);
	}
}

static void flat(struct tell *t)
{
	const struct point *first = find(t, "trip", "rill-loan", "spin", "handle", 2, 4096);
	double low = 0, high = 0;

	for (size_t i = 0; i < t->all->count; i++) {
		const struct point *p = &t->all->v[i];
		struct ratio r;

		if (strcmp(p->labels.measure, "trip") != 0 || strcmp(p->labels.row, "rill-loan") != 0 ||
		    strcmp(p->labels.wait, "spin") != 0 || strcmp(p->labels.work, "handle") != 0 || p->labels.at < 4096 ||
		    !points_ratio(p, first, "p50_ns", &r))
			continue;
		low = low == 0 || r.median < low ? r.median : low;
		high = r.median > high ? r.median : high;
	}
	if (low > 0)
		line(t, "4-loan-any-size", high / low, 1.05, high / low <= 1.05);
}

/* ---- 5: beside peers -------------------------------------------------------------------------------------------- */

struct beside {
	unsigned points, ahead, behind;
	double worst; /* ours to theirs, as a time: above 1 is behind */
};

/* Behind: by more than the spread, that is our best round is not as good as its worst. */
static void hold_against(struct tell *t, const struct point *peer, struct beside *b)
{
	const char *series = view_main(peer->labels.measure);
	bool rate = view_is_rate(series);
	const struct series *theirs = point_series(peer, series), *ours;
	struct labels l = peer->labels;
	const struct point *rill;
	struct ratio r;
	double ratio;

	snprintf(l.row, sizeof(l.row), "rill");
	rill = points_find(t->all, &l);
	if (!points_ratio(rill, peer, series, &r) || r.median <= 0)
		return;
	ours = point_series(rill, series);
	ratio = rate ? 1 / r.median : r.median;
	b->points++;
	b->ahead += ratio < 1;
	b->behind += rate ? series_high(ours) < series_low(theirs) : series_low(ours) > series_high(theirs);
	b->worst = ratio > b->worst ? ratio : b->worst;
}

static void beside_one(struct tell *t, const struct point *first)
{
	const struct labels *l = &first->labels;
	struct beside b = {.points = 0};
	char name[96];

	for (size_t i = 0; i < t->all->count; i++) {
		const struct labels *k = &t->all->v[i].labels;

		if (!strcmp(k->measure, l->measure) && !strcmp(k->row, l->row) && !strcmp(k->wait, l->wait) &&
		    k->cores == l->cores)
			hold_against(t, &t->all->v[i], &b);
	}
	if (!b.points)
		return;
	snprintf(name, sizeof(name), "5-not-behind-%s-%s-%s-%u", l->row, l->measure, l->wait, l->cores);
	line(t, name, b.worst, 1, b.behind == 0);
	snprintf(name, sizeof(name), "5-ahead-of-%s-%s-%s-%u", l->row, l->measure, l->wait, l->cores);
	line(t, name, (double)b.ahead / b.points, 0.5, b.ahead * 2 > b.points);
}

static void peers(struct tell *t)
{
	for (size_t i = 0; i < t->all->count; i++) {
		const struct labels *l = &t->all->v[i].labels;
		bool first = !strcmp(t->all->v[i].kind, "peer");

		for (size_t k = 0; k < i && first; k++) {
			const struct labels *o = &t->all->v[k].labels;

			first = strcmp(o->measure, l->measure) != 0 || strcmp(o->row, l->row) != 0 ||
			        strcmp(o->wait, l->wait) != 0 || o->cores != l->cores;
		}
		if (first)
			beside_one(t, &t->all->v[i]);
	}
}

/* ---- 6 and 7 ---------------------------------------------------------------------------------------------------- */

static void allocators(struct tell *t)
{
	char name[48];

	for (size_t i = 0; i < t->all->count; i++) {
		const struct point *pool = &t->all->v[i];
		struct ratio r;

		if (strcmp(pool->labels.measure, "arena") != 0 || strcmp(pool->labels.row, "pool") != 0 ||
		    !points_ratio(pool, view_floor(t->all, pool), "rate_s", &r))
			continue;
		snprintf(name, sizeof(name), "6-pool-to-malloc-%s-%llu", pool->labels.work,
		         (unsigned long long)pool->labels.at);
		line(t, name, 1 / r.median, 1, r.median >= 1);
	}
}

static void growth(struct tell *t)
{
	static const char *const waits[] = {"spin", "sleep"};
	char name[48];

	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "7-idle-channels-%s", waits[i]);
		at_most(t, name, find(t, "growth", "channels", waits[i], "idle", 2, 10000),
		        find(t, "growth", "channels", waits[i], "idle", 2, 1), "p50_ns", 1.1);
		snprintf(name, sizeof(name), "7-idle-sessions-%s", waits[i]);
		at_most(t, name, find(t, "growth", "sessions", waits[i], "idle", 2, 1000),
		        find(t, "growth", "sessions", waits[i], "idle", 2, 1), "p50_ns", 1.1);
	}
}

int targets_print(const struct points *all, FILE *to)
{
	struct tell t = {.all = all, .to = to};

	awake(&t);
	asleep(&t);
	idle_linger(&t);
	throughput(&t);
	flat(&t);
	peers(&t);
	allocators(&t);
	growth(&t);
	return t.left_short;
}
