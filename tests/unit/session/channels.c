/* tests/unit/session/channels.c - a channel's life: offer, refusal, limits, pause, close in every order and in every
 * callback. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pair p;

/* ---- Opening --------------------------------------------------------------------------------------------------- */

static void an_offer_is_told_then_the_answer(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	end_open(&p.a, "c");
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "offer c");
	assert_string_equal(end_told(&p.a), "accepted c");
	pair_stop(&p);
}

static void what_is_sent_before_the_answer_arrives_after_the_offer(void **state)
{
	static char large[200000];

	(void)state;
	pair_open(&p, NULL);
	p.b.takes = true;
	end_open(&p.a, "c");
	assert_int_equal(rill_channel_send(p.a.ch, "ab", 2), 0);
	assert_int_equal(rill_channel_send(p.a.ch, large, sizeof(large)), 0);
	rill_channel_close(p.a.ch);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "offer c, message 2, message 200000, closed c 0");
	assert_string_equal(end_told(&p.a), "");
	pair_stop(&p);
}

static void a_channel_cannot_be_opened_before_the_session(void **state)
{
	struct rill_channel *ch = NULL;

	(void)state;
	pair_start(&p, NULL);
	assert_int_equal(rill_session_status(p.a.s), 0);
	assert_int_equal(rill_channel_open(&ch, p.a.s, "c", NULL, NULL, NULL), -EAGAIN);
	assert_null(ch);
	pair_run(&p);
	assert_true(end_was_told(&p.a, "opened") && end_was_told(&p.a, "session room"));
	assert_int_equal(rill_session_status(p.a.s), 1);
	assert_int_equal(rill_channel_open(&ch, p.a.s, NULL, NULL, NULL, NULL), 0);
	assert_string_equal(rill_channel_name(ch), "");
	pair_stop(&p);
}

static void a_refusal_tells_its_errno_and_ends_only_that_channel(void **state)
{
	struct rill_msg msg;

	(void)state;
	pair_open(&p, NULL);
	p.b.answer = -EDQUOT;
	end_open(&p.a, "no");
	assert_int_equal(rill_channel_send(p.a.ch, "lost", 4), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "offer no");
	assert_string_equal(end_told(&p.a), "closed no EDQUOT");
	assert_int_equal(rill_channel_send(p.a.ch, "x", 1), -EDQUOT);
	assert_int_equal(rill_channel_recv(p.a.ch, &msg), -EDQUOT);
	rill_channel_close(p.a.ch);
	p.b.answer = 0;
	end_open(&p.a, "yes");
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "accepted yes");
	pair_stop(&p);
}

static void without_a_channel_callback_every_offer_is_refused(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	rill_session_set_events(p.b.s, NULL, NULL);
	end_open(&p.a, "c");
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "closed c EOPNOTSUPP");
	pair_stop(&p);
}

static void name_and_metadata_arrive_and_are_limited(void **state)
{
	struct rill_channel_options o = {.size = sizeof(o)};
	static char name[RILL_NAME_MAX + 2], data[RILL_METADATA_MAX + 1];
	struct rill_channel *ch;
	const char *got;
	size_t len = 1;

	(void)state;
	pair_open(&p, NULL);
	memset(name, 'n', sizeof(name) - 1);
	pattern_fill(data, sizeof(data), 1);
	o.metadata = data;
	o.metadata_len = sizeof(data);
	assert_int_equal(rill_channel_open(&ch, p.a.s, "c", &o, NULL, NULL), -ENAMETOOLONG);
	o.metadata_len--;
	assert_int_equal(rill_channel_open(&ch, p.a.s, name, &o, NULL, NULL), -ENAMETOOLONG);
	name[RILL_NAME_MAX] = '\0';
	assert_int_equal(rill_channel_open(&ch, p.a.s, name, &o, NULL, NULL), 0);
	pair_run(&p);
	assert_string_equal(rill_channel_name(p.b.ch), name);
	got = rill_channel_metadata(p.b.ch, &len);
	assert_int_equal(len, RILL_METADATA_MAX);
	assert_memory_equal(got, data, len);
	assert_non_null(rill_channel_metadata(ch, &len));
	o.metadata = NULL;
	assert_int_equal(rill_channel_open(&ch, p.a.s, "c", &o, NULL, NULL), -EINVAL);
	o.metadata_len = 0;
	assert_int_equal(rill_channel_open(&ch, p.a.s, "c", &o, NULL, NULL), 0);
	pair_run(&p);
	assert_null(rill_channel_metadata(p.b.ch, &len));
	assert_int_equal(len, 0);
	o.size += 8;
	pair_stop(&p);
}

