/* tests/soak/messages.c - one seat's messages, both ways: each way to send, and every byte that is taken compared. */
#include "tests/soak/load.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- Sending --------------------------------------------------------------------------------------------------- */

struct outgoing {
	struct plan plan;
	struct rill_loan loan[LOANS];
	int fd[FDS];
	struct rill_out out;
};

/* The reading end of a pipe in which there is what says which it is. */
static int pipe_with(uint64_t word)
{
	int fds[2];

	MUST(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0);
	MUST(write(fds[1], &word, sizeof(word)) == sizeof(word));
	close(fds[1]);
	return fds[0];
}

/* Freed, or closed, as soon as it is sent. */
static void let_go(struct outgoing *o)
{
	for (unsigned i = 0; i < o->out.loan_count; i++)
		rill_arena_free(me.arena, (void *)(uintptr_t)o->loan[i].data);
	for (unsigned i = 0; i < o->out.fd_count; i++)
		close(o->fd[i]);
}

static bool fetch(struct outgoing *o)
{
	const struct plan *p = &o->plan;

	for (unsigned i = 0; i < p->loans; i++) {
		void *block = rill_arena_alloc(me.arena, p->loan_len[i]);

		if (!block) {
			let_go(o);
			return false;
		}
		bytes_fill(block, p->loan_len[i], mix(p->seed, 10 + i));
		o->loan[i] = (struct rill_loan){.arena = me.arena, .data = block, .len = p->loan_len[i]};
		o->out.loan_count = i + 1;
	}
	for (unsigned i = 0; i < p->fds; i++)
		o->fd[i] = pipe_with(mix(p->seed, 20 + i));
	o->out.fd_count = p->fds;
	return true;
}

static int send_copied(struct seat *c, const struct outgoing *o)
{
	size_t cut = o->plan.len / 3;
	struct rill_out out = o->out;
	char body[4096];
	struct iovec part[2] = {{.iov_base = body, .iov_len = cut}, {.iov_base = body + cut, .iov_len = o->plan.len - cut}};

	bytes_fill(body, o->plan.len, o->plan.seed);
	out.parts = part;
	out.part_count = 2;
	return rill_channel_sendmsg(c->ch, &out);
}

static int send_in_place(struct seat *c, struct outgoing *o)
{
	struct rill_room room;
	int e = rill_channel_reservemsg(c->ch, o->plan.len, &o->out, &room);

	if (e < 0)
		return e;
	if (rounds_random(&me.draw) % 64 == 0) { /* thought better of it */
		rill_channel_cancel(c->ch);
		return -ECANCELED;
	}
	bytes_fill(room.data, o->plan.len, o->plan.seed);
	return rill_channel_commit(c->ch, o->plan.len);
}

static bool has_ended(int e)
{
	return e == -EPIPE || e == -ECONNRESET || e == -ECONNABORTED || e == -ECANCELED;
}

static void note_sent(struct seat *c, const struct plan *p)
{
	struct way *w = &ledger->line[c->talk->id].slot[c->slot].from[me.side];

	atomic_store(&w->committed, ++c->out);
	atomic_fetch_add(&ledger->messages, 1);
	atomic_fetch_add(&ledger->bytes, p->bytes);
	atomic_fetch_add(&ledger->fds, p->fds);
	atomic_fetch_add(&ledger->loans, p->loans);
}

/* On its way before it is sent: the other side may take it at once. */
static void on_its_way(const struct seat *c, int64_t bytes)
{
	unsigned id = (unsigned)c->talk->id;

	atomic_fetch_add(&ledger->line[id].slot[c->slot].from[me.side].sent, (uint64_t)bytes);
	atomic_fetch_add(&ledger->live[id / EACH][me.side], bytes);
}

static bool send_next(struct seat *c)
{
	struct outgoing o = {.plan = plan_of((unsigned)c->talk->id, c->slot, c->round, me.side, c->out)};
	int e;

	o.out = (struct rill_out){.size = sizeof(o.out), .tag = c->out, .fds = o.fd, .loans = o.loan};
	if (ledger_live() + o.plan.bytes > ledger->live_limit || !fetch(&o))
		return false;
	on_its_way(c, (int64_t)o.plan.bytes);
	if (rounds_random(&me.draw) % 8 == 0)
		o.out.flags = RILL_MORE;
	e = o.plan.len <= 4096 && rounds_random(&me.draw) % 2 ? send_copied(c, &o) : send_in_place(c, &o);
	let_go(&o);
	if (e == 0)
		note_sent(c, &o.plan);
	else
		on_its_way(c, -(int64_t)o.plan.bytes);
	c->waits = e == -EAGAIN;
	if (e < 0 && e != -EAGAIN && !has_ended(e))
		wrong("line %d slot %u: sending %zu bytes, %u fds: %s", c->talk->id, c->slot, o.plan.len, o.plan.fds,
		      strerror(-e));
	return e == 0;
}

void seat_send(struct seat *c, unsigned most)
{
	while (c->ch && !c->waits && most-- > 0 && send_next(c))
		me.idle = false;
}

/* ---- Taking ---------------------------------------------------------------------------------------------------- */

/* What is held for a while, also after its channel, its session or its sender has gone. */
#define HELD 64
#define HELD_BYTES ((size_t)64 << 20)

static struct held {
	struct rill_msg msg;
	struct plan plan;
} held[HELD];
static unsigned held_count;
static size_t held_bytes;

