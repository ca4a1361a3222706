/* tests/unit/wait/deadline.c - deadlines: which is told, which are run, and that none is lost. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake.h"
#include "tests/support/allocs.h"

#include <errno.h>
#include <limits.h>

static struct notes notes;
static struct notes_clock now;
static struct counts counts;
static struct rill_ctx *ctx;

static int setup(void **state)
{
	struct rill_ctx_options o = {.size = sizeof(o), .now = notes_now, .clock = &now};

	(void)state;
	notes = (struct notes){0};
	now = (struct notes_clock){.now = 100};
	counts = (struct counts){0};
	return rill_ctx_create(&ctx, &o) || rill_ctx_attach(ctx, &notes_loop, &notes);
}

static int teardown(void **state)
{
	(void)state;
	rill_ctx_destroy(ctx);
	return 0;
}

static struct fake *fake_at(uint64_t when)
{
	struct fake *f = fake_create(ctx, &counts, &fake_ops, -1);

	assert_non_null(f);
	fake_changes(f, POLLIN, when);
	return f;
}

static void only_a_new_earliest_is_told(void **state)
{
	struct fake *early, *late;

	(void)state;
	assert_string_equal(notes_read(&notes), "deadline never");
	late = fake_at(900);
	assert_string_equal(notes_read(&notes), "deadline 900");
	early = fake_at(500);
	assert_string_equal(notes_read(&notes), "deadline 500");
	fake_at(700);
	fake_changes(late, POLLIN, 800);
	assert_string_equal(notes_read(&notes), "");
	source_doom(&early->source);
	assert_string_equal(notes_read(&notes), "deadline 700");
}

static void what_is_due_is_run_and_nothing_else(void **state)
{
	struct fake *a = fake_at(200), *b = fake_at(300), *c = fake_at(301);

	(void)state;
	now.now = 300;
	assert_int_equal(rill_ctx_dispatch(ctx, NULL), 0);
	assert_int_equal(a->dues, 1);
	assert_int_equal(b->dues, 1);
	assert_int_equal(c->dues, 0);
	assert_int_equal(rill_ctx_deadline(ctx), 301);
}

static void a_ready_watch_runs_no_deadline(void **state)
{
	struct fake *due = fake_at(50), *ready = fake_create(ctx, &counts, &fake_ops, 7);

	(void)state;
	rill_ctx_dispatch(ctx, &ready->source.watch);
	assert_int_equal(due->dues, 0);
	assert_int_equal(rill_ctx_deadline(ctx), 50);
}

static void early_timer_is_not_lost(void **state)
{
	struct fake *f = fake_at(500);

	(void)state;
	notes_read(&notes);
	now.now = 499;
	rill_ctx_dispatch(ctx, NULL);
	assert_int_equal(f->dues, 0);
	assert_string_equal(notes_read(&notes), "deadline 500");
	rill_ctx_dispatch_all(ctx);
	assert_string_equal(notes_read(&notes), "deadline 500");
}

static void spends_the_timer(struct fake *f)
{
	assert_int_equal(rill_ctx_dispatch(f->source.ctx, NULL), -EBUSY);
}

/* A callback may run its loop: then our one-shot timer fires inside, and all that it hears is -EBUSY. */
static void a_timer_spent_inside_a_callback_is_not_lost(void **state)
{
	struct fake *f = fake_at(500);

	(void)state;
	notes_read(&notes);
	now.now = 600;
	f->on_ready = spends_the_timer;
	rill_ctx_dispatch(ctx, &f->source.watch);
	assert_int_equal(f->dues, 0);
	assert_string_equal(notes_read(&notes), "deadline 500");
}

static void stays_due(struct source *s, uint64_t at)
{
	(void)at;
	fake_of(s)->dues++;
}

static void what_stays_due_is_run_once_a_dispatch(void **state)
{
	static struct source_ops ops;
	struct fake *f;

	(void)state;
	ops = fake_ops;
	ops.due = stays_due;
	f = fake_create(ctx, &counts, &ops, -1);
	fake_changes(f, POLLIN, 50);
	notes_read(&notes);
	rill_ctx_dispatch(ctx, NULL);
	assert_int_equal(f->dues, 1);
	assert_string_equal(notes_read(&notes), "deadline 50");
}

