/*
 * ops/move_monitor.h - asks the coordinator how far the moves have come that run,
 * and who else moves shards.
 *
 * What it can't find out (a node that is down makes the server's function fail)
 * it just doesn't know; nothing depends on it but what people see.
 *
 * Ownership: monitor_open() gives a MoveMonitor to close.
 * Threads:   one.
 */
#ifndef CITUSCTL_OPS_MOVE_MONITOR_H
#define CITUSCTL_OPS_MOVE_MONITOR_H

#include "io/pg.h"
#include "ops/rebalance_snapshot.h"

typedef struct MoveMonitor MoveMonitor;

/* What the server says of one move. */
typedef struct MonitorView {
	const char *phase;    /* for people; static */
	bool copying;         /* or before it */
	bool waiting;         /* for the target to stream */
	double rest_done;     /* 0..1 of what follows the copy */
	int64_t target_bytes; /* on the target so far, indexes that are there included */
} MonitorView;

/* others: a file of sql/, that of the engine's traits. */
MoveMonitor *monitor_open(const PgTarget *coordinator, const char *others, Err *err) MUST_CHECK;

/* NULL is allowed. */
void monitor_close(MoveMonitor *monitor);

/* -1 when there is nothing to wait for. */
int monitor_socket(const MoveMonitor *monitor);

typedef enum MonitorNews { MONITOR_NOTHING, MONITOR_PROGRESS, MONITOR_OTHERS } MonitorNews;

/* Takes what has come and asks again when it is time. */
MonitorNews monitor_turn(MoveMonitor *monitor);

/* Rows of (pid or 0, whether it is a rebalance, who); NULL: not known. */
const PgRows *monitor_others(const MoveMonitor *monitor);

/* False: nothing is known of a move of the group. */
bool monitor_view(const MoveMonitor *monitor, const SnapshotGroup *group, MonitorView *view);

#endif
