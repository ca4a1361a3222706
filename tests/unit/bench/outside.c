/* tests/unit/bench/outside.c - programs that join the benchmark by its line protocol: small scripts of the shell. */
#include "tests/bench/outside.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct task task = {.wait = WAIT_SLEEP, .work = WORK_WRITE, .bytes = 64, .answer = 64, .burst = 1, .trips = 4};

static char folder[] = "/tmp/rill-outside-XXXXXX";
static char path[64];

/* One program in a folder of its own, that answers `run` so. */
static size_t start(const char *introduces, const char *answers, const struct way **ret)
{
	FILE *f;

	strcpy(folder, "/tmp/rill-outside-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/toy", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\nwhile read -r word rest; do case $word in way) %s ;; run) %s ;; esac; done\n", introduces,
	        answers);
	fclose(f);
	assert_int_equal(chmod(path, 0700), 0);
	return outside_start(folder, ret, 0, 1);
}

static void stop(void)
{
	outside_stop_all();
	unlink(path);
	rmdir(folder);
}

#define INTRODUCTION "echo way toy spin,sleep, trip,burst, lends 8 4096 A toy of the shell"

static int outcome_of(const char *answers, struct outcome *out)
{
	const struct way *way;
	int r;

	assert_int_equal(start(INTRODUCTION, answers, &way), 1);
	r = run_pair(way, &task, out);
	stop();
	return r;
}

static void a_program_says_what_it_is(void **state)
{
	const struct way *way;

	(void)state;
	assert_int_equal(start(INTRODUCTION, "echo no", &way), 1);
	assert_string_equal(way->key, "toy");
	assert_string_equal(way->name, "A toy of the shell");
	assert_int_equal(way->kind, KIND_PEER);
	assert_int_equal(way->waits, SPINS | SLEEPS);
	assert_int_equal(way->jobs, JOB_TRIP | JOB_BURST);
	assert_true(way->lends);
	assert_int_equal(way->min_bytes, 8);
	assert_int_equal(way->max_bytes, 4096);
	stop();
}

static void its_samples_become_the_trips_of_a_run(void **state)
{
	struct outcome *out = calloc(1, sizeof(*out));

	(void)state;
	assert_int_equal(outcome_of("echo 'ns 1000.0*3 250000.5'; echo cpu 10 20; echo wall 30; echo done", out), 0);
	assert_int_equal(out->trips.count, 4);
	assert_true(out->trips.max > 100 * out->trips.min);
	assert_int_equal(out->cpu_ns[RUN_CLIENT], 10);
	assert_int_equal(out->cpu_ns[RUN_SERVER], 20);
	assert_int_equal(out->wall_ns, 30);
	free(out);
}

static void what_it_cannot_do_is_no_failure(void **state)
{
	struct outcome *out = calloc(1, sizeof(*out));

	(void)state;
	assert_int_equal(outcome_of("echo no such size here", out), -ENOTSUP);
	free(out);
}

static void one_that_breaks_the_protocol_or_dies_fails_and_stays_so(void **state)
{
	struct outcome *out = calloc(1, sizeof(*out));
	const struct way *way;

	(void)state;
	assert_int_equal(outcome_of("echo hello", out), -EBADMSG);
	assert_int_equal(outcome_of("echo done", out), -ENODATA);
	assert_int_equal(start(INTRODUCTION, "exit 1", &way), 1);
	assert_int_equal(run_pair(way, &task, out), -EPIPE);
	assert_int_equal(run_pair(way, &task, out), -EPIPE);
	stop();
	free(out);
}

static void one_that_does_not_say_what_it_is_is_left_out(void **state)
{
	const struct way *way;

	(void)state;
	assert_int_equal(start("echo hello", "echo no", &way), 0);
	stop();
	assert_int_equal(start("exit 0", "echo no", &way), 0);
	stop();
	assert_int_equal(outside_start("/nonexistent", &way, 0, 1), 0);
	assert_int_equal(outside_start(NULL, &way, 0, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_says_what_it_is),
		cmocka_unit_test(its_samples_become_the_trips_of_a_run),
		cmocka_unit_test(what_it_cannot_do_is_no_failure),
		cmocka_unit_test(one_that_breaks_the_protocol_or_dies_fails_and_stays_so),
		cmocka_unit_test(one_that_does_not_say_what_it_is_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
