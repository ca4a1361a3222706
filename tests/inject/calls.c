/* tests/inject/calls.c - see calls.h. One line a call: how it is declared, and the errors it may give, the likeliest first.
 * What an error means to the kernel is made true: a broken pipe is shut down, a close that fails has closed.
 *
 * Not points, since they cannot fail or nobody could do anything: munmap() of a whole mapping, clock_gettime(), getpid(),
 * geteuid(), getegid(), free(), epoll_ctl() but for ADD, fcntl() but for F_ADD_SEALS. */
#include "tests/inject/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#define SHORT_COUNT 1000 /* ways that are no errno */
#define LOST_FDS 1001

struct inject inject;

void inject_begin(unsigned at, enum inject_act act, unsigned way)
{
	memset(&inject, 0, sizeof(inject));
	inject.at = at;
	inject.act = act;
	inject.way = way;
}

/* A point. 0: go on; else the way to fail. */
static int point(const char *name, const int *ways)
{
	unsigned n = 0;

	if (++inject.points != inject.at)
		return 0;
	while (ways[n])
		n++;
	inject.name = name;
	inject.ways = n;
	inject.happened = 1;
	if (inject.act == INJECT_KILL)
		raise(SIGKILL);
	if (inject.act == INJECT_STOP)
		raise(SIGSTOP);
	if (inject.act != INJECT_FAIL)
		return 0;
	inject.error = ways[inject.way % n] < SHORT_COUNT ? ways[inject.way % n] : 0;
	return ways[inject.way % n];
}

#define WAYS(...)              \
	(const int[])          \
	{                      \
		__VA_ARGS__, 0 \
	}

/* clang-format off */
#define CALL(type, name, parameters, arguments, failure, ...)            \
	type inject_##name parameters;                                   \
	type inject_##name parameters                                    \
	{                                                                \
		int e = point(#name, WAYS(__VA_ARGS__));                 \
		if (!e)                                                  \
			return name arguments;                           \
		errno = e;                                               \
		return failure;                                          \
	}

CALL(void *, malloc, (size_t n), (n), NULL, ENOMEM)
CALL(void *, calloc, (size_t n, size_t m), (n, m), NULL, ENOMEM)
CALL(void *, realloc, (void *p, size_t n), (p, n), NULL, ENOMEM)
CALL(void *, reallocarray, (void *p, size_t n, size_t m), (p, n, m), NULL, ENOMEM)
CALL(char *, strdup, (const char *s), (s), NULL, ENOMEM)
CALL(char *, getcwd, (char *p, size_t n), (p, n), NULL, ENOENT, ENOMEM, EACCES)

CALL(int, socket, (int d, int t, int p), (d, t, p), -1, EMFILE, ENFILE, ENOMEM, ENOBUFS, EACCES)
CALL(int, bind, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), -1, EADDRINUSE, EACCES, ENOMEM, ENOTDIR, EROFS)
CALL(int, listen, (int fd, int n), (fd, n), -1, EADDRINUSE)
CALL(int, accept4, (int fd, struct sockaddr *a, socklen_t *n, int f), (fd, a, n, f), -1, EMFILE, ENFILE, ENOBUFS, ENOMEM,
     ECONNABORTED, EAGAIN, EINTR, EPERM)
CALL(int, connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), -1, EAGAIN, ECONNREFUSED, EACCES, ENOENT, EINTR)
CALL(int, getsockopt, (int fd, int l, int o, void *v, socklen_t *n), (fd, l, o, v, n), -1, ENOMEM)
CALL(int, setsockopt, (int fd, int l, int o, const void *v, socklen_t n), (fd, l, o, v, n), -1, ENOMEM)
CALL(int, getpeername, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n), -1, ENOBUFS, ENOTCONN)
CALL(ssize_t, recvmsg, (int fd, struct msghdr *m, int f), (fd, m, f), -1, EAGAIN, EINTR, ENOMEM)
CALL(int, poll, (struct pollfd *p, nfds_t n, int t), (p, n, t), -1, EINTR, ENOMEM)
CALL(int, select, (int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *t), (n, r, w, x, t), -1, EINTR, ENOMEM)
CALL(int, epoll_create1, (int f), (f), -1, EMFILE, ENFILE, ENOMEM)
CALL(int, epoll_wait, (int fd, struct epoll_event *v, int n, int t), (fd, v, n, t), -1, EINTR)
CALL(int, timerfd_create, (int c, int f), (c, f), -1, EMFILE, ENFILE, ENOMEM)

