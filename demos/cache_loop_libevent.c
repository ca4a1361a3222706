/* demos/cache_loop_libevent.c - a ctx on libevent until *done. */
#include "cache_loop.h"

#include <errno.h>

#if HAVE_LIBEVENT
#include <event2/event.h>
#include <rill/libevent.h>

int loop_libevent(struct rill_ctx *ctx, const bool *done)
{
	struct event_base *base = event_base_new();
	int r = base ? rill_libevent_attach(ctx, base) : -ENOMEM;

	while (r == 0 && !*done)
		if (event_base_loop(base, EVLOOP_ONCE) < 0)
			r = -EIO;
	rill_ctx_detach(ctx);
	if (base)
		event_base_free(base);
	return r;
}
#else
int loop_libevent(struct rill_ctx *ctx, const bool *done)
{
	(void)ctx, (void)done;
	return -ENOSYS;
}
#endif
