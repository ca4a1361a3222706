/* tests/fuzz/schema_plugin.c - any bytes as what the capnp tool sends to capnpc-rill. */
#include <stdlib.h>

#include "schema/compiler/generate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* No path leads out, no NUL is in a text. */
static int look(void *user, const char *path, const char *text, size_t len)
{
	(void)user;
	if (!*path || *path == '/' || strncmp(path, "../", 3) == 0 || strstr(path, "/../") || strlen(text) != len)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rill_reader_options options = {.size = sizeof(options), .words = 1 << 18};
	struct rill_segment segments[RILL_SEGMENTS_MAX];
	uint64_t *aligned = malloc(len ? len : 1);
	struct rill_reader reader;
	char error[512];
	ssize_t count;

	if (len)
		memcpy(aligned, bytes, len);
	count = rill_frame_read(segments, RILL_SEGMENTS_MAX, aligned, len, 0);
	if (count > 0 && rill_reader_init(&reader, segments, (size_t)count, &options) == 0)
		generate(code_generator_request_of(rill_reader_root(&reader)), look, NULL, error, sizeof(error));
	free(aligned);
	return 0;
}
