/* tests/unit/shm/memory.c - how an arena's memory comes and goes, over each allocator: growth, a peak and its end, huge pages,
 * and running out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"
#include "tests/support/syscalls.h"

#include "shm/arena.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <rill/allocator.h>
#ifdef HAVE_JEMALLOC
#include <rill/jemalloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define STEP (256 * KIB) /* of memory, when an alloc must ask for some */

static const struct rill_allocator *the; /* of the arenas */

static struct rill_arena *arena_with(struct rill_ctx *ctx, size_t capacity, size_t ready, unsigned flags)
{
	struct rill_arena_options o = {
		.size = sizeof(o),
		.capacity = capacity,
		.ready = ready,
		.allocator = the,
		.flags = flags,
	};
	struct rill_arena *a;

	return rill_arena_create(&a, ctx, &o) == 0 ? a : NULL;
}

static struct rill_arena_usage usage(const struct rill_arena *a)
{
	struct rill_arena_usage u = {.size = sizeof(u)};

	rill_arena_get_usage(a, &u);
	return u;
}

/* Without a look at each page. */
static size_t reserved(const struct rill_arena *a)
{
	struct rill_arena_usage u = {.size = offsetof(struct rill_arena_usage, resident)};

	rill_arena_get_usage(a, &u);
	return u.reserved;
}

static unsigned mebibytes(size_t bytes)
{
	return (unsigned)(bytes / MIB);
}

/* ---- growth ---------------------------------------------------------------------------------------------------- */

#define GROWN 500

/* Lent: where all others are, by their offset in the arena. */
struct root {
	size_t count;
	size_t offset[GROWN], len[GROWN];
};

static size_t grown_len(size_t i, size_t total)
{
	return i % 5 ? 1 + i * 37 % 3000 : total / (GROWN / 5);
}

static void lend_root(struct pair *p, struct rill_arena *a, const struct root *root)
{
	struct rill_loan loan = {.arena = a, .data = root, .len = sizeof(*root)};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};

	assert_int_equal(rill_channel_sendmsg(p->a.ch, &out), 0);
	pair_run(p);
}

static void an_arena_grows_and_nothing_moves(void **state)
{
	size_t total = rounds_of(16, 16, 512) * MIB, maps, i;
	struct rill_mapping mapping = {.size = sizeof(mapping)};
	const struct root *seen;
	struct rill_arena *a;
	struct root *root;
	struct rill_msg msg;
	struct pair p;
	const void *data;
	size_t len;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	a = arena_with(p.a.ctx, 2 * total, 0, 0);
	assert_non_null(a);
	root = memset(rill_arena_alloc(a, sizeof(*root)), 0, sizeof(*root));
	lend_root(&p, a, root);
	msg = end_take(&p.b);
	assert_int_equal(rill_msg_loan(&msg, 0, &data, &len), 0);
	assert_int_equal(rill_msg_mapping(&msg, 0, &mapping), 0);
	seen = data;
	maps = leaks_mappings();

	for (i = 0; i < GROWN; i++) {
		char *block = rill_arena_alloc(a, grown_len(i, total));

		assert_non_null(block);
		pattern_fill(block, grown_len(i, total), i);
		root->offset[i] = (size_t)(block - (char *)arena_base(a));
		root->len[i] = grown_len(i, total);
		root->count++;
		if (i % 50 == 0)
			pair_run(&p);
	}
	assert_true(usage(a).reserved > total);
	assert_int_equal(leaks_mappings(), maps); /* nothing was mapped anew, on either side */
	assert_int_equal(seen->count, GROWN);
	for (i = 0; i < GROWN; i++) { /* what was lent before any of it was there, read through the one mapping */
		assert_true(seen->offset[i] + seen->len[i] <= mapping.capacity);
		assert_true(pattern_is((const char *)mapping.base + seen->offset[i], seen->len[i], i));
		assert_true(pattern_is((char *)arena_base(a) + seen->offset[i], seen->len[i], i));
	}
	rill_msg_release(&msg);
	pair_stop(&p);
}

