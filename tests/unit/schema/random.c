/* tests/unit/schema/random.c - random schemas, through the plugin and a compiler; random messages of them, to capnp and
 * back. A schema has two versions, and each version's program reads the other's messages as the tool does. RILL_SEED repeats.
 *
 * What a program of a schema does is made here: it builds with the generated setters and prints with the generated getters, in
 * the text form of the tool. So the tool's reading of the text is compared with what was built. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/rounds.h"

#define STRUCTS 5
#define ENUMS 2
#define MEMBERS 400

enum kind { VOID, BOOL, I8, I16, I32, I64, U8, U16, U32, U64, F32, F64, ENUM, TEXT, DATA, STRUCT, KINDS };

static const char *const kind_name[] = {"Void",   "Bool",   "Int8",    "Int16",   "Int32", "Int64", "UInt8", "UInt16",
                                        "UInt32", "UInt64", "Float32", "Float64", "",      "Text",  "Data",  ""};
static const char *const kind_access[] = {"",    "bool", "i8",  "i16", "i32", "i64", "u8",
                                          "u16", "u32",  "u64", "f32", "f64", "u16"};
static const char *const kind_out[] = {"",    "bool", "i8",  "i16", "i32", "i64",  "u8",   "u16",
                                       "u32", "u64",  "f32", "f64", "",    "text", "data", ""};
static const char *const kind_list[] = {"VOID",   "BIT",    "BYTE",   "2BYTES", "4BYTES", "8BYTES",  "BYTE",    "2BYTES",
                                        "4BYTES", "8BYTES", "4BYTES", "8BYTES", "2BYTES", "POINTER", "POINTER", "STRUCT"};

struct type {
	enum kind kind;
	unsigned lists; /* so many lists around it */
	unsigned of;    /* enum or struct */
};

enum shape { FIELD, GROUP, UNION };

struct member {
	enum shape shape;
	bool is_new;    /* in version 2 only */
	bool is_hidden; /* an unnamed union */
	char name[32], c[40];
	struct type type;
	char otherwise[64]; /* its default; empty: none */
	unsigned ordinal;
	int parent, first, next; /* members; -1: none */
};

/* One schema. Its structs' members are members 0 to STRUCTS - 1: groups without a parent. */
static struct member members[MEMBERS];
static int count;
static int inside[STRUCTS]; /* the struct that a struct is declared in; -1: none */
static char path[STRUCTS][128], c_path[STRUCTS][128];
static uint64_t seed;
static unsigned version;

static uint64_t below(uint64_t n)
{
	return rounds_random(&seed) % n;
}

/* ---- a random schema ------------------------------------------------------------------------------------------------ */

static const char *const words[] = {"some", "thingOf", "aBc", "realName", "x", "theOther", "is", "typeOf"};

static void snake(char *to, const char *from)
{
	for (; *from; from++) {
		if (isupper((unsigned char)*from))
			*to++ = '_';
		*to++ = (char)tolower((unsigned char)*from);
	}
	*to = 0;
}

static struct type random_type(void)
{
	struct type type = {(enum kind)below(KINDS), below(4) ? 0 : 1 + (unsigned)below(2), 0};

	type.of = (unsigned)below(type.kind == ENUM ? ENUMS : STRUCTS);
	return type;
}

