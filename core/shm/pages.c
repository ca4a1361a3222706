/* core/shm/pages.c - an arena's memory.
 *
 * The memfd has its whole capacity from the start and is sealed against any other size, so what a borrower maps never
 * faults. It is not sealed against writing: pages are given back by punching holes, which F_SEAL_FUTURE_WRITE forbids. The
 * one writable descriptor is closed as soon as it is mapped; all work on pages goes through the mapping.
 */
#include "shm/pages.h"

#include "shm/bits.h"
#include "shm/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define UNIT ((size_t)4096)
#define HUGE_PAGE ((size_t)2 << 20)
#define LOOK ((size_t)1 << 24) /* bytes a mincore() call */

static size_t backed_bytes(const struct pages *p)
{
	return bits_words(p->capacity / UNIT) * sizeof(uint64_t);
}

static void *private_map(size_t bytes, int prot)
{
	return mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/* Map all of fd at a multiple of `align`: addresses are taken with room to spare, and the rest is given back. */
static int map_aligned(struct pages *p, int fd, size_t align)
{
	size_t room = p->capacity + align, lead;
	char *taken = private_map(room, PROT_NONE);

	if (taken == MAP_FAILED)
		return -ENOMEM;
	lead = -(uintptr_t)taken & (align - 1);
	p->base = mmap(taken + lead, p->capacity, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	if (p->base == MAP_FAILED) {
		munmap(taken, room);
		return -ENOMEM;
	}
	if (lead)
		munmap(taken, lead);
	munmap(p->base + p->capacity, align - lead);
	return 0;
}

static int map_placed(struct pages *p, int fd, const struct pages_wish *wish, struct address_claim *ret_claim)
{
	void *base;
	int r = address_take(ret_claim, &base, fd, p->capacity, wish->range, wish->exact);

	if (r == 0)
		p->base = base;
	return r;
}

static int map_sealed(struct pages *p, int rw, const struct pages_wish *wish, struct address_claim *ret_claim)
{
	int r = wish->placed ? map_placed(p, rw, wish, ret_claim) : map_aligned(p, rw, wish->huge ? HUGE_PAGE : PAGES_ALIGN);

	if (r < 0)
		return r;
	if (fcntl(rw, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ||
	    madvise(p->base, p->capacity, MADV_DONTFORK) < 0 || madvise(p->base, p->capacity, MADV_DONTDUMP) < 0) {
		r = memfd_error();
		munmap(p->base, p->capacity);
		if (wish->placed)
			address_release(ret_claim);
		return r;
	}
	if (wish->huge)
		(void)madvise(p->base, p->capacity, MADV_HUGEPAGE);
	return 0;
}

int pages_map(struct pages *p, size_t capacity, const struct pages_wish *wish, struct address_claim *ret_claim)
{
	int rw, r;

	p->capacity = capacity;
	p->reserved = 0;
	r = memfd_make(&rw, "rill-arena", capacity);
	if (r < 0)
		return r;
	p->fd = r = memfd_reopen(rw, wish->shared ? O_RDWR : O_RDONLY);
	if (r < 0)
		goto no_descriptor;
	p->backed = private_map(backed_bytes(p), PROT_READ | PROT_WRITE);
	r = -ENOMEM;
	if (p->backed == MAP_FAILED)
		goto no_records;
	r = map_sealed(p, rw, wish, ret_claim);
	if (r < 0)
		goto no_mapping;
	close(rw);
	return 0;

no_mapping:
	munmap(p->backed, backed_bytes(p));
no_records:
	pages_close(p);
no_descriptor:
	close(rw);
	return r;
}

void pages_close(struct pages *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

void pages_forget(struct pages *p)
{
	munmap(p->backed, backed_bytes(p));
	pages_close(p);
	p->base = NULL;
}

void pages_unmap(struct pages *p)
{
	munmap(p->base, p->capacity);
	pages_forget(p);
}

static bool within(const struct pages *p, size_t offset, size_t len)
{
	if (offset % UNIT || len % UNIT)
		return false;
	return offset <= p->capacity && len <= p->capacity - offset;
}

/* Any failure is want of memory; what the kernel found before it is given back. */
int pages_reserve(struct pages *p, size_t offset, size_t len)
{
	size_t at = offset / UNIT, end = at + len / UNIT;

	if (!within(p, offset, len))
		return -EINVAL;
	while ((at = bits_first(p->backed, at, end, false)) < end) {
		size_t to = bits_first(p->backed, at, end, true), bytes = (to - at) * UNIT;

		if (madvise(p->base + at * UNIT, bytes, MADV_POPULATE_WRITE) < 0) {
			(void)madvise(p->base + at * UNIT, bytes, MADV_REMOVE);
			return -ENOMEM;
		}
		bits_fill(p->backed, at, to);
		p->reserved += bytes;
		at = to;
	}
	return 0;
}

int pages_unreserve(struct pages *p, size_t offset, size_t len)
{
	if (!within(p, offset, len))
		return -EINVAL;
	if (len && madvise(p->base + offset, len, MADV_REMOVE) < 0)
		return -errno;
	p->reserved -= bits_wipe(p->backed, offset / UNIT, (offset + len) / UNIT) * UNIT;
	return 0;
}

/* Only whole ones: a hole would be filled. It copies; not for a hot path. */
void pages_collapse(const struct pages *p)
{
	size_t n = HUGE_PAGE / UNIT, at;

	for (at = 0; at + n <= p->capacity / UNIT; at += n)
		if (bits_first(p->backed, at, at + n, false) == at + n &&
		    madvise(p->base + at * UNIT, HUGE_PAGE, MADV_COLLAPSE) < 0)
			return;
}

size_t pages_resident(const struct pages *p)
{
	unsigned char here[LOOK / UNIT];
	size_t page = (size_t)sysconf(_SC_PAGESIZE), at, i, count = 0;

	for (at = 0; at < p->capacity; at += LOOK) {
		size_t len = p->capacity - at < LOOK ? p->capacity - at : LOOK;

		if (mincore(p->base + at, len, here) < 0)
			return 0;
		for (i = 0; i < len / page; i++)
			count += here[i] & 1u;
	}
	return count * page;
}
