/* tests/fault/limits.c - peers that use up what is ours (time, descriptors, address space), or are not who they say; and what
 * happens when the system gives no more. No call may block, whatever a peer does: each test has an alarm. */
#include "tests/fault/scene.h"

#include "tests/support/allocs.h"
#include "tests/support/child.h"
#include "tests/support/rounds.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/un.h>

#define ALARM 20 /* s: a call that blocks ends the program */
#define SOON 500 /* ms: much less than what a lingering close would take */

static int setup(void **state)
{
	alarm(ALARM);
	return leaks_setup(state);
}

static int teardown(void **state)
{
	alarm(0);
	return leaks_teardown(state);
}

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The socket that is neither of the honest pair's: sessions are watched in the order of their making. */
static int victim_fd(const struct scene *sc)
{
	struct pollfd w[5];
	int last = -1, type;

	assert_int_equal(rill_ctx_pollfds(sc->ctx, w, 5), 5); /* the honest have an eventfd each */
	for (int i = 0; i < 5; i++)
		if (w[i].fd > last && getsockopt(w[i].fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){sizeof(type)}) == 0)
			last = w[i].fd;
	return last;
}

/* In its name, so that its next packet finds no room. */
static void fill(int fd)
{
	while (send(fd, "", 1, MSG_DONTWAIT) == 1)
		;
}

/* ---- Blocking -------------------------------------------------------------------------------------------------- */

static void never_reading_costs_the_others_nothing(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *ch = scene_victim_opens(sc);
	char some[500] = "";
	int fd, e;

	(void)state;
	while ((e = rill_channel_send(ch, some, sizeof(some))) == 0)
		scene_turn(sc);
	assert_int_equal(e, -EAGAIN);
	fd = dup(victim_fd(sc));
	fill(fd);
	close(fd);
	assert_int_equal(rill_channel_open(&ch, sc->victim.session, "again", NULL, NULL, NULL), -EAGAIN);
	scene_turn(sc);
	scene_honest_goes_on(sc);
	rill_session_close(sc->victim.session);
	sc->victim.session = NULL;
	scene_pass(sc, 1001); /* close_ms: nothing waits for him any longer */
	scene_honest_goes_on(sc);
	scene_destroy(sc);
}

/* It does not read our goodbye. What it says meanwhile of channels, or nonsense, is forgotten, and keeps nothing alive. */
static void opening_while_we_close_costs_nothing(void **state)
{
	static const uint32_t ids[] = {1, 3, 0, 2, 8, 999, UINT32_MAX};
	struct scene *sc = scene_open();
	struct raw_packet cut = raw_packet(RAW_OPEN, 8), odd = raw_packet(99, 16);
	struct pollfd w[8];
	int fd;

	(void)state;
	scene_liar_opens(sc);
	fd = dup(victim_fd(sc));
	fill(fd);
	close(fd);
	rill_session_close(sc->victim.session);
	sc->victim.session = NULL;
	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		for (uint32_t generation = 1; generation < 3; generation++) {
			struct raw_packet p = raw_open_packet(&sc->raw, RAW_OPEN, ids[i], generation);

			assert_int_equal(raw_say(&sc->raw, &p), 0);
			scene_turn(sc);
		}
	}
	assert_int_equal(raw_say(&sc->raw, &cut), 0);
	assert_int_equal(raw_say(&sc->raw, &odd), 0);
	scene_turn(sc);
	assert_int_equal(rill_ctx_pollfds(sc->ctx, w, 8), 5);
	scene_pass(sc, 1001); /* close_ms */
	assert_int_equal(rill_ctx_pollfds(sc->ctx, w, 8), 4);
	assert_int_equal(sc->victim.closed + sc->victim.messages, 0);
	scene_honest_goes_on(sc);
	scene_destroy(sc);
}

