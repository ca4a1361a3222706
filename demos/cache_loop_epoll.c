/* demos/cache_loop_epoll.c - a ctx on epoll until *done. */
#include "cache_loop.h"

#include <errno.h>
#include <rill/epoll.h>

int loop_epoll(struct rill_ctx *ctx, const bool *done)
{
	int r = 0;

	while (!*done && (r >= 0 || r == -EINTR))
		r = rill_epoll_wait(ctx, -1);
	return *done ? 0 : r;
}
