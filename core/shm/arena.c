/* core/shm/arena.c - blocks that are handed out, lent, taken back, and ended.
 *
 *   LIVE -> (freed, while lent) -> (freed, not lent: its destructor waits) -> given back to the allocator
 *
 * Most blocks go straight to the end, and nothing is recorded of them here: the allocator knows what is live. One that is
 * lent or has a destructor has a record in `blocks`; that record, not the allocator, says whether its owner has let go.
 * The allocator never sees a block freed that is lent or whose destructor has not returned.
 */
#include "shm/arena.h"

#include "shm/blocks.h"
#include "shm/memfd.h"
#include "shm/pages.h"
#include "shm/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <rill/allocator.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CAPACITY_DEFAULT ((size_t)1 << 30)
#define CAPACITY_MAX ((size_t)1 << 40)
#define ALIGNMENT_MIN ((size_t)16)
#define ALIGNMENT_MAX ((size_t)1 << 30)
#define AHEAD ((size_t)256 << 10) /* bytes kept reserved ahead of what was ever handed out */
#define TURN 64                   /* destructors */
#define FLAGS (RILL_ARENA_HUGE | RILL_ARENA_PREFAULT | RILL_ARENA_WIPE)

struct rill_arena {
	struct source source;
	struct rill_ctx *ctx; /* referenced */
	unsigned refs;
	unsigned flags;

	struct pages pages;
	struct rill_allocator allocator;
	void *self; /* the allocator's */
	bool pooled; /* it is the built-in one, which counts for itself and has a shorter way to free */
	size_t allocated;

	struct blocks blocks;
	uint32_t lent;                        /* blocks */
	uint32_t waiting_first, waiting_last; /* freed blocks whose destructor is to run, in this order */

	bool gone;      /* destroyed, or its ctx is */
	bool ending;    /* rill_arena_destroy() was called: destructors are still to run */
	bool refused;   /* reserve() has failed */
	bool low;       /* alloc has used up some of what is reserved ahead */
	bool starved;   /* alloc has failed; */
	bool came_back; /* and since then something came back */

	struct link watchers;
	void (*space)(struct rill_arena *a, void *user);
	void *user;
};

static struct rill_arena *arena_of(const struct source *s)
{
	return container_of(s, struct rill_arena, source);
}

static bool usable(const struct rill_arena *a)
{
	return a && !a->gone && ctx_check(a->ctx) == 0;
}

/* ---- what a turn is for -------------------------------------------------------------------- */

static bool has_work(const struct rill_arena *a)
{
	return a->waiting_first != NO_BLOCK || a->low || a->came_back;
}

static void wake(struct rill_arena *a)
{
	if (link_linked(&a->source.awake) || a->gone || !has_work(a))
		return;
	ctx_enter(a->ctx);
	source_wake(&a->source);
	ctx_leave(a->ctx);
}

static void came_back(struct rill_arena *a)
{
	a->came_back = a->starved;
	wake(a);
}

/* ---- the space that the allocator works in ------------------------------------------------- */

static int reserve(void *space, size_t offset, size_t len)
{
	struct rill_arena *a = space;
	int r = pages_reserve(&a->pages, offset, len);

	if (r < 0)
		a->refused = true;
	if (a->allocator.prepare && a->pages.reserved < a->pages.capacity)
		a->low = true;
	return r;
}

static int unreserve(void *space, size_t offset, size_t len)
{
	struct rill_arena *a = space;

	return pages_unreserve(&a->pages, offset, len);
}

static void prepare(struct rill_arena *a, size_t bytes)
{
	if (a->allocator.prepare)
		a->allocator.prepare(a->self, bytes);
	else
		reserve(a, 0, bytes);
	a->low = false;
}

/* ---- blocks -------------------------------------------------------------------------------- */

static size_t offset_of(const struct rill_arena *a, const void *block)
{
	return (size_t)((uintptr_t)block - (uintptr_t)a->pages.base); /* any number, for a foreign one */
}

/* The live block that holds an address, whoever gave us that. NULL: none. */
static void *find(const struct rill_arena *a, const void *inside, size_t *ret_len)
{
	void *block;

	return a->allocator.find(a->self, inside, &block, ret_len) < 0 ? NULL : block;
}

