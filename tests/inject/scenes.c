/* tests/inject/scenes.c - see scenes.h. The sides take their steps outside callbacks, by `step`; callbacks only note. */
#include "tests/inject/steps.h"
#include "tests/support/pair.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *const scene_loop_names[SCENE_LOOPS] = {"notes", "epoll", "poll", "select"};

/* ---- What may be and what may not ------------------------------------------------------------------------------ */

void side_wrong(struct side *sd, const char *what, int r)
{
	if (!sd->wrong[0])
		snprintf(sd->wrong, sizeof(sd->wrong), "%s: %s gave %s at step %u", sd->server ? "server" : "client", what,
		         r < 0 ? strerrorname_np(-r) : "0", sd->step);
}

void side_note(struct side *sd, const char *call, int r)
{
	if (sd->error)
		return;
	sd->error = r;
	sd->call = call;
}

void side_told(struct side *sd, const char *what, int why)
{
	if (why < 0 && inject.happened)
		side_note(sd, what, why);
}

/* The end of the session is known or will be told by the next read. */
bool side_over(const struct side *sd, int r)
{
	return sd->ended || (sd->s && rill_session_status(sd->s) < 0) || r == -ECONNRESET || r == -EPIPE;
}

/* ---- Callbacks ------------------------------------------------------------------------------------------------- */

static void on_channel_closed(struct rill_channel *ch, int why, void *user)
{
	struct side *sd = user;

	if (ch != sd->ch)
		return; /* the one before */
	if (sd->ch_ended)
		side_wrong(sd, "a channel's closed() told twice", why);
	sd->ch_ended = true;
	sd->ch_why = why;
}

static const struct rill_channel_events channel_events = {.size = sizeof(channel_events), .closed = on_channel_closed};

static int on_offer(struct rill_session *s, struct rill_channel *ch, void *user)
{
	struct side *sd = user;

	(void)s;
	if (!strcmp(rill_channel_name(ch), "refuse"))
		return -EDQUOT;
	if (sd->scene->offer)
		return sd->scene->offer(sd, ch);
	side_drain(sd); /* what the one before still holds */
	sd->ch = ch;
	sd->ch_ended = false;
	rill_channel_set_events(ch, &channel_events, sd);
	return 0;
}

static void on_session_closed(struct rill_session *s, int why, void *user)
{
	struct side *sd = user;

	(void)s;
	if (sd->ended)
		side_wrong(sd, "closed() told twice", why);
	if (why == -EPROTO)
		side_wrong(sd, "an honest peer was called a liar: closed()", why);
	sd->ended = true;
	sd->why = why;
}

static const struct rill_session_events session_events = {
	.size = sizeof(session_events),
	.channel = on_offer,
	.closed = on_session_closed,
};

static void on_accepted(struct rill_listener *l, struct rill_session *s, void *user)
{
	struct side *sd = user;

	(void)l;
	if (sd->s)
		rill_session_close(sd->s); /* the client before died */
	sd->s = s;
	rill_session_set_events(s, &session_events, sd);
}

static void on_listener_closed(struct rill_listener *l, int why, void *user)
{
	struct side *sd = user;

	rill_listener_close(l);
	sd->listener = NULL;
	side_note(sd, "listener closed()", why);
}

static const struct rill_listener_events listener_events = {
	.size = sizeof(listener_events),
	.accepted = on_accepted,
	.closed = on_listener_closed,
};

static void on_destructor(void *block, void *user)
{
	(void)block;
	((struct side *)user)->destroyed++;
}

/* ---- Messages -------------------------------------------------------------------------------------------------- */

#define TAG(sd) ((uint64_t)(sd)->record->sent[(sd)->server] + 1)

static void sent(struct side *sd)
{
	sd->record->sent[sd->server]++;
}

/* A plain one, its bytes by its number. true: it went. */
bool side_send_plain(struct side *sd, size_t len)
{
	struct rill_room room;

	if (TRY(sd, rill_channel_reserve(sd->ch, len, &room)) < 0)
		return false;
	pattern_fill(room.data, len, TAG(sd));
	if (TRY(sd, rill_channel_commit(sd->ch, len)) < 0)
		return false;
	sent(sd);
	return true;
}

