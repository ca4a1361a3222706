/* tests/bench/drive.c - rounds in which every cell of a measure has its turn, so that a machine's noise hits all alike. */
#include "tests/bench/bench.h"
#include "tests/bench/outside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define WAYS 128
#define MEASURES 32

/* Weak: a program without any is one, too. */
#define GATHERED __attribute__((weak, visibility("hidden")))

extern GATHERED const struct way *const __start_bench_ways[], *const __stop_bench_ways[];
extern GATHERED const struct measure *const __start_bench_measures[], *const __stop_bench_measures[];

static const uint64_t budgets_ns[] = {2000000, 12000000, 30000000};

static int by_order(const void *a, const void *b)
{
	const struct measure *x = *(const struct measure *const *)a, *y = *(const struct measure *const *)b;

	return (x->order > y->order) - (x->order < y->order);
}

size_t measures_sorted(const struct measure **ret, size_t room)
{
	size_t count = 0;

	for (const struct measure *const *m = __start_bench_measures; m < __stop_bench_measures && count < room; m++)
		ret[count++] = *m;
	qsort(ret, count, sizeof(*ret), by_order);
	return count;
}

/* Floors first, then Rill, then peers; each by name. */
static int by_kind(const void *a, const void *b)
{
	const struct way *x = *(const struct way *const *)a, *y = *(const struct way *const *)b;

	return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) : strcmp(x->key, y->key);
}

static bool among(const char *words, const char *word)
{
	size_t len = strlen(word);

	if (!words || !*words)
		return true;
	for (const char *at = strstr(words, word); at; at = strstr(at + 1, word))
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

static size_t gather_ways(const struct settings *s, const struct way **ways)
{
	size_t count = 0, kept = 0;

	for (const struct way *const *w = __start_bench_ways; w < __stop_bench_ways && count < WAYS; w++)
		ways[count++] = *w;
	for (size_t i = 0; i < 2; i++)
		count = outside_start(s->folders[i], ways, count, WAYS);
	for (size_t i = 0; i < count; i++)
		if (among(s->rows, ways[i]->key))
			ways[kept++] = ways[i];
	qsort(ways, kept, sizeof(*ways), by_kind);
	return kept;
}

/* ---- Cells ------------------------------------------------------------------------------------------------------ */

static struct point *point_of(struct points *all, const struct cell *c)
{
	struct point *p = points_get(all, &c->labels);

	if (!p)
		abort();
	snprintf(p->name, sizeof(p->name), "%s", c->way->name);
	snprintf(p->kind, sizeof(p->kind), "%s", kind_names[c->way->kind]);
	snprintf(p->moves, sizeof(p->moves), "%s", c->way->lends ? "lends" : "copies");
	return p;
}

static void run_cell(const struct plan *p, struct cell *c, struct points *all)
{
	static struct outcome out;
	int error = run_pair(c->way, &c->task, &out);

	if (error == 0) {
		p->measure->record(p, c, &out, point_of(all, c));
		if (c->all)
			hist_merge(c->all, &out.trips);
		return;
	}
	c->error = error;
	if (error == -ENOTSUP) /* it has said so: no failure */
		return;
	point_add(point_of(all, c), "failed", -error);
	fprintf(stderr, "\nfailed: %s %s %s %s, %u cores, %llu: %s\n", c->labels.measure, c->labels.row, c->labels.wait,
	        c->labels.work, c->labels.cores, (unsigned long long)c->labels.at, strerror(-error));
}

static void progress(const struct plan *p, const struct cell *c, unsigned round, unsigned rounds, size_t i)
{
	static uint64_t last;
	uint64_t now = clock_now_ns();

	if (now - last < 200000000 && i > 0)
		return;
	last = now;
	fprintf(stderr, "\r%-10s round %u of %u, %3zu of %zu: %-16s %-6s %-10llu", p->measure->key, round + 1, rounds, i + 1,
	        p->count, c->labels.row, c->labels.wait, (unsigned long long)c->labels.at);
}

/* The quantiles of all rounds together: what a percentile curve is drawn from. */
static void record_curve(const struct plan *p, const struct cell *c, struct point *point)
{
	static const double shares[] = {0,   0.05, 0.1,  0.2,  0.3,   0.4,   0.5,   0.6,    0.7,    0.8,
	                                0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 1};

	for (size_t i = 0; c->all && i < sizeof(shares) / sizeof(*shares); i++) {
		point_add(point, "curve_share", shares[i]);
		point_add(point, "curve_ns", plan_ns(p, hist_at(c->all, shares[i])));
	}
}

/* Under ptrace, which slows system calls down: exact where their order does not depend on time, as in round trips. */
static void record_calls(const struct cell *c, struct point *point)
{
	struct task t = c->task;
	double calls[2];

	t.burst = c->count_burst;
	t.trips = t.burst == 1 ? 200 : 1;
	t.skip = t.burst == 1 ? 20 : 1;
	t.idle_ns = 0;
	if (run_counted(c->way, &t, calls) < 0)
		return;
	point_add(point, "send_calls", calls[RUN_CLIENT] * 1000); /* a thousand messages */
	point_add(point, "recv_calls", calls[RUN_SERVER] * 1000);
}

static int finish(const struct plan *p, struct points *all)
{
	int failed = 0;

	for (size_t i = 0; i < p->count; i++) {
		struct cell *c = &p->cells[i];

		failed += c->error < 0 && c->error != -ENOTSUP;
		if (c->error == 0) {
			record_curve(p, c, point_of(all, c));
			if (c->count_burst)
				record_calls(c, point_of(all, c));
		}
		free(c->all);
	}
	return failed;
}

static bool among_numbers(const char *words, uint64_t number)
{
	char word[24];

	snprintf(word, sizeof(word), "%llu", (unsigned long long)number);
	return among(words, word);
}

static void keep_wanted(struct plan *p, const struct settings *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++)
		if (among(s->waits, p->cells[i].labels.wait) && among(s->works, p->cells[i].labels.work) &&
		    among_numbers(s->at, p->cells[i].labels.at))
			p->cells[kept++] = p->cells[i];
		else
			free(p->cells[i].all);
	p->count = kept;
}

