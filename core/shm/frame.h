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

/* Most are a body, or a tag and a body. */
static inline int frame_decode(struct frame *f, uint64_t header, peer_words at)
{
	unsigned tagged = WIRE_FLAGS(header) & WIRE_HAS_TAG ? 1 : 0;

	if (WIRE_KIND(header) != WIRE_MESSAGE || WIRE_FLAGS(header) & ~(unsigned)WIRE_HAS_TAG || WIRE_LOANS(header) ||
	    WIRE_LEN(header) < 8 * tagged)
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
