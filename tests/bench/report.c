/* tests/bench/report.c - tables: a matrix of medians for each mode of a measure, and all figures of the points that one
 * asks for most. */
#include "tests/bench/bench.h"
#include "tests/bench/table.h"
#include "tests/bench/view.h"

#include <stdlib.h>
#include <string.h>

#define ATS 24

struct page {
	const struct points *all;
	bool markdown;
	FILE *to;
};

static bool same_mode(const struct labels *a, const struct labels *b)
{
	return a->cores == b->cores && !strcmp(a->measure, b->measure) && !strcmp(a->wait, b->wait) &&
	       !strcmp(a->work, b->work);
}

/* ---- A matrix: rows are ways, columns what they were measured at ------------------------------------------------ */

static int by_at(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static size_t gather_ats(const struct points *all, const struct labels *mode, uint64_t *ats)
{
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct labels *l = &all->v[i].labels;
		size_t k = 0;

		while (k < count && ats[k] != l->at)
			k++;
		if (same_mode(l, mode) && k == count && count < ATS && count < TABLE_COLUMNS - 2)
			ats[count++] = l->at;
	}
	qsort(ats, count, sizeof(*ats), by_at);
	return count;
}

static void matrix_cell(const struct page *page, const struct point *p, struct table *t)
{
	const char *main = view_main(p ? p->labels.measure : "");
	const struct series *s = p ? point_series(p, main) : NULL;
	const struct point *floor = s ? view_floor(page->all, p) : NULL;
	char figure[TABLE_WORD];
	struct ratio ratio;

	if (!s) {
		table_word(t, "%s", p ? "failed" : "");
		return;
	}
	view_figure(main, series_median(s), figure);
	if (floor && points_ratio(p, floor, main, &ratio))
		table_word(t, "%s (%.2f)", figure, ratio.median);
	else
		table_word(t, "%s", figure);
}

static void matrix_row(const struct page *page, const struct point *first, const uint64_t *ats, size_t count, struct table *t)
{
	struct labels l = first->labels;

	table_word(t, "%s", first->name);
	table_word(t, "%s", first->moves);
	for (size_t i = 0; i < count; i++) {
		l.at = ats[i];
		matrix_cell(page, points_find(page->all, &l), t);
	}
	table_row(t);
}

static bool row_came_before(const struct points *all, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_mode(&all->v[k].labels, &all->v[i].labels) && !strcmp(all->v[k].labels.row, all->v[i].labels.row))
			return true;
	return false;
}

static void matrix(const struct page *page, const struct labels *mode, const struct measure *m)
{
	struct table t = {.count = 0};
	uint64_t ats[ATS];
	size_t count = gather_ats(page->all, mode, ats);
	char text[160], word[TABLE_WORD];

	view_mode(mode, text, sizeof(text));
	fprintf(page->to,
	        page->markdown ? "\n**%s, %s** (%s over %s)\n\n" : "\n%s, %s (%s over %s; in brackets: to the floor)\n",
	        m->title, text, view_main(m->key), m->at);
	table_word(&t, "%s", "row");
	table_word(&t, "%s", "");
	for (size_t i = 0; i < count; i++)
		table_word(&t, "%s", table_count((double)ats[i], word));
	table_row(&t);
	for (size_t i = 0; i < page->all->count; i++)
		if (same_mode(&page->all->v[i].labels, mode) && !row_came_before(page->all, i))
			matrix_row(page, &page->all->v[i], ats, count, &t);
	table_print(&t, page->markdown, page->to);
}

/* ---- All figures of some points --------------------------------------------------------------------------------- */

static bool detailed(const struct point *p)
{
	const struct labels *l = &p->labels;

	if (!strcmp(l->measure, "trip"))
		return l->at == 64 && !strcmp(l->work, "write");
	if (!strcmp(l->measure, "stream"))
		return (l->at == 64 || l->at == 65536) && !strcmp(l->work, "write");
	return true;
}

static void detail_head(const struct point *p, struct table *t)
{
	const char *const heads[] = {"row", "", "", "cores", "at", "to floor", "spread of the first"};

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		table_word(t, "%s", heads[i]);
	for (unsigned i = 0; i < p->count && i < TABLE_COLUMNS - 7; i++)
		table_word(t, "%s", p->series[i].name);
	table_row(t);
}