static bool send_out(struct side *sd, const struct rill_out *out)
{
	if (TRY(sd, rill_channel_sendmsg(sd->ch, out)) < 0)
		return false;
	sent(sd);
	return true;
}

/* The next message, if any; its number is how many came before. */
static bool take(struct side *sd, struct rill_msg *ret_msg)
{
	if (!sd->ch || TRY(sd, rill_channel_recv(sd->ch, ret_msg)) < 0)
		return false;
	sd->got = ++sd->record->got[sd->server];
	return true;
}

/* Take one plain message and look at its bytes. */
bool side_take_plain(struct side *sd)
{
	struct rill_msg msg;

	if (!take(sd, &msg))
		return false;
	if (!pattern_is(msg.data, msg.len, sd->got))
		side_wrong(sd, "a message is not what was sent", 0);
	rill_msg_release(&msg);
	return true;
}

bool side_next(struct side *sd)
{
	sd->step++;
	sd->record->step[sd->server] = sd->step;
	return true;
}

bool side_open(struct side *sd, const char *name)
{
	if (rill_session_status(sd->s) != 1 || TRY(sd, rill_channel_open(&sd->ch, sd->s, name, NULL, &channel_events, sd)) < 0)
		return false;
	sd->ch_ended = false;
	return side_next(sd);
}

bool side_finish(struct side *sd)
{
	rill_session_close(sd->s);
	sd->s = NULL;
	sd->ch = NULL;
	sd->done = true;
	return side_next(sd);
}

/* The other side closed when it had all: so has this one. */
bool side_finish_after_peer(struct side *sd)
{
	if (sd->done || !sd->ended || sd->why != 0)
		return false;
	return side_finish(sd);
}

/* ---- Talk: three messages there and back ----------------------------------------------------------------------- */

static bool talk_client(struct side *sd)
{
	switch (sd->step) {
	case 0:
		return side_open(sd, "talk");
	case 1:
	case 2:
	case 3:
		return side_send_plain(sd, 60 * sd->step) && side_next(sd);
	case 4:
		while (side_take_plain(sd))
			;
		return sd->got == 3 && side_finish(sd);
	default:
		return false;
	}
}

static bool echo_server(struct side *sd)
{
	struct rill_room room;
	size_t len;

	if (!sd->ch || rill_channel_peek(sd->ch, &len) < 0)
		return side_finish_after_peer(sd);
	if (TRY(sd, rill_channel_reserve(sd->ch, len, &room)) < 0)
		return side_over(sd, 0) && side_take_plain(sd); /* nobody to answer, but what he sent is ours */
	if (!side_take_plain(sd)) {
		rill_channel_cancel(sd->ch);
		return false;
	}
	pattern_fill(room.data, len, TAG(sd));
	if (TRY(sd, rill_channel_commit(sd->ch, len)) == 0)
		sent(sd);
	return true;
}

/* ---- Large: by the session's own arena, more than fits at once -------------------------------------------------- */

static bool large_client(struct side *sd)
{
	bool any = false;

	if (sd->step == 0)
		return side_open(sd, "large");
	if (sd->step <= 5 && side_send_plain(sd, 50000 * sd->step))
		any = side_next(sd);
	while (side_take_plain(sd))
		any = true;
	return sd->step == 6 && sd->got == 5 ? side_finish(sd) : any;
}

/* ---- Descriptors ----------------------------------------------------------------------------------------------- */

static bool send_pipe(struct side *sd, bool cancel)
{
	struct rill_room room;
	int p[2], r;
	struct rill_out out = {.size = sizeof(out), .tag = TAG(sd), .fds = p, .fd_count = 2};

	if (pipe(p) < 0)
		return false;
	r = TRY(sd, rill_channel_reservemsg(sd->ch, 8, &out, &room));
	close(p[0]);
	close(p[1]);
	if (r < 0)
		return false;
	if (cancel) {
		rill_channel_cancel(sd->ch);
		return true;
	}
	pattern_fill(room.data, 8, TAG(sd));
	if (TRY(sd, rill_channel_commit(sd->ch, 8)) < 0)
		return false;
	sent(sd);
	return true;
}

