/* core/rpc/outbound.c - what goes out: one message of the channel each, its tag made here. What the library has to say itself
 * goes first once there is room, so that a user who sends all the time cannot keep a refusal or a cancel back. */
#include "rpc/rpc.h"

#include <string.h>

int outbound_small(struct rill_rpc *rpc, uint64_t tag)
{
	struct rill_out out = {.size = sizeof(out), .tag = tag};
	int e = rpc_reason(rpc);

	if (e == 0)
		e = send_out(rpc->ch, &out);
	return e == -EBUSY ? -EAGAIN : e; /* the user builds something in place: after his commit */
}

static RARE int send_own(struct rill_rpc *rpc)
{
	int e = requests_send_unsent(rpc);

	return calls_send_cancels(rpc) < 0 ? -EAGAIN : e;
}

static RARE int gate_unusual(struct rill_rpc *rpc)
{
	int e = rpc_reason(rpc);

	if (e < 0)
		return e;
	if (rpc->use != USE_NONE)
		return -EBUSY;
	if (rpc->unsent_count && send_own(rpc) < 0) {
		rpc->wants_room = true;
		return -EAGAIN;
	}
	return 0;
}

/* May the user send? 0, -EAGAIN, -EBUSY, or the reason. */
static inline int gate(struct rill_rpc *rpc)
{
	return rpc->ch && !rpc->ch->gone && !(rpc->use | rpc->unsent_count) ? 0 : gate_unusual(rpc);
}

/* The user's table with our tag. */
static int tagged(struct rill_out *to, const struct rill_out *from, uint64_t tag)
{
	int e = table_copy(to, sizeof(*to), from);

	if (e == 0 && to->tag > RILL_MARK_MAX)
		e = -EINVAL;
	to->size = sizeof(*to);
	to->tag = tag | to->tag << 3;
	return e;
}

/* A function of its own, so that what needs no table does without its stack frame. */
static __attribute__((noinline)) int say_table(struct rill_rpc *rpc, uint64_t tag, const struct rill_out *out, size_t len,
                                               struct rill_room *ret_room)
{
	static const struct rill_out nothing = {.size = sizeof(nothing)};
	struct rill_out o;
	int e = tagged(&o, out ? out : &nothing, tag);

	if (e < 0)
		return e;
	return ret_room ? send_reserve(rpc->ch, len, &o, ret_room) : send_out(rpc->ch, &o);
}

/* Send it, or reserve room for it. */
static inline int say(struct rill_rpc *rpc, uint64_t tag, const struct rill_out *out, size_t len, struct rill_room *ret_room)
{
	bool plain = ret_room && !out;
	int e = plain ? send_reserve_plain(rpc->ch, len, tag, ret_room) : say_table(rpc, tag, out, len, ret_room);

	if (e == -EAGAIN)
		rpc->wants_room = true;
	return e;
}

void outbound_flush(struct rill_rpc *rpc)
{
	if (rpc->use == USE_NONE && rpc->unsent_count && send_own(rpc) < 0)
		return;
	if (!rpc->wants_room)
		return;
	rpc->wants_room = false;
	if (rpc->events.writable)
		rpc->events.writable(rpc, rpc->user);
}

/* ---- Calls ------------------------------------------------------------------------------------------------------ */

/* *ret_ask is the caller's table where he knows all of it, else `room`. */
static inline int check_ask(const struct rill_ask **ret_ask, struct rill_ask *room, const struct rill_ask *ask)
{
	const void *seen;
	int e = ask ? table_see(&seen, room, sizeof(*room), ask) : -EINVAL;

	if (e < 0)
		return e;
	*ret_ask = seen;
	return (*ret_ask)->answered ? 0 : -EINVAL;
}

static inline int ask_in(struct rill_rpc *rpc, const struct rill_ask *ask, const struct rill_out *out, size_t len,
                         struct rill_room *ret_room, uint32_t *ret_slot)
{
	int e = gate(rpc);

	if (e == 0)
		e = calls_take(rpc, ask, ret_slot);
	if (e != 0)
		return e;
	e = say(rpc, tag_make(TAG_REQUEST, ask->type, calls_id(rpc, *ret_slot)), out, len, ret_room);
	if (e < 0)
		calls_drop(rpc, *ret_slot);
	return e;
}

static inline void begin_call(struct rill_rpc *rpc, uint32_t slot, uint64_t timeout_ns, struct rill_call *ret_call)
{
	calls_begin(rpc, slot, timeout_ns);
	if (ret_call)
		*ret_call = (struct rill_call){.rpc = rpc, .id = calls_id(rpc, slot)};
}

int rill_rpc_call(struct rill_rpc *rpc, const struct rill_ask *ask, const struct rill_out *out, struct rill_call *ret_call)
{
	struct rill_ask room;
	uint32_t slot;
	int e = rpc_check(rpc);

	if (e == 0)
		e = check_ask(&ask, &room, ask);
	if (e < 0)
		return e;
	ctx_enter(rpc_ctx(rpc));
	e = ask_in(rpc, ask, out, 0, NULL, &slot);
	if (e == 0)
		begin_call(rpc, slot, ask->timeout_ns, ret_call);
	ctx_leave(rpc_ctx(rpc));
	return e;
}

int rill_rpc_call_reserve(struct rill_rpc *rpc, const struct rill_ask *ask, size_t len, const struct rill_out *out,
                          struct rill_room *ret_room)
{
	struct rill_ask room;
	int e = rpc_check(rpc);

