/* core/schema/compiler/text.h - text that grows, and strings that live until the generator ends. */
#ifndef CORE_SCHEMA_COMPILER_TEXT_H
#define CORE_SCHEMA_COMPILER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define TEXT_MAX ((size_t)256 << 20) /* of one file: a request cannot make us fill the memory */

struct text {
	char *at; /* NUL at the end; NULL: empty */
	size_t len, room;
	bool failed; /* no memory, or TEXT_MAX: what was added since is lost */
};

/* What $A to $Z stand for in text_put(). */
struct words {
	const char *of['Z' - 'A' + 1];
};

#define WORD(w, letter) ((w)->of[(letter) - 'A'])

void text_bytes(struct text *t, const char *bytes, size_t len);
void text_put(struct text *t, const struct words *w, const char *pattern);
__attribute__((format(printf, 2, 3))) void text_add(struct text *t, const char *format, ...);
void text_finish(struct text *t);

/* Strings of any number, freed together. */
struct pool {
	struct block *blocks;
	bool failed; /* no memory for one of them: what is made of it is not to be written */
};

/* A copy with a NUL behind it, or NULL. */
char *pool_bytes(struct pool *p, const char *bytes, size_t len);
__attribute__((format(printf, 2, 3))) char *pool_print(struct pool *p, const char *format, ...);
void pool_finish(struct pool *p);

#endif
