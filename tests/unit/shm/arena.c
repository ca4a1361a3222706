/* tests/unit/shm/arena.c - the arena: what it is made of, who owns a block, and how it ends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/allocs.h"
#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/rounds.h"

#include "shm/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <rill/allocator.h>
#ifdef HAVE_JEMALLOC
#include <rill/jemalloc.h>
#endif
#include <rill/epoll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)
#define PAGE (64 * KIB)

/* ---- a ctx and an arena in it ---------------------------------------------------------------------------------- */

static struct rill_ctx *ctx;
static struct rill_arena *arena;

static const struct rill_allocator *the; /* of the arenas whose test does not say */

/* What can be handed out of a capacity: jemalloc leaves out two pages. */
static size_t usable(size_t capacity)
{
	return the == rill_pool_allocator() ? capacity : capacity - 8 * KIB;
}

static void begin_with(const struct rill_arena_options *options)
{
	struct rill_arena_options o = {.size = sizeof(o)};

	if (options)
		o = *options;
	if (!o.allocator)
		o.allocator = the;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(rill_arena_create(&arena, ctx, &o), 0);
}

static void begin(size_t capacity)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = capacity};

	begin_with(&o);
}

static void end(void)
{
	rill_arena_destroy(arena);
	rill_ctx_destroy(ctx);
}

static bool asks_for_a_turn(void)
{
	return rill_ctx_timeout_ms(ctx) == 0;
}

static void run(void)
{
	while (asks_for_a_turn())
		assert_int_equal(rill_ctx_dispatch(ctx, NULL), 0);
}

static struct rill_arena_usage usage(void)
{
	struct rill_arena_usage u = {.size = sizeof(u)};

	rill_arena_get_usage(arena, &u);
	return u;
}

static size_t reserved(void)
{
	struct rill_arena_usage u = {.size = offsetof(struct rill_arena_usage, resident)};

	rill_arena_get_usage(arena, &u);
	return u.reserved;
}

static void *lend(void *data, size_t len)
{
	void *block;

	return arena_lend(arena, data, len, &block) == 0 ? block : NULL;
}

/* What was run, in order: one letter each. */
static char ran[512];

static void note(const char *word)
{
	if (strlen(ran) + strlen(word) < sizeof(ran))
		strcat(ran, word);
}

static void note_user(void *block, void *user)
{
	assert_non_null(block);
	note(user);
}

static void note_space(struct rill_arena *a, void *user)
{
	assert_ptr_equal(a, arena);
	note(user);
}

static int fresh(void **state)
{
	ran[0] = 0;
	return leaks_setup(state);
}

/* ---- create ---------------------------------------------------------------------------------------------------- */

static void options_are_checked(void **state)
{
	struct {
		struct rill_arena_options o;
		int more;
	} big = {.o = {.size = sizeof(big)}, .more = 1};
	struct rill_arena_options o = {.size = sizeof(o)}, bad;
	struct rill_allocator allocator = *rill_pool_allocator();
	struct rill_arena *none = NULL;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(rill_arena_create(NULL, ctx, &o), -EINVAL);
	assert_int_equal(rill_arena_create(&none, NULL, &o), -EINVAL);
	bad = o, bad.size = 0;
	assert_int_equal(rill_arena_create(&none, ctx, &bad), -EINVAL);
	bad = o, bad.flags = 1u << 31;
	assert_int_equal(rill_arena_create(&none, ctx, &bad), -EINVAL);
	bad = o, bad.capacity = 1024 * GIB + 1;
	assert_int_equal(rill_arena_create(&none, ctx, &bad), -EINVAL);
	bad = o, bad.allocator = &allocator;
	allocator.find = NULL;
	assert_int_equal(rill_arena_create(&none, ctx, &bad), -EINVAL);
	assert_int_equal(rill_arena_create(&none, ctx, &big.o), -E2BIG);
	assert_null(none);
	rill_ctx_destroy(ctx);
}

static void the_default_is_a_gibibyte_and_256_kib_ready(void **state)
{
	(void)state;
	begin_with(NULL);
	assert_int_equal(arena_capacity(arena), GIB);
	assert_int_equal(reserved(), 256 * KIB);
	assert_int_equal((uintptr_t)arena_base(arena) % PAGE, 0);
	assert_ptr_equal(arena_ctx(arena), ctx);
	end();
}

static void capacity_is_rounded_up_to_64_kib(void **state)
{
	(void)state;
	begin(PAGE + 1);
	assert_int_equal(arena_capacity(arena), 2 * PAGE);
	assert_int_equal(reserved(), usable(2 * PAGE));
	end();
}

static void a_plain_arena_has_nothing_reserved(void **state)
{
	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(arena_create_plain(&arena, ctx, 3 * MIB), 0);
	assert_int_equal(arena_capacity(arena), 3 * MIB);
	assert_int_equal(usage().resident, 0);
	assert_non_null(rill_arena_alloc(arena, 100));
	end();
}

static void above_the_file_size_limit_is_efbig(void **state)
{
	struct rlimit old, low;
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 2 * MIB};
	int r, fits;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	getrlimit(RLIMIT_FSIZE, &old);
	low = old;
	low.rlim_cur = 2 * MIB - 1;
	setrlimit(RLIMIT_FSIZE, &low);
	r = rill_arena_create(&arena, ctx, &o);
	low.rlim_cur = 2 * MIB;
	setrlimit(RLIMIT_FSIZE, &low);
	fits = rill_arena_create(&arena, ctx, &o);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(fits, 0);
	end();
}

static void without_a_descriptor_is_emfile(void **state)
{
	struct rlimit old, low;
	int r, spare;
	rlim_t i, next = (rlim_t)dup(0);

	(void)state;
	close((int)next);
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	getrlimit(RLIMIT_NOFILE, &old);
	for (i = 0; i < 2; i++) { /* it needs two for a moment */
		low = old;
		low.rlim_cur = next + i;
		setrlimit(RLIMIT_NOFILE, &low);
		r = rill_arena_create(&arena, ctx, NULL);
		setrlimit(RLIMIT_NOFILE, &old);
		assert_int_equal(r, -EMFILE);
		spare = dup(0);
		assert_int_equal(spare, next);
		close(spare);
	}
	rill_ctx_destroy(ctx);
}

static void without_heap_is_enomem_at_each_step(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB};
	uint64_t n;
	int r;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	for (n = 1;; n++) {
		allocs_refuse(n);
		r = rill_arena_create(&arena, ctx, &o);
		allocs_refuse(0);
		if (r == 0)
			break;
		assert_int_equal(r, -ENOMEM);
	}
	assert_true(n > 1);
	end();
}

static int create_with_little_address_space(struct child *self, void *arg)
{
	struct rlimit low = {.rlim_cur = 512 * MIB, .rlim_max = 512 * MIB};

	(void)self, (void)arg;
	CHILD_CHECK(rill_ctx_create(&ctx, NULL) == 0);
	CHILD_CHECK(setrlimit(RLIMIT_AS, &low) == 0);
	CHILD_CHECK(rill_arena_create(&arena, ctx, NULL) == -ENOMEM);
	rill_ctx_destroy(ctx);
	return 0;
}

