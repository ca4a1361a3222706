/* core/rpc/structured/draft.c - a message built where it is sent from. Invariant: its first segment is either the channel's
 * room (reserved) or, like all others, a block of the arena; what is sent by loan needs no room. */
#include <rill/letter.h>

#include <errno.h>

#define WORDS_MAX (SIZE_MAX / RILL_WORD)

enum { DRAFT_CALL = RILL_DRAFT_PLAIN + 1, DRAFT_NOTIFICATION, DRAFT_PART, DRAFT_ANSWER };

/* ---- Begin ------------------------------------------------------------------------------------------------------ */

static int copy_options(struct rill_draft_options *ret, const struct rill_draft_options *from)
{
	if (from && from->size == sizeof(*ret)) {
		*ret = *from;
	} else {
		memset(ret, 0, sizeof(*ret));
		if (from && from->size < sizeof(from->size))
			return -EINVAL;
		if (from && from->size > sizeof(*ret))
			return -E2BIG;
		if (from)
			memcpy(ret, from, from->size);
	}
	if (!ret->words)
		ret->words = RILL_DRAFT_WORDS;
	return ret->words > WORDS_MAX ? -EMSGSIZE : 0;
}

static struct rill_out table_of(const struct rill_draft *d)
{
	return (struct rill_out){
		.size = sizeof(struct rill_out),
		.fds = d->options.fds,
		.fd_count = d->options.fd_count,
		.loans = d->options.loans,
		.loan_count = d->options.loan_count,
	};
}

static int reserve(struct rill_draft *d, const struct rill_ask *ask, size_t len, const struct rill_out *out,
                   struct rill_room *ret_room)
{
	if (d->kind == DRAFT_CALL)
		return rill_rpc_call_reserve(d->rpc, ask, len, out, ret_room);
	if (d->kind == DRAFT_NOTIFICATION)
		return rill_rpc_notify_reserve(d->rpc, d->type, len, out, ret_room);
	return rill_request_reserve(d->request, d->kind == DRAFT_ANSWER, len, out, ret_room);
}

/* The first segment is a block of the arena, as large as asked for. */
static int build_in_blocks(struct rill_draft *d)
{
	struct rill_builder_options o = {.size = sizeof(o)};
	int e;

	rill_arena_source_init(&d->source, d->options.arena, &o);
	d->source.words = d->options.words;
	e = rill_builder_init(&d->builder, &o);
	d->source.words -= d->options.words;
	return e;
}

/* The first segment is the room; further ones are blocks. */
static int build_in_room_first(struct rill_draft *d, const struct rill_room *room)
{
	struct rill_builder_options o = {.size = sizeof(o), .buffer = room->data, .buffer_words = d->options.words};

	rill_arena_source_init(&d->source, d->options.arena, &o);
	return rill_builder_init(&d->builder, &o);
}

static int begin_in_room(struct rill_draft *d, const struct rill_ask *ask)
{
	struct rill_out table = table_of(d);
	bool plain = !d->options.fd_count && !d->options.loan_count;
	struct rill_room room;
	int e = reserve(d, ask, d->options.words * RILL_WORD, plain ? NULL : &table, &room);

	if (e < 0)
		return e;
	d->reserved = true;
	e = d->options.arena ? build_in_room_first(d, &room)
	                     : rill_builder_init_buffer(&d->builder, room.data, d->options.words);
	if (e < 0)
		rill_rpc_cancel(d->rpc);
	else if (!d->options.arena)
		d->kind = RILL_DRAFT_PLAIN;
	return e;
}

/* What goes by loan is asked only when it is sent. */
static void keep_ask(struct rill_draft *d, const struct rill_ask *ask)
{
	memset(&d->ask, 0, sizeof(d->ask));
	memcpy(&d->ask, ask, ask->size);
}

static int begin(struct rill_draft *d, struct rill_rpc *rpc, unsigned char kind, const struct rill_ask *ask,
                 const struct rill_draft_options *options)
{
	int e = copy_options(&d->options, options);

	d->rpc = rpc;
	d->kind = kind;
	d->reserved = false;
	d->moved = NULL;
	if (e == 0 && ask && d->options.arena)
		keep_ask(d, ask);
	if (e == 0)
		e = d->options.arena && d->options.words > RILL_DRAFT_WORDS ? build_in_blocks(d) : begin_in_room(d, ask);
	if (e < 0)
		d->kind = RILL_DRAFT_OVER;
	return e;
}

