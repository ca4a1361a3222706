/* tests/unit/session/shared_writing.c - arenas that both sides may write: only where both said so; and locks in them that are
 * only ever tried, whose holder may die at any instant. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CAPACITY ((size_t)1 << 20)
#define PATIENCE 30000

static const struct pair_options both_agree = {.a = {.peers_may_write = 1}, .b = {.peers_may_write = 1}};

/* What the tests share. `a` is one ahead of `b` only while the lock is held. */
struct shared {
	struct rill_lock lock;
	uint64_t a, b, deaths;
};

static struct pair p;
static struct rill_arena *arena;
static struct shared *ours, *theirs; /* the owner's and the borrower's view */
static struct rill_writer *owner, *borrower;
static struct rill_msg msg;

static struct rill_arena *shared_arena(struct rill_ctx *ctx)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = CAPACITY, .flags = RILL_ARENA_PEERS_MAY_WRITE};
	struct rill_arena *a;

	return rill_arena_create(&a, ctx, &o) == 0 ? a : NULL;
}

static int lend(struct rill_channel *ch, struct rill_arena *a, const void *data, size_t len)
{
	struct rill_loan loan = {.arena = a, .data = data, .len = len};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};

	return rill_channel_sendmsg(ch, &out);
}

static void start(void)
{
	const void *data;
	size_t len;

	pair_open(&p, &both_agree);
	pair_channel(&p, "c");
	arena = shared_arena(p.a.ctx);
	ours = rill_arena_alloc(arena, sizeof(*ours));
	memset(ours, 0, sizeof(*ours));
	assert_int_equal(lend(p.a.ch, arena, ours, sizeof(*ours)), 0);
	pair_run(&p);
	msg = end_take(&p.b);
	assert_int_equal(rill_msg_loan(&msg, 0, &data, &len), 0);
	theirs = (struct shared *)(uintptr_t)data;
	owner = rill_arena_writer(arena);
	borrower = rill_msg_writer(&msg, 0);
	assert_non_null(owner);
	assert_non_null(borrower);
}

static void stop(void)
{
	rill_msg_release(&msg);
	pair_stop(&p);
}

/* The borrower is gone, as if it had died. */
static void borrower_leaves(void)
{
	rill_msg_release(&msg);
	rill_session_abort(p.b.s, 0);
	p.b.s = NULL;
	pair_run(&p);
}

/* ---- Only where both said so ------------------------------------------------------------------------------------ */

static void such_an_arena_is_lent_only_where_both_sides_said_so(void **state)
{
	static const struct pair_options partly[] = {{.a = {.peers_may_write = 0}},
	                                             {.a = {.peers_may_write = 1}},
	                                             {.b = {.peers_may_write = 1}}};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct rill_arena_usage u = {.size = sizeof(u)};
		void *block;

		pair_open(&p, &partly[i]);
		pair_channel(&p, "c");
		arena = shared_arena(p.a.ctx);
		block = rill_arena_alloc(arena, 64);
		assert_int_equal(lend(p.a.ch, arena, block, 64), -EACCES);
		assert_int_equal(rill_session_announce(p.a.s, arena), -EACCES);
		rill_arena_get_usage(arena, &u);
		assert_int_equal(u.lent, 0);
		pair_run(&p);
		assert_string_equal(end_told(&p.b), "");
		assert_int_equal(rill_channel_send(p.a.ch, "goes on", 7), 0);
		pair_run(&p);
		end_expect(&p.b, "goes on", 7);
		pair_stop(&p);
	}
}

static void what_one_side_writes_the_other_reads(void **state)
{
	struct rill_mapping m = {.size = sizeof(m)};

	(void)state;
	start();
	assert_int_equal(rill_msg_mapping(&msg, 0, &m), 0);
	assert_int_equal(m.writable, 1);
	theirs->a = 17;
	assert_int_equal(ours->a, 17);
	ours->a = 18;
	assert_int_equal(theirs->a, 18);
	stop();
}

