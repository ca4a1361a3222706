/* core/session/session.h - what the files of this layer share. Each part is owned by the file named at it.
 *
 * The rule that keeps callbacks safe: packets and entries change state, turn() tells. No packet is handled by calling the
 * user; what is to be told is derived from state or noted (`todo`), and told in session_turn() alone.
 */
#ifndef CORE_SESSION_SESSION_H
#define CORE_SESSION_SESSION_H

#include "shm/arena.h"
#include "shm/frame.h"
#include "shm/region.h"
#include "shm/writer.h"
#include "wait/wait.h"

#include <errno.h>
#include <rill/channel.h>
#include <rill/listener.h>
#include <rill/session.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* Options of a session or of all that a listener accepts: defaults filled in, lists copied. settings.c */
struct settings {
	unsigned refs;
	struct rill_session_options o;
	uint32_t ids[]; /* uids, then gids */
};
int settings_create(struct settings **ret, const struct rill_session_options *options);
void settings_unref(struct settings *set);

/* policy.c: does this credential pass the lists? and both, and admit()? 0, -EPERM or what admit() gave. */
bool policy_passes(const struct settings *set, const struct rill_cred *cred);
int policy_admit(const struct settings *set, const struct rill_peer *peer);

/* ---- Session --------------------------------------------------------------------------------------------------------
 *
 *	CONNECTING -> GREETING -> OPEN -> ENDED -> (closed by the user) CLOSING -> CLOSED
 *	any of the first four -> CLOSING, by the user's close or abort
 */
enum session_state {
	SESSION_CONNECTING, /* the backlog is full: again at retry_at */
	SESSION_GREETING,   /* waits for the peer's hello */
	SESSION_OPEN,
	SESSION_ENDED,   /* `why` stands: what is left is delivered and told, then it waits to be closed */
	SESSION_CLOSING, /* dead for the user: packets to send, blocks to come back, at most until `until` */
	SESSION_CLOSED,  /* doomed; the memory stays as long as messages are held */
};

/* what to tell of the session itself */
enum session_todo {
	TELL_HELLO = 1, /* a hello waits to be judged (policy calls the user) */
	TELL_OPENED = 2,
	TELL_WRITABLE = 4, /* rill_channel_open() said -EAGAIN */
	TELL_DRAIN = 8,    /* more packets (closing: or frames) may wait than one turn takes */
	TELL_MAPPED = 256, /* the peer has said where it has an arena of ours */
	TELL_LIFE = 512,   /* the peer is stalled, or runs again */
};

/* fds.c: a received descriptor; fd: >= 0, or -errno why it is not there */
struct fd_slot {
	int fd;
	uint32_t next;
};

/* fds.c: a packet of descriptors that no message has claimed yet */
struct fd_set_in {
	uint32_t seq, count, first;
};

/* lend.c: a loan of ours that the peer holds */
struct lent {
	struct announced *from; /* NULL: free */
	void *block;
	uint64_t len;
	uint32_t generation, next_free;
};

/* lend.c: where the peer has an arena of ours. ASKED -> ELSEWHERE or SAME, or ELSEWHERE from the start */
enum place { PLACE_ELSEWHERE, PLACE_ASKED, PLACE_SAME };

/* lend.c: an arena of ours that the peer was told of */
struct announced {
	struct arena_watcher watcher;
	struct rill_session *session;
	struct rill_arena *arena;
	uint32_t id;
	uint32_t out;    /* loans of it that the peer holds */
	bool forgetting; /* destroyed: FORGET is due when nothing is out */
	enum place place;
	bool untold; /* of `place`: mapped() is due */
};

/* borrow.c: an arena of the peer's, mapped; base NULL: no such id */
struct borrowed {
	const char *base;
	uint64_t capacity;
	uint64_t theirs; /* where its owner has it; 0: not told */
	uint64_t held;   /* loans of it in messages not yet released */
	uint32_t id;
	bool unanswered;           /* MAPPED met a full socket */
	struct rill_writer writer; /* base NULL: it is read-only */
};

struct held_loan {
	const void *data;
	uint64_t len, id;
	uint32_t arena;
};

