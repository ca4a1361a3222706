/* tests/unit/shm/allocators.c - what holds for any allocator of an arena; run over each that is here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "space.h"
#include "tests/support/leaks.h"
#include "tests/support/rounds.h"

#include <stdio.h>
#ifdef HAVE_JEMALLOC
#include <rill/jemalloc.h>
#endif

#define UNIT (4 * KIB)

static const struct rill_allocator *the; /* the one under test */

static void begin(struct world *w, size_t capacity)
{
	begin_with(w, the, capacity, UNIT);
}

static bool is_reserved(const struct world *w, const char *from, size_t len)
{
	size_t i = (size_t)(from - w->base) / UNIT, end = ((size_t)(from - w->base) + len + UNIT - 1) / UNIT;

	while (i < end && w->reserved[i])
		i++;
	return i == end;
}

static size_t count_reserved(const struct world *w)
{
	size_t i, n = 0;

	for (i = 0; i < w->capacity / UNIT; i++)
		n += w->reserved[i];
	return n * UNIT;
}

/* Bytes of addresses that the process has. */
static size_t address_space(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	return pages * 4096;
}

/* ---- places ---------------------------------------------------------------------------------------------------- */

static void all_calls_are_there(void **state)
{
	(void)state;
	assert_int_equal(the->size, sizeof(*the));
	assert_true(the->name && the->create && the->destroy && the->alloc && the->free);
	assert_true(the->resize && the->find && the->prepare && the->trim && the->release && the->allocated);
}

static void every_size_gets_room_alignment_and_reserved_pages(void **state)
{
	struct world w;
	size_t len, last = 0;

	(void)state;
	begin(&w, 256 * MIB);
	for (len = 1; len < 300 * KIB; len += len < 70 * KIB ? 7 : 997) {
		char *block = take(&w, 16, len);
		size_t has = length(&w, block);

		assert_non_null(block);
		assert_int_equal((uintptr_t)block % 16, 0);
		assert_true(has >= len && has >= last);
		assert_true(is_reserved(&w, block, has));
		last = has;
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
			assert_true(length(&w, first) >= len && is_reserved(&w, first, len));
			assert_true(second >= first + len || first >= second + len);
			give(&w, first);
			give(&w, second);
		}
	}
	assert_non_null(take(&w, 16, 48 * MIB));
	end(&w);
}

static void senseless_sizes_are_null(void **state)
{
	struct world w;

	(void)state;
	begin(&w, MIB);
	assert_null(take(&w, 16, MIB + 1));
	assert_null(take(&w, 16, SIZE_MAX));
	assert_null(take(&w, 16, SIZE_MAX - 64 * KIB));
	assert_null(take(&w, (size_t)1 << 63, 1));
	assert_null(take(&w, (size_t)1 << 63, SIZE_MAX));
	assert_int_equal(w.a->resize(w.self, take(&w, 16, 64 * KIB), SIZE_MAX), -ENOMEM);
	end(&w);
}

static void the_smallest_range_works(void **state)
{
	struct world w;
	char *block;
	size_t n = 0;

	(void)state;
	begin(&w, 64 * KIB);
	while ((block = take(&w, 16, 1))) {
		memset(block, 1, length(&w, block));
		n++;
	}
	assert_true(n >= 1000);
	end(&w);
}

static void no_byte_of_the_range_is_touched(void **state)
{
	char *block[200];
	struct world w;
	size_t i, round;

	(void)state;
	begin(&w, 64 * MIB);
	assert_int_equal(mprotect(w.mapped, w.capacity + 4 * MIB, PROT_NONE), 0); /* a touch would be a fault */
	for (round = 0; round < 3; round++) {
		w.a->prepare(w.self, MIB);
		for (i = 0; i < 200; i++)
			assert_non_null(block[i] = take(&w, i % 8 ? 16 : 8192, 1 + i * 613 * (round + 1)));
		for (i = 0; i < 200; i++) {
			w.a->resize(w.self, block[i], 1 + (i * 7919) % 30000);
			assert_true(length(&w, block[i]) > 0);
			give(&w, block[i]);
		}
		assert_int_equal(w.a->allocated(w.self), 0);
	}
	end(&w);
}

