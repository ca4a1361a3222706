/* tests/fault/raw.h - one side of a session by hand, written from docs/protocol.md and from nothing else, so that it can lie
 * about each byte. It includes no header of the library. What it does by itself is honest; tests change what they want
 * before it is sent, or write where they should not. */
#ifndef TESTS_FAULT_RAW_H
#define TESTS_FAULT_RAW_H

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define RAW_MAGIC 0x31304c4c4952a55aull
#define RAW_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)
#define RAW_ARENA_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define RAW_MARK 0xA5ull

enum {
	RAW_HELLO = 1,
	RAW_REFUSE,
	RAW_BELL,
	RAW_OPEN,
	RAW_ACCEPT,
	RAW_DECLINE,
	RAW_CLOSE,
	RAW_FDS,
	RAW_ARENA,
	RAW_FORGET,
	RAW_GOODBYE,
	RAW_HEARTBEAT,
	RAW_EVENTFD
};
enum { RAW_ANSWERS = 1, RAW_EVENTFD_BELL = 2 }; /* of HELLO's features */
enum { RAW_MESSAGE = 1, RAW_LOAN, RAW_PAD, RAW_VOID };
enum { RAW_TAG = 1, RAW_HAS_FDS = 2 };
enum { RAW_E_DATA, RAW_E_SPACE, RAW_E_FDS, RAW_E_RETURNS };

/* Where things are in a region. */
enum { RAW_SARM = 4096, RAW_FDS_TAKEN = 4160, RAW_FDS_ARM = 4168, RAW_RETURNS_ARM = 4176, RAW_BEATS = 4184 };
enum { RAW_CARM = 0, RAW_WARM = 8, RAW_POS = 64, RAW_CHANNEL = 128 };

struct raw_head {
	uint64_t magic;
	uint16_t major, minor;
	uint32_t channels;
	uint64_t size;
	uint32_t loans, reserved;
	uint64_t ring_bytes, ready_count, returns_count, ready_offset, returns_offset, channels_offset, rings_offset;
};

/* Every packet, by its widest reading. */
struct raw_packet {
	uint16_t kind, major;
	uint32_t length;
	union {
		struct {
			uint64_t magic, features, random, size, mapped_bytes;
			uint32_t channels, arenas, fds, reserved;
		} hello;
		struct {
			int32_t reason;
			uint32_t reserved;
			char text[112];
		} word; /* REFUSE, GOODBYE */
		uint64_t sarm;
		struct {
			uint32_t id, generation;
			uint64_t ring_offset, ring_bytes;
			uint32_t fds;
			uint16_t name_len, metadata_len;
			char names[255 + 4096 + 64];
		} open;
		struct {
			uint32_t id, generation;
			int32_t reason;
			uint32_t reserved;
			uint64_t end;
		} close;
		struct {
			uint32_t seq, count;
		} fds;
		struct {
			uint32_t id, reserved;
			uint64_t capacity, base;
		} arena;
	};
};

struct raw {
	int fd;
	char *mine;
	const char *theirs; /* read-only */
	struct raw_head head, their_head;
	struct raw_packet hello; /* as it will be sent; then the peer's is in `peer` */
	struct raw_packet peer;
	uint64_t tail;      /* next of ready[] */
	uint64_t wpos[256]; /* next frame, by channel */
	uint64_t returned;  /* next of returns[] */
	uint32_t seq;       /* of the next FDS packet */
	int got[256];       /* descriptors of the last packet read */
	unsigned got_count;
};

static inline uint64_t *raw_word(const struct raw *r, uint64_t offset)
{
	return (uint64_t *)(void *)(r->mine + offset);
}

static inline void raw_store(const struct raw *r, uint64_t offset, uint64_t value)
{
	__atomic_store_n(raw_word(r, offset), value, __ATOMIC_RELEASE);
}

static inline uint64_t raw_load(const struct raw *r, uint64_t offset)
{
	return __atomic_load_n((const uint64_t *)(const void *)(r->theirs + offset), __ATOMIC_ACQUIRE);
}

static inline uint64_t raw_chan(const struct raw_head *h, unsigned channel, unsigned field)
{
	return h->channels_offset + RAW_CHANNEL * channel + field;
}

static inline uint64_t raw_ring(const struct raw_head *h, unsigned channel)
{
	return h->rings_offset + channel * h->ring_bytes;
}

/* ---- The region ------------------------------------------------------------------------------------------------ */

static inline uint64_t raw_power(uint64_t least)
{
	uint64_t p = 8;

	while (p < least)
		p *= 2;
	return p;
}

static inline struct raw_head raw_layout(uint32_t channels, uint32_t loans, uint64_t ring_bytes)
{
	struct raw_head h = {.magic = RAW_MAGIC, .major = 1, .channels = channels, .loans = loans, .ring_bytes = ring_bytes};

	h.ready_count = raw_power(2 * (uint64_t)channels + 4);
	h.returns_count = raw_power((uint64_t)loans + 1);
	h.ready_offset = 4224;
	h.returns_offset = h.ready_offset + 8 * h.ready_count;
	h.channels_offset = h.returns_offset + 8 * h.returns_count;
	h.rings_offset = (h.channels_offset + 128 * (uint64_t)channels + 4095) / 4096 * 4096;
	h.size = (h.rings_offset + channels * ring_bytes + 4095) / 4096 * 4096;
	return h;
}

