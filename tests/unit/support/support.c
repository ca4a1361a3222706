/* tests/unit/support/support.c - the test support itself: each of its checks can fail. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/allocs.h"
#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/rounds.h"
#include "tests/support/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- leaks ----------------------------------------------------------------------------------------------------- */

static void nothing_changed_is_no_leak(void **state)
{
	struct leaks before;

	(void)state;
	leaks_take(&before);
	assert_int_equal(leaks_since(&before), 0);
}

static void an_open_descriptor_is_a_leak(void **state)
{
	struct leaks before;
	int fd;

	(void)state;
	leaks_take(&before);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(leaks_since(&before), 1);
	close(fd);
	assert_int_equal(leaks_since(&before), 0);
}

static void a_closed_descriptor_is_told_too(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct leaks before;

	(void)state;
	leaks_take(&before);
	close(fd);
	assert_int_equal(leaks_since(&before), 1);
}

static void a_mapped_memfd_is_a_leak(void **state)
{
	struct leaks before;
	void *map;
	int fd;

	(void)state;
	leaks_take(&before);
	fd = memfd_create("rill-test", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, 4096), 0);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(map != MAP_FAILED);
	close(fd);
	assert_int_equal(leaks_since(&before), 1);
	munmap(map, 4096);
	assert_int_equal(leaks_since(&before), 0);
}

static int wait_for_a_step(struct child *self, void *arg)
{
	(void)arg;
	return child_hear(self, 10000) == 'g' ? 7 : 1;
}

static void a_child_is_a_leak_dead_or_alive(void **state)
{
	struct leaks before;
	struct child c;

	(void)state;
	leaks_take(&before);
	assert_int_equal(child_start(&c, wait_for_a_step, NULL), 0);
	assert_int_equal(leaks_since(&before), 2); /* the child and the step channel */
	assert_int_equal(child_tell(&c, 'g'), 0);
	assert_int_equal(child_hear(&c, 10000), -EPIPE);
	assert_int_equal(leaks_since(&before), 2); /* not reaped yet */
	assert_int_equal(child_wait(&c, 10000), 7);
	assert_int_equal(leaks_since(&before), 0);
}

static void *wait_for_a_byte(void *arg)
{
	char byte;

	return read(*(int *)arg, &byte, 1) == 1 ? arg : NULL;
}

static void a_thread_is_a_leak(void **state)
{
	struct leaks before;
	pthread_t thread;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	leaks_take(&before);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_a_byte, &ends[0]), 0);
	assert_int_equal(leaks_since(&before), 1);
	assert_int_equal(write(ends[1], "", 1), 1);
	pthread_join(thread, NULL);
	while (leaks_threads() != before.threads)
		; /* the kernel lets go of it a moment after join */
	assert_int_equal(leaks_since(&before), 0);
	close(ends[0]);
	close(ends[1]);
}

static void a_changed_disposition_is_told(void **state)
{
	struct leaks before;

	(void)state;
	leaks_take(&before);
	signal(SIGUSR2, SIG_IGN);
	assert_int_equal(leaks_since(&before), 1);
	sigaction(SIGUSR2, &before.signals[SIGUSR2], NULL);
	assert_int_equal(leaks_since(&before), 0);
}

/* ---- child ----------------------------------------------------------------------------------------------------- */

static int fail_a_check(struct child *self, void *arg)
{
	(void)self, (void)arg;
	CHILD_CHECK(1 == 1);
	if (freopen("/dev/null", "w", stderr))
		CHILD_CHECK(1 == 2);
	return 0;
}

static void a_failed_check_ends_the_child(void **state)
{
	struct child c;

	(void)state;
	assert_int_equal(child_start(&c, fail_a_check, NULL), 0);
	assert_int_equal(child_wait(&c, 10000), CHILD_FAILED);
}

static void a_killed_child_is_told_by_its_signal(void **state)
{
	struct child c;

	(void)state;
	assert_int_equal(child_start(&c, wait_for_a_step, NULL), 0);
	assert_int_equal(child_hear(&c, 0), -ETIMEDOUT);
	assert_int_equal(child_wait(&c, 0), -ETIMEDOUT);
	assert_int_equal(child_kill(&c), -SIGKILL);
	assert_int_equal(child_kill(&c), -ESRCH);
}

/* ---- system calls ---------------------------------------------------------------------------------------------- */

static int calls_in_two_processes(void *arg)
{
	struct child peer;

	(void)arg;
	syscall(SYS_getppid); /* before the section */
	if (child_start(&peer, wait_for_a_step, NULL) < 0)
		return 1;
	syscalls_begin(0);
	for (int i = 0; i < 3; i++)
		syscall(SYS_getppid);
	syscall(SYS_getuid);
	syscalls_end();
	syscall(SYS_getppid);
	child_tell(&peer, 'g');
	return child_wait(&peer, 10000) == 7 ? 42 : 1;
}

