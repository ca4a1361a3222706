/* tests/bench/json.c - points as JSON, one point a line, and back. The reader takes any JSON object, keeps what it knows and
 * skips the rest. */
#include "tests/bench/points.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16 /* of what is skipped */

/* ---- Writing ---------------------------------------------------------------------------------------------------- */

static void write_text(FILE *f, const char *text)
{
	putc('"', f);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c < ' ')
			fprintf(f, "\\u%04x", c);
		else
			putc(c, f);
	}
	putc('"', f);
}

static void write_field(FILE *f, const char *key, const char *value)
{
	write_text(f, key);
	putc(':', f);
	write_text(f, value);
	putc(',', f);
}

static void write_series(FILE *f, const struct series *s)
{
	write_text(f, s->name);
	fputs(":[", f);
	for (unsigned i = 0; i < s->count; i++)
		fprintf(f, "%s%.6g", i ? "," : "", s->v[i]);
	putc(']', f);
}

static void write_point(FILE *f, const struct point *p)
{
	putc('{', f);
	write_field(f, "measure", p->labels.measure);
	write_field(f, "row", p->labels.row);
	write_field(f, "name", p->name);
	write_field(f, "kind", p->kind);
	write_field(f, "moves", p->moves);
	write_field(f, "wait", p->labels.wait);
	write_field(f, "work", p->labels.work);
	fprintf(f, "\"cores\":%u,\"at\":%llu,\"series\":{", p->labels.cores, (unsigned long long)p->labels.at);
	for (unsigned i = 0; i < p->count; i++) {
		if (i)
			putc(',', f);
		write_series(f, &p->series[i]);
	}
	fputs("}}", f);
}

int points_write(const struct points *all, const char *path)
{
	FILE *f = fopen(path, "w");
	int failed;

	if (!f)
		return -errno;
	fputs("{\"rill_bench\":1,\n\"facts\":{", f);
	for (unsigned i = 0; i < all->facts; i++) {
		fputs(i ? ",\n" : "\n", f);
		write_text(f, all->fact[i].key);
		putc(':', f);
		write_text(f, all->fact[i].value);
	}
	fputs("},\n\"points\":[", f);
	for (size_t i = 0; i < all->count; i++) {
		fputs(i ? ",\n" : "\n", f);
		write_point(f, &all->v[i]);
	}
	fputs("]}\n", f);
	failed = ferror(f);
	return fclose(f) || failed ? -EIO : 0;
}

/* ---- Reading ---------------------------------------------------------------------------------------------------- */

struct reader {
	const char *at;
	bool wrong;
	unsigned depth;
	struct points *all;
	struct point *point;
};

static char peek(struct reader *r)
{
	while (isspace((unsigned char)*r->at))
		r->at++;
	return *r->at;
}

static bool take(struct reader *r, char c)
{
	if (r->wrong || peek(r) != c)
		return false;
	r->at++;
	return true;
}

static void need(struct reader *r, char c)
{
	if (!take(r, c))
		r->wrong = true;
}

static unsigned char escaped(struct reader *r)
{
	char digits[5] = "";

	switch (*r->at) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'u':
		for (int i = 0; i < 4 && r->at[1]; i++)
			digits[i] = *++r->at;
		return (unsigned char)strtoul(digits, NULL, 16);
	default:
		return (unsigned char)*r->at;
	}
}

/* Cut to size. */
static void read_text(struct reader *r, char *to, size_t size)
{
	size_t len = 0;

	need(r, '"');
	while (!r->wrong && *r->at != '"') {
		unsigned char c = (unsigned char)*r->at;

		if (c == '\\') {
			r->at++;
			c = escaped(r);
		}
		if (!*r->at) {
			r->wrong = true;
			break;
		}
		r->at++;
		if (len + 1 < size)
			to[len++] = (char)c;
	}
	if (size)
		to[len] = '\0';
	need(r, '"');
}

static double read_number(struct reader *r)
{
	char *end;
	double value;

	peek(r);
	value = strtod(r->at, &end);
	if (end == r->at)
		r->wrong = true;
	r->at = end;
	return value;
}

