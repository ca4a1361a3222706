/* docs/snippets/states.c - every call in every state of a session and a channel, against the tables in docs/session.md and
 * docs/channel.md. Says what differs; exit status 1 then. */
#include <err.h>
#include <errno.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int wrong;
static struct rill_ctx *ctx;
static struct rill_session *ours, *theirs;

static void expect(const char *state, const char *call, int want, int got)
{
	if (got == want)
		return;
	printf("%s, %s: %d, not %d\n", state, call, got, want);
	wrong = 1;
}

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

static void turns(void)
{
	for (int i = 0; i < 20; i++)
		check(rill_epoll_wait(ctx, 0));
}

/* ---- A channel ------------------------------------------------------------------------------------------------- */

enum { SENDS, RESERVED, PEEKS, TAKES, ANSWERS };

/* What reserve, send; commit without a reservation; peek, recv give; 1 for a message. */
static void try_channel(const char *state, struct rill_channel *ch, const int want[4])
{
	struct rill_out out = {.size = sizeof(out)};
	struct rill_room room;
	struct rill_msg msg;
	size_t len;
	int r;

	r = rill_channel_reserve(ch, 8, &room);
	expect(state, "reserve", want[SENDS], r);
	if (r == 0) {
		expect(state, "reserve twice", -EBUSY, rill_channel_reserve(ch, 8, &room));
		expect(state, "send while reserved", -EBUSY, rill_channel_send(ch, "x", 1));
		expect(state, "commit too much", -EINVAL, rill_channel_commit(ch, 9));
		rill_channel_cancel(ch);
	}
	r = rill_channel_reservemsg(ch, 8, &out, &room);
	expect(state, "reservemsg", want[SENDS], r);
	if (r == 0)
		expect(state, "commit", 0, rill_channel_commit(ch, 1));
	expect(state, "commit, nothing reserved", want[RESERVED], rill_channel_commit(ch, 0));
	expect(state, "send", want[SENDS], rill_channel_send(ch, "x", 1));
	expect(state, "sendmsg", want[SENDS], rill_channel_sendmsg(ch, &out));
	r = rill_channel_peek(ch, &len);
	expect(state, "peek", want[PEEKS] == 1 ? 0 : want[PEEKS], r);
	r = rill_channel_recv(ch, &msg);
	expect(state, "recv", want[TAKES] == 1 ? 0 : want[TAKES], r);
	if (r == 0)
		rill_msg_release(&msg);
	rill_channel_pause(ch);
	rill_channel_resume(ch);
	rill_channel_cancel(ch);
}

static void questions(const char *state, struct rill_channel *ch, int alive)
{
	size_t len;

	expect(state, "session", alive, rill_channel_session(ch) != NULL);
	expect(state, "user", alive, rill_channel_user(ch) != NULL);
	expect(state, "name", alive, strcmp(rill_channel_name(ch), "name") == 0);
	expect(state, "metadata", alive, rill_channel_metadata(ch, &len) != NULL && len == 4);
}

static const int sends_only[] = {0, -EINVAL, -EAGAIN, -EAGAIN};
static const int all[] = {0, -EINVAL, 1, 1};
static const int dead[] = {-ECANCELED, -ECANCELED, -ECANCELED, -ECANCELED};
static const int last_one[] = {-EPIPE, -EPIPE, 1, 1};
static const int ended[] = {-EPIPE, -EPIPE, -EPIPE, -EPIPE};

static struct rill_channel *offered;
static int told_closed, told_opened, refuse, told_writable;

static void on_closed(struct rill_channel *ch, int why, void *user)
{
	(void)ch, (void)user;
	told_closed = why ? why : 1;
}

static void on_opened(struct rill_channel *ch, void *user)
{
	(void)ch, (void)user;
	told_opened++;
}

static const struct rill_channel_events events = {.size = sizeof(events), .opened = on_opened, .closed = on_closed};
static const struct rill_channel_options options = {.size = sizeof(options), .metadata = "meta", .metadata_len = 4};

static int take_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	(void)s;
	offered = ch;
	rill_channel_set_events(ch, &events, user);
	questions("offered", ch, 1);
	return refuse;
}

static int try_offered(struct rill_session *s, struct rill_channel *ch, void *user)
{
	int r = take_channel(s, ch, user);

	try_channel("offered", ch, all); /* what its opener has sent is there */
	return r;
}

static void close_in_callback(struct rill_channel *ch, void *user)
{
	(void)user;
	rill_channel_close(ch);
	questions("closed", ch, 0);
	try_channel("closed", ch, dead);
	rill_channel_close(ch);
	rill_channel_abort(ch, -EIO);
	told_opened++;
}

/* ---- A session ------------------------------------------------------------------------------------------------- */

static void on_session_closed(struct rill_session *s, int why, void *user)
{
	(void)s, (void)user;
	expect("session ended", "why", 0, why);
}

static struct rill_arena *arena;

static void try_session(const char *state, struct rill_session *s, int status, int open, int alive)
{
	struct rill_channel *ch;
	int r = rill_channel_open(&ch, s, "name", &options, NULL, NULL);

	expect(state, "status", status, rill_session_status(s));
	expect(state, "announce", status < 0 ? status : status ? 0 : -EAGAIN, rill_session_announce(s, arena));
	expect(state, "same address", status < 0 ? status : 0, rill_session_same_address(s, arena));
	expect(state, "open", open, r);
	if (r == 0)
		rill_channel_close(ch);
	expect(state, "user", alive, rill_session_user(s) != NULL);
	expect(state, "why is a text", 1, rill_session_why(s)[0] != '\0');
	expect(state, "peer", 1, rill_session_peer(s) != NULL);
}

