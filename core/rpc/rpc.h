/* core/rpc/rpc.h - what the files of this layer share. Each part is owned by the file named at it.
 *
 * An rpc is a source (it has deadlines, and tells ends) that holds a channel. Callbacks may do anything: after each one
 * rpc_over() is asked before the rpc is touched again; its memory stays until depth 0. No pointer into a table outlives a
 * callback: tables grow.
 */
#ifndef CORE_RPC_RPC_H
#define CORE_RPC_RPC_H

#include "session/session.h"

#include <rill/rpc.h>

#define NONE UINT32_MAX
#define SLOT_BITS 20 /* of a call's id, below its generation */
#define SLOTS_MAX (1u << SLOT_BITS)
#define TAG_ID_MASK ((UINT64_C(1) << 40) - 1) /* of an id, what its tag holds */

/* ---- The tag: docs/protocol.md, "Calls" ------------------------------------------------------------------------------
 * bits 0-2 kind, 3-7 mark, 8-23 type (or errno), 24-63 id: of ours, the low 40 bits. */
enum tag_kind {
	TAG_REQUEST = 1,
	TAG_ANSWER = 2,
	TAG_PART = 3,
	TAG_FAILED = 4,
	TAG_REFUSED = 5,
	TAG_CANCEL = 6,
	TAG_NOTIFICATION = 7,
};

static inline uint64_t tag_make(enum tag_kind kind, uint16_t type, uint64_t id)
{
	return id << 24 | (uint64_t)type << 8 | kind;
}

static inline enum tag_kind tag_kind(uint64_t tag)
{
	return (enum tag_kind)(tag & 7);
}

static inline uint16_t tag_type(uint64_t tag)
{
	return (uint16_t)(tag >> 8);
}

static inline uint64_t tag_id(uint64_t tag)
{
	return tag >> 24;
}

/*	FREE -> RESERVED -> OPEN -> FREE      RESERVED: its message is being built in place
 *	OPEN -> CANCELLING -> FREE            told or let go of; its CANCEL waits for room */
enum call_state { CALL_FREE, CALL_RESERVED, CALL_OPEN, CALL_CANCELLING };

struct call {
	uint64_t deadline; /* while it is in the heap */
	void (*answered)(const struct rill_answer *answer, void *user);
	void *user;
	uint64_t generation; /* of its id, the low 20 bits in the tag; a late answer to an earlier one finds another */
	uint32_t next;       /* free ones; or the next to cancel */
	uint32_t heap_index; /* NONE: not in it */
	enum call_state state;
};

/*	FREE -> OPEN -> FREE                  answered at once
 *	FREE -> (OPEN ->) UNSENT -> FREE      failed or refused, and no room to say so */
enum request_state { REQUEST_FREE, REQUEST_OPEN, REQUEST_UNSENT };

struct request {
	uint64_t id; /* the peer's */
	void *kept;
	uint64_t generation; /* ours: who holds a struct rill_request of an earlier one is refused */
	uint32_t next;       /* free ones; or in its bucket */
	uint32_t next_unsent;
	enum request_state state;
	bool is_kept;
	uint16_t type;
	uint16_t error;     /* UNSENT */
	enum tag_kind kind; /* UNSENT */
};

/* Slots of a table in a row, first in, first out; none: NONE. */
struct queue {
	uint32_t first, last;
};

/* What the channel's reservation is for. */
enum room_use { USE_NONE, USE_CALL, USE_NOTIFICATION, USE_PART, USE_ANSWER };

struct rill_rpc {
	struct source source;
	struct rill_channel *ch; /* NULL: ended by us */
	int why;                 /* ... with this */
	bool stalled;            /* no place for another refusal: nothing is read */
	bool paused;             /* by the user */
	bool wants_room;         /* the user was told -EAGAIN: of the channel, or for what is unsent, */
	bool wants_call;         /* or for want of a call */

	struct call *calls; /* calls.c */
	uint32_t call_room, call_max, call_count, call_free;
	uint32_t *heap; /* of slots, the earliest deadline first */
	uint32_t heap_count;
	uint64_t due_until; /* deadlines up to here have passed; 0: none is due */
	struct queue cancels;

	struct request *requests; /* requests.c */
	uint32_t *buckets;        /* request_room of them */
	uint32_t request_room, request_max, request_free;
	uint32_t open_count, unsent_count;
	uint64_t hash_key; /* the peer does not know it: it cannot choose who shares a bucket */
	struct queue unsent;

	enum room_use use;       /* outbound.c */
	uint32_t use_slot;       /* of the call, or of the request */
	uint64_t use_generation; /* of the request */
	uint64_t use_timeout_ns; /* of the call */

	struct rill_handler *handlers;     /* sorted by type */
	const struct rill_handler *recent; /* the last one found: who comes often comes in a row */
	unsigned handler_count;
	uint64_t timeout_ns;
	struct rill_rpc_events events;
	void *user;
};

/* rpc.c */
void rpc_violated(struct rill_rpc *rpc, int why); /* end the channel, and tell it */
void rpc_end(struct rill_rpc *rpc, int why);      /* the channel has ended: tell all that it concerns */
void rpc_heed_pause(struct rill_rpc *rpc);        /* paused or stalled: the channel is paused */
int rpc_refusal(const struct rill_rpc *rpc);      /* why it is not rpc_usable() */

static inline struct rill_ctx *rpc_ctx(const struct rill_rpc *rpc)
{
	return rpc->source.ctx;
}

