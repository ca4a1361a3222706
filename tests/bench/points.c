/* tests/bench/points.c - see points.h. */
#include "tests/bench/points.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool labels_same(const struct labels *a, const struct labels *b)
{
	return a->at == b->at && a->cores == b->cores && !strcmp(a->row, b->row) && !strcmp(a->measure, b->measure) &&
	       !strcmp(a->wait, b->wait) && !strcmp(a->work, b->work);
}

const struct point *points_find(const struct points *all, const struct labels *labels)
{
	for (size_t i = 0; i < all->count; i++)
		if (labels_same(&all->v[i].labels, labels))
			return &all->v[i];
	return NULL;
}

static bool make_room(struct points *all)
{
	size_t room = all->room ? all->room * 2 : 256;
	struct point *v;

	if (all->count < all->room)
		return true;
	v = realloc(all->v, room * sizeof(*v));
	if (!v)
		return false;
	all->v = v;
	all->room = room;
	return true;
}

struct point *points_get(struct points *all, const struct labels *labels)
{
	const struct point *found = points_find(all, labels);
	struct point *p;

	if (found)
		return all->v + (found - all->v);
	if (!make_room(all))
		return NULL;
	p = &all->v[all->count++];
	memset(p, 0, sizeof(*p));
	p->labels = *labels;
	return p;
}

void points_fact(struct points *all, const char *key, const char *value)
{
	struct fact *f = all->fact;

	while (f < all->fact + all->facts && strcmp(f->key, key) != 0)
		f++;
	if (f == all->fact + POINTS_FACTS)
		return;
	if (f == all->fact + all->facts)
		all->facts++;
	snprintf(f->key, sizeof(f->key), "%s", key);
	snprintf(f->value, sizeof(f->value), "%s", value);
}

const char *points_fact_of(const struct points *all, const char *key)
{
	for (unsigned i = 0; i < all->facts; i++)
		if (!strcmp(all->fact[i].key, key))
			return all->fact[i].value;
	return "";
}

void points_free(struct points *all)
{
	free(all->v);
	memset(all, 0, sizeof(*all));
}

const struct series *point_series(const struct point *p, const char *name)
{
	for (unsigned i = 0; i < p->count; i++)
		if (!strcmp(p->series[i].name, name))
			return &p->series[i];
	return NULL;
}

void point_add(struct point *p, const char *series, double value)
{
	const struct series *found = point_series(p, series);
	struct series *s;

	if (!found && p->count == POINTS_SERIES)
		return;
	s = found ? p->series + (found - p->series) : &p->series[p->count++];
	if (!found)
		snprintf(s->name, sizeof(s->name), "%s", series);
	if (s->count < POINTS_ROUNDS)
		s->v[s->count++] = value;
}

/* ---- Figures ---------------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_of(const double *v, unsigned count)
{
	double sorted[POINTS_ROUNDS];

	if (!count)
		return 0;
	memcpy(sorted, v, count * sizeof(*v));
	qsort(sorted, count, sizeof(*sorted), by_size);
	return count & 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

double series_median(const struct series *s)
{
	return s ? median_of(s->v, s->count) : 0;
}

double series_low(const struct series *s)
{
	double low = s && s->count ? s->v[0] : 0;

	for (unsigned i = 1; s && i < s->count; i++)
		low = s->v[i] < low ? s->v[i] : low;
	return low;
}

double series_high(const struct series *s)
{
	double high = s && s->count ? s->v[0] : 0;

	for (unsigned i = 1; s && i < s->count; i++)
		high = s->v[i] > high ? s->v[i] : high;
	return high;
}

static void ratio_by_round(const struct series *of, const struct series *to, struct ratio *ret)
{
	struct series ratios = {.count = of->count};

	for (unsigned i = 0; i < of->count; i++)
		ratios.v[i] = of->v[i] / to->v[i];
	*ret = (struct ratio){series_median(&ratios), series_low(&ratios), series_high(&ratios)};
}

bool points_ratio(const struct point *of, const struct point *to, const char *series, struct ratio *ret)
{
	const struct series *a = of ? point_series(of, series) : NULL, *b = to ? point_series(to, series) : NULL;

	if (!a || !b || !a->count || series_low(b) <= 0)
		return false;
	if (a->count == b->count)
		ratio_by_round(a, b, ret);
	else
		*ret = (struct ratio){series_median(a) / series_median(b), series_low(a) / series_high(b),
		                      series_high(a) / series_low(b)};
	return true;
}
