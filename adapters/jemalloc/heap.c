/* adapters/jemalloc/heap.c - the life of an arena's records, of jemalloc's arena, and of jemalloc itself.
 *
 * jemalloc gets the range once, at create, as free space; the hook that it would ask for more always says no, so that
 * nothing of its own can come to lie in the range. The first and the last page are left out: jemalloc joins free space
 * with its neighbours in the address space, whoever owns them, and must find none.
 */
#include "heap.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

/* ---- jemalloc, and a fork ----------------------------------------------------------------------------------------
 * Its options are ours alone: the build points secure_getenv() and readlink() of its objects to the stubs below. Internal
 * memory is unmapped when it is not needed (retain), and one internal arena will do. */

const char *je_malloc_conf =
	"narenas:1,retain:false,dss:disabled,dirty_decay_ms:-1,muzzy_decay_ms:-1,"
	"cache_oblivious:false,lg_extent_max_active_fit:63,oversize_threshold:0,background_thread:false,tcache:false";

/* 5.3.0 knows this option by name and does not accept it. Else each large block would cost a page more. */
extern bool je_opt_cache_oblivious __attribute__((weak));

static void say_nothing(void *self, const char *text)
{
	(void)self, (void)text;
}

/* A word that reads 0 in a forked child. There jemalloc's locks may be held by threads that are gone. */
static _Atomic(atomic_uint *) mark;
static atomic_size_t in_use; /* heaps, those being made or unmade included */

#define BOOT_ROOM ((size_t)8 << 20) /* of addresses: for jemalloc and a first heap */

