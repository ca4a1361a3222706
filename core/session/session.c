/* core/session/session.c - the life of a session and the questions about it. Invariants: `why` never changes once set; the
 * struct outlives everything that may still point to it (callbacks of the running dispatch, held messages). */
#include "session/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- What to wait for, derived from state and from nothing else ------------------------------------------------ */

static short wants(const struct source *src)
{
	const struct rill_session *s = container_of(src, struct rill_session, source);

	return POLLIN | (packet_unsent(s) ? POLLOUT : 0);
}

static uint64_t deadline(const struct source *src)
{
	const struct rill_session *s = container_of(src, struct rill_session, source);
	bool patient = s->state == SESSION_ENDED || s->state == SESSION_CLOSED;
	uint64_t until = s->state == SESSION_OPEN ? s->beat.look_at : patient ? RILL_NEVER : s->until;

	return s->retry_at < until ? s->retry_at : until;
}

static void ready(struct source *src)
{
	struct rill_session *s = container_of(src, struct rill_session, source);

	if (packet_unsent(s))
		packet_flush(s);
	if (!(s->todo & TELL_DRAIN)) /* else its turn reads: not twice in one dispatch */
		packet_drain(s);
	if (s->state == SESSION_CLOSING)
		session_settle(s);
}

static void retry(struct rill_session *s)
{
	s->retry_at = RILL_NEVER;
	source_changed(&s->source);
	if (s->state == SESSION_CONNECTING)
		connect_again(s);
	else
		packet_flush(s);
}

static void due(struct source *src, uint64_t now)
{
	struct rill_session *s = container_of(src, struct rill_session, source);

	if (now >= s->retry_at)
		retry(s);
	if (s->state == SESSION_OPEN && now >= s->beat.look_at)
		beat_look(s, now);
	if (s->state == SESSION_CLOSING)
		session_settle(s);
	else if (s->state <= SESSION_GREETING && now >= s->until)
		session_end(s, -ETIMEDOUT, "no handshake within %u ms", s->set->o.handshake_ms);
}

/* ---- Create, free ---------------------------------------------------------------------------------------------- */

static void free_session(struct rill_session *s)
{
	for (uint32_t i = 0; s->channels && i < s->channel_count; i++)
		if (s->channels[i])
			channel_free(s->channels[i]);
	channel_free_retired(s, true);
	free(s->channels);
	fds_finish(s);
	borrow_finish(s);
	region_unmap(&s->mine);
	region_unmap(&s->theirs);
	settings_unref(s->set);
	ctx_unref(s->ctx);
	free(s);
}

static void finish(struct source *src)
{
	struct rill_session *s = container_of(src, struct rill_session, source);

	fds_drop_unclaimed(s); /* may call the user, who may release what is held */
	s->finished = true;
	if (!s->held)
		free_session(s);
}

/* The ctx goes: at once; what is lent stays untouched. */
static void drop(struct source *src)
{
	struct rill_session *s = container_of(src, struct rill_session, source);

	listener_forget(s);
	if (s->state == SESSION_OPEN)
		packet_goodbye(s, ECONNABORTED, "its ctx was destroyed");
	lend_finish(s, false);
	s->arena = NULL; /* the ctx drops it by itself */
	s->todo = 0;
	session_hang_up(s);
	s->state = SESSION_CLOSED;
	s->why = s->why ? s->why : -ECANCELED;
	source_doom(&s->source);
}

/* In a forked child our own memory is not mapped (MADV_DONTFORK), so it must not be unmapped either. */
static void child(struct source *src)
{
	struct rill_session *s = container_of(src, struct rill_session, source);

	if (s->fd >= 0)
		close(s->fd);
	if (s->hello_fd >= 0)
		close(s->hello_fd);
	wake_close(s);
	s->fd = s->hello_fd = -1;
	s->mine.base = NULL;
	borrow_child(s);
	s->arena = NULL; /* the ctx drops it by itself */
	lend_finish(s, false);
	s->todo = 0;
	s->state = SESSION_CLOSED;
	source_doom(&s->source); /* a callback of it may be running: freed at depth 0 */
}

static const struct source_ops session_ops = {
	.wants = wants,
	.deadline = deadline,
	.ready = ready,
	.due = due,
	.turn = session_turn,
	.rest = session_rest,
	.stats = stats_of_source,
	.json = stats_json,
	.drop = drop,
	.child = child,
	.finish = finish,
};

static void init_lists(struct rill_session *s)
{
	link_init(&s->idle);
	link_init(&s->closing);
	link_init(&s->retired);
	link_init(&s->hot);
	link_init(&s->telling);
	link_init(&s->unsent);
	link_init(&s->waiting);
	link_init(&s->unchecked);
	link_init(&s->listed);
}

