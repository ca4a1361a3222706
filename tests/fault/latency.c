/* tests/fault/latency.c - what an honest session notices of a flood beside it: the median of its round trips over an event
 * loop, in slices that take turns. Each trip is answered, whatever the flood; the ratios are no assertions but lines, in the
 * long form.
 *
 * A flooder costs the machine as well as us: it fills a CPU, in the kernel, and on two CPUs the honest peer waits for it. So
 * `proof flood-latency` compares the flood with the same peer making the same system calls to itself, each process on the same
 * CPU in both: what differs is that one of them comes to our ctx. The plain ratio compares it with a peer that only spins,
 * all of them where the scheduler puts them. */
#include "tests/fault/scene.h"

#include "tests/support/child.h"
#include "tests/support/rounds.h"

#include <rill/epoll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/un.h>

#define CHANNELS 64 /* of the liar, for messages; and as many that come and go */
#define CREDIT 100  /* descriptors */
#define FRAMES 200  /* in a ring, not yet freed */
#define ASKED 1.5
#define SLICES 7
#define KNOCKS 32

enum flood { NOTHING, MESSAGES, BELLS, OPENS, DESCRIPTORS, HANDSHAKES, FLOODS, OVER };

static const char *const flood_name[FLOODS] = {"nothing", "messages", "bells", "opens", "descriptors", "handshakes"};

/* One page of all three. */
static struct shared {
	_Atomic int flood;                /* the parent writes both */
	_Atomic bool apart;               /* not to the victim: to itself */
	_Atomic uint64_t done;            /* slices; the honest peer writes it */
	_Atomic double median;            /* ns, of the last; the honest peer */
	_Atomic uint64_t said[2][FLOODS]; /* to the victim, apart */
} * shared;

static unsigned trips;
static struct sockaddr_un address = {.sun_family = AF_UNIX};

/* ---- The liar -------------------------------------------------------------------------------------------------- */

static struct liar {
	struct raw raw;
	uint64_t carm[2 * CHANNELS], sarm, sent;
	uint32_t generation[CHANNELS];
	bool out[CHANNELS];
	int knock[KNOCKS];
} liar;

static struct liar *const me = &liar;

static void listen_to_them(void)
{
	struct raw_packet p;
	int kind;

	while ((kind = raw_recv(&me->raw, &p)) > 0)
		if (kind == RAW_CLOSE && p.close.id / 2 >= CHANNELS)
			me->out[p.close.id / 2 - CHANNELS] = false;
	CHILD_CHECK(kind == -EAGAIN);
}

static void say(const struct raw_packet *p)
{
	int e;

	while ((e = raw_say(&me->raw, p)) == -EAGAIN)
		listen_to_them();
	CHILD_CHECK(e == 0);
}

static void ring(void)
{
	struct raw_packet p = raw_packet(RAW_BELL, 16);

	p.sarm = raw_load(&me->raw, RAW_SARM);
	if (p.sarm == me->sarm)
		return;
	me->sarm = p.sarm;
	say(&p);
	shared->said[0][BELLS]++;
}

static void tell(unsigned channel)
{
	uint64_t carm = raw_load(&me->raw, raw_chan(&me->raw.their_head, channel, RAW_CARM));

	if (carm != me->carm[channel])
		raw_push(&me->raw, RAW_E_DATA, channel);
	me->carm[channel] = carm;
}

static uint64_t not_freed(unsigned channel)
{
	return (me->raw.wpos[channel] - raw_load(&me->raw, raw_chan(&me->raw.their_head, channel, RAW_POS))) / 16;
}

