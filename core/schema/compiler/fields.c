/* core/schema/compiler/fields.c - the functions of a struct: one load per getter, one store per setter.
 *
 * In the patterns: $S the struct, $F the field, $T its type in C, $E a struct that it leads to, $K the access, $O the offset,
 * $D the default, $I the index of a pointer, $P that pointer with its default, $L its slot with its default, $G the offset of
 * the union's tag, $V the field's tag, $N the kind of a list, $W and $Z the words and pointers of $E.
 */
#include "schema/compiler/generate.h"

static const char *number(struct output *o, uint64_t n)
{
	return pool_print(&o->r->pool, "%llu", (unsigned long long)n);
}

/* Offsets that no struct can have are no offsets. */
static bool is_place(const struct decl *d, const struct shape_of *shape, uint32_t offset)
{
	struct node_struct s = node_get_struct(d->node);

	if (shape->shape == SHAPE_VOID)
		return true;
	if (shape->shape == SHAPE_SCALAR)
		return ((uint64_t)offset + 1) * shape->bits <= node_struct_get_data_word_count(s) * UINT64_C(64);
	return offset < node_struct_get_pointer_count(s);
}

/* ---- structs -------------------------------------------------------------------------------------------------------- */

static void put_struct(struct text *t, const struct words *w)
{
	text_put(t, w,
	         "static inline struct $S $S_of(struct rill_pointer p)\n{\n"
	         "\tstruct $S r = {rill_pointer_struct(p)};\n\n\treturn r;\n}\n\n"
	         "static inline int $S_read(struct $S *ret, struct rill_pointer p)\n{\n"
	         "\treturn rill_pointer_read_struct(ret ? &ret->s : NULL, p);\n}\n\n"
	         "static inline struct $S $S_root(struct rill_reader *reader)\n{\n"
	         "\treturn $S_of(rill_reader_root(reader));\n}\n\n"
	         "static inline struct $S_builder $S_new(struct rill_slot slot)\n{\n"
	         "\tstruct $S_builder r = {rill_slot_init_struct(slot, $W, $Z)};\n\n\treturn r;\n}\n\n"
	         "static inline struct $S_builder $S_edit(struct rill_slot slot)\n{\n"
	         "\tstruct $S_builder r = {rill_slot_edit_struct(slot, $W, $Z)};\n\n\treturn r;\n}\n\n"
	         "static inline struct $S_builder $S_new_root(struct rill_builder *b)\n{\n"
	         "\treturn $S_new(rill_builder_root(b));\n}\n\n"
	         "static inline struct $S_builder $S_edit_root(struct rill_builder *b)\n{\n"
	         "\treturn $S_edit(rill_builder_root(b));\n}\n\n"
	         "static inline int $S_copy(struct $S_builder to, struct $S from)\n{\n"
	         "\treturn rill_struct_copy(to.s, from.s);\n}\n\n");
	text_put(t, w,
	         "static inline struct $S_list $S_list_of(struct rill_pointer p)\n{\n"
	         "\tstruct $S_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};\n\n\treturn r;\n}\n\n"
	         "static inline int $S_list_read(struct $S_list *ret, struct rill_pointer p)\n{\n"
	         "\treturn rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);\n}\n\n"
	         "static inline size_t $S_list_count(struct $S_list l)\n{\n\treturn l.l.count;\n}\n\n"
	         "static inline struct $S $S_list_at(struct $S_list l, size_t i)\n{\n"
	         "\tstruct $S r = {rill_list_struct(l.l, i)};\n\n\treturn r;\n}\n\n"
	         "static inline struct $S_list_builder $S_list_new(struct rill_slot slot, size_t count)\n{\n"
	         "\tstruct $S_list_builder r = {rill_slot_init_structs(slot, count, $W, $Z)};\n\n\treturn r;\n}\n\n"
	         "static inline struct $S_list_builder $S_list_edit(struct rill_slot slot)\n{\n"
	         "\tstruct $S_list_builder r = {rill_slot_edit_structs(slot, $W, $Z)};\n\n\treturn r;\n}\n\n"
	         "static inline size_t $S_list_edit_count(struct $S_list_builder l)\n{\n\treturn l.l.count;\n}\n\n"
	         "static inline struct $S_builder $S_list_edit_at(struct $S_list_builder l, size_t i)\n{\n"
	         "\tstruct $S_builder r = {rill_list_edit(l.l, i)};\n\n\treturn r;\n}\n\n");
}

