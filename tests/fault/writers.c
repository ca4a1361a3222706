/* tests/fault/writers.c - peers that announce an arena for writing which they may not, or not so. */
#include "tests/fault/scene.h"

#define RAW_SHARED_ARENA 21
#define RAW_FEATURE_SHARED 0x20
#define CAPACITY 65536

static struct scene *open_with(bool ours, bool theirs)
{
	struct rill_session_options o = scene_options;
	struct scene *sc;

	o.peers_may_write = ours;
	sc = scene_create_with(&o);
	sc->raw.hello.hello.features = theirs ? RAW_FEATURE_SHARED : 0;
	assert_int_equal(raw_greet(&sc->raw), 0);
	assert_int_equal(raw_meet(&sc->raw), 0);
	assert_int_equal(sc->raw.peer.hello.features & RAW_FEATURE_SHARED, ours ? RAW_FEATURE_SHARED : 0);
	scene_turn(sc);
	return sc;
}

/* A sealed memfd for reading and writing. */
static int writable(int seals)
{
	int fd = raw_memfd(CAPACITY, 0);

	raw_seal(fd, seals);
	return fd;
}

static void announce(struct scene *sc, uint32_t id, uint32_t writer, int fd)
{
	struct raw_packet p = raw_packet(RAW_SHARED_ARENA, 32);

	p.arena.id = id;
	p.arena.reserved = writer;
	p.arena.capacity = CAPACITY;
	assert_true(fd >= 0);
	assert_int_equal(raw_send(&sc->raw, &p, 32, &fd, 1), 0);
	close(fd);
	scene_turn(sc);
}

static void an_arena_for_writing_is_refused_where_not_both_said_so(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct scene *sc = open_with(i & 1, i & 2);

		announce(sc, 0, 1, writable(RAW_ARENA_SEALS));
		scene_expect(sc, -EPROTO, "we have not agreed to that");
		scene_destroy(sc);
	}
}

static void where_both_said_so_it_is_taken_and_forgotten(void **state)
{
	struct scene *sc = open_with(true, true);

	(void)state;
	for (uint32_t i = 1; i < 10; i++) {
		announce(sc, 0, i, writable(RAW_ARENA_SEALS));
		raw_forget(&sc->raw, 0);
	}
	announce(sc, 0, 10, writable(RAW_ARENA_SEALS));
	announce(sc, 1, 10, writable(RAW_ARENA_SEALS)); /* another arena's number ten */
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void a_descriptor_that_is_not_for_writing_breaks_the_protocol(void **state)
{
	struct scene *sc = open_with(true, true);

	(void)state;
	announce(sc, 0, 1, raw_arena(CAPACITY, NULL));
	scene_expect(sc, -EPROTO, "not for writing");
	scene_destroy(sc);
}

static void an_arena_that_may_shrink_breaks_the_protocol(void **state)
{
	struct scene *sc = open_with(true, true);

	(void)state;
	announce(sc, 0, 1, writable(F_SEAL_GROW | F_SEAL_SEAL));
	scene_expect(sc, -EPROTO, "lacks a seal");
	scene_destroy(sc);
}

/* Two of one number: each would take the other for alive, or for dead. */
static void a_number_that_another_writer_has_breaks_the_protocol(void **state)
{
	struct flock byte = {.l_type = F_WRLCK, .l_start = ((off_t)1 << 62) + 7, .l_len = 1};
	struct scene *sc = open_with(true, true);
	int fd = writable(RAW_ARENA_SEALS), again;
	char path[32];

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(again, F_OFD_SETLK, &byte), 0);
	announce(sc, 0, 7, fd);
	scene_expect(sc, -EPROTO, "another has our number");
	close(again);
	scene_destroy(sc);
}

static void an_ordinary_arena_for_writing_breaks_the_protocol_here_too(void **state)
{
	struct scene *sc = open_with(true, true);
	int fd = writable(RAW_ARENA_SEALS);

	(void)state;
	assert_int_equal(raw_announce(&sc->raw, 0, CAPACITY, fd), 0);
	close(fd);
	scene_expect(sc, -EPROTO, "not read-only");
	scene_destroy(sc);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_arena_for_writing_is_refused_where_not_both_said_so),
		TEST(where_both_said_so_it_is_taken_and_forgotten),
		TEST(a_descriptor_that_is_not_for_writing_breaks_the_protocol),
		TEST(an_arena_that_may_shrink_breaks_the_protocol),
		TEST(a_number_that_another_writer_has_breaks_the_protocol),
		TEST(an_ordinary_arena_for_writing_breaks_the_protocol_here_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
