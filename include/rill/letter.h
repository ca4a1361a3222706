/* rill/letter.h - Cap'n Proto messages over an rpc: built where they are sent from, read where they lie (librill-rpc).
 *
 * A draft is a message being built: in reserved room of the channel's ring while it is small, in blocks of an arena when it is
 * large; it is lent then, not copied. A letter is a received message being read, in the ring or in lent memory alike.
 *
 *	static int on_lookup(struct rill_request rq, struct rill_msg *msg, void *user)
 *	{
 *		struct rill_letter letter;
 *		struct rill_draft draft;
 *		int r = rill_letter_open(&letter, msg, NULL);
 *
 *		if (r == 0)
 *			r = rill_draft_answer(&draft, rq, true, NULL);
 *		if (r < 0)
 *			return r;
 *		fill(rill_draft_root(&draft), rill_letter_root(&letter));
 *		return rill_draft_send(&draft, NULL);
 *	}
 *
 * A capability pointer of the message is an index into its table of descriptors, then loans.
 */
#ifndef RILL_LETTER_H
#define RILL_LETTER_H

#include <rill/arena.h>
#include <rill/builder.h>
#include <rill/rpc.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Segments from an arena --------------------------------------------------------------------------------------- */

/* Where a builder gets segments that can be lent. Each is at least as large as all before it together, so that few are many
 * bytes: RILL_LOANS_MAX of them, 64 KiB the first, are 2 GiB. */
struct rill_arena_source {
	struct rill_arena *arena;
	size_t words; /* handed out since the last was given back */
};

/* Set `take`, `give` and `user` of options; the source must live as long as the builder. Reset and finish free the blocks. */
RILL_API void rill_arena_source_init(struct rill_arena_source *source, struct rill_arena *arena,
                                     struct rill_builder_options *options);

/* A message whose segments are all of `arena` as loans, in their order. The count, or -EMSGSIZE: more than `room`. */
RILL_API int rill_builder_loans(const struct rill_builder *b, struct rill_arena *arena, struct rill_loan *ret_loans,
                                size_t room);

/* ---- Drafts --------------------------------------------------------------------------------------------------------- */

#define RILL_DRAFT_WORDS 128 /* default; a draft with an arena begins in the ring if it asks for no more */

struct rill_draft_options {
	size_t size;  /* sizeof(struct rill_draft_options) */
	size_t words; /* how large it will be, about (with `arena`), or at most (without); default RILL_DRAFT_WORDS */

	/* For what is larger: of the session's ctx. Its blocks are lent to the peer, who may then read the whole arena. NULL:
	 * none: room for `words` is taken at once, in the ring or in the session's own arena; what does not fit is the
	 * builder's -ENOSPC. */
	struct rill_arena *arena;

	/* The table of capabilities: descriptors from index 0 on, then loans. The arrays stay valid until the draft is sent
	 * or dropped. Segments that are lent and these loans together are at most RILL_LOANS_MAX. */
	const int *fds;
	unsigned fd_count;
	const struct rill_loan *loans;
	unsigned loan_count;
};

/* One message being built. Yours; only `builder` is for you to use. May not be moved. With kind OVER nothing else of it means
 * anything; with PLAIN only builder, rpc and reserved do. */
struct rill_draft {
	struct rill_builder builder; /* build with it. Do not reset or finish it */

	struct rill_rpc *rpc;
	struct rill_ask ask;
	struct rill_request request;
	uint16_t type;
	unsigned char kind; /* RILL_DRAFT_OVER, RILL_DRAFT_PLAIN, or what draft.c knows */
	bool reserved;      /* it is in room of the channel */
	void *moved;        /* its first segment, once that had to leave the room */
	struct rill_draft_options options;
	struct rill_arena_source source;
};

/* All of it is in room of the channel, whatever becomes of it: the usual one, which the calls below make in line. */
enum { RILL_DRAFT_OVER, RILL_DRAFT_PLAIN };
#define RILL_DRAFT_PLAIN_WORDS ((size_t)1 << 29) /* as rill_builder_begin() */

/* No arena, no capabilities. */
static inline bool rill_draft_plain(const struct rill_draft_options *options)
{
	return !options || (options->size == sizeof(*options) && !options->arena &&
	                    !(options->fd_count | options->loan_count) && options->words < RILL_DRAFT_PLAIN_WORDS);
}

static inline size_t rill_draft_bytes(const struct rill_draft_options *options)
{
	return (options && options->words ? options->words : RILL_DRAFT_WORDS) * RILL_WORD;
}

/* Room is aligned, and has at least a word: there is nothing to check. */
static inline int rill_draft_begin(struct rill_draft *draft, struct rill_rpc *rpc, const struct rill_room *room, int error)
{
	draft->kind = RILL_DRAFT_OVER;
	if (error < 0)
		return error;
	draft->rpc = rpc;
	draft->kind = RILL_DRAFT_PLAIN;
	draft->reserved = true;
	rill_builder_begin(&draft->builder, room->data, room->len / RILL_WORD);
	return 0;
}

/* The long ways of the next ones. */
RILL_API RILL_CHECK int rill_draft_call_any(struct rill_draft *draft, struct rill_rpc *rpc, const struct rill_ask *ask,
                                            const struct rill_draft_options *options);
RILL_API RILL_CHECK int rill_draft_notify_any(struct rill_draft *draft, struct rill_rpc *rpc, uint16_t type,
                                              const struct rill_draft_options *options);
RILL_API RILL_CHECK int rill_draft_answer_any(struct rill_draft *draft, struct rill_request request, bool last,
                                              const struct rill_draft_options *options);
