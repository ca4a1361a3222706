/* core/schema/compiler/names.c - what the things of a request are called in C.
 *
 * A name is made of the names of what it is in and its own, in C's manner: Outer.innerThing is outer_inner_thing. What C, C++
 * or the library have taken gets an ending (taken.c). Of a file that is only imported the request holds what is used, with all
 * that this is in, and no more. So the name of a declaration hangs on these alone: two that would be called the same are an
 * error of their file, when that is compiled. Groups, fields and the like are named in code for their own file only, which is
 * all there then: they get numbers (identifiers.c).
 */
#include "schema/compiler/request.h"

#include <stdlib.h>

#define PREFIX_ID UINT64_C(0x8f9239f6bb2fb86a) /* an annotation of rill/rill.capnp */

/* ---- giving names --------------------------------------------------------------------------------------------------- */

/* Tags and functions may share a name in C; g++ warns of a function that hides a struct. */
static const char *const of_struct[] = {"*",
                                        "*_builder",
                                        "*_list",
                                        "*_list_builder",
                                        "*_which",
                                        "*_of",
                                        "*_read",
                                        "*_root",
                                        "*_new",
                                        "*_edit",
                                        "*_new_root",
                                        "*_edit_root",
                                        "*_built",
                                        "*_copy",
                                        "*_list_of",
                                        "*_list_read",
                                        "*_list_count",
                                        "*_list_at",
                                        "*_list_new",
                                        "*_list_edit",
                                        "*_list_edit_count",
                                        "*_list_edit_at",
                                        "^_TYPE_ID",
                                        "^_DATA_WORDS",
                                        "^_POINTERS",
                                        NULL};
static const char *const of_group[] = {"*", "*_builder", "*_which", "*_clear", "*_built", NULL};
static const char *const of_enum[] = {"*", "*_at", "*_set_at", "*_name", "^_TYPE_ID", NULL};
static const char *const of_empty_enum[] = {"*", "*_at", "*_set_at", "*_name", "^_TYPE_ID", "^_RESERVED", NULL};
static const char *const of_id[] = {"^_TYPE_ID", NULL};
static const char *const of_macro[] = {"^", NULL};
static const char *const of_view[] = {"*", "*_segment", "*_segment_words", NULL};

/* Is a constant a number, an enumerant or nothing? */
static bool is_macro(struct type type)
{
	return type_which(type) <= TYPE_WHICH_FLOAT64 || type_which(type) == TYPE_WHICH_ENUM;
}

static const char *const *patterns_of(struct node node)
{
	switch (node_which(node)) {
	case NODE_WHICH_STRUCT:
		return node_struct_get_is_group(node_get_struct(node)) ? of_group : of_struct;
	case NODE_WHICH_ENUM:
		return enumerant_list_count(node_enum_get_enumerants(node_get_enum(node))) ? of_enum : of_empty_enum;
	case NODE_WHICH_CONST:
		return is_macro(node_const_get_type(node_get_const(node))) ? of_macro : of_view;
	default:
		return of_id;
	}
}

/* Something that is not of the schema is called so. */
static bool is_taken(struct request *r, const char *name, const char *upper, const char *const *patterns)
{
	if (taken_is_name(name) || taken_is_name(upper) || names_make_word(r, name, upper, patterns))
		return true;
	if (patterns != of_macro && patterns != of_id && taken_is_type(name))
		return true;
	return patterns == of_view && taken_is_function(name);
}

/* What a decl is called as far as it is alone; NULL: no memory. */
static const char *alone(struct request *r, const struct decl *d, const char *name)
{
	const char *upper = name ? names_upper(r, name) : NULL;

	if (!upper || !is_taken(r, name, upper, patterns_of(d->node)))
		return upper ? name : NULL;
	return pool_print(&r->pool, "%s_%s", name, node_which(d->node) == NODE_WHICH_CONST ? "value" : "type");
}

/* `own` is how the schema calls it. */
static int set_name(struct request *r, struct decl *d, const struct decl *in, const char *name, struct rill_text own)
{
	d->file = in->file;
	d->name = name;
	d->upper = name ? names_upper(r, name) : NULL;
	d->outer = pool_print(&r->pool, "%s%s%.*s", in->outer, *in->outer ? "." : "", (int)own.len, own.at);
	if (!d->upper || !d->outer)
		return request_fail(r, "no memory");
	r->order[r->ordered++] = d;
	return 0;
}

