/* core/share/table.c - the names of a directory: a chained hash table. Peers choose names (those that they wait for), so the
 * hash has a seed that they do not know. */
#include "share/share.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_ROOM 16

void table_begin(struct table *t)
{
	*t = (struct table){0};
	if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) != sizeof(t->seed))
		t->seed = (uintptr_t)t; /* early at boot */
}

static uint64_t mix(uint64_t h, uint64_t word)
{
	unsigned __int128 product = (unsigned __int128)(h ^ word) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(const struct table *t, const char *text)
{
	size_t len = strlen(text);
	uint64_t h = mix(t->seed, len), word;

	for (size_t i = 0; i < len; i += 8) {
		word = 0;
		memcpy(&word, text + i, len - i < 8 ? len - i : 8);
		h = mix(h + t->seed, word);
	}
	return mix(h, t->seed);
}

struct name *table_find(const struct table *t, const char *text)
{
	uint64_t hash;
	struct name *n;

	if (!t->count)
		return NULL;
	hash = hash_of(t, text);
	for (n = t->buckets[hash & (t->room - 1)]; n; n = n->next)
		if (n->hash == hash && strcmp(n->text, text) == 0)
			return n;
	return NULL;
}

static void put(struct name **buckets, size_t room, struct name *n)
{
	struct name **at = &buckets[n->hash & (room - 1)];

	n->next = *at;
	*at = n;
}

static bool grow(struct table *t)
{
	size_t room = t->room ? t->room * 2 : FIRST_ROOM;
	struct name **buckets = calloc(room, sizeof(struct name *)), *n;

	if (!buckets)
		return false;
	for (size_t i = 0; i < t->room; i++) {
		while ((n = t->buckets[i])) {
			t->buckets[i] = n->next;
			put(buckets, room, n);
		}
	}
	free(t->buckets);
	t->buckets = buckets;
	t->room = room;
	return true;
}

struct name *table_add(struct table *t, const char *text)
{
	size_t len = strlen(text) + 1;
	struct name *n;

	if (t->count == t->room && !grow(t))
		return NULL;
	n = calloc(1, sizeof(*n) + len);
	if (!n)
		return NULL;
	memcpy(n->text, text, len);
	n->hash = hash_of(t, text);
	link_init(&n->waiters);
	put(t->buckets, t->room, n);
	t->count++;
	return n;
}

void table_remove(struct table *t, struct name *n)
{
	struct name **at = &t->buckets[n->hash & (t->room - 1)];

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	t->count--;
	free(n);
}

void table_finish(struct table *t, void (*end)(struct name *n))
{
	struct name *n;

	for (size_t i = 0; i < t->room; i++) {
		while ((n = t->buckets[i])) {
			t->buckets[i] = n->next;
			end(n);
			free(n);
		}
	}
	free(t->buckets);
	*t = (struct table){0};
}
