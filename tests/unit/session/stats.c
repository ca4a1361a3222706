/* tests/unit/session/stats.c - counters are exact: after a known exchange each has a known value, in a channel, in its session,
 * in its ctx, while they live and when they are gone, and in JSON. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pair p;
static char large[50000];

static struct rill_stats of_channel(const struct rill_channel *ch)
{
	struct rill_stats st = {.size = sizeof(st)};

	assert_int_equal(rill_channel_stats(ch, &st), 0);
	return st;
}

static struct rill_stats of_session(const struct end *e)
{
	struct rill_stats st = {.size = sizeof(st)};

	assert_int_equal(rill_session_stats(e->s, &st), 0);
	return st;
}

static struct rill_stats of_ctx(const struct end *e)
{
	struct rill_stats st = {.size = sizeof(st)};

	assert_int_equal(rill_ctx_stats(e->ctx, &st), 0);
	return st;
}

static void open_pair(const struct pair_options *o)
{
	pair_open(&p, o);
	p.a.takes = p.b.takes = p.a.silent = p.b.silent = true;
	pair_channel(&p, "c");
	pair_run(&p);
}

static void send_times(struct end *e, unsigned times, size_t len)
{
	for (unsigned i = 0; i < times; i++)
		assert_int_equal(rill_channel_send(e->ch, large, len), 0);
}

/* ---- Messages and bells ---------------------------------------------------------------------------------------- */

static void messages_and_bytes_are_counted_where_they_are_committed_and_where_they_are_taken(void **state)
{
	struct rill_stats st;

	(void)state;
	open_pair(NULL);
	send_times(&p.a, 3, 10);
	send_times(&p.a, 1, 0);
	send_times(&p.a, 1, sizeof(large)); /* lent */
	st = of_channel(p.b.ch);
	assert_int_equal(st.taken, 0);
	pair_run(&p);
	st = of_channel(p.a.ch);
	assert_int_equal(st.sent, 5);
	assert_int_equal(st.sent_bytes, 30 + sizeof(large));
	assert_int_equal(st.taken + st.taken_bytes + st.again, 0);
	st = of_channel(p.b.ch);
	assert_int_equal(st.taken, 5);
	assert_int_equal(st.taken_bytes, 30 + sizeof(large));
	assert_int_equal(st.sent + st.sent_bytes, 0);
	assert_int_equal(of_session(&p.a).lent_high, sizeof(large));
	pair_stop(&p);
}

static void what_is_committed_is_counted_not_what_was_reserved_or_cancelled(void **state)
{
	struct rill_room room;

	(void)state;
	open_pair(NULL);
	assert_int_equal(rill_channel_reserve(p.a.ch, 100, &room), 0);
	assert_int_equal(rill_channel_commit(p.a.ch, 7), 0);
	assert_int_equal(rill_channel_reserve(p.a.ch, 100, &room), 0);
	rill_channel_cancel(p.a.ch);
	assert_int_equal(of_channel(p.a.ch).sent, 1);
	assert_int_equal(of_channel(p.a.ch).sent_bytes, 7);
	pair_stop(&p);
}

static void a_burst_to_a_sleeper_is_one_entry_one_bell_one_wakeup(void **state)
{
	struct rill_stats before[2], st;

	(void)state;
	open_pair(NULL);
	before[0] = of_session(&p.a);
	before[1] = of_session(&p.b);
	send_times(&p.a, 20, 10);
	st = of_channel(p.a.ch);
	assert_int_equal(st.told, 1);
	assert_int_equal(st.spared, 19);
	assert_int_equal(of_session(&p.a).bells - before[0].bells, 1);
	assert_int_equal(of_session(&p.b).wakeups, before[1].wakeups);
	pair_run(&p);
	assert_int_equal(of_session(&p.b).wakeups - before[1].wakeups, 1);
	assert_int_equal(of_session(&p.a).bells_spared, before[0].bells_spared);
	pair_stop(&p);
}

static void two_channels_of_one_sleeper_share_a_bell(void **state)
{
	struct rill_channel *first;
	struct rill_stats before;

	(void)state;
	open_pair(NULL);
	first = p.a.ch;
	pair_channel(&p, "d");
	pair_run(&p);
	before = of_session(&p.a);
	assert_int_equal(rill_channel_send(first, "x", 1), 0);
	assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
	assert_int_equal(of_session(&p.a).told - before.told, 2);
	assert_int_equal(of_session(&p.a).bells - before.bells, 1);
	assert_int_equal(of_session(&p.a).bells_spared - before.bells_spared, 1);
	pair_stop(&p);
}

