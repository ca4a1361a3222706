/* core/rpc/inbound.c - what comes in: each message's tag says what it is. A tag that nobody may send ends the channel. */
#include "rpc/rpc.h"

RARE const struct rill_handler *handler_find(struct rill_rpc *rpc, uint16_t type)
{
	unsigned low = 0, high = rpc->handler_count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (rpc->handlers[middle].type < type)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == rpc->handler_count || rpc->handlers[low].type != type)
		return NULL;
	return rpc->recent = &rpc->handlers[low];
}

static RARE void notified(struct rill_rpc *rpc, uint16_t type, struct rill_msg *msg)
{
	const struct rill_handler *h = handler_of(rpc, type);

	if (h && h->notification)
		h->notification(rpc, msg, rpc->user);
	else if (rpc->events.notification)
		rpc->events.notification(rpc, type, msg, rpc->user);
}

/* The end that FAILED and REFUSED tell has an errno where others have a type. */
static bool is_errno(uint16_t type)
{
	return type > 0 && type < 4096;
}

static RARE void heard_other(struct rill_rpc *rpc, struct rill_msg *msg)
{
	uint64_t id = tag_id(msg->tag);
	uint16_t type = tag_type(msg->tag);

	switch (tag_kind(msg->tag)) {
	case TAG_PART:
		calls_heard(rpc, RILL_PART, id, 0, msg);
		return;
	case TAG_FAILED:
	case TAG_REFUSED:
		if (!is_errno(type))
			break;
		calls_heard(rpc, tag_kind(msg->tag) == TAG_FAILED ? RILL_FAILED : RILL_REFUSED, id, -(int)type, NULL);
		return;
	case TAG_CANCEL:
		requests_cancelled(rpc, id);
		return;
	case TAG_NOTIFICATION:
		if (id)
			break;
		notified(rpc, type, msg);
		return;
	default:
		break;
	}
	rpc_violated(rpc, -EPROTO);
}

static inline void heard(struct rill_rpc *rpc, struct rill_msg *msg)
{
	if (tag_kind(msg->tag) == TAG_ANSWER)
		calls_answered(rpc, tag_id(msg->tag), msg);
	else if (tag_kind(msg->tag) == TAG_REQUEST)
		requests_heard(rpc, tag_type(msg->tag), tag_id(msg->tag), msg);
	else
		heard_other(rpc, msg);
}

/* No place for a refusal. */
static RARE void stall(struct rill_rpc *rpc, int e)
{
	if (e == -ENOMEM) {
		rpc_violated(rpc, e);
		return;
	}
	rpc->stalled = true;
	rpc_heed_pause(rpc);
}

/* Each message may be a request, and each request may have to be refused: there is a place for that before it is taken. */
void inbound_readable(struct rill_channel *ch, void *user)
{
	struct rill_rpc *rpc = user;
	struct rill_msg msg;
	int e;

	while ((e = requests_room(rpc)) == 0) {
		if (rill_channel_recv(ch, &msg) < 0)
			return;
		heard(rpc, &msg);
		message_release(&msg); /* if it is still ours */
		if (rpc_over(rpc) || !rpc->ch || rpc->paused)
			return;
	}
	stall(rpc, e);
}