/* What no other file knows. */
static int name_numbered(struct request *r, struct decl *d, const struct decl *in, const char *name, struct rill_text own)
{
	d->file = in->file;
	name = alone(r, d, name);
	if (!name)
		return request_fail(r, "no memory");
	name = names_claim(r, d, name, patterns_of(d->node));
	return name ? set_name(r, d, in, name, own) : -1;
}

static int name_declared(struct request *r, struct decl *d, const struct decl *in, const char *name, struct rill_text own)
{
	if (set_name(r, d, in, alone(r, d, name), own) < 0)
		return -1;
	return d->file->is_asked ? names_declare(r, d, patterns_of(d->node)) : 0;
}

static const char *joined(struct request *r, const char *prefix, const char *name)
{
	return name ? pool_print(&r->pool, "%s%s", prefix, name) : NULL;
}

/* All that is declared in a node, and in that. `prefix` goes before each name. */
static int name_nested(struct request *r, struct decl *in, const char *prefix, unsigned depth)
{
	struct node_nested_node_list list = node_get_nested_nodes(in->node);
	size_t i;

	if (depth > NEST_MAX)
		return request_fail(r, "types nest deeper than %u", NEST_MAX);
	for (i = 0; i < node_nested_node_list_count(list); i++) {
		struct node_nested_node nested = node_nested_node_list_at(list, i);
		struct decl *d = request_find(r, node_nested_node_get_id(nested));
		struct rill_text own = node_nested_node_get_name(nested);
		const char *name, *inner;

		if (!d) /* used by nobody who is here */
			continue;
		if (d->name || node_which(d->node) == NODE_WHICH_FILE)
			return request_fail(r, "@0x%016llx is declared twice", (unsigned long long)d->id);
		name = joined(r, prefix, names_of(r, own, node_get_annotations(d->node)));
		if (!name || name_declared(r, d, in, name, own) < 0)
			return request_fail(r, "no memory");
		inner = joined(r, d->name, "_");
		if (!inner || name_nested(r, d, inner, depth + 1) < 0)
			return request_fail(r, "no memory");
	}
	return 0;
}

/* The groups of a struct, and of its groups. */
static int name_groups(struct request *r, struct decl *d, unsigned depth)
{
	struct field_list fields = node_struct_get_fields(node_get_struct(d->node));
	size_t i;

	if (depth > NEST_MAX)
		return request_fail(r, "groups nest deeper than %u", NEST_MAX);
	for (i = 0; i < field_list_count(fields); i++) {
		struct field f = field_list_at(fields, i);
		struct decl *group;
		const char *name;

		if (field_which(f) != FIELD_WHICH_GROUP)
			continue;
		group = request_find(r, field_group_get_type_id(field_get_group(f)));
		if (!group || group->name || node_which(group->node) != NODE_WHICH_STRUCT ||
		    !node_struct_get_is_group(node_get_struct(group->node)))
			return request_fail(r, "a group of %s is none", d->outer);
		name = names_of(r, field_get_name(f), field_get_annotations(f));
		name = name ? pool_print(&r->pool, "%s_%s", d->name, name) : NULL;
		if (!name || name_numbered(r, group, d, name, field_get_name(f)) < 0 || name_groups(r, group, depth + 1) < 0)
			return request_fail(r, "no memory");
	}
	return 0;
}

/* What a method takes or gives, where it was declared with the method. */
static int name_content(struct request *r, struct decl *in, struct method m, uint64_t id, const char *ending)
{
	struct decl *d = request_find(r, id);
	struct rill_text own = method_get_name(m);
	const char *name;

	if (!d || d->name || node_which(d->node) != NODE_WHICH_STRUCT || node_get_scope_id(d->node) != 0)
		return 0;
	name = names_of(r, own, method_get_annotations(m));
	name = name ? pool_print(&r->pool, "%s_%s_%s", in->name, name, ending) : NULL;
	if (!name || name_numbered(r, d, in, name, own) < 0)
		return request_fail(r, "no memory");
	return name_groups(r, d, 0);
}

static int name_methods(struct request *r, struct decl *d)
{
	struct method_list methods = node_interface_get_methods(node_get_interface(d->node));
	size_t i;

	for (i = 0; i < method_list_count(methods); i++) {
		struct method m = method_list_at(methods, i);

		if (name_content(r, d, m, method_get_param_struct_type(m), "params") < 0 ||
		    name_content(r, d, m, method_get_result_struct_type(m), "results") < 0)
			return -1;
	}
	return 0;
}

