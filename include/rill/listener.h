/* rill/listener.h - where sessions come from: a Unix socket (SOCK_SEQPACKET) that accepts peers. */
#ifndef RILL_LISTENER_H
#define RILL_LISTENER_H

#include <rill/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rill_listener_events {
	size_t size; /* sizeof(struct rill_listener_events) */

	/* A peer was admitted and its session is open; opened() of the session does not follow. The session is yours from
	 * here on: set its events now (nothing is told before this returns), or close it. Required. */
	void (*accepted)(struct rill_listener *l, struct rill_session *s, void *user);

	/* The listener failed for good (`why`: what accept gave); sessions that it accepted go on. Yours to close. */
	void (*closed)(struct rill_listener *l, int why, void *user);
};

struct rill_listener_options {
	size_t size;                                /* sizeof(struct rill_listener_options) */
	const struct rill_session_options *session; /* for each session accepted; copied, its lists too */
	unsigned sessions;   /* accepted and not yet ended at once; more are refused, and told so. Default 1024 */
	unsigned handshakes; /* connected and not yet admitted at once; at the limit the oldest handshake of the uid that
	                      * has most of them is cut. Default 64 */
	mode_t mode;         /* of the path; bits outside 0777 are left out; default 0600. The umask does not matter */
};

/* Listen on `path` (copied; at most 107 bytes; of the file system, not an abstract name). A stale socket left there by a
 * dead process is replaced; a live one is not. The path is removed by rill_listener_close(), also after a chdir(). Who
 * fails before he is admitted is never told to you: log in admit().
 *   -EADDRINUSE    somebody listens there, or somebody holds a flock() on the directory and does not let go
 *   -EEXIST        the path is there and is not a socket (a file, a directory): it is left alone
 *   -ENAMETOOLONG  the path is longer than 107 bytes;   -EINVAL  empty, or events without accepted()
 *   -ENOENT -ENOTDIR -ELOOP -EACCES -EROFS   of the directory, which must be readable (it is locked) and writable
 *   -E2BIG  a table is larger than known and the rest is not zero
 *   -EMFILE -ENFILE -ENOMEM, and what the loop's `add` gave */
RILL_API int rill_listener_create(struct rill_listener **ret_listener, struct rill_ctx *ctx, const char *path,
                                  const struct rill_listener_options *options, const struct rill_listener_events *events,
                                  void *user);

/* The same with a socket that listens already (systemd hands one over). fd is the listener's on success and is closed by
 * rill_listener_close(); its path is left alone. `mode` is not used.
 *   -ENOTSOCK  not a socket;   -EPROTOTYPE  not a Unix SOCK_SEQPACKET;   -EINVAL  it does not listen
 *   -EEXIST   it is a listener's (or session's) of this ctx already
 *   -EBADF -E2BIG -ENOMEM, and what the loop's `add` gave */
RILL_API int rill_listener_adopt(struct rill_listener **ret_listener, struct rill_ctx *ctx, int fd,
                                 const struct rill_listener_options *options, const struct rill_listener_events *events,
                                 void *user);

/* Stop listening; handshakes under way are cut, sessions that were accepted go on. NULL: nothing. */
RILL_API void rill_listener_close(struct rill_listener *l);

#ifdef __cplusplus
}
#endif
#endif