static void questions_answer_as_long_as_it_is_not_closed(void **state)
{
	struct rill_channel *ch;

	(void)state;
	pair_open(&p, NULL);
	assert_int_equal(rill_channel_open(&ch, p.a.s, "c", NULL, NULL, &p), 0);
	assert_ptr_equal(rill_channel_user(ch), &p);
	assert_ptr_equal(rill_channel_session(ch), p.a.s);
	assert_string_equal(rill_channel_name(NULL), "");
	assert_null(rill_channel_user(NULL));
	assert_null(rill_channel_session(NULL));
	rill_channel_close(NULL);
	rill_channel_abort(NULL, 0);
	rill_channel_pause(NULL);
	rill_channel_resume(NULL);
	rill_channel_cancel(NULL);
	rill_channel_set_events(NULL, NULL, NULL);
	pair_stop(&p);
}

/* ---- Limits and reuse ------------------------------------------------------------------------------------------ */

static void an_index_is_used_again_ten_thousand_times(void **state)
{
	struct pair_options o = {.a = {.channels = 3, .ring_bytes = 1024}, .b = {.channels = 4, .ring_bytes = 2048}};
	unsigned rounds = rounds_of(500, 10000, 100000);

	(void)state;
	pair_open(&p, &o);
	p.b.takes = true;
	for (unsigned i = 0; i < rounds; i++) {
		char want[64];
		size_t len = i % 700;
		char data[700] = {0};

		end_open(&p.a, "c");
		assert_int_equal(rill_channel_send(p.a.ch, data, len), 0);
		pair_run(&p);
		snprintf(want, sizeof(want), "offer c, message %zu", len);
		assert_string_equal(end_told(&p.b), want);
		if (i % 2)
			rill_channel_close(p.b.ch);
		else
			rill_channel_close(p.a.ch);
		pair_run(&p);
		assert_string_equal(end_told(i % 2 ? &p.a : &p.b), i % 2 ? "accepted c, closed c 0" : "closed c 0");
		end_told(&p.a);
		if (i % 2)
			rill_channel_close(p.a.ch);
		else
			rill_channel_close(p.b.ch);
		pair_run(&p);
		assert_string_equal(p.a.told, "");
		assert_string_equal(p.b.told, "");
	}
	pair_stop(&p);
}

static void both_sides_open_and_close_at_once(void **state)
{
	struct pair_options o = {.a = {.channels = 8, .ring_bytes = 1024}, .b = {.channels = 8, .ring_bytes = 1024}};
	uint64_t draw = rounds_seed();
	struct rill_channel *mine[2][8] = {{0}};

	(void)state;
	pair_open(&p, &o);
	p.a.takes = p.b.takes = p.a.silent = p.b.silent = true;
	for (unsigned i = 0; i < rounds_of(2000, 20000, 200000); i++) {
		uint64_t r = rounds_random(&draw);
		unsigned side = r & 1, slot = r >> 1 & 7;
		struct end *e = side ? &p.b : &p.a;
		struct rill_channel **ch = &mine[side][slot];

		if (!*ch) {
			int x = rill_channel_open(ch, e->s, "c", NULL, NULL, NULL);

			assert_true(x == 0 || x == -EAGAIN || x == -ENOBUFS);
		} else if (r >> 8 & 3) {
			int x = rill_channel_send(*ch, "some bytes", r >> 10 & 7);

			assert_true(x == 0 || x == -EAGAIN || x == -EPIPE || x == -ECONNABORTED);
		} else if (r >> 16 & 1) {
			rill_channel_close(*ch), *ch = NULL;
		} else {
			rill_channel_abort(*ch, -EIO), *ch = NULL;
		}
		if (!(r >> 32 & 7))
			end_step(r >> 40 & 1 ? &p.a : &p.b);
		assert_int_equal(rill_session_status(p.a.s), 1);
		assert_int_equal(rill_session_status(p.b.s), 1);
		/* The other side closes what it was offered, now and then. */
		if (!(r >> 44 & 3) && p.a.ch)
			rill_channel_close(p.a.ch), p.a.ch = NULL;
		if (!(r >> 48 & 3) && p.b.ch)
			rill_channel_close(p.b.ch), p.b.ch = NULL;
		p.a.told[0] = p.b.told[0] = '\0';
	}
	pair_stop(&p);
}

