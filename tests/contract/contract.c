/* tests/contract/contract.c - the loop contract, once per loop: what a loop (and its adapter) must do for the core.
 *
 * An `ear` is a source on one end of a socketpair; `say()` makes it readable. No session is needed. epoll_ctl() is the test's
 * own, for the libraries of the loops as well, so that it can refuse.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/loops/loop.h"
#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "wait/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LONG 10000 /* ms: longer than any test that works */
#define MANY 150   /* more than one batch of any adapter */

static unsigned refusals; /* of descriptors that are to be added */

__attribute__((visibility("default"))) int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	if (op == EPOLL_CTL_ADD && refusals) {
		refusals--;
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_epoll_ctl, epfd, op, fd, event);
}

/* Outlives the ears. */
static struct {
	unsigned readies, turns, dues, finished;
} total;

struct ear {
	struct source source;
	int near, far;
	short wants;
	uint64_t when;
	bool sips;     /* takes one byte at a time */
	bool restless; /* once: then rests */
	bool hung_up;
	unsigned fresh, heard, readies, turns, dues;
	void (*on_turn)(struct ear *e);
	void *with;
};

static struct ear *ear_of(const struct source *s)
{
	return container_of(s, struct ear, source);
}

static short ear_wants(const struct source *s)
{
	return ear_of(s)->wants;
}

static uint64_t ear_deadline(const struct source *s)
{
	return ear_of(s)->when;
}

static void ear_ready(struct source *s)
{
	struct ear *e = ear_of(s);
	char bytes[64];
	ssize_t n = recv(e->near, bytes, e->sips ? 1 : sizeof(bytes), MSG_DONTWAIT);

	e->readies++;
	total.readies++;
	if (n > 0)
		e->fresh += (unsigned)n;
	if (n == 0) {
		e->hung_up = true;
		source_unwatch(s);
	}
}

static void ear_due(struct source *s, uint64_t now)
{
	struct ear *e = ear_of(s);

	if (now < e->when)
		return;
	e->dues++;
	total.dues++;
	e->when = RILL_NEVER;
	source_wake(s);
}

static unsigned ear_turn(struct source *s)
{
	struct ear *e = ear_of(s);
	unsigned fresh = e->fresh;

	e->turns++;
	total.turns++;
	e->heard += fresh;
	e->fresh = 0;
	if (e->on_turn)
		e->on_turn(e);
	return fresh;
}

static bool ear_rest(struct source *s)
{
	bool restless = ear_of(s)->restless;

	ear_of(s)->restless = false;
	return !restless;
}

static void ear_child(struct source *s)
{
	close(ear_of(s)->near);
	close(ear_of(s)->far);
	ear_of(s)->near = ear_of(s)->far = -1;
	source_doom(s);
}

static void ear_finish(struct source *s)
{
	if (ear_of(s)->near >= 0)
		close(ear_of(s)->near);
	if (ear_of(s)->far >= 0)
		close(ear_of(s)->far);
	free(ear_of(s));
	total.finished++;
}

static const struct source_ops ear_ops = {
	.wants = ear_wants,
	.deadline = ear_deadline,
	.ready = ear_ready,
	.due = ear_due,
	.turn = ear_turn,
	.rest = ear_rest,
	.child = ear_child,
	.finish = ear_finish,
};

static struct ear *ear_in(struct rill_ctx *ctx)
{
	struct ear *e = calloc(1, sizeof(*e));
	int pair[2];

	assert_non_null(e);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	e->near = pair[0];
	e->far = pair[1];
	e->wants = POLLIN;
	e->when = RILL_NEVER;
	ctx_enter(ctx);
	assert_int_equal(source_add(&e->source, ctx, &ear_ops), 0);
	assert_int_equal(source_watch(&e->source, e->near), 0);
	ctx_leave(ctx);
	return e;
}

static void ear_changes(struct ear *e, short wants, uint64_t when)
{
	ctx_enter(e->source.ctx);
	e->wants = wants;
	e->when = when;
	source_changed(&e->source);
	ctx_leave(e->source.ctx);
}

static void say(struct ear *e)
{
	assert_int_equal(send(e->far, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL), 1);
}

static bool is(const char *name)
{
	return strcmp(loop_name, name) == 0;
}

