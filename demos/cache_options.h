/* demos/cache_options.h - the command line that the cache's programs share. */
#ifndef CACHE_OPTIONS_H
#define CACHE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
	const char *dir;    /* the argument; default /usr/include */
	const char *path;   /* -s PATH: of the listening socket */
	int fd;             /* -f FD: a connected socket that we inherited; -1: none */
	const char *loop;   /* -l epoll | libevent | libev */
	uint64_t linger_ns; /* -w MICROSECONDS */
	size_t max_bytes;   /* -m MIB: of all files together; default 256 */
	unsigned passes;    /* -n COUNT: how often to ask for each file; default 1 */
	unsigned rounds;    /* -r COUNT: of the demo; default 2 */
	bool epoll;         /* -e: a rival waits in epoll */
	bool times;         /* -t: print "PASS NANOSECONDS BYTES" for each answer instead of a summary */
};

/* `allowed` is getopt's; with 'f' in it, one of -s and -f must be there. Ends the program (2) with `usage` when the line
 * makes no sense. */
struct options options_parse(int argc, char **argv, const char *allowed, const char *usage);

#endif
