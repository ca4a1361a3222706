/* tests/unit/shm/doorbell_tsan.c - the rings and the doorbell between two threads: every message arrives, in order and whole,
 * and a side that sleeps is woken whenever there is something for it.
 *
 * Both ends are in one address space, and each region is mapped once: the reader's `peer` is the writer's `base`. So a thread
 * sanitizer sees both sides of each access. (Two mappings of one file would hide every race from it. It knows nothing of
 * seq_cst fences either; but only atomics rely on them.) A pipe stands for the socket. The order is that of
 * core/session/turn.c: consume, look, arm, fence, look again, sleep.
 *
 * A lost wake-up is a poll() that times out. Most patterns here leave nothing else under way that could hide one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"
#include "tests/support/rounds.h"

#include "shm/region.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHANNELS 6
#define LOST_MS 10000
#define CHECK_EVERY 16

/* How both sides behave. */
struct pattern {
	unsigned channels;
	uint64_t ring_bytes;
	unsigned messages;  /* per direction; each goes over any channel */
	unsigned window[2]; /* a side sends while it has sent less than it has received, plus this */
	unsigned len_min, len_max;
	unsigned linger; /* looks in vain before it goes to sleep; one time in 8 about as many as the last wait took */
	unsigned budget; /* messages taken from a channel in a turn, at most */
	unsigned hold;   /* messages held at once, released in any order */
	bool one_way;    /* from the first to the second */
	unsigned dawdle; /* steps between a look and what follows: below 2^this */
};

struct channel {
	struct ring_out out;
	struct ring_in in;
	bool hot, unchecked;
	bool waits; /* for room: nothing is tried before a SPACE entry says so */
	unsigned sent, received, uncounted;
	uint64_t held[8];
	unsigned held_count;
};

struct side {
	const struct pattern *p;
	const char *name;
	const char *wrong; /* NULL: all is well */
	int rd, wr;        /* the doorbell's socket */
	struct region mine, theirs;
	struct bell bell;
	struct channel ch[CHANNELS];
	unsigned window, to_send, to_receive, sent, received;
	uint64_t random;
	uint64_t usual;  /* looks in vain of the last wait */
	uint64_t linger; /* shorter than the pattern's while it does not pay: where there is one processor */
	unsigned long sleeps;
};

static bool fail_side(struct side *s, const char *why)
{
	if (!s->wrong)
		s->wrong = why;
	return false;
}

static uint64_t below(struct side *s, uint64_t n)
{
	return rounds_random(&s->random) % n;
}

/* So that the sides meet at all distances. */
static void dawdle(struct side *s)
{
	if (!s->p->dawdle)
		return;
	for (uint64_t n = below(s, UINT64_C(1) << below(s, s->p->dawdle + 1)); n; n--)
		atomic_signal_fence(memory_order_seq_cst);
}

/* ---- The doorbell ---------------------------------------------------------------------------------------------- */

static bool ring_for(struct side *s, uint64_t sarm)
{
	if (!sarm)
		return true;
	if (write(s->wr, &sarm, sizeof(sarm)) != sizeof(sarm))
		return fail_side(s, "the pipe is full: more than one bell is out");
	bell_sent(&s->bell, sarm);
	return true;
}

static bool push(struct side *s, enum wire_entry kind, unsigned i)
{
	return ring_for(s, bell_push(&s->bell, kind, i));
}

static bool read_bells(struct side *s)
{
	uint64_t sarm;

	while (read(s->rd, &sarm, sizeof(sarm)) == sizeof(sarm))
		if (sarm != s->bell.sleep.value || !arm_answered(&s->bell.sleep))
			return fail_side(s, "a bell that was not armed for");
	return true;
}

static bool publish(struct side *s, unsigned i)
{
	return !ring_publish(&s->ch[i].in) || push(s, WIRE_SPACE, i);
}

/* ---- Messages -------------------------------------------------------------------------------------------------- */

/* Length and content follow from the number of the message: both sides know them. */
static uint32_t len_of(const struct side *s, unsigned i, unsigned n)
{
	uint64_t random = (uint64_t)n << 8 | i;

	return s->p->len_min + (uint32_t)(rounds_random(&random) % (s->p->len_max - s->p->len_min + 1));
}

static void write_message(wire_word *to, unsigned n, uint32_t len)
{
	unsigned char *p = (unsigned char *)(uintptr_t)to;

	memcpy(p, &(uint64_t){n}, 8);
	memset(p + 8, (int)(n & 0xff), len - 8);
}

