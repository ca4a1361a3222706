/* tests/bench/measures/growth.c - round trips of 64 bytes beside idle channels or sessions, and over all of them in turn; and
 * the memory that an idle one takes. */
#include "tests/bench/plan.h"
#include "tests/bench/rill/side.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES 64
#define RING 4096 /* 10,000 of the default would be 160 MB a side */

struct crowd {
	uint64_t count;
	struct rill_channel **channels; /* of which the first is the side's own */
	uint64_t sessions;              /* that are open */
};

/* ---- Memory ----------------------------------------------------------------------------------------------------- */

struct resident {
	double anon, shared; /* KiB */
};

static struct resident resident_now(void)
{
	struct resident now = {0, 0};
	char line[128];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, "RssAnon: %lf", &now.anon);
		sscanf(line, "RssShmem: %lf", &now.shared);
	}
	if (f)
		fclose(f);
	return now;
}

static void note_memory(struct side *s, const struct resident *before, uint64_t made)
{
	struct resident now = resident_now();

	if (!made)
		return;
	s->run->out->extra[0] = (now.anon - before->anon) / (double)made;
	s->run->out->extra[1] = (now.shared - before->shared) / (double)made;
}

/* ---- Channels --------------------------------------------------------------------------------------------------- */

static void limits(const struct task *t, struct rill_session_options *o)
{
	o->channels = (unsigned)t->count + 8;
	o->ring_bytes = RING;
}

static struct crowd *crowd_of(struct side *s)
{
	struct crowd *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->channels = calloc(s->run->task.count, sizeof(struct rill_channel *));
	if (!c->channels)
		return NULL;
	c->channels[0] = s->channel;
	c->count = 1;
	s->beside = c;
	return c;
}

static int open_one(struct side *s, struct rill_session *session, struct crowd *c)
{
	struct rill_channel **at = &c->channels[c->count];
	int r;

	while ((r = rill_channel_open(at, session, "", NULL, &side_answer_events, s)) == -EAGAIN && !s->error)
		if ((r = side_wait(s)) < 0)
			return r;
	c->count += r == 0;
	return r;
}

static int wait_opened(struct side *s)
{
	int r = 0;

	while (r >= 0 && !s->error && s->opened < s->run->task.count)
		r = side_wait(s);
	return r < 0 ? r : s->error;
}

static int open_channels(struct side *s)
{
	struct resident before = resident_now();
	struct crowd *c;
	int r = 0;

	if (s->run->role == RUN_SERVER)
		return 0;
	c = crowd_of(s);
	if (!c)
		return -ENOMEM;
	while (r == 0 && c->count < s->run->task.count)
		r = open_one(s, s->session, c);
	if (r == 0)
		r = wait_opened(s);
	note_memory(s, &before, s->run->task.count - 1);
	return r;
}

/* ---- Sessions --------------------------------------------------------------------------------------------------- */

static int prepare_sessions(struct run *r)
{
	static unsigned number;
	int error = side_prepare(r);

	if (error == 0)
		error = run_share(r, 4096);
	if (error == 0)
		snprintf((char *)r->shared, 4096, "/tmp/rill-bench-%d-%u", (int)getpid(), number++);
	return error;
}

static void on_accepted(struct rill_listener *l, struct rill_session *session, void *user)
{
	static const struct rill_session_events events = {.size = sizeof(events), .channel = side_on_channel};

	(void)l;
	rill_session_set_events(session, &events, user);
}

static int listen_for_crowd(struct side *s)
{
	static const struct rill_listener_events events = {.size = sizeof(events), .accepted = on_accepted};
	struct rill_session_options session = {.size = sizeof(session), .ring_bytes = RING, .channels = 4};
	struct rill_listener_options options = {.size = sizeof(options),
	                                        .session = &session,
	                                        .sessions = 2000,
	                                        .handshakes = 2000};
	struct rill_listener *l;
	int r = rill_listener_create(&l, s->ctx, (const char *)s->run->shared, &options, &events, s);

	run_tell(s->run, 1);
	return r;
}

static void on_opened(struct rill_session *session, void *user)
{
	struct side *s = user;
	struct crowd *c = s->beside;

	c->sessions++;
	if (open_one(s, session, c) < 0)
		side_fail(s, -EIO);
}

