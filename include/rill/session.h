/* rill/session.h - two processes: one socket, one region of shared memory each way, any number of channels.
 *
 * The unit of trust and of sight: everything in a session can be seen by its peer, nothing of another session can. A
 * session holds one descriptor in each process once it is open, and between two of one uid two more to wake each other by
 * (see socket_bell). docs/session.md has the states.
 */
#ifndef RILL_SESSION_H
#define RILL_SESSION_H

#include <rill/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rill_cred {
	pid_t pid; /* 0 where it is in another pid namespace */
	uid_t uid;
	gid_t gid;
};

/* Who the peer is, as the kernel says. */
struct rill_peer {
	struct rill_cred socket; /* SO_PEERCRED: who called listen() or connect(), or made the socketpair */
	struct rill_cred sender; /* SCM_CREDENTIALS of the hello: who speaks */
};

/* `why` of a closed():
 *   0              ended by the peer, in order (afterwards calls on the object give -EPIPE)
 *   -ECONNABORTED  ended by the peer, abruptly
 *   -ECONNRESET    the peer died, or left without a word
 *   -EPROTO        the peer broke the protocol, or speaks another version of it
 *   -EACCES        the peer refused us
 *   -EPERM         we refused the peer (policy)
 *   -ETIMEDOUT     no handshake within handshake_ms
 *   -ESTALE        the peer did not dispatch within our heartbeat_ms, or says so of us
 *   -EMFILE -ENFILE -ENOMEM -EFBIG ...  we, or the peer, ran out: rill_session_why() says of what
 *   what connect() gave (-ECONNREFUSED, -ENOENT ...) for rill_session_connect() that had to wait before it failed */
struct rill_session_events {
	size_t size; /* sizeof(struct rill_session_events) */

	/* The handshake is done: channels may be opened (not told after rill_listener's accepted()). */
	void (*opened)(struct rill_session *s, void *user);

	/* The peer opened a channel; it is yours. Set its events now. Return 0 to take it, or a negative errno (to -4095;
	 * anything else counts as -EINVAL), which its opener's closed() is told (the channel is closed for you then). NULL:
	 * every channel is refused with -EOPNOTSUPP. */
	int (*channel)(struct rill_session *s, struct rill_channel *ch, void *user);

	/* Once, after rill_channel_open() said -EAGAIN: try again (or the session has ended and it will say so). */
	void (*writable)(struct rill_session *s, void *user);

	/* The session ended and you did not cause it. Its channels were told before, each after its last message was taken;
	 * paused ones (or without readable()) may follow later. Close it: until then nothing is watched, or, after an end with
	 * 0 or -ESTALE, its socket, until the peer is gone. */
	void (*closed)(struct rill_session *s, int why, void *user);

	/* The peer has mapped an arena of ours that was made with RILL_ARENA_SAME_ADDRESS: at its address (1), or elsewhere
	 * (0: what it reads there must not be pointers). Only from peers whose user asked for it (`same_address`). */
	void (*mapped)(struct rill_session *s, struct rill_arena *arena, int same_address, void *user);

	/* With heartbeat_ms and keep_stalled: the peer has not dispatched for so long; then it does again. They take turns,
	 * stalled first. The session is open all the time: what is sent meanwhile is bounded as ever (-EAGAIN), and arrives. */
	void (*stalled)(struct rill_session *s, void *user);
	void (*running)(struct rill_session *s, void *user);
};

/* Limits are per session. What we announce binds the peer; what the peer announces binds us. */
struct rill_session_options {
	size_t size; /* sizeof(struct rill_session_options) */

	/* Policy: a peer is admitted if both its credentials pass: the uid is in `uids` or the gid in `gids`, or, with both
	 * lists empty, the uid is our own effective one or root (the lists replace that: name yourself if you want); and
	 * then admit(), if set, gives 0: anything else refuses, and if it is a negative errno the peer is told its text.
	 * The lists (at most 65,536 each) are copied. admit runs in a dispatch, before any memory is made for an accepted
	 * peer; admit_user must live as long as the session or its listener. */
	const uid_t *uids;
	size_t uid_count;
	const gid_t *gids;
	size_t gid_count;
	int (*admit)(const struct rill_peer *peer, void *user);
	void *admit_user;

