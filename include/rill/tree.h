/* rill/tree.h - an ordered map in shared memory: keys of any bytes, in memcmp() order, values of one size.
 *
 *   rill_tree_init(&t, sizeof(*price));
 *   price = rill_tree_put(&t, &heap, &key, sizeof(key), NULL);        the owner; NULL: no memory
 *   price = rill_tree_find(&t, &key, sizeof(key));                    NULL: not there
 *   for (rill_tree_seek(&c, &t, &from, sizeof(from)); rill_tree_next(&c);)   in order, from the first that is not below
 *
 * rill/key.h makes keys of numbers. Entries never move: as in rill/map.h a value may hold self-relative pointers. A change
 * is for one writer and no reader at the time.
 */
#ifndef RILL_TREE_H
#define RILL_TREE_H

#include <rill/heap.h>
#include <rill/key.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RILL_TREE_HEIGHT 64 /* an AVL tree of 2^44 nodes is lower */

struct rill_tree {
	struct rill_rel root;
	uint64_t count;
	uint64_t value_len;
};

/* Then come the key, padding to a multiple of 8, and the value. The two children's heights differ by at most 1. */
struct rill_tree_node {
	struct rill_rel child[2]; /* [0] below, [1] above */
	uint32_t height;          /* of a leaf: 1. For the owner alone */
	uint32_t key_len;
};

static inline unsigned char *rill_tree_key_of(const struct rill_tree_node *n)
{
	return (unsigned char *)(uintptr_t)(n + 1);
}

static inline void *rill_tree_value_of(const struct rill_tree_node *n, uint64_t key_len)
{
	return (void *)((uintptr_t)(n + 1) + ((key_len + 7) & ~(uint64_t)7));
}

/* ---- readers ------------------------------------------------------------------------------------------------------ *
 * As in rill/map.h: with v NULL nothing is checked. */

#define RILL_TREE_INLINE static inline __attribute__((always_inline))

RILL_TREE_INLINE const struct rill_tree_node *rill_tree_follow(struct rill_view *v, const struct rill_rel *r)
{
	if (!v)
		return (const struct rill_tree_node *)rill_rel_target(r);
	return (const struct rill_tree_node *)rill_view_follow(v, r, sizeof(struct rill_tree_node), 8);
}

/* The length of a node's key, which lies in the range with its value. false: an error. */
RILL_TREE_INLINE bool rill_tree_key_len(struct rill_view *v, const struct rill_tree_node *n, uint64_t value_len,
                                        size_t *ret_len)
{
	uint64_t len = __atomic_load_n(&n->key_len, __ATOMIC_RELAXED);
	uintptr_t end = (uintptr_t)rill_tree_value_of(n, len);

	if (v && (value_len > v->len || !rill_view_holds(v, (uintptr_t)n, end - (uintptr_t)n + value_len, 8))) {
		rill_view_fail(v, -EBADMSG);
		return false;
	}
	*ret_len = (size_t)len;
	return true;
}

RILL_TREE_INLINE void *rill_tree_lookup(struct rill_view *v, const struct rill_tree *t, const void *key, size_t key_len,
                                        uint64_t value_len)
{
	const struct rill_rel *link = &t->root;
	const struct rill_tree_node *n;
	size_t len, depth;
	int order;

	for (depth = 0; (n = rill_tree_follow(v, link)); depth++) {
		if (v && depth == RILL_TREE_HEIGHT)
			return (void *)(uintptr_t)rill_view_fail(v, -ELOOP);
		if (!rill_tree_key_len(v, n, value_len, &len))
			return NULL;
		order = rill_key_compare(key, key_len, rill_tree_key_of(n), len);
		if (order == 0)
			return rill_tree_value_of(n, len);
		link = &n->child[order > 0];
	}
	return NULL;
}

/* The value of a key, or NULL. Not const, for the owner's sake. */
static inline void *rill_tree_find(const struct rill_tree *t, const void *key, size_t key_len)
{
	return rill_tree_lookup(NULL, t, key, key_len, 0);
}

/* The same, checked: `value_len` bytes, or NULL: not there, or an error. -EBADMSG also if values are not of that size. */
static inline const void *rill_tree_find_in(struct rill_view *v, const struct rill_tree *t, const void *key, size_t key_len,
                                            size_t value_len)
{
	if (__atomic_load_n(&t->value_len, __ATOMIC_RELAXED) != value_len)
		return rill_view_fail(v, -EBADMSG);
	return rill_tree_lookup(v, t, key, key_len, value_len);
}

/* Entries in order. Stale once the tree has changed. */
struct rill_tree_cursor {
	const void *key;
	size_t key_len;
	void *value; /* read-only for a borrower, whatever its type says */
	uint64_t value_len;
	struct rill_view *view; /* NULL: unchecked */
	unsigned depth;
	const struct rill_tree_node *above[RILL_TREE_HEIGHT]; /* still to come, the next one last; their headers are checked */
};

