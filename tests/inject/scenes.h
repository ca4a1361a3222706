/* tests/inject/scenes.h - small jobs of two sides that use all of the library, written so that any call may fail: a call that
 * failed is made again, and what ended is told. Run by sweep.c (both sides in one process) and strike.c (one each in two). */
#ifndef TESTS_INJECT_SCENES_H
#define TESTS_INJECT_SCENES_H

#include "tests/inject/calls.h"
#include "tests/loops/notes.h"

#include <rill/rill.h>
#include <stdbool.h>
#include <stdint.h>

enum scene_loop { SCENE_NOTES, SCENE_EPOLL, SCENE_POLL, SCENE_SELECT, SCENE_LOOPS };
extern const char *const scene_loop_names[SCENE_LOOPS];

struct record { /* shared by both processes; each side writes its own */
	unsigned sent[2], got[2];
	unsigned step[2];
};

struct side {
	const struct scene *scene;
	enum scene_loop loop;
	bool server;
	int fd;           /* adopt: ours until it is the session's; -1: none */
	const char *path; /* listen, connect */
	struct rill_ctx_options options;
	struct record *record;

	struct rill_ctx *ctx;
	struct notes notes;
	struct rill_listener *listener;
	struct rill_session *s;
	struct rill_channel *ch;
	struct rill_arena *arena;
	void *block[4];
	struct rill_directory *directory;
	struct rill_names *names;
	struct rill_cell *cell;
	struct rill_cell_reader *reader;
	struct rill_rpc *rpc;
	uint64_t since;
	unsigned told; /* of the scene's own callbacks: how many */
	int result;    /* what the last of them said */
	unsigned step, got, destroyed, turned;
	bool done; /* all that this side had to do, it has */

	bool ended;       /* its session, and we were told */
	bool ch_ended;    /* its channel */
	int why, ch_why;  /* of these */
	int error;        /* the first call that failed: what it gave, */
	const char *call; /* and which it was */
	char wrong[256];  /* what must never be; empty: nothing */
};

struct scene {
	const char *name;
	struct rill_session_options session;
	bool listens;                                           /* by path, not by a socketpair */
	int (*offer)(struct side *sd, struct rill_channel *ch); /* what channel() does; NULL: takes it */
	bool (*go[2])(struct side *sd);                         /* after each turn: client, server. true: it did something */
};

extern const struct scene scenes[];
extern const unsigned scene_count;
extern const struct scene services[]; /* two loops are enough for these */
extern const unsigned service_count;

void side_start(struct side *sd); /* ctx, loop, session or listener */
bool side_turn(struct side *sd);  /* one turn of its loop, and go; false: nothing was to do */
void side_drain(struct side *sd); /* take what its channel still holds, whatever the scene was at */
void side_stop(struct side *sd);  /* everything of it is destroyed */

/* sweep.c, strike.c: a test program's main(); over the loops below this one */
int sweep_faults(const struct scene *list, unsigned count, enum scene_loop below);
int strike_scenes(const struct scene *list, unsigned count);

#endif