static int name_file(struct request *r, struct decl *file)
{
	struct rill_text prefix = names_said_by(node_get_annotations(file->node), PREFIX_ID);
	const char *before = pool_bytes(&r->pool, prefix.at, prefix.len);
	size_t i, first = r->ordered, nested;

	if (prefix.len && !names_is_plain(prefix))
		return request_fail(r, "$Rill.prefix is not a name: \"%.*s\"", prefix.len > 80 ? 80 : (int)prefix.len,
		                    prefix.at);
	file->file = file;
	file->outer = "";
	if (!before || name_nested(r, file, before, 0) < 0)
		return request_fail(r, "no memory");
	if (!file->is_asked)
		return 0;
	for (i = first, nested = r->ordered; i < nested; i++) {
		struct decl *d = r->order[i];

		if (node_which(d->node) == NODE_WHICH_STRUCT && name_groups(r, d, 0) < 0)
			return -1;
	}
	for (i = first; i < nested; i++) {
		if (node_which(r->order[i]->node) == NODE_WHICH_INTERFACE && name_methods(r, r->order[i]) < 0)
			return -1;
	}
	return 0;
}

int names_give(struct request *r)
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		if (node_which(r->decls[i].node) == NODE_WHICH_FILE && name_file(r, &r->decls[i]) < 0)
			return -1;
	}
	return 0;
}

/* ---- parts ---------------------------------------------------------------------------------------------------------- */

#define PATTERNS 12

/* Patterns that begin with the name of the decl, by capitals if so. */
static int about(struct request *r, const struct decl *d, const char *const *endings, const char **ret)
{
	for (; *endings; endings++) {
		*ret = pool_print(&r->pool, "%s%s", strchr(*endings, '^') ? d->upper : d->name, *endings);
		if (!*ret++)
			return request_fail(r, "no memory");
	}
	*ret = NULL;
	return 0;
}

static int start_parts(struct request *r, struct decl *d, size_t count)
{
	d->parts = calloc(count + 1, sizeof(char *));
	return d->parts ? 0 : request_fail(r, "no memory");
}

static int name_part(struct request *r, struct decl *d, size_t i, const char *name, const char *const *endings)
{
	const char *patterns[PATTERNS];

	if (!name || about(r, d, endings, patterns) < 0)
		return request_fail(r, "no memory");
	d->parts[i] = names_claim(r, d, name, patterns);
	return d->parts[i] ? 0 : -1;
}

static int name_fields(struct request *r, struct decl *d)
{
	static const char *const endings[] = {"_get_*",  "_set_*",  "_set_*_len", "_has_*",           "_read_*",  "_init_*",
	                                      "_edit_*", "_slot_*", "_*_default", "_*_default_words", "_WHICH_^", NULL};
	struct field_list list = node_struct_get_fields(node_get_struct(d->node));
	size_t i, count = field_list_count(list);

	if (start_parts(r, d, count) < 0)
		return -1;
	for (i = 0; i < count; i++) {
		struct field f = field_list_at(list, i);

		if (name_part(r, d, i, names_of(r, field_get_name(f), field_get_annotations(f)), endings) < 0)
			return -1;
	}
	return 0;
}

static int name_enumerants(struct request *r, struct decl *d)
{
	static const char *const endings[] = {"_^", NULL};
	struct enumerant_list list = node_enum_get_enumerants(node_get_enum(d->node));
	size_t i, count = enumerant_list_count(list);

	if (start_parts(r, d, count) < 0)
		return -1;
	for (i = 0; i < count; i++) {
		struct enumerant e = enumerant_list_at(list, i);

		if (name_part(r, d, i, names_of(r, enumerant_get_name(e), enumerant_get_annotations(e)), endings) < 0)
			return -1;
	}
	return 0;
}

static int name_method_ids(struct request *r, struct decl *d)
{
	static const char *const endings[] = {"_^_METHOD", NULL};
	struct method_list list = node_interface_get_methods(node_get_interface(d->node));
	size_t i, count = method_list_count(list);

	if (start_parts(r, d, count) < 0)
		return -1;
	for (i = 0; i < count; i++) {
		struct method m = method_list_at(list, i);

		if (name_part(r, d, i, names_of(r, method_get_name(m), method_get_annotations(m)), endings) < 0)
			return -1;
	}
	return 0;
}

int names_give_parts(struct request *r, struct decl *d)
{
	switch (node_which(d->node)) {
	case NODE_WHICH_STRUCT:
		return name_fields(r, d);
	case NODE_WHICH_ENUM:
		return name_enumerants(r, d);
	case NODE_WHICH_INTERFACE:
		return name_method_ids(r, d);
	default:
		return 0;
	}
}
