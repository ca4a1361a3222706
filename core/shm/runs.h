/* core/shm/runs.h - runs of 64 KiB pages in a rill_space: who has which, and which are backed with memory.
 *
 * The range is tiled with segments: each is a run that was taken, or a free one, and two free ones never touch. Everything
 * known of a segment stands in the entry of its first page; the entries of the others say PAGE_INSIDE. A few short runs that
 * were given back lately are kept as they are, neither taken nor joined with their neighbours, for who wants the same length
 * again; before the kernel is asked for memory, or a wish refused, they are joined.
 */
#ifndef CORE_SHM_RUNS_H
#define CORE_SHM_RUNS_H

#include "shm/bits.h"

#include <rill/allocator.h>

#define PAGE_SHIFT 16
#define PAGE_BYTES ((size_t)1 << PAGE_SHIFT)
#define PAGES_MAX ((size_t)1 << 24)
#define NO_PAGE UINT32_MAX

enum { PAGE_INSIDE, PAGE_FREE, PAGE_RUN, PAGE_SLAB, PAGE_KEPT };

/* Indexes of the free runs: by their length, and by how much of their begin is backed. */
enum { FIT_ALL, FIT_BACKED, FITS };

struct page {
	uint8_t kind;
	uint8_t shelf;   /* PAGE_SLAB: which one it is on */
	uint16_t used;   /* PAGE_SLAB: objects handed out */
	uint32_t length; /* of the segment, in pages */
	union {
		struct {                 /* PAGE_FREE */
			uint32_t backed; /* pages at the begin that need no reserving (or more) */
			uint32_t next[FITS], prev[FITS];
		};
		struct {                /* PAGE_KEPT */
			uint32_t older; /* of the same length */
		};
		struct {                /* PAGE_SLAB: with the slabs of its shelf that have room */
			uint64_t rooms; /* bit n: word n of its free bits is not zero */
			uint32_t after, before;
			uint32_t reciprocal; /* of its objects' size */
		};
	};
};

#define FIT_STEPS 16 /* per doubling */
#define FIT_BINS (22 * FIT_STEPS)

#define KEPT_LENGTH 16 /* pages: of the longest run that is kept */
#define KEPT_PAGES 64  /* of all that are kept, 4 MiB */

struct kept {
	size_t pages;                    /* of all */
	uint32_t first[KEPT_LENGTH + 1]; /* by length: given back last; NO_PAGE: none */
};

struct fit {
	uint64_t bins[(FIT_BINS + 63) / 64]; /* the ones that are not empty */
	uint32_t first[FIT_BINS];
};

struct runs {
	struct rill_space space;
	size_t count; /* pages */
	struct page *page;
	struct tiers heads; /* the segments' first pages */
	uint64_t *backed;   /* pages that were reserved */
	uint64_t *used;     /* and of these the ones that were ever in a run since: see runs_prepare() */
	size_t ahead;       /* pages in backed, not in used */
	struct kept kept;
	struct fit fit[FITS];
};

size_t runs_bytes(size_t count); /* of records for so many pages */
void runs_init(struct runs *r, const struct rill_space *space, void *zeroed);

/* n pages at a multiple of `align` pages, backed; NO_PAGE: no room or no memory. */
uint32_t runs_take(struct runs *r, size_t n, size_t align);
void runs_give(struct runs *r, uint32_t p);
bool runs_join(struct runs *r);                        /* what is kept; was anything? */
int runs_resize(struct runs *r, uint32_t p, size_t n); /* in place. 0, -ENOMEM */

/* See that so many pages which were in no run yet are backed; returns how many were reserved for that. A first use of such
 * a page still goes to space->reserve(), so that who provides the memory sees what is left of it. */
size_t runs_prepare(struct runs *r, size_t n);
size_t runs_trim(struct runs *r, size_t n); /* at most n pages, the highest first; how many it was */

/* The first page of the segment that p is in. */
static inline uint32_t runs_head(const struct runs *r, uint32_t p)
{
	return r->page[p].kind != PAGE_INSIDE ? p : (uint32_t)tiers_below(&r->heads, p);
}

#endif
