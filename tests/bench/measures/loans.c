/* tests/bench/measures/loans.c - what it costs that much is lent: a round trip by loan while the peer holds from 1 to 100,000
 * other blocks of ours, and what lending and giving back one of those costs. */
#include "tests/bench/plan.h"
#include "tests/bench/rill/side.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 64
#define RING (8u << 20) /* a held message keeps its place in the ring */

struct held {
	struct rill_channel *channel;
	struct rill_msg *messages; /* server */
	uint64_t count, loans;
};

static void limits(const struct task *t, struct rill_session_options *o)
{
	o->loans = (unsigned)t->count + 16;
	o->ring_bytes = RING;
	o->channels = 2;
}

/* ---- Server: holds what comes on the channel called "hold" ------------------------------------------------------ */

static void on_held(struct rill_channel *ch, void *user)
{
	struct side *s = user;
	struct held *h = s->beside;

	while (h->count < s->run->task.count && rill_channel_recv(ch, &h->messages[h->count]) == 0)
		h->loans += h->messages[h->count++].loan_count;
	if (h->loans >= s->run->task.count)
		run_tell(s->run, 1);
}

static int take_hold(struct side *s, struct rill_channel *ch)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_held};
	struct held *h;

	if (strcmp(rill_channel_name(ch), "hold") != 0)
		return 0;
	s->beside = h = calloc(1, sizeof(*h));
	if (h)
		h->messages = calloc(s->run->task.count, sizeof(*h->messages));
	if (!h || !h->messages)
		side_fail(s, -ENOMEM);
	else
		rill_channel_set_events(ch, &events, s);
	return 1;
}

static int give_back(struct side *s)
{
	struct held *h = s->beside;
	uint64_t begun = clock_now_ns();

	if (s->run->role == RUN_CLIENT)
		return 0;
	for (uint64_t i = 0; i < h->count; i++)
		rill_msg_release(&h->messages[i]);
	s->run->out->extra[1] = (double)(clock_now_ns() - begun) / (double)h->loans;
	return 0;
}

/* ---- Client ----------------------------------------------------------------------------------------------------- */

static int lend_some(struct side *s, struct rill_arena *arena, uint64_t count)
{
	struct held *h = s->beside;
	struct rill_loan loans[RILL_LOANS_MAX];
	struct rill_out out = {.size = sizeof(out), .loans = loans, .loan_count = (unsigned)count};
	int r;

	for (uint64_t i = 0; i < count; i++) {
		loans[i] = (struct rill_loan){.arena = arena, .data = rill_arena_alloc(arena, BLOCK), .len = BLOCK};
		if (!loans[i].data)
			return -ENOMEM;
	}
	while ((r = rill_channel_sendmsg(h->channel, &out)) == -EAGAIN && !s->error)
		if ((r = side_wait(s)) < 0)
			return r;
	return r;
}

static int lend_all(struct side *s)
{
	struct rill_arena_options options = {.size = sizeof(options), .capacity = s->run->task.count * 4 * BLOCK + (16 << 20)};
	uint64_t left = s->run->task.count, begun;
	struct rill_arena *arena;
	struct held *h;
	int r;

	if (s->run->role == RUN_SERVER)
		return 0;
	s->beside = h = calloc(1, sizeof(*h));
	r = h ? rill_arena_create(&arena, s->ctx, &options) : -ENOMEM;
	if (r == 0)
		r = rill_channel_open(&h->channel, s->session, "hold", NULL, NULL, NULL);
	begun = clock_now_ns();
	while (r == 0 && left > 0) {
		uint64_t some = left > RILL_LOANS_MAX ? RILL_LOANS_MAX : left;

		r = lend_some(s, arena, some);
		left -= some;
	}
	s->run->out->extra[0] = (double)(clock_now_ns() - begun) / (double)s->run->task.count;
	return r < 0 ? r : run_await(s->run, 1);
}

static const struct side_how how = {
	.sending = SEND_LOAN,
	.limits = limits,
	.crowd = lend_all,
	.channel = take_hold,
	.after = give_back,
};

static const struct way row = {
	.key = "rill-loan",
	.name = "Rill, a block lent again",
	.kind = KIND_RILL,
	.lends = true,
	.prepare = side_prepare,
	.client = side_ask,
	.server = side_serve,
	.param = &how,
};

static void plan_loans(struct plan *p)
{
	static const uint64_t counts[] = {1, 10, 100, 1000, 10000, 100000};

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts) && p->two; i++) {
		struct task t = {.wait = WAIT_SPIN, .work = WORK_HANDLE, .bytes = BLOCK, .answer = BLOCK, .burst = 1};

		if (p->form == FORM_SMOKE && counts[i] > 1000)
			continue;
		t.count = counts[i];
		plan_trips(p, &t, 600, 5, 50000);
		plan_add(p, &row, &t, 2, counts[i]);
	}
}

static void record(const struct plan *p, const struct cell *c, const struct outcome *out, struct point *point)
{
	plan_record_trips(p, c, out, point);
	point_add(point, "lend_ns", out->extra[0]); /* one block: allocated and lent, 16 in a message */
	point_add(point, "give_back_ns", out->extra[1]);
}

const struct measure MEASURE(loans) = {
	.key = "loans",
	.title = "Round trip by loan while more is lent",
	.at = "loans held",
	.order = 8,
	.plan = plan_loans,
	.record = record,
};
