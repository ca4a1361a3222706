/* tests/unit/data/hand_over_tsan.c - owner and reader as two threads on one mapping, for the thread sanitizer: a structure
 * that is finished when it is handed over is read without a race, and one that still changes is walked without harm. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "tests/support/rounds.h"
#include "tests/support/sample.h"

#define BLOCKS 4

/* The owner builds in the next block and says so; the reader says when it is through. As messages and their release do. */
static struct {
	_Alignas(16) unsigned char blocks[BLOCKS][SAMPLE_BYTES];
	_Atomic size_t built, read; /* by the owner, by the reader */
	size_t rounds;
	int wrong;
} shared;

static void *read_all(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < shared.rounds; i++) {
		while (atomic_load_explicit(&shared.built, memory_order_acquire) <= i)
			sched_yield();
		if (sample_walk(shared.blocks[i % BLOCKS], SAMPLE_BYTES) != sample_count(1 + i % SAMPLE_ENTRIES))
			shared.wrong++;
		atomic_store_explicit(&shared.read, i + 1, memory_order_release);
	}
	return NULL;
}

static void what_is_handed_over_is_read_without_a_race(void **state)
{
	pthread_t reader;

	(void)state;
	shared.rounds = rounds_of(50, 500, 20000);
	assert_int_equal(pthread_create(&reader, NULL, read_all, NULL), 0);
	for (size_t i = 0; i < shared.rounds; i++) {
		struct rill_bump bump;
		struct rill_heap heap = rill_bump_heap(&bump);

		while (atomic_load_explicit(&shared.read, memory_order_acquire) + BLOCKS <= i)
			sched_yield();
		rill_bump_init(&bump, shared.blocks[i % BLOCKS], SAMPLE_BYTES);
		assert_non_null(sample_build(&heap, 1 + i % SAMPLE_ENTRIES));
		atomic_store_explicit(&shared.built, i + 1, memory_order_release);
	}
	assert_int_equal(pthread_join(reader, NULL), 0);
	assert_int_equal(shared.wrong, 0);
}

/* The links of a ring of nodes are turned about by the owner while the reader goes round: each load and store of a pointer
 * is one access. */
#define NODES 16

static struct sample_node ring[NODES];
static atomic_bool over;

static void *go_round(void *arg)
{
	size_t *seen = arg;

	do {
		const struct sample_node *n = &ring[0];
		struct rill_view v;

		rill_view_init(&v, ring, sizeof(ring));
		while ((n = rill_view_get(&v, &n->other)))
			++*seen;
		shared.wrong += v.error != -ELOOP; /* the range holds every node: there is no other end */
	} while (!atomic_load(&over));
	return NULL;
}

static void a_pointer_that_changes_is_the_old_or_the_new(void **state)
{
	uint64_t random = rounds_seed();
	pthread_t reader;
	size_t seen = 0;

	(void)state;
	for (size_t i = 0; i < NODES; i++)
		rill_rel_set(&ring[i].other, &ring[(i + 1) % NODES]);
	assert_int_equal(pthread_create(&reader, NULL, go_round, &seen), 0);
	for (size_t i = rounds_of(10000, 300000, 3000000); i; i--)
		rill_rel_set(&ring[rounds_random(&random) % NODES].other, &ring[rounds_random(&random) % NODES]);
	atomic_store(&over, true);
	assert_int_equal(pthread_join(reader, NULL), 0);
	assert_true(seen > 0);
	assert_int_equal(shared.wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_handed_over_is_read_without_a_race),
		cmocka_unit_test(a_pointer_that_changes_is_the_old_or_the_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
