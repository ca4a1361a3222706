/* tests/loops/notes.h - the loop that waits for nothing and only takes notes, and a clock that the test moves.
 *
 * A note is a word and its object, notes are joined by ", ":
 *	add 7 in, update 7 in|out, deadline 500, deadline now, deadline never, remove 7, release
 */
#ifndef TESTS_LOOPS_NOTES_H
#define TESTS_LOOPS_NOTES_H

#include <rill/ctx.h>

struct notes {
	char text[4096];
	unsigned hooks;    /* how many were called, ever */
	int refuse;        /* what `add` gives while it is negative */
	unsigned accept;   /* after so many more that it takes (with `refuse`) */
	unsigned watches;  /* added and not removed */
	unsigned released; /* times */
};

extern const struct rill_loop notes_loop; /* attach with a struct notes, zeroed */

/* The notes since the last call of it. */
const char *notes_read(struct notes *n);

struct notes_clock {
	uint64_t now;
	uint64_t step; /* added at each reading */
	unsigned reads;
};

uint64_t notes_now(void *clock); /* for rill_ctx_options.now, with a struct notes_clock */

#endif
