/* rill/framing.h - a message as one run of bytes: the stream framing, the packed form, the canonical form.
 *
 * All of it works on buffers of yours; nothing is allocated. Bytes that come from outside are bounded before anything is
 * done by them, and are never changed.
 */
#ifndef RILL_FRAMING_H
#define RILL_FRAMING_H

#include <rill/builder.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- stream framing: a table of segment sizes, then the segments ---------------------------------------------------- */

/* Bytes of the table, and of the whole; 0: more than RILL_SEGMENTS_MAX segments, or none, or one too long to say. */
RILL_API size_t rill_frame_table_size(const struct rill_segment *segments, size_t count);
RILL_API size_t rill_frame_size(const struct rill_segment *segments, size_t count);

/* Write the table alone (the segments follow as they are: writev), or all of it. The bytes written, or
 *   -ENOBUFS  room is less than that;   -EMSGSIZE  see above */
RILL_API ssize_t rill_frame_write_table(void *to, size_t room, const struct rill_segment *segments, size_t count);
RILL_API ssize_t rill_frame_write(void *to, size_t room, const struct rill_segment *segments, size_t count);

/* How long is the message that begins with these bytes? Its length, 0: not known before there are more bytes (*ret_need, if
 * not NULL: at least so many), or
 *   -EMSGSIZE  more segments than RILL_SEGMENTS_MAX, more words than max_words (0: RILL_TRAVERSAL_WORDS)
 * So an allocation by it is bounded by max_words. */
RILL_API ssize_t rill_frame_length(const void *bytes, size_t len, uint64_t max_words, size_t *ret_need);

/* The segments of the message at `bytes` (8-aligned), which begin in it and stay there. The count, or
 *   -EBADMSG  len is less than the whole;  -EMSGSIZE  as above;  -ENOBUFS  more segments than room;  -EINVAL  not aligned */
RILL_API ssize_t rill_frame_read(struct rill_segment *ret_segments, size_t room, const void *bytes, size_t len,
                                 uint64_t max_words);

/* ---- packed: zero bytes taken out ----------------------------------------------------------------------------------- */

/* Room that packing `words` words never exceeds. */
RILL_API size_t rill_pack_bound(size_t words);

/* Pack words words. The bytes written, or -ENOBUFS: room was too small. */
RILL_API ssize_t rill_pack(void *to, size_t room, const void *from, size_t words);

/* The same of a message: its table and its segments, each for itself and one behind the other, byte for byte as the C++
 * implementation does it. Unpacked they are a frame. The bytes written, or -ENOBUFS, or -EMSGSIZE as for the frame. */
RILL_API ssize_t rill_frame_pack(void *to, size_t room, const struct rill_segment *segments, size_t count);

/* The words that len bytes unpack to, or -EBADMSG: they end in the middle, -EMSGSIZE: more than max_words (0: as above). */
RILL_API ssize_t rill_unpacked_words(const void *from, size_t len, uint64_t max_words);

/* Unpack. The words written, or -EBADMSG as above, -ENOBUFS: more than room (in words). */
RILL_API ssize_t rill_unpack(void *to, size_t room, const void *from, size_t len);

/* ---- canonical: the same value is the same bytes -------------------------------------------------------------------- */

/* Write what `from` points at as the root of a canonical message of one segment: its words, or
 *   -ENOSPC  room (in words) is too small: rill_pointer_read_size() + 1 is enough
 *   -EOPNOTSUPP  there is a capability in it;   -EBADMSG -EMSGSIZE -ELOOP  as in rill/reader.h
 * `to` is 8-aligned; what it holds after a failure is zero or was there before. */
RILL_API ssize_t rill_canonical_write(void *to, size_t room, struct rill_pointer from);

#ifdef __cplusplus
}
#endif
#endif
