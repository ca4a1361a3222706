/* tests/bench/bench.h - the driver's parts. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "tests/bench/plan.h"

#include <stdio.h>

struct settings {
	enum form form;
	unsigned rounds;
	const char *only;       /* words: keys of measures; NULL: all */
	const char *rows;       /* words: keys of rows; NULL: all */
	const char *waits;      /* words: spin, sleep, linger; NULL: all */
	const char *works;      /* words: handle, write, copy; NULL: all */
	const char *at;         /* words: sizes (or what the measure's `at` is); NULL: all */
	const char *path;       /* written after each measure: a run that is cut short has something to show */
	const char *folders[2]; /* of programs that speak the line protocol */
};

/* drive.c: run what is asked for; figures and facts go to `all`. Returns how many rows failed, or a negative errno. */
int drive(const struct settings *s, struct points *all);

/* Measures in the order in which they are run. */
size_t measures_sorted(const struct measure **ret, size_t room);

/* machine.c: facts about machine, kernel, compiler, source. */
void machine_facts(struct points *all);

/* report.c: tables for a terminal, or as Markdown. */
void report_print(const struct points *all, FILE *to);
void report_markdown(const struct points *all, const char *section, FILE *to);

/* targets.c: a line for each target whose points are there. Returns how many are short. */
int targets_print(const struct points *all, FILE *to);

/* compare.c: b beside a. */
void compare_print(const struct points *a, const struct points *b, FILE *to);

/* charts.c: data and gnuplot scripts into a folder; 0 or a negative errno. */
int charts_write(const struct points *all, const char *folder);

#endif
