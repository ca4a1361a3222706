/* tests/fault/wakeups.c - a peer that keeps to docs/protocol.md to the letter, at moments that the library itself would hardly
 * choose: who must be woken is woken, nobody is woken twice, and what was committed is delivered whatever comes after it. */
#include "tests/fault/scene.h"

static char large[8192];

static unsigned count_packets(struct raw *r, int kind)
{
	struct raw_packet p;
	unsigned n = 0;
	int k;

	while ((k = raw_recv(r, &p)) > 0)
		n += k == kind;
	return n;
}

static void a_recv_outside_a_dispatch_that_reads_a_bell(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *first;
	struct rill_msg msg;
	uint64_t word = 1;

	(void)state;
	sc->victim.unread = true;
	scene_liar_opens(sc);
	first = sc->victim.channel;
	sc->victim.unread = false;
	raw_channel(&sc->raw, RAW_OPEN, 3, 1);
	scene_turn(sc);
	assert_int_equal(rill_ctx_deadline(sc->ctx), RILL_NEVER); /* asleep */
	raw_message(&sc->raw, 3, 33);
	raw_push(&sc->raw, RAW_E_DATA, 3);
	assert_int_equal(raw_bell(&sc->raw), 0);
	assert_int_equal(raw_fds(&sc->raw, 1, 0, 1), 0);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, RAW_HAS_FDS, 0, 8), &word, 1);
	assert_int_equal(rill_channel_recv(first, &msg), 0); /* looks for the descriptor, and finds the bell before it */
	rill_msg_release(&msg);
	assert_int_equal(rill_ctx_timeout_ms(sc->ctx), 0);
	assert_int_equal(rill_ctx_dispatch(sc->ctx, NULL), 0);
	assert_int_equal(sc->victim.messages, 1);
	assert_int_equal(sc->victim.last, 33);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

/* Give back the loans of `count` LOAN frames that begin at `pos` in the victim's ring. */
static void return_all(struct raw *r, unsigned channel, uint64_t pos, unsigned count)
{
	for (unsigned i = 0; i < count; i++, pos += 32)
		raw_return(r, raw_load(r, raw_ring(&r->their_head, channel) + pos + 24));
}

