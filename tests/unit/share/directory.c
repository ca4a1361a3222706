/* tests/unit/share/directory.c - names: what is published is found, now or later, and each find has one end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "share/share.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

static struct pair p;
static struct rill_arena *arena;
static struct rill_directory *directory;
static struct rill_names *names;
static unsigned ended;

/* One find and its ends. */
struct ask {
	struct rill_find *find;
	unsigned ends;
	int result;
	struct rill_msg msg;
	bool closes_names, closes_session, destroys_ctx;
};

static void on_ended(void *object, void *user)
{
	(void)object, (void)user;
	ended++;
}

static const struct rill_object_type type = {.size = sizeof(type), .tag = 7, .version = 1, .destructor = on_ended};

static void on_found(struct rill_find *find, int result, struct rill_msg *msg, void *user)
{
	struct ask *ask = user;

	assert_ptr_equal(find, ask->find);
	ask->ends++;
	ask->result = result;
	assert_true((result == 0) == (msg != NULL));
	if (msg)
		ask->msg = *msg;
	rill_find_cancel(find); /* over: nothing happens */
	if (ask->closes_names)
		rill_names_close(names);
	if (ask->closes_session)
		rill_session_close(p.b.s);
	if (ask->destroys_ctx)
		rill_ctx_destroy(p.b.ctx);
}

/* b finds at a. */
static void serve(struct end *e, const char *event, struct rill_channel *ch)
{
	if (strcmp(event, "offer") == 0)
		e->answer = rill_directory_serve(directory, ch);
}

static void start(const struct pair_options *o)
{
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = 16 * MIB};

	pair_open(&p, o);
	p.a.hook = serve;
	assert_int_equal(rill_arena_create(&arena, p.a.ctx, &ao), 0);
	assert_int_equal(rill_directory_create(&directory, p.a.ctx, NULL), 0);
	assert_int_equal(rill_names_open(&names, p.b.s, NULL), 0);
	pair_run(&p);
	ended = 0;
}

static void publish(const char *name, const char *text)
{
	char *object = rill_object_create(arena, &type, strlen(text) + 1, NULL);

	assert_non_null(object);
	strcpy(object, text);
	assert_int_equal(rill_directory_publish(directory, name, arena, object), 0);
	rill_arena_free(arena, object); /* the name holds it */
}

static void ask_for(struct ask *ask, const char *name, unsigned flags)
{
	memset(ask, 0, sizeof(*ask));
	assert_int_equal(rill_names_find(&ask->find, names, name, flags, on_found, ask), 0);
}

static void assert_found(struct ask *ask, const char *text)
{
	struct rill_object o;
	const void *data;
	size_t len;

	assert_int_equal(ask->ends, 1);
	assert_int_equal(ask->result, 0);
	assert_int_equal(rill_msg_loan(&ask->msg, 0, &data, &len), 0);
	assert_int_equal(rill_object_open(data, len, &type, &o), 0);
	assert_string_equal(o.data, text);
}

static void assert_ended(const struct ask *ask, int result)
{
	assert_int_equal(ask->ends, 1);
	assert_int_equal(ask->result, result);
}

static void a_name_is_found_from_then_on(void **state)
{
	struct ask ask, again;

	(void)state;
	start(NULL);
	publish("config", "one");
	ask_for(&ask, "config", 0);
	ask_for(&again, "config", RILL_FIND_WAIT);
	assert_int_equal(ask.ends, 0); /* told from a dispatch, never inside the call */
	pair_run(&p);
	assert_found(&ask, "one");
	assert_found(&again, "one");
	rill_msg_release(&ask.msg);
	rill_msg_release(&again.msg);
	pair_stop(&p);
}

static void a_name_that_is_not_there_is_told_or_waited_for(void **state)
{
	struct ask now, later, other;

	(void)state;
	start(NULL);
	ask_for(&now, "config", 0);
	ask_for(&later, "config", RILL_FIND_WAIT);
	ask_for(&other, "confit", RILL_FIND_WAIT);
	pair_run(&p);
	assert_ended(&now, -ENOENT);
	assert_int_equal(later.ends, 0);
	publish("config", "two");
	pair_run(&p);
	assert_found(&later, "two");
	assert_int_equal(other.ends, 0);
	rill_msg_release(&later.msg);
	pair_stop(&p);
	assert_ended(&other, -EPIPE);
}

