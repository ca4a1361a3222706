/* rill/table.h - a flat hash table in shared memory: keys of one size and values of one size, side by side in its slots.
 *
 *   rill_table_init(&t, sizeof(key), sizeof(*price), 0);
 *   price = rill_table_put(&t, &heap, &key, sizeof(key), &fresh);      the owner; NULL: no memory
 *   price = rill_table_find(&t, &key, sizeof(key));                    NULL: not there
 *   price = rill_table_find_in(&view, &t, &key, sizeof(key), sizeof(*price));
 *
 * For numbers and other plain data: the quickest to look up and the smallest. Entries move when it grows and when one is
 * removed, so a value holds no self-relative pointer, and a pointer to one is stale after the next change. Where that will
 * not do, and for keys of many sizes, there is rill/map.h. Values are at a multiple of 8.
 *
 * A change is for one writer and no reader at the time.
 */
#ifndef RILL_TABLE_H
#define RILL_TABLE_H

#include <rill/heap.h>
#include <rill/key.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Open addressing, linear, at most three quarters full. One block: a bit for each slot (in use?), then the slots; in a slot
 * the key, padding to a multiple of 8, the value, padding. */
struct rill_table {
	struct rill_rel block; /* NULL: no slots */
	uint64_t mask;         /* slots, a power of two, less one */
	uint64_t count;        /* of entries */
	uint64_t seed;         /* of the hash */
	uint64_t key_len, value_len;
};

#define RILL_TABLE_LEAST 8 /* slots */
#define RILL_TABLE_INLINE static inline __attribute__((always_inline))

/* The table as a search needs it: decoded and, of a view, checked. */
struct rill_table_slots {
	const uint64_t *used;
	uintptr_t first; /* slot */
	uint64_t mask;
	uint64_t value_at, step; /* of the value in its slot; from slot to slot */
};

static inline uint64_t rill_table_padded(uint64_t len)
{
	return (len + 7) & ~(uint64_t)7;
}

/* Bytes of the bits of so many slots. */
static inline uint64_t rill_table_bits(uint64_t slots)
{
	return slots < 64 ? 8 : slots / 8;
}

static inline bool rill_table_in_use(const uint64_t *used, uint64_t i)
{
	return __atomic_load_n(&used[i / 64], __ATOMIC_RELAXED) >> i % 64 & 1;
}

/* ---- readers ------------------------------------------------------------------------------------------------------ *
 * With v NULL, which the compiler sees, nothing is checked. */

/* Of key_len and value_len, which the caller expects. false: there is no slot, or an error. */
RILL_TABLE_INLINE bool rill_table_open(struct rill_view *v, const struct rill_table *t, uint64_t key_len, uint64_t value_len,
                                       struct rill_table_slots *ret)
{
	uint64_t mask = __atomic_load_n(&t->mask, __ATOMIC_RELAXED), bits = rill_table_bits(mask + 1), len;

	ret->mask = mask;
	ret->value_at = rill_table_padded(key_len);
	ret->step = ret->value_at + rill_table_padded(value_len);
	if (!v) {
		ret->used = (const uint64_t *)rill_rel_target(&t->block);
	} else {
		if (mask >= v->len || (mask & (mask + 1)) != 0 || __builtin_mul_overflow(mask + 1, ret->step, &len) ||
		    __builtin_add_overflow(len, bits, &len) || __atomic_load_n(&t->key_len, __ATOMIC_RELAXED) != key_len ||
		    __atomic_load_n(&t->value_len, __ATOMIC_RELAXED) != value_len) {
			rill_view_fail(v, -EBADMSG);
			return false;
		}
		ret->used = (const uint64_t *)rill_view_follow(v, &t->block, len, 8);
	}
	ret->first = (uintptr_t)ret->used + bits;
	return ret->used != NULL;
}

/* The key's slot, or (false) the empty one where it would go; of a view also false for an error. */
RILL_TABLE_INLINE bool rill_table_search(struct rill_view *v, const struct rill_table_slots *s, uint64_t hash, const void *key,
                                         size_t key_len, uint64_t *ret_at)
{
	uint64_t i;

	for (i = hash & s->mask; rill_table_in_use(s->used, i); i = (i + 1) & s->mask) {
		if (v && !rill_view_step(v))
			return false;
		if (!memcmp((const void *)(s->first + i * s->step), key, key_len)) {
			*ret_at = i;
			return true;
		}
	}
	*ret_at = i;
	return false;
}

