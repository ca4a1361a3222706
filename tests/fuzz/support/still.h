/* tests/fuzz/support/still.h - one run of a fuzz target is like the next: the same random numbers, and what is open or mapped
 * is the same after it as before. */
#ifndef TESTS_FUZZ_STILL_H
#define TESTS_FUZZ_STILL_H

#include <stddef.h>
#include <stdint.h>

void still_begin(void);
void still_end(void); /* aborts, and says what was left */

uint64_t still_clock(void *now); /* a ctx's clock: *(uint64_t *)now, a little later at each look */

/* "This must not be": a line on stderr, abort(). */
_Noreturn void still_broken(const char *what, long long with);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Input number `n` of those that a target knows to begin with; 0: there are no more. Not every target has some. */
size_t fuzz_seed(unsigned n, uint8_t *to, size_t room) __attribute__((weak));

#endif
