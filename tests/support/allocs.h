/* tests/support/allocs.h - count heap allocations, and refuse chosen ones.
 *
 * The linker wraps malloc and its kin in every object of a test program and of Rill (--wrap, see Makefile), so that it
 * works under sanitizers and valgrind too. What libc itself allocates inside is not seen. */
#ifndef TESTS_SUPPORT_ALLOCS_H
#define TESTS_SUPPORT_ALLOCS_H

#include <stdint.h>

uint64_t allocs_made(void);  /* successful calls that gave a block, since the process began */
uint64_t allocs_freed(void); /* blocks given to free, or moved by realloc */

/* Refuse the n-th call from now on (1: the next), and that one only; 0: none. Counts down in this process only. */
void allocs_refuse(uint64_t n);

/* Refuse all calls from the n-th on, until allocs_refuse(0). */
void allocs_refuse_from(uint64_t n);

uint64_t allocs_refused(void); /* how many were refused so far */

#endif
