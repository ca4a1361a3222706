/* tests/unit/schema/requests.c - what capnpc-rill is asked for, in this process: every allocation refused in turn, and
 * requests as no compiler sends them. What is written is right or nothing, and what is wrong is said. Skipped where there is
 * no capnp. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/compiler/generate.h"
#include "tests/support/allocs.h"
#include "tests/support/rounds.h"
#include "tests/support/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char schema[] =
	"@0xf0c2c4f7ddc6a5d1;\n# Of all kinds.  \n"
	"using Rill = import \"/rill/rill.capnp\";\nusing Other = import \"other.capnp\";\n"
	"annotation mark @0xf0c2c4f7ddc6a5d2 (struct) :Text;\n"
	"const answer :Int32 = -42;\nconst far :Float64 = -inf;\nconst near :Float32 = 0.1;\nconst yes :Color = green;\n"
	"const words :Text = \"words\";\nconst raw :Data = 0x\"00 01\";\nconst many :List(Int16) = [1, 2];\n"
	"const one :Inner = (id = 3);\nconst some :List(Inner) = [(id = 1), ()];\nconst nothing :Void = void;\n"
	"enum Color { red @0; green @1 $Rill.name(\"grass\"); }\n"
	"struct Inner { id @0 :Int32; }\n"
	"struct S $mark(\"it\") {\n  # A struct.\n"
	"  a @0 :Bool; b @1 :Int8 = 3; c @2 :UInt64; f @3 :Float32 = 1.5; t @4 :Text = \"t\"; d @5 :Data; e @6 :Color;\n"
	"  inner @7 :Inner = (id = 5); inners @8 :List(Inner); list @9 :List(UInt32); texts @10 :List(Text);\n"
	"  datas @11 :List(Data); nested @12 :List(List(Int8)); colors @13 :List(Color); any @14 :AnyPointer; v @15 :Void;\n"
	"  cap @16 :I; other @17 :Other.Elsewhere; voids @18 :List(Void); things @19 :List(I);\n"
	"  union { left @20 :Int16; right :group { x @21 :Bool; y @22 :Text; deeper :group { z @23 :Int32; u @24 :Inner; } } "
	"}\n"
	"  struct Below { q @0 :Int8; }\n"
	"}\n"
	"struct AList $Rill.name(\"row\") { y @0 :Int8; }\nstruct A { z @0 :Int8; list :group { w @1 :Int8; } }\n"
	"struct L1 { l @0 :List(A); x @1 :Int8; fooBar1 @2 :Int8; fooBAR1 @3 :Int8; }\n"
	"struct Int { i @0 :Int8; }\nconst eof :Int8 = 1;\nstruct RillThing { stdin @0 :Int8; }\n"
	"interface I { say @0 (text :Text) -> (len :UInt32); hush @1 Inner -> Inner; }\n";
static const char other[] = "@0xf0c2c4f7ddc6a5d3;\nstruct Elsewhere { n @0 :Int64; }\n";

static char folder[] = "/tmp/rill-request-XXXXXX";
static uint64_t words[1 << 16];
static size_t word_count; /* 0: no capnp */

/* ---- One run ---------------------------------------------------------------------------------------------------- */

static char written[1 << 22];
static size_t written_len;
static char error[512];

static int note(void *user, const char *path, const char *text, size_t len)
{
	int n = snprintf(written + written_len, sizeof(written) - written_len, "== %s\n", path);

	if (user && --*(int *)user < 0)
		return *(int *)user;
	written_len += (size_t)n;
	assert_true(written_len + len < sizeof(written));
	memcpy(written + written_len, text, len);
	written_len += len;
	return 0;
}

static int run(struct code_generator_request request, int *writes)
{
	written_len = 0;
	error[0] = 0;
	return generate(request, note, writes, error, sizeof(error));
}

static struct rill_segment segments[RILL_SEGMENTS_MAX];

static struct code_generator_request request(struct rill_reader *reader, uint64_t most)
{
	const struct rill_reader_options options = {.size = sizeof(options), .words = most};
	ssize_t count = rill_frame_read(segments, RILL_SEGMENTS_MAX, words, word_count * RILL_WORD, 0);

