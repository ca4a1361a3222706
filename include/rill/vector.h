/* rill/vector.h - an array that grows, in shared memory. Elements are of one size and lie side by side, at a multiple of 16.
 *
 *   rill_vector_init(&v, sizeof(*port));
 *   port = rill_vector_push(&v, &heap);          the owner; NULL: no memory
 *   ports = rill_vector_data(&v);                v.count of them
 *   ports = rill_vector_data_in(&view, &v, sizeof(*ports), 2, &count);
 *
 * Growing moves the elements: pointers into it are stale then, and so is a reader that looks at that moment. Elements with
 * self-relative pointers inside need the calls that take `move`.
 */
#ifndef RILL_VECTOR_H
#define RILL_VECTOR_H

#include <rill/heap.h>
#include <rill/rel.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rill_vector {
	struct rill_rel data;
	uint64_t count;
	uint64_t room; /* elements that `data` has memory for */
	uint64_t size; /* of an element */
};

/* Moves one element, from -> to; `from` is freed unlooked at. NULL: by memcpy(). */
typedef void (*rill_vector_move)(void *to, void *from);

/* ---- the owner --------------------------------------------------------------------------------------------------- */

/* Empty, of elements of `size` bytes (not 0). */
static inline void rill_vector_init(struct rill_vector *v, size_t size)
{
	memset(v, 0, sizeof(*v));
	v->size = size;
}

/* Memory for `room` elements in all, so that none of them moves before there are more.  -ENOMEM */
static inline int rill_vector_reserve_moving(struct rill_vector *v, const struct rill_heap *heap, size_t room,
                                             rill_vector_move move)
{
	unsigned char *old = (unsigned char *)rill_rel_target(&v->data), *data;
	uint64_t i, bytes;

	if (room <= v->room)
		return 0;
	if (__builtin_mul_overflow(room, v->size, &bytes) || !(data = (unsigned char *)heap->alloc(heap->from, bytes)))
		return -ENOMEM;
	for (i = 0; move && i < v->count; i++)
		move(data + i * v->size, old + i * v->size);
	if (!move && v->count)
		memcpy(data, old, v->count * v->size);
	rill_rel_aim(&v->data, data);
	v->room = room;
	if (old)
		heap->free(heap->from, old);
	return 0;
}

static inline int rill_vector_reserve(struct rill_vector *v, const struct rill_heap *heap, size_t room)
{
	return rill_vector_reserve_moving(v, heap, room, NULL);
}

/* One more element, zeroed, at the end; NULL: no memory. */
static inline void *rill_vector_push_moving(struct rill_vector *v, const struct rill_heap *heap, rill_vector_move move)
{
	unsigned char *at;

	if (v->count == v->room && rill_vector_reserve_moving(v, heap, v->room ? 2 * v->room : 4, move) < 0)
		return NULL;
	at = (unsigned char *)rill_rel_target(&v->data) + v->count++ * v->size;
	return memset(at, 0, v->size);
}

static inline void *rill_vector_push(struct rill_vector *v, const struct rill_heap *heap)
{
	return rill_vector_push_moving(v, heap, NULL);
}

/* Drop the last element; nothing if there is none. What it points at is yours to free before. */
static inline void rill_vector_pop(struct rill_vector *v)
{
	if (v->count)
		v->count--;
}

/* Empty, its memory freed. */
static inline void rill_vector_clear(struct rill_vector *v, const struct rill_heap *heap)
{
	void *data = rill_rel_target(&v->data);

	rill_rel_aim(&v->data, NULL);
	v->count = v->room = 0;
	if (data)
		heap->free(heap->from, data);
}

/* ---- readers ----------------------------------------------------------------------------------------------------- */

/* The first of v->count elements; NULL if there never was one. */
static inline void *rill_vector_data(const struct rill_vector *v)
{
	return rill_rel_target(&v->data);
}

/* The elements and how many, or NULL: none, or an error. -EBADMSG also if elements are not of `size` bytes. */
static inline const void *rill_vector_data_in(struct rill_view *v, const struct rill_vector *vector, size_t size, size_t align,
                                              size_t *ret_count)
{
	uint64_t count = __atomic_load_n(&vector->count, __ATOMIC_RELAXED), bytes;
	const void *data;

	*ret_count = 0;
	if (!count)
		return NULL;
	if (__atomic_load_n(&vector->size, __ATOMIC_RELAXED) != size || __builtin_mul_overflow(count, size, &bytes))
		return rill_view_fail(v, -EBADMSG);
	data = rill_view_follow(v, &vector->data, bytes, align);
	if (!data)
		return rill_view_fail(v, -EBADMSG); /* no error yet: a count without elements */
	if (!rill_view_pay(v, bytes))
		return NULL;
	*ret_count = (size_t)count;
	return data;
}

#ifdef __cplusplus
}
#endif
#endif
