/* rill/channel.h - an ordered stream of messages, both ways, over a session. There is no order between channels.
 *
 * A channel costs no descriptor and no mapping. docs/channel.md has the states; rill/msg.h what is received.
 *
 *	static void on_readable(struct rill_channel *ch, void *user)
 *	{
 *		struct rill_room room;
 *		struct rill_msg msg;
 *		size_t len;
 *
 *		(void)user;
 *		while (rill_channel_peek(ch, &len) == 0) {
 *			int r = rill_channel_reserve(ch, len, &room);
 *
 *			if (r == -EAGAIN) {
 *				rill_channel_pause(ch); // on_writable() resumes: nothing is dropped
 *				return;
 *			}
 *			if (r < 0 || rill_channel_recv(ch, &msg) < 0) {
 *				rill_channel_abort(ch, -EIO); // too large an answer, say: else it is offered for ever
 *				return;
 *			}
 *			upcase(room.data, msg.data, msg.len);
 *			rill_msg_release(&msg);
 *			if (rill_channel_commit(ch, len) < 0)
 *				return;
 *		}
 *	}
 */
#ifndef RILL_CHANNEL_H
#define RILL_CHANNEL_H

#include <rill/msg.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RILL_LOANS_MAX 16 /* loans in one message */
#define RILL_FDS_MAX 253  /* descriptors in one message (the kernel's SCM_MAX_FD) */
#define RILL_NAME_MAX 255 /* bytes of a channel's name */
#define RILL_METADATA_MAX 4096

struct rill_channel_events {
	size_t size; /* sizeof(struct rill_channel_events) */

	/* The peer took it. You may send before; a refusal is told by closed(). Not told to the side that was offered it. */
	void (*opened)(struct rill_channel *ch, void *user);

	/* Once a turn while there is an untaken message and no pause: a handler that neither takes nor pauses is called
	 * again at once, as with a level-triggered socket. With NULL the channel is as good as paused: take messages with
	 * rill_channel_recv() when you like. */
	void (*readable)(struct rill_channel *ch, void *user);

	/* Once, when what -EAGAIN refused would fit now, or the channel has ended. */
	void (*writable)(struct rill_channel *ch, void *user);

	/* It ended and you did not cause it; told after the last message was taken (without readable(): once
	 * rill_channel_recv() has found no more, if anything lay there). `why` as for a session, and the errno that the
	 * peer's channel() gave for one that it refused. */
	void (*closed)(struct rill_channel *ch, int why, void *user);
};

struct rill_channel_options {
	size_t size;          /* sizeof(struct rill_channel_options) */
	const void *metadata; /* sent with the offer; copied, at most RILL_METADATA_MAX bytes */
	size_t metadata_len;
	unsigned fds; /* how many descriptors one message to us may carry; default the session's `fds`; more counts as that */
};

/* Open a channel; usable at once. `name` (a C string; NULL: "") is for the peer to tell channels apart; it need not be
 * unique.
 *   -EAGAIN        the session is still opening, the socket is full, or all channels are in use and at least one is being
 *                  closed: writable() of the session follows, when the peer has closed it too
 *   -ENOBUFS       the limit on channels is reached: close one first
 *   -ENAMETOOLONG  name or metadata too long;   -E2BIG;   -ENOMEM  (pages for the ring included)
 *   or the reason of the session's end (-EPIPE after one in order) */
RILL_API int rill_channel_open(struct rill_channel **ret_channel, struct rill_session *s, const char *name,
                               const struct rill_channel_options *options, const struct rill_channel_events *events,
                               void *user);

/* Replace callbacks and user pointer, at any time. 0;  -EINVAL (`size` not set), -E2BIG, -EBUSY (it is an rpc's): the old ones
 * stay. */
RILL_API int rill_channel_set_events(struct rill_channel *ch, const struct rill_channel_events *events, void *user);
RILL_API void *rill_channel_user(const struct rill_channel *ch);                            /* NULL once closed */
RILL_API struct rill_session *rill_channel_session(const struct rill_channel *ch);          /* NULL once closed */
RILL_API const char *rill_channel_name(const struct rill_channel *ch);                      /* never NULL; valid until close */
RILL_API const void *rill_channel_metadata(const struct rill_channel *ch, size_t *ret_len); /* the opener's; until close */

/* No readable() and no closed() until resume; the session's closed() does not wait for a paused channel. */
RILL_API void rill_channel_pause(struct rill_channel *ch);
RILL_API void rill_channel_resume(struct rill_channel *ch); /* readable() follows from the next dispatch if there is some */

/* End in order: the peer takes what was committed, then is told closed(0). Inside channel() that offered it: the peer is
 * told -EACCES, as of a refusal. Messages not yet taken are dropped, an uncommitted reservation is gone. NULL: nothing. */
RILL_API void rill_channel_close(struct rill_channel *ch);

