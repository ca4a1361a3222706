/* core/rpc/calls.c - the calls that we made: slots, deadlines, ends. Invariants: a call's end is told after its slot is free
 * (or CANCELLING), so it cannot be told again; a slot is used again only after its CANCEL was sent, so the peer never has more
 * requests of ours than `calls`.
 *
 * A call that ends early leaves the source's deadline as it was: too early at worst, and due() then looks again. So a call
 * with a deadline costs the loop no timer in steady state. */
#include "rpc/rpc.h"

#include <stdlib.h>
#include <string.h>

/* ---- The heap of deadlines: calls[heap[i]].heap_index == i ------------------------------------------------------ */

static void place(struct rill_rpc *rpc, uint32_t slot, uint32_t at)
{
	rpc->heap[at] = slot;
	rpc->calls[slot].heap_index = at;
}

static uint64_t deadline_at(const struct rill_rpc *rpc, uint32_t at)
{
	return rpc->calls[rpc->heap[at]].deadline;
}

static void rise(struct rill_rpc *rpc, uint32_t slot, uint32_t at)
{
	for (; at > 0 && rpc->calls[slot].deadline < deadline_at(rpc, (at - 1) / 2); at = (at - 1) / 2)
		place(rpc, rpc->heap[(at - 1) / 2], at);
	place(rpc, slot, at);
}

static void sink(struct rill_rpc *rpc, uint32_t slot, uint32_t at)
{
	uint32_t child;

	while ((child = 2 * at + 1) < rpc->heap_count) {
		if (child + 1 < rpc->heap_count && deadline_at(rpc, child + 1) < deadline_at(rpc, child))
			child++;
		if (rpc->calls[slot].deadline <= deadline_at(rpc, child))
			break;
		place(rpc, rpc->heap[child], at);
		at = child;
	}
	place(rpc, slot, at);
}

static void take_out(struct rill_rpc *rpc, uint32_t slot)
{
	uint32_t at = rpc->calls[slot].heap_index, last;

	rpc->calls[slot].heap_index = NONE;
	last = rpc->heap[--rpc->heap_count];
	if (last == slot)
		return;
	rise(rpc, last, at);
	sink(rpc, last, rpc->calls[last].heap_index);
}

static inline void unset_deadline(struct rill_rpc *rpc, uint32_t slot)
{
	if (rpc->calls[slot].heap_index != NONE)
		take_out(rpc, slot);
}

static void enter_deadline(struct rill_rpc *rpc, uint32_t slot, uint64_t timeout_ns)
{
	struct call *c = &rpc->calls[slot];

	if (__builtin_add_overflow(ctx_now(rpc_ctx(rpc)), timeout_ns, &c->deadline))
		return;
	rise(rpc, slot, rpc->heap_count++);
	if (c->deadline < rpc->source.when)
		source_changed(&rpc->source);
}

void calls_set_deadline(struct rill_rpc *rpc, uint32_t slot, uint64_t timeout_ns)
{
	unset_deadline(rpc, slot);
	if (timeout_ns != RILL_NEVER)
		enter_deadline(rpc, slot, timeout_ns);
}

/* ---- Slots ------------------------------------------------------------------------------------------------------ */

