/* tests/bench/table.c - see table.h. */
#include "tests/bench/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static char *next_word(struct table *t)
{
	if (t->count == t->room) {
		t->room = t->room ? t->room * 2 : 256;
		t->words = realloc(t->words, t->room * sizeof(*t->words));
		if (!t->words)
			abort();
	}
	return t->words[t->count++];
}

void table_word(struct table *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(next_word(t), TABLE_WORD, format, args);
	va_end(args);
}

void table_row(struct table *t)
{
	if (!t->columns)
		t->columns = (unsigned)t->count;
	while (t->columns && t->count % t->columns)
		*next_word(t) = '\0';
}

static size_t width(const struct table *t, unsigned column)
{
	size_t most = 0;

	for (size_t i = column; i < t->count; i += t->columns)
		if (strlen(t->words[i]) > most)
			most = strlen(t->words[i]);
	return most;
}

static void print_word(const struct table *t, size_t i, bool markdown, FILE *to)
{
	unsigned column = (unsigned)(i % t->columns);
	int space = (int)width(t, column);

	if (markdown)
		fprintf(to, "| %s ", t->words[i]);
	else
		fprintf(to, column ? "  %*s" : "%-*s", space, t->words[i]);
	if (column == t->columns - 1)
		fputs(markdown ? "|\n" : "\n", to);
}

void table_print(struct table *t, bool markdown, FILE *to)
{
	for (size_t i = 0; i < t->count; i++) {
		if (markdown && i == t->columns) {
			for (unsigned c = 0; c < t->columns; c++)
				fputs(c ? "| ---: " : "| --- ", to);
			fputs("|\n", to);
		}
		print_word(t, i, markdown, to);
	}
	free(t->words);
	memset(t, 0, sizeof(*t));
}

static const char *scaled(double value, double step, const char *const *units, int count, char *to)
{
	int unit = 0;

	while (unit + 1 < count && value >= step * 0.9995) {
		value /= step;
		unit++;
	}
	snprintf(to, TABLE_WORD, "%.*f%s", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, units[unit]);
	return to;
}

const char *table_ns(double ns, char to[TABLE_WORD])
{
	static const char *const units[] = {" ns", " us", " ms", " s"};

	if (ns < 1000) {
		snprintf(to, TABLE_WORD, "%.0f ns", ns);
		return to;
	}
	return scaled(ns, 1000, units, 4, to);
}

const char *table_rate(double per_second, char to[TABLE_WORD])
{
	static const char *const units[] = {"", " k", " M", " G"};

	return scaled(per_second, 1000, units, 4, to);
}

const char *table_count(double count, char to[TABLE_WORD])
{
	static const char *const units[] = {"", " Ki", " Mi", " Gi"};
	int unit = 0;

	while (unit < 3 && count >= 1024 && (unsigned long long)count % 1024 == 0) {
		count /= 1024;
		unit++;
	}
	snprintf(to, TABLE_WORD, "%.0f%s", count, units[unit]);
	return to;
}
