/* core/shm/frame.h - what a frame says, decoded once from the peer's memory and used from here. */
#ifndef CORE_SHM_FRAME_H
#define CORE_SHM_FRAME_H

#include "shm/peer.h"

#include <stdbool.h>

struct frame_loan {
	uint32_t arena;
	uint64_t offset, len, id;
};

struct frame {
	enum wire_frame_kind kind;
	bool has_fds;
	uint32_t fd_seq, fd_count;
	uint64_t tag;
	unsigned loan_count; /* the body's included */
	const PEER char *payload;
	uint64_t len; /* of the payload */
	struct frame_loan loan[WIRE_FRAME_LOANS];
};

/* Decode the frame whose header (sane, as ring_next() gives it) was loaded from `at`. 0 or -EPROTO. */
int frame_decode_extended(struct frame *ret_frame, uint64_t header, peer_words at);

static inline unsigned frame_tagged(uint64_t header)
{
	return WIRE_FLAGS(header) & WIRE_HAS_TAG ? 1 : 0;
}

/* A body of at least a byte, or a tag and such a body: most are. */
static inline bool frame_plain(uint64_t header)
{
	const uint64_t may_differ = (uint64_t)WIRE_HAS_TAG << 40 | UINT32_MAX; /* the tag's flag, the length */

	return (header & ~may_differ) == wire_header(WIRE_MESSAGE, 0, 0, 0) && WIRE_LEN(header) > 8 * frame_tagged(header);
}

static inline int frame_decode(struct frame *f, uint64_t header, peer_words at)
{
	unsigned tagged = frame_tagged(header);

	if (!frame_plain(header))
		return frame_decode_extended(f, header, at);
	f->kind = WIRE_MESSAGE;
	f->has_fds = false;
	f->fd_seq = f->fd_count = f->loan_count = 0;
	f->tag = tagged ? peer_load(at + 1) : 0;
	f->payload = (const PEER char *)(at + 1 + tagged);
	f->len = WIRE_LEN(header) - 8 * tagged;
	return 0;
}

#endif
