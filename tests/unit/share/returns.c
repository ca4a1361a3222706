/* tests/unit/share/returns.c - 100,000 objects are out and their borrower is killed: all come back, each once, in a bounded
 * number of dispatches, while another session is served; and none was freed a moment before.
 *
 * The arena's allocator never uses a block again and fills it when it is freed, so the borrower, who looks at all that it holds
 * until it is killed, would see one that was freed early. */
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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define MIB ((size_t)1 << 20)
#define LEN 40
#define FREED 0xdd
#define HEARD_MS 60000

/* ---- An allocator that shows what was freed -------------------------------------------------------------------- */

#define BLOCK ((size_t)128)

struct guard {
	struct rill_space space;
	size_t used, ready;
	unsigned char *freed; /* by block */
};

static int guard_create(void **ret_self, const struct rill_space *space)
{
	struct guard *g = calloc(1, sizeof(*g));

	g->space = *space;
	g->freed = calloc(space->capacity / BLOCK, 1);
	*ret_self = g;
	return 0;
}

static void guard_destroy(void *self)
{
	struct guard *g = self;

	free(g->freed);
	free(g);
}

static void *guard_alloc(void *self, size_t alignment, size_t len)
{
	struct guard *g = self;
	size_t at = g->used;

	if (len > BLOCK || alignment > BLOCK || at + BLOCK > g->space.capacity)
		return NULL;
	while (g->ready < at + BLOCK) {
		if (g->space.reserve(g->space.space, g->ready, MIB) < 0)
			return NULL;
		g->ready += MIB;
	}
	g->used += BLOCK;
	return (char *)g->space.base + at;
}

static size_t index_of(const struct guard *g, const void *block)
{
	return (size_t)((const char *)block - (const char *)g->space.base) / BLOCK;
}

static void guard_free(void *self, void *block)
{
	struct guard *g = self;

	assert_false(g->freed[index_of(g, block)]);
	g->freed[index_of(g, block)] = 1;
	memset(block, FREED, BLOCK);
}

static int guard_find(void *self, const void *inside, void **ret_block, size_t *ret_len)
{
	struct guard *g = self;
	uintptr_t at = (uintptr_t)inside - (uintptr_t)g->space.base;

	if (at >= g->used || g->freed[at / BLOCK])
		return -ENOENT;
	*ret_block = (char *)g->space.base + at / BLOCK * BLOCK;
	*ret_len = BLOCK;
	return 0;
}

static const struct rill_allocator guard = {
	.size = sizeof(guard),
	.name = "guard",
	.create = guard_create,
	.destroy = guard_destroy,
	.alloc = guard_alloc,
	.free = guard_free,
	.find = guard_find,
};

/* ---- The borrower ---------------------------------------------------------------------------------------------- */

static unsigned count;
static const struct rill_object_type type_of_both = {.size = sizeof(type_of_both), .tag = 5, .version = 1};

static void turn(struct rill_ctx *ctx)
{
	struct pollfd fds[4];
	size_t n = rill_ctx_pollfds(ctx, fds, 4);

	poll(fds, n, rill_ctx_timeout_ms(ctx) ? 10 : 0);
	for (size_t i = 0; i < n; i++)
		if (fds[i].revents)
			rill_ctx_dispatch_fd(ctx, fds[i].fd);
	rill_ctx_dispatch(ctx, NULL);
}

static bool whole(const struct rill_msg *msg, unsigned i)
{
	struct rill_object o;
	const void *data;
	size_t len;

	return rill_msg_loan(msg, 0, &data, &len) == 0 && rill_object_open(data, len, &type_of_both, &o) == 0 && o.len == LEN &&
	       pattern_is(o.data, LEN, i);
}

static struct rill_channel *offered;

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	(void)s, (void)user;
	offered = ch;
	return 0;
}

static int borrow_all(struct child *self, void *arg)
{
	struct rill_session_events events = {.size = sizeof(events), .channel = on_channel};
	struct rill_session_options o = {.size = sizeof(o), .loans = 1000000};
	struct rill_msg *msgs = calloc(count, sizeof(*msgs));
	struct rill_session *s;
	struct rill_ctx *ctx;
	unsigned got = 0;

	CHILD_CHECK(msgs && rill_ctx_create(&ctx, NULL) == 0);
	CHILD_CHECK(rill_session_adopt(&s, ctx, *(int *)arg, &o, &events, NULL) == 0);
	while (got < count) {
		turn(ctx);
		while (offered && got < count && rill_channel_recv(offered, &msgs[got]) == 0) {
			CHILD_CHECK(whole(&msgs[got], got));
			got++;
		}
	}
	CHILD_CHECK(child_tell(self, 1) == 0);
	for (;;) /* until we are killed: all is there */
		for (unsigned i = 0; i < count; i++)
			CHILD_CHECK(whole(&msgs[i], i));
}