static uint64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 * MSEC + (uint64_t)t.tv_nsec;
}

static struct rill_ctx *ctx;

static struct rill_ctx *attached(const struct rill_ctx_options *options)
{
	struct rill_ctx *c;

	assert_int_equal(rill_ctx_create(&c, options), 0);
	assert_int_equal(loop_attach(c), 0);
	return c;
}

static int setup(void **state)
{
	leaks_setup(state);
	memset(&total, 0, sizeof(total));
	refusals = 0;
	ctx = attached(NULL);
	return 0;
}

static int teardown(void **state)
{
	rill_ctx_destroy(ctx);
	ctx = NULL;
	loop_finish();
	return leaks_teardown(state);
}

/* Turn until the fact holds; a turn that only times out fails. */
#define UNTIL(fact)                                                  \
	do {                                                         \
		int turns_;                                          \
		for (turns_ = 0; !(fact) && turns_ < 1000; turns_++) \
			assert_true(loop_turn(ctx, LONG) >= 0);      \
		assert_true(fact);                                   \
	} while (0)

/* The same within a second or so, for what may never hold. */
#define SOON(fact)                                                 \
	do {                                                       \
		int turns_;                                        \
		for (turns_ = 0; !(fact) && turns_ < 10; turns_++) \
			assert_true(loop_turn(ctx, 100) >= 0);     \
		assert_true(fact);                                 \
	} while (0)

/* Nothing is to happen in the loop: a turn takes its whole time. A few may end before: libev's adapter looks once after what is
 * new. */
static void idle(struct rill_ctx *c)
{
	unsigned readies = total.readies, early = 0;
	uint64_t begin;

	do {
		assert_in_range(early++, 0, 3);
		begin = monotonic();
		assert_int_equal(loop_turn(c, 40), 0);
	} while (monotonic() - begin < 35 * MSEC);
	assert_int_equal(total.readies, readies);
}

/* What may be left of deadlines already told is over after this. */
static void settle(void)
{
	int i;

	for (i = 0; i < 4; i++)
		assert_true(loop_turn(ctx, 0) >= 0);
}

/* ---- watches --------------------------------------------------------------------------------------------------- */

static void a_readable_watch_is_dispatched(void **state)
{
	struct ear *e = ear_in(ctx), *silent = ear_in(ctx);

	(void)state;
	say(e);
	UNTIL(e->heard == 1);
	say(e);
	UNTIL(e->heard == 2);
	assert_int_equal(silent->readies, 0);
	settle();
	idle(ctx);
}

static void watches_that_were_there_before_are_attached(void **state)
{
	struct rill_ctx *c = ctx;
	struct ear *e;

	(void)state;
	rill_ctx_destroy(c);
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	e = ear_in(ctx);
	say(e);
	assert_int_equal(loop_attach(ctx), 0);
	UNTIL(e->heard == 1);
}

static void more_than_one_batch_is_dispatched(void **state)
{
	struct ear *ears[MANY];
	int i;

	(void)state;
	for (i = 0; i < MANY; i++)
		say(ears[i] = ear_in(ctx));
	UNTIL(total.turns >= MANY);
	for (i = 0; i < MANY; i++)
		assert_int_equal(ears[i]->heard, 1);
}

static void what_is_not_read_is_dispatched_again(void **state)
{
	struct ear *e = ear_in(ctx);

	(void)state;
	e->sips = true;
	say(e);
	say(e);
	say(e);
	UNTIL(e->heard == 3);
}

static void a_new_wish_is_heard(void **state)
{
	struct ear *e = ear_in(ctx);

	(void)state;
	idle(ctx);
	ear_changes(e, POLLIN | POLLOUT, RILL_NEVER);
	UNTIL(e->readies >= 1);
	ear_changes(e, POLLOUT, RILL_NEVER);
	UNTIL(e->readies >= 2);
}

/* Else the loop would spin: a socket is nearly always writable. */
static void pollout_is_dropped_when_no_longer_wanted(void **state)
{
	struct ear *e = ear_in(ctx);

	(void)state;
	ear_changes(e, POLLIN | POLLOUT, RILL_NEVER);
	UNTIL(e->readies >= 1);
	ear_changes(e, POLLIN, RILL_NEVER);
	idle(ctx);
	say(e);
	UNTIL(e->heard == 1);
}

