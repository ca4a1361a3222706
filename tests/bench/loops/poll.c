/* tests/bench/loops/poll.c */
#include "tests/bench/loops/loop.h"

#include <errno.h>
#include <poll.h>
#include <rill/rill.h>

static int turn(struct rill_ctx *ctx, void *loop)
{
	(void)loop;
	return rill_poll_wait(ctx, -1);
}

static int drive(int fd, int (*ready)(void *user), void *user)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int r = 0;

	while (r == 0)
		r = poll(&p, 1, -1) == 1 ? ready(user) : -errno;
	return r;
}

const struct bench_loop loop_poll = {.key = "poll", .turn = turn, .drive = drive};
