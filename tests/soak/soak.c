/* tests/soak/soak.c - 200 sessions of 50 channels between a hub and four peers, for a minute or for hours: messages of 0 to 64
 * MiB, descriptors, loans; channels and sessions closed and opened at random, peers killed at random. Every byte is compared,
 * every message counted on both sides. Now and then all comes to rest, and then to 200 x 50 again: both times what is open, and
 * the memory, is what it was the first time.
 *
 *	soak SECONDS	RILL_SEED=N draws the same again
 *
 * Prints a line each 10 s, and at the end `proof NAME VALUE LIMIT ok|short`. */
#include "tests/soak/load.h"
#include "tests/soak/memory.h"
#include "tests/soak/peer.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <rill/epoll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct child starter;
static char dir[64];
static unsigned came[PEERS]; /* sessions of its present life */
static unsigned kills;
static double begun;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double elapsed(void)
{
	return seconds() - begun;
}

/* ---- Listening ------------------------------------------------------------------------------------------------- */

/* Of a peer that was killed as it connected some may come later than its burial: it never knew them open. */
static void on_accepted(struct rill_listener *l, struct rill_session *s, void *user)
{
	pid_t pid = rill_session_peer(s)->sender.pid;
	unsigned p = 0;

	(void)l, (void)user;
	while (p < PEERS && atomic_load(&ledger->pid[p]) != pid)
		p++;
	if (p == PEERS) {
		rill_session_close(s);
		return;
	}
	came[p]++;
	MUST(rill_session_set_events(s, &talk_events, talk_new(s, -1, p)) == 0);
}

static void listen_at(unsigned heavy)
{
	static const struct rill_listener_events events = {.size = sizeof(events), .accepted = on_accepted};
	struct rill_session_options so;
	struct rill_listener_options o = {.size = sizeof(o), .session = &so, .handshakes = SESSIONS};
	struct rill_listener *l;

	session_options(&so, heavy);
	MUST(rill_listener_create(&l, me.ctx, ledger->path[heavy], &o, &events, NULL) == 0);
}

static void clean_up(void)
{
	if (me.side != HUB || me.place != HUB_PLACE)
		return;
	unlink(ledger->path[0]);
	unlink(ledger->path[1]);
	rmdir(dir);
}

