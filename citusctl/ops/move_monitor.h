/*
 * ops/move_monitor.h - asks the coordinator how far the moves have come that run.
 *
 * What it can't find out (a node that is down makes the server's function fail)
 * it just doesn't know; nothing depends on it but what people see.
 *
 * Ownership: monitor_open() gives a MoveMonitor to close.
 * Threads:   one.
 */
#ifndef CITUSCTL_OPS_MOVE_MONITOR_H
#define CITUSCTL_OPS_MOVE_MONITOR_H

#include "ops/rebalance_snapshot.h"

typedef struct MoveMonitor MoveMonitor;

/* What the server says of one move. */
typedef struct MonitorView {
	const char *phase;    /* for people; static */
	bool copying;         /* or before it */
	double rest_done;     /* 0..1 of what follows the copy */
	int64_t target_bytes; /* on the target so far, indexes that are there included */
} MonitorView;

MoveMonitor *monitor_open(const PgTarget *coordinator, Err *err) MUST_CHECK;

/* NULL is allowed. */
void monitor_close(MoveMonitor *monitor);

/* -1 when there is nothing to wait for. */
int monitor_socket(const MoveMonitor *monitor);

/* Takes what has come and asks again when it is time; true: there is news. */
bool monitor_turn(MoveMonitor *monitor, bool moving);

/* False: nothing is known of a move of the group. */
bool monitor_view(const MoveMonitor *monitor, const SnapshotGroup *group, MonitorView *view);

#endif
