/* tests/bench/points.h - what was measured: points with labels, each with series of figures (one a round), and what the
 * machine was. Kept as JSON (json.c). */
#ifndef TESTS_BENCH_POINTS_H
#define TESTS_BENCH_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POINTS_ROUNDS 60 /* figures in one series */
#define POINTS_SERIES 16
#define POINTS_FACTS 40

struct labels {
	char measure[16]; /* trip, stream, ... */
	char row[24];     /* a way's key */
	char wait[8];     /* spin, sleep, linger, - */
	char work[8];     /* handle, write, copy, - */
	unsigned cores;   /* 2: the sides on one each, 1: both on one, 0: not pinned */
	uint64_t at;      /* bytes, or how many, as the measure says */
};

struct series {
	char name[16]; /* the unit is its last part: p50_ns, rate_s ... */
	unsigned count;
	double v[POINTS_ROUNDS];
};

struct point {
	struct labels labels;
	char name[40];  /* of the row, for humans */
	char kind[8];   /* floor, rill, peer */
	char moves[8];  /* lends, copies */
	unsigned count; /* series */
	struct series series[POINTS_SERIES];
};

struct fact {
	char key[24], value[160];
};

struct points {
	struct point *v;
	size_t count, room;
	unsigned facts;
	struct fact fact[POINTS_FACTS];
};

/* The point of these labels, made if there is none; NULL: no memory. Pointers to points hold until the next one is made. */
struct point *points_get(struct points *all, const struct labels *labels);
const struct point *points_find(const struct points *all, const struct labels *labels);
bool labels_same(const struct labels *a, const struct labels *b);

void points_fact(struct points *all, const char *key, const char *value); /* cut where it is too long */
const char *points_fact_of(const struct points *all, const char *key);    /* "" if it is not known */
void points_free(struct points *all);

/* What does not fit is left out. */
void point_add(struct point *p, const char *series, double value);
const struct series *point_series(const struct point *p, const char *name); /* NULL: there is none */

/* Of a series' figures: 0 if there are none. */
double series_median(const struct series *s);
double series_low(const struct series *s);
double series_high(const struct series *s);

/* false: one of the two has no such series. What is gone through is how one stood to the other in each round: of series
 * of different lengths, medians and extremes. */
struct ratio {
	double median, low, high;
};
bool points_ratio(const struct point *of, const struct point *to, const char *series, struct ratio *ret);

/* ---- json.c: 0 or a negative errno ------------------------------------------------------------------------------ */

int points_write(const struct points *all, const char *path);
int points_read(struct points *all, const char *path); /* adds to what there is; -EBADMSG: not ours */
int points_parse(struct points *all, const char *text);

#endif