static int connect_one(struct side *s, struct crowd *c)
{
	static const struct rill_session_events events = {.size = sizeof(events), .opened = on_opened, .closed = side_on_end};
	struct rill_session_options options = {.size = sizeof(options), .ring_bytes = RING, .channels = 4};
	uint64_t wanted = c->sessions + 1;
	struct rill_session *session;
	int r = rill_session_connect(&session, s->ctx, (const char *)s->run->shared, &options, &events, s);

	while (r >= 0 && !s->error && c->sessions < wanted)
		r = side_wait(s);
	return r < 0 ? r : s->error;
}

static int open_sessions(struct side *s)
{
	struct resident before = resident_now();
	struct crowd *c;
	int r;

	if (s->run->role == RUN_SERVER)
		return listen_for_crowd(s);
	c = crowd_of(s);
	r = c ? run_await(s->run, 1) : -ENOMEM;
	while (r == 0 && c->sessions + 1 < s->run->task.count)
		r = connect_one(s, c);
	if (r == 0)
		r = wait_opened(s);
	if (r == 0)
		note_memory(s, &before, s->run->task.count - 1);
	return r;
}

/* ---- All active: each has a request in a trip, and its own answer ----------------------------------------------- */

static void ask_all(struct side *s)
{
	struct crowd *c = s->beside;
	int r = 0;

	for (uint64_t i = 0; i < c->count && r == 0; i++) {
		s->channel = c->channels[i];
		r = side_put(s, s->run->task.bytes);
	}
	if (r < 0)
		side_fail(s, r);
}

/* ---- Rows ------------------------------------------------------------------------------------------------------- */

static const struct side_how channels_idle = {.limits = limits, .crowd = open_channels};
static const struct side_how channels_active = {.limits = limits, .crowd = open_channels, .start = ask_all};
static const struct side_how sessions_idle = {.crowd = open_sessions};
static const struct side_how sessions_active = {.crowd = open_sessions, .start = ask_all};

#define ROW(is, says, of, makes)                                                                                 \
	{                                                                                                        \
		.key = is, .name = says, .kind = KIND_RILL, .lends = true, .prepare = makes, .client = side_ask, \
		.server = side_serve, .param = &of,                                                              \
	}

static const struct way rows[] = {
	ROW("channels", "channels in a session", channels_idle, side_prepare),
	ROW("channels", "channels in a session", channels_active, side_prepare),
	ROW("sessions", "sessions in a ctx", sessions_idle, prepare_sessions),
	ROW("sessions", "sessions in a ctx", sessions_active, prepare_sessions),
};

static void add(struct plan *p, size_t row, enum wait wait, uint64_t count)
{
	struct task t = {.wait = wait, .work = WORK_WRITE, .bytes = BYTES, .answer = BYTES, .burst = 1, .count = count};
	bool active = row & 1;
	struct cell *c;

	t.answers = active ? count : 0;
	plan_trips(p, &t, (wait == WAIT_SLEEP ? 70000 : 400) + (active ? 500.0 * (double)count : 0), 5, 50000);
	c = plan_add(p, &rows[row], &t, 2, count);
	if (count >= 1000 && (active || p->form == FORM_QUICK))
		c->rounds = active ? 2 : 1; /* making them takes longest */
	c->often = !active && (count == 1 || count == (row < 2 ? 10000 : 1000));
	snprintf(c->labels.work, sizeof(c->labels.work), active ? "active" : "idle");
}

static void plan_growth(struct plan *p)
{
	static const uint64_t counts[] = {1, 10, 100, 1000, 10000};

	for (size_t row = 0; row < sizeof(rows) / sizeof(*rows) && p->two; row++)
		for (enum wait wait = WAIT_SPIN; wait <= WAIT_SLEEP; wait++)
			for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
				if (counts[i] <= (row < 2 ? 10000 : 1000) && (p->form != FORM_SMOKE || counts[i] <= 100))
					add(p, row, wait, counts[i]);
}

static void record(const struct plan *p, const struct cell *c, const struct outcome *out, struct point *point)
{
	double messages = c->task.answers ? (double)c->task.answers : 1;

	point_add(point, "p50_ns", plan_ns(p, hist_at(&out->trips, 0.5)) / messages);
	point_add(point, "p99_ns", plan_ns(p, hist_at(&out->trips, 0.99)) / messages);
	if (c->task.count > 1) {
		point_add(point, "private_kib", out->extra[0]);
		point_add(point, "shared_kib", out->extra[1]);
	}
}

const struct measure MEASURE(growth) = {
	.key = "growth",
	.title = "Round trip as sessions and channels grow",
	.at = "how many",
	.order = 7,
	.plan = plan_growth,
	.record = record,
};
