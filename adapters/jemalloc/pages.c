/* adapters/jemalloc/pages.c - which pages are backed, and jemalloc's extent hooks.
 *
 * jemalloc says which pages it begins to use (commit) and has stopped using (decommit). We note that, reserve those that
 * are not backed yet, and give memory back in trim alone.
 *
 *   FRESH -> (prepare, or commit) READY -> (commit) TAKEN -> (decommit) READY -> (trim) FRESH
 */
#include "heap.h"

#include <errno.h>
#include <string.h>

static int back(struct heap *h, size_t from, size_t to)
{
	size_t i;

	if (h->space.reserve(h->space.space, from << h->page_shift, (to - from) << h->page_shift) < 0)
		return -ENOMEM;
	for (i = from; i < to; i++) {
		if (h->page[i] != FRESH)
			continue;
		h->page[i] = READY;
		h->ready++;
		h->left--;
	}
	return 0;
}

/* The same with what is near it: a system call a step, not one a page. */
static int back_step(struct heap *h, size_t from, size_t to)
{
	size_t step = STEP >> h->page_shift, first = from / step * step, last = (to + step - 1) / step * step;

	first = first ? first : 1;
	last = last < h->pages ? last : h->pages - 1;
	return back(h, first, last) == 0 ? 0 : back(h, from, to);
}

static struct heap *heap_of(extent_hooks_t *hooks)
{
	return (struct heap *)(void *)((char *)hooks - offsetof(struct heap, hooks));
}

static void *on_alloc(extent_hooks_t *hooks, void *at, size_t size, size_t align, bool *zero, bool *commit, unsigned arena)
{
	struct heap *h = heap_of(hooks);
	char *next = h->base + h->given;
	size_t page = (size_t)1 << h->page_shift;

	(void)commit, (void)arena;
	if (!h->giving || at || *zero || size > h->capacity - page - h->given || (uintptr_t)next & (align - 1))
		return NULL;
	h->given += size;
	return next;
}

/* Before pages are used. While there are FRESH ones it is asked for these, too, if they are READY: the arena sees that what
 * was kept ready is used up. */
static int back_for_use(struct heap *h, size_t from, size_t to)
{
	if (memchr(h->page + from, FRESH, to - from))
		return back_step(h, from, to);
	return h->left ? back(h, from, to) : 0;
}

static bool on_commit(extent_hooks_t *hooks, void *extent, size_t size, size_t offset, size_t len, unsigned arena)
{
	struct heap *h = heap_of(hooks);
	size_t from = page_of(h, (char *)extent + offset), to = from + (len >> h->page_shift), i;

	(void)size, (void)arena;
	if (back_for_use(h, from, to) < 0)
		return true;
	for (i = from; i < to; i++)
		h->ready -= h->page[i] == READY;
	memset(h->page + from, TAKEN, to - from);
	return false;
}

static bool on_decommit(extent_hooks_t *hooks, void *extent, size_t size, size_t offset, size_t len, unsigned arena)
{
	struct heap *h = heap_of(hooks);

	(void)size, (void)arena;
	if (h->giving)
		return false;
	memset(h->page + page_of(h, (char *)extent + offset), READY, len >> h->page_shift);
	h->ready += len >> h->page_shift;
	return false;
}

static bool on_split(extent_hooks_t *hooks, void *at, size_t size, size_t a, size_t b, bool committed, unsigned arena)
{
	(void)hooks, (void)at, (void)size, (void)a, (void)b, (void)committed, (void)arena;
	return false;
}

static bool on_merge(extent_hooks_t *hooks, void *a, size_t a_size, void *b, size_t b_size, bool committed, unsigned arena)
{
	(void)hooks, (void)a, (void)a_size, (void)b, (void)b_size, (void)committed, (void)arena;
	return false;
}

const extent_hooks_t pages_hooks = {
	.alloc = on_alloc,
	.commit = on_commit,
	.decommit = on_decommit,
	.split = on_split,
	.merge = on_merge,
};

/* ---- ahead, and back ------------------------------------------------------------------------------------------- */

size_t pages_prepare(struct heap *h, size_t bytes)
{
	size_t want = bytes > h->capacity ? h->pages : bytes >> h->page_shift, before = h->ready;

	while (h->left && h->ready < want) {
		const unsigned char *end = h->page + h->pages - 1,
				    *at = memchr(h->page + h->fresh, FRESH, h->pages - 1 - h->fresh);
		size_t n = 0;

		h->fresh = at ? (size_t)(at - h->page) : h->pages - 1;
		while (at && at + n < end && at[n] == FRESH && h->ready + n < want)
			n++;
		if (!n || back(h, h->fresh, h->fresh + n) < 0)
			break;
	}
	return (h->ready - before) << h->page_shift;
}

size_t pages_trim(struct heap *h, size_t bytes)
{
	size_t left = bytes >> h->page_shift, end = h->pages, before;

	if (left && heap_loose(h))
		heap_gather(h);
	before = h->ready;
	while (left && h->ready) {
		const unsigned char *last = memrchr(h->page, READY, end);
		size_t n = 0;

		if (!last)
			break;
		while (n < left && last[-(ptrdiff_t)n] == READY)
			n++;
		end = (size_t)(last - h->page) + 1 - n;
		if (h->space.unreserve(h->space.space, end << h->page_shift, n << h->page_shift) < 0)
			break;
		memset(h->page + end, FRESH, n);
		h->fresh = h->fresh < end ? h->fresh : end;
		h->ready -= n;
		h->left += n;
		left -= n;
	}
	return (before - h->ready) << h->page_shift;
}
