/* tests/bench/rill/side.c - see side.h. */
#include "tests/bench/rill/side.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

void side_fail(struct side *s, int error)
{
	if (!s->error)
		s->error = error < 0 ? error : -EPIPE;
	s->done = true;
}

void side_depth(const struct task *t, struct rill_session_options *limits)
{
	if (t->depth && t->bytes <= 4096)
		limits->ring_bytes = task_ring_bytes(t);
	else if (t->depth)
		limits->loans = (unsigned)t->depth;
}

/* ---- Sending ---------------------------------------------------------------------------------------------------- */

static int put_room(struct side *s, size_t len)
{
	struct rill_room room;
	int r;

	if (s->run->task.work == WORK_COPY)
		return rill_channel_send(s->channel, s->source, len);
	r = rill_channel_reserve(s->channel, len, &room);
	if (r < 0)
		return r;
	if (s->run->task.work == WORK_WRITE)
		payload_write(room.data, len, s->run->done);
	return rill_channel_commit(s->channel, len);
}

static int put_fd(struct side *s, size_t len)
{
	struct rill_out out = {.size = sizeof(out), .fds = &s->fd, .fd_count = 1};
	struct rill_room room;
	int r = rill_channel_reservemsg(s->channel, len, &out, &room);

	return r < 0 ? r : rill_channel_commit(s->channel, len);
}

static int put_loan(struct side *s, size_t len)
{
	struct rill_loan loan = {.arena = s->arena, .data = s->block, .len = len};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	void *block = s->block;

	if (s->how->sending == SEND_COLD)
		loan.data = block = rill_arena_alloc(s->arena, len);
	if (!block)
		return -ENOMEM;
	if (s->run->task.work != WORK_HANDLE)
		payload_write(block, len, s->run->done);
	return rill_channel_sendmsg(s->channel, &out);
}

int side_put(struct side *s, size_t len)
{
	switch (s->how->sending) {
	case SEND_ROOM:
		return put_room(s, len);
	case SEND_FD:
		return put_fd(s, len);
	default:
		return put_loan(s, len);
	}
}

/* ---- Receiving -------------------------------------------------------------------------------------------------- */

static bool reads_well(struct side *s, const struct rill_msg *msg)
{
	const void *data = msg->data;
	size_t len = msg->len;

	if (msg->loan_count && rill_msg_loan(msg, 0, &data, &len) < 0)
		return false;
	return s->run->task.work == WORK_HANDLE || payload_sums(data, len);
}

static bool take_fd(struct rill_msg *msg)
{
	int fd = rill_msg_take_fd(msg, 0);

	return fd >= 0 && close(fd) == 0;
}

static int take(struct side *s, struct rill_channel *ch, struct rill_msg *msg)
{
	int r = rill_channel_recv(ch, msg);

	if (r < 0)
		return r;
	if (!reads_well(s, msg) || (msg->fd_count && !take_fd(msg))) {
		rill_msg_release(msg);
		return -EBADMSG;
	}
	return 0;
}

/* ---- Server ----------------------------------------------------------------------------------------------------- */

/* Where each request has its own answer, and there are several to a trip. */
static bool trip_is_whole(struct side *s)
{
	if (++s->answers < s->run->task.answers)
		return false;
	s->answers = 0;
	return true;
}

static void pay(struct side *s)
{
	int r;

	while (s->owed && (r = side_put(s, s->run->task.answer)) != -EAGAIN) {
		if (r < 0) {
			side_fail(s, r);
			return;
		}
		s->owed--;
		if (trip_is_whole(s) && !run_answered(s->run))
			s->done = true;
	}
}

static void on_request(struct rill_channel *ch, void *user)
{
	struct side *s = user;
	struct rill_msg msg;
	int r;

	s->channel = ch;
	while ((r = take(s, ch, &msg)) == 0) {
		if (++s->got == s->run->task.burst) {
			s->got = 0;
			s->owed++;
			pay(s);
		}
		rill_msg_release(&msg);
	}
	if (r != -EAGAIN)
		side_fail(s, r);
}

static void on_room_for_answers(struct rill_channel *ch, void *user)
{
	(void)ch;
	pay(user);
}

const struct rill_channel_events side_request_events = {
	.size = sizeof(side_request_events),
	.readable = on_request,
	.writable = on_room_for_answers,
};

int side_on_channel(struct rill_session *session, struct rill_channel *ch, void *user)
{
	struct side *s = user;

	(void)session;
	if (!s->how->channel || !s->how->channel(s, ch))
		rill_channel_set_events(ch, &side_request_events, s);
	return 0;
}

/* ---- Client ----------------------------------------------------------------------------------------------------- */

static void pump(struct side *s)
{
	int r;

	while (s->left && (r = side_put(s, s->run->task.bytes)) != -EAGAIN) {
		if (r < 0) {
			side_fail(s, r);
			return;
		}
		s->left--;
	}
}

static void send_all(struct side *s)
{
	if (s->how->start) {
		s->how->start(s);
		return;
	}
	s->left = s->run->task.burst;
	pump(s);
}

static void start(struct side *s)
{
	if (s->run->task.idle_ns)
		clock_idle(s->run->task.idle_ns);
	s->starting = false;
	run_begin(s->run);
	send_all(s);
}

static void on_room_for_requests(struct rill_channel *ch, void *user)
{
	(void)ch;
	pump(user);
}

void side_next(struct side *s)
{
	if (!run_end(s->run)) {
		s->done = true;
	} else if (s->run->task.idle_ns) {
		s->starting = true;
	} else {
		send_all(s);
	}
}

