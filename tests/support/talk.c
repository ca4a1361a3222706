/* tests/support/talk.c - see talk.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/talk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *name_of(int why)
{
	return why ? strerrorname_np(-why) : "0";
}

__attribute__((format(printf, 2, 3))) static void tell(struct talker *t, const char *text, ...)
{
	size_t used = strlen(t->told);
	va_list args;

	if (used + 128 > sizeof(t->told))
		return;
	if (used)
		used += (size_t)snprintf(t->told + used, sizeof(t->told) - used, ", ");
	va_start(args, text);
	vsnprintf(t->told + used, sizeof(t->told) - used, text, args);
	va_end(args);
}

static void hook(struct talker *t, const char *event)
{
	if (t->hook)
		t->hook(t, event);
}

static int text_of(const struct rill_msg *msg)
{
	return msg->len < 40 ? (int)msg->len : 40;
}

static struct rill_out out_of(struct iovec *part, const char *text)
{
	*part = (struct iovec){.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
	return (struct rill_out){.size = sizeof(struct rill_out), .parts = part, .part_count = 1};
}

int talk_answer(struct rill_request rq, const char *text)
{
	struct iovec part;
	struct rill_out out = out_of(&part, text);

	return rill_request_answer(rq, &out);
}

static int talk_part(struct rill_request rq, const char *text)
{
	struct iovec part;
	struct rill_out out = out_of(&part, text);

	return rill_request_part(rq, &out);
}

int talk_note(struct talker *t, uint16_t type, const char *text)
{
	struct iovec part;
	struct rill_out out = out_of(&part, text);

	return rill_rpc_notify(t->rpc, type, &out);
}

/* ---- What b does ------------------------------------------------------------------------------------------------ */

static int echo(struct rill_request rq, struct rill_msg *msg)
{
	struct iovec part = {.iov_base = (void *)(uintptr_t)msg->data, .iov_len = msg->len};

	return rill_request_answer(rq, &(struct rill_out){.size = sizeof(struct rill_out), .parts = &part, .part_count = 1});
}

static int keep(struct talker *t, struct rill_request rq)
{
	assert_true(t->kept_count < 64);
	t->kept[t->kept_count++] = rq;
	return rill_request_keep(rq, (void *)(uintptr_t)t->kept_count);
}

static int parts(struct rill_request rq)
{
	int r = talk_part(rq, "one");

	if (r == 0)
		r = talk_part(rq, "two");
	return r == 0 ? talk_answer(rq, "three") : r;
}

static int on_request(struct rill_request rq, struct rill_msg *msg, void *user)
{
	struct talker *t = user;

	tell(t, "request %.*s", text_of(msg), (const char *)msg->data);
	hook(t, "request");
	switch (rq.type) {
	case TALK_ECHO:
		return echo(rq, msg);
	case TALK_KEEP:
		return keep(t, rq);
	case TALK_FAIL:
		return -EXDEV;
	case TALK_PARTS:
		return parts(rq);
	case TALK_CLOSE:
		rill_rpc_close(t->rpc);
		t->rpc = NULL;
		return 0;
	default:
		return 0;
	}
}

static void on_note(struct rill_rpc *rpc, struct rill_msg *msg, void *user)
{
	(void)rpc;
	tell(user, "note %.*s", text_of(msg), (const char *)msg->data);
	hook(user, "note");
}

static void on_stray_note(struct rill_rpc *rpc, uint16_t type, struct rill_msg *msg, void *user)
{
	(void)rpc;
	tell(user, "stray note %u %.*s", type, text_of(msg), (const char *)msg->data);
}

static void on_gone(struct rill_request rq, int why, void *kept, void *user)
{
	(void)rq;
	tell(user, "gone %u %s", (unsigned)(uintptr_t)kept, name_of(why));
	hook(user, "gone");
}

static void on_writable(struct rill_rpc *rpc, void *user)
{
	(void)rpc;
	tell(user, "writable");
	hook(user, "writable");
}

static void on_closed(struct rill_rpc *rpc, int why, void *user)
{
	(void)rpc;
	tell(user, "closed %s", name_of(why));
	hook(user, "closed");
}

