/* tests/scenario/share.c - names and cells between real processes, over every loop: the test is the owner, its children come
 * and read. Readers and writer run at full speed; what is seen is whole, and what is held is bounded. */
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
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define READERS 3
#define TOO_LONG_MS 30000
#define MIB ((size_t)1 << 20)
#define WORDS 500

/* A version: every word follows from its number. */
struct table {
	uint64_t number;
	uint64_t word[WORDS];
};

static char dir[64], path[96];

/* Small: a child under valgrind looks for leaks in all that it believes to have inherited. */
static const struct rill_session_options small = {.size = sizeof(small), .channels = 4, .arena_bytes = MIB / 4};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- A reader's process ---------------------------------------------------------------------------------------- */

static struct {
	struct rill_ctx *ctx;
	struct rill_session *s;
	struct rill_names *names;
	struct rill_cell_reader *reader;
	bool session_open, open, closed;
	int why;
	uint64_t reads, changes;
	unsigned found;
} me;

static void on_opened(struct rill_session *s, void *user)
{
	(void)s, (void)user;
	me.session_open = true;
}

static void on_reader_opened(struct rill_cell_reader *r, void *user)
{
	(void)r, (void)user;
	me.open = true;
}

static void on_changed(struct rill_cell_reader *r, void *user)
{
	(void)r, (void)user;
	me.changes++;
}

static void on_reader_closed(struct rill_cell_reader *r, int why, void *user)
{
	(void)r, (void)user;
	me.closed = true;
	me.why = why;
}

static const struct rill_cell_reader_events reader_events = {
	.size = sizeof(reader_events),
	.opened = on_reader_opened,
	.changed = on_changed,
	.closed = on_reader_closed,
};

static void child_turn(int timeout_ms)
{
	int r = loop_turn(me.ctx, timeout_ms);

	CHILD_CHECK(r >= 0 || r == -EINTR);
}

static void join(struct rill_ctx *inherited)
{
	static const struct rill_session_events events = {.size = sizeof(events), .opened = on_opened};

	rill_ctx_destroy(inherited);
	memset(&me, 0, sizeof(me));
	CHILD_CHECK(rill_ctx_create(&me.ctx, NULL) == 0 && loop_attach(me.ctx) == 0);
	CHILD_CHECK(rill_session_connect(&me.s, me.ctx, path, &small, &events, NULL) == 0);
	while (!me.session_open)
		child_turn(TOO_LONG_MS);
	CHILD_CHECK(rill_names_open(&me.names, me.s, NULL) == 0);
}

static void leave(void)
{
	rill_ctx_destroy(me.ctx);
	loop_finish();
}

static void open_cell(void)
{
	CHILD_CHECK(rill_cell_reader_open(&me.reader, me.names, "table", RILL_FIND_WAIT, &reader_events, NULL) == 0);
	while (!me.open)
		child_turn(TOO_LONG_MS);
}

/* No read fails, is tried twice, goes back, or sees half a version. */
static void read_once(uint64_t *last)
{
	struct rill_cell_view view;
	const struct table *t;
	int e = rill_cell_read(me.reader, &view);

	if (e == -ENODATA) /* not yet; or no more, and we are to be told */
		return;
	CHILD_CHECK(e == 0);
	t = view.data;
	CHILD_CHECK(view.len == sizeof(*t) && view.version >= *last && t->number == view.version);
	for (unsigned i = 0; i < WORDS; i++)
		CHILD_CHECK(t->word[i] == t->number * (i + 7));
	CHILD_CHECK(rill_cell_done(me.reader) == 0);
	*last = view.version;
	me.reads++;
}

static int read_all_the_time(struct child *self, void *arg)
{
	uint64_t last = 0;

	join(arg);
	open_cell();
	CHILD_CHECK(child_tell(self, 1) == 0);
	while (!me.closed) {
		for (unsigned i = 0; i < 64; i++)
			read_once(&last);
		child_turn(0);
	}
	CHILD_CHECK(me.why == 0 && me.reads > 0 && me.changes > 0);
	leave();
	return 0;
}