/* Calls `item` for each member, after its key. */
static void read_object(struct reader *r, void (*item)(struct reader *r, const char *key))
{
	char key[32];

	need(r, '{');
	if (take(r, '}'))
		return;
	do {
		read_text(r, key, sizeof(key));
		need(r, ':');
		if (!r->wrong)
			item(r, key);
	} while (take(r, ','));
	need(r, '}');
}

static void read_array(struct reader *r, void (*item)(struct reader *r, const char *key), const char *key)
{
	need(r, '[');
	if (take(r, ']'))
		return;
	do {
		if (!r->wrong)
			item(r, key);
	} while (take(r, ','));
	need(r, ']');
}

static void skip(struct reader *r, const char *key)
{
	char ignored[1];
	char c = peek(r);

	(void)key;
	if (++r->depth > DEPTH_MAX)
		r->wrong = true;
	else if (c == '{')
		read_object(r, skip);
	else if (c == '[')
		read_array(r, skip, "");
	else if (c == '"')
		read_text(r, ignored, sizeof(ignored));
	else if (isalpha((unsigned char)c))
		while (isalpha((unsigned char)*r->at))
			r->at++;
	else
		read_number(r);
	r->depth--;
}

static void on_figure(struct reader *r, const char *name)
{
	point_add(r->point, name, read_number(r));
}

static void on_series(struct reader *r, const char *name)
{
	read_array(r, on_figure, name);
}

static char *text_field(struct point *p, const char *key, size_t *ret_size)
{
	static const char *const keys[] = {"measure", "row", "wait", "work", "name", "kind", "moves"};
	char *const at[] = {p->labels.measure, p->labels.row, p->labels.wait, p->labels.work, p->name, p->kind, p->moves};
	const size_t sizes[] = {sizeof(p->labels.measure), sizeof(p->labels.row), sizeof(p->labels.wait),
	                        sizeof(p->labels.work),    sizeof(p->name),       sizeof(p->kind),
	                        sizeof(p->moves)};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strcmp(keys[i], key)) {
			*ret_size = sizes[i];
			return at[i];
		}
	return NULL;
}

static void on_point_field(struct reader *r, const char *key)
{
	size_t size = 0;
	char *text = text_field(r->point, key, &size);

	if (text)
		read_text(r, text, size);
	else if (!strcmp(key, "cores"))
		r->point->labels.cores = (unsigned)read_number(r);
	else if (!strcmp(key, "at"))
		r->point->labels.at = (uint64_t)read_number(r);
	else if (!strcmp(key, "series"))
		read_object(r, on_series);
	else
		skip(r, key);
}

static void on_point(struct reader *r, const char *key)
{
	struct point read = {.count = 0}, *p;

	(void)key;
	r->point = &read;
	read_object(r, on_point_field);
	p = r->wrong ? NULL : points_get(r->all, &read.labels);
	if (p)
		*p = read;
	else
		r->wrong = true;
}

static void on_fact(struct reader *r, const char *key)
{
	char value[sizeof(r->all->fact->value)];

	read_text(r, value, sizeof(value));
	if (!r->wrong)
		points_fact(r->all, key, value);
}

static void on_top(struct reader *r, const char *key)
{
	if (!strcmp(key, "rill_bench"))
		r->wrong |= read_number(r) != 1;
	else if (!strcmp(key, "facts"))
		read_object(r, on_fact);
	else if (!strcmp(key, "points"))
		read_array(r, on_point, "");
	else
		skip(r, key);
}

int points_parse(struct points *all, const char *text)
{
	struct reader r = {.at = text, .all = all};

	read_object(&r, on_top);
	return r.wrong || peek(&r) ? -EBADMSG : 0;
}

int points_read(struct points *all, const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;
	int r;

	if (!f)
		return -errno;
	r = getdelim(&text, &room, '\0', f) < 0 ? -EIO : points_parse(all, text);
	free(text);
	fclose(f);
	return r;
}
