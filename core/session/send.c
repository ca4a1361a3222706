/* core/session/send.c - the one send path: reserve, write, commit. Invariant: what cannot be taken back (descriptors in the
 * socket) is done last, so that a failed call has changed nothing. */
#include "session/session.h"

#include <errno.h>
#include <string.h>

#define CHECK_EVERY 16 /* commits of a turn between looks at the peer's arm: each costs a fence */

/* ---- The doorbell ---------------------------------------------------------------------------------------------- */

static RARE void tell(struct rill_channel *ch)
{
	ch->told++;
	session_push(ch->session, WIRE_DATA, ch->index);
}

/* true: the reader waits, tell() */
static inline bool check(struct rill_channel *ch)
{
	if (link_linked(&ch->unchecked))
		link_remove(&ch->unchecked);
	return ring_check(&ch->out);
}

void send_check(struct rill_channel *ch)
{
	if (check(ch))
		tell(ch);
}

static RARE void check_later(struct rill_channel *ch)
{
	struct rill_session *s = ch->session;

	if (!link_linked(&ch->unchecked))
		link_append(&s->unchecked, &ch->unchecked);
	source_wake(&s->source);
}

/* Outside a dispatch at once; inside, the first of a turn at once, later ones every 16th and at its end. */
static inline bool checks_now(struct rill_channel *ch)
{
	const struct rill_session *s = ch->session;

	if (!ctx_in_dispatch(s->ctx))
		return true;
	if (ch->commit_turn != s->turns) {
		ch->commit_turn = s->turns;
		ch->commits = 0;
	}
	return ch->commits++ % CHECK_EVERY == 0;
}

static void committed(struct rill_channel *ch, unsigned flags)
{
	if (flags & RILL_MORE || !checks_now(ch))
		check_later(ch);
	else
		send_check(ch);
}

/* ---- Reserve --------------------------------------------------------------------------------------------------- */

static uint64_t extension(const struct reservation *r)
{
	return 8 * (uint64_t)(!!(r->frame_flags & WIRE_HAS_TAG) + !!(r->frame_flags & WIRE_HAS_FDS)) +
	       24 * (uint64_t)(r->loan_count + (r->kind == ROOM_ARENA));
}

