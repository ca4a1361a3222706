/* tests/fault/addresses_tsan.c - peers that lie about where their arenas are to be, and owners that are lied to about where
 * they have come to be. Runs under a thread sanitizer as well, which ends a program that maps where it does not want a map. */
#include "tests/fault/scene.h"

#define RAW_MAPPED 20
#define RAW_FEATURE_ADDRESS 0x10
#define CAPACITY 65536

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* A victim that takes addresses in a window, and a peer that asks for addresses, too. */
static struct scene *open_asking_in(uint64_t begin, uint64_t end)
{
	struct rill_session_options o = scene_options;
	struct scene *sc;

	o.same_address = 1;
	o.window_begin = begin;
	o.window_end = end;
	sc = scene_create_with(&o);
	sc->raw.hello.hello.features = RAW_FEATURE_ADDRESS;
	assert_int_equal(raw_greet(&sc->raw), 0);
	assert_int_equal(raw_meet(&sc->raw), 0);
	assert_int_equal(sc->raw.peer.hello.features & RAW_FEATURE_ADDRESS, RAW_FEATURE_ADDRESS);
	scene_turn(sc);
	return sc;
}

/* Every address. */
static struct scene *open_asking(void)
{
	return open_asking_in(4096, UINT64_C(1) << 47);
}

static void announce_at(struct scene *sc, uint32_t id, uint64_t base)
{
	struct raw_packet p = raw_packet(RAW_ARENA, 32);
	int fd = raw_arena(CAPACITY, NULL);

	assert_true(fd >= 0);
	p.arena.id = id;
	p.arena.capacity = CAPACITY;
	p.arena.base = base;
	assert_int_equal(raw_send(&sc->raw, &p, 32, &fd, 1), 0);
	close(fd);
	scene_turn(sc);
}

/* What it answers: 1 there, 0 elsewhere. */
static unsigned answer_of(struct scene *sc, uint32_t id)
{
	struct raw_packet p;

	assert_true(raw_expect(&sc->raw, RAW_MAPPED, &p));
	assert_int_equal(p.length, 16);
	assert_int_equal(p.arena.id, id);
	return p.arena.reserved;
}

static bool is_mapped(uintptr_t at)
{
	unsigned char vec;

	return mincore((void *)at, 4096, &vec) == 0;
}

/* An address at which nothing is, and where a sanitizer allows maps. */
static uintptr_t free_address(void)
{
	uintptr_t at = 0x7e8100000000;

	while (is_mapped(at))
		at += 1 << 24;
	return at;
}

static void an_arena_is_mapped_where_its_owner_says_and_unmapped_when_he_forgets_it(void **state)
{
	struct scene *sc = open_asking();
	uintptr_t at = free_address();

	(void)state;
	for (int i = 0; i < 3; i++) {
		announce_at(sc, 0, at);
		assert_int_equal(answer_of(sc, 0), 1);
		assert_true(is_mapped(at) && is_mapped(at + CAPACITY - 4096));
		raw_forget(&sc->raw, 0);
		scene_turn(sc);
		assert_false(is_mapped(at));
	}
	announce_at(sc, 1, at);
	assert_int_equal(answer_of(sc, 1), 1);
	announce_at(sc, 2, at + CAPACITY - 4096); /* onto its own last page */
	assert_int_equal(answer_of(sc, 2), 0);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
	assert_false(is_mapped(at));
}

/* What the victim's user allows is said before; and without a word of his it is where arenas are put usually. */
static void an_address_outside_of_what_is_allowed_is_not_tried(void **state)
{
	static const uint64_t begin = UINT64_C(0x7e8100000000), end = begin + (UINT64_C(16) << 20);
	static const struct {
		uint64_t begin, end, at;
	} of[] = {
		{begin, end, begin - 4096},    {begin, end, end},
		{begin, end, end + 4096},      {begin, end, end - 4096},
		{0, 0, UINT64_C(0x100000000)}, {0, 0, UINT64_C(0x510000000000)},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		struct scene *sc = open_asking_in(of[i].begin, of[i].end);

		announce_at(sc, 0, of[i].at);
		assert_int_equal(answer_of(sc, 0), 0);
		scene_expect(sc, OPEN_STILL, "");
		scene_destroy(sc);
	}
}

static const char constant[4096] = "a constant";

