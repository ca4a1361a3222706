/* tests/generated/libcapnp.h - what the tests ask of libcapnp (libcapnp.c++). Frames in, frames out; 0: it threw. */
#ifndef TESTS_GENERATED_LIBCAPNP_H
#define TESTS_GENERATED_LIBCAPNP_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The same message built anew in segments of so many words; `orphans`: objects are made first and adopted later, from segments
 * that are full, so that double-far pointers occur. */
size_t theirs_recode(void *to, size_t room, const void *frame, size_t len, unsigned words, int orphans);

/* Its canonical form, its packed form. */
size_t theirs_canonical(void *to, size_t room, const void *frame, size_t len);
size_t theirs_pack(void *to, size_t room, const void *frame, size_t len);

/* Do both hold the same? */
int theirs_equal(const void *frame, size_t len, const void *other, size_t other_len);

/* shared.capnp's Plain, set field by field by the C++ plugin's setters, in segments of so many words; and: is this one so? */
size_t theirs_build(void *to, size_t room, unsigned words);
int theirs_check(const void *frame, size_t len);

#ifdef __cplusplus
}
#endif
#endif
