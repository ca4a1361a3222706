/* tests/bench/measures/loops.c - what a wake-up costs in each loop: 64 bytes there and back, asleep, by Rill through its
 * adapter, and by hand with an eventfd each way in the same loop. */
#include "tests/bench/loops/loop.h"
#include "tests/bench/plan.h"
#include "tests/bench/rill/side.h"

#include <errno.h>
#include <sys/eventfd.h>

#define BYTES 64

/* ---- By hand ---------------------------------------------------------------------------------------------------- */

static int prepare_bare(struct run *r)
{
	int error = run_share(r, 8192);

	return error ? error : run_eventfds(r);
}

static int answer_bare(struct run *r)
{
	unsigned char *mine = r->shared + (r->role == RUN_CLIENT ? 0 : 4096);

	payload_write(mine, BYTES, r->done);
	return eventfd_write(r->fds[r->role][1], 1) < 0 ? -errno : 0;
}

/* Gives 1 when it was the last. */
static int on_ready(void *user)
{
	struct run *r = user;
	unsigned char *theirs = r->shared + (r->role == RUN_CLIENT ? 4096 : 0);
	eventfd_t ignored;
	int error;

	if (eventfd_read(r->fds[r->role][0], &ignored) < 0)
		return -errno;
	if (!payload_sums(theirs, BYTES))
		return -EBADMSG;
	if (r->role == RUN_CLIENT)
		return run_end(r) ? answer_bare(r) : 1;
	error = answer_bare(r);
	return error ? error : !run_answered(r);
}

static int drive_bare(struct run *r)
{
	const struct bench_loop *loop = r->param;
	int error = 0;

	run_begin(r);
	if (r->role == RUN_CLIENT)
		error = answer_bare(r);
	if (error == 0)
		error = loop->drive(r->fds[r->role][0], on_ready, r);
	return error == 1 ? 0 : error;
}

/* ---- Rows ------------------------------------------------------------------------------------------------------- */

#define LOOP_ROWS(l)                                                \
	static const struct side_how how_##l = {.loop = &loop_##l}; \
	static const struct way rill_##l = {                        \
		.key = "rill-" #l,                                  \
		.name = "Rill in " #l,                              \
		.kind = KIND_RILL,                                  \
		.lends = true,                                      \
		.prepare = side_prepare,                            \
		.client = side_ask,                                 \
		.server = side_serve,                               \
		.param = &how_##l,                                  \
	};                                                          \
	static const struct way bare_##l = {                        \
		.key = "bare-" #l,                                  \
		.name = "eventfd in " #l,                           \
		.kind = KIND_FLOOR,                                 \
		.lends = true,                                      \
		.prepare = prepare_bare,                            \
		.client = drive_bare,                               \
		.server = drive_bare,                               \
		.param = &loop_##l,                                 \
	};

LOOP_ROWS(epoll)
LOOP_ROWS(poll)
LOOP_ROWS(select)
#ifdef HAVE_LIBEVENT
LOOP_ROWS(libevent)
#endif
#ifdef HAVE_LIBEV
LOOP_ROWS(libev)
#endif

static const struct way *const rows[] = {
	&bare_epoll,    &rill_epoll,    &bare_poll, &rill_poll, &bare_select, &rill_select,
#ifdef HAVE_LIBEVENT
	&bare_libevent, &rill_libevent,
#endif
#ifdef HAVE_LIBEV
	&bare_libev,    &rill_libev,
#endif
};

static void plan_loops(struct plan *p)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (unsigned cores = 1; cores <= (p->two ? 2 : 1); cores++) {
			struct task t = {.wait = WAIT_SLEEP, .work = WORK_WRITE, .bytes = BYTES, .answer = BYTES, .burst = 1};
			struct plan longer = *p;

			longer.budget_ns *= 3;
			plan_trips(&longer, &t, cores == 2 ? 70000 : 12000, 20, 100000);
			plan_add(p, rows[i], &t, cores, BYTES)->count_burst = 1;
		}
}

const struct measure MEASURE(loops) = {
	.key = "loops",
	.title = "A wake-up in each loop, round trip",
	.at = "bytes",
	.order = 5,
	.plan = plan_loops,
	.record = plan_record_trips,
};