static void without_address_space_is_enomem(void **state)
{
	struct child c;

	(void)state;
	if (rounds_under_sanitizer() || rounds_under_valgrind())
		skip();
	assert_int_equal(child_start(&c, create_with_little_address_space, NULL), 0);
	assert_int_equal(child_wait(&c, 10000), 0);
}

#define NOT_ALLOWED 77

static int create_without_proc(struct child *self, void *arg)
{
	(void)self, (void)arg;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/proc", "tmpfs", 0, NULL) < 0)
		return NOT_ALLOWED;
	CHILD_CHECK(rill_ctx_create(&ctx, NULL) == 0);
	CHILD_CHECK(rill_arena_create(&arena, ctx, NULL) == -EOPNOTSUPP);
	rill_ctx_destroy(ctx);
	return 0;
}

static void without_proc_is_eopnotsupp(void **state)
{
	struct child c;
	int r;

	(void)state;
	if (rounds_under_sanitizer() || rounds_under_valgrind())
		skip();
	assert_int_equal(child_start(&c, create_without_proc, NULL), 0);
	r = child_wait(&c, 10000);
	if (r == NOT_ALLOWED)
		skip();
	assert_int_equal(r, 0);
}

/* ---- the memory ------------------------------------------------------------------------------------------------ */

static void it_holds_one_descriptor_which_may_be_closed(void **state)
{
	size_t before = leaks_fds();

	(void)state;
	begin(MIB);
	assert_int_equal(leaks_fds(), before + 1);
	assert_true(arena_fd(arena) >= 0);
	arena_close_fd(arena);
	arena_close_fd(arena);
	assert_int_equal(arena_fd(arena), -1);
	assert_int_equal(leaks_fds(), before);
	assert_non_null(rill_arena_alloc(arena, 600 * KIB));
	end();
}

static void the_descriptor_is_read_only_and_the_file_private_and_sealed(void **state)
{
	struct stat st;
	int fd, again;
	char path[64];

	(void)state;
	begin(MIB);
	fd = arena_fd(arena);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, MIB);
	assert_ptr_equal(mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC); /* what a process of the same uid could do */
	assert_true(again >= 0);
	assert_int_equal(ftruncate(again, 0), -1);
	assert_int_equal(ftruncate(again, 2 * MIB), -1);
	assert_int_equal(fcntl(again, F_ADD_SEALS, F_SEAL_WRITE), -1);
	close(again);
	end();
}

/* Is `flag` among the VmFlags of the mapping that begins at `base`? */
static bool vm_flag(const void *base, const char *flag)
{
	char line[512], begins[32];
	bool here = false, has = false;
	FILE *f = fopen("/proc/self/smaps", "re");

	snprintf(begins, sizeof(begins), "%lx-", (unsigned long)(uintptr_t)base);
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, begins, strlen(begins)) == 0)
			here = true;
		if (here && strncmp(line, "VmFlags:", 8) == 0) {
			has = strstr(line, flag) != NULL;
			break;
		}
	}
	if (f)
		fclose(f);
	return has;
}

static void it_is_neither_dumped_nor_inherited(void **state)
{
	(void)state;
	if (rounds_under_valgrind()) /* it shows no smaps */
		skip();
	begin(MIB);
	assert_true(vm_flag(arena_base(arena), " dd"));
	assert_true(vm_flag(arena_base(arena), " dc"));
	end();
}

static void ready_memory_is_there_and_used_without_the_kernel(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 64 * MIB, .ready = 4 * MIB};
	int i;

	(void)state;
	begin_with(&o);
	assert_int_equal(reserved(), 4 * MIB);
	assert_int_equal(usage().resident, 4 * MIB);
	for (i = 0; i < 64; i++)
		assert_non_null(rill_arena_alloc(arena, 64 * KIB));
	assert_int_equal(reserved(), 4 * MIB);
	end();
}

static void prefault_reserves_all(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 8 * MIB, .flags = RILL_ARENA_PREFAULT};

	(void)state;
	begin_with(&o);
	assert_int_equal(reserved(), usable(8 * MIB));
	assert_int_equal(usage().resident, usable(8 * MIB));
	assert_non_null(rill_arena_alloc(arena, MIB));
	assert_false(asks_for_a_turn());
	end();
}

static void huge_is_a_hint(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 8 * MIB, .flags = RILL_ARENA_HUGE};

	(void)state;
	begin_with(&o);
	assert_int_equal((uintptr_t)arena_base(arena) % (2 * MIB), 0);
	assert_non_null(rill_arena_alloc(arena, MIB));
	end();
}

static void what_alloc_uses_up_is_reserved_again_from_dispatch(void **state)
{
	(void)state;
	begin(64 * MIB);
	assert_false(asks_for_a_turn());
	assert_non_null(rill_arena_alloc(arena, 3 * PAGE));
	assert_int_equal(reserved(), 4 * PAGE);
	assert_true(asks_for_a_turn());
	assert_int_equal(rill_ctx_dispatch(ctx, NULL), 0);
	assert_int_equal(reserved(), 7 * PAGE);
	assert_false(asks_for_a_turn());
	end();
}

static void steady_use_asks_for_no_turn(void **state)
{
	int i;

	(void)state;
	begin(64 * MIB);
	for (i = 0; i < 1000; i++) {
		void *big = rill_arena_alloc(arena, PAGE + (size_t)i), *small = rill_arena_alloc(arena, 100);

		rill_arena_free(arena, big);
		rill_arena_free(arena, small);
		if (i == 10)
			run();
	}
	assert_false(asks_for_a_turn());
	end();
}

static void trim_gives_pages_back_and_free_does_not(void **state)
{
	void *keep, *block;

	(void)state;
	begin(64 * MIB);
	keep = memset(rill_arena_alloc(arena, MIB), 5, MIB);
	block = memset(rill_arena_alloc(arena, 8 * MIB), 6, 8 * MIB);
	assert_true(usage().resident >= 9 * MIB);
	rill_arena_free(arena, block);
	assert_true(usage().resident >= 9 * MIB);
	assert_int_equal(rill_arena_trim(arena, 2 * MIB), 2 * MIB);
	assert_true(rill_arena_trim(arena, SIZE_MAX) >= 6 * MIB);
	assert_int_equal(rill_arena_trim(arena, SIZE_MAX), 0);
	assert_int_equal(reserved(), MIB);
	assert_int_equal(usage().resident, MIB);
	assert_int_equal(((char *)keep)[MIB - 1], 5);
	block = rill_arena_alloc(arena, 8 * MIB);
	assert_int_equal(((char *)block)[0], 0);
	end();
}

static void usage_tells_what_the_caller_knows_of(void **state)
{
	struct {
		struct rill_arena_usage u;
		size_t more;
	} big = {.u = {.size = sizeof(big)}, .more = 7};
	struct rill_arena_usage u = {.size = offsetof(struct rill_arena_usage, allocated), .allocated = 99};
	void *block;

	(void)state;
	begin(MIB);
	block = rill_arena_alloc(arena, 100);
	assert_non_null(lend(block, 100));
	rill_arena_get_usage(arena, &u);
	assert_int_equal(u.size, offsetof(struct rill_arena_usage, allocated));
	assert_int_equal(u.allocated, 99);
	assert_int_equal(u.reserved, 4 * PAGE);
	rill_arena_get_usage(arena, &big.u);
	assert_int_equal(big.more, 0);
	assert_int_equal(big.u.allocated, 112);
	assert_int_equal(big.u.lent, 1);
	rill_arena_get_usage(arena, NULL);
	u.size = 0;
	rill_arena_get_usage(arena, &u);
	arena_unlend(arena, block);
	rill_arena_free(arena, block);
	assert_int_equal(usage().allocated, 0);
	assert_int_equal(usage().lent, 0);
	end();
}

