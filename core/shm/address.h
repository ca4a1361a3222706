/* core/shm/address.h - memory at an address that other processes can have it at, too.
 *
 * The addresses of a machine are cut into slots, everywhere alike; who wants a range claims the slots that it touches, by
 * binding an abstract socket's name for each: the kernel lets one process have a name, and frees it with its last holder.
 * Best effort: names are per network namespace, anybody may squat them, and a fork holds them too. What a claim cannot rule
 * out a map finds out: nothing here ever maps over anything.
 */
#ifndef CORE_SHM_ADDRESS_H
#define CORE_SHM_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_SLOTS 16 /* that one range may touch: a descriptor each */

struct address_range {
	uint64_t begin, end;
};

/* A range that is ours. Zeroed: none. */
struct address_claim {
	int fd[ADDRESS_SLOTS];
	unsigned count;
};

/* Where `capacity` bytes are put if nobody says where: the slots there are as large as that, so that one is enough. Another
 * window where a thread or memory sanitizer is loaded, whose own memory is in the first. */
struct address_range address_window(size_t capacity);

/* May it be tried in this process? A sanitizer aborts at a map where it does not want one. */
bool address_possible(uint64_t base, uint64_t len);

/* Within what is tried when nobody says where: either window. */
bool address_usual(uint64_t base, uint64_t len);

/* Claim and map all of fd, read and write, at the first place in `within` (whole slots, from a random one on) that nobody has
 * claimed and where nothing is mapped here. With `exact` at within.begin alone.
 *   -EADDRINUSE  no such place;   -EADDRNOTAVAIL  a sanitizer is loaded and does not allow it;   -EINVAL  it would touch more
 *   than ADDRESS_SLOTS slots;   -ENOMEM  -EMFILE  -ENFILE  or what bind() gave */
int address_take(struct address_claim *ret, void **ret_base, int fd, size_t capacity, struct address_range within, bool exact);
void address_release(struct address_claim *c);

/* Map all of fd at base and nowhere else, over nothing. 0;  -EEXIST  something is there (or nothing can be);  -ENOMEM */
int address_map(uint64_t base, size_t len, int prot, int fd);

#endif
