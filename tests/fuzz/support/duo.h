/* tests/fuzz/support/duo.h - two sessions in one ctx: ours, and a peer that keeps the session's rules but says in its messages
 * and writes into what it lends whatever the bytes say. For what is built on channels. */
#ifndef TESTS_FUZZ_DUO_H
#define TESTS_FUZZ_DUO_H

#include "tests/fuzz/support/bytes.h"
#include "tests/fuzz/support/still.h"

#include <rill/rill.h>

enum { DUO_BLOCK = 8192, DUO_IDS = 8, DUO_HELD = 4 };

struct duo {
	struct bytes in;
	uint64_t now;
	struct rill_ctx *ctx;
	struct rill_session *ours, *theirs;
	struct rill_channel *peer; /* the peer's end of the channel; NULL: none, or over */
	struct rill_arena *arena;  /* the peer's */
	uint64_t *block;           /* in it */
	uint64_t id[DUO_IDS];      /* that came to the peer last, to be answered */
	unsigned id_count;
	struct rill_msg held[DUO_HELD]; /* by the peer */
	unsigned held_count;
	unsigned closed; /* ours ended */
	int why;
	int (*offer)(struct duo *d, struct rill_channel *ch); /* what our channel() does */
	uint64_t (*id_of)(const struct rill_msg *msg);        /* of a message to the peer */
};

void duo_begin(struct duo *d); /* `in`, `offer`, `id_of` are set; both are open after it */
void duo_end(struct duo *d);   /* still_end() too */
void duo_run(struct duo *d);
struct rill_channel *duo_open(struct duo *d, const char *name, const void *metadata, size_t len); /* by the peer */
uint64_t duo_id(struct duo *d);                                                                   /* a true one, or not */
void duo_say(struct duo *d, const void *body, size_t len, uint64_t tag, bool lends);
void duo_scribble(struct duo *d); /* a word of the block */
void duo_release(struct duo *d);  /* what the peer holds */

#endif