static void a_full_socket_has_room_again(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *ch = scene_victim_opens(sc);
	static char large[8192];
	struct raw_packet p;
	int fd, e;

	(void)state;
	fd = dup(victim_fd(sc));
	fill(fd);
	e = rill_channel_send(ch, large, sizeof(large)); /* needs its arena announced */
	assert_int_equal(e, -EAGAIN);
	while (raw_recv(&sc->raw, &p) != -EAGAIN)
		;
	scene_turn(sc);
	assert_true(sc->victim.writables >= 1);
	assert_int_equal(rill_channel_send(ch, large, sizeof(large)), 0);
	assert_true(raw_expect(&sc->raw, RAW_ARENA, &p));
	close(fd);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

/* It says that it has taken the descriptors and has not even read them: they are in flight, on our user's account. */
static void descriptors_that_are_never_read_are_few(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *ch = scene_victim_opens(sc);
	const int fds[16] = {0};
	struct rill_out out = {.size = sizeof(out), .fds = fds, .fd_count = 16};
	uint64_t sent = 0;
	struct raw_packet p;
	int e;

	(void)state;
	while ((e = rill_channel_sendmsg(ch, &out)) == 0) {
		sent += 16;
		raw_store(&sc->raw, RAW_FDS_TAKEN, sent);
		raw_store(&sc->raw, raw_chan(&sc->raw.head, 0, RAW_POS), sent); /* 16 bytes a frame, too */
	}
	assert_int_equal(e, -EAGAIN);
	assert_in_range(sent, 16, 512);
	scene_pass(sc, 2);
	assert_int_equal(rill_channel_sendmsg(ch, &out), -EAGAIN);
	while (raw_recv(&sc->raw, &p) > 0)
		;
	sc->victim.writables = 0;
	scene_pass(sc, 2);
	assert_int_equal(sc->victim.writables, 1);
	assert_int_equal(rill_channel_sendmsg(ch, &out), 0);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void blocking_flag_of_a_shared_socket(void **state)
{
	struct scene *sc = calloc(1, sizeof(*sc));
	struct rill_ctx_options o = {.size = sizeof(o), .now = scene_clock, .clock = &sc->now};
	struct rill_channel *ch, *other;
	int pair[2], theirs;
	char some[500] = "";

	(void)state;
	sc->now = 1;
	assert_int_equal(rill_ctx_create(&sc->ctx, &o), 0);
	scene_honest(sc);
	scene_pair(pair);
	theirs = dup(pair[0]); /* of a socketpair made by the peer: the same description */
	raw_init(&sc->raw, pair[1]);
	assert_int_equal(rill_session_adopt(&sc->victim.session, sc->ctx, pair[0], &scene_options, &scene_events, &sc->victim),
	                 0);
	fcntl(theirs, F_SETFL, fcntl(theirs, F_GETFL) & ~O_NONBLOCK);
	scene_turn(sc); /* nothing to read: recv would block */
	assert_int_equal(raw_greet(&sc->raw), 0);
	assert_int_equal(raw_meet(&sc->raw), 0);
	scene_turn(sc);
	assert_int_equal(sc->victim.opened, 1);
	ch = scene_victim_opens(sc);
	fill(theirs);
	assert_int_equal(rill_channel_open(&other, sc->victim.session, NULL, NULL, NULL, NULL), -EAGAIN);
	assert_int_equal(rill_channel_send(ch, some, sizeof(some)), 0); /* and its bell finds no room */
	scene_turn(sc);
	rill_channel_close(ch);
	assert_int_equal(fcntl(theirs, F_GETFL) & O_NONBLOCK, 0);
	scene_honest_goes_on(sc);
	close(theirs);
	scene_destroy(sc);
}

/* A TCP socket with unsent bytes, whose last close() waits for 4 s. */
static int lingering(int *ret_other)
{
	struct linger wait = {.l_onoff = 1, .l_linger = 4};
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	static const char bytes[65536];
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int small = 4096;

	setsockopt(l, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_int_equal(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&a, &len), 0);
	assert_int_equal(connect(c, (struct sockaddr *)&a, sizeof(a)), 0);
	*ret_other = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	close(l);
	while (send(c, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	setsockopt(c, SOL_SOCKET, SO_LINGER, &wait, sizeof(wait));
	return c;
}

static void lingering_instead_of_a_region(struct scene *sc, int fd)
{
	raw_say_hello(&sc->raw, fd);
	close(fd);
	scene_turn(sc);
}

static void lingering_as_an_arena(struct scene *sc, int fd)
{
	raw_announce(&sc->raw, 0, 65536, fd);
	close(fd);
	scene_turn(sc);
}

static void lingering_with_a_bell(struct scene *sc, int fd)
{
	struct raw_packet p = raw_packet(RAW_BELL, 16);

	raw_send(&sc->raw, &p, 16, &fd, 1);
	close(fd);
	scene_turn(sc);
}

static void lingering_behind_a_violation(struct scene *sc, int fd)
{
	struct raw_packet p = raw_packet(99, 8);

	for (int i = 0; i < 20; i++) /* more than are read at once */
		raw_say(&sc->raw, &p);
	raw_fds(&sc->raw, 1, fd, 1);
	close(fd);
	scene_turn(sc);
}

static void lingering_in_a_message(struct scene *sc, int fd)
{
	uint64_t word = 1;

	scene_liar_opens(sc);
	raw_fds(&sc->raw, 1, fd, 1);
	close(fd);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, RAW_HAS_FDS, 0, 8), &word, 1);
	raw_push(&sc->raw, RAW_E_DATA, 1);
	raw_bell(&sc->raw);
	scene_turn(sc);
	assert_int_equal(sc->victim.messages, 1);
}

static void lingering_unread_at_close(struct scene *sc, int fd)
{
	raw_fds(&sc->raw, 1, fd, 1);
	close(fd);
	rill_session_abort(sc->victim.session, 0);
	sc->victim.session = NULL;
	scene_turn(sc);
	scene_pass(sc, 2000);
}

static void lingering_unread_at_destroy(struct scene *sc, int fd)
{
	raw_fds(&sc->raw, 1, fd, 1);
	close(fd);
	sc->victim.session = NULL; /* with the ctx */
}

static void lingering_sockets_do_not_block(void **state)
{
	static const struct {
		void (*tell)(struct scene *sc, int fd);
		bool greeting;
	} how[] = {
		{lingering_instead_of_a_region, true}, {lingering_as_an_arena, false},  {lingering_with_a_bell, false},
		{lingering_behind_a_violation, false}, {lingering_in_a_message, false}, {lingering_unread_at_close, false},
		{lingering_unread_at_destroy, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		struct scene *sc = how[i].greeting ? scene_create() : scene_open();
		int other, fd = lingering(&other);
		uint64_t begin = clock_ms();

		how[i].tell(sc, fd);
		scene_destroy(sc);
		if (clock_ms() - begin > SOON)
			fail_msg("case %zu took %llu ms", i, (unsigned long long)(clock_ms() - begin));
		close(other);
	}
}

/* ---- Who speaks ------------------------------------------------------------------------------------------------ */

static int greet_as(struct raw *r, uid_t uid)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))] = {0};
	struct iovec iov = {.iov_base = &r->hello, .iov_len = 64};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct ucred u = {.pid = getpid(), .uid = uid, .gid = getgid()};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int fd = raw_region(r), e;

	raw_seal(fd, RAW_SEALS);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	c = CMSG_NXTHDR(&m, c);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(u));
	memcpy(CMSG_DATA(c), &u, sizeof(u));
	e = sendmsg(r->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
	close(fd);
	return e;
}

