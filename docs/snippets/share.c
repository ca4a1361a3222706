/* docs/snippets/share.c - an object and a cell, published under names and found by them. (Two sessions of one process talk to
 * each other, to be short.) docs/object.md, docs/directory.md, docs/cell.md */
#include <err.h>
#include <errno.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct config {
	unsigned workers;
	char name[32];
};

struct prices {
	unsigned long long sequence;
	double bid[64], ask[64];
};

static int freed;

static void on_freed(void *object, void *user)
{
	(void)object, (void)user;
	freed++; /* nobody has it any more */
}

static const struct rill_object_type config_type = {
	.size = sizeof(config_type),
	.tag = 0x636f6e666967, /* "config" */
	.version = 1,
	.destructor = on_freed,
};

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* ---- The owner ------------------------------------------------------------------------------------------------- */

static void publish_config(struct rill_directory *directory, struct rill_arena *arena)
{
	struct config *c = rill_object_create(arena, &config_type, sizeof(*c), NULL);

	if (!c)
		errx(1, "no room");
	*c = (struct config){.workers = 4, .name = "blue"};
	check(rill_directory_publish(directory, "config", arena, c));
	rill_arena_free(arena, c); /* the name holds it from now on */
}

static int publish_prices(struct rill_cell *cell, struct rill_arena *arena, unsigned long long sequence)
{
	struct prices *next = rill_arena_alloc(arena, sizeof(*next)); /* beside the current version */
	int r;

	if (!next)
		return -ENOMEM;
	memset(next, 0, sizeof(*next));
	next->sequence = sequence;
	r = rill_cell_publish(cell, next, sizeof(*next));
	if (r < 0)
		rill_arena_free(arena, next); /* -EAGAIN: slow readers hold all places; writable() follows */
	return r;
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *directory)
{
	(void)s;
	if (strcmp(rill_channel_name(ch), RILL_DIRECTORY_CHANNEL) != 0)
		return -EOPNOTSUPP;
	return rill_directory_serve(directory, ch); /* this peer may see what is in it */
}

/* ---- Who comes late -------------------------------------------------------------------------------------------- */

static int seen;

static void on_found(struct rill_find *find, int result, struct rill_msg *msg, void *user)
{
	const struct config *c;
	struct rill_object o;
	const void *data;
	size_t len;

	(void)find, (void)user;
	check(result);
	check(rill_msg_loan(msg, 0, &data, &len));
	check(rill_object_open(data, len, &config_type, &o));
	c = o.data;
	if (o.len >= sizeof(*c))
		printf("config: %u workers\n", c->workers);
	rill_msg_release(msg); /* or keep it as long as c is used */
}

static void on_changed(struct rill_cell_reader *r, void *user)
{
	struct rill_cell_view view;
	unsigned long long sequence = 0;

	(void)user;
	if (rill_cell_read(r, &view) < 0)
		return;
	if (view.len >= sizeof(struct prices))
		sequence = ((const struct prices *)view.data)->sequence;
	if (rill_cell_done(r) < 0)
		return; /* taken away while we read */
	printf("prices: version %llu, sequence %llu\n", (unsigned long long)view.version, sequence);
	seen++;
}

static void find(struct rill_names *names)
{
	static const struct rill_cell_reader_events events = {
		.size = sizeof(events),
		.opened = on_changed, /* what was published before is there */
		.changed = on_changed,
	};
	struct rill_cell_reader *reader;

	check(rill_names_find(NULL, names, "config", RILL_FIND_WAIT, on_found, NULL));
	check(rill_cell_reader_open(&reader, names, "prices", RILL_FIND_WAIT, &events, NULL));
}

/* ---- Both ------------------------------------------------------------------------------------------------------ */

static void run(struct rill_ctx *ctx)
{
	for (int i = 0; i < 100; i++) {
		check(rill_ctx_dispatch_all(ctx));
		check(rill_ctx_dispatch(ctx, NULL));
	}
}

int main(void)
{
	struct rill_session_events events = {.size = sizeof(events), .channel = on_channel};
	struct rill_session *owner, *late;
	struct rill_directory *directory;
	struct rill_arena *arena;
	struct rill_names *names;
	struct rill_cell *cell;
	struct rill_ctx *ctx;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	check(rill_ctx_create(&ctx, NULL));
	check(rill_arena_create(&arena, ctx, NULL));
	check(rill_directory_create(&directory, ctx, NULL));
	check(rill_cell_create(&cell, directory, "prices", arena, NULL, NULL, NULL));
	check(rill_session_adopt(&owner, ctx, pair[0], NULL, &events, directory));
	check(rill_session_adopt(&late, ctx, pair[1], NULL, NULL, NULL));
	run(ctx);
	publish_config(directory, arena);
	check(publish_prices(cell, arena, 1));
	check(rill_names_open(&names, late, NULL));
	find(names);
	run(ctx);
	check(publish_prices(cell, arena, 2));
	check(publish_prices(cell, arena, 3));
	run(ctx);
	check(rill_directory_withdraw(directory, "config"));
	run(ctx);
	printf("seen %d, freed %d\n", seen, freed);
	rill_ctx_destroy(ctx);
	return !(seen == 2 && freed == 1);
}
