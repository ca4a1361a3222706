/* tests/bench/rill/side.h - one side of a session that does a task: what the rows of Rill share.
 *
 * Everything is done in callbacks, as a program with a reactor does it; the rows differ in how they wait and send. */
#ifndef TESTS_BENCH_RILL_SIDE_H
#define TESTS_BENCH_RILL_SIDE_H

#include "tests/bench/loops/loop.h"
#include "tests/bench/run.h"

#include <rill/rill.h>

#define LINGER_NS 50000
#define SPIN_NS 1000000 /* then a look at the socket, as rill_ctx_poll() asks for */

enum sending {
	SEND_ROOM, /* reserve, write in place, commit; of WORK_COPY rill_channel_send() */
	SEND_LOAN, /* one block, lent again and again */
	SEND_COLD, /* a block whose memory nobody has touched before */
	SEND_FD,   /* reserve, and a descriptor with it */
};

struct side;

/* param of Rill's ways */
struct side_how {
	enum sending sending;
	const struct bench_loop *loop;                           /* NULL: epoll */
	int (*crowd)(struct side *s);                            /* once the channel is open: make what is beside */
	void (*start)(struct side *s);                           /* client: send a trip's requests; NULL: the burst */
	int (*after)(struct side *s);                            /* when all trips are made */
	int (*channel)(struct side *s, struct rill_channel *ch); /* server: 1 it has taken this one, 0 it is as any other */
	void (*limits)(const struct task *t, struct rill_session_options *limits);
};

struct side {
	struct run *run;
	const struct side_how *how;
	struct rill_ctx *ctx;
	struct rill_session *session;
	struct rill_channel *channel;
	struct rill_arena *arena; /* SEND_LOAN, SEND_COLD */
	void *block;
	void *loop;
	unsigned char *source; /* WORK_COPY: what is sent, in private memory */
	uint64_t left;         /* client: requests still to send for this answer */
	uint64_t got, owed;    /* server: requests since the last answer, answers to send */
	uint64_t answers;      /* of this trip: taken, or sent */
	uint64_t opened;       /* channels that the peer has taken */
	int fd;                /* SEND_FD */
	void *beside;          /* the crowd's own */
	int error;
	bool starting; /* client: the next trip begins outside of callbacks */
	bool done;
};

int side_ask(struct run *r);
int side_serve(struct run *r);
int side_prepare(struct run *r);

/* For crowds. */
int side_wait(struct side *s);                                                   /* in the loop, once */
int side_put(struct side *s, size_t len);                                        /* on s->channel */
void side_next(struct side *s);                                                  /* client: a trip has ended */
extern const struct rill_channel_events side_request_events, side_answer_events; /* their user is the side */
int side_on_channel(struct rill_session *session, struct rill_channel *ch, void *user);
void side_on_end(struct rill_session *session, int why, void *user);
void side_fail(struct side *s, int error);

/* Limits that fit a task: a ring for `depth` messages, or as many loans. */
void side_depth(const struct task *t, struct rill_session_options *limits);

#endif
