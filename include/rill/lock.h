/* rill/lock.h - locks for arenas that both sides may write: only ever tried, and never lost with who held them.
 *
 * Such an arena is made with RILL_ARENA_PEERS_MAY_WRITE and lent in sessions whose both users said `peers_may_write`:
 * docs/shared-writing.md. Each process that has it is one writer of it. A lock is a word anywhere in it, free when it is 0, so
 * cleared memory is a free lock. Nothing waits: who gets -EBUSY comes back from its loop. A lock belongs to a writer, that
 * is, to whatever that process does with this arena in this session; not to a thread, nor to a stretch of code.
 */
#ifndef RILL_LOCK_H
#define RILL_LOCK_H

#include <rill/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rill_lock {
	uint64_t word; /* for these calls alone */
};

/* Us as one of those who write in this arena. The arena's, until it is destroyed; NULL: borrowers may not write it. */
RILL_API struct rill_writer *rill_arena_writer(struct rill_arena *a);

/* The same for the arena of loan `index`, which we borrowed. Valid while a message with a loan of that arena is held.
 * NULL: no such loan, or we may not write there. */
RILL_API struct rill_writer *rill_msg_writer(const struct rill_msg *msg, unsigned index);

/* Take it, if nobody has it.
 *   0
 *   -EBUSY           another writer has it, and it lives: try again later
 *   -EDEADLK         this writer has it
 *   -EOWNERDEAD      it is ours, and who had it last died (or left) with it: what it guards may be half done. Mend that, say
 *                    rill_lock_mended(), then release
 *   -ENOTRECOVERABLE it was released unmended (or overwritten with what is no lock); rill_lock_reset() frees it
 *   -EINVAL          not 8-aligned within this arena;   -ECANCELED  the arena is destroyed or forgotten
 * Costs a system call when another has it; none when it is free. */
RILL_API int rill_lock_try(struct rill_writer *me, struct rill_lock *lock);

/* After -EOWNERDEAD: what the lock guards is whole again.  0;  -EPERM  not ours;  -EINVAL  -ECANCELED  as above. */
RILL_API int rill_lock_mended(struct rill_writer *me, struct rill_lock *lock);

/* Free it; unmended it is -ENOTRECOVERABLE for all from then on.  0;  -EPERM  not ours;  -EINVAL  -ECANCELED  as above. */
RILL_API int rill_lock_release(struct rill_writer *me, struct rill_lock *lock);

/* Make it free, whatever it is. For new memory that was not cleared, and for who knows that nobody uses it.
 *   0;  -EINVAL  -ECANCELED  as above. */
RILL_API int rill_lock_reset(struct rill_writer *me, struct rill_lock *lock);

#ifdef __cplusplus
}
#endif
#endif
