/* tests/fault/frames.c - peers that lie in shared memory: headers, padding, extension words, positions, ready entries,
 * loans. */
#include "tests/fault/scene.h"

#define RING 4096u
#define QUARTER (RING / 4)

/* ---- Frames ---------------------------------------------------------------------------------------------------- */

/* The victim is told of it, so that it looks. */
static void announce(struct scene *sc)
{
	raw_push(&sc->raw, RAW_E_DATA, 1);
	raw_bell(&sc->raw);
	scene_turn(sc);
}

static void header(struct scene *sc, uint64_t h, const uint64_t *words, unsigned count)
{
	scene_liar_opens(sc);
	raw_frame(&sc->raw, 1, h, words, count);
	announce(sc);
}

static const uint64_t zeros[64];

static void honest_frames(struct scene *sc)
{
	uint64_t words[2] = {77, 78};

	header(sc, raw_header(RAW_MESSAGE, RAW_TAG, 0, 16), words, 2);
	assert_int_equal(sc->victim.messages, 1);
	assert_int_equal(sc->victim.last, 78);
	raw_message(&sc->raw, 1, 79);
	announce(sc);
	assert_int_equal(sc->victim.last, 79);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, 0, 0, QUARTER - 8), zeros, 64); /* the largest */
	announce(sc);
	assert_int_equal(sc->victim.last_len, QUARTER - 8);
	assert_int_equal(sc->victim.messages, 3);
}

static void wrong_mark(struct scene *sc)
{
	header(sc, raw_header(RAW_MESSAGE, 0, 0, 8) ^ (uint64_t)1 << 56, zeros, 1);
}

static void kind_zero(struct scene *sc)
{
	header(sc, raw_header(0, 0, 0, 8), zeros, 1);
}

static void kind_unknown(struct scene *sc)
{
	header(sc, raw_header(5, 0, 0, 8), zeros, 1);
}

static void unknown_flag(struct scene *sc)
{
	header(sc, raw_header(RAW_MESSAGE, 4, 0, 8), zeros, 1);
}

static void too_long(struct scene *sc)
{
	header(sc, raw_header(RAW_MESSAGE, 0, 0, QUARTER - 7), zeros, 1);
}

static void longest(struct scene *sc)
{
	header(sc, raw_header(RAW_MESSAGE, 0, 0, UINT32_MAX), zeros, 1);
}

static void all_ones(struct scene *sc)
{
	header(sc, UINT64_MAX, zeros, 1);
}

static void beyond_the_end(struct scene *sc)
{
	scene_liar_opens(sc);
	for (int i = 0; i < 3; i++) {
		raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, 0, 0, QUARTER - 8), zeros, 1);
		announce(sc);
	}
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, 0, 0, 504), zeros, 1);
	announce(sc);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, 0, 0, 512), zeros, 1); /* 8 bytes too many */
	announce(sc);
	assert_int_equal(sc->victim.messages, 4);
}

static void no_room_for_the_tag(struct scene *sc)
{
	header(sc, raw_header(RAW_MESSAGE, RAW_TAG, 0, 7), zeros, 1);
}

static void no_room_for_the_descriptors(struct scene *sc)
{
	header(sc, raw_header(RAW_MESSAGE, RAW_TAG | RAW_HAS_FDS, 0, 15), zeros, 2);
}

static void no_room_for_the_loans(struct scene *sc)
{
	header(sc, raw_header(RAW_MESSAGE, 0, 1, 23), zeros, 3);
}

static void too_many_loans(struct scene *sc)
{
	header(sc, raw_header(RAW_MESSAGE, 0, 17, 17 * 24), zeros, 51);
}

static void far_too_many_loans(struct scene *sc)
{
	header(sc, raw_header(RAW_LOAN, 0, 255, 960), zeros, 64);
}

static void loan_without_loans(struct scene *sc)
{
	header(sc, raw_header(RAW_LOAN, 0, 0, 0), zeros, 0);
}

static void loan_with_payload(struct scene *sc)
{
	header(sc, raw_header(RAW_LOAN, 0, 1, 25), zeros, 4);
}

static void void_without_descriptors(struct scene *sc)
{
	header(sc, raw_header(RAW_VOID, 0, 0, 8), zeros, 1);
}

static void void_with_loans(struct scene *sc)
{
	uint64_t words[4] = {1};

	raw_fds(&sc->raw, 1, 0, 1);
	header(sc, raw_header(RAW_VOID, RAW_HAS_FDS, 1, 32), words, 4);
}

