/* docs/snippets/shared_writing.c - a counter that both sides write, under a lock that is only ever tried. (Two sessions of one
 * process talk to each other, to be short; each has a mapping and a number of its own, as two processes would.)
 * docs/shared-writing.md */
#include <err.h>
#include <errno.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct account {
	struct rill_lock lock; /* of what follows */
	int64_t in, out, balance;
};

static int done;

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* 0, or -EBUSY: come back later, from a timer or when the other side says so. */
static int pay_in(struct rill_writer *me, struct account *a, int64_t sum)
{
	int r = rill_lock_try(me, &a->lock);

	if (r == -EOWNERDEAD) { /* ours; but who had it may have died between two of these stores */
		a->balance = a->in - a->out;
		r = rill_lock_mended(me, &a->lock);
	}
	if (r < 0)
		return r;
	a->in += sum;
	a->balance += sum;
	return rill_lock_release(me, &a->lock);
}

static void on_readable(struct rill_channel *ch, void *user)
{
	struct rill_writer *me;
	struct rill_msg msg;
	const void *data;
	size_t len;

	(void)user;
	if (rill_channel_recv(ch, &msg) < 0)
		return;
	check(rill_msg_loan(&msg, 0, &data, &len));
	me = rill_msg_writer(&msg, 0);
	if (!me)
		errx(1, "we may not write here");
	check(pay_in(me, (struct account *)(uintptr_t)data, 5));
	rill_msg_release(&msg);
	done = 1;
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_readable};

	(void)s;
	return rill_channel_set_events(ch, &events, user);
}

static void on_opened(struct rill_session *s, void *user)
{
	struct rill_loan *loan = user;
	struct rill_out out = {.size = sizeof(out), .loans = loan, .loan_count = 1};
	struct rill_channel *ch;

	check(rill_channel_open(&ch, s, "account", NULL, NULL, NULL));
	check(rill_channel_sendmsg(ch, &out));
}

int main(void)
{
	struct rill_arena_options shared = {.size = sizeof(shared), .capacity = 1 << 20, .flags = RILL_ARENA_PEERS_MAY_WRITE};
	struct rill_session_options trusting = {.size = sizeof(trusting), .peers_may_write = 1};
	struct rill_session_events lends = {.size = sizeof(lends), .opened = on_opened};
	struct rill_session_events takes = {.size = sizeof(takes), .channel = on_channel};
	struct rill_session *s;
	struct rill_arena *arena;
	struct rill_ctx *ctx;
	struct rill_loan loan;
	struct account *account;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	check(rill_ctx_create(&ctx, NULL));
	check(rill_arena_create(&arena, ctx, &shared));
	account = rill_arena_alloc(arena, sizeof(*account));
	if (!account)
		errx(1, "no memory");
	memset(account, 0, sizeof(*account)); /* the lock is free */
	check(pay_in(rill_arena_writer(arena), account, 2));
	loan = (struct rill_loan){.arena = arena, .data = account, .len = sizeof(*account)};
	check(rill_session_adopt(&s, ctx, pair[0], &trusting, &takes, NULL));
	check(rill_session_adopt(&s, ctx, pair[1], &trusting, &lends, &loan));
	while (!done)
		check(rill_epoll_wait(ctx, -1));
	printf("balance %d\n", (int)account->balance);
	done = account->balance == 7;
	rill_ctx_destroy(ctx);
	return done ? 0 : 1;
}