static void put_built(struct text *t, const struct words *w)
{
	text_put(t, w,
	         "static inline struct $S $S_built(struct $S_builder b, struct rill_reader *over)\n{\n"
	         "\tstruct $S r = {rill_struct_built(b.s, over)};\n\n\treturn r;\n}\n\n");
}

/* The union's tag: loaded once here, then switch on what this gave. */
static void put_which(struct text *t, const struct words *w)
{
	text_put(t, w,
	         "static inline enum $S_which $S_which(struct $S v)\n{\n"
	         "\treturn (enum $S_which)rill_struct_u16(v.s, $G, 0);\n}\n\n");
}

/* ---- scalars -------------------------------------------------------------------------------------------------------- */

static void put_scalar(struct text *t, const struct words *w, const struct shape_of *shape, bool in_union)
{
	text_put(t, w, "static inline $T $S_get_$F(struct $S v)\n{\n");
	if (shape->which == TYPE_WHICH_FLOAT32)
		text_put(t, w, "\treturn rill_f32_bits(rill_struct_u32(v.s, $O, $D));\n");
	else if (shape->which == TYPE_WHICH_FLOAT64)
		text_put(t, w, "\treturn rill_f64_bits(rill_struct_u64(v.s, $O, $D));\n");
	else if (shape->which == TYPE_WHICH_ENUM)
		text_put(t, w, "\treturn ($T)rill_struct_u16(v.s, $O, $D);\n");
	else
		text_put(t, w, "\treturn rill_struct_$K(v.s, $O, $D);\n");
	text_put(t, w, "}\n\nstatic inline void $S_set_$F(struct $S_builder b, $T value)\n{\n");
	if (in_union)
		text_put(t, w, "\trill_struct_set_u16(b.s, $G, $V, 0);\n");
	if (shape->which == TYPE_WHICH_FLOAT32)
		text_put(t, w, "\trill_struct_set_u32(b.s, $O, rill_bits_f32(value), $D);\n");
	else if (shape->which == TYPE_WHICH_FLOAT64)
		text_put(t, w, "\trill_struct_set_u64(b.s, $O, rill_bits_f64(value), $D);\n");
	else if (shape->which == TYPE_WHICH_ENUM)
		text_put(t, w, "\trill_struct_set_u16(b.s, $O, (uint16_t)value, $D);\n");
	else
		text_put(t, w, "\trill_struct_set_$K(b.s, $O, value, $D);\n");
	text_put(t, w, "}\n\n");
}

static void put_void(struct text *t, const struct words *w, bool in_union)
{
	if (in_union)
		text_put(t, w,
		         "static inline void $S_set_$F(struct $S_builder b)\n{\n"
		         "\trill_struct_set_u16(b.s, $G, $V, 0);\n}\n\n");
}

/* ---- pointers ------------------------------------------------------------------------------------------------------- */

static void put_slot(struct text *t, const struct words *w, bool in_union)
{
	text_put(t, w, "static inline struct rill_slot $S_slot_$F(struct $S_builder b)\n{\n");
	text_put(t, w,
	         in_union ? "\treturn rill_struct_union_slot(b.s, $I, $G, $V);\n}\n\n"
	                  : "\treturn rill_struct_slot(b.s, $I);\n}\n\n");
	text_put(t, w, "static inline bool $S_has_$F(struct $S v)\n{\n");
	text_put(t, w,
	         in_union ? "\treturn rill_struct_u16(v.s, $G, 0) == $V && rill_struct_has(v.s, $I);\n}\n\n"
	                  : "\treturn rill_struct_has(v.s, $I);\n}\n\n");
}