static void the_smaller_channel_limit_holds_for_both(void **state)
{
	struct pair_options o = {.a = {.channels = 5}, .b = {.channels = 3}};
	struct rill_channel *ch[4];

	(void)state;
	pair_open(&p, &o);
	for (int i = 0; i < 3; i++)
		assert_int_equal(rill_channel_open(&ch[i], p.a.s, "c", NULL, NULL, NULL), 0);
	assert_int_equal(rill_channel_open(&ch[3], p.a.s, "c", NULL, NULL, NULL), -ENOBUFS);
	pair_run(&p);
	for (int i = 0; i < 3; i++)
		end_open(&p.b, "d");
	assert_int_equal(rill_channel_open(&ch[3], p.b.s, "c", NULL, NULL, NULL), -ENOBUFS);
	pair_run(&p);
	pair_stop(&p);
}

static void a_channel_that_is_being_closed_makes_open_wait(void **state)
{
	struct pair_options o = {.a = {.channels = 2}};
	struct rill_channel *one, *two, *three;
	struct rill_msg msg;

	(void)state;
	pair_open(&p, &o);
	assert_int_equal(rill_channel_open(&one, p.a.s, "one", NULL, NULL, NULL), 0);
	assert_int_equal(rill_channel_open(&two, p.a.s, "two", NULL, NULL, NULL), 0);
	pair_run(&p);
	assert_int_equal(rill_channel_open(&three, p.a.s, "three", NULL, NULL, NULL), -ENOBUFS);
	assert_int_equal(rill_channel_send(two, "held", 4), 0);
	pair_run(&p);
	msg = end_take(&p.b);
	rill_channel_close(two);
	assert_int_equal(rill_channel_open(&three, p.a.s, "three", NULL, NULL, NULL), -EAGAIN);
	pair_run(&p);
	assert_false(end_was_told(&p.a, "session room"));
	rill_channel_close(p.b.ch);
	pair_run(&p);
	assert_false(end_was_told(&p.a, "session room")); /* a message of it is still held */
	assert_int_equal(rill_channel_open(&three, p.a.s, "three", NULL, NULL, NULL), -EAGAIN);
	rill_msg_release(&msg);
	pair_run(&p);
	assert_true(end_was_told(&p.a, "session room"));
	assert_int_equal(rill_channel_open(&three, p.a.s, "three", NULL, NULL, NULL), 0);
	pair_run(&p);
	assert_string_equal(rill_channel_name(p.b.ch), "three");
	pair_stop(&p);
}

static struct rill_msg kept;

static void close_then_open_then_release(struct end *e, const char *event, struct rill_channel *ch)
{
	struct rill_channel *next;

	if (strcmp(event, "readable") == 0)
		assert_int_equal(rill_channel_recv(ch, &kept), 0);
	if (strcmp(event, "closed") != 0)
		return;
	rill_channel_close(ch);
	assert_int_equal(rill_channel_open(&next, e->s, "next", NULL, NULL, NULL), -EAGAIN);
	rill_msg_release(&kept);
}

static void the_last_message_of_a_closed_channel_released_in_a_callback_makes_room(void **state)
{
	struct pair_options o = {.a = {.channels = 1}};

	(void)state;
	pair_open(&p, &o);
	p.a.takes = true;
	pair_channel(&p, "c");
	p.a.hook = close_then_open_then_release;
	assert_int_equal(rill_channel_send(p.b.ch, "last", 4), 0);
	rill_channel_close(p.b.ch);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "closed c 0, session room");
	pair_stop(&p);
}

static void a_held_message_survives_the_reuse_of_other_channels(void **state)
{
	struct pair_options o = {.a = {.channels = 2, .ring_bytes = 1024}};
	struct rill_msg msg;

	(void)state;
	pair_open(&p, &o);
	pair_channel(&p, "held");
	assert_int_equal(rill_channel_send(p.a.ch, "precious", 8), 0);
	msg = end_take(&p.b);
	rill_channel_close(p.a.ch);
	rill_channel_close(p.b.ch);
	p.b.takes = true;
	for (int i = 0; i < 200; i++) {
		char junk[200];

		memset(junk, i, sizeof(junk));
		pair_channel(&p, "c");
		assert_int_equal(rill_channel_send(p.a.ch, junk, sizeof(junk)), 0);
		rill_channel_close(p.a.ch);
		pair_run(&p);
		rill_channel_close(p.b.ch);
		pair_run(&p);
	}
	assert_memory_equal(msg.data, "precious", 8);
	rill_msg_release(&msg);
	pair_stop(&p);
}

