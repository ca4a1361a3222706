/* docs/snippets/same_address.c - a list, with its pointers, built by one program and read by another (this one executed again:
 * nothing but the arena lies at the same place in both). docs/same-address.md */
#include <err.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct item {
	struct item *next;
	const char *text; /* in the arena, too: never a string literal */
};

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* ---- The owner ------------------------------------------------------------------------------------------------------ */

static struct item *add(struct rill_arena *arena, struct item *next, const char *text)
{
	struct item *i = rill_arena_alloc(arena, sizeof(*i));
	char *copy = rill_arena_alloc(arena, strlen(text) + 1);

	if (!i || !copy)
		errx(1, "no memory");
	i->next = next;
	i->text = strcpy(copy, text);
	return i;
}

/* Now it is known whether pointers work there. */
static void on_mapped(struct rill_session *s, struct rill_arena *arena, int same_address, void *user)
{
	struct rill_loan loan = {.arena = arena, .len = sizeof(struct item)};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	struct rill_channel *ch;

	(void)user;
	if (!same_address)
		errx(1, "taken: send bytes instead");
	loan.data = add(arena, add(arena, add(arena, NULL, "three"), "two"), "one");
	check(rill_channel_open(&ch, s, "list", NULL, NULL, NULL));
	check(rill_channel_sendmsg(ch, &out));
}

static void on_opened(struct rill_session *s, void *arena)
{
	check(rill_session_announce(s, arena));
}

static void on_closed(struct rill_session *s, int why, void *over)
{
	(void)s, (void)why, (void)over;
}

static void own(struct rill_ctx *ctx, int fd)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 16 << 20, .flags = RILL_ARENA_SAME_ADDRESS};
	struct rill_session_events events = {.size = sizeof(events),
	                                     .opened = on_opened,
	                                     .mapped = on_mapped,
	                                     .closed = on_closed};
	struct rill_arena *arena;
	struct rill_session *s;

	check(rill_arena_create(&arena, ctx, &o));
	check(rill_session_adopt(&s, ctx, fd, NULL, &events, arena));
	while (rill_session_status(s) >= 0)
		check(rill_epoll_wait(ctx, -1));
}

/* ---- The borrower --------------------------------------------------------------------------------------------------- */

static int done;

static void on_readable(struct rill_channel *ch, void *user)
{
	struct rill_mapping m = {.size = sizeof(m)};
	struct rill_msg msg;
	const void *data;
	size_t len;

	(void)user;
	if (rill_channel_recv(ch, &msg) < 0)
		return;
	check(rill_msg_loan(&msg, 0, &data, &len));
	check(rill_msg_mapping(&msg, 0, &m));
	if (m.same_address)
		for (const struct item *i = data; i; i = i->next)
			printf("%s\n", i->text);
	rill_msg_release(&msg);
	done = 1;
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_readable};

	(void)s;
	return rill_channel_set_events(ch, &events, user);
}

static void borrow(struct rill_ctx *ctx, int fd)
{
	struct rill_session_options trusting = {.size = sizeof(trusting), .same_address = 1};
	struct rill_session_events events = {.size = sizeof(events), .channel = on_channel};
	struct rill_session *s;

	check(rill_session_adopt(&s, ctx, fd, &trusting, &events, NULL));
	while (!done)
		check(rill_epoll_wait(ctx, -1));
}

int main(int argc, char **argv)
{
	struct rill_ctx *ctx;
	int pair[2], status;

	check(rill_ctx_create(&ctx, NULL));
	if (argc == 2) {
		borrow(ctx, STDIN_FILENO);
		rill_ctx_destroy(ctx);
		return 0;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	if (fork() == 0) {
		dup2(pair[1], STDIN_FILENO);
		execl(argv[0], argv[0], "borrow", NULL);
		_exit(127);
	}
	close(pair[1]);
	own(ctx, pair[0]);
	rill_ctx_destroy(ctx);
	return wait(&status) > 0 && status == 0 ? 0 : 1;
}
