/* tests/inject/calls.h - every system call and allocation that the library makes is a point: counted, and one of them can fail
 * in each way that its man page allows, kill its process, or stop it.
 *
 * The library's objects are linked with their calls renamed to inject_NAME (see Makefile), so the test's own calls are never
 * points. tests/lint compares what the library calls with what calls.c has. */
#ifndef TESTS_INJECT_CALLS_H
#define TESTS_INJECT_CALLS_H

#include <stdbool.h>

enum inject_act { INJECT_FAIL, INJECT_KILL, INJECT_STOP };

struct inject {
	unsigned at; /* the point where it happens, from 1; 0: nowhere */
	enum inject_act act;
	unsigned way; /* INJECT_FAIL: which way of that call, modulo how many it has */

	unsigned points;   /* so far */
	const char *name;  /* of the call at `at` */
	unsigned ways;     /* that it has */
	int error;         /* what it gave; 0: not yet, or it was another way than an error */
	unsigned happened; /* 1 from then on */
};
extern struct inject inject;

/* Everything zero but these; counting begins. */
void inject_begin(unsigned at, enum inject_act act, unsigned way);

#endif
