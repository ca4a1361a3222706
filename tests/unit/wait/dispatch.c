/* tests/unit/wait/dispatch.c - who is run by dispatch and poll, how often, and what callbacks may do meanwhile. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake.h"
#include "tests/support/allocs.h"

#include <errno.h>

static struct notes notes;
static struct notes_clock now;
static struct counts counts;
static struct rill_ctx *ctx;

static int create(uint64_t linger_ns, uint64_t linger_max_ns)
{
	struct rill_ctx_options o = {.size = sizeof(o), .now = notes_now, .clock = &now};

	o.linger_ns = linger_ns;
	o.linger_max_ns = linger_max_ns;
	notes = (struct notes){0};
	now = (struct notes_clock){.now = 100};
	counts = (struct counts){0};
	if (rill_ctx_create(&ctx, &o) || rill_ctx_attach(ctx, &notes_loop, &notes))
		return -1;
	notes_read(&notes);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return create(0, 0);
}

static int setup_linger(void **state)
{
	(void)state;
	return create(1000, 5000);
}

static int teardown(void **state)
{
	(void)state;
	rill_ctx_destroy(ctx);
	return 0;
}

static struct fake *fake_on(int fd)
{
	struct fake *f = fake_create(ctx, &counts, &fake_ops, fd);

	assert_non_null(f);
	notes_read(&notes);
	return f;
}

static struct fake *fake_part_of(struct fake *whole)
{
	struct fake *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->when = RILL_NEVER;
	f->counts = &counts;
	ctx_enter(ctx);
	assert_int_equal(source_add_part(&f->source, &whole->source, &fake_ops), 0);
	ctx_leave(ctx);
	return f;
}

static int dispatch(struct fake *f)
{
	return rill_ctx_dispatch(ctx, &f->source.watch);
}

/* ---- dispatch -------------------------------------------------------------------------------------------------- */

static void a_ready_watch_is_read_turned_and_put_to_rest(void **state)
{
	struct fake *f = fake_on(7), *other = fake_on(8);

	(void)state;
	assert_int_equal(dispatch(f), 0);
	assert_int_equal(f->readies, 1);
	assert_int_equal(f->turns, 1);
	assert_int_equal(f->rests, 1);
	assert_int_equal(other->readies + other->turns + other->rests, 0);
	assert_int_equal(rill_ctx_deadline(ctx), RILL_NEVER);
	assert_string_equal(notes_read(&notes), "");
}

/* However often its descriptor is ready, it has a turn when the deadline, "now" for it, is dispatched, and no other. */
static void what_is_awake_has_one_turn_a_round(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	fake_wakes(f);
	assert_int_equal(dispatch(f), 0);
	assert_int_equal(f->readies, 1);
	assert_int_equal(f->turns, 0);
	assert_int_equal(rill_ctx_deadline(ctx), 0);
	rill_ctx_dispatch(ctx, NULL);
	assert_int_equal(f->turns, 1);
	assert_int_equal(f->readies, 1);
}

static void a_deadline_tries_no_descriptor(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	fake_wakes(f);
	rill_ctx_dispatch(ctx, NULL);
	assert_int_equal(f->readies, 0);
	assert_int_equal(f->turns, 1);
	assert_int_equal(f->rests, 1);
}

static void what_does_not_rest_makes_the_deadline_now(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	f->restless = true;
	dispatch(f);
	assert_string_equal(notes_read(&notes), "deadline now");
	rill_ctx_dispatch(ctx, NULL);
	assert_int_equal(f->turns, 2);
	assert_string_equal(notes_read(&notes), "deadline now");
	f->restless = false;
	rill_ctx_dispatch(ctx, NULL);
	assert_int_equal(f->turns, 3);
	assert_string_equal(notes_read(&notes), "deadline never");
}

static void a_wake_outside_dispatch_makes_the_deadline_now(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	fake_wakes(f);
	fake_wakes(f);
	assert_int_equal(f->turns, 0);
	assert_string_equal(notes_read(&notes), "deadline now");
}

static void wakes_the_other(struct fake *f)
{
	source_wake(f->with);
}

