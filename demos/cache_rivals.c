/* demos/cache_rivals.c - the same job in the two usual ways, each as fast as it goes in plain C:
 *
 *	cache_rivals -l socket  the server holds the files in its heap and writes them into the stream socket
 *	cache_rivals -l mmap    the server sends a descriptor of the file (SCM_RIGHTS); the client maps it
 *
 * With -n 0 it is the server, else the client; -f FD is the connected stream socket between them. They wait as they must:
 * with -e in epoll, as a program does that has other things to wait for, without it in read() itself. The mmap client
 * trusts the file to keep its length: where somebody truncates it, SIGBUS ends the client. That is the way's weakness, not
 * this program's.
 */
#include "cache_answer.h"
#include "cache_job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define USAGE "cache_rivals -f FD -l socket|mmap -n PASSES (0: serve) [-e] [-m MIB] [-t] [DIR]"
#define NAME_BYTES 4096

static int epoll = -1; /* -1: block in read() */

static int wait_in_epoll(int sock)
{
	struct epoll_event ev = {.events = EPOLLIN};

	epoll = epoll_create1(EPOLL_CLOEXEC);
	return epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, sock, &ev) < 0 ? -errno : 0;
}

/* Until the next message begins. */
static void await(void)
{
	struct epoll_event ev;

	if (epoll >= 0)
		epoll_wait(epoll, &ev, 1, -1);
}

/* ---- Bytes over a stream --------------------------------------------------------------------------------------- */

static int write_all(int fd, struct iovec *parts, int count)
{
	while (count > 0) {
		ssize_t n = writev(fd, parts, count);

		if (n < 0)
			return -errno;
		while (count > 0 && (size_t)n >= parts->iov_len) {
			n -= (ssize_t)parts->iov_len;
			parts++;
			count--;
		}
		if (count > 0) {
			parts->iov_base = (char *)parts->iov_base + n;
			parts->iov_len -= (size_t)n;
		}
	}
	return 0;
}

/* -EPIPE: the peer left. */
static int read_exactly(int fd, void *to, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, to, len);

		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		to = (char *)to + n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- The servers ----------------------------------------------------------------------------------------------- */

static int load(struct tree *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct tree_file *f = &t->files[i];

		f->data = malloc(f->size + 1);
		if (!f->data)
			return -ENOMEM;
		if (tree_read(t, f) < 0)
			f->size = 0;
	}
	return 0;
}

static int answer_bytes(int sock, const struct tree *t, const struct tree_file *f)
{
	struct answer head = {.len = f ? (int64_t)f->size : -ENOENT};
	struct iovec parts[] = {{&head, sizeof(head)}, {f ? f->data : NULL, f ? f->size : 0}};

	(void)t;
	return write_all(sock, parts, 2);
}

/* As many descriptors as we may hold stay open: opening is not what is measured. */
static int keep_open(struct tree *t)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (size_t i = 0; i < t->count && i + 32 < limit.rlim_cur; i++)
		t->files[i].fd = tree_open(t, &t->files[i]);
	return 0;
}

static void attach(struct msghdr *msg, int fd)
{
	struct cmsghdr *rights = msg->msg_control;

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
}

static int answer_fd(int sock, const struct tree *t, const struct tree_file *f)
{
	int fd = f && f->fd < 0 ? tree_open(t, f) : f ? f->fd : -1;
	struct answer head = {.len = fd < 0 ? -ENOENT : (int64_t)f->size};
	struct iovec body = {&head, sizeof(head)};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fd))] = {0};
	struct msghdr msg = {.msg_iov = &body, .msg_iovlen = 1, .msg_control = control};
	ssize_t n;

	if (fd >= 0) {
		msg.msg_controllen = sizeof(control);
		attach(&msg, fd);
	}
	n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	if (fd >= 0 && fd != f->fd)
		close(fd);
	return n < 0 ? -errno : 0;
}

/* A request is the name's length and the name. */
static int serve(struct tree *t, int sock, bool mmaps)
{
	char name[NAME_BYTES];
	uint32_t len;
	int r = mmaps ? keep_open(t) : load(t);

	while (r == 0) {
		await();
		r = read_exactly(sock, &len, sizeof(len));
		if (r == 0)
			r = len <= sizeof(name) ? read_exactly(sock, name, len) : -EPROTO;
		if (r == 0)
			r = (mmaps ? answer_fd : answer_bytes)(sock, t, tree_find(t, name, len));
	}
	return r == -EPIPE ? 0 : r;
}