static inline int raw_memfd(uint64_t size, unsigned flags)
{
	int fd = memfd_create("raw", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);

	if (fd >= 0 && ftruncate(fd, (off_t)size) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static inline int raw_seal(int fd, int seals)
{
	return fcntl(fd, F_ADD_SEALS, seals);
}

static inline int raw_read_only(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Make and map the region that r->head says. Its descriptor, not sealed yet. */
static inline int raw_region(struct raw *r)
{
	int fd = raw_memfd(r->head.size, 0);
	void *base = mmap(NULL, r->head.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd < 0 || base == MAP_FAILED)
		return -1;
	r->mine = base;
	memcpy(r->mine, &r->head, sizeof(r->head));
	raw_store(r, RAW_SARM, 1);
	return fd;
}

static inline void raw_init(struct raw *r, int fd)
{
	*r = (struct raw){.fd = fd, .head = raw_layout(16, 8, 4096)};
	r->hello = (struct raw_packet){.kind = RAW_HELLO, .major = 1, .length = 64};
	r->hello.hello.magic = RAW_MAGIC;
	r->hello.hello.random = UINT64_MAX; /* so the odd indexes are ours */
	r->hello.hello.size = r->head.size;
	r->hello.hello.mapped_bytes = 1ull << 32;
	r->hello.hello.channels = 8;
	r->hello.hello.arenas = 4;
	r->hello.hello.fds = 16;
}

static inline void raw_drop_got(struct raw *r)
{
	while (r->got_count)
		close(r->got[--r->got_count]);
}

static inline void raw_finish(struct raw *r)
{
	raw_drop_got(r);
	if (r->mine)
		munmap(r->mine, r->head.size);
	if (r->theirs)
		munmap((void *)(uintptr_t)r->theirs, r->their_head.size);
	if (r->fd >= 0)
		close(r->fd);
	r->mine = NULL;
	r->theirs = NULL;
	r->fd = -1;
}

/* ---- The socket ------------------------------------------------------------------------------------------------ */

/* 0 or a negative errno. */
static inline int raw_send(struct raw *r, const void *packet, size_t len, const int *fds, unsigned count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(256 * sizeof(int))] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)packet, .iov_len = len};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (count) {
		struct cmsghdr *c;

		m.msg_control = control;
		m.msg_controllen = CMSG_SPACE(count * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	return sendmsg(r->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static inline int raw_say(struct raw *r, const struct raw_packet *p)
{
	return raw_send(r, p, p->length, NULL, 0);
}

/* The next packet: its kind, 0 at the end, -EAGAIN. ECONNRESET is gone over. */
static inline int raw_recv(struct raw *r, struct raw_packet *p)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(256 * sizeof(int)) + 64];
	struct iovec iov = {.iov_base = p, .iov_len = sizeof(*p)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t n;

	raw_drop_got(r);
	do
		n = recvmsg(r->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == ECONNRESET || errno == EINTR));
	if (n <= 0)
		return n < 0 ? -errno : 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		r->got_count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(r->got, CMSG_DATA(c), r->got_count * sizeof(int));
	}
	return p->kind;
}

/* Read on until a packet of this kind; false: none came before the socket was empty or at its end. */
static inline bool raw_expect(struct raw *r, int kind, struct raw_packet *p)
{
	int k;

	while ((k = raw_recv(r, p)) > 0)
		if (k == kind)
			return true;
	return false;
}

static inline int raw_say_hello(struct raw *r, int region_fd)
{
	return raw_send(r, &r->hello, r->hello.length, &region_fd, 1);
}

/* The region, sealed, and the HELLO that carries it. */
static inline int raw_greet(struct raw *r)
{
	int fd = raw_region(r), e;

	if (fd < 0)
		return -ENOMEM;
	e = raw_seal(fd, RAW_SEALS) < 0 ? -errno : raw_say_hello(r, fd);
	close(fd);
	return e;
}

/* The peer's HELLO is there: map its region. */
static inline int raw_meet(struct raw *r)
{
	void *base;

	if (!raw_expect(r, RAW_HELLO, &r->peer) || r->got_count != 1)
		return -EPROTO;
	base = mmap(NULL, r->peer.hello.size, PROT_READ, MAP_SHARED, r->got[0], 0);
	raw_drop_got(r);
	if (base == MAP_FAILED)
		return -errno;
	r->theirs = base;
	memcpy(&r->their_head, base, sizeof(r->their_head));
	return 0;
}

/* ---- Packets --------------------------------------------------------------------------------------------------- */

static inline struct raw_packet raw_packet(unsigned kind, uint32_t length)
{
	return (struct raw_packet){.kind = (uint16_t)kind, .major = 1, .length = length};
}

static inline int raw_bell(struct raw *r)
{
	struct raw_packet p = raw_packet(RAW_BELL, 16);

	p.sarm = raw_load(r, RAW_SARM);
	return raw_say(r, &p);
}

static inline struct raw_packet raw_open_packet(const struct raw *r, unsigned kind, uint32_t id, uint32_t generation)
{
	struct raw_packet p = raw_packet(kind, 40);

	p.open.id = id;
	p.open.generation = generation;
	p.open.ring_offset = raw_ring(&r->head, id);
	p.open.ring_bytes = r->head.ring_bytes;
	p.open.fds = 16;
	return p;
}

/* OPEN or ACCEPT, honest; the arm says that we take the peer's ring for empty. */
static inline int raw_channel(struct raw *r, unsigned kind, uint32_t id, uint32_t generation)
{
	struct raw_packet p = raw_open_packet(r, kind, id, generation);

	if (raw_word(r, raw_chan(&r->head, id, RAW_CARM))[0] == 0)
		raw_store(r, raw_chan(&r->head, id, RAW_CARM), 1);
	return raw_say(r, &p);
}

static inline int raw_close(struct raw *r, unsigned kind, uint32_t id, uint32_t generation, int reason)
{
	struct raw_packet p = raw_packet(kind, 32);

	p.close.id = id;
	p.close.generation = generation;
	p.close.reason = reason;
	p.close.end = id < 256 ? r->wpos[id] : 0;
	return raw_say(r, &p);
}

/* `count` of them are announced, `real` are sent (each is a copy of fd). */
static inline int raw_fds(struct raw *r, uint32_t count, int fd, unsigned real)
{
	struct raw_packet p = raw_packet(RAW_FDS, 16);
	int fds[256];

	for (unsigned i = 0; i < real; i++)
		fds[i] = fd;
	p.fds.seq = r->seq++;
	p.fds.count = count;
	return raw_send(r, &p, 16, fds, real);
}

/* An arena's memfd, sealed; mapped at *ret_base if that is wanted. */
static inline int raw_arena(uint64_t capacity, char **ret_base)
{
	int rw = raw_memfd(capacity, 0), ro;

	if (ret_base)
		*ret_base = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_SHARED, rw, 0);
	raw_seal(rw, RAW_ARENA_SEALS);
	ro = raw_read_only(rw);
	close(rw);
	return ro;
}

