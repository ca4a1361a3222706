/* tests/fault/eventfd.c - a liar of our own uid that has our eventfd, and we his: bells that were not armed for, descriptors of
 * another kind, counters that are full or empty. Nothing makes us wait, and the session beside goes on. */
#include "tests/fault/scene.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

static int bell; /* the victim's eventfd, as the liar has it */

static int fault_setup(void **state)
{
	bell = -1;
	alarm(20); /* a call that waits ends as a failure */
	return leaks_setup(state);
}

static int fault_teardown(void **state)
{
	if (bell >= 0)
		close(bell);
	alarm(0);
	return leaks_teardown(state);
}

static struct scene *open_with(const struct rill_session_options *options)
{
	struct scene *sc = scene_create_with(options);

	sc->raw.hello.hello.features = RAW_EVENTFD_BELL;
	assert_int_equal(raw_greet(&sc->raw), 0);
	assert_int_equal(raw_meet(&sc->raw), 0);
	scene_turn(sc);
	assert_int_equal(sc->victim.opened, 1);
	return sc;
}

static struct scene *open_agreed(void)
{
	struct scene *sc = open_with(&scene_options);
	struct raw_packet p;

	assert_true(raw_expect(&sc->raw, RAW_EVENTFD, &p));
	assert_int_equal(p.length, 8);
	assert_int_equal(sc->raw.got_count, 1);
	bell = fcntl(sc->raw.got[0], F_DUPFD_CLOEXEC, 0);
	return sc;
}

static void ring(uint64_t count)
{
	assert_int_equal(write(bell, &count, sizeof(count)), sizeof(count));
}

static void hand_over(struct scene *sc, int fd)
{
	struct raw_packet p = raw_packet(RAW_EVENTFD, 8);

	assert_true(fd >= 0);
	assert_int_equal(raw_send(&sc->raw, &p, p.length, &fd, 1), 0);
	close(fd);
	scene_turn(sc);
}

static uint64_t sarm(const struct scene *sc)
{
	return raw_load(&sc->raw, RAW_SARM);
}

/* ---- Bells ----------------------------------------------------------------------------------------------------- */

