/* core/shm/pool.c - the built-in allocator: objects of one size class in slabs of one page, larger
 * blocks as runs of pages.
 *
 * All that it knows stands in one private mapping, touched as it is used: the pages' entries (see
 * runs.h) and per page 64 words of free bits, of which a slab uses one bit an object. A slab with
 * room is on its shelf; at most one slab a shelf is empty. The object that was freed last is
 * taken first, then the lowest free bit: the same calls give the same places.
 */
#include "shm/runs.h"
#include "shm/sizes.h"

#include <errno.h>
#include <rill/allocator.h>
#include <stdbool.h>
#include <sys/mman.h>

#define SLAB_WORDS 64 /* of 64 objects: a page of the smallest class */

/* The slabs of one size class. */
struct shelf {
	char *last; /* freed last and not yet marked so: the next to be taken. NULL: none */
	uint32_t size;
	uint32_t count;      /* objects in a slab */
	uint32_t reciprocal; /* ceil(2^32 / size) */
	uint32_t first;      /* slab with room */
	uint32_t empty;      /* the slab that is, if any */
};

struct pool {
	_Alignas(64) char *base;
	size_t capacity;
	size_t bytes;    /* of this mapping */
	uint64_t *words; /* SLAB_WORDS a page: set bits are free objects */
	struct shelf shelf[CLASSES];
	struct sizes sizes;
	struct runs runs;
};

/* ---- slabs ----------------------------------------------------------------------------------------------------- */

static uint32_t page_of(const struct pool *p, const void *at)
{
	return (uint32_t)((size_t)((const char *)at - p->base) >> PAGE_SHIFT);
}

static size_t page_offset(const struct pool *p, const void *at)
{
	return (size_t)((const char *)at - p->base) & (PAGE_BYTES - 1);
}

static void slab_link(struct pool *p, struct shelf *k, uint32_t s)
{
	struct page *d = &p->runs.page[s];

	d->before = NO_PAGE;
	d->after = k->first;
	if (k->first != NO_PAGE)
		p->runs.page[k->first].before = s;
	k->first = s;
}

static void slab_unlink(struct pool *p, struct shelf *k, uint32_t s)
{
	struct page *d = &p->runs.page[s];

	if (d->after != NO_PAGE)
		p->runs.page[d->after].before = d->before;
	if (d->before != NO_PAGE)
		p->runs.page[d->before].after = d->after;
	else
		k->first = d->after;
}

/* Which object of a slab holds the byte `at`. Exact: at < 2^16, sizes are at least 16. */
static uint32_t index_of(const struct page *d, size_t at)
{
	return (uint32_t)(at * d->reciprocal >> 32);
}

static bool is_free(const struct pool *p, const struct shelf *k, uint32_t s, uint32_t i)
{
	return i >= k->count || p->words[(size_t)s * SLAB_WORDS + i / 64] >> (i % 64) & 1;
}

static void slab_give(struct pool *p, struct shelf *k, uint32_t s)
{
	slab_unlink(p, k, s);
	runs_give(&p->runs, s);
}

static void mark_free(struct pool *p, struct shelf *k, const char *object)
{
	uint32_t s = page_of(p, object), i;
	struct page *d = &p->runs.page[s];

	i = index_of(d, page_offset(p, object));
	if (!d->rooms)
		slab_link(p, k, s);
	d->rooms |= UINT64_C(1) << (i / 64);
	p->words[(size_t)s * SLAB_WORDS + i / 64] |= UINT64_C(1) << (i % 64);
	if (--d->used > 0)
		return;
	if (k->first == s && d->after == NO_PAGE)
		k->empty = s;
	else
		slab_give(p, k, s);
}

/* The last one freed of each size is kept aside: to take it again needs no look at its slab, and it is warm. */
static void object_give(struct pool *p, struct shelf *k, char *object)
{
	const char *older = k->last;

	k->last = object;
	if (older)
		mark_free(p, k, older);
}

/* Give back the slabs that are kept though empty. Was anything kept? */
static bool give_kept(struct pool *p)
{
	bool any = false;
	unsigned c;

	for (c = 0; c < CLASSES; c++) {
		struct shelf *k = &p->shelf[c];

		any |= k->last || k->empty != NO_PAGE;
		if (k->last)
			mark_free(p, k, k->last);
		k->last = NULL;
		if (k->empty != NO_PAGE)
			slab_give(p, k, k->empty);
		k->empty = NO_PAGE;
	}
	return any;
}

