/* tests/bench/rpc/main.c - rounds in which every row has its turn; marks are medians of ratios within a round.
 *
 *	bench-rpc          environment: QUICK=1 fewer and shorter rounds
 */
#include "tests/bench/rpc/rpc.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 9
#define ROWS 4
#define ROUND_SECONDS 120 /* a row that takes longer hangs */

static const struct row *const rows[ROWS] = {&raw_row, &typed_row, &small_loan_row, &large_loan_row};

static const struct mark {
	const char *name;
	int of, to;
	double limit;
} marks[] = {
	{"rpc-structured/channel", 1, 0, 1.5},
	{"rpc-1GiB/1KiB", 3, 2, 1.1},
};

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

bool batches_next(struct batches *b)
{
	uint64_t now;

	if (++b->trips < BATCH)
		return true;
	now = now_ns();
	b->trips = 0;
	if (b->warm)
		b->ns[b->count++] = (double)(now - b->began) / BATCH;
	b->warm = true;
	b->began = now;
	return b->count < b->wanted;
}

void side_fail(struct side *s, int error)
{
	if (!s->error)
		s->error = error;
	s->done = true;
}

/* ---- One row, one round ---------------------------------------------------------------------------------------- */

static cpu_set_t all; /* that we may run on */

static void pin(int n)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	for (int cpu = 0, i = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET((size_t)cpu, &all) && i++ == n)
			CPU_SET((size_t)cpu, &one);
	if (CPU_COUNT(&one))
		sched_setaffinity(0, sizeof(one), &one);
}

static const struct row *running;

static int on_channel(struct rill_session *session, struct rill_channel *ch, void *user)
{
	(void)session;
	return running->serve(user, ch);
}

static void on_end(struct rill_session *session, int why, void *user)
{
	(void)session;
	side_fail(user, why ? why : -EPIPE);
}

/* What is to be served is there before the first request can be. */
static int open_side(struct side *s, int fd, int (*prepare)(struct side *s))
{
	static const struct rill_session_events events = {.size = sizeof(events), .channel = on_channel, .closed = on_end};
	struct rill_session_options o = {.size = sizeof(o), .lent_bytes = (size_t)64 << 30, .handshake_ms = 60000};
	int r = rill_ctx_create(&s->ctx, NULL);

	if (r == 0 && prepare)
		r = prepare(s);
	if (r == 0)
		r = rill_session_adopt(&s->session, s->ctx, fd, &o, &events, s);
	while (r >= 0 && !s->done && rill_session_status(s->session) == 0)
		r = rill_epoll_wait(s->ctx, -1);
	return r < 0 ? r : s->error;
}

/* A spinner looks at its socket now and then, as rill_ctx_poll() asks for. */
static int spin(struct side *s)
{
	int r = 0;

	while (!s->done && (r >= 0 || r == -EINTR)) {
		r = rill_ctx_poll(s->ctx, 1000000);
		if (r == 0)
			r = rill_epoll_wait(s->ctx, 0);
	}
	return r < 0 ? r : s->error;
}

static void serve(int fd)
{
	struct side s = {0};
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(1);
	r = open_side(&s, fd, running->prepare);
	if (r == 0)
		r = spin(&s);
	_exit(r < 0 && r != -EPIPE && r != -ECONNRESET ? 1 : 0);
}

static int ask(int fd, struct batches *b)
{
	struct side s = {.b = b};
	int r = open_side(&s, fd, NULL);

	if (r == 0)
		r = rill_channel_open(&s.channel, s.session, "bench", NULL, NULL, NULL);
	if (r == 0)
		r = running->ask(&s);
	if (r == 0)
		r = spin(&s);
	rill_ctx_destroy(s.ctx);
	return r;
}

static int run(const struct row *row, struct batches *b)
{
	int fds[2], r;
	pid_t pid;

	running = row;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		serve(fds[0]);
	}
	close(fds[0]);
	alarm(ROUND_SECONDS);
	r = pid < 0 ? -EAGAIN : ask(fds[1], b);
	alarm(0);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return r;
}

/* ---- What came of it ------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_size);
	return values[count / 2];
}

static int measure(const struct row *row, size_t wanted, double *ret_ns)
{
	struct batches b = {.wanted = wanted};
	int r;

	b.ns = calloc(wanted, sizeof(*b.ns));
	r = b.ns ? run(row, &b) : -ENOMEM;
	if (r == 0 && b.count == wanted)
		*ret_ns = median(b.ns, b.count);
	else
		printf("%s failed: %s\n", row->name, strerror(r < 0 ? -r : EPIPE));
	free(b.ns);
	return r;
}

static void print(double ns[ROWS][ROUNDS], size_t rounds)
{
	printf("round trip, both spinning, ns: medians of %zu rounds, and spread\n", rounds);
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		const struct mark *m = &marks[i];
		double ratios[ROUNDS], value;

		for (size_t k = 0; k < rounds; k++)
			ratios[k] = ns[m->of][k] / ns[m->to][k];
		value = median(ratios, rounds);
		printf("target %s %.2f %.2f %s\n", m->name, value, m->limit, value <= m->limit ? "ok" : "short");
	}
	for (int i = 0; i < ROWS; i++) {
		double mid = median(ns[i], rounds);

		printf("%-26s %8.0f   %.0f to %.0f\n", rows[i]->name, mid, ns[i][0], ns[i][rounds - 1]);
	}
}

int main(void)
{
	const char *quick = getenv("QUICK");
	size_t rounds = quick && *quick ? 3 : ROUNDS, wanted = quick && *quick ? 100 : 500;
	double ns[ROWS][ROUNDS];

	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		return 1;
	if (CPU_COUNT(&all) < 2)
		puts("one CPU only: the marks mean nothing here");
	pin(0);
	for (size_t round = 0; round < rounds; round++)
		for (int i = 0; i < ROWS; i++)
			if (measure(rows[i], wanted, &ns[i][round]) < 0)
				return 1;
	print(ns, rounds);
	return 0;
}
