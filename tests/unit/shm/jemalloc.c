/* tests/unit/shm/jemalloc.c - the private jemalloc and the process around it. What any allocator must do: allocators.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/rounds.h"

#ifdef HAVE_JEMALLOC

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <rill/jemalloc.h>
#include <rill/rill.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static int make(struct rill_ctx **ret_ctx, struct rill_arena **ret_arena, const struct rill_allocator *allocator)
{
	/* valgrind's leak search in a child faults its way through what was not inherited */
	size_t capacity = rounds_under_valgrind() ? 8 * MIB : 64 * MIB;
	struct rill_arena_options o = {.size = sizeof(o), .capacity = capacity, .allocator = allocator};
	int r = rill_ctx_create(ret_ctx, NULL);

	if (r < 0)
		return r;
	r = rill_arena_create(ret_arena, *ret_ctx, &o);
	if (r < 0)
		rill_ctx_destroy(*ret_ctx);
	return r;
}

/* Blocks of many sizes, each checked before it is freed. 0: all kept what was written. */
static int churn(struct rill_arena *a, unsigned rounds, uint64_t seed)
{
	static const size_t most = 64;
	unsigned char *block[64] = {0};
	size_t len[64];
	int bad = 0;

	for (unsigned i = 0; i < rounds; i++) {
		uint64_t r = rounds_random(&seed);
		size_t k = r % most;

		if (block[k]) {
			bad += block[k][0] != k || block[k][len[k] - 1] != k;
			rill_arena_free(a, block[k]);
		}
		len[k] = 1 + (r >> 20) % (r & 1 << 10 ? 100000 : 600);
		block[k] = rill_arena_alloc(a, len[k]);
		if (!block[k])
			return -1;
		memset(block[k], (int)k, len[k]);
	}
	for (size_t k = 0; k < most; k++)
		rill_arena_free(a, block[k]);
	return bad;
}

/* ---- the host -------------------------------------------------------------------------------------------------- */

static void malloc_is_still_libcs(void **state)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;
	size_t before, held;
	void *volatile mine;

	(void)state;
	if (rounds_under_sanitizer() || rounds_under_valgrind()) /* theirs */
		skip();
	assert_int_equal(make(&ctx, &a, rill_jemalloc_allocator()), 0);
	before = mallinfo2().uordblks;
	assert_non_null(rill_arena_alloc(a, 50000));
	assert_int_equal(churn(a, 1000, 1), 0);
	assert_int_equal(mallinfo2().uordblks, before);
	mine = malloc(50000);
	held = mallinfo2().uordblks;
	free(mine);
	assert_true(held >= before + 50000);
	assert_int_equal(mallinfo2().uordblks, before);
	rill_ctx_destroy(ctx);
}

/* What the exec'd program does: it must end with 0 and have said nothing. */
static int use(void)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;

	if (make(&ctx, &a, rill_jemalloc_allocator()) < 0 || churn(a, 1000, 1) || leaks_threads() != 1)
		return 1;
	rill_arena_trim(a, SIZE_MAX);
	rill_ctx_destroy(ctx);
	return leaks_threads() != 1;
}

