/* tests/unit/wait/ctx.c - create, destroy, references, sized tables, the pull view, and a forked child. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake.h"
#include "tests/support/allocs.h"
#include "tests/support/child.h"
#include "tests/support/leaks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

static struct notes notes;
static struct counts counts;

static struct rill_ctx *created(void)
{
	struct rill_ctx *ctx = NULL;

	notes = (struct notes){0};
	counts = (struct counts){0};
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	return ctx;
}

/* ---- tables ---------------------------------------------------------------------------------------------------- */

struct known {
	size_t size;
	uint64_t a, b;
};

struct newer {
	size_t size;
	uint64_t a, b, c;
};

static void a_table_of_this_version_is_copied(void **state)
{
	struct known from = {.size = sizeof(from), .a = 1, .b = 2}, to;

	(void)state;
	memset(&to, 0xff, sizeof(to));
	assert_int_equal(table_copy(&to, sizeof(to), &from), 0);
	assert_int_equal(to.a, 1);
	assert_int_equal(to.b, 2);
}

static void an_older_table_ends_in_zeroes(void **state)
{
	struct known from = {.size = offsetof(struct known, b), .a = 1, .b = 2}, to;

	(void)state;
	memset(&to, 0xff, sizeof(to));
	assert_int_equal(table_copy(&to, sizeof(to), &from), 0);
	assert_int_equal(to.a, 1);
	assert_int_equal(to.b, 0);
}

static void a_newer_table_is_taken_if_the_rest_is_zero(void **state)
{
	struct newer from = {.size = sizeof(from), .a = 1, .b = 2};
	struct known to;

	(void)state;
	assert_int_equal(table_copy(&to, sizeof(to), &from), 0);
	assert_int_equal(to.b, 2);
	from.c = 1;
	to.b = 3;
	assert_int_equal(table_copy(&to, sizeof(to), &from), -E2BIG);
	assert_int_equal(to.b, 3);
}

static void no_table_is_all_zero_and_no_size_is_refused(void **state)
{
	struct known from = {.size = 0}, to;

	(void)state;
	memset(&to, 0xff, sizeof(to));
	assert_int_equal(table_copy(&to, sizeof(to), NULL), 0);
	assert_int_equal(to.a, 0);
	assert_int_equal(table_copy(&to, sizeof(to), &from), -EINVAL);
	from.size = sizeof(size_t) - 1;
	assert_int_equal(table_copy(&to, sizeof(to), &from), -EINVAL);
	from.size = SIZE_MAX;
	assert_int_equal(table_copy(&to, sizeof(to), &from), -E2BIG);
}

/* ---- create and destroy ---------------------------------------------------------------------------------------- */

static void create_checks_its_options(void **state)
{
	struct rill_ctx_options o = {.size = 0};
	struct rill_ctx *ctx = NULL;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, &o), -EINVAL);
	assert_int_equal(rill_ctx_create(NULL, NULL), -EINVAL);
	assert_null(ctx);
	rill_ctx_destroy(NULL);
	rill_ctx_detach(NULL);
	assert_int_equal(rill_ctx_dispatch(NULL, NULL), -EINVAL);
	assert_int_equal(rill_ctx_dispatch_fd(NULL, 0), -EINVAL);
	assert_int_equal(rill_ctx_dispatch_all(NULL), -EINVAL);
	assert_int_equal(rill_ctx_poll(NULL, 0), -EINVAL);
	assert_int_equal(rill_ctx_pollfds(NULL, NULL, 0), 0);
	assert_int_equal(rill_ctx_timeout_ms(NULL), -1);
	assert_null(rill_ctx_loop(NULL, &notes_loop));
}

static void defaults_are_as_documented(void **state)
{
	struct rill_ctx *ctx = created();

	(void)state;
	assert_int_equal(ctx_budget(ctx), 64);
	assert_int_equal(ctx_session_budget(ctx), 64);
	assert_int_equal(rill_ctx_deadline(ctx), RILL_NEVER);
	assert_int_equal(rill_version(), RILL_VERSION_MAJOR * 10000 + RILL_VERSION_MINOR * 100 + RILL_VERSION_PATCH);
	rill_ctx_destroy(ctx);
}

/* Two packets are read at once, for half of it. */
static void a_sessions_budget_has_room_for_packets_and_a_message(void **state)
{
	struct rill_ctx_options o = {.size = sizeof(o), .session_budget = 1};
	struct rill_ctx *ctx;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, &o), 0);
	assert_int_equal(ctx_session_budget(ctx), 4);
	rill_ctx_destroy(ctx);
}

static void create_without_memory_leaves_nothing(void **state)
{
	struct rill_ctx *ctx = NULL;

	(void)state;
	allocs_refuse(1);
	assert_int_equal(rill_ctx_create(&ctx, NULL), -ENOMEM);
	allocs_refuse(0);
	assert_null(ctx);
}

static void a_source_without_memory_is_not_added(void **state)
{
	struct rill_ctx *ctx = created();
	struct fake f = {0};

	(void)state;
	allocs_refuse(1);
	assert_int_equal(source_add(&f.source, ctx, &fake_ops), -ENOMEM);
	allocs_refuse(0);
	rill_ctx_destroy(ctx);
	assert_int_equal(counts.drops, 0);
}

