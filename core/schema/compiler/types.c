/* core/schema/compiler/types.c - see types.h. */
#include "schema/compiler/types.h"

#include <stdio.h>
#include <stdlib.h>

struct scalar {
	unsigned bits;
	const char *c, *access, *list_kind, *elements;
};

static const struct scalar scalars[] = {
	[TYPE_WHICH_BOOL] = {1, "bool", "bool", "RILL_LIST_BIT", "rill_list_bool()"},
	[TYPE_WHICH_INT8] = {8, "int8_t", "i8", "RILL_LIST_BYTE", "rill_list_i8()"},
	[TYPE_WHICH_INT16] = {16, "int16_t", "i16", "RILL_LIST_2BYTES", "rill_list_i16()"},
	[TYPE_WHICH_INT32] = {32, "int32_t", "i32", "RILL_LIST_4BYTES", "rill_list_i32()"},
	[TYPE_WHICH_INT64] = {64, "int64_t", "i64", "RILL_LIST_8BYTES", "rill_list_i64()"},
	[TYPE_WHICH_UINT8] = {8, "uint8_t", "u8", "RILL_LIST_BYTE", "rill_list_u8()"},
	[TYPE_WHICH_UINT16] = {16, "uint16_t", "u16", "RILL_LIST_2BYTES", "rill_list_u16()"},
	[TYPE_WHICH_UINT32] = {32, "uint32_t", "u32", "RILL_LIST_4BYTES", "rill_list_u32()"},
	[TYPE_WHICH_UINT64] = {64, "uint64_t", "u64", "RILL_LIST_8BYTES", "rill_list_u64()"},
	[TYPE_WHICH_FLOAT32] = {32, "float", "f32", "RILL_LIST_4BYTES", "rill_list_f32()"},
	[TYPE_WHICH_FLOAT64] = {64, "double", "f64", "RILL_LIST_8BYTES", "rill_list_f64()"},
	[TYPE_WHICH_ENUM] = {16, NULL, "u16", "RILL_LIST_2BYTES", NULL},
};

/* An enum or a struct, which must have got a name. */
static int find_named(struct request *r, uint64_t id, enum node_which which, struct shape_of *ret)
{
	ret->named = request_find(r, id);
	if (!ret->named || !ret->named->name || node_which(ret->named->node) != which)
		return request_fail(r, "there is no type @0x%016llx in the request", (unsigned long long)id);
	return 0;
}

static int list_shape(struct request *r, struct type element, struct shape_of *ret)
{
	enum type_which which = type_which(element);

	ret->shape = SHAPE_LIST;
	switch (which) {
	case TYPE_WHICH_VOID:
		ret->list_kind = "RILL_LIST_VOID";
		ret->elements = "rill_list_count()";
		return 0;
	case TYPE_WHICH_STRUCT:
		ret->shape = SHAPE_STRUCTS;
		ret->list_kind = "RILL_LIST_STRUCT";
		return find_named(r, type_struct_get_type_id(type_get_struct(element)), NODE_WHICH_STRUCT, ret);
	case TYPE_WHICH_TEXT:
		ret->elements = "rill_list_text()";
		break;
	case TYPE_WHICH_DATA:
		ret->elements = "rill_list_data()";
		break;
	case TYPE_WHICH_LIST:
		ret->elements = "rill_list_list(), rill_list_pointer()";
		break;
	case TYPE_WHICH_INTERFACE:
	case TYPE_WHICH_ANY_POINTER:
		ret->elements = "rill_list_pointer()";
		break;
	case TYPE_WHICH_ENUM:
		if (find_named(r, type_enum_get_type_id(type_get_enum(element)), NODE_WHICH_ENUM, ret) < 0)
			return -1;
		ret->list_kind = scalars[which].list_kind;
		ret->elements = pool_print(&r->pool, "%s_at()", ret->named->name);
		return 0;
	default:
		if (which > TYPE_WHICH_ANY_POINTER)
			return request_fail(r, "a list of a type that is not known: %u", (unsigned)which);
		ret->list_kind = scalars[which].list_kind;
		ret->elements = scalars[which].elements;
		return 0;
	}
	ret->list_kind = "RILL_LIST_POINTER";
	return 0;
}