static bool is_message(const void *at, unsigned n, uint32_t len)
{
	const unsigned char *p = at;
	uint64_t number;

	memcpy(&number, p, 8);
	for (uint32_t k = 8; k < len; k++)
		if (p[k] != (n & 0xff))
			return false;
	return number == n;
}

static bool check(struct side *s, unsigned i)
{
	s->ch[i].unchecked = false;
	s->ch[i].uncounted = 0;
	return !ring_check(&s->ch[i].out) || push(s, WIRE_DATA, i);
}

static bool may_send(const struct side *s)
{
	return s->sent < s->to_send && s->sent < s->received + s->window;
}

/* 1: sent, 0: full, the space arm is set. */
static int send_one(struct side *s, unsigned i)
{
	struct channel *ch = &s->ch[i];
	uint32_t len = len_of(s, i, ch->sent);
	int e;

	dawdle(s);
	e = ring_reserve(&ch->out, RING_ALIGN(8 + (uint64_t)len));

	if (e == -EAGAIN) {
		ch->waits = true;
		return 0;
	}
	if (e < 0) {
		fail_side(s, "a position that lies");
		return e;
	}
	write_message(ring_room(&ch->out) + 1, ch->sent, len);
	ring_commit(&ch->out, wire_header(WIRE_MESSAGE, 0, 0, len));
	ch->sent++;
	s->sent++;
	ch->unchecked = true;
	if (++ch->uncounted % CHECK_EVERY == 1 && !check(s, i))
		return -EPROTO;
	return 1;
}

static bool release_one(struct side *s, unsigned i)
{
	struct channel *ch = &s->ch[i];
	unsigned which = (unsigned)below(s, ch->held_count);
	uint64_t held = ch->held[which];

	ch->held[which] = ch->held[--ch->held_count];
	return !ring_release(&ch->in, held) || publish(s, i);
}

static bool take_one(struct side *s, unsigned i, uint64_t header, uint64_t offset)
{
	struct channel *ch = &s->ch[i];
	const void *at = peer_payload(peer_at(ch->in.words, offset + 8));

	if (WIRE_LEN(header) != len_of(s, i, ch->received) || !is_message(at, ch->received, WIRE_LEN(header)))
		return fail_side(s, "another message than was sent");
	if (ring_take(&ch->in, header, &ch->held[ch->held_count++]) < 0)
		return fail_side(s, "no memory");
	ch->received++;
	s->received++;
	return ch->held_count < s->p->hold || release_one(s, i);
}

/* ---- A turn ---------------------------------------------------------------------------------------------------- */

static bool on_data(struct side *s, unsigned i)
{
	if (!arm_answered(&s->ch[i].in.data))
		return fail_side(s, "an entry that was not armed for");
	s->ch[i].hot = true;
	return true;
}

static bool on_space(struct side *s, unsigned i)
{
	int e;

	if (!arm_answered(&s->ch[i].out.space))
		return fail_side(s, "an entry that was not armed for");
	if (!s->ch[i].waits)
		return true;
	e = ring_space(&s->ch[i].out);
	s->ch[i].waits = e == 0;
	return e >= 0 || fail_side(s, "a position that lies");
}

static bool take_entries(struct side *s, bool *ret_any)
{
	enum wire_entry kind;
	uint64_t i;

	while (bell_take(&s->bell, &kind, &i)) {
		*ret_any = true;
		if (i >= s->p->channels || kind > WIRE_SPACE)
			return fail_side(s, "an entry of no channel");
		if (!(kind == WIRE_DATA ? on_data(s, (unsigned)i) : on_space(s, (unsigned)i)))
			return false;
	}
	return true;
}

/* All that are held go at an empty look, else a sender could wait for ever. */
static bool nothing_left(struct side *s, unsigned i)
{
	while (s->ch[i].held_count)
		if (!release_one(s, i))
			return false;
	return publish(s, i);
}

static bool deliver(struct side *s, unsigned i, bool *ret_any)
{
	uint64_t header = 0, offset = 0;

	if (ring_waits(&s->ch[i].in))
		dawdle(s);
	for (unsigned n = s->p->budget; n; n--) {
		int e = ring_next(&s->ch[i].in, &header, &offset);

		if (e == -EAGAIN)
			return nothing_left(s, i);
		if (e < 0)
			return fail_side(s, "a frame that lies");
		*ret_any = true;
		if (!take_one(s, i, header, offset))
			return false;
	}
	return true;
}

static unsigned waiting(const struct side *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->p->channels; i++)
		n += s->ch[i].waits;
	return n;
}

