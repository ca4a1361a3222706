/* tests/fault/scene.h - one ctx with two sessions: one whose peer is a liar (raw.h), one that is honest and must go on. All in
 * one process and one thread, so nothing waits: a lie is told, the ctx is turned, and what its user was told is compared. */
#ifndef TESTS_FAULT_SCENE_H
#define TESTS_FAULT_SCENE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fault/raw.h"
#include "tests/support/leaks.h"

#include <rill/rill.h>
#include <stdlib.h>
#include <time.h>

#define HELD 64
#define OPEN_STILL 1 /* `why` of a lie that is none: the session goes on */

/* what one session's user was told */
struct told {
	struct rill_session *session;
	struct rill_channel *channel; /* the last that came */
	unsigned opened, closed, offers, messages, channels_closed, writables;
	int why, channel_why;
	char text[256];
	int refuse;  /* what channel() gives */
	bool hold;   /* messages are not released */
	bool unread; /* channels that come are not read */
	struct rill_msg held[HELD];
	unsigned held_count;
	uint64_t last; /* first word of the last message */
	size_t last_len;
	unsigned last_fds;
};

struct scene {
	struct rill_ctx *ctx;
	uint64_t now; /* the ctx's clock */
	struct told victim, honest[2];
	struct rill_channel *honest_channel;
	struct raw raw;
};

static inline void scene_readable(struct rill_channel *ch, void *user)
{
	struct told *t = user;
	struct rill_msg msg;

	while (rill_channel_recv(ch, &msg) == 0) {
		t->messages++;
		t->last = 0;
		t->last_len = msg.len;
		t->last_fds = msg.fd_count;
		memcpy(&t->last, msg.data, msg.len < 8 ? msg.len : 8);
		if (t->hold && t->held_count < HELD)
			t->held[t->held_count++] = msg;
		else
			rill_msg_release(&msg);
	}
}

static inline void scene_channel_closed(struct rill_channel *ch, int why, void *user)
{
	struct told *t = user;

	(void)ch;
	t->channels_closed++;
	t->channel_why = why;
}

static inline void scene_writable(struct rill_channel *ch, void *user)
{
	(void)ch;
	((struct told *)user)->writables++;
}

static const struct rill_channel_events scene_channel_events = {
	.size = sizeof(scene_channel_events),
	.readable = scene_readable,
	.writable = scene_writable,
	.closed = scene_channel_closed,
};

static inline int scene_offer(struct rill_session *s, struct rill_channel *ch, void *user)
{
	struct told *t = user;
	struct rill_channel_events events = scene_channel_events;

	(void)s;
	t->offers++;
	if (t->unread)
		events.readable = NULL;
	rill_channel_set_events(ch, &events, user);
	t->channel = ch;
	return t->refuse;
}

static inline void scene_opened(struct rill_session *s, void *user)
{
	(void)s;
	((struct told *)user)->opened++;
}

static inline void scene_closed(struct rill_session *s, int why, void *user)
{
	struct told *t = user;

	t->closed++;
	t->why = why;
	snprintf(t->text, sizeof(t->text), "%s", rill_session_why(s));
}

static const struct rill_session_events scene_events = {
	.size = sizeof(scene_events),
	.opened = scene_opened,
	.channel = scene_offer,
	.closed = scene_closed,
};

static const struct rill_session_options scene_options = {
	.size = sizeof(scene_options),
	.handshake_ms = 1000,
	.close_ms = 1000,
	.arena_bytes = 1 << 20,
	.mapped_bytes = 64 << 20,
	.channels = 8,
	.loans = 8,
	.arenas = 4,
	.fds = 16,
};

static inline uint64_t scene_clock(void *clock)
{
	return *(uint64_t *)clock;
}

/* Nothing here waits for another process: a few turns are enough for what was begun to end. */
static inline void scene_turn(struct scene *sc)
{
	for (int i = 0; i < 6; i++)
		assert_int_equal(rill_ctx_dispatch_all(sc->ctx), 0);
}

static inline void scene_pass(struct scene *sc, uint64_t ms)
{
	sc->now += ms * 1000000;
	assert_int_equal(rill_ctx_dispatch(sc->ctx, NULL), 0);
	scene_turn(sc);
}

static inline void scene_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
}

static inline void scene_honest(struct scene *sc)
{
	int pair[2];

	scene_pair(pair);
	for (int i = 0; i < 2; i++)
		assert_int_equal(rill_session_adopt(&sc->honest[i].session, sc->ctx, pair[i], &scene_options, &scene_events,
		                                    &sc->honest[i]),
		                 0);
	scene_turn(sc);
	assert_int_equal(rill_channel_open(&sc->honest_channel, sc->honest[0].session, "honest", NULL, NULL, NULL), 0);
}

/* Small and large messages still arrive in the session beside. */
static inline void scene_honest_goes_on(struct scene *sc)
{
	static char large[20000];
	unsigned before = sc->honest[1].messages;

	for (uint64_t i = 1; i <= 4; i++) {
		assert_int_equal(rill_channel_send(sc->honest_channel, &i, sizeof(i)), 0);
		large[0] = (char)i;
		assert_int_equal(rill_channel_send(sc->honest_channel, large, sizeof(large)), 0);
		scene_turn(sc);
	}
	assert_int_equal(sc->honest[1].messages, before + 8);
	assert_int_equal(sc->honest[1].last_len, sizeof(large));
	assert_int_equal(sc->honest[0].closed + sc->honest[1].closed, 0);
}

