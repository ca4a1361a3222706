/* docs/snippets/memory.c - what a session, a channel and an arena cost: the formulas of docs/limits.md beside what the kernel
 * says. Prints both; exit status 1 where they differ. */
#include <err.h>
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define PAGE 4096
#define KIB 1024

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* ---- The formulas ---------------------------------------------------------------------------------------------- */

static size_t pages(size_t n)
{
	return (n + PAGE - 1) / PAGE * PAGE;
}

static size_t power_of_two(size_t n)
{
	size_t p = 8;

	while (p < n)
		p *= 2;
	return p;
}

/* Before the rings; what of it is touched when the session is made is all but the channels' lines. */
static size_t fixed_bytes(unsigned channels, unsigned loans)
{
	return 4096 + 128 + 8 * power_of_two(2 * (2 * (size_t)channels) + 4) + 8 * power_of_two((size_t)loans + 1);
}

static size_t region_bytes(unsigned channels, unsigned loans, size_t ring_bytes)
{
	return pages(fixed_bytes(channels, loans) + 128 * 2 * (size_t)channels) + 2 * (size_t)channels * ring_bytes;
}

/* Each side makes one of these for each channel, in its region: its ring, and a line's page that 32 channels share. */
static size_t touched_bytes(unsigned channels, unsigned loans, size_t ring_bytes, unsigned open)
{
	size_t lines = open ? fixed_bytes(channels, loans) + 128 * 2 * (size_t)open : 0; /* ours have every other index */
	size_t fixed = pages(fixed_bytes(channels, loans));

	return (pages(lines) > fixed ? pages(lines) : fixed) + open * ring_bytes;
}

/* ---- What the kernel says of this process ---------------------------------------------------------------------- */

struct seen {
	size_t size;   /* of all mappings, the peer's too */
	size_t memory; /* behind the ones that we may write */
};

static size_t in_memory(char *base, size_t len)
{
	unsigned char here[4096];
	size_t count = 0;

	for (size_t at = 0; at < len; at += sizeof(here) * PAGE) {
		size_t part = len - at < sizeof(here) * PAGE ? len - at : sizeof(here) * PAGE;

		if (mincore(base + at, part, here) < 0)
			err(1, "mincore");
		for (size_t i = 0; i < part / PAGE; i++)
			count += here[i] & 1;
	}
	return count * PAGE;
}

static struct seen look(const char *name)
{
	struct seen seen = {0};
	char line[512], mode[5];
	size_t begin, end;
	FILE *f = fopen("/proc/self/maps", "r");

	if (!f)
		err(77, "/proc/self/maps");
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, name) || sscanf(line, "%zx-%zx %4s", &begin, &end, mode) != 3)
			continue;
		seen.size += end - begin;
		if (mode[1] == 'w')
			seen.memory += in_memory((char *)begin, end - begin);
	}
	fclose(f);
	return seen;
}

static int differs(const char *what, size_t formula, size_t seen)
{
	printf("%-42s %10zu %10zu%s\n", what, formula, seen, formula == seen ? "" : "  differs");
	return formula != seen;
}

/* ---- Two ends of a session in one process ---------------------------------------------------------------------- */

static int opened;

static void on_opened(struct rill_session *s, void *user)
{
	(void)s, (void)user;
	opened++;
}

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	(void)s, (void)ch, (void)user;
	return 0;
}

/* Regions and rings: our own is mapped for writing, the peer's for reading, and both ends are in this process. */
static int measure(unsigned channels, unsigned loans, size_t ring_bytes, unsigned open)
{
	struct rill_session_options o = {.size = sizeof(o), .channels = channels, .loans = loans, .ring_bytes = ring_bytes};
	struct rill_session_events events = {.size = sizeof(events), .opened = on_opened, .channel = on_channel};
	struct rill_session *a, *b;
	struct rill_channel *ch;
	struct rill_ctx *ctx;
	struct seen seen;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	check(rill_ctx_create(&ctx, NULL));
	check(rill_session_adopt(&a, ctx, pair[0], &o, &events, NULL));
	check(rill_session_adopt(&b, ctx, pair[1], &o, &events, NULL));
	for (opened = 0; opened < 2;)
		check(rill_epoll_wait(ctx, -1));
	for (unsigned i = 0; i < open; i++)
		check(rill_channel_open(&ch, a, "", NULL, NULL, NULL));
	while (rill_epoll_wait(ctx, 0) > 0)
		;
	seen = look("rill-region");
	printf("channels %u, loans %u, ring_bytes %zu; open %u\n", channels, loans, ring_bytes, open);
	r = differs("  two regions, each mapped twice: addresses", 4 * region_bytes(channels, loans, ring_bytes), seen.size);
	r |= differs("  memory behind them", 2 * touched_bytes(channels, loans, ring_bytes, open), seen.memory);
	rill_ctx_destroy(ctx);
	return r;
}

static int measure_arena(size_t capacity)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = capacity};
	struct rill_arena_usage usage = {.size = sizeof(usage)};
	struct rill_arena *a;
	struct rill_ctx *ctx;
	int r;

	check(rill_ctx_create(&ctx, NULL));
	check(rill_arena_create(&a, ctx, &o));
	rill_arena_get_usage(a, &usage);
	printf("arena of %zu\n", capacity);
	r = differs("  addresses", capacity, look("rill-arena").size);
	r |= differs("  reserved at create: `ready`", 256 * KIB, usage.reserved);
	r |= differs("  in memory", 256 * KIB, look("rill-arena").memory);
	rill_ctx_destroy(ctx);
	return r;
}

int main(void)
{
	int r = 0;

	printf("%-42s %10s %10s\n", "", "formula", "seen");
	r |= measure(256, 1024, 16 * KIB, 0);
	r |= measure(256, 1024, 16 * KIB, 1);
	r |= measure(256, 1024, 16 * KIB, 100);
	r |= measure(16, 16, 4 * KIB, 16);
	r |= measure(4, 64, 1024 * KIB, 2);
	r |= measure_arena(1 << 30);
	r |= measure_arena(1 << 20);
	return r;
}