static void lapping(struct scene *sc)
{
	scene_liar_opens(sc);
	sc->victim.hold = true;
	for (int i = 0; i < 4; i++) {
		raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, 0, 0, QUARTER - 8), zeros, 1);
		announce(sc);
	}
}

/* Only the header: at offset 0 there is a frame already, or not. */
static void pad(struct scene *sc, uint64_t h)
{
	__atomic_store_n(raw_at(&sc->raw, 1, sc->raw.wpos[1]), h, __ATOMIC_RELEASE);
	announce(sc);
}

/* Exactly a ring of frames is held: the word of the next header is not free. */
static void lapping_by_a_word(struct scene *sc)
{
	scene_liar_opens(sc);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, 0, 0, 0), NULL, 0);
	announce(sc);
	sc->victim.hold = true;
	for (int i = 0; i < 3; i++)
		raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, 0, 0, QUARTER - 8), zeros, 1);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, 0, 0, QUARTER - 24), zeros, 1); /* 8 left */
	announce(sc);
	assert_int_equal(sc->victim.held_count, 4);
	*raw_at(&sc->raw, 1, 0) = raw_header(RAW_MESSAGE, 0, 0, 0);
	pad(sc, raw_header(RAW_PAD, 0, 0, 0));
	assert_int_equal(sc->victim.held_count, 4);
}

/* ---- Padding --------------------------------------------------------------------------------------------------- */

static void nearly_around(struct scene *sc)
{
	scene_liar_opens(sc);
	for (int i = 0; i < 3; i++)
		raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, 0, 0, QUARTER - 8), zeros, 1);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, 0, 0, QUARTER - 72), zeros, 1); /* 64 left */
	announce(sc);
	assert_int_equal(sc->victim.messages, 4);
}

static void pad_with(struct scene *sc, uint64_t at_zero, uint64_t h)
{
	nearly_around(sc);
	*raw_at(&sc->raw, 1, 0) = at_zero;
	*raw_at(&sc->raw, 1, 8) = 55;
	*raw_at(&sc->raw, 1, 16) = 0;
	pad(sc, h);
}

static void pad_honest(struct scene *sc)
{
	pad_with(sc, raw_header(RAW_MESSAGE, 0, 0, 8), raw_header(RAW_PAD, 0, 0, 56));
	assert_int_equal(sc->victim.messages, 5);
	assert_int_equal(sc->victim.last, 55);
}

static void pad_too_short(struct scene *sc)
{
	pad_with(sc, raw_header(RAW_MESSAGE, 0, 0, 8), raw_header(RAW_PAD, 0, 0, 48));
}

static void pad_too_long(struct scene *sc)
{
	pad_with(sc, raw_header(RAW_MESSAGE, 0, 0, 8), raw_header(RAW_PAD, 0, 0, 64));
}

static void pad_unaligned(struct scene *sc)
{
	pad_with(sc, raw_header(RAW_MESSAGE, 0, 0, 8), raw_header(RAW_PAD, 0, 0, 55));
}

static void pad_longest(struct scene *sc)
{
	pad_with(sc, raw_header(RAW_MESSAGE, 0, 0, 8), raw_header(RAW_PAD, 0, 0, UINT32_MAX - 7));
}

static void pad_without_mark(struct scene *sc)
{
	pad_with(sc, raw_header(RAW_MESSAGE, 0, 0, 8), raw_header(RAW_PAD, 0, 0, 56) & UINT64_MAX >> 8);
}

static void pad_then_pad(struct scene *sc)
{
	pad_with(sc, raw_header(RAW_PAD, 0, 0, 56), raw_header(RAW_PAD, 0, 0, 56));
}

static void pad_then_nothing(struct scene *sc)
{
	pad_with(sc, 0, raw_header(RAW_PAD, 0, 0, 56));
}

static void pad_then_noise(struct scene *sc)
{
	pad_with(sc, 0x1234, raw_header(RAW_PAD, 0, 0, 56));
}

static void pad_at_zero(struct scene *sc)
{
	header(sc, raw_header(RAW_PAD, 0, 0, RING - 8), NULL, 0);
}

static void pad_over_what_is_held(struct scene *sc)
{
	scene_liar_opens(sc);
	sc->victim.hold = true;
	for (int i = 0; i < 3; i++)
		raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, 0, 0, QUARTER - 8), zeros, 1);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, 0, 0, QUARTER - 72), zeros, 1);
	announce(sc);
	*raw_at(&sc->raw, 1, 0) = raw_header(RAW_MESSAGE, 0, 0, 8);
	pad(sc, raw_header(RAW_PAD, 0, 0, 56));
}

