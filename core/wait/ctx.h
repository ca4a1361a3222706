/* core/wait/ctx.h - the ctx itself, for the files of core/wait alone. */
#ifndef CORE_WAIT_CTX_H
#define CORE_WAIT_CTX_H

#include "wait.h"

#include <errno.h>

struct rill_ctx {
	struct ctx_front front;
	size_t refs;    /* its owner's (until destroyed), and those of ctx_ref() */
	bool destroyed; /* what `state` cannot say in a child */
	bool tell;      /* tell the deadline again even if it is the same */

	struct link sources; /* all, but doomed ones */
	struct link awake;   /* have something for turn(), or did not get to rest */
	struct link dirty;
	struct link doomed;
	size_t source_count;
	size_t awake_count;
	size_t resting_count; /* neither awake nor source_still(): whom a look may be worth */
	struct link *cursor;  /* in sources: which of those at rest rill_ctx_poll() looked at last */

	struct source **heap; /* by `when`, the earliest first */
	size_t heap_count;
	size_t heap_room; /* >= source_count: a deadline can always be entered */

	struct source **by_fd;
	size_t by_fd_room;

	const struct rill_loop *ops; /* as attached: its address is its name. NULL: no loop */
	struct rill_loop hooks;      /* a copy, complete */
	void *loop;
	uint64_t told; /* the deadline that the loop knows */

	uint64_t polls;         /* of front.dispatches */
	unsigned looks;         /* with more than a few sources at rest */
	struct rill_stats past; /* of sources that are gone */

	bool lingering; /* linger_max_ns ended the last one: go on in the next dispatch */
	uint64_t last;  /* when something came, as the last linger knows */
	uint64_t linger_ns, linger_max_ns;
	uint64_t (*now)(void *clock);
	void *clock;
	void (*dispose)(int fd, void *user);
	void *dispose_user;
};

static inline bool ctx_live(const struct rill_ctx *ctx)
{
	return *ctx->front.state == CTX_LIVE;
}

static inline bool ctx_forked(const struct rill_ctx *ctx)
{
	return *ctx->front.state == CTX_FORKED;
}

/* Inside a callback: of a dispatch, or a destructor of an arena's, which runs below any call that may end one. */
static inline bool ctx_busy(const struct rill_ctx *ctx)
{
	return ctx->front.dispatching || ctx->front.depth > 0;
}

static inline struct source *source_of(struct link *all)
{
	return container_of(all, struct source, all);
}

/* At rest there is nothing to look at: a part, or what has no turns. */
static inline bool source_still(const struct source *s)
{
	return s->whole != s || !s->ops->turn;
}

static inline bool source_gone(const struct source *s)
{
	return s->gone;
}

void source_sleep(struct source *s);   /* off the awake list */
void source_refresh(struct source *s); /* ask for its events and its deadline; tell events that changed */

int deadline_room(struct rill_ctx *ctx, size_t count);            /* make room for so many; -ENOMEM */
void deadline_set(struct source *s, uint64_t when);               /* RILL_NEVER: none */
struct source *deadline_pass(struct rill_ctx *ctx, uint64_t now); /* take out one that is due, or NULL */

#endif