static void who_waits_for_loans_is_woken_though_another_took_them(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *waits = scene_victim_opens(sc), *takes = scene_victim_opens(sc);

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_int_equal(rill_channel_send(waits, large, sizeof(large)), 0);
	assert_int_equal(rill_channel_send(waits, large, sizeof(large)), -EAGAIN);
	return_all(&sc->raw, 0, 0, 8);
	assert_int_equal(rill_channel_send(takes, large, sizeof(large)), 0);
	raw_push(&sc->raw, RAW_E_RETURNS, 0);
	raw_bell(&sc->raw);
	scene_turn(sc);
	assert_int_equal(sc->victim.writables, 1);
	assert_int_equal(rill_channel_send(waits, large, sizeof(large)), 0);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void too_little_back_is_no_reason_to_give_up(void **state)
{
	static char most[600 << 10];
	struct scene *sc = scene_open(); /* its arena has 1 MiB */
	struct rill_channel *ch = scene_victim_opens(sc);

	(void)state;
	assert_int_equal(rill_channel_send(ch, large, sizeof(large)), 0);
	assert_int_equal(rill_channel_send(ch, most, sizeof(most)), 0);
	return_all(&sc->raw, 0, 0, 1);
	assert_int_equal(rill_channel_send(ch, most, sizeof(most)), -EAGAIN);
	return_all(&sc->raw, 0, 32, 1);
	raw_push(&sc->raw, RAW_E_RETURNS, 0);
	raw_bell(&sc->raw);
	scene_turn(sc);
	assert_int_equal(sc->victim.writables, 1);
	assert_int_equal(rill_channel_send(ch, most, sizeof(most)), 0);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void who_waits_for_room_is_woken_once(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *ch = scene_victim_opens(sc);
	char some[500] = "";
	int e;

	(void)state;
	do
		e = rill_channel_send(ch, some, sizeof(some));
	while (e == 0);
	assert_int_equal(e, -EAGAIN);
	assert_int_equal(raw_load(&sc->raw, raw_chan(&sc->raw.their_head, 0, RAW_WARM)), 1);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), 8192);
	raw_push(&sc->raw, RAW_E_SPACE, 0);
	raw_bell(&sc->raw);
	scene_turn(sc);
	assert_int_equal(sc->victim.writables, 1);
	assert_int_equal(rill_channel_send(ch, some, sizeof(some)), 0);
	scene_turn(sc);
	assert_int_equal(sc->victim.writables, 1);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

/* Freed a little, too little: armed again, and told when it is enough. */
static void too_little_room_arms_again(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *ch = scene_victim_opens(sc);
	char some[1000] = "";
	int e;

	(void)state;
	do
		e = rill_channel_send(ch, some, sizeof(some));
	while (e == 0);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), 8);
	raw_push(&sc->raw, RAW_E_SPACE, 0);
	raw_bell(&sc->raw);
	scene_turn(sc);
	assert_int_equal(sc->victim.writables, 0);
	assert_int_equal(raw_load(&sc->raw, raw_chan(&sc->raw.their_head, 0, RAW_WARM)), 2);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), 4032);
	raw_push(&sc->raw, RAW_E_SPACE, 0);
	raw_bell(&sc->raw);
	scene_turn(sc);
	assert_int_equal(sc->victim.writables, 1);
	assert_int_equal(rill_channel_send(ch, some, sizeof(some)), 0);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void who_waits_for_descriptors_is_woken(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *ch = scene_victim_opens(sc);
	const int fds[16] = {0};
	struct rill_out out = {.size = sizeof(out), .fds = fds, .fd_count = 16};

	(void)state;
	assert_int_equal(rill_channel_sendmsg(ch, &out), 0);
	out.fd_count = 1;
	assert_int_equal(rill_channel_sendmsg(ch, &out), -EAGAIN);
	assert_int_equal(raw_load(&sc->raw, RAW_FDS_ARM), 1);
	raw_store(&sc->raw, RAW_FDS_TAKEN, 16);
	raw_push(&sc->raw, RAW_E_FDS, 0);
	raw_bell(&sc->raw);
	scene_turn(sc);
	assert_int_equal(sc->victim.writables, 1);
	assert_int_equal(rill_channel_sendmsg(ch, &out), 0);
	assert_int_equal(count_packets(&sc->raw, RAW_FDS), 2);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void a_sleeper_is_rung_once(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *ch = scene_victim_opens(sc);
	uint64_t ready = sc->raw.their_head.ready_offset;

	(void)state;
	count_packets(&sc->raw, 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(rill_channel_send(ch, "x", 1), 0);
	assert_int_equal(raw_load(&sc->raw, ready), (0 + 1) << 2 | RAW_E_DATA);
	assert_int_equal(raw_load(&sc->raw, ready + 8), 0);
	assert_int_equal(count_packets(&sc->raw, RAW_BELL), 1);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_CARM), 2); /* awake: only the channel is armed */
	for (int i = 0; i < 20; i++)
		assert_int_equal(rill_channel_send(ch, "x", 1), 0);
	assert_int_equal(raw_load(&sc->raw, ready + 8), (0 + 1) << 2 | RAW_E_DATA);
	assert_int_equal(count_packets(&sc->raw, RAW_BELL), 0);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_CARM), 3);
	raw_store(&sc->raw, RAW_SARM, 2);
	assert_int_equal(rill_channel_send(ch, "x", 1), 0);
	assert_int_equal(count_packets(&sc->raw, RAW_BELL), 1);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static unsigned count_entries(const struct raw *r, uint64_t entry)
{
	unsigned n = 0;

	for (uint64_t i = 0; i < r->their_head.ready_count; i++)
		n += raw_load(r, r->their_head.ready_offset + 8 * i) == entry;
	return n;
}

