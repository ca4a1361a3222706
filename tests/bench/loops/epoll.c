/* tests/bench/loops/epoll.c */
#include "tests/bench/loops/loop.h"

#include <errno.h>
#include <rill/rill.h>
#include <sys/epoll.h>
#include <unistd.h>

static int turn(struct rill_ctx *ctx, void *loop)
{
	(void)loop;
	return rill_epoll_wait(ctx, -1);
}

static int drive(int fd, int (*ready)(void *user), void *user)
{
	struct epoll_event e = {.events = EPOLLIN};
	int epfd = epoll_create1(EPOLL_CLOEXEC), r = 0;

	if (epfd < 0 || epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e) < 0)
		return -errno;
	while (r == 0)
		r = epoll_wait(epfd, &e, 1, -1) == 1 ? ready(user) : -errno;
	close(epfd);
	return r;
}

const struct bench_loop loop_epoll = {.key = "epoll", .turn = turn, .drive = drive};
