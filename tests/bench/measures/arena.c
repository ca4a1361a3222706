/* tests/bench/measures/arena.c - the allocators: alloc and free in pairs, churn of mixed sizes while much is live, how much
 * memory that takes, and how much a peak gives back. One process; every block is written at its begin and end. */
#include "tests/bench/plan.h"

#include <errno.h>
#include <malloc.h>
#include <rill/rill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHURN_MEAN 6000 /* bytes of a block, about: see churn_size() */

struct heap {
	struct rill_ctx *ctx;
	struct rill_arena *arena; /* NULL: malloc */
};

static void *get(struct heap *h, size_t len)
{
	return h->arena ? rill_arena_alloc(h->arena, len) : malloc(len);
}

static void put(struct heap *h, void *block)
{
	if (h->arena)
		rill_arena_free(h->arena, block);
	else
		free(block);
}

/* Memory is topped up from dispatch, as in a program. */
static void turn(struct heap *h)
{
	if (h->arena)
		rill_ctx_dispatch(h->ctx, NULL);
}

static size_t resident(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%*u %lu", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static int heap_init(struct heap *h, const struct run *r, size_t live)
{
	struct rill_arena_options options = {.size = sizeof(options), .capacity = live * 2 + (64 << 20)};

	memset(h, 0, sizeof(*h));
	if (r->param == NULL)
		return 0;
	if (rill_ctx_create(&h->ctx, NULL) < 0)
		return -ENOMEM;
	return rill_arena_create(&h->arena, h->ctx, &options);
}

/* ---- Pairs ------------------------------------------------------------------------------------------------------ */

static int pairs(struct run *r)
{
	struct heap h;
	int error = heap_init(&h, r, 16 * r->task.bytes);
	uint64_t begun;

	for (uint64_t i = 0; i < 2 * r->task.count && error == 0; i++) {
		unsigned char *block = get(&h, r->task.bytes);

		if (i == r->task.count)
			begun = clock_now_ns(), r->out->extra[1] = (double)begun;
		if (!block)
			return -ENOMEM;
		block[0] = block[r->task.bytes - 1] = 1;
		put(&h, block);
	}
	r->out->extra[0] = (double)r->task.count / ((double)clock_now_ns() - r->out->extra[1]) * 1e9;
	r->done = r->task.trips + r->task.skip;
	rill_ctx_destroy(h.ctx);
	return error;
}

/* ---- Churn ------------------------------------------------------------------------------------------------------ */

static uint64_t draw(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* 16 B to 64 KiB, each power of two as often as the next. */
static size_t churn_size(uint64_t *state)
{
	unsigned power = 4 + (unsigned)(draw(state) % 12);

	return ((size_t)1 << power) + draw(state) % ((size_t)1 << power);
}

struct churn {
	struct heap heap;
	unsigned char **blocks;
	size_t *sizes;
	size_t count, live;
	uint64_t seed;
};

static int replace(struct churn *c, size_t i)
{
	size_t len = churn_size(&c->seed);

	if (c->blocks[i])
		put(&c->heap, c->blocks[i]);
	c->live -= c->sizes[i];
	c->blocks[i] = get(&c->heap, len);
	c->sizes[i] = c->blocks[i] ? len : 0;
	c->live += c->sizes[i];
	if (!c->blocks[i])
		return -ENOMEM;
	for (size_t at = 0; at < len; at += 4096)
		c->blocks[i][at] = 1;
	c->blocks[i][len - 1] = 1;
	return 0;
}

static int fill(struct churn *c)
{
	int error = 0;

	for (size_t i = 0; i < c->count && error == 0; i++) {
		error = replace(c, i);
		if (i % 64 == 0)
			turn(&c->heap);
	}
	return error;
}

static int stir(struct churn *c, uint64_t times)
{
	int error = 0;

	for (uint64_t i = 0; i < times && error == 0; i++) {
		error = replace(c, draw(&c->seed) % c->count);
		if (i % 64 == 0)
			turn(&c->heap);
	}
	return error;
}

/* Returns how much of what was resident is so no more, once all is freed and trimmed. */
static double give_back(struct churn *c, size_t before)
{
	size_t peak = resident();

	for (size_t i = 0; i < c->count; i++)
		put(&c->heap, c->blocks[i]);
	if (c->heap.arena)
		rill_arena_trim(c->heap.arena, SIZE_MAX);
	else
		malloc_trim(0);
	return peak > before ? (double)(peak - resident()) / (double)(peak - before) : 0;
}

static int churn(struct run *r)
{
	size_t live = r->task.bytes, before;
	struct churn c = {.count = live / CHURN_MEAN, .seed = 42};
	int error = heap_init(&c.heap, r, live);
	uint64_t begun;

	c.blocks = calloc(c.count, sizeof(*c.blocks));
	c.sizes = calloc(c.count, sizeof(*c.sizes));
	if (error || !c.blocks || !c.sizes)
		return error ? error : -ENOMEM;
	before = resident();
	error = fill(&c);
	begun = clock_now_ns();
	if (error == 0)
		error = stir(&c, r->task.count);
	r->out->extra[0] = (double)r->task.count / (double)(clock_now_ns() - begun) * 1e9;
	r->out->extra[2] = (double)(resident() - before) / (double)c.live;
	r->out->extra[3] = give_back(&c, before);
	r->done = r->task.trips + r->task.skip;
	rill_ctx_destroy(c.heap.ctx);
	return error;
}

/* ---- Rows ------------------------------------------------------------------------------------------------------- */

static const char is_pool[] = "pool";

static const struct way rows[] = {
	{.key = "malloc", .name = "malloc (glibc)", .kind = KIND_FLOOR, .client = pairs},
	{.key = "pool", .name = "arena, pool", .kind = KIND_RILL, .lends = true, .client = pairs, .param = is_pool},
	{.key = "malloc", .name = "malloc (glibc)", .kind = KIND_FLOOR, .client = churn},
	{.key = "pool", .name = "arena, pool", .kind = KIND_RILL, .lends = true, .client = churn, .param = is_pool},
};

static void plan_arena(struct plan *p)
{
	static const uint64_t sizes[] = {64, 1024, 65536, 1 << 20};
	const uint64_t live = p->form == FORM_FULL ? 1 << 30 : p->form == FORM_QUICK ? 128 << 20 : 8 << 20;

	for (size_t row = 0; row < 4; row++)
		for (size_t i = 0; i < (row < 2 ? 4 : 1); i++) {
			struct task t = {.trips = 1, .bytes = row < 2 ? sizes[i] : live};
			struct cell *c;

			t.count = row >= 2 ? live / 4096 : p->form == FORM_SMOKE ? 10000 : 500000;
			c = plan_add(p, &rows[row], &t, 1, t.bytes);
			snprintf(c->labels.work, sizeof(c->labels.work), row < 2 ? "pairs" : "churn");
		}
}

static void record(const struct plan *p, const struct cell *c, const struct outcome *out, struct point *point)
{
	(void)p;
	point_add(point, "rate_s", out->extra[0]);
	point_add(point, "each_ns", 1e9 / out->extra[0]);
	if (c->way->client != churn)
		return;
	point_add(point, "resident_live", out->extra[2]);
	point_add(point, "given_back", out->extra[3]);
}

const struct measure MEASURE(arena) = {
	.key = "arena",
	.title = "Allocators",
	.at = "bytes (churn: live)",
	.order = 10,
	.plan = plan_arena,
	.record = record,
};