RILL_TABLE_INLINE void *rill_table_lookup(struct rill_view *v, const struct rill_table *t, const void *key, size_t key_len,
                                          uint64_t value_len)
{
	struct rill_table_slots s;
	uint64_t at, hash;

	if (!rill_table_open(v, t, key_len, value_len, &s))
		return NULL;
	hash = rill_hash(__atomic_load_n(&t->seed, __ATOMIC_RELAXED), key, key_len);
	return rill_table_search(v, &s, hash, key, key_len, &at) ? (void *)(s.first + at * s.step + s.value_at) : NULL;
}

/* The value of a key, or NULL: not there, or keys are not of that size. Not const, for the owner's sake. */
static inline void *rill_table_find(const struct rill_table *t, const void *key, size_t key_len)
{
	return key_len == t->key_len ? rill_table_lookup(NULL, t, key, key_len, t->value_len) : NULL;
}

/* The same, checked: `value_len` bytes, or NULL: not there, or an error. -EBADMSG also if keys or values are not of the
 * sizes expected. */
static inline const void *rill_table_find_in(struct rill_view *v, const struct rill_table *t, const void *key, size_t key_len,
                                             size_t value_len)
{
	return rill_table_lookup(v, t, key, key_len, value_len);
}

/* All entries, in no order. `for (rill_table_begin(&c, &t); rill_table_next(&c);)` use c.key, c.value. */
struct rill_table_cursor {
	struct rill_view *view; /* NULL: unchecked */
	struct rill_table_slots slots;
	uint64_t next; /* the slot to look at */
	const void *key;
	void *value; /* read-only for a borrower, whatever its type says */
};

static inline void rill_table_begin(struct rill_table_cursor *c, const struct rill_table *t)
{
	memset(c, 0, sizeof(*c));
	rill_table_open(NULL, t, t->key_len, t->value_len, &c->slots);
}

static inline void rill_table_begin_in(struct rill_view *v, struct rill_table_cursor *c, const struct rill_table *t,
                                       size_t key_len, size_t value_len)
{
	memset(c, 0, sizeof(*c));
	c->view = v;
	if (!rill_table_open(v, t, key_len, value_len, &c->slots))
		c->slots.used = NULL;
}

/* false: that was all, or an error of the view. */
static inline bool rill_table_next(struct rill_table_cursor *c)
{
	const struct rill_table_slots *s = &c->slots;
	uint64_t i;

	while (s->used && c->next <= s->mask) {
		i = c->next++;
		if (c->view && !rill_view_step(c->view))
			return false;
		if (rill_table_in_use(s->used, i)) {
			c->key = (const void *)(s->first + i * s->step);
			c->value = (void *)(s->first + i * s->step + s->value_at);
			return true;
		}
	}
	return false;
}

/* ---- the owner --------------------------------------------------------------------------------------------------- */

/* An empty table. A seed of 0 is replaced by a random one; give your own only for tests, or keys that nobody chooses. */
static inline void rill_table_init(struct rill_table *t, size_t key_len, size_t value_len, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	t->key_len = key_len;
	t->value_len = value_len;
	t->seed = seed ? seed : rill_hash_seed(t);
}

static inline unsigned char *rill_table_slot(const struct rill_table_slots *s, uint64_t i)
{
	return (unsigned char *)(s->first + i * s->step);
}

static inline void rill_table_mark(const struct rill_table_slots *s, uint64_t i, bool used)
{
	uint64_t *word = (uint64_t *)(uintptr_t)&s->used[i / 64], bit = (uint64_t)1 << i % 64;

	*word = used ? *word | bit : *word & ~bit;
}

