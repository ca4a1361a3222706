/* tests/bench/rpc/loan.c - a small request, and an answer by loan that was built once: 1 KiB or 1 GiB, "handle only": the asker
 * opens it and looks at its length, its first and its last element. */
#include "tests/bench/rpc/rpc.h"

#include <stdlib.h>

#define GET 1
#define GIB ((size_t)1 << 30)

/* The server's: one list of words. */
struct stock {
	struct rill_builder builder;
	struct rill_arena *arena;
	struct rill_arena_source source;
	struct rill_loan loans[RILL_LOANS_MAX];
	int count;
};

static int build(struct side *s, size_t bytes)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 2 * GIB};
	struct rill_builder_options b = {.size = sizeof(b)};
	struct stock *k = calloc(1, sizeof(*k));
	struct rill_list_builder l;
	int r = k ? rill_arena_create(&k->arena, s->ctx, &o) : -ENOMEM;

	if (r < 0)
		return r;
	s->of_row = k;
	rill_arena_source_init(&k->source, k->arena, &b);
	k->source.words = bytes / RILL_WORD + 64; /* all in one segment */
	r = rill_builder_init(&k->builder, &b);
	if (r < 0)
		return r;
	l = rill_slot_init_list(rill_builder_root(&k->builder), RILL_LIST_8BYTES, bytes / RILL_WORD);
	rill_list_set_u64(l, 0, 1);
	rill_list_set_u64(l, bytes / RILL_WORD - 1, bytes);
	k->count = rill_builder_loans(&k->builder, k->arena, k->loans, RILL_LOANS_MAX);
	return rill_builder_error(&k->builder);
}

static int on_get(struct rill_request rq, struct rill_msg *msg, void *user)
{
	const struct stock *k = ((struct side *)user)->of_row;
	struct rill_out out = {.size = sizeof(out), .loans = k->loans};

	(void)msg;
	out.loan_count = (unsigned)k->count;
	out.tag = (uint64_t)k->count;
	return rill_request_answer(rq, &out);
}

static int serve(struct side *s, struct rill_channel *ch)
{
	static const struct rill_handler handlers[] = {{.type = GET, .request = on_get}};
	struct rill_rpc_options o = {.size = sizeof(o), .handlers = handlers, .handler_count = 1};

	return rill_rpc_create(&s->rpc, ch, &o, NULL, s);
}

static void on_answer(const struct rill_answer *a, void *user);

static int ask(struct side *s)
{
	struct rill_ask ask = {.size = sizeof(ask), .type = GET, .answered = on_answer, .user = s};

	return rill_rpc_call(s->rpc, &ask, NULL, NULL);
}

static void on_answer(const struct rill_answer *a, void *user)
{
	struct side *s = user;
	struct rill_letter l;
	struct rill_list list;
	int r = a->msg ? rill_letter_open(&l, a->msg, NULL) : a->error;

	if (r == 0)
		r = rill_pointer_read_list(&list, rill_letter_root(&l), RILL_LIST_8BYTES);
	if (r == 1)
		r = rill_list_u64(list, 0) == 1 && rill_list_u64(list, list.count - 1) == list.count * RILL_WORD ? 0 : -EBADMSG;
	if (r == 0 && batches_next(s->b))
		r = ask(s);
	else
		s->done = true;
	if (r < 0)
		side_fail(s, r);
}

static int begin(struct side *s)
{
	int r = rill_rpc_create(&s->rpc, s->channel, NULL, NULL, s);

	return r < 0 ? r : ask(s);
}

static int prepare_small(struct side *s)
{
	return build(s, 1024);
}

static int prepare_large(struct side *s)
{
	return build(s, GIB);
}

const struct row small_loan_row = {.name = "1 KiB lent", .serve = serve, .ask = begin, .prepare = prepare_small};
const struct row large_loan_row = {.name = "1 GiB lent", .serve = serve, .ask = begin, .prepare = prepare_large};
