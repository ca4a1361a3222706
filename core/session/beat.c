/* core/session/beat.c - does the peer still dispatch? We look each half of heartbeat_ms. Whatever the peer did since the last
 * look is a sign of life; after a look without one it is asked by a HEARTBEAT packet, and it is stalled when heartbeat_ms went
 * by after that. It answers by a word of its region: no packet that wakes us. docs/protocol.md, "HEARTBEAT". */
#include "session/session.h"

#include <errno.h>
#include <stdio.h>

#define ASK 1     /* looks in a row without a sign of life: it is asked, ... */
#define STALLED 3 /* ... and two halves later it is stalled */

static uint64_t half(const struct rill_session *s)
{
	return s->set->o.heartbeat_ms * MSEC / 2;
}

/* ---- Asking ---------------------------------------------------------------------------------------------------- */

void beat_begin(struct rill_session *s)
{
	if (!s->set->o.heartbeat_ms || !(s->hello.features & WIRE_FEATURE_HEARTBEAT))
		return;
	s->beat.word = region_peer_word(&s->theirs, WIRE_PAGE + offsetof(struct wire_lines, beats));
	s->beat.look_at = ctx_now(s->ctx) + half(s);
}

/* One that it has not read yet asks as well as another. */
static void ask(struct rill_session *s)
{
	struct wire_packet p = PACKET(WIRE_HEARTBEAT, struct wire_packet);
	int e;

	s->beat.pending = false;
	if (s->beat.asked != s->beat.read)
		return;
	e = packet_send(s, &p, sizeof(p), NULL, 0);
	s->beat.pending = e == -EAGAIN;
	if (e == 0)
		s->beat.asked++;
}

void beat_flush(struct rill_session *s)
{
	if (!s->beat.pending || s->state != SESSION_OPEN)
		return;
	ask(s);
	if (s->beat.pending)
		return;
	s->beat.quiet = ASK; /* there is room: so it has read, and has all its time from now on */
	s->beat.look_at = ctx_now(s->ctx) + half(s);
	source_changed(&s->source);
}

/* Has it done anything since the last look? Words, packets, bells, messages: all of it is counted anyway. */
static bool lives(struct rill_session *s)
{
	uint64_t read = peer_load(s->beat.word), ran = s->taken + s->stats.packets + s->stats.wakeups;
	bool same = read == s->beat.read && ran == s->beat.ran;

	s->beat.read = read;
	s->beat.ran = ran;
	return !same;
}

static void stall(struct rill_session *s)
{
	unsigned ms = s->set->o.heartbeat_ms;

	if (!s->set->o.keep_stalled) {
		session_end(s, -ESTALE, "the peer has not dispatched for %u ms", ms);
		return;
	}
	s->beat.stalled = true;
	snprintf(s->text, sizeof(s->text), "open, but the peer has not dispatched for %u ms", ms);
	session_note(s, TELL_LIFE);
}

static void run(struct rill_session *s)
{
	s->beat.stalled = false;
	snprintf(s->text, sizeof(s->text), "open");
	session_note(s, TELL_LIFE);
}

void beat_look(struct rill_session *s, uint64_t now)
{
	struct beat *b = &s->beat;
	/* Late: we were stopped, and maybe both were. Or our kernel has no room for a packet. Neither counts. */
	bool fair = now - b->look_at <= half(s) && !(b->pending && s->retry_at != RILL_NEVER);

	b->look_at = now + half(s);
	if (lives(s))
		b->quiet = 0;
	else if (b->quiet < ASK || (fair && b->quiet < STALLED))
		b->quiet++;
	if (b->quiet == 0 && b->stalled)
		run(s);
	if (b->quiet == ASK)
		ask(s);
	if (b->quiet == STALLED && !b->stalled)
		stall(s);
}

unsigned beat_tell(struct rill_session *s)
{
	void (*event)(struct rill_session * s, void *user) = s->beat.stalled ? s->events.stalled : s->events.running;

	s->todo &= ~(unsigned)TELL_LIFE;
	if (s->state != SESSION_OPEN || s->beat.told == s->beat.stalled)
		return 0; /* over again before it was told */
	s->beat.told = s->beat.stalled;
	if (event)
		event(s, s->user);
	return 1;
}

/* ---- Answering ------------------------------------------------------------------------------------------------- */

void beat_on_packet(struct rill_session *s)
{
	if (!(s->hello.features & WIRE_FEATURE_HEARTBEAT))
		session_end(s, -EPROTO, "heartbeat: not agreed on");
	else if (s->beat.came)
		session_end(s, -EPROTO, "heartbeat: another before the answer");
	s->beat.came = true;
}

/* After the whole batch: so two in one batch cannot be honest. The asker reads the word (lives()), it acquires nothing. */
void beat_answer(struct rill_session *s)
{
	s->beat.came = false;
	atomic_store_explicit(&session_lines(s)->beats, ++s->beat.answered, memory_order_relaxed);
}