static inline bool rill_tree_push(struct rill_tree_cursor *c, const struct rill_tree_node *n)
{
	if (c->depth < RILL_TREE_HEIGHT) {
		c->above[c->depth++] = n;
		return true;
	}
	if (c->view)
		rill_view_fail(c->view, -ELOOP);
	return false;
}

/* n and what is left of it, all the way down. */
static inline void rill_tree_descend(struct rill_tree_cursor *c, const struct rill_tree_node *n)
{
	for (; n && rill_tree_push(c, n); n = rill_tree_follow(c->view, &n->child[0]))
		;
}

static inline void rill_tree_place(struct rill_tree_cursor *c, const struct rill_tree *t, const void *key, size_t key_len)
{
	const struct rill_tree_node *n = rill_tree_follow(c->view, &t->root);
	size_t len, depth;

	if (!key) {
		rill_tree_descend(c, n);
		return;
	}
	for (depth = 0; n; depth++) {
		if (c->view && depth == RILL_TREE_HEIGHT)
			rill_view_fail(c->view, -ELOOP);
		if ((c->view && c->view->error) || !rill_tree_key_len(c->view, n, c->value_len, &len))
			return;
		if (rill_key_compare(rill_tree_key_of(n), len, key, key_len) < 0)
			n = rill_tree_follow(c->view, &n->child[1]);
		else if (rill_tree_push(c, n))
			n = rill_tree_follow(c->view, &n->child[0]);
	}
}

/* Before the first entry whose key is not below `key` (NULL: before all). rill_tree_next() gives it. */
static inline void rill_tree_seek(struct rill_tree_cursor *c, const struct rill_tree *t, const void *key, size_t key_len)
{
	c->view = NULL;
	c->depth = 0;
	c->value_len = t->value_len;
	rill_tree_place(c, t, key, key_len);
}

static inline void rill_tree_seek_in(struct rill_view *v, struct rill_tree_cursor *c, const struct rill_tree *t,
                                     const void *key, size_t key_len, size_t value_len)
{
	c->view = v;
	c->depth = 0;
	c->value_len = value_len;
	if (__atomic_load_n(&t->value_len, __ATOMIC_RELAXED) != value_len)
		rill_view_fail(v, -EBADMSG);
	else
		rill_tree_place(c, t, key, key_len);
}

/* false: that was all, or an error of the view. */
static inline bool rill_tree_next(struct rill_tree_cursor *c)
{
	const struct rill_tree_node *n;

	if (!c->depth || (c->view && c->view->error))
		return false;
	n = c->above[--c->depth];
	if (!rill_tree_key_len(c->view, n, c->value_len, &c->key_len))
		return false;
	if (c->view && !rill_view_pay(c->view, c->key_len))
		return false;
	c->key = rill_tree_key_of(n);
	c->value = rill_tree_value_of(n, c->key_len);
	rill_tree_descend(c, rill_tree_follow(c->view, &n->child[1]));
	return !c->view || !c->view->error;
}

/* ---- balance ----------------------------------------------------------------------------------------------------- */

static inline struct rill_tree_node *rill_tree_under(const struct rill_rel *link)
{
	return (struct rill_tree_node *)rill_rel_target(link);
}

static inline uint32_t rill_tree_height(const struct rill_rel *link)
{
	const struct rill_tree_node *n = rill_tree_under(link);

	return n ? n->height : 0;
}

static inline void rill_tree_measure(struct rill_tree_node *n)
{
	uint32_t a = rill_tree_height(&n->child[0]), b = rill_tree_height(&n->child[1]);

	n->height = 1 + (a > b ? a : b);
}

/* The child on `side` goes up, the node under link down. */
static inline void rill_tree_rotate(struct rill_rel *link, int side)
{
	struct rill_tree_node *down = rill_tree_under(link), *up = rill_tree_under(&down->child[side]);

	rill_rel_aim(&down->child[side], rill_tree_under(&up->child[!side]));
	rill_rel_aim(&up->child[!side], down);
	rill_rel_aim(link, up);
	rill_tree_measure(down);
	rill_tree_measure(up);
}

/* The node under link is right again, if its children are and their heights differ by at most 2. */
static inline void rill_tree_balance(struct rill_rel *link)
{
	struct rill_tree_node *n = rill_tree_under(link), *tall;
	uint32_t a = rill_tree_height(&n->child[0]), b = rill_tree_height(&n->child[1]);
	int side = b > a;

	if ((side ? b - a : a - b) < 2) {
		rill_tree_measure(n);
		return;
	}
	tall = rill_tree_under(&n->child[side]);
	if (rill_tree_height(&tall->child[!side]) > rill_tree_height(&tall->child[side]))
		rill_tree_rotate(&n->child[side], !side);
	rill_tree_rotate(link, side);
}

/* ---- the owner --------------------------------------------------------------------------------------------------- */

