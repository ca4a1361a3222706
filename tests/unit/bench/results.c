/* tests/unit/bench/results.c - the benchmark's results: written, read back, compared, judged; and its line protocol. */
#include "tests/bench/bench.h"
#include "tests/bench/outside.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Measures are found by their section: one of our own, so that there is one. */
const struct measure MEASURE(trip) = {.key = "trip", .title = "Round trip", .at = "bytes", .order = 1};

static struct point *point(struct points *all, const char *row, const char *wait, uint64_t at)
{
	struct labels l = {.measure = "trip", .work = "write", .cores = 2, .at = at};
	struct point *p;

	snprintf(l.row, sizeof(l.row), "%s", row);
	snprintf(l.wait, sizeof(l.wait), "%s", wait);
	p = points_get(all, &l);
	assert_non_null(p);
	snprintf(p->name, sizeof(p->name), "the row %s", row);
	snprintf(p->kind, sizeof(p->kind), "%s", !strcmp(row, "rill") ? "rill" : !strcmp(row, "zmq") ? "peer" : "floor");
	return p;
}

static void figures(struct point *p, const char *series, double a, double b, double c)
{
	point_add(p, series, a);
	point_add(p, series, b);
	point_add(p, series, c);
}

static char *told(void (*tell)(FILE *to, const struct points *a, const struct points *b), const struct points *a,
                  const struct points *b)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	tell(f, a, b);
	fclose(f);
	return text;
}

static void tell_targets(FILE *to, const struct points *a, const struct points *b)
{
	(void)b;
	targets_print(a, to);
}

static void tell_compared(FILE *to, const struct points *a, const struct points *b)
{
	compare_print(a, b, to);
}

static void tell_report(FILE *to, const struct points *a, const struct points *b)
{
	(void)b;
	report_print(a, to);
}

/* ---- Series ----------------------------------------------------------------------------------------------------- */

static void a_ratio_is_the_median_of_the_ratios_of_each_round(void **state)
{
	struct points all = {.count = 0};
	struct ratio r;

	(void)state;
	/* a machine that was half as fast in the second round */
	figures(point(&all, "lines", "spin", 56), "p50_ns", 100, 200, 100);
	figures(point(&all, "rill", "spin", 56), "p50_ns", 110, 240, 130);
	assert_true(points_ratio(&all.v[1], &all.v[0], "p50_ns", &r));
	assert_float_equal(r.median, 1.2, 1e-9);
	assert_float_equal(r.low, 1.1, 1e-9);
	assert_float_equal(r.high, 1.3, 1e-9);
	assert_false(points_ratio(&all.v[1], &all.v[0], "p99_ns", &r));
	points_free(&all);
}

static void the_median_of_an_even_count_is_between_the_middle_two(void **state)
{
	struct series s = {.count = 4, .v = {4, 1, 3, 2}};

	(void)state;
	assert_float_equal(series_median(&s), 2.5, 1e-9);
	assert_float_equal(series_low(&s), 1, 0);
	assert_float_equal(series_high(&s), 4, 0);
	assert_float_equal(series_median(NULL), 0, 0);
}

static void a_series_that_is_full_takes_no_more(void **state)
{
	struct points all = {.count = 0};
	struct point *p = point(&all, "rill", "spin", 8);

	(void)state;
	for (int i = 0; i < POINTS_ROUNDS + 5; i++)
		point_add(p, "p50_ns", i);
	assert_int_equal(p->series[0].count, POINTS_ROUNDS);
	points_free(&all);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

/* Not memcmp(): there is padding. */
static void assert_same(const struct point *a, const struct point *b)
{
	assert_true(labels_same(&a->labels, &b->labels));
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->kind, b->kind);
	assert_string_equal(a->moves, b->moves);
	assert_int_equal(a->count, b->count);
	for (unsigned i = 0; i < a->count; i++) {
		assert_string_equal(a->series[i].name, b->series[i].name);
		assert_int_equal(a->series[i].count, b->series[i].count);
		assert_memory_equal(a->series[i].v, b->series[i].v, a->series[i].count * sizeof(a->series[i].v[0]));
	}
}

static void results_are_the_same_after_writing_and_reading(void **state)
{
	struct points all = {.count = 0}, read = {.count = 0};
	char path[] = "/tmp/rill-bench-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	points_fact(&all, "cpu", "an \"odd\" one\\ with a \t in it");
	figures(point(&all, "lines", "spin", 56), "p50_ns", 101.5, 99, 1e9);
	figures(point(&all, "rill", "spin", 256 << 20), "p50_ns", 1, 2, 3);
	figures(&all.v[1], "rate_s", 0.25, 1e-3, 12345);
	assert_int_equal(points_write(&all, path), 0);
	assert_int_equal(points_read(&read, path), 0);
	assert_int_equal(read.count, 2);
	assert_same(&read.v[0], &all.v[0]);
	assert_same(&read.v[1], &all.v[1]);
	assert_string_equal(points_fact_of(&read, "cpu"), points_fact_of(&all, "cpu"));
	close(fd);
	unlink(path);
	points_free(&all);
	points_free(&read);
}