static int hold_one(struct child *self, void *arg)
{
	struct rill_cell_view view;

	join(arg);
	open_cell();
	CHILD_CHECK(rill_cell_read(me.reader, &view) == 0);
	CHILD_CHECK(child_tell(self, 1) == 0);
	for (;;)
		child_turn(TOO_LONG_MS);
	return 1;
}

static const struct rill_object_type config_type = {.size = sizeof(config_type), .tag = 1, .version = 1};

static void on_found(struct rill_find *find, int result, struct rill_msg *msg, void *user)
{
	struct rill_object o;
	const void *data;
	size_t len;

	(void)find, (void)user;
	CHILD_CHECK(result == 0 && rill_msg_loan(msg, 0, &data, &len) == 0);
	CHILD_CHECK(rill_object_open(data, len, &config_type, &o) == 0 && strcmp(o.data, "blue") == 0);
	rill_msg_release(msg);
	me.found++;
}

static int find_config(struct child *self, void *arg)
{
	join(arg);
	CHILD_CHECK(rill_names_find(NULL, me.names, "config", RILL_FIND_WAIT, on_found, NULL) == 0);
	for (int i = 0; i < 3; i++)
		child_turn(1);
	CHILD_CHECK(child_tell(self, 1) == 0);
	while (!me.found)
		child_turn(TOO_LONG_MS);
	CHILD_CHECK(me.found == 1);
	leave();
	return 0;
}

/* ---- The owner ------------------------------------------------------------------------------------------------- */

static struct {
	struct rill_ctx *ctx;
	struct rill_listener *listener;
	struct rill_arena *arena;
	struct rill_directory *directory;
	struct rill_cell *cell;
	unsigned accepted, sessions;
	bool room;
	uint64_t number;
	size_t most;
} own;

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	(void)s, (void)user;
	return rill_directory_serve(own.directory, ch);
}

static void on_session_closed(struct rill_session *s, int why, void *user)
{
	(void)why, (void)user;
	own.sessions--;
	rill_session_close(s);
}

static void on_accepted(struct rill_listener *l, struct rill_session *s, void *user)
{
	static const struct rill_session_events events = {.size = sizeof(events),
	                                                  .channel = on_channel,
	                                                  .closed = on_session_closed};

	(void)l, (void)user;
	own.accepted++;
	own.sessions++;
	rill_session_set_events(s, &events, NULL);
}

static void on_room(struct rill_cell *c, void *user)
{
	(void)c, (void)user;
	own.room = true;
}

static void turn(int timeout_ms)
{
	int r = loop_turn(own.ctx, timeout_ms);

	assert_true(r >= 0 || r == -EINTR);
}

#define UNTIL(fact)                                                                       \
	for (uint64_t begin_ms = now_ms(); !(fact) && now_ms() - begin_ms < TOO_LONG_MS;) \
		turn(100);                                                                \
	assert_true(fact)

static size_t allocated(void)
{
	struct rill_arena_usage u = {.size = sizeof(u)};

	rill_arena_get_usage(own.arena, &u);
	return u.allocated;
}

static void start(unsigned versions)
{
	struct rill_listener_events events = {.size = sizeof(events), .accepted = on_accepted};
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB / 4};
	struct rill_cell_options co = {.size = sizeof(co), .versions = versions};
	struct rill_listener_options lo = {.size = sizeof(lo), .session = &small};
	struct rill_cell_events ce = {.size = sizeof(ce), .writable = on_room};

	memset(&own, 0, sizeof(own));
	strcpy(dir, "/tmp/rill-share-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	assert_int_equal(rill_ctx_create(&own.ctx, NULL), 0);
	assert_int_equal(loop_attach(own.ctx), 0);
	assert_int_equal(rill_arena_create(&own.arena, own.ctx, &ao), 0);
	assert_int_equal(rill_directory_create(&own.directory, own.ctx, NULL), 0);
	assert_int_equal(rill_cell_create(&own.cell, own.directory, "table", own.arena, &co, &ce, NULL), 0);
	assert_int_equal(rill_listener_create(&own.listener, own.ctx, path, &lo, &events, NULL), 0);
}

