/* tests/unit/schema/tool.c - against the capnp tool, both ways: what it encodes we read, copy, pack and canonicalise; what
 * we write it decodes. Skipped where there is no capnp. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <rill/schema.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char schema[] =
	"@0xb5e3a1c2d4f60718;\n"
	"enum Color { red @0; green @1; blue @2; }\n"
	"struct Child { id @0 :UInt32; name @1 :Text; more @2 :List(Child); }\n"
	"struct All {\n"
	"  flag @0 :Bool; other @1 :Bool = true;\n"
	"  i8 @2 :Int8; i16 @3 :Int16; i32 @4 :Int32 = -42; i64 @5 :Int64;\n"
	"  u8 @6 :UInt8; u16 @7 :UInt16; u32 @8 :UInt32; u64 @9 :UInt64 = 1234567890123;\n"
	"  f32 @10 :Float32; f64 @11 :Float64 = 2.5; color @12 :Color = green;\n"
	"  text @13 :Text; data @14 :Data; child @15 :Child; children @16 :List(Child);\n"
	"  bits @17 :List(Bool); shorts @18 :List(Int16); longs @19 :List(UInt64); floats @20 :List(Float32);\n"
	"  texts @21 :List(Text); nested @22 :List(List(Int32)); voids @23 :List(Void); bytes @24 :List(UInt8);\n"
	"  any @25 :AnyPointer; fallback @26 :Text = \"none\";\n"
	"  union { left @27 :Int32; right @28 :Text; nothing @29 :Void; }\n"
	"  group :group { x @30 :Int16; y @31 :Text; }\n"
	"}\n"
	"struct Old { flag @0 :Bool; list @1 :List(UInt32); names @2 :List(Text); }\n"
	"struct One { id @0 :UInt32; extra @1 :Text; }\n"
	"struct Named { name @0 :Text; extra @1 :UInt32; }\n"
	"struct New { flag @0 :Bool; list @1 :List(One); names @2 :List(Named); more @3 :UInt64 = 5; last @4 :Text; }\n";

static const char *const messages[] = {
	"(flag = true, other = false, i8 = -8, i16 = -1600, i32 = 7, i64 = -9000000000, u8 = 200, u16 = 60000,"
	" u32 = 4000000000, u64 = 18446744073709551615, f32 = 1.5, f64 = -0.125, color = blue, text = \"hello\","
	" data = 0x\"00 ff 10\", child = (id = 3, name = \"kid\", more = [(id = 4), (name = \"deep\", more = [(id = 5)])]),"
	" children = [(id = 1, name = \"a\"), (), (id = 2, more = [()])], bits = [true, false, true, true, false, false, true,"
	" true, true, false], shorts = [1, -2, 3], longs = [1, 18446744073709551615], floats = [0.5, -1], texts = [\"x\", \"\","
	" \"yz\"], nested = [[1, 2], [], [3]], voids = [void, void], bytes = [1, 2, 3], fallback = \"some\","
	" right = \"union\", group = (x = -3, y = \"in\"))",
	"()",
	"(left = 5, fallback = \"\", children = [], texts = [\"\"], nested = [[]], voids = [], child = ())",
	"(nothing = void, children = [(id = 0), (id = 0)], bits = [false, false], data = 0x\"00\")",
};

#define MESSAGES (sizeof(messages) / sizeof(messages[0]))

static char folder[] = "/tmp/rill-schema-XXXXXX";
static uint64_t from_tool[1 << 16], ours[1 << 16], other[1 << 16];

/* Run a shell line in the folder; what it says into `to`. The number of bytes. */
__attribute__((format(printf, 3, 4))) static size_t run(void *to, size_t room, const char *format, ...)
{
	char line[8192], whole[8300];
	va_list args;
	size_t n;
	FILE *f;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	snprintf(whole, sizeof(whole), "cd %s && { %s; }", folder, line);
	f = popen(whole, "r");
	assert_non_null(f);
	n = fread(to, 1, room, f);
	assert_int_equal(pclose(f), 0);
	return n;
}

