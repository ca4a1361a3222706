/* core/shm/memfd.h - the files that regions and arenas live in: anonymous, sized once, on tmpfs. */
#ifndef CORE_SHM_MEMFD_H
#define CORE_SHM_MEMFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A read-write memfd of `size` bytes, mode 0600, close-on-exec, not sealed yet.
 *   -EFBIG  size is above RLIMIT_FSIZE (SIGXFSZ would kill us);   -EMFILE -ENFILE -ENOMEM */
int memfd_make(int *ret_rw, const char *name, size_t size);

/* Another open file description of the same file, O_RDONLY or O_RDWR; close-on-exec.
 *   -EOPNOTSUPP  /proc is not mounted or closed to us;   -EMFILE -ENFILE -ENOMEM */
int memfd_reopen(int fd, int mode);

/* Can this received descriptor be mapped and read without fear: a memfd on tmpfs with all of `seals`,
 * of exactly `size` bytes and opened in `mode` (O_RDONLY, O_RDWR; MEMFD_ANY)?
 *   0;  -EPROTO  no;  -ENOMEM  the kernel cannot tell. *ret_text says what is wrong */
#define MEMFD_ANY (-1)
int memfd_check(int fd, int seals, uint64_t size, int mode, const char **ret_text);

/* -errno of mmap() and madvise(), where EAGAIN, EFAULT and EHWPOISON are -ENOMEM: they promise no event to wait for. */
int memfd_error(void);

#endif