static void what_is_not_known_is_skipped(void **state)
{
	struct points all = {.count = 0};

	(void)state;
	assert_int_equal(
		points_parse(&all, "{\"rill_bench\":1, \"later\":{\"a\":[1,{\"b\":null}],\"c\":\"}\"},\n"
	                           "\"points\":[{\"measure\":\"trip\",\"new\":true,\"at\":64,\"series\":{\"p50_ns\":[7]}}]}"),
		0);
	assert_int_equal(all.count, 1);
	assert_int_equal(all.v[0].labels.at, 64);
	assert_float_equal(series_median(point_series(&all.v[0], "p50_ns")), 7, 0);
	points_free(&all);
}

static void what_is_no_result_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"{",
		"[]",
		"{\"rill_bench\":2}",
		"{\"rill_bench\":1",
		"{\"rill_bench\":1} more",
		"{\"points\":[{\"at\":}]}",
		"{\"points\":[{\"series\":{\"a\":[1,}}]}",
		"{\"facts\":{\"a\":\"unended}}",
		"{\"x\":\"a\\",
	};
	char deep[200];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct points all = {.count = 0};

		assert_int_equal(points_parse(&all, wrong[i]), -EBADMSG);
		points_free(&all);
	}
	memset(deep, '[', sizeof(deep));
	memcpy(deep, "{\"x\":", 5);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(points_parse(&(struct points){.count = 0}, deep), -EBADMSG);
}

static void words_that_are_too_long_are_cut(void **state)
{
	struct points all = {.count = 0};
	char text[600] = "{\"points\":[{\"row\":\"", *at = text + strlen(text);

	(void)state;
	memset(at, 'r', 400);
	strcpy(at + 400, "\",\"series\":{}}]}");
	assert_int_equal(points_parse(&all, text), 0);
	assert_int_equal(strlen(all.v[0].labels.row), sizeof(all.v[0].labels.row) - 1);
	points_free(&all);
}

/* ---- What is told ----------------------------------------------------------------------------------------------- */

static void a_target_is_ok_up_to_its_limit_and_short_above(void **state)
{
	struct points all = {.count = 0};
	char *text;

	(void)state;
	figures(point(&all, "lines", "spin", 56), "p50_ns", 100, 100, 100);
	figures(point(&all, "rill", "spin", 56), "p50_ns", 114, 114, 114);
	figures(&all.v[0], "p99_ns", 100, 100, 100);
	figures(&all.v[1], "p99_ns", 131, 131, 131);
	text = told(tell_targets, &all, NULL);
	assert_non_null(strstr(text, "target 1-spin-p50 1.14 1.15 ok\n"));
	assert_non_null(strstr(text, "target 1-spin-p99 1.31 1.3 short\n"));
	assert_null(strstr(text, "target 2-")); /* not measured: nothing is said */
	free(text);
	points_free(&all);
}

static void a_peer_within_the_spread_is_not_ahead(void **state)
{
	struct points all = {.count = 0};
	char *text;

	(void)state;
	figures(point(&all, "rill", "sleep", 64), "p50_ns", 50, 55, 60);
	figures(point(&all, "zmq", "sleep", 64), "p50_ns", 48, 50, 52);
	text = told(tell_targets, &all, NULL);
	assert_non_null(strstr(text, "target 5-not-behind-zmq-trip-sleep-2 1.1 1 ok\n"));
	assert_non_null(strstr(text, "target 5-ahead-of-zmq-trip-sleep-2 0 0.5 short\n"));
	free(text);
	all.v[1].series[0].v[2] = 49;
	all.v[1].series[0].v[1] = 48.5;
	text = told(tell_targets, &all, NULL);
	assert_non_null(strstr(text, "target 5-not-behind-zmq-trip-sleep-2 1.13 1 short\n"));
	free(text);
	points_free(&all);
}

static void comparing_says_slower_only_beyond_the_spread_of_both(void **state)
{
	struct points a = {.count = 0}, b = {.count = 0};
	char *text;

	(void)state;
	points_fact(&a, "cpu", "one");
	points_fact(&b, "cpu", "another");
	figures(point(&a, "rill", "spin", 56), "p50_ns", 100, 105, 110);
	figures(point(&b, "rill", "spin", 56), "p50_ns", 120, 125, 130);
	figures(point(&a, "rill", "sleep", 56), "p50_ns", 100, 105, 110);
	figures(point(&b, "rill", "sleep", 56), "p50_ns", 108, 109, 120);
	text = told(tell_compared, &a, &b);
	assert_non_null(strstr(text, "cpu differs: A one; B another"));
	assert_non_null(strstr(text, "1.190"));
	assert_non_null(strstr(text, "1.091 to 1.300  slower"));
	assert_non_null(strstr(text, "2 figures"));
	assert_non_null(strstr(text, "1 slower and 0 faster"));
	free(text);
	points_free(&a);
	points_free(&b);
}

