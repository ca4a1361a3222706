/* demos/acceptor.h - the parts of the acceptor demo: acceptor.c hands connections over, acceptor_worker.c serves them,
 * acceptor_tcp.c has the TCP side and the clients. */
#ifndef ACCEPTOR_H
#define ACCEPTOR_H

#include <err.h>
#include <string.h>

struct connection {
	int fd; /* -1: none */
	size_t len;
	char header[128]; /* what the client sent first */
};

static inline void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* A worker process; returns our end of its socketpair. */
int worker_start(int number);

/* A socket that listens on a free port of 127.0.0.1. */
int tcp_listen(void);

/* Accepts one connection and reads its header. */
void tcp_accept(int listener, struct connection *c);

/* A process that connects `count` times at once, sends a line on each and then prints what comes back. */
void tcp_clients(int listener, int count);

#endif
