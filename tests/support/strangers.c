/* tests/support/strangers.c - see strangers.h. Nothing here asserts: a child that finds something wrong says the line and
 * ends. */
#include "tests/support/strangers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <rill/epoll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

struct found *found;

void strangers_begin(void)
{
	void *page = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		abort();
	found = page;
}

/* In a user namespace of one uid there is no other. */
bool strangers_can(void)
{
	uid_t a, b, saved;

	if (geteuid() != 0 || setresuid((uid_t)-1, 12001, (uid_t)-1) < 0)
		return false;
	if (getresuid(&a, &b, &saved) < 0 || setresuid((uid_t)-1, 0, (uid_t)-1) < 0)
		abort();
	prctl(PR_SET_DUMPABLE, 1);
	return b == 12001;
}

/* Dumpable, so that it is the uid alone that keeps others out of /proc/PID. */
void strangers_become(uid_t uid)
{
	if (uid != 0) {
		CHILD_CHECK(setgroups(0, NULL) == 0);
		CHILD_CHECK(setresgid(uid, uid, uid) == 0);
		CHILD_CHECK(setresuid(uid, uid, uid) == 0);
	}
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

size_t strangers_eventfds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	char target[64];
	size_t count = 0;

	while (dir && (e = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);

		target[n < 0 ? 0 : n] = '\0';
		count += strstr(target, "[eventfd]") != NULL;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* ---- Namespaces ------------------------------------------------------------------------------------------------ */

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(SKIPPED);
	close(fd);
}

static void become_root_of_its_own(uid_t uid)
{
	char map[64];

	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (unshare(CLONE_NEWUSER) < 0)
		_exit(SKIPPED);
	put("/proc/self/setgroups", "deny");
	put("/proc/self/uid_map", map);
	put("/proc/self/gid_map", map);
}

/* A root of its own, in which there is /proc and what is bound. */
static void see_only(const struct stranger *s)
{
	char at[128];
	struct stat st;

	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 || mount("none", s->root, "tmpfs", 0, "mode=0755") < 0)
		_exit(SKIPPED);
	snprintf(at, sizeof(at), "%s/proc", s->root);
	if (mkdir(at, 0755) < 0 || mount("proc", at, "proc", 0, NULL) < 0)
		_exit(SKIPPED);
	snprintf(at, sizeof(at), "%s%s", s->root, s->bound[1]);
	CHILD_CHECK(stat(s->bound[0], &st) == 0);
	if (S_ISDIR(st.st_mode))
		CHILD_CHECK(mkdir(at, 0755) == 0);
	else
		CHILD_CHECK(close(open(at, O_CREAT | O_WRONLY | O_CLOEXEC, 0644)) == 0);
	if (mount(s->bound[0], at, "none", MS_BIND, NULL) < 0)
		_exit(SKIPPED);
	CHILD_CHECK(chroot(s->root) == 0 && chdir("/") == 0);
}

/* Fork, as only a child is in the new pid namespace. Its parent ends with its status. */
static void enter(const struct stranger *s)
{
	int status;
	pid_t pid;

	if (unshare(s->namespaces) < 0)
		_exit(SKIPPED);
	pid = fork();
	CHILD_CHECK(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (s->root)
			see_only(s);
		return;
	}
	CHILD_CHECK(waitpid(pid, &status, 0) == pid);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_FAILED);
}

static void settle(const struct stranger *s)
{
	if (s->namespaces)
		enter(s);
	strangers_become(s->connects_as ? s->connects_as : s->uid);
	if (s->user_namespace)
		become_root_of_its_own(s->uid);
}

/* ---- What both do ---------------------------------------------------------------------------------------------- */

static struct rill_ctx *ctx;
static struct rill_arena *arena;
static char *block; /* lent */
static char large[LARGE];

static void start(char fill)
{
	struct rill_arena_options o = {.size = sizeof(o), .capacity = 1 << 20};

	CHILD_CHECK(rill_ctx_create(&ctx, NULL) == 0);
	CHILD_CHECK(rill_arena_create(&arena, ctx, &o) == 0);
	block = rill_arena_alloc(arena, LENT);
	CHILD_CHECK(block);
	memset(block, fill, LENT);
	memset(large, fill, LARGE);
}

static bool all_are(const char *data, size_t len, char fill)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] != fill)
			return false;
	return true;
}

