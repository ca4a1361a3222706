/* tests/fuzz/letters.c - structured messages over calls, from a peer whose bodies, lent memory, marks and descriptors are any
 * bytes: a letter is read within its message, while its memory changes, copied into a draft, and answered with that. */
#include "tests/fuzz/support/duo.h"
#include "tests/support/traverse.h"

#include <errno.h>
#include <fcntl.h>
#include <rill/letter.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEPT = 4, STEPS = 200, WORDS = 64, MOST = 200 };

struct kept {
	struct rill_request rq;
	struct rill_msg msg;
};

struct scene {
	struct duo duo;
	struct rill_rpc *rpc;
	struct rill_arena *arena; /* of ours */
	struct kept kept[KEPT];
	unsigned kept_count;
	int null;
};

static uint64_t id_of(const struct rill_msg *msg)
{
	return msg->tag >> 24;
}

/* ---- Reading ---------------------------------------------------------------------------------------------------- */

static void take_what_is_named(struct rill_letter *l)
{
	struct rill_struct root = rill_pointer_struct(rill_letter_root(l));
	const void *data;
	size_t len;

	for (unsigned i = 0; i < 4; i++) {
		int fd = rill_letter_take_fd(l, rill_struct_pointer(root, i));

		if (fd >= 0 && close(fd) < 0)
			still_broken("a descriptor that is none", fd);
		if (rill_letter_loan(l, rill_struct_pointer(root, i), &data, &len) == 0 && len)
			(void)(((const volatile char *)data)[0] + ((const volatile char *)data)[len - 1]);
	}
}

static bool open_letter(struct rill_letter *l, struct rill_msg *msg, struct bytes *in)
{
	struct rill_reader_options o = {.size = sizeof(o), .words = 8 * (uint64_t)bytes_u8(in), .depth = bytes_below(in, 80)};
	int e = rill_letter_open(l, msg, bytes_u8(in) & 1 ? &o : NULL);

	if (e < 0 && e != -EBADMSG && e != -EMSGSIZE && e != -EINVAL)
		still_broken("a letter that does not open for a reason that is none", e);
	return e == 0;
}

/* The same bytes in memory of exactly their length: a step outside is seen. */
static void look_at_copy(const struct rill_msg *msg, struct bytes *in)
{
	struct rill_msg alone = {.len = msg->len, .tag = msg->tag & ~UINT64_C(0xf8)};
	struct rill_letter l;
	void *body = malloc(msg->len);

	if (!body)
		return;
	memcpy(body, msg->data, msg->len);
	alone.data = body;
	if (open_letter(&l, &alone, in)) {
		take_what_is_named(&l);
		traverse(rill_letter_root(&l), MOST);
	}
	free(body);
}

static void look(struct scene *s, struct rill_msg *msg)
{
	struct rill_letter l;

	if (msg->len)
		look_at_copy(msg, &s->duo.in);
	if (!open_letter(&l, msg, &s->duo.in))
		return;
	take_what_is_named(&l);
	traverse(rill_letter_root(&l), MOST);
}

/* ---- Answering -------------------------------------------------------------------------------------------------- */

static struct rill_draft_options draft_options(struct scene *s, const struct rill_loan *loan)
{
	unsigned how = bytes_u8(&s->duo.in);

	return (struct rill_draft_options){
		.size = sizeof(struct rill_draft_options),
		.words = how & 1 ? RILL_DRAFT_WORDS + how : how,
		.arena = how & 2 ? s->arena : NULL,
		.fds = &s->null,
		.fd_count = how >> 2 & 1,
		.loans = loan,
		.loan_count = loan->data ? how >> 3 & 1 : 0,
	};
}

/* What a letter says, deep, into a draft: into the ring, or into blocks that are lent. */
static void fill_and_send(struct scene *s, struct rill_draft *draft, struct rill_msg *from)
{
	struct rill_letter l;

	if (from && open_letter(&l, from, &s->duo.in) && rill_slot_copy(rill_draft_root(draft), rill_letter_root(&l)) < 0 &&
	    bytes_u8(&s->duo.in) & 1) {
		rill_draft_drop(draft);
		return;
	}
	if (rill_draft_send(draft, NULL) == -EAGAIN)
		rill_draft_drop(draft);
}

static void reply(struct scene *s, struct rill_request rq, struct rill_msg *from)
{
	struct rill_loan loan = {.arena = s->arena, .data = rill_arena_alloc(s->arena, 64), .len = 64};
	struct rill_draft_options o = draft_options(s, &loan);
	struct rill_draft draft;

	if (loan.data)
		memset((void *)(uintptr_t)loan.data, 1, 64);
	if (rill_draft_answer(&draft, rq, bytes_u8(&s->duo.in) < 192, &o) == 0)
		fill_and_send(s, &draft, from);
	if (loan.data)
		rill_arena_free(s->arena, (void *)(uintptr_t)loan.data);
}

static void on_answer(const struct rill_answer *a, void *user)
{
	if (a->msg)
		look(user, a->msg);
}

