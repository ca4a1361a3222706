/* tests/fuzz/service.c - a peer that says anything to a directory of ours, or as a directory to names of ours, and lends
 * anything as an object, a cell, marks. What is found lies within what was lent; each find ends once. */
#include "tests/fuzz/support/duo.h"

#include <errno.h>
#include <rill/cell.h>
#include <rill/directory.h>
#include <rill/object.h>

enum { FINDS = 16, STEPS = 300, OBJECT = 0, CELL = 1 };

struct scene {
	struct duo duo;
	struct rill_arena *arena; /* ours */
	struct rill_directory *directory;
	struct rill_cell *cell;
	struct rill_names *names;
	struct rill_cell_reader *reader[2];
	unsigned char ended[FINDS];
	unsigned asked;
	struct rill_msg object; /* found and kept */
	bool has_object;
};

/* Little-endian, as docs/protocol.md has it. */
struct message {
	uint32_t kind, arg;
	uint64_t id;
	char name[8];
};

static uint64_t id_of(const struct rill_msg *msg)
{
	struct message m = {0};

	if (msg->len >= 16)
		memcpy(&m, msg->data, 16);
	return msg->tag ? msg->tag : m.id;
}

static int on_offer(struct duo *d, struct rill_channel *ch)
{
	struct scene *s = (struct scene *)(void *)d; /* its first member */

	return s->directory ? rill_directory_serve(s->directory, ch) : -EACCES;
}

static void use_object(const struct rill_msg *msg)
{
	struct rill_object o;
	const void *data;
	size_t len;

	if (rill_msg_loan(msg, 0, &data, &len) < 0)
		still_broken("found, and not lent", 0);
	if (rill_object_look(data, len, &o) == 0 && ((const char *)o.data != data || o.len > len))
		still_broken("an object that is not within its loan", (long long)o.len);
}

static void on_found(struct rill_find *find, int result, struct rill_msg *msg, void *user)
{
	unsigned char *ended = user;

	(void)find;
	if ((*ended)++ || (result == 0) != (msg != NULL))
		still_broken("a find that ended twice, or with nothing", result);
	if (!msg)
		return;
	use_object(msg);
	rill_msg_release(msg);
}

static void on_reader_closed(struct rill_cell_reader *r, int why, void *user)
{
	struct scene *s = user;

	(void)why;
	for (unsigned i = 0; i < 2; i++)
		if (s->reader[i] == r)
			s->reader[i] = NULL;
	rill_cell_reader_close(r);
}

static const struct rill_cell_reader_events reader_events = {.size = sizeof(reader_events), .closed = on_reader_closed};

/* ---- Ours ------------------------------------------------------------------------------------------------------- */

static void find(struct scene *s)
{
	unsigned how = bytes_u8(&s->duo.in), at = how >> 2 & 1;

	if (!s->names)
		return;
	if (how & 1) {
		if (!s->reader[at] &&
		    rill_cell_reader_open(&s->reader[at], s->names, "c", how & 2 ? RILL_FIND_WAIT : 0, &reader_events, s) < 0)
			s->reader[at] = NULL;
	} else if (s->asked < FINDS &&
	           rill_names_find(NULL, s->names, "o", how & 2 ? RILL_FIND_WAIT : 0, on_found, &s->ended[s->asked]) == 0) {
		s->asked++;
	}
}

static void read_cell(struct scene *s)
{
	unsigned how = bytes_u8(&s->duo.in), at = how & 1;
	struct rill_cell_view view;

	if (!s->reader[at])
		return;
	if (how & 128) {
		rill_cell_reader_close(s->reader[at]);
		s->reader[at] = NULL;
	} else if (how & 64) {
		rill_cell_done(s->reader[at]);
	} else if (rill_cell_read(s->reader[at], &view) == 0 && view.len) {
		(void)((const volatile char *)view.data)[0];
		(void)((const volatile char *)view.data)[view.len - 1];
	}
}

static void serve(struct scene *s)
{
	unsigned how = bytes_u8(&s->duo.in);

	if (!s->directory)
		return;
	if (how & 1)
		(void)!rill_cell_write(s->cell, "value", how % 6);
	else if (how & 2)
		rill_directory_withdraw(s->directory, "o");
	else if (how & 4)
		rill_cell_held(s->cell);
}

/* ---- The peer's ------------------------------------------------------------------------------------------------- */

static void say(struct scene *s)
{
	static const uint32_t kinds[] = {1, 2, 3, 17, 18, 19, 0, 4};
	struct bytes *in = &s->duo.in;
	struct message m = {.kind = kinds[bytes_below(in, 8)]};
	unsigned named;

	m.arg = (uint32_t)bytes_twist(in, 1 + bytes_below(in, 2));
	if (bytes_u8(in) & 1)
		m.arg |= 0x100;
	m.id = bytes_u8(in) & 1 ? duo_id(&s->duo) : bytes_twist(in, UINT64_C(1) << 32 | bytes_below(in, 4));
	named = m.kind == 1 ? 1 : bytes_u8(in) >= 240;
	m.name[0] = bytes_u8(in) & 1 ? 'c' : 'o';
	duo_say(&s->duo, &m, bytes_twist(in, 16 + named) % sizeof(m), bytes_u8(in) >= 250, false);
}