static bool send_all(struct side *s, bool *ret_any)
{
	while (may_send(s) && waiting(s) < s->p->channels) {
		unsigned i = (unsigned)below(s, s->p->channels);
		int e = s->ch[i].waits ? 0 : send_one(s, i);

		if (e < 0)
			return false;
		*ret_any = *ret_any || e > 0;
	}
	return true;
}

static bool turn(struct side *s, bool *ret_any)
{
	*ret_any = false;
	if (!take_entries(s, ret_any))
		return false;
	for (unsigned i = 0; i < s->p->channels; i++)
		if (s->ch[i].hot && !deliver(s, i, ret_any))
			return false;
	if (!send_all(s, ret_any))
		return false;
	for (unsigned i = 0; i < s->p->channels; i++)
		if (s->ch[i].unchecked && !check(s, i))
			return false;
	return true;
}

/* ---- Rest ------------------------------------------------------------------------------------------------------ */

static void arm(struct side *s)
{
	for (unsigned i = 0; i < s->p->channels; i++)
		if (s->ch[i].hot)
			arm_bump(&s->ch[i].in.data); /* R1 */
	arm_bump(&s->bell.sleep);                    /* R2 */
	atomic_thread_fence(memory_order_seq_cst);   /* R3: carm and sarm before the second look; twins P2, P5 */
}

/* R4: true: there is nothing, sleep. */
static bool look_again(struct side *s)
{
	bool any = bell_waits(&s->bell);

	for (unsigned i = 0; i < s->p->channels; i++) {
		s->ch[i].hot = s->ch[i].hot && ring_waits(&s->ch[i].in);
		any = any || s->ch[i].hot;
	}
	return !any;
}

static bool sleep_until_rung(struct side *s)
{
	struct pollfd p = {.fd = s->rd, .events = POLLIN};
	int n;

	s->sleeps++;
	do
		n = poll(&p, 1, LOST_MS);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return fail_side(s, "asleep, and nobody rang");
	return read_bells(s);
}

static bool done(const struct side *s)
{
	for (unsigned i = 0; i < s->p->channels; i++)
		if (!ring_all_freed(&s->ch[i].in))
			return false;
	return s->sent == s->to_send && s->received == s->to_receive;
}

/* Both stay awake for most of the time, and now and then one lies down just when the other's message comes. */
static uint64_t looks_before_sleep(struct side *s)
{
	if (s->p->linger && !below(s, 8))
		return below(s, 2 * s->usual + 2);
	if (!below(s, 16))
		s->linger = s->p->linger;
	return s->linger;
}

static void came_after(struct side *s, uint64_t vain)
{
	if (!vain)
		return;
	s->usual = vain;
	s->linger = s->linger * 2 < s->p->linger ? s->linger * 2 : s->p->linger;
}

static bool rest(struct side *s, uint64_t vain)
{
	if (vain >= s->linger && s->linger > s->p->linger / 16)
		s->linger /= 2;
	arm(s);
	return !look_again(s) || sleep_until_rung(s);
}

static void *run(void *arg)
{
	struct side *s = arg;
	uint64_t vain = 0, limit = looks_before_sleep(s);
	bool any;

	while (turn(s, &any) && !done(s)) {
		if (any) {
			came_after(s, vain);
			vain = 0;
			limit = looks_before_sleep(s);
		} else if (vain < limit) {
			vain++;
		} else {
			if (!rest(s, vain))
				break;
			vain = 0;
		}
	}
	return NULL;
}

/* ---- The two sides --------------------------------------------------------------------------------------------- */

static void side_make(struct side *s, const char *name, const struct pattern *p, unsigned which)
{
	int fd;

	*s = (struct side){
		.p = p,
		.name = name,
		.window = p->window[which],
		.to_send = p->one_way && which == 1 ? 0 : p->messages,
		.to_receive = p->one_way && which == 0 ? 0 : p->messages,
		.random = rounds_seed() + which,
	};
	assert_int_equal(region_create(&s->mine, &fd, p->channels, 1, p->ring_bytes), 0);
	close(fd);
}

static void side_bind(struct side *s, const struct side *other)
{
	s->theirs = other->mine; /* the same mapping */
	region_bind_bell(&s->bell, &s->mine, &s->theirs);
	for (uint32_t i = 0; i < s->p->channels; i++)
		region_bind_rings(&s->ch[i].out, &s->ch[i].in, &s->mine, &s->theirs, i);
}

