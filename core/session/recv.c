/* core/session/recv.c - the one receive path: decode once, hold; message.c lets go. Invariant: every word of a frame is loaded
 * once; what peek said is what recv gives: of a frame that was peeked at, both work from the copy in ch->next. */
#include "session/session.h"

#include <errno.h>

#define NO_PLACE UINT64_MAX /* OPAQUE_HELD: of a ring's frames none has this number */
#define DISCARD 4096        /* frames a turn, of all channels: a peer's ring may hold 100 million */
#define READS 64            /* of the socket, outside a dispatch, for one frame */

/* ---- Decoding -------------------------------------------------------------------------------------------------- */

/* A session that had ended before keeps its reason, but of this channel nothing more is taken. */
static RARE int violation(struct rill_channel *ch, const char *text)
{
	struct rill_session *s = ch->session;
	bool ended = s->state >= SESSION_ENDED;

	session_end(s, -EPROTO, "%s", text);
	ch->decoded = false;
	ch->last = ch->in.rpos;
	return ended ? -EAGAIN : -EPROTO;
}

/* The budget is spent, and what is left is not forgotten though no bell tells of it. */
static RARE int later(struct rill_channel *ch)
{
	if (channel_deliverable(ch))
		channel_heat(ch);
	source_wake(&ch->session->source);
	return -EAGAIN;
}

/* N2: names were sent ahead on the socket: who does not know one reads the socket first; only when it is empty is it a
 * violation. Who keeps it full keeps his own frame waiting. */
static int check_names(struct rill_channel *ch)
{
	struct rill_session *s = ch->session;
	const struct frame *f = &ch->next;

	for (int reads = 0;; reads++) {
		uint64_t before = s->stats.packets;

		if (borrow_known(s, f) && (!f->has_fds || fds_there(s, f->fd_seq, f->fd_count)))
			return 0;
		if (reads == READS || session_spent(s))
			return later(ch);
		packet_drain(s);
		if (s->blind || s->stats.packets == before)
			return violation(ch, "frame: names descriptors or an arena that were never sent");
	}
}

/* Freed, and no release follows. In a dispatch a hot channel is published by deliver(), or before it goes to rest; any other at
 * once: nobody would do it. */
static inline void freed(struct rill_channel *ch)
{
	const struct rill_session *s = ch->session;

	if (s->fd >= 0 && !s->blind && (!ctx_in_dispatch(s->ctx) || !link_linked(&ch->hot)))
		channel_publish(ch);
}

/* The frame goes home unseen. */
static int skip(struct rill_channel *ch)
{
	struct rill_session *s = ch->session;
	uint32_t first;

	if (ring_skip(&ch->in, ch->next_header) < 0) {
		session_end(s, -ENOMEM, "no memory to drop a message");
		return -ENOMEM;
	}
	if (ch->next.has_fds && fds_claim(s, ch->next.fd_seq, ch->next.fd_count, &first) == 0)
		fds_drop(s, first);
	borrow_return(s, &ch->next);
	ch->decoded = false;
	return 0;
}

/* What header_of() gave: 0 and the header of the frame at rpos, -EAGAIN none, -EPROTO the session is ended. */
static int judge(struct rill_channel *ch, uint64_t header, uint64_t *ret_header)
{
	int e = ring_judge(&ch->in, header, ret_header);

	return e == -EPROTO ? violation(ch, "frame: bad header, padding or length") : e;
}

/* The word at rpos. 0: there is no frame, or nobody is to see it. */
static inline uint64_t header_of(const struct rill_channel *ch)
{
	return ch->session->blind || (ch->gone && ch->in.rpos >= ch->last) ? 0 : ring_header(&ch->in);
}

