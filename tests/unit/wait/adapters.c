/* tests/unit/wait/adapters.c - what epoll, poll and select give back, and what a forked child finds in a loop that
 * it has of its parent; the loop promises are in tests/contract. */
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
#include <rill/rill.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/time.h>
#include <unistd.h>

static struct notes notes;
static struct counts counts;
static struct rill_ctx *ctx;

static const struct waiter {
	const char *name;
	int (*wait)(struct rill_ctx *ctx, int timeout_ms);
} waiters[] = {{"epoll", rill_epoll_wait}, {"poll", rill_poll_wait}, {"select", rill_select_wait}};

#define END (waiters + 3)

static int setup(void **state)
{
	notes = (struct notes){0};
	counts = (struct counts){0};
	return leaks_setup(state) || rill_ctx_create(&ctx, NULL);
}

static int teardown(void **state)
{
	rill_ctx_destroy(ctx);
	return leaks_teardown(state);
}

static void a_wait_says_how_many_were_ready(void **state)
{
	const struct waiter *w;
	int fds[2][2], i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(pipe2(fds[i], O_CLOEXEC), 0);
		fake_create(ctx, &counts, &fake_ops, fds[i][0]);
	}
	for (w = waiters; w < END; w++) {
		char bytes[2];

		assert_int_equal(w->wait(ctx, 0), 0);
		assert_int_equal(write(fds[0][1], "x", 1), 1);
		assert_int_equal(w->wait(ctx, 10000), 1);
		assert_int_equal(write(fds[1][1], "x", 1), 1);
		assert_int_equal(w->wait(ctx, -1), 2);
		for (i = 0; i < 2; i++)
			assert_int_equal(read(fds[i][0], bytes, 2), 1);
		rill_ctx_detach(ctx);
	}
	rill_ctx_destroy(ctx);
	ctx = NULL;
	for (i = 0; i < 2; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
}

static void another_loop_is_in_the_way(void **state)
{
	const struct waiter *w, *other;

	(void)state;
	assert_int_equal(rill_ctx_attach(ctx, &notes_loop, &notes), 0);
	for (w = waiters; w < END; w++)
		assert_int_equal(w->wait(ctx, -1), -EBUSY);
	assert_int_equal(rill_epoll_fd(ctx), -ENOENT);
	for (w = waiters; w < END; w++) {
		rill_ctx_detach(ctx);
		assert_int_equal(w->wait(ctx, 0), 0);
		for (other = waiters; other < END; other++)
			assert_int_equal(other->wait(ctx, 0), other == w ? 0 : -EBUSY);
		assert_int_equal(rill_epoll_attach(ctx), -EBUSY);
	}
}

static void no_ctx_is_refused(void **state)
{
	const struct waiter *w;

	(void)state;
	for (w = waiters; w < END; w++)
		assert_int_equal(w->wait(NULL, 0), -EINVAL);
	assert_int_equal(rill_epoll_fd(NULL), -EINVAL);
	assert_int_equal(rill_epoll_attach(NULL), -EINVAL);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void a_signal_ends_the_wait(void **state)
{
	struct sigaction on = {.sa_handler = on_alarm}, before;
	struct itimerval soon = {.it_value.tv_usec = 1000, .it_interval.tv_usec = 1000}, never = {0};
	const struct waiter *w;

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &on, &before), 0);
	for (w = waiters; w < END; w++) {
		assert_int_equal(w->wait(ctx, 0), 0);
		setitimer(ITIMER_REAL, &soon, NULL);
		assert_int_equal(w->wait(ctx, 10000), -EINTR);
		setitimer(ITIMER_REAL, &never, NULL);
		rill_ctx_detach(ctx);
	}
	sigaction(SIGALRM, &before, NULL);
}

static void a_wait_ends_at_the_deadline(void **state)
{
	const struct waiter *w;
	struct fake *f = fake_create(ctx, &counts, &fake_ops, -1);

	(void)state;
	for (w = waiters; w < END; w++) {
		f->dues = 0;
		fake_changes(f, POLLIN, ctx_now(ctx) + 2 * MSEC);
		assert_int_equal(w->wait(ctx, -1), 1);
		assert_int_equal(f->dues, 1);
		assert_int_equal(w->wait(ctx, 0), 0);
		rill_ctx_detach(ctx);
	}
}

/* Above FD_SETSIZE a set would be written out of bounds. */
static void select_refuses_high_descriptors(void **state)
{
	struct rlimit limit;
	struct fake *f;
	int fd;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < FD_SETSIZE + 10)
		skip();
	limit.rlim_cur = FD_SETSIZE + 10;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	fd = fcntl(0, F_DUPFD_CLOEXEC, FD_SETSIZE);
	assert_true(fd >= FD_SETSIZE);

	f = fake_create(ctx, &counts, &fake_ops, fd);
	assert_non_null(f);
	assert_int_equal(rill_select_wait(ctx, 0), -ERANGE);
	assert_int_equal(rill_ctx_attach(ctx, &notes_loop, &notes), 0);
	rill_ctx_detach(ctx);
	source_unwatch(&f->source);
	assert_int_equal(rill_select_wait(ctx, 0), 0);
	assert_int_equal(source_watch(&f->source, fd), -ERANGE);
	assert_int_equal(rill_select_wait(ctx, 0), 0);
	close(fd);
}

