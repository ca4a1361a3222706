/* tests/unit/session/counting.c - what a session costs, counted: system calls, heap allocations, threads, descriptors.
 * Both ends
 * are processes of their own where system calls are counted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/allocs.h"
#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"
#include "tests/support/syscalls.h"

#include <rill/epoll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define AWAKE 100000
#define ASLEEP 200

/* ---- Two processes under the tracer ---------------------------------------------------------------------------- */

enum { PING, PONG }; /* sections */

static struct rill_channel *channel;
static uint64_t taken;
static bool taken_over; /* the other side took the channel */
static bool by_socket;  /* bells; else by eventfd */

static void on_readable(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	while (rill_channel_recv(ch, &msg) == 0) {
		taken++;
		rill_msg_release(&msg);
	}
}

static void on_opened(struct rill_channel *ch, void *user)
{
	(void)ch, (void)user;
	taken_over = true;
}

static const struct rill_channel_events channel_events = {
	.size = sizeof(channel_events),
	.opened = on_opened,
	.readable = on_readable,
};

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	(void)s, (void)user;
	channel = ch;
	rill_channel_set_events(ch, &channel_events, NULL);
	return 0;
}

static const struct rill_session_events session_events = {.size = sizeof(session_events), .channel = on_channel};

static struct rill_ctx *side(int fd, bool opens, uint64_t linger_ns)
{
	struct rill_ctx_options o = {.size = sizeof(o), .linger_ns = linger_ns};
	struct rill_session_options so = {.size = sizeof(so), .socket_bell = by_socket};
	struct rill_session *s;
	struct rill_ctx *ctx;

	CHILD_CHECK(rill_ctx_create(&ctx, &o) == 0);
	CHILD_CHECK(rill_session_adopt(&s, ctx, fd, &so, &session_events, NULL) == 0);
	while (rill_session_status(s) == 0)
		CHILD_CHECK(rill_epoll_wait(ctx, 5000) >= 0);
	CHILD_CHECK(rill_session_status(s) == 1);
	if (opens)
		CHILD_CHECK(rill_channel_open(&channel, s, "c", NULL, &channel_events, NULL) == 0);
	while (opens ? !taken_over : !channel)
		CHILD_CHECK(rill_epoll_wait(ctx, 5000) >= 0);
	return ctx;
}

static void spin_until(struct rill_ctx *ctx, uint64_t count)
{
	while (taken < count)
		CHILD_CHECK(rill_ctx_poll(ctx, 0) >= 0);
}

static void send_one(const void *data)
{
	CHILD_CHECK(rill_channel_send(channel, data, 56) == 0);
}

/* Nobody leaves while the other still counts. */
static void part(struct rill_ctx *ctx, bool opens)
{
	static const char data[56];
	uint64_t before = taken;

	syscalls_end();
	if (opens)
		send_one(data);
	while (!opens && taken == before)
		CHILD_CHECK(rill_epoll_wait(ctx, 5000) >= 0);
}

static void play(int fd, bool opens, void (*game)(struct rill_ctx *ctx, bool opens))
{
	struct rill_ctx *ctx = side(fd, opens, 0);

	game(ctx, opens);
	rill_ctx_destroy(ctx);
}

static int two_play(void (*game)(struct rill_ctx *ctx, bool opens))
{
	int fds[2], status;
	pid_t pid;

	alarm(50); /* a hang ends as a failure */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 || (pid = fork()) < 0)
		return 90;
	play(fds[pid == 0], pid != 0, game);
	if (pid == 0)
		_exit(0);
	close(fds[1]);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 91;
}

static void awake(struct rill_ctx *ctx, bool opens)
{
	static const char data[56];
	unsigned section = opens ? PING : PONG;

	/* A warm-up makes both hot: the first message to a spinner may cost a bell, the next none. */
	for (uint64_t i = 1; i <= 100 + AWAKE / 2; i++) {
		if (i == 101)
			syscalls_begin(section);
		if (opens)
			send_one(data);
		spin_until(ctx, i);
		if (!opens)
			send_one(data);
	}
	part(ctx, opens);
}

