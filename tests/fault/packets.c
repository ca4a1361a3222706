/* tests/fault/packets.c - peers that shook hands honestly and then say what they may not: packets cut, stretched, of no
 * kind, out
 * of their turn, about channels, arenas and descriptors that are not there. */
#include "tests/fault/scene.h"

/* ---- Their outside --------------------------------------------------------------------------------------------- */

static void cut_to(struct scene *sc, unsigned kind, uint32_t length, size_t sent)
{
	struct raw_packet p = raw_open_packet(&sc->raw, kind, 1, 1);

	p.length = length;
	assert_int_equal(raw_send(&sc->raw, &p, sent, NULL, 0), 0);
}

static void cut_short(struct scene *sc)
{
	cut_to(sc, RAW_OPEN, 40, 39);
}

static void cut_to_head(struct scene *sc)
{
	cut_to(sc, RAW_OPEN, 8, 8);
}

static void cut_below_head(struct scene *sc)
{
	cut_to(sc, RAW_OPEN, 7, 7);
}

static void says_longer(struct scene *sc)
{
	cut_to(sc, RAW_OPEN, 41, 40);
}

static void says_shorter(struct scene *sc)
{
	cut_to(sc, RAW_OPEN, 40, 48);
}

static void says_all(struct scene *sc)
{
	cut_to(sc, RAW_CLOSE, UINT32_MAX, 32);
}

static void too_long(struct scene *sc)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, 1, 1);

	p.open.name_len = 255;
	p.open.metadata_len = 4097;
	p.length = 40 + 255 + 4097;
	assert_int_equal(raw_say(&sc->raw, &p), 0);
}

static void far_too_long(struct scene *sc)
{
	static char noise[60000];

	assert_int_equal(raw_send(&sc->raw, noise, sizeof(noise), NULL, 0), 0);
}

/* Honest as far as one reads, and one byte behind it. */
static void longer_than_any(struct scene *sc)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, 1, 1);

	p.open.name_len = 255;
	p.open.metadata_len = 4096;
	p.length = 40 + 255 + 4096;
	assert_int_equal(raw_send(&sc->raw, &p, p.length + 1, NULL, 0), 0);
}

static void longest(struct scene *sc)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, 1, 1);

	p.open.name_len = 255;
	p.open.metadata_len = 4096;
	memset(p.open.names, 'n', 255);
	p.length = 40 + 255 + 4096;
	assert_int_equal(raw_say(&sc->raw, &p), 0);
	scene_turn(sc);
	assert_int_equal(strlen(rill_channel_name(sc->victim.channel)), 255);
}

static void empty(struct scene *sc)
{
	assert_int_equal(raw_send(&sc->raw, "", 0, NULL, 0), 0);
}

/* More than are read at once: what is found when the socket is closed is closed, too. */
static void descriptors_behind_an_end(struct scene *sc)
{
	const int fds[4] = {0, 0, 0, 0};

	assert_int_equal(raw_send(&sc->raw, "", 0, NULL, 0), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(raw_send(&sc->raw, "", 0, fds, 4), 0);
	assert_int_equal(raw_send(&sc->raw, "behind", 6, fds, 4), 0);
}

static void kind_zero(struct scene *sc)
{
	cut_to(sc, 0, 40, 40);
}

static void kind_unknown(struct scene *sc)
{
	cut_to(sc, 14, 40, 40);
}

static void kind_last(struct scene *sc)
{
	cut_to(sc, 65535, 40, 40);
}

static void other_version(struct scene *sc)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, 1, 1);

	p.major = 0;
	raw_say(&sc->raw, &p);
}

static void fds_with_open(struct scene *sc)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, 1, 1);
	int fd = 0;

	raw_send(&sc->raw, &p, 40, &fd, 1);
}

static void fds_with_bell(struct scene *sc)
{
	struct raw_packet p = raw_packet(RAW_BELL, 16);
	int fds[200] = {0};

	p.sarm = raw_load(&sc->raw, RAW_SARM);
	raw_send(&sc->raw, &p, 16, fds, 200);
}

static void hello_again(struct scene *sc)
{
	raw_say_hello(&sc->raw, 0);
}

static void refuse_late(struct scene *sc)
{
	struct raw_packet p = raw_packet(RAW_REFUSE, 128);

	strcpy(p.word.text, "changed my mind");
	raw_say(&sc->raw, &p);
}