CALL(int, memfd_create, (const char *s, unsigned f), (s, f), -1, EMFILE, ENFILE, ENOMEM, EINVAL)
CALL(int, ftruncate, (int fd, off_t n), (fd, n), -1, EINTR, EFBIG, EPERM, EIO)
CALL(void *, mmap, (void *a, size_t n, int p, int f, int fd, off_t o), (a, n, p, f, fd, o), MAP_FAILED, ENOMEM, EAGAIN, ENFILE)
CALL(int, madvise, (void *a, size_t n, int w), (a, n, w), -1, ENOMEM, EAGAIN, EINVAL)
CALL(int, mincore, (void *a, size_t n, unsigned char *v), (a, n, v), -1, ENOMEM, EAGAIN)
CALL(int, fstat, (int fd, struct stat *s), (fd, s), -1, ENOMEM, EOVERFLOW)
CALL(int, fstatfs, (int fd, struct statfs *s), (fd, s), -1, ENOMEM, EINTR, EIO)
CALL(int, statfs, (const char *p, struct statfs *s), (p, s), -1, ENOENT, EACCES, ENOMEM)
CALL(ssize_t, readlink, (const char *p, char *t, size_t n), (p, t, n), -1, ENOENT, EACCES, ENOMEM)
CALL(int, eventfd, (unsigned n, int f), (n, f), -1, EMFILE, ENFILE, ENOMEM)
CALL(int, eventfd_write, (int fd, eventfd_t n), (fd, n), -1, EAGAIN, EINTR)
CALL(ssize_t, preadv2, (int fd, const struct iovec *v, int n, off_t o, int f), (fd, v, n, o, f), -1, EAGAIN, EINTR, EOPNOTSUPP)
CALL(int, lstat, (const char *p, struct stat *s), (p, s), -1, ENOENT, EACCES, ENOMEM)
CALL(int, stat, (const char *p, struct stat *s), (p, s), -1, ENOENT, EACCES, ENOMEM)
CALL(int, chmod, (const char *p, mode_t m), (p, m), -1, EPERM, EROFS, EIO)
CALL(int, fchmod, (int fd, mode_t m), (fd, m), -1, EPERM, EROFS, EIO)
CALL(int, flock, (int fd, int o), (fd, o), -1, EWOULDBLOCK, EINTR, ENOLCK)
CALL(int, unlink, (const char *p), (p), -1, EACCES, EBUSY, ENOENT, EROFS)
CALL(int, getrlimit, (__rlimit_resource_t r, struct rlimit *l), (r, l), -1, EPERM)
CALL(ssize_t, getrandom, (void *p, size_t n, unsigned f), (p, n, f), -1, EINTR, ENOSYS)
/* clang-format on */

int inject_timerfd_settime(int fd, int f, const struct itimerspec *n, struct itimerspec *o);
int inject_timerfd_settime(int fd, int f, const struct itimerspec *n, struct itimerspec *o)
{
	return timerfd_settime(fd, f, n, o); /* cannot fail for a timerfd of ours */
}

int inject_close(int fd);
int inject_close(int fd)
{
	int e = point("close", WAYS(EINTR, EIO));
	int r = close(fd);

	if (!e)
		return r;
	errno = e;
	return -1;
}

int inject_shutdown(int fd, int how);
int inject_shutdown(int fd, int how)
{
	int e = point("shutdown", WAYS(ENOTCONN, ENOBUFS));
	int r = shutdown(fd, how);

	if (!e)
		return r;
	errno = e;
	return -1;
}

/* Of an eventfd. EAGAIN: its counter is not 0, so whoever waits for it wakes up; that is made true. */
ssize_t inject_write(int fd, const void *data, size_t len);
ssize_t inject_write(int fd, const void *data, size_t len)
{
	int e = point("write", WAYS(EAGAIN, EINTR));

	if (!e)
		return write(fd, data, len);
	if (e == EAGAIN)
		(void)!write(fd, data, len);
	errno = e;
	return -1;
}

