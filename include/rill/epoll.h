/* rill/epoll.h - a ctx on an epoll descriptor of its own.
 *
 * Wait with rill_epoll_wait(), or nest: rill_epoll_fd() is readable whenever the ctx has something to do, so any loop that
 * can wait for one readable descriptor can drive the ctx (call rill_epoll_wait(ctx, 0) then). Deadlines are armed as a
 * timerfd in the set once rill_epoll_fd() was asked for, and as the timeout of epoll_wait otherwise.
 */
#ifndef RILL_EPOLL_H
#define RILL_EPOLL_H

#include <rill/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Attach the ctx to a new epoll descriptor (FD_CLOEXEC; one fd).
 *   -EBUSY  a loop is attached already, or inside a callback;  -EMFILE -ENFILE -ENOMEM  of epoll_create1 and epoll_ctl */
RILL_API int rill_epoll_attach(struct rill_ctx *ctx);

/* The epoll descriptor, for nesting; it stays ours. From then on the deadline is a timerfd in the set (one more fd).
 *   -ENOENT  not attached to epoll;  -EMFILE -ENFILE -ENOMEM  of timerfd_create */
RILL_API int rill_epoll_fd(struct rill_ctx *ctx);

/* Wait for at most timeout_ms (-1: no limit, 0: do not wait) or until the ctx's deadline, then dispatch what is ready.
 * Attaches on first use. Returns how many things it dispatched: ready watches, and the deadline if it had passed; 0 is
 * your timeout.
 *   -EINTR      a signal came
 *   -ECANCELED  a callback destroyed the ctx
 *   -EBUSY      inside a callback, or another kind of loop is attached
 *   and the codes of rill_epoll_attach() */
RILL_API int rill_epoll_wait(struct rill_ctx *ctx, int timeout_ms);

#ifdef __cplusplus
}
#endif
#endif
