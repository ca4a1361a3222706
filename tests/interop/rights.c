/* tests/interop/rights.c - who gets in, and what one who is in may do: processes of two uids, and of one. Needs root, or is
 * skipped. The liar keeps every descriptor that it is sent and tries to write by it; it is written from docs/protocol.md
 * (tests/fault/raw.h). Prints how many ways to write were tried, and how many denied. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fault/raw.h"
#include "tests/interop/writes.h"
#include "tests/support/leaks.h"
#include "tests/support/strangers.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/un.h>

#define SERVER 12001
#define CLIENT 12002
#define THIRD 12003
#define NOBODY 65534

static char dir[64], socket_path[96];

static int begin(void **state)
{
	unsigned tried = found ? found->tried : 0;

	if (!found)
		strangers_begin();
	*found = (struct found){.tried = tried, .denied = found->denied};
	leaks_setup(state);
	strcpy(dir, "/tmp/rill-rights-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0777), 0);
	snprintf(socket_path, sizeof(socket_path), "%s/socket", dir);
	return 0;
}

static int end(void **state)
{
	return rmdir(dir) < 0 ? -1 : leaks_teardown(state);
}

static void start_server(struct child *c, struct stranger *s)
{
	if (!strangers_can())
		skip();
	s->path = socket_path;
	assert_int_equal(child_start(c, strangers_serve, s), 0);
	assert_int_equal(child_hear(c, 20000), READY);
}

static void connect_as(struct stranger *s)
{
	struct child c;

	s->path = socket_path;
	found->exchanged = found->status = 0;
	assert_int_equal(child_start(&c, strangers_connect, s), 0);
	assert_int_equal(child_wait(&c, 30000), 0);
}

static void look(struct child *server)
{
	assert_int_equal(child_tell(server, LOOK), 0);
	assert_int_equal(child_hear(server, 20000), LOOK);
}

static void stop_server(struct child *c)
{
	assert_int_equal(child_tell(c, END), 0);
	assert_int_equal(child_wait(c, 20000), 0);
}

/* ---- Who gets in ----------------------------------------------------------------------------------------------- */

static const uid_t servers[] = {SERVER}, clients[] = {CLIENT}, both[] = {SERVER, CLIENT};

static void assert_refused(const char *why)
{
	assert_int_equal(found->exchanged, 0);
	assert_int_equal(found->status, -EACCES);
	if (!strstr(found->why, why))
		fail_msg("told \"%s\"", found->why);
}

static void the_wrong_uid_is_refused_and_told_why_and_the_right_one_is_in(void **state)
{
	struct stranger s = {.uid = SERVER, .uids = clients, .uid_count = 1};
	struct stranger right = {.uid = CLIENT, .uids = servers, .uid_count = 1};
	struct stranger wrong = {.uid = THIRD, .uids = servers, .uid_count = 1};
	struct child server;

	(void)state;
	start_server(&server, &s);
	connect_as(&wrong);
	assert_refused("not admitted by the other side's policy");
	assert_int_equal(found->accepted, 0);
	connect_as(&right);
	assert_int_equal(found->status, 1);
	assert_int_equal(found->exchanged, 1);
	assert_int_equal(found->accepted, 1);
	assert_int_equal(found->at_server.socket.uid, CLIENT);
	assert_int_equal(found->at_server.sender.uid, CLIENT);
	assert_int_equal(found->at_client.socket.uid, SERVER);
	assert_int_equal(found->at_client.sender.uid, SERVER);
	assert_true(found->at_server.sender.pid > 0);
	stop_server(&server);
}

static void by_default_ones_own_uid_and_root_are_in_and_nobody_else(void **state)
{
	struct stranger s = {.uid = SERVER};
	struct stranger own = {.uid = SERVER}, root = {.uid = 0, .uids = servers, .uid_count = 1};
	struct stranger other = {.uid = CLIENT, .uids = servers, .uid_count = 1};
	struct child server;

	(void)state;
	start_server(&server, &s);
	connect_as(&own);
	assert_int_equal(found->exchanged, 1);
	connect_as(&other);
	assert_refused("policy");
	connect_as(&root);
	assert_int_equal(found->status, 1);
	stop_server(&server);
}

