/* core/share/share.h - what the files of this layer share: objects' names and cells, over plain channels of the session layer.
 *
 *   table.c      names, hashed
 *   directory.c  a directory's life, and what is published in it
 *   served.c     one channel that a directory serves: what comes
 *   answers.c    and what is said
 *   cell.c       the owner's side of a cell: its life, publish
 *   look.c       and what its readers hold
 *   names.c      the other side of the channel: its life
 *   finder.c     what it asks, and what comes
 *   reader.c     and cells that are read
 *
 * No message is handled by calling the user on the owner's side: cells' writable() is told in the directory's turn. On the
 * other side found(), opened(), changed(), closed() are told as their message is taken; after each, what the callback may have
 * closed is not touched any more.
 */
#ifndef CORE_SHARE_SHARE_H
#define CORE_SHARE_SHARE_H

#include "session/session.h"
#include "share/versions.h"

#include <rill/cell.h>
#include <rill/object.h>

#define FINDS_DEFAULT 4096
#define FINDS_MAX 1000000

/* What users may still point to in the dispatch that is running: freed in a later one. The first member is the link. */
struct yard {
	struct source *source; /* its turn calls yard_clear() */
	struct link dead;
	uint64_t since; /* the dispatch in which the last one came */
};
void yard_init(struct yard *y, struct source *source);
void yard_bury(struct yard *y, struct link *first_member); /* at once outside a dispatch */
bool yard_clear(struct yard *y);                           /* false: some may still be pointed to */
void yard_finish(struct yard *y);

int finds_check(unsigned *finds); /* default filled in; -EINVAL */
int name_check(const char *name); /* 0, -EINVAL, -ENAMETOOLONG */

/* Give a message back; in a forked child, where that tells nobody, too. */
void share_release(struct rill_msg *msg);

/* ---- Names of a directory: table.c ----------------------------------------------------------------------------- */

struct name {
	struct name *next; /* in its bucket */
	uint64_t hash;
	struct link waiters; /* struct entry.place */
	struct rill_cell *cell;
	struct rill_arena *arena; /* held; of an object, which is lent to ourselves */
	void *block;
	size_t len;
	char text[];
};

struct table {
	struct name **buckets; /* NULL: none yet */
	size_t room, count;
	uint64_t seed;
};
void table_begin(struct table *t);
struct name *table_find(const struct table *t, const char *text);
struct name *table_add(struct table *t, const char *text); /* not there yet; NULL: no memory */
void table_remove(struct table *t, struct name *n);        /* and free it */
void table_finish(struct table *t, void (*end)(struct name *n));

/* ---- The owner's side ------------------------------------------------------------------------------------------ */

struct rill_directory {
	struct source source;
	struct rill_ctx *ctx; /* referenced */
	unsigned finds;
	struct table names;
	struct link served;  /* struct served.place */
	struct link cells;   /* struct rill_cell.place */
	struct link looking; /* cells with old versions, or that wait for a place */
	struct link telling; /* cells whose writable() is due */
	uint64_t look_at;    /* the earliest of `looking` */
	struct yard yard;
};

int directory_check(const struct rill_directory *d);
struct name *directory_name(struct rill_directory *d, const char *text); /* found or made; NULL: no memory */
void directory_named(struct rill_directory *d, struct name *n);          /* it is there now: answer who waits */
void directory_unname(struct rill_directory *d, struct name *n);         /* if nothing is left of it */

/* One channel that a directory serves. */
struct served {
	struct link place;
	struct rill_directory *directory;
	struct rill_channel *ch;
	struct rill_msg *marks; /* by index / SERVICE_MARKS; zeroed: not told */
	peer_words *mark_words;
	unsigned marks_room;
	struct entry **entries; /* by index; each is kept for the next use of its index */
	unsigned entries_room;
	struct link unsent; /* struct entry.unsent */
	bool refused;       /* a MISSING without an entry met a full ring; nothing is read meanwhile */
	uint64_t refused_id;
};

/*   FREE -> ASKED -> FREE                     an object, or nothing
 *   FREE -> ASKED -> OPEN (-> OVER) -> FREE   a cell; OVER: CLOSED is said or to be said */
enum entry_state { ENTRY_FREE, ENTRY_ASKED, ENTRY_OPEN, ENTRY_OVER };

struct entry {
	struct link place;  /* ASKED: in name->waiters. OPEN, OVER: in cell->readers, unless it has lost the cell */
	struct link unsent; /* has something to say */
	struct served *served;
	uint64_t id;
	enum entry_state state;
	unsigned arg; /* of its FIND */
	bool say_changed, say_closed;
	int why;           /* OVER, or what is answered */
	struct name *name; /* ASKED */
	struct rill_cell *cell;
	struct pinner pinner;
	struct rung arm;
};

/* answers.c */
static inline uint32_t entry_index(uint64_t id)
{
	return (uint32_t)id;
}
struct entry *served_entry(const struct served *c, uint64_t id); /* that lives under this very id, or NULL */
struct entry *served_make_entry(struct served *c, uint64_t id);  /* of its index, in use or not; NULL: no memory */
void entry_end(struct entry *e);                                 /* nothing of it is left but the memory */
void entry_say_later(struct entry *e);                           /* served_flush() says it */
int served_say_refused(struct served *c);                        /* the answer for which there is no entry */
void served_changed(struct entry *e);
void served_close(struct entry *e, int why); /* OPEN -> OVER */
void served_flush(struct served *c);
void served_finish(struct served *c, bool close);

