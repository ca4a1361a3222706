/* tests/bench/compare.c - two results beside each other: B's median to A's, and how far that goes with the spread of both. */
#include "tests/bench/bench.h"
#include "tests/bench/table.h"
#include "tests/bench/view.h"

#include <math.h>
#include <string.h>

/* As a cost: above 1 is B slower. */
static bool cost(const struct point *a, const struct point *b, const char *series, struct ratio *ret)
{
	const struct series *x = point_series(a, series), *y = point_series(b, series);

	if (!x || !y || series_low(x) <= 0 || series_low(y) <= 0)
		return false;
	if (view_is_rate(series))
		*ret = (struct ratio){series_median(x) / series_median(y), series_low(x) / series_high(y),
		                      series_high(x) / series_low(y)};
	else
		*ret = (struct ratio){series_median(y) / series_median(x), series_low(y) / series_high(x),
		                      series_high(y) / series_low(x)};
	return true;
}

static const char *verdict(const struct ratio *r)
{
	if (r->low > 1)
		return "slower";
	return r->high < 1 ? "faster" : "";
}

static void row(struct table *t, const struct point *a, const struct point *b, const char *series, const struct ratio *r)
{
	char mode[TABLE_WORD], x[TABLE_WORD], y[TABLE_WORD];

	view_mode(&a->labels, mode, sizeof(mode));
	view_figure(series, series_median(point_series(a, series)), x);
	view_figure(series, series_median(point_series(b, series)), y);
	table_word(t, "%s", a->labels.measure);
	table_word(t, "%s", a->labels.row);
	table_word(t, "%s", mode);
	table_word(t, "%s", series);
	table_word(t, "%llu", (unsigned long long)a->labels.at);
	table_word(t, "%s", x);
	table_word(t, "%s", y);
	table_word(t, "%.3f", r->median);
	table_word(t, "%.3f to %.3f", r->low, r->high);
	table_word(t, "%s", verdict(r));
	table_row(t);
}

static void head(struct table *t)
{
	static const char *const words[] = {"measure", "row", "mode", "figure", "at", "A", "B", "B to A", "spread", ""};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		table_word(t, "%s", words[i]);
	table_row(t);
}

static void facts(const struct points *a, const struct points *b, FILE *to)
{
	for (unsigned i = 0; i < a->facts; i++) {
		const char *other = points_fact_of(b, a->fact[i].key);

		if (strcmp(other, a->fact[i].value) != 0)
			fprintf(to, "%s differs: A %s; B %s\n", a->fact[i].key, a->fact[i].value, other);
	}
}

/* How all rows moved together: a machine that was slower shows here, and not in a single row. */
static void sum_up(double logs, unsigned count, unsigned slower, unsigned faster, FILE *to)
{
	fprintf(to, "\n%u figures, B to A on average (geometric) %.3f; %u slower and %u faster by more than the spread\n",
	        count, count ? exp(logs / count) : 1, slower, faster);
}

void compare_print(const struct points *a, const struct points *b, FILE *to)
{
	struct table t = {.count = 0};
	unsigned count = 0, slower = 0, faster = 0;
	double logs = 0;

	facts(a, b, to);
	head(&t);
	for (size_t i = 0; i < a->count; i++) {
		const struct point *p = &a->v[i], *q = points_find(b, &p->labels);
		const char *const figures[] = {view_main(p->labels.measure), "p99_ns"};
		struct ratio r;

		for (size_t k = 0; q && k < 2; k++) {
			if (!cost(p, q, figures[k], &r))
				continue;
			row(&t, p, q, figures[k], &r);
			logs += log(r.median);
			count++;
			slower += r.low > 1;
			faster += r.high < 1;
		}
	}
	table_print(&t, false, to);
	sum_up(logs, count, slower, faster, to);
}
