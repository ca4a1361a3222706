/* core/share/names.c - the life of a finder's side: one channel, a source of its own that nothing waits for, and the marks of
 * its readers, which lie in the session's own arena. It is over when its channel is let go of, by its own close or the
 * session's. */
#include "share/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct rill_names *names_of(const struct source *s)
{
	return container_of(s, struct rill_names, source);
}

int names_check(const struct rill_names *n)
{
	int e = n ? ctx_check(n->ctx) : -EINVAL;

	if (e < 0)
		return e;
	return n->source.gone ? -ECANCELED : 0;
}

static short wants(const struct source *s)
{
	(void)s;
	return 0;
}

static unsigned turn(struct source *s)
{
	struct rill_names *n = names_of(s);
	unsigned told = 0;

	yard_clear(&n->yard);
	while (names_check(n) == 0 && names_tell_failed(n))
		told++;
	return told;
}

static bool rest(struct source *s)
{
	const struct rill_names *n = names_of(s);

	return !link_linked(&n->yard.dead) && !link_linked(&n->failed);
}

static void drop(struct source *s)
{
	source_doom(s);
}

static void free_question(struct rill_names *n, struct question *q)
{
	if (q->find) {
		free(q->find->name);
		yard_bury(&n->yard, &q->find->place);
	}
	free(q);
}

static void finish(struct source *s)
{
	struct rill_names *n = names_of(s);

	while (link_linked(&n->readers))
		reader_bury(container_of(n->readers.next, struct rill_cell_reader, place));
	for (unsigned i = 0; i < n->count; i++)
		free_question(n, n->questions[i]);
	yard_finish(&n->yard);
	free(n->questions);
	free(n->marks);
	ctx_unref(n->ctx);
	free(n);
}

static const struct source_ops names_ops = {
	.wants = wants,
	.turn = turn,
	.rest = rest,
	.drop = drop,
	.child = drop,
	.finish = finish,
};

/* Its session is closed: the marks' memory goes with that. */
static void on_released(struct rill_channel *ch)
{
	struct rill_names *n = ch->user;

	n->ch = NULL;
	source_doom(&n->source);
}

/* What is lent of them stays until it comes back. */
static void free_marks(struct rill_names *n)
{
	for (unsigned i = 0; i < n->marks_room; i++)
		if (n->marks[i].mark)
			rill_arena_free(n->ch->session->arena, n->marks[i].mark);
}

void rill_names_close(struct rill_names *n)
{
	struct rill_channel *ch;
	struct rill_ctx *ctx;

	if (!n || names_check(n) < 0)
		return;
	ctx = n->ctx;
	ctx_enter(ctx);
	ch = n->ch;
	for (struct link *l = n->readers.next; l != &n->readers; l = l->next)
		reader_leave(container_of(l, struct rill_cell_reader, place));
	free_marks(n);
	n->ch = NULL;
	ch->released = NULL;
	rill_channel_close(ch);
	source_doom(&n->source);
	ctx_leave(ctx);
}

static int open_channel(struct rill_names *n, struct rill_session *s)
{
	uint32_t version = SERVICE_VERSION;
	struct rill_channel_options o = {.size = sizeof(o), .metadata = &version, .metadata_len = sizeof(version)};
	int e = rill_channel_open(&n->ch, s, SERVICE_CHANNEL, &o, &names_events, n);

	if (e < 0)
		return e;
	n->ch->released = on_released;
	return 0;
}

static struct rill_names *new_names(unsigned finds)
{
	struct rill_names *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->finds = finds;
	link_init(&n->idle);
	link_init(&n->unsent);
	link_init(&n->failed);
	link_init(&n->readers);
	yard_init(&n->yard, &n->source);
	return n;
}

/* The channel comes last: nothing may fail once the peer was asked for it. */
static int open_names(struct rill_names *n, struct rill_session *s)
{
	int e = source_add(&n->source, s->ctx, &names_ops);

	if (e < 0) {
		free(n);
		return e;
	}
	n->ctx = s->ctx;
	ctx_ref(n->ctx);
	e = open_channel(n, s);
	if (e < 0)
		source_doom(&n->source);
	return e;
}

int rill_names_open(struct rill_names **ret_names, struct rill_session *s, const struct rill_names_options *options)
{
	struct rill_names_options o;
	struct rill_names *n;
	struct rill_ctx *ctx;
	int e = session_check(s);

	if (e == 0)
		e = ret_names ? table_copy(&o, sizeof(o), options) : -EINVAL;
	if (e == 0)
		e = finds_check(&o.finds);
	if (e < 0)
		return e;
	n = new_names(o.finds);
	if (!n)
		return -ENOMEM;
	ctx = s->ctx;
	ctx_enter(ctx);
	e = open_names(n, s);
	if (e == 0)
		*ret_names = n;
	ctx_leave(ctx);
	return e;
}