/* The type of any interface. */
static bool is_capability(struct type_any_pointer any)
{
	return type_any_pointer_which(any) == TYPE_ANY_POINTER_WHICH_UNCONSTRAINED &&
	       type_any_pointer_unconstrained_which(type_any_pointer_get_unconstrained(any)) ==
	               TYPE_ANY_POINTER_UNCONSTRAINED_WHICH_CAPABILITY;
}

int type_shape(struct request *r, struct type type, struct shape_of *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->which = type_which(type);
	switch (ret->which) {
	case TYPE_WHICH_VOID:
		ret->shape = SHAPE_VOID;
		return 0;
	case TYPE_WHICH_TEXT:
		ret->shape = SHAPE_TEXT;
		return 0;
	case TYPE_WHICH_DATA:
		ret->shape = SHAPE_DATA;
		return 0;
	case TYPE_WHICH_LIST:
		return list_shape(r, type_list2_get_element_type(type_get_list(type)), ret);
	case TYPE_WHICH_STRUCT:
		ret->shape = SHAPE_STRUCT;
		return find_named(r, type_struct_get_type_id(type_get_struct(type)), NODE_WHICH_STRUCT, ret);
	case TYPE_WHICH_INTERFACE:
		ret->shape = SHAPE_CAPABILITY;
		return 0;
	case TYPE_WHICH_ANY_POINTER:
		ret->shape = is_capability(type_get_any_pointer(type)) ? SHAPE_CAPABILITY : SHAPE_ANY;
		return 0;
	case TYPE_WHICH_ENUM:
		if (find_named(r, type_enum_get_type_id(type_get_enum(type)), NODE_WHICH_ENUM, ret) < 0)
			return -1;
		ret->c = pool_print(&r->pool, "enum %s", ret->named->name);
		break;
	default:
		if (ret->which > TYPE_WHICH_ANY_POINTER)
			return request_fail(r, "a type that is not known: %u", (unsigned)ret->which);
		ret->c = scalars[ret->which].c;
		break;
	}
	ret->shape = SHAPE_SCALAR;
	ret->bits = scalars[ret->which].bits;
	ret->access = scalars[ret->which].access;
	return ret->c ? 0 : request_fail(r, "no memory");
}

/* ---- scalars -------------------------------------------------------------------------------------------------------- */

/* All scalars of a Value lie where its schema put them: a bool in a bit, the others at the same bytes. */
uint64_t value_bits(const struct shape_of *shape, struct value v)
{
	switch (shape->bits) {
	case 1:
		return value_get_bool(v);
	case 8:
		return value_get_uint8(v);
	case 16:
		return value_get_uint16(v);
	case 32:
		return value_get_uint32(v);
	default:
		return value_get_uint64(v);
	}
}

static const char *real_literal(struct request *r, double value, bool is_single)
{
	const char *f = is_single ? "f" : "";
	char text[64];
	int digits;

	if (value != value)
		return pool_print(&r->pool, "__builtin_nan%s(\"\")", f);
	if (__builtin_isinf(value))
		return pool_print(&r->pool, "%s__builtin_inf%s()", value < 0 ? "-" : "", f);
	for (digits = 1; digits < (is_single ? 9 : 17); digits++) {
		snprintf(text, sizeof(text), "%.*e", digits - 1, value);
		if (is_single ? (double)strtof(text, NULL) == value : strtod(text, NULL) == value)
			break;
	}
	return pool_print(&r->pool, "%.*e%s", digits - 1, value, f);
}

static const char *signed_literal(struct request *r, unsigned bits, int64_t value)
{
	if (bits == 64 && value == INT64_MIN)
		return "INT64_MIN";
	if (bits == 64)
		return pool_print(&r->pool, "INT64_C(%lld)", (long long)value);
	if (bits == 32 && value == INT32_MIN)
		return "INT32_MIN";
	return pool_print(&r->pool, "%lld", (long long)value);
}

