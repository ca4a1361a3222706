/* tests/soak/memory.c - see memory.h. */
#include "tests/soak/memory.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t kib_of(const char *path, const char *name)
{
	FILE *f = fopen(path, "re");
	size_t kib = 0, got;
	char line[128], format[64];

	snprintf(format, sizeof(format), "%s: %%zu kB", name);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, format, &got) == 1)
			kib = got;
	if (f)
		fclose(f);
	return kib;
}

uint64_t memory_available(void)
{
	return (uint64_t)kib_of("/proc/meminfo", "MemAvailable") << 10;
}

struct file {
	ino_t ino;
	size_t bytes;
};

static int by_number(const void *a, const void *b)
{
	const struct file *fa = a, *fb = b;

	return (fa->ino > fb->ino) - (fa->ino < fb->ino);
}

static size_t each_once(struct file *files, size_t count)
{
	size_t sum = 0;

	qsort(files, count, sizeof(*files), by_number);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || files[i].ino != files[i - 1].ino)
			sum += files[i].bytes;
	return sum;
}

size_t shared_memory(void)
{
	DIR *dir = opendir("/proc/self/map_files");
	struct file *files = calloc(65536, sizeof(*files));
	char target[256];
	struct dirent *e;
	size_t count = 0, sum;

	while (dir && files && (e = readdir(dir)) && count < 65536) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);
		struct stat st;

		target[n < 0 ? 0 : n] = '\0';
		if (strncmp(target, "/memfd:", 7) == 0 && fstatat(dirfd(dir), e->d_name, &st, 0) == 0)
			files[count++] = (struct file){.ino = st.st_ino, .bytes = (size_t)st.st_blocks * 512};
	}
	sum = files ? each_once(files, count) : 0;
	if (dir)
		closedir(dir);
	free(files);
	return count ? sum : kib_of("/proc/self/status", "RssShmem") << 10;
}
