/* tests/inject/sweep.c - every call that the library makes fails once: each scene runs with the first failing, the second, ...
 * until a run passes untouched; over the note-taking loop and over epoll, poll and select. After each: no crash, no hang,
 * nothing left open or allocated, the error told, and what can go on has gone on. RILL_LONG: each call in each of its ways. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/inject/scenes.h"
#include "tests/support/allocs.h"
#include "tests/support/leaks.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS 20000
#define PATIENCE UINT64_C(100000000000) /* of the scene's own clock */
#define POINTS 400                      /* a scene has fewer */

/* What the child is at, for the parent to tell if it dies. */
static struct now {
	unsigned at, way, points, runs;
	char text[512];
} * now;

static unsigned points; /* tried, of all scenes */
static int loops;       /* over which: those before this one */
static char dir[] = "/tmp/rill-inject-XXXXXX";
static char path[108];

struct both {
	struct side client, server;
	struct record record;
	struct notes_clock clock;
};

static void prepare(struct both *b, const struct scene *scene, enum scene_loop loop)
{
	int fds[2] = {-1, -1};

	memset(b, 0, sizeof(*b));
	b->clock.now = 1000000000;
	if (!scene->listens && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		abort();
	for (int i = 0; i < 2; i++) {
		struct side *sd = i ? &b->server : &b->client;

		sd->scene = scene;
		sd->loop = loop;
		sd->server = i;
		sd->fd = fds[i];
		sd->path = path;
		sd->record = &b->record;
		sd->options.now = notes_now;
		sd->options.clock = &b->clock;
	}
}

/* Both at rest: time goes to the next deadline. false: there is none. */
static bool pass_time(struct both *b)
{
	uint64_t x = b->client.ctx ? rill_ctx_deadline(b->client.ctx) : RILL_NEVER;
	uint64_t y = b->server.ctx ? rill_ctx_deadline(b->server.ctx) : RILL_NEVER;
	uint64_t next = x < y ? x : y;

	if (next == RILL_NEVER || next > PATIENCE)
		return false;
	if (next > b->clock.now)
		b->clock.now = next;
	return true;
}

static void run(struct both *b)
{
	unsigned quiet = 0;

	side_start(&b->server);
	side_start(&b->client);
	for (unsigned i = 0; i < TURNS && quiet < 3; i++) {
		bool any = side_turn(&b->server);

		any |= side_turn(&b->client);
		quiet = any || pass_time(b) ? 0 : quiet + 1;
		if (b->client.done && b->server.done && quiet)
			break;
		if (i == TURNS - 1)
			snprintf(b->client.wrong, sizeof(b->client.wrong), "no end of it");
	}
}

static const char *verdict(const struct both *b)
{
	static char text[400];
	const struct side *c = &b->client, *s = &b->server;
	bool told = c->error || s->error || (c->ended && c->why) || (s->ended && s->why);

	if (c->wrong[0] || s->wrong[0])
		return c->wrong[0] ? c->wrong : s->wrong;
	if (c->done && s->done)
		return NULL;
	if (inject.happened && told)
		return NULL;
	snprintf(text, sizeof(text),
	         "stopped without a word: client step %u done %d ended %d why %d, server step %u done %d ended %d why %d",
	         c->step, c->done, c->ended, c->why, s->step, s->done, s->ended, s->why);
	return text;
}

/* One run with a fault. true: the scene went by without reaching it. */
static bool attempt(const struct scene *scene, enum scene_loop loop, unsigned at, unsigned way, unsigned *ret_ways)
{
	static struct both b;
	struct leaks before;
	uint64_t blocks;
	const char *text;

	now->at = at;
	now->way = way;
	leaks_take(&before);
	blocks = allocs_made() - allocs_freed();
	prepare(&b, scene, loop);
	alarm(60);
	inject_begin(at, INJECT_FAIL, way);
	run(&b);
	inject.at = 0;
	text = verdict(&b);
	side_stop(&b.client);
	side_stop(&b.server);
	unlink(path);
	alarm(0);
	if (!text && allocs_made() - allocs_freed() != blocks)
		text = "heap blocks are left";
	if (leaks_since(&before) && !text)
		text = "something is left open";
	*ret_ways = inject.ways;
	now->runs++;
	if (!text)
		return !inject.happened;
	snprintf(now->text, sizeof(now->text), "%s (%s, way %u, error %d): %s", inject.name ? inject.name : "no fault",
	         scene_loop_names[loop], way, inject.error, text);
	_exit(1);
}

static void sweep(const struct scene *scene, enum scene_loop loop)
{
	unsigned all = rounds_of(0, 0, 1), stride = rounds_of(7, loops < SCENE_LOOPS ? 3 : 1, 1), ways;

	for (unsigned at = 1; at < POINTS; at += stride) {
		if (attempt(scene, loop, at, at / stride, &ways))
			break;
		now->points++;
		for (unsigned way = 0; all && way < ways; way++)
			attempt(scene, loop, at, way, &ways);
	}
	if (now->points >= POINTS / stride)
		_exit(2);
	_exit(0);
}

/* In a child, so that one that crashes is told as what it was at. */
static void every_call_of(const struct scene *scene)
{
	for (int loop = 0; loop < loops; loop++) {
		int status;
		pid_t pid;

		memset(now, 0, sizeof(*now));
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			sweep(scene, (enum scene_loop)loop);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		points += now->points;
		fprintf(stderr, "# %s over %s: %u calls failed, %u runs\n", scene->name, scene_loop_names[loop], now->points,
		        now->runs);
		if (status)
			fprintf(stderr, "# at call %u, way %u: %s %s\n", now->at, now->way, now->text,
			        WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "");
		assert_int_equal(status, 0);
		assert_true(now->points > 20 || rounds_of(1, 0, 0));
	}
}

static void every_call_may_fail_once(void **state)
{
	const struct scene *scene = *state;

	every_call_of(scene);
}

int sweep_faults(const struct scene *list, unsigned count, enum scene_loop below)
{
	struct CMUnitTest tests[16];
	int failed;

	loops = (int)below;
	signal(SIGPIPE, SIG_DFL);
	if (!mkdtemp(dir)) /* of its own: one that others listen in is in use for a moment */
		return 1;
	snprintf(path, sizeof(path), "%s/socket", dir);
	now = mmap(NULL, sizeof(*now), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){.name = list[i].name,
		                               .test_func = every_call_may_fail_once,
		                               .initial_state = (void *)(uintptr_t)&list[i]};
	failed = _cmocka_run_group_tests("faults", tests, count, NULL, NULL);
	rmdir(dir);
	fprintf(stderr, "proof fault-points%s %u - ok\n", loops < SCENE_LOOPS ? "-services" : "", points);
	return failed;
}
