/* rill/rpc.h - calls over a channel: requests and answers, answers in parts, notifications. Any number in flight, both ways.
 *
 * A message of any kind is one message of the channel: kind, type and id travel in its tag (docs/protocol.md, "Calls"). Bodies
 * are bytes of yours; rill/letter.h has them as Cap'n Proto. docs/rpc.md has every call's answer in every state.
 *
 *	static int on_add(struct rill_request rq, struct rill_msg *msg, void *user)
 *	{
 *		struct rill_out out = {.size = sizeof(out), .parts = &sum, .part_count = 1};
 *		...
 *		return rill_request_answer(rq, &out);
 *	}
 *
 *   values     struct rill_call and struct rill_request are small and copied as you like. One that is over gives -ECANCELED,
 *              never another's. They hold their rpc's pointer: dead when that is
 *   once       each call that was sent is told exactly one end (enum rill_end) unless you cancel it or close the rpc; each
 *              request that a handler kept is answered by you, or gone() is told, exactly once
 *   messages   handed to a callback are the library's: released when the callback returns. To keep one copy the struct
 *              and zero the original; then release yours
 *   room       -EAGAIN as on a channel: nothing has changed, writable() follows. What the library itself has to say
 *              (refusals, failures, cancels) waits for room in its tables and is never lost
 */
#ifndef RILL_RPC_H
#define RILL_RPC_H

#include <rill/channel.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rill_rpc; /* calls over one channel */

/* A call that we made. */
struct rill_call {
	struct rill_rpc *rpc;
	uint64_t id; /* its low 40 bits are in the tag; no other call of this rpc has it for 2^44 calls */
};

/* A request that the peer made. */
struct rill_request {
	struct rill_rpc *rpc;
	uint64_t generation; /* ours */
	uint32_t slot;
	uint16_t type;
};

enum rill_end {
	RILL_ANSWERED, /* `msg` is the answer, or the last part of it */
	RILL_PART,     /* `msg` is a part; more follow, the call goes on */
	RILL_FAILED,   /* its handler answered with `error` */
	RILL_REFUSED,  /* it reached no handler: -EOPNOTSUPP none for this type, -ENOBUFS too many at once */
	RILL_EXPIRED,  /* no answer in time: -ETIMEDOUT. The peer is told to drop it */
	RILL_LOST      /* the channel ended: `error` is why (-EPIPE in order). It may have been handled, or not */
};

struct rill_answer {
	struct rill_call call;
	enum rill_end end;
	int error;            /* 0 or a negative errno */
	struct rill_msg *msg; /* RILL_ANSWERED and RILL_PART, else NULL */
};

/* What is done with messages of one type. Either may be NULL: as if the type had no handler. */
struct rill_handler {
	uint16_t type;

	/* Answer it (now, or later: rill_request_keep()), or return a negative errno (to -4095; else -EINVAL counts), which
	 * fails it. 0 without an answer and without keep fails it with -EIO. */
	int (*request)(struct rill_request rq, struct rill_msg *msg, void *user);
	void (*notification)(struct rill_rpc *rpc, struct rill_msg *msg, void *user);
};

struct rill_rpc_events {
	size_t size; /* sizeof(struct rill_rpc_events) */

	void (*opened)(struct rill_rpc *rpc, void *user); /* of the channel */

	/* Of types that have no handler. NULL: requests are refused with -EOPNOTSUPP, notifications dropped. */
	int (*request)(struct rill_request rq, struct rill_msg *msg, void *user);
	void (*notification)(struct rill_rpc *rpc, uint16_t type, struct rill_msg *msg, void *user);

	/* A request that was kept (with `kept`) needs no answer any more, and rq is over: -ECANCELED its caller let go of
	 * it (or its deadline passed), else why the channel ended. */
	void (*gone)(struct rill_request rq, int why, void *kept, void *user);

	/* Once, when what -EAGAIN refused may be tried again. */
	void (*writable)(struct rill_rpc *rpc, void *user);

	/* It ended and you did not cause it: told last, after the end of each call and each request. `why` as for a channel;
	 * -EPROTO: the peer spoke otherwise than docs/protocol.md says, -ENOMEM. The rpc is still yours to close. */
	void (*closed)(struct rill_rpc *rpc, int why, void *user);
};

struct rill_rpc_options {
	size_t size;         /* sizeof(struct rill_rpc_options) */
	unsigned calls;      /* of ours in flight at once; default 256, at most 1,048,576. Reached: -EAGAIN */
	unsigned requests;   /* of the peer's that handlers have at once; default 256, at most 1,048,576. What comes above is
	                      * refused (-ENOBUFS); when as many refusals wait for room nothing is read until there is some */
	uint64_t timeout_ns; /* of calls that name none; default RILL_NEVER */
	const struct rill_handler *handlers; /* copied; each type once */
	unsigned handler_count;
};

/* Speak so on `ch` from now on, open or offered (in channel()): the channel is the rpc's, and ends with it. Both sides do it.
 * -EINVAL  an option out of its range, a type named twice;   -EBUSY  another rpc has it;   -E2BIG;   -ENOMEM
 * Closing the channel, its session or ctx closes the rpc, too. */