static void a_cancelled_find_is_not_told(void **state)
{
	struct ask unsent, waiting, answered;

	(void)state;
	start(NULL);
	ask_for(&unsent, "a", RILL_FIND_WAIT);
	rill_find_cancel(unsent.find);
	ask_for(&waiting, "b", RILL_FIND_WAIT);
	pair_run(&p);
	rill_find_cancel(waiting.find);
	publish("a", "x");
	publish("b", "x");
	pair_run(&p);
	ask_for(&answered, "a", 0);
	end_run(&p.a); /* the answer, and its loan, are under way */
	rill_find_cancel(answered.find);
	pair_run(&p);
	assert_int_equal(unsent.ends + waiting.ends + answered.ends, 0);
	assert_int_equal(rill_directory_withdraw(directory, "a"), 0);
	assert_int_equal(rill_directory_withdraw(directory, "b"), 0);
	pair_run(&p);
	assert_int_equal(ended, 2); /* no loan was kept by an answer that nobody wanted */
	pair_stop(&p);
}

static void withdrawn_is_not_found_and_what_was_found_stays(void **state)
{
	struct ask ask, late;

	(void)state;
	start(NULL);
	publish("a", "kept");
	ask_for(&ask, "a", 0);
	pair_run(&p);
	assert_int_equal(rill_directory_withdraw(directory, "a"), 0);
	assert_int_equal(rill_directory_withdraw(directory, "a"), -ENOENT);
	ask_for(&late, "a", 0);
	pair_run(&p);
	assert_ended(&late, -ENOENT);
	assert_found(&ask, "kept");
	assert_int_equal(ended, 0);
	rill_msg_release(&ask.msg);
	pair_run(&p);
	assert_int_equal(ended, 1);
	publish("a", "new");
	ask_for(&late, "a", 0);
	pair_run(&p);
	assert_found(&late, "new");
	rill_msg_release(&late.msg);
	pair_stop(&p);
}

static void every_find_ends_once_with_the_session(void **state)
{
	struct ask a[3];

	(void)state;
	start(NULL);
	for (unsigned i = 0; i < 3; i++)
		ask_for(&a[i], "never", RILL_FIND_WAIT);
	pair_run(&p);
	end_die(&p.a);
	pair_run(&p);
	for (unsigned i = 0; i < 3; i++)
		assert_ended(&a[i], -ECONNRESET);
	assert_int_equal(rill_names_find(NULL, names, "x", 0, on_found, &a[0]), -ECONNRESET);
	pair_stop(&p);
}

static void a_destroyed_directory_ends_finds_in_order(void **state)
{
	struct ask ask;

	(void)state;
	start(NULL);
	publish("a", "x");
	ask_for(&ask, "never", RILL_FIND_WAIT);
	pair_run(&p);
	rill_directory_destroy(directory);
	pair_run(&p);
	assert_ended(&ask, -EPIPE);
	assert_int_equal(ended, 1);
	pair_stop(&p);
}

static void a_peer_without_a_directory_ends_finds_with_its_refusal(void **state)
{
	struct ask ask;

	(void)state;
	pair_open(&p, NULL);
	p.a.answer = -EOPNOTSUPP;
	assert_int_equal(rill_names_open(&names, p.b.s, NULL), 0);
	ask_for(&ask, "a", RILL_FIND_WAIT);
	pair_run(&p);
	assert_ended(&ask, -EOPNOTSUPP);
	rill_names_close(names);
	rill_names_close(NULL);
	pair_stop(&p);
}

static void found_may_close_anything(void **state)
{
	struct ask ask, second;

	(void)state;
	for (int i = 0; i < 3; i++) {
		start(NULL);
		publish("a", "x");
		ask_for(&ask, "a", 0);
		ask_for(&second, "a", 0);
		ask.closes_names = i == 0;
		ask.closes_session = i == 1;
		ask.destroys_ctx = i == 2;
		pair_run(&p);
		if (i == 1)
			p.b.s = NULL;
		assert_found(&ask, "x");
		assert_int_equal(second.ends, 0);
		rill_msg_release(&ask.msg);
		pair_stop(&p);
	}
}

