/* core/session/announce.c - which arenas of ours the peer knows, and by what id. Invariants: an arena was announced before the
 * first loan from it, and is forgotten only when none is out; an id is not used again while a reader may not have come to its
 * FORGET yet. Steps: tests/model/arena.pml. */
#include "session/session.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* A slot has so many ids, in turn. */
static uint32_t ids_of_slot(const struct rill_session *s)
{
	return WIRE_ARENA_IDS / s->hello.arenas;
}

void announce_forget(struct rill_session *s, struct announced *ann)
{
	uint32_t slot = ann->id % s->hello.arenas;
	struct wire_forget f = {.p = PACKET(WIRE_FORGET, struct wire_forget), .id = ann->id};

	if (s->state == SESSION_OPEN && packet_send(s, &f, sizeof(f), NULL, 0) == -EAGAIN) {
		s->forgets_pending = true;
		return;
	}
	s->announced[slot] = NULL;
	s->announced_turn[slot] = (s->announced_turn[slot] + 1) % ids_of_slot(s);
	s->forgets_unread++;
	s->announced_bytes -= arena_capacity(ann->arena);
	arena_drop(ann->arena);
	free(ann);
}

static void on_destroyed(struct arena_watcher *w)
{
	struct announced *ann = container_of(w, struct announced, watcher);

	ann->forgetting = true;
	if (!ann->out) /* A1 */
		announce_forget(ann->session, ann);
	else
		source_wake(&ann->session->source);
}

/* Returns are silent unless we ask: session_rest() does, see lend_wanted(). */
static void on_wanted(struct arena_watcher *w)
{
	source_wake(&container_of(w, struct announced, watcher)->session->source);
}

void announce_flush(struct rill_session *s)
{
	if (!s->forgets_pending)
		return;
	s->forgets_pending = false;
	for (uint32_t i = 0; i < s->announced_size; i++)
		if (s->announced[i] && s->announced[i]->forgetting && !s->announced[i]->out)
			announce_forget(s, s->announced[i]);
}

bool announce_unsent(const struct rill_session *s)
{
	return s->forgets_pending;
}

static int send_arena(struct rill_session *s, const struct announced *ann)
{
	struct wire_arena p = {
		.p = PACKET(WIRE_ARENA, struct wire_arena),
		.id = ann->id,
		.capacity = arena_capacity(ann->arena),
		.base = ann->place == PLACE_ASKED ? (uintptr_t)arena_base(ann->arena) : 0, /* others' places are our affair */
	};
	int e, fd = arena_fd(ann->arena);

	if (!arena_shared(ann->arena))
		return fd < 0 ? -ENOBUFS : packet_send(s, &p, sizeof(p), &fd, 1);
	fd = arena_invite(ann->arena, &p.writer);
	if (fd < 0)
		return fd;
	p.p.kind = WIRE_SHARED_ARENA;
	e = packet_send(s, &p, sizeof(p), &fd, 1);
	close(fd);
	return e;
}

static int grow(struct rill_session *s)
{
	uint32_t size = s->announced_size + 1;
	struct announced **grown = realloc(s->announced, size * sizeof(struct announced *));
	uint32_t *turn;

	if (!grown)
		return -ENOMEM;
	s->announced = grown;
	turn = realloc(s->announced_turn, size * sizeof(*turn));
	if (!turn)
		return -ENOMEM;
	s->announced_turn = turn;
	grown[size - 1] = NULL;
	turn[size - 1] = 0;
	s->announced_size = size;
	return 0;
}

/* As many FORGETs as a slot has ids may be unread: one of them may be of the next id. */
static bool ids_come_round(struct rill_session *s)
{
	if (s->forgets_unread < ids_of_slot(s))
		return false;
	if (!packet_all_read(s))
		return true;
	s->forgets_unread = 0;
	return false;
}

/* A free slot below the peer's limit, under its next id: a reader that has not come to a FORGET yet must not take the new arena
 * for an old one. The table grows as needed. -ENOBUFS, -ENOMEM, -EAGAIN */
static int free_id(struct rill_session *s, uint32_t *ret_id)
{
	uint32_t i;
	int e;

	for (i = 0; i < s->announced_size; i++)
		if (!s->announced[i])
			break;
	if (i >= s->hello.arenas)
		return -ENOBUFS;
	if (ids_come_round(s)) { /* A2 */
		packet_soon(s);
		return -EAGAIN;
	}
	e = i == s->announced_size ? grow(s) : 0;
	if (e == 0)
		*ret_id = i + s->hello.arenas * s->announced_turn[i];
	return e;
}

