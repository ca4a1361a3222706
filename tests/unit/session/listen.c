/* tests/unit/session/listen.c - paths, backlogs, handshakes and limits of listeners. Clients are ctxs of their own, or bare
 * sockets that do not keep to the protocol. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/loops/notes.h"
#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MSEC UINT64_C(1000000)
#define NOBODY 65534

static struct pair p; /* a connects, b listens */
static struct rill_listener *l;
static struct notes_clock hands;
static char dir[64], path[96];

static void start(const struct rill_listener_options *options)
{
	struct rill_ctx_options clock = {.now = notes_now, .clock = &hands};

	hands = (struct notes_clock){.now = 1000 * MSEC};
	strcpy(dir, "/tmp/rill-listen-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	end_start(&p.a, &clock);
	end_start(&p.b, &clock);
	assert_int_equal(rill_listener_create(&l, p.b.ctx, path, options, &end_listener_events, &p.b), 0);
}

static void stop(void)
{
	rill_listener_close(l);
	l = NULL;
	pair_stop(&p);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

static int connect_end(struct end *e)
{
	return rill_session_connect(&e->s, e->ctx, path, NULL, &end_session_events, e);
}

/* A connected socket that never says a word. -errno where it is refused. */
static int connect_mute(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	assert_true(fd >= 0);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -errno;
}

static bool is_cut(int fd)
{
	char packet[256];
	ssize_t n;

	while ((n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT)) > 0)
		;
	return n == 0;
}

/* ---- The path -------------------------------------------------------------------------------------------------- */

static int listen_at(const char *where)
{
	struct rill_listener *other;
	int e = rill_listener_create(&other, p.b.ctx, where, NULL, &end_listener_events, &p.b);

	if (e == 0)
		rill_listener_close(other);
	return e;
}

static void connecting_and_accepting_is_told_once_each(void **state)
{
	(void)state;
	start(NULL);
	assert_int_equal(connect_end(&p.a), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "opened");
	assert_string_equal(end_told(&p.b), "session");
	assert_int_equal(rill_session_peer(p.a.s)->socket.pid, getpid());
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_send(p.a.ch, "hello", 5), 0);
	pair_run(&p);
	end_expect(&p.b, "hello", 5);
	stop();
}

static void a_path_that_cannot_be_is_an_error(void **state)
{
	char longest[200], other[200];
	int fd;

	(void)state;
	start(NULL);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, dir, strlen(dir));
	longest[strlen(dir)] = '/';
	longest[108] = '\0';
	assert_int_equal(listen_at(longest), -ENAMETOOLONG);
	longest[107] = '\0';
	assert_int_equal(listen_at(longest), 0);
	assert_int_equal(listen_at(""), -EINVAL);
	assert_int_equal(listen_at(NULL), -EINVAL);
	snprintf(other, sizeof(other), "%s/none/socket", dir);
	assert_int_equal(listen_at(other), -ENOENT);
	snprintf(other, sizeof(other), "%s/file", dir);
	fd = open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(listen_at(other), -EEXIST);
	assert_int_equal(access(other, F_OK), 0); /* left alone */
	strcat(other, "/socket");
	assert_int_equal(listen_at(other), -ENOTDIR);
	snprintf(other, sizeof(other), "%s/file", dir);
	unlink(other);
	mkdir(other, 0700);
	assert_int_equal(listen_at(other), -EEXIST);
	rmdir(other);
	stop();
}

