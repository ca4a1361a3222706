/* tests/unit/session/wake.c - how a sleeper is woken: by an eventfd between two of one uid, by the socket where one side does
 * not want that, has no descriptor left, or is of another uid. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <rill/epoll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOBODY 65533

static struct pair p;

/* Each is asleep, and woken by the other. */
static void assert_both_wake(void)
{
	p.a.takes = p.b.takes = true;
	pair_channel(&p, "c");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rill_channel_send(p.a.ch, "one", 3), 0);
		pair_run(&p);
		assert_string_equal(end_told(&p.b), "message 3");
		assert_int_equal(rill_channel_send(p.b.ch, "three", 5), 0);
		pair_run(&p);
		assert_string_equal(end_told(&p.a), "message 5");
	}
}

static size_t watched(const struct end *e)
{
	return rill_ctx_pollfds(e->ctx, NULL, 0);
}

static void open_with(unsigned a, unsigned b)
{
	struct pair_options o = {.a.socket_bell = a, .b.socket_bell = b};

	pair_open(&p, &o);
	pair_run(&p);
}

static void by_default_a_session_watches_two_descriptors_and_holds_three(void **state)
{
	size_t fds = leaks_fds();

	(void)state;
	open_with(0, 0);
	assert_int_equal(watched(&p.a), 2);
	assert_int_equal(watched(&p.b), 2);
	assert_int_equal(leaks_fds(), fds + 6);
	assert_both_wake();
	pair_stop(&p);
}

static void with_socket_bell_a_session_holds_one(void **state)
{
	size_t fds = leaks_fds();

	(void)state;
	open_with(1, 1);
	assert_int_equal(watched(&p.a), 1);
	assert_int_equal(watched(&p.b), 1);
	assert_int_equal(leaks_fds(), fds + 2);
	assert_both_wake();
	pair_stop(&p);
}

static void one_side_is_enough_to_keep_it_to_the_socket(void **state)
{
	size_t fds = leaks_fds();

	(void)state;
	open_with(0, 1);
	assert_int_equal(leaks_fds(), fds + 2);
	assert_both_wake();
	pair_stop(&p);
	open_with(1, 0);
	assert_int_equal(leaks_fds(), fds + 2);
	assert_both_wake();
	pair_stop(&p);
}

static void a_session_that_ended_gives_them_back_before_it_is_closed(void **state)
{
	size_t fds = leaks_fds();

	(void)state;
	open_with(0, 0);
	rill_session_abort(p.a.s, -EIO);
	p.a.s = NULL;
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "session closed ECONNABORTED");
	assert_int_equal(leaks_fds(), fds);
	assert_int_equal(watched(&p.b), 0);
	pair_stop(&p);
}

static void a_ctx_gives_them_back_when_it_goes(void **state)
{
	size_t fds = leaks_fds();

	(void)state;
	open_with(0, 0);
	end_stop(&p.a);
	end_stop(&p.b);
	assert_int_equal(leaks_fds(), fds);
}

static void adopt(struct rill_session **ret, struct rill_ctx *ctx, int fd)
{
	assert_int_equal(rill_session_adopt(ret, ctx, fd, NULL, NULL, NULL), 0);
}

/* An object that goes while all are dispatched moves the others around: an eventfd may then go before its session. */
static void a_ctx_gives_them_back_whatever_goes_first(void **state)
{
	struct rill_ctx *ctx, *other;
	struct rill_session *s[4];
	size_t fds = leaks_fds();
	int pair[2];

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(rill_ctx_create(&other, NULL), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
		adopt(&s[2 * i], ctx, pair[0]);
		adopt(&s[2 * i + 1], i ? other : ctx, pair[1]);
	}
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(rill_ctx_dispatch_all(ctx), 0);
		assert_int_equal(rill_ctx_dispatch_all(other), 0);
	}
	assert_int_equal(rill_session_status(s[2]), 1);
	rill_ctx_destroy(other);
	assert_int_equal(rill_ctx_dispatch_all(ctx), 0);
	assert_int_equal(rill_session_status(s[2]), -ECONNABORTED);
	rill_ctx_destroy(ctx);
	assert_int_equal(leaks_fds(), fds);
}

static int let_go(struct child *self, void *arg)
{
	size_t fds = *(size_t *)arg;

	(void)self;
	rill_ctx_destroy(p.a.ctx);
	rill_ctx_destroy(p.b.ctx);
	CHILD_CHECK(leaks_fds() <= fds); /* the pipe to the parent aside */
	return 0;
}

