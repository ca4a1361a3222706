/* tests/unit/session/ends.c - how sessions begin and end over an adopted socketpair: each `why` is told apart, everything that
 * was committed comes before it, and nothing comes after. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "session/session.h"
#include "tests/loops/notes.h"
#include "tests/support/child.h"
#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MSEC UINT64_C(1000000)

static struct pair p;
static struct notes_clock hands;

/* Both ctxs on the clock that the test moves. */
static struct pair_options on_fake_clock(void)
{
	hands = (struct notes_clock){.now = 1000 * MSEC};
	return (struct pair_options){
		.ctx_a = {.now = notes_now, .clock = &hands},
		.ctx_b = {.now = notes_now, .clock = &hands},
	};
}

static void lose_session_of_a(void)
{
	pair_run(&p);
	rill_session_close(p.b.s);
	p.b.s = NULL;
}

/* ---- In order, abrupt, died ------------------------------------------------------------------------------------ */

static void an_end_in_order_is_told_after_all_messages_and_channels(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	p.b.takes = true;
	pair_channel(&p, "c");
	pair_channel(&p, "d");
	assert_int_equal(rill_channel_send(p.a.ch, "xyz", 3), 0);
	rill_session_close(p.a.s);
	p.a.s = NULL;
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "closed c 0, message 3, closed d 0, session closed 0");
	assert_int_equal(rill_session_status(p.b.s), -EPIPE);
	assert_int_equal(rill_channel_send(p.b.ch, "x", 1), -EPIPE);
	assert_int_equal(rill_channel_open(&p.b.ch, p.b.s, "e", NULL, NULL, NULL), -EPIPE);
	assert_string_equal(rill_session_why(p.b.s), "closed by the peer");
	pair_stop(&p);
	assert_string_equal(end_told(&p.a), "");
}

static void what_was_sent_just_before_a_close_arrives(void **state)
{
	static char large[1000000];

	(void)state;
	for (int i = 0; i < 50; i++) {
		pair_open(&p, NULL);
		p.b.takes = true;
		end_open(&p.a, "c");
		assert_int_equal(rill_channel_send(p.a.ch, "x", 1), 0);
		assert_int_equal(rill_channel_send(p.a.ch, large, sizeof(large)), 0);
		rill_session_close(p.a.s);
		p.a.s = NULL;
		if (i % 2)
			end_run(&p.a);
		pair_run(&p);
		assert_string_equal(end_told(&p.b), "offer c, message 1, message 1000000, closed c 0, session closed 0");
		pair_stop(&p);
	}
}

static void messages_that_nobody_takes_keep_closed_waiting(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_send(p.a.ch, "xyz", 3), 0);
	rill_session_close(p.a.s);
	p.a.s = NULL;
	pair_run(&p);
	assert_int_equal(rill_session_status(p.b.s), -EPIPE);    /* at once, unread messages or not */
	assert_string_equal(end_told(&p.b), "session closed 0"); /* without readable(): as good as paused */
	end_expect(&p.b, "xyz", 3);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "closed c 0");
	pair_stop(&p);
}

static void an_abort_is_told_with_its_reason_after_what_was_committed(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	p.b.takes = true;
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_send(p.a.ch, "xyz", 3), 0);
	rill_session_abort(p.a.s, -EDQUOT);
	p.a.s = NULL;
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "message 3, closed c ECONNABORTED, session closed ECONNABORTED");
	assert_non_null(strstr(rill_session_why(p.b.s), strerror(EDQUOT)));
	assert_int_equal(rill_session_status(p.b.s), -ECONNABORTED);
	assert_int_equal(rill_channel_send(p.b.ch, "x", 1), -ECONNABORTED);
	pair_stop(&p);
}

static void an_abort_without_a_reason_is_an_abort(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	rill_session_abort(p.a.s, 0);
	p.a.s = NULL;
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "session closed ECONNABORTED");
	pair_stop(&p);
}