static void stop(void)
{
	rill_ctx_destroy(own.ctx);
	loop_finish();
	rmdir(dir);
}

static int publish(void)
{
	struct table *t = rill_arena_alloc(own.arena, sizeof(*t));
	int e;

	assert_non_null(t);
	t->number = own.number + 1;
	for (unsigned i = 0; i < WORDS; i++)
		t->word[i] = t->number * (i + 7);
	e = rill_cell_publish(own.cell, t, sizeof(*t));
	if (e < 0)
		rill_arena_free(own.arena, t);
	else
		own.number++;
	return e;
}

static void hear(struct child *c)
{
	int e;

	for (uint64_t begin = now_ms(); (e = child_hear(c, 0)) == -ETIMEDOUT && now_ms() - begin < TOO_LONG_MS;)
		turn(10);
	assert_int_equal(e, 1);
}

static void publish_for(unsigned ms)
{
	uint64_t end = now_ms() + ms;

	for (unsigned i = 0; i % 64 || now_ms() < end || own.number <= 100; i++) {
		int e = publish();

		assert_true(e == 0 || e == -EAGAIN);
		if (e == -EAGAIN) { /* told when it would work */
			own.room = false;
			UNTIL(own.room);
		} else if (i % 64 == 0) {
			size_t now = allocated();

			own.most = now > own.most ? now : own.most;
			turn(0);
		}
	}
}

static void readers_and_a_writer_at_full_speed(unsigned versions, unsigned long_ms)
{
	struct child c[READERS];
	size_t before;

	start(versions);
	own.most = before = allocated();
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(child_start(&c[i], read_all_the_time, own.ctx), 0);
	for (unsigned i = 0; i < READERS; i++)
		hear(&c[i]);
	publish_for(rounds_of(100, 150, long_ms));
	assert_true(own.most - before <= (versions + 1) * 2 * sizeof(struct table)); /* rounded by the allocator */
	rill_cell_destroy(own.cell);
	UNTIL(own.sessions == 0);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(child_wait(&c[i], TOO_LONG_MS), 0);
	UNTIL(allocated() < before); /* the cell's own block, too: once the peers have hung up */
	stop();
}

static void three_readers_never_see_half_a_version(void **state)
{
	(void)state;
	readers_and_a_writer_at_full_speed(5, strcmp(loop_name, "epoll") ? 1000 : 60000); /* on one loop a minute */
}

static void nor_with_two_versions_where_the_writer_must_wait(void **state)
{
	(void)state;
	readers_and_a_writer_at_full_speed(2, 1000);
}

static void a_killed_reader_holds_nothing(void **state)
{
	struct child c;

	(void)state;
	start(2);
	assert_int_equal(publish(), 0);
	assert_int_equal(child_start(&c, hold_one, own.ctx), 0);
	hear(&c);
	assert_int_equal(publish(), 0);
	assert_int_equal(publish(), -EAGAIN);
	assert_int_equal(child_kill(&c), -SIGKILL);
	UNTIL(own.room);
	assert_int_equal(publish(), 0);
	UNTIL(own.sessions == 0);
	stop();
}

static void a_configuration_is_found_by_a_late_comer_and_by_an_early_one(void **state)
{
	struct child early, late;
	char *object;

	(void)state;
	start(2);
	assert_int_equal(child_start(&early, find_config, own.ctx), 0);
	hear(&early);
	object = rill_object_create(own.arena, &config_type, 5, NULL);
	strcpy(object, "blue");
	assert_int_equal(rill_directory_publish(own.directory, "config", own.arena, object), 0);
	rill_arena_free(own.arena, object);
	assert_int_equal(child_start(&late, find_config, own.ctx), 0);
	UNTIL(own.accepted == 2 && own.sessions == 0);
	assert_int_equal(child_wait(&early, TOO_LONG_MS), 0);
	assert_int_equal(child_wait(&late, TOO_LONG_MS), 0);
	stop();
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(three_readers_never_see_half_a_version),
		T(nor_with_two_versions_where_the_writer_must_wait),
		T(a_killed_reader_holds_nothing),
		T(a_configuration_is_found_by_a_late_comer_and_by_an_early_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
