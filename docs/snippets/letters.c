/* docs/snippets/letters.c - docs/letters.md: a structured request and its structured answer, built and read in place.
 * By hand; capnpc-rill writes the functions that set and get (demos/addressbook_server.c). */
#include <rill/letter.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { GREET = 1 };

/* struct Person { age @0 :UInt32; name @1 :Text; }    struct Greeting { text @0 :Text; } */
static void greet(struct rill_slot root, struct rill_struct person)
{
	struct rill_struct_builder greeting = rill_slot_init_struct(root, 0, 1);
	char name[32] = "?", text[64];
	int len;

	rill_text_copy(name, sizeof(name), rill_struct_text(person, 0)); /* the peer could change it while we look */
	len = snprintf(text, sizeof(text), "hello %s, %u years old", name, rill_struct_u32(person, 0, 0));
	rill_slot_set_text(rill_struct_slot(greeting, 0), text, (size_t)len);
}

static int on_greet(struct rill_request rq, struct rill_msg *msg, void *user)
{
	struct rill_letter letter;
	struct rill_draft draft;
	int r = rill_letter_open(&letter, msg, NULL);

	(void)user;
	if (r == 0)
		r = rill_draft_answer(&draft, rq, true, NULL);
	if (r < 0)
		return r; /* the asker is told */
	greet(rill_draft_root(&draft), rill_pointer_struct(rill_letter_root(&letter)));
	if (rill_reader_error(&letter.reader) < 0) {
		rill_draft_drop(&draft);
		return rill_reader_error(&letter.reader);
	}
	return rill_draft_send(&draft, NULL);
}

static const struct rill_handler handlers[] = {{.type = GREET, .request = on_greet}};

static int ask(struct rill_rpc *rpc, const struct rill_ask *ask, struct rill_arena *arena)
{
	struct rill_draft_options options = {.size = sizeof(options), .arena = arena};
	struct rill_struct_builder person;
	struct rill_draft draft;
	int r = rill_draft_call(&draft, rpc, ask, &options);

	if (r < 0)
		return r;
	person = rill_slot_init_struct(rill_draft_root(&draft), 1, 1);
	rill_struct_set_u32(person, 0, 36, 0);
	rill_slot_set_text(rill_struct_slot(person, 0), "Ada", 3);
	return rill_draft_send(&draft, NULL); /* in the ring; or lent from the arena, had it grown */
}

static void on_answer(const struct rill_answer *a, void *user)
{
	struct rill_letter letter;
	struct rill_text text;

	*(bool *)user = true;
	if (a->end != RILL_ANSWERED || rill_letter_open(&letter, a->msg, NULL) < 0)
		return;
	text = rill_struct_text(rill_pointer_struct(rill_letter_root(&letter)), 0);
	printf("%.*s\n", (int)text.len, text.at);
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	struct rill_rpc_options options = {.size = sizeof(options), .handlers = handlers, .handler_count = 1};
	struct rill_rpc *rpc;

	(void)s;
	return rill_rpc_create(&rpc, ch, &options, NULL, user);
}

int main(void)
{
	const struct rill_session_events server = {.size = sizeof(server), .channel = on_channel};
	bool done = false;
	struct rill_ask how = {.size = sizeof(how), .type = GREET, .answered = on_answer, .user = &done};
	struct rill_session *a, *b;
	struct rill_channel *ch;
	struct rill_arena *arena;
	struct rill_rpc *rpc;
	struct rill_ctx *ctx;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || rill_ctx_create(&ctx, NULL) < 0 ||
	    rill_session_adopt(&a, ctx, pair[0], NULL, NULL, NULL) < 0 ||
	    rill_session_adopt(&b, ctx, pair[1], NULL, &server, NULL) < 0 || rill_arena_create(&arena, ctx, NULL) < 0)
		return 1;
	while (rill_session_status(a) == 0)
		if (rill_epoll_wait(ctx, -1) < 0)
			return 1;
	if (rill_channel_open(&ch, a, "greet", NULL, NULL, NULL) < 0 || rill_rpc_create(&rpc, ch, NULL, NULL, NULL) < 0 ||
	    ask(rpc, &how, arena) < 0)
		return 1;
	while (!done)
		if (rill_epoll_wait(ctx, -1) < 0)
			return 1;
	rill_ctx_destroy(ctx);
	return 0;
}
