/* docs/snippets/stats.c - a program that counts itself: at exit as JSON, and between two moments. docs/stats.md. */
#include <err.h>
#include <rill/rill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void check(int r)
{
	if (r < 0)
		errx(1, "%s", strerror(-r));
}

/* At exit: one line for the log. */
static void log_stats(const struct rill_ctx *ctx)
{
	int len = rill_ctx_stats_json(ctx, NULL, 0);
	char *line = len < 0 ? NULL : malloc((size_t)len + 1);

	if (!line)
		return;
	rill_ctx_stats_json(ctx, line, (size_t)len + 1);
	puts(line);
	free(line);
}

/* Called now and then. Is the peer's sleep what costs? Is the ring too small? */
static void watch(const struct rill_channel *ch)
{
	static struct rill_stats last;
	struct rill_stats now = {.size = sizeof(now)};

	check(rill_channel_stats(ch, &now));
	printf("%llu messages, %llu had to wake or tell the peer, %llu refused\n", (unsigned long long)(now.sent - last.sent),
	       (unsigned long long)(now.told - last.told), (unsigned long long)(now.again - last.again));
	last = now;
}

static int take_channel(struct rill_session *s, struct rill_channel *ch, void *user)
{
	(void)s, (void)ch, (void)user;
	return 0;
}

int main(void)
{
	struct rill_session_events events = {.size = sizeof(events), .channel = take_channel};
	struct rill_session *s[2];
	struct rill_channel *ch;
	struct rill_ctx *ctx;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	check(rill_ctx_create(&ctx, NULL));
	for (int i = 0; i < 2; i++)
		check(rill_session_adopt(&s[i], ctx, pair[i], NULL, &events, NULL));
	while (rill_epoll_wait(ctx, 0) > 0 || rill_ctx_timeout_ms(ctx) == 0)
		;
	check(rill_channel_open(&ch, s[0], "busy", NULL, NULL, NULL));
	for (int i = 0; i < 100; i++)
		check(rill_channel_send(ch, "message", 7));
	watch(ch);
	log_stats(ctx);
	rill_ctx_destroy(ctx);
	return 0;
}
