/* tests/inject/talks.c - scenes: calls with answers of every kind, as bytes and as structured messages, which outgrow the ring
 * and are lent. */
#include "tests/inject/steps.h"

#include <rill/letter.h>
#include <rill/rpc.h>
#include <string.h>

enum { ECHO = 1, PARTS, LETTER };

/* ---- Both sides ------------------------------------------------------------------------------------------------- */

static void on_closed(struct rill_rpc *rpc, int why, void *user)
{
	struct side *sd = user;

	if (why == -EPROTO)
		side_wrong(sd, "an honest peer was called a liar: an rpc's closed()", why);
	side_told(sd, "an rpc's closed()", why);
	rill_rpc_close(rpc);
	sd->rpc = NULL;
}

static int answer_letter(struct side *sd, struct rill_request rq, struct rill_msg *msg)
{
	struct rill_draft_options o = {.size = sizeof(o), .arena = sd->arena};
	struct rill_letter letter;
	struct rill_draft draft;
	int r = TRY(sd, rill_letter_open(&letter, msg, NULL));

	if (r == 0)
		r = TRY(sd, rill_draft_answer(&draft, rq, true, &o));
	if (r < 0)
		return r;
	r = rill_slot_copy(rill_draft_root(&draft), rill_letter_root(&letter));
	if (r < 0) {
		side_told(sd, "rill_slot_copy()", r);
		rill_draft_drop(&draft);
		return r;
	}
	return rill_draft_send(&draft, NULL);
}

static int on_request(struct rill_request rq, struct rill_msg *msg, void *user)
{
	struct side *sd = user;
	struct iovec body = {.iov_base = (void *)(uintptr_t)msg->data, .iov_len = msg->len};
	struct rill_out out = {.size = sizeof(out), .parts = &body, .part_count = 1};
	int r = 0;

	if (rq.type == LETTER)
		r = answer_letter(sd, rq, msg);
	else if (rq.type == PARTS)
		r = TRY(sd, rill_request_part(rq, &out));
	if (r == 0 && rq.type != LETTER)
		r = TRY(sd, rill_request_answer(rq, &out));
	if (r < 0)
		side_told(sd, "an answer", r);
	return r;
}

static const struct rill_rpc_events rpc_events = {.size = sizeof(rpc_events), .request = on_request, .closed = on_closed};
static const struct rill_rpc_options rpc_options = {.size = sizeof(rpc_options), .calls = 8, .requests = 8};

static bool make_arena(struct side *sd)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 1 << 20, .ready = 1 << 16};

	return sd->arena || TRY(sd, rill_arena_create(&sd->arena, sd->ctx, &o)) == 0;
}

int rpc_offer(struct side *sd, struct rill_channel *ch)
{
	return make_arena(sd) ? TRY(sd, rill_rpc_create(&sd->rpc, ch, &rpc_options, &rpc_events, sd)) : -ENOMEM;
}

bool rpc_server(struct side *sd)
{
	return side_finish_after_peer(sd);
}

/* ---- Who asks --------------------------------------------------------------------------------------------------- */

static bool open_rpc(struct side *sd)
{
	if (!sd->ch &&
	    (rill_session_status(sd->s) != 1 || TRY(sd, rill_channel_open(&sd->ch, sd->s, "calls", NULL, NULL, NULL)) < 0))
		return false;
	if (!make_arena(sd) || TRY(sd, rill_rpc_create(&sd->rpc, sd->ch, &rpc_options, &rpc_events, sd)) < 0)
		return false;
	sd->ch = NULL; /* the rpc's */
	return side_next(sd);
}

static void look(struct side *sd, struct rill_msg *msg, bool letter)
{
	struct rill_letter l;

	if (!letter && (msg->len != 4 || memcmp(msg->data, "body", 4) != 0))
		side_wrong(sd, "an answer is not what was asked", 0);
	if (letter && (rill_letter_open(&l, msg, NULL) < 0 || rill_pointer_data(rill_letter_root(&l)).len != sd->since))
		side_wrong(sd, "a letter is not what was sent", 0);
}

static void ended(const struct rill_answer *a, struct side *sd, bool letter)
{
	if (a->end == RILL_ANSWERED || a->end == RILL_PART)
		look(sd, a->msg, letter);
	else
		side_told(sd, "answered()", a->error);
	sd->told += a->end != RILL_PART;
}

static void on_answer(const struct rill_answer *a, void *user)
{
	ended(a, user, false);
}

static void on_letter(const struct rill_answer *a, void *user)
{
	ended(a, user, true);
}

static bool call(struct side *sd, uint16_t kind)
{
	const struct rill_ask ask = {
		.size = sizeof(ask), .type = kind, .answered = on_answer, .user = sd, .timeout_ns = 1000000000};
	struct iovec body = {"body", 4};
	struct rill_out out = {.size = sizeof(out), .parts = &body, .part_count = 1};

	return sd->rpc && TRY(sd, rill_rpc_call(sd->rpc, &ask, &out, NULL)) == 0 && side_next(sd);
}

bool rpc_client(struct side *sd)
{
	switch (sd->step) {
	case 0:
		return open_rpc(sd);
	case 1:
	case 2:
		return call(sd, sd->step == 1 ? ECHO : PARTS);
	case 3:
		return sd->rpc && TRY(sd, rill_rpc_notify(sd->rpc, 9, NULL)) == 0 && side_next(sd);
	case 4:
		return call(sd, ECHO);
	case 5:
		return sd->told == 3 && side_finish(sd);
	default:
		return false;
	}
}

/* Data of this many bytes: in the ring, or in blocks. What is not sent is built anew. */
static bool send_letter(struct side *sd, size_t len)
{
	const struct rill_ask ask = {.size = sizeof(ask), .type = LETTER, .answered = on_letter, .user = sd};
	struct rill_draft_options o = {.size = sizeof(o), .arena = sd->arena};
	struct rill_draft draft;
	void *data;
	int r;

	if (!sd->rpc || TRY(sd, rill_draft_call(&draft, sd->rpc, &ask, &o)) < 0)
		return false;
	data = rill_slot_init_data(rill_draft_root(&draft), len);
	if (data)
		memset(data, 'l', len);
	r = rill_draft_send(&draft, NULL);
	if (r == -EAGAIN)
		rill_draft_drop(&draft);
	else if (r < 0)
		side_told(sd, "rill_draft_send()", r);
	sd->since = len;
	return r == 0 && side_next(sd);
}

bool letters_client(struct side *sd)
{
	static const size_t lens[] = {100, 3000, 20000};

	if (sd->step == 0)
		return open_rpc(sd);
	if (sd->step > 6)
		return false;
	if (sd->step % 2)
		return send_letter(sd, lens[sd->step / 2]);
	if (sd->told < sd->step / 2)
		return false;
	return sd->step == 6 ? side_finish(sd) : side_next(sd);
}
