/* core/session/settings.c - a session's options: checked once, defaults filled in, lists copied, shared by all sessions of a
 * listener. Constant after creation. */
#include "session/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GIB (UINT64_C(1) << 30)

static void fill_defaults(struct rill_session_options *o)
{
	o->handshake_ms = o->handshake_ms ? o->handshake_ms : 5000;
	o->close_ms = o->close_ms ? o->close_ms : 2000;
	o->ring_bytes = o->ring_bytes ? o->ring_bytes : 16 * 1024;
	o->arena_bytes = o->arena_bytes ? o->arena_bytes : GIB;
	if (!o->lent_bytes)
		o->lent_bytes = o->arena_bytes > GIB ? o->arena_bytes : GIB;
	o->mapped_bytes = o->mapped_bytes ? o->mapped_bytes : 64 * GIB;
	o->channels = o->channels ? o->channels : 256;
	o->loans = o->loans ? o->loans : 1024;
	o->arenas = o->arenas ? o->arenas : 16;
}

static bool window_valid(const struct rill_session_options *o)
{
	if (!o->window_begin && !o->window_end)
		return true;
	return o->same_address && o->window_begin && o->window_begin < o->window_end && o->window_end <= UINT64_C(1) << 47;
}

static bool in_range(const struct rill_session_options *o)
{
	return o->same_address <= 1 && o->peers_may_write <= 1 && o->keep_stalled <= (o->heartbeat_ms != 0) &&
	       window_valid(o) && o->ring_bytes >= 1024 && o->ring_bytes <= GIB && !(o->ring_bytes & (o->ring_bytes - 1)) &&
	       o->channels <= 1000000 && o->loans <= 1000000 && o->arenas <= 4096 && o->fds <= RILL_FDS_MAX &&
	       o->arena_bytes <= 1024 * GIB && (o->uids || !o->uid_count) && (o->gids || !o->gid_count) &&
	       o->uid_count <= 65536 && o->gid_count <= 65536;
}

int settings_create(struct settings **ret, const struct rill_session_options *options)
{
	struct rill_session_options o;
	struct settings *set;
	int e = table_copy(&o, sizeof(o), options);

	if (e < 0)
		return e;
	fill_defaults(&o);
	if (!in_range(&o))
		return -EINVAL;
	set = malloc(sizeof(*set) + (o.uid_count + o.gid_count) * sizeof(set->ids[0]));
	if (!set)
		return -ENOMEM;
	if (o.uid_count)
		memcpy(set->ids, o.uids, o.uid_count * sizeof(set->ids[0]));
	if (o.gid_count)
		memcpy(set->ids + o.uid_count, o.gids, o.gid_count * sizeof(set->ids[0]));
	o.uids = set->ids;
	o.gids = set->ids + o.uid_count;
	set->o = o;
	set->refs = 1;
	*ret = set;
	return 0;
}

void settings_unref(struct settings *set)
{
	if (set && --set->refs == 0)
		free(set);
}
