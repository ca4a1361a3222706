/* tests/fuzz/support/afl.c - a fuzz target as AFL++ runs it: many inputs in one process, from memory that it shares. */
#include "tests/fuzz/support/still.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__AFL_FUZZ_INIT();

/* What a target's own mutator calls: AFL++ mutates by itself. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t room);

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t room)
{
	(void)bytes, (void)room;
	return len;
}

int main(void)
{
	__AFL_INIT();
	while (__AFL_LOOP(10000)) {
		size_t len = (size_t)__AFL_FUZZ_TESTCASE_LEN;
		uint8_t *exact = calloc(1, len ? len : 1);

		if (!exact)
			return 1;
		memcpy(exact, __AFL_FUZZ_TESTCASE_BUF, len);
		LLVMFuzzerTestOneInput(exact, len);
		free(exact);
	}
	return 0;
}