static int play_awake(void *arg)
{
	(void)arg;
	return two_play(awake);
}

static void while_both_are_awake_100000_messages_cost_no_system_call(void **state)
{
	struct syscalls counts;

	(void)state;
	if (!syscalls_countable())
		skip();
	assert_int_equal(syscalls_trace(&counts, play_awake, NULL), 0);
	assert_int_equal(counts.entered[PING], 1);
	assert_int_equal(counts.entered[PONG], 1);
	syscalls_print(&counts, PING);
	syscalls_print(&counts, PONG);
	assert_int_equal(syscalls_sum(&counts, PING) - counts.count[PING][SYS_clock_gettime], 0);
	assert_int_equal(syscalls_sum(&counts, PONG) - counts.count[PONG][SYS_clock_gettime], 0);
}

static void asleep(struct rill_ctx *ctx, bool opens)
{
	static const char data[56];
	unsigned section = opens ? PING : PONG;

	for (uint64_t i = 1; i <= 20 + ASLEEP; i++) {
		if (i == 21)
			syscalls_begin(section);
		if (opens)
			send_one(data);
		while (taken < i)
			CHILD_CHECK(rill_epoll_wait(ctx, 5000) >= 0);
		if (!opens)
			send_one(data);
	}
	part(ctx, opens);
}

static int play_asleep(void *arg)
{
	(void)arg;
	return two_play(asleep);
}

static void count_asleep(bool socket)
{
	struct syscalls counts;

	if (!syscalls_countable())
		skip();
	by_socket = socket;
	assert_int_equal(syscalls_trace(&counts, play_asleep, NULL), 0);
	for (unsigned s = PING; s <= PONG; s++) {
		uint64_t sends = counts.count[s][socket ? SYS_sendto : SYS_write];
		uint64_t waits = counts.count[s][SYS_epoll_wait] + counts.count[s][SYS_epoll_pwait];
		uint64_t receives = counts.count[s][socket ? SYS_recvmmsg : SYS_preadv2];

		syscalls_print(&counts, s);
		assert_int_equal(counts.entered[s], 1);
		assert_true(sends > 0 && sends <= ASLEEP);
		assert_true(waits > 0 && waits <= ASLEEP);
		assert_true(receives > 0 && receives <= ASLEEP);
		assert_int_equal(syscalls_sum(&counts, s), sends + waits + receives);
	}
}

static void asleep_in_epoll_a_hop_costs_one_write_one_wait_one_read(void **state)
{
	(void)state;
	count_asleep(false);
}

static void by_the_socket_a_hop_costs_one_send_one_wait_one_receive(void **state)
{
	(void)state;
	count_asleep(true);
}

/* ---- In one process -------------------------------------------------------------------------------------------- */

static struct pair p;

static void a_million_messages_allocate_nothing(void **state)
{
	unsigned total = rounds_of(20000, 1000000, 1000000);
	static char data[56];
	uint64_t made = 0, freed = 0;

	(void)state;
	pair_open(&p, NULL);
	p.a.takes = p.b.takes = p.a.silent = p.b.silent = true;
	pair_channel(&p, "c");
	for (unsigned i = 0; i < total + 1000; i++) {
		if (i == 1000) {
			made = allocs_made();
			freed = allocs_freed();
		}
		assert_int_equal(rill_channel_send(p.a.ch, data, sizeof(data)), 0);
		if (i % 16 == 0)
			rill_ctx_dispatch_all(p.b.ctx);
		else
			rill_ctx_poll(p.b.ctx, 0);
	}
	assert_int_equal(p.b.count, total + 1000);
	assert_int_equal(allocs_made() - made, 0);
	assert_int_equal(allocs_freed() - freed, 0);
	pair_stop(&p);
}

