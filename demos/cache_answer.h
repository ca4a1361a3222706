/* demos/cache_answer.h - what the cache's processes say to each other.
 *
 *   request  the file's name; the message's tag is the request's id
 *   answer   the same tag; the body is one struct answer; if len > 0, loan 0 is the whole file
 */
#ifndef CACHE_ANSWER_H
#define CACHE_ANSWER_H

#include <stdint.h>

struct answer {
	int64_t len; /* of the file, 0 too; or a negative errno: -ENOENT for a name that is not held */
};

#endif
