/* tests/soak/ledger.c - see ledger.h. */
#include "tests/soak/ledger.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct ledger *ledger;

void ledger_start(uint64_t seed, uint64_t live_limit)
{
	void *at = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	uint64_t heavies = live_limit / (4 * LARGEST);

	if (at == MAP_FAILED)
		abort();
	ledger = at;
	ledger->seed = seed;
	ledger->live_limit = live_limit;
	ledger->heavy = (unsigned)(SESSIONS / (heavies < 1 ? 1 : heavies > 8 ? 8 : heavies));
	for (unsigned id = 0; id < SESSIONS; id++)
		ledger_reset(id);
}

uint64_t ledger_live(void)
{
	int64_t sum = 0;

	for (unsigned p = 0; p < PEERS; p++)
		sum += atomic_load(&ledger->live[p][HUB]) + atomic_load(&ledger->live[p][PEER]);
	return sum < 0 ? 0 : (uint64_t)sum;
}

/* What was dropped on the way is not on its way any more. */
static void settle(unsigned id, struct slot *s)
{
	for (int side = HUB; side <= PEER; side++) {
		struct way *w = &s->from[side];
		uint64_t left = atomic_load(&w->sent) - atomic_load(&w->taken);

		atomic_fetch_sub(&ledger->live[id / EACH][side], (int64_t)left);
		atomic_store(&w->taken, atomic_load(&w->sent));
	}
}

void ledger_reset(unsigned id)
{
	struct line *l = &ledger->line[id];

	for (unsigned i = 0; i < SLOTS; i++) {
		memset(l->slot[i].from, 0, sizeof(l->slot[i].from));
		atomic_store(&l->slot[i].done, BOTH);
	}
	atomic_store(&l->bound, false);
	atomic_store(&l->level, false);
	atomic_store(&l->done, BOTH);
}

void ledger_done_slot(unsigned id, unsigned slot, enum side side)
{
	struct slot *s = &ledger->line[id].slot[slot];
	unsigned before = atomic_fetch_or(&s->done, 1u << side);

	if (before != BOTH && (before | 1u << side) == BOTH)
		settle(id, s);
}

/* A slot may have been opened by one side after the other was done with the line. */
void ledger_done_line(unsigned id, enum side side)
{
	struct line *l = &ledger->line[id];

	for (unsigned i = 0; i < SLOTS; i++)
		ledger_done_slot(id, i, side);
	if ((atomic_fetch_or(&l->done, 1u << side) | 1u << side) != BOTH)
		return;
	for (unsigned i = 0; i < SLOTS; i++)
		settle(id, &l->slot[i]);
}

/* ---- What a message is ----------------------------------------------------------------------------------------- */

uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t z = a * UINT64_C(0x9E3779B97F4A7C15) + b;

	z = (z ^ z >> 32) * UINT64_C(0xD6E8FEB86659FD93);
	z = (z ^ z >> 32) * UINT64_C(0xD6E8FEB86659FD93);
	return z ^ z >> 32;
}

/* From 2^low to 2^high, each magnitude as often as any other. */
static size_t magnitude(uint64_t draw, unsigned low, unsigned high)
{
	unsigned bits = low + (unsigned)(draw % (high - low));

	return ((size_t)1 << bits) + (draw >> 8) % ((size_t)1 << bits);
}

static size_t length_of(uint64_t draw, bool heavy)
{
	unsigned kind = (unsigned)(draw % 256);

	draw >>= 8;
	if (kind < 16)
		return 0;
	if (kind < 170)
		return 1 + draw % 300;
	if (kind < 224)
		return 1 + draw % 1000;
	if (kind < 250)
		return magnitude(draw, 10, 16);
	if (kind == 255 && heavy)
		return draw % 8 ? magnitude(draw >> 3, 20, 26) : LARGEST;
	return magnitude(draw, 14, 18);
}

struct plan plan_of(unsigned id, unsigned slot, uint32_t round, enum side from, uint64_t seq)
{
	uint64_t stream = mix(ledger->seed, (uint64_t)round << 32 | id << 16 | slot << 8 | (unsigned)from);
	struct plan p = {.seed = mix(stream, seq)};
	uint64_t draw = mix(p.seed, 1);

	p.len = length_of(mix(p.seed, 2), id % ledger->heavy == 0);
	if (draw % 32 == 0)
		p.fds = 1 + (unsigned)((draw >> 8) % FDS);
	if (draw % 16 == 1)
		p.loans = 1 + (unsigned)((draw >> 8) % LOANS);
	for (unsigned i = 0; i < p.loans; i++)
		p.loan_len[i] = magnitude(mix(p.seed, 3 + i), 3, 20);
	if (seq == 0 && atomic_load(&ledger->line[id].level)) {
		p.len = slot < 2 ? 70000 : 70;
		p.fds = 0;
		p.loans = slot < 2;
		p.loan_len[0] = 4096;
	}
	p.bytes = p.len;
	for (unsigned i = 0; i < p.loans; i++)
		p.bytes += p.loan_len[i];
	return p;
}

/* Word i is seed + i * an odd number; the last one is cut. */
#define STEP UINT64_C(0xA0761D6478BD642F)

void bytes_fill(void *to, size_t len, uint64_t seed)
{
	char *at = to;
	uint64_t word = seed;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word), word += STEP)
		memcpy(at, &word, sizeof(word));
	memcpy(at, &word, len);
}

bool bytes_are(const void *data, size_t len, uint64_t seed)
{
	const char *at = data;
	uint64_t word = seed, differ = 0, got;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word), word += STEP) {
		memcpy(&got, at, sizeof(got));
		differ |= got ^ word;
	}
	return !differ && memcmp(at, &word, len) == 0;
}