/* Put all entries into so many slots (a power of two), and free the old ones.  -ENOMEM */
static inline int rill_table_resize(struct rill_table *t, const struct rill_heap *heap, uint64_t slots)
{
	struct rill_table next = *t;
	struct rill_table_slots s, to;
	uint64_t bits = rill_table_bits(slots), len, i, at;
	void *block;

	if (t->key_len > SIZE_MAX / 4 || t->value_len > SIZE_MAX / 4)
		return -ENOMEM;
	rill_table_open(NULL, t, t->key_len, t->value_len, &s);
	if (__builtin_mul_overflow(slots, s.step, &len) || __builtin_add_overflow(len, bits, &len) ||
	    !(block = heap->alloc(heap->from, len)))
		return -ENOMEM;
	memset(block, 0, bits);
	next.mask = slots - 1;
	rill_rel_aim(&next.block, block);
	rill_table_open(NULL, &next, t->key_len, t->value_len, &to);
	for (i = 0; s.used && i <= s.mask; i++) {
		if (!rill_table_in_use(s.used, i))
			continue;
		rill_table_search(NULL, &to, rill_hash(t->seed, rill_table_slot(&s, i), t->key_len), rill_table_slot(&s, i),
		                  t->key_len, &at);
		memcpy(rill_table_slot(&to, at), rill_table_slot(&s, i), s.step);
		rill_table_mark(&to, at, true);
	}
	rill_rel_aim(&t->block, block);
	t->mask = slots - 1;
	if (s.used)
		heap->free(heap->from, (void *)(uintptr_t)s.used);
	return 0;
}

/* Room for `count` entries in all, so that no put before that takes memory or moves one.  -ENOMEM */
static inline int rill_table_reserve(struct rill_table *t, const struct rill_heap *heap, uint64_t count)
{
	uint64_t slots = rill_rel_target(&t->block) ? t->mask + 1 : 0, wanted = RILL_TABLE_LEAST;

	if (count > SIZE_MAX / 32)
		return -ENOMEM;
	while (count * 4 > wanted * 3)
		wanted *= 2;
	return wanted > slots ? rill_table_resize(t, heap, wanted) : 0;
}

/* The value of a key, which is made, zeroed, if it was not there (*ret_fresh says so; may be NULL). NULL: no memory, or
 * keys are not of that size. `key` does not lie in the table itself: where that grows, its old slots are gone first. */
static inline void *rill_table_put(struct rill_table *t, const struct rill_heap *heap, const void *key, size_t key_len,
                                   bool *ret_fresh)
{
	void *value = rill_table_find(t, key, key_len);
	struct rill_table_slots s;
	uint64_t at;

	if (ret_fresh)
		*ret_fresh = !value;
	if (value)
		return value;
	if (key_len != t->key_len || rill_table_reserve(t, heap, t->count + 1) < 0)
		return NULL;
	rill_table_open(NULL, t, key_len, t->value_len, &s);
	rill_table_search(NULL, &s, rill_hash(t->seed, key, key_len), key, key_len, &at);
	memset(rill_table_slot(&s, at), 0, s.step);
	memcpy(rill_table_slot(&s, at), key, key_len);
	rill_table_mark(&s, at, true);
	t->count++;
	return rill_table_slot(&s, at) + s.value_at;
}

/* Empty slot `gap`: entries behind it that would no longer be found move up. */
static inline void rill_table_close_gap(const struct rill_table *t, const struct rill_table_slots *s, uint64_t gap)
{
	uint64_t i, home;

	for (i = (gap + 1) & s->mask; rill_table_in_use(s->used, i); i = (i + 1) & s->mask) {
		home = rill_hash(t->seed, rill_table_slot(s, i), t->key_len) & s->mask;
		if (((i - home) & s->mask) >= ((i - gap) & s->mask)) {
			memcpy(rill_table_slot(s, gap), rill_table_slot(s, i), s->step);
			gap = i;
		}
	}
	rill_table_mark(s, gap, false);
}

/* 1: it is gone, 0: it was not there. */
static inline int rill_table_remove(struct rill_table *t, const void *key, size_t key_len)
{
	struct rill_table_slots s;
	uint64_t at;

	if (key_len != t->key_len || !rill_table_open(NULL, t, key_len, t->value_len, &s) ||
	    !rill_table_search(NULL, &s, rill_hash(t->seed, key, key_len), key, key_len, &at))
		return 0;
	rill_table_close_gap(t, &s, at);
	t->count--;
	return 1;
}

/* Empty, its memory freed; seed and sizes stay. */
static inline void rill_table_clear(struct rill_table *t, const struct rill_heap *heap)
{
	void *block = rill_rel_target(&t->block);

	rill_rel_aim(&t->block, NULL);
	t->mask = 0;
	t->count = 0;
	if (block)
		heap->free(heap->from, block);
}

#ifdef __cplusplus
}
#endif
#endif
