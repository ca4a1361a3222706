/* tests/bench/bench.c - the program.
 *
 *	bench run OUT.json         measure, write, print tables and targets. Environment: QUICK=1 or SMOKE=1 the shorter forms,
 *	                           ROUNDS=n, ONLY="trip stream" these measures, ROWS="lines rill" these rows, WAITS="spin"
 *	                           WORKS="copy" AT="64 4096" these ways to wait, this work, these sizes, PEERS=dir programs
 *	                           that join (BENCH_PEERS: those that were built here)
 *	bench report X.json        the same tables and targets, from a file
 *	bench compare A.json B.json
 *	bench charts X.json DIR    data and gnuplot scripts
 *	bench markdown X.json SECTION
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool asked(const char *name)
{
	const char *value = getenv(name);

	return value && *value && strcmp(value, "0") != 0;
}

static void read_settings(struct settings *s)
{
	static const unsigned rounds[] = {1, 3, 5};
	const char *value = getenv("ROUNDS");

	s->form = asked("SMOKE") ? FORM_SMOKE : asked("QUICK") ? FORM_QUICK : FORM_FULL;
	s->rounds = value && atoi(value) > 0 ? (unsigned)atoi(value) : rounds[s->form];
	if (s->rounds > POINTS_ROUNDS / OFTEN)
		s->rounds = POINTS_ROUNDS / OFTEN;
	s->only = getenv("ONLY");
	s->rows = getenv("ROWS");
	s->waits = getenv("WAITS");
	s->works = getenv("WORKS");
	s->at = getenv("AT");
	s->folders[0] = getenv("BENCH_PEERS");
	s->folders[1] = getenv("PEERS");
}

static int run(const char *path)
{
	struct settings s = {.rounds = 0};
	struct points all = {.count = 0};
	int failed, r;

	read_settings(&s);
	s.path = path;
	failed = drive(&s, &all);
	r = points_write(&all, path);
	report_print(&all, stdout);
	targets_print(&all, stdout);
	points_free(&all);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", path, strerror(-r));
	return r < 0 || failed;
}

static bool load(struct points *all, const char *path)
{
	int r = points_read(all, path);

	if (r < 0)
		fprintf(stderr, "%s: %s\n", path, r == -EBADMSG ? "not a result of this benchmark" : strerror(-r));
	return r == 0;
}

static int with_one(const char *command, const char *path, const char *more)
{
	struct points all = {.count = 0};
	int r = 0;

	if (!load(&all, path))
		return 1;
	if (!strcmp(command, "report")) {
		report_print(&all, stdout);
		targets_print(&all, stdout);
	} else if (!strcmp(command, "charts")) {
		r = charts_write(&all, more);
	} else {
		report_markdown(&all, more, stdout);
	}
	points_free(&all);
	return r < 0;
}

static int compare(const char *a_path, const char *b_path)
{
	struct points a = {.count = 0}, b = {.count = 0};

	if (!load(&a, a_path) || !load(&b, b_path))
		return 1;
	compare_print(&a, &b, stdout);
	points_free(&a);
	points_free(&b);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "run"))
		return run(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "report"))
		return with_one("report", argv[2], NULL);
	if (argc == 4 && !strcmp(argv[1], "compare"))
		return compare(argv[2], argv[3]);
	if (argc == 4 && (!strcmp(argv[1], "charts") || !strcmp(argv[1], "markdown")))
		return with_one(argv[1], argv[2], argv[3]);
	fputs("usage: bench run OUT | report X | compare A B | charts X DIR | markdown X SECTION\n", stderr);
	return 2;
}
