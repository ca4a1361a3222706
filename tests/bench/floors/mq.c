/* tests/bench/floors/mq.c - a POSIX message queue each way, in epoll (its descriptor is one on Linux). */
#include "tests/bench/floors/bytes.h"

#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>

#define MESSAGE 8192 /* the kernel's default for msgsize_max */

/* A name for as long as it takes to open it twice. */
static int prepare(struct run *r)
{
	struct mq_attr attr = {.mq_maxmsg = 10, .mq_msgsize = MESSAGE};
	char name[40];

	for (int side = 0; side < 2; side++) {
		snprintf(name, sizeof(name), "/rill-bench-%d-%d", (int)getpid(), side);
		r->fds[side][0] = mq_open(name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attr);
		if (r->fds[side][0] < 0)
			return -errno;
		r->fds[!side][1] = mq_open(name, O_WRONLY | O_CLOEXEC);
		mq_unlink(name);
		if (r->fds[!side][1] < 0)
			return -EMFILE;
	}
	return 0;
}

static inline int say(struct end *e, size_t len)
{
	return mq_send(e->run->fds[e->run->role][1], (const char *)e->out, len, 0) < 0 ? -errno : 0;
}

static int open_mq(struct end *e)
{
	e->own[0] = malloc(MESSAGE); /* it refuses to receive into less */
	return e->own[0] ? bytes_open(e) : -ENOMEM;
}

static inline const void *hear(struct end *e, size_t len)
{
	struct epoll_event ev;

	if (epoll_wait(e->epfd, &ev, 1, -1) != 1)
		return NULL;
	return mq_receive(e->fd, e->own[0], MESSAGE, NULL) == (ssize_t)len ? e->own[0] : NULL;
}

static const struct end_ops ops = {.open = open_mq, .room = bytes_room, .send = say, .recv = hear};

END_SIDES(ops)

const struct way WAY(mq) = {
	.key = "mq",
	.name = "POSIX mq + epoll",
	.kind = KIND_FLOOR,
	.jobs = JOB_TRIP | JOB_STREAM | JOB_BURST,
	.waits = SLEEPS,
	.max_bytes = 4096,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