static void other_arenas_in_such_a_session_stay_read_only(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = CAPACITY};
	struct rill_mapping m = {.size = sizeof(m)};
	struct rill_arena *plain;
	struct rill_msg second;

	(void)state;
	start();
	assert_int_equal(rill_arena_create(&plain, p.a.ctx, &o), 0);
	assert_null(rill_arena_writer(plain));
	assert_int_equal(lend(p.a.ch, plain, rill_arena_alloc(plain, 8), 8), 0);
	pair_run(&p);
	second = end_take(&p.b);
	assert_int_equal(rill_msg_mapping(&second, 0, &m), 0);
	assert_int_equal(m.writable, 0);
	assert_null(rill_msg_writer(&second, 0));
	assert_null(rill_msg_writer(&second, 1));
	rill_msg_release(&second);
	assert_null(rill_msg_writer(&second, 0));
	stop();
}

static void each_side_pays_one_descriptor_for_it(void **state)
{
	size_t before;

	(void)state;
	pair_open(&p, &both_agree);
	pair_channel(&p, "c");
	before = leaks_fds();
	arena = shared_arena(p.a.ctx);
	assert_int_equal(leaks_fds(), before + 1);
	assert_int_equal(rill_session_announce(p.a.s, arena), 0);
	pair_run(&p);
	assert_int_equal(leaks_fds(), before + 2);
	rill_arena_destroy(arena);
	pair_run(&p);
	assert_int_equal(leaks_fds(), before);
	pair_stop(&p);
}

/* ---- Locks ------------------------------------------------------------------------------------------------------ */

static void a_lock_has_one_holder_and_is_never_waited_for(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rill_lock_try(owner, &ours->lock), 0);
		assert_int_equal(rill_lock_try(owner, &ours->lock), -EDEADLK);
		assert_int_equal(rill_lock_try(borrower, &theirs->lock), -EBUSY);
		assert_int_equal(rill_lock_release(borrower, &theirs->lock), -EPERM);
		assert_int_equal(rill_lock_mended(borrower, &theirs->lock), -EPERM);
		assert_int_equal(rill_lock_release(owner, &ours->lock), 0);
		assert_int_equal(rill_lock_release(owner, &ours->lock), -EPERM);
		assert_int_equal(rill_lock_try(borrower, &theirs->lock), 0);
		assert_int_equal(rill_lock_try(borrower, &theirs->lock), -EDEADLK);
		assert_int_equal(rill_lock_try(owner, &ours->lock), -EBUSY);
		assert_int_equal(rill_lock_release(borrower, &theirs->lock), 0);
	}
	stop();
}

static void a_lock_must_lie_in_the_writers_arena(void **state)
{
	struct rill_lock on_stack = {0};
	struct rill_mapping m = {.size = sizeof(m)};
	char *end;

	(void)state;
	start();
	assert_int_equal(rill_msg_mapping(&msg, 0, &m), 0);
	end = (char *)(uintptr_t)m.base + m.capacity;
	assert_int_equal(rill_lock_try(owner, &on_stack), -EINVAL);
	assert_int_equal(rill_lock_try(borrower, &ours->lock), -EINVAL); /* the owner's mapping */
	assert_int_equal(rill_lock_try(owner, NULL), -EINVAL);
	assert_int_equal(rill_lock_try(NULL, &ours->lock), -EINVAL);
	assert_int_equal(rill_lock_try(owner, (struct rill_lock *)(void *)((char *)ours + 4)), -EINVAL);
	assert_int_equal(rill_lock_try(borrower, (struct rill_lock *)(void *)end), -EINVAL);
	assert_int_equal(rill_lock_try(borrower, (struct rill_lock *)(void *)(end - 8)), 0);
	assert_int_equal(rill_lock_release(borrower, (struct rill_lock *)(void *)(end - 8)), 0);
	assert_int_equal(rill_lock_reset(owner, &on_stack), -EINVAL);
	stop();
}

