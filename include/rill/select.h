/* rill/select.h - a ctx on select(2), for descriptors below FD_SETSIZE. */
#ifndef RILL_SELECT_H
#define RILL_SELECT_H

#include <rill/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Wait with select() for at most timeout_ms (-1: no limit, 0: do not wait) or until the ctx's deadline, then dispatch what
 * is ready. Attaches on first use; makes no descriptor. Returns how many things it dispatched: ready
 * watches, and the deadline if it had passed; 0 is your timeout.
 * Once attached, a call that would need to watch an fd at or above FD_SETSIZE (1024) fails with -ERANGE.
 *   -EINTR      a signal came
 *   -ECANCELED  a callback destroyed the ctx
 *   -EBUSY      inside a callback, or another kind of loop is attached
 *   -ERANGE     (at the attaching call) a watch has an fd at or above FD_SETSIZE
 *   -ENOMEM */
RILL_API int rill_select_wait(struct rill_ctx *ctx, int timeout_ms);

#ifdef __cplusplus
}
#endif
#endif