static size_t length_of(const struct rill_arena *a, const void *block)
{
	size_t len = 0;

	(void)find(a, block, &len);
	return len;
}

static void *take(struct rill_arena *a, size_t alignment, size_t len)
{
	void *block;

	if (len > a->pages.capacity)
		return NULL;
	block = a->allocator.alloc(a->self, alignment, len ? len : 1);
	if (!block) {
		a->starved = a->space != NULL;
		a->came_back = false;
		return NULL;
	}
	if (!a->pooled)
		a->allocated += length_of(a, block);
	if (a->low && !link_linked(&a->source.awake))
		wake(a);
	return block;
}

static void give_back(struct rill_arena *a, void *block, size_t len)
{
	if (a->flags & RILL_ARENA_WIPE)
		memset(block, 0, len);
	a->allocator.free(a->self, block);
	a->allocated -= len;
	if (a->starved)
		came_back(a);
}

/* Nothing is known of the block any more but that it was handed out. */
static void *forget(struct rill_arena *a, uint32_t i)
{
	void *block = a->pages.base + a->blocks.all[i].offset;

	blocks_remove(&a->blocks, i);
	return block;
}

static void wait_for_turn(struct rill_arena *a, uint32_t i)
{
	if (a->waiting_first == NO_BLOCK)
		a->waiting_first = i;
	else
		a->blocks.all[a->waiting_last].next = i;
	a->waiting_last = i;
	a->blocks.all[i].next = NO_BLOCK;
	wake(a);
}

/* Its owner has let go of it and no loan is out. */
static void end_block(struct rill_arena *a, uint32_t i)
{
	void *block;

	if (a->blocks.all[i].destructor) {
		wait_for_turn(a, i);
		return;
	}
	block = forget(a, i);
	give_back(a, block, length_of(a, block));
}

static void let_go(struct rill_arena *a, uint32_t i)
{
	if (a->blocks.all[i].freed)
		return;
	a->blocks.all[i].freed = true;
	if (!a->blocks.all[i].loans)
		end_block(a, i);
}

/* The same for a block of which nothing is recorded, if it is one at all. */
static void let_go_plain(struct rill_arena *a, void *block)
{
	size_t len;

	if (!a->pooled || (a->flags & RILL_ARENA_WIPE)) {
		if (find(a, block, &len) == block)
			give_back(a, block, len);
	} else if (pool_release(a->self, block) && a->starved) {
		came_back(a);
	}
}

static void release(struct rill_arena *a, void *block)
{
	uint32_t i = blocks_find(&a->blocks, offset_of(a, block));

	if (i == NO_BLOCK)
		let_go_plain(a, block);
	else
		let_go(a, i);
}

static bool add_destructor(struct rill_arena *a, void *block, void (*destructor)(void *, void *), void *user)
{
	uint32_t i = blocks_add(&a->blocks, offset_of(a, block));

	if (i == NO_BLOCK)
		return false;
	a->blocks.all[i].destructor = destructor;
	a->blocks.all[i].user = user;
	return true;
}

/* ---- destructors --------------------------------------------------------------------------- */

static void run_destructor(struct rill_arena *a, uint32_t i)
{
	struct block *b = &a->blocks.all[i];
	void (*destructor)(void *, void *) = b->destructor;

	b->destructor = NULL; /* once; and it may add blocks, which moves b */
	destructor(a->pages.base + b->offset, b->user);
}

static bool run_waiting(struct rill_arena *a)
{
	uint32_t i = a->waiting_first;

	if (i == NO_BLOCK)
		return false;
	a->waiting_first = a->blocks.all[i].next;
	run_destructor(a, i);
	if (!a->gone)
		end_block(a, i);
	return true;
}

/* The arena ends: the ones that wait, in order, then those of the blocks that nobody has freed. */
static void run_all(struct rill_arena *a)
{
	uint32_t i;

	a->ending = false;
	while (run_waiting(a))
		;
	for (i = 0; i < a->blocks.room; i++)
		if (a->blocks.all[i].live && a->blocks.all[i].destructor)
			run_destructor(a, i);
}

/* ---- the source ---------------------------------------------------------------------------- */

