/* core/schema/compiler/generate.c - a header and a source file per schema file. */
#include "schema/compiler/generate.h"

#include <stdio.h>
#include <stdlib.h>

void generate_uses(struct output *o, const struct decl *d)
{
	if (d->file != o->file)
		o->uses[d->file - o->r->decls] = true;
}

/* ---- paths ---------------------------------------------------------------------------------------------------------- */

static bool has_ending(struct rill_text path)
{
	return path.len > 6 && memcmp(path.at + path.len - 6, ".capnp", 6) == 0;
}

/* It gets into comments and #include: nothing may end them, or be a trigraph. */
static bool is_path(struct rill_text path)
{
	size_t i;

	for (i = 0; i < path.len; i++) {
		if ((unsigned char)path.at[i] < ' ' || strchr("\"\\>*", path.at[i]) ||
		    (i && path.at[i] == '?' && path.at[i - 1] == '?'))
			return false;
	}
	return true;
}

/* dir/name.capnp becomes dir/name.rill.h. */
static const char *path_of(struct request *r, struct rill_text path, const char *ending)
{
	size_t len = has_ending(path) ? path.len - 6 : path.len;

	if (!is_path(path)) {
		request_fail(r, "a path has \", \\, >, *, ?? or a control character in it");
		return NULL;
	}
	return pool_print(&r->pool, "%.*s%s", (int)len, path.at, ending);
}

static bool leads_out(const char *path)
{
	const char *at = path;

	if (!*path || *path == '/')
		return true;
	while (at) {
		if (strncmp(at, "../", 3) == 0 || strcmp(at, "..") == 0)
			return true;
		at = strchr(at, '/');
		at = at ? at + 1 : NULL;
	}
	return false;
}

/* Where `to` is, seen from the folder of `from`; both as the compiler was told. */
static const char *relative(struct request *r, struct rill_text from, struct rill_text to)
{
	struct text t = {0};
	struct rill_text rest;
	const char *path;
	size_t i, same = 0;

	for (i = 0; i < from.len && i < to.len && from.at[i] == to.at[i]; i++) {
		if (from.at[i] == '/')
			same = i + 1;
	}
	for (i = same; i < from.len; i++) {
		if (from.at[i] == '/')
			text_bytes(&t, "../", 3);
	}
	rest.at = to.at + same;
	rest.len = to.len - same;
	path = t.failed ? NULL : path_of(r, rest, ".rill.h");
	if (path)
		path = pool_print(&r->pool, "\"%s%s\"", t.at ? t.at : "", path);
	text_finish(&t);
	return path;
}

/* As the schema imports it; else (a name that came by another import) by where the files are. */
static const char *include_of(struct output *o, struct code_generator_request_requested_file file, const struct decl *used)
{
	struct code_generator_request_requested_file_import_list imports =
		code_generator_request_requested_file_get_imports(file);
	size_t i;

	for (i = 0; i < code_generator_request_requested_file_import_list_count(imports); i++) {
		struct code_generator_request_requested_file_import import =
			code_generator_request_requested_file_import_list_at(imports, i);
		struct rill_text name = code_generator_request_requested_file_import_get_name(import);
		const char *path;

		if (code_generator_request_requested_file_import_get_id(import) != used->id || !name.len)
			continue;
		path = path_of(o->r, name, ".rill.h");
		return path ? pool_print(&o->r->pool, *path == '/' ? "<%s>" : "\"%s\"", path + (*path == '/')) : NULL;
	}
	return relative(o->r, node_get_display_name(o->file->node), node_get_display_name(used->node));
}

/* ---- files ---------------------------------------------------------------------------------------------------------- */

static int put_includes(struct output *o, struct text *h, struct code_generator_request_requested_file file)
{
	size_t i;
	bool any = false;

	for (i = 0; i < o->r->count; i++) {
		const char *path;

		if (!o->uses[i])
			continue;
		path = include_of(o, file, &o->r->decls[i]);
		if (!path)
			return request_fail(o->r, "no memory");
		if (!any)
			text_add(h, "/* Behind the types: headers may include each other. */\n");
		any = true;
		text_add(h, "#include %s\n", path);
	}
	if (any)
		text_add(h, "\n");
	return 0;
}