/* ---- The owner ------------------------------------------------------------------------------------------------- */

static unsigned char *ended; /* by object */
static unsigned ends;
static struct pair other; /* its side `a` lives in the owner's ctx */
static struct rill_session *lost;

static void on_ended(void *object, void *user)
{
	uintptr_t i = (uintptr_t)user;

	assert_true(pattern_is(object, LEN, i)); /* its bytes are still there */
	assert_int_equal(ended[i]++, 0);
	ends++;
}

static void on_session_closed(struct rill_session *s, int why, void *user)
{
	(void)user;
	assert_int_equal(why, -ECONNRESET);
	rill_session_close(s);
	lost = NULL;
}

static const struct rill_session_events owner_events = {.size = sizeof(owner_events), .closed = on_session_closed};

static int lend(struct rill_channel *ch, struct rill_arena *arena, unsigned i)
{
	struct rill_object_type type = type_of_both;
	struct rill_loan loan;
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	void *object;
	int e;

	type.destructor = on_ended;
	object = rill_object_create(arena, &type, LEN, (void *)(uintptr_t)i);
	assert_non_null(object);
	pattern_fill(object, LEN, i);
	assert_int_equal(rill_object_loan(arena, object, &loan), 0);
	while ((e = rill_channel_sendmsg(ch, &out)) == -EAGAIN)
		turn(other.a.ctx);
	rill_arena_free(arena, object); /* let go at once: the loan keeps it */
	return e;
}

/* Of this thread alone: others are none of the dispatch's doing. */
static uint64_t ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* One dispatch of the owner's, whatever is ready; then the other session's peer answers what came. */
static void serve_once(uint64_t *longest)
{
	struct pollfd fds[4];
	size_t n = rill_ctx_pollfds(other.a.ctx, fds, 4);
	uint64_t begin = ns(), took;

	poll(fds, n, 0);
	for (size_t i = 0; i < n; i++)
		if (fds[i].revents)
			rill_ctx_dispatch_fd(other.a.ctx, fds[i].fd);
	if (rill_ctx_timeout_ms(other.a.ctx) == 0)
		rill_ctx_dispatch(other.a.ctx, NULL);
	took = ns() - begin;
	*longest = took > *longest ? took : *longest;
	end_run(&other.b);
}

static void all_return_while_others_are_served(void **state)
{
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = 64 * MIB, .allocator = &guard};
	struct rill_session_options so = {.size = sizeof(so)};
	uint64_t answered = 0, longest = 0;
	struct rill_arena *arena;
	struct rill_channel *ch;
	struct child child;
	unsigned dispatches = 0;
	int fds[2];

	(void)state;
	count = rounds_of(2000, 20000, 100000);
	ends = 0;
	ended = calloc(count, 1);
	offered = NULL;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(child_start(&child, borrow_all, &fds[1]), 0);
	close(fds[1]);
	pair_open(&other, NULL);
	pair_channel(&other, "other");
	other.b.silent = other.a.silent = true;
	assert_int_equal(rill_arena_create(&arena, other.a.ctx, &ao), 0);
	assert_int_equal(rill_session_adopt(&lost, other.a.ctx, fds[0], &so, &owner_events, NULL), 0);
	while (rill_session_status(lost) == 0)
		turn(other.a.ctx);
	assert_int_equal(rill_channel_open(&ch, lost, "objects", NULL, NULL, NULL), 0);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(lend(ch, arena, i), 0);
	while (child_hear(&child, 0) == -ETIMEDOUT)
		turn(other.a.ctx);
	for (int i = 0; i < 100; i++)
		turn(other.a.ctx);
	assert_int_equal(ends, 0); /* all were let go of by us, and none by the borrower */
	assert_int_equal(child_kill(&child), -SIGKILL);
	while (ends < count) {
		char c = 0;

		assert_int_equal(rill_channel_send(other.b.ch, &c, 1), 0);
		serve_once(&longest);
		answered += rill_channel_send(other.a.ch, &c, 1) == 0;
		end_expect(&other.a, &c, 1); /* what was asked is there after one dispatch, every time */
		end_run(&other.b);
		end_expect(&other.b, &c, 1);
		dispatches++;
		assert_true(dispatches < count / 64 + 100);
	}
	assert_int_equal(answered, dispatches);
	assert_null(lost);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(ended[i], 1);
	print_message("# %u objects back in %u dispatches, the longest %llu us\n", count, dispatches,
	              (unsigned long long)longest / 1000);
	pair_stop(&other);
	free(ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_return_while_others_are_served, leaks_setup, leaks_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
