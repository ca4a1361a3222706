/* tests/unit/shm/region.c - a region is laid out as core/wire.h says, cannot be changed by who receives it, and one that is
 * anything else than it must be is not mapped. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/leaks.h"

#include "shm/memfd.h"
#include "shm/region.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define RING 1024
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)
#define MIB (UINT64_C(1) << 20)

static struct region region_of(uint32_t channels, uint32_t loans, uint64_t ring_bytes, int *ret_fd)
{
	struct region r;

	assert_int_equal(region_create(&r, ret_fd, channels, loans, ring_bytes), 0);
	return r;
}

static wire_word *word_at(const struct region *r, uint64_t offset)
{
	return (wire_word *)(void *)(r->base + offset);
}

/* ---- Layout ---------------------------------------------------------------------------------------------------- */

static bool power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

static void assert_laid_out(const struct wire_head *h, uint32_t channels, uint32_t loans, uint64_t ring_bytes)
{
	assert_true(h->magic == WIRE_MAGIC);
	assert_int_equal(h->major, WIRE_MAJOR);
	assert_int_equal(h->minor, WIRE_MINOR);
	assert_int_equal(h->channels, channels);
	assert_int_equal(h->loans, loans);
	assert_int_equal(h->reserved, 0);
	assert_int_equal(h->ring_bytes, ring_bytes);
	assert_true(power_of_two(h->ready_count) && h->ready_count >= 2 * (uint64_t)channels + 4);
	assert_true(power_of_two(h->returns_count) && h->returns_count > loans);
	assert_int_equal(h->ready_offset, WIRE_PAGE + sizeof(struct wire_lines));
	assert_int_equal(h->returns_offset, h->ready_offset + 8 * h->ready_count);
	assert_int_equal(h->channels_offset, h->returns_offset + 8 * h->returns_count);
	assert_int_equal(h->channels_offset % WIRE_LINE, 0);
	assert_true(h->rings_offset >= h->channels_offset + channels * sizeof(struct wire_channel));
	assert_true(h->rings_offset % WIRE_PAGE == 0 &&
	            h->rings_offset - h->channels_offset - channels * sizeof(struct wire_channel) < WIRE_PAGE);
	assert_true(h->size >= h->rings_offset + channels * ring_bytes && h->size % WIRE_PAGE == 0);
	assert_true(h->size - h->rings_offset - channels * ring_bytes < WIRE_PAGE);
}

static void a_region_is_laid_out_as_the_wire_says(void **state)
{
	static const struct {
		uint32_t channels, loans;
		uint64_t ring_bytes;
	} all[] = {{1, 0, 1024},       {1, 1, 4096},        {2, 7, 1024},       {2, 8, 1024},
	           {3, 63, 2048},      {6, 64, 1024},       {31, 1, 65536},     {510, 100, 1024},
	           {512, 1024, 16384}, {1024, 4096, 16384}, {1, 1000000, 1024}, {1, 1, 64 * MIB}};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct stat st;
		int fd;
		struct region r = region_of(all[i].channels, all[i].loans, all[i].ring_bytes, &fd);

		assert_laid_out(&r.head, all[i].channels, all[i].loans, all[i].ring_bytes);
		assert_memory_equal(r.base, &r.head, sizeof(r.head));
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_size, r.head.size);
		assert_int_equal(region_ring_offset(&r, 0), r.head.rings_offset);
		assert_int_equal(region_ring_offset(&r, all[i].channels - 1) + all[i].ring_bytes,
		                 r.head.rings_offset + all[i].channels * all[i].ring_bytes);
		close(fd);
		region_unmap(&r);
	}
}