static short wants(const struct source *s)
{
	(void)s;
	return 0;
}

static unsigned tell_space(struct rill_arena *a)
{
	if (!a->came_back)
		return 0;
	a->starved = a->came_back = false;
	a->space(a, a->user);
	return 1;
}

static unsigned turn(struct source *s)
{
	struct rill_arena *a = arena_of(s);
	unsigned told = 0;

	while (told < TURN && !a->gone && run_waiting(a))
		told++;
	if (!a->gone)
		told += tell_space(a);
	if (!a->gone && a->low)
		prepare(a, AHEAD);
	return told;
}

static bool rest(struct source *s)
{
	return !has_work(arena_of(s));
}

/* From here on it answers arena_gone(); the memory goes in finish(). */
static void end(struct rill_arena *a)
{
	a->gone = true;
	while (link_linked(&a->watchers)) {
		struct arena_watcher *w = container_of(a->watchers.next, struct arena_watcher, link);

		link_remove(&w->link);
		w->destroyed(w);
	}
}

static void drop(struct source *s)
{
	end(arena_of(s));
	source_doom(s);
}

static void child(struct source *s)
{
	struct rill_arena *a = arena_of(s);

	a->gone = true;
	while (link_linked(&a->watchers))
		link_remove(a->watchers.next);
	source_doom(s);
}

static void finish(struct source *s)
{
	struct rill_arena *a = arena_of(s);
	bool forked = ctx_check(a->ctx) == -ECHILD;

	if (a->ending && !forked)
		run_all(a);
	a->allocator.destroy(a->self);
	if (forked)
		pages_forget(&a->pages);
	else
		pages_unmap(&a->pages);
	blocks_free(&a->blocks);
	arena_drop(a);
}

static const struct source_ops arena_ops = {
	.wants = wants,
	.turn = turn,
	.rest = rest,
	.drop = drop,
	.child = child,
	.finish = finish,
};

/* ---- create and destroy -------------------------------------------------------------------- */

static int take_allocator(struct rill_arena *a, const struct rill_allocator *from)
{
	struct rill_allocator *to = &a->allocator;
	int r = table_copy(to, sizeof(*to), from ? from : rill_pool_allocator());

	if (r < 0)
		return r;
	a->pooled = to->create == rill_pool_allocator()->create;
	return to->create && to->destroy && to->alloc && to->free && to->find ? 0 : -EINVAL;
}

static int start_allocator(struct rill_arena *a)
{
	struct rill_space space = {
		.size = sizeof(space),
		.base = a->pages.base,
		.capacity = a->pages.capacity,
		.space = a,
		.reserve = reserve,
		.unreserve = unreserve,
	};
	int r = a->allocator.create(&a->self, &space);

	a->low = false;
	return r < 0 ? r : 0;
}

static int join_ctx(struct rill_arena *a, struct rill_ctx *ctx)
{
	int r;

	ctx_enter(ctx);
	r = source_add(&a->source, ctx, &arena_ops);
	ctx_leave(ctx);
	if (r < 0)
		return r;
	a->ctx = ctx;
	ctx_ref(ctx);
	return 0;
}

static int create(struct rill_arena **ret_arena, struct rill_ctx *ctx, const struct rill_arena_options *o)
{
	struct rill_arena *a = calloc(1, sizeof(*a));
	size_t ready = o->ready;
	int r;

	if (!a)
		return -ENOMEM;
	a->refs = 1;
	a->flags = o->flags;
	a->space = o->space;
	a->user = o->user;
	a->waiting_first = NO_BLOCK;
	link_init(&a->watchers);
	r = take_allocator(a, o->allocator);
	if (r < 0)
		goto no_pages;
	r = pages_map(&a->pages, o->capacity, o->flags & RILL_ARENA_HUGE);
	if (r < 0)
		goto no_pages;
	r = start_allocator(a);
	if (r < 0)
		goto no_allocator;
	if (ready)
		prepare(a, ready);
	r = a->refused ? -ENOMEM : join_ctx(a, ctx);
	if (r < 0)
		goto not_joined;
	*ret_arena = a;
	return 0;

not_joined:
	a->allocator.destroy(a->self);
no_allocator:
	pages_unmap(&a->pages);
no_pages:
	free(a);
	return r;
}

