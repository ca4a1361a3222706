/* tests/fault/sight.c - a peer sees what it was sent and nothing else: one of two sessions searches all that it can map for
 * what was sent to the other. */
#include "tests/fault/scene.h"

#include <fcntl.h>

#define LARGE 20000
#define MAPS 8

struct map {
	const char *base;
	size_t size;
};

/* Everything that the liar was given a descriptor of. */
struct sight {
	struct map map[MAPS];
	unsigned count;
};

/* Written so that neither the program's image nor a stack holds it in one piece by accident: 32 bytes from a seed. */
static void make_marker(unsigned char to[32], unsigned seed)
{
	for (unsigned i = 0; i < 32; i++)
		to[i] = (unsigned char)(seed * 131 + i * 29 + 7);
}

static bool sees(const struct sight *v, const unsigned char marker[32])
{
	for (unsigned i = 0; i < v->count; i++)
		if (memmem(v->map[i].base, v->map[i].size, marker, 32))
			return true;
	return false;
}

static void look_into(struct sight *v, int fd, size_t size)
{
	void *base = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	assert_true(base != MAP_FAILED && v->count < MAPS);
	v->map[v->count++] = (struct map){.base = base, .size = size};
}

/* Read all packets; map each arena that is announced. */
static void look_around(struct scene *sc, struct sight *v)
{
	struct raw_packet p;

	while (raw_recv(&sc->raw, &p) > 0)
		if (p.kind == RAW_ARENA && sc->raw.got_count == 1)
			look_into(v, sc->raw.got[0], p.arena.capacity);
}

static void fill_with(unsigned char *to, size_t len, unsigned seed)
{
	memset(to, 0, len);
	make_marker(to + len / 2, seed);
}

/* Small, large, and lent from an arena of the user's: `seed`, +1, +2. */
static void send_all(struct rill_channel *ch, struct rill_arena *a, unsigned seed)
{
	static unsigned char large[LARGE];
	unsigned char small[100];
	unsigned char *block = rill_arena_alloc(a, LARGE);
	struct rill_loan loan = {.arena = a, .data = block, .len = LARGE};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};

	assert_non_null(block);
	fill_with(small, sizeof(small), seed);
	fill_with(large, sizeof(large), seed + 1);
	fill_with(block, LARGE, seed + 2);
	assert_int_equal(rill_channel_send(ch, small, sizeof(small)), 0);
	assert_int_equal(rill_channel_send(ch, large, sizeof(large)), 0);
	assert_int_equal(rill_channel_sendmsg(ch, &out), 0);
	rill_arena_free(a, block);
}

static void one_session_does_not_see_what_another_was_sent(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 1 << 20};
	struct scene *sc = scene_open();
	struct rill_channel *ch = scene_victim_opens(sc);
	struct rill_arena *theirs, *ours;
	struct sight v = {.map = {{.base = sc->raw.theirs, .size = sc->raw.their_head.size}}, .count = 1};
	unsigned char marker[32];

	(void)state;
	assert_int_equal(rill_arena_create(&theirs, sc->ctx, &o), 0);
	assert_int_equal(rill_arena_create(&ours, sc->ctx, &o), 0);
	sc->honest[1].hold = true;
	send_all(sc->honest_channel, theirs, 10); /* held there ... */
	send_all(sc->honest_channel, theirs, 20);
	scene_turn(sc);
	assert_int_equal(sc->honest[1].messages, 6);
	for (unsigned i = 3; i < 6; i++) /* ... and released, but still in its memory */
		rill_msg_release(&sc->honest[1].held[i]);
	sc->honest[1].held_count = 3;
	send_all(ch, ours, 30);
	scene_turn(sc);
	look_around(sc, &v);
	assert_int_equal(v.count, 3);
	for (unsigned seed = 30; seed < 33; seed++) { /* it does see its own */
		make_marker(marker, seed);
		assert_true(sees(&v, marker));
	}
	for (unsigned seed = 10; seed < 33; seed++) {
		make_marker(marker, seed);
		if (seed % 10 < 3 && seed < 30)
			assert_false(sees(&v, marker));
	}
	for (unsigned i = 1; i < v.count; i++)
		munmap((void *)(uintptr_t)v.map[i].base, v.map[i].size);
	for (unsigned i = 0; i < 3; i++)
		rill_msg_release(&sc->honest[1].held[i]);
	rill_arena_destroy(theirs);
	rill_arena_destroy(ours);
	scene_destroy(sc);
}

/* Pages that are new to a session are zero: nothing of a former session's is in them. */
static void a_new_session_begins_with_zeros(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *ch = scene_victim_opens(sc);
	const char *ring = sc->raw.theirs + raw_ring(&sc->raw.their_head, 0);

	(void)state;
	for (uint64_t i = 0; i < sc->raw.their_head.ring_bytes; i++)
		assert_int_equal(ring[i], 0);
	assert_int_equal(rill_channel_send(ch, "x", 1), 0);
	assert_int_equal(ring[8], 'x');
	scene_destroy(sc);
}

/* What was sent with a descriptor can be read and not written. */
static void the_peers_descriptors_cannot_write(void **state)
{
	struct scene *sc = scene_create();
	struct raw *r = &sc->raw;
	uint64_t size;

	(void)state;
	assert_true(raw_expect(r, RAW_HELLO, &r->peer));
	assert_int_equal(r->got_count, 1);
	size = r->peer.hello.size;
	assert_true(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, r->got[0], 0) == MAP_FAILED);
	assert_true(pwrite(r->got[0], "x", 1, 0) < 0);
	assert_true(ftruncate(r->got[0], 0) < 0);
	assert_true(fallocate(r->got[0], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) < 0);
	assert_true(fcntl(r->got[0], F_ADD_SEALS, F_SEAL_WRITE) < 0);
	scene_destroy(sc);
}

/* One of the same uid may open the file again for writing, by /proc: the seal holds for the region even then. */
static void the_peers_region_cannot_be_opened_for_writing(void **state)
{
	struct scene *sc = scene_create();
	char path[40];
	int fd;

	(void)state;
	assert_true(raw_expect(&sc->raw, RAW_HELLO, &sc->raw.peer));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", sc->raw.got[0]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		assert_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
		assert_true(pwrite(fd, "x", 1, 0) < 0);
		assert_true(ftruncate(fd, 0) < 0);
		close(fd);
	}
	scene_destroy(sc);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_session_does_not_see_what_another_was_sent),
		TEST(a_new_session_begins_with_zeros),
		TEST(the_peers_descriptors_cannot_write),
		TEST(the_peers_region_cannot_be_opened_for_writing),
	};

	return cmocka_run_group_tests_name("sight", tests, NULL, NULL);
}
