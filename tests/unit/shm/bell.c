/* tests/unit/shm/bell.c - the doorbell: an arm is answered once, entries come in order, and an honest pair of sides, however
 * slow the reader is, never has more entries out than there is room for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/rounds.h"

#include "shm/bell.h"

#include <string.h>

#define ENTRIES_MAX 2048

/* What lies in the two regions: one side pushes, the other takes. */
static struct {
	wire_word ready[ENTRIES_MAX], back[ENTRIES_MAX];
	wire_word sarm, back_sarm;
} mem;
static struct bell pusher, taker;

static void begin_with(uint64_t entries)
{
	memset(&mem, 0, sizeof(mem));
	mem.sarm = 1;
	pusher = (struct bell){
		.ready = mem.ready,
		.peer_ready = (peer_words)mem.back,
		.mask = entries - 1,
		.peer_mask = entries - 1,
		.sleep = {.word = &mem.back_sarm, .value = 1},
		.sleeper = {.word = (peer_words)&mem.sarm},
	};
	taker = (struct bell){
		.ready = mem.back,
		.peer_ready = (peer_words)mem.ready,
		.mask = entries - 1,
		.peer_mask = entries - 1,
		.sleep = {.word = &mem.sarm, .value = 1},
		.sleeper = {.word = (peer_words)&mem.back_sarm},
	};
}

static int begin(void **state)
{
	(void)state;
	begin_with(8);
	return 0;
}

static void assert_takes(enum wire_entry kind, uint64_t id)
{
	enum wire_entry k = WIRE_RETURNS;
	uint64_t i = UINT64_MAX;

	assert_true(bell_waits(&taker));
	assert_true(bell_take(&taker, &k, &i));
	assert_int_equal(k, kind);
	assert_int_equal(i, id);
}

/* ---- Arms ------------------------------------------------------------------------------------------------------ */

static void an_arm_is_bumped_once_for_each_answer(void **state)
{
	wire_word word = 0;
	struct arm a = {.word = &word, .may_bump = true};

	(void)state;
	for (unsigned n = 1; n < 5; n++) {
		for (int i = 0; i < 3; i++) {
			arm_bump(&a);
			assert_int_equal(word, n);
			assert_int_equal(a.value, n);
		}
		assert_true(arm_answered(&a));
	}
}

static void an_arm_that_is_armed_from_the_start_is_answered_first(void **state)
{
	wire_word word = 1;
	struct arm a = {.word = &word, .value = 1};

	(void)state;
	arm_bump(&a);
	assert_int_equal(word, 1);
	assert_true(arm_answered(&a));
	arm_bump(&a);
	assert_int_equal(word, 2);
}

static void an_answer_that_is_not_due_is_refused(void **state)
{
	wire_word word = 0;
	struct arm a = {.word = &word, .may_bump = true};

	(void)state;
	assert_false(arm_answered(&a));
	arm_bump(&a);
	assert_true(arm_answered(&a));
	assert_false(arm_answered(&a)); /* twice */
	assert_true(a.may_bump);
	assert_int_equal(word, 1);
}

static void each_value_of_a_rung_is_taken_once(void **state)
{
	wire_word word = 0;
	struct rung r = {.word = (peer_words)&word};

	(void)state;
	assert_false(rung_take(&r));
	for (uint64_t v = 1; v < 4; v++) {
		word = v;
		assert_true(rung_take(&r));
		assert_false(rung_take(&r));
	}
	word = 1; /* a peer that counts back hurts itself alone */
	assert_true(rung_take(&r));
	assert_false(rung_take(&r));
}

/* ---- Entries --------------------------------------------------------------------------------------------------- */

static void nothing_waits_at_the_start(void **state)
{
	enum wire_entry kind;
	uint64_t id;

	(void)state;
	assert_false(bell_waits(&taker));
	assert_false(bell_take(&taker, &kind, &id));
	assert_int_equal(taker.head, 0);
}

static void every_kind_and_id_arrives(void **state)
{
	static const uint64_t ids[] = {0, 1, 2, 511, UINT64_C(1) << 32, (UINT64_C(1) << 62) - 2};

	(void)state;
	for (unsigned kind = WIRE_DATA; kind <= WIRE_RETURNS; kind++) {
		for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
			bell_push(&pusher, (enum wire_entry)kind, ids[i]);
			assert_takes((enum wire_entry)kind, ids[i]);
			assert_false(bell_waits(&taker));
		}
	}
}

