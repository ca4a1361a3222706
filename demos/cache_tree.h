/* demos/cache_tree.h - the regular files of a directory tree, by name. Server and client walk it with the same limit and
 * so come to the same list.
 *
 * Symbolic links are not followed, other file systems not entered. What cannot be read and what is over the limit is
 * left out and counted.
 */
#ifndef CACHE_TREE_H
#define CACHE_TREE_H

#include <stddef.h>
#include <sys/types.h>

struct tree_file {
	char *name; /* below the directory; any bytes but NUL, newlines included */
	size_t size;
	void *data; /* a server's copy; NULL: none */
	int fd;     /* a server's open descriptor; -1: none. Closed by tree_free() */
};

struct tree {
	int fd;                  /* of the directory */
	struct tree_file *files; /* sorted by name */
	size_t count, room, bytes;
	size_t unreadable, over_limit; /* left out */
	const char *dir;
	size_t max_bytes;
};

/* 0 or a negative errno. `dir` must outlive the tree. */
int tree_walk(struct tree *t, const char *dir, size_t max_bytes);
void tree_free(struct tree *t);

/* NULL: not in the tree. `name` need not end in NUL. */
struct tree_file *tree_find(const struct tree *t, const void *name, size_t len);

/* A descriptor of the file on disk, or a negative errno: never a link, never a wait for a FIFO. */
int tree_open(const struct tree *t, const struct tree_file *f);

/* Reads the file into f->data, which has room for f->size bytes, and corrects f->size to what was there. */
int tree_read(const struct tree *t, struct tree_file *f);

/* Says on stderr what was left out. */
void tree_tell(const struct tree *t);

/* The name for a terminal: what could be a control sequence is shown as '?'. Valid until the next call. */
const char *tree_printable(const char *name);

#endif
