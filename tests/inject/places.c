/* tests/inject/places.c - scenes: an arena with pointers in it that is mapped at one address where that is free, and one in
 * which both sides write, by a lock. */
#include "tests/inject/steps.h"

#include <rill/lock.h>
#include <string.h>

struct pair_of {
	struct pair_of *self;
	struct rill_lock lock;
	uint64_t count;
};

static bool make_arena(struct side *sd, unsigned flags)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 1 << 20, .ready = 1 << 16, .flags = flags};
	struct pair_of *p;

	if (!sd->arena && TRY(sd, rill_arena_create(&sd->arena, sd->ctx, &o)) < 0)
		return false;
	p = TRY_ALLOC(sd, rill_arena_alloc(sd->arena, sizeof(*p)));
	if (!p)
		return false;
	memset(p, 0, sizeof(*p));
	p->self = p;
	sd->block[0] = p;
	return side_next(sd);
}

static bool lend(struct side *sd)
{
	struct rill_loan loan = {.arena = sd->arena, .data = sd->block[0], .len = sizeof(struct pair_of)};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};

	if (TRY(sd, rill_channel_sendmsg(sd->ch, &out)) < 0)
		return false;
	sd->record->sent[sd->server]++;
	return side_next(sd);
}

/* The one message with the loan; the mapping of its arena. */
static bool borrow(struct side *sd, struct rill_msg *msg, struct rill_mapping *ret_mapping, const struct pair_of **ret)
{
	const void *data = NULL;
	size_t len;

	if (!sd->ch || TRY(sd, rill_channel_recv(sd->ch, msg)) < 0)
		return false;
	sd->got = ++sd->record->got[sd->server];
	ret_mapping->size = sizeof(*ret_mapping);
	if (rill_msg_loan(msg, 0, &data, &len) < 0 || rill_msg_mapping(msg, 0, ret_mapping) < 0)
		side_wrong(sd, "a loan that is none", 0);
	*ret = data;
	return data != NULL;
}

/* ---- One address ------------------------------------------------------------------------------------------------ */

bool place_client(struct side *sd)
{
	switch (sd->step) {
	case 0:
		return side_open(sd, "place");
	case 1:
		return make_arena(sd, RILL_ARENA_SAME_ADDRESS);
	case 2:
		return TRY(sd, rill_session_announce(sd->s, sd->arena)) == 0 && side_next(sd);
	case 3: /* 0 or 1: in this process it is taken */
		return rill_session_same_address(sd->s, sd->arena) >= 0 && side_next(sd);
	case 4:
		return lend(sd);
	case 5:
		while (side_take_plain(sd))
			;
		return sd->got == 1 && side_finish(sd);
	default:
		return false;
	}
}

bool place_server(struct side *sd)
{
	const struct pair_of *p;
	struct rill_mapping m;
	struct rill_msg msg;

	if (sd->step == 1)
		return side_send_plain(sd, 8) && side_next(sd);
	if (sd->step || !borrow(sd, &msg, &m, &p))
		return side_finish_after_peer(sd);
	if (m.same_address && p->self != p)
		side_wrong(sd, "a pointer that does not work where it should", 0);
	if ((uintptr_t)p->self - m.owner_base != (uintptr_t)p - (uintptr_t)m.base)
		side_wrong(sd, "an offset that is not the owner's", 0);
	rill_msg_release(&msg);
	return side_next(sd);
}

/* ---- Both write ------------------------------------------------------------------------------------------------- */

bool writer_client(struct side *sd)
{
	struct rill_writer *me = sd->arena ? rill_arena_writer(sd->arena) : NULL;
	struct pair_of *p = sd->block[0];

	switch (sd->step) {
	case 0:
		return side_open(sd, "writers");
	case 1:
		return make_arena(sd, RILL_ARENA_PEERS_MAY_WRITE);
	case 2:
		return lend(sd);
	case 3:
		while (side_take_plain(sd))
			;
		return sd->got == 1 && side_next(sd);
	case 4: /* what the other has done in it */
		if (!me || TRY(sd, rill_lock_try(me, &p->lock)) < 0)
			return false;
		if (p->count != 1)
			side_wrong(sd, "a write that is not seen", 0);
		rill_lock_release(me, &p->lock);
		return side_finish(sd);
	default:
		return false;
	}
}

bool writer_server(struct side *sd)
{
	const struct pair_of *p;
	struct rill_writer *me;
	struct rill_mapping m;
	struct rill_msg msg;
	int r;

	if (sd->step == 1)
		return side_send_plain(sd, 8) && side_next(sd);
	if (sd->step || !borrow(sd, &msg, &m, &p))
		return side_finish_after_peer(sd);
	me = rill_msg_writer(&msg, 0);
	if (!m.writable || !me) {
		side_wrong(sd, "it may not be written", 0);
		return false;
	}
	r = TRY(sd, rill_lock_try(me, &((struct pair_of *)(uintptr_t)p)->lock));
	if (r == 0) {
		((struct pair_of *)(uintptr_t)p)->count++;
		rill_lock_release(me, &((struct pair_of *)(uintptr_t)p)->lock);
	}
	rill_msg_release(&msg);
	return side_next(sd);
}