static void wants_out_no_more(struct ear *e)
{
	ear_changes(e, POLLIN, RILL_NEVER);
}

static void pollout_is_dropped_in_a_callback(void **state)
{
	struct ear *e = ear_in(ctx);

	(void)state;
	e->on_turn = wants_out_no_more;
	ear_changes(e, POLLIN | POLLOUT, RILL_NEVER);
	UNTIL(e->readies >= 1);
	settle();
	idle(ctx);
	assert_int_equal(e->readies, 1);
}

static void a_hang_up_is_dispatched(void **state)
{
	struct ear *in = ear_in(ctx), *out = ear_in(ctx);

	(void)state;
	ear_changes(out, POLLOUT, RILL_NEVER);
	close(in->far);
	close(out->far);
	in->far = out->far = -1;
	UNTIL(in->hung_up && out->hung_up);
	settle();
	idle(ctx);
}

/* The description lives on in a peer, so closing would not make a loop forget it. */
static void a_removed_watch_is_forgotten_before_close(void **state)
{
	struct ear *e = ear_in(ctx);
	int far, kept;

	(void)state;
	far = fcntl(e->far, F_DUPFD_CLOEXEC, 0);
	kept = fcntl(e->near, F_DUPFD_CLOEXEC, 0);
	source_doom(&e->source);
	assert_int_equal(total.finished, 1);
	assert_int_equal(send(far, "x", 1, MSG_NOSIGNAL), 1);
	idle(ctx);
	close(far);
	close(kept);
}

/* A file may be refused by one loop and taken by another; either way the others go on. */
static void a_refused_add_changes_nothing(void **state)
{
	struct ear *e = ear_in(ctx), *file = ear_in(ctx);
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int r;

	(void)state;
	source_unwatch(&file->source);
	r = source_watch(&file->source, fd);
	if (r < 0) {
		assert_int_equal(file->source.watch.fd, -1);
		assert_int_equal(rill_ctx_pollfds(ctx, NULL, 0), 1);
	} else {
		source_unwatch(&file->source);
	}
	close(fd);
	assert_int_equal(source_watch(&file->source, file->near), 0);
	say(e);
	say(file);
	UNTIL(e->heard == 1 && file->heard == 1);
	settle();
	idle(ctx);
}

/* fs.epoll.max_user_watches is used up for a moment. A loop says so in `add`, or tries again by itself. */
static void what_the_kernel_refused_is_watched_in_the_end(void **state)
{
	struct ear *e = ear_in(ctx);
	uint64_t begin = monotonic();
	int r;

	(void)state;
	source_unwatch(&e->source);
	settle();
	refusals = is("libev") ? 3 : 1; /* each time after a while */
	r = source_watch(&e->source, e->near);
	if (r < 0 || is("poll") || is("select") || is("pull"))
		refusals = 0;
	if (r < 0)
		assert_int_equal(source_watch(&e->source, e->near), 0);
	UNTIL(refusals == 0);
	assert_true(monotonic() - begin < LONG / 2 * MSEC); /* it does not sleep through its turn before it hears of it */
	assert_in_range(e->readies, 0, 4);                  /* no busy loop */
	say(e);
	SOON(e->heard == 1);
	settle();
	idle(ctx);
}

/* It has no way to fail, so it adds nothing. */
static void an_update_needs_nothing_of_the_kernel(void **state)
{
	struct ear *e = ear_in(ctx);

	(void)state;
	settle();
	refusals = UINT32_MAX;
	ear_changes(e, POLLIN | POLLOUT, RILL_NEVER);
	SOON(e->readies >= 1);
	ear_changes(e, POLLIN, RILL_NEVER);
	settle();
	say(e);
	SOON(e->heard == 1);
	assert_int_equal(refusals, UINT32_MAX);
}

static void creates(struct ear *e)
{
	if (!e->with)
		say(e->with = ear_in(ctx));
}

static void a_watch_made_in_a_callback_is_dispatched(void **state)
{
	struct ear *e = ear_in(ctx);

	(void)state;
	e->on_turn = creates;
	say(e);
	UNTIL(e->with && ((struct ear *)e->with)->heard == 1);
}

/* ---- what callbacks do to a batch that was fetched before ------------------------------------------------------ */

static struct ear *ears[MANY];

