/* tests/unit/session/fds.c - descriptors that travel with messages: taken or closed, counted, never more than the peer
 * allows. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"
#include "tests/support/pair.h"
#include "tests/support/rounds.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct pair p;

static void start(unsigned fds)
{
	struct pair_options o = {.b = {.fds = fds}};

	pair_open(&p, &o);
	pair_channel(&p, "c");
}

static int send_fds(const int *fds, unsigned count)
{
	struct iovec part = {.iov_base = "fds", .iov_len = 3};
	struct rill_out out = {.size = sizeof(out), .parts = &part, .part_count = 1, .fds = fds, .fd_count = count};

	return rill_channel_sendmsg(p.a.ch, &out);
}

static struct rill_msg receive(unsigned count)
{
	struct rill_msg msg;

	pair_run(&p);
	msg = end_take(&p.b);
	assert_int_equal(msg.fd_count, count);
	assert_memory_equal(msg.data, "fds", 3);
	return msg;
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	assert_int_equal(fstat(a, &x), 0);
	assert_int_equal(fstat(b, &y), 0);
	return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void descriptors_arrive_in_order_and_are_the_takers(void **state)
{
	int pipes[2][2], got[4];
	struct rill_msg msg;

	(void)state;
	start(8);
	assert_int_equal(pipe2(pipes[0], O_CLOEXEC), 0);
	assert_int_equal(pipe2(pipes[1], O_CLOEXEC), 0);
	assert_int_equal(send_fds(&pipes[0][0], 4), 0);
	msg = receive(4);
	for (unsigned i = 0; i < 4; i++) {
		got[i] = rill_msg_take_fd(&msg, i);
		assert_true(got[i] >= 0);
		assert_true(same_file(got[i], (&pipes[0][0])[i]));
		assert_int_equal(fcntl(got[i], F_GETFD), FD_CLOEXEC);
		assert_int_equal(rill_msg_take_fd(&msg, i), -EBADF);
	}
	assert_int_equal(rill_msg_take_fd(&msg, 4), -EINVAL);
	rill_msg_release(&msg);
	assert_int_equal(rill_msg_take_fd(&msg, 0), -EINVAL);
	for (unsigned i = 0; i < 4; i++) {
		close(got[i]);
		close((&pipes[0][0])[i]);
	}
	pair_stop(&p);
}

static void what_nobody_takes_is_closed_at_release(void **state)
{
	size_t before;
	struct rill_msg msg;

	(void)state;
	start(8);
	before = leaks_fds();
	assert_int_equal(send_fds((const int[]){0, 1, 2}, 3), 0);
	msg = receive(3);
	assert_int_equal(leaks_fds(), before + 3);
	close(rill_msg_take_fd(&msg, 1));
	rill_msg_release(&msg);
	assert_int_equal(leaks_fds(), before);
	pair_stop(&p);
}

static void what_nobody_receives_is_closed_though_another_message_is_held(void **state)
{
	struct rill_msg msg;
	size_t before;

	(void)state;
	for (int died = 0; died < 2; died++) {
		start(8);
		assert_int_equal(rill_channel_send(p.a.ch, "held", 4), 0);
		pair_run(&p);
		msg = end_take(&p.b);
		before = leaks_fds();
		assert_int_equal(send_fds((const int[]){0, 1, 2}, 3), 0);
		pair_run(&p);
		assert_int_equal(leaks_fds(), before + 3);
		if (died)
			end_die(&p.a);
		pair_run(&p);
		rill_session_abort(p.b.s, 0);
		p.b.s = NULL;
		end_run(&p.b);
		assert_true(leaks_fds() < before); /* the session's own socket, too */
		rill_msg_release(&msg);
		pair_stop(&p);
	}
}

static void what_nobody_receives_is_closed_with_channel_session_or_ctx(void **state)
{
	(void)state;
	for (int how = 0; how < 4; how++) {
		start(8);
		assert_int_equal(send_fds((const int[]){0, 1, 2}, 3), 0);
		if (how)
			pair_run(&p);
		if (how == 1)
			rill_channel_close(p.b.ch);
		if (how == 2)
			rill_session_abort(p.b.s, -EIO), p.b.s = NULL;
		if (how == 3)
			end_stop(&p.b), p.b.s = NULL;
		pair_run(&p);
		pair_stop(&p);
	}
}

