/* tests/unit/share/cell.c - cells: old or new and never a mixture, freed when the last reader is through, told when changed;
 * and what readers and owners that lie can do. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "share/service.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MSEC UINT64_C(1000000)
#define MIB ((size_t)1 << 20)

static uint64_t clock_now;
static struct pair p;
static struct rill_arena *arena;
static struct rill_directory *directory;
static struct rill_names *names;
static struct rill_cell *cell;
static unsigned freed;
static char told[256];

static uint64_t fake_now(void *clock)
{
	(void)clock;
	return clock_now;
}

static void tell(const char *what)
{
	if (strlen(told) + strlen(what) + 2 < sizeof(told))
		strcat(strcat(told, *told ? " " : ""), what);
}

#define assert_told(text)                        \
	do {                                     \
		assert_string_equal(told, text); \
		told[0] = 0;                     \
	} while (0)

static void on_opened(struct rill_cell_reader *r, void *user)
{
	(void)r, (void)user;
	tell("opened");
}

static void on_changed(struct rill_cell_reader *r, void *user)
{
	(void)r, (void)user;
	tell("changed");
}

static void on_closed(struct rill_cell_reader *r, int why, void *user)
{
	(void)r, (void)user;
	tell(why ? strerrorname_np(-why) : "closed");
}

static const struct rill_cell_reader_events asks = {.size = sizeof(asks),
                                                    .opened = on_opened,
                                                    .changed = on_changed,
                                                    .closed = on_closed};
static const struct rill_cell_reader_events silent = {.size = sizeof(silent), .closed = on_closed};

static void on_writable(struct rill_cell *c, void *user)
{
	(void)c, (void)user;
	tell("writable");
}

static const struct rill_cell_events writable = {.size = sizeof(writable), .writable = on_writable};

static void serve(struct end *e, const char *event, struct rill_channel *ch)
{
	if (strcmp(event, "offer") == 0)
		e->answer = rill_directory_serve(directory, ch);
}

static void start_with(unsigned versions, unsigned patience_ms)
{
	struct pair_options o = {.ctx_a.now = fake_now, .ctx_b.now = fake_now, .a.arena_bytes = MIB, .b.arena_bytes = MIB};
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = 16 * MIB};
	struct rill_cell_options co = {.size = sizeof(co), .versions = versions, .patience_ms = patience_ms};

	clock_now = 1000 * MSEC;
	freed = 0;
	told[0] = 0;
	pair_open(&p, &o);
	p.a.hook = serve;
	assert_int_equal(rill_arena_create(&arena, p.a.ctx, &ao), 0);
	assert_int_equal(rill_directory_create(&directory, p.a.ctx, NULL), 0);
	assert_int_equal(rill_names_open(&names, p.b.s, NULL), 0);
	assert_int_equal(rill_cell_create(&cell, directory, "cell", arena, &co, &writable, NULL), 0);
	pair_run(&p);
}

static void start(unsigned versions)
{
	start_with(versions, 0);
}

static void pass(unsigned ms)
{
	for (; ms; ms--) {
		clock_now += MSEC;
		pair_run(&p);
	}
}

static void on_freed(void *block, void *user)
{
	(void)block, (void)user;
	freed++;
}

static int publish(const char *text)
{
	char *block = rill_arena_alloc_with(arena, strlen(text) + 1, on_freed, NULL);
	int e;

	assert_non_null(block);
	strcpy(block, text);
	e = rill_cell_publish(cell, block, strlen(text) + 1);
	if (e < 0) {
		freed--; /* not one of the cell's */
		rill_arena_free(arena, block);
		pair_run(&p);
	}
	return e;
}

static struct rill_cell_reader *reader_of(const struct rill_cell_reader_events *events)
{
	struct rill_cell_reader *r;

	assert_int_equal(rill_cell_reader_open(&r, names, "cell", 0, events, NULL), 0);
	pair_run(&p);
	return r;
}

static void assert_reads(struct rill_cell_reader *r, const char *text, uint64_t version)
{
	struct rill_cell_view view;

	assert_int_equal(rill_cell_read(r, &view), 0);
	assert_string_equal(view.data, text);
	assert_int_equal(view.len, strlen(text) + 1);
	assert_int_equal(view.version, version);
}