static void a_block_that_grows_in_place_is_read_where_it_was_lent(void **state)
{
	const size_t first = 64 * KIB, most = rounds_of(2, 8, 256) * MIB;
	struct rill_loan loan = {.len = first};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	struct rill_arena *a;
	struct rill_msg msg;
	struct pair p;
	const void *data;
	char *block;
	size_t len;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	loan.arena = a = arena_with(p.a.ctx, 2 * most, 0, 0);
	loan.data = block = rill_arena_alloc(a, first);
	assert_non_null(block);
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	pair_run(&p);
	msg = end_take(&p.b);
	assert_int_equal(rill_msg_loan(&msg, 0, &data, &len), 0);
	for (len = first; len <= most; len *= 2)
		assert_ptr_equal(rill_arena_realloc(a, block, len), block);
	pattern_fill(block, most, 9);
	assert_true(pattern_is(data, most, 9));
	rill_msg_release(&msg);
	pair_stop(&p);
}

/* ---- a peak ---------------------------------------------------------------------------------------------------- */

/* 15 of 16 small, and most bytes in the large ones. */
static size_t peak_len(size_t i)
{
	return i % 16 ? 16 + i * 61 % 2000 : 100 * KIB + i * 4099 % (300 * KIB);
}

static size_t fill(struct rill_arena *a, char **block, size_t room, size_t bytes)
{
	size_t i, sum = 0;

	for (i = 0; i < room && sum < bytes; i++) {
		block[i] = rill_arena_alloc(a, peak_len(i));
		assert_non_null(block[i]);
		memset(block[i], (int)(i | 1), peak_len(i));
		sum += peak_len(i);
	}
	assert_true(sum >= bytes);
	return i;
}

static bool is_kept(size_t i)
{
	return i % 1000 == 500;
}

static void memory_goes_back_after_a_peak_by_trim_and_only_by_trim(void **state)
{
	size_t peak = rounds_of(16, 192, 512) * MIB, room = peak / KIB, count, i, kept = 0, trimmed;
	struct rill_arena_usage before, full, freed, after;
	char **block = calloc(room, sizeof(*block));
	struct rill_arena *a;
	struct rill_ctx *ctx;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	a = arena_with(ctx, 2 * peak, 0, 0);
	before = usage(a);
	count = fill(a, block, room, peak);
	full = usage(a);
	for (i = 0; i < count; i++) {
		if (is_kept(i))
			kept++;
		else
			rill_arena_free(a, block[i]);
	}
	freed = usage(a);
	trimmed = rill_arena_trim(a, SIZE_MAX);
	after = usage(a);
	print_message("# %s: %u MiB resident at a peak of %u, %u after free, %zu KiB after trim with %zu small blocks left\n",
	              the->name, mebibytes(full.resident), mebibytes(full.allocated), mebibytes(freed.resident),
	              after.resident / KIB, kept);

	assert_true(before.resident <= MIB && full.resident >= peak && full.resident == full.reserved);
	assert_true(full.resident <= full.allocated + full.allocated / 16 + 4 * MIB); /* placed with little waste */
	assert_true(freed.resident == full.resident && freed.reserved == full.reserved);
	assert_int_equal(trimmed, freed.reserved - after.reserved);
	assert_int_equal(after.resident, after.reserved);
	assert_true(after.resident <= kept * 64 * KIB && after.resident >= after.allocated);
	for (i = 0; i < count; i++) {
		if (!is_kept(i))
			continue;
		assert_true(block[i][0] == (char)(i | 1) && block[i][peak_len(i) - 1] == (char)(i | 1));
		rill_arena_free(a, block[i]);
	}
	rill_arena_trim(a, SIZE_MAX);
	assert_int_equal(usage(a).resident, 0);
	assert_int_equal(usage(a).allocated, 0);
	free(block);
	rill_ctx_destroy(ctx);
}

