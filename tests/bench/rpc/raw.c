/* tests/bench/rpc/raw.c - the channel's own round trip, by bytes: the floor. A 64-byte frame. */
#include "tests/bench/rpc/rpc.h"

#include <string.h>

#define PAYLOAD 56

static void echo(struct rill_channel *ch, void *user)
{
	struct rill_room room;
	struct rill_msg msg;

	while (rill_channel_recv(ch, &msg) == 0) {
		int r = rill_channel_reserve(ch, msg.len, &room);

		if (r == 0) {
			memcpy(room.data, msg.data, msg.len);
			r = rill_channel_commit(ch, msg.len);
		}
		rill_msg_release(&msg);
		if (r < 0)
			side_fail(user, r);
	}
}

static int serve(struct side *s, struct rill_channel *ch)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = echo};

	return rill_channel_set_events(ch, &events, s);
}

static int send_one(struct rill_channel *ch)
{
	struct rill_room room;
	int r = rill_channel_reserve(ch, PAYLOAD, &room);

	if (r < 0)
		return r;
	memset(room.data, 1, PAYLOAD);
	return rill_channel_commit(ch, PAYLOAD);
}

static void on_answer(struct rill_channel *ch, void *user)
{
	unsigned char payload[PAYLOAD];
	struct side *s = user;
	struct rill_msg msg;
	int r;

	while (rill_channel_recv(ch, &msg) == 0) {
		r = rill_msg_copy(&msg, payload, sizeof(payload));
		rill_msg_release(&msg);
		if (r >= 0 && batches_next(s->b))
			r = send_one(ch);
		else
			s->done = true;
		if (r < 0)
			side_fail(s, r);
	}
}

static int begin(struct side *s)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_answer};
	int r = rill_channel_set_events(s->channel, &events, s);

	return r < 0 ? r : send_one(s->channel);
}

const struct row raw_row = {.name = "channel, bytes", .serve = serve, .ask = begin};
