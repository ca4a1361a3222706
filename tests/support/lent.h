/* tests/support/lent.h - tests of structures that are built in an arena by this program and read by a borrower that is executed
 * anew (PIE and ASLR: all of its own addresses are others): with native pointers, at the same address; or anywhere.
 *
 * The borrower is the same program with two arguments: give main()'s to lent_main(). */
#ifndef TESTS_SUPPORT_LENT_H
#define TESTS_SUPPORT_LENT_H

#include <rill/rill.h>

struct lent {
	const char *name;
	void *(*build)(struct rill_arena *arena); /* in the owner: the root; NULL: it failed */
	int (*read)(const void *root); /* in the borrower: 0 right, else the line that was wrong. NULL: owner's alone */
	bool faults;                   /* reading it writes, and must end by SIGSEGV */

	/* Instead of read: of an arena that has no address of its own, as the borrower has it mapped. */
	int (*read_anywhere)(const struct rill_mapping *arena, const void *root);
};

#define LENT_CHECK(fact)                 \
	do {                             \
		if (!(fact))             \
			return __LINE__; \
	} while (0)

/* Runs all, speaks TAP. What main() returns. */
int lent_main(int argc, char **argv, const struct lent *tests, int count);

#endif
