/* tests/bench/rpc/rpc.h - what the three files share: two processes, one spinning on each CPU, and batches of round trips.
 *
 * A batch is timed as a whole, so that the clock costs nothing; a row's figure is the median of its batches. */
#ifndef TESTS_BENCH_RPC_H
#define TESTS_BENCH_RPC_H

#include <rill/letter.h>
#include <rill/rill.h>

#define BATCH 200 /* round trips */

struct batches {
	double *ns; /* of one round trip */
	size_t wanted, count;
	unsigned trips; /* of the running batch */
	uint64_t began;
	bool warm;
};

/* One side of a pair. */
struct side {
	struct rill_ctx *ctx;
	struct rill_session *session;
	struct rill_channel *channel;
	struct rill_rpc *rpc;
	struct batches *b;
	void *of_row;
	bool ready, done;
	int error;
};

/* What a process does once its session is open. Both give 0 or a negative errno. */
struct row {
	const char *name;
	int (*serve)(struct side *s, struct rill_channel *ch); /* the peer opened it */
	int (*ask)(struct side *s);                            /* the channel is open: begin */
	int (*prepare)(struct side *s);                        /* of the server, before; may be NULL */
};

extern const struct row raw_row, typed_row, small_loan_row, large_loan_row;

uint64_t now_ns(void);
bool batches_next(struct batches *b); /* a trip has ended: is another wanted? */
void side_fail(struct side *s, int error);

#endif
