/* tests/bench/table.h - a table of words: gathered first, then printed with aligned columns or as Markdown. */
#ifndef TESTS_BENCH_TABLE_H
#define TESTS_BENCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS 16
#define TABLE_WORD 48

struct table {
	char (*words)[TABLE_WORD];
	size_t count, room; /* of words */
	unsigned columns;   /* of the first row; each row has as many */
};

void table_word(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_row(struct table *t);                            /* the row has ended; what it lacks is left empty */
void table_print(struct table *t, bool markdown, FILE *to); /* and empty it */

/* A time, a rate, bytes: three digits and a unit. */
const char *table_ns(double ns, char to[TABLE_WORD]);
const char *table_rate(double per_second, char to[TABLE_WORD]);
const char *table_count(double count, char to[TABLE_WORD]); /* 4096: 4 Ki */

#endif