/* ---- Ready entries --------------------------------------------------------------------------------------------- */

static void entry(struct scene *sc, uint64_t e)
{
	raw_push_entry(&sc->raw, e);
	raw_bell(&sc->raw);
}

static void entry_of_no_channel(struct scene *sc)
{
	entry(sc, (1 + 1) << 2 | RAW_E_DATA);
}

static void entry_beyond(struct scene *sc)
{
	entry(sc, (16 + 1) << 2 | RAW_E_SPACE);
}

static void entry_of_all_ones(struct scene *sc)
{
	entry(sc, UINT64_MAX);
}

static void entry_of_nothing(struct scene *sc)
{
	entry(sc, RAW_E_SPACE); /* id -1 */
}

static void data_twice(struct scene *sc)
{
	scene_liar_opens(sc);
	raw_push(&sc->raw, RAW_E_DATA, 1);
	entry(sc, (1 + 1) << 2 | RAW_E_DATA);
}

static void data_flood(struct scene *sc)
{
	scene_liar_opens(sc);
	for (uint64_t i = 0; i < sc->raw.head.ready_count; i++)
		raw_store(&sc->raw, sc->raw.head.ready_offset + 8 * i, (1 + 1) << 2 | RAW_E_DATA);
	raw_bell(&sc->raw);
}

static void data_for_nothing(struct scene *sc)
{
	scene_liar_opens(sc);
	for (int i = 0; i < 20; i++)
		announce(sc);
	assert_int_equal(sc->victim.messages, 0);
}

static void space_unasked(struct scene *sc)
{
	scene_liar_opens(sc);
	entry(sc, (1 + 1) << 2 | RAW_E_SPACE);
}

static void fill(struct scene *sc, struct rill_channel *ch)
{
	char some[500] = "";
	int e;

	do
		e = rill_channel_send(ch, some, sizeof(some));
	while (e == 0);
	assert_int_equal(e, -EAGAIN);
	(void)sc;
}

static void space_twice(struct scene *sc)
{
	struct rill_channel *ch = scene_victim_opens(sc);

	fill(sc, ch);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), 4096);
	raw_push(&sc->raw, RAW_E_SPACE, 0);
	entry(sc, (0 + 1) << 2 | RAW_E_SPACE);
	scene_turn(sc);
	assert_int_equal(sc->victim.writables, 1);
}

/* With nothing freed each is due again at once: what a turn takes is bounded, and others have theirs. */
static void space_flood(struct scene *sc)
{
	struct rill_channel *ch = scene_victim_opens(sc);

	fill(sc, ch);
	for (uint64_t i = 0; i < sc->raw.head.ready_count; i++)
		raw_store(&sc->raw, sc->raw.head.ready_offset + 8 * i, (0 + 1) << 2 | RAW_E_SPACE);
	raw_bell(&sc->raw);
	scene_turn(sc);
	assert_int_equal(sc->victim.writables, 0);
	scene_honest_goes_on(sc);
}

static void fds_entry_unasked(struct scene *sc)
{
	raw_push(&sc->raw, RAW_E_FDS, 0);
	raw_bell(&sc->raw);
}

static void returns_entry_unasked(struct scene *sc)
{
	raw_push(&sc->raw, RAW_E_RETURNS, 0);
	raw_bell(&sc->raw);
}

static void returns_entry_with_an_id(struct scene *sc)
{
	raw_push(&sc->raw, RAW_E_RETURNS, 5);
	raw_bell(&sc->raw);
}

/* ---- Positions ------------------------------------------------------------------------------------------------- */

/* It is looked at when the ring is full. */
static void position(struct scene *sc, uint64_t pos)
{
	struct rill_channel *ch = scene_victim_opens(sc);
	char some[500] = "";
	int e;

	for (int i = 0; i < 3; i++)
		assert_int_equal(rill_channel_send(ch, some, sizeof(some)), 0); /* 3 x 508, rounded up to 512 */
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), pos);
	do
		e = rill_channel_send(ch, some, sizeof(some));
	while (e == 0);
	assert_int_equal(e, -EPROTO);
}

static void pos_ahead(struct scene *sc)
{
	position(sc, 1 << 20);
}

static void pos_far_ahead(struct scene *sc)
{
	position(sc, UINT64_MAX & ~7ull);
}

static void pos_unaligned(struct scene *sc)
{
	position(sc, 513);
}