static void trim_gives_no_more_than_it_is_asked_for(void **state)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;
	size_t resident;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	a = arena_with(ctx, 64 * MIB, 0, 0);
	rill_arena_free(a, memset(rill_arena_alloc(a, 6 * MIB), 1, 6 * MIB));
	resident = usage(a).resident;
	for (int i = 1; i <= 4; i++) {
		assert_int_equal(rill_arena_trim(a, MIB), MIB);
		assert_int_equal(usage(a).resident, resident - (size_t)i * MIB);
	}
	rill_ctx_destroy(ctx);
}

/* ---- when the kernel is asked ---------------------------------------------------------------------------------- */

enum { WITHIN, OUTRUNS, FREES, AGAIN, TURN, TRIM };

#define READY (8 * MIB)
#define MANY 20000

static char *many[MANY];

static bool take_many(struct rill_arena *a, size_t count, size_t len)
{
	bool all = true;

	for (size_t i = 0; i < count; i++)
		all &= (many[i] = rill_arena_alloc(a, len)) != NULL;
	return all;
}

static void free_many(struct rill_arena *a, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rill_arena_free(a, many[i]);
}

static int counted(void *arg)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;
	bool ok;

	(void)arg;
	if (rill_ctx_create(&ctx, NULL) < 0 || !(a = arena_with(ctx, 64 * MIB, READY, 0)))
		return 1;
	syscalls_begin(WITHIN);
	ok = take_many(a, 6000, 1000);
	free_many(a, 6000);
	syscalls_end();
	syscalls_begin(OUTRUNS);
	ok &= take_many(a, MANY, 1000);
	syscalls_end();
	syscalls_begin(FREES);
	free_many(a, MANY);
	syscalls_end();
	syscalls_begin(AGAIN);
	ok &= take_many(a, 4000, 4000);
	free_many(a, 4000);
	syscalls_end();
	syscalls_begin(TURN);
	while (rill_ctx_timeout_ms(ctx) == 0)
		rill_ctx_dispatch(ctx, NULL);
	syscalls_end();
	syscalls_begin(TRIM);
	ok &= rill_arena_trim(a, SIZE_MAX) > 16 * MIB;
	syscalls_end();
	rill_ctx_destroy(ctx);
	return !ok;
}

/* All that an arena does to its memory is madvise(): to take it and to give it back. */
static void alloc_asks_the_kernel_only_beyond_what_is_ready_and_free_never(void **state)
{
	static struct syscalls s;
	uint64_t *calls[TRIM + 1];
	size_t beyond = MANY * 1000 - READY;
	int r;

	(void)state;
	if (!syscalls_countable())
		skip();
	r = syscalls_trace(&s, counted, NULL);
	if (r == -SYSCALLS_ERROR - EPERM)
		skip();
	assert_int_equal(r, 0);
	for (int i = 0; i <= TRIM; i++) {
		calls[i] = &s.count[i][SYS_madvise];
		assert_int_equal(s.entered[i], 1);
		assert_int_equal(s.count[i][SYS_fallocate], 0);
	}
	assert_int_equal(*calls[WITHIN], 0);
	assert_true(*calls[OUTRUNS] >= 1 && *calls[OUTRUNS] <= beyond / STEP + 4);
	assert_int_equal(*calls[FREES], 0);
	assert_int_equal(*calls[AGAIN], 0);
	assert_true(*calls[TURN] <= 2);
	assert_true(*calls[TRIM] >= 1);
}

static void an_alloc_takes_no_more_than_it_needs_and_a_step(void **state)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;
	size_t last, now;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	a = arena_with(ctx, 64 * MIB, 64 * KIB, 0);
	last = reserved(a);
	for (int i = 0; i < 3000; i++) {
		assert_non_null(rill_arena_alloc(a, 3000));
		now = reserved(a);
		assert_true(now - last <= STEP + 64 * KIB);
		last = now;
	}
	assert_true(rill_arena_alloc(a, 10 * MIB) && reserved(a) - last <= 10 * MIB + 2 * STEP);
	rill_ctx_destroy(ctx);
}

/* ---- huge pages ------------------------------------------------------------------------------------------------ */