static void wakes_itself(struct source *s, uint64_t at)
{
	fake_due(s, at);
	source_wake(s);
}

static void what_due_wakes_has_its_turn_at_once(void **state)
{
	static struct source_ops ops;
	struct fake *f;

	(void)state;
	ops = fake_ops;
	ops.due = wakes_itself;
	f = fake_create(ctx, &counts, &ops, -1);
	fake_changes(f, POLLIN, 50);
	rill_ctx_dispatch(ctx, NULL);
	assert_int_equal(f->turns, 1);
	assert_int_equal(rill_ctx_deadline(ctx), RILL_NEVER);
}

static uint64_t earliest(struct fake **fakes, size_t count)
{
	uint64_t when = RILL_NEVER;
	size_t i;

	for (i = 0; i < count; i++)
		if (fakes[i] && fakes[i]->when < when)
			when = fakes[i]->when;
	return when;
}

/* Against a plain search, over random changes, dooms and passing time. */
static void the_earliest_is_always_known(void **state)
{
	enum { COUNT = 100, STEPS = 20000 };
	struct fake *fakes[COUNT] = {0};
	uint64_t random = 12345;
	int step;

	(void)state;
	for (step = 0; step < STEPS; step++) {
		struct fake **f = &fakes[(random >> 33) % COUNT];
		unsigned what = (unsigned)(random >> 20) % 16;
		uint64_t when = now.now + (random >> 40) % 1000;

		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		if (!*f) {
			*f = fake_at(when);
		} else if (what == 0) {
			source_doom(&(*f)->source);
			*f = NULL;
		} else if (what == 1) {
			now.now += 10;
			rill_ctx_dispatch(ctx, NULL);
			assert_true(earliest(fakes, COUNT) > now.now);
		} else {
			fake_changes(*f, POLLIN, what == 2 ? RILL_NEVER : when);
		}
		assert_int_equal(rill_ctx_deadline(ctx), earliest(fakes, COUNT));
	}
}

static void entering_a_deadline_needs_no_memory(void **state)
{
	struct fake *fakes[300];
	uint64_t made;
	size_t i;

	(void)state;
	for (i = 0; i < 300; i++)
		assert_non_null(fakes[i] = fake_create(ctx, &counts, &fake_ops, -1));
	made = allocs_made();
	for (i = 0; i < 300; i++)
		fake_changes(fakes[i], POLLIN, 1000 - i);
	assert_int_equal(allocs_made(), made);
	assert_int_equal(rill_ctx_deadline(ctx), 1000 - 299);
}

static void a_timeout_is_rounded_up(void **state)
{
	struct fake *f = fake_at(RILL_NEVER);

	(void)state;
	assert_int_equal(rill_ctx_timeout_ms(ctx), -1);
	fake_changes(f, POLLIN, now.now + 1);
	assert_int_equal(rill_ctx_timeout_ms(ctx), 1);
	fake_changes(f, POLLIN, now.now + MSEC);
	assert_int_equal(rill_ctx_timeout_ms(ctx), 1);
	fake_changes(f, POLLIN, now.now + MSEC + 1);
	assert_int_equal(rill_ctx_timeout_ms(ctx), 2);
	fake_changes(f, POLLIN, now.now);
	assert_int_equal(rill_ctx_timeout_ms(ctx), 0);
	fake_changes(f, POLLIN, 1);
	assert_int_equal(rill_ctx_timeout_ms(ctx), 0);
	fake_changes(f, POLLIN, RILL_NEVER - 1);
	assert_int_equal(rill_ctx_timeout_ms(ctx), INT_MAX);
	fake_wakes(f);
	assert_int_equal(rill_ctx_timeout_ms(ctx), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_a_new_earliest_is_told),
		TEST(what_is_due_is_run_and_nothing_else),
		TEST(a_ready_watch_runs_no_deadline),
		TEST(early_timer_is_not_lost),
		TEST(a_timer_spent_inside_a_callback_is_not_lost),
		TEST(what_stays_due_is_run_once_a_dispatch),
		TEST(what_due_wakes_has_its_turn_at_once),
		TEST(the_earliest_is_always_known),
		TEST(entering_a_deadline_needs_no_memory),
		TEST(a_timeout_is_rounded_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