/* The other side reads of the end, of the new channel, and finds its messages in the ring, all in one turn. */
static void messages_of_the_next_channel_on_an_index_are_not_taken_for_the_last_ones(void **state)
{
	struct pair_options o = {.a = {.channels = 1}};

	(void)state;
	pair_open(&p, &o);
	p.b.takes = true;
	pair_channel(&p, "first");
	for (int i = 0; i < 20; i++) {
		rill_channel_close(p.b.ch);
		end_run(&p.a);
		assert_true(end_was_told(&p.a, "closed"));
		end_told(&p.a);
		rill_channel_close(p.a.ch);
		end_open(&p.a, "next");
		assert_int_equal(rill_channel_send(p.a.ch, "one", 3), 0);
		assert_int_equal(rill_channel_send(p.a.ch, "two", 3), 0);
		pair_run(&p);
		assert_string_equal(end_told(&p.b), "offer next, message 3, message 3");
		end_told(&p.a);
	}
	pair_stop(&p);
}

static void a_full_socket_makes_open_wait_and_nothing_is_lost(void **state)
{
	struct pair_options o = {.a = {.channels = 4000, .ring_bytes = 1024}, .b = {.channels = 4000, .ring_bytes = 1024}};
	struct rill_channel_options c = {.size = sizeof(c), .metadata_len = RILL_METADATA_MAX};
	static char data[RILL_METADATA_MAX];
	struct rill_channel *ch;
	int n = 0, r;

	(void)state;
	c.metadata = data;
	pair_open(&p, &o);
	p.b.takes = p.b.silent = true;
	while ((r = rill_channel_open(&ch, p.a.s, "c", &c, NULL, NULL)) == 0) {
		assert_int_equal(rill_channel_send(ch, "x", 1), 0);
		n++;
	}
	assert_int_equal(r, -EAGAIN);
	assert_true(n > 5);
	pair_run(&p);
	assert_true(end_was_told(&p.a, "session room"));
	assert_int_equal(p.b.count, n);
	assert_int_equal(rill_channel_open(&ch, p.a.s, "c", &c, NULL, NULL), 0);
	pair_stop(&p);
}

static void closes_that_meet_a_full_socket_are_sent_later(void **state)
{
	enum { MANY = 1500 };
	struct pair_options o = {.a = {.channels = MANY, .ring_bytes = 1024}, .b = {.channels = MANY, .ring_bytes = 1024}};
	static struct rill_channel *ch[MANY];
	unsigned n = 0;

	(void)state;
	pair_open(&p, &o);
	while (n < MANY) {
		int r = rill_channel_open(&ch[n], p.a.s, "c", NULL, NULL, NULL);

		if (r == 0)
			n++;
		else
			assert_int_equal(r, -EAGAIN);
		if (r)
			pair_run(&p);
	}
	pair_run(&p);
	p.b.told[0] = '\0';
	for (unsigned i = 0; i < MANY; i++)
		rill_channel_close(ch[i]);
	rill_session_close(p.a.s);
	p.a.s = NULL;
	pair_run(&p);
	assert_true(end_was_told(&p.b, "closed c 0"));
	assert_false(end_was_told(&p.b, "ECONN"));
	assert_int_equal(rill_session_status(p.b.s), -EPIPE);
	pair_stop(&p);
}

/* ---- Ends ------------------------------------------------------------------------------------------------------ */

static void close_in_order_delivers_all_first(void **state)
{
	struct rill_msg msg;
	size_t len;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	for (int i = 0; i < 20; i++)
		assert_int_equal(rill_channel_send(p.a.ch, &i, sizeof(i)), 0);
	rill_channel_close(p.a.ch);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), ""); /* there are messages to take */
	assert_int_equal(rill_channel_send(p.b.ch, "x", 1), -EPIPE);
	for (int i = 0; i < 20; i++)
		end_expect(&p.b, &i, sizeof(i));
	assert_int_equal(rill_channel_recv(p.b.ch, &msg), -EPIPE);
	assert_int_equal(rill_channel_peek(p.b.ch, &len), -EPIPE);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "closed c 0");
	rill_channel_close(p.b.ch);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "");
	pair_stop(&p);
}

