/* demos/cache_options.c - reads the command line. */
#include "cache_options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_MIB 4096ul

static void refuse(const char *usage)
{
	fprintf(stderr, "usage: %s\n", usage);
	exit(2);
}

static unsigned long number(const char *text, unsigned long max, const char *usage)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || n > max)
		refuse(usage);
	return n;
}

static void take(struct options *o, int option, const char *usage)
{
	switch (option) {
	case 's':
		o->path = optarg;
		break;
	case 'f':
		o->fd = (int)number(optarg, INT_MAX, usage);
		break;
	case 'l':
		o->loop = optarg;
		break;
	case 'w':
		o->linger_ns = 1000 * number(optarg, 1000000, usage);
		break;
	case 'm':
		o->max_bytes = number(optarg, MAX_MIB, usage) << 20;
		break;
	case 'n':
		o->passes = (unsigned)number(optarg, 1000, usage);
		break;
	case 'r':
		o->rounds = (unsigned)number(optarg, 1000, usage);
		break;
	case 'e':
		o->epoll = true;
		break;
	case 't':
		o->times = true;
		break;
	default:
		refuse(usage);
	}
}

struct options options_parse(int argc, char **argv, const char *allowed, const char *usage)
{
	struct options o = {
		.dir = "/usr/include", .fd = -1, .loop = "epoll", .max_bytes = 256ul << 20, .passes = 1, .rounds = 2};
	int option;

	while ((option = getopt(argc, argv, allowed)) != -1)
		take(&o, option, usage);
	if (optind < argc)
		o.dir = argv[optind++];
	if (optind < argc || (strchr(allowed, 'f') && !o.path == (o.fd < 0)))
		refuse(usage);
	return o;
}
