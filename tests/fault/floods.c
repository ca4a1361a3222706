/* tests/fault/floods.c - peers that do nothing wrong but far too much. What one turn of a session costs is counted: messages,
 * cancelled ones, packets, connections; beside each flood an honest session is served in every dispatch, and of what the liar
 * said nothing is lost either. */
#include "tests/fault/scene.h"

#include "tests/support/rounds.h"

#include <sys/un.h>

#define CHANNELS 64       /* of the liar */
#define FRAMES 255        /* of 16 bytes, in a ring of 4096 */
#define CHANNEL_BUDGET 64 /* docs/limits.md: the defaults */
#define SESSION_BUDGET 64
#define DROPPED 4096 /* messages that nobody takes, in a turn */
#define ACCEPTED 4   /* connections */
#define BATCH 2      /* packets of one read: the last one may be too much by 1 */

static const struct rill_session_options many = {
	.size = sizeof(many),
	.mapped_bytes = 64 << 20,
	.channels = CHANNELS,
	.loans = 8,
	.arenas = 4,
	.fds = RILL_FDS_MAX,
};

static struct rill_channel *came[CHANNELS];
static unsigned came_count;

static int remember(struct rill_session *s, struct rill_channel *ch, void *user)
{
	if (came_count < CHANNELS)
		came[came_count++] = ch;
	return scene_offer(s, ch, user);
}

/* A liar with many channels, all open; its are the odd indexes. */
static struct scene *flood_open(unsigned count, unsigned session_budget)
{
	struct rill_session_events events = scene_events;
	struct scene *sc = scene_create_budget(&many, session_budget);
	struct raw_packet p;

	came_count = 0;
	events.channel = remember;
	sc->raw.head = raw_layout(2 * CHANNELS, 8, 4096);
	sc->raw.hello.hello.size = sc->raw.head.size;
	sc->raw.hello.hello.channels = CHANNELS;
	assert_int_equal(raw_greet(&sc->raw), 0);
	assert_int_equal(raw_meet(&sc->raw), 0);
	assert_int_equal(rill_session_set_events(sc->victim.session, &events, &sc->victim), 0);
	scene_turn(sc);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(raw_channel(&sc->raw, RAW_OPEN, 2 * i + 1, 1), 0);
		scene_turn(sc);
		assert_true(raw_expect(&sc->raw, RAW_ACCEPT, &p));
	}
	assert_int_equal(sc->victim.offers, count);
	return sc;
}

static void flood_end(struct scene *sc)
{
	scene_turn(sc);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void fill_rings(struct scene *sc)
{
	for (unsigned i = 0; i < CHANNELS; i++)
		for (unsigned n = 0; n < FRAMES; n++)
			raw_message(&sc->raw, 2 * i + 1, n);
}

/* One dispatch, and the honest session beside gets its message in it. Returns how many the victim got. */
static unsigned dispatch_beside(struct scene *sc)
{
	static uint64_t word;
	unsigned of_liar = sc->victim.messages, of_honest = sc->honest[1].messages;

	word++;
	assert_int_equal(rill_channel_send(sc->honest_channel, &word, sizeof(word)), 0);
	assert_int_equal(rill_ctx_dispatch_all(sc->ctx), 0);
	assert_int_equal(sc->honest[1].messages, of_honest + 1);
	assert_int_equal(sc->honest[1].last, word);
	return sc->victim.messages - of_liar;
}

/* Bytes of the liar's ring, as he is told. */
static uint64_t freed(const struct scene *sc, unsigned channel)
{
	return raw_load(&sc->raw, raw_chan(&sc->raw.their_head, channel, RAW_POS));
}

static uint64_t freed_in_all(const struct scene *sc)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < CHANNELS; i++)
		sum += freed(sc, 2 * i + 1) / 16;
	return sum;
}

