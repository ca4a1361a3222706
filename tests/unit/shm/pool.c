/* tests/unit/shm/pool.c - the built-in allocator, over a space that keeps book of its pages. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"
#include "space.h"
#include "tests/support/rounds.h"

#define PAGE (64 * KIB)

static void begin(struct world *w, size_t capacity)
{
	begin_with(w, rill_pool_allocator(), capacity, PAGE);
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

static void all_calls_are_there(void **state)
{
	const struct rill_allocator *a = rill_pool_allocator();

	(void)state;
	assert_int_equal(a->size, sizeof(*a));
	assert_true(a->name && a->create && a->destroy && a->alloc && a->free);
	assert_true(a->resize && a->find && a->prepare && a->trim);
}

static void a_space_of_no_page_or_above_a_tebibyte_is_refused(void **state)
{
	struct rill_space space = {.size = sizeof(space), .reserve = reserve, .unreserve = unreserve};
	void *self;

	(void)state;
	assert_int_equal(rill_pool_allocator()->create(&self, &space), -EINVAL);
	space.capacity = 1024 * GIB + PAGE;
	assert_int_equal(rill_pool_allocator()->create(&self, &space), -EINVAL);
}

/* ---- places ---------------------------------------------------------------------------------------------------- */

static void classes_waste_at_most_a_third_of_a_big_object_and_an_eighth_of_a_small_one(void **state)
{
	struct world w;
	size_t len;

	(void)state;
	begin(&w, 16 * MIB);
	for (len = 1; len <= 32 * KIB; len++) {
		char *block = take(&w, 16, len);
		size_t limit = len <= 128 ? len + 15 : len <= 8 * KIB ? len + len / 8 + 1 : len * 3 / 2 + 128;

		assert_true(length(&w, block) <= limit);
		give(&w, block);
	}
	end(&w);
}

static void every_alignment_is_kept(void **state)
{
	struct world w;
	size_t alignment, len;

	(void)state;
	begin(&w, 64 * MIB);
	for (alignment = 16; alignment <= 8 * MIB; alignment *= 2) {
		for (len = 1; len <= 2 * MIB; len = len * 3 + 1) {
			char *first = take(&w, alignment, len), *second = take(&w, alignment, len);

			assert_non_null(first);
			assert_non_null(second);
			assert_int_equal((uintptr_t)first % alignment, 0);
			assert_int_equal((uintptr_t)second % alignment, 0);
			assert_true(length(&w, first) >= len);
			assert_true(second >= first + len || first >= second + len);
			give(&w, first);
			give(&w, second);
		}
	}
	assert_non_null(take(&w, 16, 64 * MIB));
	end(&w);
}

static void an_aligned_block_fits_where_only_it_fits(void **state)
{
	struct world w;
	char *block;

	(void)state;
	begin(&w, 4 * MIB); /* begins 64 KiB above a multiple of 2 MiB */
	block = take(&w, 2 * MIB, 2 * MIB);
	assert_ptr_equal(block, w.base + 2 * MIB - PAGE);
	assert_ptr_equal(take(&w, 2 * MIB, PAGE), w.base + 4 * MIB - PAGE);
	assert_null(take(&w, 2 * MIB, PAGE));
	end(&w);
}

static void the_same_calls_give_the_same_places(void **state)
{
	struct world w[2];
	char *block[2][256] = {{0}};
	uint64_t seed = rounds_seed();
	int i, k;

	(void)state;
	begin(&w[0], 64 * MIB);
	begin(&w[1], 64 * MIB);
	for (i = 0; i < 20000; i++) {
		uint64_t r = rounds_random(&seed);
		size_t at = r % 256, len = (r >> 8) % (r & 1 << 30 ? 512 : 200000) + 1;

		for (k = 0; k < 2; k++) {
			if (block[k][at])
				give(&w[k], block[k][at]);
			block[k][at] = take(&w[k], 16, len);
		}
		assert_int_equal(block[0][at] - w[0].base, block[1][at] - w[1].base);
	}
	end(&w[0]);
	end(&w[1]);
}