/* ---- alloc and free -------------------------------------------------------------------------------------------- */

static void blocks_are_16_aligned_and_no_bytes_count_as_one(void **state)
{
	char *a, *b;

	(void)state;
	begin(MIB);
	a = rill_arena_alloc(arena, 0);
	b = rill_arena_alloc(arena, 0);
	assert_true(a && b && a != b);
	assert_int_equal((uintptr_t)a % 16, 0);
	*a = 1;
	end();
}

static void aligned_blocks_up_to_a_gibibyte(void **state)
{
	size_t alignment;

	(void)state;
	begin(2 * GIB);
	for (alignment = 1; alignment <= GIB; alignment *= 2) {
		void *block = rill_arena_alloc_aligned(arena, alignment, 100);

		assert_non_null(block);
		assert_int_equal((uintptr_t)block % alignment, 0);
		assert_int_equal((uintptr_t)block % 16, 0);
		rill_arena_free(arena, block);
	}
	assert_null(rill_arena_alloc_aligned(arena, 2 * GIB, 1));
	assert_null(rill_arena_alloc_aligned(arena, 0, 1));
	assert_null(rill_arena_alloc_aligned(arena, 48, 1));
	assert_null(rill_arena_alloc_aligned(arena, SIZE_MAX, 1));
	end();
}

static void senseless_sizes_are_null(void **state)
{
	(void)state;
	begin(MIB);
	assert_null(rill_arena_alloc(arena, SIZE_MAX));
	assert_null(rill_arena_alloc(arena, MIB + 1));
	assert_null(rill_arena_realloc(arena, rill_arena_alloc(arena, 5), SIZE_MAX));
	assert_null(rill_arena_alloc_with(arena, SIZE_MAX, note_user, "x"));
	end();
}

static void no_arena_is_nothing(void **state)
{
	struct rill_arena_usage u = {.size = sizeof(u), .lent = 3};

	(void)state;
	assert_null(rill_arena_alloc(NULL, 1));
	assert_null(rill_arena_alloc_aligned(NULL, 16, 1));
	assert_null(rill_arena_alloc_with(NULL, 1, note_user, NULL));
	assert_null(rill_arena_realloc(NULL, &u, 1));
	rill_arena_free(NULL, &u);
	rill_arena_destroy(NULL);
	assert_int_equal(rill_arena_trim(NULL, 1), 0);
	rill_arena_get_usage(NULL, &u);
	assert_int_equal(u.lent, 3);
}

static void what_is_no_block_is_not_freed(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB};
	char *small, *big, *gone;
	size_t before;

	(void)state;
	for (o.flags = 0; o.flags <= RILL_ARENA_WIPE; o.flags += RILL_ARENA_WIPE) {
		begin_with(&o);
		small = rill_arena_alloc(arena, 100);
		big = rill_arena_alloc(arena, 200 * KIB);
		gone = rill_arena_alloc(arena, 100);
		rill_arena_free(arena, gone);
		before = usage().allocated;
		rill_arena_free(arena, NULL);
		rill_arena_free(arena, &before);
		rill_arena_free(arena, (void *)UINTPTR_MAX);
		rill_arena_free(arena, small + 1);
		rill_arena_free(arena, small + 16);
		rill_arena_free(arena, big + 16);
		rill_arena_free(arena, big + PAGE);
		rill_arena_free(arena, gone);
		rill_arena_free(arena, (char *)arena_base(arena) + MIB);
		rill_arena_free(arena, (char *)arena_base(arena) + MIB - PAGE);
		assert_int_equal(usage().allocated, before);
		assert_ptr_not_equal(rill_arena_alloc(arena, 100), rill_arena_alloc(arena, 100));
		end();
	}
}

static void wiped_blocks_are_clear_once_freed(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 4 * MIB, .flags = RILL_ARENA_WIPE};
	char *small, *big, *lent;
	size_t i;

	(void)state;
	begin_with(&o);
	small = memset(rill_arena_alloc(arena, 100), 1, 100);
	lent = memset(rill_arena_alloc(arena, 100), 1, 100);
	big = memset(rill_arena_alloc(arena, MIB), 1, MIB);
	assert_non_null(lend(lent, 100));
	rill_arena_free(arena, small);
	rill_arena_free(arena, lent);
	assert_ptr_equal(rill_arena_realloc(arena, big, PAGE), big);
	for (i = 0; i < 100; i++)
		assert_true(small[i] == 0 && lent[i] == 1);
	for (i = 0; i < MIB; i++)
		assert_int_equal(big[i], i < PAGE);
	arena_unlend(arena, lent);
	assert_int_equal(lent[0] | lent[99], 0);
	end();
}

/* ---- space ----------------------------------------------------------------------------------------------------- */

static void space_is_told_once_when_something_came_back_after_a_failure(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB, .space = note_space, .user = "s"};
	void *a, *b;

	(void)state;
	begin_with(&o);
	a = rill_arena_alloc(arena, 500 * KIB);
	b = rill_arena_alloc(arena, 400 * KIB);
	run();
	rill_arena_free(arena, b);
	run();
	assert_string_equal(ran, ""); /* nothing had failed */
	b = rill_arena_alloc(arena, 400 * KIB);
	assert_null(rill_arena_alloc(arena, 400 * KIB));
	assert_null(rill_arena_alloc(arena, MIB + 1));
	run();
	assert_string_equal(ran, ""); /* nothing came back */
	rill_arena_free(arena, a);
	assert_string_equal(ran, "");
	assert_true(asks_for_a_turn());
	run();
	assert_string_equal(ran, "s");
	rill_arena_free(arena, b);
	run();
	assert_string_equal(ran, "s");
	end();
}

static void space_follows_a_loan_that_comes_back_and_a_shrunk_block(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB, .space = note_space, .user = "s"};
	void *a;

	(void)state;
	begin_with(&o);
	a = rill_arena_alloc(arena, MIB);
	assert_null(rill_arena_alloc(arena, 1));
	assert_ptr_equal(rill_arena_realloc(arena, a, MIB / 2), a);
	run();
	assert_string_equal(ran, "s");
	assert_null(rill_arena_realloc(arena, a, MIB + 1));
	assert_non_null(lend(a, 1));
	assert_null(rill_arena_alloc(arena, MIB));
	rill_arena_free(arena, a);
	run();
	assert_string_equal(ran, "s");
	arena_unlend(arena, a);
	run();
	assert_string_equal(ran, "ss");
	end();
}

