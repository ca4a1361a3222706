/* tests/unit/shm/address.c - where fixed addresses are in a process that has the thread sanitizer's runtime: this one exports
 * its name and has nothing else of it. Nothing may be tried outside of the window that the runtime leaves. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "shm/address.h"
#include "shm/memfd.h"
#include "tests/support/leaks.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <rill/rill.h>
#include <sys/mman.h>
#include <unistd.h>

#define GIB (UINT64_C(1) << 30)
#define BEGIN UINT64_C(0x7e8000000000)
#define END UINT64_C(0x7ef000000000)
#define USUAL UINT64_C(0x200000000000)
#define USUAL_END UINT64_C(0x500000000000)

extern void __tsan_init(void);
void __tsan_init(void)
{
}

static void arenas_of_all_sizes_have_the_one_window(void **state)
{
	static const size_t sizes[] = {1, 4 * GIB, 4 * GIB + 1, 64 * GIB, 64 * GIB + 1, 1024 * GIB};

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_true(address_window(sizes[i]).begin == BEGIN);
		assert_true(address_window(sizes[i]).end == END);
	}
}

static void what_is_partly_outside_is_not_possible(void **state)
{
	static const struct {
		uint64_t base, len;
		bool possible, usual;
	} of[] = {
		{BEGIN, END - BEGIN, true, true}, {BEGIN, END - BEGIN + 1, false, false},
		{BEGIN - 1, 4, false, false},     {END - 4, 4, true, true},
		{END - 3, 4, false, false},       {END, 0, true, true},
		{END + 1, 0, false, false},       {BEGIN, UINT64_MAX, false, false},
		{USUAL, 4 * GIB, false, true},    {USUAL - 1, 4, false, false},
		{USUAL_END - 4, 4, false, true},  {USUAL_END - 3, 4, false, false},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		assert_int_equal(address_possible(of[i].base, of[i].len), of[i].possible);
		assert_int_equal(address_usual(of[i].base, of[i].len), of[i].usual);
	}
}

/* What peers and users say is refused before it is tried; what is left to us lies in the window, and two do not meet. */
static void memory_is_taken_in_the_window_alone(void **state)
{
	const struct address_range window = {BEGIN, END}, usual = {USUAL, USUAL + 4 * GIB}, small = {BEGIN, BEGIN + GIB};
	const size_t len = 1 << 20;
	struct address_claim one, two, none = {.count = 0};
	void *a = NULL, *b = NULL;
	int fd;

	(void)state;
	assert_int_equal(memfd_make(&fd, "window", len), 0);
	assert_int_equal(address_take(&none, &a, fd, len, usual, false), -EADDRNOTAVAIL);
	assert_int_equal(address_take(&none, &a, fd, len, usual, true), -EADDRNOTAVAIL);
	assert_int_equal(address_take(&none, &a, fd, 2 * GIB, small, false), -EADDRINUSE);
	assert_null(a);
	assert_int_equal(none.count, 0);
	if (rounds_under_valgrind()) { /* has its own memory there */
		close(fd);
		skip();
	}
	assert_int_equal(address_take(&one, &a, fd, len, window, false), 0);
	assert_true((uintptr_t)a >= BEGIN && (uintptr_t)a + len <= END);
	assert_int_equal(address_take(&two, &b, fd, len, (struct address_range){(uintptr_t)a, END}, true), -EADDRINUSE);
	assert_int_equal(address_take(&two, &b, fd, len, window, false), 0);
	assert_ptr_not_equal(a, b);
	*(volatile char *)a = 7; /* the one memory at two places */
	assert_int_equal(*(volatile char *)b, 7);
	munmap(a, len);
	munmap(b, len);
	address_release(&one);
	address_release(&two);
	close(fd);
}

static void a_user_is_told_of_an_address_that_cannot_be(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 1 << 20, .flags = RILL_ARENA_SAME_ADDRESS};
	struct rill_arena *a;
	struct rill_ctx *ctx;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	o.base = USUAL;
	assert_int_equal(rill_arena_create(&a, ctx, &o), -EADDRNOTAVAIL);
	rill_ctx_destroy(ctx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(arenas_of_all_sizes_have_the_one_window),
		T(what_is_partly_outside_is_not_possible),
		T(memory_is_taken_in_the_window_alone),
		T(a_user_is_told_of_an_address_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
