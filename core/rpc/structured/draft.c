/* core/rpc/structured/draft.c - a message built where it is sent from. Invariant: its first segment is either the channel's
 * room (reserved) or, like all others, a block of the arena; what is sent by loan needs no room. */
#include <rill/letter.h>

#include <errno.h>

#define WORDS_MAX (SIZE_MAX / RILL_WORD)
#define PLAIN_WORDS ((size_t)1 << 29) /* what rill_builder_begin() takes */

enum { DRAFT_OVER, DRAFT_CALL, DRAFT_NOTIFICATION, DRAFT_PART, DRAFT_ANSWER };

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
	return e;
}

/* What goes by loan is asked only when it is sent. */
static void keep_ask(struct rill_draft *d, const struct rill_ask *ask)
{
	memset(&d->ask, 0, sizeof(d->ask));
	memcpy(&d->ask, ask, ask->size);
}

/* What has no table and no arena stays in its room, and its options are not needed again: the usual draft. */
static inline bool is_plain(const struct rill_draft_options *o)
{
	return !o || (o->size == sizeof(*o) && !o->arena && !(o->fd_count | o->loan_count) && o->words < PLAIN_WORDS);
}

static inline size_t plain_words(const struct rill_draft_options *o)
{
	return o && o->words ? o->words : RILL_DRAFT_WORDS;
}

static inline int not_begun(struct rill_draft *d, int e)
{
	d->kind = DRAFT_OVER;
	return e;
}

/* Room is aligned, and has at least a word: there is nothing to check. */
static inline int begun_plain(struct rill_draft *d, struct rill_rpc *rpc, unsigned char kind, const struct rill_room *room)
{
	d->rpc = rpc;
	d->kind = kind;
	d->reserved = true;
	d->options.arena = NULL;
	rill_builder_begin(&d->builder, room->data, room->len / RILL_WORD);
	return 0;
}

/* A function of its own, so that the usual one does without its stack frame. */
static __attribute__((noinline)) int begin_any(struct rill_draft *d, unsigned char kind, const struct rill_ask *ask,
                                               const struct rill_draft_options *options)
{
	int e = copy_options(&d->options, options);

	d->kind = kind;
	d->reserved = false;
	d->moved = NULL;
	if (e == 0 && ask && d->options.arena)
		keep_ask(d, ask);
	if (e == 0)
		e = d->options.arena && d->options.words > RILL_DRAFT_WORDS ? build_in_blocks(d) : begin_in_room(d, ask);
	return e < 0 ? not_begun(d, e) : 0;
}

static __attribute__((noinline)) int call_any(struct rill_draft *d, struct rill_rpc *rpc, const struct rill_ask *ask,
                                              const struct rill_draft_options *options)
{
	if (!rpc || !ask || ask->size < sizeof(ask->size))
		return -EINVAL;
	if (ask->size > sizeof(d->ask))
		return -E2BIG;
	d->rpc = rpc;
	return begin_any(d, DRAFT_CALL, ask, options);
}

int rill_draft_call(struct rill_draft *draft, struct rill_rpc *rpc, const struct rill_ask *ask,
                    const struct rill_draft_options *options)
{
	struct rill_room room;
	int e;

	if (!draft)
		return -EINVAL;
	if (!is_plain(options))
		return call_any(draft, rpc, ask, options);
	e = rill_rpc_call_reserve(rpc, ask, plain_words(options) * RILL_WORD, NULL, &room);
	return e < 0 ? not_begun(draft, e) : begun_plain(draft, rpc, DRAFT_CALL, &room);
}

int rill_draft_notify(struct rill_draft *draft, struct rill_rpc *rpc, uint16_t type, const struct rill_draft_options *options)
{
	struct rill_room room;
	int e;

	if (!draft || !rpc)
		return -EINVAL;
	if (!is_plain(options)) {
		draft->rpc = rpc;
		draft->type = type;
		return begin_any(draft, DRAFT_NOTIFICATION, NULL, options);
	}
	e = rill_rpc_notify_reserve(rpc, type, plain_words(options) * RILL_WORD, NULL, &room);
	return e < 0 ? not_begun(draft, e) : begun_plain(draft, rpc, DRAFT_NOTIFICATION, &room);
}

int rill_draft_answer(struct rill_draft *draft, struct rill_request request, bool last,
                      const struct rill_draft_options *options)
{
	unsigned char kind = last ? DRAFT_ANSWER : DRAFT_PART;
	struct rill_room room;
	int e;

	if (!draft || !request.rpc)
		return -EINVAL;
	if (!is_plain(options)) {
		draft->rpc = request.rpc;
		draft->request = request;
		return begin_any(draft, kind, NULL, options);
	}
	e = rill_request_reserve(request, last, plain_words(options) * RILL_WORD, NULL, &room);
	return e < 0 ? not_begun(draft, e) : begun_plain(draft, request.rpc, kind, &room);
}

/* ---- End -------------------------------------------------------------------------------------------------------- */

/* Blocks that were sent are lent: the arena keeps them until they are back. Without an arena there is nothing to give back. */
static inline void over(struct rill_draft *d)
{
	d->kind = DRAFT_OVER;
	if (!d->options.arena) {
		d->builder.count = 0;
		d->builder.error = 0;
		return;
	}
	rill_builder_finish(&d->builder);
	if (d->moved)
		rill_arena_free(d->options.arena, d->moved);
}

void rill_draft_drop(struct rill_draft *draft)
{
	if (!draft || draft->kind == DRAFT_OVER)
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

static int send(struct rill_draft *d, struct rill_call *ret_call)
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

static __attribute__((noinline)) int send_any(struct rill_draft *d, struct rill_call *ret_call)
{
	int e = send(d, ret_call);

	if (e == 0)
		over(d);
	else if (e != -EAGAIN)
		rill_draft_drop(d);
	return e;
}

/* Without an arena all of it is in the room, and it is over whatever comes of it. */
int rill_draft_send(struct rill_draft *draft, struct rill_call *ret_call)
{
	if (!draft || draft->kind == DRAFT_OVER)
		return -EINVAL;
	if (draft->options.arena || draft->builder.error)
		return send_any(draft, ret_call);
	over(draft);
	return rill_rpc_commit(draft->rpc, draft->builder.few[0].count * RILL_WORD, ret_call);
}