/* Run this program anew, for `what`, with MALLOC_CONF; *ret_said is how much it wrote to stdout and stderr. Its status. */
static int run_with(const char *what, const char *conf, size_t *ret_said)
{
	int out[2], status;
	char text[512];
	ssize_t n;
	pid_t pid;

	*ret_said = 0;
	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (pid == 0) {
		dup2(out[1], 1);
		dup2(out[1], 2);
		close(out[0]);
		close(out[1]);
		setenv("MALLOC_CONF", conf, 1);
		execl("/proc/self/exe", "jemalloc", what, (char *)NULL);
		_exit(9);
	}
	close(out[1]);
	while ((n = read(out[0], text, sizeof(text))) > 0)
		*ret_said += (size_t)n;
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void malloc_conf_of_the_host_changes_nothing(void **state)
{
	static const char *const conf[] = {"stats_print:true",
	                                   "background_thread:true",
	                                   "abort_conf:true,no_such_option:1",
	                                   "confirm_conf:true",
	                                   "narenas:0,tcache:true,junk:true,zero:true,retain:true",
	                                   "abort:true,xmalloc:true,oversize_threshold:1,hpa:true",
	                                   ""};
	size_t said;

	(void)state;
	if (rounds_under_valgrind()) /* its program is not this one */
		skip();
	for (size_t i = 0; i < sizeof(conf) / sizeof(conf[0]); i++) {
		assert_int_equal(run_with("--use", conf[i], &said), 0);
		assert_int_equal(said, 0);
	}
}

/* ---- threads --------------------------------------------------------------------------------------------------- */

static void *one_thread(void *seed)
{
	struct rill_arena *a[2];
	struct rill_ctx *ctx[2];
	intptr_t bad = 0;

	for (unsigned i = 0; i < rounds_of(2, 10, 100); i++) {
		if (make(&ctx[0], &a[0], rill_jemalloc_allocator()) < 0 || make(&ctx[1], &a[1], rill_jemalloc_allocator()) < 0)
			return (void *)1;
		bad += churn(a[0], 2000, (uint64_t)(uintptr_t)seed + i) || churn(a[1], 2000, (uint64_t)(uintptr_t)seed + 2 * i);
		rill_ctx_destroy(ctx[1]);
		rill_ctx_destroy(ctx[0]);
	}
	return (void *)bad;
}

static void each_thread_has_arenas_of_its_own(void **state)
{
	pthread_t thread[4];
	void *bad;

	(void)state;
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, one_thread, (void *)(i + 1)), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(thread[i], &bad), 0);
		assert_null(bad);
	}
}

static void *go_on(void *a)
{
	return (void *)(intptr_t)churn(a, 5000, 7);
}

static void a_ctx_may_move_to_another_thread(void **state)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;
	pthread_t thread;
	void *bad;

	(void)state;
	assert_int_equal(make(&ctx, &a, rill_jemalloc_allocator()), 0);
	assert_int_equal(churn(a, 5000, 3), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pthread_create(&thread, NULL, go_on, a), 0);
		assert_int_equal(pthread_join(thread, &bad), 0);
		assert_null(bad);
	}
	assert_int_equal(churn(a, 5000, 4), 0);
	rill_ctx_destroy(ctx);
}

/* ---- a fork ---------------------------------------------------------------------------------------------------- */

static int in_child_of_one_that_lives(struct child *self, void *arg)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;

	(void)self;
	rill_ctx_destroy(arg); /* the inherited one */
	CHILD_CHECK(make(&ctx, &a, rill_jemalloc_allocator()) == -ECHILD);
	CHILD_CHECK(make(&ctx, &a, rill_jemalloc_allocator()) == -ECHILD); /* for good */
	CHILD_CHECK(make(&ctx, &a, NULL) == 0);
	CHILD_CHECK(rill_arena_alloc(a, 1000));
	rill_ctx_destroy(ctx);
	return 0;
}

static void a_child_may_end_what_it_inherited_and_make_none_while_one_lived(void **state)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;
	struct child c;

	(void)state;
	assert_int_equal(make(&ctx, &a, rill_jemalloc_allocator()), 0);
	assert_int_equal(churn(a, 1000, 1), 0);
	assert_int_equal(child_start(&c, in_child_of_one_that_lives, ctx), 0);
	assert_int_equal(child_wait(&c, 20000), 0);
	assert_int_equal(churn(a, 1000, 2), 0);
	rill_ctx_destroy(ctx);
}

static int in_child_of_none(struct child *self, void *arg)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;

	(void)self, (void)arg;
	CHILD_CHECK(make(&ctx, &a, rill_jemalloc_allocator()) == 0);
	CHILD_CHECK(churn(a, 1000, 1) == 0);
	rill_ctx_destroy(ctx);
	CHILD_CHECK(make(&ctx, &a, rill_jemalloc_allocator()) == 0);
	rill_ctx_destroy(ctx);
	return 0;
}