static void goodbye(struct scene *sc, int reason)
{
	struct raw_packet p = raw_packet(RAW_GOODBYE, 128);

	p.word.reason = reason;
	strcpy(p.word.text, "so long");
	raw_say(&sc->raw, &p);
}

static void goodbye_in_order(struct scene *sc)
{
	goodbye(sc, 0);
}

static void goodbye_of_nowhere(struct scene *sc)
{
	goodbye(sc, INT32_MIN);
}

/* Each reason that is taken over, and a text of every byte: what the user reads is for a human. */
static void goodbye_with_noise(struct scene *sc, int reason)
{
	struct raw_packet p = raw_packet(RAW_GOODBYE, 128);

	p.word.reason = reason;
	for (unsigned i = 0; i < sizeof(p.word.text); i++)
		p.word.text[i] = (char)(i ? 255 - i : 127);
	assert_int_equal(raw_say(&sc->raw, &p), 0);
}

static void goodbye_no_descriptors(struct scene *sc)
{
	goodbye_with_noise(sc, EMFILE);
}

static void goodbye_no_descriptors_anywhere(struct scene *sc)
{
	goodbye_with_noise(sc, ENFILE);
}

static void goodbye_too_large(struct scene *sc)
{
	goodbye_with_noise(sc, EFBIG);
}

static void goodbye_stale(struct scene *sc)
{
	goodbye_with_noise(sc, ESTALE);
}

static void goodbye_out_of_memory(struct scene *sc)
{
	goodbye(sc, ENOMEM);
}

/* ---- Bells ----------------------------------------------------------------------------------------------------- */

static void bell_for(struct scene *sc, uint64_t sarm)
{
	struct raw_packet p = raw_packet(RAW_BELL, 16);

	p.sarm = sarm;
	raw_say(&sc->raw, &p);
}

static void bell_old(struct scene *sc)
{
	bell_for(sc, raw_load(&sc->raw, RAW_SARM) - 1);
}

static void bell_ahead(struct scene *sc)
{
	bell_for(sc, raw_load(&sc->raw, RAW_SARM) + 1);
}

static void bell_twice(struct scene *sc)
{
	raw_bell(&sc->raw);
	raw_bell(&sc->raw);
}

static void bell_flood(struct scene *sc)
{
	while (raw_bell(&sc->raw) == 0)
		;
}

static void bell_for_nothing(struct scene *sc)
{
	for (int i = 0; i < 20; i++) {
		assert_int_equal(raw_bell(&sc->raw), 0);
		scene_turn(sc);
	}
}

/* ---- Channels -------------------------------------------------------------------------------------------------- */

static void open_as(struct scene *sc, uint32_t id, uint32_t generation)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, id, generation);

	raw_say(&sc->raw, &p);
}

static void open_of_ours(struct scene *sc)
{
	open_as(sc, 0, 1);
}

static void open_beyond(struct scene *sc)
{
	open_as(sc, 17, 1);
}

static void open_far_beyond(struct scene *sc)
{
	open_as(sc, UINT32_MAX, 1);
}

static void open_in_use(struct scene *sc)
{
	open_as(sc, 1, 1);
	open_as(sc, 1, 2);
}

static void open_generation_zero(struct scene *sc)
{
	open_as(sc, 1, 0);
}

static void open_generation_ahead(struct scene *sc)
{
	open_as(sc, 1, 2);
}

static void open_after_close(struct scene *sc, uint32_t generation)
{
	scene_liar_opens(sc);
	raw_close(&sc->raw, RAW_CLOSE, 1, 1, 0);
	scene_turn(sc);
	rill_channel_close(sc->victim.channel);
	scene_turn(sc);
	open_as(sc, 1, generation);
}

static void open_next_generation(struct scene *sc)
{
	open_after_close(sc, 2);
}

static void open_same_generation(struct scene *sc)
{
	open_after_close(sc, 1);
}

static void open_generation_skipped(struct scene *sc)
{
	open_after_close(sc, 3);
}

static void open_undrained(struct scene *sc)
{
	scene_liar_opens(sc);
	sc->victim.hold = true;
	raw_message(&sc->raw, 1, 7);
	raw_push(&sc->raw, RAW_E_DATA, 1);
	raw_bell(&sc->raw);
	scene_turn(sc);
	assert_int_equal(sc->victim.held_count, 1);
	raw_close(&sc->raw, RAW_CLOSE, 1, 1, 0);
	scene_turn(sc);
	rill_channel_close(sc->victim.channel);
	open_as(sc, 1, 2); /* a message of generation 1 is still held */
}

