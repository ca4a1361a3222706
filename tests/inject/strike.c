/* tests/inject/strike.c - one side of each scene is killed, or stopped for a while, at every call that the library makes in it.
 * Killed: what it had committed is delivered, then its end is told, and nothing of it is left. Stopped: nobody waits for it,
 * and when it goes on nothing was lost. The sides are two processes on the real clock. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/inject/scenes.h"
#include "tests/support/leaks.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POINTS 400
#define PATIENCE_MS 20000
#define STOPPED_TURNS 8 /* that the other side does meanwhile */

static char dir[] = "/tmp/rill-death-XXXXXX";
static char path[108];
static struct shared {
	struct record record;
	volatile bool started; /* the victim has its session or listener */
	volatile bool done;    /* the victim went through the scene untouched */
	volatile unsigned points;
	char wrong[256];
} * shared;

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void prepare(struct side *sd, const struct scene *scene, bool server, int fd)
{
	memset(sd, 0, sizeof(*sd));
	sd->scene = scene;
	sd->loop = SCENE_EPOLL;
	sd->server = server;
	sd->fd = fd;
	sd->path = path;
	sd->record = &shared->record;
}

/* The scene goes on for this side. */
static bool goes_on(const struct side *sd)
{
	return !sd->done && !sd->wrong[0] && !sd->error && !(sd->ended && sd->why);
}

static void be_victim(const struct scene *scene, bool server, int fd, unsigned at, enum inject_act act)
{
	static struct side sd;

	alarm(60);
	prepare(&sd, scene, server, fd);
	inject_begin(at, act, 0);
	side_start(&sd);
	shared->started = true;
	while (goes_on(&sd))
		side_turn(&sd);
	side_stop(&sd);
	shared->points = inject.points;
	shared->done = sd.done;
	snprintf(shared->wrong, sizeof(shared->wrong), "%s", sd.wrong);
	_exit(0);
}

struct victim {
	pid_t pid;
	uint64_t died; /* ms; 0: it lives */
};

/* Has it died? Is it stopped? Then we turn some more beside it (each turn returns, though nobody answers), and it goes on. */
static void look(struct victim *v, struct side *sd)
{
	int status;

	if (v->died || waitpid(v->pid, &status, WNOHANG | WUNTRACED) != v->pid)
		return;
	if (!WIFSTOPPED(status)) {
		v->died = now_ms();
		return;
	}
	for (int i = 0; i < STOPPED_TURNS; i++)
		side_turn(sd);
	kill(v->pid, SIGCONT);
}

/* A client waits for the listener to be there. */
static void await_listener(struct victim *v, struct side *sd)
{
	while (!shared->started && !v->died) {
		look(v, sd);
		poll(NULL, 0, 1);
	}
}

static void survive(struct side *sd, struct victim *v)
{
	uint64_t began = now_ms();

	while (goes_on(sd) && now_ms() - began < PATIENCE_MS) {
		side_turn(sd);
		look(v, sd);
		if (v->died && !sd->s && now_ms() - v->died > 100)
			break; /* it never came */
	}
	side_drain(sd);
}

static void say(const struct side *sd, const char *what, unsigned at)
{
	fprintf(stderr, "# %s, %s dies or stops at call %u: %s; survivor at step %u, got %u, done %d, ended %d, why %s, %s\n",
	        sd->scene->name, sd->server ? "client" : "server", at, what, sd->step, sd->got, sd->done, sd->ended,
	        sd->why ? strerrorname_np(-sd->why) : "0", sd->wrong);
	fail();
}

static void judge(const struct side *sd, enum inject_act act, unsigned at)
{
	unsigned sent = shared->record.sent[!sd->server], got = shared->record.got[sd->server];

	if (sd->wrong[0])
		say(sd, "this must not be", at);
	if (act == INJECT_STOP && !sd->done)
		say(sd, "not all was done after it went on", at);
	if (sd->s && !sd->done && !sd->ended)
		say(sd, "nobody was told", at);
	if (sd->ended && got < sent)
		say(sd, "what it had committed was not delivered", at);
	if (got > sent + 1)
		say(sd, "more came than was sent", at);
}