int rill_draft_call_any(struct rill_draft *draft, struct rill_rpc *rpc, const struct rill_ask *ask,
                        const struct rill_draft_options *options)
{
	if (!draft)
		return -EINVAL;
	draft->kind = RILL_DRAFT_OVER;
	if (!rpc || !ask || ask->size < sizeof(ask->size))
		return -EINVAL;
	if (ask->size > sizeof(draft->ask))
		return -E2BIG;
	return begin(draft, rpc, DRAFT_CALL, ask, options);
}

int rill_draft_notify_any(struct rill_draft *draft, struct rill_rpc *rpc, uint16_t type,
                          const struct rill_draft_options *options)
{
	if (!draft)
		return -EINVAL;
	draft->kind = RILL_DRAFT_OVER;
	if (!rpc)
		return -EINVAL;
	draft->type = type;
	return begin(draft, rpc, DRAFT_NOTIFICATION, NULL, options);
}

int rill_draft_answer_any(struct rill_draft *draft, struct rill_request request, bool last,
                          const struct rill_draft_options *options)
{
	if (!draft)
		return -EINVAL;
	draft->kind = RILL_DRAFT_OVER;
	if (!request.rpc)
		return -EINVAL;
	draft->request = request;
	return begin(draft, request.rpc, last ? DRAFT_ANSWER : DRAFT_PART, NULL, options);
}

/* ---- End -------------------------------------------------------------------------------------------------------- */

/* Blocks that were sent are lent: the arena keeps them until they are back. In room alone there is nothing to give back. */
static void over(struct rill_draft *d)
{
	if (d->kind != RILL_DRAFT_PLAIN && d->moved)
		rill_arena_free(d->options.arena, d->moved);
	d->kind = RILL_DRAFT_OVER;
	rill_builder_finish(&d->builder);
}

void rill_draft_drop(struct rill_draft *draft)
{
	if (!draft || draft->kind == RILL_DRAFT_OVER)
		return;
	if (draft->reserved)
		rill_rpc_cancel(draft->rpc);
	over(draft);
}

/* It outgrew the room: its first segment becomes a block, too. */
static int leave_room(struct rill_draft *d, const struct rill_segment *first)
{
	d->moved = rill_arena_alloc(d->options.arena, first->count * RILL_WORD);
	if (!d->moved)
		return -ENOMEM;
	memcpy(d->moved, first->words, first->count * RILL_WORD);
	rill_rpc_cancel(d->rpc);
	d->reserved = false;
	return 0;
}

static int send_out(struct rill_draft *d, const struct rill_out *out, struct rill_call *ret_call)
{
	switch (d->kind) {
	case DRAFT_CALL:
		return rill_rpc_call(d->rpc, &d->ask, out, ret_call);
	case DRAFT_NOTIFICATION:
		return rill_rpc_notify(d->rpc, d->type, out);
	case DRAFT_PART:
		return rill_request_part(d->request, out);
	default:
		return rill_request_answer(d->request, out);
	}
}

static int send_by_loan(struct rill_draft *d, struct rill_call *ret_call)
{
	struct rill_loan loans[RILL_LOANS_MAX];
	struct rill_out out = table_of(d);
	int count = rill_builder_loans(&d->builder, d->options.arena, loans, RILL_LOANS_MAX);

	if (count < 0 || (unsigned)count + out.loan_count > RILL_LOANS_MAX)
		return -EMSGSIZE;
	if (d->moved)
		loans[0].data = d->moved;
	if (out.loan_count)
		memcpy(loans + count, out.loans, out.loan_count * sizeof(*loans));
	out.loans = loans;
	out.loan_count += (unsigned)count;
	out.tag = (unsigned)count;
	return send_out(d, &out, ret_call);
}

static inline int send(struct rill_draft *d, struct rill_call *ret_call)
{
	size_t count = 0;
	const struct rill_segment *segments = rill_builder_segments(&d->builder, &count);
	int e = rill_builder_error(&d->builder);

	if (e < 0)
		return e;
	if (d->reserved && count == 1) {
		d->reserved = false; /* whatever comes of it */
		return rill_rpc_commit(d->rpc, segments[0].count * RILL_WORD, ret_call);
	}
	if (d->reserved)
		e = leave_room(d, &segments[0]);
	return e < 0 ? e : send_by_loan(d, ret_call);
}

int rill_draft_send_any(struct rill_draft *draft, struct rill_call *ret_call)
{
	int e;

	if (!draft || draft->kind == RILL_DRAFT_OVER)
		return -EINVAL;
	e = send(draft, ret_call);
	if (e == 0)
		over(draft);
	else if (e != -EAGAIN)
		rill_draft_drop(draft);
	return e;
}