	unsigned handshake_ms; /* to be open within this time; default 5000 */
	unsigned close_ms;     /* how long a close in order may wait for the peer (unsent packets, lent blocks); default 2000 */

	size_t ring_bytes;   /* one channel's ring in our sending direction, a power of two from 1 KiB to 1 GiB; default
	                      * 16 KiB. Up to a quarter of it travels in the ring, more through the session's arena */
	size_t arena_bytes;  /* capacity of the session's own arena for large messages, made with the first: nothing larger
	                      * can be sent. Default 1 GiB (of addresses; memory is taken as needed), at most 1 TiB */
	size_t lent_bytes;   /* how much the peer may hold of ours at once; default: as much as arena_bytes, at least 1 GiB */
	size_t mapped_bytes; /* how much of the peer's arenas we map at once; default 64 GiB (of addresses). Its region (8.5 MB
	                      * with the defaults) must be smaller too, else the session ends with -EPROTO */
	unsigned channels;   /* that each side may have opened at once; the smaller of both sides' counts. Default 256, at
	                      * most 1,000,000 */
	unsigned loans;      /* how many loans of the peer we hold at once, large messages included; default 1024, at most
	                      * 1,000,000 */
	unsigned arenas;     /* how many of the peer's arenas we map at once, its session's own for large messages included;
	                      * default 16, at most 4096 */
	unsigned fds;        /* how many descriptors we accept in flight; default 0: none; at most 253 */

	unsigned same_address;  /* 1: map the peer's arenas that have an address of their own there, so that pointers in them
	                         * work; where that is taken, elsewhere: rill_msg_mapping() says. For peers that you trust
	                         * as you trust your own code: docs/same-address.md */
	uintptr_t window_begin; /* addresses that the peer may name; all else is mapped elsewhere. Default: what arenas use */
	uintptr_t window_end;   /* by default, 0x200000000000 to 0x500000000000 and 0x7e8000000000 to 0x7ef000000000 */

	unsigned peers_may_write; /* 1, on both sides: arenas made with RILL_ARENA_PEERS_MAY_WRITE may be lent here, and are
	                           * mapped for writing by who borrows (a descriptor each). Else lending one is -EACCES.
	                           * For a peer that you trust with the memory fully: docs/shared-writing.md */

	unsigned socket_bell; /* not 0: wake and be woken by packets on the socket, and by nothing else. Default 0: between
	                       * peers of one uid (both credentials are our effective uid, and the peer finds the same) by an
	                       * eventfd each, which wakes faster and costs two descriptors more; never across uids */

	/* A peer that shows no sign of life and does not dispatch within heartbeat_ms after it was asked is ended with -ESTALE:
	 * between one and two heartbeat_ms after it stopped. An idle peer is asked, and woken, once each heartbeat_ms; one that
	 * talks is not. Peers of a version that does not answer are never ended so. Default 0: off. With keep_stalled 1 the
	 * session stays open: stalled() is told, and running() when the peer goes on. More than 1, or 1 without heartbeat_ms,
	 * is -EINVAL. docs/failure-stalled-peer.md */
	unsigned heartbeat_ms;
	unsigned keep_stalled;
};

/* Connect to a listener at `path` (copied). Returns at once; opened() or closed() follows. A listener whose backlog is
 * full is tried again until handshake_ms.
 *   -ECONNREFUSED -ENOENT -EACCES -ENOTDIR -ELOOP -EPROTOTYPE  of connect()
 *   -ENAMETOOLONG  longer than 107 bytes;  -EINVAL  an empty path, an option out of its range
 *   -EPERM   the listener's uid is not admitted by our policy
 *   -EFBIG   the region would be larger than RLIMIT_FSIZE (SIGXFSZ would kill us);   -E2BIG  of a table
 *   -EMFILE -ENFILE -ENOMEM, and what the loop's `add` gave */
