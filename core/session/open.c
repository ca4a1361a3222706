/* core/session/open.c - how a channel begins: opened by us, offered by the peer, and the packets that say so. Invariant: an
 * index is used again only when both sides have closed it and every frame on both rings was taken and released; positions
 * and arms carry over from one generation to the next. */
#include "session/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Open ------------------------------------------------------------------------------------------------------ */

static void init_links(struct rill_channel *ch)
{
	link_init(&ch->hot);
	link_init(&ch->telling);
	link_init(&ch->unsent_link);
	link_init(&ch->waiting);
	link_init(&ch->unchecked);
	link_init(&ch->place);
}

static struct rill_channel *channel_new(struct rill_session *s, uint32_t index)
{
	struct rill_channel *ch;

	if (region_populate_channel(&s->mine, index) < 0)
		return NULL;
	ch = calloc(1, sizeof(*ch));
	if (!ch)
		return NULL;
	ch->session = s;
	ch->index = index;
	init_links(ch);
	region_bind_rings(&ch->out, &ch->in, &s->mine, &s->theirs, index);
	s->channels[index] = ch;
	return ch;
}

void channel_free(struct rill_channel *ch)
{
	ring_finish(&ch->in);
	free(ch->label);
	free(ch);
}

/* A new generation of the index: what of the last one must not carry over. */
static int channel_renew(struct rill_channel *ch, enum channel_state state, const char *name, size_t name_len,
                         const void *metadata, size_t metadata_len)
{
	char *label = malloc(name_len + 1 + metadata_len);

	if (!label)
		return -ENOMEM;
	memcpy(label, name, name_len);
	label[name_len] = '\0';
	if (metadata_len)
		memcpy(label + name_len + 1, metadata, metadata_len);
	stats_end_channel(ch);
	ch->label = label;
	ch->name_len = (uint16_t)name_len;
	ch->metadata_len = (uint16_t)metadata_len;
	ch->generation++;
	ch->state = state;
	ch->closed = ch->gone = ch->told_closed = ch->paused = ch->decoded = false;
	ch->todo = ch->unsent = ch->waits = 0;
	ch->why = ch->close_reason = 0;
	ch->budget_turn = ch->commit_turn = 0;
	memset(&ch->events, 0, sizeof(ch->events));
	ch->user = NULL;
	link_remove(&ch->place);
	return 0;
}

/* Its last user may still hold the pointer in the dispatch that is running. */
static bool just_freed(const struct rill_channel *ch)
{
	return ctx_in_dispatch(ch->session->ctx) && ch->freed_in == ctx_dispatches(ch->session->ctx);
}

static struct rill_channel *idle_channel(struct rill_session *s)
{
	for (struct link *l = s->idle.next; l != &s->idle; l = l->next) {
		struct rill_channel *ch = container_of(l, struct rill_channel, place);

		if (!just_freed(ch))
			return ch;
	}
	return NULL;
}

bool channel_open_possible(struct rill_session *s)
{
	channel_sweep(s);
	return s->fresh < s->channel_count || link_linked(&s->idle);
}

static bool any_of_ours_closing(const struct rill_session *s)
{
	for (uint32_t i = s->parity; i < s->channel_count; i += 2)
		if (s->channels[i] && (s->channels[i]->closed || s->channels[i]->state == CHANNEL_FREE))
			return true;
	return false;
}

/* An index of ours, new or used before. 0, -EAGAIN, -ENOBUFS, -ENOMEM */
static int find_channel(struct rill_session *s, struct rill_channel **ret)
{
	struct rill_channel *ch = idle_channel(s);

	if (!ch && s->fresh < s->channel_count) {
		ch = s->channels[s->fresh] ? s->channels[s->fresh] : channel_new(s, s->fresh);
		if (!ch)
			return -ENOMEM;
	}
	if (!ch) {
		channel_sweep(s);
		ch = idle_channel(s);
	}
	if (!ch && link_linked(&s->idle))
		session_note(s, TELL_WRITABLE); /* from the next dispatch on */
	if (!ch)
		return any_of_ours_closing(s) ? -EAGAIN : -ENOBUFS;
	*ret = ch;
	return 0;
}

static int send_open(struct rill_channel *ch)
{
	struct rill_session *s = ch->session;
	struct wire_open open = {
		.p = PACKET(WIRE_OPEN, struct wire_open),
		.id = ch->index,
		.generation = ch->generation,
		.ring_offset = region_ring_offset(&s->mine, ch->index),
		.ring_bytes = s->mine.head.ring_bytes,
		.fds = ch->fds_to_us,
		.name_len = ch->name_len,
		.metadata_len = ch->metadata_len,
	};
	char tail[RILL_NAME_MAX + RILL_METADATA_MAX];

	open.p.length += (uint32_t)open.name_len + open.metadata_len;
	memcpy(tail, ch->label, ch->name_len);
	memcpy(tail + ch->name_len, ch->label + ch->name_len + 1, ch->metadata_len);
	return packet_send_tail(s, &open, sizeof(open), tail, (size_t)ch->name_len + ch->metadata_len);
}