/* borrow.c: the loans of one message that the user holds */
struct held_loans {
	struct held_loans *next; /* in session->spare_loans */
	unsigned count;
	bool body; /* the first is the message's body */
	struct held_loan loan[WIRE_FRAME_LOANS];
};

/* beat.c: does the peer dispatch? */
struct beat {
	uint64_t look_at;   /* RILL_NEVER: we do not want to know */
	peer_words word;    /* how many HEARTBEATs of ours the peer has read */
	uint64_t asked;     /* HEARTBEATs sent, */
	uint64_t read, ran; /* and what the last look found: read by the peer, other signs of life */
	uint64_t answered;  /* of the peer's */
	unsigned quiet;     /* looks in a row that found nothing new */
	bool pending;       /* a HEARTBEAT met a full socket */
	bool came;          /* one of the peer's is in the batch in hand */
	bool stalled, told; /* what it is, and what it was told to be */
};

struct rill_session {
	struct source source;
	struct rill_ctx *ctx; /* referenced */
	struct settings *set;
	enum session_state state;
	unsigned todo; /* enum session_todo */
	int fd;        /* the socket; -1: closed */
	int why;       /* state ENDED and later */
	bool told_closed;
	bool complained;         /* the peer says why it ends: what it committed before is delivered, whatever the reason */
	bool blind;              /* the peer broke the protocol: nothing of it is read any more */
	bool hung_up;            /* the peer's end of the socket is closed */
	bool reading;            /* packets are being handled: packet_drain() is not entered again */
	bool initiator;          /* says hello first */
	bool abandon;            /* aborted: what is lent is never reused by time alone */
	bool admitted;           /* counted among its listener's sessions */
	bool unknown;            /* accepted, and the user has not been told yet: an end is not told either */
	bool finished;           /* off the ctx; lives for held messages only */
	bool bell_pending;       /* a bell met a full socket */
	bool goodbye_pending;    /* GOODBYE met a full socket */
	bool open_wanted;        /* rill_channel_open() said -EAGAIN */
	bool forgets_pending;    /* a FORGET met a full socket */
	bool mapped_pending;     /* a MAPPED met a full socket */
	bool announce_wanted;    /* rill_session_announce() said -EAGAIN */
	bool socket_waits;       /* a send, an open or an announcement waits for room in the socket */
	uint64_t held;           /* messages that the user holds */
	uint64_t taken;          /* ever: messages taken, */
	uint64_t turns;          /* turns, */
	struct rill_stats stats; /* its own counters, and those of channels that ended */
	int left;                /* of this turn's budget: messages, VOIDs, packets */
	unsigned dropped;        /* messages that nobody takes, in the turn dropped_turn */
	uint64_t dropped_turn;
	unsigned hot_count;

	uint64_t until;    /* handshake, or close: the end of patience */
	uint64_t retry_at; /* connect, or a packet that met ENOBUFS or ETOOMANYREFS; RILL_NEVER */

	struct rill_peer peer;
	uint64_t random;
	struct wire_hello hello; /* the peer's */
	int hello_fd;            /* the peer's region, while its hello waits to be judged */

	struct region mine, theirs;
	struct bell bell;
	struct source wake; /* wake.c: our eventfd, a part of `source`; ctx NULL: there was none */
	int peer_wake;      /* the peer's, to ring by; -1: by the socket */
	bool wake_came;     /* the peer sent one */

	struct beat beat; /* beat.c */

	struct rill_channel **channels; /* by index; NULL until first used. channel.c */
	uint32_t channel_count;         /* both sides together */
	uint32_t parity;                /* of the indexes that we open */
	uint32_t fresh;                 /* the next index of ours that was never used */
	struct link idle;               /* indexes of ours to use again */
	struct link retired;            /* structs whose index got another one */
	struct link closing;            /* of ours, closed by both, not yet drained */
	struct link hot;                /* channels to look at each turn: not armed, or with messages */
	struct link telling;            /* channels with a todo */
	struct link unsent;             /* channels with packets that met a full socket */
	struct link waiting;            /* channels that wait for anything but their ring */
	struct link unchecked;          /* channels with commits whose reader may sleep */

