/* core/session/listener.c - accepting, and the sessions that nobody was told of yet. Invariants: a peer that says nothing holds
 * a handshake slot no longer than handshake_ms, and cannot keep others out; a full descriptor table never becomes a busy
 * loop. */
#include "session/session.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH 4     /* connections a turn */
#define REST_MS 100 /* no descriptor left: do not look at the backlog for so long */
#define SLOW_MS 1   /* the same, where connections come to nothing and more of them wait */

struct rill_listener {
	struct source source;
	struct rill_ctx *ctx; /* referenced */
	struct settings *set;
	unsigned sessions_max, handshakes_max, sessions_count, handshakes_count;
	int fd;
	bool closed; /* by the user, or with the ctx */
	int why;     /* accept failed for good; told by turn() */
	bool told;
	bool more;              /* the backlog may hold more than one turn takes */
	bool in_vain;           /* a connection came to nothing since the last turn that took some */
	uint64_t rest_until;    /* RILL_NEVER: watching */
	struct link sessions;   /* open, until they end */
	struct link handshakes; /* oldest first */
	char *path;             /* absolute; NULL for an adopted one */
	struct stat made;       /* the path as we made it */
	struct rill_listener_events events;
	void *user;
};

/* ---- Sessions of ours ------------------------------------------------------------------------------------------ */

void listener_forget(struct rill_session *s)
{
	struct rill_listener *l = s->listener;

	if (!l)
		return;
	if (s->admitted)
		l->sessions_count--;
	else
		l->handshakes_count--;
	l->in_vain |= !s->admitted;
	link_remove(&s->listed);
	s->listener = NULL;
}

bool listener_full(const struct rill_session *s)
{
	return s->listener && s->listener->sessions_count >= s->listener->sessions_max;
}

void listener_admitted(struct rill_session *s)
{
	struct rill_listener *l = s->listener;

	if (!l)
		return;
	l->handshakes_count--;
	l->sessions_count++;
	s->admitted = true;
	link_remove(&s->listed);
	link_append(&l->sessions, &s->listed);
}

bool listener_tell(struct rill_session *s)
{
	struct rill_listener *l = s->listener;

	if (!s->unknown || !l)
		return false;
	s->unknown = false;
	l->events.accepted(l, s, l->user);
	if (s->state == SESSION_ENDED)
		listener_forget(s);
	return true;
}

/* One that the user does not know of: nobody else will close it. */
static void cut(struct rill_session *s, const char *text)
{
	listener_forget(s);
	session_end(s, -ECONNABORTED, "%s", text);
	if (s->state == SESSION_ENDED)
		rill_session_close(s);
}

static uid_t uid_of(struct link *l)
{
	return container_of(l, struct rill_session, listed)->peer.socket.uid;
}

static unsigned count_uid(const struct rill_listener *l, uid_t uid)
{
	unsigned n = 0;

	for (struct link *i = l->handshakes.next; i != &l->handshakes; i = i->next)
		n += uid_of(i) == uid;
	return n;
}

/* All slots are taken: the oldest handshake of the uid that has most of them makes room. */
static void make_slot(struct rill_listener *l)
{
	struct link *worst = NULL;
	unsigned most = 0;

	if (l->handshakes_count < l->handshakes_max)
		return;
	for (struct link *i = l->handshakes.next; i != &l->handshakes; i = i->next) {
		unsigned n;

		if (worst && uid_of(i) == uid_of(worst)) /* counted already: most often there is but one */
			continue;
		n = count_uid(l, uid_of(i));
		if (n > most) {
			most = n;
			worst = i;
		}
	}
	if (worst)
		cut(container_of(worst, struct rill_session, listed), "made room for another handshake");
}

/* ---- Accepting ------------------------------------------------------------------------------------------------- */

static void refuse(struct rill_ctx *ctx, int fd, int reason, const char *text)
{
	struct wire_refuse r = {.p = PACKET(WIRE_REFUSE, struct wire_refuse), .reason = reason};

	strncpy(r.text, text, sizeof(r.text) - 1);
	send(fd, &r, sizeof(r), MSG_DONTWAIT | MSG_NOSIGNAL);
	packet_close(ctx, fd);
}

static void admit(struct rill_listener *l, int fd)
{
	struct rill_session *s;

	if (l->sessions_count >= l->sessions_max) {
		l->in_vain = true;
		refuse(l->ctx, fd, ENOBUFS, "too many sessions");
		return;
	}
	make_slot(l);
	if (session_create(&s, l->ctx, l->set, fd) < 0) {
		refuse(l->ctx, fd, ENOMEM, "out of memory");
		return;
	}
	s->unknown = true;
	if (source_watch(&s->source, fd) < 0 || handshake_begin(s) < 0) {
		session_undo(s);
		refuse(l->ctx, fd, ENOBUFS, "cannot wait for another socket");
		return;
	}
	s->listener = l;
	l->handshakes_count++;
	link_append(&l->handshakes, &s->listed);
	source_changed(&s->source);
}