static bool fds_client(struct side *sd)
{
	switch (sd->step) {
	case 0:
		return side_open(sd, "fds");
	case 1:
		return send_pipe(sd, false) && side_next(sd);
	case 2:
		return send_pipe(sd, true) && side_next(sd);
	case 3:
		return send_pipe(sd, false) && side_next(sd);
	case 4:
		return side_send_plain(sd, 16) && side_next(sd);
	case 5:
		while (side_take_plain(sd))
			;
		return sd->got == 1 && side_finish(sd);
	default:
		return false;
	}
}

static bool fds_server(struct side *sd)
{
	struct rill_msg msg;
	int fd;

	if (sd->got == 3 && sd->step == 0)
		return side_send_plain(sd, 8) && side_next(sd);
	if (!take(sd, &msg))
		return side_finish_after_peer(sd);
	if (!pattern_is(msg.data, msg.len, sd->got))
		side_wrong(sd, "a message is not what was sent", 0);
	if (msg.fd_count != (sd->got < 3 ? 2 : 0))
		side_wrong(sd, "not as many descriptors as were sent", 0);
	if (msg.fd_count) {
		fd = rill_msg_take_fd(&msg, 0);
		if (fd >= 0)
			close(fd);
		else
			side_note(sd, "rill_msg_take_fd", fd);
	}
	rill_msg_release(&msg);
	return true;
}

/* ---- Loans of an arena with destructors ------------------------------------------------------------------------ */

static bool make_arena(struct side *sd)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 1 << 20, .ready = 1 << 16};

	return TRY(sd, rill_arena_create(&sd->arena, sd->ctx, &o)) == 0 && side_next(sd);
}

static bool fill_arena(struct side *sd)
{
	void *moved;

	for (int i = 0; i < 3; i++)
		if (!sd->block[i] && !(sd->block[i] = TRY_ALLOC(sd, rill_arena_alloc_with(sd->arena, 3000, on_destructor, sd))))
			return false;
	moved = TRY_ALLOC(sd, rill_arena_realloc(sd->arena, sd->block[2], 200000));
	if (!moved)
		return false;
	sd->block[2] = moved;
	for (int i = 0; i < 2; i++)
		pattern_fill(sd->block[i], 3000, (uint64_t)i + 100);
	return side_next(sd);
}

static bool lend_two(struct side *sd)
{
	struct rill_loan loans[2] = {{.arena = sd->arena, .data = sd->block[0], .len = 3000},
	                             {.arena = sd->arena, .data = sd->block[1], .len = 3000}};
	struct iovec body = {.iov_base = "body", .iov_len = 4};
	struct rill_out out = {.size = sizeof(out), .tag = 7, .parts = &body, .part_count = 1, .loans = loans, .loan_count = 2};

	return send_out(sd, &out) && side_next(sd);
}

static bool loans_client(struct side *sd)
{
	switch (sd->step) {
	case 0:
		return side_open(sd, "loans");
	case 1:
		return make_arena(sd);
	case 2:
		return fill_arena(sd);
	case 3:
	case 4:
		return lend_two(sd);
	case 5:
		for (int i = 0; i < 3; i++)
			rill_arena_free(sd->arena, sd->block[i]);
		rill_arena_trim(sd->arena, SIZE_MAX);
		return side_next(sd);
	case 6: /* each block once, when its last loan is back */
		while (side_take_plain(sd))
			;
		if (sd->destroyed < 3 || sd->got < 1)
			return false;
		rill_arena_destroy(sd->arena);
		sd->arena = NULL;
		return side_finish(sd);
	default:
		return false;
	}
}

static void look_at_loans(struct side *sd, const struct rill_msg *msg)
{
	const void *data;
	size_t len;

	if (msg->loan_count != 2 || msg->tag != 7)
		side_wrong(sd, "a message came without its loans or tag", 0);
	for (unsigned i = 0; i < msg->loan_count; i++)
		if (rill_msg_loan(msg, i, &data, &len) < 0 || !pattern_is(data, len, i + 100))
			side_wrong(sd, "a loan is not what was lent", 0);
}

