/* tests/bench/rpc/typed.c - the same with structured requests and answers: 64-byte frames, too, of which five words are fields;
 * built in the ring and read there, both ways. */
#include "tests/bench/rpc/rpc.h"

#define ADD 1
#define WORDS 6

static void fill(struct rill_draft *d, uint64_t base)
{
	struct rill_struct_builder s = rill_slot_init_struct(rill_draft_root(d), 5, 0);

	for (uint32_t i = 0; i < 5; i++)
		rill_struct_set_u64(s, 8 * i, base + i, 0);
}

static uint64_t sum(struct rill_letter *l)
{
	struct rill_struct s = rill_pointer_struct(rill_letter_root(l));
	uint64_t of = 0;

	for (uint32_t i = 0; i < 5; i++)
		of += rill_struct_u64(s, 8 * i, 0);
	return of;
}

static const struct rill_draft_options small = {.size = sizeof(small), .words = WORDS};

static int on_add(struct rill_request rq, struct rill_msg *msg, void *user)
{
	struct rill_letter l;
	struct rill_draft d;
	int r = rill_letter_open(&l, msg, NULL);

	(void)user;
	if (r == 0)
		r = rill_draft_answer(&d, rq, true, &small);
	if (r < 0)
		return r;
	fill(&d, sum(&l));
	return rill_draft_send(&d, NULL);
}

static int serve(struct side *s, struct rill_channel *ch)
{
	static const struct rill_handler handlers[] = {{.type = ADD, .request = on_add}};
	struct rill_rpc_options o = {.size = sizeof(o), .handlers = handlers, .handler_count = 1};

	return rill_rpc_create(&s->rpc, ch, &o, NULL, s);
}

static void on_answer(const struct rill_answer *a, void *user);

static int ask(struct side *s)
{
	struct rill_ask ask = {.size = sizeof(ask), .type = ADD, .answered = on_answer, .user = s};
	struct rill_draft d;
	int r = rill_draft_call(&d, s->rpc, &ask, &small);

	if (r < 0)
		return r;
	fill(&d, 1);
	return rill_draft_send(&d, NULL);
}

static void on_answer(const struct rill_answer *a, void *user)
{
	struct side *s = user;
	struct rill_letter l;
	int r = a->msg ? rill_letter_open(&l, a->msg, NULL) : a->error;

	if (r == 0 && sum(&l) != 5 * 15 + 10)
		r = -EBADMSG;
	if (r == 0 && batches_next(s->b))
		r = ask(s);
	else
		s->done = true;
	if (r < 0)
		side_fail(s, r);
}

static int begin(struct side *s)
{
	int r = rill_rpc_create(&s->rpc, s->channel, NULL, NULL, s);

	return r < 0 ? r : ask(s);
}

const struct row typed_row = {.name = "structured, in the ring", .serve = serve, .ask = begin};
