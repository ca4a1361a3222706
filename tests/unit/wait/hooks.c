/* tests/unit/wait/hooks.c - what a loop hears, and when. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake.h"
#include "tests/support/allocs.h"

#include <errno.h>

static struct notes notes;
static struct counts counts;
static struct rill_ctx *ctx;

static int setup(void **state)
{
	(void)state;
	notes = (struct notes){0};
	counts = (struct counts){0};
	if (rill_ctx_create(&ctx, NULL) || rill_ctx_attach(ctx, &notes_loop, &notes))
		return -1;
	notes_read(&notes);
	return 0;
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
	return f;
}

static void add_and_remove_are_told_at_once(void **state)
{
	struct fake *f;

	(void)state;
	ctx_enter(ctx);
	f = fake_on(7);
	assert_string_equal(notes_read(&notes), "add 7 in");
	source_unwatch(&f->source);
	assert_string_equal(notes_read(&notes), "remove 7");
	ctx_leave(ctx);
	source_unwatch(&f->source);
	assert_string_equal(notes_read(&notes), "");
}

static void update_is_told_once_at_the_outermost_end(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	notes_read(&notes);
	ctx_enter(ctx);
	fake_changes(f, POLLIN | POLLOUT, 500);
	fake_changes(f, POLLOUT, 400);
	assert_string_equal(notes_read(&notes), "");
	ctx_leave(ctx);
	assert_string_equal(notes_read(&notes), "update 7 out, deadline 400");
}

static void what_changed_back_is_not_told(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	notes_read(&notes);
	ctx_enter(ctx);
	fake_changes(f, POLLIN | POLLOUT, 500);
	fake_changes(f, POLLIN, RILL_NEVER);
	ctx_leave(ctx);
	assert_string_equal(notes_read(&notes), "");
}

static void steady_state_tells_nothing(void **state)
{
	struct fake *f = fake_on(7);
	int i;

	(void)state;
	notes.hooks = 0;
	for (i = 0; i < 100; i++) {
		f->gives = 1;
		rill_ctx_dispatch(ctx, &f->source.watch);
	}
	assert_int_equal(f->turns, 100);
	assert_int_equal(notes.hooks, 0);
}

static void changes_itself(struct fake *f)
{
	fake_changes(f, POLLIN | POLLOUT, 500);
	assert_string_equal(notes_read(&notes), "");
}

static void nothing_is_told_in_the_middle_of_a_callback(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	notes_read(&notes);
	f->on_turn = changes_itself;
	rill_ctx_dispatch(ctx, &f->source.watch);
	assert_string_equal(notes_read(&notes), "update 7 in|out, deadline 500");
}

static void a_refused_add_changes_nothing(void **state)
{
	struct fake *f = fake_on(-1);

	(void)state;
	notes_read(&notes);
	notes.refuse = -ENFILE;
	assert_int_equal(source_watch(&f->source, 7), -ENFILE);
	assert_int_equal(f->source.watch.fd, -1);
	assert_int_equal(rill_ctx_pollfds(ctx, NULL, 0), 0);
	assert_int_equal(rill_ctx_dispatch_fd(ctx, 7), 0);
	assert_int_equal(f->readies, 0);
	notes.refuse = 0;
	assert_int_equal(source_watch(&f->source, 7), 0);
	assert_string_equal(notes_read(&notes), "refuse 7, add 7 in");
}

static void no_memory_for_a_watch_changes_nothing(void **state)
{
	struct fake *f = fake_on(-1);

	(void)state;
	notes_read(&notes);
	allocs_refuse(1);
	assert_int_equal(source_watch(&f->source, 70000), -ENOMEM);
	allocs_refuse(0);
	assert_int_equal(f->source.watch.fd, -1);
	assert_string_equal(notes_read(&notes), "");
}

static void attach_tells_what_there_is(void **state)
{
	(void)state;
	rill_ctx_detach(ctx);
	assert_string_equal(notes_read(&notes), "release");
	fake_on(-1);
	fake_changes(fake_on(7), POLLOUT, 500);
	fake_on(8);
	assert_string_equal(notes_read(&notes), "");
	assert_int_equal(rill_ctx_attach(ctx, &notes_loop, &notes), 0);
	assert_string_equal(notes_read(&notes), "add 7 out, add 8 in, deadline 500");
	rill_ctx_detach(ctx);
	assert_string_equal(notes_read(&notes), "remove 7, remove 8, release");
	rill_ctx_detach(ctx);
	assert_string_equal(notes_read(&notes), "");
}

static void a_refused_attach_takes_back_what_was_added(void **state)
{
	(void)state;
	rill_ctx_detach(ctx);
	fake_on(7);
	fake_on(-1);
	fake_on(8);
	fake_on(9);
	notes_read(&notes);
	notes.refuse = -ENOSPC;
	notes.accept = 2;
	assert_int_equal(rill_ctx_attach(ctx, &notes_loop, &notes), -ENOSPC);
	assert_string_equal(notes_read(&notes), "add 7 in, add 8 in, refuse 9, remove 7, remove 8");
	assert_null(rill_ctx_loop(ctx, &notes_loop));
	notes.refuse = 0;
	assert_int_equal(rill_ctx_attach(ctx, &notes_loop, &notes), 0);
	assert_string_equal(notes_read(&notes), "add 7 in, add 8 in, add 9 in, deadline never");
}

static void attach_checks_its_table(void **state)
{
	struct rill_loop other = notes_loop;

	(void)state;
	assert_int_equal(rill_ctx_attach(ctx, &notes_loop, &notes), -EBUSY);
	assert_ptr_equal(rill_ctx_loop(ctx, &notes_loop), &notes);
	assert_null(rill_ctx_loop(ctx, &other));
	assert_null(rill_ctx_loop(ctx, NULL));
	rill_ctx_detach(ctx);
	assert_null(rill_ctx_loop(ctx, &notes_loop));
	assert_null(rill_ctx_loop(ctx, NULL));
	assert_int_equal(rill_ctx_attach(ctx, NULL, &notes), -EINVAL);
	assert_int_equal(rill_ctx_attach(NULL, &notes_loop, &notes), -EINVAL);
	other.deadline = NULL;
	assert_int_equal(rill_ctx_attach(ctx, &other, &notes), -EINVAL);
	other = notes_loop;
	other.size = 0;
	assert_int_equal(rill_ctx_attach(ctx, &other, &notes), -EINVAL);
	other = notes_loop;
	other.release = NULL;
	assert_int_equal(rill_ctx_attach(ctx, &other, &notes), 0);
}

static void detaches(struct fake *f)
{
	rill_ctx_detach(f->source.ctx);
	assert_string_equal(notes_read(&notes), "remove 7, release");
	assert_int_equal(rill_ctx_attach(f->source.ctx, &notes_loop, &notes), -EBUSY);
}

static void detach_in_a_callback_ends_all_hooks(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	notes_read(&notes);
	f->on_turn = detaches;
	f->restless = true;
	assert_int_equal(rill_ctx_dispatch(ctx, &f->source.watch), 0);
	fake_changes(f, POLLOUT, 500);
	assert_string_equal(notes_read(&notes), "");
	assert_int_equal(rill_ctx_deadline(ctx), 0);
}

static void doom_removes_at_once_and_destroy_releases_last(void **state)
{
	struct fake *f = fake_on(7);

	(void)state;
	fake_on(8);
	notes_read(&notes);
	ctx_enter(ctx);
	source_doom(&f->source);
	source_doom(&f->source);
	assert_string_equal(notes_read(&notes), "remove 7");
	assert_int_equal(counts.finished, 0);
	ctx_leave(ctx);
	assert_int_equal(counts.finished, 1);
	ctx_ref(ctx);
	rill_ctx_destroy(ctx);
	assert_string_equal(notes_read(&notes), "remove 8, release");
	assert_int_equal(counts.drops, 1);
	assert_int_equal(counts.finished, 2);
	assert_int_equal(ctx_check(ctx), -ECANCELED);
	ctx_unref(ctx);
	ctx = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(add_and_remove_are_told_at_once),
		TEST(update_is_told_once_at_the_outermost_end),
		TEST(what_changed_back_is_not_told),
		TEST(steady_state_tells_nothing),
		TEST(nothing_is_told_in_the_middle_of_a_callback),
		TEST(a_refused_add_changes_nothing),
		TEST(no_memory_for_a_watch_changes_nothing),
		TEST(attach_tells_what_there_is),
		TEST(a_refused_attach_takes_back_what_was_added),
		TEST(attach_checks_its_table),
		TEST(detach_in_a_callback_ends_all_hooks),
		TEST(doom_removes_at_once_and_destroy_releases_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
