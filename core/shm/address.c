/* core/shm/address.c - claims of address ranges, and maps at exactly one place. Invariant: MAP_FIXED never stands alone: a map
 * that lands elsewhere (an old kernel, valgrind and the sanitizers take the address for a hint) is undone. */
#include "shm/address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define GIB (UINT64_C(1) << 30)
#define TRIES 4096 /* some ms, where all of these are taken */

/* ---- the map of addresses: constant, else two programs would not mean the same slot by one name ----------------------- */

#define SMALL UINT64_C(0x200000000000) /* slots of 4 GiB, 4096 of them */
#define LARGE UINT64_C(0x300000000000) /* of 64 GiB, 256 */
#define HUGE UINT64_C(0x400000000000)  /* of 1 TiB, 16 */
#define USUAL_END UINT64_C(0x500000000000)

static const struct address_range sanitized = {UINT64_C(0x7e8000000000), UINT64_C(0x7ef000000000)};

static uint64_t slot_size(uint64_t at)
{
	if (at >= HUGE && at < USUAL_END)
		return 1024 * GIB;
	return at >= LARGE && at < HUGE ? 64 * GIB : 4 * GIB;
}

static uint64_t slot_begin(uint64_t at)
{
	return at & ~(slot_size(at) - 1);
}

/* What the runtimes of these sanitizers export; not there without them. */
extern void __tsan_init(void) __attribute__((weak));
extern void __msan_init(void) __attribute__((weak));

static bool sanitizer_loaded(void)
{
	return __tsan_init || __msan_init;
}

static bool inside(uint64_t base, uint64_t len, struct address_range r)
{
	return base >= r.begin && base <= r.end && len <= r.end - base;
}

struct address_range address_window(size_t capacity)
{
	if (sanitizer_loaded())
		return sanitized;
	if (capacity <= 4 * GIB)
		return (struct address_range){SMALL, LARGE};
	if (capacity <= 64 * GIB)
		return (struct address_range){LARGE, HUGE};
	return (struct address_range){HUGE, USUAL_END};
}

bool address_possible(uint64_t base, uint64_t len)
{
	return !sanitizer_loaded() || inside(base, len, sanitized);
}

bool address_usual(uint64_t base, uint64_t len)
{
	return inside(base, len, (struct address_range){SMALL, USUAL_END}) || inside(base, len, sanitized);
}

/* ---- claims ----------------------------------------------------------------------------------------------------------- */

/* Bound and never listening: nobody can send anything to it, so closing it waits for nothing. */
static int claim_slot(int fd, uint64_t slot)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int len = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "rill-address-%012llx", (unsigned long long)slot);

	if (bind(fd, (struct sockaddr *)&name, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) == 0)
		return 0;
	return -errno;
}

static int claim_one(struct address_claim *c, uint64_t slot)
{
	int e, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	e = claim_slot(fd, slot);
	if (e < 0) {
		close(fd);
		return e;
	}
	c->fd[c->count++] = fd;
	return 0;
}

static int claim(struct address_claim *ret, uint64_t base, uint64_t len)
{
	struct address_claim c = {.count = 0};
	int e = 0;

	for (uint64_t at = slot_begin(base); e == 0 && at < base + len; at += slot_size(at))
		e = c.count < ADDRESS_SLOTS ? claim_one(&c, at) : -EINVAL;
	if (e < 0)
		address_release(&c);
	else
		*ret = c;
	return e;
}

void address_release(struct address_claim *c)
{
	while (c->count)
		close(c->fd[--c->count]);
}

/* ---- maps ------------------------------------------------------------------------------------------------------------- */

int address_map(uint64_t base, size_t len, int prot, int fd)
{
	void *want = (void *)(uintptr_t)base;
	void *got = mmap(want, len, prot, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);

	if (got == want)
		return 0;
	if (got == MAP_FAILED)
		return errno == ENOMEM ? -ENOMEM : -EEXIST;
	munmap(got, len);
	return -EEXIST;
}

static int take_at(struct address_claim *ret, uint64_t base, int fd, size_t len)
{
	int e;

	if (!address_possible(base, len))
		return -EADDRNOTAVAIL;
	e = claim(ret, base, len);
	if (e < 0)
		return e;
	e = address_map(base, len, PROT_READ | PROT_WRITE, fd);
	if (e < 0)
		address_release(ret);
	return e == -EEXIST ? -EADDRINUSE : e;
}

/* Ranges of dead owners may still be mapped by their borrowers, and many programs start alike: so no two begin alike. */
static uint64_t random_number(void)
{
	struct timespec t;
	uint64_t n;

	if (getrandom(&n, sizeof(n), GRND_NONBLOCK) == sizeof(n))
		return n;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((uint64_t)t.tv_nsec ^ (uintptr_t)&t >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 16;
}

int address_take(struct address_claim *ret, void **ret_base, int fd, size_t capacity, struct address_range within, bool exact)
{
	uint64_t first = slot_begin(within.begin + slot_size(within.begin) - 1), at = within.begin, start;
	int e;

	if (!exact && !inside(first, capacity, within))
		return -EADDRINUSE;
	if (!exact)
		at = slot_begin(first + random_number() % (within.end - first - capacity + 1));
	start = at;
	e = take_at(ret, at, fd, capacity);
	for (unsigned i = 1; !exact && e == -EADDRINUSE && i < TRIES; i++) {
		at += slot_size(at);
		if (!inside(at, capacity, within))
			at = first;
		if (at == start)
			break;
		e = take_at(ret, at, fd, capacity);
	}
	if (e == 0)
		*ret_base = (void *)(uintptr_t)at;
	return e;
}
