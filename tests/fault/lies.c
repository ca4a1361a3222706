/* tests/fault/lies.c - lies in two steps: an end that is not where the frames end, a frame that is another one once it was
 * looked at, memory that goes away under the reader; and descriptors of all kinds where a memfd belongs. */
#include "tests/fault/scene.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

/* ---- The end of a channel -------------------------------------------------------------------------------------- */

static void close_at(struct scene *sc, uint64_t end)
{
	struct raw_packet p = raw_packet(RAW_CLOSE, 32);

	p.close.id = p.close.generation = 1;
	p.close.end = end;
	assert_int_equal(raw_say(&sc->raw, &p), 0);
}

static void tell_data(struct scene *sc)
{
	raw_push(&sc->raw, RAW_E_DATA, 1);
	raw_bell(&sc->raw);
	scene_turn(sc);
}

static void end_unaligned(struct scene *sc)
{
	scene_liar_opens(sc);
	close_at(sc, 4);
}

static void end_behind(struct scene *sc)
{
	scene_liar_opens(sc);
	raw_message(&sc->raw, 1, 1);
	raw_message(&sc->raw, 1, 2);
	tell_data(sc);
	assert_int_equal(sc->victim.messages, 2);
	close_at(sc, 16);
}

static void end_a_lap_ahead(struct scene *sc)
{
	scene_liar_opens(sc);
	close_at(sc, 4096 + 8);
}

static void end_nowhere(struct scene *sc)
{
	scene_liar_opens(sc);
	close_at(sc, UINT64_MAX & ~UINT64_C(7));
}

/* Frames that were promised and are not there: the end is told, and what comes late is not read. */
static void end_ahead(struct scene *sc)
{
	scene_liar_opens(sc);
	raw_message(&sc->raw, 1, 1);
	close_at(sc, 4096);
	scene_turn(sc);
	assert_int_equal(sc->victim.messages, 1);
	assert_int_equal(sc->victim.channels_closed, 1);
	assert_int_equal(sc->victim.channel_why, 0);
	for (uint64_t i = 0; i < 3; i++)
		raw_message(&sc->raw, 1, i);
	raw_push(&sc->raw, RAW_E_DATA, 1);
	raw_bell(&sc->raw);
	scene_turn(sc);
	assert_int_equal(sc->victim.messages, 1);
	assert_int_equal(sc->victim.channels_closed, 1);
}

static void end_before_the_frames(struct scene *sc)
{
	scene_liar_opens(sc);
	raw_message(&sc->raw, 1, 1);
	close_at(sc, 0);
	scene_turn(sc);
	assert_int_equal(sc->victim.messages, 0);
	assert_int_equal(sc->victim.channels_closed, 1);
}

static void end_within_a_frame(struct scene *sc)
{
	scene_liar_opens(sc);
	raw_message(&sc->raw, 1, 1);
	raw_message(&sc->raw, 1, 2);
	close_at(sc, 8);
	scene_turn(sc);
	assert_int_equal(sc->victim.messages, 1);
	assert_int_equal(sc->victim.channels_closed, 1);
}

static void open_long_metadata(struct scene *sc)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, 1, 1);

	p.open.metadata_len = 4097; /* with no name the packet is not too long */
	p.length = 40 + 4097;
	assert_int_equal(raw_say(&sc->raw, &p), 0);
}

static void open_longest_metadata(struct scene *sc)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, 1, 1);

	p.open.metadata_len = 4096;
	p.length = 40 + 4096;
	assert_int_equal(raw_say(&sc->raw, &p), 0);
	scene_turn(sc);
	assert_int_equal(sc->victim.offers, 1);
}

/* ---- Between peek and recv ------------------------------------------------------------------------------------- */

/* A frame of 24 bytes with tag 7 that says `honest`; peeked at. */
static void peek_at_one(struct scene *sc)
{
	uint64_t words[2] = {7, 4711};
	size_t len = 0;

	sc->victim.unread = true;
	scene_liar_opens(sc);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, RAW_TAG, 0, 16), words, 2);
	assert_int_equal(rill_channel_peek(sc->victim.channel, &len), 0);
	assert_int_equal(len, 8);
}