static void a_reader_sees_the_newest_version_and_keeps_it(void **state)
{
	struct rill_cell_reader *r, *other;
	struct rill_cell_view view;

	(void)state;
	start(0);
	r = reader_of(&silent);
	assert_int_equal(rill_cell_read(r, &view), -ENODATA);
	assert_int_equal(publish("one"), 0);
	assert_reads(r, "one", 1); /* no dispatch in between */
	assert_int_equal(rill_cell_read(r, &view), -EBUSY);
	assert_int_equal(publish("two"), 0);
	other = reader_of(&silent);
	assert_reads(other, "two", 2);
	pair_run(&p);
	assert_int_equal(freed, 0);
	assert_int_equal(rill_cell_held(cell), 1);
	assert_int_equal(rill_cell_done(r), 0);
	assert_int_equal(rill_cell_done(r), -EINVAL);
	pass(20);
	assert_int_equal(freed, 1); /* without any further publish */
	assert_int_equal(rill_cell_held(cell), 0);
	assert_reads(r, "two", 2);
	pair_stop(&p);
}

static void what_nobody_reads_is_freed_at_once(void **state)
{
	struct rill_arena_usage before = {.size = sizeof(before)}, after = {.size = sizeof(after)};
	struct rill_cell_reader *r;

	(void)state;
	start(2);
	r = reader_of(&silent);
	assert_int_equal(publish("x"), 0);
	rill_arena_get_usage(arena, &before);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(publish("y"), 0);
		pair_run(&p);
		assert_int_equal(freed, i + 1);
		assert_reads(r, "y", i + 2);
		assert_int_equal(rill_cell_done(r), 0);
	}
	rill_arena_get_usage(arena, &after);
	assert_int_equal(before.allocated, after.allocated);
	pair_stop(&p);
}

static void a_slow_reader_makes_publish_try_again_and_its_end_is_told(void **state)
{
	struct rill_cell_reader *r, *quick;
	struct rill_session *s;
	uint64_t ns;

	(void)state;
	start(3);
	r = reader_of(&silent);
	quick = reader_of(&silent);
	assert_int_equal(publish("1"), 0);
	assert_reads(r, "1", 1);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(publish("n"), 0); /* one version is held, the others go round */
		assert_reads(quick, "n", 2 + i);
		assert_int_equal(rill_cell_done(quick), 0);
	}
	assert_reads(quick, "n", 11);
	assert_int_equal(publish("12"), 0);
	pair_run(&p);
	assert_int_equal(publish("13"), -EAGAIN);
	assert_int_equal(publish("13"), -EAGAIN);
	assert_int_equal(rill_cell_held(cell), 2);
	pass(1);
	assert_int_equal(rill_cell_blocker(cell, &s, &ns), 0);
	assert_ptr_equal(s, p.a.s);
	assert_int_equal(ns, MSEC);
	assert_told("");
	assert_int_equal(rill_cell_done(r), 0);
	pair_run(&p); /* the reader says so itself: no time passes */
	assert_told("writable");
	assert_int_equal(publish("13"), 0);
	pass(2000);
	assert_told(""); /* once */
	pair_stop(&p);
}

static void a_version_is_free_once_all_its_readers_are_through(void **state)
{
	struct rill_cell_reader *r[20];

	(void)state;
	start(2);
	assert_int_equal(publish("1"), 0);
	for (unsigned i = 0; i < 20; i++) {
		r[i] = reader_of(&silent);
		assert_reads(r[i], "1", 1);
	}
	assert_int_equal(publish("2"), 0);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(publish("3"), -EAGAIN);
		if (i & 1)
			rill_cell_reader_close(r[i]); /* gives back what it holds */
		else
			assert_int_equal(rill_cell_done(r[i]), 0);
		pass(30);
		assert_int_equal(freed, i == 19);
	}
	assert_told("writable");
	assert_int_equal(publish("3"), 0);
	pair_stop(&p);
}

static void changes_are_told_once_however_many(void **state)
{
	struct rill_cell_reader *r;

	(void)state;
	start(0);
	r = reader_of(&asks);
	assert_told("opened");
	for (int i = 0; i < 5; i++)
		assert_int_equal(publish("x"), 0);
	pair_run(&p);
	assert_told("changed");
	pair_run(&p);
	assert_told("");
	assert_reads(r, "x", 5);
	assert_int_equal(publish("y"), 0);
	pair_run(&p);
	assert_told("changed");
	assert_int_equal(rill_cell_done(r), 0);
	assert_reads(r, "y", 6);
	pair_stop(&p);
}

