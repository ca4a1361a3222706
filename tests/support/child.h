/* tests/support/child.h - a forked process of a test, and steps that both sides take together.
 *
 * A child never returns into the test: it ends by _exit() with what its body gives. cmocka's asserts jump, so a child must
 * not use them: CHILD_CHECK() ends it with 99 and says where. It is killed when its parent dies. */
#ifndef TESTS_SUPPORT_CHILD_H
#define TESTS_SUPPORT_CHILD_H

#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

struct child {
	pid_t pid; /* in the child itself: 0 */
	int fd;    /* of the step channel: tell and hear */
};

#define CHILD_FAILED 99

#define CHILD_CHECK(fact)                                                                       \
	do {                                                                                    \
		if (!(fact)) {                                                                  \
			fprintf(stderr, "# child: %s:%d: not %s\n", __FILE__, __LINE__, #fact); \
			_exit(CHILD_FAILED);                                                    \
		}                                                                               \
	} while (0)

/* Fork; the child runs body and exits with its result (0 to 255). 0 or a negative errno. */
int child_start(struct child *c, int (*body)(struct child *self, void *arg), void *arg);

/* Both sides, both ways: say a step, wait for one (-EPIPE: the other side is gone, -ETIMEDOUT). */
int child_tell(struct child *c, unsigned char step);
int child_hear(struct child *c, int timeout_ms);

/* Wait for its end: the exit status, or -signal that killed it, or -ETIMEDOUT (it runs on). Closes the step channel. */
int child_wait(struct child *c, int timeout_ms);

int child_kill(struct child *c); /* SIGKILL, and wait. Gives what child_wait() does */

#endif
