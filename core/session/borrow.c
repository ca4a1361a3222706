/* core/session/borrow.c - what of the peer's we hold: its arenas, mapped read-only, and loans of them. Invariant: an arena
 * stays mapped while a message holds a loan of it, and until the session's memory goes. */
#include "session/session.h"
#include "shm/address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ADDRESS_END (UINT64_C(1) << 47)

int borrow_create(struct rill_session *s)
{
	s->borrowed = calloc(s->set->o.arenas, sizeof(s->borrowed[0]));
	return s->borrowed ? 0 : -ENOMEM;
}

static void unmap(struct borrowed *b)
{
	if (b->base)
		munmap((void *)(uintptr_t)b->base, b->capacity);
	if (b->writer.base)
		close(b->writer.fd); /* what we hold of its locks is a dead one's from here on */
	*b = (struct borrowed){0};
}

void borrow_child(struct rill_session *s)
{
	for (unsigned i = 0; s->borrowed && i < s->set->o.arenas; i++) {
		if (s->borrowed[i].writer.base)
			s->borrowed[i].base = NULL;
		unmap(&s->borrowed[i]);
	}
}

void borrow_finish(struct rill_session *s)
{
	for (unsigned i = 0; s->borrowed && i < s->set->o.arenas; i++)
		unmap(&s->borrowed[i]);
	free(s->borrowed);
	while (s->spare_loans) {
		struct held_loans *h = s->spare_loans;

		s->spare_loans = h->next;
		free(h);
	}
}

/* ---- Arenas ---------------------------------------------------------------------------------------------------- */

/* Several ids share a slot, one at a time: so a frame of a new arena is never read in an old one. */
static struct borrowed *slot_of(const struct rill_session *s, uint32_t id)
{
	return &s->borrowed[id % s->set->o.arenas];
}

/* NULL: not announced. */
static struct borrowed *arena_of(const struct rill_session *s, uint32_t id)
{
	struct borrowed *b = slot_of(s, id);

	return b->base && b->id == id ? b : NULL;
}

static const char *announcement_wrong(const struct rill_session *s, const struct packet *p)
{
	const struct wire_arena *a = &p->arena;

	if (a->id >= WIRE_ARENA_IDS || slot_of(s, a->id)->base)
		return "arena: id is out of range or in use";
	if (a->capacity == 0 || a->capacity % WIRE_PAGE || a->capacity > UINT64_C(1) << 47)
		return "arena: capacity out of range";
	if (a->base % WIRE_PAGE || a->base > ADDRESS_END - a->capacity)
		return "arena: no address that its owner can have it at";
	if (a->capacity > s->set->o.mapped_bytes - s->borrowed_bytes)
		return "arena: more than we map";
	if (p->p.kind == WIRE_SHARED_ARENA && !session_shares(s))
		return "arena: both sides would write it, and we have not agreed to that";
	if (p->fd_count != 1 && !p->fds_lost)
		return "arena: not exactly one descriptor";
	return NULL;
}

/* Where an announced arena is to be, by its owner's word; 0: anywhere. */
static uint64_t wanted_place(const struct rill_session *s, const struct wire_arena *a)
{
	const struct rill_session_options *o = &s->set->o;

	if (!a->base || !o->same_address || !address_possible(a->base, a->capacity))
		return 0;
	if (!o->window_end)
		return address_usual(a->base, a->capacity) ? a->base : 0;
	return a->base >= o->window_begin && a->base <= o->window_end && a->capacity <= o->window_end - a->base ? a->base : 0;
}

static bool at_its_place(const struct borrowed *b)
{
	return b->theirs && (uintptr_t)b->base == b->theirs;
}

static void answer(struct rill_session *s, struct borrowed *b)
{
	struct wire_mapped m = {.p = PACKET(WIRE_MAPPED, struct wire_mapped), .id = b->id, .same = at_its_place(b)};

	b->unanswered = packet_send(s, &m, sizeof(m), NULL, 0) == -EAGAIN;
	s->mapped_pending |= b->unanswered;
}

void borrow_flush(struct rill_session *s)
{
	if (!s->mapped_pending)
		return;
	s->mapped_pending = false;
	for (unsigned i = 0; s->state == SESSION_OPEN && i < s->set->o.arenas; i++)
		if (s->borrowed[i].unanswered)
			answer(s, &s->borrowed[i]);
}

void borrow_mapping(const struct rill_session *s, uint32_t id, struct rill_mapping *ret)
{
	const struct borrowed *b = slot_of(s, id);

	*ret = (struct rill_mapping){
		.size = sizeof(*ret),
		.base = b->base,
		.capacity = b->capacity,
		.owner_base = b->theirs,
		.same_address = at_its_place(b),
		.writable = b->writer.base != NULL,
	};
}

struct rill_writer *borrow_writer(const struct rill_session *s, uint32_t id)
{
	struct borrowed *b = slot_of(s, id);

	return b->writer.base ? &b->writer : NULL;
}