/* docs/protocol.md gives these numbers; another implementation counts on them. */
static void the_layout_of_a_small_region_is_known_by_heart(void **state)
{
	int fd;
	struct region r = region_of(4, 8, RING, &fd);

	(void)state;
	assert_int_equal(r.head.ready_count, 16);
	assert_int_equal(r.head.returns_count, 16);
	assert_int_equal(r.head.ready_offset, 4096 + 128);
	assert_int_equal(r.head.returns_offset, 4096 + 128 + 128);
	assert_int_equal(r.head.channels_offset, 4096 + 128 + 128 + 128);
	assert_int_equal(r.head.rings_offset, 8192);
	assert_int_equal(r.head.size, 8192 + 4096);
	assert_int_equal(offsetof(struct wire_lines, sarm), 0);
	assert_int_equal(offsetof(struct wire_lines, fds_taken), 64);
	assert_int_equal(offsetof(struct wire_lines, fds_arm), 72);
	assert_int_equal(offsetof(struct wire_lines, returns_arm), 80);
	assert_int_equal(offsetof(struct wire_channel, carm), 0);
	assert_int_equal(offsetof(struct wire_channel, warm), 8);
	assert_int_equal(offsetof(struct wire_channel, pos), 64);
	assert_int_equal(offsetof(struct wire_head, size), 16);
	assert_int_equal(offsetof(struct wire_head, rings_offset), 80);
	close(fd);
	region_unmap(&r);
}

static void a_new_region_is_asleep_and_otherwise_empty(void **state)
{
	int fd;
	struct region r = region_of(4, 8, RING, &fd);

	(void)state;
	assert_int_equal(*word_at(&r, WIRE_PAGE), 1); /* sarm */
	for (uint64_t at = WIRE_PAGE + 8; at < r.head.size; at += 8)
		assert_int_equal(*word_at(&r, at), 0);
	close(fd);
	region_unmap(&r);
}

/* ---- What is sent ---------------------------------------------------------------------------------------------- */

static void what_is_sent_is_sealed_and_read_only(void **state)
{
	int fd;
	struct region r = region_of(1, 1, RING, &fd);
	void *p;

	(void)state;
	assert_int_equal(fcntl(fd, F_GET_SEALS) & SEALS, SEALS);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(write(fd, "x", 1), -1);
	p = mmap(NULL, WIRE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_equal(p, MAP_FAILED);
	close(fd);
	region_unmap(&r);
}

/* With a descriptor opened anew for writing, as the same user may. */
static void nobody_can_open_it_for_writing_to_any_effect(void **state)
{
	char path[64];
	int fd, again;
	struct region r = region_of(1, 1, RING, &fd);

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	assert_true(again >= 0);
	assert_ptr_equal(mmap(NULL, WIRE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0), MAP_FAILED);
	assert_int_equal(write(again, "x", 1), -1);
	assert_int_equal(ftruncate(again, WIRE_PAGE), -1);
	assert_int_equal(ftruncate(again, (off_t)r.head.size + WIRE_PAGE), -1);
	close(again);
	close(fd);
	region_unmap(&r);
}

static bool flagged(const void *at, const char *flag)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	unsigned long from = 0, to = 0;
	char line[512];
	bool found = false, here = false;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (unsigned long)at >= from && (unsigned long)at < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	fclose(maps);
	return found;
}

static void our_own_is_not_in_a_forked_child_and_none_is_in_a_core_dump(void **state)
{
	const char *text;
	int fd;
	struct region r = region_of(1, 1, RING, &fd), theirs;

	(void)state;
	assert_int_equal(region_map_peer(&theirs, fd, r.head.size, MIB, &text), 0);
	assert_true(flagged(r.base, " dc"));
	assert_true(flagged(r.base, " dd"));
	assert_true(flagged(theirs.base, " dd"));
	assert_true(flagged(r.base, " wr") && !flagged(theirs.base, " wr"));
	assert_false(flagged(theirs.base, " mw ")); /* nor can it be made writable */
	close(fd);
	region_unmap(&r);
	region_unmap(&theirs);
}

static void unmapped_twice_is_unmapped(void **state)
{
	int fd;
	struct region r = region_of(1, 1, RING, &fd), none = {0};

	(void)state;
	close(fd);
	region_unmap(&r);
	assert_null(r.base);
	region_unmap(&r);
	region_unmap(&none);
}

/* ---- Limits ---------------------------------------------------------------------------------------------------- */

static struct rlimit lower(int which, uint64_t limit)
{
	struct rlimit old, new;

	assert_int_equal(getrlimit((__rlimit_resource_t)which, &old), 0);
	new = (struct rlimit){.rlim_cur = limit, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit((__rlimit_resource_t)which, &new), 0);
	return old;
}

