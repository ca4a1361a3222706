/* tests/bench/outside.h - ways that are programs of their own and speak the line protocol (docs/benchmark.md). */
#ifndef TESTS_BENCH_OUTSIDE_H
#define TESTS_BENCH_OUTSIDE_H

#include "tests/bench/run.h"

#ifdef __cplusplus
extern "C" {
#endif

struct outside;

/* Start every executable file of a folder that is not NULL, and add a way for each that says what it is. Those that do not
 * are said on stderr. Returns how many there are then; at most `room`. */
size_t outside_start(const char *folder, const struct way **ways, size_t count, size_t room);
void outside_stop_all(void);

int outside_run(const struct outside *o, const struct task *task, struct outcome *ret);

/* Start it once more, and let it do this one task with its sections marked. */
int outside_count(const struct outside *o, const struct task *task);

/* A task and what a program is, as lines; what is parsed is checked. 0 or -EBADMSG. */
int outside_format(const struct task *t, bool counted, char *line, size_t size);
int outside_parse(const char *line, struct task *ret, bool *ret_counted);

#ifdef __cplusplus
}
#endif
#endif