static bool loans_server(struct side *sd)
{
	struct rill_msg msg;

	if (sd->got == 2 && sd->step == 0)
		return side_send_plain(sd, 8) && side_next(sd);
	if (!take(sd, &msg))
		return side_finish_after_peer(sd);
	look_at_loans(sd, &msg);
	rill_msg_release(&msg);
	return true;
}

/* ---- Ends: a channel refused, one closed and used again, the session aborted ------------------------------------ */

static bool ends_client(struct side *sd)
{
	switch (sd->step) {
	case 0:
		return side_open(sd, "refuse");
	case 1:
		if (!sd->ch_ended)
			return false;
		if (sd->ch_why != -EDQUOT && !side_over(sd, 0))
			side_wrong(sd, "refused, and told another reason", sd->ch_why);
		rill_channel_close(sd->ch);
		sd->ch = NULL;
		return side_next(sd);
	case 2:
		return side_open(sd, "one");
	case 3:
		return side_send_plain(sd, 24) && side_next(sd);
	case 4:
		rill_channel_close(sd->ch);
		sd->ch = NULL;
		return side_next(sd);
	case 5:
		return side_open(sd, "two");
	case 6:
		while (side_take_plain(sd))
			;
		if (sd->got < 1)
			return false;
		rill_session_abort(sd->s, -EUCLEAN);
		sd->s = NULL;
		sd->ch = NULL;
		sd->done = true;
		return side_next(sd);
	default:
		return false;
	}
}

static bool ends_server(struct side *sd)
{
	bool any = false;

	while (side_take_plain(sd))
		any = true;
	if (sd->step == 0 && sd->ch && !strcmp(rill_channel_name(sd->ch), "two") && side_send_plain(sd, 8))
		return side_next(sd);
	if (sd->ended && sd->why == -ECONNABORTED && !sd->done)
		return side_finish(sd);
	return any;
}

/* ---- Heartbeat: a session at rest is asked, and answers ---------------------------------------------------------- */