static void who_did_not_ask_is_not_told(void **state)
{
	struct rill_cell_reader *r;

	(void)state;
	start(0);
	r = reader_of(&silent);
	end_run(&p.b);
	assert_int_equal(publish("x"), 0);
	assert_false(end_step(&p.b)); /* not even woken */
	assert_reads(r, "x", 1);
	pair_stop(&p);
}

static void a_cell_may_be_waited_for(void **state)
{
	struct rill_cell_reader *r, *none, *wrong;
	struct rill_cell_view view;
	struct rill_cell *later;
	struct rill_object_type type = {.size = sizeof(type), .tag = 1};
	void *object;

	(void)state;
	start(0);
	object = rill_object_create(arena, &type, 8, NULL);
	assert_int_equal(rill_directory_publish(directory, "object", arena, object), 0);
	assert_int_equal(rill_cell_reader_open(&none, names, "later", 0, &asks, NULL), 0);
	assert_int_equal(rill_cell_reader_open(&wrong, names, "object", RILL_FIND_WAIT, &asks, NULL), 0);
	assert_int_equal(rill_cell_reader_open(&r, names, "later", RILL_FIND_WAIT, &asks, NULL), 0);
	assert_int_equal(rill_cell_read(r, &view), -EAGAIN);
	pair_run(&p);
	assert_told("ENOENT EPROTOTYPE");
	assert_int_equal(rill_cell_read(none, &view), -ENOENT);
	assert_int_equal(rill_cell_create(&later, directory, "later", arena, NULL, NULL, NULL), 0);
	pair_run(&p);
	assert_told("opened");
	assert_int_equal(rill_cell_write(later, "text", 5), 0);
	pair_run(&p);
	assert_told("changed");
	assert_reads(r, "text", 1);
	pair_stop(&p);
}

static void a_destroyed_cell_waits_for_its_readers(void **state)
{
	struct rill_cell_reader *r, *idle;
	struct rill_cell_view view;

	(void)state;
	start(0);
	assert_int_equal(publish("1"), 0);
	r = reader_of(&asks);
	idle = reader_of(&silent);
	assert_told("opened");
	assert_reads(r, "1", 1);
	rill_cell_destroy(cell);
	pair_run(&p);
	assert_told("closed closed");
	assert_int_equal(freed, 0);
	assert_int_equal(rill_cell_read(idle, &view), -EPIPE);
	assert_int_equal(rill_cell_create(&cell, directory, "cell", arena, NULL, NULL, NULL), 0); /* the name is free */
	assert_int_equal(rill_cell_done(r), 0);
	assert_int_equal(rill_cell_read(r, &view), -EPIPE);
	pass(2000);
	assert_int_equal(freed, 1);
	rill_cell_reader_close(r);
	rill_cell_reader_close(NULL);
	rill_cell_destroy(NULL);
	pair_run(&p);
	pair_stop(&p);
}

static void a_dead_readers_marks_end_with_its_session(void **state)
{
	struct rill_cell_reader *r;

	(void)state;
	start(2);
	assert_int_equal(publish("1"), 0);
	r = reader_of(&silent);
	assert_reads(r, "1", 1);
	assert_int_equal(publish("2"), 0);
	assert_int_equal(publish("3"), -EAGAIN);
	end_die(&p.b);
	end_run(&p.a);
	assert_int_equal(freed, 1);
	assert_told("writable");
	assert_int_equal(publish("3"), 0);
	pair_stop(&p);
}

static void a_session_that_the_owner_aborts_holds_nothing(void **state)
{
	struct rill_cell_reader *r;
	struct rill_session *s;
	uint64_t ns;

	(void)state;
	start(2);
	assert_int_equal(publish("1"), 0);
	r = reader_of(&silent);
	assert_reads(r, "1", 1);
	assert_int_equal(publish("2"), 0);
	assert_int_equal(publish("3"), -EAGAIN);
	assert_int_equal(rill_cell_blocker(cell, &s, &ns), 0);
	rill_session_abort(s, -ETIMEDOUT);
	p.a.s = NULL;
	end_run(&p.a);
	assert_told("writable");
	assert_int_equal(publish("3"), 0);
	assert_int_equal(rill_cell_done(r), -ESTALE); /* and is told so, whatever it read */
	pair_run(&p);
	assert_told("ECONNABORTED");
	pair_stop(&p);
}

