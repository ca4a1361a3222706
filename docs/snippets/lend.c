/* docs/snippets/lend.c - an arena of one's own: a record is lent, not copied, with a tag and a descriptor in the same message.
 * (Two sessions of one process talk to each other, to be short.) docs/arena.md, docs/loan.md, docs/fds.md, docs/message.md */
#include <err.h>
#include <fcntl.h>
#include <rill/rill.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct record {
	uint64_t id;
	char text[1 << 20];
};

static int ended;

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

static void on_ended(void *block, void *user)
{
	(void)block, (void)user;
	ended = 1; /* freed, and the last loan is back */
}

static void lend(struct rill_channel *ch, struct rill_arena *arena)
{
	struct record *record = rill_arena_alloc_with(arena, sizeof(*record), on_ended, NULL);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct rill_loan loan;
	struct rill_out out = {.size = sizeof(out), .tag = 7, .fds = &fd, .fd_count = 1, .loans = &loan, .loan_count = 1};

	if (!record || fd < 0)
		errx(1, "no memory, or no descriptor");
	record->id = 42;
	strcpy(record->text, "lent, not copied");
	loan = (struct rill_loan){.arena = arena, .data = record, .len = sizeof(*record)};
	check(rill_channel_sendmsg(ch, &out));
	rill_arena_free(arena, record); /* it stays until its last loan is back */
	close(fd);                      /* the peer has its own */
}

static void on_readable(struct rill_channel *ch, void *user)
{
	const struct record *record;
	const void *data;
	struct rill_msg msg;
	size_t len;
	int fd;

	(void)user;
	if (rill_channel_recv(ch, &msg) < 0)
		return;
	fd = rill_msg_take_fd(&msg, 0);
	check(fd);
	check(rill_msg_loan(&msg, 0, &data, &len));
	record = data;
	printf("tag %d, record %d: %s\n", (int)msg.tag, (int)record->id, record->text);
	close(fd);
	rill_msg_release(&msg); /* the loan goes home */
	rill_session_close(rill_channel_session(ch));
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_readable};

	(void)s;
	rill_channel_set_events(ch, &events, user);
	return 0;
}

static void on_opened(struct rill_session *s, void *arena)
{
	struct rill_channel *ch;

	check(rill_channel_open(&ch, s, "records", NULL, NULL, NULL));
	lend(ch, arena);
}

static void on_closed(struct rill_session *s, int why, void *arena)
{
	(void)why, (void)arena;
	rill_session_close(s); /* what the peer held of ours is ours again */
}

int main(void)
{
	struct rill_arena_options small = {.size = sizeof(small), .capacity = 16 << 20};
	struct rill_session_options taker = {.size = sizeof(taker), .fds = 1}; /* default: none are accepted */
	struct rill_session_events lends = {.size = sizeof(lends), .opened = on_opened, .closed = on_closed};
	struct rill_session_events takes = {.size = sizeof(takes), .channel = on_channel};
	struct rill_arena *arena;
	struct rill_session *s;
	struct rill_ctx *ctx;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	check(rill_ctx_create(&ctx, NULL));
	check(rill_arena_create(&arena, ctx, &small));
	check(rill_session_adopt(&s, ctx, pair[0], &taker, &takes, NULL));
	check(rill_session_adopt(&s, ctx, pair[1], NULL, &lends, arena));
	while (!ended)
		check(rill_epoll_wait(ctx, -1));
	rill_ctx_destroy(ctx);
	return 0;
}