static void a_wake_of_another_is_left_to_the_deadline(void **state)
{
	struct fake *f = fake_on(7), *other = fake_on(8);

	(void)state;
	f->on_turn = wakes_the_other;
	f->with = &other->source;
	dispatch(f);
	assert_int_equal(other->turns, 0);
	assert_string_equal(notes_read(&notes), "deadline now");
	f->on_turn = NULL;
	rill_ctx_dispatch(ctx, NULL);
	assert_int_equal(other->turns, 1);
	assert_string_equal(notes_read(&notes), "deadline never");
}

static struct source_ops without_rest;

static void without_rest_a_turn_is_enough_unless_it_woke(void **state)
{
	struct fake *f;

	(void)state;
	without_rest = fake_ops;
	without_rest.rest = NULL;
	f = fake_create(ctx, &counts, &without_rest, 7);
	dispatch(f);
	assert_int_equal(rill_ctx_deadline(ctx), RILL_NEVER);
	f->on_turn = wakes_the_other;
	f->with = &f->source;
	dispatch(f);
	assert_int_equal(rill_ctx_deadline(ctx), 0);
	f->on_turn = NULL;
	rill_ctx_dispatch(ctx, NULL);
	assert_int_equal(f->turns, 3);
	assert_int_equal(rill_ctx_deadline(ctx), RILL_NEVER);
}

static struct source_ops bare;

static void a_source_may_have_no_use_for_any_of_it(void **state)
{
	struct fake *f;

	(void)state;
	bare = (struct source_ops){.wants = fake_wants, .finish = fake_finish};
	f = fake_create(ctx, &counts, &bare, 7);
	assert_int_equal(dispatch(f), 0);
	assert_int_equal(rill_ctx_dispatch_all(ctx), 0);
	assert_int_equal(rill_ctx_poll(ctx, 0), 0);
	fake_wakes(f);
	assert_int_equal(rill_ctx_deadline(ctx), RILL_NEVER);
}

static void dispatch_all_tries_every_watch(void **state)
{
	struct fake *a = fake_on(7), *b = fake_on(-1), *c = fake_on(8);

	(void)state;
	assert_int_equal(rill_ctx_dispatch_all(ctx), 0);
	assert_int_equal(a->readies, 1);
	assert_int_equal(b->readies, 0);
	assert_int_equal(c->readies, 1);
	assert_int_equal(a->turns, 1);
	assert_int_equal(b->turns, 0);
	assert_int_equal(c->rests, 1);
	assert_string_equal(notes_read(&notes), "deadline never");
}

static void a_descriptor_finds_its_watch(void **state)
{
	struct fake *a = fake_on(7), *b = fake_on(3000);

	(void)state;
	assert_int_equal(rill_ctx_dispatch_fd(ctx, 3000), 0);
	assert_int_equal(b->readies, 1);
	assert_int_equal(rill_ctx_dispatch_fd(ctx, 8), 0);
	assert_int_equal(rill_ctx_dispatch_fd(ctx, 1 << 30), 0);
	assert_int_equal(rill_ctx_dispatch_fd(ctx, -1), 0);
	source_unwatch(&a->source);
	assert_int_equal(rill_ctx_dispatch_fd(ctx, 7), 0);
	assert_int_equal(a->readies, 0);
}

/* The count is of work, not of time: one fake in ten thousand is ready, one is due, one is awake. */
static void dispatch_costs_what_is_ready(void **state)
{
	enum { COUNT = 10000 };
	static struct fake *fakes[COUNT];
	unsigned readies = 0, turns = 0, rests = 0, dues = 0;
	int i;

	(void)state;
	for (i = 0; i < COUNT; i++)
		assert_non_null(fakes[i] = fake_create(ctx, &counts, &fake_ops, i));
	notes.hooks = 0;
	fake_wakes(fakes[17]);
	fake_changes(fakes[4711], POLLIN, 50);
	dispatch(fakes[42]);
	rill_ctx_dispatch(ctx, NULL);
	for (i = 0; i < COUNT; i++) {
		readies += fakes[i]->readies;
		turns += fakes[i]->turns;
		rests += fakes[i]->rests;
		dues += fakes[i]->dues;
	}
	assert_int_equal(readies, 1);
	assert_int_equal(turns, 2);
	assert_int_equal(rests, 2);
	assert_int_equal(dues, 1);
	assert_true(notes.hooks <= 3);
}

/* ---- what callbacks may do ------------------------------------------------------------------------------------- */