RILL_API RILL_CHECK int rill_draft_send_any(struct rill_draft *draft, struct rill_call *ret_call);

/* Begin a request, a notification, an answer (`last`: or the last part of one). In room of the channel it holds the rpc's one
 * reservation until it is sent or dropped.
 * Codes: of the rpc's _reserve calls, and of rill_builder_init() (-ENOMEM: no block in the arena). */
RILL_CHECK static inline int rill_draft_call(struct rill_draft *draft, struct rill_rpc *rpc, const struct rill_ask *ask,
                                             const struct rill_draft_options *options)
{
	struct rill_room room;

	if (!RILL_USUAL(draft && rill_draft_plain(options)))
		return rill_draft_call_any(draft, rpc, ask, options);
	return rill_draft_begin(draft, rpc, &room, rill_rpc_call_reserve(rpc, ask, rill_draft_bytes(options), NULL, &room));
}

RILL_CHECK static inline int rill_draft_notify(struct rill_draft *draft, struct rill_rpc *rpc, uint16_t type,
                                               const struct rill_draft_options *options)
{
	struct rill_room room;

	if (!RILL_USUAL(draft && rill_draft_plain(options)))
		return rill_draft_notify_any(draft, rpc, type, options);
	return rill_draft_begin(draft, rpc, &room, rill_rpc_notify_reserve(rpc, type, rill_draft_bytes(options), NULL, &room));
}

RILL_CHECK static inline int rill_draft_answer(struct rill_draft *draft, struct rill_request request, bool last,
                                               const struct rill_draft_options *options)
{
	struct rill_room room;

	if (!RILL_USUAL(draft && rill_draft_plain(options)))
		return rill_draft_answer_any(draft, request, last, options);
	return rill_draft_begin(draft, request.rpc, &room,
	                        rill_request_reserve(request, last, rill_draft_bytes(options), NULL, &room));
}

static inline struct rill_slot rill_draft_root(struct rill_draft *draft)
{
	return rill_builder_root(&draft->builder);
}

/* Send it: one message, however many segments. ret_call as in rill_rpc_commit(). After it the draft is over, unless it gave
 *   -EAGAIN  (a large one:) no room now: send it again in writable(), or drop it. Build no further
 * Others: the builder's error, if it has one; the codes of commit or of the rpc's sending calls; -EMSGSIZE also: more segments
 * and loans than RILL_LOANS_MAX; -ENOMEM also: no block in the arena for what outgrew the ring. */
RILL_CHECK static inline int rill_draft_send(struct rill_draft *draft, struct rill_call *ret_call)
{
	if (!RILL_USUAL(draft && draft->kind == RILL_DRAFT_PLAIN && !draft->builder.error))
		return rill_draft_send_any(draft, ret_call);
	draft->kind = RILL_DRAFT_OVER;
	draft->builder.count = 0;
	return rill_rpc_commit(draft->rpc, draft->builder.few[0].count * RILL_WORD, ret_call);
}

/* Nothing is sent; room and blocks are given back. NULL, or one that is over: nothing. */
RILL_API void rill_draft_drop(struct rill_draft *draft);

/* ---- Letters -------------------------------------------------------------------------------------------------------- */

/* One message being read. Yours; only `reader` is for you to use (its errors). May not be moved. */
struct rill_letter {
	struct rill_reader reader;
	struct rill_msg *msg;
	unsigned lent; /* how many of its loans are segments */
	struct rill_segment segments[RILL_LOANS_MAX + 1];
};

/* The long way of the next one. */
RILL_API int rill_letter_open_any(struct rill_letter *letter, struct rill_msg *msg, const struct rill_reader_options *options);

/* Whole words, all in the body, and so few that the usual limit allows for reading them twice. */
static inline bool rill_letter_small(const struct rill_msg *msg)
{
	return !rill_rpc_mark(msg) && msg->len && msg->len <= RILL_TRAVERSAL_WORDS / 2 * RILL_WORD &&
	       ((uintptr_t)msg->data | msg->len) % RILL_WORD == 0;
}

/* Read msg (an answer's, a request's, a notification's), which must outlive the letter. Views are valid until msg is released.
 * options as for rill_reader_init(), but the default for `words` is twice the message where that is more than the reader's.
 *   -EBADMSG  it is no structured message: not whole words, not aligned, fewer loans than it says
 *   -EMSGSIZE -EINVAL -E2BIG  of rill_reader_init() */
static inline int rill_letter_open(struct rill_letter *letter, struct rill_msg *msg, const struct rill_reader_options *options)
{
	if (!RILL_USUAL(letter && msg && !options && rill_letter_small(msg)))
		return rill_letter_open_any(letter, msg, options);
	letter->msg = msg;
	letter->lent = 0;
	letter->segments[0].words = msg->data;
	letter->segments[0].count = msg->len / RILL_WORD;
	rill_reader_begin(&letter->reader, letter->segments, RILL_TRAVERSAL_WORDS);
	return 0;
}

static inline struct rill_pointer rill_letter_root(struct rill_letter *letter)
{
	return rill_reader_root(&letter->reader);
}

/* The descriptor that a capability pointer names: yours from now on. Codes of rill_msg_take_fd(), and
 *   -ENOENT  a null pointer;   -EBADMSG  no capability, or none of a descriptor of this message */
RILL_API int rill_letter_take_fd(struct rill_letter *letter, struct rill_pointer pointer);

/* The memory that a capability pointer names; valid until msg is released. Codes as above (of rill_msg_loan()). */
RILL_API int rill_letter_loan(struct rill_letter *letter, struct rill_pointer pointer, const void **ret_data, size_t *ret_len);

#ifdef __cplusplus
}
#endif
#endif
