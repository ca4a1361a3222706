/* core/schema/compiler/generate.h - from a request to C. */
#ifndef CORE_SCHEMA_COMPILER_GENERATE_H
#define CORE_SCHEMA_COMPILER_GENERATE_H

#include "schema/compiler/types.h"

/* One schema file on its way to C. */
struct output {
	struct request *r;
	struct decl *file;
	bool *uses; /* by the place of a file among the decls: its header is needed */
	struct text types, externs, functions, source;
};

/* Where files go. 0, or negative: it ends there. */
typedef int (*generate_file)(void *user, const char *path, const char *text, size_t len);

/* All that the request asks for. 0, or -1 and the reason in `error`, a line without its end. */
int generate(struct code_generator_request root, generate_file file, void *user, char *error, size_t room);

/* header.c: tags, enums, ids, constants of a decl. 0 or -1. */
int generate_types(struct output *o, struct decl *d);

/* fields.c: all functions of a struct or group. 0 or -1. */
int generate_functions(struct output *o, struct decl *d);

/* A comment out of the schema; no text: none. */
void generate_comment(struct text *t, const char *indent, struct rill_text text);

/* A decl of another file: its header is needed. */
void generate_uses(struct output *o, const struct decl *d);

#endif
