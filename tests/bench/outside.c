/* tests/bench/outside.c - see outside.h. A program lives as long as the benchmark; one that hangs or breaks the protocol is
 * killed, and its rows say that they failed. */
#include "tests/bench/outside.h"

#include "tests/bench/plan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORD 24
#define OUTSIDE_MAX 64

struct outside {
	struct way way;
	struct clock_unit clock;
	char path[512], key[WORD], name[40];
	pid_t pid;
	FILE *to, *from;
};

static struct outside *started[OUTSIDE_MAX];
static size_t started_count;

/* ---- Lines ------------------------------------------------------------------------------------------------------ */

static int index_of(const char *word, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(word, names[i]))
			return i;
	return -1;
}

int outside_format(const struct task *t, bool counted, char *line, size_t size)
{
	int n = snprintf(line, size, "run %s %s %llu %llu %llu %llu %llu %llu %llu %d %d%s\n", wait_names[t->wait],
	                 work_names[t->work], (unsigned long long)t->bytes, (unsigned long long)t->answer,
	                 (unsigned long long)t->burst, (unsigned long long)t->trips, (unsigned long long)t->skip,
	                 (unsigned long long)t->idle_ns, (unsigned long long)t->depth, t->cpus[0], t->cpus[1],
	                 counted ? " counted" : "");

	return n < 0 || (size_t)n >= size ? -EBADMSG : 0;
}

int outside_parse(const char *line, struct task *ret, bool *ret_counted)
{
	unsigned long long v[7];
	char wait[WORD], work[WORD], last[WORD] = "";
	struct task t = {.count = 0};
	int n = sscanf(line, "run %23s %23s %llu %llu %llu %llu %llu %llu %llu %d %d %23s", wait, work, &v[0], &v[1], &v[2],
	               &v[3], &v[4], &v[5], &v[6], &t.cpus[0], &t.cpus[1], last);
	int wait_index = n >= 11 ? index_of(wait, wait_names, 3) : -1,
	    work_index = n >= 11 ? index_of(work, work_names, 3) : -1;

	if (wait_index < 0 || work_index < 0 || !v[2] || !v[3] || (*last && strcmp(last, "counted") != 0))
		return -EBADMSG;
	t.wait = (enum wait)wait_index;
	t.work = (enum work)work_index;
	t.bytes = v[0];
	t.answer = v[1];
	t.burst = v[2];
	t.trips = v[3];
	t.skip = v[4];
	t.idle_ns = v[5];
	t.depth = v[6];
	*ret = t;
	*ret_counted = *last != '\0';
	return 0;
}

static unsigned bits_of(const char *words, const char *const *names, int count)
{
	unsigned bits = 0;

	for (int i = 0; i < count; i++)
		if (strstr(words, names[i]))
			bits |= 1u << i;
	return bits;
}

/* way KEY spin,sleep trip,stream,burst lends|copies MIN MAX NAME ... */
static int parse_way(struct outside *o, const char *line)
{
	static const char *const jobs[] = {"trip", "stream", "burst", "fds"};
	char waits[WORD], does[40], moves[WORD];
	unsigned long long least, most;
	int n = sscanf(line, "way %23s %23s %39s %23s %llu %llu %39[^\n]", o->key, waits, does, moves, &least, &most, o->name);

	if (n != 7)
		return -EBADMSG;
	o->way = (struct way){.key = o->key, .name = o->name, .kind = KIND_PEER, .outside = o};
	o->way.waits = bits_of(waits, wait_names, 3);
	o->way.jobs = bits_of(does, jobs, 4);
	o->way.lends = !strcmp(moves, "lends");
	o->way.min_bytes = least;
	o->way.max_bytes = most;
	return 0;
}

/* ---- A program -------------------------------------------------------------------------------------------------- */

static void become(const char *path, int in[2], int out[2])
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(in[0], 0);
	dup2(out[1], 1);
	close(in[0]);
	close(in[1]);
	close(out[0]);
	close(out[1]);
	execl(path, path, (char *)NULL);
	_exit(127);
}

static int launch(struct outside *o)
{
	int in[2], out[2];

	if (pipe(in) < 0 || pipe(out) < 0)
		return -errno;
	fflush(NULL);
	o->pid = fork();
	if (o->pid == 0)
		become(o->path, in, out);
	close(in[0]);
	close(out[1]);
	o->to = fdopen(in[1], "w");
	o->from = fdopen(out[0], "r");
	fcntl(in[1], F_SETFD, FD_CLOEXEC);
	fcntl(out[0], F_SETFD, FD_CLOEXEC);
	return o->pid < 0 || !o->to || !o->from ? -EAGAIN : 0;
}

static void on_alarm(int sig)
{
	(void)sig; /* it has ended a read: that is all */
}