static void a_message_keeps_its_descriptors_after_its_session(void **state)
{
	struct rill_msg msg;
	int fd;

	(void)state;
	start(8);
	assert_int_equal(send_fds((const int[]){0, 1}, 2), 0);
	msg = receive(2);
	rill_session_close(p.b.s);
	p.b.s = NULL;
	pair_run(&p);
	end_stop(&p.b);
	fd = rill_msg_take_fd(&msg, 1);
	assert_true(fd >= 0 && same_file(fd, 1));
	close(fd);
	rill_msg_release(&msg);
	pair_stop(&p);
}

static void by_default_none_are_accepted(void **state)
{
	struct pair_options o = {.b = {.fds = 5}};
	struct rill_channel_options one = {.size = sizeof(one), .fds = 1};
	int fds[6] = {0, 0, 0, 0, 0, 0};

	(void)state;
	start(0);
	assert_int_equal(send_fds(fds, 1), -EMSGSIZE);
	assert_int_equal(send_fds(NULL, 1), -EINVAL);
	pair_stop(&p);
	pair_open(&p, &o);
	assert_int_equal(rill_channel_open(&p.b.ch, p.b.s, "c", &one, NULL, NULL), 0);
	pair_run(&p);
	assert_int_equal(send_fds(fds, 2), -EMSGSIZE); /* this channel takes one at a time */
	assert_int_equal(send_fds(fds, 1), 0);
	pair_channel(&p, "d");
	assert_int_equal(send_fds(fds, 6), -EMSGSIZE);
	pair_stop(&p);
}

static void a_bad_descriptor_changes_nothing(void **state)
{
	struct rill_msg msg;

	(void)state;
	start(3);
	for (int i = 0; i < 10; i++)
		assert_int_equal(send_fds((const int[]){0, 9999}, 2), -EBADF);
	assert_int_equal(send_fds((const int[]){0, 1, 2}, 3), 0);
	msg = receive(3);
	rill_msg_release(&msg);
	assert_int_equal(rill_channel_recv(p.b.ch, &msg), -EAGAIN);
	pair_stop(&p);
}

static void in_flight_is_limited_then_writable(void **state)
{
	struct rill_msg msg[3];

	(void)state;
	start(7);
	for (int round = 0; round < 50; round++) {
		assert_int_equal(send_fds((const int[]){0, 1, 2}, 3), 0);
		assert_int_equal(send_fds((const int[]){0, 1, 2}, 3), 0);
		assert_int_equal(send_fds((const int[]){0, 1, 2}, 3), -EAGAIN);
		assert_int_equal(send_fds((const int[]){0}, 1), 0);
		msg[0] = receive(3);
		msg[1] = receive(3);
		msg[2] = receive(1);
		assert_string_equal(end_told(&p.a), "");
		rill_msg_release(&msg[2]);
		rill_msg_release(&msg[0]);
		pair_run(&p);
		assert_string_equal(end_told(&p.a), "room c");
		rill_msg_release(&msg[1]);
		pair_run(&p);
	}
	pair_stop(&p);
}

static void the_most_in_one_message_is_253(void **state)
{
	int fds[RILL_FDS_MAX + 1] = {0};
	struct rill_msg msg;

	(void)state;
	start(RILL_FDS_MAX);
	assert_int_equal(send_fds(fds, RILL_FDS_MAX + 1), -EMSGSIZE);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(send_fds(fds, RILL_FDS_MAX), 0);
		msg = receive(RILL_FDS_MAX);
		rill_msg_release(&msg);
	}
	pair_stop(&p);
}

static void a_receiver_without_room_gets_the_message_and_emfile(void **state)
{
	struct rlimit was, limit;
	struct rill_msg msg;
	int low, top, fd;

	(void)state;
	if (rounds_under_valgrind()) /* which has limits of its own */
		skip();
	start(8);
	assert_int_equal(send_fds((const int[]){0, 1, 2, 0, 1}, 5), 0);
	low = dup(0); /* there may be holes: the two that the limit leaves are these */
	top = dup(0);
	close(low);
	close(top);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	limit = was;
	limit.rlim_cur = (rlim_t)top + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	pair_run(&p);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	msg = receive(5);
	for (unsigned i = 0; i < 2; i++) {
		fd = rill_msg_take_fd(&msg, i);
		assert_true(fd >= 0 && same_file(fd, (int)i));
		close(fd);
	}
	for (unsigned i = 2; i < 5; i++)
		assert_int_equal(rill_msg_take_fd(&msg, i), -EMFILE);
	rill_msg_release(&msg);
	for (int i = 0; i < 3; i++) { /* and all goes on, with the whole credit */
		assert_int_equal(send_fds((const int[]){0, 1, 2, 0, 1, 2, 0, 1}, 8), 0);
		msg = receive(8);
		rill_msg_release(&msg);
		pair_run(&p);
	}
	pair_stop(&p);
}