/* ---- find, release, allocated ---------------------------------------------------------------------------------- */

/* What find() must say for `inside`, from a list of the live blocks. */
static void check_find(struct world *w, char *const *live, const size_t *len, size_t count, const char *inside)
{
	void *block = NULL;
	size_t has = 0, i;
	int r = w->a->find(w->self, inside, &block, &has);

	for (i = 0; i < count; i++) {
		if (!live[i] || inside < live[i] || inside >= live[i] + len[i])
			continue;
		assert_int_equal(r, 0);
		assert_ptr_equal(block, live[i]);
		assert_int_equal(has, len[i]);
		return;
	}
	assert_int_equal(r, -ENOENT);
	assert_null(block);
}

static void find_is_right_for_every_address(void **state)
{
	static const size_t wish[] = {1, 24, 48, 200, 5000, 9000, 13000, 20000, 32768, 64 * KIB, 128 * KIB + 1};
	enum { COUNT = 3 * sizeof(wish) / sizeof(wish[0]) };
	struct world w;
	char *live[COUNT], *at;
	size_t len[COUNT], i;

	(void)state;
	begin(&w, 2 * MIB);
	for (i = 0; i < COUNT; i++) {
		live[i] = take(&w, 16, wish[i / 3]);
		assert_non_null(live[i]);
		len[i] = length(&w, live[i]);
	}
	for (i = 1; i < COUNT; i += 3) {
		give(&w, live[i]);
		live[i] = NULL;
	}
	for (at = w.base - 40; at < w.base + w.capacity + 40; at += rounds_of(61, 3, 1))
		check_find(&w, live, len, COUNT, at);
	check_find(&w, live, len, COUNT, NULL);
	check_find(&w, live, len, COUNT, (char *)&w);
	check_find(&w, live, len, COUNT, (char *)UINTPTR_MAX);
	end(&w);
}

static void find_from_deep_inside_a_long_block(void **state)
{
	const size_t long_one = 4 * GIB;
	struct world w;
	char *small, *big, *after;
	void *block;
	size_t len, at;

	(void)state;
	if (rounds_under_valgrind())
		skip();
	begin(&w, 6 * GIB);
	small = take(&w, 16, 100);
	big = take(&w, 16, long_one);
	after = take(&w, 16, 64 * KIB);
	assert_true(small && big && after);
	for (at = 0; at < long_one; at += 23 * MIB + 4567) {
		assert_int_equal(w.a->find(w.self, big + at, &block, &len), 0);
		assert_ptr_equal(block, big);
		assert_int_equal(len, long_one);
	}
	assert_int_equal(w.a->find(w.self, big + long_one - 1, &block, &len), 0);
	give(&w, big);
	assert_int_equal(w.a->find(w.self, big + long_one / 2, &block, &len), -ENOENT);
	assert_int_equal(w.a->find(w.self, after + 5, &block, &len), 0);
	assert_ptr_equal(block, after);
	end(&w);
}

