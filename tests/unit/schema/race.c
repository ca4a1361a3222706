/* tests/unit/schema/race.c - a peer process that changes pointers, sizes and tags of the message it lent all the time, while
 * we read, copy and canonicalise. Each segment ends at a page that cannot be touched, and we cannot write to any: a step
 * outside is a crash, and so is a word that we change. race_broken.c shows that this driver notices. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/support/child.h"
#include "tests/support/rounds.h"
#include "tests/support/traverse.h"

#define PAGE 4096
#define WORDS (PAGE / 8)
#define SEGMENTS 3
#define TAIL 48 /* words of a segment, up to the guard page */

/* A page for each segment, each between two that cannot be touched; of the peer and of us. */
static unsigned char *shared;
static struct rill_segment segments[SEGMENTS];
static size_t used;

static uint64_t *tail_of(size_t i)
{
	return (uint64_t *)(void *)(shared + (2 * i + 1) * PAGE) + WORDS - TAIL;
}

static void map_shared(void)
{
	size_t i;

	shared = mmap(NULL, (2 * SEGMENTS + 1) * PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	for (i = 0; i < SEGMENTS; i++)
		assert_int_equal(mprotect(tail_of(i) + TAIL - WORDS, PAGE, PROT_READ | PROT_WRITE), 0);
}

static void *take(void *user, size_t least, size_t *words)
{
	(void)user;
	assert_true(least <= TAIL && used < SEGMENTS);
	*words = TAIL;
	return tail_of(used++);
}

/* A message that fills its segments to the last word, with lists of all shapes and far pointers between. */
static void build(void)
{
	struct rill_builder_options options = {.size = sizeof(options), .take = take};
	struct rill_struct_builder s;
	struct rill_list_builder l;
	struct rill_builder b;
	size_t i, left;

	assert_int_equal(rill_builder_init(&b, &options), 0);
	s = rill_slot_init_struct(rill_builder_root(&b), 1, 5);
	l = rill_slot_init_structs(rill_struct_slot(s, 0), 3, 1, 1);
	for (i = 0; i < 3; i++)
		rill_slot_set_text(rill_list_slot(l, i), "text", 4);
	l = rill_slot_init_list(rill_struct_slot(s, 1), RILL_LIST_POINTER, 3);
	for (i = 0; i < 3; i++)
		rill_slot_init_list(rill_list_slot(l, i), RILL_LIST_4BYTES, 4);
	s = rill_slot_init_struct(rill_struct_slot(s, 2), 2, 3);
	for (i = 0; i < 2; i++) {
		l = rill_slot_init_structs(rill_struct_slot(s, 0), 4, 2, 1);
		s = rill_slot_init_struct(rill_struct_slot(s, 1), 2, 3);
	}
	l = rill_slot_init_list(rill_struct_slot(s, 0), RILL_LIST_BIT, 100);
	/* to the last word of the last segment */
	while (b.count < SEGMENTS || b.segments[b.count - 1].count < TAIL) {
		left = TAIL - b.segments[b.count - 1].count;
		if (left && left < 4)
			rill_slot_init_struct(rill_struct_slot(s, 1), left, 0);
		else
			s = rill_slot_init_struct(rill_struct_slot(s, 2), 1, 3);
	}
	assert_int_equal(rill_builder_error(&b), 0);
	assert_int_equal(b.count, SEGMENTS);
	memcpy(segments, b.segments, sizeof(segments));
	rill_builder_finish(&b);
	for (i = 0; i < SEGMENTS; i++)
		segments[i].count = TAIL;
}

/* We only look from now on; the peer has its own rights. */
static void look_only(void)
{
	size_t i;

	for (i = 0; i < SEGMENTS; i++)
		assert_int_equal(mprotect(tail_of(i) + TAIL - WORDS, PAGE, PROT_READ), 0);
}

/* What is not zero: pointers, tags, text. */
static size_t find_words(volatile uint64_t **ret)
{
	size_t i, w, n = 0;

	for (i = 0; i < SEGMENTS; i++) {
		for (w = 0; w < TAIL; w++) {
			if (tail_of(i)[w])
				ret[n++] = &tail_of(i)[w];
		}
	}
	return n;
}

/* One bit of one word there and back, some hundred times, then another one, for ever: whoever loads a word twice and acts on
 * both has a good chance to get two answers. */
static int flip(struct child *self, void *arg)
{
	volatile uint64_t *words[SEGMENTS * TAIL], *at;
	uint64_t seed = 88172645463325252u, before, after;
	size_t n = find_words(words), times;

	(void)arg;
	child_tell(self, 1);
	for (;;) {
		seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
		at = words[seed % n];
		before = *at;
		after = before ^ UINT64_C(1) << (seed >> 40) % 64;
		if ((seed >> 20) % 4 == 0)
			after = (seed >> 22) % 2 ? 0 : before | UINT64_C(0xfff0000000000000);
		for (times = 0; times < 500; times++) {
			*at = after;
			*at = before;
		}
	}
	return 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds_to_run(void)
{
	const char *said = getenv("RILL_RACE_SECONDS");

	return said ? atof(said) : rounds_of(1, 1, 60);
}

static void a_message_that_changes_is_never_left(void **state)
{
	struct child child;
	double seconds = seconds_to_run(), end;
	uint64_t rounds = 0;

	(void)state;
	map_shared();
	build();
	assert_int_equal(traverse_all(segments, SEGMENTS, 4096), 0);
	assert_int_equal(child_start(&child, flip, NULL), 0);
	assert_int_equal(child_hear(&child, 5000), 1);
	look_only();
	for (end = now() + seconds; now() < end; rounds++)
		assert_int_equal(traverse_all(segments, SEGMENTS, 4096), 0);
	assert_int_equal(child_kill(&child), -SIGKILL);
	print_message("# %llu rounds\n", (unsigned long long)rounds);
	rounds_proof("race-seconds", (uint64_t)seconds, 60);
	munmap(shared, (2 * SEGMENTS + 1) * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_that_changes_is_never_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