static void random_default(struct member *m)
{
	static const unsigned bits[] = {0, 0, 7, 15, 31, 63, 8, 16, 32, 64};
	uint64_t value = rounds_random(&seed);

	m->otherwise[0] = 0;
	if (m->type.lists || below(3))
		return;
	if (m->type.kind == BOOL)
		snprintf(m->otherwise, sizeof(m->otherwise), "true");
	else if (m->type.kind >= I8 && m->type.kind <= I64)
		snprintf(m->otherwise, sizeof(m->otherwise), "-%llu", (unsigned long long)(value >> (64 - bits[m->type.kind])));
	else if (m->type.kind >= U8 && m->type.kind <= U64)
		snprintf(m->otherwise, sizeof(m->otherwise), "%llu", (unsigned long long)(value >> (64 - bits[m->type.kind])));
	else if (m->type.kind == F32 || m->type.kind == F64)
		snprintf(m->otherwise, sizeof(m->otherwise), "%d.5", (int)(value % 1000) - 500);
	else if (m->type.kind == ENUM)
		snprintf(m->otherwise, sizeof(m->otherwise), "two");
	else if (m->type.kind == TEXT)
		snprintf(m->otherwise, sizeof(m->otherwise), "\"other %u\"", (unsigned)(value % 100));
	else if (m->type.kind == DATA)
		snprintf(m->otherwise, sizeof(m->otherwise), "0x\"01 %02x\"", (unsigned)(value % 256));
}

static int add_member(int parent, enum shape shape, bool is_new)
{
	struct member *m = &members[count];
	int *at;

	assert_true(count < MEMBERS);
	memset(m, 0, sizeof(*m));
	m->shape = shape;
	m->parent = parent;
	m->first = m->next = -1;
	m->is_new = is_new;
	snprintf(m->name, sizeof(m->name), "%s%d", words[below(sizeof(words) / sizeof(words[0]))], count);
	snake(m->c, m->name);
	for (at = &members[parent].first; *at >= 0; at = &members[*at].next)
		;
	*at = count;
	return count++;
}

/* A group keeps at least its first member in both versions, a union all. */
static void fill_members(int parent, unsigned depth)
{
	unsigned n = 2 + (unsigned)below(depth ? 3 : 6), i;
	bool has_hidden = false;

	for (i = 0; i < n; i++) {
		bool in_union = members[parent].shape == UNION;
		bool is_new = members[parent].is_new || (i && !in_union && below(4) == 0);
		enum shape shape = depth < 3 && below(4) == 0 ? (below(2) ? GROUP : UNION) : FIELD;
		int m;

		if (in_union && shape == UNION)
			shape = GROUP;
		m = add_member(parent, shape, is_new);
		if (shape == FIELD) {
			members[m].type = random_type();
			random_default(&members[m]);
			continue;
		}
		if (shape == UNION && !has_hidden && below(2))
			members[m].is_hidden = has_hidden = true;
		fill_members(m, depth + 1);
	}
}

static int top_of(int m)
{
	while (members[m].parent >= 0)
		m = members[m].parent;
	return m;
}

/* In any order, those of version 2 behind the others. */
static void give_ordinals(int s)
{
	int fields[MEMBERS], n = 0, i, pass;
	unsigned next = 0;

	for (pass = 0; pass < 2; pass++) {
		n = 0;
		for (i = STRUCTS; i < count; i++) {
			if (members[i].shape == FIELD && members[i].is_new == (pass == 1) && top_of(i) == s)
				fields[n++] = i;
		}
		while (n) {
			int pick = (int)below((uint64_t)n);

			members[fields[pick]].ordinal = next++;
			fields[pick] = fields[--n];
		}
	}
}

static void random_schema(void)
{
	int s;

	count = STRUCTS;
	for (s = 0; s < STRUCTS; s++) {
		memset(&members[s], 0, sizeof(members[s]));
		members[s].shape = GROUP;
		members[s].parent = members[s].first = members[s].next = -1;
		inside[s] = s && below(3) == 0 ? (int)below((uint64_t)s) : -1;
		snprintf(path[s], sizeof(path[s]), "%.100s%sThing%d", inside[s] < 0 ? "" : path[inside[s]],
		         inside[s] < 0 ? "" : ".", s);
		snprintf(c_path[s], sizeof(c_path[s]), "%.100s%sthing%d", inside[s] < 0 ? "" : c_path[inside[s]],
		         inside[s] < 0 ? "" : "_", s);
	}
	for (s = 0; s < STRUCTS; s++) {
		fill_members(s, 0);
		give_ordinals(s);
	}
}