/* Nobody saw this generation. A fresh index stays fresh. */
static void renew_undo(struct rill_channel *ch)
{
	ch->generation--;
	ch->state = CHANNEL_FREE;
	free(ch->label);
	ch->label = NULL;
	if (ch->index != ch->session->fresh)
		link_prepend(&ch->session->idle, &ch->place);
}

static int open_channel(struct rill_session *s, const char *name, const struct rill_channel_options *o,
                        struct rill_channel **ret)
{
	struct rill_channel *ch;
	int e = find_channel(s, &ch);

	if (e == 0)
		e = channel_renew(ch, CHANNEL_OPENING, name, strlen(name), o->metadata, o->metadata_len);
	if (e < 0)
		return e;
	ch->fds_to_us = o->fds && o->fds < s->set->o.fds ? o->fds : s->set->o.fds;
	ch->fds_to_peer = s->hello.fds;
	e = send_open(ch);
	s->socket_waits |= e == -EAGAIN;
	if (e < 0) {
		renew_undo(ch);
		return e == -EPIPE ? -ECONNRESET : e;
	}
	if (ch->index == s->fresh)
		s->fresh += 2;
	*ret = ch;
	return 0;
}

static int check_open(struct rill_session *s, const char *name, const struct rill_channel_options *o)
{
	int e = session_reason(s);

	if (e < 0)
		return e;
	if (strlen(name) > RILL_NAME_MAX || o->metadata_len > RILL_METADATA_MAX)
		return -ENAMETOOLONG;
	if (o->metadata_len && !o->metadata)
		return -EINVAL;
	return s->state == SESSION_OPEN ? 0 : -EAGAIN;
}

int rill_channel_open(struct rill_channel **ret_channel, struct rill_session *s, const char *name,
                      const struct rill_channel_options *options, const struct rill_channel_events *events, void *user)
{
	struct rill_channel_options o;
	struct rill_channel_events copy;
	struct rill_channel *ch;
	int e = session_check(s);

	if (e == 0)
		e = ret_channel ? table_copy(&o, sizeof(o), options) : -EINVAL;
	if (e == 0)
		e = table_copy(&copy, sizeof(copy), events);
	if (e < 0)
		return e;
	ctx_enter(s->ctx);
	e = check_open(s, name ? name : "", &o);
	if (e == 0)
		e = open_channel(s, name ? name : "", &o, &ch);
	if (e == -EAGAIN) {
		s->stats.again++;
		s->open_wanted = true;
		source_changed(&s->source);
	}
	if (e == 0) {
		s->stats.channels++;
		ch->events = copy;
		ch->user = user;
		*ret_channel = ch;
	}
	ctx_leave(s->ctx);
	return e;
}

/* ---- Packets --------------------------------------------------------------------------------------------------- */

/* NULL: a violation, and the session is ended. */
static struct rill_channel *named(struct rill_session *s, uint32_t id, uint32_t generation)
{
	struct rill_channel *ch = id < s->channel_count ? s->channels[id] : NULL;

	if (ch && ch->state != CHANNEL_FREE && ch->generation == generation)
		return ch;
	session_end(s, -EPROTO, "packet: names a channel that is not there");
	return NULL;
}

static bool ring_agrees(struct rill_session *s, const struct wire_open *o)
{
	if (o->ring_bytes == s->theirs.head.ring_bytes && o->ring_offset == region_ring_offset(&s->theirs, o->id))
		return true;
	session_end(s, -EPROTO, "packet: ring is not where it must be");
	return false;
}

static void decline(struct rill_channel *ch, int reason)
{
	ch->closed = true; /* the opener's CLOSE makes the index free again */
	ch->close_reason = reason;
	ch->unsent = UNSENT_DECLINE;
	channel_send_unsent(ch);
}

/* No memory even for the channel's ring: there is nothing to answer with. */
static void out_of_memory(struct rill_session *s)
{
	session_end(s, -ENOMEM, "no memory for a channel that the peer opened");
}

/* just_freed(): who holds the pointer must find a closed channel, so the index gets another struct. NULL: no memory. */
static struct rill_channel *channel_exchange(struct rill_channel *old)
{
	struct rill_session *s = old->session;
	struct rill_channel *ch = malloc(sizeof(*ch));

	if (!ch)
		return NULL;
	*ch = *old;
	ch->held = 0;
	init_links(ch);
	old->in.held = NULL;
	ring_finish(&old->in);
	link_append(&s->retired, &old->place);
	s->channels[old->index] = ch;
	return ch;
}