/* What was short is memory of ours; not at once, or who tries again in space() would be told for ever. */
static void space_follows_a_destructor_that_found_no_memory(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB, .space = note_space, .user = "s"};
	void *block, *other;

	(void)state;
	begin_with(&o);
	other = rill_arena_alloc(arena, 64);
	allocs_refuse_from(1);
	block = rill_arena_alloc_with(arena, 64, note_user, "d");
	allocs_refuse(0);
	assert_null(block);
	run();
	assert_string_equal(ran, "");
	rill_arena_free(arena, other);
	run();
	assert_string_equal(ran, "s");
	end();
}

/* ---- realloc --------------------------------------------------------------------------------------------------- */

static void realloc_keeps_what_was_there(void **state)
{
	char *block, *moved;

	(void)state;
	begin(8 * MIB);
	block = rill_arena_realloc(arena, NULL, 100);
	memcpy(block, "contents", 9);
	assert_ptr_equal(rill_arena_realloc(arena, block, 0), block);
	moved = rill_arena_realloc(arena, block, 5000);
	assert_string_equal(moved, "contents");
	assert_ptr_not_equal(moved, block);
	moved = rill_arena_realloc(arena, moved, MIB);
	assert_string_equal(moved, "contents");
	assert_ptr_equal(rill_arena_realloc(arena, moved, 3 * MIB), moved);
	assert_int_equal(usage().allocated, 3 * MIB);
	moved = rill_arena_realloc(arena, moved, 1);
	assert_string_equal(moved, "contents");
	assert_true(usage().allocated <= PAGE);
	end();
}

static void realloc_of_what_is_no_block_is_null(void **state)
{
	char *block, *lent;

	(void)state;
	begin(MIB);
	block = rill_arena_alloc(arena, 1000);
	lent = rill_arena_alloc(arena, 1000);
	assert_null(rill_arena_realloc(arena, block + 16, 10));
	assert_null(rill_arena_realloc(arena, &block, 10));
	rill_arena_free(arena, block);
	assert_null(rill_arena_realloc(arena, block, 10));
	assert_non_null(lend(lent, 1));
	rill_arena_free(arena, lent);
	assert_null(rill_arena_realloc(arena, lent, 10)); /* its owner has let go of it */
	end();
}

static void realloc_without_room_leaves_the_block(void **state)
{
	char *block;

	(void)state;
	begin(MIB);
	block = rill_arena_alloc_with(arena, 1000, note_user, "d");
	memset(block, 9, 1000);
	assert_non_null(rill_arena_alloc(arena, 800 * KIB));
	assert_null(rill_arena_realloc(arena, block, 500 * KIB));
	allocs_refuse_from(1);
	assert_int_equal(block[999], 9);
	allocs_refuse(0);
	rill_arena_free(arena, block);
	run();
	assert_string_equal(ran, "d");
	end();
}

static void a_lent_block_is_not_shrunk_below_what_is_lent(void **state)
{
	char *block, *moved;

	(void)state;
	begin(8 * MIB);
	block = memset(rill_arena_alloc(arena, MIB), 3, MIB);
	assert_non_null(lend(block + MIB / 2, 100));
	assert_ptr_equal(rill_arena_realloc(arena, block, MIB / 2 + 100), block);
	moved = rill_arena_realloc(arena, block, MIB / 2 + 99);
	assert_ptr_not_equal(moved, block);
	assert_int_equal(moved[MIB / 2], 3);
	assert_true(usage().allocated >= MIB); /* the old one stays */
	arena_unlend(arena, block);
	assert_true(usage().allocated < MIB);
	assert_non_null(lend(moved, 10));
	assert_ptr_equal(rill_arena_realloc(arena, moved, MIB), moved); /* growing is no harm */
	end();
}

static void a_block_that_came_back_is_shrunk_in_place(void **state)
{
	char *block;

	(void)state;
	begin(8 * MIB);
	block = rill_arena_alloc_with(arena, MIB, note_user, "d");
	assert_non_null(lend(block, MIB));
	arena_unlend(arena, block);
	assert_ptr_equal(rill_arena_realloc(arena, block, 10), block);
	end();
}

static void a_destructor_moves_along_and_runs_once(void **state)
{
	char *block, *moved;

	(void)state;
	begin(MIB);
	block = rill_arena_alloc_with(arena, 100, note_user, "d");
	assert_non_null(lend(block, 100));
	moved = rill_arena_realloc(arena, block, 10000);
	assert_ptr_not_equal(moved, block);
	arena_unlend(arena, block);
	run();
	assert_string_equal(ran, "");
	rill_arena_free(arena, moved);
	run();
	assert_string_equal(ran, "d");
	end();
	assert_string_equal(ran, "d");
}

/* ---- destructors ----------------------------------------------------------------------------------------------- */

static void destructors_run_from_dispatch_once_and_in_order(void **state)
{
	char *a, *b, *c;

	(void)state;
	begin(MIB);
	a = rill_arena_alloc_with(arena, 10, note_user, "a");
	b = rill_arena_alloc_with(arena, 100000, note_user, "b");
	c = rill_arena_alloc_with(arena, 10, note_user, "c");
	run();
	rill_arena_free(arena, c);
	rill_arena_free(arena, a);
	rill_arena_free(arena, c);
	rill_arena_free(arena, b);
	assert_string_equal(ran, "");
	assert_true(asks_for_a_turn());
	run();
	assert_string_equal(ran, "cab");
	assert_int_equal(usage().allocated, 0);
	end();
	assert_string_equal(ran, "cab");
}

static void check_bytes(void *block, void *user)
{
	char *bytes = block;

	assert_int_equal(bytes[0], 'x');
	assert_int_equal(bytes[99], 'x');
	assert_null(rill_arena_realloc(arena, block, 5)); /* it is let go of */
	assert_null(lend(block, 1));
	rill_arena_free(arena, block);
	note(user);
}

static void the_bytes_are_there_while_the_destructor_runs(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB, .flags = RILL_ARENA_WIPE};
	char *block;

	(void)state;
	begin_with(&o);
	block = memset(rill_arena_alloc_with(arena, 100, check_bytes, "b"), 'x', 100);
	rill_arena_free(arena, block);
	assert_ptr_not_equal(rill_arena_alloc(arena, 100), block);
	run();
	assert_string_equal(ran, "b");
	assert_int_equal(block[0], 0);
	end();
}

static void a_destructor_waits_for_the_last_loan(void **state)
{
	char *block;

	(void)state;
	begin(MIB);
	block = rill_arena_alloc_with(arena, 10, note_user, "d");
	assert_non_null(lend(block, 10));
	assert_non_null(lend(block, 5));
	rill_arena_free(arena, block);
	run();
	arena_unlend(arena, block);
	run();
	assert_string_equal(ran, "");
	arena_unlend(arena, block);
	assert_string_equal(ran, "");
	arena_unlend(arena, block);
	run();
	assert_string_equal(ran, "d");
	end();
}

static void a_block_without_destructor_needs_no_turn(void **state)
{
	void *block;

	(void)state;
	begin(MIB);
	block = rill_arena_alloc_with(arena, 10, NULL, "d");
	run();
	rill_arena_free(arena, block);
	assert_false(asks_for_a_turn());
	assert_int_equal(usage().allocated, 0);
	end();
}