static void open_long_name(struct scene *sc)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, 1, 1);

	p.open.name_len = 256;
	p.length = 40 + 256;
	raw_say(&sc->raw, &p);
}

/* What its reader would compare ends before it. */
static void open_name_of_two(struct scene *sc)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, 1, 1);

	memcpy(p.open.names, "honest\0x", 8);
	p.open.name_len = 8;
	p.length = 40 + 8;
	raw_say(&sc->raw, &p);
}

static void open_name_not_there(struct scene *sc)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, 1, 1);

	p.open.name_len = 200;
	raw_say(&sc->raw, &p);
}

static void open_ring_elsewhere(struct scene *sc)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, 1, 1);

	p.open.ring_offset += 8;
	raw_say(&sc->raw, &p);
}

static void open_ring_larger(struct scene *sc)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, 1, 1);

	p.open.ring_bytes *= 2;
	raw_say(&sc->raw, &p);
}

static void open_all_then_more(struct scene *sc)
{
	for (uint32_t id = 1; id < 16; id += 2)
		open_as(sc, id, 1);
	scene_turn(sc);
	assert_int_equal(sc->victim.offers, 8);
	open_as(sc, 17, 1);
}

/* Open and close at once, again and again: each is a generation of its own, and nothing piles up. */
static void open_and_close(struct scene *sc)
{
	for (uint32_t generation = 1; generation <= 50; generation++) {
		open_as(sc, 1, generation);
		raw_close(&sc->raw, RAW_CLOSE, 1, generation, 0);
		scene_turn(sc);
		rill_channel_close(sc->victim.channel);
		scene_turn(sc);
	}
	assert_int_equal(sc->victim.offers, 50);
}

static void accept_unasked(struct scene *sc)
{
	raw_channel(&sc->raw, RAW_ACCEPT, 0, 1);
}

static void accept_twice(struct scene *sc)
{
	scene_victim_opens(sc);
	raw_channel(&sc->raw, RAW_ACCEPT, 0, 1);
}

static void accept_own(struct scene *sc)
{
	open_as(sc, 1, 1);
	raw_channel(&sc->raw, RAW_ACCEPT, 1, 1);
}

static void accept_as(struct scene *sc, uint32_t generation, uint64_t ring_offset)
{
	struct rill_channel *ch;
	struct raw_packet p;

	assert_int_equal(rill_channel_open(&ch, sc->victim.session, NULL, NULL, NULL, NULL), 0);
	p = raw_open_packet(&sc->raw, RAW_ACCEPT, 0, generation);
	p.open.ring_offset += ring_offset;
	raw_say(&sc->raw, &p);
}

static void accept_of_another_generation(struct scene *sc)
{
	accept_as(sc, 2, 0);
}

static void accept_ring_elsewhere(struct scene *sc)
{
	accept_as(sc, 1, 4096);
}

static void decline_unasked(struct scene *sc)
{
	raw_close(&sc->raw, RAW_DECLINE, 3, 1, EACCES);
}

static void decline_late(struct scene *sc)
{
	scene_victim_opens(sc);
	raw_close(&sc->raw, RAW_DECLINE, 0, 1, EACCES);
}

static void decline_twice(struct scene *sc)
{
	struct rill_channel *ch;

	assert_int_equal(rill_channel_open(&ch, sc->victim.session, NULL, NULL, &scene_channel_events, &sc->victim), 0);
	raw_close(&sc->raw, RAW_DECLINE, 0, 1, EACCES);
	scene_turn(sc);
	assert_int_equal(sc->victim.channel_why, -EACCES);
	raw_close(&sc->raw, RAW_DECLINE, 0, 1, EACCES);
}

static void close_unknown(struct scene *sc)
{
	raw_close(&sc->raw, RAW_CLOSE, 1, 1, 0);
}

static void close_beyond(struct scene *sc)
{
	raw_close(&sc->raw, RAW_CLOSE, UINT32_MAX, 1, 0);
}

static void close_instead_of_an_answer(struct scene *sc)
{
	struct rill_channel *ch;

	assert_int_equal(rill_channel_open(&ch, sc->victim.session, NULL, NULL, NULL, NULL), 0);
	raw_close(&sc->raw, RAW_CLOSE, 0, 1, 0);
}

