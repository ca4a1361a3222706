/* core/rpc/rpc.c - an rpc's life, and how its channel's events and its deadline reach the other files. */
#include "rpc/rpc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CALLS 256
#define REQUESTS 256

void rpc_heed_pause(struct rill_rpc *rpc)
{
	if (!rpc->ch)
		return;
	if (rpc->paused || rpc->stalled)
		rill_channel_pause(rpc->ch);
	else
		rill_channel_resume(rpc->ch);
}

RARE int rpc_refusal(const struct rill_rpc *rpc)
{
	int e = rpc ? ctx_check(rpc_ctx(rpc)) : -EINVAL;

	return e < 0 ? e : -ECANCELED;
}

/* ---- Ends ------------------------------------------------------------------------------------------------------- */

void rpc_end(struct rill_rpc *rpc, int why)
{
	int reason = why ? why : -EPIPE;

	rpc->wants_room = rpc->wants_call = false;
	calls_lose(rpc, reason);
	if (!rpc_over(rpc))
		requests_lose(rpc, reason);
	if (!rpc_over(rpc) && rpc->events.closed)
		rpc->events.closed(rpc, why, rpc->user);
}

static struct rill_channel *let_channel_go(struct rill_rpc *rpc)
{
	struct rill_channel *ch = rpc->ch;

	rpc->ch = NULL;
	if (ch)
		ch->released = NULL;
	return ch;
}

void rpc_violated(struct rill_rpc *rpc, int why)
{
	rpc->why = why;
	rill_channel_abort(let_channel_go(rpc), why);
	rpc_end(rpc, why);
}

/* ---- The channel's events --------------------------------------------------------------------------------------- */

static void on_opened(struct rill_channel *ch, void *user)
{
	struct rill_rpc *rpc = user;

	(void)ch;
	if (rpc->events.opened)
		rpc->events.opened(rpc, rpc->user);
}

static void on_writable(struct rill_channel *ch, void *user)
{
	(void)ch;
	outbound_flush(user);
}

static void on_closed(struct rill_channel *ch, int why, void *user)
{
	(void)ch;
	rpc_end(user, why);
}

static const struct rill_channel_events channel_events = {
	.size = sizeof(channel_events),
	.opened = on_opened,
	.readable = inbound_readable,
	.writable = on_writable,
	.closed = on_closed,
};

/* The user closed the channel, or its session: the rpc with it. */
static void on_released(struct rill_channel *ch)
{
	struct rill_rpc *rpc = ch->user;

	rpc->ch = NULL;
	source_doom(&rpc->source);
}

/* ---- The source ------------------------------------------------------------------------------------------------- */

static struct rill_rpc *rpc_of(const struct source *s)
{
	return container_of(s, struct rill_rpc, source);
}

static short wants(const struct source *s)
{
	(void)s;
	return 0; /* it watches nothing */
}

static uint64_t deadline(const struct source *s)
{
	const struct rill_rpc *rpc = rpc_of(s);

	return rpc->heap_count ? rpc->calls[rpc->heap[0]].deadline : RILL_NEVER;
}

static void due(struct source *s, uint64_t now)
{
	rpc_of(s)->due_until = now;
	source_wake(s);
}

static unsigned turn(struct source *s)
{
	struct rill_rpc *rpc = rpc_of(s);
	unsigned told = 0;

	if (rpc->due_until)
		told = calls_expire(rpc, ctx_budget(rpc_ctx(rpc)));
	if (!rpc->wants_call || rpc_over(rpc) || rpc->call_count == rpc->call_max)
		return told;
	rpc->wants_call = false;
	if (rpc->events.writable)
		rpc->events.writable(rpc, rpc->user);
	return told + 1;
}

static bool rest(struct source *s)
{
	return !rpc_of(s)->due_until;
}

static void drop(struct source *s)
{
	let_channel_go(rpc_of(s));
	source_doom(s);
}

static void finish(struct source *s)
{
	struct rill_rpc *rpc = rpc_of(s);

	calls_finish(rpc);
	requests_finish(rpc);
	free(rpc->handlers);
	free(rpc);
}

static const struct source_ops rpc_ops = {
	.wants = wants,
	.deadline = deadline,
	.due = due,
	.turn = turn,
	.rest = rest,
	.drop = drop,
	.child = drop,
	.finish = finish,
};

/* ---- Create ----------------------------------------------------------------------------------------------------- */

static int by_type(const void *a, const void *b)
{
	const struct rill_handler *x = a, *y = b;

	return (x->type > y->type) - (x->type < y->type);
}

static int copy_handlers(struct rill_rpc *rpc, const struct rill_rpc_options *o)
{
	if (!o->handler_count)
		return 0;
	rpc->handlers = reallocarray(NULL, o->handler_count, sizeof(*rpc->handlers));
	if (!rpc->handlers)
		return -ENOMEM;
	memcpy(rpc->handlers, o->handlers, o->handler_count * sizeof(*rpc->handlers));
	rpc->handler_count = o->handler_count;
	qsort(rpc->handlers, rpc->handler_count, sizeof(*rpc->handlers), by_type);
	for (unsigned i = 1; i < rpc->handler_count; i++)
		if (rpc->handlers[i].type == rpc->handlers[i - 1].type)
			return -EINVAL;
	return 0;
}

