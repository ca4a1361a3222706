/* core/session/lend.c - what of ours the peer holds. Invariants: a block is lent under one id until that id comes back (once,
 * from this peer) or the session is over; an id that this peer does not hold is a violation. Steps: tests/model/loan.pml. */
#include "session/session.h"

#include <errno.h>
#include <stdlib.h>

#define NONE UINT32_MAX
#define SLOT_BITS 24

int lend_arena(struct rill_session *s)
{
	size_t capacity = s->set->o.arena_bytes;

	if (s->arena)
		return 0;
	if (capacity > s->hello.mapped_bytes)
		capacity = s->hello.mapped_bytes & ~(size_t)0xffff;
	if (!capacity)
		return -ENOBUFS;
	return arena_create_plain(&s->arena, s->ctx, capacity);
}

/* ---- Loans ----------------------------------------------------------------------------------------------------- */

static int grow_slots(struct rill_session *s)
{
	uint32_t size = s->lent_size ? s->lent_size * 2 : 16;
	struct lent *grown = realloc(s->lent, size * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	s->lent = grown;
	for (uint32_t i = size; i-- > s->lent_size;) {
		grown[i] = (struct lent){.generation = (uint32_t)s->random, .next_free = s->lent_free};
		s->lent_free = i;
	}
	s->lent_size = size;
	return 0;
}

int lend_block(struct rill_session *s, struct rill_arena *a, const void *data, size_t len, uint64_t ret_words[3])
{
	struct announced *ann;
	struct lent *l;
	void *block;
	uint32_t slot;
	int e = a && !arena_gone(a) && arena_ctx(a) == s->ctx ? 0 : -EINVAL;

	if (e == 0 && s->lent_free == NONE)
		e = grow_slots(s);
	if (e == 0)
		e = arena_lend(a, data, len, &block);
	if (e < 0)
		return e;
	e = announce_arena(s, a, &ann);
	if (e < 0) {
		arena_unlend(a, block);
		return e;
	}
	slot = s->lent_free;
	l = &s->lent[slot];
	s->lent_free = l->next_free;
	l->from = ann;
	l->block = block;
	l->len = len;
	ann->out++;
	s->lent_count++;
	s->lent_bytes += len;
	if (s->lent_bytes > s->stats.lent_high)
		s->stats.lent_high = s->lent_bytes;
	ret_words[0] = (uint64_t)ann->id << 48 | (uint64_t)((const char *)data - (const char *)arena_base(a));
	ret_words[1] = len;
	ret_words[2] = (uint64_t)l->generation << SLOT_BITS | slot;
	return 0;
}

/* NULL: this peer does not hold it. */
static struct lent *lent_by_id(const struct rill_session *s, uint64_t id)
{
	uint64_t slot = id & ((1u << SLOT_BITS) - 1);
	struct lent *l = slot < s->lent_size ? &s->lent[slot] : NULL;

	return l && l->from && l->generation == id >> SLOT_BITS ? l : NULL;
}

static void came_back(struct rill_session *s, struct lent *l)
{
	struct announced *ann = l->from;

	s->lent_count--;
	s->lent_bytes -= l->len;
	l->from = NULL;
	l->generation++;
	l->next_free = s->lent_free;
	s->lent_free = (uint32_t)(l - s->lent);
	arena_unlend(ann->arena, l->block);     /* L2 */
	if (--ann->out == 0 && ann->forgetting) /* A1: all have come home */
		announce_forget(s, ann);
}

void lend_undo(struct rill_session *s, uint64_t id)
{
	struct lent *l = lent_by_id(s, id);

	if (l)
		came_back(s, l);
}

static bool fits(const struct rill_session *s, size_t bytes, unsigned loans)
{
	return s->lent_count + (uint64_t)loans <= s->theirs.head.loans && bytes <= s->set->o.lent_bytes - s->lent_bytes;
}

int lend_room(struct rill_session *s, size_t bytes, unsigned loans)
{
	int e;

	lend_take_returns(s); /* what came back is used again first: it is warm, and memory does not grow to the limits */
	if (fits(s, bytes, loans))
		return 0;
	if (loans > s->theirs.head.loans || bytes > s->set->o.lent_bytes)
		return -ENOBUFS;
	do {
		e = lend_wait(s);
	} while (e == 0 && !fits(s, bytes, loans));
	return e;
}

static peer_words returns_at(const struct rill_session *s, uint64_t i)
{
	return region_peer_word(&s->theirs, s->theirs.head.returns_offset) + (i & (s->theirs.head.returns_count - 1));
}

bool lend_take_returns(struct rill_session *s)
{
	bool any = false;
	uint64_t e;

	if (!s->theirs.base || s->blind)
		return false;
	while ((e = peer_acquire(returns_at(s, s->returns_head))) != 0) { /* acquire: his reads of the block are done */
		struct lent *l = lent_by_id(s, (e >> 2) - 1);

		if (!l) { /* every entry but this ends a loan, so the loop is bounded */
			session_end(s, -EPROTO, "returns: a loan that this peer does not hold");
			return any;
		}
		s->returns_head++;
		came_back(s, l);
		any = true;
	}
	return any;
}

int lend_wait(struct rill_session *s)
{
	if (lend_take_returns(s))
		return 0;
	arm_bump(&s->returns_arm);                 /* W1; tests/model/loan.pml */
	atomic_thread_fence(memory_order_seq_cst); /* W2: returns_arm before the second look; twin G2 in give_back() */
	return lend_take_returns(s) ? 0 : -EAGAIN; /* W3 */
}

bool lend_wanted(const struct rill_session *s)
{
	for (uint32_t i = 0; s->lent_count && i < s->announced_size; i++) {
		const struct announced *ann = s->announced[i];

		if (ann && ann->out && (ann->forgetting || arena_wants_back(ann->arena)))
			return true;
	}
	return false;
}

bool lend_waits(const struct rill_session *s)
{
	for (uint32_t i = 0; i < s->announced_size; i++)
		if (s->announced[i] && s->announced[i]->out && !s->announced[i]->forgetting)
			return true;
	return false;
}

/* ---- The end --------------------------------------------------------------------------------------------------- */

/* What a session that is over had lent, if it was much: given back some each turn, so that the ctx's others are served. */
struct remains {
	struct source source;
	struct lent *lent;
	uint32_t lent_size, next;
	struct announced **announced;
	uint32_t announced_size;
};

#define AT_ONCE 256

static void forget_announced(struct announced **announced, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		if (!announced[i])
			continue;
		arena_drop(announced[i]->arena);
		free(announced[i]);
	}
	free(announced);
}

