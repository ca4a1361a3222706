/* core/share/finder.c - the side that finds: one channel to a directory, and the ids of what was asked there. Invariant: an
 * index is used again only when the directory has nothing more to say of it, or will be told END first. */
#include "share/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t id_of(const struct question *q)
{
	return (uint64_t)q->generation << 32 | q->index;
}

/* ---- Saying ---------------------------------------------------------------------------------------------------- */

static int say(struct rill_names *n, enum service_kind kind, const struct question *q, const char *name)
{
	struct service_message m = {.kind = kind, .arg = kind == SERVICE_FIND ? q->arg : 0, .id = id_of(q)};
	struct iovec part[2] = {{.iov_base = &m, .iov_len = sizeof(m)}};
	struct rill_out out = {.size = sizeof(out), .parts = part, .part_count = name ? 2 : 1};

	if (name)
		part[1] = (struct iovec){.iov_base = (void *)(uintptr_t)name, .iov_len = strlen(name)};
	return n->ch ? rill_channel_sendmsg(n->ch, &out) : n->why;
}

static int say_marks(struct rill_names *n, uint32_t at)
{
	struct rill_loan loan = {
		.arena = n->ch ? n->ch->session->arena : NULL,
		.data = n->marks[at].mark,
		.len = SERVICE_MARKS * sizeof(struct service_mark),
	};
	struct rill_out out = {.size = sizeof(out), .tag = (uint64_t)at + 1, .loans = &loan, .loan_count = 1};
	int e = n->ch ? 0 : n->why;

	if (e == 0 && !n->marks[at].sent)
		e = rill_channel_sendmsg(n->ch, &out);
	if (e == 0)
		n->marks[at].sent = true;
	return e;
}

static char **name_of(const struct question *q)
{
	return q->find ? &q->find->name : &q->reader->name;
}

static int say_find(struct rill_names *n, struct question *q)
{
	int e = q->reader ? say_marks(n, q->index / SERVICE_MARKS) : 0;

	if (e == 0)
		e = say(n, SERVICE_FIND, q, *name_of(q));
	if (e < 0)
		return e;
	q->state = QUESTION_ASKED;
	free(*name_of(q));
	*name_of(q) = NULL;
	return 0;
}

static void fail(struct rill_names *n, struct question *q, int why)
{
	link_remove(&q->unsent);
	q->why = why;
	link_append(&n->failed, &q->unsent);
	source_wake(&n->source);
}

/* What meets a full ring is said at writable(). What cannot be asked at all has its end in our turn; of the channel's end
 * closed() tells. */
static void flush(struct rill_names *n)
{
	while (link_linked(&n->unsent)) {
		struct question *q = container_of(n->unsent.next, struct question, unsent);
		int e = q->state == QUESTION_ASKING ? say_find(n, q) : say(n, SERVICE_END, q, NULL);

		if (e < 0 && (e == -EAGAIN || q->state != QUESTION_ASKING || !n->ch || channel_reason(n->ch) < 0))
			return;
		if (e < 0) {
			fail(n, q, e);
			continue;
		}
		link_remove(&q->unsent);
		if (q->state == QUESTION_ENDING)
			question_free(n, q);
	}
}

void names_gone(struct rill_names *n, const struct question *q)
{
	(void)say(n, SERVICE_GONE, q, NULL); /* the owner looks by himself, later */
}

/* ---- Questions -------------------------------------------------------------------------------------------------- */

static struct question *new_question(struct rill_names *n)
{
	struct question **grown, *q;
	unsigned room = n->room ? n->room * 2 : 16;

	if (n->count == n->room) {
		grown = realloc(n->questions, room * sizeof(struct question *));
		if (!grown)
			return NULL;
		n->questions = grown;
		n->room = room;
	}
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	link_init(&q->unsent);
	q->index = n->count;
	n->questions[n->count++] = q;
	link_append(&n->idle, &q->unsent);
	return q;
}

int question_begin(struct rill_names *n, unsigned arg, struct question **ret)
{
	struct question *q;

	if (!n->ch || channel_reason(n->ch) < 0)
		return n->ch ? channel_reason(n->ch) : n->why;
	if (!link_linked(&n->idle) && n->count == n->finds)
		return -ENOBUFS;
	if (!link_linked(&n->idle) && !new_question(n))
		return -ENOMEM;
	q = container_of(n->idle.next, struct question, unsent);
	q->arg = arg;
	q->find = NULL;
	q->reader = NULL;
	*ret = q;
	return 0;
}

