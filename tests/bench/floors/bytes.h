/* tests/bench/floors/bytes.h - descriptors that carry bytes (pipe, stream): wait in epoll, read until the message is whole.
 * Writing blocks while there is no room. */
#ifndef TESTS_BENCH_FLOORS_BYTES_H
#define TESTS_BENCH_FLOORS_BYTES_H

#include "tests/bench/ends.h"

#include <sys/epoll.h>
#include <unistd.h>

static inline int bytes_open(struct end *e)
{
	struct epoll_event ev = {.events = EPOLLIN};

	e->epfd = epoll_create1(EPOLL_CLOEXEC);
	return e->epfd < 0 || epoll_ctl(e->epfd, EPOLL_CTL_ADD, e->fd, &ev) < 0 ? -errno : 0;
}

static inline void *bytes_room(struct end *e, size_t len)
{
	(void)len;
	return e->out;
}

static inline int bytes_write(struct end *e, int fd, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, e->out + done, len - done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

/* One message a read: what is more stays in the kernel. */
static inline const void *bytes_read(struct end *e, size_t len)
{
	struct epoll_event ev;

	for (size_t done = 0; done < len;) {
		ssize_t n;

		if (epoll_wait(e->epfd, &ev, 1, -1) != 1)
			return NULL;
		n = read(e->fd, e->in + done, len - done);
		if (n <= 0)
			return NULL;
		done += (size_t)n;
	}
	return e->in;
}

#endif
