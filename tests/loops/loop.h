/* tests/loops/loop.h - one event loop as the tests drive it; each .c beside it is one loop. A program links exactly one. */
#ifndef TESTS_LOOPS_LOOP_H
#define TESTS_LOOPS_LOOP_H

#include <rill/rill.h>

extern const char loop_name[]; /* "epoll", "libev", ... */

int loop_attach(struct rill_ctx *ctx); /* attach ctx to a (new) loop of this kind; several ctxs may share the loop */

/* Wait for at most timeout_ms for anything and dispatch it. 0 or a count, -ECANCELED: the ctx is gone. */
int loop_turn(struct rill_ctx *ctx, int timeout_ms);

void loop_finish(void); /* free the loop, after all ctxs are destroyed */

#endif
