/* core/session/packet_read.c - the control socket: reading, judging, handing on. Invariants: every call has MSG_DONTWAIT;
 * what is read changes state only; each descriptor that came is owned by what its packet is for, or closed. */
#include "session/session.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BATCH 2
#define COST 16 /* of the budget: it is a part of a system call, perhaps a channel or a descriptor, and not a word in a ring */
#define PIDFD 4 /* SCM_PIDFD: who shares our socket can have the kernel send us one with each packet */

struct batch {
	struct mmsghdr m[BATCH];
	struct iovec iov[BATCH];
	struct packet packet[BATCH];
	_Alignas(struct cmsghdr) char control[BATCH][CMSG_SPACE(RILL_FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

/* How many were read; -1: none are there. */
static int receive(struct rill_session *s, struct batch *b, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		b->iov[i] = (struct iovec){.iov_base = b->packet[i].bytes, .iov_len = sizeof(b->packet[i].bytes)};
		b->m[i].msg_hdr = (struct msghdr){
			.msg_iov = &b->iov[i],
			.msg_iovlen = 1,
			.msg_control = b->control[i],
			.msg_controllen = sizeof(b->control[i]),
		};
	}
	for (;;) {
		int n = recvmmsg(s->fd, b->m, count, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, NULL);

		/* ECONNRESET: he died with packets of ours unread; his own come after it, and then the end. */
		if (n >= 0 || (errno != ECONNRESET && errno != EINTR))
			return n;
	}
}

static void close_fds(struct rill_ctx *ctx, struct packet *p)
{
	for (unsigned i = 0; i < p->fd_count; i++)
		ctx_close(ctx, p->fd[i]);
	p->fd_count = 0;
}

/* The ancillary data of one packet, whatever its sender put there. */
static void unpack(struct packet *p, struct msghdr *m)
{
	p->fd_count = 0;
	p->has_cred = false;
	p->fds_lost = m->msg_flags & MSG_CTRUNC;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t len = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && p->fd_count == 0) {
			memcpy(p->fd, CMSG_DATA(c), len);
			p->fd_count = (unsigned)(len / sizeof(int));
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred u;

			memcpy(&u, CMSG_DATA(c), sizeof(u));
			p->cred = (struct rill_cred){.pid = u.pid, .uid = u.uid, .gid = u.gid};
			p->has_cred = true;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == PIDFD && len == sizeof(int)) {
			int fd;

			memcpy(&fd, CMSG_DATA(c), sizeof(fd));
			close(fd);
		}
	}
}

/* What is queued goes with the socket, and a TCP socket among it may linger: so it is read first, and none may follow. With
 * SO_PASSCRED each packet has credentials, an empty one too, and the end has none. */
