/* tests/bench/loops/loop.h - an event loop, as Rill's sides and the bare ping-pong wait in it. One file each. */
#ifndef TESTS_BENCH_LOOPS_LOOP_H
#define TESTS_BENCH_LOOPS_LOOP_H

struct rill_ctx;

struct bench_loop {
	const char *key;

	/* Rill: attach, wait once and dispatch, free what attach made. `loop` is attach's. */
	int (*attach)(struct rill_ctx *ctx, void **ret_loop); /* NULL: on first use */
	int (*turn)(struct rill_ctx *ctx, void *loop);
	void (*free)(void *loop); /* NULL: nothing to free */

	/* Bare: call ready(user) each time that fd is readable, until it gives other than 0; that is returned. */
	int (*drive)(int fd, int (*ready)(void *user), void *user);
};

extern const struct bench_loop loop_epoll, loop_poll, loop_select;
extern const struct bench_loop loop_libevent, loop_libev; /* where they are */

#endif