/* recv gives what peek said, whatever the ring says now; and the one behind it is found. */
static void recv_what_was_peeked(struct scene *sc, uint64_t word)
{
	struct rill_msg msg;
	uint64_t got;

	raw_message(&sc->raw, 1, 42);
	assert_int_equal(rill_channel_recv(sc->victim.channel, &msg), 0);
	assert_int_equal(msg.len, 8);
	assert_int_equal(msg.tag, 7);
	assert_int_equal(msg.fd_count + msg.loan_count, 0);
	memcpy(&got, msg.data, 8);
	assert_int_equal(got, word);
	rill_msg_release(&msg);
	assert_int_equal(rill_channel_recv(sc->victim.channel, &msg), 0);
	memcpy(&got, msg.data, 8);
	assert_int_equal(got, 42);
	rill_msg_release(&msg);
	assert_int_equal(rill_channel_recv(sc->victim.channel, &msg), -EAGAIN);
}

static void rewrite_header(struct scene *sc, uint64_t header)
{
	peek_at_one(sc);
	__atomic_store_n(raw_at(&sc->raw, 1, 0), header, __ATOMIC_RELEASE);
	recv_what_was_peeked(sc, 4711);
}

static void header_grows(struct scene *sc)
{
	rewrite_header(sc, raw_header(RAW_MESSAGE, RAW_TAG, 0, 1000));
}

static void header_shrinks(struct scene *sc)
{
	rewrite_header(sc, raw_header(RAW_MESSAGE, RAW_TAG, 0, 8));
}

static void header_vanishes(struct scene *sc)
{
	rewrite_header(sc, 0);
}

static void header_of_another_kind(struct scene *sc)
{
	rewrite_header(sc, raw_header(RAW_LOAN, RAW_HAS_FDS, 3, 200));
}

static void header_becomes_noise(struct scene *sc)
{
	rewrite_header(sc, UINT64_MAX);
}

static void header_grows_and_the_liar_complains(struct scene *sc)
{
	struct raw_packet p = raw_packet(RAW_GOODBYE, 128);
	struct rill_msg msg;

	peek_at_one(sc);
	__atomic_store_n(raw_at(&sc->raw, 1, 0), raw_header(RAW_MESSAGE, RAW_TAG, 0, 1000), __ATOMIC_RELEASE);
	p.word.reason = EPROTO;
	assert_int_equal(raw_say(&sc->raw, &p), 0);
	scene_turn(sc);
	assert_int_equal(rill_channel_recv(sc->victim.channel, &msg), 0);
	assert_int_equal(msg.len, 8);
	rill_msg_release(&msg);
	scene_turn(sc);
}

/* Nothing of one who broke the protocol is delivered, the frame that he let us peek at before he closed included. */
static void a_violation_behind_a_peek_and_a_close(struct scene *sc)
{
	struct rill_msg msg;

	peek_at_one(sc);
	assert_int_equal(raw_close(&sc->raw, RAW_CLOSE, 1, 1, 0), 0);
	scene_turn(sc);
	assert_int_equal(sc->victim.channels_closed, 0);
	assert_int_equal(raw_close(&sc->raw, RAW_CLOSE, 1, 1, 0), 0); /* twice */
	scene_turn(sc);
	assert_int_equal(sc->victim.channels_closed, 1);
	assert_int_equal(rill_channel_recv(sc->victim.channel, &msg), -EPIPE);
}

static void tag_is_rewritten(struct scene *sc)
{
	peek_at_one(sc);
	*raw_at(&sc->raw, 1, 8) = 99;
	recv_what_was_peeked(sc, 4711);
}

/* The body is read in place: it is what it is now, and as long as it was. */
static void body_is_rewritten(struct scene *sc)
{
	peek_at_one(sc);
	*raw_at(&sc->raw, 1, 16) = 4712;
	recv_what_was_peeked(sc, 4712);
}

static char *lend_one(struct scene *sc, int *ret_rw)
{
	int rw = raw_memfd(65536, 0), ro;
	char *base = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, rw, 0);

	assert_true(base != MAP_FAILED);
	raw_seal(rw, RAW_ARENA_SEALS);
	ro = raw_read_only(rw);
	memset(base, 'L', 65536);
	assert_int_equal(raw_announce(&sc->raw, 0, 65536, ro), 0);
	close(ro);
	*ret_rw = rw;
	return base;
}