	assert_true(count > 0);
	assert_int_equal(rill_reader_init(reader, segments, (size_t)count, &options), 0);
	return code_generator_request_of(rill_reader_root(reader));
}

static void need_tool(void)
{
	if (!word_count)
		skip();
}

/* ---- Memory ----------------------------------------------------------------------------------------------------- */

static void a_refused_allocation_is_said_and_nothing_false_is_written(void **state)
{
	static char right[sizeof(written)];
	struct rill_reader reader;
	size_t right_len;
	uint64_t n, blocks = allocs_made() - allocs_freed(), refused;

	(void)state;
	need_tool();
	assert_int_equal(run(request(&reader, 1 << 22), NULL), 0);
	right_len = written_len;
	memcpy(right, written, right_len);
	for (n = 1;; n += rounds_of(29, 3, 1)) {
		int r;

		refused = allocs_refused();
		allocs_refuse(n);
		r = run(request(&reader, 1 << 22), NULL);
		allocs_refuse(0);
		assert_int_equal(allocs_made() - allocs_freed(), blocks);
		if (r < 0)
			assert_string_equal(error, "no memory");
		else if (written_len != right_len || memcmp(written, right, right_len) != 0)
			fail_msg("another text without allocation %u", (unsigned)n);
		if (allocs_refused() == refused)
			break;
	}
	assert_true(n > 1000);
}

/* ---- Requests that nobody sends --------------------------------------------------------------------------------- */

static struct rill_builder builder;
static struct rill_reader before;

static struct node_builder node_at(struct code_generator_request_builder r, size_t i)
{
	return node_list_edit_at(code_generator_request_edit_nodes(r), i);
}

/* The node with this name (what is behind the file's), to be changed. */
static struct node_builder node_named(struct code_generator_request_builder r, const char *name)
{
	struct node_list list = code_generator_request_get_nodes(request(&before, 1 << 22));
	size_t i = 0;

	for (;; i++) {
		struct rill_text is = node_get_display_name(node_list_at(list, i));
		size_t len = strlen(name);

		assert_true(i < node_list_count(list));
		if (is.len >= len && memcmp(is.at + is.len - len, name, len) == 0)
			return node_at(r, i);
	}
}

static struct field_builder field_of_s(struct code_generator_request_builder r, size_t i)
{
	return field_list_edit_at(node_struct_edit_fields(node_edit_struct(node_named(r, "r.capnp:S"))), i);
}

static struct type_builder type_of_s(struct code_generator_request_builder r, size_t i)
{
	return field_slot_edit_type(field_edit_slot(field_of_s(r, i)));
}

static struct code_generator_request_requested_file_builder asked(struct code_generator_request_builder r)
{
	return code_generator_request_requested_file_list_edit_at(code_generator_request_edit_requested_files(r), 0);
}

typedef void (*change)(struct code_generator_request_builder r, const char *with);

static void refused(const char *what, change how, const char *with)
{
	struct rill_reader from, reader;
	int r;

	assert_int_equal(rill_builder_init(&builder, NULL), 0);
	request(&from, 1 << 22);
	assert_int_equal(rill_slot_copy(rill_builder_root(&builder), rill_reader_root(&from)), 0);
	how(code_generator_request_edit_root(&builder), with);
	assert_int_equal(rill_builder_error(&builder), 0);
	assert_int_equal(rill_builder_reader(&builder, &reader, NULL), 0);
	reader.words = 1 << 22;
	r = run(code_generator_request_of(rill_reader_root(&reader)), NULL);
	if (r != -1 || !strstr(error, what))
		fail_msg("%s: %d, \"%s\"", what, r, error);
	rill_builder_finish(&builder);
}

static void file_name(struct code_generator_request_builder r, const char *with)
{
	code_generator_request_requested_file_set_filename(asked(r), with);
}

static void files_outside_of_the_output_are_refused(void **state)
{
	static const char *const names[] = {"/etc/x.capnp", "../x.capnp", "a/../../x.capnp", "../x"};
	static const char *const no_names[] = {"a\"b.capnp", "a\\b.capnp", "a>b.capnp",
	                                       "a\nb.capnp", "a*b.capnp",  "a?\?b.capnp"};

	(void)state;
	need_tool();
	for (size_t i = 0; i < 4; i++)
		refused("is not below where the output goes", file_name, names[i]);
	for (size_t i = 0; i < 6; i++)
		refused("a path has ", file_name, no_names[i]);
}

