/* tests/unit/schema/race.c - a peer that changes pointers, sizes and tags all the time, while we read, copy and
 * canonicalise. The message ends at a page that cannot be read: a step outside is a crash. */
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
#include "tests/support/traverse.h"

#define PAGE 4096
#define WORDS (PAGE / 8)
#define TAIL 64 /* words of the message, up to the guard page */

static uint64_t *shared; /* a page, between two that cannot be touched */

static void map_shared(void)
{
	unsigned char *at = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(at != MAP_FAILED);
	assert_int_equal(mprotect(at + PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
	shared = (uint64_t *)(at + PAGE);
}

static struct rill_segment whole(void)
{
	struct rill_segment segment = {shared + WORDS - TAIL, TAIL};

	return segment;
}

/* A message that fills its segment to the last word. */
static void build(void)
{
	struct rill_builder_options options = {.size = sizeof(options), .buffer = shared + WORDS - TAIL, .buffer_words = TAIL};
	struct rill_struct_builder s;
	struct rill_list_builder l;
	struct rill_builder b;
	size_t i, left;

	assert_int_equal(rill_builder_init(&b, &options), 0);
	s = rill_slot_init_struct(rill_builder_root(&b), 1, 4);
	l = rill_slot_init_structs(rill_struct_slot(s, 0), 3, 1, 1);
	for (i = 0; i < 3; i++)
		rill_slot_set_text(rill_list_slot(l, i), "text", 4);
	l = rill_slot_init_list(rill_struct_slot(s, 1), RILL_LIST_POINTER, 3);
	for (i = 0; i < 3; i++)
		rill_slot_init_list(rill_list_slot(l, i), RILL_LIST_4BYTES, 4);
	rill_slot_init_struct(rill_struct_slot(s, 2), 2, 2);
	left = TAIL - b.segments[0].count;
	memset(rill_slot_init_data(rill_struct_slot(s, 3), left * 8), 0x55, left * 8);
	assert_int_equal(rill_builder_error(&b), 0);
	assert_int_equal(b.segments[0].count, TAIL);
	rill_builder_finish(&b);
}

/* One bit of one word there and back, some hundred times, then another one, for ever: whoever loads a word twice and acts on
 * both has a good chance to get two answers. */
static int flip(struct child *self, void *arg)
{
	volatile uint64_t *words = shared + WORDS - TAIL;
	uint64_t seed = 88172645463325252u, n;

	(void)arg;
	child_tell(self, 1);
	for (n = 0; n < UINT64_MAX; n++) {
		uint64_t before, after;
		size_t i, times;

		seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
		i = seed % (TAIL / 2);
		before = words[i];
		after = before ^ UINT64_C(1) << (seed >> 40) % 64;
		if (seed & 1024)
			after = seed & 2048 ? 0 : before | UINT64_C(0xfff0000000000000);
		for (times = 0; times < 500; times++) {
			words[i] = after;
			words[i] = before;
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

static void a_message_that_changes_is_never_left(void **state)
{
	struct rill_segment segment;
	struct child child;
	double seconds = getenv("RILL_LONG") ? 60 : 1, end;
	uint64_t rounds = 0;

	(void)state;
	map_shared();
	build();
	segment = whole();
	assert_int_equal(traverse_all(&segment, 1, 4096), 0);
	assert_int_equal(child_start(&child, flip, NULL), 0);
	assert_int_equal(child_hear(&child, 5000), 1);
	for (end = now() + seconds; now() < end; rounds++)
		assert_int_equal(traverse_all(&segment, 1, 4096), 0);
	assert_int_equal(child_kill(&child), -SIGKILL);
	print_message("# %llu rounds\n", (unsigned long long)rounds);
	munmap((unsigned char *)shared - PAGE, 3 * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_that_changes_is_never_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