static void patience_takes_a_version_away_and_says_so(void **state)
{
	struct rill_cell_reader *r, *quick;
	struct rill_cell_view view;

	(void)state;
	start_with(2, 100);
	assert_int_equal(publish("1"), 0);
	r = reader_of(&silent);
	quick = reader_of(&silent);
	assert_reads(r, "1", 1);
	assert_int_equal(publish("2"), 0);
	pass(150); /* nobody waits: nothing is taken away */
	assert_told("");
	assert_reads(quick, "2", 2);
	assert_int_equal(rill_cell_done(quick), 0);
	pass(10);
	assert_int_equal(publish("3"), 0); /* waits, and 1 was held for longer than 100 ms */
	assert_int_equal(rill_cell_done(r), -ESTALE);
	pair_run(&p);
	assert_told("ETIMEDOUT");
	assert_int_equal(rill_cell_read(r, &view), -ETIMEDOUT);
	assert_reads(quick, "3", 3);
	assert_int_equal(publish("4"), 0);
	assert_int_equal(publish("5"), -EAGAIN);
	pass(30);
	assert_told("");
	assert_int_equal(rill_cell_done(quick), 0);
	pair_run(&p);
	assert_told("writable");
	assert_reads(quick, "4", 4);
	assert_int_equal(publish("5"), 0);
	assert_int_equal(publish("6"), -EAGAIN);
	pass(130); /* by the deadline alone */
	assert_told("writable ETIMEDOUT");
	pair_stop(&p);
}

/* A reader that reads all the time never stands in the way, though some version is held at each look. */
static void a_busy_reader_never_holds_back(void **state)
{
	struct rill_cell_reader *r;

	(void)state;
	start_with(2, 1);
	assert_int_equal(publish("x"), 0);
	r = reader_of(&silent);
	for (unsigned i = 1; i < 1000; i++) {
		assert_reads(r, "x", i);
		assert_int_equal(publish("x"), 0);
		clock_now += MSEC / 2;
		assert_int_equal(rill_cell_done(r), 0);
		if (i % 7 == 0)
			pair_run(&p);
	}
	assert_told("");
	pair_stop(&p);
}

static void closing_the_finders_side_gives_all_back(void **state)
{
	struct rill_cell_reader *r;
	int how;

	(void)state;
	for (how = 0; how < 4; how++) {
		start(2);
		assert_int_equal(publish("1"), 0);
		r = reader_of(&asks);
		assert_reads(r, "1", 1);
		assert_int_equal(publish("2"), 0);
		if (how == 0)
			rill_cell_reader_close(r);
		else if (how == 1)
			rill_names_close(names);
		else if (how == 2)
			rill_session_close(p.b.s), p.b.s = NULL;
		else
			rill_ctx_destroy(p.b.ctx), p.b.ctx = NULL;
		pass(30);
		assert_int_equal(freed, 1);
		assert_int_equal(publish("3"), 0);
		pair_stop(&p);
	}
}

static void destroying_the_owners_side_ends_readers(void **state)
{
	struct rill_cell_reader *r;
	int how;

	(void)state;
	for (how = 0; how < 3; how++) {
		start(2);
		assert_int_equal(publish("1"), 0);
		r = reader_of(&silent);
		assert_reads(r, "1", 1);
		if (how == 0)
			rill_directory_destroy(directory);
		else if (how == 1)
			rill_arena_destroy(arena);
		else
			rill_ctx_destroy(p.a.ctx), p.a.ctx = NULL;
		pair_run(&p);
		assert_told(how == 0 ? "EPIPE" : how == 1 ? "closed" : "ECONNABORTED");
		assert_int_equal(freed, how == 1); /* never while it is read, but with its arena */
		assert_int_equal(rill_cell_done(r), 0);
		if (how == 1)
			assert_int_equal(rill_cell_write(cell, "x", 1), -ECANCELED);
		pair_stop(&p);
	}
}