/* ---- find ------------------------------------------------------------------------------------------------------ */

static void find_from_deep_inside_a_long_run(void **state)
{
	struct world w;
	char *small, *big, *after;
	void *block;
	size_t len, at;

	(void)state;
	begin(&w, 20 * GIB); /* more than 64 * 64 pages: three tiers */
	small = take(&w, 16, PAGE);
	big = take(&w, 16, 18 * GIB);
	after = take(&w, 16, PAGE);
	assert_true(small && big && after);
	for (at = 0; at < 18 * GIB; at += 123 * MIB + 4567) {
		assert_int_equal(w.a->find(w.self, big + at, &block, &len), 0);
		assert_ptr_equal(block, big);
	}
	assert_int_equal(w.a->find(w.self, big + 18 * GIB - 1, &block, &len), 0);
	assert_int_equal(w.a->find(w.self, big + 18 * GIB, &block, &len), 0);
	assert_ptr_equal(block, after);
	give(&w, big);
	assert_int_equal(w.a->find(w.self, big + 9 * GIB, &block, &len), -ENOENT);
	end(&w);
}

/* ---- use and reuse --------------------------------------------------------------------------------------------- */

static void all_of_the_capacity_can_be_used_and_used_again(void **state)
{
	char *block[256];
	struct world w;
	size_t i;

	(void)state;
	begin(&w, 16 * MIB);
	for (i = 0; i < 256; i++)
		assert_non_null(block[i] = take(&w, 16, PAGE));
	assert_null(take(&w, 16, 1));
	for (i = 0; i < 256; i++)
		give(&w, block[i * 37 % 256]);
	block[0] = take(&w, 16, 16 * MIB);
	assert_ptr_equal(block[0], w.base);
	give(&w, block[0]);
	end(&w);
}

static void a_run_that_just_fits_is_found(void **state)
{
	struct world w;
	size_t pages;

	(void)state;
	for (pages = 1; pages < 200; pages++) {
		char *left, *wall;

		begin(&w, (pages + 1) * PAGE);
		left = take(&w, 16, pages * PAGE);
		wall = take(&w, 16, PAGE);
		assert_non_null(wall);
		give(&w, left);
		assert_ptr_equal(take(&w, 16, pages * PAGE), left);
		end(&w);
	}
}

static void empty_slabs_do_not_stand_in_the_way(void **state)
{
	struct world w;
	size_t len;

	(void)state;
	begin(&w, 4 * MIB);
	for (len = 16; len <= 32 * KIB; len += len / 8 + 16)
		give(&w, take(&w, 16, len)); /* each class keeps a slab */
	assert_non_null(take(&w, 16, 4 * MIB));
	end(&w);
}

static void objects_of_a_full_slab_come_back(void **state)
{
	static char *block[2 * 4096];
	struct world w;
	size_t i;

	(void)state;
	begin(&w, 2 * PAGE);
	for (i = 0; i < 2 * 4096; i++)
		assert_non_null(block[i] = take(&w, 16, 16));
	assert_null(take(&w, 16, 16));
	for (i = 0; i < 2 * 4096; i += 2)
		give(&w, block[i]);
	for (i = 0; i < 4096; i++)
		assert_non_null(take(&w, 16, 16));
	assert_null(take(&w, 16, 16));
	end(&w);
}

static void no_memory_is_null_and_changes_nothing(void **state)
{
	struct world w;
	char *block;

	(void)state;
	begin(&w, MIB);
	w.refuse = true;
	assert_null(take(&w, 16, 100));
	assert_null(take(&w, 16, 500 * KIB));
	assert_int_equal(w.a->prepare(w.self, PAGE), 0);
	w.refuse = false;
	block = take(&w, 16, PAGE);
	w.refuse = true;
	assert_int_equal(w.a->resize(w.self, block, MIB), -ENOMEM);
	assert_int_equal(length(&w, block), PAGE);
	w.refuse = false;
	assert_int_equal(w.a->resize(w.self, block, MIB), 0);
	end(&w);
}