	struct fd_slot *fd_slots; /* fds.c; settings' fds of them */
	uint32_t fd_free;         /* first free slot; UINT32_MAX none */
	struct fd_set_in *fd_sets;
	uint32_t fd_set_count;
	uint32_t fd_seq;                      /* of the next packet to send */
	uint32_t fd_seq_in;                   /* of the next packet to come */
	uint32_t fds_queued;                  /* sent since the peer was last seen to have read everything */
	uint64_t fds_sent, fds_in, fds_taken; /* ever: sent, received, of those released */
	struct arm fds_arm;
	struct rung fds_rung;

	struct lent *lent; /* lend.c */
	uint32_t lent_size, lent_free, lent_count;
	uint64_t lent_bytes, announced_bytes;
	struct announced **announced; /* by id modulo hello.arenas */
	uint32_t *announced_turn;     /* which of its slot's ids is the next one's */
	uint32_t announced_size;
	uint32_t forgets_unread;  /* FORGETs sent since the peer had read all */
	uint64_t answers_due;     /* MAPPEDs that the peer may send */
	struct rill_arena *arena; /* for large messages; NULL until the first */
	uint64_t returns_head;    /* next to take from the peer's returns[] */
	struct arm returns_arm;

	struct borrowed *borrowed; /* borrow.c; settings' arenas of them */
	uint64_t borrowed_bytes;
	uint32_t borrowed_loans; /* loans of the peer's in our hands */
	uint64_t returns_tail;   /* next to write in our returns[] */
	struct rung returns_rung;
	struct held_loans *spare_loans;

	struct rill_listener *listener; /* that accepted it, until it ends; listener.c */
	struct link listed;             /* in listener->handshakes or ->sessions */

	struct sockaddr_un address; /* to connect to */
	struct rill_session_events events;
	void *user;
	char text[WIRE_TEXT + 48];
};

/* session.c */
int session_create(struct rill_session **ret, struct rill_ctx *ctx, struct settings *set, int fd);
void session_undo(struct rill_session *s);        /* a constructor failed after session_create(); the fd stays the caller's */
int session_check(const struct rill_session *s);  /* 0, or what a call on it gives: -ECHILD, -ECANCELED, -EINVAL */
int session_reason(const struct rill_session *s); /* 0 while open or opening, else what calls give */
void session_end(struct rill_session *s, int why, const char *text, ...) __attribute__((format(printf, 3, 4)));
void session_begin(struct rill_session *s);  /* the handshake is done */
void session_settle(struct rill_session *s); /* CLOSING: is anything left to wait for? else it is over */
void session_unhold(struct rill_session *s); /* a held message is gone */
void session_note(struct rill_session *s, unsigned todo);
void session_hang_up(struct rill_session *s); /* unwatch and close the socket */
void session_drop_hello(struct rill_session *s);

/* handshake.c */
int handshake_begin(struct rill_session *s);  /* connected: check who listens; the initiator says hello */
void handshake_hello(struct rill_session *s); /* the peer's hello, TELL_HELLO: judge it */
int cred_of_socket(int fd, struct rill_cred *ret_cred);

/* connect.c */
void connect_again(struct rill_session *s); /* the backlog was full */
int seqpacket_check(int fd);                /* 0, -ENOTSOCK, -EBADF, -EPROTOTYPE */

/* packet.c */
struct packet {
	union {
		struct wire_packet p;
		struct wire_hello hello;
		struct wire_refuse refuse;
		struct wire_bell bell;
		struct wire_open open;
		struct wire_close close;
		struct wire_fds fds;
		struct wire_arena arena;
		struct wire_forget forget;
		struct wire_goodbye goodbye;
		struct wire_mapped mapped;
		char bytes[WIRE_PACKET_MAX];
	};
	unsigned len;
	unsigned fd_count;
	bool fds_lost; /* the kernel dropped some: no room in this process */
	bool has_cred;
	struct rill_cred cred;
	int fd[RILL_FDS_MAX];
};

