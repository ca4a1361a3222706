/* core/schema/compiler/main.c - capnpc-rill: reads a CodeGeneratorRequest from its input, writes C.
 *
 *	capnp compile -orill file.capnp         into the folder of file.capnp: file.rill.h, file.rill.c
 *	capnp compile -orill:out file.capnp     into out/
 */
#include "schema/compiler/generate.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUEST_WORDS_MAX ((uint64_t)32 << 20) /* 256 MiB */
#define TRAVERSAL (REQUEST_WORDS_MAX * 256)    /* nodes are looked at again and again */

static int fail(const char *what)
{
	fprintf(stderr, "capnpc-rill: %s\n", what);
	return 1;
}

/* All of the input; NULL: it cannot be read, or is longer than any request. */
static uint64_t *read_all(int fd, size_t *ret_len)
{
	size_t room = 1 << 16, len = 0;
	char *at = malloc(room);

	while (at) {
		ssize_t n = read(fd, at + len, room - len);
		char *more;

		if (n == 0) {
			*ret_len = len;
			return (uint64_t *)(void *)at;
		}
		if (n < 0 || len + (size_t)n > REQUEST_WORDS_MAX * RILL_WORD)
			break;
		len += (size_t)n;
		if (len < room)
			continue;
		room *= 2;
		more = realloc(at, room);
		if (!more)
			break;
		at = more;
	}
	free(at);
	return NULL;
}

static void make_folders(const char *path)
{
	char folder[4096];
	size_t i;

	for (i = 0; path[i] && i + 1 < sizeof(folder); i++) {
		folder[i] = path[i];
		if (path[i] != '/')
			continue;
		folder[i] = 0;
		mkdir(folder, 0777); /* where it is no folder then, opening the file says so */
		folder[i] = '/';
	}
}

static int write_file(void *user, const char *path, const char *text, size_t len)
{
	FILE *f;
	int bad;

	(void)user;
	make_folders(path);
	f = fopen(path, "w");
	if (!f)
		return -1;
	bad = fwrite(text, 1, len, f) != len;
	bad |= fclose(f) != 0;
	return bad ? -1 : 0;
}

int main(void)
{
	static struct rill_segment segments[RILL_SEGMENTS_MAX];
	struct rill_reader_options options = {.size = sizeof(options), .words = TRAVERSAL};
	struct rill_reader reader;
	char error[512];
	size_t len;
	uint64_t *request = read_all(STDIN_FILENO, &len);
	ssize_t count;
	int r;

	if (!request)
		return fail("the request cannot be read");
	count = rill_frame_read(segments, RILL_SEGMENTS_MAX, request, len, REQUEST_WORDS_MAX);
	if (count < 0 || rill_reader_init(&reader, segments, (size_t)count, &options) < 0) {
		free(request);
		return fail("the input is no CodeGeneratorRequest: this program is run by `capnp compile -orill`");
	}
	r = generate(code_generator_request_of(rill_reader_root(&reader)), write_file, NULL, error, sizeof(error));
	free(request);
	return r < 0 ? fail(error) : 0;
}
