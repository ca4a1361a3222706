/* tests/support/rounds.c - see rounds.h. */
#include "tests/support/rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_feature)
#define HAS_FEATURE(f) __has_feature(f)
#else
#define HAS_FEATURE(f) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

static bool asked_for(const char *name)
{
	const char *value = getenv(name);

	return value && *value && strcmp(value, "0") != 0;
}

unsigned rounds_of(unsigned in_short, unsigned usual, unsigned in_long)
{
	if (asked_for("RILL_LONG"))
		return in_long;
	return asked_for("RILL_SHORT") ? in_short : usual;
}

void rounds_proof(const char *name, uint64_t value, uint64_t limit)
{
	if (!asked_for("RILL_LONG"))
		return;
	printf("proof %s %llu %llu %s\n", name, (unsigned long long)value, (unsigned long long)limit,
	       value >= limit ? "ok" : "short");
	fflush(stdout);
}

static uint64_t first_seed(void)
{
	const char *value = getenv("RILL_SEED");
	struct timespec now;

	if (value && strtoull(value, NULL, 0))
		return strtoull(value, NULL, 0);
	clock_gettime(CLOCK_REALTIME, &now);
	return ((uint64_t)now.tv_nsec << 20 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid()) | 1;
}

uint64_t rounds_seed(void)
{
	static uint64_t seed;

	if (!seed) {
		seed = first_seed();
		printf("# RILL_SEED=%llu\n", (unsigned long long)seed);
		fflush(stdout);
	}
	return seed;
}

/* A multiply-and-shift mix of a counter (Weyl sequence): all 64-bit states are fine. */
uint64_t rounds_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 32) * UINT64_C(0xD6E8FEB86659FD93);
	z = (z ^ z >> 32) * UINT64_C(0xD6E8FEB86659FD93);
	return z ^ z >> 32;
}

bool rounds_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "vgpreload");
}

bool rounds_under_sanitizer(void)
{
	return SANITIZED;
}
