/* demos/addressbook.h - the two sides of the address book, each with its own loop, over its end of a socketpair. */
#ifndef ADDRESSBOOK_H
#define ADDRESSBOOK_H

int addressbook_serve(int fd); /* on epoll, until the other side has gone. 0 or a negative errno */
int addressbook_ask(int fd);   /* on poll: adds some people, looks for one, prints what it finds */

#endif