static void where_a_step_is_too_much_one_page_will_do(void **state)
{
	struct world w;

	(void)state;
	begin(&w, MIB);
	w.limit = 2;
	assert_non_null(take(&w, 16, PAGE));
	assert_non_null(take(&w, 16, PAGE));
	assert_null(take(&w, 16, PAGE));
	assert_int_equal(w.fresh, 2);
	end(&w);
}

static void many_runs_that_are_too_short_do_not_hide_one_that_fits(void **state)
{
	char *run[40], *longer;
	struct world w;
	size_t i;

	(void)state;
	begin(&w, 128 * MIB);
	longer = take(&w, 16, 40 * PAGE);
	for (i = 0; i < 40; i++) {
		assert_non_null(take(&w, 16, PAGE)); /* a wall */
		run[i] = take(&w, 16, 32 * PAGE);
	}
	while (take(&w, 16, PAGE))
		;
	for (i = 0; i < 40; i++)
		give(&w, run[i]);
	give(&w, longer);
	assert_ptr_equal(take(&w, 16, 33 * PAGE), longer);
	assert_null(take(&w, 16, 33 * PAGE));
	end(&w);
}

/* ---- resize ---------------------------------------------------------------------------------------------------- */

static void a_run_grows_and_shrinks_in_place(void **state)
{
	struct world w;
	char *block, *next;

	(void)state;
	begin(&w, 2 * MIB);
	block = take(&w, 16, 3 * PAGE);
	memset(block, 7, 3 * PAGE);
	assert_int_equal(w.a->resize(w.self, block, 10 * PAGE), 0);
	assert_int_equal(length(&w, block + 9 * PAGE), 10 * PAGE);
	assert_true(w.reserved[9]);
	assert_int_equal(block[3 * PAGE - 1], 7);
	assert_int_equal(w.a->resize(w.self, block, 1), 0);
	assert_int_equal(length(&w, block), PAGE);
	assert_int_equal(length(&w, block + PAGE), 0);
	next = take(&w, 16, PAGE);
	assert_ptr_equal(next, block + PAGE);
	assert_int_equal(w.a->resize(w.self, block, 2 * PAGE), -ENOMEM);
	give(&w, next);
	assert_int_equal(w.a->resize(w.self, block, 2 * MIB), 0);
	assert_int_equal(w.a->resize(w.self, block, 2 * MIB + 1), -ENOMEM);
	give(&w, block);
	assert_non_null(take(&w, 16, 2 * MIB));
	end(&w);
}

static void an_object_is_resized_within_its_class(void **state)
{
	struct world w;
	char *block;

	(void)state;
	begin(&w, MIB);
	block = take(&w, 16, 1000);
	assert_int_equal(w.a->resize(w.self, block, 1024), 0);
	assert_int_equal(w.a->resize(w.self, block, 1), 0);
	assert_int_equal(w.a->resize(w.self, block, 1025), -ENOMEM);
	end(&w);
}

/* ---- pages ----------------------------------------------------------------------------------------------------- */

static void what_is_prepared_needs_no_more_memory(void **state)
{
	struct world w;
	size_t i;

	(void)state;
	begin(&w, 16 * MIB);
	assert_int_equal(w.a->prepare(w.self, 4 * PAGE - 100), 4 * PAGE);
	assert_int_equal(w.a->prepare(w.self, 4 * PAGE), 0);
	assert_int_equal(w.fresh, 4);
	for (i = 1; i <= 4; i++) {
		size_t before = w.reserves;

		assert_non_null(take(&w, 16, PAGE));
		assert_int_equal(w.reserves, before + 1); /* it is seen that it is used up */
		assert_int_equal(w.fresh, 4);
	}
	assert_int_equal(w.a->prepare(w.self, 2 * PAGE), 2 * PAGE);
	assert_int_equal(w.a->prepare(w.self, SIZE_MAX), 10 * PAGE + 15 * MIB);
	assert_int_equal(w.fresh, 256);
	end(&w);
}

