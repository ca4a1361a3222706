/* docs/snippets/structures.c - a structure that is built in one block of an arena, lent, and walked by a reader who does not
 * trust its writer. (Two sessions of one process talk to each other, to be short.) docs/structures.md */
#include <err.h>
#include <rill/data.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* What both programs agree on. */
struct host {
	RILL_REL(struct host) parent; /* a self-relative pointer */
	struct rill_string address;
	uint32_t port;
};

struct directory {
	uint64_t version;
	struct rill_map hosts; /* by name: struct host */
};

#define BLOCK 65536

static int done;

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* ---- the owner ---- */

static struct host *add(struct directory *d, const struct rill_heap *heap, const char *name, const char *address)
{
	struct host *host = rill_map_put(&d->hosts, heap, name, strlen(name), NULL);

	if (!host || rill_string_set(&host->address, heap, address, strlen(address)) < 0)
		errx(1, "the block is full");
	host->port = 80;
	return host;
}

static void lend(struct rill_channel *ch, struct rill_arena *arena)
{
	void *block = rill_arena_alloc(arena, BLOCK);
	struct rill_loan loan = {.arena = arena, .data = block, .len = BLOCK};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	struct directory *d;
	struct host *www;
	struct rill_bump bump;
	struct rill_heap heap = rill_bump_heap(&bump); /* or rill_arena_heap(arena): see the page */

	if (!block)
		errx(1, "no memory");
	rill_bump_init(&bump, block, BLOCK);
	d = rill_bump_take(&bump, sizeof(*d)); /* first: the reader looks for it at the begin */
	d->version = 1;
	rill_map_init(&d->hosts, sizeof(struct host), 0);
	www = add(d, &heap, "www", "10.0.0.2");
	rill_rel_set(&www->parent, add(d, &heap, "gate", "10.0.0.1")); /* entries of a map do not move */
	loan.len = BLOCK - bump.left;                                  /* what is filled */
	check(rill_channel_sendmsg(ch, &out));
	rill_arena_free(arena, block); /* it stays until its last loan is back */
}

/* ---- the reader ---- */

static void look(const void *data, size_t len)
{
	const struct directory *d;
	const struct host *host;
	struct rill_view view;
	char address[64];

	rill_view_init(&view, data, len);
	d = rill_view_root(&view, struct directory);
	host = d ? rill_map_find_in(&view, &d->hosts, "www", 3, sizeof(*host)) : NULL;
	host = host ? rill_view_get(&view, &host->parent) : NULL;
	if (host && rill_string_copy_in(&view, &host->address, address, sizeof(address)) >= 0)
		printf("www is behind %s, port %d\n", address, (int)host->port);
	if (view.error)
		printf("a broken structure: %s\n", strerror(-view.error));
	done = host && !view.error;
}

static void on_readable(struct rill_channel *ch, void *user)
{
	const void *data;
	struct rill_msg msg;
	size_t len;

	(void)user;
	if (rill_channel_recv(ch, &msg) < 0)
		return;
	check(rill_msg_loan(&msg, 0, &data, &len));
	look(data, len);
	rill_msg_release(&msg);
	if (!done)
		errx(1, "not what was sent");
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

	check(rill_channel_open(&ch, s, "directory", NULL, NULL, NULL));
	lend(ch, arena);
}

int main(void)
{
	struct rill_arena_options small = {.size = sizeof(small), .capacity = 16 << 20};
	struct rill_session_events lends = {.size = sizeof(lends), .opened = on_opened};
	struct rill_session_events takes = {.size = sizeof(takes), .channel = on_channel};
	struct rill_arena *arena;
	struct rill_session *s;
	struct rill_ctx *ctx;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	check(rill_ctx_create(&ctx, NULL));
	check(rill_arena_create(&arena, ctx, &small));
	check(rill_session_adopt(&s, ctx, pair[0], NULL, &takes, NULL));
	check(rill_session_adopt(&s, ctx, pair[1], NULL, &lends, arena));
	while (!done)
		check(rill_epoll_wait(ctx, -1));
	rill_ctx_destroy(ctx);
	return 0;
}