static void one_turn_runs_64_destructors(void **state)
{
	void *block[150];
	size_t i;

	(void)state;
	begin(MIB);
	for (i = 0; i < 150; i++)
		block[i] = rill_arena_alloc_with(arena, 10, note_user, "d");
	run();
	for (i = 0; i < 150; i++)
		rill_arena_free(arena, block[i]);
	assert_int_equal(rill_ctx_dispatch(ctx, NULL), 0);
	assert_int_equal(strlen(ran), 64);
	assert_true(asks_for_a_turn());
	run();
	assert_int_equal(strlen(ran), 150);
	end();
}

/* A tree's node: frees the next one, and makes many more (whose records move all others). */
static void free_next(void *block, void *user)
{
	void *next = *(void **)block;
	int i;

	note(user);
	for (i = 0; i < 100; i++)
		assert_non_null(rill_arena_alloc_with(arena, 16, note_user, ""));
	rill_arena_free(arena, next);
}

static void a_destructor_may_free_and_alloc(void **state)
{
	void *next = NULL;
	int i;

	(void)state;
	begin(4 * MIB);
	for (i = 0; i < 5; i++) {
		void **node = rill_arena_alloc_with(arena, 16, free_next, "n");

		*node = next;
		next = node;
	}
	rill_arena_free(arena, next);
	run();
	assert_string_equal(ran, "nnnnn");
	end();
}

static void without_heap_nothing_changes(void **state)
{
	char *plain, *with;
	void *block;

	(void)state;
	begin(MIB);
	plain = rill_arena_alloc(arena, 100);
	allocs_refuse_from(1);
	with = rill_arena_alloc_with(arena, 10, note_user, "d");
	assert_null(with);
	assert_int_equal(arena_lend(arena, plain, 1, &block), -ENOMEM);
	allocs_refuse(0);
	assert_int_equal(usage().allocated, 112);
	assert_int_equal(usage().lent, 0);
	end();
	assert_string_equal(ran, "");
}

/* ---- lending --------------------------------------------------------------------------------------------------- */

static void only_what_lies_within_one_block_is_lent(void **state)
{
	char *block, *other;
	void *got = NULL;

	(void)state;
	begin(MIB);
	block = rill_arena_alloc(arena, 100000);
	other = rill_arena_alloc(arena, 100);
	assert_int_equal(arena_lend(arena, block + 70000, 1000, &got), 0);
	assert_ptr_equal(got, block);
	assert_ptr_equal(lend(other, 112), other);
	got = NULL;
	assert_int_equal(arena_lend(arena, other, 113, &got), -EINVAL);
	assert_int_equal(arena_lend(arena, other + 100, SIZE_MAX, &got), -EINVAL);
	assert_int_equal(arena_lend(arena, &got, 1, &got), -EINVAL);
	assert_int_equal(arena_lend(arena, NULL, 0, &got), -EINVAL);
	assert_null(got);
	assert_int_equal(usage().lent, 2);
	arena_unlend(arena, block);
	arena_unlend(arena, other);
	rill_arena_free(arena, other);
	assert_int_equal(arena_lend(arena, other, 1, &got), -EINVAL);
	end();
}

static void a_lent_block_is_reused_only_after_the_last_loan(void **state)
{
	char *block;
	int i;

	(void)state;
	begin(MIB);
	block = memset(rill_arena_alloc(arena, 200), 4, 200);
	assert_non_null(lend(block, 200));
	assert_non_null(lend(block + 10, 10));
	rill_arena_free(arena, block);
	rill_arena_free(arena, block);
	assert_non_null(lend(block, 1)); /* it lives while a loan is out */
	for (i = 0; i < 3; i++) {
		char *next = rill_arena_alloc(arena, 200);

		assert_ptr_not_equal(next, block);
		memset(next, 5, 200);
		assert_int_equal(usage().lent, 1);
		assert_int_equal(block[199], 4);
		arena_unlend(arena, block);
	}
	assert_int_equal(usage().lent, 0);
	assert_ptr_equal(rill_arena_alloc(arena, 200), block);
	end();
}

static void what_was_not_lent_cannot_come_back(void **state)
{
	char *block;

	(void)state;
	begin(MIB);
	block = rill_arena_alloc(arena, 200);
	arena_unlend(arena, block);
	arena_unlend(arena, &block);
	arena_unlend(arena, NULL);
	assert_non_null(lend(block, 1));
	arena_unlend(arena, block + 16);
	assert_int_equal(usage().lent, 1);
	end();
}

#define MANY 3000

static void loans_of_many_blocks_against_a_shadow(void **state)
{
	static struct {
		char *block;
		unsigned loans;
		bool freed;
	} all[MANY];
	uint64_t seed = rounds_seed();
	unsigned i, rounds = rounds_of(5000, 200000, 1000000);
	size_t lent = 0;

	(void)state;
	memset(all, 0, sizeof(all));
	begin(64 * MIB);
	for (i = 0; i < rounds; i++) {
		uint64_t r = rounds_random(&seed);
		size_t at = r % MANY;

		if (!all[at].block) {
			all[at].block = rill_arena_alloc(arena, (r >> 16) % 300 + 2);
			all[at].freed = false;
			memcpy(all[at].block, &(uint16_t){(uint16_t)at}, 2);
		} else if ((r >> 32) % 4 == 0 && !all[at].freed) {
			rill_arena_free(arena, all[at].block);
			all[at].freed = true;
		} else if ((r >> 32) % 4 == 1 && !all[at].freed) {
			assert_ptr_equal(lend(all[at].block + 1, 1), all[at].block);
			lent += all[at].loans++ == 0;
		} else if (all[at].loans) {
			assert_memory_equal(all[at].block, &(uint16_t){(uint16_t)at}, 2);
			arena_unlend(arena, all[at].block);
			lent -= --all[at].loans == 0;
		}
		if (all[at].freed && !all[at].loans)
			all[at].block = NULL;
	}
	assert_int_equal(usage().lent, lent);
	for (i = 0; i < MANY; i++) {
		if (all[i].block && !all[i].freed)
			rill_arena_free(arena, all[i].block);
		while (all[i].loans-- > 0)
			arena_unlend(arena, all[i].block);
	}
	assert_int_equal(usage().lent, 0);
	assert_int_equal(usage().allocated, 0);
	end();
}

static void lending_allocates_nothing_once_it_is_warm(void **state)
{
	uint64_t before = 0;
	int i;

	(void)state;
	begin(MIB);
	for (i = 0; i < 1000; i++) {
		void *block = rill_arena_alloc(arena, 1000);

		assert_non_null(lend(block, 1000));
		rill_arena_free(arena, block);
		arena_unlend(arena, block);
		if (i == 0)
			before = allocs_made();
	}
	assert_int_equal(allocs_made(), before);
	end();
}

/* ---- destroy --------------------------------------------------------------------------------------------------- */

static void gone(struct arena_watcher *w)
{
	assert_false(link_linked(&w->link));
	assert_true(arena_gone(arena));
	note("w");
}

