/* tests/loops/pull.c - no adapter: a hand-written poll() over the pull view. */
#include "loop.h"

#include <errno.h>
#include <stdlib.h>

const char loop_name[] = "pull";

int loop_attach(struct rill_ctx *ctx)
{
	(void)ctx;
	return 0;
}

static int shorter(int timeout_ms, int other_ms)
{
	if (timeout_ms < 0 || other_ms < 0)
		return timeout_ms < 0 ? other_ms : timeout_ms;
	return timeout_ms < other_ms ? timeout_ms : other_ms;
}

static int dispatch_fds(struct rill_ctx *ctx, const struct pollfd *fds, size_t count)
{
	int ready = 0, r;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!fds[i].revents)
			continue;
		r = rill_ctx_dispatch_fd(ctx, fds[i].fd);
		if (r < 0)
			return r;
		ready++;
	}
	return ready;
}

int loop_turn(struct rill_ctx *ctx, int timeout_ms)
{
	int r = rill_ctx_dispatch_fd(ctx, -1); /* for its codes */
	struct pollfd *fds;
	size_t count;

	if (r < 0)
		return r;
	count = rill_ctx_pollfds(ctx, NULL, 0);
	fds = calloc(count + 1, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	rill_ctx_pollfds(ctx, fds, count);
	r = poll(fds, count, shorter(timeout_ms, rill_ctx_timeout_ms(ctx)));
	r = r < 0 ? -errno : dispatch_fds(ctx, fds, count);
	free(fds);
	if (r < 0 || rill_ctx_timeout_ms(ctx) != 0)
		return r;
	count = (size_t)r;
	r = rill_ctx_dispatch(ctx, NULL);
	return r < 0 ? r : (int)count;
}

void loop_finish(void)
{
}