static void file_id(struct code_generator_request_builder r, const char *with)
{
	uint64_t id = with ? node_get_id(node_built(node_named(r, with), &before)) : 1;

	code_generator_request_requested_file_set_id(asked(r), id);
}

static void same_id(struct code_generator_request_builder r, const char *with)
{
	node_set_id(node_at(r, 0), node_get_id(node_built(node_at(r, 1), &before)));
	(void)with;
}

static struct node_nested_node_builder nested(struct code_generator_request_builder r, size_t i)
{
	return node_nested_node_list_edit_at(node_edit_nested_nodes(node_named(r, "r.capnp")), i);
}

static void declare_again(struct code_generator_request_builder r, const char *with)
{
	node_nested_node_set_id(nested(r, 0), node_get_id(node_built(node_named(r, with), &before)));
}

static void nodes_that_contradict_each_other_are_refused(void **state)
{
	(void)state;
	need_tool();
	refused("a file that is asked for is not in the request", file_id, NULL);
	refused("a file that is asked for is not in the request", file_id, "r.capnp:S");
	refused("two nodes have the id", same_id, NULL);
	refused("is declared twice", declare_again, "r.capnp:S");
	refused("is declared twice", declare_again, "r.capnp");
}

static void nested_name(struct code_generator_request_builder r, const char *with)
{
	node_nested_node_set_name(nested(r, 3), with);
}

static void field_name(struct code_generator_request_builder r, const char *with)
{
	field_set_name(field_of_s(r, 0), with);
}

static void enumerant_name(struct code_generator_request_builder r, const char *with)
{
	enumerant_set_name(enumerant_list_edit_at(node_enum_edit_enumerants(node_edit_enum(node_named(r, "r.capnp:Color"))), 0),
	                   with);
}

static void method_name(struct code_generator_request_builder r, const char *with)
{
	method_set_name(method_list_edit_at(node_interface_edit_methods(node_edit_interface(node_named(r, "r.capnp:I"))), 0),
	                with);
}

static void group_name(struct code_generator_request_builder r, const char *with)
{
	size_t i = node_struct_edit_fields(node_edit_struct(node_named(r, "r.capnp:S"))).l.count;

	for (i--; field_which(field_built(field_of_s(r, i), &before)) != FIELD_WHICH_GROUP; i--)
		;
	field_set_name(field_of_s(r, i), with);
}

/* Names get into C as they are: nothing that is none may. */
static void what_is_no_name_never_gets_into_c(void **state)
{
	static const change of[] = {nested_name, field_name, enumerant_name, method_name, group_name};
	static const char *const names[] = {"", "a b", "1a", "_a", "a__b", "a;", "a{", "a[", "a`", "a/", "\xc3\xa4"};
	char large[600] = "";

	(void)state;
	need_tool();
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			refused("not a name: ", of[i], names[k]);
	memset(large, 'a', sizeof(large) - 1);
	refused("not a name: ", nested_name, large);
	large[512] = 0; /* with what it is in it is too long */
	refused("no name for ", group_name, large);
}

static void annotation_of_color(struct code_generator_request_builder r, const char *with)
{
	struct enumerant_builder green =
		enumerant_list_edit_at(node_enum_edit_enumerants(node_edit_enum(node_named(r, "r.capnp:Color"))), 1);

	value_set_text(annotation_edit_value(annotation_list_edit_at(enumerant_edit_annotations(green), 0)), with);
}

static void prefix(struct code_generator_request_builder r, const char *with)
{
	struct annotation_builder a = annotation_list_edit_at(node_init_annotations(node_named(r, "r.capnp"), 1), 0);

	annotation_set_id(a, UINT64_C(0x8f9239f6bb2fb86a));
	value_set_text(annotation_init_value(a), with);
}

