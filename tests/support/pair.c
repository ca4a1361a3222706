/* tests/support/pair.c - see pair.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/pair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define STEPS 2000000 /* no test takes so many to come to rest */

/* ---- What is told ---------------------------------------------------------------------------------------------- */

static const char *name_of(int why)
{
	return why ? strerrorname_np(-why) : "0";
}

__attribute__((format(printf, 2, 3))) static void tell(struct end *e, const char *text, ...)
{
	size_t used = strlen(e->told);
	va_list args;

	if (used + 512 > sizeof(e->told)) { /* the latest is what counts */
		memmove(e->told, e->told + used - 1024, 1025);
		used = 1024;
	}
	if (used)
		used += (size_t)snprintf(e->told + used, sizeof(e->told) - used, ", ");
	va_start(args, text);
	vsnprintf(e->told + used, sizeof(e->told) - used, text, args);
	va_end(args);
}

int end_socket(const struct end *e)
{
	struct pollfd fds[2];
	size_t count = rill_ctx_pollfds(e->ctx, fds, 2);

	assert_in_range(count, 1, 2);
	return fds[0].fd; /* the eventfd comes later */
}

void end_die(struct end *e)
{
	shutdown(end_socket(e), SHUT_RDWR);
	end_stop(e);
	e->s = NULL;
}

const char *end_told(struct end *e)
{
	static char copy[4][sizeof(e->told)];
	static unsigned turn;
	char *to = copy[turn++ % 4];

	strcpy(to, e->told);
	e->told[0] = '\0';
	return to;
}

bool end_was_told(const struct end *e, const char *text)
{
	return strstr(e->told, text) != NULL;
}

static void hook(struct end *e, const char *event, struct rill_channel *ch)
{
	if (e->hook)
		e->hook(e, event, ch);
}

static void on_accepted_channel(struct rill_channel *ch, void *user)
{
	tell(user, "accepted %s", rill_channel_name(ch));
	hook(user, "accepted", ch);
}

static void on_readable(struct rill_channel *ch, void *user)
{
	struct end *e = user;
	struct rill_msg msg;

	hook(e, "readable", ch);
	while (rill_channel_recv(ch, &msg) == 0) {
		if (!e->silent)
			tell(e, "message %zu", msg.len);
		e->count++;
		e->bytes += msg.len;
		rill_msg_release(&msg);
	}
}

static void on_writable(struct rill_channel *ch, void *user)
{
	tell(user, "room %s", rill_channel_name(ch));
	hook(user, "writable", ch);
}

static void on_closed(struct rill_channel *ch, int why, void *user)
{
	tell(user, "closed %s %s", rill_channel_name(ch), name_of(why));
	hook(user, "closed", ch);
}

static const struct rill_channel_events takes = {
	.size = sizeof(takes),
	.opened = on_accepted_channel,
	.readable = on_readable,
	.writable = on_writable,
	.closed = on_closed,
};

static const struct rill_channel_events leaves = {
	.size = sizeof(leaves),
	.opened = on_accepted_channel,
	.writable = on_writable,
	.closed = on_closed,
};

static void on_session_opened(struct rill_session *s, void *user)
{
	(void)s;
	tell(user, "opened");
	hook(user, "opened", NULL);
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	struct end *e = user;

	(void)s;
	tell(e, "offer %s", rill_channel_name(ch));
	e->ch = ch;
	rill_channel_set_events(ch, e->takes ? &takes : &leaves, e);
	hook(e, "offer", ch);
	return e->answer;
}

static void on_session_writable(struct rill_session *s, void *user)
{
	(void)s;
	tell(user, "session room");
	hook(user, "session writable", NULL);
}

static void on_session_closed(struct rill_session *s, int why, void *user)
{
	(void)s;
	tell(user, "session closed %s", name_of(why));
	hook(user, "session closed", NULL);
}

static void on_stalled(struct rill_session *s, void *user)
{
	(void)s;
	tell(user, "stalled");
	hook(user, "stalled", NULL);
}

static void on_running(struct rill_session *s, void *user)
{
	(void)s;
	tell(user, "running");
	hook(user, "running", NULL);
}

const struct rill_session_events end_session_events = {
	.size = sizeof(end_session_events),
	.stalled = on_stalled,
	.running = on_running,
	.opened = on_session_opened,
	.channel = on_channel,
	.writable = on_session_writable,
	.closed = on_session_closed,
};

static void on_accepted(struct rill_listener *l, struct rill_session *s, void *user)
{
	struct end *e = user;

	(void)l;
	tell(e, "session");
	e->s = s;
	rill_session_set_events(s, &end_session_events, e);
	hook(e, "session", NULL);
}

static void on_listener_closed(struct rill_listener *l, int why, void *user)
{
	(void)l;
	tell(user, "listener closed %s", name_of(why));
}

const struct rill_listener_events end_listener_events = {
	.size = sizeof(end_listener_events),
	.accepted = on_accepted,
	.closed = on_listener_closed,
};

/* ---- Driving --------------------------------------------------------------------------------------------------- */

