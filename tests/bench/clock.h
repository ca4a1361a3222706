/* tests/bench/clock.h - the cheapest clock that there is, CPU time, and being pinned to a CPU. */
#ifndef TESTS_BENCH_CLOCK_H
#define TESTS_BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
#endif
}

/* How long a tick is, and what reading the clock costs (it is subtracted from what is measured). */
struct clock_unit {
	double tick_ns;
	uint64_t read_ticks;
};

#ifdef __cplusplus
extern "C" {
#endif

struct clock_unit clock_learn(void); /* takes 50 ms */

uint64_t clock_now_ns(void);     /* CLOCK_MONOTONIC */
uint64_t clock_cpu_ns(void);     /* CPU time of this process, all its threads */
void clock_idle(uint64_t ns);    /* sleep */
int clock_cpus(int ret_cpus[2]); /* the first two that we may run on; how many there are (1: both are that one) */
void clock_pin(int cpu);         /* negative: not at all */

#ifdef __cplusplus
}
#endif

#endif
