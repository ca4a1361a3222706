/* tests/unit/rpc/processes.c - calls between two processes: what they cost asleep, what a kill -9 of either leaves, and that a
 * million of them allocate nothing on either side. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/allocs.h"
#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/rounds.h"
#include "tests/support/syscalls.h"

#include <errno.h>
#include <rill/letter.h>
#include <rill/rill.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ADD 1
#define KEEP 2
#define FAIL 3
#define SECOND UINT64_C(1000000000)
#define FLIGHT 100

/* One side; the server keeps what it is told to keep. */
struct side {
	struct rill_ctx *ctx;
	struct rill_session *s;
	struct rill_rpc *rpc;
	uint64_t served, answered, sum;
	unsigned kept, gone, closed;
	unsigned told[FLIGHT]; /* ends, of each call in flight */
	unsigned lost;
	int why; /* of the last end */
};

static struct side me; /* of this process */

/* ---- The server --------------------------------------------------------------------------------------------------- */

static int add_one(struct rill_request rq, struct rill_msg *msg)
{
	struct rill_letter letter;
	struct rill_draft draft;
	int r = rill_letter_open(&letter, msg, NULL);

	if (r == 0)
		r = rill_draft_answer(&draft, rq, true, NULL);
	if (r < 0)
		return r;
	rill_struct_set_u64(rill_slot_init_struct(rill_draft_root(&draft), 1, 0), 0,
	                    rill_struct_u64(rill_pointer_struct(rill_letter_root(&letter)), 0, 0) + 1, 0);
	return rill_draft_send(&draft, NULL);
}

static int on_request(struct rill_request rq, struct rill_msg *msg, void *user)
{
	(void)user;
	me.served++;
	if (rq.type == ADD)
		return add_one(rq, msg);
	if (rq.type != KEEP)
		return -EDOM;
	me.kept++;
	return rill_request_keep(rq, &me);
}

static void on_gone(struct rill_request rq, int why, void *kept, void *user)
{
	(void)rq, (void)user;
	CHILD_CHECK(kept == &me);
	me.gone++;
	me.why = why;
}

static void on_closed(struct rill_rpc *rpc, int why, void *user)
{
	(void)rpc, (void)why, (void)user;
	me.closed++;
}

static const struct rill_rpc_events events = {
	.size = sizeof(events),
	.request = on_request,
	.gone = on_gone,
	.closed = on_closed,
};

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	(void)s;
	return rill_rpc_create(&me.rpc, ch, NULL, &events, user);
}

/* ---- The client --------------------------------------------------------------------------------------------------- */

static void on_sum(const struct rill_answer *a, void *user)
{
	struct rill_letter letter;

	(void)user;
	CHILD_CHECK(a->end == RILL_ANSWERED && rill_letter_open(&letter, a->msg, NULL) == 0);
	me.sum = rill_struct_u64(rill_pointer_struct(rill_letter_root(&letter)), 0, 0);
	me.answered++;
}

static int ask(uint64_t number)
{
	const struct rill_ask ask = {.size = sizeof(ask), .type = ADD, .timeout_ns = 60 * SECOND, .answered = on_sum};
	struct rill_draft draft;
	int r = rill_draft_call(&draft, me.rpc, &ask, NULL);

	if (r < 0)
		return r;
	rill_struct_set_u64(rill_slot_init_struct(rill_draft_root(&draft), 1, 0), 0, number, 0);
	return rill_draft_send(&draft, NULL);
}

static void on_end(const struct rill_answer *a, void *user)
{
	unsigned *told = user;

	++*told;
	me.why = a->error;
	me.lost += a->end == RILL_LOST;
}

static int ask_in_flight(uint16_t type, unsigned i)
{
	const struct rill_ask ask = {
		.size = sizeof(ask), .type = type, .timeout_ns = 60 * SECOND, .answered = on_end, .user = &me.told[i]};

	return rill_rpc_call(me.rpc, &ask, NULL, NULL);
}

/* ---- Both --------------------------------------------------------------------------------------------------------- */

static void wait_once(void)
{
	CHILD_CHECK(rill_epoll_wait(me.ctx, 10000) >= 0);
}

