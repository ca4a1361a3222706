/* core/wait/link.h - an intrusive circular list. A head is a link too; a link that is on no list points to itself, so
 * unlinking never needs to know the list and may be done twice. */
#ifndef CORE_WAIT_LINK_H
#define CORE_WAIT_LINK_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *next, *prev;
};

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void link_init(struct link *l)
{
	l->next = l->prev = l;
}

static inline bool link_linked(const struct link *l)
{
	return l->next != l;
}

static inline void link_remove(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	link_init(l);
}

static inline void link_append(struct link *head, struct link *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

static inline void link_prepend(struct link *head, struct link *l)
{
	link_append(head->next, l);
}

/* Take all of `from` (left empty) onto the empty `to`. */
static inline void link_splice(struct link *to, struct link *from)
{
	if (!link_linked(from))
		return;
	to->next = from->next;
	to->prev = from->prev;
	to->next->prev = to->prev->next = to;
	link_init(from);
}

/* All of `from` (left empty) comes before what is on `to`. */
static inline void link_put_back(struct link *to, struct link *from)
{
	if (!link_linked(from))
		return;
	from->prev->next = to->next;
	to->next->prev = from->prev;
	to->next = from->next;
	to->next->prev = to;
	link_init(from);
}

#endif
