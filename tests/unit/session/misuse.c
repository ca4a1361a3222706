/* tests/unit/session/misuse.c - what is asked for wrongly, of nothing, of what is over, or in a forked child: a documented
 * code, and nothing has changed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/allocs.h"
#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <rill/lock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static struct pair p;
static struct rill_arena *arena;

static void start(const struct pair_options *o)
{
	const struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB};

	pair_open(&p, o);
	pair_channel(&p, "c");
	assert_int_equal(rill_arena_create(&arena, p.a.ctx, &ao), 0);
}

/* A message at b with a body, a loan and a descriptor. */
static struct rill_msg send_all(void)
{
	char *block = rill_arena_alloc(arena, 64);
	struct rill_loan loan = {.arena = arena, .data = block, .len = 64};
	struct iovec body = {"body", 4};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct rill_out out = {.size = sizeof(out),
	                       .parts = &body,
	                       .part_count = 1,
	                       .loans = &loan,
	                       .loan_count = 1,
	                       .fds = &null,
	                       .fd_count = 1};

	strcpy(block, "lent");
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	close(null);
	rill_arena_free(arena, block);
	pair_run(&p);
	return end_take(&p.b);
}

static const struct pair_options with_fds = {.a.fds = 4, .b.fds = 4};

/* ---- A session's beginning -------------------------------------------------------------------------------------- */

