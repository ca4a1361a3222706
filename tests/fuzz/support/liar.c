/* tests/fuzz/support/liar.c - the peer: what docs/protocol.md asks for, as far as the bytes do not say otherwise. */
#include "tests/fuzz/support/play.h"

#include <sys/eventfd.h>

/* ---- Descriptors of every kind --------------------------------------------------------------------------------- */

static int sealed(uint64_t size, int seals)
{
	int fd = raw_memfd(size, 0);

	raw_seal(fd, seals);
	return fd;
}

static int end_of_pipe(void)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return -1;
	close(pair[1]);
	return pair[0];
}

enum { FD_ARENA, FD_EVENTFD, FD_REGION };

/* -1: none. */
static int descriptor(const struct play *p, unsigned kind)
{
	switch (kind) {
	case FD_ARENA:
		return raw_arena(PLAY_ARENA_BYTES, NULL);
	case FD_EVENTFD:
		return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	case FD_REGION:
		return sealed(p->raw.head.size, RAW_SEALS);
	case 3:
		return eventfd(0, EFD_CLOEXEC);
	case 4:
		return eventfd(7, EFD_NONBLOCK | EFD_CLOEXEC);
	case 5:
		return sealed(PLAY_ARENA_BYTES, RAW_ARENA_SEALS); /* writable */
	case 6:
		return raw_memfd(PLAY_ARENA_BYTES, 0); /* not sealed */
	case 7:
		return sealed(4096, RAW_ARENA_SEALS | F_SEAL_WRITE);
	case 8:
		return end_of_pipe();
	case 9:
		return open("/", O_PATH | O_CLOEXEC);
	case 10:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	case 11:
		return fcntl(p->raw.fd, F_DUPFD_CLOEXEC, 3); /* our own end */
	default:
		return open("/dev/zero", O_RDONLY | O_CLOEXEC);
	}
}

/* Mostly `usual`, once. */
static void send_with_fds(struct play *p, const struct raw_packet *packet, uint32_t length, unsigned usual, unsigned count)
{
	int fd = -1, fds[16];

	usual = (unsigned)bytes_twist(&p->in, usual) % 13;
	count = (unsigned)bytes_twist(&p->in, count) % 16;
	if (count)
		fd = descriptor(p, usual);
	for (unsigned i = 0; i < count; i++)
		fds[i] = fd;
	raw_send(&p->raw, packet, length, fds, fd >= 0 ? count : 0);
	if (fd >= 0)
		close(fd);
}

/* ---- The beginning --------------------------------------------------------------------------------------------- */

static void lie_in_hello(struct play *p)
{
	struct raw_packet *h = &p->raw.hello;

	h->hello.magic = bytes_twist(&p->in, h->hello.magic);
	h->hello.random = bytes_twist(&p->in, h->hello.random);
	h->hello.size = bytes_twist(&p->in, h->hello.size);
	h->hello.mapped_bytes = bytes_twist(&p->in, h->hello.mapped_bytes);
	h->hello.channels = (uint32_t)bytes_twist(&p->in, h->hello.channels);
	h->hello.arenas = (uint32_t)bytes_twist(&p->in, h->hello.arenas);
	h->hello.fds = (uint32_t)bytes_twist(&p->in, h->hello.fds);
	h->major = (uint16_t)bytes_twist(&p->in, h->major);
}

static void lie_in_head(struct play *p)
{
	for (uint64_t at = 0; at < sizeof(struct raw_head); at += 8)
		raw_store(&p->raw, at, bytes_twist(&p->in, *raw_word(&p->raw, at)));
}

/* Its region, made and sealed, and what it would say. */
static int prepare(struct play *p, int fd)
{
	unsigned how = bytes_u8(&p->in);
	int region;

	raw_init(&p->raw, fd);
	p->bell = -1;
	p->raw.head = raw_layout(PLAY_CHANNELS, how & 1 ? 0 : 4, PLAY_RING);
	p->raw.hello.hello.size = p->raw.head.size;
	p->raw.hello.hello.channels = PLAY_CHANNELS / 2;
	p->raw.hello.hello.features = (how & 2 ? 0x32 : 0x20) | (how & 8 ? RAW_ANSWERS : 0);
	p->raw.hello.hello.random = how & 4 ? 0 : UINT64_MAX;
	region = raw_region(&p->raw);
	if (how >= 240)
		lie_in_hello(p);
	if (how >= 232 && how < 240)
		lie_in_head(p);
	raw_seal(region, how == 231 ? F_SEAL_SHRINK : RAW_SEALS);
	return region;
}

void liar_begin(struct play *p, int fd)
{
	int region = prepare(p, fd);

	raw_say_hello(&p->raw, region);
	close(region);
}