static void what_a_peer_sent_before_it_died_arrives_first(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	p.b.takes = true;
	pair_channel(&p, "c");
	for (int i = 0; i < 5; i++)
		assert_int_equal(rill_channel_send(p.a.ch, "xyz", 3), 0);
	end_die(&p.a);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "message 3, message 3, message 3, message 3, message 3, closed c ECONNRESET, "
	                                    "session closed ECONNRESET");
	assert_int_equal(rill_session_status(p.b.s), -ECONNRESET);
	assert_string_equal(rill_session_why(p.b.s), "the peer died");
	pair_stop(&p);
}

/* ECONNRESET comes before the dead peer's own packets. */
static void a_peer_that_dies_with_our_packets_unread_is_still_heard(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	p.b.takes = true;
	end_open(&p.a, "c");
	assert_int_equal(rill_channel_send(p.a.ch, "xyz", 3), 0);
	end_open(&p.b, "d"); /* a never reads it */
	end_die(&p.a);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "offer c, closed d ECONNRESET, message 3, closed c ECONNRESET, "
	                                    "session closed ECONNRESET");
	pair_stop(&p);
}

static void a_budget_does_not_cut_what_a_dead_peer_left(void **state)
{
	struct pair_options o = {.ctx_b = {.budget = 1}};

	(void)state;
	pair_open(&p, &o);
	p.b.takes = p.b.silent = true;
	pair_channel(&p, "c");
	for (int i = 0; i < 500; i++)
		assert_int_equal(rill_channel_send(p.a.ch, "xyz", 3), 0);
	end_die(&p.a);
	pair_run(&p);
	assert_int_equal(p.b.count, 500);
	assert_string_equal(end_told(&p.b), "closed c ECONNRESET, session closed ECONNRESET");
	pair_stop(&p);
}

static void a_full_ring_of_a_dead_peer_is_drained(void **state)
{
	static char large[5000];
	int r, n = 0;

	(void)state;
	pair_open(&p, NULL);
	p.b.takes = p.b.silent = true;
	pair_channel(&p, "c");
	while ((r = rill_channel_send(p.a.ch, large, n % 5 ? 100 : sizeof(large))) == 0)
		n++;
	assert_int_equal(r, -EAGAIN);
	end_die(&p.a);
	pair_run(&p);
	assert_int_equal(p.b.count, n);
	pair_stop(&p);
}

static void closed_comes_once_and_nothing_after_it(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	end_die(&p.a);
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "closed c ECONNRESET, session closed ECONNRESET");
	for (int i = 0; i < 3; i++)
		assert_int_equal(rill_ctx_dispatch_all(p.b.ctx), 0);
	assert_string_equal(end_told(&p.b), "");
	assert_int_equal(rill_ctx_pollfds(p.b.ctx, NULL, 0), 0); /* nothing is watched any more */
	pair_stop(&p);
}

static void a_destroyed_ctx_is_an_abrupt_end(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	p.b.takes = true;
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_send(p.a.ch, "xyz", 3), 0);
	end_stop(&p.a);
	p.a.s = NULL;
	pair_run(&p);
	assert_string_equal(end_told(&p.b), "message 3, closed c ECONNABORTED, session closed ECONNABORTED");
	pair_stop(&p);
}

static void the_closer_is_told_nothing(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	p.a.takes = true;
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_send(p.b.ch, "xyz", 3), 0);
	rill_session_close(p.a.s);
	pair_run(&p);
	lose_session_of_a();
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "");
	p.a.s = NULL;
	pair_stop(&p);
}

static void both_close_at_once(void **state)
{
	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	rill_session_close(p.a.s);
	rill_session_close(p.b.s);
	p.a.s = p.b.s = NULL;
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "");
	assert_string_equal(end_told(&p.b), "");
	assert_int_equal(leaks_mappings(), 0);
	pair_stop(&p);
}

static void a_closed_session_leaves_nothing_before_the_ctx_is_destroyed(void **state)
{
	size_t fds = leaks_fds();

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	rill_session_close(p.a.s);
	pair_run(&p);
	rill_session_close(p.b.s);
	pair_run(&p);
	p.a.s = p.b.s = NULL;
	assert_int_equal(leaks_fds(), fds);
	assert_int_equal(leaks_mappings(), 0);
	pair_stop(&p);
}