static void attaching_without_descriptors_or_memory_leaves_nothing(void **state)
{
	const struct waiter *w;
	struct rlimit limit, none;
	struct leaks before;

	(void)state;
	leaks_take(&before);
	for (w = waiters; w < END; w++) {
		allocs_refuse(1);
		assert_int_equal(w->wait(ctx, 0), -ENOMEM);
		allocs_refuse(0);
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(rill_epoll_wait(ctx, 0), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(rill_epoll_wait(ctx, 0), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(rill_epoll_fd(ctx), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	rill_ctx_detach(ctx);
	assert_int_equal(leaks_since(&before), 0);
}

#if defined(HAVE_LIBEVENT) || defined(HAVE_LIBEV)
/* What the loop needs for one more descriptor is refused bit by bit, till it is not; then the ctx goes. */
static void watch_with_little_memory(void)
{
	struct fake *f;
	int r = -ENOMEM, ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	f = fake_create(ctx, &counts, &fake_ops, -1);
	for (uint64_t n = 1; r < 0; n++) {
		allocs_refuse(n);
		r = source_watch(&f->source, ends[0]);
		allocs_refuse(0);
		assert_true(r == 0 || r == -ENOMEM);
	}
	rill_ctx_destroy(ctx);
	close(ends[0]);
	close(ends[1]);
	ctx = NULL;
}

struct inherited {
	void *loop;
	int number; /* of the descriptor that is watched */
	bool reused;
};

/* In a child: the end of the ctx, and of the descriptor, whose number something readable of the host's may get. */
static void end_in_child(const struct inherited *i)
{
	int ends[2];

	rill_ctx_destroy(ctx);
	close(i->number);
	if (!i->reused)
		return;
	CHILD_CHECK(pipe2(ends, O_CLOEXEC) == 0 && write(ends[1], "x", 1) == 1);
	CHILD_CHECK(ends[0] == i->number || dup2(ends[0], i->number) == i->number);
}

static void watch_and_fork(void *loop, int (*child)(struct child *self, void *arg))
{
	struct child c;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_non_null(fake_create(ctx, &counts, &fake_ops, ends[0]));
	for (int reused = 0; reused < 2; reused++) {
		struct inherited i = {.loop = loop, .number = ends[0], .reused = reused};
		int r;

		assert_int_equal(child_start(&c, child, &i), 0);
		r = child_wait(&c, 3000);
		child_kill(&c);
		assert_int_equal(r, 0);
	}
	rill_ctx_destroy(ctx);
	ctx = NULL;
	close(ends[0]);
	close(ends[1]);
}
#endif

#ifdef HAVE_LIBEVENT
#include <event2/event.h>
#include <rill/libevent.h>

static void libevent_without_a_base_or_memory_is_refused(void **state)
{
	struct event_base *base = event_base_new();
	int r = -ENOMEM;

	(void)state;
	assert_int_equal(rill_libevent_attach(ctx, NULL), -EINVAL);
	assert_int_equal(rill_libevent_attach(NULL, base), -EINVAL);
	for (uint64_t n = 1; r < 0; n++) {
		allocs_refuse(n);
		r = rill_libevent_attach(ctx, base);
		allocs_refuse(0);
		assert_true(r == 0 || r == -ENOMEM);
	}
	watch_with_little_memory();
	event_base_free(base);
}

static void count_call(evutil_socket_t fd, short revents, void *calls)
{
	(void)fd, (void)revents;
	++*(int *)calls;
}

static int goes_on_with_the_base(struct child *self, void *arg)
{
	const struct inherited *i = arg;
	int ends[2], calls = 0;

	(void)self;
	CHILD_CHECK(pipe2(ends, O_CLOEXEC) == 0 && write(ends[1], "x", 1) == 1);
	CHILD_CHECK(event_base_once(i->loop, ends[0], EV_READ, count_call, &calls, NULL) == 0);
	end_in_child(i);
	CHILD_CHECK(event_reinit(i->loop) == (i->reused ? 0 : -1));
	CHILD_CHECK(event_base_loop(i->loop, EVLOOP_ONCE) >= 0);
	CHILD_CHECK(calls == 1);
	CHILD_CHECK(!i->reused || event_base_dispatch(i->loop) == 1); /* nothing of ours is left to wait for */
	return 0;
}

static void a_child_goes_on_with_its_parents_libevent(void **state)
{
	struct event_base *base = event_base_new();

	(void)state;
	assert_int_equal(rill_libevent_attach(ctx, base), 0);
	watch_and_fork(base, goes_on_with_the_base);
	event_base_free(base);
}
#endif

#ifdef HAVE_LIBEV
#include <rill/libev.h>

/* ev.h and event.h are not for one file. */
struct ev_loop *ev_loop_new(unsigned flags);
void ev_loop_destroy(struct ev_loop *loop);
void ev_loop_fork(struct ev_loop *loop);
int ev_run(struct ev_loop *loop, int flags);

static void libev_without_a_loop_or_memory_is_refused(void **state)
{
	struct ev_loop *loop = ev_loop_new(0);
	int r = -ENOMEM;

	(void)state;
	assert_int_equal(rill_libev_attach(ctx, NULL), -EINVAL);
	assert_int_equal(rill_libev_attach(NULL, loop), -EINVAL);
	for (uint64_t n = 1; r < 0; n++) {
		allocs_refuse(n);
		r = rill_libev_attach(ctx, loop);
		allocs_refuse(0);
		assert_true(r == 0 || r == -ENOMEM);
	}
	watch_with_little_memory();
	ev_loop_destroy(loop);
}

static int goes_on_with_the_loop(struct child *self, void *arg)
{
	const struct inherited *i = arg;

	(void)self;
	end_in_child(i);
	ev_loop_fork(i->loop);
	CHILD_CHECK(!ev_run(i->loop, 0)); /* nothing of ours is left to wait for */
	return 0;
}

static void a_child_goes_on_with_its_parents_libev(void **state)
{
	struct ev_loop *loop = ev_loop_new(0);

	(void)state;
	assert_int_equal(rill_libev_attach(ctx, loop), 0);
	ev_run(loop, 2); /* EVRUN_NOWAIT is 1, ONCE 2 */
	watch_and_fork(loop, goes_on_with_the_loop);
	ev_loop_destroy(loop);
}
#endif

static void no_memory_for_one_more_watch_changes_nothing(void **state)
{
	struct fake *f;
	int i, r;

	(void)state;
	assert_int_equal(rill_poll_wait(ctx, 0), 0);
	for (i = 0; i < 16; i++)
		assert_non_null(fake_create(ctx, &counts, &fake_ops, i));
	f = fake_create(ctx, &counts, &fake_ops, -1);
	for (i = 1; i <= 2; i++) {
		allocs_refuse((uint64_t)i);
		r = source_watch(&f->source, 16);
		allocs_refuse(0);
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(rill_ctx_pollfds(ctx, NULL, 0), 16);
	}
	assert_int_equal(source_watch(&f->source, 16), 0);
	assert_int_equal(rill_ctx_pollfds(ctx, NULL, 0), 17);
}

static void epoll_takes_one_descriptor_and_a_nested_one_two(void **state)
{
	size_t before = leaks_fds();
	int fd;

	(void)state;
	assert_int_equal(rill_epoll_fd(ctx), -ENOENT);
	assert_int_equal(rill_epoll_attach(ctx), 0);
	assert_int_equal(leaks_fds(), before + 1);
	fd = rill_epoll_fd(ctx);
	assert_true(fd >= 0);
	assert_int_equal(rill_epoll_fd(ctx), fd);
	assert_int_equal(leaks_fds(), before + 2);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	rill_ctx_detach(ctx);
	assert_int_equal(leaks_fds(), before);
}

static void asks_for_the_descriptor(struct fake *f)
{
	char byte;

	assert_int_equal(read(f->source.watch.fd, &byte, 1), 1);
	assert_true(rill_epoll_fd(ctx) >= 0);
	f->on_turn = NULL;
}

/* In a turn the deadline is "now"; afterwards it is what was told before, so the loop does not hear of it again. */
static void a_ctx_nested_from_a_callback_does_not_spin(void **state)
{
	struct pollfd fd = {.events = POLLIN};
	struct fake *f;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	f = fake_create(ctx, &counts, &fake_ops, fds[0]);
	f->on_turn = asks_for_the_descriptor;
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(rill_epoll_wait(ctx, 0), 1);
	fd.fd = rill_epoll_fd(ctx);
	assert_int_equal(poll(&fd, 1, 0), 0);
	rill_ctx_destroy(ctx);
	ctx = NULL;
	close(fds[0]);
	close(fds[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_wait_says_how_many_were_ready),
		TEST(another_loop_is_in_the_way),
		TEST(no_ctx_is_refused),
		TEST(a_signal_ends_the_wait),
		TEST(a_wait_ends_at_the_deadline),
		TEST(select_refuses_high_descriptors),
		TEST(attaching_without_descriptors_or_memory_leaves_nothing),
#ifdef HAVE_LIBEVENT
		TEST(libevent_without_a_base_or_memory_is_refused),
		TEST(a_child_goes_on_with_its_parents_libevent),
#endif
#ifdef HAVE_LIBEV
		TEST(libev_without_a_loop_or_memory_is_refused),
		TEST(a_child_goes_on_with_its_parents_libev),
#endif
		TEST(no_memory_for_one_more_watch_changes_nothing),
		TEST(epoll_takes_one_descriptor_and_a_nested_one_two),
		TEST(a_ctx_nested_from_a_callback_does_not_spin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
