/* core/wait/wait.h - what the layers above need of the wait core: sources, and the rules that make callbacks safe:
 *
 *   while depth > 0 nothing is unlinked or freed (source_doom() defers it);
 *   when depth returns to 0 the loop hears what changed.
 *
 * A source is a struct that its owner embeds: a watch, a deadline, rings to look at, or any of these. The core knows
 * nothing else about sessions, listeners and arenas. Every public call that may change a source's state is bracketed by
 * ctx_enter() and ctx_leave(); a callback of the user's runs only below turn(), never elsewhere.
 */
#ifndef CORE_WAIT_WAIT_H
#define CORE_WAIT_WAIT_H

#include "link.h"

#include <assert.h>
#include <errno.h>
#include <rill/ctx.h>
#include <rill/stats.h>
#include <string.h>

#define MSEC UINT64_C(1000000) /* ns */

/* Off the hot path, and out of its functions: they save no registers for it. */
#define RARE __attribute__((noinline, cold))

struct source;
struct json;

/* All but `wants` may be NULL where a source has no use for it. None may free the source: source_doom(). */
struct source_ops {
	short (*wants)(const struct source *s);       /* derived from state: events to wait for; never 0 while watched */
	uint64_t (*deadline)(const struct source *s); /* derived from state: absolute ns or RILL_NEVER */
	void (*ready)(struct source *s);              /* its fd may be ready: read it, do not call the user yet */
	void (*due)(struct source *s, uint64_t now);  /* its deadline passed (may be early or repeated: check) */

	/* One turn over what is left to do without a system call: look at rings, deliver within the budget, tell what is to
	 * be told. Called while the source is awake. Returns messages taken + events told. */
	unsigned (*turn)(struct source *s);

	/* Arm, then look once more, taking nothing. true: at rest; the source leaves the awake list. false: work is left and
	 * the ctx's deadline becomes "now". NULL: at rest after a turn. */
	bool (*rest)(struct source *s);

	void (*stats)(const struct source *s, struct rill_stats *sum); /* add its counters */
	void (*json)(const struct source *s, struct json *j);          /* write its object */

	void (*drop)(struct source *s);   /* the ctx is destroyed: end at once, without callbacks; must source_doom(). */
	void (*child)(struct source *s);  /* the same in a forked child: close and unmap, nothing else; must source_doom() */
	void (*finish)(struct source *s); /* doomed, depth is 0, on no list of the ctx: free */
};

struct source {
	struct rill_watch watch; /* fd is -1 while not watched */
	const struct source_ops *ops;
	struct source *whole; /* whose turns follow ready(): itself, or what it is a second descriptor of */
	struct rill_ctx *ctx;
	struct link all;    /* in ctx->sources, from source_add() to source_doom() */
	struct link awake;  /* in ctx->awake */
	struct link dirty;  /* in ctx->dirty: wants or deadline may have changed */
	struct link doomed; /* in ctx->doomed */
	bool gone;          /* doomed: nothing brings it back */
	size_t heap_index;  /* in ctx->heap; SIZE_MAX: not in it */
	uint64_t when;      /* the deadline that the heap knows */
	uint64_t took;      /* the dispatch whose turns gave something last */
};

/* Register (no fd yet). The last step that can fail in a constructor, before source_watch().  -ENOMEM.
 * ctx is not referenced by it: see ctx_ref(). */
int source_add(struct source *s, struct rill_ctx *ctx, const struct source_ops *ops);

/* The same for a second descriptor of a source, or a deadline beside it: at rest it is not looked at, for it has no rings, and
 * it is doomed before `whole` is finished. */
int source_add_part(struct source *s, struct source *whole, const struct source_ops *ops);

/* Wait for fd, with the events that ops->wants() gives. What the loop's `add` gave, -ENOMEM, -EEXIST (watched). */
int source_watch(struct source *s, int fd);

/* Tell the loop to forget the fd, now. Call it before close(). Not watched: nothing. */
void source_unwatch(struct source *s);

/* State that wants() or deadline() derive from has changed; they are asked at the end of the outermost call. */
void source_changed(struct source *s);

/* There is something for turn() to do: in this dispatch if it is about this source, else the deadline becomes "now". */
void source_wake(struct source *s);

/* Unwatch, take off all lists, finish() at depth 0 (at once if it is 0). May be called twice. */
void source_doom(struct source *s);