/* ---- as a schema ---------------------------------------------------------------------------------------------------- */

static bool is_there(int m)
{
	return version == 2 || !members[m].is_new;
}

static void put_type(FILE *f, struct type type)
{
	unsigned i;

	for (i = 0; i < type.lists; i++)
		fputs("List(", f);
	if (type.kind == ENUM)
		fprintf(f, "Kind%u", type.of);
	else
		fputs(type.kind == STRUCT ? path[type.of] : kind_name[type.kind], f);
	for (i = 0; i < type.lists; i++)
		fputs(")", f);
}

static void put_members(FILE *f, int parent)
{
	int m;

	for (m = members[parent].first; m >= 0; m = members[m].next) {
		if (!is_there(m))
			continue;
		if (members[m].shape == FIELD) {
			fprintf(f, "%s @%u :", members[m].name, members[m].ordinal);
			put_type(f, members[m].type);
			fprintf(f, "%s%s;\n", members[m].otherwise[0] ? " = " : "", members[m].otherwise);
			continue;
		}
		if (members[m].is_hidden)
			fputs("union {\n", f);
		else
			fprintf(f, "%s :%s {\n", members[m].name, members[m].shape == GROUP ? "group" : "union");
		put_members(f, m);
		fputs("}\n", f);
	}
}

static void put_struct(FILE *f, int s)
{
	int i;

	fprintf(f, "struct Thing%d {\n", s);
	put_members(f, s);
	for (i = s + 1; i < STRUCTS; i++) {
		if (inside[i] == s)
			put_struct(f, i);
	}
	fputs("}\n", f);
}

static void put_schema(FILE *f)
{
	int i;

	fprintf(f, "@0x%016llx;\n", (unsigned long long)(rounds_random(&seed) | UINT64_C(1) << 63));
	for (i = 0; i < ENUMS; i++)
		fprintf(f, "enum Kind%d { one @0; two @1; threeFour @2; five5 @3; }\n", i);
	for (i = 0; i < STRUCTS; i++) {
		if (inside[i] < 0)
			put_struct(f, i);
	}
}

/* ---- as a program --------------------------------------------------------------------------------------------------- */

/* The C name of the struct or group that a member is a field of: through unnamed unions to what they are in. */
static void c_name(char *to, size_t room, int m)
{
	char outer[512];

	if (members[m].parent < 0) {
		snprintf(to, room, "%s", c_path[m]);
		return;
	}
	c_name(outer, sizeof(outer), members[m].parent);
	if (members[m].is_hidden)
		snprintf(to, room, "%s", outer);
	else
		snprintf(to, room, "%.400s_%s", outer, members[m].c);
}

static void c_upper(char *to, const char *from)
{
	while ((*to++ = (char)toupper((unsigned char)*from++)))
		;
}

static const char *const c_value[] = {"",
                                      "rnd() & 1",
                                      "(int8_t)rnd()",
                                      "(int16_t)rnd()",
                                      "(int32_t)rnd()",
                                      "(int64_t)rnd()",
                                      "(uint8_t)rnd()",
                                      "(uint16_t)rnd()",
                                      "(uint32_t)rnd()",
                                      "rnd()",
                                      "rnd_f32()",
                                      "rnd_f64()"};