static void the_sides_are_checked_before_the_path(void **state)
{
	struct rill_listener_events none = {.size = sizeof(none)};
	struct rill_listener *other;
	char where[200];

	(void)state;
	start(NULL);
	snprintf(where, sizeof(where), "%s/other", dir);
	assert_int_equal(rill_listener_create(&other, p.b.ctx, where, NULL, &none, NULL), -EINVAL);
	assert_int_equal(rill_listener_create(&other, p.b.ctx, where, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_listener_create(NULL, p.b.ctx, where, NULL, &end_listener_events, NULL), -EINVAL);
	assert_int_equal(access(where, F_OK), -1);
	stop();
}

static int listen_as_nobody(struct child *self, void *arg)
{
	struct rill_listener *mine;
	struct rill_ctx *ctx;

	(void)self, (void)arg;
	rill_ctx_destroy(p.a.ctx);
	rill_ctx_destroy(p.b.ctx);
	CHILD_CHECK(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
	CHILD_CHECK(rill_ctx_create(&ctx, NULL) == 0);
	CHILD_CHECK(rill_listener_create(&mine, ctx, path, NULL, &end_listener_events, NULL) == -EACCES);
	rill_ctx_destroy(ctx);
	return 0;
}

static void a_directory_that_is_not_ours_to_write_is_eacces(void **state)
{
	struct child c;

	(void)state;
	if (geteuid())
		skip();
	start(NULL);
	rill_listener_close(l);
	l = NULL;
	for (mode_t mode = 0700; mode <= 0755; mode += 055) { /* not even to open, and to open only */
		chmod(dir, mode);
		assert_int_equal(child_start(&c, listen_as_nobody, NULL), 0);
		assert_int_equal(child_wait(&c, 10000), 0);
	}
	stop();
}

static void a_live_path_is_left_and_a_stale_one_replaced(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	(void)state;
	start(NULL);
	assert_int_equal(listen_at(path), -EADDRINUSE);
	assert_int_equal(connect_end(&p.a), 0); /* it works on */
	pair_run(&p);
	assert_true(end_was_told(&p.a, "opened"));
	rill_listener_close(l);
	assert_int_equal(access(path, F_OK), -1);
	/* What a killed process leaves: bound, and nobody listens. */
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(rill_session_connect(&p.a.s, p.a.ctx, path, NULL, NULL, NULL), -ECONNREFUSED);
	assert_int_equal(rill_listener_create(&l, p.b.ctx, path, NULL, &end_listener_events, &p.b), 0);
	p.a.s = NULL;
	assert_int_equal(connect_end(&p.a), 0);
	pair_run(&p);
	assert_true(end_was_told(&p.a, "opened"));
	stop();
}

static void a_path_that_streams_listen_at_is_in_use(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	(void)state;
	start(NULL);
	rill_listener_close(l);
	l = NULL;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(listen_at(path), -EADDRINUSE);
	assert_int_equal(connect_end(&p.a), -EPROTOTYPE);
	p.a.s = NULL;
	close(fd);
	stop();
}

static void a_directory_locked_by_another_starter_is_in_use(void **state)
{
	char other[200];
	int fd;

	(void)state;
	start(NULL);
	snprintf(other, sizeof(other), "%s/other", dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(listen_at(other), -EADDRINUSE);
	close(fd);
	assert_int_equal(listen_at(other), 0);
	stop();
}

static void the_mode_holds_whatever_the_umask(void **state)
{
	static const mode_t modes[] = {0, 0600, 0666, 0660, 0777};
	static const mode_t umasks[] = {0, 022, 077, 0777};

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct rill_listener_options o = {.size = sizeof(o), .mode = modes[i % 5]};
		mode_t was;
		struct stat st;

		was = umask(umasks[i / 5]);
		umask(was);
		strcpy(dir, "/tmp/rill-listen-XXXXXX");
		assert_non_null(mkdtemp(dir));
		snprintf(path, sizeof(path), "%s/socket", dir);
		end_start(&p.a, NULL);
		end_start(&p.b, NULL);
		umask(umasks[i / 5]);
		assert_int_equal(rill_listener_create(&l, p.b.ctx, path, &o, &end_listener_events, &p.b), 0);
		umask(was);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, modes[i % 5] ? modes[i % 5] : 0600);
		stop();
	}
}

static void only_its_own_path_is_removed(void **state)
{
	(void)state;
	start(NULL);
	unlink(path);
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	rill_listener_close(l);
	l = NULL;
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	assert_int_equal(rill_listener_create(&l, p.b.ctx, path, NULL, &end_listener_events, &p.b), 0);
	unlink(path);
	rill_listener_close(l); /* it is gone already */
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rill_listener_create(&l, p.b.ctx, path, NULL, &end_listener_events, &p.b), 0);
	end_stop(&p.b); /* destroying the ctx closes it, too */
	l = NULL;
	assert_int_equal(access(path, F_OK), -1);
	stop();
}

