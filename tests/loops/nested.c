/* tests/loops/nested.c - the epoll adapter as one readable descriptor in a loop that knows nothing of Rill. */
#include "loop.h"

#include <errno.h>

const char loop_name[] = "nested";

int loop_attach(struct rill_ctx *ctx)
{
	int r = rill_epoll_attach(ctx);

	if (r < 0)
		return r;
	r = rill_epoll_fd(ctx);
	return r < 0 ? r : 0;
}

int loop_turn(struct rill_ctx *ctx, int timeout_ms)
{
	struct pollfd fd = {.fd = rill_epoll_fd(ctx), .events = POLLIN};
	int r = rill_ctx_dispatch_fd(ctx, -1); /* for its codes */

	if (r < 0 || fd.fd < 0)
		return r < 0 ? r : fd.fd;
	if (poll(&fd, 1, timeout_ms) < 0)
		return -errno;
	return fd.revents ? rill_epoll_wait(ctx, 0) : 0;
}

void loop_finish(void)
{
}
