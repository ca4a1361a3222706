/* tests/unit/session/same_address.c - arenas that borrowers map where their owner has them: pointers work in another program,
 * a taken range is told to both sides, and a claim lasts exactly as long as somebody holds it.
 *
 * Owners are other programs: this one, executed again, so that nothing but the arenas lies at the same place in both. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "shm/address.h"
#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define CAPACITY (4 * MIB)
#define NODES 1000
#define OWNERS 10
#define ARENAS 5
#define SOCKET 3
#define PATIENCE 30000

/* As it lies in the arenas of an owner: each node, and its text, in another arena than the last. */
struct node {
	struct node *next;
	const char *text;
	uint64_t value;
};

static char *self; /* the path of this program */

static int create(struct rill_arena **ret, struct rill_ctx *ctx, uintptr_t base)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = CAPACITY, .flags = RILL_ARENA_SAME_ADDRESS, .base = base};

	return rill_arena_create(ret, ctx, &o);
}

/* ---- The owner, in a program of its own ------------------------------------------------------------------------ */

struct owner {
	struct rill_ctx *ctx;
	struct rill_session *s;
	struct rill_arena *arena[ARENAS];
	unsigned count, told, same;
	struct node *head;
	bool over;
};

static struct node *build(struct owner *o)
{
	struct node *next = NULL;

	for (unsigned i = NODES; i-- > 0;) {
		struct node *n = rill_arena_alloc(o->arena[i % o->count], sizeof(*n));
		char *text = rill_arena_alloc(o->arena[(i + 1) % o->count], 32);

		CHILD_CHECK(n && text);
		snprintf(text, 32, "node %u", i);
		*n = (struct node){.next = next, .text = text, .value = i};
		next = n;
	}
	return next;
}

/* One loan of each arena, the first of which is the list's head; the tag says how many are at their place. */
static void hand_over(struct owner *o)
{
	struct rill_loan loan[ARENAS];
	struct rill_out out = {.size = sizeof(out), .tag = 100 + o->same, .loans = loan, .loan_count = o->count, .parts = NULL};
	struct rill_channel *ch;

	for (unsigned i = 0; i < o->count; i++) {
		void *block = i ? rill_arena_alloc(o->arena[i], 1) : (void *)o->head;

		loan[i] = (struct rill_loan){.arena = o->arena[i], .data = block, .len = i ? 1 : sizeof(*o->head)};
	}
	CHILD_CHECK(rill_channel_open(&ch, o->s, "roots", NULL, NULL, NULL) == 0);
	CHILD_CHECK(rill_channel_sendmsg(ch, &out) == 0);
}

static void on_mapped(struct rill_session *s, struct rill_arena *arena, int same, void *user)
{
	struct owner *o = user;

	CHILD_CHECK(rill_session_same_address(s, arena) == same);
	o->told++;
	o->same += (unsigned)same;
	if (o->told == o->count)
		hand_over(o);
}

static void on_opened(struct rill_session *s, void *user)
{
	struct owner *o = user;

	for (unsigned i = 0; i < o->count; i++) {
		int same = rill_session_same_address(s, o->arena[i]);

		if (rill_session_status(s) < 0) /* killed or closed: the borrower wanted no more */
			return;
		CHILD_CHECK(same == -EAGAIN || same == 0); /* 0: it does not ask */
		for (int again = 0; again < 2; again++) {
			int r = rill_session_announce(s, o->arena[i]);

			if (r == -EPIPE || r == -ECONNRESET) /* the same, not told yet */
				return;
			CHILD_CHECK(r == 0);
		}
	}
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)s, (void)why;
	((struct owner *)user)->over = true;
}

