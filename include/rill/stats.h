/* rill/stats.h - what a program can count of itself: messages, bytes, wake-ups, bells sent and spared, refusals, high water.
 *
 * Counted always, whether it is read or not: plain increments of the one thread, in lines that it writes anyway. Nothing is
 * ever reset: take two and subtract. docs/stats.md says what to make of them.
 */
#ifndef RILL_STATS_H
#define RILL_STATS_H

#include <rill/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One struct for all three: a channel has those of the first part; a session adds its own to the sum over its channels, closed
 * ones included; a ctx adds its own to the sum over its sessions, those that are gone included. What an object does not have
 * is 0. Of `..._high` a session and a ctx have the highest, not the sum. */
struct rill_stats {
	size_t size; /* sizeof(struct rill_stats): set it before the call */

	uint64_t sent, sent_bytes; /* messages committed, and their bodies' bytes (lent bodies included, attached loans not) */
	uint64_t taken, taken_bytes; /* the same for messages that rill_channel_recv() gave */
	uint64_t told;               /* entries that named the channel, since the peer had taken it for empty: one for a message
	                              * or a burst of them (a cancelled one with descriptors needs it, too) */
	uint64_t spared;             /* messages that needed none: sent - told */
	uint64_t again;     /* -EAGAINs of send, sendmsg, reserve, reservemsg; a session's also of rill_channel_open() */
	uint64_t ring_high; /* most bytes of our ring that the peer had not freed when we looked. We look when the
	                              * ring seems full: once a lap at least */

	/* of a session */
	uint64_t bells;        /* sent: the peer slept, and was woken by one system call */
	uint64_t bells_spared; /* entries that needed none: the peer was awake, or rung already */
	uint64_t wakeups;      /* bells that came and were due: so often the peer woke us */
	uint64_t packets;      /* read from the socket, bells included */
	uint64_t channels;     /* opened, ever, by either side */
	uint64_t lent_high;    /* most bytes of ours that the peer held at once */

	/* of a ctx */
	uint64_t sessions;   /* begun, ever: connected, adopted or accepted, whatever became of them */
	uint64_t dispatches; /* calls of rill_ctx_dispatch*() that ran */
	uint64_t polls;      /* calls of rill_ctx_poll() that ran */
};

/* Fill *stats, as far as its size says; fields that this library does not know are set to 0. May be called at any time, in
 * callbacks too; costs: a channel's nothing, a session's its channels, a ctx's all of them. 0;  -EINVAL  `size` not set */
RILL_API int rill_channel_stats(const struct rill_channel *ch, struct rill_stats *stats);
RILL_API int rill_session_stats(const struct rill_session *s, struct rill_stats *stats);
RILL_API int rill_ctx_stats(const struct rill_ctx *ctx, struct rill_stats *stats);

/* All of it as one line of JSON, for a log at exit (call it before the ctx is destroyed): the ctx's fields by their names, in
 * "live" a session each, with its peer, status and fields, and in its "live" a channel each. Like snprintf(): at most `size`
 * bytes are written to buf, the last of them NUL, and the length of the whole is returned, so a return of `size` or more says
 * that it did not fit; size 0: nothing is written, buf may be NULL. Allocates nothing. Bytes of names that are not
 * printable ASCII are written as "?".
 *   -EOVERFLOW  longer than INT_MAX */
RILL_API int rill_ctx_stats_json(const struct rill_ctx *ctx, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
