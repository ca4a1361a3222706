/* core/shm/runs.c - a two-level fit over page counts, and which pages are backed.
 *
 * A free run is in FIT_ALL by its length and, if its first pages are backed, in FIT_BACKED by their number; it is always
 * carved from its begin. So what was used before is used first, and a long run whose first pages are backed serves small
 * wishes without the kernel. A kept run is in neither.
 */
#include "shm/runs.h"

#include <errno.h>

#define LOOKS 16  /* entries of an index that one call looks at */
#define SCAN 1024 /* pages of a free run whose backing is looked at: keeps give and take O(1) */
#define STEP 4    /* pages: what is reserved at least when the kernel must be asked */

/* ---- the two indexes ------------------------------------------------------------------------------------------- */

static size_t bin_of(size_t n)
{
	unsigned top;

	if (n < FIT_STEPS)
		return n;
	top = 63 - (unsigned)__builtin_clzll(n);
	return (size_t)(top - 3) * FIT_STEPS + ((n >> (top - 4)) & (FIT_STEPS - 1));
}

/* The first bin all of whose runs have n pages. */
static size_t bin_above(size_t n)
{
	if (n >= FIT_STEPS)
		n += ((size_t)1 << (59 - __builtin_clzll(n))) - 1;
	return n <= PAGES_MAX ? bin_of(n) : FIT_BINS;
}

static uint32_t key(const struct page *d, int which)
{
	return which == FIT_ALL ? d->length : d->backed;
}

static void fit_insert(struct runs *r, int which, uint32_t p)
{
	struct fit *f = &r->fit[which];
	size_t bin = bin_of(key(&r->page[p], which));
	uint32_t next = f->first[bin];

	if (!(f->bins[bin / 64] >> (bin % 64) & 1))
		next = NO_PAGE;
	else
		r->page[next].prev[which] = p;
	r->page[p].next[which] = next;
	r->page[p].prev[which] = NO_PAGE;
	f->first[bin] = p;
	f->bins[bin / 64] |= UINT64_C(1) << (bin % 64);
}

static void fit_remove(struct runs *r, int which, uint32_t p)
{
	struct fit *f = &r->fit[which];
	struct page *d = &r->page[p];
	size_t bin = bin_of(key(d, which));
	uint32_t next = d->next[which], prev = d->prev[which];

	if (next != NO_PAGE)
		r->page[next].prev[which] = prev;
	if (prev != NO_PAGE)
		r->page[prev].next[which] = next;
	else
		f->first[bin] = next;
	if (prev == NO_PAGE && next == NO_PAGE)
		f->bins[bin / 64] &= ~(UINT64_C(1) << (bin % 64));
}

/* Where n pages at a multiple of `align` fit into the first `room` pages of p; NO_PAGE: nowhere. */
static uint32_t place(const struct runs *r, uint32_t p, size_t room, size_t n, size_t align)
{
	size_t lead = (uintptr_t)r->space.base >> PAGE_SHIFT;
	size_t at = ((lead + p + align - 1) & ~(align - 1)) - lead;

	return at + n <= p + room ? (uint32_t)at : NO_PAGE;
}

/* A free run with room for n aligned pages: a few that may fit are tried, the best bins first, then one that must. */
static uint32_t fit_find(const struct runs *r, int which, size_t n, size_t align)
{
	const struct fit *f = &r->fit[which];
	unsigned looks = LOOKS;
	size_t bin = bin_of(n);

	while (looks && (bin = bits_first(f->bins, bin, FIT_BINS, true)) < FIT_BINS) {
		uint32_t p;

		for (p = f->first[bin]; p != NO_PAGE && looks; p = r->page[p].next[which], looks--)
			if (place(r, p, key(&r->page[p], which), n, align) != NO_PAGE)
				return p;
		bin++;
	}
	bin = bits_first(f->bins, bin_above(n + align - 1), FIT_BINS, true);
	return bin < FIT_BINS ? f->first[bin] : NO_PAGE;
}

/* ---- segments -------------------------------------------------------------------------------------------------- */

/* Sort a free run into FIT_BACKED by what is backed now. */
static void sort_backed(struct runs *r, uint32_t p)
{
	struct page *d = &r->page[p];
	size_t scan = d->length < SCAN ? d->length : SCAN;

	d->backed = (uint32_t)(bits_first(r->backed, p, p + scan, false) - p);
	if (d->backed)
		fit_insert(r, FIT_BACKED, p);
}

