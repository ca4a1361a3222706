/* tests/soak/ledger.h - what the processes of the soak share beside Rill: a page in which each notes what it has committed and
 * taken, so that the other side can say what is lost. A peer that is killed leaves its notes.
 *
 * SESSIONS lines of SLOTS channels each: peer p has the lines p * EACH and on. Even slots are opened by the peer, odd ones by
 * the hub. A slot is opened again when both sides are done with what was there. All that a message is (length, descriptors,
 * loans, bytes) follows from its stream and number: see plan_of(). */
#ifndef TESTS_SOAK_LEDGER_H
#define TESTS_SOAK_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PEERS 4
#define EACH 50
#define SESSIONS (PEERS * EACH)
#define SLOTS 50
#define LARGEST ((size_t)64 << 20)
#define LOANS 3
#define FDS 3
#define HUB_PLACE PEERS /* of what each process has: the peers', then the hub's */

enum side { HUB, PEER };
#define BOTH 3u /* sides, as bits */

/* The hub moves all from one to the next; a process says when it is there. Numbered on and on: `at % PHASES` is the phase. */
enum phase {
	LOAD,  /* whatever the seed says */
	DRAIN, /* nothing is sent any more; all that was arrives */
	REST,  /* every session is closed in order, then all that is open is counted */
	STAND, /* every session and channel stands again, one large message and one loan on each; counted again */
	PHASES
};

struct way {
	_Atomic uint64_t committed;   /* messages; by the sender, after each commit */
	_Atomic uint64_t got;         /* by the receiver */
	_Atomic uint64_t sent, taken; /* bytes: by the sender, by the receiver */
};

struct slot {
	_Atomic unsigned done;  /* bit 1 << side: it has nothing there any more */
	_Atomic uint32_t round; /* how often it was opened; by the opener */
	struct way from[2];     /* by side */
};

struct line {
	_Atomic unsigned done;
	_Atomic uint32_t round;
	_Atomic bool level; /* opened to stand: begins with one message that is the same in each */
	_Atomic bool bound; /* the hub knows which it is */
	struct slot slot[SLOTS];
};

struct count {
	size_t fds, mappings, heap, memory; /* heap: bytes in use of malloc; memory: bytes of this process alone */
};

struct ledger {
	uint64_t seed, live_limit;
	unsigned heavy;   /* every how many-th line carries messages of up to LARGEST */
	char path[2][96]; /* of the listeners: light, heavy */
	_Atomic unsigned at, reached[PEERS + 1];
	_Atomic bool failed, over, explain;
	_Atomic pid_t pid[PEERS];
	_Atomic unsigned lives[PEERS], connected[PEERS]; /* sessions that opened in its present life */
	_Atomic int64_t live[PEERS][2];                  /* bytes on their way to the other side, by sending side */
	_Atomic uint64_t messages, bytes, fds, loans, channels, sessions, closes;
	struct count count[PEERS + 1];
	struct line line[SESSIONS];
};

extern struct ledger *ledger;

void ledger_start(uint64_t seed, uint64_t live_limit);

uint64_t ledger_live(void); /* bytes, of all */

void ledger_reset(unsigned id); /* both sides are done with a line */

/* This side is done with a slot, or a line and all its slots. */
void ledger_done_slot(unsigned id, unsigned slot, enum side side);
void ledger_done_line(unsigned id, enum side side);

/* ---- What a message is ----------------------------------------------------------------------------------------- */

struct plan {
	uint64_t seed;
	size_t len;
	unsigned fds, loans;
	size_t loan_len[LOANS];
	size_t bytes; /* with the loans */
};

uint64_t mix(uint64_t a, uint64_t b);

struct plan plan_of(unsigned id, unsigned slot, uint32_t round, enum side from, uint64_t seq);

void bytes_fill(void *to, size_t len, uint64_t seed);
bool bytes_are(const void *data, size_t len, uint64_t seed);

#endif
