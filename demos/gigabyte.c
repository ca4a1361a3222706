/* demos/gigabyte.c [MIB] - a message of 1 GiB (or MIB): built in an arena by one process, read in place by the other. */
#include <err.h>
#include <rill/letter.h>
#include <rill/rill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static size_t count; /* of its words */
static struct rill_arena *arena;
static uint64_t asked;
static bool done;

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* A List(UInt64), built where it is lent. */
static int on_request(struct rill_request rq, struct rill_msg *msg, void *user)
{
	struct rill_draft_options o = {.size = sizeof(o), .words = count + 64, .arena = arena};
	struct rill_list_builder list;
	struct rill_draft draft;
	int r = rill_draft_answer(&draft, rq, true, &o);

	(void)msg, (void)user;
	if (r < 0)
		return r;
	list = rill_slot_init_list(rill_draft_root(&draft), RILL_LIST_8BYTES, count);
	for (size_t i = 0; i < count; i++)
		rill_list_set_u64(list, i, i);
	check(rill_rpc_notify(rq.rpc, 1, NULL)); /* ready: the clock begins */
	return rill_draft_send(&draft, NULL);
}

static void on_ready(struct rill_rpc *rpc, uint16_t type, struct rill_msg *msg, void *user)
{
	(void)rpc, (void)type, (void)msg, (void)user;
	asked = now();
}

static void on_answer(const struct rill_answer *a, void *user)
{
	struct rill_letter letter;
	struct rill_list list;
	uint64_t got = now(), sum = 0;

	(void)user;
	check(a->end == RILL_ANSWERED ? rill_letter_open(&letter, a->msg, NULL) : a->error);
	check(rill_pointer_read_list(&list, rill_letter_root(&letter), RILL_LIST_8BYTES));
	for (size_t i = 0; i < rill_list_count(list); i++)
		sum += rill_list_u64(list, i);
	printf("%zu MiB: in hand after %.3f ms, read in place after %.0f ms, %s\n", count >> 17, (double)(got - asked) / 1e6,
	       (double)(now() - asked) / 1e6, sum == count * (count - 1) / 2 ? "all right" : "WRONG");
	done = true;
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	const struct rill_rpc_events events = {.size = sizeof(events), .request = on_request};
	struct rill_rpc *rpc;

	(void)s;
	return rill_rpc_create(&rpc, ch, NULL, &events, user);
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)s, (void)why, (void)user;
	done = true;
}

static void on_opened(struct rill_session *s, void *user) /* the asker's */
{
	const struct rill_ask ask = {.size = sizeof(ask), .answered = on_answer};
	const struct rill_rpc_events events = {.size = sizeof(events), .notification = on_ready};
	struct rill_channel *ch;
	struct rill_rpc *rpc;

	check(rill_channel_open(&ch, s, "large", NULL, NULL, NULL));
	check(rill_rpc_create(&rpc, ch, NULL, &events, user));
	check(rill_rpc_call(rpc, &ask, NULL, NULL));
}

int main(int argc, char **argv)
{
	struct rill_session_events events = {.size = sizeof(events), .closed = on_closed};
	struct rill_session_options limits = {.size = sizeof(limits)};
	struct rill_arena_options o = {.size = sizeof(o)};
	struct rill_session *s;
	struct rill_ctx *ctx;
	int pair[2];

	count = (size_t)(argc > 1 ? atoi(argv[1]) : 1024) << 17;
	limits.lent_bytes = o.capacity = (count + (1 << 17)) * 8;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return 1;
	check(rill_ctx_create(&ctx, NULL));
	if (fork() == 0) {
		rill_ctx_destroy(ctx);
		check(rill_ctx_create(&ctx, NULL));
		check(rill_arena_create(&arena, ctx, &o));
		events.channel = on_channel;
	} else {
		events.opened = on_opened;
	}
	check(rill_session_adopt(&s, ctx, pair[arena == NULL], &limits, &events, NULL));
	close(pair[arena != NULL]);
	while (!done)
		check(rill_epoll_wait(ctx, -1));
	rill_ctx_destroy(ctx);
	return 0;
}
