/* rill/poll.h - a ctx on poll(2). */
#ifndef RILL_POLL_H
#define RILL_POLL_H

#include <rill/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Wait with poll() for at most timeout_ms (-1: no limit, 0: do not wait) or until the ctx's deadline, then dispatch what
 * is ready. Attaches on first use; makes no descriptor. Costs what is open. Returns how many things it dispatched: ready
 * watches, and the deadline if it had passed; 0 is your timeout.
 *   -EINTR      a signal came
 *   -ECANCELED  a callback destroyed the ctx
 *   -EBUSY      inside a callback, or another kind of loop is attached
 *   -ENOMEM */
RILL_API int rill_poll_wait(struct rill_ctx *ctx, int timeout_ms);

#ifdef __cplusplus
}
#endif
#endif
