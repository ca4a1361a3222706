/* tests/interop/containers.c - two processes in mount, pid and network namespaces of their own, each with a root of its own,
 * exchange frames, loans and descriptors over one socket that is bind-mounted: what container engines make, made by hand
 * (docs/containers.md). Needs root, or is skipped. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"
#include "tests/support/strangers.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SERVER 12001
#define CLIENT 12002
#define NOBODY 65534 /* what an unmapped uid looks like */
#define ALL_NEW (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

static char dir[64], run_dir[80], socket_path[96], root_a[80], root_b[80];

static void make(const char *path, uid_t owner)
{
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chown(path, owner, owner), 0);
}

/* DIR/run, where the server listens; two empty folders to be roots. */
static int begin(void **state)
{
	strangers_begin();
	leaks_setup(state);
	strcpy(dir, "/tmp/rill-containers-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	snprintf(run_dir, sizeof(run_dir), "%s/run", dir);
	snprintf(socket_path, sizeof(socket_path), "%s/socket", run_dir);
	snprintf(root_a, sizeof(root_a), "%s/a", dir);
	snprintf(root_b, sizeof(root_b), "%s/b", dir);
	make(run_dir, geteuid() ? geteuid() : SERVER);
	make(root_a, geteuid());
	make(root_b, geteuid());
	return 0;
}

static int end(void **state)
{
	rmdir(root_a);
	rmdir(root_b);
	rmdir(run_dir);
	return rmdir(dir) < 0 ? -1 : leaks_teardown(state);
}

static void start_server(struct child *c, struct stranger *s)
{
	if (!strangers_can())
		skip();
	assert_int_equal(child_start(c, strangers_serve, s), 0);
	if (child_hear(c, 20000) == READY)
		return;
	assert_int_equal(child_wait(c, 20000), SKIPPED);
	skip();
}

static void stop_server(struct child *c)
{
	assert_int_equal(child_tell(c, END), 0);
	assert_int_equal(child_wait(c, 20000), 0);
}

/* Run a client to its end. Where its namespaces are forbidden there is nothing to test. */
static void connect_from(struct stranger *s, struct child *server)
{
	struct child c;
	int status;

	found->exchanged = found->status = 0;
	assert_int_equal(child_start(&c, strangers_connect, s), 0);
	status = child_wait(&c, 30000);
	if (status == SKIPPED) {
		stop_server(server);
		skip();
	}
	assert_int_equal(status, 0);
}

/* SIGKILL; it has gone when nobody holds the other end of its step channel. */
static void kill_server(struct child *c)
{
	struct pollfd left = {.fd = dup(c->fd)};

	assert_true(left.fd >= 0);
	assert_int_equal(child_kill(c), -9);
	assert_int_equal(poll(&left, 1, 20000), 1);
	close(left.fd);
}

static void two_containers_share_one_directory_with_the_socket_in_it(void **state)
{
	const uid_t clients[] = {CLIENT}, servers[] = {SERVER};
	struct stranger a = {.uid = SERVER, .path = "/run/socket", .uids = clients, .uid_count = 1, .namespaces = ALL_NEW};
	struct stranger b = {.uid = CLIENT, .path = "/peer/socket", .uids = servers, .uid_count = 1, .namespaces = ALL_NEW};
	struct child server;

	(void)state;
	a.root = root_a, a.bound[0] = run_dir, a.bound[1] = "/run";
	b.root = root_b, b.bound[0] = run_dir, b.bound[1] = "/peer";
	start_server(&server, &a);
	connect_from(&b, &server);
	assert_int_equal(found->status, 1);
	assert_int_equal(found->exchanged, 1);
	/* Each is in a pid namespace that the other does not see: no pid. The uids hold. */
	assert_int_equal(found->at_server.socket.pid, 0);
	assert_int_equal(found->at_server.sender.pid, 0);
	assert_int_equal(found->at_server.sender.uid, CLIENT);
	assert_int_equal(found->at_client.socket.pid, 0);
	assert_int_equal(found->at_client.sender.pid, 0);
	assert_int_equal(found->at_client.sender.uid, SERVER);
	stop_server(&server);
}

static void the_socket_alone_can_be_bound_and_a_restarted_server_is_found_only_by_its_directory(void **state)
{
	struct stranger a = {.uid = SERVER, .path = "/run/socket", .namespaces = ALL_NEW};
	struct stranger file = {.uid = SERVER, .path = "/socket", .namespaces = ALL_NEW};
	struct stranger folder = {.uid = SERVER, .path = "/run/socket", .namespaces = ALL_NEW};
	struct child server;

	(void)state;
	a.root = root_a, a.bound[0] = run_dir, a.bound[1] = "/run";
	file.root = root_b, file.bound[0] = socket_path, file.bound[1] = "/socket";
	folder.root = root_b, folder.bound[0] = run_dir, folder.bound[1] = "/run";
	start_server(&server, &a);
	connect_from(&file, &server);
	assert_int_equal(found->status, 1);
	assert_int_equal(found->exchanged, 1);
	assert_int_equal(found->client_eventfds, 2); /* one uid: the fast bell, namespaces or not */
	kill_server(&server);
	start_server(&server, &a); /* in the place of a stale socket */
	connect_from(&folder, &server);
	assert_int_equal(found->status, 1);
	assert_int_equal(found->exchanged, 1);
	stop_server(&server);
}

static void a_server_outside_sees_the_pid_of_a_contained_client_who_sees_none(void **state)
{
	struct stranger a = {.uid = SERVER, .path = socket_path};
	struct stranger b = {
		.uid = SERVER, .path = "/run/socket", .namespaces = ALL_NEW, .root = root_b, .bound = {run_dir, "/run"}};
	struct child server;

	(void)state;
	start_server(&server, &a);
	connect_from(&b, &server);
	assert_int_equal(found->status, 1);
	assert_int_equal(found->exchanged, 1);
	assert_true(found->at_server.sender.pid > 1);
	assert_int_equal(found->at_client.sender.pid, 0);
	assert_int_equal(found->at_client.socket.pid, 0);
	stop_server(&server);
}

/* Rootless: the container's root is the user outside. */
static void a_rootless_container_of_the_servers_user_is_admitted_by_default(void **state)
{
	struct stranger a = {.uid = SERVER, .path = socket_path};
	struct stranger b = {.uid = SERVER, .path = socket_path, .user_namespace = true};
	struct child server;

	(void)state;
	start_server(&server, &a);
	connect_from(&b, &server);
	assert_int_equal(found->status, 1);
	assert_int_equal(found->exchanged, 1);
	assert_int_equal(found->at_server.sender.uid, SERVER);
	assert_int_equal(found->at_client.sender.uid, 0); /* what SERVER is called inside */
	assert_int_equal(found->client_eventfds, 2);
	stop_server(&server);
}

/* ... and of another user: it sees the server's uid as 65534, and must say that it takes that. */
static void a_rootless_container_of_another_user_needs_the_unmapped_uid_in_its_policy(void **state)
{
	const uid_t clients[] = {CLIENT}, unmapped[] = {NOBODY};
	struct stranger a = {.uid = SERVER, .path = socket_path, .uids = clients, .uid_count = 1};
	struct stranger b = {.uid = CLIENT, .path = socket_path, .user_namespace = true};
	struct child server;

	(void)state;
	start_server(&server, &a);
	connect_from(&b, &server);
	assert_int_equal(found->status, -EPERM);
	b.uids = unmapped, b.uid_count = 1;
	connect_from(&b, &server);
	assert_int_equal(found->status, 1);
	assert_int_equal(found->exchanged, 1);
	assert_int_equal(found->at_server.sender.uid, CLIENT);
	assert_int_equal(found->at_client.sender.uid, NOBODY);
	assert_int_equal(found->client_eventfds, 0); /* an unmapped uid is nobody's own */
	stop_server(&server);
}

static void without_proc_no_arena_is_made(void **state)
{
	struct child c;

	(void)state;
	if (!strangers_can())
		skip();
	assert_int_equal(child_start(&c, strangers_no_proc, root_a), 0);
	assert_int_equal(child_wait(&c, 20000), 0);
	assert_int_equal(found->no_proc, -EOPNOTSUPP);
	assert_int_equal(found->no_proc_session, -ENOENT); /* it got as far as the socket */
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(two_containers_share_one_directory_with_the_socket_in_it),
		T(the_socket_alone_can_be_bound_and_a_restarted_server_is_found_only_by_its_directory),
		T(a_server_outside_sees_the_pid_of_a_contained_client_who_sees_none),
		T(a_rootless_container_of_the_servers_user_is_admitted_by_default),
		T(a_rootless_container_of_another_user_needs_the_unmapped_uid_in_its_policy),
		T(without_proc_no_arena_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
