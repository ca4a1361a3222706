/* tests/unit/session/storm.c - random use of everything at once, by both ends: channels come and go, messages of all
 * kinds and sizes,
 * loans, descriptors, reservations, holding, pausing. Two ends that both keep to the interface never break the protocol; every
 * message arrives in order, whole, and once; and in the end nothing is left. RILL_SEED repeats a run.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES 12 /* channels in use at a time */
#define HELD 40
#define LARGEST 20000

/* One channel, both its ends. What one sends is known to the other only by its sequence. */
struct line {
	struct rill_channel *ch[2]; /* by side; NULL: closed there, or not there yet */
	uint64_t sent[2], got[2];   /* by sending side */
	bool closed[2];             /* that side has closed it, or never took it */
	bool used;
};

static struct pair p;
static struct line lines[LINES];
static struct rill_arena *arenas[2];
static struct rill_msg held[2][HELD];
static uint64_t draw;
static uint64_t delivered, refused;

static struct end *side(int i)
{
	return i ? &p.b : &p.a;
}

static uint64_t random_below(uint64_t n)
{
	return rounds_random(&draw) % n;
}

static size_t some_length(void)
{
	return random_below(10) ? random_below(200) : random_below(LARGEST);
}

/* A body says of itself what it is: its tag is the sequence, its bytes follow from it. */
static void check_message(int to, struct line *l, const struct rill_msg *msg)
{
	const void *data;
	size_t len;

	assert_true(msg->tag == l->got[!to] + 1);
	l->got[!to]++;
	assert_true(pattern_is(msg->data, msg->len, msg->tag));
	for (unsigned i = 0; i < msg->loan_count; i++) {
		assert_int_equal(rill_msg_loan(msg, i, &data, &len), 0);
		assert_true(pattern_is(data, len, msg->tag + i));
	}
	delivered++;
}

static void keep_or_release(int to, struct rill_msg *msg)
{
	struct rill_msg *place = &held[to][random_below(HELD)];

	if (msg->fd_count && random_below(2)) {
		int fd = rill_msg_take_fd(msg, (unsigned)random_below(msg->fd_count));

		assert_true(fd >= 0);
		close(fd);
	}
	if (random_below(3)) {
		rill_msg_release(msg);
		return;
	}
	rill_msg_release(place);
	*place = *msg;
}

static void take_some(int to, struct line *l, unsigned most)
{
	struct rill_msg msg;

	while (most-- && l->ch[to] && rill_channel_recv(l->ch[to], &msg) == 0) {
		check_message(to, l, &msg);
		keep_or_release(to, &msg);
	}
}

/* ---- Callbacks: user is the line with the side in its lowest bit ----------------------------------------------- */

static struct line *line_of(void *user, int *ret_side)
{
	*ret_side = (int)((uintptr_t)user & 1);
	return (struct line *)((uintptr_t)user & ~(uintptr_t)1);
}

static void on_readable(struct rill_channel *ch, void *user)
{
	int to;
	struct line *l = line_of(user, &to);

	if (random_below(20) == 0)
		rill_channel_pause(ch);
	take_some(to, l, 1 + (unsigned)random_below(100));
}

static void on_closed(struct rill_channel *ch, int why, void *user)
{
	int to;
	struct line *l = line_of(user, &to);

	assert_true(why == 0 || why == -ECONNABORTED || why == -EDQUOT);
	if (why != -EDQUOT)
		assert_true(l->got[!to] == l->sent[!to]); /* all that was committed came first */
	rill_channel_close(ch);
	l->ch[to] = NULL;
	l->closed[to] = true;
}

static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_readable, .closed = on_closed};

static int on_offer(struct rill_session *s, struct rill_channel *ch, void *user)
{
	int to = user == &p.b, index;
	struct line *l;
	size_t len;

	(void)s;
	memcpy(&index, rill_channel_metadata(ch, &len), sizeof(index));
	l = &lines[index];
	if (random_below(20) == 0) {
		l->closed[to] = true;
		return -EDQUOT;
	}
	l->ch[to] = ch;
	rill_channel_set_events(ch, &events, (void *)((uintptr_t)l | (unsigned)to));
	return 0;
}

static void on_session_closed(struct rill_session *s, int why, void *user)
{
	(void)user;
	fprintf(stderr, "# session ended: %s, %s\n", strerrorname_np(-why), rill_session_why(s));
	fail();
}

