/* tests/bench/clock.c - see clock.h. */
#include "tests/bench/clock.h"

#include <sched.h>
#include <stdlib.h>

#define LEARN_NS 50000000
#define READS 1001

static uint64_t read_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t clock_now_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_cpu_ns(void)
{
	return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct clock_unit clock_learn(void)
{
	uint64_t ns = clock_now_ns(), ticks = clock_ticks(), costs[READS];
	struct clock_unit unit;

	while (clock_now_ns() - ns < LEARN_NS)
		;
	unit.tick_ns = (double)(clock_now_ns() - ns) / (double)(clock_ticks() - ticks);
	for (int i = 0; i < READS; i++) {
		ticks = clock_ticks();
		costs[i] = clock_ticks() - ticks;
	}
	qsort(costs, READS, sizeof(*costs), by_value);
	unit.read_ticks = costs[READS / 2];
	return unit;
}

void clock_idle(uint64_t ns)
{
	struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};

	nanosleep(&ts, NULL);
}

int clock_cpus(int ret_cpus[2])
{
	cpu_set_t set;
	int count = 0;

	ret_cpus[0] = ret_cpus[1] = 0;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 0;
	for (int cpu = 0; cpu < CPU_SETSIZE && count < 2; cpu++)
		if (CPU_ISSET((size_t)cpu, &set))
			ret_cpus[count++] = cpu;
	if (count == 1)
		ret_cpus[1] = ret_cpus[0];
	return count;
}

void clock_pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}
