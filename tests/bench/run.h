/* tests/bench/run.h - what every row is made of: a task, a way to do it, and a run of the two by a pair of processes.
 *
 * All tasks have one form: the client sends `burst` requests, the server answers them with one message, and the client
 * takes the time from before the first request until it has the answer: a trip. A round trip is a burst of 1; one-way
 * throughput is a long burst with a short answer.
 *
 * A way is one file with a `WAY` in it; being linked is enough to be a row. Its client() and server() run in two processes,
 * forked anew for each run, and give 0 or a negative errno.
 */
#ifndef TESTS_BENCH_RUN_H
#define TESTS_BENCH_RUN_H

#include "tests/bench/clock.h"
#include "tests/bench/hist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum wait { WAIT_SPIN, WAIT_SLEEP, WAIT_LINGER };

/* What is done with the payload. */
enum work {
	WORK_HANDLE, /* nothing: who lends only hands it over. Who copies copies it, as he must */
	WORK_WRITE,  /* the sender writes it where the way wants it; the receiver sums every 8 bytes, and the sum is checked */
	WORK_COPY,   /* the sender has it in memory of its own already; the receiver sums it */
};

struct task {
	enum wait wait;
	enum work work;
	uint64_t bytes;       /* of a request; a multiple of 8 */
	uint64_t answer;      /* bytes of an answer */
	uint64_t burst;       /* requests to an answer */
	uint64_t trips, skip; /* trips that are kept, after those that are not */
	uint64_t idle_ns;     /* before each trip: the receiver falls asleep */
	uint64_t depth;       /* messages under way at once, for who can choose; 0: as
	                       * the way has it */
	uint64_t answers;     /* to a trip, where each request has its own; 0: one
	                       * to the whole burst */
	uint64_t count;       /* channels, sessions, loans ...: what the measure says */
	int cpus[2];          /* client, server; negative: not pinned */
};

/* A ring that holds `depth` messages, each at most a quarter of it; 16 KiB at least. */
static inline uint64_t task_ring_bytes(const struct task *t)
{
	uint64_t size = 16384;

	while (size < t->depth * (t->bytes + 16) || size / 4 < t->bytes + 16)
		size *= 2;
	return size;
}

#define RUN_CLIENT 0
#define RUN_SERVER 1
#define RUN_FDS 16
#define RUN_EXTRA 8

/* Written by the pair, read by the driver. Each side writes its own element of the arrays; the client the rest. */
struct outcome {
	struct hist trips; /* ticks */
	uint64_t wall_ns;  /* from the first kept trip to the last */
	uint64_t cpu_ns[2];
	int error[2];
	double extra[RUN_EXTRA]; /* what the measure says */
	uint32_t ready;          /* run_tell() */
};

struct run {
	struct task task;
	int fds[2][RUN_FDS];   /* made by prepare(), for client and server: closed in the other one, and after the run */
	unsigned char *shared; /* made by prepare(): zeroed memory that both can write */
	size_t shared_bytes;
	struct outcome *out;
	const void *param; /* the way's */
	bool counted;      /* under ptrace: mark the sections */

	int role;
	int leave;      /* readable once the client has ended */
	uint64_t done;  /* trips, skipped ones included */
	uint64_t begun; /* ticks */
	uint64_t cpu_begun, wall_begun;
};

/* For which measures a way is a row. */
#define JOB_TRIP 1u
#define JOB_STREAM 2u
#define JOB_BURST 4u
#define JOB_FDS 8u

enum kind { KIND_FLOOR, KIND_RILL, KIND_PEER };

struct way {
	const char *key, *name;
	enum kind kind;
	unsigned jobs;
	unsigned waits;                /* bits: 1 << WAIT_... */
	bool lends;                    /* else it copies */
	bool lent_once;                /* the same memory in each message: nothing can be written while another is read */
	uint64_t min_bytes, max_bytes; /* of a message; 0: any */
	uint64_t memory;               /* what all messages of a run together may use, as none is reused; 0: they are */
	int (*prepare)(struct run *r); /* before the fork; may be NULL */
	int (*client)(struct run *r);
	int (*server)(struct run *r);  /* NULL: a measure of one process */
	const void *param;             /* the way's own */
	const struct outside *outside; /* a program that speaks the line protocol; NULL: here */
};

