/* core/rpc/requests.c - the requests that the peer made: slots, found by the peer's ids, and what becomes of each. Invariants:
 * at most request_max are OPEN; the table, a power of two, has at most four times as many, or 16; a slot is free before gone()
 * is told of it. */
#include "rpc/rpc.h"

#include <stdlib.h>
#include <string.h>

/* ---- Slots and buckets ------------------------------------------------------------------------------------------ */

/* A power of two, as the table's room is. */
static uint32_t *bucket_of(const struct rill_rpc *rpc, uint64_t id)
{
	return &rpc->buckets[(id * rpc->hash_key >> 32) & (rpc->request_room - 1)];
}

static void enter(struct rill_rpc *rpc, uint32_t slot)
{
	uint32_t *bucket = bucket_of(rpc, rpc->requests[slot].id);

	rpc->requests[slot].next = *bucket;
	*bucket = slot;
}

static void leave(struct rill_rpc *rpc, uint32_t slot)
{
	uint32_t *at = bucket_of(rpc, rpc->requests[slot].id);

	while (*at != slot)
		at = &rpc->requests[*at].next;
	*at = rpc->requests[slot].next;
}

static uint32_t slot_in(const struct rill_rpc *rpc, const uint32_t *bucket, uint64_t id)
{
	uint32_t slot = *bucket;

	while (slot != NONE && rpc->requests[slot].id != id)
		slot = rpc->requests[slot].next;
	return slot;
}

static void enter_all(struct rill_rpc *rpc, uint32_t old_room)
{
	memset(rpc->buckets, 0xff, rpc->request_room * sizeof(*rpc->buckets)); /* NONE */
	for (uint32_t i = 0; i < old_room; i++)
		enter(rpc, i); /* it grows only when none is free */
	for (uint32_t i = rpc->request_room; i-- > old_room;) {
		rpc->requests[i] = (struct request){.next = rpc->request_free};
		rpc->request_free = i;
	}
}