static void wrong_arguments_change_nothing(void **state)
{
	char longest[RILL_NAME_MAX + 2], *object;
	struct rill_directory_options dop = {.size = sizeof(dop), .finds = 1000001};
	struct rill_names_options nop = {.size = sizeof(nop), .finds = 1000001};
	struct rill_directory *d;
	struct rill_names *n;
	struct ask ask;

	(void)state;
	start(NULL);
	memset(longest, 'n', sizeof(longest));
	longest[RILL_NAME_MAX + 1] = 0;
	object = rill_object_create(arena, &type, 8, NULL);
	assert_int_equal(rill_directory_publish(directory, "", arena, object), -ENAMETOOLONG);
	assert_int_equal(rill_directory_publish(directory, longest, arena, object), -ENAMETOOLONG);
	assert_int_equal(rill_directory_publish(directory, "a", arena, object + 1), -EINVAL);
	assert_int_equal(rill_directory_publish(directory, "a", NULL, object), -EINVAL);
	assert_int_equal(rill_directory_publish(directory, NULL, arena, object), -EINVAL);
	assert_int_equal(rill_directory_withdraw(directory, NULL), -EINVAL);
	assert_int_equal(rill_directory_publish(directory, longest + 1, arena, object), 0);
	assert_int_equal(rill_directory_publish(directory, longest + 1, arena, object), -EEXIST);
	assert_int_equal(rill_names_find(NULL, names, longest, 0, on_found, &ask), -ENAMETOOLONG);
	assert_int_equal(rill_names_find(NULL, names, "a", 2, on_found, &ask), -EINVAL);
	assert_int_equal(rill_names_find(NULL, names, "a", 0, NULL, &ask), -EINVAL);
	assert_int_equal(rill_directory_create(&d, p.a.ctx, &dop), -EINVAL);
	assert_int_equal(rill_names_open(&n, p.b.s, &nop), -EINVAL);
	ask_for(&ask, longest + 1, 0);
	pair_run(&p);
	assert_int_equal(ask.result, 0);
	rill_msg_release(&ask.msg);
	pair_stop(&p);
}

/* More answers than the ring takes, and more loans than the finder may hold: none is lost. */
static void answers_wait_for_room(void **state)
{
	struct pair_options o = {.a.ring_bytes = 1024, .b = {.ring_bytes = 1024, .loans = 8}};
	static struct ask ask[200];
	unsigned told = 0;

	(void)state;
	start(&o);
	publish("a", "x");
	for (unsigned i = 0; i < 200; i++)
		ask_for(&ask[i], "a", 0);
	while (told < 200) {
		unsigned before = told;

		pair_run(&p);
		for (unsigned i = 0; i < 200; i++) {
			if (ask[i].ends && ask[i].msg.data) {
				assert_found(&ask[i], "x");
				rill_msg_release(&ask[i].msg);
				told++;
			}
		}
		assert_true(told > before);
	}
	pair_stop(&p);
}

static void limits_on_finds_are_told(void **state)
{
	struct rill_directory_options o = {.size = sizeof(o), .finds = 2};
	struct rill_names_options no = {.size = sizeof(no), .finds = 3};
	struct ask ask[4];

	(void)state;
	pair_open(&p, NULL);
	p.a.hook = serve;
	assert_int_equal(rill_directory_create(&directory, p.a.ctx, &o), 0);
	assert_int_equal(rill_names_open(&names, p.b.s, &no), 0);
	for (unsigned i = 0; i < 3; i++)
		ask_for(&ask[i], "a", RILL_FIND_WAIT);
	assert_int_equal(rill_names_find(NULL, names, "a", 0, on_found, &ask[3]), -ENOBUFS); /* ours */
	pair_run(&p);
	assert_int_equal(ask[0].ends + ask[1].ends, 0);
	assert_ended(&ask[2], -ENOBUFS); /* the directory's */
	rill_find_cancel(ask[1].find);
	ask_for(&ask[3], "a", 0); /* an index is used again */
	pair_run(&p);
	pair_stop(&p);
}

static void one_object_under_two_names_lives_as_long_as_either(void **state)
{
	char *object;

	(void)state;
	start(NULL);
	object = rill_object_create(arena, &type, 8, NULL);
	assert_int_equal(rill_directory_publish(directory, "a", arena, object), 0);
	assert_int_equal(rill_directory_publish(directory, "b", arena, object), 0);
	rill_arena_free(arena, object);
	assert_int_equal(rill_directory_withdraw(directory, "a"), 0);
	pair_run(&p);
	assert_int_equal(ended, 0);
	assert_int_equal(rill_directory_withdraw(directory, "b"), 0);
	pair_run(&p);
	assert_int_equal(ended, 1);
	pair_stop(&p);
}

