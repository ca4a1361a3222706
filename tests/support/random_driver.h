/* tests/support/random_driver.h - what the programs that tests/unit/schema/random.c makes have in common.
 *
 *	make SEED N text bytes packed canonical    N messages, built at random; the canonical form of the first
 *	check text FILE...                     each file's messages print as the text does, and are the same in canonical form
 *	print FILE, pack FILE, first FILE          all of it as text; all packed; the first message alone
 */
#ifndef TESTS_SUPPORT_RANDOM_DRIVER_H
#define TESTS_SUPPORT_RANDOM_DRIVER_H

#include <rill/schema.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t rnd_state;
static char bytes[64];

__attribute__((unused)) static uint64_t rnd(void)
{
	uint64_t z = rnd_state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 32) * UINT64_C(0xD6E8FEB86659FD93);
	z = (z ^ z >> 32) * UINT64_C(0xD6E8FEB86659FD93);
	z ^= z >> 32;
	return z & 1 << 20 ? z : z >> (z >> 8) % 60; /* small ones, too */
}

/* Such as the text form gives back bit by bit: the tool prints few digits. */
__attribute__((unused)) static float rnd_f32(void)
{
	return (float)(int16_t)rnd() / 8;
}

__attribute__((unused)) static double rnd_f64(void)
{
	return (double)(int32_t)rnd() / 1024;
}

/* No brackets and quotes: the tool takes its input apart at them, within text as well. */
__attribute__((unused)) static size_t rnd_data(void)
{
	size_t i, n = rnd() % sizeof(bytes);

	for (i = 0; i < n; i++)
		bytes[i] = (char)(rnd() % 2 ? rnd() % 32 : 128 + rnd() % 128);
	return n;
}

__attribute__((unused)) static size_t rnd_text(void)
{
	static const char letters[] = "abc DEF019=,;";
	size_t i, n = rnd() % sizeof(bytes);

	for (i = 0; i < n; i++)
		bytes[i] = letters[rnd() % (sizeof(letters) - 1)];
	return n;
}

__attribute__((unused)) static void print_text(FILE *f, struct rill_text t)
{
	size_t i;

	fputc('"', f);
	for (i = 0; i < t.len; i++) {
		if (t.at[i] == '\n' || t.at[i] == '\t')
			fputs(t.at[i] == '\n' ? "\\n" : "\\t", f);
		else
			fprintf(f, t.at[i] == '"' || t.at[i] == '\\' ? "\\%c" : "%c", t.at[i]);
	}
	fputc('"', f);
}

__attribute__((unused)) static void print_data(FILE *f, struct rill_data d)
{
	size_t i;

	fputs(d.len ? "0x\"" : "\"", f);
	for (i = 0; i < d.len; i++)
		fprintf(f, "%02x ", ((const unsigned char *)d.at)[i]);
	fputc('"', f);
}

#define PRINT(name, type, as, format)                                         \
	__attribute__((unused)) static void print_##name(FILE *f, type value) \
	{                                                                     \
		fprintf(f, format, (as)value);                                \
	}
PRINT(i8, int8_t, int, "%d")
PRINT(i16, int16_t, int, "%d")
PRINT(i32, int32_t, int, "%d")
PRINT(i64, int64_t, long long, "%lld")
PRINT(u8, uint8_t, unsigned, "%u")
PRINT(u16, uint16_t, unsigned, "%u")
PRINT(u32, uint32_t, unsigned, "%u")
PRINT(u64, uint64_t, unsigned long long, "%llu")
PRINT(f32, float, double, "%.9e")
PRINT(f64, double, double, "%.17e")

__attribute__((unused)) static void print_bool(FILE *f, bool value)
{
	fputs(value ? "true" : "false", f);
}

/* ---- running -------------------------------------------------------------------------------------------------------- */

typedef void (*builds)(struct rill_builder *b);
typedef void (*prints)(FILE *f, struct rill_reader *r);

static void die(const char *what, const char *where, long n)
{
	fprintf(stderr, "%s: %s, message %ld\n", what, where, n);
	exit(1);
}

static void *take(void *user, size_t least, size_t *words)
{
	*words = *(size_t *)user > least ? *(size_t *)user : least;
	return malloc(*words * RILL_WORD);
}

static void give(void *user, void *segment)
{
	(void)user;
	free(segment);
}

static struct rill_segment segments[RILL_SEGMENTS_MAX];

/* The message at `at` of a file's bytes. NULL reader: the end. Gives its length. */
static size_t next(struct rill_reader *r, const char *at, size_t len, const char *where)
{
	ssize_t n = rill_frame_length(at, len, 0, NULL), pieces;

	if (len == 0)
		return 0;
	if (n <= 0 || (size_t)n > len)
		die("no message", where, 0);
	pieces = rill_frame_read(segments, RILL_SEGMENTS_MAX, at, (size_t)n, 0);
	if (pieces < 0 || rill_reader_init(r, segments, (size_t)pieces, NULL) < 0)
		die("broken", where, 0);
	return (size_t)n;
}

static char *load(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "r");
	size_t room = 64 << 20;
	char *at = malloc(room);

	if (!f || !at)
		die("no file", path, 0);
	*ret_len = fread(at, 1, room, f);
	fclose(f);
	return at;
}

static uint64_t *canonical(struct rill_reader *r, size_t *ret_len, const char *where, long n)
{
	struct rill_size size;
	uint64_t *to;
	ssize_t words;

	if (rill_pointer_read_size(&size, rill_reader_root(r)) < 0)
		die("no size", where, n);
	to = malloc((size_t)(size.words + 1) * RILL_WORD);
	words = rill_canonical_write(to, (size_t)size.words + 1, rill_reader_root(r));
	if (words < 0)
		die("no canonical form", where, n);
	*ret_len = (size_t)words * RILL_WORD;
	return to;
}