/* clang-format off */
#define PACKET(KIND, type) {.kind = (KIND), .major = WIRE_MAJOR, .length = sizeof(type)}
/* clang-format on */

/* Send. 0, -EAGAIN (full, or the kernel is short of something: `writable` or retry_at follows), -EPIPE (peer gone: the next
 * read tells), -EBADF (of a descriptor). */
int packet_send(struct rill_session *s, const void *packet, size_t len, const int *fds, unsigned fd_count);
int packet_send_tail(struct rill_session *s, const void *packet, size_t len, const void *tail, size_t tail_len);
void packet_bell(struct rill_session *s, uint64_t sarm); /* ring; 0: nothing */
bool packet_all_read(const struct rill_session *s);      /* nothing that we sent waits in the socket */
void packet_soon(struct rill_session *s);                /* the kernel tells no event: flush in a moment */
void packet_flush(struct rill_session *s);               /* the socket has room again, or retry_at came */
void packet_goodbye(struct rill_session *s, int reason, const char *text);
bool packet_unsent(const struct rill_session *s); /* POLLOUT is wanted */

/* packet_read.c */
void packet_drain(struct rill_session *s);       /* read what is there, a batch of at most 2 */
void packet_make_plain(char *text);              /* of the peer's: it ends up in logs and on terminals */
void packet_close(struct rill_ctx *ctx, int fd); /* close a control socket; it never lingers */

/* wake.c: bells by eventfd */
void wake_offer(struct rill_session *s); /* open: hand the peer one, if both may */
void wake_on_packet(struct rill_session *s, struct packet *p);
bool wake_ring(const struct rill_session *s); /* false: ring by the socket */
void wake_close(struct rill_session *s);

/* beat.c: is it alive? */
void beat_begin(struct rill_session *s);              /* open: look from now on, if we want to and it answers */
void beat_look(struct rill_session *s, uint64_t now); /* look_at came */
void beat_flush(struct rill_session *s);
unsigned beat_tell(struct rill_session *s); /* TELL_LIFE: events told */
void beat_on_packet(struct rill_session *s);
void beat_answer(struct rill_session *s); /* what `came` */

/* stats.c */
void stats_end_channel(struct rill_channel *ch); /* it is another's index soon */
void stats_of_source(const struct source *src, struct rill_stats *sum);
void stats_json(const struct source *src, struct json *j);

/* turn.c: the doorbell and the telling */
unsigned session_turn(struct source *src);
bool session_rest(struct source *src);
void session_push(struct rill_session *s, enum wire_entry kind, uint64_t id);

/* What rill_msg.opaque holds. recv.c fills it in, message.c reads it. */
enum { OPAQUE_CHANNEL, OPAQUE_HELD, OPAQUE_FDS, OPAQUE_LOANS };
#define NO_FDS UINT32_MAX

static inline struct rill_channel *channel_of(const struct rill_msg *msg)
{
	return msg ? (struct rill_channel *)(uintptr_t)msg->opaque[OPAQUE_CHANNEL] : NULL;
}

static inline struct held_loans *loans_of(const struct rill_msg *msg)
{
	return (struct held_loans *)(uintptr_t)msg->opaque[OPAQUE_LOANS];
}

/* ---- Channel --------------------------------------------------------------------------------------------------------
 *
 *	FREE -> OPENING -> OPEN -> FREE      we opened it
 *	FREE -> OFFERED -> OPEN -> FREE      the peer did
 *	`gone` (the peer closed, or the session ended) and `closed` (the user closed) come in any order; with both, and both
 *	rings drained, the index is FREE again. The struct stays for the index's next generation.
 */
enum channel_state { CHANNEL_FREE, CHANNEL_OFFERED, CHANNEL_OPENING, CHANNEL_OPEN };

enum channel_todo { CHANNEL_TELL_OFFER = 1, CHANNEL_TELL_OPENED = 2, CHANNEL_TELL_WRITABLE = 4, CHANNEL_TELL_CLOSED = 8 };
enum channel_unsent { UNSENT_ACCEPT = 1, UNSENT_DECLINE = 2, UNSENT_CLOSE = 4 };
/* WAIT_COMMIT: for the reservation to be over, which its owner knows; writable() comes if the channel ends before. */
enum channel_wait { WAIT_RING = 1, WAIT_SOCKET = 2, WAIT_FDS = 4, WAIT_RETURNS = 8, WAIT_COMMIT = 16 };