static void questions_to_no_session_are_answered(void **state)
{
	(void)state;
	assert_int_equal(rill_session_status(NULL), -EINVAL);
	assert_non_null(rill_session_why(NULL));
	assert_null(rill_session_peer(NULL));
	assert_null(rill_session_user(NULL));
	rill_session_close(NULL);
	rill_session_abort(NULL, -EIO);
	rill_session_set_events(NULL, NULL, NULL);
	rill_listener_close(NULL);
	rill_ctx_destroy(NULL);
}

/* ---- Handshake ------------------------------------------------------------------------------------------------- */

static void each_side_knows_who_the_other_is(void **state)
{
	const struct rill_peer *peer;

	(void)state;
	pair_start(&p, NULL);
	peer = rill_session_peer(p.a.s);
	assert_int_equal(peer->sender.pid, 0);
	assert_int_equal(peer->sender.uid, (uid_t)-1);
	assert_string_equal(rill_session_why(p.a.s), "opening");
	pair_run(&p);
	assert_int_equal(peer->socket.pid, getpid());
	assert_int_equal(peer->sender.pid, getpid());
	assert_int_equal(peer->sender.uid, geteuid());
	assert_int_equal(peer->sender.gid, getegid());
	assert_string_equal(rill_session_why(p.a.s), "open");
	pair_stop(&p);
}

static void no_handshake_in_time_is_told(void **state)
{
	struct pair_options o = on_fake_clock();
	int fds[2];

	(void)state;
	o.a = (struct rill_session_options){.size = sizeof(o.a), .handshake_ms = 70};
	o.ctx_a.size = sizeof(o.ctx_a);
	end_start(&p.a, &o.ctx_a);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(rill_session_adopt(&p.a.s, p.a.ctx, fds[0], &o.a, &end_session_events, &p.a), 0);
	end_run(&p.a);
	assert_int_equal(rill_ctx_timeout_ms(p.a.ctx), 70);
	hands.now += 69 * MSEC;
	end_run(&p.a);
	assert_string_equal(end_told(&p.a), "");
	hands.now += MSEC;
	end_run(&p.a);
	assert_string_equal(end_told(&p.a), "session closed ETIMEDOUT");
	assert_string_equal(rill_session_why(p.a.s), "no handshake within 70 ms");
	assert_int_equal(rill_session_status(p.a.s), -ETIMEDOUT);
	close(fds[1]);
	rill_session_close(p.a.s);
	end_stop(&p.a);
}

static void an_open_session_has_no_deadline(void **state)
{
	struct pair_options o = on_fake_clock();

	(void)state;
	pair_open(&p, &o);
	assert_int_equal(rill_ctx_timeout_ms(p.a.ctx), -1);
	hands.now += 1000000 * MSEC;
	assert_int_equal(rill_ctx_dispatch(p.a.ctx, NULL), 0);
	pair_run(&p);
	assert_int_equal(rill_session_status(p.a.s), 1);
	pair_stop(&p);
}

