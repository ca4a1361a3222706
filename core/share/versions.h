/* core/share/versions.h - a cell's shared memory, and nothing else: how a version is published, chosen, held and let go.
 * Proven by tests/model/cell.pml.
 *
 *   owner    writes the cell's block: slots, and `current`, whose one store publishes. Reads marks
 *   reader   writes its mark. Reads the cell's block
 *
 * A reader says "taking" (any version is held), looks at `current`, then says which one: three stores, a fence and no loop,
 * whatever the owner does. The owner frees a version that is not current any more once no mark holds it.
 *
 * What a mark holds is decided once, right after the version stopped being current, and from then on it can only become less:
 * a mark that has changed its count since then is of a later read, which saw a later version. So a reader that reads all the
 * time never holds back an old version, and one that lies can hold back only what a mark that stands still can.
 */
#ifndef CORE_SHARE_VERSIONS_H
#define CORE_SHARE_VERSIONS_H

#include "share/service.h"
#include "shm/peer.h"

#include <stdbool.h>
#include <stddef.h>

/* ---- Owner ----------------------------------------------------------------------------------------------------- */

struct versions {
	struct service_cell *cell; /* ours; readers load it */
	unsigned slots;
	uint64_t number;  /* of the last one published */
	uint64_t current; /* its slot's bit; 0: none */
	uint64_t old;     /* bits: slots of versions that are not current and not yet free */
};

/* One reader's mark, as the owner knows it. */
struct pinner {
	peer_words mark;
	uint64_t seen;  /* its last value */
	uint64_t pins;  /* bits: of versions->old, those that it holds */
	uint64_t since; /* when its count was first seen */
};

size_t versions_size(unsigned slots); /* of a cell's block */
void versions_begin(struct versions *v, void *block, unsigned slots);

/* Publish a version that lies at an offset of the arena. Returns its slot, or -EAGAIN: all are held. Then pinner_look() at
 * each reader, with the bits of the version that is old now; if none is, *ret_old is 0. */
int versions_publish(struct versions *v, uint64_t offset, uint64_t len, uint64_t *ret_old);

/* Nothing is current any more. Then pinner_look() as above. */
void versions_retire(struct versions *v, uint64_t *ret_old);

/* Look at a reader's mark: p->pins are what it still holds. `fresh`: what has become old since the last look at it. */
void pinner_look(struct pinner *p, uint64_t fresh, uint64_t now);

/* An old version is free: a reader who holds it all the same is told so by version_done(). */
void versions_free(struct versions *v, unsigned slot);

/* Ask readers to say when a mark goes; then look at each once more. */
void versions_want(struct versions *v);

static inline unsigned versions_first(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits);
}

/* ---- Reader ---------------------------------------------------------------------------------------------------- */

struct version_reader {
	struct service_mark *mark; /* ours; the owner loads it */
	peer_words cell;
	uint64_t slots;
	const char *base; /* the arena that versions lie in, and how long it is: our own knowledge */
	uint64_t capacity;
	uint64_t reads;
	uint64_t held;      /* `current` as it was; 0: none */
	uint64_t want_seen; /* `want` as it was answered last */
};

struct version {
	const void *data;
	uint64_t len, number;
};

/* The cell lies at `cell`, `len` bytes of it are lent to us. 0, -EPROTO: it is not one. */
int version_reader_begin(struct version_reader *r, const void *cell, uint64_t len);

/* 0, -ENODATA nothing was published, -ESTALE it was taken away meanwhile, -EPROTO the owner wrote nonsense. Wait-free. */
int version_take(struct version_reader *r, struct version *ret);

/* 0, -ESTALE: what was read may be of anything. */
int version_done(struct version_reader *r);

/* The owner wants to be told that the mark went. True once for each time that he asked. */
bool version_wanted(struct version_reader *r);

/* The number of the current version; 0: none. */
uint64_t version_newest(const struct version_reader *r);

#endif
