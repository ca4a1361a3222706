/* tests/fuzz/support/user.c - the honest side: all that a program may do with a session, in any order, in callbacks too. */
#include "tests/fuzz/support/play.h"
#include "tests/fuzz/support/still.h"

static void forget_channel(struct play *p, const struct rill_channel *ch)
{
	for (unsigned i = 0; i < PLAY_CHANNELS * 2; i++)
		if (p->channel[i] == ch)
			p->channel[i] = NULL;
}

static bool keep_channel(struct play *p, struct rill_channel *ch)
{
	for (unsigned i = 0; i < PLAY_CHANNELS * 2; i++) {
		if (!p->channel[i]) {
			p->channel[i] = ch;
			return true;
		}
	}
	return false;
}

void user_session_gone(struct play *p)
{
	p->session = NULL;
	memset(p->channel, 0, sizeof(p->channel));
}

static void end_session(struct play *p, bool abrupt)
{
	if (abrupt)
		rill_session_abort(p->session, -EIO);
	else
		rill_session_close(p->session);
	user_session_gone(p);
}

static void end_ctx(struct play *p)
{
	rill_ctx_destroy(p->ctx);
	p->ctx = NULL;
	memset(p->arena, 0, sizeof(p->arena));
	memset(p->block, 0, sizeof(p->block));
	user_session_gone(p);
}

/* ---- Messages -------------------------------------------------------------------------------------------------- */

/* All of it can be read. */
static void read_all(const struct rill_msg *msg)
{
	struct rill_mapping mapping = {.size = sizeof(mapping)};
	const void *data;
	size_t len;

	for (size_t i = 0; i < msg->len; i += 1 + msg->len / 64)
		(void)((const volatile unsigned char *)msg->data)[i];
	for (unsigned i = 0; i < msg->loan_count; i++) {
		if (rill_msg_loan(msg, i, &data, &len) < 0)
			still_broken("a loan that was told is not there", i);
		if (len)
			(void)((const volatile unsigned char *)data)[len - 1];
		rill_msg_mapping(msg, i, &mapping);
	}
}

static int take(struct play *p, struct rill_channel *ch, bool hold)
{
	struct rill_msg msg;
	size_t len;
	int e = rill_channel_peek(ch, &len), r = rill_channel_recv(ch, &msg);

	if (e == 0 && r < 0 && r != -ENOMEM && r != -EAGAIN)
		still_broken("peek promised a message", r);
	if (r < 0)
		return r;
	if (e == 0 && msg.len != len)
		still_broken("peek gave another length", (long long)len);
	read_all(&msg);
	if (hold && p->held_count < PLAY_HELD)
		p->held[p->held_count++] = msg;
	else
		rill_msg_release(&msg);
	return 0;
}

static void release(struct play *p, unsigned which)
{
	if (!p->held_count)
		return;
	which %= p->held_count;
	read_all(&p->held[which]);
	rill_msg_release(&p->held[which]);
	p->held[which] = p->held[--p->held_count];
}

static void send_small(struct play *p, struct rill_channel *ch)
{
	static const char body[256];

	(void)!rill_channel_send(ch, body, bytes_u8(&p->in));
}

static void send_large(struct play *p, struct rill_channel *ch)
{
	static const char body[9000];

	(void)!rill_channel_send(ch, body, 250 + (size_t)bytes_u8(&p->in) * 34);
}

static void send_rich(struct play *p, struct rill_channel *ch)
{
	static char body[64];
	struct iovec part = {body, bytes_below(&p->in, sizeof(body))};
	int fds[4] = {p->null, p->null, p->null, p->null};
	struct rill_loan loan[4];
	struct rill_out out = {.size = sizeof(out), .parts = &part, .part_count = 1, .fds = fds, .loans = loan};
	unsigned how = bytes_u8(&p->in);

	out.tag = how & 1 ? bytes_word(&p->in) : 0;
	out.flags = how & 2 ? RILL_MORE : 0;
	out.fd_count = how >> 2 & 3;
	for (unsigned i = 0; i < (how >> 4 & 3); i++) {
		unsigned at = bytes_below(&p->in, PLAY_BLOCKS);

		if (p->block[at])
			loan[out.loan_count++] =
				(struct rill_loan){p->arena[at % PLAY_ARENAS], p->block[at], bytes_below(&p->in, 100)};
	}
	(void)!rill_channel_sendmsg(ch, &out);
}

