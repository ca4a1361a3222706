/* tests/soak/load.c - see load.h. */
#include "tests/soak/load.h"

#include "tests/support/leaks.h"
#include "tests/support/rounds.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct me me;

void wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "# %s %u, pid %d: ", me.side == HUB ? "hub" : "peer", me.place, (int)getpid());
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	atomic_store(&ledger->failed, true);
	if (me.side == PEER)
		_exit(1);
	printf("proof soak-lost 1 0 short\n0 passed, 1 failed, 0 skipped\n");
	exit(1); /* the peers die with us */
}

enum phase phase_now(void)
{
	return atomic_load(&ledger->at) % PHASES;
}

void load_start(enum side side, unsigned place)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = (size_t)256 << 20};
	struct rill_ctx_options c = {.size = sizeof(c), .budget = 16};

	me.side = side;
	me.place = place;
	me.draw = mix(ledger->seed, place < PEERS ? place + 100 * atomic_load(&ledger->lives[place]) : place);
	MUST(rill_ctx_create(&me.ctx, &c) == 0);
	MUST(rill_arena_create(&me.arena, me.ctx, &o) == 0);
}

/* ---- Seats ----------------------------------------------------------------------------------------------------- */

void seat_close(struct seat *c, bool abort)
{
	struct rill_channel *ch = c->ch;

	c->ch = NULL;
	c->opened = c->waits = false;
	if (abort)
		rill_channel_abort(ch, -EIO);
	else
		rill_channel_close(ch);
	atomic_fetch_add(&ledger->closes, 1);
	ledger_done_slot((unsigned)c->talk->id, c->slot, me.side);
}

static void sit_down(struct seat *c, struct rill_channel *ch, uint32_t round)
{
	c->ch = ch;
	c->in = c->out = 0;
	c->round = round;
}

/* Even slots are the peer's to open. */
static bool is_mine(unsigned slot)
{
	return slot % 2 == (me.side == PEER ? 0 : 1);
}

static void open_seat(struct seat *c)
{
	struct talk *t = c->talk;
	struct slot *s = &ledger->line[t->id].slot[c->slot];
	struct rill_channel *ch;
	char name[64];
	int e;

	if (t->waits || atomic_load(&s->done) != BOTH)
		return;
	memset(s->from, 0, sizeof(s->from));
	atomic_fetch_add(&s->round, 1);
	atomic_store(&s->done, 0);
	snprintf(name, sizeof(name), "%d.%u.%u", t->id, c->slot, atomic_load(&s->round));
	e = rill_channel_open(&ch, t->s, name, NULL, &seat_events, c);
	if (e == 0) {
		atomic_fetch_add(&ledger->channels, 1);
		sit_down(c, ch, atomic_load(&s->round));
		return;
	}
	atomic_store(&s->done, BOTH);
	t->waits = e == -EAGAIN;
	if (e != -EAGAIN && e != -EPIPE && e != -ECONNRESET)
		wrong("line %d: opening a channel: %s", t->id, strerror(-e));
}

/* ---- Talks ----------------------------------------------------------------------------------------------------- */

struct talk *talk_new(struct rill_session *s, int id, unsigned peer)
{
	struct talk *t = calloc(1, sizeof(*t));

	MUST(t);
	t->s = s;
	t->id = id;
	t->peer = peer;
	for (unsigned i = 0; i < SLOTS; i++)
		t->seat[i] = (struct seat){.talk = t, .slot = i};
	if (id >= 0)
		me.talk[id] = t;
	me.standing[peer]++;
	return t;
}

void talk_close(struct talk *t)
{
	rill_session_close(t->s);
	me.standing[t->peer]--;
	if (t->id >= 0) {
		me.talk[t->id] = NULL;
		ledger_done_line((unsigned)t->id, me.side);
	}
	free(t);
}