/* ---- The clients ----------------------------------------------------------------------------------------------- */

struct client {
	struct job job;
	int sock;
	char *buffer; /* of the longest file; the socket client's */
};

static int make_buffer(struct client *c)
{
	size_t longest = 1;

	for (size_t i = 0; i < c->job.tree.count; i++)
		if (c->job.tree.files[i].size > longest)
			longest = c->job.tree.files[i].size;
	c->buffer = malloc(longest);
	return c->buffer ? 0 : -ENOMEM;
}

static int request(int sock, const char *name)
{
	uint32_t len = (uint32_t)strlen(name);
	struct iovec parts[] = {{&len, sizeof(len)}, {(char *)name, len}};

	return write_all(sock, parts, 2);
}

static int receive_bytes(struct client *c, const struct tree_file *f)
{
	struct answer head;
	int r = read_exactly(c->sock, &head, sizeof(head));

	if (r < 0)
		return r;
	if (head.len < 0) {
		job_refused(&c->job, (int)head.len);
		return 0;
	}
	if ((uint64_t)head.len > f->size) /* it grew since we looked: no room for it */
		return -EMSGSIZE;
	r = read_exactly(c->sock, c->buffer, (size_t)head.len);
	if (r == 0)
		job_answer(&c->job, c->buffer, (size_t)head.len);
	return r;
}

/* The descriptor that came with the answer, -1 without one. */
static int receive_head(int sock, struct answer *head, int *ret_fd)
{
	struct iovec body = {head, sizeof(*head)};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr msg = {.msg_iov = &body, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_WAITALL);
	struct cmsghdr *rights = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);

	*ret_fd = -1;
	if (rights)
		memcpy(ret_fd, CMSG_DATA(rights), sizeof(*ret_fd));
	if (n < 0)
		return -errno;
	return (size_t)n == sizeof(*head) ? 0 : -EPIPE;
}

static int read_mapped(struct client *c, int fd, size_t len)
{
	void *data = mmap(NULL, len, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);

	if (data == MAP_FAILED)
		return -errno;
	job_answer(&c->job, data, len);
	munmap(data, len);
	return 0;
}

static int receive_fd(struct client *c, const struct tree_file *f)
{
	struct answer head;
	int fd;
	int r = receive_head(c->sock, &head, &fd);

	(void)f;
	if (r < 0)
		return r;
	if (head.len < 0)
		job_refused(&c->job, (int)head.len);
	else if (head.len == 0)
		job_answer(&c->job, "", 0);
	else
		r = read_mapped(c, fd, (size_t)head.len);
	if (fd >= 0)
		close(fd);
	return r;
}

static int ask_all(struct client *c, bool mmaps)
{
	const struct tree_file *f;
	int r = make_buffer(c);

	while (r == 0 && (f = job_ask(&c->job))) {
		r = request(c->sock, f->name);
		await();
		if (r == 0)
			r = (mmaps ? receive_fd : receive_bytes)(c, f);
	}
	free(c->buffer);
	return r;
}

/* ---- The program ----------------------------------------------------------------------------------------------- */

static int run_server(const struct options *o, bool mmaps)
{
	struct tree t;
	int r = tree_walk(&t, o->dir, o->max_bytes);

	if (r < 0)
		return r;
	r = serve(&t, o->fd, mmaps);
	for (size_t i = 0; i < t.count; i++)
		free(t.files[i].data);
	tree_free(&t);
	return r;
}

static int run_client(const struct options *o, bool mmaps)
{
	struct client c = {.sock = o->fd};
	int r = job_begin(&c.job, o);

	if (r < 0)
		return r;
	r = ask_all(&c, mmaps);
	return job_end(&c.job) != 0 && r == 0 ? -EBADMSG : r;
}

int main(int argc, char **argv)
{
	struct options o = options_parse(argc, argv, "f:l:n:m:et", USAGE);
	bool mmaps = strcmp(o.loop, "mmap") == 0;
	int r = mmaps || strcmp(o.loop, "socket") == 0 ? 0 : -EINVAL;

	if (r == 0 && o.epoll)
		r = wait_in_epoll(o.fd);
	if (r == 0)
		r = o.passes ? run_client(&o, mmaps) : run_server(&o, mmaps);
	if (r < 0)
		fprintf(stderr, "cache_rivals: %s\n", strerror(-r));
	return r < 0;
}
