/* tests/scenario/stalled.c - a process that is stopped (SIGSTOP) in the middle of a talk, over every loop: its peer is told in
 * bounded time and never waits; it goes on (SIGCONT) and finds what was sent, or why it was ended. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/loops/loop.h"
#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#define TOO_LONG_MS 20000
#define ENOUGH 10 /* messages each way, before it is stopped */

/* One process's view. */
static struct {
	struct rill_ctx *ctx;
	struct rill_session *s;
	struct rill_channel *ch;
	uint64_t sent, got; /* numbered, both ways */
	unsigned stalled, running;
	bool echoes, said_all, ended, wrong;
	int why, channel_why;
} me;

static bool by_socket;

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* One that is to be ended must not be found stalled before we stop it, when it is only slow. */
static unsigned heartbeat_ms(unsigned keep)
{
	if (keep)
		return 60;
	return rounds_under_valgrind() || rounds_under_sanitizer() ? 2000 : 250;
}

/* ---- The talk: numbers there, and back -------------------------------------------------------------------------- */

static void send_numbers(void)
{
	while (me.s && me.ch && !me.said_all && rill_channel_send(me.ch, &me.sent, sizeof(me.sent)) == 0)
		me.sent++;
}

/* In order, none lost, none twice. Who echoes leaves it where it is while there is no room to answer. */
static void on_readable(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;
	size_t len;

	(void)user;
	while (rill_channel_peek(ch, &len) == 0) {
		struct rill_room room;

		if (me.echoes && rill_channel_reserve(ch, len, &room) < 0) {
			rill_channel_pause(ch);
			return;
		}
		if (rill_channel_recv(ch, &msg) < 0)
			return;
		me.wrong |= msg.len != sizeof(me.got) || memcmp(msg.data, &me.got, sizeof(me.got)) != 0;
		if (me.echoes) {
			memcpy(room.data, msg.data, len);
			me.wrong |= rill_channel_commit(ch, len) < 0;
		}
		me.got++;
		rill_msg_release(&msg);
	}
}

static void on_writable(struct rill_channel *ch, void *user)
{
	(void)user;
	rill_channel_resume(ch);
}

static void on_channel_closed(struct rill_channel *ch, int why, void *user)
{
	(void)ch, (void)user;
	me.channel_why = why;
}

static const struct rill_channel_events channel_events = {
	.size = sizeof(channel_events),
	.readable = on_readable,
	.writable = on_writable,
	.closed = on_channel_closed,
};

static int on_offer(struct rill_session *s, struct rill_channel *ch, void *user)
{
	(void)s, (void)user;
	me.ch = ch;
	return rill_channel_set_events(ch, &channel_events, NULL);
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)user;
	me.ended = true;
	me.why = why;
	rill_session_close(s);
	me.s = NULL;
}

static void on_stalled(struct rill_session *s, void *user)
{
	(void)s, (void)user;
	me.wrong |= me.stalled++ != me.running;
}

static void on_running(struct rill_session *s, void *user)
{
	(void)s, (void)user;
	me.wrong |= ++me.running != me.stalled;
}

static const struct rill_session_events session_events = {
	.size = sizeof(session_events),
	.channel = on_offer,
	.closed = on_closed,
	.stalled = on_stalled,
	.running = on_running,
};

/* ---- Two processes ---------------------------------------------------------------------------------------------- */

static int begin(int fd, unsigned beat, unsigned keep)
{
	struct rill_session_options o = {.size = sizeof(o), .close_ms = 100, .heartbeat_ms = beat, .keep_stalled = keep};
	int e;

	o.socket_bell = by_socket;
	memset(&me, 0, sizeof(me));
	e = rill_ctx_create(&me.ctx, NULL);
	if (e == 0)
		e = loop_attach(me.ctx);
	if (e == 0)
		e = rill_session_adopt(&me.s, me.ctx, fd, &o, &session_events, NULL);
	return e;
}

/* Ends when its session did: exit status 0 if that was by ESTALE or in order. */
static int echo(struct child *self, void *arg)
{
	(void)self;
	close(((int *)arg)[0]);
	CHILD_CHECK(begin(((int *)arg)[1], 0, 0) == 0);
	me.echoes = true;
	while (!me.ended)
		CHILD_CHECK(loop_turn(me.ctx, TOO_LONG_MS) >= 0 || errno == EINTR);
	CHILD_CHECK(!me.wrong);
	rill_ctx_destroy(me.ctx);
	loop_finish();
	return me.why == -ESTALE ? 1 : me.why == 0 ? 2 : 3;
}

