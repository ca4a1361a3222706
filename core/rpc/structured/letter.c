/* core/rpc/structured/letter.c - a received message read where it lies. The peer may still change its bytes; what is decided
 * here rests on the msg alone, which is ours. */
#include <rill/letter.h>

#include <errno.h>

static const uint64_t null_root; /* of a message without a segment */

static int put(struct rill_segment *segment, const void *data, size_t len)
{
	if (len % RILL_WORD || (uintptr_t)data % RILL_WORD)
		return -EBADMSG;
	segment->words = data;
	segment->count = len / RILL_WORD;
	return 0;
}

static int put_loan(struct rill_segment *segment, const struct rill_msg *msg, unsigned index)
{
	const void *data = NULL;
	size_t len = 0;
	int e = rill_msg_loan(msg, index, &data, &len);

	return e < 0 ? e : put(segment, data, len);
}

/* The loans that the mark counts, behind the body if there is one. How many segments, or negative. */
static int put_loans(struct rill_letter *l)
{
	int count = l->msg->len ? 1 : 0, e = 0;

	for (unsigned i = 0; i < l->lent && e == 0; i++)
		e = put_loan(&l->segments[count++], l->msg, i);
	return e < 0 ? e : count;
}

static int gather(struct rill_letter *l)
{
	const struct rill_msg *msg = l->msg;
	int e = 0;

	if (msg->len)
		e = put(&l->segments[0], msg->data, msg->len);
	else if (!l->lent)
		e = put(&l->segments[0], &null_root, sizeof(null_root));
	if (e < 0 || !l->lent)
		return e < 0 ? e : 1;
	return put_loans(l);
}

static uint64_t words_of(const struct rill_letter *l, int count)
{
	uint64_t words = l->segments[0].count;

	for (int i = 1; i < count; i++)
		words += l->segments[i].count;
	return 2 * words > RILL_TRAVERSAL_WORDS ? 2 * words : RILL_TRAVERSAL_WORDS;
}

static bool names_words(const struct rill_reader_options *o)
{
	return o && o->size >= offsetof(struct rill_reader_options, words) + sizeof(o->words) && o->words;
}

int rill_letter_open_any(struct rill_letter *letter, struct rill_msg *msg, const struct rill_reader_options *options)
{
	int count, e;

	if (!letter || !msg)
		return -EINVAL;
	letter->msg = msg;
	letter->lent = rill_rpc_mark(msg);
	if (letter->lent > msg->loan_count)
		return -EBADMSG;
	count = gather(letter);
	if (count < 0)
		return count;
	e = rill_reader_init(&letter->reader, letter->segments, (size_t)count, options);
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
