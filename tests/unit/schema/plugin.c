/* tests/unit/schema/plugin.c - capnpc-rill as the capnp tool runs it. Skipped where there is no capnp. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/folder.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/rill-plugin-XXXXXX";
static char plugin[4096]; /* beside us in the build */
static char said[1 << 16];

/* Run a shell line; what it says is in `said`. Its exit status. */
__attribute__((format(printf, 1, 2))) static int run(const char *format, ...)
{
	char line[16384];
	va_list args;
	size_t n;
	FILE *f;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	f = popen(line, "r");
	assert_non_null(f);
	n = fread(said, 1, sizeof(said) - 1, f);
	said[n] = 0;
	return pclose(f);
}

static int compile(const char *name)
{
	return run("cd %s && capnp compile -I%s/include -o%s %s 2>&1", folder, getenv("PWD"), plugin, name);
}

/* A file of the folder holds this text. */
static void holds(const char *name, const char *text)
{
	assert_int_equal(run("cat %s/%s", folder, name), 0);
	if (!strstr(said, text))
		print_error("%s has no: %s\n", name, text);
	assert_non_null(strstr(said, text));
}

static void need_tool(void)
{
	if (strstr(folder, "XXXXXX"))
		skip();
}

static void the_reader_of_requests_is_what_the_plugin_makes(void **state)
{
	(void)state;
	need_tool();
	/* another version's schema.capnp may know more */
	if (run("capnp --version") != 0 || !strstr(said, "version 0.9.") ||
	    access("/usr/include/capnp/schema.capnp", R_OK) != 0)
		skip();
	assert_int_equal(run("capnp compile -o%s:%s --src-prefix=/usr/include/capnp /usr/include/capnp/schema.capnp", plugin,
	                     folder),
	                 0);
	assert_int_equal(run("cmp %s/schema.rill.h core/schema/compiler/schema.rill.h", folder), 0);
	assert_int_equal(run("cmp %s/schema.rill.c core/schema/compiler/schema.rill.c", folder), 0);
}

static void what_cannot_be_done_is_said(void **state)
{
	(void)state;
	need_tool();
	assert_int_not_equal(run("echo nonsense | %s 2>&1", plugin), 0);
	assert_non_null(strstr(said, "no CodeGeneratorRequest"));
	folder_put(folder, "bad.capnp",
	           "@0xf0c2c4f7ddc6a5c1;\nusing Rill = import \"/rill/rill.capnp\";\n"
	           "struct S $Rill.name(\"a b; }\") { x @0 :Int8; }\n");
	assert_int_not_equal(compile("bad.capnp"), 0);
	assert_non_null(strstr(said, "is not a name: \"a b; }\""));
}

/* Larger than what is read at once. */
static void a_large_schema_is_compiled(void **state)
{
	static char text[60000];
	size_t n = (size_t)sprintf(text, "@0xf0c2c4f7ddc6a5c3;\nstruct Large {\n");

	(void)state;
	need_tool();
	for (int i = 0; i < 800; i++)
		n += (size_t)sprintf(text + n, "  field%d @%d :Text; # a comment on it\n", i, i);
	strcpy(text + n, "}\n");
	folder_put(folder, "large.capnp", text);
	assert_int_equal(compile("large.capnp"), 0);
	assert_int_equal(run("grep -q 'large_get_field799(struct large v)' %s/large.rill.h", folder), 0);
}

static void what_cannot_be_read_or_written_is_said(void **state)
{
	(void)state;
	need_tool();
	assert_int_not_equal(run("%s <&- 2>&1", plugin), 0);
	assert_non_null(strstr(said, "cannot be read"));
	assert_int_not_equal(run("%s </ 2>&1", plugin), 0);
	assert_non_null(strstr(said, "cannot be read"));
	folder_put(folder, "there.capnp", "@0xf0c2c4f7ddc6a5c4;\nstruct S { x @0 :Int8; }\n");
	assert_int_equal(run("mkdir %s/there.rill.h", folder), 0);
	assert_int_not_equal(compile("there.capnp"), 0);
	assert_non_null(strstr(said, "there.rill.h cannot be written"));
	assert_int_equal(run("rmdir %s/there.rill.h && ln -s /dev/full %s/there.rill.h", folder, folder), 0);
	assert_int_not_equal(compile("there.capnp"), 0);
	assert_non_null(strstr(said, "there.rill.h cannot be written"));
}

static void names_in_a_struct_that_clash_get_numbers(void **state)
{
	(void)state;
	need_tool();
	folder_put(folder, "clash.capnp",
	           "@0xf0c2c4f7ddc6a5c2;\n"
	           "struct Int { class @0 :Int8; }\n"
	           "struct A { list :group { x @0 :Int8; } fooBAR @1 :Int8; fooBar @2 :Int8; }\n");
	assert_int_equal(compile("clash.capnp"), 0);
	holds("clash.rill.h", "struct int_type {");
	holds("clash.rill.h", "int_type_get_class(struct int_type v)");
	holds("clash.rill.h", "struct a_list {\n\tstruct rill_list l;");
	holds("clash.rill.h", "struct a_list2 {\n\tstruct rill_struct s;");
	holds("clash.rill.h", "a_get_foo_bar(struct a v)");
	holds("clash.rill.h", "a_get_foo_bar2(struct a v)");
}