enum room_kind { ROOM_NONE, ROOM_RING, ROOM_ARENA };

/* room.c */
struct reservation {
	enum room_kind kind;
	unsigned flags; /* RILL_MORE */
	size_t len;     /* of the room */
	void *block;    /* ROOM_ARENA: our arena's, not yet lent */
	unsigned frame_flags;
	uint64_t tag, fds_word;
	unsigned loan_count;              /* without the body */
	uint64_t body[3];                 /* ROOM_ARENA: its loan, as it goes into the frame */
	uint64_t loan[RILL_LOANS_MAX][3]; /* as they go into the frame; each is lent already */
};

struct rill_channel {
	struct link hot, telling, unsent_link, waiting, unchecked;
	struct rill_session *session;
	struct link place; /* in session->idle or ->closing */
	uint32_t index, generation;
	enum channel_state state;
	bool closed; /* by the user: dead for him */
	bool gone;   /* no more from the peer than what the ring holds; `why` stands */
	bool told_closed;
	bool paused;
	unsigned todo, unsent, waits; /* enum channel_todo, channel_unsent, channel_wait */
	int why;
	int close_reason; /* for UNSENT_CLOSE, UNSENT_DECLINE */
	unsigned budget;  /* left in the turn budget_turn */
	unsigned commits; /* in the turn commit_turn */
	unsigned vain;    /* looks that found nothing, one after the other */
	uint64_t budget_turn, commit_turn;
	unsigned fds_to_us, fds_to_peer; /* descriptors in one message */
	uint64_t last;                   /* gone: no frame from here on is taken */
	uint64_t held;                   /* messages of it that the user holds, of its earlier generations too */
	uint64_t freed_in;               /* the dispatch in which it became FREE: its pointer is not reused before the next */

	struct ring_out out;
	uint64_t sent, sent_bytes, told; /* rill/stats.h */
	struct ring_in in;
	uint64_t taken, taken_bytes, again;
	bool decoded; /* `next` is the frame at in.rpos */
	uint64_t next_header;
	struct frame next;
	struct reservation room;

	char *label; /* name NUL metadata */
	uint16_t name_len, metadata_len;
	void (*released)(struct rill_channel *ch); /* a layer above has it, and its events: the user let go. NULL: none */
	struct rill_channel_events events;
	void *user;
};

/* channel.c: life, and what packets do to it */
void channel_note(struct rill_channel *ch, unsigned todo);
void channel_heat(struct rill_channel *ch);                        /* look at its ring from the next turn on */
void channel_chill(struct rill_channel *ch);                       /* no more */
void channel_publish(struct rill_channel *ch);                     /* what was freed of the peer's ring */
void channel_end(struct rill_channel *ch, int why, uint64_t last); /* no frame of the peer's from `last` on */
void channel_settle(struct rill_channel *ch);                      /* gone and empty? then closed() is due */
void channel_wait(struct rill_channel *ch, unsigned why);
void channel_wake_one(struct rill_channel *ch);          /* what it waits for is there: writable() is due */
void channel_wake(struct rill_session *s, unsigned why); /* all that wait for it may try again */
void channel_over(struct rill_channel *ch);              /* closed by both? free the index once drained */
void channel_send_unsent(struct rill_channel *ch);
void channel_on_open(struct rill_session *s, const struct packet *p);
void channel_discard_open(struct rill_session *s, const struct packet *p); /* CLOSING: its frames go home unseen */
void channel_on_accept(struct rill_session *s, const struct packet *p);
void channel_on_close(struct rill_session *s, const struct packet *p); /* DECLINE too */
void channel_release_user(struct rill_channel *ch, int reason);        /* close or abort by the user, or by a refused offer */
void channel_free(struct rill_channel *ch);
void channel_free_retired(struct rill_session *s, bool all); /* or those that no running dispatch can still name */
bool channel_open_possible(struct rill_session *s);
void channel_sweep(struct rill_session *s); /* indexes whose last frame has gone home are free */

