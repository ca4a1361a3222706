/* tests/interop/demos.c - the demos do what they say: each runs to its end, and the cache leaves nothing behind however it
 * is ended. They are the binaries in demos/ of our own build; one that was not built (its loop is missing) is skipped.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS 8

/* ---- A demo and what it prints --------------------------------------------------------------------------------- */

struct demo {
	pid_t pid; /* and process group */
	int out;   /* stdout and stderr; its end says that no process of the demo is left */
	char text[65536];
	size_t len;
};

static void path_of(char *to, size_t size, const char *name)
{
	ssize_t n = readlink("/proc/self/exe", to, size - 1);
	char *slash;

	assert_true(n > 0);
	to[n] = '\0';
	for (int i = 0; i < 3; i++) { /* BUILD/tests/interop/demos */
		slash = strrchr(to, '/');
		assert_non_null(slash);
		*slash = '\0';
	}
	assert_true(strlen(to) + strlen(name) + 8 < size);
	strcat(strcat(to, "/demos/"), name);
}

static void start(struct demo *d, const char *name, const char *const *args)
{
	const char *argv[ARGS + 2] = {name};
	char path[4096];
	int out[2];

	path_of(path, sizeof(path), name);
	if (access(path, X_OK) < 0)
		skip();
	for (size_t i = 0; i < ARGS && args[i]; i++)
		argv[i + 1] = args[i];
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	d->pid = fork();
	assert_true(d->pid >= 0);
	if (d->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		execv(path, (char *const *)argv);
		_exit(127);
	}
	close(out[1]);
	d->out = out[0];
	d->len = 0;
	d->text[0] = '\0';
}

/* More of what it prints; false: it, and all that it started, have ended. */
static bool hear(struct demo *d)
{
	ssize_t n = read(d->out, d->text + d->len, sizeof(d->text) - 1 - d->len);

	assert_true(n >= 0);
	d->len += (size_t)n;
	d->text[d->len] = '\0';
	return n > 0;
}

/* Its exit status, or minus the signal that ended it. */
static int end(struct demo *d)
{
	int status;

	while (hear(d))
		;
	close(d->out);
	assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(struct demo *d, const char *name, const char *const *args)
{
	int status;

	start(d, name, args);
	status = end(d);
	if (status)
		fprintf(stderr, "# %s ended with %d:\n%s", name, status, d->text);
	return status;
}

static void assert_says(const struct demo *d, const char *what)
{
	if (!strstr(d->text, what))
		fail_msg("no \"%s\" in:\n%s", what, d->text);
}

#define ARGV(...) ((const char *const[ARGS]){__VA_ARGS__})

/* ---- The small ones -------------------------------------------------------------------------------------------- */

static void small_one(const char *name, const char *says)
{
	struct demo d;

	assert_int_equal(run(&d, name, ARGV(NULL)), 0);
	assert_says(&d, says);
}

static void hello_over_epoll(void **state)
{
	(void)state;
	small_one("hello_epoll", "server got hello\n");
}

static void hello_inside_libevent(void **state)
{
	(void)state;
	small_one("hello_libevent", "the worker: hello\n");
	small_one("hello_libevent", "the program's own timer\n");
}

static void hello_inside_libev(void **state)
{
	(void)state;
	small_one("hello_libev", "the worker: hello\n");
	small_one("hello_libev", "the program's own timer\n");
}

static void hello_in_a_select_loop(void **state)
{
	(void)state;
	small_one("select_loop", "got hello\n");
}

static void a_json_tree_is_printed_where_it_lies(void **state)
{
	(void)state;
	small_one("json_tree", "{\"daemon\": false, \"descriptors\": 1, \"limits\": {\"channels\": 256, \"threads\": null}, "
	                       "\"loops\": [\"epoll\", \"libevent\"], \"name\": \"rill\"}\n");
}

static void report_over_a_socketpair(void **state)
{
	(void)state;
	small_one("socketpair", "report: all is well in ");
}

static void addressbook_answers_in_structured_messages(void **state)
{
	(void)state;
	small_one("addressbook",
	          "1: Ada Lovelace <ada@example.org>, home 1815\n3: Alan Turing <alan@example.org>, mobile 1912\n");
	small_one("addressbook", "server: 3 people\n");
}

static void a_large_message_is_read_in_place(void **state)
{
	struct demo d;

	(void)state;
	assert_int_equal(run(&d, "gigabyte", ARGV("64")), 0);
	assert_says(&d, "64 MiB: in hand after ");
	assert_says(&d, ", all right\n");
}

static void acceptor_drops_no_connection_when_workers_are_full(void **state)
{
	struct demo d;
	char line[32];

	(void)state;
	assert_int_equal(run(&d, "acceptor", ARGV(NULL)), 0);
	for (int i = 1; i <= 12; i++) {
		snprintf(line, sizeof(line), "job %d: done by worker ", i);
		assert_says(&d, line);
	}
	assert_says(&d, "worker 1\n");
	assert_says(&d, "worker 2\n");
	assert_says(&d, "12 connections handed over");
	assert_null(strstr(d.text, " 0 times all workers were full"));
}

static void a_late_joiner_starts_from_a_name(void **state)
{
	struct demo d;

	(void)state;
	assert_int_equal(run(&d, "late_joiner", ARGV(NULL)), 0);
	assert_says(&d, "early: 4 workers, mode fast\n");
	assert_says(&d, "late: 4 workers, mode fast\n");
}

static void a_routing_table_is_read_on_three_loops_while_it_changes(void **state)
{
	struct demo d;
	int status;

	(void)state;
	start(&d, "routes", ARGV("20000", "4"));
	status = end(&d);
	if (status == 77) /* no uthash.h */
		skip();
	assert_int_equal(status, 0);
	assert_says(&d, "owner: version 4 published, 20000 entries\n");
	assert_says(&d, "epoll: ");
	assert_null(strstr(d.text, " 0 versions seen"));
}

/* ---- The cache ------------------------------------------------------------------------------------------------- */

struct place {
	char dir[64], sock[64];
};

static void put(const struct place *p, const char *name, size_t size)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	for (size_t i = 0; i < size; i++)
		fputc((int)(i * 31 + i / 251) & 255, f);
	assert_int_equal(fclose(f), 0);
}

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p || leaks_setup(NULL) < 0)
		return -1;
	strcpy(p->dir, "/tmp/rill-demos-XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->sock, sizeof(p->sock), "%s.sock", p->dir);
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;
	char line[128];
	int r;

	snprintf(line, sizeof(line), "rm -rf %s", p->dir);
	r = system(line);
	if (access(p->sock, F_OK) == 0) {
		fprintf(stderr, "# %s is still there\n", p->sock);
		r = -1;
	}
	free(p);
	return leaks_teardown(NULL) < 0 ? -1 : r;
}