static void ask(struct scene *s)
{
	struct rill_ask ask = {.size = sizeof(ask), .type = 1, .answered = on_answer, .user = s};
	struct rill_loan none = {0};
	struct rill_draft_options o = draft_options(s, &none);
	struct rill_draft draft;

	if (!s->rpc)
		return;
	if (bytes_u8(&s->duo.in) < 192 ? rill_draft_call(&draft, s->rpc, &ask, &o) < 0
	                               : rill_draft_notify(&draft, s->rpc, 2, &o) < 0)
		return;
	fill_and_send(s, &draft, s->kept_count ? &s->kept[0].msg : NULL);
}

/* ---- Requests --------------------------------------------------------------------------------------------------- */

static int on_request(struct rill_request rq, struct rill_msg *msg, void *user)
{
	struct scene *s = user;

	look(s, msg);
	switch (bytes_below(&s->duo.in, 4)) {
	case 0:
		reply(s, rq, msg);
		return -EIO; /* if that did not go */
	case 1:
		return -ENOSYS;
	default:
		if (s->kept_count == KEPT || rill_request_keep(rq, s) < 0)
			return -ENOBUFS;
		s->kept[s->kept_count++] = (struct kept){rq, *msg};
		memset(msg, 0, sizeof(*msg));
		return 0;
	}
}

static void on_note(struct rill_rpc *rpc, uint16_t type, struct rill_msg *msg, void *user)
{
	(void)rpc, (void)type;
	look(user, msg);
}

static void let_go(struct scene *s, unsigned at)
{
	rill_msg_release(&s->kept[at].msg);
	s->kept[at] = s->kept[--s->kept_count];
}

/* Its caller lost interest; its letter can still be read. */
static void on_gone(struct rill_request rq, int why, void *kept, void *user)
{
	struct scene *s = user;

	(void)kept, (void)why;
	for (unsigned i = 0; i < s->kept_count; i++)
		if (s->kept[i].rq.slot == rq.slot && s->kept[i].rq.generation == rq.generation)
			let_go(s, i);
}

static void on_closed(struct rill_rpc *rpc, int why, void *user)
{
	struct scene *s = user;

	(void)why;
	rill_rpc_close(rpc);
	s->rpc = NULL;
	while (s->kept_count)
		let_go(s, 0);
}

static int on_offer(struct duo *d, struct rill_channel *ch)
{
	static const struct rill_rpc_options o = {.size = sizeof(o), .calls = 8, .requests = 6};
	static const struct rill_rpc_events events = {
		.size = sizeof(events),
		.request = on_request,
		.notification = on_note,
		.gone = on_gone,
		.closed = on_closed,
	};
	struct scene *s = (struct scene *)(void *)d; /* its first member */

	return s->rpc ? -EBUSY : rill_rpc_create(&s->rpc, ch, &o, &events, s);
}

/* Later: what a kept one says now, which may be another thing; and its answer. */
static void go_on(struct scene *s)
{
	unsigned how = bytes_u8(&s->duo.in), at = how & 3;

	if (at >= s->kept_count)
		return;
	look(s, &s->kept[at].msg);
	if (how & 4) {
		reply(s, s->kept[at].rq, &s->kept[at].msg);
		(void)!rill_request_fail(s->kept[at].rq, -EIO);
		let_go(s, at);
	}
}

/* ---- The peer's ------------------------------------------------------------------------------------------------- */

/* A pointer that a reader might follow, or anything. */
static uint64_t any_word(struct bytes *in)
{
	uint64_t offset, sizes;

	switch (bytes_below(in, 8)) {
	case 0:
	case 1:
		offset = (uint64_t)bytes_below(in, 16) << 2;
		sizes = bytes_below(in, 4);
		return offset | sizes << 32 | (uint64_t)bytes_below(in, 5) << 48;
	case 2:
	case 3:
		offset = (uint64_t)bytes_below(in, 16) << 2;
		sizes = bytes_below(in, 8);
		return offset | 1 | sizes << 32 | (uint64_t)bytes_u8(in) << 35;
	case 4:
		offset = (uint64_t)bytes_u8(in) << 2;
		return offset | 2 | (uint64_t)bytes_below(in, 4) << 32;
	case 5:
		return 3 | (uint64_t)bytes_below(in, 6) << 32;
	case 6:
		return bytes_u8(in);
	default:
		return bytes_word(in);
	}
}

static unsigned lend(struct scene *s, struct rill_loan *loans)
{
	unsigned count = bytes_below(&s->duo.in, 4);

	for (unsigned i = 0; i < count; i++) {
		uint64_t at = 8 * (uint64_t)bytes_u8(&s->duo.in);

		loans[i] = (struct rill_loan){.arena = s->duo.arena, .data = (char *)s->duo.block + at};
		loans[i].len = bytes_twist(&s->duo.in, 8 * (uint64_t)bytes_u8(&s->duo.in)) % (DUO_BLOCK - 2048);
	}
	return count;
}

