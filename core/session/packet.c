/* core/session/packet.c - the control socket: sending, ringing; packet_read.c reads. Invariants: every call has MSG_DONTWAIT
 * and MSG_NOSIGNAL; a packet that the socket refused is derived from state and sent later (packet_flush()), never queued. */
#include "session/session.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SHORT_MS 1 /* the kernel is short of something and tells no event: try again then */

/* Who asks again and again does not put it off. */
void packet_soon(struct rill_session *s)
{
	if (s->retry_at != RILL_NEVER)
		return;
	s->retry_at = ctx_now(s->ctx) + SHORT_MS * MSEC;
	source_changed(&s->source);
}

bool packet_all_read(const struct rill_session *s)
{
	int unread;

	return ioctl(s->fd, SIOCOUTQ, &unread) == 0 && unread == 0;
}

static int send_error(struct rill_session *s, int e)
{
	switch (e) {
	case EAGAIN:
		source_changed(&s->source); /* POLLOUT follows from what is unsent */
		return -EAGAIN;
	case ENOBUFS:
	case ENOMEM:
	case ETOOMANYREFS:
	case EINTR:
		packet_soon(s);
		return -EAGAIN;
	case EBADF:
		return -EBADF;
	default:
		return -EPIPE;
	}
}

static struct cmsghdr *attach(struct msghdr *m, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)((char *)m->msg_control + m->msg_controllen);

	memset(c, 0, CMSG_SPACE(len));
	c->cmsg_len = CMSG_LEN(len);
	m->msg_controllen += CMSG_SPACE(len);
	return c;
}

static void attach_fds(struct msghdr *m, const int *fds, unsigned count)
{
	struct cmsghdr *c = attach(m, count * sizeof(int));

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(c), fds, count * sizeof(int));
}

/* Who speaks; the kernel checks it. */
static void attach_cred(struct msghdr *m)
{
	struct cmsghdr *c = attach(m, sizeof(struct ucred));
	struct ucred u = {.pid = getpid(), .uid = geteuid(), .gid = getegid()};

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	memcpy(CMSG_DATA(c), &u, sizeof(u));
}

static int send_message(struct rill_session *s, struct iovec *iov, unsigned iov_count, const int *fds, unsigned fd_count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(RILL_FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = iov_count, .msg_control = control};
	const struct wire_packet *p = iov[0].iov_base;

	if (s->fd < 0 || s->hung_up)
		return -EPIPE;
	if (fds)
		attach_fds(&m, fds, fd_count);
	if (p->kind == WIRE_HELLO)
		attach_cred(&m);
	if (!m.msg_controllen)
		m.msg_control = NULL;
	if (sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return send_error(s, errno);
	return 0;
}

int packet_send(struct rill_session *s, const void *packet, size_t len, const int *fds, unsigned fd_count)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)packet, .iov_len = len};

	return send_message(s, &iov, 1, fds, fd_count);
}

int packet_send_tail(struct rill_session *s, const void *packet, size_t len, const void *tail, size_t tail_len)
{
	struct iovec iov[2] = {
		{.iov_base = (void *)(uintptr_t)packet, .iov_len = len},
		{.iov_base = (void *)(uintptr_t)tail, .iov_len = tail_len},
	};

	return send_message(s, iov, 2, NULL, 0);
}

void packet_bell(struct rill_session *s, uint64_t sarm)
{
	struct wire_bell bell = {.p = PACKET(WIRE_BELL, struct wire_bell), .sarm = sarm};

	if (!sarm || s->fd < 0 || s->hung_up)
		return;
	if (wake_ring(s) || send(s->fd, &bell, sizeof(bell), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(bell)) {
		s->stats.bells++;
		bell_sent(&s->bell, sarm); /* P7: only a bell that went out counts */
		s->bell_pending = false;
		return;
	}
	/* Full: he has unread packets, so he is awake, but another may be due later. Gone: the next read tells. */
	if (send_error(s, errno) == -EAGAIN)
		s->bell_pending = true;
}

void packet_goodbye(struct rill_session *s, int reason, const char *text)
{
	struct wire_goodbye g = {.p = PACKET(WIRE_GOODBYE, struct wire_goodbye), .reason = reason};

	strncpy(g.text, text, sizeof(g.text) - 1);
	s->goodbye_pending = link_linked(&s->unsent) || packet_send(s, &g, sizeof(g), NULL, 0) == -EAGAIN;
	if (s->goodbye_pending)
		source_changed(&s->source);
}

bool packet_unsent(const struct rill_session *s)
{
	if (s->state == SESSION_CONNECTING || s->fd < 0 || s->hung_up || s->retry_at != RILL_NEVER)
		return false; /* where the kernel tells no event, retry_at does */
	if (s->beat.pending && s->state == SESSION_OPEN)
		return true;
	return s->bell_pending || s->goodbye_pending || link_linked(&s->unsent) || s->socket_waits || announce_unsent(s) ||
	       s->mapped_pending;
}

static void flush_channels(struct rill_session *s)
{
	struct link work;

	link_init(&work);
	link_splice(&work, &s->unsent);
	while (link_linked(&work)) {
		struct rill_channel *ch = container_of(work.next, struct rill_channel, unsent_link);

		link_remove(&ch->unsent_link);
		channel_send_unsent(ch); /* comes back to the list if it fails */
	}
}

/* We may have been woken to read. */
static bool socket_takes(const struct rill_session *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};

	return poll(&p, 1, 0) != 0;
}

static void wake_waiting(struct rill_session *s)
{
	s->socket_waits = false;
	if (s->state != SESSION_OPEN)
		return;
	channel_wake(s, WAIT_SOCKET);
	if (s->announce_wanted || (s->open_wanted && channel_open_possible(s)))
		session_note(s, TELL_WRITABLE);
}

static void goodbye_again(struct rill_session *s)
{
	if (s->abandon)
		packet_goodbye(s, ECONNABORTED, "");
	else
		packet_goodbye(s, s->why == -ESTALE ? ESTALE : 0, s->why == -ESTALE ? s->text : "");
}

void packet_flush(struct rill_session *s)
{
	if (s->state != SESSION_OPEN && s->state != SESSION_ENDED && s->state != SESSION_CLOSING)
		return;
	if (s->bell_pending) {
		s->bell_pending = false;
		packet_bell(s, bell_due(&s->bell));
	}
	flush_channels(s);
	announce_flush(s);
	borrow_flush(s);
	beat_flush(s);
	if (s->goodbye_pending)
		goodbye_again(s);
	if (s->socket_waits && socket_takes(s))
		wake_waiting(s);
	source_changed(&s->source);
}