/* Neither closed, nor its ctx destroyed, nor a forked child's. */
static inline bool rpc_lives(const struct rill_rpc *rpc)
{
	return !rpc->source.gone && *ctx_front(rpc_ctx(rpc))->state == CTX_LIVE;
}

/* 0, -ECHILD, -ECANCELED, -EINVAL. Where it is hot: rpc_usable(), and `return rpc_refusal(rpc)`, which keeps no registers. */
static inline bool rpc_usable(const struct rill_rpc *rpc)
{
	return rpc && rpc_lives(rpc);
}

static inline int rpc_check(const struct rill_rpc *rpc)
{
	return rpc_usable(rpc) ? 0 : rpc_refusal(rpc);
}

/* Asked after a callback. */
static inline bool rpc_over(const struct rill_rpc *rpc)
{
	return !rpc_lives(rpc);
}

/* What sending gives once the channel has ended. */
static inline int rpc_reason(const struct rill_rpc *rpc)
{
	return rpc->ch ? channel_reason(rpc->ch) : rpc->why;
}

/* calls.c */
int calls_more(struct rill_rpc *rpc); /* no slot is free: grow. 0, -EAGAIN, -ENOMEM */
void calls_answered(struct rill_rpc *rpc, uint64_t id, struct rill_msg *msg);
void calls_heard(struct rill_rpc *rpc, enum rill_end end, uint64_t id, int error, struct rill_msg *msg);
void calls_drop(struct rill_rpc *rpc, uint32_t slot);                              /* RESERVED or OPEN: FREE */
void calls_set_deadline(struct rill_rpc *rpc, uint32_t slot, uint64_t timeout_ns); /* RILL_NEVER: none */
unsigned calls_expire(struct rill_rpc *rpc, unsigned budget);                      /* tell those up to due_until; how many */
void calls_lose(struct rill_rpc *rpc, int why);
int calls_send_cancels(struct rill_rpc *rpc); /* 0: none is left */
void calls_finish(struct rill_rpc *rpc);

static inline uint64_t calls_id(const struct rill_rpc *rpc, uint32_t slot)
{
	return rpc->calls[slot].generation << SLOT_BITS | slot;
}

/* The next one, RESERVED. -EAGAIN, -ENOMEM */
static inline int calls_take(struct rill_rpc *rpc, const struct rill_ask *ask, uint32_t *ret_slot)
{
	uint32_t slot = rpc->call_free;
	struct call *c;

	if (slot == NONE) {
		int e = calls_more(rpc);

		if (e < 0)
			return e;
		slot = rpc->call_free;
	}
	c = &rpc->calls[slot];
	rpc->call_free = c->next;
	rpc->call_count++;
	c->answered = ask->answered;
	c->user = ask->user;
	c->state = CALL_RESERVED;
	*ret_slot = slot;
	return 0;
}

/* It was sent: OPEN. */
static inline void calls_begin(struct rill_rpc *rpc, uint32_t slot, uint64_t timeout_ns)
{
	rpc->calls[slot].state = CALL_OPEN;
	if (!timeout_ns)
		timeout_ns = rpc->timeout_ns;
	if (timeout_ns != RILL_NEVER)
		calls_set_deadline(rpc, slot, timeout_ns);
}

/* requests.c */
int requests_more(struct rill_rpc *rpc); /* no slot is free: grow. 0, -EAGAIN, -ENOMEM */
void requests_heard(struct rill_rpc *rpc, uint16_t type, uint64_t id, struct rill_msg *msg);
void requests_cancelled(struct rill_rpc *rpc, uint64_t id);
void requests_lose(struct rill_rpc *rpc, int why);
int requests_send_unsent(struct rill_rpc *rpc); /* 0: none is left */
void request_free(struct rill_rpc *rpc, uint32_t slot);
void requests_finish(struct rill_rpc *rpc);

/* For one more, if only to be refused: 0, -EAGAIN, -ENOMEM. */
static inline int requests_room(struct rill_rpc *rpc)
{
	return rpc->request_free != NONE ? 0 : requests_more(rpc);
}

/* OPEN, or NULL. */
static inline struct request *request_of(const struct rill_request *rq)
{
	struct request *q = rq->slot < rq->rpc->request_room ? &rq->rpc->requests[rq->slot] : NULL;

	return q && q->state == REQUEST_OPEN && q->generation == rq->generation ? q : NULL;
}

/* As rpc_check(); and -ECANCELED: it is over. */
static inline int request_check(const struct rill_request *rq, struct request **ret)
{
	int e = rpc_check(rq->rpc);

	if (e < 0)
		return e;
	*ret = request_of(rq);
	return *ret ? 0 : -ECANCELED;
}

/* outbound.c */
int outbound_small(struct rill_rpc *rpc, uint64_t tag); /* one of the library's own: 0, -EAGAIN, the reason */
void outbound_flush(struct rill_rpc *rpc);              /* there may be room: what is unsent first, then the user */

/* inbound.c */
const struct rill_handler *handler_find(struct rill_rpc *rpc, uint16_t type);
void inbound_readable(struct rill_channel *ch, void *user);

/* NULL: none */
static inline const struct rill_handler *handler_of(struct rill_rpc *rpc, uint16_t type)
{
	return rpc->recent && rpc->recent->type == type ? rpc->recent : handler_find(rpc, type);
}

#endif
