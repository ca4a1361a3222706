/* core/shm/region.c - making, checking and mapping regions. Invariant: a region is exactly as its head says, its size never
 * changes (sealed), and only its maker can write it; so no access within head.size can fault. */
#include "shm/region.h"

#include "shm/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)

static uint64_t power_of_two_from(uint64_t n)
{
	uint64_t p = 8;

	while (p < n)
		p *= 2;
	return p;
}

static uint64_t pages(uint64_t n)
{
	return (n + WIRE_PAGE - 1) & ~(uint64_t)(WIRE_PAGE - 1);
}

/* The layout follows from three numbers; a peer's head must agree with it in every field. */
static struct wire_head layout(uint32_t channels, uint32_t loans, uint64_t ring_bytes)
{
	struct wire_head h = {
		.magic = WIRE_MAGIC,
		.major = WIRE_MAJOR,
		.minor = WIRE_MINOR,
		.channels = channels,
		.loans = loans,
		.ring_bytes = ring_bytes,
		.ready_count = power_of_two_from(2 * (uint64_t)channels + 4),
		.returns_count = power_of_two_from((uint64_t)loans + 1),
	};

	h.ready_offset = WIRE_PAGE + sizeof(struct wire_lines);
	h.returns_offset = h.ready_offset + 8 * h.ready_count;
	h.channels_offset = h.returns_offset + 8 * h.returns_count;
	h.rings_offset = pages(h.channels_offset + channels * sizeof(struct wire_channel));
	h.size = pages(h.rings_offset + channels * ring_bytes);
	return h;
}

static int populate(const struct region *r, uint64_t offset, uint64_t len)
{
	uint64_t begin = offset & ~(uint64_t)(WIRE_PAGE - 1);

	if (madvise(r->base + begin, pages(offset + len) - begin, MADV_POPULATE_WRITE) == 0)
		return 0;
	return memfd_error();
}

static int fill(struct region *r)
{
	struct wire_lines *lines = (struct wire_lines *)(void *)(r->base + WIRE_PAGE);
	int e = populate(r, 0, r->head.channels_offset);

	if (e < 0)
		return e;
	*(struct wire_head *)(void *)r->base = r->head;
	atomic_store_explicit(&lines->sarm, 1, memory_order_relaxed); /* asleep from the start */
	return 0;
}

int region_create(struct region *ret_region, int *ret_fd, uint32_t channels, uint32_t loans, uint64_t ring_bytes)
{
	struct region r = {.head = layout(channels, loans, ring_bytes)};
	int rw, ro, e = memfd_make(&rw, "rill-region", r.head.size);
	void *base;

	if (e < 0)
		return e;
	base = mmap(NULL, r.head.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, rw, 0);
	if (base == MAP_FAILED) {
		e = memfd_error();
		close(rw);
		return e;
	}
	r.base = base;
	e = madvise(base, r.head.size, MADV_DONTFORK) < 0 ? memfd_error() : 0;
	madvise(base, r.head.size, MADV_DONTDUMP);
	if (e == 0)
		e = fill(&r);
	if (e == 0 && fcntl(rw, F_ADD_SEALS, SEALS) < 0)
		e = -errno;
	ro = e == 0 ? memfd_reopen(rw, O_RDONLY) : -1;
	if (e < 0) {
		munmap(base, r.head.size);
		close(rw);
		return e;
	}
	/* Without /proc there is no read-only descriptor; the sealed one is as safe: nobody can map it writable. */
	if (ro >= 0)
		close(rw);
	*ret_fd = ro >= 0 ? ro : rw;
	*ret_region = r;
	return 0;
}