/* Of an enumerant its number: its name is known only where its file is compiled. */
const char *bits_literal(struct request *r, const struct shape_of *shape, uint64_t bits)
{
	switch (shape->which) {
	case TYPE_WHICH_BOOL:
		return bits ? "true" : "false";
	case TYPE_WHICH_INT8:
		return signed_literal(r, 8, (int8_t)bits);
	case TYPE_WHICH_INT16:
		return signed_literal(r, 16, (int16_t)bits);
	case TYPE_WHICH_INT32:
		return signed_literal(r, 32, (int32_t)bits);
	case TYPE_WHICH_INT64:
		return signed_literal(r, 64, (int64_t)bits);
	case TYPE_WHICH_UINT64:
		return pool_print(&r->pool, "UINT64_C(%llu)", (unsigned long long)bits);
	case TYPE_WHICH_FLOAT32:
		return real_literal(r, (double)rill_f32_bits((uint32_t)bits), true);
	case TYPE_WHICH_FLOAT64:
		return real_literal(r, rill_f64_bits(bits), false);
	case TYPE_WHICH_ENUM:
	default:
		return pool_print(&r->pool, shape->bits == 32 ? "%lluu" : "%llu", (unsigned long long)bits);
	}
}

const char *value_literal(struct request *r, const struct shape_of *shape, struct value v)
{
	const char *literal = bits_literal(r, shape, value_bits(shape, v));

	if (literal && shape->which == TYPE_WHICH_ENUM)
		return pool_print(&r->pool, "((%s)%s)", shape->c, literal);
	return literal && *literal == '-' ? pool_print(&r->pool, "(%s)", literal) : literal;
}

/* ---- pointers ------------------------------------------------------------------------------------------------------- */

/* All pointers of a Value are its first. */
static struct rill_pointer pointer_of(struct value v)
{
	switch (value_which(v)) {
	case VALUE_WHICH_TEXT:
	case VALUE_WHICH_DATA:
	case VALUE_WHICH_LIST:
	case VALUE_WHICH_STRUCT:
	case VALUE_WHICH_ANY_POINTER:
		return rill_struct_pointer(v.s, 0);
	default:
		return rill_struct_pointer(v.s, SIZE_MAX);
	}
}

bool value_is_set(struct value v)
{
	return rill_pointer_has(pointer_of(v));
}

static void put_words(struct text *t, const char *name, const uint64_t *words, size_t count)
{
	size_t i;

	text_add(t, "static const uint64_t %s_words[] = {", name);
	for (i = 0; i < count; i++)
		text_add(t, "%sRILL_LE64(UINT64_C(0x%016llx)),", i % 3 ? " " : "\n\t",
		         (unsigned long long)rill_load_u64(&words[i]));
	text_add(t, "\n};\nconst struct rill_segment %s = {%s_words, %zu};\n\n", name, name, count);
}

int value_segment(struct request *r, struct text *t, const char *name, struct value v)
{
	struct rill_pointer p = pointer_of(v);
	struct rill_builder_options options = {.size = sizeof(options)};
	struct rill_builder b;
	struct rill_size size;
	uint64_t *words;
	int bad = rill_pointer_read_size(&size, p);

	if (bad < 0 || size.words >= TEXT_MAX / 32)
		return request_fail(r, "the value of %s is broken or too large", name);
	words = calloc((size_t)size.words + 1, RILL_WORD);
	if (!words)
		return request_fail(r, "no memory");
	options.buffer = words;
	options.buffer_words = (size_t)size.words + 1;
	options.cleared = true;
	bad = rill_builder_init(&b, &options);
	if (bad == 0)
		bad = rill_slot_copy(rill_builder_root(&b), p);
	if (bad == 0)
		put_words(t, name, words, b.segments[0].count);
	rill_builder_finish(&b);
	free(words);
	return bad < 0 ? request_fail(r, "the value of %s is broken", name) : 0;
}
