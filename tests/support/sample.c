/* tests/support/sample.c - one structure of every container; see sample.h. */
#include "tests/support/sample.h"

#include <stdio.h>

static volatile unsigned sink; /* so that bytes which are only looked at are looked at */

static void move_string(void *to, void *from)
{
	memset(to, 0, sizeof(struct rill_string));
	rill_string_move(to, from);
}

/* ---- building ---------------------------------------------------------------------------------------------------- */

static int put_strings(struct sample *s, const struct rill_heap *heap, size_t i)
{
	uint16_t *port = rill_vector_push(&s->ports, heap);
	struct rill_string *alias = rill_vector_push_moving(&s->aliases, heap, move_string);
	char text[32];

	if (!port || !alias)
		return -ENOMEM;
	*port = (uint16_t)(80 + i);
	return rill_string_set(alias, heap, text, (size_t)snprintf(text, sizeof(text), "alias %zu", i));
}

static int put_numbers(struct sample *s, const struct rill_heap *heap, size_t i)
{
	uint64_t key = i, ordered = rill_key_u64((i * 7) % 64), *a, *b, *price;
	uint32_t id = (uint32_t)i;

	a = rill_map_put(&s->numbers, heap, &key, sizeof(key), NULL);
	b = rill_tree_put(&s->ordered, heap, &ordered, sizeof(ordered), NULL);
	price = rill_table_put(&s->prices, heap, &id, sizeof(id), NULL);
	if (!a || !b || !price)
		return -ENOMEM;
	*a = *b = *price = i * i;
	return 0;
}

static int put_node(struct sample *s, const struct rill_heap *heap, size_t i)
{
	struct sample_node *node = heap->alloc(heap->from, sizeof(*node));
	struct sample_ref *ref;
	char text[32];

	if (!node)
		return -ENOMEM;
	memset(node, 0, sizeof(*node));
	node->value = i;
	rill_rel_set(&node->other, i ? rill_rel_get(&s->chain) : node);
	rill_rel_set(&s->chain, node);
	rill_dlist_append(&s->nodes, &node->link);
	ref = rill_map_put(&s->by_name, heap, text, (size_t)snprintf(text, sizeof(text), "node %zu", i), NULL);
	if (!ref)
		return -ENOMEM;
	rill_rel_set(&ref->node, node);
	return 0;
}

struct sample *sample_build(const struct rill_heap *heap, size_t entries)
{
	struct sample *s = heap->alloc(heap->from, sizeof(*s));
	int r;

	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	rill_vector_init(&s->ports, sizeof(uint16_t));
	rill_vector_init(&s->aliases, sizeof(struct rill_string));
	rill_map_init(&s->numbers, sizeof(uint64_t), 1);
	rill_table_init(&s->prices, sizeof(uint32_t), sizeof(uint64_t), 3);
	rill_map_init(&s->by_name, sizeof(struct sample_ref), 2);
	rill_tree_init(&s->ordered, sizeof(uint64_t));
	r = rill_string_set(&s->name, heap, "a sample", 8);
	for (size_t i = 0; r == 0 && i < entries; i++) {
		r = put_strings(s, heap, i);
		r = r ? r : put_numbers(s, heap, i);
		r = r ? r : put_node(s, heap, i);
	}
	if (r == 0)
		return s;
	sample_clear(s, heap);
	heap->free(heap->from, s);
	return NULL;
}

void sample_clear(struct sample *s, const struct rill_heap *heap)
{
	struct rill_string *aliases = rill_vector_data(&s->aliases);
	struct sample_node *node, *next;

	rill_string_clear(&s->name, heap);
	for (size_t i = 0; i < s->aliases.count; i++)
		rill_string_clear(&aliases[i], heap);
	rill_vector_clear(&s->aliases, heap);
	rill_vector_clear(&s->ports, heap);
	rill_map_clear(&s->numbers, heap);
	rill_table_clear(&s->prices, heap);
	rill_map_clear(&s->by_name, heap);
	rill_tree_clear(&s->ordered, heap);
	for (node = rill_dlist_first(&s->nodes, struct sample_node, link); node; node = next) {
		next = rill_dlist_next(node, link);
		rill_dlist_remove(&s->nodes, &node->link);
		heap->free(heap->from, node);
	}
	rill_rel_set(&s->chain, NULL);
}

/* ---- walking ----------------------------------------------------------------------------------------------------- */

static void look(const void *bytes, size_t len)
{
	unsigned sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += __atomic_load_n((const unsigned char *)bytes + i, __ATOMIC_RELAXED);
	sink = sum;
}

static int walk_string(struct rill_view *v, const struct rill_string *s)
{
	const char *text;
	size_t len;

	text = rill_string_text_in(v, s, &len);
	if (text)
		look(text, len);
	return text && len;
}

static int walk_name(struct rill_view *v, const struct sample *s)
{
	return walk_string(v, &s->name);
}

