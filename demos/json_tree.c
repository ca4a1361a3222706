/* demos/json_tree.c - a tree of values like JSON's: the child builds it in an arena, the parent prints it where it lies. It
 * does not trust the child: a tree that leads anywhere else is an error. */
#include "json_value.h"

#include <err.h>
#include <rill/rill.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int done;

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* ---- the child ----------------------------------------------------------------------------------------------------------- */

/* When the root is let go and no longer lent: the rest goes with it. */
static void on_root_freed(void *root, void *arena)
{
	struct rill_heap heap = rill_arena_heap(arena);

	json_clear(root, &heap);
}

/* (No memory would be NULL, and a crash. The arena has plenty.) */
static void build(struct json *root, const struct rill_heap *heap)
{
	struct json *loops, *limits;

	check(json_set_text(json_member(root, heap, "name"), heap, "rill"));
	json_set_number(json_member(root, heap, "descriptors"), 1);
	json_set_bool(json_member(root, heap, "daemon"), 0);
	loops = json_member(root, heap, "loops");
	check(json_set_text(json_append(loops, heap), heap, "epoll"));
	check(json_set_text(json_append(loops, heap), heap, "libevent"));
	limits = json_member(root, heap, "limits");
	json_set_number(json_member(limits, heap, "channels"), 256);
	json_member(limits, heap, "threads"); /* null */
}

static void child_opened(struct rill_session *s, void *user)
{
	struct rill_arena *arena = user;
	struct rill_heap heap = rill_arena_heap(arena);
	struct json *root = rill_arena_alloc_with(arena, sizeof(*root), on_root_freed, arena);
	struct rill_loan loan = {.arena = arena, .data = root, .len = sizeof(*root)};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	struct rill_channel *ch;

	if (!root)
		errx(1, "no memory");
	memset(root, 0, sizeof(*root));
	build(root, &heap);
	check(rill_channel_open(&ch, s, "tree", NULL, NULL, NULL));
	check(rill_channel_sendmsg(ch, &out));
	rill_arena_free(arena, root); /* it stays until its last loan is back */
}

/* ---- the parent ---------------------------------------------------------------------------------------------------------- */

/* The loan is the root; what it points at is in the same arena, so the range is all of that. */
static void print(const struct rill_msg *msg)
{
	struct rill_mapping m = {.size = sizeof(m)};
	const struct json *root;
	struct rill_view view;
	const void *data;
	size_t len;

	check(rill_msg_loan(msg, 0, &data, &len));
	check(rill_msg_mapping(msg, 0, &m));
	rill_view_init(&view, m.base, m.capacity);
	root = rill_view_object(&view, data, struct json);
	if (root)
		json_print(&view, root, stdout);
	printf("\n");
	check(view.error);
}

static void parent_readable(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	for (; rill_channel_recv(ch, &msg) == 0; rill_msg_release(&msg))
		print(&msg);
	rill_session_close(rill_channel_session(ch));
	done = 1;
}

static int parent_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = parent_readable};

	(void)s;
	return rill_channel_set_events(ch, &events, user);
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)user;
	check(why);
	rill_session_close(s);
	done = 1;
}

int main(void)
{
	struct rill_session_events child = {.size = sizeof(child), .opened = child_opened, .closed = on_closed};
	struct rill_session_events parent = {.size = sizeof(parent), .channel = parent_channel, .closed = on_closed};
	struct rill_arena *arena = NULL;
	struct rill_session *s;
	struct rill_ctx *ctx;
	int pair[2], pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0)
		err(1, "socketpair, fork");
	close(pair[pid != 0]);
	check(rill_ctx_create(&ctx, NULL));
	if (pid == 0)
		check(rill_arena_create(&arena, ctx, NULL));
	check(rill_session_adopt(&s, ctx, pair[pid == 0], NULL, pid ? &parent : &child, arena));
	while (!done)
		check(rill_epoll_wait(ctx, -1));
	rill_ctx_destroy(ctx);
	return pid && wait(NULL) < 0;
}
