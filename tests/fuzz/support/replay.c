/* tests/fuzz/support/replay.c - a fuzz target without a fuzzer. Alone it is a test: all inputs that were found before, and the
 * target's own first ones, pass. With file names it runs these; with --seeds DIR it writes the first ones there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fuzz/support/still.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1 << 16)

static uint8_t input[INPUT_MAX];
static const char *name;

/* What a target's own mutator calls. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t room);

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t room)
{
	(void)bytes, (void)room;
	return len;
}

/* From memory of exactly its length: a step outside is seen. */
static void run(const uint8_t *bytes, size_t len)
{
	uint8_t *exact = calloc(1, len ? len : 1);

	if (!exact)
		return;
	memcpy(exact, bytes, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
}

static bool run_file(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t len;

	if (!f)
		return false;
	len = fread(input, 1, sizeof(input), f);
	fclose(f);
	fprintf(stderr, "%s\n", path);
	run(input, len);
	return true;
}

static void what_was_found_before_passes(void **state)
{
	char dir[256], path[600];
	struct dirent **found;
	int count;

	(void)state;
	snprintf(dir, sizeof(dir), "tests/fuzz/found/%s", name);
	count = scandir(dir, &found, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, found[i]->d_name);
		if (found[i]->d_name[0] != '.')
			assert_true(run_file(path));
		free(found[i]);
	}
	if (count >= 0)
		free(found);
}

static void each_first_input_and_each_part_of_it_passes(void **state)
{
	(void)state;
	run(input, 0);
	for (unsigned n = 0; fuzz_seed; n++) {
		size_t len = fuzz_seed(n, input, sizeof(input));

		if (!len)
			break;
		for (size_t part = 1; part < len; part += 1 + part / 16)
			run(input, part);
		run(input, len);
	}
}

static int write_seeds(const char *dir)
{
	char path[600];
	size_t len;

	for (unsigned n = 0; fuzz_seed && (len = fuzz_seed(n, input, sizeof(input))); n++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/seed-%u", dir, n);
		f = fopen(path, "we");
		if (!f || fwrite(input, 1, len, f) != len || fclose(f))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_found_before_passes),
		cmocka_unit_test(each_first_input_and_each_part_of_it_passes),
	};

	name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
		return write_seeds(argv[2]);
	for (int i = 1; i < argc; i++)
		if (!run_file(argv[i]))
			return 1;
	return argc > 1 ? 0 : cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