/* ---- Callbacks: each chooses, too ------------------------------------------------------------------------------ */

static void in_callback(struct play *p, struct rill_channel *ch)
{
	switch (bytes_u8(&p->in)) {
	case 250:
		end_session(p, false);
		break;
	case 251:
		end_session(p, true);
		break;
	case 252:
		end_ctx(p);
		break;
	case 253:
		if (ch) {
			rill_channel_close(ch);
			forget_channel(p, ch);
		}
		break;
	case 254:
		if (ch)
			send_small(p, ch);
		break;
	default:
		break;
	}
}

static void on_readable(struct rill_channel *ch, void *user)
{
	struct play *p = user;

	switch (bytes_below(&p->in, 8)) {
	case 1:
		take(p, ch, true);
		break;
	case 2:
		rill_channel_pause(ch);
		break;
	case 3:
		take(p, ch, false);
		in_callback(p, ch);
		break;
	case 4:
		while (take(p, ch, true) == 0)
			;
		break;
	default:
		while (take(p, ch, false) == 0)
			;
	}
}

static void on_channel_event(struct rill_channel *ch, void *user)
{
	in_callback(user, ch);
}

static void on_channel_closed(struct rill_channel *ch, int why, void *user)
{
	struct play *p = user;

	(void)why;
	if (bytes_u8(&p->in) & 1) {
		rill_channel_close(ch);
		forget_channel(p, ch);
	} else {
		in_callback(p, ch);
	}
}

static const struct rill_channel_events channel_events = {
	.size = sizeof(channel_events),
	.opened = on_channel_event,
	.readable = on_readable,
	.writable = on_channel_event,
	.closed = on_channel_closed,
};

static int on_offer(struct rill_session *s, struct rill_channel *ch, void *user)
{
	struct play *p = user;
	struct rill_channel_events events = channel_events;
	unsigned how = bytes_u8(&p->in);

	(void)s;
	if (how == 255 || !keep_channel(p, ch))
		return how & 64 ? 1 : -ECONNREFUSED;
	if (how == 254)
		events.readable = NULL;
	rill_channel_set_events(ch, &events, p);
	if (how > 240)
		in_callback(p, ch);
	return 0;
}

static void on_session_event(struct rill_session *s, void *user)
{
	(void)s;
	in_callback(user, NULL);
}

static void on_mapped(struct rill_session *s, struct rill_arena *a, int same, void *user)
{
	(void)s, (void)a, (void)same;
	in_callback(user, NULL);
}

static void on_stalled(struct rill_session *s, void *user)
{
	(void)s;
	if (((struct play *)user)->stalled++)
		still_broken("stalled() was told twice", 0);
}

static void on_running(struct rill_session *s, void *user)
{
	(void)s;
	if (((struct play *)user)->stalled-- != 1)
		still_broken("running() was told of one that was not stalled", 0);
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	static const int documented[] = {0,          -ECONNABORTED, -ECONNRESET, -EPROTO, -EACCES, -EPERM,
	                                 -ETIMEDOUT, -EMFILE,       -ENFILE,     -ENOMEM, -EFBIG,  -ESTALE};
	struct play *p = user;
	unsigned i = 0;

	while (i < sizeof(documented) / sizeof(documented[0]) && documented[i] != why)
		i++;
	if (i == sizeof(documented) / sizeof(documented[0]))
		still_broken("a session ended for a reason that is none", why);
	if (p->told_closed++)
		still_broken("closed() was told twice", why);
	for (const char *text = rill_session_why(s); *text; text++)
		if (*text < 32 || *text > 126)
			still_broken("a text that is not for a human", *text);
	p->why = why;
	in_callback(p, NULL);
}

const struct rill_session_events user_events = {
	.size = sizeof(user_events),
	.opened = on_session_event,
	.channel = on_offer,
	.writable = on_session_event,
	.closed = on_closed,
	.stalled = on_stalled,
	.running = on_running,
	.mapped = on_mapped,
};

/* ---- Steps ----------------------------------------------------------------------------------------------------- */

void user_dispatch(struct play *p)
{
	int e = p->ctx ? rill_ctx_dispatch_all(p->ctx) : 0;

	if (e != 0 && (e != -ECANCELED || p->ctx))
		still_broken("dispatch", e);
}

