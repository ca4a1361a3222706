/* tests/support/child.c - see child.h. A step is one byte on a socketpair, so that a dead side is seen as an end. */
#include "tests/support/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void run(struct child *c, int (*body)(struct child *self, void *arg), void *arg, pid_t parent)
{
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(CHILD_FAILED);
	/* cmocka's handlers would jump into the parent's copy of a test. */
	for (int i = 1; i < NSIG; i++)
		if (i != SIGPIPE)
			signal(i, SIG_DFL);
	c->pid = 0;
	status = body(c, arg);
	fflush(stderr);
	_exit(status < 0 || status > 255 ? CHILD_FAILED : status);
}

int child_start(struct child *c, int (*body)(struct child *self, void *arg), void *arg)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	fflush(NULL); /* else both would write what is buffered */
	c->pid = fork();
	if (c->pid == 0) {
		close(pair[0]);
		c->fd = pair[1];
		run(c, body, arg, parent);
	}
	close(pair[1]);
	c->fd = pair[0];
	if (c->pid > 0)
		return 0;
	close(pair[0]);
	return -EAGAIN;
}

int child_tell(struct child *c, unsigned char step)
{
	return send(c->fd, &step, 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/* With events 0: for a hang-up alone. */
static int wait_for(int fd, short events, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	int r;

	do
		r = poll(&p, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return r ? 0 : -ETIMEDOUT;
}

int child_hear(struct child *c, int timeout_ms)
{
	unsigned char step;
	int r = wait_for(c->fd, POLLIN, timeout_ms);

	if (r < 0)
		return r;
	return recv(c->fd, &step, 1, 0) == 1 ? step : -EPIPE;
}

static int reap(struct child *c)
{
	int status;

	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->pid = -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == pid;
}

/* Looks again when the step channel hangs up, and now and then: a grandchild may hold it open. */
int child_wait(struct child *c, int timeout_ms)
{
	if (c->pid <= 0)
		return -ESRCH;
	for (int left = timeout_ms; timeout_ms >= 0 && !has_ended(c->pid); left--) {
		if (left <= 0)
			return -ETIMEDOUT;
		if (wait_for(c->fd, 0, 1) == 0)
			break;
	}
	return reap(c);
}

int child_kill(struct child *c)
{
	if (c->pid <= 0)
		return -ESRCH;
	kill(c->pid, SIGKILL);
	return reap(c);
}
