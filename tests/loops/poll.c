/* tests/loops/poll.c - the poll adapter. It attaches on first use: waiting for nothing is how to ask for it. */
#include "loop.h"

const char loop_name[] = "poll";

int loop_attach(struct rill_ctx *ctx)
{
	int r = rill_poll_wait(ctx, 0);

	return r < 0 ? r : 0;
}

int loop_turn(struct rill_ctx *ctx, int timeout_ms)
{
	return rill_poll_wait(ctx, timeout_ms);
}

void loop_finish(void)
{
}
