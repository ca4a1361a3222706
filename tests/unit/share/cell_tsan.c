/* tests/unit/share/cell_tsan.c - a cell between threads at full speed: no version is seen half, none is used again while it is
 * read, no read is tried twice, and what the writer holds is bounded.
 *
 * All are in one address space and each block is mapped once, so a thread sanitizer sees both sides of each access: the bytes
 * of a version are plain memory, written again and again by the owner as he thinks that it is free. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "share/versions.h"
#include "tests/support/leaks.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READERS 3
#define SLOTS_MAX 8
#define WORDS 24 /* of a version */

struct version_bytes {
	uint64_t word[WORDS];
};

struct reader {
	struct version_reader versions;
	struct service_mark mark;
	const _Atomic bool *stop;
	unsigned dawdle;
	uint64_t random, last;
	_Atomic uint64_t reads;
	const char *wrong;
};

struct writer {
	struct versions versions;
	struct service_cell *cell;
	struct version_bytes *bytes; /* one for each slot */
	struct pinner pinner[READERS];
	unsigned slots;
	uint64_t published, refused;
	unsigned most_old;
};

/* ---- A reader -------------------------------------------------------------------------------------------------- */

static void dawdle(struct reader *r)
{
	for (uint64_t n = rounds_random(&r->random) & r->dawdle; n; n--)
		atomic_signal_fence(memory_order_seq_cst);
}

static const char *look(struct reader *r, const struct version *v)
{
	const struct version_bytes *b = v->data;

	if (v->len != sizeof(*b) || v->number < r->last)
		return "an older version after a newer one";
	r->last = v->number;
	for (unsigned i = 0; i < WORDS; i++) {
		if (b->word[i] != v->number * (i + 1))
			return "a mixture, or another version than it says";
		if (i == WORDS / 2)
			dawdle(r);
	}
	return NULL;
}

static void *reader_main(void *arg)
{
	struct reader *r = arg;
	struct version v;

	while (!r->wrong && !atomic_load_explicit(r->stop, memory_order_relaxed)) {
		int e = version_take(&r->versions, &v);

		if (e == -ENODATA)
			continue;
		r->reads++;
		r->wrong = e < 0 ? "a read that did not succeed at once" : look(r, &v);
		if (e == 0 && version_done(&r->versions) < 0)
			r->wrong = "a version that was taken away";
		(void)version_wanted(&r->versions);
		dawdle(r);
	}
	return NULL;
}

/* ---- The writer ------------------------------------------------------------------------------------------------ */

static void settle(struct writer *w, uint64_t fresh)
{
	uint64_t pins = 0;

	for (unsigned i = 0; i < READERS; i++) {
		pinner_look(&w->pinner[i], fresh, 0);
		pins |= w->pinner[i].pins;
	}
	for (unsigned i = 0; i < w->slots; i++) {
		if (!(w->versions.old & ~pins & UINT64_C(1) << i))
			continue;
		versions_free(&w->versions, i);
		memset(&w->bytes[i], 0xdd, sizeof(w->bytes[i]));
	}
}

/* The version of the slot that publish will choose is written beside the current one before. */
static void publish(struct writer *w)
{
	uint64_t room = ~(w->versions.old | w->versions.current) & ((UINT64_C(1) << w->slots) - 1), fresh;
	unsigned slot, old = (unsigned)__builtin_popcountll(w->versions.old);

	w->most_old = old > w->most_old ? old : w->most_old;
	if (!room) {
		w->refused++;
		settle(w, 0);
		return;
	}
	slot = versions_first(room);
	w->published++;
	for (unsigned i = 0; i < WORDS; i++)
		w->bytes[slot].word[i] = w->published * (i + 1);
	assert_int_equal(versions_publish(&w->versions, slot * sizeof(*w->bytes), sizeof(*w->bytes), &fresh), slot);
	settle(w, fresh);
}

static bool all_have_read(const struct reader *readers)
{
	for (unsigned i = 0; i < READERS; i++)
		if (!readers[i].reads && !readers[i].wrong)
			return false;
	return true;
}

static void run(unsigned slots, unsigned slow, unsigned rounds)
{
	static struct version_bytes bytes[SLOTS_MAX];
	uint64_t seed = rounds_seed();
	_Atomic bool stop = false;
	struct reader readers[READERS] = {0};
	struct writer w = {.slots = slots, .bytes = bytes};
	pthread_t thread[READERS];

	w.cell = aligned_alloc(64, 4096);
	assert_non_null(w.cell);
	versions_begin(&w.versions, w.cell, slots);
	for (unsigned i = 0; i < READERS; i++) {
		struct reader *r = &readers[i];

		r->versions = (struct version_reader){.mark = &r->mark, .base = (void *)bytes, .capacity = sizeof(bytes)};
		assert_int_equal(version_reader_begin(&r->versions, w.cell, versions_size(slots)), 0);
		r->stop = &stop;
		r->random = rounds_random(&seed);
		r->dawdle = i < slow ? 0xfff : 0xf;
		w.pinner[i].mark = (peer_words)&r->mark.mark;
	}
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader_main, &readers[i]), 0);
	for (unsigned i = 0; i < rounds || !all_have_read(readers); i++) {
		publish(&w);
		if (i % 1024 == 0)
			sched_yield(); /* few processors: all are to run */
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < READERS; i++) {
		if (readers[i].wrong)
			fail_msg("reader %u, read %llu: %s", i, (unsigned long long)readers[i].reads, readers[i].wrong);
		assert_true(readers[i].reads > 0);
	}
	settle(&w, 0);
	assert_int_equal(w.versions.old, 0); /* nobody reads any more */
	assert_true(w.most_old < slots && w.published > 0);
	free(w.cell);
}

#define ROUNDS rounds_of(10000, 50000, 20000000)

static void two_versions_at_full_speed(void **state)
{
	(void)state;
	run(2, 0, ROUNDS);
}

static void some_versions_with_slow_readers(void **state)
{
	(void)state;
	run(4, 2, ROUNDS);
}

static void more_versions_than_readers_never_wait(void **state)
{
	(void)state;
	run(8, 3, ROUNDS);
}

static void *nothing(void *arg)
{
	return arg;
}

/* A thread sanitizer starts one of its own with the first: it shall not count as a leak. */
static int first_thread(void **state)
{
	pthread_t t;

	(void)state;
	return pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(two_versions_at_full_speed, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(some_versions_with_slow_readers, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(more_versions_than_readers_never_wait, leaks_setup, leaks_teardown),
	};

	return cmocka_run_group_tests(tests, first_thread, NULL);
}