void packet_close(struct rill_ctx *ctx, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(RILL_FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	char byte;
	struct packet p;
	int on = 1;

	shutdown(fd, SHUT_RD);
	setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	for (;;) {
		struct iovec iov = {.iov_base = &byte, .iov_len = 1};
		struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (n < 0 && (errno == ECONNRESET || errno == EINTR))
			continue;
		if (n < 0 || (n == 0 && !m.msg_controllen))
			break;
		unpack(&p, &m);
		close_fds(ctx, &p);
	}
	close(fd);
}

static void on_hello(struct rill_session *s, struct packet *p)
{
	if (p->hello.magic != WIRE_MAGIC) {
		session_end(s, -EPROTO, "hello: wrong magic");
	} else if (p->fd_count != 1) {
		session_end(s, p->fds_lost ? -EMFILE : -EPROTO, "hello: %s",
		            p->fds_lost ? "no descriptor left to take the region with" : "not exactly one descriptor");
	} else if (!p->has_cred) {
		session_end(s, -EPROTO, "hello: no credentials");
	} else if (p->hello.channels == 0 || p->hello.channels > 1000000) {
		session_end(s, -EPROTO, "hello: channels out of range");
	} else {
		s->hello = p->hello;
		s->hello_fd = p->fd[0];
		p->fd_count = 0;
		s->peer.sender = p->cred;
		session_note(s, TELL_HELLO);
	}
}

void packet_make_plain(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static void end_text(char text[WIRE_TEXT])
{
	text[WIRE_TEXT - 1] = '\0';
	packet_make_plain(text);
}

static void on_refuse(struct rill_session *s, struct packet *p)
{
	end_text(p->refuse.text);
	session_end(s, -EACCES, "refused by the peer: %.100s", p->refuse.text);
}

static void on_bell(struct rill_session *s, const struct packet *p)
{
	if (p->bell.sarm != s->bell.sleep.value || !arm_answered(&s->bell.sleep))
		session_end(s, -EPROTO, "bell: not armed for");
	else
		s->stats.wakeups++;
	source_wake(&s->source); /* a recv outside a dispatch may be what reads the socket */
}

static void on_goodbye(struct rill_session *s, struct packet *p)
{
	int reason = p->goodbye.reason;

	end_text(p->goodbye.text);
	s->complained = true;
	if (reason == 0)
		session_end(s, 0, "closed by the peer");
	else if (reason == EPROTO || reason == EMFILE || reason == ENFILE || reason == ENOMEM || reason == EFBIG ||
	         reason == ESTALE)
		session_end(s, -reason, "ended by the peer: %.100s", p->goodbye.text);
	else
		session_end(s, -ECONNABORTED, "aborted by the peer: %.100s", p->goodbye.text);
}

static size_t packet_length(enum wire_kind kind)
{
	static const size_t length[] = {
		[WIRE_HELLO] = sizeof(struct wire_hello),      [WIRE_REFUSE] = sizeof(struct wire_refuse),
		[WIRE_BELL] = sizeof(struct wire_bell),        [WIRE_OPEN] = sizeof(struct wire_open),
		[WIRE_ACCEPT] = sizeof(struct wire_open),      [WIRE_DECLINE] = sizeof(struct wire_close),
		[WIRE_CLOSE] = sizeof(struct wire_close),      [WIRE_FDS_PACKET] = sizeof(struct wire_fds),
		[WIRE_ARENA] = sizeof(struct wire_arena),      [WIRE_FORGET] = sizeof(struct wire_forget),
		[WIRE_GOODBYE] = sizeof(struct wire_goodbye),  [WIRE_MAPPED] = sizeof(struct wire_mapped),
		[WIRE_EVENTFD] = sizeof(struct wire_packet),   [WIRE_SHARED_ARENA] = sizeof(struct wire_arena),
		[WIRE_HEARTBEAT] = sizeof(struct wire_packet),
	};

	return kind < sizeof(length) / sizeof(length[0]) ? length[kind] : 0;
}

/* NULL, or what is wrong with its outside. */
static const char *packet_wrong(const struct rill_session *s, const struct packet *p, int flags)
{
	enum wire_kind kind = (enum wire_kind)p->p.kind;
	size_t want;

	if (flags & MSG_TRUNC || p->len < sizeof(p->p) || p->p.length != p->len)
		return "packet: wrong length";
	want = packet_length(kind);
	if (want && p->p.major != WIRE_MAJOR)
		return "packet: another version of the protocol";
	if (kind == WIRE_OPEN && p->len >= want)
		want += (size_t)p->open.name_len + p->open.metadata_len;
	if (!want || want != p->len)
		return "packet: unknown kind or wrong length";
	if ((s->state == SESSION_GREETING) != (kind == WIRE_HELLO) && kind != WIRE_REFUSE && kind != WIRE_GOODBYE)
		return "packet: kind is out of its turn";
	if ((p->fd_count || p->fds_lost) && kind != WIRE_HELLO && kind != WIRE_FDS_PACKET && kind != WIRE_ARENA &&
	    kind != WIRE_SHARED_ARENA && kind != WIRE_EVENTFD)
		return "packet: descriptors where none belong";
	return NULL;
}

static void handle(struct rill_session *s, struct packet *p)
{
	switch ((enum wire_kind)p->p.kind) {
	case WIRE_HELLO:
		on_hello(s, p);
		break;
	case WIRE_REFUSE:
		on_refuse(s, p);
		break;
	case WIRE_BELL:
		on_bell(s, p);
		break;
	case WIRE_OPEN:
		channel_on_open(s, p);
		break;
	case WIRE_ACCEPT:
		channel_on_accept(s, p);
		break;
	case WIRE_DECLINE:
	case WIRE_CLOSE:
		channel_on_close(s, p);
		break;
	case WIRE_FDS_PACKET:
		fds_on_packet(s, p);
		break;
	case WIRE_ARENA:
	case WIRE_SHARED_ARENA:
		borrow_on_arena(s, p);
		break;
	case WIRE_FORGET:
		borrow_on_forget(s, p);
		break;
	case WIRE_GOODBYE:
		on_goodbye(s, p);
		break;
	case WIRE_MAPPED:
		announce_on_mapped(s, p);
		break;
	case WIRE_EVENTFD:
		wake_on_packet(s, p);
		break;
	case WIRE_HEARTBEAT:
		beat_on_packet(s);
		break;
	}
}

/* A session that is ending for us reads on only to learn of the hang-up. */
static bool listens(const struct rill_session *s)
{
	return s->state == SESSION_GREETING || s->state == SESSION_OPEN;
}

static void take(struct rill_session *s, struct packet *p, struct msghdr *m, unsigned len)
{
	const char *wrong;

	s->stats.packets++;
	p->len = len;
	unpack(p, m);
	if (listens(s)) {
		wrong = packet_wrong(s, p, m->msg_flags);
		if (wrong)
			session_end(s, -EPROTO, "%s", wrong);
		else
			handle(s, p);
	} else if (p->len == sizeof(p->bell) && p->p.kind == WIRE_BELL) {
		arm_answered(&s->bell.sleep); /* blocks may be coming back */
	} else if (s->state == SESSION_CLOSING && !packet_wrong(s, p, m->msg_flags) && p->p.kind == WIRE_OPEN) {
		channel_discard_open(s, p);
	}
	close_fds(s->ctx, p); /* what nobody took over */
}

/* E6: recv() gave 0: everything of the peer's was read, what its frames name included. */
static void hang_up(struct rill_session *s)
{
	bool was_open = s->state == SESSION_OPEN;

	s->hung_up = true;
	if (listens(s))
		session_end(s, -ECONNRESET, was_open ? "the peer died" : "the peer left without a word");
	session_hang_up(s);
	if (s->state == SESSION_CLOSING)
		session_settle(s);
}

/* Half the turn at most: who sends packets without end is still to have its messages read. */
static unsigned cost(const struct rill_session *s, unsigned packets)
{
	unsigned half = (unsigned)ctx_session_budget(s->ctx) / 2, n = COST * packets;

	n = n < half ? n : half;
	return n > packets ? n : packets;
}

void packet_drain(struct rill_session *s)
{
	struct batch b;
	int n;

	/* What a packet in hand says of a ring was sent before it: reading on is a liar's wish, and would nest without end. */
	if (s->fd < 0 || s->state == SESSION_CONNECTING || s->todo & TELL_HELLO || s->reading)
		return;
	if (session_spent(s)) {
		session_note(s, TELL_DRAIN);
		return;
	}
	n = receive(s, &b, s->state == SESSION_GREETING ? 1 : BATCH); /* a hello changes how the rest is read */
	s->reading = true;
	session_spend(s, n > 0 ? cost(s, (unsigned)n) : 0);
	for (int i = 0; i < n; i++) {
		if (b.m[i].msg_len == 0 && !s->hung_up) /* never sent: it is the end, unless a liar sends it */
			hang_up(s);
		take(s, &b.packet[i], &b.m[i].msg_hdr, b.m[i].msg_len);
	}
	s->reading = false;
	if (s->beat.came)
		beat_answer(s);
	if (n == BATCH)
		session_note(s, TELL_DRAIN);
}