static void expect_not_admitted(struct scene *sc)
{
	struct raw_packet p;

	scene_expect(sc, -EPERM, "is not admitted by our policy");
	assert_true(raw_expect(&sc->raw, RAW_REFUSE, &p));
	assert_int_equal(p.word.reason, EACCES);
	assert_non_null(strstr(p.word.text, "not admitted"));
	assert_int_equal(raw_recv(&sc->raw, &p), 0); /* nothing more: whom we take him for is not his to know */
}

static void the_speakers_uid_is_judged_too(void **state)
{
	struct scene *sc = scene_create();
	int e = greet_as(&sc->raw, 12345); /* root may say so */

	(void)state;
	if (e == -EPERM) {
		scene_destroy(sc);
		skip();
	}
	assert_int_equal(e, 0);
	expect_not_admitted(sc);
	scene_destroy(sc);
}

/* Sent before the other end asked for credentials, and without any: nobody spoke. */
static void a_hello_without_credentials(void **state)
{
	struct scene *sc = calloc(1, sizeof(*sc));
	struct rill_ctx_options o = {.size = sizeof(o), .now = scene_clock, .clock = &sc->now};
	int pair[2];

	(void)state;
	sc->now = 1;
	assert_int_equal(rill_ctx_create(&sc->ctx, &o), 0);
	scene_honest(sc);
	scene_pair(pair);
	raw_init(&sc->raw, pair[1]);
	assert_int_equal(raw_greet(&sc->raw), 0);
	assert_int_equal(rill_session_adopt(&sc->victim.session, sc->ctx, pair[0], &scene_options, &scene_events, &sc->victim),
	                 0);
	expect_not_admitted(sc);
	scene_destroy(sc);
}

