/* core/schema/compiler/identifiers.c - how a schema's name is spelled in C, and which names of a file are in use.
 *
 * thisName is this_name. taken.c knows what nobody may be called, names.c decides what to ask for.
 */
#include "schema/compiler/request.h"

#include <stdlib.h>

#define NAME_ID UINT64_C(0xfc5affec120f5e11) /* an annotation of rill/rill.capnp */

/* ---- spelling ------------------------------------------------------------------------------------------------------- */

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool names_is_plain(struct rill_text name)
{
	size_t i;

	if (!name.len || name.len > C_NAME_MAX || is_digit(name.at[0]) || name.at[0] == '_')
		return false;
	for (i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (!is_upper(c) && !is_lower(c) && !is_digit(c) && c != '_')
			return false;
		if (c == '_' && i + 1 < name.len && name.at[i + 1] == '_')
			return false;
	}
	return true;
}

/* A word begins at a capital behind a small letter or digit, and at one before a small letter. */
static bool begins_word(struct rill_text name, size_t i)
{
	if (!i || !is_upper(name.at[i]) || name.at[i - 1] == '_')
		return false;
	return !is_upper(name.at[i - 1]) || (i + 1 < name.len && is_lower(name.at[i + 1]));
}

static char in_small(char c)
{
	return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

static const char *snake(struct request *r, struct rill_text name)
{
	char small[2 * C_NAME_MAX + 1];
	size_t i, n = 0;

	if (!names_is_plain(name)) {
		request_fail(r, "not a name: \"%.*s\"", name.len > 80 ? 80 : (int)name.len, name.at);
		return NULL;
	}
	for (i = 0; i < name.len; i++) {
		if (begins_word(name, i))
			small[n++] = '_';
		small[n++] = in_small(name.at[i]);
	}
	return pool_bytes(&r->pool, small, n);
}

struct rill_text names_said_by(struct annotation_list annotations, uint64_t id)
{
	struct rill_text none = {"", 0};
	size_t i;

	for (i = 0; i < annotation_list_count(annotations); i++) {
		struct annotation a = annotation_list_at(annotations, i);

		if (annotation_get_id(a) == id && value_which(annotation_get_value(a)) == VALUE_WHICH_TEXT)
			return value_get_text(annotation_get_value(a));
	}
	return none;
}

/* The schema's own name gets into comments and strings, so it is looked at in any case. */
const char *names_of(struct request *r, struct rill_text name, struct annotation_list annotations)
{
	struct rill_text said = names_said_by(annotations, NAME_ID);
	const char *own = snake(r, name);

	if (!own || !said.len)
		return own;
	if (!names_is_plain(said)) {
		request_fail(r, "$Rill.name is not a name: \"%.*s\"", said.len > 80 ? 80 : (int)said.len, said.at);
		return NULL;
	}
	return pool_bytes(&r->pool, said.at, said.len);
}

const char *names_upper(struct request *r, const char *name)
{
	char *upper = pool_print(&r->pool, "%s", name), *c;

	for (c = upper; c && *c; c++)
		*c = is_lower(*c) ? (char)(*c - 'a' + 'A') : *c;
	return upper;
}

/* ---- claims --------------------------------------------------------------------------------------------------------- */

static size_t hash_of(const char *name)
{
	size_t hash = 5381;

	while (*name)
		hash = hash * 33 + (unsigned char)*name++;
	return hash ^ hash >> 15;
}

static struct claim *place_of(const struct claims *c, const char *name)
{
	size_t i = hash_of(name) & (c->room - 1);

	while (c->at[i].name && strcmp(c->at[i].name, name) != 0)
		i = (i + 1) & (c->room - 1);
	return &c->at[i];
}

static int grow(struct request *r, struct claims *c)
{
	struct claims more = {NULL, c->count, c->room ? c->room * 2 : 1024};
	size_t i;

	if (c->count * 2 < c->room)
		return 0;
	more.at = calloc(more.room, sizeof(*more.at));
	if (!more.at)
		return request_fail(r, "no memory");
	for (i = 0; i < c->room; i++) {
		if (c->at[i].name)
			*place_of(&more, c->at[i].name) = c->at[i];
	}
	free(c->at);
	*c = more;
	return 0;
}

/* A pattern with its * or ^ replaced. */
static const char *filled(struct request *r, const char *pattern, const char *name, const char *upper)
{
	size_t n = strcspn(pattern, "*^");
	const char *whole = pattern;

	if (pattern[n])
		whole = pool_print(&r->pool, "%.*s%s%s", (int)n, pattern, pattern[n] == '*' ? name : upper, pattern + n + 1);
	if (!whole)
		request_fail(r, "no memory");
	return whole;
}

bool names_make_word(struct request *r, const char *name, const char *upper, const char *const *patterns)
{
	for (; *patterns; patterns++) {
		const char *whole = filled(r, *patterns, name, upper);

		if (whole && taken_is_word(whole))
			return true;
	}
	return false;
}

/* Who has one of the names; NULL: nobody. */
static const struct claim *find_claim(struct request *r, const struct claims *c, const char *name, const char *upper,
                                      const char *const *patterns)
{
	for (; c->room && *patterns; patterns++) {
		const char *whole = filled(r, *patterns, name, upper);

		if (whole && place_of(c, whole)->name)
			return place_of(c, whole);
	}
	return NULL;
}

static int take_all(struct request *r, struct decl *d, const char *name, const char *upper, const char *const *patterns)
{
	struct claims *c = &d->file->claims;

	for (; *patterns; patterns++) {
		const char *whole = filled(r, *patterns, name, upper);
		struct claim claim = {whole, d};

		if (!whole || grow(r, c) < 0)
			return request_fail(r, "no memory");
		*place_of(c, whole) = claim;
		c->count++;
	}
	return 0;
}

const char *names_claim(struct request *r, struct decl *d, const char *base, const char *const *patterns)
{
	const char *name = base, *upper;
	unsigned n;

	for (n = 2; name && n < 1000; n++) {
		upper = names_upper(r, name);
		if (!upper)
			name = NULL;
		if (!upper || strlen(name) > C_NAME_MAX)
			break;
		if (!find_claim(r, &d->file->claims, name, upper, patterns) && !names_make_word(r, name, upper, patterns))
			return take_all(r, d, name, upper, patterns) < 0 ? NULL : name;
		name = pool_print(&r->pool, "%s%s%u", base, is_digit(base[strlen(base) - 1]) ? "_" : "", n);
	}
	if (name)
		request_fail(r, "no name for \"%.80s\"", base);
	else
		request_fail(r, "no memory");
	return NULL;
}

int names_declare(struct request *r, struct decl *d, const char *const *patterns)
{
	const struct claim *claim = find_claim(r, &d->file->claims, d->name, d->upper, patterns);

	if (strlen(d->name) > C_NAME_MAX)
		return request_fail(r, "no name for \"%.80s\"", d->name);
	if (claim)
		return request_fail(r, "%.60s and %.60s would both have %.60s in C: give one of them another $Rill.name",
		                    claim->by->outer, d->outer, claim->name);
	return take_all(r, d, d->name, d->upper, patterns);
}