void channel_free_retired(struct rill_session *s, bool all)
{
	struct link *l = s->retired.next;

	while (l != &s->retired) {
		struct rill_channel *ch = container_of(l, struct rill_channel, place);

		l = l->next;
		/* A message names its channel, though it keeps no place in its ring. */
		if (!all && (just_freed(ch) || ch->held))
			continue;
		link_remove(&ch->place);
		channel_free(ch);
	}
}

void channel_on_open(struct rill_session *s, const struct packet *p)
{
	const struct wire_open *o = &p->open;
	struct rill_channel *ch;
	const char *tail = p->bytes + sizeof(*o);

	if (o->id >= s->channel_count || (o->id & 1) == s->parity || o->name_len > RILL_NAME_MAX ||
	    o->metadata_len > RILL_METADATA_MAX) {
		session_end(s, -EPROTO, "open: a channel that is not the peer's to open, or too long a name");
		return;
	}
	if (memchr(tail, 0, o->name_len)) {
		session_end(s, -EPROTO, "open: a name with a 0 byte"); /* its user compares a C string */
		return;
	}
	if (!ring_agrees(s, o))
		return;
	ch = s->channels[o->id];
	if (ch && ch->state != CHANNEL_FREE)
		channel_over(ch); /* E2: he saw it drained; so must we */
	if (s->state != SESSION_OPEN)
		return;
	if (ch ? ch->state != CHANNEL_FREE || o->generation != ch->generation + 1 : o->generation != 1) {
		session_end(s, -EPROTO, "open: the channel is in use");
		return;
	}
	channel_free_retired(s, false);
	if (!ch)
		ch = channel_new(s, o->id);
	else if (just_freed(ch))
		ch = channel_exchange(ch);
	if (!ch || channel_renew(ch, CHANNEL_OFFERED, tail, o->name_len, tail + o->name_len, o->metadata_len) < 0) {
		out_of_memory(s);
		return;
	}
	s->stats.channels++;
	ch->fds_to_us = s->set->o.fds;
	ch->fds_to_peer = o->fds < s->hello.fds ? o->fds : s->hello.fds;
	if (s->events.channel || s->todo & TELL_OPENED)
		channel_note(ch, CHANNEL_TELL_OFFER);
	else
		decline(ch, EOPNOTSUPP);
}

void channel_discard_open(struct rill_session *s, const struct packet *p)
{
	uint32_t id = p->open.id;
	struct rill_channel *ch;

	if (id >= s->channel_count || (id & 1) == s->parity)
		return;
	ch = s->channels[id] ? s->channels[id] : channel_new(s, id);
	if (!ch)
		return;
	if (ch->state == CHANNEL_FREE)
		ch->state = CHANNEL_OFFERED;
	ch->fds_to_us = s->set->o.fds;
	ch->closed = true;
	ch->gone = false; /* nor does the end of its last generation hold any more */
}

void channel_on_accept(struct rill_session *s, const struct packet *p)
{
	struct rill_channel *ch = named(s, p->open.id, p->open.generation);

	if (!ch || !ring_agrees(s, &p->open))
		return;
	if (ch->state != CHANNEL_OPENING) {
		session_end(s, -EPROTO, "accept: nothing was offered");
		return;
	}
	ch->state = CHANNEL_OPEN;
	ch->fds_to_peer = p->open.fds < s->hello.fds ? p->open.fds : s->hello.fds;
	if (ch->closed)
		return;
	channel_note(ch, CHANNEL_TELL_OPENED);
	channel_heat(ch);
}

/* E3: had we closed before, its sender may have used the index again already: frames behind its end are of the next life. */
static bool end_sane(const struct ring_in *in, uint64_t end)
{
	return end - in->rpos <= in->size && !(end & 7);
}

void channel_on_close(struct rill_session *s, const struct packet *p)
{
	struct rill_channel *ch = named(s, p->close.id, p->close.generation);
	int reason = p->close.reason;

	if (!ch)
		return;
	if (reason < 0 || reason > 4095 || ch->gone || !end_sane(&ch->in, p->close.end) ||
	    (p->p.kind == WIRE_DECLINE) != (ch->state == CHANNEL_OPENING)) {
		session_end(s, -EPROTO, "close: out of its turn");
		return;
	}
	if (reason && p->p.kind == WIRE_CLOSE) {
		snprintf(s->text, sizeof(s->text), "open; the peer aborted channel \"%.60s\": %.60s", ch->label,
		         strerror(reason));
		packet_make_plain(s->text);
	}
	if (p->p.kind == WIRE_DECLINE)
		channel_end(ch, reason ? -reason : -EACCES, p->close.end);
	else
		channel_end(ch, reason ? -ECONNABORTED : 0, p->close.end);
}
