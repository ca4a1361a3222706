/* tests/bench/structures/structures.c - lookups: in borrowed memory beside the same table in private memory, and rill_map
 * beside uthash and khash.
 *
 * Machines drift, so every contender has its turn in each round, and each figure is the median over the rounds of the ratio
 * within one. Lines are `target NAME VALUE LIMIT ok|short`; the others, with #, say nanoseconds a lookup.
 *
 *	structures         environment: QUICK=1 fewer rounds
 */
#include "tests/bench/structures/tables.h"

#include <err.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define ROUNDS 41
#define CONTENDERS 8

static unsigned rounds = ROUNDS;

/* Of this thread: a lookup waits for nothing, and what else runs on this CPU is not its time. */
static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

/* ---- rounds ------------------------------------------------------------------------------------------------------ */

static double times[CONTENDERS][ROUNDS]; /* ns a lookup */

static double once(const struct table *t, const struct keys *keys)
{
	double begin = now_ns();
	uint64_t sum = t->look_up(t->in, keys);

	if (sum != keys->sum)
		errx(1, "%s: a lookup was wrong", t->name);
	return (now_ns() - begin) / (double)keys->asked;
}

static void run(const struct table *tables, unsigned count, const struct keys *keys)
{
	for (unsigned i = 0; i < count; i++)
		once(&tables[i], keys); /* warm */
	for (unsigned r = 0; r < rounds; r++)
		for (unsigned k = 0; k < count; k++) {
			unsigned i = (k + r) % count; /* nobody is always the first */

			times[i][r] = once(&tables[i], keys);
		}
	for (unsigned i = 0; i < count; i++) {
		double copy[ROUNDS];

		memcpy(copy, times[i], sizeof(copy));
		printf("# %-34s %7.1f ns\n", tables[i].name, median(copy, rounds));
	}
}

/* How the time of contender a is to that of b, held against a limit. */
static int target(const char *name, unsigned a, unsigned b, double limit)
{
	double ratios[ROUNDS], value;

	for (unsigned r = 0; r < rounds; r++)
		ratios[r] = times[a][r] / times[b][r];
	value = median(ratios, rounds);
	printf("target %s %.3f %.2f %s\n", name, value, limit, value <= limit ? "ok" : "short");
	fflush(stdout);
	return value > limit;
}

/* ---- what is compared -------------------------------------------------------------------------------------------- */

static int beside_others(const char *what, size_t entries, bool text)
{
	struct keys keys;
	struct table tables[4];
	unsigned count = 0;
	char name[96];
	int missed = 0;

	keys_make(&keys, entries, text);
	tables[count++] = table_of_uthash(&keys);
	tables[count++] = table_of_khash(&keys);
	tables[count++] = table_of_map(&keys);
	if (!text)
		tables[count++] = table_of_table(&keys);
	printf("# %zu entries, %s\n", entries, text ? "keys of text" : "keys of 64 bits");
	run(tables, count, &keys);
	for (unsigned ours = 2; ours < count; ours++)
		for (unsigned other = 0; other < 2; other++) {
			snprintf(name, sizeof(name), "%s_%s_to_%s", tables[ours].name, what, tables[other].name);
			missed += target(name, ours, other, 1.5);
		}
	for (unsigned i = 0; i < count; i++)
		tables[i].drop(&tables[i]);
	keys_drop(&keys);
	return missed;
}

static int borrowed(const char *what, size_t entries, const struct built *built)
{
	struct keys keys;
	struct table tables[2];
	char name[96];
	int missed;

	keys_make(&keys, entries, false);
	tables[0] = table_borrowed(built, &keys);
	tables[1] = table_private(built, &keys);
	printf("# %zu entries in a %s\n", entries, built->name);
	run(tables, 2, &keys);
	snprintf(name, sizeof(name), "borrowed_%s_%s_to_private", built->name, what);
	missed = target(name, 0, 1, 1.05);
	for (unsigned i = 0; i < 2; i++)
		tables[i].drop(&tables[i]);
	keys_drop(&keys);
	return missed;
}

/* What checking costs: for information. */
static void checked(size_t entries)
{
	struct keys keys;
	struct table tables[2];

	keys_make(&keys, entries, false);
	tables[0] = table_private(&built_map, &keys);
	tables[1] = table_private(&built_map_in, &keys);
	tables[0].name = "rill_map, trusted";
	tables[1].name = "rill_map, checked by a view";
	printf("# %zu entries\n", entries);
	run(tables, 2, &keys);
	for (unsigned i = 0; i < 2; i++)
		tables[i].drop(&tables[i]);
	keys_drop(&keys);
}

int main(void)
{
	cpu_set_t cpu;
	int missed = 0;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* plain pages for all */
	if (getenv("QUICK") && *getenv("QUICK"))
		rounds = 11;
	missed += beside_others("1k", 1000, false);
	missed += beside_others("1M", 1000000, false);
	missed += beside_others("text_1k", 1000, true);
	missed += beside_others("text_1M", 1000000, true);
	missed += borrowed("1k", 1000, &built_map);
	missed += borrowed("1M", 1000000, &built_map);
	missed += borrowed("1M", 1000000, &built_table);
	missed += borrowed("1k", 1000, &built_uthash);
	missed += borrowed("1M", 1000000, &built_uthash);
	checked(1000);
	checked(1000000);
	return missed > 0;
}
