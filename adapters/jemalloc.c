/* adapters/jemalloc.c - blocks of an arena placed by a private copy of jemalloc.
 *
 * To jemalloc the arena's range is arithmetic: it keeps its records elsewhere and never reads or writes a byte of what it
 * hands out. What it cannot tell is which blocks are live (what lies in a cache is in use to it), and it must not be asked
 * about an address that is not: so we keep a bit for each 16 bytes at which a live block begins, and ask those first.
 *
 * A block goes back in steps: the last one freed, the last ones of its size, jemalloc's cache for this arena, its arena.
 */
#include "jemalloc/heap.h"

#include <errno.h>
#include <rill/jemalloc.h>

/* Once more, if something was freed since the last time that it was all searched in vain. */
static void *place_again(struct heap *h, size_t len, int flags)
{
	if (!heap_loose(h))
		return NULL;
	heap_gather(h);
	return je_mallocx(len, flags);
}

static void *place(struct heap *h, size_t alignment, size_t len)
{
	int flags = h->flags | (alignment > GRAIN ? MALLOCX_LG_ALIGN(__builtin_ctzl(alignment)) : 0);
	void *block;

	if (len > h->capacity)
		return NULL;
	len = len < GRAIN ? GRAIN : len; /* jemalloc has a class of 8 */
	block = je_mallocx(len, flags);
	if (!block && !(block = place_again(h, len, flags)))
		return NULL;
	len = alignment > GRAIN ? je_sallocx(block, 0) : len;
	h->page[page_of(h, block)] = (unsigned char)(TAKEN + (len > SMALL_MAX ? 0 : class_of(h, len)));
	live_add(h, offset_of(h, block));
	return block;
}

/* Each step is a function apart: the ones before it, which do most calls, save no registers for it. */
static __attribute__((noinline)) void *take_kept(struct heap *h, size_t len)
{
	struct kept *k = &h->kept[class_of(h, len)];
	void *block;

	if (!k->count)
		return place(h, GRAIN, len);
	block = k->block[--k->count];
	live_add(h, offset_of(h, block));
	return block;
}

static void *jemalloc_alloc(void *self, size_t alignment, size_t len)
{
	struct heap *h = self;
	void *last;

	if (len > SMALL_MAX || alignment > GRAIN)
		return place(h, alignment, len);
	if (class_of(h, len) != h->last_class)
		return take_kept(h, len);
	last = h->last;
	h->last = NULL;
	h->last_class = CLASSES;
	return last;
}

static __attribute__((noinline)) int give_on(struct heap *h, void *block, unsigned class)
{
	if (!class) {
		h->loose = true;
		live_remove(h, offset_of(h, block));
		je_dallocx(block, h->flags);
		return 0;
	}
	heap_keep_last(h);
	h->last = block;
	h->last_class = class;
	return 0;
}

static inline int give(struct heap *h, void *block, size_t offset)
{
	unsigned class = h->page[offset >> h->page_shift] - TAKEN;

	if (!class || h->last)
		return give_on(h, block, class);
	h->last = block;
	h->last_class = class;
	return 0;
}

static void jemalloc_free(void *self, void *block)
{
	give(self, block, offset_of(self, block));
}

static int jemalloc_release(void *self, void *block)
{
	size_t offset = offset_of(self, block);

	if (!is_live(self, offset) || block == ((struct heap *)self)->last)
		return -ENOENT;
	return give(self, block, offset);
}

static bool is_large(const struct heap *h, const void *block)
{
	return h->page[page_of(h, block)] == TAKEN;
}

static int jemalloc_resize(void *self, void *block, size_t len)
{
	struct heap *h = self;

	if (len > h->capacity)
		return -ENOMEM;
	if (is_large(h, block) && len < LARGE_MIN)
		len = LARGE_MIN; /* in place it cannot become a small one, and would stay as it is */
	h->loose = true;         /* a shorter one frees pages */
	return je_xallocx(block, len, 0, h->flags) >= len ? 0 : -ENOMEM;
}

static int jemalloc_find(void *self, const void *inside, void **ret_block, size_t *ret_len)
{
	struct heap *h = self;
	size_t at = offset_of(h, inside), begin, len;

	if (at >= h->capacity || !live_below(h, at, &begin))
		return -ENOENT;
	len = je_sallocx(h->base + begin, 0);
	if (at - begin >= len || h->base + begin == h->last)
		return -ENOENT;
	*ret_block = h->base + begin;
	*ret_len = len;
	return 0;
}

static size_t jemalloc_allocated(void *self)
{
	struct heap *h = self;

	return live_bytes(h) - (h->last ? je_sallocx(h->last, 0) : 0);
}

static size_t jemalloc_prepare(void *self, size_t bytes)
{
	return pages_prepare(self, bytes);
}

static size_t jemalloc_trim(void *self, size_t bytes)
{
	return pages_trim(self, bytes);
}

const struct rill_allocator *rill_jemalloc_allocator(void)
{
	static const struct rill_allocator jemalloc = {
		.size = sizeof(jemalloc),
		.name = "jemalloc",
		.create = heap_create,
		.destroy = heap_destroy,
		.alloc = jemalloc_alloc,
		.free = jemalloc_free,
		.resize = jemalloc_resize,
		.find = jemalloc_find,
		.prepare = jemalloc_prepare,
		.trim = jemalloc_trim,
		.release = jemalloc_release,
		.allocated = jemalloc_allocated,
	};

	return &jemalloc;
}