int session_create(struct rill_session **ret, struct rill_ctx *ctx, struct settings *set, int fd)
{
	struct rill_session *s = calloc(1, sizeof(*s));
	int e;

	if (!s)
		return -ENOMEM;
	init_lists(s);
	s->ctx = ctx;
	s->set = set;
	s->fd = fd;
	s->hello_fd = s->peer_wake = -1;
	s->lent_free = s->fd_free = UINT32_MAX;
	s->stats.sessions = 1;
	s->left = ctx_session_budget(ctx);
	s->state = SESSION_GREETING;
	s->retry_at = s->beat.look_at = RILL_NEVER;
	s->until = ctx_now(ctx) + set->o.handshake_ms * MSEC;
	s->peer.socket.uid = s->peer.sender.uid = (uid_t)-1;
	s->peer.socket.gid = s->peer.sender.gid = (gid_t)-1;
	snprintf(s->text, sizeof(s->text), "opening");
	e = source_add(&s->source, ctx, &session_ops);
	if (e < 0) {
		free(s);
		return e;
	}
	set->refs++;
	ctx_ref(ctx);
	*ret = s;
	return 0;
}

void session_undo(struct rill_session *s)
{
	source_unwatch(&s->source);
	s->fd = -1;
	s->state = SESSION_CLOSED;
	source_doom(&s->source);
}

/* ---- Ends ------------------------------------------------------------------------------------------------------ */

/* It was not judged, or not found good: whatever it is, closing it must not block. */
void session_drop_hello(struct rill_session *s)
{
	if (s->hello_fd >= 0)
		ctx_close(s->ctx, s->hello_fd);
	s->hello_fd = -1;
}

void session_hang_up(struct rill_session *s)
{
	source_unwatch(&s->source);
	wake_close(s);
	if (s->fd >= 0)
		packet_close(s->ctx, s->fd);
	s->fd = -1;
	session_drop_hello(s);
	s->retry_at = RILL_NEVER;
	s->bell_pending = s->goodbye_pending = s->mapped_pending = s->beat.pending = false;
}

static bool peer_at_fault(int why)
{
	return why == -EPROTO || why == -EPERM;
}

/* Who is gone needs no word, and whom policy refused (-EACCES, -EPERM) has had his; to the others we say why. */
static void tell_peer(struct rill_session *s, int why)
{
	if (s->fd < 0 || s->hung_up || why == 0 || why == -ECONNABORTED || why == -ECONNRESET || why == -EACCES ||
	    why == -EPERM)
		return;
	packet_goodbye(s, -why, s->text);
}

/* At most one ring more, whatever he writes. */
static void end_channel(struct rill_channel *ch, int why)
{
	channel_end(ch, why, ch->in.rpos + ch->in.size);
}

static void end_channels(struct rill_session *s, int why)
{
	for (uint32_t i = 0; s->channels && i < s->channel_count; i++)
		if (s->channels[i] && s->channels[i]->state != CHANNEL_FREE)
			end_channel(s->channels[i], why);
}

void session_end(struct rill_session *s, int why, const char *text, ...)
{
	va_list args;

	if (s->state >= SESSION_ENDED)
		return;
	va_start(args, text);
	vsnprintf(s->text, sizeof(s->text), text, args);
	va_end(args);
	s->why = why;
	s->blind = peer_at_fault(why) && !s->complained;
	s->todo &= ~(unsigned)TELL_HELLO;
	tell_peer(s, why);
	if (s->unknown && s->state < SESSION_OPEN) { /* nobody will close it */
		listener_forget(s);
		session_hang_up(s);
		s->state = SESSION_CLOSED;
		source_doom(&s->source);
		return;
	}
	s->state = SESSION_ENDED;
	if (!session_lingers(why))
		session_hang_up(s);
	end_channels(s, why);
	if (!s->unknown)
		listener_forget(s);
	if (s->open_wanted || s->announce_wanted)
		session_note(s, TELL_WRITABLE);
	source_changed(&s->source);
	source_wake(&s->source);
}

/* Messages that nobody will take: the loans in them go home, so that the peer need not wait for them. */
static void discard_all(struct rill_session *s)
{
	bool all = true;

	for (uint32_t i = 0; s->channels && i < s->channel_count; i++)
		if (s->channels[i] && s->channels[i]->state != CHANNEL_FREE)
			all &= recv_discard(s->channels[i]);
	if (!all)
		session_note(s, TELL_DRAIN);
}

