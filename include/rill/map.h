/* rill/map.h - a hash map in shared memory: keys of any bytes, values of one size.
 *
 *   rill_map_init(&m, sizeof(*route), 0);
 *   route = rill_map_put(&m, &heap, &key, sizeof(key), &fresh);       the owner; NULL: no memory
 *   route = rill_map_find(&m, &key, sizeof(key));                     NULL: not there
 *   route = rill_map_find_in(&view, &m, &key, sizeof(key), sizeof(*route));
 *
 * An entry (key and value) is one block that never moves: a value may hold self-relative pointers, and pointers to it stay
 * good until it is removed. Values are at a multiple of 8. What a value points at is yours to free.
 *
 * A change is for one writer and no reader at the time: publish a finished map by a message, or by a versioned cell.
 */
#ifndef RILL_MAP_H
#define RILL_MAP_H

#include <rill/heap.h>
#include <rill/key.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Open addressing, linear, at most three quarters full. A slot is a word: 0, or the upper 16 bits of the entry's hash and,
 * in 48 bits, how far the entry is from the first slot; so slots may be moved as they are. */
struct rill_map {
	struct rill_rel slots; /* `mask` + 1 words, or NULL */
	uint64_t mask;         /* slots are a power of two */
	uint64_t count;        /* of entries */
	uint64_t seed;         /* of the hash */
	uint64_t value_len;
};

/* Then come the key, padding to a multiple of 8, and the value. */
struct rill_map_entry {
	uint64_t hash;
	uint64_t key_len;
};

#define RILL_MAP_LEAST 8 /* slots */

/* ---- slots ------------------------------------------------------------------------------------------------------- */

static inline uint64_t *rill_map_slots(const struct rill_map *m)
{
	return (uint64_t *)rill_rel_target(&m->slots);
}

static inline uint64_t rill_map_slot(const uint64_t *slots, const struct rill_map_entry *e)
{
	uint64_t distance = (uint64_t)((uintptr_t)e - (uintptr_t)slots);

	return (distance & ~(uint64_t)0 >> 16) | e->hash >> 48 << 48;
}

static inline uintptr_t rill_map_entry_at(const uint64_t *slots, uint64_t slot)
{
	return (uintptr_t)slots + (uintptr_t)((int64_t)(slot << 16) >> 16);
}

static inline unsigned char *rill_map_key_of(const struct rill_map_entry *e)
{
	return (unsigned char *)(uintptr_t)(e + 1);
}

static inline uint64_t rill_map_value_at(uint64_t key_len)
{
	return sizeof(struct rill_map_entry) + ((key_len + 7) & ~(uint64_t)7);
}

/* ---- readers ------------------------------------------------------------------------------------------------------ *
 * One search for both kinds: with v NULL, which the compiler sees, nothing is checked. */

#define RILL_MAP_INLINE static inline __attribute__((always_inline))

/* The slots, and how many less one; NULL: none, or an error. */
RILL_MAP_INLINE const uint64_t *rill_map_table(struct rill_view *v, const struct rill_map *m, uint64_t *ret_mask)
{
	uint64_t mask = __atomic_load_n(&m->mask, __ATOMIC_RELAXED);

	*ret_mask = mask;
	if (!v)
		return rill_map_slots(m);
	if (mask >= v->len / 8)
		return (const uint64_t *)rill_view_fail(v, -EBADMSG);
	return (const uint64_t *)rill_view_follow(v, &m->slots, (mask + 1) * 8, 8);
}

/* The entry in a slot that is not empty, and the length of its key, which lies in the range with its value. */
RILL_MAP_INLINE const struct rill_map_entry *rill_map_follow(struct rill_view *v, const uint64_t *slots, uint64_t slot,
                                                             uint64_t value_len, uint64_t *ret_key_len)
{
	uintptr_t at = rill_map_entry_at(slots, slot);
	const struct rill_map_entry *e = (const struct rill_map_entry *)at;
	uint64_t key_len;

	if (v && !rill_view_at(v, at, sizeof(*e), 8))
		return NULL;
	key_len = __atomic_load_n(&e->key_len, __ATOMIC_RELAXED);
	if (v && (key_len > v->len || value_len > v->len || !rill_view_holds(v, at, rill_map_value_at(key_len) + value_len, 8)))
		return (const struct rill_map_entry *)rill_view_fail(v, -EBADMSG);
	*ret_key_len = key_len;
	return e;
}