static void abort_is_told_as_such_after_what_was_committed(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	p.b.takes = true;
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
	rill_channel_abort(p.a.ch, -EIO);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "message 1, closed c ECONNABORTED");
	assert_int_equal(rill_channel_send(p.b.ch, "x", 1), -ECONNABORTED);
	assert_int_equal(rill_session_status(p.b.s), 1);
	pair_stop(&p);
}

static void abort_tells_the_peer_its_reason(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	rill_channel_abort(p.a.ch, -EDQUOT);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "closed c ECONNABORTED");
	assert_non_null(strstr(rill_session_why(p.b.s), strerror(EDQUOT)));
	pair_channel(&p, "d");
	rill_channel_abort(p.a.ch, 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "closed d ECONNABORTED");
	pair_stop(&p);
}

static void a_channels_name_is_told_in_plain_text(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	end_open(&p.b, "\033[2J\n\377");
	pair_run(&p);
	rill_channel_abort(p.b.ch, -EIO);
	pair_run(&p);
	assert_non_null(strstr(rill_session_why(p.a.s), "\"?[2J??\""));
	pair_stop(&p);
}

static void both_close_at_once(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
	assert_int_equal(rill_channel_send(p.b.ch, "x", 1), 0);
	rill_channel_close(p.a.ch);
	rill_channel_close(p.b.ch);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "");
	assert_string_equal(end_told(&p.b), "");
	pair_stop(&p);
}

static void closing_before_the_answer_is_fine(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	p.b.answer = -EPERM;
	for (int i = 0; i < 300; i++) {
		end_open(&p.a, "c");
		rill_channel_close(p.a.ch);
		if (i % 3)
			pair_run(&p);
	}
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "");
	assert_int_equal(rill_session_status(p.b.s), 1);
	pair_stop(&p);
}

static void the_end_wakes_a_sender_that_waits(void **state)
{
	int r;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	while ((r = rill_channel_send(p.a.ch, "0123456789", 10)) == 0)
		;
	assert_int_equal(r, -EAGAIN);
	rill_channel_close(p.b.ch);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "room c, closed c 0");
	pair_stop(&p);
}

/* ---- Events, pause --------------------------------------------------------------------------------------------- */

static unsigned readables;

static void count_readable(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	readables++;
	while (rill_channel_recv(ch, &msg) == 0)
		rill_msg_release(&msg);
}

static const struct rill_channel_events counting = {.size = sizeof(counting), .readable = count_readable};

static void a_readable_set_later_is_told_of_what_waits(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
	pair_run(&p);
	readables = 0;
	rill_channel_set_events(p.b.ch, &counting, NULL);
	pair_run(&p);
	assert_int_equal(readables, 1);
	rill_channel_set_events(p.b.ch, NULL, NULL);
	assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
	pair_run(&p);
	assert_int_equal(readables, 1);
	rill_channel_set_events(p.b.ch, &counting, NULL);
	pair_run(&p);
	assert_int_equal(readables, 2);
	pair_stop(&p);
}

static void a_bad_table_of_events_is_ignored(void **state)
{
	struct rill_channel_events bad = counting;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	readables = 0;
	bad.size = 0;
	rill_channel_set_events(p.b.ch, &bad, NULL);
	assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
	pair_run(&p);
	assert_int_equal(readables, 0);
	assert_ptr_equal(rill_channel_user(p.b.ch), &p.b);
	pair_stop(&p);
}

static void a_paused_channel_is_silent_and_costs_nothing(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	p.b.takes = true;
	pair_channel(&p, "c");
	rill_channel_pause(p.b.ch);
	for (int i = 0; i < 10; i++)
		assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
	pair_run(&p); /* comes to rest: nothing is spent */
	assert_string_equal(end_told(&p.b), "");
	rill_channel_close(p.a.ch);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "");
	end_expect(&p.b, "x", 1); /* recv works all the while */
	rill_channel_resume(p.b.ch);
	assert_string_equal(end_told(&p.b), ""); /* from the next dispatch */
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "message 1, message 1, message 1, message 1, message 1, message 1, "
	                                    "message 1, message 1, message 1, closed c 0");
	pair_stop(&p);
}

static void closed_waits_for_resume_and_the_sessions_closed_does_not(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	p.b.takes = true;
	pair_channel(&p, "c");
	rill_channel_pause(p.b.ch);
	assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
	rill_session_close(p.a.s);
	p.a.s = NULL;
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "session closed 0");
	rill_channel_resume(p.b.ch);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "message 1, closed c 0");
	pair_stop(&p);
}