/* A ctx with an honest session, and a victim whose peer has not spoken yet. */
static inline struct scene *scene_create_budget(const struct rill_session_options *options, unsigned session_budget)
{
	struct scene *sc = calloc(1, sizeof(*sc));
	struct rill_ctx_options o = {.size = sizeof(o),
	                             .now = scene_clock,
	                             .clock = &sc->now,
	                             .session_budget = session_budget};
	int pair[2];

	assert_non_null(sc);
	sc->now = 1000000000;
	assert_int_equal(rill_ctx_create(&sc->ctx, &o), 0);
	scene_honest(sc);
	scene_pair(pair);
	raw_init(&sc->raw, pair[1]);
	assert_int_equal(rill_session_adopt(&sc->victim.session, sc->ctx, pair[0], options, &scene_events, &sc->victim), 0);
	return sc;
}

static inline struct scene *scene_create_with(const struct rill_session_options *options)
{
	return scene_create_budget(options, 0);
}

static inline struct scene *scene_create(void)
{
	return scene_create_with(&scene_options);
}

/* And with an honest handshake. */
static inline struct scene *scene_open_with(const struct rill_session_options *options)
{
	struct scene *sc = scene_create_with(options);

	assert_int_equal(raw_greet(&sc->raw), 0);
	assert_int_equal(raw_meet(&sc->raw), 0);
	scene_turn(sc);
	assert_int_equal(sc->victim.opened, 1);
	return sc;
}

static inline struct scene *scene_open(void)
{
	return scene_open_with(&scene_options);
}

static inline void scene_destroy(struct scene *sc)
{
	while (sc->victim.held_count)
		rill_msg_release(&sc->victim.held[--sc->victim.held_count]);
	rill_session_close(sc->victim.session);
	for (int i = 0; i < 2; i++)
		rill_session_close(sc->honest[i].session);
	rill_ctx_destroy(sc->ctx);
	raw_finish(&sc->raw);
	free(sc);
}

/* The victim's channel, open: its ring 0 is read by us. */
static inline struct rill_channel *scene_victim_opens(struct scene *sc)
{
	struct rill_channel *ch;
	struct raw_packet p;

	assert_int_equal(rill_channel_open(&ch, sc->victim.session, "victim", NULL, &scene_channel_events, &sc->victim), 0);
	assert_true(raw_expect(&sc->raw, RAW_OPEN, &p));
	assert_int_equal(raw_channel(&sc->raw, RAW_ACCEPT, p.open.id, p.open.generation), 0);
	scene_turn(sc);
	return ch;
}

/* Our channel 1, open: the victim reads our ring 1. */
static inline void scene_liar_opens(struct scene *sc)
{
	struct raw_packet p;

	assert_int_equal(raw_channel(&sc->raw, RAW_OPEN, 1, 1), 0);
	scene_turn(sc);
	assert_true(raw_expect(&sc->raw, RAW_ACCEPT, &p));
}

/* The victim was told `why` and `text`, its peer was told why, too, and nobody else noticed. */
static inline void scene_expect(struct scene *sc, int why, const char *text)
{
	struct raw_packet p;

	scene_turn(sc);
	if (why == OPEN_STILL) {
		assert_int_equal(sc->victim.closed, 0);
		assert_int_equal(rill_session_status(sc->victim.session), 1);
	} else {
		assert_int_equal(sc->victim.closed, 1);
		assert_int_equal(sc->victim.why, why);
		if (!strstr(sc->victim.text, text))
			fail_msg("told \"%s\", not \"%s\"", sc->victim.text, text);
		assert_int_equal(rill_session_status(sc->victim.session), why ? why : -EPIPE);
	}
	if (why == -EPROTO) {
		assert_true(raw_expect(&sc->raw, RAW_GOODBYE, &p));
		assert_int_equal(p.word.reason, EPROTO);
		assert_non_null(strstr(p.word.text, text));
		assert_int_equal(raw_recv(&sc->raw, &p), 0);
	}
	scene_honest_goes_on(sc);
}

/* ---- A table of lies: each is a test --------------------------------------------------------------------------- */

struct lie {
	const char *name;
	void (*tell)(struct scene *sc);
	int why;
	const char *text;
	bool greeting; /* told before any handshake */
};

static inline void lie_is_found(void **state)
{
	const struct lie *l = *state;
	struct scene *sc = l->greeting ? scene_create() : scene_open();

	l->tell(sc);
	scene_expect(sc, l->why, l->text);
	scene_destroy(sc);
}

#define LIES_RUN(group, lies)                                                                                     \
	static int run_##lies(void)                                                                               \
	{                                                                                                         \
		static struct CMUnitTest tests[sizeof(lies) / sizeof((lies)[0])];                                 \
                                                                                                                  \
		for (size_t i = 0; i < sizeof(lies) / sizeof((lies)[0]); i++)                                     \
			tests[i] = (struct CMUnitTest){(lies)[i].name, lie_is_found, leaks_setup, leaks_teardown, \
			                               (void *)(uintptr_t) & (lies)[i]};                          \
		return _cmocka_run_group_tests(group, tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);       \
	}

#endif
