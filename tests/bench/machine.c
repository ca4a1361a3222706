/* tests/bench/machine.c - what the figures were measured on, and with what. */
#include "tests/bench/bench.h"

#include <rill/base.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The value of the first line that begins with `key`. */
static void line_of(const char *path, const char *key, char *to, size_t size)
{
	char line[256];
	FILE *f = fopen(path, "r");

	*to = '\0';
	while (f && !*to && fgets(line, sizeof(line), f)) {
		const char *value = *key ? strchr(line, ':') : line;

		if (strncmp(line, key, strlen(key)) != 0 || !value)
			continue;
		value += strspn(value, ": \t");
		snprintf(to, size, "%.*s", (int)strcspn(value, "\n"), value);
	}
	if (f)
		fclose(f);
}

static void fact_of_file(struct points *all, const char *fact, const char *path, const char *key)
{
	char value[160];

	line_of(path, key, value, sizeof(value));
	if (*value)
		points_fact(all, fact, value);
}

static void fact_of_env(struct points *all, const char *fact, const char *name)
{
	const char *value = getenv(name);

	if (value && *value)
		points_fact(all, fact, value);
}

static void fact_of_time(struct points *all)
{
	char text[40];
	time_t now = time(NULL);

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	points_fact(all, "time", text);
}

void machine_facts(struct points *all)
{
	struct utsname u;
	char text[200];

	fact_of_time(all);
	fact_of_file(all, "cpu", "/proc/cpuinfo", "model name");
	snprintf(text, sizeof(text), "%d", get_nprocs());
	points_fact(all, "cpus", text);
	fact_of_file(all, "memory", "/proc/meminfo", "MemTotal");
	if (uname(&u) == 0) {
		snprintf(text, sizeof(text), "%.40s %.80s %.40s", u.sysname, u.release, u.machine);
		points_fact(all, "kernel", text);
	}
	points_fact(all, "hypervisor",
	            access("/sys/hypervisor", F_OK) == 0 || access("/dev/vda", F_OK) == 0 ? "yes, or likely" : "none seen");
	fact_of_file(all, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "");
	fact_of_file(all, "huge_pages", "/sys/kernel/mm/transparent_hugepage/shmem_enabled", "");
	points_fact(all, "compiler", __VERSION__);
	fact_of_env(all, "cflags", "BENCH_CFLAGS");
	fact_of_env(all, "commit", "BENCH_COMMIT");
	snprintf(text, sizeof(text), "%u", rill_version());
	points_fact(all, "rill_version", text);
}