static void release_takes_the_begin_of_a_live_block_and_nothing_else(void **state)
{
	static const size_t wish[] = {1, 100, 5000, 20000, 100000, 1000000};
	struct world w;
	size_t i;

	(void)state;
	begin(&w, 16 * MIB);
	for (i = 0; i < sizeof(wish) / sizeof(wish[0]); i++) {
		char *block = take(&w, 16, wish[i]), *other = take(&w, 16, wish[i]);

		assert_int_equal(w.a->release(w.self, block + 1), -ENOENT);
		assert_int_equal(w.a->release(w.self, block + 16), block + 16 == other ? 0 : -ENOENT);
		assert_int_equal(w.a->release(w.self, block), 0);
		assert_int_equal(w.a->release(w.self, block), -ENOENT);
		assert_int_equal(length(&w, block), 0);
		assert_true(w.a->release(w.self, other) == 0 || other == block + 16);
		assert_int_equal(w.a->release(w.self, block), -ENOENT);
		assert_int_equal(w.a->release(w.self, other), -ENOENT);
	}
	assert_int_equal(w.a->release(w.self, NULL), -ENOENT);
	assert_int_equal(w.a->release(w.self, &w), -ENOENT);
	assert_int_equal(w.a->release(w.self, w.base - 16), -ENOENT);
	assert_int_equal(w.a->release(w.self, w.base + w.capacity), -ENOENT);
	assert_int_equal(w.a->release(w.self, (void *)UINTPTR_MAX), -ENOENT);
	end(&w);
}

static void allocated_is_the_sum_of_what_find_says(void **state)
{
	char *block[300];
	struct world w;
	size_t i, sum = 0;

	(void)state;
	begin(&w, 64 * MIB);
	for (i = 0; i < 300; i++) {
		block[i] = take(&w, 16, 1 + i * i);
		sum += length(&w, block[i]);
		assert_int_equal(w.a->allocated(w.self), sum);
	}
	for (i = 0; i < 300; i++) {
		sum -= length(&w, block[i * 7 % 300]);
		give(&w, block[i * 7 % 300]);
		assert_int_equal(w.a->allocated(w.self), sum);
	}
	assert_int_equal(sum, 0);
	end(&w);
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

static void no_memory_is_null_and_changes_nothing(void **state)
{
	struct world w;
	char *block;
	size_t has;

	(void)state;
	begin(&w, MIB);
	w.refuse = true;
	assert_null(take(&w, 16, 100));
	assert_null(take(&w, 16, 500 * KIB));
	assert_int_equal(w.a->prepare(w.self, 64 * KIB), 0);
	w.refuse = false;
	block = take(&w, 16, 64 * KIB);
	has = length(&w, block);
	w.refuse = true;
	assert_int_equal(w.a->resize(w.self, block, 768 * KIB), -ENOMEM);
	assert_int_equal(length(&w, block), has);
	w.refuse = false;
	assert_int_equal(w.a->resize(w.self, block, 768 * KIB), 0);
	assert_true(is_reserved(&w, block, 768 * KIB));
	end(&w);
}

static void what_is_prepared_needs_no_more_memory(void **state)
{
	struct world w;
	size_t i, before;

	(void)state;
	begin(&w, 16 * MIB);
	assert_true(w.a->prepare(w.self, MIB) >= MIB);
	assert_int_equal(w.a->prepare(w.self, MIB), 0);
	before = count_reserved(&w);
	assert_int_equal(before, MIB);
	for (i = 0; i < 512; i++)
		assert_non_null(take(&w, 16, i % 2 ? 100 : 3000));
	assert_int_equal(count_reserved(&w), before);
	assert_true(w.reserves > 1); /* it was told that what is ready is used up */
	assert_true(w.a->prepare(w.self, SIZE_MAX) > 14 * MIB);
	before = count_reserved(&w);
	assert_non_null(take(&w, 16, 12 * MIB));
	assert_int_equal(count_reserved(&w), before);
	end(&w);
}

static void a_full_range_is_null_and_what_was_small_joins_again(void **state)
{
	static char *block[4096];
	struct world w;
	size_t round, n, i;

	(void)state;
	begin(&w, 4 * MIB);
	for (round = 0; round < 3; round++) {
		size_t len = round == 0 ? 1100 : round == 1 ? 4096 : 50000;

		for (n = 0; n < 4096 && (block[n] = take(&w, 16, len)); n++)
			;
		assert_true(n * len > 5 * MIB / 2 && n < 4096);
		assert_null(take(&w, 16, len));
		for (i = 0; i < n; i += 2)
			give(&w, block[i]);
		for (i = 1; i < n; i += 2)
			give(&w, block[i]);
		block[0] = take(&w, 16, 3 * MIB);
		assert_non_null(block[0]);
		give(&w, block[0]);
	}
	end(&w);
}

static void trim_gives_back_what_no_block_uses(void **state)
{
	char *block[64], *small[64];
	struct world w;
	size_t i, trimmed;

	(void)state;
	begin(&w, 64 * MIB);
	for (i = 0; i < 64; i++) {
		block[i] = memset(take(&w, 16, 256 * KIB), 1, 256 * KIB);
		small[i] = memset(take(&w, 16, 100), 2, 100);
	}
	for (i = 0; i < 64; i++) {
		if (i % 16)
			give(&w, small[i]);
		if (i != 5 && i != 40)
			give(&w, block[i]);
	}
	assert_int_equal(w.a->trim(w.self, 100), 0);
	trimmed = w.a->trim(w.self, MIB);
	assert_int_equal(trimmed, MIB);
	trimmed = w.a->trim(w.self, SIZE_MAX);
	assert_true(trimmed > 14 * MIB);
	assert_true(count_reserved(&w) <= 2 * 256 * KIB + 5 * 64 * KIB);
	assert_int_equal(w.a->trim(w.self, SIZE_MAX), 0);
	for (i = 0; i < 64; i += 16)
		assert_true(is_reserved(&w, small[i], 100) && small[i][99] == 2);
	assert_true(is_reserved(&w, block[5], 256 * KIB) && block[5][256 * KIB - 1] == 1);
	block[0] = take(&w, 16, 5 * MIB);
	assert_true(block[0] && is_reserved(&w, block[0], 5 * MIB));
	end(&w);
}

static void trim_stops_where_the_system_refuses(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 4 * MIB);
	give(&w, take(&w, 16, 100));
	give(&w, take(&w, 16, MIB));
	w.refuse = true;
	assert_int_equal(w.a->trim(w.self, SIZE_MAX), 0);
	assert_true(count_reserved(&w) >= MIB);
	w.refuse = false;
	assert_true(w.a->trim(w.self, SIZE_MAX) >= MIB);
	assert_int_equal(count_reserved(&w), 0);
	end(&w);
}