void liar_connect(struct play *p, int fd)
{
	p->region = prepare(p, fd);
}

void liar_hello(struct play *p)
{
	struct raw_packet hello = p->raw.hello;
	unsigned how = bytes_u8(&p->in);
	uint32_t length = (uint32_t)bytes_twist(&p->in, hello.length) % sizeof(hello);

	if (how >= 224)
		hello.length = (uint32_t)bytes_word(&p->in);
	if (how < 192)
		raw_send(&p->raw, &hello, length, &p->region, 1);
	else
		send_with_fds(p, &hello, length, FD_REGION, 1);
}

/* ---- Packets --------------------------------------------------------------------------------------------------- */

static uint32_t an_id(struct play *p)
{
	return bytes_below(&p->in, PLAY_CHANNELS + 1);
}

static uint32_t generation_of(const struct play *p, uint32_t id)
{
	return id < PLAY_CHANNELS ? p->generation[id] : 1;
}

static void any_packet(struct play *p)
{
	struct raw_packet packet = raw_packet(bytes_below(&p->in, 24), 0);
	uint32_t length = bytes_u8(&p->in);

	packet.length = (uint32_t)bytes_twist(&p->in, length);
	packet.major = (uint16_t)bytes_twist(&p->in, 1);
	bytes_copy(&p->in, (char *)&packet + 8, length > 8 ? length - 8 : 0);
	send_with_fds(p, &packet, length, FD_ARENA, 0);
}

static void open_packet(struct play *p, unsigned kind)
{
	uint32_t id = an_id(p), generation = generation_of(p, id) + (kind == RAW_OPEN);
	struct raw_packet packet = raw_open_packet(&p->raw, kind, id, (uint32_t)bytes_twist(&p->in, generation));

	packet.open.ring_offset = bytes_twist(&p->in, packet.open.ring_offset);
	packet.open.fds = (uint32_t)bytes_twist(&p->in, 16);
	if (kind == RAW_OPEN) {
		packet.open.name_len = bytes_u8(&p->in) & 15;
		memset(packet.open.names, 'n', packet.open.name_len);
		packet.open.metadata_len = (uint16_t)bytes_twist(&p->in, 0);
		packet.length = (uint32_t)bytes_twist(&p->in, 40u + packet.open.name_len + packet.open.metadata_len) %
		                (sizeof(packet) + 1);
	}
	if (id < PLAY_CHANNELS) {
		p->generation[id] = packet.open.generation;
		if (!*raw_word(&p->raw, raw_chan(&p->raw.head, id, RAW_CARM)))
			raw_store(&p->raw, raw_chan(&p->raw.head, id, RAW_CARM), 1);
	}
	raw_say(&p->raw, &packet);
}

static void close_packet(struct play *p, unsigned kind)
{
	struct raw_packet packet = raw_packet(kind, 32);
	uint32_t id = an_id(p);

	packet.close.id = id;
	packet.close.generation = (uint32_t)bytes_twist(&p->in, generation_of(p, id));
	packet.close.reason = (int32_t)bytes_twist(&p->in, 0);
	packet.close.end = bytes_twist(&p->in, p->raw.wpos[id]);
	raw_say(&p->raw, &packet);
}

static void fds_packet(struct play *p)
{
	struct raw_packet packet = raw_packet(RAW_FDS, 16);
	unsigned count = 1 + bytes_below(&p->in, 4);

	packet.fds.seq = (uint32_t)bytes_twist(&p->in, p->raw.seq++);
	packet.fds.count = (uint32_t)bytes_twist(&p->in, count);
	send_with_fds(p, &packet, 16, 10, count);
}

static void arena_packet(struct play *p, unsigned kind)
{
	struct raw_packet packet = raw_packet(kind, 32);

	packet.arena.id = (uint32_t)bytes_twist(&p->in, bytes_below(&p->in, 4));
	packet.arena.reserved = (uint32_t)bytes_twist(&p->in, 1 + bytes_below(&p->in, 2)); /* writer */
	packet.arena.capacity = bytes_twist(&p->in, PLAY_ARENA_BYTES);
	packet.arena.base = bytes_u8(&p->in) & 1 ? bytes_twist(&p->in, 0x200000000000) : 0;
	send_with_fds(p, &packet, 32, kind == RAW_ARENA ? FD_ARENA : 5, 1);
}

