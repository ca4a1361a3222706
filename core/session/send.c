/* core/session/send.c - the one send path: reserve, write, commit, and the doorbell. What most messages are, a body and perhaps
 * a tag in the ring, goes a short way; room.c does the rest. */
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

/* A body and perhaps a tag, into a ring that has the room as far as we know: most are. NULL: room_reserve() tells. */
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
	return room_reserve(ch, len, out);
}

/* ---- Commit, cancel -------------------------------------------------------------------------------------------- */

static inline wire_word *put(wire_word *at, uint64_t value)
{
	atomic_store_explicit(at, value, memory_order_relaxed);
	return at + 1;
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
	room_commit(ch, len);
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

void send_committed(struct rill_channel *ch)
{
	committed(ch, 0);
}

/* ---- The interface --------------------------------------------------------------------------------------------- */

static RARE int reserve_tagged(struct rill_channel *ch, size_t len, uint64_t tag, struct rill_room *ret_room)
{
	int e = room_reserve(ch, len, &(struct rill_out){.size = sizeof(struct rill_out), .tag = tag});

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

static int check_out(const struct rill_out *out)
{
	if (out->flags & ~RILL_MORE || (out->fd_count && !out->fds) || (out->loan_count && !out->loans) ||
	    (out->part_count && !out->parts))
		return -EINVAL;
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
		room_undo(ch);
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
	room_undo(ch);
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