static int grow(struct rill_rpc *rpc)
{
	uint32_t room = rpc->call_room ? rpc->call_room * 2 : 16;
	struct call *calls;
	uint32_t *heap;

	if (room > rpc->call_max)
		room = rpc->call_max;
	heap = reallocarray(rpc->heap, room, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	rpc->heap = heap;
	calls = reallocarray(rpc->calls, room, sizeof(*calls));
	if (!calls)
		return -ENOMEM;
	rpc->calls = calls;
	for (uint32_t i = room; i-- > rpc->call_room;) {
		calls[i] = (struct call){.next = rpc->call_free, .heap_index = NONE};
		rpc->call_free = i;
	}
	rpc->call_room = room;
	return 0;
}

RARE int calls_more(struct rill_rpc *rpc)
{
	if (rpc->call_room < rpc->call_max)
		return grow(rpc);
	rpc->wants_call = true;
	return -EAGAIN;
}

static inline void put_back(struct rill_rpc *rpc, uint32_t slot)
{
	struct call *c = &rpc->calls[slot];

	c->state = CALL_FREE;
	c->generation++;
	c->next = rpc->call_free;
	rpc->call_free = slot;
	rpc->call_count--;
}

static void free_slot(struct rill_rpc *rpc, uint32_t slot)
{
	put_back(rpc, slot);
	if (rpc->wants_call)
		source_wake(&rpc->source); /* turn() tells */
}

void calls_drop(struct rill_rpc *rpc, uint32_t slot)
{
	unset_deadline(rpc, slot);
	free_slot(rpc, slot);
}

/* The slot of an open call, or NONE: the id, of which `mask` is known, is the peer's, or one that is over. */
static inline uint32_t open_slot(const struct rill_rpc *rpc, uint64_t id, uint64_t mask)
{
	uint32_t slot = (uint32_t)id & (SLOTS_MAX - 1);

	if (slot >= rpc->call_room || rpc->calls[slot].state != CALL_OPEN)
		return NONE;
	return (calls_id(rpc, slot) & mask) == id ? slot : NONE;
}

/* ---- Ends ------------------------------------------------------------------------------------------------------- */

/* Whom to tell: taken out of the slot before it is free, whatever becomes of the table. */
struct asker {
	void (*answered)(const struct rill_answer *answer, void *user);
	void *user;
};

static inline struct asker asker_of(const struct rill_rpc *rpc, uint32_t slot)
{
	return (struct asker){rpc->calls[slot].answered, rpc->calls[slot].user};
}

static inline void tell(struct rill_rpc *rpc, struct asker who, enum rill_end end, uint64_t id, int error, struct rill_msg *msg)
{
	struct rill_answer a = {.call = {rpc, id}, .end = end, .error = error, .msg = msg};

	who.answered(&a, who.user);
}

void calls_heard(struct rill_rpc *rpc, enum rill_end end, uint64_t id, int error, struct rill_msg *msg)
{
	uint32_t slot = open_slot(rpc, id, TAG_ID_MASK);
	struct asker who;

	if (slot == NONE) /* cancelled, expired, answered twice, or made up */
		return;
	who = asker_of(rpc, slot);
	id = calls_id(rpc, slot);
	if (end != RILL_PART)
		calls_drop(rpc, slot);
	tell(rpc, who, end, id, error, msg);
}

/* The usual end, of a call without a deadline. */
void calls_answered(struct rill_rpc *rpc, uint64_t id, struct rill_msg *msg)
{
	uint32_t slot = open_slot(rpc, id, TAG_ID_MASK);
	struct asker who;

	if (slot == NONE || rpc->calls[slot].heap_index != NONE || rpc->wants_call) {
		calls_heard(rpc, RILL_ANSWERED, id, 0, msg);
		return;
	}
	who = asker_of(rpc, slot);
	id = calls_id(rpc, slot);
	put_back(rpc, slot);
	tell(rpc, who, RILL_ANSWERED, id, 0, msg);
}

static int send_cancel(struct rill_rpc *rpc, uint32_t slot)
{
	return outbound_small(rpc, tag_make(TAG_CANCEL, 0, calls_id(rpc, slot)));
}

/* The slot is not used again before the peer is told: else it might see more requests than we may have. */
static void let_go(struct rill_rpc *rpc, uint32_t slot)
{
	struct call *c = &rpc->calls[slot];

	unset_deadline(rpc, slot);
	if (rpc->cancels.first == NONE && send_cancel(rpc, slot) != -EAGAIN) {
		free_slot(rpc, slot);
		return;
	}
	c->state = CALL_CANCELLING;
	c->next = NONE;
	if (rpc->cancels.first == NONE)
		rpc->cancels.first = slot;
	else
		rpc->calls[rpc->cancels.last].next = slot;
	rpc->cancels.last = slot;
	rpc->unsent_count++;
}

int calls_send_cancels(struct rill_rpc *rpc)
{
	while (rpc->cancels.first != NONE) {
		uint32_t slot = rpc->cancels.first;

		if (send_cancel(rpc, slot) == -EAGAIN)
			return -EAGAIN;
		rpc->cancels.first = rpc->calls[slot].next;
		rpc->unsent_count--;
		free_slot(rpc, slot);
	}
	return 0;
}

unsigned calls_expire(struct rill_rpc *rpc, unsigned budget)
{
	unsigned told = 0;

	while (told < budget && rpc->heap_count && deadline_at(rpc, 0) <= rpc->due_until) {
		uint32_t slot = rpc->heap[0];
		uint64_t id = calls_id(rpc, slot);
		struct asker who = asker_of(rpc, slot);

		let_go(rpc, slot);
		told++;
		tell(rpc, who, RILL_EXPIRED, id, -ETIMEDOUT, NULL);
		if (rpc_over(rpc))
			return told;
	}
	if (!rpc->heap_count || deadline_at(rpc, 0) > rpc->due_until)
		rpc->due_until = 0;
	source_changed(&rpc->source);
	return told;
}

void calls_lose(struct rill_rpc *rpc, int why)
{
	for (uint32_t slot = 0; slot < rpc->call_room; slot++) {
		uint64_t id = calls_id(rpc, slot);
		struct asker who = asker_of(rpc, slot);

		if (rpc->calls[slot].state != CALL_OPEN)
			continue;
		calls_drop(rpc, slot);
		tell(rpc, who, RILL_LOST, id, why, NULL);
		if (rpc_over(rpc))
			return;
	}
}

void calls_finish(struct rill_rpc *rpc)
{
	free(rpc->calls);
	free(rpc->heap);
}

/* ---- The interface ---------------------------------------------------------------------------------------------- */

/* 0;  as rpc_check();  -ECANCELED  it is over */
static int find_open(struct rill_call call, uint32_t *ret_slot)
{
	int e = rpc_check(call.rpc);

	if (e < 0)
		return e;
	*ret_slot = open_slot(call.rpc, call.id, UINT64_MAX);
	return *ret_slot == NONE ? -ECANCELED : 0;
}

int rill_call_cancel(struct rill_call call)
{
	struct rill_rpc *rpc = call.rpc;
	uint32_t slot;
	int e = find_open(call, &slot);

	if (e < 0)
		return e;
	ctx_enter(rpc_ctx(rpc));
	let_go(rpc, slot);
	ctx_leave(rpc_ctx(rpc));
	return 0;
}

int rill_call_set_timeout(struct rill_call call, uint64_t timeout_ns)
{
	struct rill_rpc *rpc = call.rpc;
	uint32_t slot;
	int e = find_open(call, &slot);

	if (e < 0)
		return e;
	ctx_enter(rpc_ctx(rpc));
	calls_set_deadline(rpc, slot, timeout_ns ? timeout_ns : rpc->timeout_ns);
	ctx_leave(rpc_ctx(rpc));
	return 0;
}
