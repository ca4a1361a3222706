/* tests/support/coverage.c - a child that ends by _exit() tells what it reached (COVERAGE=1, see Makefile, which links the
 * dump: a weak name alone takes nothing out of an archive). Of one that is killed nothing is told. */
#include <unistd.h>

void __gcov_dump(void) __attribute__((weak));
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap__exit(int status)
{
	if (__gcov_dump)
		__gcov_dump();
	__real__exit(status);
}
