/* tests/support/leaks.h - what a process has open, compared before and after: descriptors, memfd mappings, children,
 * threads, signal dispositions.
 *
 *	cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)
 *
 * or a snapshot taken and compared by hand. Says on stderr what is new or gone. */
#ifndef TESTS_SUPPORT_LEAKS_H
#define TESTS_SUPPORT_LEAKS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#define LEAKS_FDS 1024 /* descriptors above are counted, not named */

struct leaks {
	unsigned char open[LEAKS_FDS];
	size_t fds;
	size_t mappings;  /* of memfds */
	size_t shm_files; /* of ours in /dev/shm */
	size_t threads;
	bool children;
	struct sigaction signals[NSIG];
};

void leaks_take(struct leaks *ret);

/* How many kinds differ from `before`; 0: all is as it was. */
int leaks_since(const struct leaks *before);

/* The parts, for tests that count. */
size_t leaks_fds(void);
size_t leaks_mappings(void);
size_t leaks_threads(void);  /* entries of /proc/self/task */
size_t leaks_resident(void); /* bytes in memory, shared ones included; 0: unknown */

/* cmocka fixtures. They keep their snapshot to themselves: *state stays the test's. */
int leaks_setup(void **state);
int leaks_teardown(void **state);

#endif