static void short_packet(struct play *p)
{
	static const unsigned kinds[] = {RAW_FORGET, 20 /* MAPPED */, RAW_REFUSE, RAW_GOODBYE};
	unsigned kind = kinds[bytes_below(&p->in, 4)];
	struct raw_packet packet = raw_packet(kind, kind == RAW_REFUSE || kind == RAW_GOODBYE ? 128 : 16);

	packet.arena.id = (uint32_t)bytes_twist(&p->in, bytes_below(&p->in, 4)); /* or the reason */
	packet.arena.reserved = (uint32_t)bytes_twist(&p->in, 0);
	if (packet.length == 128)
		bytes_copy(&p->in, packet.word.text, bytes_below(&p->in, 112));
	raw_say(&p->raw, &packet);
}

static void eventfd_packet(struct play *p)
{
	struct raw_packet packet = raw_packet(RAW_EVENTFD, 8);

	send_with_fds(p, &packet, 8, FD_EVENTFD, 1);
}

static void ring_bell(struct play *p)
{
	struct raw_packet packet = raw_packet(RAW_BELL, 16);
	uint64_t count = bytes_twist(&p->in, 1);

	if (!p->raw.theirs)
		return;
	packet.sarm = bytes_twist(&p->in, raw_load(&p->raw, RAW_SARM));
	p->sarm = packet.sarm;
	if (p->bell < 0 || bytes_u8(&p->in) >= 240)
		raw_say(&p->raw, &packet);
	else
		(void)!write(p->bell, &count, sizeof(count));
}

/* One of ours, or the answer to the user's. */
static void heartbeat(struct play *p)
{
	struct raw_packet packet = raw_packet(RAW_HEARTBEAT, 8);

	if (bytes_u8(&p->in) & 1)
		raw_say(&p->raw, &packet);
	else
		raw_store(&p->raw, RAW_BEATS, bytes_twist(&p->in, *raw_word(&p->raw, RAW_BEATS) + 1));
}

/* All that came. */
static void read_packets(struct play *p)
{
	struct raw_packet packet;
	int kind;

	if (!p->raw.theirs && raw_meet(&p->raw) < 0)
		return;
	while ((kind = raw_recv(&p->raw, &packet)) > 0) {
		if (kind == RAW_EVENTFD && p->bell < 0 && p->raw.got_count == 1)
			p->bell = p->raw.got[--p->raw.got_count];
		if ((kind == RAW_OPEN || kind == RAW_ACCEPT) && packet.open.id < PLAY_CHANNELS)
			p->generation[packet.open.id] = packet.open.generation;
	}
}

/* ---- Rings ----------------------------------------------------------------------------------------------------- */

/* DATA, SPACE and a bell, where the user waits for them. */
static void answer(struct play *p, unsigned kind, uint32_t id, uint64_t *rung, uint64_t arm)
{
	if (*rung == arm)
		return;
	*rung = arm;
	raw_push(&p->raw, kind, id);
	if (raw_load(&p->raw, RAW_SARM) != p->sarm)
		ring_bell(p);
}

static void frame(struct play *p)
{
	uint32_t id = bytes_below(&p->in, PLAY_CHANNELS), how = bytes_u8(&p->in);
	unsigned loans = how >> 4 & 3, flags = how & 3, kind = how & 8 && loans ? RAW_LOAN : RAW_MESSAGE, n = 0;
	uint64_t words[32], header, body = kind == RAW_LOAN ? 0 : bytes_below(&p->in, 60);

	if (flags & RAW_TAG)
		words[n++] = bytes_word(&p->in);
	if (flags & RAW_HAS_FDS)
		words[n++] = bytes_twist(&p->in, (uint64_t)(p->raw.seq - 1) << 32 | (1 + bytes_below(&p->in, 4)));
	for (unsigned i = 0; i < loans; i++) {
		words[n++] = bytes_twist(&p->in, (uint64_t)bytes_below(&p->in, 4) << 48 | 64 * (uint64_t)bytes_u8(&p->in));
		words[n++] = bytes_twist(&p->in, bytes_u8(&p->in));
		words[n++] = bytes_twist(&p->in, bytes_u8(&p->in));
	}
	header = raw_header(kind, flags, loans, (uint32_t)(8 * n + body));
	header = bytes_twist(&p->in, header);
	if (!p->raw.theirs)
		return;
	raw_frame(&p->raw, id, header, words, n);
	answer(p, RAW_E_DATA, id, &p->carm[id], raw_load(&p->raw, raw_chan(&p->raw.their_head, id, RAW_CARM)));
}

/* To the end of the ring, as an honest sender does where the next frame has no room. */
static void pad(struct play *p)
{
	uint32_t id = bytes_below(&p->in, PLAY_CHANNELS);
	uint64_t left = PLAY_RING - p->raw.wpos[id] % PLAY_RING;

	*raw_at(&p->raw, id, 0) = raw_header(RAW_MESSAGE, 0, 0, 0);
	*raw_at(&p->raw, id, 8) = 0;
	raw_frame(&p->raw, id, bytes_twist(&p->in, raw_header(RAW_PAD, 0, 0, (uint32_t)(left - 8))), NULL, 0);
	p->raw.wpos[id] += 8;
}

