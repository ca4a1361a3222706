/* demos/cache_loop.h - three ways to run a ctx until *done: the only part of the client that knows its loop. One file each,
 * for libevent's and libev's headers cannot be included together.
 *
 * 0, or a negative errno; -ENOSYS: built without that library.
 */
#ifndef CACHE_LOOP_H
#define CACHE_LOOP_H

#include <rill/ctx.h>
#include <stdbool.h>

int loop_epoll(struct rill_ctx *ctx, const bool *done);
int loop_libevent(struct rill_ctx *ctx, const bool *done);
int loop_libev(struct rill_ctx *ctx, const bool *done);

#endif
