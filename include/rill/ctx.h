/* rill/ctx.h - the wait core: what one thread's objects wait for, and the loop contract.
 *
 * The core never waits. It reports descriptors, the events it waits for on them, and one deadline; your loop waits and
 * calls rill_ctx_dispatch(). Adapters (rill/epoll.h, rill/libevent.h, ...) do that for known loops; the rest of this
 * header is all that one needs to write another. docs/loop-contract.md has the promises of both sides.
 */
#ifndef RILL_CTX_H
#define RILL_CTX_H

#include <poll.h>
#include <rill/base.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The loop contract ----------------------------------------------------------------------------------------- */

/* One descriptor and what we wait for on it. `fd` never changes; `events` is POLLIN, POLLOUT or both, never 0.
 * Level-triggered (an edge-triggered loop is legal too). Ours; it is valid from `add` until `remove` returns. */
struct rill_watch {
	int fd;
	short events;
	void *adapter; /* yours; NULL at `add`, we never touch it afterwards */
};

/* How a loop hears of changes. A hook must not call the library, and hooks are never nested.
 * `add`, `update`, `remove` are required; so is `deadline`. `release` may be NULL. */
struct rill_loop {
	size_t size; /* sizeof(struct rill_loop) */

	/* Wait for w->events on w->fd from now on. Called at once, in the call that needs it. 0, or a negative errno:
	 * that call then fails with it and nothing has changed. */
	int (*add)(void *loop, struct rill_watch *w);

	/* w->events has changed. Called once, at the end of the outermost library call, and only if it differs from what
	 * was told last. Cannot fail: prepare in `add` what could. */
	void (*update)(void *loop, struct rill_watch *w);

	/* Forget w. Called at once, just before the fd is closed. After it returns w must never be dispatched again,
	 * not even from a batch of events that was fetched before. */
	void (*remove)(void *loop, struct rill_watch *w);

	/* Call rill_ctx_dispatch(ctx, NULL) once, when CLOCK_MONOTONIC reaches `when` (ns). It replaces the last deadline;
	 * a time that has passed means now; RILL_NEVER cancels. Called at the end of the outermost call, only if changed,
	 * and always after a dispatch(NULL), so that a timer that fired early is not lost. */
	void (*deadline)(void *loop, uint64_t when);

	/* The last call: no watch is left (each was removed). Free `loop`. It may run inside your own handler, during
	 * rill_ctx_dispatch(). In a forked child it comes without `remove`: free only what the loop no longer refers to. */
	void (*release)(void *loop);
};

/* ---- The ctx --------------------------------------------------------------------------------------------------- */

struct rill_ctx_options {
	size_t size; /* sizeof(struct rill_ctx_options) */
	/* ns; NULL: CLOCK_MONOTONIC. It must never go back, and must go on by itself where linger_ns or spin_ns wait for it.
	 * Deadlines are of this clock, and the adapters take them for CLOCK_MONOTONIC: one of your own is for tests, with the
	 * pull view or a loop of your own. */
	uint64_t (*now)(void *clock);
	void *clock;            /* passed to now() */
	uint64_t linger_ns;     /* after a dispatch that delivered something go on looking at the rings this long
	                                 * before arming the doorbells; default 0: not at all */
	uint64_t linger_max_ns; /* for one dispatch in all; then the loop gets its turn, and the next dispatch goes
	                                 * on if something came of late; default 8 * linger_ns */
	unsigned budget;        /* messages per channel and turn: then rill_channel_recv() gives -EAGAIN and the
	                                 * rest comes next turn; default 64 */
	/* Closes a descriptor that came with a message and that nobody took. Runs inside rill_msg_release() and where channels
	 * and sessions end; after rill_ctx_destroy() the default does it. It must not call the library. NULL: SO_LINGER cleared
	 * (else its sender could make us wait), close(). dispose_user must live as long as the ctx. */
	void (*dispose)(int fd, void *user);
	void *dispose_user;
	unsigned session_budget; /* what the channels of a session share in a turn: messages, cancelled ones, packets of its
	                                 * peer (16 each, of a read half the budget at most); default: budget; at least 4 */
};

/* Create a ctx. It makes no descriptor and no thread; it maps one page. Until a loop is attached the pull view
 * (rill_ctx_pollfds(), rill_ctx_timeout_ms()) is how you wait.
 *   -E2BIG   options->size is larger than known and the rest is not zero;   -ENOMEM */
RILL_API int rill_ctx_create(struct rill_ctx **ret_ctx, const struct rill_ctx_options *options);

