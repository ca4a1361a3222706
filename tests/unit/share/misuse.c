/* tests/unit/share/misuse.c - directories, cells, readers and objects of nothing, twice, without a place for the answer, after
 * their end: a documented code, and nothing has changed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"
#include "tests/support/pair.h"

#include <errno.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

static struct pair p;
static struct rill_arena *arena;
static struct rill_directory *directory;
static struct rill_names *names;
static struct rill_cell *cell;
static struct rill_find *found_last;

static const struct rill_object_type type = {.size = sizeof(type), .tag = 7, .version = 1};

static void serve(struct end *e, const char *event, struct rill_channel *ch)
{
	if (strcmp(event, "offer") == 0)
		e->answer = rill_directory_serve(directory, ch);
}

static void start(void)
{
	const struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB};

	pair_open(&p, NULL);
	p.a.hook = serve;
	assert_int_equal(rill_arena_create(&arena, p.a.ctx, &ao), 0);
	assert_int_equal(rill_directory_create(&directory, p.a.ctx, NULL), 0);
	assert_int_equal(rill_cell_create(&cell, directory, "cell", arena, NULL, NULL, NULL), 0);
	assert_int_equal(rill_names_open(&names, p.b.s, NULL), 0);
	pair_run(&p);
}

static void on_found(struct rill_find *find, int result, struct rill_msg *msg, void *user)
{
	found_last = find;
	*(int *)user = result;
	rill_msg_release(msg);
}

static void directories_of_nothing_are_refused(void **state)
{
	struct {
		struct rill_directory_options o;
		uint64_t more;
	} later = {.o.size = sizeof(later), .more = 1};
	struct rill_directory *d;
	struct rill_names *n;
	int result = 1;

	(void)state;
	start();
	assert_int_equal(rill_directory_create(NULL, p.a.ctx, NULL), -EINVAL);
	assert_int_equal(rill_directory_create(&d, NULL, NULL), -EINVAL);
	assert_int_equal(rill_directory_create(&d, p.a.ctx, &later.o), -E2BIG);
	assert_int_equal(rill_directory_serve(NULL, p.a.ch), -EINVAL);
	assert_int_equal(rill_directory_serve(directory, NULL), -EINVAL);
	assert_int_equal(rill_directory_publish(NULL, "o", arena, NULL), -EINVAL);
	assert_int_equal(rill_directory_publish(directory, "o", arena, NULL), -EINVAL);
	assert_int_equal(rill_directory_withdraw(NULL, "o"), -EINVAL);
	assert_int_equal(rill_directory_withdraw(directory, "o"), -ENOENT);
	rill_directory_destroy(NULL);
	assert_int_equal(rill_names_open(NULL, p.b.s, NULL), -EINVAL);
	assert_int_equal(rill_names_open(&n, NULL, NULL), -EINVAL);
	assert_int_equal(rill_names_find(NULL, NULL, "o", 0, on_found, &result), -EINVAL);
	assert_int_equal(rill_names_find(NULL, names, NULL, 0, on_found, &result), -EINVAL);
	rill_names_close(NULL);
	rill_find_cancel(NULL);
	pair_run(&p);
	assert_int_equal(result, 1);
	pair_stop(&p);
}

/* A channel that no rill_names_open() made: it does not say which version it speaks. */
static void a_channel_without_a_version_is_refused_and_served_once_only(void **state)
{
	const uint32_t other = 99;
	struct rill_channel_options o = {.size = sizeof(o), .metadata = &other, .metadata_len = sizeof(other)};
	struct rill_channel *ch;

	(void)state;
	start();
	end_told(&p.b);
	end_open(&p.b, "plain");
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "closed plain EPROTONOSUPPORT");
	assert_int_equal(rill_channel_open(&ch, p.b.s, "other", &o, NULL, NULL), 0);
	pair_run(&p);
	assert_int_equal(p.a.answer, -EPROTONOSUPPORT);
	assert_int_equal(rill_channel_open(&ch, p.a.s, "ours", &o, NULL, NULL), 0);
	assert_int_equal(rill_directory_serve(directory, ch), -EPROTONOSUPPORT);
	pair_stop(&p);
}

