/* demos/routes.c - a routing table, uthash as it comes from its package, built by one process and used by three others on three
 * loops, while the first goes on publishing new versions.
 *
 *	routes [ENTRIES [VERSIONS]]        default 1,000,000 and 3
 *
 * The table lies in an arena that all have at the same address, so its pointers work everywhere. A version is a cell's: readers
 * see the old table or the new one, never a mixture, take no lock, and each table is freed when its last reader is through. */
#include "cache_loop.h"

#include <err.h>
#include <errno.h>
#include <rill/rill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if !__has_include(<uthash.h>)
int main(void)
{
	printf("left out: uthash.h is not here (apt-get install uthash-dev)\n");
	return 77;
}
#else

static struct rill_arena *arena; /* the owner's */

#define uthash_malloc(size) rill_arena_alloc(arena, size)
#define uthash_free(block, size) rill_arena_free(arena, block)
#define uthash_fatal(text) errx(1, "uthash: %s", text)
#include <uthash.h>

struct route {
	uint32_t prefix, gateway;
	UT_hash_handle hh;
};

/* A version: what the cell publishes. */
struct routes {
	struct route *table, *all;
	uint32_t count, round, rounds;
};

#define LOOKUPS 100000 /* each time that a reader is told of a change */

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

static uint32_t prefix_of(uint32_t i)
{
	return i * 2654435761u; /* all different */
}

/* ---- The owner ------------------------------------------------------------------------------------------------- */

static void free_routes(void *root, void *user)
{
	struct routes *r = root;

	(void)user;
	HASH_CLEAR(hh, r->table);
	rill_arena_free(arena, r->all);
}

static struct routes *build(uint32_t count, uint32_t round, uint32_t rounds)
{
	struct routes *r = rill_arena_alloc_with(arena, sizeof(*r), free_routes, NULL);

	if (!r)
		errx(1, "the arena is full");
	*r = (struct routes){.count = count, .round = round, .rounds = rounds};
	r->all = rill_arena_alloc(arena, count * sizeof(*r->all));
	if (!r->all)
		errx(1, "the arena is full");
	for (uint32_t i = 0; i < count; i++) {
		struct route *to = &r->all[i];

		to->prefix = prefix_of(i);
		to->gateway = to->prefix + round;
		HASH_ADD(hh, r->table, prefix, sizeof(to->prefix), to);
	}
	return r;
}

static unsigned joined, left;

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *directory)
{
	(void)s;
	joined++;
	return rill_directory_serve(directory, ch);
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)why, (void)user;
	left++;
	rill_session_close(s);
}

static void wait_once(struct rill_ctx *ctx, int timeout_ms)
{
	int r = rill_epoll_wait(ctx, timeout_ms);

	if (r != -EINTR)
		check(r);
}

static void own(const int *fds, unsigned count, uint32_t entries, uint32_t versions)
{
	struct rill_session_events events = {.size = sizeof(events), .channel = on_channel, .closed = on_closed};
	struct rill_arena_options o = {.size = sizeof(o), .flags = RILL_ARENA_SAME_ADDRESS};
	struct rill_directory *directory;
	struct rill_session *s;
	struct rill_cell *cell;
	struct rill_ctx *ctx;

	o.capacity = (size_t)1 << 30;
	check(rill_ctx_create(&ctx, NULL));
	check(rill_arena_create(&arena, ctx, &o));
	check(rill_directory_create(&directory, ctx, NULL));
	check(rill_cell_create(&cell, directory, "routes", arena, NULL, NULL, NULL));
	for (unsigned i = 0; i < count; i++)
		check(rill_session_adopt(&s, ctx, fds[i], NULL, &events, directory));
	while (joined < count)
		wait_once(ctx, -1);
	for (uint32_t round = 1; round <= versions; round++) {
		struct routes *next = build(entries, round, versions); /* beside the one that is in use */
		int r;

		while ((r = rill_cell_publish(cell, next, sizeof(*next))) == -EAGAIN)
			wait_once(ctx, -1); /* readers are slower than we are */
		check(r);
		printf("owner: version %u published, %u entries\n", round, entries);
		wait_once(ctx, 20); /* what an owner does between two versions */
	}
	while (left < count) /* each leaves when it has seen the last one */
		wait_once(ctx, -1);
	rill_ctx_destroy(ctx);
}