static void destroy_runs_all_destructors_and_tells_who_watches(void **state)
{
	struct arena_watcher one = {.destroyed = gone}, two = {.destroyed = gone}, left = {.destroyed = gone};
	size_t fds = leaks_fds(), mappings = leaks_mappings();
	char *freed, *lent;

	(void)state;
	begin(MIB);
	arena_watch(arena, &one);
	arena_watch(arena, &left);
	arena_watch(arena, &two);
	link_remove(&left.link);
	lent = rill_arena_alloc_with(arena, 10, note_user, "l");
	assert_non_null(lend(lent, 10));
	assert_non_null(rill_arena_alloc_with(arena, 10, note_user, "k"));
	freed = rill_arena_alloc_with(arena, 10, note_user, "f");
	rill_arena_free(arena, freed);
	rill_arena_free(arena, lent);
	rill_arena_destroy(arena);
	assert_string_equal(ran, "wwflk");
	assert_int_equal(leaks_fds(), fds);
	assert_int_equal(leaks_mappings(), mappings);
	rill_ctx_destroy(ctx);
}

static void a_held_arena_answers_after_its_end(void **state)
{
	struct rill_arena_usage u = {.size = sizeof(u), .lent = 3};
	char *block;
	void *got;

	(void)state;
	begin(MIB);
	block = rill_arena_alloc(arena, 100);
	assert_non_null(lend(block, 100));
	arena_hold(arena);
	assert_false(arena_gone(arena));
	rill_arena_destroy(arena);
	assert_true(arena_gone(arena));
	assert_int_equal(arena_fd(arena), -1);
	arena_unlend(arena, block);
	assert_int_equal(arena_lend(arena, block, 1, &got), -EINVAL);
	assert_null(rill_arena_alloc(arena, 1));
	assert_null(rill_arena_realloc(arena, block, 1));
	rill_arena_free(arena, block);
	assert_int_equal(rill_arena_trim(arena, 1), 0);
	rill_arena_get_usage(arena, &u);
	assert_int_equal(u.lent, 3);
	rill_ctx_destroy(ctx);
	assert_null(rill_arena_alloc(arena, 1));
	arena_drop(arena);
}

static void what_is_lent_stays_readable_for_its_borrower(void **state)
{
	const char *text = NULL;
	char *block, *theirs;
	void *base;

	(void)state;
	begin(MIB);
	block = strcpy(rill_arena_alloc(arena, 100), "still here");
	assert_int_equal(arena_map_peer(&base, arena_fd(arena), MIB, 0, false, &text), 0);
	theirs = (char *)base + (block - (char *)arena_base(arena));
	assert_non_null(lend(block, 100));
	rill_arena_destroy(arena);
	rill_ctx_destroy(ctx);
	assert_string_equal(theirs, "still here");
	munmap(base, MIB);
}

/* A callback to act in: a destructor of a second arena, run by dispatch. */
static void in_a_callback(void (*act)(void *block, void *user))
{
	struct rill_arena *second;
	struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB};
	int r;

	assert_int_equal(rill_arena_create(&second, ctx, &o), 0);
	rill_arena_free(second, rill_arena_alloc_with(second, 10, act, NULL));
	r = rill_ctx_dispatch(ctx, NULL);
	assert_true(r == 0 || r == -ECANCELED);
	if (r == 0)
		rill_arena_destroy(second);
}

static char *kept;

static void destroy_and_use(void *block, void *user)
{
	(void)block, (void)user;
	rill_arena_destroy(arena);
	note("<");
	assert_string_equal(kept, "kept");
	assert_null(rill_arena_alloc(arena, 10));
	rill_arena_free(arena, kept);
	rill_arena_destroy(arena);
	note(">");
}

static void in_a_callback_destructors_run_when_dispatch_returns(void **state)
{
	(void)state;
	begin(MIB);
	kept = strcpy(rill_arena_alloc_with(arena, 10, note_user, "d"), "kept");
	in_a_callback(destroy_and_use);
	assert_string_equal(ran, "<>d");
	rill_ctx_destroy(ctx);
}

static void destroy_ctx(void *block, void *user)
{
	(void)block, (void)user;
	note("c");
	rill_ctx_destroy(ctx);
	assert_null(rill_arena_alloc(arena, 10));
	rill_arena_free(arena, kept);
	rill_arena_destroy(arena);
}

static void a_destructor_may_destroy_the_ctx(void **state)
{
	(void)state;
	begin(MIB);
	kept = rill_arena_alloc(arena, 10);
	in_a_callback(destroy_ctx);
	assert_string_equal(ran, "c");
}

static void a_destructor_may_destroy_the_ctx_while_its_arena_ends(void **state)
{
	(void)state;
	begin(MIB);
	kept = rill_arena_alloc_with(arena, 10, destroy_ctx, NULL);
	assert_non_null(rill_arena_alloc_with(arena, 10, note_user, "d"));
	rill_arena_destroy(arena);
	assert_string_equal(ran, "cd");
}

static void destroy_arena(void *block, void *user)
{
	(void)block, (void)user;
	note("a");
	rill_arena_destroy(arena);
}

static void a_destructor_may_destroy_the_ctx_as_dispatch_returns(void **state)
{
	(void)state;
	begin(MIB);
	kept = rill_arena_alloc_with(arena, 10, destroy_ctx, NULL);
	in_a_callback(destroy_arena);
	assert_string_equal(ran, "ac");
}

static void wait_and_attach(void *block, void *user)
{
	(void)block, (void)user;
	note("w");
	assert_int_equal(rill_ctx_dispatch(ctx, NULL), -EBUSY);
	assert_int_equal(rill_ctx_dispatch_all(ctx), -EBUSY);
	assert_int_equal(rill_ctx_poll(ctx, 0), -EBUSY);
	assert_int_equal(rill_epoll_wait(ctx, 0), -EBUSY); /* the batch of a wait around us would be lost */
	assert_int_equal(rill_epoll_attach(ctx), -EBUSY);
}

/* Also where it runs after the dispatch has ended, or outside one. */
static void a_destructor_is_a_callback_wherever_it_runs(void **state)
{
	(void)state;
	begin(MIB);
	assert_non_null(rill_arena_alloc_with(arena, 10, wait_and_attach, NULL));
	in_a_callback(destroy_arena);
	assert_string_equal(ran, "aw");
	rill_ctx_destroy(ctx);
	begin(MIB);
	assert_non_null(rill_arena_alloc_with(arena, 10, wait_and_attach, NULL));
	rill_arena_destroy(arena);
	assert_string_equal(ran, "aww");
	rill_ctx_destroy(ctx);
}

static void a_destructor_that_destroys_its_own_arena_is_survived(void **state)
{
	(void)state;
	begin(MIB);
	assert_non_null(rill_arena_alloc_with(arena, 10, note_user, "d"));
	rill_arena_free(arena, rill_arena_alloc_with(arena, 10, destroy_arena, NULL));
	run();
	assert_string_equal(ran, "ad");
	rill_ctx_destroy(ctx);
}

static void space_may_destroy_its_arena_at_once(struct rill_arena *a, void *user)
{
	note(user);
	rill_arena_destroy(a);
}

static void space_may_destroy_its_arena(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o),
	                               .capacity = MIB,
	                               .space = space_may_destroy_its_arena_at_once,
	                               .user = "s"};
	void *a;

	(void)state;
	begin_with(&o);
	a = rill_arena_alloc(arena, MIB);
	assert_null(rill_arena_alloc(arena, 1));
	rill_arena_free(arena, a);
	run();
	assert_string_equal(ran, "s");
	rill_ctx_destroy(ctx);
}

