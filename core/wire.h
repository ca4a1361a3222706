/* core/wire.h - every byte that another process can see, and nothing else: the region, the frame, the packets.
 * docs/protocol.md explains; this file is exact. Little-endian, 64-bit machines only, all fields naturally aligned.
 *
 * A region is made by one side (its owner, the only writer) and mapped read-only by the peer:
 *
 *   page 0   struct wire_head      constant once the fd was sent
 *   page 1   struct wire_lines     session-wide counters
 *            ready[]               u64 x ready_count    entries that the owner pushes for the peer
 *            returns[]             u64 x returns_count  loan ids that the owner gives back
 *            chan[]                struct wire_channel x channels
 *   (page)   rings                 ring_bytes x channels, page-aligned begin: the owner's sending direction
 */
#ifndef CORE_WIRE_H
#define CORE_WIRE_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free: they live in read-only mappings");
static_assert(sizeof(void *) == 8, "64-bit machines only");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire is little-endian");

#define WIRE_MAGIC UINT64_C(0x31304c4c4952a55a) /* "Z\xa5RILL01" */
#define WIRE_MAJOR 1                            /* another one is refused */
#define WIRE_MINOR 0
#define WIRE_LINE 64 /* fields of different writers, or of different heat, never share one */
#define WIRE_PAGE 4096

typedef _Atomic uint64_t wire_word; /* in our own region; the peer's are read through core/shm/peer.h */

/* ---- region ---------------------------------------------------------------------------------------------------- */

struct wire_head {
	uint64_t magic;
	uint16_t major, minor;
	uint32_t channels;      /* entries of chan[]: both sides' opened channels together */
	uint64_t size;          /* of the region */
	uint32_t loans;         /* how many of the peer's loans the owner holds at most */
	uint32_t reserved;      /* 0 */
	uint64_t ring_bytes;    /* power of two */
	uint64_t ready_count;   /* power of two, >= 2 * channels + 4 */
	uint64_t returns_count; /* power of two, > loans */
	uint64_t ready_offset, returns_offset, channels_offset, rings_offset;
};
static_assert(sizeof(struct wire_head) == 88, "wire");

struct wire_lines {
	_Alignas(WIRE_LINE) wire_word sarm;      /* "the owner sleeps": bumped by the owner, rung for by the peer */
	_Alignas(WIRE_LINE) wire_word fds_taken; /* descriptors of messages that the owner released, ever */
	wire_word fds_arm;                       /* "tell me when fds_taken moves": an FDS entry answers */
	wire_word returns_arm;                   /* "tell me when you give a loan back": a RETURNS entry answers */
	wire_word beats;                         /* HEARTBEATs of the peer that the owner has read, ever: the answer to them */
};
static_assert(sizeof(struct wire_lines) == 2 * WIRE_LINE, "wire");

/* One per channel and side, written by the owner of the region. */
struct wire_channel {
	_Alignas(WIRE_LINE) wire_word carm; /* data arm: "I take this channel for empty": a DATA entry answers */
	wire_word warm;                     /* space arm: "I want room in my ring": a SPACE entry answers */
	_Alignas(WIRE_LINE) wire_word pos;  /* how far the owner has freed the peer's ring */
};
static_assert(sizeof(struct wire_channel) == 2 * WIRE_LINE, "wire");

/* Entries of ready[]: 0 none, else (id + 1) << 2 | kind. Of returns[]: (loan id + 1) << 2. */
enum wire_entry { WIRE_DATA = 0, WIRE_SPACE = 1, WIRE_FDS = 2, WIRE_RETURNS = 3 };

static inline uint64_t wire_entry(enum wire_entry kind, uint64_t id)
{
	return (id + 1) << 2 | (uint64_t)kind;
}

/* ---- frame ----------------------------------------------------------------------------------------------------- */

/* Header: len:32 | kind:8 | flags:8 | loans:8 | mark:8. len counts extension words and payload, in bytes. Frame: 8 + len,
 * rounded up to 8. Extension words follow the header, in this order: tag (1), fds (1: seq:32 | count:32), loans (3 each:
 * arena:16 << 48 | offset:48, len, id), and then the payload. */
enum wire_frame_kind {
	WIRE_MESSAGE = 1, /* payload is the body */
	WIRE_LOAN = 2,    /* no payload: the first loan is the body */
	WIRE_PAD = 3,     /* skip to the begin of the ring; nothing else in it */
	WIRE_VOID = 4,    /* a message that was cancelled after its descriptors had gone: drop it. HAS_FDS is set */
};
enum wire_frame_flags { WIRE_HAS_TAG = 1, WIRE_HAS_FDS = 2 };

#define WIRE_MARK UINT64_C(0xA5)
#define WIRE_FRAME_LOANS 17 /* 16 and the body */
#define WIRE_LEN(h) ((uint32_t)(h))
#define WIRE_KIND(h) ((unsigned)((h) >> 32 & 0xff))
#define WIRE_FLAGS(h) ((unsigned)((h) >> 40 & 0xff))
#define WIRE_LOANS(h) ((unsigned)((h) >> 48 & 0xff))
#define WIRE_MARK_OF(h) ((h) >> 56)