/* Not compiled: it says this. */
static void fails(const char *declarations, const char *why)
{
	static char text[4096];

	snprintf(text, sizeof(text), "@0xf0c2c4f7ddc6a5c5;\nusing Rill = import \"/rill/rill.capnp\";\n%s\n", declarations);
	folder_put(folder, "fails.capnp", text);
	assert_int_not_equal(compile("fails.capnp"), 0);
	if (!strstr(said, why))
		fail_msg("%s: %s", declarations, said);
}

static void two_declarations_of_one_name_are_told(void **state)
{
	(void)state;
	need_tool();
	fails("struct Outer { struct Inner { x @0 :Int8; } }\nstruct OuterInner {}",
	      "Outer.Inner and OuterInner would both have outer_inner in C: give one of them another $Rill.name");
	fails("struct Zed $Rill.name(\"kilo\") {}\nstruct Kilo {}", "Zed and Kilo would both have kilo in C");
	fails("struct A {}\nstruct AList {}", "A and AList would both have a_list in C");
	fails("const a :Text = \"\";\nconst aSegmentWords :Text = \"\";", "both have a_segment_words in C");
	fails("enum E {}\nconst eReserved :Int8 = 1;", "both have E_RESERVED in C");
	fails("struct A {}\nconst aTypeId :Int8 = 1;", "both have A_TYPE_ID in C");
	folder_put(folder, "apart.capnp",
	           "@0xf0c2c4f7ddc6a5c6;\nusing Rill = import \"/rill/rill.capnp\";\n"
	           "struct A {}\nstruct AList $Rill.name(\"my_list\") {}\n"
	           "enum E { reserved @0; }\nenum F {}\nconst a :Int8 = 1;\n");
	assert_int_equal(compile("apart.capnp"), 0);
	holds("apart.rill.h", "struct my_list {\n\tstruct rill_struct s;");
	holds("apart.rill.h", "\tE_RESERVED = 0\n");
	holds("apart.rill.h", "#define A 1\n");
}

/* Of the imported file the request holds what is used, and no more. */
static void an_imported_name_is_what_its_file_says(void **state)
{
	(void)state;
	need_tool();
	folder_put(folder, "from.capnp",
	           "@0xf0c2c4f7ddc6a5c7;\nusing Rill = import \"/rill/rill.capnp\";\n$Rill.prefix(\"from_\");\n"
	           "enum Foo { a @0; }\nstruct FooList { x @0 :Int8; }\n"
	           "struct Zed $Rill.name(\"kilo\") { x @0 :Int8; }\nstruct Kilo $Rill.name(\"lima\") { x @0 :Int8; }\n"
	           "struct Cover $Rill.name(\"lid\") { struct Class { struct In { x @0 :Int8; } } }\n"
	           "struct CoverClass { struct In { y @0 :Int8; } }\n");
	folder_put(folder, "to.capnp",
	           "@0xf0c2c4f7ddc6a5c8;\nusing From = import \"from.capnp\";\n"
	           "struct User { list @0 :From.FooList; kilo @1 :From.Kilo; in @2 :From.Cover.Class.In; }\n");
	assert_int_equal(compile("to.capnp"), 0);
	assert_int_equal(compile("from.capnp"), 0);
	holds("to.rill.h", "struct from_foo_list user_get_list(");
	holds("to.rill.h", "struct from_lima user_get_kilo(");
	holds("to.rill.h", "struct from_lid_class_in user_get_in(");
	holds("from.rill.h", "struct from_foo_list {\n\tstruct rill_struct s;");
	assert_int_equal(run("cp %s/to.rill.h %s/alone.h && cd %s && capnp compile -I%s/include -o%s from.capnp to.capnp && "
	                     "cmp alone.h to.rill.h 2>&1",
	                     folder, folder, folder, getenv("PWD"), plugin),
	                 0);
	folder_put(folder, "two.capnp",
	           "@0xf0c2c4f7ddc6a5c9;\nstruct Outer { struct Inner { x @0 :Int8; } }\nstruct OuterInner { x @0 :Text; }\n");
	folder_put(folder, "of_two.capnp",
	           "@0xf0c2c4f7ddc6a5ca;\nusing Two = import \"two.capnp\";\nstruct User { f @0 :Two.OuterInner; }\n");
	assert_int_not_equal(compile("two.capnp"), 0);
	assert_int_not_equal(run("cd %s && capnp compile -o%s two.capnp of_two.capnp 2>&1", folder, plugin), 0);
	assert_non_null(strstr(said, "Outer.Inner and OuterInner"));
}