static uint64_t packets_read(const struct scene *sc)
{
	struct rill_stats stats = {.size = sizeof(stats)};

	assert_int_equal(rill_session_stats(sc->victim.session, &stats), 0);
	return stats.packets;
}

/* ---- Messages -------------------------------------------------------------------------------------------------- */

static void full_rings_of_many_channels_are_no_more_than_a_sessions_budget(void **state)
{
	struct scene *sc = flood_open(CHANNELS, 0);
	unsigned n, most = 0, turns = 0;

	(void)state;
	dispatch_beside(sc);
	fill_rings(sc);
	for (unsigned i = 0; i < CHANNELS; i++)
		raw_push(&sc->raw, RAW_E_DATA, 2 * i + 1);
	assert_int_equal(raw_bell(&sc->raw), 0);
	while (sc->victim.messages < CHANNELS * FRAMES) {
		n = dispatch_beside(sc);
		assert_int_not_equal(n, 0);
		most = n > most ? n : most;
		if (++turns == CHANNELS * CHANNEL_BUDGET / SESSION_BUDGET)
			for (unsigned i = 0; i < CHANNELS; i++) /* and its channels take turns */
				assert_in_range(freed(sc, 2 * i + 1), 16, 16 * CHANNEL_BUDGET);
	}
	assert_int_equal(most, SESSION_BUDGET);
	assert_int_equal(sc->victim.last, FRAMES - 1);
	scene_turn(sc);
	assert_int_equal(freed_in_all(sc), CHANNELS * FRAMES);
	flood_end(sc);
}

static void what_both_have_closed_is_dropped_in_bounded_steps_over_all_channels(void **state)
{
	struct scene *sc = flood_open(CHANNELS, 0);
	uint64_t before, n;

	(void)state;
	fill_rings(sc);
	for (unsigned i = 0; i < CHANNELS; i++)
		rill_channel_pause(came[i]);
	for (unsigned i = 0; i < CHANNELS; i++) {
		assert_int_equal(raw_close(&sc->raw, RAW_CLOSE, 2 * i + 1, 1, 0), 0);
		scene_turn(sc);
	}
	assert_int_equal(sc->victim.messages, 0);
	for (unsigned i = 0; i < CHANNELS; i++)
		rill_channel_close(came[i]);
	assert_in_range(freed_in_all(sc), 1, DROPPED);
	while ((before = freed_in_all(sc)) < CHANNELS * FRAMES) {
		dispatch_beside(sc);
		n = freed_in_all(sc) - before;
		assert_in_range(n, 1, DROPPED);
	}
	flood_end(sc);
}

/* ---- Cancelled messages ---------------------------------------------------------------------------------------- */

#define VOIDS 200 /* one descriptor each */

static void say_descriptors(struct scene *sc, unsigned count, bool turn)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(raw_fds(&sc->raw, 1, fd, 1), 0);
		if (turn && i % BATCH == 0)
			assert_int_equal(rill_ctx_dispatch_all(sc->ctx), 0);
	}
	close(fd);
	if (turn)
		scene_turn(sc);
}

static void say_void(struct scene *sc, uint64_t seq)
{
	uint64_t word = seq << 32 | 1;

	raw_frame(&sc->raw, 1, raw_header(RAW_VOID, RAW_HAS_FDS, 0, 8), &word, 1);
}

/* VOIDs whose descriptors were read before, and a message behind them. */
static void say_voids(struct scene *sc)
{
	say_descriptors(sc, VOIDS, true);
	for (uint64_t i = 0; i < VOIDS; i++)
		say_void(sc, i);
	raw_message(&sc->raw, 1, 4711);
}

static uint64_t voids_seen(const struct scene *sc)
{
	return raw_load(&sc->raw, RAW_FDS_TAKEN);
}