static void the_ctx_takes_its_arenas_along_without_callbacks(void **state)
{
	struct arena_watcher w = {.destroyed = gone};

	(void)state;
	begin(MIB);
	arena_watch(arena, &w);
	rill_arena_free(arena, rill_arena_alloc_with(arena, 10, note_user, "f"));
	assert_non_null(rill_arena_alloc_with(arena, 10, note_user, "d"));
	rill_ctx_destroy(ctx);
	assert_string_equal(ran, "w");
}

/* ---- fork ------------------------------------------------------------------------------------------------------ */

static int use_inherited(struct child *self, void *arg)
{
	struct rill_arena_usage u = {.size = sizeof(u), .lent = 3};
	struct arena_watcher *w = arg;
	size_t fds = leaks_fds();
	char *mine =
		mmap(arena_base(arena), MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	bool ended;

	(void)self;
	/* The addresses are free in a child, and not the arena's; valgrind does not know that. */
	CHILD_CHECK(mine == arena_base(arena) || rounds_under_valgrind());
	CHILD_CHECK(!rill_arena_alloc(arena, 1));
	CHILD_CHECK(!rill_arena_realloc(arena, kept, 1));
	CHILD_CHECK(!rill_arena_alloc_with(arena, 1, note_user, "x"));
	CHILD_CHECK(rill_arena_create(&arena, ctx, NULL) == -ECHILD);
	rill_arena_free(arena, kept);
	CHILD_CHECK(rill_arena_trim(arena, 1) == 0);
	rill_arena_get_usage(arena, &u);
	CHILD_CHECK(u.lent == 3);
	rill_arena_destroy(arena);
	arena_hold(arena);
	rill_ctx_destroy(ctx);
	ended = arena_gone(arena) && !link_linked(&w->link) && arena_fd(arena) == -1;
	CHILD_CHECK(ended);
	arena_drop(arena);
	CHILD_CHECK(leaks_fds() == fds - 1);
	if (mine != MAP_FAILED)
		mine[MIB - 1] = 1; /* still ours */
	CHILD_CHECK(ran[0] == 0);
	return 0;
}

static void a_forked_child_may_only_destroy_the_ctx(void **state)
{
	struct arena_watcher w = {.destroyed = gone};
	struct child c;

	(void)state;
	begin(MIB);
	arena_watch(arena, &w);
	kept = strcpy(rill_arena_alloc_with(arena, 10, note_user, "d"), "kept");
	assert_non_null(lend(kept, 1));
	assert_int_equal(child_start(&c, use_inherited, &w), 0);
	assert_int_equal(child_wait(&c, 10000), 0);
	assert_string_equal(kept, "kept");
	assert_string_equal(ran, "");
	assert_non_null(rill_arena_alloc(arena, 600 * KIB));
	end();
	assert_string_equal(ran, "wd");
}

/* ---- an allocator of the user's own ---------------------------------------------------------------------------- */

/* Hands out one 64 KiB page after another and takes none back. */
struct bump {
	struct rill_space space;
	size_t used;
	bool live[16];
};

static struct bump bump;
static int bump_fails;

static int bump_create(void **ret_self, const struct rill_space *space)
{
	memset(&bump, 0, sizeof(bump));
	bump.space = *space;
	*ret_self = &bump;
	note("c");
	return bump_fails;
}

static void bump_destroy(void *self)
{
	assert_ptr_equal(self, &bump);
	note("d");
}

static void *bump_alloc(void *self, size_t alignment, size_t len)
{
	struct bump *b = self;
	size_t at = b->used;

	if (alignment > PAGE || len > PAGE || at * PAGE >= b->space.capacity)
		return NULL;
	if (b->space.reserve(b->space.space, at * PAGE, PAGE) < 0)
		return NULL;
	b->live[b->used++] = true;
	return (char *)b->space.base + at * PAGE;
}

static void bump_free(void *self, void *block)
{
	struct bump *b = self;

	b->live[(size_t)((char *)block - (char *)b->space.base) / PAGE] = false;
}

static int bump_find(void *self, const void *inside, void **ret_block, size_t *ret_len)
{
	struct bump *b = self;
	size_t offset = (uintptr_t)inside - (uintptr_t)b->space.base;

	if (offset >= b->space.capacity || !b->live[offset / PAGE])
		return -ENOENT;
	*ret_block = (char *)b->space.base + offset / PAGE * PAGE;
	*ret_len = PAGE;
	return 0;
}

static void an_allocator_needs_five_calls(void **state)
{
	const struct rill_allocator allocator = {
		.size = sizeof(allocator),
		.name = "bump",
		.create = bump_create,
		.destroy = bump_destroy,
		.alloc = bump_alloc,
		.free = bump_free,
		.find = bump_find,
	};
	struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB, .ready = PAGE, .allocator = &allocator};
	struct rill_arena *none;
	char *block, *other;

	(void)state;
	bump_fails = 0;
	begin_with(&o);
	assert_int_equal(reserved(), PAGE);
	block = rill_arena_alloc(arena, 100);
	other = rill_arena_alloc(arena, 100);
	assert_int_equal(reserved(), 2 * PAGE);
	assert_int_equal(usage().allocated, 2 * PAGE);
	assert_false(asks_for_a_turn()); /* it cannot prepare */
	assert_ptr_equal(rill_arena_realloc(arena, block, PAGE), block);
	assert_null(rill_arena_realloc(arena, block, PAGE + 1));
	rill_arena_free(arena, block + 1);
	rill_arena_free(arena, block);
	rill_arena_free(arena, block);
	assert_int_equal(usage().allocated, PAGE);
	assert_ptr_equal(lend(other + 5, 5), other);
	assert_int_equal(rill_arena_trim(arena, SIZE_MAX), 0);
	bump_fails = -EXDEV;
	assert_int_equal(rill_arena_create(&none, ctx, &o), -EXDEV);
	end();
	assert_string_equal(ran, "ccd");
}

static void an_allocator_that_does_not_count_may_release(void **state)
{
	struct rill_allocator allocator = *rill_pool_allocator();
	struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB, .allocator = &allocator};

	(void)state;
	allocator.allocated = NULL;
	begin_with(&o);
	for (int i = 0; i < 100; i++)
		rill_arena_free(arena, rill_arena_alloc(arena, 64));
	assert_int_equal(usage().allocated, 0);
	end();
}

static void an_allocator_cannot_reserve_outside_its_space(void **state)
{
	const struct rill_allocator allocator = {
		.size = sizeof(allocator),
		.create = bump_create,
		.destroy = bump_destroy,
		.alloc = bump_alloc,
		.free = bump_free,
		.find = bump_find,
	};
	struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB, .allocator = &allocator};
	const struct rill_space *s = &bump.space;

	(void)state;
	bump_fails = 0;
	begin_with(&o);
	assert_int_equal(s->reserve(s->space, MIB, PAGE), -EINVAL);
	assert_int_equal(s->reserve(s->space, 0, MIB + PAGE), -EINVAL);
	assert_int_equal(s->reserve(s->space, PAGE, SIZE_MAX - PAGE + 1), -EINVAL);
	assert_int_equal(s->reserve(s->space, 1, PAGE), -EINVAL);
	assert_int_equal(s->unreserve(s->space, MIB, PAGE), -EINVAL);
	assert_int_equal(s->reserve(s->space, 0, PAGE), 0);
	assert_int_equal(s->reserve(s->space, 0, 2 * PAGE), 0);
	assert_int_equal(reserved(), 4 * PAGE); /* what was ready at create */
	assert_int_equal(s->unreserve(s->space, 0, 8 * PAGE), 0);
	assert_int_equal(reserved(), 0);
	end();
}