static void a_report_shows_the_ratio_to_the_floor_of_the_same_mode(void **state)
{
	struct points all = {.count = 0};
	char *text;

	(void)state;
	figures(point(&all, "lines", "spin", 64), "p50_ns", 100, 100, 100);
	figures(point(&all, "rill", "spin", 64), "p50_ns", 114, 115, 118);
	point_add(point(&all, "zmq", "spin", 64), "failed", EIO);
	text = told(tell_report, &all, NULL);
	assert_non_null(strstr(text, "115 ns (1.15)"));
	assert_non_null(strstr(text, "114 ns to 118 ns"));
	assert_non_null(strstr(text, "failed"));
	free(text);
	points_free(&all);
}

/* ---- The line protocol ------------------------------------------------------------------------------------------ */

static void a_task_is_the_same_after_it_was_a_line(void **state)
{
	struct task task = {.wait = WAIT_LINGER,
	                    .work = WORK_COPY,
	                    .bytes = 65536,
	                    .answer = 8,
	                    .burst = 1000,
	                    .trips = 3,
	                    .skip = 1,
	                    .idle_ns = 7,
	                    .depth = 4,
	                    .cpus = {0, -1}};
	struct task read;
	char line[256];
	bool counted;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(outside_format(&task, i, line, sizeof(line)), 0);
		assert_int_equal(outside_parse(line, &read, &counted), 0);
		assert_memory_equal(&read, &task, sizeof(task));
		assert_int_equal(counted, i);
	}
	assert_int_equal(outside_format(&task, false, line, 20), -EBADMSG);
}

static void what_is_no_task_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"way",
		"run",
		"run spin handle 8 8 1 10 1 0 0 0",
		"run run handle 8 8 1 10 1 0 0 0 1",
		"run spin handle 8 8 0 10 1 0 0 0 1",
		"run spin handle 8 8 1 10 1 0 0 0 1 other",
	};
	struct task task;
	bool counted;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(outside_parse(wrong[i], &task, &counted), -EBADMSG);
}

/* ---- A run ------------------------------------------------------------------------------------------------------ */

static int tell_trips(struct run *r)
{
	while (run_more(r))
		run_end(r);
	return 0;
}

static int answer_trips(struct run *r)
{
	while (run_more(r))
		run_answered(r);
	return 0;
}

static int give_up(struct run *r)
{
	return r->role == RUN_SERVER ? -EPROTO : tell_trips(r);
}

static int stop_early(struct run *r)
{
	(void)r;
	return 0;
}

static void a_run_keeps_its_trips_and_tells_who_failed(void **state)
{
	const struct task task = {.bytes = 8, .answer = 8, .burst = 1, .trips = 100, .skip = 10, .cpus = {-1, -1}};
	const struct way good = {.client = tell_trips, .server = answer_trips};
	const struct way bad = {.client = give_up, .server = give_up};
	const struct way lazy = {.client = stop_early, .server = answer_trips};
	struct outcome *out = calloc(1, sizeof(*out));

	(void)state;
	assert_int_equal(run_pair(&good, &task, out), 0);
	assert_int_equal(out->trips.count, 100);
	assert_int_equal(run_pair(&bad, &task, out), -EPROTO);
	assert_int_equal(run_pair(&lazy, &task, out), -EPIPE);
	free(out);
}

static void a_sum_tells_a_payload_that_is_not_what_was_written(void **state)
{
	uint64_t words[8];

	(void)state;
	for (size_t len = 8; len <= sizeof(words); len += 8) {
		payload_write(words, len, 1000);
		assert_true(payload_sums(words, len));
	}
	words[5]++;
	assert_false(payload_sums(words, sizeof(words)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ratio_is_the_median_of_the_ratios_of_each_round),
		cmocka_unit_test(the_median_of_an_even_count_is_between_the_middle_two),
		cmocka_unit_test(a_series_that_is_full_takes_no_more),
		cmocka_unit_test(results_are_the_same_after_writing_and_reading),
		cmocka_unit_test(what_is_not_known_is_skipped),
		cmocka_unit_test(what_is_no_result_is_refused),
		cmocka_unit_test(words_that_are_too_long_are_cut),
		cmocka_unit_test(a_target_is_ok_up_to_its_limit_and_short_above),
		cmocka_unit_test(a_peer_within_the_spread_is_not_ahead),
		cmocka_unit_test(comparing_says_slower_only_beyond_the_spread_of_both),
		cmocka_unit_test(a_report_shows_the_ratio_to_the_floor_of_the_same_mode),
		cmocka_unit_test(a_task_is_the_same_after_it_was_a_line),
		cmocka_unit_test(what_is_no_task_is_refused),
		cmocka_unit_test(a_run_keeps_its_trips_and_tells_who_failed),
		cmocka_unit_test(a_sum_tells_a_payload_that_is_not_what_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
