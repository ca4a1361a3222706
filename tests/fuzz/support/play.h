/* tests/fuzz/support/play.h - a session played from fuzz bytes: an honest user of the library (user.c) and a peer that does
 * whatever the bytes say (liar.c over tests/fault/raw.h). One thread, one process, a clock of our own: the same bytes, the same
 * play. Each step is one byte that names it and the bytes that it takes as its choices. */
#ifndef TESTS_FUZZ_PLAY_H
#define TESTS_FUZZ_PLAY_H

#include "tests/fault/raw.h"
#include "tests/fuzz/support/bytes.h"

#include <rill/rill.h>

enum {
	PLAY_CHANNELS = 4, /* indexes that there are: 2 of each side */
	PLAY_RING = 1024,
	PLAY_HELD = 12,
	PLAY_ARENAS = 2,
	PLAY_BLOCKS = 4,
	PLAY_ARENA_BYTES = 65536,
	PLAY_STEPS = 400
};

struct play {
	struct bytes in;
	uint64_t now;

	/* the user */
	struct rill_ctx *ctx; /* NULL: destroyed, in a callback or not */
	struct rill_session *session;
	struct rill_channel *channel[PLAY_CHANNELS * 2];
	struct rill_msg held[PLAY_HELD];
	unsigned held_count;
	struct rill_arena *arena[PLAY_ARENAS];
	void *block[PLAY_BLOCKS];
	unsigned told_closed;
	unsigned stalled; /* 1: it was told so */
	int why;
	int null; /* a descriptor to send */

	/* the peer */
	struct raw raw;
	bool hung_up;
	int region; /* after liar_connect(): to be sent; else 0 */
	int bell;   /* the user's eventfd, -1 */
	uint64_t rpos[PLAY_CHANNELS], carm[PLAY_CHANNELS], warm[PLAY_CHANNELS], sarm;
	uint32_t generation[PLAY_CHANNELS];
	uint64_t loan[16]; /* that came, and were not given back */
	unsigned loan_count;
};

extern const struct rill_session_events user_events;

void user_session_gone(struct play *p); /* closed or ended with the ctx: nothing of it may be touched */
void user_step(struct play *p, unsigned what);
enum { USER_STEPS = 24 };
void user_dispatch(struct play *p); /* once, everything */

void liar_begin(struct play *p, int fd);   /* chooses what its HELLO and its region say, and sends it */
void liar_connect(struct play *p, int fd); /* the same, and says nothing yet */
void liar_hello(struct play *p);           /* then: mostly the HELLO, at any time and as often as one likes */
void liar_step(struct play *p, unsigned what);
enum { LIAR_STEPS = 24 };
void liar_end(struct play *p);

#endif