static void ignore(struct rill_listener *l, struct rill_session *s, void *user)
{
	(void)l, (void)s, (void)user;
}

/* After a killed server its path is there, and free for the next. */
static void path_is_free(void)
{
	struct rill_listener_events events = {.size = sizeof(events), .accepted = ignore};
	struct rill_ctx *ctx;
	struct rill_listener *l;

	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(rill_listener_create(&l, ctx, path, NULL, &events, NULL), 0);
	rill_ctx_destroy(ctx);
	unlink(path);
}

/* true: the scene went by without reaching the point */
static bool strike(const struct scene *scene, bool victim_serves, unsigned at, enum inject_act act)
{
	static struct side sd;
	int fds[2] = {-1, -1};
	struct victim v = {0};
	struct leaks before;

	memset(shared, 0, sizeof(*shared));
	inject_begin(0, INJECT_FAIL, 0);
	leaks_take(&before);
	if (!scene->listens)
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	prepare(&sd, scene, !victim_serves, fds[!victim_serves]);
	if (scene->listens && !victim_serves)
		side_start(&sd); /* the listener first */
	v.pid = fork();
	assert_true(v.pid >= 0);
	if (v.pid == 0) {
		rill_ctx_destroy(sd.ctx);
		close(fds[!victim_serves]);
		be_victim(scene, victim_serves, fds[victim_serves], at, act);
	}
	close(fds[victim_serves]);
	alarm(60);
	if (scene->listens && victim_serves)
		await_listener(&v, &sd);
	if (!sd.ctx && (!scene->listens || shared->started))
		side_start(&sd);
	survive(&sd, &v);
	judge(&sd, act, at);
	side_stop(&sd);
	while (!v.died)
		look(&v, &sd);
	alarm(0);
	if (victim_serves && scene->listens)
		path_is_free();
	assert_int_equal(leaks_since(&before), 0);
	if (shared->wrong[0] || (act == INJECT_STOP && !shared->done))
		say(&sd, "the victim did not come to its end", at);
	return shared->done && shared->points < at;
}

static void at_every_call(const struct scene *scene, enum inject_act act, unsigned stride)
{
	for (int serves = 0; serves < 2; serves++) {
		unsigned count = 0, at;

		for (at = 1; at < POINTS && !strike(scene, serves, at, act); at += stride)
			count++;
		assert_true(at < POINTS);
		fprintf(stderr, "# %s: the %s %s at %u calls\n", scene->name, serves ? "server" : "client",
		        act == INJECT_KILL ? "killed" : "stopped", count);
	}
}

static unsigned wide = 1; /* strides, but in the long form */

static void a_side_killed_at_any_call(void **state)
{
	at_every_call(*state, INJECT_KILL, rounds_of(17 * wide, 2 * wide, 1));
}

static void a_side_stopped_at_any_call(void **state)
{
	at_every_call(*state, INJECT_STOP, rounds_of(31 * wide, 5 * wide, 1));
}

int strike_scenes(const struct scene *list, unsigned count)
{
	struct CMUnitTest tests[32];
	unsigned n = 0;
	int failed;

	wide = list == services ? 4 : 1;
	if (!mkdtemp(dir)) /* of its own: one that others listen in is in use for a moment */
		return 1;
	snprintf(path, sizeof(path), "%s/socket", dir);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; i < count; i++) {
		void *scene = (void *)(uintptr_t)&list[i];

		tests[n++] = (struct CMUnitTest){.name = list[i].name,
		                                 .test_func = a_side_killed_at_any_call,
		                                 .initial_state = scene};
		tests[n++] = (struct CMUnitTest){.name = list[i].name,
		                                 .test_func = a_side_stopped_at_any_call,
		                                 .initial_state = scene};
	}
	failed = _cmocka_run_group_tests("death", tests, n, NULL, NULL);
	rmdir(dir);
	return failed;
}
