/* tests/support/pair.h - two ends of a session in one process, each in a ctx of its own, driven by the pull view until both
 * are at rest. Nothing waits: what was not told by then never comes, so a lost wake-up is a failed test and not a slow one.
 *
 * Each callback writes a word into the end's `told`, and then runs the test's hook.
 */
#ifndef TESTS_SUPPORT_PAIR_H
#define TESTS_SUPPORT_PAIR_H

#include <rill/rill.h>
#include <stdbool.h>

struct end {
	struct rill_ctx *ctx;
	struct rill_session *s;
	struct rill_channel *ch; /* opened by end_open() or offered last */
	bool takes;              /* channels opened or offered from now on take and release all in readable() */
	bool silent;             /* messages are taken without a word */
	int answer;              /* what channel() gives */
	uint64_t count, bytes;   /* of messages taken */

	/* Runs in each callback. May close anything. */
	void (*hook)(struct end *e, const char *event, struct rill_channel *ch);
	void *with;

	/* "opened", "offer NAME", "accepted NAME", "message LEN", "room NAME", "closed NAME WHY", "session room", "session
	 * closed WHY", "stalled", "running", joined by ", "; WHY is 0 or EPIPE, ... */
	char told[8192];
};

struct pair {
	struct end a, b; /* a has the larger `random`, or not: nothing depends on it */
};

struct pair_options {
	struct rill_ctx_options ctx_a, ctx_b;
	struct rill_session_options a, b;
};

extern const struct rill_session_events end_session_events;   /* user: the end */
extern const struct rill_listener_events end_listener_events; /* user: the end; the session becomes its `s` */

void end_start(struct end *e, const struct rill_ctx_options *options); /* a ctx alone */
void end_stop(struct end *e);
int end_socket(const struct end *e); /* the control socket of its only session */
void end_die(struct end *e); /* its ctx goes without a word to the peer of its only session, as a killed process would */

void pair_start(struct pair *p, const struct pair_options *options); /* both adopted, nothing has run; NULL: defaults */
void pair_open(struct pair *p, const struct pair_options *options);  /* ... and both open */
void pair_stop(struct pair *p); /* close both sessions in order if they are there, run, destroy both ctxs */

bool end_step(struct end *e);           /* whatever is ready or due now; false: nothing was */
void pair_run(struct pair *p);          /* until both are at rest */
void end_run(struct end *e);            /* this one alone */
void pair_wait(struct pair *p, int ms); /* until both are at rest, and for so long (for deadlines on the real clock) */

const char *end_told(struct end *e);                      /* since the last call */
bool end_was_told(const struct end *e, const char *text); /* within what end_told() will give */

/* Open a channel at e; after pair_run() the other end has it in `ch`. */
struct rill_channel *end_open(struct end *e, const char *name);
void pair_channel(struct pair *p, const char *name); /* from a to b, and run; both `told` are emptied */

struct rill_msg end_take(struct end *e);                      /* the next message of e->ch; it must be there */
void end_expect(struct end *e, const void *data, size_t len); /* take, compare, release */

void pattern_fill(void *to, size_t len, uint64_t seed);
bool pattern_is(const void *data, size_t len, uint64_t seed);

#endif
