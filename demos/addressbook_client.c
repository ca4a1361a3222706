/* demos/addressbook_client.c - adds some people, all in flight at once, then looks for those whose name begins with "A". */
#include "addressbook.h"

#include <demos/addressbook.rill.h>
#include <errno.h>
#include <rill/letter.h>
#include <rill/rill.h>
#include <stdio.h>

#define PEOPLE 3
#define SECOND UINT64_C(1000000000)

struct client {
	struct rill_rpc *rpc;
	unsigned added;
	int ended; /* why, 1: done */
};

/* What every answer begins with: is there one, and can it be read? */
static bool opened(struct client *c, const struct rill_answer *a, struct rill_letter *letter)
{
	int r = a->end == RILL_ANSWERED ? rill_letter_open(letter, a->msg, NULL) : a->error;

	if (r < 0)
		c->ended = r;
	return r == 0;
}

/* ---- Find ------------------------------------------------------------------------------------------------------- */

static void print_phones(struct book_person_phone_list phones)
{
	char number[32];

	for (size_t i = 0; i < book_person_phone_list_count(phones); i++) {
		struct book_person_phone phone = book_person_phone_list_at(phones, i);
		const char *kind = book_person_kind_name(book_person_phone_get_kind(phone));

		rill_text_copy(number, sizeof(number), book_person_phone_get_number(phone));
		printf(", %s %s", kind ? kind : "(of a newer schema)", number);
	}
}

static void print(struct book_person p)
{
	char name[64] = "?", email[64] = "?";

	rill_text_copy(name, sizeof(name), book_person_get_name(p));
	rill_text_copy(email, sizeof(email), book_person_get_email(p));
	printf("%u: %s <%s>", book_person_get_id(p), name, email);
	print_phones(book_person_get_phones(p));
	printf("\n");
}

static void on_found(const struct rill_answer *a, void *user)
{
	struct client *c = user;
	struct rill_letter letter;
	struct book_person_list people;

	if (!opened(c, a, &letter))
		return;
	people = book_people_get_people(book_people_of(rill_letter_root(&letter)));
	for (size_t i = 0; i < book_person_list_count(people); i++)
		print(book_person_list_at(people, i));
	c->ended = rill_reader_error(&letter.reader) < 0 ? rill_reader_error(&letter.reader) : 1;
}

static int find(struct client *c, const char *name)
{
	struct rill_ask ask = {.size = sizeof(ask), .type = BOOK_FIND, .timeout_ns = SECOND, .answered = on_found, .user = c};
	struct rill_draft draft;
	int r = rill_draft_call(&draft, c->rpc, &ask, NULL);

	if (r < 0)
		return r;
	book_query_set_name(book_query_new(rill_draft_root(&draft)), name);
	return rill_draft_send(&draft, NULL);
}

/* ---- Add -------------------------------------------------------------------------------------------------------- */

static void on_added(const struct rill_answer *a, void *user)
{
	struct client *c = user;
	struct rill_letter letter;
	int r = 0;

	if (!opened(c, a, &letter))
		return;
	if (++c->added == PEOPLE)
		r = find(c, "A");
	if (r < 0)
		c->ended = r;
}

static int add(struct client *c, const char *name, const char *email, const char *number, enum book_person_kind kind)
{
	struct rill_ask ask = {.size = sizeof(ask), .type = BOOK_ADD, .timeout_ns = SECOND, .answered = on_added, .user = c};
	struct book_person_phone_builder phone;
	struct book_person_builder person;
	struct rill_draft draft;
	int r = rill_draft_call(&draft, c->rpc, &ask, NULL);

	if (r < 0)
		return r;
	person = book_person_new(rill_draft_root(&draft));
	book_person_set_name(person, name);
	book_person_set_email(person, email);
	phone = book_person_phone_list_edit_at(book_person_init_phones(person, 1), 0);
	book_person_phone_set_number(phone, number);
	book_person_phone_set_kind(phone, kind);
	return rill_draft_send(&draft, NULL);
}

static int add_all(struct client *c)
{
	int r = add(c, "Ada Lovelace", "ada@example.org", "1815", BOOK_PERSON_KIND_HOME);

	if (r == 0)
		r = add(c, "Charles Babbage", "charles@example.org", "1791", BOOK_PERSON_KIND_WORK);
	if (r == 0)
		r = add(c, "Alan Turing", "alan@example.org", "1912", BOOK_PERSON_KIND_MOBILE);
	return r;
}

/* ---- The loop --------------------------------------------------------------------------------------------------- */

static void on_opened(struct rill_session *s, void *user)
{
	struct client *c = user;
	struct rill_channel *ch;
	int r = rill_channel_open(&ch, s, "addressbook", NULL, NULL, NULL);

	if (r == 0)
		r = rill_rpc_create(&c->rpc, ch, NULL, NULL, c);
	if (r == 0)
		r = add_all(c);
	if (r < 0)
		c->ended = r;
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)s;
	((struct client *)user)->ended = why ? why : -EPIPE;
}

int addressbook_ask(int fd)
{
	static const struct rill_session_events events = {.size = sizeof(events), .opened = on_opened, .closed = on_closed};
	struct client c = {0};
	struct rill_session *s;
	struct rill_ctx *ctx;
	int r = rill_ctx_create(&ctx, NULL);

	if (r < 0)
		return r;
	r = rill_session_adopt(&s, ctx, fd, NULL, &events, &c);
	while (r >= 0 && !c.ended)
		r = rill_poll_wait(ctx, -1);
	if (r >= 0)
		rill_session_close(s);
	while (r >= 0 && !rill_ctx_done(ctx)) /* until the server has heard it */
		r = rill_poll_wait(ctx, -1);
	rill_ctx_destroy(ctx);
	return c.ended < 0 ? c.ended : r;
}