RILL_API int rill_session_connect(struct rill_session **ret_session, struct rill_ctx *ctx, const char *path,
                                  const struct rill_session_options *options, const struct rill_session_events *events,
                                  void *user);

/* Make a session on a connected Unix SOCK_SEQPACKET: an end of a socketpair (before or after fork), one that was inherited
 * or received over another session. Both ends call it. fd is the session's on success. As above, and
 *   -ENOTSOCK  not a socket;   -EPROTOTYPE  not a Unix SOCK_SEQPACKET;   -ENOTCONN  not connected;   -EBADF
 *   -EPIPE     the other end is closed already
 *   -EEXIST    fd is a session's (or listener's) of this ctx already; in two ctxs it is not noticed */
RILL_API int rill_session_adopt(struct rill_session **ret_session, struct rill_ctx *ctx, int fd,
                                const struct rill_session_options *options, const struct rill_session_events *events,
                                void *user);

/* Replace callbacks and user pointer, at any time. 0;  -EINVAL (`size` not set), -E2BIG: the old ones stay. */
RILL_API int rill_session_set_events(struct rill_session *s, const struct rill_session_events *events, void *user);
RILL_API void *rill_session_user(const struct rill_session *s); /* NULL for a session that is closed */

/* 1 open, 0 opening, else the reason of its end (-EPIPE after an end in order), told at once, unread messages or not. */
RILL_API int rill_session_status(const struct rill_session *s);

/* A line of text on how the session is or why it ended, for a human. Never NULL; valid until the session is closed. */
RILL_API const char *rill_session_why(const struct rill_session *s);

/* Who the peer is. Before the handshake is done the fields not yet known are 0 (pid) and -1 (uid, gid). Valid until the
 * session is closed. */
RILL_API const struct rill_peer *rill_session_peer(const struct rill_session *s);

/* Tell the peer of an arena now; else that is done with the first loan of it. For arenas that others point into: pointers
 * from one into another work where both are mapped. Once told, a peer has it mapped until the arena is destroyed.
 *   0  it is told, now or before
 *   -EAGAIN   not open yet, or its socket is full: the session's writable() follows
 *   -ENOBUFS  more arenas or bytes than the peer maps;   -EINVAL  the arena is destroyed, or of another ctx
 *   -EACCES   peers may write it, and not both sides of this session said so
 *   -EMFILE -ENFILE -ENOMEM, or the reason of the session's end */
RILL_API int rill_session_announce(struct rill_session *s, struct rill_arena *arena);

/* Do pointers into this arena of ours work in the peer?  1 yes;  0 no: not made with RILL_ARENA_SAME_ADDRESS, or the peer's
 * user did not ask for it, or the range is taken there;  -EAGAIN  not known: not told of it yet, or it has not answered:
 * mapped() follows the answer;  -EINVAL  of another ctx, or destroyed;  or the reason of the session's end. */
RILL_API int rill_session_same_address(const struct rill_session *s, const struct rill_arena *arena);

/* End in order: what is committed still arrives, then the peer's closed() is told 0. Uncommitted reservations are gone. The
 * object is dead for you at once; what is left to do for the peer (at most close_ms) is done by dispatch. Blocks lent to
 * the peer are reused when they come back, when it dies, or never before close_ms is over (after an end with another reason
 * than 0 or -ESTALE: at once). No callback follows; rill_ctx_done() says when all closed sessions are done. NULL:
 * nothing. */
RILL_API void rill_session_close(struct rill_session *s);

/* End at once: the peer's closed() is told -ECONNABORTED, with `why` (a negative errno, else -ECONNABORTED) as text in its
 * rill_session_why(), if its socket takes a packet now. Blocks lent to it stay untouched as long as it maps them.
 * NULL: nothing. */
RILL_API void rill_session_abort(struct rill_session *s, int why);

#ifdef __cplusplus
}
#endif
#endif