static RARE int decode(struct rill_channel *ch, uint64_t header)
{
	struct rill_session *s = ch->session;

	if (frame_decode(&ch->next, header, ring_in_word(&ch->in, ch->in.rpos)) < 0)
		return violation(ch, "frame: bad extension words");
	if (ch->next.fd_count > ch->fds_to_us)
		return violation(ch, "frame: more descriptors than allowed");
	/* Closing: what still comes on the socket is not looked at, and the frame goes home unseen. */
	if ((ch->next.loan_count || ch->next.has_fds) && s->state < SESSION_CLOSING) {
		int e = check_names(ch);

		if (e < 0)
			return e;
	}
	ch->next_header = header;
	ch->decoded = true;
	return 0;
}

static int decode_one(struct rill_channel *ch)
{
	uint64_t header = 0;
	int e = judge(ch, header_of(ch), &header);

	return e < 0 ? e : decode(ch, header);
}

static int decoded(struct rill_channel *ch)
{
	return ch->decoded ? 0 : decode_one(ch);
}

/* VOIDs cost as much as messages. What is left of the budget is for the message behind them. */
static RARE int skip_voids(struct rill_channel *ch, unsigned *left)
{
	struct rill_session *s = ch->session;
	int e = 0;

	while (e == 0 && ch->next.kind == WIRE_VOID) {
		if (*left == 0 || session_spent(s))
			return later(ch);
		--*left;
		session_spend(s, 1);
		e = skip(ch);
		if (e == 0)
			freed(ch);
		if (e == 0)
			e = decode_one(ch);
	}
	return e == 0 && (*left == 0 || session_spent(s)) ? later(ch) : e;
}

int recv_decode(struct rill_channel *ch)
{
	unsigned some = ctx_budget(ch->session->ctx);
	int e = decoded(ch);

	if (e == 0 && ch->next.kind == WIRE_VOID)
		e = skip_voids(ch, ctx_in_dispatch(ch->session->ctx) ? &ch->budget : &some);
	return e;
}

bool recv_discard(struct rill_channel *ch)
{
	struct rill_session *s = ch->session;

	if (s->dropped_turn != s->turns)
		s->dropped = 0;
	s->dropped_turn = s->turns;
	while (s->dropped < DISCARD && decoded(ch) == 0 && skip(ch) == 0)
		s->dropped++;
	if (s->state == SESSION_OPEN)
		channel_publish(ch);
	/* A frame that is left otherwise names what was never sent, or waits for memory: the session ends, or is closing. */
	return (s->dropped < DISCARD && !session_spent(s)) || !channel_waits(ch);
}

/* ---- Receive --------------------------------------------------------------------------------------------------- */

static inline bool budget_spent(struct rill_channel *ch)
{
	const struct rill_session *s = ch->session;

	if (!ctx_in_dispatch(s->ctx))
		return false;
	if (ch->budget_turn != s->turns) {
		ch->budget_turn = s->turns;
		ch->budget = ctx_budget(s->ctx);
	}
	return ch->budget == 0 || s->left <= 0;
}

static inline void spend(struct rill_channel *ch)
{
	if (!ctx_in_dispatch(ch->session->ctx))
		return;
	ch->budget--;
	ch->session->left--;
}

/* The end is told once all was taken, and nothing comes behind it: not even what his CLOSE promised and was not there. */
static RARE int told_end(struct rill_channel *ch)
{
	ch->last = ch->in.rpos;
	return channel_reason(ch);
}

static RARE int spent(struct rill_channel *ch)
{
	if (!channel_waits(ch))
		return ch->gone ? told_end(ch) : -EAGAIN;
	return later(ch);
}

static RARE int nothing_follows(struct rill_channel *ch)
{
	channel_settle(ch);
	return channel_waits(ch) ? -EAGAIN : told_end(ch);
}

/* Nothing is there: the first empty look after something was taken. */
static inline int nothing(struct rill_channel *ch)
{
	if (!ring_told(&ch->in) && !ch->session->blind)
		channel_publish(ch);
	return ch->gone ? nothing_follows(ch) : -EAGAIN;
}

static const void *body(const struct frame *f, const struct held_loans *loans, size_t *ret_len)
{
	if (f->kind == WIRE_LOAN) {
		*ret_len = loans->loan[0].len;
		return loans->loan[0].data;
	}
	*ret_len = f->len;
	return peer_payload(f->payload);
}

