/* tests/unit/wait/fake.h - a source that counts what the core asks of it and does what the test says. */
#ifndef TESTS_UNIT_WAIT_FAKE_H
#define TESTS_UNIT_WAIT_FAKE_H

#include "tests/loops/notes.h"
#include "wait/wait.h"

#include <stdlib.h>

struct fake {
	struct source source;
	short wants;
	uint64_t when;
	unsigned gives;   /* what the next turn returns; 0 afterwards */
	bool gives_again; /* ... but not afterwards */
	bool restless;    /* rest() gives false */
	unsigned readies, dues, turns, rests;
	void (*on_turn)(struct fake *f);
	void (*on_ready)(struct fake *f);
	void *with; /* for these */
	struct counts *counts;
};

/* Outlives the fakes. */
struct counts {
	unsigned drops, children, finished;
};

static inline struct fake *fake_of(const struct source *s)
{
	return container_of(s, struct fake, source);
}

static inline short fake_wants(const struct source *s)
{
	return fake_of(s)->wants;
}

static inline uint64_t fake_deadline(const struct source *s)
{
	return fake_of(s)->when;
}

static inline void fake_ready(struct source *s)
{
	struct fake *f = fake_of(s);

	f->readies++;
	if (f->on_ready)
		f->on_ready(f);
}

static inline void fake_due(struct source *s, uint64_t now)
{
	struct fake *f = fake_of(s);

	f->dues++;
	if (f->when <= now)
		f->when = RILL_NEVER;
}

static inline unsigned fake_turn(struct source *s)
{
	struct fake *f = fake_of(s);
	unsigned gives = f->gives;

	f->turns++;
	if (!f->gives_again)
		f->gives = 0;
	if (f->on_turn)
		f->on_turn(f);
	return gives;
}

static inline bool fake_rest(struct source *s)
{
	struct fake *f = fake_of(s);

	f->rests++;
	return !f->restless;
}

static inline void fake_drop(struct source *s)
{
	fake_of(s)->counts->drops++;
	source_doom(s);
}

static inline void fake_child(struct source *s)
{
	fake_of(s)->counts->children++;
	source_doom(s);
}

static inline void fake_finish(struct source *s)
{
	fake_of(s)->counts->finished++;
	free(fake_of(s));
}

static const struct source_ops fake_ops = {
	.wants = fake_wants,
	.deadline = fake_deadline,
	.ready = fake_ready,
	.due = fake_due,
	.turn = fake_turn,
	.rest = fake_rest,
	.drop = fake_drop,
	.child = fake_child,
	.finish = fake_finish,
};

/* The fd is a number for the loop to note and nothing else; -1: none. NULL: it could not be added or watched. */
static inline struct fake *fake_create(struct rill_ctx *ctx, struct counts *counts, const struct source_ops *ops, int fd)
{
	struct fake *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->wants = POLLIN;
	f->when = RILL_NEVER;
	f->counts = counts;
	ctx_enter(ctx);
	if (source_add(&f->source, ctx, ops) < 0) {
		free(f);
		f = NULL;
	} else if (fd >= 0 && source_watch(&f->source, fd) < 0) {
		source_doom(&f->source);
		f = NULL;
	}
	ctx_leave(ctx);
	return f;
}

static inline void fake_changes(struct fake *f, short wants, uint64_t when)
{
	ctx_enter(f->source.ctx);
	f->wants = wants;
	f->when = when;
	source_changed(&f->source);
	ctx_leave(f->source.ctx);
}

static inline void fake_wakes(struct fake *f)
{
	ctx_enter(f->source.ctx);
	source_wake(&f->source);
	ctx_leave(f->source.ctx);
}

#endif
