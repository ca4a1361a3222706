/* docs/snippets/allocator.c - an allocator of one's own in an arena: equal blocks of one page. docs/allocator.md */
#include <errno.h>
#include <rill/rill.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK ((size_t)4096)

struct blocks {
	struct rill_space space;
	size_t count;
	unsigned char used[]; /* private memory: nothing of this lies in the arena */
};

static int blocks_create(void **ret_self, const struct rill_space *space)
{
	struct blocks *b = calloc(1, sizeof(*b) + space->capacity / BLOCK);

	if (!b)
		return -ENOMEM;
	b->space = *space;
	b->count = space->capacity / BLOCK;
	*ret_self = b;
	return 0;
}

static void blocks_destroy(void *self)
{
	free(self);
}

static void *blocks_alloc(void *self, size_t alignment, size_t len)
{
	struct blocks *b = self;
	unsigned char *hole = memchr(b->used, 0, b->count);
	size_t at;

	if (!hole || len > BLOCK || alignment > BLOCK)
		return NULL;
	at = (size_t)(hole - b->used) * BLOCK;
	if (b->space.reserve(b->space.space, at, BLOCK) < 0)
		return NULL;
	*hole = 1;
	return (char *)b->space.base + at;
}

static int blocks_find(void *self, const void *inside, void **ret_block, size_t *ret_len)
{
	struct blocks *b = self;
	size_t at = (size_t)((uintptr_t)inside - (uintptr_t)b->space.base) / BLOCK;

	if (at >= b->count || !b->used[at]) /* an address below the base gives a huge number */
		return -ENOENT;
	*ret_block = (char *)b->space.base + at * BLOCK;
	*ret_len = BLOCK;
	return 0;
}

static void blocks_free(void *self, void *block)
{
	struct blocks *b = self;

	b->used[(size_t)((char *)block - (char *)b->space.base) / BLOCK] = 0;
}

static const struct rill_allocator blocks_allocator = {
	.size = sizeof(blocks_allocator),
	.name = "blocks of one page",
	.create = blocks_create,
	.destroy = blocks_destroy,
	.alloc = blocks_alloc,
	.free = blocks_free,
	.find = blocks_find,
};

int main(void)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 1 << 20, .allocator = &blocks_allocator};
	struct rill_arena *a;
	struct rill_ctx *ctx;
	char *one, *two;

	if (rill_ctx_create(&ctx, NULL) < 0 || rill_arena_create(&a, ctx, &o) < 0)
		return 1;
	one = rill_arena_alloc(a, 100);
	two = rill_arena_alloc(a, 4096);
	if (!one || !two || one == two || rill_arena_alloc(a, 4097))
		return 1;
	strcpy(one, "a block of ours");
	rill_arena_free(a, one);
	if (rill_arena_alloc(a, 1) != one)
		return 1;
	rill_ctx_destroy(ctx);
	return 0;
}