static int grow(struct rill_rpc *rpc)
{
	uint32_t old = rpc->request_room, room = old ? old * 2 : 16;
	struct request *requests;
	uint32_t *buckets;

	buckets = reallocarray(rpc->buckets, room, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	rpc->buckets = buckets;
	requests = reallocarray(rpc->requests, room, sizeof(*requests));
	if (!requests)
		return -ENOMEM;
	rpc->requests = requests;
	rpc->request_room = room;
	enter_all(rpc, old);
	return 0;
}

int requests_more(struct rill_rpc *rpc)
{
	return rpc->request_room / 2 >= rpc->request_max ? -EAGAIN : grow(rpc);
}

static uint32_t take(struct rill_rpc *rpc, uint32_t *bucket, uint16_t type, uint64_t id)
{
	uint32_t slot = rpc->request_free;
	struct request *q = &rpc->requests[slot];

	rpc->request_free = q->next;
	q->id = id;
	q->type = type;
	q->is_kept = false;
	q->kept = NULL;
	q->state = REQUEST_OPEN;
	q->next = *bucket;
	*bucket = slot;
	rpc->open_count++;
	return slot;
}

void request_free(struct rill_rpc *rpc, uint32_t slot)
{
	struct request *q = &rpc->requests[slot];

	leave(rpc, slot);
	if (q->state == REQUEST_OPEN)
		rpc->open_count--;
	q->state = REQUEST_FREE;
	q->generation++;
	q->next = rpc->request_free;
	rpc->request_free = slot;
	if (rpc->stalled) {
		rpc->stalled = false;
		rpc_heed_pause(rpc);
	}
}

static inline struct rill_request value_of(struct rill_rpc *rpc, uint32_t slot)
{
	const struct request *q = &rpc->requests[slot];

	return (struct rill_request){.rpc = rpc, .slot = slot, .generation = q->generation, .type = q->type};
}

/* ---- Failures and refusals -------------------------------------------------------------------------------------- */

static int send_end(struct rill_rpc *rpc, const struct request *q)
{
	return outbound_small(rpc, tag_make(q->kind, q->error, q->id));
}

/* The slot keeps what is to be said until there is room. */
static RARE void end(struct rill_rpc *rpc, uint32_t slot, enum tag_kind kind, int error)
{
	struct request *q = &rpc->requests[slot];

	q->kind = kind;
	q->error = (uint16_t)(error < 0 && error > -4096 ? -error : EINVAL);
	if (rpc->unsent.first == NONE && send_end(rpc, q) != -EAGAIN) {
		request_free(rpc, slot);
		return;
	}
	rpc->open_count--;
	q->state = REQUEST_UNSENT;
	q->next_unsent = NONE;
	if (rpc->unsent.first == NONE)
		rpc->unsent.first = slot;
	else
		rpc->requests[rpc->unsent.last].next_unsent = slot;
	rpc->unsent.last = slot;
	rpc->unsent_count++;
}

int requests_send_unsent(struct rill_rpc *rpc)
{
	while (rpc->unsent.first != NONE) {
		uint32_t slot = rpc->unsent.first;

		if (send_end(rpc, &rpc->requests[slot]) == -EAGAIN)
			return -EAGAIN;
		rpc->unsent.first = rpc->requests[slot].next_unsent;
		rpc->unsent_count--;
		request_free(rpc, slot);
	}
	return 0;
}

/* ---- What the peer says ----------------------------------------------------------------------------------------- */

static inline int (*request_handler(struct rill_rpc *rpc, uint16_t type))(struct rill_request, struct rill_msg *, void *)
{
	const struct rill_handler *h = handler_of(rpc, type);

	return h && h->request ? h->request : rpc->events.request;
}

static inline void serve(struct rill_rpc *rpc, uint32_t slot, struct rill_msg *msg)
{
	uint64_t generation = rpc->requests[slot].generation;
	int (*handler)(struct rill_request, struct rill_msg *, void *) = request_handler(rpc, rpc->requests[slot].type);
	const struct request *q;
	int r;

	if (!handler) {
		end(rpc, slot, TAG_REFUSED, -EOPNOTSUPP);
		return;
	}
	r = handler(value_of(rpc, slot), msg, rpc->user);
	q = &rpc->requests[slot]; /* the table is there even if the rpc is over */
	if (q->state != REQUEST_OPEN || q->generation != generation || rpc_over(rpc))
		return;
	if (r != 0 || !q->is_kept)
		end(rpc, slot, TAG_FAILED, r ? r : -EIO);
}

void requests_heard(struct rill_rpc *rpc, uint16_t type, uint64_t id, struct rill_msg *msg)
{
	bool many = rpc->open_count >= rpc->request_max;
	uint32_t *bucket = bucket_of(rpc, id), slot; /* there is room for it, so there are buckets */

	if (slot_in(rpc, bucket, id) != NONE) {
		rpc_violated(rpc, -EPROTO);
		return;
	}
	slot = take(rpc, bucket, type, id);
	if (many)
		end(rpc, slot, TAG_REFUSED, -ENOBUFS);
	else
		serve(rpc, slot, msg);
}

static void tell_gone(struct rill_rpc *rpc, uint32_t slot, int why)
{
	struct rill_request rq = value_of(rpc, slot);
	void *kept = rpc->requests[slot].kept;
	bool told = rpc->requests[slot].is_kept;

	request_free(rpc, slot);
	if (told && rpc->events.gone)
		rpc->events.gone(rq, why, kept, rpc->user);
}

/* One that is unknown was answered meanwhile; one that is UNSENT has its answer already. */
void requests_cancelled(struct rill_rpc *rpc, uint64_t id)
{
	uint32_t slot = slot_in(rpc, bucket_of(rpc, id), id);

	if (slot != NONE && rpc->requests[slot].state == REQUEST_OPEN)
		tell_gone(rpc, slot, -ECANCELED);
}

void requests_lose(struct rill_rpc *rpc, int why)
{
	for (uint32_t slot = 0; slot < rpc->request_room; slot++) {
		if (rpc->requests[slot].state != REQUEST_OPEN)
			continue;
		tell_gone(rpc, slot, why);
		if (rpc_over(rpc))
			return;
	}
}

void requests_finish(struct rill_rpc *rpc)
{
	free(rpc->requests);
	free(rpc->buckets);
}

/* ---- The interface ---------------------------------------------------------------------------------------------- */

int rill_request_fail(struct rill_request rq, int error)
{
	struct request *q;
	int e = request_check(&rq, &q);

	if (e < 0)
		return e;
	ctx_enter(rpc_ctx(rq.rpc));
	end(rq.rpc, rq.slot, TAG_FAILED, error);
	ctx_leave(rpc_ctx(rq.rpc));
	return 0;
}

int rill_request_keep(struct rill_request rq, void *kept)
{
	struct request *q;
	int e = request_check(&rq, &q);

	if (e < 0)
		return e;
	q->kept = kept;
	q->is_kept = true;
	return 0;
}

void *rill_request_kept(struct rill_request rq)
{
	struct request *q;

	return request_check(&rq, &q) < 0 ? NULL : q->kept;
}