static void close_twice(struct scene *sc)
{
	scene_liar_opens(sc);
	raw_close(&sc->raw, RAW_CLOSE, 1, 1, 0);
	raw_close(&sc->raw, RAW_CLOSE, 1, 1, 0);
}

static void close_other_generation(struct scene *sc)
{
	scene_liar_opens(sc);
	raw_close(&sc->raw, RAW_CLOSE, 1, 2, 0);
}

static void close_reason(struct scene *sc, int reason)
{
	scene_liar_opens(sc);
	raw_close(&sc->raw, RAW_CLOSE, 1, 1, reason);
}

static void close_reason_negative(struct scene *sc)
{
	close_reason(sc, -1);
}

static void close_reason_large(struct scene *sc)
{
	close_reason(sc, 4096);
}

/* ---- Descriptors ----------------------------------------------------------------------------------------------- */

static void fds_more(struct scene *sc)
{
	raw_fds(&sc->raw, 2, 0, 3);
}

static void fds_fewer(struct scene *sc)
{
	raw_fds(&sc->raw, 3, 0, 2);
}

static void fds_none(struct scene *sc)
{
	raw_fds(&sc->raw, 0, 0, 0);
}

static void fds_none_but_one(struct scene *sc)
{
	raw_fds(&sc->raw, 0, 0, 1);
}

static void fds_not_there(struct scene *sc)
{
	raw_fds(&sc->raw, 1, 0, 0);
}

static void fds_beyond_credit(struct scene *sc)
{
	raw_fds(&sc->raw, 16, 0, 16);
	raw_fds(&sc->raw, 1, 0, 1);
}

static void fds_far_beyond_credit(struct scene *sc)
{
	raw_fds(&sc->raw, 253, 0, 253);
}

static void fds_count_wraps(struct scene *sc)
{
	raw_fds(&sc->raw, UINT32_MAX, 0, 1);
}

static void fds_out_of_sequence(struct scene *sc)
{
	sc->raw.seq = 1;
	raw_fds(&sc->raw, 1, 0, 1);
}

static void fds_same_number(struct scene *sc)
{
	raw_fds(&sc->raw, 1, 0, 1);
	sc->raw.seq = 0;
	raw_fds(&sc->raw, 1, 0, 1);
}

/* ---- Arenas ---------------------------------------------------------------------------------------------------- */

static void announce(struct scene *sc, uint32_t id, uint64_t capacity, int fd)
{
	assert_true(fd >= 0);
	assert_int_equal(raw_announce(&sc->raw, id, capacity, fd), 0);
	close(fd);
}

static void arena_honest(struct scene *sc)
{
	announce(sc, 3, 65536, raw_arena(65536, NULL));
	scene_turn(sc);
	raw_forget(&sc->raw, 3);
	announce(sc, 7, 4096, raw_arena(4096, NULL)); /* the same place */
}

static void arena_beyond(struct scene *sc)
{
	announce(sc, 65536, 65536, raw_arena(65536, NULL));
}

static void arena_too_many(struct scene *sc)
{
	for (uint32_t i = 0; i < 5; i++)
		announce(sc, i, 65536, raw_arena(65536, NULL));
}

/* 7 has the place of 3. */
static void arena_in_place(struct scene *sc)
{
	announce(sc, 7, 65536, raw_arena(65536, NULL));
	announce(sc, 3, 65536, raw_arena(65536, NULL));
}

static void forget_in_place(struct scene *sc)
{
	announce(sc, 7, 65536, raw_arena(65536, NULL));
	raw_forget(&sc->raw, 3);
}

static void arena_far_beyond(struct scene *sc)
{
	announce(sc, UINT32_MAX, 65536, raw_arena(65536, NULL));
}

static void arena_in_use(struct scene *sc)
{
	announce(sc, 0, 65536, raw_arena(65536, NULL));
	announce(sc, 0, 65536, raw_arena(65536, NULL));
}

static void arena_smaller(struct scene *sc)
{
	announce(sc, 0, 131072, raw_arena(65536, NULL));
}

static void arena_larger(struct scene *sc)
{
	announce(sc, 0, 65536, raw_arena(131072, NULL));
}

static void arena_of_nothing(struct scene *sc)
{
	announce(sc, 0, 0, raw_arena(65536, NULL));
}

