/* tests/fault/scribbler.c - a peer that writes over its whole region while we read it. Nothing that it writes may do more than
 * end its own session; the ASan and UBSan builds of this test are what it is for. */
#include "tests/fault/scene.h"

#include "tests/support/child.h"
#include "tests/support/rounds.h"

#define CHANNELS 4

/* Words that a reader might believe, and words that it must not. */
static uint64_t tempting(uint64_t *random)
{
	uint64_t n = rounds_random(random);

	switch (n % 8) {
	case 0:
		return 0;
	case 1: /* a header, more or less */
		return raw_header((unsigned)(n >> 8 & 7), (unsigned)(n >> 16 & 3), (unsigned)(n >> 24 & 3),
		                  (uint32_t)(n >> 32 & 127));
	case 2:
		return raw_header(RAW_MESSAGE, 0, 0, (uint32_t)(n >> 8 & 1023));
	case 3: /* an entry */
		return ((n >> 8 & 15) + 1) << 2 | (n >> 16 & 3);
	case 4: /* a position */
		return n >> 8 & 0xfff8;
	case 5: /* a loan of arena 0 */
		return n >> 8 & 0xffff;
	case 6:
		return UINT64_MAX;
	default:
		return n;
	}
}

/* Until it is killed. */
static int scribble(struct child *self, void *arg)
{
	const struct raw *r = arg;
	uint64_t random = rounds_seed(), words = r->head.size / 8;

	child_tell(self, 1);
	for (;;) {
		uint64_t n = rounds_random(&random);
		uint64_t at = n % words;

		/* Half of it where somebody looks. */
		if (n >> 60 & 1)
			at = (RAW_SARM + n % (r->head.channels_offset + 2048 - RAW_SARM)) / 8;
		else if (n >> 61 & 1)
			at = (r->head.rings_offset + n % 8192) / 8;
		__atomic_store_n((uint64_t *)(void *)r->mine + at, tempting(&random), __ATOMIC_RELEASE);
	}
	return 0;
}

/* It never faults. */
static void read_all(const struct rill_msg *msg)
{
	for (size_t k = 0; k < msg->len; k++)
		(void)((const volatile unsigned char *)msg->data)[k];
}

static void use(struct scene *sc, struct rill_channel *ch, uint64_t i)
{
	static char large[8192];
	struct rill_msg msg;
	size_t len;
	int e;

	if (i % 3 == 0)
		raw_bell(&sc->raw);
	scene_turn(sc);
	e = rill_channel_send(ch, &i, sizeof(i));
	if (i % 4 == 0)
		e |= rill_channel_send(ch, large, sizeof(large));
	if (sc->victim.channel) {
		e |= rill_channel_peek(sc->victim.channel, &len);
		while (rill_channel_recv(sc->victim.channel, &msg) == 0) {
			read_all(&msg);
			rill_msg_release(&msg);
		}
	}
	(void)e;
}

/* A session with everything open, a ring that is scribbled over: until it ends, or was looked at often enough. */
static void round_of(unsigned seed)
{
	struct scene *sc = scene_open();
	struct rill_channel *ch = scene_victim_opens(sc);
	struct child c;
	int fd = raw_arena(65536, NULL);

	for (uint32_t id = 1; id < 2 * CHANNELS; id += 2)
		raw_channel(&sc->raw, RAW_OPEN, id, 1);
	raw_announce(&sc->raw, 0, 65536, fd);
	close(fd);
	raw_fds(&sc->raw, 4, 0, 4);
	sc->victim.hold = seed % 2;
	scene_turn(sc);
	assert_int_equal(child_start(&c, scribble, &sc->raw), 0);
	assert_int_equal(child_hear(&c, 5000), 1);
	for (uint64_t i = 0; i < 300 && !sc->victim.closed; i++)
		use(sc, ch, i);
	child_kill(&c);
	if (sc->victim.closed)
		assert_int_equal(sc->victim.why, -EPROTO);
	for (unsigned i = 0; i < sc->victim.held_count; i++)
		read_all(&sc->victim.held[i]);
	scene_honest_goes_on(sc);
	scene_destroy(sc);
}

static void a_scribbling_peer_ends_its_own_session_at_most(void **state)
{
	unsigned rounds = rounds_of(5, 200, 1500);

	(void)state;
	rounds_seed();
	for (unsigned i = 0; i < rounds; i++)
		round_of(i);
}

/* The same without another process: each word of the region, one at a time, before each look. */
static void every_word_of_a_region_may_be_a_lie(void **state)
{
	static const uint64_t values[] = {
		1, 7, 8, UINT64_MAX, 1ull << 63, 0x00a5000000000008, 0xa500000100000008, 0xa501020100000010};
	unsigned step = rounds_of(37, 5, 2);

	(void)state;
	for (uint64_t at = RAW_SARM; at < 8192; at += 8 * (uint64_t)step) {
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			struct scene *sc = scene_open();
			struct rill_channel *ch = scene_victim_opens(sc);

			scene_liar_opens(sc);
			raw_message(&sc->raw, 1, 5);
			raw_store(&sc->raw, at, values[v]);
			for (uint64_t i = 0; i < 12 && !sc->victim.closed; i++)
				use(sc, ch, i * 3);
			if (sc->victim.closed)
				assert_int_equal(sc->victim.why, -EPROTO);
			scene_destroy(sc);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_scribbling_peer_ends_its_own_session_at_most, leaks_setup, leaks_teardown),
		cmocka_unit_test_setup_teardown(every_word_of_a_region_may_be_a_lie, leaks_setup, leaks_teardown),
	};

	return cmocka_run_group_tests_name("scribbler", tests, NULL, NULL);
}
