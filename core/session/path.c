/* core/session/path.c - the one name there is: a listener's path. Invariant: it is ours from bind until path_remove(), which
 * removes nothing but what we made; a live listener's path is never taken from it. */
#include "session/session.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define BACKLOG 4096    /* the kernel caps it at net.core.somaxconn */
#define LOCK_TRIES 1000 /* others hold the lock for some system calls; who holds it for good shall not hold us */

int path_address(struct sockaddr_un *ret, const char *path)
{
	if (!path || !*path)
		return -EINVAL;
	if (strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	strcpy(ret->sun_path, path);
	return 0;
}

static int lock_directory(const char *path)
{
	char copy[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int fd, e;

	strcpy(copy, path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		if (errno != EWOULDBLOCK)
			break;
		sched_yield();
	}
	e = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
	close(fd);
	return e;
}

/* Does somebody listen there? 0 no (a stale socket was removed), -EADDRINUSE, -EEXIST not a socket. */
static int probe(const struct sockaddr_un *address)
{
	struct stat st;
	int fd, e;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	e = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
	close(fd);
	if (e != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(address->sun_path) == 0 ? 0 : -errno;
}

static int bind_path(int fd, const struct sockaddr_un *address, mode_t mode, struct stat *ret_st)
{
	int e;

	fchmod(fd, mode & 0777); /* closes the gap until chmod(); the umask still takes bits away */
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	if (chmod(address->sun_path, mode & 0777) == 0 && stat(address->sun_path, ret_st) == 0 && listen(fd, BACKLOG) == 0)
		return 0;
	e = -errno;
	unlink(address->sun_path);
	return e;
}

/* Probe, unlink and bind under the directory's lock, so that two that start at once do not remove each other's socket. */
int path_listen(const struct sockaddr_un *address, mode_t mode, struct stat *ret_st)
{
	int lock, fd, e;

	lock = lock_directory(address->sun_path);
	if (lock < 0)
		return lock;
	e = probe(address);
	fd = e < 0 ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (e == 0)
		e = fd < 0 ? -errno : bind_path(fd, address, mode, ret_st);
	close(lock);
	if (e == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return e;
}

/* The path as it can be found after a chdir(). NULL: no memory. */
char *path_absolute(const char *path)
{
	char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);
	char *whole = NULL;

	if (!cwd)
		return strdup(path);
	if (asprintf(&whole, "%s/%s", cwd, path) < 0)
		whole = NULL;
	free(cwd);
	return whole;
}

void path_remove(const char *path, const struct stat *made)
{
	struct stat st;

	if (lstat(path, &st) == 0 && st.st_dev == made->st_dev && st.st_ino == made->st_ino)
		unlink(path);
}
