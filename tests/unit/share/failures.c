/* tests/unit/share/failures.c - what cannot be had: memory, a place for our marks; messages of any bytes; a forked child. */
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

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

static struct pair p;
static struct rill_arena *arena;
static struct rill_directory *directory;
static unsigned finds, ends, opened, closed;
static int why;

static const struct rill_object_type type = {.size = sizeof(type), .tag = 7, .version = 1};

static void serve(struct end *e, const char *event, struct rill_channel *ch)
{
	if (strcmp(event, "offer") == 0)
		e->answer = rill_directory_serve(directory, ch);
}

static void start(unsigned arenas)
{
	struct pair_options o = {.a = {.arena_bytes = MIB, .arenas = arenas, .channels = 4},
	                         .b = {.arena_bytes = MIB, .channels = 4}};
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB / 4};

	finds = ends = opened = closed = 0;
	directory = NULL;
	pair_open(&p, &o);
	p.a.hook = serve;
	assert_int_equal(rill_arena_create(&arena, p.a.ctx, &ao), 0);
}

static void on_found(struct rill_find *find, int result, struct rill_msg *msg, void *user)
{
	(void)find, (void)user;
	why = result;
	ends++;
	rill_msg_release(msg);
}

static void on_opened(struct rill_cell_reader *r, void *user)
{
	(void)r, (void)user;
	opened++;
}

static void on_closed(struct rill_cell_reader *r, int reason, void *user)
{
	(void)r, (void)user;
	why = reason;
	closed++;
}

static const struct rill_cell_reader_events events = {.size = sizeof(events),
                                                      .opened = on_opened,
                                                      .changed = on_opened,
                                                      .closed = on_closed};

/* As pair_run(), without a heap: what is refused is ours. */
static bool step(struct end *e)
{
	struct pollfd fds[8];
	size_t n = rill_ctx_pollfds(e->ctx, fds, 8);
	bool any = false;

	poll(fds, n, 0);
	for (size_t i = 0; i < n; i++) {
		any |= fds[i].revents != 0;
		if (fds[i].revents)
			rill_ctx_dispatch_fd(e->ctx, fds[i].fd);
	}
	if (rill_ctx_timeout_ms(e->ctx) != 0)
		return any;
	rill_ctx_dispatch(e->ctx, NULL);
	return true;
}

static void run(void)
{
	while ((int)step(&p.a) | (int)step(&p.b))
		;
}

/* What a program does; each step may fail, and the next then does without it. */
static void everything(void)
{
	struct rill_cell_reader *r = NULL;
	struct rill_cell_view view;
	struct rill_names *names;
	struct rill_cell *cell = NULL;
	unsigned readers = 0;
	void *object;

	if (rill_directory_create(&directory, p.a.ctx, NULL) < 0)
		return;
	object = rill_object_create(arena, &type, 8, NULL);
	if (object && rill_directory_publish(directory, "o", arena, object) == 0)
		rill_arena_free(arena, object);
	(void)rill_cell_create(&cell, directory, "c", arena, NULL, NULL, NULL);
	if (rill_names_open(&names, p.b.s, NULL) < 0)
		return;
	finds += rill_names_find(NULL, names, "o", 0, on_found, NULL) == 0;
	finds += rill_names_find(NULL, names, "later", RILL_FIND_WAIT, on_found, NULL) == 0;
	readers += rill_cell_reader_open(&r, names, "c", 0, &events, NULL) == 0;
	run();
	for (int i = 0; cell && i < 3; i++)
		(void)(rill_cell_write(cell, "x", 1) == 0);
	run();
	if (r && rill_cell_read(r, &view) == 0)
		assert_int_equal(rill_cell_done(r), 0);
	if (rill_session_status(p.b.s) == 1 && rill_session_status(p.a.s) == 1)
		assert_true(readers == (opened > 0) + closed);
}

static void no_allocation_that_fails_does_harm(void **state)
{
	uint64_t before;

	(void)state;
	for (uint64_t n = 1, more = 1; more; n++) {
		start(0);
		before = allocs_refused();
		allocs_refuse(n);
		everything();
		more = allocs_refused() - before;
		allocs_refuse(0);
		pair_stop(&p); /* ends what waits */
		assert_int_equal(ends, finds);
	}
}

static void marks_that_cannot_be_lent_end_the_reader_and_no_other(void **state)
{
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB};
	struct rill_cell_reader *r;
	struct rill_arena *other;
	struct rill_names *names;
	struct rill_cell *cell;
	struct rill_loan loan = {.len = 8};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};

	(void)state;
	start(1); /* the owner maps one arena of ours, */
	assert_int_equal(rill_directory_create(&directory, p.a.ctx, NULL), 0);
	assert_int_equal(rill_cell_create(&cell, directory, "c", arena, NULL, NULL, NULL), 0);
	assert_int_equal(rill_names_open(&names, p.b.s, NULL), 0);
	assert_int_equal(rill_arena_create(&other, p.b.ctx, &ao), 0);
	loan.arena = other;
	loan.data = rill_arena_alloc(other, 8);
	pair_run(&p);
	p.a.hook = NULL;
	end_open(&p.b, "uses it up");
	assert_int_equal(rill_channel_sendmsg(p.b.ch, &out), 0); /* and it is this one */
	pair_run(&p);
	assert_int_equal(rill_cell_reader_open(&r, names, "c", 0, &events, NULL), 0);
	assert_int_equal(closed, 0);
	pair_run(&p);
	assert_int_equal(closed, 1);
	assert_int_equal(why, -ENOBUFS);
	rill_cell_reader_close(r);
	assert_int_equal(rill_names_find(NULL, names, "nothing", 0, on_found, NULL), 0);
	pair_run(&p);
	assert_int_equal(why, -ENOENT);
	pair_stop(&p);
}