/* What is held against each other runs close together in time: a machine may be another one a second later (a hypervisor moves
 * its CPUs, and two of them share a cache or do not). That is all rows at one size; all sizes of a row that only lends, and
 * of what grows. */
static bool same_group(const struct cell *a, const struct cell *b)
{
	const struct labels *x = &a->labels, *y = &b->labels;

	if (strcmp(x->work, y->work) != 0 || x->cores != y->cores ||
	    (a->task.wait == WAIT_SLEEP) != (b->task.wait == WAIT_SLEEP))
		return false;
	if (a->way->lent_once || b->way->lent_once)
		return !strcmp(x->row, y->row);
	return x->at == y->at || strcmp(x->work, work_names[a->task.work]) != 0;
}

/* Groups in the order in which the plan begins them. */
static void gather_groups(struct plan *p)
{
	for (size_t i = 0; i < p->count; i++)
		for (size_t k = i + 1, next = i + 1; k < p->count; k++) {
			struct cell c = p->cells[k];

			if (!same_group(&p->cells[i], &c))
				continue;
			memmove(&p->cells[next + 1], &p->cells[next], (k - next) * sizeof(c));
			p->cells[next++] = c;
			i++;
		}
}

static uint64_t random_number(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* In the first round a group runs in the order of the plan, which is that of the tables; then each round in another, the same
 * in each run: a cell is not always the one after the same other, whose traces favour it. */
static void shuffle(const struct plan *p, size_t *order, unsigned round)
{
	uint64_t state = 0x9e3779b97f4a7c15u * (round + 1);
	size_t first = 0;

	for (size_t i = 0; i < p->count; i++) {
		size_t other;

		order[i] = i;
		if (!same_group(&p->cells[first], &p->cells[i]))
			first = i;
		other = first + (size_t)(random_number(&state) % (i - first + 1));
		if (round) {
			order[i] = order[other];
			order[other] = i;
		}
	}
}

/* Each cell once a round; what is judged closely OFTEN times, apart from the others, so that who is compared is neighbours. */
static bool due(const struct cell *c, unsigned turn)
{
	return c->rounds && turn / OFTEN >= c->rounds ? false : c->often || turn % OFTEN == 0;
}

static int run_measure(struct plan *p, const struct settings *s, struct points *all)
{
	unsigned rounds = s->rounds;
	size_t *order;

	if (p->measure->rounds_max && rounds > p->measure->rounds_max)
		rounds = p->measure->rounds_max;
	p->measure->plan(p);
	keep_wanted(p, s);
	gather_groups(p);
	order = calloc(p->count + 1, sizeof(*order));
	if (!order)
		abort();
	for (unsigned turn = 0; turn < rounds * OFTEN; turn++) {
		shuffle(p, order, turn);
		for (size_t i = 0; i < p->count; i++) {
			struct cell *c = &p->cells[order[i]];

			if (c->error == 0 && due(c, turn)) {
				progress(p, c, turn / OFTEN, rounds, i);
				run_cell(p, c, all);
			}
		}
	}
	free(order);
	return finish(p, all);
}

/* ---- All -------------------------------------------------------------------------------------------------------- */

static void facts(const struct settings *s, const struct plan *p, struct points *all)
{
	static const char *const forms[] = {"smoke", "quick", "full"};
	char text[160];

	machine_facts(all);
	points_fact(all, "form", forms[s->form]);
	snprintf(text, sizeof(text), "%u", s->rounds);
	points_fact(all, "rounds", text);
	snprintf(text, sizeof(text), "%d and %d", p->cpus[0], p->cpus[1]);
	points_fact(all, "cpus_used", text);
	snprintf(text, sizeof(text), "%.1f", (double)p->clock.read_ticks * p->clock.tick_ns);
	points_fact(all, "clock_ns", text);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)p->budget_ns);
	points_fact(all, "budget_ns", text);
}

static void more_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int drive(const struct settings *s, struct points *all)
{
	const struct measure *measures[MEASURES];
	const struct way *ways[WAYS];
	size_t count = measures_sorted(measures, MEASURES);
	struct plan base = {.form = s->form, .budget_ns = budgets_ns[s->form], .ways = ways};
	int failed = 0;

	base.two = clock_cpus(base.cpus) == 2;
	if (!base.two)
		fputs("one CPU only: rows that need two are left out\n", stderr);
	more_descriptors();
	base.clock = clock_learn();
	base.way_count = gather_ways(s, ways);
	facts(s, &base, all);
	for (size_t i = 0; i < count; i++) {
		struct plan p = base;
		uint64_t began = clock_now_ns();

		p.measure = measures[i];
		if (!among(s->only, measures[i]->key))
			continue;
		failed += run_measure(&p, s, all);
		points_write(all, s->path);
		free(p.cells);
		fprintf(stderr, "\r%-10s took %.1f s%60s\n", measures[i]->key, (double)(clock_now_ns() - began) / 1e9, "");
	}
	outside_stop_all();
	return failed;
}