static void restore(int which, struct rlimit old)
{
	assert_int_equal(setrlimit((__rlimit_resource_t)which, &old), 0);
}

static void assert_refused(int result, int fd, const struct region *r)
{
	struct region untouched;

	memset(&untouched, 0x55, sizeof(untouched));
	assert_true(result < 0);
	assert_int_equal(fd, -77);
	assert_memory_equal(r, &untouched, sizeof(*r));
}

/* Larger than any file; and what the kernel calls the want of memory when a page of a memfd is looked at, or a limit is met. */
static void what_memory_cannot_be_had_is_told_as_such(void **state)
{
	static const int memory[] = {EAGAIN, EFAULT, EHWPOISON};
	int fd = -77;

	(void)state;
	assert_int_equal(memfd_make(&fd, "huge", SIZE_MAX), -EFBIG);
	assert_int_equal(memfd_make(&fd, "huge", (size_t)INT64_MAX + 1), -EFBIG);
	assert_int_equal(fd, -77);
	for (unsigned i = 0; i < 3; i++) {
		errno = memory[i];
		assert_int_equal(memfd_error(), -ENOMEM);
	}
	errno = EPERM;
	assert_int_equal(memfd_error(), -EPERM);
}

/* SIGXFSZ would end the program. */
static void above_the_limit_of_file_sizes_nothing_is_made(void **state)
{
	struct region r;
	struct rlimit old;
	int fd = -77, e;

	(void)state;
	memset(&r, 0x55, sizeof(r));
	old = lower(RLIMIT_FSIZE, 4 * WIRE_PAGE);
	e = region_create(&r, &fd, 16, 1, RING);
	restore(RLIMIT_FSIZE, old);
	assert_int_equal(e, -EFBIG);
	assert_refused(e, fd, &r);
}

static void a_limit_of_just_its_size_is_enough(void **state)
{
	struct region r;
	struct rlimit old;
	int fd, e;

	(void)state;
	old = lower(RLIMIT_FSIZE, 3 * WIRE_PAGE);
	e = region_create(&r, &fd, 4, 8, RING);
	restore(RLIMIT_FSIZE, old);
	assert_int_equal(e, 0);
	assert_int_equal(r.head.size, 3 * WIRE_PAGE);
	close(fd);
	region_unmap(&r);
}

static uint64_t next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	close(fd);
	return (uint64_t)fd;
}

static void without_a_descriptor_nothing_is_made(void **state)
{
	struct region r;
	struct rlimit old;
	int fd = -77, e;

	(void)state;
	memset(&r, 0x55, sizeof(r));
	old = lower(RLIMIT_NOFILE, next_fd());
	e = region_create(&r, &fd, 1, 1, RING);
	restore(RLIMIT_NOFILE, old);
	assert_int_equal(e, -EMFILE);
	assert_refused(e, fd, &r);
}