static void calls_back(struct fake *f)
{
	(void)f;
	assert_int_equal(rill_ctx_dispatch(ctx, NULL), -EBUSY);
	assert_int_equal(rill_ctx_dispatch(ctx, &f->source.watch), -EBUSY);
	assert_int_equal(rill_ctx_dispatch_fd(ctx, 7), -EBUSY);
	assert_int_equal(rill_ctx_dispatch_fd(ctx, -1), -EBUSY);
	assert_int_equal(rill_ctx_dispatch_all(ctx), -EBUSY);
	assert_int_equal(rill_ctx_poll(ctx, 0), -EBUSY);
	assert_true(ctx_in_dispatch(ctx));
	f->with = ctx;
}

static void callbacks_are_never_nested(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	f->on_turn = calls_back;
	dispatch(f);
	assert_ptr_equal(f->with, ctx);
	assert_false(ctx_in_dispatch(ctx));
	f->with = NULL;
	rill_ctx_poll(ctx, 0);
	assert_ptr_equal(f->with, ctx);
}

static void dooms_the_other(struct fake *f)
{
	struct fake *other = f->with;

	f->on_turn = NULL;
	source_doom(&other->source);
	assert_int_equal(counts.finished, 0);
	other->wants = POLLOUT; /* still memory */
	source_changed(&other->source);
	source_wake(&other->source);
}

static void nothing_is_freed_before_the_outermost_end(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	f->on_turn = dooms_the_other;
	f->with = f;
	assert_int_equal(dispatch(f), 0);
	assert_int_equal(counts.finished, 1);
	assert_string_equal(notes_read(&notes), "remove 7");
}

static void a_doomed_one_has_no_turn(void **state)
{
	struct fake *a = fake_on(7), *b = fake_on(8), *c = fake_on(9);
	unsigned turns;

	(void)state;
	fake_wakes(a);
	fake_wakes(b);
	fake_wakes(c);
	a->on_turn = dooms_the_other;
	a->with = b;
	assert_int_equal(rill_ctx_dispatch(ctx, NULL), 0);
	turns = a->turns + c->turns;
	assert_in_range(turns, 2, 3);
	assert_int_equal(counts.finished, 1);
	assert_int_equal(rill_ctx_deadline(ctx), RILL_NEVER);
}

static void destroys(struct fake *f)
{
	rill_ctx_destroy(ctx);
	rill_ctx_destroy(ctx);
	assert_int_equal(counts.finished, 0);
	assert_int_equal(notes.released, 1);
	assert_int_equal(rill_ctx_dispatch(ctx, NULL), -ECANCELED);
	assert_int_equal(rill_ctx_dispatch_fd(ctx, 7), -ECANCELED);
	assert_int_equal(rill_ctx_attach(ctx, &notes_loop, &notes), -ECANCELED);
	assert_int_equal(rill_ctx_pollfds(ctx, NULL, 0), 0);
	assert_int_equal(rill_ctx_deadline(ctx), RILL_NEVER);
	rill_ctx_detach(ctx);
	f->wants = POLLOUT; /* still memory */
}

static void ends_in_destroy(int r)
{
	ctx = NULL;
	assert_int_equal(r, -ECANCELED);
	assert_int_equal(counts.drops, 3);
	assert_int_equal(counts.finished, 3);
	assert_int_equal(notes.watches, 0);
}

static void destroying_fakes(bool awake)
{
	int i;

	for (i = 7; i < 10; i++) {
		struct fake *f = fake_on(i);

		f->on_turn = destroys;
		if (awake)
			fake_wakes(f);
	}
	notes_read(&notes);
}

static void destroy_in_a_callback_of_a_watch(void **state)
{
	(void)state;
	destroying_fakes(false);
	ends_in_destroy(rill_ctx_dispatch_fd(ctx, 8));
	assert_string_equal(notes_read(&notes), "remove 7, remove 8, remove 9, release");
}

static void destroy_in_a_callback_of_the_deadline(void **state)
{
	(void)state;
	destroying_fakes(true);
	ends_in_destroy(rill_ctx_dispatch(ctx, NULL));
}

static void destroy_in_a_callback_of_dispatch_all(void **state)
{
	(void)state;
	destroying_fakes(true);
	ends_in_destroy(rill_ctx_dispatch_all(ctx));
}

