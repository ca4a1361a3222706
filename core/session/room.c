/* core/session/room.c - a reservation that is more than a body and a tag in the ring (descriptors, loans, a body in an arena),
 * and any that has to wait. Invariant: what cannot be taken back (descriptors in the socket) is done last, so that a call that
 * failed has changed nothing. */
#include "session/session.h"

#include <errno.h>

static uint64_t extension(const struct reservation *r)
{
	return 8 * (uint64_t)(!!(r->frame_flags & WIRE_HAS_TAG) + !!(r->frame_flags & WIRE_HAS_FDS)) +
	       24 * (uint64_t)(r->loan_count + (r->kind == ROOM_ARENA));
}

static RARE int wait_for(struct rill_channel *ch, int e, unsigned why)
{
	if (e == -EPROTO)
		session_end(ch->session, -EPROTO,
		            why == WAIT_FDS ? "descriptors taken: more than were sent" : "position: back, ahead or unaligned");
	if (e == -EAGAIN && ch->gone)
		return channel_reason(ch); /* while we looked: no room will come */
	if (e == -EAGAIN) {
		ch->again++;
		channel_wait(ch, why);
	}
	return e;
}

static inline int wait_if(struct rill_channel *ch, int e, unsigned why)
{
	return e < 0 ? wait_for(ch, e, why) : e;
}

/* What it takes, and whether it is possible ever. */
static int plan(struct rill_channel *ch, size_t len, const struct rill_out *out, struct reservation *r)
{
	uint64_t max = ring_frame_max(ch->out.size);
	const struct rill_session *s = ch->session;

	if (out->fd_count > ch->fds_to_peer || out->loan_count > RILL_LOANS_MAX)
		return -EMSGSIZE;
	r->kind = ROOM_RING;
	r->flags = out->flags;
	r->len = len;
	r->tag = out->tag;
	r->frame_flags = (out->tag ? (unsigned)WIRE_HAS_TAG : 0) | (out->fd_count ? (unsigned)WIRE_HAS_FDS : 0);
	r->loan_count = out->loan_count;
	if (len <= max && RING_ALIGN(8 + extension(r) + len) <= max)
		return 0;
	r->kind = ROOM_ARENA;
	if (RING_ALIGN(8 + extension(r)) > max || len > s->set->o.arena_bytes || len > s->hello.mapped_bytes)
		return -EMSGSIZE;
	return 0;
}

static uint64_t frame_size(const struct reservation *r)
{
	return RING_ALIGN(8 + extension(r) + (r->kind == ROOM_RING ? r->len : 0));
}

static void undo_loans(struct rill_session *s, struct reservation *r, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		lend_undo(s, r->loan[i][2]);
}

static int lend_all(struct rill_channel *ch, const struct rill_out *out, struct reservation *r)
{
	struct rill_session *s = ch->session;
	size_t bytes = r->kind == ROOM_ARENA ? r->len : 0;
	int e;

	for (unsigned i = 0; i < out->loan_count; i++)
		if (__builtin_add_overflow(bytes, out->loans[i].len, &bytes))
			return -EMSGSIZE;
	e = wait_if(ch, lend_room(s, bytes, out->loan_count + (r->kind == ROOM_ARENA)), WAIT_RETURNS);
	if (e < 0)
		return e;
	for (unsigned i = 0; i < out->loan_count; i++) {
		e = lend_block(s, out->loans[i].arena, out->loans[i].data, out->loans[i].len, r->loan[i]);
		if (e < 0) {
			undo_loans(s, r, i);
			return wait_for(ch, e, WAIT_SOCKET);
		}
	}
	return 0;
}

/* A block of the session's own arena, lent already: commit cannot fail. */
static int take_block(struct rill_channel *ch, struct reservation *r)
{
	struct rill_session *s = ch->session;
	int e = lend_arena(s);

	if (e < 0)
		return e;
	while (!(r->block = rill_arena_alloc(s->arena, r->len))) {
		e = s->lent_count > r->loan_count ? wait_if(ch, lend_wait(s), WAIT_RETURNS) : -ENOMEM;
		if (e < 0)
			return e;
	}
	e = lend_block(s, s->arena, r->block, r->len, r->body);
	if (e < 0) {
		rill_arena_free(s->arena, r->block);
		return wait_for(ch, e, WAIT_SOCKET);
	}
	return 0;
}

static void undo_block(struct rill_session *s, struct reservation *r)
{
	if (r->kind != ROOM_ARENA)
		return;
	lend_undo(s, r->body[2]);
	rill_arena_free(s->arena, r->block);
}

