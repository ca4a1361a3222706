/* tests/fuzz/support/still.c - see still.h. The linker puts these in the place of the calls (--wrap): no random number, and
 * each mapping is counted. */
#include "tests/fuzz/support/still.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>

#define FDS 128

static uint64_t random_state;
static size_t mapped, mapped_before;
static unsigned char open_before[FDS];

ssize_t __wrap_getrandom(void *to, size_t len, unsigned flags);
void *__real_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t len);
int __wrap_munmap(void *at, size_t len);

ssize_t __wrap_getrandom(void *to, size_t len, unsigned flags)
{
	unsigned char *byte = to;

	(void)flags;
	for (size_t i = 0; i < len; i++) {
		random_state = random_state * 6364136223846793005u + 1442695040888963407u;
		byte[i] = (unsigned char)(random_state >> 56);
	}
	return (ssize_t)len;
}

static size_t pages(size_t len)
{
	return (len + 4095) / 4096;
}

void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	void *base = __real_mmap(at, len, prot, flags, fd, offset);

	if (base != MAP_FAILED && !(flags & MAP_FIXED)) /* a fixed one takes the place of what was counted */
		mapped += pages(len);
	return base;
}

int __wrap_munmap(void *at, size_t len)
{
	int e = __real_munmap(at, len);

	if (e == 0)
		mapped -= pages(len);
	return e;
}

static void look(unsigned char open[FDS])
{
	for (int fd = 0; fd < FDS; fd++)
		open[fd] = fcntl(fd, F_GETFD) >= 0;
}

void still_begin(void)
{
	random_state = 1;
	mapped_before = mapped;
	look(open_before);
}

void still_end(void)
{
	unsigned char open[FDS];

	look(open);
	for (int fd = 0; fd < FDS; fd++)
		if (open[fd] != open_before[fd])
			still_broken("a descriptor was left open, or closed that is not ours", fd);
	if (mapped != mapped_before)
		still_broken("pages were left mapped", (long long)(mapped - mapped_before));
}

uint64_t still_clock(void *now)
{
	return *(uint64_t *)now += 100000; /* it goes on: who lingers waits for that */
}

void still_broken(const char *what, long long with)
{
	fprintf(stderr, "broken: %s (%lld)\n", what, with);
	abort();
}