static void no_ctx_no_result_and_no_such_socket_are_told(void **state)
{
	struct rill_session *s;
	struct rill_listener *l;
	int pair[2], file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int inet = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), stream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	start(NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(rill_session_connect(&s, NULL, "/x", NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_session_connect(NULL, p.a.ctx, "/x", NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_session_connect(&s, p.a.ctx, NULL, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_session_connect(&s, p.a.ctx, "", NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_session_adopt(&s, NULL, pair[0], NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_session_adopt(NULL, p.a.ctx, pair[0], NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, -1, NULL, NULL, NULL), -EBADF);
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, file, NULL, NULL, NULL), -ENOTSOCK);
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, stream, NULL, NULL, NULL), -EPROTOTYPE);
	if (inet >= 0)
		assert_int_equal(rill_session_adopt(&s, p.a.ctx, inet, NULL, NULL, NULL), -EPROTOTYPE);
	assert_int_equal(rill_listener_adopt(&l, NULL, pair[0], NULL, &end_listener_events, &p.a), -EINVAL);
	assert_int_equal(rill_listener_adopt(NULL, p.a.ctx, pair[0], NULL, &end_listener_events, &p.a), -EINVAL);
	assert_int_equal(rill_listener_adopt(&l, p.a.ctx, pair[0], NULL, NULL, &p.a), -EINVAL);
	assert_int_equal(rill_listener_create(&l, NULL, "/x", NULL, &end_listener_events, &p.a), -EINVAL);
	rill_listener_close(NULL);
	for (int i = 0; i < 2; i++)
		close(pair[i]);
	close(file);
	close(stream);
	close(inet);
	pair_stop(&p);
}

static void options_out_of_their_range_are_refused(void **state)
{
	static const uid_t uid;
	const struct rill_session_options bad[] = {
		{.ring_bytes = 512},
		{.ring_bytes = (size_t)2 << 30},
		{.ring_bytes = 3000},
		{.channels = 1000001},
		{.loans = 1000001},
		{.arenas = 4097},
		{.fds = 254},
		{.arena_bytes = ((size_t)1 << 40) + 1},
		{.same_address = 2},
		{.peers_may_write = 2},
		{.keep_stalled = 1},
		{.heartbeat_ms = 5, .keep_stalled = 2},
		{.window_begin = 1 << 20, .window_end = 1 << 21}, /* without same_address */
		{.same_address = 1, .window_end = 1 << 21},
		{.same_address = 1, .window_begin = 1 << 21, .window_end = 1 << 20},
		{.same_address = 1, .window_begin = 1 << 21, .window_end = (UINT64_C(1) << 47) + 1},
		{.uid_count = 1},
		{.gid_count = 1},
		{.uids = &uid, .uid_count = 65537},
		{.gids = &uid, .gid_count = 65537},
	};
	struct rill_session *s;
	int pair[2];

	(void)state;
	start(NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rill_session_options o = bad[i];

		o.size = sizeof(o);
		if (rill_session_adopt(&s, p.a.ctx, pair[0], &o, NULL, NULL) != -EINVAL)
			fail_msg("option set %u was taken", (unsigned)i);
	}
	close(pair[0]);
	close(pair[1]);
	pair_stop(&p);
}

/* ---- Channels --------------------------------------------------------------------------------------------------- */

static void channels_of_nothing_are_refused(void **state)
{
	struct rill_channel *ch;
	struct rill_channel_options o = {.size = sizeof(o), .metadata_len = 1}, large = {.size = sizeof(large)};
	static char metadata[RILL_METADATA_MAX + 1];
	size_t len = 7;

	(void)state;
	start(NULL);
	large.metadata = metadata;
	large.metadata_len = sizeof(metadata);
	assert_int_equal(rill_channel_open(NULL, p.a.s, "x", NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_channel_open(&ch, NULL, "x", NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_channel_open(&ch, p.a.s, "x", &o, NULL, NULL), -EINVAL);
	assert_int_not_equal(rill_channel_open(&ch, p.a.s, "x", &large, NULL, NULL), 0);
	assert_null(rill_channel_metadata(p.b.ch, NULL));
	assert_null(rill_channel_metadata(p.b.ch, &len));
	assert_int_equal(len, 0);
	assert_string_equal(rill_channel_name(NULL), "");
	rill_channel_close(NULL);
	rill_channel_abort(NULL, -EIO);
	rill_channel_pause(NULL);
	rill_channel_resume(NULL);
	rill_channel_cancel(NULL);
	rill_session_close(NULL);
	rill_session_abort(NULL, -EIO);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "");
	pair_stop(&p);
}

static void sending_and_taking_without_a_place_is_refused(void **state)
{
	struct rill_out out = {.size = sizeof(out), .part_count = 1};
	struct iovec part = {"x", 1};
	struct rill_loan loan = {.arena = arena};
	struct rill_room room;
	struct rill_msg msg;
	size_t len;

	(void)state;
	start(NULL);
	assert_int_equal(rill_channel_reserve(p.a.ch, 8, NULL), -EINVAL);
	assert_int_equal(rill_channel_reserve(NULL, 8, &room), -EINVAL);
	assert_int_equal(rill_channel_reservemsg(p.a.ch, 8, NULL, &room), -EINVAL);
	assert_int_equal(rill_channel_reservemsg(p.a.ch, 8, &out, NULL), -EINVAL);
	assert_int_equal(rill_channel_reservemsg(p.a.ch, 8, &out, &room), -EINVAL); /* parts belong to sendmsg */
	assert_int_equal(rill_channel_sendmsg(p.a.ch, NULL), -EINVAL);
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), -EINVAL);
	out = (struct rill_out){.size = sizeof(out), .fd_count = 1};
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), -EINVAL);
	out = (struct rill_out){.size = sizeof(out), .loan_count = 1};
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), -EINVAL);
	out = (struct rill_out){.size = sizeof(out), .flags = 1u << 30, .parts = &part, .part_count = 1};
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), -EINVAL);
	loan.arena = NULL;
	out = (struct rill_out){.size = sizeof(out), .loans = &loan, .loan_count = 1};
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), -EINVAL);
	assert_int_equal(rill_channel_commit(p.a.ch, 0), -EINVAL);
	assert_int_equal(rill_channel_peek(p.a.ch, NULL), -EINVAL);
	assert_int_equal(rill_channel_peek(NULL, &len), -EINVAL);
	assert_int_equal(rill_channel_recv(p.a.ch, NULL), -EINVAL);
	assert_int_equal(rill_channel_recv(NULL, &msg), -EINVAL);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "");
	pair_stop(&p);
}

static void loans_whose_sum_is_no_number_are_refused(void **state)
{
	char *block;
	struct rill_loan loans[2];
	struct rill_out out = {.size = sizeof(out), .loans = loans, .loan_count = 2};

	(void)state;
	start(NULL);
	block = rill_arena_alloc(arena, 64);
	loans[0] = loans[1] = (struct rill_loan){.arena = arena, .data = block, .len = SIZE_MAX - 8};
	assert_true(rill_channel_sendmsg(p.a.ch, &out) < 0);
	rill_arena_free(arena, block);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "");
	pair_stop(&p);
}

