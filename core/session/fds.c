/* core/session/fds.c - descriptors that travel with messages. Invariants: no more are in flight than the receiver allows (they
 * count against the user's limit, for all sessions); each received one is in one slot until its message is released. */
#include "session/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

int fds_create(struct rill_session *s)
{
	uint32_t n = s->set->o.fds;

	s->fd_free = NONE;
	if (!n)
		return 0;
	s->fd_slots = calloc(n, sizeof(s->fd_slots[0]));
	s->fd_sets = calloc(n, sizeof(s->fd_sets[0]));
	if (!s->fd_slots || !s->fd_sets)
		return -ENOMEM; /* the session goes, and both with it */
	for (uint32_t i = n; i-- > 0;) {
		s->fd_slots[i] = (struct fd_slot){.fd = -EBADF, .next = s->fd_free};
		s->fd_free = i;
	}
	return 0;
}

static void drop_slots(struct rill_session *s, uint32_t first)
{
	while (first != NONE) {
		struct fd_slot *slot = &s->fd_slots[first];
		uint32_t next = slot->next;

		if (slot->fd >= 0)
			ctx_dispose(s->ctx, slot->fd);
		slot->fd = -EBADF;
		slot->next = s->fd_free;
		s->fd_free = first;
		s->fds_taken++;
		first = next;
	}
}

void fds_drop_unclaimed(struct rill_session *s)
{
	while (s->fd_set_count > 0)
		drop_slots(s, s->fd_sets[--s->fd_set_count].first);
}

void fds_finish(struct rill_session *s)
{
	fds_drop_unclaimed(s);
	free(s->fd_slots);
	free(s->fd_sets);
}

/* ---- Sending --------------------------------------------------------------------------------------------------- */

/* In flight now, as far as the peer says. */
static int64_t in_flight(const struct rill_session *s)
{
	uint64_t taken = peer_load(region_peer_word(&s->theirs, WIRE_PAGE + offsetof(struct wire_lines, fds_taken)));

	return taken <= s->fds_sent ? (int64_t)(s->fds_sent - taken) : -EPROTO;
}

static int look(const struct rill_session *s, unsigned count)
{
	int64_t out = in_flight(s);

	if (out < 0)
		return (int)out;
	return (uint64_t)out + count <= s->hello.fds ? 0 : -EAGAIN;
}

int fds_room(struct rill_session *s, unsigned count)
{
	int e = look(s, count);

	if (e != -EAGAIN)
		return e;
	arm_bump(&s->fds_arm);
	atomic_thread_fence(memory_order_seq_cst); /* as W2: fds_arm before the second look; twin in publish_taken() */
	return look(s, count);
}

/* What a peer says it has taken is its word only. Descriptors that wait unread count against our user, in all sessions: so no
 * more than one packet's worth wait in the socket, and that the kernel says. */
static bool socket_has_room(struct rill_session *s, unsigned count)
{
	if (s->fds_queued + count <= RILL_FDS_MAX)
		return true;
	if (!packet_all_read(s))
		return false;
	s->fds_queued = 0;
	return true;
}

int fds_send(struct rill_session *s, const int *fds, unsigned count, uint64_t *ret_word)
{
	struct wire_fds p = {.p = PACKET(WIRE_FDS_PACKET, struct wire_fds), .seq = s->fd_seq, .count = count};
	int e;

	if (s->fd >= 0 && !socket_has_room(s, count)) {
		packet_soon(s);
		return -EAGAIN;
	}
	e = packet_send(s, &p, sizeof(p), fds, count);
	if (e < 0)
		return e;
	s->fds_queued += count;
	*ret_word = (uint64_t)s->fd_seq << 32 | count;
	s->fd_seq++;
	s->fds_sent += count;
	return 0;
}

/* ---- Receiving ------------------------------------------------------------------------------------------------- */

static uint32_t take_slot(struct rill_session *s, int fd)
{
	uint32_t i = s->fd_free;

	s->fd_free = s->fd_slots[i].next;
	s->fd_slots[i] = (struct fd_slot){.fd = fd, .next = NONE};
	s->fds_in++;
	return i;
}

static const char *packet_wrong(const struct rill_session *s, const struct packet *p)
{
	if (p->fds.seq != s->fd_seq_in)
		return "descriptors: out of sequence";
	if (p->fds.count == 0 || p->fd_count > p->fds.count || (p->fd_count < p->fds.count && !p->fds_lost))
		return "descriptors: not as many as announced";
	if (s->fds_in - s->fds_taken + p->fds.count > s->set->o.fds)
		return "descriptors: more in flight than allowed";
	return NULL;
}

void fds_on_packet(struct rill_session *s, struct packet *p)
{
	const char *wrong = packet_wrong(s, p);
	uint32_t first = NONE;

	if (wrong) {
		session_end(s, -EPROTO, "%s", wrong);
		return;
	}
	for (unsigned i = p->fds.count; i-- > 0;) { /* from the last, so that the list begins with the first */
		uint32_t slot = take_slot(s, i < p->fd_count ? p->fd[i] : -EMFILE);

		s->fd_slots[slot].next = first;
		first = slot;
	}
	p->fd_count = 0;
	s->fd_sets[s->fd_set_count++] = (struct fd_set_in){.seq = p->fds.seq, .count = p->fds.count, .first = first};
	s->fd_seq_in++;
}

static struct fd_set_in *find(const struct rill_session *s, uint32_t seq, uint32_t count)
{
	for (uint32_t i = 0; i < s->fd_set_count; i++)
		if (s->fd_sets[i].seq == seq && s->fd_sets[i].count == count)
			return &s->fd_sets[i];
	return NULL;
}

bool fds_there(const struct rill_session *s, uint32_t seq, uint32_t count)
{
	return find(s, seq, count) != NULL;
}

int fds_claim(struct rill_session *s, uint32_t seq, uint32_t count, uint32_t *ret_first)
{
	struct fd_set_in *set = find(s, seq, count);

	if (!set)
		return -ENOENT;
	*ret_first = set->first;
	*set = s->fd_sets[--s->fd_set_count];
	return 0;
}

int fds_take(struct rill_session *s, uint32_t first, unsigned index)
{
	int fd;

	while (index-- > 0)
		first = s->fd_slots[first].next;
	fd = s->fd_slots[first].fd;
	s->fd_slots[first].fd = -EBADF;
	return fd;
}

static void publish_taken(struct rill_session *s)
{
	atomic_store_explicit(&session_lines(s)->fds_taken, s->fds_taken, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst); /* as G2: fds_taken before the load of fds_arm; twin in fds_room() */
	if (rung_take(&s->fds_rung))
		session_push(s, WIRE_FDS, 0);
}

void fds_drop(struct rill_session *s, uint32_t first)
{
	drop_slots(s, first);
	if (s->fd >= 0)
		publish_taken(s);
}
