/* tests/support/leaks.c - see leaks.h. Everything is read from the kernel; nothing is remembered but the snapshot. */
#include "tests/support/leaks.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Calls `each` for every entry of a directory of numbers but the descriptor that lists it. Returns how many. */
static size_t list(const char *path, unsigned char *open)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	size_t count = 0;

	if (!dir)
		return 0;
	while ((e = readdir(dir))) {
		int number = atoi(e->d_name);

		if (e->d_name[0] == '.' || (open && number == dirfd(dir)))
			continue;
		count++;
		if (open && number < LEAKS_FDS)
			open[number] = 1;
	}
	closedir(dir);
	return count;
}

size_t leaks_fds(void)
{
	unsigned char open[LEAKS_FDS] = {0};

	return list("/proc/self/fd", open);
}

size_t leaks_threads(void)
{
	return list("/proc/self/task", NULL);
}

size_t leaks_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	size_t count = 0;

	if (!maps)
		return 0;
	while (fgets(line, sizeof(line), maps))
		count += strstr(line, "/memfd:") != NULL;
	fclose(maps);
	return count;
}

size_t leaks_resident(void)
{
	FILE *statm = fopen("/proc/self/statm", "re");
	unsigned long resident = 0;

	if (!statm)
		return 0;
	if (fscanf(statm, "%*u %lu", &resident) != 1)
		resident = 0;
	fclose(statm);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t shm_files(void)
{
	DIR *dir = opendir("/dev/shm");
	struct dirent *e;
	size_t count = 0;

	if (!dir)
		return 0;
	while ((e = readdir(dir)))
		count += strstr(e->d_name, "rill") != NULL;
	closedir(dir);
	return count;
}

static bool has_children(void)
{
	siginfo_t ignored;

	return waitid(P_ALL, 0, &ignored, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void leaks_take(struct leaks *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->fds = list("/proc/self/fd", ret->open);
	ret->mappings = leaks_mappings();
	ret->shm_files = shm_files();
	ret->threads = leaks_threads();
	ret->children = has_children();
	for (int i = 1; i < NSIG; i++)
		sigaction(i, NULL, &ret->signals[i]);
}

static void name_fd(const char *what, int fd)
{
	char path[64], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	fprintf(stderr, "# descriptor %d %s %s\n", fd, what, target);
}

static int fds_differ(const struct leaks *a, const struct leaks *b)
{
	int differ = a->fds != b->fds;

	for (int fd = 0; fd < LEAKS_FDS; fd++) {
		if (a->open[fd] == b->open[fd])
			continue;
		name_fd(b->open[fd] ? "is new:" : "is gone", fd);
		differ = 1;
	}
	return differ;
}

static int counts_differ(const char *what, size_t before, size_t after)
{
	if (before == after)
		return 0;
	fprintf(stderr, "# %s: %zu before, %zu after\n", what, before, after);
	return 1;
}

#define SET_BY_LIBC 0x04000000 /* SA_RESTORER */

/* libc fills only as much of a mask as the kernel has. */
static bool same_mask(const sigset_t *x, const sigset_t *y)
{
	for (int i = 1; i < NSIG; i++)
		if (sigismember(x, i) != sigismember(y, i))
			return false;
	return true;
}

static int signals_differ(const struct leaks *a, const struct leaks *b)
{
	int differ = 0;

	for (int i = 1; i < NSIG; i++) {
		const struct sigaction *x = &a->signals[i], *y = &b->signals[i];

		if (x->sa_handler == y->sa_handler && !((x->sa_flags ^ y->sa_flags) & ~SET_BY_LIBC) &&
		    same_mask(&x->sa_mask, &y->sa_mask))
			continue;
		fprintf(stderr, "# the disposition of signal %d has changed\n", i);
		differ = 1;
	}
	return differ;
}

int leaks_since(const struct leaks *before)
{
	struct leaks now;

	leaks_take(&now);
	return fds_differ(before, &now) + signals_differ(before, &now) +
	       counts_differ("mappings of memfds", before->mappings, now.mappings) +
	       counts_differ("files in /dev/shm", before->shm_files, now.shm_files) +
	       counts_differ("threads", before->threads, now.threads) +
	       counts_differ("children", before->children, now.children);
}

static struct leaks at_setup;

int leaks_setup(void **state)
{
	(void)state;
	leaks_take(&at_setup);
	return 0;
}

int leaks_teardown(void **state)
{
	(void)state;
	return leaks_since(&at_setup) ? -1 : 0;
}
