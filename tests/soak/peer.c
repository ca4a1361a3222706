/* tests/soak/peer.c - the processes that are killed, and the one that starts them: it is forked while there is nothing yet, so
 * that what they have does not hang on what the hub has. */
#include "tests/soak/peer.h"

#include "tests/soak/load.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <rill/epoll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_heavy(unsigned id)
{
	return id % ledger->heavy == 0;
}

void session_options(struct rill_session_options *o, bool heavy)
{
	*o = (struct rill_session_options){
		.size = sizeof(*o),
		.ring_bytes = 4096,
		.channels = SLOTS + 14,
		.fds = 16,
		.arena_bytes = heavy ? 2 * LARGEST : (size_t)4 << 20,
		.handshake_ms = 60000,
		.close_ms = 120000,
	};
}

static void connect_line(unsigned id)
{
	struct line *l = &ledger->line[id];
	struct rill_session_options o;
	struct talk *t;
	int e;

	if (me.talk[id] || atomic_load(&l->done) != BOTH)
		return;
	ledger_reset(id);
	atomic_fetch_add(&l->round, 1);
	atomic_store(&l->level, phase_now() == STAND);
	atomic_store(&l->done, 0);
	session_options(&o, is_heavy(id));
	t = talk_new(NULL, (int)id, me.place);
	e = rill_session_connect(&t->s, me.ctx, ledger->path[is_heavy(id)], &o, &talk_events, t);
	if (e < 0)
		wrong("line %u: connect: %s", id, strerror(-e));
	atomic_fetch_add(&ledger->sessions, 1);
}

/* Connect what is missing; at rest, close all. */
static void tend(void)
{
	enum phase phase = phase_now();

	for (unsigned id = me.place * EACH; id < (me.place + 1) * EACH; id++) {
		if (phase == LOAD || phase == STAND)
			connect_line(id);
		else if (phase == REST && me.talk[id])
			talk_close(me.talk[id]);
	}
}

static struct child peer[PEERS]; /* the starter's */

/* What we have of them by the fork alone. */
static void close_others(const struct child *self)
{
	for (unsigned p = 0; p < PEERS; p++)
		if (&peer[p] != self && peer[p].fd > 0)
			close(peer[p].fd);
}

static int peer_body(struct child *self, void *arg)
{
	unsigned told = UINT32_MAX;

	close_others(self);
	load_start(PEER, *(unsigned *)arg);
	while (!atomic_load(&ledger->over)) {
		unsigned at = atomic_load(&ledger->at);
		int r = rill_epoll_wait(me.ctx, phase_now() != LOAD ? 20 : me.idle ? 2 : 0);

		MUST(r >= 0 || r == -EINTR);
		tend();
		load_turn();
		if (atomic_load(&ledger->explain) && told != at) {
			load_explain();
			told = at;
		}
		if (at == told || at != atomic_load(&ledger->at) || !load_there())
			continue;
		if (at % PHASES == REST || at % PHASES == STAND)
			load_count();
		atomic_store(&ledger->reached[me.place], told = at);
	}
	rill_ctx_destroy(me.ctx);
	return 0;
}

/* ---- The one that starts them ---------------------------------------------------------------------------------- */

static int starter_body(struct child *self, void *arg)
{
	unsigned number[PEERS];
	int step;

	(void)arg;
	while ((step = child_hear(self, -1)) >= 0) {
		unsigned p = (unsigned)step % 16;

		CHILD_CHECK(p < PEERS);
		number[p] = p;
		if (step >= STEP_WAIT)
			CHILD_CHECK(child_wait(&peer[p], 60000) == 0);
		else if (step >= STEP_KILL)
			CHILD_CHECK(child_kill(&peer[p]) == -9);
		else
			CHILD_CHECK(child_start(&peer[p], peer_body, &number[p]) == 0);
		atomic_store(&ledger->pid[p], peer[p].pid);
		CHILD_CHECK(child_tell(self, (unsigned char)step) == 0);
	}
	return 0;
}

void starter_start(struct child *starter)
{
	if (child_start(starter, starter_body, NULL) < 0)
		abort();
}

bool starter_ask(struct child *starter, unsigned step)
{
	return child_tell(starter, (unsigned char)step) == 0 && child_hear(starter, 60000) == (int)step;
}