static void arena_unaligned(struct scene *sc)
{
	announce(sc, 0, 65535, raw_arena(65535, NULL));
}

static void arena_endless(struct scene *sc)
{
	announce(sc, 0, UINT64_MAX & ~4095ull, raw_arena(65536, NULL));
}

static void arena_beyond_mapped(struct scene *sc)
{
	announce(sc, 0, (64 << 20) + 4096, raw_arena((64 << 20) + 4096, NULL));
}

static void arenas_beyond_mapped(struct scene *sc)
{
	for (uint32_t i = 0; i < 3; i++)
		announce(sc, i, 32 << 20, raw_arena(32 << 20, NULL));
}

static void arena_sealed_as(struct scene *sc, int seals)
{
	int rw = raw_memfd(65536, 0), ro = raw_read_only(rw);

	if (seals)
		raw_seal(rw, seals);
	close(rw);
	announce(sc, 0, 65536, ro);
}

static void arena_not_sealed(struct scene *sc)
{
	arena_sealed_as(sc, 0);
}

static void arena_may_shrink(struct scene *sc)
{
	arena_sealed_as(sc, F_SEAL_GROW | F_SEAL_SEAL);
}

static void arena_may_grow(struct scene *sc)
{
	arena_sealed_as(sc, F_SEAL_SHRINK | F_SEAL_SEAL);
}

static void arena_may_be_sealed(struct scene *sc)
{
	arena_sealed_as(sc, F_SEAL_SHRINK | F_SEAL_GROW);
}

static void arena_writable(struct scene *sc)
{
	int rw = raw_memfd(65536, 0);

	raw_seal(rw, RAW_ARENA_SEALS);
	announce(sc, 0, 65536, rw);
}