static void a_reference_outlives_destroy(void **state)
{
	struct rill_ctx *ctx = created();

	(void)state;
	ctx_ref(ctx);
	fake_create(ctx, &counts, &fake_ops, 7);
	rill_ctx_destroy(ctx);
	assert_int_equal(counts.finished, 1);
	assert_int_equal(ctx_check(ctx), -ECANCELED);
	ctx_unref(ctx);
}

/* ---- the pull view --------------------------------------------------------------------------------------------- */

static void pollfds_gives_the_watches_there_is_room_for(void **state)
{
	struct rill_ctx *ctx = created();
	struct pollfd fds[3] = {{.fd = -2}, {.fd = -2}, {.fd = -2}};

	(void)state;
	fake_create(ctx, &counts, &fake_ops, 7);
	fake_create(ctx, &counts, &fake_ops, -1);
	fake_changes(fake_create(ctx, &counts, &fake_ops, 8), POLLIN | POLLOUT, RILL_NEVER);
	assert_int_equal(rill_ctx_pollfds(ctx, NULL, 0), 2);
	assert_int_equal(rill_ctx_pollfds(ctx, fds, 1), 2);
	assert_int_equal(fds[0].fd, 7);
	assert_int_equal(fds[1].fd, -2);
	assert_int_equal(rill_ctx_pollfds(ctx, fds, 3), 2);
	assert_int_equal(fds[1].fd, 8);
	assert_int_equal(fds[1].events, POLLIN | POLLOUT);
	assert_int_equal(fds[2].fd, -2);
	rill_ctx_destroy(ctx);
}

/* ---- descriptors nobody took ----------------------------------------------------------------------------------- */

static int disposed;

static void dispose(int fd, void *user)
{
	disposed++;
	assert_ptr_equal(user, &disposed);
	close(fd);
}

static void the_disposer_is_asked_until_destroy(void **state)
{
	struct rill_ctx_options o = {.size = sizeof(o), .dispose = dispose, .dispose_user = &disposed};
	struct rill_ctx *ctx = NULL;
	int fds[2];

	(void)state;
	disposed = 0;
	assert_int_equal(rill_ctx_create(&ctx, &o), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	ctx_ref(ctx);
	ctx_dispose(ctx, fds[0]);
	assert_int_equal(disposed, 1);
	rill_ctx_destroy(ctx);
	ctx_dispose(ctx, fds[1]);
	assert_int_equal(disposed, 1);
	assert_int_equal(fcntl(fds[1], F_GETFD), -1);
	ctx_unref(ctx);
}

static void dispose_clears_so_linger(void **state)
{
	struct linger on = {.l_onoff = 1, .l_linger = 2};
	struct rill_ctx *ctx = created();
	socklen_t len = sizeof(on);
	int fds[2], kept;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &on, sizeof(on)), 0);
	kept = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
	ctx_dispose(ctx, fds[0]);
	assert_int_equal(getsockopt(kept, SOL_SOCKET, SO_LINGER, &on, &len), 0);
	assert_int_equal(on.l_onoff, 0);
	close(kept);
	close(fds[1]);
	rill_ctx_destroy(ctx);
}

/* ---- fork ------------------------------------------------------------------------------------------------------ */

static int in_child(struct child *self, void *arg)
{
	struct rill_ctx *ctx = arg;
	unsigned hooks = notes.hooks;

	(void)self;
	CHILD_CHECK(ctx_check(ctx) == -ECHILD);
	CHILD_CHECK(rill_ctx_dispatch(ctx, NULL) == -ECHILD);
	CHILD_CHECK(rill_ctx_dispatch_fd(ctx, 7) == -ECHILD);
	CHILD_CHECK(rill_ctx_dispatch_all(ctx) == -ECHILD);
	CHILD_CHECK(rill_ctx_poll(ctx, 0) == -ECHILD);
	CHILD_CHECK(rill_ctx_attach(ctx, &notes_loop, &notes) == -ECHILD);
	CHILD_CHECK(rill_ctx_pollfds(ctx, NULL, 0) == 0);
	CHILD_CHECK(rill_ctx_deadline(ctx) == RILL_NEVER);
	rill_ctx_detach(ctx);
	CHILD_CHECK(notes.hooks == hooks);
	rill_ctx_destroy(ctx);
	CHILD_CHECK(notes.hooks == hooks + 1);
	CHILD_CHECK(notes.released == 1);
	CHILD_CHECK(counts.children == 2);
	CHILD_CHECK(counts.drops == 0);
	CHILD_CHECK(counts.finished == 2);
	return 0;
}

static void in_a_child_only_destroy_does_anything(void **state)
{
	struct rill_ctx *ctx = created();
	struct child c;

	(void)state;
	fake_wakes(fake_create(ctx, &counts, &fake_ops, 7));
	fake_changes(fake_create(ctx, &counts, &fake_ops, 8), POLLIN, 500);
	assert_int_equal(rill_ctx_attach(ctx, &notes_loop, &notes), 0);
	assert_int_equal(child_start(&c, in_child, ctx), 0);
	assert_int_equal(child_wait(&c, 10000), 0);
	assert_int_equal(ctx_check(ctx), 0);
	assert_int_equal(counts.children, 0);
	rill_ctx_destroy(ctx);
}

