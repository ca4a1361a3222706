/* core/schema/compiler/header.c - what a decl is in C apart from its functions: tags, enums, ids, constants. */
#include "schema/compiler/generate.h"

/* How long the character is that begins here; 0: it is none in UTF-8. */
static size_t char_len(const unsigned char *at, size_t left)
{
	size_t i, n = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : *at < 0xf5 ? 4 : 0;
	unsigned second = n > 1 && left > 1 ? at[1] : 0;

	if (n > left || (*at == 0xe0 && second < 0xa0) || (*at == 0xed && second > 0x9f) || (*at == 0xf0 && second < 0x90) ||
	    (*at == 0xf4 && second > 0x8f))
		return 0;
	for (i = 1; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/* U+202A to U+202E and U+2066 to U+2069: a compiler warns of text that is shown in another order than it has. */
static bool turns_text(const unsigned char *at, size_t len)
{
	return len == 3 && at[0] == 0xe2 &&
	       ((at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae) || (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));
}

static bool is_pair(char a, char b)
{
	return (a == '*' && b == '/') || (a == '/' && b == '*') || (a == '?' && b == '?');
}

/* No comment ends or begins in a comment, no trigraph is in one, and no character that is not to be seen. */
static void put_line(struct text *t, const char *at, size_t len)
{
	size_t i, n;
	char last = 0;

	while (len && (at[len - 1] == ' ' || at[len - 1] == '\t' || at[len - 1] == '\r'))
		len--;
	for (i = 0; i < len; i += n ? n : 1) {
		const unsigned char *c = (const unsigned char *)at + i;
		const char *put = at + i;

		n = char_len(c, len - i);
		if (!n || turns_text(c, n))
			put = "?";
		else if (*c < ' ' && *c != '\t')
			put = " ";
		if (is_pair(last, *put))
			text_bytes(t, " ", 1);
		text_bytes(t, put, put == at + i ? n : 1);
		last = *put;
	}
}

void generate_comment(struct text *t, const char *indent, struct rill_text text)
{
	const char *at = text.at, *end = text.at + text.len;
	const char *begin = "/*";

	while (end > at && (end[-1] == '\n' || end[-1] == ' '))
		end--;
	if (at == end)
		return;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		text_add(t, "%s%s%s", indent, begin, len ? " " : "");
		put_line(t, at, len);
		at += len + 1;
		text_bytes(t, at < end ? "\n" : " */\n", at < end ? 1 : 4);
		begin = " *";
	}
}

static struct rill_text comment_of_part(const struct decl *d, size_t i)
{
	struct node_source_info_member_list members = node_source_info_get_members(d->source);

	return node_source_info_member_get_doc_comment(node_source_info_member_list_at(members, i));
}

static void put_id(struct output *o, const struct decl *d)
{
	text_add(&o->types, "#define %s_TYPE_ID UINT64_C(0x%016llx)\n", d->upper, (unsigned long long)d->id);
}

/* ---- structs -------------------------------------------------------------------------------------------------------- */

static void put_which(struct output *o, const struct decl *d)
{
	struct field_list fields = node_struct_get_fields(node_get_struct(d->node));
	size_t i;

	text_add(&o->types, "\nenum %s_which RILL_ENUM16 {\n", d->name);
	for (i = 0; i < field_list_count(fields); i++) {
		unsigned tag = field_get_discriminant_value(field_list_at(fields, i));

		if (tag != FIELD_NO_DISCRIMINANT)
			text_add(&o->types, "\t%s_WHICH_%s = %u,\n", d->upper, names_upper(o->r, d->parts[i]), tag);
	}
	text_add(&o->types, "};\n");
}

static int put_struct(struct output *o, const struct decl *d)
{
	struct node_struct s = node_get_struct(d->node);
	bool is_group = node_struct_get_is_group(s);
	struct words w = {{0}};

	WORD(&w, 'S') = d->name;
	text_put(&o->types, &w, "struct $S {\n\tstruct rill_struct s;\n};\n");
	text_put(&o->types, &w, "struct $S_builder {\n\tstruct rill_struct_builder s;\n};\n");
	if (!is_group) {
		text_put(&o->types, &w, "struct $S_list {\n\tstruct rill_list l;\n};\n");
		text_put(&o->types, &w, "struct $S_list_builder {\n\tstruct rill_list_builder l;\n};\n");
		put_id(o, d);
		text_add(&o->types, "#define %s_DATA_WORDS %u\n", d->upper, node_struct_get_data_word_count(s));
		text_add(&o->types, "#define %s_POINTERS %u\n", d->upper, node_struct_get_pointer_count(s));
	}
	if (node_struct_get_discriminant_count(s))
		put_which(o, d);
	return 0;
}

/* ---- enums, interfaces ---------------------------------------------------------------------------------------------- */

static void put_name_function(struct output *o, const struct decl *d)
{
	struct enumerant_list list = node_enum_get_enumerants(node_get_enum(d->node));
	size_t i;

	text_add(&o->source, "const char *%s_name(enum %s value)\n{\n\tswitch ((unsigned)value) {\n", d->name, d->name);
	for (i = 0; i < enumerant_list_count(list); i++) {
		struct rill_text name = enumerant_get_name(enumerant_list_at(list, i));

		text_add(&o->source, "\tcase %zu:\n\t\treturn \"%.*s\";\n", i, (int)name.len, name.at);
	}
	text_add(&o->source, "\tdefault:\n\t\treturn NULL;\n\t}\n}\n\n");
}

static int put_enum(struct output *o, const struct decl *d)
{
	size_t i, count = enumerant_list_count(node_enum_get_enumerants(node_get_enum(d->node)));
	struct words w = {{0}};

	text_add(&o->types, "enum %s RILL_ENUM16 {\n", d->name);
	for (i = 0; i < count; i++) {
		generate_comment(&o->types, "\t", comment_of_part(d, i));
		text_add(&o->types, "\t%s_%s = %zu%s\n", d->upper, names_upper(o->r, d->parts[i]), i, i + 1 < count ? "," : "");
	}
	if (!count)
		text_add(&o->types, "\t%s_RESERVED = 65535 /* it has none */\n", d->upper);
	text_add(&o->types, "};\n");
	put_id(o, d);
	WORD(&w, 'S') = d->name;
	text_put(&o->functions, &w,
	         "/* The elements of a list of $S. */\n"
	         "static inline enum $S $S_at(struct rill_list l, size_t i)\n{\n\treturn (enum $S)rill_list_u16(l, i);\n}\n\n"
	         "static inline void $S_set_at(struct rill_list_builder l, size_t i, enum $S value)\n{\n"
	         "\trill_list_set_u16(l, i, (uint16_t)value);\n}\n\n"
	         "/* As the schema calls it; NULL: a value of a newer schema. */\n"
	         "const char *$S_name(enum $S value);\n\n");
	put_name_function(o, d);
	return 0;
}

static int put_interface(struct output *o, const struct decl *d)
{
	size_t i, count = method_list_count(node_interface_get_methods(node_get_interface(d->node)));

	put_id(o, d);
	for (i = 0; i < count; i++) {
		generate_comment(&o->types, "", comment_of_part(d, i));
		text_add(&o->types, "#define %s_%s_METHOD %zuu\n", d->upper, names_upper(o->r, d->parts[i]), i);
	}
	return 0;
}

/* ---- constants ------------------------------------------------------------------------------------------------------ */

static const char *const view[] = {
	[SHAPE_TEXT] = "struct rill_text",   [SHAPE_DATA] = "struct rill_data",          [SHAPE_LIST] = "struct rill_list",
	[SHAPE_ANY] = "struct rill_pointer", [SHAPE_CAPABILITY] = "struct rill_pointer",
};

static void put_pointer_constant(struct output *o, const struct decl *d, const struct shape_of *shape)
{
	struct words w = {{0}};
	struct text *t = &o->functions;

	WORD(&w, 'S') = d->name;
	WORD(&w, 'E') = shape->named ? shape->named->name : NULL;
	WORD(&w, 'N') = shape->list_kind;
	WORD(&w, 'T') = view[shape->shape];
	text_put(&o->externs, &w, "extern const struct rill_segment $S_segment;\n");
	if (shape->shape == SHAPE_STRUCT)
		text_put(t, &w,
		         "static inline struct $E $S(void)\n{\n\tstruct $E r = "
		         "{rill_pointer_struct(rill_segment_root(&$S_segment))};\n\n\treturn r;\n}\n\n");
	else if (shape->shape == SHAPE_STRUCTS)
		text_put(t, &w,
		         "static inline struct $E_list $S(void)\n{\n\tstruct $E_list r = "
		         "{rill_pointer_list(rill_segment_root(&$S_segment), RILL_LIST_STRUCT)};\n\n\treturn r;\n}\n\n");
	else
		text_put(t, &w, "static inline $T $S(void)\n{\n\treturn ");
	if (shape->shape == SHAPE_TEXT)
		text_put(t, &w, "rill_pointer_text(rill_segment_root(&$S_segment));\n}\n\n");
	else if (shape->shape == SHAPE_DATA)
		text_put(t, &w, "rill_pointer_data(rill_segment_root(&$S_segment));\n}\n\n");
	else if (shape->shape == SHAPE_LIST)
		text_put(t, &w, "rill_pointer_list(rill_segment_root(&$S_segment), $N);\n}\n\n");
	else if (shape->shape == SHAPE_ANY || shape->shape == SHAPE_CAPABILITY)
		text_put(t, &w, "rill_segment_root(&$S_segment);\n}\n\n");
}

static int put_constant(struct output *o, const struct decl *d)
{
	struct node_const c = node_get_const(d->node);
	struct shape_of shape;

	if (type_shape(o->r, node_const_get_type(c), &shape) < 0)
		return -1;
	if (shape.named)
		generate_uses(o, shape.named);
	if (shape.shape == SHAPE_VOID)
		return 0;
	if (shape.shape == SHAPE_SCALAR) {
		generate_comment(&o->types, "", node_source_info_get_doc_comment(d->source));
		text_add(&o->types, "#define %s %s\n\n", d->upper, value_literal(o->r, &shape, node_const_get_value(c)));
		return 0;
	}
	generate_comment(&o->functions, "", node_source_info_get_doc_comment(d->source));
	put_pointer_constant(o, d, &shape);
	return value_segment(o->r, &o->source, pool_print(&o->r->pool, "%s_segment", d->name), node_const_get_value(c));
}

int generate_types(struct output *o, struct decl *d)
{
	int r = 0;

	if (node_which(d->node) == NODE_WHICH_CONST)
		return put_constant(o, d);
	text_add(&o->types, "/* ---- %s */\n", d->outer);
	generate_comment(&o->types, "", node_source_info_get_doc_comment(d->source));
	switch (node_which(d->node)) {
	case NODE_WHICH_STRUCT:
		r = put_struct(o, d);
		break;
	case NODE_WHICH_ENUM:
		r = put_enum(o, d);
		break;
	case NODE_WHICH_INTERFACE:
		r = put_interface(o, d);
		break;
	case NODE_WHICH_ANNOTATION:
		put_id(o, d);
		break;
	default:
		break;
	}
	text_bytes(&o->types, "\n", 1);
	return r;
}
