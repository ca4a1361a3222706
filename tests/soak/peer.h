/* tests/soak/peer.h - the peers of the soak, and how the hub starts and kills them. */
#ifndef TESTS_SOAK_PEER_H
#define TESTS_SOAK_PEER_H

#include "tests/support/child.h"

#include <rill/rill.h>
#include <stdbool.h>

void session_options(struct rill_session_options *o, bool heavy); /* the same on both sides */

void starter_start(struct child *starter);

/* Steps, each + the peer's number; true when it is done. Started peers are in ledger->pid. */
enum { STEP_START = 0, STEP_KILL = 16, STEP_WAIT = 32 };

bool starter_ask(struct child *starter, unsigned step);

#endif