static void put_packed(FILE *f, const struct rill_segment *from, size_t count, size_t len)
{
	size_t bound = rill_pack_bound(len / RILL_WORD);
	char *to = malloc(bound);
	ssize_t n = rill_frame_pack(to, bound, from, count);

	if (n < 0 || fwrite(to, 1, (size_t)n, f) != (size_t)n)
		die("cannot pack", "", 0);
	free(to);
}

static void make_one(FILE *const *f, long n, builds build, prints print)
{
	size_t room = 1 + rnd() % 64, count, len;
	struct rill_builder_options options = {.size = sizeof(options), .take = take, .give = give, .user = &room};
	struct rill_builder b;
	struct rill_reader r;
	uint64_t *to;

	if (rill_builder_init(&b, n % 3 ? &options : NULL) < 0)
		die("no builder", "", n);
	do { /* as often as it gets too many segments */
		rill_builder_reset(&b);
		build(&b);
		room *= 2;
	} while (rill_builder_error(&b) == -EMSGSIZE);
	if (rill_builder_error(&b) < 0 || rill_builder_reader(&b, &r, NULL) < 0)
		die("not built", "", n);
	print(f[0], &r);
	fputc('\n', f[0]);
	if (rill_reader_error(&r) < 0)
		die("not read", "", n);
	rill_builder_segments(&b, &count);
	len = rill_frame_size(b.segments, count);
	to = malloc(len);
	if (rill_frame_write(to, len, b.segments, count) != (ssize_t)len || fwrite(to, 1, len, f[1]) != len)
		die("no frame", "", n);
	put_packed(f[2], b.segments, count, len);
	free(to);
	if (n == 0) {
		rill_builder_reader(&b, &r, NULL);
		to = canonical(&r, &len, "built", n);
		fwrite(to, 1, len, f[3]);
		free(to);
	}
	rill_builder_finish(&b);
}

static int make(char **argv, builds build, prints print)
{
	long i, n = atol(argv[3]);
	FILE *f[4];

	rnd_state = strtoull(argv[2], NULL, 10);
	for (i = 0; i < 4; i++) {
		f[i] = fopen(argv[4 + i], "w");
		if (!f[i])
			die("no file", argv[4 + i], 0);
	}
	for (i = 0; i < n; i++)
		make_one(f, i, build, print);
	for (i = 0; i < 4; i++)
		fclose(f[i]);
	return 0;
}

/* Words of a segment with which each message of a file has fewer than RILL_SEGMENTS_MAX, whatever goes where. */
static int print_least(const char *path)
{
	size_t len, n, at = 0, most = 0;
	char *all = load(path, &len);
	struct rill_reader r;

	for (; (n = next(&r, all + at, len - at, path)); at += n)
		most = n > most ? n : most;
	printf("%zu\n", most / RILL_WORD / (RILL_SEGMENTS_MAX / 5) + 1);
	free(all);
	return 0;
}

/* All of a file; `what` is print, pack or first. */
static int each(const char *path, char what, prints print)
{
	struct rill_reader r;
	size_t len, n, at = 0;
	char *all = load(path, &len);

	while ((n = next(&r, all + at, len - at, path))) {
		if (what == 'r') {
			print(stdout, &r);
			putchar('\n');
		} else if (what == 'a') {
			put_packed(stdout, segments, r.count, n);
		} else {
			return fwrite(all, 1, n, stdout) != n;
		}
		at += n;
	}
	free(all);
	return 0;
}

static void check_one(const char *path, const char *text, size_t text_len, prints print)
{
	char *printed = NULL;
	size_t n, len, at = 0, out_len, out_at = 0;
	FILE *f = open_memstream(&printed, &out_len);
	char *all = load(path, &len);
	struct rill_reader r;
	long i;

	for (i = 0; (n = next(&r, all + at, len - at, path)); i++, at += n) {
		print(f, &r);
		fputc('\n', f);
		fflush(f);
		if (rill_reader_error(&r) < 0)
			die("not read", path, i);
		if (out_len > text_len || memcmp(printed + out_at, text + out_at, out_len - out_at))
			die("another text", path, i);
		out_at = out_len;
	}
	fclose(f);
	if (out_len != text_len)
		die("another number of messages", path, i);
	free(printed);
	free(all);
}

static void compare(const char *one, const char *two)
{
	size_t len[2], at[2] = {0, 0}, n[2], c[2];
	char *all[2] = {load(one, &len[0]), load(two, &len[1])};
	struct rill_reader r;
	uint64_t *to[2];
	long i;
	int k;

	for (i = 0; at[0] < len[0]; i++) {
		for (k = 0; k < 2; k++) {
			n[k] = next(&r, all[k] + at[k], len[k] - at[k], k ? two : one);
			to[k] = canonical(&r, &c[k], k ? two : one, i);
			at[k] += n[k];
		}
		if (c[0] != c[1] || memcmp(to[0], to[1], c[0]))
			die("another canonical form", two, i);
		free(to[0]);
		free(to[1]);
	}
	free(all[0]);
	free(all[1]);
}

static int run(int argc, char **argv, builds build, prints print)
{
	size_t len;
	char *text;
	int i;

	if (argc == 8 && !strcmp(argv[1], "make"))
		return make(argv, build, print);
	if (argc == 3 && !strcmp(argv[1], "least"))
		return print_least(argv[2]);
	if (argc == 3)
		return each(argv[2], argv[1][1], print);
	if (argc < 4)
		return 2;
	text = load(argv[2], &len);
	for (i = 3; i < argc; i++) {
		check_one(argv[i], text, len, print);
		compare(argv[3], argv[i]);
	}
	free(text);
	return 0;
}

#endif
