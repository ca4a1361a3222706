/* core/shm/blocks.c - an open-addressing table, at most half full, over records that do not move within their array. */
#include "shm/blocks.h"

#include <stdlib.h>

#define FIRST_ROOM 64
#define ROOM_MAX (UINT32_C(1) << 30)

/* Blocks are 16-aligned; the multiplier spreads what is left over the high bits. */
static uint32_t home(const struct blocks *b, size_t offset)
{
	uint64_t h = (uint64_t)(offset >> 4) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(h >> 32) & (2 * b->room - 1);
}

static uint32_t slot_of(const struct blocks *b, size_t offset)
{
	uint32_t s = home(b, offset);

	while (b->slots[s] != NO_BLOCK && b->all[b->slots[s]].offset != offset)
		s = (s + 1) & (2 * b->room - 1);
	return s;
}

uint32_t blocks_search(const struct blocks *b, size_t offset)
{
	return b->slots[slot_of(b, offset)];
}

/* All records are in use, so only new ones go onto the list. */
static bool grow(struct blocks *b)
{
	uint32_t room = b->room ? b->room * 2 : FIRST_ROOM, i;
	uint32_t *slots = room <= ROOM_MAX ? malloc(2 * (size_t)room * sizeof(*slots)) : NULL;
	struct block *all = slots ? realloc(b->all, room * sizeof(*all)) : NULL;

	if (!all) {
		free(slots);
		return false;
	}
	free(b->slots);
	for (i = 0; i < 2 * room; i++)
		slots[i] = NO_BLOCK;
	for (i = b->room; i < room; i++)
		all[i] = (struct block){.next = i + 1 < room ? i + 1 : NO_BLOCK};
	b->unused = b->room;
	b->all = all;
	b->slots = slots;
	b->room = room;
	for (i = 0; i < b->count; i++)
		slots[slot_of(b, all[i].offset)] = i;
	return true;
}

uint32_t blocks_add(struct blocks *b, size_t offset)
{
	uint32_t i;

	if (b->count == b->room && !grow(b))
		return NO_BLOCK;
	i = b->unused;
	b->unused = b->all[i].next;
	b->all[i] = (struct block){.offset = offset, .next = NO_BLOCK, .live = true};
	b->slots[slot_of(b, offset)] = i;
	b->count++;
	return i;
}

/* Move up what was pushed beyond the slot that becomes empty: no tombstones. */
static void close_gap(struct blocks *b, uint32_t gap)
{
	uint32_t mask = 2 * b->room - 1, s = gap;

	for (;;) {
		uint32_t i;

		s = (s + 1) & mask;
		i = b->slots[s];
		if (i == NO_BLOCK)
			break;
		if (((s - home(b, b->all[i].offset)) & mask) < ((s - gap) & mask))
			continue;
		b->slots[gap] = i;
		gap = s;
	}
	b->slots[gap] = NO_BLOCK;
}

void blocks_remove(struct blocks *b, uint32_t i)
{
	close_gap(b, slot_of(b, b->all[i].offset));
	b->all[i] = (struct block){.next = b->unused};
	b->unused = i;
	b->count--;
}

void blocks_free(struct blocks *b)
{
	free(b->all);
	free(b->slots);
	*b = (struct blocks){0};
}