static void a_relative_path_is_removed_after_a_chdir(void **state)
{
	char was[4096], whole[200];

	(void)state;
	start(NULL);
	assert_non_null(getcwd(was, sizeof(was)));
	rill_listener_close(l);
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(rill_listener_create(&l, p.b.ctx, "relative", NULL, &end_listener_events, &p.b), 0);
	assert_int_equal(chdir(was), 0);
	snprintf(whole, sizeof(whole), "%s/relative", dir);
	assert_int_equal(access(whole, F_OK), 0);
	rill_listener_close(l);
	l = NULL;
	assert_int_equal(access(whole, F_OK), -1);
	stop();
}

static int destroy_inherited(struct child *self, void *arg)
{
	(void)self, (void)arg;
	rill_listener_close(l);
	rill_ctx_destroy(p.a.ctx);
	rill_ctx_destroy(p.b.ctx);
	return 0;
}

static void a_forked_child_leaves_the_path_and_the_listener_alone(void **state)
{
	struct child c;

	(void)state;
	start(NULL);
	assert_int_equal(child_start(&c, destroy_inherited, NULL), 0);
	assert_int_equal(child_wait(&c, 10000), 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(connect_end(&p.a), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "session");
	stop();
}

/* ---- Connecting ------------------------------------------------------------------------------------------------ */

static void connecting_to_nothing_fails_at_once(void **state)
{
	char longest[200];

	(void)state;
	start(NULL);
	memset(longest, 'x', sizeof(longest));
	longest[108] = '\0';
	assert_int_equal(rill_session_connect(&p.a.s, p.a.ctx, longest, NULL, NULL, NULL), -ENAMETOOLONG);
	assert_int_equal(rill_session_connect(&p.a.s, p.a.ctx, "", NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_session_connect(&p.a.s, p.a.ctx, "/tmp/rill-no-such", NULL, NULL, NULL), -ENOENT);
	assert_int_equal(rill_session_connect(&p.a.s, p.a.ctx, "/dev/null/x", NULL, NULL, NULL), -ENOTDIR);
	assert_int_equal(rill_session_connect(&p.a.s, p.a.ctx, dir, NULL, NULL, NULL), -ECONNREFUSED);
	assert_int_equal(rill_session_connect(NULL, p.a.ctx, path, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_ctx_pollfds(p.a.ctx, NULL, 0), 0);
	stop();
}

/* A listening socket with the shortest backlog, already full. */
static int crowd(int *fill, int *count)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), c;

	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 0), 0);
	for (*count = 0; (c = connect_mute()) >= 0; ++*count)
		fill[*count] = c;
	assert_int_equal(c, -EAGAIN);
	return fd;
}

static void a_full_backlog_is_tried_again(void **state)
{
	int fill[16], count, fd;

	(void)state;
	start(NULL);
	rill_listener_close(l);
	fd = crowd(fill, &count);
	assert_int_equal(connect_end(&p.a), 0);
	pair_run(&p);
	assert_int_equal(rill_session_status(p.a.s), 0);
	assert_true(rill_ctx_timeout_ms(p.a.ctx) > 0); /* by deadline: no busy loop */
	assert_false(rill_ctx_done(p.a.ctx));
	hands.now += 20 * MSEC;
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "");
	assert_int_equal(rill_listener_adopt(&l, p.b.ctx, fd, NULL, &end_listener_events, &p.b), 0);
	pair_run(&p);
	hands.now += 20 * MSEC;
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "opened");
	while (count--)
		close(fill[count]);
	stop();
}

