/* tests/unit/schema/framing.c - framing, packed and canonical form: there and back, and what is cut short or lies. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <rill/schema.h>
#include <stdlib.h>

static uint64_t frame[64], words[64], back[64];
static unsigned char packed[1024];

static void frames_are_read_as_they_were_written(void **state)
{
	uint64_t a[3] = {1, 2, 3}, b[1] = {4};
	struct rill_segment in[2] = {{a, 3}, {b, 1}}, out[2];
	size_t need, len;

	(void)state;
	assert_int_equal(rill_frame_write(frame, sizeof(frame), in, 2), 48);
	assert_int_equal(rill_frame_write(frame, 47, in, 2), -ENOBUFS);
	assert_int_equal(rill_frame_table_size(in, 2), 16);
	assert_int_equal(rill_frame_table_size(in, 1), 8);
	for (len = 0; len < 8; len++) {
		assert_int_equal(rill_frame_length(frame, len, 0, &need), 0);
		assert_int_equal(need, 8);
	}
	assert_int_equal(rill_frame_length(frame, 15, 0, &need), 0);
	assert_int_equal(need, 16);
	assert_int_equal(rill_frame_length(frame, 16, 0, NULL), 48);
	assert_int_equal(rill_frame_length(frame, 16, 3, NULL), -EMSGSIZE);
	assert_int_equal(rill_frame_read(out, 2, frame, 47, 0), -EBADMSG);
	assert_int_equal(rill_frame_read(out, 1, frame, 48, 0), -ENOBUFS);
	assert_int_equal(rill_frame_read(out, 2, (char *)frame + 1, 48, 0), -EINVAL);
	assert_int_equal(rill_frame_read(out, 2, frame, 64, 0), 2);
	assert_int_equal(out[0].count, 3);
	assert_memory_equal(out[1].words, b, 8);
}

static void a_table_is_bounded_before_it_is_believed(void **state)
{
	uint32_t table[2] = {RILL_SEGMENTS_MAX, 1};
	struct rill_segment many[1] = {{frame, (size_t)UINT32_MAX + 1}};

	(void)state;
	assert_int_equal(rill_frame_length(table, sizeof(table), 0, NULL), -EMSGSIZE);
	table[0] = UINT32_MAX;
	assert_int_equal(rill_frame_length(table, sizeof(table), 0, NULL), -EMSGSIZE);
	table[0] = 0;
	table[1] = UINT32_MAX;
	assert_int_equal(rill_frame_length(table, sizeof(table), 0, NULL), -EMSGSIZE);
	assert_int_equal(rill_frame_length(table, sizeof(table), UINT32_MAX, NULL), 8 + (ssize_t)UINT32_MAX * 8);
	assert_int_equal(rill_frame_size(many, 1), 0);
	assert_int_equal(rill_frame_write(frame, sizeof(frame), many, 1), -EMSGSIZE);
	assert_int_equal(rill_frame_size(many, 0), 0);
}

static void known_bytes_pack_as_the_encoding_says(void **state)
{
	const unsigned char from[] = {8, 0, 0, 0, 3, 0, 2, 0, 0x19, 0, 0, 0, 0xaa, 1, 0, 0};
	const unsigned char to[] = {0x51, 8, 3, 2, 0x31, 0x19, 0xaa, 1};
	const unsigned char zeros[32] = {0}, run[] = {0, 3};

	(void)state;
	assert_int_equal(rill_pack(packed, sizeof(packed), from, 2), sizeof(to));
	assert_memory_equal(packed, to, sizeof(to));
	assert_int_equal(rill_pack(packed, sizeof(packed), zeros, 4), 2);
	assert_memory_equal(packed, run, 2);
	assert_int_equal(rill_pack(NULL, 0, NULL, 0), 0);
}

static void fill(unsigned seed)
{
	size_t i;

	for (i = 0; i < sizeof(words); i++) {
		seed = seed * 1103515245u + 12345;
		((unsigned char *)words)[i] = (seed >> 16 & 7) > (i / 64 % 8) ? 0 : (unsigned char)(seed >> 20);
	}
}

static void what_was_packed_unpacks(void **state)
{
	unsigned seed;

	(void)state;
	for (seed = 1; seed < 50; seed++) {
		ssize_t n, i;

		fill(seed);
		n = rill_pack(packed, sizeof(packed), words, 64);
		assert_true(n > 0 && (size_t)n <= rill_pack_bound(64));
		assert_int_equal(rill_unpacked_words(packed, (size_t)n, 0), 64);
		assert_int_equal(rill_unpacked_words(packed, (size_t)n, 63), -EMSGSIZE);
		assert_int_equal(rill_unpack(back, 63, packed, (size_t)n), -ENOBUFS);
		memset(back, 0xee, sizeof(back));
		assert_int_equal(rill_unpack(back, 64, packed, (size_t)n), 64);
		assert_memory_equal(back, words, sizeof(words));
		for (i = 0; i < n; i++) {
			unsigned char *cut = malloc((size_t)i + 1); /* exact, for ASan */
			ssize_t r;

			memcpy(cut, packed, (size_t)i);
			r = rill_unpack(back, 64, cut, (size_t)i);
			assert_true(r == -EBADMSG || (r >= 0 && r < 64));
			assert_int_equal(rill_pack(cut, (size_t)i, words, 64), -ENOBUFS);
			free(cut);
		}
	}
}

static ssize_t canonical_of(const uint64_t *from, size_t count, size_t room)
{
	struct rill_segment one = {from, count};
	struct rill_reader reader;

	assert_int_equal(rill_reader_init(&reader, &one, 1, NULL), 0);
	return rill_canonical_write(back, room, rill_reader_root(&reader));
}

static void canonical_drops_trailing_zeros_and_gaps(void **state)
{
	/* a struct of 2 words and 2 pointers behind a gap; its list of structs needs one of its two words */
	uint64_t from[] = {UINT64_C(0x0002000200000004),
	                   9,
	                   5,
	                   0,
	                   UINT64_C(0x0000002700000009),
	                   0,
	                   0,
	                   UINT64_C(0x0000000200000008),
	                   1,
	                   0,
	                   2,
	                   0};
	uint64_t to[] = {UINT64_C(0x0001000100000000), 5, UINT64_C(0x0000001700000001), UINT64_C(0x0000000100000008), 1, 2};
	uint64_t nothing[] = {UINT64_C(0x0001000100000000), 0, 0}, empty[] = {0xfffffffc};
	uint64_t bits[] = {UINT64_C(0x0000001900000001), 0xff}, three[] = {UINT64_C(0x0000001900000001), 7};
	uint64_t capability[] = {3};

	(void)state;
	assert_int_equal(canonical_of(from, 12, 64), 6);
	assert_memory_equal(back, to, sizeof(to));
	assert_int_equal(canonical_of(from, 12, 5), -ENOSPC);
	assert_int_equal(canonical_of(nothing, 3, 64), 1);
	assert_memory_equal(back, empty, sizeof(empty));
	assert_int_equal(canonical_of(bits, 2, 64), 2);
	assert_memory_equal(back, three, sizeof(three));
	assert_int_equal(canonical_of(capability, 1, 64), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_read_as_they_were_written),
		cmocka_unit_test(a_table_is_bounded_before_it_is_believed),
		cmocka_unit_test(known_bytes_pack_as_the_encoding_says),
		cmocka_unit_test(what_was_packed_unpacks),
		cmocka_unit_test(canonical_drops_trailing_zeros_and_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
