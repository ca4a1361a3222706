/* tests/loops/notes.c - see notes.h. */
#include "notes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char last[sizeof(((struct notes *)0)->text)]; /* what notes_read() gave */

__attribute__((format(printf, 2, 3))) static void take(struct notes *n, const char *format, ...)
{
	size_t used = strlen(n->text);
	va_list args;

	n->hooks++;
	if (used > sizeof(n->text) - 64)
		return;
	if (used > 0)
		used = (size_t)(stpcpy(n->text + used, ", ") - n->text);
	va_start(args, format);
	vsnprintf(n->text + used, sizeof(n->text) - used, format, args);
	va_end(args);
}

static const char *spell(short events)
{
	switch (events) {
	case POLLIN:
		return "in";
	case POLLOUT:
		return "out";
	case POLLIN | POLLOUT:
		return "in|out";
	default:
		return "nonsense";
	}
}

static int on_add(void *loop, struct rill_watch *w)
{
	struct notes *n = loop;

	if (n->refuse < 0 && n->accept == 0) {
		take(n, "refuse %d", w->fd);
		return n->refuse;
	}
	n->accept -= n->refuse < 0;
	n->watches++;
	take(n, "add %d %s%s", w->fd, spell(w->events), w->adapter ? " (adapter set)" : "");
	w->adapter = n;
	return 0;
}

static void on_update(void *loop, struct rill_watch *w)
{
	take(loop, "update %d %s%s", w->fd, spell(w->events), w->adapter == loop ? "" : " (adapter lost)");
}

static void on_remove(void *loop, struct rill_watch *w)
{
	struct notes *n = loop;

	n->watches--;
	take(n, "remove %d%s", w->fd, w->adapter == loop ? "" : " (adapter lost)");
}

static void on_deadline(void *loop, uint64_t when)
{
	if (when == RILL_NEVER)
		take(loop, "deadline never");
	else if (when == 0)
		take(loop, "deadline now");
	else
		take(loop, "deadline %" PRIu64, when);
}

static void on_release(void *loop)
{
	struct notes *n = loop;

	n->released++;
	take(n, "release");
}

const struct rill_loop notes_loop = {
	.size = sizeof(notes_loop),
	.add = on_add,
	.update = on_update,
	.remove = on_remove,
	.deadline = on_deadline,
	.release = on_release,
};

const char *notes_read(struct notes *n)
{
	memcpy(last, n->text, sizeof(last));
	n->text[0] = '\0';
	return last;
}

uint64_t notes_now(void *clock)
{
	struct notes_clock *c = clock;

	c->reads++;
	c->now += c->step;
	return c->now;
}