/* jemalloc looks at a page as it starts, and crashes where it could not map it. */
static bool can_start(void)
{
	void *m = mmap(NULL, BOOT_ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return m != MAP_FAILED && munmap(m, BOOT_ROOM) == 0;
}

static atomic_uint *new_mark(void)
{
	atomic_uint *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *none = NULL;

	if (m == MAP_FAILED)
		return NULL;
	atomic_store(m, 1);
	if (madvise(m, sizeof(*m), MADV_WIPEONFORK) == 0 && atomic_compare_exchange_strong(&mark, &none, m))
		return m;
	munmap(m, sizeof(*m));
	return none;
}

static bool inherited(void)
{
	return atomic_load(atomic_load(&mark)) == 0;
}

static int begin_use(void)
{
	if (!atomic_load(&mark) && (!can_start() || !new_mark()))
		return -ENOMEM;
	if (inherited() && atomic_load(&in_use))
		return -ECHILD;
	atomic_store(atomic_load(&mark), 1);
	atomic_fetch_add(&in_use, 1);
	if (&je_opt_cache_oblivious)
		__atomic_store_n(&je_opt_cache_oblivious, false, __ATOMIC_RELAXED);
	__atomic_store_n(&je_malloc_message, say_nothing, __ATOMIC_RELAXED);
	return 0;
}

static void end_use(void)
{
	atomic_fetch_sub(&in_use, 1);
}

static void call_arena(const struct heap *h, const char *what)
{
	char name[40];

	snprintf(name, sizeof(name), "arena.%u.%s", h->arena, what);
	je_mallctl(name, NULL, NULL, NULL, 0);
}

/* ---- what was freed, from here to jemalloc --------------------------------------------------------------------- */

/* Down one step: a program often takes again at once what it has freed; that needs no look at bits and lists. */
void heap_keep_last(struct heap *h)
{
	void *block = h->last;
	struct kept *k = &h->kept[h->last_class];

	h->loose = true;
	live_remove(h, offset_of(h, block));
	if (k->count < k->max)
		k->block[k->count++] = block;
	else
		je_dallocx(block, h->flags);
	h->last = NULL;
	h->last_class = CLASSES;
}

/* All free space joined again: what the cache holds, and what was freed in small pieces. Only records change. */
void heap_gather(struct heap *h)
{
	if (h->last)
		heap_keep_last(h);
	for (unsigned c = 1; c < CLASSES; c++)
		while (h->kept[c].count)
			je_dallocx(h->kept[c].block[--h->kept[c].count], h->flags);
	je_mallctl("tcache.flush", NULL, NULL, &h->cache, sizeof(h->cache));
	call_arena(h, "purge");
	h->loose = false;
}

/* ---- create and destroy ---------------------------------------------------------------------------------------- */

/* Blocks that are the range together, one after the other, and free again: nothing is backed or touched. */
static bool give_range(struct heap *h)
{
	int flags = MALLOCX_ARENA(h->arena) | MALLOCX_TCACHE_NONE;
	void *block[16];
	unsigned n = 0;

	h->giving = true;
	h->given = (size_t)1 << h->page_shift;
	while (n < 16) {
		size_t rest = h->capacity - ((size_t)1 << h->page_shift) - h->given;

		if (rest < LARGE_MIN)
			break;
		rest &= ~(((size_t)1 << (61 - __builtin_clzll(rest))) - 1); /* a class: there are four in each doubling */
		if (!(block[n] = je_mallocx(rest, flags)))
			break;
		n++;
	}
	for (unsigned i = 0; i < n; i++)
		je_dallocx(block[i], flags);
	call_arena(h, "purge");
	h->giving = false;
	return n > 0;
}

static bool get(const char *name, void *value, size_t len)
{
	return je_mallctl(name, value, &len, NULL, 0) == 0;
}

static bool set_hooks(struct heap *h)
{
	extent_hooks_t *hooks = &h->hooks;
	char name[40];

	h->hooks = pages_hooks;
	snprintf(name, sizeof(name), "arena.%u.extent_hooks", h->arena);
	return je_mallctl(name, NULL, NULL, &hooks, sizeof(hooks)) == 0;
}

/* The arena is made with jemalloc's own hooks, which its records go on using, and gets ours then. */
static int start(struct heap *h)
{
	if (!get("arenas.create", &h->arena, sizeof(h->arena)))
		return -ENOMEM;
	if (!get("tcache.create", &h->cache, sizeof(h->cache)))
		goto no_cache;
	h->flags = MALLOCX_ARENA(h->arena) | MALLOCX_TCACHE(h->cache);
	if (set_hooks(h) && give_range(h))
		return 0;
	je_mallctl("tcache.destroy", NULL, NULL, &h->cache, sizeof(h->cache));
no_cache:
	call_arena(h, "destroy");
	return -ENOMEM;
}

/* Class 0 is for all that we do not keep. */
static void learn_classes(struct heap *h)
{
	size_t len = GRAIN, i = 0;
	unsigned c;

	for (c = 1; len <= SMALL_MAX && c < CLASSES; c++) {
		struct kept *k = &h->kept[c];

		len = je_nallocx(len, 0);
		k->max = KEPT_BYTES / len < KEPT_MAX ? (uint32_t)(KEPT_BYTES / len) : KEPT_MAX;
		for (; i <= len >> GRAIN_SHIFT; i++)
			h->class_of[i] = (unsigned char)c;
		len += GRAIN;
	}
}

static struct heap *new_heap(const struct rill_space *space, unsigned page_shift)
{
	size_t pages = space->capacity >> page_shift, bytes = sizeof(struct heap) + (pages + 7) / 8 * 8, at = bytes;
	struct heap *h;
	unsigned t;

	for (t = 0; t < TIERS; t++)
		bytes += live_words(space->capacity, t) * sizeof(uint64_t);
	h = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (h == MAP_FAILED)
		return NULL;
	h->base = space->base;
	h->capacity = space->capacity;
	h->space = *space;
	h->bytes = bytes;
	h->page = (unsigned char *)(h + 1);
	h->page_shift = page_shift;
	h->pages = pages;
	h->fresh = 1;
	h->left = pages - 2;
	h->last_class = CLASSES;
	for (t = 0; t < TIERS; t++) {
		h->live[t] = (uint64_t *)(void *)((char *)h + at);
		at += live_words(space->capacity, t) * sizeof(uint64_t);
	}
	while (live_words(space->capacity, h->top) > 1)
		h->top++;
	learn_classes(h);
	return h;
}

static int make(void **ret_self, const struct rill_space *space)
{
	struct heap *h;
	size_t page;
	int r;

	if (!get("arenas.page", &page, sizeof(page)))
		return -ENOMEM;
	if (space->capacity < 2 * page + LARGE_MIN || space->capacity % page || (uintptr_t)space->base % page)
		return -EINVAL;
	h = new_heap(space, (unsigned)__builtin_ctzl(page));
	if (!h)
		return -ENOMEM;
	r = start(h);
	if (r < 0)
		munmap(h, h->bytes);
	else
		*ret_self = h;
	return r;
}

int heap_create(void **ret_self, const struct rill_space *space)
{
	int r = begin_use();

	if (r < 0)
		return r;
	r = make(ret_self, space);
	if (r < 0)
		end_use();
	return r;
}

void heap_destroy(void *self)
{
	struct heap *h = self;

	if (!inherited()) {
		je_mallctl("tcache.destroy", NULL, NULL, &h->cache, sizeof(h->cache));
		call_arena(h, "destroy");
		je_mallctl("arena.0.purge", NULL, NULL, NULL, 0); /* where the cache's records were */
		end_use();
	}
	munmap(h, h->bytes);
}