static void open_channel(struct play *p)
{
	struct rill_channel_options o = {.size = sizeof(o), .metadata = "meta", .metadata_len = 4};
	struct rill_channel *ch;

	if (rill_channel_open(&ch, p->session, "user", &o, &channel_events, p) == 0 && !keep_channel(p, ch))
		rill_channel_close(ch);
}

static void arena_step(struct play *p)
{
	unsigned how = bytes_u8(&p->in), at = how & 1;
	struct rill_arena_options o = {.size = sizeof(o), .capacity = PLAY_ARENA_BYTES};

	if (how & 2)
		o.flags |= RILL_ARENA_PEERS_MAY_WRITE;
	if (!p->arena[at]) {
		if (rill_arena_create(&p->arena[at], p->ctx, &o) < 0)
			p->arena[at] = NULL;
		return;
	}
	if (how & 64 && p->session) {
		rill_session_announce(p->session, p->arena[at]);
		return;
	}
	if (how < 128)
		return;
	rill_arena_destroy(p->arena[at]);
	p->arena[at] = NULL;
	for (unsigned i = at; i < PLAY_BLOCKS; i += PLAY_ARENAS)
		p->block[i] = NULL;
}

static void block_step(struct play *p)
{
	unsigned at = bytes_below(&p->in, PLAY_BLOCKS);
	struct rill_arena *a = p->arena[at % PLAY_ARENAS];

	if (!a)
		return;
	if (p->block[at])
		rill_arena_free(a, p->block[at]);
	p->block[at] = p->block[at] ? NULL : rill_arena_alloc(a, 100 + 40 * (size_t)bytes_u8(&p->in));
}

static void build_step(struct play *p, struct rill_channel *ch)
{
	struct rill_room room;
	unsigned how = bytes_u8(&p->in);

	if (how < 100 && rill_channel_reserve(ch, how * 4, &room) == 0)
		memset(room.data, 0, room.len);
	else if (how < 200)
		(void)!rill_channel_commit(ch, how - 100);
	else
		rill_channel_cancel(ch);
}

static void take_fd(struct play *p)
{
	int fd = p->held_count ? rill_msg_take_fd(&p->held[p->held_count - 1], bytes_below(&p->in, 4)) : -1;

	if (fd >= 0)
		close(fd);
}

static void ctx_step(struct play *p, unsigned what)
{
	switch (what) {
	case 0:
		if (rill_ctx_dispatch(p->ctx, NULL) == -ECANCELED && p->ctx)
			still_broken("a ctx was not destroyed", 0);
		break;
	case 1:
		if (rill_ctx_poll(p->ctx, 0) == -ECANCELED && p->ctx)
			still_broken("a ctx was not destroyed", 1);
		break;
	case 2:
		p->now += (uint64_t)bytes_u8(&p->in) * 20000000;
		break;
	case 3:
		arena_step(p);
		break;
	case 4:
		block_step(p);
		break;
	case 5:
		release(p, bytes_u8(&p->in));
		break;
	case 6:
		take_fd(p);
		break;
	default:
		user_dispatch(p);
	}
}

static void session_step(struct play *p)
{
	switch (bytes_u8(&p->in)) {
	case 255:
		end_session(p, false);
		break;
	case 254:
		end_session(p, true);
		break;
	case 253:
		end_ctx(p);
		break;
	default:
		open_channel(p);
	}
}

static void channel_step(struct play *p, struct rill_channel *ch, unsigned what)
{
	switch (what) {
	case 0:
		send_large(p, ch);
		break;
	case 1:
		send_rich(p, ch);
		break;
	case 2:
		build_step(p, ch);
		break;
	case 3:
		take(p, ch, bytes_u8(&p->in) & 1);
		break;
	case 4:
		rill_channel_pause(ch);
		break;
	case 5:
		rill_channel_resume(ch);
		break;
	case 6:
		if (bytes_u8(&p->in) & 1)
			rill_channel_close(ch);
		else
			rill_channel_abort(ch, -EIO);
		forget_channel(p, ch);
		break;
	default:
		send_small(p, ch);
	}
}

void user_step(struct play *p, unsigned what)
{
	struct rill_channel *ch;

	if (!p->ctx) {
		if (p->held_count)
			release(p, 0);
	} else if (what < 12) {
		ctx_step(p, what);
	} else if (p->session && what < 14) {
		session_step(p);
	} else if (p->session) {
		ch = p->channel[bytes_below(&p->in, PLAY_CHANNELS * 2)];
		if (ch)
			channel_step(p, ch, what - 14);
	}
}
