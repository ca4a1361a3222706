/* core/session/wake.c - the bell as an eventfd: each side makes one, watches it, and hands it to the peer, who writes to it
 * where he would send a BELL packet. Half the kernel's work of a packet; but who holds an eventfd can make the other's write
 * wait (clear O_NONBLOCK, fill the counter). So it is between peers of one uid only, as the kernel says of both, and each side
 * judges for itself; whatever does not work out leaves the bells on the socket. docs/protocol.md, "EVENTFD". */
#include "session/session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#define NAME "anon_inode:[eventfd]"
#define UNMAPPED 65534 /* what uids of other user namespaces look like: no two of them need be the same */

/* ---- The descriptor -------------------------------------------------------------------------------------------- */

/* Bells since the last read; 0: none. O_NONBLOCK is the peer's to clear; this flag is not. */
static uint64_t count_of(int fd)
{
	uint64_t count = 0;
	struct iovec iov = {.iov_base = &count, .iov_len = sizeof(count)};

	return preadv2(fd, &iov, 1, -1, RWF_NOWAIT) == sizeof(count) ? count : 0;
}

/* A kernel, or a filter of system calls, that cannot read one without waiting shall not meet one. */
static bool readable_at_once(int fd)
{
	return eventfd_write(fd, 1) == 0 && count_of(fd) == 1 && count_of(fd) == 0 && errno == EAGAIN;
}

/* 1 yes, 0 no, -1 nobody can tell. The link's text is the kernel's own: a path would begin with a slash. Of the thread, which
 * may have a table of descriptors of its own. */
static int is_eventfd(int fd)
{
	char path[48], name[sizeof(NAME)];
	struct statfs fs;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", fd);
	if (statfs("/proc/thread-self/fd", &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return -1;
	n = readlink(path, name, sizeof(name));
	if (n < 0)
		return -1;
	return n == sizeof(NAME) - 1 && memcmp(name, NAME, sizeof(NAME) - 1) == 0;
}

/* ---- Ours: read and watched ------------------------------------------------------------------------------------ */

static short wants(const struct source *src)
{
	(void)src;
	return POLLIN;
}

/* Consumed here, before the turn looks and rest() arms, and nowhere else. */
static void ready(struct source *src)
{
	struct rill_session *s = container_of(src, struct rill_session, wake);
	uint64_t count = count_of(src->watch.fd);

	if (count == 0)
		return;
	if (!arm_answered(&s->bell.sleep) || count != 1)
		session_end(s, -EPROTO, "bell: not armed for");
	else
		s->stats.wakeups++;
}

/* The ctx goes, or this is a forked child: before or after the session itself, as they come. */
static void drop(struct source *src)
{
	wake_close(container_of(src, struct rill_session, wake));
}

static void finish(struct source *src)
{
	(void)src; /* a part of its session */
}

static const struct source_ops wake_ops = {.wants = wants, .ready = ready, .drop = drop, .child = drop, .finish = finish};

/* ---- Agreement ------------------------------------------------------------------------------------------------- */

static bool one_uid(const struct rill_session *s)
{
	uid_t me = geteuid();

	return me != UNMAPPED && s->peer.socket.uid == me && s->peer.sender.uid == me;
}

static bool agreed(const struct rill_session *s)
{
	return !s->set->o.socket_bell && s->hello.features & WIRE_FEATURE_EVENTFD;
}

static int watch(struct rill_session *s, int fd)
{
	int e = readable_at_once(fd) ? source_add_part(&s->wake, &s->source, &wake_ops) : -EOPNOTSUPP;

	if (e < 0)
		return e;
	e = source_watch(&s->wake, fd);
	if (e < 0)
		source_doom(&s->wake);
	return e;
}

void wake_offer(struct rill_session *s)
{
	struct wire_packet p = PACKET(WIRE_EVENTFD, struct wire_packet);
	int fd;

	if (!agreed(s) || !one_uid(s))
		return;
	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (fd < 0)
		return;
	if (watch(s, fd) < 0)
		close(fd);
	else if (packet_send(s, &p, sizeof(p), &fd, 1) < 0)
		wake_close(s);
}

void wake_on_packet(struct rill_session *s, struct packet *p)
{
	int is;

	if (!agreed(s) || s->wake_came) {
		session_end(s, -EPROTO, "eventfd: not agreed on, or a second one");
		return;
	}
	s->wake_came = true;
	if (p->fds_lost) /* we are out of descriptors */
		return;
	is = p->fd_count == 1 ? is_eventfd(p->fd[0]) : 0;
	if (is == 0 || (is > 0 && !(fcntl(p->fd[0], F_GETFL) & O_NONBLOCK))) {
		session_end(s, -EPROTO, "eventfd: not exactly one, or another kind of descriptor");
		return;
	}
	if (is < 0 || !one_uid(s))
		return;
	s->peer_wake = p->fd[0];
	p->fd_count = 0;
}

/* EAGAIN: the counter is full, so it is as good as rung. */
bool wake_ring(const struct rill_session *s)
{
	uint64_t one = 1;

	return s->peer_wake >= 0 && (write(s->peer_wake, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN);
}

void wake_close(struct rill_session *s)
{
	int fd = s->wake.watch.fd;

	if (s->wake.ctx)
		source_doom(&s->wake);
	if (s->wake.ctx && fd >= 0)
		close(fd);
	if (s->peer_wake >= 0)
		close(s->peer_wake);
	s->peer_wake = -1;
}