static void a_backlog_that_stays_full_ends_with_the_handshake_time(void **state)
{
	int fill[16], count, fd, turns = 0;

	(void)state;
	start(NULL);
	rill_listener_close(l);
	l = NULL;
	fd = crowd(fill, &count);
	assert_int_equal(connect_end(&p.a), 0);
	while (!end_was_told(&p.a, "closed") && turns++ < 10000) {
		hands.now += 10 * MSEC;
		end_run(&p.a);
	}
	assert_string_equal(end_told(&p.a), "session closed ETIMEDOUT");
	assert_true(turns >= 499 && turns <= 501);
	while (count--)
		close(fill[count]);
	close(fd);
	unlink(path);
	stop();
}

static void a_listener_that_dies_while_we_wait_is_told(void **state)
{
	int fill[16], count, fd;

	(void)state;
	start(NULL);
	rill_listener_close(l);
	l = NULL;
	fd = crowd(fill, &count);
	assert_int_equal(connect_end(&p.a), 0);
	close(fd);
	hands.now += 20 * MSEC;
	end_run(&p.a);
	assert_string_equal(end_told(&p.a), "session closed ECONNREFUSED");
	assert_string_equal(rill_session_why(p.a.s), "cannot connect: Connection refused");
	while (count--)
		close(fill[count]);
	unlink(path);
	stop();
}

/* ---- Handshakes ------------------------------------------------------------------------------------------------ */

static void a_silent_client_is_cut_in_time_and_nobody_is_told(void **state)
{
	size_t fds;
	int fd;

	(void)state;
	start(NULL);
	fds = leaks_fds();
	fd = connect_mute();
	assert_true(fd >= 0);
	end_run(&p.b);
	assert_int_equal(leaks_fds(), fds + 2);
	hands.now += 4999 * MSEC;
	end_run(&p.b);
	assert_false(is_cut(fd));
	hands.now += MSEC;
	end_run(&p.b);
	assert_true(is_cut(fd));
	assert_int_equal(leaks_fds(), fds + 1);
	assert_string_equal(end_told(&p.b), "");
	close(fd);
	stop();
}

static void silent_clients_do_not_keep_others_out(void **state)
{
	struct rill_listener_options o = {.size = sizeof(o), .handshakes = 4};
	int mute[20], cut = 0;

	(void)state;
	start(&o);
	for (int i = 0; i < 20; i++)
		mute[i] = connect_mute();
	for (int ms = 0; ms < 5; ms++) {
		end_run(&p.b);
		hands.now += MSEC;
	}
	for (int i = 0; i < 20; i++)
		cut += is_cut(mute[i]);
	assert_int_equal(cut, 16);
	assert_false(is_cut(mute[19])); /* the oldest went */
	assert_int_equal(connect_end(&p.a), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "opened");
	for (int i = 0; i < 20; i++)
		close(mute[i]);
	stop();
}

static void a_client_that_leaves_before_it_is_accepted_leaves_nothing(void **state)
{
	size_t fds;

	(void)state;
	start(NULL);
	fds = leaks_fds();
	for (int i = 0; i < 30; i++)
		close(connect_mute());
	end_run(&p.b);
	assert_int_equal(connect_end(&p.a), 0);
	end_stop(&p.a);
	p.a.s = NULL;
	end_run(&p.b);
	assert_int_equal(leaks_fds(), fds);
	end_start(&p.a, NULL);
	stop();
}

static void more_sessions_than_allowed_are_refused_and_told(void **state)
{
	struct rill_listener_options o = {.size = sizeof(o), .sessions = 2};
	struct end more[3];

	(void)state;
	start(&o);
	for (int i = 0; i < 3; i++) {
		end_start(&more[i], NULL);
		assert_int_equal(connect_end(&more[i]), 0);
		for (int k = 0; k < 10; k++)
			end_run(&p.b), end_run(&more[i]);
	}
	assert_string_equal(end_told(&more[1]), "opened");
	assert_string_equal(end_told(&more[2]), "session closed EACCES");
	assert_non_null(strstr(rill_session_why(more[2].s), "too many sessions"));
	rill_session_close(more[2].s);
	rill_session_close(more[0].s); /* ended: counts no more, though b has not closed its own yet */
	for (int k = 0; k < 10; k++)
		end_run(&p.b), end_run(&more[0]);
	assert_int_equal(connect_end(&more[2]), 0);
	for (int k = 0; k < 10; k++)
		end_run(&p.b), end_run(&more[2]);
	assert_string_equal(end_told(&more[2]), "opened");
	p.b.s = NULL; /* b's are closed with its ctx */
	for (int i = 0; i < 3; i++)
		end_stop(&more[i]);
	stop();
}