static void say_to_many(void (*on_turn)(struct ear *e))
{
	int i;

	for (i = 0; i < MANY; i++) {
		ears[i] = ear_in(ctx);
		ears[i]->on_turn = on_turn;
		say(ears[i]);
	}
}

static void unwatches_the_others(struct ear *e)
{
	int i;

	for (i = 0; i < MANY; i++)
		if (ears[i] != e)
			source_unwatch(&ears[i]->source);
}

static void a_removed_watch_is_not_dispatched_from_a_fetched_batch(void **state)
{
	(void)state;
	say_to_many(unwatches_the_others);
	UNTIL(total.readies >= 1);
	settle();
	assert_int_equal(total.readies, 1);
}

static void watches_the_others_again(struct ear *e)
{
	int i;

	e->on_turn = NULL;
	for (i = 0; i < MANY; i++) {
		ears[i]->on_turn = NULL;
		source_unwatch(&ears[i]->source);
		assert_int_equal(source_watch(&ears[i]->source, ears[i]->near), 0);
	}
}

static void a_watch_that_comes_back_is_not_forgotten(void **state)
{
	int i;

	(void)state;
	say_to_many(watches_the_others_again);
	for (i = 0; i < MANY; i++)
		UNTIL(ears[i]->heard == 1);
	settle();
	idle(ctx);
}

static void closes_the_others(struct ear *e)
{
	int i;

	for (i = 0; i < MANY; i++)
		if (ears[i] != e)
			source_doom(&ears[i]->source);
}

static void close_another_in_the_same_batch(void **state)
{
	(void)state;
	say_to_many(closes_the_others);
	UNTIL(total.readies >= 1);
	settle();
	assert_int_equal(total.readies, 1);
	assert_int_equal(total.finished, MANY - 1);
}

static void closes_self(struct ear *e)
{
	source_doom(&e->source);
	assert_int_equal(total.finished, total.turns - 1);
}

static void close_self_in_a_batch(void **state)
{
	(void)state;
	say_to_many(closes_self);
	UNTIL(total.finished == MANY);
	assert_int_equal(total.readies, MANY);
}

/* The kernel gives the number of the closed descriptor to the next one. */
static void replaces_the_others(struct ear *e)
{
	int i;

	for (i = 0; i < MANY; i++) {
		ears[i]->on_turn = NULL;
		if (ears[i] == e)
			continue;
		source_doom(&ears[i]->source);
		ears[i] = NULL;
	}
	e->with = ctx;
}

static void a_reused_number_is_a_new_watch(void **state)
{
	struct ear *one = NULL;
	int i;

	(void)state;
	say_to_many(replaces_the_others);
	UNTIL(total.finished == MANY - 1);
	for (i = 0; i < MANY; i++) {
		if (ears[i])
			one = ears[i];
		else
			say(ears[i] = ear_in(ctx));
	}
	for (i = 0; i < MANY; i++)
		UNTIL(ears[i]->heard == 1);
	assert_non_null(one);
}

static void destroys(struct ear *e)
{
	(void)e;
	rill_ctx_destroy(ctx);
}

/* A loop that can say so says -ECANCELED; then it has no watch of ours, and no memory. */
static void destroy_the_ctx_in_a_callback(void **state)
{
	int i, r = 0;

	(void)state;
	say_to_many(destroys);
	for (i = 0; i < 10 && r >= 0; i++)
		r = loop_turn(ctx, LONG);
	ctx = NULL;
	assert_int_equal(r, -ECANCELED);
	assert_int_equal(total.readies, 1);
	assert_int_equal(total.finished, MANY);
}

static void destroy_the_ctx_when_a_deadline_passes(void **state)
{
	int i, r = 0;

	(void)state;
	say_to_many(NULL);
	UNTIL(total.turns >= MANY);
	ears[3]->on_turn = destroys;
	ear_changes(ears[3], POLLIN, monotonic() + MSEC);
	for (i = 0; i < 100 && r >= 0; i++)
		r = loop_turn(ctx, LONG);
	ctx = NULL;
	assert_int_equal(r, -ECANCELED);
	assert_int_equal(total.finished, MANY);
}

static void destroy_outside_a_callback(void **state)
{
	(void)state;
	say_to_many(NULL);
	rill_ctx_destroy(ctx);
	assert_int_equal(total.finished, MANY);
	ctx = attached(NULL);
	idle(ctx);
}