static RARE int wait_for(struct rill_channel *ch, int e, unsigned why)
{
	if (e == -EPROTO)
		session_end(ch->session, -EPROTO, "position: back, ahead or unaligned");
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

static int check_out(const struct rill_out *out)
{
	if (out->flags & ~RILL_MORE || (out->fd_count && !out->fds) || (out->loan_count && !out->loans) ||
	    (out->part_count && !out->parts))
		return -EINVAL;
	return 0;
}

static RARE int reserve(struct rill_channel *ch, size_t len, const struct rill_out *out)
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

static void *room_data(const struct rill_channel *ch)
{
	const struct reservation *r = &ch->room;

	return r->kind == ROOM_ARENA ? r->block : (char *)(ring_room(&ch->out) + 1) + extension(r);
}

/* Nothing but a body and perhaps a tag, into a ring that has the room as far as we know: most are. NULL: reserve() tells. */
static inline void *reserve_plain(struct rill_channel *ch, size_t len, uint64_t tag)
{
	size_t head = tag ? 16 : 8;
	struct reservation *r = &ch->room;

	if (r->kind != ROOM_NONE || len > ring_frame_max(ch->out.size) - head ||
	    !ring_reserve_known(&ch->out, RING_ALIGN(head + len)))
		return NULL;
	r->kind = ROOM_RING;
	r->flags = r->loan_count = 0;
	r->frame_flags = tag ? WIRE_HAS_TAG : 0;
	r->tag = tag;
	r->len = len;
	return (char *)ring_room(&ch->out) + head;
}

static int reserve_any(struct rill_channel *ch, size_t len, const struct rill_out *out)
{
	if (!ch->gone && !(out->fd_count | out->loan_count | out->flags) && reserve_plain(ch, len, out->tag))
		return 0;
	return reserve(ch, len, out);
}

/* ---- Commit, cancel -------------------------------------------------------------------------------------------- */

static inline wire_word *put(wire_word *at, uint64_t value)
{
	atomic_store_explicit(at, value, memory_order_relaxed);
	return at + 1;
}

static wire_word *put_loan(wire_word *at, const uint64_t loan[3])
{
	return put(put(put(at, loan[0]), loan[1]), loan[2]);
}

/* The other ways of a message: descriptors, loans, a body in an arena. */
static RARE void commit_extended(struct rill_channel *ch, size_t len)
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

static inline void committed_bytes(struct rill_channel *ch, size_t len)
{
	ch->room.kind = ROOM_NONE;
	ch->sent++;
	ch->sent_bytes += len;
}

/* Nothing but a body and perhaps a tag, in the ring. */
static inline bool room_is_plain(const struct reservation *r)
{
	return r->kind == ROOM_RING && !(r->loan_count | (r->frame_flags & WIRE_HAS_FDS));
}

static inline void commit_plain(struct rill_channel *ch, size_t len)
{
	uint64_t header = wire_header(WIRE_MESSAGE, 0, 0, (uint32_t)len);

	if (ch->room.frame_flags) {
		put(ring_room(&ch->out) + 1, ch->room.tag);
		header = wire_header(WIRE_MESSAGE, WIRE_HAS_TAG, 0, (uint32_t)(8 + len));
	}
	ring_commit(&ch->out, header);
	committed_bytes(ch, len);
}

static void commit(struct rill_channel *ch, size_t len)
{
	if (room_is_plain(&ch->room)) {
		commit_plain(ch, len);
		return;
	}
	commit_extended(ch, len);
	committed_bytes(ch, len);
}

/* A plain one without RILL_MORE. true: the reader waits, tell() */
static inline bool commit_usual(struct rill_channel *ch, size_t len)
{
	commit_plain(ch, len);
	if (checks_now(ch))
		return check(ch);
	check_later(ch);
	return false;
}

/* N3: descriptors that went ahead of a message that never comes: a VOID frame tells the peer to close them. */
static void commit_void(struct rill_channel *ch)
{
	struct reservation *r = &ch->room;

	put(ring_room(&ch->out) + 1, r->fds_word);
	ring_commit(&ch->out, wire_header(WIRE_VOID, WIRE_HAS_FDS, 0, 8));
	committed(ch, 0);
}

void send_undo(struct rill_channel *ch)
{
	struct reservation *r = &ch->room;

	if (r->kind == ROOM_NONE)
		return;
	undo_block(ch->session, r);
	undo_loans(ch->session, r, r->loan_count);
	if (r->frame_flags & WIRE_HAS_FDS)
		commit_void(ch);
	else
		ring_cancel(&ch->out);
	r->kind = ROOM_NONE;
}

/* ---- The interface --------------------------------------------------------------------------------------------- */

static RARE int reserve_tagged(struct rill_channel *ch, size_t len, uint64_t tag, struct rill_room *ret_room)
{
	int e = reserve(ch, len, &(struct rill_out){.size = sizeof(struct rill_out), .tag = tag});

	if (e == 0)
		*ret_room = (struct rill_room){.data = room_data(ch), .len = len};
	return e;
}

int send_reserve_plain(struct rill_channel *ch, size_t len, uint64_t tag, struct rill_room *ret_room)
{
	void *data = ch->gone ? NULL : reserve_plain(ch, len, tag);

	if (!data)
		return reserve_tagged(ch, len, tag, ret_room);
	*ret_room = (struct rill_room){.data = data, .len = len};
	return 0;
}

static RARE int reserve_checked(struct rill_channel *ch, size_t len, struct rill_room *ret_room)
{
	int e = channel_check(ch);

	if (e == 0 && !ret_room)
		e = -EINVAL;
	if (e < 0)
		return e;
	ctx_enter(ch->session->ctx);
	e = reserve_tagged(ch, len, 0, ret_room);
	ctx_leave(ch->session->ctx);
	return e;
}

int rill_channel_reserve(struct rill_channel *ch, size_t len, struct rill_room *ret_room)
{
	void *data = ch && ret_room && channel_lives(ch) ? reserve_plain(ch, len, 0) : NULL;

	if (!data)
		return reserve_checked(ch, len, ret_room);
	*ret_room = (struct rill_room){.data = data, .len = len};
	return 0;
}

int send_reserve(struct rill_channel *ch, size_t len, const struct rill_out *out, struct rill_room *ret_room)
{
	int e = out->part_count ? -EINVAL : check_out(out);

	if (e == 0)
		e = reserve_any(ch, len, out);
	if (e == 0)
		*ret_room = (struct rill_room){.data = room_data(ch), .len = len};
	return e;
}

int rill_channel_reservemsg(struct rill_channel *ch, size_t len, const struct rill_out *out, struct rill_room *ret_room)
{
	struct rill_out o;
	int e = channel_check(ch);

	if (e == 0)
		e = out && ret_room ? table_copy(&o, sizeof(o), out) : -EINVAL;
	if (e < 0)
		return e;
	ctx_enter(ch->session->ctx);
	e = send_reserve(ch, len, &o, ret_room);
	ctx_leave(ch->session->ctx);
	return e;
}

int send_commit(struct rill_channel *ch, size_t len)
{
	unsigned flags = ch->room.flags;

	if (ch->room.kind == ROOM_NONE || len > ch->room.len)
		return -EINVAL;
	if (room_is_plain(&ch->room) && !flags) {
		if (commit_usual(ch, len))
			tell(ch);
		return 0;
	}
	commit(ch, len);
	committed(ch, flags);
	return 0;
}

static RARE int commit_checked(struct rill_channel *ch, size_t len)
{
	int e = channel_check(ch);

	if (e < 0)
		return e;
	ctx_enter(ch->session->ctx);
	e = channel_reason(ch);
	if (e < 0)
		send_undo(ch);
	else
		e = send_commit(ch, len);
	ctx_leave(ch->session->ctx);
	return e;
}

/* The reader may sleep. */
static RARE void tell_outside(struct rill_channel *ch)
{
	ctx_enter(ch->session->ctx);
	tell(ch);
	ctx_leave(ch->session->ctx);
}

int rill_channel_commit(struct rill_channel *ch, size_t len)
{
	if (!ch || !channel_lives(ch) || !room_is_plain(&ch->room) || ch->room.flags || len > ch->room.len)
		return commit_checked(ch, len);
	if (commit_usual(ch, len))
		tell_outside(ch);
	return 0;
}

void rill_channel_cancel(struct rill_channel *ch)
{
	if (!ch || channel_check(ch) < 0)
		return;
	ctx_enter(ch->session->ctx);
	send_undo(ch);
	ctx_leave(ch->session->ctx);
}

static RARE int send_checked(struct rill_channel *ch, const void *data, size_t len)
{
	struct rill_room room;
	int e = channel_check(ch);

	if (e == 0 && !data && len)
		e = -EINVAL;
	if (e < 0)
		return e;
	ctx_enter(ch->session->ctx);
	e = reserve_tagged(ch, len, 0, &room);
	if (e == 0) {
		if (len)
			memcpy(room.data, data, len);
		commit(ch, len);
		committed(ch, 0);
	}
	ctx_leave(ch->session->ctx);
	return e;
}

int rill_channel_send(struct rill_channel *ch, const void *data, size_t len)
{
	void *room = ch && data && channel_lives(ch) ? reserve_plain(ch, len, 0) : NULL;

	if (!room)
		return send_checked(ch, data, len);
	memcpy(room, data, len);
	return rill_channel_commit(ch, len);
}

static int total(const struct rill_out *o, size_t *ret_len)
{
	size_t len = 0;

	for (unsigned i = 0; i < o->part_count; i++) {
		if (!o->parts[i].iov_base && o->parts[i].iov_len)
			return -EINVAL;
		if (__builtin_add_overflow(len, o->parts[i].iov_len, &len))
			return -EMSGSIZE;
	}
	*ret_len = len;
	return 0;
}

static void copy_parts(char *to, const struct rill_out *o)
{
	for (unsigned i = 0; i < o->part_count; i++) {
		if (o->parts[i].iov_len)
			memcpy(to, o->parts[i].iov_base, o->parts[i].iov_len);
		to += o->parts[i].iov_len;
	}
}

int send_out(struct rill_channel *ch, const struct rill_out *out)
{
	size_t len = 0;
	int e = check_out(out);

	if (e == 0)
		e = total(out, &len);
	if (e == 0)
		e = reserve_any(ch, len, out);
	if (e < 0)
		return e;
	copy_parts(room_data(ch), out);
	commit(ch, len);
	committed(ch, out->flags);
	return 0;
}

int rill_channel_sendmsg(struct rill_channel *ch, const struct rill_out *out)
{
	struct rill_out o;
	int e = channel_check(ch);

	if (e == 0)
		e = out ? table_copy(&o, sizeof(o), out) : -EINVAL;
	if (e < 0)
		return e;
	ctx_enter(ch->session->ctx);
	e = send_out(ch, &o);
	ctx_leave(ch->session->ctx);
	return e;
}
