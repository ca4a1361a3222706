/* core/rpc/structured/letter.c - a received message read where it lies. The peer may still change its bytes; what is decided
 * here rests on the msg alone, which is ours. */
#include <rill/letter.h>

#include <errno.h>

static const uint64_t null_root; /* of a message without a segment */

static int add(struct rill_letter *l, size_t *count, const void *data, size_t len)
{
	if (len % RILL_WORD || (uintptr_t)data % RILL_WORD)
		return -EBADMSG;
	l->segments[*count].words = data;
	l->segments[(*count)++].count = len / RILL_WORD;
	return 0;
}

/* The body, if there is one, then the loans that the mark counts. */
static int gather(struct rill_letter *l, size_t *ret_count)
{
	const struct rill_msg *msg = l->msg;
	int e = msg->len ? add(l, ret_count, msg->data, msg->len) : 0;

	for (unsigned i = 0; i < l->lent && e == 0; i++) {
		const void *data = NULL;
		size_t len = 0;

		e = rill_msg_loan(msg, i, &data, &len);
		if (e == 0)
			e = add(l, ret_count, data, len);
	}
	if (e == 0 && !*ret_count)
		e = add(l, ret_count, &null_root, sizeof(null_root));
	return e;
}

static uint64_t words_of(const struct rill_letter *l, size_t count)
{
	uint64_t words = 0;

	for (size_t i = 0; i < count; i++)
		words += l->segments[i].count;
	return 2 * words > RILL_TRAVERSAL_WORDS ? 2 * words : RILL_TRAVERSAL_WORDS;
}

static bool names_words(const struct rill_reader_options *o)
{
	return o && o->size >= offsetof(struct rill_reader_options, words) + sizeof(o->words) && o->words;
}

int rill_letter_open(struct rill_letter *letter, struct rill_msg *msg, const struct rill_reader_options *options)
{
	size_t count = 0;
	int e;

	if (!letter || !msg)
		return -EINVAL;
	letter->msg = msg;
	letter->lent = rill_rpc_mark(msg);
	if (letter->lent > msg->loan_count)
		return -EBADMSG;
	e = gather(letter, &count);
	if (e < 0)
		return e;
	e = rill_reader_init(&letter->reader, letter->segments, count, options);
	if (e == 0 && !names_words(options))
		letter->reader.words = words_of(letter, count);
	return e;
}

/* The index, or -ENOENT, -EBADMSG. */
static int capability(struct rill_pointer pointer, uint32_t *ret_index)
{
	int r = rill_pointer_read_capability(ret_index, pointer);

	if (r < 0)
		return -EBADMSG;
	return r ? 0 : -ENOENT;
}

int rill_letter_take_fd(struct rill_letter *letter, struct rill_pointer pointer)
{
	uint32_t index;
	int e = letter ? capability(pointer, &index) : -EINVAL;

	if (e < 0)
		return e;
	return index < letter->msg->fd_count ? rill_msg_take_fd(letter->msg, index) : -EBADMSG;
}

int rill_letter_loan(struct rill_letter *letter, struct rill_pointer pointer, const void **ret_data, size_t *ret_len)
{
	uint32_t index;
	int e = letter ? capability(pointer, &index) : -EINVAL;

	if (e < 0)
		return e;
	if (index < letter->msg->fd_count || index - letter->msg->fd_count >= letter->msg->loan_count - letter->lent)
		return -EBADMSG;
	return rill_msg_loan(letter->msg, letter->lent + index - letter->msg->fd_count, ret_data, ret_len);
}