static void waits(struct ear *e)
{
	e->on_turn = NULL;
	assert_int_equal(loop_turn(ctx, LONG), -EBUSY);
}

static void waiting_in_a_callback_is_refused(void **state)
{
	struct ear *e = ear_in(ctx);

	(void)state;
	e->on_turn = waits;
	say(e);
	UNTIL(e->heard == 1);
	say(e);
	UNTIL(e->heard == 2);
	e->on_turn = waits; /* not awake, so the deadline would not end the wait */
	assert_int_equal(rill_ctx_poll(ctx, 0), 0);
	assert_null(e->on_turn);
}

/* ---- deadlines ------------------------------------------------------------------------------------------------- */

static void a_deadline_passes_and_not_too_early(void **state)
{
	struct ear *e = ear_in(ctx);
	uint64_t when = monotonic() + 20 * MSEC;

	(void)state;
	ear_changes(e, POLLIN, when);
	UNTIL(e->dues == 1);
	assert_true(monotonic() >= when);
	settle();
	idle(ctx);
	assert_int_equal(e->dues, 1);
}

static void a_past_deadline_means_now(void **state)
{
	struct ear *e = ear_in(ctx);
	uint64_t begin = monotonic();

	(void)state;
	ear_changes(e, POLLIN, 1);
	UNTIL(e->dues == 1);
	ear_changes(e, POLLIN, monotonic() - MSEC);
	UNTIL(e->dues == 2);
	assert_true(monotonic() - begin < LONG * MSEC);
}

static void a_deadline_set_in_a_callback_of_the_last_one(struct ear *e)
{
	if (e->dues < 5)
		ear_changes(e, POLLIN, monotonic() + MSEC);
}

static void deadlines_follow_each_other(void **state)
{
	struct ear *e = ear_in(ctx);

	(void)state;
	e->on_turn = a_deadline_set_in_a_callback_of_the_last_one;
	ear_changes(e, POLLIN, monotonic() + MSEC);
	UNTIL(e->dues == 5);
}

static void a_deadline_replaces_the_last(void **state)
{
	struct ear *e = ear_in(ctx);
	uint64_t begin = monotonic(), when = begin + 60 * MSEC;

	(void)state;
	ear_changes(e, POLLIN, begin + 2 * LONG * MSEC);
	ear_changes(e, POLLIN, begin + MSEC);
	UNTIL(e->dues == 1);
	ear_changes(e, POLLIN, monotonic() + MSEC);
	ear_changes(e, POLLIN, when);
	UNTIL(e->dues == 2);
	assert_true(monotonic() >= when);
}

static void never_cancels(void **state)
{
	struct ear *e = ear_in(ctx);

	(void)state;
	ear_changes(e, POLLIN, monotonic() + 30 * MSEC);
	settle();
	ear_changes(e, POLLIN, RILL_NEVER);
	idle(ctx);
	assert_int_equal(e->dues, 0);
}

static void a_very_far_deadline_is_waited_for(void **state)
{
	struct ear *e = ear_in(ctx);

	(void)state;
	ear_changes(e, POLLIN, RILL_NEVER - 1);
	idle(ctx);
	ear_changes(e, POLLIN, monotonic() + 100 * 86400 * UINT64_C(1000000000));
	idle(ctx);
	say(e);
	UNTIL(e->heard == 1);
	assert_int_equal(e->dues, 0);
}

static uint64_t behind(void *clock)
{
	(void)clock;
	return monotonic() - 20 * MSEC;
}

/* By the ctx's clock every timer of the loop fires early. */
static void early_timer_is_not_lost(void **state)
{
	struct rill_ctx_options o = {.size = sizeof(o), .now = behind};
	uint64_t when = monotonic() + 5 * MSEC;
	struct ear *e;

	(void)state;
	rill_ctx_destroy(ctx);
	ctx = attached(&o);
	e = ear_in(ctx);
	ear_changes(e, POLLIN, when);
	while (e->dues == 0 && monotonic() < when + LONG * MSEC)
		assert_true(loop_turn(ctx, LONG) >= 0);
	assert_int_equal(e->dues, 1);
	assert_true(behind(NULL) >= when);
}

