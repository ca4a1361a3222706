/* tests/support/rounds.h - how much of a long test to run, and which random numbers it draws.
 *
 * RILL_SHORT=1 (valgrind) and RILL_LONG=1 (check-all) choose the form; RILL_SEED=N repeats a run. */
#ifndef TESTS_SUPPORT_ROUNDS_H
#define TESTS_SUPPORT_ROUNDS_H

#include <stdbool.h>
#include <stdint.h>

unsigned rounds_of(unsigned in_short, unsigned usual, unsigned in_long);

/* RILL_SEED, or one from the clock; printed on the first call, so that a failure can be repeated. Never 0. */
uint64_t rounds_seed(void);

/* The next number of the sequence in *state, which begins as a seed. */
uint64_t rounds_random(uint64_t *state);

/* In the long form, what a test has to show: `proof NAME VALUE LIMIT ok|short`, ok from the limit on. Else nothing. */
void rounds_proof(const char *name, uint64_t value, uint64_t limit);

bool rounds_under_valgrind(void);
bool rounds_under_sanitizer(void); /* address or thread: more system calls, other memory */

#endif
