/* tests/bench/floors/eventfd.c - the floor of all sleeping: shared memory, an eventfd each way, epoll. */
#include "tests/bench/ends.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int prepare(struct run *r)
{
	int error = run_share(r, 2 * 4096 + 2 * (r->task.bytes > r->task.answer ? r->task.bytes : r->task.answer));

	return error ? error : run_eventfds(r);
}

static int open_eventfd(struct end *e)
{
	struct epoll_event ev = {.events = EPOLLIN};
	size_t half = e->run->shared_bytes / 2;
	bool client = e->run->role == RUN_CLIENT;

	e->own[0] = e->run->shared + (client ? 0 : half);
	e->own[1] = e->run->shared + (client ? half : 0);
	e->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (e->epfd < 0 || epoll_ctl(e->epfd, EPOLL_CTL_ADD, e->fd, &ev) < 0)
		return -errno;
	return 0;
}

static inline void *room(struct end *e, size_t len)
{
	(void)len;
	return e->own[0];
}

static inline int wake(struct end *e, size_t len)
{
	(void)len;
	return eventfd_write(e->run->fds[e->run->role][1], 1) < 0 ? -errno : 0;
}

static inline const void *await(struct end *e, size_t len)
{
	struct epoll_event ev;
	eventfd_t ignored;

	(void)len;
	if (epoll_wait(e->epfd, &ev, 1, -1) != 1 || eventfd_read(e->fd, &ignored) < 0)
		return NULL;
	return e->own[1];
}

static const struct end_ops ops = {.open = open_eventfd, .room = room, .send = wake, .recv = await, .builds = true};

END_SIDES(ops)

const struct way WAY(eventfd) = {
	.key = "eventfd",
	.name = "eventfd + epoll",
	.kind = KIND_FLOOR,
	.jobs = JOB_TRIP,
	.waits = SLEEPS,
	.lends = true,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