/* With a base the first arena is there, or the status says why not. */
static int owner(unsigned count, uintptr_t base)
{
	struct rill_session_events events = {.size = sizeof(events),
	                                     .opened = on_opened,
	                                     .closed = on_closed,
	                                     .mapped = on_mapped};
	struct owner o = {.count = count};
	int e;

	CHILD_CHECK(rill_ctx_create(&o.ctx, NULL) == 0);
	for (unsigned i = 0; i < count; i++) {
		e = create(&o.arena[i], o.ctx, i ? 0 : base);
		if (e < 0)
			return -e;
	}
	o.head = build(&o);
	CHILD_CHECK(rill_session_adopt(&o.s, o.ctx, SOCKET, NULL, &events, &o) == 0);
	while (!o.over)
		CHILD_CHECK(rill_poll_wait(o.ctx, PATIENCE) > 0);
	rill_ctx_destroy(o.ctx);
	return 0;
}

struct start {
	int fd;
	unsigned count;
	uintptr_t base;
};

static int execute(struct child *c, void *arg)
{
	struct start *s = arg;
	char count[16], base[32];
	char *args[] = {self, (char *)"owner", count, base, NULL};

	(void)c;
	snprintf(count, sizeof(count), "%u", s->count);
	snprintf(base, sizeof(base), "%lx", (unsigned long)s->base);
	if (s->fd != SOCKET)
		dup2(s->fd, SOCKET);
	else
		fcntl(s->fd, F_SETFD, 0);
	execv(self, args);
	return CHILD_FAILED;
}

/* ---- The borrower, here ---------------------------------------------------------------------------------------- */

static struct end end;

/* Another program that owns `count` arenas; *e is our end of a session with it, in ctx (NULL: of its own). */
static void owner_start(struct child *c, struct end *e, struct rill_ctx *ctx, unsigned count, uintptr_t base, bool ask)
{
	struct rill_session_options o = {.size = sizeof(o), .same_address = ask};
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(child_start(c, execute, &(struct start){.fd = fds[1], .count = count, .base = base}), 0);
	close(fds[1]);
	if (ctx)
		*e = (struct end){.ctx = ctx};
	else
		end_start(e, NULL);
	assert_int_equal(rill_session_adopt(&e->s, e->ctx, fds[0], &o, &end_session_events, e), 0);
}

static struct rill_msg roots_of(struct end *e)
{
	struct rill_msg msg;
	int r = -EAGAIN;

	while (!e->ch || (r = rill_channel_recv(e->ch, &msg)) == -EAGAIN)
		assert_true(rill_poll_wait(e->ctx, PATIENCE) > 0);
	assert_int_equal(r, 0);
	return msg;
}

static struct rill_mapping mapping_of(const struct rill_msg *msg, unsigned loan)
{
	struct rill_mapping m = {.size = sizeof(m)};

	assert_int_equal(rill_msg_mapping(msg, loan, &m), 0);
	return m;
}

static void walk(const struct rill_msg *msg)
{
	const struct node *n;
	const void *data;
	uint64_t count = 0;
	char text[32];
	size_t len;

	assert_int_equal(rill_msg_loan(msg, 0, &data, &len), 0);
	for (n = data; n; n = n->next) {
		assert_int_equal(n->value, count);
		snprintf(text, sizeof(text), "node %u", (unsigned)count);
		assert_string_equal(n->text, text);
		count++;
	}
	assert_int_equal(count, NODES);
}

static void owner_end(struct child *c, struct end *e, bool with_ctx)
{
	rill_session_close(e->s);
	while (rill_ctx_pollfds(e->ctx, NULL, 0) > 0 && with_ctx)
		assert_true(rill_poll_wait(e->ctx, PATIENCE) > 0);
	if (with_ctx)
		end_stop(e);
	assert_int_equal(child_wait(c, PATIENCE), 0);
}

/* A range of the window that nothing and nobody has. */
static uintptr_t free_place(void)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;
	uintptr_t base;
	void *block;

	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(create(&a, ctx, 0), 0);
	block = rill_arena_alloc(a, 1);
	base = (uintptr_t)block & ~(uintptr_t)(CAPACITY - 1);
	rill_ctx_destroy(ctx);
	return base;
}

/* Does it have the claim, and this process the addresses? 0 or what create gave. */
static int try_place(uintptr_t base)
{
	struct rill_arena *a;
	struct rill_ctx *ctx;
	int e;

	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	e = create(&a, ctx, base);
	rill_ctx_destroy(ctx);
	return e;
}