static void large_messages_loans_and_echoes_allocate_nothing(void **state)
{
	unsigned rounds = rounds_of(500, 20000, 100000);
	static char large[20000];
	uint64_t made = 0;
	char *block;
	struct rill_arena *arena;
	struct rill_loan loan;
	struct rill_out out = {.size = sizeof(out), .tag = 1, .loans = &loan, .loan_count = 1};

	(void)state;
	pair_open(&p, NULL);
	p.a.takes = p.b.takes = p.a.silent = p.b.silent = true;
	pair_channel(&p, "c");
	assert_int_equal(rill_arena_create(&arena, p.a.ctx, NULL), 0);
	for (unsigned i = 0; i < rounds + 200; i++) {
		if (i == 200)
			made = allocs_made();
		assert_int_equal(rill_channel_send(p.a.ch, large, sizeof(large)), 0);
		block = rill_arena_alloc(arena, 5000);
		loan = (struct rill_loan){.arena = arena, .data = block, .len = 5000};
		assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
		rill_arena_free(arena, block);
		rill_ctx_dispatch_all(p.b.ctx);
		assert_int_equal(rill_channel_send(p.b.ch, large, 100), 0);
		rill_ctx_dispatch_all(p.a.ctx);
	}
	assert_int_equal(p.b.count, 2 * (rounds + 200));
	assert_int_equal(allocs_made() - made, 0);
	pair_stop(&p);
}

static const struct pair_options socket_bells = {.a.socket_bell = 1};

static void an_open_session_holds_one_descriptor_and_no_thread(void **state)
{
	size_t fds = leaks_fds(), threads = leaks_threads();

	(void)state;
	pair_open(&p, &socket_bells);
	for (int i = 0; i < 20; i++)
		pair_channel(&p, "c");
	assert_int_equal(leaks_fds(), fds + 2);
	assert_int_equal(leaks_threads(), threads);
	assert_int_equal(threads, 1);
	assert_int_equal(leaks_mappings(), 4);
	pair_stop(&p);
}

static void the_sessions_own_arena_holds_no_descriptor(void **state)
{
	static char large[50000];
	size_t fds = leaks_fds();

	(void)state;
	pair_open(&p, &socket_bells);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_send(p.a.ch, large, sizeof(large)), 0);
	pair_run(&p);
	end_expect(&p.b, large, sizeof(large));
	assert_int_equal(leaks_fds(), fds + 2);
	assert_int_equal(leaks_mappings(), 6);
	pair_stop(&p);
}

static size_t status_field(const char *name)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	size_t kib = 0;

	assert_non_null(status);
	while (fgets(line, sizeof(line), status))
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtoul(line + strlen(name), NULL, 10);
	fclose(status);
	return kib * 1024;
}

/* Each page of a region is mapped twice here, once by each end. */
static size_t touched(void)
{
	return status_field("RssAnon:") + status_field("RssShmem:") / 2;
}

static void a_session_touches_less_than_64_kib(void **state)
{
	enum { PAIRS = 50 };
	static struct pair many[PAIRS];
	size_t before, each;

	(void)state;
	if (rounds_under_valgrind() || rounds_under_sanitizer())
		skip();
	for (int i = 0; i < PAIRS; i++)
		memset(&many[i], 1, sizeof(many[i]));
	pair_open(&p, NULL); /* what is needed once */
	before = touched();
	for (int i = 0; i < PAIRS; i++)
		pair_open(&many[i], NULL);
	each = (touched() - before) / PAIRS / 2;
	fprintf(stderr, "# %zu bytes a session and its ctx\n", each);
	assert_true(each > 0 && each < 64 * 1024);
	for (int i = 0; i < PAIRS; i++)
		pair_stop(&many[i]);
	pair_stop(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(while_both_are_awake_100000_messages_cost_no_system_call),
		T(asleep_in_epoll_a_hop_costs_one_write_one_wait_one_read),
		T(by_the_socket_a_hop_costs_one_send_one_wait_one_receive),
		T(a_million_messages_allocate_nothing),
		T(large_messages_loans_and_echoes_allocate_nothing),
		T(an_open_session_holds_one_descriptor_and_no_thread),
		T(the_sessions_own_arena_holds_no_descriptor),
		T(a_session_touches_less_than_64_kib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