static void destroy_in_a_callback_of_poll(void **state)
{
	(void)state;
	destroying_fakes(true);
	ends_in_destroy(rill_ctx_poll(ctx, 1000));
}

static void creates(struct fake *f)
{
	f->on_turn = NULL;
	f->with = fake_create(ctx, &counts, &fake_ops, 70);
	fake_wakes(f->with);
}

static void what_is_created_in_a_callback_is_watched_at_once(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	f->on_turn = creates;
	dispatch(f);
	assert_non_null(f->with);
	assert_string_equal(notes_read(&notes), "add 70 in, deadline now");
	assert_int_equal(rill_ctx_dispatch_fd(ctx, 70), 0);
	assert_int_equal(((struct fake *)f->with)->readies, 1);
}

/* ---- poll ------------------------------------------------------------------------------------------------------ */

static void poll_turns_without_reading_or_resting(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	f->gives = 3;
	assert_int_equal(rill_ctx_poll(ctx, 0), 3);
	assert_int_equal(f->readies, 0);
	assert_int_equal(f->rests, 0);
	assert_int_equal(now.reads, 0);
}

static void after_a_delivering_poll_the_deadline_is_now(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	f->gives = 1;
	rill_ctx_poll(ctx, 0);
	assert_string_equal(notes_read(&notes), "deadline now");
	rill_ctx_poll(ctx, 0);
	assert_string_equal(notes_read(&notes), "");
	rill_ctx_dispatch(ctx, NULL);
	assert_int_equal(f->rests, 1);
	assert_string_equal(notes_read(&notes), "deadline never");
}

static void an_empty_poll_leaves_what_rests_at_rest(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	assert_int_equal(rill_ctx_poll(ctx, 0), 0);
	assert_int_equal(f->turns, 1);
	assert_string_equal(notes_read(&notes), "");
	assert_int_equal(rill_ctx_deadline(ctx), RILL_NEVER);
}

static void poll_spins_until_its_time_is_over(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	now.step = 100;
	assert_int_equal(rill_ctx_poll(ctx, 1000), 0);
	assert_int_equal(now.reads, 11);
	assert_int_equal(f->turns, 11 * 16);
}

static void gives_in_its_fifth_turn(struct fake *f)
{
	f->gives = f->turns == 4;
}

static void poll_stops_at_the_first_delivery(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	f->on_turn = gives_in_its_fifth_turn;
	now.step = 1;
	assert_int_equal(rill_ctx_poll(ctx, 1000000), 1);
	assert_int_equal(f->turns, 5);
}

static void one_look_costs_little_however_many_rest(void **state)
{
	struct fake *awake = fake_on(0), *fakes[100];
	unsigned turns = 0;
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		fakes[i] = fake_on(i + 1);
	fake_wakes(awake);
	for (i = 0; i < 10; i++)
		rill_ctx_poll(ctx, 0);
	assert_int_equal(awake->turns, 10);
	for (i = 0; i < 100; i++)
		turns += fakes[i]->turns;
	assert_in_range(turns, 30, 40);
}

/* A part has its turns only while it is awake: that takes no look from those that rest. */
static void who_rests_is_looked_at_beside_a_part_that_is_awake(void **state)
{
	struct fake *whole = fake_on(0), *part = fake_part_of(whole);

	(void)state;
	fake_wakes(part);
	assert_int_equal(rill_ctx_poll(ctx, 0), 0);
	assert_int_equal(part->turns, 1);
	assert_int_equal(whole->turns, 1);
	fake_wakes(whole);
	assert_int_equal(rill_ctx_poll(ctx, 0), 0);
	assert_int_equal(part->turns, 2);
	assert_int_equal(whole->turns, 2);
	source_doom(&part->source);
}

static void each_that_rests_is_looked_at_in_time(void **state)
{
	struct fake *fakes[101];
	int i;

	(void)state;
	for (i = 0; i < 101; i++)
		fakes[i] = fake_on(i);
	for (i = 0; i < 27; i++)
		rill_ctx_poll(ctx, 0);
	for (i = 0; i < 101; i++)
		assert_in_range(fakes[i]->turns, 1, 2);
	source_doom(&fakes[4]->source);
	for (i = 0; i < 27; i++)
		rill_ctx_poll(ctx, 0);
	for (i = 0; i < 101; i++)
		if (i != 4)
			assert_in_range(fakes[i]->turns, 2, 4);
}