static void who_leaves_with_a_lock_leaves_it_to_the_next(void **state)
{
	(void)state;
	start();
	assert_int_equal(rill_lock_try(borrower, &theirs->lock), 0);
	borrower_leaves();
	assert_int_equal(rill_lock_try(owner, &ours->lock), -EOWNERDEAD);
	assert_int_equal(rill_lock_try(owner, &ours->lock), -EDEADLK); /* it is ours */
	assert_int_equal(rill_lock_mended(owner, &ours->lock), 0);
	assert_int_equal(rill_lock_release(owner, &ours->lock), 0);
	assert_int_equal(rill_lock_try(owner, &ours->lock), 0);
	assert_int_equal(rill_lock_release(owner, &ours->lock), 0);
	pair_stop(&p);
}

static void the_owner_who_ends_with_a_lock_leaves_it_to_the_borrower(void **state)
{
	(void)state;
	start();
	assert_int_equal(rill_lock_try(owner, &ours->lock), 0);
	rill_ctx_destroy(p.a.ctx);
	p.a.ctx = NULL;
	pair_run(&p);
	assert_int_equal(rill_lock_try(borrower, &theirs->lock), -EOWNERDEAD);
	assert_int_equal(rill_lock_mended(borrower, &theirs->lock), 0);
	assert_int_equal(rill_lock_release(borrower, &theirs->lock), 0);
	stop();
}

static void what_was_released_unmended_is_for_nobody_until_it_is_reset(void **state)
{
	(void)state;
	start();
	ours->lock.word = (uint64_t)77 << 32 | 1; /* held by a writer that does not live */
	assert_int_equal(rill_lock_try(borrower, &theirs->lock), -EOWNERDEAD);
	assert_int_equal(rill_lock_release(borrower, &theirs->lock), 0);
	assert_int_equal(rill_lock_try(borrower, &theirs->lock), -ENOTRECOVERABLE);
	assert_int_equal(rill_lock_try(owner, &ours->lock), -ENOTRECOVERABLE);
	assert_int_equal(rill_lock_release(owner, &ours->lock), -EPERM);
	assert_int_equal(rill_lock_reset(owner, &ours->lock), 0);
	assert_int_equal(rill_lock_try(borrower, &theirs->lock), 0);
	assert_int_equal(rill_lock_release(borrower, &theirs->lock), 0);
	stop();
}

static void who_dies_mending_leaves_it_to_be_mended(void **state)
{
	(void)state;
	start();
	ours->lock.word = (uint64_t)77 << 32 | 1;
	assert_int_equal(rill_lock_try(borrower, &theirs->lock), -EOWNERDEAD);
	borrower_leaves();
	assert_int_equal(rill_lock_try(owner, &ours->lock), -EOWNERDEAD);
	assert_int_equal(rill_lock_mended(owner, &ours->lock), 0);
	assert_int_equal(rill_lock_release(owner, &ours->lock), 0);
	pair_stop(&p);
}

/* Any word: an answer, no fault, no hang, and never a lock that is taken from a living holder. */
static void an_overwritten_lock_gives_an_answer(void **state)
{
	uint64_t random = rounds_seed();

	(void)state;
	start();
	for (unsigned i = 0; i < rounds_of(1000, 10000, 1000000); i++) {
		uint64_t word = rounds_random(&random) & ~(UINT64_C(0xffffffff) << 32 & (i % 2 ? 0 : UINT64_MAX));
		int r;

		ours->lock.word = word;
		r = rill_lock_try(borrower, &theirs->lock);
		if (word & 1 && word >> 32 == 0) /* the owner's */
			assert_int_equal(r, -EBUSY);
		else if (word & 1)
			assert_true(r == -EOWNERDEAD || r == -EDEADLK);
		else
			assert_int_equal(r, word ? -ENOTRECOVERABLE : 0);
	}
	stop();
}