static void cancelled_messages_use_the_budget(void **state)
{
	struct scene *sc = flood_open(1, 0);
	uint64_t before;

	(void)state;
	say_voids(sc);
	assert_int_equal(voids_seen(sc), 0);
	raw_push(&sc->raw, RAW_E_DATA, 1);
	assert_int_equal(raw_bell(&sc->raw), 0);
	while ((before = voids_seen(sc)) < VOIDS) {
		dispatch_beside(sc);
		assert_in_range(voids_seen(sc) - before, 1, CHANNEL_BUDGET);
	}
	scene_turn(sc);
	assert_int_equal(sc->victim.messages, 1);
	assert_int_equal(sc->victim.last, 4711);
	flood_end(sc);
}

/* The message behind them is one too many, as if they were messages. */
static void the_budget_may_end_with_a_cancelled_message(void **state)
{
	struct scene *sc = flood_open(1, 0);

	(void)state;
	say_descriptors(sc, CHANNEL_BUDGET, true);
	for (uint64_t i = 0; i < CHANNEL_BUDGET; i++)
		say_void(sc, i);
	for (uint64_t i = 1; i <= 2 * CHANNEL_BUDGET; i++)
		raw_message(&sc->raw, 1, i);
	raw_push(&sc->raw, RAW_E_DATA, 1);
	assert_int_equal(raw_bell(&sc->raw), 0);
	assert_int_equal(dispatch_beside(sc), 0);
	assert_int_equal(voids_seen(sc), CHANNEL_BUDGET);
	assert_int_equal(dispatch_beside(sc), CHANNEL_BUDGET);
	assert_int_equal(dispatch_beside(sc), CHANNEL_BUDGET);
	flood_end(sc);
}

/* Outside a dispatch, and with the end behind them: it is not told before the message. */
static void one_recv_skips_no_more_than_a_budget_of_cancelled_messages(void **state)
{
	struct scene *sc = flood_open(1, 0);
	struct rill_msg msg;
	uint64_t before;

	(void)state;
	rill_channel_pause(came[0]);
	say_voids(sc);
	assert_int_equal(raw_close(&sc->raw, RAW_CLOSE, 1, 1, 0), 0);
	scene_turn(sc);
	for (unsigned i = 0; i < VOIDS / CHANNEL_BUDGET; i++) {
		before = voids_seen(sc);
		assert_int_equal(rill_channel_recv(came[0], &msg), -EAGAIN);
		assert_int_equal(voids_seen(sc), before + CHANNEL_BUDGET);
	}
	assert_int_equal(rill_channel_recv(came[0], &msg), 0);
	rill_msg_release(&msg);
	assert_int_equal(rill_channel_recv(came[0], &msg), -EPIPE);
	flood_end(sc);
}

static void a_refused_recv_is_asked_again(void **state)
{
	struct scene *sc = flood_open(1, 0);
	struct rill_msg msg;

	(void)state;
	say_voids(sc); /* no entry, no bell: only the recv knows of them */
	assert_int_equal(rill_channel_recv(came[0], &msg), -EAGAIN);
	scene_turn(sc);
	assert_int_equal(sc->victim.messages, 1);
	flood_end(sc);
}

/* ---- Packets --------------------------------------------------------------------------------------------------- */

#define SMALL 16
#define PACKET 16 /* its price in messages, docs/limits.md */

static void packets_before_a_frame(unsigned session_budget, unsigned most)
{
	struct scene *sc = flood_open(1, session_budget);
	uint64_t word = (uint64_t)(VOIDS - 1) << 32 | 1, before;

	say_descriptors(sc, VOIDS, false);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, RAW_HAS_FDS, 0, 8), &word, 1);
	raw_push(&sc->raw, RAW_E_DATA, 1); /* no bell: it would be behind them */
	while (sc->victim.messages == 0) {
		before = packets_read(sc);
		dispatch_beside(sc);
		assert_in_range(packets_read(sc) - before, 1, most);
	}
	assert_int_equal(packets_read(sc), 2 + VOIDS);
	assert_int_equal(sc->victim.last_fds, 1);
	flood_end(sc);
}

