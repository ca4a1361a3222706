/* tests/unit/shm/writer_tsan.c - what a lock guards is seen whole by the next holder. Two writers, as two processes would be,
 * are two threads over one mapping here, so that a thread sanitizer sees what races: plain words guarded by the lock. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "shm/memfd.h"
#include "shm/writer.h"
#include "tests/support/leaks.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <rill/ctx.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BYTES ((size_t)4096)

struct guarded {
	struct rill_lock lock;
	uint64_t a, b;
};

static struct rill_ctx *ctx;
static struct guarded *g;
static struct rill_writer writer[2];
static unsigned rounds;

static void start(void)
{
	void *base;
	int rw;

	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(memfd_make(&rw, "writers", BYTES), 0);
	base = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, rw, 0);
	assert_ptr_not_equal(base, MAP_FAILED);
	g = base;
	for (uint32_t i = 0; i < 2; i++) {
		int fd = memfd_reopen(rw, O_RDWR);

		assert_true(fd >= 0);
		assert_int_equal(writer_begin(&writer[i], ctx, base, BYTES, fd, i), 0);
	}
	close(rw);
}

static void stop(void)
{
	for (int i = 0; i < 2; i++)
		close(writer[i].fd);
	munmap(g, BYTES);
	rill_ctx_destroy(ctx);
}

/* Each wait is a give-way; how often it was whole. */
static void *count_up(void *arg)
{
	struct rill_writer *me = arg;
	uintptr_t whole = 0;

	for (unsigned i = 0; i < rounds;) {
		if (rill_lock_try(me, &g->lock) != 0) {
			sched_yield();
			continue;
		}
		whole += g->a == g->b;
		g->a++;
		g->b++;
		if (rill_lock_release(me, &g->lock) == 0)
			i++;
	}
	return (void *)whole;
}

static void what_a_lock_guards_is_whole_for_each_holder(void **state)
{
	pthread_t other;
	void *whole;

	(void)state;
	start();
	rounds = rounds_of(1000, 20000, 500000);
	assert_int_equal(pthread_create(&other, NULL, count_up, &writer[1]), 0);
	assert_int_equal((uintptr_t)count_up(&writer[0]), rounds);
	assert_int_equal(pthread_join(other, &whole), 0);
	assert_int_equal((uintptr_t)whole, rounds);
	assert_int_equal(g->a, 2 * rounds);
	assert_int_equal(g->b, 2 * rounds);
	stop();
}

static void of_those_who_find_a_dead_ones_lock_one_gets_it(void **state)
{
	(void)state;
	start();
	g->lock.word = (uint64_t)9 << 32 | 1;
	assert_int_equal(rill_lock_try(&writer[0], &g->lock), -EOWNERDEAD);
	assert_int_equal(rill_lock_try(&writer[1], &g->lock), -EBUSY);
	assert_int_equal(rill_lock_mended(&writer[0], &g->lock), 0);
	assert_int_equal(rill_lock_release(&writer[0], &g->lock), 0);
	stop();
}

static void a_number_has_one_living_writer(void **state)
{
	struct rill_writer third;
	int fd;

	(void)state;
	start();
	fd = memfd_reopen(writer[0].fd, O_RDWR);
	assert_int_equal(writer_begin(&third, ctx, g, BYTES, fd, 1), -EEXIST);
	assert_int_equal(rill_lock_try(&writer[1], &g->lock), 0);
	close(writer[1].fd);
	assert_int_equal(writer_begin(&third, ctx, g, BYTES, fd, 1), 0);
	writer[1] = third;
	stop();
}

static void *nothing(void *arg)
{
	return arg;
}

/* With the first thread the sanitizer starts one of its own, which stays. */
static int first_thread(void **state)
{
	pthread_t t;

	(void)state;
	return pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_a_lock_guards_is_whole_for_each_holder, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(of_those_who_find_a_dead_ones_lock_one_gets_it, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(a_number_has_one_living_writer, leaks_setup, leaks_teardown),
	};

	return cmocka_run_group_tests(tests, first_thread, NULL);
}
