/* rill/msg.h - one received message: bytes where they lie, descriptors, loans.
 *
 * The memory is the peer's. It stays mapped, and reading it never faults, until the message is released, whatever becomes
 * of channel, session, ctx or peer; but the peer may change it meanwhile: load once what you check, or rill_msg_copy().
 */
#ifndef RILL_MSG_H
#define RILL_MSG_H

#include <rill/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 64 bytes for ever; may be copied, but use and release one copy only. */
struct rill_msg {
	const void
		*data; /* the body, in place; 8-aligned from a peer that keeps to the protocol; never NULL, also for 0 bytes */
	size_t len;    /* of the body */
	uint64_t tag;  /* struct rill_out's; 0 if none */
	unsigned fd_count;   /* for rill_msg_take_fd() */
	unsigned loan_count; /* for rill_msg_loan() */
	uint64_t opaque[4];  /* ours */
};

/* Take descriptor `index` (FD_CLOEXEC): it is yours from now on. What nobody takes is closed at release.
 *   -EINVAL  no such index, released;   -EBADF  taken before
 *   -EMFILE  the kernel dropped it because this process had no room for it */
RILL_API int rill_msg_take_fd(struct rill_msg *msg, unsigned index);

/* Where loan `index` lies. Valid until release.  -EINVAL  no such index, released. */
RILL_API int rill_msg_loan(const struct rill_msg *msg, unsigned index, const void **ret_data, size_t *ret_len);

/* How the arena of a loan is mapped in this process. */
struct rill_mapping {
	size_t size;          /* set by the caller */
	const void *base;     /* of its first byte; it stays as long as a message with a loan of it is held */
	size_t capacity;      /* bytes from there on that can be read */
	uintptr_t owner_base; /* where its owner has it; 0: not told (no SAME_ADDRESS, or we did not ask for it) */
	int same_address; /* 1: that is base: pointers in it work. 0: they do not (p - owner_base is an offset, unchecked) */
	int writable;     /* 1: we may write there, as all may who have it: cast the const away. docs/shared-writing.md */
};

/* The arena of loan `index`. ret_mapping->size must be set; a smaller one (an older program) gets fewer fields.
 *   -EINVAL  no such index, released, size not set */
RILL_API int rill_msg_mapping(const struct rill_msg *msg, unsigned index, struct rill_mapping *ret_mapping);

/* A stable copy of the body into `to`. Returns its length.  -EMSGSIZE  `size` is smaller than that, or it is above INT_MAX;
 * -EINVAL  released. */
RILL_API int rill_msg_copy(const struct rill_msg *msg, void *to, size_t size);

/* Give it back: the body's memory and the loans go home, descriptors that nobody took are closed. May be called at any time,
 * after session and ctx are gone too. Released twice (the same copy), zeroed or NULL: nothing. */
RILL_API void rill_msg_release(struct rill_msg *msg);

#ifdef __cplusplus
}
#endif
#endif