static void a_full_descriptor_table_at_accept_is_no_busy_loop(void **state)
{
	struct rlimit was, limit;
	int top;

	(void)state;
	if (rounds_under_valgrind()) /* which has limits of its own */
		skip();
	start(NULL);
	assert_int_equal(connect_end(&p.a), 0);
	top = dup(0);
	close(top);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	limit = was;
	limit.rlim_cur = (rlim_t)top;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	end_run(&p.b); /* comes to rest although the backlog is not empty */
	assert_true(rill_ctx_timeout_ms(p.b.ctx) > 0);
	assert_int_equal(rill_ctx_pollfds(p.b.ctx, NULL, 0), 0);
	assert_false(rill_ctx_done(p.b.ctx));
	hands.now += 1000 * MSEC;
	end_run(&p.b);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "");
	hands.now += 1000 * MSEC;
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "session");
	assert_string_equal(end_told(&p.a), "opened");
	stop();
}

/* ---- Policy ---------------------------------------------------------------------------------------------------- */

static int admit_none(const struct rill_peer *peer, void *user)
{
	assert_int_equal(peer->sender.uid, geteuid());
	++*(int *)user;
	return -EACCES;
}

static void a_client_that_policy_refuses_is_told_why(void **state)
{
	int asked = 0;
	struct rill_session_options so = {.size = sizeof(so), .admit = admit_none, .admit_user = &asked};
	struct rill_listener_options o = {.size = sizeof(o), .session = &so};

	(void)state;
	start(&o);
	assert_int_equal(connect_end(&p.a), 0);
	pair_run(&p);
	assert_int_equal(asked, 1);
	assert_string_equal(end_told(&p.a), "session closed EACCES");
	assert_non_null(strstr(rill_session_why(p.a.s), "policy"));
	assert_string_equal(end_told(&p.b), "");
	stop();
}

static void a_listener_that_our_policy_refuses_is_not_spoken_to(void **state)
{
	static const uid_t other = 4711;
	struct rill_session_options so = {.size = sizeof(so), .uids = &other, .uid_count = 1};

	(void)state;
	start(NULL);
	assert_int_equal(rill_session_connect(&p.a.s, p.a.ctx, path, &so, NULL, NULL), -EPERM);
	stop();
}

