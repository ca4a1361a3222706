/* rill/libevent.h - a ctx inside a libevent program (library librill-libevent). */
#ifndef RILL_LIBEVENT_H
#define RILL_LIBEVENT_H

#include <rill/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;

/* Let `base` wait for the ctx: one struct event a watch, one timer. The base stays yours and must outlive the attachment
 * (rill_ctx_detach() or rill_ctx_destroy() end it). Callbacks run from event_base_loop().
 *   -EBUSY  a loop is attached already, or inside a callback;  -ENOMEM;  -EIO  libevent refused an event */
RILL_API int rill_libevent_attach(struct rill_ctx *ctx, struct event_base *base);

#ifdef __cplusplus
}
#endif
#endif
