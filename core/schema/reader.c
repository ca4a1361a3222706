/* core/schema/reader.c - views of a received message: a view is made only of what was checked, in private memory. */
#include "schema/pointer.h"

#include <errno.h>
#include <stddef.h>

/* Does the caller know this field? */
#define HAS(o, field) ((o)->size >= offsetof(struct rill_reader_options, field) + sizeof((o)->field))

static int check_options(const struct rill_reader_options *o)
{
	if (!o)
		return 0;
	if (o->size < sizeof(o->size))
		return -EINVAL;
	if (o->size > sizeof(*o))
		return -E2BIG;
	return HAS(o, depth) && o->depth > RILL_DEPTH_MAX ? -EINVAL : 0;
}

static int check_segments(const struct rill_segment *segments, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!segments[i].words || (uintptr_t)segments[i].words % RILL_WORD)
			return -EINVAL;
		if (segments[i].count > UINT32_MAX)
			return -EMSGSIZE;
	}
	return !count || !segments[0].count ? -EBADMSG : 0;
}

int rill_reader_init(struct rill_reader *reader, const struct rill_segment *segments, size_t count,
                     const struct rill_reader_options *options)
{
	int e = !reader || (!segments && count) ? -EINVAL : check_options(options);

	if (e == 0)
		e = check_segments(segments, count);
	if (e < 0)
		return e;
	reader->segments = segments;
	reader->count = count;
	reader->words = options && HAS(options, words) && options->words ? options->words : RILL_TRAVERSAL_WORDS;
	reader->depth = options && HAS(options, depth) && options->depth ? options->depth : RILL_DEPTH;
	reader->error = 0;
	return 0;
}

/* ---- pointers ------------------------------------------------------------------------------------------------------- */

static struct rill_pointer pointer_at(struct rill_reader *reader, const struct rill_segment *segment, uint32_t at,
                                      uint32_t depth)
{
	struct rill_pointer p = {reader, segment, rill_load_u64(segment_at(segment, at)), at, depth};

	return p;
}

static const struct rill_pointer no_pointer;

struct rill_pointer rill_pointer_or(struct rill_pointer p, const struct rill_segment *otherwise)
{
	return p.word ? p : rill_segment_root(otherwise);
}

struct rill_pointer rill_segment_root(const struct rill_segment *segment)
{
	if (!segment || !segment->count)
		return no_pointer;
	return pointer_at(NULL, segment, 0, RILL_DEPTH_MAX);
}

/* Step down to what p points at: 1, 0 or negative. */
static int follow(struct object *ret, struct rill_pointer p)
{
	if (p.word && !p.depth)
		return rill_reader_fail(p.reader, -ELOOP);
	return object_find(ret, p);
}

int rill_pointer_read_kind(struct rill_pointer p)
{
	struct object o;
	int r = object_find(&o, p);

	if (r <= 0)
		return r < 0 ? r : RILL_POINTER_NULL;
	switch (word_kind(o.word)) {
	case WORD_STRUCT:
		return RILL_POINTER_STRUCT;
	case WORD_LIST:
		return RILL_POINTER_LIST;
	default:
		return RILL_POINTER_CAPABILITY;
	}
}

int rill_pointer_read_capability(uint32_t *ret_index, struct rill_pointer p)
{
	struct object o;
	int r;

	if (!ret_index)
		return -EINVAL;
	r = object_find(&o, p);
	if (r <= 0)
		return r;
	if (word_kind(o.word) != WORD_OTHER)
		return rill_reader_fail(p.reader, -EBADMSG);
	*ret_index = (uint32_t)(o.word >> 32);
	return 1;
}

/* ---- structs -------------------------------------------------------------------------------------------------------- */

static const struct rill_struct no_struct;

/* Of what was checked. */
static inline void view(struct rill_struct *ret, struct rill_pointer p, const struct rill_segment *segment, uint64_t word,
                        uint64_t at)
{
	ret->reader = p.reader;
	ret->segment = segment;
	ret->data = segment_at(segment, at);
	ret->data_bytes = rill_word_data_words(word) * 8;
	ret->at = (uint32_t)at + rill_word_data_words(word);
	ret->pointers = rill_word_pointers(word);
	ret->depth = p.depth - 1;
}

static __attribute__((noinline)) int far_struct(struct rill_struct *ret, struct rill_pointer p)
{
	struct object o;
	int r = follow(&o, p);

	if (r <= 0)
		return r;
	r = object_struct(&o, p.reader);
	if (r < 0)
		return r;
	view(ret, p, o.segment, o.word, o.at);
	return 1;
}

/* 1, 0 or negative (*ret is untouched). */
static inline int read_struct(struct rill_struct *ret, struct rill_pointer p)
{
	return rill_pointer_near_struct(ret, p) ? 1 : far_struct(ret, p);
}

int rill_pointer_read_struct(struct rill_struct *ret, struct rill_pointer p)
{
	int r;

	if (!ret)
		return -EINVAL;
	r = read_struct(ret, p);
	if (r == 0)
		*ret = no_struct;
	return r;
}

struct rill_struct rill_pointer_struct_any(struct rill_pointer p)
{
	struct rill_struct s;

	if (read_struct(&s, p) <= 0)
		s = no_struct;
	return s;
}

/* ---- lists ---------------------------------------------------------------------------------------------------------- */

static const struct rill_list no_list;