/* $T *ret and the call that fills it. */
static void put_read(struct text *t, const struct words *w, const char *view, const char *call, bool has_default)
{
	text_add(t, "static inline int ");
	text_put(t, w, "$S_read_$F(");
	text_put(t, w, view);
	text_put(t, w, " *ret, struct $S v)\n{\n");
	if (has_default)
		text_put(t, w, "\tstruct rill_pointer p = rill_struct_pointer(v.s, $I);\n\tint r = ");
	else
		text_put(t, w, "\treturn ");
	text_put(t, w, call);
	text_put(t, w, has_default ? ";\n\n\treturn r > 0 ? rill_pointer_has(p) : r;\n}\n\n" : ";\n}\n\n");
}

static void put_text(struct text *t, const struct words *w, bool has_default)
{
	text_put(t, w, "static inline struct rill_text $S_get_$F(struct $S v)\n{\n\treturn rill_pointer_text($P);\n}\n\n");
	put_read(t, w, "struct rill_text", "rill_pointer_read_text(ret, $Q)", has_default);
	text_put(t, w,
	         "static inline int $S_set_$F(struct $S_builder b, const char *string)\n{\n"
	         "\treturn rill_slot_set_string($S_slot_$F(b), string);\n}\n\n"
	         "static inline int $S_set_$F_len(struct $S_builder b, const char *text, size_t len)\n{\n"
	         "\treturn rill_slot_set_text($S_slot_$F(b), text, len);\n}\n\n"
	         "static inline char *$S_init_$F(struct $S_builder b, size_t len)\n{\n"
	         "\treturn rill_slot_init_text($S_slot_$F(b), len);\n}\n\n");
}

static void put_data(struct text *t, const struct words *w, bool has_default)
{
	text_put(t, w, "static inline struct rill_data $S_get_$F(struct $S v)\n{\n\treturn rill_pointer_data($P);\n}\n\n");
	put_read(t, w, "struct rill_data", "rill_pointer_read_data(ret, $Q)", has_default);
	text_put(t, w,
	         "static inline int $S_set_$F(struct $S_builder b, const void *data, size_t len)\n{\n"
	         "\treturn rill_slot_set_data($S_slot_$F(b), data, len);\n}\n\n"
	         "static inline void *$S_init_$F(struct $S_builder b, size_t len)\n{\n"
	         "\treturn rill_slot_init_data($S_slot_$F(b), len);\n}\n\n");
}

static void put_struct_field(struct text *t, const struct words *w, bool has_default)
{
	text_put(t, w,
	         "static inline struct $E $S_get_$F(struct $S v)\n{\n"
	         "\tstruct $E r = {rill_pointer_struct($P)};\n\n\treturn r;\n}\n\n");
	put_read(t, w, "struct $E", "rill_pointer_read_struct(ret ? &ret->s : NULL, $Q)", has_default);
	text_put(t, w,
	         "static inline struct $E_builder $S_init_$F(struct $S_builder b)\n{\n"
	         "\tstruct $E_builder r = {rill_slot_init_struct($S_slot_$F(b), $W, $Z)};\n\n\treturn r;\n}\n\n"
	         "static inline struct $E_builder $S_edit_$F(struct $S_builder b)\n{\n"
	         "\tstruct $E_builder r = {rill_slot_edit_struct($L, $W, $Z)};\n\n\treturn r;\n}\n\n"
	         "static inline int $S_set_$F(struct $S_builder b, struct $E from)\n{\n"
	         "\treturn rill_slot_set_struct($S_slot_$F(b), from.s);\n}\n\n");
}

static void put_structs(struct text *t, const struct words *w, bool has_default)
{
	text_put(t, w,
	         "static inline struct $E_list $S_get_$F(struct $S v)\n{\n"
	         "\tstruct $E_list r = {rill_pointer_list($P, $N)};\n\n\treturn r;\n}\n\n");
	put_read(t, w, "struct $E_list", "rill_pointer_read_list(ret ? &ret->l : NULL, $Q, $N)", has_default);
	text_put(t, w,
	         "static inline struct $E_list_builder $S_init_$F(struct $S_builder b, size_t count)\n{\n"
	         "\tstruct $E_list_builder r = {rill_slot_init_structs($S_slot_$F(b), count, $W, $Z)};\n\n\treturn r;\n}\n\n"
	         "static inline struct $E_list_builder $S_edit_$F(struct $S_builder b)\n{\n"
	         "\tstruct $E_list_builder r = {rill_slot_edit_structs($L, $W, $Z)};\n\n\treturn r;\n}\n\n"
	         "static inline int $S_set_$F(struct $S_builder b, struct $E_list from)\n{\n"
	         "\treturn rill_slot_set_list($S_slot_$F(b), from.l);\n}\n\n");
}