static void names_of_annotations_are_looked_at_too(void **state)
{
	char large[200] = "";

	(void)state;
	need_tool();
	memset(large, '-', sizeof(large) - 1);
	refused("$Rill.name is not a name: \"a-b\"", annotation_of_color, "a-b");
	refused("$Rill.name is not a name: \"-----", annotation_of_color, large);
	refused("$Rill.prefix is not a name: \"a-b\"", prefix, "a-b");
	refused("$Rill.prefix is not a name: \"-----", prefix, large);
}

static void type_id(struct code_generator_request_builder r, const char *with)
{
	size_t i = (size_t)atoi(with);
	struct type_builder t = type_of_s(r, i);
	enum type_which which = type_which(type_built(t, &before));

	if (which == TYPE_WHICH_LIST) {
		t = type_list2_edit_element_type(type_edit_list(t));
		which = type_which(type_built(t, &before));
	}
	if (which == TYPE_WHICH_ENUM)
		type_enum_set_type_id(type_edit_enum(t), 1);
	else
		type_struct_set_type_id(type_edit_struct(t), node_get_id(node_built(node_named(r, "r.capnp:Color"), &before)));
}

static void unknown_type(struct code_generator_request_builder r, const char *with)
{
	struct type_builder t = type_of_s(r, (size_t)atoi(with));

	if (type_which(type_built(t, &before)) == TYPE_WHICH_LIST)
		t = type_list2_edit_element_type(type_edit_list(t));
	rill_struct_set_u16(t.s, 0, 77, 0);
}

static void unknown_kind(struct code_generator_request_builder r, const char *with)
{
	rill_struct_set_u16(field_of_s(r, (size_t)atoi(with)).s, 8, 7, 0);
}

static void types_that_are_not_there_are_refused(void **state)
{
	(void)state;
	need_tool();
	refused("there is no type @0x", type_id, "6");  /* e */
	refused("there is no type @0x", type_id, "7");  /* inner */
	refused("there is no type @0x", type_id, "8");  /* inners */
	refused("there is no type @0x", type_id, "13"); /* colors */
	refused("a type that is not known: 77", unknown_type, "0");
	refused("a list of a type that is not known: 77", unknown_type, "9");
	refused("of a kind that is not known", unknown_kind, "0");
}

static void field_offset(struct code_generator_request_builder r, const char *with)
{
	field_slot_set_offset(field_edit_slot(field_of_s(r, (size_t)atoi(with))), 1 << 20);
}

static void offset_in_group(struct code_generator_request_builder r, const char *with)
{
	struct field_builder f = field_list_edit_at(node_struct_edit_fields(node_edit_struct(node_named(r, "r.capnp:S.right"))),
	                                            (size_t)atoi(with));

	field_slot_set_offset(field_edit_slot(f), 1 << 20);
}

static void type_in_group(struct code_generator_request_builder r, const char *with)
{
	struct field_builder f =
		field_list_edit_at(node_struct_edit_fields(node_edit_struct(node_named(r, "r.capnp:S.right"))), 0);

	rill_struct_set_u16(field_slot_edit_type(field_edit_slot(f)).s, 0, 77, 0);
	(void)with;
}

static void union_offset(struct code_generator_request_builder r, const char *with)
{
	node_struct_set_discriminant_offset(node_edit_struct(node_named(r, "r.capnp:S")), 1 << 20);
	(void)with;
}

static void places_outside_of_a_struct_are_refused(void **state)
{
	(void)state;
	need_tool();
	refused("a field of S is outside of it", field_offset, "2");
	refused("a field of S is outside of it", field_offset, "4");
	refused("is outside of it", offset_in_group, "0");
	refused("is outside of it", offset_in_group, "1");
	refused("a type that is not known: 77", type_in_group, NULL);
	refused("the union of S is outside of it", union_offset, NULL);
}

/* The group of S is `with`: another struct, another node, nothing, itself. */
static void group_is(struct code_generator_request_builder r, const char *with)
{
	size_t i = node_struct_edit_fields(node_edit_struct(node_named(r, "r.capnp:S"))).l.count;
	uint64_t id = with ? node_get_id(node_built(node_named(r, with), &before)) : 1;

	for (i--; field_which(field_built(field_of_s(r, i), &before)) != FIELD_WHICH_GROUP; i--)
		;
	field_group_set_type_id(field_edit_group(field_of_s(r, i)), id);
}

