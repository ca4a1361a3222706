/* core/share/yard.c - what was closed inside a callback stays until no running dispatch can still point to it. */
#include "share/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void yard_init(struct yard *y, struct source *source)
{
	y->source = source;
	y->since = 0;
	link_init(&y->dead);
}

void yard_bury(struct yard *y, struct link *first_member)
{
	link_remove(first_member);
	if (!ctx_in_dispatch(y->source->ctx)) {
		free(first_member);
		return;
	}
	link_append(&y->dead, first_member);
	y->since = ctx_dispatches(y->source->ctx);
	source_wake(y->source);
}

void yard_finish(struct yard *y)
{
	while (link_linked(&y->dead)) {
		struct link *l = y->dead.next;

		link_remove(l);
		free(l);
	}
}

bool yard_clear(struct yard *y)
{
	if (!link_linked(&y->dead))
		return true;
	if (ctx_dispatches(y->source->ctx) == y->since)
		return false;
	yard_finish(y);
	return true;
}

int finds_check(unsigned *finds)
{
	if (*finds > FINDS_MAX)
		return -EINVAL;
	*finds = *finds ? *finds : FINDS_DEFAULT;
	return 0;
}

int name_check(const char *name)
{
	size_t len;

	if (!name)
		return -EINVAL;
	len = strnlen(name, RILL_NAME_MAX + 1);
	return len && len <= RILL_NAME_MAX ? 0 : -ENAMETOOLONG;
}

void share_release(struct rill_msg *msg)
{
	if (msg->data)
		message_forget(msg);
	memset(msg, 0, sizeof(*msg));
}