int inject_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int inject_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	int e = op == EPOLL_CTL_ADD ? point("epoll_ctl", WAYS(ENOMEM, ENOSPC)) : 0;

	if (!e)
		return epoll_ctl(epfd, op, fd, event);
	errno = e;
	return -1;
}

int inject_open(const char *path, int flags, ...);
int inject_open(const char *path, int flags, ...)
{
	int e = point("open", WAYS(EMFILE, ENFILE, ENOENT, EACCES, ENOMEM));

	if (!e)
		return open(path, flags);
	errno = e;
	return -1;
}

/* open() with flags that the compiler does not know, fortified. */
int inject___open_2(const char *path, int flags);
int inject___open_2(const char *path, int flags)
{
	return inject_open(path, flags);
}

int inject_fcntl(int fd, int cmd, ...);
int inject_fcntl(int fd, int cmd, ...)
{
	int e = cmd == F_ADD_SEALS ? point("fcntl F_ADD_SEALS", WAYS(EBUSY, EPERM)) : 0;
	va_list args;
	long arg;

	va_start(args, cmd);
	arg = va_arg(args, long);
	va_end(args);
	if (!e)
		return fcntl(fd, cmd, arg);
	errno = e;
	return -1;
}

int inject_ioctl(int fd, unsigned long request, ...);
int inject_ioctl(int fd, unsigned long request, ...)
{
	int e = point("ioctl", WAYS(EINVAL, ENOTTY));
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!e)
		return ioctl(fd, request, arg);
	errno = e;
	return -1;
}

static int print(char **ret, const char *format, va_list args)
{
	int e = point("asprintf", WAYS(ENOMEM));
	int r = e ? -1 : vasprintf(ret, format, args);

	if (e)
		errno = e;
	return r;
}

int inject_asprintf(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));
int inject_asprintf(char **ret, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = print(ret, format, args);
	va_end(args);
	return r;
}

int inject___asprintf_chk(char **ret, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));
int inject___asprintf_chk(char **ret, int flag, const char *format, ...)
{
	va_list args;
	int r;

	(void)flag;
	va_start(args, format);
	r = print(ret, format, args);
	va_end(args);
	return r;
}

/* ---- The socket ------------------------------------------------------------------------------------------------ */

static ssize_t not_sent(int fd, int e)
{
	if (e == EPIPE || e == ECONNRESET)
		shutdown(fd, SHUT_RDWR);
	errno = e;
	return -1;
}

ssize_t inject_send(int fd, const void *data, size_t len, int flags);
ssize_t inject_send(int fd, const void *data, size_t len, int flags)
{
	int e = point("send", WAYS(EAGAIN, ENOBUFS, ENOMEM, EINTR, EPIPE, ECONNRESET));

	return e ? not_sent(fd, e) : send(fd, data, len, flags);
}

ssize_t inject_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t inject_sendmsg(int fd, const struct msghdr *m, int flags)
{
	int e = m->msg_controllen ? point("sendmsg", WAYS(EAGAIN, ETOOMANYREFS, ENOBUFS, ENOMEM, EINTR, EPIPE, ECONNRESET))
	                          : point("sendmsg", WAYS(EAGAIN, ENOBUFS, ENOMEM, EINTR, EPIPE, ECONNRESET));

	return e ? not_sent(fd, e) : sendmsg(fd, m, flags);
}

/* As a kernel that finds no room for the first of them. */
static void lose_fds(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fds[253];

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds, CMSG_DATA(c), count * sizeof(int));
		for (size_t i = 0; i < count; i++)
			close(fds[i]);
		c->cmsg_type = -1; /* nobody knows it */
		m->msg_flags |= MSG_CTRUNC;
	}
}

int inject_recvmmsg(int fd, struct mmsghdr *m, unsigned count, int flags, struct timespec *timeout);
int inject_recvmmsg(int fd, struct mmsghdr *m, unsigned count, int flags, struct timespec *timeout)
{
	int e = point("recvmmsg", WAYS(EAGAIN, LOST_FDS, SHORT_COUNT, EINTR, ENOMEM));
	int n;

	if (e && e < SHORT_COUNT) {
		errno = e;
		return -1;
	}
	n = recvmmsg(fd, m, e == SHORT_COUNT ? 1 : count, flags, timeout);
	for (int i = 0; e == LOST_FDS && i < n; i++)
		lose_fds(&m[i].msg_hdr);
	return n;
}
