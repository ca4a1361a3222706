/* docs/snippets/person.c - the code of docs/schema-guide.md, run. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "person.rill.h"

static int build(struct rill_builder *b)
{
	struct person_builder person = person_new_root(b);
	struct phone_list_builder phones;
	struct phone_builder phone;

	person_set_id(person, 7);
	person_set_name(person, "Ada");
	phones = person_init_phones(person, 2);
	phone = phone_list_edit_at(phones, 0);
	phone_set_number(phone, "123");
	phone_set_kind(phone, KIND_WORK);
	rill_list_set_i32(person_init_marks(person, 1), 0, -5);
	person_office_set_floor(person_init_office(person), 3);
	return rill_builder_error(b); /* the first of all that happened */
}

static void show(struct rill_reader *reader)
{
	struct person person = person_root(reader);
	struct rill_text name = person_get_name(person);
	struct phone_list phones = person_get_phones(person);
	struct rill_list marks = person_get_marks(person);
	size_t i;

	printf("%u %.*s\n", person_get_id(person), (int)name.len, name.at);
	for (i = 0; i < phone_list_count(phones); i++) {
		struct phone phone = phone_list_at(phones, i);
		const char *kind = kind_name(phone_get_kind(phone)); /* NULL: a kind that we do not know */

		printf("\t%.*s %s\n", (int)phone_get_number(phone).len, phone_get_number(phone).at, kind ? kind : "other");
	}
	for (i = 0; i < rill_list_count(marks); i++)
		printf("\t%d\n", rill_list_i32(marks, i));

	switch (person_which(person)) {
	case PERSON_WHICH_EMAIL:
		printf("\t%.*s\n", (int)person_get_email(person).len, person_get_email(person).at);
		break;
	case PERSON_WHICH_OFFICE:
		printf("\troom %u\n", person_office_get_room(person_get_office(person)));
		break;
	case PERSON_WHICH_UNKNOWN:
	default: /* of a newer schema */
		break;
	}
}

static int named(struct rill_reader *reader, char *to, size_t room)
{
	struct rill_text name;
	int r = person_read_name(&name, person_root(reader));

	if (r < 0)
		return r; /* broken: -EBADMSG, -EMSGSIZE, -ELOOP */
	if (r == 0)
		return -ENOENT;                     /* there is none */
	return (int)rill_text_copy(to, room, name); /* a copy before anything is decided by it */
}

static int move_up(struct rill_builder *to, struct rill_reader *from)
{
	struct person_builder person;
	int r = rill_slot_copy(rill_builder_root(to), rill_reader_root(from));

	if (r < 0)
		return r;
	person = person_edit_root(to); /* larger, if an older program made it */
	person_office_set_floor(person_edit_office(person), 4);
	return rill_builder_error(to);
}

int main(void)
{
	struct rill_builder b, other;
	struct rill_reader reader;
	char name[16];

	assert(rill_builder_init(&b, NULL) == 0);
	assert(rill_builder_init(&other, NULL) == 0);
	assert(build(&b) == 0);
	assert(rill_builder_reader(&b, &reader, NULL) == 0);
	show(&reader);
	assert(named(&reader, name, sizeof(name)) == 3);
	assert(move_up(&other, &reader) == 0);
	assert(rill_builder_reader(&other, &reader, NULL) == 0);
	assert(person_office_get_floor(person_get_office(person_root(&reader))) == 4);
	assert(rill_reader_error(&reader) == 0);
	rill_builder_finish(&b);
	rill_builder_finish(&other);
	return 0;
}
