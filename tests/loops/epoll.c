/* tests/loops/epoll.c - the epoll adapter, waited on by itself. */
#include "loop.h"

const char loop_name[] = "epoll";

int loop_attach(struct rill_ctx *ctx)
{
	return rill_epoll_attach(ctx);
}

int loop_turn(struct rill_ctx *ctx, int timeout_ms)
{
	return rill_epoll_wait(ctx, timeout_ms);
}

void loop_finish(void)
{
}