static void nothing_of_ours_is_ever_mapped_over(void **state)
{
	struct scene *sc = open_asking();
	char on_stack[64] = "on the stack", *on_heap = strdup("on the heap");
	const void *ours[] = {on_stack,
	                      on_heap,
	                      constant,
	                      (const void *)(uintptr_t)strdup,
	                      sc->raw.mine,
	                      sc->raw.theirs,
	                      rill_session_why(sc->victim.session)};

	(void)state;
	for (unsigned i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		uintptr_t page = (uintptr_t)ours[i] & ~(uintptr_t)4095;

		announce_at(sc, 0, page);
		assert_int_equal(answer_of(sc, 0), 0);
		announce_at(sc, 1, page - CAPACITY + 4096); /* its last page is ours */
		assert_int_equal(answer_of(sc, 1), 0);
		raw_forget(&sc->raw, 0);
		raw_forget(&sc->raw, 1);
		scene_turn(sc);
	}
	assert_string_equal(on_stack, "on the stack");
	assert_string_equal(on_heap, "on the heap");
	assert_string_equal(constant, "a constant");
	scene_expect(sc, OPEN_STILL, "");
	free(on_heap);
	scene_destroy(sc);
}

static void what_is_no_address_breaks_the_protocol(void **state)
{
	static const uint64_t bases[] = {1,          0x210000000001,        0x2100000000ff8, (1ull << 47) - CAPACITY + 4096,
	                                 1ull << 47, UINT64_MAX & ~4095ull, UINT64_MAX,      1ull << 63};

	(void)state;
	for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		struct scene *sc = open_asking();

		announce_at(sc, 0, bases[i]);
		scene_expect(sc, -EPROTO, "no address that its owner can have it at");
		scene_destroy(sc);
	}
}

/* A thread or memory sanitizer would end the program, were they tried; elsewhere they are as good as any. */
static void addresses_of_another_build_are_taken_or_not_and_end_nothing(void **state)
{
	static const uint64_t bases[] = {0x200000000000, 0x2fffffff0000, 0x4fff00000000, 0x7e7fffff0000, 0x7eeffffff000,
	                                 0x7b0000000000, 0x100000000000, 0x000000001000, 0x7ffffffe0000};

	(void)state;
	for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		struct scene *sc = open_asking();

		announce_at(sc, 0, bases[i]);
		assert_in_range(answer_of(sc, 0), 0, 1);
		scene_expect(sc, OPEN_STILL, "");
		scene_destroy(sc);
	}
}

/* It did not ask: anywhere, and no answer. */
static void an_address_that_nobody_asked_for_is_not_looked_at(void **state)
{
	struct scene *sc = scene_open();
	uintptr_t at = free_address();
	struct raw_packet p;

	(void)state;
	assert_int_equal(sc->raw.peer.hello.features & RAW_FEATURE_ADDRESS, 0);
	announce_at(sc, 0, at);
	assert_false(is_mapped(at));
	assert_false(raw_expect(&sc->raw, RAW_MAPPED, &p));
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void an_answer_that_meets_a_full_socket_is_sent_later(void **state)
{
	struct scene *sc = open_asking();
	unsigned answers = 0, last = 0;
	struct raw_packet p;

	(void)state;
	for (unsigned i = 0; i < 400; i++) { /* more than a socket holds, and we read nothing */
		announce_at(sc, 0, 0x7e8000000000);
		raw_forget(&sc->raw, 0);
		scene_turn(sc);
	}
	announce_at(sc, 1, 0x7e8200000000);
	while (raw_recv(&sc->raw, &p) > 0) {
		answers += p.kind == RAW_MAPPED;
		last = p.arena.id;
		scene_turn(sc);
	}
	assert_in_range(answers, 2, 400);
	assert_int_equal(last, 1);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

/* ---- Answers --------------------------------------------------------------------------------------------------- */

static int say_mapped(struct scene *sc, uint32_t id, uint32_t same)
{
	struct raw_packet p = raw_packet(RAW_MAPPED, 16);
	int e;

	p.arena.id = id;
	p.arena.reserved = same;
	e = raw_say(&sc->raw, &p);
	scene_turn(sc);
	return e;
}

/* Made by the victim and told to the liar. Gives its id. */
static uint32_t told_arena(struct scene *sc, struct rill_arena **ret)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = CAPACITY, .flags = RILL_ARENA_SAME_ADDRESS};
	struct raw_packet p;

	assert_int_equal(rill_arena_create(ret, sc->ctx, &o), 0);
	assert_int_equal(rill_session_announce(sc->victim.session, *ret), 0);
	assert_true(raw_expect(&sc->raw, RAW_ARENA, &p));
	assert_int_not_equal(p.arena.base, 0);
	assert_int_equal(rill_session_same_address(sc->victim.session, *ret), -EAGAIN);
	return p.arena.id;
}