static void lend(struct scene *s)
{
	struct bytes *in = &s->duo.in;

	duo_say(&s->duo, NULL, 0, bytes_u8(in) & 1 ? duo_id(&s->duo) : bytes_twist(in, 1), true);
}

/* What a cell of two slots begins with, an object at its end. */
static void build(struct scene *s)
{
	uint64_t *w = s->duo.block, *end = w + DUO_BLOCK / 16;

	w[0] = UINT64_C(0x314c45434c4c4952);
	w[1] = 2;
	w[2] = 1 << 8; /* current: number 1, slot 0 */
	w[8] = 1;
	w[9] = 4096;
	w[10] = 64;
	end[-4] = UINT64_C(0x314a424f4c4c4952);
	end[-3] = 7;
	end[-2] = 100;
	end[-1] = 1;
}

static void step(struct scene *s, unsigned what)
{
	static void (*const steps[])(struct scene *) = {say, lend, build, find, read_cell, serve};

	if (what < 6)
		steps[what](s);
	else if (what < 8)
		duo_scribble(&s->duo);
	else if (what == 8)
		s->duo.now += 10000000 * (uint64_t)bytes_u8(&s->duo.in);
	else if (what == 9)
		duo_release(&s->duo);
	else
		duo_run(&s->duo);
}

/* ---- The play --------------------------------------------------------------------------------------------------- */

static void begin_directory(struct scene *s)
{
	static const struct rill_object_type type = {.size = sizeof(type), .tag = 7, .version = 1};
	struct rill_directory_options o = {.size = sizeof(o), .finds = 8};
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = 1 << 17};
	struct rill_cell_options co = {.size = sizeof(co), .versions = 3};
	uint32_t version = 1;
	void *object;

	if (rill_directory_create(&s->directory, s->duo.ctx, &o) < 0 || rill_arena_create(&s->arena, s->duo.ctx, &ao) < 0)
		still_broken("no directory", 0);
	object = rill_object_create(s->arena, &type, 100, NULL);
	if (!object || rill_directory_publish(s->directory, "o", s->arena, object) < 0 ||
	    rill_cell_create(&s->cell, s->directory, "c", s->arena, &co, NULL, NULL) < 0)
		still_broken("nothing to publish", 0);
	version = (uint32_t)bytes_twist(&s->duo.in, version);
	duo_open(&s->duo, "rill.directory", &version, sizeof(version));
}

static void begin_names(struct scene *s)
{
	struct rill_names_options o = {.size = sizeof(o), .finds = 8};

	if (rill_names_open(&s->names, s->duo.ours, &o) < 0)
		still_broken("no names", 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct scene s = {.duo = {.in = {bytes, len}, .offer = on_offer, .id_of = id_of}};

	duo_begin(&s.duo);
	if (bytes_u8(&s.duo.in) & 1)
		begin_directory(&s);
	else
		begin_names(&s);
	duo_run(&s.duo);
	for (unsigned i = 0; i < STEPS && s.duo.in.left; i++)
		step(&s, bytes_below(&s.duo.in, 14));
	duo_end(&s.duo);
	return 0;
}

size_t fuzz_seed(unsigned n, uint8_t *to, size_t room)
{
	/* names: a find that is answered, a cell that is read; a directory: marks, a cell, an object, an end */
	static const uint8_t seeds[][40] = {
		{0, 3, 0,  12, 2, 1, 1,  0, 0, 0, 0, 12, 3, 1, 12, 1, 1, 1, 0,
	         0, 0, 12, 4,  0, 4, 64, 0, 4, 0, 0, 0,  1, 1, 0,  0, 0, 0, 12},
		{0, 3, 1, 12, 2, 1,  1, 1, 0, 0, 0, 12, 4, 0, 12, 4, 64, 7,
	         2, 7, 3, 4,  0, 12, 0, 5, 0, 0, 0, 1,  1, 0, 0,  0, 0,  12},
		{1,  0, 1, 0,  0, 0, 0, 12, 0, 0, 1, 0, 0, 0, 0, 0,  1, 0, 0,
	         12, 5, 5, 12, 0, 0, 0, 0,  0, 0, 1, 0, 0, 0, 0, 12, 0, 1},
	};

	if (n >= 3 || room < sizeof(seeds[0]))
		return 0;
	memcpy(to, seeds[n], sizeof(seeds[0]));
	return sizeof(seeds[0]);
}