/* As without /proc: the sealed descriptor itself is sent. */
static void with_one_descriptor_left_it_is_the_sealed_one(void **state)
{
	const char *text;
	struct region r, theirs;
	struct rlimit old;
	int fd = -77, e;

	(void)state;
	old = lower(RLIMIT_NOFILE, next_fd() + 1);
	e = region_create(&r, &fd, 1, 1, RING);
	restore(RLIMIT_NOFILE, old);
	assert_int_equal(e, 0);
	assert_int_equal(fcntl(fd, F_GET_SEALS) & SEALS, SEALS);
	assert_ptr_equal(mmap(NULL, WIRE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(region_map_peer(&theirs, fd, r.head.size, MIB, &text), 0);
	close(fd);
	region_unmap(&r);
	region_unmap(&theirs);
}

/* ---- Memory behind it ------------------------------------------------------------------------------------------ */

static bool there(int fd, uint64_t offset)
{
	return lseek(fd, (off_t)offset, SEEK_DATA) == (off_t)offset;
}

static void memory_comes_with_a_channel(void **state)
{
	int fd;
	struct region r = region_of(300, 8, 16384, &fd);

	(void)state;
	for (uint64_t at = 0; at < r.head.channels_offset; at += WIRE_PAGE)
		assert_true(there(fd, at));
	for (uint32_t i = 0; i < 300; i++)
		assert_false(there(fd, region_ring_offset(&r, i)));
	assert_int_equal(region_populate_channel(&r, 299), 0);
	assert_int_equal(region_populate_channel(&r, 150), 0);
	for (uint32_t i = 0; i < 300; i++)
		for (uint64_t at = 0; at < 16384; at += WIRE_PAGE)
			assert_true(there(fd, region_ring_offset(&r, i) + at) == (i == 299 || i == 150));
	assert_true(there(fd, (r.head.channels_offset + 299 * sizeof(struct wire_channel)) & ~(uint64_t)(WIRE_PAGE - 1)));
	close(fd);
	region_unmap(&r);
}

/* ---- What is not mapped ---------------------------------------------------------------------------------------- */

/* What is said against it; it leaves nothing behind. NULL: it was mapped. */
static const char *refusal(int fd, uint64_t size, uint64_t limit)
{
	const char *text = NULL;
	struct region r;
	size_t mappings = leaks_mappings();

	memset(&r, 0x55, sizeof(r));
	if (region_map_peer(&r, fd, size, limit, &text) == 0) {
		region_unmap(&r);
		return NULL;
	}
	assert_refused(-EPROTO, -77, &r);
	assert_int_equal(leaks_mappings(), mappings);
	return text;
}

static void assert_not_mapped(int fd, uint64_t size, uint64_t limit, const char *why)
{
	const char *text = refusal(fd, size, limit);

	assert_non_null(text);
	assert_string_equal(text, why);
}

/* A memfd of such a size, that begins with `head`, sealed. */
static int forge(const struct wire_head *head, uint64_t size, int seals)
{
	int fd = memfd_create("rill-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(pwrite(fd, head, sizeof(*head), 0), sizeof(*head));
	if (seals)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static struct wire_head good_head(void)
{
	int fd;
	struct region r = region_of(4, 8, RING, &fd);
	struct wire_head h = r.head;

	close(fd);
	region_unmap(&r);
	return h;
}

static void what_another_program_makes_by_the_rules_is_mapped(void **state)
{
	static const int seals[] = {SEALS, SEALS | F_SEAL_WRITE};
	struct wire_head h = good_head();

	(void)state;
	h.minor = 7; /* a later one agrees with us */
	for (int i = 0; i < 2; i++) {
		int fd = forge(&h, h.size, seals[i]);
		const char *text = "untouched";
		struct region r;

		assert_int_equal(region_map_peer(&r, fd, h.size, h.size, &text), 0);
		assert_memory_equal(&r.head, &h, sizeof(h));
		close(fd);
		region_unmap(&r);
	}
}

static void every_seal_is_needed(void **state)
{
	static const int seals[] = {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_FUTURE_WRITE, F_SEAL_SEAL, SEALS};
	struct wire_head h = good_head();

	(void)state;
	for (int i = 0; i < 5; i++) {
		int fd = forge(&h, h.size, SEALS & ~seals[i]);

		assert_not_mapped(fd, h.size, MIB, "the memfd lacks a seal");
		close(fd);
	}
}

static void other_descriptors_are_not_mapped(void **state)
{
	FILE *file = tmpfile();
	int ends[2];

	(void)state;
	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), 3 * WIRE_PAGE), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_not_mapped(ends[0], 3 * WIRE_PAGE, MIB, "the descriptor is not a memfd");
	assert_not_mapped(-1, 3 * WIRE_PAGE, MIB, "the descriptor is not a memfd");
	if (fcntl(fileno(file), F_GET_SEALS) < 0) /* else /tmp is a tmpfs */
		assert_not_mapped(fileno(file), 3 * WIRE_PAGE, MIB, "the descriptor is not a memfd");
	else
		assert_not_mapped(fileno(file), 3 * WIRE_PAGE, MIB, "the memfd lacks a seal");
	fclose(file);
	close(ends[0]);
	close(ends[1]);
}

/* It takes the same seals, and reading it may raise SIGBUS. */
static void huge_pages_are_not_mapped(void **state)
{
	int fd = memfd_create("rill-test", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_HUGE_2MB);

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(ftruncate(fd, 2 * MIB), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, SEALS), 0);
	assert_not_mapped(fd, 2 * MIB, 4 * MIB, "the memfd is not on tmpfs");
	close(fd);
}

static void another_size_than_announced_is_not_mapped(void **state)
{
	struct wire_head h = good_head();
	int fd = forge(&h, h.size, SEALS);

	(void)state;
	assert_not_mapped(fd, h.size - WIRE_PAGE, MIB, "the memfd is not of the announced size");
	assert_not_mapped(fd, h.size + WIRE_PAGE, MIB, "the memfd is not of the announced size");
	assert_not_mapped(fd, h.size + 1, MIB, "the memfd is not of the announced size");
	close(fd);
}

static void a_size_beyond_the_limit_is_not_mapped(void **state)
{
	struct wire_head h = good_head();
	int fd = forge(&h, h.size, SEALS), small = forge(&h, 2 * WIRE_PAGE - 1, SEALS);

	(void)state;
	assert_not_mapped(fd, h.size, h.size - 1, "region: size is beyond our limit");
	assert_not_mapped(fd, UINT64_MAX, MIB, "region: size is beyond our limit");
	assert_not_mapped(fd, 0, MIB, "region: size is beyond our limit");
	assert_not_mapped(small, 2 * WIRE_PAGE - 1, MIB, "region: size is beyond our limit");
	close(fd);
	close(small);
}

#define NUMBER(field, number) offsetof(struct wire_head, field), sizeof(((struct wire_head *)0)->field), number

static void every_field_of_the_head_is_looked_at(void **state)
{
	static const char range[] = "region: channels or loans out of range";
	static const char ring[] = "region: ring size is no power of two from 1 KiB to 1 GiB";
	static const char size[] = "region: size is not what its head says";
	static const char counts[] = "region: counts or offsets are not what they must be";
	static const struct {
		size_t at, len;
		uint64_t number;
		const char *why;
	} lies[] = {
		{NUMBER(magic, 0), "region: wrong magic"},
		{NUMBER(magic, WIRE_MAGIC ^ 1), "region: wrong magic"},
		{NUMBER(major, 0), "region: another version"},
		{NUMBER(major, WIRE_MAJOR + 1), "region: another version"},
		{NUMBER(channels, 0), range},
		{NUMBER(channels, 2000001), range},
		{NUMBER(channels, UINT32_MAX), range},
		{NUMBER(loans, 1000001), range},
		{NUMBER(loans, UINT32_MAX), range},
		{NUMBER(ring_bytes, 0), ring},
		{NUMBER(ring_bytes, 512), ring},
		{NUMBER(ring_bytes, 1025), ring},
		{NUMBER(ring_bytes, 3072), ring},
		{NUMBER(ring_bytes, UINT64_C(1) << 31), ring},
		{NUMBER(ring_bytes, UINT64_C(1) << 63), ring},
		{NUMBER(channels, 5), size},
		{NUMBER(channels, 2000000), size},
		{NUMBER(loans, 1000000), size},
		{NUMBER(ring_bytes, 2048), size},
		{NUMBER(ring_bytes, UINT64_C(1) << 30), size},
		{NUMBER(size, 0), size},
		{NUMBER(size, 2 * WIRE_PAGE), size},
		{NUMBER(channels, 2), counts}, /* as large, with a shorter ready[] */
		{NUMBER(loans, 16), counts},
		{NUMBER(ready_count, 8), counts},
		{NUMBER(ready_count, 32), counts},
		{NUMBER(ready_count, UINT64_C(1) << 62), counts},
		{NUMBER(returns_count, 8), counts},
		{NUMBER(returns_count, 0), counts},
		{NUMBER(ready_offset, WIRE_PAGE), counts},
		{NUMBER(ready_offset, UINT64_MAX), counts},
		{NUMBER(returns_offset, WIRE_PAGE), counts},
		{NUMBER(channels_offset, WIRE_PAGE + 128), counts},
		{NUMBER(channels_offset, UINT64_MAX - 7), counts},
		{NUMBER(rings_offset, 3 * WIRE_PAGE), counts},
		{NUMBER(rings_offset, 0), counts},
	};
	const struct wire_head good = good_head();

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct wire_head h = good;
		const char *text;
		int fd;

		memcpy((char *)&h + lies[i].at, &lies[i].number, lies[i].len);
		fd = forge(&h, good.size, SEALS);
		text = refusal(fd, good.size, MIB);
		close(fd);
		if (!text || strcmp(text, lies[i].why) != 0)
			fail_msg("%llu at byte %zu: %s", (unsigned long long)lies[i].number, lies[i].at,
			         text ? text : "mapped");
	}
}

