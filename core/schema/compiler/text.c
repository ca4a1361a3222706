/* core/schema/compiler/text.c - see text.h. */
#include "schema/compiler/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct text *t, size_t len)
{
	size_t room = t->room ? t->room : 4096;
	char *at;

	if (t->failed || len >= TEXT_MAX - t->len) {
		t->failed = true;
		return false;
	}
	while (room <= t->len + len)
		room *= 2;
	if (room == t->room)
		return true;
	at = realloc(t->at, room);
	if (!at) {
		t->failed = true;
		return false;
	}
	t->at = at;
	t->room = room;
	return true;
}

void text_bytes(struct text *t, const char *bytes, size_t len)
{
	if (!make_room(t, len))
		return;
	if (len)
		memcpy(t->at + t->len, bytes, len);
	t->len += len;
	t->at[t->len] = 0;
}

void text_put(struct text *t, const struct words *w, const char *pattern)
{
	while (*pattern) {
		size_t n = strcspn(pattern, "$");
		const char *word;

		text_bytes(t, pattern, n);
		pattern += n;
		if (!*pattern)
			break;
		word = pattern[1] >= 'A' && pattern[1] <= 'Z' ? WORD(w, pattern[1]) : NULL;
		if (word)
			text_bytes(t, word, strlen(word));
		pattern += pattern[1] ? 2 : 1;
	}
}

void text_add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0 || !make_room(t, (size_t)n))
		return;
	va_start(args, format);
	vsnprintf(t->at + t->len, t->room - t->len, format, args);
	va_end(args);
	t->len += (size_t)n;
}

void text_finish(struct text *t)
{
	free(t->at);
	memset(t, 0, sizeof(*t));
}

/* ---- strings -------------------------------------------------------------------------------------------------------- */

struct block {
	struct block *next;
	char bytes[];
};

static char *take(struct pool *p, size_t len)
{
	struct block *b = len < SIZE_MAX - sizeof(*b) - 1 ? malloc(sizeof(*b) + len + 1) : NULL;

	if (!b) {
		p->failed = true;
		return NULL;
	}
	b->next = p->blocks;
	p->blocks = b;
	b->bytes[len] = 0;
	return b->bytes;
}

char *pool_bytes(struct pool *p, const char *bytes, size_t len)
{
	char *at = take(p, len);

	if (at && len)
		memcpy(at, bytes, len);
	return at;
}

char *pool_print(struct pool *p, const char *format, ...)
{
	va_list args;
	char *at;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	at = n < 0 ? NULL : take(p, (size_t)n);
	if (!at)
		return NULL;
	va_start(args, format);
	vsnprintf(at, (size_t)n + 1, format, args);
	va_end(args);
	return at;
}

void pool_finish(struct pool *p)
{
	while (p->blocks) {
		struct block *b = p->blocks;

		p->blocks = b->next;
		free(b);
	}
}
