/* core/session/handshake.c - hello for hello. Invariant: no memory is made for an accepted peer, and none of a peer's is
 * mapped, before policy has passed both credentials. */
#include "session/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

int cred_of_socket(int fd, struct rill_cred *ret_cred)
{
	struct ucred u;
	socklen_t len = sizeof(u);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &len) < 0)
		return -errno;
	*ret_cred = (struct rill_cred){.pid = u.pid, .uid = u.uid, .gid = u.gid};
	return 0;
}

static int pass_cred(int fd, int on)
{
	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ? -errno : 0;
}

static int say_hello(struct rill_session *s)
{
	const struct rill_session_options *o = &s->set->o;
	struct wire_hello hello = {
		.p = PACKET(WIRE_HELLO, struct wire_hello),
		.magic = WIRE_MAGIC,
		.features = WIRE_FEATURE_HEARTBEAT | (o->same_address ? WIRE_FEATURE_ADDRESS : 0) |
	                    (o->peers_may_write ? WIRE_FEATURE_SHARED : 0) | (o->socket_bell ? 0 : WIRE_FEATURE_EVENTFD),
		.mapped_bytes = o->mapped_bytes,
		.channels = o->channels,
		.arenas = o->arenas,
		.fds = o->fds,
	};
	int fd, e;

	if (getrandom(&s->random, sizeof(s->random), GRND_NONBLOCK) != sizeof(s->random))
		s->random = ctx_now(s->ctx) * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)getpid() << 32 ^ (uintptr_t)s;
	e = region_create(&s->mine, &fd, 2 * o->channels, o->loans, o->ring_bytes);
	if (e < 0)
		return e;
	hello.random = s->random;
	hello.size = s->mine.head.size;
	e = packet_send(s, &hello, sizeof(hello), &fd, 1);
	close(fd);
	return e == -EAGAIN ? -ENOBUFS : e;
}

int handshake_begin(struct rill_session *s)
{
	int e = cred_of_socket(s->fd, &s->peer.socket);

	if (e == 0)
		e = pass_cred(s->fd, 1);
	if (e < 0)
		return e;
	s->state = SESSION_GREETING;
	if (!s->initiator)
		return 0;
	return policy_passes(s->set, &s->peer.socket) ? say_hello(s) : -EPERM;
}

static void refuse(struct rill_session *s, int reason, const char *text)
{
	struct wire_refuse r = {.p = PACKET(WIRE_REFUSE, struct wire_refuse), .reason = reason};

	snprintf(r.text, sizeof(r.text), "%s", text);
	packet_send(s, &r, sizeof(r), NULL, 0);
}

static void turn_down(struct rill_session *s, int e)
{
	char text[WIRE_TEXT];

	snprintf(text, sizeof(text), "not admitted by the other side's policy%s%s", e == -EPERM ? "" : ": ",
	         e == -EPERM ? "" : strerror(-e));
	refuse(s, EACCES, text);
	session_end(s, -EPERM, "peer (uid %u, gid %u, pid %d) is not admitted by our policy", s->peer.sender.uid,
	            s->peer.sender.gid, (int)s->peer.sender.pid);
}

static const char *hello_wrong(const struct wire_hello *h, const struct wire_head *head)
{
	if (head->channels != 2 * h->channels)
		return "hello: region is for another number of channels";
	if (h->arenas > 4096 || h->fds > WIRE_FDS_MAX)
		return "hello: limits out of range";
	return NULL;
}

/* Everything that both hellos decide. */
static int settle_terms(struct rill_session *s)
{
	const struct wire_hello *h = &s->hello;
	uint32_t each = h->channels < s->set->o.channels ? h->channels : s->set->o.channels;
	struct wire_lines *lines = session_lines(s);
	int e;

	s->channel_count = 2 * each;
	s->channels = calloc(s->channel_count, sizeof(struct rill_channel *));
	if (!s->channels)
		return -ENOMEM;
	e = fds_create(s);
	if (e == 0)
		e = borrow_create(s);
	if (e < 0)
		return e;
	s->parity = s->fresh = s->random > h->random;
	region_bind_bell(&s->bell, &s->mine, &s->theirs);
	s->fds_arm = (struct arm){.word = &lines->fds_arm, .may_bump = true};
	s->returns_arm = (struct arm){.word = &lines->returns_arm, .may_bump = true};
	s->fds_rung.word = region_peer_word(&s->theirs, WIRE_PAGE + offsetof(struct wire_lines, fds_arm));
	s->returns_rung.word = region_peer_word(&s->theirs, WIRE_PAGE + offsetof(struct wire_lines, returns_arm));
	return 0;
}

static int map_theirs(struct rill_session *s)
{
	const char *text = "cannot map the peer's region";
	int e = region_map_peer(&s->theirs, s->hello_fd, s->hello.size, s->set->o.mapped_bytes, &text);

	if (e == 0) {
		const char *wrong = hello_wrong(&s->hello, &s->theirs.head);

		if (wrong)
			text = wrong, e = -EPROTO;
	}
	if (e < 0)
		session_end(s, e, "%s", text);
	return e;
}

static int fail(struct rill_session *s, int e, const char *text)
{
	session_end(s, e, "%s: %s", text, strerror(-e));
	return e;
}

static int join(struct rill_session *s)
{
	int e = map_theirs(s);

	if (e < 0)
		return e;
	if (!s->initiator) {
		e = say_hello(s);
		if (e < 0)
			return fail(s, e, "cannot make or send our region");
	}
	if (s->random == s->hello.random)
		return fail(s, -EPROTO, "hello: our own random number");
	e = settle_terms(s);
	return e < 0 ? fail(s, e, "cannot set up the session") : 0;
}

void handshake_hello(struct rill_session *s)
{
	int e = policy_admit(s->set, &s->peer); /* may call the user, who may close us, or fork */

	if (s->state != SESSION_GREETING || ctx_check(s->ctx) < 0)
		return;
	s->todo &= ~(unsigned)TELL_HELLO;
	pass_cred(s->fd, 0);
	if (e < 0) {
		turn_down(s, e);
		return;
	}
	if (listener_full(s)) { /* others were faster */
		refuse(s, ENOBUFS, "too many sessions");
		session_end(s, -ENOBUFS, "too many sessions");
		return;
	}
	e = join(s);
	session_drop_hello(s);
	if (e == 0 && s->state == SESSION_GREETING) /* join() may have ended it */
		session_begin(s);
}