/* Will the kernel make huge pages of shared memory? */
static bool kernel_collapses(void)
{
	struct rill_ctx *ctx;
	struct rill_arena *a;
	bool does;

	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	a = arena_with(ctx, 8 * MIB, 0, RILL_ARENA_HUGE);
	assert_non_null(a);
	memset(arena_base(a), 0, 2 * MIB);
	does = madvise(arena_base(a), 2 * MIB, MADV_COLLAPSE) == 0;
	rill_ctx_destroy(ctx);
	return does;
}

/* Bytes of the mapping at `base` that are in huge pages. */
static size_t huge_bytes(const void *base)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long from, to, kib = 0;
	bool here = false;
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = from <= (uintptr_t)base && (uintptr_t)base < to;
		else if (here && sscanf(line, "ShmemPmdMapped: %lu", &kib) == 1)
			break;
	}
	fclose(f);
	return kib * KIB;
}

static void huge_pages_come_at_create_where_asked_for_and_nowhere_else(void **state)
{
	const size_t len = 12 * MIB;
	struct rill_arena *plain, *huge;
	struct rill_ctx *ctx;
	char *block;

	(void)state;
	if (rounds_under_valgrind() || !kernel_collapses()) /* valgrind does not map at 2 MiB */
		skip();
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	plain = arena_with(ctx, 32 * MIB, 16 * MIB, 0);
	huge = arena_with(ctx, 32 * MIB, 16 * MIB, RILL_ARENA_HUGE);
	assert_int_equal(huge_bytes(arena_base(plain)), 0);
	assert_true(huge_bytes(arena_base(huge)) >= 14 * MIB);
	assert_true(usage(huge).reserved == 16 * MIB && usage(huge).resident == 16 * MIB); /* no more than was asked for */
	block = rill_arena_alloc(huge, len);
	memset(block, 1, len);
	assert_int_equal(usage(huge).resident, 16 * MIB);
	rill_arena_free(huge, block);
	assert_int_equal(rill_arena_trim(huge, 64 * KIB), 64 * KIB); /* a part of one */
	assert_int_equal(usage(huge).resident, 16 * MIB - 64 * KIB);
	rill_arena_trim(huge, SIZE_MAX);
	assert_int_equal(usage(huge).resident, 0);
	rill_ctx_destroy(ctx);
}

/* ---- running out ----------------------------------------------------------------------------------------------- */

#define OUT_MAX 100000

static char *taken[OUT_MAX];

/* Blocks until there are no more, each written to. */
static size_t take_all(struct rill_arena *a, size_t len)
{
	size_t n = 0;

	while (n < OUT_MAX && (taken[n] = rill_arena_alloc(a, len)))
		memset(taken[n++], 1, len);
	return n;
}

static void a_used_up_capacity_is_null_and_what_is_freed_serves_again(void **state)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	a = arena_with(ctx, 4 * MIB, 0, 0);
	for (size_t len = 100; len <= MIB; len *= 10) {
		size_t n = take_all(a, len), i;

		assert_true(n * len >= 5 * MIB / 2 && n < OUT_MAX);
		assert_null(rill_arena_alloc(a, len));
		rill_arena_free(a, taken[n / 2]);
		assert_non_null(taken[n / 2] = rill_arena_alloc(a, len));
		for (i = 0; i < n; i++)
			rill_arena_free(a, taken[i]);
		assert_int_equal(usage(a).allocated, 0);
	}
	rill_ctx_destroy(ctx);
}