/* Close all that lives in the ctx, tell the loop to remove each watch, then `release`. Open sessions end abruptly (their
 * peers are told -ECONNABORTED); one that rill_session_close() was called on before ends in order, unless its socket was
 * full: then what rill_session_close() left to do is lost. To be sure, dispatch until rill_ctx_done(). Arenas are destroyed
 * without running destructors (rill_arena_destroy() before runs them). Messages, and what was lent, stay readable. May be
 * called in a callback (memory is then freed as the outermost dispatch returns) and, as the only call, in a forked child. */
RILL_API void rill_ctx_destroy(struct rill_ctx *ctx);

/* Let `loop` wait for this ctx from now on: `add` is called for each watch there is, then `deadline`. `ops` must live as
 * long as the attachment (a static const table).
 *   -EBUSY   a loop is attached already, or called inside a callback
 *   -EINVAL  ops->size is 0 or a required hook is NULL;   -E2BIG
 *   any code that `add` gave: watches added before it were removed again; `release` is not called */
RILL_API int rill_ctx_attach(struct rill_ctx *ctx, const struct rill_loop *ops, void *loop);

/* The opposite: `remove` for each watch, then `release`. Without an attached loop, or in a forked child, nothing happens.
 * May be called in a callback. */
RILL_API void rill_ctx_detach(struct rill_ctx *ctx);

/* For adapters: the `loop` that attach was given if `ops` is the same table, else NULL (another loop, none). */
RILL_API void *rill_ctx_loop(const struct rill_ctx *ctx, const struct rill_loop *ops);

/* One thing happened. A watch: it is ready, in whatever way. NULL: the deadline passed; only what is due or left over is
 * run, and no descriptor is tried. Of what was left over by an earlier dispatch a watch is only read: the rest comes with
 * NULL, for the deadline is "now" then. Waking us for nothing is harmless. Runs callbacks.
 *
 * Make it the last statement of your handler: on return the watch, and even the ctx, may be gone.
 *   0           done
 *   -ECANCELED  a callback destroyed the ctx
 *   -EBUSY      called inside a callback: callbacks are never nested */
RILL_API int rill_ctx_dispatch(struct rill_ctx *ctx, struct rill_watch *ready);

/* The same by descriptor, for loops that have only that. An fd that is not (or no longer) ours: 0, nothing happens. */
RILL_API int rill_ctx_dispatch_fd(struct rill_ctx *ctx, int fd);

/* "I do not know what happened": every watch is tried, and what is due is run. Costs what is open; nothing else may. */
RILL_API int rill_ctx_dispatch_all(struct rill_ctx *ctx);

/* Rings only, no system call (the clock aside), until something was delivered or spin_ns are over (0: one look). Runs
 * callbacks. Returns the number of messages taken and of events told. It does not arm the doorbells: once something was
 * delivered the deadline is "now" until the next rill_ctx_dispatch(ctx, NULL), so a loop that asks cannot fall asleep on
 * data. It reads the socket only for what a message names or an earlier read left: new channels, closes and hang-ups are
 * seen by a dispatch of the watch, so call one now and then.
 *   -ECANCELED  a callback destroyed the ctx;   -EBUSY  called inside a callback */
RILL_API int rill_ctx_poll(struct rill_ctx *ctx, uint64_t spin_ns);

/* ---- The pull view: the same set, the same deadline, for hand-written loops ------------------------------------ */

/* How many watches there are; the first `count` of them are written to fds (revents 0). The answer holds until the next
 * call into the library. In a forked child or for a destroyed ctx: 0. A loop of this kind calls
 * rill_ctx_dispatch(ctx, NULL) each time the deadline has passed, ready descriptors or not. */
RILL_API size_t rill_ctx_pollfds(const struct rill_ctx *ctx, struct pollfd *fds, size_t count);

/* When rill_ctx_dispatch(ctx, NULL) is due: ns of the ctx's clock, 0 for "now", RILL_NEVER for never. */
RILL_API uint64_t rill_ctx_deadline(const struct rill_ctx *ctx);

/* The same as a timeout for poll(): ms, rounded up, at most INT_MAX; 0 now, -1 never. */
RILL_API int rill_ctx_timeout_ms(const struct rill_ctx *ctx);

/* Nothing is watched, and nothing is or will be due: all sessions are closed or over, and what that took has been done. A loop
 * that has no other work ends here. True of NULL, of a destroyed ctx and in a forked child. */
static inline bool rill_ctx_done(const struct rill_ctx *ctx)
{
	return rill_ctx_pollfds(ctx, NULL, 0) == 0 && rill_ctx_deadline(ctx) == RILL_NEVER;
}

#ifdef __cplusplus
}
#endif
#endif
