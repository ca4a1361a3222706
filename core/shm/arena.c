/* core/shm/arena.c - an arena's life: made, asked for its turn by dispatch, destroyed.
 *
 * OPEN -> GONE (destroyed, or its ctx is: every call fails, watchers were told) -> finished (at depth 0: the memory goes)
 * -> freed (with the last hold). Between GONE and finished the destructors run that are still due.
 */
#include "shm/arena_state.h"
#include "shm/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_DEFAULT ((size_t)1 << 30)
#define CAPACITY_MAX ((size_t)1 << 40)
#define AHEAD ((size_t)256 << 10) /* bytes kept reserved ahead of what was ever handed out */
#define TURN 64                   /* destructors */
#define FLAGS (RILL_ARENA_HUGE | RILL_ARENA_PREFAULT | RILL_ARENA_WIPE | RILL_ARENA_SAME_ADDRESS | RILL_ARENA_PEERS_MAY_WRITE)
#define ADDRESS_END (UINT64_C(1) << 47)

static const int no_ctx = CTX_DESTROYED; /* the state that an arena sees that is not made yet, or gone */

static struct rill_arena *arena_of(const struct source *s)
{
	return container_of(s, struct rill_arena, source);
}

/* ---- what a turn is for ---------------------------------------------------------------------------------------- */

static bool has_work(const struct rill_arena *a)
{
	return a->waiting_first != NO_BLOCK || a->low || a->came_back;
}

void arena_wake(struct rill_arena *a)
{
	if (link_linked(&a->source.awake) || a->gone || !has_work(a))
		return;
	ctx_enter(a->ctx);
	source_wake(&a->source);
	ctx_leave(a->ctx);
}

void arena_came_back(struct rill_arena *a)
{
	a->came_back = a->starved;
	arena_wake(a);
}

/* ---- the space that the allocator works in --------------------------------------------------------------------- */

static int reserve(void *space, size_t offset, size_t len)
{
	struct rill_arena *a = space;
	int r = pages_reserve(&a->pages, offset, len);

	if (r < 0)
		a->refused = true;
	if (a->allocator.prepare && a->pages.reserved < a->pages.capacity)
		a->low = a->more = true;
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

/* ---- the source ------------------------------------------------------------------------------------------------ */

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

	while (told < TURN && !a->gone && arena_run_waiting(a))
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
	a->state = &no_ctx;
	a->writer.base = NULL;
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
	a->state = &no_ctx;
	while (link_linked(&a->watchers))
		link_remove(a->watchers.next);
	source_doom(s);
}