/* ---- Listening ------------------------------------------------------------------------------------------------- */

struct door {
	struct rill_ctx *ctx;
	struct rill_listener *l;
	struct told told[8];
	unsigned accepted;
	uint64_t now;
	struct sockaddr_un address;
};

static void on_accepted(struct rill_listener *l, struct rill_session *s, void *user)
{
	struct door *d = user;

	(void)l;
	assert_true(d->accepted < 8);
	d->told[d->accepted].session = s;
	rill_session_set_events(s, &scene_events, &d->told[d->accepted]);
	d->accepted++;
}

static struct door *door_create(const struct rill_listener_options *options)
{
	static const struct rill_listener_events events = {.size = sizeof(events), .accepted = on_accepted};
	struct door *d = calloc(1, sizeof(*d));
	struct rill_ctx_options o = {.size = sizeof(o), .now = scene_clock, .clock = &d->now};

	d->now = 1000000000;
	d->address.sun_family = AF_UNIX;
	snprintf(d->address.sun_path, sizeof(d->address.sun_path), "/tmp/raw-door-%d", (int)getpid());
	assert_int_equal(rill_ctx_create(&d->ctx, &o), 0);
	assert_int_equal(rill_listener_create(&d->l, d->ctx, d->address.sun_path, options, &events, d), 0);
	return d;
}

static void door_turn(struct door *d)
{
	for (int i = 0; i < 8; i++) {
		assert_int_equal(rill_ctx_dispatch_all(d->ctx), 0);
		d->now += 1000000; /* of those who come to nothing four are taken in each */
	}
}

static void door_destroy(struct door *d)
{
	for (unsigned i = 0; i < d->accepted; i++)
		rill_session_close(d->told[i].session);
	rill_listener_close(d->l);
	rill_ctx_destroy(d->ctx);
	free(d);
}

