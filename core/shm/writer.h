/* core/shm/writer.h - one process among those that write in one arena, as the others can see it: alive or not.
 *
 * Each writer has a number of its own in the arena, and a lock of the kernel's on the byte of that number, far behind the
 * end of the memfd, through an open file description that nobody else has. The kernel drops it with the last descriptor: so
 * anybody who has the memfd can ask whether number N lives, in whatever pid namespace it may be, and believes no word of it.
 */
#ifndef CORE_SHM_WRITER_H
#define CORE_SHM_WRITER_H

#include "wait/wait.h"

#include <rill/lock.h>

#define WRITER_OWNER 0               /* the arena's owner's number */
#define WRITER_LAST ((1u << 31) - 1) /* numbers are never used again */

struct rill_writer {
	const struct rill_ctx *ctx;
	char *base; /* NULL: gone */
	size_t capacity;
	int fd; /* not shared with anybody but forked children, for whose life we live on */
	uint32_t number;
};

/* Take the number. The fd stays the caller's, and must stay open as long as the writer is to live.
 *   -EEXIST  somebody has that number;  or what fcntl() gave */
int writer_begin(struct rill_writer *ret, const struct rill_ctx *ctx, void *base, size_t capacity, int fd, uint32_t number);

#endif