/* A frame with a descriptor and a loan, then a large one. */
static void send_both(struct rill_channel *ch, const char *text, int fd)
{
	struct iovec part = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
	struct rill_loan loan = {.arena = arena, .data = block, .len = LENT};
	struct rill_out out = {.size = sizeof(out), .tag = 7, .parts = &part, .part_count = 1, .loans = &loan, .loan_count = 1};

	out.fds = &fd;
	out.fd_count = fd >= 0;
	CHILD_CHECK(rill_channel_sendmsg(ch, &out) == 0);
	CHILD_CHECK(rill_channel_send(ch, large, LARGE) == 0);
}

/* What is mapped of the peer's cannot be made writable. */
static void try_to_write(const void *data)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *begin = (void *)((uintptr_t)data / page * page);

	found->tried++;
	CHILD_CHECK(mprotect(begin, page, PROT_READ | PROT_WRITE) < 0 && errno == EACCES);
	CHILD_CHECK(madvise(begin, page, MADV_REMOVE) < 0);
	found->denied++;
}

/* Take one message and check it: true for the large one. The descriptor is written to. */
static bool take(struct rill_channel *ch, const char *text, char fill)
{
	const void *data;
	struct rill_msg msg;
	size_t len;
	int fd;

	CHILD_CHECK(rill_channel_recv(ch, &msg) == 0);
	try_to_write(msg.data);
	if (msg.len == LARGE) {
		CHILD_CHECK(all_are(msg.data, LARGE, fill));
		rill_msg_release(&msg);
		return true;
	}
	CHILD_CHECK(msg.tag == 7 && msg.len == strlen(text) && memcmp(msg.data, text, msg.len) == 0);
	CHILD_CHECK(msg.fd_count == 1 && msg.loan_count == 1);
	CHILD_CHECK(rill_msg_loan(&msg, 0, &data, &len) == 0 && len == LENT && all_are(data, LENT, fill));
	try_to_write(data);
	fd = rill_msg_take_fd(&msg, 0);
	CHILD_CHECK(fd >= 0 && write(fd, &fill, 1) == 1);
	close(fd);
	rill_msg_release(&msg);
	return false;
}

/* ---- The server ------------------------------------------------------------------------------------------------ */

static void on_question(struct rill_channel *ch, void *user)
{
	int *pipe_of_ours = user;

	if (take(ch, "question", 'c'))
		send_both(ch, "answer", pipe_of_ours[1]);
}

static int on_offer(struct rill_session *s, struct rill_channel *ch, void *user)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_question};

	(void)s;
	return rill_channel_set_events(ch, &events, user);
}

static void on_closed(struct rill_session *s, int why, void *user)
{
	(void)why, (void)user;
	rill_session_close(s);
}

static const struct stranger *served;

static void on_accepted(struct rill_listener *l, struct rill_session *s, void *user)
{
	static const struct rill_session_events events = {.size = sizeof(events), .channel = on_offer, .closed = on_closed};
	struct rill_channel *ch;

	(void)l;
	found->accepted++;
	found->at_server = *rill_session_peer(s);
	CHILD_CHECK(rill_session_set_events(s, &events, user) == 0);
	if (!served->sends)
		return;
	CHILD_CHECK(rill_channel_open(&ch, s, "sends", NULL, NULL, NULL) == 0);
	send_both(ch, "unasked", -1);
}

static int admit(const struct rill_peer *peer, void *user)
{
	(void)user;
	found->at_server = *peer;
	return served->admit;
}

static void look(struct child *self)
{
	found->lent_byte = block[0];
	found->server_eventfds = (int)strangers_eventfds();
	CHILD_CHECK(child_tell(self, LOOK) == 0);
}

static void serve_until_told(struct child *self)
{
	struct pollfd p[2] = {{.fd = rill_epoll_fd(ctx), .events = POLLIN}, {.fd = self->fd, .events = POLLIN}};

	for (;;) {
		CHILD_CHECK(rill_epoll_wait(ctx, 0) >= 0);
		if (poll(p, 2, -1) < 0 || !p[1].revents)
			continue;
		if (child_hear(self, 0) != LOOK)
			return;
		look(self);
	}
}

