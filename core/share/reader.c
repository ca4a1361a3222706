/* core/share/reader.c - a cell that is read. Its mark and its arm are ours, in the session's own arena; the cell's block and
 * the versions are the owner's, loaded once and checked. */
#include "share/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int reader_check(const struct rill_cell_reader *r)
{
	int e = r ? ctx_check(r->names->ctx) : -EINVAL;

	if (e < 0)
		return e;
	return r->closed || r->names->source.gone ? -ECANCELED : 0;
}

/* ---- Told by the directory ------------------------------------------------------------------------------------- */

/* "Tell me of the next change." Whoever publishes after this sees it; whoever did before is seen by the user's next read. */
static void arm(struct rill_cell_reader *r)
{
	atomic_store_explicit(&r->versions.mark->arm, ++r->arm, memory_order_relaxed);
	r->armed = true;
	/* arm before the next load of `current`; twin: versions_publish(), F2, before the owner loads arm. */
	atomic_thread_fence(memory_order_seq_cst);
}

void reader_over(struct rill_cell_reader *r, int why)
{
	if (r->told)
		return;
	r->told = true;
	r->why = why ? why : -EPIPE;
	if (r->events.closed)
		r->events.closed(r, why, r->user);
}

static int begin(struct rill_cell_reader *r)
{
	struct rill_mapping m = {.size = sizeof(m)};
	const void *data;
	size_t len;
	int e = rill_msg_loan(&r->msg, 0, &data, &len);

	if (e == 0)
		e = rill_msg_mapping(&r->msg, 0, &m);
	if (e < 0)
		return e;
	r->versions.base = m.base;
	r->versions.capacity = m.capacity;
	return version_reader_begin(&r->versions, data, len);
}

void reader_found(struct rill_cell_reader *r, struct rill_msg *msg)
{
	r->msg = *msg;
	if (begin(r) < 0) {
		reader_over(r, -EPROTO);
		return;
	}
	r->found = true;
	if (r->events.opened)
		r->events.opened(r, r->user);
}

void reader_changed(struct rill_cell_reader *r)
{
	if (!r->armed || r->told)
		return;
	arm(r);
	if (r->events.changed)
		r->events.changed(r, r->user);
}

/* ---- Open and close -------------------------------------------------------------------------------------------- */

static int start(struct rill_cell_reader *r, struct rill_names *n, const char *name, struct question *q)
{
	int e = names_marks(n, q->index, &r->versions.mark);

	if (e < 0)
		return e;
	r->name = strdup(name);
	if (!r->name)
		return -ENOMEM;
	atomic_store_explicit(&r->versions.mark->mark, 0, memory_order_relaxed);
	atomic_store_explicit(&r->versions.mark->arm, 0, memory_order_relaxed);
	r->names = n;
	r->question = q;
	q->reader = r;
	if (r->events.changed)
		arm(r);
	link_append(&n->readers, &r->place);
	question_ask(n, q);
	return 0;
}

int rill_cell_reader_open(struct rill_cell_reader **ret_reader, struct rill_names *n, const char *name, unsigned flags,
                          const struct rill_cell_reader_events *events, void *user)
{
	struct rill_cell_reader_events copy;
	struct rill_cell_reader *r;
	struct question *q;
	int e = names_check(n);

	if (e == 0)
		e = ret_reader && !(flags & ~RILL_FIND_WAIT) ? name_check(name) : -EINVAL;
	if (e == 0)
		e = table_copy(&copy, sizeof(copy), events);
	if (e == 0)
		e = question_begin(n, SERVICE_CELL | (flags ? (unsigned)SERVICE_WAIT : 0), &q);
	if (e < 0)
		return e;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	link_init(&r->place);
	r->events = copy;
	r->user = user;
	ctx_enter(n->ctx);
	e = start(r, n, name, q);
	ctx_leave(n->ctx);
	if (e < 0)
		free(r);
	else
		*ret_reader = r;
	return e;
}

void reader_leave(struct rill_cell_reader *r)
{
	if (r->names->ch)
		atomic_store_explicit(&r->versions.mark->mark, 0, memory_order_release);
	share_release(&r->msg);
	r->closed = true;
}

void reader_bury(struct rill_cell_reader *r)
{
	share_release(&r->msg);
	free(r->name);
	r->name = NULL;
	yard_bury(&r->names->yard, &r->place);
}

void rill_cell_reader_close(struct rill_cell_reader *r)
{
	struct rill_names *n;

	if (!r || reader_check(r) < 0)
		return;
	n = r->names;
	ctx_enter(n->ctx);
	reader_leave(r);
	if (r->question)
		question_end(n, r->question);
	r->question = NULL;
	reader_bury(r);
	ctx_leave(n->ctx);
}

/* ---- Read ------------------------------------------------------------------------------------------------------ */

static int readable(const struct rill_cell_reader *r)
{
	int e = reader_check(r);

	if (e < 0)
		return e;
	if (r->told)
		return r->why;
	if (!r->found)
		return -EAGAIN;
	return r->versions.held ? -EBUSY : 0;
}

int rill_cell_read(struct rill_cell_reader *r, struct rill_cell_view *ret_view)
{
	struct version v;
	int e = ret_view ? readable(r) : -EINVAL;

	if (e == 0)
		e = version_take(&r->versions, &v);
	if (e == 0)
		*ret_view = (struct rill_cell_view){.data = v.data, .len = v.len, .version = v.number};
	return e;
}

int rill_cell_mapping(const struct rill_cell_reader *r, struct rill_mapping *ret_mapping)
{
	int e = reader_check(r);

	if (e == 0 && !r->found)
		e = r->told ? r->why : -EAGAIN;
	return e < 0 ? e : rill_msg_mapping(&r->msg, 0, ret_mapping);
}

int rill_cell_done(struct rill_cell_reader *r)
{
	int e = reader_check(r);

	if (e < 0 || !r->versions.held)
		return e < 0 ? e : -EINVAL;
	e = version_done(&r->versions);
	if (version_wanted(&r->versions) && r->question)
		names_gone(r->names, r->question);
	return e;
}