/* What we wait for is told, each once, with one bell for all; what we do not wait for is not. */
static void each_arm_is_answered_once(void **state)
{
	struct scene *sc = scene_open();
	uint64_t loan[3] = {0, 5, 1}, word;
	int fd = raw_arena(65536, NULL);

	(void)state;
	assert_int_equal(raw_announce(&sc->raw, 0, 65536, fd), 0);
	close(fd);
	scene_liar_opens(sc);
	for (unsigned turn = 0; turn < 3; turn++) {
		if (turn == 1) {
			raw_store(&sc->raw, RAW_FDS_ARM, 1);
			raw_store(&sc->raw, RAW_RETURNS_ARM, 1);
			raw_store(&sc->raw, raw_chan(&sc->raw.head, 1, RAW_WARM), 1);
			assert_int_equal(count_packets(&sc->raw, RAW_BELL), 0);
		}
		word = (uint64_t)sc->raw.seq << 32 | 1;
		assert_int_equal(raw_fds(&sc->raw, 1, 0, 1), 0);
		raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, RAW_HAS_FDS, 0, 8), &word, 1);
		raw_frame(&sc->raw, 1, raw_header(RAW_LOAN, 0, 1, 24), loan, 3);
		raw_push(&sc->raw, RAW_E_DATA, 1);
		raw_bell(&sc->raw);
		scene_turn(sc);
		assert_int_equal(sc->victim.messages, 2 * (turn + 1));
		assert_int_equal(count_entries(&sc->raw, 1 << 2 | RAW_E_FDS), turn > 0);
		assert_int_equal(count_entries(&sc->raw, 1 << 2 | RAW_E_RETURNS), turn > 0);
		assert_int_equal(count_entries(&sc->raw, 2 << 2 | RAW_E_SPACE), turn > 0);
	}
	assert_int_equal(count_packets(&sc->raw, RAW_BELL), 1);
	assert_int_equal(raw_load(&sc->raw, RAW_FDS_TAKEN), 3);
	assert_int_equal(raw_load(&sc->raw, raw_chan(&sc->raw.their_head, 1, RAW_POS)), 3 * (16 + 32));
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

/* ---- What was committed is delivered --------------------------------------------------------------------------- */

static void commit_some(struct scene *sc)
{
	uint64_t word = 1;

	scene_liar_opens(sc);
	for (uint64_t i = 1; i <= 5; i++)
		raw_message(&sc->raw, 1, i); /* and no entry, no bell */
	assert_int_equal(raw_fds(&sc->raw, 1, 0, 1), 0);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, RAW_HAS_FDS, 0, 8), &word, 1);
	assert_int_equal(sc->victim.messages, 0);
}

static void what_was_committed_outlives_a_death(void **state)
{
	struct scene *sc = scene_open();

	(void)state;
	commit_some(sc);
	close(sc->raw.fd);
	sc->raw.fd = -1;
	scene_turn(sc);
	assert_int_equal(sc->victim.messages, 6);
	assert_int_equal(sc->victim.last_fds, 1);
	assert_int_equal(sc->victim.channels_closed, 1);
	assert_int_equal(sc->victim.channel_why, -ECONNRESET);
	scene_expect(sc, -ECONNRESET, "the peer died");
	scene_destroy(sc);
}

static void what_was_committed_comes_before_a_goodbye(void **state)
{
	struct scene *sc = scene_open();
	struct raw_packet p = raw_packet(RAW_GOODBYE, 128);

	(void)state;
	commit_some(sc);
	raw_close(&sc->raw, RAW_CLOSE, 1, 1, 0);
	raw_say(&sc->raw, &p);
	scene_turn(sc);
	assert_int_equal(sc->victim.messages, 6);
	assert_int_equal(sc->victim.channel_why, 0);
	scene_expect(sc, 0, "closed by the peer");
	scene_destroy(sc);
}

/* He says that we broke the protocol: that does not make what he sent before wrong. */
static void what_was_committed_comes_before_a_complaint(void **state)
{
	struct scene *sc = scene_open();
	struct raw_packet p = raw_packet(RAW_GOODBYE, 128);

	(void)state;
	commit_some(sc);
	p.word.reason = EPROTO;
	strcpy(p.word.text, "you lie");
	raw_say(&sc->raw, &p);
	scene_turn(sc);
	assert_int_equal(sc->victim.messages, 6);
	assert_int_equal(sc->victim.closed, 1);
	assert_int_equal(sc->victim.why, -EPROTO);
	assert_string_equal(sc->victim.text, "ended by the peer: you lie");
	scene_honest_goes_on(sc);
	scene_destroy(sc);
}