/* ---- Two regions tied together --------------------------------------------------------------------------------- */

/* Two sides, each with its own region and its own mapping of the other's. */
static struct side {
	struct region mine, theirs;
	int fd;
	struct bell bell;
	struct ring_out out[3];
	struct ring_in in[3];
} sides[2];

static int tie(void **state)
{
	static const uint64_t ring_bytes[2] = {1024, 4096}; /* each side chooses for itself */
	const char *text;

	(void)state;
	leaks_setup(state);
	for (int i = 0; i < 2; i++)
		sides[i].mine = region_of(3, (uint32_t)i * 100, ring_bytes[i], &sides[i].fd);
	for (int i = 0; i < 2; i++) {
		struct side *s = &sides[i], *o = &sides[!i];

		if (region_map_peer(&s->theirs, o->fd, o->mine.head.size, MIB, &text) < 0)
			return -1;
		region_bind_bell(&s->bell, &s->mine, &s->theirs);
	}
	for (int i = 0; i < 2; i++)
		for (uint32_t c = 0; c < 3; c++)
			region_bind_rings(&sides[i].out[c], &sides[i].in[c], &sides[i].mine, &sides[i].theirs, c);
	return 0;
}

static int untie(void **state)
{
	for (int i = 0; i < 2; i++) {
		for (int c = 0; c < 3; c++)
			ring_finish(&sides[i].in[c]);
		region_unmap(&sides[i].mine);
		region_unmap(&sides[i].theirs);
		close(sides[i].fd);
	}
	return leaks_teardown(state);
}