static void put_list(struct text *t, const struct words *w, bool has_default)
{
	text_put(t, w,
	         "/* Its elements: $K. */\n"
	         "static inline struct rill_list $S_get_$F(struct $S v)\n{\n\treturn rill_pointer_list($P, $N);\n}\n\n");
	put_read(t, w, "struct rill_list", "rill_pointer_read_list(ret, $Q, $N)", has_default);
	text_put(t, w,
	         "static inline struct rill_list_builder $S_init_$F(struct $S_builder b, size_t count)\n{\n"
	         "\treturn rill_slot_init_list($S_slot_$F(b), $N, count);\n}\n\n"
	         "static inline struct rill_list_builder $S_edit_$F(struct $S_builder b)\n{\n"
	         "\treturn rill_slot_edit_list($L, $N);\n}\n\n"
	         "static inline int $S_set_$F(struct $S_builder b, struct rill_list from)\n{\n"
	         "\treturn rill_slot_set_list($S_slot_$F(b), from);\n}\n\n");
}

static void put_any(struct text *t, const struct words *w)
{
	text_put(t, w,
	         "static inline struct rill_pointer $S_get_$F(struct $S v)\n{\n\treturn $P;\n}\n\n"
	         "static inline int $S_set_$F(struct $S_builder b, struct rill_pointer from)\n{\n"
	         "\treturn rill_slot_copy($S_slot_$F(b), from);\n}\n\n");
}

static void put_capability(struct text *t, const struct words *w)
{
	put_read(t, w, "uint32_t", "rill_pointer_read_capability(ret, $Q)", false);
	text_put(t, w,
	         "static inline int $S_set_$F(struct $S_builder b, uint32_t index)\n{\n"
	         "\treturn rill_slot_set_capability($S_slot_$F(b), index);\n}\n\n");
}

/* The default of a pointer is a segment in the .c file. */
static int put_default(struct output *o, const struct words *w, struct value v)
{
	const char *name = pool_print(&o->r->pool, "%s_%s_default", WORD(w, 'S'), WORD(w, 'F'));

	if (!name)
		return request_fail(o->r, "no memory");
	text_add(&o->externs, "extern const struct rill_segment %s;\n", name);
	return value_segment(o->r, &o->source, name, v);
}

static int put_pointer(struct output *o, struct words *w, const struct shape_of *shape, struct value v, bool in_union)
{
	struct text *t = &o->functions;
	bool has_default = shape->shape != SHAPE_CAPABILITY && value_is_set(v);
	struct text expressions[3] = {{0}};
	int r = has_default ? put_default(o, w, v) : 0;

	text_put(&expressions[0], w,
	         has_default ? "rill_pointer_or(rill_struct_pointer(v.s, $I), &$S_$F_default)"
	                     : "rill_struct_pointer(v.s, $I)");
	text_put(&expressions[1], w, has_default ? "rill_pointer_or(p, &$S_$F_default)" : "rill_struct_pointer(v.s, $I)");
	text_put(&expressions[2], w, has_default ? "rill_slot_or($S_slot_$F(b), &$S_$F_default)" : "$S_slot_$F(b)");
	WORD(w, 'P') = expressions[0].at;
	WORD(w, 'Q') = expressions[1].at;
	WORD(w, 'L') = expressions[2].at;
	put_slot(t, w, in_union);
	if (shape->shape == SHAPE_TEXT)
		put_text(t, w, has_default);
	else if (shape->shape == SHAPE_DATA)
		put_data(t, w, has_default);
	else if (shape->shape == SHAPE_STRUCT)
		put_struct_field(t, w, has_default);
	else if (shape->shape == SHAPE_STRUCTS)
		put_structs(t, w, has_default);
	else if (shape->shape == SHAPE_LIST)
		put_list(t, w, has_default);
	else if (shape->shape == SHAPE_CAPABILITY)
		put_capability(t, w);
	else
		put_any(t, w);
	if (expressions[0].failed || expressions[1].failed || expressions[2].failed)
		r = request_fail(o->r, "no memory");
	text_finish(&expressions[0]);
	text_finish(&expressions[1]);
	text_finish(&expressions[2]);
	return r;
}

