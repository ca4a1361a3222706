/* core/session/stats.c - the counters of sessions and channels, summed and written out. Each is counted where it happens. */
#include "session/session.h"

static void of_channel(const struct rill_channel *ch, struct rill_stats *ret)
{
	*ret = (struct rill_stats){
		.sent = ch->sent,
		.sent_bytes = ch->sent_bytes,
		.taken = ch->taken,
		.taken_bytes = ch->taken_bytes,
		.told = ch->told,
		.spared = ch->sent > ch->told ? ch->sent - ch->told : 0, /* VOIDs are told, and not sent */
		.again = ch->again,
		.ring_high = ch->out.high,
	};
}

void stats_end_channel(struct rill_channel *ch)
{
	struct rill_stats last;

	of_channel(ch, &last);
	stats_add(&ch->session->stats, &last);
	ch->sent = ch->sent_bytes = ch->taken = ch->taken_bytes = ch->told = ch->again = ch->out.high = 0;
}

static void of_session(const struct rill_session *s, struct rill_stats *ret)
{
	*ret = s->stats;
	for (uint32_t i = 0; s->channels && i < s->channel_count; i++) {
		struct rill_stats one;

		if (!s->channels[i])
			continue;
		of_channel(s->channels[i], &one);
		stats_add(ret, &one);
	}
}

void stats_of_source(const struct source *src, struct rill_stats *sum)
{
	struct rill_stats one;

	of_session(container_of(src, const struct rill_session, source), &one);
	stats_add(sum, &one);
}

void stats_json(const struct source *src, struct json *j)
{
	const struct rill_session *s = container_of(src, const struct rill_session, source);
	const char *between = "";
	struct rill_stats one;

	of_session(s, &one);
	json_put(j, "{\"pid\":%d,\"uid\":%lld,", (int)s->peer.sender.pid,
	         s->peer.sender.uid == (uid_t)-1 ? -1LL : (long long)s->peer.sender.uid);
	json_text(j, "why", s->state >= SESSION_CLOSING ? "closed" : s->text);
	json_session(j, &one);
	json_put(j, "\"live\":[");
	for (uint32_t i = 0; s->channels && i < s->channel_count; i++) {
		const struct rill_channel *ch = s->channels[i];

		if (!ch || ch->state == CHANNEL_FREE || ch->closed)
			continue;
		of_channel(ch, &one);
		json_put(j, "%s{", between);
		json_text(j, "name", ch->label);
		json_channel(j, &one);
		json_put(j, "\"index\":%u}", i);
		between = ",";
	}
	json_put(j, "]}");
}

int rill_session_stats(const struct rill_session *s, struct rill_stats *stats)
{
	struct rill_stats sum;
	int e = session_check(s);

	if (e < 0)
		return e;
	of_session(s, &sum);
	return stats_give(stats, &sum);
}

int rill_channel_stats(const struct rill_channel *ch, struct rill_stats *stats)
{
	struct rill_stats one;
	int e = channel_check(ch);

	if (e < 0)
		return e;
	of_channel(ch, &one);
	return stats_give(stats, &one);
}