static void pos_back(struct scene *sc)
{
	struct rill_channel *ch = scene_victim_opens(sc);
	char some[500] = "";
	int e;

	fill(sc, ch);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), 4096);
	do /* a whole ring was freed, they say */
		e = rill_channel_send(ch, some, sizeof(some));
	while (e == 0);
	assert_int_equal(e, -EAGAIN);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), 2048);
	assert_int_equal(rill_channel_send(ch, some, sizeof(some)), -EPROTO);
}

static void pos_back_by_entry(struct scene *sc)
{
	struct rill_channel *ch = scene_victim_opens(sc);

	fill(sc, ch);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), 3);
	raw_push(&sc->raw, RAW_E_SPACE, 0);
	raw_bell(&sc->raw);
}

/* ---- Descriptors in frames ------------------------------------------------------------------------------------- */

static void frame_with_fds(struct scene *sc, uint32_t seq, uint32_t count)
{
	uint64_t word = (uint64_t)seq << 32 | count;

	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, RAW_HAS_FDS, 0, 8), &word, 1);
	announce(sc);
}

static void fds_honest(struct scene *sc)
{
	scene_liar_opens(sc);
	for (uint32_t i = 0; i < 40; i++) { /* each is released: credit comes back */
		assert_int_equal(raw_fds(&sc->raw, 2, 0, 2), 0);
		frame_with_fds(sc, i, 2);
		assert_int_equal(sc->victim.last_fds, 2);
	}
	assert_int_equal(raw_load(&sc->raw, RAW_FDS_TAKEN), 80);
}

static void fds_never_sent(struct scene *sc)
{
	scene_liar_opens(sc);
	frame_with_fds(sc, 0, 1);
}

static void fds_other_count(struct scene *sc)
{
	scene_liar_opens(sc);
	raw_fds(&sc->raw, 2, 0, 2);
	frame_with_fds(sc, 0, 1);
}

static void fds_claimed_twice(struct scene *sc)
{
	scene_liar_opens(sc);
	raw_fds(&sc->raw, 1, 0, 1);
	frame_with_fds(sc, 0, 1);
	frame_with_fds(sc, 0, 1);
}

static void fds_none(struct scene *sc)
{
	scene_liar_opens(sc);
	frame_with_fds(sc, 0, 0);
}

static void fds_beyond_packet(struct scene *sc)
{
	scene_liar_opens(sc);
	frame_with_fds(sc, 0, 254);
}

static void fds_beyond_channel(struct scene *sc)
{
	scene_liar_opens(sc);
	frame_with_fds(sc, 0, 17);
}

/* Two frames, in two channels, name one packet of descriptors; both are looked at before one is taken. */
static void fds_claimed_by_two(struct scene *sc)
{
	uint64_t word = 1;
	struct rill_channel *first;
	struct rill_msg msg;
	size_t len;

	sc->victim.unread = true;
	scene_liar_opens(sc);
	first = sc->victim.channel;
	raw_channel(&sc->raw, RAW_OPEN, 3, 1);
	raw_fds(&sc->raw, 1, 0, 1);
	scene_turn(sc);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, RAW_HAS_FDS, 0, 8), &word, 1);
	raw_frame(&sc->raw, 3, raw_header(RAW_MESSAGE, RAW_HAS_FDS, 0, 8), &word, 1);
	assert_int_equal(rill_channel_peek(first, &len), 0);
	assert_int_equal(rill_channel_peek(sc->victim.channel, &len), 0);
	assert_int_equal(rill_channel_recv(first, &msg), 0);
	assert_int_equal(rill_channel_recv(sc->victim.channel, &sc->victim.held[0]), -EPROTO);
	rill_msg_release(&msg);
}

/* It takes what it is told that it took. */
static void fds_taken_ahead(struct scene *sc)
{
	struct rill_channel *ch = scene_victim_opens(sc);
	struct rill_out out = {.size = sizeof(out), .fds = (const int[]){0}, .fd_count = 1};

	raw_store(&sc->raw, RAW_FDS_TAKEN, 1);
	assert_int_equal(rill_channel_sendmsg(ch, &out), -EPROTO);
}

/* A ring full of cancelled messages costs a bounded look. */
static void void_flood(struct scene *sc)
{
	scene_liar_opens(sc);
	for (uint32_t i = 0; i < 16; i++) {
		uint64_t word = (uint64_t)i << 32 | 1;

		raw_fds(&sc->raw, 1, 0, 1);
		raw_frame(&sc->raw, 1, raw_header(RAW_VOID, RAW_HAS_FDS, 0, 8), &word, 1);
	}
	announce(sc);
	assert_int_equal(sc->victim.messages, 0);
	assert_int_equal(raw_load(&sc->raw, RAW_FDS_TAKEN), 16);
}

