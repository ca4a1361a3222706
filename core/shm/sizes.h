/* core/shm/sizes.h - the sizes of the pool's objects, and which of them a wish is given. */
#ifndef CORE_SHM_SIZES_H
#define CORE_SHM_SIZES_H

#include <stddef.h>
#include <stdint.h>

#define CLASSES 62
#define OBJECT_MAX ((size_t)1 << 15)
#define SMALL_MAX ((size_t)1024) /* up to here found in steps of 16 bytes, above in steps of 128 */

struct sizes {
	uint32_t of[CLASSES]; /* ascending, multiples of 16; of 128 above SMALL_MAX */
	uint8_t small[SMALL_MAX / 16 + 1];
	uint8_t large[OBJECT_MAX / 128 + 1];
};

void sizes_init(struct sizes *s);

/* The least class that holds len <= OBJECT_MAX bytes. */
static inline unsigned sizes_class(const struct sizes *s, size_t len)
{
	return len <= SMALL_MAX ? s->small[(len + 15) / 16] : s->large[(len + 127) / 128];
}

/* The same whose objects, side by side from an aligned begin, are all aligned (to at most OBJECT_MAX). */
unsigned sizes_class_aligned(const struct sizes *s, size_t alignment, size_t len);

#endif
