/* core/session/connect.c - sessions that we begin: by path, or on a socket that we were given. */
#include "session/session.h"

#include <errno.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_MS 10 /* poll() lies of a socket whose connect met a full backlog */

/* 0 connected, -EAGAIN later, else what connect() gave. */
static int try_connect(const struct rill_session *s)
{
	if (connect(s->fd, (const struct sockaddr *)&s->address, sizeof(s->address)) == 0)
		return 0;
	return errno == EINTR ? -EAGAIN : -errno;
}

static int begin(struct rill_session *s)
{
	int e = source_watch(&s->source, s->fd);

	if (e == 0)
		e = handshake_begin(s);
	source_changed(&s->source);
	return e;
}

static void wait_to_retry(struct rill_session *s)
{
	s->state = SESSION_CONNECTING;
	s->retry_at = ctx_now(s->ctx) + RETRY_MS * MSEC;
	source_changed(&s->source);
}

void connect_again(struct rill_session *s)
{
	int e = try_connect(s);

	if (e == -EAGAIN) {
		wait_to_retry(s);
		return;
	}
	if (e == 0)
		e = begin(s);
	if (e < 0)
		session_end(s, e, "cannot connect: %s", strerror(-e));
}

/* The session takes the fd on success only. */
static int create(struct rill_session **ret, struct rill_ctx *ctx, int fd, const struct sockaddr_un *address,
                  const struct rill_session_options *options, const struct rill_session_events *events, void *user)
{
	struct rill_session_events copy;
	struct rill_session *s;
	struct settings *set;
	int e = table_copy(&copy, sizeof(copy), events);

	if (e == 0)
		e = settings_create(&set, options);
	if (e < 0)
		return e;
	e = session_create(&s, ctx, set, fd);
	settings_unref(set);
	if (e < 0)
		return e;
	s->initiator = true;
	if (address)
		s->address = *address;
	e = address ? try_connect(s) : 0;
	if (e == -EAGAIN)
		wait_to_retry(s);
	else if (e == 0)
		e = begin(s);
	if (e < 0 && e != -EAGAIN) {
		session_undo(s);
		return e;
	}
	s->events = copy;
	s->user = user;
	*ret = s;
	return 0;
}

int rill_session_connect(struct rill_session **ret_session, struct rill_ctx *ctx, const char *path,
                         const struct rill_session_options *options, const struct rill_session_events *events, void *user)
{
	struct sockaddr_un address;
	int fd, e = ctx ? ctx_check(ctx) : -EINVAL;

	if (e == 0)
		e = ret_session ? path_address(&address, path) : -EINVAL;
	if (e < 0)
		return e;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	ctx_enter(ctx);
	e = create(ret_session, ctx, fd, &address, options, events, user);
	if (e < 0)
		close(fd);
	ctx_leave(ctx);
	return e;
}

int seqpacket_check(int fd)
{
	int domain, type;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return -errno;
	return domain == AF_UNIX && type == SOCK_SEQPACKET ? 0 : -EPROTOTYPE;
}

int rill_session_adopt(struct rill_session **ret_session, struct rill_ctx *ctx, int fd,
                       const struct rill_session_options *options, const struct rill_session_events *events, void *user)
{
	struct sockaddr_un peer;
	socklen_t len = sizeof(peer);
	int e = ctx ? ctx_check(ctx) : -EINVAL;

	if (e == 0)
		e = ret_session ? seqpacket_check(fd) : -EINVAL;
	if (e < 0)
		return e;
	if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0)
		return -errno;
	ctx_enter(ctx);
	e = create(ret_session, ctx, fd, NULL, options, events, user);
	ctx_leave(ctx);
	return e;
}