static void cells_of_nothing_are_refused(void **state)
{
	struct rill_session *s;
	struct rill_cell *c;
	uint64_t ns;
	void *block;

	(void)state;
	start();
	assert_int_equal(rill_cell_create(NULL, directory, "c", arena, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_cell_create(&c, NULL, "c", arena, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_cell_create(&c, directory, NULL, arena, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_cell_publish(NULL, NULL, 0), -EINVAL);
	assert_int_equal(rill_cell_write(NULL, "x", 1), -EINVAL);
	assert_int_equal(rill_cell_held(NULL), 0);
	assert_int_equal(rill_cell_blocker(NULL, &s, &ns), -EINVAL);
	assert_int_equal(rill_cell_blocker(cell, NULL, &ns), -EINVAL);
	assert_int_equal(rill_cell_blocker(cell, &s, NULL), -EINVAL);
	assert_int_equal(rill_cell_blocker(cell, &s, &ns), -ENOENT);
	rill_cell_destroy(NULL);
	assert_int_equal(rill_cell_write(cell, NULL, 0), 0); /* an empty version */
	/* its arena goes: nothing of it is touched any more */
	block = rill_arena_alloc(arena, 8);
	assert_non_null(block);
	rill_arena_destroy(arena);
	pair_run(&p);
	assert_int_equal(rill_cell_write(cell, "x", 1), -ECANCELED);
	assert_int_equal(rill_cell_publish(cell, block, 1), -ECANCELED);
	assert_int_equal(rill_cell_blocker(cell, &s, &ns), -ECANCELED);
	assert_int_equal(rill_cell_create(&c, directory, "c", arena, NULL, NULL, NULL), -EINVAL);
	rill_cell_destroy(cell);
	pair_stop(&p);
}

/* The struct is the user's until he destroys it; what is left goes with the directory. */
static void a_cell_outlives_neither_its_arena_nor_its_directory(void **state)
{
	struct rill_cell_reader *r;
	struct rill_cell_view view;

	(void)state;
	start();
	assert_int_equal(rill_cell_write(cell, "one", 4), 0);
	assert_int_equal(rill_cell_reader_open(&r, names, "cell", 0, NULL, NULL), 0);
	pair_run(&p);
	assert_int_equal(rill_cell_read(r, &view), 0);
	assert_int_equal(rill_cell_write(cell, "two", 4), 0);
	rill_cell_destroy(cell); /* waits for its reader */
	pair_run(&p);
	assert_string_equal(view.data, "one");
	rill_arena_destroy(arena);
	pair_run(&p);
	assert_string_equal(view.data, "one");
	rill_directory_destroy(directory);
	pair_run(&p);
	assert_string_equal(view.data, "one");
	assert_int_equal(rill_cell_done(r), 0);
	rill_cell_reader_close(r);
	pair_stop(&p);
}

/* No place for a third version while a reader holds one; nobody is told of the place that comes. */
static void a_cell_without_events_takes_a_version_when_there_is_a_place(void **state)
{
	const struct rill_cell_options o = {.size = sizeof(o), .versions = 2};
	struct rill_cell_reader *r;
	struct rill_cell_view view;
	struct rill_cell *two;

	(void)state;
	start();
	assert_int_equal(rill_cell_create(&two, directory, "two", arena, &o, NULL, NULL), 0);
	assert_int_equal(rill_cell_write(two, "1", 2), 0);
	assert_int_equal(rill_cell_reader_open(&r, names, "two", 0, NULL, NULL), 0);
	pair_run(&p);
	assert_int_equal(rill_cell_read(r, &view), 0);
	assert_int_equal(rill_cell_write(two, "2", 2), 0);
	assert_int_equal(rill_cell_write(two, "3", 2), -EAGAIN);
	assert_int_equal(rill_cell_write(two, "3", 2), -EAGAIN);
	assert_int_equal(rill_cell_done(r), 0);
	pair_run(&p);
	pair_wait(&p, 5);
	assert_int_equal(rill_cell_write(two, "3", 2), 0);
	pair_stop(&p);
}

static uint64_t clock_now;

static uint64_t now_of(void *clock)
{
	return *(uint64_t *)clock;
}

/* Publish itself looks whether patience is over: it need not wait for a dispatch. */
static void patience_is_over_in_publish_too(void **state)
{
	const struct rill_cell_options o = {.size = sizeof(o), .versions = 2, .patience_ms = 100};
	const struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB};
	struct pair_options po = {.ctx_a = {.now = now_of, .clock = &clock_now}};
	struct rill_cell_reader *r;
	struct rill_cell_view view;
	struct rill_cell *two;

	(void)state;
	clock_now = 1000000000;
	pair_open(&p, &po);
	p.a.hook = serve;
	assert_int_equal(rill_arena_create(&arena, p.a.ctx, &ao), 0);
	assert_int_equal(rill_directory_create(&directory, p.a.ctx, NULL), 0);
	assert_int_equal(rill_cell_create(&two, directory, "two", arena, &o, NULL, NULL), 0);
	assert_int_equal(rill_cell_write(two, "1", 2), 0);
	assert_int_equal(rill_names_open(&names, p.b.s, NULL), 0);
	assert_int_equal(rill_cell_reader_open(&r, names, "two", 0, NULL, NULL), 0);
	pair_run(&p);
	assert_int_equal(rill_cell_read(r, &view), 0);
	assert_int_equal(rill_cell_write(two, "2", 2), 0);
	assert_int_equal(rill_cell_write(two, "3", 2), -EAGAIN);
	clock_now += 50000000;
	assert_int_equal(rill_cell_write(two, "3", 2), -EAGAIN);
	clock_now += 60000000;
	assert_int_equal(rill_cell_write(two, "3", 2), 0);
	assert_int_equal(rill_cell_done(r), -ESTALE);
	pair_run(&p);
	pair_stop(&p);
}

/* Of two that hold one, the one that has for longer. */
static void the_blocker_is_who_holds_for_longest(void **state)
{
	struct rill_cell_reader *r[2];
	struct rill_cell_view view;
	struct rill_session *s = NULL;
	uint64_t ns;
	int e = 0;

	(void)state;
	start();
	assert_int_equal(rill_cell_write(cell, "0", 2), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(rill_cell_reader_open(&r[i], names, "cell", 0, NULL, NULL), 0);
	pair_run(&p);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rill_cell_read(r[i], &view), 0);
		assert_int_equal(rill_cell_write(cell, "n", 2), 0);
		pair_run(&p);
	}
	for (int i = 0; i < 8 && e == 0; i++)
		e = rill_cell_write(cell, "n", 2);
	while (rill_cell_blocker(cell, &s, &ns) == -ENOENT)
		pair_wait(&p, 1);
	assert_ptr_equal(s, p.a.s);
	assert_int_equal(rill_cell_held(cell), 2);
	assert_int_equal(rill_cell_done(r[0]), 0);
	assert_int_equal(rill_cell_done(r[1]), 0);
	pair_run(&p);
	pair_stop(&p);
}

static void readers_of_nothing_are_refused(void **state)
{
	struct rill_mapping m = {.size = sizeof(m)};
	struct rill_cell_reader *r, *late;
	struct rill_cell_view view;

	(void)state;
	start();
	assert_int_equal(rill_cell_reader_open(NULL, names, "cell", 0, NULL, NULL), -EINVAL);
	assert_int_equal(rill_cell_reader_open(&r, NULL, "cell", 0, NULL, NULL), -EINVAL);
	assert_int_equal(rill_cell_reader_open(&r, names, NULL, 0, NULL, NULL), -EINVAL);
	assert_int_equal(rill_cell_read(NULL, &view), -EINVAL);
	assert_int_equal(rill_cell_done(NULL), -EINVAL);
	assert_int_equal(rill_cell_mapping(NULL, &m), -EINVAL);
	rill_cell_reader_close(NULL);
	/* without events: nobody is told, all can be asked */
	assert_int_equal(rill_cell_reader_open(&r, names, "cell", 0, NULL, NULL), 0);
	assert_int_equal(rill_cell_reader_open(&late, names, "none", 0, NULL, NULL), 0);
	assert_int_equal(rill_cell_mapping(r, &m), -EAGAIN);
	assert_int_equal(rill_cell_read(r, &view), -EAGAIN);
	pair_run(&p);
	assert_int_equal(rill_cell_mapping(late, &m), -ENOENT);
	assert_int_equal(rill_cell_read(late, &view), -ENOENT);
	assert_int_equal(rill_cell_read(r, NULL), -EINVAL);
	assert_int_equal(rill_cell_read(r, &view), -ENODATA);
	assert_int_equal(rill_cell_done(r), -EINVAL);
	assert_int_equal(rill_cell_mapping(r, NULL), -EINVAL);
	assert_int_equal(rill_cell_mapping(r, &m), 0);
	assert_int_equal(m.capacity, MIB);
	assert_int_equal(rill_cell_write(cell, "1", 2), 0);
	pair_run(&p);
	assert_int_equal(rill_cell_read(r, &view), 0);
	assert_int_equal(rill_cell_read(r, &view), -EBUSY);
	assert_int_equal(rill_cell_done(r), 0);
	/* the directory goes: what is read then is its end */
	rill_directory_destroy(directory);
	pair_run(&p);
	assert_int_equal(rill_cell_read(r, &view), -EPIPE);
	assert_int_equal(rill_cell_reader_open(&late, names, "cell", 0, NULL, NULL), -EPIPE);
	assert_int_equal(rill_names_find(NULL, names, "o", 0, on_found, NULL), -EPIPE);
	rill_cell_reader_close(r);
	pair_stop(&p);
}

static void a_find_is_cancelled_once_and_never_after_its_end(void **state)
{
	struct rill_find *f;
	int result = 1;

	(void)state;
	start();
	assert_int_equal(rill_names_find(&f, names, "o", RILL_FIND_WAIT, on_found, &result), 0);
	rill_find_cancel(f);
	pair_run(&p);
	assert_int_equal(result, 1);
	assert_int_equal(rill_names_find(&f, names, "o", 0, on_found, &result), 0);
	pair_run(&p);
	assert_int_equal(result, -ENOENT);
	assert_ptr_equal(found_last, f);
	assert_int_equal(rill_names_find(&f, names, "o", RILL_FIND_WAIT, on_found, &result), 0);
	rill_names_close(names);
	pair_run(&p);
	assert_int_equal(result, -ENOENT);
	pair_stop(&p);
}

static void objects_of_nothing_are_refused(void **state)
{
	struct rill_object_type no_size = {.tag = 7, .version = 1};
	struct rill_loan loan;
	struct rill_object o;
	char *object, plain[64] = "";

	(void)state;
	start();
	assert_null(rill_object_create(NULL, &type, 8, NULL));
	assert_null(rill_object_create(arena, NULL, 8, NULL));
	assert_null(rill_object_create(arena, &no_size, 8, NULL));
	assert_null(rill_object_create(arena, &type, SIZE_MAX, NULL));
	assert_null(rill_object_create(arena, &type, 2 * MIB, NULL));
	object = rill_object_create(arena, &type, 8, NULL);
	assert_int_equal(rill_object_loan(NULL, object, &loan), -EINVAL);
	assert_int_equal(rill_object_loan(arena, NULL, &loan), -EINVAL);
	assert_int_equal(rill_object_loan(arena, object, NULL), -EINVAL);
	assert_int_equal(rill_object_loan(arena, plain, &loan), -EINVAL);
	assert_int_equal(rill_object_loan(arena, object, &loan), 0);
	assert_true(rill_object_look(NULL, 64, &o) < 0);
	assert_true(rill_object_look(loan.data, loan.len, NULL) < 0);
	assert_int_equal(rill_object_look(plain, sizeof(plain), &o), -EBADMSG);
	assert_int_equal(rill_object_look(plain, 8, &o), -EBADMSG);
	assert_int_equal(rill_object_open(loan.data, loan.len, NULL, &o), -EINVAL);
	assert_int_equal(rill_object_open(loan.data, loan.len, &type, NULL), -EINVAL);
	assert_int_equal(rill_object_open(loan.data, loan.len, &no_size, &o), -EINVAL);
	assert_int_equal(rill_object_open(loan.data, loan.len, &type, &o), 0);
	pair_stop(&p);
}

/* Whoever reads nothing blocks nobody; of those who do it is who began first, not who came first. */
static void who_holds_nothing_is_no_blocker(void **state)
{
	struct pair_options po = {.ctx_a = {.now = now_of, .clock = &clock_now}};
	const struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB};
	struct rill_cell_reader *r[2];
	struct rill_cell_view view;
	struct rill_session *s = NULL;
	struct rill_cell *twice;
	uint64_t ns;

	(void)state;
	clock_now = 1000000000;
	pair_open(&p, &po);
	p.a.hook = serve;
	assert_int_equal(rill_arena_create(&arena, p.a.ctx, &ao), 0);
	assert_int_equal(rill_directory_create(&directory, p.a.ctx, NULL), 0);
	assert_int_equal(rill_cell_create(&cell, directory, "cell", arena, NULL, NULL, NULL), 0);
	assert_int_equal(rill_cell_create(&twice, directory, "cell", arena, NULL, NULL, NULL), -EEXIST);
	assert_int_equal(rill_names_open(&names, p.b.s, NULL), 0);
	assert_int_equal(rill_cell_write(cell, "0", 2), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(rill_cell_reader_open(&r[i], names, "cell", 0, NULL, NULL), 0);
	pair_run(&p);
	assert_int_equal(rill_cell_blocker(cell, &s, &ns), -ENOENT);
	for (int i = 1; i >= 0; i--) {
		assert_int_equal(rill_cell_read(r[i], &view), 0);
		assert_int_equal(rill_cell_write(cell, "n", 2), 0);
		clock_now += 1000;
	}
	assert_int_equal(rill_cell_blocker(cell, &s, &ns), 0);
	assert_ptr_equal(s, p.a.s);
	assert_int_equal(ns, 2000);
	for (int i = 0; i < 2; i++)
		assert_int_equal(rill_cell_done(r[i]), 0);
	pair_run(&p);
	pair_stop(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(directories_of_nothing_are_refused),
		T(a_channel_without_a_version_is_refused_and_served_once_only),
		T(cells_of_nothing_are_refused),
		T(a_cell_outlives_neither_its_arena_nor_its_directory),
		T(a_cell_without_events_takes_a_version_when_there_is_a_place),
		T(patience_is_over_in_publish_too),
		T(the_blocker_is_who_holds_for_longest),
		T(who_holds_nothing_is_no_blocker),
		T(readers_of_nothing_are_refused),
		T(a_find_is_cancelled_once_and_never_after_its_end),
		T(objects_of_nothing_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