/* What every call touches. It comes first in struct rill_ctx, whose rest only core/wait knows. */
struct ctx_front {
	volatile int *state; /* enum ctx_state, alone on a page that is wiped on fork */
	unsigned depth;      /* of ctx_enter() */
	unsigned budget;
	int session_budget;
	bool dispatching;    /* callbacks may be running */
	bool unsettled;      /* something to do when depth returns to 0 */
	uint64_t dispatches; /* and polls, ever begun */
};

/*   LIVE -> DESTROYED (memory goes at depth 0, the struct with its last reference)
 *   either -> FORKED, in a child: the kernel clears the page that holds the state */
enum ctx_state { CTX_FORKED = 0, CTX_LIVE = 1, CTX_DESTROYED = 2 };

static inline struct ctx_front *ctx_front(const struct rill_ctx *ctx)
{
	return (struct ctx_front *)(uintptr_t)ctx;
}

/* 0, -ECHILD after a fork, -ECANCELED if the ctx was destroyed, -EINVAL for NULL. */
static inline int ctx_check(const struct rill_ctx *ctx)
{
	if (!ctx)
		return -EINVAL;
	if (*ctx_front(ctx)->state == CTX_LIVE)
		return 0;
	return *ctx_front(ctx)->state == CTX_FORKED ? -ECHILD : -ECANCELED;
}

/* Bracket a public call. leave() settles at the outermost end: doomed sources are finished, the loop hears of changes. */
static inline void ctx_enter(struct rill_ctx *ctx)
{
	ctx_front(ctx)->depth++;
}

void ctx_settle(struct rill_ctx *ctx); /* for ctx_leave() alone: the ctx may be gone afterwards */

static inline void ctx_leave(struct rill_ctx *ctx)
{
	if (ctx_front(ctx)->depth == 1 && ctx_front(ctx)->unsettled)
		ctx_settle(ctx);
	else
		ctx_front(ctx)->depth--;
}

/* Callbacks may be running: budgets hold. */
static inline bool ctx_in_dispatch(const struct rill_ctx *ctx)
{
	return ctx_front(ctx)->dispatching;
}

/* How many dispatches and polls there were, the running one included. */
static inline uint64_t ctx_dispatches(const struct rill_ctx *ctx)
{
	return ctx_front(ctx)->dispatches;
}

static inline unsigned ctx_budget(const struct rill_ctx *ctx)
{
	return ctx_front(ctx)->budget;
}

static inline int ctx_session_budget(const struct rill_ctx *ctx)
{
	return ctx_front(ctx)->session_budget;
}

/* Counters (stats.c). Add; high waters are compared. Hand out as far as to->size says: 0, -EINVAL. */
void stats_add(struct rill_stats *to, const struct rill_stats *more);
int stats_give(struct rill_stats *to, const struct rill_stats *from);

/* A text that may be longer than its room. Members end in a comma, but for the last of an object. */
struct json {
	char *to;
	size_t size, len;
};
void json_put(struct json *j, const char *format, ...) __attribute__((format(printf, 2, 3)));
void json_text(struct json *j, const char *name, const char *text);
void json_session(struct json *j, const struct rill_stats *stats);
void json_channel(struct json *j, const struct rill_stats *stats);

uint64_t ctx_now(const struct rill_ctx *ctx);   /* reads the clock */
void ctx_dispose(struct rill_ctx *ctx, int fd); /* close a message's descriptor that nobody took: the user's hook */
void ctx_close(struct rill_ctx *ctx, int fd);   /* close any other that a peer sent: it does not linger */

/* The struct stays (destroyed, but answering ctx_check()) until the last reference is gone: held messages need that. */
void ctx_ref(struct rill_ctx *ctx);
void ctx_unref(struct rill_ctx *ctx);

/* Sized tables. Copy `size` bytes of a caller's struct, whose first member is size_t size, over zeroed `to` of `known`
 * bytes. 0;  -EINVAL size is 0 or smaller than a size_t;  -E2BIG unknown fields that are not zero. NULL from: all zero. */
int table_copy_other(void *to, size_t known, const void *from);

static inline int table_copy(void *to, size_t known, const void *from)
{
	size_t size = 0;

	if (from)
		memcpy(&size, from, sizeof(size));
	if (size != known)
		return table_copy_other(to, known, from);
	memcpy(to, from, known);
	return 0;
}

#endif
