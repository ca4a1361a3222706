/* core/shm/blocks.h - the blocks of an arena of which more is known than their place: lent, let go of while lent, or with a
 * destructor. Found by offset; a block keeps its index here for as long as it stays. Private memory, kept for reuse: once
 * grown, lending and returning allocate nothing. */
#ifndef CORE_SHM_BLOCKS_H
#define CORE_SHM_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NO_BLOCK UINT32_MAX

struct block {
	size_t offset;
	size_t lent_end; /* bytes of it that are lent, from its begin */
	uint32_t loans;
	uint32_t next; /* of the unused ones, or of the ones whose destructor waits */
	bool live;     /* this record is in use */
	bool freed;    /* its owner has let go of it */
	void (*destructor)(void *block, void *user);
	void *user;
};

struct blocks {
	struct block *all;
	uint32_t room;   /* of `all`, a power of two or 0 */
	uint32_t count;  /* in use */
	uint32_t unused; /* a list by `next` */
	uint32_t *slots; /* 2 * room: an index of `all`, or NO_BLOCK */
};

uint32_t blocks_add(struct blocks *b, size_t offset); /* not there yet; its index, or NO_BLOCK: no memory */
void blocks_remove(struct blocks *b, uint32_t i);
void blocks_free(struct blocks *b);
uint32_t blocks_search(const struct blocks *b, size_t offset);

static inline uint32_t blocks_find(const struct blocks *b, size_t offset)
{
	return b->count ? blocks_search(b, offset) : NO_BLOCK;
}

#endif
