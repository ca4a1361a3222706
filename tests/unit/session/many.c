/* tests/unit/session/many.c - a thousand sessions in one ctx, ten thousand channels in one session; and what a wake-up or
 * a timer
 * costs then: what is ready or due, counted in system calls. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/loops/notes.h"
#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"
#include "tests/support/syscalls.h"

#include <errno.h>
#include <rill/epoll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MSEC UINT64_C(1000000)
#define SESSIONS 1000
#define CHANNELS 10000

static struct rlimit before;

static bool raise_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &before);
	limit = before;
	limit.rlim_cur = 6 * SESSIONS + 200; /* a socket and two eventfds each */
	if (before.rlim_cur != RLIM_INFINITY && before.rlim_cur < limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	return true;
}

static unsigned opened, closed;
static struct rill_channel *offered;
static uint64_t taken;

static void on_opened(struct rill_session *s, void *user)
{
	(void)s, (void)user;
	opened++;
}

static void on_readable(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	while (rill_channel_recv(ch, &msg) == 0) {
		taken++;
		rill_msg_release(&msg);
	}
}

static const struct rill_channel_events channel_events = {.size = sizeof(channel_events), .readable = on_readable};

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	(void)s, (void)user;
	offered = ch;
	rill_channel_set_events(ch, &channel_events, NULL);
	return 0;
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)why, (void)user;
	closed++;
	rill_session_close(s);
}

static const struct rill_session_events session_events = {
	.size = sizeof(session_events),
	.opened = on_opened,
	.channel = on_channel,
	.closed = on_closed,
};

static void settle(struct rill_ctx *x, struct rill_ctx *y)
{
	for (int quiet = 0; quiet < 2; quiet++) {
		int r = rill_epoll_wait(x, 0), q = rill_epoll_wait(y, 0);

		CHILD_CHECK(r >= 0 && q >= 0);
		if (r || q || rill_ctx_timeout_ms(x) == 0 || rill_ctx_timeout_ms(y) == 0)
			quiet = -1;
	}
}

static struct rill_session *adopt(struct rill_ctx *ctx, int fd, const struct rill_session_options *o)
{
	struct rill_session *s;

	CHILD_CHECK(rill_session_adopt(&s, ctx, fd, o, &session_events, NULL) == 0);
	return s;
}

/* Sections: 0 the receiver's wake-up, 1 the sender's send, 2 a deadline */
static int a_thousand(void *arg)
{
	struct rill_session_options o = {.size = sizeof(o), .channels = 4, .handshake_ms = 60000}; /* the machine may be slow */
	static struct rill_session *s[SESSIONS];
	struct rill_ctx *x, *y;
	struct rill_channel *ch;
	int fds[2], n = *(int *)arg;

	alarm(50);
	CHILD_CHECK(rill_ctx_create(&x, NULL) == 0 && rill_ctx_create(&y, NULL) == 0);
	opened = closed = 0;
	for (int i = 0; i < n; i++) {
		CHILD_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
		s[i] = adopt(x, fds[0], &o);
		adopt(y, fds[1], &o);
	}
	settle(x, y);
	CHILD_CHECK(opened == 2 * (unsigned)n);
	CHILD_CHECK(rill_channel_open(&ch, s[n * 7 / 10], "c", NULL, &channel_events, NULL) == 0);
	settle(x, y);
	for (uint64_t i = 1; i <= 10; i++) {
		syscalls_begin(1);
		CHILD_CHECK(rill_channel_send(ch, "x", 1) == 0);
		syscalls_end();
		syscalls_begin(0);
		CHILD_CHECK(rill_epoll_wait(y, 1000) == 1);
		syscalls_end();
		CHILD_CHECK(taken == i);
	}
	for (int i = 0; i < n; i++)
		rill_session_close(s[i]);
	settle(x, y);
	CHILD_CHECK(closed == (unsigned)n);
	rill_ctx_destroy(x);
	rill_ctx_destroy(y);
	return 0;
}

static int a_thousand_uncounted(struct child *self, void *arg)
{
	(void)self;
	return a_thousand(arg);
}

static void a_thousand_sessions_live_in_one_ctx_and_a_wake_up_costs_what_is_ready(void **state)
{
	struct syscalls counts;
	int n = (int)rounds_of(100, SESSIONS, SESSIONS);
	struct child c;

	(void)state;
	if (!raise_limit())
		skip();
	if (syscalls_countable()) {
		assert_int_equal(syscalls_trace(&counts, a_thousand, &n), 0);
		syscalls_print(&counts, 0);
		syscalls_print(&counts, 1);
		assert_int_equal(counts.entered[0], 10);
		assert_true(syscalls_sum(&counts, 1) <= 10); /* a bell each */
		assert_true(syscalls_sum(&counts, 0) <= 20); /* a wait and a receive each */
	} else {
		assert_int_equal(child_start(&c, a_thousand_uncounted, &n), 0);
		assert_int_equal(child_wait(&c, 50000), 0);
	}
	setrlimit(RLIMIT_NOFILE, &before);
}