static void a_peer_that_leaves_before_its_hello_is_told(void **state)
{
	int fds[2];

	(void)state;
	end_start(&p.a, NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(rill_session_adopt(&p.a.s, p.a.ctx, fds[0], NULL, &end_session_events, &p.a), 0);
	close(fds[1]);
	end_run(&p.a);
	assert_string_equal(end_told(&p.a), "session closed ECONNRESET");
	assert_string_equal(rill_session_why(p.a.s), "the peer left without a word");
	rill_session_close(p.a.s);
	end_stop(&p.a);
}

static void closing_while_opening_is_fine_at_every_step(void **state)
{
	(void)state;
	for (int steps = 0; steps < 6; steps++) {
		for (int how = 0; how < 3; how++) {
			pair_start(&p, NULL);
			for (int i = 0; i < steps; i++)
				end_step(i % 2 ? &p.b : &p.a);
			if (how == 0)
				rill_session_close(p.a.s), p.a.s = NULL;
			if (how == 1)
				rill_session_abort(p.a.s, -EIO), p.a.s = NULL;
			if (how == 2)
				end_stop(&p.a), p.a.s = NULL;
			pair_run(&p);
			assert_true(end_was_told(&p.b, "session closed"));
			pair_stop(&p);
		}
	}
}

static int judged;

static int admit_nobody(const struct rill_peer *peer, void *user)
{
	judged++;
	assert_ptr_equal(user, &judged);
	assert_int_equal(peer->socket.uid, geteuid());
	assert_int_equal(peer->sender.pid, getpid());
	return -EPERM;
}

static int admit_all(const struct rill_peer *peer, void *user)
{
	(void)peer, (void)user;
	judged++;
	return 0;
}

static void a_refused_peer_is_told_and_so_are_we(void **state)
{
	struct pair_options o = {.a = {.admit = admit_nobody, .admit_user = &judged}};

	(void)state;
	judged = 0;
	pair_start(&p, &o);
	pair_run(&p);
	assert_int_equal(judged, 1);
	assert_string_equal(end_told(&p.a), "session closed EPERM");
	assert_non_null(strstr(rill_session_why(p.a.s), "not admitted by our policy"));
	assert_true(end_was_told(&p.b, "session closed EACCES"));
	assert_string_equal(rill_session_why(p.b.s), "refused by the peer: not admitted by the other side's policy");
	assert_int_equal(rill_session_status(p.b.s), -EACCES);
	pair_stop(&p);
}

static int admit_answer;

static int admit_as_told(const struct rill_peer *peer, void *user)
{
	(void)peer, (void)user;
	return admit_answer;
}

static void nothing_but_0_admits_and_its_errno_is_told(void **state)
{
	struct pair_options o = {.a = {.admit = admit_as_told}};

	(void)state;
	admit_answer = 1;
	pair_start(&p, &o);
	pair_run(&p);
	assert_true(end_was_told(&p.b, "session closed EACCES"));
	pair_stop(&p);
	admit_answer = -EBUSY;
	pair_start(&p, &o);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "session closed EPERM");
	assert_non_null(strstr(rill_session_why(p.b.s), strerror(EBUSY)));
	pair_stop(&p);
	admit_answer = -4096; /* no errno */
	pair_start(&p, &o);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "session closed EPERM");
	assert_string_equal(rill_session_why(p.b.s), "refused by the peer: not admitted by the other side's policy");
	pair_stop(&p);
}

/* Somebody who shares our socket turns off what the kernel says of senders: nobody is believed then. */
static void a_hello_without_credentials_admits_nobody(void **state)
{
	int off = 0;

	(void)state;
	pair_start(&p, NULL);
	assert_int_equal(setsockopt(end_socket(&p.a), SOL_SOCKET, SO_PASSCRED, &off, sizeof(off)), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "session closed EPROTO");
	assert_string_equal(rill_session_why(p.a.s), "hello: no credentials");
	pair_stop(&p);
}

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif

/* The user's socket gives a descriptor of its sender with each packet: none of them stays open. */
static void descriptors_that_nobody_asked_for_are_closed(void **state)
{
	int fds[2], on = 1;
	size_t open;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	if (setsockopt(fds[0], SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on)) < 0) { /* before Linux 6.5 */
		close(fds[0]);
		close(fds[1]);
		skip();
	}
	end_start(&p.a, NULL);
	end_start(&p.b, NULL);
	assert_int_equal(rill_session_adopt(&p.a.s, p.a.ctx, fds[0], NULL, &end_session_events, &p.a), 0);
	assert_int_equal(rill_session_adopt(&p.b.s, p.b.ctx, fds[1], NULL, &end_session_events, &p.b), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "opened");
	pair_channel(&p, "first");
	open = leaks_fds();
	for (int i = 0; i < 20; i++)
		end_open(&p.b, "more");
	pair_run(&p);
	assert_int_equal(leaks_fds(), open);
	pair_stop(&p);
}