static void on_answer(struct rill_channel *ch, void *user)
{
	struct side *s = user;
	struct rill_msg msg;
	int r;

	while ((r = take(s, ch, &msg)) == 0) {
		rill_msg_release(&msg);
		if (trip_is_whole(s))
			side_next(s);
	}
	if (r != -EAGAIN)
		side_fail(s, r);
}

static void on_opened(struct rill_channel *ch, void *user)
{
	struct side *s = user;

	(void)ch;
	s->opened++;
}

const struct rill_channel_events side_answer_events = {
	.size = sizeof(side_answer_events),
	.opened = on_opened,
	.readable = on_answer,
	.writable = on_room_for_requests,
};

static int open_channel(struct side *s)
{
	int r;

	while ((r = rill_channel_open(&s->channel, s->session, "bench", NULL, &side_answer_events, s)) == -EAGAIN && !s->error)
		if ((r = side_wait(s)) < 0)
			return r;
	while (r >= 0 && !s->opened && !s->error)
		r = side_wait(s);
	return r < 0 ? r : s->error;
}

/* ---- Both ------------------------------------------------------------------------------------------------------- */

void side_on_end(struct rill_session *session, int why, void *user)
{
	(void)session;
	side_fail(user, why);
}

int side_wait(struct side *s)
{
	int r = s->how->loop ? s->how->loop->turn(s->ctx, s->loop) : rill_epoll_wait(s->ctx, -1);

	return r == -EINTR ? 0 : r;
}

static int make_arena(struct side *s)
{
	uint64_t largest = s->run->task.bytes > s->run->task.answer ? s->run->task.bytes : s->run->task.answer;
	uint64_t blocks = s->how->sending == SEND_COLD ? s->run->task.skip + s->run->task.trips + 1 : 1;
	struct rill_arena_options options = {.size = sizeof(options), .capacity = blocks * (largest + 65536) + (1 << 20)};
	int r;

	if (s->how->sending == SEND_ROOM || s->how->sending == SEND_FD)
		return 0;
	r = rill_arena_create(&s->arena, s->ctx, &options);
	if (r < 0 || s->how->sending == SEND_COLD)
		return r;
	s->block = rill_arena_alloc(s->arena, largest);
	if (!s->block)
		return -ENOMEM;
	payload_write(s->block, largest, 1);
	return 0;
}

static int make_source(struct side *s)
{
	uint64_t len = s->run->role == RUN_CLIENT ? s->run->task.bytes : s->run->task.answer;

	s->fd = s->how->sending == SEND_FD ? memfd_create("bench", 0) : -1;
	s->source = aligned_alloc(64, (len + 127) & ~UINT64_C(63));
	if (!s->source)
		return -ENOMEM;
	payload_write(s->source, len, 1);
	return 0;
}

static int begin(struct side *s)
{
	static const struct rill_session_events events = {.size = sizeof(events),
	                                                  .channel = side_on_channel,
	                                                  .closed = side_on_end};
	struct run *run = s->run;
	struct rill_ctx_options waiting = {.size = sizeof(waiting), .linger_ns = run->task.wait == WAIT_LINGER ? LINGER_NS : 0};
	struct rill_session_options limits = {.size = sizeof(limits), .fds = s->how->sending == SEND_FD ? 16 : 0};
	int fd = dup(run->fds[run->role][0]); /* the session owns what it adopts */
	int r = rill_ctx_create(&s->ctx, &waiting);

	if (s->how->limits)
		s->how->limits(&run->task, &limits);
	if (r == 0 && s->how->loop && s->how->loop->attach)
		r = s->how->loop->attach(s->ctx, &s->loop);
	if (r == 0)
		r = make_source(s);
	if (r == 0)
		r = make_arena(s);
	if (r == 0)
		r = rill_session_adopt(&s->session, s->ctx, fd, &limits, &events, s);
	while (r >= 0 && !s->error && rill_session_status(s->session) == 0)
		r = side_wait(s);
	return r < 0 ? r : s->error;
}

/* Until there is nothing more to do. */
static int work(struct side *s)
{
	bool spins = s->run->task.wait == WAIT_SPIN;
	int r = 0;

	while (!s->done && r >= 0) {
		if (s->starting)
			start(s);
		r = spins ? rill_ctx_poll(s->ctx, SPIN_NS) : side_wait(s);
		if (spins && r == 0)
			r = rill_epoll_wait(s->ctx, 0);
	}
	return r < 0 ? r : s->error;
}

static void end(struct side *s)
{
	rill_ctx_destroy(s->ctx);
	if (s->loop && s->how->loop->free)
		s->how->loop->free(s->loop);
	free(s->source);
}

static const struct side_how plain = {.sending = SEND_ROOM};

int side_serve(struct run *r)
{
	struct side s = {.run = r, .how = r->param ? r->param : &plain};
	int error = begin(&s);

	if (error == 0 && s.how->crowd)
		error = s.how->crowd(&s);
	if (error == 0)
		error = work(&s);
	if (error == 0 && s.how->after)
		error = s.how->after(&s);
	run_over(r);
	end(&s);
	return error;
}

int side_ask(struct run *r)
{
	struct side s = {.run = r, .how = r->param ? r->param : &plain, .starting = true};
	int error = begin(&s);

	if (error == 0)
		error = open_channel(&s);
	if (error == 0 && s.how->crowd)
		error = s.how->crowd(&s);
	if (error == 0)
		error = work(&s);
	if (error == 0 && s.how->after)
		error = s.how->after(&s);
	end(&s);
	return error;
}

int side_prepare(struct run *r)
{
	return run_sockets(r, SOCK_SEQPACKET);
}