/* An element of a list, or a list of lists, into `slot` or the list l<level>. */
static void put_build_list(FILE *f, struct type type, unsigned level, const char *slot)
{
	char inner[64];

	fprintf(f, "{ size_t n%u = rnd() %% 4, i%u; (void)i%u;\n", level, level, level);
	if (type.lists == 1 && type.kind == STRUCT) {
		fprintf(f, "struct %s_list_builder l%u = %s_list_new(%s, n%u);\n", c_path[type.of], level, c_path[type.of],
		        slot, level);
		fprintf(f, "for (i%u = 0; depth > 0 && i%u < n%u; i%u++) build_%u(%s_list_edit_at(l%u, i%u), depth - 1); }\n",
		        level, level, level, level, type.of, c_path[type.of], level, level);
		return;
	}
	fprintf(f, "struct rill_list_builder l%u = rill_slot_init_list(%s, RILL_LIST_%s, n%u); (void)l%u;\n", level, slot,
	        type.lists > 1 ? "POINTER" : kind_list[type.kind], level, level);
	fprintf(f, "for (i%u = 0; i%u < n%u; i%u++) {\n", level, level, level, level);
	if (type.lists > 1) {
		snprintf(inner, sizeof(inner), "rill_list_slot(l%u, i%u)", level, level);
		type.lists--;
		put_build_list(f, type, level + 1, inner);
	} else if (type.kind == TEXT) {
		fprintf(f, "rill_slot_set_text(rill_list_slot(l%u, i%u), bytes, rnd_text());\n", level, level);
	} else if (type.kind == DATA) {
		fprintf(f, "rill_slot_set_data(rill_list_slot(l%u, i%u), bytes, rnd_data());\n", level, level);
	} else if (type.kind == ENUM) {
		fprintf(f, "kind%u_set_at(l%u, i%u, (enum kind%u)(rnd() %% 4));\n", type.of, level, level, type.of);
	} else if (type.kind != VOID) {
		fprintf(f, "rill_list_set_%s(l%u, i%u, %s);\n", kind_access[type.kind], level, level, c_value[type.kind]);
	}
	fprintf(f, "} }\n");
}

static void put_build_field(FILE *f, int m, const char *of, bool in_union)
{
	struct type type = members[m].type;
	const char *name = members[m].c;
	char slot[700];

	if (!in_union)
		fprintf(f, "if (rnd() %% 3) ");
	if (type.lists) {
		snprintf(slot, sizeof(slot), "%s_slot_%s(b)", of, name);
		put_build_list(f, type, 0, slot);
	} else if (type.kind == STRUCT) {
		fprintf(f, "{ struct %s_builder s = %s_init_%s(b); if (depth > 0) build_%u(s, depth - 1); }\n", c_path[type.of],
		        of, name, type.of);
	} else if (type.kind == TEXT) {
		fprintf(f, "%s_set_%s_len(b, bytes, rnd_text());\n", of, name);
	} else if (type.kind == DATA) {
		fprintf(f, "%s_set_%s(b, bytes, rnd_data());\n", of, name);
	} else if (type.kind == ENUM) {
		fprintf(f, "%s_set_%s(b, (enum kind%u)(rnd() %% 4));\n", of, name, type.of);
	} else if (type.kind != VOID) {
		fprintf(f, "%s_set_%s(b, %s);\n", of, name, c_value[type.kind]);
	} else if (in_union) {
		fprintf(f, "%s_set_%s(b);\n", of, name);
	} else {
		fprintf(f, "{ }\n");
	}
}

static void put_build(FILE *f, int parent, const char *of);

static void put_build_member(FILE *f, int m, const char *of, bool in_union)
{
	char name[512];

	c_name(name, sizeof(name), m);
	if (members[m].shape == FIELD) {
		put_build_field(f, m, of, in_union);
	} else if (members[m].is_hidden) {
		put_build(f, m, of);
	} else {
		fprintf(f, "{ struct %s_builder g = %s_%s_%s(b); { struct %s_builder b = g; (void)b;\n", name, of,
		        in_union ? "init" : "edit", members[m].c, name);
		put_build(f, m, name);
		fprintf(f, "} }\n");
	}
}

static int sizes(int parent)
{
	int m, n = 0;

	for (m = members[parent].first; m >= 0; m = members[m].next)
		n += is_there(m);
	return n;
}