/* send.c */
void send_check(struct rill_channel *ch);     /* the doorbell of its commits */
void send_committed(struct rill_channel *ch); /* one more: now or at the turn's end */
/* rill_channel_sendmsg() and rill_channel_reservemsg(), of a table of ours, below ctx_enter() */
int send_out(struct rill_channel *ch, const struct rill_out *out);
int send_reserve(struct rill_channel *ch, size_t len, const struct rill_out *out, struct rill_room *ret_room);
/* The same for nothing but a body and a tag; and rill_channel_commit() of a channel that lives. */
int send_reserve_plain(struct rill_channel *ch, size_t len, uint64_t tag, struct rill_room *ret_room);
int send_commit(struct rill_channel *ch, size_t len);

/* room.c */
int room_reserve(struct rill_channel *ch, size_t len, const struct rill_out *out); /* any: into ch->room */
void *room_data(const struct rill_channel *ch);
void room_commit(struct rill_channel *ch, size_t len); /* one that is not plain */
void room_undo(struct rill_channel *ch);               /* an open reservation is gone */

/* recv.c */
int recv_decode(struct rill_channel *ch);   /* 0: ch->next is there; -EAGAIN, -EPROTO (the session is ended then) */
bool recv_discard(struct rill_channel *ch); /* drop what waits: nobody will take it. false: more is left */

/* message.c */
void message_release(const struct rill_msg *msg); /* rill_msg_release() below ctx_enter(); nobody looks at it afterwards */
void message_forget(struct rill_msg *msg);        /* rill_msg_release(), and in a forked child the private half of it */

/* fds.c */
int fds_create(struct rill_session *s);
void fds_drop_unclaimed(struct rill_session *s); /* no message will come for them */
void fds_finish(struct rill_session *s);
int fds_room(struct rill_session *s, unsigned count); /* 0, -EAGAIN (FDS armed) */
int fds_send(struct rill_session *s, const int *fds, unsigned count, uint64_t *ret_word);
void fds_on_packet(struct rill_session *s, struct packet *p);
bool fds_there(const struct rill_session *s, uint32_t seq, uint32_t count);
int fds_claim(struct rill_session *s, uint32_t seq, uint32_t count, uint32_t *ret_first); /* -ENOENT */
int fds_take(struct rill_session *s, uint32_t first, unsigned index);
void fds_drop(struct rill_session *s, uint32_t first); /* close what nobody took */

/* announce.c */
int announce_arena(struct rill_session *s, struct rill_arena *a, struct announced **ret); /* now, if it was not yet */
void announce_forget(struct rill_session *s, struct announced *ann);                      /* none of it is out */
void announce_flush(struct rill_session *s);                                              /* FORGETs that met a full socket */
bool announce_unsent(const struct rill_session *s);
void announce_on_mapped(struct rill_session *s, const struct packet *p);
struct announced *announce_untold(const struct rill_session *s); /* the next whose mapped() is due */

/* lend.c */
int lend_arena(struct rill_session *s); /* make the session's own */
int lend_block(struct rill_session *s, struct rill_arena *a, const void *data, size_t len, uint64_t ret_words[3]);
int lend_room(struct rill_session *s, size_t bytes, unsigned loans); /* -EAGAIN (returns armed) */
void lend_undo(struct rill_session *s, uint64_t id);
bool lend_take_returns(struct rill_session *s); /* true: some came back */
int lend_wait(struct rill_session *s);          /* arm RETURNS: 0 something came meanwhile, -EAGAIN */
bool lend_wanted(const struct rill_session *s); /* somebody waits for loans: the peer is to tell of returns */
bool lend_waits(const struct rill_session *s);  /* CLOSING: blocks of living arenas are out */
void lend_finish(struct rill_session *s, bool reuse);