static int send_fds(struct rill_channel *ch, const struct rill_out *out, struct reservation *r)
{
	int e;

	if (!out->fd_count)
		return 0;
	e = wait_if(ch, fds_room(ch->session, out->fd_count), WAIT_FDS);
	if (e == 0)
		e = wait_if(ch, fds_send(ch->session, out->fds, out->fd_count, &r->fds_word), WAIT_SOCKET);
	return e;
}

/* In this order: the frame's place in the ring, the loans, the block, and last the descriptors. All packets that the frame
 * names are in the socket before it is published (N1). */
static int take_all(struct rill_channel *ch, const struct rill_out *out, struct reservation *r)
{
	struct rill_session *s = ch->session;
	int e = 0;

	if (r->loan_count || r->kind == ROOM_ARENA)
		e = lend_all(ch, out, r);
	if (e < 0)
		return e;
	if (r->kind == ROOM_ARENA)
		e = take_block(ch, r);
	if (e < 0) {
		undo_loans(s, r, r->loan_count);
		return e;
	}
	e = send_fds(ch, out, r);
	if (e < 0) {
		undo_block(s, r);
		undo_loans(s, r, r->loan_count);
	}
	return e;
}

int room_reserve(struct rill_channel *ch, size_t len, const struct rill_out *out)
{
	struct reservation *r = &ch->room;
	int e = channel_reason(ch);

	if (e < 0 || r->kind != ROOM_NONE)
		return e < 0 ? e : -EBUSY;
	e = plan(ch, len, out, r);
	if (e == 0)
		e = wait_if(ch, ring_reserve(&ch->out, frame_size(r)), WAIT_RING);
	if (e == 0 && (r->loan_count || r->kind == ROOM_ARENA || out->fd_count)) {
		e = take_all(ch, out, r);
		if (e < 0)
			ring_cancel(&ch->out);
	}
	if (e < 0)
		r->kind = ROOM_NONE;
	return e == -EPIPE ? -ECONNRESET : e;
}

void *room_data(const struct rill_channel *ch)
{
	const struct reservation *r = &ch->room;

	return r->kind == ROOM_ARENA ? r->block : (char *)(ring_room(&ch->out) + 1) + extension(r);
}

/* ---- Commit, cancel -------------------------------------------------------------------------------------------- */

static wire_word *put(wire_word *at, uint64_t value)
{
	atomic_store_explicit(at, value, memory_order_relaxed);
	return at + 1;
}

static wire_word *put_loan(wire_word *at, const uint64_t loan[3])
{
	return put(put(put(at, loan[0]), loan[1]), loan[2]);
}

/* The other ways of a message: descriptors, loans, a body in an arena. */
void room_commit(struct rill_channel *ch, size_t len)
{
	struct reservation *r = &ch->room;
	bool lent = r->kind == ROOM_ARENA;
	wire_word *at = ring_room(&ch->out) + 1;
	uint64_t header = wire_header(lent ? WIRE_LOAN : WIRE_MESSAGE, r->frame_flags, r->loan_count + lent,
	                              (uint32_t)(extension(r) + (lent ? 0 : len)));

	if (r->frame_flags & WIRE_HAS_TAG)
		at = put(at, r->tag);
	if (r->frame_flags & WIRE_HAS_FDS)
		at = put(at, r->fds_word);
	if (lent) {
		r->body[1] = len;
		at = put_loan(at, r->body);
	}
	for (unsigned i = 0; i < r->loan_count; i++)
		at = put_loan(at, r->loan[i]);
	ring_commit(&ch->out, header);
	if (lent)
		rill_arena_free(ch->session->arena, r->block); /* the loan keeps it until it is back */
}

/* N3: descriptors that went ahead of a message that never comes: a VOID frame tells the peer to close them. */
static void commit_void(struct rill_channel *ch)
{
	struct reservation *r = &ch->room;

	put(ring_room(&ch->out) + 1, r->fds_word);
	ring_commit(&ch->out, wire_header(WIRE_VOID, WIRE_HAS_FDS, 0, 8));
	send_committed(ch);
}

void room_undo(struct rill_channel *ch)
{
	struct reservation *r = &ch->room;
	bool lent = r->loan_count || r->kind == ROOM_ARENA;

	if (r->kind == ROOM_NONE)
		return;
	undo_block(ch->session, r);
	undo_loans(ch->session, r, r->loan_count);
	if (r->frame_flags & WIRE_HAS_FDS)
		commit_void(ch);
	else
		ring_cancel(&ch->out);
	r->kind = ROOM_NONE;
	if (lent) /* the peer held none of it: no entry of his will tell those that wait for it */
		channel_wake(ch->session, WAIT_RETURNS);
}