static void alloc_and_free_give_nothing_back(void **state)
{
	struct world w;
	size_t i, before, fresh;

	(void)state;
	begin(&w, 64 * MIB);
	give(&w, take(&w, 16, 32 * MIB));
	before = count_reserved(&w);
	fresh = w.fresh;
	for (i = 0; i < 1000; i++)
		give(&w, take(&w, 16, 1 + i * 7777));
	assert_int_equal(count_reserved(&w), before);
	assert_int_equal(w.fresh, fresh); /* nor was anything reserved twice */
	end(&w);
}

static void a_block_grows_and_shrinks_in_place(void **state)
{
	struct world w;
	char *block;
	size_t len;

	(void)state;
	begin(&w, 64 * MIB);
	block = take(&w, 16, 192 * KIB);
	memset(block, 7, 192 * KIB);
	for (len = 256 * KIB; len <= 32 * MIB; len *= 2) {
		assert_int_equal(w.a->resize(w.self, block, len), 0);
		assert_true(length(&w, block + len - 1) >= len);
		assert_true(is_reserved(&w, block, len));
	}
	assert_int_equal(block[192 * KIB - 1], 7);
	assert_int_equal(w.a->resize(w.self, block, 64 * KIB), 0);
	assert_true(length(&w, block) < MIB);
	assert_non_null(take(&w, 16, 48 * MIB));
	assert_int_equal(block[64 * KIB - 1], 7);
	end(&w);
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

static void live_once(size_t capacity)
{
	struct world w;
	size_t i;

	begin(&w, capacity);
	for (i = 0; i < 300; i++) {
		char *block = take(&w, 16, 1 + i * i);

		assert_non_null(block);
		if (i % 2)
			give(&w, block);
	}
	w.a->trim(w.self, MIB);
	end(&w);
}

static void made_and_destroyed_often_it_leaves_no_addresses_and_no_memory(void **state)
{
	size_t addresses = 0, resident = 0;
	unsigned i, rounds = rounds_of(40, 300, 3000);

	(void)state;
	for (i = 0; i < rounds; i++) {
		live_once((32 + i % 5) * MIB);
		if (i == 19) {
			addresses = address_space();
			resident = leaks_resident();
		}
	}
	if (rounds_under_valgrind() || rounds_under_sanitizer()) /* theirs grow */
		return;
	assert_true(address_space() <= addresses + 4 * MIB);
	assert_true(leaks_resident() <= resident + MIB);
}

static void fifty_at_once(void **state)
{
	static struct world w[50];
	char *block[50];
	size_t i;

	(void)state;
	for (i = 0; i < 50; i++)
		begin(&w[i], 16 * MIB);
	for (i = 0; i < 50; i++) {
		block[i] = take(&w[i], 16, 100 + 1000 * i);
		assert_true(block[i] >= w[i].base && block[i] < w[i].base + w[i].capacity);
		memset(block[i], (int)i, 100);
	}
	for (i = 0; i < 50; i++) {
		assert_int_equal(length(&w[(i + 1) % 50], block[i]), 0);
		assert_int_equal(w[(i + 1) % 50].a->release(w[(i + 1) % 50].self, block[i]), -ENOENT);
		assert_int_equal(block[i][99], i);
	}
	for (i = 0; i < 50; i++)
		end(&w[i * 7 % 50]);
}

/* Ranges side by side: free space of one must never join that of the next. */
static void neighbours_in_the_address_space_stay_apart(void **state)
{
	enum { COUNT = 8 };
	const size_t each = 2 * MIB;
	struct world w[COUNT];
	char *all = mmap(NULL, COUNT * each, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t seed = rounds_seed();
	char *block[COUNT][32] = {{0}};
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT; i++) {
		struct rill_space space = {.size = sizeof(space),
		                           .base = all + i * each,
		                           .capacity = each,
		                           .space = &w[i],
		                           .reserve = reserve,
		                           .unreserve = unreserve};

		w[i] = (struct world){.a = the, .base = all + i * each, .capacity = each, .unit = UNIT};
		w[i].reserved = calloc(each / UNIT, 1);
		assert_int_equal(the->create(&w[i].self, &space), 0);
	}
	for (k = 0; k < rounds_of(3000, 30000, 200000); k++) {
		uint64_t r = rounds_random(&seed);
		struct world *one = &w[r % COUNT];
		char **at = &block[r % COUNT][(r >> 8) % 32];

		if (*at)
			give(one, *at);
		*at = take(one, 16, 1 + (r >> 20) % (r & 1 << 16 ? 1000 * KIB : 20000));
		assert_true(!*at || (*at >= one->base && *at + length(one, *at) <= one->base + each));
		if (r % 997 == 0)
			one->a->trim(one->self, SIZE_MAX);
	}
	for (i = 0; i < COUNT; i++) {
		the->destroy(w[i].self);
		free(w[i].reserved);
	}
	munmap(all, COUNT * each);
}

/* ---- a shadow model -------------------------------------------------------------------------------------------- */

#define BLOCKS 500

struct shadow {
	char *block;
	size_t len;
	unsigned char mark;
};

static void check_kept(const struct shadow *s)
{
	size_t i;

	for (i = 0; i < s->len; i += i < 64 || i + 65 > s->len ? 1 : 61)
		assert_int_equal((unsigned char)s->block[i], s->mark);
}

static void check_apart(struct world *w, const struct shadow *all, const struct shadow *one)
{
	char *end = one->block + length(w, one->block);
	int i;

	for (i = 0; i < BLOCKS; i++)
		if (all[i].block && &all[i] != one)
			assert_true(all[i].block >= end || all[i].block + all[i].len <= one->block);
}

static size_t some_size(uint64_t r)
{
	switch (r % 8) {
	case 0:
		return (r >> 8) % (700 * KIB) + 1;
	case 1:
	case 2:
		return (r >> 8) % (40 * KIB) + 1;
	default:
		return (r >> 8) % 1500 + 1;
	}
}

static void step(struct world *w, struct shadow *all, uint64_t r, uint64_t q)
{
	struct shadow *s = &all[r % BLOCKS];
	size_t len = some_size(r >> 16), alignment = (size_t)16 << ((q & 7) ? 0 : (q >> 3) % 15);

	if (q % 1009 == 0)
		w->a->trim(w->self, (q >> 10) % (4 * MIB));
	if (q % 1013 == 0)
		w->a->prepare(w->self, (q >> 10) % MIB);
	w->refuse = q % 101 == 0;
	if (s->block && q % 3 == 0 && w->a->resize(w->self, s->block, len) == 0) {
		check_apart(w, all, s);
		s->len = s->len < len ? s->len : len;
		check_kept(s);
		s->len = len;
	} else if (s->block) {
		check_kept(s);
		give(w, s->block);
		assert_int_equal(length(w, s->block), 0);
		s->block = NULL;
		return;
	} else if ((s->block = take(w, alignment, len))) {
		assert_int_equal((uintptr_t)s->block % alignment, 0);
		s->len = len;
		check_apart(w, all, s);
	} else {
		return;
	}
	assert_true(length(w, s->block + s->len / 2) >= s->len);
	s->mark = (unsigned char)q;
	memset(s->block, s->mark, s->len);
}

static void churn_against_a_shadow(void **state)
{
	static struct shadow all[BLOCKS];
	uint64_t seed = rounds_seed();
	unsigned i, rounds = rounds_of(3000, 60000, 500000);
	struct world w;

	(void)state;
	memset(all, 0, sizeof(all));
	begin(&w, 24 * MIB);
	for (i = 0; i < rounds; i++) {
		uint64_t r = rounds_random(&seed);

		step(&w, all, r, rounds_random(&seed));
	}
	w.refuse = false;
	for (i = 0; i < BLOCKS; i++) {
		if (!all[i].block)
			continue;
		check_kept(&all[i]);
		give(&w, all[i].block);
	}
	assert_int_equal(w.a->allocated(w.self), 0);
	assert_non_null(take(&w, 16, 20 * MIB)); /* all has joined again */
	end(&w);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

static int run(const struct rill_allocator *allocator)
{
	const struct CMUnitTest tests[] = {
		T(all_calls_are_there),
		T(every_size_gets_room_alignment_and_reserved_pages),
		T(every_alignment_is_kept),
		T(senseless_sizes_are_null),
		T(the_smallest_range_works),
		T(no_byte_of_the_range_is_touched),
		T(find_is_right_for_every_address),
		T(find_from_deep_inside_a_long_block),
		T(release_takes_the_begin_of_a_live_block_and_nothing_else),
		T(allocated_is_the_sum_of_what_find_says),
		T(no_memory_is_null_and_changes_nothing),
		T(what_is_prepared_needs_no_more_memory),
		T(a_full_range_is_null_and_what_was_small_joins_again),
		T(trim_gives_back_what_no_block_uses),
		T(trim_stops_where_the_system_refuses),
		T(alloc_and_free_give_nothing_back),
		T(a_block_grows_and_shrinks_in_place),
		T(made_and_destroyed_often_it_leaves_no_addresses_and_no_memory),
		T(fifty_at_once),
		T(neighbours_in_the_address_space_stay_apart),
		T(churn_against_a_shadow),
	};

	the = allocator;
	return cmocka_run_group_tests_name(allocator->name, tests, NULL, NULL);
}

int main(void)
{
	int failed = run(rill_pool_allocator());

#ifdef HAVE_JEMALLOC
	failed += run(rill_jemalloc_allocator());
#endif
	return failed;
}
