/* demos/cache_demo.c - runs the cache over a real directory and prints how long a file takes from request to last byte
 * read: with Rill on each loop that was built, and with two rivals.
 *
 * A run is one server and one client, both new, on a socketpair. There is no path to clean up, shared memory goes with
 * its last user, and the children die with us: Ctrl-C, or kill -9, leaves nothing at any point. Rounds take turns among
 * the contestants; in each, the client asks for every file twice: at first contact, then again.
 */
#include "cache_run.h"
#include "cache_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USAGE "cache_demo [-r ROUNDS] [-m MIB] [DIR]"
#define PASSES 2
#define FAILED (-ECHILD) /* a process of ours, which has said why */

#if HAVE_LIBEVENT
#define NO_LIBEVENT NULL
#else
#define NO_LIBEVENT "built without libevent"
#endif
#if HAVE_LIBEV
#define NO_LIBEV NULL
#else
#define NO_LIBEV "built without libev"
#endif

/* One contestant's answers of one pass, over all rounds. */
struct answers {
	uint64_t *ns;
	size_t count, room;
	uint64_t bytes, total_ns;
};

struct contestant {
	const char *label;
	const char *linger; /* microseconds; NULL: a rival */
	const char *loop;
	const char *wait;    /* "-e": a rival in epoll; NULL: it blocks in read() */
	const char *skipped; /* why; NULL: it takes part */
	struct answers pass[PASSES];
};

#define LINGER "100"

static struct contestant contestants[] = {
	{.label = "Rill, epoll", .linger = "0", .loop = "epoll"},
	{.label = "Rill, libevent", .linger = "0", .loop = "libevent", .skipped = NO_LIBEVENT},
	{.label = "Rill, libev", .linger = "0", .loop = "libev", .skipped = NO_LIBEV},
	{.label = "Rill, epoll, linger", .linger = LINGER, .loop = "epoll"},
	{.label = "Unix socket, epoll", .loop = "socket", .wait = "-e"},
	{.label = "Unix socket, blocking", .loop = "socket"},
	{.label = "mmap of fd, epoll", .loop = "mmap", .wait = "-e"},
	{.label = "mmap of fd, blocking", .loop = "mmap"},
};

#define CONTESTANTS (sizeof(contestants) / sizeof(contestants[0]))

/* ---- Answers --------------------------------------------------------------------------------------------------- */