/* ---- A reader -------------------------------------------------------------------------------------------------- */

static struct {
	struct rill_session *s;
	unsigned versions, lookups, wrong;
	bool ended;
} reader;

static void use(const struct routes *r)
{
	for (uint32_t i = 0; i < LOOKUPS; i++) {
		uint32_t prefix = prefix_of(i * 40503u % r->count);
		const struct route *found;

		HASH_FIND(hh, r->table, &prefix, sizeof(prefix), found);
		reader.wrong += !found || found->gateway != prefix + r->round;
	}
	reader.lookups += LOOKUPS;
	reader.versions++;
	reader.ended = r->round == r->rounds;
}

static void on_changed(struct rill_cell_reader *r, void *user)
{
	struct rill_mapping m = {.size = sizeof(m)};
	struct rill_cell_view view;

	(void)user;
	check(rill_cell_mapping(r, &m));
	if (!m.same_address)
		errx(1, "something else lies where the table is");
	if (rill_cell_read(r, &view) < 0)
		return; /* nothing is published yet */
	use(view.data);
	reader.wrong += rill_cell_done(r) < 0;
}

static void on_over(struct rill_cell_reader *r, int why, void *user)
{
	(void)r, (void)user;
	errx(1, "the owner is gone: %s", strerror(-why));
}

static void on_opened(struct rill_session *s, void *user)
{
	static const struct rill_cell_reader_events events = {
		.size = sizeof(events),
		.opened = on_changed,
		.changed = on_changed,
		.closed = on_over,
	};
	struct rill_cell_reader *r;
	struct rill_names *names;

	(void)user;
	check(rill_names_open(&names, s, NULL));
	check(rill_cell_reader_open(&r, names, "routes", RILL_FIND_WAIT, &events, NULL));
}

static int read_on(const char *name, int (*loop)(struct rill_ctx *ctx, const bool *done), int fd)
{
	struct rill_session_options o = {.size = sizeof(o), .same_address = 1};
	struct rill_session_events events = {.size = sizeof(events), .opened = on_opened};
	struct rill_ctx *ctx;
	int r;

	check(rill_ctx_create(&ctx, NULL));
	check(rill_session_adopt(&reader.s, ctx, fd, &o, &events, NULL));
	r = loop(ctx, &reader.ended);
	if (r == -ENOSYS)
		printf("%s: left out\n", name);
	else
		printf("%s: %u versions seen, %u lookups, %u wrong\n", name, reader.versions, reader.lookups, reader.wrong);
	rill_ctx_destroy(ctx);
	return (r < 0 && r != -ENOSYS) || reader.wrong;
}

/* ---- All of them ----------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*loop)(struct rill_ctx *ctx, const bool *done);
} loops[] = {{"epoll", loop_epoll}, {"libevent", loop_libevent}, {"libev", loop_libev}};

#define LOOPS (sizeof(loops) / sizeof(loops[0]))

int main(int argc, char **argv)
{
	uint32_t entries = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
	uint32_t versions = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 3;
	int fds[LOOPS], status, failed = 0;
	unsigned count = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < LOOPS; i++) {
		static const bool at_once = true;
		int pair[2];

		if (loops[i].loop(NULL, &at_once) == -ENOSYS)
			continue; /* built without it */
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
			err(1, "socketpair");
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			close(pair[0]);
			for (unsigned j = 0; j < count; j++)
				close(fds[j]);
			return read_on(loops[i].name, loops[i].loop, pair[1]);
		default:
			close(pair[1]);
			fds[count++] = pair[0];
		}
	}
	own(fds, count, entries ? entries : 1, versions);
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}
#endif