static int ten_calls(struct child *self, void *arg)
{
	(void)self, (void)arg;
	syscalls_begin(1);
	for (int i = 0; i < 10; i++)
		syscall(SYS_getppid);
	syscalls_end();
	return 0;
}

static int calls_in_a_child(void *arg)
{
	struct child peer;

	(void)arg;
	if (child_start(&peer, ten_calls, NULL) < 0)
		return 1;
	return child_wait(&peer, 10000);
}

static void exactly_the_marked_calls_are_counted(void **state)
{
	static struct syscalls s;

	(void)state;
	if (!syscalls_countable())
		skip();
	assert_int_equal(syscalls_trace(&s, calls_in_two_processes, NULL), 42);
	assert_int_equal(s.entered[0], 1);
	assert_int_equal(s.count[0][SYS_getppid], 3);
	assert_int_equal(s.count[0][SYS_getuid], 1);
	assert_int_equal(syscalls_sum(&s, 0), 4);
	assert_int_equal(s.entered[1], 0);
}

static void a_forked_process_counts_in_its_own_section(void **state)
{
	static struct syscalls s;

	(void)state;
	if (!syscalls_countable())
		skip();
	assert_int_equal(syscalls_trace(&s, calls_in_a_child, NULL), 0);
	assert_int_equal(s.count[1][SYS_getppid], 10);
	assert_int_equal(syscalls_sum(&s, 1), 10);
	assert_int_equal(syscalls_sum(&s, 0), 0);
}

static int die(void *arg)
{
	(void)arg;
	raise(SIGKILL);
	return 0;
}

static void a_traced_process_that_dies_is_told(void **state)
{
	static struct syscalls s;

	(void)state;
	if (!syscalls_countable())
		skip();
	assert_int_equal(syscalls_trace(&s, die, NULL), -SIGKILL);
}

/* ---- allocations ----------------------------------------------------------------------------------------------- */

/* volatile: the compiler may drop a malloc whose block is not used */
static void *volatile block;

static void allocations_and_frees_are_counted(void **state)
{
	uint64_t made = allocs_made(), freed = allocs_freed();

	(void)state;
	block = malloc(10);
	block = realloc(block, 100000);
	assert_int_equal(allocs_made() - made, 2);
	assert_int_equal(allocs_freed() - freed, 1);
	free(block);
	block = strdup("x");
	free(block);
	free(NULL);
	assert_int_equal(allocs_made() - made, 3);
	assert_int_equal(allocs_freed() - freed, 3);
}

static void the_nth_allocation_is_refused(void **state)
{
	(void)state;
	allocs_refuse(2);
	block = malloc(1);
	assert_non_null(block);
	free(block);
	block = malloc(1);
	assert_null(block);
	block = calloc(1, 1);
	assert_non_null(block);
	free(block);
	allocs_refuse_from(1);
	block = malloc(1);
	assert_null(block);
	block = calloc(1, 1);
	assert_null(block);
	allocs_refuse(0);
	assert_int_equal(allocs_refused(), 3);
}

/* ---- rounds ---------------------------------------------------------------------------------------------------- */

static void a_seed_repeats_its_numbers(void **state)
{
	uint64_t a = 5, b = 5, c = 6, first = rounds_random(&a);

	(void)state;
	assert_true(first == rounds_random(&b));
	assert_true(first != rounds_random(&a));
	assert_true(first != rounds_random(&c));
	assert_true(rounds_seed() == rounds_seed());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_changed_is_no_leak, leaks_setup, leaks_teardown),
		cmocka_unit_test(an_open_descriptor_is_a_leak),
		cmocka_unit_test(a_closed_descriptor_is_told_too),
		cmocka_unit_test(a_mapped_memfd_is_a_leak),
		cmocka_unit_test(a_child_is_a_leak_dead_or_alive),
		cmocka_unit_test(a_thread_is_a_leak),
		cmocka_unit_test(a_changed_disposition_is_told),
		cmocka_unit_test(a_failed_check_ends_the_child),
		cmocka_unit_test(a_killed_child_is_told_by_its_signal),
		cmocka_unit_test(exactly_the_marked_calls_are_counted),
		cmocka_unit_test(a_forked_process_counts_in_its_own_section),
		cmocka_unit_test(a_traced_process_that_dies_is_told),
		cmocka_unit_test(allocations_and_frees_are_counted),
		cmocka_unit_test(the_nth_allocation_is_refused),
		cmocka_unit_test(a_seed_repeats_its_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