static int check_options(struct rill_rpc_options *ret, const struct rill_rpc_options *options)
{
	int e = table_copy(ret, sizeof(*ret), options);

	if (e < 0)
		return e;
	if (ret->calls > SLOTS_MAX || ret->requests > SLOTS_MAX || (ret->handler_count && !ret->handlers))
		return -EINVAL;
	return 0;
}

static uint64_t random_odd(const void *salt)
{
	uint64_t key = (uintptr_t)salt * UINT64_C(0x9e3779b97f4a7c15);

	if (getrandom(&key, sizeof(key), GRND_NONBLOCK) < 0)
		key ^= (uintptr_t)&key; /* early in boot: the addresses have to do */
	return key | 1;
}

static int init(struct rill_rpc *rpc, const struct rill_rpc_options *o, const struct rill_rpc_events *events, void *user)
{
	int e = table_copy(&rpc->events, sizeof(rpc->events), events);

	if (e < 0)
		return e;
	rpc->call_max = o->calls ? o->calls : CALLS;
	rpc->request_max = o->requests ? o->requests : REQUESTS;
	rpc->timeout_ns = o->timeout_ns ? o->timeout_ns : RILL_NEVER;
	rpc->call_free = rpc->request_free = NONE;
	rpc->cancels = rpc->unsent = (struct queue){NONE, NONE};
	rpc->hash_key = random_odd(rpc);
	rpc->user = user;
	return copy_handlers(rpc, o);
}

static void take_channel(struct rill_rpc *rpc, struct rill_channel *ch)
{
	rpc->ch = ch;
	rill_channel_set_events(ch, &channel_events, rpc);
	ch->released = on_released;
}

static int create(struct rill_rpc **ret_rpc, struct rill_channel *ch, const struct rill_rpc_options *o,
                  const struct rill_rpc_events *events, void *user)
{
	struct rill_rpc *rpc = calloc(1, sizeof(*rpc));
	int e = rpc ? init(rpc, o, events, user) : -ENOMEM;

	if (e == 0) /* it has no rings: who spins need not look at it */
		e = source_add_part(&rpc->source, &ch->session->source, &rpc_ops);
	if (e < 0) {
		if (rpc)
			free(rpc->handlers);
		free(rpc);
		return e;
	}
	take_channel(rpc, ch);
	*ret_rpc = rpc;
	return 0;
}

int rill_rpc_create(struct rill_rpc **ret_rpc, struct rill_channel *ch, const struct rill_rpc_options *options,
                    const struct rill_rpc_events *events, void *user)
{
	struct rill_rpc_options o;
	int e = channel_check(ch);

	if (e == 0)
		e = ret_rpc ? check_options(&o, options) : -EINVAL;
	if (e == 0 && ch->released)
		e = -EBUSY;
	if (e < 0)
		return e;
	ctx_enter(ch->session->ctx);
	e = create(ret_rpc, ch, &o, events, user);
	ctx_leave(ch->session->ctx);
	return e;
}

/* ---- Questions and small actions -------------------------------------------------------------------------------- */

struct rill_channel *rill_rpc_channel(const struct rill_rpc *rpc)
{
	return rpc_check(rpc) < 0 ? NULL : rpc->ch;
}

void *rill_rpc_user(const struct rill_rpc *rpc)
{
	return rpc_check(rpc) < 0 ? NULL : rpc->user;
}

static void set_paused(struct rill_rpc *rpc, bool paused)
{
	if (rpc_check(rpc) < 0)
		return;
	rpc->paused = paused;
	rpc_heed_pause(rpc);
}

void rill_rpc_pause(struct rill_rpc *rpc)
{
	set_paused(rpc, true);
}

void rill_rpc_resume(struct rill_rpc *rpc)
{
	set_paused(rpc, false);
}

static void close_rpc(struct rill_rpc *rpc, bool in_order, int why)
{
	struct rill_ctx *ctx = rpc_ctx(rpc);
	struct rill_channel *ch;

	ctx_enter(ctx);
	ch = let_channel_go(rpc);
	if (in_order)
		rill_channel_close(ch);
	else
		rill_channel_abort(ch, why);
	source_doom(&rpc->source);
	ctx_leave(ctx);
}

void rill_rpc_close(struct rill_rpc *rpc)
{
	if (rpc_check(rpc) == 0)
		close_rpc(rpc, true, 0);
}

void rill_rpc_abort(struct rill_rpc *rpc, int why)
{
	if (rpc_check(rpc) == 0)
		close_rpc(rpc, false, why);
}

void rill_rpc_get_usage(const struct rill_rpc *rpc, struct rill_rpc_usage *ret_usage)
{
	struct rill_rpc_usage u = {0};

	if (rpc_check(rpc) < 0 || !ret_usage)
		return;
	u.size = ret_usage->size < sizeof(u) ? ret_usage->size : sizeof(u);
	u.calls = rpc->call_count;
	u.requests = rpc->open_count;
	u.unsent = rpc->unsent_count;
	memcpy(ret_usage, &u, u.size);
}
