/* demos/cache_run.c - starts and ends the two processes of one run. They die when we die, whatever we die of. */
#include "cache_run.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The program's path: where our own is. */
static int beside(char *to, size_t size, const char *program)
{
	ssize_t n = readlink("/proc/self/exe", to, size);
	char *slash;

	if (n < 0)
		return -errno;
	if ((size_t)n + strlen(program) + 2 > size)
		return -ENAMETOOLONG;
	to[n] = '\0';
	slash = strrchr(to, '/');
	strcpy(slash ? slash + 1 : to, program);
	return 0;
}

/* The nth CPU that we may use; nothing if there is only one. */
static void pin(int nth)
{
	cpu_set_t ours, one;

	if (sched_getaffinity(0, sizeof(ours), &ours) < 0 || CPU_COUNT(&ours) < 2)
		return;
	CPU_ZERO(&one);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &ours) && nth-- == 0)
			CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void exec_end(const struct run_end *end, int sock, const struct options *o)
{
	char path[4096], fd[16], mib[24];
	const char *argv[16] = {end->program, "-f", fd, "-m", mib};
	size_t n = 5;
	int r = beside(path, sizeof(path), end->program);

	snprintf(fd, sizeof(fd), "%d", sock);
	snprintf(mib, sizeof(mib), "%zu", o->max_bytes >> 20);
	for (size_t i = 0; i < sizeof(end->args) / sizeof(end->args[0]) && end->args[i]; i++)
		argv[n++] = end->args[i];
	argv[n++] = "--";
	argv[n] = o->dir;
	if (r == 0)
		execv(path, (char *const *)argv);
	fprintf(stderr, "cache_demo: %s: %s\n", end->program, strerror(r < 0 ? -r : errno));
}

static pid_t spawn(const struct run_end *end, int sock, int out, int cpu, const struct options *o)
{
	pid_t parent = getpid();
	pid_t child = fork();

	if (child != 0)
		return child < 0 ? -errno : child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1); /* it died before prctl() */
	pin(cpu);
	if (fcntl(sock, F_SETFD, 0) == 0 && dup2(out, STDOUT_FILENO) >= 0)
		exec_end(end, sock, o);
	_exit(1);
}

static int status_of(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int start_both(struct run *run, const struct run_end *server, const struct run_end *client, const int sock[2], int out,
                      const struct options *o)
{
	run->server = spawn(server, sock[0], STDERR_FILENO, 0, o);
	if (run->server < 0)
		return (int)run->server;
	run->client = spawn(client, sock[1], out, 1, o);
	if (run->client >= 0)
		return 0;
	kill(run->server, SIGKILL);
	status_of(run->server);
	return (int)run->client;
}

int run_start(struct run *run, const struct run_end *server, const struct run_end *client, const struct options *o)
{
	int type = strcmp(server->program, "cache_rivals") == 0 ? SOCK_STREAM : SOCK_SEQPACKET;
	int sock[2], out[2], r;

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, sock) < 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) < 0) {
		r = -errno;
		goto close_sock;
	}
	run->out = fdopen(out[0], "r");
	r = run->out ? start_both(run, server, client, sock, out[1], o) : -errno;
	if (r < 0 && run->out)
		fclose(run->out);
	else if (r < 0)
		close(out[0]);
	close(out[1]);
close_sock:
	close(sock[0]);
	close(sock[1]);
	return r;
}

int run_end(struct run *run)
{
	int client, server;

	fclose(run->out);
	client = status_of(run->client);
	server = status_of(run->server);
	return client ? client : server;
}

int run_cpus(void)
{
	cpu_set_t ours;

	return sched_getaffinity(0, sizeof(ours), &ours) < 0 ? 1 : CPU_COUNT(&ours);
}