/* ---- Processes -------------------------------------------------------------------------------------------------- */

enum step { TAKEN = 1, GO, LEFT };

struct side {
	struct rill_ctx *parents; /* let go of what is the parent's */
	int fd;
	bool owns;
};

struct process {
	struct end e; /* of a session that takes */
	struct rill_arena *arena;
	struct shared *shared;
	struct rill_writer *me;
	struct rill_msg msg;
};

/* Both sides' beginning of a session: at the end `shared` and `me` are there. */
static bool process_start(struct process *q, struct rill_ctx *ctx, int fd, bool owns)
{
	struct rill_session_options o = {.size = sizeof(o), .peers_may_write = 1};
	const void *data;
	size_t len;

	*q = (struct process){.e = {.ctx = ctx}};
	if (rill_session_adopt(&q->e.s, ctx, fd, &o, &end_session_events, &q->e) < 0)
		return false;
	while (owns ? rill_session_status(q->e.s) == 0 : !q->e.ch)
		if (rill_poll_wait(ctx, PATIENCE) <= 0)
			return false;
	if (owns) {
		q->arena = shared_arena(ctx);
		q->shared = rill_arena_alloc(q->arena, sizeof(*q->shared));
		memset(q->shared, 0, sizeof(*q->shared));
		q->me = rill_arena_writer(q->arena);
		return rill_channel_open(&q->e.ch, q->e.s, "c", NULL, NULL, NULL) == 0 &&
		       lend(q->e.ch, q->arena, q->shared, sizeof(*q->shared)) == 0;
	}
	while (rill_channel_recv(q->e.ch, &q->msg) < 0)
		if (rill_poll_wait(ctx, PATIENCE) <= 0)
			return false;
	rill_msg_loan(&q->msg, 0, &data, &len);
	q->shared = (struct shared *)(uintptr_t)data;
	q->me = rill_msg_writer(&q->msg, 0);
	return q->me != NULL;
}

static int take_and_sit(struct child *c, void *arg)
{
	struct side *side = arg;
	struct process q;
	struct rill_ctx *ctx;

	CHILD_CHECK(rill_ctx_create(&ctx, NULL) == 0);
	CHILD_CHECK(process_start(&q, ctx, side->fd, side->owns));
	CHILD_CHECK(rill_lock_try(q.me, &q.shared->lock) == 0);
	q.shared->a++;
	child_tell(c, TAKEN);
	child_hear(c, PATIENCE);
	return 0;
}

/* Killed with the lock; the next one has it at once, and sees that it was half done. */
static void killed_with_the_lock(bool child_owns)
{
	struct rill_ctx *ctx;
	struct process q;
	struct child c;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(child_start(&c, take_and_sit, &(struct side){.fd = fds[1], .owns = child_owns}), 0);
	close(fds[1]);
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_true(process_start(&q, ctx, fds[0], !child_owns));
	assert_int_equal(child_hear(&c, PATIENCE), TAKEN);
	assert_int_equal(rill_lock_try(q.me, &q.shared->lock), -EBUSY);
	assert_int_equal(child_kill(&c), -SIGKILL);
	assert_int_equal(rill_lock_try(q.me, &q.shared->lock), -EOWNERDEAD); /* no turn of our loop between */
	assert_int_equal(q.shared->a, 1);
	assert_int_equal(q.shared->b, 0);
	q.shared->b = q.shared->a;
	assert_int_equal(rill_lock_mended(q.me, &q.shared->lock), 0);
	assert_int_equal(rill_lock_release(q.me, &q.shared->lock), 0);
	if (child_owns)
		rill_msg_release(&q.msg);
	rill_ctx_destroy(ctx);
}

static void a_borrower_killed_with_the_lock_leaves_it_to_the_owner(void **state)
{
	(void)state;
	killed_with_the_lock(false);
}

