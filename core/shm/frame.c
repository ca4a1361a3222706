/* core/shm/frame.c - decoding. Each extension word is loaded once; what the header does not leave room for is a violation. */
#include "shm/frame.h"

#include <errno.h>

static void decode_loan(struct frame_loan *l, peer_words at)
{
	uint64_t place = peer_load(at);

	l->arena = (uint32_t)(place >> 48);
	l->offset = place & ((UINT64_C(1) << 48) - 1);
	l->len = peer_load(at + 1);
	l->id = peer_load(at + 2);
}

static bool kind_agrees(const struct frame *f)
{
	switch (f->kind) {
	case WIRE_MESSAGE:
		return f->loan_count < WIRE_FRAME_LOANS;
	case WIRE_LOAN:
		return f->loan_count > 0 && f->len == 0;
	case WIRE_VOID:
		return f->has_fds && f->loan_count == 0;
	default:
		return false;
	}
}

int frame_decode_extended(struct frame *f, uint64_t header, peer_words at)
{
	unsigned flags = WIRE_FLAGS(header);
	uint64_t words;

	f->kind = (enum wire_frame_kind)WIRE_KIND(header);
	f->has_fds = flags & WIRE_HAS_FDS;
	f->loan_count = WIRE_LOANS(header);
	f->tag = 0;
	f->fd_seq = f->fd_count = 0;
	words = (uint64_t) !!(flags & WIRE_HAS_TAG) + f->has_fds + 3 * (uint64_t)f->loan_count;
	if (f->loan_count > WIRE_FRAME_LOANS || WIRE_LEN(header) < 8 * words)
		return -EPROTO;
	f->len = WIRE_LEN(header) - 8 * words;
	if (!kind_agrees(f))
		return -EPROTO;
	at++;
	if (flags & WIRE_HAS_TAG)
		f->tag = peer_load(at++);
	if (f->has_fds) {
		uint64_t w = peer_load(at++);

		f->fd_seq = (uint32_t)(w >> 32);
		f->fd_count = (uint32_t)w;
		if (f->fd_count == 0 || f->fd_count > WIRE_FDS_MAX)
			return -EPROTO;
	}
	for (unsigned i = 0; i < f->loan_count; i++, at += 3)
		decode_loan(&f->loan[i], at);
	f->payload = (const PEER char *)at;
	return 0;
}
