/* tests/bench/schema/bench.c - structured messages beside libcapnp: build, read, random access and deep copy, 64 B to 64 MiB.
 *
 * Rounds alternate, who begins changes each round; the figure is the median. A ratio has the limit 1.00 and the spread that its
 * rounds had (half of what lies between their quartiles). Instructions are counted where the kernel lets us.
 *
 *	target schema.build.64B RATIO LIMIT ok|short
 */
#include "tests/bench/schema/schema.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX 64
#define ACCESSES 1024

enum work { BUILD, READ, RANDOM, COPY, WORKS };

static const char *const work_name[] = {"build", "read", "random", "copy"};

struct job {
	enum work work;
	size_t items;
	uint64_t *message; /* of ours; both read it */
	size_t words;
	uint64_t *room[2]; /* to build in, one a side */
	size_t room_words;
	size_t times; /* in one round */
};

static const struct side *const sides[2] = {&ours, &theirs};
static volatile uint64_t sink;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void once(const struct job *j, int side)
{
	const struct side *s = sides[side];

	switch (j->work) {
	case BUILD:
		sink += s->build(j->room[side], j->room_words, j->items);
		break;
	case READ:
		sink += s->read(j->message, j->words);
		break;
	case RANDOM:
		sink += s->random(j->message, j->words, ACCESSES);
		break;
	default:
		sink += s->copy(j->room[side], j->room_words, j->message, j->words);
		break;
	}
}

static double round_of(const struct job *j, int side)
{
	double begin = now();
	size_t i;

	for (i = 0; i < j->times; i++)
		once(j, side);
	return (now() - begin) / (double)j->times;
}

/* ---- instructions --------------------------------------------------------------------------------------------------- */

static int counter(void)
{
	struct perf_event_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_HARDWARE;
	attr.config = PERF_COUNT_HW_INSTRUCTIONS;
	attr.exclude_kernel = 1;
	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

/* Of one time; 0: it cannot be told. */
static uint64_t instructions(const struct job *j, int side)
{
	uint64_t before = 0, after = 0;
	int fd = counter();

	if (fd < 0)
		return 0;
	if (read(fd, &before, sizeof(before)) != sizeof(before))
		before = 0;
	once(j, side);
	if (read(fd, &after, sizeof(after)) != sizeof(after))
		after = before;
	close(fd);
	return after - before;
}

/* ---- figures -------------------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double q)
{
	return sorted[(size_t)(q * (double)(n - 1) + 0.5)];
}

static const char *size_name(size_t bytes)
{
	static char text[32];

	if (bytes >= 1 << 20)
		snprintf(text, sizeof(text), "%zuMiB", bytes >> 20);
	else if (bytes >= 1 << 10)
		snprintf(text, sizeof(text), "%zuKiB", bytes >> 10);
	else
		snprintf(text, sizeof(text), "%zuB", bytes);
	return text;
}

static void tell(const struct job *j, size_t bytes, double times[2][ROUNDS_MAX], size_t rounds)
{
	double ratios[ROUNDS_MAX], ratio, spread;
	uint64_t counts[2];
	size_t i;
	int side;

	for (i = 0; i < rounds; i++)
		ratios[i] = times[0][i] / times[1][i];
	qsort(ratios, rounds, sizeof(double), by_value);
	spread = (quantile(ratios, rounds, 0.75) - quantile(ratios, rounds, 0.25)) / 2;
	for (side = 0; side < 2; side++) {
		qsort(times[side], rounds, sizeof(double), by_value);
		counts[side] = instructions(j, side);
	}
	ratio = quantile(times[0], rounds, 0.5) / quantile(times[1], rounds, 0.5);
	printf("%-7s %7s  rill %12.1f ns  libcapnp %12.1f ns", work_name[j->work], size_name(bytes),
	       quantile(times[0], rounds, 0.5), quantile(times[1], rounds, 0.5));
	if (counts[0] && counts[1])
		printf("  instructions %llu / %llu", (unsigned long long)counts[0], (unsigned long long)counts[1]);
	printf("\ntarget schema.%s.%s %.2f %.2f %s\n", work_name[j->work], size_name(bytes), ratio, 1 + spread,
	       ratio <= 1 + spread ? "ok" : "short");
	fflush(stdout);
}

/* ---- running -------------------------------------------------------------------------------------------------------- */

/* Both read the same and build the same, or the comparison says nothing. */
static int check(const struct job *j)
{
	size_t words = ours.build(j->room[0], j->room_words, j->items);

	memset(j->room[1], 0, j->room_words * 8);
	return words && theirs.build(j->room[1], j->room_words, j->items) == words &&
	       ours.read(j->message, j->words) == theirs.read(j->message, j->words) &&
	       ours.random(j->message, j->words, 100) == theirs.random(j->message, j->words, 100) &&
	       ours.copy(j->room[0], j->room_words, j->message, j->words) == words &&
	       theirs.copy(j->room[1], j->room_words, j->message, j->words) == words;
}

static void run(struct job *j, size_t bytes, size_t rounds, double round_ns)
{
	double times[2][ROUNDS_MAX], one;
	size_t i;

	j->times = 1;
	once(j, 0);
	once(j, 1);
	one = round_of(j, 0);
	while (j->times < 1000000 && one * (double)j->times < round_ns) {
		j->times *= 2;
		if (j->times <= 64)
			one = round_of(j, 0);
	}
	for (i = 0; i < rounds; i++) {
		times[i % 2][i] = round_of(j, (int)(i % 2));
		times[!(i % 2)][i] = round_of(j, !(i % 2));
	}
	tell(j, bytes, times, rounds);
}

static int run_size(size_t bytes, size_t rounds, double round_ns)
{
	struct job j = {BUILD, bytes <= 64 ? 1 : bytes / 56, NULL, 0, {NULL, NULL}, 0, 0};
	int r = 1, work;

	j.room_words = bytes / 8 + 64;
	j.message = calloc(j.room_words, 8);
	j.room[0] = calloc(j.room_words, 8);
	j.room[1] = calloc(j.room_words, 8);
	if (j.message && j.room[0] && j.room[1]) {
		j.words = ours.build(j.message, j.room_words, j.items);
		r = !check(&j);
		for (work = BUILD; !r && work < WORKS; work++) {
			j.work = (enum work)work;
			run(&j, bytes, rounds, round_ns);
		}
	}
	if (r)
		fprintf(stderr, "the two sides differ at %zu bytes\n", bytes);
	free(j.message);
	free(j.room[0]);
	free(j.room[1]);
	return r;
}

int main(void)
{
	static const size_t sizes[] = {64, 1 << 10, 16 << 10, 256 << 10, 4 << 20, 64 << 20};
	const char *quick = getenv("QUICK");
	size_t i, rounds = quick && *quick ? 9 : 31;
	int r = 0;

	for (i = 0; !r && i < sizeof(sizes) / sizeof(sizes[0]); i++)
		r = run_size(sizes[i], sizes[i] >= 4 << 20 ? 9 : rounds, quick && *quick ? 2e5 : 1e6);
	return r;
}