static int note(struct answers *a, uint64_t ns, uint64_t bytes)
{
	if (a->count == a->room) {
		size_t room = a->room ? 2 * a->room : 4096;
		uint64_t *more = realloc(a->ns, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		a->ns = more;
		a->room = room;
	}
	a->ns[a->count++] = ns;
	a->bytes += bytes;
	a->total_ns += ns;
	return 0;
}

static void progress(const struct contestant *c, unsigned round, unsigned rounds, size_t count)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[Kround %u of %u  %s  %zu answers", round, rounds, c->label, count);
}

/* Each line is "PASS NANOSECONDS BYTES". */
static int read_answers(struct contestant *c, FILE *from, unsigned round, unsigned rounds)
{
	unsigned long long ns, bytes;
	size_t count = 0;
	unsigned pass;
	int r = 0;

	while (r == 0 && fscanf(from, "%u %llu %llu", &pass, &ns, &bytes) == 3) {
		if (count++ % 512 == 0)
			progress(c, round, rounds, count);
		r = pass < PASSES ? note(&c->pass[pass], ns, bytes) : -EPROTO;
	}
	return r;
}

/* ---- Rounds ---------------------------------------------------------------------------------------------------- */

static int start(struct run *run, const struct contestant *c, const struct options *o)
{
	struct run_end server = {"cache_server", {"-w", c->linger}};
	struct run_end client = {"cache_client", {"-l", c->loop, "-n", "2", "-t", "-w", c->linger}};

	if (!c->linger) {
		server = (struct run_end){"cache_rivals", {"-l", c->loop, "-n", "0", c->wait}};
		client = (struct run_end){"cache_rivals", {"-l", c->loop, "-n", "2", "-t", c->wait}};
	}
	return run_start(run, &server, &client, o);
}

static int compete(struct contestant *c, const struct options *o, unsigned round)
{
	struct run run;
	int status, r = start(&run, c, o);

	if (r < 0)
		return r;
	progress(c, round, o->rounds, 0);
	r = read_answers(c, run.out, round, o->rounds);
	status = run_end(&run);
	if (status != 0)
		fprintf(stderr, "%s: failed (%d)\n", c->label, status);
	return status != 0 ? FAILED : r;
}

static int all_rounds(const struct options *o)
{
	int r = 0;

	for (size_t i = 0; i < CONTESTANTS; i++)
		if (contestants[i].linger && strcmp(contestants[i].linger, "0") != 0 && run_cpus() < 2)
			contestants[i].skipped = "there is only one CPU: who looks keeps the other from working";
	for (unsigned round = 1; r == 0 && round <= o->rounds; round++)
		for (size_t i = 0; r == 0 && i < CONTESTANTS; i++)
			if (!contestants[i].skipped)
				r = compete(&contestants[i], o, round);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	return r;
}

/* ---- The table ------------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double microseconds(const struct answers *a, unsigned percent)
{
	size_t at = (a->count - 1) * percent / 100;

	return (double)a->ns[at] / 1e3;
}

static void print_pass(struct answers *a)
{
	if (a->count == 0)
		return;
	qsort(a->ns, a->count, sizeof(*a->ns), by_value);
	printf(" |%9.1f%9.1f%7.2f", microseconds(a, 50), microseconds(a, 99),
	       (double)a->bytes / (double)(a->total_ns ? a->total_ns : 1));
}

static void print_table(const struct options *o)
{
	printf("%-22s%8s%13s | first contact            | again\n", "", "", "");
	printf("%-22s%8s%13s |%9s%9s%7s |%9s%9s%7s\n", "", "files", "bytes", "p50 us", "p99 us", "GB/s", "p50 us", "p99 us",
	       "GB/s");
	for (size_t i = 0; i < CONTESTANTS; i++) {
		struct contestant *c = &contestants[i];

		if (c->skipped) {
			printf("%-22s skipped: %s\n", c->label, c->skipped);
			continue;
		}
		printf("%-22s%8zu%13llu", c->label, c->pass[0].count / o->rounds,
		       (unsigned long long)c->pass[0].bytes / o->rounds);
		print_pass(&c->pass[0]);
		print_pass(&c->pass[1]);
		printf("\n");
	}
	printf("\nFrom request to last byte read, one at a time, %u rounds; each answer was then checked against the disk.\n"
	       "first contact: the client has not seen these pages before. linger: looks at the rings for " LINGER
	       " us\nbefore it sleeps in epoll. GB/s: all bytes by the sum of all times.\n",
	       o->rounds);
}

int main(int argc, char **argv)
{
	struct options o = options_parse(argc, argv, "r:m:", USAGE);
	struct tree tree;
	int r = tree_walk(&tree, o.dir, o.max_bytes);

	if (r < 0) {
		fprintf(stderr, "%s: %s\n", tree_printable(o.dir), strerror(-r));
		return 1;
	}
	tree_tell(&tree);
	printf("%s: %zu files, %zu bytes\n\n", tree_printable(o.dir), tree.count, tree.bytes);
	fflush(stdout);
	if (tree.count && o.rounds)
		r = all_rounds(&o);
	if (tree.count && o.rounds && r == 0)
		print_table(&o);
	if (r < 0 && r != FAILED)
		fprintf(stderr, "cache_demo: %s\n", strerror(-r));
	for (size_t i = 0; i < CONTESTANTS * PASSES; i++)
		free(contestants[i / PASSES].pass[i % PASSES].ns);
	tree_free(&tree);
	return r < 0;
}
