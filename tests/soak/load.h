/* tests/soak/load.h - what each process of the soak does with its sessions: open and close at random, send, take, check,
 * hold. */
#ifndef TESTS_SOAK_LOAD_H
#define TESTS_SOAK_LOAD_H

#include "tests/soak/ledger.h"

#include <rill/rill.h>

struct talk;

/* One channel's place. */
struct seat {
	struct talk *talk;
	unsigned slot;
	struct rill_channel *ch;
	uint64_t out, in; /* numbers of the next messages */
	uint32_t round;   /* of the last one seen here */
	bool opened;      /* the peer has it, too */
	bool waits;       /* for writable() */
};

/* One session. */
struct talk {
	struct rill_session *s;
	int id;        /* of its line; -1: not known yet */
	unsigned peer; /* its process */
	bool waits;
	struct seat seat[SLOTS];
};

/* This process. */
struct me {
	enum side side;
	unsigned place;
	struct rill_ctx *ctx;
	struct rill_arena *arena;
	uint64_t draw;
	struct talk *talk[SESSIONS];
	unsigned standing[PEERS]; /* sessions of each peer, the unknown ones too */
	bool dying[PEERS];        /* it may be dead already */
	bool idle;                /* nothing could be sent in the last turn */
};

extern struct me me;
extern const struct rill_session_events talk_events; /* user: a struct talk */

enum phase phase_now(void);

/* Says what is wrong and ends the process; everybody else ends, too. */
_Noreturn void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define MUST(fact)                                                         \
	do {                                                               \
		if (!(fact))                                               \
			wrong("%s:%d: not %s", __FILE__, __LINE__, #fact); \
	} while (0)

extern const struct rill_channel_events seat_events; /* user: a struct seat */

/* messages.c */
void seat_send(struct seat *c, unsigned most); /* up to so many */
void held_release(bool all);

void seat_close(struct seat *c, bool abort);

void load_start(enum side side, unsigned place);
struct talk *talk_new(struct rill_session *s, int id, unsigned peer); /* s may follow */
void talk_close(struct talk *t);

void load_turn(void);  /* some random things; only in LOAD and STAND anything is opened, only in LOAD closed */
bool load_there(void); /* this process is where the phase wants it */
void load_count(void); /* into the ledger */
void load_explain(void);

#endif