/* Of a union one member, of all else each or not. */
static void put_build(FILE *f, int parent, const char *of)
{
	bool is_union = members[parent].shape == UNION;
	int m, n = 0;

	if (is_union)
		fprintf(f, "switch (rnd() %% %d) {\n", sizes(parent));
	for (m = members[parent].first; m >= 0; m = members[m].next) {
		if (!is_there(m))
			continue;
		if (is_union)
			fprintf(f, "case %d:\n", n++);
		put_build_member(f, m, of, is_union);
		if (is_union)
			fprintf(f, "break;\n");
	}
	if (is_union)
		fprintf(f, "}\n");
}

/* `list` gives a view: of structs the typed one. */
static void put_print_list(FILE *f, struct type type, unsigned level, const char *list)
{
	bool of_structs = type.lists == 1 && type.kind == STRUCT;
	char inner[256];

	fprintf(f, "{ size_t i%u; struct %s%s l%u = %s; fputs(\"[\", f);\n", level, of_structs ? c_path[type.of] : "rill",
	        "_list", level, list);
	fprintf(f, "for (i%u = 0; i%u < l%u%s.count; i%u++) { if (i%u) fputs(\", \", f);\n", level, level, level,
	        of_structs ? ".l" : "", level, level);
	if (type.lists > 1) {
		type.lists--;
		if (type.lists == 1 && type.kind == STRUCT)
			snprintf(inner, sizeof(inner), "%s_list_of(rill_list_pointer(l%u, i%u))", c_path[type.of], level,
			         level);
		else
			snprintf(inner, sizeof(inner), "rill_list_list(l%u, i%u, RILL_LIST_%s)", level, level,
			         type.lists > 1 ? "POINTER" : kind_list[type.kind]);
		put_print_list(f, type, level + 1, inner);
	} else if (type.kind == STRUCT) {
		fprintf(f, "print_%u(f, %s_list_at(l%u, i%u));\n", type.of, c_path[type.of], level, level);
	} else if (type.kind == TEXT || type.kind == DATA) {
		fprintf(f, "print_%s(f, rill_list_%s(l%u, i%u));\n", kind_out[type.kind], kind_out[type.kind], level, level);
	} else if (type.kind == ENUM) {
		fprintf(f, "fputs(kind%u_name(kind%u_at(l%u, i%u)), f);\n", type.of, type.of, level, level);
	} else if (type.kind == VOID) {
		fprintf(f, "fputs(\"void\", f);\n");
	} else {
		fprintf(f, "print_%s(f, rill_list_%s(l%u, i%u));\n", kind_out[type.kind], kind_out[type.kind], level, level);
	}
	fprintf(f, "} fputs(\"]\", f); }\n");
}

/* A pointer that is null is left out: of a union's member too, which can only be the one that is never set. */
static void put_print_field(FILE *f, int m, const char *of)
{
	struct type type = members[m].type;
	const char *name = members[m].c;
	char get[700];

	snprintf(get, sizeof(get), "%s_get_%s(v)", of, name);
	if (type.lists || type.kind >= TEXT)
		fprintf(f, "if (%s_has_%s(v)) ", of, name);
	fprintf(f, "{ fprintf(f, \"%%s%s = \", sep); sep = \", \";\n", members[m].name);
	if (type.lists)
		put_print_list(f, type, 0, get);
	else if (type.kind == STRUCT)
		fprintf(f, "print_%u(f, %s);\n", type.of, get);
	else if (type.kind == ENUM)
		fprintf(f, "fputs(kind%u_name(%s), f);\n", type.of, get);
	else if (type.kind == VOID)
		fprintf(f, "fputs(\"void\", f);\n");
	else
		fprintf(f, "print_%s(f, %s);\n", kind_out[type.kind], get);
	fprintf(f, "}\n");
}