static void put(struct ring_out *out, uint64_t word)
{
	assert_int_equal(ring_reserve(out, 16), 0);
	ring_room(out)[1] = word;
	ring_commit(out, wire_header(WIRE_MESSAGE, 0, 0, 8));
}

static void assert_gets(struct ring_in *in, uint64_t word)
{
	uint64_t header, offset = 0, held;

	assert_int_equal(ring_next(in, &header, &offset), 0);
	assert_true(peer_load(in->words + offset / 8 + 1) == word);
	assert_int_equal(ring_take(in, header, &held), 0);
	ring_release(in, held);
	ring_publish(in);
}

static void each_ring_leads_to_its_own_twin(void **state)
{
	(void)state;
	for (uint64_t lap = 0; lap < 300; lap++) {
		for (uint64_t i = 0; i < 2; i++)
			for (uint64_t c = 0; c < 3; c++)
				put(&sides[i].out[c], lap << 8 | i << 4 | c);
		for (uint64_t i = 0; i < 2; i++)
			for (uint64_t c = 0; c < 3; c++) {
				assert_gets(&sides[!i].in[c], lap << 8 | i << 4 | c);
				assert_true(ring_drained(&sides[i].out[c]));
			}
	}
}

static void each_arm_is_seen_by_its_own_rung(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		for (int c = 0; c < 3; c++) {
			struct side *s = &sides[i], *o = &sides[!i];

			assert_true(rung_take(&o->out[c].reader)); /* armed from the start */
			assert_false(rung_take(&o->in[c].writer));
			assert_false(arm_answered(&s->out[c].space));
			assert_true(arm_answered(&s->in[c].data));
			arm_bump(&s->out[c].space);
			assert_false(rung_take(&o->out[c].reader));
			assert_true(rung_take(&o->in[c].writer));
			arm_bump(&s->in[c].data);
			assert_true(rung_take(&o->out[c].reader));
			assert_false(rung_take(&o->in[c].writer));
		}
}

