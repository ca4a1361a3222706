/* core/wait/version.c - which library runs. */
#include <rill/base.h>

unsigned rill_version(void)
{
	return RILL_VERSION_MAJOR * 10000 + RILL_VERSION_MINOR * 100 + RILL_VERSION_PATCH;
}