/* The index of the slot that holds the key, or of the empty one where it would go; its word. */
RILL_MAP_INLINE const struct rill_map_entry *rill_map_search(struct rill_view *v, const uint64_t *slots, uint64_t mask,
                                                             uint64_t hash, const void *key, size_t key_len, uint64_t value_len,
                                                             uint64_t *ret_at)
{
	const struct rill_map_entry *e;
	uint64_t i, slot, len;

	for (i = hash & mask; (slot = __atomic_load_n(&slots[i], __ATOMIC_RELAXED)); i = (i + 1) & mask) {
		if (v && !rill_view_step(v))
			return NULL;
		if (slot >> 48 != hash >> 48)
			continue;
		e = rill_map_follow(v, slots, slot, value_len, &len);
		if (v && !e)
			return NULL;
		if (len == key_len && !memcmp(rill_map_key_of(e), key, key_len)) {
			*ret_at = i;
			return e;
		}
	}
	*ret_at = i;
	return NULL;
}

RILL_MAP_INLINE void *rill_map_lookup(struct rill_view *v, const struct rill_map *m, const void *key, size_t key_len,
                                      uint64_t value_len)
{
	const struct rill_map_entry *e;
	const uint64_t *slots;
	uint64_t mask, hash, at;

	slots = rill_map_table(v, m, &mask);
	if (!slots)
		return NULL;
	hash = rill_hash(__atomic_load_n(&m->seed, __ATOMIC_RELAXED), key, key_len);
	e = rill_map_search(v, slots, mask, hash, key, key_len, value_len, &at);
	return e ? (void *)((uintptr_t)e + rill_map_value_at(key_len)) : NULL;
}

/* The value of a key, or NULL. Not const, for the owner's sake. */
static inline void *rill_map_find(const struct rill_map *m, const void *key, size_t key_len)
{
	return rill_map_lookup(NULL, m, key, key_len, 0);
}

/* The same, checked: `value_len` bytes, or NULL: not there, or an error. -EBADMSG also if values are not of that size. */
static inline const void *rill_map_find_in(struct rill_view *v, const struct rill_map *m, const void *key, size_t key_len,
                                           size_t value_len)
{
	if (__atomic_load_n(&m->value_len, __ATOMIC_RELAXED) != value_len)
		return rill_view_fail(v, -EBADMSG);
	return rill_map_lookup(v, m, key, key_len, value_len);
}

/* All entries, in no order. `for (rill_map_begin(&c, &m); rill_map_next(&c);)` use c.key, c.key_len, c.value. */
struct rill_map_cursor {
	struct rill_view *view; /* NULL: unchecked */
	const uint64_t *slots;
	uint64_t mask, next; /* the slot to look at */
	uint64_t value_len;
	const void *key;
	size_t key_len;
	void *value; /* read-only for a borrower, whatever its type says */
};

static inline void rill_map_begin(struct rill_map_cursor *c, const struct rill_map *m)
{
	memset(c, 0, sizeof(*c));
	c->slots = rill_map_table(NULL, m, &c->mask);
	c->value_len = m->value_len;
}

static inline void rill_map_begin_in(struct rill_view *v, struct rill_map_cursor *c, const struct rill_map *m, size_t value_len)
{
	memset(c, 0, sizeof(*c));
	c->view = v;
	c->value_len = value_len;
	if (__atomic_load_n(&m->value_len, __ATOMIC_RELAXED) != value_len)
		rill_view_fail(v, -EBADMSG);
	else
		c->slots = rill_map_table(v, m, &c->mask);
}

/* false: that was all, or an error of the view. */
static inline bool rill_map_next(struct rill_map_cursor *c)
{
	const struct rill_map_entry *e;
	uint64_t slot, len;

	for (; c->slots && c->next <= c->mask; c->next++) {
		if (c->view && !rill_view_step(c->view))
			return false;
		slot = __atomic_load_n(&c->slots[c->next], __ATOMIC_RELAXED);
		if (!slot)
			continue;
		e = rill_map_follow(c->view, c->slots, slot, c->value_len, &len);
		if (!e || (c->view && !rill_view_pay(c->view, len)))
			return false;
		c->next++;
		c->key = rill_map_key_of(e);
		c->key_len = (size_t)len;
		c->value = (void *)((uintptr_t)e + rill_map_value_at(len));
		return true;
	}
	return false;
}

/* ---- the owner --------------------------------------------------------------------------------------------------- */

/* An empty map. A seed of 0 is replaced by a random one; give your own only for tests, or keys that nobody chooses. */
static inline void rill_map_init(struct rill_map *m, size_t value_len, uint64_t seed)
{
	memset(m, 0, sizeof(*m));
	m->value_len = value_len;
	m->seed = seed ? seed : rill_hash_seed(m);
}