/* ---- Pointers work --------------------------------------------------------------------------------------------- */

static void pointers_work_in_fifty_arenas_of_ten_programs_at_once(void **state)
{
	static struct end ends[OWNERS];
	struct rill_msg msg[OWNERS];
	struct child c[OWNERS];
	struct rill_ctx *ctx;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	for (unsigned i = 0; i < OWNERS; i++)
		owner_start(&c[i], &ends[i], ctx, ARENAS, 0, true);
	for (unsigned i = 0; i < OWNERS; i++) {
		msg[i] = roots_of(&ends[i]);
		assert_int_equal(msg[i].tag, 100 + ARENAS); /* the owner knows, too */
		assert_int_equal(msg[i].loan_count, ARENAS);
		for (unsigned k = 0; k < ARENAS; k++) {
			struct rill_mapping m = mapping_of(&msg[i], k);

			assert_int_equal(m.same_address, 1);
			assert_int_equal(m.owner_base, (uintptr_t)m.base);
			assert_int_equal(m.capacity, CAPACITY);
		}
	}
	for (unsigned i = 0; i < OWNERS; i++)
		walk(&msg[i]);
	for (unsigned i = 0; i < OWNERS; i++)
		rill_msg_release(&msg[i]);
	for (unsigned i = 0; i < OWNERS; i++)
		owner_end(&c[i], &ends[i], false);
	rill_ctx_destroy(ctx);
}

static void pointers_work_as_long_as_the_message_is_held_though_the_owner_is_dead(void **state)
{
	struct rill_msg msg;
	struct child c;

	(void)state;
	owner_start(&c, &end, NULL, ARENAS, 0, true);
	msg = roots_of(&end);
	assert_int_equal(child_kill(&c), -SIGKILL);
	while (!end_was_told(&end, "session closed ECONNRESET"))
		assert_true(rill_poll_wait(end.ctx, PATIENCE) > 0);
	rill_session_close(end.s);
	end_stop(&end);
	walk(&msg);
	rill_msg_release(&msg);
}

/* docs/snippets/same_address, beside us in the build: its list's items, its reading of them. */
struct item {
	struct item *next;
	const char *text;
};

struct other {
	char path[4096];
	int in, out;
};

static int run_other(struct child *c, void *arg)
{
	struct other *o = arg;

	(void)c;
	dup2(o->in, STDIN_FILENO);
	dup2(o->out, STDOUT_FILENO);
	execl(o->path, o->path, "borrow", NULL);
	return CHILD_FAILED;
}

static const char *text_in(struct rill_arena *a, const char *text)
{
	return strcpy(rill_arena_alloc(a, strlen(text) + 1), text);
}

static void lend_item(struct end *e, struct rill_arena *a, const struct item *item)
{
	struct rill_loan loan = {.arena = a, .data = item, .len = sizeof(*item)};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};

	assert_int_equal(rill_channel_open(&e->ch, e->s, "list", NULL, NULL, NULL), 0);
	assert_int_equal(rill_channel_sendmsg(e->ch, &out), 0);
}

static void pointers_work_in_a_program_that_is_another_binary(void **state)
{
	struct rill_session_options o = {.size = sizeof(o)};
	struct rill_arena *a;
	struct item *item[2];
	struct other other;
	char *last, said[64] = "";
	struct child c;
	int fds[2], out[2];

	(void)state;
	snprintf(other.path, sizeof(other.path), "%s", self);
	last = strstr(other.path, "tests/unit/session/");
	assert_non_null(last);
	snprintf(last, sizeof(other.path) - (size_t)(last - other.path), "docs/snippets/same_address");
	if (access(other.path, X_OK) < 0)
		skip(); /* it was not asked for */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	other.in = fds[1];
	other.out = out[1];
	assert_int_equal(child_start(&c, run_other, &other), 0);
	close(fds[1]);
	close(out[1]);
	end_start(&end, NULL);
	assert_int_equal(create(&a, end.ctx, 0), 0);
	for (int i = 2; i-- > 0;) {
		item[i] = rill_arena_alloc(a, sizeof(*item[i]));
		*item[i] = (struct item){.next = i ? NULL : item[1], .text = text_in(a, i ? "second" : "first")};
	}
	assert_int_equal(rill_session_adopt(&end.s, end.ctx, fds[0], &o, &end_session_events, &end), 0);
	while (!end_was_told(&end, "opened"))
		assert_true(rill_poll_wait(end.ctx, PATIENCE) > 0);
	lend_item(&end, a, item[0]);
	while (!end_was_told(&end, "session closed"))
		assert_true(rill_poll_wait(end.ctx, PATIENCE) > 0);
	assert_int_equal(child_wait(&c, PATIENCE), 0);
	assert_true(read(out[0], said, sizeof(said) - 1) > 0);
	assert_string_equal(said, "first\nsecond\n");
	close(out[0]);
	end_stop(&end);
}

