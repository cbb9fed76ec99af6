/* Processes of a test's own, made by fork() before the library is used. */
#ifndef SIGNSYM_TESTS_CHILD_H
#define SIGNSYM_TESTS_CHILD_H

#include <signsym/signsym.h>

/* Marks that a child leaves for its parent. */
enum { run_returned = 7, mark_count = 8 }; /* marks[run_returned]: a run of start_run has */
extern volatile int *marks;

/* Runs it in a child with all marks at 0, and then exit(0). What the child exited with, or −signal. */
int ended(void (*scenario)(void));

/* A run of the tiny config with these settings (path, value, …, NULL) that would take hours, in a thread of its own;
 * returns when it has made three steps. `function` (or NULL) hears its events. */
signsym_trainer *start_run(signsym_event_fn function, const char *const *settings);
/* That a trainer has made. */
int64_t steps_of(const signsym_trainer *trainer);

#endif
