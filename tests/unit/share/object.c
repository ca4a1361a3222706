/* tests/unit/share/object.c - an object says what it is, and its destructor runs in its owner, once, after the last loan. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"
#include "tests/support/pair.h"

#include <errno.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

static struct pair p;
static struct rill_arena *arena;
static unsigned ended;

static void on_ended(void *object, void *user)
{
	assert_string_equal(object, user); /* its bytes are still there */
	ended++;
}

static const struct rill_object_type type = {.size = sizeof(type), .tag = 77, .version = 3, .destructor = on_ended};

static void start(void)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB};

	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(rill_arena_create(&arena, p.a.ctx, &o), 0);
	ended = 0;
}

static char *make(const char *text)
{
	char *object = rill_object_create(arena, &type, strlen(text) + 1, (void *)(uintptr_t)text);

	assert_non_null(object);
	assert_int_equal((uintptr_t)object % 16, 0);
	strcpy(object, text);
	return object;
}

static struct rill_msg lend(const char *object, const void **data, size_t *len)
{
	struct rill_loan loan;
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	struct rill_msg msg;

	assert_int_equal(rill_object_loan(arena, object, &loan), 0);
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	pair_run(&p);
	msg = end_take(&p.b);
	assert_int_equal(rill_msg_loan(&msg, 0, data, len), 0);
	return msg;
}

static void a_borrower_sees_the_object_and_what_it_is(void **state)
{
	struct rill_object_type other = type, older = type;
	struct rill_object o;
	struct rill_msg msg;
	const void *data;
	size_t len;

	(void)state;
	start();
	msg = lend(make("some text"), &data, &len);
	assert_int_equal(rill_object_open(data, len, &type, &o), 0);
	assert_string_equal(o.data, "some text");
	assert_int_equal(o.len, 10);
	assert_int_equal(o.tag, 77);
	assert_int_equal(o.version, 3);
	other.tag++;
	assert_int_equal(rill_object_open(data, len, &other, &o), -EPROTOTYPE);
	older.version--;
	assert_int_equal(rill_object_open(data, len, &older, &o), -EPROTONOSUPPORT);
	assert_int_equal(rill_object_look(data, len, &o), 0);
	rill_msg_release(&msg);
	pair_stop(&p);
}

static void the_destructor_runs_once_after_the_last_of_both(void **state)
{
	struct rill_msg first, second;
	const void *data;
	size_t len;
	char *object;

	(void)state;
	start();
	object = make("x");
	first = lend(object, &data, &len);
	second = lend(object, &data, &len);
	rill_arena_free(arena, object);
	pair_run(&p);
	rill_msg_release(&first);
	pair_run(&p);
	assert_int_equal(ended, 0);
	rill_msg_release(&second);
	pair_run(&p);
	assert_int_equal(ended, 1);
	object = make("y"); /* borrowed, returned, and only then let go of */
	first = lend(object, &data, &len);
	rill_msg_release(&first);
	pair_run(&p);
	assert_int_equal(ended, 1);
	rill_arena_free(arena, object);
	pair_run(&p);
	assert_int_equal(ended, 2);
	pair_stop(&p);
}

static void a_borrower_that_dies_has_returned_everything(void **state)
{
	struct rill_msg msg;
	const void *data;
	char *object;
	size_t len;

	(void)state;
	start();
	object = make("x");
	msg = lend(object, &data, &len);
	rill_arena_free(arena, object);
	pair_run(&p);
	assert_int_equal(ended, 0);
	end_die(&p.b);
	end_run(&p.a);
	rill_session_close(p.a.s); /* it has ended; this is its user's word that all is done */
	p.a.s = NULL;
	end_run(&p.a);
	assert_int_equal(ended, 1);
	rill_msg_release(&msg);
	pair_stop(&p);
}

static void what_is_no_object_is_refused(void **state)
{
	uint64_t words[16] = {0};
	struct rill_object o;
	struct rill_loan loan;
	char *object, *plain;

	(void)state;
	start();
	object = make("x");
	plain = rill_arena_alloc(arena, 100);
	memset(plain, 0, 100);
	assert_int_equal(rill_object_loan(arena, plain, &loan), -EINVAL);
	assert_int_equal(rill_object_loan(arena, object + 1, &loan), -EINVAL);
	assert_int_equal(rill_object_loan(arena, words, &loan), -EINVAL);
	assert_int_equal(rill_object_loan(arena, NULL, &loan), -EINVAL);
	assert_int_equal(rill_object_loan(NULL, object, &loan), -EINVAL);
	assert_int_equal(rill_object_look(words, sizeof(words), &o), -EBADMSG);
	assert_int_equal(rill_object_look(NULL, 100, &o), -EINVAL);
	assert_null(rill_object_create(arena, &(struct rill_object_type){0}, 8, NULL));
	assert_null(rill_object_create(arena, &type, SIZE_MAX, NULL));
	assert_null(rill_object_create(arena, NULL, 8, NULL));
	pair_stop(&p);
}

/* Whatever the owner writes there: no byte outside what was lent is read or given. */
static void a_lying_object_never_reaches_beyond_its_loan(void **state)
{
	uint64_t words[16];
	struct rill_object o;

	(void)state;
	start();
	memset(words, 0, sizeof(words));
	memcpy(words, (const char *)make("x") + 0, 2);
	words[12] = UINT64_C(0x314a424f4c4c4952);
	words[13] = 77;
	words[15] = 3;
	for (words[14] = 0; words[14] <= 96; words[14]++) {
		assert_int_equal(rill_object_open(words, sizeof(words), &type, &o), 0);
		assert_int_equal(o.len, words[14]);
	}
	for (int bit = 7; bit < 64; bit++) {
		words[14] = UINT64_C(1) << bit;
		assert_int_equal(rill_object_look(words, sizeof(words), &o), -EBADMSG);
	}
	words[14] = 1;
	for (size_t len = 0; len < 32; len++)
		assert_int_equal(rill_object_look(words, len, &o), -EBADMSG);
	assert_int_equal(rill_object_look((char *)words + 1, 64, &o), -EBADMSG);
	pair_stop(&p);
}

static void sizes_of_every_kind_have_room_for_their_tail(void **state)
{
	struct rill_object_type plain = {.size = sizeof(plain), .tag = 1};
	struct rill_object o;
	struct rill_loan loan;

	(void)state;
	start();
	for (size_t len = 0; len < 5000; len += len < 100 ? 1 : 97) {
		char *object = rill_object_create(arena, &plain, len, NULL);

		assert_non_null(object);
		memset(object, 0xff, len); /* the tail is not in it */
		assert_int_equal(rill_object_loan(arena, object, &loan), 0);
		assert_int_equal(rill_object_open(loan.data, loan.len, &plain, &o), 0);
		assert_int_equal(o.len, len);
		rill_arena_free(arena, object);
	}
	pair_stop(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_borrower_sees_the_object_and_what_it_is, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(the_destructor_runs_once_after_the_last_of_both, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(a_borrower_that_dies_has_returned_everything, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(what_is_no_object_is_refused, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(a_lying_object_never_reaches_beyond_its_loan, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(sizes_of_every_kind_have_room_for_their_tail, leaks_setup, leaks_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
