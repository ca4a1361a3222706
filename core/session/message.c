/* core/session/message.c - what a user does with a message that recv.c gave him: look at what it carries, copy it, let go of
 * it. The channel may be closed, the session over, the ctx destroyed by then: the message keeps their structs. */
#include "session/session.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

int rill_msg_take_fd(struct rill_msg *msg, unsigned index)
{
	struct rill_channel *ch = channel_of(msg);

	if (!ch || index >= msg->fd_count)
		return -EINVAL;
	if (ctx_check(ch->session->ctx) == -ECHILD)
		return -ECHILD;
	return fds_take(ch->session, (uint32_t)msg->opaque[OPAQUE_FDS], index);
}

int rill_msg_loan(const struct rill_msg *msg, unsigned index, const void **ret_data, size_t *ret_len)
{
	const struct rill_channel *ch = channel_of(msg);
	const struct held_loans *h;

	if (!ch || index >= msg->loan_count || !ret_data || !ret_len)
		return -EINVAL;
	if (ctx_check(ch->session->ctx) == -ECHILD)
		return -ECHILD;
	h = loans_of(msg);
	*ret_data = h->loan[index + h->body].data;
	*ret_len = h->loan[index + h->body].len;
	return 0;
}

struct rill_writer *rill_msg_writer(const struct rill_msg *msg, unsigned index)
{
	const struct rill_channel *ch = channel_of(msg);
	const struct held_loans *h;

	if (!ch || index >= msg->loan_count || ctx_check(ch->session->ctx) == -ECHILD)
		return NULL;
	h = loans_of(msg);
	return borrow_writer(ch->session, h->loan[index + h->body].arena);
}

int rill_msg_mapping(const struct rill_msg *msg, unsigned index, struct rill_mapping *ret_mapping)
{
	const struct rill_channel *ch = channel_of(msg);
	size_t size = ret_mapping ? ret_mapping->size : 0;
	const struct held_loans *h;
	struct rill_mapping m;

	if (!ch || index >= msg->loan_count || size < sizeof(m.size))
		return -EINVAL;
	if (ctx_check(ch->session->ctx) == -ECHILD)
		return -ECHILD;
	h = loans_of(msg);
	borrow_mapping(ch->session, h->loan[index + h->body].arena, &m);
	m.size = size;
	memset(ret_mapping, 0, size);
	memcpy(ret_mapping, &m, size < sizeof(m) ? size : sizeof(m));
	return 0;
}

int rill_msg_copy(const struct rill_msg *msg, void *to, size_t size)
{
	const struct rill_channel *ch = channel_of(msg);

	if (!ch || (!to && msg->len))
		return -EINVAL;
	if (ctx_check(ch->session->ctx) == -ECHILD)
		return -ECHILD;
	if (size < msg->len || msg->len > INT_MAX)
		return -EMSGSIZE;
	if (msg->len)
		memcpy(to, msg->data, msg->len);
	return (int)msg->len;
}

/* The channel may be closed, the session over, the ctx destroyed. */
static inline void release_place(struct rill_channel *ch, uint64_t held)
{
	struct rill_session *s = ch->session;
	bool due = ring_release(&ch->in, held);

	ch->held--;
	/* While its ring is being drained the position is published at the first empty look; a closed one has none. */
	if (s->fd >= 0 && (due || ch->closed || !ctx_in_dispatch(s->ctx) || !link_linked(&ch->hot)))
		channel_publish(ch);
	if (link_linked(&ch->place) && s->open_wanted && s->fd >= 0)
		channel_sweep(s);
}

static inline void release(struct rill_channel *ch, const struct rill_msg *msg)
{
	struct rill_session *s = ch->session;

	if (loans_of(msg))
		borrow_release(s, loans_of(msg));
	if (msg->opaque[OPAQUE_FDS] != NO_FDS)
		fds_drop(s, (uint32_t)msg->opaque[OPAQUE_FDS]);
	release_place(ch, msg->opaque[OPAQUE_HELD]);
}

void message_release(const struct rill_msg *msg)
{
	struct rill_channel *ch = channel_of(msg);

	if (!ch || ctx_check(ch->session->ctx) == -ECHILD)
		return;
	release(ch, msg);
	session_unhold(ch->session);
}

/* The session, even the ctx may go with it. */
static RARE void release_any(struct rill_channel *ch, struct rill_msg *msg)
{
	struct rill_session *s = ch->session;
	struct rill_ctx *ctx = s->ctx;
	struct rill_msg copy = *msg;

	memset(msg, 0, sizeof(*msg));
	ctx_ref(ctx);
	ctx_enter(ctx);
	release(ch, &copy);
	session_unhold(s);
	ctx_leave(ctx);
	ctx_unref(ctx);
}

/* Its session lives, so that it cannot go by this, and is dispatched; no descriptor or loan is in it. What its channel frees is
 * published by deliver() then, unless it is much, or the channel is closed or waits to be used again. */
static inline bool release_usual(struct rill_channel *ch, struct rill_msg *msg)
{
	struct rill_session *s = ch->session;

	if (!channel_lives(ch) || !ctx_in_dispatch(s->ctx) || msg->opaque[OPAQUE_FDS] != NO_FDS || loans_of(msg) ||
	    !link_linked(&ch->hot) || link_linked(&ch->place))
		return false;
	if (ring_release(&ch->in, msg->opaque[OPAQUE_HELD]))
		channel_publish(ch);
	ch->held--;
	s->held--;
	return true;
}

void rill_msg_release(struct rill_msg *msg)
{
	struct rill_channel *ch = channel_of(msg);

	if (!ch)
		return;
	if (release_usual(ch, msg))
		memset(msg, 0, sizeof(*msg));
	else if (ctx_check(ch->session->ctx) != -ECHILD)
		release_any(ch, msg);
}

void message_forget(struct rill_msg *msg)
{
	struct rill_session *s = channel_of(msg)->session;

	if (ctx_check(s->ctx) != -ECHILD) {
		rill_msg_release(msg);
		return;
	}
	borrow_unhold(s, loans_of(msg));
	session_unhold(s);
}