/* It would end a comment of what is made. */
static void a_path_that_is_no_text_for_c_is_refused(void **state)
{
	static const char *const folders[] = {"d*", "d?\?"};
	size_t i;

	(void)state;
	need_tool();
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		assert_int_equal(run("cd %s && mkdir '%s' && echo '@0xf0c2c4f7ddc6a5cb; struct S {}' >'%s/q.capnp'", folder,
		                     folders[i], folders[i]),
		                 0);
		assert_int_not_equal(run("cd %s && capnp compile -o%s '%s/q.capnp' 2>&1", folder, plugin, folders[i]), 0);
		assert_non_null(strstr(said, "a path has"));
	}
}

static void a_comment_is_text(void **state)
{
	(void)state;
	need_tool();
	folder_put(folder, "comment.capnp",
	           "@0xf0c2c4f7ddc6a5cc;\nstruct S {\n# a\xff"
	           "b \xe2\x80\xae \xed\xa0\x80 \xc3\xbc ?\?/ \xe2\x80\n}\n");
	assert_int_equal(compile("comment.capnp"), 0);
	holds("comment.rill.h", "/* a?b ? ? ? ? \xc3\xbc ? ?/ ? ? */");
}

#define WARNINGS "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"

/* As C and as C++, with the warnings of the project and more. */
static void what_it_makes_compiles_without_a_warning(void **state)
{
	static const char *const compilers[] = {
		"gcc -std=c11 -Wstrict-prototypes -Wmissing-prototypes",
		"clang -std=c11 -Wstrict-prototypes -Wmissing-prototypes",
		"gcc -std=gnu11",
		"clang -std=gnu11",
		"g++ -x c++ -std=c++11",
		"clang++ -x c++ -std=c++11",
	};
	size_t i, tried = 0;

	(void)state;
	need_tool();
	assert_int_equal(run("capnp compile -Iinclude -I. -o%s:%s tests/generated/nasty*.capnp 2>&1", plugin, folder), 0);
	for (i = 0; i < sizeof(compilers) / sizeof(compilers[0]); i++) {
		if (run("command -v %.*s", (int)strcspn(compilers[i], " "), compilers[i]) != 0)
			continue;
		tried++;
		if (run("cd %s/tests/generated && for c in nasty nasty_words; do %s " WARNINGS
		        " -I%s/include -I%s -fsyntax-only $c.rill.c 2>&1 || exit; done",
		        folder, compilers[i], getenv("PWD"), folder) != 0)
			fail_msg("%s: %s", compilers[i], said);
	}
	assert_true(tried > 0);
}

/* Each getter and each look at a tag is one load; a group is none. */
static void each_getter_loads_once(void **state)
{
	(void)state;
	need_tool();
	assert_int_equal(run("capnp compile -Iinclude -I. -o%s:%s tests/generated/nasty.capnp 2>&1", plugin, folder), 0);
	assert_int_equal(
		run("awk '/^static inline .*(_get_|_which\\(|_read_)/ && !/nasty_clash_(set_)?get/ { n = 0; on = 1; name = $0 }"
	            " on { n += gsub(/rill_struct_(bool|[iuf][0-9]+|pointer)\\(/, \"\"); if (/= \\{v.s\\}/) n++ }"
	            " /^}/ && on { on = 0; looked++; if (n != 1) print name, n }"
	            " END { if (looked < 250) print looked }' %s/tests/generated/nasty.rill.h",
	            folder),
		0);
	assert_string_equal(said, "");
}

static int setup(void **state)
{
	(void)state;
	if (system("command -v capnp >/dev/null 2>&1") != 0)
		return 0;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return strstr(folder, "XXXXXX") ? 0 : run("rm -rf %s", folder);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reader_of_requests_is_what_the_plugin_makes),
		cmocka_unit_test(what_cannot_be_done_is_said),
		cmocka_unit_test(a_large_schema_is_compiled),
		cmocka_unit_test(what_cannot_be_read_or_written_is_said),
		cmocka_unit_test(names_in_a_struct_that_clash_get_numbers),
		cmocka_unit_test(two_declarations_of_one_name_are_told),
		cmocka_unit_test(an_imported_name_is_what_its_file_says),
		cmocka_unit_test(a_path_that_is_no_text_for_c_is_refused),
		cmocka_unit_test(a_comment_is_text),
		cmocka_unit_test(what_it_makes_compiles_without_a_warning),
		cmocka_unit_test(each_getter_loads_once),
	};
	char *real = realpath(argv[0], NULL);

	if (argc < 1 || !real)
		return 1;
	snprintf(plugin, sizeof(plugin), "%s/../../../capnpc-rill", dirname(real));
	free(real);
	return cmocka_run_group_tests(tests, setup, teardown);
}