static void begin(int fd, bool asks)
{
	const struct rill_session_events events_of_session = {.size = sizeof(events_of_session), .channel = on_channel};
	struct rill_channel *ch;

	memset(&me, 0, sizeof(me));
	CHILD_CHECK(rill_ctx_create(&me.ctx, NULL) == 0);
	CHILD_CHECK(rill_session_adopt(&me.s, me.ctx, fd, NULL, &events_of_session, NULL) == 0);
	while (rill_session_status(me.s) == 0)
		wait_once();
	if (!asks)
		return;
	CHILD_CHECK(rill_channel_open(&ch, me.s, "calls", NULL, NULL, NULL) == 0);
	CHILD_CHECK(rill_rpc_create(&me.rpc, ch, NULL, &events, NULL) == 0);
}

static void finish(void)
{
	rill_ctx_destroy(me.ctx);
	me.ctx = NULL;
}

/* ---- Asleep ------------------------------------------------------------------------------------------------------- */

#define WARM 20
#define ASLEEP 200

static void client(void)
{
	for (uint64_t i = 1; i <= WARM + ASLEEP; i++) {
		if (i == WARM + 1)
			syscalls_begin(0);
		CHILD_CHECK(ask(i) == 0);
		while (me.answered < i)
			wait_once();
		CHILD_CHECK(me.sum == i + 1);
	}
	syscalls_end();
}

static void server(void)
{
	while (me.served < WARM)
		wait_once();
	syscalls_begin(1);
	while (me.served < WARM + ASLEEP)
		wait_once();
	syscalls_end();
	while (!me.closed)
		wait_once();
}

static int play(void *arg)
{
	int fds[2], status;
	pid_t pid;

	(void)arg;
	alarm(50); /* a hang ends as a failure */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 || (pid = fork()) < 0)
		return 90;
	close(fds[pid != 0]);
	begin(fds[pid == 0], pid != 0);
	if (pid != 0)
		client();
	else
		server();
	finish();
	if (pid == 0)
		_exit(0);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 91;
}

/* The same as of a channel's round trip (tests/unit/session/counting.c): a bell, a wait, a reading of the bell each way. */
static void asleep_a_structured_call_costs_what_a_round_trip_of_bytes_costs(void **state)
{
	struct syscalls counts;

	(void)state;
	if (!syscalls_countable())
		skip();
	assert_int_equal(syscalls_trace(&counts, play, NULL), 0);
	for (unsigned s = 0; s < 2; s++) {
		uint64_t bells = counts.count[s][SYS_sendto] + counts.count[s][SYS_write];
		uint64_t waits = counts.count[s][SYS_epoll_wait] + counts.count[s][SYS_epoll_pwait];
		uint64_t reads = counts.count[s][SYS_recvmmsg] + counts.count[s][SYS_preadv2];

		assert_int_equal(counts.entered[s], 1);
		assert_true(bells > 0 && bells <= ASLEEP);
		assert_true(waits > 0 && waits <= ASLEEP);
		assert_true(reads > 0 && reads <= ASLEEP);
		assert_int_equal(syscalls_sum(&counts, s), bells + waits + reads);
	}
}

/* ---- kill -9 ------------------------------------------------------------------------------------------------------ */

static int fds_of_pair[2];

/* Serves for ever. Says when it is open. */
static int serve_child(struct child *self, void *arg)
{
	(void)arg;
	close(fds_of_pair[0]);
	begin(fds_of_pair[1], false);
	child_tell(self, 1);
	while (!me.closed)
		wait_once();
	return 0;
}

static void server_dies(unsigned answers_before)
{
	struct child c;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds_of_pair), 0);
	assert_int_equal(child_start(&c, serve_child, NULL), 0);
	close(fds_of_pair[1]);
	begin(fds_of_pair[0], true);
	assert_int_equal(child_hear(&c, 10000), 1);
	for (unsigned i = 0; i < FLIGHT; i++)
		assert_int_equal(ask_in_flight(i < answers_before ? FAIL : KEEP, i), 0);
	while (me.why == 0 && answers_before > 0)
		wait_once(); /* one has failed: it is at work */
	child_kill(&c);
	while (!me.closed)
		wait_once();
	for (unsigned i = 0; i < FLIGHT; i++)
		assert_int_equal(me.told[i], 1);
	assert_true(me.lost >= FLIGHT - answers_before);
	assert_int_equal(me.why, -ECONNRESET);
	assert_int_equal(me.closed, 1);
	finish();
}