/* A message whose body is not in the ring does not keep a place there, however long its loans are held. */
static int take_place(struct rill_channel *ch, uint64_t *ret_held)
{
	int e;

	if (ch->next.kind != WIRE_LOAN && ch->next.len)
		return ring_take(&ch->in, ch->next_header, ret_held);
	e = ring_skip(&ch->in, ch->next_header);
	if (e < 0)
		return e;
	*ret_held = NO_PLACE;
	freed(ch);
	return 0;
}

/* One more message is the user's. */
static inline void taken(struct rill_channel *ch, const struct rill_msg *msg)
{
	struct rill_session *s = ch->session;

	s->held++;
	ch->held++;
	s->taken++;
	ch->taken++;
	ch->taken_bytes += msg->len;
	if (ch->gone)
		channel_settle(ch); /* that was the last? */
}

static RARE int take(struct rill_channel *ch, struct rill_msg *ret_msg)
{
	struct rill_session *s = ch->session;
	const struct frame *f = &ch->next;
	struct held_loans *loans = NULL;
	uint32_t fds = NO_FDS;
	uint64_t held;
	int e = 0;

	if (f->has_fds && !fds_there(s, f->fd_seq, f->fd_count)) /* since decoded, another channel's frame named them too */
		return violation(ch, "frame: names descriptors that another has claimed");
	if (f->loan_count)
		e = borrow_hold(s, f, &loans);
	if (e == -EPROTO)
		return violation(ch, "frame: more loans than allowed, or of an arena that is gone");
	if (e < 0)
		return e;
	e = take_place(ch, &held);
	if (e < 0) {
		borrow_unhold(s, loans);
		return e;
	}
	if (f->has_fds)
		fds_claim(s, f->fd_seq, f->fd_count, &fds);
	ret_msg->data = body(f, loans, &ret_msg->len);
	ret_msg->tag = f->tag;
	ret_msg->fd_count = f->fd_count;
	ret_msg->loan_count = f->loan_count - (f->kind == WIRE_LOAN);
	ret_msg->opaque[OPAQUE_CHANNEL] = (uintptr_t)ch;
	ret_msg->opaque[OPAQUE_HELD] = held;
	ret_msg->opaque[OPAQUE_FDS] = fds;
	ret_msg->opaque[OPAQUE_LOANS] = (uintptr_t)loans;
	ch->decoded = false;
	taken(ch, ret_msg);
	return 0;
}

/* Nothing but a body in the ring, perhaps with a tag: most are. Taken as it is read. */
static inline int take_plain(struct rill_channel *ch, uint64_t header, struct rill_msg *ret_msg)
{
	peer_words at = ring_in_word(&ch->in, ch->in.rpos);
	bool tagged = frame_tagged(header);
	uint64_t held;
	int e = ring_take(&ch->in, header, &held);

	if (e < 0)
		return e;
	ret_msg->data = peer_payload((const PEER char *)(at + 1 + tagged));
	ret_msg->len = WIRE_LEN(header) - 8 * (size_t)tagged;
	ret_msg->tag = tagged ? peer_load(at + 1) : 0;
	ret_msg->fd_count = ret_msg->loan_count = 0;
	ret_msg->opaque[OPAQUE_CHANNEL] = (uintptr_t)ch;
	ret_msg->opaque[OPAQUE_HELD] = held;
	ret_msg->opaque[OPAQUE_FDS] = NO_FDS;
	ret_msg->opaque[OPAQUE_LOANS] = 0;
	taken(ch, ret_msg);
	return 0;
}

/* What was decoded already, by a peek. */
static RARE int take_decoded(struct rill_channel *ch, struct rill_msg *ret_msg)
{
	int e = recv_decode(ch); /* a VOID is skipped */

	return e < 0 ? e : take(ch, ret_msg);
}