static void loan_is_rewritten(struct scene *sc)
{
	uint64_t words[3] = {64, 5, 1};
	struct rill_msg msg;
	size_t len;
	int rw;
	char *base = lend_one(sc, &rw);

	close(rw);
	memcpy(base + 64, "first", 5);
	sc->victim.unread = true;
	scene_liar_opens(sc);
	raw_frame(&sc->raw, 1, raw_header(RAW_LOAN, 0, 1, 24), words, 3);
	assert_int_equal(rill_channel_peek(sc->victim.channel, &len), 0);
	for (uint64_t i = 1; i <= 3; i++) /* offset, length, id */
		*raw_at(&sc->raw, 1, 8 * i) = UINT64_MAX >> 16;
	assert_int_equal(rill_channel_recv(sc->victim.channel, &msg), 0);
	assert_int_equal(msg.len, 5);
	assert_memory_equal(msg.data, "first", 5);
	rill_msg_release(&msg);
	assert_int_equal(raw_load(&sc->raw, sc->raw.their_head.returns_offset), (1 + 1) << 2); /* the id that was lent */
	munmap(base, 65536);
}

static void descriptors_are_rewritten(struct scene *sc)
{
	uint64_t word = 1;
	struct rill_msg msg;
	size_t len;
	int fd;

	sc->victim.unread = true;
	scene_liar_opens(sc);
	assert_int_equal(raw_fds(&sc->raw, 1, 0, 1), 0);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, RAW_HAS_FDS, 0, 8), &word, 1);
	assert_int_equal(rill_channel_peek(sc->victim.channel, &len), 0);
	*raw_at(&sc->raw, 1, 8) = (uint64_t)5 << 32 | 200;
	assert_int_equal(rill_channel_recv(sc->victim.channel, &msg), 0);
	assert_int_equal(msg.fd_count, 1);
	fd = rill_msg_take_fd(&msg, 0);
	assert_true(fd >= 0);
	close(fd);
	rill_msg_release(&msg);
}

/* ---- What is no memfd ------------------------------------------------------------------------------------------ */

static void announce(struct scene *sc, int fd)
{
	assert_true(fd >= 0);
	assert_int_equal(raw_announce(&sc->raw, 0, 65536, fd), 0);
	close(fd);
}

static void arena_is_pipe(struct scene *sc)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[1]);
	announce(sc, fds[0]);
}

static void arena_is_regular_file(struct scene *sc)
{
	char path[] = "/tmp/raw-arena-XXXXXX";
	int rw = mkstemp(path), ro = open(path, O_RDONLY | O_CLOEXEC);

	unlink(path);
	assert_int_equal(ftruncate(rw, 65536), 0);
	close(rw);
	announce(sc, ro);
}