static void events_without_a_size_are_refused(void **state)
{
	static const struct rill_session_events none;
	static const struct rill_channel_events nothing;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(rill_session_set_events(p.a.s, &none, NULL), -EINVAL);
	assert_int_equal(rill_channel_set_events(p.a.ch, &nothing, NULL), -EINVAL);
	assert_ptr_equal(rill_session_user(p.a.s), &p.a); /* the old ones stay */
	pair_stop(&p);
}

static void a_peer_on_no_list_is_not_even_spoken_to(void **state)
{
	static const uid_t other = 4711;
	struct rill_session_options o = {.size = sizeof(o), .uids = &other, .uid_count = 1};
	int fds[2];

	(void)state;
	end_start(&p.a, NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(rill_session_adopt(&p.a.s, p.a.ctx, fds[0], &o, &end_session_events, &p.a), -EPERM);
	assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC); /* still ours */
	o.gids = &(const gid_t){getegid()};
	o.gid_count = 1;
	assert_int_equal(rill_session_adopt(&p.a.s, p.a.ctx, fds[0], &o, &end_session_events, &p.a), 0);
	close(fds[1]);
	end_stop(&p.a);
}

static void a_list_and_admit_must_both_agree(void **state)
{
	struct pair_options o = {.a = {.admit = admit_all}};
	uid_t uids[2] = {4711, geteuid()};

	(void)state;
	judged = 0;
	o.a.uids = uids;
	o.a.uid_count = 2;
	pair_start(&p, &o);
	uids[1] = 4712; /* lists are copied */
	pair_run(&p);
	assert_int_equal(judged, 1);
	assert_string_equal(end_told(&p.a), "opened");
	pair_stop(&p);
}

static struct rill_session *to_close;

static int close_while_judging(const struct rill_peer *peer, void *user)
{
	(void)peer, (void)user;
	rill_session_close(to_close);
	return 0;
}

static void a_session_may_be_closed_while_its_peer_is_judged(void **state)
{
	struct pair_options o = {.a = {.admit = close_while_judging}};

	(void)state;
	pair_start(&p, &o);
	to_close = p.a.s;
	p.a.s = NULL;
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "");
	assert_true(end_was_told(&p.b, "session closed 0"));
	pair_stop(&p);
}

/* ---- Adopting -------------------------------------------------------------------------------------------------- */

static void what_is_no_connected_seqpacket_socket_is_not_adopted(void **state)
{
	struct rill_session *s;
	int fds[2], fd;

	(void)state;
	end_start(&p.a, NULL);
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, -1, NULL, NULL, NULL), -EBADF);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, fd, NULL, NULL, NULL), -ENOTSOCK);
	close(fd);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, fds[0], NULL, NULL, NULL), -EPROTOTYPE);
	close(fds[0]);
	close(fds[1]);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, fd, NULL, NULL, NULL), -ENOTCONN);
	close(fd);
	assert_int_equal(rill_session_adopt(NULL, p.a.ctx, 0, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rill_session_adopt(&s, NULL, 0, NULL, NULL, NULL), -EINVAL);
	end_stop(&p.a);
}

static void options_are_checked_before_anything_happens(void **state)
{
	struct rill_session_options o = {.size = sizeof(o)};
	struct {
		struct rill_session_options o;
		uint64_t more;
	} bigger = {.o = {.size = sizeof(bigger)}};
	struct rill_session *s;
	int fds[2];

	(void)state;
	end_start(&p.a, NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	o.ring_bytes = 1000;
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, fds[0], &o, NULL, NULL), -EINVAL);
	o.ring_bytes = 512;
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, fds[0], &o, NULL, NULL), -EINVAL);
	o.ring_bytes = 0;
	o.channels = 1000001;
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, fds[0], &o, NULL, NULL), -EINVAL);
	o.channels = 0;
	o.fds = 254;
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, fds[0], &o, NULL, NULL), -EINVAL);
	o.fds = 0;
	o.uid_count = 1;
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, fds[0], &o, NULL, NULL), -EINVAL);
	o.uid_count = 0;
	o.size = 4;
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, fds[0], &o, NULL, NULL), -EINVAL);
	bigger.more = 1;
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, fds[0], &bigger.o, NULL, NULL), -E2BIG);
	bigger.more = 0;
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, fds[0], &bigger.o, NULL, NULL), 0);
	close(fds[1]);
	end_stop(&p.a);
}