/* Exit: what its session came to. 1 opened, 2 refused */
static int connect_as_nobody(struct child *self, void *arg)
{
	struct end e = {0};

	(void)self, (void)arg;
	rill_ctx_destroy(p.a.ctx);
	rill_ctx_destroy(p.b.ctx);
	CHILD_CHECK(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
	end_start(&e, NULL);
	CHILD_CHECK(connect_end(&e) == 0);
	while (!e.told[0]) {
		struct pollfd fd;

		CHILD_CHECK(rill_ctx_pollfds(e.ctx, &fd, 1) == 1);
		poll(&fd, 1, 5000);
		end_run(&e);
	}
	rill_ctx_destroy(e.ctx);
	return end_was_told(&e, "opened") ? 1 : end_was_told(&e, "session closed EACCES") ? 2 : 3;
}

static int nobodys_luck(const struct rill_session_options *so)
{
	struct rill_listener_options o = {.size = sizeof(o), .session = so, .mode = 0666};
	struct child c;
	int r;

	start(&o);
	chmod(dir, 0755);
	assert_int_equal(child_start(&c, connect_as_nobody, NULL), 0);
	while ((r = child_wait(&c, 1)) == -ETIMEDOUT)
		end_run(&p.b);
	p.b.s = NULL;
	stop();
	return r;
}

static void strangers_are_admitted_by_uid_or_gid_alone(void **state)
{
	static const uid_t uids[] = {NOBODY};
	static const gid_t gids[] = {1, NOBODY}, other[] = {1};
	struct rill_session_options so = {.size = sizeof(so)};

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(nobodys_luck(NULL), 2);
	so.gids = other;
	so.gid_count = 1;
	assert_int_equal(nobodys_luck(&so), 2);
	so.gids = gids;
	so.gid_count = 2;
	assert_int_equal(nobodys_luck(&so), 1);
	so.gid_count = 0;
	so.uids = uids;
	so.uid_count = 1;
	assert_int_equal(nobodys_luck(&so), 1);
}

/* ---- Adopting, closing ----------------------------------------------------------------------------------------- */

static void an_adopted_listener_works_and_its_path_is_left(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	(void)state;
	start(NULL);
	rill_listener_close(l);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(rill_listener_adopt(&l, p.b.ctx, fd, NULL, &end_listener_events, &p.b), -EINVAL);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(rill_listener_adopt(&l, p.b.ctx, fd, NULL, &end_listener_events, &p.b), 0);
	assert_int_equal(connect_end(&p.a), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "opened");
	rill_listener_close(l);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(access(path, F_OK), 0);
	l = NULL;
	stop();
}

static void what_is_no_listening_seqpacket_socket_is_not_adopted(void **state)
{
	struct rill_listener *other;
	int fd;

	(void)state;
	start(NULL);
	assert_int_equal(rill_listener_adopt(&other, p.b.ctx, -1, NULL, &end_listener_events, NULL), -EBADF);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(rill_listener_adopt(&other, p.b.ctx, fd, NULL, &end_listener_events, NULL), -ENOTSOCK);
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(rill_listener_adopt(&other, p.b.ctx, fd, NULL, &end_listener_events, NULL), -EPROTOTYPE);
	close(fd);
	stop();
}

static void a_listener_that_fails_for_good_is_told_and_its_sessions_go_on(void **state)
{
	struct pollfd fd;

	(void)state;
	start(NULL);
	assert_int_equal(rill_ctx_pollfds(p.b.ctx, &fd, 1), 1);
	assert_int_equal(connect_end(&p.a), 0);
	pair_run(&p);
	end_told(&p.b);
	shutdown(fd.fd, SHUT_RDWR);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "listener closed EINVAL");
	pair_channel(&p, "c");
	stop();
}

static void a_listener_that_fails_tells_only_who_asked(void **state)
{
	struct rill_listener_events events = {.size = sizeof(events), .accepted = end_listener_events.accepted};
	struct pollfd fds[2];

	(void)state;
	start(NULL);
	rill_listener_close(l);
	assert_int_equal(rill_listener_create(&l, p.b.ctx, path, NULL, &events, &p.b), 0);
	assert_int_equal(rill_ctx_pollfds(p.b.ctx, fds, 2), 1);
	shutdown(fds[0].fd, SHUT_RDWR);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "");
	assert_int_equal(rill_ctx_pollfds(p.b.ctx, fds, 2), 0);
	stop();
}

static void sessions_outlive_their_listener_and_handshakes_do_not(void **state)
{
	int fd;

	(void)state;
	start(NULL);
	assert_int_equal(connect_end(&p.a), 0);
	pair_run(&p);
	fd = connect_mute();
	end_run(&p.b);
	rill_listener_close(l);
	l = NULL;
	end_run(&p.b);
	assert_true(is_cut(fd));
	close(fd);
	pair_channel(&p, "c");
	assert_int_equal(rill_session_status(p.b.s), 1);
	stop();
}

static void close_listener(struct end *e, const char *event, struct rill_channel *ch)
{
	(void)e, (void)ch;
	if (strcmp(event, "session") == 0) {
		rill_listener_close(l);
		l = NULL;
	}
}