static void finish(struct source *s)
{
	struct rill_arena *a = arena_of(s);
	bool forked = ctx_check(a->ctx) == -ECHILD;

	if (a->ending && !forked)
		arena_run_all(a);
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

/* ---- create and destroy ---------------------------------------------------------------------------------------- */

static int take_allocator(struct rill_arena *a, const struct rill_allocator *from)
{
	struct rill_allocator *to = &a->allocator;
	int r;

	from = from ? from : rill_pool_allocator();
	r = table_copy(to, sizeof(*to), from);
	if (r < 0)
		return r;
	a->counts = a->more = !to->allocated;
	if ((a->flags & RILL_ARENA_WIPE) || a->counts)
		to->release = NULL; /* it leaves no time to clear the block, nor to count it */
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
	a->state = ctx_front(ctx)->state;
	ctx_ref(ctx);
	return 0;
}

static struct rill_arena *new_arena(const struct rill_arena_options *o)
{
	struct rill_arena *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->refs = 1;
	a->state = &no_ctx;
	a->flags = o->flags;
	a->space = o->space;
	a->user = o->user;
	a->waiting_first = NO_BLOCK;
	link_init(&a->watchers);
	return a;
}

/* Where it is to be. */
static struct pages_wish wish_of(const struct rill_arena_options *o)
{
	struct pages_wish w = {
		.huge = o->flags & RILL_ARENA_HUGE,
		.shared = o->flags & RILL_ARENA_PEERS_MAY_WRITE,
		.placed = o->flags & RILL_ARENA_SAME_ADDRESS,
	};

	if (!w.placed)
		return w;
	w.exact = o->base != 0;
	if (w.exact)
		w.range = (struct address_range){o->base, o->base + o->capacity};
	else if (o->window_end)
		w.range = (struct address_range){o->window_begin, o->window_end};
	else
		w.range = address_window(o->capacity);
	return w;
}

static bool place_valid(const struct rill_arena_options *o)
{
	uintptr_t align = o->flags & RILL_ARENA_HUGE ? (uintptr_t)2 << 20 : PAGES_ALIGN;

	if (!(o->flags & RILL_ARENA_SAME_ADDRESS) || (!o->base && !o->window_begin && !o->window_end))
		return !o->base && !o->window_begin && !o->window_end;
	if (o->base)
		return !o->window_begin && !o->window_end && o->base % align == 0 && o->base <= ADDRESS_END - o->capacity;
	return o->window_begin && o->window_begin < o->window_end && o->window_end <= ADDRESS_END &&
	       o->capacity <= o->window_end - o->window_begin;
}

static int create(struct rill_arena **ret_arena, struct rill_ctx *ctx, const struct rill_arena_options *o)
{
	struct pages_wish wish = wish_of(o);
	struct rill_arena *a = new_arena(o);
	int r;

	if (!a)
		return -ENOMEM;
	r = take_allocator(a, o->allocator);
	if (r < 0)
		goto no_pages;
	r = pages_map(&a->pages, o->capacity, &wish, &a->claim);
	if (r < 0)
		goto no_pages;
	if (wish.shared)
		r = writer_begin(&a->writer, ctx, a->pages.base, o->capacity, a->pages.fd, WRITER_OWNER);
	if (r == 0)
		r = start_allocator(a);
	if (r < 0)
		goto no_allocator;
	if (o->ready)
		prepare(a, o->ready);
	if (wish.huge)
		pages_collapse(&a->pages);
	r = a->refused ? -ENOMEM : join_ctx(a, ctx);
	if (r < 0)
		goto not_joined;
	*ret_arena = a;
	return 0;

not_joined:
	a->allocator.destroy(a->self);
no_allocator:
	pages_unmap(&a->pages);
	address_release(&a->claim);
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
	if (!place_valid(&o))
		return -EINVAL;
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

	if (!arena_usable(a))
		return;
	ctx = a->ctx;
	ctx_enter(ctx);
	a->ending = true;
	end(a);
	if (!ctx_in_dispatch(ctx))
		arena_run_all(a);
	source_doom(&a->source);
	ctx_leave(ctx);
}

/* ---- trim and usage -------------------------------------------------------------------------------------------- */

size_t rill_arena_trim(struct rill_arena *a, size_t bytes)
{
	return arena_usable(a) && a->allocator.trim ? a->allocator.trim(a->self, bytes) : 0;
}

void rill_arena_get_usage(const struct rill_arena *a, struct rill_arena_usage *ret_usage)
{
	struct rill_arena_usage u = {0};
	size_t size = ret_usage ? ret_usage->size : 0;

	if (!arena_usable(a) || size < sizeof(u.size))
		return;
	u.size = size;
	u.reserved = a->pages.reserved;
	if (size > offsetof(struct rill_arena_usage, resident))
		u.resident = pages_resident(&a->pages);
	u.allocated = a->counts ? a->allocated : a->allocator.allocated(a->self);
	u.lent = a->lent;
	memset(ret_usage, 0, size);
	memcpy(ret_usage, &u, size < sizeof(u) ? size : sizeof(u));
}

/* ---- for sessions ---------------------------------------------------------------------------------------------- */

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
	address_release(&a->claim);
	ctx_unref(a->ctx);
	free(a);
}

void arena_ask_back(struct rill_arena *a)
{
	for (struct link *l = a->watchers.next; l != &a->watchers; l = l->next) {
		struct arena_watcher *w = container_of(l, struct arena_watcher, link);

		if (w->wanted)
			w->wanted(w);
	}
}

bool arena_wants_back(const struct rill_arena *a)
{
	return a->due || (a->starved && !a->came_back);
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

bool arena_shared(const struct rill_arena *a)
{
	return a->flags & RILL_ARENA_PEERS_MAY_WRITE;
}

/* A description that only its receiver has: what the kernel knows a writer by. */
int arena_invite(struct rill_arena *a, uint32_t *ret_number)
{
	int fd = a->writers < WRITER_LAST ? memfd_reopen(a->pages.fd, O_RDWR) : -ENOBUFS;

	if (fd >= 0)
		*ret_number = ++a->writers;
	return fd;
}

struct rill_writer *rill_arena_writer(struct rill_arena *a)
{
	return arena_usable(a) && a->writer.base ? &a->writer : NULL;
}

bool arena_placed(const struct rill_arena *a)
{
	return a->flags & RILL_ARENA_SAME_ADDRESS;
}

int arena_fd(const struct rill_arena *a)
{
	return a->pages.fd;
}

void arena_close_fd(struct rill_arena *a)
{
	pages_close(&a->pages);
}
