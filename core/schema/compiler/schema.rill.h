/* Made by capnpc-rill from schema.capnp: do not edit. */
/* clang-format off */
#ifndef RILL_GENERATED_a93fc509624c72d9
#define RILL_GENERATED_a93fc509624c72d9

#include <rill/schema.h>

#if RILL_GENERATED != 1
#error "made by another version of capnpc-rill than <rill/schema.h> is of"
#endif

/* ---- Node */
struct node {
	struct rill_struct s;
};
struct node_builder {
	struct rill_struct_builder s;
};
struct node_list {
	struct rill_list l;
};
struct node_list_builder {
	struct rill_list_builder l;
};
#define NODE_TYPE_ID UINT64_C(0xe682ab4cf923a417)
#define NODE_DATA_WORDS 5
#define NODE_POINTERS 6

enum node_which RILL_ENUM16 {
	NODE_WHICH_FILE = 0,
	NODE_WHICH_STRUCT = 1,
	NODE_WHICH_ENUM = 2,
	NODE_WHICH_INTERFACE = 3,
	NODE_WHICH_CONST = 4,
	NODE_WHICH_ANNOTATION = 5,
};

/* ---- Node.Parameter */
/* Information about one of the node's parameters. */
struct node_parameter {
	struct rill_struct s;
};
struct node_parameter_builder {
	struct rill_struct_builder s;
};
struct node_parameter_list {
	struct rill_list l;
};
struct node_parameter_list_builder {
	struct rill_list_builder l;
};
#define NODE_PARAMETER_TYPE_ID UINT64_C(0xb9521bccf10fa3b1)
#define NODE_PARAMETER_DATA_WORDS 0
#define NODE_PARAMETER_POINTERS 1

/* ---- Node.NestedNode */
struct node_nested_node {
	struct rill_struct s;
};
struct node_nested_node_builder {
	struct rill_struct_builder s;
};
struct node_nested_node_list {
	struct rill_list l;
};
struct node_nested_node_list_builder {
	struct rill_list_builder l;
};
#define NODE_NESTED_NODE_TYPE_ID UINT64_C(0xdebf55bbfa0fc242)
#define NODE_NESTED_NODE_DATA_WORDS 1
#define NODE_NESTED_NODE_POINTERS 1

/* ---- Node.SourceInfo */
/* Additional information about a node which is not needed at runtime, but may be useful for
 * documentation or debugging purposes. This is kept in a separate struct to make sure it
 * doesn't accidentally get included in contexts where it is not needed. The
 * `CodeGeneratorRequest` includes this information in a separate array. */
struct node_source_info {
	struct rill_struct s;
};
struct node_source_info_builder {
	struct rill_struct_builder s;
};
struct node_source_info_list {
	struct rill_list l;
};
struct node_source_info_list_builder {
	struct rill_list_builder l;
};
#define NODE_SOURCE_INFO_TYPE_ID UINT64_C(0xf38e1de3041357ae)
#define NODE_SOURCE_INFO_DATA_WORDS 1
#define NODE_SOURCE_INFO_POINTERS 2

/* ---- Node.SourceInfo.Member */
struct node_source_info_member {
	struct rill_struct s;
};
struct node_source_info_member_builder {
	struct rill_struct_builder s;
};
struct node_source_info_member_list {
	struct rill_list l;
};
struct node_source_info_member_list_builder {
	struct rill_list_builder l;
};
#define NODE_SOURCE_INFO_MEMBER_TYPE_ID UINT64_C(0xc2ba9038898e1fa2)
#define NODE_SOURCE_INFO_MEMBER_DATA_WORDS 0
#define NODE_SOURCE_INFO_MEMBER_POINTERS 1

/* ---- Field */
/* Schema for a field of a struct. */
struct field {
	struct rill_struct s;
};
struct field_builder {
	struct rill_struct_builder s;
};
struct field_list {
	struct rill_list l;
};
struct field_list_builder {
	struct rill_list_builder l;
};
#define FIELD_TYPE_ID UINT64_C(0x9aad50a41f4af45f)
#define FIELD_DATA_WORDS 3
#define FIELD_POINTERS 4

enum field_which RILL_ENUM16 {
	FIELD_WHICH_SLOT = 0,
	FIELD_WHICH_GROUP = 1,
};

#define FIELD_NO_DISCRIMINANT 65535

/* ---- Enumerant */
/* Schema for member of an enum. */
struct enumerant {
	struct rill_struct s;
};
struct enumerant_builder {
	struct rill_struct_builder s;
};
struct enumerant_list {
	struct rill_list l;
};
struct enumerant_list_builder {
	struct rill_list_builder l;
};
#define ENUMERANT_TYPE_ID UINT64_C(0x978a7cebdc549a4d)
#define ENUMERANT_DATA_WORDS 1
#define ENUMERANT_POINTERS 2

/* ---- Superclass */
struct superclass {
	struct rill_struct s;
};
struct superclass_builder {
	struct rill_struct_builder s;
};
struct superclass_list {
	struct rill_list l;
};
struct superclass_list_builder {
	struct rill_list_builder l;
};
#define SUPERCLASS_TYPE_ID UINT64_C(0xa9962a9ed0a4d7f8)
#define SUPERCLASS_DATA_WORDS 1
#define SUPERCLASS_POINTERS 1

/* ---- Method */
/* Schema for method of an interface. */
struct method {
	struct rill_struct s;
};
struct method_builder {
	struct rill_struct_builder s;
};
struct method_list {
	struct rill_list l;
};
struct method_list_builder {
	struct rill_list_builder l;
};
#define METHOD_TYPE_ID UINT64_C(0x9500cce23b334d80)
#define METHOD_DATA_WORDS 3
#define METHOD_POINTERS 5

/* ---- Type */
/* Represents a type expression. */
struct type {
	struct rill_struct s;
};
struct type_builder {
	struct rill_struct_builder s;
};
struct type_list {
	struct rill_list l;
};
struct type_list_builder {
	struct rill_list_builder l;
};
#define TYPE_TYPE_ID UINT64_C(0xd07378ede1f9cc60)
#define TYPE_DATA_WORDS 3
#define TYPE_POINTERS 1

enum type_which RILL_ENUM16 {
	TYPE_WHICH_VOID = 0,
	TYPE_WHICH_BOOL = 1,
	TYPE_WHICH_INT8 = 2,
	TYPE_WHICH_INT16 = 3,
	TYPE_WHICH_INT32 = 4,
	TYPE_WHICH_INT64 = 5,
	TYPE_WHICH_UINT8 = 6,
	TYPE_WHICH_UINT16 = 7,
	TYPE_WHICH_UINT32 = 8,
	TYPE_WHICH_UINT64 = 9,
	TYPE_WHICH_FLOAT32 = 10,
	TYPE_WHICH_FLOAT64 = 11,
	TYPE_WHICH_TEXT = 12,
	TYPE_WHICH_DATA = 13,
	TYPE_WHICH_LIST = 14,
	TYPE_WHICH_ENUM = 15,
	TYPE_WHICH_STRUCT = 16,
	TYPE_WHICH_INTERFACE = 17,
	TYPE_WHICH_ANY_POINTER = 18,
};

/* ---- Brand */
/* Specifies bindings for parameters of generics. Since these bindings turn a generic into a
 * non-generic, we call it the "brand". */
struct brand {
	struct rill_struct s;
};
struct brand_builder {
	struct rill_struct_builder s;
};
struct brand_list {
	struct rill_list l;
};
struct brand_list_builder {
	struct rill_list_builder l;
};
#define BRAND_TYPE_ID UINT64_C(0x903455f06065422b)
#define BRAND_DATA_WORDS 0
#define BRAND_POINTERS 1

/* ---- Brand.Scope */
struct brand_scope {
	struct rill_struct s;
};
struct brand_scope_builder {
	struct rill_struct_builder s;
};
struct brand_scope_list {
	struct rill_list l;
};
struct brand_scope_list_builder {
	struct rill_list_builder l;
};
#define BRAND_SCOPE_TYPE_ID UINT64_C(0xabd73485a9636bc9)
#define BRAND_SCOPE_DATA_WORDS 2
#define BRAND_SCOPE_POINTERS 1

enum brand_scope_which RILL_ENUM16 {
	BRAND_SCOPE_WHICH_BIND = 0,
	BRAND_SCOPE_WHICH_INHERIT = 1,
};

/* ---- Brand.Binding */
struct brand_binding {
	struct rill_struct s;
};
struct brand_binding_builder {
	struct rill_struct_builder s;
};
struct brand_binding_list {
	struct rill_list l;
};
struct brand_binding_list_builder {
	struct rill_list_builder l;
};
#define BRAND_BINDING_TYPE_ID UINT64_C(0xc863cd16969ee7fc)
#define BRAND_BINDING_DATA_WORDS 1
#define BRAND_BINDING_POINTERS 1

enum brand_binding_which RILL_ENUM16 {
	BRAND_BINDING_WHICH_UNBOUND = 0,
	BRAND_BINDING_WHICH_TYPE = 1,
};

/* ---- Value */
/* Represents a value, e.g. a field default value, constant value, or annotation value. */
struct value {
	struct rill_struct s;
};
struct value_builder {
	struct rill_struct_builder s;
};
struct value_list {
	struct rill_list l;
};
struct value_list_builder {
	struct rill_list_builder l;
};
#define VALUE_TYPE_ID UINT64_C(0xce23dcd2d7b00c9b)
#define VALUE_DATA_WORDS 2
#define VALUE_POINTERS 1

enum value_which RILL_ENUM16 {
	VALUE_WHICH_VOID = 0,
	VALUE_WHICH_BOOL = 1,
	VALUE_WHICH_INT8 = 2,
	VALUE_WHICH_INT16 = 3,
	VALUE_WHICH_INT32 = 4,
	VALUE_WHICH_INT64 = 5,
	VALUE_WHICH_UINT8 = 6,
	VALUE_WHICH_UINT16 = 7,
	VALUE_WHICH_UINT32 = 8,
	VALUE_WHICH_UINT64 = 9,
	VALUE_WHICH_FLOAT32 = 10,
	VALUE_WHICH_FLOAT64 = 11,
	VALUE_WHICH_TEXT = 12,
	VALUE_WHICH_DATA = 13,
	VALUE_WHICH_LIST = 14,
	VALUE_WHICH_ENUM = 15,
	VALUE_WHICH_STRUCT = 16,
	VALUE_WHICH_INTERFACE = 17,
	VALUE_WHICH_ANY_POINTER = 18,
};

/* ---- Annotation */
/* Describes an annotation applied to a declaration.  Note AnnotationNode describes the
 * annotation's declaration, while this describes a use of the annotation. */
struct annotation {
	struct rill_struct s;
};
struct annotation_builder {
	struct rill_struct_builder s;
};
struct annotation_list {
	struct rill_list l;
};
struct annotation_list_builder {
	struct rill_list_builder l;
};
#define ANNOTATION_TYPE_ID UINT64_C(0xf1c8950dab257542)
#define ANNOTATION_DATA_WORDS 1
#define ANNOTATION_POINTERS 2

/* ---- ElementSize */
/* Possible element sizes for encoded lists.  These correspond exactly to the possible values of
 * the 3-bit element size component of a list pointer. */
enum element_size RILL_ENUM16 {
	/* aka "void", but that's a keyword. */
	ELEMENT_SIZE_EMPTY = 0,
	ELEMENT_SIZE_BIT = 1,
	ELEMENT_SIZE_BYTE = 2,
	ELEMENT_SIZE_TWO_BYTES = 3,
	ELEMENT_SIZE_FOUR_BYTES = 4,
	ELEMENT_SIZE_EIGHT_BYTES = 5,
	ELEMENT_SIZE_POINTER = 6,
	ELEMENT_SIZE_INLINE_COMPOSITE = 7
};
#define ELEMENT_SIZE_TYPE_ID UINT64_C(0xd1958f7dba521926)

/* ---- CapnpVersion */
struct capnp_version {
	struct rill_struct s;
};
struct capnp_version_builder {
	struct rill_struct_builder s;
};
struct capnp_version_list {
	struct rill_list l;
};
struct capnp_version_list_builder {
	struct rill_list_builder l;
};
#define CAPNP_VERSION_TYPE_ID UINT64_C(0xd85d305b7d839963)
#define CAPNP_VERSION_DATA_WORDS 1
#define CAPNP_VERSION_POINTERS 0

/* ---- CodeGeneratorRequest */
struct code_generator_request {
	struct rill_struct s;
};
struct code_generator_request_builder {
	struct rill_struct_builder s;
};
struct code_generator_request_list {
	struct rill_list l;
};
struct code_generator_request_list_builder {
	struct rill_list_builder l;
};
#define CODE_GENERATOR_REQUEST_TYPE_ID UINT64_C(0xbfc546f6210ad7ce)
#define CODE_GENERATOR_REQUEST_DATA_WORDS 0
#define CODE_GENERATOR_REQUEST_POINTERS 4

/* ---- CodeGeneratorRequest.RequestedFile */
struct code_generator_request_requested_file {
	struct rill_struct s;
};
struct code_generator_request_requested_file_builder {
	struct rill_struct_builder s;
};
struct code_generator_request_requested_file_list {
	struct rill_list l;
};
struct code_generator_request_requested_file_list_builder {
	struct rill_list_builder l;
};
#define CODE_GENERATOR_REQUEST_REQUESTED_FILE_TYPE_ID UINT64_C(0xcfea0eb02e810062)
#define CODE_GENERATOR_REQUEST_REQUESTED_FILE_DATA_WORDS 1
#define CODE_GENERATOR_REQUEST_REQUESTED_FILE_POINTERS 2

/* ---- CodeGeneratorRequest.RequestedFile.Import */
struct code_generator_request_requested_file_import {
	struct rill_struct s;
};
struct code_generator_request_requested_file_import_builder {
	struct rill_struct_builder s;
};
struct code_generator_request_requested_file_import_list {
	struct rill_list l;
};
struct code_generator_request_requested_file_import_list_builder {
	struct rill_list_builder l;
};
#define CODE_GENERATOR_REQUEST_REQUESTED_FILE_IMPORT_TYPE_ID UINT64_C(0xae504193122357e5)
#define CODE_GENERATOR_REQUEST_REQUESTED_FILE_IMPORT_DATA_WORDS 1
#define CODE_GENERATOR_REQUEST_REQUESTED_FILE_IMPORT_POINTERS 1

/* ---- Node.struct */
struct node_struct {
	struct rill_struct s;
};
struct node_struct_builder {
	struct rill_struct_builder s;
};

/* ---- Node.enum */
struct node_enum {
	struct rill_struct s;
};
struct node_enum_builder {
	struct rill_struct_builder s;
};

/* ---- Node.interface */
struct node_interface {
	struct rill_struct s;
};
struct node_interface_builder {
	struct rill_struct_builder s;
};

/* ---- Node.const */
struct node_const {
	struct rill_struct s;
};
struct node_const_builder {
	struct rill_struct_builder s;
};

/* ---- Node.annotation */
struct node_annotation {
	struct rill_struct s;
};
struct node_annotation_builder {
	struct rill_struct_builder s;
};

/* ---- Field.slot */
/* A regular, non-group, non-fixed-list field. */
struct field_slot {
	struct rill_struct s;
};
struct field_slot_builder {
	struct rill_struct_builder s;
};

/* ---- Field.group */
/* A group. */
struct field_group {
	struct rill_struct s;
};
struct field_group_builder {
	struct rill_struct_builder s;
};

/* ---- Field.ordinal */
struct field_ordinal {
	struct rill_struct s;
};
struct field_ordinal_builder {
	struct rill_struct_builder s;
};

enum field_ordinal_which RILL_ENUM16 {
	FIELD_ORDINAL_WHICH_IMPLICIT = 0,
	FIELD_ORDINAL_WHICH_EXPLICIT = 1,
};

/* ---- Type.list */
struct type_list2 {
	struct rill_struct s;
};
struct type_list2_builder {
	struct rill_struct_builder s;
};

/* ---- Type.enum */
struct type_enum {
	struct rill_struct s;
};
struct type_enum_builder {
	struct rill_struct_builder s;
};

/* ---- Type.struct */
struct type_struct {
	struct rill_struct s;
};
struct type_struct_builder {
	struct rill_struct_builder s;
};

/* ---- Type.interface */
struct type_interface {
	struct rill_struct s;
};
struct type_interface_builder {
	struct rill_struct_builder s;
};

/* ---- Type.anyPointer */
struct type_any_pointer {
	struct rill_struct s;
};
struct type_any_pointer_builder {
	struct rill_struct_builder s;
};

enum type_any_pointer_which RILL_ENUM16 {
	TYPE_ANY_POINTER_WHICH_UNCONSTRAINED = 0,
	TYPE_ANY_POINTER_WHICH_PARAMETER = 1,
	TYPE_ANY_POINTER_WHICH_IMPLICIT_METHOD_PARAMETER = 2,
};

/* ---- Type.anyPointer.unconstrained */
/* A regular AnyPointer.
 *
 * The name "unconstrained" means as opposed to constraining it to match a type parameter.
 * In retrospect this name is probably a poor choice given that it may still be constrained
 * to be a struct, list, or capability. */
struct type_any_pointer_unconstrained {
	struct rill_struct s;
};
struct type_any_pointer_unconstrained_builder {
	struct rill_struct_builder s;
};

enum type_any_pointer_unconstrained_which RILL_ENUM16 {
	TYPE_ANY_POINTER_UNCONSTRAINED_WHICH_ANY_KIND = 0,
	TYPE_ANY_POINTER_UNCONSTRAINED_WHICH_STRUCT = 1,
	TYPE_ANY_POINTER_UNCONSTRAINED_WHICH_LIST = 2,
	TYPE_ANY_POINTER_UNCONSTRAINED_WHICH_CAPABILITY = 3,
};

/* ---- Type.anyPointer.parameter */
/* This is actually a reference to a type parameter defined within this scope. */
struct type_any_pointer_parameter {
	struct rill_struct s;
};
struct type_any_pointer_parameter_builder {
	struct rill_struct_builder s;
};

/* ---- Type.anyPointer.implicitMethodParameter */
/* This is actually a reference to an implicit (generic) parameter of a method. The only
 * legal context for this type to appear is inside Method.paramBrand or Method.resultBrand. */
struct type_any_pointer_implicit_method_parameter {
	struct rill_struct s;
};
struct type_any_pointer_implicit_method_parameter_builder {
	struct rill_struct_builder s;
};