static void close_accepted(struct end *e, const char *event, struct rill_channel *ch)
{
	(void)ch;
	if (strcmp(event, "session") == 0) {
		rill_session_close(e->s);
		e->s = NULL;
	}
}

static void destroy_all(struct end *e, const char *event, struct rill_channel *ch)
{
	(void)ch;
	if (strcmp(event, "session") == 0) {
		rill_ctx_destroy(e->ctx);
		e->s = NULL;
		l = NULL;
	}
}

static void all_may_be_closed_when_a_session_is_accepted(void **state)
{
	(void)state;
	start(NULL);
	p.b.hook = close_listener;
	assert_int_equal(connect_end(&p.a), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "opened");
	assert_int_equal(rill_session_status(p.b.s), 1);
	stop();

	start(NULL);
	p.b.hook = close_accepted;
	assert_int_equal(connect_end(&p.a), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "opened, session closed 0");
	stop();

	start(NULL);
	p.b.hook = destroy_all;
	assert_int_equal(connect_end(&p.a), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "opened, session closed ECONNABORTED");
	stop();
}

/* Two come at once: both are accepted before either has said who he is. */
static void two_come(const struct rill_listener_options *o, void (*hook)(struct end *, const char *, struct rill_channel *),
                     struct end *second)
{
	start(o);
	p.b.hook = hook;
	end_start(second, NULL);
	assert_int_equal(connect_end(&p.a), 0);
	assert_int_equal(connect_end(second), 0);
	for (int k = 0; k < 10; k++)
		end_run(&p.a), end_run(second), end_run(&p.b);
}

static void of_two_at_once_the_one_too_many_is_refused(void **state)
{
	struct rill_listener_options o = {.size = sizeof(o), .sessions = 1};
	struct end second;

	(void)state;
	two_come(&o, NULL, &second);
	assert_string_equal(end_told(&p.a), "opened");
	assert_string_equal(end_told(&second), "session closed EACCES");
	assert_non_null(strstr(rill_session_why(second.s), "too many sessions"));
	end_stop(&second);
	stop();
}

/* The listener goes in the first one's accepted(): the second is cut, whether it was admitted or not. */
static void of_two_at_once_the_second_is_cut_with_the_listener(void **state)
{
	struct end second;

	(void)state;
	two_come(NULL, close_listener, &second);
	assert_string_equal(end_told(&p.a), "opened");
	assert_non_null(strstr(end_told(&second), "session closed ECONN"));
	assert_int_equal(rill_session_status(p.b.s), 1);
	end_stop(&second);
	stop();
}

static void a_client_that_says_all_and_leaves_is_heard_in_order(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		start(NULL);
		p.b.takes = true;
		assert_int_equal(connect_end(&p.a), 0);
		while (rill_session_status(p.a.s) == 0) {
			end_step(&p.b);
			end_step(&p.a);
		}
		end_open(&p.a, "c");
		assert_int_equal(rill_channel_send(p.a.ch, "bye", 3), 0);
		if (i == 0)
			rill_session_close(p.a.s), p.a.s = NULL;
		else
			end_die(&p.a);
		pair_run(&p);
		assert_string_equal(end_told(&p.b), i == 0 ? "session, offer c, message 3, closed c 0, session closed 0"
		                                           : "session, offer c, message 3, closed c ECONNRESET, "
		                                             "session closed ECONNRESET");
		stop();
	}
}

static unsigned cut_of(const int *fds, unsigned count)
{
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++)
		n += is_cut(fds[i]);
	return n;
}

/* Four a turn; but where they come to nothing, and more wait, four a millisecond. */
static void who_connects_for_nothing_waits_his_turn(void **state)
{
	struct rill_listener_options o = {.size = sizeof(o), .handshakes = 4};
	int fds[40];

	(void)state;
	start(&o);
	for (unsigned i = 0; i < 40; i++)
		assert_true((fds[i] = connect_mute()) >= 0);
	for (unsigned i = 0; i < 20; i++)
		rill_ctx_dispatch_all(p.b.ctx);
	assert_int_equal(cut_of(fds, 40), 4); /* the first four have a slot, the next took it, and the clock stands */
	for (unsigned ms = 1; ms <= 5; ms++) {
		hands.now += MSEC;
		for (unsigned i = 0; i < 20; i++)
			rill_ctx_dispatch_all(p.b.ctx);
		assert_int_equal(cut_of(fds, 40), 4 + 4 * ms);
	}
	for (unsigned i = 0; i < 40; i++)
		close(fds[i]);
	stop();
}