/* The C name of what holds a union's tag or a group's fields, and the word for a member in the enum of the tag. */
static void put_print(FILE *f, int parent, const char *of)
{
	bool is_union = members[parent].shape == UNION;
	char name[512], upper[512];
	int m;

	if (is_union)
		fprintf(f, "switch (%s_which(v)) {\n", of);
	for (m = members[parent].first; m >= 0; m = members[m].next) {
		if (!is_there(m))
			continue;
		c_name(name, sizeof(name), m);
		if (is_union) {
			snprintf(upper, sizeof(upper), "%s_which_%s", of, members[m].c);
			c_upper(upper, upper);
			fprintf(f, "case %s:\n", upper);
		}
		if (members[m].shape == FIELD) {
			put_print_field(f, m, of);
		} else if (members[m].is_hidden) {
			put_print(f, m, of);
		} else {
			fprintf(f, "{ struct %s g = %s_get_%s(v); fprintf(f, \"%%s%s = (\", sep);\n", name, of, members[m].c,
			        members[m].name);
			fprintf(f, "{ struct %s v = g; const char *sep = \"\"; (void)v; (void)sep;\n", name);
			put_print(f, m, name);
			fprintf(f, "} fputs(\")\", f); sep = \", \"; }\n");
		}
		if (is_union)
			fprintf(f, "break;\n");
	}
	if (is_union)
		fprintf(f, "}\n");
}

static void put_program(FILE *f, const char *header)
{
	int s;

	fprintf(f, "#include \"%s\"\n#include \"tests/support/random_driver.h\"\n", header);
	for (s = 0; s < STRUCTS; s++)
		fprintf(f, "void build_%d(struct %s_builder b, int depth);\nvoid print_%d(FILE *f, struct %s v);\n", s,
		        c_path[s], s, c_path[s]);
	for (s = 0; s < STRUCTS; s++) {
		fprintf(f, "void build_%d(struct %s_builder b, int depth)\n{\n(void)b; (void)depth;\n", s, c_path[s]);
		put_build(f, s, c_path[s]);
		fprintf(f,
		        "}\nvoid print_%d(FILE *f, struct %s v)\n{\nconst char *sep = \"\"; (void)v; (void)sep; fputs(\"(\", "
		        "f);\n",
		        s, c_path[s]);
		put_print(f, s, c_path[s]);
		fprintf(f, "fputs(\")\", f);\n}\n");
	}
	fprintf(f, "static void build(struct rill_builder *b) { build_0(thing0_new_root(b), 3); }\n"
	           "static void print(FILE *f, struct rill_reader *r) { print_0(f, thing0_root(r)); }\n"
	           "int main(int argc, char **argv) { return run(argc, argv, build, print); }\n");
}

/* ---- running it ----------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/rill-random-XXXXXX";
static char plugin[4096], runtime[4096]; /* beside us in the build */

__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...)
{
	char line[16384], whole[20000];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	snprintf(whole, sizeof(whole), "cd %s && { %s; } 2>log || { tail -n 20 log; false; }", folder, line);
	if (system(whole) != 0)
		fail_msg("%s (kept in %s)", line, folder);
}

static void put_files(unsigned which)
{
	char at[128];
	FILE *f;

	version = which;
	snprintf(at, sizeof(at), "%s/v%u.capnp", folder, which);
	f = fopen(at, "w");
	assert_non_null(f);
	put_schema(f);
	assert_int_equal(fclose(f), 0);
	snprintf(at, sizeof(at), "%s/d%u.c", folder, which);
	f = fopen(at, "w");
	assert_non_null(f);
	snprintf(at, sizeof(at), "v%u.rill.h", which);
	put_program(f, at);
	assert_int_equal(fclose(f), 0);
}

/* The tool refuses schemas that older versions of it laid out in another way, and stops at them. */
static bool is_taken(unsigned which)
{
	char line[256];

	snprintf(line, sizeof(line), "cd %s && capnp compile -o- v%u.capnp >request 2>log || ! grep -q 'Bad news' log", folder,
	         which);
	return system(line) == 0;
}

