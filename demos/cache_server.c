/* demos/cache_server.c - holds the files of a directory tree in an arena and lends them to whoever asks by name.
 *
 *	cache_server -s PATH [DIR]  listens on PATH until SIGINT or SIGTERM
 *	cache_server -f FD [DIR]    serves one peer, on a socket that it inherited, until that peer leaves
 *
 * An answer copies nothing: it is a loan of the block that the file was read into at the start. A peer that does not
 * read its answers holds up its own requests only: its channel is paused until there is room for the next answer.
 */
#include "cache_answer.h"
#include "cache_options.h"
#include "cache_tree.h"

#include <errno.h>
#include <poll.h>
#include <rill/rill.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define USAGE "cache_server -s PATH | -f FD [-m MIB] [-w LINGER_MICROSECONDS] [DIR]"

struct server {
	struct rill_ctx *ctx;
	struct rill_arena *arena;
	struct rill_listener *listener; /* NULL with -f */
	struct peer *peers;
	struct tree tree;
	int signals; /* -1 with -f: no path to remove, so a signal may simply end us */
	int status;
	bool done;
};

struct peer {
	struct peer *next;
	struct server *server;
	struct rill_session *session;
	struct rill_channel *channel; /* the one that it opened; NULL: none */
	const struct tree_file *file; /* the request being answered; NULL: a name that we do not have */
	uint64_t tag;
};

static struct peer *peer_new(struct server *server)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->server = server;
	p->next = server->peers;
	server->peers = p;
	return p;
}

/* Forgets a peer whose session has ended, in whatever way. */
static void peer_end(struct peer *p, int status)
{
	struct peer **at = &p->server->peers;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (!p->server->listener) {
		p->server->status = status;
		p->server->done = true;
	}
	free(p);
}

/* ---- Requests -------------------------------------------------------------------------------------------------- */

static int answer(struct peer *p)
{
	const struct tree_file *f = p->file;
	struct answer head = {.len = f && f->data ? (int64_t)f->size : -ENOENT};
	struct iovec body = {&head, sizeof(head)};
	struct rill_loan loan = {.arena = p->server->arena};
	struct rill_out out = {.size = sizeof(out), .tag = p->tag, .parts = &body, .part_count = 1};

	if (head.len > 0) {
		loan.data = f->data;
		loan.len = f->size;
		out.loans = &loan;
		out.loan_count = 1;
	}
	return rill_channel_sendmsg(p->channel, &out);
}

/* Whether the answer went out (else p may be gone). No room: no request is taken until on_writable() could answer. */
static bool answered(struct peer *p)
{
	int r = answer(p);

	if (r == -EAGAIN) {
		rill_channel_pause(p->channel);
	} else if (r < 0) {
		fprintf(stderr, "cache_server: cannot answer: %s\n", strerror(-r));
		rill_session_abort(p->session, r);
		peer_end(p, 1);
	}
	return r == 0;
}

static void on_readable(struct rill_channel *ch, void *user)
{
	struct peer *p = user;
	struct rill_msg msg;

	while (rill_channel_recv(ch, &msg) == 0) {
		p->tag = msg.tag;
		p->file = tree_find(&p->server->tree, msg.data, msg.len);
		rill_msg_release(&msg);
		if (!answered(p))
			return;
	}
}

static void on_writable(struct rill_channel *ch, void *user)
{
	if (answered(user))
		rill_channel_resume(ch);
}

/* ---- Peers ----------------------------------------------------------------------------------------------------- */

static void on_channel_closed(struct rill_channel *ch, int why, void *user)
{
	struct peer *p = user;

	(void)why;
	rill_channel_close(ch);
	p->channel = NULL;
}

static const struct rill_channel_events channel_events = {
	.size = sizeof(channel_events),
	.readable = on_readable,
	.writable = on_writable,
	.closed = on_channel_closed,
};

static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	struct peer *p = user;

	(void)s;
	if (p->channel)
		return -EBUSY;
	p->channel = ch;
	rill_channel_set_events(ch, &channel_events, p);
	return 0;
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	if (why)
		fprintf(stderr, "cache_server: %s\n", rill_session_why(s));
	rill_session_close(s);
	peer_end(user, why != 0);
}