static void each_bell_leads_to_the_other(void **state)
{
	enum wire_entry kind;
	uint64_t id;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct side *s = &sides[i], *o = &sides[!i];

		for (uint64_t n = 0; n < 100; n++) {
			assert_int_equal(bell_push(&s->bell, WIRE_SPACE, n), n ? 0 : 1); /* asleep from the start */
			bell_sent(&s->bell, 1);
			assert_false(bell_waits(&s->bell));
			assert_true(bell_take(&o->bell, &kind, &id));
			assert_true(kind == WIRE_SPACE && id == n);
		}
		assert_true(arm_answered(&o->bell.sleep));
		arm_bump(&o->bell.sleep);
		assert_int_equal(bell_due(&s->bell), 2);
	}
}

/* Where on the wire each write goes, by offsets from wire.h alone. */
static void every_write_goes_where_the_wire_says(void **state)
{
	struct side *s = &sides[0];
	uint64_t line = s->mine.head.channels_offset + 2 * sizeof(struct wire_channel);

	(void)state;
	put(&s->out[2], 99);
	assert_true(*word_at(&s->mine, s->mine.head.rings_offset + 2 * 1024) == wire_header(WIRE_MESSAGE, 0, 0, 8));
	put(&sides[1].out[2], 98);
	assert_gets(&s->in[2], 98);
	assert_int_equal(*word_at(&s->mine, line + offsetof(struct wire_channel, pos)), 16);
	assert_int_equal(*word_at(&s->mine, line + offsetof(struct wire_channel, carm)), 1);
	assert_true(arm_answered(&s->in[2].data));
	arm_bump(&s->in[2].data);
	assert_int_equal(*word_at(&s->mine, line + offsetof(struct wire_channel, carm)), 2);
	ring_want_drain(&s->out[2]);
	assert_int_equal(*word_at(&s->mine, line + offsetof(struct wire_channel, warm)), 1);
	bell_push(&s->bell, WIRE_DATA, 2);
	assert_int_equal(*word_at(&s->mine, s->mine.head.ready_offset), wire_entry(WIRE_DATA, 2));
	assert_true(arm_answered(&s->bell.sleep));
	arm_bump(&s->bell.sleep);
	assert_int_equal(*word_at(&s->mine, WIRE_PAGE + offsetof(struct wire_lines, sarm)), 2);
}

#define REGION_TEST(name) cmocka_unit_test_setup_teardown(name, leaks_setup, leaks_teardown)
#define TIED_TEST(name) cmocka_unit_test_setup_teardown(name, tie, untie)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REGION_TEST(a_region_is_laid_out_as_the_wire_says),
		REGION_TEST(the_layout_of_a_small_region_is_known_by_heart),
		REGION_TEST(a_new_region_is_asleep_and_otherwise_empty),
		REGION_TEST(what_is_sent_is_sealed_and_read_only),
		REGION_TEST(nobody_can_open_it_for_writing_to_any_effect),
		REGION_TEST(our_own_is_not_in_a_forked_child_and_none_is_in_a_core_dump),
		REGION_TEST(unmapped_twice_is_unmapped),
		REGION_TEST(above_the_limit_of_file_sizes_nothing_is_made),
		REGION_TEST(what_memory_cannot_be_had_is_told_as_such),
		REGION_TEST(a_limit_of_just_its_size_is_enough),
		REGION_TEST(without_a_descriptor_nothing_is_made),
		REGION_TEST(with_one_descriptor_left_it_is_the_sealed_one),
		REGION_TEST(memory_comes_with_a_channel),
		REGION_TEST(what_another_program_makes_by_the_rules_is_mapped),
		REGION_TEST(every_seal_is_needed),
		REGION_TEST(other_descriptors_are_not_mapped),
		REGION_TEST(huge_pages_are_not_mapped),
		REGION_TEST(another_size_than_announced_is_not_mapped),
		REGION_TEST(a_size_beyond_the_limit_is_not_mapped),
		REGION_TEST(every_field_of_the_head_is_looked_at),
		TIED_TEST(each_ring_leads_to_its_own_twin),
		TIED_TEST(each_arm_is_seen_by_its_own_rung),
		TIED_TEST(each_bell_leads_to_the_other),
		TIED_TEST(every_write_goes_where_the_wire_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