static void put(const char *name, const void *bytes, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	(void)state;
	if (system("command -v capnp >/dev/null 2>&1") != 0)
		return 0;
	if (!mkdtemp(folder))
		return -1;
	put("all.capnp", schema, sizeof(schema) - 1);
	return 0;
}

static int teardown(void **state)
{
	char line[64];

	(void)state;
	snprintf(line, sizeof(line), "rm -rf %s", folder);
	return strstr(folder, "XXXXXX") ? 0 : system(line);
}

static void need_tool(void)
{
	if (strstr(folder, "XXXXXX"))
		skip();
}

static struct rill_segment segments[RILL_SEGMENTS_MAX];
static struct rill_reader reader;

static struct rill_pointer root_of(const void *bytes, size_t len)
{
	ssize_t count = rill_frame_read(segments, RILL_SEGMENTS_MAX, bytes, len, 0);

	assert_true(count > 0);
	assert_int_equal(rill_reader_init(&reader, segments, (size_t)count, NULL), 0);
	return rill_reader_root(&reader);
}

/* The first message, field by field, in segments of many sizes. */
static void each_field_is_read(void **state)
{
	int size;

	(void)state;
	need_tool();
	put("in", messages[0], strlen(messages[0]));
	for (size = 1; size < 64; size += 5) {
		size_t len = run(from_tool, sizeof(from_tool), "capnp encode --segment-size=%d all.capnp All <in", size);
		struct rill_struct s = rill_pointer_struct(root_of(from_tool, len)), child;
		struct rill_list l;

		assert_true(rill_struct_bool(s, 0, false) && !rill_struct_bool(s, 1, true));
		assert_int_equal(rill_struct_i8(s, 1, 0), -8);
		assert_int_equal(rill_struct_i16(s, 2, 0), -1600);
		assert_int_equal(rill_struct_i32(s, 4, -42), 7);
		assert_true(rill_struct_i64(s, 8, 0) == -9000000000);
		assert_int_equal(rill_struct_u8(s, 16, 0), 200);
		assert_int_equal(rill_struct_u16(s, 18, 0), 60000);
		assert_true(rill_struct_u32(s, 20, 0) == 4000000000);
		assert_true(rill_struct_u64(s, 24, 1234567890123) == UINT64_MAX);
		assert_true(rill_struct_f32(s, 32, 0) == 1.5f && rill_struct_f64(s, 40, 2.5) == -0.125);
		assert_int_equal(rill_struct_u16(s, 36, 1), 2);
		assert_true(rill_text_equals(rill_struct_text(s, 0), "hello"));
		assert_int_equal(rill_struct_data(s, 1).len, 3);
		child = rill_struct_struct(s, 2);
		assert_true(rill_text_equals(rill_struct_text(child, 0), "kid"));
		child = rill_list_struct(rill_struct_list(child, 1, RILL_LIST_STRUCT), 1);
		assert_true(rill_text_equals(rill_struct_text(child, 0), "deep"));
		assert_int_equal(rill_list_count(rill_struct_list(s, 3, RILL_LIST_STRUCT)), 3);
		l = rill_struct_list(s, 4, RILL_LIST_BIT);
		assert_true(l.count == 10 && rill_list_bool(l, 8) && !rill_list_bool(l, 9));
		assert_int_equal(rill_list_i16(rill_struct_list(s, 5, RILL_LIST_2BYTES), 1), -2);
		assert_true(rill_list_u64(rill_struct_list(s, 6, RILL_LIST_8BYTES), 1) == UINT64_MAX);
		assert_true(rill_list_f32(rill_struct_list(s, 7, RILL_LIST_4BYTES), 1) == -1);
		assert_true(rill_text_equals(rill_list_text(rill_struct_list(s, 8, RILL_LIST_POINTER), 2), "yz"));
		l = rill_list_list(rill_struct_list(s, 9, RILL_LIST_POINTER), 2, RILL_LIST_4BYTES);
		assert_int_equal(rill_list_i32(l, 0), 3);
		assert_int_equal(rill_struct_list(s, 10, RILL_LIST_VOID).count, 2);
		assert_int_equal(rill_list_u8(rill_struct_list(s, 11, RILL_LIST_BYTE), 2), 3);
		assert_false(rill_struct_has(s, 12));
		assert_true(rill_text_equals(rill_struct_text(s, 13), "some"));
		assert_int_equal(rill_struct_u16(s, 38, 0), 1);
		assert_true(rill_text_equals(rill_struct_text(s, 14), "union"));
		assert_int_equal(rill_struct_i16(s, 52, 0), -3);
		assert_int_equal(rill_reader_error(&reader), 0);
	}
}