static void close_session_in_callback(struct rill_session *s, void *user)
{
	(void)user;
	rill_session_close(s);
	try_session("session closed", s, -ECANCELED, -ECANCELED, 0);
	rill_session_close(s);
	rill_session_abort(s, -EIO);
	told_writable++;
}

static const struct rill_session_events session_events = {.size = sizeof(session_events),
                                                          .channel = take_channel,
                                                          .closed = on_session_closed};

static void begin(void)
{
	static const struct rill_arena_options small = {.size = sizeof(small), .capacity = 1 << 20};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	check(rill_ctx_create(&ctx, NULL));
	check(rill_arena_create(&arena, ctx, &small));
	check(rill_session_adopt(&ours, ctx, pair[0], NULL, &session_events, &ctx));
	check(rill_session_adopt(&theirs, ctx, pair[1], NULL, &session_events, &ctx));
	told_closed = told_opened = told_writable = 0;
}

static struct rill_channel *open_one(void)
{
	struct rill_channel *ch;

	turns();
	check(rill_channel_open(&ch, ours, "name", &options, &events, &ctx));
	questions("opening", ch, 1);
	try_channel("opening", ch, sends_only);
	turns();
	expect("open", "opened() told", 1, told_opened);
	return ch;
}

static void channel_lives(void)
{
	struct rill_session_events ev = {.size = sizeof(ev), .channel = try_offered};
	struct rill_channel *ch;
	struct rill_room room;

	begin();
	rill_session_set_events(theirs, &ev, &ctx);
	ch = open_one();
	try_channel("open", ch, all);
	try_channel("open, by the peer", offered, all);
	check(rill_channel_reserve(ch, 8, &room));
	rill_channel_close(offered);
	turns();
	expect("ended, messages left", "commit of what was reserved", -EPIPE, rill_channel_commit(ch, 8));
	try_channel("ended, messages left", ch, last_one);
	expect("ended, messages left", "closed() told", 0, told_closed);
	for (struct rill_msg msg; rill_channel_recv(ch, &msg) == 0;)
		rill_msg_release(&msg);
	turns();
	expect("ended", "closed() told 0", 1, told_closed);
	questions("ended", ch, 1);
	try_channel("ended", ch, ended);
	rill_channel_close(ch);
	rill_ctx_destroy(ctx);
}

static void channel_refused(void)
{
	struct rill_session_events ev = {.size = sizeof(ev), .channel = try_offered};
	struct rill_channel *ch;
	struct rill_msg msg;

	begin();
	turns();
	refuse = -ENOENT;
	check(rill_channel_open(&ch, ours, "name", &options, &events, &ctx));
	turns();
	expect("refused", "closed() told", -ENOENT, told_closed);
	expect("refused", "send", -ENOENT, rill_channel_send(ch, "x", 1));
	told_closed = 0;
	rill_session_set_events(theirs, &ev, &ctx);
	check(rill_channel_open(&ch, ours, "name", &options, &events, &ctx));
	check(rill_channel_send(ch, "x", 1));
	turns();
	expect("refused after it sent", "closed() told too soon", 0, told_closed);
	while (rill_channel_recv(ch, &msg) == 0)
		rill_msg_release(&msg);
	turns();
	expect("refused after it sent", "closed() told", -ENOENT, told_closed);
	refuse = 0;
	rill_ctx_destroy(ctx);
}

static void channel_aborted(void)
{
	struct rill_channel *ch;

	begin();
	ch = open_one();
	rill_channel_abort(offered, -EIO);
	turns();
	expect("aborted", "closed() told", -ECONNABORTED, told_closed);
	expect("aborted", "send", -ECONNABORTED, rill_channel_send(ch, "x", 1));
	expect("aborted", "the session's status", 1, rill_session_status(ours));
	rill_ctx_destroy(ctx);
}

static void channel_closed_in_callback(void)
{
	struct rill_channel_events ev = {.size = sizeof(ev), .opened = close_in_callback};
	struct rill_channel *ch;

	begin();
	turns();
	check(rill_channel_open(&ch, ours, "name", &options, &ev, &ctx));
	turns();
	expect("closed", "tried in opened()", 1, told_opened);
	rill_ctx_destroy(ctx);
}

static void session_lives(void)
{
	struct rill_session_events ev = {.size = sizeof(ev), .writable = close_session_in_callback};
	struct rill_channel *ch;

	begin();
	try_session("session opening", ours, 0, -EAGAIN, 1);
	turns();
	try_session("session open", ours, 1, 0, 1);
	ch = open_one();
	rill_session_close(theirs);
	turns();
	try_session("session ended", ours, -EPIPE, -EPIPE, 1);
	try_channel("session ended", ch, ended);
	rill_session_close(ours);
	rill_ctx_destroy(ctx);

	begin();
	expect("session opening", "open", -EAGAIN, rill_channel_open(&ch, ours, "", NULL, NULL, NULL));
	rill_session_set_events(ours, &ev, &ctx);
	turns();
	expect("session closed", "tried in writable()", 1, told_writable);
	rill_ctx_destroy(ctx);
}

static void session_died(void)
{
	struct rill_session_events ev = {.size = sizeof(ev)};
	struct rill_channel *ch;

	begin();
	ch = open_one();
	rill_session_set_events(ours, &ev, &ctx);
	rill_session_abort(theirs, -EIO);
	turns();
	expect("aborted", "status", -ECONNABORTED, rill_session_status(ours));
	for (struct rill_msg msg; rill_channel_recv(ch, &msg) == 0;)
		rill_msg_release(&msg);
	expect("aborted", "send", -ECONNABORTED, rill_channel_send(ch, "x", 1));
	rill_ctx_destroy(ctx);
}

int main(void)
{
	channel_lives();
	channel_refused();
	channel_aborted();
	channel_closed_in_callback();
	session_lives();
	session_died();
	return wrong;
}