static void wrong_arguments_change_nothing(void **state)
{
	struct rill_cell_options o = {.size = sizeof(o), .versions = 64};
	struct rill_cell *c;
	struct rill_cell_reader *r;
	char *block, here[8];

	(void)state;
	start(0);
	assert_int_equal(rill_cell_create(&c, directory, "cell", arena, NULL, NULL, NULL), -EEXIST);
	assert_int_equal(rill_cell_create(&c, directory, "", arena, NULL, NULL, NULL), -ENAMETOOLONG);
	assert_int_equal(rill_cell_create(&c, directory, "c", NULL, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_cell_create(&c, directory, "c", arena, &o, NULL, NULL), -EINVAL);
	o.versions = 1;
	assert_int_equal(rill_cell_create(&c, directory, "c", arena, &o, NULL, NULL), -EINVAL);
	block = rill_arena_alloc(arena, 64);
	assert_int_equal(rill_cell_publish(cell, block + 16, 8), -EINVAL);
	assert_int_equal(rill_cell_publish(cell, block, 65), -EINVAL);
	assert_int_equal(rill_cell_publish(cell, here, 8), -EINVAL);
	assert_int_equal(rill_cell_publish(cell, NULL, 0), -EINVAL);
	assert_int_equal(rill_cell_publish(cell, block, 64), 0);
	assert_int_equal(rill_cell_publish(cell, block, 64), -EINVAL); /* it is the cell's already */
	assert_int_equal(rill_cell_write(cell, NULL, 1), -EINVAL);
	assert_int_equal(rill_cell_write(cell, here, 32 * MIB), -ENOMEM);
	assert_int_equal(rill_cell_reader_open(&r, names, "c", 2, NULL, NULL), -EINVAL);
	assert_int_equal(rill_directory_withdraw(directory, "cell"), -ENOENT);
	assert_int_equal(rill_directory_publish(directory, "cell", arena, block), -EINVAL);
	pair_stop(&p);
}

static void hundreds_of_cells_are_a_blackboard(void **state)
{
	static struct rill_cell *cells[600];
	static struct rill_cell_reader *readers[600];
	char name[32];

	(void)state;
	start(0);
	for (unsigned i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "sensor %u", i);
		assert_int_equal(rill_cell_create(&cells[i], directory, name, arena, NULL, NULL, NULL), 0);
		assert_int_equal(rill_cell_reader_open(&readers[i], names, name, 0, &silent, NULL), 0);
	}
	pair_run(&p);
	for (unsigned i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "value %u", i * i);
		assert_int_equal(rill_cell_write(cells[i], name, strlen(name) + 1), 0);
	}
	for (unsigned i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "value %u", i * i);
		assert_reads(readers[i], name, 1);
	}
	pair_stop(&p);
}

/* ---- Who does not keep to the protocol ------------------------------------------------------------------------- */

struct word {
	uint32_t kind, arg;
	uint64_t id;
	char name[8];
};

static struct rill_channel *liar;
static struct service_mark *marks;

static void send_word(struct rill_channel *ch, uint32_t kind, uint64_t id)
{
	struct word w = {.kind = kind, .id = id};

	assert_int_equal(rill_channel_send(ch, &w, 16), 0);
}

/* b has no rill_names but writes marks by hand. */
static void lie(void)
{
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB};
	struct word find = {.kind = SERVICE_FIND, .arg = SERVICE_CELL, .id = UINT64_C(1) << 32, .name = "cell"};
	uint32_t version = 1;
	struct rill_channel_options o = {.size = sizeof(o), .metadata = &version, .metadata_len = sizeof(version)};
	struct rill_loan loan = {.len = 4096};
	struct rill_out out = {.size = sizeof(out), .tag = 1, .loans = &loan, .loan_count = 1};

	assert_int_equal(rill_arena_create(&loan.arena, p.b.ctx, &ao), 0);
	loan.data = marks = rill_arena_alloc(loan.arena, 4096);
	memset(marks, 0, 4096);
	assert_int_equal(rill_channel_open(&liar, p.b.s, "rill.directory", &o, NULL, NULL), 0);
	assert_int_equal(rill_channel_sendmsg(liar, &out), 0);
	assert_int_equal(rill_channel_send(liar, &find, 20), 0);
	pair_run(&p);
}

static void a_mark_that_stands_holds_at_most_the_versions(void **state)
{
	(void)state;
	start_with(4, 50);
	lie();
	assert_int_equal(publish("1"), 0);
	atomic_store(&marks->mark, 1 << 8 | SERVICE_TAKING); /* "any": for ever */
	for (int i = 0; i < 3; i++)
		assert_int_equal(publish("n"), 0);
	assert_int_equal(publish("n"), -EAGAIN);
	assert_int_equal(rill_cell_held(cell), 3);
	pass(120);
	assert_told("writable"); /* it has lost the cell */
	for (int i = 0; i < 100; i++)
		assert_int_equal(publish("n"), 0);
	pass(1);
	assert_int_equal(rill_cell_held(cell), 0);
	pair_stop(&p);
}

static void a_mark_that_moves_holds_nothing_old(void **state)
{
	(void)state;
	start(4);
	lie();
	for (uint64_t i = 1; i < 1000; i++) { /* without patience: nobody needs it */
		assert_int_equal(publish("n"), 0);
		atomic_store(&marks->mark, i << 8 | (i % 100 ? (uint64_t)SERVICE_TAKING : i % 64));
	}
	pair_stop(&p);
}