static void a_child_makes_its_own_if_none_lived_at_the_fork(void **state)
{
	struct child c;

	(void)state;
	in_child_of_none(NULL, NULL); /* here, too: what is left must do no harm there */
	assert_int_equal(child_start(&c, in_child_of_none, NULL), 0);
	assert_int_equal(child_wait(&c, 20000), 0);
}

static int not_here(void *space, size_t offset, size_t len)
{
	(void)space, (void)offset, (void)len;
	_exit(CHILD_FAILED);
}

static int yes(void *space, size_t offset, size_t len)
{
	(void)space, (void)offset, (void)len;
	return 0;
}

static int (*reserve_is)(void *space, size_t offset, size_t len);

static int reserve(void *space, size_t offset, size_t len)
{
	return reserve_is(space, offset, len);
}

static int destroy_only(struct child *self, void *heap)
{
	(void)self;
	reserve_is = not_here;
	rill_jemalloc_allocator()->destroy(heap);
	return 0;
}

static void destroy_in_a_child_touches_neither_range_nor_space(void **state)
{
	const struct rill_allocator *a = rill_jemalloc_allocator();
	struct rill_space space = {.size = sizeof(space), .capacity = MIB, .reserve = reserve, .unreserve = not_here};
	struct child c;
	void *heap;

	(void)state;
	reserve_is = yes;
	space.base = mmap(NULL, MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_int_equal(madvise(space.base, MIB, MADV_DONTFORK), 0);
	assert_int_equal(a->create(&heap, &space), 0);
	assert_non_null(a->alloc(heap, 16, 100));
	assert_int_equal(child_start(&c, destroy_only, heap), 0);
	assert_int_equal(child_wait(&c, 20000), 0);
	a->destroy(heap);
	munmap(space.base, MIB);
}

/* ---- limits ---------------------------------------------------------------------------------------------------- */

static void a_range_that_is_too_small_or_crooked_is_einval(void **state)
{
	const struct rill_allocator *a = rill_jemalloc_allocator();
	struct rill_space space = {.size = sizeof(space), .reserve = yes, .unreserve = yes};
	void *heap;

	(void)state;
	space.base = (void *)((uintptr_t)1 << 44);
	assert_int_equal(a->create(&heap, &space), -EINVAL);
	space.capacity = 20 * KIB;
	assert_int_equal(a->create(&heap, &space), -EINVAL);
	space.capacity = 64 * KIB + 1;
	assert_int_equal(a->create(&heap, &space), -EINVAL);
	space.capacity = 64 * KIB;
	space.base = (void *)(((uintptr_t)1 << 44) + 16);
	assert_int_equal(a->create(&heap, &space), -EINVAL);
}

static void a_tebibyte_costs_what_is_used(void **state)
{
	const struct rill_allocator *a = rill_jemalloc_allocator();
	struct rill_space space = {.size = sizeof(space), .capacity = MIB << 20, .reserve = yes, .unreserve = yes};
	size_t before, len;
	char *low, *high;
	void *heap, *block;

	(void)state;
	if (rounds_under_valgrind() || rounds_under_sanitizer())
		skip();
	space.base = (void *)((uintptr_t)1 << 44); /* no memory is there: the allocator never touches it */
	assert_int_equal(a->create(&heap, &space), 0);
	before = leaks_resident();
	low = a->alloc(heap, 16, 100);
	high = a->alloc(heap, MIB << 10, 64 * KIB);
	assert_true(low && high && (uintptr_t)high % (MIB << 10) == 0);
	assert_int_equal(a->find(heap, high + 50, &block, &len), 0);
	assert_ptr_equal(block, high);
	assert_int_equal(a->find(heap, low + 50, &block, &len), 0);
	assert_int_equal(a->find(heap, high + 64 * KIB, &block, &len), -ENOENT);
	assert_int_equal(a->find(heap, high - 1, &block, &len), -ENOENT);
	assert_int_equal(a->allocated(heap), 112 + 64 * KIB);
	assert_true(leaks_resident() < before + 8 * MIB);
	a->destroy(heap);
}

static size_t mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	size_t n = 0;
	int c;

	assert_non_null(f);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

/* The long form goes on to the limit: half a gigabyte of records. */
static void many_at_once_leave_no_mappings_and_the_limit_is_enomem(void **state)
{
	enum { LIMIT = 4094 };
	const struct rill_allocator *a = rill_jemalloc_allocator();
	struct rill_space space = {.size = sizeof(space), .capacity = MIB, .reserve = yes, .unreserve = yes};
	size_t n, many = rounds_of(20, 200, LIMIT + 1), before;
	static void *heap[LIMIT + 1];
	int r = 0;

	(void)state;
	if (rounds_under_valgrind() || rounds_under_sanitizer())
		skip();
	before = mappings();
	for (n = 0; n < many; n++) {
		space.base = (void *)(((uintptr_t)1 << 44) + 2 * n * MIB);
		r = a->create(&heap[n], &space);
		if (r < 0)
			break;
		for (size_t len = 16; len < 14000; len *= 2)
			assert_non_null(a->alloc(heap[n], 16, len));
	}
	if (many > LIMIT)
		assert_true(n == LIMIT && r == -ENOMEM);
	else
		assert_int_equal(r, 0);
	while (n > 0)
		a->destroy(heap[--n]);
	assert_true(mappings() < before + 20);
}

/* Pages of this process, as RLIMIT_AS counts them. */
static size_t address_space(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;
	int n;

	if (!f)
		return 0;
	n = fscanf(f, "%lu", &pages);
	fclose(f);
	return n == 1 ? pages * 4 * KIB : 0;
}

/* In a program that has no jemalloc yet, and whose address space is limited to a little more each time (jemalloc loses some of
 * it where it fails): create fails at each of its steps, says so, and no heap is left half made. */
static int create_within_limits(void)
{
	const struct rill_allocator *a = rill_jemalloc_allocator();
	struct rill_space space = {.size = sizeof(space), .capacity = MIB, .reserve = yes, .unreserve = yes};
	size_t before = address_space();
	struct rlimit limit, was;
	unsigned failed = 0;
	void *heap = NULL;
	int r = -ENOMEM;

	space.base = (void *)((uintptr_t)1 << 44);
	if (!before || getrlimit(RLIMIT_AS, &was) < 0)
		return 1;
	for (size_t more = 0; r < 0 && more < 64 * MIB; more += 64 * KIB) {
		limit = was;
		limit.rlim_cur = before + more;
		if (setrlimit(RLIMIT_AS, &limit) < 0)
			return 2;
		r = a->create(&heap, &space);
		if (setrlimit(RLIMIT_AS, &was) < 0 || (r < 0 && (r != -ENOMEM || heap)))
			return 3;
		failed += r < 0;
	}
	if (r < 0 || failed < 2)
		return 4;
	if (!a->alloc(heap, 16, 100))
		return 5;
	a->destroy(heap);
	return 0;
}

static void without_address_space_there_is_no_heap(void **state)
{
	size_t said;

	(void)state;
	if (rounds_under_valgrind() || rounds_under_sanitizer())
		skip();
	assert_int_equal(run_with("--limits", "", &said), 0);
	assert_int_equal(said, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(malloc_is_still_libcs),
		T(malloc_conf_of_the_host_changes_nothing),
		T(each_thread_has_arenas_of_its_own),
		T(a_ctx_may_move_to_another_thread),
		T(a_child_may_end_what_it_inherited_and_make_none_while_one_lived),
		T(a_child_makes_its_own_if_none_lived_at_the_fork),
		T(destroy_in_a_child_touches_neither_range_nor_space),
		T(a_range_that_is_too_small_or_crooked_is_einval),
		T(a_tebibyte_costs_what_is_used),
		T(many_at_once_leave_no_mappings_and_the_limit_is_enomem),
		T(without_address_space_there_is_no_heap),
	};

	if (argc > 1 && strcmp(argv[1], "--use") == 0)
		return use();
	if (argc > 1 && strcmp(argv[1], "--limits") == 0)
		return create_within_limits();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77;
}

#endif