static const struct rill_session_events session_events = {
	.size = sizeof(session_events),
	.channel = on_channel,
	.closed = on_closed,
};

static void on_accepted(struct rill_listener *l, struct rill_session *s, void *user)
{
	struct peer *p = peer_new(user);

	(void)l;
	if (!p) {
		rill_session_abort(s, -ENOMEM);
		return;
	}
	p->session = s;
	rill_session_set_events(s, &session_events, p);
}

static void on_listener_closed(struct rill_listener *l, int why, void *user)
{
	struct server *server = user;

	fprintf(stderr, "cache_server: no longer listening: %s\n", strerror(-why));
	rill_listener_close(l);
	server->listener = NULL;
	server->status = 1;
	server->done = true;
}

static const struct rill_listener_events listener_events = {
	.size = sizeof(listener_events),
	.accepted = on_accepted,
	.closed = on_listener_closed,
};

/* ---- The program ----------------------------------------------------------------------------------------------- */

/* Every file into a block of its own; one that vanished since the walk gets none. */
static int load(struct server *s)
{
	struct rill_arena_options options = {
		.size = sizeof(options),
		.capacity = 2 * s->tree.bytes + (64u << 20), /* blocks are rounded up to size classes */
	};
	int r = rill_arena_create(&s->arena, s->ctx, &options);

	for (size_t i = 0; r == 0 && i < s->tree.count; i++) {
		struct tree_file *f = &s->tree.files[i];

		f->data = rill_arena_alloc(s->arena, f->size);
		if (!f->data)
			return -ENOMEM;
		if (tree_read(&s->tree, f) < 0) {
			rill_arena_free(s->arena, f->data);
			f->data = NULL;
		}
	}
	return r;
}

static int adopt(struct server *s, int fd)
{
	struct peer *p = peer_new(s);

	return p ? rill_session_adopt(&p->session, s->ctx, fd, NULL, &session_events, p) : -ENOMEM;
}

/* From here on signals are events like all others, so that the path goes when we go. */
static int listen_on(struct server *s, const char *path)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		return -errno;
	return rill_listener_create(&s->listener, s->ctx, path, NULL, &listener_events, s);
}

/* With signals to watch as well, Rill's epoll descriptor is one of two in a loop of our own. */
static int wait_once(struct server *s)
{
	struct pollfd fds[] = {{.fd = rill_epoll_fd(s->ctx), .events = POLLIN}, {.fd = s->signals, .events = POLLIN}};

	if (fds[0].fd < 0)
		return fds[0].fd;
	if (poll(fds, 2, -1) < 0)
		return -errno;
	if (fds[1].revents)
		s->done = true;
	return rill_epoll_wait(s->ctx, 0);
}

static int run(struct server *s, const struct options *o)
{
	int r = tree_walk(&s->tree, o->dir, o->max_bytes);

	if (r == 0)
		r = load(s);
	if (r == 0)
		r = rill_epoll_attach(s->ctx);
	if (r == 0)
		r = o->path ? listen_on(s, o->path) : adopt(s, o->fd);
	if (r == 0 && o->path)
		printf("%zu files, %zu bytes; listening on %s\n", s->tree.count, s->tree.bytes, o->path);
	fflush(stdout);
	while (!s->done && (r >= 0 || r == -EINTR))
		r = o->path ? wait_once(s) : rill_epoll_wait(s->ctx, -1);
	return r < 0 ? r : 0;
}

int main(int argc, char **argv)
{
	struct options o = options_parse(argc, argv, "s:f:m:w:", USAGE);
	struct rill_ctx_options ctx = {.size = sizeof(ctx), .linger_ns = o.linger_ns};
	struct server s = {.signals = -1, .tree.fd = -1};
	int r = rill_ctx_create(&s.ctx, &ctx);
	int status;

	if (r == 0)
		r = run(&s, &o);
	if (r < 0)
		fprintf(stderr, "cache_server: %s\n", strerror(-r));
	status = r < 0 ? 1 : s.status;
	rill_listener_close(s.listener); /* and with it the path */
	while (s.peers) {
		rill_session_close(s.peers->session);
		peer_end(s.peers, 0);
	}
	rill_arena_destroy(s.arena);
	rill_ctx_destroy(s.ctx);
	if (s.tree.fd >= 0)
		tree_free(&s.tree);
	return status;
}
