/* tests/unit/shm/space.h - a space that keeps book of its pages, for tests of an allocator without an arena. */
#ifndef TESTS_UNIT_SHM_SPACE_H
#define TESTS_UNIT_SHM_SPACE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <rill/allocator.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

struct world {
	const struct rill_allocator *a;
	void *self;
	char *base;
	size_t capacity;
	char *mapped;
	size_t unit;             /* in which pages come */
	unsigned char *reserved; /* by unit */
	size_t reserves, fresh;  /* calls, and units that were not reserved before */
	size_t limit;            /* units that reserve() has; 0: no limit */
	bool refuse;
};

static inline int reserve(void *space, size_t offset, size_t len)
{
	struct world *w = space;
	size_t i;

	assert_true(offset % w->unit == 0 && len % w->unit == 0 && len > 0);
	assert_true(offset <= w->capacity && len <= w->capacity - offset);
	if (w->refuse || (w->limit && w->fresh + len / w->unit > w->limit))
		return -ENOMEM;
	w->reserves++;
	for (i = offset / w->unit; i < (offset + len) / w->unit; i++) {
		w->fresh += !w->reserved[i];
		w->reserved[i] = 1;
	}
	return 0;
}

static inline int unreserve(void *space, size_t offset, size_t len)
{
	struct world *w = space;
	size_t i;

	if (w->refuse)
		return -EPERM;
	for (i = offset / w->unit; i < (offset + len) / w->unit; i++) {
		assert_true(w->reserved[i]);
		w->reserved[i] = 0;
	}
	memset(w->base + offset, 0, len);
	return 0;
}

/* Half of the ranges that an allocator is given are not at a multiple of more than 64 KiB: make it all of them. */
static inline void begin_with(struct world *w, const struct rill_allocator *a, size_t capacity, size_t unit)
{
	struct rill_space space = {.size = sizeof(space), .reserve = reserve, .unreserve = unreserve};
	size_t lead;

	*w = (struct world){.a = a, .capacity = capacity, .unit = unit};
	w->mapped = mmap(NULL, capacity + 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(w->mapped != MAP_FAILED);
	lead = -(uintptr_t)w->mapped & (2 * MIB - 1);
	w->base = w->mapped + lead + 64 * KIB;
	w->reserved = calloc(capacity / unit, 1);
	space.base = w->base;
	space.capacity = capacity;
	space.space = w;
	assert_int_equal(w->a->create(&w->self, &space), 0);
}

static inline void end(struct world *w)
{
	w->a->destroy(w->self);
	munmap(w->mapped, w->capacity + 4 * MIB);
	free(w->reserved);
}

static inline char *take(struct world *w, size_t alignment, size_t len)
{
	return w->a->alloc(w->self, alignment, len);
}

static inline void give(struct world *w, void *block)
{
	w->a->free(w->self, block);
}

static inline size_t length(struct world *w, const void *inside)
{
	void *block;
	size_t len;

	return w->a->find(w->self, inside, &block, &len) < 0 ? 0 : len;
}

#endif