/* ---- They do not, and both sides know --------------------------------------------------------------------------- */

/* What was not asked for is mapped anywhere, and its owner's addresses are not told. */
static void who_does_not_ask_is_told_no_address(void **state)
{
	struct rill_arena *a;
	struct rill_mapping m;
	struct rill_msg msg;
	struct rill_loan loan;
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	struct pair p;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(create(&a, p.a.ctx, 0), 0);
	loan = (struct rill_loan){.arena = a, .data = rill_arena_alloc(a, 8), .len = 8};
	assert_int_equal(rill_session_same_address(p.a.s, a), 0);
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	pair_run(&p);
	msg = end_take(&p.b);
	m = mapping_of(&msg, 0);
	assert_int_equal(m.same_address, 0);
	assert_int_equal(m.owner_base, 0);
	assert_int_equal(rill_session_same_address(p.a.s, a), 0);
	assert_int_equal(rill_msg_mapping(&msg, 1, &m), -EINVAL);
	m.size = 0;
	assert_int_equal(rill_msg_mapping(&msg, 0, &m), -EINVAL);
	rill_msg_release(&msg);
	pair_stop(&p);
}

static void an_arena_without_an_address_of_its_own_stays_without(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = CAPACITY};
	struct pair_options ask = {.b = {.same_address = 1}};
	struct rill_arena *a;
	struct rill_msg msg;
	struct rill_loan loan;
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	struct pair p;

	(void)state;
	pair_open(&p, &ask);
	pair_channel(&p, "c");
	assert_int_equal(rill_arena_create(&a, p.a.ctx, &o), 0);
	loan = (struct rill_loan){.arena = a, .data = rill_arena_alloc(a, 8), .len = 8};
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	pair_run(&p);
	msg = end_take(&p.b);
	assert_int_equal(mapping_of(&msg, 0).owner_base, 0);
	assert_int_equal(rill_session_same_address(p.a.s, a), 0);
	rill_msg_release(&msg);
	pair_stop(&p);
}

