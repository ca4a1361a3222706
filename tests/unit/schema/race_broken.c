/* tests/unit/schema/race_broken.c - the driver of race.c on a runtime that loads a word twice: how many structs are in a list,
 * once to check it and once to use it. The driver must fail there, or it shows nothing. The two are some time
 * apart, so that the peer runs between them on a busy machine, too. Skipped without a compiler. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/rounds.h"

#define ONCE "\\t[*]ret = l;"
#define AGAIN               \
	"\\tusleep(20);\\n" \
	"\\tif (l.kind == RILL_LIST_STRUCT) l.count = (uint32_t)rill_load_u64(l.data - 8) >> 2;\\n\\t*ret = l;"

__attribute__((format(printf, 1, 2))) static int run(const char *format, ...)
{
	char line[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return system(line);
}

static void a_second_load_of_a_word_is_noticed(void **state)
{
	char folder[] = "/tmp/rill-broken-XXXXXX";
	int r;

	(void)state;
	if (run("command -v ${CC:-cc} >/dev/null 2>&1") != 0 || sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip();
	assert_non_null(mkdtemp(folder));
	assert_int_equal(run("sed 's/^" ONCE "/" AGAIN "/' core/schema/reader.c >%s/reader.c", folder), 0);
	assert_int_not_equal(run("cmp -s core/schema/reader.c %s/reader.c", folder), 0);
	assert_int_equal(run("${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -include unistd.h -Iinclude -Icore -I. -o %s/race "
	                     "tests/unit/schema/race.c"
	                     " tests/support/child.c tests/support/traverse.c tests/support/rounds.c %s/reader.c"
	                     " $(ls core/schema/*.c | grep -v reader.c) -lcmocka",
	                     folder, folder),
	                 0);
	r = run("RILL_RACE_SECONDS=%u %s/race >/dev/null 2>&1", rounds_of(30, 30, 120), folder);
	run("rm -rf %s", folder);
	assert_int_not_equal(r, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_load_of_a_word_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