static void note_loans(struct play *p, const uint64_t *words, uint64_t room)
{
	unsigned flags = words[0] >> 40 & 0xff, count = words[0] >> 48 & 0xff, at = 1 + (flags & 1) + (flags >> 1 & 1);

	for (unsigned i = 0; i < count && p->loan_count < 16 && 8 * (at + 3 * (uint64_t)(i + 1)) <= room; i++)
		p->loan[p->loan_count++] = words[at + 3 * i + 2];
}

/* Take what the user sent on a channel, and tell him. */
static void take_frames(struct play *p)
{
	uint32_t id = bytes_below(&p->in, PLAY_CHANNELS);
	const struct raw_head *h = &p->raw.their_head;
	const uint64_t *word;

	if (!p->raw.theirs)
		return;
	for (unsigned i = 0; i < 64; i++) { /* after a lie about our position it may go on for ever */
		uint64_t at = p->rpos[id] % h->ring_bytes / 8 * 8;

		word = (const uint64_t *)(const void *)(p->raw.theirs + raw_ring(h, id) + at);
		if (!*word)
			break;
		note_loans(p, word, h->ring_bytes - at);
		p->rpos[id] += (8 + (uint64_t)(uint32_t)*word + 7) / 8 * 8;
	}
	raw_store(&p->raw, raw_chan(&p->raw.head, id, RAW_POS), bytes_twist(&p->in, p->rpos[id]));
	answer(p, RAW_E_SPACE, id, &p->warm[id], raw_load(&p->raw, raw_chan(h, id, RAW_WARM)));
}

static void arm(struct play *p)
{
	static const unsigned at[] = {RAW_SARM, RAW_FDS_ARM, RAW_RETURNS_ARM, 0, 0, 0, 0, 0};
	unsigned which = bytes_below(&p->in, 8);
	uint64_t place = at[which];

	if (!place)
		place = raw_chan(&p->raw.head, which % PLAY_CHANNELS, which & 4 ? RAW_CARM : RAW_WARM);
	raw_store(&p->raw, place, *raw_word(&p->raw, place) + 1);
}

static void scribble(struct play *p)
{
	const struct raw_head *h = &p->raw.head;
	const uint64_t areas[] = {RAW_SARM,
	                          h->ready_offset,
	                          h->returns_offset,
	                          h->channels_offset,
	                          h->rings_offset,
	                          h->rings_offset + PLAY_RING,
	                          h->rings_offset + 2 * PLAY_RING,
	                          0};
	uint64_t at = areas[bytes_below(&p->in, 8)] + 8 * (uint64_t)bytes_u8(&p->in);

	raw_store(&p->raw, at % h->size, bytes_word(&p->in));
}

static void give_back(struct play *p)
{
	uint64_t id = p->loan_count ? p->loan[--p->loan_count] : 0;

	raw_return(&p->raw, bytes_twist(&p->in, id));
}

static void entry(struct play *p)
{
	raw_push(&p->raw, bytes_below(&p->in, 4), bytes_twist(&p->in, bytes_below(&p->in, PLAY_CHANNELS)));
}

static void leave(struct play *p)
{
	unsigned how = bytes_u8(&p->in);

	if (how >= 224)
		p->hung_up = true;
	if (how >= 240)
		shutdown(p->raw.fd, how & 1 ? SHUT_RDWR : SHUT_WR);
	else if (how >= 224)
		raw_drop_got(&p->raw);
}

void liar_step(struct play *p, unsigned what)
{
	static void (*const steps[])(
		struct play *) = {any_packet, fds_packet,  short_packet, eventfd_packet, ring_bell, read_packets, frame, frame,
	                          pad,        take_frames, arm,          scribble,       scribble,  give_back,    entry, leave};

	if (what < 16)
		steps[what](p);
	else if (what < 18)
		open_packet(p, what == 16 ? RAW_OPEN : RAW_ACCEPT);
	else if (what < 20)
		close_packet(p, what == 18 ? RAW_CLOSE : RAW_DECLINE);
	else if (what < 22)
		arena_packet(p, what == 20 ? RAW_ARENA : 21);
	else if (what == 22)
		heartbeat(p);
	else
		read_packets(p);
}

void liar_end(struct play *p)
{
	raw_finish(&p->raw);
	if (p->bell >= 0)
		close(p->bell);
	p->bell = -1;
	if (p->region > 0)
		close(p->region);
	p->region = 0;
}