static int ask(struct outside *o, const char *line)
{
	struct sigaction action = {.sa_handler = on_alarm};

	if (!o->to)
		return -EPIPE;
	sigaction(SIGALRM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	return fputs(line, o->to) < 0 || fflush(o->to) < 0 ? -EPIPE : 0;
}

static int hear(struct outside *o, char *line, size_t size)
{
	char *got;

	alarm(RUN_SECONDS * 2);
	got = fgets(line, (int)size, o->from);
	alarm(0);
	return got ? 0 : -EPIPE;
}

/* It is told by the end of its input, and given 5 s to take down what it has set up. */
static void stop(struct outside *o)
{
	uint64_t until = clock_now_ns() + 5000000000u;

	if (o->to)
		fclose(o->to);
	if (o->from)
		fclose(o->from);
	o->to = o->from = NULL;
	while (o->pid > 0 && waitpid(o->pid, NULL, WNOHANG) == 0) {
		if (clock_now_ns() > until)
			kill(o->pid, SIGKILL);
		clock_idle(1000000);
	}
	o->pid = 0;
}

/* ---- Runs ------------------------------------------------------------------------------------------------------- */

static void add_samples(struct outside *o, struct hist *h, const char *items)
{
	char *end;

	for (;;) {
		double ns = strtod(items, &end);
		unsigned long count = 1;

		if (end == items)
			return;
		if (*end == '*')
			count = strtoul(end + 1, &end, 10);
		items = end;
		for (uint64_t ticks = (uint64_t)(ns / o->clock.tick_ns + 0.5) + o->clock.read_ticks; count > 0; count--)
			hist_add(h, ticks);
	}
}

static int read_outcome(struct outside *o, struct outcome *ret)
{
	unsigned long long client, server, wall;
	char line[4096];
	int r;

	memset(ret, 0, sizeof(*ret));
	while ((r = hear(o, line, sizeof(line))) == 0) {
		if (!strncmp(line, "ns ", 3))
			add_samples(o, &ret->trips, line + 3);
		else if (sscanf(line, "cpu %llu %llu", &client, &server) == 2)
			ret->cpu_ns[RUN_CLIENT] = client, ret->cpu_ns[RUN_SERVER] = server;
		else if (sscanf(line, "wall %llu", &wall) == 1)
			ret->wall_ns = wall;
		else if (!strncmp(line, "done", 4))
			return ret->trips.count ? 0 : -ENODATA;
		else if (!strncmp(line, "no ", 3))
			return -ENOTSUP;
		else
			return -EBADMSG;
	}
	return r;
}

static int run_in(struct outside *o, const struct task *task, bool counted, struct outcome *ret)
{
	char line[256];
	int r = outside_format(task, counted, line, sizeof(line));

	if (r == 0)
		r = ask(o, line);
	if (r == 0)
		r = read_outcome(o, ret);
	if (r < 0 && r != -ENOTSUP)
		stop(o);
	return r;
}

int outside_run(const struct outside *o, const struct task *task, struct outcome *ret)
{
	return run_in((struct outside *)(uintptr_t)o, task, false, ret);
}

int outside_count(const struct outside *o, const struct task *task)
{
	struct outside fresh = *o;
	struct outcome *out = malloc(sizeof(*out));
	int r = out ? launch(&fresh) : -ENOMEM;

	if (r == 0)
		r = run_in(&fresh, task, true, out);
	stop(&fresh);
	free(out);
	return r;
}

/* ---- All of them ------------------------------------------------------------------------------------------------ */

static struct outside *introduce(const char *folder, const char *file)
{
	struct outside *o = calloc(1, sizeof(*o));
	char line[256];

	if (!o)
		return NULL;
	o->clock = clock_learn();
	snprintf(o->path, sizeof(o->path), "%s/%s", folder, file);
	if (launch(o) == 0 && ask(o, "way\n") == 0 && hear(o, line, sizeof(line)) == 0 && parse_way(o, line) == 0)
		return o;
	fprintf(stderr, "left out: %s does not say what it is\n", o->path);
	stop(o);
	free(o);
	return NULL;
}

/* A compiler's leavings beside a program begin or end with other names. */
static int is_program(const struct dirent *d)
{
	return d->d_name[0] != '.' && !strchr(d->d_name, '.');
}

size_t outside_start(const char *folder, const struct way **ways, size_t count, size_t room)
{
	struct dirent **names;
	int n = folder && *folder ? scandir(folder, &names, is_program, alphasort) : 0;

	if (n < 0 && errno != ENOENT)
		fprintf(stderr, "left out: %s: %s\n", folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		char path[512];
		struct outside *o;

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		free(names[i]);
		if (access(path, X_OK) < 0 || count == room || started_count == OUTSIDE_MAX)
			continue;
		o = introduce(folder, strrchr(path, '/') + 1);
		if (!o)
			continue;
		started[started_count++] = o;
		ways[count++] = &o->way;
	}
	if (n > 0)
		free(names);
	return count;
}

void outside_stop_all(void)
{
	while (started_count > 0) {
		stop(started[--started_count]);
		free(started[started_count]);
	}
}