static bool dispatch_ready(struct end *e)
{
	size_t count = rill_ctx_pollfds(e->ctx, NULL, 0);
	struct pollfd *fds = calloc(count + 1, sizeof(*fds));
	bool any = false;

	assert_non_null(fds);
	rill_ctx_pollfds(e->ctx, fds, count);
	assert_true(poll(fds, count, 0) >= 0);
	for (size_t i = 0; i < count && e->ctx; i++) {
		if (!fds[i].revents)
			continue;
		any = true;
		if (rill_ctx_dispatch_fd(e->ctx, fds[i].fd) == -ECANCELED)
			e->ctx = NULL;
	}
	free(fds);
	return any;
}

bool end_step(struct end *e)
{
	bool any;

	if (!e->ctx)
		return false;
	any = dispatch_ready(e);
	if (!e->ctx || rill_ctx_timeout_ms(e->ctx) != 0)
		return any;
	if (rill_ctx_dispatch(e->ctx, NULL) == -ECANCELED)
		e->ctx = NULL;
	return true;
}

void end_run(struct end *e)
{
	for (int i = 0; end_step(e); i++)
		assert_true(i < STEPS);
}

void pair_run(struct pair *p)
{
	for (int i = 0; (int)end_step(&p->a) | (int)end_step(&p->b); i++)
		assert_true(i < STEPS);
}

void pair_wait(struct pair *p, int ms)
{
	struct timespec now;
	uint64_t end = 0, at;

	do {
		pair_run(p);
		clock_gettime(CLOCK_MONOTONIC, &now);
		at = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
		if (!end)
			end = at + (uint64_t)ms;
		poll(NULL, 0, 1);
	} while (at < end);
}

/* ---- Starting and stopping ------------------------------------------------------------------------------------- */

void end_start(struct end *e, const struct rill_ctx_options *options)
{
	struct rill_ctx_options o = options ? *options : (struct rill_ctx_options){0};

	memset(e, 0, sizeof(*e));
	o.size = sizeof(o);
	assert_int_equal(rill_ctx_create(&e->ctx, &o), 0);
}

void end_stop(struct end *e)
{
	if (e->ctx)
		rill_ctx_destroy(e->ctx);
	e->ctx = NULL;
}

static void adopt(struct end *e, int fd, const struct rill_session_options *options)
{
	struct rill_session_options o = *options;

	o.size = sizeof(o);
	assert_int_equal(rill_session_adopt(&e->s, e->ctx, fd, &o, &end_session_events, e), 0);
}

void pair_start(struct pair *p, const struct pair_options *options)
{
	static const struct pair_options none;
	int fds[2];

	options = options ? options : &none;
	end_start(&p->a, &options->ctx_a);
	end_start(&p->b, &options->ctx_b);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	adopt(&p->a, fds[0], &options->a);
	adopt(&p->b, fds[1], &options->b);
}

void pair_open(struct pair *p, const struct pair_options *options)
{
	pair_start(p, options);
	pair_run(p);
	assert_string_equal(end_told(&p->a), "opened");
	assert_string_equal(end_told(&p->b), "opened");
}

static void close_end(struct end *e)
{
	if (e->ctx && e->s)
		rill_session_close(e->s);
	e->s = NULL;
}

void pair_stop(struct pair *p)
{
	close_end(&p->a);
	pair_run(p);
	close_end(&p->b);
	pair_run(p);
	end_stop(&p->a);
	end_stop(&p->b);
}

struct rill_channel *end_open(struct end *e, const char *name)
{
	assert_int_equal(rill_channel_open(&e->ch, e->s, name, NULL, e->takes ? &takes : &leaves, e), 0);
	return e->ch;
}

void pair_channel(struct pair *p, const char *name)
{
	end_open(&p->a, name);
	pair_run(p);
	assert_ptr_not_equal(p->b.ch, NULL);
	end_told(&p->a);
	end_told(&p->b);
}

/* ---- Messages -------------------------------------------------------------------------------------------------- */

struct rill_msg end_take(struct end *e)
{
	struct rill_msg msg = {0};

	assert_int_equal(rill_channel_recv(e->ch, &msg), 0);
	return msg;
}

void end_expect(struct end *e, const void *data, size_t len)
{
	struct rill_msg msg = end_take(e);

	assert_int_equal(msg.len, len);
	assert_true(len == 0 || memcmp(msg.data, data, len) == 0);
	rill_msg_release(&msg);
}

void pattern_fill(void *to, size_t len, uint64_t seed)
{
	unsigned char *at = to;

	for (size_t i = 0; i < len; i += 8) {
		uint64_t word = (seed + i + 1) * UINT64_C(0x9e3779b97f4a7c15);

		memcpy(at + i, &word, len - i < 8 ? len - i : 8);
	}
}

bool pattern_is(const void *data, size_t len, uint64_t seed)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < len; i += 8) {
		uint64_t word = (seed + i + 1) * UINT64_C(0x9e3779b97f4a7c15);

		if (memcmp(at + i, &word, len - i < 8 ? len - i : 8))
			return false;
	}
	return true;
}
