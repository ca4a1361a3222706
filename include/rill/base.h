/* rill/base.h - what every other header stands on: the rules that hold for each call, the objects' names, the version.
 *
 *   errors     int functions return 0 or a count, or a negative errno value. Each header lists the codes of its calls;
 *              these three may come from every call that takes an object and are not listed again:
 *                -ECHILD     the object was inherited by fork: only rill_ctx_destroy() is allowed on it
 *                -ECANCELED  the object was closed or destroyed (earlier in the dispatch that is still running)
 *                -EINVAL     a NULL or senseless argument; nothing was looked at further
 *   outputs    ret_ parameters are written on success only
 *   failure    a failed call changes nothing; what you passed is still yours
 *   tables     option and event structs are copied. `size` must be set to sizeof(struct ...); zero in any other field
 *              means its default; a bigger struct than this library knows is taken if the rest is zero, else -E2BIG; a
 *              smaller one (an older program) has defaults for the rest. A NULL options pointer means all defaults, a NULL
 *              events pointer no callbacks
 *   callbacks  run inside rill_ctx_dispatch*() and rill_ctx_poll() and nowhere else. Not callbacks in this sense: now(),
 *              dispose(), a loop's hooks and arenas' destructors, whose comments say where they run
 *   owning     what you create, connect, adopt, open or are handed is yours until you close it. A ctx owns what lives
 *              in it, a session its channels: closing the owner closes what it owns
 *   closing    close, abort and destroy are the last word: no callback of the object, or of what it owned, follows.
 *              They accept NULL. Outside a callback the pointer is dead at once; inside one it stays safe to pass until
 *              the outermost dispatch returns, and every call on it gives -ECANCELED. closed() tells, once, of an end
 *              that you did not cause, a session's channels (but for paused ones) before the session; from then on
 *              every call gives its reason, and the object is still yours to close
 *   messages   a message is yours until you release it, and outlives channel, session and ctx
 *   threads    a ctx and all that lives in it belong to one thread at a time; so do its messages after it is destroyed
 *   fork       in a forked child every call on what it inherited gives -ECHILD (void calls do nothing), but
 *              rill_ctx_destroy(): it frees what the child inherited, tells no peer, calls no callback and of the
 *              hooks `release` alone. Call it before anything else there
 *   time       nanoseconds of CLOCK_MONOTONIC, unless a name ends in _ms
 *   blocking   no call blocks, whatever a peer does, but rill_epoll_wait(), rill_poll_wait() and rill_select_wait(): that is
 *              their job (with -1 and nothing to wait for they never return)
 */
#ifndef RILL_BASE_H
#define RILL_BASE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Before 1.0 a new minor version may break the ABI; the soname says so (librill.so.0.MINOR). */
#define RILL_VERSION_MAJOR 0
#define RILL_VERSION_MINOR 1
#define RILL_VERSION_PATCH 0

#define RILL_API __attribute__((visibility("default")))
#define RILL_CHECK __attribute__((warn_unused_result))
#define RILL_NEVER UINT64_MAX /* a deadline that does not come */

struct rill_ctx;       /* rill/ctx.h       what one thread's objects wait for */
struct rill_watch;     /* rill/ctx.h       one descriptor and what we wait for on it */
struct rill_loop;      /* rill/ctx.h       how an event loop hears of watches */
struct rill_listener;  /* rill/listener.h  where sessions come from */
struct rill_session;   /* rill/session.h   two processes */
struct rill_channel;   /* rill/channel.h   an ordered stream of messages, both ways */
struct rill_msg;       /* rill/msg.h       one received message */
struct rill_arena;     /* rill/arena.h     a heap that can be lent */
struct rill_writer;    /* rill/lock.h      a process that writes in an arena that several write */
struct rill_allocator; /* rill/allocator.h who places blocks in an arena */

/* The version of the library that runs, major * 10000 + minor * 100 + patch. Compare with RILL_VERSION_* to learn what
 * you were compiled against. May be called at any time, from any thread, in a forked child too. Never fails. */
RILL_API unsigned rill_version(void);

#ifdef __cplusplus
}
#endif
#endif
