/* core/shm/pages.h - an arena's memory: one memfd, mapped once, and which of its pages are backed. */
#ifndef CORE_SHM_PAGES_H
#define CORE_SHM_PAGES_H

#include "shm/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGES_ALIGN ((size_t)1 << 16) /* of base and capacity */

struct pages {
	char *base;
	size_t capacity;
	int fd;           /* read-only, or (wish->shared) for writing; -1: closed */
	uint64_t *backed; /* a bit for each 4 KiB */
	size_t reserved;  /* bytes */
};

struct pages_wish {
	bool huge;
	bool shared; /* others may write it */
	bool placed; /* where others can have it, too: within `range`, or exactly at its begin */
	bool exact;
	struct address_range range;
};

/* The errors of rill_arena_create(). With `placed` the range is claimed: the claim is the caller's. */
int pages_map(struct pages *p, size_t capacity, const struct pages_wish *wish, struct address_claim *ret_claim);
void pages_unmap(struct pages *p);
void pages_forget(struct pages *p); /* in a forked child, which has not inherited the mapping */
void pages_close(struct pages *p);  /* the descriptor only */

int pages_reserve(struct pages *p, size_t offset, size_t len);   /* 0, -EINVAL, -ENOMEM */
int pages_unreserve(struct pages *p, size_t offset, size_t len); /* 0 or what madvise() gave */
void pages_collapse(const struct pages *p);                      /* what is backed, into huge pages if it can be */
size_t pages_resident(const struct pages *p);

#endif