static void a_cancelled_message_with_descriptors_is_closed_over_there(void **state)
{
	struct rill_out out = {.size = sizeof(out), .fds = (const int[]){0, 1, 2}, .fd_count = 3};
	struct rill_room room;
	struct rill_msg msg;
	size_t before, len;

	(void)state;
	start(5);
	before = leaks_fds();
	for (int i = 0; i < 50; i++) {
		assert_int_equal(rill_channel_reservemsg(p.a.ch, i % 2 ? 100 : 100000, &out, &room), 0);
		rill_channel_cancel(p.a.ch);
		pair_run(&p);
		assert_int_equal(rill_channel_peek(p.b.ch, &len), -EAGAIN); /* looking drops it */
		pair_run(&p);
		assert_int_equal(leaks_fds(), before);
	}
	assert_int_equal(rill_channel_reservemsg(p.a.ch, 3, &out, &room), 0);
	memcpy(room.data, "fds", 3);
	assert_int_equal(rill_channel_commit(p.a.ch, 3), 0);
	msg = receive(3);
	rill_msg_release(&msg);
	pair_stop(&p);
}

static void a_close_with_a_reservation_of_descriptors_ends_in_order(void **state)
{
	struct rill_out out = {.size = sizeof(out), .fds = (const int[]){0, 1, 2}, .fd_count = 3};
	struct rill_room room;

	(void)state;
	for (int how = 0; how < 2; how++) {
		start(5);
		p.b.takes = true;
		pair_channel(&p, "d");
		assert_int_equal(rill_channel_reservemsg(p.a.ch, 100, &out, &room), 0);
		if (how)
			rill_channel_close(p.a.ch);
		rill_session_close(p.a.s);
		p.a.s = NULL;
		pair_run(&p);
		assert_true(end_was_told(&p.b, "closed d 0"));
		assert_true(end_was_told(&p.b, "session closed 0"));
		pair_stop(&p);
	}
}

static void a_full_socket_is_eagain_and_gives_the_place_back(void **state)
{
	struct pair_options o = {.a = {.channels = 4000, .ring_bytes = 1024},
	                         .b = {.channels = 4000, .ring_bytes = 1024, .fds = 8}};
	struct rill_channel *ch;
	struct rill_msg msg;
	int r;

	(void)state;
	pair_open(&p, &o);
	pair_channel(&p, "c");
	while ((r = rill_channel_open(&ch, p.a.s, "x", NULL, NULL, NULL)) == 0)
		;
	assert_int_equal(r, -EAGAIN);
	ch = p.b.ch;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(send_fds((const int[]){0, 1}, 2), -EAGAIN);
	assert_int_equal(rill_channel_send(p.a.ch, "small", 5), 0);
	pair_run(&p);
	assert_true(end_was_told(&p.a, "room c"));
	p.b.ch = ch;
	end_expect(&p.b, "small", 5);
	assert_int_equal(send_fds((const int[]){0, 1}, 2), 0);
	msg = receive(2);
	rill_msg_release(&msg);
	pair_stop(&p);
}