/* Either side's service is fed with anything. Its session may end of it, and nothing else may happen. */
static void no_message_does_harm(void **state)
{
	uint64_t seed = rounds_seed();
	unsigned rounds = rounds_of(50, 400, 3000), ended = 0;

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		uint32_t version = 1;
		struct rill_channel_options o = {.size = sizeof(o), .metadata = &version, .metadata_len = sizeof(version)};
		struct rill_cell_reader *r;
		struct rill_names *names;
		struct rill_channel *raw;
		struct rill_cell *cell;

		start(0);
		assert_int_equal(rill_directory_create(&directory, p.a.ctx, NULL), 0);
		assert_int_equal(rill_cell_create(&cell, directory, "c", arena, NULL, NULL, NULL), 0);
		if (i & 1) {
			assert_int_equal(rill_channel_open(&raw, p.b.s, "rill.directory", &o, NULL, NULL), 0);
		} else {
			p.a.hook = NULL;
			assert_int_equal(rill_names_open(&names, p.b.s, NULL), 0);
			assert_int_equal(rill_cell_reader_open(&r, names, "c", 0, &events, NULL), 0);
			assert_int_equal(rill_names_find(NULL, names, "o", 0, on_found, NULL), 0);
			pair_run(&p);
			raw = p.a.ch;
		}
		for (unsigned n = 0; n < 20; n++) {
			uint64_t x = rounds_random(&seed), words[4];
			struct rill_loan loan = {.arena = (i & 1) ? NULL : arena, .len = 64 + (x & 255)};
			struct iovec part = {.iov_base = words, .iov_len = x >> 8 & 1 ? 16 + (x >> 9 & 15) : x >> 9 & 31};
			struct rill_out out = {.size = sizeof(out), .parts = &part, .part_count = 1};

			loan.data = rill_arena_alloc(arena, loan.len);
			if (loan.data)
				memset((void *)(uintptr_t)loan.data, (int)(x >> 14 & 3), loan.len);
			words[0] = (x >> 16 & 1 ? 1 + (x >> 17 & 3) : 17 + (x >> 17 & 3)) | (x >> 20 & 3) << 32;
			words[1] = (1 + (x >> 24 & 1)) << 32 | (x >> 25 & 3);
			words[2] = words[3] = UINT64_C(0x6363636363636363);
			if (x >> 30 & 1)
				part.iov_len = 0, out.tag = words[1];
			if (x >> 31 & 1 && loan.data && loan.arena)
				out.loans = &loan, out.loan_count = 1;
			if (rill_channel_sendmsg(raw, &out) < 0)
				break;
			pair_run(&p);
		}
		ended += rill_session_status(p.a.s) != 1;
		pair_stop(&p);
	}
	assert_true(ended > rounds / 10 && ended <= rounds);
}

static struct rill_names *inherited;
static struct rill_cell_reader *inherited_reader;
static struct rill_cell *inherited_cell;

static int in_a_child(struct child *self, void *arg)
{
	struct rill_cell_view view;

	(void)self, (void)arg;
	CHILD_CHECK(rill_cell_read(inherited_reader, &view) == -ECHILD);
	CHILD_CHECK(rill_cell_done(inherited_reader) == -ECHILD);
	CHILD_CHECK(rill_names_find(NULL, inherited, "o", 0, on_found, NULL) == -ECHILD);
	CHILD_CHECK(rill_cell_write(inherited_cell, "x", 1) == -ECHILD);
	CHILD_CHECK(rill_directory_withdraw(directory, "o") == -ECHILD);
	rill_cell_reader_close(inherited_reader);
	rill_names_close(inherited);
	rill_cell_destroy(inherited_cell);
	rill_directory_destroy(directory);
	rill_ctx_destroy(p.a.ctx);
	rill_ctx_destroy(p.b.ctx);
	CHILD_CHECK(leaks_mappings() == 0);
	return 0;
}

static void a_forked_child_may_do_nothing_and_breaks_nothing(void **state)
{
	struct rill_cell_view view;
	struct child c;

	(void)state;
	start(0);
	assert_int_equal(rill_directory_create(&directory, p.a.ctx, NULL), 0);
	assert_int_equal(rill_cell_create(&inherited_cell, directory, "c", arena, NULL, NULL, NULL), 0);
	assert_int_equal(rill_cell_write(inherited_cell, "1", 2), 0);
	assert_int_equal(rill_names_open(&inherited, p.b.s, NULL), 0);
	assert_int_equal(rill_cell_reader_open(&inherited_reader, inherited, "c", 0, &events, NULL), 0);
	assert_int_equal(rill_names_find(NULL, inherited, "o", RILL_FIND_WAIT, on_found, NULL), 0);
	pair_run(&p);
	assert_int_equal(rill_cell_read(inherited_reader, &view), 0);
	assert_int_equal(rill_cell_write(inherited_cell, "2", 2), 0);
	assert_int_equal(child_start(&c, in_a_child, NULL), 0);
	assert_int_equal(child_wait(&c, 30000), 0);
	assert_string_equal(view.data, "1"); /* held all the while */
	assert_int_equal(rill_cell_held(inherited_cell), 1);
	assert_int_equal(rill_cell_done(inherited_reader), 0);
	assert_int_equal(rill_cell_read(inherited_reader, &view), 0);
	assert_string_equal(view.data, "2");
	pair_stop(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(no_allocation_that_fails_does_harm),
		T(marks_that_cannot_be_lent_end_the_reader_and_no_other),
		T(no_message_does_harm),
		T(a_forked_child_may_do_nothing_and_breaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