/* A peer may share the description and flip O_NONBLOCK: nothing of ours relies on it. */
static void a_blocking_socket_does_not_block(void **state)
{
	int fd;

	(void)state;
	pair_start(&p, NULL);
	for (int i = 0; i < 2; i++) {
		fd = end_socket(i ? &p.a : &p.b);
		assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
	}
	pair_run(&p);
	pair_channel(&p, "c");
	for (int i = 0; i < 3000; i++) { /* fills the socket */
		struct rill_channel_options c = {.size = sizeof(c), .metadata = &p, .metadata_len = 4096};
		struct rill_channel *ch;

		if (rill_channel_open(&ch, p.a.s, "c", &c, NULL, NULL) < 0)
			break;
	}
	pair_run(&p);
	pair_stop(&p);
}

/* ---- Closing takes its time, and no more ----------------------------------------------------------------------- */

static void a_peer_that_never_reads_holds_a_close_no_longer_than_close_ms(void **state)
{
	struct pair_options o = on_fake_clock();
	struct rill_channel *ch;
	size_t fds;
	int r;

	(void)state;
	o.a.close_ms = 300;
	o.a.channels = o.b.channels = 4000;
	o.a.ring_bytes = o.b.ring_bytes = 1024;
	pair_open(&p, &o);
	while ((r = rill_channel_open(&ch, p.a.s, "some name", NULL, NULL, NULL)) == 0)
		;
	assert_int_equal(r, -EAGAIN);
	rill_session_close(p.a.s);
	p.a.s = NULL;
	end_run(&p.a);
	fds = leaks_fds();
	assert_int_equal(rill_ctx_timeout_ms(p.a.ctx), 300);
	hands.now += 299 * MSEC;
	end_run(&p.a);
	assert_int_equal(leaks_fds(), fds);
	hands.now += MSEC;
	end_run(&p.a);
	assert_int_equal(leaks_fds(), fds - 3); /* the socket, and an eventfd each way */
	assert_int_equal(rill_ctx_timeout_ms(p.a.ctx), -1);
	pair_run(&p);
	assert_true(end_was_told(&p.b, "session closed ECONNRESET"));
	pair_stop(&p);
}

/* Else its struct, once another has its index, is flushed after it was freed. */
static void what_met_a_full_socket_and_goes_out_by_a_close_waits_no_more(void **state)
{
	struct pair_options o = {.a = {.channels = 4000, .ring_bytes = 1024}, .b = {.channels = 4000, .ring_bytes = 1024}};
	struct rill_channel *ch, *offered;

	(void)state;
	pair_open(&p, &o);
	while (rill_channel_open(&ch, p.a.s, "", NULL, NULL, NULL) == 0)
		;
	end_open(&p.b, "offered");
	end_run(&p.a);
	offered = p.a.ch;
	assert_true(link_linked(&offered->unsent_link)); /* its ACCEPT */
	end_run(&p.b);
	rill_channel_close(offered);
	assert_int_equal(offered->unsent, 0);
	assert_false(link_linked(&offered->unsent_link));
	pair_run(&p);
	assert_true(end_was_told(&p.b, "accepted offered, closed offered 0"));
	pair_stop(&p);
}

static void an_abort_does_not_wait_for_a_full_socket(void **state)
{
	struct pair_options o = on_fake_clock();
	struct rill_channel *ch;
	size_t fds;

	(void)state;
	o.a.channels = o.b.channels = 4000;
	o.a.ring_bytes = o.b.ring_bytes = 1024;
	pair_open(&p, &o);
	while (rill_channel_open(&ch, p.a.s, "some name", NULL, NULL, NULL) == 0)
		;
	fds = leaks_fds();
	rill_session_abort(p.a.s, -EIO);
	p.a.s = NULL;
	end_run(&p.a);
	assert_int_equal(leaks_fds(), fds - 3);
	pair_run(&p);
	assert_true(end_was_told(&p.b, "session closed ECONN"));
	pair_stop(&p);
}