static inline int raw_announce(struct raw *r, uint32_t id, uint64_t capacity, int fd)
{
	struct raw_packet p = raw_packet(RAW_ARENA, 32);

	p.arena.id = id;
	p.arena.capacity = capacity;
	return raw_send(r, &p, 32, &fd, fd >= 0);
}

static inline int raw_forget(struct raw *r, uint32_t id)
{
	struct raw_packet p = raw_packet(RAW_FORGET, 16);

	p.arena.id = id;
	return raw_say(r, &p);
}

/* ---- Rings ----------------------------------------------------------------------------------------------------- */

static inline uint64_t raw_header(unsigned kind, unsigned flags, unsigned loans, uint32_t len)
{
	return RAW_MARK << 56 | (uint64_t)loans << 48 | (uint64_t)flags << 40 | (uint64_t)kind << 32 | len;
}

static inline uint64_t *raw_at(const struct raw *r, unsigned channel, uint64_t pos)
{
	return raw_word(r, raw_ring(&r->head, channel) + pos % r->head.ring_bytes);
}

/* A frame at the writing position: this header, these words behind it. Returns the bytes it takes. */
static inline uint64_t raw_frame(struct raw *r, unsigned channel, uint64_t header, const uint64_t *words, unsigned count)
{
	uint64_t pos = r->wpos[channel], frame = (8 + (uint64_t)(uint32_t)header + 7) / 8 * 8;

	for (unsigned i = 0; i < count; i++)
		*raw_at(r, channel, pos + 8 + 8 * (uint64_t)i) = words[i];
	if (frame < r->head.ring_bytes)
		*raw_at(r, channel, pos + frame) = 0;
	__atomic_store_n(raw_at(r, channel, pos), header, __ATOMIC_RELEASE);
	r->wpos[channel] += frame;
	return frame;
}

static inline void raw_message(struct raw *r, unsigned channel, uint64_t word)
{
	raw_frame(r, channel, raw_header(RAW_MESSAGE, 0, 0, 8), &word, 1);
}

static inline void raw_push_entry(struct raw *r, uint64_t entry)
{
	uint64_t mask = r->head.ready_count - 1;

	raw_store(r, r->head.ready_offset + 8 * ((r->tail + 1) & mask), 0);
	raw_store(r, r->head.ready_offset + 8 * (r->tail & mask), entry);
	r->tail++;
}

static inline void raw_push(struct raw *r, unsigned kind, uint64_t id)
{
	raw_push_entry(r, (id + 1) << 2 | kind);
}

static inline void raw_return(struct raw *r, uint64_t loan)
{
	uint64_t mask = r->head.returns_count - 1;

	raw_store(r, r->head.returns_offset + 8 * ((r->returned + 1) & mask), 0);
	raw_store(r, r->head.returns_offset + 8 * (r->returned & mask), (loan + 1) << 2);
	r->returned++;
}

#endif