static void a_destroyed_arena_takes_its_objects_along(void **state)
{
	struct ask ask;

	(void)state;
	start(NULL);
	publish("a", "x");
	rill_arena_destroy(arena);
	ask_for(&ask, "a", 0);
	pair_run(&p);
	assert_ended(&ask, -ENOENT);
	assert_int_equal(rill_directory_withdraw(directory, "a"), 0);
	pair_stop(&p);
}

static void many_names_are_kept_apart(void **state)
{
	static struct ask ask[1000];
	char name[32];

	(void)state;
	start(NULL);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "name %u", i);
		ask_for(&ask[i], name, i & 1 ? RILL_FIND_WAIT : 0);
		if (i % 3 == 0)
			publish(name, name);
	}
	pair_run(&p);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "name %u", i);
		if (i % 3 == 0)
			assert_found(&ask[i], name);
		else
			assert_int_equal(ask[i].ends, !(i & 1));
		if (i % 3 == 0)
			rill_msg_release(&ask[i].msg);
	}
	pair_stop(&p);
}

/* ---- A finder that does not keep to the protocol --------------------------------------------------------------- */

struct word {
	uint32_t kind, arg;
	uint64_t id;
	char name[8];
};

static struct rill_channel *raw(void)
{
	uint32_t version = 1;
	struct rill_channel_options o = {.size = sizeof(o), .metadata = &version, .metadata_len = sizeof(version)};
	struct rill_channel *ch;

	assert_int_equal(rill_channel_open(&ch, p.b.s, "rill.directory", &o, NULL, NULL), 0);
	return ch;
}

static void violates(const void *data, size_t len, uint64_t tag, bool loan, bool repeat)
{
	struct rill_arena *own;
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB};
	struct rill_loan l = {.len = 4096};
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	struct rill_out out = {
		.size = sizeof(out), .tag = tag, .parts = &part, .part_count = 1, .loans = &l, .loan_count = loan};
	struct rill_channel *ch;

	start(NULL);
	assert_int_equal(rill_arena_create(&own, p.b.ctx, &ao), 0);
	l.arena = own;
	l.data = rill_arena_alloc(own, l.len);
	ch = raw();
	for (int i = 0; i <= repeat; i++)
		assert_int_equal(rill_channel_sendmsg(ch, &out), 0);
	pair_run(&p);
	assert_int_equal(rill_session_status(p.a.s), -EPROTO);
	assert_true(strncmp(rill_session_why(p.a.s), "directory: ", 11) == 0);
	pair_stop(&p);
}

static void a_finder_that_lies_ends_its_session(void **state)
{
	const struct word find = {.kind = 1, .arg = 1 | 0x100, .id = 1, .name = "never"}, none = {.kind = 99, .id = 1};
	const struct word unmarked = {.kind = 1, .arg = 2, .id = 5, .name = "a"};
	const struct word zero = {.kind = 1, .arg = 1, .id = 1, .name = "a\0b"};
	const struct word odd = {.kind = 1, .arg = 7, .id = 1, .name = "a"}, no_id = {.kind = 2};
	const struct word flags = {.kind = 1, .arg = 0x1001, .id = 1, .name = "a"};
	static char long_one[400] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

	(void)state;
	violates("", 0, 0, false, false);
	violates(&find, 15, 0, false, false);
	violates(&find, 16, 0, false, false); /* no name */
	violates(&none, 16, 0, false, false);
	violates(&no_id, 16, 0, false, false);
	violates(&zero, 19, 0, false, false);
	violates(&odd, 17, 0, false, false);
	violates(&flags, 17, 0, false, false);
	violates(&find, 21, 0, false, true); /* an index in use */
	violates(&unmarked, 17, 0, false, false);
	violates("", 0, 1, false, false); /* marks without a loan */
	violates("", 0, 1, true, true);   /* told twice */
	violates(long_one, sizeof(long_one), 0, false, false);
}

static void what_is_no_such_channel_is_not_served(void **state)
{
	struct rill_channel *ch;

	(void)state;
	start(NULL);
	assert_int_equal(rill_channel_open(&ch, p.b.s, "rill.directory", NULL, NULL, NULL), 0);
	pair_run(&p);
	assert_int_equal(p.a.answer, -EPROTONOSUPPORT);
	p.a.answer = 0;
	p.a.hook = NULL;
	pair_channel(&p, "c");
	assert_int_equal(rill_directory_serve(directory, p.a.ch), -EPROTONOSUPPORT);
	assert_int_equal(rill_directory_serve(directory, p.b.ch), -EINVAL); /* another ctx */
	assert_int_equal(rill_directory_serve(NULL, p.a.ch), -EINVAL);
	pair_stop(&p);
}