/* From now on the kernel has no page more for an arena: MADV_POPULATE_WRITE (23) gives ENOMEM. */
static bool no_more_pages(void)
{
	struct sock_filter rule[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 23, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(rule) / sizeof(rule[0]), .filter = rule};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int without_pages(struct child *self, void *arg)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;
	size_t n;

	(void)self, (void)arg;
	CHILD_CHECK(rill_ctx_create(&ctx, NULL) == 0);
	CHILD_CHECK((a = arena_with(ctx, 64 * MIB, 4 * MIB, 0)));
	if (!no_more_pages())
		return 77;
	n = take_all(a, 5000);
	CHILD_CHECK(n * 5000 > 3 * MIB && n * 5000 <= 4 * MIB); /* what was taken ahead, and nothing else */
	CHILD_CHECK(!rill_arena_alloc(a, 5000) && !rill_arena_alloc(a, MIB));
	CHILD_CHECK(rill_ctx_dispatch(ctx, NULL) >= 0); /* it asks for more ahead, in vain */
	CHILD_CHECK(usage(a).reserved <= 4 * MIB && usage(a).resident <= 4 * MIB);
	for (size_t i = 0; i < n; i++) {
		CHILD_CHECK(taken[i][4999] == 1);
		rill_arena_free(a, taken[i]);
	}
	CHILD_CHECK(take_all(a, 100) * 112 > 3 * MIB);
	CHILD_CHECK(!arena_with(ctx, MIB, 0, 0)); /* nor is there memory for another */
	rill_ctx_destroy(ctx);
	return 0;
}

static void without_pages_alloc_is_null_and_what_is_there_goes_on(void **state)
{
	struct child c;
	int r;

	(void)state;
	assert_int_equal(child_start(&c, without_pages, NULL), 0);
	r = child_wait(&c, 30000);
	if (r == 77)
		skip();
	assert_int_equal(r, 0);
}

static int without_addresses(struct child *self, void *arg)
{
	struct rlimit none = {.rlim_cur = MIB, .rlim_max = RLIM_INFINITY}; /* below what we have: no mapping more */
	struct rill_arena *a;
	struct rill_ctx *ctx;
	size_t n;

	(void)self, (void)arg;
	CHILD_CHECK(rill_ctx_create(&ctx, NULL) == 0);
	CHILD_CHECK((a = arena_with(ctx, 64 * MIB, 0, 0)));
	CHILD_CHECK(setrlimit(RLIMIT_AS, &none) == 0);
	n = take_all(a, 3000); /* until an allocator has no place for its records, if ever */
	CHILD_CHECK(n > 100);
	for (size_t i = 0; i < n; i++)
		CHILD_CHECK(taken[i][2999] == 1);
	for (size_t i = 0; i < n; i++)
		rill_arena_free(a, taken[i]);
	CHILD_CHECK(usage(a).allocated == 0);
	CHILD_CHECK(rill_arena_alloc(a, 3000));
	CHILD_CHECK(rill_arena_trim(a, SIZE_MAX) > 0);
	rill_ctx_destroy(ctx);
	return 0;
}

static void without_addresses_for_records_alloc_is_null(void **state)
{
	struct child c;

	(void)state;
	if (rounds_under_valgrind() || rounds_under_sanitizer()) /* they need some */
		skip();
	assert_int_equal(child_start(&c, without_addresses, NULL), 0);
	assert_int_equal(child_wait(&c, 30000), 0);
}

/* ---- all ------------------------------------------------------------------------------------------------------- */

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

static int run_all(const struct rill_allocator *allocator)
{
	const struct CMUnitTest tests[] = {
		T(an_arena_grows_and_nothing_moves),
		T(a_block_that_grows_in_place_is_read_where_it_was_lent),
		T(memory_goes_back_after_a_peak_by_trim_and_only_by_trim),
		T(trim_gives_no_more_than_it_is_asked_for),
		T(alloc_asks_the_kernel_only_beyond_what_is_ready_and_free_never),
		T(an_alloc_takes_no_more_than_it_needs_and_a_step),
		T(huge_pages_come_at_create_where_asked_for_and_nowhere_else),
		T(a_used_up_capacity_is_null_and_what_is_freed_serves_again),
		T(without_pages_alloc_is_null_and_what_is_there_goes_on),
		T(without_addresses_for_records_alloc_is_null),
	};

	the = allocator;
	return cmocka_run_group_tests_name(allocator->name, tests, NULL, NULL);
}

int main(void)
{
	int failed = run_all(rill_pool_allocator());

#ifdef HAVE_JEMALLOC
	failed += run_all(rill_jemalloc_allocator());
#endif
	return failed;
}