static void an_entry_is_never_zero(void **state)
{
	(void)state;
	assert_int_equal(wire_entry(WIRE_DATA, 0), 4);
	assert_int_equal(wire_entry(WIRE_SPACE, 0), 5);
	assert_int_equal(wire_entry(WIRE_FDS, 0), 6);
	assert_int_equal(wire_entry(WIRE_RETURNS, 0), 7);
	assert_int_equal(wire_entry(WIRE_DATA, 1), 8);
}

static void entries_come_in_order_over_many_laps(void **state)
{
	uint64_t pushed = 0, taken = 0, random = rounds_seed();

	(void)state;
	while (taken < 10000) {
		while (pushed - taken < 7 && rounds_random(&random) % 3) {
			bell_push(&pusher, (enum wire_entry)(pushed & 3), pushed);
			pushed++;
		}
		while (taken < pushed && rounds_random(&random) % 3) {
			assert_takes((enum wire_entry)(taken & 3), taken);
			taken++;
		}
		assert_true(bell_waits(&taker) == (taken != pushed));
	}
}

/* What an honest side never writes: the id is out of any range, for the caller to refuse. */
static void an_entry_below_the_first_has_an_impossible_id(void **state)
{
	(void)state;
	for (uint64_t word = 1; word < 4; word++) {
		mem.ready[(word - 1) & 7] = word;
		assert_takes((enum wire_entry)word, UINT64_MAX);
	}
}

static void the_word_behind_the_last_entry_is_empty_though_it_was_used(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		mem.ready[i] = wire_entry(WIRE_DATA, 77); /* of the lap before */
	for (uint64_t i = 0; i < 20; i++) {
		bell_push(&pusher, WIRE_SPACE, i);
		assert_takes(WIRE_SPACE, i);
		assert_false(bell_waits(&taker));
	}
}

/* ---- Ringing --------------------------------------------------------------------------------------------------- */

static void a_sleeper_is_rung_for_until_a_bell_went_out(void **state)
{
	(void)state;
	assert_int_equal(bell_due(&pusher), 1); /* asleep from the start */
	assert_int_equal(bell_push(&pusher, WIRE_DATA, 0), 1);
	assert_int_equal(bell_push(&pusher, WIRE_DATA, 1), 1); /* the bell did not go out: again */
	assert_int_equal(bell_due(&pusher), 1);
	bell_sent(&pusher, 1);
	assert_int_equal(bell_due(&pusher), 0);
	assert_int_equal(bell_push(&pusher, WIRE_DATA, 2), 0);
	assert_true(arm_answered(&taker.sleep));
	arm_bump(&taker.sleep);
	assert_int_equal(bell_due(&pusher), 2);
	assert_int_equal(bell_push(&pusher, WIRE_DATA, 3), 2);
}

static void a_bell_that_was_sent_for_an_older_sleep_does_not_count_for_a_new_one(void **state)
{
	uint64_t sarm = bell_push(&pusher, WIRE_DATA, 0);

	(void)state;
	mem.sarm = 2;
	bell_sent(&pusher, sarm);
	assert_int_equal(bell_due(&pusher), 2);
}

static void pushing_does_not_wait_for_the_reader_of_the_other_direction(void **state)
{
	(void)state;
	assert_int_equal(bell_push(&taker, WIRE_DATA, 5), 0); /* that side's peer is awake: its sarm is 0 and was not rung */
	assert_true(bell_waits(&pusher));
	assert_false(bell_waits(&taker));
}

/* ---- No overflow ----------------------------------------------------------------------------------------------- */

static uint64_t entries_for(uint64_t channels)
{
	uint64_t n = 8;

	while (n < 2 * channels + 4)
		n *= 2;
	return n;
}

/* Arms of a session with so many channels: DATA and SPACE of each, FDS and RETURNS. */
#define ARMS_MAX (2 * 600 + 2)
static struct {
	wire_word word[ARMS_MAX];
	struct arm arm[ARMS_MAX];
	struct rung rung[ARMS_MAX];
	unsigned order[ARMS_MAX]; /* that were pushed, not taken: oldest at `taken` */
	uint64_t pushed, taken;
	unsigned count;
} arms;

