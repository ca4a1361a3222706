/* tests/bench/view.h - how points are looked at: what stands for what, and beside which floor. */
#ifndef TESTS_BENCH_VIEW_H
#define TESTS_BENCH_VIEW_H

#include "tests/bench/points.h"

/* What the points of a measure are compared by: its first series, or, where a rate is wanted, the rate. */
const char *view_main(const char *measure);

/* "ns" after a name that ends in _ns, "/s" for _s; else "". A smaller figure is better but for rates. */
bool view_is_time(const char *series);
bool view_is_rate(const char *series);
void view_figure(const char *series, double value, char *to); /* TABLE_WORD bytes */

/* The floor that a point is held against; NULL: none was measured, or it is one itself. */
const struct point *view_floor(const struct points *all, const struct point *p);

/* "asleep, two cores, written and summed" */
void view_mode(const struct labels *l, char *to, size_t size);

#endif
