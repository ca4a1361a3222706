/* demos/addressbook.c - a service with a schema: two processes, a server on epoll and a client on poll. */
#include "addressbook.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int pair[2], r, status = 0;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0)
		return 1;
	close(pair[pid != 0]);
	r = pid == 0 ? addressbook_serve(pair[1]) : addressbook_ask(pair[0]);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", pid ? "client" : "server", strerror(-r));
	fflush(stdout);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return r < 0 || status;
}
