/* demos/json_value.h - a value as JSON has them, in shared memory: what both programs of json_tree.c agree on. */
#ifndef DEMOS_JSON_VALUE_H
#define DEMOS_JSON_VALUE_H

#include <rill/data.h>
#include <stdio.h>

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

/* Zeroed memory is null. */
struct json {
	uint32_t kind; /* enum json_kind: which of these it is */
	union {
		uint32_t truth;
		double number;
		struct rill_string text;
		struct rill_dlist items;  /* of struct json_item: they never move */
		struct rill_tree members; /* by name: struct json */
	};
};

struct json_item {
	struct rill_link link;
	struct json value;
};

/* ---- the owner: `to` is null when it is set; what is below is freed by json_clear() ------------------------------------ */

void json_set_bool(struct json *to, int truth);
void json_set_number(struct json *to, double number);
int json_set_text(struct json *to, const struct rill_heap *heap, const char *text);

struct json *json_append(struct json *array, const struct rill_heap *heap); /* a further item; NULL: no memory */
struct json *json_member(struct json *object, const struct rill_heap *heap, const char *name); /* made if it is not there */

void json_clear(struct json *value, const struct rill_heap *heap);

/* ---- a reader who does not trust the owner ------------------------------------------------------------------------------- */

/* Print the value, which lies in the view. 0, or the view's error. */
int json_print(struct rill_view *view, const struct json *value, FILE *to);

#endif
