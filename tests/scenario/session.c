/* tests/scenario/session.c - two and more real processes over every loop. The test is the server, its children are the clients;
 * each waits in its own loop, and a wake-up that is lost is a turn that takes too long.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/loops/loop.h"
#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TOO_LONG_MS 10000
#define LARGE ((size_t)1 << 20)

/* One process's view. Of several sessions, the latest. */
static struct side {
	bool child;
	struct rill_ctx *ctx;
	struct rill_listener *listener;
	struct rill_session *s;
	struct rill_channel *ch;
	bool opened, accepted, ended;
	unsigned sessions, ends;
	int why, channel_why;
	uint64_t count, bytes, rooms;
	void (*on_message)(struct rill_channel *ch, struct rill_msg *msg); /* NULL: counted and released */
	void (*on_room)(struct rill_channel *ch);
	void (*on_end)(struct rill_session *s);
	char told[512];
} me;

/* Of its own: a directory that others are about to listen in is in use for a moment. */
static char dir[64];
static char path[96];

static void tell(const char *text, int why)
{
	size_t used = strlen(me.told);

	snprintf(me.told + used, sizeof(me.told) - used, "%s%s %s", used ? ", " : "", text, why ? strerrorname_np(-why) : "0");
}

/* ---- Callbacks ------------------------------------------------------------------------------------------------- */

static void on_readable(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	while (rill_channel_recv(ch, &msg) == 0) {
		me.count++;
		me.bytes += msg.len;
		tell("message", 0);
		if (me.on_message)
			me.on_message(ch, &msg);
		rill_msg_release(&msg);
	}
}

static void on_channel_opened(struct rill_channel *ch, void *user)
{
	(void)ch, (void)user;
	me.accepted = true;
}

static void on_writable(struct rill_channel *ch, void *user)
{
	(void)user;
	me.rooms++;
	if (me.on_room)
		me.on_room(ch);
}

static void on_channel_closed(struct rill_channel *ch, int why, void *user)
{
	(void)ch, (void)user;
	me.channel_why = why;
	tell("closed", why);
}

static const struct rill_channel_events channel_events = {
	.size = sizeof(channel_events),
	.opened = on_channel_opened,
	.readable = on_readable,
	.writable = on_writable,
	.closed = on_channel_closed,
};

static void on_opened(struct rill_session *s, void *user)
{
	(void)s, (void)user;
	me.opened = true;
}

static int on_offer(struct rill_session *s, struct rill_channel *ch, void *user)
{
	(void)s, (void)user;
	me.ch = ch;
	tell("offer", 0);
	rill_channel_set_events(ch, &channel_events, NULL);
	return strcmp(rill_channel_name(ch), "refuse") ? 0 : -EDQUOT;
}

static void on_session_closed(struct rill_session *s, int why, void *user)
{
	(void)user;
	me.ended = true;
	me.ends++;
	me.why = why;
	tell("session closed", why);
	if (me.on_end)
		me.on_end(s);
	else
		rill_session_close(s);
	if (me.s == s)
		me.s = NULL;
}

static const struct rill_session_events session_events = {
	.size = sizeof(session_events),
	.opened = on_opened,
	.channel = on_offer,
	.closed = on_session_closed,
};

static void on_accepted(struct rill_listener *l, struct rill_session *s, void *user)
{
	(void)l, (void)user;
	me.s = s;
	me.sessions++;
	rill_session_set_events(s, &session_events, NULL);
}

static const struct rill_listener_events listener_events = {.size = sizeof(listener_events), .accepted = on_accepted};

/* ---- Driving --------------------------------------------------------------------------------------------------- */

static void failed(const char *fact, int line)
{
	fprintf(stderr, "# %s: line %d: %s; told: %s\n", me.child ? "child" : "server", line, fact, me.told);
	if (me.child)
		_exit(CHILD_FAILED);
	fail();
}