/* ---- a peer's arena -------------------------------------------------------------------------------------------- */

static void refused(int fd, uint64_t capacity, const char *why)
{
	const char *text = NULL;
	void *base = NULL;

	assert_int_equal(arena_map_peer(&base, fd, capacity, 0, false, &text), -EPROTO);
	assert_non_null(text);
	assert_non_null(strstr(text, why));
	assert_null(base);
}

static int memfd(unsigned flags, size_t size, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);

	if (fd < 0)
		return -1;
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static int read_only(int fd)
{
	char path[64];
	int ro;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	return ro;
}

static void only_what_is_made_as_an_arena_is_mapped(void **state)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int fd, missing[] = {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL};
	size_t i;

	(void)state;
	begin(MIB);
	refused(arena_fd(arena), 2 * MIB, "size");
	refused(arena_fd(arena), 0, "size");
	refused(arena_fd(arena), UINT64_MAX, "size");
	refused(-1, MIB, "not a memfd");
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	refused(fd, MIB, "not a memfd");
	close(fd);
	for (i = 0; i < 3; i++) {
		fd = read_only(memfd(0, MIB, seals & ~missing[i]));
		refused(fd, MIB, "seal");
		close(fd);
	}
	fd = memfd(0, MIB, seals);
	refused(fd, MIB, "read-only");
	close(fd);
	fd = memfd(MFD_HUGETLB, 2 * MIB, seals);
	if (fd >= 0) {
		fd = read_only(fd);
		refused(fd, 2 * MIB, "tmpfs");
		close(fd);
	}
	end();
}

static void a_borrower_sees_what_its_owner_writes_and_cannot_write(void **state)
{
	const char *text = NULL;
	char *block, *theirs;
	void *base;

	(void)state;
	begin(MIB);
	assert_int_equal(arena_map_peer(&base, arena_fd(arena), MIB, 0, false, &text), 0);
	block = rill_arena_alloc(arena, 100);
	theirs = (char *)base + (block - (char *)arena_base(arena));
	strcpy(block, "seen");
	assert_string_equal(theirs, "seen");
	assert_int_equal(mprotect(base, MIB, PROT_READ | PROT_WRITE), -1);
	assert_true(rounds_under_valgrind() || vm_flag(base, " dd"));
	munmap(base, MIB);
	end();
}

#define T(name) cmocka_unit_test_setup_teardown(name, fresh, leaks_teardown)

static int run_all(const struct rill_allocator *allocator)
{
	const struct CMUnitTest tests[] = {
		T(options_are_checked),
		T(the_default_is_a_gibibyte_and_256_kib_ready),
		T(capacity_is_rounded_up_to_64_kib),
		T(a_plain_arena_has_nothing_reserved),
		T(above_the_file_size_limit_is_efbig),
		T(without_a_descriptor_is_emfile),
		T(without_heap_is_enomem_at_each_step),
		T(without_address_space_is_enomem),
		T(without_proc_is_eopnotsupp),
		T(it_holds_one_descriptor_which_may_be_closed),
		T(the_descriptor_is_read_only_and_the_file_private_and_sealed),
		T(it_is_neither_dumped_nor_inherited),
		T(ready_memory_is_there_and_used_without_the_kernel),
		T(prefault_reserves_all),
		T(huge_is_a_hint),
		T(what_alloc_uses_up_is_reserved_again_from_dispatch),
		T(steady_use_asks_for_no_turn),
		T(trim_gives_pages_back_and_free_does_not),
		T(usage_tells_what_the_caller_knows_of),
		T(blocks_are_16_aligned_and_no_bytes_count_as_one),
		T(aligned_blocks_up_to_a_gibibyte),
		T(senseless_sizes_are_null),
		T(no_arena_is_nothing),
		T(what_is_no_block_is_not_freed),
		T(wiped_blocks_are_clear_once_freed),
		T(space_is_told_once_when_something_came_back_after_a_failure),
		T(realloc_keeps_what_was_there),
		T(realloc_of_what_is_no_block_is_null),
		T(realloc_without_room_leaves_the_block),
		T(a_lent_block_is_not_shrunk_below_what_is_lent),
		T(a_block_that_came_back_is_shrunk_in_place),
		T(a_destructor_moves_along_and_runs_once),
		T(destructors_run_from_dispatch_once_and_in_order),
		T(the_bytes_are_there_while_the_destructor_runs),
		T(a_destructor_waits_for_the_last_loan),
		T(a_block_without_destructor_needs_no_turn),
		T(one_turn_runs_64_destructors),
		T(a_destructor_may_free_and_alloc),
		T(without_heap_nothing_changes),
		T(only_what_lies_within_one_block_is_lent),
		T(a_lent_block_is_reused_only_after_the_last_loan),
		T(what_was_not_lent_cannot_come_back),
		T(loans_of_many_blocks_against_a_shadow),
		T(lending_allocates_nothing_once_it_is_warm),
		T(destroy_runs_all_destructors_and_tells_who_watches),
		T(a_held_arena_answers_after_its_end),
		T(what_is_lent_stays_readable_for_its_borrower),
		T(in_a_callback_destructors_run_when_dispatch_returns),
		T(a_destructor_may_destroy_the_ctx),
		T(a_destructor_may_destroy_the_ctx_while_its_arena_ends),
		T(a_destructor_may_destroy_the_ctx_as_dispatch_returns),
		T(a_destructor_is_a_callback_wherever_it_runs),
		T(a_destructor_that_destroys_its_own_arena_is_survived),
		T(the_ctx_takes_its_arenas_along_without_callbacks),
		T(a_forked_child_may_only_destroy_the_ctx),
		T(an_allocator_needs_five_calls),
		T(an_allocator_that_does_not_count_may_release),
		T(an_allocator_cannot_reserve_outside_its_space),
		T(only_what_is_made_as_an_arena_is_mapped),
		T(a_borrower_sees_what_its_owner_writes_and_cannot_write),
	};

	the = allocator;
	return cmocka_run_group_tests_name(allocator->name, tests, NULL, NULL);
}

/* Those that need a block of exactly the capacity. */
static int run_pool(void)
{
	const struct CMUnitTest tests[] = {
		T(space_follows_a_loan_that_comes_back_and_a_shrunk_block),
		T(space_follows_a_destructor_that_found_no_memory),
		T(space_may_destroy_its_arena),
	};

	return run_all(rill_pool_allocator()) + cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	int failed = run_pool();

#ifdef HAVE_JEMALLOC
	failed += run_all(rill_jemalloc_allocator());
#endif
	return failed;
}
