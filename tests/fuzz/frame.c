/* tests/fuzz/frame.c - any bytes as a ring that the peer writes: every frame in it is looked at and decoded, held or skipped.
 * What is told lies within the ring, and the look ends. */
#include "shm/frame.h"
#include "shm/ring.h"
#include "tests/fuzz/support/bytes.h"
#include "tests/fuzz/support/still.h"

#include <errno.h>
#include <stdlib.h>

enum { RING = 1024, LOOKS = 400 };

/* The peer's ring and its arm, of exactly their sizes; our words beside them. */
struct scene {
	wire_word *ring, *warm;
	wire_word carm, pos;
	struct ring_in in;
};

static void inside(const struct scene *s, const struct frame *f)
{
	const char *begin = (const char *)s->ring, *payload = (const char *)peer_payload(f->payload);

	if (payload < begin || payload > begin + RING || f->len > (uint64_t)(begin + RING - payload))
		still_broken("a payload outside of its ring", (long long)f->len);
	if (f->loan_count > WIRE_FRAME_LOANS || (f->has_fds && (!f->fd_count || f->fd_count > WIRE_FDS_MAX)))
		still_broken("a frame of more than there may be", f->loan_count);
	for (uint64_t i = 0; i < f->len; i++)
		(void)((const volatile char *)payload)[i];
}

static bool look(struct scene *s, struct bytes *b, uint64_t *held)
{
	uint64_t header, offset = 0, before = s->in.rpos;
	struct frame f;
	int e = ring_next(&s->in, &header, &offset);

	if (e < 0)
		return false;
	if (offset % 8 || offset >= RING)
		still_broken("a frame that does not lie in its ring", (long long)offset);
	if (frame_decode(&f, header, s->in.words + offset / 8) < 0)
		return false;
	inside(s, &f);
	e = bytes_u8(b) & 1 ? ring_take(&s->in, header, held) : ring_skip(&s->in, header);
	if (e == 0 && s->in.rpos <= before)
		still_broken("a frame of no bytes", (long long)before);
	return e == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct bytes b = {bytes, len};
	struct scene s = {.ring = malloc(RING), .warm = malloc(8)};
	uint64_t held[LOOKS], start = 8 * (uint64_t)bytes_u8(&b) % RING;
	unsigned count = 0;

	if (!s.ring || !s.warm)
		abort();
	bytes_copy(&b, s.ring, RING);
	bytes_copy(&b, s.warm, 8);
	s.in = (struct ring_in){
		.words = s.ring, .size = RING, .rpos = start, .freed = start, .published = start, .pos = &s.pos};
	s.in.data.word = &s.carm;
	s.in.writer.word = s.warm;
	for (unsigned i = 0; i < LOOKS; i++) {
		held[count] = UINT64_MAX;
		if (!look(&s, &b, &held[count]))
			break;
		count += held[count] != UINT64_MAX;
		if (bytes_u8(&b) & 1 && ring_release(&s.in, count ? held[bytes_u8(&b) % count] : 7))
			ring_publish(&s.in);
		if (s.in.freed > s.in.rpos || s.in.rpos - s.in.published > RING)
			still_broken("more is held than the ring has", (long long)s.in.rpos);
	}
	ring_finish(&s.in);
	free(s.ring);
	free(s.warm);
	return 0;
}

/* ---- What it begins with ---------------------------------------------------------------------------------------- */

size_t fuzz_seed(unsigned n, uint8_t *to, size_t room)
{
	const uint64_t frames[][8] = {
		{wire_header(WIRE_MESSAGE, 0, 0, 8), 5, wire_header(WIRE_MESSAGE, WIRE_HAS_TAG, 0, 11), 9, 1, 0},
		{wire_header(WIRE_LOAN, 0, 1, 24), 64, 100, 1, wire_header(WIRE_VOID, WIRE_HAS_FDS, 0, 8), 1, 0},
		{wire_header(WIRE_MESSAGE, WIRE_HAS_TAG | WIRE_HAS_FDS, 1, 48), 1, UINT64_C(2) << 32 | 3, 64, 8, 1, 7, 0},
		{wire_header(WIRE_PAD, 0, 0, RING - 16), wire_header(WIRE_PAD, 0, 0, RING - 24)},
	};

	if (n >= 4 || room < 1 + RING + 16)
		return 0;
	memset(to, 0, 1 + RING + 16);
	to[0] = n == 3 ? 1 : 0;
	memcpy(to + 1, frames[n], sizeof(frames[n]));
	memset(to + 1 + RING + 8, 1, 8);
	return 1 + RING + 16;
}