static void detail_figures(const struct point *head, const struct point *p, struct table *t)
{
	char word[TABLE_WORD];

	for (unsigned i = 0; i < head->count && i < TABLE_COLUMNS - 7; i++) {
		const struct series *s = point_series(p, head->series[i].name);

		view_figure(head->series[i].name, series_median(s), word);
		table_word(t, "%s", s ? word : "");
	}
}

static void detail(const struct page *page, const struct point *head, const struct point *p, struct table *t)
{
	const char *main = view_main(p->labels.measure);
	const struct point *floor = view_floor(page->all, p);
	const struct series *s = point_series(p, main);
	char low[TABLE_WORD], high[TABLE_WORD];
	struct ratio ratio;

	table_word(t, "%s", p->name);
	table_word(t, "%s", p->moves);
	table_word(t, "%s", p->labels.wait);
	table_word(t, "%u", p->labels.cores);
	table_word(t, "%s", table_count((double)p->labels.at, low));
	if (floor && points_ratio(p, floor, main, &ratio))
		table_word(t, "%.2f", ratio.median);
	else
		table_word(t, "%s", "");
	view_figure(main, series_low(s), low);
	view_figure(main, series_high(s), high);
	table_word(t, "%s to %s", low, high);
	detail_figures(head, p, t);
	table_row(t);
}

/* The point with most series says the columns. */
static const struct point *fullest(const struct points *all, const struct measure *m)
{
	const struct point *most = NULL;

	for (size_t i = 0; i < all->count; i++)
		if (!strcmp(all->v[i].labels.measure, m->key) && detailed(&all->v[i]) &&
		    (!most || all->v[i].count > most->count))
			most = &all->v[i];
	return most;
}

/* Curves are for charts. */
static void without_curves(struct point *p)
{
	while (p->count > 0 && !strncmp(p->series[p->count - 1].name, "curve", 5))
		p->count--;
	for (unsigned i = 0; i < p->count; i++)
		if (!strncmp(p->series[i].name, "curve", 5)) {
			memmove(&p->series[i], &p->series[i + 1], (--p->count - i) * sizeof(*p->series));
			i--;
		}
}

static void details(const struct page *page, const struct measure *m)
{
	const struct point *full = fullest(page->all, m);
	struct table t = {.count = 0};
	struct point head;

	if (!full)
		return;
	head = *full;
	without_curves(&head);
	fprintf(page->to, page->markdown ? "\n**%s, all figures** (medians)\n\n" : "\n%s, all figures (medians)\n", m->title);
	detail_head(&head, &t);
	for (size_t i = 0; i < page->all->count; i++)
		if (!strcmp(page->all->v[i].labels.measure, m->key) && detailed(&page->all->v[i]))
			detail(page, &head, &page->all->v[i], &t);
	table_print(&t, page->markdown, page->to);
}

/* ---- All -------------------------------------------------------------------------------------------------------- */

static bool mode_came_before(const struct points *all, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_mode(&all->v[k].labels, &all->v[i].labels))
			return true;
	return false;
}

static void matrices(const struct page *page, const struct measure *m)
{
	for (size_t i = 0; i < page->all->count; i++)
		if (!strcmp(page->all->v[i].labels.measure, m->key) && !mode_came_before(page->all, i))
			matrix(page, &page->all->v[i].labels, m);
}

static void facts(const struct page *page)
{
	for (unsigned i = 0; i < page->all->facts; i++)
		fprintf(page->to, page->markdown ? "| %s | %s |\n" : "%-14s %s\n", page->all->fact[i].key,
		        page->all->fact[i].value);
}

void report_print(const struct points *all, FILE *to)
{
	const struct measure *measures[32];
	size_t count = measures_sorted(measures, 32);
	struct page page = {all, false, to};

	facts(&page);
	for (size_t i = 0; i < count; i++) {
		matrices(&page, measures[i]);
		details(&page, measures[i]);
	}
	putc('\n', to);
}

void report_markdown(const struct points *all, const char *section, FILE *to)
{
	const struct measure *measures[32];
	size_t count = measures_sorted(measures, 32);
	struct page page = {all, true, to};

	if (!strcmp(section, "machine")) {
		fputs("| | |\n| --- | --- |\n", to);
		facts(&page);
	}
	if (!strcmp(section, "targets")) {
		fputs("```\n", to);
		targets_print(all, to);
		fputs("```\n", to);
	}
	for (size_t i = 0; i < count; i++)
		if (!strcmp(section, measures[i]->key)) {
			matrices(&page, measures[i]);
			details(&page, measures[i]);
		}
}
