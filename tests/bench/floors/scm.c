/* tests/bench/floors/scm.c - a packet with one descriptor (SCM_RIGHTS) a message, in epoll. As a round trip the descriptor is
 * a memfd that holds the payload, and who reads it maps it; as fd passing it is only received and closed. */
#include "tests/bench/floors/bytes.h"

#include <sys/mman.h>
#include <sys/socket.h>

static int prepare(struct run *r)
{
	return run_sockets(r, SOCK_SEQPACKET);
}

/* own[0]: our memory, at[0]: its descriptor; own[1], at[1]: what was received last, mapped, and its length. */
static int open_scm(struct end *e)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);
	void *p;

	if (fd < 0 || ftruncate(fd, (off_t)e->out_bytes) < 0)
		return -errno;
	p = mmap(NULL, e->out_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	e->own[0] = p;
	e->at[0] = (uint64_t)fd;
	return bytes_open(e);
}

static void *room(struct end *e, size_t len)
{
	(void)len;
	return e->own[0];
}

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int say(struct end *e, size_t len)
{
	union control control = {
		.head = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))}};
	struct iovec iov = {.iov_base = &len, .iov_len = sizeof(len)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	int fd = (int)e->at[0];

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	return sendmsg(e->fd, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int take(struct end *e)
{
	union control control;
	size_t len;
	struct iovec iov = {.iov_base = &len, .iov_len = sizeof(len)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct epoll_event ev;
	int fd;

	if (epoll_wait(e->epfd, &ev, 1, -1) != 1 || recvmsg(e->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0)
		return -EIO;
	if (!CMSG_FIRSTHDR(&msg))
		return -EMFILE;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static const void *hear(struct end *e, size_t len)
{
	int fd = take(e);
	void *p = e->in; /* any address: nothing is read of it */

	if (fd < 0)
		return NULL;
	e->own[1] = NULL;
	if (e->run->task.work != WORK_HANDLE)
		p = e->own[1] = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static void release(struct end *e, size_t len)
{
	if (e->own[1])
		munmap(e->own[1], len);
}

static const struct end_ops ops = {
	.open = open_scm,
	.room = room,
	.send = say,
	.recv = hear,
	.release = release,
	.builds = true,
};

END_SIDES(ops)

const struct way WAY(scm) = {
	.key = "scm",
	.name = "SCM_RIGHTS, a memfd a message",
	.kind = KIND_FLOOR,
	.jobs = JOB_TRIP | JOB_FDS,
	.waits = SLEEPS,
	.lends = true,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
