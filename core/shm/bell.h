/* core/shm/bell.h - the doorbell: two levels of arming (channel, session) and the ring of ready entries, so that a sleeper is
 * woken once and learns in O(ready) what is ready. No system call here: who pushes is told when to ring.
 * docs/protocol.md; proven by tests/model/bell1.pml, duplex.pml.
 *
 *   an arm    a counter that we bump in our region: "tell me". Bumped only after the answer to its last value was consumed
 *   a rung    the peer's arm as we answered it last: a different value now means that he waits to be told
 */
#ifndef CORE_SHM_BELL_H
#define CORE_SHM_BELL_H

#include "shm/peer.h"

#include <stdbool.h>

struct arm {
	wire_word *word; /* ours; the peer loads it */
	uint64_t value;
	bool may_bump; /* the answer to `value` was consumed */
};

struct rung {
	peer_words word;
	uint64_t value;
};

static inline void arm_bump(struct arm *a)
{
	if (!a->may_bump)
		return;
	atomic_store_explicit(a->word, ++a->value, memory_order_relaxed);
	a->may_bump = false;
}

/* The answer to our arm came. false: it was not due, a violation. */
static inline bool arm_answered(struct arm *a)
{
	if (a->may_bump)
		return false;
	a->may_bump = true;
	return true;
}

/* Does the peer wait for an answer? Then it counts as given: push it. */
static inline bool rung_take(struct rung *r)
{
	uint64_t v = peer_load(r->word);

	if (v == r->value)
		return false;
	r->value = v;
	return true;
}

struct bell {
	wire_word *ready; /* ours: entries for the peer */
	peer_words peer_ready;
	uint64_t mask, peer_mask;
	uint64_t tail, head; /* next to push, next to take */
	struct arm sleep;    /* sarm */
	struct rung sleeper; /* the peer's sarm; its value moves only when a bell went out */
};

/* Push an entry. Non-zero: the peer sleeps; send a BELL with this value, then bell_sent(). */
uint64_t bell_push(struct bell *b, enum wire_entry kind, uint64_t id);

/* The value to ring for if the peer sleeps now (a bell that could not be sent is tried again with it), else 0. */
uint64_t bell_due(const struct bell *b);

static inline void bell_sent(struct bell *b, uint64_t sarm)
{
	b->sleeper.value = sarm;
}

/* Take the next entry of the peer: true and its kind and id. */
bool bell_take(struct bell *b, enum wire_entry *ret_kind, uint64_t *ret_id);

static inline bool bell_waits(const struct bell *b)
{
	return peer_load(b->peer_ready + (b->head & b->peer_mask)) != 0;
}

#endif
