/* tests/bench/view.c - see view.h. */
#include "tests/bench/view.h"

#include "tests/bench/table.h"

#include <stdio.h>
#include <string.h>

const char *view_main(const char *measure)
{
	if (!strcmp(measure, "stream") || !strcmp(measure, "arena"))
		return "rate_s";
	if (!strcmp(measure, "idle"))
		return "cpu_us_s";
	return "p50_ns";
}

static bool ends(const char *word, const char *end)
{
	size_t n = strlen(word), m = strlen(end);

	return n >= m && !strcmp(word + n - m, end);
}

bool view_is_time(const char *series)
{
	return ends(series, "_ns");
}

bool view_is_rate(const char *series)
{
	return !strcmp(series, "rate_s") || !strcmp(series, "mb_s");
}

void view_figure(const char *series, double value, char *to)
{
	if (view_is_time(series))
		table_ns(value, to);
	else if (!strcmp(series, "rate_s"))
		table_rate(value, to);
	else
		snprintf(to, TABLE_WORD, "%.*f", value < 10 ? 2 : value < 100 ? 1 : 0, value);
}

/* A row's floor by measure and wait; what waits otherwise is held against `as`. */
static const struct {
	const char *measure, *wait, *row, *as;
} floors[] = {
	{"trip", "spin", "lines", "spin"},      {"trip", "linger", "lines", "spin"},   {"trip", "sleep", "eventfd", "sleep"},
	{"stream", "", "ring", "spin"},         {"stream", "", "memcpy", "spin"},      {"burst", "spin", "ring", "spin"},
	{"burst", "linger", "stream", "sleep"}, {"burst", "sleep", "stream", "sleep"}, {"fds", "", "scm", "sleep"},
	{"open", "", "socket", "sleep"},        {"arena", "", "malloc", "spin"},
};

static const struct point *bare_loop(const struct points *all, const struct point *p)
{
	struct labels l = p->labels;

	if (strncmp(l.row, "rill-", 5) != 0)
		return NULL;
	snprintf(l.row, sizeof(l.row), "bare-%s", p->labels.row + 5);
	return points_find(all, &l);
}

/* Beside one of its kind and nothing else. */
static const struct point *alone(const struct points *all, const struct point *p)
{
	struct labels l = p->labels;

	l.at = 1;
	return p->labels.at > 1 ? points_find(all, &l) : NULL;
}

const struct point *view_floor(const struct points *all, const struct point *p)
{
	if (!strcmp(p->labels.measure, "loops"))
		return bare_loop(all, p);
	if (!strcmp(p->labels.measure, "growth") || !strcmp(p->labels.measure, "loans"))
		return alone(all, p);
	for (size_t i = 0; i < sizeof(floors) / sizeof(*floors); i++) {
		struct labels l = p->labels;
		const struct point *found;

		if (strcmp(floors[i].measure, l.measure) != 0 || (*floors[i].wait && strcmp(floors[i].wait, l.wait) != 0) ||
		    !strcmp(floors[i].row, l.row))
			continue;
		snprintf(l.row, sizeof(l.row), "%s", floors[i].row);
		snprintf(l.wait, sizeof(l.wait), "%s", floors[i].as);
		found = points_find(all, &l);
		if (found)
			return found;
	}
	return NULL;
}

static const char *said(const char *word, const char *const (*pairs)[2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(word, pairs[i][0]))
			return pairs[i][1];
	return word;
}

void view_mode(const struct labels *l, char *to, size_t size)
{
	static const char *const waits[][2] = {{"spin", "spinning"},
	                                       {"sleep", "asleep"},
	                                       {"linger", "epoll with linger"},
	                                       {"-", ""}};
	static const char *const works[][2] = {{"handle", "handle only"},
	                                       {"write", "written and summed"},
	                                       {"copy", "copied and summed"}};

	snprintf(to, size, "%s%s%s", said(l->wait, waits, 4),
	         l->cores == 2   ? ", two cores, "
	         : l->cores == 1 ? ", one core, "
	                         : ", ",
	         said(l->work, works, 3));
}