static void arena_is_socket(struct scene *sc)
{
	announce(sc, 0, 65536, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static void arena_without_fd(struct scene *sc)
{
	raw_announce(&sc->raw, 0, 65536, -1);
}

static void arena_with_two_fds(struct scene *sc)
{
	struct raw_packet p = raw_packet(RAW_ARENA, 32);
	int fds[2] = {0, 0};

	p.arena.capacity = 65536;
	raw_send(&sc->raw, &p, 32, fds, 2);
}

static void forget_unknown(struct scene *sc)
{
	raw_forget(&sc->raw, 0);
}

static void forget_beyond(struct scene *sc)
{
	raw_forget(&sc->raw, UINT32_MAX);
}

static void forget_twice(struct scene *sc)
{
	announce(sc, 0, 65536, raw_arena(65536, NULL));
	raw_forget(&sc->raw, 0);
	raw_forget(&sc->raw, 0);
}

static const struct lie lies[] = {
	{"a_packet_cut_short", cut_short, -EPROTO, "wrong length", false},
	{"a_packet_cut_to_its_head", cut_to_head, -EPROTO, "unknown kind or wrong length", false},
	{"a_packet_below_its_head", cut_below_head, -EPROTO, "wrong length", false},
	{"a_packet_that_says_it_is_longer", says_longer, -EPROTO, "wrong length", false},
	{"a_packet_that_says_it_is_shorter", says_shorter, -EPROTO, "wrong length", false},
	{"a_packet_that_says_four_gigabytes", says_all, -EPROTO, "wrong length", false},
	{"a_packet_of_one_byte_too_many", too_long, -EPROTO, "wrong length", false},
	{"a_packet_far_too_long", far_too_long, -EPROTO, "wrong length", false},
	{"a_packet_longer_than_any", longer_than_any, -EPROTO, "wrong length", false},
	{"the_longest_packet_is_taken", longest, OPEN_STILL, "", false},
	{"an_empty_packet_is_an_end", empty, -ECONNRESET, "the peer died", false},
	{"descriptors_behind_an_end_are_closed", descriptors_behind_an_end, -ECONNRESET, "the peer died", false},
	{"a_packet_of_kind_zero", kind_zero, -EPROTO, "unknown kind", false},
	{"a_packet_of_an_unknown_kind", kind_unknown, -EPROTO, "unknown kind", false},
	{"a_packet_of_the_last_kind", kind_last, -EPROTO, "unknown kind", false},
	{"a_packet_of_another_version", other_version, -EPROTO, "another version", false},
	{"descriptors_with_an_open", fds_with_open, -EPROTO, "descriptors where none belong", false},
	{"descriptors_with_a_bell", fds_with_bell, -EPROTO, "descriptors where none belong", false},
	{"a_hello_after_the_handshake", hello_again, -EPROTO, "out of its turn", false},
	{"a_refusal_after_the_handshake", refuse_late, -EACCES, "refused by the peer: changed my mind", false},
	{"a_goodbye_in_order", goodbye_in_order, 0, "closed by the peer", false},
	{"a_goodbye_for_no_known_reason", goodbye_of_nowhere, -ECONNABORTED, "aborted by the peer: so long", false},
	{"a_goodbye_for_want_of_memory", goodbye_out_of_memory, -ENOMEM, "ended by the peer: so long", false},
	{"a_goodbye_for_want_of_descriptors", goodbye_no_descriptors, -EMFILE, "ended by the peer: ????", false},
	{"a_goodbye_for_want_of_files", goodbye_no_descriptors_anywhere, -ENFILE, "ended by the peer: ????", false},
	{"a_goodbye_for_a_limit_of_size", goodbye_too_large, -EFBIG, "ended by the peer: ????", false},
	{"a_goodbye_of_one_who_waited_in_vain", goodbye_stale, -ESTALE, "ended by the peer: ????", false},
	{"a_bell_for_an_old_value", bell_old, -EPROTO, "bell: not armed for", false},
	{"a_bell_for_a_value_ahead", bell_ahead, -EPROTO, "bell: not armed for", false},
	{"a_bell_rung_twice", bell_twice, -EPROTO, "bell: not armed for", false},
	{"a_flood_of_bells", bell_flood, -EPROTO, "bell: not armed for", false},
	{"bells_with_nothing_behind_them_are_harmless", bell_for_nothing, OPEN_STILL, "", false},
	{"an_open_of_our_parity", open_of_ours, -EPROTO, "not the peer's to open", false},
	{"an_open_beyond_the_limit", open_beyond, -EPROTO, "not the peer's to open", false},
	{"an_open_far_beyond_the_limit", open_far_beyond, -EPROTO, "not the peer's to open", false},
	{"an_open_of_one_in_use", open_in_use, -EPROTO, "in use", false},
	{"an_open_of_generation_zero", open_generation_zero, -EPROTO, "in use", false},
	{"an_open_of_a_generation_ahead", open_generation_ahead, -EPROTO, "in use", false},
	{"an_open_of_the_next_generation_is_taken", open_next_generation, OPEN_STILL, "", false},
	{"an_open_of_the_same_generation", open_same_generation, -EPROTO, "in use", false},
	{"an_open_that_skips_a_generation", open_generation_skipped, -EPROTO, "in use", false},
	{"an_open_while_messages_of_the_last_are_held", open_undrained, -EPROTO, "in use", false},
	{"an_open_with_too_long_a_name", open_long_name, -EPROTO, "too long a name", false},
	{"an_open_with_a_0_byte_in_its_name", open_name_of_two, -EPROTO, "open: a name with a 0 byte", false},
	{"an_open_whose_name_is_not_there", open_name_not_there, -EPROTO, "wrong length", false},
	{"an_open_with_its_ring_elsewhere", open_ring_elsewhere, -EPROTO, "not where it must be", false},
	{"an_open_with_a_larger_ring", open_ring_larger, -EPROTO, "not where it must be", false},
	{"one_open_more_than_agreed", open_all_then_more, -EPROTO, "not the peer's to open", false},
	{"opened_and_closed_at_once_again_and_again", open_and_close, OPEN_STILL, "", false},
	{"an_accept_of_nothing", accept_unasked, -EPROTO, "not there", false},
	{"a_second_accept", accept_twice, -EPROTO, "nothing was offered", false},
	{"an_accept_of_its_own", accept_own, -EPROTO, "nothing was offered", false},
	{"an_accept_of_another_generation", accept_of_another_generation, -EPROTO, "not there", false},
	{"an_accept_with_its_ring_elsewhere", accept_ring_elsewhere, -EPROTO, "not where it must be", false},
	{"a_decline_of_nothing", decline_unasked, -EPROTO, "not there", false},
	{"a_decline_after_the_accept", decline_late, -EPROTO, "out of its turn", false},
	{"a_second_decline", decline_twice, -EPROTO, "out of its turn", false},
	{"a_close_of_nothing", close_unknown, -EPROTO, "not there", false},
	{"a_close_far_beyond", close_beyond, -EPROTO, "not there", false},
	{"a_close_instead_of_an_answer", close_instead_of_an_answer, -EPROTO, "out of its turn", false},
	{"a_second_close", close_twice, -EPROTO, "out of its turn", false},
	{"a_close_of_another_generation", close_other_generation, -EPROTO, "not there", false},
	{"a_close_with_a_negative_reason", close_reason_negative, -EPROTO, "out of its turn", false},
	{"a_close_with_a_reason_too_large", close_reason_large, -EPROTO, "out of its turn", false},
	{"more_descriptors_than_announced", fds_more, -EPROTO, "not as many as announced", false},
	{"fewer_descriptors_than_announced", fds_fewer, -EPROTO, "not as many as announced", false},
	{"no_descriptors_announced", fds_none, -EPROTO, "not as many as announced", false},
	{"none_announced_and_one_sent", fds_none_but_one, -EPROTO, "not as many as announced", false},
	{"one_announced_and_none_sent", fds_not_there, -EPROTO, "not as many as announced", false},
	{"one_descriptor_more_than_allowed", fds_beyond_credit, -EPROTO, "more in flight than allowed", false},
	{"many_descriptors_more_than_allowed", fds_far_beyond_credit, -EPROTO, "more in flight than allowed", false},
	{"four_billion_descriptors_announced", fds_count_wraps, -EPROTO, "not as many as announced", false},
	{"descriptors_out_of_sequence", fds_out_of_sequence, -EPROTO, "out of sequence", false},
	{"descriptors_with_a_number_used_before", fds_same_number, -EPROTO, "out of sequence", false},
	{"an_arena_announced_forgotten_and_announced", arena_honest, OPEN_STILL, "", false},
	{"an_arena_beyond_the_limit", arena_beyond, -EPROTO, "out of range or in use", false},
	{"an_arena_far_beyond_the_limit", arena_far_beyond, -EPROTO, "out of range or in use", false},
	{"one_arena_more_than_we_map", arena_too_many, -EPROTO, "out of range or in use", false},
	{"an_arena_in_anothers_place", arena_in_place, -EPROTO, "out of range or in use", false},
	{"forgetting_an_arena_by_anothers_id", forget_in_place, -EPROTO, "not announced", false},
	{"an_arena_announced_twice", arena_in_use, -EPROTO, "out of range or in use", false},
	{"an_arena_smaller_than_announced", arena_smaller, -EPROTO, "not of the announced size", false},
	{"an_arena_larger_than_announced", arena_larger, -EPROTO, "not of the announced size", false},
	{"an_arena_of_nothing", arena_of_nothing, -EPROTO, "capacity out of range", false},
	{"an_arena_of_an_odd_size", arena_unaligned, -EPROTO, "capacity out of range", false},
	{"an_arena_without_end", arena_endless, -EPROTO, "capacity out of range", false},
	{"an_arena_larger_than_we_map", arena_beyond_mapped, -EPROTO, "more than we map", false},
	{"arenas_larger_than_we_map_together", arenas_beyond_mapped, -EPROTO, "more than we map", false},
	{"an_arena_that_is_not_sealed", arena_not_sealed, -EPROTO, "lacks a seal", false},
	{"an_arena_that_may_shrink", arena_may_shrink, -EPROTO, "lacks a seal", false},
	{"an_arena_that_may_grow", arena_may_grow, -EPROTO, "lacks a seal", false},
	{"an_arena_that_may_be_sealed_further", arena_may_be_sealed, -EPROTO, "lacks a seal", false},
	{"an_arena_that_we_could_write", arena_writable, -EPROTO, "not read-only", false},
	{"a_socket_for_an_arena", arena_is_socket, -EPROTO, "not a memfd", false},
	{"an_arena_without_a_descriptor", arena_without_fd, -EPROTO, "not exactly one descriptor", false},
	{"an_arena_with_two_descriptors", arena_with_two_fds, -EPROTO, "not exactly one descriptor", false},
	{"forgetting_an_unknown_arena", forget_unknown, -EPROTO, "not announced", false},
	{"forgetting_an_arena_far_beyond", forget_beyond, -EPROTO, "not announced", false},
	{"forgetting_an_arena_twice", forget_twice, -EPROTO, "not announced", false},
};

LIES_RUN("packets", lies)

int main(void)
{
	return run_lies();
}
