/* rill/rel.h - self-relative pointers, and views: structures that read the same wherever their memory is mapped, and a way
 * to walk them that does not trust who wrote them. Header only; needs nothing else of Rill.
 *
 *   struct node {
 *           RILL_REL(struct node) next;
 *           uint64_t value;
 *   };
 *   rill_rel_set(&a->next, b);                        the owner, in memory of his own
 *   for (n = head; n; n = rill_rel_get(&n->next))     a reader that trusts the writer
 *   for (n = head; n; n = rill_view_get(&view, &n->next))  one that does not
 *
 *   place      a pointer says how far its target is from itself, so both must be in the same mapping, and a copy made by
 *              memcpy() or assignment points elsewhere. Copy it by rill_rel_set(&to, rill_rel_get(&from)). A block that
 *              holds a structure whole may be copied, sent or written to a file: what is inside still fits
 *   zero       zeroed memory is NULL. A pointer may point at itself; at its own second byte it cannot
 *   access     a pointer is loaded and stored by one access each. That is no ordering: a message, or a versioned cell, is
 *              what hands a finished structure over
 */
#ifndef RILL_REL_H
#define RILL_REL_H

#include <errno.h>
#include <rill/base.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 0 is NULL; else the target is at the address of this struct, plus 1, plus offset. */
struct rill_rel {
	int64_t offset;
};

/* A field that points at a `type_`. `type` is never stored: it keeps the type for the macros below, and for debuggers. */
#define RILL_REL(type_)              \
	union {                      \
		struct rill_rel rel; \
		type_ *type;         \
	}

#define RILL_REL_TYPE(field) __typeof__(1 ? (field)->type : NULL)

/* ---- without types ----------------------------------------------------------------------------------------------- */

static inline void *rill_rel_target(const struct rill_rel *r)
{
	int64_t offset = __atomic_load_n(&r->offset, __ATOMIC_RELAXED);

	return offset ? (void *)((uintptr_t)r + 1 + (uintptr_t)offset) : NULL;
}

static inline void rill_rel_aim(struct rill_rel *r, const void *target)
{
	int64_t offset = target ? (int64_t)((uintptr_t)target - (uintptr_t)r - 1) : 0;

	__atomic_store_n(&r->offset, offset, __ATOMIC_RELAXED);
}

/* ---- with types: `field` is the address of a RILL_REL() ---------------------------------------------------------- */

/* What it points at, or NULL. Not const, even of a const structure: a borrower's mapping is read-only all the same. */
#define rill_rel_get(field) ((RILL_REL_TYPE(field))rill_rel_target(&(field)->rel))

/* Point it at `to` (NULL: nothing). A pointer of another type is a warning. */
#define rill_rel_set(field, to) rill_rel_aim(&(field)->rel, 1 ? (to) : (field)->type)

/* ---- views: reading what a stranger wrote ------------------------------------------------------------------------- *
 *
 * A view is the range that was lent, as this process knows it (of a loan: what rill_msg_loan() gave), and what is left of
 * the steps that a walk in it may take. Each pointer, count and length is loaded once, checked against the range, and used
 * from the copy; so whatever the writer does, and does meanwhile, a walk ends, inside the range, with something or with an
 * error. The functions that take a view end in _in.
 *
 *   NULL       nothing there if the view has no error; else the first error stays, and every further call gives NULL, too
 *   -EBADMSG   a pointer leads out of the range or is not aligned, a size is not the one expected, a count cannot be
 *   -ELOOP     more steps than an honest structure of that range has: a loop
 *   content    what a call gives lies in the range; its bytes may be others at each look. Load once what you decide by
 *   steps      one for each pointer that is followed and each slot, and one for each 64 bytes of elements, text or key that are
 *              given at once. A walk over all of the range once, whatever is in it, fits the default; what is shared costs
 *              anew each time. So a view is for one walk or one request: make it when you begin, it costs nothing. `steps`
 *              may be set higher, or lower
 */
struct rill_view {
	uintptr_t begin; /* of the range */
	size_t len;      /* of the range, in bytes */
	uint64_t steps;  /* that may still be taken */
	int error;       /* 0, or the first one */
};

static inline void rill_view_init(struct rill_view *v, const void *begin, size_t len)
{
	v->begin = (uintptr_t)begin;
	v->len = len;
	v->steps = len / 8 + 64; /* no node is smaller than 8 bytes; 64: to look around in a small range */
	v->error = 0;
}

/* Remember the first error; gives NULL, for your own checks: `return rill_view_fail(view, -EBADMSG)`. */
static inline const void *rill_view_fail(struct rill_view *v, int error)
{
	if (!v->error)
		v->error = error;
	v->steps = 0;
	return NULL;
}

/* Is all of [at, at + len) in the range, and `at` a multiple of align (a power of two)? */
static inline bool rill_view_holds(const struct rill_view *v, uintptr_t at, uint64_t len, size_t align)
{
	uintptr_t offset = at - v->begin; /* huge if `at` is before the range */

	return offset <= v->len && len <= v->len - offset && !(at & (align - 1));
}

static inline bool rill_view_step(struct rill_view *v)
{
	if (v->steps) {
		v->steps--;
		return true;
	}
	rill_view_fail(v, -ELOOP);
	return false;
}

/* The steps for `len` bytes that are given at once, in structures of your own as well: else one node that links to itself, with
 * a text as long as the range, would give all of it once a step. */
static inline bool rill_view_pay(struct rill_view *v, uint64_t len)
{
	if (__builtin_expect(len < 64, true))
		return true;
	if (len / 64 <= v->steps) {
		v->steps -= len / 64;
		return true;
	}
	rill_view_fail(v, -ELOOP);
	return false;
}

/* The `len` bytes at an address that came from anywhere, or NULL. A step. Use it for the root, and for pointers of your own
 * encoding. */
static inline const void *rill_view_at(struct rill_view *v, uintptr_t at, uint64_t len, size_t align)
{
	if (!rill_view_step(v))
		return NULL;
	return rill_view_holds(v, at, len, align) ? (const void *)at : rill_view_fail(v, -EBADMSG);
}

/* What r points at (r itself lies in the range, or is yours), as `len` bytes, or NULL. A step, unless it is NULL. */
static inline const void *rill_view_follow(struct rill_view *v, const struct rill_rel *r, uint64_t len, size_t align)
{
	const void *target = rill_rel_target(r);

	return target ? rill_view_at(v, (uintptr_t)target, len, align) : NULL;
}

/* The object of that type at the begin of the range, or at any address in it. */
#define rill_view_root(view, type_) ((const type_ *)rill_view_at((view), (view)->begin, sizeof(type_), __alignof__(type_)))
#define rill_view_object(view, at, type_) \
	((const type_ *)rill_view_at((view), (uintptr_t)(at), sizeof(type_), __alignof__(type_)))

/* rill_rel_get(), checked: one whole object of the field's type. */
#define rill_view_get(view, field)                                                                           \
	((const __typeof__(*(field)->type) *)rill_view_follow((view), &(field)->rel, sizeof(*(field)->type), \
	                                                      __alignof__(*(field)->type)))

#ifdef __cplusplus
}
#endif
#endif