static void every_hop_asleep_is_a_wakeup_in_either_form_of_the_bell(void **state)
{
	(void)state;
	for (unsigned by_socket = 0; by_socket < 2; by_socket++) {
		struct pair_options o = {.a.socket_bell = by_socket};
		struct rill_stats a, b;

		open_pair(&o);
		a = of_session(&p.a);
		b = of_session(&p.b);
		for (int i = 0; i < 10; i++) {
			send_times(&p.a, 1, 8);
			pair_run(&p);
			send_times(&p.b, 1, 8);
			pair_run(&p);
		}
		assert_int_equal(of_session(&p.a).bells - a.bells, 10);
		assert_int_equal(of_session(&p.a).wakeups - a.wakeups, 10);
		assert_int_equal(of_session(&p.b).bells - b.bells, 10);
		assert_int_equal(of_session(&p.b).wakeups - b.wakeups, 10);
		assert_int_equal(of_session(&p.a).packets - a.packets, by_socket ? 10 : 0);
		pair_stop(&p);
	}
}

static void to_a_spinner_everything_is_spared(void **state)
{
	struct rill_stats before, after;

	(void)state;
	open_pair(NULL);
	send_times(&p.a, 1, 8); /* the one that may cost a bell */
	rill_ctx_poll(p.b.ctx, 0);
	before = of_session(&p.a);
	for (int i = 0; i < 100; i++) {
		send_times(&p.a, 1, 8);
		rill_ctx_poll(p.b.ctx, 0);
	}
	after = of_session(&p.a);
	assert_int_equal(p.b.count, 101);
	assert_int_equal(after.sent - before.sent, 100);
	assert_int_equal(after.spared - before.spared, 100);
	assert_int_equal(after.bells + after.bells_spared, before.bells + before.bells_spared);
	pair_stop(&p);
}

/* ---- Refusals and high water ----------------------------------------------------------------------------------- */

static void a_full_ring_counts_each_refusal_and_its_high_water(void **state)
{
	struct pair_options o = {.a.ring_bytes = 1024};
	unsigned sent = 0, refused = 0;

	(void)state;
	open_pair(&o);
	rill_channel_pause(p.b.ch);
	while (rill_channel_send(p.a.ch, large, 120) == 0)
		sent++;
	for (refused = 1; refused < 5; refused++)
		assert_int_equal(rill_channel_send(p.a.ch, large, 120), -EAGAIN);
	assert_int_equal(of_channel(p.a.ch).sent, sent);
	assert_int_equal(of_channel(p.a.ch).again, refused);
	assert_int_equal(of_channel(p.a.ch).ring_high, sent * 128);
	assert_int_equal(of_channel(p.b.ch).ring_high, 0);
	pair_stop(&p);
}

static void a_channel_that_cannot_be_opened_now_is_a_refusal_of_its_session(void **state)
{
	struct rill_channel *ch;

	(void)state;
	pair_start(&p, NULL);
	assert_int_equal(rill_channel_open(&ch, p.a.s, "early", NULL, NULL, NULL), -EAGAIN);
	assert_int_equal(of_session(&p.a).again, 1);
	assert_int_equal(of_session(&p.a).channels, 0);
	pair_stop(&p);
}

/* ---- Sums ------------------------------------------------------------------------------------------------------ */

static void a_session_keeps_what_its_closed_channels_counted(void **state)
{
	struct pair_options o = {.a.channels = 1, .b.channels = 1};

	(void)state;
	open_pair(&o);
	for (unsigned i = 1; i <= 3; i++) { /* one index, again and again */
		send_times(&p.a, 2, 100);
		pair_run(&p);
		assert_int_equal(of_channel(p.a.ch).sent, 2);
		rill_channel_close(p.a.ch);
		pair_run(&p);
		rill_channel_close(p.b.ch);
		pair_run(&p);
		assert_int_equal(of_session(&p.a).sent, 2 * i);
		assert_int_equal(of_session(&p.b).taken_bytes, 200 * i);
		assert_int_equal(of_session(&p.a).channels, i);
		assert_int_equal(of_session(&p.b).channels, i);
		if (i < 3) {
			pair_channel(&p, "c");
			assert_int_equal(of_channel(p.a.ch).sent, 0);
		}
	}
	pair_stop(&p);
}