static void alloc_reserves_in_steps_of_256_kib(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 16 * MIB);
	assert_non_null(take(&w, 16, 1));
	assert_int_equal(w.fresh, 4);
	assert_non_null(take(&w, 16, 10 * PAGE));
	assert_int_equal(w.fresh, 11);
	end(&w);
}

static void used_pages_are_used_again_before_new_ones(void **state)
{
	char *block[64];
	struct world w;
	size_t i, before;

	(void)state;
	begin(&w, 16 * MIB);
	for (i = 0; i < 64; i++)
		block[i] = take(&w, 16, PAGE);
	for (i = 0; i < 64; i += 2)
		give(&w, block[i]);
	before = w.reserves;
	for (i = 0; i < 32; i++)
		assert_non_null(take(&w, 16, 1 + (i % 10) * 3000));
	assert_int_equal(w.reserves, before);
	end(&w);
}

static void a_backed_run_is_used_before_one_that_fits_better(void **state)
{
	struct world w;
	char *hole, *backed;

	(void)state;
	begin(&w, MIB);
	hole = take(&w, 16, PAGE);
	assert_non_null(take(&w, 16, PAGE));
	backed = take(&w, 16, 5 * PAGE);
	assert_non_null(take(&w, 16, PAGE));
	give(&w, hole);
	w.a->trim(w.self, SIZE_MAX);
	give(&w, backed);
	assert_ptr_equal(take(&w, 16, PAGE), backed);
	end(&w);
}

static void a_run_that_was_freed_is_no_block_and_the_next_of_its_length(void **state)
{
	char *block[8];
	struct world w;
	size_t before;

	(void)state;
	begin(&w, MIB);
	for (size_t i = 0; i < 8; i++)
		block[i] = take(&w, 16, 2 * PAGE);
	before = w.a->allocated(w.self);
	for (size_t i = 0; i < 8; i++) {
		give(&w, block[i]);
		assert_int_equal(length(&w, block[i] + PAGE), 0);
		assert_int_equal(w.a->release(w.self, block[i]), -ENOENT);
		assert_int_equal(w.a->allocated(w.self), before - (i + 1) * 2 * PAGE);
	}
	for (size_t i = 8; i-- > 0;)
		assert_ptr_equal(take(&w, 16, 2 * PAGE), block[i]);
	end(&w);
}

static void runs_that_were_freed_are_joined_before_more_memory_is_asked_for(void **state)
{
	char *block[8];
	struct world w;
	size_t before;

	(void)state;
	begin(&w, 16 * MIB);
	for (size_t i = 0; i < 8; i++)
		block[i] = take(&w, 16, PAGE);
	for (size_t i = 0; i < 8; i++)
		give(&w, block[i]);
	before = w.reserves;
	assert_ptr_equal(take(&w, 16, 8 * PAGE), block[0]);
	assert_int_equal(w.reserves, before);
	end(&w);
}

static void a_run_grows_over_what_was_freed_beside_it(void **state)
{
	struct world w;
	char *block, *beside;

	(void)state;
	begin(&w, MIB);
	block = take(&w, 16, PAGE);
	beside = take(&w, 16, PAGE);
	assert_ptr_equal(beside, block + PAGE);
	give(&w, beside);
	assert_int_equal(w.a->resize(w.self, block, 2 * PAGE), 0);
	assert_int_equal(length(&w, beside), 2 * PAGE);
	assert_ptr_not_equal(take(&w, 16, PAGE), beside);
	end(&w);
}

static void trim_gives_back_what_no_block_uses_the_highest_first(void **state)
{
	char *block[16];
	struct world w;
	size_t i;

	(void)state;
	begin(&w, MIB);
	for (i = 0; i < 16; i++)
		block[i] = memset(take(&w, 16, PAGE), 1, PAGE);
	for (i = 0; i < 16; i++)
		if (i != 5 && i != 12)
			give(&w, block[i]);
	assert_int_equal(w.a->trim(w.self, PAGE - 1), 0);
	assert_int_equal(w.a->trim(w.self, 2 * PAGE + 5), 2 * PAGE);
	assert_true(!w.reserved[15] && !w.reserved[14] && w.reserved[13]);
	assert_int_equal(w.a->trim(w.self, SIZE_MAX), 12 * PAGE);
	for (i = 0; i < 16; i++)
		assert_int_equal(w.reserved[i], i == 5 || i == 12);
	assert_int_equal(block[5][PAGE - 1], 1);
	assert_int_equal(w.a->trim(w.self, SIZE_MAX), 0);
	assert_non_null(take(&w, 16, 5 * PAGE));
	assert_true(w.reserved[0] && w.reserved[4]);
	end(&w);
}