static void unsort_backed(struct runs *r, uint32_t p)
{
	if (r->page[p].backed)
		fit_remove(r, FIT_BACKED, p);
}

static void head_add(struct runs *r, size_t p, uint8_t kind, size_t length)
{
	r->page[p].kind = kind;
	r->page[p].length = (uint32_t)length;
	tiers_add(&r->heads, p);
}

static void head_remove(struct runs *r, size_t p)
{
	r->page[p].kind = PAGE_INSIDE;
	tiers_remove(&r->heads, p);
}

static void free_add(struct runs *r, size_t p, size_t length)
{
	if (!length)
		return;
	head_add(r, p, PAGE_FREE, length);
	fit_insert(r, FIT_ALL, (uint32_t)p);
	sort_backed(r, (uint32_t)p);
}

/* Take a free run off the indexes; it stays a segment until its head is removed. */
static void free_unlink(struct runs *r, uint32_t p)
{
	unsort_backed(r, p);
	fit_remove(r, FIT_ALL, p);
}

/* Back [from, to); where the kernel must be asked it is asked for STEP pages at least, but not beyond `limit`. */
static int back(struct runs *r, size_t from, size_t to, size_t limit)
{
	size_t first = bits_first(r->used, from, to, false);
	size_t bare = bits_first(r->backed, first, to, false);
	size_t end = to;

	if (first == to)
		return 0;
	if (bare < to && bare + STEP > to)
		end = bare + STEP < limit ? bare + STEP : limit;
	while (r->space.reserve(r->space.space, first << PAGE_SHIFT, (end - first) << PAGE_SHIFT) < 0) {
		if (end == to)
			return -ENOMEM;
		end = to;
	}
	r->ahead += bits_fill(r->backed, first, end);
	r->ahead -= bits_fill(r->used, first, to);
	return 0;
}

/* ---- calls ----------------------------------------------------------------------------------------------------- */

size_t runs_bytes(size_t count)
{
	size_t words = 2 * bits_words(count) + tiers_words(count);

	return count * sizeof(struct page) + words * sizeof(uint64_t);
}

void runs_init(struct runs *r, const struct rill_space *space, void *zeroed)
{
	uint64_t *words;

	r->space = *space;
	r->count = space->capacity >> PAGE_SHIFT;
	r->page = zeroed;
	words = (uint64_t *)(void *)(r->page + r->count);
	r->backed = words;
	r->used = r->backed + bits_words(r->count);
	for (size_t i = 0; i <= KEPT_LENGTH; i++)
		r->kept.first[i] = NO_PAGE;
	tiers_init(&r->heads, r->used + bits_words(r->count), r->count);
	free_add(r, 0, r->count);
}

static uint32_t take_kept(struct runs *r, size_t n)
{
	uint32_t p = r->kept.first[n];

	r->kept.first[n] = r->page[p].older;
	r->kept.pages -= n;
	r->page[p].kind = PAGE_RUN;
	return p;
}

static uint32_t find(struct runs *r, size_t n, size_t align)
{
	uint32_t p = fit_find(r, FIT_BACKED, n, align);

	if (p == NO_PAGE && runs_join(r))
		p = fit_find(r, FIT_BACKED, n, align);
	return p == NO_PAGE ? fit_find(r, FIT_ALL, n, align) : p;
}

uint32_t runs_take(struct runs *r, size_t n, size_t align)
{
	uint32_t p, at;
	size_t end;

	if (n <= KEPT_LENGTH && align == 1 && r->kept.first[n] != NO_PAGE)
		return take_kept(r, n);
	if (n > r->count)
		return NO_PAGE;
	p = find(r, n, align);
	if (p == NO_PAGE)
		return NO_PAGE;
	end = p + r->page[p].length;
	at = place(r, p, r->page[p].length, n, align);
	if (back(r, at, at + n, end) < 0)
		return NO_PAGE;
	free_unlink(r, p);
	free_add(r, p, at - p);
	free_add(r, at + n, end - at - n);
	head_add(r, at, PAGE_RUN, n);
	return at;
}

static void join(struct runs *r, uint32_t p)
{
	size_t length = r->page[p].length, next = p + length;

	if (next < r->count && r->page[next].kind == PAGE_FREE) {
		length += r->page[next].length;
		free_unlink(r, (uint32_t)next);
		head_remove(r, next);
	}
	if (p > 0) {
		uint32_t before = runs_head(r, p - 1);

		if (r->page[before].kind == PAGE_FREE) {
			length += r->page[before].length;
			free_unlink(r, before);
			head_remove(r, p);
			p = before;
		}
	}
	free_add(r, p, length);
}