/* Behind a pad, with descriptors or loans, empty, or false. */
static RARE int take_other(struct rill_channel *ch, uint64_t header, struct rill_msg *ret_msg)
{
	int e = judge(ch, header, &header);

	if (e < 0)
		return e;
	if (frame_plain(header))
		return take_plain(ch, header, ret_msg);
	e = decode(ch, header);
	return e < 0 ? e : take_decoded(ch, ret_msg);
}

static int take_next(struct rill_channel *ch, struct rill_msg *ret_msg)
{
	uint64_t header;

	if (ch->decoded)
		return take_decoded(ch, ret_msg);
	header = header_of(ch);
	return header ? take_other(ch, header, ret_msg) : -EAGAIN;
}

static RARE int recv_any(struct rill_channel *ch, struct rill_msg *ret_msg)
{
	int e;

	if (ch->state == CHANNEL_OPENING)
		return -EAGAIN;
	if (budget_spent(ch))
		return spent(ch);
	e = take_next(ch, ret_msg);
	if (e == 0)
		spend(ch);
	return e == -EAGAIN ? nothing(ch) : e;
}

/* What recv_usual() leaves: without a look at the ring; ... */
static RARE int recv_checked(struct rill_channel *ch, struct rill_msg *ret_msg)
{
	int e = channel_check(ch);

	if (e == 0 && !ret_msg)
		e = -EINVAL;
	if (e < 0)
		return e;
	ctx_enter(ch->session->ctx);
	e = recv_any(ch, ret_msg);
	ctx_leave(ch->session->ctx);
	return e;
}

/* ... with the header that it loaded; ... */
static RARE int recv_other(struct rill_channel *ch, uint64_t header, struct rill_msg *ret_msg)
{
	int e;

	ctx_enter(ch->session->ctx);
	e = take_other(ch, header, ret_msg);
	if (e == 0)
		spend(ch);
	else if (e == -EAGAIN)
		e = nothing(ch);
	ctx_leave(ch->session->ctx);
	return e;
}

/* ... or with what was freed to tell. Not rare: each turn ends so. */
static __attribute__((noinline)) int recv_nothing(struct rill_channel *ch)
{
	ctx_enter(ch->session->ctx);
	channel_publish(ch);
	ctx_leave(ch->session->ctx);
	return -EAGAIN;
}

/* Of nearly all calls: nothing is unusual, and a plain frame is there or none. */
static inline int recv_usual(struct rill_channel *ch, struct rill_msg *ret_msg)
{
	uint64_t header;

	if (!channel_lives(ch) || ch->state != CHANNEL_OPEN || ch->decoded || ch->session->blind || budget_spent(ch))
		return recv_checked(ch, ret_msg);
	header = ring_header(&ch->in);
	if (!header)
		return ring_told(&ch->in) ? -EAGAIN : recv_nothing(ch);
	if (!frame_plain(header) || !ring_holds(&ch->in, header) || !ring_has_place(&ch->in))
		return recv_other(ch, header, ret_msg);
	take_plain(ch, header, ret_msg);
	spend(ch);
	return 0;
}

int rill_channel_recv(struct rill_channel *ch, struct rill_msg *ret_msg)
{
	return ch && ret_msg ? recv_usual(ch, ret_msg) : recv_checked(ch, ret_msg);
}

static int look(struct rill_channel *ch)
{
	int e;

	if (ch->state == CHANNEL_OPENING)
		return -EAGAIN;
	if (budget_spent(ch))
		return spent(ch);
	e = recv_decode(ch);
	return e == -EAGAIN ? nothing(ch) : e;
}

int rill_channel_peek(const struct rill_channel *ch, size_t *ret_len)
{
	struct rill_channel *c = (struct rill_channel *)(uintptr_t)ch; /* decoding is a cache: nothing is taken */
	int e = channel_check(ch);

	if (e == 0 && !ret_len)
		e = -EINVAL;
	if (e < 0)
		return e;
	ctx_enter(ch->session->ctx);
	e = look(c);
	if (e == 0)
		*ret_len = c->next.kind == WIRE_LOAN ? c->next.loan[0].len : c->next.len; /* its arena may be forgotten */
	ctx_leave(ch->session->ctx);
	return e;
}