static void group_in_itself(struct code_generator_request_builder r, const char *with)
{
	struct field_list_builder fields = node_struct_edit_fields(node_edit_struct(node_named(r, "r.capnp:S.right")));
	struct field_builder last = field_list_edit_at(fields, fields.l.count - 1);

	field_group_set_type_id(field_edit_group(last), node_get_id(node_built(node_named(r, with), &before)));
}

static void groups_are_groups_and_of_one_struct(void **state)
{
	(void)state;
	need_tool();
	refused("a group of S is none", group_is, NULL);
	refused("a group of S is none", group_is, "r.capnp:Color");
	refused("a group of S is none", group_is, "r.capnp:Inner");
	refused("is none", group_in_itself, "r.capnp:S.right");
}

static void broken_value(struct code_generator_request_builder r, const char *with)
{
	struct value_builder v = node_const_edit_value(node_edit_const(node_named(r, with)));
	struct rill_segment *first = builder.segments;
	size_t at = v.s.at;

	/* its pointer leads far outside */
	((uint64_t *)(uintptr_t)first[v.s.segment].words)[at] = UINT64_C(0x00010000fffffffc);
}

static void constant_type(struct code_generator_request_builder r, const char *with)
{
	rill_struct_set_u16(node_const_edit_type(node_edit_const(node_named(r, with))).s, 0, 77, 0);
}

static void constants_that_are_broken_are_refused(void **state)
{
	(void)state;
	need_tool();
	refused("the value of one_segment is broken", broken_value, "r.capnp:one");
	refused("the value of words_segment is broken", broken_value, "r.capnp:words");
	refused("a type that is not known: 77", constant_type, "r.capnp:answer");
}

/* ---- Requests that somebody might send ------------------------------------------------------------------------- */

static void made(const char *text, change how, const char *with)
{
	struct rill_reader from, reader;

	assert_int_equal(rill_builder_init(&builder, NULL), 0);
	request(&from, 1 << 22);
	assert_int_equal(rill_slot_copy(rill_builder_root(&builder), rill_reader_root(&from)), 0);
	how(code_generator_request_edit_root(&builder), with);
	assert_int_equal(rill_builder_reader(&builder, &reader, NULL), 0);
	reader.words = 1 << 22;
	assert_int_equal(run(code_generator_request_of(rill_reader_root(&reader)), NULL), 0);
	written[written_len] = 0;
	if (!strstr(written, text))
		fail_msg("there is no %s", text);
	rill_builder_finish(&builder);
}

/* What the file uses is not among what it imports: it is found by where both are. */
static void no_imports(struct code_generator_request_builder r, const char *with)
{
	char other_file[64];

	code_generator_request_requested_file_init_imports(asked(r), 0);
	snprintf(other_file, sizeof(other_file), "%sother.capnp", with);
	node_set_display_name(node_named(r, "other.capnp"), other_file);
	node_set_display_name(node_named(r, "r.capnp"), *with ? "a/b/r.capnp" : "r.capnp");
}

static void an_include_leads_to_where_the_other_file_is(void **state)
{
	(void)state;
	need_tool();
	made("#include \"other.rill.h\"", no_imports, "");
	made("#include \"../c/other.rill.h\"", no_imports, "a/c/");
	made("#include \"../../x/other.rill.h\"", no_imports, "x/");
	made("#include \"c/other.rill.h\"", no_imports, "a/b/c/");
}

static void comment(struct code_generator_request_builder r, const char *with)
{
	struct node_source_info_list_builder list = code_generator_request_edit_source_info(r);

	for (size_t i = 0; i < list.l.count; i++)
		node_source_info_set_doc_comment(node_source_info_list_edit_at(list, i), with);
}

static void import_without_a_name(struct code_generator_request_builder r, const char *with)
{
	struct code_generator_request_requested_file_import_list_builder l =
		code_generator_request_requested_file_edit_imports(asked(r));

	for (size_t i = 0; i < l.l.count; i++)
		code_generator_request_requested_file_import_set_name(
			code_generator_request_requested_file_import_list_edit_at(l, i), with);
}