static void when_the_server_is_killed_each_call_is_told_once(void **state)
{
	unsigned rounds = rounds_of(2, 10, 300);

	(void)state;
	for (unsigned i = 0; i < rounds; i++)
		server_dies(i % 50);
}

/* Asks all at once and says so; its end comes from outside. */
static int ask_child(struct child *self, void *arg)
{
	(void)arg;
	close(fds_of_pair[0]);
	begin(fds_of_pair[1], true);
	for (unsigned i = 0; i < FLIGHT; i++)
		CHILD_CHECK(ask_in_flight(KEEP, i) == 0);
	child_tell(self, 1);
	while (!me.closed)
		wait_once();
	return 0;
}

static void client_dies(void)
{
	struct child c;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds_of_pair), 0);
	assert_int_equal(child_start(&c, ask_child, NULL), 0);
	close(fds_of_pair[1]);
	begin(fds_of_pair[0], false);
	while (me.kept < 1)
		wait_once();
	child_kill(&c);
	while (!me.closed)
		wait_once();
	assert_int_equal(me.gone, me.kept);
	assert_int_equal(me.why, -ECONNRESET);
	assert_int_equal(me.closed, 1);
	finish();
}

static void when_the_client_is_killed_each_kept_request_is_told_gone_once(void **state)
{
	unsigned rounds = rounds_of(2, 10, 300);

	(void)state;
	for (unsigned i = 0; i < rounds; i++)
		client_dies();
}

/* ---- Heap --------------------------------------------------------------------------------------------------------- */

static int served_without_the_heap(struct child *self, void *arg)
{
	uint64_t before = 0, total = *(uint64_t *)arg;

	(void)self;
	close(fds_of_pair[0]);
	begin(fds_of_pair[1], false);
	while (me.served < total && !me.closed) {
		int r = rill_ctx_poll(me.ctx, 50000);

		CHILD_CHECK(r >= 0);
		if (r == 0)
			CHILD_CHECK(rill_epoll_wait(me.ctx, 0) >= 0);
		if (!before && me.served >= 100)
			before = allocs_made();
	}
	CHILD_CHECK(me.served == total && allocs_made() == before);
	while (!me.closed)
		wait_once();
	finish();
	return 0;
}

static void many_calls_between_processes_allocate_nothing_on_either_side(void **state)
{
	uint64_t total = rounds_of(500, 5000, 1000000), before = 0;
	struct child c;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds_of_pair), 0);
	assert_int_equal(child_start(&c, served_without_the_heap, &total), 0);
	close(fds_of_pair[1]);
	begin(fds_of_pair[0], true);
	for (uint64_t i = 1; i <= total; i++) {
		assert_int_equal(ask(i), 0);
		while (me.answered < i) {
			int r = rill_ctx_poll(me.ctx, 50000);

			assert_true(r >= 0);
			if (r == 0)
				assert_true(rill_epoll_wait(me.ctx, 0) >= 0);
		}
		assert_int_equal(me.sum, i + 1);
		if (i == 100)
			before = allocs_made();
	}
	assert_int_equal(allocs_made(), before);
	finish();
	assert_int_equal(child_wait(&c, 10000), 0);
	rounds_proof("calls-without-heap", total, 1000000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(asleep_a_structured_call_costs_what_a_round_trip_of_bytes_costs),
		TEST(when_the_server_is_killed_each_call_is_told_once),
		TEST(when_the_client_is_killed_each_kept_request_is_told_gone_once),
		TEST(many_calls_between_processes_allocate_nothing_on_either_side),
	};

	return cmocka_run_group_tests_name("rpc processes", tests, NULL, NULL);
}