static void arena_is_directory(struct scene *sc)
{
	announce(sc, open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static void arena_is_path(struct scene *sc)
{
	int ro = raw_arena(65536, NULL);
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", ro);
	announce(sc, open(path, O_PATH | O_CLOEXEC));
	close(ro);
}

static void arena_is_epoll(struct scene *sc)
{
	announce(sc, epoll_create1(EPOLL_CLOEXEC));
}

static void arena_is_eventfd(struct scene *sc)
{
	announce(sc, eventfd(0, EFD_CLOEXEC));
}

static void arena_is_device(struct scene *sc)
{
	announce(sc, open("/dev/zero", O_RDONLY | O_CLOEXEC));
}

static void arena_is_the_socket(struct scene *sc)
{
	announce(sc, dup(sc->raw.fd));
}

/* ---- Memory that goes away ------------------------------------------------------------------------------------- */

#define LEN 60000

static void hold_a_loan(struct scene *sc)
{
	uint64_t words[3] = {64, LEN, 1};

	sc->victim.hold = true;
	scene_liar_opens(sc);
	raw_frame(&sc->raw, 1, raw_header(RAW_LOAN, 0, 1, 24), words, 3);
	tell_data(sc);
	assert_int_equal(sc->victim.held_count, 1);
}

static void read_as(struct scene *sc, char one, char other)
{
	const volatile char *data = sc->victim.held[0].data;

	assert_int_equal(sc->victim.held[0].len, LEN);
	for (size_t i = 0; i < LEN; i++)
		if (data[i] != one && data[i] != other)
			fail_msg("byte %zu is %d", i, data[i]);
}

/* A held loan whose pages its owner gives back: zeros, never a fault, and never other memory. */
static void owner_punches_holes(struct scene *sc)
{
	int rw;
	char *base = lend_one(sc, &rw);

	hold_a_loan(sc);
	read_as(sc, 'L', 'L');
	assert_int_equal(fallocate(rw, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192), 0);
	read_as(sc, 'L', 0);
	assert_int_equal(fallocate(rw, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 65536), 0);
	read_as(sc, 0, 0);
	memset(base, 'L', 32768);
	assert_int_equal(madvise(base, 65536, MADV_REMOVE), 0);
	read_as(sc, 0, 0);
	assert_true(ftruncate(rw, 4096) < 0); /* this would fault: the seals that we look for forbid it */
	assert_true(fallocate(rw, FALLOC_FL_COLLAPSE_RANGE, 0, 4096) < 0);
	munmap(base, 65536);
	close(rw);
	read_as(sc, 0, 0);
}

/* Its region cannot even do that: the seals that we look for forbid it, by whatever way. */
static void region_keeps_its_pages(struct scene *sc)
{
	scene_liar_opens(sc);
	raw_message(&sc->raw, 1, 1);
	assert_true(madvise(sc->raw.mine, sc->raw.head.size, MADV_REMOVE) < 0);
	tell_data(sc);
	assert_int_equal(sc->victim.messages, 1);
}

/* ---- Memory of ours -------------------------------------------------------------------------------------------- */

#define LARGE 8192

/* The victim's next large message, as the liar sees it. */
static void victim_sends(struct scene *sc, struct rill_channel *ch, const char *arena, char fill)
{
	static char large[LARGE];
	uint64_t at = raw_ring(&sc->raw.their_head, 0) + sc->raw.wpos[0], place, id;

	memset(large, fill, sizeof(large));
	assert_int_equal(rill_channel_send(ch, large, sizeof(large)), 0);
	place = raw_load(&sc->raw, at + 8);
	id = raw_load(&sc->raw, at + 24);
	assert_memory_equal(arena + (place & 0xffffffffffff), large, sizeof(large));
	sc->raw.wpos[0] += 32;
	raw_return(&sc->raw, id);
	raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), sc->raw.wpos[0]);
	scene_turn(sc);
}

/* A borrower of our uid opens our arena for writing, fills its holes and makes new ones. We read other bytes and lose none of
 * our own state: the allocator's records are not there. */
static void borrower_fills_and_punches(struct scene *sc)
{
	struct rill_channel *ch = scene_victim_opens(sc);
	static char large[LARGE];
	struct raw_packet p;
	char path[40], *arena;
	size_t size;
	int rw;

	assert_int_equal(rill_channel_send(ch, large, sizeof(large)), 0); /* never returned: it is lent all the time */
	sc->raw.wpos[0] += 32;
	assert_true(raw_expect(&sc->raw, RAW_ARENA, &p));
	size = (size_t)p.arena.capacity;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", sc->raw.got[0]);
	rw = open(path, O_RDWR | O_CLOEXEC);
	assert_true(rw >= 0);
	arena = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, rw, 0);
	assert_true(arena != MAP_FAILED);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(fallocate(rw, 0, 0, (off_t)size), 0);
		memset(arena, 0xff, size);
		victim_sends(sc, ch, arena, 'a');
		assert_int_equal(fallocate(rw, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)size), 0);
		victim_sends(sc, ch, arena, 'b');
	}
	assert_true(ftruncate(rw, 0) < 0);
	munmap(arena, size);
	close(rw);
}

/* It reads on and gives nothing back: our messages to it are refused, and nothing else is. */
static void never_releases(struct scene *sc)
{
	struct rill_channel *ch = scene_victim_opens(sc);
	static char large[LARGE];
	struct rill_stats stats = {.size = sizeof(stats)};
	uint64_t sent = 0;
	int e;

	while ((e = rill_channel_send(ch, large, sizeof(large))) == 0) {
		sent++;
		raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), 32 * sent);
		scene_turn(sc);
	}
	assert_int_equal(e, -EAGAIN);
	assert_int_equal(sent, 8); /* loans that it may hold, as its region says */
	for (int i = 0; i < 100; i++)
		assert_int_equal(rill_channel_send(ch, large, sizeof(large)), -EAGAIN);
	assert_int_equal(rill_channel_send(ch, large, 8), 0); /* what needs no loan goes on */
	assert_int_equal(rill_session_stats(sc->victim.session, &stats), 0);
	assert_int_equal(stats.lent_high, 8 * LARGE);
	scene_pass(sc, 100000);
}