static void pause_inside_readable(struct end *e, const char *event, struct rill_channel *ch)
{
	if (strcmp(event, "readable") == 0 && e->count == 0)
		rill_channel_pause(ch);
}

static void pausing_in_readable_stops_at_once(void **state)
{
	struct pair_options o = {.ctx_b = {.budget = 1}};

	(void)state;
	pair_open(&p, &o);
	p.b.takes = true;
	pair_channel(&p, "c");
	p.b.hook = pause_inside_readable;
	for (int i = 0; i < 4; i++)
		assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
	pair_run(&p);
	assert_int_equal(p.b.count, 1);
	rill_channel_resume(p.b.ch);
	pair_run(&p);
	assert_int_equal(p.b.count, 4);
	pair_stop(&p);
}

/* ---- Closing in every callback --------------------------------------------------------------------------------- */

enum closing { CLOSE_CHANNEL, ABORT_CHANNEL, CLOSE_SESSION, ABORT_SESSION, DESTROY_CTX, CLOSINGS };

struct strike {
	const char *event;
	enum closing how;
	bool done;
	struct rill_channel *dead;
	unsigned after; /* callbacks that came although all was closed */
};

static void strike(struct end *e, const char *event, struct rill_channel *ch)
{
	struct strike *st = e->with;
	struct rill_msg msg;

	if (st->done && (st->how >= CLOSE_SESSION || (ch && ch == st->dead)))
		st->after++;
	if (st->done || strcmp(event, st->event))
		return;
	st->done = true;
	if (!ch)
		ch = e->ch;
	st->dead = ch;
	switch (st->how) {
	case CLOSE_CHANNEL:
		rill_channel_close(ch);
		break;
	case ABORT_CHANNEL:
		rill_channel_abort(ch, -EIO);
		break;
	case CLOSE_SESSION:
		rill_session_close(e->s);
		break;
	case ABORT_SESSION:
		rill_session_abort(e->s, -EIO);
		break;
	default:
		rill_ctx_destroy(e->ctx);
	}
	if (ch) { /* safe to pass until the dispatch returns */
		assert_int_equal(rill_channel_recv(ch, &msg), -ECANCELED);
		assert_int_equal(rill_channel_send(ch, "x", 1), -ECANCELED);
		assert_null(rill_channel_user(ch));
		rill_channel_close(ch);
	}
	if (st->how >= CLOSE_SESSION) {
		assert_int_equal(rill_session_status(e->s), -ECANCELED);
		rill_session_close(e->s);
		e->s = NULL;
	}
}

/* Makes every kind of callback happen at both ends. */
static void exercise(struct pair *q)
{
	char data[2000] = {0};

	if (q->a.s && rill_channel_open(&q->a.ch, q->a.s, "c", NULL, NULL, NULL) == -EAGAIN)
		q->a.ch = NULL;
	pair_run(q);
	if (q->a.s && q->a.ctx && rill_session_status(q->a.s) == 1) {
		end_open(&q->a, "c");
		pair_run(q);
	}
	for (int i = 0; q->a.s && q->a.ctx && q->a.ch && i < 100; i++)
		if (rill_channel_send(q->a.ch, data, sizeof(data)) != 0)
			break;
	pair_run(q);
	if (q->b.s && q->b.ctx && q->b.ch && rill_session_status(q->b.s) == 1) {
		while (rill_channel_send(q->b.ch, data, 1000) == 0)
			;
		pair_run(q);
	}
	if (q->b.s && q->b.ctx && q->b.ch)
		rill_channel_close(q->b.ch);
	pair_run(q);
	if (q->b.s && q->b.ctx)
		rill_session_close(q->b.s), q->b.s = NULL;
	pair_run(q);
}

