/* tests/fuzz/region.c - any bytes as the head of a region: what is mapped lies within what it says, all of it. */
#include "shm/region.h"
#include "tests/fault/raw.h"
#include "tests/fuzz/support/bytes.h"
#include "tests/fuzz/support/still.h"

#include <stdlib.h>

enum { LIMIT = 1 << 20 };

static void check(const struct region *r)
{
	const struct wire_head *h = &r->head;
	uint64_t last = h->size / 8 - 1;

	if (h->ready_offset + 8 * h->ready_count > h->returns_offset || h->rings_offset + h->channels * h->ring_bytes > h->size)
		still_broken("a layout that overlaps itself", (long long)h->size);
	(void)peer_load(region_peer_word(r, 8 * last));
	for (uint32_t i = 0; i < h->channels; i++)
		(void)peer_load(region_peer_word(r, region_ring_offset(r, i) + h->ring_bytes - 8));
}

/* A head that is right for small numbers, and then eleven words of it changed or not. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct bytes b = {bytes, len};
	struct raw raw = {.fd = -1};
	struct region r;
	const char *text = NULL;
	uint64_t size;
	int fd, e;

	still_begin();
	raw.head = raw_layout(1 + bytes_below(&b, 8), bytes_u8(&b), UINT64_C(1024) << bytes_below(&b, 5));
	fd = raw_region(&raw);
	if (fd < 0)
		abort();
	for (uint64_t at = 0; at < sizeof(raw.head); at += 8)
		raw_store(&raw, at, bytes_twist(&b, *raw_word(&raw, at)));
	size = bytes_twist(&b, raw.head.size);
	raw_seal(fd, (int)bytes_twist(&b, RAW_SEALS) & 31);
	e = region_map_peer(&r, fd, size, LIMIT, &text);
	if (e == 0) {
		check(&r);
		region_unmap(&r);
	} else if (e != -EPROTO && e != -ENOMEM) {
		still_broken("a region refused for a reason that is none", e);
	} else if (e == -EPROTO && !text) {
		still_broken("a region refused without a text", e);
	}
	close(fd);
	raw_finish(&raw);
	still_end();
	return 0;
}

size_t fuzz_seed(unsigned n, uint8_t *to, size_t room)
{
	if (n >= 4 || room < 16)
		return 0;
	memset(to, 0, 16);
	to[0] = (uint8_t)n;
	to[1] = (uint8_t)(n * 60);
	return 16;
}
