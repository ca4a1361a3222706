/* tests/bench/run.c - see run.h. The driver sleeps in waitpid() while a pair runs. */
#include "tests/bench/run.h"

#include "tests/bench/outside.h"
#include "tests/support/syscalls.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- What both use ---------------------------------------------------------------------------------------------- */

int run_share(struct run *r, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	r->shared = (unsigned char *)p;
	r->shared_bytes = bytes;
	return 0;
}

int run_eventfds(struct run *r)
{
	for (int side = 0; side < 2; side++) {
		int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

		if (fd < 0)
			return -errno;
		r->fds[side][0] = fd;
		r->fds[!side][1] = dup(fd);
		if (r->fds[!side][1] < 0)
			return -errno;
	}
	return 0;
}

int run_sockets(struct run *r, int type)
{
	int pair[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	r->fds[RUN_CLIENT][0] = pair[0];
	r->fds[RUN_SERVER][0] = pair[1];
	return 0;
}

static void close_fds(struct run *r, int side)
{
	for (int i = 0; i < RUN_FDS; i++) {
		if (r->fds[side][i] >= 0)
			close(r->fds[side][i]);
		r->fds[side][i] = -1;
	}
}

/* ---- The sides -------------------------------------------------------------------------------------------------- */

void run_section(struct run *r)
{
	uint64_t cpu = clock_cpu_ns(), wall = clock_now_ns();
	bool begins = r->done == r->task.skip;

	if (begins) {
		r->cpu_begun = cpu;
		r->wall_begun = wall;
	} else {
		r->out->cpu_ns[r->role] = cpu - r->cpu_begun;
		if (r->role == RUN_CLIENT)
			r->out->wall_ns = wall - r->wall_begun;
	}
	if (r->counted && begins)
		syscalls_begin((unsigned)r->role);
	else if (r->counted)
		syscalls_end();
}

void run_over(struct run *r)
{
	char ignored;

	if (r->role == RUN_SERVER)
		while (read(r->leave, &ignored, 1) < 0 && errno == EINTR)
			;
}

void run_tell(struct run *r, unsigned step)
{
	__atomic_store_n(&r->out->ready, step, __ATOMIC_RELEASE);
}

bool run_told(const struct run *r, unsigned step)
{
	return __atomic_load_n(&r->out->ready, __ATOMIC_ACQUIRE) >= step;
}

int run_await(struct run *r, unsigned step)
{
	uint64_t until = clock_now_ns() + 10000000000u;

	while (!run_told(r, step)) {
		if (clock_now_ns() > until)
			return -ETIMEDOUT;
		clock_idle(100000);
	}
	return 0;
}

static int act(const struct way *way, struct run *r, int role)
{
	int error;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(RUN_SECONDS);
	clock_pin(r->task.cpus[role]);
	close_fds(r, !role);
	r->role = role;
	if (!r->task.skip)
		run_section(r);
	error = role == RUN_CLIENT ? way->client(r) : way->server(r);
	if (error == 0 && run_more(r))
		error = -EPIPE;
	r->out->error[role] = error;
	run_over(r);
	return error < 0;
}

/* ---- The driver's side ------------------------------------------------------------------------------------------ */

static pid_t start(const struct way *way, struct run *r, int role, int leave[2])
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	close(leave[1]);
	r->leave = leave[0];
	_exit(act(way, r, role));
}

/* The server is told that the client has ended, and is given 2 s. */
static void finish(pid_t server, int leave)
{
	uint64_t until = clock_now_ns() + 2000000000u;

	close(leave);
	while (waitpid(server, NULL, WNOHANG) == 0) {
		if (clock_now_ns() > until)
			kill(server, SIGKILL);
		clock_idle(50000);
	}
}

static int wait_for(pid_t client)
{
	int status;

	while (waitpid(client, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? 0 : -ECHILD;
}

static int run_both(const struct way *way, struct run *r)
{
	int leave[2], error;
	pid_t server = 0, client;

	if (pipe(leave) < 0)
		return -errno;
	r->out->error[RUN_CLIENT] = r->out->error[RUN_SERVER] = way->server ? -ECHILD : 0;
	if (way->server)
		server = start(way, r, RUN_SERVER, leave);
	client = start(way, r, RUN_CLIENT, leave);
	close_fds(r, RUN_CLIENT);
	close_fds(r, RUN_SERVER);
	error = client < 0 || server < 0 ? -EAGAIN : wait_for(client);
	close(leave[0]);
	if (server > 0)
		finish(server, leave[1]);
	else
		close(leave[1]);
	if (error == 0)
		error = r->out->error[RUN_CLIENT];
	return error ? error : r->out->error[RUN_SERVER];
}

static int run_here(const struct way *way, const struct task *task, struct outcome *out, bool counted)
{
	struct run r = {.task = *task, .param = way->param, .out = out, .counted = counted};
	int error = 0;

	for (int i = 0; i < RUN_FDS; i++)
		r.fds[0][i] = r.fds[1][i] = -1;
	if (way->prepare)
		error = way->prepare(&r);
	if (error == 0)
		error = run_both(way, &r);
	close_fds(&r, 0);
	close_fds(&r, 1);
	if (r.shared)
		munmap(r.shared, r.shared_bytes);
	return error;
}

static struct outcome *outcome_map(void)
{
	void *p = mmap(NULL, sizeof(struct outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return p == MAP_FAILED ? NULL : (struct outcome *)p;
}

static int run_shared(const struct way *way, const struct task *task, struct outcome *ret, bool counted)
{
	struct outcome *out = outcome_map();
	int error;

	if (!out)
		return -ENOMEM;
	error = run_here(way, task, out, counted);
	if (error == 0)
		*ret = *out;
	munmap(out, sizeof(*out));
	return error;
}

int run_pair(const struct way *way, const struct task *task, struct outcome *ret)
{
	return way->outside ? outside_run(way->outside, task, ret) : run_shared(way, task, ret, false);
}

int run_marked(const struct way *way, const struct task *task, struct outcome *ret)
{
	return run_shared(way, task, ret, true);
}

struct counted {
	const struct way *way;
	const struct task *task;
};

static int count_body(void *arg)
{
	struct counted *c = (struct counted *)arg;
	static struct outcome ignored;

	if (c->way->outside)
		return outside_count(c->way->outside, c->task) < 0;
	return run_marked(c->way, c->task, &ignored) < 0;
}

int run_counted(const struct way *way, const struct task *task, double ret_calls[2])
{
	struct counted c = {way, task};
	struct syscalls *s = (struct syscalls *)calloc(1, sizeof(*s));
	double messages = (double)(task->trips * task->burst);
	int error = -ENOTSUP;

	if (s && syscalls_countable() && syscalls_trace(s, count_body, &c) == 0 && s->entered[0] && s->entered[1]) {
		for (unsigned side = 0; side < 2; side++)
			ret_calls[side] = (double)syscalls_sum(s, side) / messages;
		error = 0;
	}
	free(s);
	return error;
}