static void a_group_is_let_in_and_no_other(void **state)
{
	const gid_t group[] = {CLIENT};
	struct stranger s = {.uid = SERVER, .gids = group, .gid_count = 1};
	struct stranger right = {.uid = CLIENT, .uids = servers, .uid_count = 1};
	struct stranger own = {.uid = SERVER}; /* lists replace the default */
	struct child server;

	(void)state;
	start_server(&server, &s);
	connect_as(&own);
	assert_refused("policy");
	connect_as(&right);
	assert_int_equal(found->exchanged, 1);
	stop_server(&server);
}

static void the_text_of_what_admit_gave_is_told(void **state)
{
	struct stranger s = {.uid = SERVER, .uids = clients, .uid_count = 1, .admit = -EKEYREVOKED};
	struct stranger c = {.uid = CLIENT, .uids = servers, .uid_count = 1};
	struct child server;

	(void)state;
	start_server(&server, &s);
	connect_as(&c);
	assert_refused(strerror(EKEYREVOKED));
	assert_int_equal(found->at_server.sender.uid, CLIENT); /* it was asked, with who it is */
	assert_int_equal(found->accepted, 0);
	stop_server(&server);
}

static void a_client_does_not_greet_a_server_of_a_wrong_uid(void **state)
{
	struct stranger s = {.uid = SERVER, .uids = both, .uid_count = 2};
	struct stranger c = {.uid = CLIENT}; /* its own and root's alone */
	struct child server;

	(void)state;
	start_server(&server, &s);
	connect_as(&c);
	assert_int_equal(found->status, -EPERM);
	assert_int_equal(found->accepted, 0);
	stop_server(&server);
}

/* SO_PEERCRED says who connected, SCM_CREDENTIALS who speaks: each alone is not enough. */
static void both_credentials_must_pass(void **state)
{
	static const struct {
		const uid_t *uids;
		size_t count;
		bool in;
	} policy[] = {{servers, 1, false}, {clients, 1, false}, {both, 2, true}};
	struct stranger c = {.uid = CLIENT, .connects_as = SERVER, .uids = servers, .uid_count = 1};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct stranger s = {.uid = SERVER, .uids = policy[i].uids, .uid_count = policy[i].count};
		struct child server;

		start_server(&server, &s);
		connect_as(&c);
		if (!policy[i].in)
			assert_refused("policy");
		else
			assert_int_equal(found->exchanged, 1);
		if (policy[i].in) {
			assert_int_equal(found->at_server.socket.uid, SERVER);
			assert_int_equal(found->at_server.sender.uid, CLIENT);
			look(&server);
			assert_int_equal(found->server_eventfds, 0);
		}
		stop_server(&server);
	}
}

/* ---- The bell -------------------------------------------------------------------------------------------------- */

static void there_is_an_eventfd_within_one_uid_and_none_across_nor_for_nobody(void **state)
{
	const uid_t nobody[] = {NOBODY};
	struct stranger own = {.uid = SERVER}, c = {.uid = CLIENT, .uids = servers, .uid_count = 1};
	struct stranger s = {.uid = SERVER, .uids = both, .uid_count = 2}, n = {.uid = NOBODY, .uids = nobody, .uid_count = 1};
	struct child server;

	(void)state;
	start_server(&server, &s);
	connect_as(&own);
	assert_int_equal(found->client_eventfds, 2);
	connect_as(&c);
	assert_int_equal(found->exchanged, 1);
	assert_int_equal(found->client_eventfds, 0);
	stop_server(&server);
	s = n;
	start_server(&server, &s);
	connect_as(&n);
	assert_int_equal(found->exchanged, 1);
	assert_int_equal(found->client_eventfds, 0);
	stop_server(&server);
}

/* ---- The liar: what may be done with what it is sent ----------------------------------------------------------- */

struct liar {
	uid_t uid;
	pid_t server;
	bool same_uid;
};

#define KEPT 3 /* the region, and an arena for large messages and one of the user's */

static void wait_for_packet(struct raw *r, int kind, struct raw_packet *p)
{
	struct pollfd f = {.fd = r->fd, .events = POLLIN};

	for (;;) {
		int k;

		CHILD_CHECK(poll(&f, 1, 20000) == 1);
		k = raw_recv(r, p);
		CHILD_CHECK(k > 0 && k != RAW_EVENTFD);
		if (k == kind)
			return;
	}
}

static int keep_next(struct raw *r, int kind, struct raw_packet *p)
{
	wait_for_packet(r, kind, p);
	CHILD_CHECK(r->got_count == 1);
	r->got_count = 0;
	return r->got[0];
}