static void send_messages(void)
{
	for (unsigned i = 1; i < 2 * CHANNELS; i += 2) {
		for (uint64_t n = not_freed(i); n < FRAMES; n++) {
			raw_message(&me->raw, i, n);
			shared->said[0][MESSAGES]++;
		}
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		tell(i);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ring();
}

static void open_and_close(void)
{
	for (uint32_t i = 0; i < CHANNELS; i++) {
		struct raw_packet open = raw_open_packet(&me->raw, RAW_OPEN, 2 * (CHANNELS + i) + 1, me->generation[i] + 1);
		struct raw_packet close = raw_packet(RAW_CLOSE, 32);

		if (me->out[i])
			continue;
		close.close.id = open.open.id;
		close.close.generation = ++me->generation[i];
		raw_store(&me->raw, raw_chan(&me->raw.head, open.open.id, RAW_CARM), 1);
		me->out[i] = true;
		say(&open);
		say(&close);
		shared->said[0][OPENS]++;
	}
}

static void send_descriptors(void)
{
	while (me->sent - raw_load(&me->raw, RAW_FDS_TAKEN) < CREDIT && not_freed(1) < FRAMES) {
		uint64_t word = me->sent << 32 | 1;

		if (raw_fds(&me->raw, 1, 0, 1) < 0) {
			me->raw.seq--;
			break;
		}
		raw_frame(&me->raw, 1, raw_header(RAW_MESSAGE, RAW_HAS_FDS, 0, 8), &word, 1);
		me->sent++;
		shared->said[0][DESCRIPTORS]++;
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	tell(1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ring();
}

static void knock(void)
{
	for (int i = 0; i < KNOCKS; i++) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (me->knock[i] > 0)
			close(me->knock[i]);
		me->knock[i] = fd;
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			shared->said[0][HANDSHAKES]++;
	}
}

/* ---- The same work, where it costs the victim nothing ---------------------------------------------------------- */

static struct {
	struct raw end[2];
	int listener;
	struct sockaddr_un address;
	uint64_t ring[2 * CHANNELS][FRAMES][2];
} apart;

static void begin_apart(void)
{
	int fd[2];

	CHILD_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) == 0);
	apart.end[0].fd = fd[0];
	apart.end[1].fd = fd[1];
	apart.address = address;
	apart.address.sun_path[0] = '\0'; /* no file */
	apart.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CHILD_CHECK(bind(apart.listener, (struct sockaddr *)&apart.address, sizeof(apart.address)) == 0);
	CHILD_CHECK(listen(apart.listener, KNOCKS) == 0);
}

static void fill_apart(void)
{
	for (unsigned i = 0; i < 2 * CHANNELS; i++)
		for (unsigned n = 0; n < FRAMES; n++) {
			__atomic_store_n(&apart.ring[i][n][1], n, __ATOMIC_RELAXED);
			__atomic_store_n(&apart.ring[i][n][0], i, __ATOMIC_RELEASE);
		}
}

static void say_apart(unsigned kind, size_t len, unsigned fd_count)
{
	struct raw_packet p = raw_packet(kind, (uint32_t)len);
	int fd = 0;

	CHILD_CHECK(raw_send(&apart.end[0], &p, len, &fd, fd_count) == 0);
	CHILD_CHECK(raw_recv(&apart.end[1], &p) == (int)kind);
	raw_drop_got(&apart.end[1]);
}

static void knock_apart(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), it;

	CHILD_CHECK(connect(fd, (struct sockaddr *)&apart.address, sizeof(apart.address)) == 0);
	it = accept4(apart.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	CHILD_CHECK(it >= 0);
	close(it);
	close(fd);
}

static void lie_apart(enum flood flood)
{
	switch (flood) {
	case MESSAGES:
		fill_apart();
		break;
	case BELLS:
		say_apart(RAW_BELL, 16, 0);
		break;
	case OPENS:
		say_apart(RAW_OPEN, 40, 0);
		say_apart(RAW_CLOSE, 32, 0);
		break;
	case DESCRIPTORS:
		say_apart(RAW_FDS, 16, 1);
		break;
	case HANDSHAKES:
		knock_apart();
		break;
	default:
		return;
	}
	shared->said[1][flood]++;
}

static void lie_to_victim(enum flood flood)
{
	switch (flood) {
	case MESSAGES:
		send_messages();
		break;
	case BELLS:
		ring();
		break;
	case OPENS:
		open_and_close();
		break;
	case DESCRIPTORS:
		send_descriptors();
		break;
	case HANDSHAKES:
		knock();
		break;
	default: /* burns its CPU */
		break;
	}
}

static int lie(struct child *self, void *arg)
{
	struct pollfd w = {.fd = *(int *)arg, .events = POLLIN};

	CHILD_CHECK(child_hear(self, 10000) == 1); /* the other end asks for credentials by now */
	raw_init(&me->raw, w.fd);
	me->raw.head = raw_layout(4 * CHANNELS, 8, 4096);
	me->raw.hello.hello.size = me->raw.head.size;
	me->raw.hello.hello.channels = 2 * CHANNELS;
	CHILD_CHECK(raw_greet(&me->raw) == 0 && poll(&w, 1, 10000) == 1 && raw_meet(&me->raw) == 0);
	for (uint32_t i = 1; i < 2 * CHANNELS; i += 2) {
		struct raw_packet p = raw_open_packet(&me->raw, RAW_OPEN, i, 1);

		raw_store(&me->raw, raw_chan(&me->raw.head, i, RAW_CARM), 1);
		say(&p);
	}
	begin_apart();
	while (shared->flood != OVER) {
		listen_to_them();
		(shared->apart ? lie_apart : lie_to_victim)((enum flood)shared->flood);
	}
	return 0;
}