static void an_answer_is_believed_once(void **state)
{
	(void)state;
	for (uint32_t same = 0; same < 2; same++) {
		struct scene *sc = open_asking();
		struct rill_arena *a;
		uint32_t id = told_arena(sc, &a);

		say_mapped(sc, id, same);
		assert_int_equal(rill_session_same_address(sc->victim.session, a), same);
		scene_expect(sc, OPEN_STILL, "");
		say_mapped(sc, id, 1 - same);
		scene_expect(sc, -EPROTO, "an answer that is not due");
		scene_destroy(sc);
	}
}

static void an_answer_to_nothing_breaks_the_protocol(void **state)
{
	static const uint32_t ids[] = {0, 1, 4, 65535, UINT32_MAX};

	(void)state;
	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct scene *sc = open_asking();

		say_mapped(sc, ids[i], 1);
		scene_expect(sc, -EPROTO, "an answer that is not due");
		scene_destroy(sc);
	}
}

static void an_answer_that_is_neither_yes_nor_no_breaks_the_protocol(void **state)
{
	struct scene *sc = open_asking();
	struct rill_arena *a;
	uint32_t id = told_arena(sc, &a);

	(void)state;
	say_mapped(sc, id, 2);
	scene_expect(sc, -EPROTO, "an answer that is not due");
	scene_destroy(sc);
}

/* Of ids that are not told, though one that shares their place is: an answer that was due for something forgotten, for all that
 * can be known. It says nothing of the arena that is there. */
static void an_answer_for_another_id_is_not_believed(void **state)
{
	static const uint32_t beside[] = {1, 4, 8, UINT32_MAX - 3};

	(void)state;
	for (unsigned i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		struct scene *sc = open_asking();
		struct rill_arena *a;
		uint32_t id = told_arena(sc, &a);

		say_mapped(sc, id + beside[i], 1);
		assert_int_equal(rill_session_same_address(sc->victim.session, a), -EAGAIN);
		scene_expect(sc, OPEN_STILL, "");
		scene_destroy(sc);
	}
}

static void an_answer_again_while_another_is_due_breaks_the_protocol(void **state)
{
	struct scene *sc = open_asking();
	struct rill_arena *first, *second;
	uint32_t id = told_arena(sc, &first);

	(void)state;
	told_arena(sc, &second);
	say_mapped(sc, id, 1);
	assert_int_equal(rill_session_same_address(sc->victim.session, first), 1);
	assert_int_equal(rill_session_same_address(sc->victim.session, second), -EAGAIN);
	say_mapped(sc, id, 0);
	scene_expect(sc, -EPROTO, "an answer that is not due");
	scene_destroy(sc);
}

/* On its way while the FORGET was. */
static void an_answer_for_an_arena_that_was_forgotten_is_taken_once(void **state)
{
	struct scene *sc = open_asking();
	struct rill_arena *a;
	uint32_t id = told_arena(sc, &a);

	(void)state;
	rill_arena_destroy(a);
	scene_turn(sc);
	say_mapped(sc, id, 1);
	scene_expect(sc, OPEN_STILL, "");
	say_mapped(sc, id, 1);
	scene_expect(sc, -EPROTO, "an answer that is not due");
	scene_destroy(sc);
}

static void an_answer_about_an_arena_without_an_address_breaks_the_protocol(void **state)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = CAPACITY};
	struct scene *sc = open_asking();
	struct rill_arena *a;
	struct raw_packet p;

	(void)state;
	assert_int_equal(rill_arena_create(&a, sc->ctx, &o), 0);
	assert_int_equal(rill_session_announce(sc->victim.session, a), 0);
	assert_true(raw_expect(&sc->raw, RAW_ARENA, &p));
	assert_int_equal(p.arena.base, 0);
	say_mapped(sc, p.arena.id, 0);
	scene_expect(sc, -EPROTO, "an answer that is not due");
	scene_destroy(sc);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_arena_is_mapped_where_its_owner_says_and_unmapped_when_he_forgets_it),
		TEST(nothing_of_ours_is_ever_mapped_over),
		TEST(what_is_no_address_breaks_the_protocol),
		TEST(addresses_of_another_build_are_taken_or_not_and_end_nothing),
		TEST(an_address_that_nobody_asked_for_is_not_looked_at),
		TEST(an_answer_that_meets_a_full_socket_is_sent_later),
		TEST(an_answer_is_believed_once),
		TEST(an_answer_to_nothing_breaks_the_protocol),
		TEST(an_address_outside_of_what_is_allowed_is_not_tried),
		TEST(an_answer_that_is_neither_yes_nor_no_breaks_the_protocol),
		TEST(an_answer_for_another_id_is_not_believed),
		TEST(an_answer_again_while_another_is_due_breaks_the_protocol),
		TEST(an_answer_for_an_arena_that_was_forgotten_is_taken_once),
		TEST(an_answer_about_an_arena_without_an_address_breaks_the_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