/* ---- Loans to the victim --------------------------------------------------------------------------------------- */

#define ARENA 65536u

static void lend_arena(struct scene *sc, uint32_t id)
{
	char *base;
	int fd = raw_arena(ARENA, &base);

	memcpy(base + 64, "lent", 5);
	munmap(base, ARENA);
	assert_int_equal(raw_announce(&sc->raw, id, ARENA, fd), 0);
	close(fd);
}

static void loan_frame(struct scene *sc, uint64_t arena, uint64_t offset, uint64_t len, uint64_t id)
{
	uint64_t words[3] = {arena << 48 | offset, len, id};

	raw_frame(&sc->raw, 1, raw_header(RAW_LOAN, 0, 1, 24), words, 3);
	announce(sc);
}

static void loan_honest(struct scene *sc)
{
	lend_arena(sc, 0);
	scene_liar_opens(sc);
	for (uint64_t i = 0; i < 40; i++) {
		loan_frame(sc, 0, 64, 5, i << 24);
		assert_int_equal(sc->victim.last_len, 5);
		assert_memory_equal(&sc->victim.last, "lent", 5);
		assert_int_equal(raw_load(&sc->raw, sc->raw.their_head.returns_offset + 8 * (i % 16)), ((i << 24) + 1) << 2);
	}
}

static void loan_of_no_arena(struct scene *sc)
{
	scene_liar_opens(sc);
	loan_frame(sc, 0, 64, 5, 1);
}

/* 4 would be in the place of 0. */
static void loan_of_another_in_its_place(struct scene *sc)
{
	lend_arena(sc, 0);
	scene_liar_opens(sc);
	loan_frame(sc, 4, 64, 5, 1);
}

static void loan_of_an_arena_beyond(struct scene *sc)
{
	scene_liar_opens(sc);
	loan_frame(sc, 65535, 64, 5, 1);
}

static void loan_offset_beyond(struct scene *sc)
{
	lend_arena(sc, 0);
	scene_liar_opens(sc);
	loan_frame(sc, 0, ARENA + 1, 0, 1);
}

static void loan_len_beyond(struct scene *sc)
{
	lend_arena(sc, 0);
	scene_liar_opens(sc);
	loan_frame(sc, 0, ARENA - 4, 5, 1);
}

static void loan_len_wraps(struct scene *sc)
{
	lend_arena(sc, 0);
	scene_liar_opens(sc);
	loan_frame(sc, 0, 64, UINT64_MAX - 63, 1);
}

static void loan_of_all(struct scene *sc)
{
	lend_arena(sc, 0);
	scene_liar_opens(sc);
	loan_frame(sc, 0, 0, ARENA, 1);
	assert_int_equal(sc->victim.last_len, ARENA);
	loan_frame(sc, 0, ARENA, 0, 1); /* nothing, at its end */
	assert_int_equal(sc->victim.messages, 2);
}

static void loans_beyond_limit(struct scene *sc)
{
	lend_arena(sc, 0);
	scene_liar_opens(sc);
	sc->victim.hold = true;
	for (uint64_t i = 0; i < 9; i++)
		loan_frame(sc, 0, 64, 5, i);
	assert_int_equal(sc->victim.held_count, 8);
}

static void loans_beyond_limit_at_once(struct scene *sc)
{
	uint64_t words[27] = {0};

	lend_arena(sc, 0);
	scene_liar_opens(sc);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, 0, 9, 27 * 8), words, 27);
	announce(sc);
}

static void forget_while_held(struct scene *sc)
{
	lend_arena(sc, 0);
	scene_liar_opens(sc);
	sc->victim.hold = true;
	loan_frame(sc, 0, 64, 5, 1);
	raw_forget(&sc->raw, 0);
}

/* What was read before the end stays readable after it. */
static void held_after_the_end(struct scene *sc)
{
	forget_while_held(sc);
	scene_turn(sc);
	assert_int_equal(sc->victim.closed, 1);
	assert_memory_equal(sc->victim.held[0].data, "lent", 5);
}