static void wire_up(struct side *a, struct side *b)
{
	int there[2], back[2];

	assert_int_equal(pipe2(there, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(pipe2(back, O_NONBLOCK | O_CLOEXEC), 0);
	a->wr = there[1], b->rd = there[0];
	b->wr = back[1], a->rd = back[0];
}

static void side_end(struct side *s)
{
	for (unsigned i = 0; i < s->p->channels; i++)
		ring_finish(&s->ch[i].in);
	region_unmap(&s->mine);
	close(s->rd);
	close(s->wr);
}

static void tell(const struct side *s)
{
	print_message("# %s: %s, %lu sleeps\n", s->name, s->wrong ? s->wrong : "done", s->sleeps);
	for (unsigned i = 0; s->wrong && i < s->p->channels; i++)
		print_message("# channel %u: %u sent, %u received, %s\n", i, s->ch[i].sent, s->ch[i].received,
		              s->ch[i].hot ? "hot" : "idle");
}

static void play(const struct pattern *p)
{
	static struct side a, b;
	pthread_t thread;

	side_make(&a, "a", p, 0);
	side_make(&b, "b", p, 1);
	side_bind(&a, &b);
	side_bind(&b, &a);
	wire_up(&a, &b);
	assert_int_equal(pthread_create(&thread, NULL, run, &b), 0);
	run(&a);
	assert_int_equal(pthread_join(thread, NULL), 0);
	tell(&a);
	tell(&b);
	side_end(&a);
	side_end(&b);
	assert_true(!a.wrong && !b.wrong);
}

/* So many messages in all, over all channels and both directions. */
static void play_messages(struct pattern p, unsigned messages)
{
	messages = rounds_under_valgrind() ? messages / 20 : rounds_of(messages, messages, messages * 5);
	p.messages = p.one_way ? messages : messages / 2;
	if (rounds_under_sanitizer() || rounds_under_valgrind()) /* each look takes longer */
		p.linger /= 8;
	p.budget = p.budget ? p.budget : 64;
	p.hold = p.hold ? p.hold : 1;
	p.len_min = p.len_min ? p.len_min : 8;
	play(&p);
}

/* One message is under way at a time: whatever is lost stays lost. Sleeps come at all distances from the other's send. */
static void ping_pong_on_one_channel(void **state)
{
	(void)state;
	play_messages((struct pattern){.channels = 1, .ring_bytes = 1024, .window = {1, 0}, .len_max = 8, .linger = 20000},
	              50000);
}

static void ping_pong_of_sleepers(void **state)
{
	(void)state;
	play_messages((struct pattern){.channels = 1, .ring_bytes = 1024, .window = {1, 0}, .len_max = 64}, 10000);
}

/* The answer comes on a channel that was armed long ago: the entry alone tells of it. */
static void ping_pong_that_changes_channels(void **state)
{
	(void)state;
	play_messages(
		(struct pattern){.channels = CHANNELS, .ring_bytes = 1024, .window = {1, 0}, .len_max = 100, .linger = 20000},
		50000);
}

static void bursts_on_several_channels(void **state)
{
	(void)state;
	play_messages((struct pattern){.channels = CHANNELS,
	                               .ring_bytes = 4096,
	                               .window = {40, 5},
	                               .len_max = 300,
	                               .linger = 100,
	                               .budget = 3,
	                               .hold = 8},
	              30000);
}

/* The space direction: a sender that meets a full ring, and nothing else that could wake it. What is held goes home at once. */
static void a_sender_that_waits_for_room_is_woken(void **state)
{
	(void)state;
	play_messages((struct pattern){.channels = 1,
	                               .ring_bytes = 1024,
	                               .window = {1u << 30, 0},
	                               .len_min = 248,
	                               .len_max = 248,
	                               .linger = 20000,
	                               .hold = 8,
	                               .one_way = true,
	                               .dawdle = 13},
	              80000);
}

static void full_rings_in_both_directions(void **state)
{
	(void)state;
	play_messages((struct pattern){.channels = 3,
	                               .ring_bytes = 1024,
	                               .window = {1u << 30, 1u << 30},
	                               .len_max = 248,
	                               .linger = 20,
	                               .budget = 2,
	                               .hold = 2},
	              20000);
}

static void *nothing(void *arg)
{
	return arg;
}

/* A thread sanitizer starts one of its own with the first: it shall not count as a leak. */
static int first_thread(void **state)
{
	pthread_t thread;

	(void)state;
	return pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL);
}

#define DOORBELL_TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DOORBELL_TEST(ping_pong_on_one_channel),
		DOORBELL_TEST(ping_pong_of_sleepers),
		DOORBELL_TEST(ping_pong_that_changes_channels),
		DOORBELL_TEST(bursts_on_several_channels),
		DOORBELL_TEST(a_sender_that_waits_for_room_is_woken),
		DOORBELL_TEST(full_rings_in_both_directions),
	};

	return cmocka_run_group_tests(tests, first_thread, NULL);
}
