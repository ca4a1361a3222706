/* demos/cache_loop_libev.c - a ctx on libev until *done. */
#include "cache_loop.h"

#include <errno.h>

#if HAVE_LIBEV
#include <ev.h>
#include <rill/libev.h>

int loop_libev(struct rill_ctx *ctx, const bool *done)
{
	struct ev_loop *loop = ev_loop_new(0);
	int r = loop ? rill_libev_attach(ctx, loop) : -ENOMEM;

	while (r == 0 && !*done)
		ev_run(loop, EVRUN_ONCE);
	rill_ctx_detach(ctx);
	if (loop)
		ev_loop_destroy(loop);
	return r;
}
#else
int loop_libev(struct rill_ctx *ctx, const bool *done)
{
	(void)ctx, (void)done;
	return -ENOSYS;
}
#endif