/* ---- fields --------------------------------------------------------------------------------------------------------- */

static void set_named(struct output *o, struct words *w, const struct shape_of *shape)
{
	struct node_struct s;

	if (!shape->named)
		return;
	generate_uses(o, shape->named);
	WORD(w, 'E') = shape->named->name;
	if (node_which(shape->named->node) != NODE_WHICH_STRUCT)
		return;
	s = node_get_struct(shape->named->node);
	WORD(w, 'W') = number(o, node_struct_get_data_word_count(s));
	WORD(w, 'Z') = number(o, node_struct_get_pointer_count(s));
}

static int put_slot_field(struct output *o, struct decl *d, struct words *w, struct field_slot slot, bool in_union)
{
	struct value v = field_slot_get_default_value(slot);
	uint32_t offset = field_slot_get_offset(slot);
	struct shape_of shape;

	if (type_shape(o->r, field_slot_get_type(slot), &shape) < 0)
		return -1;
	if (!is_place(d, &shape, offset))
		return request_fail(o->r, "a field of %s is outside of it", d->outer);
	set_named(o, w, &shape);
	WORD(w, 'T') = shape.c;
	WORD(w, 'K') = shape.shape == SHAPE_LIST ? shape.elements : shape.access;
	WORD(w, 'N') = shape.list_kind;
	WORD(w, 'I') = number(o, offset);
	if (shape.shape == SHAPE_SCALAR) {
		struct shape_of as = shape;

		if (shape.which == TYPE_WHICH_FLOAT32)
			as.which = TYPE_WHICH_UINT32;
		if (shape.which == TYPE_WHICH_FLOAT64)
			as.which = TYPE_WHICH_UINT64;
		WORD(w, 'O') = number(o, shape.bits == 1 ? offset : (uint64_t)offset * (shape.bits / 8));
		WORD(w, 'D') = bits_literal(o->r, &as, value_bits(&shape, v));
		put_scalar(&o->functions, w, &shape, in_union);
		return 0;
	}
	if (shape.shape == SHAPE_VOID) {
		put_void(&o->functions, w, in_union);
		return 0;
	}
	return put_pointer(o, w, &shape, v, in_union);
}

static void put_group_field(struct output *o, const struct decl *group, struct words *w, bool in_union)
{
	struct text *t = &o->functions;

	WORD(w, 'E') = group->name;
	text_put(t, w, "static inline struct $E $S_get_$F(struct $S v)\n{\n\tstruct $E r = {v.s};\n\n\treturn r;\n}\n\n");
	text_put(t, w,
	         "static inline struct $E_builder $S_init_$F(struct $S_builder b)\n{\n\tstruct $E_builder r = {b.s};\n\n");
	if (in_union)
		text_put(t, w, "\trill_struct_set_u16(b.s, $G, $V, 0);\n");
	text_put(t, w, "\t$E_clear(r);\n\treturn r;\n}\n\n");
	text_put(t, w,
	         "static inline struct $E_builder $S_edit_$F(struct $S_builder b)\n{\n\tstruct $E_builder r = {b.s};\n\n");
	if (in_union)
		text_put(t, w, "\tif (rill_struct_switch(b.s, $G, $V))\n\t\t$E_clear(r);\n");
	text_put(t, w, "\treturn r;\n}\n\n");
}

static struct rill_text comment_of(const struct decl *d, size_t i)
{
	struct node_source_info_member_list members = node_source_info_get_members(d->source);

	return node_source_info_member_get_doc_comment(node_source_info_member_list_at(members, i));
}