static void a_forked_child_closes_its_copies_and_bells_ring_on(void **state)
{
	size_t fds = leaks_fds() + 2;
	struct child c;

	(void)state;
	open_with(0, 0);
	assert_int_equal(child_start(&c, let_go, &fds), 0);
	assert_int_equal(child_wait(&c, 60000), 0);
	assert_both_wake();
	pair_stop(&p);
}

/* So many descriptors from now on, and no more. */
static struct rlimit leave(int count)
{
	struct rlimit was, limit;
	int held[8], top = -1;

	assert_in_range(count, 0, 7);
	for (int i = 0; i <= count; i++)
		held[i] = top = dup(0);
	for (int i = 0; i <= count; i++)
		close(held[i]);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	limit = was;
	limit.rlim_cur = (rlim_t)top;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return was;
}

static void without_descriptors_bells_stay_on_the_socket(void **state)
{
	(void)state;
	if (rounds_under_valgrind()) /* which has limits of its own */
		skip();
	for (int spare = 2; spare < 6; spare++) { /* a hello's region takes one for a moment */
		struct rlimit was;

		pair_start(&p, NULL);
		was = leave(spare);
		pair_run(&p);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
		assert_string_equal(end_told(&p.a), "opened");
		assert_string_equal(end_told(&p.b), "opened");
		assert_both_wake();
		pair_stop(&p);
	}
}

/* ---- Another uid ----------------------------------------------------------------------------------------------- */

static void both_uids(struct rill_session_options *o)
{
	static const uid_t uids[] = {0, NOBODY};

	*o = (struct rill_session_options){.size = sizeof(*o), .uids = uids, .uid_count = 2};
}

static int be_nobody(struct child *self, void *arg)
{
	int *fds = arg;
	struct rill_session_options o;
	struct end e;
	size_t before;

	(void)self;
	close(fds[0]);
	CHILD_CHECK(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
	both_uids(&o);
	before = leaks_fds();
	end_start(&e, NULL);
	CHILD_CHECK(rill_session_adopt(&e.s, e.ctx, fds[1], &o, &end_session_events, &e) == 0);
	e.takes = true;
	while (!e.count)
		CHILD_CHECK(rill_epoll_wait(e.ctx, 10000) > 0);
	CHILD_CHECK(leaks_fds() == before + 1); /* epoll */
	CHILD_CHECK(rill_channel_send(e.ch, "heard", 5) == 0);
	while (!end_was_told(&e, "session closed"))
		CHILD_CHECK(rill_epoll_wait(e.ctx, 10000) > 0);
	end_stop(&e);
	return 0;
}

/* A socketpair names who made it; only the hello says who speaks. */
static void across_uids_no_eventfd_is_handed_over(void **state)
{
	struct rill_session_options o;
	struct child c;
	size_t before;
	int fds[2];

	(void)state;
	if (getuid() != 0)
		skip();
	both_uids(&o);
	end_start(&p.a, NULL);
	p.a.takes = true;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(child_start(&c, be_nobody, fds), 0);
	close(fds[1]);
	before = leaks_fds();
	assert_int_equal(rill_session_adopt(&p.a.s, p.a.ctx, fds[0], &o, &end_session_events, &p.a), 0);
	while (!end_was_told(&p.a, "opened"))
		assert_true(rill_epoll_wait(p.a.ctx, 10000) > 0);
	end_open(&p.a, "c");
	assert_int_equal(rill_channel_send(p.a.ch, "hear", 4), 0);
	while (!p.a.count)
		assert_true(rill_epoll_wait(p.a.ctx, 10000) > 0);
	assert_int_equal(leaks_fds(), before + 1); /* epoll */
	assert_int_equal(watched(&p.a), 1);
	rill_session_close(p.a.s);
	while (watched(&p.a))
		assert_true(rill_epoll_wait(p.a.ctx, 10000) >= 0);
	assert_int_equal(child_wait(&c, 60000), 0);
	end_stop(&p.a);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(by_default_a_session_watches_two_descriptors_and_holds_three),
		T(with_socket_bell_a_session_holds_one),
		T(one_side_is_enough_to_keep_it_to_the_socket),
		T(a_session_that_ended_gives_them_back_before_it_is_closed),
		T(a_ctx_gives_them_back_when_it_goes),
		T(a_ctx_gives_them_back_whatever_goes_first),
		T(a_forked_child_closes_its_copies_and_bells_ring_on),
		T(without_descriptors_bells_stay_on_the_socket),
		T(across_uids_no_eventfd_is_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