static uint32_t take_run(struct pool *p, size_t n, size_t align)
{
	uint32_t at = runs_take(&p->runs, n, align);

	if (at == NO_PAGE && give_kept(p))
		at = runs_take(&p->runs, n, align);
	return at;
}

static uint32_t slab_new(struct pool *p, unsigned c)
{
	struct shelf *k = &p->shelf[c];
	uint32_t s = take_run(p, 1, 1), left = k->count, w;
	struct page *d;

	if (s == NO_PAGE)
		return NO_PAGE;
	d = &p->runs.page[s];
	d->kind = PAGE_SLAB;
	d->shelf = (uint8_t)c;
	d->used = 0;
	d->rooms = 0;
	d->reciprocal = k->reciprocal;
	for (w = 0; left > 0; w++) {
		uint32_t n = left < 64 ? left : 64;

		p->words[(size_t)s * SLAB_WORDS + w] = ~UINT64_C(0) >> (64 - n);
		d->rooms |= UINT64_C(1) << w;
		left -= n;
	}
	k->empty = s;
	slab_link(p, k, s);
	return s;
}

static void *object_take(struct pool *p, unsigned c)
{
	struct shelf *k = &p->shelf[c];
	uint32_t s = k->first, w, i;
	struct page *d;
	uint64_t *word;
	char *last = k->last;

	if (last) {
		k->last = NULL;
		return last;
	}
	if (s == NO_PAGE && (s = slab_new(p, c)) == NO_PAGE)
		return NULL;
	d = &p->runs.page[s];
	w = (uint32_t)__builtin_ctzll(d->rooms);
	word = &p->words[(size_t)s * SLAB_WORDS + w];
	i = w * 64 + (uint32_t)__builtin_ctzll(*word);
	*word &= *word - 1;
	if (!*word) {
		d->rooms &= d->rooms - 1;
		if (!d->rooms)
			slab_unlink(p, k, s);
	}
	if (d->used++ == 0)
		k->empty = NO_PAGE;
	return p->base + ((size_t)s << PAGE_SHIFT) + (size_t)i * k->size;
}

/* ---- the allocator's calls ------------------------------------------------------------------------------------- */

static void shelf_init(struct shelf *k, uint32_t size)
{
	k->size = size;
	k->count = (uint32_t)PAGE_BYTES / size;
	k->reciprocal = (uint32_t)(((UINT64_C(1) << 32) + size - 1) / size);
	k->first = k->empty = NO_PAGE;
}

static int pool_create(void **ret_self, const struct rill_space *space)
{
	size_t count = space->capacity >> PAGE_SHIFT;
	size_t words = count * SLAB_WORDS * sizeof(uint64_t);
	size_t bytes = sizeof(struct pool) + words + runs_bytes(count);
	struct pool *p;
	unsigned c;

	if (!count || count > PAGES_MAX)
		return -EINVAL;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	p->base = space->base;
	p->capacity = space->capacity;
	p->bytes = bytes;
	p->words = (uint64_t *)(void *)(p + 1);
	sizes_init(&p->sizes);
	for (c = 0; c < CLASSES; c++)
		shelf_init(&p->shelf[c], p->sizes.of[c]);
	runs_init(&p->runs, space, p->words + count * SLAB_WORDS);
	*ret_self = p;
	return 0;
}

static void pool_destroy(void *self)
{
	struct pool *p = self;

	munmap(p, p->bytes);
}

static void *run_alloc(struct pool *p, size_t alignment, size_t len)
{
	size_t align = alignment > PAGE_BYTES ? alignment >> PAGE_SHIFT : 1;
	uint32_t at;

	if (len > p->capacity)
		return NULL;
	at = take_run(p, (len + PAGE_BYTES - 1) >> PAGE_SHIFT, align);
	return at == NO_PAGE ? NULL : p->base + ((size_t)at << PAGE_SHIFT);
}

static void *pool_alloc(void *self, size_t alignment, size_t len)
{
	struct pool *p = self;

	if (len > OBJECT_MAX || alignment > OBJECT_MAX)
		return run_alloc(p, alignment, len);
	if (alignment <= 16)
		return object_take(p, sizes_class(&p->sizes, len));
	return object_take(p, sizes_class_aligned(&p->sizes, alignment, len));
}

static void pool_free(void *self, void *block)
{
	struct pool *p = self;
	uint32_t at = page_of(p, block);

	if (p->runs.page[at].kind == PAGE_SLAB)
		object_give(p, &p->shelf[p->runs.page[at].shelf], block);
	else
		runs_give(&p->runs, at);
}

