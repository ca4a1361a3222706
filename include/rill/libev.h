/* rill/libev.h - a ctx inside a libev program (library librill-libev). */
#ifndef RILL_LIBEV_H
#define RILL_LIBEV_H

#include <rill/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ev_loop;

/* Let `loop` wait for the ctx: one ev_io a watch, one ev_timer. The loop stays yours and must outlive the attachment
 * (rill_ctx_detach() or rill_ctx_destroy() end it). Callbacks run from ev_run().
 *   -EBUSY  a loop is attached already, or inside a callback;  -ENOMEM */
RILL_API int rill_libev_attach(struct rill_ctx *ctx, struct ev_loop *loop);

#ifdef __cplusplus
}
#endif
#endif
