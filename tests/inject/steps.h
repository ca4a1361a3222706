/* tests/inject/steps.h - what scenes are made of: calls that may fail and are made again, and what each side notes. */
#ifndef TESTS_INJECT_STEPS_H
#define TESTS_INJECT_STEPS_H

#include "tests/inject/scenes.h"

#include <errno.h>

/* A call that fails has changed nothing: made again without the fault it succeeds, or waits, or says what has ended. */
#define TRY(sd, call)                                                        \
	__extension__({                                                      \
		unsigned before_ = inject.happened;                          \
		int r_ = (call);                                             \
		if (r_ < 0 && r_ != -EAGAIN && inject.happened != before_) { \
			side_note(sd, #call, r_);                            \
			r_ = (call);                                         \
		}                                                            \
		if (r_ < 0 && r_ != -EAGAIN && !side_over(sd, r_))           \
			side_wrong(sd, #call, r_);                           \
		r_;                                                          \
	})

#define TRY_ALLOC(sd, call)                              \
	__extension__({                                  \
		unsigned before_ = inject.happened;      \
		void *p_ = (call);                       \
		if (!p_ && inject.happened != before_) { \
			side_note(sd, #call, -ENOMEM);   \
			p_ = (call);                     \
		}                                        \
		if (!p_)                                 \
			side_wrong(sd, #call, -ENOMEM);  \
		p_;                                      \
	})

void side_wrong(struct side *sd, const char *what, int r);  /* what must never be */
void side_note(struct side *sd, const char *call, int r);   /* the first failure */
void side_told(struct side *sd, const char *what, int why); /* an end, by a callback: a fault's, or of a peer that is gone */
bool side_over(const struct side *sd, int r);
bool side_next(struct side *sd);
bool side_open(struct side *sd, const char *name); /* a channel, when the session is open; and on to the next step */
bool side_finish(struct side *sd);
bool side_finish_after_peer(struct side *sd);
bool side_send_plain(struct side *sd, size_t len);
bool side_take_plain(struct side *sd);

/* share.c: an object and a cell by name */
int share_offer(struct side *sd, struct rill_channel *ch);
bool share_client(struct side *sd);
bool share_server(struct side *sd);

/* talks.c: calls, bytes or letters */
int rpc_offer(struct side *sd, struct rill_channel *ch);
bool rpc_client(struct side *sd);
bool rpc_server(struct side *sd);
bool letters_client(struct side *sd);

/* places.c: arenas at one address, arenas that both write */
bool place_client(struct side *sd);
bool place_server(struct side *sd);
bool writer_client(struct side *sd);
bool writer_server(struct side *sd);

#endif