static const struct rill_session_events session_events = {
	.size = sizeof(session_events),
	.channel = on_offer,
	.closed = on_session_closed,
};

/* ---- What may be done ------------------------------------------------------------------------------------------ */

static void open_line(struct line *l)
{
	int from = (int)random_below(2), index = (int)(l - lines), e;
	struct rill_channel_options o = {.size = sizeof(o), .metadata = &index, .metadata_len = sizeof(index)};

	if (l->used && !(l->closed[0] && l->closed[1]))
		return;
	memset(l, 0, sizeof(*l));
	e = rill_channel_open(&l->ch[from], side(from)->s, "line", &o, &events, (void *)((uintptr_t)l | (unsigned)from));
	assert_true(e == 0 || e == -EAGAIN || e == -ENOBUFS);
	l->used = e == 0;
	if (e < 0)
		l->ch[from] = NULL;
}

static void count_sent(int from, struct line *l, int e)
{
	if (e == 0)
		l->sent[from]++;
	else
		refused++;
	assert_true(e == 0 || e == -EAGAIN || e == -EPIPE || e == -ECONNABORTED || e == -EDQUOT || e == -EMSGSIZE ||
	            e == -ENOBUFS || e == -EBUSY);
}

static void send_one(int from, struct line *l)
{
	static unsigned char data[LARGEST];
	static const int fds[] = {0, 1, 2};
	struct iovec part = {.iov_base = data, .iov_len = some_length()};
	struct rill_loan loans[3];
	struct rill_out out = {.size = sizeof(out), .parts = &part, .part_count = 1, .loans = loans, .fds = fds};

	out.tag = l->sent[from] + 1;
	out.flags = random_below(4) ? 0 : RILL_MORE;
	out.fd_count = random_below(8) ? 0 : (unsigned)random_below(4);
	out.loan_count = random_below(6) ? 0 : (unsigned)random_below(4);
	pattern_fill(data, part.iov_len, out.tag);
	for (unsigned i = 0; i < out.loan_count; i++) {
		size_t len = 1 + some_length();
		void *block = rill_arena_alloc(arenas[from], len);

		if (!block) {
			out.loan_count = i;
			break;
		}
		pattern_fill(block, len, out.tag + i);
		loans[i] = (struct rill_loan){.arena = arenas[from], .data = block, .len = len};
	}
	count_sent(from, l, rill_channel_sendmsg(l->ch[from], &out));
	for (unsigned i = 0; i < out.loan_count; i++)
		rill_arena_free(arenas[from], (void *)(uintptr_t)loans[i].data);
}

static void reserve_one(int from, struct line *l)
{
	struct rill_out out = {.size = sizeof(out), .tag = l->sent[from] + 1};
	struct rill_room room;
	static const int fds[] = {0};
	int e;

	out.fds = fds;
	out.fd_count = random_below(6) == 0;
	e = rill_channel_reservemsg(l->ch[from], some_length(), &out, &room);
	if (e < 0) {
		refused++;
		return;
	}
	if (random_below(3) == 0) { /* leave it open for a while: what comes next meets -EBUSY */
		end_step(side(!from));
		assert_int_equal(rill_channel_reserve(l->ch[from], 1, &room), -EBUSY);
	}
	if (random_below(3) == 0) {
		rill_channel_cancel(l->ch[from]);
		return;
	}
	pattern_fill(room.data, room.len, out.tag);
	count_sent(from, l, rill_channel_commit(l->ch[from], room.len));
}

static void close_one(int from, struct line *l)
{
	if (random_below(2))
		rill_channel_close(l->ch[from]);
	else
		rill_channel_abort(l->ch[from], -EIO);
	l->ch[from] = NULL;
	l->closed[from] = true;
}

static void act(void)
{
	struct line *l = &lines[random_below(LINES)];
	int who = (int)random_below(2);
	uint64_t what = random_below(100);

	if (!l->ch[who]) {
		open_line(l);
		return;
	}
	if (what < 50)
		send_one(who, l);
	else if (what < 60)
		reserve_one(who, l);
	else if (what < 75)
		take_some(who, l, 1 + (unsigned)random_below(10));
	else if (what < 80)
		rill_channel_pause(l->ch[who]);
	else if (what < 90)
		rill_channel_resume(l->ch[who]);
	else if (what < 92)
		close_one(who, l);
	else
		rill_msg_release(&held[who][random_below(HELD)]);
}

