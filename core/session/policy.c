/* core/session/policy.c - who may be our peer. Identity is what the kernel says of the socket and of the speaker; both must
 * pass. */
#include "session/session.h"

#include <errno.h>
#include <unistd.h>

bool policy_passes(const struct settings *set, const struct rill_cred *cred)
{
	const struct rill_session_options *o = &set->o;

	for (size_t i = 0; i < o->uid_count; i++)
		if (o->uids[i] == cred->uid)
			return true;
	for (size_t i = 0; i < o->gid_count; i++)
		if (o->gids[i] == cred->gid)
			return true;
	return !o->uid_count && !o->gid_count && (cred->uid == geteuid() || cred->uid == 0);
}

int policy_admit(const struct settings *set, const struct rill_peer *peer)
{
	int e;

	if (!policy_passes(set, &peer->socket) || !policy_passes(set, &peer->sender))
		return -EPERM;
	e = set->o.admit ? set->o.admit(peer, set->o.admit_user) : 0;
	return e <= 0 && e > -4096 ? e : -EPERM;
}
