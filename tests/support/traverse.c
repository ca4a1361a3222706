/* tests/support/traverse.c - it knows no schema: it looks at what there is as each thing it can be read as. */
#include "tests/support/traverse.h"

#include <stdlib.h>

struct look {
	uint64_t sum, left;
};

static void at_pointer(struct look *look, struct rill_pointer p);

static void at_struct(struct look *look, struct rill_struct s)
{
	uint32_t i;

	for (i = 0; i < s.data_bytes; i++)
		look->sum += rill_struct_u8(s, i, 0);
	look->sum +=
		rill_struct_u64(s, 8, 1) ^ rill_struct_u32(s, 4, 1) ^ rill_struct_u16(s, 2, 1) ^ rill_struct_bool(s, 3, true);
	for (i = 0; i < s.pointers && look->left; i++)
		at_pointer(look, rill_struct_pointer(s, i));
}

static void at_list(struct look *look, struct rill_list l)
{
	size_t i;

	for (i = 0; i < l.count && look->left; i++) {
		look->left--;
		look->sum += rill_list_u64(l, i) ^ rill_list_bool(l, i) ^ rill_list_u8(l, i) ^ rill_list_u16(l, i);
		look->sum += rill_list_u32(l, i);
		if (l.kind >= RILL_LIST_POINTER)
			at_struct(look, rill_list_struct(l, i));
	}
}

static void at_pointer(struct look *look, struct rill_pointer p)
{
	struct rill_struct s;
	struct rill_list l;
	struct rill_text t;
	uint32_t index;
	size_t i;

	if (!look->left)
		return;
	look->left--;
	switch (rill_pointer_read_kind(p)) {
	case RILL_POINTER_STRUCT:
		if (rill_pointer_read_struct(&s, p) == 1)
			at_struct(look, s);
		break;
	case RILL_POINTER_LIST:
		if (rill_pointer_read_text(&t, p) == 1) {
			for (i = 0; i <= t.len; i++)
				look->sum += rill_load_u8(t.at + i);
		}
		if (rill_pointer_read_list(&l, p, RILL_LIST_ANY) == 1)
			at_list(look, l);
		look->sum += rill_pointer_list(p, RILL_LIST_4BYTES).count + rill_pointer_list(p, RILL_LIST_STRUCT).count;
		break;
	case RILL_POINTER_CAPABILITY:
		if (rill_pointer_read_capability(&index, p) == 1)
			look->sum += index;
		break;
	default:
		break;
	}
}

uint64_t traverse(struct rill_pointer p, uint64_t most)
{
	struct look look = {0, most};

	at_pointer(&look, p);
	return look.sum;
}

static int copied(struct rill_pointer root)
{
	struct rill_reader again;
	struct rill_builder b;
	struct rill_size size;
	int r, line = 0;

	if (rill_builder_init(&b, NULL) < 0)
		return 0;
	r = rill_slot_copy(rill_builder_root(&b), root);
	if (rill_builder_reader(&b, &again, NULL) < 0)
		line = __LINE__;
	else if (r < 0 && rill_pointer_has(rill_reader_root(&again)))
		line = __LINE__;
	else if (r == 0 && rill_pointer_read_size(&size, rill_reader_root(&again)) == -EBADMSG)
		line = __LINE__; /* what was copied is whole, however broken the source */
	rill_builder_finish(&b);
	return line;
}

static int canonicalised(struct rill_pointer root, uint64_t words)
{
	uint64_t *to = malloc((size_t)(words + 1) * RILL_WORD), *again;
	struct rill_reader reader;
	struct rill_segment one;
	ssize_t n, m;
	int line = 0;

	if (!to)
		return 0;
	n = rill_canonical_write(to, (size_t)words + 1, root);
	if (n > 0) {
		one.words = to;
		one.count = (size_t)n;
		again = malloc((size_t)n * RILL_WORD);
		if (!again || rill_reader_init(&reader, &one, 1, NULL) < 0)
			line = __LINE__;
		else if ((m = rill_canonical_write(again, (size_t)n, rill_reader_root(&reader))) != n ||
		         memcmp(to, again, (size_t)n * 8))
			line = m == -EMSGSIZE ? 0 : __LINE__; /* zero-sized elements may cost more than they take */
		free(again);
	}
	free(to);
	return line;
}

int traverse_all(const struct rill_segment *segments, size_t count, uint64_t words)
{
	struct rill_reader_options options = {.size = sizeof(options), .words = words};
	struct rill_reader reader;
	struct rill_size size;
	int line = 0;

	if (rill_reader_init(&reader, segments, count, &options) < 0)
		return 0;
	traverse(rill_reader_root(&reader), 10000);
	if (rill_reader_init(&reader, segments, count, &options) < 0)
		return __LINE__;
	if (rill_pointer_read_size(&size, rill_reader_root(&reader)) == 0) {
		if (size.words > words + words / 64 + 1)
			return __LINE__;
		rill_reader_init(&reader, segments, count, &options);
		line = canonicalised(rill_reader_root(&reader), size.words);
	}
	if (line)
		return line;
	rill_reader_init(&reader, segments, count, &options);
	return copied(rill_reader_root(&reader));
}