static int put_header(struct output *o, struct text *h, struct code_generator_request_requested_file file, const char *from)
{
	unsigned long long id = o->file->id;

	text_add(h, "/* Made by capnpc-rill from %s: do not edit. */\n/* clang-format off */\n", from);
	text_add(h, "#ifndef RILL_GENERATED_%016llx\n#define RILL_GENERATED_%016llx\n\n#include <rill/schema.h>\n\n", id, id);
	text_add(h, "#if RILL_GENERATED != 1\n#error \"made by another version of capnpc-rill than <rill/schema.h> is "
	            "of\"\n#endif\n\n");
	generate_comment(h, "", node_source_info_get_doc_comment(o->file->source));
	text_bytes(h, o->types.at, o->types.len);
	if (put_includes(o, h, file) < 0)
		return -1;
	text_add(h, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
	text_bytes(h, o->externs.at, o->externs.len);
	text_add(h, "%s", o->externs.len ? "\n" : "");
	text_bytes(h, o->functions.at, o->functions.len);
	text_add(h, "#ifdef __cplusplus\n}\n#endif\n#endif\n");
	return h->failed || o->types.failed || o->externs.failed || o->functions.failed || o->r->pool.failed
	               ? request_fail(o->r, "no memory")
	               : 0;
}

static int put_source(struct output *o, struct text *c, const char *from, const char *header)
{
	const char *base = strrchr(header, '/');

	text_add(c, "/* Made by capnpc-rill from %s: do not edit. */\n/* clang-format off */\n", from);
	text_add(c, "#include \"%s\"\n\n", base ? base + 1 : header);
	text_bytes(c, o->source.at, o->source.len);
	return c->failed || o->source.failed ? request_fail(o->r, "no memory") : 0;
}

static int fill(struct output *o)
{
	size_t i;

	for (i = 0; i < o->r->ordered; i++) {
		if (o->r->order[i]->file == o->file &&
		    (names_give_parts(o->r, o->r->order[i]) < 0 || generate_types(o, o->r->order[i]) < 0))
			return -1;
	}
	for (i = 0; i < o->r->ordered; i++) {
		struct decl *d = o->r->order[i];

		if (d->file == o->file && node_which(d->node) == NODE_WHICH_STRUCT && generate_functions(o, d) < 0)
			return -1;
	}
	return 0;
}

static int write_both(struct output *o, struct code_generator_request_requested_file file, generate_file write, void *user)
{
	struct rill_text name = code_generator_request_requested_file_get_filename(file);
	const char *h_path = path_of(o->r, name, ".rill.h"), *c_path = path_of(o->r, name, ".rill.c");
	const char *from = path_of(o->r, name, has_ending(name) ? ".capnp" : "");
	const char *at = h_path;
	struct text h = {0}, c = {0};
	int r = -1;

	if (!h_path || !c_path || !from)
		return request_fail(o->r, "no memory");
	if (leads_out(h_path))
		return request_fail(o->r, "%.100s is not below where the output goes: give --src-prefix", from);
	if (put_header(o, &h, file, from) == 0 && put_source(o, &c, from, h_path) == 0) {
		r = write(user, h_path, h.at, h.len);
		if (r == 0) {
			at = c_path;
			r = write(user, at, c.at, c.len);
		}
		if (r < 0)
			request_fail(o->r, "%.100s cannot be written", at);
	}
	text_finish(&h);
	text_finish(&c);
	return r < 0 ? -1 : 0;
}

static int generate_one(struct request *r, struct code_generator_request_requested_file file, generate_file write, void *user)
{
	struct output o = {.r = r, .file = request_find(r, code_generator_request_requested_file_get_id(file))};
	int bad;

	if (!o.file || node_which(o.file->node) != NODE_WHICH_FILE)
		return request_fail(r, "a file that is asked for is not in the request");
	o.uses = calloc(r->count, sizeof(bool));
	if (!o.uses)
		return request_fail(r, "no memory");
	bad = fill(&o);
	if (bad == 0)
		bad = write_both(&o, file, write, user);
	text_finish(&o.types);
	text_finish(&o.externs);
	text_finish(&o.functions);
	text_finish(&o.source);
	free(o.uses);
	return bad;
}

int generate(struct code_generator_request root, generate_file file, void *user, char *error, size_t room)
{
	struct code_generator_request_requested_file_list files = code_generator_request_get_requested_files(root);
	struct request r;
	size_t i;
	int bad = request_load(&r, root);

	for (i = 0; bad == 0 && i < code_generator_request_requested_file_list_count(files); i++)
		bad = generate_one(&r, code_generator_request_requested_file_list_at(files, i), file, user);
	if (bad == 0 && rill_reader_error(root.s.reader) < 0)
		bad = request_fail(&r, "the request is broken, or too large");
	if (bad < 0)
		snprintf(error, room, "%s", r.error);
	request_finish(&r);
	return bad;
}
