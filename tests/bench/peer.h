/* tests/bench/peer.h - what a peer's file may have beside its way. */
#ifndef TESTS_BENCH_PEER_H
#define TESTS_BENCH_PEER_H

#ifdef __cplusplus
extern "C" {
#endif

/* Before the first and after the last task: a daemon, say. Not defined: nothing. */
int peer_begin(void) __attribute__((weak));
void peer_end(void) __attribute__((weak));

#ifdef __cplusplus
}
#endif
#endif