/* One turn of our loop: it ends soon, whatever the other does. */
static void turn(void)
{
	uint64_t before = now_ms();
	int r = loop_turn(me.ctx, 50);

	assert_true(r >= 0 || r == -EINTR);
	assert_true(now_ms() - before < TOO_LONG_MS / 2);
	assert_false(me.wrong);
}

#define UNTIL(fact)                                                                          \
	for (uint64_t began_ = now_ms(); !(fact) && now_ms() - began_ < TOO_LONG_MS; turn()) \
		send_numbers();                                                              \
	assert_true(fact)

static void stop(const struct child *c)
{
	int status;

	assert_int_equal(kill(c->pid, SIGSTOP), 0);
	assert_int_equal(waitpid(c->pid, &status, WUNTRACED), c->pid);
	assert_true(WIFSTOPPED(status));
}

static struct child talk(unsigned keep)
{
	struct child c;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(child_start(&c, echo, fds), 0);
	close(fds[1]);
	assert_int_equal(begin(fds[0], heartbeat_ms(keep), keep), 0);
	for (uint64_t began = now_ms(); rill_session_status(me.s) == 0 && now_ms() - began < TOO_LONG_MS;)
		turn();
	assert_int_equal(rill_channel_open(&me.ch, me.s, "numbers", NULL, &channel_events, NULL), 0);
	UNTIL(me.got >= ENOUGH);
	return c;
}

static void end(struct child *c, int status)
{
	assert_int_equal(child_wait(c, TOO_LONG_MS), status);
	rill_ctx_destroy(me.ctx);
	loop_finish();
}

static void a_stopped_process_is_told_as_stalled_and_as_running_and_nothing_is_lost(void **state)
{
	struct child c = talk(1);
	uint64_t sent;

	(void)state;
	for (int i = 0; i < 2; i++) {
		unsigned told = me.running;

		UNTIL(me.stalled == me.running);
		stop(&c);
		told = me.running;
		UNTIL(me.stalled > me.running);
		sent = me.sent;
		for (int k = 0; k < 5; k++) {
			send_numbers();
			turn();
		}
		assert_true(me.sent == sent); /* the ring is full, and nothing else grows */
		assert_int_equal(rill_session_status(me.s), 1);
		assert_int_equal(kill(c.pid, SIGCONT), 0);
		UNTIL(me.running > told && me.got >= sent);
	}
	me.said_all = true;
	UNTIL(me.got == me.sent);
	rill_session_close(me.s);
	me.s = NULL;
	end(&c, 2);
}

static void a_stopped_process_is_ended_and_finds_out_why_when_it_goes_on(void **state)
{
	struct child c = talk(0);
	uint64_t stopped;

	(void)state;
	stop(&c);
	stopped = now_ms();
	UNTIL(me.ended);
	assert_true(now_ms() - stopped >= heartbeat_ms(0) / 2);
	assert_int_equal(me.why, -ESTALE);
	assert_int_equal(me.channel_why, -ESTALE);
	/* The close waits for it no longer than close_ms. */
	UNTIL(rill_ctx_pollfds(me.ctx, NULL, 0) == 0);
	assert_int_equal(kill(c.pid, SIGCONT), 0);
	end(&c, 1);
}

static void a_stopped_process_that_is_killed_is_told_as_dead(void **state)
{
	struct child c = talk(1);

	(void)state;
	stop(&c);
	UNTIL(me.stalled > me.running);
	assert_int_equal(child_kill(&c), -SIGKILL);
	UNTIL(me.ended);
	assert_int_equal(me.why, -ECONNRESET);
	rill_ctx_destroy(me.ctx);
	loop_finish();
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_stopped_process_is_told_as_stalled_and_as_running_and_nothing_is_lost),
		T(a_stopped_process_is_ended_and_finds_out_why_when_it_goes_on),
		T(a_stopped_process_that_is_killed_is_told_as_dead),
	};
	const struct CMUnitTest by_packets[] = {
		T(a_stopped_process_is_told_as_stalled_and_as_running_and_nothing_is_lost),
		T(a_stopped_process_that_is_killed_is_told_as_dead),
	};
	int failed = cmocka_run_group_tests_name("bells by eventfd", tests, NULL, NULL);

	by_socket = true;
	return failed + cmocka_run_group_tests_name("bells by the socket", by_packets, NULL, NULL);
}