static void a_range_that_the_borrower_uses_is_left_alone_and_both_sides_know(void **state)
{
	uintptr_t base = free_place();
	struct rill_mapping m;
	const struct node *copy;
	struct rill_msg msg;
	struct child c;
	char *ours;

	(void)state;
	ours = mmap((void *)base, CAPACITY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_int_equal((uintptr_t)ours, base);
	memset(ours, 7, 4096);
	owner_start(&c, &end, NULL, 1, base, true);
	msg = roots_of(&end);
	assert_int_equal(msg.tag, 100); /* the owner was told */
	m = mapping_of(&msg, 0);
	assert_int_equal(m.same_address, 0);
	assert_int_equal(m.owner_base, base);
	assert_true((uintptr_t)m.base != base);
	for (int i = 0; i < 4096; i++)
		assert_int_equal(ours[i], 7);

	/* By offset all of it can be read. */
	{
		const void *data;
		size_t len;

		assert_int_equal(rill_msg_loan(&msg, 0, &data, &len), 0);
		copy = data;
		copy = (const struct node *)(const void *)((const char *)m.base + ((uintptr_t)copy->next - m.owner_base));
		assert_int_equal(copy->value, 1);
	}
	rill_msg_release(&msg);
	owner_end(&c, &end, true);
	munmap(ours, CAPACITY);
}

/* Both ends in one process: the owner has the range itself. Both sessions' maps of one arena: the first one has it. */
static void a_process_that_has_the_arena_already_maps_it_elsewhere(void **state)
{
	struct pair_options ask = {.b = {.same_address = 1}};
	struct rill_arena *a;
	struct pair p;

	(void)state;
	pair_open(&p, &ask);
	assert_int_equal(create(&a, p.a.ctx, 0), 0);
	assert_int_equal(rill_session_same_address(p.a.s, a), -EAGAIN);
	assert_int_equal(rill_session_announce(p.a.s, a), 0);
	assert_int_equal(rill_session_same_address(p.a.s, a), -EAGAIN);
	pair_run(&p);
	assert_int_equal(rill_session_same_address(p.a.s, a), 0);
	pair_stop(&p);
}

static void an_address_outside_the_borrowers_window_is_not_taken(void **state)
{
	uintptr_t base = free_place();
	struct rill_session_options o = {.size = sizeof(o),
	                                 .same_address = 1,
	                                 .window_begin = base + CAPACITY,
	                                 .window_end = base + 3 * CAPACITY};
	struct rill_msg msg;
	struct child c;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(child_start(&c, execute, &(struct start){.fd = fds[1], .count = 1, .base = base}), 0);
	close(fds[1]);
	end_start(&end, NULL);
	assert_int_equal(rill_session_adopt(&end.s, end.ctx, fds[0], &o, &end_session_events, &end), 0);
	msg = roots_of(&end);
	assert_int_equal(mapping_of(&msg, 0).same_address, 0);
	rill_msg_release(&msg);
	owner_end(&c, &end, true);
}

/* ---- Whether, and when, the owner is told ----------------------------------------------------------------------- */

static void announcing_is_possible_once_the_session_is_open_and_then_told(void **state)
{
	struct rill_arena_options plain = {.size = sizeof(plain), .capacity = CAPACITY};
	struct rill_arena *a, *foreign;
	struct pair p;

	(void)state;
	pair_start(&p, NULL);
	assert_int_equal(rill_arena_create(&a, p.a.ctx, &plain), 0);
	assert_int_equal(rill_arena_create(&foreign, p.b.ctx, &plain), 0);
	assert_int_equal(rill_session_announce(p.a.s, a), -EAGAIN);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "opened, session room");
	assert_int_equal(rill_session_announce(p.a.s, foreign), -EINVAL);
	assert_int_equal(rill_session_announce(p.a.s, NULL), -EINVAL);
	assert_int_equal(rill_session_announce(NULL, a), -EINVAL);
	assert_int_equal(rill_session_announce(p.a.s, a), 0);
	rill_session_close(p.b.s);
	p.b.s = NULL;
	pair_run(&p);
	assert_int_equal(rill_session_announce(p.a.s, a), -EPIPE);
	assert_int_equal(rill_session_same_address(p.a.s, a), -EPIPE);
	pair_stop(&p);
}

/* A socket full of our own bells' kin: packets that nobody reads. */
static void a_full_socket_gives_eagain_and_room_follows(void **state)
{
	struct rill_arena_options small = {.size = sizeof(small), .capacity = 65536};
	struct pair_options many = {.b = {.arenas = 4096}};
	struct rill_arena *a;
	struct pair p;
	int e = 0;
	unsigned told = 0;

	(void)state;
	pair_open(&p, &many);
	while (e == 0 && told < 4096) {
		assert_int_equal(rill_arena_create(&a, p.a.ctx, &small), 0);
		e = rill_session_announce(p.a.s, a);
		told += e == 0;
		if (told == 600) /* the kernel takes more than RLIMIT_NOFILE gives */
			break;
	}
	if (e == 0) {
		pair_run(&p);
		pair_stop(&p);
		skip();
	}
	assert_int_equal(e, -EAGAIN);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "session room");
	assert_int_equal(rill_session_announce(p.a.s, a), 0);
	pair_stop(&p);
}

/* ---- Claims ----------------------------------------------------------------------------------------------------- */

