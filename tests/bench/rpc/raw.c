/* tests/bench/rpc/raw.c - the channel's own round trip, by bytes: the floor. A 64-byte frame, whose words are written in the
 * ring, and read and summed there, both ways, as the structured row's are. */
#include "tests/bench/rpc/rpc.h"

#define WORDS 7
#define PAYLOAD (WORDS * sizeof(uint64_t))

static void fill(uint64_t *words, uint64_t base)
{
	for (unsigned i = 0; i < WORDS; i++)
		words[i] = base + i;
}

static uint64_t sum(const struct rill_msg *msg)
{
	const volatile uint64_t *words = msg->data; /* the peer's: each is loaded once */
	uint64_t of = 0;

	for (unsigned i = 0; i < WORDS; i++)
		of += words[i];
	return of;
}

static int send_words(struct rill_channel *ch, uint64_t base)
{
	struct rill_room room;
	int r = rill_channel_reserve(ch, PAYLOAD, &room);

	if (r < 0)
		return r;
	fill(room.data, base);
	return rill_channel_commit(ch, PAYLOAD);
}

static void answer(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	while (rill_channel_recv(ch, &msg) == 0) {
		int r = msg.len == PAYLOAD ? send_words(ch, sum(&msg)) : -EBADMSG;

		rill_msg_release(&msg);
		if (r < 0)
			side_fail(user, r);
	}
}

static int serve(struct side *s, struct rill_channel *ch)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = answer};

	return rill_channel_set_events(ch, &events, s);
}

static void on_answer(struct rill_channel *ch, void *user)
{
	struct side *s = user;
	struct rill_msg msg;
	int r;

	while (rill_channel_recv(ch, &msg) == 0) {
		r = msg.len == PAYLOAD && sum(&msg) == 7 * 28 + 21 ? 0 : -EBADMSG;
		if (r == 0 && batches_next(s->b))
			r = send_words(ch, 1);
		else
			s->done = true;
		rill_msg_release(&msg);
		if (r < 0)
			side_fail(s, r);
	}
}

static int begin(struct side *s)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_answer};
	int r = rill_channel_set_events(s->channel, &events, s);

	return r < 0 ? r : send_words(s->channel, 1);
}

const struct row raw_row = {.name = "channel, bytes", .serve = serve, .ask = begin};
