/* tests/unit/bench/hist.c - the benchmark's histogram: how exact it is, and that nothing is lost. */
#include "tests/bench/hist.h"
#include "tests/support/rounds.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void buckets_are_adjacent_and_hold_their_bounds(void **state)
{
	(void)state;
	for (unsigned b = 0; b < HIST_BUCKETS; b++) {
		assert_int_equal(hist_bucket(hist_low(b)), b);
		assert_int_equal(hist_bucket(hist_high(b)), b);
		if (b > 0)
			assert_int_equal(hist_low(b), hist_high(b - 1) + 1);
	}
}

static void a_bucket_is_one_128th_wide_at_most(void **state)
{
	(void)state;
	for (unsigned b = 0; b < HIST_BUCKETS; b++)
		assert_true((hist_high(b) - hist_low(b)) * 128 <= hist_low(b));
}

static void what_is_too_large_counts_as_the_largest(void **state)
{
	(void)state;
	assert_int_equal(hist_bucket(UINT64_MAX), HIST_BUCKETS - 1);
	assert_int_equal(hist_high(HIST_BUCKETS - 1), (UINT64_C(1) << HIST_TOP) - 1);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Against the sorted values themselves, of all magnitudes. */
static void quantiles_are_within_a_bucket_of_the_exact_ones(void **state)
{
	static const double shares[] = {0.001, 0.1, 0.5, 0.9, 0.99, 0.999};
	struct hist *h = calloc(1, sizeof(*h));
	uint64_t seed = rounds_seed(), values[4001];

	(void)state;
	for (size_t i = 0; i < 4001; i++) {
		values[i] = rounds_random(&seed) >> (24 + rounds_random(&seed) % 40);
		hist_add(h, values[i]);
	}
	qsort(values, 4001, sizeof(*values), by_value);
	for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
		uint64_t exact = values[(size_t)(shares[i] * 4001)], got = hist_at(h, shares[i]);
		uint64_t apart = got > exact ? got - exact : exact - got;

		assert_true(apart * 128 <= exact + 128);
	}
	assert_int_equal(hist_at(h, 0), values[0]);
	assert_int_equal(hist_at(h, 1), values[4000]);
	free(h);
}

static void merging_is_the_same_as_adding_to_one(void **state)
{
	struct hist *parts = calloc(3, sizeof(*parts));
	uint64_t seed = rounds_seed();

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		uint64_t value = rounds_random(&seed) >> 40;

		hist_add(&parts[i % 2], value);
		hist_add(&parts[2], value);
	}
	hist_merge(&parts[0], &parts[1]);
	assert_memory_equal(&parts[0], &parts[2], sizeof(*parts));
	free(parts);
}

static void nothing_gives_zero_and_merging_it_changes_nothing(void **state)
{
	struct hist *h = calloc(2, sizeof(*h));

	(void)state;
	assert_int_equal(hist_at(&h[0], 0.5), 0);
	hist_add(&h[0], 7);
	hist_merge(&h[0], &h[1]);
	assert_int_equal(h[0].count, 1);
	assert_int_equal(h[0].min, 7);
	free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_are_adjacent_and_hold_their_bounds),
		cmocka_unit_test(a_bucket_is_one_128th_wide_at_most),
		cmocka_unit_test(what_is_too_large_counts_as_the_largest),
		cmocka_unit_test(quantiles_are_within_a_bucket_of_the_exact_ones),
		cmocka_unit_test(merging_is_the_same_as_adding_to_one),
		cmocka_unit_test(nothing_gives_zero_and_merging_it_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