/* What channel() gives is told to the opener, if it is an errno. */
static void any_other_answer_than_an_errno_refuses_with_one(void **state)
{
	static const int answers[] = {1, -4096, INT_MIN, -EDQUOT};
	static const char *const told[] = {"closed x EINVAL", "closed x EINVAL", "closed x EINVAL", "closed x EDQUOT"};

	(void)state;
	start(NULL);
	for (unsigned i = 0; i < 4; i++) {
		end_told(&p.a);
		p.b.answer = answers[i];
		end_open(&p.a, "x");
		pair_run(&p);
		assert_string_equal(end_told(&p.a), told[i]);
		rill_channel_close(p.a.ch);
		pair_run(&p);
	}
	pair_stop(&p);
}

static void without_a_channel_callback_offers_are_refused(void **state)
{
	static const struct rill_session_events none = {.size = sizeof(none)};

	(void)state;
	start(NULL);
	end_told(&p.a);
	assert_int_equal(rill_session_set_events(p.b.s, &none, NULL), 0);
	end_open(&p.a, "x");
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "closed x EOPNOTSUPP");
	pair_stop(&p);
}

static void a_reason_that_is_no_errno_becomes_one(void **state)
{
	static const int reasons[] = {0, 7, -4096, -EIO};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		start(NULL);
		end_told(&p.b);
		rill_channel_abort(p.a.ch, reasons[i]);
		pair_run(&p);
		assert_string_equal(end_told(&p.b), "closed c ECONNABORTED");
		rill_session_abort(p.a.s, reasons[i]);
		p.a.s = NULL;
		pair_run(&p);
		assert_string_equal(end_told(&p.b), "session closed ECONNABORTED");
		if (!strstr(rill_session_why(p.b.s), strerror(i == 3 ? EIO : ECONNABORTED)))
			fail_msg("%s", rill_session_why(p.b.s));
		pair_stop(&p);
	}
}

/* More is to be said than the socket takes: what was forgotten meanwhile is told when there is room. */
static void arenas_that_go_while_the_socket_is_full_are_forgotten_later(void **state)
{
	enum { MANY = 1000 };
	struct pair_options o = {.b.arenas = MANY};
	const struct rill_arena_options ao = {.size = sizeof(ao), .capacity = 65536, .ready = 1};
	static struct rill_arena *a[MANY];
	unsigned n = 0, told;
	int e = 0;

	(void)state;
	start(&o);
	for (; n < MANY && e == 0; n++) {
		e = rill_arena_create(&a[n], p.a.ctx, &ao);
		if (e < 0)
			break; /* no descriptors for so many */
		e = rill_session_announce(p.a.s, a[n]);
	}
	told = n;
	while (n > 0)
		rill_arena_destroy(a[--n]);
	if (e != -EAGAIN) {
		pair_run(&p);
		pair_stop(&p);
		skip();
	}
	pair_run(&p);
	/* all their places are free again */
	for (n = 0; n < told - 1; n++) {
		assert_int_equal(rill_arena_create(&a[n], p.a.ctx, &ao), 0);
		assert_int_equal(rill_session_announce(p.a.s, a[n]), 0);
		if (n % 64 == 63)
			pair_run(&p);
	}
	pair_stop(&p);
}

static void a_refused_allocation_leaves_a_socket_as_it_was(void **state)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), e = -ENOMEM;
	struct rill_listener *l = NULL;

	(void)state;
	start(NULL);
	assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof(name.sun_family)), 0);
	assert_int_equal(listen(fd, 1), 0);
	for (uint64_t n = 1; e < 0; n++) {
		allocs_refuse(n);
		e = rill_listener_adopt(&l, p.a.ctx, fd, NULL, &end_listener_events, &p.a);
		allocs_refuse(0);
		assert_true(e == 0 || e == -ENOMEM);
		assert_true(fcntl(fd, F_GETFD) >= 0);
	}
	rill_listener_close(l);
	pair_stop(&p);
}