static void rest(struct rill_listener *l, uint64_t ms)
{
	source_unwatch(&l->source);
	l->rest_until = ctx_now(l->ctx) + ms * MSEC;
	source_changed(&l->source);
}

static void fail(struct rill_listener *l, int why)
{
	source_unwatch(&l->source);
	l->why = why;
	source_wake(&l->source);
}

/* Somebody who shares the socket shut it down: it is readable for ever and accept() gives EAGAIN. */
static bool shut_down(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	return poll(&p, 1, 0) == 1 && p.revents & (POLLRDHUP | POLLHUP);
}

/* false: no more now. */
static bool accept_one(struct rill_listener *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		admit(l, fd);
		return true;
	}
	switch (errno) {
	case EAGAIN:
		if (shut_down(l->fd))
			fail(l, -EINVAL);
		return false;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		rest(l, REST_MS);
		return false;
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
	case EOPNOTSUPP:
		fail(l, -errno);
		return false;
	default: /* of this connection alone */
		return true;
	}
}

static short wants(const struct source *src)
{
	(void)src;
	return POLLIN;
}

static uint64_t deadline(const struct source *src)
{
	return container_of(src, struct rill_listener, source)->rest_until;
}

static void ready(struct source *src)
{
	container_of(src, struct rill_listener, source)->more = true; /* its turn follows */
}

/* Taking and dropping one costs as much as many messages: those who come for nothing wait, so that others' turns are short. */
static void accept_some(struct rill_listener *l)
{
	for (int i = 0; i < BATCH && l->more; i++)
		l->more = accept_one(l);
	if (l->more && l->in_vain)
		rest(l, SLOW_MS);
	else if (l->more)
		source_wake(&l->source);
	l->in_vain = false;
}

static void due(struct source *src, uint64_t now)
{
	struct rill_listener *l = container_of(src, struct rill_listener, source);

	if (now < l->rest_until)
		return;
	l->rest_until = RILL_NEVER;
	if (source_watch(&l->source, l->fd) < 0)
		rest(l, REST_MS);
	source_changed(&l->source);
}

static unsigned turn(struct source *src)
{
	struct rill_listener *l = container_of(src, struct rill_listener, source);

	if (l->more && l->source.watch.fd >= 0)
		accept_some(l);
	if (!l->why || l->told || l->closed)
		return 0;
	l->told = true;
	if (l->events.closed)
		l->events.closed(l, l->why, l->user);
	return 1;
}

/* ---- Create, close --------------------------------------------------------------------------------------------- */

static void free_listener(struct rill_listener *l)
{
	settings_unref(l->set);
	ctx_unref(l->ctx);
	free(l->path);
	free(l);
}

static void finish(struct source *src)
{
	free_listener(container_of(src, struct rill_listener, source));
}

/* Sessions that the user knows go on without us; the others are cut. */
static void leave_sessions(struct rill_listener *l)
{
	while (link_linked(&l->handshakes))
		cut(container_of(l->handshakes.next, struct rill_session, listed), "the listener was closed");
	while (link_linked(&l->sessions)) {
		struct rill_session *s = container_of(l->sessions.next, struct rill_session, listed);

		if (s->unknown)
			cut(s, "the listener was closed");
		else
			listener_forget(s);
	}
}