/* Loans by hand, of len bytes each, `at` behind their block's begin, told as the marks of the indexes that `tag` says;
 * then a find. What became of the session. */
static int told_marks(size_t at, size_t len, unsigned count, uint64_t tag, const struct word *find)
{
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB};
	struct rill_loan l[2] = {{.len = len}, {.len = len}};
	struct rill_out out = {.size = sizeof(out), .tag = tag, .loans = l, .loan_count = count};
	struct rill_channel *ch;
	int e;

	start(NULL);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(rill_arena_create(&l[i].arena, p.b.ctx, &ao), 0);
		l[i].data = (char *)rill_arena_alloc(l[i].arena, 16384) + at;
	}
	ch = raw();
	assert_int_equal(rill_channel_sendmsg(ch, &out), 0);
	pair_run(&p);
	if (find && rill_session_status(p.a.s) == 1)
		assert_int_equal(rill_channel_send(ch, find, 17), 0);
	pair_run(&p);
	e = rill_session_status(p.a.s);
	pair_stop(&p);
	return e;
}

static void marks_are_one_loan_that_holds_them(void **state)
{
	const struct word first = {.kind = 1, .arg = 2, .id = UINT64_C(1) << 32, .name = "a"};
	const struct word later = {.kind = 1, .arg = 2, .id = UINT64_C(1) << 32 | 256, .name = "a"};

	(void)state;
	assert_int_equal(told_marks(0, 4096, 1, 1, &first), 1);
	assert_int_equal(told_marks(0, 4096, 2, 1, NULL), -EPROTO);
	assert_int_equal(told_marks(0, 4095, 1, 1, NULL), -EPROTO);
	assert_int_equal(told_marks(4, 4096, 1, 1, NULL), -EPROTO);
	assert_int_equal(told_marks(0, 4096, 1, 2, &later), 1);
	assert_int_equal(told_marks(0, 4096, 1, 2, &first), -EPROTO);  /* those of the first indexes were not told */
	assert_int_equal(told_marks(0, 4096, 1, UINT64_MAX, NULL), 1); /* of indexes that are refused anyway */
}

static struct rill_channel *unserved;

static void keep(struct end *e, const char *event, struct rill_channel *ch)
{
	(void)e;
	if (strcmp(event, "offer") == 0)
		unserved = ch;
}

/* A directory by hand that says no: for a reason, for none, for one that no errno is. */
static void a_reason_that_is_none_is_a_broken_protocol(void **state)
{
	static const struct {
		uint32_t said;
		int told;
	} of[] = {{ENOENT, -ENOENT}, {0, -EPROTO}, {4095, -4095}, {4096, -EPROTO}, {UINT32_MAX, -EPROTO}};

	(void)state;
	for (unsigned i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		struct word no = {.kind = 17, .arg = of[i].said, .id = UINT64_C(1) << 32};
		struct ask ask = {.result = 1};

		pair_open(&p, NULL);
		p.a.hook = keep;
		assert_int_equal(rill_names_open(&names, p.b.s, NULL), 0);
		assert_int_equal(rill_names_find(&ask.find, names, "x", 0, on_found, &ask), 0);
		pair_run(&p);
		assert_int_equal(rill_channel_send(unserved, &no, 16), 0);
		pair_run(&p);
		assert_int_equal(ask.ends, 1);
		assert_int_equal(ask.result, of[i].told);
		assert_int_equal(rill_session_status(p.b.s), 1);
		pair_stop(&p);
	}
}

/* That somebody waits for a name does not make it one. */
static void a_name_that_another_waits_for_is_not_there(void **state)
{
	struct ask waits = {.result = 1}, looks = {.result = 1};

	(void)state;
	start(NULL);
	assert_int_equal(rill_names_find(&waits.find, names, "x", RILL_FIND_WAIT, on_found, &waits), 0);
	pair_run(&p);
	assert_int_equal(rill_names_find(&looks.find, names, "x", 0, on_found, &looks), 0);
	pair_run(&p);
	assert_int_equal(looks.ends, 1);
	assert_int_equal(looks.result, -ENOENT);
	assert_int_equal(waits.ends, 0);
	pair_stop(&p);
	assert_int_equal(waits.ends, 1);
}