static void what_was_committed_comes_before_a_close(void **state)
{
	struct scene *sc = scene_open();

	(void)state;
	commit_some(sc);
	raw_close(&sc->raw, RAW_CLOSE, 1, 1, 5);
	scene_turn(sc);
	assert_int_equal(sc->victim.messages, 6);
	assert_int_equal(sc->victim.channels_closed, 1);
	assert_int_equal(sc->victim.channel_why, -ECONNABORTED);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

/* But after a violation nothing of the peer is believed. */
static void what_was_committed_is_not_read_after_a_violation(void **state)
{
	struct scene *sc = scene_open();
	struct raw_packet p = raw_packet(99, 8);

	(void)state;
	commit_some(sc);
	raw_say(&sc->raw, &p);
	scene_turn(sc);
	assert_int_equal(sc->victim.messages, 0);
	scene_expect(sc, -EPROTO, "unknown kind");
	scene_destroy(sc);
}

/* ---- An index is used again ------------------------------------------------------------------------------------ */

static void an_index_is_used_again_when_both_have_drained(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *ch = scene_victim_opens(sc);
	struct raw_packet p;

	(void)state;
	assert_int_equal(rill_channel_send(ch, "before", 6), 0); /* a frame of 16 */
	raw_message(&sc->raw, 0, 1);                             /* and one to it, that nobody takes */
	rill_channel_close(ch);
	assert_true(raw_expect(&sc->raw, RAW_CLOSE, &p));
	raw_close(&sc->raw, RAW_CLOSE, 0, 1, 0);
	scene_turn(sc);
	assert_int_equal(raw_load(&sc->raw, raw_chan(&sc->raw.their_head, 0, RAW_POS)), 16);
	assert_int_equal(rill_channel_open(&ch, sc->victim.session, "other", NULL, NULL, NULL), 0);
	assert_true(raw_expect(&sc->raw, RAW_OPEN, &p));
	assert_int_equal(p.open.id, 2); /* we have not said that we drained 0 */
	rill_channel_close(ch);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), 16);
	for (uint32_t id = 4; id < 16; id += 2) /* until it looks for one to use again */
		assert_int_equal(rill_channel_open(&ch, sc->victim.session, NULL, NULL, NULL, NULL), 0);
	assert_int_equal(rill_channel_open(&ch, sc->victim.session, "again", NULL, NULL, NULL), 0);
	while (raw_expect(&sc->raw, RAW_OPEN, &p) && p.open.id != 0)
		;
	assert_int_equal(p.open.id, 0);
	assert_int_equal(p.open.generation, 2);
	assert_int_equal(rill_channel_send(ch, "after", 5), 0);
	assert_int_equal(raw_load(&sc->raw, raw_ring(&sc->raw.their_head, 0) + 16), raw_header(RAW_MESSAGE, 0, 0, 5));
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void a_close_crosses_the_accept(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *ch;
	struct raw_packet p;

	(void)state;
	assert_int_equal(rill_channel_open(&ch, sc->victim.session, NULL, NULL, NULL, NULL), 0);
	assert_int_equal(rill_channel_send(ch, "and gone", 8), 0);
	rill_channel_close(ch);
	assert_true(raw_expect(&sc->raw, RAW_CLOSE, &p));
	raw_channel(&sc->raw, RAW_ACCEPT, 0, 1);
	raw_close(&sc->raw, RAW_CLOSE, 0, 1, 0);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), 16);
	scene_turn(sc);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_recv_outside_a_dispatch_that_reads_a_bell),
		TEST(who_waits_for_loans_is_woken_though_another_took_them),
		TEST(too_little_back_is_no_reason_to_give_up),
		TEST(who_waits_for_room_is_woken_once),
		TEST(too_little_room_arms_again),
		TEST(who_waits_for_descriptors_is_woken),
		TEST(a_sleeper_is_rung_once),
		TEST(each_arm_is_answered_once),
		TEST(what_was_committed_outlives_a_death),
		TEST(what_was_committed_comes_before_a_goodbye),
		TEST(what_was_committed_comes_before_a_complaint),
		TEST(what_was_committed_comes_before_a_close),
		TEST(what_was_committed_is_not_read_after_a_violation),
		TEST(an_index_is_used_again_when_both_have_drained),
		TEST(a_close_crosses_the_accept),
	};

	return cmocka_run_group_tests_name("wakeups", tests, NULL, NULL);
}