static int announce(struct rill_session *s, struct rill_arena *a, struct announced **ret)
{
	struct announced *ann;
	uint32_t id;
	int e;

	if (arena_shared(a) && !session_shares(s))
		return -EACCES;
	if (arena_capacity(a) > s->hello.mapped_bytes - s->announced_bytes)
		return -ENOBUFS;
	e = free_id(s, &id);
	if (e < 0)
		return e;
	ann = calloc(1, sizeof(*ann));
	if (!ann)
		return -ENOMEM;
	ann->session = s;
	ann->arena = a;
	ann->id = id;
	ann->place = arena_placed(a) && s->hello.features & WIRE_FEATURE_ADDRESS ? PLACE_ASKED : PLACE_ELSEWHERE;
	ann->watcher.destroyed = on_destroyed;
	ann->watcher.wanted = on_wanted;
	e = send_arena(s, ann); /* N1: before any frame that names it; tests/model/arena.pml */
	if (e < 0) {
		free(ann);
		return e;
	}
	arena_hold(a);
	arena_watch(a, &ann->watcher);
	s->announced[id % s->hello.arenas] = ann;
	s->announced_bytes += arena_capacity(a);
	s->answers_due += ann->place == PLACE_ASKED;
	if (a == s->arena)
		arena_close_fd(a); /* nobody else is told of it */
	*ret = ann;
	return 0;
}

static struct announced *announced_arena(const struct rill_session *s, const struct rill_arena *a)
{
	for (uint32_t i = 0; i < s->announced_size; i++)
		if (s->announced[i] && s->announced[i]->arena == a)
			return s->announced[i];
	return NULL;
}

int announce_arena(struct rill_session *s, struct rill_arena *a, struct announced **ret)
{
	*ret = announced_arena(s, a);
	return *ret ? 0 : announce(s, a, ret);
}

/* An answer to what was forgotten meanwhile is due, too: it was sent before he read the FORGET. */
void announce_on_mapped(struct rill_session *s, const struct packet *p)
{
	struct announced *ann = NULL;

	if (s->answers_due && p->mapped.id % s->hello.arenas < s->announced_size)
		ann = s->announced[p->mapped.id % s->hello.arenas];
	if (ann && ann->id != p->mapped.id)
		ann = NULL;
	if (!s->answers_due || p->mapped.same > 1 || (ann && ann->place != PLACE_ASKED)) {
		session_end(s, -EPROTO, "mapped: an answer that is not due");
		return;
	}
	s->answers_due--;
	if (!ann)
		return;
	ann->place = p->mapped.same ? PLACE_SAME : PLACE_ELSEWHERE;
	ann->untold = true;
	session_note(s, TELL_MAPPED);
}

struct announced *announce_untold(const struct rill_session *s)
{
	for (uint32_t i = 0; i < s->announced_size; i++)
		if (s->announced[i] && s->announced[i]->untold && !s->announced[i]->forgetting)
			return s->announced[i];
	return NULL;
}

static int check_arena(const struct rill_session *s, const struct rill_arena *a)
{
	int e = session_check(s);

	if (e == 0)
		e = a && !arena_gone(a) && arena_ctx(a) == s->ctx ? 0 : -EINVAL;
	return e < 0 ? e : session_reason(s);
}

static int announce_now(struct rill_session *s, struct rill_arena *a)
{
	struct announced *ann;
	int e = s->state == SESSION_OPEN ? announce_arena(s, a, &ann) : -EAGAIN;

	if (e == -EAGAIN) {
		s->announce_wanted = true;
		s->socket_waits |= s->state == SESSION_OPEN;
		source_changed(&s->source);
	}
	return e == -EPIPE ? -ECONNRESET : e;
}

int rill_session_announce(struct rill_session *s, struct rill_arena *arena)
{
	int e = check_arena(s, arena);

	if (e < 0)
		return e;
	ctx_enter(s->ctx);
	e = announce_now(s, arena);
	ctx_leave(s->ctx);
	return e;
}

int rill_session_same_address(const struct rill_session *s, const struct rill_arena *arena)
{
	int e = check_arena(s, arena);
	const struct announced *ann;

	if (e < 0)
		return e;
	if (!arena_placed(arena) || (s->state == SESSION_OPEN && !(s->hello.features & WIRE_FEATURE_ADDRESS)))
		return 0;
	ann = announced_arena(s, arena);
	if (!ann || ann->place == PLACE_ASKED)
		return -EAGAIN;
	return ann->place == PLACE_SAME;
}
