/* tests/bench/socket.c - what is used today: 64 bytes through a Unix socket, both sides in epoll. */
#include "tests/bench/bench.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE 64

static int wait_on(int fd)
{
	struct epoll_event e = {.events = EPOLLIN};
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	if (epfd < 0 || epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e) < 0)
		return -errno;
	return epfd;
}

static int await(int epfd, int fd, char *message)
{
	struct epoll_event e;

	if (epoll_wait(epfd, &e, 1, -1) != 1)
		return -errno;
	return recv(fd, message, MESSAGE, MSG_DONTWAIT) == MESSAGE ? 0 : -EPIPE;
}

static int say(int fd, const char *message)
{
	return send(fd, message, MESSAGE, MSG_DONTWAIT | MSG_NOSIGNAL) == MESSAGE ? 0 : -errno;
}

static int serve(const struct pair *p)
{
	int epfd = wait_on(p->sockets[0]), r = epfd < 0 ? epfd : 0;
	char message[MESSAGE];

	while (r == 0) {
		r = await(epfd, p->sockets[0], message);
		if (r == 0)
			r = say(p->sockets[0], message);
	}
	return r;
}

static int ask(const struct pair *p, struct trips *t)
{
	int epfd = wait_on(p->sockets[1]), r = epfd < 0 ? epfd : 0;
	char message[MESSAGE] = {1};

	if (r < 0)
		return r;
	trips_begin(t);
	do {
		r = say(p->sockets[1], message);
		if (r == 0)
			r = await(epfd, p->sockets[1], message);
	} while (r == 0 && trips_next(t));
	close(epfd);
	return r;
}

const struct row socket_row = {
	.key = "f",
	.name = "Unix SEQPACKET + epoll",
	.trips = 6000,
	.server = serve,
	.client = ask,
};
