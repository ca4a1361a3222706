/* tests/fault/hello.c - peers that lie in the handshake: the HELLO, its descriptor, its region. Nothing of it may be mapped or
 * believed before it was judged, and whoever is sent away is told why. */
#include "tests/fault/scene.h"

/* ---- The region's descriptor ----------------------------------------------------------------------------------- */

static void say_with(struct scene *sc, int fd)
{
	assert_true(fd >= 0);
	assert_int_equal(raw_say_hello(&sc->raw, fd), 0);
	close(fd);
}

static void file_is_regular(struct scene *sc)
{
	char path[] = "/tmp/rill-liar-XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(ftruncate(fd, (off_t)sc->raw.head.size), 0);
	unlink(path);
	say_with(sc, fd);
}

static void is_socket(struct scene *sc)
{
	say_with(sc, socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static void is_directory(struct scene *sc)
{
	say_with(sc, open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static void is_path_only(struct scene *sc)
{
	say_with(sc, open("/", O_PATH | O_CLOEXEC));
}

static void is_control_socket(struct scene *sc)
{
	say_with(sc, dup(sc->raw.fd));
}

static void no_descriptor(struct scene *sc)
{
	assert_int_equal(raw_send(&sc->raw, &sc->raw.hello, 64, NULL, 0), 0);
}

static void two_descriptors(struct scene *sc)
{
	int fd = raw_region(&sc->raw), two[2] = {fd, fd};

	raw_seal(fd, RAW_SEALS);
	assert_int_equal(raw_send(&sc->raw, &sc->raw.hello, 64, two, 2), 0);
	close(fd);
}

static void sealed_as(struct scene *sc, int seals)
{
	int fd = raw_region(&sc->raw);

	assert_int_equal(raw_seal(fd, seals), 0);
	say_with(sc, fd);
}

static void not_sealed(struct scene *sc)
{
	sealed_as(sc, 0);
}

static void not_sealed_shrink(struct scene *sc)
{
	sealed_as(sc, RAW_SEALS & ~F_SEAL_SHRINK);
}

static void not_sealed_grow(struct scene *sc)
{
	sealed_as(sc, RAW_SEALS & ~F_SEAL_GROW);
}

static void not_sealed_write(struct scene *sc)
{
	sealed_as(sc, RAW_SEALS & ~F_SEAL_FUTURE_WRITE);
}

static void not_sealed_seal(struct scene *sc)
{
	sealed_as(sc, RAW_SEALS & ~F_SEAL_SEAL);
}

/* The announced size is within limits each time, so that the descriptor's is what is judged. */
static void resized(struct scene *sc, uint64_t size)
{
	int fd = raw_region(&sc->raw);

	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	raw_seal(fd, RAW_SEALS);
	say_with(sc, fd);
}

static void file_is_smaller(struct scene *sc)
{
	resized(sc, sc->raw.head.size - 4096);
}

static void file_is_larger(struct scene *sc)
{
	resized(sc, sc->raw.head.size + 4096);
}

static void file_is_empty(struct scene *sc)
{
	resized(sc, 0);
}

/* Sealing, size and reading it all succeed; it is the first touch that would be SIGBUS. */
static void hugetlb_is_refused(void **state)
{
	struct scene *sc = scene_create();
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);

	(void)state;
	if (fd < 0 || ftruncate(fd, 2 << 20) < 0) {
		if (fd >= 0)
			close(fd);
		scene_destroy(sc);
		skip();
	}
	raw_seal(fd, RAW_SEALS);
	sc->raw.hello.hello.size = 2 << 20;
	say_with(sc, fd);
	scene_expect(sc, -EPROTO, "not on tmpfs");
	scene_destroy(sc);
}

/* ---- The region's head ----------------------------------------------------------------------------------------- */

/* Make the region honest, let `change` spoil the head, then say hello. */
static void spoiled(struct scene *sc, size_t offset, uint64_t xor)
{
	int fd = raw_region(&sc->raw);

	raw_seal(fd, RAW_SEALS);
	*raw_word(&sc->raw, offset) ^= xor;
	say_with(sc, fd);
}

static void head_magic(struct scene *sc)
{
	spoiled(sc, 0, 1);
}

static void head_version(struct scene *sc)
{
	spoiled(sc, 8, 3);
}

static void head_channels(struct scene *sc)
{
	spoiled(sc, 8, (uint64_t)1 << 32);
}

static void head_no_channels(struct scene *sc)
{
	spoiled(sc, 8, (uint64_t)16 << 32);
}

static void head_all_channels(struct scene *sc)
{
	spoiled(sc, 8, 0xffffffffull << 32);
}

static void head_size(struct scene *sc)
{
	spoiled(sc, 16, 4096);
}

static void head_loans(struct scene *sc)
{
	spoiled(sc, 24, 0xffffffff);
}

static void head_more_loans(struct scene *sc)
{
	spoiled(sc, 24, 64);
}

static void head_ring_odd(struct scene *sc)
{
	spoiled(sc, 32, 1);
}

static void head_ring_none(struct scene *sc)
{
	spoiled(sc, 32, 4096);
}

static void head_ring_huge(struct scene *sc)
{
	spoiled(sc, 32, (uint64_t)1 << 63);
}

static void head_ring_larger(struct scene *sc)
{
	spoiled(sc, 32, 4096 ^ 8192);
}

static void head_ready_count(struct scene *sc)
{
	spoiled(sc, 40, 64 ^ 32);
}

static void head_returns_count(struct scene *sc)
{
	spoiled(sc, 48, 16 ^ 8);
}

static void head_ready_offset(struct scene *sc)
{
	spoiled(sc, 56, 8);
}

static void head_returns_offset(struct scene *sc)
{
	spoiled(sc, 64, (uint64_t)1 << 40);
}

static void head_channels_offset(struct scene *sc)
{
	spoiled(sc, 72, 1);
}

static void head_rings_offset(struct scene *sc)
{
	spoiled(sc, 80, 4096);
}

static void head_of_zeros(struct scene *sc)
{
	int fd = raw_region(&sc->raw);

	raw_seal(fd, RAW_SEALS);
	memset(sc->raw.mine, 0, 4096);
	say_with(sc, fd);
}

/* ---- The HELLO ------------------------------------------------------------------------------------------------- */

static void hello_magic(struct scene *sc)
{
	sc->raw.hello.hello.magic ^= 1;
	raw_greet(&sc->raw);
}

static void hello_version(struct scene *sc)
{
	sc->raw.hello.major = 2;
	raw_greet(&sc->raw);
}

static void hello_size_zero(struct scene *sc)
{
	sc->raw.hello.hello.size = 0;
	raw_greet(&sc->raw);
}

static void hello_size_beyond(struct scene *sc)
{
	sc->raw.hello.hello.size = UINT64_MAX - 4095;
	raw_greet(&sc->raw);
}

static void hello_size_mapped(struct scene *sc)
{
	sc->raw.hello.hello.size = (64 << 20) + 4096;
	raw_greet(&sc->raw);
}

static void hello_size_other(struct scene *sc)
{
	sc->raw.hello.hello.size -= 4096;
	raw_greet(&sc->raw);
}

static void hello_no_channels(struct scene *sc)
{
	sc->raw.hello.hello.channels = 0;
	raw_greet(&sc->raw);
}

static void hello_many_channels(struct scene *sc)
{
	sc->raw.hello.hello.channels = 1000001;
	raw_greet(&sc->raw);
}

static void hello_other_channels(struct scene *sc)
{
	sc->raw.hello.hello.channels = 9;
	raw_greet(&sc->raw);
}

static void hello_many_arenas(struct scene *sc)
{
	sc->raw.hello.hello.arenas = 4097;
	raw_greet(&sc->raw);
}

static void hello_many_fds(struct scene *sc)
{
	sc->raw.hello.hello.fds = 254;
	raw_greet(&sc->raw);
}

static void hello_same_random(struct scene *sc)
{
	assert_int_equal(raw_meet(&sc->raw), 0);
	sc->raw.hello.hello.random = sc->raw.peer.hello.random;
	raw_greet(&sc->raw);
}

static void hello_echoed(struct scene *sc)
{
	struct raw_packet p;

	assert_true(raw_expect(&sc->raw, RAW_HELLO, &p));
	assert_int_equal(raw_send(&sc->raw, &p, 64, sc->raw.got, 1), 0);
}

static void hello_truncated(struct scene *sc)
{
	int fd = raw_region(&sc->raw);

	assert_int_equal(raw_send(&sc->raw, &sc->raw.hello, 63, &fd, 1), 0);
	close(fd);
}

static void hello_says_shorter(struct scene *sc)
{
	sc->raw.hello.length = 56;
	raw_greet(&sc->raw);
}

static void hello_longer(struct scene *sc)
{
	int fd = raw_region(&sc->raw);

	sc->raw.hello.length = 72;
	assert_int_equal(raw_send(&sc->raw, &sc->raw.hello, 72, &fd, 1), 0);
	close(fd);
}

static void hello_features_are_ignored(struct scene *sc)
{
	struct raw_packet p;

	sc->raw.hello.hello.features = UINT64_MAX;
	sc->raw.hello.hello.reserved = UINT32_MAX;
	assert_int_equal(raw_greet(&sc->raw), 0);
	scene_turn(sc);
	assert_true(raw_expect(&sc->raw, RAW_HELLO, &p));
}

/* ---- Before the HELLO ------------------------------------------------------------------------------------------ */

static void bell_first(struct scene *sc)
{
	struct raw_packet p = raw_packet(RAW_BELL, 16);

	p.sarm = 1;
	raw_say(&sc->raw, &p);
}

static void open_first(struct scene *sc)
{
	struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, 1, 1);

	raw_say(&sc->raw, &p);
}

static void fds_first(struct scene *sc)
{
	raw_fds(&sc->raw, 1, 0, 1);
}

static void arena_first(struct scene *sc)
{
	raw_announce(&sc->raw, 0, 4096, 0);
}

static void noise_first(struct scene *sc)
{
	assert_int_equal(raw_send(&sc->raw, "GET / HTTP/1.1\r\n\r\n", 18, NULL, 0), 0);
}

static void one_byte_first(struct scene *sc)
{
	assert_int_equal(raw_send(&sc->raw, "x", 1, NULL, 0), 0);
}

static void refuse_first(struct scene *sc)
{
	struct raw_packet p = raw_packet(RAW_REFUSE, 128);

	p.word.reason = EACCES;
	memset(p.word.text, 'x', sizeof(p.word.text)); /* no NUL */
	memcpy(p.word.text, "go \033[2Jaway\n", 12);
	raw_say(&sc->raw, &p);
}

static void goodbye_first(struct scene *sc)
{
	struct raw_packet p = raw_packet(RAW_GOODBYE, 128);

	p.word.reason = -7;
	memset(p.word.text, 0xff, sizeof(p.word.text));
	raw_say(&sc->raw, &p);
}

static void leaves_at_once(struct scene *sc)
{
	close(sc->raw.fd);
	sc->raw.fd = -1;
}

static void says_nothing(struct scene *sc)
{
	scene_turn(sc);
	assert_int_equal(sc->victim.closed, 0);
	scene_pass(sc, 1001);
}

static void hello_twice(struct scene *sc)
{
	assert_int_equal(raw_greet(&sc->raw), 0);
	assert_int_equal(raw_say_hello(&sc->raw, 0), 0);
}

static const struct lie lies[] = {
	{"a_regular_file_is_no_region", file_is_regular, -EPROTO, "memfd", true}, /* on tmpfs it has seals */
	{"a_socket_is_no_region", is_socket, -EPROTO, "not a memfd", true},
	{"a_directory_is_no_region", is_directory, -EPROTO, "not a memfd", true},
	{"a_path_descriptor_is_no_region", is_path_only, -EPROTO, "not a memfd", true},
	{"the_control_socket_is_no_region", is_control_socket, -EPROTO, "not a memfd", true},
	{"a_hello_without_a_descriptor", no_descriptor, -EPROTO, "not exactly one descriptor", true},
	{"a_hello_with_two_descriptors", two_descriptors, -EPROTO, "not exactly one descriptor", true},
	{"a_region_without_any_seal", not_sealed, -EPROTO, "lacks a seal", true},
	{"a_region_that_may_shrink", not_sealed_shrink, -EPROTO, "lacks a seal", true},
	{"a_region_that_may_grow", not_sealed_grow, -EPROTO, "lacks a seal", true},
	{"a_region_that_may_lose_pages", not_sealed_write, -EPROTO, "lacks a seal", true},
	{"a_region_that_may_be_sealed_further", not_sealed_seal, -EPROTO, "lacks a seal", true},
	{"a_region_smaller_than_announced", file_is_smaller, -EPROTO, "not of the announced size", true},
	{"a_region_larger_than_announced", file_is_larger, -EPROTO, "not of the announced size", true},
	{"an_empty_region", file_is_empty, -EPROTO, "not of the announced size", true},
	{"a_head_with_another_magic", head_magic, -EPROTO, "wrong magic", true},
	{"a_head_of_another_version", head_version, -EPROTO, "another version", true},
	{"a_head_with_other_channels", head_channels, -EPROTO, "size is not what its head says", true},
	{"a_head_without_channels", head_no_channels, -EPROTO, "out of range", true},
	{"a_head_with_all_channels", head_all_channels, -EPROTO, "out of range", true},
	{"a_head_with_another_size", head_size, -EPROTO, "size is not what its head says", true},
	{"a_head_with_too_many_loans", head_loans, -EPROTO, "out of range", true},
	{"a_head_with_more_loans_than_room", head_more_loans, -EPROTO, "not what they must be", true},
	{"a_head_with_a_ring_of_odd_size", head_ring_odd, -EPROTO, "no power of two", true},
	{"a_head_without_rings", head_ring_none, -EPROTO, "no power of two", true},
	{"a_head_with_huge_rings", head_ring_huge, -EPROTO, "no power of two", true},
	{"a_head_with_larger_rings", head_ring_larger, -EPROTO, "size is not what its head says", true},
	{"a_head_with_another_ready_count", head_ready_count, -EPROTO, "not what they must be", true},
	{"a_head_with_another_returns_count", head_returns_count, -EPROTO, "not what they must be", true},
	{"a_head_with_another_ready_offset", head_ready_offset, -EPROTO, "not what they must be", true},
	{"a_head_with_another_returns_offset", head_returns_offset, -EPROTO, "not what they must be", true},
	{"a_head_with_another_channels_offset", head_channels_offset, -EPROTO, "not what they must be", true},
	{"a_head_with_another_rings_offset", head_rings_offset, -EPROTO, "not what they must be", true},
	{"a_head_of_zeros", head_of_zeros, -EPROTO, "wrong magic", true},
	{"a_hello_with_another_magic", hello_magic, -EPROTO, "wrong magic", true},
	{"a_hello_of_another_version", hello_version, -EPROTO, "another version of the protocol", true},
	{"a_hello_with_size_zero", hello_size_zero, -EPROTO, "beyond our limit", true},
	{"a_hello_with_a_size_near_the_end", hello_size_beyond, -EPROTO, "beyond our limit", true},
	{"a_hello_with_more_than_we_map", hello_size_mapped, -EPROTO, "beyond our limit", true},
	{"a_hello_with_another_size", hello_size_other, -EPROTO, "not of the announced size", true},
	{"a_hello_without_channels", hello_no_channels, -EPROTO, "channels out of range", true},
	{"a_hello_with_too_many_channels", hello_many_channels, -EPROTO, "channels out of range", true},
	{"a_hello_with_other_channels_than_its_region", hello_other_channels, -EPROTO, "another number of channels", true},
	{"a_hello_with_too_many_arenas", hello_many_arenas, -EPROTO, "limits out of range", true},
	{"a_hello_with_too_many_fds", hello_many_fds, -EPROTO, "limits out of range", true},
	{"a_hello_with_our_random_number", hello_same_random, -EPROTO, "our own random number", true},
	{"our_own_hello_sent_back", hello_echoed, -EPROTO, "our own random number", true},
	{"a_hello_cut_short", hello_truncated, -EPROTO, "wrong length", true},
	{"a_hello_that_says_it_is_shorter", hello_says_shorter, -EPROTO, "wrong length", true},
	{"a_hello_too_long", hello_longer, -EPROTO, "wrong length", true},
	{"unknown_features_are_ignored", hello_features_are_ignored, OPEN_STILL, "", true},
	{"a_bell_before_the_hello", bell_first, -EPROTO, "out of its turn", true},
	{"an_open_before_the_hello", open_first, -EPROTO, "out of its turn", true},
	{"descriptors_before_the_hello", fds_first, -EPROTO, "out of its turn", true},
	{"an_arena_before_the_hello", arena_first, -EPROTO, "out of its turn", true},
	{"noise_instead_of_a_hello", noise_first, -EPROTO, "wrong length", true},
	{"one_byte_instead_of_a_hello", one_byte_first, -EPROTO, "wrong length", true},
	{"a_refusal_is_told_in_plain_text", refuse_first, -EACCES, "refused by the peer: go ?[2Jaway?", true},
	{"a_goodbye_instead_of_a_hello", goodbye_first, -ECONNABORTED, "aborted by the peer: ???", true},
	{"one_who_leaves_at_once", leaves_at_once, -ECONNRESET, "left without a word", true},
	{"one_who_says_nothing", says_nothing, -ETIMEDOUT, "no handshake within 1000 ms", true},
	{"a_second_hello", hello_twice, -EPROTO, "out of its turn", true},
};

LIES_RUN("hello", lies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hugetlb_is_refused, leaks_setup, leaks_teardown),
	};

	return run_lies() + cmocka_run_group_tests_name("hello alone", tests, NULL, NULL);
}
