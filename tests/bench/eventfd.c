/* tests/bench/eventfd.c - the floor of all sleeping: shared memory, an eventfd each way, epoll. */
#include "tests/bench/bench.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int wait_on(int fd)
{
	struct epoll_event e = {.events = EPOLLIN};
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	if (epfd < 0 || epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e) < 0)
		return -errno;
	return epfd;
}

static int wake(int fd)
{
	return eventfd_write(fd, 1) < 0 ? -errno : 0;
}

static int await(int epfd, int fd)
{
	struct epoll_event e;
	eventfd_t ignored;

	if (epoll_wait(epfd, &e, 1, -1) != 1)
		return -errno;
	return eventfd_read(fd, &ignored) < 0 ? -errno : 0;
}

static int serve(const struct pair *p)
{
	int epfd = wait_on(p->events[0]), r = epfd < 0 ? epfd : 0;

	while (r == 0) {
		r = await(epfd, p->events[0]);
		memcpy(p->shared + BENCH_PAGE, p->shared, BENCH_PAYLOAD);
		if (r == 0)
			r = wake(p->events[1]);
	}
	return r;
}

static int ask(const struct pair *p, struct trips *t)
{
	int epfd = wait_on(p->events[1]), r = epfd < 0 ? epfd : 0;

	if (r < 0)
		return r;
	trips_begin(t);
	do {
		memset(p->shared, (int)t->count, BENCH_PAYLOAD);
		r = wake(p->events[0]);
		if (r == 0)
			r = await(epfd, p->events[1]);
	} while (r == 0 && trips_next(t));
	close(epfd);
	return r;
}

const struct row eventfd_row = {
	.key = "c",
	.name = "eventfd + epoll",
	.trips = 6000,
	.server = serve,
	.client = ask,
};
