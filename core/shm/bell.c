/* core/shm/bell.c - pushing and taking ready entries. Invariant: at most one entry per channel and kind is out (arms are
 * bumped only after their answer was consumed), so the array, which is larger than that, cannot overflow. */
#include "shm/bell.h"

uint64_t bell_push(struct bell *b, enum wire_entry kind, uint64_t id)
{
	atomic_store_explicit(&b->ready[(b->tail + 1) & b->mask], 0, memory_order_relaxed);
	atomic_store_explicit(&b->ready[b->tail & b->mask], wire_entry(kind, id), memory_order_release); /* P4 */
	b->tail++;
	atomic_thread_fence(memory_order_seq_cst); /* P5: the entry before the load of sarm; twin R3 in turn.c */
	return bell_due(b);
}

uint64_t bell_due(const struct bell *b)
{
	uint64_t sarm = peer_load(b->sleeper.word); /* P6 */

	return sarm == b->sleeper.value ? 0 : sarm;
}

bool bell_take(struct bell *b, enum wire_entry *ret_kind, uint64_t *ret_id)
{
	uint64_t e = peer_acquire(b->peer_ready + (b->head & b->peer_mask)); /* acquire: the frame comes before its entry */

	if (!e)
		return false;
	b->head++;
	*ret_kind = (enum wire_entry)(e & 3);
	*ret_id = (e >> 2) - 1;
	return true;
}
