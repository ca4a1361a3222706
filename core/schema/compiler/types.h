/* core/schema/compiler/types.h - what a type of a schema is in C, and its values. */
#ifndef CORE_SCHEMA_COMPILER_TYPES_H
#define CORE_SCHEMA_COMPILER_TYPES_H

#include "schema/compiler/request.h"

enum shape {
	SHAPE_VOID,
	SHAPE_SCALAR, /* bool, numbers, enums: in the data section */
	SHAPE_TEXT,
	SHAPE_DATA,
	SHAPE_STRUCT,
	SHAPE_STRUCTS,    /* a list of structs */
	SHAPE_LIST,       /* of anything else */
	SHAPE_CAPABILITY, /* an interface */
	SHAPE_ANY         /* AnyPointer, a parameter of a generic */
};

/* Of a type, with its elements if it is a list. */
struct shape_of {
	enum shape shape;
	enum type_which which;
	unsigned bits;            /* of a scalar */
	const char *c;            /* of a scalar: its type in C */
	const char *access;       /* of a scalar: u32 as in rill_struct_u32() */
	const struct decl *named; /* enum, struct; of the elements in a list of structs */
	const char *list_kind;    /* of a list: RILL_LIST_4BYTES */
	const char *elements;     /* of a list: how to get at one, for a comment */
};

/* 0 or -1. */
int type_shape(struct request *r, struct type type, struct shape_of *ret);

/* A scalar's value as it is written in C, and as bits: what a field's default is XORed with. */
const char *value_literal(struct request *r, const struct shape_of *shape, struct value v);
uint64_t value_bits(const struct shape_of *shape, struct value v);
const char *bits_literal(struct request *r, const struct shape_of *shape, uint64_t bits);

/* Does it say something other than null? Only pointers. */
bool value_is_set(struct value v);

/* A pointer's value as a message of one segment: `static const uint64_t NAME_words[]` and `NAME`. 0 or -1. */
int value_segment(struct request *r, struct text *t, const char *name, struct value v);

#endif