static size_t whole_pages(size_t bytes)
{
	return (bytes + PAGES_ALIGN - 1) & ~(PAGES_ALIGN - 1);
}

int rill_arena_create(struct rill_arena **ret_arena, struct rill_ctx *ctx, const struct rill_arena_options *options)
{
	struct rill_arena_options o;
	int r = ctx_check(ctx);

	if (r == 0)
		r = table_copy(&o, sizeof(o), options);
	if (r < 0)
		return r;
	if (!ret_arena || (o.flags & ~FLAGS) || o.capacity > CAPACITY_MAX)
		return -EINVAL;
	o.capacity = o.capacity ? whole_pages(o.capacity) : CAPACITY_DEFAULT;
	o.ready = o.ready ? o.ready : AHEAD;
	if (o.ready > o.capacity || (o.flags & RILL_ARENA_PREFAULT))
		o.ready = o.capacity;
	o.ready = whole_pages(o.ready);
	return create(ret_arena, ctx, &o);
}

int arena_create_plain(struct rill_arena **ret_arena, struct rill_ctx *ctx, size_t capacity)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = whole_pages(capacity)};

	return create(ret_arena, ctx, &o);
}

void rill_arena_destroy(struct rill_arena *a)
{
	struct rill_ctx *ctx;

	if (!usable(a))
		return;
	ctx = a->ctx;
	ctx_enter(ctx);
	a->ending = true;
	end(a);
	if (!ctx_in_dispatch(ctx))
		run_all(a);
	source_doom(&a->source);
	ctx_leave(ctx);
}

/* ---- alloc and free ------------------------------------------------------------------------ */

void *rill_arena_alloc(struct rill_arena *a, size_t len)
{
	return usable(a) ? take(a, ALIGNMENT_MIN, len) : NULL;
}

void *rill_arena_alloc_aligned(struct rill_arena *a, size_t alignment, size_t len)
{
	if (!usable(a) || !alignment || (alignment & (alignment - 1)) || alignment > ALIGNMENT_MAX)
		return NULL;
	return take(a, alignment > ALIGNMENT_MIN ? alignment : ALIGNMENT_MIN, len);
}

void *rill_arena_alloc_with(struct rill_arena *a, size_t len, void (*destructor)(void *block, void *user),
                            void *user)
{
	void *block = rill_arena_alloc(a, len);

	if (!block || !destructor || add_destructor(a, block, destructor, user))
		return block;
	give_back(a, block, length_of(a, block));
	return NULL;
}

static bool resize_in_place(struct rill_arena *a, void *block, size_t had, size_t len)
{
	size_t has;

	if (a->allocator.resize ? a->allocator.resize(a->self, block, len) < 0 : len > had)
		return false;
	has = length_of(a, block);
	if ((a->flags & RILL_ARENA_WIPE) && has < had)
		memset((char *)block + has, 0, had - has);
	a->allocated += has - had;
	if (has < had)
		came_back(a);
	wake(a);
	return true;
}

static void *move(struct rill_arena *a, void *block, size_t had, size_t len)
{
	uint32_t i = blocks_find(&a->blocks, offset_of(a, block));
	void *to = take(a, ALIGNMENT_MIN, len);

	if (!to)
		return NULL;
	if (i != NO_BLOCK && a->blocks.all[i].destructor) {
		const struct block *b = &a->blocks.all[i];

		if (!add_destructor(a, to, b->destructor, b->user)) {
			give_back(a, to, length_of(a, to));
			return NULL;
		}
		a->blocks.all[i].destructor = NULL;
	}
	memcpy(to, block, had < len ? had : len);
	release(a, block);
	return to;
}

void *rill_arena_realloc(struct rill_arena *a, void *block, size_t len)
{
	const struct block *b = NULL;
	size_t had;
	uint32_t i;

	if (!block)
		return rill_arena_alloc(a, len);
	if (!usable(a) || find(a, block, &had) != block || len > a->pages.capacity)
		return NULL;
	len = len ? len : 1;
	i = blocks_find(&a->blocks, offset_of(a, block));
	if (i != NO_BLOCK)
		b = &a->blocks.all[i];
	if (b && b->freed)
		return NULL;
	if (b && len < b->lent_end)
		return move(a, block, had, len);
	return resize_in_place(a, block, had, len) ? block : move(a, block, had, len);
}