/* Who says hello is not slowed down, however many come at once. */
static void who_shakes_hands_does_not_wait(void **state)
{
	struct end many[40] = {0};

	(void)state;
	start(NULL);
	for (unsigned i = 0; i < 40; i++) {
		end_start(&many[i], NULL);
		assert_int_equal(connect_end(&many[i]), 0);
	}
	for (unsigned i = 0; i < 40; i++) {
		rill_ctx_dispatch_all(p.b.ctx);
		for (unsigned k = 0; k < 40; k++)
			rill_ctx_dispatch_all(many[k].ctx);
	}
	for (unsigned i = 0; i < 40; i++) {
		assert_string_equal(end_told(&many[i]), "opened");
		end_stop(&many[i]);
	}
	pair_run(&p);
	stop();
}

/* Its descriptor is something else all at once: a program closed it and opened another. */
static void a_listener_that_is_none_any_more_is_told_so(void **state)
{
	int other = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct pollfd fd;

	(void)state;
	start(NULL);
	assert_int_equal(rill_ctx_pollfds(p.b.ctx, &fd, 1), 1);
	assert_int_equal(dup3(other, fd.fd, O_CLOEXEC), fd.fd);
	close(other);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "listener closed ENOTSOCK");
	stop();
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(who_connects_for_nothing_waits_his_turn),
		T(who_shakes_hands_does_not_wait),
		T(connecting_and_accepting_is_told_once_each),
		T(a_path_that_cannot_be_is_an_error),
		T(the_sides_are_checked_before_the_path),
		T(a_directory_that_is_not_ours_to_write_is_eacces),
		T(a_live_path_is_left_and_a_stale_one_replaced),
		T(a_path_that_streams_listen_at_is_in_use),
		T(a_directory_locked_by_another_starter_is_in_use),
		T(the_mode_holds_whatever_the_umask),
		T(only_its_own_path_is_removed),
		T(a_relative_path_is_removed_after_a_chdir),
		T(a_forked_child_leaves_the_path_and_the_listener_alone),
		T(connecting_to_nothing_fails_at_once),
		T(a_full_backlog_is_tried_again),
		T(a_backlog_that_stays_full_ends_with_the_handshake_time),
		T(a_listener_that_dies_while_we_wait_is_told),
		T(a_silent_client_is_cut_in_time_and_nobody_is_told),
		T(silent_clients_do_not_keep_others_out),
		T(a_client_that_leaves_before_it_is_accepted_leaves_nothing),
		T(more_sessions_than_allowed_are_refused_and_told),
		T(a_full_descriptor_table_at_accept_is_no_busy_loop),
		T(a_client_that_policy_refuses_is_told_why),
		T(a_listener_that_our_policy_refuses_is_not_spoken_to),
		T(strangers_are_admitted_by_uid_or_gid_alone),
		T(an_adopted_listener_works_and_its_path_is_left),
		T(what_is_no_listening_seqpacket_socket_is_not_adopted),
		T(a_listener_that_fails_for_good_is_told_and_its_sessions_go_on),
		T(a_listener_that_is_none_any_more_is_told_so),
		T(a_listener_that_fails_tells_only_who_asked),
		T(sessions_outlive_their_listener_and_handshakes_do_not),
		T(all_may_be_closed_when_a_session_is_accepted),
		T(of_two_at_once_the_one_too_many_is_refused),
		T(of_two_at_once_the_second_is_cut_with_the_listener),
		T(a_client_that_says_all_and_leaves_is_heard_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