/* What the other side opened and we have never seen: then nothing was committed there. */
static void look_for_unseen(struct talk *t)
{
	enum side other = me.side == HUB ? PEER : HUB;

	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *s = &ledger->line[t->id].slot[i];

		MUST(!t->seat[i].ch);
		if (!is_mine(i) && atomic_load(&s->round) != t->seat[i].round)
			MUST(atomic_load(&s->from[other].committed) == 0);
	}
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	struct talk *t = user;

	if (why != 0 && !(why == -ECONNRESET && me.dying[t->peer]))
		wrong("line %d: session closed: %s: %s", t->id, strerror(-why), rill_session_why(s));
	if (t->id >= 0)
		look_for_unseen(t);
	talk_close(t);
}

/* The first channel tells the hub which line it is. */
static void introduce(struct talk *t)
{
	if (me.side == PEER && !atomic_load(&ledger->line[t->id].bound) && !t->seat[0].ch)
		open_seat(&t->seat[0]);
}

static void on_opened(struct rill_session *s, void *user)
{
	(void)s;
	atomic_fetch_add(&ledger->connected[me.place], 1);
	introduce(user);
}

static void on_writable(struct rill_session *s, void *user)
{
	struct talk *t = user;

	(void)s;
	t->waits = false;
	introduce(t);
}

/* The hub learns from the first channel which line it is. */
static void bind_to(struct talk *t, unsigned id)
{
	if (t->id < 0) {
		MUST(!me.talk[id] && id / EACH == t->peer);
		t->id = (int)id;
		me.talk[id] = t;
		atomic_store(&ledger->line[id].bound, true);
	}
	MUST(t->id == (int)id);
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	struct talk *t = user;
	unsigned id, slot, round;
	struct seat *c;

	(void)s;
	MUST(sscanf(rill_channel_name(ch), "%u.%u.%u", &id, &slot, &round) == 3 && id < SESSIONS && slot < SLOTS);
	bind_to(t, id);
	c = &t->seat[slot];
	MUST(!c->ch && !is_mine(slot) && round == atomic_load(&ledger->line[id].slot[slot].round));
	sit_down(c, ch, round);
	if (phase_now() == LOAD && rounds_random(&me.draw) % 256 == 0) {
		c->ch = NULL;
		ledger_done_slot(id, slot, me.side);
		return -ECANCELED;
	}
	c->opened = true;
	MUST(rill_channel_set_events(ch, &seat_events, c) == 0);
	return 0;
}

const struct rill_session_events talk_events = {
	.size = sizeof(talk_events),
	.opened = on_opened,
	.channel = on_channel,
	.writable = on_writable,
	.closed = on_closed,
};

/* ---- A turn ---------------------------------------------------------------------------------------------------- */

static unsigned below(unsigned limit)
{
	return (unsigned)(rounds_random(&me.draw) % limit);
}

/* The hub's are all, a peer's its own. */
static struct talk *any_talk(void)
{
	struct talk *t = me.talk[me.side == HUB ? below(SESSIONS) : me.place * EACH + below(EACH)];

	return t && rill_session_status(t->s) == 1 ? t : NULL;
}

static void do_something(struct talk *t)
{
	struct seat *c = &t->seat[below(SLOTS)];

	if (!c->ch && is_mine(c->slot))
		open_seat(c);
	if (!c->ch)
		return;
	if (below(16384) == 0 && atomic_load(&ledger->line[t->id].bound))
		talk_close(t);
	else if (below(128) == 0)
		seat_close(c, below(4) == 0);
	else
		seat_send(c, 1 + below(6));
}

/* Opens what is missing of a line; in a line that is to stand each seat of ours sends its first message. */
static void stand_up(struct talk *t)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		struct seat *c = &t->seat[i];

		if (!c->ch && is_mine(i))
			open_seat(c);
		if (c->ch && c->out == 0)
			seat_send(c, 1);
	}
}