int strangers_serve(struct child *self, void *arg)
{
	static const struct rill_listener_events events = {.size = sizeof(events), .accepted = on_accepted};
	const struct stranger *s = arg;
	struct rill_session_options so = {.size = sizeof(so), .fds = 8, .admit = admit};
	struct rill_listener_options o = {.size = sizeof(o), .session = &so, .mode = 0666};
	struct rill_listener *l;
	int pipe_of_ours[2];
	char got = 0;

	settle(s);
	served = s;
	so.uids = s->uids, so.uid_count = s->uid_count;
	so.gids = s->gids, so.gid_count = s->gid_count;
	start('s');
	CHILD_CHECK(pipe2(pipe_of_ours, O_CLOEXEC | O_NONBLOCK) == 0);
	CHILD_CHECK(rill_listener_create(&l, ctx, s->path, &o, &events, pipe_of_ours) == 0);
	CHILD_CHECK(rill_epoll_attach(ctx) == 0 && child_tell(self, READY) == 0);
	serve_until_told(self);
	if (found->exchanged) /* the client has written into our pipe */
		CHILD_CHECK(read(pipe_of_ours[0], &got, 1) == 1 && got == 's');
	rill_listener_close(l);
	rill_ctx_destroy(ctx);
	return 0;
}

/* ---- The client ------------------------------------------------------------------------------------------------ */

static void on_answer(struct rill_channel *ch, void *user)
{
	if (take(ch, "answer", 's'))
		*(int *)user = 1;
}

static void exchange(struct rill_session *s)
{
	static const struct rill_channel_events events = {.size = sizeof(events), .readable = on_answer};
	struct rill_channel *ch;
	int fds[2], done = 0;
	char got = 0;

	CHILD_CHECK(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0);
	CHILD_CHECK(rill_channel_open(&ch, s, "ask", NULL, &events, &done) == 0);
	send_both(ch, "question", fds[1]);
	while (!done)
		CHILD_CHECK(rill_session_status(s) == 1 && rill_epoll_wait(ctx, 10000) > 0);
	CHILD_CHECK(read(fds[0], &got, 1) == 1 && got == 'c');
	found->client_eventfds = (int)strangers_eventfds();
	found->exchanged++;
}

/* Connect, change the uid, adopt: who connected and who speaks are two. */
static int adopt_as_another(struct rill_session **ret, const struct stranger *s, const struct rill_session_options *o)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strncpy(a.sun_path, s->path, sizeof(a.sun_path) - 1);
	CHILD_CHECK(seteuid(s->connects_as) == 0);
	CHILD_CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	CHILD_CHECK(seteuid(0) == 0);
	strangers_become(s->uid);
	return rill_session_adopt(ret, ctx, fd, o, NULL, NULL);
}

int strangers_connect(struct child *self, void *arg)
{
	const struct stranger *s = arg;
	struct rill_session_options o = {.size = sizeof(o), .fds = 8, .uids = s->uids, .uid_count = s->uid_count};
	struct stranger still_root = *s;
	struct rill_session *session = NULL;

	(void)self;
	still_root.uid = still_root.connects_as = s->connects_as ? 0 : s->uid;
	settle(&still_root);
	start('c');
	if (s->connects_as)
		found->status = adopt_as_another(&session, s, &o);
	else
		found->status = rill_session_connect(&session, ctx, s->path, &o, NULL, NULL);
	while (session && rill_session_status(session) == 0)
		CHILD_CHECK(rill_epoll_wait(ctx, 10000) > 0);
	if (!session)
		return 0;
	found->status = rill_session_status(session);
	/* We may have been open before the other side refused us. */
	if (found->status == 1)
		found->at_client = *rill_session_peer(session);
	if (found->status == 1)
		exchange(session);
	snprintf(found->why, sizeof(found->why), "%s", rill_session_why(session));
	rill_ctx_destroy(ctx);
	return 0;
}

/* With a root in which there is nothing. */
int strangers_no_proc(struct child *self, void *arg)
{
	struct rill_session_options o = {.size = sizeof(o)};
	struct rill_session *session;
	struct rill_arena *a;

	(void)self;
	CHILD_CHECK(chroot(arg) == 0 && chdir("/") == 0);
	CHILD_CHECK(rill_ctx_create(&ctx, NULL) == 0);
	found->no_proc = rill_arena_create(&a, ctx, NULL);
	found->no_proc_session = rill_session_connect(&session, ctx, "/socket", &o, NULL, NULL);
	rill_ctx_destroy(ctx);
	return 0;
}
