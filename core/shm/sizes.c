/* core/shm/sizes.c - eight sizes a doubling; from 8 KiB on the largest of which 7, 6, 5, 4, 3 and 2 fill 64 KiB. All powers of
 * two are among them, so every alignment finds its class. */
#include "shm/sizes.h"

#define SLAB ((uint32_t)1 << 16)

static uint32_t next_size(uint32_t size)
{
	uint32_t power = 128;

	if (size < 128)
		return size + 16;
	if (size >= 8192)
		return SLAB / (SLAB / size - 1) & ~127u;
	while (power * 2 <= size)
		power *= 2;
	return size + power / 8;
}

void sizes_init(struct sizes *s)
{
	uint32_t size = 16, from = 0;
	unsigned c;

	for (c = 0; c < CLASSES; c++) {
		s->of[c] = size;
		for (; from <= size; from += from < SMALL_MAX ? 16 : 128) {
			if (from <= SMALL_MAX)
				s->small[from / 16] = (uint8_t)c;
			if (from % 128 == 0)
				s->large[from / 128] = (uint8_t)c;
		}
		size = c + 1 < CLASSES ? next_size(size) : size;
	}
}

unsigned sizes_class_aligned(const struct sizes *s, size_t alignment, size_t len)
{
	unsigned c = sizes_class(s, len > alignment ? len : alignment);

	while (s->of[c] & (alignment - 1))
		c++;
	return c;
}
