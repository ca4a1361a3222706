/* core/share/object.c - what an object says of itself stands in the last 32 bytes of its block: so its data begin where the
 * block does, and the arena's own destructor and free are the object's. */
#include <rill/object.h>

#include "share/service.h"
#include "shm/arena_state.h"
#include "shm/peer.h"

#include <errno.h>
#include <string.h>

#define TAIL sizeof(struct service_object)

/* The whole words of a block; 0 if `block` is not the begin of a live one that has room for a tail. */
static size_t words_of(struct rill_arena *arena, const void *block)
{
	size_t len;

	if (!arena_usable(arena) || !block || arena_find(arena, block, &len) != block || len < TAIL)
		return 0;
	return len & ~(size_t)7;
}

static struct service_object *tail_of(const void *block, size_t len)
{
	return (struct service_object *)(void *)((char *)(uintptr_t)block + len - TAIL);
}

void *rill_object_create(struct rill_arena *arena, const struct rill_object_type *type, size_t len, void *user)
{
	struct rill_object_type t;
	struct service_object *tail;
	void *block;

	if (!type || table_copy(&t, sizeof(t), type) < 0 || len > SIZE_MAX - TAIL - 7)
		return NULL;
	block = rill_arena_alloc_with(arena, ((len + 7) & ~(size_t)7) + TAIL, t.destructor, user);
	if (!block)
		return NULL;
	tail = tail_of(block, words_of(arena, block));
	*tail = (struct service_object){.magic = SERVICE_OBJECT_MAGIC, .tag = t.tag, .len = len, .version = t.version};
	return block;
}

int rill_object_loan(struct rill_arena *arena, const void *object, struct rill_loan *ret_loan)
{
	size_t len = words_of(arena, object);

	if (!len || !ret_loan || tail_of(object, len)->magic != SERVICE_OBJECT_MAGIC)
		return -EINVAL;
	*ret_loan = (struct rill_loan){.arena = arena, .data = object, .len = len};
	return 0;
}

/* The owner may write while we look: each word is loaded once. */
int rill_object_look(const void *data, size_t len, struct rill_object *ret_object)
{
	union {
		struct service_object o;
		uint64_t words[TAIL / 8];
	} tail;

	if (!data || !ret_object)
		return -EINVAL;
	if (len < TAIL || ((uintptr_t)data | len) & 7)
		return -EBADMSG;
	for (size_t i = 0; i < TAIL / 8; i++)
		tail.words[i] = peer_load(peer_at((const PEER char *)(uintptr_t)data, len - TAIL + i * 8));
	if (tail.o.magic != SERVICE_OBJECT_MAGIC || tail.o.len > len - TAIL)
		return -EBADMSG;
	*ret_object = (struct rill_object){.data = data, .len = tail.o.len, .tag = tail.o.tag, .version = tail.o.version};
	return 0;
}

int rill_object_open(const void *data, size_t len, const struct rill_object_type *type, struct rill_object *ret_object)
{
	struct rill_object_type t;
	struct rill_object o = {0};
	int r = type && ret_object ? table_copy(&t, sizeof(t), type) : -EINVAL;

	if (r == 0)
		r = rill_object_look(data, len, &o);
	if (r < 0)
		return r;
	if (o.tag != t.tag)
		return -EPROTOTYPE;
	if (o.version != t.version)
		return -EPROTONOSUPPORT;
	*ret_object = o;
	return 0;
}