static void an_owner_killed_with_the_lock_leaves_it_to_the_borrower(void **state)
{
	(void)state;
	killed_with_the_lock(true);
}

/* Take, look, count up in two steps, release, for ever. What it sees without -EOWNERDEAD is whole. */
static int count_up(struct child *c, void *arg)
{
	struct side *side = arg;
	struct rill_ctx *ctx;
	struct process q;

	rill_ctx_destroy(side->parents);
	CHILD_CHECK(rill_ctx_create(&ctx, NULL) == 0);
	CHILD_CHECK(process_start(&q, ctx, side->fd, false));
	child_tell(c, TAKEN);
	for (;;) {
		int r = rill_lock_try(q.me, &q.shared->lock);

		if (r == -EBUSY)
			continue;
		if (r == -EOWNERDEAD) {
			CHILD_CHECK(q.shared->a == q.shared->b || q.shared->a == q.shared->b + 1);
			q.shared->b = q.shared->a;
			q.shared->deaths++;
			r = rill_lock_mended(q.me, &q.shared->lock);
		}
		CHILD_CHECK(r == 0 && q.shared->a == q.shared->b);
		__atomic_store_n(&q.shared->a, q.shared->a + 1, __ATOMIC_RELAXED);
		for (volatile int i = 0; i < 50; i++) /* where it is mostly killed */
			;
		__atomic_store_n(&q.shared->b, q.shared->a, __ATOMIC_RELAXED);
		CHILD_CHECK(rill_lock_release(q.me, &q.shared->lock) == 0);
	}
}

#define WRITERS 3

static void replace(struct child *c, struct process *q, struct rill_ctx *ctx, struct rill_arena *a, struct shared *s)
{
	struct rill_session_options o = {.size = sizeof(o), .peers_may_write = 1};
	struct side side = {.parents = ctx};
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	side.fd = fds[1];
	assert_int_equal(child_start(c, count_up, &side), 0);
	close(fds[1]);
	*q = (struct process){.e = {.ctx = ctx}};
	assert_int_equal(rill_session_adopt(&q->e.s, ctx, fds[0], &o, &end_session_events, &q->e), 0);
	while (rill_session_status(q->e.s) == 0)
		assert_true(rill_poll_wait(ctx, PATIENCE) > 0);
	assert_int_equal(rill_channel_open(&q->e.ch, q->e.s, "c", NULL, NULL, NULL), 0);
	assert_int_equal(lend(q->e.ch, a, s, sizeof(*s)), 0);
	assert_int_equal(child_hear(c, PATIENCE), TAKEN);
}

static void writers_killed_at_any_instant_leave_a_whole_lock(void **state)
{
	static struct process q[WRITERS];
	struct child c[WRITERS];
	uint64_t random = rounds_seed();
	struct rill_ctx *ctx;
	struct rill_arena *a;
	struct shared *s;
	int r;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	a = shared_arena(ctx);
	s = rill_arena_alloc(a, sizeof(*s));
	memset(s, 0, sizeof(*s));
	for (int i = 0; i < WRITERS; i++)
		replace(&c[i], &q[i], ctx, a, s);
	for (unsigned i = 0; i < rounds_of(5, 40, 1000); i++) {
		unsigned victim = (unsigned)(rounds_random(&random) % WRITERS);
		struct timespec pause = {.tv_nsec = (long)(rounds_random(&random) % 2000000)};

		nanosleep(&pause, NULL);
		assert_int_equal(child_kill(&c[victim]), -SIGKILL);
		rill_session_close(q[victim].e.s);
		replace(&c[victim], &q[victim], ctx, a, s);
	}
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(child_kill(&c[i]), -SIGKILL);
		rill_session_close(q[i].e.s);
	}
	r = rill_lock_try(rill_arena_writer(a), &s->lock);
	assert_true(r == 0 || r == -EOWNERDEAD);
	assert_true(s->a == s->b || (r == -EOWNERDEAD && s->a == s->b + 1));
	assert_true(s->a > 0);
	rill_ctx_destroy(ctx);
}

