/* core/shm/arena_lend.c - loans: of our blocks to borrowers, and of a peer's arena to us. */
#include "shm/arena_state.h"
#include "shm/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

int arena_lend(struct rill_arena *a, const void *data, size_t len, void **ret_block)
{
	struct block *b;
	size_t room, at;
	uint32_t i;
	char *block;

	if (!arena_usable(a) || !(block = arena_find(a, data, &room)))
		return -EINVAL;
	at = (size_t)((const char *)data - block);
	if (len > room - at)
		return -EINVAL;
	i = blocks_find(&a->blocks, arena_offset(a, block));
	if (i == NO_BLOCK)
		i = blocks_add(&a->blocks, arena_offset(a, block));
	if (i == NO_BLOCK)
		return -ENOMEM;
	b = &a->blocks.all[i];
	if (b->freed && !b->loans) /* only its destructor is still to run */
		return -EINVAL;
	if (b->loans == UINT32_MAX)
		return -ENOMEM;
	if (b->loans++ == 0)
		a->lent++;
	if (b->lent_end < at + len)
		b->lent_end = at + len;
	*ret_block = block;
	return 0;
}

void arena_unlend(struct rill_arena *a, void *block)
{
	struct block *b;
	uint32_t i;

	if (!arena_usable(a))
		return;
	i = blocks_find(&a->blocks, arena_offset(a, block));
	b = i == NO_BLOCK ? NULL : &a->blocks.all[i];
	if (!b || !b->loans || --b->loans > 0)
		return;
	a->lent--;
	b->lent_end = 0;
	if (b->freed && b->destructor)
		a->due--;
	if (b->freed)
		arena_end_block(a, i);
	else if (!b->destructor)
		blocks_remove(&a->blocks, i);
}

static void *map(int fd, size_t capacity, uint64_t at, bool shared)
{
	int prot = shared ? PROT_READ | PROT_WRITE : PROT_READ;
	void *base = (void *)(uintptr_t)at;

	if (!at || address_map(at, capacity, prot, fd) < 0)
		base = mmap(NULL, capacity, prot, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (base == MAP_FAILED)
		return NULL;
	/* A forked child inherits what it can only read; its rill_ctx_destroy() unmaps it. */
	if (madvise(base, capacity, MADV_DONTDUMP) == 0 && (!shared || madvise(base, capacity, MADV_DONTFORK) == 0))
		return base;
	munmap(base, capacity);
	return NULL;
}

int arena_map_peer(void **ret_base, int fd, uint64_t capacity, uint64_t at, bool shared, const char **ret_text)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int r = memfd_check(fd, seals, capacity, shared ? O_RDWR : O_RDONLY, ret_text);
	void *base;

	if (r < 0)
		return r;
	base = map(fd, capacity, at, shared);
	if (!base)
		return -ENOMEM;
	*ret_base = base;
	return 0;
}
