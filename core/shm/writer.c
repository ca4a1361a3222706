/* core/shm/writer.c - robust locks that are only ever tried.
 *
 *   free (0) -> held by N -> free
 *               held by N, who dies -> held by M, broken -> (mended) held by M -> free
 *                                                        -> (released) broken
 *
 * Invariant: a word that names a writer changes by that writer, or, once that writer is dead, by one compare-and-swap of
 * the one who takes it over. Numbers are never used again, so a dead one's word cannot come back. tests/model/lock.pml.
 */
#include "shm/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>

#define HELD UINT64_C(1)
#define BROKEN UINT64_C(2)
#define NUMBER_SHIFT 32
#define BYTES (INT64_C(1) << 62) /* where the numbers' bytes begin */

static struct flock byte_of(uint32_t number)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = BYTES + number, .l_len = 1};
}

int writer_begin(struct rill_writer *ret, const struct rill_ctx *ctx, void *base, size_t capacity, int fd, uint32_t number)
{
	struct flock byte = byte_of(number);

	if (fcntl(fd, F_OFD_SETLK, &byte) < 0)
		return errno == EAGAIN || errno == EACCES ? -EEXIST : -errno;
	*ret = (struct rill_writer){.ctx = ctx, .base = base, .capacity = capacity, .fd = fd, .number = number};
	return 0;
}

/* Where it cannot be told it counts as alive: a lock may wait for ever, but has no two holders. */
static bool lives(const struct rill_writer *me, uint32_t number)
{
	struct flock byte = byte_of(number);

	return fcntl(me->fd, F_OFD_GETLK, &byte) < 0 || byte.l_type != F_UNLCK;
}

static int check(const struct rill_writer *me, const struct rill_lock *lock)
{
	uintptr_t at = (uintptr_t)lock;

	if (!me || !lock)
		return -EINVAL;
	if (ctx_check(me->ctx) == -ECHILD)
		return -ECHILD;
	if (!me->base)
		return -ECANCELED;
	if (at % sizeof(lock->word) || at - (uintptr_t)me->base > me->capacity - sizeof(lock->word))
		return -EINVAL;
	return 0;
}

static _Atomic uint64_t *word_of(struct rill_lock *lock)
{
	return (_Atomic uint64_t *)(void *)&lock->word;
}

static uint64_t held_by(const struct rill_writer *me)
{
	return (uint64_t)me->number << NUMBER_SHIFT | HELD;
}

/* Of all writers that want to go from `seen` one does. Acquire: what its last holder wrote before it released; a dead one's
 * stores came before the kernel dropped its byte, which we have seen. */
static bool swap(struct rill_lock *lock, uint64_t seen, uint64_t to)
{
	return atomic_compare_exchange_strong_explicit(word_of(lock), &seen, to, memory_order_acq_rel, memory_order_relaxed);
}

static int take_over(const struct rill_writer *me, struct rill_lock *lock, uint64_t seen)
{
	uint32_t number = (uint32_t)(seen >> NUMBER_SHIFT);

	if (number == me->number)
		return -EDEADLK;
	if (lives(me, number))
		return -EBUSY;
	return swap(lock, seen, held_by(me) | BROKEN) ? -EOWNERDEAD : -EBUSY;
}

int rill_lock_try(struct rill_writer *me, struct rill_lock *lock)
{
	int e = check(me, lock);
	uint64_t seen;

	if (e < 0)
		return e;
	seen = atomic_load_explicit(word_of(lock), memory_order_relaxed);
	if (seen == 0)
		return swap(lock, 0, held_by(me)) ? 0 : -EBUSY;
	return seen & HELD ? take_over(me, lock, seen) : -ENOTRECOVERABLE;
}

/* Ours, as *ret_seen, or the error. */
static int check_ours(const struct rill_writer *me, struct rill_lock *lock, uint64_t *ret_seen)
{
	int e = check(me, lock);

	if (e < 0)
		return e;
	*ret_seen = atomic_load_explicit(word_of(lock), memory_order_relaxed);
	return (*ret_seen & ~BROKEN) == held_by(me) ? 0 : -EPERM;
}

int rill_lock_mended(struct rill_writer *me, struct rill_lock *lock)
{
	uint64_t seen;
	int e = check_ours(me, lock, &seen);

	if (e < 0)
		return e;
	return swap(lock, seen, held_by(me)) ? 0 : -EPERM;
}

int rill_lock_release(struct rill_writer *me, struct rill_lock *lock)
{
	uint64_t seen;
	int e = check_ours(me, lock, &seen);

	if (e < 0)
		return e;
	return swap(lock, seen, seen & BROKEN) ? 0 : -EPERM;
}

int rill_lock_reset(struct rill_writer *me, struct rill_lock *lock)
{
	int e = check(me, lock);

	if (e == 0)
		atomic_store_explicit(word_of(lock), 0, memory_order_release);
	return e;
}