static inline uint64_t wire_header(enum wire_frame_kind kind, unsigned flags, unsigned loans, uint32_t len)
{
	return WIRE_MARK << 56 | (uint64_t)loans << 48 | (uint64_t)flags << 40 | (uint64_t)kind << 32 | len;
}

/* ---- packets on the control socket ----------------------------------------------------------------------------- */

enum wire_kind {
	WIRE_HELLO = 1,
	WIRE_REFUSE = 2,
	WIRE_BELL = 3,
	WIRE_OPEN = 4,
	WIRE_ACCEPT = 5,
	WIRE_DECLINE = 6,
	WIRE_CLOSE = 7,
	WIRE_FDS_PACKET = 8,
	WIRE_ARENA = 9,
	WIRE_FORGET = 10,
	WIRE_GOODBYE = 11,
	WIRE_HEARTBEAT = 12, /* nothing but its head: "do you dispatch?"; wire_lines.beats answers */
	WIRE_EVENTFD = 13,   /* nothing but its descriptor: SCM_RIGHTS, an eventfd to ring by */
	WIRE_MAPPED = 20,
	WIRE_SHARED_ARENA = 21,
};

/* In HELLO. */
#define WIRE_FEATURE_HEARTBEAT UINT64_C(0x01) /* I answer HEARTBEATs; both have set it, or none is sent */
#define WIRE_FEATURE_EVENTFD UINT64_C(0x02)   /* I may send and take an EVENTFD; both have set it, or none is sent */
#define WIRE_FEATURE_ADDRESS UINT64_C(0x10)   /* I map your arenas where you tell me to, if I can, and answer with MAPPED */
#define WIRE_FEATURE_SHARED UINT64_C(0x20)    /* with both: arenas that both sides write may be announced */

/* begins each */
struct wire_packet {
	uint16_t kind, major;
	uint32_t length; /* of the whole packet */
};

/* SCM_CREDENTIALS, and SCM_RIGHTS: the region's descriptor */
struct wire_hello {
	struct wire_packet p;
	uint64_t magic;
	uint64_t features; /* WIRE_FEATURE_*; unknown bits are ignored */
	uint64_t random;   /* the larger one opens odd channel ids */
	uint64_t size;     /* of the region */
	uint64_t mapped_bytes;
	uint32_t channels; /* that each side may open */
	uint32_t arenas, fds, reserved;
};

struct wire_refuse {
	struct wire_packet p;
	int32_t reason; /* errno value, > 0 */
	uint32_t reserved;
	char text[112]; /* NUL-terminated */
};

struct wire_bell {
	struct wire_packet p;
	uint64_t sarm; /* the value it rings for */
};

/* OPEN: followed by name_len + metadata_len bytes; ACCEPT: by none */
struct wire_open {
	struct wire_packet p;
	uint32_t id, generation;
	uint64_t ring_offset, ring_bytes; /* the sender's ring */
	uint32_t fds;                     /* descriptors a message to the sender may carry */
	uint16_t name_len, metadata_len;
};

/* DECLINE, CLOSE */
struct wire_close {
	struct wire_packet p;
	uint32_t id, generation;
	int32_t reason; /* 0 in order, else an errno value, > 0 */
	uint32_t reserved;
	uint64_t end; /* position where the sender's frames of this generation end: what follows is of the next one */
};

/* SCM_RIGHTS: count descriptors */
struct wire_fds {
	struct wire_packet p;
	uint32_t seq, count;
};

/* ARENA, SHARED_ARENA. SCM_RIGHTS: a read-only descriptor; one for writing, of a description that is the receiver's alone */
struct wire_arena {
	struct wire_packet p;
	uint32_t id;
	uint32_t writer; /* SHARED_ARENA: the receiver's number among those who write it */
	uint64_t capacity;
	uint64_t base; /* where the owner has it, and the receiver should; 0: not told, anywhere */
};

struct wire_forget {
	struct wire_packet p;
	uint32_t id, reserved;
};

/* The answer to an ARENA that has a base. */
struct wire_mapped {
	struct wire_packet p;
	uint32_t id;
	uint32_t same; /* 1: it is at its base; 0: elsewhere */
};

struct wire_goodbye {
	struct wire_packet p;
	int32_t reason; /* 0 in order, else an errno value, > 0 */
	uint32_t reserved;
	char text[112];
};

#define WIRE_TEXT 112
#define WIRE_FDS_MAX 253
#define WIRE_ARENA_IDS 65536 /* ids that are equal modulo the receiver's `arenas` are never in use at once */
#define WIRE_PACKET_MAX (sizeof(struct wire_open) + 255 + 4096)

static_assert(sizeof(struct wire_packet) == 8, "wire");
static_assert(sizeof(struct wire_hello) == 64, "wire");
static_assert(sizeof(struct wire_refuse) == 128, "wire");
static_assert(sizeof(struct wire_bell) == 16, "wire");
static_assert(sizeof(struct wire_open) == 40, "wire");
static_assert(sizeof(struct wire_close) == 32, "wire");
static_assert(sizeof(struct wire_fds) == 16, "wire");
static_assert(sizeof(struct wire_arena) == 32, "wire");
static_assert(sizeof(struct wire_forget) == 16, "wire");
static_assert(sizeof(struct wire_goodbye) == 128, "wire");
static_assert(sizeof(struct wire_mapped) == 16, "wire");

#endif
