/* demos/cache_job.c - the reading loop and the clock, one for all contestants.
 *
 * The timed part is from job_ask()'s return to the last byte read in job_answer(); nothing else is counted.
 */
#include "cache_job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t read_all(const unsigned char *data, size_t len)
{
	uint64_t sum = 0, word;

	for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		sum += word;
	}
	while (len--)
		sum += *data++;
	return sum;
}

/* Whether the file on disk is these bytes and no others. */
static bool same_on_disk(const struct job *job, const struct tree_file *f, const void *data, size_t len)
{
	static char disk[65536];
	size_t done = 0;
	ssize_t n;
	int fd = tree_open(&job->tree, f);

	if (fd < 0)
		return false;
	while ((n = read(fd, disk, sizeof(disk))) > 0) {
		if ((size_t)n > len - done || memcmp(disk, (const char *)data + done, (size_t)n) != 0)
			break;
		done += (size_t)n;
	}
	close(fd);
	return n == 0 && done == len;
}

static void complain(struct job *job, const struct tree_file *f, const char *what)
{
	if (job->wrong++ < 10)
		fprintf(stderr, "%s: %s\n", tree_printable(f->name), what);
}

int job_begin(struct job *job, const struct options *o)
{
	*job = (struct job){.passes = o->passes, .times = o->times};
	return tree_walk(&job->tree, o->dir, o->max_bytes);
}

const struct tree_file *job_ask(struct job *job)
{
	if (job->next == job->tree.count) {
		job->next = 0;
		job->pass++;
	}
	if (job->pass >= job->passes || job->tree.count == 0)
		return NULL;
	job->asked = now();
	return &job->tree.files[job->next++];
}

void job_answer(struct job *job, const void *data, size_t len)
{
	const struct tree_file *f = &job->tree.files[job->next - 1];
	uint64_t ns;

	job->sum += read_all(data, len);
	ns = now() - job->asked;

	job->ns += ns;
	job->bytes += len;
	job->answers++;
	if (job->times)
		printf("%u %llu %zu\n", job->pass, (unsigned long long)ns, len);
	if (!same_on_disk(job, f, data, len))
		complain(job, f, "is not what is on disk");
}

void job_refused(struct job *job, int why)
{
	complain(job, &job->tree.files[job->next - 1], strerror(-why));
}

int job_end(struct job *job)
{
	bool complete = job->answers + job->wrong >= job->passes * job->tree.count;

	if (!job->times)
		printf("%zu files, %llu bytes in %llu us (sum %016llx), %zu wrong\n", job->answers,
		       (unsigned long long)job->bytes, (unsigned long long)(job->ns / 1000), (unsigned long long)job->sum,
		       job->wrong);
	if (job->wrong)
		fprintf(stderr, "%zu answers were wrong\n", job->wrong);
	if (!complete)
		fprintf(stderr, "the server left before all was asked for\n");
	tree_free(&job->tree);
	return job->wrong || !complete;
}