void session_settle(struct rill_session *s)
{
	bool late, waits;

	if (s->state != SESSION_CLOSING)
		return;
	if (s->fd >= 0 && !s->hung_up) {
		if (!s->abandon)
			discard_all(s);
		lend_take_returns(s);
	}
	late = ctx_now(s->ctx) >= s->until;
	waits = !s->abandon && s->fd >= 0 && !s->hung_up && (packet_unsent(s) || lend_waits(s) || s->borrowed_loans);
	if (waits && !late)
		return;
	lend_finish(s, !s->abandon || s->hung_up); /* L3: aborted and he lives: never used again */
	session_hang_up(s);
	s->state = SESSION_CLOSED;
	source_doom(&s->source);
}

/* The user is done with it: nothing is told any more. */
static void leave_user(struct rill_session *s)
{
	for (uint32_t i = 0; s->channels && i < s->channel_count; i++) {
		struct rill_channel *ch = s->channels[i];

		if (ch && ch->state != CHANNEL_FREE)
			channel_release_user(ch, 0);
	}
	if (s->arena) {
		rill_arena_destroy(s->arena); /* its pages live on in the peer's mapping */
		s->arena = NULL;
	}
	listener_forget(s);
	memset(&s->events, 0, sizeof(s->events));
	s->todo = 0;
}

static void close_session(struct rill_session *s, int reason)
{
	enum session_state was = s->state;

	s->state = SESSION_CLOSING; /* channels say no word of their own from here on: GOODBYE ends them all */
	leave_user(s);
	if (was == SESSION_OPEN || (was == SESSION_GREETING && s->mine.base)) /* our hello is out: he may be open */
		packet_goodbye(s, reason, reason ? strerror(reason) : "");
	s->abandon = reason != 0;
	s->until = was < SESSION_OPEN ? 0 : ctx_now(s->ctx) + s->set->o.close_ms * MSEC;
	session_drop_hello(s);
	session_settle(s);
	source_changed(&s->source);
	source_wake(&s->source); /* rest() asks the peer to tell of loans that come back */
}

void rill_session_close(struct rill_session *s)
{
	if (!s || session_check(s) < 0)
		return;
	ctx_enter(s->ctx);
	close_session(s, 0);
	ctx_leave(s->ctx);
}

void rill_session_abort(struct rill_session *s, int why)
{
	if (!s || session_check(s) < 0)
		return;
	ctx_enter(s->ctx);
	close_session(s, why < 0 && why > -4096 ? -why : ECONNABORTED);
	ctx_leave(s->ctx);
}

void session_unhold(struct rill_session *s)
{
	s->held--;
	if (s->held)
		return;
	if (s->finished)
		free_session(s);
	else if (s->state == SESSION_CLOSING)
		session_settle(s);
}

/* ---- Beginning ------------------------------------------------------------------------------------------------- */

void session_begin(struct rill_session *s)
{
	s->state = SESSION_OPEN;
	s->todo &= ~(unsigned)TELL_HELLO;
	snprintf(s->text, sizeof(s->text), "open");
	listener_admitted(s);
	wake_offer(s);
	beat_begin(s);
	session_note(s, TELL_OPENED | TELL_DRAIN); /* what came behind the hello is still in the socket */
	if (s->open_wanted || s->announce_wanted)
		session_note(s, TELL_WRITABLE);
	source_changed(&s->source);
}

void session_note(struct rill_session *s, unsigned todo)
{
	s->todo |= todo;
	source_wake(&s->source);
}

/* ---- Questions ------------------------------------------------------------------------------------------------- */

int session_check(const struct rill_session *s)
{
	int e;

	if (!s)
		return -EINVAL;
	e = ctx_check(s->ctx);
	if (e < 0)
		return e;
	return s->state >= SESSION_CLOSING ? -ECANCELED : 0;
}

int session_reason(const struct rill_session *s)
{
	if (s->state < SESSION_ENDED)
		return 0;
	return s->why ? s->why : -EPIPE;
}

int rill_session_status(const struct rill_session *s)
{
	int e = session_check(s);

	if (e < 0)
		return e;
	return s->state == SESSION_OPEN ? 1 : session_reason(s);
}

const char *rill_session_why(const struct rill_session *s)
{
	return session_check(s) < 0 ? "closed" : s->text;
}

const struct rill_peer *rill_session_peer(const struct rill_session *s)
{
	return s ? &s->peer : NULL;
}

void *rill_session_user(const struct rill_session *s)
{
	return session_check(s) < 0 ? NULL : s->user;
}

int rill_session_set_events(struct rill_session *s, const struct rill_session_events *events, void *user)
{
	struct rill_session_events copy;
	int e = session_check(s);

	if (e == 0)
		e = table_copy(&copy, sizeof(copy), events);
	if (e < 0)
		return e;
	s->events = copy;
	s->user = user;
	return 0;
}