static uint64_t still_now;

static uint64_t stands(void *clock)
{
	return *(uint64_t *)clock += 1000;
}

/* A session that goes on looking does not look at many silent channels for ever: they ring again. */
static void silent_channels_are_not_looked_at_for_ever(void **state)
{
	struct pair_options o = {.ctx_b = {.now = stands, .clock = &still_now, .linger_ns = 1000000}};
	struct rill_channel *ch[20];
	char name[8];

	(void)state;
	still_now = 1000000000;
	pair_open(&p, &o);
	p.b.takes = true;
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%d", i);
		ch[i] = end_open(&p.a, name);
	}
	for (int i = 0; i < 8; i++)
		rill_ctx_dispatch_all(p.b.ctx), rill_ctx_dispatch_all(p.a.ctx);
	for (int round = 0; round < 3; round++) {
		uint64_t before = p.b.count;

		for (int i = 0; i < 20; i++)
			assert_int_equal(rill_channel_send(ch[i], "x", 1), 0);
		for (int i = 0; i < 300; i++)
			rill_ctx_dispatch_all(p.b.ctx);
		assert_true(p.b.count - before == 20);
		rill_ctx_dispatch_all(p.a.ctx);
	}
	pair_stop(&p);
}

/* ---- Messages --------------------------------------------------------------------------------------------------- */

static void an_index_or_a_place_that_is_not_there_is_refused(void **state)
{
	struct rill_mapping m = {.size = sizeof(m)}, no_size = {0}, small = {.size = sizeof(size_t)};
	struct rill_msg msg, none = {0};
	const void *data;
	char copy[8];
	size_t len;

	(void)state;
	start(&with_fds);
	msg = send_all();
	assert_int_equal(rill_msg_loan(&msg, 1, &data, &len), -EINVAL);
	assert_int_equal(rill_msg_loan(&msg, 0, NULL, &len), -EINVAL);
	assert_int_equal(rill_msg_loan(&msg, 0, &data, NULL), -EINVAL);
	assert_int_equal(rill_msg_loan(&none, 0, &data, &len), -EINVAL);
	assert_int_equal(rill_msg_mapping(&msg, 0, NULL), -EINVAL);
	assert_int_equal(rill_msg_mapping(&msg, 0, &no_size), -EINVAL);
	assert_int_equal(rill_msg_mapping(&msg, 1, &m), -EINVAL);
	assert_int_equal(rill_msg_mapping(&none, 0, &m), -EINVAL);
	assert_int_equal(rill_msg_mapping(&msg, 0, &small), 0);
	assert_int_equal(small.size, sizeof(size_t));
	assert_null(rill_msg_writer(&msg, 0));
	assert_null(rill_msg_writer(&msg, 1));
	assert_null(rill_msg_writer(&none, 0));
	assert_int_equal(rill_msg_take_fd(&msg, 1), -EINVAL);
	assert_int_equal(rill_msg_take_fd(&none, 0), -EINVAL);
	assert_int_equal(rill_msg_copy(&msg, NULL, 8), -EINVAL);
	assert_int_equal(rill_msg_copy(&none, copy, 8), -EINVAL);
	assert_int_equal(rill_msg_copy(&msg, copy, 3), -EMSGSIZE);
	assert_int_equal(rill_msg_copy(&msg, copy, 8), 4);
	assert_memory_equal(copy, "body", 4);
	rill_msg_release(&msg);
	rill_msg_release(NULL);
	assert_int_equal(rill_channel_send(p.a.ch, NULL, 0), 0);
	pair_run(&p);
	msg = end_take(&p.b);
	assert_int_equal(rill_msg_copy(&msg, NULL, 0), 0);
	rill_msg_release(&msg);
	pair_stop(&p);
}

static struct rill_msg inherited;

