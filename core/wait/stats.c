/* core/wait/stats.c - counters: summing them, handing them out, writing them as JSON. Who counts what is said in
 * rill/stats.h; the layers above report by their source's ops. */
#include "ctx.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- The fields ------------------------------------------------------------------------------------------------ */

enum of { OF_ALL, OF_SESSION, OF_CTX };

static const struct field {
	const char *name;
	size_t offset;
	enum of least; /* the least object that has it */
	bool high;     /* the highest counts, not the sum */
} fields[] = {
#define FIELD(name, least, high)                                      \
	{                                                             \
#name, offsetof(struct rill_stats, name), least, high \
	}
	FIELD(sent, OF_ALL, false),         FIELD(sent_bytes, OF_ALL, false),
	FIELD(taken, OF_ALL, false),        FIELD(taken_bytes, OF_ALL, false),
	FIELD(told, OF_ALL, false),         FIELD(spared, OF_ALL, false),
	FIELD(again, OF_ALL, false),        FIELD(ring_high, OF_ALL, true),
	FIELD(bells, OF_SESSION, false),    FIELD(bells_spared, OF_SESSION, false),
	FIELD(wakeups, OF_SESSION, false),  FIELD(packets, OF_SESSION, false),
	FIELD(channels, OF_SESSION, false), FIELD(lent_high, OF_SESSION, true),
	FIELD(sessions, OF_CTX, false),     FIELD(dispatches, OF_CTX, false),
	FIELD(polls, OF_CTX, false),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static_assert(sizeof(struct rill_stats) == sizeof(size_t) + FIELDS * sizeof(uint64_t), "a field is missing above");

static uint64_t get(const struct rill_stats *stats, const struct field *f)
{
	uint64_t value;

	memcpy(&value, (const char *)stats + f->offset, sizeof(value));
	return value;
}

void stats_add(struct rill_stats *to, const struct rill_stats *more)
{
	for (size_t i = 0; i < FIELDS; i++) {
		uint64_t a = get(to, &fields[i]), b = get(more, &fields[i]), sum = a + b;

		if (fields[i].high)
			sum = a > b ? a : b;
		memcpy((char *)to + fields[i].offset, &sum, sizeof(sum));
	}
}

int stats_give(struct rill_stats *to, const struct rill_stats *from)
{
	size_t size = to ? to->size : 0, known = size < sizeof(*to) ? size : sizeof(*to);

	if (size < sizeof(size))
		return -EINVAL;
	memset(to, 0, size);
	memcpy(to, from, known);
	to->size = size;
	return 0;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

void json_put(struct json *j, const char *format, ...)
{
	size_t left = j->len < j->size ? j->size - j->len : 0;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(left ? j->to + j->len : NULL, left, format, args);
	va_end(args);
	j->len += n > 0 ? (size_t)n : 0;
}

void json_text(struct json *j, const char *name, const char *text)
{
	json_put(j, "\"%s\":\"", name);
	for (; *text; text++) {
		bool plain = *text >= ' ' && *text <= '~';

		json_put(j, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", plain ? *text : '?');
	}
	json_put(j, "\",");
}

static void put_fields(struct json *j, const struct rill_stats *stats, enum of of)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].least <= of)
			json_put(j, "\"%s\":%llu,", fields[i].name, (unsigned long long)get(stats, &fields[i]));
}

void json_session(struct json *j, const struct rill_stats *stats)
{
	put_fields(j, stats, OF_SESSION);
}

void json_channel(struct json *j, const struct rill_stats *stats)
{
	put_fields(j, stats, OF_ALL);
}

/* ---- The interface --------------------------------------------------------------------------------------------- */

static void sum_all(const struct rill_ctx *ctx, struct rill_stats *sum)
{
	*sum = ctx->past;
	sum->dispatches = ctx->front.dispatches - ctx->polls;
	sum->polls = ctx->polls;
	for (const struct link *l = ctx->sources.next; l != &ctx->sources; l = l->next) {
		const struct source *s = container_of(l, const struct source, all);

		if (s->ops->stats)
			s->ops->stats(s, sum);
	}
}

int rill_ctx_stats(const struct rill_ctx *ctx, struct rill_stats *stats)
{
	struct rill_stats sum;
	int e = ctx_check(ctx);

	if (e < 0)
		return e;
	sum_all(ctx, &sum);
	return stats_give(stats, &sum);
}

int rill_ctx_stats_json(const struct rill_ctx *ctx, char *buf, size_t size)
{
	struct json j = {.to = buf, .size = size};
	const char *between = "";
	struct rill_stats sum;
	int e = ctx_check(ctx);

	if (e == 0 && !buf && size)
		e = -EINVAL;
	if (e < 0)
		return e;
	sum_all(ctx, &sum);
	json_put(&j, "{");
	put_fields(&j, &sum, OF_CTX);
	json_put(&j, "\"live\":[");
	for (const struct link *l = ctx->sources.next; l != &ctx->sources; l = l->next) {
		const struct source *s = container_of(l, const struct source, all);

		if (!s->ops->json)
			continue;
		json_put(&j, "%s", between);
		s->ops->json(s, &j);
		between = ",";
	}
	json_put(&j, "]}");
	return j.len > INT_MAX ? -EOVERFLOW : (int)j.len;
}
