/* core/session/turn.c - one turn of an awake session, and how it goes to rest. The doorbell's order is kept here and nowhere
 * else: packets are consumed before (session's ready()), entries and frames in the turn; then arm, fence, look again, and take
 * nothing after that look. docs/protocol.md, section 5; tests/model/bell1.pml, duplex.pml, and bell.pml for cool(). */
#include "session/session.h"

#include <errno.h>

#define LOOKED_AT 8   /* unarmed channels that a spinning session looks at each turn for long; ... */
#define VAIN_LOOKS 64 /* ... more are armed again after this many looks in vain */

void session_push(struct rill_session *s, enum wire_entry kind, uint64_t id)
{
	uint64_t sarm = bell_push(&s->bell, kind, id);

	s->stats.bells_spared += !sarm;
	packet_bell(s, sarm);
}

/* ---- Entries --------------------------------------------------------------------------------------------------- */

static const char *on_data(struct rill_channel *ch)
{
	if (!arm_answered(&ch->in.data))
		return "entry: data that was not armed for";
	if (channel_deliverable(ch))
		channel_heat(ch); /* the others are looked at once they become deliverable */
	return NULL;
}

static const char *on_space(struct rill_channel *ch)
{
	int r;

	if (!arm_answered(&ch->out.space))
		return "entry: space that was not armed for";
	if (link_linked(&ch->place))
		channel_sweep(ch->session);
	if (!(ch->waits & WAIT_RING))
		return NULL;
	r = ring_space(&ch->out);
	if (r < 0)
		return "position: back, ahead or unaligned";
	if (r > 0)
		channel_wake_one(ch);
	return NULL;
}

static const char *on_entry(struct rill_session *s, enum wire_entry kind, uint64_t id)
{
	struct rill_channel *ch;

	switch (kind) {
	case WIRE_FDS:
		channel_wake(s, WAIT_FDS);
		return id == 0 && arm_answered(&s->fds_arm) ? NULL : "entry: descriptors that were not armed for";
	case WIRE_RETURNS:
		if (id != 0 || !arm_answered(&s->returns_arm))
			return "entry: returns that were not armed for";
		lend_take_returns(s);
		channel_wake(s, WAIT_RETURNS); /* a send may have taken what came back before this entry was read */
		return NULL;
	default:
		ch = id < s->channel_count ? s->channels[id] : NULL;
		if (!ch)
			return "entry: no such channel";
		return kind == WIRE_DATA ? on_data(ch) : on_space(ch);
	}
}

static void take_entries(struct rill_session *s)
{
	enum wire_entry kind;
	uint64_t id;

	/* No more than can be out at once: what comes meanwhile is for the next turn. */
	for (uint64_t n = s->bell.peer_mask + 1; n && bell_take(&s->bell, &kind, &id); n--) {
		const char *wrong = on_entry(s, kind, id);

		if (wrong) {
			session_end(s, -EPROTO, "%s", wrong);
			return;
		}
	}
}

/* ---- Telling --------------------------------------------------------------------------------------------------- */

/* After a callback: was it closed, its ctx destroyed, or is this a forked child? Then it is not touched any more. */
static bool over(const struct rill_session *s)
{
	return s->state >= SESSION_CLOSING || ctx_check(s->ctx) < 0;
}

static void tell_offer(struct rill_channel *ch)
{
	struct rill_session *s = ch->session;
	int e;

	if (!s->events.channel) {
		channel_release_user(ch, EOPNOTSUPP);
		return;
	}
	e = s->events.channel(s, ch, s->user);
	if (ch->closed || over(s))
		return;
	if (e != 0) {
		channel_release_user(ch, e < 0 && e > -4096 ? -e : EINVAL);
		return;
	}
	ch->state = CHANNEL_OPEN;
	if (s->state == SESSION_OPEN) { /* closed already or not: the opener waits for an answer before a CLOSE */
		ch->unsent |= UNSENT_ACCEPT;
		channel_send_unsent(ch);
	}
	channel_heat(ch);
	channel_settle(ch);
}

static void tell_closed(struct rill_channel *ch)
{
	if (ch->told_closed || ch->paused)
		return;
	if (channel_waits(ch)) { /* E5: frames first; settled again when taken */
		channel_settle(ch);
		return;
	}
	ch->told_closed = true;
	ch->last = ch->in.rpos; /* frames that his CLOSE promised and that come only now */
	if (ch->events.closed)
		ch->events.closed(ch, ch->why, ch->user);
}

