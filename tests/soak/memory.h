/* tests/soak/memory.h - how much memory there is, and how much the memfds that this process maps take. */
#ifndef TESTS_SOAK_MEMORY_H
#define TESTS_SOAK_MEMORY_H

#include <stddef.h>
#include <stdint.h>

uint64_t memory_available(void);

/* Bytes of all memfds that are mapped here, each counted once, touched by us or not. Without the right to look there: those
 * that we have touched. */
size_t shared_memory(void);

#endif