static void no_value_of_a_mark_does_harm(void **state)
{
	uint64_t x = 88172645463325252;

	(void)state;
	start_with(3, 1);
	lie();
	for (int i = 0; i < 20000; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		atomic_store(&marks->mark, i & 1 ? x : x & 0x1ff);
		atomic_store(&marks->arm, x >> 3);
		if (publish("n") == 0 && i % 50 == 0)
			pair_run(&p);
		clock_now += MSEC / 4;
	}
	pass(10);
	assert_int_equal(rill_session_status(p.a.s), 1);
	pair_stop(&p);
}

static void messages_of_no_effect_do_no_harm(void **state)
{
	(void)state;
	start(2);
	lie();
	assert_int_equal(publish("1"), 0);
	for (int i = 0; i < 100; i++) {
		send_word(liar, SERVICE_GONE, UINT64_C(1) << 32);
		send_word(liar, SERVICE_GONE, 77);
		send_word(liar, SERVICE_END, UINT64_C(2) << 32);
		pair_run(&p);
	}
	send_word(liar, SERVICE_END, UINT64_C(1) << 32);
	send_word(liar, SERVICE_END, UINT64_C(1) << 32);
	pair_run(&p);
	assert_int_equal(rill_session_status(p.a.s), 1);
	assert_int_equal(publish("2"), 0);
	pair_stop(&p);
}

/* ---- An owner that lies ---------------------------------------------------------------------------------------- */

static struct rill_channel *offered;

static void keep(struct end *e, const char *event, struct rill_channel *ch)
{
	(void)e;
	if (strcmp(event, "offer") == 0)
		offered = ch;
}

/* b finds by the library, a answers by hand with a cell's block that it writes as it likes. */
static struct service_cell *forge(struct rill_cell_reader **r, size_t lent, uint64_t slots)
{
	struct pair_options o = {.a.arena_bytes = MIB, .b.arena_bytes = MIB};
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB};
	struct rill_loan loan = {.len = lent};
	struct rill_out out = {.size = sizeof(out), .tag = UINT64_C(1) << 32, .loans = &loan, .loan_count = 1};
	struct service_cell *c;

	told[0] = 0;
	pair_open(&p, &o);
	p.a.hook = keep;
	assert_int_equal(rill_arena_create(&arena, p.a.ctx, &ao), 0);
	loan.arena = arena;
	loan.data = c = rill_arena_alloc(arena, 4096);
	memset(c, 0, 4096);
	c->magic = SERVICE_CELL_MAGIC;
	c->slots = slots;
	assert_int_equal(rill_names_open(&names, p.b.s, NULL), 0);
	assert_int_equal(rill_cell_reader_open(r, names, "cell", 0, &asks, NULL), 0);
	pair_run(&p);
	assert_int_equal(rill_channel_sendmsg(offered, &out), 0);
	pair_run(&p);
	return c;
}

static void a_block_that_is_no_cell_is_refused(void **state)
{
	struct rill_cell_reader *r;
	const struct {
		size_t lent;
		uint64_t slots;
	} wrong[] = {{63, 2}, {0, 2}, {64 + 63, 2}, {4096, 0}, {4096, 1}, {4096, 64}, {4096, UINT64_MAX}, {1024, 63}};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		forge(&r, wrong[i].lent, wrong[i].slots);
		assert_told("EPROTO");
		pair_stop(&p);
	}
}

static void whatever_the_owner_writes_no_byte_outside_the_arena_is_given(void **state)
{
	uint64_t x = 88172645463325252, given = 0, refused = 0;
	volatile char sum = 0; /* read, so that a fault shows */
	struct rill_cell_reader *r;
	struct rill_cell_view view;
	struct service_cell *c;

	(void)state;
	c = forge(&r, 64 + 4 * 32, 4);
	assert_told("opened");
	for (int i = 0; i < 200000; i++) {
		unsigned slot = x & 3;
		int e;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		atomic_store(&c->current, (x >> 20 & 1) << 8 | (x >> 40 & 7));
		atomic_store(&c->version[slot].number, x >> 10 & 1);
		atomic_store(&c->version[slot].offset, i & 1 ? x : (x >> 30 & (2 * MIB - 1) & ~UINT64_C(15)));
		atomic_store(&c->version[slot].len, i & 2 ? x : x >> 48);
		e = rill_cell_read(r, &view);
		if (e == 0) {
			assert_true(view.len <= MIB);
			for (size_t at = 0; at < view.len; at += 4096)
				sum ^= ((const char *)view.data)[at];
			if (view.len)
				sum ^= ((const char *)view.data)[view.len - 1];
			given++;
			e = rill_cell_done(r);
		}
		assert_true(e == 0 || e == -EPROTO || e == -ENODATA || e == -ESTALE);
		refused += e != 0;
	}
	assert_true(given > 1000 && refused > 1000);
	pair_stop(&p);
	(void)sum;
}

