/* core/rpc/structured/source.c - segments from an arena: few and growing, for a frame lends at most RILL_LOANS_MAX. */
#include <rill/letter.h>

#include <errno.h>

#define FIRST_WORDS 8192 /* 64 KiB, a page run of the built-in allocator */

static void *take(void *user, size_t least, size_t *words)
{
	struct rill_arena_source *s = user;
	size_t want = s->words > FIRST_WORDS ? s->words : FIRST_WORDS;
	void *block;

	if (want < least)
		want = least;
	if (want > SIZE_MAX / RILL_WORD)
		return NULL;
	block = rill_arena_alloc(s->arena, want * RILL_WORD);
	if (!block && want > least) {
		want = least;
		block = rill_arena_alloc(s->arena, want * RILL_WORD);
	}
	if (!block)
		return NULL;
	s->words += want;
	*words = want;
	return block;
}

static void give(void *user, void *segment)
{
	struct rill_arena_source *s = user;

	s->words = 0;
	rill_arena_free(s->arena, segment);
}

void rill_arena_source_init(struct rill_arena_source *source, struct rill_arena *arena, struct rill_builder_options *options)
{
	if (!source || !options)
		return;
	*source = (struct rill_arena_source){.arena = arena};
	options->take = take;
	options->give = give;
	options->user = source;
}

int rill_builder_loans(const struct rill_builder *b, struct rill_arena *arena, struct rill_loan *ret_loans, size_t room)
{
	const struct rill_segment *segments;
	size_t count = 0;

	segments = rill_builder_segments(b, &count);
	if (!segments || !arena || (!ret_loans && room))
		return -EINVAL;
	if (count > room || count > RILL_LOANS_MAX)
		return -EMSGSIZE;
	for (size_t i = 0; i < count; i++)
		ret_loans[i] = (struct rill_loan){arena, segments[i].words, segments[i].count * RILL_WORD};
	return (int)count;
}