/* borrow.c */
int borrow_create(struct rill_session *s);
void borrow_finish(struct rill_session *s);
void borrow_on_arena(struct rill_session *s, struct packet *p);
void borrow_on_forget(struct rill_session *s, const struct packet *p);
void borrow_flush(struct rill_session *s); /* MAPPEDs that met a full socket */
void borrow_child(struct rill_session *s); /* forget what was not inherited */
struct rill_writer *borrow_writer(const struct rill_session *s, uint32_t id);
void borrow_mapping(const struct rill_session *s, uint32_t id, struct rill_mapping *ret);
bool borrow_known(const struct rill_session *s, const struct frame *f); /* every loan lies in an arena that we map */
int borrow_hold(struct rill_session *s, const struct frame *f, struct held_loans **ret);
void borrow_release(struct rill_session *s, struct held_loans *h);
void borrow_unhold(struct rill_session *s, struct held_loans *h);  /* back into the frame */
void borrow_return(struct rill_session *s, const struct frame *f); /* nobody holds them */

/* path.c */
int path_address(struct sockaddr_un *ret, const char *path);                            /* 0, -EINVAL, -ENAMETOOLONG */
int path_listen(const struct sockaddr_un *address, mode_t mode, struct stat *ret_made); /* the socket, or -errno */
char *path_absolute(const char *path);                                                  /* allocated; NULL: no memory */
void path_remove(const char *path, const struct stat *made);                            /* if it is still what we made */

/* listener.c */
void listener_forget(struct rill_session *s);     /* it ended */
bool listener_full(const struct rill_session *s); /* it has as many sessions as it may */
void listener_admitted(struct rill_session *s);   /* open: accepted() is told instead of opened() */
bool listener_tell(struct rill_session *s);       /* call accepted(); false: there is no listener */

/* 0, -ECHILD, -ECANCELED, -EINVAL */
static inline int channel_check(const struct rill_channel *ch)
{
	int e = ch ? ctx_check(ch->session->ctx) : -EINVAL;

	if (e < 0)
		return e;
	return ch->closed || ch->session->state >= SESSION_CLOSING ? -ECANCELED : 0;
}

/* 0 while it lives, else what sending gives. */
static inline int channel_reason(const struct rill_channel *ch)
{
	if (!ch->gone)
		return 0;
	return ch->why ? ch->why : -EPIPE;
}

/* In a dispatch no more of it now: what is left is due in its next turn. */
static inline bool session_spent(const struct rill_session *s)
{
	return ctx_in_dispatch(s->ctx) && s->left <= 0;
}

static inline void session_spend(struct rill_session *s, unsigned n)
{
	if (ctx_in_dispatch(s->ctx))
		s->left -= (int)n;
}

/* Neither side has ended or closed it or its session, and its ctx lives. */
static inline bool channel_lives(const struct rill_channel *ch)
{
	const struct rill_session *s = ch->session;

	return !(ch->closed | ch->gone) && s->state == SESSION_OPEN && ctx_check(s->ctx) == 0;
}

/* There is a message to take. */
static inline bool channel_waits(const struct rill_channel *ch)
{
	if (ch->decoded)
		return true;
	if (ch->session->blind || (ch->gone && ch->in.rpos >= ch->last))
		return false;
	return ring_waits(&ch->in);
}

/* Nobody takes what is in its ring; channel_over() drops it, in many turns if it is much. */
static inline bool channel_discards(const struct rill_channel *ch)
{
	return ch->closed && ch->gone && !ch->unsent && ch->session->state == SESSION_OPEN;
}

/* readable() may be called. */
static inline bool channel_deliverable(const struct rill_channel *ch)
{
	return ch->state == CHANNEL_OPEN && !ch->closed && !ch->paused && ch->events.readable;
}

/* A peer that ended in order, or was found stalled, may still read blocks of ours: the socket stays until it hangs up. */
static inline bool session_lingers(int why)
{
	return why == 0 || why == -ESTALE;
}

/* Arenas that both sides write may be announced. */
static inline bool session_shares(const struct rill_session *s)
{
	return s->set->o.peers_may_write && s->hello.features & WIRE_FEATURE_SHARED;
}

static inline struct wire_lines *session_lines(const struct rill_session *s)
{
	return (struct wire_lines *)(void *)(s->mine.base + WIRE_PAGE);
}

#endif