/* Its descriptor is ours from now on: the kernel knows us by it. */
static int begin_writing(struct rill_session *s, struct borrowed *b, struct packet *p, const char **ret_text)
{
	int e = writer_begin(&b->writer, s->ctx, (void *)(uintptr_t)b->base, b->capacity, p->fd[0], p->arena.writer);

	if (e == 0)
		p->fd_count = 0;
	if (e != -EEXIST)
		return e;
	*ret_text = "arena: another has our number as a writer";
	return -EPROTO;
}

void borrow_on_arena(struct rill_session *s, struct packet *p)
{
	bool shared = p->p.kind == WIRE_SHARED_ARENA;
	const char *text = announcement_wrong(s, p);
	struct borrowed *b;
	void *base;
	int e;

	if (text) {
		session_end(s, -EPROTO, "%s", text);
		return;
	}
	if (p->fds_lost) {
		session_end(s, -EMFILE, "arena: no descriptor left to take it with");
		return;
	}
	text = "arena: cannot be mapped";
	e = arena_map_peer(&base, p->fd[0], p->arena.capacity, wanted_place(s, &p->arena), shared, &text);
	b = slot_of(s, p->arena.id);
	if (e == 0)
		*b = (struct borrowed){.base = base, .capacity = p->arena.capacity, .id = p->arena.id};
	if (e == 0 && shared && (e = begin_writing(s, b, p, &text)) < 0)
		unmap(b);
	if (e < 0) {
		session_end(s, e, "%s", text);
		return;
	}
	s->borrowed_bytes += p->arena.capacity;
	if (s->set->o.same_address && p->arena.base) {
		b->theirs = p->arena.base;
		answer(s, b);
	}
}

void borrow_on_forget(struct rill_session *s, const struct packet *p)
{
	struct borrowed *b = arena_of(s, p->forget.id);

	if (!b || b->held) {
		session_end(s, -EPROTO, "forget: an arena that was not announced, or is still lent");
		return;
	}
	s->borrowed_bytes -= b->capacity;
	unmap(b);
}

/* ---- Loans ----------------------------------------------------------------------------------------------------- */

bool borrow_known(const struct rill_session *s, const struct frame *f)
{
	for (unsigned i = 0; i < f->loan_count; i++) {
		const struct frame_loan *l = &f->loan[i];
		const struct borrowed *b = arena_of(s, l->arena);

		if (!b || l->offset > b->capacity || l->len > b->capacity - l->offset)
			return false;
	}
	return true;
}

static struct held_loans *new_held(struct rill_session *s)
{
	struct held_loans *h = s->spare_loans;

	if (!h)
		return malloc(sizeof(*h));
	s->spare_loans = h->next;
	return h;
}

/* ch->next may be decoded long before it is taken, and an arena forgotten between: so arenas are named again here. */
int borrow_hold(struct rill_session *s, const struct frame *f, struct held_loans **ret)
{
	struct held_loans *h;

	if (!borrow_known(s, f) || s->borrowed_loans + f->loan_count > s->set->o.loans)
		return -EPROTO;
	h = new_held(s);
	if (!h)
		return -ENOMEM;
	h->count = f->loan_count;
	h->body = f->kind == WIRE_LOAN;
	for (unsigned i = 0; i < f->loan_count; i++) {
		struct borrowed *b = slot_of(s, f->loan[i].arena);

		h->loan[i] = (struct held_loan){
			.data = b->base + f->loan[i].offset,
			.len = f->loan[i].len,
			.id = f->loan[i].id,
			.arena = f->loan[i].arena,
		};
		b->held++;
	}
	s->borrowed_loans += f->loan_count;
	*ret = h;
	return 0;
}

void borrow_unhold(struct rill_session *s, struct held_loans *h)
{
	if (!h)
		return;
	for (unsigned i = 0; i < h->count; i++)
		slot_of(s, h->loan[i].arena)->held--;
	s->borrowed_loans -= h->count;
	h->next = s->spare_loans;
	s->spare_loans = h;
}

static void push_return(struct rill_session *s, uint64_t id)
{
	wire_word *returns = (wire_word *)(void *)(s->mine.base + s->mine.head.returns_offset);
	uint64_t mask = s->mine.head.returns_count - 1;

	atomic_store_explicit(&returns[(s->returns_tail + 1) & mask], 0, memory_order_relaxed);
	/* G1: release: our reads of the block are done */
	atomic_store_explicit(&returns[s->returns_tail & mask], (id + 1) << 2, memory_order_release);
	s->returns_tail++;
}

static void give_back(struct rill_session *s)
{
	atomic_thread_fence(memory_order_seq_cst); /* G2: returns before the load of returns_arm; twin W2 in lend_wait() */
	if (rung_take(&s->returns_rung))           /* G3 */
		session_push(s, WIRE_RETURNS, 0);
}

void borrow_release(struct rill_session *s, struct held_loans *h)
{
	if (s->fd >= 0) {
		for (unsigned i = 0; i < h->count; i++)
			push_return(s, h->loan[i].id);
		give_back(s);
	}
	borrow_unhold(s, h); /* A3: before a packet, a FORGET may be the next, is read */
}

void borrow_return(struct rill_session *s, const struct frame *f)
{
	if (s->fd < 0 || !f->loan_count)
		return;
	for (unsigned i = 0; i < f->loan_count; i++)
		push_return(s, f->loan[i].id);
	give_back(s);
}