/* An eventfd of ours, handed over against the rules: it is dropped, and the session goes on. */
static void offer_an_eventfd(struct raw *r)
{
	struct raw_packet p = raw_packet(RAW_EVENTFD, 8);
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	uint64_t count;

	CHILD_CHECK(fd >= 0 && raw_send(r, &p, 8, &fd, 1) == 0);
	CHILD_CHECK(raw_channel(r, RAW_OPEN, 1, 1) == 0);
	wait_for_packet(r, RAW_ACCEPT, &p);
	CHILD_CHECK(read(fd, &count, sizeof(count)) < 0 && errno == EAGAIN);
	close(fd);
}

static int lie(struct child *self, void *arg)
{
	const struct liar *liar = arg;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct raw_packet p;
	struct raw r;
	int kept[KEPT];

	strangers_become(liar->uid);
	memcpy(a.sun_path, socket_path, sizeof(socket_path));
	raw_init(&r, socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	/* Its hello says who it is also if it comes between the server's accept() and its SO_PASSCRED. */
	CHILD_CHECK(setsockopt(r.fd, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) == 0);
	r.hello.hello.features = liar->same_uid ? 0 : RAW_EVENTFD_BELL;
	CHILD_CHECK(connect(r.fd, (struct sockaddr *)&a, sizeof(a)) == 0 && raw_greet(&r) == 0);
	kept[0] = keep_next(&r, RAW_HELLO, &p);
	kept[1] = keep_next(&r, RAW_ARENA, &p);
	kept[2] = keep_next(&r, RAW_ARENA, &p);
	for (int i = 0; i < KEPT; i++) {
		writes_by_descriptor(kept[i]);
		if (!liar->same_uid)
			writes_as_another(kept[i]);
		else if (i == 0)
			writes_to_a_region_as_oneself(kept[i]);
		else
			writes_to_an_arena_as_oneself(kept[i]);
	}
	if (!liar->same_uid) {
		writes_into(liar->server);
		offer_an_eventfd(&r);
	}
	CHILD_CHECK(child_tell(self, READY) == 0 && child_hear(self, 20000) == END);
	for (int i = 0; i < KEPT; i++)
		close(kept[i]);
	raw_finish(&r);
	return 0;
}

/* Returns when the liar has done what it could; it stays connected until it is told. */
static void set_loose(struct child *c, struct liar *liar)
{
	assert_int_equal(child_start(c, lie, liar), 0);
	if (child_hear(c, 20000) == READY)
		return;
	assert_int_equal(child_wait(c, 20000), 0);
	fail();
}

static void across_uids_nothing_is_writable_by_any_way(void **state)
{
	struct stranger s = {.uid = SERVER, .uids = clients, .uid_count = 1, .sends = true};
	struct liar liar = {.uid = CLIENT};
	struct child server, c;

	(void)state;
	start_server(&server, &s);
	liar.server = server.pid;
	set_loose(&c, &liar);
	look(&server);
	assert_int_equal(found->lent_byte, 's');
	assert_int_equal(found->server_eventfds, 0);
	stop_server(&c);
	stop_server(&server);
}

static void within_one_uid_regions_are_not_writable_and_arenas_are_the_exception(void **state)
{
	struct stranger s = {.uid = SERVER, .sends = true};
	struct liar liar = {.uid = SERVER, .same_uid = true};
	struct child server, c;

	(void)state;
	start_server(&server, &s);
	set_loose(&c, &liar);
	look(&server);
	assert_int_equal(found->lent_byte, 'W'); /* docs/failure-same-uid.md says so */
	stop_server(&c);
	stop_server(&server);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_wrong_uid_is_refused_and_told_why_and_the_right_one_is_in),
		T(by_default_ones_own_uid_and_root_are_in_and_nobody_else),
		T(a_group_is_let_in_and_no_other),
		T(the_text_of_what_admit_gave_is_told),
		T(a_client_does_not_greet_a_server_of_a_wrong_uid),
		T(both_credentials_must_pass),
		T(there_is_an_eventfd_within_one_uid_and_none_across_nor_for_nobody),
		T(across_uids_nothing_is_writable_by_any_way),
		T(within_one_uid_regions_are_not_writable_and_arenas_are_the_exception),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (found && found->tried)
		printf("proof rights %u %u %s\n", found->denied, found->tried, failed ? "short" : "ok");
	return failed;
}
