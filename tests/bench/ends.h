/* tests/bench/ends.h - client and server for ways that send and wait in straight lines.
 *
 * A way gives five functions in a constant table; everything is inlined into its two sides, so that a floor costs what it
 * costs and no call through a pointer more. */
#ifndef TESTS_BENCH_ENDS_H
#define TESTS_BENCH_ENDS_H

#include "tests/bench/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct end {
	struct run *run;
	unsigned char *out, *in; /* private memory for one message each way */
	size_t out_bytes, in_bytes;
	uint64_t at[8]; /* the way's own: positions, turns */
	void *own[4];
	int fd, epfd;
};

struct end_ops {
	int (*open)(struct end *e);
	void (*close)(struct end *e); /* may be NULL */

	/* Where the next message of len bytes is to be written; waits for room. A way that copies gives e->out. */
	void *(*room)(struct end *e, size_t len);
	int (*send)(struct end *e, size_t len);

	/* Wait for a message of len bytes and say where it lies; NULL: it failed. */
	const void *(*recv)(struct end *e, size_t len);
	void (*release)(struct end *e, size_t len); /* may be NULL */
	bool builds;                                /* room() is not e->out: what is there already must be copied into it */
};

#define END_INLINE static inline __attribute__((always_inline))

static inline int end_init(struct end *e, struct run *r, int (*open)(struct end *e))
{
	bool client = r->role == RUN_CLIENT;

	memset(e, 0, sizeof(*e));
	e->run = r;
	e->epfd = -1;
	e->fd = r->fds[r->role][0];
	e->out_bytes = client ? r->task.bytes : r->task.answer;
	e->in_bytes = client ? r->task.answer : r->task.bytes;
	e->out = (unsigned char *)aligned_alloc(64, (e->out_bytes + 127) & ~(size_t)63);
	e->in = (unsigned char *)aligned_alloc(64, (e->in_bytes + 127) & ~(size_t)63);
	if (!e->out || !e->in)
		return -ENOMEM;
	payload_write(e->out, e->out_bytes, 1); /* touched, so that no fault is measured */
	memset(e->in, 0, e->in_bytes);
	return open(e);
}

END_INLINE int end_put(struct end *e, const struct end_ops *ops)
{
	void *to = ops->room(e, e->out_bytes);

	if (!to)
		return -EIO;
	if (e->run->task.work == WORK_WRITE)
		payload_write(to, e->out_bytes, e->run->done);
	else if (ops->builds && e->run->task.work == WORK_COPY)
		memcpy(to, e->out, e->out_bytes);
	return ops->send(e, e->out_bytes);
}

END_INLINE int end_take(struct end *e, const struct end_ops *ops)
{
	const void *from = ops->recv(e, e->in_bytes);

	if (!from)
		return -EIO;
	if (e->run->task.work != WORK_HANDLE && !payload_sums(from, e->in_bytes))
		return -EBADMSG;
	if (ops->release)
		ops->release(e, e->in_bytes);
	return 0;
}

END_INLINE int end_ask(struct end *e, const struct end_ops *ops)
{
	struct run *r = e->run;
	int error = 0;

	run_begin(r);
	while (run_more(r) && error == 0) {
		if (r->task.idle_ns) {
			clock_idle(r->task.idle_ns);
			run_begin(r);
		}
		for (uint64_t i = 0; i < r->task.burst && error == 0; i++)
			error = end_put(e, ops);
		if (error == 0)
			error = end_take(e, ops);
		if (error == 0)
			run_end(r);
	}
	return error;
}

END_INLINE int end_serve(struct end *e, const struct end_ops *ops)
{
	struct run *r = e->run;
	int error = 0;

	while (run_more(r) && error == 0) {
		for (uint64_t i = 0; i < r->task.burst && error == 0; i++)
			error = end_take(e, ops);
		if (error == 0)
			error = end_put(e, ops);
		if (error == 0)
			run_answered(r);
	}
	return error;
}

END_INLINE int end_run(struct run *r, const struct end_ops *ops)
{
	struct end e;
	int error = end_init(&e, r, ops->open);

	if (error == 0)
		error = r->role == RUN_CLIENT ? end_ask(&e, ops) : end_serve(&e, ops);
	if (error == 0)
		run_over(r);
	if (ops->close)
		ops->close(&e);
	return error;
}

#define END_SIDES(ops)                     \
	static int ask(struct run *r)      \
	{                                  \
		return end_run(r, &(ops)); \
	}                                  \
	static int serve(struct run *r)    \
	{                                  \
		return end_run(r, &(ops)); \
	}

#endif
