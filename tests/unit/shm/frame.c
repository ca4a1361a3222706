/* tests/unit/shm/frame.c - decoding: every combination of extension words gives what was written, and what a header leaves no
 * room for, or says against its kind, is a violation. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "shm/frame.h"

#include <errno.h>
#include <string.h>

#define TAG UINT64_C(0xFEDCBA9876543210)
#define LOANS_MAX 255

static wire_word words[1 + 2 + 3 * LOANS_MAX + 64];

static unsigned extension(unsigned flags, unsigned loans)
{
	return (flags & WIRE_HAS_TAG ? 1u : 0) + (flags & WIRE_HAS_FDS ? 1u : 0) + 3 * loans;
}

static uint32_t arena_of(unsigned i)
{
	return 0xFFFF - i;
}

static uint64_t offset_of(unsigned i)
{
	return (UINT64_C(1) << 48) - 1 - 64 * (uint64_t)i;
}

/* The frame with these extensions and `payload` bytes: its header. */
static uint64_t write_frame(enum wire_frame_kind kind, unsigned flags, unsigned loans, unsigned payload)
{
	uint64_t header = wire_header(kind, flags, loans, 8 * extension(flags, loans) + payload);
	wire_word *at = words;

	memset(words, 0xEE, sizeof(words));
	*at++ = header;
	if (flags & WIRE_HAS_TAG)
		*at++ = TAG;
	if (flags & WIRE_HAS_FDS)
		*at++ = UINT64_C(0x89ABCDEF) << 32 | 3;
	for (unsigned i = 0; i < loans; i++) {
		*at++ = (uint64_t)arena_of(i) << 48 | offset_of(i);
		*at++ = 1000 + i;
		*at++ = 2000 + i;
	}
	return header;
}

static int decode(struct frame *f, uint64_t header)
{
	return frame_decode(f, header, (peer_words)words);
}

static int decode_as(enum wire_frame_kind kind, unsigned flags, unsigned loans, unsigned payload)
{
	struct frame f;

	return decode(&f, write_frame(kind, flags, loans, payload));
}

static void assert_loans(const struct frame *f, unsigned loans)
{
	assert_int_equal(f->loan_count, loans);
	for (unsigned i = 0; i < loans; i++) {
		assert_int_equal(f->loan[i].arena, arena_of(i));
		assert_int_equal(f->loan[i].offset, offset_of(i));
		assert_int_equal(f->loan[i].len, 1000 + i);
		assert_int_equal(f->loan[i].id, 2000 + i);
	}
}

static void assert_decodes(enum wire_frame_kind kind, unsigned flags, unsigned loans, unsigned payload)
{
	struct frame f;
	bool fds = flags & WIRE_HAS_FDS;

	memset(&f, 0x77, sizeof(f));
	assert_int_equal(decode(&f, write_frame(kind, flags, loans, payload)), 0);
	assert_int_equal(f.kind, kind);
	assert_true(f.has_fds == fds);
	assert_true(f.tag == (flags & WIRE_HAS_TAG ? TAG : 0));
	assert_int_equal(f.fd_seq, fds ? 0x89ABCDEF : 0);
	assert_int_equal(f.fd_count, fds ? 3 : 0);
	assert_loans(&f, loans);
	assert_int_equal(f.len, payload);
	assert_ptr_equal(peer_payload(f.payload), &words[1 + extension(flags, loans)]);
}

#define ALL_FLAGS (WIRE_HAS_TAG | WIRE_HAS_FDS)

static void a_message_may_have_every_combination(void **state)
{
	static const unsigned payloads[] = {0, 1, 7, 8, 9, 200};

	(void)state;
	for (unsigned flags = 0; flags <= ALL_FLAGS; flags++)
		for (unsigned loans = 0; loans < WIRE_FRAME_LOANS; loans++)
			for (size_t i = 0; i < sizeof(payloads) / sizeof(*payloads); i++)
				assert_decodes(WIRE_MESSAGE, flags, loans, payloads[i]);
}

static void a_loan_may_have_every_combination_and_a_body_more(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags <= ALL_FLAGS; flags++)
		for (unsigned loans = 1; loans <= WIRE_FRAME_LOANS; loans++)
			assert_decodes(WIRE_LOAN, flags, loans, 0);
}

static void a_void_has_descriptors(void **state)
{
	(void)state;
	assert_decodes(WIRE_VOID, WIRE_HAS_FDS, 0, 0);
	assert_decodes(WIRE_VOID, ALL_FLAGS, 0, 0);
	assert_int_equal(decode_as(WIRE_VOID, 0, 0, 0), -EPROTO);
	assert_int_equal(decode_as(WIRE_VOID, 0, 0, 8), -EPROTO);
	assert_int_equal(decode_as(WIRE_VOID, WIRE_HAS_TAG, 0, 8), -EPROTO);
}

