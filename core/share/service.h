/* core/share/service.h - what a peer sees of objects, names and cells: what stands in lent blocks, and the messages of a
 * channel with a directory. To the session these are plain blocks and plain messages. docs/protocol.md explains.
 * Little-endian, all fields naturally aligned. */
#ifndef CORE_SHARE_SERVICE_H
#define CORE_SHARE_SERVICE_H

#include "wire.h"

/* ---- An object: the last 32 bytes of its block ----------------------------------------------------------------- */

#define SERVICE_OBJECT_MAGIC UINT64_C(0x314a424f4c4c4952) /* "RILLOBJ1" */

struct service_object {
	uint64_t magic;
	uint64_t tag;
	uint64_t len; /* of the object, from the begin of the block */
	uint32_t version, reserved;
};
static_assert(sizeof(struct service_object) == 32, "service");

/* ---- A cell: a block of its owner's ---------------------------------------------------------------------------- */

#define SERVICE_CELL_MAGIC UINT64_C(0x314c45434c4c4952) /* "RILLCEL1" */
#define SERVICE_SLOTS_MAX 63

/* A version that a slot holds. */
struct service_version {
	wire_word number; /* 0: none, or taken away */
	wire_word offset; /* in the arena that the cell's block lies in */
	wire_word len;
	wire_word reserved;
};

struct service_cell {
	uint64_t magic;
	uint64_t slots;
	wire_word current; /* number << 8 | slot; 0: nothing was published yet. The one store that publishes */
	wire_word want;    /* bumped: "tell me when a mark goes" */
	uint64_t reserved[4];
	struct service_version version[];
};
static_assert(sizeof(struct service_version) == 32 && sizeof(struct service_cell) == 64, "service");

/* ---- Marks: a block of the reader's, lent to the owner ---------------------------------------------------------- */

#define SERVICE_MARKS 256 /* in one block */

/* mark: 0 no version is read, else reads << 8 | slot, with `reads` another number for each read; slot SERVICE_TAKING: a
 * version is being chosen, and it may be any. arm: bumped by a reader that wants to be told of the next change. */
struct service_mark {
	wire_word mark;
	wire_word arm;
};
#define SERVICE_TAKING 0xffu

/* ---- Messages -------------------------------------------------------------------------------------------------- */

#define SERVICE_CHANNEL "rill.directory"
#define SERVICE_VERSION 1 /* the channel's metadata: one 32-bit word */

/* What lends has no body, so that it keeps no place in the ring while its loan is held: the frame's tag says what it is.
 *   to the directory   tag index / SERVICE_MARKS + 1, one loan: the marks of so many indexes
 *   from it            tag id, one loan: FOUND, the object's block or the cell's
 * Everything else has a struct service_message, and after FIND the name, as its body, and no tag. */
enum service_kind {
	/* to the directory */
	SERVICE_FIND = 1, /* arg: SERVICE_OBJECT or SERVICE_CELL, | SERVICE_WAIT; the name follows */
	SERVICE_END = 2,  /* no more of this id, or it is over */
	SERVICE_GONE = 3, /* a mark went, as `want` asked for */
	/* from it */
	SERVICE_MISSING = 17, /* arg: errno value, > 0. Ends the id */
	SERVICE_CHANGED = 18, /* a version was published since `arm` was bumped */
	SERVICE_CLOSED = 19,  /* the cell will not change any more. arg: errno value; 0: it was destroyed */
};
enum { SERVICE_OBJECT = 1, SERVICE_CELL = 2, SERVICE_WAIT = 0x100 };

/* id: generation << 32 | index, never 0, the finder's choice. An index is used again after MISSING, after an object was
 * found, or after END. */
struct service_message {
	uint32_t kind, arg;
	uint64_t id;
};
static_assert(sizeof(struct service_message) == 16, "service");

#endif