/* And a close does not wait for it. */
static void never_releases_and_we_close(void **state)
{
	struct scene *sc = scene_open();
	struct pollfd w[8];

	(void)state;
	never_releases(sc);
	assert_int_equal(rill_ctx_pollfds(sc->ctx, w, 8), 5);
	rill_session_close(sc->victim.session);
	sc->victim.session = NULL;
	scene_pass(sc, 1001); /* close_ms */
	assert_int_equal(rill_ctx_pollfds(sc->ctx, w, 8), 4);
	scene_honest_goes_on(sc);
	scene_destroy(sc);
}

static const struct lie lies[] = {
	{"a_close_whose_end_is_unaligned", end_unaligned, -EPROTO, "close: out of its turn", false},
	{"a_close_whose_end_is_behind_what_was_taken", end_behind, -EPROTO, "close: out of its turn", false},
	{"a_close_whose_end_is_more_than_a_ring_ahead", end_a_lap_ahead, -EPROTO, "close: out of its turn", false},
	{"a_close_whose_end_is_nowhere", end_nowhere, -EPROTO, "close: out of its turn", false},
	{"a_close_whose_end_is_ahead_of_the_frames", end_ahead, OPEN_STILL, "", false},
	{"a_close_whose_end_is_before_the_frames", end_before_the_frames, OPEN_STILL, "", false},
	{"a_close_whose_end_is_within_a_frame", end_within_a_frame, OPEN_STILL, "", false},
	{"an_open_with_too_much_metadata", open_long_metadata, -EPROTO, "too long a name", false},
	{"the_most_metadata_is_taken", open_longest_metadata, OPEN_STILL, "", false},
	{"a_header_that_grows_after_the_peek", header_grows, OPEN_STILL, "", false},
	{"a_header_that_grows_before_a_complaint", header_grows_and_the_liar_complains, -EPROTO, "ended by the peer", false},
	{"a_violation_behind_a_peek_and_a_close", a_violation_behind_a_peek_and_a_close, -EPROTO, "close", false},
	{"a_header_that_shrinks_after_the_peek", header_shrinks, OPEN_STILL, "", false},
	{"a_header_that_vanishes_after_the_peek", header_vanishes, OPEN_STILL, "", false},
	{"a_header_of_another_kind_after_the_peek", header_of_another_kind, OPEN_STILL, "", false},
	{"a_header_that_is_noise_after_the_peek", header_becomes_noise, OPEN_STILL, "", false},
	{"a_tag_rewritten_after_the_peek", tag_is_rewritten, OPEN_STILL, "", false},
	{"a_body_rewritten_after_the_peek", body_is_rewritten, OPEN_STILL, "", false},
	{"a_loan_rewritten_after_the_peek", loan_is_rewritten, OPEN_STILL, "", false},
	{"descriptors_rewritten_after_the_peek", descriptors_are_rewritten, OPEN_STILL, "", false},
	{"a_pipe_for_an_arena", arena_is_pipe, -EPROTO, "not a memfd", false},
	{"a_regular_file_for_an_arena", arena_is_regular_file, -EPROTO, "memfd", false}, /* on tmpfs it has seals */
	{"a_directory_for_an_arena", arena_is_directory, -EPROTO, "memfd", false},
	{"a_path_descriptor_for_an_arena", arena_is_path, -EPROTO, "not a memfd", false},
	{"an_epoll_set_for_an_arena", arena_is_epoll, -EPROTO, "not a memfd", false},
	{"an_eventfd_for_an_arena", arena_is_eventfd, -EPROTO, "not a memfd", false},
	{"a_device_for_an_arena", arena_is_device, -EPROTO, "not a memfd", false},
	{"the_control_socket_for_an_arena", arena_is_the_socket, -EPROTO, "not a memfd", false},
	{"holes_in_what_is_lent_read_as_zeros", owner_punches_holes, OPEN_STILL, "", false},
	{"a_region_keeps_its_pages", region_keeps_its_pages, OPEN_STILL, "", false},
	{"a_borrower_that_fills_and_punches_our_arena", borrower_fills_and_punches, OPEN_STILL, "", false},
	{"one_that_never_releases", never_releases, OPEN_STILL, "", false},
};

LIES_RUN("lies", lies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(never_releases_and_we_close, leaks_setup, leaks_teardown),
	};

	return run_lies() + cmocka_run_group_tests_name("lies by hand", tests, NULL, NULL);
}