static void arms_begin(unsigned channels)
{
	memset(&arms, 0, sizeof(arms));
	arms.count = 2 * channels + 2;
	for (unsigned i = 0; i < arms.count; i++) {
		arms.arm[i] = (struct arm){.word = &arms.word[i], .may_bump = true};
		arms.rung[i] = (struct rung){.word = (peer_words)&arms.word[i]};
	}
	begin_with(entries_for(channels));
}

static void push_if_armed(unsigned i)
{
	if (!rung_take(&arms.rung[i]))
		return;
	bell_push(&pusher, (enum wire_entry)(i & 3), i / 4);
	arms.order[arms.pushed++ % arms.count] = i;
}

static void take_one(void)
{
	unsigned i = arms.order[arms.taken++ % arms.count];

	assert_takes((enum wire_entry)(i & 3), i / 4);
	assert_true(arm_answered(&arms.arm[i]));
}

/* Every arm armed at once, every one answered, nothing taken meanwhile: as many entries as can be out. */
static void all_that_can_be_out_at_once_fits(void **state)
{
	static const unsigned channels[] = {1, 2, 3, 5, 6, 7, 13, 14, 15, 30, 62, 126, 254, 510, 600};

	(void)state;
	for (size_t n = 0; n < sizeof(channels) / sizeof(*channels); n++) {
		arms_begin(channels[n]);
		for (int lap = 0; lap < 5; lap++) {
			for (unsigned i = 0; i < arms.count; i++)
				arm_bump(&arms.arm[i]);
			for (int flood = 0; flood < 3; flood++)
				for (unsigned i = 0; i < arms.count; i++)
					push_if_armed(i);
			assert_int_equal(arms.pushed - arms.taken, arms.count);
			while (arms.taken != arms.pushed)
				take_one();
			assert_false(bell_waits(&taker));
		}
	}
}

/* One pushes whenever it may, the other takes and arms again at any time. */
static void a_flood_of_honest_entries_is_never_lost(void **state)
{
	static const unsigned channels[] = {1, 2, 6, 14, 100};
	uint64_t random = rounds_seed();

	(void)state;
	for (size_t n = 0; n < sizeof(channels) / sizeof(*channels); n++) {
		arms_begin(channels[n]);
		for (unsigned i = rounds_of(5000, 100000, 1000000); i; i--) {
			unsigned which = (unsigned)(rounds_random(&random) % arms.count);
			unsigned much = i / 512 % 2; /* fills or drains */

			arm_bump(&arms.arm[which]);
			push_if_armed(which);
			if (arms.taken != arms.pushed && rounds_random(&random) % (much ? 2 : 16) == 0)
				take_one();
			assert_in_range(arms.pushed - arms.taken, 0, arms.count);
		}
		while (arms.taken != arms.pushed)
			take_one();
		assert_false(bell_waits(&taker));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_arm_is_bumped_once_for_each_answer),
		cmocka_unit_test(an_arm_that_is_armed_from_the_start_is_answered_first),
		cmocka_unit_test(an_answer_that_is_not_due_is_refused),
		cmocka_unit_test(each_value_of_a_rung_is_taken_once),
		cmocka_unit_test_setup(nothing_waits_at_the_start, begin),
		cmocka_unit_test_setup(every_kind_and_id_arrives, begin),
		cmocka_unit_test(an_entry_is_never_zero),
		cmocka_unit_test_setup(entries_come_in_order_over_many_laps, begin),
		cmocka_unit_test_setup(an_entry_below_the_first_has_an_impossible_id, begin),
		cmocka_unit_test_setup(the_word_behind_the_last_entry_is_empty_though_it_was_used, begin),
		cmocka_unit_test_setup(a_sleeper_is_rung_for_until_a_bell_went_out, begin),
		cmocka_unit_test_setup(a_bell_that_was_sent_for_an_older_sleep_does_not_count_for_a_new_one, begin),
		cmocka_unit_test_setup(pushing_does_not_wait_for_the_reader_of_the_other_direction, begin),
		cmocka_unit_test(all_that_can_be_out_at_once_fits),
		cmocka_unit_test(a_flood_of_honest_entries_is_never_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
