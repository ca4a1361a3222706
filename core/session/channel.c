/* core/session/channel.c - a channel's lists, its ends and the questions about it (open.c has its beginning). Invariant: an
 * index is FREE only when both sides have closed it and every frame on both rings was taken and released. E1 to E6, N1 to N3
 * here and in open.c, turn.c, packet_read.c, announce.c, room.c, recv.c are the steps of tests/model/channel.pml. */
#include "session/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Lists and what is to be told ------------------------------------------------------------------------------ */

void channel_note(struct rill_channel *ch, unsigned todo)
{
	ch->todo |= todo;
	if (!link_linked(&ch->telling))
		link_append(&ch->session->telling, &ch->telling);
	source_wake(&ch->session->source);
}

void channel_heat(struct rill_channel *ch)
{
	if (!link_linked(&ch->hot)) {
		link_append(&ch->session->hot, &ch->hot);
		ch->session->hot_count++;
	}
	source_wake(&ch->session->source);
}

void channel_chill(struct rill_channel *ch)
{
	if (link_linked(&ch->hot)) {
		link_remove(&ch->hot);
		ch->session->hot_count--;
	}
}

void channel_publish(struct rill_channel *ch)
{
	if (ring_publish(&ch->in))
		session_push(ch->session, WIRE_SPACE, ch->index); /* F3 */
}

void channel_wait(struct rill_channel *ch, unsigned why)
{
	ch->waits |= why;
	if (why & WAIT_SOCKET)
		ch->session->socket_waits = true;
	if (!link_linked(&ch->waiting))
		link_append(&ch->session->waiting, &ch->waiting);
	source_changed(&ch->session->source);
}

void channel_wake_one(struct rill_channel *ch)
{
	ch->waits = 0;
	link_remove(&ch->waiting);
	channel_note(ch, CHANNEL_TELL_WRITABLE);
}

void channel_wake(struct rill_session *s, unsigned why)
{
	struct link *l = s->waiting.next;

	while (l != &s->waiting) {
		struct rill_channel *ch = container_of(l, struct rill_channel, waiting);

		l = l->next;
		if (ch->waits & why)
			channel_wake_one(ch);
	}
}

/* ---- Ends ------------------------------------------------------------------------------------------------------ */

/* E5: the end comes behind the offer and behind every frame. */
void channel_settle(struct rill_channel *ch)
{
	if (!ch->gone || ch->told_closed || ch->closed || ch->paused || ch->state == CHANNEL_OFFERED)
		return;
	if (!channel_waits(ch))
		channel_note(ch, CHANNEL_TELL_CLOSED);
	else if (channel_deliverable(ch))
		channel_heat(ch);
}

void channel_end(struct rill_channel *ch, int why, uint64_t last)
{
	if (ch->session->blind)
		ch->decoded = false;
	if (ch->gone) {
		channel_settle(ch); /* what it waited for is not read any more */
		return;
	}
	ch->gone = true;
	ch->why = why;
	ch->last = last;
	if (ch->state == CHANNEL_OPENING)
		ch->state = CHANNEL_OPEN; /* what he sent before his answer, or in place of it, is delivered */
	if (ch->waits)
		channel_wake_one(ch);
	if (ch->closed)
		channel_over(ch);
	else
		channel_settle(ch);
}

static void become_free(struct rill_channel *ch)
{
	struct rill_session *s = ch->session;

	ch->state = CHANNEL_FREE;
	ch->freed_in = ctx_dispatches(s->ctx);
	free(ch->label);
	ch->label = NULL;
	link_remove(&ch->place);
	channel_chill(ch);
	if ((ch->index & 1) == s->parity)
		link_append(&s->idle, &ch->place);
	if (s->open_wanted && s->state == SESSION_OPEN)
		session_note(s, TELL_WRITABLE);
}

/* E1 */
static bool drained(struct rill_channel *ch)
{
	return ring_all_freed(&ch->in) && ring_drained(&ch->out);
}

/* If not now, a SPACE entry will tell. */
static bool drained_or_told(struct rill_channel *ch)
{
	if (drained(ch))
		return true;
	ring_want_drain(&ch->out);
	return drained(ch);
}

void channel_over(struct rill_channel *ch)
{
	struct rill_session *s = ch->session;

	if (!ch->gone || !ch->closed || ch->unsent || ch->state == CHANNEL_FREE || s->state != SESSION_OPEN)
		return;
	if (!recv_discard(ch)) {
		channel_heat(ch);
		return;
	}
	if (s->state != SESSION_OPEN)
		return;
	if (s->open_wanted ? drained_or_told(ch) : drained(ch))
		become_free(ch);
	else if (!link_linked(&ch->place))
		link_append(&s->closing, &ch->place);
}

/* Indexes that both have closed become free when the last frame has gone home: look now, and ask to be told. */
void channel_sweep(struct rill_session *s)
{
	struct link *l = s->closing.next;

	while (l != &s->closing) {
		struct rill_channel *ch = container_of(l, struct rill_channel, place);

		l = l->next;
		if (drained_or_told(ch))
			become_free(ch);
	}
}