static const char *head_wrong(const struct wire_head *h, uint64_t size)
{
	struct wire_head want;

	if (h->magic != WIRE_MAGIC)
		return "region: wrong magic";
	if (h->major != WIRE_MAJOR)
		return "region: another version";
	if (h->channels == 0 || h->channels > 2000000 || h->loans > 1000000)
		return "region: channels or loans out of range";
	if (h->ring_bytes < 1024 || h->ring_bytes > 1 << 30 || h->ring_bytes & (h->ring_bytes - 1))
		return "region: ring size is no power of two from 1 KiB to 1 GiB";
	want = layout(h->channels, h->loans, h->ring_bytes);
	if (h->size != size || want.size != size)
		return "region: size is not what its head says";
	if (h->ready_count != want.ready_count || h->returns_count != want.returns_count ||
	    h->ready_offset != want.ready_offset || h->returns_offset != want.returns_offset ||
	    h->channels_offset != want.channels_offset || h->rings_offset != want.rings_offset)
		return "region: counts or offsets are not what they must be";
	return NULL;
}

int region_map_peer(struct region *ret_region, int fd, uint64_t size, uint64_t limit, const char **ret_text)
{
	struct region r = {0};
	void *base;
	int e;

	if (size < 2 * WIRE_PAGE || size > limit) {
		*ret_text = "region: size is beyond our limit";
		return -EPROTO;
	}
	e = memfd_check(fd, SEALS, size, MEMFD_ANY, ret_text);
	if (e < 0)
		return e;
	base = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (base == MAP_FAILED)
		return memfd_error();
	madvise(base, size, MADV_DONTDUMP);
	r.peer = base;
	r.head = peer_head(r.peer);
	*ret_text = head_wrong(&r.head, size);
	if (*ret_text) {
		munmap(base, size);
		return -EPROTO;
	}
	*ret_region = r;
	return 0;
}

int region_populate_channel(const struct region *r, uint32_t index)
{
	int e = populate(r, r->head.channels_offset + index * sizeof(struct wire_channel), sizeof(struct wire_channel));

	return e < 0 ? e : populate(r, region_ring_offset(r, index), r->head.ring_bytes);
}

void region_unmap(struct region *r)
{
	if (r->base)
		munmap(r->base, r->head.size);
	r->base = NULL;
}

void region_bind_bell(struct bell *b, const struct region *mine, const struct region *theirs)
{
	struct wire_lines *lines = (struct wire_lines *)(void *)(mine->base + WIRE_PAGE);

	*b = (struct bell){
		.ready = (wire_word *)(void *)(mine->base + mine->head.ready_offset),
		.peer_ready = region_peer_word(theirs, theirs->head.ready_offset),
		.mask = mine->head.ready_count - 1,
		.peer_mask = theirs->head.ready_count - 1,
		.sleep = {.word = &lines->sarm, .value = 1},
		.sleeper = {.word = region_peer_word(theirs, WIRE_PAGE + offsetof(struct wire_lines, sarm))},
	};
}

void region_bind_rings(struct ring_out *out, struct ring_in *in, const struct region *mine, const struct region *theirs,
                       uint32_t index)
{
	struct wire_channel *ours = region_channel(mine, index);
	uint64_t line = theirs->head.channels_offset + index * sizeof(struct wire_channel);

	atomic_store_explicit(&ours->carm, 1, memory_order_relaxed); /* armed from the start */
	*out = (struct ring_out){
		.words = (wire_word *)(void *)(mine->base + region_ring_offset(mine, index)),
		.size = mine->head.ring_bytes,
		.reader = {.word = region_peer_word(theirs, line + offsetof(struct wire_channel, carm))},
		.space = {.word = &ours->warm, .may_bump = true},
		.pos = region_peer_word(theirs, line + offsetof(struct wire_channel, pos)),
	};
	*in = (struct ring_in){
		.words = region_peer_word(theirs, region_ring_offset(theirs, index)),
		.size = theirs->head.ring_bytes,
		.data = {.word = &ours->carm, .value = 1},
		.writer = {.word = region_peer_word(theirs, line + offsetof(struct wire_channel, warm))},
		.pos = &ours->pos,
	};
}
