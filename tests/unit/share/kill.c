/* tests/unit/share/kill.c - kill -9 of a cell's owner, or of its reader, at any moment: what is held stays whole, the end is
 * told, what was pinned is free, and nothing is left. RILL_SEED repeats a run. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <rill/epoll.h>
#include <rill/rill.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define MIB ((size_t)1 << 20)
#define WORDS 200
#define TOO_LONG_MS 20000

static struct {
	struct rill_ctx *ctx;
	struct rill_session *s;
	struct rill_arena *arena;
	struct rill_directory *directory;
	struct rill_cell *cell;
	struct rill_names *names;
	struct rill_cell_reader *reader;
	bool opened, closed, ended;
	int why;
	uint64_t number;
} me;

static uint64_t ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool turn(int timeout_ms)
{
	int r = rill_epoll_wait(me.ctx, timeout_ms);

	return r >= 0 || r == -EINTR;
}

/* ---- Both sides, in whichever process -------------------------------------------------------------------------- */

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	(void)s, (void)user;
	return rill_directory_serve(me.directory, ch);
}

static void on_session_closed(struct rill_session *s, int why, void *user)
{
	(void)s, (void)why, (void)user;
	me.ended = true;
}

static bool begin(int fd)
{
	struct rill_session_events events = {.size = sizeof(events), .channel = on_channel, .closed = on_session_closed};

	memset(&me, 0, sizeof(me));
	return rill_ctx_create(&me.ctx, NULL) == 0 && rill_epoll_attach(me.ctx) == 0 &&
	       rill_session_adopt(&me.s, me.ctx, fd, NULL, &events, NULL) == 0;
}

static bool begin_owner(int fd)
{
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB};

	return begin(fd) && rill_arena_create(&me.arena, me.ctx, &ao) == 0 &&
	       rill_directory_create(&me.directory, me.ctx, NULL) == 0 &&
	       rill_cell_create(&me.cell, me.directory, "c", me.arena, NULL, NULL, NULL) == 0;
}

static int publish(void)
{
	uint64_t *words = rill_arena_alloc(me.arena, WORDS * 8);
	int e;

	if (!words)
		return -ENOMEM;
	for (unsigned i = 0; i < WORDS; i++)
		words[i] = (me.number + 1) * (i + 3);
	e = rill_cell_publish(me.cell, words, WORDS * 8);
	if (e < 0)
		rill_arena_free(me.arena, words);
	else
		me.number++;
	return e;
}

static void on_opened(struct rill_cell_reader *r, void *user)
{
	(void)r, (void)user;
	me.opened = true;
}

static void on_closed(struct rill_cell_reader *r, int why, void *user)
{
	(void)r, (void)user;
	me.closed = true;
	me.why = why;
}

static bool open_reader(void)
{
	static const struct rill_cell_reader_events events = {.size = sizeof(events),
	                                                      .opened = on_opened,
	                                                      .changed = on_opened,
	                                                      .closed = on_closed};

	while (rill_session_status(me.s) == 0)
		if (!turn(TOO_LONG_MS))
			return false;
	return rill_names_open(&me.names, me.s, NULL) == 0 &&
	       rill_cell_reader_open(&me.reader, me.names, "c", RILL_FIND_WAIT, &events, NULL) == 0;
}

static bool whole(const struct rill_cell_view *v)
{
	const uint64_t *words = v->data;

	if (v->len != WORDS * 8)
		return false;
	for (unsigned i = 0; i < WORDS; i++)
		if (words[i] != v->version * (i + 3))
			return false;
	return true;
}

/* ---- The owner is killed --------------------------------------------------------------------------------------- */

static int owner(struct child *self, void *arg)
{
	(void)self;
	CHILD_CHECK(begin_owner(*(int *)arg));
	for (;;) {
		int e = publish();

		CHILD_CHECK(e == 0 || e == -EAGAIN);
		CHILD_CHECK(turn(0));
	}
}

/* Reads until `end`, and holds one then: if it can, or in any case. */
static bool read_until(uint64_t end, bool in_any_case, struct rill_cell_view *v)
{
	for (;;) {
		int e = me.opened ? rill_cell_read(me.reader, v) : -EAGAIN;
		bool over = ns() >= end;

		assert_true(e == 0 || e == -EAGAIN || e == -ENODATA);
		if (e == 0)
			assert_true(whole(v));
		if (over && (e == 0 || !in_any_case))
			return e == 0;
		if (e == 0)
			assert_int_equal(rill_cell_done(me.reader), 0);
		assert_true(turn(0));
	}
}

static void a_killed_owner_takes_nothing_from_its_readers(void **state)
{
	uint64_t draw = rounds_seed();
	unsigned held = 0;

	(void)state;
	for (unsigned i = 0; i < rounds_of(10, 60, 3000); i++) {
		struct rill_cell_view v, again;
		struct child c;
		bool holds;
		int fds[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
		assert_int_equal(child_start(&c, owner, &fds[1]), 0);
		close(fds[1]);
		assert_true(begin(fds[0]) && open_reader());
		holds = read_until(ns() + rounds_random(&draw) % 5000000, i & 1, &v);
		assert_int_equal(child_kill(&c), -SIGKILL);
		while (!me.ended)
			assert_true(turn(TOO_LONG_MS));
		assert_true(me.closed && me.why == -ECONNRESET);
		assert_int_equal(rill_cell_read(me.reader, &again), -ECONNRESET);
		if (holds) {
			assert_true(whole(&v));
			assert_int_equal(rill_cell_done(me.reader), 0);
			held++;
		}
		rill_ctx_destroy(me.ctx);
	}
	assert_true(held > 0);
}

/* ---- A reader is killed ---------------------------------------------------------------------------------------- */

static int reader(struct child *self, void *arg)
{
	struct rill_cell_view v;

	(void)self;
	CHILD_CHECK(begin(*(int *)arg) && open_reader());
	for (;;) {
		int e = me.opened ? rill_cell_read(me.reader, &v) : -EAGAIN;

		CHILD_CHECK(e == 0 ? whole(&v) && rill_cell_done(me.reader) == 0 : e == -EAGAIN || e == -ENODATA);
		CHILD_CHECK(turn(0));
	}
}

static size_t allocated(void)
{
	struct rill_arena_usage u = {.size = sizeof(u)};

	rill_arena_get_usage(me.arena, &u);
	return u.allocated;
}

static void a_killed_reader_leaves_nothing_pinned(void **state)
{
	uint64_t draw = rounds_seed() + 1;

	(void)state;
	for (unsigned i = 0; i < rounds_of(10, 60, 3000); i++) {
		uint64_t end;
		struct child c;
		size_t before;
		int fds[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
		assert_int_equal(child_start(&c, reader, &fds[1]), 0);
		close(fds[1]);
		assert_true(begin_owner(fds[0]));
		assert_int_equal(publish(), 0);
		before = allocated();
		end = ns() + rounds_random(&draw) % 5000000;
		while (ns() < end) {
			int e = publish();

			assert_true(e == 0 || e == -EAGAIN);
			assert_true(turn(0));
		}
		assert_int_equal(child_kill(&c), -SIGKILL);
		while (!me.ended)
			assert_true(turn(TOO_LONG_MS));
		for (unsigned n = 0; n < 20; n++)
			assert_int_equal(publish(), 0); /* more than there are places */
		assert_int_equal(rill_cell_held(me.cell), 0);
		assert_int_equal(allocated(), before);
		rill_ctx_destroy(me.ctx);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_killed_owner_takes_nothing_from_its_readers, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(a_killed_reader_leaves_nothing_pinned, leaks_setup, leaks_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