static void a_ctx_keeps_what_its_closed_sessions_counted(void **state)
{
	(void)state;
	open_pair(NULL);
	send_times(&p.a, 4, 25);
	pair_run(&p);
	assert_int_equal(of_ctx(&p.a).sent, 4);
	rill_session_close(p.a.s);
	rill_session_close(p.b.s);
	p.a.s = p.b.s = NULL;
	pair_run(&p);
	assert_int_equal(rill_ctx_pollfds(p.a.ctx, NULL, 0), 0);
	assert_int_equal(of_ctx(&p.a).sent_bytes, 100);
	assert_int_equal(of_ctx(&p.b).taken, 4);
	assert_int_equal(of_ctx(&p.b).sessions, 1);
	assert_int_equal(of_ctx(&p.b).channels, 1);
	end_stop(&p.a);
	end_stop(&p.b);
}

static void dispatches_and_polls_are_counted_apart(void **state)
{
	struct rill_stats before, after;

	(void)state;
	open_pair(NULL);
	before = of_ctx(&p.a);
	for (int i = 0; i < 5; i++)
		rill_ctx_poll(p.a.ctx, 0);
	for (int i = 0; i < 3; i++)
		rill_ctx_dispatch(p.a.ctx, NULL);
	after = of_ctx(&p.a);
	assert_int_equal(after.polls - before.polls, 5);
	assert_int_equal(after.dispatches - before.dispatches, 3);
	pair_stop(&p);
}

/* ---- The interface --------------------------------------------------------------------------------------------- */

static void a_smaller_struct_is_filled_as_far_as_it_goes_and_a_larger_one_zeroed(void **state)
{
	struct {
		struct rill_stats st;
		uint64_t newer;
	} big = {.st.size = sizeof(big), .newer = 7};
	struct rill_stats small = {.size = offsetof(struct rill_stats, taken), .taken = 99}, none = {0};

	(void)state;
	open_pair(NULL);
	send_times(&p.a, 1, 10);
	assert_int_equal(rill_channel_stats(p.a.ch, &small), 0);
	assert_int_equal(small.sent_bytes, 10);
	assert_int_equal(small.taken, 99);
	assert_int_equal(rill_channel_stats(p.a.ch, &big.st), 0);
	assert_int_equal(big.st.sent, 1);
	assert_int_equal(big.newer, 0);
	assert_int_equal(rill_channel_stats(p.a.ch, &none), -EINVAL);
	assert_int_equal(rill_session_stats(p.a.s, NULL), -EINVAL);
	assert_int_equal(rill_ctx_stats(p.a.ctx, NULL), -EINVAL);
	assert_int_equal(rill_channel_stats(NULL, &small), -EINVAL);
	pair_stop(&p);
}

static void json_has_every_object_that_lives_and_the_sums(void **state)
{
	static char text[4096], want[4096];
	struct rill_stats a;

	(void)state;
	open_pair(NULL);
	send_times(&p.a, 2, 10);
	pair_run(&p);
	a = of_session(&p.a);
	assert_true(rill_ctx_stats_json(p.a.ctx, text, sizeof(text)) < (int)sizeof(text));
	snprintf(want, sizeof(want),
	         "\"live\":[{\"pid\":%d,\"uid\":%d,\"why\":\"open\",\"sent\":2,\"sent_bytes\":20,\"taken\":0,\"taken_bytes\":0,"
	         "\"told\":1,\"spared\":1,\"again\":0,\"ring_high\":0,\"bells\":%d,\"bells_spared\":%d,\"wakeups\":%d,"
	         "\"packets\":%d,\"channels\":1,\"lent_high\":0,\"live\":[{\"name\":\"c\",\"sent\":2,\"sent_bytes\":20,"
	         "\"taken\":0,\"taken_bytes\":0,\"told\":1,\"spared\":1,\"again\":0,\"ring_high\":0,\"index\":%d}]}]}",
	         (int)getpid(), (int)getuid(), (int)a.bells, (int)a.bells_spared, (int)a.wakeups, (int)a.packets,
	         strstr(text, "\"index\":1") ? 1 : 0);
	assert_non_null(strstr(text, want));
	assert_int_equal(strncmp(text, "{\"sent\":2,\"sent_bytes\":20,", 26), 0);
	pair_stop(&p);
}

static void json_of_a_name_that_a_peer_chose_is_plain(void **state)
{
	static char text[4096];

	(void)state;
	open_pair(NULL);
	end_open(&p.b, "q\"b\\s\n\x80\x7f");
	pair_run(&p);
	assert_true(rill_ctx_stats_json(p.a.ctx, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "\"name\":\"q\\\"b\\\\s???\","));
	pair_stop(&p);
}