/* ---- The honest peer ------------------------------------------------------------------------------------------- */

static unsigned answers;

static void on_answer(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	while (rill_channel_recv(ch, &msg) == 0) {
		answers++;
		rill_msg_release(&msg);
	}
}

static double clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

static void trip(struct rill_ctx *ctx, struct rill_channel *ch)
{
	unsigned before = answers;

	CHILD_CHECK(rill_channel_send(ch, "ask", 3) == 0);
	while (answers == before)
		CHILD_CHECK(rill_epoll_wait(ctx, 10000) > 0);
}

static int ask(struct child *self, void *arg)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_answer};
	double *took = calloc(trips, sizeof(*took));
	struct rill_ctx *ctx;
	struct rill_session *s;
	struct rill_channel *ch;
	int e;

	CHILD_CHECK(took && rill_ctx_create(&ctx, NULL) == 0);
	CHILD_CHECK(rill_session_adopt(&s, ctx, *(int *)arg, NULL, NULL, NULL) == 0);
	while ((e = rill_channel_open(&ch, s, "asks", NULL, &events, NULL)) == -EAGAIN)
		CHILD_CHECK(rill_epoll_wait(ctx, 10000) > 0);
	CHILD_CHECK(e == 0);
	while (child_hear(self, 60000) == 1) {
		for (unsigned i = 0; i < trips / 10 + 1; i++)
			trip(ctx, ch);
		for (unsigned i = 0; i < trips; i++) {
			double begin = clock_ns();

			trip(ctx, ch);
			took[i] = clock_ns() - begin;
		}
		shared->median = median(took, trips);
		shared->done++;
	}
	rill_ctx_destroy(ctx);
	free(took);
	return 0;
}

/* ---- Between them ---------------------------------------------------------------------------------------------- */

static unsigned offers, ended;
static cpu_set_t cpus;

static void on_closed(struct rill_channel *ch, int why, void *user)
{
	(void)why, (void)user;
	rill_channel_close(ch);
}

static void take(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	while (rill_channel_recv(ch, &msg) == 0)
		rill_msg_release(&msg);
}

static void answer(struct rill_channel *ch, void *user)
{
	struct rill_msg msg;

	(void)user;
	while (rill_channel_recv(ch, &msg) == 0) {
		rill_msg_release(&msg);
		assert_int_equal(rill_channel_send(ch, "told", 4), 0);
	}
}

static int on_offer(struct rill_session *s, struct rill_channel *ch, void *user)
{
	struct rill_channel_events events = {.size = sizeof(events), .readable = user ? answer : take, .closed = on_closed};

	(void)s;
	offers++;
	return rill_channel_set_events(ch, &events, NULL);
}

static void on_end(struct rill_session *s, int why, void *user)
{
	(void)user;
	ended++;
	fprintf(stderr, "# %d: %s\n", why, rill_session_why(s));
}

static void on_accepted(struct rill_listener *l, struct rill_session *s, void *user)
{
	(void)l, (void)user;
	rill_session_close(s);
}

static const struct rill_session_events events = {.size = sizeof(events), .channel = on_offer, .closed = on_end};
static const struct rill_listener_events listener_events = {.size = sizeof(listener_events), .accepted = on_accepted};

static void wait_beyond(struct rill_ctx *ctx, const _Atomic uint64_t *count, uint64_t before)
{
	while (*count == before) {
		assert_true(rill_epoll_wait(ctx, 10) >= 0);
		assert_int_equal(ended, 0);
	}
}

static double slice(struct rill_ctx *ctx, struct child *honest, enum flood flood, bool aside)
{
	uint64_t done = shared->done, said = shared->said[aside][flood];

	shared->apart = aside;
	shared->flood = (int)flood;
	if (flood != NOTHING)
		wait_beyond(ctx, &shared->said[aside][flood], said);
	child_tell(honest, 1);
	wait_beyond(ctx, &shared->done, done);
	shared->flood = NOTHING;
	return shared->median;
}

static int next_cpu(int cpu)
{
	while (++cpu < CPU_SETSIZE)
		if (CPU_ISSET((unsigned)cpu, &cpus))
			return cpu;
	return -1;
}

