/* tests/bench/loops/select.c */
#include "tests/bench/loops/loop.h"

#include <errno.h>
#include <rill/rill.h>
#include <sys/select.h>

static int turn(struct rill_ctx *ctx, void *loop)
{
	(void)loop;
	return rill_select_wait(ctx, -1);
}

static int drive(int fd, int (*ready)(void *user), void *user)
{
	fd_set set;
	int r = 0;

	while (r == 0) {
		FD_ZERO(&set);
		FD_SET(fd, &set);
		r = select(fd + 1, &set, NULL, NULL, NULL) == 1 ? ready(user) : -errno;
	}
	return r;
}

const struct bench_loop loop_select = {.key = "select", .turn = turn, .drive = drive};