static void two_channels_claim_their_own_descriptors_in_any_order(void **state)
{
	struct rill_channel *x, *y;
	int pipes[2], fd;
	struct rill_msg msg;

	(void)state;
	start(8);
	x = p.a.ch;
	y = p.b.ch;
	pair_channel(&p, "d");
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(send_fds(&pipes[0], 1), 0);
	p.a.ch = x;
	assert_int_equal(send_fds(&pipes[1], 1), 0);
	x = p.b.ch;
	p.b.ch = y;
	msg = receive(1);
	fd = rill_msg_take_fd(&msg, 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
	close(fd);
	rill_msg_release(&msg);
	p.b.ch = x;
	msg = receive(1);
	fd = rill_msg_take_fd(&msg, 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
	rill_msg_release(&msg);
	close(pipes[0]);
	close(pipes[1]);
	pair_stop(&p);
}

/* ---- Closing what nobody took ---------------------------------------------------------------------------------- */

/* A connection with unsent data and SO_LINGER set: close() of it would sleep. */
static int lingering(int *ret_peer)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct linger linger = {.l_onoff = 1, .l_linger = 2};
	socklen_t len = sizeof(address);
	int small = 4096, l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), c;
	static char data[1 << 20];

	assert_int_equal(setsockopt(l, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(bind(l, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&address, &len), 0);
	c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(c, (struct sockaddr *)&address, sizeof(address)), 0);
	*ret_peer = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	close(l);
	while (send(c, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(setsockopt(c, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	return c;
}

static void a_lingering_socket_does_not_hold_the_release_up(void **state)
{
	struct timespec before, after;
	struct rill_msg msg;
	int fd, peer;

	(void)state;
	start(1);
	fd = lingering(&peer);
	assert_int_equal(send_fds(&fd, 1), 0);
	close(fd);
	msg = receive(1);
	clock_gettime(CLOCK_MONOTONIC, &before);
	rill_msg_release(&msg);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 < 1000);
	close(peer);
	pair_stop(&p);
}

static unsigned disposed;

static void on_dispose(int fd, void *user)
{
	assert_ptr_equal(user, &disposed);
	disposed++;
	close(fd);
}

static void the_dispose_hook_gets_what_nobody_took(void **state)
{
	struct pair_options o = {.b = {.fds = 4}, .ctx_b = {.dispose = on_dispose, .dispose_user = &disposed}};
	struct rill_msg msg;

	(void)state;
	pair_open(&p, &o);
	pair_channel(&p, "c");
	disposed = 0;
	assert_int_equal(send_fds((const int[]){0, 1, 2}, 3), 0);
	msg = receive(3);
	close(rill_msg_take_fd(&msg, 0));
	rill_msg_release(&msg);
	assert_int_equal(disposed, 2);
	pair_stop(&p);
}

/* How two that never met are introduced: a socket received over one session becomes another. */
static void a_received_socket_is_adopted_as_a_session(void **state)
{
	struct rill_msg msg;
	struct end x = {0}, y = {0};
	int fds[2], fd;

	(void)state;
	start(1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(send_fds(&fds[1], 1), 0);
	close(fds[1]);
	msg = receive(1);
	fd = rill_msg_take_fd(&msg, 0);
	rill_msg_release(&msg);
	assert_int_equal(rill_session_adopt(&x.s, p.a.ctx, fds[0], NULL, &end_session_events, &x), 0);
	assert_int_equal(rill_session_adopt(&y.s, p.b.ctx, fd, NULL, &end_session_events, &y), 0);
	pair_run(&p);
	assert_string_equal(end_told(&x), "opened");
	end_open(&x, "new");
	assert_int_equal(rill_channel_send(x.ch, "hi", 2), 0);
	pair_run(&p);
	end_expect(&y, "hi", 2);
	rill_session_close(x.s);
	pair_run(&p);
	rill_session_close(y.s);
	pair_stop(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(descriptors_arrive_in_order_and_are_the_takers),
		T(what_nobody_takes_is_closed_at_release),
		T(what_nobody_receives_is_closed_though_another_message_is_held),
		T(what_nobody_receives_is_closed_with_channel_session_or_ctx),
		T(a_message_keeps_its_descriptors_after_its_session),
		T(by_default_none_are_accepted),
		T(a_bad_descriptor_changes_nothing),
		T(in_flight_is_limited_then_writable),
		T(the_most_in_one_message_is_253),
		T(a_receiver_without_room_gets_the_message_and_emfile),
		T(a_cancelled_message_with_descriptors_is_closed_over_there),
		T(a_close_with_a_reservation_of_descriptors_ends_in_order),
		T(a_full_socket_is_eagain_and_gives_the_place_back),
		T(two_channels_claim_their_own_descriptors_in_any_order),
		T(a_lingering_socket_does_not_hold_the_release_up),
		T(the_dispose_hook_gets_what_nobody_took),
		T(a_received_socket_is_adopted_as_a_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
