/* demos/acceptor_tcp.c - the TCP side of the acceptor, and clients for it; nothing here knows of Rill. */
#include "acceptor.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int tcp_listen(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 64) < 0)
		err(1, "listen");
	return fd;
}

void tcp_accept(int listener, struct connection *c)
{
	ssize_t n;

	c->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (c->fd < 0)
		return;
	n = recv(c->fd, c->header, sizeof(c->header), 0); /* our clients send at once; wait for yours in poll() */
	c->len = n < 0 ? 0 : (size_t)n;
}

static int call(int listener, int number)
{
	struct sockaddr_in to;
	socklen_t len = sizeof(to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || getsockname(listener, (struct sockaddr *)&to, &len) < 0)
		err(1, "client");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 || dprintf(fd, "job %d", number) < 0)
		err(1, "connect");
	return fd;
}

static void print_answer(int fd)
{
	char answer[256];
	ssize_t n = recv(fd, answer, sizeof(answer), MSG_WAITALL);

	if (n <= 0)
		errx(1, "a connection was lost");
	printf("%.*s", (int)n, answer);
	close(fd);
}

void tcp_clients(int listener, int count)
{
	int *fds = calloc((size_t)count, sizeof(*fds));
	pid_t pid = fork();

	if (pid < 0 || !fds)
		err(1, "clients");
	if (pid == 0) {
		for (int i = 0; i < count; i++)
			fds[i] = call(listener, i + 1);
		for (int i = 0; i < count; i++)
			print_answer(fds[i]);
	}
	free(fds);
	if (pid == 0)
		exit(0);
}