static void works_long(struct ear *e)
{
	uint64_t begin = monotonic();

	e->on_turn = NULL;
	while (monotonic() - begin < 30 * MSEC)
		continue;
	ear_changes(e, POLLIN, monotonic() + 10 * MSEC);
}

/* The loop's own idea of the time is old then. */
static void a_deadline_set_after_long_work_is_kept(void **state)
{
	struct ear *e = ear_in(ctx);
	uint64_t when;

	(void)state;
	e->on_turn = works_long;
	say(e);
	UNTIL(e->heard == 1);
	when = e->when;
	UNTIL(e->dues == 1);
	assert_true(monotonic() >= when || when == RILL_NEVER);
	settle();
	idle(ctx);
}

static void a_wake_is_run_soon_and_once(void **state)
{
	struct ear *e = ear_in(ctx);

	(void)state;
	ctx_enter(ctx);
	source_wake(&e->source);
	ctx_leave(ctx);
	UNTIL(e->turns == 1);
	settle();
	idle(ctx);
	assert_int_equal(e->turns, 1);
	assert_int_equal(e->readies, 0);
}

static void restless_for_100_turns(struct ear *e)
{
	e->restless = e->turns < 100;
}

static void who_does_not_rest_does_not_keep_others_waiting(void **state)
{
	struct ear *e = ear_in(ctx), *other = ear_in(ctx);

	(void)state;
	e->on_turn = restless_for_100_turns;
	say(e);
	UNTIL(e->turns >= 2);
	say(other);
	UNTIL(other->heard == 1);
	assert_true(e->turns < 50);
	UNTIL(e->turns >= 100);
	settle();
	idle(ctx);
}

static void after_a_delivering_poll_the_loop_does_not_sleep(void **state)
{
	struct ear *e = ear_in(ctx);

	(void)state;
	e->fresh = 1; /* as if a ring had it */
	assert_int_equal(rill_ctx_poll(ctx, 0), 1);
	assert_int_equal(e->turns, 1);
	UNTIL(e->turns == 2);
	settle();
	idle(ctx);
	assert_int_equal(e->turns, 2);
}

/* ---- attach and detach, several ctxs, fork --------------------------------------------------------------------- */

static void detach_and_attach_again(void **state)
{
	struct ear *e = ear_in(ctx);
	int i;

	(void)state;
	for (i = 1; i <= 3; i++) {
		ear_changes(e, POLLIN, monotonic() + MSEC);
		rill_ctx_detach(ctx);
		say(e);
		assert_int_equal(loop_attach(ctx), 0);
		if (!is("pull"))
			assert_int_equal(loop_attach(ctx), is("poll") || is("select") ? 0 : -EBUSY);
		UNTIL((int)e->heard == i && (int)e->dues == i);
	}
}

static void detaches(struct ear *e)
{
	(void)e;
	rill_ctx_detach(ctx);
}

static void detach_in_a_callback_ends_the_batch(void **state)
{
	int i;

	(void)state;
	say_to_many(detaches);
	while (total.readies == 0)
		assert_true(loop_turn(ctx, LONG) >= 0);
	if (!is("pull"))
		assert_int_equal(total.readies, 1);
	assert_int_equal(loop_attach(ctx), 0);
	for (i = 0; i < MANY; i++)
		ears[i]->on_turn = NULL;
	for (i = 0; i < MANY; i++)
		UNTIL(ears[i]->heard == 1);
}

static void two_ctxs_do_not_disturb_each_other(void **state)
{
	struct rill_ctx *second = attached(NULL);
	struct ear *a = ear_in(ctx), *b = ear_in(second);

	(void)state;
	ear_changes(b, POLLIN, monotonic() + 5 * MSEC);
	say(a);
	UNTIL(a->heard == 1);
	while (b->dues == 0)
		assert_true(loop_turn(second, LONG) >= 0);
	say(b);
	while (b->heard == 0)
		assert_true(loop_turn(second, LONG) >= 0);
	rill_ctx_destroy(second);
	settle();
	idle(ctx);
	say(a);
	UNTIL(a->heard == 2);
}

static void destroys_the_other_ctx(struct ear *e)
{
	rill_ctx_destroy(e->with);
	e->with = NULL;
}

