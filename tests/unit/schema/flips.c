/* tests/unit/schema/flips.c - each single and each double bit flipped in the pointers of messages of all shapes, and then
 * everything done with them. Segments are exact blocks of the heap, so that a sanitizer sees a step outside. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tests/support/rounds.h"
#include "tests/support/traverse.h"

#define SEGMENTS 8
#define POINTERS 64
#define LIMIT 4096

struct shape {
	struct rill_segment segments[SEGMENTS];
	size_t count;
	uint64_t *pointers[POINTERS]; /* words that say where something is */
	size_t pointer_count;
};

static void *exact(void *user, size_t least, size_t *words)
{
	(void)user;
	*words = least;
	return malloc(least * RILL_WORD);
}

static void give(void *user, void *segment)
{
	(void)user;
	free(segment);
}

/* One struct with text, a list of structs with a struct below, bits, a list of lists. */
static void build(struct rill_slot root)
{
	struct rill_struct_builder s = rill_slot_init_struct(root, 1, 4);
	struct rill_list_builder l;

	rill_struct_set_u64(s, 0, 0x1234567890abcdef, 0);
	rill_slot_set_text(rill_struct_slot(s, 0), "a text", 6);
	l = rill_slot_init_structs(rill_struct_slot(s, 1), 2, 1, 1);
	rill_slot_set_text(rill_list_slot(l, 1), "in", 2);
	rill_list_set_bool(rill_slot_init_list(rill_struct_slot(s, 2), RILL_LIST_BIT, 9), 8, true);
	l = rill_slot_init_list(rill_struct_slot(s, 3), RILL_LIST_POINTER, 2);
	rill_slot_init_list(rill_list_slot(l, 0), RILL_LIST_2BYTES, 3);
	rill_slot_set_capability(rill_list_slot(l, 1), 3);
}

/* Own memory for each segment, so that it ends where its block ends; each non-zero word that may be a pointer is noted. */
static void take_over(struct shape *shape, const struct rill_builder *b)
{
	const struct rill_segment *from = rill_builder_segments(b, &shape->count);
	size_t i, w;

	assert_true(shape->count <= SEGMENTS);
	shape->pointer_count = 0;
	for (i = 0; i < shape->count; i++) {
		uint64_t *words = malloc(from[i].count * RILL_WORD);

		memcpy(words, from[i].words, from[i].count * RILL_WORD);
		shape->segments[i] = (struct rill_segment){words, from[i].count};
		for (w = 0; w < from[i].count && shape->pointer_count < POINTERS; w++)
			shape->pointers[shape->pointer_count++] = &words[w];
	}
}

static void single_segment(struct shape *shape)
{
	struct rill_builder b;

	assert_int_equal(rill_builder_init(&b, NULL), 0);
	build(rill_builder_root(&b));
	assert_int_equal(rill_builder_error(&b), 0);
	take_over(shape, &b);
	rill_builder_finish(&b);
}

static void segment_each(struct shape *shape)
{
	struct rill_builder_options options = {.size = sizeof(options), .take = exact, .give = give};
	struct rill_builder b;

	assert_int_equal(rill_builder_init(&b, &options), 0);
	build(rill_builder_root(&b));
	assert_int_equal(rill_builder_error(&b), 0);
	take_over(shape, &b);
	rill_builder_finish(&b);
}

static void double_far(struct shape *shape)
{
	static const uint64_t words[3][3] = {
		{UINT64_C(0x0000000200000006)},                              /* double-far to segment 2 */
		{0x7978, UINT64_C(0x0001000100000000), 0x5566},              /* content */
		{UINT64_C(0x000000010000000a), UINT64_C(0x0001000100000000)} /* far to segment 1, and the tag */
	};
	static const size_t counts[3] = {1, 3, 2};
	size_t i, w;

	shape->count = 3;
	shape->pointer_count = 0;
	for (i = 0; i < 3; i++) {
		uint64_t *copy = malloc(counts[i] * RILL_WORD);

		memcpy(copy, words[i], counts[i] * RILL_WORD);
		shape->segments[i] = (struct rill_segment){copy, counts[i]};
		for (w = 0; w < counts[i]; w++)
			shape->pointers[shape->pointer_count++] = &copy[w];
	}
}

static void drop(struct shape *shape)
{
	while (shape->count)
		free((void *)(uintptr_t)shape->segments[--shape->count].words);
}

static uint64_t flips; /* tried */

static void try_it(const struct shape *shape)
{
	assert_int_equal(traverse_all(shape->segments, shape->count, LIMIT), 0);
	flips++;
}

static void flip_all(void (*make)(struct shape *))
{
	struct shape shape;
	size_t i;
	int a, b;

	make(&shape);
	assert_int_equal(traverse_all(shape.segments, shape.count, LIMIT), 0);
	for (i = 0; i < shape.pointer_count; i++) {
		uint64_t *word = shape.pointers[i], before = *word;

		for (a = 0; a < 64; a++) {
			for (b = a; b < 64; b++) {
				*word = before ^ UINT64_C(1) << a ^ (b > a ? UINT64_C(1) << b : 0);
				try_it(&shape);
			}
		}
		*word = before;
	}
	drop(&shape);
}

static void flips_in_one_segment(void **state)
{
	(void)state;
	flip_all(single_segment);
}

static void flips_in_many_segments(void **state)
{
	(void)state;
	flip_all(segment_each);
}

static void flips_in_a_double_far(void **state)
{
	(void)state;
	flip_all(double_far);
}

/* A bit of one word and a bit of another one: each pair in the long form. */
static void flip_two(void (*make)(struct shape *), int step)
{
	struct shape shape;
	size_t i, j;
	int a, b;

	make(&shape);
	for (i = 0; i < shape.pointer_count; i++) {
		for (j = 0; j < i; j++) {
			for (a = (int)(i + j) % step; a < 64; a += step) {
				for (b = (int)i % step; b < 64; b += step) {
					*shape.pointers[i] ^= UINT64_C(1) << a;
					*shape.pointers[j] ^= UINT64_C(1) << b;
					try_it(&shape);
					*shape.pointers[i] ^= UINT64_C(1) << a;
					*shape.pointers[j] ^= UINT64_C(1) << b;
				}
			}
		}
	}
	drop(&shape);
}

/* Each single bit and each pair of a shape's, of one word or of two. */
static uint64_t flips_of(void (*make)(struct shape *))
{
	struct shape shape;
	uint64_t bits;

	make(&shape);
	bits = 64 * (uint64_t)shape.pointer_count;
	drop(&shape);
	return bits + bits * (bits - 1) / 2;
}

static void flips_in_two_words(void **state)
{
	(void)state;
	flip_two(double_far, (int)rounds_of(9, 3, 1));
	flip_two(single_segment, (int)rounds_of(41, 19, 1));
	flip_two(segment_each, (int)rounds_of(41, 19, 1));
	rounds_proof("bit-flips", flips, flips_of(double_far) + flips_of(single_segment) + flips_of(segment_each));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flips_in_one_segment),
		cmocka_unit_test(flips_in_many_segments),
		cmocka_unit_test(flips_in_a_double_far),
		cmocka_unit_test(flips_in_two_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
