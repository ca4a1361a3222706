/* demos/late_joiner.c - a configuration that has a name: who asks before it is there is answered when it is, and who comes late
 * starts from the name, too. */
#include <err.h>
#include <errno.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct config {
	unsigned workers;
	char mode[16];
};

static const struct rill_object_type config_type = {.size = sizeof(config_type), .tag = 0x636f6e666967, .version = 1};

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* ---- Who asks -------------------------------------------------------------------------------------------------- */

static void on_found(struct rill_find *find, int result, struct rill_msg *msg, void *who)
{
	const struct config *c;
	struct rill_object o;
	const void *data;
	size_t len;

	(void)find;
	check(result);
	check(rill_msg_loan(msg, 0, &data, &len));
	check(rill_object_open(data, len, &config_type, &o)); /* of this type, of this version */
	c = o.data;                                           /* where the owner built it */
	printf("%s: %u workers, mode %s\n", (const char *)who, c->workers, c->mode);
	rill_msg_release(msg);
	fflush(stdout);
	_exit(0);
}

static void on_opened(struct rill_session *s, void *who)
{
	struct rill_names *names;

	check(rill_names_open(&names, s, NULL));
	check(rill_names_find(NULL, names, "config", RILL_FIND_WAIT, on_found, who));
}

/* The owner's end of a session with a new process. */
static int start(const char *who)
{
	struct rill_session_events events = {.size = sizeof(events), .opened = on_opened};
	struct rill_session *s;
	struct rill_ctx *ctx;
	int pair[2], pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0)
		err(1, "socketpair, fork");
	close(pair[pid == 0 ? 0 : 1]);
	if (pid)
		return pair[0];
	check(rill_ctx_create(&ctx, NULL));
	check(rill_session_adopt(&s, ctx, pair[1], NULL, &events, (void *)(uintptr_t)who));
	for (;;)
		rill_epoll_wait(ctx, -1);
}

/* ---- The owner ------------------------------------------------------------------------------------------------- */

static unsigned asked, left;

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *directory)
{
	(void)s;
	asked++;
	return rill_directory_serve(directory, ch);
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)why, (void)user;
	left++;
	rill_session_close(s);
}

static void publish(struct rill_directory *directory, struct rill_arena *arena)
{
	struct config *c = rill_object_create(arena, &config_type, sizeof(*c), NULL);

	if (!c)
		errx(1, "no room");
	*c = (struct config){.workers = 4, .mode = "fast"};
	check(rill_directory_publish(directory, "config", arena, c));
	rill_arena_free(arena, c); /* the name holds it */
}

int main(void)
{
	struct rill_session_events events = {.size = sizeof(events), .channel = on_channel, .closed = on_closed};
	int early = start("early"), late = start("late"); /* forked before there is anything to inherit */
	struct rill_directory *directory;
	struct rill_arena *arena;
	struct rill_session *s;
	struct rill_ctx *ctx;

	check(rill_ctx_create(&ctx, NULL));
	check(rill_arena_create(&arena, ctx, NULL));
	check(rill_directory_create(&directory, ctx, NULL));
	check(rill_session_adopt(&s, ctx, early, NULL, &events, directory));
	while (asked < 1)
		rill_epoll_wait(ctx, -1);
	publish(directory, arena);
	while (left < 1)
		rill_epoll_wait(ctx, -1);
	check(rill_session_adopt(&s, ctx, late, NULL, &events, directory)); /* joins now */
	while (left < 2)
		rill_epoll_wait(ctx, -1);
	rill_ctx_destroy(ctx);
	while (wait(NULL) > 0)
		;
	return 0;
}