static void destroy_another_ctx_in_the_same_batch(void **state)
{
	struct rill_ctx *second = attached(NULL);
	struct ear *a = ear_in(ctx);
	int i;

	(void)state;
	for (i = 0; i < 20; i++)
		say(ear_in(second));
	a->on_turn = destroys_the_other_ctx;
	a->with = second;
	say(a);
	UNTIL(!a->with);
	settle();
	idle(ctx);
	assert_int_equal(total.finished, 20);
}

static int destroys_and_leaves(struct child *self, void *arg)
{
	(void)self;
	CHILD_CHECK(loop_turn(arg, 0) == -ECHILD);
	rill_ctx_destroy(arg);
	return 0;
}

static void destroy_in_a_child_leaves_the_parents_watches(void **state)
{
	struct ear *e = ear_in(ctx);
	struct child c;

	(void)state;
	ear_changes(e, POLLIN, monotonic() + 50 * MSEC);
	assert_int_equal(child_start(&c, destroys_and_leaves, ctx), 0);
	assert_int_equal(child_wait(&c, LONG), 0);
	say(e);
	UNTIL(e->heard == 1 && e->dues == 1);
}

static void forks(struct ear *e)
{
	fflush(NULL);
	e->on_turn = NULL;
	if (fork() > 0)
		return;
	rill_ctx_destroy(ctx);
	e->with = e;
}

/* The child of a callback comes back from its dispatch into the loop, which must not go on with the batch. */
static void a_child_of_a_callback_leaves_the_loop(void **state)
{
	int i, r, status;

	(void)state;
	ctx_ref(ctx); /* in the child it is asked once more */
	say_to_many(NULL);
	ears[MANY / 2]->on_turn = forks;
	while (total.readies < MANY) {
		r = loop_turn(ctx, LONG);
		if (ctx_check(ctx) == -ECHILD)
			_exit(r == -ECHILD && loop_turn(ctx, 0) == -ECHILD ? 0 : CHILD_FAILED);
		assert_true(r >= 0);
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	for (i = 0; i < MANY; i++)
		UNTIL(ears[i]->heard == 1);
	ctx_unref(ctx);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_readable_watch_is_dispatched),
		TEST(watches_that_were_there_before_are_attached),
		TEST(more_than_one_batch_is_dispatched),
		TEST(what_is_not_read_is_dispatched_again),
		TEST(a_new_wish_is_heard),
		TEST(pollout_is_dropped_when_no_longer_wanted),
		TEST(pollout_is_dropped_in_a_callback),
		TEST(a_hang_up_is_dispatched),
		TEST(a_removed_watch_is_forgotten_before_close),
		TEST(a_refused_add_changes_nothing),
		TEST(what_the_kernel_refused_is_watched_in_the_end),
		TEST(an_update_needs_nothing_of_the_kernel),
		TEST(a_watch_made_in_a_callback_is_dispatched),
		TEST(a_removed_watch_is_not_dispatched_from_a_fetched_batch),
		TEST(a_watch_that_comes_back_is_not_forgotten),
		TEST(close_another_in_the_same_batch),
		TEST(close_self_in_a_batch),
		TEST(a_reused_number_is_a_new_watch),
		TEST(destroy_the_ctx_in_a_callback),
		TEST(destroy_the_ctx_when_a_deadline_passes),
		TEST(destroy_outside_a_callback),
		TEST(waiting_in_a_callback_is_refused),
		TEST(a_deadline_passes_and_not_too_early),
		TEST(a_past_deadline_means_now),
		TEST(deadlines_follow_each_other),
		TEST(a_deadline_replaces_the_last),
		TEST(never_cancels),
		TEST(a_very_far_deadline_is_waited_for),
		TEST(early_timer_is_not_lost),
		TEST(a_deadline_set_after_long_work_is_kept),
		TEST(a_wake_is_run_soon_and_once),
		TEST(who_does_not_rest_does_not_keep_others_waiting),
		TEST(after_a_delivering_poll_the_loop_does_not_sleep),
		TEST(detach_and_attach_again),
		TEST(detach_in_a_callback_ends_the_batch),
		TEST(two_ctxs_do_not_disturb_each_other),
		TEST(destroy_another_ctx_in_the_same_batch),
		TEST(destroy_in_a_child_leaves_the_parents_watches),
		TEST(a_child_of_a_callback_leaves_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
