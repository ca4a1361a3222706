/* tests/bench/bench.c - the driver: rounds in which every row has its turn, and the marks that they are held against.
 *
 * Machines drift, so only figures of one round are compared: each mark is the median over the rounds of the ratio of two p50s.
 *
 *	bench              environment: QUICK=1 fewer and shorter rounds, ROWS=abd only these rows
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 7
#define ROUNDS 7
#define ROUND_SECONDS 120 /* a row that takes longer hangs: SIGALRM ends us, and the server with us */

static const struct row *const rows[ROWS] = {
	&lines_row, &spinning_row, &eventfd_row, &asleep_row, &linger_row, &socket_row, &crowded_row,
};

static const struct mark {
	const char *of, *to;
	double limit;
} marks[] = {
	{"b", "a", 1.30},
	{"d", "c", 1.15},
	{"e", "a", 1.50},
	{"g", "b", 1.20},
};

struct result {
	double p50[ROUNDS], p99[ROUNDS]; /* ns */
	bool failed;
	bool left_out;
};

static double tick_ns;
static uint64_t read_cost; /* ticks that reading the clock takes */
static int cpus[2];

/* ---- clock and CPUs -------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void learn_clock(void)
{
	double ns = now_ns();
	uint64_t ticks = bench_ticks(), costs[1001];

	while (now_ns() - ns < 5e7)
		;
	tick_ns = (now_ns() - ns) / (double)(bench_ticks() - ticks);
	for (int i = 0; i < 1001; i++) {
		ticks = bench_ticks();
		costs[i] = bench_ticks() - ticks;
	}
	qsort(costs, 1001, sizeof(*costs), by_value);
	read_cost = costs[500];
}

/* The first two that we may run on; the same twice where there is only one. */
static int choose_cpus(void)
{
	cpu_set_t set;
	int count = 0;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 0;
	for (int cpu = 0; cpu < CPU_SETSIZE && count < 2; cpu++)
		if (CPU_ISSET((size_t)cpu, &set))
			cpus[count++] = cpu;
	if (count == 1)
		cpus[1] = cpus[0];
	return count;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* ---- one row, one round ---------------------------------------------------------------------------------------- */

static int pair_make(struct pair *p)
{
	p->shared = mmap(NULL, BENCH_SHARED, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	p->events[0] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	p->events[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->sockets) < 0)
		return -errno;
	return p->shared == MAP_FAILED || p->events[0] < 0 || p->events[1] < 0 ? -ENOMEM : 0;
}

static void pair_close(struct pair *p)
{
	munmap(p->shared, BENCH_SHARED);
	close(p->events[0]);
	close(p->events[1]);
	close(p->sockets[1]);
}

static pid_t start_server(const struct row *row, const struct pair *p)
{
	pid_t pid = fork();
	int r;

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(cpus[1]);
	close(p->sockets[1]);
	r = row->server(p);
	_exit(r < 0 ? 1 : 0);
}

static int run_row(const struct row *row, struct trips *t)
{
	struct pair p;
	pid_t server;
	int r = pair_make(&p);

	if (r < 0)
		return r;
	fflush(NULL);
	server = start_server(row, &p);
	close(p.sockets[0]);
	alarm(ROUND_SECONDS);
	r = server < 0 ? -EAGAIN : row->client(&p, t);
	alarm(0);
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	pair_close(&p);
	return r;
}

static double at_percent(const struct trips *t, unsigned percent)
{
	uint64_t ticks = t->ticks[(t->count - 1) * percent / 100];

	return ticks > read_cost ? (double)(ticks - read_cost) * tick_ns : 0;
}

static int measure(const struct row *row, struct result *res, int round, size_t divisor)
{
	struct trips t = {.wanted = row->trips / divisor, .skip = row->trips / divisor / 10};
	int r;

	t.ticks = calloc(t.wanted, sizeof(*t.ticks)); /* touched before, so that no fault is measured */
	if (!t.ticks)
		return -ENOMEM;
	memset(t.ticks, 1, t.wanted * sizeof(*t.ticks));
	r = run_row(row, &t);
	if (r == 0 && t.count == t.wanted) {
		qsort(t.ticks, t.count, sizeof(*t.ticks), by_value);
		res->p50[round] = at_percent(&t, 50);
		res->p99[round] = at_percent(&t, 99);
	} else {
		res->failed = true;
		printf("row %s failed: %s\n", row->key, strerror(r < 0 ? -r : EPIPE));
	}
	free(t.ticks);
	return r;
}

/* ---- what came of it ------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *values, int count, double *ret_min, double *ret_max)
{
	double sorted[ROUNDS];

	memcpy(sorted, values, (size_t)count * sizeof(*values));
	qsort(sorted, (size_t)count, sizeof(*sorted), by_size);
	if (ret_min)
		*ret_min = sorted[0];
	if (ret_max)
		*ret_max = sorted[count - 1];
	return sorted[count / 2];
}

static void print_row(const struct row *row, const struct result *res, int rounds)
{
	double low, high, p50, p99;

	if (res->left_out)
		return;
	if (res->failed) {
		printf("%-2s %-30s failed\n", row->key, row->name);
		return;
	}
	p50 = median(res->p50, rounds, &low, &high);
	p99 = median(res->p99, rounds, NULL, NULL);
	printf("%-2s %-30s %10.0f %10.0f   %.0f to %.0f\n", row->key, row->name, p50, p99, low, high);
}

static const struct result *result_of(const struct result *results, const char *key)
{
	for (int i = 0; i < ROWS; i++)
		if (!strcmp(rows[i]->key, key))
			return &results[i];
	abort();
}

/* Returns 1 if it is not reached. */
static int print_mark(const struct mark *m, const struct result *results, int rounds)
{
	const struct result *of = result_of(results, m->of), *to = result_of(results, m->to);
	double ratios[ROUNDS], value;

	if (of->left_out || to->left_out)
		return 0;
	if (of->failed || to->failed) {
		printf("target %s/%s none %.2f short\n", m->of, m->to, m->limit);
		return 1;
	}
	for (int i = 0; i < rounds; i++)
		ratios[i] = of->p50[i] / to->p50[i];
	value = median(ratios, rounds, NULL, NULL);
	printf("target %s/%s %.2f %.2f %s\n", m->of, m->to, value, m->limit, value <= m->limit ? "ok" : "short");
	return value > m->limit;
}

static void print_all(const struct result *results, int rounds)
{
	printf("round trip of 64 bytes, ns; medians of %d rounds; spread of p50\n", rounds);
	printf("%-33s %10s %10s\n", "", "p50", "p99");
	for (int i = 0; i < ROWS; i++)
		print_row(rows[i], &results[i], rounds);
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		print_mark(&marks[i], results, rounds);
}

int main(void)
{
	static struct result results[ROWS];
	const char *quick = getenv("QUICK"), *only = getenv("ROWS");
	int rounds = quick && *quick ? 3 : ROUNDS;
	size_t divisor = quick && *quick ? 5 : 1;
	int failed = 0;

	if (choose_cpus() < 2)
		puts("one CPU only: the spinning rows and the marks mean nothing here");
	pin(cpus[0]);
	learn_clock();
	printf("CPUs %d and %d; reading the clock (%.0f ns) is subtracted\n", cpus[0], cpus[1], (double)read_cost * tick_ns);
	for (int i = 0; i < ROWS; i++)
		results[i].left_out = only && *only && !strstr(only, rows[i]->key);
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < ROWS; i++)
			if (!results[i].left_out && !results[i].failed)
				failed |= measure(rows[i], &results[i], round, divisor) < 0;
	print_all(results, rounds);
	return failed;
}