static void a_directory_that_lies_ends_its_session(void **state)
{
	struct rill_cell_reader *r;
	uint64_t id = UINT64_C(1) << 32;

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct rill_loan loan = {.len = 1024};
		struct rill_out out = {.size = sizeof(out), .tag = id, .loans = &loan, .loan_count = i == 5};

		forge(&r, 1024, 4);
		loan.arena = arena;
		loan.data = rill_arena_alloc(arena, 1024);
		assert_told("opened");
		if (i == 0)
			send_word(offered, SERVICE_MISSING, id); /* found before */
		else if (i == 1)
			send_word(offered, 99, id);
		else if (i == 2)
			assert_int_equal(rill_channel_send(offered, "x", 1), 0);
		else if (i == 3)
			assert_int_equal(rill_channel_send(offered, "", 0), 0);
		else
			assert_int_equal(rill_channel_sendmsg(offered, &out), 0); /* without a cell; found twice */
		pair_run(&p);
		assert_told("EPROTO");
		pair_stop(&p);
	}
	forge(&r, 1024, 4);
	for (int i = 0; i < 1000; i++) { /* of ids that are not there, and changes that are none */
		send_word(offered, SERVICE_CHANGED, UINT64_C(9) << 32);
		send_word(offered, SERVICE_CLOSED, 12345);
		send_word(offered, SERVICE_CHANGED, id);
		pair_run(&p);
	}
	assert_int_equal(rill_session_status(p.b.s), 1);
	pair_stop(&p);
}

/* A directory by hand that tells of changes after it said that there will be none. */
static void nothing_is_told_of_a_cell_after_its_end(void **state)
{
	struct rill_cell_reader *r;
	uint64_t id = UINT64_C(1) << 32;

	(void)state;
	forge(&r, 1024, 4);
	assert_told("opened");
	send_word(offered, SERVICE_CHANGED, id);
	pair_run(&p);
	assert_told("changed");
	send_word(offered, SERVICE_CLOSED, id);
	pair_run(&p);
	assert_told("closed");
	send_word(offered, SERVICE_CHANGED, id);
	send_word(offered, SERVICE_CLOSED, id);
	pair_run(&p);
	assert_told("");
	assert_int_equal(rill_session_status(p.b.s), 1);
	pair_stop(&p);
}

/* The reader's side maps one arena, and it is another: the cell is there and cannot be had. */
static void a_cell_whose_arena_is_one_too_many_is_enobufs(void **state)
{
	struct pair_options o = {.a.arena_bytes = MIB, .b = {.arena_bytes = MIB, .arenas = 1}};
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB};
	struct rill_cell_reader *r[2];
	struct rill_cell *second;
	struct rill_arena *other;

	(void)state;
	told[0] = 0;
	pair_open(&p, &o);
	p.a.hook = serve;
	assert_int_equal(rill_arena_create(&arena, p.a.ctx, &ao), 0);
	assert_int_equal(rill_arena_create(&other, p.a.ctx, &ao), 0);
	assert_int_equal(rill_directory_create(&directory, p.a.ctx, NULL), 0);
	assert_int_equal(rill_cell_create(&cell, directory, "cell", arena, NULL, NULL, NULL), 0);
	assert_int_equal(rill_cell_create(&second, directory, "second", other, NULL, NULL, NULL), 0);
	assert_int_equal(rill_names_open(&names, p.b.s, NULL), 0);
	assert_int_equal(rill_cell_reader_open(&r[0], names, "cell", 0, &asks, NULL), 0);
	pair_run(&p);
	assert_told("opened");
	assert_int_equal(rill_cell_reader_open(&r[1], names, "second", 0, &asks, NULL), 0);
	pair_run(&p);
	assert_told("ENOBUFS");
	pair_stop(&p);
}

/* ---- A full ring ------------------------------------------------------------------------------------------------ */

static unsigned missing;