static const struct rill_rpc_events events = {
	.size = sizeof(events),
	.notification = on_stray_note,
	.gone = on_gone,
	.writable = on_writable,
	.closed = on_closed,
};

/* Not in the order of their types. */
static const struct rill_handler handlers[] = {
	{.type = TALK_NOTE, .notification = on_note}, {.type = TALK_KEEP, .request = on_request},
	{.type = TALK_ECHO, .request = on_request},   {.type = TALK_FAIL, .request = on_request},
	{.type = TALK_PARTS, .request = on_request},  {.type = TALK_FORGET, .request = on_request},
	{.type = TALK_CLOSE, .request = on_request},
};

/* ---- Asking ----------------------------------------------------------------------------------------------------- */

static void on_answer(const struct rill_answer *a, void *user)
{
	static const char *const ends[] = {"answer", "part", "failed", "refused", "expired", "lost"};
	struct talker *t = user;

	if (a->msg)
		tell(t, "%s %.*s", ends[a->end], text_of(a->msg), (const char *)a->msg->data);
	else
		tell(t, "%s %s", ends[a->end], name_of(a->error));
	t->answers += a->end != RILL_PART;
	hook(t, ends[a->end]);
}

int talk_ask(struct talker *t, uint16_t type, const char *text, uint64_t timeout_ns, struct rill_call *ret_call)
{
	struct rill_ask ask = {.size = sizeof(ask), .type = type, .timeout_ns = timeout_ns, .answered = on_answer, .user = t};
	struct iovec part;
	struct rill_out out = out_of(&part, text);

	return rill_rpc_call(t->rpc, &ask, &out, ret_call);
}

void talk_expect(struct talker *t, const char *told)
{
	assert_string_equal(t->told, told);
	t->told[0] = '\0';
}

/* ---- Starting and stopping -------------------------------------------------------------------------------------- */

static void speak(struct talker *t, const struct rill_rpc_options *options)
{
	struct rill_rpc_options o = *options;

	o.size = sizeof(o);
	o.handlers = handlers;
	o.handler_count = sizeof(handlers) / sizeof(*handlers);
	assert_int_equal(rill_rpc_create(&t->rpc, t->end->ch, &o, &events, t), 0);
}

void talk_open(struct talk *t, const struct talk_options *options)
{
	struct talk_options o = options ? *options : (struct talk_options){0};

	memset(t, 0, sizeof(*t));
	t->clock.now = 1000;
	t->a = (struct talker){.talk = t, .end = &t->pair.a};
	t->b = (struct talker){.talk = t, .end = &t->pair.b};
	o.pair.ctx_a.now = notes_now;
	o.pair.ctx_a.clock = &t->clock;
	pair_open(&t->pair, &o.pair);
	pair_channel(&t->pair, "talk");
	speak(&t->a, &o.a);
	speak(&t->b, &o.b);
	pair_run(&t->pair);
}

void talk_stop(struct talk *t)
{
	pair_stop(&t->pair);
}

void talk_asks(struct talker *t, uint16_t type, const char *text, uint64_t timeout_ns, struct rill_call *ret_call)
{
	assert_int_equal(talk_ask(t, type, text, timeout_ns, ret_call), 0);
}

void talk_pass(struct talk *t, uint64_t ns)
{
	t->clock.now += ns;
	pair_run(&t->pair);
}

struct rill_rpc_usage talk_usage(const struct rill_rpc *rpc)
{
	struct rill_rpc_usage u = {.size = sizeof(u)};

	rill_rpc_get_usage(rpc, &u);
	return u;
}

void talk_nothing_left(struct talk *t)
{
	struct rill_rpc_usage a = talk_usage(t->a.rpc), b = talk_usage(t->b.rpc);

	assert_int_equal(a.calls + a.requests + a.unsent, 0);
	assert_int_equal(b.calls + b.requests + b.unsent, 0);
}

void talk_stop_clean(struct talk *t)
{
	talk_nothing_left(t);
	talk_stop(t);
}