static struct fake *last_turned;

static void is_last_turned(struct fake *f)
{
	last_turned = f;
}

static void who_is_gone_is_not_looked_at_again(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 50; i++)
		fake_on((int)i)->on_turn = is_last_turned;
	for (i = 0; i < 50; i++) {
		last_turned = NULL;
		rill_ctx_poll(ctx, 0);
		assert_non_null(last_turned);
		source_doom(&last_turned->source);
		assert_int_equal(counts.finished, i + 1);
	}
	assert_int_equal(rill_ctx_poll(ctx, 0), 0);
}

static void a_poll_may_put_to_rest_what_has_no_rest(void **state)
{
	struct fake *f;

	(void)state;
	without_rest = fake_ops;
	without_rest.rest = NULL;
	f = fake_create(ctx, &counts, &without_rest, 7);
	fake_wakes(f);
	notes_read(&notes);
	rill_ctx_poll(ctx, 0);
	assert_true(f->turns > 0);
	assert_string_equal(notes_read(&notes), "deadline never");
}

/* ---- linger ---------------------------------------------------------------------------------------------------- */

static void without_a_delivery_nothing_lingers(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	now.step = 10;
	dispatch(f);
	assert_int_equal(f->turns, 1);
	assert_int_equal(f->rests, 1);
	assert_int_equal(now.reads, 0);
}

static void a_delivery_lingers_and_then_rests_all(void **state)
{
	struct fake *f = fake_on(7), *other = fake_on(8);

	(void)state;
	now.step = 100;
	fake_wakes(other);
	notes_read(&notes);
	f->gives = 1;
	dispatch(f);
	assert_in_range(f->turns, 1 + 10 * 16, 1 + 11 * 16);
	assert_in_range(other->turns, 10 * 16, 11 * 16);
	assert_int_equal(f->rests, 1);
	assert_int_equal(other->rests, 1);
	assert_int_equal(rill_ctx_deadline(ctx), RILL_NEVER);
}

static void gives_until_600(struct fake *f)
{
	f->gives = now.now < 600;
}

static void each_delivery_prolongs_the_linger(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	now.step = 100;
	f->gives = 1;
	f->on_turn = gives_until_600;
	dispatch(f);
	assert_in_range(now.now, 600 + 1000, 600 + 1000 + 300);
	assert_int_equal(f->rests, 1);
}

/* The loop gets its turn, but nobody is armed while something keeps coming: a bell now would be for nothing. */
static void a_linger_ends_and_goes_on_in_the_next_dispatch(void **state)
{
	struct fake *f = fake_on(7);
	int turns;

	(void)state;
	now.step = 100;
	f->gives = 1;
	f->gives_again = true;
	dispatch(f);
	assert_in_range(now.now, 100 + 5000, 100 + 5000 + 200);
	assert_int_equal(f->rests, 0);
	assert_int_equal(rill_ctx_deadline(ctx), 0);
	f->gives = 0;
	f->gives_again = false;
	turns = (int)f->turns;
	rill_ctx_dispatch(ctx, NULL);
	assert_in_range((int)f->turns - turns, 9 * 16, 11 * 16); /* quiet for linger_ns since it came, then to rest */
	assert_int_equal(f->rests, 1);
	assert_int_equal(rill_ctx_deadline(ctx), RILL_NEVER);
}

/* The hot one alone goes on unarmed: else each look would cost all that ever spoke. */
static void who_was_silent_rests_though_the_linger_goes_on(void **state)
{
	struct fake *hot = fake_on(7), *other = fake_on(8);

	(void)state;
	now.step = 100;
	hot->gives_again = true;
	hot->gives = other->gives = 1;
	fake_wakes(other);
	dispatch(hot);
	assert_int_equal(other->rests, 0);
	rill_ctx_dispatch(ctx, NULL);
	assert_int_equal(other->rests, 1);
	assert_int_equal(hot->rests, 0);
	assert_int_equal(rill_ctx_deadline(ctx), 0);
}

static int setup_short_linger(void **state)
{
	(void)state;
	return create(1000, 500);
}

