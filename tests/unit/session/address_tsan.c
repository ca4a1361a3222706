/* tests/unit/session/address_tsan.c - where a thread sanitizer is loaded arenas have other addresses, and no address that a
 * peer says, or a user, ends the program. Both ends are in one process. Without a sanitizer the usual window is expected. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"
#include "tests/support/pair.h"

#include <errno.h>

#define CAPACITY ((size_t)1 << 20)

extern void __tsan_init(void) __attribute__((weak));
extern void __msan_init(void) __attribute__((weak));

static bool sanitized(void)
{
	return __tsan_init || __msan_init;
}

static int create(struct rill_arena **ret, struct rill_ctx *ctx, uintptr_t base)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = CAPACITY, .flags = RILL_ARENA_SAME_ADDRESS, .base = base};

	return rill_arena_create(ret, ctx, &o);
}

static void an_arena_lies_where_the_loaded_sanitizer_allows_it(void **state)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;
	uintptr_t block;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(create(&a, ctx, 0), 0);
	block = (uintptr_t)rill_arena_alloc(a, 4096);
	*(volatile char *)block = 1;
	if (sanitized())
		assert_in_range(block, 0x7e8000000000, 0x7eefffffffff);
	else
		assert_in_range(block, 0x200000000000, 0x2fffffffffff);
	rill_ctx_destroy(ctx);
}

static void an_address_that_a_sanitizer_does_not_allow_is_an_error_and_no_end(void **state)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;
	int e;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	for (uintptr_t base = 0x2f0000000000; base < 0x2f0000000000 + ((uintptr_t)64 << 32); base += (uintptr_t)1 << 32) {
		e = create(&a, ctx, base);
		if (sanitized())
			assert_int_equal(e, -EADDRNOTAVAIL);
		if (e != -EADDRINUSE)
			break;
	}
	assert_int_equal(e, sanitized() ? -EADDRNOTAVAIL : 0);
	rill_ctx_destroy(ctx);
}

/* Both ends of the session have the owner's mapping then: so a sanitizer sees what races. */
static void a_peer_that_asks_is_told_and_answers(void **state)
{
	struct pair_options ask = {.b = {.same_address = 1}};
	struct rill_mapping m = {.size = sizeof(m)};
	struct rill_loan loan;
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	struct rill_arena *a;
	struct rill_msg msg;
	struct pair p;
	uintptr_t block;

	(void)state;
	pair_open(&p, &ask);
	pair_channel(&p, "c");
	assert_int_equal(create(&a, p.a.ctx, 0), 0);
	block = (uintptr_t)rill_arena_alloc(a, 8);
	loan = (struct rill_loan){.arena = a, .data = (void *)block, .len = 8};
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	pair_run(&p);
	msg = end_take(&p.b);
	assert_int_equal(rill_msg_mapping(&msg, 0, &m), 0);
	assert_int_equal(m.same_address, 0); /* the owner has it there, and may unmap it */
	assert_in_range(block, m.owner_base, m.owner_base + m.capacity);
	assert_int_equal(rill_session_same_address(p.a.s, a), 0);
	rill_msg_release(&msg);
	pair_stop(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_arena_lies_where_the_loaded_sanitizer_allows_it),
		TEST(an_address_that_a_sanitizer_does_not_allow_is_an_error_and_no_end),
		TEST(a_peer_that_asks_is_told_and_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