/* Put all entries into `room` slots (a power of two), and free the old ones.  -ENOMEM */
static inline int rill_map_resize(struct rill_map *m, const struct rill_heap *heap, uint64_t room)
{
	uint64_t *old = rill_map_slots(m), *slots;
	uint64_t i, k, mask = room - 1;

	if (room > SIZE_MAX / 8 || !(slots = (uint64_t *)heap->alloc(heap->from, room * 8)))
		return -ENOMEM;
	memset(slots, 0, room * 8);
	for (i = 0; old && i <= m->mask; i++) {
		const struct rill_map_entry *e = (const struct rill_map_entry *)rill_map_entry_at(old, old[i]);

		if (!old[i])
			continue;
		for (k = e->hash & mask; slots[k]; k = (k + 1) & mask)
			;
		slots[k] = rill_map_slot(slots, e);
	}
	rill_rel_aim(&m->slots, slots);
	m->mask = mask;
	if (old)
		heap->free(heap->from, old);
	return 0;
}

/* Room for `count` entries in all, so that no put before that takes memory for slots.  -ENOMEM */
static inline int rill_map_reserve(struct rill_map *m, const struct rill_heap *heap, uint64_t count)
{
	uint64_t room = rill_map_slots(m) ? m->mask + 1 : 0, wanted = RILL_MAP_LEAST;

	if (count > SIZE_MAX / 32)
		return -ENOMEM;
	while (count * 4 > wanted * 3)
		wanted *= 2;
	return wanted > room ? rill_map_resize(m, heap, wanted) : 0;
}

static inline struct rill_map_entry *rill_map_make(const struct rill_map *m, const struct rill_heap *heap, uint64_t hash,
                                                   const void *key, size_t key_len)
{
	uint64_t value_at = rill_map_value_at(key_len);
	struct rill_map_entry *e;

	if (key_len > SIZE_MAX / 4 || m->value_len > SIZE_MAX / 4)
		return NULL;
	e = (struct rill_map_entry *)heap->alloc(heap->from, value_at + m->value_len);
	if (!e)
		return NULL;
	e->hash = hash;
	e->key_len = key_len;
	if (key_len)
		memcpy(rill_map_key_of(e), key, key_len);
	memset(rill_map_key_of(e) + key_len, 0, value_at - sizeof(*e) - key_len + m->value_len);
	return e;
}

/* The value of a key, which is made, zeroed, if it was not there (*ret_fresh says so; may be NULL). NULL: no memory. */
static inline void *rill_map_put(struct rill_map *m, const struct rill_heap *heap, const void *key, size_t key_len,
                                 bool *ret_fresh)
{
	uint64_t hash = rill_hash(m->seed, key, key_len), at;
	const struct rill_map_entry *e = NULL;
	void *value = rill_map_find(m, key, key_len);

	if (!value) {
		if (rill_map_reserve(m, heap, m->count + 1) < 0 || !(e = rill_map_make(m, heap, hash, key, key_len)))
			return NULL;
		rill_map_search(NULL, rill_map_slots(m), m->mask, hash, key, key_len, 0, &at);
		rill_map_slots(m)[at] = rill_map_slot(rill_map_slots(m), e);
		m->count++;
		value = (void *)((uintptr_t)e + rill_map_value_at(key_len));
	}
	if (ret_fresh)
		*ret_fresh = e != NULL;
	return value;
}

/* Empty slot `gap`: entries behind it that would no longer be found move up. */
static inline void rill_map_close_gap(struct rill_map *m, uint64_t gap)
{
	uint64_t *slots = rill_map_slots(m), i, home;

	for (i = (gap + 1) & m->mask; slots[i]; i = (i + 1) & m->mask) {
		home = ((const struct rill_map_entry *)rill_map_entry_at(slots, slots[i]))->hash & m->mask;
		if (((i - home) & m->mask) >= ((i - gap) & m->mask)) {
			slots[gap] = slots[i];
			gap = i;
		}
	}
	slots[gap] = 0;
}

/* 1: it is gone, 0: it was not there. */
static inline int rill_map_remove(struct rill_map *m, const struct rill_heap *heap, const void *key, size_t key_len)
{
	uint64_t hash = rill_hash(m->seed, key, key_len), at;
	const struct rill_map_entry *e = NULL;

	if (m->count)
		e = rill_map_search(NULL, rill_map_slots(m), m->mask, hash, key, key_len, 0, &at);
	if (!e)
		return 0;
	rill_map_close_gap(m, at);
	m->count--;
	heap->free(heap->from, (void *)(uintptr_t)e);
	return 1;
}

/* Empty, its memory freed; seed and sizes stay. */
static inline void rill_map_clear(struct rill_map *m, const struct rill_heap *heap)
{
	uint64_t *slots = rill_map_slots(m), i;

	if (!slots)
		return;
	for (i = 0; i <= m->mask; i++)
		if (slots[i])
			heap->free(heap->from, (void *)rill_map_entry_at(slots, slots[i]));
	heap->free(heap->from, slots);
	rill_rel_aim(&m->slots, NULL);
	m->mask = 0;
	m->count = 0;
}

#ifdef __cplusplus
}
#endif
#endif