#define SPINS (1u << WAIT_SPIN)
#define SLEEPS (1u << WAIT_SLEEP)
#define LINGERS (1u << WAIT_LINGER)

/* const struct way WAY(name) = {...}; puts it among all ways. */
#define WAY(name)                                                                                            \
	way_##name;                                                                                          \
	static const struct way *const at_##name __attribute__((section("bench_ways"), used)) = &way_##name; \
	const struct way way_##name

/* ---- The driver's side ------------------------------------------------------------------------------------------ */

#ifdef __cplusplus
extern "C" {
#endif

#define RUN_SECONDS 30 /* a run that takes longer hangs: SIGALRM ends it */

/* 0, or the negative errno of who failed. *ret is whole on success only. */
int run_pair(const struct way *way, const struct task *task, struct outcome *ret);

/* The same with the sections marked whose system calls run_counted() counts. */
int run_marked(const struct way *way, const struct task *task, struct outcome *ret);

/* The same under ptrace: ret_calls are the system calls of client and server per message, after the skipped
 * trips. -ENOTSUP where it cannot be. */
int run_counted(const struct way *way, const struct task *task, double ret_calls[2]);

/* ---- What prepare() may use; all of it is the run's, which closes it -------------------------------------------- */

int run_share(struct run *r, size_t bytes);
int run_eventfds(struct run *r);          /* fds[side][0] wakes that side, fds[side][1] the other */
int run_sockets(struct run *r, int type); /* fds[side][0] */

/* ---- The sides -------------------------------------------------------------------------------------------------- */

/* Trips that are still to be made. */
static inline bool run_more(const struct run *r)
{
	return r->done < r->task.skip + r->task.trips;
}

void run_section(struct run *r); /* at the borders of what is kept */

static inline void run_begin(struct run *r)
{
	r->begun = clock_ticks();
}

/* The client has the answer. Without a pause of its own the next trip begins. false: that was the last. */
static inline bool run_end(struct run *r)
{
	uint64_t now = clock_ticks();

	if (r->done >= r->task.skip)
		hist_add(&r->out->trips, now - r->begun);
	r->begun = now;
	r->done++;
	if (r->done == r->task.skip || r->done == r->task.skip + r->task.trips) {
		run_section(r);
		r->begun = clock_ticks();
	}
	return run_more(r);
}

/* The server has answered. false: that was the last. */
static inline bool run_answered(struct run *r)
{
	r->done++;
	if (r->done == r->task.skip || r->done == r->task.skip + r->task.trips)
		run_section(r);
	return run_more(r);
}

/* Wait until the other side has ended: who tears down what the other one may still read does it after that. */
void run_over(struct run *r);

/* One side says that something of its own is there, the other one waits for it (sleeping, looking each 100 us). */
void run_tell(struct run *r, unsigned step);
bool run_told(const struct run *r, unsigned step);
int run_await(struct run *r, unsigned step);

#ifdef __cplusplus
}
#endif

/* ---- Payload ---------------------------------------------------------------------------------------------------- */

/* The first word says what the others are: so a receiver can tell that it was given what was sent. */
static inline void payload_write(void *to, size_t len, uint64_t seed)
{
	uint64_t *words = (uint64_t *)to;

	for (size_t i = 0; i < len / 8; i++)
		words[i] = seed + i;
}

static inline bool payload_sums(const void *from, size_t len)
{
	const uint64_t *words = (const uint64_t *)from;
	uint64_t n = len / 8, a = 0, b = 0, first;
	size_t i;

	if (!n)
		return true;
	first = words[0];
	for (i = 0; i + 2 <= n; i += 2) {
		a += words[i];
		b += words[i + 1];
	}
	if (i < n)
		a += words[i];
	return a + b == n * first + (n & 1 ? n * ((n - 1) / 2) : n / 2 * (n - 1));
}

#endif