static int put_field(struct output *o, struct decl *d, const struct words *of, struct field f, size_t i)
{
	unsigned tag = field_get_discriminant_value(f);
	bool in_union = tag != FIELD_NO_DISCRIMINANT;
	struct words w = *of;

	WORD(&w, 'F') = d->parts[i];
	WORD(&w, 'V') = number(o, tag);
	generate_comment(&o->functions, "", comment_of(d, i));
	if (field_which(f) == FIELD_WHICH_SLOT)
		return put_slot_field(o, d, &w, field_get_slot(f), in_union);
	if (field_which(f) != FIELD_WHICH_GROUP)
		return request_fail(o->r, "a field of %s is of a kind that is not known", d->outer);
	put_group_field(o, request_find(o->r, field_group_get_type_id(field_get_group(f))), &w, in_union);
	return 0;
}

/* ---- clearing a group ----------------------------------------------------------------------------------------------- */

static int clear_field(struct output *o, const struct decl *d, const struct words *of, struct field f)
{
	struct text *t = &o->functions;
	struct words w = *of;
	struct shape_of shape;
	struct field_slot slot;
	uint32_t offset;

	if (field_which(f) == FIELD_WHICH_GROUP) {
		WORD(&w, 'E') = request_find(o->r, field_group_get_type_id(field_get_group(f)))->name;
		text_put(t, &w, "\t{\n\t\tstruct $E_builder inner = {b.s};\n\n\t\t$E_clear(inner);\n\t}\n");
		return 0;
	}
	slot = field_get_slot(f);
	offset = field_slot_get_offset(slot);
	if (type_shape(o->r, field_slot_get_type(slot), &shape) < 0)
		return -1;
	if (!is_place(d, &shape, offset))
		return request_fail(o->r, "a field of %s is outside of it", d->outer);
	if (shape.shape == SHAPE_SCALAR && shape.bits == 1)
		text_add(t, "\trill_struct_set_bool(b.s, %u, false, false);\n", offset);
	else if (shape.shape == SHAPE_SCALAR)
		text_add(t, "\trill_struct_set_u%u(b.s, %llu, 0, 0);\n", shape.bits,
		         (unsigned long long)offset * (shape.bits / 8));
	else if (shape.shape != SHAPE_VOID)
		text_add(t, "\trill_slot_clear(rill_struct_slot(b.s, %u));\n", offset);
	return 0;
}

static int put_clear(struct output *o, const struct decl *d, const struct words *w)
{
	struct field_list fields = node_struct_get_fields(node_get_struct(d->node));
	size_t i;

	text_put(&o->functions, w,
	         "/* All of the group as if it were never set; the rest of the struct stays. */\n"
	         "static inline void $S_clear(struct $S_builder b)\n{\n\t(void)b;\n");
	if (WORD(w, 'G'))
		text_put(&o->functions, w, "\trill_struct_set_u16(b.s, $G, 0, 0);\n");
	for (i = 0; i < field_list_count(fields); i++) {
		if (clear_field(o, d, w, field_list_at(fields, i)) < 0)
			return -1;
	}
	text_add(&o->functions, "}\n\n");
	text_put(&o->externs, w, "static inline void $S_clear(struct $S_builder b);\n");
	return 0;
}

int generate_functions(struct output *o, struct decl *d)
{
	struct node_struct s = node_get_struct(d->node);
	struct field_list fields = node_struct_get_fields(s);
	uint64_t tag = node_struct_get_discriminant_offset(s);
	struct words w = {{0}};
	size_t i;

	WORD(&w, 'S') = d->name;
	WORD(&w, 'W') = number(o, node_struct_get_data_word_count(s));
	WORD(&w, 'Z') = number(o, node_struct_get_pointer_count(s));
	if (node_struct_get_discriminant_count(s))
		WORD(&w, 'G') = number(o, tag * 2);
	if (WORD(&w, 'G') && (tag + 1) * 16 > node_struct_get_data_word_count(s) * UINT64_C(64))
		return request_fail(o->r, "the union of %s is outside of it", d->outer);
	text_add(&o->functions, "/* ---- %s */\n\n", d->outer);
	if (!node_struct_get_is_group(s))
		put_struct(&o->functions, &w);
	else if (put_clear(o, d, &w) < 0)
		return -1;
	put_built(&o->functions, &w);
	if (WORD(&w, 'G'))
		put_which(&o->functions, &w);
	for (i = 0; i < field_list_count(fields); i++) {
		if (put_field(o, d, &w, field_list_at(fields, i), i) < 0)
			return -1;
	}
	return 0;
}
