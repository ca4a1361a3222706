/* core/shm/memfd.h - the files that regions and arenas live in: anonymous, sized once, on tmpfs. */
#ifndef CORE_SHM_MEMFD_H
#define CORE_SHM_MEMFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A read-write memfd of `size` bytes, mode 0600, close-on-exec, not sealed yet.
 *   -EFBIG  size is above RLIMIT_FSIZE (SIGXFSZ would kill us);   -EMFILE -ENFILE -ENOMEM */
int memfd_make(int *ret_rw, const char *name, size_t size);

/* A read-only, close-on-exec descriptor of the same file.
 *   -EOPNOTSUPP  /proc is not mounted or closed to us;   -EMFILE -ENFILE -ENOMEM */
int memfd_read_only(int rw);

/* Can this received descriptor be mapped and read without fear: a memfd on tmpfs with all of `seals`,
 * of exactly `size` bytes and (with exact_ro) opened read-only?
 *   0;  -EPROTO, and *ret_text says what is wrong */
int memfd_check(int fd, int seals, uint64_t size, bool exact_ro, const char **ret_text);

#endif
