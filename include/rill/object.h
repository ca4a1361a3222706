/* rill/object.h - a block of an arena that says what it is: a type tag, a version and a size travel with the data, and a
 * destructor stays with the owner.
 *
 * An object is lent like any block (rill_channel_sendmsg(), rill_directory_publish()) and let go of like any block
 * (rill_arena_free()): its destructor runs in the owner, once, after the owner has let go and the last borrower has returned
 * it or died. It must not be given to rill_arena_realloc().
 *
 *	static const struct rill_object_type config_type = {.size = sizeof(config_type), .tag = 0x636f6e666967, .version = 2};
 *
 *	c = rill_object_create(arena, &config_type, sizeof(*c), NULL);  // the owner
 *	rill_object_loan(arena, c, &loan);
 *
 *	rill_msg_loan(&msg, 0, &data, &len);                            // a borrower
 *	r = rill_object_open(data, len, &config_type, &object);
 */
#ifndef RILL_OBJECT_H
#define RILL_OBJECT_H

#include <rill/channel.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What both sides agree on. Usually one static const table in a header that both include. */
struct rill_object_type {
	size_t size;      /* sizeof(struct rill_object_type) */
	uint64_t tag;     /* yours: which type it is */
	uint32_t version; /* yours: which form of it */

	/* Owner only; NULL: none. Runs from a dispatch (or rill_arena_destroy()), as that of rill_arena_alloc_with(). */
	void (*destructor)(void *object, void *user);
};

/* What a borrower is told: a private copy of what the object says of itself. */
struct rill_object {
	const void *data; /* 16-aligned where the owner made it with rill_object_create() */
	size_t len;       /* as asked for at create: all of it may be read */
	uint64_t tag;
	uint32_t version;
};

/* A new object of len bytes, 16-aligned, not cleared; `user` is the destructor's. NULL: where rill_arena_alloc() gives NULL,
 * or a type whose `size` is not set. Costs 32 bytes beyond len. */
RILL_API void *rill_object_create(struct rill_arena *arena, const struct rill_object_type *type, size_t len, void *user);

/* The loan that lends it: put it into struct rill_out.
 *   -EINVAL  not a live object of this arena */
RILL_API int rill_object_loan(struct rill_arena *arena, const void *object, struct rill_loan *ret_loan);

/* What lies at [data, data + len), as rill_msg_loan() gave it. What it says is loaded once and checked against len; the
 * contents are the owner's, who may lie (or write) in them.
 *   -EBADMSG  it is not an object */
RILL_API int rill_object_look(const void *data, size_t len, struct rill_object *ret_object);

/* The same, and it must be of this type, of this version.
 *   -EBADMSG          it is not an object
 *   -EPROTOTYPE       it is of another type
 *   -EPROTONOSUPPORT  it is of another version (who takes several calls rill_object_look() and chooses) */
RILL_API int rill_object_open(const void *data, size_t len, const struct rill_object_type *type,
                              struct rill_object *ret_object);

#ifdef __cplusplus
}
#endif
#endif
