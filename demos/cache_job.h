/* demos/cache_job.h - the job that Rill and its rivals do alike: ask for each file by name, read every byte of the answer,
 * and then, with the clock stopped, check it against the file on disk.
 *
 *	while ((file = job_ask(&job)))  // the clock runs
 *		...                     // job_answer() or job_refused(): it stops
 *	return job_end(&job);
 */
#ifndef CACHE_JOB_H
#define CACHE_JOB_H

#include "cache_options.h"
#include "cache_tree.h"

struct job {
	struct tree tree;
	unsigned pass, passes;
	size_t next;
	uint64_t asked; /* ns */
	uint64_t sum;   /* of all that was read; proof that it was */
	uint64_t ns, bytes;
	size_t answers, wrong;
	bool times;
};

/* 0 or a negative errno. */
int job_begin(struct job *job, const struct options *o);

/* The file to ask for now; NULL when all is done. */
const struct tree_file *job_ask(struct job *job);

/* What came for the file that was asked for last. */
void job_answer(struct job *job, const void *data, size_t len);
void job_refused(struct job *job, int why);

/* Prints the summary; returns the program's exit status: 0 if every file was answered and was right. */
int job_end(struct job *job);

#endif
