/* rill/schema.h - Cap'n Proto messages (library librill-schema; needs libc alone, not librill). See docs/schema.md. */
#ifndef RILL_SCHEMA_H
#define RILL_SCHEMA_H

#include <rill/builder.h>
#include <rill/framing.h>
#include <rill/reader.h>
#include <rill/words.h>

#endif
