/* tests/unit/wait/misuse.c - ctxs, loops, arenas and counters: what lacks a part, is out of its range, or is asked for before
 * there is anything to say. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/loops/notes.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"

#include <errno.h>
#include <rill/lock.h>
#include <rill/stats.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

static void a_loop_without_each_of_its_hooks_is_refused(void **state)
{
	struct rill_loop loop = notes_loop;
	struct notes notes = {0};
	struct rill_ctx *ctx;

	(void)state;
	assert_int_equal(rill_ctx_create(NULL, NULL), -EINVAL);
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(rill_ctx_attach(NULL, &notes_loop, &notes), -EINVAL);
	assert_int_equal(rill_ctx_attach(ctx, NULL, &notes), -EINVAL);
	loop.add = NULL;
	assert_int_equal(rill_ctx_attach(ctx, &loop, &notes), -EINVAL);
	loop = notes_loop;
	loop.update = NULL;
	assert_int_equal(rill_ctx_attach(ctx, &loop, &notes), -EINVAL);
	loop = notes_loop;
	loop.remove = NULL;
	assert_int_equal(rill_ctx_attach(ctx, &loop, &notes), -EINVAL);
	loop = notes_loop;
	loop.deadline = NULL;
	assert_int_equal(rill_ctx_attach(ctx, &loop, &notes), -EINVAL);
	loop = notes_loop;
	loop.size = 0;
	assert_int_equal(rill_ctx_attach(ctx, &loop, &notes), -EINVAL);
	assert_int_equal(rill_ctx_attach(ctx, &notes_loop, &notes), 0);
	rill_ctx_destroy(ctx);
}

static void times_and_budgets_of_any_size_are_taken(void **state)
{
	const struct rill_ctx_options o = {.size = sizeof(o),
	                                   .linger_ns = UINT64_MAX,
	                                   .budget = UINT32_MAX,
	                                   .session_budget = UINT32_MAX};
	struct rill_ctx *ctx;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, &o), 0);
	assert_int_equal(rill_ctx_dispatch_all(ctx), 0);
	rill_ctx_destroy(ctx);
}

/* ---- Arenas ----------------------------------------------------------------------------------------------------- */

static int with_allocator(struct rill_ctx *ctx, const struct rill_allocator *allocator)
{
	const struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB, .allocator = allocator};
	struct rill_arena *a;

	return rill_arena_create(&a, ctx, &o);
}

static void an_allocator_without_a_required_call_is_refused(void **state)
{
	const struct rill_allocator *pool = rill_pool_allocator();
	struct rill_allocator a;
	struct rill_ctx *ctx;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	a = *pool;
	a.create = NULL;
	assert_int_equal(with_allocator(ctx, &a), -EINVAL);
	a = *pool;
	a.destroy = NULL;
	assert_int_equal(with_allocator(ctx, &a), -EINVAL);
	a = *pool;
	a.alloc = NULL;
	assert_int_equal(with_allocator(ctx, &a), -EINVAL);
	a = *pool;
	a.free = NULL;
	assert_int_equal(with_allocator(ctx, &a), -EINVAL);
	a = *pool;
	a.find = NULL;
	assert_int_equal(with_allocator(ctx, &a), -EINVAL);
	a = *pool;
	a.size = 0;
	assert_int_equal(with_allocator(ctx, &a), -EINVAL);
	a = *pool; /* all that may be missing */
	a.resize = NULL;
	a.prepare = NULL;
	a.trim = NULL;
	a.release = NULL;
	a.allocated = NULL;
	assert_int_equal(with_allocator(ctx, &a), 0);
	rill_ctx_destroy(ctx);
}

static void places_that_are_none_are_refused(void **state)
{
	const uintptr_t at = 0x200000000000;
	const struct rill_arena_options bad[] = {
		{.base = at},
		{.window_begin = at},
		{.window_end = at},
		{.flags = RILL_ARENA_SAME_ADDRESS, .base = at, .window_begin = at},
		{.flags = RILL_ARENA_SAME_ADDRESS, .base = at, .window_end = at},
		{.flags = RILL_ARENA_SAME_ADDRESS, .base = at + 4096},
		{.flags = RILL_ARENA_SAME_ADDRESS, .base = UINT64_C(1) << 47},
		{.flags = RILL_ARENA_SAME_ADDRESS, .window_end = at},
		{.flags = RILL_ARENA_SAME_ADDRESS, .window_begin = at},
		{.flags = RILL_ARENA_SAME_ADDRESS, .window_begin = at, .window_end = at},
		{.flags = RILL_ARENA_SAME_ADDRESS, .window_begin = at, .window_end = at + 65536},
		{.flags = RILL_ARENA_SAME_ADDRESS, .window_begin = at, .window_end = (UINT64_C(1) << 47) + 1},
		{.flags = 1u << 20},
		{.capacity = ((size_t)1 << 40) + 1},
	};
	struct rill_ctx *ctx;
	struct rill_arena *a;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rill_arena_options o = bad[i];

		o.size = sizeof(o);
		o.capacity = o.capacity ? o.capacity : MIB;
		if (rill_arena_create(&a, ctx, &o) != -EINVAL)
			fail_msg("option set %u was taken", (unsigned)i);
	}
	rill_ctx_destroy(ctx);
}