static void drive(void)
{
	switch (random_below(8)) {
	case 0:
		pair_run(&p);
		break;
	case 1:
		rill_ctx_poll(side((int)random_below(2))->ctx, 0);
		break;
	case 2:
	case 3:
	case 4:
		end_step(side((int)random_below(2)));
		break;
	default:
		break;
	}
}

static void release_all(void)
{
	for (int i = 0; i < 2 * HELD; i++)
		rill_msg_release(&held[i / HELD][i % HELD]);
}

/* At rest, with nobody paused and nothing held, everything that was sent was delivered. */
static void check_all_arrived(void)
{
	release_all();
	for (int i = 0; i < 2 * LINES; i++)
		if (lines[i / 2].ch[i % 2])
			rill_channel_resume(lines[i / 2].ch[i % 2]);
	for (int again = 0; again < 50; again++) { /* a handler may pause by itself */
		pair_run(&p);
		release_all();
		for (int i = 0; i < 2 * LINES; i++)
			if (lines[i / 2].ch[i % 2])
				rill_channel_resume(lines[i / 2].ch[i % 2]);
	}
	for (int i = 0; i < LINES; i++) {
		struct line *l = &lines[i];

		if (l->ch[0] && l->ch[1]) {
			assert_true(l->got[0] == l->sent[0]);
			assert_true(l->got[1] == l->sent[1]);
		}
	}
}

static const struct rill_session_events ending = {.size = sizeof(ending)};

/* With messages held, reservations open and frames on their way. */
static void end_in_some_way(void)
{
	uint64_t how = random_below(5);

	for (int i = 0; i < 50; i++)
		act();
	for (int i = 0; i < 2 * LINES; i++)
		if (lines[i / 2].ch[i % 2])
			rill_channel_set_events(lines[i / 2].ch[i % 2], NULL, NULL);
	rill_session_set_events(p.a.s, &ending, NULL);
	rill_session_set_events(p.b.s, &ending, NULL);
	if (how == 0)
		end_die(side((int)random_below(2)));
	if (how == 1)
		end_stop(&p.a), p.a.s = NULL;
	if (how == 2)
		rill_session_abort(p.b.s, -EIO), p.b.s = NULL;
	if (how == 3)
		rill_session_close(p.a.s), rill_session_close(p.b.s), p.a.s = p.b.s = NULL;
	if (random_below(2))
		pair_run(&p);
	if (random_below(2))
		release_all();
	pair_stop(&p);
	release_all();
}

static void random_use_of_everything_never_breaks_a_session(void **state)
{
	unsigned rounds = rounds_of(1, 20, 300);
	unsigned acts = rounds_of(2000, 8000, 20000);

	(void)state;
	draw = rounds_seed();
	for (unsigned round = 0; round < rounds; round++) {
		struct rill_arena_options ao = {.size = sizeof(ao), .capacity = 1 << 18};
		struct pair_options o = {0};

		for (int i = 0; i < 2; i++) {
			struct rill_session_options *s = i ? &o.b : &o.a;

			s->ring_bytes = (size_t)1024 << random_below(5);
			s->channels = 1 + (unsigned)random_below(LINES);
			s->fds = (unsigned)random_below(12);
			s->loans = 1 + (unsigned)random_below(40);
			s->arena_bytes = (size_t)65536 << random_below(4);
			s->arenas = 2;
			s->socket_bell = random_below(4) == 0;
		}
		o.ctx_a.budget = 1 + (unsigned)random_below(20);
		pair_open(&p, &o);
		memset(lines, 0, sizeof(lines));
		rill_session_set_events(p.a.s, &session_events, &p.a);
		rill_session_set_events(p.b.s, &session_events, &p.b);
		for (int i = 0; i < 2; i++)
			assert_int_equal(rill_arena_create(&arenas[i], side(i)->ctx, &ao), 0);
		for (unsigned i = 0; i < acts; i++) {
			act();
			drive();
			if (i % 1000 == 999)
				check_all_arrived();
		}
		check_all_arrived();
		end_in_some_way();
	}
	fprintf(stderr, "# %llu delivered, %llu refused\n", (unsigned long long)delivered, (unsigned long long)refused);
	assert_true(delivered > rounds * acts / 100);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(random_use_of_everything_never_breaks_a_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
