/* tests/support/lent.c - a structure lent at its address to a program that is executed anew; see lent.h. */
#include "tests/support/lent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAPACITY ((size_t)64 << 20)
#define WRONG 1
#define ELSEWHERE 77 /* its place is taken in the borrower */
#define FAULT 42

/* ---- the borrower ------------------------------------------------------------------------------------------------------ */

struct borrower {
	const struct lent *test;
	int result; /* -1: nothing came yet */
};

static void on_fault(int number)
{
	(void)number;
	_exit(FAULT);
}

static int result_of(const struct lent *test, const struct rill_msg *msg)
{
	struct rill_mapping mapping = {.size = sizeof(mapping)};
	const void *data;
	size_t len;
	int line;

	if (rill_msg_loan(msg, 0, &data, &len) < 0 || rill_msg_mapping(msg, 0, &mapping) < 0)
		return WRONG;
	if (test->read && !mapping.same_address)
		return ELSEWHERE;
	if (test->faults)
		signal(SIGSEGV, on_fault);
	line = test->read ? test->read(data) : test->read_anywhere(&mapping, data);
	if (line)
		fprintf(stderr, "# %s: line %d is wrong in the borrower\n", test->name, line);
	return line ? WRONG : 0;
}

static void on_readable(struct rill_channel *ch, void *user)
{
	struct borrower *b = user;
	struct rill_msg msg;

	if (rill_channel_recv(ch, &msg) < 0)
		return;
	b->result = result_of(b->test, &msg);
	rill_msg_release(&msg);
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_readable};

	(void)s;
	return rill_channel_set_events(ch, &events, user);
}

static void on_lost(struct rill_session *s, int why, void *user)
{
	struct borrower *b = user;

	(void)s, (void)why;
	if (b->result < 0)
		b->result = WRONG;
}

static int borrow(int fd, const struct lent *test)
{
	struct rill_session_options options = {.size = sizeof(options), .same_address = 1};
	struct rill_session_events events = {.size = sizeof(events), .channel = on_channel, .closed = on_lost};
	struct borrower b = {.test = test, .result = -1};
	struct rill_session *s;
	struct rill_ctx *ctx;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (rill_ctx_create(&ctx, NULL) < 0 || rill_session_adopt(&s, ctx, fd, &options, &events, &b) < 0)
		return WRONG;
	while (b.result < 0)
		if (rill_epoll_wait(ctx, -1) < 0)
			return WRONG;
	rill_ctx_destroy(ctx);
	return b.result;
}

/* ---- the owner ----------------------------------------------------------------------------------------------------------- */

struct owner {
	struct rill_arena *arena;
	void *root;
	int over; /* 1: the borrower is gone; negative: it could not be lent */
};

static void on_opened(struct rill_session *s, void *user)
{
	struct owner *o = user;
	struct rill_loan loan = {.arena = o->arena, .data = o->root, .len = 1};
	struct rill_out out = {.size = sizeof(out), .loans = &loan, .loan_count = 1};
	struct rill_channel *ch;
	int r = rill_channel_open(&ch, s, "root", NULL, NULL, NULL);

	r = r < 0 ? r : rill_channel_sendmsg(ch, &out);
	if (r < 0)
		o->over = r;
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)why;
	rill_session_close(s);
	((struct owner *)user)->over = 1;
}

static void execute_borrower(int fd, int index)
{
	char fd_text[16], index_text[16], path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1); /* by its name: valgrind's is another file */

	if (n < 0)
		_exit(127);
	path[n] = '\0';
	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	snprintf(index_text, sizeof(index_text), "%d", index);
	execl(path, path, fd_text, index_text, (char *)NULL);
	_exit(127);
}

static pid_t start_borrower(int index, int *ret_fd)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return -1;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(pair[1]);
		execute_borrower(pair[0], index);
	}
	close(pair[0]);
	*ret_fd = pair[1];
	return pid;
}

static int lend(struct rill_ctx *ctx, struct owner *o, int fd)
{
	struct rill_session_events events = {.size = sizeof(events), .opened = on_opened, .closed = on_closed};
	struct rill_session *s;
	int r = rill_session_adopt(&s, ctx, fd, NULL, &events, o);

	while (r >= 0 && !o->over)
		r = rill_epoll_wait(ctx, -1);
	return r < 0 ? r : o->over < 0 ? o->over : 0;
}

/* How the borrower ended: an exit status, or a negative errno. */
static int one(struct rill_ctx *ctx, struct owner *o, int index)
{
	int fd, status = 0, r;
	pid_t pid = start_borrower(index, &fd);

	if (pid < 0)
		return -errno;
	r = lend(ctx, o, fd);
	if (r < 0)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (r < 0)
		return r;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const struct lent *test, int index)
{
	struct rill_arena_options options = {.size = sizeof(options), .capacity = CAPACITY};
	struct owner o = {0};
	struct rill_ctx *ctx;
	int r;

	if (rill_ctx_create(&ctx, NULL) < 0)
		return WRONG;
	options.flags = test->read_anywhere ? 0 : RILL_ARENA_SAME_ADDRESS;
	r = rill_arena_create(&o.arena, ctx, &options);
	if (r == 0) {
		o.root = test->build(o.arena);
		r = !o.root ? WRONG : test->read || test->read_anywhere ? one(ctx, &o, index) : 0;
	}
	rill_ctx_destroy(ctx);
	return r;
}

int lent_main(int argc, char **argv, const struct lent *tests, int count)
{
	int failed = 0;

	if (argc == 3)
		return borrow(atoi(argv[1]), &tests[atoi(argv[2])]);
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		int r = run(&tests[i], i);
		bool ok = r == (tests[i].faults ? FAULT : 0);

		if (!ok && r != ELSEWHERE)
			fprintf(stderr, "# the borrower ended with %d\n", r);
		failed += !ok && r != ELSEWHERE;
		printf("%s %d - %s%s\n", ok || r == ELSEWHERE ? "ok" : "not ok", i + 1, tests[i].name,
		       r == ELSEWHERE ? " # SKIP its addresses are taken" : "");
		fflush(stdout);
	}
	return failed > 0;
}
