/* demos/cache_run.h - a server process and a client process on a socketpair. */
#ifndef CACHE_RUN_H
#define CACHE_RUN_H

#include "cache_options.h"

#include <stdio.h>
#include <sys/types.h>

/* A program beside this one, and what it is given besides -f FD -m MIB and the directory. */
struct run_end {
	const char *program;
	const char *args[8];
};

struct run {
	pid_t server, client;
	FILE *out; /* what the client prints */
};

/* 0 or a negative errno. On two CPUs, if there are two: else the figures would tell where the scheduler put them. */
int run_start(struct run *run, const struct run_end *server, const struct run_end *client, const struct options *o);

/* Waits for both. The client's exit status if it is not 0, else the server's; 128 + signal for a killed one. */
int run_end(struct run *run);

/* How many we may use. */
int run_cpus(void);

#endif