/* The first dispatch reads once before its turn. */
static void packets_that_a_frame_waits_for_use_the_budget(void **state)
{
	(void)state;
	packets_before_a_frame(SMALL, SMALL + 2 * (BATCH - 1));
}

static void a_packet_is_dearer_than_a_message(void **state)
{
	(void)state;
	packets_before_a_frame(0, SESSION_BUDGET / PACKET + BATCH);
}

/* ---- Connections ----------------------------------------------------------------------------------------------- */

#define KNOCKS 40

static void nobody_comes(struct rill_listener *l, struct rill_session *s, void *user)
{
	(void)l;
	(void)s;
	++*(unsigned *)user;
}

static void connections_are_accepted_in_small_numbers_a_turn(void **state)
{
	static const struct rill_listener_events events = {.size = sizeof(events), .accepted = nobody_comes};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct scene *sc = scene_open();
	struct rill_listener *l;
	unsigned accepted = 0, before, n, all = 0;
	int fd[KNOCKS];

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/raw-flood-%d", (int)getpid());
	assert_int_equal(rill_listener_create(&l, sc->ctx, address.sun_path, NULL, &events, &accepted), 0);
	for (int i = 0; i < KNOCKS; i++) {
		fd[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		assert_int_equal(connect(fd[i], (struct sockaddr *)&address, sizeof(address)), 0);
	}
	while (all < KNOCKS) {
		before = (unsigned)leaks_fds();
		dispatch_beside(sc);
		n = (unsigned)leaks_fds() - before;
		assert_in_range(n, 1, ACCEPTED);
		all += n;
	}
	assert_int_equal(accepted, 0);
	for (int i = 0; i < KNOCKS; i++)
		close(fd[i]);
	scene_turn(sc);
	rill_listener_close(l);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

/* ---- For a long time ------------------------------------------------------------------------------------------- */

static unsigned rounds(void)
{
	return rounds_of(200, 2000, 20000);
}

/* Each is due: we go to rest, are rung, and find nothing. */
static void bells_without_end(void **state)
{
	struct scene *sc = flood_open(1, 0);
	uint64_t sarm = 0, rung = 0, before = packets_read(sc);

	(void)state;
	for (unsigned i = 0; i < rounds(); i++) {
		uint64_t armed = raw_load(&sc->raw, RAW_SARM);

		if (armed != sarm) {
			assert_int_equal(raw_bell(&sc->raw), 0);
			rung++;
		}
		sarm = armed;
		dispatch_beside(sc);
	}
	assert_in_range(rung, rounds() / 2, rounds());
	assert_int_equal(packets_read(sc), before + rung);
	flood_end(sc);
}

/* Channels come and go as fast as they may, each index in its next generation; none is lost and none comes twice. */
static void opens_and_closes_without_end(void **state)
{
	struct scene *sc = flood_open(0, 0);
	unsigned all = rounds() / 4, said = 0, closed = 0, seen = 0;
	struct raw_packet p;

	(void)state;
	while (closed < all) {
		for (; said < all && said - closed < CHANNELS; said++) { /* answered ones alone are used again */
			uint32_t id = said % CHANNELS * 2 + 1, generation = said / CHANNELS + 1;

			if (raw_channel(&sc->raw, RAW_OPEN, id, generation) < 0)
				break;
			assert_int_equal(raw_close(&sc->raw, RAW_CLOSE, id, generation, 0), 0);
		}
		came_count = 0;
		seen = sc->victim.offers;
		dispatch_beside(sc);
		assert_in_range(sc->victim.offers - seen, 0, 2 * BATCH);
		for (unsigned i = 0; i < came_count; i++)
			rill_channel_close(came[i]);
		while (raw_expect(&sc->raw, RAW_CLOSE, &p))
			closed++;
	}
	assert_int_equal(sc->victim.offers, all);
	flood_end(sc);
}

static void tell_what_is_due(struct scene *sc, uint64_t *carm, uint64_t *sarm)
{
	uint64_t c = raw_load(&sc->raw, raw_chan(&sc->raw.their_head, 1, RAW_CARM)), s = raw_load(&sc->raw, RAW_SARM);

	if (c != *carm)
		raw_push(&sc->raw, RAW_E_DATA, 1);
	if (s != *sarm)
		assert_int_equal(raw_bell(&sc->raw), 0);
	*carm = c;
	*sarm = s;
}

/* As many as it has credit for, all the time. */
static void descriptors_without_end(void **state)
{
	struct scene *sc = flood_open(1, 0);
	uint64_t sent = 0, all = rounds(), carm = 0, sarm = 0;

	(void)state;
	while (sc->victim.messages < all) {
		while (sent < all && sent - voids_seen(sc) < 100 && sent - freed(sc, 1) / 16 < FRAMES) {
			uint64_t word = sent << 32 | 1;

			assert_int_equal(raw_fds(&sc->raw, 1, 0, 1), 0);
			raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, RAW_HAS_FDS, 0, 8), &word, 1);
			sent++;
		}
		tell_what_is_due(sc, &carm, &sarm);
		assert_in_range(dispatch_beside(sc), 0, CHANNEL_BUDGET);
	}
	assert_int_equal(sc->victim.messages, all);
	assert_int_equal(voids_seen(sc), all);
	flood_end(sc);
}