RILL_API int rill_rpc_create(struct rill_rpc **ret_rpc, struct rill_channel *ch, const struct rill_rpc_options *options,
                             const struct rill_rpc_events *events, void *user);

RILL_API struct rill_channel *rill_rpc_channel(const struct rill_rpc *rpc); /* NULL once closed or ended by -EPROTO */
RILL_API void *rill_rpc_user(const struct rill_rpc *rpc);                   /* NULL once closed */

/* Read nothing until resume: neither requests nor answers. Deadlines go on. */
RILL_API void rill_rpc_pause(struct rill_rpc *rpc);
RILL_API void rill_rpc_resume(struct rill_rpc *rpc);

/* As a channel's close and abort: the last word, nothing is told any more. Requests not answered are lost for the peer. */
RILL_API void rill_rpc_close(struct rill_rpc *rpc);
RILL_API void rill_rpc_abort(struct rill_rpc *rpc, int why);

struct rill_rpc_usage {
	size_t size;       /* set by the caller, as for an arena */
	unsigned calls;    /* in flight, those whose cancel waits for room included */
	unsigned requests; /* that handlers have */
	unsigned unsent;   /* refusals, failures and cancels that wait for room */
};

RILL_API void rill_rpc_get_usage(const struct rill_rpc *rpc, struct rill_rpc_usage *ret_usage);

/* ---- Sending --------------------------------------------------------------------------------------------------------
 *
 * struct rill_out is the channel's, but for its tag: 0 to 31, a mark of yours that travels along (rill_rpc_mark();
 * rill/letter.h says with it how many of the loans are segments). out may be NULL: an empty body.
 *
 * Each has two forms: the body copied from out->parts, or (_reserve) built in place in room for up to len bytes, then
 * rill_rpc_commit() or rill_rpc_cancel(). An rpc has one reservation at a time.
 * Codes: those of the channel's sending calls, and -EINVAL for a mark above 31. -EAGAIN also while `calls` are in flight or
 * the library's own messages wait for room.
 */

struct rill_ask {
	size_t size; /* sizeof(struct rill_ask) */
	uint16_t type;
	uint64_t timeout_ns; /* from the call (or commit) on; 0: the rpc's, RILL_NEVER: none */

	/* Required. Never called from within the call itself. */
	void (*answered)(const struct rill_answer *answer, void *user);
	void *user;
};

#define RILL_MARK_MAX 31

static inline unsigned rill_rpc_mark(const struct rill_msg *msg)
{
	return (unsigned)(msg->tag >> 3) & RILL_MARK_MAX;
}

/* Make a request. ret_call may be NULL. */
RILL_API RILL_CHECK int rill_rpc_call(struct rill_rpc *rpc, const struct rill_ask *ask, const struct rill_out *out,
                                      struct rill_call *ret_call);
RILL_API RILL_CHECK int rill_rpc_call_reserve(struct rill_rpc *rpc, const struct rill_ask *ask, size_t len,
                                              const struct rill_out *out, struct rill_room *ret_room);

/* Let go of it: no end is told, what the peer still says of it is dropped. -ECANCELED  it was over. */
RILL_API int rill_call_cancel(struct rill_call call);

/* Count its time anew: timeout_ns from now on, as in struct rill_ask. For answers in parts. -ECANCELED  it was over. */
RILL_API int rill_call_set_timeout(struct rill_call call, uint64_t timeout_ns);

RILL_API RILL_CHECK int rill_rpc_notify(struct rill_rpc *rpc, uint16_t type, const struct rill_out *out);
RILL_API RILL_CHECK int rill_rpc_notify_reserve(struct rill_rpc *rpc, uint16_t type, size_t len, const struct rill_out *out,
                                                struct rill_room *ret_room);

/* Send the first len bytes. ret_call may be NULL, and is written for a call only.
 *   -EINVAL     more than was reserved (it stays), or none is open
 *   -ECANCELED  of an answer: its caller has let go meanwhile. Or the channel's reason. The reservation is gone then */
RILL_API RILL_CHECK int rill_rpc_commit(struct rill_rpc *rpc, size_t len, struct rill_call *ret_call);
RILL_API void rill_rpc_cancel(struct rill_rpc *rpc);

/* ---- Answering ------------------------------------------------------------------------------------------------------
 * All give -ECANCELED for a request that is over: answered, failed, gone. */

/* The answer, or the last part of one. After it rq is over. */
RILL_API RILL_CHECK int rill_request_answer(struct rill_request rq, const struct rill_out *out);

/* A part of it: more follow. */
RILL_API RILL_CHECK int rill_request_part(struct rill_request rq, const struct rill_out *out);

/* Build either in place. */
RILL_API RILL_CHECK int rill_request_reserve(struct rill_request rq, bool last, size_t len, const struct rill_out *out,
                                             struct rill_room *ret_room);

/* Fail it with a negative errno (to -4095; else -EINVAL counts): takes no room now, and cannot be refused. */
RILL_API int rill_request_fail(struct rill_request rq, int error);

/* Answer it later, in any order. `kept` is for gone(), and for rill_request_kept(). */
RILL_API int rill_request_keep(struct rill_request rq, void *kept);
RILL_API void *rill_request_kept(struct rill_request rq); /* NULL: not kept, or over */

#ifdef __cplusplus
}
#endif
#endif