#ifdef __cplusplus
extern "C" {
#endif

static inline void node_struct_clear(struct node_struct_builder b);
static inline void node_enum_clear(struct node_enum_builder b);
static inline void node_interface_clear(struct node_interface_builder b);
static inline void node_const_clear(struct node_const_builder b);
static inline void node_annotation_clear(struct node_annotation_builder b);
static inline void field_slot_clear(struct field_slot_builder b);
static inline void field_group_clear(struct field_group_builder b);
static inline void field_ordinal_clear(struct field_ordinal_builder b);
static inline void type_list2_clear(struct type_list2_builder b);
static inline void type_enum_clear(struct type_enum_builder b);
static inline void type_struct_clear(struct type_struct_builder b);
static inline void type_interface_clear(struct type_interface_builder b);
static inline void type_any_pointer_clear(struct type_any_pointer_builder b);
static inline void type_any_pointer_unconstrained_clear(struct type_any_pointer_unconstrained_builder b);
static inline void type_any_pointer_parameter_clear(struct type_any_pointer_parameter_builder b);
static inline void type_any_pointer_implicit_method_parameter_clear(struct type_any_pointer_implicit_method_parameter_builder b);

/* The elements of a list of element_size. */
static inline enum element_size element_size_at(struct rill_list l, size_t i)
{
	return (enum element_size)rill_list_u16(l, i);
}

static inline void element_size_set_at(struct rill_list_builder l, size_t i, enum element_size value)
{
	rill_list_set_u16(l, i, (uint16_t)value);
}

/* As the schema calls it; NULL: a value of a newer schema. */
const char *element_size_name(enum element_size value);

/* ---- Node */

static inline struct node node_of(struct rill_pointer p)
{
	struct node r = {rill_pointer_struct(p)};

	return r;
}

static inline int node_read(struct node *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct node node_root(struct rill_reader *reader)
{
	return node_of(rill_reader_root(reader));
}

static inline struct node_builder node_new(struct rill_slot slot)
{
	struct node_builder r = {rill_slot_init_struct(slot, 5, 6)};

	return r;
}

static inline struct node_builder node_edit(struct rill_slot slot)
{
	struct node_builder r = {rill_slot_edit_struct(slot, 5, 6)};

	return r;
}

static inline struct node_builder node_new_root(struct rill_builder *b)
{
	return node_new(rill_builder_root(b));
}

static inline struct node_builder node_edit_root(struct rill_builder *b)
{
	return node_edit(rill_builder_root(b));
}

static inline int node_copy(struct node_builder to, struct node from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct node_list node_list_of(struct rill_pointer p)
{
	struct node_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int node_list_read(struct node_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t node_list_count(struct node_list l)
{
	return l.l.count;
}

static inline struct node node_list_at(struct node_list l, size_t i)
{
	struct node r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct node_list_builder node_list_new(struct rill_slot slot, size_t count)
{
	struct node_list_builder r = {rill_slot_init_structs(slot, count, 5, 6)};

	return r;
}

static inline struct node_list_builder node_list_edit(struct rill_slot slot)
{
	struct node_list_builder r = {rill_slot_edit_structs(slot, 5, 6)};

	return r;
}

static inline size_t node_list_edit_count(struct node_list_builder l)
{
	return l.l.count;
}

static inline struct node_builder node_list_edit_at(struct node_list_builder l, size_t i)
{
	struct node_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct node node_built(struct node_builder b, struct rill_reader *over)
{
	struct node r = {rill_struct_built(b.s, over)};

	return r;
}

static inline enum node_which node_which(struct node v)
{
	return (enum node_which)rill_struct_u16(v.s, 12, 0);
}

static inline uint64_t node_get_id(struct node v)
{
	return rill_struct_u64(v.s, 0, UINT64_C(0));
}

static inline void node_set_id(struct node_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 0, value, UINT64_C(0));
}

/* Name to present to humans to identify this Node.  You should not attempt to parse this.  Its
 * format could change.  It is not guaranteed to be unique.
 *
 * (On Zooko's triangle, this is the node's nickname.) */
static inline struct rill_slot node_slot_display_name(struct node_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool node_has_display_name(struct node v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct rill_text node_get_display_name(struct node v)
{
	return rill_pointer_text(rill_struct_pointer(v.s, 0));
}

static inline int node_read_display_name(struct rill_text *ret, struct node v)
{
	return rill_pointer_read_text(ret, rill_struct_pointer(v.s, 0));
}

static inline int node_set_display_name(struct node_builder b, const char *string)
{
	return rill_slot_set_string(node_slot_display_name(b), string);
}

static inline int node_set_display_name_len(struct node_builder b, const char *text, size_t len)
{
	return rill_slot_set_text(node_slot_display_name(b), text, len);
}

static inline char *node_init_display_name(struct node_builder b, size_t len)
{
	return rill_slot_init_text(node_slot_display_name(b), len);
}

/* If you want a shorter version of `displayName` (just naming this node, without its surrounding
 * scope), chop off this many characters from the beginning of `displayName`. */
static inline uint32_t node_get_display_name_prefix_length(struct node v)
{
	return rill_struct_u32(v.s, 8, 0u);
}

static inline void node_set_display_name_prefix_length(struct node_builder b, uint32_t value)
{
	rill_struct_set_u32(b.s, 8, value, 0u);
}

/* ID of the lexical parent node.  Typically, the scope node will have a NestedNode pointing back
 * at this node, but robust code should avoid relying on this (and, in fact, group nodes are not
 * listed in the outer struct's nestedNodes, since they are listed in the fields).  `scopeId` is
 * zero if the node has no parent, which is normally only the case with files, but should be
 * allowed for any kind of node (in order to make runtime type generation easier). */
static inline uint64_t node_get_scope_id(struct node v)
{
	return rill_struct_u64(v.s, 16, UINT64_C(0));
}

static inline void node_set_scope_id(struct node_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 16, value, UINT64_C(0));
}

/* List of nodes nested within this node, along with the names under which they were declared. */
static inline struct rill_slot node_slot_nested_nodes(struct node_builder b)
{
	return rill_struct_slot(b.s, 1);
}

static inline bool node_has_nested_nodes(struct node v)
{
	return rill_struct_has(v.s, 1);
}

static inline struct node_nested_node_list node_get_nested_nodes(struct node v)
{
	struct node_nested_node_list r = {rill_pointer_list(rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT)};

	return r;
}

static inline int node_read_nested_nodes(struct node_nested_node_list *ret, struct node v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT);
}

static inline struct node_nested_node_list_builder node_init_nested_nodes(struct node_builder b, size_t count)
{
	struct node_nested_node_list_builder r = {rill_slot_init_structs(node_slot_nested_nodes(b), count, 1, 1)};

	return r;
}

static inline struct node_nested_node_list_builder node_edit_nested_nodes(struct node_builder b)
{
	struct node_nested_node_list_builder r = {rill_slot_edit_structs(node_slot_nested_nodes(b), 1, 1)};

	return r;
}

static inline int node_set_nested_nodes(struct node_builder b, struct node_nested_node_list from)
{
	return rill_slot_set_list(node_slot_nested_nodes(b), from.l);
}

/* Annotations applied to this node. */
static inline struct rill_slot node_slot_annotations(struct node_builder b)
{
	return rill_struct_slot(b.s, 2);
}

static inline bool node_has_annotations(struct node v)
{
	return rill_struct_has(v.s, 2);
}

static inline struct annotation_list node_get_annotations(struct node v)
{
	struct annotation_list r = {rill_pointer_list(rill_struct_pointer(v.s, 2), RILL_LIST_STRUCT)};

	return r;
}

static inline int node_read_annotations(struct annotation_list *ret, struct node v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 2), RILL_LIST_STRUCT);
}

static inline struct annotation_list_builder node_init_annotations(struct node_builder b, size_t count)
{
	struct annotation_list_builder r = {rill_slot_init_structs(node_slot_annotations(b), count, 1, 2)};

	return r;
}

static inline struct annotation_list_builder node_edit_annotations(struct node_builder b)
{
	struct annotation_list_builder r = {rill_slot_edit_structs(node_slot_annotations(b), 1, 2)};

	return r;
}

static inline int node_set_annotations(struct node_builder b, struct annotation_list from)
{
	return rill_slot_set_list(node_slot_annotations(b), from.l);
}

static inline void node_set_file(struct node_builder b)
{
	rill_struct_set_u16(b.s, 12, 0, 0);
}

static inline struct node_struct node_get_struct(struct node v)
{
	struct node_struct r = {v.s};

	return r;
}

static inline struct node_struct_builder node_init_struct(struct node_builder b)
{
	struct node_struct_builder r = {b.s};

	rill_struct_set_u16(b.s, 12, 1, 0);
	node_struct_clear(r);
	return r;
}

static inline struct node_struct_builder node_edit_struct(struct node_builder b)
{
	struct node_struct_builder r = {b.s};

	if (rill_struct_switch(b.s, 12, 1))
		node_struct_clear(r);
	return r;
}

static inline struct node_enum node_get_enum(struct node v)
{
	struct node_enum r = {v.s};

	return r;
}

static inline struct node_enum_builder node_init_enum(struct node_builder b)
{
	struct node_enum_builder r = {b.s};

	rill_struct_set_u16(b.s, 12, 2, 0);
	node_enum_clear(r);
	return r;
}

static inline struct node_enum_builder node_edit_enum(struct node_builder b)
{
	struct node_enum_builder r = {b.s};

	if (rill_struct_switch(b.s, 12, 2))
		node_enum_clear(r);
	return r;
}

static inline struct node_interface node_get_interface(struct node v)
{
	struct node_interface r = {v.s};

	return r;
}

static inline struct node_interface_builder node_init_interface(struct node_builder b)
{
	struct node_interface_builder r = {b.s};

	rill_struct_set_u16(b.s, 12, 3, 0);
	node_interface_clear(r);
	return r;
}

static inline struct node_interface_builder node_edit_interface(struct node_builder b)
{
	struct node_interface_builder r = {b.s};

	if (rill_struct_switch(b.s, 12, 3))
		node_interface_clear(r);
	return r;
}

static inline struct node_const node_get_const(struct node v)
{
	struct node_const r = {v.s};

	return r;
}

static inline struct node_const_builder node_init_const(struct node_builder b)
{
	struct node_const_builder r = {b.s};

	rill_struct_set_u16(b.s, 12, 4, 0);
	node_const_clear(r);
	return r;
}

static inline struct node_const_builder node_edit_const(struct node_builder b)
{
	struct node_const_builder r = {b.s};

	if (rill_struct_switch(b.s, 12, 4))
		node_const_clear(r);
	return r;
}

static inline struct node_annotation node_get_annotation(struct node v)
{
	struct node_annotation r = {v.s};

	return r;
}

static inline struct node_annotation_builder node_init_annotation(struct node_builder b)
{
	struct node_annotation_builder r = {b.s};

	rill_struct_set_u16(b.s, 12, 5, 0);
	node_annotation_clear(r);
	return r;
}

static inline struct node_annotation_builder node_edit_annotation(struct node_builder b)
{
	struct node_annotation_builder r = {b.s};

	if (rill_struct_switch(b.s, 12, 5))
		node_annotation_clear(r);
	return r;
}

/* If this node is parameterized (generic), the list of parameters. Empty for non-generic types. */
static inline struct rill_slot node_slot_parameters(struct node_builder b)
{
	return rill_struct_slot(b.s, 5);
}

static inline bool node_has_parameters(struct node v)
{
	return rill_struct_has(v.s, 5);
}

static inline struct node_parameter_list node_get_parameters(struct node v)
{
	struct node_parameter_list r = {rill_pointer_list(rill_struct_pointer(v.s, 5), RILL_LIST_STRUCT)};

	return r;
}

static inline int node_read_parameters(struct node_parameter_list *ret, struct node v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 5), RILL_LIST_STRUCT);
}

static inline struct node_parameter_list_builder node_init_parameters(struct node_builder b, size_t count)
{
	struct node_parameter_list_builder r = {rill_slot_init_structs(node_slot_parameters(b), count, 0, 1)};

	return r;
}

static inline struct node_parameter_list_builder node_edit_parameters(struct node_builder b)
{
	struct node_parameter_list_builder r = {rill_slot_edit_structs(node_slot_parameters(b), 0, 1)};

	return r;
}

static inline int node_set_parameters(struct node_builder b, struct node_parameter_list from)
{
	return rill_slot_set_list(node_slot_parameters(b), from.l);
}

/* True if this node is generic, meaning that it or one of its parent scopes has a non-empty
 * `parameters`. */
static inline bool node_get_is_generic(struct node v)
{
	return rill_struct_bool(v.s, 288, false);
}

static inline void node_set_is_generic(struct node_builder b, bool value)
{
	rill_struct_set_bool(b.s, 288, value, false);
}

/* ---- Node.Parameter */

static inline struct node_parameter node_parameter_of(struct rill_pointer p)
{
	struct node_parameter r = {rill_pointer_struct(p)};

	return r;
}

static inline int node_parameter_read(struct node_parameter *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct node_parameter node_parameter_root(struct rill_reader *reader)
{
	return node_parameter_of(rill_reader_root(reader));
}

static inline struct node_parameter_builder node_parameter_new(struct rill_slot slot)
{
	struct node_parameter_builder r = {rill_slot_init_struct(slot, 0, 1)};

	return r;
}

static inline struct node_parameter_builder node_parameter_edit(struct rill_slot slot)
{
	struct node_parameter_builder r = {rill_slot_edit_struct(slot, 0, 1)};

	return r;
}

static inline struct node_parameter_builder node_parameter_new_root(struct rill_builder *b)
{
	return node_parameter_new(rill_builder_root(b));
}

static inline struct node_parameter_builder node_parameter_edit_root(struct rill_builder *b)
{
	return node_parameter_edit(rill_builder_root(b));
}

static inline int node_parameter_copy(struct node_parameter_builder to, struct node_parameter from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct node_parameter_list node_parameter_list_of(struct rill_pointer p)
{
	struct node_parameter_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int node_parameter_list_read(struct node_parameter_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t node_parameter_list_count(struct node_parameter_list l)
{
	return l.l.count;
}

static inline struct node_parameter node_parameter_list_at(struct node_parameter_list l, size_t i)
{
	struct node_parameter r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct node_parameter_list_builder node_parameter_list_new(struct rill_slot slot, size_t count)
{
	struct node_parameter_list_builder r = {rill_slot_init_structs(slot, count, 0, 1)};

	return r;
}

static inline struct node_parameter_list_builder node_parameter_list_edit(struct rill_slot slot)
{
	struct node_parameter_list_builder r = {rill_slot_edit_structs(slot, 0, 1)};

	return r;
}

static inline size_t node_parameter_list_edit_count(struct node_parameter_list_builder l)
{
	return l.l.count;
}

static inline struct node_parameter_builder node_parameter_list_edit_at(struct node_parameter_list_builder l, size_t i)
{
	struct node_parameter_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct node_parameter node_parameter_built(struct node_parameter_builder b, struct rill_reader *over)
{
	struct node_parameter r = {rill_struct_built(b.s, over)};

	return r;
}

static inline struct rill_slot node_parameter_slot_name(struct node_parameter_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool node_parameter_has_name(struct node_parameter v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct rill_text node_parameter_get_name(struct node_parameter v)
{
	return rill_pointer_text(rill_struct_pointer(v.s, 0));
}

static inline int node_parameter_read_name(struct rill_text *ret, struct node_parameter v)
{
	return rill_pointer_read_text(ret, rill_struct_pointer(v.s, 0));
}

static inline int node_parameter_set_name(struct node_parameter_builder b, const char *string)
{
	return rill_slot_set_string(node_parameter_slot_name(b), string);
}

static inline int node_parameter_set_name_len(struct node_parameter_builder b, const char *text, size_t len)
{
	return rill_slot_set_text(node_parameter_slot_name(b), text, len);
}

static inline char *node_parameter_init_name(struct node_parameter_builder b, size_t len)
{
	return rill_slot_init_text(node_parameter_slot_name(b), len);
}

/* ---- Node.NestedNode */

static inline struct node_nested_node node_nested_node_of(struct rill_pointer p)
{
	struct node_nested_node r = {rill_pointer_struct(p)};

	return r;
}

static inline int node_nested_node_read(struct node_nested_node *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct node_nested_node node_nested_node_root(struct rill_reader *reader)
{
	return node_nested_node_of(rill_reader_root(reader));
}

static inline struct node_nested_node_builder node_nested_node_new(struct rill_slot slot)
{
	struct node_nested_node_builder r = {rill_slot_init_struct(slot, 1, 1)};

	return r;
}

static inline struct node_nested_node_builder node_nested_node_edit(struct rill_slot slot)
{
	struct node_nested_node_builder r = {rill_slot_edit_struct(slot, 1, 1)};

	return r;
}

static inline struct node_nested_node_builder node_nested_node_new_root(struct rill_builder *b)
{
	return node_nested_node_new(rill_builder_root(b));
}

static inline struct node_nested_node_builder node_nested_node_edit_root(struct rill_builder *b)
{
	return node_nested_node_edit(rill_builder_root(b));
}

static inline int node_nested_node_copy(struct node_nested_node_builder to, struct node_nested_node from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct node_nested_node_list node_nested_node_list_of(struct rill_pointer p)
{
	struct node_nested_node_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int node_nested_node_list_read(struct node_nested_node_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t node_nested_node_list_count(struct node_nested_node_list l)
{
	return l.l.count;
}

static inline struct node_nested_node node_nested_node_list_at(struct node_nested_node_list l, size_t i)
{
	struct node_nested_node r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct node_nested_node_list_builder node_nested_node_list_new(struct rill_slot slot, size_t count)
{
	struct node_nested_node_list_builder r = {rill_slot_init_structs(slot, count, 1, 1)};

	return r;
}

static inline struct node_nested_node_list_builder node_nested_node_list_edit(struct rill_slot slot)
{
	struct node_nested_node_list_builder r = {rill_slot_edit_structs(slot, 1, 1)};

	return r;
}

static inline size_t node_nested_node_list_edit_count(struct node_nested_node_list_builder l)
{
	return l.l.count;
}

static inline struct node_nested_node_builder node_nested_node_list_edit_at(struct node_nested_node_list_builder l, size_t i)
{
	struct node_nested_node_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct node_nested_node node_nested_node_built(struct node_nested_node_builder b, struct rill_reader *over)
{
	struct node_nested_node r = {rill_struct_built(b.s, over)};

	return r;
}

/* Unqualified symbol name.  Unlike Node.displayName, this *can* be used programmatically.
 *
 * (On Zooko's triangle, this is the node's petname according to its parent scope.) */
static inline struct rill_slot node_nested_node_slot_name(struct node_nested_node_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool node_nested_node_has_name(struct node_nested_node v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct rill_text node_nested_node_get_name(struct node_nested_node v)
{
	return rill_pointer_text(rill_struct_pointer(v.s, 0));
}

static inline int node_nested_node_read_name(struct rill_text *ret, struct node_nested_node v)
{
	return rill_pointer_read_text(ret, rill_struct_pointer(v.s, 0));
}

static inline int node_nested_node_set_name(struct node_nested_node_builder b, const char *string)
{
	return rill_slot_set_string(node_nested_node_slot_name(b), string);
}

static inline int node_nested_node_set_name_len(struct node_nested_node_builder b, const char *text, size_t len)
{
	return rill_slot_set_text(node_nested_node_slot_name(b), text, len);
}

static inline char *node_nested_node_init_name(struct node_nested_node_builder b, size_t len)
{
	return rill_slot_init_text(node_nested_node_slot_name(b), len);
}

/* ID of the nested node.  Typically, the target node's scopeId points back to this node, but
 * robust code should avoid relying on this. */
static inline uint64_t node_nested_node_get_id(struct node_nested_node v)
{
	return rill_struct_u64(v.s, 0, UINT64_C(0));
}

static inline void node_nested_node_set_id(struct node_nested_node_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 0, value, UINT64_C(0));
}

/* ---- Node.SourceInfo */

static inline struct node_source_info node_source_info_of(struct rill_pointer p)
{
	struct node_source_info r = {rill_pointer_struct(p)};

	return r;
}

static inline int node_source_info_read(struct node_source_info *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct node_source_info node_source_info_root(struct rill_reader *reader)
{
	return node_source_info_of(rill_reader_root(reader));
}

static inline struct node_source_info_builder node_source_info_new(struct rill_slot slot)
{
	struct node_source_info_builder r = {rill_slot_init_struct(slot, 1, 2)};

	return r;
}

static inline struct node_source_info_builder node_source_info_edit(struct rill_slot slot)
{
	struct node_source_info_builder r = {rill_slot_edit_struct(slot, 1, 2)};

	return r;
}

static inline struct node_source_info_builder node_source_info_new_root(struct rill_builder *b)
{
	return node_source_info_new(rill_builder_root(b));
}

static inline struct node_source_info_builder node_source_info_edit_root(struct rill_builder *b)
{
	return node_source_info_edit(rill_builder_root(b));
}

static inline int node_source_info_copy(struct node_source_info_builder to, struct node_source_info from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct node_source_info_list node_source_info_list_of(struct rill_pointer p)
{
	struct node_source_info_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int node_source_info_list_read(struct node_source_info_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t node_source_info_list_count(struct node_source_info_list l)
{
	return l.l.count;
}

static inline struct node_source_info node_source_info_list_at(struct node_source_info_list l, size_t i)
{
	struct node_source_info r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct node_source_info_list_builder node_source_info_list_new(struct rill_slot slot, size_t count)
{
	struct node_source_info_list_builder r = {rill_slot_init_structs(slot, count, 1, 2)};

	return r;
}

static inline struct node_source_info_list_builder node_source_info_list_edit(struct rill_slot slot)
{
	struct node_source_info_list_builder r = {rill_slot_edit_structs(slot, 1, 2)};

	return r;
}

static inline size_t node_source_info_list_edit_count(struct node_source_info_list_builder l)
{
	return l.l.count;
}

static inline struct node_source_info_builder node_source_info_list_edit_at(struct node_source_info_list_builder l, size_t i)
{
	struct node_source_info_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct node_source_info node_source_info_built(struct node_source_info_builder b, struct rill_reader *over)
{
	struct node_source_info r = {rill_struct_built(b.s, over)};

	return r;
}

/* ID of the Node which this info describes. */
static inline uint64_t node_source_info_get_id(struct node_source_info v)
{
	return rill_struct_u64(v.s, 0, UINT64_C(0));
}

static inline void node_source_info_set_id(struct node_source_info_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 0, value, UINT64_C(0));
}

/* The top-level doc comment for the Node. */
static inline struct rill_slot node_source_info_slot_doc_comment(struct node_source_info_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool node_source_info_has_doc_comment(struct node_source_info v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct rill_text node_source_info_get_doc_comment(struct node_source_info v)
{
	return rill_pointer_text(rill_struct_pointer(v.s, 0));
}

static inline int node_source_info_read_doc_comment(struct rill_text *ret, struct node_source_info v)
{
	return rill_pointer_read_text(ret, rill_struct_pointer(v.s, 0));
}

static inline int node_source_info_set_doc_comment(struct node_source_info_builder b, const char *string)
{
	return rill_slot_set_string(node_source_info_slot_doc_comment(b), string);
}

static inline int node_source_info_set_doc_comment_len(struct node_source_info_builder b, const char *text, size_t len)
{
	return rill_slot_set_text(node_source_info_slot_doc_comment(b), text, len);
}

static inline char *node_source_info_init_doc_comment(struct node_source_info_builder b, size_t len)
{
	return rill_slot_init_text(node_source_info_slot_doc_comment(b), len);
}

/* Information about each member -- i.e. fields (for structs), enumerants (for enums), or
 * methods (for interfaces).
 *
 * This list is the same length and order as the corresponding list in the Node, i.e.
 * Node.struct.fields, Node.enum.enumerants, or Node.interface.methods. */
static inline struct rill_slot node_source_info_slot_members(struct node_source_info_builder b)
{
	return rill_struct_slot(b.s, 1);
}

static inline bool node_source_info_has_members(struct node_source_info v)
{
	return rill_struct_has(v.s, 1);
}

static inline struct node_source_info_member_list node_source_info_get_members(struct node_source_info v)
{
	struct node_source_info_member_list r = {rill_pointer_list(rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT)};

	return r;
}

static inline int node_source_info_read_members(struct node_source_info_member_list *ret, struct node_source_info v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT);
}

static inline struct node_source_info_member_list_builder node_source_info_init_members(struct node_source_info_builder b, size_t count)
{
	struct node_source_info_member_list_builder r = {rill_slot_init_structs(node_source_info_slot_members(b), count, 0, 1)};

	return r;
}

static inline struct node_source_info_member_list_builder node_source_info_edit_members(struct node_source_info_builder b)
{
	struct node_source_info_member_list_builder r = {rill_slot_edit_structs(node_source_info_slot_members(b), 0, 1)};

	return r;
}

static inline int node_source_info_set_members(struct node_source_info_builder b, struct node_source_info_member_list from)
{
	return rill_slot_set_list(node_source_info_slot_members(b), from.l);
}

/* ---- Node.SourceInfo.Member */

static inline struct node_source_info_member node_source_info_member_of(struct rill_pointer p)
{
	struct node_source_info_member r = {rill_pointer_struct(p)};

	return r;
}

static inline int node_source_info_member_read(struct node_source_info_member *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct node_source_info_member node_source_info_member_root(struct rill_reader *reader)
{
	return node_source_info_member_of(rill_reader_root(reader));
}

static inline struct node_source_info_member_builder node_source_info_member_new(struct rill_slot slot)
{
	struct node_source_info_member_builder r = {rill_slot_init_struct(slot, 0, 1)};

	return r;
}

static inline struct node_source_info_member_builder node_source_info_member_edit(struct rill_slot slot)
{
	struct node_source_info_member_builder r = {rill_slot_edit_struct(slot, 0, 1)};

	return r;
}

static inline struct node_source_info_member_builder node_source_info_member_new_root(struct rill_builder *b)
{
	return node_source_info_member_new(rill_builder_root(b));
}

static inline struct node_source_info_member_builder node_source_info_member_edit_root(struct rill_builder *b)
{
	return node_source_info_member_edit(rill_builder_root(b));
}

static inline int node_source_info_member_copy(struct node_source_info_member_builder to, struct node_source_info_member from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct node_source_info_member_list node_source_info_member_list_of(struct rill_pointer p)
{
	struct node_source_info_member_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int node_source_info_member_list_read(struct node_source_info_member_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t node_source_info_member_list_count(struct node_source_info_member_list l)
{
	return l.l.count;
}

static inline struct node_source_info_member node_source_info_member_list_at(struct node_source_info_member_list l, size_t i)
{
	struct node_source_info_member r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct node_source_info_member_list_builder node_source_info_member_list_new(struct rill_slot slot, size_t count)
{
	struct node_source_info_member_list_builder r = {rill_slot_init_structs(slot, count, 0, 1)};

	return r;
}

static inline struct node_source_info_member_list_builder node_source_info_member_list_edit(struct rill_slot slot)
{
	struct node_source_info_member_list_builder r = {rill_slot_edit_structs(slot, 0, 1)};

	return r;
}

static inline size_t node_source_info_member_list_edit_count(struct node_source_info_member_list_builder l)
{
	return l.l.count;
}

static inline struct node_source_info_member_builder node_source_info_member_list_edit_at(struct node_source_info_member_list_builder l, size_t i)
{
	struct node_source_info_member_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct node_source_info_member node_source_info_member_built(struct node_source_info_member_builder b, struct rill_reader *over)
{
	struct node_source_info_member r = {rill_struct_built(b.s, over)};

	return r;
}

/* Doc comment on the member. */
static inline struct rill_slot node_source_info_member_slot_doc_comment(struct node_source_info_member_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool node_source_info_member_has_doc_comment(struct node_source_info_member v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct rill_text node_source_info_member_get_doc_comment(struct node_source_info_member v)
{
	return rill_pointer_text(rill_struct_pointer(v.s, 0));
}

static inline int node_source_info_member_read_doc_comment(struct rill_text *ret, struct node_source_info_member v)
{
	return rill_pointer_read_text(ret, rill_struct_pointer(v.s, 0));
}

static inline int node_source_info_member_set_doc_comment(struct node_source_info_member_builder b, const char *string)
{
	return rill_slot_set_string(node_source_info_member_slot_doc_comment(b), string);
}

static inline int node_source_info_member_set_doc_comment_len(struct node_source_info_member_builder b, const char *text, size_t len)
{
	return rill_slot_set_text(node_source_info_member_slot_doc_comment(b), text, len);
}

static inline char *node_source_info_member_init_doc_comment(struct node_source_info_member_builder b, size_t len)
{
	return rill_slot_init_text(node_source_info_member_slot_doc_comment(b), len);
}

/* ---- Field */

static inline struct field field_of(struct rill_pointer p)
{
	struct field r = {rill_pointer_struct(p)};

	return r;
}

static inline int field_read(struct field *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct field field_root(struct rill_reader *reader)
{
	return field_of(rill_reader_root(reader));
}

static inline struct field_builder field_new(struct rill_slot slot)
{
	struct field_builder r = {rill_slot_init_struct(slot, 3, 4)};

	return r;
}

static inline struct field_builder field_edit(struct rill_slot slot)
{
	struct field_builder r = {rill_slot_edit_struct(slot, 3, 4)};

	return r;
}

static inline struct field_builder field_new_root(struct rill_builder *b)
{
	return field_new(rill_builder_root(b));
}

static inline struct field_builder field_edit_root(struct rill_builder *b)
{
	return field_edit(rill_builder_root(b));
}

static inline int field_copy(struct field_builder to, struct field from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct field_list field_list_of(struct rill_pointer p)
{
	struct field_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int field_list_read(struct field_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t field_list_count(struct field_list l)
{
	return l.l.count;
}

static inline struct field field_list_at(struct field_list l, size_t i)
{
	struct field r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct field_list_builder field_list_new(struct rill_slot slot, size_t count)
{
	struct field_list_builder r = {rill_slot_init_structs(slot, count, 3, 4)};

	return r;
}

static inline struct field_list_builder field_list_edit(struct rill_slot slot)
{
	struct field_list_builder r = {rill_slot_edit_structs(slot, 3, 4)};

	return r;
}

static inline size_t field_list_edit_count(struct field_list_builder l)
{
	return l.l.count;
}

static inline struct field_builder field_list_edit_at(struct field_list_builder l, size_t i)
{
	struct field_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct field field_built(struct field_builder b, struct rill_reader *over)
{
	struct field r = {rill_struct_built(b.s, over)};

	return r;
}

static inline enum field_which field_which(struct field v)
{
	return (enum field_which)rill_struct_u16(v.s, 8, 0);
}

static inline struct rill_slot field_slot_name(struct field_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool field_has_name(struct field v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct rill_text field_get_name(struct field v)
{
	return rill_pointer_text(rill_struct_pointer(v.s, 0));
}

static inline int field_read_name(struct rill_text *ret, struct field v)
{
	return rill_pointer_read_text(ret, rill_struct_pointer(v.s, 0));
}

static inline int field_set_name(struct field_builder b, const char *string)
{
	return rill_slot_set_string(field_slot_name(b), string);
}

static inline int field_set_name_len(struct field_builder b, const char *text, size_t len)
{
	return rill_slot_set_text(field_slot_name(b), text, len);
}

static inline char *field_init_name(struct field_builder b, size_t len)
{
	return rill_slot_init_text(field_slot_name(b), len);
}

/* Indicates where this member appeared in the code, relative to other members.
 * Code ordering may have semantic relevance -- programmers tend to place related fields
 * together.  So, using code ordering makes sense in human-readable formats where ordering is
 * otherwise irrelevant, like JSON.  The values of codeOrder are tightly-packed, so the maximum
 * value is count(members) - 1.  Fields that are members of a union are only ordered relative to
 * the other members of that union, so the maximum value there is count(union.members). */
static inline uint16_t field_get_code_order(struct field v)
{
	return rill_struct_u16(v.s, 0, 0);
}

static inline void field_set_code_order(struct field_builder b, uint16_t value)
{
	rill_struct_set_u16(b.s, 0, value, 0);
}

static inline struct rill_slot field_slot_annotations(struct field_builder b)
{
	return rill_struct_slot(b.s, 1);
}

static inline bool field_has_annotations(struct field v)
{
	return rill_struct_has(v.s, 1);
}

static inline struct annotation_list field_get_annotations(struct field v)
{
	struct annotation_list r = {rill_pointer_list(rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT)};

	return r;
}

static inline int field_read_annotations(struct annotation_list *ret, struct field v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT);
}

static inline struct annotation_list_builder field_init_annotations(struct field_builder b, size_t count)
{
	struct annotation_list_builder r = {rill_slot_init_structs(field_slot_annotations(b), count, 1, 2)};

	return r;
}

static inline struct annotation_list_builder field_edit_annotations(struct field_builder b)
{
	struct annotation_list_builder r = {rill_slot_edit_structs(field_slot_annotations(b), 1, 2)};

	return r;
}

static inline int field_set_annotations(struct field_builder b, struct annotation_list from)
{
	return rill_slot_set_list(field_slot_annotations(b), from.l);
}

/* If the field is in a union, this is the value which the union's discriminant should take when
 * the field is active.  If the field is not in a union, this is 0xffff. */
static inline uint16_t field_get_discriminant_value(struct field v)
{
	return rill_struct_u16(v.s, 2, 65535);
}

static inline void field_set_discriminant_value(struct field_builder b, uint16_t value)
{
	rill_struct_set_u16(b.s, 2, value, 65535);
}

/* A regular, non-group, non-fixed-list field. */
static inline struct field_slot field_get_slot(struct field v)
{
	struct field_slot r = {v.s};

	return r;
}

static inline struct field_slot_builder field_init_slot(struct field_builder b)
{
	struct field_slot_builder r = {b.s};

	rill_struct_set_u16(b.s, 8, 0, 0);
	field_slot_clear(r);
	return r;
}

static inline struct field_slot_builder field_edit_slot(struct field_builder b)
{
	struct field_slot_builder r = {b.s};

	if (rill_struct_switch(b.s, 8, 0))
		field_slot_clear(r);
	return r;
}

/* A group. */
static inline struct field_group field_get_group(struct field v)
{
	struct field_group r = {v.s};

	return r;
}

static inline struct field_group_builder field_init_group(struct field_builder b)
{
	struct field_group_builder r = {b.s};

	rill_struct_set_u16(b.s, 8, 1, 0);
	field_group_clear(r);
	return r;
}

static inline struct field_group_builder field_edit_group(struct field_builder b)
{
	struct field_group_builder r = {b.s};

	if (rill_struct_switch(b.s, 8, 1))
		field_group_clear(r);
	return r;
}

static inline struct field_ordinal field_get_ordinal(struct field v)
{
	struct field_ordinal r = {v.s};

	return r;
}

static inline struct field_ordinal_builder field_init_ordinal(struct field_builder b)
{
	struct field_ordinal_builder r = {b.s};

	field_ordinal_clear(r);
	return r;
}

static inline struct field_ordinal_builder field_edit_ordinal(struct field_builder b)
{
	struct field_ordinal_builder r = {b.s};

	return r;
}

/* ---- Enumerant */

static inline struct enumerant enumerant_of(struct rill_pointer p)
{
	struct enumerant r = {rill_pointer_struct(p)};

	return r;
}

static inline int enumerant_read(struct enumerant *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct enumerant enumerant_root(struct rill_reader *reader)
{
	return enumerant_of(rill_reader_root(reader));
}

static inline struct enumerant_builder enumerant_new(struct rill_slot slot)
{
	struct enumerant_builder r = {rill_slot_init_struct(slot, 1, 2)};

	return r;
}

static inline struct enumerant_builder enumerant_edit(struct rill_slot slot)
{
	struct enumerant_builder r = {rill_slot_edit_struct(slot, 1, 2)};

	return r;
}

static inline struct enumerant_builder enumerant_new_root(struct rill_builder *b)
{
	return enumerant_new(rill_builder_root(b));
}

static inline struct enumerant_builder enumerant_edit_root(struct rill_builder *b)
{
	return enumerant_edit(rill_builder_root(b));
}

static inline int enumerant_copy(struct enumerant_builder to, struct enumerant from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct enumerant_list enumerant_list_of(struct rill_pointer p)
{
	struct enumerant_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int enumerant_list_read(struct enumerant_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t enumerant_list_count(struct enumerant_list l)
{
	return l.l.count;
}

static inline struct enumerant enumerant_list_at(struct enumerant_list l, size_t i)
{
	struct enumerant r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct enumerant_list_builder enumerant_list_new(struct rill_slot slot, size_t count)
{
	struct enumerant_list_builder r = {rill_slot_init_structs(slot, count, 1, 2)};

	return r;
}

static inline struct enumerant_list_builder enumerant_list_edit(struct rill_slot slot)
{
	struct enumerant_list_builder r = {rill_slot_edit_structs(slot, 1, 2)};

	return r;
}

static inline size_t enumerant_list_edit_count(struct enumerant_list_builder l)
{
	return l.l.count;
}

static inline struct enumerant_builder enumerant_list_edit_at(struct enumerant_list_builder l, size_t i)
{
	struct enumerant_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct enumerant enumerant_built(struct enumerant_builder b, struct rill_reader *over)
{
	struct enumerant r = {rill_struct_built(b.s, over)};

	return r;
}

static inline struct rill_slot enumerant_slot_name(struct enumerant_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool enumerant_has_name(struct enumerant v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct rill_text enumerant_get_name(struct enumerant v)
{
	return rill_pointer_text(rill_struct_pointer(v.s, 0));
}

static inline int enumerant_read_name(struct rill_text *ret, struct enumerant v)
{
	return rill_pointer_read_text(ret, rill_struct_pointer(v.s, 0));
}

static inline int enumerant_set_name(struct enumerant_builder b, const char *string)
{
	return rill_slot_set_string(enumerant_slot_name(b), string);
}

static inline int enumerant_set_name_len(struct enumerant_builder b, const char *text, size_t len)
{
	return rill_slot_set_text(enumerant_slot_name(b), text, len);
}

static inline char *enumerant_init_name(struct enumerant_builder b, size_t len)
{
	return rill_slot_init_text(enumerant_slot_name(b), len);
}

/* Specifies order in which the enumerants were declared in the code.
 * Like Struct.Field.codeOrder. */
static inline uint16_t enumerant_get_code_order(struct enumerant v)
{
	return rill_struct_u16(v.s, 0, 0);
}

static inline void enumerant_set_code_order(struct enumerant_builder b, uint16_t value)
{
	rill_struct_set_u16(b.s, 0, value, 0);
}

static inline struct rill_slot enumerant_slot_annotations(struct enumerant_builder b)
{
	return rill_struct_slot(b.s, 1);
}

static inline bool enumerant_has_annotations(struct enumerant v)
{
	return rill_struct_has(v.s, 1);
}

static inline struct annotation_list enumerant_get_annotations(struct enumerant v)
{
	struct annotation_list r = {rill_pointer_list(rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT)};

	return r;
}

static inline int enumerant_read_annotations(struct annotation_list *ret, struct enumerant v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT);
}

static inline struct annotation_list_builder enumerant_init_annotations(struct enumerant_builder b, size_t count)
{
	struct annotation_list_builder r = {rill_slot_init_structs(enumerant_slot_annotations(b), count, 1, 2)};

	return r;
}

static inline struct annotation_list_builder enumerant_edit_annotations(struct enumerant_builder b)
{
	struct annotation_list_builder r = {rill_slot_edit_structs(enumerant_slot_annotations(b), 1, 2)};

	return r;
}

static inline int enumerant_set_annotations(struct enumerant_builder b, struct annotation_list from)
{
	return rill_slot_set_list(enumerant_slot_annotations(b), from.l);
}

/* ---- Superclass */

static inline struct superclass superclass_of(struct rill_pointer p)
{
	struct superclass r = {rill_pointer_struct(p)};

	return r;
}

static inline int superclass_read(struct superclass *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct superclass superclass_root(struct rill_reader *reader)
{
	return superclass_of(rill_reader_root(reader));
}

static inline struct superclass_builder superclass_new(struct rill_slot slot)
{
	struct superclass_builder r = {rill_slot_init_struct(slot, 1, 1)};

	return r;
}

static inline struct superclass_builder superclass_edit(struct rill_slot slot)
{
	struct superclass_builder r = {rill_slot_edit_struct(slot, 1, 1)};

	return r;
}

static inline struct superclass_builder superclass_new_root(struct rill_builder *b)
{
	return superclass_new(rill_builder_root(b));
}

static inline struct superclass_builder superclass_edit_root(struct rill_builder *b)
{
	return superclass_edit(rill_builder_root(b));
}

static inline int superclass_copy(struct superclass_builder to, struct superclass from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct superclass_list superclass_list_of(struct rill_pointer p)
{
	struct superclass_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int superclass_list_read(struct superclass_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t superclass_list_count(struct superclass_list l)
{
	return l.l.count;
}

static inline struct superclass superclass_list_at(struct superclass_list l, size_t i)
{
	struct superclass r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct superclass_list_builder superclass_list_new(struct rill_slot slot, size_t count)
{
	struct superclass_list_builder r = {rill_slot_init_structs(slot, count, 1, 1)};

	return r;
}

static inline struct superclass_list_builder superclass_list_edit(struct rill_slot slot)
{
	struct superclass_list_builder r = {rill_slot_edit_structs(slot, 1, 1)};

	return r;
}

static inline size_t superclass_list_edit_count(struct superclass_list_builder l)
{
	return l.l.count;
}

static inline struct superclass_builder superclass_list_edit_at(struct superclass_list_builder l, size_t i)
{
	struct superclass_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct superclass superclass_built(struct superclass_builder b, struct rill_reader *over)
{
	struct superclass r = {rill_struct_built(b.s, over)};

	return r;
}

static inline uint64_t superclass_get_id(struct superclass v)
{
	return rill_struct_u64(v.s, 0, UINT64_C(0));
}

static inline void superclass_set_id(struct superclass_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 0, value, UINT64_C(0));
}

static inline struct rill_slot superclass_slot_brand(struct superclass_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool superclass_has_brand(struct superclass v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct brand superclass_get_brand(struct superclass v)
{
	struct brand r = {rill_pointer_struct(rill_struct_pointer(v.s, 0))};

	return r;
}

static inline int superclass_read_brand(struct brand *ret, struct superclass v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 0));
}

static inline struct brand_builder superclass_init_brand(struct superclass_builder b)
{
	struct brand_builder r = {rill_slot_init_struct(superclass_slot_brand(b), 0, 1)};

	return r;
}

static inline struct brand_builder superclass_edit_brand(struct superclass_builder b)
{
	struct brand_builder r = {rill_slot_edit_struct(superclass_slot_brand(b), 0, 1)};

	return r;
}

static inline int superclass_set_brand(struct superclass_builder b, struct brand from)
{
	return rill_slot_set_struct(superclass_slot_brand(b), from.s);
}

/* ---- Method */

static inline struct method method_of(struct rill_pointer p)
{
	struct method r = {rill_pointer_struct(p)};

	return r;
}

static inline int method_read(struct method *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct method method_root(struct rill_reader *reader)
{
	return method_of(rill_reader_root(reader));
}

static inline struct method_builder method_new(struct rill_slot slot)
{
	struct method_builder r = {rill_slot_init_struct(slot, 3, 5)};

	return r;
}

static inline struct method_builder method_edit(struct rill_slot slot)
{
	struct method_builder r = {rill_slot_edit_struct(slot, 3, 5)};

	return r;
}

static inline struct method_builder method_new_root(struct rill_builder *b)
{
	return method_new(rill_builder_root(b));
}

static inline struct method_builder method_edit_root(struct rill_builder *b)
{
	return method_edit(rill_builder_root(b));
}

static inline int method_copy(struct method_builder to, struct method from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct method_list method_list_of(struct rill_pointer p)
{
	struct method_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int method_list_read(struct method_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t method_list_count(struct method_list l)
{
	return l.l.count;
}

static inline struct method method_list_at(struct method_list l, size_t i)
{
	struct method r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct method_list_builder method_list_new(struct rill_slot slot, size_t count)
{
	struct method_list_builder r = {rill_slot_init_structs(slot, count, 3, 5)};

	return r;
}

static inline struct method_list_builder method_list_edit(struct rill_slot slot)
{
	struct method_list_builder r = {rill_slot_edit_structs(slot, 3, 5)};

	return r;
}

static inline size_t method_list_edit_count(struct method_list_builder l)
{
	return l.l.count;
}

static inline struct method_builder method_list_edit_at(struct method_list_builder l, size_t i)
{
	struct method_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct method method_built(struct method_builder b, struct rill_reader *over)
{
	struct method r = {rill_struct_built(b.s, over)};

	return r;
}

static inline struct rill_slot method_slot_name(struct method_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool method_has_name(struct method v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct rill_text method_get_name(struct method v)
{
	return rill_pointer_text(rill_struct_pointer(v.s, 0));
}

static inline int method_read_name(struct rill_text *ret, struct method v)
{
	return rill_pointer_read_text(ret, rill_struct_pointer(v.s, 0));
}

static inline int method_set_name(struct method_builder b, const char *string)
{
	return rill_slot_set_string(method_slot_name(b), string);
}

static inline int method_set_name_len(struct method_builder b, const char *text, size_t len)
{
	return rill_slot_set_text(method_slot_name(b), text, len);
}

static inline char *method_init_name(struct method_builder b, size_t len)
{
	return rill_slot_init_text(method_slot_name(b), len);
}

/* Specifies order in which the methods were declared in the code.
 * Like Struct.Field.codeOrder. */
static inline uint16_t method_get_code_order(struct method v)
{
	return rill_struct_u16(v.s, 0, 0);
}

static inline void method_set_code_order(struct method_builder b, uint16_t value)
{
	rill_struct_set_u16(b.s, 0, value, 0);
}

/* ID of the parameter struct type.  If a named parameter list was specified in the method
 * declaration (rather than a single struct parameter type) then a corresponding struct type is
 * auto-generated.  Such an auto-generated type will not be listed in the interface's
 * `nestedNodes` and its `scopeId` will be zero -- it is completely detached from the namespace.
 * (Awkwardly, it does of course inherit generic parameters from the method's scope, which makes
 * this a situation where you can't just climb the scope chain to find where a particular
 * generic parameter was introduced. Making the `scopeId` zero was a mistake.) */
static inline uint64_t method_get_param_struct_type(struct method v)
{
	return rill_struct_u64(v.s, 8, UINT64_C(0));
}

static inline void method_set_param_struct_type(struct method_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 8, value, UINT64_C(0));
}

/* ID of the return struct type; similar to `paramStructType`. */
static inline uint64_t method_get_result_struct_type(struct method v)
{
	return rill_struct_u64(v.s, 16, UINT64_C(0));
}

static inline void method_set_result_struct_type(struct method_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 16, value, UINT64_C(0));
}

static inline struct rill_slot method_slot_annotations(struct method_builder b)
{
	return rill_struct_slot(b.s, 1);
}

static inline bool method_has_annotations(struct method v)
{
	return rill_struct_has(v.s, 1);
}

static inline struct annotation_list method_get_annotations(struct method v)
{
	struct annotation_list r = {rill_pointer_list(rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT)};

	return r;
}

static inline int method_read_annotations(struct annotation_list *ret, struct method v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT);
}

static inline struct annotation_list_builder method_init_annotations(struct method_builder b, size_t count)
{
	struct annotation_list_builder r = {rill_slot_init_structs(method_slot_annotations(b), count, 1, 2)};

	return r;
}

static inline struct annotation_list_builder method_edit_annotations(struct method_builder b)
{
	struct annotation_list_builder r = {rill_slot_edit_structs(method_slot_annotations(b), 1, 2)};

	return r;
}

static inline int method_set_annotations(struct method_builder b, struct annotation_list from)
{
	return rill_slot_set_list(method_slot_annotations(b), from.l);
}

/* Brand of param struct type. */
static inline struct rill_slot method_slot_param_brand(struct method_builder b)
{
	return rill_struct_slot(b.s, 2);
}

static inline bool method_has_param_brand(struct method v)
{
	return rill_struct_has(v.s, 2);
}

static inline struct brand method_get_param_brand(struct method v)
{
	struct brand r = {rill_pointer_struct(rill_struct_pointer(v.s, 2))};

	return r;
}

static inline int method_read_param_brand(struct brand *ret, struct method v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 2));
}

static inline struct brand_builder method_init_param_brand(struct method_builder b)
{
	struct brand_builder r = {rill_slot_init_struct(method_slot_param_brand(b), 0, 1)};

	return r;
}

static inline struct brand_builder method_edit_param_brand(struct method_builder b)
{
	struct brand_builder r = {rill_slot_edit_struct(method_slot_param_brand(b), 0, 1)};

	return r;
}

static inline int method_set_param_brand(struct method_builder b, struct brand from)
{
	return rill_slot_set_struct(method_slot_param_brand(b), from.s);
}

/* Brand of result struct type. */
static inline struct rill_slot method_slot_result_brand(struct method_builder b)
{
	return rill_struct_slot(b.s, 3);
}

static inline bool method_has_result_brand(struct method v)
{
	return rill_struct_has(v.s, 3);
}

static inline struct brand method_get_result_brand(struct method v)
{
	struct brand r = {rill_pointer_struct(rill_struct_pointer(v.s, 3))};

	return r;
}

static inline int method_read_result_brand(struct brand *ret, struct method v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 3));
}

static inline struct brand_builder method_init_result_brand(struct method_builder b)
{
	struct brand_builder r = {rill_slot_init_struct(method_slot_result_brand(b), 0, 1)};

	return r;
}

static inline struct brand_builder method_edit_result_brand(struct method_builder b)
{
	struct brand_builder r = {rill_slot_edit_struct(method_slot_result_brand(b), 0, 1)};

	return r;
}

static inline int method_set_result_brand(struct method_builder b, struct brand from)
{
	return rill_slot_set_struct(method_slot_result_brand(b), from.s);
}

/* The parameters listed in [] (typically, type / generic parameters), whose bindings are intended
 * to be inferred rather than specified explicitly, although not all languages support this. */
static inline struct rill_slot method_slot_implicit_parameters(struct method_builder b)
{
	return rill_struct_slot(b.s, 4);
}

static inline bool method_has_implicit_parameters(struct method v)
{
	return rill_struct_has(v.s, 4);
}

static inline struct node_parameter_list method_get_implicit_parameters(struct method v)
{
	struct node_parameter_list r = {rill_pointer_list(rill_struct_pointer(v.s, 4), RILL_LIST_STRUCT)};

	return r;
}

static inline int method_read_implicit_parameters(struct node_parameter_list *ret, struct method v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 4), RILL_LIST_STRUCT);
}

static inline struct node_parameter_list_builder method_init_implicit_parameters(struct method_builder b, size_t count)
{
	struct node_parameter_list_builder r = {rill_slot_init_structs(method_slot_implicit_parameters(b), count, 0, 1)};

	return r;
}

static inline struct node_parameter_list_builder method_edit_implicit_parameters(struct method_builder b)
{
	struct node_parameter_list_builder r = {rill_slot_edit_structs(method_slot_implicit_parameters(b), 0, 1)};

	return r;
}

static inline int method_set_implicit_parameters(struct method_builder b, struct node_parameter_list from)
{
	return rill_slot_set_list(method_slot_implicit_parameters(b), from.l);
}

/* ---- Type */

static inline struct type type_of(struct rill_pointer p)
{
	struct type r = {rill_pointer_struct(p)};

	return r;
}

static inline int type_read(struct type *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct type type_root(struct rill_reader *reader)
{
	return type_of(rill_reader_root(reader));
}

static inline struct type_builder type_new(struct rill_slot slot)
{
	struct type_builder r = {rill_slot_init_struct(slot, 3, 1)};

	return r;
}

static inline struct type_builder type_edit(struct rill_slot slot)
{
	struct type_builder r = {rill_slot_edit_struct(slot, 3, 1)};

	return r;
}

static inline struct type_builder type_new_root(struct rill_builder *b)
{
	return type_new(rill_builder_root(b));
}

static inline struct type_builder type_edit_root(struct rill_builder *b)
{
	return type_edit(rill_builder_root(b));
}

static inline int type_copy(struct type_builder to, struct type from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct type_list type_list_of(struct rill_pointer p)
{
	struct type_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int type_list_read(struct type_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t type_list_count(struct type_list l)
{
	return l.l.count;
}

static inline struct type type_list_at(struct type_list l, size_t i)
{
	struct type r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct type_list_builder type_list_new(struct rill_slot slot, size_t count)
{
	struct type_list_builder r = {rill_slot_init_structs(slot, count, 3, 1)};

	return r;
}

static inline struct type_list_builder type_list_edit(struct rill_slot slot)
{
	struct type_list_builder r = {rill_slot_edit_structs(slot, 3, 1)};

	return r;
}

static inline size_t type_list_edit_count(struct type_list_builder l)
{
	return l.l.count;
}

static inline struct type_builder type_list_edit_at(struct type_list_builder l, size_t i)
{
	struct type_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct type type_built(struct type_builder b, struct rill_reader *over)
{
	struct type r = {rill_struct_built(b.s, over)};

	return r;
}

static inline enum type_which type_which(struct type v)
{
	return (enum type_which)rill_struct_u16(v.s, 0, 0);
}

static inline void type_set_void(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 0, 0);
}

static inline void type_set_bool(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 1, 0);
}

static inline void type_set_int8(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 2, 0);
}

static inline void type_set_int16(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 3, 0);
}

static inline void type_set_int32(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 4, 0);
}

static inline void type_set_int64(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 5, 0);
}

static inline void type_set_uint8(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 6, 0);
}

static inline void type_set_uint16(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 7, 0);
}

static inline void type_set_uint32(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 8, 0);
}

static inline void type_set_uint64(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 9, 0);
}

static inline void type_set_float32(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 10, 0);
}

static inline void type_set_float64(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 11, 0);
}

static inline void type_set_text(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 12, 0);
}

static inline void type_set_data(struct type_builder b)
{
	rill_struct_set_u16(b.s, 0, 13, 0);
}

static inline struct type_list2 type_get_list(struct type v)
{
	struct type_list2 r = {v.s};

	return r;
}

static inline struct type_list2_builder type_init_list(struct type_builder b)
{
	struct type_list2_builder r = {b.s};

	rill_struct_set_u16(b.s, 0, 14, 0);
	type_list2_clear(r);
	return r;
}

static inline struct type_list2_builder type_edit_list(struct type_builder b)
{
	struct type_list2_builder r = {b.s};

	if (rill_struct_switch(b.s, 0, 14))
		type_list2_clear(r);
	return r;
}

static inline struct type_enum type_get_enum(struct type v)
{
	struct type_enum r = {v.s};

	return r;
}

static inline struct type_enum_builder type_init_enum(struct type_builder b)
{
	struct type_enum_builder r = {b.s};

	rill_struct_set_u16(b.s, 0, 15, 0);
	type_enum_clear(r);
	return r;
}

static inline struct type_enum_builder type_edit_enum(struct type_builder b)
{
	struct type_enum_builder r = {b.s};

	if (rill_struct_switch(b.s, 0, 15))
		type_enum_clear(r);
	return r;
}

static inline struct type_struct type_get_struct(struct type v)
{
	struct type_struct r = {v.s};

	return r;
}

static inline struct type_struct_builder type_init_struct(struct type_builder b)
{
	struct type_struct_builder r = {b.s};

	rill_struct_set_u16(b.s, 0, 16, 0);
	type_struct_clear(r);
	return r;
}

static inline struct type_struct_builder type_edit_struct(struct type_builder b)
{
	struct type_struct_builder r = {b.s};

	if (rill_struct_switch(b.s, 0, 16))
		type_struct_clear(r);
	return r;
}

static inline struct type_interface type_get_interface(struct type v)
{
	struct type_interface r = {v.s};

	return r;
}

static inline struct type_interface_builder type_init_interface(struct type_builder b)
{
	struct type_interface_builder r = {b.s};

	rill_struct_set_u16(b.s, 0, 17, 0);
	type_interface_clear(r);
	return r;
}

static inline struct type_interface_builder type_edit_interface(struct type_builder b)
{
	struct type_interface_builder r = {b.s};

	if (rill_struct_switch(b.s, 0, 17))
		type_interface_clear(r);
	return r;
}

static inline struct type_any_pointer type_get_any_pointer(struct type v)
{
	struct type_any_pointer r = {v.s};

	return r;
}

static inline struct type_any_pointer_builder type_init_any_pointer(struct type_builder b)
{
	struct type_any_pointer_builder r = {b.s};

	rill_struct_set_u16(b.s, 0, 18, 0);
	type_any_pointer_clear(r);
	return r;
}

static inline struct type_any_pointer_builder type_edit_any_pointer(struct type_builder b)
{
	struct type_any_pointer_builder r = {b.s};

	if (rill_struct_switch(b.s, 0, 18))
		type_any_pointer_clear(r);
	return r;
}

/* ---- Brand */

static inline struct brand brand_of(struct rill_pointer p)
{
	struct brand r = {rill_pointer_struct(p)};

	return r;
}

static inline int brand_read(struct brand *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct brand brand_root(struct rill_reader *reader)
{
	return brand_of(rill_reader_root(reader));
}

static inline struct brand_builder brand_new(struct rill_slot slot)
{
	struct brand_builder r = {rill_slot_init_struct(slot, 0, 1)};

	return r;
}

static inline struct brand_builder brand_edit(struct rill_slot slot)
{
	struct brand_builder r = {rill_slot_edit_struct(slot, 0, 1)};

	return r;
}

static inline struct brand_builder brand_new_root(struct rill_builder *b)
{
	return brand_new(rill_builder_root(b));
}

static inline struct brand_builder brand_edit_root(struct rill_builder *b)
{
	return brand_edit(rill_builder_root(b));
}

static inline int brand_copy(struct brand_builder to, struct brand from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct brand_list brand_list_of(struct rill_pointer p)
{
	struct brand_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int brand_list_read(struct brand_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t brand_list_count(struct brand_list l)
{
	return l.l.count;
}

static inline struct brand brand_list_at(struct brand_list l, size_t i)
{
	struct brand r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct brand_list_builder brand_list_new(struct rill_slot slot, size_t count)
{
	struct brand_list_builder r = {rill_slot_init_structs(slot, count, 0, 1)};

	return r;
}

static inline struct brand_list_builder brand_list_edit(struct rill_slot slot)
{
	struct brand_list_builder r = {rill_slot_edit_structs(slot, 0, 1)};

	return r;
}

static inline size_t brand_list_edit_count(struct brand_list_builder l)
{
	return l.l.count;
}

static inline struct brand_builder brand_list_edit_at(struct brand_list_builder l, size_t i)
{
	struct brand_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct brand brand_built(struct brand_builder b, struct rill_reader *over)
{
	struct brand r = {rill_struct_built(b.s, over)};

	return r;
}

/* For each of the target type and each of its parent scopes, a parameterization may be included
 * in this list. If no parameterization is included for a particular relevant scope, then either
 * that scope has no parameters or all parameters should be considered to be `AnyPointer`. */
static inline struct rill_slot brand_slot_scopes(struct brand_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool brand_has_scopes(struct brand v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct brand_scope_list brand_get_scopes(struct brand v)
{
	struct brand_scope_list r = {rill_pointer_list(rill_struct_pointer(v.s, 0), RILL_LIST_STRUCT)};

	return r;
}

static inline int brand_read_scopes(struct brand_scope_list *ret, struct brand v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 0), RILL_LIST_STRUCT);
}

static inline struct brand_scope_list_builder brand_init_scopes(struct brand_builder b, size_t count)
{
	struct brand_scope_list_builder r = {rill_slot_init_structs(brand_slot_scopes(b), count, 2, 1)};

	return r;
}

static inline struct brand_scope_list_builder brand_edit_scopes(struct brand_builder b)
{
	struct brand_scope_list_builder r = {rill_slot_edit_structs(brand_slot_scopes(b), 2, 1)};

	return r;
}

static inline int brand_set_scopes(struct brand_builder b, struct brand_scope_list from)
{
	return rill_slot_set_list(brand_slot_scopes(b), from.l);
}

/* ---- Brand.Scope */

static inline struct brand_scope brand_scope_of(struct rill_pointer p)
{
	struct brand_scope r = {rill_pointer_struct(p)};

	return r;
}

static inline int brand_scope_read(struct brand_scope *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct brand_scope brand_scope_root(struct rill_reader *reader)
{
	return brand_scope_of(rill_reader_root(reader));
}

static inline struct brand_scope_builder brand_scope_new(struct rill_slot slot)
{
	struct brand_scope_builder r = {rill_slot_init_struct(slot, 2, 1)};

	return r;
}

static inline struct brand_scope_builder brand_scope_edit(struct rill_slot slot)
{
	struct brand_scope_builder r = {rill_slot_edit_struct(slot, 2, 1)};

	return r;
}

static inline struct brand_scope_builder brand_scope_new_root(struct rill_builder *b)
{
	return brand_scope_new(rill_builder_root(b));
}

static inline struct brand_scope_builder brand_scope_edit_root(struct rill_builder *b)
{
	return brand_scope_edit(rill_builder_root(b));
}

static inline int brand_scope_copy(struct brand_scope_builder to, struct brand_scope from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct brand_scope_list brand_scope_list_of(struct rill_pointer p)
{
	struct brand_scope_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int brand_scope_list_read(struct brand_scope_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t brand_scope_list_count(struct brand_scope_list l)
{
	return l.l.count;
}

static inline struct brand_scope brand_scope_list_at(struct brand_scope_list l, size_t i)
{
	struct brand_scope r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct brand_scope_list_builder brand_scope_list_new(struct rill_slot slot, size_t count)
{
	struct brand_scope_list_builder r = {rill_slot_init_structs(slot, count, 2, 1)};

	return r;
}

static inline struct brand_scope_list_builder brand_scope_list_edit(struct rill_slot slot)
{
	struct brand_scope_list_builder r = {rill_slot_edit_structs(slot, 2, 1)};

	return r;
}

static inline size_t brand_scope_list_edit_count(struct brand_scope_list_builder l)
{
	return l.l.count;
}

static inline struct brand_scope_builder brand_scope_list_edit_at(struct brand_scope_list_builder l, size_t i)
{
	struct brand_scope_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct brand_scope brand_scope_built(struct brand_scope_builder b, struct rill_reader *over)
{
	struct brand_scope r = {rill_struct_built(b.s, over)};

	return r;
}

static inline enum brand_scope_which brand_scope_which(struct brand_scope v)
{
	return (enum brand_scope_which)rill_struct_u16(v.s, 8, 0);
}

/* ID of the scope to which these params apply. */
static inline uint64_t brand_scope_get_scope_id(struct brand_scope v)
{
	return rill_struct_u64(v.s, 0, UINT64_C(0));
}

static inline void brand_scope_set_scope_id(struct brand_scope_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 0, value, UINT64_C(0));
}

/* List of parameter bindings. */
static inline struct rill_slot brand_scope_slot_bind(struct brand_scope_builder b)
{
	return rill_struct_union_slot(b.s, 0, 8, 0);
}

static inline bool brand_scope_has_bind(struct brand_scope v)
{
	return rill_struct_u16(v.s, 8, 0) == 0 && rill_struct_has(v.s, 0);
}

static inline struct brand_binding_list brand_scope_get_bind(struct brand_scope v)
{
	struct brand_binding_list r = {rill_pointer_list(rill_struct_pointer(v.s, 0), RILL_LIST_STRUCT)};

	return r;
}

static inline int brand_scope_read_bind(struct brand_binding_list *ret, struct brand_scope v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 0), RILL_LIST_STRUCT);
}

static inline struct brand_binding_list_builder brand_scope_init_bind(struct brand_scope_builder b, size_t count)
{
	struct brand_binding_list_builder r = {rill_slot_init_structs(brand_scope_slot_bind(b), count, 1, 1)};

	return r;
}

static inline struct brand_binding_list_builder brand_scope_edit_bind(struct brand_scope_builder b)
{
	struct brand_binding_list_builder r = {rill_slot_edit_structs(brand_scope_slot_bind(b), 1, 1)};

	return r;
}

static inline int brand_scope_set_bind(struct brand_scope_builder b, struct brand_binding_list from)
{
	return rill_slot_set_list(brand_scope_slot_bind(b), from.l);
}

/* The place where the Brand appears is within this scope or a sub-scope, and bindings
 * for this scope are deferred to later Brand applications. This is equivalent to a
 * pass-through binding list, where each of this scope's parameters is bound to itself.
 * For example:
 *
 *   struct Outer(T) {
 *     struct Inner {
 *       value @0 :T;
 *     }
 *     innerInherit @0 :Inner;            # Outer Brand.Scope is `inherit`.
 *     innerBindSelf @1 :Outer(T).Inner;  # Outer Brand.Scope explicitly binds T to T.
 *   }
 *
 * The innerInherit and innerBindSelf fields have equivalent types, but different Brand
 * styles. */
static inline void brand_scope_set_inherit(struct brand_scope_builder b)
{
	rill_struct_set_u16(b.s, 8, 1, 0);
}

/* ---- Brand.Binding */

static inline struct brand_binding brand_binding_of(struct rill_pointer p)
{
	struct brand_binding r = {rill_pointer_struct(p)};

	return r;
}

static inline int brand_binding_read(struct brand_binding *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct brand_binding brand_binding_root(struct rill_reader *reader)
{
	return brand_binding_of(rill_reader_root(reader));
}

static inline struct brand_binding_builder brand_binding_new(struct rill_slot slot)
{
	struct brand_binding_builder r = {rill_slot_init_struct(slot, 1, 1)};

	return r;
}

static inline struct brand_binding_builder brand_binding_edit(struct rill_slot slot)
{
	struct brand_binding_builder r = {rill_slot_edit_struct(slot, 1, 1)};

	return r;
}

static inline struct brand_binding_builder brand_binding_new_root(struct rill_builder *b)
{
	return brand_binding_new(rill_builder_root(b));
}

static inline struct brand_binding_builder brand_binding_edit_root(struct rill_builder *b)
{
	return brand_binding_edit(rill_builder_root(b));
}

static inline int brand_binding_copy(struct brand_binding_builder to, struct brand_binding from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct brand_binding_list brand_binding_list_of(struct rill_pointer p)
{
	struct brand_binding_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int brand_binding_list_read(struct brand_binding_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t brand_binding_list_count(struct brand_binding_list l)
{
	return l.l.count;
}

static inline struct brand_binding brand_binding_list_at(struct brand_binding_list l, size_t i)
{
	struct brand_binding r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct brand_binding_list_builder brand_binding_list_new(struct rill_slot slot, size_t count)
{
	struct brand_binding_list_builder r = {rill_slot_init_structs(slot, count, 1, 1)};

	return r;
}

static inline struct brand_binding_list_builder brand_binding_list_edit(struct rill_slot slot)
{
	struct brand_binding_list_builder r = {rill_slot_edit_structs(slot, 1, 1)};

	return r;
}

static inline size_t brand_binding_list_edit_count(struct brand_binding_list_builder l)
{
	return l.l.count;
}

static inline struct brand_binding_builder brand_binding_list_edit_at(struct brand_binding_list_builder l, size_t i)
{
	struct brand_binding_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct brand_binding brand_binding_built(struct brand_binding_builder b, struct rill_reader *over)
{
	struct brand_binding r = {rill_struct_built(b.s, over)};

	return r;
}

static inline enum brand_binding_which brand_binding_which(struct brand_binding v)
{
	return (enum brand_binding_which)rill_struct_u16(v.s, 0, 0);
}

static inline void brand_binding_set_unbound(struct brand_binding_builder b)
{
	rill_struct_set_u16(b.s, 0, 0, 0);
}

static inline struct rill_slot brand_binding_slot_type(struct brand_binding_builder b)
{
	return rill_struct_union_slot(b.s, 0, 0, 1);
}

static inline bool brand_binding_has_type(struct brand_binding v)
{
	return rill_struct_u16(v.s, 0, 0) == 1 && rill_struct_has(v.s, 0);
}

static inline struct type brand_binding_get_type(struct brand_binding v)
{
	struct type r = {rill_pointer_struct(rill_struct_pointer(v.s, 0))};

	return r;
}

static inline int brand_binding_read_type(struct type *ret, struct brand_binding v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 0));
}

static inline struct type_builder brand_binding_init_type(struct brand_binding_builder b)
{
	struct type_builder r = {rill_slot_init_struct(brand_binding_slot_type(b), 3, 1)};

	return r;
}

static inline struct type_builder brand_binding_edit_type(struct brand_binding_builder b)
{
	struct type_builder r = {rill_slot_edit_struct(brand_binding_slot_type(b), 3, 1)};

	return r;
}

static inline int brand_binding_set_type(struct brand_binding_builder b, struct type from)
{
	return rill_slot_set_struct(brand_binding_slot_type(b), from.s);
}

/* ---- Value */

static inline struct value value_of(struct rill_pointer p)
{
	struct value r = {rill_pointer_struct(p)};

	return r;
}

static inline int value_read(struct value *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct value value_root(struct rill_reader *reader)
{
	return value_of(rill_reader_root(reader));
}

static inline struct value_builder value_new(struct rill_slot slot)
{
	struct value_builder r = {rill_slot_init_struct(slot, 2, 1)};

	return r;
}

static inline struct value_builder value_edit(struct rill_slot slot)
{
	struct value_builder r = {rill_slot_edit_struct(slot, 2, 1)};

	return r;
}

static inline struct value_builder value_new_root(struct rill_builder *b)
{
	return value_new(rill_builder_root(b));
}

static inline struct value_builder value_edit_root(struct rill_builder *b)
{
	return value_edit(rill_builder_root(b));
}

static inline int value_copy(struct value_builder to, struct value from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct value_list value_list_of(struct rill_pointer p)
{
	struct value_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int value_list_read(struct value_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t value_list_count(struct value_list l)
{
	return l.l.count;
}

static inline struct value value_list_at(struct value_list l, size_t i)
{
	struct value r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct value_list_builder value_list_new(struct rill_slot slot, size_t count)
{
	struct value_list_builder r = {rill_slot_init_structs(slot, count, 2, 1)};

	return r;
}

static inline struct value_list_builder value_list_edit(struct rill_slot slot)
{
	struct value_list_builder r = {rill_slot_edit_structs(slot, 2, 1)};

	return r;
}

static inline size_t value_list_edit_count(struct value_list_builder l)
{
	return l.l.count;
}

static inline struct value_builder value_list_edit_at(struct value_list_builder l, size_t i)
{
	struct value_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct value value_built(struct value_builder b, struct rill_reader *over)
{
	struct value r = {rill_struct_built(b.s, over)};

	return r;
}

static inline enum value_which value_which(struct value v)
{
	return (enum value_which)rill_struct_u16(v.s, 0, 0);
}

static inline void value_set_void(struct value_builder b)
{
	rill_struct_set_u16(b.s, 0, 0, 0);
}

static inline bool value_get_bool(struct value v)
{
	return rill_struct_bool(v.s, 16, false);
}

static inline void value_set_bool(struct value_builder b, bool value)
{
	rill_struct_set_u16(b.s, 0, 1, 0);
	rill_struct_set_bool(b.s, 16, value, false);
}

static inline int8_t value_get_int8(struct value v)
{
	return rill_struct_i8(v.s, 2, 0);
}

static inline void value_set_int8(struct value_builder b, int8_t value)
{
	rill_struct_set_u16(b.s, 0, 2, 0);
	rill_struct_set_i8(b.s, 2, value, 0);
}

static inline int16_t value_get_int16(struct value v)
{
	return rill_struct_i16(v.s, 2, 0);
}

static inline void value_set_int16(struct value_builder b, int16_t value)
{
	rill_struct_set_u16(b.s, 0, 3, 0);
	rill_struct_set_i16(b.s, 2, value, 0);
}

static inline int32_t value_get_int32(struct value v)
{
	return rill_struct_i32(v.s, 4, 0);
}

static inline void value_set_int32(struct value_builder b, int32_t value)
{
	rill_struct_set_u16(b.s, 0, 4, 0);
	rill_struct_set_i32(b.s, 4, value, 0);
}

static inline int64_t value_get_int64(struct value v)
{
	return rill_struct_i64(v.s, 8, INT64_C(0));
}

static inline void value_set_int64(struct value_builder b, int64_t value)
{
	rill_struct_set_u16(b.s, 0, 5, 0);
	rill_struct_set_i64(b.s, 8, value, INT64_C(0));
}

static inline uint8_t value_get_uint8(struct value v)
{
	return rill_struct_u8(v.s, 2, 0);
}

static inline void value_set_uint8(struct value_builder b, uint8_t value)
{
	rill_struct_set_u16(b.s, 0, 6, 0);
	rill_struct_set_u8(b.s, 2, value, 0);
}

static inline uint16_t value_get_uint16(struct value v)
{
	return rill_struct_u16(v.s, 2, 0);
}

static inline void value_set_uint16(struct value_builder b, uint16_t value)
{
	rill_struct_set_u16(b.s, 0, 7, 0);
	rill_struct_set_u16(b.s, 2, value, 0);
}

static inline uint32_t value_get_uint32(struct value v)
{
	return rill_struct_u32(v.s, 4, 0u);
}

static inline void value_set_uint32(struct value_builder b, uint32_t value)
{
	rill_struct_set_u16(b.s, 0, 8, 0);
	rill_struct_set_u32(b.s, 4, value, 0u);
}

static inline uint64_t value_get_uint64(struct value v)
{
	return rill_struct_u64(v.s, 8, UINT64_C(0));
}

static inline void value_set_uint64(struct value_builder b, uint64_t value)
{
	rill_struct_set_u16(b.s, 0, 9, 0);
	rill_struct_set_u64(b.s, 8, value, UINT64_C(0));
}

static inline float value_get_float32(struct value v)
{
	return rill_f32_bits(rill_struct_u32(v.s, 4, 0u));
}

static inline void value_set_float32(struct value_builder b, float value)
{
	rill_struct_set_u16(b.s, 0, 10, 0);
	rill_struct_set_u32(b.s, 4, rill_bits_f32(value), 0u);
}

static inline double value_get_float64(struct value v)
{
	return rill_f64_bits(rill_struct_u64(v.s, 8, UINT64_C(0)));
}

static inline void value_set_float64(struct value_builder b, double value)
{
	rill_struct_set_u16(b.s, 0, 11, 0);
	rill_struct_set_u64(b.s, 8, rill_bits_f64(value), UINT64_C(0));
}

static inline struct rill_slot value_slot_text(struct value_builder b)
{
	return rill_struct_union_slot(b.s, 0, 0, 12);
}

static inline bool value_has_text(struct value v)
{
	return rill_struct_u16(v.s, 0, 0) == 12 && rill_struct_has(v.s, 0);
}

static inline struct rill_text value_get_text(struct value v)
{
	return rill_pointer_text(rill_struct_pointer(v.s, 0));
}

static inline int value_read_text(struct rill_text *ret, struct value v)
{
	return rill_pointer_read_text(ret, rill_struct_pointer(v.s, 0));
}

static inline int value_set_text(struct value_builder b, const char *string)
{
	return rill_slot_set_string(value_slot_text(b), string);
}

static inline int value_set_text_len(struct value_builder b, const char *text, size_t len)
{
	return rill_slot_set_text(value_slot_text(b), text, len);
}

static inline char *value_init_text(struct value_builder b, size_t len)
{
	return rill_slot_init_text(value_slot_text(b), len);
}

static inline struct rill_slot value_slot_data(struct value_builder b)
{
	return rill_struct_union_slot(b.s, 0, 0, 13);
}

static inline bool value_has_data(struct value v)
{
	return rill_struct_u16(v.s, 0, 0) == 13 && rill_struct_has(v.s, 0);
}

static inline struct rill_data value_get_data(struct value v)
{
	return rill_pointer_data(rill_struct_pointer(v.s, 0));
}

static inline int value_read_data(struct rill_data *ret, struct value v)
{
	return rill_pointer_read_data(ret, rill_struct_pointer(v.s, 0));
}

static inline int value_set_data(struct value_builder b, const void *data, size_t len)
{
	return rill_slot_set_data(value_slot_data(b), data, len);
}

static inline void *value_init_data(struct value_builder b, size_t len)
{
	return rill_slot_init_data(value_slot_data(b), len);
}

static inline struct rill_slot value_slot_list(struct value_builder b)
{
	return rill_struct_union_slot(b.s, 0, 0, 14);
}

static inline bool value_has_list(struct value v)
{
	return rill_struct_u16(v.s, 0, 0) == 14 && rill_struct_has(v.s, 0);
}

static inline struct rill_pointer value_get_list(struct value v)
{
	return rill_struct_pointer(v.s, 0);
}

static inline int value_set_list(struct value_builder b, struct rill_pointer from)
{
	return rill_slot_copy(value_slot_list(b), from);
}

static inline uint16_t value_get_enum(struct value v)
{
	return rill_struct_u16(v.s, 2, 0);
}

static inline void value_set_enum(struct value_builder b, uint16_t value)
{
	rill_struct_set_u16(b.s, 0, 15, 0);
	rill_struct_set_u16(b.s, 2, value, 0);
}

static inline struct rill_slot value_slot_struct(struct value_builder b)
{
	return rill_struct_union_slot(b.s, 0, 0, 16);
}

static inline bool value_has_struct(struct value v)
{
	return rill_struct_u16(v.s, 0, 0) == 16 && rill_struct_has(v.s, 0);
}

static inline struct rill_pointer value_get_struct(struct value v)
{
	return rill_struct_pointer(v.s, 0);
}

static inline int value_set_struct(struct value_builder b, struct rill_pointer from)
{
	return rill_slot_copy(value_slot_struct(b), from);
}

/* The only interface value that can be represented statically is "null", whose methods always
 * throw exceptions. */
static inline void value_set_interface(struct value_builder b)
{
	rill_struct_set_u16(b.s, 0, 17, 0);
}

static inline struct rill_slot value_slot_any_pointer(struct value_builder b)
{
	return rill_struct_union_slot(b.s, 0, 0, 18);
}

static inline bool value_has_any_pointer(struct value v)
{
	return rill_struct_u16(v.s, 0, 0) == 18 && rill_struct_has(v.s, 0);
}

static inline struct rill_pointer value_get_any_pointer(struct value v)
{
	return rill_struct_pointer(v.s, 0);
}

static inline int value_set_any_pointer(struct value_builder b, struct rill_pointer from)
{
	return rill_slot_copy(value_slot_any_pointer(b), from);
}

/* ---- Annotation */

static inline struct annotation annotation_of(struct rill_pointer p)
{
	struct annotation r = {rill_pointer_struct(p)};

	return r;
}

static inline int annotation_read(struct annotation *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct annotation annotation_root(struct rill_reader *reader)
{
	return annotation_of(rill_reader_root(reader));
}

static inline struct annotation_builder annotation_new(struct rill_slot slot)
{
	struct annotation_builder r = {rill_slot_init_struct(slot, 1, 2)};

	return r;
}

static inline struct annotation_builder annotation_edit(struct rill_slot slot)
{
	struct annotation_builder r = {rill_slot_edit_struct(slot, 1, 2)};

	return r;
}

static inline struct annotation_builder annotation_new_root(struct rill_builder *b)
{
	return annotation_new(rill_builder_root(b));
}

static inline struct annotation_builder annotation_edit_root(struct rill_builder *b)
{
	return annotation_edit(rill_builder_root(b));
}

static inline int annotation_copy(struct annotation_builder to, struct annotation from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct annotation_list annotation_list_of(struct rill_pointer p)
{
	struct annotation_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int annotation_list_read(struct annotation_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t annotation_list_count(struct annotation_list l)
{
	return l.l.count;
}

static inline struct annotation annotation_list_at(struct annotation_list l, size_t i)
{
	struct annotation r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct annotation_list_builder annotation_list_new(struct rill_slot slot, size_t count)
{
	struct annotation_list_builder r = {rill_slot_init_structs(slot, count, 1, 2)};

	return r;
}

static inline struct annotation_list_builder annotation_list_edit(struct rill_slot slot)
{
	struct annotation_list_builder r = {rill_slot_edit_structs(slot, 1, 2)};

	return r;
}

static inline size_t annotation_list_edit_count(struct annotation_list_builder l)
{
	return l.l.count;
}

static inline struct annotation_builder annotation_list_edit_at(struct annotation_list_builder l, size_t i)
{
	struct annotation_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct annotation annotation_built(struct annotation_builder b, struct rill_reader *over)
{
	struct annotation r = {rill_struct_built(b.s, over)};

	return r;
}

/* ID of the annotation node. */
static inline uint64_t annotation_get_id(struct annotation v)
{
	return rill_struct_u64(v.s, 0, UINT64_C(0));
}

static inline void annotation_set_id(struct annotation_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 0, value, UINT64_C(0));
}

static inline struct rill_slot annotation_slot_value(struct annotation_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool annotation_has_value(struct annotation v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct value annotation_get_value(struct annotation v)
{
	struct value r = {rill_pointer_struct(rill_struct_pointer(v.s, 0))};

	return r;
}

static inline int annotation_read_value(struct value *ret, struct annotation v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 0));
}

static inline struct value_builder annotation_init_value(struct annotation_builder b)
{
	struct value_builder r = {rill_slot_init_struct(annotation_slot_value(b), 2, 1)};

	return r;
}

static inline struct value_builder annotation_edit_value(struct annotation_builder b)
{
	struct value_builder r = {rill_slot_edit_struct(annotation_slot_value(b), 2, 1)};

	return r;
}

static inline int annotation_set_value(struct annotation_builder b, struct value from)
{
	return rill_slot_set_struct(annotation_slot_value(b), from.s);
}

/* Brand of the annotation.
 *
 * Note that the annotation itself is not allowed to be parameterized, but its scope might be. */
static inline struct rill_slot annotation_slot_brand(struct annotation_builder b)
{
	return rill_struct_slot(b.s, 1);
}

static inline bool annotation_has_brand(struct annotation v)
{
	return rill_struct_has(v.s, 1);
}

static inline struct brand annotation_get_brand(struct annotation v)
{
	struct brand r = {rill_pointer_struct(rill_struct_pointer(v.s, 1))};

	return r;
}

static inline int annotation_read_brand(struct brand *ret, struct annotation v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 1));
}

static inline struct brand_builder annotation_init_brand(struct annotation_builder b)
{
	struct brand_builder r = {rill_slot_init_struct(annotation_slot_brand(b), 0, 1)};

	return r;
}

static inline struct brand_builder annotation_edit_brand(struct annotation_builder b)
{
	struct brand_builder r = {rill_slot_edit_struct(annotation_slot_brand(b), 0, 1)};

	return r;
}

static inline int annotation_set_brand(struct annotation_builder b, struct brand from)
{
	return rill_slot_set_struct(annotation_slot_brand(b), from.s);
}

/* ---- CapnpVersion */

static inline struct capnp_version capnp_version_of(struct rill_pointer p)
{
	struct capnp_version r = {rill_pointer_struct(p)};

	return r;
}

static inline int capnp_version_read(struct capnp_version *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct capnp_version capnp_version_root(struct rill_reader *reader)
{
	return capnp_version_of(rill_reader_root(reader));
}

static inline struct capnp_version_builder capnp_version_new(struct rill_slot slot)
{
	struct capnp_version_builder r = {rill_slot_init_struct(slot, 1, 0)};

	return r;
}

static inline struct capnp_version_builder capnp_version_edit(struct rill_slot slot)
{
	struct capnp_version_builder r = {rill_slot_edit_struct(slot, 1, 0)};

	return r;
}

static inline struct capnp_version_builder capnp_version_new_root(struct rill_builder *b)
{
	return capnp_version_new(rill_builder_root(b));
}

static inline struct capnp_version_builder capnp_version_edit_root(struct rill_builder *b)
{
	return capnp_version_edit(rill_builder_root(b));
}

static inline int capnp_version_copy(struct capnp_version_builder to, struct capnp_version from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct capnp_version_list capnp_version_list_of(struct rill_pointer p)
{
	struct capnp_version_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int capnp_version_list_read(struct capnp_version_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t capnp_version_list_count(struct capnp_version_list l)
{
	return l.l.count;
}

static inline struct capnp_version capnp_version_list_at(struct capnp_version_list l, size_t i)
{
	struct capnp_version r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct capnp_version_list_builder capnp_version_list_new(struct rill_slot slot, size_t count)
{
	struct capnp_version_list_builder r = {rill_slot_init_structs(slot, count, 1, 0)};

	return r;
}

static inline struct capnp_version_list_builder capnp_version_list_edit(struct rill_slot slot)
{
	struct capnp_version_list_builder r = {rill_slot_edit_structs(slot, 1, 0)};

	return r;
}

static inline size_t capnp_version_list_edit_count(struct capnp_version_list_builder l)
{
	return l.l.count;
}

static inline struct capnp_version_builder capnp_version_list_edit_at(struct capnp_version_list_builder l, size_t i)
{
	struct capnp_version_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct capnp_version capnp_version_built(struct capnp_version_builder b, struct rill_reader *over)
{
	struct capnp_version r = {rill_struct_built(b.s, over)};

	return r;
}

static inline uint16_t capnp_version_get_major(struct capnp_version v)
{
	return rill_struct_u16(v.s, 0, 0);
}

static inline void capnp_version_set_major(struct capnp_version_builder b, uint16_t value)
{
	rill_struct_set_u16(b.s, 0, value, 0);
}

static inline uint8_t capnp_version_get_minor(struct capnp_version v)
{
	return rill_struct_u8(v.s, 2, 0);
}

static inline void capnp_version_set_minor(struct capnp_version_builder b, uint8_t value)
{
	rill_struct_set_u8(b.s, 2, value, 0);
}

static inline uint8_t capnp_version_get_micro(struct capnp_version v)
{
	return rill_struct_u8(v.s, 3, 0);
}

static inline void capnp_version_set_micro(struct capnp_version_builder b, uint8_t value)
{
	rill_struct_set_u8(b.s, 3, value, 0);
}

/* ---- CodeGeneratorRequest */

static inline struct code_generator_request code_generator_request_of(struct rill_pointer p)
{
	struct code_generator_request r = {rill_pointer_struct(p)};

	return r;
}

static inline int code_generator_request_read(struct code_generator_request *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct code_generator_request code_generator_request_root(struct rill_reader *reader)
{
	return code_generator_request_of(rill_reader_root(reader));
}

static inline struct code_generator_request_builder code_generator_request_new(struct rill_slot slot)
{
	struct code_generator_request_builder r = {rill_slot_init_struct(slot, 0, 4)};

	return r;
}

static inline struct code_generator_request_builder code_generator_request_edit(struct rill_slot slot)
{
	struct code_generator_request_builder r = {rill_slot_edit_struct(slot, 0, 4)};

	return r;
}

static inline struct code_generator_request_builder code_generator_request_new_root(struct rill_builder *b)
{
	return code_generator_request_new(rill_builder_root(b));
}

static inline struct code_generator_request_builder code_generator_request_edit_root(struct rill_builder *b)
{
	return code_generator_request_edit(rill_builder_root(b));
}

static inline int code_generator_request_copy(struct code_generator_request_builder to, struct code_generator_request from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct code_generator_request_list code_generator_request_list_of(struct rill_pointer p)
{
	struct code_generator_request_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int code_generator_request_list_read(struct code_generator_request_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t code_generator_request_list_count(struct code_generator_request_list l)
{
	return l.l.count;
}

static inline struct code_generator_request code_generator_request_list_at(struct code_generator_request_list l, size_t i)
{
	struct code_generator_request r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct code_generator_request_list_builder code_generator_request_list_new(struct rill_slot slot, size_t count)
{
	struct code_generator_request_list_builder r = {rill_slot_init_structs(slot, count, 0, 4)};

	return r;
}

static inline struct code_generator_request_list_builder code_generator_request_list_edit(struct rill_slot slot)
{
	struct code_generator_request_list_builder r = {rill_slot_edit_structs(slot, 0, 4)};

	return r;
}

static inline size_t code_generator_request_list_edit_count(struct code_generator_request_list_builder l)
{
	return l.l.count;
}

static inline struct code_generator_request_builder code_generator_request_list_edit_at(struct code_generator_request_list_builder l, size_t i)
{
	struct code_generator_request_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct code_generator_request code_generator_request_built(struct code_generator_request_builder b, struct rill_reader *over)
{
	struct code_generator_request r = {rill_struct_built(b.s, over)};

	return r;
}

/* All nodes parsed by the compiler, including for the files on the command line and their
 * imports. */
static inline struct rill_slot code_generator_request_slot_nodes(struct code_generator_request_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool code_generator_request_has_nodes(struct code_generator_request v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct node_list code_generator_request_get_nodes(struct code_generator_request v)
{
	struct node_list r = {rill_pointer_list(rill_struct_pointer(v.s, 0), RILL_LIST_STRUCT)};

	return r;
}

static inline int code_generator_request_read_nodes(struct node_list *ret, struct code_generator_request v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 0), RILL_LIST_STRUCT);
}

static inline struct node_list_builder code_generator_request_init_nodes(struct code_generator_request_builder b, size_t count)
{
	struct node_list_builder r = {rill_slot_init_structs(code_generator_request_slot_nodes(b), count, 5, 6)};

	return r;
}

static inline struct node_list_builder code_generator_request_edit_nodes(struct code_generator_request_builder b)
{
	struct node_list_builder r = {rill_slot_edit_structs(code_generator_request_slot_nodes(b), 5, 6)};

	return r;
}

static inline int code_generator_request_set_nodes(struct code_generator_request_builder b, struct node_list from)
{
	return rill_slot_set_list(code_generator_request_slot_nodes(b), from.l);
}

/* Files which were listed on the command line. */
static inline struct rill_slot code_generator_request_slot_requested_files(struct code_generator_request_builder b)
{
	return rill_struct_slot(b.s, 1);
}

static inline bool code_generator_request_has_requested_files(struct code_generator_request v)
{
	return rill_struct_has(v.s, 1);
}

static inline struct code_generator_request_requested_file_list code_generator_request_get_requested_files(struct code_generator_request v)
{
	struct code_generator_request_requested_file_list r = {rill_pointer_list(rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT)};

	return r;
}

static inline int code_generator_request_read_requested_files(struct code_generator_request_requested_file_list *ret, struct code_generator_request v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT);
}

static inline struct code_generator_request_requested_file_list_builder code_generator_request_init_requested_files(struct code_generator_request_builder b, size_t count)
{
	struct code_generator_request_requested_file_list_builder r = {rill_slot_init_structs(code_generator_request_slot_requested_files(b), count, 1, 2)};

	return r;
}

static inline struct code_generator_request_requested_file_list_builder code_generator_request_edit_requested_files(struct code_generator_request_builder b)
{
	struct code_generator_request_requested_file_list_builder r = {rill_slot_edit_structs(code_generator_request_slot_requested_files(b), 1, 2)};

	return r;
}

static inline int code_generator_request_set_requested_files(struct code_generator_request_builder b, struct code_generator_request_requested_file_list from)
{
	return rill_slot_set_list(code_generator_request_slot_requested_files(b), from.l);
}

/* Version of the `capnp` executable. Generally, code generators should ignore this, but the code
 * generators that ship with `capnp` itself will print a warning if this mismatches since that
 * probably indicates something is misconfigured.
 *
 * The first version of 'capnp' to set this was 0.6.0. So, if it's missing, the compiler version
 * is older than that. */
static inline struct rill_slot code_generator_request_slot_capnp_version(struct code_generator_request_builder b)
{
	return rill_struct_slot(b.s, 2);
}

static inline bool code_generator_request_has_capnp_version(struct code_generator_request v)
{
	return rill_struct_has(v.s, 2);
}

static inline struct capnp_version code_generator_request_get_capnp_version(struct code_generator_request v)
{
	struct capnp_version r = {rill_pointer_struct(rill_struct_pointer(v.s, 2))};

	return r;
}

static inline int code_generator_request_read_capnp_version(struct capnp_version *ret, struct code_generator_request v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 2));
}

static inline struct capnp_version_builder code_generator_request_init_capnp_version(struct code_generator_request_builder b)
{
	struct capnp_version_builder r = {rill_slot_init_struct(code_generator_request_slot_capnp_version(b), 1, 0)};

	return r;
}

static inline struct capnp_version_builder code_generator_request_edit_capnp_version(struct code_generator_request_builder b)
{
	struct capnp_version_builder r = {rill_slot_edit_struct(code_generator_request_slot_capnp_version(b), 1, 0)};

	return r;
}

static inline int code_generator_request_set_capnp_version(struct code_generator_request_builder b, struct capnp_version from)
{
	return rill_slot_set_struct(code_generator_request_slot_capnp_version(b), from.s);
}

/* Information about the original source code for each node, where available. This array may be
 * omitted or may be missing some nodes if no info is available for them. */
static inline struct rill_slot code_generator_request_slot_source_info(struct code_generator_request_builder b)
{
	return rill_struct_slot(b.s, 3);
}

static inline bool code_generator_request_has_source_info(struct code_generator_request v)
{
	return rill_struct_has(v.s, 3);
}

static inline struct node_source_info_list code_generator_request_get_source_info(struct code_generator_request v)
{
	struct node_source_info_list r = {rill_pointer_list(rill_struct_pointer(v.s, 3), RILL_LIST_STRUCT)};

	return r;
}

static inline int code_generator_request_read_source_info(struct node_source_info_list *ret, struct code_generator_request v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 3), RILL_LIST_STRUCT);
}

static inline struct node_source_info_list_builder code_generator_request_init_source_info(struct code_generator_request_builder b, size_t count)
{
	struct node_source_info_list_builder r = {rill_slot_init_structs(code_generator_request_slot_source_info(b), count, 1, 2)};

	return r;
}

static inline struct node_source_info_list_builder code_generator_request_edit_source_info(struct code_generator_request_builder b)
{
	struct node_source_info_list_builder r = {rill_slot_edit_structs(code_generator_request_slot_source_info(b), 1, 2)};

	return r;
}

static inline int code_generator_request_set_source_info(struct code_generator_request_builder b, struct node_source_info_list from)
{
	return rill_slot_set_list(code_generator_request_slot_source_info(b), from.l);
}

/* ---- CodeGeneratorRequest.RequestedFile */

static inline struct code_generator_request_requested_file code_generator_request_requested_file_of(struct rill_pointer p)
{
	struct code_generator_request_requested_file r = {rill_pointer_struct(p)};

	return r;
}

static inline int code_generator_request_requested_file_read(struct code_generator_request_requested_file *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct code_generator_request_requested_file code_generator_request_requested_file_root(struct rill_reader *reader)
{
	return code_generator_request_requested_file_of(rill_reader_root(reader));
}

static inline struct code_generator_request_requested_file_builder code_generator_request_requested_file_new(struct rill_slot slot)
{
	struct code_generator_request_requested_file_builder r = {rill_slot_init_struct(slot, 1, 2)};

	return r;
}

static inline struct code_generator_request_requested_file_builder code_generator_request_requested_file_edit(struct rill_slot slot)
{
	struct code_generator_request_requested_file_builder r = {rill_slot_edit_struct(slot, 1, 2)};

	return r;
}

static inline struct code_generator_request_requested_file_builder code_generator_request_requested_file_new_root(struct rill_builder *b)
{
	return code_generator_request_requested_file_new(rill_builder_root(b));
}

static inline struct code_generator_request_requested_file_builder code_generator_request_requested_file_edit_root(struct rill_builder *b)
{
	return code_generator_request_requested_file_edit(rill_builder_root(b));
}

static inline int code_generator_request_requested_file_copy(struct code_generator_request_requested_file_builder to, struct code_generator_request_requested_file from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct code_generator_request_requested_file_list code_generator_request_requested_file_list_of(struct rill_pointer p)
{
	struct code_generator_request_requested_file_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int code_generator_request_requested_file_list_read(struct code_generator_request_requested_file_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t code_generator_request_requested_file_list_count(struct code_generator_request_requested_file_list l)
{
	return l.l.count;
}

static inline struct code_generator_request_requested_file code_generator_request_requested_file_list_at(struct code_generator_request_requested_file_list l, size_t i)
{
	struct code_generator_request_requested_file r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct code_generator_request_requested_file_list_builder code_generator_request_requested_file_list_new(struct rill_slot slot, size_t count)
{
	struct code_generator_request_requested_file_list_builder r = {rill_slot_init_structs(slot, count, 1, 2)};

	return r;
}

static inline struct code_generator_request_requested_file_list_builder code_generator_request_requested_file_list_edit(struct rill_slot slot)
{
	struct code_generator_request_requested_file_list_builder r = {rill_slot_edit_structs(slot, 1, 2)};

	return r;
}

static inline size_t code_generator_request_requested_file_list_edit_count(struct code_generator_request_requested_file_list_builder l)
{
	return l.l.count;
}

static inline struct code_generator_request_requested_file_builder code_generator_request_requested_file_list_edit_at(struct code_generator_request_requested_file_list_builder l, size_t i)
{
	struct code_generator_request_requested_file_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct code_generator_request_requested_file code_generator_request_requested_file_built(struct code_generator_request_requested_file_builder b, struct rill_reader *over)
{
	struct code_generator_request_requested_file r = {rill_struct_built(b.s, over)};

	return r;
}

/* ID of the file. */
static inline uint64_t code_generator_request_requested_file_get_id(struct code_generator_request_requested_file v)
{
	return rill_struct_u64(v.s, 0, UINT64_C(0));
}

static inline void code_generator_request_requested_file_set_id(struct code_generator_request_requested_file_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 0, value, UINT64_C(0));
}

/* Name of the file as it appeared on the command-line (minus the src-prefix).  You may use
 * this to decide where to write the output. */
static inline struct rill_slot code_generator_request_requested_file_slot_filename(struct code_generator_request_requested_file_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool code_generator_request_requested_file_has_filename(struct code_generator_request_requested_file v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct rill_text code_generator_request_requested_file_get_filename(struct code_generator_request_requested_file v)
{
	return rill_pointer_text(rill_struct_pointer(v.s, 0));
}

static inline int code_generator_request_requested_file_read_filename(struct rill_text *ret, struct code_generator_request_requested_file v)
{
	return rill_pointer_read_text(ret, rill_struct_pointer(v.s, 0));
}

static inline int code_generator_request_requested_file_set_filename(struct code_generator_request_requested_file_builder b, const char *string)
{
	return rill_slot_set_string(code_generator_request_requested_file_slot_filename(b), string);
}

static inline int code_generator_request_requested_file_set_filename_len(struct code_generator_request_requested_file_builder b, const char *text, size_t len)
{
	return rill_slot_set_text(code_generator_request_requested_file_slot_filename(b), text, len);
}

static inline char *code_generator_request_requested_file_init_filename(struct code_generator_request_requested_file_builder b, size_t len)
{
	return rill_slot_init_text(code_generator_request_requested_file_slot_filename(b), len);
}

/* List of all imported paths seen in this file. */
static inline struct rill_slot code_generator_request_requested_file_slot_imports(struct code_generator_request_requested_file_builder b)
{
	return rill_struct_slot(b.s, 1);
}

static inline bool code_generator_request_requested_file_has_imports(struct code_generator_request_requested_file v)
{
	return rill_struct_has(v.s, 1);
}

static inline struct code_generator_request_requested_file_import_list code_generator_request_requested_file_get_imports(struct code_generator_request_requested_file v)
{
	struct code_generator_request_requested_file_import_list r = {rill_pointer_list(rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT)};

	return r;
}

static inline int code_generator_request_requested_file_read_imports(struct code_generator_request_requested_file_import_list *ret, struct code_generator_request_requested_file v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 1), RILL_LIST_STRUCT);
}

static inline struct code_generator_request_requested_file_import_list_builder code_generator_request_requested_file_init_imports(struct code_generator_request_requested_file_builder b, size_t count)
{
	struct code_generator_request_requested_file_import_list_builder r = {rill_slot_init_structs(code_generator_request_requested_file_slot_imports(b), count, 1, 1)};

	return r;
}

static inline struct code_generator_request_requested_file_import_list_builder code_generator_request_requested_file_edit_imports(struct code_generator_request_requested_file_builder b)
{
	struct code_generator_request_requested_file_import_list_builder r = {rill_slot_edit_structs(code_generator_request_requested_file_slot_imports(b), 1, 1)};

	return r;
}

static inline int code_generator_request_requested_file_set_imports(struct code_generator_request_requested_file_builder b, struct code_generator_request_requested_file_import_list from)
{
	return rill_slot_set_list(code_generator_request_requested_file_slot_imports(b), from.l);
}

/* ---- CodeGeneratorRequest.RequestedFile.Import */

static inline struct code_generator_request_requested_file_import code_generator_request_requested_file_import_of(struct rill_pointer p)
{
	struct code_generator_request_requested_file_import r = {rill_pointer_struct(p)};

	return r;
}

static inline int code_generator_request_requested_file_import_read(struct code_generator_request_requested_file_import *ret, struct rill_pointer p)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, p);
}

static inline struct code_generator_request_requested_file_import code_generator_request_requested_file_import_root(struct rill_reader *reader)
{
	return code_generator_request_requested_file_import_of(rill_reader_root(reader));
}

static inline struct code_generator_request_requested_file_import_builder code_generator_request_requested_file_import_new(struct rill_slot slot)
{
	struct code_generator_request_requested_file_import_builder r = {rill_slot_init_struct(slot, 1, 1)};

	return r;
}

static inline struct code_generator_request_requested_file_import_builder code_generator_request_requested_file_import_edit(struct rill_slot slot)
{
	struct code_generator_request_requested_file_import_builder r = {rill_slot_edit_struct(slot, 1, 1)};

	return r;
}

static inline struct code_generator_request_requested_file_import_builder code_generator_request_requested_file_import_new_root(struct rill_builder *b)
{
	return code_generator_request_requested_file_import_new(rill_builder_root(b));
}

static inline struct code_generator_request_requested_file_import_builder code_generator_request_requested_file_import_edit_root(struct rill_builder *b)
{
	return code_generator_request_requested_file_import_edit(rill_builder_root(b));
}

static inline int code_generator_request_requested_file_import_copy(struct code_generator_request_requested_file_import_builder to, struct code_generator_request_requested_file_import from)
{
	return rill_struct_copy(to.s, from.s);
}

static inline struct code_generator_request_requested_file_import_list code_generator_request_requested_file_import_list_of(struct rill_pointer p)
{
	struct code_generator_request_requested_file_import_list r = {rill_pointer_list(p, RILL_LIST_STRUCT)};

	return r;
}

static inline int code_generator_request_requested_file_import_list_read(struct code_generator_request_requested_file_import_list *ret, struct rill_pointer p)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, p, RILL_LIST_STRUCT);
}

static inline size_t code_generator_request_requested_file_import_list_count(struct code_generator_request_requested_file_import_list l)
{
	return l.l.count;
}

static inline struct code_generator_request_requested_file_import code_generator_request_requested_file_import_list_at(struct code_generator_request_requested_file_import_list l, size_t i)
{
	struct code_generator_request_requested_file_import r = {rill_list_struct(l.l, i)};

	return r;
}

static inline struct code_generator_request_requested_file_import_list_builder code_generator_request_requested_file_import_list_new(struct rill_slot slot, size_t count)
{
	struct code_generator_request_requested_file_import_list_builder r = {rill_slot_init_structs(slot, count, 1, 1)};

	return r;
}

static inline struct code_generator_request_requested_file_import_list_builder code_generator_request_requested_file_import_list_edit(struct rill_slot slot)
{
	struct code_generator_request_requested_file_import_list_builder r = {rill_slot_edit_structs(slot, 1, 1)};

	return r;
}

static inline size_t code_generator_request_requested_file_import_list_edit_count(struct code_generator_request_requested_file_import_list_builder l)
{
	return l.l.count;
}

static inline struct code_generator_request_requested_file_import_builder code_generator_request_requested_file_import_list_edit_at(struct code_generator_request_requested_file_import_list_builder l, size_t i)
{
	struct code_generator_request_requested_file_import_builder r = {rill_list_edit(l.l, i)};

	return r;
}

static inline struct code_generator_request_requested_file_import code_generator_request_requested_file_import_built(struct code_generator_request_requested_file_import_builder b, struct rill_reader *over)
{
	struct code_generator_request_requested_file_import r = {rill_struct_built(b.s, over)};

	return r;
}

/* ID of the imported file. */
static inline uint64_t code_generator_request_requested_file_import_get_id(struct code_generator_request_requested_file_import v)
{
	return rill_struct_u64(v.s, 0, UINT64_C(0));
}

static inline void code_generator_request_requested_file_import_set_id(struct code_generator_request_requested_file_import_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 0, value, UINT64_C(0));
}

/* Name which *this* file used to refer to the foreign file.  This may be a relative name.
 * This information is provided because it might be useful for code generation, e.g. to
 * generate #include directives in C++.  We don't put this in Node.file because this
 * information is only meaningful at compile time anyway.
 *
 * (On Zooko's triangle, this is the import's petname according to the importing file.) */
static inline struct rill_slot code_generator_request_requested_file_import_slot_name(struct code_generator_request_requested_file_import_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool code_generator_request_requested_file_import_has_name(struct code_generator_request_requested_file_import v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct rill_text code_generator_request_requested_file_import_get_name(struct code_generator_request_requested_file_import v)
{
	return rill_pointer_text(rill_struct_pointer(v.s, 0));
}

static inline int code_generator_request_requested_file_import_read_name(struct rill_text *ret, struct code_generator_request_requested_file_import v)
{
	return rill_pointer_read_text(ret, rill_struct_pointer(v.s, 0));
}

static inline int code_generator_request_requested_file_import_set_name(struct code_generator_request_requested_file_import_builder b, const char *string)
{
	return rill_slot_set_string(code_generator_request_requested_file_import_slot_name(b), string);
}

static inline int code_generator_request_requested_file_import_set_name_len(struct code_generator_request_requested_file_import_builder b, const char *text, size_t len)
{
	return rill_slot_set_text(code_generator_request_requested_file_import_slot_name(b), text, len);
}

static inline char *code_generator_request_requested_file_import_init_name(struct code_generator_request_requested_file_import_builder b, size_t len)
{
	return rill_slot_init_text(code_generator_request_requested_file_import_slot_name(b), len);
}

/* ---- Node.struct */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void node_struct_clear(struct node_struct_builder b)
{
	(void)b;
	rill_struct_set_u16(b.s, 14, 0, 0);
	rill_struct_set_u16(b.s, 24, 0, 0);
	rill_struct_set_u16(b.s, 26, 0, 0);
	rill_struct_set_bool(b.s, 224, false, false);
	rill_struct_set_u16(b.s, 30, 0, 0);
	rill_struct_set_u32(b.s, 32, 0, 0);
	rill_slot_clear(rill_struct_slot(b.s, 3));
}

static inline struct node_struct node_struct_built(struct node_struct_builder b, struct rill_reader *over)
{
	struct node_struct r = {rill_struct_built(b.s, over)};

	return r;
}

/* Size of the data section, in words. */
static inline uint16_t node_struct_get_data_word_count(struct node_struct v)
{
	return rill_struct_u16(v.s, 14, 0);
}

static inline void node_struct_set_data_word_count(struct node_struct_builder b, uint16_t value)
{
	rill_struct_set_u16(b.s, 14, value, 0);
}

/* Size of the pointer section, in pointers (which are one word each). */
static inline uint16_t node_struct_get_pointer_count(struct node_struct v)
{
	return rill_struct_u16(v.s, 24, 0);
}

static inline void node_struct_set_pointer_count(struct node_struct_builder b, uint16_t value)
{
	rill_struct_set_u16(b.s, 24, value, 0);
}

/* The preferred element size to use when encoding a list of this struct.  If this is anything
 * other than `inlineComposite` then the struct is one word or less in size and is a candidate
 * for list packing optimization. */
static inline enum element_size node_struct_get_preferred_list_encoding(struct node_struct v)
{
	return (enum element_size)rill_struct_u16(v.s, 26, 0);
}

static inline void node_struct_set_preferred_list_encoding(struct node_struct_builder b, enum element_size value)
{
	rill_struct_set_u16(b.s, 26, (uint16_t)value, 0);
}

/* If true, then this "struct" node is actually not an independent node, but merely represents
 * some named union or group within a particular parent struct.  This node's scopeId refers
 * to the parent struct, which may itself be a union/group in yet another struct.
 *
 * All group nodes share the same dataWordCount and pointerCount as the top-level
 * struct, and their fields live in the same ordinal and offset spaces as all other fields in
 * the struct.
 *
 * Note that a named union is considered a special kind of group -- in fact, a named union
 * is exactly equivalent to a group that contains nothing but an unnamed union. */
static inline bool node_struct_get_is_group(struct node_struct v)
{
	return rill_struct_bool(v.s, 224, false);
}

static inline void node_struct_set_is_group(struct node_struct_builder b, bool value)
{
	rill_struct_set_bool(b.s, 224, value, false);
}

/* Number of fields in this struct which are members of an anonymous union, and thus may
 * overlap.  If this is non-zero, then a 16-bit discriminant is present indicating which
 * of the overlapping fields is active.  This can never be 1 -- if it is non-zero, it must be
 * two or more.
 *
 * Note that the fields of an unnamed union are considered fields of the scope containing the
 * union -- an unnamed union is not its own group.  So, a top-level struct may contain a
 * non-zero discriminant count.  Named unions, on the other hand, are equivalent to groups
 * containing unnamed unions.  So, a named union has its own independent schema node, with
 * `isGroup` = true. */
static inline uint16_t node_struct_get_discriminant_count(struct node_struct v)
{
	return rill_struct_u16(v.s, 30, 0);
}

static inline void node_struct_set_discriminant_count(struct node_struct_builder b, uint16_t value)
{
	rill_struct_set_u16(b.s, 30, value, 0);
}

/* If `discriminantCount` is non-zero, this is the offset of the union discriminant, in
 * multiples of 16 bits. */
static inline uint32_t node_struct_get_discriminant_offset(struct node_struct v)
{
	return rill_struct_u32(v.s, 32, 0u);
}

static inline void node_struct_set_discriminant_offset(struct node_struct_builder b, uint32_t value)
{
	rill_struct_set_u32(b.s, 32, value, 0u);
}

/* Fields defined within this scope (either the struct's top-level fields, or the fields of
 * a particular group; see `isGroup`).
 *
 * The fields are sorted by ordinal number, but note that because groups share the same
 * ordinal space, the field's index in this list is not necessarily exactly its ordinal.
 * On the other hand, the field's position in this list does remain the same even as the
 * protocol evolves, since it is not possible to insert or remove an earlier ordinal.
 * Therefore, for most use cases, if you want to identify a field by number, it may make the
 * most sense to use the field's index in this list rather than its ordinal. */
static inline struct rill_slot node_struct_slot_fields(struct node_struct_builder b)
{
	return rill_struct_slot(b.s, 3);
}

static inline bool node_struct_has_fields(struct node_struct v)
{
	return rill_struct_has(v.s, 3);
}

static inline struct field_list node_struct_get_fields(struct node_struct v)
{
	struct field_list r = {rill_pointer_list(rill_struct_pointer(v.s, 3), RILL_LIST_STRUCT)};

	return r;
}

static inline int node_struct_read_fields(struct field_list *ret, struct node_struct v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 3), RILL_LIST_STRUCT);
}

static inline struct field_list_builder node_struct_init_fields(struct node_struct_builder b, size_t count)
{
	struct field_list_builder r = {rill_slot_init_structs(node_struct_slot_fields(b), count, 3, 4)};

	return r;
}

static inline struct field_list_builder node_struct_edit_fields(struct node_struct_builder b)
{
	struct field_list_builder r = {rill_slot_edit_structs(node_struct_slot_fields(b), 3, 4)};

	return r;
}

static inline int node_struct_set_fields(struct node_struct_builder b, struct field_list from)
{
	return rill_slot_set_list(node_struct_slot_fields(b), from.l);
}

/* ---- Node.enum */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void node_enum_clear(struct node_enum_builder b)
{
	(void)b;
	rill_slot_clear(rill_struct_slot(b.s, 3));
}

static inline struct node_enum node_enum_built(struct node_enum_builder b, struct rill_reader *over)
{
	struct node_enum r = {rill_struct_built(b.s, over)};

	return r;
}

/* Enumerants ordered by numeric value (ordinal). */
static inline struct rill_slot node_enum_slot_enumerants(struct node_enum_builder b)
{
	return rill_struct_slot(b.s, 3);
}

static inline bool node_enum_has_enumerants(struct node_enum v)
{
	return rill_struct_has(v.s, 3);
}

static inline struct enumerant_list node_enum_get_enumerants(struct node_enum v)
{
	struct enumerant_list r = {rill_pointer_list(rill_struct_pointer(v.s, 3), RILL_LIST_STRUCT)};

	return r;
}

static inline int node_enum_read_enumerants(struct enumerant_list *ret, struct node_enum v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 3), RILL_LIST_STRUCT);
}

static inline struct enumerant_list_builder node_enum_init_enumerants(struct node_enum_builder b, size_t count)
{
	struct enumerant_list_builder r = {rill_slot_init_structs(node_enum_slot_enumerants(b), count, 1, 2)};

	return r;
}

static inline struct enumerant_list_builder node_enum_edit_enumerants(struct node_enum_builder b)
{
	struct enumerant_list_builder r = {rill_slot_edit_structs(node_enum_slot_enumerants(b), 1, 2)};

	return r;
}

static inline int node_enum_set_enumerants(struct node_enum_builder b, struct enumerant_list from)
{
	return rill_slot_set_list(node_enum_slot_enumerants(b), from.l);
}

/* ---- Node.interface */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void node_interface_clear(struct node_interface_builder b)
{
	(void)b;
	rill_slot_clear(rill_struct_slot(b.s, 3));
	rill_slot_clear(rill_struct_slot(b.s, 4));
}

static inline struct node_interface node_interface_built(struct node_interface_builder b, struct rill_reader *over)
{
	struct node_interface r = {rill_struct_built(b.s, over)};

	return r;
}

/* Methods ordered by ordinal. */
static inline struct rill_slot node_interface_slot_methods(struct node_interface_builder b)
{
	return rill_struct_slot(b.s, 3);
}

static inline bool node_interface_has_methods(struct node_interface v)
{
	return rill_struct_has(v.s, 3);
}

static inline struct method_list node_interface_get_methods(struct node_interface v)
{
	struct method_list r = {rill_pointer_list(rill_struct_pointer(v.s, 3), RILL_LIST_STRUCT)};

	return r;
}

static inline int node_interface_read_methods(struct method_list *ret, struct node_interface v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 3), RILL_LIST_STRUCT);
}

static inline struct method_list_builder node_interface_init_methods(struct node_interface_builder b, size_t count)
{
	struct method_list_builder r = {rill_slot_init_structs(node_interface_slot_methods(b), count, 3, 5)};

	return r;
}

static inline struct method_list_builder node_interface_edit_methods(struct node_interface_builder b)
{
	struct method_list_builder r = {rill_slot_edit_structs(node_interface_slot_methods(b), 3, 5)};

	return r;
}

static inline int node_interface_set_methods(struct node_interface_builder b, struct method_list from)
{
	return rill_slot_set_list(node_interface_slot_methods(b), from.l);
}

/* Superclasses of this interface. */
static inline struct rill_slot node_interface_slot_superclasses(struct node_interface_builder b)
{
	return rill_struct_slot(b.s, 4);
}

static inline bool node_interface_has_superclasses(struct node_interface v)
{
	return rill_struct_has(v.s, 4);
}

static inline struct superclass_list node_interface_get_superclasses(struct node_interface v)
{
	struct superclass_list r = {rill_pointer_list(rill_struct_pointer(v.s, 4), RILL_LIST_STRUCT)};

	return r;
}

static inline int node_interface_read_superclasses(struct superclass_list *ret, struct node_interface v)
{
	return rill_pointer_read_list(ret ? &ret->l : NULL, rill_struct_pointer(v.s, 4), RILL_LIST_STRUCT);
}

static inline struct superclass_list_builder node_interface_init_superclasses(struct node_interface_builder b, size_t count)
{
	struct superclass_list_builder r = {rill_slot_init_structs(node_interface_slot_superclasses(b), count, 1, 1)};

	return r;
}

static inline struct superclass_list_builder node_interface_edit_superclasses(struct node_interface_builder b)
{
	struct superclass_list_builder r = {rill_slot_edit_structs(node_interface_slot_superclasses(b), 1, 1)};

	return r;
}

static inline int node_interface_set_superclasses(struct node_interface_builder b, struct superclass_list from)
{
	return rill_slot_set_list(node_interface_slot_superclasses(b), from.l);
}

/* ---- Node.const */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void node_const_clear(struct node_const_builder b)
{
	(void)b;
	rill_slot_clear(rill_struct_slot(b.s, 3));
	rill_slot_clear(rill_struct_slot(b.s, 4));
}

static inline struct node_const node_const_built(struct node_const_builder b, struct rill_reader *over)
{
	struct node_const r = {rill_struct_built(b.s, over)};

	return r;
}

static inline struct rill_slot node_const_slot_type(struct node_const_builder b)
{
	return rill_struct_slot(b.s, 3);
}

static inline bool node_const_has_type(struct node_const v)
{
	return rill_struct_has(v.s, 3);
}

static inline struct type node_const_get_type(struct node_const v)
{
	struct type r = {rill_pointer_struct(rill_struct_pointer(v.s, 3))};

	return r;
}

static inline int node_const_read_type(struct type *ret, struct node_const v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 3));
}

static inline struct type_builder node_const_init_type(struct node_const_builder b)
{
	struct type_builder r = {rill_slot_init_struct(node_const_slot_type(b), 3, 1)};

	return r;
}

static inline struct type_builder node_const_edit_type(struct node_const_builder b)
{
	struct type_builder r = {rill_slot_edit_struct(node_const_slot_type(b), 3, 1)};

	return r;
}

static inline int node_const_set_type(struct node_const_builder b, struct type from)
{
	return rill_slot_set_struct(node_const_slot_type(b), from.s);
}

static inline struct rill_slot node_const_slot_value(struct node_const_builder b)
{
	return rill_struct_slot(b.s, 4);
}

static inline bool node_const_has_value(struct node_const v)
{
	return rill_struct_has(v.s, 4);
}

static inline struct value node_const_get_value(struct node_const v)
{
	struct value r = {rill_pointer_struct(rill_struct_pointer(v.s, 4))};

	return r;
}

static inline int node_const_read_value(struct value *ret, struct node_const v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 4));
}

static inline struct value_builder node_const_init_value(struct node_const_builder b)
{
	struct value_builder r = {rill_slot_init_struct(node_const_slot_value(b), 2, 1)};

	return r;
}

static inline struct value_builder node_const_edit_value(struct node_const_builder b)
{
	struct value_builder r = {rill_slot_edit_struct(node_const_slot_value(b), 2, 1)};

	return r;
}

static inline int node_const_set_value(struct node_const_builder b, struct value from)
{
	return rill_slot_set_struct(node_const_slot_value(b), from.s);
}

/* ---- Node.annotation */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void node_annotation_clear(struct node_annotation_builder b)
{
	(void)b;
	rill_slot_clear(rill_struct_slot(b.s, 3));
	rill_struct_set_bool(b.s, 112, false, false);
	rill_struct_set_bool(b.s, 113, false, false);
	rill_struct_set_bool(b.s, 114, false, false);
	rill_struct_set_bool(b.s, 115, false, false);
	rill_struct_set_bool(b.s, 116, false, false);
	rill_struct_set_bool(b.s, 117, false, false);
	rill_struct_set_bool(b.s, 118, false, false);
	rill_struct_set_bool(b.s, 119, false, false);
	rill_struct_set_bool(b.s, 120, false, false);
	rill_struct_set_bool(b.s, 121, false, false);
	rill_struct_set_bool(b.s, 122, false, false);
	rill_struct_set_bool(b.s, 123, false, false);
}

static inline struct node_annotation node_annotation_built(struct node_annotation_builder b, struct rill_reader *over)
{
	struct node_annotation r = {rill_struct_built(b.s, over)};

	return r;
}

static inline struct rill_slot node_annotation_slot_type(struct node_annotation_builder b)
{
	return rill_struct_slot(b.s, 3);
}

static inline bool node_annotation_has_type(struct node_annotation v)
{
	return rill_struct_has(v.s, 3);
}

static inline struct type node_annotation_get_type(struct node_annotation v)
{
	struct type r = {rill_pointer_struct(rill_struct_pointer(v.s, 3))};

	return r;
}

static inline int node_annotation_read_type(struct type *ret, struct node_annotation v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 3));
}

static inline struct type_builder node_annotation_init_type(struct node_annotation_builder b)
{
	struct type_builder r = {rill_slot_init_struct(node_annotation_slot_type(b), 3, 1)};

	return r;
}

static inline struct type_builder node_annotation_edit_type(struct node_annotation_builder b)
{
	struct type_builder r = {rill_slot_edit_struct(node_annotation_slot_type(b), 3, 1)};

	return r;
}

static inline int node_annotation_set_type(struct node_annotation_builder b, struct type from)
{
	return rill_slot_set_struct(node_annotation_slot_type(b), from.s);
}

static inline bool node_annotation_get_targets_file(struct node_annotation v)
{
	return rill_struct_bool(v.s, 112, false);
}

static inline void node_annotation_set_targets_file(struct node_annotation_builder b, bool value)
{
	rill_struct_set_bool(b.s, 112, value, false);
}

static inline bool node_annotation_get_targets_const(struct node_annotation v)
{
	return rill_struct_bool(v.s, 113, false);
}

static inline void node_annotation_set_targets_const(struct node_annotation_builder b, bool value)
{
	rill_struct_set_bool(b.s, 113, value, false);
}

static inline bool node_annotation_get_targets_enum(struct node_annotation v)
{
	return rill_struct_bool(v.s, 114, false);
}

static inline void node_annotation_set_targets_enum(struct node_annotation_builder b, bool value)
{
	rill_struct_set_bool(b.s, 114, value, false);
}

static inline bool node_annotation_get_targets_enumerant(struct node_annotation v)
{
	return rill_struct_bool(v.s, 115, false);
}

static inline void node_annotation_set_targets_enumerant(struct node_annotation_builder b, bool value)
{
	rill_struct_set_bool(b.s, 115, value, false);
}

static inline bool node_annotation_get_targets_struct(struct node_annotation v)
{
	return rill_struct_bool(v.s, 116, false);
}

static inline void node_annotation_set_targets_struct(struct node_annotation_builder b, bool value)
{
	rill_struct_set_bool(b.s, 116, value, false);
}

static inline bool node_annotation_get_targets_field(struct node_annotation v)
{
	return rill_struct_bool(v.s, 117, false);
}

static inline void node_annotation_set_targets_field(struct node_annotation_builder b, bool value)
{
	rill_struct_set_bool(b.s, 117, value, false);
}

static inline bool node_annotation_get_targets_union(struct node_annotation v)
{
	return rill_struct_bool(v.s, 118, false);
}

static inline void node_annotation_set_targets_union(struct node_annotation_builder b, bool value)
{
	rill_struct_set_bool(b.s, 118, value, false);
}

static inline bool node_annotation_get_targets_group(struct node_annotation v)
{
	return rill_struct_bool(v.s, 119, false);
}

static inline void node_annotation_set_targets_group(struct node_annotation_builder b, bool value)
{
	rill_struct_set_bool(b.s, 119, value, false);
}

static inline bool node_annotation_get_targets_interface(struct node_annotation v)
{
	return rill_struct_bool(v.s, 120, false);
}

static inline void node_annotation_set_targets_interface(struct node_annotation_builder b, bool value)
{
	rill_struct_set_bool(b.s, 120, value, false);
}

static inline bool node_annotation_get_targets_method(struct node_annotation v)
{
	return rill_struct_bool(v.s, 121, false);
}

static inline void node_annotation_set_targets_method(struct node_annotation_builder b, bool value)
{
	rill_struct_set_bool(b.s, 121, value, false);
}

static inline bool node_annotation_get_targets_param(struct node_annotation v)
{
	return rill_struct_bool(v.s, 122, false);
}

static inline void node_annotation_set_targets_param(struct node_annotation_builder b, bool value)
{
	rill_struct_set_bool(b.s, 122, value, false);
}

static inline bool node_annotation_get_targets_annotation(struct node_annotation v)
{
	return rill_struct_bool(v.s, 123, false);
}

static inline void node_annotation_set_targets_annotation(struct node_annotation_builder b, bool value)
{
	rill_struct_set_bool(b.s, 123, value, false);
}

/* ---- Field.slot */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void field_slot_clear(struct field_slot_builder b)
{
	(void)b;
	rill_struct_set_u32(b.s, 4, 0, 0);
	rill_slot_clear(rill_struct_slot(b.s, 2));
	rill_slot_clear(rill_struct_slot(b.s, 3));
	rill_struct_set_bool(b.s, 128, false, false);
}

static inline struct field_slot field_slot_built(struct field_slot_builder b, struct rill_reader *over)
{
	struct field_slot r = {rill_struct_built(b.s, over)};

	return r;
}

/* Offset, in units of the field's size, from the beginning of the section in which the field
 * resides.  E.g. for a UInt32 field, multiply this by 4 to get the byte offset from the
 * beginning of the data section. */
static inline uint32_t field_slot_get_offset(struct field_slot v)
{
	return rill_struct_u32(v.s, 4, 0u);
}

static inline void field_slot_set_offset(struct field_slot_builder b, uint32_t value)
{
	rill_struct_set_u32(b.s, 4, value, 0u);
}

static inline struct rill_slot field_slot_slot_type(struct field_slot_builder b)
{
	return rill_struct_slot(b.s, 2);
}

static inline bool field_slot_has_type(struct field_slot v)
{
	return rill_struct_has(v.s, 2);
}

static inline struct type field_slot_get_type(struct field_slot v)
{
	struct type r = {rill_pointer_struct(rill_struct_pointer(v.s, 2))};

	return r;
}

static inline int field_slot_read_type(struct type *ret, struct field_slot v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 2));
}

static inline struct type_builder field_slot_init_type(struct field_slot_builder b)
{
	struct type_builder r = {rill_slot_init_struct(field_slot_slot_type(b), 3, 1)};

	return r;
}

static inline struct type_builder field_slot_edit_type(struct field_slot_builder b)
{
	struct type_builder r = {rill_slot_edit_struct(field_slot_slot_type(b), 3, 1)};

	return r;
}

static inline int field_slot_set_type(struct field_slot_builder b, struct type from)
{
	return rill_slot_set_struct(field_slot_slot_type(b), from.s);
}

static inline struct rill_slot field_slot_slot_default_value(struct field_slot_builder b)
{
	return rill_struct_slot(b.s, 3);
}

static inline bool field_slot_has_default_value(struct field_slot v)
{
	return rill_struct_has(v.s, 3);
}

static inline struct value field_slot_get_default_value(struct field_slot v)
{
	struct value r = {rill_pointer_struct(rill_struct_pointer(v.s, 3))};

	return r;
}

static inline int field_slot_read_default_value(struct value *ret, struct field_slot v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 3));
}

static inline struct value_builder field_slot_init_default_value(struct field_slot_builder b)
{
	struct value_builder r = {rill_slot_init_struct(field_slot_slot_default_value(b), 2, 1)};

	return r;
}

static inline struct value_builder field_slot_edit_default_value(struct field_slot_builder b)
{
	struct value_builder r = {rill_slot_edit_struct(field_slot_slot_default_value(b), 2, 1)};

	return r;
}

static inline int field_slot_set_default_value(struct field_slot_builder b, struct value from)
{
	return rill_slot_set_struct(field_slot_slot_default_value(b), from.s);
}

/* Whether the default value was specified explicitly.  Non-explicit default values are always
 * zero or empty values.  Usually, whether the default value was explicit shouldn't matter.
 * The main use case for this flag is for structs representing method parameters:
 * explicitly-defaulted parameters may be allowed to be omitted when calling the method. */
static inline bool field_slot_get_had_explicit_default(struct field_slot v)
{
	return rill_struct_bool(v.s, 128, false);
}

static inline void field_slot_set_had_explicit_default(struct field_slot_builder b, bool value)
{
	rill_struct_set_bool(b.s, 128, value, false);
}

/* ---- Field.group */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void field_group_clear(struct field_group_builder b)
{
	(void)b;
	rill_struct_set_u64(b.s, 16, 0, 0);
}

static inline struct field_group field_group_built(struct field_group_builder b, struct rill_reader *over)
{
	struct field_group r = {rill_struct_built(b.s, over)};

	return r;
}

/* The ID of the group's node. */
static inline uint64_t field_group_get_type_id(struct field_group v)
{
	return rill_struct_u64(v.s, 16, UINT64_C(0));
}

static inline void field_group_set_type_id(struct field_group_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 16, value, UINT64_C(0));
}

/* ---- Field.ordinal */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void field_ordinal_clear(struct field_ordinal_builder b)
{
	(void)b;
	rill_struct_set_u16(b.s, 10, 0, 0);
	rill_struct_set_u16(b.s, 12, 0, 0);
}

static inline struct field_ordinal field_ordinal_built(struct field_ordinal_builder b, struct rill_reader *over)
{
	struct field_ordinal r = {rill_struct_built(b.s, over)};

	return r;
}

static inline enum field_ordinal_which field_ordinal_which(struct field_ordinal v)
{
	return (enum field_ordinal_which)rill_struct_u16(v.s, 10, 0);
}

static inline void field_ordinal_set_implicit(struct field_ordinal_builder b)
{
	rill_struct_set_u16(b.s, 10, 0, 0);
}

/* The original ordinal number given to the field.  You probably should NOT use this; if you need
 * a numeric identifier for a field, use its position within the field array for its scope.
 * The ordinal is given here mainly just so that the original schema text can be reproduced given
 * the compiled version -- i.e. so that `capnp compile -ocapnp` can do its job. */
static inline uint16_t field_ordinal_get_explicit(struct field_ordinal v)
{
	return rill_struct_u16(v.s, 12, 0);
}

static inline void field_ordinal_set_explicit(struct field_ordinal_builder b, uint16_t value)
{
	rill_struct_set_u16(b.s, 10, 1, 0);
	rill_struct_set_u16(b.s, 12, value, 0);
}

/* ---- Type.list */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void type_list2_clear(struct type_list2_builder b)
{
	(void)b;
	rill_slot_clear(rill_struct_slot(b.s, 0));
}

static inline struct type_list2 type_list2_built(struct type_list2_builder b, struct rill_reader *over)
{
	struct type_list2 r = {rill_struct_built(b.s, over)};

	return r;
}

static inline struct rill_slot type_list2_slot_element_type(struct type_list2_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool type_list2_has_element_type(struct type_list2 v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct type type_list2_get_element_type(struct type_list2 v)
{
	struct type r = {rill_pointer_struct(rill_struct_pointer(v.s, 0))};

	return r;
}

static inline int type_list2_read_element_type(struct type *ret, struct type_list2 v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 0));
}

static inline struct type_builder type_list2_init_element_type(struct type_list2_builder b)
{
	struct type_builder r = {rill_slot_init_struct(type_list2_slot_element_type(b), 3, 1)};

	return r;
}

static inline struct type_builder type_list2_edit_element_type(struct type_list2_builder b)
{
	struct type_builder r = {rill_slot_edit_struct(type_list2_slot_element_type(b), 3, 1)};

	return r;
}

static inline int type_list2_set_element_type(struct type_list2_builder b, struct type from)
{
	return rill_slot_set_struct(type_list2_slot_element_type(b), from.s);
}

/* ---- Type.enum */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void type_enum_clear(struct type_enum_builder b)
{
	(void)b;
	rill_struct_set_u64(b.s, 8, 0, 0);
	rill_slot_clear(rill_struct_slot(b.s, 0));
}

static inline struct type_enum type_enum_built(struct type_enum_builder b, struct rill_reader *over)
{
	struct type_enum r = {rill_struct_built(b.s, over)};

	return r;
}

static inline uint64_t type_enum_get_type_id(struct type_enum v)
{
	return rill_struct_u64(v.s, 8, UINT64_C(0));
}

static inline void type_enum_set_type_id(struct type_enum_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 8, value, UINT64_C(0));
}

static inline struct rill_slot type_enum_slot_brand(struct type_enum_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool type_enum_has_brand(struct type_enum v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct brand type_enum_get_brand(struct type_enum v)
{
	struct brand r = {rill_pointer_struct(rill_struct_pointer(v.s, 0))};

	return r;
}

static inline int type_enum_read_brand(struct brand *ret, struct type_enum v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 0));
}

static inline struct brand_builder type_enum_init_brand(struct type_enum_builder b)
{
	struct brand_builder r = {rill_slot_init_struct(type_enum_slot_brand(b), 0, 1)};

	return r;
}

static inline struct brand_builder type_enum_edit_brand(struct type_enum_builder b)
{
	struct brand_builder r = {rill_slot_edit_struct(type_enum_slot_brand(b), 0, 1)};

	return r;
}

static inline int type_enum_set_brand(struct type_enum_builder b, struct brand from)
{
	return rill_slot_set_struct(type_enum_slot_brand(b), from.s);
}

/* ---- Type.struct */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void type_struct_clear(struct type_struct_builder b)
{
	(void)b;
	rill_struct_set_u64(b.s, 8, 0, 0);
	rill_slot_clear(rill_struct_slot(b.s, 0));
}

static inline struct type_struct type_struct_built(struct type_struct_builder b, struct rill_reader *over)
{
	struct type_struct r = {rill_struct_built(b.s, over)};

	return r;
}

static inline uint64_t type_struct_get_type_id(struct type_struct v)
{
	return rill_struct_u64(v.s, 8, UINT64_C(0));
}

static inline void type_struct_set_type_id(struct type_struct_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 8, value, UINT64_C(0));
}

static inline struct rill_slot type_struct_slot_brand(struct type_struct_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool type_struct_has_brand(struct type_struct v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct brand type_struct_get_brand(struct type_struct v)
{
	struct brand r = {rill_pointer_struct(rill_struct_pointer(v.s, 0))};

	return r;
}

static inline int type_struct_read_brand(struct brand *ret, struct type_struct v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 0));
}

static inline struct brand_builder type_struct_init_brand(struct type_struct_builder b)
{
	struct brand_builder r = {rill_slot_init_struct(type_struct_slot_brand(b), 0, 1)};

	return r;
}

static inline struct brand_builder type_struct_edit_brand(struct type_struct_builder b)
{
	struct brand_builder r = {rill_slot_edit_struct(type_struct_slot_brand(b), 0, 1)};

	return r;
}

static inline int type_struct_set_brand(struct type_struct_builder b, struct brand from)
{
	return rill_slot_set_struct(type_struct_slot_brand(b), from.s);
}

/* ---- Type.interface */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void type_interface_clear(struct type_interface_builder b)
{
	(void)b;
	rill_struct_set_u64(b.s, 8, 0, 0);
	rill_slot_clear(rill_struct_slot(b.s, 0));
}

static inline struct type_interface type_interface_built(struct type_interface_builder b, struct rill_reader *over)
{
	struct type_interface r = {rill_struct_built(b.s, over)};

	return r;
}

static inline uint64_t type_interface_get_type_id(struct type_interface v)
{
	return rill_struct_u64(v.s, 8, UINT64_C(0));
}

static inline void type_interface_set_type_id(struct type_interface_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 8, value, UINT64_C(0));
}

static inline struct rill_slot type_interface_slot_brand(struct type_interface_builder b)
{
	return rill_struct_slot(b.s, 0);
}

static inline bool type_interface_has_brand(struct type_interface v)
{
	return rill_struct_has(v.s, 0);
}

static inline struct brand type_interface_get_brand(struct type_interface v)
{
	struct brand r = {rill_pointer_struct(rill_struct_pointer(v.s, 0))};

	return r;
}

static inline int type_interface_read_brand(struct brand *ret, struct type_interface v)
{
	return rill_pointer_read_struct(ret ? &ret->s : NULL, rill_struct_pointer(v.s, 0));
}

static inline struct brand_builder type_interface_init_brand(struct type_interface_builder b)
{
	struct brand_builder r = {rill_slot_init_struct(type_interface_slot_brand(b), 0, 1)};

	return r;
}

static inline struct brand_builder type_interface_edit_brand(struct type_interface_builder b)
{
	struct brand_builder r = {rill_slot_edit_struct(type_interface_slot_brand(b), 0, 1)};

	return r;
}

static inline int type_interface_set_brand(struct type_interface_builder b, struct brand from)
{
	return rill_slot_set_struct(type_interface_slot_brand(b), from.s);
}

/* ---- Type.anyPointer */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void type_any_pointer_clear(struct type_any_pointer_builder b)
{
	(void)b;
	rill_struct_set_u16(b.s, 8, 0, 0);
	{
		struct type_any_pointer_unconstrained_builder inner = {b.s};

		type_any_pointer_unconstrained_clear(inner);
	}
	{
		struct type_any_pointer_parameter_builder inner = {b.s};

		type_any_pointer_parameter_clear(inner);
	}
	{
		struct type_any_pointer_implicit_method_parameter_builder inner = {b.s};

		type_any_pointer_implicit_method_parameter_clear(inner);
	}
}

static inline struct type_any_pointer type_any_pointer_built(struct type_any_pointer_builder b, struct rill_reader *over)
{
	struct type_any_pointer r = {rill_struct_built(b.s, over)};

	return r;
}

static inline enum type_any_pointer_which type_any_pointer_which(struct type_any_pointer v)
{
	return (enum type_any_pointer_which)rill_struct_u16(v.s, 8, 0);
}

/* A regular AnyPointer.
 *
 * The name "unconstrained" means as opposed to constraining it to match a type parameter.
 * In retrospect this name is probably a poor choice given that it may still be constrained
 * to be a struct, list, or capability. */
static inline struct type_any_pointer_unconstrained type_any_pointer_get_unconstrained(struct type_any_pointer v)
{
	struct type_any_pointer_unconstrained r = {v.s};

	return r;
}

static inline struct type_any_pointer_unconstrained_builder type_any_pointer_init_unconstrained(struct type_any_pointer_builder b)
{
	struct type_any_pointer_unconstrained_builder r = {b.s};

	rill_struct_set_u16(b.s, 8, 0, 0);
	type_any_pointer_unconstrained_clear(r);
	return r;
}

static inline struct type_any_pointer_unconstrained_builder type_any_pointer_edit_unconstrained(struct type_any_pointer_builder b)
{
	struct type_any_pointer_unconstrained_builder r = {b.s};

	if (rill_struct_switch(b.s, 8, 0))
		type_any_pointer_unconstrained_clear(r);
	return r;
}

/* This is actually a reference to a type parameter defined within this scope. */
static inline struct type_any_pointer_parameter type_any_pointer_get_parameter(struct type_any_pointer v)
{
	struct type_any_pointer_parameter r = {v.s};

	return r;
}

static inline struct type_any_pointer_parameter_builder type_any_pointer_init_parameter(struct type_any_pointer_builder b)
{
	struct type_any_pointer_parameter_builder r = {b.s};

	rill_struct_set_u16(b.s, 8, 1, 0);
	type_any_pointer_parameter_clear(r);
	return r;
}

static inline struct type_any_pointer_parameter_builder type_any_pointer_edit_parameter(struct type_any_pointer_builder b)
{
	struct type_any_pointer_parameter_builder r = {b.s};

	if (rill_struct_switch(b.s, 8, 1))
		type_any_pointer_parameter_clear(r);
	return r;
}

/* This is actually a reference to an implicit (generic) parameter of a method. The only
 * legal context for this type to appear is inside Method.paramBrand or Method.resultBrand. */
static inline struct type_any_pointer_implicit_method_parameter type_any_pointer_get_implicit_method_parameter(struct type_any_pointer v)
{
	struct type_any_pointer_implicit_method_parameter r = {v.s};

	return r;
}

static inline struct type_any_pointer_implicit_method_parameter_builder type_any_pointer_init_implicit_method_parameter(struct type_any_pointer_builder b)
{
	struct type_any_pointer_implicit_method_parameter_builder r = {b.s};

	rill_struct_set_u16(b.s, 8, 2, 0);
	type_any_pointer_implicit_method_parameter_clear(r);
	return r;
}

static inline struct type_any_pointer_implicit_method_parameter_builder type_any_pointer_edit_implicit_method_parameter(struct type_any_pointer_builder b)
{
	struct type_any_pointer_implicit_method_parameter_builder r = {b.s};

	if (rill_struct_switch(b.s, 8, 2))
		type_any_pointer_implicit_method_parameter_clear(r);
	return r;
}

/* ---- Type.anyPointer.unconstrained */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void type_any_pointer_unconstrained_clear(struct type_any_pointer_unconstrained_builder b)
{
	(void)b;
	rill_struct_set_u16(b.s, 10, 0, 0);
}

static inline struct type_any_pointer_unconstrained type_any_pointer_unconstrained_built(struct type_any_pointer_unconstrained_builder b, struct rill_reader *over)
{
	struct type_any_pointer_unconstrained r = {rill_struct_built(b.s, over)};

	return r;
}

static inline enum type_any_pointer_unconstrained_which type_any_pointer_unconstrained_which(struct type_any_pointer_unconstrained v)
{
	return (enum type_any_pointer_unconstrained_which)rill_struct_u16(v.s, 10, 0);
}

/* truly AnyPointer */
static inline void type_any_pointer_unconstrained_set_any_kind(struct type_any_pointer_unconstrained_builder b)
{
	rill_struct_set_u16(b.s, 10, 0, 0);
}

/* AnyStruct */
static inline void type_any_pointer_unconstrained_set_struct(struct type_any_pointer_unconstrained_builder b)
{
	rill_struct_set_u16(b.s, 10, 1, 0);
}

/* AnyList */
static inline void type_any_pointer_unconstrained_set_list(struct type_any_pointer_unconstrained_builder b)
{
	rill_struct_set_u16(b.s, 10, 2, 0);
}

/* Capability */
static inline void type_any_pointer_unconstrained_set_capability(struct type_any_pointer_unconstrained_builder b)
{
	rill_struct_set_u16(b.s, 10, 3, 0);
}

/* ---- Type.anyPointer.parameter */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void type_any_pointer_parameter_clear(struct type_any_pointer_parameter_builder b)
{
	(void)b;
	rill_struct_set_u64(b.s, 16, 0, 0);
	rill_struct_set_u16(b.s, 10, 0, 0);
}

static inline struct type_any_pointer_parameter type_any_pointer_parameter_built(struct type_any_pointer_parameter_builder b, struct rill_reader *over)
{
	struct type_any_pointer_parameter r = {rill_struct_built(b.s, over)};

	return r;
}

/* ID of the generic type whose parameter we're referencing. This should be a parent of the
 * current scope. */
static inline uint64_t type_any_pointer_parameter_get_scope_id(struct type_any_pointer_parameter v)
{
	return rill_struct_u64(v.s, 16, UINT64_C(0));
}

static inline void type_any_pointer_parameter_set_scope_id(struct type_any_pointer_parameter_builder b, uint64_t value)
{
	rill_struct_set_u64(b.s, 16, value, UINT64_C(0));
}

/* Index of the parameter within the generic type's parameter list. */
static inline uint16_t type_any_pointer_parameter_get_parameter_index(struct type_any_pointer_parameter v)
{
	return rill_struct_u16(v.s, 10, 0);
}

static inline void type_any_pointer_parameter_set_parameter_index(struct type_any_pointer_parameter_builder b, uint16_t value)
{
	rill_struct_set_u16(b.s, 10, value, 0);
}

/* ---- Type.anyPointer.implicitMethodParameter */

/* All of the group as if it were never set; the rest of the struct stays. */
static inline void type_any_pointer_implicit_method_parameter_clear(struct type_any_pointer_implicit_method_parameter_builder b)
{
	(void)b;
	rill_struct_set_u16(b.s, 10, 0, 0);
}

static inline struct type_any_pointer_implicit_method_parameter type_any_pointer_implicit_method_parameter_built(struct type_any_pointer_implicit_method_parameter_builder b, struct rill_reader *over)
{
	struct type_any_pointer_implicit_method_parameter r = {rill_struct_built(b.s, over)};

	return r;
}

static inline uint16_t type_any_pointer_implicit_method_parameter_get_parameter_index(struct type_any_pointer_implicit_method_parameter v)
{
	return rill_struct_u16(v.s, 10, 0);
}

static inline void type_any_pointer_implicit_method_parameter_set_parameter_index(struct type_any_pointer_implicit_method_parameter_builder b, uint16_t value)
{
	rill_struct_set_u16(b.s, 10, value, 0);
}

#ifdef __cplusplus
}
#endif
#endif