static int in_a_child(struct child *self, void *arg)
{
	struct rill_mapping m = {.size = sizeof(m)};
	struct rill_msg copy;
	struct rill_room room;
	const void *data;
	char to[8];
	size_t len;

	(void)self, (void)arg;
	CHILD_CHECK(rill_msg_take_fd(&inherited, 0) == -ECHILD);
	CHILD_CHECK(rill_msg_loan(&inherited, 0, &data, &len) == -ECHILD);
	CHILD_CHECK(rill_msg_mapping(&inherited, 0, &m) == -ECHILD);
	CHILD_CHECK(rill_msg_writer(&inherited, 0) == NULL);
	CHILD_CHECK(rill_msg_copy(&inherited, to, sizeof(to)) == -ECHILD);
	CHILD_CHECK(rill_channel_reserve(p.b.ch, 8, &room) == -ECHILD);
	CHILD_CHECK(rill_channel_recv(p.b.ch, &copy) == -ECHILD);
	CHILD_CHECK(rill_channel_peek(p.b.ch, &len) == -ECHILD);
	CHILD_CHECK(rill_arena_alloc(arena, 8) == NULL);
	CHILD_CHECK(rill_session_status(p.b.s) == -ECHILD);
	CHILD_CHECK(rill_session_announce(p.a.s, arena) == -ECHILD);
	rill_msg_release(&inherited);
	rill_channel_close(p.b.ch);
	rill_session_close(p.b.s);
	rill_ctx_destroy(p.a.ctx);
	rill_ctx_destroy(p.b.ctx);
	return 0;
}

static void a_forked_child_is_told_and_takes_nothing(void **state)
{
	struct child c;
	const void *data;
	size_t len;
	int fd;

	(void)state;
	start(&with_fds);
	inherited = send_all();
	assert_int_equal(child_start(&c, in_a_child, NULL), 0);
	assert_int_equal(child_wait(&c, 30000), 0);
	assert_int_equal(rill_msg_loan(&inherited, 0, &data, &len), 0);
	assert_string_equal(data, "lent");
	fd = rill_msg_take_fd(&inherited, 0);
	assert_true(fd >= 0);
	close(fd);
	rill_msg_release(&inherited);
	pair_run(&p);
	pair_stop(&p);
}

/* ---- What was closed -------------------------------------------------------------------------------------------- */

static void what_was_destroyed_is_told_so(void **state)
{
	struct rill_ctx *ctx;
	struct rill_session *s;
	struct rill_arena_options o = {.size = sizeof(o), .capacity = MIB};
	struct rill_arena *gone;

	(void)state;
	start(NULL);
	assert_int_equal(rill_arena_create(&gone, p.b.ctx, &o), 0);
	assert_int_equal(rill_session_announce(p.a.s, gone), -EINVAL); /* another ctx's */
	assert_int_equal(rill_session_announce(p.a.s, NULL), -EINVAL);
	assert_int_equal(rill_session_announce(NULL, arena), -EINVAL);
	assert_int_equal(rill_session_same_address(p.a.s, gone), -EINVAL);
	assert_int_equal(rill_session_same_address(p.a.s, NULL), -EINVAL);
	assert_int_equal(rill_session_same_address(p.a.s, arena), 0);
	s = p.a.s;
	ctx = p.a.ctx;
	rill_session_close(s);
	p.a.s = NULL;
	pair_run(&p);
	assert_int_equal(rill_arena_create(NULL, ctx, &o), -EINVAL);
	assert_int_equal(rill_arena_create(&gone, NULL, &o), -EINVAL);
	pair_stop(&p);
	rill_ctx_destroy(NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(no_ctx_no_result_and_no_such_socket_are_told),
		T(options_out_of_their_range_are_refused),
		T(channels_of_nothing_are_refused),
		T(sending_and_taking_without_a_place_is_refused),
		T(loans_whose_sum_is_no_number_are_refused),
		T(any_other_answer_than_an_errno_refuses_with_one),
		T(without_a_channel_callback_offers_are_refused),
		T(a_reason_that_is_no_errno_becomes_one),
		T(arenas_that_go_while_the_socket_is_full_are_forgotten_later),
		T(a_refused_allocation_leaves_a_socket_as_it_was),
		T(silent_channels_are_not_looked_at_for_ever),
		T(an_index_or_a_place_that_is_not_there_is_refused),
		T(a_forked_child_is_told_and_takes_nothing),
		T(what_was_destroyed_is_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
