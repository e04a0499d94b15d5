/*
 * demo/during.h - what can happen to a cluster while the workload runs.
 *
 *   restart      each server stops and starts again, the coordinator last
 *   kill-worker  the last worker's processes are killed; it comes back later
 *   rebalance    shard groups are pushed aside, then the cluster is rebalanced
 *   drain        the last worker is emptied, then gets shards again
 *   scale-out    a worker joins, and shards move to it
 *
 * Ownership: in the arena given.
 * Threads:   the event runs in a thread of its own; until it is over nobody else
 *            uses the session.
 */
#ifndef CITUSCTL_DEMO_DURING_H
#define CITUSCTL_DEMO_DURING_H

#include "demo/demo.h"
#include "run/session.h"

typedef enum DuringKind {
	DURING_NOTHING,
	DURING_RESTART,
	DURING_KILL_WORKER,
	DURING_REBALANCE,
	DURING_DRAIN,
	DURING_SCALE_OUT,
} DuringKind;

/* ERR_USAGE, with the names there are, for any other. */
bool during_parse(const char *name, DuringKind *kind, Err *err) MUST_CHECK;

/* Whether it can happen to this cluster, before anything is made: ERR_USAGE if not. */
bool during_possible(DuringKind kind, const Cluster *cluster, Err *err) MUST_CHECK;

/*
 * The event, ready to run.  full is the cluster with the worker that joins in
 * scale-out, which session->cluster lacks until then; else session->cluster.
 */
const DemoEvent *during_make(DuringKind kind, Session *session, const Cluster *full, const DemoTarget *target,
                             Arena *arena);

/* When neither workload nor report needs it any more; NULL is allowed. */
void during_free(const DemoEvent *event);

/* Completes what two-phase commit left open on any node; nothing where there is none. */
bool during_recover(const DemoTarget *target, Err *err) MUST_CHECK;

#endif