/* The finder maps one arena only, and has it: what lies in another is there, and cannot be had. */
static void an_object_whose_arena_is_one_too_many_is_enobufs(void **state)
{
	struct pair_options o = {.a = {.arena_bytes = MIB}, .b = {.arena_bytes = MIB, .arenas = 1}};
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB};
	struct rill_arena *other;
	void *object;
	struct ask first = {.result = 1}, second = {.result = 1};

	(void)state;
	start(&o);
	assert_int_equal(rill_arena_create(&other, p.a.ctx, &ao), 0);
	object = rill_object_create(arena, &type, 8, NULL);
	assert_int_equal(rill_directory_publish(directory, "one", arena, object), 0);
	object = rill_object_create(other, &type, 8, NULL);
	assert_int_equal(rill_directory_publish(directory, "two", other, object), 0);
	assert_int_equal(rill_names_find(&first.find, names, "one", 0, on_found, &first), 0);
	assert_int_equal(rill_names_find(&second.find, names, "two", 0, on_found, &second), 0);
	pair_run(&p);
	assert_int_equal(first.result, 0);
	assert_int_equal(second.result, -ENOBUFS);
	rill_msg_release(&first.msg);
	pair_stop(&p);
}

static void a_channel_is_served_once_and_arenas_are_of_the_directorys_ctx(void **state)
{
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = MIB};
	struct rill_arena *foreign;
	void *object;

	(void)state;
	start(NULL);
	pair_run(&p);
	assert_int_equal(rill_directory_serve(directory, p.a.ch), -EBUSY);
	assert_int_equal(rill_arena_create(&foreign, p.b.ctx, &ao), 0);
	object = rill_object_create(foreign, &type, 8, NULL);
	assert_int_equal(rill_directory_publish(directory, "o", foreign, object), -EINVAL);
	assert_int_equal(rill_directory_publish(directory, "o", NULL, object), -EINVAL);
	assert_int_equal(rill_directory_withdraw(directory, "o"), -ENOENT);
	pair_stop(&p);
}

/* As after 2^32 - 1 finds under the first index. */
static void no_find_has_the_id_0_which_is_none(void **state)
{
	struct ask ask;

	(void)state;
	start(NULL);
	publish("a", "x");
	ask_for(&ask, "a", 0);
	pair_run(&p);
	assert_found(&ask, "x");
	rill_msg_release(&ask.msg);
	names->questions[0]->generation = UINT32_MAX;
	for (int i = 0; i < 2; i++) {
		ask_for(&ask, "a", 0);
		assert_int_equal(names->questions[0]->generation, i + 1);
		pair_run(&p);
		assert_found(&ask, "x");
		rill_msg_release(&ask.msg);
	}
	assert_int_equal(rill_session_status(p.a.s), 1);
	assert_int_equal(names->count, 1);
	pair_stop(&p);
}

static void a_new_directory_needs_no_dispatch(void **state)
{
	struct rill_ctx *ctx;
	struct rill_directory *d;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(rill_ctx_timeout_ms(ctx), -1);
	assert_int_equal(rill_directory_create(&d, ctx, NULL), 0);
	assert_int_equal(rill_ctx_timeout_ms(ctx), -1);
	assert_int_equal(rill_ctx_deadline(ctx), RILL_NEVER);
	rill_ctx_destroy(ctx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_name_is_found_from_then_on),
		T(a_name_that_is_not_there_is_told_or_waited_for),
		T(a_cancelled_find_is_not_told),
		T(withdrawn_is_not_found_and_what_was_found_stays),
		T(every_find_ends_once_with_the_session),
		T(a_destroyed_directory_ends_finds_in_order),
		T(a_peer_without_a_directory_ends_finds_with_its_refusal),
		T(found_may_close_anything),
		T(wrong_arguments_change_nothing),
		T(answers_wait_for_room),
		T(limits_on_finds_are_told),
		T(one_object_under_two_names_lives_as_long_as_either),
		T(a_destroyed_arena_takes_its_objects_along),
		T(many_names_are_kept_apart),
		T(a_finder_that_lies_ends_its_session),
		T(what_is_no_such_channel_is_not_served),
		T(marks_are_one_loan_that_holds_them),
		T(a_reason_that_is_none_is_a_broken_protocol),
		T(a_name_that_another_waits_for_is_not_there),
		T(an_object_whose_arena_is_one_too_many_is_enobufs),
		T(a_channel_is_served_once_and_arenas_are_of_the_directorys_ctx),
		T(no_find_has_the_id_0_which_is_none),
		T(a_new_directory_needs_no_dispatch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
