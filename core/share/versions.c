/* core/share/versions.c - see versions.h. The fences: F1 in version_take() is the twin of F2 in versions_publish(), F3 there
 * of F4 in version_done(). */
#include "share/versions.h"

#include <errno.h>
#include <string.h>

#define COUNT(mark) ((mark) >> 8)
#define SLOT(word) ((unsigned)((word)&0xff))
#define ALIGNED 16

/* ---- Owner ----------------------------------------------------------------------------------------------------- */

size_t versions_size(unsigned slots)
{
	return sizeof(struct service_cell) + slots * sizeof(struct service_version);
}

void versions_begin(struct versions *v, void *block, unsigned slots)
{
	memset(block, 0, versions_size(slots));
	*v = (struct versions){.cell = block, .slots = slots};
	v->cell->magic = SERVICE_CELL_MAGIC;
	v->cell->slots = slots;
}

static void make_current(struct versions *v, uint64_t word, uint64_t bit, uint64_t *ret_old)
{
	atomic_store_explicit(&v->cell->current, word, memory_order_release);
	/* F2: current before the marks that pinner_look() loads; twin F1. */
	atomic_thread_fence(memory_order_seq_cst);
	*ret_old = v->current;
	v->old |= v->current;
	v->current = bit;
}

int versions_publish(struct versions *v, uint64_t offset, uint64_t len, uint64_t *ret_old)
{
	uint64_t room = ~(v->old | v->current) & ((UINT64_C(1) << v->slots) - 1);
	struct service_version *s;
	unsigned slot;

	if (!room)
		return -EAGAIN;
	slot = versions_first(room);
	s = &v->cell->version[slot];
	v->number++;
	atomic_store_explicit(&s->offset, offset, memory_order_relaxed);
	atomic_store_explicit(&s->len, len, memory_order_relaxed);
	atomic_store_explicit(&s->number, v->number, memory_order_relaxed);
	make_current(v, v->number << 8 | slot, UINT64_C(1) << slot, ret_old);
	return (int)slot;
}

void versions_retire(struct versions *v, uint64_t *ret_old)
{
	make_current(v, 0, 0, ret_old);
}

/* The bits that a mark may hold: any, one, or none (idle, or nonsense, which holds nothing). */
static uint64_t holds(uint64_t mark)
{
	if (!mark)
		return 0;
	if (SLOT(mark) == SERVICE_TAKING)
		return UINT64_MAX;
	return SLOT(mark) < SERVICE_SLOTS_MAX ? UINT64_C(1) << SLOT(mark) : 0;
}

void pinner_look(struct pinner *p, uint64_t fresh, uint64_t now)
{
	uint64_t mark = peer_acquire(p->mark); /* acquire: what he read before he changed it is read */

	if (COUNT(mark) != COUNT(p->seen)) { /* a later read: it began after the last look, and so after that look's F2 */
		p->pins = 0;
		p->since = now;
	}
	p->seen = mark;
	p->pins = (p->pins | fresh) & holds(mark);
}

void versions_free(struct versions *v, unsigned slot)
{
	v->old &= ~(UINT64_C(1) << slot);
	atomic_store_explicit(&v->cell->version[slot].number, 0, memory_order_relaxed);
	/* F3: number before whatever is written there next; twin F4. */
	atomic_thread_fence(memory_order_seq_cst);
}

void versions_want(struct versions *v)
{
	uint64_t want = atomic_load_explicit(&v->cell->want, memory_order_relaxed);

	atomic_store_explicit(&v->cell->want, want + 1, memory_order_relaxed);
	/* want before the marks. version_done() has no twin, to stay cheap: who misses it is found by the owner's next look. */
	atomic_thread_fence(memory_order_seq_cst);
}

/* ---- Reader ---------------------------------------------------------------------------------------------------- */

static peer_words word_of(const struct version_reader *r, size_t offset)
{
	return peer_at(r->cell, offset);
}

static peer_words slot_of(const struct version_reader *r, unsigned slot)
{
	return word_of(r, sizeof(struct service_cell) + slot * sizeof(struct service_version));
}

int version_reader_begin(struct version_reader *r, const void *cell, uint64_t len)
{
	r->cell = (peer_words)(uintptr_t)cell;
	if ((uintptr_t)cell & 7 || len < sizeof(struct service_cell))
		return -EPROTO;
	r->slots = peer_load(word_of(r, offsetof(struct service_cell, slots)));
	if (peer_load(r->cell) != SERVICE_CELL_MAGIC || r->slots < 2 || r->slots > SERVICE_SLOTS_MAX)
		return -EPROTO;
	r->held = r->reads = 0;
	r->want_seen = peer_load(word_of(r, offsetof(struct service_cell, want)));
	return len < versions_size((unsigned)r->slots) ? -EPROTO : 0;
}

static void set_mark(struct version_reader *r, uint64_t mark)
{
	atomic_store_explicit(&r->mark->mark, mark, memory_order_release); /* release: what was read is read */
}

/* What `current` names; the mark holds it. */
static int look(const struct version_reader *r, uint64_t current, struct version *ret)
{
	peer_words s = slot_of(r, SLOT(current));
	uint64_t number = peer_load(s + offsetof(struct service_version, number) / 8);
	uint64_t offset = peer_load(s + offsetof(struct service_version, offset) / 8);
	uint64_t len = peer_load(s + offsetof(struct service_version, len) / 8);

	if (number != COUNT(current))
		return -ESTALE;
	if (offset > r->capacity || len > r->capacity - offset || offset % ALIGNED)
		return -EPROTO;
	*ret = (struct version){.data = r->base + offset, .len = len, .number = number};
	return 0;
}

int version_take(struct version_reader *r, struct version *ret)
{
	uint64_t count = ++r->reads << 8, current;
	int e;

	set_mark(r, count | SERVICE_TAKING);
	/* F1: mark before current; twin F2. */
	atomic_thread_fence(memory_order_seq_cst);
	current = peer_acquire(word_of(r, offsetof(struct service_cell, current)));
	if (!current || SLOT(current) >= r->slots) {
		set_mark(r, 0);
		return current ? -EPROTO : -ENODATA;
	}
	set_mark(r, count | SLOT(current));
	e = look(r, current, ret);
	if (e < 0)
		set_mark(r, 0);
	else
		r->held = current;
	return e;
}

int version_done(struct version_reader *r)
{
	uint64_t number;

	/* F4: what was read before the number; twin F3. */
	atomic_thread_fence(memory_order_acquire);
	number = peer_load(slot_of(r, SLOT(r->held)) + offsetof(struct service_version, number) / 8);
	set_mark(r, 0);
	if (number != COUNT(r->held))
		number = 0;
	r->held = 0;
	return number ? 0 : -ESTALE;
}

bool version_wanted(struct version_reader *r)
{
	uint64_t want = peer_load(word_of(r, offsetof(struct service_cell, want)));

	if (want == r->want_seen)
		return false;
	r->want_seen = want;
	return true;
}

uint64_t version_newest(const struct version_reader *r)
{
	return COUNT(peer_load(word_of(r, offsetof(struct service_cell, current))));
}