static int knock(const struct door *d)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (connect(fd, (const struct sockaddr *)&d->address, sizeof(d->address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int greet_as_nobody(struct child *self, void *arg)
{
	const struct door *d = arg;
	struct raw r;
	struct raw_packet p;
	struct pollfd w;

	CHILD_CHECK(setgid(65534) == 0 && setuid(65534) == 0);
	raw_init(&r, knock(d));
	CHILD_CHECK(r.fd >= 0);
	CHILD_CHECK(raw_greet(&r) == 0);
	child_tell(self, 1);
	w = (struct pollfd){.fd = r.fd, .events = POLLIN};
	CHILD_CHECK(poll(&w, 1, 5000) == 1);
	CHILD_CHECK(raw_recv(&r, &p) == RAW_REFUSE); /* and no HELLO: no memory of ours was seen */
	CHILD_CHECK(strstr(p.word.text, "not admitted by the other side's policy") != NULL);
	return 7;
}

static void another_uid_is_refused_and_told_why(void **state)
{
	struct rill_listener_options o = {.size = sizeof(o), .session = &scene_options, .mode = 0666};
	struct door *d;
	struct child c;

	(void)state;
	if (geteuid() != 0)
		skip();
	d = door_create(&o);
	assert_int_equal(child_start(&c, greet_as_nobody, d), 0);
	assert_int_equal(child_hear(&c, 5000), 1);
	door_turn(d);
	assert_int_equal(child_wait(&c, 5000), 7);
	door_turn(d);
	assert_int_equal(d->accepted, 0);
	door_destroy(d);
}

static bool is_cut(int fd)
{
	char some[256];
	ssize_t n;

	do
		n = recv(fd, some, sizeof(some), MSG_DONTWAIT);
	while (n > 0 || (n < 0 && errno == ECONNRESET));
	return n == 0;
}

static void half_handshakes_do_not_keep_others_out(void **state)
{
	struct rill_listener_options o = {.size = sizeof(o), .session = &scene_options, .handshakes = 4};
	struct door *d = door_create(&o);
	struct raw_packet p;
	struct raw r;
	int silent[10], cut = 0;

	(void)state;
	for (int i = 0; i < 10; i++) {
		silent[i] = knock(d);
		assert_true(silent[i] >= 0);
		if (i % 2)
			assert_int_equal(send(silent[i], "?", 1, MSG_NOSIGNAL), 1); /* and some say nonsense */
	}
	door_turn(d);
	for (int i = 0; i < 10; i++) {
		bool gone = is_cut(silent[i]);

		assert_true(gone || i % 2 == 0); /* all that said nonsense ... */
		cut += gone;
	}
	assert_in_range(cut, 6, 9); /* ... and who made room for later ones */
	raw_init(&r, knock(d));
	assert_int_equal(raw_greet(&r), 0);
	door_turn(d);
	assert_int_equal(d->accepted, 1);
	assert_true(raw_expect(&r, RAW_HELLO, &p));
	raw_finish(&r);
	d->now += 1001000000;
	assert_int_equal(rill_ctx_dispatch(d->ctx, NULL), 0);
	door_turn(d);
	for (int i = 0; i < 10; i++) { /* all were cut in the end */
		assert_true(is_cut(silent[i]));
		close(silent[i]);
	}
	assert_int_equal(d->accepted, 1);
	door_destroy(d);
}

static void too_many_sessions_are_told_so(void **state)
{
	struct rill_listener_options o = {.size = sizeof(o), .session = &scene_options, .sessions = 1};
	struct door *d = door_create(&o);
	struct raw_packet p;
	struct raw r[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		raw_init(&r[i], knock(d));
		assert_int_equal(raw_greet(&r[i]), 0);
		door_turn(d);
	}
	assert_int_equal(d->accepted, 1);
	assert_true(raw_expect(&r[1], RAW_REFUSE, &p));
	assert_non_null(strstr(p.word.text, "too many sessions"));
	for (int i = 0; i < 2; i++)
		raw_finish(&r[i]);
	door_destroy(d);
}

/* What waits in the backlog, with a lingering socket in it, when the listener closes. */
static void a_lingering_backlog_does_not_block_close(void **state)
{
	struct rill_listener_options o = {.size = sizeof(o), .session = &scene_options};
	struct door *d = door_create(&o);
	int other, fd = lingering(&other), client = knock(d);
	struct raw r;
	uint64_t begin = clock_ms();

	(void)state;
	raw_init(&r, client);
	raw_say_hello(&r, fd);
	close(fd);
	door_destroy(d);
	assert_true(clock_ms() - begin < SOON);
	close(other);
	raw_finish(&r);
}

/* ---- Descriptors run out --------------------------------------------------------------------------------------- */

static struct rlimit no_more(__rlimit_resource_t what, rlim_t limit)
{
	struct rlimit was, now;

	assert_int_equal(getrlimit(what, &was), 0);
	now = was;
	now.rlim_cur = limit;
	assert_int_equal(setrlimit(what, &now), 0);
	return was;
}

static void again(__rlimit_resource_t what, struct rlimit was)
{
	assert_int_equal(setrlimit(what, &was), 0);
}

static void a_region_lost_for_want_of_descriptors(void **state)
{
	struct scene *sc = scene_create();
	struct rlimit was;

	(void)state;
	assert_int_equal(raw_greet(&sc->raw), 0);
	was = no_more(RLIMIT_NOFILE, 0);
	scene_turn(sc);
	again(RLIMIT_NOFILE, was);
	scene_expect(sc, -EMFILE, "no descriptor left to take the region with");
	scene_destroy(sc);
}

static void an_arena_lost_for_want_of_descriptors(void **state)
{
	struct scene *sc = scene_open();
	struct rlimit was;
	int fd = raw_arena(65536, NULL);

	(void)state;
	assert_int_equal(raw_announce(&sc->raw, 0, 65536, fd), 0);
	close(fd);
	was = no_more(RLIMIT_NOFILE, 0);
	scene_turn(sc);
	again(RLIMIT_NOFILE, was);
	scene_expect(sc, -EMFILE, "no descriptor left to take it with");
	scene_destroy(sc);
}

/* The message comes, and says what is missing. */
static void descriptors_lost_for_want_of_descriptors(void **state)
{
	struct scene *sc = scene_open();
	uint64_t word = 3;
	struct rlimit was;

	(void)state;
	scene_liar_opens(sc);
	sc->victim.hold = true;
	assert_int_equal(raw_fds(&sc->raw, 3, 0, 3), 0);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, RAW_HAS_FDS, 0, 8), &word, 1);
	raw_push(&sc->raw, RAW_E_DATA, 1);
	raw_bell(&sc->raw);
	was = no_more(RLIMIT_NOFILE, 0);
	scene_turn(sc);
	again(RLIMIT_NOFILE, was);
	assert_int_equal(sc->victim.held_count, 1);
	assert_int_equal(sc->victim.last_fds, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(rill_msg_take_fd(&sc->victim.held[0], i), -EMFILE);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void a_session_without_descriptors(void **state)
{
	struct scene *sc = scene_open();
	struct rill_session *s = NULL;
	struct rlimit was;
	int pair[2];

	(void)state;
	scene_pair(pair);
	was = no_more(RLIMIT_NOFILE, 0);
	assert_int_equal(rill_session_adopt(&s, sc->ctx, pair[0], NULL, NULL, NULL), -EMFILE);
	assert_int_equal(rill_session_connect(&s, sc->ctx, "/tmp/raw-nobody", NULL, NULL, NULL), -EMFILE);
	again(RLIMIT_NOFILE, was);
	assert_null(s);
	close(pair[0]); /* still ours */
	close(pair[1]);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

/* The arena for large messages cannot be made now; later it can. */
static void a_large_message_without_descriptors(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *ch = scene_victim_opens(sc);
	static char large[8192];
	struct rlimit was = no_more(RLIMIT_NOFILE, 0);
	int e = rill_channel_send(ch, large, sizeof(large));

	(void)state;
	again(RLIMIT_NOFILE, was);
	assert_int_equal(e, -EMFILE);
	assert_int_equal(rill_channel_send(ch, large, sizeof(large)), 0);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void accepting_without_descriptors_goes_on_later(void **state)
{
	struct rill_listener_options o = {.size = sizeof(o), .session = &scene_options};
	struct door *d = door_create(&o);
	struct rlimit was;
	struct raw r;

	(void)state;
	raw_init(&r, knock(d));
	assert_int_equal(raw_greet(&r), 0);
	was = no_more(RLIMIT_NOFILE, 0);
	door_turn(d);
	assert_int_equal(rill_ctx_pollfds(d->ctx, NULL, 0), 0); /* not watched: no busy loop */
	assert_true(rill_ctx_deadline(d->ctx) > d->now);
	again(RLIMIT_NOFILE, was);
	d->now = rill_ctx_deadline(d->ctx);
	assert_int_equal(rill_ctx_dispatch(d->ctx, NULL), 0);
	door_turn(d);
	assert_int_equal(d->accepted, 1);
	raw_finish(&r);
	door_destroy(d);
}

/* ---- Memory and file size -------------------------------------------------------------------------------------- */

static void a_session_above_the_file_size_limit(void **state)
{
	struct scene *sc = scene_open();
	struct rill_channel *ch = scene_victim_opens(sc);
	static char large[8192];
	struct rill_session *s;
	struct rill_arena *a;
	int pair[2], of_session, of_arena, of_message;
	struct rlimit was;

	(void)state;
	scene_pair(pair);
	was = no_more(RLIMIT_FSIZE, 65536); /* beyond it SIGXFSZ would end us */
	of_session = rill_session_adopt(&s, sc->ctx, pair[0], NULL, NULL, NULL);
	of_arena = rill_arena_create(&a, sc->ctx, NULL);
	of_message = rill_channel_send(ch, large, sizeof(large));
	again(RLIMIT_FSIZE, was);
	assert_int_equal(of_session, -EFBIG);
	assert_int_equal(of_arena, -EFBIG);
	assert_int_equal(of_message, -EFBIG);
	assert_int_equal(rill_channel_send(ch, large, sizeof(large)), 0);
	close(pair[0]);
	close(pair[1]);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

/* The accepting side makes its region late: its peer is told what it ran out of. */
static void an_accepted_session_above_the_file_size_limit(void **state)
{
	struct rill_listener_options o = {.size = sizeof(o), .session = &scene_options};
	struct door *d = door_create(&o);
	struct raw_packet p;
	struct rlimit was;
	struct raw r;

	(void)state;
	raw_init(&r, knock(d));
	assert_int_equal(raw_greet(&r), 0);
	was = no_more(RLIMIT_FSIZE, 65536);
	door_turn(d);
	again(RLIMIT_FSIZE, was);
	assert_int_equal(d->accepted, 0);
	assert_true(raw_expect(&r, RAW_GOODBYE, &p));
	assert_int_equal(p.word.reason, EFBIG);
	assert_non_null(strstr(p.word.text, "cannot make or send our region"));
	raw_finish(&r);
	door_destroy(d);
}

static rlim_t address_space(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	return pages * 4096;
}

static void a_session_without_address_space(void **state)
{
	struct rill_session_options big = scene_options;
	struct rill_session *s;
	struct rill_arena *a;
	struct scene *sc;
	int pair[2], of_session, of_arena;
	struct rlimit was;

	(void)state;
	big.ring_bytes = 64 << 20;
	sc = scene_open();
	scene_pair(pair);
	was = no_more(RLIMIT_AS, address_space() + (8 << 20));
	of_session = rill_session_adopt(&s, sc->ctx, pair[0], &big, NULL, NULL);
	of_arena = rill_arena_create(&a, sc->ctx, NULL);
	again(RLIMIT_AS, was);
	assert_int_equal(of_session, -ENOMEM);
	assert_int_equal(of_arena, -ENOMEM);
	close(pair[0]);
	close(pair[1]);
	scene_expect(sc, OPEN_STILL, "");
	scene_destroy(sc);
}

static void a_peers_memory_without_address_space(void **state)
{
	struct scene *sc;
	struct rlimit was;
	int fd;

	(void)state;
	sc = scene_create();
	sc->raw.head = raw_layout(16, 8, 2 << 20);
	sc->raw.hello.hello.size = sc->raw.head.size;
	assert_int_equal(raw_greet(&sc->raw), 0);
	was = no_more(RLIMIT_AS, address_space() + (4 << 20));
	scene_turn(sc);
	again(RLIMIT_AS, was);
	scene_expect(sc, -ENOMEM, "cannot map the peer's region");
	scene_destroy(sc);

	sc = scene_open();
	fd = raw_arena(32 << 20, NULL);
	raw_announce(&sc->raw, 0, 32 << 20, fd);
	close(fd);
	was = no_more(RLIMIT_AS, address_space() + (4 << 20));
	scene_turn(sc);
	again(RLIMIT_AS, was);
	scene_expect(sc, -ENOMEM, "arena: cannot be mapped");
	scene_destroy(sc);
}

/* A handshake, a channel each way, descriptors, loans both ways; the session may end for it, and nothing else. */
static void use_all(struct scene *sc)
{
	uint64_t word = 1, loan[3] = {0, 5, 1};
	struct rill_channel *ch = NULL;
	static char large[8192];
	int e, fd = raw_arena(65536, NULL);

	e = rill_channel_open(&ch, sc->victim.session, "x", NULL, &scene_channel_events, &sc->victim);
	assert_true(e == 0 || e == -ENOMEM);
	raw_channel(&sc->raw, RAW_OPEN, 1, 1);
	raw_announce(&sc->raw, 0, 65536, fd);
	close(fd);
	raw_fds(&sc->raw, 1, 0, 1);
	raw_frame(&sc->raw, 1, raw_header(RAW_MESSAGE, RAW_HAS_FDS, 0, 8), &word, 1);
	raw_frame(&sc->raw, 1, raw_header(RAW_LOAN, 0, 1, 24), loan, 3);
	scene_turn(sc);
	if (ch && !sc->victim.closed) {
		e = rill_channel_send(ch, large, sizeof(large));
		assert_true(e == 0 || e == -ENOMEM);
	}
}

static void any_allocation_may_be_refused(void **state)
{
	unsigned ended = 0, went_on = 0;
	uint64_t before;

	(void)state;
	for (uint64_t n = 1;; n++) {
		struct scene *sc = scene_create();

		scene_honest_goes_on(sc); /* it has all that it needs */
		before = allocs_refused();
		allocs_refuse(n);
		assert_int_equal(raw_greet(&sc->raw), 0);
		assert_int_equal(raw_meet(&sc->raw), 0);
		scene_turn(sc);
		if (!sc->victim.closed)
			use_all(sc);
		allocs_refuse(0);
		scene_turn(sc);
		if (sc->victim.closed) {
			assert_int_equal(sc->victim.why, -ENOMEM);
			ended++;
		} else {
			assert_int_equal(sc->victim.messages, 2);
			went_on++;
		}
		scene_honest_goes_on(sc);
		scene_destroy(sc);
		if (allocs_refused() == before)
			break;
	}
	assert_true(ended >= 3 && went_on >= 3);
}

static void skipped(void **state)
{
	(void)state;
	skip();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
/* valgrind and sanitizers have limits of their own, not the kernel's */
#define DESCRIPTORS(name)                                                              \
	{                                                                              \
#name, rounds_under_valgrind() ? skipped : name, setup, teardown, NULL \
	}
#define MEMORY(name)                                                                                               \
	{                                                                                                          \
#name, rounds_under_valgrind() || rounds_under_sanitizer() ? skipped : name, setup, teardown, NULL \
	}
	const struct CMUnitTest tests[] = {
		TEST(never_reading_costs_the_others_nothing),
		TEST(opening_while_we_close_costs_nothing),
		TEST(a_full_socket_has_room_again),
		TEST(descriptors_that_are_never_read_are_few),
		TEST(blocking_flag_of_a_shared_socket),
		TEST(lingering_sockets_do_not_block),
		TEST(the_speakers_uid_is_judged_too),
		TEST(a_hello_without_credentials),
		TEST(another_uid_is_refused_and_told_why),
		TEST(half_handshakes_do_not_keep_others_out),
		TEST(too_many_sessions_are_told_so),
		TEST(a_lingering_backlog_does_not_block_close),
		DESCRIPTORS(a_region_lost_for_want_of_descriptors),
		DESCRIPTORS(an_arena_lost_for_want_of_descriptors),
		DESCRIPTORS(descriptors_lost_for_want_of_descriptors),
		DESCRIPTORS(a_session_without_descriptors),
		DESCRIPTORS(a_large_message_without_descriptors),
		DESCRIPTORS(accepting_without_descriptors_goes_on_later),
		TEST(a_session_above_the_file_size_limit),
		TEST(an_accepted_session_above_the_file_size_limit),
		TEST(any_allocation_may_be_refused),
		MEMORY(a_session_without_address_space),
		MEMORY(a_peers_memory_without_address_space),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