static void an_import_of_no_name_counts_as_none(void **state)
{
	(void)state;
	need_tool();
	made("#include \"other.rill.h\"", import_without_a_name, "");
	made("#include <x/y.rill.h>", import_without_a_name, "/x/y.capnp");
	refused("a path has ", import_without_a_name, "a\"b.capnp");
}

/* The compiler may leave out what is declared but not used. */
static void nested_that_is_not_there(struct code_generator_request_builder r, const char *with)
{
	node_nested_node_set_id(nested(r, (size_t)atoi(with)), 12345 + (uint64_t)atoi(with));
}

static void enum_of_nothing(struct code_generator_request_builder r, const char *with)
{
	node_enum_init_enumerants(node_edit_enum(node_named(r, "r.capnp:Color")), 0);
	(void)with;
}

static void node_of_no_kind(struct code_generator_request_builder r, const char *with)
{
	rill_struct_set_u16(node_named(r, with).s, 12, 99, 0);
}

static void name_that_is_no_text(struct code_generator_request_builder r, const char *with)
{
	struct enumerant_builder green =
		enumerant_list_edit_at(node_enum_edit_enumerants(node_edit_enum(node_named(r, "r.capnp:Color"))), 1);

	value_set_bool(annotation_edit_value(annotation_list_edit_at(enumerant_edit_annotations(green), 0)), true);
	(void)with;
}

static void constant_of_any(struct code_generator_request_builder r, const char *with)
{
	struct node_const_builder c = node_edit_const(node_named(r, "r.capnp:words"));

	type_init_any_pointer(node_const_edit_type(c));
	if (with)
		value_set_any_pointer(node_const_edit_value(c), rill_segment_root(NULL));
}

/* It says text and has a number: a text that is not there. */
static void constant_of_another_kind(struct code_generator_request_builder r, const char *with)
{
	value_set_bool(node_const_edit_value(node_edit_const(node_named(r, "r.capnp:words"))), true);
	(void)with;
}

static void what_a_later_compiler_might_say_is_taken(void **state)
{
	(void)state;
	need_tool();
	made("struct s {", nested_that_is_not_there, "0"); /* a constant */
	made("COLOR_RESERVED = 65535", enum_of_nothing, NULL);
	made("struct s {", node_of_no_kind, "r.capnp:mark");
	made("COLOR_GREEN = 1", name_that_is_no_text, NULL);
	made("words(void)", constant_of_any, NULL);
	made("words(void)", constant_of_any, "null");
	made("words(void)", constant_of_another_kind, NULL);
	made("struct int_type {", comment, "of C");
	made("EOF_VALUE", comment, "of C");
}

/* Nothing of a comment ends it, or gets out of its line. */
static void comments_stay_comments(void **state)
{
	(void)state;
	need_tool();
	made("/* one */", comment, "one \t\r\n\n  \n");
	made("a b\tc", comment, "a\vb\tc\n");
	made("end * /", comment, "end */ int x;");
}

static void file_as_it_is(struct code_generator_request_builder r, const char *with)
{
	code_generator_request_requested_file_set_filename(asked(r), with);
}

static void a_file_of_any_ending_is_compiled(void **state)
{
	(void)state;
	need_tool();
	made("== x.txt.rill.h", file_as_it_is, "x.txt");
	made("== capnp.rill.h", file_as_it_is, "capnp");
	made("== a/b.rill.h", file_as_it_is, "a/b.capnp");
}

static void each_enumerant_has_its_name(void **state)
{
	static const char *const names[] = {"empty",     "bit",        "byte",    "twoBytes",
	                                    "fourBytes", "eightBytes", "pointer", "inlineComposite"};

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		assert_string_equal(element_size_name((enum element_size)i), names[i]);
	assert_null(element_size_name((enum element_size)8));
}

static void a_pattern_stands_for_its_words_alone(void **state)
{
	struct words w = {{0}};
	struct text t = {0};

	(void)state;
	WORD(&w, 'A') = "word";
	text_put(&t, &w, "$A $Z $1 $[ $");
	assert_string_equal(t.at, "word    ");
	text_finish(&t);
}

/* ---- Limits ----------------------------------------------------------------------------------------------------- */