static void a_bell_may_come_either_way(void **state)
{
	struct scene *sc = open_agreed();
	uint64_t before = sarm(sc);

	(void)state;
	ring(1);
	scene_turn(sc);
	assert_int_equal(sarm(sc), before + 1); /* consumed, and armed again */
	assert_int_equal(raw_bell(&sc->raw), 0);
	scene_turn(sc);
	assert_int_equal(sarm(sc), before + 2);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void a_bell_that_comes_both_ways(void **state)
{
	struct scene *sc = open_agreed();

	(void)state;
	ring(1);
	assert_int_equal(raw_bell(&sc->raw), 0);
	scene_expect(sc, -EPROTO, "bell: not armed for");
	scene_destroy(sc);
}

static void two_bells_for_one_arm(void **state)
{
	struct scene *sc = open_agreed();

	(void)state;
	ring(1);
	ring(1);
	scene_expect(sc, -EPROTO, "bell: not armed for");
	scene_destroy(sc);
}

static void a_counter_that_is_full(void **state)
{
	struct scene *sc = open_agreed();

	(void)state;
	ring(UINT64_MAX - 1);
	scene_expect(sc, -EPROTO, "bell: not armed for");
	scene_destroy(sc);
}

/* Reading does not wait, whatever the flag says that the liar may clear. */
static void an_empty_counter_without_o_nonblock(void **state)
{
	struct scene *sc = open_agreed();

	(void)state;
	assert_int_equal(fcntl(bell, F_SETFL, 0), 0);
	scene_turn(sc); /* tries every watch */
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

/* It loses its own messages' bells, and nothing else. */
static void a_peer_that_eats_our_bells(void **state)
{
	struct scene *sc = open_agreed();
	uint64_t count;

	(void)state;
	ring(1);
	assert_int_equal(read(bell, &count, sizeof(count)), sizeof(count));
	scene_turn(sc);
	assert_int_equal(raw_bell(&sc->raw), 0);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void bells_after_the_close(void **state)
{
	struct scene *sc = open_agreed();
	struct rill_channel *ch = scene_victim_opens(sc);
	static char large[8192];

	(void)state;
	assert_int_equal(rill_channel_send(ch, large, sizeof(large)), 0); /* out on loan: it stays for close_ms */
	rill_session_close(sc->victim.session);
	ring(3);
	scene_turn(sc);
	ring(1);
	scene_turn(sc);
	scene_honest_goes_on(sc);
	sc->victim.session = NULL;
	scene_destroy(sc);
}

/* ---- The liar's own -------------------------------------------------------------------------------------------- */

static void wakes_by(int flags)
{
	struct scene *sc = open_agreed();
	struct rill_channel *ch = scene_victim_opens(sc);
	int fd = eventfd(0, flags | EFD_CLOEXEC | EFD_NONBLOCK), mine = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct raw_packet p;
	uint64_t count = 0;

	hand_over(sc, fd);
	raw_store(&sc->raw, RAW_SARM, 5);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_CARM), 5);
	assert_int_equal(rill_channel_send(ch, "x", 1), 0);
	assert_int_equal(rill_channel_send(ch, "x", 1), 0);
	assert_int_equal(read(mine, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1); /* once */
	assert_false(raw_expect(&sc->raw, RAW_BELL, &p));
	close(mine);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void a_sleeper_is_rung_once_and_by_nothing_else(void **state)
{
	(void)state;
	wakes_by(0);
}

static void a_semaphore_is_rung_as_any_other(void **state)
{
	(void)state;
	wakes_by(EFD_SEMAPHORE);
}

/* It is as good as rung; and it is not tried for ever. */
static void ringing_a_full_counter(void **state)
{
	struct scene *sc = open_agreed();
	struct rill_channel *ch = scene_victim_opens(sc);
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t full = UINT64_MAX - 1;
	struct raw_packet p;

	(void)state;
	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	hand_over(sc, fd);
	raw_store(&sc->raw, RAW_SARM, 5);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_CARM), 5);
	assert_int_equal(rill_channel_send(ch, "x", 1), 0);
	assert_int_equal(rill_ctx_deadline(sc->ctx), RILL_NEVER);
	assert_false(raw_expect(&sc->raw, RAW_BELL, &p));
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void refused(int fd)
{
	struct scene *sc = open_agreed();

	hand_over(sc, fd);
	scene_expect(sc, -EPROTO, "another kind of descriptor");
	scene_destroy(sc);
	close(bell);
	bell = -1;
}

static void an_eventfd_that_would_wait(void **state)
{
	(void)state;
	refused(eventfd(0, EFD_CLOEXEC));
}

static void other_kinds_of_descriptors(void **state)
{
	char name[] = "/tmp/anon_inode:[eventfd]";
	int fds[2];

	(void)state;
	refused(epoll_create1(EPOLL_CLOEXEC));
	refused(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
	refused(memfd_create("anon_inode:[eventfd]", MFD_CLOEXEC));
	refused(open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600));
	unlink(name);
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	refused(fds[1]);
	refused(fds[0]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	refused(fds[0]);
	refused(fds[1]);
}

static void a_second_one(void **state)
{
	struct scene *sc = open_agreed();

	(void)state;
	hand_over(sc, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	hand_over(sc, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	scene_expect(sc, -EPROTO, "eventfd: not agreed on, or a second one");
	scene_destroy(sc);
}

static void none_or_two_in_one_packet(void **state)
{
	struct raw_packet p = raw_packet(RAW_EVENTFD, 8);
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	(void)state;
	for (unsigned count = 0; count < 3; count += 2) {
		struct scene *sc = open_agreed();

		assert_int_equal(raw_send(&sc->raw, &p, p.length, (const int[]){fd, fd}, count), 0);
		scene_expect(sc, -EPROTO, "eventfd: not exactly one");
		scene_destroy(sc);
		close(bell);
		bell = -1;
	}
	close(fd);
}

static void one_that_was_not_agreed_on(void **state)
{
	struct scene *sc = scene_open();
	struct raw_packet p;

	(void)state;
	assert_false(raw_expect(&sc->raw, RAW_EVENTFD, &p));
	hand_over(sc, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	scene_expect(sc, -EPROTO, "eventfd: not agreed on, or a second one");
	scene_destroy(sc);
}

static void one_that_our_user_does_not_want(void **state)
{
	struct rill_session_options o = scene_options;
	struct raw_packet p;
	struct scene *sc;

	(void)state;
	o.socket_bell = 1;
	sc = open_with(&o);
	assert_int_equal(sc->raw.peer.hello.features & RAW_EVENTFD_BELL, 0);
	assert_false(raw_expect(&sc->raw, RAW_EVENTFD, &p));
	hand_over(sc, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	scene_expect(sc, -EPROTO, "eventfd: not agreed on, or a second one");
	scene_destroy(sc);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fault_setup, fault_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_bell_may_come_either_way),
		TEST(a_bell_that_comes_both_ways),
		TEST(two_bells_for_one_arm),
		TEST(a_counter_that_is_full),
		TEST(an_empty_counter_without_o_nonblock),
		TEST(a_peer_that_eats_our_bells),
		TEST(bells_after_the_close),
		TEST(a_sleeper_is_rung_once_and_by_nothing_else),
		TEST(a_semaphore_is_rung_as_any_other),
		TEST(ringing_a_full_counter),
		TEST(an_eventfd_that_would_wait),
		TEST(other_kinds_of_descriptors),
		TEST(a_second_one),
		TEST(none_or_two_in_one_packet),
		TEST(one_that_was_not_agreed_on),
		TEST(one_that_our_user_does_not_want),
	};

	return cmocka_run_group_tests_name("eventfd", tests, NULL, NULL);
}