static void bad_places_are_refused_and_nothing_is_left(void **state)
{
	static const struct {
		uintptr_t base, begin, end;
		size_t capacity;
		unsigned flags;
	} bad[] = {
		{.base = 0x210000000000},
		{.begin = 0x210000000000, .end = 0x220000000000},
		{.base = 0x210000001000, .flags = RILL_ARENA_SAME_ADDRESS},
		{.base = 0x210000010000, .flags = RILL_ARENA_SAME_ADDRESS | RILL_ARENA_HUGE},
		{.base = 0x800000000000, .flags = RILL_ARENA_SAME_ADDRESS},
		{.base = UINTPTR_MAX & ~(uintptr_t)0xffff, .flags = RILL_ARENA_SAME_ADDRESS},
		{.base = 0x210000000000, .end = 0x220000000000, .flags = RILL_ARENA_SAME_ADDRESS},
		{.end = 0x220000000000, .flags = RILL_ARENA_SAME_ADDRESS},
		{.begin = 0x220000000000, .end = 0x210000000000, .flags = RILL_ARENA_SAME_ADDRESS},
		{.begin = 0x210000000000, .end = 0x210000010000, .flags = RILL_ARENA_SAME_ADDRESS},
		{.begin = 0x210000000000, .end = 0x900000000000, .flags = RILL_ARENA_SAME_ADDRESS},
		{.base = 0x210000000000, .capacity = (size_t)1 << 40, .flags = RILL_ARENA_SAME_ADDRESS},
	};
	struct rill_arena *a;
	struct rill_ctx *ctx;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rill_arena_options o = {
			.size = sizeof(o),
			.capacity = bad[i].capacity ? bad[i].capacity : CAPACITY,
			.flags = bad[i].flags,
			.base = bad[i].base,
			.window_begin = bad[i].begin,
			.window_end = bad[i].end,
		};

		assert_int_equal(rill_arena_create(&a, ctx, &o), -EINVAL);
	}
	rill_ctx_destroy(ctx);
}

static void a_window_is_kept_to_and_is_used_up_by_whole_slots(void **state)
{
	struct address_range usual = address_window(CAPACITY);
	struct rill_arena_options o = {.size = sizeof(o), .capacity = CAPACITY, .flags = RILL_ARENA_SAME_ADDRESS};
	struct rill_arena *a[2], *none;
	uintptr_t at, slot = (uintptr_t)4 << 30;
	struct rill_ctx *ctx;
	int e = -EADDRINUSE;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	/* Two slots that are free, wherever: others may run on this machine. */
	for (at = usual.begin + slot; e == -EADDRINUSE && at < usual.begin + 64 * slot; at += 2 * slot) {
		o.window_begin = at + 65536; /* its first slot does not begin within */
		o.window_end = at + 3 * slot;
		e = rill_arena_create(&a[0], ctx, &o);
		if (e == 0 && (e = rill_arena_create(&a[1], ctx, &o)) < 0)
			rill_arena_destroy(a[0]);
	}
	assert_int_equal(e, 0);
	for (int i = 0; i < 2; i++) {
		uintptr_t block = (uintptr_t)rill_arena_alloc(a[i], 1);

		assert_in_range(block, o.window_begin, o.window_end);
	}
	assert_int_equal(rill_arena_create(&none, ctx, &o), -EADDRINUSE);
	rill_arena_destroy(a[0]);
	assert_int_equal(rill_arena_create(&none, ctx, &o), 0);
	rill_ctx_destroy(ctx);
}

static void arenas_up_to_the_largest_cost_one_descriptor_more_than_others(void **state)
{
	static const size_t capacity[] = {MIB, (size_t)4 << 30, (size_t)64 << 30, (size_t)1 << 40};
	size_t before = leaks_fds();
	struct rill_arena *a;
	struct rill_ctx *ctx;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	for (int i = 0; i < (rounds_under_valgrind() ? 2 : 4); i++) {
		struct rill_arena_options o = {.size = sizeof(o), .capacity = capacity[i], .flags = RILL_ARENA_SAME_ADDRESS};

		assert_int_equal(rill_arena_create(&a, ctx, &o), 0);
		assert_int_equal(leaks_fds(), before + 2);
		rill_arena_destroy(a);
		assert_int_equal(leaks_fds(), before);
	}
	rill_ctx_destroy(ctx);
}

