/* tests/support/allocs.c - see allocs.h. Invariant: every wrapped call that gives a block counts as one made, and every
 * block that is given back as one freed. */
#include "tests/support/allocs.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

static _Atomic uint64_t made, freed, refused, countdown;
static _Atomic bool lasting;

uint64_t allocs_made(void)
{
	return made;
}

uint64_t allocs_freed(void)
{
	return freed;
}

uint64_t allocs_refused(void)
{
	return refused;
}

void allocs_refuse(uint64_t n)
{
	lasting = false;
	countdown = n;
}

void allocs_refuse_from(uint64_t n)
{
	countdown = n;
	lasting = n > 0;
}

static bool is_refused(void)
{
	if (!countdown)
		return false;
	if (countdown > 1) {
		countdown--;
		return false;
	}
	if (!lasting)
		countdown = 0;
	refused++;
	errno = ENOMEM;
	return true;
}

static void *counted(void *block)
{
	made += block != NULL;
	return block;
}

/* X(return type, name, parameters, arguments): those that give a new block */
#define GIVERS(X)                                                          \
	X(malloc, (size_t len), (len))                                     \
	X(calloc, (size_t n, size_t len), (n, len))                        \
	X(aligned_alloc, (size_t alignment, size_t len), (alignment, len)) \
	X(strdup, (const char *s), (s))                                    \
	X(strndup, (const char *s, size_t n), (s, n))

#define GIVER(name, parameters, arguments)                                     \
	void *__real_##name parameters;                                        \
	void *__wrap_##name parameters;                                        \
	void *__wrap_##name parameters                                         \
	{                                                                      \
		return is_refused() ? NULL : counted(__real_##name arguments); \
	}
GIVERS(GIVER)

void *__real_realloc(void *block, size_t len);
void *__wrap_realloc(void *block, size_t len);
void *__real_reallocarray(void *block, size_t n, size_t len);
void *__wrap_reallocarray(void *block, size_t n, size_t len);
int __real_posix_memalign(void **ret, size_t alignment, size_t len);
int __wrap_posix_memalign(void **ret, size_t alignment, size_t len);
void __real_free(void *block);
void __wrap_free(void *block);

static void *moved(bool had_one, void *block)
{
	freed += block && had_one;
	return counted(block);
}

void *__wrap_realloc(void *block, size_t len)
{
	bool had_one = block != NULL;

	return is_refused() ? NULL : moved(had_one, __real_realloc(block, len));
}

void *__wrap_reallocarray(void *block, size_t n, size_t len)
{
	bool had_one = block != NULL;

	return is_refused() ? NULL : moved(had_one, __real_reallocarray(block, n, len));
}

int __wrap_posix_memalign(void **ret, size_t alignment, size_t len)
{
	int e = is_refused() ? ENOMEM : __real_posix_memalign(ret, alignment, len);

	made += !e;
	return e;
}

void __wrap_free(void *block)
{
	freed += block != NULL;
	__real_free(block);
}