	if (e == 0)
		e = ret_room ? check_ask(&ask, &room, ask) : -EINVAL;
	if (e < 0)
		return e;
	ctx_enter(rpc_ctx(rpc));
	e = ask_in(rpc, ask, out, len, ret_room, &rpc->use_slot);
	if (e == 0) {
		rpc->use = USE_CALL;
		rpc->use_timeout_ns = ask->timeout_ns;
	}
	ctx_leave(rpc_ctx(rpc));
	return e;
}

/* ---- Notifications ---------------------------------------------------------------------------------------------- */

static int notify_in(struct rill_rpc *rpc, uint16_t type, const struct rill_out *out, size_t len, struct rill_room *ret_room)
{
	int e;

	ctx_enter(rpc_ctx(rpc));
	e = gate(rpc);
	if (e == 0)
		e = say(rpc, tag_make(TAG_NOTIFICATION, type, 0), out, len, ret_room);
	if (e == 0 && ret_room)
		rpc->use = USE_NOTIFICATION;
	ctx_leave(rpc_ctx(rpc));
	return e;
}

int rill_rpc_notify(struct rill_rpc *rpc, uint16_t type, const struct rill_out *out)
{
	int e = rpc_check(rpc);

	return e < 0 ? e : notify_in(rpc, type, out, 0, NULL);
}

int rill_rpc_notify_reserve(struct rill_rpc *rpc, uint16_t type, size_t len, const struct rill_out *out,
                            struct rill_room *ret_room)
{
	int e = rpc_check(rpc);

	if (e == 0 && !ret_room)
		e = -EINVAL;
	return e < 0 ? e : notify_in(rpc, type, out, len, ret_room);
}

/* ---- Answers ---------------------------------------------------------------------------------------------------- */

static inline int answer_in(const struct rill_request *rq, bool last, const struct rill_out *out, size_t len,
                            struct rill_room *ret_room)
{
	struct rill_rpc *rpc = rq->rpc;
	struct request *q;
	int e = request_check(rq, &q);

	if (e < 0)
		return e;
	ctx_enter(rpc_ctx(rpc));
	e = gate(rpc);
	if (e == 0)
		e = say(rpc, tag_make(last ? TAG_ANSWER : TAG_PART, 0, q->id), out, len, ret_room);
	if (e == 0 && ret_room) {
		rpc->use = last ? USE_ANSWER : USE_PART;
		rpc->use_for = *rq;
	} else if (e == 0 && last) {
		request_free(rpc, rq->slot);
	}
	ctx_leave(rpc_ctx(rpc));
	return e;
}

int rill_request_answer(struct rill_request rq, const struct rill_out *out)
{
	return answer_in(&rq, true, out, 0, NULL);
}

int rill_request_part(struct rill_request rq, const struct rill_out *out)
{
	return answer_in(&rq, false, out, 0, NULL);
}

int rill_request_reserve(struct rill_request rq, bool last, size_t len, const struct rill_out *out, struct rill_room *ret_room)
{
	struct request *q;
	int e = ret_room ? 0 : request_check(&rq, &q);

	if (!ret_room)
		return e < 0 ? e : -EINVAL;
	return answer_in(&rq, last, out, len, ret_room);
}

/* ---- Commit, cancel --------------------------------------------------------------------------------------------- */

static inline bool is_answer(const struct rill_rpc *rpc)
{
	return rpc->use == USE_PART || rpc->use == USE_ANSWER;
}

/* The reservation is over: what had to wait for it goes out. */
static inline void unuse(struct rill_rpc *rpc)
{
	rpc->use = USE_NONE;
	if (rpc->unsent_count)
		send_own(rpc);
}

static RARE void drop_room(struct rill_rpc *rpc)
{
	if (rpc->ch)
		rill_channel_cancel(rpc->ch);
	if (rpc->use == USE_CALL)
		calls_drop(rpc, rpc->use_slot);
	unuse(rpc);
}

static inline int commit(struct rill_rpc *rpc, size_t len)
{
	int e = rpc_reason(rpc);

	if (e == 0 && is_answer(rpc) && !request_of(&rpc->use_for))
		e = -ECANCELED;
	return e == 0 ? send_commit(rpc->ch, len) : e;
}

static inline void committed(struct rill_rpc *rpc, struct rill_call *ret_call)
{
	if (rpc->use == USE_CALL)
		begin_call(rpc, rpc->use_slot, rpc->use_timeout_ns, ret_call);
	else if (rpc->use == USE_ANSWER)
		request_free(rpc, rpc->use_for.slot);
	unuse(rpc);
}

int rill_rpc_commit(struct rill_rpc *rpc, size_t len, struct rill_call *ret_call)
{
	int e = rpc_check(rpc);

	if (e == 0 && rpc->use == USE_NONE)
		e = -EINVAL;
	if (e < 0)
		return e;
	ctx_enter(rpc_ctx(rpc));
	e = commit(rpc, len);
	if (e == 0)
		committed(rpc, ret_call);
	else if (e != -EINVAL)
		drop_room(rpc);
	ctx_leave(rpc_ctx(rpc));
	return e;
}

void rill_rpc_cancel(struct rill_rpc *rpc)
{
	if (rpc_check(rpc) < 0 || rpc->use == USE_NONE)
		return;
	ctx_enter(rpc_ctx(rpc));
	drop_room(rpc);
	ctx_leave(rpc_ctx(rpc));
}