static void lay_out(struct rill_list *l, const struct elements *e)
{
	l->kind = (uint8_t)e->kind;
	l->count = (uint32_t)e->count;
	l->pointers = 0;
	l->data_bytes = kind_bits(e->kind) / 8;
	if (e->kind == RILL_LIST_STRUCT) {
		l->data_bytes = rill_word_data_words(e->tag) * 8;
		l->pointers = (uint16_t)rill_word_pointers(e->tag);
	} else if (e->kind == RILL_LIST_POINTER) {
		l->pointers = 1;
	}
	l->step = l->data_bytes + l->pointers * 8u;
}

/* May a list that is stored like this be read as one of `kind`? Schemas change: a list of plain values or pointers becomes
 * one of structs, whose first field is what the element was; the old reader sees that field. Bits stay bits. */
static bool reads_as(const struct rill_list *l, enum rill_list_kind kind)
{
	switch (kind) {
	case RILL_LIST_ANY:
	case RILL_LIST_VOID:
		return true;
	case RILL_LIST_BIT:
		return l->kind == RILL_LIST_BIT;
	case RILL_LIST_BYTE:
	case RILL_LIST_2BYTES:
	case RILL_LIST_4BYTES:
	case RILL_LIST_8BYTES:
		return l->data_bytes * 8 >= kind_bits((unsigned)kind);
	case RILL_LIST_POINTER:
		return l->pointers > 0;
	case RILL_LIST_STRUCT:
		return l->kind != RILL_LIST_BIT;
	}
	return false;
}

int rill_pointer_read_list(struct rill_list *ret, struct rill_pointer p, enum rill_list_kind kind)
{
	struct rill_list l = no_list;
	struct elements e;
	struct object o;
	int r;

	if (!ret || (unsigned)kind > RILL_LIST_ANY)
		return -EINVAL;
	r = follow(&o, p);
	if (r == 0)
		*ret = no_list;
	if (r <= 0)
		return r;
	r = object_list(&e, &o, p.reader);
	if (r < 0)
		return r;
	lay_out(&l, &e);
	if (!reads_as(&l, kind))
		return rill_reader_fail(p.reader, -EBADMSG);
	l.reader = p.reader;
	l.segment = o.segment;
	l.data = segment_at(o.segment, e.at);
	l.at = (uint32_t)e.at;
	l.depth = p.depth - 1;
	*ret = l;
	return 1;
}

struct rill_list rill_pointer_list(struct rill_pointer p, enum rill_list_kind kind)
{
	struct rill_list l = no_list;

	rill_pointer_read_list(&l, p, kind);
	return l;
}

const void *rill_list_raw(struct rill_list l, size_t bytes)
{
	return l.kind < RILL_LIST_POINTER && bytes && bytes == l.data_bytes ? l.data : NULL;
}

/* ---- text and data -------------------------------------------------------------------------------------------------- */

static const struct rill_text no_text = {"", 0};
static const struct rill_data no_data = {"", 0};

static int far_bytes(struct rill_data *ret, struct rill_pointer p)
{
	struct rill_list l;
	int r = rill_pointer_read_list(&l, p, RILL_LIST_ANY);

	if (r <= 0)
		return r;
	if (l.kind != RILL_LIST_BYTE)
		return rill_reader_fail(p.reader, -EBADMSG);
	ret->at = l.data;
	ret->len = l.count;
	return 1;
}

/* 1, 0 (*ret is untouched) or negative. */
static inline int read_bytes(struct rill_data *ret, struct rill_pointer p)
{
	if (!p.word)
		return 0;
	return rill_pointer_near_bytes(ret, p) ? 1 : far_bytes(ret, p);
}

int rill_pointer_read_data(struct rill_data *ret, struct rill_pointer p)
{
	int r;

	if (!ret)
		return -EINVAL;
	r = read_bytes(ret, p);
	if (r == 0)
		*ret = no_data;
	return r;
}

/* The NUL is looked at once. */
static inline int read_text(struct rill_text *ret, struct rill_pointer p)
{
	struct rill_data d = no_data;
	int r = read_bytes(&d, p);

	if (r <= 0)
		return r;
	if (!d.len || rill_load_u8((const unsigned char *)d.at + d.len - 1))
		return rill_reader_fail(p.reader, -EBADMSG);
	ret->at = (const char *)d.at;
	ret->len = d.len - 1;
	return 1;
}

int rill_pointer_read_text(struct rill_text *ret, struct rill_pointer p)
{
	int r;

	if (!ret)
		return -EINVAL;
	r = read_text(ret, p);
	if (r == 0)
		*ret = no_text;
	return r;
}

struct rill_data rill_pointer_data_any(struct rill_pointer p)
{
	struct rill_data d = no_data;

	rill_pointer_read_data(&d, p);
	return d;
}

struct rill_text rill_pointer_text_any(struct rill_pointer p)
{
	struct rill_text t = no_text;

	read_text(&t, p);
	return t;
}

ssize_t rill_text_copy(char *to, size_t room, struct rill_text text)
{
	if (!to)
		return -EINVAL;
	if (room <= text.len)
		return -ENOBUFS;
	if (text.len)
		memcpy(to, text.at, text.len);
	to[text.len] = 0;
	return (ssize_t)text.len;
}

bool rill_text_equals(struct rill_text text, const char *string)
{
	return string && strlen(string) == text.len && (!text.len || memcmp(text.at, string, text.len) == 0);
}
