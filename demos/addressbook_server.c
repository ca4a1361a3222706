/* demos/addressbook_server.c - keeps people, each as a message of its own, and answers in place: what it sends is built in the
 * ring, or, when many are found, in an arena that is lent. */
#include "addressbook.h"

#include <demos/addressbook.rill.h>
#include <errno.h>
#include <rill/letter.h>
#include <rill/rill.h>
#include <stdio.h>

#define PEOPLE 1000
#define NAME 64

struct book {
	struct rill_builder people[PEOPLE]; /* a Person each, private: nobody can change them */
	uint32_t count;
	struct rill_arena *arena;
	int ended; /* why, 1: in order */
};

static struct book_person person_at(struct book *b, uint32_t i, struct rill_reader *reader)
{
	rill_builder_reader(&b->people[i], reader, NULL);
	return book_person_root(reader);
}

/* ---- Requests --------------------------------------------------------------------------------------------------- */

static int keep(struct book *b, struct book_person person)
{
	struct rill_builder *to = &b->people[b->count];
	struct book_person_builder copy;
	int r = b->count < PEOPLE ? rill_builder_init(to, NULL) : -ENOSPC;

	if (r < 0)
		return r;
	copy = book_person_new_root(to);
	r = book_person_copy(copy, person); /* deep; the peer may scribble, the copy is sound or an error */
	if (r < 0) {
		rill_builder_finish(to);
		return r;
	}
	book_person_set_id(copy, ++b->count);
	return 0;
}

static int on_add(struct rill_request rq, struct rill_msg *msg, void *user)
{
	struct rill_letter letter;
	struct rill_draft draft;
	struct book *b = user;
	int r = rill_letter_open(&letter, msg, NULL);

	if (r == 0)
		r = keep(b, book_person_of(rill_letter_root(&letter)));
	if (r == 0)
		r = rill_draft_answer(&draft, rq, true, NULL);
	if (r < 0)
		return r; /* the client is told */
	book_added_set_id(book_added_new(rill_draft_root(&draft)), b->count);
	return rill_draft_send(&draft, NULL);
}

static uint32_t matches(struct book *b, const char *name, size_t len, uint32_t *ret)
{
	struct rill_reader reader;
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		struct rill_text text = book_person_get_name(person_at(b, i, &reader));

		if (text.len >= len && memcmp(text.at, name, len) == 0)
			ret[n++] = i;
	}
	return n;
}

static void fill(struct book *b, struct book_people_builder to, const uint32_t *found, uint32_t count)
{
	struct book_person_list_builder list = book_people_init_people(to, count);
	struct rill_reader reader;

	for (uint32_t i = 0; i < count; i++)
		book_person_copy(book_person_list_edit_at(list, i), person_at(b, found[i], &reader));
}

static int on_find(struct rill_request rq, struct rill_msg *msg, void *user)
{
	struct book *b = user;
	struct rill_draft_options o = {.size = sizeof(o), .arena = b->arena};
	uint32_t found[PEOPLE], count;
	struct rill_letter letter;
	struct rill_draft draft;
	char name[NAME];
	ssize_t len;
	int r = rill_letter_open(&letter, msg, NULL);

	if (r < 0)
		return r;
	len = rill_text_copy(name, sizeof(name), book_query_get_name(book_query_of(rill_letter_root(&letter))));
	if (len < 0)
		return (int)len;
	count = matches(b, name, (size_t)len, found);
	r = rill_draft_answer(&draft, rq, true, &o);
	if (r < 0)
		return r;
	fill(b, book_people_new(rill_draft_root(&draft)), found, count);
	return rill_draft_send(&draft, NULL);
}

/* ---- The loop --------------------------------------------------------------------------------------------------- */

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)s;
	((struct book *)user)->ended = why ? why : 1;
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	static const struct rill_handler handlers[] = {
		{.type = BOOK_ADD, .request = on_add},
		{.type = BOOK_FIND, .request = on_find},
	};
	struct rill_rpc_options o = {.size = sizeof(o), .handlers = handlers, .handler_count = 2};
	struct rill_rpc *rpc;

	(void)s;
	return rill_rpc_create(&rpc, ch, &o, NULL, user);
}

int addressbook_serve(int fd)
{
	static const struct rill_session_events events = {.size = sizeof(events), .channel = on_channel, .closed = on_closed};
	static struct book b;
	struct rill_session *s;
	struct rill_ctx *ctx;
	int r = rill_ctx_create(&ctx, NULL);

	if (r < 0)
		return r;
	r = rill_session_adopt(&s, ctx, fd, NULL, &events, &b);
	if (r == 0)
		r = rill_arena_create(&b.arena, ctx, NULL);
	while (r >= 0 && !b.ended)
		r = rill_epoll_wait(ctx, -1);
	printf("server: %u people\n", b.count);
	while (b.count > 0)
		rill_builder_finish(&b.people[--b.count]);
	rill_ctx_destroy(ctx);
	return b.ended < 0 ? b.ended : r;
}
