/* core/schema/compiler/request.c - loading a request: an index of its nodes by id. */
#include "schema/compiler/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int request_fail(struct request *r, const char *format, ...)
{
	va_list args;

	if (r->error[0])
		return -1;
	va_start(args, format);
	vsnprintf(r->error, sizeof(r->error), format, args);
	va_end(args);
	return -1;
}

static int by_id(const void *a, const void *b)
{
	const struct decl *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

struct decl *request_find(const struct request *r, uint64_t id)
{
	struct decl key = {.id = id};

	return r->count ? bsearch(&key, r->decls, r->count, sizeof(key), by_id) : NULL;
}

static void add_comments(struct request *r)
{
	struct node_source_info_list list = code_generator_request_get_source_info(r->root);
	size_t i;

	for (i = 0; i < node_source_info_list_count(list); i++) {
		struct node_source_info source = node_source_info_list_at(list, i);
		struct decl *d = request_find(r, node_source_info_get_id(source));

		if (d)
			d->source = source;
	}
}

static void mark_asked(struct request *r)
{
	struct code_generator_request_requested_file_list list = code_generator_request_get_requested_files(r->root);
	size_t i;

	for (i = 0; i < code_generator_request_requested_file_list_count(list); i++) {
		struct decl *d = request_find(r, code_generator_request_requested_file_get_id(
							 code_generator_request_requested_file_list_at(list, i)));

		if (d)
			d->is_asked = true;
	}
}

int request_load(struct request *r, struct code_generator_request root)
{
	struct node_list nodes = code_generator_request_get_nodes(root);
	size_t i, count = node_list_count(nodes);

	memset(r, 0, sizeof(*r));
	r->root = root;
	if (count > NODES_MAX)
		return request_fail(r, "more than %llu nodes", (unsigned long long)NODES_MAX);
	r->decls = calloc(count + 1, sizeof(*r->decls));
	r->order = calloc(count + 1, sizeof(struct decl *));
	if (!r->decls || !r->order)
		return request_fail(r, "no memory");
	for (i = 0; i < count; i++) {
		r->decls[i].node = node_list_at(nodes, i);
		r->decls[i].id = node_get_id(r->decls[i].node);
	}
	r->count = count;
	qsort(r->decls, count, sizeof(*r->decls), by_id);
	for (i = 1; i < count; i++) {
		if (r->decls[i].id == r->decls[i - 1].id)
			return request_fail(r, "two nodes have the id @0x%016llx", (unsigned long long)r->decls[i].id);
	}
	add_comments(r);
	mark_asked(r);
	return names_give(r);
}

void request_finish(struct request *r)
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		free(r->decls[i].claims.at);
		free(r->decls[i].parts);
	}
	free(r->decls);
	free(r->order);
	pool_finish(&r->pool);
}
