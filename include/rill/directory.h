/* rill/directory.h - names for objects and cells, so that a process that comes late starts from a name.
 *
 * The owner puts objects (and cells, rill/cell.h) under names and chooses which sessions may look there: whoever is served
 * can find every name of the directory, and read every arena that something found lies in. One directory per circle of trust.
 * The other side finds by name, now or when it is published later.
 *
 *	static int on_channel(struct rill_session *s, struct rill_channel *ch, void *user)
 *	{
 *		if (strcmp(rill_channel_name(ch), RILL_DIRECTORY_CHANNEL) == 0)
 *			return rill_directory_serve(user, ch); // this peer may look there
 *		...
 *	}
 */
#ifndef RILL_DIRECTORY_H
#define RILL_DIRECTORY_H

#include <rill/channel.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RILL_DIRECTORY_CHANNEL "rill.directory" /* the name of a channel to serve */

struct rill_directory; /* the owner's side: names, cells, and the channels it serves */
struct rill_names;     /* the other side: one channel to a directory */
struct rill_find;      /* a find that is under way */

/* ---- The owner ------------------------------------------------------------------------------------------------- */

struct rill_directory_options {
	size_t size;    /* sizeof(struct rill_directory_options) */
	unsigned finds; /* what one served channel may have at once: finds that wait, and open cells; more are answered
	                 * with -ENOBUFS. Default 4096, at most 1,000,000 */
};

/* -EINVAL  `finds` above its limit;   -E2BIG;   -ENOMEM */
RILL_API int rill_directory_create(struct rill_directory **ret_directory, struct rill_ctx *ctx,
                                   const struct rill_directory_options *options);

/* Answer finds on this channel, which is the directory's from now on: its events are replaced, and it is closed with the
 * directory. Call it in channel() and return what it gives; the channel's name does not matter to it.
 *   -EPROTONOSUPPORT  its opener does not speak this version of the service (or it is no channel of rill_names_open())
 *   -EINVAL  a channel of another ctx;   -EBUSY  it is served already;   -ENOMEM */
RILL_API int rill_directory_serve(struct rill_directory *directory, struct rill_channel *ch);

/* Put an object of an arena of this ctx under a name of 1 to RILL_NAME_MAX bytes (copied). The directory holds it until
 * withdraw, as a borrower would: you may rill_arena_free() it at once, and the destructor waits. Who waits for the name is
 * answered.
 *   -EEXIST  the name is taken: withdraw it first
 *   -EINVAL  not a live object of the arena (rill_object_create()), or the arena lives in another ctx
 *   -ENAMETOOLONG  longer, or empty;   -ENOMEM */
RILL_API int rill_directory_publish(struct rill_directory *directory, const char *name, struct rill_arena *arena,
                                    const void *object);

/* Take the name away: it is not found any more. Who has the object keeps it until he returns it.
 *   -ENOENT  no object has this name (a cell's name goes with rill_cell_destroy()) */
RILL_API int rill_directory_withdraw(struct rill_directory *directory, const char *name);

/* Channels are closed, names and cells are gone. Finds under way end with -EPIPE at their side. Versions of cells that are
 * being read stay allocated as long as their arena (rill_cell_destroy() before waits for their readers instead). NULL:
 * nothing. */
RILL_API void rill_directory_destroy(struct rill_directory *directory);

/* ---- The other side -------------------------------------------------------------------------------------------- */

struct rill_names_options {
	size_t size;    /* sizeof(struct rill_names_options) */
	unsigned finds; /* finds under way and open cells at once; default 4096, at most 1,000,000 */
};

/* Ask the directory at the other end of a session. Usable at once; a peer that has none ends every find with what it refused
 * the channel with (-EOPNOTSUPP, say). Ends with its session, whose close closes it, finds and cells included.
 * Codes of rill_channel_open(), and -EINVAL  `finds` above its limit. */
RILL_API int rill_names_open(struct rill_names **ret_names, struct rill_session *s, const struct rill_names_options *options);

/* Finds under way are cancelled, open cells closed. Nothing is told. NULL: nothing. */
RILL_API void rill_names_close(struct rill_names *names);

#define RILL_FIND_WAIT 1u /* flags: not there yet is no answer; found() is told when it is published */

/* The one end of a find, told from a dispatch; the find is over then, and its pointer dead once this returns.
 *   result 0: *msg is yours, with one loan, the object's: rill_msg_loan(), rill_object_open(); release it when done.
 *   else msg is NULL:
 *     -ENOENT      no such name (never with RILL_FIND_WAIT)
 *     -EPROTOTYPE  the name is a cell's
 *     -ENOBUFS     the directory's `finds` are used up, or a limit on arenas (`arenas`, `mapped_bytes`) is reached
 *     -EPIPE -ECONNRESET ...  the reason of the channel's end */
typedef void rill_found_fn(struct rill_find *find, int result, struct rill_msg *msg, void *user);

/* Find an object. `ret_find` may be NULL: then it cannot be cancelled. A full ring or socket delays the question, it does not
 * fail it; an answer waits while you hold as many loans as your session's `loans`.
 *   -ENAMETOOLONG  longer than RILL_NAME_MAX, or empty;   -EINVAL  an unknown flag, or found NULL
 *   -ENOBUFS  `finds` are under way;   -ENOMEM;   or the reason of the end of the channel */
RILL_API int rill_names_find(struct rill_find **ret_find, struct rill_names *names, const char *name, unsigned flags,
                             rill_found_fn *found, void *user);

/* The last word on a find: found() is not told. NULL: nothing. */
RILL_API void rill_find_cancel(struct rill_find *find);

#ifdef __cplusplus
}
#endif
#endif
