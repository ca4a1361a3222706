/* tests/support/syscalls.h - count the system calls that a process and its children make in marked sections.
 *
 * syscalls_trace() runs a body in a forked process under ptrace; strace is not needed. The body marks what is to be counted:
 *
 *	syscalls_begin(0);  ...  syscalls_end();
 *
 * Each process, with all its threads, has its own section at a time, so two ends of a session count as sections 0 and 1. */
#ifndef TESTS_SUPPORT_SYSCALLS_H
#define TESTS_SUPPORT_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

#define SYSCALLS_SECTIONS 8
#define SYSCALLS_NUMBERS 512

struct syscalls {
	uint64_t count[SYSCALLS_SECTIONS][SYSCALLS_NUMBERS]; /* by section and __NR_ */
	uint64_t entered[SYSCALLS_SECTIONS]; /* how often the section was begun: 0 means that nothing was looked at */
};

/* Is counting possible and meaningful: not under valgrind or a sanitizer, which make calls of their own. */
bool syscalls_countable(void);

/* Run body(arg) traced. Its result (0 to 255), -signal if it was killed, or a negative errno above 1000 subtracted:
 * -1000 - errno, when it could not be traced. The process and all it forked are dead on return. */
int syscalls_trace(struct syscalls *ret, int (*body)(void *arg), void *arg);
#define SYSCALLS_ERROR 1000

/* In the traced process. Without a tracer they do nothing. Not nested. */
void syscalls_begin(unsigned section);
void syscalls_end(void);

uint64_t syscalls_sum(const struct syscalls *s, unsigned section);
void syscalls_print(const struct syscalls *s, unsigned section); /* on stderr, by number */

#endif
