/* rill/data.h - structures in an arena that read the same at any address: built by its owner, walked in place by borrowers.
 * docs/structures.md has the rules on one page. Header only: a program that only reads links nothing for it. */
#ifndef RILL_DATA_H
#define RILL_DATA_H

#include <rill/dlist.h>
#include <rill/map.h>
#include <rill/str.h>
#include <rill/table.h>
#include <rill/tree.h>
#include <rill/vector.h>

#endif