static void start(void)
{
	strcpy(dir, "/tmp/rill-soak-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	snprintf(ledger->path[0], sizeof(ledger->path[0]), "%s/light", dir);
	snprintf(ledger->path[1], sizeof(ledger->path[1]), "%s/heavy", dir);
	starter_start(&starter);
	load_start(HUB, HUB_PLACE);
	atexit(clean_up);
	listen_at(0);
	listen_at(1);
	MUST(rill_epoll_attach(me.ctx) == 0);
	for (unsigned p = 0; p < PEERS; p++)
		MUST(starter_ask(&starter, STEP_START + p));
}

/* ---- A turn -------------------------------------------------------------------------------------------------- */

static void progress(void)
{
	static double next = 10;
	static uint64_t before;
	uint64_t now = atomic_load(&ledger->messages);

	if (elapsed() < next)
		return;
	printf("# %4.0f s: %llu messages (%llu/s), %llu MiB, %llu fds, %llu loans, ", elapsed(), (unsigned long long)now,
	       (unsigned long long)(now - before) / 10, (unsigned long long)(atomic_load(&ledger->bytes) >> 20),
	       (unsigned long long)atomic_load(&ledger->fds), (unsigned long long)atomic_load(&ledger->loans));
	printf("%llu channels, %llu sessions, %u kills, %llu MiB live\n", (unsigned long long)atomic_load(&ledger->channels),
	       (unsigned long long)atomic_load(&ledger->sessions), kills, (unsigned long long)(ledger_live() >> 20));
	fflush(stdout);
	next += 10;
	before = now;
}

static void turn(void)
{
	int r = rill_epoll_wait(me.ctx, phase_now() != LOAD ? 20 : me.idle ? 2 : 0);

	MUST(r >= 0 || r == -EINTR);
	MUST(!atomic_load(&ledger->failed));
	load_turn();
	progress();
}

/* ---- Kills ----------------------------------------------------------------------------------------------------- */

/* What came to us is checked as its sessions end (load.c); here is what never came. */
static void bury(unsigned p)
{
	for (unsigned id = p * EACH; id < (p + 1) * EACH; id++) {
		struct line *l = &ledger->line[id];

		MUST(!me.talk[id]);
		for (unsigned i = 0; !(atomic_load(&l->done) & 1u << HUB) && i < SLOTS; i++)
			MUST(atomic_load(&l->slot[i].from[PEER].committed) == 0);
		ledger_reset(id);
	}
	atomic_store(&ledger->live[p][HUB], 0);
	atomic_store(&ledger->live[p][PEER], 0);
	atomic_store(&ledger->connected[p], 0);
	came[p] = 0;
	me.dying[p] = false;
}

/* SIGKILL, in the middle of whatever it does; we go on with the others until all of it is told, then there is another. */
static void kill_one(void)
{
	unsigned p = (unsigned)(rounds_random(&me.draw) % PEERS);
	double until = elapsed() + 300;

	me.dying[p] = true;
	MUST(starter_ask(&starter, STEP_KILL + p));
	kills++;
	do {
		if (elapsed() > until)
			wrong("peer %u is dead: %u sessions are not told so, %u of %u came", p, me.standing[p], came[p],
			      atomic_load(&ledger->connected[p]));
		turn();
	} while (me.standing[p] || came[p] < atomic_load(&ledger->connected[p]));
	bury(p);
	atomic_fetch_add(&ledger->lives[p], 1);
	MUST(starter_ask(&starter, STEP_START + p));
}

/* ---- Phases ---------------------------------------------------------------------------------------------------- */

struct sum {
	size_t fds, mappings, heap, memory;
};

/* At rest, and when all stands: before any load, after the first, at the end. */
static struct sum cold[2], first[2], last[2];

static bool all_reached(unsigned at)
{
	for (unsigned i = 0; i <= PEERS; i++)
		if (atomic_load(&ledger->reached[i]) != at)
			return false;
	return true;
}

static void go_to(enum phase phase)
{
	unsigned at = atomic_load(&ledger->at) / PHASES * PHASES + phase + (phase == LOAD ? PHASES : 0);
	double until = elapsed() + 300;

	atomic_store(&ledger->at, at);
	while (phase != LOAD && !all_reached(at)) {
		if (elapsed() > until) {
			atomic_store(&ledger->explain, true);
			load_explain();
			rill_epoll_wait(me.ctx, 1000); /* the others do, too */
			wrong("phase %u of %u has no end", phase, PHASES);
		}
		turn();
		if (atomic_load(&ledger->reached[HUB_PLACE]) == at || !load_there())
			continue;
		if (phase == REST || phase == STAND)
			load_count();
		atomic_store(&ledger->reached[HUB_PLACE], at);
	}
}

static struct sum sum_up(void)
{
	struct sum s = {.memory = shared_memory()};

	for (unsigned i = 0; i <= PEERS; i++) {
		s.fds += ledger->count[i].fds;
		s.mappings += ledger->count[i].mappings;
		s.heap += ledger->count[i].heap;
		s.memory += ledger->count[i].memory;
	}
	return s;
}

static void tell(const char *when, const struct sum *s)
{
	printf("# %4.0f s: %s: %zu descriptors, %zu mappings, %zu KiB of malloc, %zu MiB in all\n", elapsed(), when, s->fds,
	       s->mappings, s->heap >> 10, s->memory >> 20);
	fflush(stdout);
}

/* Of the processes as they are now: also of one that was killed a moment ago. */
static void rest_and_stand(void)
{
	go_to(DRAIN);
	MUST(ledger_live() == 0);
	go_to(REST);
	last[0] = sum_up();
	tell("at rest", &last[0]);
	go_to(STAND);
	last[1] = sum_up();
	tell("all stands", &last[1]);
	memcpy(!cold[0].fds ? cold : !first[0].fds ? first : last, last, sizeof(last));
}

/* In a second, on average; at times at once: then a handshake is hit. */
static double soon(void)
{
	return elapsed() + (double)(rounds_random(&me.draw) % 2000) / 1000;
}

static void load_for(double time)
{
	double kill_at = soon(), end = elapsed() + time;

	go_to(LOAD);
	while (elapsed() < end) {
		turn();
		if (elapsed() < kill_at)
			continue;
		kill_one();
		kill_at = soon();
	}
}

/* ---- The end --------------------------------------------------------------------------------------------------- */

/* By how much what was flat may differ: where the random load had left it when it was asked to rest. */
#define HEAP_MORE ((size_t)1 << 20)
#define MEMORY_MORE ((size_t)32 << 20)

static unsigned passed, failed;

static void prove(const char *name, uint64_t value, uint64_t limit, bool ok)
{
	printf("proof %s %llu %llu %s\n", name, (unsigned long long)value, (unsigned long long)limit, ok ? "ok" : "short");
	ok ? passed++ : failed++;
}

/* No more than then, or with 0 exactly as much. */
static bool flat(const struct sum then[2], size_t field, size_t more)
{
	bool is = true;

	for (int i = 0; i < 2; i++) {
		size_t before, now;

		memcpy(&before, (const char *)&then[i] + field, sizeof(before));
		memcpy(&now, (const char *)&last[i] + field, sizeof(now));
		is &= more ? now <= before + more : now == before;
	}
	return is;
}

/* Not of what a sanitizer keeps. */
static void judge_memory(void)
{
	prove("soak-heap-kib", last[1].heap >> 10, (first[1].heap + HEAP_MORE) >> 10,
	      flat(first, offsetof(struct sum, heap), HEAP_MORE));
	prove("soak-memory-mib", last[1].memory >> 20, (first[1].memory + MEMORY_MORE) >> 20,
	      flat(first, offsetof(struct sum, memory), MEMORY_MORE));
}

static int judge(double time)
{
	uint64_t messages = atomic_load(&ledger->messages), least = (uint64_t)time * 1000;

	prove("soak-messages", messages, least, messages >= least);
	prove("soak-lost", 0, 0, true); /* else wrong() had ended us */
	prove("soak-kills", kills, (uint64_t)time / 20, kills >= (unsigned)time / 20);
	prove("soak-fds", last[1].fds, cold[1].fds, flat(cold, offsetof(struct sum, fds), 0));
	prove("soak-mappings", last[1].mappings, cold[1].mappings, flat(cold, offsetof(struct sum, mappings), 0));
	if (!rounds_under_sanitizer() && !rounds_under_valgrind())
		judge_memory();
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed != 0;
}

int main(int argc, char **argv)
{
	double time = argc > 1 ? atof(argv[1]) : 60;
	uint64_t limit = memory_available() / 4;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ledger_start(rounds_seed(), limit > (uint64_t)2 << 30 ? (uint64_t)2 << 30 : limit);
	atomic_store(&ledger->at, REST);
	begun = seconds();
	start();
	rest_and_stand();
	for (int i = 0; i < 4; i++) {
		load_for(time / 4);
		rest_and_stand();
	}
	atomic_store(&ledger->over, true);
	for (unsigned p = 0; p < PEERS; p++) {
		me.dying[p] = true;
		MUST(starter_ask(&starter, STEP_WAIT + p));
	}
	child_kill(&starter);
	rill_ctx_destroy(me.ctx);
	return judge(time);
}