static void a_void_has_no_loans(void **state)
{
	(void)state;
	assert_int_equal(decode_as(WIRE_VOID, WIRE_HAS_FDS, 1, 0), -EPROTO);
}

static void a_message_has_16_loans_at_most(void **state)
{
	(void)state;
	for (unsigned loans = WIRE_FRAME_LOANS; loans <= LOANS_MAX; loans++)
		assert_int_equal(decode_as(WIRE_MESSAGE, 0, loans, 8), -EPROTO);
}

static void a_loan_has_17_at_most(void **state)
{
	(void)state;
	for (unsigned loans = WIRE_FRAME_LOANS + 1; loans <= LOANS_MAX; loans++)
		assert_int_equal(decode_as(WIRE_LOAN, ALL_FLAGS, loans, 0), -EPROTO);
}

static void a_loan_without_loans_is_a_violation(void **state)
{
	(void)state;
	assert_int_equal(decode_as(WIRE_LOAN, 0, 0, 0), -EPROTO);
	assert_int_equal(decode_as(WIRE_LOAN, ALL_FLAGS, 0, 0), -EPROTO);
}

static void a_loan_with_payload_is_a_violation(void **state)
{
	(void)state;
	assert_int_equal(decode_as(WIRE_LOAN, 0, 1, 1), -EPROTO);
	assert_int_equal(decode_as(WIRE_LOAN, WIRE_HAS_TAG, 2, 8), -EPROTO);
}

static void other_kinds_are_a_violation(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 256; kind++)
		if (kind != WIRE_MESSAGE && kind != WIRE_LOAN && kind != WIRE_VOID)
			assert_int_equal(decode_as((enum wire_frame_kind)kind, WIRE_HAS_FDS, 0, 0), -EPROTO);
}

/* Every byte less than the extension words need. */
static void extensions_longer_than_the_frame_are_a_violation(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags <= ALL_FLAGS; flags++) {
		for (unsigned loans = 0; loans < WIRE_FRAME_LOANS; loans++) {
			for (uint32_t len = 0; len < 8 * extension(flags, loans); len++) {
				struct frame f;

				write_frame(WIRE_MESSAGE, flags, loans, 0);
				assert_int_equal(decode(&f, wire_header(WIRE_MESSAGE, flags, loans, len)), -EPROTO);
				if (loans)
					assert_int_equal(decode(&f, wire_header(WIRE_LOAN, flags, loans, len)), -EPROTO);
			}
		}
	}
}

static void descriptors_are_1_to_253(void **state)
{
	static const struct {
		uint32_t count;
		int result;
	} counts[] = {{0, -EPROTO}, {1, 0}, {253, 0}, {254, -EPROTO}, {UINT32_MAX, -EPROTO}};

	(void)state;
	for (unsigned flags = WIRE_HAS_FDS; flags <= ALL_FLAGS; flags++) {
		for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
			uint64_t header = write_frame(WIRE_MESSAGE, flags, 1, 8);
			struct frame f;

			words[1 + !!(flags & WIRE_HAS_TAG)] = UINT64_C(7) << 32 | counts[i].count;
			assert_int_equal(decode(&f, header), counts[i].result);
			if (counts[i].result == 0)
				assert_int_equal(f.fd_count, counts[i].count);
		}
	}
}

/* The peer writes another header after ours was loaded: nothing of it is believed. */
static void the_header_in_memory_is_not_looked_at_again(void **state)
{
	uint64_t header = write_frame(WIRE_MESSAGE, ALL_FLAGS, 2, 8);
	struct frame f;

	(void)state;
	words[0] = wire_header(WIRE_LOAN, 0, WIRE_FRAME_LOANS, UINT32_MAX);
	assert_int_equal(decode(&f, header), 0);
	assert_int_equal(f.kind, WIRE_MESSAGE);
	assert_loans(&f, 2);
	assert_int_equal(f.len, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_may_have_every_combination),
		cmocka_unit_test(a_loan_may_have_every_combination_and_a_body_more),
		cmocka_unit_test(a_void_has_descriptors),
		cmocka_unit_test(a_void_has_no_loans),
		cmocka_unit_test(a_message_has_16_loans_at_most),
		cmocka_unit_test(a_loan_has_17_at_most),
		cmocka_unit_test(a_loan_without_loans_is_a_violation),
		cmocka_unit_test(a_loan_with_payload_is_a_violation),
		cmocka_unit_test(other_kinds_are_a_violation),
		cmocka_unit_test(extensions_longer_than_the_frame_are_a_violation),
		cmocka_unit_test(descriptors_are_1_to_253),
		cmocka_unit_test(the_header_in_memory_is_not_looked_at_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
