/* core/wait/table.c - tables that callers fill: their size says how much of them this caller knows. */
#include "wait.h"

#include <errno.h>
#include <string.h>

#define TABLE_MAX 4096 /* more is no table but a size that was never set */

int table_copy_other(void *to, size_t known, const void *from)
{
	const unsigned char *bytes = from;
	size_t size = known, i;

	if (from)
		memcpy(&size, from, sizeof(size));
	if (size < sizeof(size))
		return -EINVAL;
	if (size > TABLE_MAX)
		return -E2BIG;
	for (i = known; i < size; i++)
		if (bytes[i])
			return -E2BIG;
	memset(to, 0, known);
	if (from)
		memcpy(to, from, size < known ? size : known);
	return 0;
}
