/* demos/cache_tree.c - walks a directory tree that may hold anything: links, FIFOs, files that vanish while we look.
 * tree.files is sorted by name: tree_find() relies on it.
 */
#include "cache_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 100000

static int by_entry(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tree_file *)a)->name, ((const struct tree_file *)b)->name);
}

static int append(struct tree *t, const char *name, size_t size)
{
	size_t room = t->room ? 2 * t->room : 256;
	struct tree_file *f;

	if (t->count == t->room) {
		f = realloc(t->files, room * sizeof(*f));
		if (!f)
			return -ENOMEM;
		t->files = f;
		t->room = room;
	}
	f = &t->files[t->count];
	*f = (struct tree_file){.name = strdup(name), .size = size, .fd = -1};
	if (!f->name)
		return -ENOMEM;
	t->count++;
	t->bytes += size;
	return 0;
}

static int visit(struct tree *t, const FTSENT *e)
{
	const char *name = e->fts_path + strlen(t->dir);
	size_t size;

	if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS) {
		t->unreadable++;
		return 0;
	}
	if (e->fts_info != FTS_F || !S_ISREG(e->fts_statp->st_mode))
		return 0;
	name += strspn(name, "/");
	size = (size_t)e->fts_statp->st_size;
	if (faccessat(t->fd, name, R_OK, AT_EACCESS) < 0) {
		t->unreadable++;
		return 0;
	}
	if (t->count == FILES_MAX || size > t->max_bytes - t->bytes) {
		t->over_limit++;
		return 0;
	}
	return append(t, name, size);
}

static int walk(struct tree *t)
{
	char *root = strdup(t->dir);
	char *roots[] = {root, NULL};
	FTS *fts = NULL;
	FTSENT *e;
	int r = 0;

	if (root)
		fts = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR | FTS_XDEV, by_entry);
	while (fts && r == 0 && (e = fts_read(fts)))
		r = visit(t, e);
	if (!fts)
		r = -ENOMEM;
	else
		fts_close(fts);
	free(root);
	return r;
}

int tree_walk(struct tree *t, const char *dir, size_t max_bytes)
{
	int r;

	*t = (struct tree){.dir = dir, .max_bytes = max_bytes};
	t->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->fd < 0)
		return -errno;
	r = walk(t);
	if (r < 0) {
		tree_free(t);
		return r;
	}
	if (t->count)
		qsort(t->files, t->count, sizeof(*t->files), by_name);
	return 0;
}

void tree_free(struct tree *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->files[i].name);
		if (t->files[i].fd >= 0)
			close(t->files[i].fd);
	}
	free(t->files);
	close(t->fd);
	*t = (struct tree){.fd = -1};
}

/* In the order of by_name(). */
static int compare(const char *name, const void *wanted, size_t len)
{
	size_t n = strlen(name);
	int order = memcmp(name, wanted, n < len ? n : len);

	return order ? order : (n > len) - (n < len);
}

struct tree_file *tree_find(const struct tree *t, const void *name, size_t len)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct tree_file *f = &t->files[middle];
		int order = compare(f->name, name, len);

		if (order == 0)
			return f;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int tree_open(const struct tree *t, const struct tree_file *f)
{
	struct stat st;
	int fd = openat(t->fd, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -ENOENT;
}

int tree_read(const struct tree *t, struct tree_file *f)
{
	int fd = tree_open(t, f);
	size_t done = 0;
	ssize_t n = 1;

	if (fd < 0)
		return fd;
	while (done < f->size && n > 0) {
		n = pread(fd, (char *)f->data + done, f->size - done, (off_t)done);
		if (n > 0)
			done += (size_t)n;
	}
	n = n < 0 ? -errno : 0;
	close(fd);
	if (n == 0)
		f->size = done;
	return (int)n;
}

void tree_tell(const struct tree *t)
{
	if (t->over_limit)
		fprintf(stderr, "%s: %zu files left out: the limit is %zu MiB (-m MIB) and %d files\n", tree_printable(t->dir),
		        t->over_limit, t->max_bytes >> 20, FILES_MAX);
	if (t->unreadable)
		fprintf(stderr, "%s: %zu files or directories left out: not readable\n", tree_printable(t->dir), t->unreadable);
}

const char *tree_printable(const char *name)
{
	static char text[256];
	size_t len = strnlen(name, sizeof(text) - 1);

	for (size_t i = 0; i < len; i++)
		text[i] = (unsigned char)name[i] < 0x20 || name[i] == 0x7f ? '?' : name[i];
	text[len] = '\0';
	return text;
}