static void all_may_be_closed_in_any_callback(void **state)
{
	static const char *const events[] = {"opened",   "offer",  "accepted",         "readable",
	                                     "writable", "closed", "session writable", "session closed"};
	unsigned struck = 0;

	(void)state;
	for (unsigned i = 0; i < 8 * CLOSINGS * 2; i++) {
		struct strike st = {.event = events[i / 2 / CLOSINGS], .how = (enum closing)(i / 2 % CLOSINGS)};
		struct end *e = i % 2 ? &p.b : &p.a;

		pair_start(&p, &(struct pair_options){.a = {.ring_bytes = 8192}});
		p.a.takes = p.b.takes = p.a.silent = p.b.silent = true;
		e->hook = strike;
		e->with = &st;
		exercise(&p);
		struck += st.done;
		assert_int_equal(st.after, 0);
		pair_stop(&p);
	}
	/* a is told all but an offer; b is told opened, offer, readable, writable, and not what it closed by itself. */
	assert_int_equal(struck, (7 + 4) * CLOSINGS);
}

static void close_other(struct end *e, const char *event, struct rill_channel *ch)
{
	struct rill_channel **both = e->with;

	if (strcmp(event, "readable"))
		return;
	rill_channel_close(both[0] == ch ? both[1] : both[0]);
}

static void a_channel_closed_by_anothers_callback_is_not_told(void **state)
{
	struct rill_channel *x, *y, *both[2];

	(void)state;
	pair_open(&p, NULL);
	p.b.takes = true;
	x = end_open(&p.a, "x");
	pair_run(&p);
	both[0] = p.b.ch;
	y = end_open(&p.a, "y");
	pair_run(&p);
	both[1] = p.b.ch;
	end_told(&p.b);
	p.b.hook = close_other;
	p.b.with = both;
	assert_int_equal(rill_channel_send(x, "x", 1), 0);
	assert_int_equal(rill_channel_send(y, "y", 1), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "message 1");
	pair_stop(&p);
}

static void reopen(struct end *e, const char *event, struct rill_channel *ch)
{
	struct rill_channel *again = NULL;
	struct rill_msg msg;

	if (strcmp(event, "closed") || e->with)
		return;
	e->with = e;
	rill_channel_close(ch);
	if (rill_channel_open(&again, e->s, "again", NULL, NULL, NULL) == 0)
		assert_ptr_not_equal(again, ch);
	assert_int_equal(rill_channel_recv(ch, &msg), -ECANCELED);
}

static void a_closed_pointer_is_not_given_out_again_in_the_same_dispatch(void **state)
{
	struct pair_options o = {.a = {.channels = 1}};

	(void)state;
	pair_open(&p, &o);
	p.a.hook = reopen;
	pair_channel(&p, "c");
	rill_channel_close(p.b.ch);
	pair_run(&p);
	assert_true(end_was_told(&p.a, "closed c 0, session room"));
	pair_channel(&p, "later");
	assert_string_equal(rill_channel_name(p.b.ch), "later");
	pair_stop(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_offer_is_told_then_the_answer),
		T(what_is_sent_before_the_answer_arrives_after_the_offer),
		T(a_channel_cannot_be_opened_before_the_session),
		T(a_refusal_tells_its_errno_and_ends_only_that_channel),
		T(without_a_channel_callback_every_offer_is_refused),
		T(name_and_metadata_arrive_and_are_limited),
		T(questions_answer_as_long_as_it_is_not_closed),
		T(an_index_is_used_again_ten_thousand_times),
		T(both_sides_open_and_close_at_once),
		T(the_smaller_channel_limit_holds_for_both),
		T(a_channel_that_is_being_closed_makes_open_wait),
		T(the_last_message_of_a_closed_channel_released_in_a_callback_makes_room),
		T(a_held_message_survives_the_reuse_of_other_channels),
		T(messages_of_the_next_channel_on_an_index_are_not_taken_for_the_last_ones),
		T(a_full_socket_makes_open_wait_and_nothing_is_lost),
		T(closes_that_meet_a_full_socket_are_sent_later),
		T(close_in_order_delivers_all_first),
		T(abort_is_told_as_such_after_what_was_committed),
		T(abort_tells_the_peer_its_reason),
		T(a_channels_name_is_told_in_plain_text),
		T(both_close_at_once),
		T(closing_before_the_answer_is_fine),
		T(the_end_wakes_a_sender_that_waits),
		T(a_readable_set_later_is_told_of_what_waits),
		T(a_bad_table_of_events_is_ignored),
		T(a_paused_channel_is_silent_and_costs_nothing),
		T(closed_waits_for_resume_and_the_sessions_closed_does_not),
		T(pausing_in_readable_stops_at_once),
		T(all_may_be_closed_in_any_callback),
		T(a_channel_closed_by_anothers_callback_is_not_told),
		T(a_closed_pointer_is_not_given_out_again_in_the_same_dispatch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