/* ---- Cells: cell.c, look.c --------------------------------------------------------------------------------------------- */

struct rill_cell {
	struct link place; /* in directory->cells, or dead */
	struct rill_directory *directory;
	struct name *name; /* NULL: destroyed */
	struct rill_arena *arena;
	struct arena_watcher watcher;
	bool lost;        /* the arena is gone: nothing of it is touched */
	bool gone;        /* destroyed; it waits for its readers */
	bool wants_place; /* publish was refused */
	struct versions versions;
	void *block[SERVICE_SLOTS_MAX]; /* of each version */
	struct link readers;            /* struct entry.place */
	struct link looking, telling;
	uint64_t look_at;
	unsigned looks; /* in vain */
	uint64_t patience;
	struct rill_cell_events events;
	void *user;
};

#define CELL_LOOK_FIRST (10 * MSEC) /* after a publish that left old versions behind */

static inline struct entry *cell_reader_at(struct link *place)
{
	return container_of(place, struct entry, place);
}

bool cell_has_place(const struct rill_cell *c);
void cell_free_unpinned(struct rill_cell *c, uint64_t fresh, uint64_t now); /* fresh: old since the last look */
void cell_lose_patience(struct rill_cell *c, uint64_t now); /* readers that stood still for too long hold nothing any more */
void cell_ask(struct rill_cell *c, uint64_t now);           /* have readers say when they are through, and look */
void cell_look_at(struct rill_cell *c, uint64_t when);      /* look then */
void cell_over(struct rill_cell *c);                        /* the struct goes; its block stays while it is lent */
void cell_join(struct rill_cell *c, struct entry *e);       /* a reader; its marks are known */
void cell_leave(struct rill_cell *c, struct entry *e);      /* it is through with everything */
void cell_look(struct rill_cell *c);                        /* at the marks: what can be freed? */
uint64_t cells_look(struct rill_directory *d, uint64_t now);
bool cells_tell(struct rill_directory *d); /* one writable(), if any is due */
void cell_abandon(struct rill_cell *c);    /* its directory is destroyed: free what nobody reads */
void cell_finish(struct rill_cell *c);

/* ---- The other side: names.c, finder.c ---------------------------------------------------------------------------------- */

/* An index of an id. It is kept while the directory may still speak of it, longer than its find or reader. */
enum question_state {
	QUESTION_FREE,
	QUESTION_ASKING, /* FIND is to be sent, */
	QUESTION_ASKED,  /* was sent */
	QUESTION_OPEN,   /* a cell was found */
	QUESTION_ENDING, /* END is to be sent: nobody is behind it any more */
};

struct question {
	struct link unsent;
	uint32_t index, generation;
	enum question_state state;
	unsigned arg; /* of FIND */
	int why;      /* ASKING, in names->failed: it could not be sent */
	struct rill_find *find;
	struct rill_cell_reader *reader;
};

struct marks {
	struct service_mark *mark; /* in the session's own arena */
	bool sent;
};

struct rill_names {
	struct source source;
	struct rill_ctx *ctx;    /* referenced */
	struct rill_channel *ch; /* NULL: released with its session */
	int why;                 /* of its end */
	unsigned finds;
	struct question **questions; /* by index */
	unsigned room, count;        /* of questions, made ones */
	struct link idle;            /* FREE ones, by `unsent` */
	struct link unsent;
	struct link failed;  /* by `unsent`: to be told in our turn */
	struct marks *marks; /* by index / SERVICE_MARKS */
	unsigned marks_room;
	struct link readers; /* struct rill_cell_reader.place */
	struct yard yard;
};

struct rill_find {
	struct link place; /* dead */
	struct rill_names *names;
	struct question *question;
	char *name; /* until FIND was sent */
	rill_found_fn *found;
	void *user;
};

struct rill_cell_reader {
	struct link place; /* in names->readers, or dead */
	struct rill_names *names;
	struct question *question; /* NULL: closed by us, or over */
	char *name;
	bool found, closed, told;
	int why;
	uint64_t arm;        /* as our mark's says */
	bool armed;          /* CHANGED is asked for: there is a changed() */
	struct rill_msg msg; /* of FOUND: the cell's block */
	struct version_reader versions;
	struct rill_cell_reader_events events;
	void *user;
};

extern const struct rill_channel_events names_events; /* finder.c */
int names_check(const struct rill_names *n);
int question_begin(struct rill_names *n, unsigned arg, struct question **ret); /* -ENOBUFS, -ENOMEM, or the end's reason */
void question_ask(struct rill_names *n, struct question *q);
void question_end(struct rill_names *n, struct question *q); /* nobody is behind it any more; not yet answered, or OPEN */
void question_free(struct rill_names *n, struct question *q);
bool names_tell_failed(struct rill_names *n); /* one, if there is any */
int names_marks(struct rill_names *n, uint32_t index, struct service_mark **ret);
void names_gone(struct rill_names *n, const struct question *q); /* say GONE, if there is room */

/* reader.c */
void reader_found(struct rill_cell_reader *r, struct rill_msg *msg);
void reader_changed(struct rill_cell_reader *r);
void reader_over(struct rill_cell_reader *r, int why); /* and tell */
void reader_leave(struct rill_cell_reader *r);         /* holds nothing any more */
void reader_bury(struct rill_cell_reader *r);

#endif
