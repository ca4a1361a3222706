/* demos/json_value.c - building, clearing and printing a tree of values; see json_value.h. */
#include "json_value.h"

#include <string.h>

#define DEPTH 32 /* what is printed, at most: printing recurses */

/* ---- the owner ----------------------------------------------------------------------------------------------------------- */

void json_set_bool(struct json *to, int truth)
{
	to->kind = JSON_BOOL;
	to->truth = truth != 0;
}

void json_set_number(struct json *to, double number)
{
	to->kind = JSON_NUMBER;
	to->number = number;
}

int json_set_text(struct json *to, const struct rill_heap *heap, const char *text)
{
	to->kind = JSON_TEXT;
	return rill_string_set(&to->text, heap, text, strlen(text));
}

struct json *json_append(struct json *array, const struct rill_heap *heap)
{
	struct json_item *item = heap->alloc(heap->from, sizeof(*item));

	if (!item)
		return NULL;
	memset(item, 0, sizeof(*item));
	array->kind = JSON_ARRAY;
	rill_dlist_append(&array->items, &item->link);
	return &item->value;
}

struct json *json_member(struct json *object, const struct rill_heap *heap, const char *name)
{
	if (object->kind != JSON_OBJECT)
		rill_tree_init(&object->members, sizeof(struct json));
	object->kind = JSON_OBJECT;
	return rill_tree_put(&object->members, heap, name, strlen(name), NULL);
}

static void clear_items(struct json *array, const struct rill_heap *heap)
{
	struct json_item *item;

	while ((item = rill_dlist_first(&array->items, struct json_item, link))) {
		rill_dlist_remove(&array->items, &item->link);
		json_clear(&item->value, heap);
		heap->free(heap->from, item);
	}
}

static void clear_members(struct json *object, const struct rill_heap *heap)
{
	struct rill_tree_cursor c;

	for (rill_tree_seek(&c, &object->members, NULL, 0); rill_tree_next(&c);)
		json_clear(c.value, heap);
	rill_tree_clear(&object->members, heap);
}

void json_clear(struct json *value, const struct rill_heap *heap)
{
	if (value->kind == JSON_TEXT)
		rill_string_clear(&value->text, heap);
	else if (value->kind == JSON_ARRAY)
		clear_items(value, heap);
	else if (value->kind == JSON_OBJECT)
		clear_members(value, heap);
	memset(value, 0, sizeof(*value));
}

/* ---- the reader ---------------------------------------------------------------------------------------------------------- */

static void print_value(struct rill_view *view, const struct json *value, FILE *to, int depth);

/* Whatever the bytes are, what comes out is text. Each is loaded once. */
static void print_text(const char *text, size_t len, FILE *to)
{
	fputc('"', to);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = __atomic_load_n((const unsigned char *)text + i, __ATOMIC_RELAXED);

		if (c == '"' || c == '\\' || c < ' ' || c == 127)
			fprintf(to, "\\u%04x", c);
		else
			fputc(c, to);
	}
	fputc('"', to);
}

static void print_string(struct rill_view *view, const struct rill_string *s, FILE *to)
{
	const char *text;
	size_t len;

	text = rill_string_text_in(view, s, &len);
	if (text)
		print_text(text, len, to);
}

static void print_items(struct rill_view *view, const struct json *array, FILE *to, int depth)
{
	const struct json_item *item = rill_dlist_first_in(view, &array->items, struct json_item, link);

	fputc('[', to);
	while (item) {
		print_value(view, &item->value, to, depth);
		item = rill_dlist_next_in(view, item, link);
		fputs(item ? ", " : "", to);
	}
	fputc(']', to);
}

static void print_members(struct rill_view *view, const struct json *object, FILE *to, int depth)
{
	struct rill_tree_cursor c;
	const char *comma = "";

	rill_tree_seek_in(view, &c, &object->members, NULL, 0, sizeof(struct json));
	for (fputc('{', to); rill_tree_next(&c); comma = ", ") {
		fputs(comma, to);
		print_text(c.key, c.key_len, to);
		fputs(": ", to);
		print_value(view, c.value, to, depth);
	}
	fputc('}', to);
}

static void print_value(struct rill_view *view, const struct json *value, FILE *to, int depth)
{
	if (depth == DEPTH) {
		rill_view_fail(view, -ELOOP);
		return;
	}
	switch (__atomic_load_n(&value->kind, __ATOMIC_RELAXED)) { /* once: it may be another one by now */
	case JSON_BOOL:
		fputs(value->truth ? "true" : "false", to);
		break;
	case JSON_NUMBER:
		fprintf(to, "%g", value->number);
		break;
	case JSON_TEXT:
		print_string(view, &value->text, to);
		break;
	case JSON_ARRAY:
		print_items(view, value, to, depth + 1);
		break;
	case JSON_OBJECT:
		print_members(view, value, to, depth + 1);
		break;
	default:
		fputs("null", to);
	}
}

int json_print(struct rill_view *view, const struct json *value, FILE *to)
{
	print_value(view, value, to, 0);
	return view->error;
}