void rill_arena_free(struct rill_arena *a, void *block)
{
	if (block && usable(a))
		release(a, block);
}

size_t rill_arena_trim(struct rill_arena *a, size_t bytes)
{
	return usable(a) && a->allocator.trim ? a->allocator.trim(a->self, bytes) : 0;
}

void rill_arena_get_usage(const struct rill_arena *a, struct rill_arena_usage *ret_usage)
{
	struct rill_arena_usage u = {0};
	size_t size = ret_usage ? ret_usage->size : 0;

	if (!usable(a) || size < sizeof(u.size))
		return;
	u.size = size;
	u.reserved = a->pages.reserved;
	if (size > offsetof(struct rill_arena_usage, resident))
		u.resident = pages_resident(&a->pages);
	u.allocated = a->pooled ? pool_allocated(a->self) : a->allocated;
	u.lent = a->lent;
	memset(ret_usage, 0, size);
	memcpy(ret_usage, &u, size < sizeof(u) ? size : sizeof(u));
}

/* ---- lending ------------------------------------------------------------------------------- */

bool arena_gone(const struct rill_arena *a)
{
	return a->gone;
}

struct rill_ctx *arena_ctx(const struct rill_arena *a)
{
	return a->ctx;
}

void arena_hold(struct rill_arena *a)
{
	a->refs++;
}

void arena_drop(struct rill_arena *a)
{
	if (--a->refs > 0)
		return;
	ctx_unref(a->ctx);
	free(a);
}

void arena_watch(struct rill_arena *a, struct arena_watcher *w)
{
	link_append(&a->watchers, &w->link);
}

void *arena_base(const struct rill_arena *a)
{
	return a->pages.base;
}

size_t arena_capacity(const struct rill_arena *a)
{
	return a->pages.capacity;
}

int arena_fd(const struct rill_arena *a)
{
	return a->pages.fd;
}

void arena_close_fd(struct rill_arena *a)
{
	pages_close(&a->pages);
}

int arena_lend(struct rill_arena *a, const void *data, size_t len, void **ret_block)
{
	struct block *b;
	size_t room, at;
	uint32_t i;
	char *block;

	if (a->gone || !(block = find(a, data, &room)))
		return -EINVAL;
	at = (size_t)((const char *)data - block);
	if (len > room - at)
		return -EINVAL;
	i = blocks_find(&a->blocks, offset_of(a, block));
	if (i == NO_BLOCK)
		i = blocks_add(&a->blocks, offset_of(a, block));
	if (i == NO_BLOCK)
		return -ENOMEM;
	b = &a->blocks.all[i];
	if (b->freed && !b->loans) /* only its destructor is still to run */
		return -EINVAL;
	if (b->loans == UINT32_MAX)
		return -ENOMEM;
	if (b->loans++ == 0)
		a->lent++;
	if (b->lent_end < at + len)
		b->lent_end = at + len;
	*ret_block = block;
	return 0;
}

void arena_unlend(struct rill_arena *a, void *block)
{
	uint32_t i = a->gone ? NO_BLOCK : blocks_find(&a->blocks, offset_of(a, block));
	struct block *b = i == NO_BLOCK ? NULL : &a->blocks.all[i];

	if (!b || !b->loans || --b->loans > 0)
		return;
	a->lent--;
	b->lent_end = 0;
	if (b->freed)
		end_block(a, i);
	else if (!b->destructor)
		blocks_remove(&a->blocks, i);
}

int arena_map_peer(void **ret_base, int fd, uint64_t capacity, const char **ret_text)
{
	int r = memfd_check(fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, capacity, true, ret_text);
	void *base;

	if (r < 0)
		return r;
	base = capacity ? mmap(NULL, capacity, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0) : MAP_FAILED;
	if (base == MAP_FAILED)
		return -ENOMEM;
	if (madvise(base, capacity, MADV_DONTFORK) < 0 || madvise(base, capacity, MADV_DONTDUMP) < 0) {
		munmap(base, capacity);
		return -ENOMEM;
	}
	*ret_base = base;
	return 0;
}
