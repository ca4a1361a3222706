/* core/schema/size.c - how much an object and all below it is. The stack is bounded by the depth limit. */
#include "schema/pointer.h"

#include <errno.h>

/* Pointers of an object that are still to be followed; `elements` counts the current one. */
struct run {
	const struct rill_segment *segment;
	uint64_t at; /* first pointer of the current element */
	uint64_t elements;
	uint64_t step;
	uint32_t pointers, next;
};

struct walk {
	struct rill_reader *reader;
	struct rill_size size;
	unsigned depth, height;
	struct run runs[RILL_DEPTH_MAX];
};

static void push(struct walk *w, const struct run *run)
{
	if (run->pointers && run->elements)
		w->runs[w->height++] = *run;
}

static int enter_struct(struct walk *w, const struct object *o)
{
	struct run run = {o->segment, o->at + rill_word_data_words(o->word), 1, 0, rill_word_pointers(o->word), 0};
	int r = object_struct(o, w->reader);

	if (r < 0)
		return r;
	w->size.words += struct_words(o->word);
	push(w, &run);
	return 0;
}

static int enter_list(struct walk *w, const struct object *o)
{
	struct run run = {o->segment, 0, 1, 0, 0, 0};
	struct elements e;
	int r = object_list(&e, o, w->reader);

	if (r < 0)
		return r;
	w->size.words += e.words + (e.kind == RILL_LIST_STRUCT);
	run.at = e.at;
	if (e.kind == RILL_LIST_POINTER) {
		run.pointers = (uint32_t)e.count;
	} else if (e.kind == RILL_LIST_STRUCT) {
		run.at += rill_word_data_words(e.tag);
		run.elements = e.count;
		run.step = struct_words(e.tag);
		run.pointers = rill_word_pointers(e.tag);
	}
	push(w, &run);
	return 0;
}

static int enter(struct walk *w, struct rill_pointer p)
{
	struct object o;
	int r = object_find(&o, p);

	if (r <= 0)
		return r;
	if (word_kind(o.word) == WORD_OTHER) {
		w->size.capabilities++;
		return 0;
	}
	if (w->height >= w->depth)
		return rill_reader_fail(w->reader, -ELOOP);
	return word_kind(o.word) == WORD_STRUCT ? enter_struct(w, &o) : enter_list(w, &o);
}

/* The next pointer of a run; a run without elements is done. */
static struct rill_pointer next_pointer(struct walk *w, struct run *run)
{
	struct rill_pointer p = {w->reader, run->segment, 0, (uint32_t)(run->at + run->next), 0};

	p.word = rill_load_u64(segment_at(run->segment, p.at));
	if (++run->next == run->pointers) {
		run->next = 0;
		run->at += run->step;
		run->elements--;
	}
	return p;
}

int rill_pointer_read_size(struct rill_size *ret_size, struct rill_pointer p)
{
	struct walk w;
	int r;

	if (!ret_size)
		return -EINVAL;
	w.reader = p.reader;
	w.size.words = 0;
	w.size.capabilities = 0;
	w.depth = p.depth < RILL_DEPTH_MAX ? p.depth : RILL_DEPTH_MAX;
	w.height = 0;
	r = enter(&w, p);
	while (r == 0 && w.height) {
		struct run *run = &w.runs[w.height - 1];

		if (run->elements)
			r = enter(&w, next_pointer(&w, run));
		else
			w.height--;
	}
	if (r < 0)
		return r;
	*ret_size = w.size;
	return 0;
}