static void unlend(const struct lent *l)
{
	if (l->from) /* L4: what came back before has ended */
		arena_unlend(l->from->arena, l->block);
}

static short remains_want(const struct source *s)
{
	(void)s;
	return 0;
}

static unsigned remains_turn(struct source *s)
{
	struct remains *r = container_of(s, struct remains, source);

	for (uint32_t n = 0; n < AT_ONCE && r->next < r->lent_size; n++)
		unlend(&r->lent[r->next++]);
	if (r->next == r->lent_size)
		source_doom(s);
	return 0;
}

static bool remains_rest(struct source *s)
{
	(void)s;
	return false; /* it is doomed when nothing is left */
}

static void remains_finish(struct source *s)
{
	struct remains *r = container_of(s, struct remains, source);

	forget_announced(r->announced, r->announced_size);
	free(r->lent);
	free(r);
}

static const struct source_ops remains_ops = {
	.wants = remains_want,
	.turn = remains_turn,
	.rest = remains_rest,
	.drop = source_doom,
	.child = source_doom,
	.finish = remains_finish,
};

static bool leave_remains(struct rill_session *s)
{
	struct remains *r = calloc(1, sizeof(*r));

	if (!r || source_add(&r->source, s->ctx, &remains_ops) < 0) {
		free(r);
		return false;
	}
	r->lent = s->lent;
	r->lent_size = s->lent_size;
	r->announced = s->announced;
	r->announced_size = s->announced_size;
	source_wake(&r->source);
	return true;
}

void lend_finish(struct rill_session *s, bool reuse)
{
	for (uint32_t i = 0; i < s->announced_size; i++)
		if (s->announced[i])
			link_remove(&s->announced[i]->watcher.link);
	if (!reuse || s->lent_count <= AT_ONCE || !leave_remains(s)) {
		for (uint32_t i = 0; reuse && i < s->lent_size; i++)
			unlend(&s->lent[i]);
		forget_announced(s->announced, s->announced_size);
		free(s->lent);
	}
	free(s->announced_turn);
	s->announced_turn = NULL;
	s->announced = NULL;
	s->lent = NULL;
	s->announced_size = s->lent_size = s->lent_count = 0;
	s->lent_free = NONE;
}
