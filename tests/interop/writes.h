/* tests/interop/writes.h - every way that we know to write to memory that one was sent a descriptor of. Each is counted in
 * `found`, and ends the process if it is not denied. */
#ifndef TESTS_INTEROP_WRITES_H
#define TESTS_INTEROP_WRITES_H

#include "tests/support/strangers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static inline void writes_denied(bool was, const char *what, int line)
{
	found->tried++;
	found->denied += was;
	if (!was) {
		fprintf(stderr, "# writes.h:%d: not denied: %s\n", line, what);
		_exit(CHILD_FAILED);
	}
}

#define WRITES_DENIED(call) writes_denied((call) < 0 && errno != ENOSYS, #call, __LINE__)

/* mmap() as a call that gives -1. */
static inline int writes_map(int fd, int prot)
{
	void *at = mmap(NULL, 4096, prot, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -1;
	munmap(at, 4096);
	return 0;
}

static inline int writes_reopen(const char *format, int pid, int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), format, pid, fd);
	return open(path, flags | O_CLOEXEC);
}

/* By the descriptor as it came. */
static inline void writes_by_descriptor(int fd)
{
	char *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	CHILD_CHECK(at != MAP_FAILED);
	CHILD_CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	WRITES_DENIED(writes_map(fd, PROT_WRITE));
	WRITES_DENIED(writes_map(fd, PROT_READ | PROT_WRITE));
	WRITES_DENIED(mprotect(at, 4096, PROT_READ | PROT_WRITE));
	WRITES_DENIED(madvise(at, 4096, MADV_REMOVE));
	WRITES_DENIED(pwrite(fd, "x", 1, 0));
	WRITES_DENIED(ftruncate(fd, 0));
	WRITES_DENIED(ftruncate(fd, 1ll << 40));
	WRITES_DENIED(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	WRITES_DENIED(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	munmap(at, 4096);
}

/* By another descriptor of the same file. */
static inline void writes_as_another(int fd)
{
	WRITES_DENIED(writes_reopen("/proc/self/fd/%.0d%d", 0, fd, O_RDWR));
	WRITES_DENIED(writes_reopen("/proc/self/fd/%.0d%d", 0, fd, O_WRONLY));
	WRITES_DENIED(writes_reopen("/proc/self/fd/%.0d%d", 0, fd, O_WRONLY | O_TRUNC));
	WRITES_DENIED(writes_reopen("/proc/thread-self/fd/%.0d%d", 0, fd, O_RDWR));
	WRITES_DENIED(fchmod(fd, 0666));
	WRITES_DENIED(fchown(fd, geteuid(), getegid()));
}

/* By the server's own. */
static inline void writes_into(pid_t server)
{
	struct iovec here = {.iov_base = (void *)(uintptr_t) "x", .iov_len = 1};
	struct iovec there = {.iov_base = &here, .iov_len = 1};
	int pidfd = (int)syscall(SYS_pidfd_open, server, 0);

	for (int fd = 0; fd < 24; fd++) {
		WRITES_DENIED(writes_reopen("/proc/%d/fd/%d", server, fd, O_RDWR));
		if (pidfd >= 0)
			WRITES_DENIED(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
	}
	WRITES_DENIED(writes_reopen("/proc/%d/mem%.0d", server, 0, O_RDWR));
	WRITES_DENIED(writes_reopen("/proc/%d/map_files%.0d", server, 0, O_RDONLY | O_DIRECTORY));
	WRITES_DENIED(process_vm_writev(server, &here, 1, &there, 1, 0));
	if (pidfd >= 0)
		close(pidfd);
}

/* Within one uid the file's mode lets us open it: the seals stop every write to a region. */
static inline void writes_to_a_region_as_oneself(int fd)
{
	int rw = writes_reopen("/proc/self/fd/%.0d%d", 0, fd, O_RDWR);

	if (rw < 0)
		return;
	WRITES_DENIED(writes_map(rw, PROT_READ | PROT_WRITE));
	WRITES_DENIED(writes_map(rw, PROT_WRITE));
	WRITES_DENIED(pwrite(rw, "x", 1, 0));
	WRITES_DENIED(ftruncate(rw, 0));
	WRITES_DENIED(ftruncate(rw, 1ll << 40));
	WRITES_DENIED(fallocate(rw, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	WRITES_DENIED(fallocate(rw, 0, 0, 1ll << 40));
	WRITES_DENIED(fcntl(rw, F_ADD_SEALS, F_SEAL_WRITE));
	WRITES_DENIED(writes_reopen("/proc/self/fd/%.0d%d", 0, fd, O_RDWR | O_TRUNC));
	close(rw);
}

/* The documented exception: an arena can be written so, but neither shrunk nor grown nor sealed. */
static inline void writes_to_an_arena_as_oneself(int fd)
{
	int rw = writes_reopen("/proc/self/fd/%.0d%d", 0, fd, O_RDWR);
	struct stat st;

	CHILD_CHECK(rw >= 0 && fstat(rw, &st) == 0);
	WRITES_DENIED(ftruncate(rw, 0));
	WRITES_DENIED(ftruncate(rw, st.st_size * 2));
	WRITES_DENIED(fcntl(rw, F_ADD_SEALS, F_SEAL_WRITE));
	for (off_t at = 0; at < st.st_size && at < 1 << 20; at += 4096) {
		char page[4096];
		char *first;

		CHILD_CHECK(pread(rw, page, sizeof(page), at) == (ssize_t)sizeof(page));
		first = memchr(page, 's', sizeof(page));
		if (!first)
			continue;
		memset(first, 'W', (size_t)(page + sizeof(page) - first));
		CHILD_CHECK(pwrite(rw, page, sizeof(page), at) == (ssize_t)sizeof(page));
	}
	close(rw);
}

#endif
