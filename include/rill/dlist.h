/* rill/dlist.h - a list in shared memory, linked both ways through a member of what it lists. It allocates nothing.
 *
 *   struct job { struct rill_link link; ... };
 *   rill_dlist_append(&jobs, &job->link);
 *   for (job = rill_dlist_first(&jobs, struct job, link); job; job = rill_dlist_next(job, link))
 *   for (job = rill_dlist_first_in(&view, &jobs, struct job, link); job; job = rill_dlist_next_in(&view, job, link))
 *
 * Zeroed memory is an empty list. Neither a list nor a link in one may be moved.
 */
#ifndef RILL_DLIST_H
#define RILL_DLIST_H

#include <rill/rel.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rill_link {
	struct rill_rel next, prev; /* links, or NULL */
};

struct rill_dlist {
	struct rill_rel first, last; /* links, or NULL */
	uint64_t count;
};

/* ---- the owner --------------------------------------------------------------------------------------------------- */

/* Put `link`, which is in no list, between two that are neighbours (NULL: the list's end). */
static inline void rill_dlist_between(struct rill_dlist *l, struct rill_link *prev, struct rill_link *link,
                                      struct rill_link *next)
{
	rill_rel_aim(&link->prev, prev);
	rill_rel_aim(&link->next, next);
	rill_rel_aim(prev ? &prev->next : &l->first, link);
	rill_rel_aim(next ? &next->prev : &l->last, link);
	l->count++;
}

static inline void rill_dlist_append(struct rill_dlist *l, struct rill_link *link)
{
	rill_dlist_between(l, (struct rill_link *)rill_rel_target(&l->last), link, NULL);
}

static inline void rill_dlist_prepend(struct rill_dlist *l, struct rill_link *link)
{
	rill_dlist_between(l, NULL, link, (struct rill_link *)rill_rel_target(&l->first));
}

static inline void rill_dlist_insert_after(struct rill_dlist *l, struct rill_link *after, struct rill_link *link)
{
	rill_dlist_between(l, after, link, (struct rill_link *)rill_rel_target(&after->next));
}

/* `link` is in the list; it may be freed afterwards. */
static inline void rill_dlist_remove(struct rill_dlist *l, struct rill_link *link)
{
	struct rill_link *prev = (struct rill_link *)rill_rel_target(&link->prev);
	struct rill_link *next = (struct rill_link *)rill_rel_target(&link->next);

	rill_rel_aim(prev ? &prev->next : &l->first, next);
	rill_rel_aim(next ? &next->prev : &l->last, prev);
	rill_rel_aim(&link->prev, NULL);
	rill_rel_aim(&link->next, NULL);
	l->count--;
}

/* ---- readers: what is listed, or NULL at the end (or, in a view, an error) --------------------------------------- */

static inline void *rill_dlist_target(const struct rill_rel *r, size_t member)
{
	unsigned char *link = (unsigned char *)rill_rel_target(r);

	return link ? link - member : NULL;
}

static inline const void *rill_dlist_target_in(struct rill_view *v, const struct rill_rel *r, size_t member, size_t len,
                                               size_t align)
{
	uintptr_t link = (uintptr_t)rill_rel_target(r);

	return link ? rill_view_at(v, link - member, len, align) : NULL;
}

#define rill_dlist_first(list, type_, member) ((type_ *)rill_dlist_target(&(list)->first, offsetof(type_, member)))
#define rill_dlist_last(list, type_, member) ((type_ *)rill_dlist_target(&(list)->last, offsetof(type_, member)))
#define rill_dlist_next(entry, member) \
	((__typeof__(*(entry)) *)rill_dlist_target(&(entry)->member.next, offsetof(__typeof__(*(entry)), member)))
#define rill_dlist_prev(entry, member) \
	((__typeof__(*(entry)) *)rill_dlist_target(&(entry)->member.prev, offsetof(__typeof__(*(entry)), member)))

#define rill_dlist_first_in(view, list, type_, member)                                                       \
	((const type_ *)rill_dlist_target_in((view), &(list)->first, offsetof(type_, member), sizeof(type_), \
	                                     __alignof__(type_)))
#define rill_dlist_next_in(view, entry, member)                                                                       \
	((const __typeof__(*(entry)) *)rill_dlist_target_in((view), &(entry)->member.next,                            \
	                                                    offsetof(__typeof__(*(entry)), member), sizeof(*(entry)), \
	                                                    __alignof__(__typeof__(*(entry)))))

#ifdef __cplusplus
}
#endif
#endif