/* One thing at a time: any callback may close the channel, the session or the ctx. */
static unsigned tell_channel(struct rill_channel *ch)
{
	unsigned todo = ch->todo & -ch->todo; /* the lowest bit: offer, opened, writable, closed */

	ch->todo &= ~todo;
	switch (todo) {
	case CHANNEL_TELL_OFFER:
		tell_offer(ch);
		break;
	case CHANNEL_TELL_OPENED:
		if (ch->events.opened)
			ch->events.opened(ch, ch->user);
		break;
	case CHANNEL_TELL_WRITABLE:
		if (ch->events.writable)
			ch->events.writable(ch, ch->user);
		break;
	case CHANNEL_TELL_CLOSED:
		tell_closed(ch);
		break;
	}
	return todo != 0;
}

static unsigned tell_channels(struct rill_session *s)
{
	struct link work;
	unsigned n = 0;

	link_init(&work);
	link_splice(&work, &s->telling);
	while (link_linked(&work)) {
		struct rill_channel *ch = container_of(work.next, struct rill_channel, telling);

		link_remove(&ch->telling);
		while (ch->todo && !ch->closed && !over(s))
			n += tell_channel(ch);
	}
	return n;
}

static bool all_channels_told(const struct rill_session *s)
{
	for (const struct link *l = s->hot.next; l != &s->hot; l = l->next) {
		const struct rill_channel *ch = container_of(l, const struct rill_channel, hot);

		if (channel_deliverable(ch) && channel_waits(ch))
			return false;
	}
	return !link_linked(&s->telling);
}

static unsigned tell_opened(struct rill_session *s)
{
	s->todo &= ~(unsigned)TELL_OPENED;
	if (listener_tell(s))
		return 1;
	if (s->events.opened)
		s->events.opened(s, s->user);
	return 1;
}

static unsigned tell_mapped(struct rill_session *s)
{
	struct announced *ann;
	unsigned n = 0;

	s->todo &= ~(unsigned)TELL_MAPPED;
	while (s->state == SESSION_OPEN && !over(s) && (ann = announce_untold(s))) {
		ann->untold = false;
		n++;
		if (s->events.mapped)
			s->events.mapped(s, ann->arena, ann->place == PLACE_SAME, s->user);
	}
	return n;
}

static unsigned tell_session(struct rill_session *s)
{
	unsigned n = 0;

	if (s->todo & TELL_HELLO)
		handshake_hello(s);
	if (s->todo & TELL_DRAIN) {
		s->todo &= ~(unsigned)TELL_DRAIN;
		packet_drain(s);
	}
	if (s->todo & TELL_OPENED)
		n += tell_opened(s);
	if (s->todo & TELL_WRITABLE && !over(s)) {
		s->todo &= ~(unsigned)TELL_WRITABLE;
		s->open_wanted = s->announce_wanted = false;
		n++;
		if (s->events.writable)
			s->events.writable(s, s->user);
	}
	if (s->todo & TELL_MAPPED)
		n += tell_mapped(s);
	if (s->todo & TELL_LIFE && !over(s))
		n += beat_tell(s);
	return n;
}

static unsigned tell_end(struct rill_session *s)
{
	if (s->told_closed || s->unknown || s->todo & TELL_OPENED || !all_channels_told(s))
		return 0;
	s->told_closed = true;
	if (s->events.closed)
		s->events.closed(s, s->why, s->user);
	return 1;
}

/* ---- Delivering ------------------------------------------------------------------------------------------------ */

/* Looked at in vain for long, among many: back to its doorbell, so that a spinning session looks at few. */
static void cool(struct rill_channel *ch)
{
	struct rill_session *s = ch->session;

	if (s->hot_count <= LOOKED_AT || ++ch->vain < VAIN_LOOKS)
		return;
	ch->vain = 0;
	arm_bump(&ch->in.data);                    /* R1 */
	atomic_thread_fence(memory_order_seq_cst); /* R3, for this channel alone; twin P2 */
	if (!channel_waits(ch))                    /* R4 */
		channel_chill(ch);
}

static void deliver(struct rill_channel *ch)
{
	if (!channel_deliverable(ch)) {
		channel_publish(ch);
		channel_chill(ch);
		if (ch->closed)
			channel_over(ch);
		return;
	}
	if (!channel_waits(ch)) {
		channel_publish(ch); /* another's callback may have released what was held of it */
		cool(ch);
	} else {
		ch->vain = 0;
		ch->events.readable(ch, ch->user);
		if (over(ch->session))
			return;
		if (!ring_told(&ch->in) && !channel_waits(ch))
			channel_publish(ch); /* the first empty look */
	}
	if (ch->gone)
		channel_settle(ch);
}

/* Those that the budget leaves out are the first of the next turn. */
static void deliver_hot(struct rill_session *s)
{
	struct link work;

	if (s->hot.next->next == &s->hot) { /* the only one */
		deliver(container_of(s->hot.next, struct rill_channel, hot));
		return;
	}
	link_init(&work);
	link_splice(&work, &s->hot);
	while (link_linked(&work) && !over(s) && !session_spent(s)) {
		struct rill_channel *ch = container_of(work.next, struct rill_channel, hot);

		link_remove(&ch->hot);
		link_append(&s->hot, &ch->hot);
		deliver(ch);
	}
	link_put_back(&s->hot, &work);
}