static int pool_resize(void *self, void *block, size_t len)
{
	struct pool *p = self;
	uint32_t at = page_of(p, block);
	const struct page *d = &p->runs.page[at];

	if (d->kind == PAGE_SLAB)
		return len <= p->shelf[d->shelf].size ? 0 : -ENOMEM;
	if (len > p->capacity)
		return -ENOMEM;
	return runs_resize(&p->runs, at, (len + PAGE_BYTES - 1) >> PAGE_SHIFT);
}

static int find_object(const struct pool *p, uint32_t s, size_t at, void **ret_block, size_t *ret_len)
{
	const struct page *d = &p->runs.page[s];
	const struct shelf *k = &p->shelf[d->shelf];
	uint32_t i = index_of(d, at);
	char *object = p->base + ((size_t)s << PAGE_SHIFT) + (size_t)i * k->size;

	if (is_free(p, k, s, i) || object == k->last)
		return -ENOENT;
	*ret_block = object;
	*ret_len = k->size;
	return 0;
}

static int pool_find(void *self, const void *inside, void **ret_block, size_t *ret_len)
{
	struct pool *p = self;
	size_t offset = (uintptr_t)inside - (uintptr_t)p->base;
	uint32_t head;

	if (offset >= p->capacity)
		return -ENOENT;
	head = runs_head(&p->runs, (uint32_t)(offset >> PAGE_SHIFT));
	if (p->runs.page[head].kind == PAGE_SLAB)
		return find_object(p, head, offset & (PAGE_BYTES - 1), ret_block, ret_len);
	if (p->runs.page[head].kind != PAGE_RUN)
		return -ENOENT;
	*ret_block = p->base + ((size_t)head << PAGE_SHIFT);
	*ret_len = (size_t)p->runs.page[head].length << PAGE_SHIFT;
	return 0;
}

static int pool_release(void *self, void *block)
{
	struct pool *p = self;
	size_t offset = (uintptr_t)block - (uintptr_t)p->base;
	uint32_t at = (uint32_t)(offset >> PAGE_SHIFT), i;
	const struct page *d;
	struct shelf *k;

	if (offset >= p->capacity)
		return -ENOENT;
	d = &p->runs.page[at];
	offset &= PAGE_BYTES - 1;
	if (d->kind == PAGE_SLAB) {
		k = &p->shelf[d->shelf];
		i = index_of(d, offset);
		if (offset != i * k->size || is_free(p, k, at, i) || block == k->last)
			return -ENOENT;
		object_give(p, k, block);
		return 0;
	}
	if (d->kind != PAGE_RUN || offset)
		return -ENOENT;
	runs_give(&p->runs, at);
	return 0;
}

static size_t pool_allocated(void *self)
{
	const struct pool *p = self;
	size_t at = 0, bytes = 0;
	unsigned c;

	for (; at < p->runs.count; at += p->runs.page[at].length) {
		const struct page *d = &p->runs.page[at];

		if (d->kind == PAGE_SLAB)
			bytes += (size_t)d->used * p->shelf[d->shelf].size;
		else if (d->kind == PAGE_RUN)
			bytes += (size_t)d->length << PAGE_SHIFT;
	}
	for (c = 0; c < CLASSES; c++)
		bytes -= p->shelf[c].last ? p->shelf[c].size : 0;
	return bytes;
}

static size_t pool_prepare(void *self, size_t bytes)
{
	struct pool *p = self;
	size_t n = bytes > p->capacity ? p->runs.count : (bytes + PAGE_BYTES - 1) >> PAGE_SHIFT;

	return runs_prepare(&p->runs, n) << PAGE_SHIFT;
}

static size_t pool_trim(void *self, size_t bytes)
{
	struct pool *p = self;

	if (bytes < PAGE_BYTES)
		return 0;
	give_kept(p);
	return runs_trim(&p->runs, bytes >> PAGE_SHIFT) << PAGE_SHIFT;
}

const struct rill_allocator *rill_pool_allocator(void)
{
	static const struct rill_allocator pool = {
		.size = sizeof(pool),
		.name = "pool",
		.create = pool_create,
		.destroy = pool_destroy,
		.alloc = pool_alloc,
		.free = pool_free,
		.resize = pool_resize,
		.find = pool_find,
		.prepare = pool_prepare,
		.trim = pool_trim,
		.release = pool_release,
		.allocated = pool_allocated,
	};

	return &pool;
}