#define SLOTS 16

static void accept_one(struct rill_listener *l, struct rill_session *s, void *user)
{
	(void)l;
	rill_session_close(s);
	++*(unsigned *)user;
}

static int knock(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
	return fd;
}

/* They fill all slots of the listener in each turn, and some say nonsense; who shakes hands is admitted all the same. */
static void half_handshakes_without_end(void **state)
{
	static const struct rill_listener_events events = {.size = sizeof(events), .accepted = accept_one};
	struct rill_listener_options o = {.size = sizeof(o), .session = &scene_options, .handshakes = SLOTS};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct scene *sc = scene_open();
	struct rill_listener *l;
	unsigned accepted = 0, all = rounds() / 20;
	int fd[SLOTS - 1];
	struct raw r;

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/raw-flood-%d", (int)getpid());
	assert_int_equal(rill_listener_create(&l, sc->ctx, address.sun_path, &o, &events, &accepted), 0);
	for (unsigned i = 0; i < all; i++) {
		for (int k = 0; k < SLOTS - 1; k++) {
			fd[k] = knock(&address);
			if (k % 3 == 0)
				assert_int_equal(send(fd[k], "?", 1, MSG_NOSIGNAL), 1);
		}
		raw_init(&r, knock(&address));
		assert_int_equal(raw_greet(&r), 0);
		for (int k = 0; k < SLOTS / ACCEPTED + 2; k++) {
			dispatch_beside(sc);
			sc->now += 1000000; /* those before it come to nothing: four a millisecond are taken */
		}
		assert_int_equal(accepted, i + 1);
		raw_finish(&r);
		for (int k = 0; k < SLOTS - 1; k++)
			close(fd[k]);
	}
	scene_turn(sc);
	rill_listener_close(l);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(full_rings_of_many_channels_are_no_more_than_a_sessions_budget),
		T(what_both_have_closed_is_dropped_in_bounded_steps_over_all_channels),
		T(cancelled_messages_use_the_budget),
		T(the_budget_may_end_with_a_cancelled_message),
		T(one_recv_skips_no_more_than_a_budget_of_cancelled_messages),
		T(a_refused_recv_is_asked_again),
		T(packets_that_a_frame_waits_for_use_the_budget),
		T(a_packet_is_dearer_than_a_message),
		T(connections_are_accepted_in_small_numbers_a_turn),
		T(bells_without_end),
		T(opens_and_closes_without_end),
		T(descriptors_without_end),
		T(half_handshakes_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
