/* tests/support/syscalls.c - see syscalls.h. A tracer of its own stands between the test and the traced process, so that
 * waiting for "any" tracee never reaps another child of the test.
 *
 * A section is marked by a prctl() that no kernel knows; the marks themselves are not counted. */
#include "tests/support/syscalls.h"

#include "tests/support/child.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK 0x72696c6c /* prctl option: -EINVAL everywhere */
#define OPTIONS                                                                                                       \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
	 PTRACE_O_TRACEEXEC)
#define TRACEES 64

struct tracee {
	pid_t pid;
	pid_t process; /* that it is a thread of */
	int section;   /* -1: none */
};

struct trace {
	struct syscalls *counts; /* shared with the test */
	int (*body)(void *arg);
	void *arg;
	pid_t first;
	int result;
	struct tracee tracees[TRACEES];
};

bool syscalls_countable(void)
{
	return !rounds_under_valgrind() && !rounds_under_sanitizer();
}

void syscalls_begin(unsigned section)
{
	syscall(SYS_prctl, MARK, section + 1, 0, 0, 0);
}

void syscalls_end(void)
{
	syscall(SYS_prctl, MARK, 0, 0, 0, 0);
}

uint64_t syscalls_sum(const struct syscalls *s, unsigned section)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < SYSCALLS_NUMBERS; i++)
		sum += s->count[section][i];
	return sum;
}

void syscalls_print(const struct syscalls *s, unsigned section)
{
	for (unsigned i = 0; i < SYSCALLS_NUMBERS; i++)
		if (s->count[section][i])
			fprintf(stderr, "# section %u: system call %u, %llu times\n", section, i,
			        (unsigned long long)s->count[section][i]);
}

static pid_t process_of(pid_t pid)
{
	char path[40], line[80];
	FILE *f;
	int process = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && !process && fgets(line, sizeof(line), f))
		sscanf(line, "Tgid: %d", &process);
	if (f)
		fclose(f);
	return process ? process : pid;
}

static int section_of(const struct trace *t, pid_t process)
{
	for (int i = 0; i < TRACEES; i++)
		if (t->tracees[i].pid && t->tracees[i].process == process)
			return t->tracees[i].section;
	return -1;
}

static void set_section(struct trace *t, pid_t process, int section)
{
	for (int i = 0; i < TRACEES; i++)
		if (t->tracees[i].pid && t->tracees[i].process == process)
			t->tracees[i].section = section;
}

/* The record of a tracee; made when it is first seen. Ended ones leave a free place (pid 0). */
static struct tracee *tracee_of(struct trace *t, pid_t pid)
{
	struct tracee *place = NULL;

	for (int i = 0; i < TRACEES; i++) {
		if (t->tracees[i].pid == pid)
			return &t->tracees[i];
		if (!t->tracees[i].pid && !place)
			place = &t->tracees[i];
	}
	if (place) {
		pid_t process = process_of(pid);

		*place = (struct tracee){.pid = pid, .process = process, .section = section_of(t, process)};
	}
	return place;
}

static void on_entry(struct trace *t, struct tracee *who, uint64_t nr, const uint64_t *args)
{
	if (nr == SYS_prctl && args[0] == MARK) {
		int section = (int)args[1] - 1;

		set_section(t, who->process, section < SYSCALLS_SECTIONS ? section : -1);
		if (who->section >= 0)
			t->counts->entered[who->section]++;
	} else if (who->section >= 0 && nr < SYSCALLS_NUMBERS) {
		t->counts->count[who->section][nr]++;
	}
}

static void on_syscall_stop(struct trace *t, struct tracee *who)
{
	struct __ptrace_syscall_info call;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, who->pid, sizeof(call), &call) > 0 && call.op == PTRACE_SYSCALL_INFO_ENTRY)
		on_entry(t, who, call.entry.nr, (const uint64_t *)call.entry.args);
}

/* The signal to deliver when it goes on: none for the stops that tracing itself makes. */
static int on_stop(struct trace *t, struct tracee *who, int status)
{
	int sig = WSTOPSIG(status);

	if (sig == (SIGTRAP | 0x80)) {
		on_syscall_stop(t, who);
		return 0;
	}
	if (status >> 16 || sig == SIGSTOP) /* a fork or clone, or the first stop of what came of it */
		return 0;
	return sig;
}

static void on_end(struct trace *t, pid_t pid, int status)
{
	struct tracee *who = tracee_of(t, pid);

	if (who)
		who->pid = 0;
	if (pid == t->first)
		t->result = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void follow(struct trace *t)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		struct tracee *who;

		if (pid < 0)
			continue;
		if (!WIFSTOPPED(status)) {
			on_end(t, pid, status);
			continue;
		}
		who = tracee_of(t, pid);
		if (!who) {
			kill(pid, SIGKILL);
			continue;
		}
		ptrace(PTRACE_SYSCALL, pid, 0, on_stop(t, who, status));
	}
}

static int start(struct trace *t)
{
	int status;

	t->first = fork();
	if (t->first < 0)
		return -SYSCALLS_ERROR - errno;
	if (t->first == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			_exit(CHILD_FAILED);
		raise(SIGSTOP);
		_exit(t->body(t->arg) & 0xff);
	}
	if (waitpid(t->first, &status, 0) < 0)
		return -SYSCALLS_ERROR - errno;
	if (!WIFSTOPPED(status))
		return -SYSCALLS_ERROR - EPERM;
	if (ptrace(PTRACE_SETOPTIONS, t->first, 0, OPTIONS) < 0 || ptrace(PTRACE_SYSCALL, t->first, 0, 0) < 0)
		return -SYSCALLS_ERROR - errno;
	return 0;
}

/* The tracer. Its result is left in the memory it shares with the test, an exit status being too small. */
struct shared {
	struct syscalls counts;
	int result;
};

struct task {
	struct shared *shared;
	int (*body)(void *arg);
	void *arg;
};

static int trace(struct child *self, void *arg)
{
	struct task *task = arg;
	struct trace t = {.counts = &task->shared->counts, .body = task->body, .arg = task->arg};

	(void)self;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	t.result = start(&t);
	if (!t.result) {
		tracee_of(&t, t.first);
		follow(&t);
	}
	task->shared->result = t.result;
	return 0;
}

int syscalls_trace(struct syscalls *ret, int (*body)(void *arg), void *arg)
{
	struct task task = {.body = body, .arg = arg};
	struct child tracer;
	int r;

	task.shared = mmap(NULL, sizeof(*task.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (task.shared == MAP_FAILED)
		return -SYSCALLS_ERROR - errno;
	r = child_start(&tracer, trace, &task);
	if (r < 0) {
		munmap(task.shared, sizeof(*task.shared));
		return -SYSCALLS_ERROR + r;
	}
	r = child_wait(&tracer, -1);
	*ret = task.shared->counts;
	if (r == 0)
		r = task.shared->result;
	munmap(task.shared, sizeof(*task.shared));
	return r;
}
