/* tests/fuzz/rpc.c - a peer that says anything in the tags of its messages: each call of ours ends once, each request too, and
 * what the peer breaks ends the channel alone. */
#include "tests/fuzz/support/duo.h"

#include <errno.h>
#include <rill/rpc.h>

enum { ANSWER = 2, PART, FAILED, REFUSED, KEPT = 8, CALLS = 64, STEPS = 300 };

struct scene {
	struct duo duo;
	struct rill_rpc *rpc;
	struct rill_request kept[KEPT];
	unsigned kept_count;
	unsigned char ended[CALLS];
	struct rill_call call[CALLS];
	unsigned asked;
};

static uint64_t id_of(const struct rill_msg *msg)
{
	return msg->tag >> 24;
}

static int on_request(struct rill_request rq, struct rill_msg *msg, void *user)
{
	struct scene *s = user;

	(void)msg;
	switch (bytes_below(&s->duo.in, 4)) {
	case 0:
		return rill_request_answer(rq, NULL) < 0 ? -EIO : 0;
	case 1:
		return -ENOSYS;
	default:
		if (s->kept_count == KEPT || rill_request_keep(rq, s) < 0)
			return -ENOBUFS;
		s->kept[s->kept_count++] = rq;
		return 0;
	}
}

static void on_note(struct rill_rpc *rpc, uint16_t type, struct rill_msg *msg, void *user)
{
	(void)rpc, (void)type, (void)msg, (void)user;
}

static void on_gone(struct rill_request rq, int why, void *kept, void *user)
{
	(void)rq, (void)why;
	if (kept && kept != user)
		still_broken("another's request", why);
}

static void on_closed(struct rill_rpc *rpc, int why, void *user)
{
	struct scene *s = user;

	(void)why;
	rill_rpc_close(rpc);
	s->rpc = NULL;
	s->kept_count = 0;
}

static int on_offer(struct duo *d, struct rill_channel *ch)
{
	static const struct rill_rpc_options o = {.size = sizeof(o), .calls = 8, .requests = 6};
	static const struct rill_rpc_events events = {
		.size = sizeof(events),
		.request = on_request,
		.notification = on_note,
		.gone = on_gone,
		.closed = on_closed,
	};
	struct scene *s = (struct scene *)(void *)d; /* its first member */

	return s->rpc ? -EBUSY : rill_rpc_create(&s->rpc, ch, &o, &events, s);
}

static void on_answer(const struct rill_answer *a, void *user)
{
	unsigned char *ended = user;

	if (*ended)
		still_broken("a call was told of after its end", a->end);
	*ended = a->end != RILL_PART;
}

static void ask(struct scene *s)
{
	unsigned how = bytes_u8(&s->duo.in);
	struct rill_ask ask = {.size = sizeof(ask), .type = how & 7, .answered = on_answer};

	if (!s->rpc || s->asked == CALLS)
		return;
	ask.timeout_ns = how & 64 ? 50000000 : 0;
	ask.user = &s->ended[s->asked];
	if (rill_rpc_call(s->rpc, &ask, NULL, &s->call[s->asked]) == 0)
		s->asked++;
}

static void answer(struct scene *s)
{
	unsigned how = bytes_u8(&s->duo.in);
	struct rill_request rq;

	if (!s->kept_count)
		return;
	rq = s->kept[how % s->kept_count];
	if (how & 64) {
		(void)!rill_request_part(rq, NULL);
		return;
	}
	s->kept_count--;
	s->kept[how % (s->kept_count + 1)] = s->kept[s->kept_count];
	if (how & 128)
		(void)!rill_request_answer(rq, NULL);
	else
		rill_request_fail(rq, -EIO);
}

static void let_go(struct scene *s)
{
	unsigned at = s->asked ? bytes_u8(&s->duo.in) % s->asked : 0;

	if (s->rpc && s->asked && !s->ended[at] && rill_call_cancel(s->call[at]) == 0)
		s->ended[at] = 1;
}

static void say(struct scene *s)
{
	static const char body[768];
	uint64_t tag = bytes_below(&s->duo.in, 9);

	tag |= bytes_twist(&s->duo.in, bytes_below(&s->duo.in, 8)) << 8;
	tag |= (bytes_u8(&s->duo.in) & 1 ? duo_id(&s->duo) : bytes_below(&s->duo.in, 12)) << 24;
	duo_say(&s->duo, body, 3 * (size_t)bytes_u8(&s->duo.in), tag, bytes_u8(&s->duo.in) >= 240);
}

static void step(struct scene *s, unsigned what)
{
	switch (what) {
	case 0:
	case 1:
	case 2:
		say(s);
		break;
	case 3:
		ask(s);
		break;
	case 4:
		answer(s);
		break;
	case 5:
		let_go(s);
		break;
	case 6:
		s->duo.now += 1000000 * (uint64_t)bytes_u8(&s->duo.in);
		break;
	default:
		duo_run(&s->duo);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct scene s = {.duo = {.in = {bytes, len}, .offer = on_offer, .id_of = id_of}};

	duo_begin(&s.duo);
	duo_open(&s.duo, "calls", NULL, 0);
	duo_run(&s.duo);
	for (unsigned i = 0; i < STEPS && s.duo.in.left; i++)
		step(&s, bytes_below(&s.duo.in, 10));
	duo_end(&s.duo);
	for (unsigned i = 0; i < s.asked; i++)
		if (!s.ended[i] && s.duo.closed)
			still_broken("a call that never ended", i);
	return 0;
}

size_t fuzz_seed(unsigned n, uint8_t *to, size_t room)
{
	/* a request, kept and answered; a call, answered; one twice; a cancel */
	static const uint8_t seeds[][24] = {
		{0, 1, 1, 0, 0, 7, 0, 0, 9, 2, 4, 128, 9, 0, 6, 0, 0, 0, 7, 0, 0, 9},
		{3, 1, 9, 0, ANSWER, 0, 0, 1, 0, 0, 9, 0, 9, 3, 65, 6, 200, 9, 0, PART, 0, 0, 1, 1},
		{3, 1, 9, 0, FAILED, 5, 0, 1, 0, 0, 0, 9, 0, REFUSED, 5, 0, 1, 0, 0, 0, 9, 5, 0, 9},
	};

	if (n >= 3 || room < sizeof(seeds[0]))
		return 0;
	memcpy(to, seeds[n], sizeof(seeds[0]));
	return sizeof(seeds[0]);
}
