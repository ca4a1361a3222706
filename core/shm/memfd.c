/* core/shm/memfd.c - making and judging memfds.
 *
 * A descriptor that passed memfd_check() cannot shrink (with F_SEAL_SHRINK among the seals) and
 * holds ordinary pages, so reading its mapping never raises SIGBUS. A hugetlb memfd carries the
 * same seals and does raise it: hence the look at the file system.
 */
#include "shm/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

static int create(const char *name)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create(name, flags);
	return fd < 0 ? -errno : fd;
}

static bool above_file_limit(size_t size)
{
	struct rlimit limit;

	if (size > (size_t)INT64_MAX)
		return true;
	if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return false;
	return size > limit.rlim_cur;
}

int memfd_make(int *ret_rw, const char *name, size_t size)
{
	int fd, r;

	if (above_file_limit(size))
		return -EFBIG;
	fd = create(name);
	if (fd < 0)
		return fd;
	if (fchmod(fd, 0600) < 0 || ftruncate(fd, (off_t)size) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	*ret_rw = fd;
	return 0;
}

/* Something else may be mounted at /proc, or a stale bind mount of it. */
static bool same_file(int a, int b)
{
	struct stat sa, sb;

	if (fstat(a, &sa) < 0 || fstat(b, &sb) < 0)
		return false;
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

int memfd_reopen(int fd, int mode)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, mode | O_CLOEXEC);
	if (again < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : -EOPNOTSUPP;
	if (!same_file(again, fd)) {
		close(again);
		return -EOPNOTSUPP;
	}
	return again;
}

static const char *fault(int fd, int seals, uint64_t size, int mode, int *ret_e)
{
	struct statfs fs;
	struct stat st;
	int has = fcntl(fd, F_GET_SEALS), flags = fcntl(fd, F_GETFL);

	if (has < 0)
		return "the descriptor is not a memfd";
	if ((has & seals) != seals)
		return "the memfd lacks a seal";
	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0) { /* of a memfd: not its sender's doing */
		*ret_e = -ENOMEM;
		return "the memfd cannot be looked at";
	}
	if ((unsigned long)fs.f_type != TMPFS_MAGIC)
		return "the memfd is not on tmpfs";
	if (!S_ISREG(st.st_mode))
		return "the memfd is not a regular file";
	if (st.st_size < 0 || (uint64_t)st.st_size != size)
		return "the memfd is not of the announced size";
	if (mode != MEMFD_ANY && (flags < 0 || (flags & O_ACCMODE) != mode))
		return mode == O_RDONLY ? "the memfd is not read-only" : "the memfd is not for writing";
	return NULL;
}

int memfd_check(int fd, int seals, uint64_t size, int mode, const char **ret_text)
{
	int e = -EPROTO;
	const char *text = fault(fd, seals, size, mode, &e);

	if (!text)
		return 0;
	*ret_text = text;
	return e;
}

int memfd_error(void)
{
	return errno == EAGAIN || errno == EFAULT || errno == EHWPOISON ? -ENOMEM : -errno;
}