static void frees_itself(struct source *s)
{
	counts.children++;
	free(fake_of(s));
}

static struct source_ops freeing;

static int destroys_them(struct child *self, void *arg)
{
	(void)self;
	rill_ctx_destroy(arg);
	CHILD_CHECK(counts.children == 3);
	CHILD_CHECK(counts.finished == 1);
	return 0;
}

static void in_a_child_a_source_may_free_itself(void **state)
{
	struct rill_ctx *ctx = created();
	struct child c;
	int i;

	(void)state;
	freeing = fake_ops;
	freeing.child = frees_itself;
	for (i = 7; i < 10; i++) {
		struct fake *f = fake_create(ctx, &counts, i == 8 ? &fake_ops : &freeing, i);

		fake_changes(f, POLLIN, 500);
		fake_wakes(f);
	}
	assert_int_equal(child_start(&c, destroys_them, ctx), 0);
	assert_int_equal(child_wait(&c, 10000), 0);
	rill_ctx_destroy(ctx);
}

static pid_t forked;

static int returns_at_once(struct child *self, void *arg)
{
	(void)self, (void)arg;
	return 0;
}

/* Both go on in the callback; the parent has nothing to do there. */
static void forks(struct fake *f)
{
	fflush(NULL);
	forked = fork();
	if (forked == 0 && f->with)
		rill_ctx_destroy(f->source.ctx);
	f->on_turn = NULL;
}

static void fork_in_callback(bool destroy)
{
	struct rill_ctx *ctx = created();
	struct fake *a = fake_create(ctx, &counts, &fake_ops, 7);
	struct fake *b = fake_create(ctx, &counts, &fake_ops, 8);
	unsigned hooks;
	int r, status;

	assert_int_equal(rill_ctx_attach(ctx, &notes_loop, &notes), 0);
	a->on_turn = forks;
	a->with = destroy ? ctx : NULL;
	fake_wakes(a);
	fake_wakes(b);
	hooks = notes.hooks;
	r = rill_ctx_dispatch(ctx, NULL);
	if (forked == 0) {
		CHILD_CHECK(r == -ECHILD);
		CHILD_CHECK(notes.hooks == hooks + destroy);
		CHILD_CHECK(counts.finished == (destroy ? 2 : 0));
		if (!destroy) {
			CHILD_CHECK(b->turns == 0);
			rill_ctx_destroy(ctx);
		}
		CHILD_CHECK(counts.children == 2);
		CHILD_CHECK(counts.finished == 2);
		_exit(0);
	}
	assert_int_equal(r, 0);
	assert_int_equal(waitpid(forked, &status, 0), forked);
	assert_int_equal(status, 0);
	assert_int_equal(b->turns, 1);
	rill_ctx_destroy(ctx);
}

static void a_child_of_a_callback_ends_its_dispatch(void **state)
{
	(void)state;
	fork_in_callback(false);
}

static void a_child_may_destroy_in_the_callback(void **state)
{
	(void)state;
	fork_in_callback(true);
}

static int destroys_destroyed(struct child *self, void *arg)
{
	(void)self;
	CHILD_CHECK(ctx_check(arg) == -ECHILD);
	ctx_unref(arg);
	return 0;
}

static void a_held_reference_knows_of_the_fork_too(void **state)
{
	struct rill_ctx *ctx = created();
	struct child c;

	(void)state;
	ctx_ref(ctx);
	rill_ctx_destroy(ctx);
	assert_int_equal(child_start(&c, destroys_destroyed, ctx), 0);
	assert_int_equal(child_wait(&c, 10000), 0);
	ctx_unref(ctx);
	assert_int_equal(child_start(&c, returns_at_once, NULL), 0);
	assert_int_equal(child_wait(&c, 10000), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_table_of_this_version_is_copied),
		TEST(an_older_table_ends_in_zeroes),
		TEST(a_newer_table_is_taken_if_the_rest_is_zero),
		TEST(no_table_is_all_zero_and_no_size_is_refused),
		TEST(create_checks_its_options),
		TEST(defaults_are_as_documented),
		TEST(a_sessions_budget_has_room_for_packets_and_a_message),
		TEST(create_without_memory_leaves_nothing),
		TEST(a_source_without_memory_is_not_added),
		TEST(a_reference_outlives_destroy),
		TEST(pollfds_gives_the_watches_there_is_room_for),
		TEST(the_disposer_is_asked_until_destroy),
		TEST(dispose_clears_so_linger),
		TEST(in_a_child_only_destroy_does_anything),
		TEST(in_a_child_a_source_may_free_itself),
		TEST(a_child_of_a_callback_ends_its_dispatch),
		TEST(a_child_may_destroy_in_the_callback),
		TEST(a_held_reference_knows_of_the_fork_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