/* As close, but the peer is told -ECONNABORTED (and `why`, a negative errno, else -ECONNABORTED, in its rill_session_why()).
 * Inside channel() that offered it the peer is told `why` itself, as of a refusal. */
RILL_API void rill_channel_abort(struct rill_channel *ch, int why);

/* ---- Sending --------------------------------------------------------------------------------------------------------
 *
 * One send path: reserve, write, commit. A channel holds one reservation at a time, and it lives across dispatches until
 * commit, cancel or close. Codes of all sending calls:
 *   -EAGAIN    no room now: writable() follows. Ring, socket, arena, loans and descriptors in flight all end in this
 *   -EMSGSIZE  never: larger than min(our arena_bytes, the peer's mapped_bytes), too many loans or descriptors for one
 *              message, or descriptors that the peer does not accept (by default none: `fds` of its session options)
 *   -EBUSY     a reservation is open
 *   -EACCES    a loan from an arena that peers may write, and not both sides of the session said `peers_may_write`
 *   -ENOBUFS   the peer maps no further arena (its `arenas` or `mapped_bytes`), or this message alone is more than may be
 *              lent to it (our `lent_bytes`, its `loans`; a body that is too large for the ring is lent, too)
 *   -ENOMEM    of our own memory
 *   -EFBIG     the session's arena would be larger than RLIMIT_FSIZE
 *   -EMFILE -ENFILE  no descriptor to make the session's arena with
 *   or the reason of the channel's end (-EPIPE after one in order)
 */

struct rill_room {
	void *data; /* 8-aligned; not cleared: what you do not write, the peer may see of earlier messages to it */
	size_t len;
};

/* Room for a message of up to len bytes. */
RILL_API RILL_CHECK int rill_channel_reserve(struct rill_channel *ch, size_t len, struct rill_room *ret_room);

/* Send the first len bytes of the room.
 *   -EINVAL  more than was reserved (the reservation stays), or none is open
 *   or the reason if the channel has ended: the reservation is gone then too. Nothing else. */
RILL_API RILL_CHECK int rill_channel_commit(struct rill_channel *ch, size_t len);

RILL_API void rill_channel_cancel(struct rill_channel *ch); /* give the room back; without a reservation nothing */

/* reserve, copy, commit. `data` may be NULL if len is 0. */
RILL_API RILL_CHECK int rill_channel_send(struct rill_channel *ch, const void *data, size_t len);

/* Any part of one block of an arena of the same ctx; the peer reads it in place, until it releases the message. You may free
 * the block right after sending: it is kept (and may be lent again) until the last loan is back. */
struct rill_loan {
	struct rill_arena *arena;
	const void *data;
	size_t len;
};

#define RILL_MORE \
	1u /* flags: more follow at once, the doorbell may wait for the next message without it (or the next
                      * dispatch) */

struct rill_out {
	size_t size;  /* sizeof(struct rill_out) */
	uint64_t tag; /* yours; travels in the frame */
	unsigned flags;
	const struct iovec *parts; /* copied, one after the other: the body */
	unsigned part_count;
	const int *fds; /* duplicated by the kernel; yours stay yours */
	unsigned fd_count;
	const struct rill_loan *loans;
	unsigned loan_count;
};

/* Send a body with a tag, descriptors and loans, all in one message. Also
 *   -EBADF   one of fds is not open
 *   -EINVAL  an unknown flag, or a loan that is not within one live block of its arena (as the allocator rounded its length),
 *            or whose arena lives in another ctx or is destroyed
 * Of loans and descriptors both are told when there is room for the message: -EAGAIN comes before them. */
RILL_API RILL_CHECK int rill_channel_sendmsg(struct rill_channel *ch, const struct rill_out *out);

/* Build in place with a tag, descriptors and loans, which are fixed (and the descriptors sent) here; then commit or cancel.
 * `parts` must be empty (-EINVAL). */
RILL_API RILL_CHECK int rill_channel_reservemsg(struct rill_channel *ch, size_t len, const struct rill_out *out,
                                                struct rill_room *ret_room);

/* ---- Receiving ------------------------------------------------------------------------------------------------- */

/* Take the next message, in callbacks or not. It is yours until rill_msg_release(). A small one keeps its place in the ring,
 * and with it all that come behind it: release soon, or copy.
 *   -EAGAIN  none now, or (inside a dispatch) the channel's budget for this turn is spent
 *   -ENOMEM  for the table of held messages: nothing was taken
 *   or the reason of the channel's end, once all was taken (-EPIPE after one in order) */
RILL_API RILL_CHECK int rill_channel_recv(struct rill_channel *ch, struct rill_msg *ret_msg);

/* The body length of what recv would give; takes nothing. The next recv gives exactly this message. Codes of recv. */
RILL_API int rill_channel_peek(const struct rill_channel *ch, size_t *ret_len);

#ifdef __cplusplus
}
#endif
#endif
