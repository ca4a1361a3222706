/* tests/bench/measures/open.c - opening and closing: a session over a listener (connect, handshake, open, close), a channel in
 * a session; beside connecting a bare Unix socket, hearing one byte and closing it. Asleep in epoll. */
#include "tests/bench/plan.h"
#include "tests/bench/rill/side.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int prepare(struct run *r)
{
	static unsigned number;
	int error = run_share(r, 4096);

	if (error == 0)
		snprintf((char *)r->shared, sizeof(((struct sockaddr_un *)0)->sun_path), "/tmp/rill-bench-open-%d-%u",
		         (int)getpid(), number++);
	return error;
}

/* ---- A bare socket ---------------------------------------------------------------------------------------------- */

static struct sockaddr_un address(const struct run *r)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	memcpy(a.sun_path, r->shared, sizeof(a.sun_path));
	return a;
}

static int wait_in_epoll(int fd)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	return epfd < 0 || epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : epfd;
}

static int connect_once(struct run *r, const struct sockaddr_un *a, int epfd)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char byte;

	if (fd < 0 || connect(fd, (const struct sockaddr *)a, sizeof(*a)) < 0 || epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) < 0 ||
	    epoll_wait(epfd, &ev, 1, -1) != 1 || recv(fd, &byte, 1, 0) != 1)
		return -errno;
	close(fd);
	run_end(r);
	return 0;
}

static int connect_all(struct run *r)
{
	struct sockaddr_un a = address(r);
	int epfd = epoll_create1(EPOLL_CLOEXEC), error = run_await(r, 1);

	run_begin(r);
	while (error == 0 && run_more(r))
		error = connect_once(r, &a, epfd);
	return error;
}

static int accept_once(struct run *r, int listening, int epfd)
{
	struct epoll_event ev;
	int fd;

	if (epoll_wait(epfd, &ev, 1, -1) != 1)
		return -errno;
	fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 || send(fd, "o", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	close(fd);
	run_answered(r);
	return 0;
}

static int accept_all(struct run *r)
{
	struct sockaddr_un a = address(r);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), epfd, error = 0;

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 64) < 0)
		return -errno;
	epfd = wait_in_epoll(fd);
	run_tell(r, 1);
	while (error == 0 && run_more(r))
		error = epfd < 0 ? epfd : accept_once(r, fd, epfd);
	unlink(a.sun_path);
	return error;
}

/* ---- A session -------------------------------------------------------------------------------------------------- */

static void on_gone(struct rill_session *session, int why, void *user)
{
	(void)why;
	rill_session_close(session);
	run_answered(user);
}

static void on_accepted(struct rill_listener *l, struct rill_session *session, void *user)
{
	static const struct rill_session_events events = {.size = sizeof(events), .closed = on_gone};

	(void)l;
	rill_session_set_events(session, &events, user);
}

static int serve_sessions(struct run *r)
{
	static const struct rill_listener_events events = {.size = sizeof(events), .accepted = on_accepted};
	struct rill_listener *l;
	struct rill_ctx *ctx;
	int error = rill_ctx_create(&ctx, NULL);

	if (error == 0)
		error = rill_listener_create(&l, ctx, (const char *)r->shared, NULL, &events, r);
	run_tell(r, 1);
	while (error >= 0 && run_more(r))
		error = rill_epoll_wait(ctx, -1);
	rill_ctx_destroy(ctx);
	return error < 0 ? error : 0;
}

static void on_open(struct rill_session *session, void *user)
{
	rill_session_close(session);
	run_end(user);
}

static int open_sessions(struct run *r)
{
	static const struct rill_session_events events = {.size = sizeof(events), .opened = on_open};
	struct rill_session *session;
	struct rill_ctx *ctx;
	int error = rill_ctx_create(&ctx, NULL);

	if (error == 0)
		error = run_await(r, 1);
	run_begin(r);
	while (error >= 0 && run_more(r)) {
		uint64_t done = r->done;

		error = rill_session_connect(&session, ctx, (const char *)r->shared, NULL, &events, r);
		while (error >= 0 && r->done == done)
			error = rill_epoll_wait(ctx, -1);
	}
	while (error >= 0 && rill_ctx_pollfds(ctx, NULL, 0) > 0)
		error = rill_epoll_wait(ctx, 1000); /* the last close goes out */
	rill_ctx_destroy(ctx);
	return error < 0 ? error : 0;
}

/* ---- A channel -------------------------------------------------------------------------------------------------- */

static void on_channel_open(struct rill_channel *ch, void *user)
{
	rill_channel_close(ch);
	side_next(user);
}

static void open_channel(struct side *s)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .opened = on_channel_open};
	struct rill_channel *ch;
	int r = rill_channel_open(&ch, s->session, "", NULL, &events, s);

	if (r < 0)
		side_fail(s, r);
}

static void on_channel_gone(struct rill_channel *ch, int why, void *user)
{
	struct side *s = user;

	(void)why;
	rill_channel_close(ch);
	if (!run_answered(s->run))
		s->done = true;
}

/* The first is the side's own. */
static int take_channel(struct side *s, struct rill_channel *ch)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .closed = on_channel_gone};

	if (s->opened++ == 0)
		return 0;
	rill_channel_set_events(ch, &events, s);
	return 1;
}

/* Our leaving is abrupt: not before the server has heard of the last close. */
static int linger_for_closes(struct side *s)
{
	int r = 0;

	if (s->run->role == RUN_SERVER)
		run_tell(s->run, 1);
	while (r >= 0 && !run_told(s->run, 1))
		r = rill_epoll_wait(s->ctx, 1);
	return r < 0 ? r : 0;
}

static const struct side_how channels = {.start = open_channel, .channel = take_channel, .after = linger_for_closes};

/* ---- Rows ------------------------------------------------------------------------------------------------------- */

static const struct way rows[] = {
	{.key = "socket",
         .name = "a Unix socket and a byte",
         .kind = KIND_FLOOR,
         .prepare = prepare,
         .client = connect_all,
         .server = accept_all},
	{.key = "session",
         .name = "Rill, a session",
         .kind = KIND_RILL,
         .prepare = prepare,
         .client = open_sessions,
         .server = serve_sessions},
	{.key = "channel",
         .name = "Rill, a channel",
         .kind = KIND_RILL,
         .prepare = side_prepare,
         .client = side_ask,
         .server = side_serve,
         .param = &channels},
};

static void plan_open(struct plan *p)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (unsigned cores = 1; cores <= (p->two ? 2 : 1); cores++) {
			struct task t = {.wait = WAIT_SLEEP, .work = WORK_HANDLE, .bytes = 8, .answer = 8, .burst = 1};

			plan_trips(p, &t, i == 1 ? 300000 : 80000, 5, 1000);
			plan_add(p, &rows[i], &t, cores, 1)->count_burst = 1;
		}
}

static void record(const struct plan *p, const struct cell *c, const struct outcome *out, struct point *point)
{
	double trips = (double)c->task.trips;

	plan_record_trips(p, c, out, point);
	point_add(point, "client_cpu_ns", (double)out->cpu_ns[RUN_CLIENT] / trips);
	point_add(point, "server_cpu_ns", (double)out->cpu_ns[RUN_SERVER] / trips);
}

const struct measure MEASURE(open) = {
	.key = "open",
	.title = "Open and close",
	.at = "at once",
	.order = 4,
	.plan = plan_open,
	.record = record,
};
