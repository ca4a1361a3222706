/* tests/bench/structures/borrowed.c - a table that another process has built in an arena and lent to us, and the same one in
 * private memory. */
#include "tests/bench/structures/tables.h"

#include <err.h>
#include <errno.h>
#include <rill/rill.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* ---- the owner ----------------------------------------------------------------------------------------------------------- */

struct owner {
	const struct built *built;
	const struct keys *keys;
	struct rill_arena *arena;
	bool ended;
};

/* One block, so that one loan is all of it. */
static void build_and_lend(struct rill_session *s, void *user)
{
	struct owner *owner = user;
	void *block = rill_arena_alloc_aligned(owner->arena, 4096, owner->keys->block_len);
	struct rill_loan loan = {owner->arena, block, owner->keys->block_len};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	struct rill_channel *ch;

	if (!block)
		errx(1, "no block of %zu bytes", loan.len);
	owner->built->build(block, loan.len, owner->keys);
	check(rill_channel_open(&ch, s, "table", NULL, NULL, NULL));
	check(rill_channel_sendmsg(ch, &out));
}

static void on_ended(struct rill_session *s, int why, void *user)
{
	(void)s, (void)why;
	((struct owner *)user)->ended = true;
}

static int own(int fd, const struct built *built, const struct keys *keys)
{
	struct rill_arena_options options = {.size = sizeof(options), .flags = built->native ? RILL_ARENA_SAME_ADDRESS : 0};
	struct rill_session_events events = {.size = sizeof(events), .opened = build_and_lend, .closed = on_ended};
	struct owner owner = {.built = built, .keys = keys};
	struct rill_session *s;
	struct rill_ctx *ctx;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	check(rill_ctx_create(&ctx, NULL));
	check(rill_arena_create(&owner.arena, ctx, &options));
	check(rill_session_adopt(&s, ctx, fd, NULL, &events, &owner));
	while (!owner.ended)
		check(rill_epoll_wait(ctx, -1));
	rill_ctx_destroy(ctx);
	return 0;
}

/* ---- the borrower -------------------------------------------------------------------------------------------------------- */

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
	struct rill_mapping mapping = {.size = sizeof(mapping)};
	struct borrower *b = user;

	if (b->data || rill_channel_recv(ch, &b->msg) < 0)
		return;
	check(rill_msg_loan(&b->msg, 0, &b->data, &b->len));
	check(rill_msg_mapping(&b->msg, 0, &mapping));
	if (mapping.owner_base && !mapping.same_address)
		errx(1, "the arena's addresses are taken here");
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_readable};

	(void)s;
	return rill_channel_set_events(ch, &events, user);
}

static void borrowed_drop(struct table *t)
{
	struct borrower *b = t->more;

	rill_msg_release(&b->msg);
	rill_ctx_destroy(b->ctx);
	waitpid(b->owner, NULL, 0);
	free(b);
}

struct table table_borrowed(const struct built *built, const struct keys *k)
{
	struct rill_session_options options = {.size = sizeof(options), .same_address = built->native};
	struct rill_session_events events = {.size = sizeof(events), .channel = on_channel};
	struct borrower *b = calloc(1, sizeof(*b));
	int pair[2];

	if (!b || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	b->owner = fork();
	if (b->owner == 0) {
		close(pair[1]);
		_exit(own(pair[0], built, k));
	}
	close(pair[0]);
	check(rill_ctx_create(&b->ctx, NULL));
	check(rill_session_adopt(&b->session, b->ctx, pair[1], &options, &events, b));
	while (!b->data)
		check(rill_epoll_wait(b->ctx, -1));
	return (struct table){.name = "borrowed", .in = b->data, .look_up = built->look_up, .drop = borrowed_drop, .more = b};
}

/* ---- the same in private memory ------------------------------------------------------------------------------------------ */

static void private_drop(struct table *t)
{
	munmap((void *)(uintptr_t)t->in, *(size_t *)t->more);
	free(t->more);
}

struct table table_private(const struct built *built, const struct keys *k)
{
	void *block = mmap(NULL, k->block_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t *len = malloc(sizeof(*len));

	if (block == MAP_FAILED || !len)
		err(1, "no memory");
	*len = k->block_len;
	built->build(block, k->block_len, k);
	return (struct table){.name = "private", .in = block, .look_up = built->look_up, .drop = private_drop, .more = len};
}