static void check_commits(struct rill_session *s)
{
	while (link_linked(&s->unchecked))
		send_check(container_of(s->unchecked.next, struct rill_channel, unchecked));
}

/* Nothing but frames to look for: what a spinning program meets nearly always. */
static bool calm(const struct rill_session *s)
{
	return !(s->todo || s->state != SESSION_OPEN || link_linked(&s->telling) || link_linked(&s->unchecked) ||
	         bell_waits(&s->bell));
}

/* A look that finds no frame either: no list is touched. */
static bool quiet(const struct rill_session *s)
{
	if (s->hot_count > LOOKED_AT)
		return false;
	for (const struct link *l = s->hot.next; l != &s->hot; l = l->next) {
		const struct rill_channel *ch = container_of(l, const struct rill_channel, hot);

		if (channel_waits(ch) || ch->in.freed != ch->in.published)
			return false;
	}
	return true;
}

/* What is to be told first, and the peer's entries. */
static RARE unsigned before_frames(struct rill_session *s)
{
	unsigned n = 0;

	if (s->todo)
		n += tell_session(s);
	if (s->fd >= 0 && s->channels && bell_waits(&s->bell))
		take_entries(s);
	if (link_linked(&s->telling))
		n += tell_channels(s);
	return n;
}

static unsigned after_frames(struct rill_session *s)
{
	unsigned n = 0;

	if (link_linked(&s->telling))
		n += tell_channels(s);
	if (ctx_check(s->ctx) < 0)
		return n;
	if (link_linked(&s->unchecked))
		check_commits(s);
	if (s->state == SESSION_ENDED)
		n += tell_end(s);
	else if (s->state == SESSION_CLOSING)
		session_settle(s);
	return n;
}

unsigned session_turn(struct source *src)
{
	struct rill_session *s = container_of(src, struct rill_session, source);
	uint64_t taken = s->taken;
	unsigned n = 0;

	s->turns++;
	s->left = ctx_session_budget(s->ctx);
	if (!calm(s))
		n += before_frames(s);
	else if (quiet(s))
		return 0;
	if (link_linked(&s->hot))
		deliver_hot(s);
	n += after_frames(s);
	return n + (unsigned)(s->taken - taken);
}

/* ---- Rest ------------------------------------------------------------------------------------------------------ */

static bool any_hot_waits(struct rill_session *s)
{
	for (struct link *l = s->hot.next; l != &s->hot; l = l->next) {
		struct rill_channel *ch = container_of(l, struct rill_channel, hot);

		if ((channel_deliverable(ch) || channel_discards(ch)) && channel_waits(ch))
			return true;
	}
	return false;
}

static void arm(struct rill_session *s)
{
	for (struct link *l = s->hot.next; l != &s->hot; l = l->next) {
		struct rill_channel *ch = container_of(l, struct rill_channel, hot);

		channel_publish(ch);
		if (channel_deliverable(ch))
			arm_bump(&ch->in.data); /* R1 */
	}
	arm_bump(&s->bell.sleep); /* R2 */
	/* R3: carm and sarm before the second look; twins P2 in ring_check(), P5 in bell_push(). */
	atomic_thread_fence(memory_order_seq_cst);
}

/* R4: look again, take nothing. */
static bool look_again(struct rill_session *s)
{
	struct link *l = s->hot.next;

	while (l != &s->hot) {
		struct rill_channel *ch = container_of(l, struct rill_channel, hot);

		l = l->next;
		if (!channel_waits(ch) || (!channel_deliverable(ch) && !channel_discards(ch)))
			channel_chill(ch);
	}
	return link_linked(&s->hot) || bell_waits(&s->bell);
}

bool session_rest(struct source *src)
{
	struct rill_session *s = container_of(src, struct rill_session, source);

	if (s->todo || link_linked(&s->telling) || link_linked(&s->unchecked))
		return false;
	if (s->state == SESSION_ENDED)
		return !any_hot_waits(s);
	if (s->state == SESSION_CLOSING && s->channels) {
		/* R2; W2 is the fence. W3 takes what it finds, and then this does not rest: the one look here that does. */
		arm_bump(&s->bell.sleep);
		return lend_wait(s) < 0 && !bell_waits(&s->bell); /* an entry left behind is an arm that stays unanswered */
	}
	if (s->state != SESSION_OPEN)
		return true;
	if (any_hot_waits(s) || bell_waits(&s->bell))
		return false;
	if (lend_wanted(s) && lend_wait(s) == 0)
		return false;
	arm(s);
	return !look_again(s);
}