static size_t compile(const char *name)
{
	char line[512];
	size_t n;
	FILE *f;

	snprintf(line, sizeof(line), "cd %s && capnp compile -I\"$OLDPWD\"/include -o- %s", folder, name);
	f = popen(line, "r");
	assert_non_null(f);
	n = fread(words, 1, sizeof(words), f);
	assert_int_equal(pclose(f), 0);
	return n / RILL_WORD;
}

/* Structs in structs, or groups in groups. */
static int run_nested(int groups, int depth)
{
	static char text[1 << 14];
	struct rill_reader reader;
	int n = snprintf(text, sizeof(text), "@0xf0c2c4f7ddc6a5d%d; struct S {", 5 + groups);

	for (int i = 0; i < depth; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, groups ? "g :group {" : "struct D {");
	n += snprintf(text + n, sizeof(text) - (size_t)n, "x @0 :Bool;");
	memset(text + n, '}', (size_t)depth + 1);
	text[n + depth + 1] = 0;
	folder_put(folder, "deep.capnp", text);
	word_count = compile("deep.capnp");
	return run(request(&reader, 1 << 24), NULL);
}

static void what_nests_too_deep_is_refused(void **state)
{
	(void)state;
	need_tool();
	for (int groups = 0; groups < 2; groups++) {
		assert_int_equal(run_nested(groups, NEST_MAX - 4), 0);
		assert_int_equal(run_nested(groups, NEST_MAX + 2), -1);
		assert_non_null(strstr(error, "nest deeper than 64"));
	}
	word_count = compile("r.capnp");
}

static void what_cannot_be_written_is_said(void **state)
{
	struct rill_reader reader;
	int writes = 0;

	(void)state;
	need_tool();
	assert_int_equal(run(request(&reader, 1 << 22), &writes), -1);
	assert_string_equal(error, "r.rill.h cannot be written");
	writes = 1;
	assert_int_equal(run(request(&reader, 1 << 22), &writes), -1);
	assert_string_equal(error, "r.rill.c cannot be written");
}

static void a_request_that_is_walked_too_long_is_refused(void **state)
{
	struct rill_reader reader;

	(void)state;
	need_tool();
	for (uint64_t most = 1; most < 20000; most += 1 + most / 8) {
		if (run(request(&reader, most), NULL) == 0)
			return;
		assert_true(error[0] != 0);
	}
	fail_msg("it never fits");
}

static int setup(void **state)
{
	(void)state;
	if (system("command -v capnp >/dev/null 2>&1") != 0)
		return 0;
	if (!mkdtemp(folder))
		return -1;
	folder_put(folder, "r.capnp", schema);
	folder_put(folder, "other.capnp", other);
	word_count = compile("r.capnp");
	return word_count ? 0 : -1;
}

static int teardown(void **state)
{
	char line[64];

	(void)state;
	snprintf(line, sizeof(line), "rm -rf %s", folder);
	return strstr(folder, "XXXXXX") ? 0 : system(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_allocation_is_said_and_nothing_false_is_written),
		cmocka_unit_test(files_outside_of_the_output_are_refused),
		cmocka_unit_test(nodes_that_contradict_each_other_are_refused),
		cmocka_unit_test(what_is_no_name_never_gets_into_c),
		cmocka_unit_test(names_of_annotations_are_looked_at_too),
		cmocka_unit_test(types_that_are_not_there_are_refused),
		cmocka_unit_test(places_outside_of_a_struct_are_refused),
		cmocka_unit_test(groups_are_groups_and_of_one_struct),
		cmocka_unit_test(constants_that_are_broken_are_refused),
		cmocka_unit_test(an_include_leads_to_where_the_other_file_is),
		cmocka_unit_test(an_import_of_no_name_counts_as_none),
		cmocka_unit_test(what_a_later_compiler_might_say_is_taken),
		cmocka_unit_test(comments_stay_comments),
		cmocka_unit_test(a_file_of_any_ending_is_compiled),
		cmocka_unit_test(each_enumerant_has_its_name),
		cmocka_unit_test(a_pattern_stands_for_its_words_alone),
		cmocka_unit_test(what_nests_too_deep_is_refused),
		cmocka_unit_test(what_cannot_be_written_is_said),
		cmocka_unit_test(a_request_that_is_walked_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