static void on_missing(struct rill_find *find, int result, struct rill_msg *msg, void *user)
{
	(void)find, (void)msg, (void)user;
	assert_int_equal(result, -ENOENT);
	missing++;
}

/* Finds whose answers nobody reads, until the owner has no room to say anything. How many. */
static unsigned stuff(void)
{
	struct rill_stats stats = {.size = sizeof(stats)};
	unsigned asked = 0;

	missing = 0;
	while (!stats.again) {
		for (unsigned i = 0; i < 100; i++)
			assert_int_equal(rill_names_find(NULL, names, "none", 0, on_missing, NULL), 0);
		asked += 100;
		end_run(&p.a);
		assert_int_equal(rill_channel_stats(p.a.ch, &stats), 0);
	}
	return asked;
}

/* What the owner had to say to a reader that closed, and could not: a change (i even) or the end. Who asks next under its
 * index, for what is there or is waited for (i > 1), hears nothing of it; and the owner's flush has an end. */
static void who_asks_next_is_told_nothing_of_who_asked_before(void **state)
{
	struct rill_cell *other, *later;
	struct rill_cell_reader *r;
	unsigned asked;

	(void)state;
	for (int i = 0; i < 4; i++) {
		start(0);
		assert_int_equal(rill_cell_create(&other, directory, "other", arena, NULL, NULL, NULL), 0);
		assert_int_equal(rill_cell_write(other, "o", 2), 0);
		r = reader_of(&asks);
		assert_told("opened");
		asked = stuff();
		if (i & 1)
			rill_cell_destroy(cell);
		else
			assert_int_equal(publish("x"), 0);
		end_run(&p.a);
		rill_cell_reader_close(r);
		if (i & 2)
			assert_int_equal(rill_cell_reader_open(&r, names, "later", RILL_FIND_WAIT, &asks, NULL), 0);
		else
			assert_int_equal(rill_cell_reader_open(&r, names, "other", 0, &asks, NULL), 0);
		end_run(&p.a);
		pair_run(&p);
		assert_int_equal(missing, asked);
		assert_told(i & 2 ? "" : "opened");
		assert_int_equal(rill_cell_create(&later, directory, "later", arena, NULL, NULL, NULL), 0);
		pair_run(&p);
		assert_told(i & 2 ? "opened" : "");
		assert_int_equal(rill_cell_write(i & 2 ? later : other, "n", 2), 0);
		pair_run(&p);
		assert_told("changed");
		assert_reads(r, "n", i & 2 ? 1 : 2);
		pair_stop(&p);
	}
}

static void a_change_and_the_end_that_met_a_full_ring_are_both_told(void **state)
{
	unsigned asked;

	(void)state;
	start(0);
	reader_of(&asks);
	assert_told("opened");
	asked = stuff();
	assert_int_equal(publish("x"), 0);
	rill_cell_destroy(cell);
	pair_run(&p);
	assert_int_equal(missing, asked);
	assert_told("changed closed");
	pair_stop(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_reader_sees_the_newest_version_and_keeps_it),
		T(what_nobody_reads_is_freed_at_once),
		T(a_slow_reader_makes_publish_try_again_and_its_end_is_told),
		T(a_version_is_free_once_all_its_readers_are_through),
		T(changes_are_told_once_however_many),
		T(who_did_not_ask_is_not_told),
		T(a_cell_may_be_waited_for),
		T(a_destroyed_cell_waits_for_its_readers),
		T(a_dead_readers_marks_end_with_its_session),
		T(a_session_that_the_owner_aborts_holds_nothing),
		T(patience_takes_a_version_away_and_says_so),
		T(a_busy_reader_never_holds_back),
		T(closing_the_finders_side_gives_all_back),
		T(destroying_the_owners_side_ends_readers),
		T(wrong_arguments_change_nothing),
		T(hundreds_of_cells_are_a_blackboard),
		T(a_mark_that_stands_holds_at_most_the_versions),
		T(a_mark_that_moves_holds_nothing_old),
		T(no_value_of_a_mark_does_harm),
		T(messages_of_no_effect_do_no_harm),
		T(a_block_that_is_no_cell_is_refused),
		T(whatever_the_owner_writes_no_byte_outside_the_arena_is_given),
		T(a_directory_that_lies_ends_its_session),
		T(nothing_is_told_of_a_cell_after_its_end),
		T(a_cell_whose_arena_is_one_too_many_is_enobufs),
		T(who_asks_next_is_told_nothing_of_who_asked_before),
		T(a_change_and_the_end_that_met_a_full_ring_are_both_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