void runs_give(struct runs *r, uint32_t p)
{
	size_t length = r->page[p].length;

	if (length > KEPT_LENGTH || r->kept.pages + length > KEPT_PAGES) {
		join(r, p);
		return;
	}
	r->page[p].kind = PAGE_KEPT;
	r->page[p].older = r->kept.first[length];
	r->kept.first[length] = p;
	r->kept.pages += length;
}

bool runs_join(struct runs *r)
{
	if (!r->kept.pages)
		return false;
	for (size_t n = 1; n <= KEPT_LENGTH; n++)
		while (r->kept.first[n] != NO_PAGE)
			join(r, take_kept(r, n));
	return true;
}

static int grow(struct runs *r, uint32_t p, size_t n)
{
	size_t old = r->page[p].length, next = p + old, end;

	if (next < r->count && r->page[next].kind == PAGE_KEPT)
		runs_join(r);
	if (next >= r->count || r->page[next].kind != PAGE_FREE)
		return -ENOMEM;
	end = next + r->page[next].length;
	if (n > end - p || back(r, next, p + n, end) < 0)
		return -ENOMEM;
	free_unlink(r, (uint32_t)next);
	head_remove(r, next);
	free_add(r, p + n, end - p - n);
	r->page[p].length = (uint32_t)n;
	return 0;
}

int runs_resize(struct runs *r, uint32_t p, size_t n)
{
	size_t old = r->page[p].length;

	if (n > old)
		return grow(r, p, n);
	if (n == old)
		return 0;
	r->page[p].length = (uint32_t)n;
	head_add(r, p + n, PAGE_RUN, old - n);
	runs_give(r, (uint32_t)(p + n));
	return 0;
}

/* Back up to n more pages of a free run and add their number to *got. -ENOMEM: no memory. */
static int prepare_run(struct runs *r, uint32_t p, size_t n, size_t *got)
{
	size_t end = p + r->page[p].length, at = p;

	unsort_backed(r, p);
	while (n > 0 && (at = bits_first(r->backed, at, end, false)) < end) {
		size_t to = bits_first(r->backed, at, end - at < n ? end : at + n, true);

		if (r->space.reserve(r->space.space, at << PAGE_SHIFT, (to - at) << PAGE_SHIFT) < 0)
			break;
		bits_fill(r->backed, at, to);
		*got += to - at;
		n -= to - at;
	}
	sort_backed(r, p);
	return n > 0 && at < end ? -ENOMEM : 0;
}

/* The longest runs first: what is taken next, once nothing backed fits, is carved from them. */
size_t runs_prepare(struct runs *r, size_t n)
{
	const struct fit *f = &r->fit[FIT_ALL];
	size_t bin = FIT_BINS, got = 0, want = n > r->ahead ? n - r->ahead : 0;
	unsigned looks = LOOKS;
	int failed = 0;

	while (looks && !failed && got < want && (bin = bits_end(f->bins, 0, bin, true)) > 0) {
		uint32_t p = f->first[--bin];

		for (; p != NO_PAGE && looks && !failed && got < want; looks--) {
			failed = prepare_run(r, p, want - got, &got);
			p = r->page[p].next[FIT_ALL];
		}
	}
	r->ahead += got;
	return got;
}

static size_t trim_run(struct runs *r, uint32_t p, size_t n)
{
	size_t end = p + r->page[p].length, got = 0;

	unsort_backed(r, p);
	while (got < n && (end = bits_end(r->backed, p, end, true)) > p) {
		size_t from = bits_end(r->backed, p, end, false);

		if (end - from > n - got)
			from = end - (n - got);
		if (r->space.unreserve(r->space.space, from << PAGE_SHIFT, (end - from) << PAGE_SHIFT) < 0)
			break;
		got += end - from;
		r->ahead -= bits_wipe(r->backed, from, end) - bits_wipe(r->used, from, end);
		end = from;
	}
	sort_backed(r, p);
	return got;
}

size_t runs_trim(struct runs *r, size_t n)
{
	size_t p = r->count, got = 0;

	runs_join(r);
	while (p > 0 && got < n) {
		p = runs_head(r, (uint32_t)(p - 1));
		if (r->page[p].kind == PAGE_FREE)
			got += trim_run(r, (uint32_t)p, n - got);
	}
	return got;
}
