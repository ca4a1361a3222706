/* tests/support/strangers.h - a serving and a connecting process of uids and namespaces of their own, for tests that run as
 * root. What they found is in a page that they share with the test. */
#ifndef TESTS_SUPPORT_STRANGERS_H
#define TESTS_SUPPORT_STRANGERS_H

#include "tests/support/child.h"

#include <rill/rill.h>
#include <stdbool.h>

#define SKIPPED 77 /* status of a child that was not allowed to make its namespaces */
#define LENT 70000
#define LARGE 300000

/* Written by the children, read by the test when they have said so or ended. */
struct found {
	struct rill_peer at_server, at_client;
	int accepted;  /* sessions */
	int status;    /* of the client's session, or what connect gave */
	char why[160]; /* of the same */
	int exchanged; /* frames, loans and descriptors went both ways */
	int server_eventfds, client_eventfds;
	char lent_byte;               /* the first of what the server has lent, as the server reads it */
	unsigned tried, denied;       /* ways to write, counted over all tests */
	int no_proc, no_proc_session; /* what making an arena, and connecting to nothing, gave without /proc */
};

extern struct found *found;

enum { READY = 1, LOOK, END }; /* steps: server says READY; test says LOOK (fill in lent_byte, eventfds; answered) or END */

struct stranger {
	uid_t uid;         /* and gid; becomes it at the start */
	uid_t connects_as; /* client: connects as this one first, then hands itself the socket; 0: as uid */
	const char *path;  /* of the socket, in its own view */
	const uid_t *uids; /* its policy */
	size_t uid_count;
	const gid_t *gids;
	size_t gid_count;
	int admit;  /* what the server's admit() gives */
	bool sends; /* the server opens a channel, sends a large message, lends one */

	int namespaces;       /* CLONE_NEW*, made before it becomes uid; 0: those of the test */
	const char *root;     /* with NEWNS: an empty folder that becomes its root, a tmpfs with /proc ... */
	const char *bound[2]; /* ... and [0] bind-mounted at [1] */
	bool user_namespace;  /* one of uid's own, in which it is root */
};

void strangers_begin(void); /* the page */
bool strangers_can(void);   /* root, and other uids are to be had */
void strangers_become(uid_t uid);
size_t strangers_eventfds(void); /* of this process */

/* Bodies of child_start(), arg is the struct stranger. */
int strangers_serve(struct child *self, void *arg);
int strangers_connect(struct child *self, void *arg);
int strangers_no_proc(struct child *self, void *empty_folder);

#endif