static int a_timer(void *arg)
{
	struct notes_clock hands = {.now = 1000 * MSEC};
	struct rill_ctx_options co = {.size = sizeof(co), .now = notes_now, .clock = &hands};
	struct rill_session_options o = {.size = sizeof(o), .channels = 4, .handshake_ms = 60000};
	struct rill_ctx *x;
	int fds[2];

	(void)arg;
	alarm(50);
	CHILD_CHECK(rill_ctx_create(&x, &co) == 0);
	for (int i = 0; i < SESSIONS; i++) {
		CHILD_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
		o.handshake_ms = i == SESSIONS / 2 ? 10 : 60000;
		adopt(x, fds[0], &o);
	}
	CHILD_CHECK(rill_epoll_wait(x, 0) == 0);
	closed = 0;
	syscalls_begin(2);
	hands.now += 9 * MSEC;
	CHILD_CHECK(rill_ctx_dispatch(x, NULL) == 0);
	syscalls_end();
	CHILD_CHECK(closed == 0);
	syscalls_begin(3);
	hands.now += MSEC;
	CHILD_CHECK(rill_ctx_dispatch(x, NULL) == 0);
	syscalls_end();
	CHILD_CHECK(closed == 1);
	rill_ctx_destroy(x);
	return 0;
}

static void among_a_thousand_sessions_a_timer_costs_what_is_due(void **state)
{
	struct syscalls counts;

	(void)state;
	if (!syscalls_countable() || !raise_limit())
		skip();
	assert_int_equal(syscalls_trace(&counts, a_timer, NULL), 0);
	setrlimit(RLIMIT_NOFILE, &before);
	syscalls_print(&counts, 2);
	syscalls_print(&counts, 3);
	assert_int_equal(counts.entered[2], 1);
	assert_int_equal(syscalls_sum(&counts, 2), 0);
	assert_true(syscalls_sum(&counts, 3) <= 8); /* a word to the peer, epoll_ctl, close, two munmaps, ... */
}

/* ---- Channels -------------------------------------------------------------------------------------------------- */

static int ten_thousand(void *arg)
{
	struct rill_session_options o = {.size = sizeof(o), .channels = CHANNELS, .ring_bytes = 1024};
	static struct rill_channel *ch[CHANNELS];
	struct rill_session *s;
	struct rill_ctx *x, *y;
	int fds[2], n = *(int *)arg;

	alarm(50);
	CHILD_CHECK(rill_ctx_create(&x, NULL) == 0 && rill_ctx_create(&y, NULL) == 0);
	CHILD_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
	s = adopt(x, fds[0], &o);
	adopt(y, fds[1], &o);
	settle(x, y);
	for (int i = 0; i < n;) {
		int e = rill_channel_open(&ch[i], s, "c", NULL, &channel_events, NULL);

		CHILD_CHECK(e == 0 || e == -EAGAIN);
		if (e == 0)
			i++;
		else
			settle(x, y);
	}
	settle(x, y);
	taken = 0;
	for (uint64_t i = 1; i <= 10; i++) {
		syscalls_begin(1);
		CHILD_CHECK(rill_channel_send(ch[(size_t)n * i / 11], "x", 1) == 0);
		syscalls_end();
		syscalls_begin(0);
		CHILD_CHECK(rill_epoll_wait(y, 1000) == 1);
		syscalls_end();
		CHILD_CHECK(taken == i);
	}
	syscalls_begin(2);
	for (int i = 0; i < n; i++)
		CHILD_CHECK(rill_channel_send(ch[i], "x", 1) == 0);
	settle(x, y);
	syscalls_end();
	CHILD_CHECK(taken == 10 + (uint64_t)n);
	for (int i = 0; i < n; i++) {
		rill_channel_close(ch[i]);
		if (i % 100 == 0)
			settle(x, y);
	}
	settle(x, y);
	CHILD_CHECK(rill_session_status(s) == 1);
	rill_ctx_destroy(x);
	rill_ctx_destroy(y);
	return 0;
}

static void ten_thousand_channels_live_in_one_session_and_a_wake_up_costs_what_is_ready(void **state)
{
	struct syscalls counts;
	int n = (int)rounds_of(500, CHANNELS, CHANNELS);

	(void)state;
	if (!syscalls_countable())
		skip();
	assert_int_equal(syscalls_trace(&counts, ten_thousand, &n), 0);
	syscalls_print(&counts, 0);
	syscalls_print(&counts, 1);
	syscalls_print(&counts, 2);
	assert_int_equal(counts.entered[0], 10);
	assert_true(syscalls_sum(&counts, 1) <= 10);
	assert_true(syscalls_sum(&counts, 0) <= 20);
	/* ten thousand ready channels: one bell, and for each session's budget of them one wait of either side */
	assert_true(syscalls_sum(&counts, 2) <= 20 + 2 * (unsigned)n / 64);
}

static void all_channels_of_ten_thousand_carry_messages_both_ways(void **state)
{
	unsigned n = rounds_of(200, CHANNELS, CHANNELS);
	struct pair_options o = {.a = {.channels = n, .ring_bytes = 1024}, .b = {.channels = n, .ring_bytes = 1024}};
	struct rill_channel **ch = calloc(n, sizeof(*ch));
	static struct pair p;

	(void)state;
	pair_open(&p, &o);
	p.b.takes = p.b.silent = true;
	for (unsigned i = 0; i < n;) {
		int e = rill_channel_open(&ch[i], p.a.s, "c", NULL, NULL, NULL);

		if (e == 0)
			i++;
		else
			pair_run(&p);
		assert_true(e == 0 || e == -EAGAIN);
	}
	assert_int_equal(rill_channel_open(&ch[0], p.a.s, "c", NULL, NULL, NULL), -ENOBUFS);
	pair_run(&p);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(rill_channel_send(ch[i], &i, sizeof(i)), 0);
	pair_run(&p);
	assert_int_equal(p.b.count, n);
	free(ch);
	pair_stop(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_thousand_sessions_live_in_one_ctx_and_a_wake_up_costs_what_is_ready),
		T(among_a_thousand_sessions_a_timer_costs_what_is_due),
		T(ten_thousand_channels_live_in_one_session_and_a_wake_up_costs_what_is_ready),
		T(all_channels_of_ten_thousand_carry_messages_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
