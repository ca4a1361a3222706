/* core/schema/compiler/request.h - what the capnp tool asks for: the nodes of the schemas, found by their ids, named for C.
 *
 * The request is read through our own runtime and is believed no more than any other message: names are checked before they
 * get into C, every node is named once, nothing nests deeper than NEST_MAX.
 */
#ifndef CORE_SCHEMA_COMPILER_REQUEST_H
#define CORE_SCHEMA_COMPILER_REQUEST_H

#include "schema/compiler/schema.rill.h"
#include "schema/compiler/text.h"

#define NEST_MAX 64u    /* of types in types */
#define C_NAME_MAX 512u /* bytes of a name in C */
#define NODES_MAX (UINT64_C(1) << 20)

/* Names that are in use. */
struct claim {
	const char *name; /* NULL: free */
	const struct decl *by;
};

struct claims {
	struct claim *at; /* open addressing */
	size_t count, room;
};

/* One node: a file, or what is declared in one. */
struct decl {
	uint64_t id;
	struct node node;
	struct node_source_info source; /* its comments; empty: none */
	struct decl *file;
	bool is_asked;        /* a file that is compiled: all that is in it is in the request */
	const char *name;     /* in C; NULL: nothing leads to it */
	const char *upper;    /* the same for constants */
	const char **parts;   /* names of its fields, enumerants or methods, in their order */
	const char *outer;    /* how the schema calls it: Outer.Inner */
	struct claims claims; /* of a file: each has its own, so that names are the same whatever is compiled along */
};

struct request {
	struct code_generator_request root;
	struct decl *decls; /* by id */
	size_t count;
	struct decl **order; /* those with names, as they are declared */
	size_t ordered;
	struct pool pool;
	char error[256]; /* the first one; empty: none */
};

/* 0, or -1: request->error says why. */
int request_load(struct request *r, struct code_generator_request root);
void request_finish(struct request *r);

/* Remember the first error, for a human. Gives -1. */
__attribute__((format(printf, 2, 3))) int request_fail(struct request *r, const char *format, ...);

/* NULL: there is none. */
struct decl *request_find(const struct request *r, uint64_t id);

/* ---- identifiers ---------------------------------------------------------------------------------------------------- */

/* A word or macro of C, C++ or their libraries: nothing at all is called so. Or a name that is ours, too. */
bool taken_is_word(const char *name);
bool taken_is_name(const char *name);

/* No type may be called so, no function. */
bool taken_is_type(const char *name);
bool taken_is_function(const char *name);

/* Nothing else gets into C: a name is what an identifier is, without __ anywhere. */
bool names_is_plain(struct rill_text name);

/* The text of an annotation; absent: empty. */
struct rill_text names_said_by(struct annotation_list annotations, uint64_t id);

/* ---- names ---------------------------------------------------------------------------------------------------------- */

/* Give all decls that a file leads to their names. 0 or -1. */
int names_give(struct request *r);

/* thisName and ThisName become this_name; what a rill.capnp annotation says goes first. NULL: failed. */
const char *names_of(struct request *r, struct rill_text name, struct annotation_list annotations);

/* Give the fields, enumerants or methods of a decl their names. 0 or -1. */
int names_give_parts(struct request *r, struct decl *d);

/* The same in capitals. */
const char *names_upper(struct request *r, const char *name);

/* A word of C or C++ is among what the patterns make of a name: with it in the place of * and its capitals in that of ^. */
bool names_make_word(struct request *r, const char *name, const char *upper, const char *const *patterns);

/* `base`, or base2, base3 ... such that all patterns are free in the file of the decl. They are in use then. NULL: failed. */
const char *names_claim(struct request *r, struct decl *d, const char *base, const char *const *patterns);

/* The decl's own name and no other: -1 where a pattern is in use. */
int names_declare(struct request *r, struct decl *d, const char *const *patterns);

#endif