void load_turn(void)
{
	enum phase phase = phase_now();

	me.idle = true;
	held_release(phase != LOAD);
	for (unsigned i = 0; phase == LOAD && i < 16; i++) {
		struct talk *t = any_talk();

		if (t)
			do_something(t);
	}
	for (unsigned id = 0; phase == STAND && id < SESSIONS; id++)
		if (me.talk[id] && rill_session_status(me.talk[id]->s) == 1)
			stand_up(me.talk[id]);
}

/* ---- Where a phase ends ---------------------------------------------------------------------------------------- */

static bool all_came(const struct talk *t, bool stands)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		const struct seat *c = &t->seat[i];
		const struct slot *s = &ledger->line[t->id].slot[i];

		if (stands && (!c->ch || !c->opened || c->in != 1 || c->out != 1))
			return false;
		if (c->ch && (c->waits || c->out != atomic_load(&s->from[me.side].got)))
			return false;
	}
	return !t->waits && rill_session_status(t->s) == 1 && atomic_load(&ledger->line[t->id].bound);
}

/* Once all sessions have ended. Before, an owner looks for what comes home as he lends the next. */
static bool nothing_is_lent(void)
{
	struct rill_arena_usage usage = {.size = sizeof(usage)};

	rill_arena_get_usage(me.arena, &usage);
	return usage.lent == 0 && usage.allocated == 0;
}

bool load_there(void)
{
	enum phase phase = phase_now();
	unsigned standing = 0, wanted = me.side == HUB ? SESSIONS : EACH;

	for (unsigned p = 0; p < PEERS; p++)
		standing += me.standing[p];
	if (phase == LOAD)
		return true;
	if (phase == REST)
		return standing == 0 && rill_ctx_pollfds(me.ctx, NULL, 0) == (me.side == HUB ? 2 : 0) && nothing_is_lent();
	for (unsigned id = 0; id < SESSIONS; id++)
		if (me.talk[id] && !all_came(me.talk[id], phase == STAND))
			return false;
	return phase == DRAIN || standing == wanted;
}

/* For who reads a report of what has no end. */
void load_explain(void)
{
	struct rill_arena_usage usage = {.size = sizeof(usage)};

	rill_arena_get_usage(me.arena, &usage);
	fprintf(stderr, "# process %u: %zu watches, %zu blocks lent, sessions", me.place, rill_ctx_pollfds(me.ctx, NULL, 0),
	        usage.lent);
	for (unsigned p = 0; p < PEERS; p++)
		fprintf(stderr, " %u", me.standing[p]);
	fprintf(stderr, "\n");
	for (unsigned id = 0; id < SESSIONS; id++) {
		const struct talk *t = me.talk[id];

		for (unsigned i = 0; t && i < SLOTS && !all_came(t, phase_now() == STAND); i++) {
			const struct seat *c = &t->seat[i];
			const struct slot *s = &ledger->line[id].slot[i];

			if (c->ch && c->opened && !c->waits && c->out == atomic_load(&s->from[me.side].got))
				continue;
			fprintf(stderr, "# line %u slot %u: %s %s %s, %llu out %llu got %llu in, done %u%s\n", id, i,
			        c->ch ? "there" : "not there", c->opened ? "opened" : "not opened", c->waits ? "waits" : "",
			        (unsigned long long)c->out, (unsigned long long)atomic_load(&s->from[me.side].got),
			        (unsigned long long)c->in, atomic_load(&s->done), t->waits ? ", the session waits" : "");
			break;
		}
	}
}

static size_t own_memory(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	size_t kib, sum = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pss_Anon: %zu kB", &kib) == 1)
			sum += kib << 10;
	if (f)
		fclose(f);
	return sum;
}

void load_count(void)
{
	struct count *c = &ledger->count[me.place];

	rill_arena_trim(me.arena, SIZE_MAX);
	malloc_trim(0);
	c->fds = leaks_fds();
	c->mappings = leaks_mappings();
	c->heap = mallinfo2().uordblks;
	c->memory = own_memory();
}