static void compile(unsigned which)
{
	const char *cc = getenv("CC"), *sanitize = getenv("RILL_SANITIZE"), *root = getenv("PWD");

	shell("capnp compile -o%s v%u.capnp", plugin, which);
	shell("%s %s -std=c11 -D_GNU_SOURCE -O0 -Wall -Wextra -Werror -I%s/include -I%s -I. -o d%u d%u.c v%u.rill.c %s",
	      cc ? cc : "cc", sanitize ? sanitize : "", root, root, which, which, which, runtime);
}

/* Messages of one version: what the tool makes of our text, of our bytes, of our packed bytes, is what we built. */
static void check_version(unsigned v, unsigned n)
{
	unsigned size = 1 + (unsigned)below(below(2) ? 4 : 40);

	shell("./d%u make %llu %u text%u bytes%u packed%u canonical%u", v, (unsigned long long)rounds_random(&seed), n, v, v, v,
	      v);
	shell("size=$(./d%u least bytes%u); [ $size -gt %u ] || size=%u; "
	      "capnp encode --segment-size=$size v%u.capnp Thing0 <text%u >encoded; "
	      "capnp encode --packed --segment-size=$size v%u.capnp Thing0 <text%u >encoded.packed",
	      v, v, size, size, v, v, v, v);
	shell("capnp decode --quiet v%u.capnp Thing0 <bytes%u >decoded && capnp encode v%u.capnp Thing0 <decoded >again", v, v,
	      v);
	shell("capnp decode --quiet --packed v%u.capnp Thing0 <packed%u | cmp - decoded", v, v);
	shell("./d%u pack encoded | cmp - encoded.packed", v);
	shell("./d%u check text%u bytes%u encoded again", v, v, v);
	shell("./d%u first bytes%u >one && capnp convert --quiet binary:canonical v%u.capnp Thing0 <one | cmp - canonical%u", v,
	      v, v, v);
}

/* What one version's program reads of the other's messages is what the tool reads with that version. */
static void check_reading(unsigned by, unsigned of)
{
	shell("./d%u print bytes%u >ours", by, of);
	shell("capnp decode --quiet v%u.capnp Thing0 <bytes%u | capnp encode v%u.capnp Thing0 >theirs.bin", by, of, by);
	shell("./d%u print theirs.bin | cmp - ours", by);
}

static void random_schemas_and_messages(void **state)
{
	unsigned schemas = rounds_of(1, 2, 200), each = rounds_of(20, 100, 500), messages = 0, i;

	(void)state;
	if (strstr(folder, "XXXXXX"))
		skip();
	seed = rounds_seed();
	for (i = 0; i < schemas; i++) {
		do {
			random_schema();
			put_files(1);
			put_files(2);
		} while (!is_taken(1) || !is_taken(2));
		compile(1);
		check_version(1, each);
		messages += each;
		if (i % 4)
			continue;
		compile(2);
		check_version(2, each);
		messages += each;
		check_reading(2, 1);
		check_reading(1, 2);
	}
	shell("rm -rf %s", folder);
	rounds_proof("random-schemas", schemas, 200);
	rounds_proof("random-messages", messages, 100000);
}

static int setup(void **state)
{
	(void)state;
	if (system("command -v capnp >/dev/null 2>&1 && command -v ${CC:-cc} >/dev/null 2>&1") != 0)
		return 0;
	return mkdtemp(folder) ? 0 : -1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_schemas_and_messages),
	};
	char *real = realpath(argv[0], NULL), *here;

	if (argc < 1 || !real)
		return 1;
	here = dirname(real);
	snprintf(plugin, sizeof(plugin), "%s/../../../capnpc-rill", here);
	snprintf(runtime, sizeof(runtime), "%s/../../librill-schema.a", here);
	free(real);
	return cmocka_run_group_tests(tests, setup, NULL);
}
