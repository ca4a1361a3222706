/* tests/bench/charts.c - gnuplot scripts, each with its data in it; each draws an SVG and a PNG beside itself. */
#include "tests/bench/bench.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define ROWS_MAX 40

struct chart {
	const char *name, *title;
	const char *measure, *wait, *work;
	unsigned cores;
	const char *series; /* "curve_ns": percentiles of one point */
	const char *x, *y;
	double unit; /* the figure is divided by it */
	uint64_t at; /* curves: of which point */
};

static const struct chart charts[] = {
	{"latency-spin", "Round trip, both spinning, written and summed", "trip", "spin", "write", 2, "p50_ns", "bytes",
         "p50, microseconds", 1000, 0},
	{"latency-asleep", "Round trip, both asleep, two cores, written and summed", "trip", "sleep", "write", 2, "p50_ns",
         "bytes", "p50, microseconds", 1000, 0},
	{"latency-handle", "Round trip, both asleep, two cores, handle only", "trip", "sleep", "handle", 2, "p50_ns", "bytes",
         "p50, microseconds", 1000, 0},
	{"percentiles-spin", "Round trip of 64 bytes, both spinning", "trip", "spin", "write", 2, "curve_ns", "percentile",
         "microseconds", 1000, 64},
	{"percentiles-asleep", "Round trip of 64 bytes, both asleep, two cores", "trip", "sleep", "write", 2, "curve_ns",
         "percentile", "microseconds", 1000, 64},
	{"throughput-spin", "One way, both spinning, written and summed", "stream", "spin", "write", 2, "mb_s", "bytes", "MB/s",
         1, 0},
	{"throughput-asleep", "One way, asleep in between, written and summed", "stream", "sleep", "write", 2, "mb_s", "bytes",
         "MB/s", 1, 0},
	{"growth-spin", "Round trip of 64 bytes beside idle channels or sessions, spinning", "growth", "spin", "idle", 2,
         "p50_ns", "how many", "p50, microseconds", 1000, 0},
	{"growth-asleep", "Round trip of 64 bytes beside idle channels or sessions, asleep", "growth", "sleep", "idle", 2,
         "p50_ns", "how many", "p50, microseconds", 1000, 0},
	{"growth-active", "All active: time per message, spinning", "growth", "spin", "active", 2, "p50_ns", "how many",
         "p50, microseconds", 1000, 0},
};

static bool is_curve(const struct chart *c)
{
	return !strcmp(c->series, "curve_ns");
}

static bool belongs(const struct chart *c, const struct point *p)
{
	const struct labels *l = &p->labels;

	return !strcmp(l->measure, c->measure) && !strcmp(l->wait, c->wait) && !strcmp(l->work, c->work) &&
	       l->cores == c->cores && point_series(p, c->series) && (!is_curve(c) || l->at == c->at);
}

/* The last 0.01 % and all of it at one place to the right: 100 % has none on such an axis. */
static void curve_data(const struct point *p, const struct chart *c, FILE *f)
{
	const struct series *share = point_series(p, "curve_share"), *ns = point_series(p, "curve_ns");

	for (unsigned i = 0; i < ns->count && i < share->count; i++)
		if (share->v[i] < 1)
			fprintf(f, "%g %g\n", 1 / (1 - share->v[i]), ns->v[i] / c->unit);
}

static void line_data(const struct points *all, const char *row, const struct chart *c, FILE *f)
{
	for (size_t i = 0; i < all->count; i++)
		if (belongs(c, &all->v[i]) && !strcmp(all->v[i].labels.row, row))
			fprintf(f, "%llu %g\n", (unsigned long long)all->v[i].labels.at,
			        series_median(point_series(&all->v[i], c->series)) / c->unit);
}

static unsigned write_data(const struct points *all, const struct chart *c, FILE *f, const struct point **rows)
{
	unsigned count = 0;

	for (size_t i = 0; i < all->count && count < ROWS_MAX; i++) {
		const struct point *p = &all->v[i];
		bool known = !belongs(c, p);

		for (unsigned k = 0; k < count && !known; k++)
			known = !strcmp(rows[k]->labels.row, p->labels.row);
		if (known)
			continue;
		fprintf(f, "$row%u << END\n", count);
		if (is_curve(c))
			curve_data(p, c, f);
		else
			line_data(all, p->labels.row, c, f);
		fputs("END\n", f);
		rows[count++] = p;
	}
	return count;
}

/* Rill is drawn thick, floors dashed. */
static void write_plot(const struct point *const *rows, unsigned count, const char *name, const char *kind, FILE *f)
{
	fprintf(f, "set terminal %s\nset output '%s.%s'\nplot \\\n",
	        !strcmp(kind, "svg") ? "svg size 900,560 font 'sans,13'" : "png size 900,560", name, kind);
	for (unsigned i = 0; i < count; i++)
		fprintf(f, "  $row%u with linespoints lt %u lw %s pt %u ps 0.6 dt %s title \"%s\"%s\n", i, i + 1,
		        !strcmp(rows[i]->kind, "rill") ? "3" : "1.4", i + 4, !strcmp(rows[i]->kind, "floor") ? "2" : "1",
		        rows[i]->name, i + 1 < count ? ", \\" : "");
	fputs("unset output\n", f);
}

static void write_axes(const struct chart *c, FILE *f)
{
	fprintf(f, "set title \"%s\"\nset xlabel \"%s\"\nset ylabel \"%s\"\n", c->title, c->x, c->y);
	fputs("set logscale xy\nset grid\nset key outside right top noenhanced\nset format y '%g'\n", f);
	if (is_curve(c))
		fputs("set xtics ('0' 1, '50' 2, '90' 10, '99' 100, '99.9' 1000, '99.99' 10000)\n", f);
	else if (!strcmp(c->x, "bytes"))
		fputs("set xtics ('8' 8, '64' 64, '1 Ki' 1024, '4 Ki' 4096, '64 Ki' 65536, '1 Mi' 1048576, '16 Mi' 16777216, "
		      "'256 Mi' 268435456)\n",
		      f);
}

static int write_chart(const struct points *all, const struct chart *c, const char *folder)
{
	const struct point *rows[ROWS_MAX];
	char path[512];
	unsigned count;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.gp", folder, c->name);
	f = fopen(path, "w");
	if (!f)
		return -errno;
	count = write_data(all, c, f, rows);
	write_axes(c, f);
	if (count) {
		write_plot(rows, count, c->name, "svg", f);
		write_plot(rows, count, c->name, "png", f);
	}
	if (fclose(f))
		return -EIO;
	return count || remove(path) == 0 ? 0 : -errno;
}

int charts_write(const struct points *all, const char *folder)
{
	int r = mkdir(folder, 0777) < 0 && errno != EEXIST ? -errno : 0;

	for (size_t i = 0; i < sizeof(charts) / sizeof(*charts) && r == 0; i++)
		r = write_chart(all, &charts[i], folder);
	return r;
}
