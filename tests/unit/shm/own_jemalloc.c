/* tests/unit/shm/own_jemalloc.c - a program whose malloc is a jemalloc (it is linked with -ljemalloc) uses ours beside it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(HAVE_JEMALLOC) && !defined(SANITIZED)

#include "tests/support/rounds.h"

#include <jemalloc/jemalloc.h>
#include <rill/jemalloc.h>
#include <rill/rill.h>
#include <stdlib.h>

#define MIB ((size_t)1 << 20)

static size_t ask(const char *what)
{
	size_t value = 0, size = sizeof(value);
	uint64_t epoch = 1;

	assert_int_equal(mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch)), 0);
	assert_int_equal(mallctl(what, &value, &size, NULL, 0), 0);
	return value;
}

static void the_programs_jemalloc_and_ours_know_nothing_of_each_other(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 64 * MIB, .allocator = rill_jemalloc_allocator()};
	struct rill_arena_usage u = {.size = sizeof(u)};
	unsigned before = 0, after = 0;
	size_t size = sizeof(before), allocated;
	struct rill_ctx *ctx;
	struct rill_arena *a;
	void *mine, *shared;

	(void)state;
	if (rounds_under_valgrind()) /* which has its own malloc in the place of any */
		skip();
	assert_int_equal(mallctl("arenas.narenas", &before, &size, NULL, 0), 0);
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(rill_arena_create(&a, ctx, &o), 0);
	allocated = ask("stats.allocated");
	shared = rill_arena_alloc(a, 16 * MIB);
	assert_true(ask("stats.allocated") < allocated + MIB);
	mine = malloc(16 * MIB);
	assert_true(ask("stats.allocated") >= allocated + 16 * MIB);
	rill_arena_get_usage(a, &u);
	assert_int_equal(u.allocated, 16 * MIB);
	rill_arena_free(a, mine); /* not a block of that arena */
	rill_arena_free(a, shared);
	assert_true(malloc_usable_size(mine) >= 16 * MIB);
	free(mine);
	rill_ctx_destroy(ctx);
	assert_int_equal(mallctl("arenas.narenas", &after, &size, NULL, 0), 0);
	assert_int_equal(after, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_programs_jemalloc_and_ours_know_nothing_of_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77;
}

#endif