/* All that a tree may hold; nine files of it can be read, 1,309,731 bytes. */
static void fill(const struct place *p)
{
	char path[256], link[256];

	put(p, "empty", 0);
	put(p, "one", 1);
	put(p, "seven", 7);
	put(p, "page", 4096);
	put(p, "odd", 4097);
	put(p, "big", 1234567);
	put(p, "a\nnew line\033[31m", 100);
	snprintf(path, sizeof(path), "%s/deep", p->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	put(p, "deep/er", 66863);
	put(p, "deep/-n", 0);
	snprintf(path, sizeof(path), "%s/fifo", p->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/to itself", p->dir);
	assert_int_equal(symlink(".", path), 0);
	snprintf(path, sizeof(path), "%s/big", p->dir);
	snprintf(link, sizeof(link), "%s/to big", p->dir);
	assert_int_equal(symlink(path, link), 0);
}

static void cache_demo_reads_a_tree_of_odd_files(void **state)
{
	struct place *p = *state;
	struct demo d;

	fill(p);
	assert_int_equal(run(&d, "cache_demo", ARGV("-r", "1", p->dir)), 0);
	assert_says(&d, "9 files, 1309731 bytes");
	assert_says(&d, "Rill, epoll                  9      1309731 |");
	assert_says(&d, "Rill, epoll, linger "); /* skipped on one CPU */
	assert_says(&d, "Rill, libevent ");
	assert_says(&d, "Rill, libev ");
	assert_says(&d, "Unix socket, epoll           9      1309731 |");
	assert_says(&d, "mmap of fd, blocking         9      1309731 |");
	assert_null(strstr(d.text, "\033"));
}

static void cache_demo_over_nothing_says_so(void **state)
{
	struct place *p = *state;
	struct demo d;

	assert_int_equal(run(&d, "cache_demo", ARGV(p->dir)), 0);
	assert_says(&d, "0 files, 0 bytes");
	assert_int_equal(run(&d, "cache_demo", ARGV("/proc/self/exe")), 1);
	assert_says(&d, "Not a directory");
}

static void cache_demo_says_what_is_over_the_limit(void **state)
{
	struct place *p = *state;
	struct demo d;

	put(p, "big", 2 << 20);
	put(p, "small", 10);
	assert_int_equal(run(&d, "cache_demo", ARGV("-r", "1", "-m", "1", p->dir)), 0);
	assert_says(&d, "1 files left out: the limit is 1 MiB");
	assert_says(&d, "1 files, 10 bytes");
}

static void start_server(struct demo *server, const struct place *p)
{
	start(server, "cache_server", ARGV("-s", p->sock, p->dir));
	while (!strchr(server->text, '\n') && hear(server))
		;
	assert_says(server, "listening on");
}

static void stop_server(struct demo *server)
{
	assert_int_equal(kill(server->pid, SIGINT), 0);
	assert_int_equal(end(server), 0);
}

static void cache_serves_clients_on_every_loop_at_a_path(void **state)
{
	static const char *const loops[] = {"epoll", "libevent", "libev"};
	struct place *p = *state;
	struct demo server, client;

	fill(p);
	start_server(&server, p);
	for (int i = 0; i < 3; i++) {
		int status = run(&client, "cache_client", ARGV("-s", p->sock, "-l", loops[i], "-n", "3", p->dir));

		if (status == 77)
			continue; /* built without it */
		assert_int_equal(status, 0);
		assert_says(&client, "27 files, 3929193 bytes in ");
		assert_says(&client, ", 0 wrong");
	}
	stop_server(&server);
}

static void cache_says_which_file_it_does_not_have_and_which_changed(void **state)
{
	struct place *p = *state;
	struct demo server, client;

	put(p, "same", 1000);
	put(p, "other", 1000);
	start_server(&server, p);
	put(p, "late", 10);
	put(p, "other", 1001);
	assert_int_equal(run(&client, "cache_client", ARGV("-s", p->sock, p->dir)), 1);
	assert_says(&client, "late: No such file or directory");
	assert_says(&client, "other: is not what is on disk");
	assert_null(strstr(client.text, "same:"));
	stop_server(&server);
}

static void client_is_told_when_its_server_dies(void **state)
{
	struct place *p = *state;
	struct demo server, client;

	fill(p);
	start_server(&server, p);
	start(&client, "cache_client", ARGV("-s", p->sock, "-n", "1000", "-t", p->dir));
	assert_true(hear(&client)); /* answers are under way */
	assert_int_equal(kill(server.pid, SIGKILL), 0);
	assert_int_equal(end(&server), -SIGKILL);
	assert_int_equal(end(&client), 1);
	start_server(&server, p); /* the stale path is no obstacle */
	stop_server(&server);
}

/* end() returns when the last process of the demo has let go of the pipe. */
static void interrupted_by(int signal, bool group, const struct place *p)
{
	struct demo d;

	start(&d, "cache_demo", ARGV("-r", "1000", p->dir));
	assert_true(hear(&d));
	assert_int_equal(kill(group ? -d.pid : d.pid, signal), 0);
	assert_int_equal(end(&d), -signal);
}

static void interrupted_demo_leaves_nothing(void **state)
{
	fill(*state);
	interrupted_by(SIGINT, true, *state);
	interrupted_by(SIGTERM, false, *state);
	interrupted_by(SIGKILL, false, *state);
}

#define SMALL(test) cmocka_unit_test_setup_teardown(test, leaks_setup, leaks_teardown)
#define CACHE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SMALL(hello_over_epoll),
		SMALL(hello_inside_libevent),
		SMALL(hello_inside_libev),
		SMALL(hello_in_a_select_loop),
		SMALL(report_over_a_socketpair),
		SMALL(addressbook_answers_in_structured_messages),
		SMALL(a_large_message_is_read_in_place),
		SMALL(a_json_tree_is_printed_where_it_lies),
		SMALL(acceptor_drops_no_connection_when_workers_are_full),
		SMALL(a_late_joiner_starts_from_a_name),
		SMALL(a_routing_table_is_read_on_three_loops_while_it_changes),
		CACHE(cache_demo_reads_a_tree_of_odd_files),
		CACHE(cache_demo_over_nothing_says_so),
		CACHE(cache_demo_says_what_is_over_the_limit),
		CACHE(cache_serves_clients_on_every_loop_at_a_path),
		CACHE(cache_says_which_file_it_does_not_have_and_which_changed),
		CACHE(client_is_told_when_its_server_dies),
		CACHE(interrupted_demo_leaves_nothing),
	};

	return cmocka_run_group_tests_name("demos", tests, NULL, NULL);
}