static int sit(struct child *c, void *arg)
{
	struct rill_ctx *ctx = arg;

	CHILD_CHECK(rill_lock_try(owner, &ours->lock) == -ECHILD);
	CHILD_CHECK(rill_lock_release(owner, &ours->lock) == -ECHILD);
	CHILD_CHECK(rill_arena_writer(arena) == NULL);
	child_tell(c, TAKEN);
	CHILD_CHECK(child_hear(c, PATIENCE) == GO);
	rill_ctx_destroy(ctx);
	child_tell(c, LEFT);
	child_hear(c, PATIENCE);
	return 0;
}

/* As a session lives as long as anybody holds its socket. */
static void a_forked_child_keeps_its_parents_locks_until_it_destroys_its_ctx(void **state)
{
	struct child c;

	(void)state;
	start();
	assert_int_equal(rill_lock_try(owner, &ours->lock), 0);
	assert_int_equal(child_start(&c, sit, p.a.ctx), 0);
	assert_int_equal(child_hear(&c, PATIENCE), TAKEN);
	rill_ctx_destroy(p.a.ctx);
	p.a.ctx = NULL;
	pair_run(&p);
	assert_int_equal(rill_lock_try(borrower, &theirs->lock), -EBUSY);
	child_tell(&c, GO);
	assert_int_equal(child_hear(&c, PATIENCE), LEFT);
	assert_int_equal(rill_lock_try(borrower, &theirs->lock), -EOWNERDEAD);
	child_tell(&c, GO);
	assert_int_equal(child_wait(&c, PATIENCE), 0);
	stop();
}

static int leave_at_once(struct child *c, void *arg)
{
	(void)c, (void)arg;
	CHILD_CHECK(rill_lock_release(borrower, &theirs->lock) == -ECHILD);
	rill_ctx_destroy(p.a.ctx);
	rill_ctx_destroy(p.b.ctx);
	return 0;
}

/* What a child ends is its copy: the lock that its parent borrowed is held, and is let go of as before. */
static void a_forked_child_that_ends_leaves_the_borrowers_lock_alone(void **state)
{
	struct child c;

	(void)state;
	start();
	assert_int_equal(rill_lock_try(borrower, &theirs->lock), 0);
	assert_int_equal(child_start(&c, leave_at_once, NULL), 0);
	assert_int_equal(child_wait(&c, PATIENCE), 0);
	assert_int_equal(rill_lock_try(owner, &ours->lock), -EBUSY);
	assert_int_equal(rill_lock_release(borrower, &theirs->lock), 0);
	assert_int_equal(rill_lock_try(owner, &ours->lock), 0);
	stop();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(such_an_arena_is_lent_only_where_both_sides_said_so),
		TEST(what_one_side_writes_the_other_reads),
		TEST(other_arenas_in_such_a_session_stay_read_only),
		TEST(each_side_pays_one_descriptor_for_it),
		TEST(a_lock_has_one_holder_and_is_never_waited_for),
		TEST(a_lock_must_lie_in_the_writers_arena),
		TEST(who_leaves_with_a_lock_leaves_it_to_the_next),
		TEST(the_owner_who_ends_with_a_lock_leaves_it_to_the_borrower),
		TEST(what_was_released_unmended_is_for_nobody_until_it_is_reset),
		TEST(who_dies_mending_leaves_it_to_be_mended),
		TEST(an_overwritten_lock_gives_an_answer),
		TEST(a_borrower_killed_with_the_lock_leaves_it_to_the_owner),
		TEST(an_owner_killed_with_the_lock_leaves_it_to_the_borrower),
		TEST(writers_killed_at_any_instant_leave_a_whole_lock),
		TEST(a_forked_child_keeps_its_parents_locks_until_it_destroys_its_ctx),
		TEST(a_forked_child_that_ends_leaves_the_borrowers_lock_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
