/* tests/support/talk.h - an rpc at each end of a pair; what is told is written down. */
#ifndef TESTS_SUPPORT_TALK_H
#define TESTS_SUPPORT_TALK_H

#include "tests/loops/notes.h"
#include "tests/support/pair.h"

#include <rill/rpc.h>

/* What b's handler does with a request of this type; others have no handler. */
enum talk_type { TALK_ECHO = 1, TALK_KEEP, TALK_FAIL, TALK_FORGET, TALK_PARTS, TALK_CLOSE, TALK_NOTE = 100 };

#define TALK_MS UINT64_C(1000000)

struct talker {
	struct talk *talk;
	struct end *end;
	struct rill_rpc *rpc;
	struct rill_request kept[64]; /* in the order they came; TALK_KEEP */
	unsigned kept_count;
	unsigned answers; /* ends told, of calls */
	void (*hook)(struct talker *t, const char *event);

	/* "answer TEXT", "part TEXT", "failed EIO", "refused ENOBUFS", "expired ETIMEDOUT", "lost EPIPE"; "request TEXT",
	 * "note TYPE TEXT", "gone N ECANCELED" (N counts kept ones from 1), "writable", "closed WHY", joined by ", " */
	char told[8192];
};

struct talk {
	struct pair pair;
	struct notes_clock clock; /* of a */
	struct talker a, b;
};

struct talk_options {
	struct pair_options pair;
	struct rill_rpc_options a, b;
};

void talk_open(struct talk *t, const struct talk_options *options); /* NULL: defaults; a's clock is fake */
void talk_stop(struct talk *t);
void talk_nothing_left(struct talk *t);      /* every call and request has had its end */
void talk_stop_clean(struct talk *t);        /* both */
void talk_pass(struct talk *t, uint64_t ns); /* a's time passes */
struct rill_rpc_usage talk_usage(const struct rill_rpc *rpc);

/* a asks b. The text is the body. Its code; or, the second, it is 0. */
int talk_ask(struct talker *t, uint16_t type, const char *text, uint64_t timeout_ns, struct rill_call *ret_call);
void talk_asks(struct talker *t, uint16_t type, const char *text, uint64_t timeout_ns, struct rill_call *ret_call);
int talk_answer(struct rill_request rq, const char *text);
int talk_note(struct talker *t, uint16_t type, const char *text);
void talk_expect(struct talker *t, const char *told); /* since the last call of it */

#endif
