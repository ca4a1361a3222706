/* tests/bench/peer.c - the main program of a way that is linked into a program of its own, so that what it needs (a C++
 * library, threads, a daemon) is in no other row's process. It speaks the line protocol; see outside.h. */
#include "tests/bench/peer.h"

#include "tests/bench/outside.h"
#include "tests/bench/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

extern const struct way *const __start_bench_ways[];

static struct outcome out;
static struct clock_unit clock_unit;

static const char *waits_of(const struct way *w)
{
	static char text[32];

	snprintf(text, sizeof(text), "%s%s%s", w->waits & SPINS ? "spin," : "", w->waits & SLEEPS ? "sleep," : "",
	         w->waits & LINGERS ? "linger," : "");
	return text;
}

static void say_way(const struct way *w)
{
	printf("way %s %s %s%s%s%s %s %llu %llu %s\n", w->key, waits_of(w), w->jobs & JOB_TRIP ? "trip," : "",
	       w->jobs & JOB_STREAM ? "stream," : "", w->jobs & JOB_BURST ? "burst," : "", w->jobs & JOB_FDS ? "fds," : "",
	       w->lends ? "lends" : "copies", (unsigned long long)w->min_bytes, (unsigned long long)w->max_bytes, w->name);
}

static void say_samples(const struct hist *h)
{
	for (unsigned b = 0; b < HIST_BUCKETS; b++) {
		uint64_t ticks = hist_low(b) + (hist_high(b) - hist_low(b)) / 2;

		if (!h->buckets[b])
			continue;
		if (h->max <= hist_high(b)) /* the largest as it is */
			ticks = h->max;
		ticks = ticks > clock_unit.read_ticks ? ticks - clock_unit.read_ticks : 0;
		printf("ns %.1f*%llu\n", (double)ticks * clock_unit.tick_ns, (unsigned long long)h->buckets[b]);
	}
}

static void say_outcome(void)
{
	say_samples(&out.trips);
	printf("cpu %llu %llu\n", (unsigned long long)out.cpu_ns[0], (unsigned long long)out.cpu_ns[1]);
	printf("wall %llu\n", (unsigned long long)out.wall_ns);
	puts("done");
}

static void obey(const struct way *way, const char *line)
{
	struct task task;
	bool counted;
	int r = outside_parse(line, &task, &counted);

	if (r == 0)
		r = counted ? run_marked(way, &task, &out) : run_pair(way, &task, &out);
	if (r < 0)
		printf("no %s\n", strerror(-r));
	else
		say_outcome();
}

int main(void)
{
	const struct way *way = __start_bench_ways[0];
	char line[256];
	int r = peer_begin ? peer_begin() : 0;

	clock_unit = clock_learn();
	while (r == 0 && fgets(line, sizeof(line), stdin)) {
		if (!strncmp(line, "way", 3))
			say_way(way);
		else
			obey(way, line);
		fflush(stdout);
	}
	if (peer_end)
		peer_end();
	return r < 0;
}