/* Forgotten between peek and recv: what peek said is of no use any more. */
static void forget_while_peeked(struct scene *sc)
{
	uint64_t words[3] = {64, 5, 1};
	struct rill_msg msg;
	size_t len = 0;

	lend_arena(sc, 0);
	sc->victim.unread = true;
	scene_liar_opens(sc);
	raw_frame(&sc->raw, 1, raw_header(RAW_LOAN, 0, 1, 24), words, 3);
	assert_int_equal(rill_channel_peek(sc->victim.channel, &len), 0);
	raw_forget(&sc->raw, 0);
	scene_turn(sc);
	assert_int_equal(rill_channel_peek(sc->victim.channel, &len), 0);
	assert_int_equal(len, 5);
	assert_int_equal(rill_channel_recv(sc->victim.channel, &msg), -EPROTO);
}

/* And a smaller one under its name. */
static void exchange_while_peeked(struct scene *sc)
{
	uint64_t words[3] = {60000, 5000, 1};
	struct rill_msg msg;
	size_t len;
	int fd = raw_arena(4096, NULL);

	lend_arena(sc, 0);
	sc->victim.unread = true;
	scene_liar_opens(sc);
	raw_frame(&sc->raw, 1, raw_header(RAW_LOAN, 0, 1, 24), words, 3);
	assert_int_equal(rill_channel_peek(sc->victim.channel, &len), 0);
	raw_forget(&sc->raw, 0);
	raw_announce(&sc->raw, 0, 4096, fd);
	close(fd);
	scene_turn(sc);
	assert_int_equal(rill_channel_recv(sc->victim.channel, &msg), -EPROTO);
}

/* ---- Loans of the victim --------------------------------------------------------------------------------------- */

/* A large message, so a loan: its id. */
static uint64_t victim_lends(struct scene *sc, struct rill_channel *ch)
{
	static char large[8192];
	struct raw_packet p;
	uint64_t at = raw_ring(&sc->raw.their_head, 0) + sc->raw.wpos[0];

	assert_int_equal(rill_channel_send(ch, large, sizeof(large)), 0);
	if (sc->raw.wpos[0] == 0)
		assert_true(raw_expect(&sc->raw, RAW_ARENA, &p));
	sc->raw.wpos[0] += 32; /* of its ring: channel 0 is not ours to write */
	assert_int_equal(raw_load(&sc->raw, at), raw_header(RAW_LOAN, 0, 1, 24));
	return raw_load(&sc->raw, at + 24);
}

/* It looks when it has lent all that we may hold. */
static void returns_are_looked_at(struct scene *sc, struct rill_channel *ch, unsigned out)
{
	static char large[8192];
	int e = 0;

	for (unsigned i = 0; i < 10 - out && e == 0; i++)
		e = rill_channel_send(ch, large, sizeof(large));
	(void)sc;
	assert_true(e == -EPROTO || e == -EAGAIN);
}

static void return_honest(struct scene *sc)
{
	struct rill_channel *ch = scene_victim_opens(sc);

	for (int i = 0; i < 40; i++) {
		uint64_t id = victim_lends(sc, ch);

		raw_return(&sc->raw, id);
		assert_int_equal(rill_channel_send(ch, "", 0), 0); /* fills the ring as well */
		sc->raw.wpos[0] += 8;
		raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), sc->raw.wpos[0]);
	}
}

static void return_never_lent(struct scene *sc)
{
	struct rill_channel *ch = scene_victim_opens(sc);
	uint64_t id = victim_lends(sc, ch);

	raw_return(&sc->raw, id ^ (uint64_t)1 << 40);
	returns_are_looked_at(sc, ch, 1);
}

static void return_twice(struct scene *sc)
{
	struct rill_channel *ch = scene_victim_opens(sc);
	uint64_t id = victim_lends(sc, ch);

	raw_return(&sc->raw, id);
	raw_return(&sc->raw, id);
	returns_are_looked_at(sc, ch, 1);
}

static void return_of_all_ones(struct scene *sc)
{
	struct rill_channel *ch = scene_victim_opens(sc);

	victim_lends(sc, ch);
	raw_store(&sc->raw, sc->raw.head.returns_offset, UINT64_MAX);
	returns_are_looked_at(sc, ch, 1);
}

static void return_of_nothing(struct scene *sc)
{
	struct rill_channel *ch = scene_victim_opens(sc);

	victim_lends(sc, ch);
	raw_store(&sc->raw, sc->raw.head.returns_offset, 3);
	returns_are_looked_at(sc, ch, 1);
}