static void *exact(void *user, size_t least, size_t *words)
{
	size_t more = *(size_t *)user;

	*words = least > more ? least : more;
	return malloc(*words * RILL_WORD);
}

static void give(void *user, void *segment)
{
	(void)user;
	free(segment);
}

/* Deep copies of what the tool wrote, in our segments, decode to the same text. */
static void the_tool_decodes_our_copies(void **state)
{
	static char want[1 << 16], got[1 << 16];
	size_t i, room;

	(void)state;
	need_tool();
	for (i = 0; i < MESSAGES; i++) {
		size_t len, n;

		put("in", messages[i], strlen(messages[i]));
		len = run(from_tool, sizeof(from_tool), "capnp encode --segment-size=%d all.capnp All <in", (int)i * 7 + 1);
		n = run(want, sizeof(want), "capnp encode all.capnp All <in | capnp decode all.capnp All");
		for (room = 1; room < 100; room = room * 2 + 1) {
			struct rill_builder_options options = {.size = sizeof(options),
			                                       .take = exact,
			                                       .give = give,
			                                       .user = &room};
			const struct rill_segment *from;
			struct rill_builder b;
			ssize_t bytes, packed;
			size_t count;

			assert_int_equal(rill_builder_init(&b, &options), 0);
			assert_int_equal(rill_slot_copy(rill_builder_root(&b), root_of(from_tool, len)), 0);
			from = rill_builder_segments(&b, &count);
			bytes = rill_frame_write(ours, sizeof(ours), from, count);
			assert_true(bytes > 0);
			rill_builder_finish(&b);
			put("ours", ours, (size_t)bytes);
			assert_int_equal(run(got, sizeof(got), "capnp decode all.capnp All <ours"), n);
			assert_memory_equal(got, want, n);
			packed = rill_pack(other, sizeof(other), ours, (size_t)bytes / RILL_WORD);
			assert_true(packed > 0);
			put("packed", other, (size_t)packed);
			assert_int_equal(run(got, sizeof(got), "capnp decode --packed all.capnp All <packed"), n);
			assert_memory_equal(got, want, n);
		}
	}
}

static void packed_and_canonical_are_the_same_bytes(void **state)
{
	size_t i;

	(void)state;
	need_tool();
	for (i = 0; i < MESSAGES; i++) {
		size_t len, n;
		ssize_t m;

		put("in", messages[i], strlen(messages[i]));
		len = run(from_tool, sizeof(from_tool), "capnp encode --segment-size=4 all.capnp All <in | tee bin");
		n = run(ours, sizeof(ours), "capnp encode --packed --segment-size=4 all.capnp All <in");
		m = rill_pack(other, sizeof(other), from_tool, len / RILL_WORD);
		assert_int_equal(m, n);
		assert_memory_equal(other, ours, n);
		m = rill_unpack(other, sizeof(other) / RILL_WORD, ours, n);
		assert_int_equal(m, len / RILL_WORD);
		assert_memory_equal(other, from_tool, len);

		n = run(ours, sizeof(ours), "capnp convert binary:canonical all.capnp All <bin");
		m = rill_canonical_write(other, sizeof(other) / RILL_WORD, root_of(from_tool, len));
		assert_int_equal(m, n / RILL_WORD);
		assert_memory_equal(other, ours, n);
	}
}