#define CHECK(fact)                              \
	do {                                     \
		if (!(fact))                     \
			failed(#fact, __LINE__); \
	} while (0)

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void turn(const char *fact, int line)
{
	uint64_t before = now_ms();
	int r = loop_turn(me.ctx, TOO_LONG_MS);

	if ((r < 0 && r != -EINTR) || now_ms() - before >= TOO_LONG_MS)
		failed(fact, line);
}

#define UNTIL(fact)     \
	while (!(fact)) \
	turn(#fact, __LINE__)

static void begin(uint64_t linger_ns)
{
	struct rill_ctx_options o = {.size = sizeof(o), .linger_ns = linger_ns};

	CHECK(rill_ctx_create(&me.ctx, &o) == 0);
	CHECK(loop_attach(me.ctx) == 0);
}

/* A child lets go of what it inherited and begins anew. */
static void be_child(void)
{
	rill_ctx_destroy(me.ctx);
	memset(&me, 0, sizeof(me));
	me.child = true;
	begin(0);
}

static bool by_socket; /* one side is enough */

static const struct rill_session_options *bells(const struct rill_session_options *o)
{
	static struct rill_session_options with;

	with = o ? *o : (struct rill_session_options){.size = sizeof(with)};
	with.socket_bell = by_socket;
	return &with;
}

static void connect_to(const struct rill_session_options *o)
{
	CHECK(rill_session_connect(&me.s, me.ctx, path, bells(o), &session_events, NULL) == 0);
	UNTIL(me.opened);
}

static void open_channel(const char *name)
{
	CHECK(rill_channel_open(&me.ch, me.s, name, NULL, &channel_events, NULL) == 0);
}

static int end_child(void)
{
	rill_ctx_destroy(me.ctx);
	CHECK(leaks_threads() == 1);
	CHECK(leaks_mappings() == 0);
	loop_finish();
	return 0;
}

static struct child run(int (*body)(struct child *self, void *arg), void *arg)
{
	struct child c;

	assert_int_equal(child_start(&c, body, arg), 0);
	return c;
}

static int setup(void **state)
{
	leaks_setup(state);
	memset(&me, 0, sizeof(me));
	strcpy(dir, "/tmp/rill-scenario-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/socket", dir);
	begin(0);
	return 0;
}

static int teardown(void **state)
{
	rill_ctx_destroy(me.ctx);
	loop_finish();
	if (rmdir(dir) < 0)
		return -1;
	return leaks_teardown(state);
}

static void serve(const struct rill_session_options *session)
{
	struct rill_listener_options o = {.size = sizeof(o), .session = session};

	assert_int_equal(rill_listener_create(&me.listener, me.ctx, path, &o, &listener_events, NULL), 0);
}

static void expect_exit(struct child *c)
{
	assert_int_equal(child_wait(c, TOO_LONG_MS), 0);
}

/* ---- Messages -------------------------------------------------------------------------------------------------- */

static void echo(struct rill_channel *ch, struct rill_msg *msg)
{
	CHECK(rill_channel_send(ch, msg->data, msg->len) == 0);
}

static size_t expected;

static void compare(struct rill_channel *ch, struct rill_msg *msg)
{
	(void)ch;
	CHECK(msg->len == expected);
	CHECK(pattern_is(msg->data, msg->len, expected));
}

static int send_every_size(struct child *self, void *arg)
{
	static const size_t sizes[] = {0, 1, 8, 100, 4000, 4088, 4089, 10000, 65536, LARGE, 3, 0};
	static char data[LARGE];

	(void)self, (void)arg;
	be_child();
	connect_to(NULL);
	open_channel("echo");
	me.on_message = compare;
	for (uint64_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		expected = sizes[i];
		pattern_fill(data, expected, expected);
		CHECK(rill_channel_send(me.ch, data, expected) == 0);
		UNTIL(me.count == i + 1);
	}
	return end_child();
}

static void messages_of_every_size_go_there_and_back(void **state)
{
	struct child c;

	(void)state;
	serve(NULL);
	me.on_message = echo;
	c = run(send_every_size, NULL);
	UNTIL(me.ended);
	assert_int_equal(me.why, -ECONNABORTED); /* the client destroyed its ctx */
	expect_exit(&c);
}

#define ROUND_TRIPS 1000

static int ping(struct child *self, void *arg)
{
	(void)self;
	be_child();
	rill_ctx_destroy(me.ctx);
	begin(*(uint64_t *)arg);
	connect_to(NULL);
	open_channel("ping");
	for (uint64_t i = 1; i <= ROUND_TRIPS; i++) {
		CHECK(rill_channel_send(me.ch, "ping", 4) == 0);
		UNTIL(me.count == i);
	}
	rill_session_close(me.s);
	return end_child();
}

static void no_wake_up_is_lost_asleep_lingering_or_polling(void **state)
{
	uint64_t lingers[] = {0, 20000, 0};
	struct child c;

	(void)state;
	for (int i = 0; i < 3; i++) {
		rill_ctx_destroy(me.ctx);
		memset(&me, 0, sizeof(me));
		begin(lingers[i]);
		serve(NULL);
		me.on_message = echo;
		c = run(ping, &lingers[(i + 1) % 3]);
		while (!me.ended) {
			me.told[0] = '\0';
			if (i == 2 && me.count % 3)
				CHECK(rill_ctx_poll(me.ctx, 20000) >= 0);
			turn("the server's turn", __LINE__);
		}
		assert_int_equal(me.why, 0);
		assert_int_equal(me.count, ROUND_TRIPS);
		expect_exit(&c);
	}
}

#define FLOOD 20000

static uint64_t flood_seq;

static void send_flood(struct rill_channel *ch)
{
	static char data[400];

	while (flood_seq < FLOOD) {
		memcpy(data, &flood_seq, 8);
		if (rill_channel_send(ch, data, 8 + flood_seq % 390) < 0)
			return;
		flood_seq++;
	}
	rill_channel_close(ch);
	rill_session_close(me.s);
	me.s = NULL;
}

static int flood(struct child *self, void *arg)
{
	(void)self, (void)arg;
	be_child();
	connect_to(NULL);
	open_channel("flood");
	flood_seq = 0;
	me.on_room = send_flood;
	send_flood(me.ch);
	UNTIL(!me.s);
	return end_child();
}

static void check_flood(struct rill_channel *ch, struct rill_msg *msg)
{
	(void)ch;
	CHECK(*(const uint64_t *)msg->data == flood_seq);
	CHECK(msg->len == 8 + flood_seq % 390);
	flood_seq++;
	me.told[0] = '\0';
	if (flood_seq % 4000 == 1999)
		rill_channel_pause(ch);
}

/* The end is told although the channel is paused: what it holds is still to be taken. */
static void keep(struct rill_session *s)
{
	(void)s;
}

static void a_flood_meets_a_reader_that_pauses_and_nothing_is_lost(void **state)
{
	struct child c;

	(void)state;
	serve(NULL);
	flood_seq = 0;
	me.on_message = check_flood;
	me.on_end = keep;
	c = run(flood, NULL);
	while (!me.ended || flood_seq < FLOOD) {
		turn("the server's turn", __LINE__);
		if (me.ch && flood_seq)
			rill_channel_resume(me.ch);
	}
	assert_int_equal(flood_seq, FLOOD);
	assert_int_equal(me.why, 0);
	expect_exit(&c);
}

/* ---- Beginnings and ends --------------------------------------------------------------------------------------- */

static int say_and_leave(struct child *self, void *arg)
{
	bool in_order = *(bool *)arg;

	(void)self;
	be_child();
	connect_to(NULL);
	open_channel("bye");
	CHECK(rill_channel_send(me.ch, "bye", 3) == 0);
	if (!in_order)
		_exit(0);
	rill_session_close(me.s);
	return end_child();
}

static void a_client_that_says_all_and_leaves_at_once_is_heard_in_order(void **state)
{
	(void)state;
	serve(NULL);
	for (int i = 0; i < 20; i++) {
		bool in_order = i % 2;
		struct child c = run(say_and_leave, &in_order);

		me.ended = false;
		me.told[0] = '\0';
		UNTIL(me.ended);
		assert_string_equal(me.told, in_order ? "offer 0, message 0, closed 0, session closed 0"
		                                      : "offer 0, message 0, closed ECONNRESET, session closed ECONNRESET");
		expect_exit(&c);
	}
}

static int say_until_killed(struct child *self, void *arg)
{
	(void)arg;
	be_child();
	connect_to(NULL);
	open_channel("victim");
	for (int i = 0; i < 10; i++)
		CHECK(rill_channel_send(me.ch, "x", 1) == 0);
	child_tell(self, 1);
	pause();
	return 0;
}

static int talk_until_told(struct child *self, void *arg)
{
	(void)arg;
	be_child();
	connect_to(NULL);
	open_channel("survivor");
	for (uint64_t i = 1; i <= 100; i++) {
		CHECK(rill_channel_send(me.ch, "hello", 5) == 0);
		UNTIL(me.count == i);
	}
	child_tell(self, 1);
	CHECK(child_hear(self, TOO_LONG_MS) == 2);
	CHECK(rill_channel_send(me.ch, "hello", 5) == 0);
	UNTIL(me.count == 101);
	return end_child();
}

static void echo_hello(struct rill_channel *ch, struct rill_msg *msg)
{
	me.told[0] = '\0';
	if (msg->len == 5)
		echo(ch, msg);
}

static void the_killed_are_told_and_the_others_served_on(void **state)
{
	struct child killed, survivor;

	(void)state;
	serve(NULL);
	me.on_message = echo_hello;
	survivor = run(talk_until_told, NULL);
	killed = run(say_until_killed, NULL);
	UNTIL(me.count >= 100 && me.sessions == 2);
	assert_int_equal(child_hear(&killed, TOO_LONG_MS), 1);
	assert_int_equal(child_kill(&killed), -9);
	UNTIL(me.ended && me.count == 110);
	assert_int_equal(me.why, -ECONNRESET);
	assert_int_equal(child_hear(&survivor, TOO_LONG_MS), 1);
	child_tell(&survivor, 2);
	UNTIL(me.ends == 2);
	assert_int_equal(me.count, 111);
	expect_exit(&survivor);
}

static int be_refused(struct child *self, void *arg)
{
	(void)self, (void)arg;
	be_child();
	CHECK(rill_session_connect(&me.s, me.ctx, path, NULL, &session_events, NULL) == 0);
	me.on_end = rill_session_close;
	UNTIL(me.ended);
	CHECK(me.why == -EACCES);
	return end_child();
}

static int admit_nobody(const struct rill_peer *peer, void *user)
{
	*(pid_t *)user = peer->sender.pid;
	return -EPERM;
}

static void a_client_that_policy_refuses_is_told(void **state)
{
	pid_t asked = 0, pid;
	struct rill_session_options so = {.size = sizeof(so), .admit = admit_nobody, .admit_user = &asked};
	struct child c;

	(void)state;
	serve(&so);
	c = run(be_refused, NULL);
	pid = c.pid;
	UNTIL(asked);
	assert_int_equal(asked, pid);
	expect_exit(&c);
	assert_int_equal(me.sessions, 0);
}

static int open_refused(struct child *self, void *arg)
{
	(void)self, (void)arg;
	be_child();
	connect_to(NULL);
	open_channel("refuse");
	UNTIL(me.channel_why);
	CHECK(me.channel_why == -EDQUOT);
	rill_channel_close(me.ch);
	open_channel("take");
	UNTIL(me.accepted);
	return end_child();
}

static void a_refused_channel_tells_its_errno_and_the_next_is_taken(void **state)
{
	struct child c;

	(void)state;
	serve(NULL);
	c = run(open_refused, NULL);
	UNTIL(me.ended);
	expect_exit(&c);
}

#define CROWD 20

static int one_of_many(struct child *self, void *arg)
{
	(void)self, (void)arg;
	be_child();
	connect_to(NULL);
	open_channel("one");
	for (uint64_t i = 1; i <= 20; i++) {
		CHECK(rill_channel_send(me.ch, "hello", 5) == 0);
		UNTIL(me.count == i);
	}
	rill_session_close(me.s);
	return end_child();
}

static void many_clients_at_once_are_all_served(void **state)
{
	struct child c[CROWD];
	size_t fds = 0;

	(void)state;
	serve(NULL);
	me.on_message = echo_hello;
	for (int i = 0; i < CROWD; i++)
		c[i] = run(one_of_many, NULL);
	fds = leaks_fds();
	UNTIL(me.ends == CROWD);
	assert_int_equal(me.count, CROWD * 20);
	for (int i = 0; i < CROWD; i++)
		expect_exit(&c[i]);
	assert_int_equal(leaks_fds(), fds - CROWD); /* the step channels */
}

/* ---- Without a path -------------------------------------------------------------------------------------------- */

static int adopt_inherited(struct child *self, void *arg)
{
	int *fds = arg;

	(void)self;
	close(fds[0]);
	be_child();
	CHECK(rill_session_adopt(&me.s, me.ctx, fds[1], bells(NULL), &session_events, NULL) == 0);
	UNTIL(me.opened);
	CHECK(rill_session_peer(me.s)->sender.pid == getppid());
	open_channel("inherited");
	CHECK(rill_channel_send(me.ch, "hello", 5) == 0);
	UNTIL(me.count == 1);
	rill_session_close(me.s);
	return end_child();
}

static void a_socketpair_made_before_fork_becomes_a_session(void **state)
{
	struct child c;
	size_t open;
	int fds[2];

	(void)state;
	open = leaks_fds();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	c = run(adopt_inherited, fds);
	close(fds[1]);
	assert_int_equal(rill_session_adopt(&me.s, me.ctx, fds[0], NULL, &session_events, NULL), 0);
	UNTIL(me.opened);
	assert_int_equal(rill_session_peer(me.s)->sender.pid, c.pid);
	UNTIL(me.count == 1 && leaks_fds() == open + (by_socket ? 2 : 4)); /* the session's, and the step channel */
	assert_int_equal(rill_channel_send(me.ch, "hello", 5), 0);
	UNTIL(me.ended);
	assert_int_equal(me.why, 0);
	expect_exit(&c);
}

static int received = -1;

static void take_fd(struct rill_channel *ch, struct rill_msg *msg)
{
	(void)ch;
	received = rill_msg_take_fd(msg, 0);
}

/* Two children that never met: each is sent one end of a socketpair. */
static int meet(struct child *self, void *arg)
{
	struct rill_session_options o = {.size = sizeof(o), .fds = 1};
	bool speaks = *(bool *)arg;

	(void)self;
	be_child();
	connect_to(&o);
	open_channel("introduce me");
	me.on_message = take_fd;
	received = -1;
	UNTIL(received >= 0);
	me.opened = false;
	me.count = 0;
	me.on_message = speaks ? NULL : echo_hello;
	CHECK(rill_session_adopt(&me.s, me.ctx, received, NULL, &session_events, NULL) == 0);
	UNTIL(me.opened);
	if (speaks) {
		open_channel("direct");
		CHECK(rill_channel_send(me.ch, "hello", 5) == 0);
	}
	UNTIL(me.count == 1);
	if (!speaks)
		UNTIL(me.ended);
	return end_child();
}

static void two_that_never_met_are_introduced_by_a_third(void **state)
{
	bool speaks[] = {true, false};
	struct rill_channel *ch[2];
	struct child c[2];
	int fds[2];

	(void)state;
	serve(NULL);
	for (int i = 0; i < 2; i++) {
		me.ch = NULL;
		c[i] = run(meet, &speaks[i]);
		UNTIL(me.ch);
		ch[i] = me.ch;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	for (int i = 0; i < 2; i++) {
		struct rill_out out = {.size = sizeof(out), .fds = &fds[i], .fd_count = 1};

		assert_int_equal(rill_channel_sendmsg(ch[i], &out), 0);
		close(fds[i]);
	}
	UNTIL(me.ends == 2);
	expect_exit(&c[0]);
	expect_exit(&c[1]);
}

/* ---- Lending, descriptors -------------------------------------------------------------------------------------- */

static struct rill_arena *arena;
static unsigned destroyed;

static void on_destroyed(void *block, void *user)
{
	(void)block, (void)user;
	destroyed++;
}

static void read_loan(struct rill_channel *ch, struct rill_msg *msg)
{
	const void *data = NULL;
	size_t len = 0;

	CHECK(msg->loan_count == 1 && rill_msg_loan(msg, 0, &data, &len) == 0);
	CHECK(len == LARGE && pattern_is(data, len, msg->tag));
	CHECK(rill_channel_send(ch, "read", 4) == 0);
}

static int borrow(struct child *self, void *arg)
{
	(void)self, (void)arg;
	be_child();
	connect_to(NULL);
	open_channel("borrower");
	me.on_message = read_loan;
	UNTIL(me.count == 20);
	UNTIL(me.ended);
	return end_child();
}

static void lent_blocks_are_read_in_place_and_come_back(void **state)
{
	struct child c;

	(void)state;
	destroyed = 0;
	serve(NULL);
	c = run(borrow, NULL); /* before there is an arena: valgrind searches what it thinks a child inherits */
	assert_int_equal(rill_arena_create(&arena, me.ctx, NULL), 0);
	UNTIL(me.ch);
	for (uint64_t i = 1; i <= 20; i++) {
		struct rill_loan loan = {.arena = arena, .len = LARGE};
		struct rill_out out = {.size = sizeof(out), .tag = i, .loans = &loan, .loan_count = 1};
		void *block = rill_arena_alloc_with(arena, LARGE, on_destroyed, NULL);

		pattern_fill(block, LARGE, i);
		loan.data = block;
		assert_int_equal(rill_channel_sendmsg(me.ch, &out), 0);
		rill_arena_free(arena, block);
		UNTIL(me.count == i);
	}
	UNTIL(destroyed == 20); /* the session tells of returns that a destructor waits for */
	rill_session_close(me.s);
	expect_exit(&c);
	assert_int_equal(destroyed, 20);
}

static int write_into_pipe(struct child *self, void *arg)
{
	struct rill_session_options o = {.size = sizeof(o), .fds = 1};

	(void)self, (void)arg;
	be_child();
	connect_to(&o);
	open_channel("pipe");
	me.on_message = take_fd;
	received = -1;
	UNTIL(received >= 0);
	CHECK(write(received, "through the pipe", 16) == 16);
	close(received);
	return end_child();
}

static void a_descriptor_sent_with_a_message_works_over_there(void **state)
{
	struct rill_out out = {.size = sizeof(out), .fd_count = 1};
	struct child c;
	char text[17] = "";
	int fds[2];

	(void)state;
	serve(NULL);
	c = run(write_into_pipe, NULL);
	UNTIL(me.ch);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	out.fds = &fds[1];
	assert_int_equal(rill_channel_sendmsg(me.ch, &out), 0);
	close(fds[1]);
	UNTIL(me.ended);
	assert_int_equal(read(fds[0], text, 16), 16);
	assert_string_equal(text, "through the pipe");
	close(fds[0]);
	expect_exit(&c);
}

/* ---- Closing in callbacks -------------------------------------------------------------------------------------- */

static void destroy_ctx(struct rill_channel *ch, struct rill_msg *msg)
{
	(void)ch, (void)msg;
	rill_ctx_destroy(me.ctx);
}

static int feel_the_end(struct child *self, void *arg)
{
	(void)self, (void)arg;
	be_child();
	connect_to(NULL);
	open_channel("last");
	CHECK(rill_channel_send(me.ch, "x", 1) == 0);
	UNTIL(me.ended);
	CHECK(me.why == -ECONNABORTED);
	return end_child();
}

static void a_ctx_may_be_destroyed_in_a_callback_of_every_loop(void **state)
{
	struct child c;
	int r;

	(void)state;
	serve(NULL);
	me.on_message = destroy_ctx;
	c = run(feel_the_end, NULL);
	do
		r = loop_turn(me.ctx, TOO_LONG_MS);
	while (r >= 0);
	me.ctx = NULL;
	assert_int_equal(r, -ECANCELED);
	expect_exit(&c);
	assert_int_equal(access(path, F_OK), -1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(messages_of_every_size_go_there_and_back),
		T(no_wake_up_is_lost_asleep_lingering_or_polling),
		T(a_flood_meets_a_reader_that_pauses_and_nothing_is_lost),
		T(a_client_that_says_all_and_leaves_at_once_is_heard_in_order),
		T(the_killed_are_told_and_the_others_served_on),
		T(a_client_that_policy_refuses_is_told),
		T(a_refused_channel_tells_its_errno_and_the_next_is_taken),
		T(many_clients_at_once_are_all_served),
		T(a_socketpair_made_before_fork_becomes_a_session),
		T(two_that_never_met_are_introduced_by_a_third),
		T(lent_blocks_are_read_in_place_and_come_back),
		T(a_descriptor_sent_with_a_message_works_over_there),
		T(a_ctx_may_be_destroyed_in_a_callback_of_every_loop),
	};

	int failed = cmocka_run_group_tests_name("bells by eventfd", tests, NULL, NULL);

	by_socket = true;
	return failed + cmocka_run_group_tests_name("bells by the socket", tests, NULL, NULL);
}
