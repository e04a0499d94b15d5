/*
 * demo/workload.h - many users at once: prepared statements over many
 * connections, waited for in one thread.
 *
 * Serialization failures and deadlocks are tried again, at most WORKLOAD_TRIES
 * times.  What a write changed goes into the ledger once the server has
 * acknowledged it.  While a write about one user is under way (a tweet of
 * theirs, somebody following them) no second one is begun: so it is certain
 * which followers each tweet must reach.
 *
 * Threads: runs in the thread that calls it.
 */
#ifndef CITUSCTL_DEMO_WORKLOAD_H
#define CITUSCTL_DEMO_WORKLOAD_H

#include "demo/demo.h"

#define WORKLOAD_TRIES 10

bool workload_run(const DemoTarget *target, const DemoOptions *options, Arena *arena, DemoReport *report,
                  Err *err) MUST_CHECK;

#endif