static void a_maximum_below_the_linger_ends_it_in_parts(void **state)
{
	struct fake *f = fake_on(7);
	unsigned dispatches;

	(void)state;
	now.step = 100;
	f->gives = 1;
	dispatch(f);
	assert_int_equal(f->rests, 0);
	for (dispatches = 0; dispatches < 10 && rill_ctx_deadline(ctx) == 0; dispatches++)
		rill_ctx_dispatch(ctx, NULL);
	assert_in_range(dispatches, 1, 2);
	assert_int_equal(f->rests, 1);
}

static void a_linger_that_was_left_alone_is_over(void **state)
{
	struct fake *f = fake_on(7), *other = fake_on(8);
	unsigned turns;

	(void)state;
	now.step = 100;
	f->gives = 1;
	f->gives_again = true;
	dispatch(f);
	turns = other->turns;
	ctx_enter(ctx);
	source_doom(&f->source);
	ctx_leave(ctx);
	now.now += 1000000;
	dispatch(other);
	assert_int_equal(other->turns - turns, 1);
	assert_int_equal(other->rests, 1);
}

static void no_linger_reads_no_clock(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	f->gives = 1;
	dispatch(f);
	rill_ctx_dispatch(ctx, NULL);
	assert_int_equal(now.reads, 0);
}

static void destroys_late(struct fake *f)
{
	f->gives = 1;
	if (f->turns == 40)
		rill_ctx_destroy(ctx);
}

static void destroy_while_it_lingers(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	now.step = 1;
	f->gives = 1;
	f->on_turn = destroys_late;
	assert_int_equal(dispatch(f), -ECANCELED);
	ctx = NULL;
	assert_int_equal(counts.finished, 1);
}

static void steady_state_allocates_nothing(void **state)
{
	struct fake *f = fake_on(7);
	uint64_t made = allocs_made();
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		f->gives = 1;
		dispatch(f);
		rill_ctx_poll(ctx, 0);
		rill_ctx_dispatch(ctx, NULL);
	}
	assert_int_equal(allocs_made(), made);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define LINGER(name) cmocka_unit_test_setup_teardown(name, setup_linger, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ready_watch_is_read_turned_and_put_to_rest),
		TEST(what_is_awake_has_one_turn_a_round),
		TEST(a_deadline_tries_no_descriptor),
		TEST(what_does_not_rest_makes_the_deadline_now),
		TEST(a_wake_outside_dispatch_makes_the_deadline_now),
		TEST(a_wake_of_another_is_left_to_the_deadline),
		TEST(without_rest_a_turn_is_enough_unless_it_woke),
		TEST(a_source_may_have_no_use_for_any_of_it),
		TEST(dispatch_all_tries_every_watch),
		TEST(a_descriptor_finds_its_watch),
		TEST(dispatch_costs_what_is_ready),
		TEST(callbacks_are_never_nested),
		TEST(nothing_is_freed_before_the_outermost_end),
		TEST(a_doomed_one_has_no_turn),
		TEST(destroy_in_a_callback_of_a_watch),
		TEST(destroy_in_a_callback_of_the_deadline),
		TEST(destroy_in_a_callback_of_dispatch_all),
		TEST(destroy_in_a_callback_of_poll),
		TEST(what_is_created_in_a_callback_is_watched_at_once),
		TEST(poll_turns_without_reading_or_resting),
		TEST(after_a_delivering_poll_the_deadline_is_now),
		TEST(an_empty_poll_leaves_what_rests_at_rest),
		TEST(poll_spins_until_its_time_is_over),
		TEST(poll_stops_at_the_first_delivery),
		TEST(one_look_costs_little_however_many_rest),
		TEST(who_rests_is_looked_at_beside_a_part_that_is_awake),
		TEST(each_that_rests_is_looked_at_in_time),
		TEST(who_is_gone_is_not_looked_at_again),
		TEST(a_poll_may_put_to_rest_what_has_no_rest),
		LINGER(without_a_delivery_nothing_lingers),
		LINGER(a_delivery_lingers_and_then_rests_all),
		LINGER(each_delivery_prolongs_the_linger),
		LINGER(a_linger_ends_and_goes_on_in_the_next_dispatch),
		LINGER(who_was_silent_rests_though_the_linger_goes_on),
		LINGER(a_linger_that_was_left_alone_is_over),
		cmocka_unit_test_setup_teardown(a_maximum_below_the_linger_ends_it_in_parts, setup_short_linger, teardown),
		LINGER(destroy_while_it_lingers),
		TEST(no_linger_reads_no_clock),
		TEST(steady_state_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