static uint64_t now_of(const struct side *sd)
{
	struct timespec t;

	if (sd->options.now)
		return sd->options.now(sd->options.clock);
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool idle_client(struct side *sd)
{
	uint64_t rest = 4 * (uint64_t)sd->scene->session.heartbeat_ms * 1000000;

	if (sd->step != 2)
		return talk_client(sd);
	if (!sd->since)
		sd->since = now_of(sd);
	return (now_of(sd) - sd->since >= rest || side_over(sd, 0)) && talk_client(sd);
}

/* ---- The list -------------------------------------------------------------------------------------------------- */

/* clang-format off */
#define SMALL .size = sizeof(struct rill_session_options), .channels = 4, .ring_bytes = 1024, .loans = 16, .arenas = 4
/* clang-format on */

const struct scene scenes[] = {
	{.name = "talk", .session = {SMALL}, .go = {talk_client, echo_server}},
	{.name = "listen", .session = {SMALL}, .listens = true, .go = {talk_client, echo_server}},
	{.name = "large", .session = {SMALL, .arena_bytes = 1 << 20}, .go = {large_client, echo_server}},
	{.name = "fds", .session = {SMALL, .fds = 4}, .go = {fds_client, fds_server}},
	{.name = "loans", .session = {SMALL}, .go = {loans_client, loans_server}},
	{.name = "ends", .session = {SMALL}, .go = {ends_client, ends_server}},
};
const unsigned scene_count = sizeof(scenes) / sizeof(scenes[0]);

const struct scene services[] = {
	{.name = "bell by socket", .session = {SMALL, .socket_bell = 1}, .go = {talk_client, echo_server}},
	{.name = "heartbeat", .session = {SMALL, .heartbeat_ms = 5, .keep_stalled = 1}, .go = {idle_client, echo_server}},
	{.name = "share", .session = {SMALL, .arena_bytes = 1 << 20}, .offer = share_offer, .go = {share_client, share_server}},
	{.name = "rpc", .session = {SMALL}, .offer = rpc_offer, .go = {rpc_client, rpc_server}},
	{.name = "letters", .session = {SMALL}, .offer = rpc_offer, .go = {letters_client, rpc_server}},
	{.name = "one address", .session = {SMALL, .same_address = 1}, .go = {place_client, place_server}},
	{.name = "shared writing", .session = {SMALL, .peers_may_write = 1}, .go = {writer_client, writer_server}},
};
const unsigned service_count = sizeof(services) / sizeof(services[0]);

/* ---- A side's life --------------------------------------------------------------------------------------------- */

static int attach(struct side *sd)
{
	memset(&sd->notes, 0, sizeof(sd->notes));
	if (sd->loop == SCENE_NOTES)
		return rill_ctx_attach(sd->ctx, &notes_loop, &sd->notes);
	return sd->loop == SCENE_EPOLL ? rill_epoll_attach(sd->ctx) : 0;
}

static int begin(struct side *sd)
{
	struct rill_listener_options lo = {.size = sizeof(lo), .session = &sd->scene->session};

	if (!sd->scene->listens)
		return rill_session_adopt(&sd->s, sd->ctx, sd->fd, &sd->scene->session, &session_events, sd);
	if (sd->server)
		return rill_listener_create(&sd->listener, sd->ctx, sd->path, &lo, &listener_events, sd);
	return rill_session_connect(&sd->s, sd->ctx, sd->path, &sd->scene->session, &session_events, sd);
}

void side_start(struct side *sd)
{
	int r;

	sd->options.size = sizeof(sd->options);
	if (TRY(sd, rill_ctx_create(&sd->ctx, &sd->options)) < 0 || TRY(sd, attach(sd)) < 0)
		return;
	if (sd->scene->listens && !sd->server) { /* a listener may be dead already */
		r = begin(sd);
		if (r < 0 && inject.error)
			r = begin(sd);
	} else {
		r = TRY(sd, begin(sd));
	}
	if (r == 0)
		sd->fd = -1;
	else
		side_note(sd, "begin", r);
}

static int wait_notes(struct side *sd, int timeout_ms)
{
	struct pollfd fds[8];
	size_t n = rill_ctx_pollfds(sd->ctx, fds, 8);
	int due = rill_ctx_timeout_ms(sd->ctx), any;

	if (due >= 0 && due < timeout_ms)
		timeout_ms = due;
	any = poll(fds, n, timeout_ms);
	for (size_t i = 0; any > 0 && i < n; i++)
		if (fds[i].revents)
			rill_ctx_dispatch_fd(sd->ctx, fds[i].fd);
	if (rill_ctx_timeout_ms(sd->ctx) == 0) {
		rill_ctx_dispatch(sd->ctx, NULL);
		any = 1;
	}
	return any;
}

bool side_turn(struct side *sd)
{
	int timeout = sd->options.now ? 0 : 2; /* with a clock of its own it is alone in time */
	bool any = false;
	int r = 0;

	if (!sd->ctx)
		return false;
	switch (sd->loop) {
	case SCENE_NOTES:
		r = wait_notes(sd, timeout);
		break;
	case SCENE_EPOLL:
		r = rill_epoll_wait(sd->ctx, timeout);
		break;
	case SCENE_POLL:
		r = rill_poll_wait(sd->ctx, timeout);
		break;
	default:
		r = rill_select_wait(sd->ctx, timeout);
		break;
	}
	if (r < 0 && !inject.happened)
		side_wrong(sd, "waiting", r);
	any = r != 0;
	if (sd->s && !sd->done)
		any |= sd->scene->go[sd->server](sd);
	return any;
}

void side_drain(struct side *sd)
{
	struct rill_msg msg;

	while (sd->ch && rill_channel_recv(sd->ch, &msg) == 0) {
		sd->got = ++sd->record->got[sd->server];
		rill_msg_release(&msg);
	}
}

void side_stop(struct side *sd)
{
	rill_ctx_destroy(sd->ctx);
	sd->ctx = NULL;
	if (sd->fd >= 0)
		close(sd->fd);
	sd->fd = -1;
}