static void compare(const struct rill_msg *msg, const struct plan *p, const char *when)
{
	const void *data;
	size_t len;

	if (!bytes_are(msg->data, p->len, p->seed))
		wrong("%s: the %zu bytes of message %llu differ", when, p->len, (unsigned long long)msg->tag);
	for (unsigned i = 0; i < p->loans; i++) {
		MUST(rill_msg_loan(msg, i, &data, &len) == 0 && len == p->loan_len[i]);
		if (!bytes_are(data, len, mix(p->seed, 10 + i)))
			wrong("%s: the %zu bytes of loan %u of message %llu differ", when, len, i,
			      (unsigned long long)msg->tag);
	}
}

/* Some are left to be closed at the release. */
static void take_fds(struct rill_msg *msg, const struct plan *p)
{
	uint64_t word;

	for (unsigned i = 0; i < p->fds; i++) {
		int fd;

		if (rounds_random(&me.draw) % 8 == 0)
			continue;
		fd = rill_msg_take_fd(msg, i);
		MUST(fd >= 0);
		MUST(read(fd, &word, sizeof(word)) == sizeof(word) && word == mix(p->seed, 20 + i));
		MUST(read(fd, &word, sizeof(word)) == 0);
		close(fd);
	}
}

static void release_one(unsigned i)
{
	struct held h = held[i];

	held[i] = held[--held_count];
	held_bytes -= h.plan.bytes;
	compare(&h.msg, &h.plan, "after a while");
	rill_msg_release(&h.msg);
}

void held_release(bool all)
{
	while (held_count && (all || rounds_random(&me.draw) % 2))
		release_one((unsigned)(rounds_random(&me.draw) % held_count));
}

static void keep_or_release(struct rill_msg *msg, const struct plan *p)
{
	bool keep = phase_now() == LOAD && rounds_random(&me.draw) % 16 == 0;

	if (!keep || held_count == HELD || held_bytes + p->bytes > HELD_BYTES) {
		rill_msg_release(msg);
		return;
	}
	held[held_count++] = (struct held){.msg = *msg, .plan = *p};
	held_bytes += p->bytes;
}

static bool take_one(struct seat *c)
{
	unsigned id = (unsigned)c->talk->id;
	enum side from = me.side == HUB ? PEER : HUB;
	struct way *w = &ledger->line[id].slot[c->slot].from[from];
	struct rill_msg msg;
	struct plan p;

	if (rill_channel_recv(c->ch, &msg) < 0)
		return false;
	p = plan_of(id, c->slot, c->round, from, c->in);
	if (msg.tag != c->in || msg.len != p.len || msg.fd_count != p.fds || msg.loan_count != p.loans)
		wrong("line %u slot %u: message %llu of %zu bytes, %u fds, %u loans came for %llu of %zu, %u, %u", id, c->slot,
		      (unsigned long long)msg.tag, msg.len, msg.fd_count, msg.loan_count, (unsigned long long)c->in, p.len,
		      p.fds, p.loans);
	compare(&msg, &p, "as it came");
	take_fds(&msg, &p);
	atomic_store(&w->got, ++c->in);
	atomic_fetch_add(&w->taken, p.bytes);
	atomic_fetch_sub(&ledger->live[id / EACH][from], (int64_t)p.bytes);
	keep_or_release(&msg, &p);
	return true;
}

/* Not always all of it; answers now and then, and may close in the middle. */
static void on_readable(struct rill_channel *ch, void *user)
{
	uint64_t draw = rounds_random(&me.draw);
	struct seat *c = user;

	(void)ch;
	me.idle = false;
	for (uint64_t most = draw % 8 ? UINT64_MAX : 1 + draw / 8 % 4; most > 0 && take_one(c); most--)
		;
	if (phase_now() != LOAD)
		return;
	if (draw / 64 % 8 == 0)
		seat_send(c, 2);
	if (draw / 4096 % 1024 == 0)
		seat_close(c, draw >> 40 & 1);
}

static void on_writable(struct rill_channel *ch, void *user)
{
	struct seat *c = user;

	(void)ch;
	c->waits = false;
	if (phase_now() == LOAD)
		seat_send(c, 3);
}

static void on_opened(struct rill_channel *ch, void *user)
{
	(void)ch;
	((struct seat *)user)->opened = true;
}

/* Everything that was committed before an end in order has come; before a kill, and perhaps one more. */
static void on_closed(struct rill_channel *ch, int why, void *user)
{
	struct seat *c = user;
	struct way *w = &ledger->line[c->talk->id].slot[c->slot].from[me.side == HUB ? PEER : HUB];
	uint64_t committed = atomic_load(&w->committed);

	(void)ch;
	if (why == -ECONNRESET && me.dying[c->talk->peer])
		MUST(c->in == committed || c->in == committed + 1);
	else if (why == 0 || why == -ECONNABORTED || why == -ECANCELED)
		MUST(c->in == committed);
	else
		wrong("line %d slot %u: closed: %s: %s", c->talk->id, c->slot, strerror(-why), rill_session_why(c->talk->s));
	seat_close(c, false);
}

const struct rill_channel_events seat_events = {
	.size = sizeof(seat_events),
	.opened = on_opened,
	.readable = on_readable,
	.writable = on_writable,
	.closed = on_closed,
};
