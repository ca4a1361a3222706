/* tests/interop/installed.c - what make install puts there is enough: a schema that imports ours goes through the installed
 * plugin, and a program of it is built with the installed headers and pkg-config files, shared and static, and runs. The build
 * installs it into a folder beside us. Skipped where there is no capnp, pkg-config or compiler. */
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

static char folder[] = "/tmp/rill-installed-XXXXXX";
static char stage[4096];

static const char schema[] = "@0xb5d9a3c1e7f20468;\n"
			     "using Rill = import \"/rill/rill.capnp\";\n"
			     "$Rill.prefix(\"my_\");\n"
			     "struct Point { x @0 :Int32; name @1 :Text = \"none\"; }\n";

static const char program[] =
	"#include <rill/letter.h>\n"
	"#include <rill/rill.h>\n"
	"#include \"point.rill.h\"\n"
	"int main(void)\n"
	"{\n"
	"	struct rill_builder b;\n"
	"	struct rill_reader r;\n"
	"	struct rill_ctx *ctx;\n"
	"	struct rill_draft d;\n"
	"	int e = rill_builder_init(&b, 0) | rill_ctx_create(&ctx, 0);\n"
	"	my_point_set_x(my_point_new_root(&b), 3);\n"
	"	e |= rill_builder_reader(&b, &r, 0) | (my_point_get_x(my_point_root(&r)) != 3);\n"
	"	e |= !rill_text_equals(my_point_get_name(my_point_root(&r)), \"none\");\n"
	"	e |= rill_draft_notify(&d, 0, 1, 0) == 0;\n"
	"	rill_builder_finish(&b);\n"
	"	rill_ctx_destroy(ctx);\n"
	"	return e || rill_version() != RILL_VERSION_MAJOR * 10000 + RILL_VERSION_MINOR * 100 + RILL_VERSION_PATCH;\n"
	"}\n";

/* A shell line in our folder must succeed. In it: $S the stage, $PC pkg-config over it. */
static void shell(const char *line)
{
	char whole[16384];

	snprintf(whole, sizeof(whole),
	         "cd %s && S=%s && PATH=$S/opt/rill/bin:$PATH && export PATH PKG_CONFIG_SYSROOT_DIR=$S "
	         "PKG_CONFIG_LIBDIR=$S/opt/rill/lib/pkgconfig && %s",
	         folder, stage, line);
	if (system(whole) != 0)
		fail_msg("%s", line);
}

static void need_tools(void)
{
	if (strstr(folder, "XXXXXX"))
		skip();
}

static void the_installed_plugin_makes_c_of_a_schema_that_imports_ours(void **state)
{
	(void)state;
	need_tools();
	folder_put(folder, "point.capnp", schema);
	shell("test \"$(command -v capnpc-rill)\" = $S/opt/rill/bin/capnpc-rill");
	shell("capnp compile -I$S/opt/rill/include -orill point.capnp && test -s point.rill.h && test -s point.rill.c");
}

#define BUILD "${CC:-cc} $RILL_SANITIZE -std=c11 -Wall -Wextra -Werror -o "

static void a_program_of_it_runs_with_the_shared_libraries(void **state)
{
	(void)state;
	need_tools();
	folder_put(folder, "main.c", program);
	shell(BUILD "shared main.c point.rill.c $(pkg-config --cflags --libs librill-rpc)");
	shell("LD_LIBRARY_PATH=$S/opt/rill/lib ./shared");
}

static void a_program_of_it_runs_with_the_archives(void **state)
{
	(void)state;
	need_tools();
	folder_put(folder, "main.c", program);
	shell(BUILD "archives main.c point.rill.c $(pkg-config --cflags librill-rpc) "
	            "-Wl,-Bstatic $(pkg-config --static --libs librill-rpc) -Wl,-Bdynamic");
	shell("./archives");
}

static int setup(void **state)
{
	(void)state;
	if (system("command -v capnp >/dev/null && command -v pkg-config >/dev/null && command -v ${CC:-cc} >/dev/null") != 0)
		return 0;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char line[64];

	(void)state;
	snprintf(line, sizeof(line), "rm -rf %s", folder);
	return strstr(folder, "XXXXXX") ? 0 : system(line);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_installed_plugin_makes_c_of_a_schema_that_imports_ours),
		cmocka_unit_test(a_program_of_it_runs_with_the_shared_libraries),
		cmocka_unit_test(a_program_of_it_runs_with_the_archives),
	};
	char *real = argc ? realpath(argv[0], NULL) : NULL;

	if (!real)
		return 1;
	snprintf(stage, sizeof(stage), "%s/../../stage", dirname(real));
	free(real);
	return cmocka_run_group_tests(tests, setup, teardown);
}
