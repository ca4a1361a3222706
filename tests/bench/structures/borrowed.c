/* tests/bench/structures/borrowed.c - a table that another process has built in an arena and lent to us. */
#include "tests/bench/structures/tables.h"

#include <err.h>
#include <errno.h>
#include <rill/rill.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* ---- the owner --------------------------------------------------------------------------------------------------- */

struct owner {
	const struct keys *keys;
	struct rill_arena *arena;
	bool ended;
};

/* One block, so that one loan is all of it. */
static void build_and_lend(struct rill_session *s, void *user)
{
	struct owner *owner = user;
	size_t len = 4096 + owner->keys->count * 96;
	struct rill_loan loan = {owner->arena, rill_arena_alloc(owner->arena, len), len};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	struct rill_channel *ch;
	struct rill_bump bump;
	struct rill_heap heap = rill_bump_heap(&bump);
	struct rill_map *m;

	if (!loan.data)
		errx(1, "no block of %zu bytes", len);
	rill_bump_init(&bump, (void *)(uintptr_t)loan.data, len);
	m = rill_bump_take(&bump, sizeof(*m));
	rill_map_init(m, sizeof(uint64_t), 0);
	check(rill_map_reserve(m, &heap, owner->keys->count));
	for (size_t i = 0; i < owner->keys->count; i++) {
		uint64_t *value = rill_map_put(m, &heap, &owner->keys->all[i].number, sizeof(uint64_t), NULL);

		if (!value)
			errx(1, "the block is full");
		*value = i;
	}
	check(rill_channel_open(&ch, s, "table", NULL, NULL, NULL));
	check(rill_channel_sendmsg(ch, &out));
}

static void on_ended(struct rill_session *s, int why, void *user)
{
	(void)s, (void)why;
	((struct owner *)user)->ended = true;
}

static int own(int fd, const struct keys *keys)
{
	struct rill_session_events events = {.size = sizeof(events), .opened = build_and_lend, .closed = on_ended};
	struct owner owner = {.keys = keys};
	struct rill_session *s;
	struct rill_ctx *ctx;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	check(rill_ctx_create(&ctx, NULL));
	check(rill_arena_create(&owner.arena, ctx, NULL));
	check(rill_session_adopt(&s, ctx, fd, NULL, &events, &owner));
	while (!owner.ended)
		check(rill_epoll_wait(ctx, -1));
	rill_ctx_destroy(ctx);
	return 0;
}

/* ---- the borrower ------------------------------------------------------------------------------------------------ */

struct borrower {
	struct rill_ctx *ctx;
	struct rill_session *session;
	struct rill_msg msg;
	const void *data; /* NULL until it was lent */
	size_t len;
	pid_t owner;
};

static void on_readable(struct rill_channel *ch, void *user)
{
	struct borrower *b = user;

	if (!b->data && rill_channel_recv(ch, &b->msg) == 0)
		check(rill_msg_loan(&b->msg, 0, &b->data, &b->len));
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_readable};

	(void)s;
	rill_channel_set_events(ch, &events, user);
	return 0;
}

static uint64_t look_up(const void *map, const struct keys *k)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < k->asked; i++) {
		const uint64_t *value = rill_map_find(map, &k->asks[i].number, sizeof(uint64_t));

		sum += value ? *value : 0;
	}
	return sum;
}

static struct borrower borrower;

static uint64_t borrowed_look_up(const void *in, const struct keys *k)
{
	return look_up(((const struct borrower *)in)->data, k);
}

static void borrowed_drop(void *in)
{
	struct borrower *b = in;

	rill_msg_release(&b->msg);
	rill_ctx_destroy(b->ctx);
	waitpid(b->owner, NULL, 0);
	memset(b, 0, sizeof(*b));
}

struct table table_borrowed(const struct keys *k)
{
	struct rill_session_events events = {.size = sizeof(events), .channel = on_channel};
	struct borrower *b = &borrower;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	b->owner = fork();
	if (b->owner == 0) {
		close(pair[1]);
		_exit(own(pair[0], k));
	}
	close(pair[0]);
	check(rill_ctx_create(&b->ctx, NULL));
	check(rill_session_adopt(&b->session, b->ctx, pair[1], NULL, &events, b));
	while (!b->data)
		check(rill_epoll_wait(b->ctx, -1));
	return (struct table){"borrowed", b, borrowed_look_up, borrowed_drop};
}

/* ---- the same in private memory ---------------------------------------------------------------------------------- */

static struct copy {
	void *data;
	size_t len;
} copy;

static uint64_t copied_look_up(const void *in, const struct keys *k)
{
	return look_up(((const struct copy *)in)->data, k);
}

static void copied_drop(void *in)
{
	munmap(((struct copy *)in)->data, ((struct copy *)in)->len);
}

/* At the same place within a page, so that lines and pages are cut alike. */
struct table table_copied(const struct keys *k, const struct table *borrowed)
{
	const struct borrower *b = borrowed->in;

	(void)k;
	copy.len = b->len;
	copy.data = mmap(NULL, b->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy.data == MAP_FAILED)
		err(1, "mmap");
	memcpy(copy.data, b->data, b->len);
	return (struct table){"private", &copy, copied_look_up, copied_drop};
}