/* The claim alone rules it out: in the other process nothing is mapped there. */
static void a_claimed_place_is_refused_to_others_until_its_owner_is_gone(void **state)
{
	uintptr_t base = free_place();
	struct child c;

	(void)state;
	for (unsigned i = 0; i < rounds_of(3, 10, 100); i++) {
		owner_start(&c, &end, NULL, 1, base, false);
		while (end.told[0] == '\0') /* it has the arena before it speaks */
			assert_true(rill_poll_wait(end.ctx, PATIENCE) > 0);
		assert_int_equal(try_place(base), -EADDRINUSE);
		if (i % 2) {
			assert_int_equal(child_kill(&c), -SIGKILL);
			rill_session_close(end.s);
			end_stop(&end);
		} else {
			owner_end(&c, &end, true);
		}
		assert_int_equal(try_place(base), 0);
	}
}

struct part {
	int fd;
	uintptr_t base;
	bool owns;
};

/* Claim, map, tell, unmap, give up, for ever; the other side maps and unmaps. */
static int churn(struct child *c, void *arg)
{
	struct part *part = arg;
	struct rill_session_options o = {.size = sizeof(o), .same_address = !part->owns};
	struct rill_session *s;
	struct rill_arena *a;
	struct rill_ctx *ctx;

	CHILD_CHECK(rill_ctx_create(&ctx, NULL) == 0);
	CHILD_CHECK(rill_session_adopt(&s, ctx, part->fd, &o, NULL, NULL) == 0);
	while (rill_session_status(s) == 0)
		CHILD_CHECK(rill_poll_wait(ctx, PATIENCE) >= 0);
	child_tell(c, 1);
	while (!part->owns)
		rill_poll_wait(ctx, PATIENCE);
	for (;;) {
		int e = create(&a, ctx, part->base);

		CHILD_CHECK(e == 0 || e == -EADDRINUSE);
		if (e < 0)
			continue;
		rill_session_announce(s, a);
		for (int i = 0; i < 3; i++)
			rill_poll_wait(ctx, 0);
		rill_arena_destroy(a);
	}
}

static void part_start(struct child *c, int fds[2], uintptr_t base, bool owns)
{
	struct part part = {.fd = fds[owns], .base = base, .owns = owns};

	assert_int_equal(child_start(c, churn, &part), 0);
	close(fds[owns]);
}

/* Two owners want one place, each has a borrower; all are killed. */
static void claims_of_owners_and_borrowers_killed_at_any_instant_are_free(void **state)
{
	uintptr_t base = free_place();
	uint64_t random = rounds_seed();
	struct child c[4];
	int fds[2][2];

	(void)state;
	for (unsigned i = 0; i < rounds_of(2, 15, 300); i++) {
		struct timespec pause = {.tv_nsec = (long)(rounds_random(&random) % 3000000)};
		unsigned first = (unsigned)(rounds_random(&random) % 4);

		for (int k = 0; k < 2; k++) {
			assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds[k]), 0);
			part_start(&c[2 * k], fds[k], base, true);
			part_start(&c[2 * k + 1], fds[k], base, false);
		}
		for (int k = 0; k < 4; k++)
			assert_int_equal(child_hear(&c[k], PATIENCE), 1);
		for (unsigned k = 0; k < 4; k++) {
			nanosleep(&pause, NULL);
			assert_int_equal(child_kill(&c[(first + k) % 4]), -SIGKILL);
		}
		assert_int_equal(try_place(base), 0);
	}
}

static int sit(struct child *c, void *arg)
{
	struct rill_ctx *ctx = *(struct rill_ctx **)arg;

	child_tell(c, 1);
	if (child_hear(c, PATIENCE) != 2)
		return 1;
	rill_ctx_destroy(ctx);
	child_tell(c, 3);
	return child_hear(c, PATIENCE) == 4 ? 0 : 1;
}