/* CLOSE, DECLINE and ACCEPT, as far as the socket takes them. */
void channel_send_unsent(struct rill_channel *ch)
{
	struct rill_session *s = ch->session;
	struct wire_open accept = {
		.p = PACKET(WIRE_ACCEPT, struct wire_open),
		.id = ch->index,
		.generation = ch->generation,
		.ring_offset = region_ring_offset(&s->mine, ch->index),
		.ring_bytes = s->mine.head.ring_bytes,
		.fds = ch->fds_to_us,
	};
	struct wire_close close = {
		.p = PACKET(WIRE_CLOSE, struct wire_close),
		.id = ch->index,
		.generation = ch->generation,
		.reason = ch->close_reason,
		.end = ch->out.wpos, /* E3 */
	};
	int e = 0;

	if (ch->unsent & UNSENT_ACCEPT) {
		e = packet_send(s, &accept, sizeof(accept), NULL, 0);
		if (e != -EAGAIN)
			ch->unsent &= ~(unsigned)UNSENT_ACCEPT;
	}
	if (e != -EAGAIN && ch->unsent) { /* E4: an ACCEPT goes before the CLOSE */
		close.p.kind = ch->unsent & UNSENT_DECLINE ? WIRE_DECLINE : WIRE_CLOSE;
		e = packet_send(s, &close, sizeof(close), NULL, 0);
		if (e != -EAGAIN)
			ch->unsent = 0;
	}
	if (!ch->unsent)
		link_remove(&ch->unsent_link); /* what had waited went out with this */
	else if (!link_linked(&ch->unsent_link))
		link_append(&s->unsent, &ch->unsent_link);
	source_changed(&s->source);
	if (!ch->unsent)
		channel_over(ch);
}

void channel_release_user(struct rill_channel *ch, int reason)
{
	struct rill_session *s = ch->session;
	bool offered = ch->state == CHANNEL_OFFERED;
	void (*released)(struct rill_channel * ch) = ch->released;

	if (ch->closed)
		return;
	ch->released = NULL;
	if (released)
		released(ch);
	room_undo(ch);
	if (link_linked(&ch->unchecked))
		send_check(ch);
	ch->closed = true;
	ch->todo = 0;
	ch->waits = 0;
	link_remove(&ch->telling);
	link_remove(&ch->waiting);
	memset(&ch->events, 0, sizeof(ch->events));
	ch->close_reason = reason;
	ch->unsent |= offered ? UNSENT_DECLINE : UNSENT_CLOSE;
	if (s->state == SESSION_OPEN)
		channel_send_unsent(ch);
	else
		ch->unsent = 0;
}

static void close_channel(struct rill_channel *ch, int reason)
{
	struct rill_ctx *ctx;

	if (!ch || channel_check(ch) < 0)
		return;
	ctx = ch->session->ctx;
	ctx_enter(ctx);
	channel_release_user(ch, reason);
	ctx_leave(ctx);
}

void rill_channel_close(struct rill_channel *ch)
{
	close_channel(ch, 0);
}

void rill_channel_abort(struct rill_channel *ch, int why)
{
	close_channel(ch, why < 0 && why > -4096 ? -why : ECONNABORTED);
}

/* ---- Questions and small actions ------------------------------------------------------------------------------- */

int rill_channel_set_events(struct rill_channel *ch, const struct rill_channel_events *events, void *user)
{
	struct rill_channel_events copy;
	int e = channel_check(ch);

	if (e == 0)
		e = ch->released ? -EBUSY : table_copy(&copy, sizeof(copy), events);
	if (e < 0)
		return e;
	ctx_enter(ch->session->ctx);
	ch->events = copy;
	ch->user = user;
	if (channel_deliverable(ch))
		channel_heat(ch);
	channel_settle(ch);
	ctx_leave(ch->session->ctx);
	return 0;
}

void *rill_channel_user(const struct rill_channel *ch)
{
	return channel_check(ch) < 0 ? NULL : ch->user;
}

struct rill_session *rill_channel_session(const struct rill_channel *ch)
{
	return channel_check(ch) < 0 ? NULL : ch->session;
}

const char *rill_channel_name(const struct rill_channel *ch)
{
	return channel_check(ch) < 0 ? "" : ch->label;
}

const void *rill_channel_metadata(const struct rill_channel *ch, size_t *ret_len)
{
	bool there = channel_check(ch) == 0;

	if (ret_len)
		*ret_len = there ? ch->metadata_len : 0;
	return there && ch->metadata_len ? ch->label + ch->name_len + 1 : NULL;
}

void rill_channel_pause(struct rill_channel *ch)
{
	if (channel_check(ch) == 0)
		ch->paused = true;
}

void rill_channel_resume(struct rill_channel *ch)
{
	if (channel_check(ch) < 0 || !ch->paused)
		return;
	ctx_enter(ch->session->ctx);
	ch->paused = false;
	channel_heat(ch);
	channel_settle(ch);
	ctx_leave(ch->session->ctx);
}