static void blocks_and_arenas_of_nothing_are_refused(void **state)
{
	struct rill_arena_usage u = {.size = sizeof(u)};
	struct rill_ctx *ctx;
	struct rill_arena *a;
	char other[16];

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(rill_arena_create(&a, ctx, NULL), 0);
	assert_null(rill_arena_alloc(NULL, 8));
	assert_null(rill_arena_alloc_aligned(a, 3, 8));
	assert_null(rill_arena_alloc_with(NULL, 8, NULL, NULL));
	assert_null(rill_arena_realloc(NULL, NULL, 8));
	assert_null(rill_arena_realloc(a, other, 8));
	rill_arena_free(a, NULL);
	rill_arena_free(NULL, other);
	rill_arena_destroy(NULL);
	assert_int_equal(rill_arena_trim(NULL, 1), 0);
	rill_arena_get_usage(NULL, &u);
	rill_arena_get_usage(a, NULL);
	rill_arena_get_usage(a, &u);
	assert_int_equal(u.allocated, 0);
	assert_null(rill_arena_writer(NULL));
	assert_null(rill_arena_writer(a));
	assert_int_equal(rill_lock_try(NULL, NULL), -EINVAL);
	assert_int_equal(rill_lock_release(NULL, NULL), -EINVAL);
	assert_int_equal(rill_lock_mended(NULL, NULL), -EINVAL);
	assert_int_equal(rill_lock_reset(NULL, NULL), -EINVAL);
	rill_arena_destroy(a);
	rill_ctx_destroy(ctx);
}

/* ---- Counters --------------------------------------------------------------------------------------------------- */

static void the_counters_of_a_session_are_told_in_each_of_its_states(void **state)
{
	struct rill_stats stats = {.size = sizeof(stats)}, no_size = {0};
	char json[4096];
	struct pair p;

	(void)state;
	pair_start(&p, NULL); /* nobody has said anything */
	assert_true(rill_ctx_stats_json(p.a.ctx, json, sizeof(json)) > 0);
	assert_non_null(strstr(json, "\"uid\":-1"));
	assert_non_null(strstr(json, "\"live\":[]"));
	pair_run(&p);
	pair_channel(&p, "c");
	end_open(&p.a, "d");
	assert_true(rill_ctx_stats_json(p.a.ctx, json, sizeof(json)) > 0);
	assert_non_null(strstr(json, "\"name\":\"d\""));
	assert_int_equal(rill_ctx_stats_json(p.a.ctx, NULL, 0), strlen(json));
	assert_int_equal(rill_ctx_stats_json(p.a.ctx, NULL, 8), -EINVAL);
	assert_int_equal(rill_ctx_stats_json(NULL, json, sizeof(json)), -EINVAL);
	assert_int_equal(rill_session_stats(p.a.s, NULL), -EINVAL);
	assert_int_equal(rill_session_stats(p.a.s, &no_size), -EINVAL);
	assert_int_equal(rill_session_stats(NULL, &stats), -EINVAL);
	assert_int_equal(rill_channel_stats(NULL, &stats), -EINVAL);
	assert_int_equal(rill_ctx_stats(NULL, &stats), -EINVAL);
	assert_int_equal(rill_session_stats(p.a.s, &stats), 0);
	rill_channel_close(p.a.ch);
	assert_true(rill_ctx_stats_json(p.a.ctx, json, sizeof(json)) > 0);
	assert_null(strstr(json, "\"name\":\"d\""));
	rill_session_close(p.a.s);
	p.a.s = NULL;
	assert_true(rill_ctx_stats_json(p.a.ctx, json, sizeof(json)) > 0);
	pair_run(&p);
	pair_stop(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_loop_without_each_of_its_hooks_is_refused),     T(times_and_budgets_of_any_size_are_taken),
		T(an_allocator_without_a_required_call_is_refused), T(places_that_are_none_are_refused),
		T(blocks_and_arenas_of_nothing_are_refused),        T(the_counters_of_a_session_are_told_in_each_of_its_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
