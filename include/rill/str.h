/* rill/str.h - a string in shared memory: bytes, their number, and a NUL behind them for those who trust the writer.
 *
 * Zeroed memory is the empty string. A rill_string holds a self-relative pointer: move it by rill_string_move().
 */
#ifndef RILL_STR_H
#define RILL_STR_H

#include <rill/heap.h>
#include <rill/rel.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rill_string {
	struct rill_rel bytes; /* len of them, then a NUL; NULL: empty */
	uint64_t len;
};

/* ---- the owner --------------------------------------------------------------------------------------------------- */

/* Set it to a copy of the `len` bytes at text (may be part of what it was); what it was is freed.  -ENOMEM */
static inline int rill_string_set(struct rill_string *s, const struct rill_heap *heap, const void *text, size_t len)
{
	char *old = (char *)rill_rel_target(&s->bytes), *bytes = NULL;

	if (len) {
		bytes = len < SIZE_MAX ? (char *)heap->alloc(heap->from, len + 1) : NULL;
		if (!bytes)
			return -ENOMEM;
		memcpy(bytes, text, len);
		bytes[len] = '\0';
	}
	rill_rel_aim(&s->bytes, bytes);
	s->len = len;
	if (old)
		heap->free(heap->from, old);
	return 0;
}

static inline void rill_string_clear(struct rill_string *s, const struct rill_heap *heap)
{
	rill_string_set(s, heap, NULL, 0);
}

/* `to`, which holds nothing, takes over; `from` is empty afterwards. */
static inline void rill_string_move(struct rill_string *to, struct rill_string *from)
{
	rill_rel_aim(&to->bytes, rill_rel_target(&from->bytes));
	to->len = from->len;
	rill_rel_aim(&from->bytes, NULL);
	from->len = 0;
}

/* ---- readers ----------------------------------------------------------------------------------------------------- */

/* Never NULL. Ends with a NUL if its writer can be trusted with that. */
static inline const char *rill_string_text(const struct rill_string *s)
{
	const char *bytes = (const char *)rill_rel_target(&s->bytes);

	return bytes ? bytes : "";
}

/* The bytes and their number, or NULL (error). No NUL is promised: they may change while you look, so never strlen() them. */
static inline const char *rill_string_text_in(struct rill_view *v, const struct rill_string *s, size_t *ret_len)
{
	uint64_t len = __atomic_load_n(&s->len, __ATOMIC_RELAXED);
	const char *bytes = (const char *)rill_view_follow(v, &s->bytes, len, 1);

	if (v->error)
		return NULL;
	if (!bytes && len)
		return (const char *)rill_view_fail(v, -EBADMSG);
	if (!rill_view_pay(v, len))
		return NULL;
	*ret_len = (size_t)len;
	return bytes ? bytes : "";
}

/* A stable copy with a NUL. Its length;  -EMSGSIZE  `size` is not more than that, or it is above INT_MAX (no error of the
 * view);  the view's error */
static inline int rill_string_copy_in(struct rill_view *v, const struct rill_string *s, char *to, size_t size)
{
	const char *bytes;
	size_t len;

	bytes = rill_string_text_in(v, s, &len);
	if (!bytes)
		return v->error;
	if (len >= size || len > INT32_MAX)
		return -EMSGSIZE;
	memcpy(to, bytes, len);
	to[len] = '\0';
	return (int)len;
}

#ifdef __cplusplus
}
#endif
#endif