/* The honest session's ids begin elsewhere: its loan cannot be ended by us. */
static void return_of_another_session(struct scene *sc)
{
	struct rill_channel *ch = scene_victim_opens(sc);
	static char large[20000];

	victim_lends(sc, ch);
	sc->honest[1].hold = true;
	assert_int_equal(rill_channel_send(sc->honest_channel, large, sizeof(large)), 0);
	scene_turn(sc);
	assert_int_equal(sc->honest[1].held_count, 1);
	for (uint64_t slot = 0; slot < 16; slot++)
		raw_store(&sc->raw, sc->raw.head.returns_offset + 8 * slot, (slot + 1) << 2);
	returns_are_looked_at(sc, ch, 1);
	assert_memory_equal(sc->honest[1].held[0].data, large, sizeof(large));
	sc->honest[1].hold = false;
	rill_msg_release(&sc->honest[1].held[0]);
}

static const struct lie lies[] = {
	{"honest_frames_are_taken", honest_frames, OPEN_STILL, "", false},
	{"a_header_with_another_mark", wrong_mark, -EPROTO, "frame: bad header", false},
	{"a_header_of_kind_zero", kind_zero, -EPROTO, "frame: bad header", false},
	{"a_header_of_an_unknown_kind", kind_unknown, -EPROTO, "frame: bad header", false},
	{"a_header_with_an_unknown_flag", unknown_flag, -EPROTO, "frame: bad header", false},
	{"a_frame_above_a_quarter_ring", too_long, -EPROTO, "frame: bad header", false},
	{"a_frame_of_four_gigabytes", longest, -EPROTO, "frame: bad header", false},
	{"a_header_of_all_ones", all_ones, -EPROTO, "frame: bad header", false},
	{"a_frame_beyond_the_end_of_the_ring", beyond_the_end, -EPROTO, "frame: bad header", false},
	{"a_frame_without_room_for_its_tag", no_room_for_the_tag, -EPROTO, "bad extension", false},
	{"a_frame_without_room_for_its_descriptors", no_room_for_the_descriptors, -EPROTO, "bad extension", false},
	{"a_frame_without_room_for_its_loans", no_room_for_the_loans, -EPROTO, "bad extension", false},
	{"a_message_with_seventeen_loans", too_many_loans, -EPROTO, "bad extension", false},
	{"a_frame_with_255_loans", far_too_many_loans, -EPROTO, "bad extension", false},
	{"a_loan_without_loans", loan_without_loans, -EPROTO, "bad extension", false},
	{"a_loan_with_a_payload", loan_with_payload, -EPROTO, "bad extension", false},
	{"a_void_without_descriptors", void_without_descriptors, -EPROTO, "bad extension", false},
	{"a_void_with_loans", void_with_loans, -EPROTO, "bad extension", false},
	{"frames_over_what_is_held", lapping, -EPROTO, "frame: bad header", false},
	{"a_frame_over_the_last_word", lapping_by_a_word, -EPROTO, "frame: bad header", false},
	{"honest_padding_is_skipped", pad_honest, OPEN_STILL, "", false},
	{"padding_that_is_too_short", pad_too_short, -EPROTO, "padding", false},
	{"padding_that_is_too_long", pad_too_long, -EPROTO, "padding", false},
	{"padding_of_an_odd_length", pad_unaligned, -EPROTO, "padding", false},
	{"padding_of_four_gigabytes", pad_longest, -EPROTO, "padding", false},
	{"padding_without_the_mark", pad_without_mark, -EPROTO, "padding", false},
	{"padding_behind_padding", pad_then_pad, -EPROTO, "padding", false},
	{"padding_with_nothing_behind", pad_then_nothing, -EPROTO, "padding", false},
	{"padding_with_noise_behind", pad_then_noise, -EPROTO, "padding", false},
	{"padding_at_the_begin", pad_at_zero, -EPROTO, "padding", false},
	{"padding_to_what_is_held", pad_over_what_is_held, -EPROTO, "padding", false},
	{"an_entry_of_a_channel_that_is_not_there", entry_of_no_channel, -EPROTO, "entry: no such channel", false},
	{"an_entry_of_a_channel_beyond", entry_beyond, -EPROTO, "entry: no such channel", false},
	{"an_entry_of_all_ones", entry_of_all_ones, -EPROTO, "entry: ", false},
	{"an_entry_without_an_id", entry_of_nothing, -EPROTO, "entry: no such channel", false},
	{"data_told_twice", data_twice, -EPROTO, "data that was not armed for", false},
	{"a_flood_of_data", data_flood, -EPROTO, "data that was not armed for", false},
	{"data_told_without_data_is_harmless", data_for_nothing, OPEN_STILL, "", false},
	{"space_that_nobody_waits_for", space_unasked, -EPROTO, "space that was not armed for", false},
	{"space_told_twice", space_twice, -EPROTO, "space that was not armed for", false},
	{"a_flood_of_space_is_bounded", space_flood, OPEN_STILL, "", false},
	{"descriptors_told_unasked", fds_entry_unasked, -EPROTO, "descriptors that were not armed for", false},
	{"returns_told_unasked", returns_entry_unasked, -EPROTO, "returns that were not armed for", false},
	{"returns_told_with_an_id", returns_entry_with_an_id, -EPROTO, "returns that were not armed for", false},
	{"a_position_ahead", pos_ahead, -EPROTO, "position: ", false},
	{"a_position_far_ahead", pos_far_ahead, -EPROTO, "position: ", false},
	{"a_position_unaligned", pos_unaligned, -EPROTO, "position: ", false},
	{"a_position_back", pos_back, -EPROTO, "position: ", false},
	{"a_position_that_lies_to_who_waits", pos_back_by_entry, -EPROTO, "position: ", false},
	{"honest_descriptors_are_taken", fds_honest, OPEN_STILL, "", false},
	{"a_frame_with_descriptors_never_sent", fds_never_sent, -EPROTO, "never sent", false},
	{"a_frame_with_fewer_descriptors_than_its_packet", fds_other_count, -EPROTO, "never sent", false},
	{"descriptors_claimed_twice", fds_claimed_twice, -EPROTO, "never sent", false},
	{"descriptors_claimed_by_two_channels", fds_claimed_by_two, -EPROTO, "another has claimed", false},
	{"a_frame_with_no_descriptors_announced", fds_none, -EPROTO, "bad extension", false},
	{"a_frame_with_254_descriptors", fds_beyond_packet, -EPROTO, "bad extension", false},
	{"a_frame_with_more_descriptors_than_its_channel_takes", fds_beyond_channel, -EPROTO, "more descriptors than allowed",
         false},
	{"more_descriptors_taken_than_were_sent", fds_taken_ahead, -EPROTO, "descriptors taken: ", false},
	{"cancelled_messages_are_dropped", void_flood, OPEN_STILL, "", false},
	{"honest_loans_are_read_and_returned", loan_honest, OPEN_STILL, "", false},
	{"a_loan_of_no_arena", loan_of_no_arena, -EPROTO, "never sent", false},
	{"a_loan_of_an_arena_in_anothers_place", loan_of_another_in_its_place, -EPROTO, "never sent", false},
	{"a_loan_of_an_arena_beyond", loan_of_an_arena_beyond, -EPROTO, "never sent", false},
	{"a_loan_that_begins_beyond", loan_offset_beyond, -EPROTO, "never sent", false},
	{"a_loan_that_ends_beyond", loan_len_beyond, -EPROTO, "never sent", false},
	{"a_loan_whose_length_wraps", loan_len_wraps, -EPROTO, "never sent", false},
	{"a_loan_of_a_whole_arena", loan_of_all, OPEN_STILL, "", false},
	{"one_loan_more_than_we_hold", loans_beyond_limit, -EPROTO, "more loans than allowed", false},
	{"more_loans_than_we_hold_at_once", loans_beyond_limit_at_once, -EPROTO, "more loans than allowed", false},
	{"forgetting_an_arena_while_a_loan_is_held", forget_while_held, -EPROTO, "still lent", false},
	{"a_held_loan_is_readable_after_the_end", held_after_the_end, -EPROTO, "still lent", false},
	{"forgetting_an_arena_between_peek_and_recv", forget_while_peeked, -EPROTO, "an arena that is gone", false},
	{"exchanging_an_arena_between_peek_and_recv", exchange_while_peeked, -EPROTO, "an arena that is gone", false},
	{"honest_returns_are_taken", return_honest, OPEN_STILL, "", false},
	{"a_return_of_what_was_never_lent", return_never_lent, -EPROTO, "does not hold", false},
	{"a_loan_returned_twice", return_twice, -EPROTO, "does not hold", false},
	{"a_return_of_all_ones", return_of_all_ones, -EPROTO, "does not hold", false},
	{"a_return_of_no_id", return_of_nothing, -EPROTO, "does not hold", false},
	{"a_return_of_another_sessions_loan", return_of_another_session, -EPROTO, "does not hold", false},
};

LIES_RUN("frames", lies)

int main(void)
{
	return run_lies();
}