/* The name has two holders then. */
static void a_forked_child_holds_the_claim_until_it_destroys_its_ctx(void **state)
{
	uintptr_t base = free_place();
	struct rill_arena *a;
	struct rill_ctx *ctx;
	struct child c;

	(void)state;
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(create(&a, ctx, base), 0);
	assert_int_equal(child_start(&c, sit, &ctx), 0);
	assert_int_equal(child_hear(&c, PATIENCE), 1);
	rill_arena_destroy(a);
	assert_int_equal(try_place(base), -EADDRINUSE);
	assert_int_equal(child_tell(&c, 2), 0);
	assert_int_equal(child_hear(&c, PATIENCE), 3);
	assert_int_equal(try_place(base), 0);
	assert_int_equal(child_tell(&c, 4), 0);
	assert_int_equal(child_wait(&c, PATIENCE), 0);
	rill_ctx_destroy(ctx);
}

/* Where it is lent somebody still has it mapped. */
static void a_claim_outlives_its_arena_until_the_last_loan_is_back(void **state)
{
	uintptr_t base = free_place();
	struct rill_arena *a;
	struct rill_msg msg;
	struct rill_loan loan;
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	struct pair p;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(create(&a, p.a.ctx, base), 0);
	loan = (struct rill_loan){.arena = a, .data = rill_arena_alloc(a, 8), .len = 8};
	assert_int_equal(rill_channel_sendmsg(p.a.ch, &out), 0);
	pair_run(&p);
	msg = end_take(&p.b);
	rill_arena_destroy(a);
	pair_run(&p);
	assert_int_equal(try_place(base), -EADDRINUSE);
	rill_msg_release(&msg);
	pair_run(&p);
	assert_int_equal(try_place(base), 0);
	pair_stop(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pointers_work_in_fifty_arenas_of_ten_programs_at_once, leaks_setup,
	                                        leaks_teardown),
		cmocka_unit_test_setup_teardown(pointers_work_in_a_program_that_is_another_binary, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(pointers_work_as_long_as_the_message_is_held_though_the_owner_is_dead,
	                                        leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(who_does_not_ask_is_told_no_address, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(an_arena_without_an_address_of_its_own_stays_without, leaks_setup,
	                                        leaks_teardown),
		cmocka_unit_test_setup_teardown(a_range_that_the_borrower_uses_is_left_alone_and_both_sides_know, leaks_setup,
	                                        leaks_teardown),
		cmocka_unit_test_setup_teardown(a_process_that_has_the_arena_already_maps_it_elsewhere, leaks_setup,
	                                        leaks_teardown),
		cmocka_unit_test_setup_teardown(an_address_outside_the_borrowers_window_is_not_taken, leaks_setup,
	                                        leaks_teardown),
		cmocka_unit_test_setup_teardown(announcing_is_possible_once_the_session_is_open_and_then_told, leaks_setup,
	                                        leaks_teardown),
		cmocka_unit_test_setup_teardown(a_full_socket_gives_eagain_and_room_follows, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(bad_places_are_refused_and_nothing_is_left, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(a_window_is_kept_to_and_is_used_up_by_whole_slots, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(arenas_up_to_the_largest_cost_one_descriptor_more_than_others, leaks_setup,
	                                        leaks_teardown),
		cmocka_unit_test_setup_teardown(a_claimed_place_is_refused_to_others_until_its_owner_is_gone, leaks_setup,
	                                        leaks_teardown),
		cmocka_unit_test_setup_teardown(claims_of_owners_and_borrowers_killed_at_any_instant_are_free, leaks_setup,
	                                        leaks_teardown),
		cmocka_unit_test_setup_teardown(a_forked_child_holds_the_claim_until_it_destroys_its_ctx, leaks_setup,
	                                        leaks_teardown),
		cmocka_unit_test_setup_teardown(a_claim_outlives_its_arena_until_the_last_loan_is_back, leaks_setup,
	                                        leaks_teardown),
	};

	self = argv[0];
	if (argc == 4 && strcmp(argv[1], "owner") == 0)
		return owner((unsigned)atoi(argv[2]), strtoul(argv[3], NULL, 16));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