static void say(struct scene *s)
{
	struct bytes *in = &s->duo.in;
	uint64_t body[WORDS], id;
	unsigned words = bytes_below(in, WORDS);
	struct iovec part = {body, 0};
	struct rill_loan loans[4];
	struct rill_out out = {.size = sizeof(out), .parts = &part, .loans = loans, .fds = &s->null};

	for (unsigned i = 0; i < words; i++)
		body[i] = any_word(in);
	part.iov_len = bytes_twist(in, 8 * (uint64_t)words) % (sizeof(body) + 1);
	if (part.iov_len > 8 * (uint64_t)words)
		memset(body + words, 0, part.iov_len - 8 * words);
	out.part_count = part.iov_len != 0;
	out.loan_count = lend(s, loans);
	out.fd_count = bytes_u8(in) >= 192;
	id = bytes_u8(in) & 1 ? duo_id(&s->duo) : bytes_below(in, 12);
	out.tag = bytes_twist(in, 1 + bytes_below(in, 3)) | (bytes_twist(in, out.loan_count) & 31) << 3 | 1 << 8 | id << 24;
	if (s->duo.peer)
		(void)!rill_channel_sendmsg(s->duo.peer, &out);
}

/* Of what it lent. */
static void change(struct scene *s)
{
	unsigned at = bytes_u8(&s->duo.in) * 2;

	for (unsigned i = 0, count = bytes_below(&s->duo.in, 8); i < count; i++)
		__atomic_store_n(&s->duo.block[at + i], any_word(&s->duo.in), __ATOMIC_RELAXED);
}

static void step(struct scene *s, unsigned what)
{
	static void (*const steps[])(struct scene *) = {say, say, change, change, go_on, ask};

	if (what < 6)
		steps[what](s);
	else if (what == 6)
		duo_release(&s->duo);
	else
		duo_run(&s->duo);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct scene s = {.duo = {.in = {bytes, len}, .offer = on_offer, .id_of = id_of}};
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 1 << 18};

	duo_begin(&s.duo);
	s.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (s.null < 0 || rill_arena_create(&s.arena, s.duo.ctx, &o) < 0)
		abort();
	duo_open(&s.duo, "letters", NULL, 0);
	duo_run(&s.duo);
	for (unsigned i = 0; i < STEPS && s.duo.in.left; i++)
		step(&s, bytes_below(&s.duo.in, 10));
	while (s.kept_count)
		let_go(&s, 0);
	close(s.null);
	duo_end(&s.duo);
	return 0;
}

/* ---- What it begins with ---------------------------------------------------------------------------------------- */

enum { R = 9 }; /* run */
#define STRUCT(offset, data, pointers) 0, offset, data, pointers
#define LIST(offset, kind, count) 2, offset, kind, count
#define FAR(position, segment) 4, position, segment
#define CAPABILITY(index) 5, index
#define NUMBER(n) 6, n
#define REQUEST 0, 0, 0, 0, 0 /* its id, its kind, its mark: true */

/* A struct with a text and a number, copied into the answer. */
static const uint8_t small[] = {
	0, 4, STRUCT(0, 1, 1), NUMBER(7), LIST(0, 2, 5), NUMBER(65), 0, 0, 0, REQUEST, R, 0, 0, 0, 0, 0, 0, 0, 0, 0, R, R};
/* A struct in what was lent, which then changes; kept, read again, answered. */
static const uint8_t far[] = {2,
                              0,
                              3,
                              STRUCT(0, 1, 1),
                              NUMBER(9),
                              LIST(0, 2, 8),
                              0,
                              1,
                              FAR(0, 1),
                              0,
                              1,
                              0,
                              64,
                              0,
                              0,
                              REQUEST,
                              R,
                              0,
                              0,
                              0,
                              0,
                              0,
                              0,
                              2,
                              2,
                              0,
                              3,
                              STRUCT(0, 0, 3),
                              CAPABILITY(0),
                              CAPABILITY(1),
                              4,
                              4,
                              0,
                              0,
                              R,
                              R};
/* Capabilities: a descriptor, a loan. */
static const uint8_t table[] = {
	0, 3, STRUCT(0, 0, 2), CAPABILITY(0), CAPABILITY(1), 0, 1, 0, 8, 0, 200, 0, 0, 0, 0, 210, 1, 0, R, 0, 0, 0, 0, 0, 0, 0,
	0, R};
/* Of ours, answered. */
static const uint8_t asked[] = {5, 3, 0, 0, R, 0, 2, STRUCT(0, 1, 0), NUMBER(3), 0, 0, 0, 1, 0, 0, 1, 0, 0, R, R};

size_t fuzz_seed(unsigned n, uint8_t *to, size_t room)
{
	static const struct {
		const uint8_t *bytes;
		size_t len;
	} seeds[] = {{small, sizeof(small)}, {far, sizeof(far)}, {table, sizeof(table)}, {asked, sizeof(asked)}};

	if (n >= sizeof(seeds) / sizeof(seeds[0]) || seeds[n].len > room)
		return 0;
	memcpy(to, seeds[n].bytes, seeds[n].len);
	return seeds[n].len;
}