static void json_says_how_long_it_is_and_writes_no_more_than_there_is_room_for(void **state)
{
	char small[32], *whole;
	int len;

	(void)state;
	open_pair(NULL);
	len = rill_ctx_stats_json(p.a.ctx, NULL, 0);
	assert_true(len > 100);
	memset(small, 'x', sizeof(small));
	assert_int_equal(rill_ctx_stats_json(p.a.ctx, small, 16), len);
	assert_int_equal(small[15], '\0');
	assert_int_equal(small[16], 'x');
	whole = malloc((size_t)len + 1);
	assert_non_null(whole);
	assert_int_equal(rill_ctx_stats_json(p.a.ctx, whole, (size_t)len + 1), len);
	assert_int_equal(strlen(whole), len);
	assert_int_equal(strncmp(whole, small, 15), 0);
	free(whole);
	assert_int_equal(rill_ctx_stats_json(p.a.ctx, NULL, 1), -EINVAL);
	pair_stop(&p);
}

static int ask_in_a_child(struct child *self, void *arg)
{
	struct rill_stats st = {.size = sizeof(st)};
	char text[64];

	(void)self, (void)arg;
	CHILD_CHECK(rill_ctx_stats(p.a.ctx, &st) == -ECHILD);
	CHILD_CHECK(rill_session_stats(p.a.s, &st) == -ECHILD);
	CHILD_CHECK(rill_channel_stats(p.a.ch, &st) == -ECHILD);
	CHILD_CHECK(rill_ctx_stats_json(p.a.ctx, text, sizeof(text)) == -ECHILD);
	rill_ctx_destroy(p.a.ctx);
	rill_ctx_destroy(p.b.ctx);
	return 0;
}

static void in_a_forked_child_nothing_is_told(void **state)
{
	struct child c;

	(void)state;
	open_pair(NULL);
	assert_int_equal(child_start(&c, ask_in_a_child, NULL), 0);
	assert_int_equal(child_wait(&c, 60000), 0);
	pair_stop(&p);
}

/* A session that its user has closed, and of which he holds a message, is there still and says so; a closed channel is not. */
static void json_of_what_is_closing(void **state)
{
	static char text[4096];
	struct rill_channel *gone;
	struct rill_msg held;

	(void)state;
	open_pair(NULL);
	gone = p.a.ch;
	p.a.takes = p.b.takes = false;
	pair_channel(&p, "stays");
	assert_int_equal(rill_channel_send(p.b.ch, large, sizeof(large)), 0);
	pair_run(&p);
	held = end_take(&p.a);
	rill_channel_close(gone);
	assert_true(rill_ctx_stats_json(p.a.ctx, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "\"name\":\"stays\""));
	assert_null(strstr(text, "\"name\":\"c\""));
	rill_session_close(p.a.s);
	p.a.s = NULL;
	assert_true(rill_ctx_stats_json(p.a.ctx, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "\"why\":\"closed\""));
	rill_msg_release(&held);
	pair_run(&p);
	assert_true(rill_ctx_stats_json(p.a.ctx, text, sizeof(text)) > 0);
	assert_null(strstr(text, "\"why\":"));
	pair_stop(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(messages_and_bytes_are_counted_where_they_are_committed_and_where_they_are_taken),
		T(what_is_committed_is_counted_not_what_was_reserved_or_cancelled),
		T(a_burst_to_a_sleeper_is_one_entry_one_bell_one_wakeup),
		T(two_channels_of_one_sleeper_share_a_bell),
		T(every_hop_asleep_is_a_wakeup_in_either_form_of_the_bell),
		T(to_a_spinner_everything_is_spared),
		T(a_full_ring_counts_each_refusal_and_its_high_water),
		T(a_channel_that_cannot_be_opened_now_is_a_refusal_of_its_session),
		T(a_session_keeps_what_its_closed_channels_counted),
		T(a_ctx_keeps_what_its_closed_sessions_counted),
		T(dispatches_and_polls_are_counted_apart),
		T(a_smaller_struct_is_filled_as_far_as_it_goes_and_a_larger_one_zeroed),
		T(json_has_every_object_that_lives_and_the_sums),
		T(json_of_a_name_that_a_peer_chose_is_plain),
		T(json_of_what_is_closing),
		T(json_says_how_long_it_is_and_writes_no_more_than_there_is_room_for),
		T(in_a_forked_child_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
