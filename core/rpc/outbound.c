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
	if (e != -EBUSY)
		return e;
	channel_wait(rpc->ch, WAIT_COMMIT); /* the user builds something in place: after his commit, or at the end */
	return -EAGAIN;
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
	if (rpc->unsent_count && send_own(rpc) < 0 && rpc->use == USE_NONE)
		return;
	if (!rpc->wants_room)
		return;
	rpc->wants_room = false;
	if (rpc->events.writable)
		rpc->events.writable(rpc, rpc->user);
}

/* ---- Calls ------------------------------------------------------------------------------------------------------ */

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
	if (ret_call)
		*ret_call = (struct rill_call){.rpc = rpc, .id = calls_id(rpc, slot)};
	calls_begin(rpc, slot, timeout_ns);
}

static inline int call(struct rill_rpc *rpc, const struct rill_ask *ask, const struct rill_out *out, struct rill_call *ret_call)
{
	uint32_t slot;
	int e;

	if (!ask->answered)
		return -EINVAL;
	ctx_enter(rpc_ctx(rpc));
	e = ask_in(rpc, ask, out, 0, NULL, &slot);
	if (e == 0)
		begin_call(rpc, slot, ask->timeout_ns, ret_call);
	ctx_leave(rpc_ctx(rpc));
	return e;
}

static inline int call_reserve(struct rill_rpc *rpc, const struct rill_ask *ask, size_t len, const struct rill_out *out,
                               struct rill_room *ret_room)
{
	int e;

	if (!ask->answered)
		return -EINVAL;
	ctx_enter(rpc_ctx(rpc));
	e = ask_in(rpc, ask, out, len, ret_room, &rpc->use_slot);
	if (e == 0) {
		rpc->use = USE_CALL;
		rpc->use_timeout_ns = ask->timeout_ns;
	}
	ctx_leave(rpc_ctx(rpc));
	return e;
}

/* A caller's table of another size: an older or a newer one. */
static RARE int call_other(struct rill_rpc *rpc, const struct rill_ask *ask, const struct rill_out *out,
                           struct rill_call *ret_call)
{
	struct rill_ask known;
	int e = table_copy(&known, sizeof(known), ask);

	return e < 0 ? e : call(rpc, &known, out, ret_call);
}

static RARE int call_reserve_other(struct rill_rpc *rpc, const struct rill_ask *ask, size_t len, const struct rill_out *out,
                                   struct rill_room *ret_room)
{
	struct rill_ask known;
	int e = table_copy(&known, sizeof(known), ask);

	return e < 0 ? e : call_reserve(rpc, &known, len, out, ret_room);
}

int rill_rpc_call(struct rill_rpc *rpc, const struct rill_ask *ask, const struct rill_out *out, struct rill_call *ret_call)
{
	if (!rpc_usable(rpc))
		return rpc_refusal(rpc);
	if (!ask)
		return -EINVAL;
	return ask->size == sizeof(*ask) ? call(rpc, ask, out, ret_call) : call_other(rpc, ask, out, ret_call);
}

int rill_rpc_call_reserve(struct rill_rpc *rpc, const struct rill_ask *ask, size_t len, const struct rill_out *out,
                          struct rill_room *ret_room)
{
	if (!rpc_usable(rpc))
		return rpc_refusal(rpc);
	if (!ask || !ret_room)
		return -EINVAL;
	if (ask->size != sizeof(*ask))
		return call_reserve_other(rpc, ask, len, out, ret_room);
	return call_reserve(rpc, ask, len, out, ret_room);
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

static inline enum tag_kind answer_kind(bool last)
{
	return last ? TAG_ANSWER : TAG_PART;
}

static int answer(const struct rill_request *rq, bool last, const struct rill_out *out)
{
	struct rill_rpc *rpc = rq->rpc;
	struct request *q;
	int e = request_check(rq, &q);

	if (e < 0)
		return e;
	ctx_enter(rpc_ctx(rpc));
	e = gate(rpc);
	if (e == 0)
		e = say(rpc, tag_make(answer_kind(last), 0, q->id), out, 0, NULL);
	if (e == 0 && last)
		request_free(rpc, rq->slot);
	ctx_leave(rpc_ctx(rpc));
	return e;
}

int rill_request_answer(struct rill_request rq, const struct rill_out *out)
{
	return answer(&rq, true, out);
}

int rill_request_part(struct rill_request rq, const struct rill_out *out)
{
	return answer(&rq, false, out);
}

int rill_request_reserve(struct rill_request rq, bool last, size_t len, const struct rill_out *out, struct rill_room *ret_room)
{
	struct rill_rpc *rpc = rq.rpc;
	const struct request *q;
	int e;

	if (!rpc_usable(rpc))
		return rpc_refusal(rpc);
	q = request_of(&rq);
	if (!q || !ret_room)
		return q ? -EINVAL : -ECANCELED;
	ctx_enter(rpc_ctx(rpc));
	e = gate(rpc);
	if (e == 0)
		e = say(rpc, tag_make(answer_kind(last), 0, q->id), out, len, ret_room);
	if (e == 0) {
		rpc->use = last ? USE_ANSWER : USE_PART;
		rpc->use_slot = rq.slot;
		rpc->use_generation = rq.generation;
	}
	ctx_leave(rpc_ctx(rpc));
	return e;
}

/* ---- Commit, cancel --------------------------------------------------------------------------------------------- */

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

/* An answer to what was cancelled meanwhile is not sent. */
static inline bool is_wanted(const struct rill_rpc *rpc)
{
	const struct request *q;

	if (rpc->use != USE_PART && rpc->use != USE_ANSWER)
		return true;
	q = &rpc->requests[rpc->use_slot];
	return q->state == REQUEST_OPEN && q->generation == rpc->use_generation;
}

static inline int commit(struct rill_rpc *rpc, size_t len)
{
	if (!rpc->ch || rpc->ch->gone)
		return rpc_reason(rpc);
	return is_wanted(rpc) ? send_commit(rpc->ch, len) : -ECANCELED;
}

static inline void committed(struct rill_rpc *rpc, struct rill_call *ret_call)
{
	if (rpc->use == USE_CALL)
		begin_call(rpc, rpc->use_slot, rpc->use_timeout_ns, ret_call);
	else if (rpc->use == USE_ANSWER)
		request_free(rpc, rpc->use_slot);
	unuse(rpc);
}

int rill_rpc_commit(struct rill_rpc *rpc, size_t len, struct rill_call *ret_call)
{
	int e;

	if (!rpc_usable(rpc))
		return rpc_refusal(rpc);
	if (rpc->use == USE_NONE)
		return -EINVAL;
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