/* ---- Limits of the process ------------------------------------------------------------------------------------- */

static int with_small_files(struct child *self, void *arg)
{
	struct rlimit limit = {.rlim_cur = 100000, .rlim_max = 100000};
	struct rill_session *s;
	struct rill_ctx *ctx;
	int fds[2];

	(void)self, (void)arg;
	CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHILD_CHECK(rill_ctx_create(&ctx, NULL) == 0);
	CHILD_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
	CHILD_CHECK(rill_session_adopt(&s, ctx, fds[0], NULL, NULL, NULL) == -EFBIG);
	rill_ctx_destroy(ctx);
	return 0;
}

static void a_region_above_the_file_size_limit_is_an_error_not_a_signal(void **state)
{
	struct child c;

	(void)state;
	assert_int_equal(child_start(&c, with_small_files, NULL), 0);
	assert_int_equal(child_wait(&c, 10000), 0);
}

static void sessions_at_the_descriptor_limit_fail_and_leave_nothing(void **state)
{
	struct rlimit was, limit;
	struct rill_session *s;
	int fds[2], top;

	(void)state;
	end_start(&p.a, NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	top = dup(0);
	close(top);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	limit = was;
	limit.rlim_cur = (rlim_t)top;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(rill_session_adopt(&s, p.a.ctx, fds[0], NULL, NULL, NULL), -EMFILE);
	assert_int_equal(rill_session_connect(&s, p.a.ctx, "/nowhere", NULL, NULL, NULL), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(rill_ctx_pollfds(p.a.ctx, NULL, 0), 0);
	end_stop(&p.a);
}

static void a_hello_that_meets_a_full_descriptor_table_ends_with_emfile(void **state)
{
	struct rlimit was, limit;
	int top;

	(void)state;
	if (rounds_under_valgrind()) /* which has limits of its own */
		skip();
	pair_start(&p, NULL);
	top = dup(0);
	close(top);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	limit = was;
	limit.rlim_cur = (rlim_t)top;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	end_run(&p.a);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_string_equal(end_told(&p.a), "session closed EMFILE");
	pair_run(&p);
	assert_true(end_was_told(&p.b, "session closed"));
	pair_stop(&p);
}

/* ---- Fork ------------------------------------------------------------------------------------------------------ */

static int destroy_inherited(struct child *self, void *arg)
{
	struct rill_msg *msg = arg;

	(void)self;
	CHILD_CHECK(rill_session_status(p.a.s) == -ECHILD);
	CHILD_CHECK(rill_channel_send(p.a.ch, "x", 1) == -ECHILD);
	CHILD_CHECK(rill_channel_recv(p.a.ch, msg) == -ECHILD);
	CHILD_CHECK(rill_channel_open(&p.a.ch, p.a.s, "x", NULL, NULL, NULL) == -ECHILD);
	CHILD_CHECK(rill_ctx_dispatch_all(p.a.ctx) == -ECHILD);
	rill_msg_release(msg);
	rill_session_close(p.a.s);
	rill_channel_close(p.a.ch);
	rill_ctx_destroy(p.a.ctx);
	rill_ctx_destroy(p.b.ctx);
	CHILD_CHECK(p.a.told[0] == '\0');
	return 0;
}

static void a_forked_child_lets_go_and_the_session_lives_on(void **state)
{
	struct rill_msg held;
	struct child c;

	(void)state;
	pair_open(&p, NULL);
	pair_channel(&p, "c");
	assert_int_equal(rill_channel_send(p.a.ch, "held", 4), 0);
	held = end_take(&p.b);
	assert_int_equal(child_start(&c, destroy_inherited, &held), 0);
	assert_int_equal(child_wait(&c, 60000), 0);
	pair_run(&p);
	assert_memory_equal(held.data, "held", 4);
	rill_msg_release(&held);
	assert_int_equal(rill_channel_send(p.a.ch, "after", 5), 0);
	pair_run(&p);
	end_expect(&p.b, "after", 5);
	assert_string_equal(p.a.told, "");
	pair_stop(&p);
}

/* Without a list: whoever is of our uid, and root, whoever we are. */
static void root_may_be_anybodys_peer(void **state)
{
	const struct settings none = {.o = {.size = sizeof(none.o)}};
	const struct rill_cred root = {.uid = 0}, own = {.uid = 65534}, other = {.uid = 4711};

	(void)state;
	if (geteuid())
		skip();
	assert_false(policy_passes(&none, &own));
	assert_int_equal(seteuid(65534), 0);
	assert_true(policy_passes(&none, &root));
	assert_true(policy_passes(&none, &own));
	assert_false(policy_passes(&none, &other));
	assert_int_equal(seteuid(0), 0);
}

static void a_socket_is_adopted_once(void **state)
{
	struct rill_session *again;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	end_start(&p.a, NULL);
	end_start(&p.b, NULL);
	assert_int_equal(rill_session_adopt(&p.a.s, p.a.ctx, fds[0], NULL, &end_session_events, &p.a), 0);
	assert_int_equal(rill_session_adopt(&again, p.a.ctx, fds[0], NULL, &end_session_events, &p.a), -EEXIST);
	assert_int_equal(rill_session_adopt(&p.b.s, p.b.ctx, fds[1], NULL, &end_session_events, &p.b), 0);
	pair_run(&p);
	assert_string_equal(end_told(&p.a), "opened");
	pair_stop(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_end_in_order_is_told_after_all_messages_and_channels),
		T(what_was_sent_just_before_a_close_arrives),
		T(messages_that_nobody_takes_keep_closed_waiting),
		T(an_abort_is_told_with_its_reason_after_what_was_committed),
		T(an_abort_without_a_reason_is_an_abort),
		T(what_a_peer_sent_before_it_died_arrives_first),
		T(a_destroyed_ctx_is_an_abrupt_end),
		T(a_peer_that_dies_with_our_packets_unread_is_still_heard),
		T(a_budget_does_not_cut_what_a_dead_peer_left),
		T(a_full_ring_of_a_dead_peer_is_drained),
		T(closed_comes_once_and_nothing_after_it),
		T(the_closer_is_told_nothing),
		T(both_close_at_once),
		T(a_closed_session_leaves_nothing_before_the_ctx_is_destroyed),
		T(questions_to_no_session_are_answered),
		T(each_side_knows_who_the_other_is),
		T(no_handshake_in_time_is_told),
		T(an_open_session_has_no_deadline),
		T(a_peer_that_leaves_before_its_hello_is_told),
		T(closing_while_opening_is_fine_at_every_step),
		T(a_refused_peer_is_told_and_so_are_we),
		T(nothing_but_0_admits_and_its_errno_is_told),
		T(a_hello_without_credentials_admits_nobody),
		T(descriptors_that_nobody_asked_for_are_closed),
		T(events_without_a_size_are_refused),
		T(a_peer_on_no_list_is_not_even_spoken_to),
		T(a_list_and_admit_must_both_agree),
		T(a_session_may_be_closed_while_its_peer_is_judged),
		T(what_is_no_connected_seqpacket_socket_is_not_adopted),
		T(root_may_be_anybodys_peer),
		T(a_socket_is_adopted_once),
		T(options_are_checked_before_anything_happens),
		T(a_blocking_socket_does_not_block),
		T(a_peer_that_never_reads_holds_a_close_no_longer_than_close_ms),
		T(what_met_a_full_socket_and_goes_out_by_a_close_waits_no_more),
		T(an_abort_does_not_wait_for_a_full_socket),
		T(a_region_above_the_file_size_limit_is_an_error_not_a_signal),
		T(sessions_at_the_descriptor_limit_fail_and_leave_nothing),
		T(a_hello_that_meets_a_full_descriptor_table_ends_with_emfile),
		T(a_forked_child_lets_go_and_the_session_lives_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