static void trim_takes_empty_slabs_and_stops_where_the_system_refuses(void **state)
{
	struct world w;

	(void)state;
	begin(&w, MIB);
	give(&w, take(&w, 16, 100));
	give(&w, take(&w, 16, 1000));
	w.refuse = true;
	assert_int_equal(w.a->trim(w.self, SIZE_MAX), 0);
	w.refuse = false;
	assert_int_equal(w.a->trim(w.self, SIZE_MAX), 4 * PAGE);
	end(&w);
}

static void a_tebibyte_costs_what_is_used(void **state)
{
	struct rill_space space = {.size = sizeof(space), .reserve = reserve, .unreserve = unreserve};
	struct world w = {.a = rill_pool_allocator(), .capacity = 1024 * GIB, .unit = PAGE};
	size_t before = leaks_resident();
	char *low, *high;

	(void)state;
	if (rounds_under_valgrind() || rounds_under_sanitizer())
		skip();
	w.reserved = mmap(NULL, w.capacity / PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	w.base = (char *)((uintptr_t)1 << 44); /* no memory is there: the allocator never touches it */
	space.base = w.base;
	space.capacity = w.capacity;
	space.space = &w;
	assert_int_equal(w.a->create(&w.self, &space), 0);
	low = take(&w, 16, 100);
	w.refuse = true;
	assert_null(take(&w, 16, w.capacity));
	assert_null(take(&w, 16, w.capacity - PAGE)); /* would fit */
	w.refuse = false;
	high = take(&w, GIB, PAGE);
	assert_int_equal((uintptr_t)high % GIB, 0);
	assert_int_equal(length(&w, low + 50), 112);
	assert_int_equal(length(&w, high + 50), PAGE);
	assert_true(leaks_resident() < before + 2 * MIB);
	w.a->destroy(w.self);
	munmap(w.reserved, w.capacity / PAGE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_calls_are_there),
		T(a_space_of_no_page_or_above_a_tebibyte_is_refused),
		T(classes_waste_at_most_a_third_of_a_big_object_and_an_eighth_of_a_small_one),
		T(every_alignment_is_kept),
		T(an_aligned_block_fits_where_only_it_fits),
		T(the_same_calls_give_the_same_places),
		T(find_from_deep_inside_a_long_run),
		T(all_of_the_capacity_can_be_used_and_used_again),
		T(a_run_that_just_fits_is_found),
		T(empty_slabs_do_not_stand_in_the_way),
		T(objects_of_a_full_slab_come_back),
		T(no_memory_is_null_and_changes_nothing),
		T(where_a_step_is_too_much_one_page_will_do),
		T(many_runs_that_are_too_short_do_not_hide_one_that_fits),
		T(a_run_grows_and_shrinks_in_place),
		T(an_object_is_resized_within_its_class),
		T(what_is_prepared_needs_no_more_memory),
		T(alloc_reserves_in_steps_of_256_kib),
		T(used_pages_are_used_again_before_new_ones),
		T(a_backed_run_is_used_before_one_that_fits_better),
		T(a_run_that_was_freed_is_no_block_and_the_next_of_its_length),
		T(runs_that_were_freed_are_joined_before_more_memory_is_asked_for),
		T(a_run_grows_over_what_was_freed_beside_it),
		T(trim_gives_back_what_no_block_uses_the_highest_first),
		T(trim_takes_empty_slabs_and_stops_where_the_system_refuses),
		T(a_tebibyte_costs_what_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