/* Old readers with new messages, and the reverse; lists of plain values and of pointers that became lists of structs. */
static void schemas_change_both_ways(void **state)
{
	static const char new_one[] =
		"(flag = true, list = [(id = 7, extra = \"x\"), (id = 8)], names = [(name = \"n\", extra = 3)],"
		" more = 9, last = \"z\")";
	static const char old_one[] = "(flag = true, list = [1, 2], names = [\"o\", \"p\"])";
	struct rill_struct s, e;
	struct rill_list l;
	size_t len;

	(void)state;
	need_tool();
	put("in", new_one, strlen(new_one));
	len = run(from_tool, sizeof(from_tool), "capnp encode --segment-size=3 all.capnp New <in");
	s = rill_pointer_struct(root_of(from_tool, len));
	l = rill_struct_list(s, 0, RILL_LIST_4BYTES);
	assert_true(l.count == 2 && rill_list_u32(l, 0) == 7 && rill_list_u32(l, 1) == 8);
	assert_true(rill_text_equals(rill_list_text(rill_struct_list(s, 1, RILL_LIST_POINTER), 0), "n"));
	assert_int_equal(rill_reader_error(&reader), 0);

	put("in", old_one, strlen(old_one));
	len = run(from_tool, sizeof(from_tool), "capnp encode --segment-size=3 all.capnp Old <in");
	s = rill_pointer_struct(root_of(from_tool, len));
	e = rill_list_struct(rill_struct_list(s, 0, RILL_LIST_STRUCT), 1);
	assert_int_equal(rill_struct_u32(e, 0, 0), 2);
	assert_int_equal(rill_struct_text(e, 0).len, 0);
	e = rill_list_struct(rill_struct_list(s, 1, RILL_LIST_STRUCT), 1);
	assert_true(rill_text_equals(rill_struct_text(e, 0), "p"));
	assert_int_equal(rill_struct_u32(e, 0, 6), 6);
	assert_true(rill_struct_u64(s, 8, 5) == 5);
	assert_int_equal(rill_struct_text(s, 2).len, 0);
	assert_int_equal(rill_reader_error(&reader), 0);
}

/* Built by us from nothing, with an object moved out of a full segment so that a double-far occurs. */
static void the_tool_follows_our_double_far(void **state)
{
	char text[4096] = "";
	struct rill_builder_options options = {.size = sizeof(options), .take = exact, .give = give};
	struct rill_struct_builder all, child;
	const struct rill_segment *from;
	struct rill_builder b;
	size_t room = 1, count;
	ssize_t bytes;

	(void)state;
	need_tool();
	options.user = &room;
	assert_int_equal(rill_builder_init(&b, &options), 0);
	all = rill_slot_init_struct(rill_builder_root(&b), 7, 16);
	room = 64;
	child = rill_slot_init_struct(rill_struct_slot(all, 2), 1, 2);
	rill_struct_set_u32(child, 0, 12, 0);
	rill_slot_set_text(rill_struct_slot(child, 0), "moved", 5);             /* beside its pointer: without a pad */
	memset(rill_slot_init_data(rill_struct_slot(all, 1), 1000), 'x', 1000); /* in a segment behind it */
	assert_int_equal(rill_slot_move(rill_struct_slot(all, 0), rill_struct_slot(child, 0)), 0);
	assert_int_equal(rill_builder_error(&b), 0);
	from = rill_builder_segments(&b, &count);
	/* the text's pointer, in the first segment behind the root and the data */
	assert_int_equal(((const uint64_t *)from[all.segment].words)[all.at] & 7, 6);
	bytes = rill_frame_write(ours, sizeof(ours), from, count);
	rill_builder_finish(&b);
	put("ours", ours, (size_t)bytes);
	run(text, sizeof(text) - 1,
	    "capnp decode --short all.capnp All <ours | grep -o 'text = \"moved\".*child = (id = 12.*'");
	assert_non_null(strstr(text, "text = \"moved\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_is_read),
		cmocka_unit_test(the_tool_decodes_our_copies),
		cmocka_unit_test(packed_and_canonical_are_the_same_bytes),
		cmocka_unit_test(schemas_change_both_ways),
		cmocka_unit_test(the_tool_follows_our_double_far),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