/* Those who wait in the backlog: what they have sent must not make close() linger. An adopted socket may be shared. */
static void turn_away(struct rill_listener *l)
{
	int fd;

	if (!l->path)
		return;
	shutdown(l->fd, SHUT_RD);
	while ((fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		packet_close(l->ctx, fd);
}

static void close_listener(struct rill_listener *l)
{
	if (l->closed)
		return;
	l->closed = true;
	leave_sessions(l);
	source_unwatch(&l->source);
	if (l->path)
		path_remove(l->path, &l->made);
	turn_away(l);
	close(l->fd);
	source_doom(&l->source);
}

static void drop(struct source *src)
{
	close_listener(container_of(src, struct rill_listener, source));
}

static void child(struct source *src)
{
	struct rill_listener *l = container_of(src, struct rill_listener, source);

	l->closed = true;
	close(l->fd); /* the path is the parent's */
	source_doom(&l->source);
}

static const struct source_ops listener_ops = {
	.wants = wants,
	.deadline = deadline,
	.ready = ready,
	.due = due,
	.turn = turn,
	.drop = drop,
	.child = child,
	.finish = finish,
};

static int new_listener(struct rill_listener **ret, struct rill_ctx *ctx, const struct rill_listener_options *o,
                        const struct rill_listener_events *events, void *user)
{
	struct rill_listener *l = calloc(1, sizeof(*l));
	int e = l ? settings_create(&l->set, o->session) : -ENOMEM;

	if (e == 0)
		e = source_add(&l->source, ctx, &listener_ops);
	if (e < 0) {
		if (l)
			settings_unref(l->set);
		free(l);
		return e;
	}
	ctx_ref(ctx);
	l->ctx = ctx;
	l->fd = -1;
	l->sessions_max = o->sessions ? o->sessions : 1024;
	l->handshakes_max = o->handshakes ? o->handshakes : 64;
	l->rest_until = RILL_NEVER;
	link_init(&l->sessions);
	link_init(&l->handshakes);
	l->events = *events;
	l->user = user;
	*ret = l;
	return 0;
}

static int check(struct rill_listener **ret, struct rill_ctx *ctx, const struct rill_listener_options *options,
                 const struct rill_listener_events *events, struct rill_listener_options *ret_o,
                 struct rill_listener_events *ret_ev)
{
	int e = ctx && ret ? ctx_check(ctx) : -EINVAL;

	if (e == 0)
		e = table_copy(ret_o, sizeof(*ret_o), options);
	if (e == 0)
		e = table_copy(ret_ev, sizeof(*ret_ev), events);
	return e == 0 && !ret_ev->accepted ? -EINVAL : e;
}

/* Watch; on failure the fd stays the caller's. */
static int begin(struct rill_listener *l, int fd)
{
	int e = source_watch(&l->source, fd);

	if (e < 0) {
		source_doom(&l->source);
		return e;
	}
	l->fd = fd;
	return 0;
}

static int create_at(struct rill_listener **ret, struct rill_ctx *ctx, const struct sockaddr_un *address,
                     const struct rill_listener_options *o, const struct rill_listener_events *events, void *user)
{
	struct rill_listener *l;
	struct stat st;
	int fd, e = new_listener(&l, ctx, o, events, user);

	if (e < 0)
		return e;
	l->path = path_absolute(address->sun_path);
	fd = l->path ? path_listen(address, o->mode ? o->mode : 0600, &st) : -ENOMEM;
	if (fd < 0) {
		source_doom(&l->source);
		return fd;
	}
	l->made = st;
	e = begin(l, fd);
	if (e < 0) {
		unlink(address->sun_path);
		close(fd);
		return e;
	}
	*ret = l;
	return 0;
}

int rill_listener_create(struct rill_listener **ret_listener, struct rill_ctx *ctx, const char *path,
                         const struct rill_listener_options *options, const struct rill_listener_events *events, void *user)
{
	struct rill_listener_options o;
	struct rill_listener_events ev;
	struct sockaddr_un address;
	int e = check(ret_listener, ctx, options, events, &o, &ev);

	if (e == 0)
		e = path_address(&address, path);
	if (e < 0)
		return e;
	ctx_enter(ctx);
	e = create_at(ret_listener, ctx, &address, &o, &ev, user);
	ctx_leave(ctx);
	return e;
}

static int check_listening(int fd)
{
	int on, e = seqpacket_check(fd);
	socklen_t len = sizeof(on);

	if (e < 0)
		return e;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) < 0)
		return -errno;
	return on ? 0 : -EINVAL;
}

int rill_listener_adopt(struct rill_listener **ret_listener, struct rill_ctx *ctx, int fd,
                        const struct rill_listener_options *options, const struct rill_listener_events *events, void *user)
{
	struct rill_listener_options o;
	struct rill_listener_events ev;
	struct rill_listener *l;
	int flags, e = check(ret_listener, ctx, options, events, &o, &ev);

	if (e == 0)
		e = check_listening(fd);
	if (e < 0)
		return e;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) /* accept4() knows no MSG_DONTWAIT */
		return -errno;
	ctx_enter(ctx);
	e = new_listener(&l, ctx, &o, &ev, user);
	if (e == 0)
		e = begin(l, fd);
	if (e == 0)
		*ret_listener = l;
	ctx_leave(ctx);
	return e;
}

void rill_listener_close(struct rill_listener *l)
{
	struct rill_ctx *ctx = l ? l->ctx : NULL;

	if (!l || ctx_check(ctx) < 0)
		return;
	ctx_enter(ctx);
	close_listener(l);
	ctx_leave(ctx);
}
