/* rill/cell.h - read-mostly data that changes: the owner builds a new version beside the old one and publishes it with one
 * store; readers see the old or the new one whole, without locks, and each version is freed when its last reader is through.
 *
 * A cell has a name in a directory (rill/directory.h): many cells are a blackboard. A version is any block of the cell's arena:
 * bytes, an object, or the root of a structure full of pointers whose destructor frees the rest.
 *
 *	next = rill_arena_alloc(arena, sizeof(*next));  // the owner
 *	fill(next);
 *	r = rill_cell_publish(cell, next, sizeof(*next));
 *
 *	if (rill_cell_read(reader, &view) == 0) {       // a reader
 *		use(view.data, view.len);
 *		r = rill_cell_done(reader);
 *	}
 */
#ifndef RILL_CELL_H
#define RILL_CELL_H

#include <rill/directory.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rill_cell;        /* the owner's side */
struct rill_cell_reader; /* a reader's */

/* ---- The owner ------------------------------------------------------------------------------------------------- */

struct rill_cell_options {
	size_t size;       /* sizeof(struct rill_cell_options) */
	unsigned versions; /* at once: the current one and those that readers still hold. Default 4, from 2 to 63 */

	/* A reader that stays on one old version for so long while publish waits for a place loses its cell: its closed() is
	 * told -ETIMEDOUT, and a read that is not done yet -ESTALE. Default 0: nobody does; look with rill_cell_blocker(). A
	 * structure full of pointers is walked in trust: there a reader that is taken by surprise may crash, end its session
	 * instead. */
	unsigned patience_ms;
};

struct rill_cell_events {
	size_t size; /* sizeof(struct rill_cell_events) */

	/* Once, when what -EAGAIN of rill_cell_publish() refused would work now. */
	void (*writable)(struct rill_cell *cell, void *user);
};

/* A cell whose versions are blocks of an arena of the directory's ctx. Readers are told the whole arena. It may be found
 * before the first version is published.
 *   -EEXIST  the name is taken;   -ENAMETOOLONG  longer than RILL_NAME_MAX, or empty
 *   -EINVAL  `versions` out of range, an arena of another ctx;   -E2BIG;   -ENOMEM  of the arena, too */
RILL_API int rill_cell_create(struct rill_cell **ret_cell, struct rill_directory *directory, const char *name,
                              struct rill_arena *arena, const struct rill_cell_options *options,
                              const struct rill_cell_events *events, void *user);

/* Make `block` the current version: readers may read the first len bytes of it (and, knowing pointers or offsets, the rest of
 * the arena). The block is the cell's from now on: it is rill_arena_free()d, and its destructor runs, when another one is
 * current and no reader holds it. Costs one store, one fence and two loads a reader; a message to those who asked to be told
 * and were not told since they last looked. Never waits.
 *   -EAGAIN  `versions` are held by readers: writable() follows
 *   -EINVAL  not the begin of a live block of the arena, longer than it, or the cell's already
 *   -ECANCELED  the cell is destroyed, or its arena is */
RILL_API RILL_CHECK int rill_cell_publish(struct rill_cell *cell, void *block, size_t len);

/* The same with a copy of len bytes.  -ENOMEM  the arena has no room, now; and as above. */
RILL_API RILL_CHECK int rill_cell_write(struct rill_cell *cell, const void *data, size_t len);

/* How many old versions are held by readers now. */
RILL_API unsigned rill_cell_held(const struct rill_cell *cell);

/* The session of the reader that has stayed on an old version for longest, and for how many ns as far as was seen; yours to
 * rill_session_abort().  -ENOENT  none holds one. */
RILL_API int rill_cell_blocker(const struct rill_cell *cell, struct rill_session **ret_session, uint64_t *ret_ns);

/* The name is gone, readers' closed() is told 0, versions are freed as their readers are through. NULL: nothing. */
RILL_API void rill_cell_destroy(struct rill_cell *cell);

/* ---- A reader -------------------------------------------------------------------------------------------------- */

struct rill_cell_reader_events {
	size_t size; /* sizeof(struct rill_cell_reader_events) */

	/* The cell was found: it may be read now (and changed() is told if it was changed already). */
	void (*opened)(struct rill_cell_reader *r, void *user);

	/* A version was published since this was told last, at least one: read the newest. Told once however many there were.
	 * NULL: the owner does not tell us. */
	void (*changed)(struct rill_cell_reader *r, void *user);

	/* It was never there, or is gone; yours to close.
	 *   0            the owner destroyed the cell
	 *   -ENOENT      no such name (never with RILL_FIND_WAIT);   -EPROTOTYPE  the name is an object's
	 *   -ETIMEDOUT   we stayed on one version for longer than the owner's patience
	 *   -ENOBUFS     the directory's `finds` are used up, or a limit on arenas
	 *   -EPROTO      what the owner lent is not a cell
	 *   -EPIPE -ECONNRESET ...  the reason of the channel's end */
	void (*closed)(struct rill_cell_reader *r, int why, void *user);
};

/* Find a cell and read it. Flags: RILL_FIND_WAIT. Codes of rill_names_find(), and those of rill_channel_reserve() for the 4 KiB
 * of our session's arena that hold our marks. */
RILL_API int rill_cell_reader_open(struct rill_cell_reader **ret_reader, struct rill_names *names, const char *name,
                                   unsigned flags, const struct rill_cell_reader_events *events, void *user);

struct rill_cell_view {
	const void *data;
	size_t len;
	uint64_t version; /* 1 the first that was published, 2 the second, ... */
};

/* Hold the current version. Wait-free: three stores, one fence and five loads, no loop and no system call, however fast the
 * owner publishes. Its bytes do not change until rill_cell_done(); one version is held at a time.
 *   -EAGAIN   not found yet;   -ENODATA  nothing was published yet, or the cell was destroyed and closed() is to come
 *   -EBUSY    one is held: rill_cell_done() first
 *   -ESTALE   the owner took it away from us (see patience_ms)
 *   -EPROTO   the owner wrote nonsense
 *   or what closed() was told, -EPIPE for 0; what is held then stays until rill_cell_done() */
RILL_API RILL_CHECK int rill_cell_read(struct rill_cell_reader *r, struct rill_cell_view *ret_view);

/* How the arena of the cell's versions is mapped here: do pointers in them work? As rill_msg_mapping().
 *   -EAGAIN  not found yet, or the reason it was never found */
RILL_API int rill_cell_mapping(const struct rill_cell_reader *r, struct rill_mapping *ret_mapping);

/* Done with it. Be quick, or copy: a version that is held for long makes the owner wait. One store and two loads; a message,
 * if the owner waits for just this.
 *   -ESTALE  the owner took it away meanwhile: what was read is worth nothing
 *   -EINVAL  none is held */
RILL_API int rill_cell_done(struct rill_cell_reader *r);

/* What is held is given back, nothing is told any more. NULL: nothing. */
RILL_API void rill_cell_reader_close(struct rill_cell_reader *r);

#ifdef __cplusplus
}
#endif
#endif