static inline void rill_tree_init(struct rill_tree *t, size_t value_len)
{
	memset(t, 0, sizeof(*t));
	t->value_len = value_len;
}

/* The links from the root down to the one that the key's node is, or would be, under. Returns the last one's index. */
static inline unsigned rill_tree_path(struct rill_tree *t, const void *key, size_t key_len, struct rill_rel **links)
{
	const struct rill_tree_node *n;
	unsigned i = 0;
	int order;

	links[0] = &t->root;
	while ((n = rill_tree_under(links[i]))) {
		order = rill_key_compare(key, key_len, rill_tree_key_of(n), n->key_len);
		if (order == 0)
			break;
		i++;
		links[i] = (struct rill_rel *)(uintptr_t)&n->child[order > 0];
	}
	return i;
}

static inline struct rill_tree_node *rill_tree_make(const struct rill_tree *t, const struct rill_heap *heap, const void *key,
                                                    size_t key_len)
{
	size_t key_room = (key_len + 7) & ~(size_t)7;
	struct rill_tree_node *n;

	if (key_len > UINT32_MAX || t->value_len > SIZE_MAX / 4)
		return NULL;
	n = (struct rill_tree_node *)heap->alloc(heap->from, sizeof(*n) + key_room + t->value_len);
	if (!n)
		return NULL;
	memset(n, 0, sizeof(*n) + key_room + t->value_len);
	n->height = 1;
	n->key_len = (uint32_t)key_len;
	if (key_len)
		memcpy(rill_tree_key_of(n), key, key_len);
	return n;
}

/* The value of a key, which is made, zeroed, if it was not there (*ret_fresh says so; may be NULL). NULL: no memory, or a
 * key of 4 GiB. */
static inline void *rill_tree_put(struct rill_tree *t, const struct rill_heap *heap, const void *key, size_t key_len,
                                  bool *ret_fresh)
{
	struct rill_rel *links[RILL_TREE_HEIGHT];
	unsigned i = rill_tree_path(t, key, key_len, links);
	struct rill_tree_node *n = rill_tree_under(links[i]);
	bool fresh = !n;

	if (fresh) {
		n = rill_tree_make(t, heap, key, key_len);
		if (!n)
			return NULL;
		rill_rel_aim(links[i], n);
		t->count++;
		while (i-- > 0)
			rill_tree_balance(links[i]);
	}
	if (ret_fresh)
		*ret_fresh = fresh;
	return rill_tree_value_of(n, key_len);
}

/* Take the node under links[last] out. With two children the next one in order takes its place. Returns the last link
 * under which heights may have changed, plus 1. */
static inline unsigned rill_tree_unlink(struct rill_rel **links, unsigned last)
{
	struct rill_tree_node *n = rill_tree_under(links[last]), *heir;
	struct rill_tree_node *low = rill_tree_under(&n->child[0]), *high = rill_tree_under(&n->child[1]);
	unsigned i = last;

	if (!low || !high) {
		rill_rel_aim(links[last], low ? low : high);
		return last;
	}
	links[++i] = &n->child[1];
	for (heir = high; rill_tree_under(&heir->child[0]); heir = rill_tree_under(links[i]))
		links[++i] = &heir->child[0];
	rill_rel_aim(links[i], rill_tree_under(&heir->child[1]));
	rill_rel_aim(&heir->child[0], low);
	rill_rel_aim(&heir->child[1], rill_tree_under(&n->child[1]));
	rill_rel_aim(links[last], heir);
	links[last + 1] = &heir->child[1]; /* was n's */
	return i;
}

/* 1: it is gone, 0: it was not there. */
static inline int rill_tree_remove(struct rill_tree *t, const struct rill_heap *heap, const void *key, size_t key_len)
{
	struct rill_rel *links[RILL_TREE_HEIGHT];
	unsigned i = rill_tree_path(t, key, key_len, links);
	struct rill_tree_node *n = rill_tree_under(links[i]);

	if (!n)
		return 0;
	i = rill_tree_unlink(links, i);
	while (i-- > 0)
		rill_tree_balance(links[i]);
	t->count--;
	heap->free(heap->from, n);
	return 1;
}

/* Empty, its memory freed: turned into a chain as it is freed, so that no stack is needed. */
static inline void rill_tree_clear(struct rill_tree *t, const struct rill_heap *heap)
{
	struct rill_tree_node *n = rill_tree_under(&t->root), *low;

	while (n) {
		low = rill_tree_under(&n->child[0]);
		if (low) {
			rill_rel_aim(&n->child[0], rill_tree_under(&low->child[1]));
			rill_rel_aim(&low->child[1], n);
			n = low;
			continue;
		}
		low = rill_tree_under(&n->child[1]);
		heap->free(heap->from, n);
		n = low;
	}
	rill_rel_aim(&t->root, NULL);
	t->count = 0;
}

#ifdef __cplusplus
}
#endif
#endif