void question_ask(struct rill_names *n, struct question *q)
{
	link_remove(&q->unsent);
	if (++q->generation == 0)
		q->generation = 1; /* no id is 0 */
	q->state = QUESTION_ASKING;
	link_append(&n->unsent, &q->unsent);
	flush(n);
}

void question_free(struct rill_names *n, struct question *q)
{
	link_remove(&q->unsent);
	q->state = QUESTION_FREE;
	q->find = NULL;
	q->reader = NULL;
	link_append(&n->idle, &q->unsent);
}

void question_end(struct rill_names *n, struct question *q)
{
	bool asked = q->state != QUESTION_ASKING;

	if (!asked) {
		question_free(n, q);
		return;
	}
	q->state = QUESTION_ENDING;
	q->find = NULL;
	q->reader = NULL;
	link_append(&n->unsent, &q->unsent);
	flush(n);
}

/* Our marks: blocks of the session's own arena, which the directory sees once they are lent. */
int names_marks(struct rill_names *n, uint32_t index, struct service_mark **ret)
{
	uint32_t at = index / SERVICE_MARKS;
	struct rill_session *s = n->ch->session;
	struct marks *grown;
	int e;

	if (at >= n->marks_room) {
		grown = realloc(n->marks, (at + 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		memset(grown + n->marks_room, 0, (at + 1 - n->marks_room) * sizeof(*grown));
		n->marks = grown;
		n->marks_room = at + 1;
	}
	if (!n->marks[at].mark) {
		e = lend_arena(s);
		if (e < 0)
			return e;
		n->marks[at].mark = rill_arena_alloc_aligned(s->arena, WIRE_LINE, SERVICE_MARKS * sizeof(struct service_mark));
		if (!n->marks[at].mark)
			return -ENOMEM;
		memset(n->marks[at].mark, 0, SERVICE_MARKS * sizeof(struct service_mark));
	}
	*ret = &n->marks[at].mark[index % SERVICE_MARKS];
	return 0;
}

/* ---- Finds ----------------------------------------------------------------------------------------------------- */

/* Its one end. */
static void tell_find(struct rill_names *n, struct question *q, int result, struct rill_msg *msg)
{
	struct rill_find *f = q->find;
	rill_found_fn *found = f->found;
	void *user = f->user;

	f->question = NULL;
	free(f->name);
	f->name = NULL;
	question_free(n, q);
	yard_bury(&n->yard, &f->place); /* we are in a dispatch: it stays while found() runs */
	found(f, result, msg, user);
}

int rill_names_find(struct rill_find **ret_find, struct rill_names *n, const char *name, unsigned flags, rill_found_fn *found,
                    void *user)
{
	struct rill_find *f;
	struct question *q;
	int e = names_check(n);

	if (e == 0)
		e = found && !(flags & ~RILL_FIND_WAIT) ? name_check(name) : -EINVAL;
	if (e == 0)
		e = question_begin(n, SERVICE_OBJECT | (flags ? (unsigned)SERVICE_WAIT : 0), &q);
	if (e < 0)
		return e;
	f = calloc(1, sizeof(*f));
	if (!f || !(f->name = strdup(name))) {
		free(f);
		return -ENOMEM;
	}
	link_init(&f->place);
	f->names = n;
	f->question = q;
	f->found = found;
	f->user = user;
	q->find = f;
	ctx_enter(n->ctx);
	question_ask(n, q);
	ctx_leave(n->ctx);
	if (ret_find)
		*ret_find = f;
	return 0;
}

void rill_find_cancel(struct rill_find *f)
{
	struct rill_names *n = f ? f->names : NULL;
	struct question *q;

	if (!n || names_check(n) < 0 || !f->question)
		return;
	q = f->question;
	f->question = NULL;
	free(f->name);
	f->name = NULL;
	ctx_enter(n->ctx);
	question_end(n, q);
	yard_bury(&n->yard, &f->place);
	ctx_leave(n->ctx);
}

/* ---- What comes ------------------------------------------------------------------------------------------------ */

/* NULL: of an id that we have let go of. */
static struct question *question_of(const struct rill_names *n, uint64_t id)
{
	struct question *q = (uint32_t)id < n->count ? n->questions[(uint32_t)id] : NULL;

	return q && id_of(q) == id && (q->state == QUESTION_ASKED || q->state == QUESTION_OPEN) ? q : NULL;
}

static void on_missing(struct rill_names *n, struct question *q, int why)
{
	struct rill_cell_reader *r = q->reader;

	if (q->find) {
		tell_find(n, q, why, NULL);
		return;
	}
	r->question = NULL;
	question_free(n, q);
	reader_over(r, why);
}

bool names_tell_failed(struct rill_names *n)
{
	struct question *q;

	if (!link_linked(&n->failed))
		return false;
	q = container_of(n->failed.next, struct question, unsent);
	link_remove(&q->unsent);
	on_missing(n, q, q->why);
	return true;
}

static int errno_of(uint32_t arg)
{
	return arg && arg < 4096 ? -(int)arg : -EPROTO;
}

/* What is wrong with it, or NULL. After this n may be gone. */
static const char *on_found(struct rill_names *n, struct rill_msg *msg)
{
	struct question *q = question_of(n, msg->tag);
	struct rill_msg its = *msg;

	if (msg->loan_count != 1 || (q && q->state == QUESTION_OPEN))
		return "an answer to what was not asked, or without what it names";
	if (!q)
		return NULL;
	memset(msg, 0, sizeof(*msg)); /* the finder's from here on */
	if (q->find) {
		tell_find(n, q, 0, &its);
	} else {
		q->state = QUESTION_OPEN;
		reader_found(q->reader, &its);
	}
	return NULL;
}

static const char *on_message(struct rill_names *n, const struct service_message *m)
{
	struct question *q = question_of(n, m->id);

	if (m->kind < SERVICE_MISSING || m->kind > SERVICE_CLOSED)
		return "a message of no known kind";
	if (!q)
		return NULL;
	if ((q->state == QUESTION_OPEN) != (m->kind >= SERVICE_CHANGED))
		return "an answer to what was not asked";
	if (m->kind == SERVICE_MISSING)
		on_missing(n, q, errno_of(m->arg));
	else if (m->kind == SERVICE_CHANGED)
		reader_changed(q->reader);
	else
		reader_over(q->reader, m->arg ? errno_of(m->arg) : 0);
	return NULL;
}

static const char *take(struct rill_names *n, struct rill_msg *msg)
{
	struct service_message m;

	if (!msg->len && msg->tag)
		return on_found(n, msg);
	if (msg->len != sizeof(m) || rill_msg_copy(msg, &m, sizeof(m)) < 0)
		return "a message of no known length";
	return on_message(n, &m);
}

static bool alive(const struct rill_names *n, const struct rill_channel *ch)
{
	return names_check(n) == 0 && n->ch == ch;
}

/* n stays while this runs: whoever closes it, it is freed at depth 0. */
static void on_readable(struct rill_channel *ch, void *user)
{
	struct rill_names *n = user;
	struct rill_session *s = ch->session;
	const char *wrong = NULL;
	struct rill_msg msg;

	while (!wrong && alive(n, ch) && rill_channel_recv(ch, &msg) == 0) {
		wrong = take(n, &msg);
		rill_msg_release(&msg);
	}
	if (wrong)
		session_end(s, -EPROTO, "directory: %s", wrong);
}

static void on_writable(struct rill_channel *ch, void *user)
{
	(void)ch;
	flush(user);
}

static void end_all(struct rill_names *n, const struct rill_channel *ch)
{
	for (unsigned i = 0; i < n->count && alive(n, ch); i++) {
		struct question *q = n->questions[i];

		if (q->find)
			tell_find(n, q, n->why, NULL);
		else if (q->reader)
			reader_over(q->reader, n->why);
	}
}

static void on_closed(struct rill_channel *ch, int why, void *user)
{
	struct rill_names *n = user;

	n->why = why ? why : -EPIPE;
	end_all(n, ch);
}

const struct rill_channel_events names_events = {
	.size = sizeof(names_events),
	.readable = on_readable,
	.writable = on_writable,
	.closed = on_closed,
};