static int walk_vectors(struct rill_view *v, const struct sample *s)
{
	const struct rill_string *aliases;
	const uint16_t *ports;
	size_t ports_count, count, i;
	int n = 0;

	ports = rill_vector_data_in(v, &s->ports, sizeof(*ports), __alignof__(*ports), &ports_count);
	if (ports)
		look(ports, ports_count * sizeof(*ports));
	aliases = rill_vector_data_in(v, &s->aliases, sizeof(*aliases), __alignof__(*aliases), &count);
	for (i = 0; aliases && i < count && !v->error; i++)
		n += walk_string(v, &aliases[i]);
	return n + (int)ports_count;
}

static int walk_table(struct rill_view *v, const struct sample *s)
{
	struct rill_table_cursor c;
	int n = 0;

	for (rill_table_begin_in(v, &c, &s->prices, sizeof(uint32_t), sizeof(uint64_t)); rill_table_next(&c); n++) {
		look(c.key, sizeof(uint32_t));
		look(c.value, sizeof(uint64_t));
	}
	return n;
}

static int find_prices(struct rill_view *v, const struct sample *s)
{
	int n = 0;

	for (uint32_t id = 0; id < 20; id++) {
		const uint64_t *price = rill_table_find_in(v, &s->prices, &id, sizeof(id), sizeof(*price));

		if (price)
			look(price, sizeof(*price));
		n += price != NULL;
	}
	return n;
}

static int walk_maps(struct rill_view *v, const struct sample *s)
{
	struct rill_map_cursor c;
	int n = 0;

	for (rill_map_begin_in(v, &c, &s->numbers, sizeof(uint64_t)); rill_map_next(&c); n++) {
		look(c.key, c.key_len);
		look(c.value, sizeof(uint64_t));
	}
	for (rill_map_begin_in(v, &c, &s->by_name, sizeof(struct sample_ref)); rill_map_next(&c); n++) {
		const struct sample_ref *ref = c.value;
		const struct sample_node *node = rill_view_get(v, &ref->node);

		look(c.key, c.key_len);
		if (node)
			look(node, sizeof(*node));
	}
	return n;
}

static int walk_tree(struct rill_view *v, const struct sample *s)
{
	struct rill_tree_cursor c;
	uint64_t from = rill_key_u64(10);
	int n = 0;

	for (rill_tree_seek_in(v, &c, &s->ordered, NULL, 0, sizeof(uint64_t)); rill_tree_next(&c); n++) {
		look(c.key, c.key_len);
		look(c.value, sizeof(uint64_t));
	}
	rill_tree_seek_in(v, &c, &s->ordered, &from, sizeof(from), sizeof(uint64_t));
	if (rill_tree_next(&c))
		look(c.value, sizeof(uint64_t));
	return n;
}

static int walk_nodes(struct rill_view *v, const struct sample *s)
{
	const struct sample_node *node, *other;
	int n = 0;

	for (node = rill_dlist_first_in(v, &s->nodes, struct sample_node, link); node;
	     node = rill_dlist_next_in(v, node, link)) {
		look(node, sizeof(*node));
		n++;
	}
	for (node = rill_view_get(v, &s->chain); node; node = other) {
		look(node, sizeof(*node));
		n++;
		other = rill_view_get(v, &node->other);
		if (other == node)
			break;
	}
	return n;
}

static int find_others(struct rill_view *v, const struct sample *s)
{
	int n = 0;

	for (uint64_t key = 0; key < 20; key++) {
		uint64_t ordered = rill_key_u64(key);
		const uint64_t *a = rill_map_find_in(v, &s->numbers, &key, sizeof(key), sizeof(*a));
		const uint64_t *b = rill_tree_find_in(v, &s->ordered, &ordered, sizeof(ordered), sizeof(*b));

		if (a)
			look(a, sizeof(*a));
		if (b)
			look(b, sizeof(*b));
		n += a != NULL;
	}
	return n + (rill_map_find_in(v, &s->by_name, "node 3", 6, sizeof(struct sample_ref)) != NULL);
}

/* A view for each, so that what one meets first hides nothing from the others. */
int sample_walk_from(const void *at, size_t len, const void *root)
{
	static int (*const walks[])(struct rill_view *, const struct sample *) = {
		walk_name, walk_vectors, walk_table, walk_maps, walk_tree, walk_nodes, find_prices, find_others,
	};
	int error = 0, n = 0;

	for (size_t i = 0; i < sizeof(walks) / sizeof(*walks); i++) {
		const struct sample *s;
		struct rill_view v;

		rill_view_init(&v, at, len);
		s = rill_view_object(&v, root, struct sample);
		if (s)
			n += walks[i](&v, s);
		error = error ? error : v.error;
	}
	return error ? error : n;
}

int sample_walk(const void *at, size_t len)
{
	return sample_walk_from(at, len, at);
}

int sample_count(size_t entries)
{
	int n = (int)entries;

	/* name; ports, aliases; table, two maps; tree; list and chain; keys found */
	return 1 + 2 * n + 3 * n + n + 2 * n + 2 * (n < 20 ? n : 20) + (n > 3);
}