/* The victim has a CPU for itself, in both of what is compared. The honest peer has another and the liar a third; of two it
 * shares the honest one's, which it leaves to it whenever that has something to do. */
static void place(pid_t honest, pid_t it, bool fixed)
{
	const pid_t who[] = {0, honest, it};
	cpu_set_t one;
	int cpu = -1;

	for (unsigned i = 0; i < 3; i++) {
		int next = next_cpu(cpu);

		cpu = next >= 0 ? next : cpu;
		CPU_ZERO(&one);
		CPU_SET((unsigned)cpu, &one);
		assert_int_equal(sched_setaffinity(who[i], sizeof(cpus), fixed ? &one : &cpus), 0);
	}
}

static struct rill_ctx *begin(struct child *honest, struct child *it, struct rill_session *s[2], struct rill_listener **ret_l)
{
	struct rill_session_options o = {
		.size = sizeof(o), .channels = 2 * CHANNELS, .loans = 8, .fds = RILL_FDS_MAX, .socket_bell = 1};
	struct rill_ctx *ctx;
	int a[2], b[2];

	scene_pair(a);
	scene_pair(b);
	assert_int_equal(child_start(honest, ask, &a[1]), 0);
	assert_int_equal(child_start(it, lie, &b[1]), 0);
	close(a[1]);
	close(b[1]);
	assert_int_equal(rill_ctx_create(&ctx, NULL), 0);
	assert_int_equal(rill_session_adopt(&s[0], ctx, a[0], NULL, &events, ctx), 0);
	assert_int_equal(rill_session_adopt(&s[1], ctx, b[0], &o, &events, NULL), 0);
	assert_int_equal(rill_listener_create(ret_l, ctx, address.sun_path, NULL, &listener_events, NULL), 0);
	child_tell(it, 1);
	while (offers < 1 + CHANNELS) {
		assert_true(rill_epoll_wait(ctx, 10000) > 0);
		assert_int_equal(ended, 0);
	}
	return ctx;
}

/* The worst of the floods' medians of ratios. */
static double run(struct rill_ctx *ctx, struct child *honest, struct child *it, unsigned slices)
{
	static double ratio[2][FLOODS][SLICES], none[2][FLOODS * SLICES];
	unsigned count = 0;
	double worst = 0;

	for (unsigned i = 0; i < slices; i++)
		for (enum flood f = MESSAGES; f < FLOODS; f++, count++)
			for (unsigned fixed = 0; fixed < 2; fixed++) {
				place(honest->pid, it->pid, fixed);
				none[fixed][count] = slice(ctx, honest, fixed ? f : NOTHING, fixed);
				ratio[fixed][f][i] = slice(ctx, honest, f, false) / none[fixed][count];
			}
	place(honest->pid, it->pid, false);
	printf("# round trip beside one that spins: %.1f us, beside one that talks to itself: %.1f us\n",
	       median(none[0], count) / 1000, median(none[1], count) / 1000);
	for (unsigned f = MESSAGES; f < FLOODS; f++) {
		double m = median(ratio[1][f], slices);

		printf("# %s: %llu said, round trip %.2f of what it is while they go elsewhere (plain: %.2f)\n", flood_name[f],
		       (unsigned long long)shared->said[0][f], m, median(ratio[0][f], slices));
		assert_int_not_equal(shared->said[0][f], 0);
		assert_int_not_equal(shared->said[1][f], 0);
		worst = m > worst ? m : worst;
	}
	return worst;
}

static void each_trip_beside_a_flood_is_answered(void **state)
{
	unsigned slices = rounds_of(1, 1, SLICES);
	struct child honest, it;
	struct rill_session *s[2];
	struct rill_listener *l;
	struct rill_ctx *ctx;
	double worst;

	(void)state;
	trips = rounds_of(20, 100, 2000);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/raw-latency-%d", (int)getpid());
	ctx = begin(&honest, &it, s, &l);
	worst = run(ctx, &honest, &it, slices);
	if (slices == SLICES)
		printf("proof flood-latency %.2f %.1f %s\n", worst, ASKED, worst <= ASKED ? "ok" : "short");
	shared->flood = OVER;
	assert_int_equal(child_wait(&it, 10000), 0);
	child_tell(&honest, 2);
	assert_int_equal(child_wait(&honest, 10000), 0);
	rill_ctx_destroy(ctx);
	munmap(shared, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_trip_beside_a_flood_is_answered, leaks_setup, leaks_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
